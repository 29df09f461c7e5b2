/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sums over completed records: they are merged already, so that nothing is counted at two vantage
 * points. */
#include "internal.h"

#include <stdlib.h>

/* ---- Transfers by size (D.10) --------------------------------------------------- */

static int64_t class_start(int index)
{
    static const int64_t steps[] = {1, 2, 5};
    int64_t start = steps[index % 3];

    for (int i = 0; i < index / 3; i++)
        start *= 10;
    return start;
}

int measure_size_class(int64_t bytes)
{
    int index = 0;

    while (index + 1 < SIZE_CLASSES && bytes >= class_start(index + 1))
        index++;
    return index;
}

void measure_size_bounds(int index, int64_t *ret_min, int64_t *ret_max)
{
    *ret_min = class_start(index);
    *ret_max = index + 1 < SIZE_CLASSES ? class_start(index + 1) - 1 : INT64_MAX;
}

static void sum_transfer(struct totals *t, const struct mpa_rec_conn *conn)
{
    int64_t bytes = conn->bytes.v[MPA_TO_CLIENT];
    struct size_class *c;
    int64_t took;

    if (bytes <= 0 || conn->syn_ns == MPA_NULL)
        return;
    c = &t->sizes[measure_size_class(bytes)];
    c->count++;
    if (conn->syn_ns < t->first_syn_ns)
        t->first_syn_ns = conn->syn_ns;
    if (conn->outcome != MPA_OUTCOME_CLOSED || conn->last_data_ns == MPA_NULL)
        return;
    c->completed++;
    t->transfers_completed++;
    if (conn->last_data_ns > t->last_end_ns)
        t->last_end_ns = conn->last_data_ns;
    took = conn->last_data_ns - conn->syn_ns;
    if (took > 0)
        mpa_samples_add(&c->rate, (int64_t)((double)bytes * SECOND / (double)took));
}

/* ---- ADD_ADDR (D.1): counts of both sides, times of the server's ---------------- */

static void sum_advert(struct totals *t, const struct mpa_rec_add_addr *a)
{
    int kind = a->vantage == MPA_AA_VANTAGE_RECEIVER  ? 1
               : a->vantage == MPA_AA_VANTAGE_UNKNOWN ? 2
                                                      : 0;

    if (a->transmissions <= 0)
        return;
    t->aa_advertised++;
    t->aa_transmissions += a->transmissions;
    if (a->echoes > 0)
        t->aa_answered++;
    else
        t->aa_unanswered++;
    if (!a->from_server)
        return;
    t->aa_seen[kind][a->vantage - MPA_AA_VANTAGE_UNKNOWN]++;
    if (a->echoes <= 0)
        return;
    /* An echo before the first copy that was captured answers one that was not. */
    if (a->echo_ns != MPA_NULL && a->first_ns != MPA_NULL && a->echo_ns >= a->first_ns)
        mpa_samples_add(&t->aa[kind].first, a->echo_ns - a->first_ns);
    if (a->echo_ns != MPA_NULL && a->last_before_echo_ns != MPA_NULL &&
        a->echo_ns >= a->last_before_echo_ns)
        mpa_samples_add(&t->aa[kind].last, a->echo_ns - a->last_before_echo_ns);
}

/* ---- The rest ------------------------------------------------------------------- */

static void sum_migration(struct totals *t, const struct mpa_rec_conn *conn)
{
    if (conn->protocol != MPA_PROTOCOL_MPTCP)
        return;
    t->migration[conn->migration.state - MPA_MIGRATION_SINGLE_PATH]++;
    for (int dir = 0; dir < 2; dir++) {
        if (conn->migration.vip_bytes_after.v[dir] == MPA_NULL)
            continue;
        t->vip_after[dir] += (double)conn->migration.vip_bytes_after.v[dir];
        t->direct_after[dir] += (double)conn->migration.direct_bytes_after.v[dir];
    }
}

static void sum_churn(struct totals *t, const struct mpa_rec_conn *conn)
{
    bool failed = conn->outcome == MPA_OUTCOME_FAILED;

    if (conn->hit_count == 0)
        return;
    for (int i = 0; i < conn->hit_count; i++)
        if (conn->hits[i].gap_dur_ns != MPA_NULL && !conn->hits[i].censored)
            mpa_samples_add(&t->gap, conn->hits[i].gap_dur_ns);
    if (conn->protocol != MPA_PROTOCOL_MPTCP) {
        t->tcp_hit++;
        t->tcp_failed += failed;
        t->tcp_undetermined += !failed;
        return;
    }
    t->mptcp_hit++;
    t->mptcp_failed += failed;
    t->mptcp_survived += conn->survived == 1;
    t->mptcp_undetermined += !failed && conn->survived == MPA_NULL;
    t->mptcp_unprotected += failed && conn->hit_unprotected;
}

/* The first bin at or after 'second'. */
static size_t find_bin(const struct totals *t, int64_t second)
{
    size_t low = 0, high = t->reset_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (t->resets[middle].second < second)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void add_reset_bin(struct mpa_measure *m, int64_t ns, enum mpa_word class)
{
    struct totals *t = &m->totals;
    int64_t second = ns / SECOND;
    size_t at = find_bin(t, second);

    if (at == t->reset_count || t->resets[at].second != second) {
        if (!measure_grow(&t->resets, t->reset_count, &t->reset_capacity, sizeof *t->resets)) {
            measure_failed(m, MPA_ERR_NOMEM);
            return;
        }
        for (size_t i = t->reset_count; i > at; i--)
            t->resets[i] = t->resets[i - 1];
        t->resets[at].second = second;
        for (int i = 0; i < MPA_RESET_COUNT; i++)
            t->resets[at].n[i] = 0;
        t->reset_count++;
    }
    t->resets[at].n[class - MPA_RESET_FIRST]++;
}

static void sum_resets(struct mpa_measure *m, const struct mpa_rec_subflow *sf)
{
    for (int dir = 0; dir < 2; dir++) {
        const struct mpa_rec_rst *r = &sf->rst[dir];

        if (r->packets <= 0)
            continue;
        m->totals.reset_packets += r->packets;
        m->totals.reset_events++;
        m->totals.reset_classes[r->class - MPA_RESET_FIRST]++;
        add_reset_bin(m, r->ns, r->class);
    }
}

/* Off-path ratio (D.8): connections to a VIP; through the balancer goes what has the VIP on the
 * server's side. */
static void sum_path(struct totals *t, const struct mpa_rec_conn *conn)
{
    if (conn->subflow_count == 0 || conn->subflows[0].role != MPA_ROLE_INITIAL ||
        conn->subflows[0].on_vip != 1)
        return;
    for (int i = 0; i < conn->subflow_count; i++) {
        const struct mpa_rec_subflow *sf = &conn->subflows[i];

        t->direct_seen |= sf->on_vip == 0;
        for (int dir = 0; dir < 2; dir++) {
            double bytes = (double)(sf->bytes.v[dir] + sf->retransmitted_bytes.v[dir]);
            double packets = (double)sf->packets.v[dir];

            t->all_bytes[dir] += bytes;
            t->all_packets[dir] += packets;
            if (sf->on_vip == 1) {
                t->through_bytes[dir] += bytes;
                t->through_packets[dir] += packets;
            }
        }
    }
}

void measure_totals_conn(struct mpa_measure *m, const struct mpa_rec_conn *conn)
{
    struct totals *t = &m->totals;

    t->connections[conn->protocol - MPA_PROTOCOL_MPTCP]++;
    if (conn->fallback != MPA_FALLBACK_REASON_NONE)
        t->fallback[conn->fallback - MPA_FALLBACK_FIRST]++;
    t->bytes += conn->bytes.v[0] + conn->bytes.v[1];
    for (int i = 0; i < conn->add_addr_count; i++)
        sum_advert(t, &conn->add_addrs[i]);
    for (int i = 0; i < conn->subflow_count; i++)
        sum_resets(m, &conn->subflows[i]);
    sum_migration(t, conn);
    sum_churn(t, conn);
    sum_path(t, conn);
    sum_transfer(t, conn);
}

void measure_totals_free(struct totals *t)
{
    for (int i = 0; i < 3; i++) {
        mpa_samples_free(&t->aa[i].first);
        mpa_samples_free(&t->aa[i].last);
    }
    for (int i = 0; i < SIZE_CLASSES; i++)
        mpa_samples_free(&t->sizes[i].rate);
    mpa_samples_free(&t->gap);
    free(t->resets);
}
