/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The totals as one record.
 *
 * What only trackers count (options, HMACs, bytes of a second) comes once from each vantage point.
 * Where one of them holds nearly all data of the merged connections, the others repeat it: the
 * largest count is taken.  Otherwise they see parts of the traffic: counts add up.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#define COVERS 0.9 /* Share of all data that makes a vantage point see everything. */

static struct mpa_rec_percentiles percentiles(struct mpa_samples *s)
{
    struct mpa_rec_percentiles r = {0, MPA_NULL, MPA_NULL, MPA_NULL, MPA_NULL, MPA_NULL};

    if (s->count == 0)
        return r;
    r.count = (int64_t)s->count;
    r.min_ns = s->min;
    r.max_ns = s->max;
    r.p50_ns = mpa_samples_percentile(s, 50);
    r.p95_ns = mpa_samples_percentile(s, 95);
    r.p99_ns = mpa_samples_percentile(s, 99);
    return r;
}

/* The vantage point that sees everything; -1 where there is none (or only one vantage point). */
static int covering(const struct mpa_measure *m)
{
    int best = -1;

    for (size_t i = 0; i < m->series_count; i++)
        if ((double)m->series[i].bytes >= COVERS * (double)m->totals.bytes &&
            (best < 0 || m->series[i].bytes > m->series[best].bytes))
            best = (int)i;
    return m->series_count > 1 ? best : -1;
}

static void combine(int64_t *sum, int64_t more, bool largest)
{
    if (!largest)
        *sum += more;
    else if (more > *sum)
        *sum = more;
}

static void combine_hmac(struct mpa_rec_hmac *sum, const struct mpa_rec_hmac *more, bool largest)
{
    combine(&sum->ok, more->ok, largest);
    combine(&sum->bad, more->bad, largest);
    combine(&sum->unverifiable, more->unverifiable, largest);
}

static void report_counts(const struct mpa_measure *m, struct mpa_rec_report *ret)
{
    bool largest = covering(m) >= 0;

    for (size_t i = 0; i < m->series_count; i++) {
        const struct mpa_track_counts *c = &m->series[i].counts;

        for (int row = 0; row < MPA_OPT_COUNTS; row++)
            for (int dir = 0; dir < 2; dir++)
                combine(&ret->options[row].v[dir], c->options[row].v[dir], largest);
        combine_hmac(&ret->hmac_join_synack, &c->hmac_join_synack, largest);
        combine_hmac(&ret->hmac_join_ack, &c->hmac_join_ack, largest);
        combine_hmac(&ret->hmac_add_addr, &c->hmac_add_addr, largest);
        combine(&ret->connections_dropped, c->evicted, largest);
        combine(&ret->split_handshakes, m->series[i].split, largest);
        ret->icmp_too_big_astray += m->series[i].icmp_astray;
    }
}

static void report_connections(const struct totals *t, struct mpa_rec_report *ret)
{
    ret->connections_mptcp = t->connections[0];
    ret->connections_fallback = t->connections[MPA_PROTOCOL_FALLBACK - MPA_PROTOCOL_MPTCP];
    ret->connections_tcp = t->connections[MPA_PROTOCOL_TCP - MPA_PROTOCOL_MPTCP];
    memcpy(ret->fallback_reasons, t->fallback, sizeof ret->fallback_reasons);
    ret->reset_packets = t->reset_packets;
    ret->reset_events = t->reset_events;
    memcpy(ret->reset_classes, t->reset_classes, sizeof ret->reset_classes);
}

/* Those seen from elsewhere than the receiver, if any; the receiver's are turnarounds; then those
 * of unknown place. */
static void report_add_addr(struct totals *t, struct mpa_rec_report *ret)
{
    int kind = 0, words = 0;

    for (kind = 0; kind < 2; kind++) {
        int64_t seen = 0;

        for (int i = 0; i < 5; i++)
            seen += t->aa_seen[kind][i];
        if (seen)
            break;
    }
    ret->add_addr.vantage = MPA_AA_VANTAGE_UNKNOWN;
    for (int i = 0; i < 5; i++)
        if (t->aa_seen[kind][i]) {
            ret->add_addr.vantage =
                (enum mpa_word)(words++ ? MPA_AA_VANTAGE_MIXED : MPA_AA_VANTAGE_UNKNOWN + i);
        }
    ret->add_addr.turnaround = kind == 1;
    ret->add_addr.advertised = t->aa_advertised;
    ret->add_addr.transmissions = t->aa_transmissions;
    ret->add_addr.answered = t->aa_answered;
    ret->add_addr.unanswered = t->aa_unanswered;
    ret->add_addr.first_to_echo = percentiles(&t->aa[kind].first);
    ret->add_addr.last_to_echo = percentiles(&t->aa[kind].last);
}

static void report_migration(const struct totals *t, struct mpa_rec_report *ret)
{
    const int64_t *by = t->migration;

    ret->migration.single_path = by[0];
    ret->migration.advertised_only = by[MPA_MIGRATION_ADVERTISED_ONLY - MPA_MIGRATION_SINGLE_PATH];
    ret->migration.too_short = by[MPA_MIGRATION_TOO_SHORT - MPA_MIGRATION_SINGLE_PATH];
    ret->migration.joined_not_migrated =
        by[MPA_MIGRATION_JOINED_NOT_MIGRATED - MPA_MIGRATION_SINGLE_PATH];
    ret->migration.migrated = by[MPA_MIGRATION_MIGRATED - MPA_MIGRATION_SINGLE_PATH];
    for (int dir = 0; dir < 2; dir++) {
        double all = t->vip_after[dir] + t->direct_after[dir];

        ret->migration.vip_share_after[dir] = all > 0 ? t->vip_after[dir] / all : NAN;
    }
}

static double ratio(double through, double all)
{
    return all > 0 ? 1 - through / all : NAN;
}

/*
 * Undefined where only what goes through the balancer can have been seen: anywhere but at the
 * client, without any direct subflow. Direct server return: a capture in the middle sees the VIP's
 * flows in one direction only; what the servers send goes around it.
 */
static void report_off_path(const struct mpa_measure *m, struct mpa_rec_report *ret)
{
    const struct totals *t = &m->totals;
    bool client = false, dsr = false;

    for (size_t i = 0; i < m->series_count; i++) {
        const struct series *s = &m->series[i];

        client |= measure_series_vantage(s) == MPA_VANTAGE_CLIENT;
        dsr |= s->vip_one_way > 0 && s->vip_two_way == 0;
    }
    for (int dir = 0; dir < 2; dir++) {
        ret->off_path_bytes[dir] = ret->off_path_packets[dir] = NAN;
        if (!client && !t->direct_seen)
            continue;
        if (dir == MPA_TO_CLIENT && dsr) {
            ret->off_path_bytes[dir] = t->all_bytes[dir] > 0 ? 1 : NAN;
            ret->off_path_packets[dir] = t->all_packets[dir] > 0 ? 1 : NAN;
            continue;
        }
        ret->off_path_bytes[dir] = ratio(t->through_bytes[dir], t->all_bytes[dir]);
        ret->off_path_packets[dir] = ratio(t->through_packets[dir], t->all_packets[dir]);
    }
}

static void report_churn(struct totals *t, struct mpa_rec_report *ret)
{
    ret->churn.mptcp_hit = t->mptcp_hit;
    ret->churn.mptcp_survived = t->mptcp_survived;
    ret->churn.mptcp_failed = t->mptcp_failed;
    ret->churn.mptcp_undetermined = t->mptcp_undetermined;
    ret->churn.mptcp_unprotected = t->mptcp_unprotected;
    ret->churn.tcp_hit = t->tcp_hit;
    ret->churn.tcp_failed = t->tcp_failed;
    ret->churn.tcp_undetermined = t->tcp_undetermined;
    ret->churn.gap = percentiles(&t->gap);
}

static void report_transfers(struct mpa_measure *m, struct mpa_rec_report *ret)
{
    struct totals *t = &m->totals;
    int n = 0;

    for (int i = 0; i < SIZE_CLASSES; i++) {
        struct mpa_rec_transfer_class *c = &m->rec_transfers[n];

        if (t->sizes[i].count == 0)
            continue;
        measure_size_bounds(i, &c->min_bytes, &c->max_bytes);
        c->count = t->sizes[i].count;
        c->completed = t->sizes[i].completed;
        c->rate = percentiles(&t->sizes[i].rate);
        n++;
    }
    ret->transfers = m->rec_transfers;
    ret->transfer_count = n;
    ret->requests_per_second =
        t->transfers_completed && t->last_end_ns > t->first_syn_ns
            ? (double)t->transfers_completed * SECOND / (double)(t->last_end_ns - t->first_syn_ns)
            : NAN;
}

static void report_vips(struct mpa_measure *m, struct mpa_rec_report *ret)
{
    int n = 0;

    ret->vips_inferred = m->config.vip_count == 0;
    if (!ret->vips_inferred) {
        ret->vips = m->config.vips;
        ret->vip_count = m->config.vip_count;
        return;
    }
    for (int i = 2; i < m->vips.count; i++)
        if (measure_vip_address_is(&m->vips.at[i]) && (m->vips.at[i].flags & ADDRESS_USED))
            m->rec_vips[n++] = (struct mpa_prefix){m->vips.at[i].addr, 128};
    ret->vips = m->rec_vips;
    ret->vip_count = n;
}

static void report_v6(const struct mpa_measure *m, struct mpa_rec_report *ret)
{
    ret->v6_given = m->config.v6_secret_size > 0;
    ret->v6_ok = m->totals.v6_ok;
    ret->v6_bad = m->totals.v6_bad;
}

/* ---- The time line -------------------------------------------------------------- */

static int by_second(const void *a, const void *b)
{
    const struct byte_bin *x = a, *y = b;

    return (x->second > y->second) - (x->second < y->second);
}

static void add_bytes(const struct mpa_measure *m, const struct byte_bin *b,
                      struct mpa_rec_bin *bin)
{
    if (b->slot == ADDRESS_DIRECT)
        bin->direct_bytes += (int64_t)b->bytes;
    else if (b->slot != ADDRESS_OTHER && measure_vip_address_is(&m->vips.at[b->slot]))
        bin->vip_bytes += (int64_t)b->bytes;
}

/* Both lists are in order of time: seconds of either become bins. */
static int report_bins(struct mpa_measure *m, struct mpa_rec_report *ret)
{
    const struct totals *t = &m->totals;
    size_t most = m->vips.bin_count + t->reset_count, i = 0, k = 0, n = 0;
    int only = covering(m);
    struct mpa_rec_bin *bins = calloc(most + 1, sizeof *bins);

    if (!bins)
        return MPA_ERR_NOMEM;
    free(m->rec_bins);
    m->rec_bins = bins;
    if (m->vips.bin_count)
        qsort(m->vips.bins, m->vips.bin_count, sizeof *m->vips.bins, by_second);
    while (i < m->vips.bin_count || k < t->reset_count) {
        int64_t second = INT64_MAX;

        if (i < m->vips.bin_count)
            second = m->vips.bins[i].second;
        if (k < t->reset_count && t->resets[k].second < second)
            second = t->resets[k].second;
        bins[n].start_ns = second * SECOND;
        for (; i < m->vips.bin_count && m->vips.bins[i].second == second; i++)
            if (only < 0 || m->vips.bins[i].series == only)
                add_bytes(m, &m->vips.bins[i], &bins[n]);
        if (k < t->reset_count && t->resets[k].second == second)
            memcpy(bins[n].resets, t->resets[k++].n, sizeof bins[n].resets);
        n++;
    }
    ret->bins = bins;
    ret->bin_count = (int64_t)n;
    return MPA_OK;
}

int mpa_measure_report(struct mpa_measure *m, struct mpa_rec_report *ret)
{
    *ret = (struct mpa_rec_report){0};
    measure_decide(m);
    report_counts(m, ret);
    report_connections(&m->totals, ret);
    report_add_addr(&m->totals, ret);
    report_migration(&m->totals, ret);
    report_off_path(m, ret);
    report_churn(&m->totals, ret);
    report_transfers(m, ret);
    report_v6(m, ret);
    report_vips(m, ret);
    if (measure_churn_report(m, ret) != MPA_OK || report_bins(m, ret) != MPA_OK ||
        measure_deploy_report(m, ret) != MPA_OK)
        return MPA_ERR_NOMEM;
    return m->status;
}
