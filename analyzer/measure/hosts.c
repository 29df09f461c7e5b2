/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets of single hosts in the terms of their kernels' counters. */
#include "mpa/hosts.h"

#include <stdlib.h>

enum direction { SENT, RECEIVED };

/* Columns 'how': bits. */
enum {
    EACH = 0,
    FIRST = 1,
    GOOD = 2,
    IDS = 4,
    LIVE = 8,
    BAD = 16,
    INFINITE = 32,
    NO_TOKEN = 64,
    FIRST_GOOD = FIRST | GOOD
};

static const struct {
    const char *name;
    enum direction direction;
    enum mpa_word what;
    unsigned how;
    const char *why;
} rows[MPA_COUNTER_COUNT] = {
#define COUNTER(name, direction, what, how, why)                                                   \
    {"MPTcpExt" name, direction, MPA_OPT_COUNT_##what, how, why},
#include "mpa/tbl/counters.h"
#undef COUNTER
};

struct host_counts {
    int64_t counts[MPA_COUNTER_COUNT];
    bool seen;
};

struct mpa_hosts {
    const struct mpa_host *hosts;
    int count;
    struct host_counts *at;
};

const char *mpa_counter_name(enum mpa_counter c)
{
    return rows[c].name;
}

const char *mpa_counter_why(enum mpa_counter c)
{
    return rows[c].why;
}

struct mpa_hosts *mpa_hosts_new(const struct mpa_host *hosts, int count)
{
    struct mpa_hosts *h = calloc(1, sizeof *h);

    if (!h)
        return NULL;
    h->hosts = hosts;
    h->count = count;
    h->at = calloc((size_t)count + 1, sizeof *h->at);
    if (!h->at) {
        free(h);
        return NULL;
    }
    return h;
}

static bool is_host(const struct mpa_host *host, const struct mpa_addr *addr)
{
    for (int i = 0; i < host->addr_count; i++)
        if (mpa_addr_eq(&host->addrs[i], addr))
            return true;
    return false;
}

static enum mpa_word handshake_row(uint8_t tcp_flags, enum mpa_word syn, enum mpa_word synack,
                                   enum mpa_word ack)
{
    if (tcp_flags & MPA_TCP_SYN)
        return tcp_flags & MPA_TCP_ACK ? synack : syn;
    return ack;
}

/* The row of the options table (words.h); MPA_OPT_COUNT_UNKNOWN for what no counter has. */
static enum mpa_word what_is(const struct mpa_option *o, uint8_t tcp_flags)
{
    if (o->cond != MPA_COND_OK && o->cond != MPA_COND_ILLEGAL)
        return MPA_OPT_COUNT_UNKNOWN;
    switch (o->subtype) {
    case MPA_MP_CAPABLE:
        return handshake_row(
            tcp_flags, MPA_OPT_COUNT_MP_CAPABLE_SYN, MPA_OPT_COUNT_MP_CAPABLE_SYNACK,
            o->capable.has_length ? MPA_OPT_COUNT_MP_CAPABLE_DATA : MPA_OPT_COUNT_MP_CAPABLE_ACK);
    case MPA_MP_JOIN:
        return handshake_row(tcp_flags, MPA_OPT_COUNT_MP_JOIN_SYN, MPA_OPT_COUNT_MP_JOIN_SYNACK,
                             MPA_OPT_COUNT_MP_JOIN_ACK);
    case MPA_DSS:
        return MPA_OPT_COUNT_DSS;
    case MPA_ADD_ADDR:
        return o->add_addr.echo ? MPA_OPT_COUNT_ADD_ADDR_ECHO : MPA_OPT_COUNT_ADD_ADDR;
    case MPA_REMOVE_ADDR:
        return MPA_OPT_COUNT_REMOVE_ADDR;
    case MPA_MP_PRIO:
        return MPA_OPT_COUNT_MP_PRIO;
    case MPA_MP_FAIL:
        return MPA_OPT_COUNT_MP_FAIL;
    case MPA_MP_FASTCLOSE:
        return MPA_OPT_COUNT_MP_FASTCLOSE;
    case MPA_MP_TCPRST:
        return MPA_OPT_COUNT_MP_TCPRST;
    default:
        return MPA_OPT_COUNT_UNKNOWN;
    }
}

/* Whether the sender opened the subflow: it has a socket from its SYN on. */
static bool by_opener(const struct mpa_event *e)
{
    return (e->dir == MPA_TO_CLIENT) == ((e->subflow->flags & MPA_SF_BY_SERVER) != 0);
}

/* The answer to a join SYN: there is no subflow. */
static bool refuses_token(const struct mpa_event *e)
{
    return e->subflow->role == MPA_ROLE_JOIN && !by_opener(e) && e->subflow->synack_ns == 0 &&
           e->option->tcprst.reason == 1;
}

static bool is_infinite(const struct mpa_option *o)
{
    return (o->dss.flags & MPA_DSS_MAP) && o->dss.length == 0;
}

static bool counts(unsigned how, enum direction direction, const struct mpa_event *e)
{
    const struct mpa_subflow *sf = e->subflow;
    bool answer = (e->segment->flags & MPA_TCP_ACK) != 0;

    if ((how & FIRST) && e->ns != (answer ? sf->synack_ns : sf->syn_ns))
        return false;
    if ((how & INFINITE) && !is_infinite(e->option))
        return false;
    if ((how & NO_TOKEN) && !refuses_token(e))
        return false;
    return !(how & LIVE) || sf->role != MPA_ROLE_JOIN || sf->usable_ns != 0 ||
           (direction == SENT && by_opener(e));
}

static void count_event(struct mpa_hosts *h, int host, enum direction direction, enum mpa_word what,
                        const struct mpa_event *e)
{
    bool bad = e->kind == MPA_EVENT_HMAC;

    for (int i = 0; i < MPA_COUNTER_COUNT; i++) {
        int64_t *count = &h->at[host].counts[i];

        if (rows[i].direction != direction || rows[i].what != what ||
            !counts(rows[i].how, direction, e))
            continue;
        if (bad)
            *count += (rows[i].how & BAD)    ? 1
                      : (rows[i].how & GOOD) ? -1 /* Its option was counted before. */
                                             : 0;
        else if (!(rows[i].how & BAD))
            *count += rows[i].how & IDS ? e->option->remove_addr.count : 1;
    }
}

void mpa_hosts_event(struct mpa_hosts *h, const struct mpa_event *e)
{
    enum mpa_word what;

    if (!e->segment || !e->subflow)
        return;
    if (e->kind == MPA_EVENT_SUBFLOW)
        for (int i = 0; i < h->count; i++)
            h->at[i].seen |=
                is_host(&h->hosts[i], &e->segment->src) || is_host(&h->hosts[i], &e->segment->dst);
    if (e->kind != MPA_EVENT_OPTION &&
        !(e->kind == MPA_EVENT_HMAC && e->value == MPA_HMAC_BAD && e->option))
        return;
    what = what_is(e->option, e->segment->flags);
    if (what == MPA_OPT_COUNT_UNKNOWN)
        return;
    for (int i = 0; i < h->count; i++) {
        if (is_host(&h->hosts[i], &e->segment->src))
            count_event(h, i, SENT, what, e);
        if (is_host(&h->hosts[i], &e->segment->dst))
            count_event(h, i, RECEIVED, what, e);
    }
}

int64_t mpa_hosts_count(const struct mpa_hosts *h, int host, enum mpa_counter counter)
{
    return h->at[host].counts[counter];
}

bool mpa_hosts_seen(const struct mpa_hosts *h, int host)
{
    return h->at[host].seen;
}

void mpa_hosts_free(struct mpa_hosts *h)
{
    if (!h)
        return;
    free(h->at);
    free(h);
}
