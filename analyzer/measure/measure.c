/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The measurements' entry: the tracker's segments and events to those who measure. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

bool measure_grow(void *items, size_t count, size_t *capacity, size_t size)
{
    void *old, *grown;
    size_t wanted = *capacity ? *capacity * 2 : 4;

    if (count < *capacity)
        return true;
    memcpy(&old, items, sizeof old);
    grown = realloc(old, wanted * size);
    if (!grown)
        return false;
    /* What lies between the members of a packed record is zero, too. */
    memset((char *)grown + *capacity * size, 0, (wanted - *capacity) * size);
    memcpy(items, &grown, sizeof grown);
    *capacity = wanted;
    return true;
}

/* ---- Segments ------------------------------------------------------------------- */

static void add_saturated(uint32_t *sum, uint32_t more)
{
    *sum = *sum > UINT32_MAX - more ? UINT32_MAX : *sum + more;
}

/* New mappings after the second path became usable (D.4). */
static void count_declared(struct conn_user *cu, int64_t ns, enum mpa_dir dir, unsigned direct,
                           uint32_t bytes)
{
    if (ns > cu->cut_ns)
        cu->after[dir][direct] += bytes;
    else
        add_saturated(&cu->grace[dir][direct], bytes);
}

static void first_direct(struct mpa_measure *m, const struct mpa_segment *seg,
                         struct mpa_subflow *sf, enum mpa_dir dir)
{
    struct conn_user *cu = sf->conn->user;

    cu->first_direct_ns[dir] = seg->ns;
    cu->flags |= (uint16_t)(CONN_DIRECT_DATA << dir);
    measure_note_segment(m, seg, sf, dir, MPA_NOTE_FIRST_DIRECT, MPA_NULL);
}

/* A line of the churn log has passed. */
static void pass_marks(struct mpa_measure *m)
{
    while (m->marks < (uint32_t)m->config.churn_count &&
           m->config.churn[m->marks].ns <= m->now_ns) {
        measure_vip_mark(m, m->marks);
        m->marks++;
    }
    m->mark_ns =
        m->marks < (uint32_t)m->config.churn_count ? m->config.churn[m->marks].ns : INT64_MAX;
}

/* A second or a line of the churn log has passed, or this is the first packet. */
static void turn_time(struct mpa_measure *m)
{
    if (m->first_ns == INT64_MIN)
        m->first_ns = m->now_ns;
    if (m->now_ns >= m->vips.bin_end_ns)
        measure_vip_roll(m, m->now_ns);
    if (m->now_ns >= m->mark_ns)
        pass_marks(m);
    m->turn_ns = m->mark_ns < m->vips.bin_end_ns ? m->mark_ns : m->vips.bin_end_ns;
}

static inline void see_time(struct mpa_measure *m, int64_t ns)
{
    if (ns <= m->now_ns)
        return;
    m->now_ns = ns;
    if (ns >= m->turn_ns)
        turn_time(m);
}

static void see_data(struct mpa_measure *m, const struct mpa_segment *seg, struct mpa_subflow *sf,
                     enum mpa_dir dir, const struct mpa_facts *facts)
{
    struct conn_user *cu = sf->conn->user;
    const struct sub_user *u = sf->user;
    unsigned direct = (u->flags & SUB_DIRECT) != 0;

    if (facts->new_data) {
        measure_vip_bytes(m, &m->vips.at[u->slot], facts->new_data);
        if (dir == MPA_TO_CLIENT)
            cu->last_data_ns = seg->ns;
    }
    if (direct && facts->new_bytes && !(cu->flags & CONN_DIRECT_DATA << dir))
        first_direct(m, seg, sf, dir);
    if (cu->cut_ns && facts->declared)
        count_declared(cu, seg->ns, dir, direct, facts->declared);
    measure_progress(m, seg, sf, dir, facts);
}

/* Most packets go to the server, or come from it, to which the one before went. */
static inline void hop_segment(struct mpa_measure *m, const struct mpa_segment *seg,
                               struct mpa_subflow *sf, enum mpa_dir dir)
{
    struct sub_user *u = sf->user;
    uint64_t to = measure_key_mac(seg->dst_mac), from = measure_key_mac(seg->src_mac);
    /* The one or the other without a branch: which way a packet goes nobody foresees. */
    uint64_t key = to ^ ((to ^ from) & -(uint64_t)dir);

    if (u->hop_kind == HOP_MAC && seg->has_macs && seg->tunnel == MPA_TUNNEL_NONE &&
        !sf->flow.next_view && key == u->hop_key)
        measure_hop_count(u, seg->ns);
    else
        measure_hop_segment(m, seg, sf, dir, false);
}

static void on_segment(void *context, const struct mpa_segment *seg, struct mpa_subflow *sf,
                       enum mpa_dir dir, const struct mpa_facts *facts)
{
    struct mpa_measure *m = context;
    struct sub_user *u = sf->user;

    see_time(m, seg->ns);
    if (seg->has_macs || seg->tunnel != MPA_TUNNEL_NONE || sf->flow.next_view)
        hop_segment(m, seg, sf, dir);
    if (facts->new_data || facts->data_acked || facts->progress || facts->declared ||
        facts->new_bytes)
        see_data(m, seg, sf, dir, facts);
    if (dir == MPA_TO_CLIENT && seg->has_ts && !(u->flags & SUB_TS_DONE))
        measure_deploy_clock(m, seg, sf);
    if ((sf->flags & MPA_SF_NOT_LIVE) && !(u->flags & SUB_DEAD)) {
        u->flags |= SUB_DEAD;
        measure_vip_live(m, sf, false);
    }
    u->last_ns = seg->ns;
    u->sent_ns[dir] = seg->ns;
    if (m->config.on_segment)
        m->config.on_segment(m->config.context, seg, dir);
}

static void on_copy(void *context, const struct mpa_segment *seg, struct mpa_subflow *sf,
                    enum mpa_dir dir)
{
    struct mpa_measure *m = context;

    see_time(m, seg->ns);
    measure_hop_segment(m, seg, sf, dir, true);
}

/* ---- Events --------------------------------------------------------------------- */

/* Also for a subflow whose event did not come: it was moved here from another connection. */
static void know_subflow(struct mpa_measure *m, struct mpa_subflow *sf)
{
    struct sub_user *u = sf->user;

    if (mpa_subflow_is_direct(sf))
        u->flags |= SUB_DIRECT;
    else
        u->flags &= (uint8_t)~SUB_DIRECT;
    if (u->flags & SUB_KNOWN)
        return;
    u->flags |= SUB_KNOWN;
    measure_vip_subflow(m, sf);
    measure_hop_subflow(m, sf);
    if (sf->flags & MPA_SF_MIDSTREAM)
        measure_vip_live(m, sf, true);
}

static void on_established(struct mpa_measure *m, const struct mpa_event *e)
{
    struct mpa_subflow *sf = e->subflow;
    struct conn_user *cu = e->conn->user;
    const struct mpa_data_half *server = &e->conn->data[MPA_TO_CLIENT];

    measure_vip_live(m, sf, true);
    if (sf->role != MPA_ROLE_INITIAL)
        return;
    cu->vantage = (uint8_t)mpa_subflow_vantage(sf);
    if (e->conn->protocol == MPA_PROTOCOL_MPTCP && (server->flags & MPA_DATA_CAPABLE) &&
        (server->capable_flags & MPA_CAPABLE_C))
        measure_vip_evidence(m, sf, ADDRESS_DENIES);
}

static void on_usable(struct mpa_measure *m, const struct mpa_event *e)
{
    if (!mpa_subflow_is_direct(e->subflow))
        return;
    know_subflow(m, e->subflow);
    if (mpa_conn_initial(e->conn))
        measure_vip_evidence(m, e->subflow, ADDRESS_JOINED);
    measure_migrate_usable(e->conn);
}

static void on_icmp(struct mpa_measure *m, const struct mpa_event *e)
{
    struct sub_user *u = e->subflow->user;
    bool too_big = e->icmp->v6 ? e->icmp->type == 2 : e->icmp->type == 3 && e->icmp->code == 4;

    if (u->icmp_errors < UINT16_MAX)
        u->icmp_errors++;
    if (!too_big || !measure_hop_astray(m, e->subflow, e->icmp))
        return;
    if (u->icmp_astray < UINT16_MAX)
        u->icmp_astray++;
    m->series[0].icmp_astray++;
}

static void on_event(void *context, const struct mpa_event *e)
{
    struct mpa_measure *m = context;

    if (m->config.hosts)
        mpa_hosts_event(m->config.hosts, e);
    if (e->kind == MPA_EVENT_OPTION || !e->subflow)
        return;
    switch (e->kind) {
    case MPA_EVENT_SUBFLOW:
        if (m->capture < 0)
            m->capture = e->frame.capture;
        know_subflow(m, e->subflow);
        break;
    case MPA_EVENT_ESTABLISHED:
        on_established(m, e);
        break;
    case MPA_EVENT_USABLE:
        on_usable(m, e);
        break;
    case MPA_EVENT_PRIO:
        if (e->conn->prio_ns == e->ns)
            measure_migrate_usable(e->conn);
        break;
    case MPA_EVENT_SPLIT:
        measure_vip_split(m, e->subflow);
        break;
    case MPA_EVENT_FIN:
        if (e->subflow->role == MPA_ROLE_INITIAL)
            measure_migrate_vip_ended(e->conn, MPA_LEFT_BY_CLOSE);
        break;
    case MPA_EVENT_RST:
        measure_reset_event(m, e);
        return;
    case MPA_EVENT_ICMP:
        on_icmp(m, e);
        break;
    default:
        break;
    }
    if (m->config.notes == MPA_NOTES_ALL)
        measure_note_event(m, e);
}

static void on_conn_end(void *context, struct mpa_conn *conn)
{
    measure_conn_end(context, conn);
}

/* ---- The interface -------------------------------------------------------------- */

struct mpa_measure *mpa_measure_new(const struct mpa_measure_config *config)
{
    struct mpa_measure *m = calloc(1, sizeof *m);

    if (!m)
        return NULL;
    m->config = *config;
    m->config.track.conn_user_size = sizeof(struct conn_user);
    m->config.track.subflow_user_size = sizeof(struct sub_user);
    m->config.track.observer = (struct mpa_observer){.context = m,
                                                     .options = config->hosts != NULL,
                                                     .event = on_event,
                                                     .segment = on_segment,
                                                     .copy = on_copy,
                                                     .conn_end = on_conn_end};
    m->first_ns = m->now_ns = m->turn_ns = INT64_MIN;
    m->capture = -1;
    m->mark_ns = config->churn_count ? config->churn[0].ns : INT64_MAX;
    m->totals.first_syn_ns = INT64_MAX;
    m->totals.last_end_ns = INT64_MIN;
    measure_vip_init(m);
    m->tracker = mpa_tracker_new(&m->config.track);
    if (!m->tracker ||
        !measure_grow(&m->series, m->series_count, &m->series_capacity, sizeof *m->series)) {
        mpa_measure_free(m);
        return NULL;
    }
    m->series[0] = (struct series){0};
    m->series_count = 1;
    return m;
}

void mpa_measure_segment(struct mpa_measure *m, const struct mpa_segment *segment)
{
    mpa_tracker_segment(m->tracker, segment, NULL, NULL);
}

void mpa_measure_segments(struct mpa_measure *m, const struct mpa_segment *segments, int count)
{
    mpa_tracker_segments(m->tracker, segments, count);
}

void mpa_measure_prepare(struct mpa_measure *m, struct mpa_segment *segments, int count)
{
    mpa_tracker_prepare(m->tracker, segments, count);
}

void mpa_measure_icmp(struct mpa_measure *m, const struct mpa_icmp_error *icmp)
{
    mpa_tracker_icmp(m->tracker, icmp);
}

int mpa_measure_finish(struct mpa_measure *m)
{
    if (m->finished)
        return m->status;
    m->finished = true;
    if (m->first_ns != INT64_MIN)
        measure_vip_roll(m, m->now_ns);
    mpa_tracker_finish(m->tracker);
    m->series[0].counts = *mpa_tracker_counts(m->tracker);
    m->series[0].split = m->series[0].counts.split_handshakes;
    measure_hop_finish(m);
    return m->status;
}

static int add_points(struct mpa_measure *m, const struct mpa_measure *from)
{
    for (size_t i = 0; i < from->point_count; i++) {
        struct address *a = NULL;

        if (!measure_grow(&m->points, m->point_count, &m->point_capacity, sizeof *m->points))
            return MPA_ERR_NOMEM;
        m->points[m->point_count] = from->points[i];
        if (from->points[i].address > ADDRESS_DIRECT)
            a = measure_vip_find(m, &from->vips.at[from->points[i].address].addr);
        m->points[m->point_count++].address = a ? (uint16_t)(a - m->vips.at) : ADDRESS_OTHER;
    }
    return MPA_OK;
}

int mpa_measure_add(struct mpa_measure *m, const struct mpa_measure *from)
{
    if (measure_vip_add(m, from) != MPA_OK || add_points(m, from) != MPA_OK)
        return MPA_ERR_NOMEM;
    for (size_t i = 0; i < from->series_count; i++) {
        if (!measure_grow(&m->series, m->series_count, &m->series_capacity, sizeof *m->series))
            return MPA_ERR_NOMEM;
        m->series[m->series_count++] = from->series[i];
    }
    if (measure_deploy_add(m, from) != MPA_OK)
        return MPA_ERR_NOMEM;
    measure_hop_add(m, from);
    if (m->first_ns == INT64_MIN || (from->first_ns != INT64_MIN && from->first_ns < m->first_ns))
        m->first_ns = from->first_ns;
    if (from->now_ns > m->now_ns)
        m->now_ns = from->now_ns;
    m->decided = false;
    return MPA_OK;
}

enum mpa_word measure_majority(const int64_t counts[4])
{
    static const enum mpa_word order[] = {MPA_VANTAGE_MIDDLE, MPA_VANTAGE_CLIENT,
                                          MPA_VANTAGE_SERVER};
    enum mpa_word best = MPA_VANTAGE_UNKNOWN;
    int64_t most = 0;

    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        if (counts[order[i] - MPA_VANTAGE_UNKNOWN] > most) {
            most = counts[order[i] - MPA_VANTAGE_UNKNOWN];
            best = order[i];
        }
    return best;
}

enum mpa_word measure_series_vantage(const struct series *s)
{
    enum mpa_word vantage = measure_majority(s->vantage);

    return vantage == MPA_VANTAGE_UNKNOWN && s->relay ? MPA_VANTAGE_MIDDLE : vantage;
}

enum mpa_word mpa_measure_vantage(const struct mpa_measure *m)
{
    return measure_series_vantage(&m->series[0]);
}

const struct mpa_track_counts *mpa_measure_counts(const struct mpa_measure *m)
{
    return mpa_tracker_counts(m->tracker);
}

struct mpa_tracker *mpa_measure_tracker(struct mpa_measure *m)
{
    return m->tracker;
}

void measure_decide(struct mpa_measure *m)
{
    if (m->decided)
        return;
    m->decided = true;
    measure_churn_decide(m);
}

void mpa_measure_free(struct mpa_measure *m)
{
    if (!m)
        return;
    if (m->tracker && !m->finished) {
        m->config.on_conn = NULL;
        mpa_tracker_finish(m->tracker); /* User areas are given back by measure_conn_end(). */
    }
    mpa_tracker_free(m->tracker);
    mpa_export_free(&m->export);
    measure_vip_free(m);
    measure_totals_free(&m->totals);
    measure_deploy_free(&m->deploy);
    free(m->series);
    free(m->points);
    free(m->events);
    free(m->rec_hits);
    free(m->rec_events);
    free(m->rec_bins);
    free(m);
}
