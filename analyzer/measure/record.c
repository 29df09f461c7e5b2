/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection that leaves memory becomes a record: the tracker's export and what was measured. */
#include "internal.h"

#include <stdlib.h>

/* Where this capture stands relative to the host that advertised (protocol reference D.1). */
enum mpa_word measure_advert_vantage(enum mpa_word vantage, bool from_server)
{
    switch (vantage) {
    case MPA_VANTAGE_MIDDLE:
        return MPA_AA_VANTAGE_MIDDLE;
    case MPA_VANTAGE_CLIENT:
        return from_server ? MPA_AA_VANTAGE_RECEIVER : MPA_AA_VANTAGE_ADVERTISER;
    case MPA_VANTAGE_SERVER:
        return from_server ? MPA_AA_VANTAGE_ADVERTISER : MPA_AA_VANTAGE_RECEIVER;
    default:
        return MPA_AA_VANTAGE_UNKNOWN;
    }
}

static void fill_subflow(const struct mpa_measure *m, const struct mpa_subflow *sf,
                         struct mpa_rec_subflow *ret)
{
    const struct sub_user *u = sf->user;

    measure_hop_export(m, sf, ret);
    ret->icmp_errors = u->icmp_errors;
    ret->icmp_too_big_astray = u->icmp_astray;
    ret->rst[0].ns = ret->rst[1].ns = MPA_NULL;
    if (!u->reset)
        return;
    ret->has_reset = true;
    ret->reset = u->reset->first;
    ret->rst[0] = u->reset->rst[0];
    ret->rst[1] = u->reset->rst[1];
}

static void fill_hits(struct mpa_measure *m, const struct conn_rare *rare, struct mpa_rec_conn *ret)
{
    for (size_t i = 0; i < rare->hit_count; i++) {
        const struct hit *h = &rare->hits[i];
        bool excess = h->gap_ns >= 0 && h->quiet_ns >= 0;

        if (!measure_grow(&m->rec_hits, i, &m->rec_hit_capacity, sizeof *m->rec_hits)) {
            measure_failed(m, MPA_ERR_NOMEM);
            break;
        }
        m->rec_hits[i] =
            (struct mpa_rec_hit){.ns = h->ns,
                                 .gap_dur_ns = h->gap_ns >= 0 ? h->gap_ns : MPA_NULL,
                                 .excess_dur_ns = excess ? h->gap_ns - h->quiet_ns : MPA_NULL,
                                 .censored = h->censored,
                                 .flows_live = h->flows_live,
                                 .churn_event = -1,
                                 .frame = h->frame,
                                 .subflow = h->subflow};
        ret->hit_count = (int)i + 1;
    }
    ret->hits = m->rec_hits;
}

static void fill(struct mpa_measure *m, const struct mpa_conn *conn, struct mpa_rec_conn *ret)
{
    const struct conn_user *cu = conn->user;
    int i = 0;

    for (const struct mpa_subflow *sf = conn->subflows; sf; sf = sf->next)
        fill_subflow(m, sf, &ret->subflows[i++]);
    for (i = 0; i < ret->add_addr_count; i++)
        ret->add_addrs[i].vantage =
            measure_advert_vantage((enum mpa_word)cu->vantage, ret->add_addrs[i].from_server);
    ret->last_data_ns = cu->last_data_ns ? cu->last_data_ns : MPA_NULL;
    measure_migrate_export(conn, ret);
    if (!cu->rare)
        return;
    fill_hits(m, cu->rare, ret);
    measure_verdict_export(m, conn, ret);
    ret->notes = cu->rare->notes;
    ret->note_count = (int)cu->rare->note_count;
    ret->notes_dropped = cu->rare->notes_dropped;
}

/* What this capture shows of where it stands. */
static void count_series(struct mpa_measure *m, const struct mpa_conn *conn)
{
    struct series *s = &m->series[0];
    const struct conn_user *cu = conn->user;
    const struct mpa_subflow *first = mpa_conn_initial(conn);
    const struct mpa_data_half *server = &conn->data[MPA_TO_CLIENT];

    s->bytes += (int64_t)(conn->data[0].bytes + conn->data[1].bytes);
    for (const struct mpa_subflow *sf = conn->subflows; sf; sf = sf->next)
        s->direct += mpa_subflow_is_direct(sf);
    if (!first)
        return;
    if (cu->vantage != 0)
        s->vantage[cu->vantage - MPA_VANTAGE_UNKNOWN]++;
    if (conn->protocol == MPA_PROTOCOL_MPTCP && (server->flags & MPA_DATA_CAPABLE) &&
        (server->capable_flags & MPA_CAPABLE_C))
        measure_vip_evidence(m, conn->subflows, ADDRESS_DENIES);
    s->initial++;
    s->relayed += ((const struct sub_user *)first->user)->hop_kind >= HOP_NAT;
    if (first->half[MPA_TO_SERVER].packets < 3)
        return;
    if (first->half[MPA_TO_CLIENT].packets)
        s->vip_two_way++;
    else
        s->vip_one_way++;
}

static void free_users(struct mpa_measure *m, struct mpa_conn *conn)
{
    struct conn_user *cu = conn->user;

    for (struct mpa_subflow *sf = conn->subflows; sf; sf = sf->next) {
        struct sub_user *u = sf->user;

        measure_vip_live(m, sf, false);
        free(u->stints);
        free(u->reset);
        u->stints = NULL;
        u->reset = NULL;
    }
    measure_rare_free(cu->rare);
    cu->rare = NULL;
}

void measure_conn_end(struct mpa_measure *m, struct mpa_conn *conn)
{
    struct mpa_rec_conn record;
    struct conn_user *cu = conn->user;
    int status;

    if (cu->vantage == 0)
        cu->vantage = MPA_VANTAGE_UNKNOWN;
    /* A connection whose only subflow turned out to belong to another one leaves nothing. */
    if (conn->subflows && m->config.on_conn) {
        measure_progress_end(m, conn);
        count_series(m, conn);
        status = mpa_conn_export(conn, &m->export, &record);
        if (status == MPA_OK) {
            fill(m, conn, &record);
            measure_deploy_end(m, conn, &record);
            measure_churn_conn(m, &record);
            if (m->config.judge)
                status = m->config.judge(m->config.judge_context, conn, &record);
        }
        if (status == MPA_OK)
            status = m->config.on_conn(m->config.context, &record);
        if (status != MPA_OK)
            measure_failed(m, status);
    }
    free_users(m, conn);
}
