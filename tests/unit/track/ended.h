/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A tracker with what it told when connections left, and a plain handshake: for tests of whole conversations. */
#ifndef MPA_TEST_ENDED_H
#define MPA_TEST_ENDED_H

#include "talk.h"

#include <CUnit/Basic.h>

#define SYN    MPA_TCP_SYN
#define SYNACK (MPA_TCP_SYN | MPA_TCP_ACK)
#define ACK    MPA_TCP_ACK
#define FIN    (MPA_TCP_FIN | MPA_TCP_ACK)

#define CLIENT 1
#define VIP    2
#define DIRECT 3

#define ENDED_MAX 16

/* What was told when connections left. */
struct ended {
    int count;
    struct mpa_rec_conn conn[ENDED_MAX];
    struct mpa_rec_subflow subflow[ENDED_MAX][4];
    int split;
};

static inline void note_end(void *context, struct mpa_conn *c)
{
    struct ended *e = context;
    struct mpa_export x = {0};

    if (e->count == ENDED_MAX || mpa_conn_export(c, &x, &e->conn[e->count]) != 0)
        return;
    for (int i = 0; i < 4 && i < e->conn[e->count].subflow_count; i++)
        e->subflow[e->count][i] = x.subflows[i];
    e->count++;
    mpa_export_free(&x);
}

static inline void note_event(void *context, const struct mpa_event *event)
{
    struct ended *e = context;

    if (event->kind == MPA_EVENT_SPLIT)
        e->split++;
}

static inline void begin_with(struct talk *k, struct ended *e, struct mpa_track_config config)
{
    *k = (struct talk){.ns = 1000000000};
    *e = (struct ended){0};
    config.observer =
        (struct mpa_observer){.context = e, .conn_end = note_end, .event = note_event};
    k->tracker = mpa_tracker_new(&config);
    CU_ASSERT_PTR_NOT_NULL_FATAL(k->tracker);
}

static inline void begin(struct talk *k, struct ended *e)
{
    begin_with(k, e, (struct mpa_track_config){0});
}

static inline void end(struct talk *k)
{
    mpa_tracker_finish(k->tracker);
    CU_ASSERT_EQUAL(mpa_tracker_live(k->tracker), 0);
    mpa_tracker_free(k->tracker);
}

static inline void handshake_tcp(struct talk *k, uint16_t port, uint32_t isn)
{
    talk_send(k, CLIENT, port, VIP, 80, SYN, isn, 0, 0);
    talk_send(k, VIP, 80, CLIENT, port, SYNACK, 500, isn + 1, 0);
    talk_send(k, CLIENT, port, VIP, 80, ACK, isn + 1, 501, 0);
}

#endif
