/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * P(t), the progress of a connection's data, its gaps around a hit and in the quiet part (protocol
 * reference D.5).
 *
 * Where the capture is at the receiver, P(t) is the data that arrived in order; elsewhere the
 * highest Data ACK.  An interval of constant P counts only where data was outstanding: by the
 * second measure it began when data was sent while none was outstanding; by the first one where a
 * hole was open, or where more data follows within 200 ms of its end.  Subflows that were reset do
 * not count: what the old server still sends on them the client no longer takes.
 */
#include "internal.h"

#include <stdlib.h>

#define WINDOW_SHIFT 20

struct conn_rare *measure_rare(struct mpa_measure *m, struct mpa_conn *conn)
{
    struct conn_user *cu = conn->user;

    if (!cu->rare)
        cu->rare = calloc(1, sizeof *cu->rare);
    if (!cu->rare)
        measure_failed(m, MPA_ERR_NOMEM);
    return cu->rare;
}

void measure_rare_free(struct conn_rare *rare)
{
    if (!rare)
        return;
    free(rare->hits);
    free(rare->quiet);
    free(rare->notes);
    free(rare);
}

/* ---- The quiet part ------------------------------------------------------------- */

static unsigned bucket_of(uint32_t us)
{
    unsigned top, bucket;

    if (us < 4)
        return us;
    top = 31u - (unsigned)__builtin_clz(us);
    bucket = (top - 1) * 4 + (us >> (top - 2)) - 4;
    return bucket < QUIET_BUCKETS ? bucket : QUIET_BUCKETS - 1;
}

/* The middle of a bucket, microseconds. */
static int64_t bucket_middle(unsigned bucket)
{
    unsigned shift;

    if (bucket < 4)
        return bucket;
    shift = bucket / 4 - 1;
    return ((int64_t)(bucket % 4 + 4) << shift) + ((1 << shift) >> 1);
}

void measure_quiet_add(struct quiet *q, uint32_t us)
{
    unsigned bucket = bucket_of(us);

    if (q->bucket[bucket] == UINT8_MAX) {
        q->count = 0;
        for (unsigned i = 0; i < QUIET_BUCKETS; i++) {
            q->bucket[i] /= 2;
            q->count += q->bucket[i];
        }
    }
    q->bucket[bucket]++;
    q->count++;
}

int64_t measure_quiet_p99(const struct quiet *q)
{
    uint32_t rank = (q->count * 99 + 99) / 100, sum = 0;

    for (unsigned i = 0; i < QUIET_BUCKETS && q->count; i++) {
        sum += q->bucket[i];
        if (sum >= rank)
            return bucket_middle(i) * 1000;
    }
    return -1;
}

static uint32_t window_units(const struct mpa_measure *m, int64_t ns)
{
    return (uint32_t)((ns - m->first_ns) >> WINDOW_SHIFT) + 1; /* 0 is none. */
}

/* The window is over: its largest gap belongs to the quiet part, unless it was a churn line's. */
static void close_window(struct mpa_measure *m, struct mpa_conn *conn)
{
    struct conn_user *cu = conn->user;
    struct conn_rare *rare;

    if (cu->window_us && !(cu->flags & CONN_IN_MARK)) {
        rare = measure_rare(m, conn);
        if (rare && !rare->quiet)
            rare->quiet = calloc(1, sizeof *rare->quiet);
        if (rare && rare->quiet)
            measure_quiet_add(rare->quiet, cu->window_us);
    }
    cu->window_us = 0;
    cu->flags &= (uint16_t)~CONN_IN_MARK;
}

/* ---- Intervals ------------------------------------------------------------------ */

static uint32_t to_us(int64_t ns)
{
    int64_t us = ns / 1000;

    return us >= UINT32_MAX ? UINT32_MAX : us > 0 ? (uint32_t)us : 1;
}

static bool in_hit(struct conn_rare *rare, int64_t start, int64_t end)
{
    bool any = false;

    for (size_t i = rare->hit_count; i-- > 0 && rare->hits[i].open;) {
        struct hit *h = &rare->hits[i];
        int64_t s = start > h->start ? start : h->start;
        int64_t e = end < h->end ? end : h->end;

        any = true;
        if (e > s && e - s > h->gap_ns)
            h->gap_ns = e - s;
    }
    return any;
}

/* P was constant from 'start' to 'end' while data was outstanding. */
static void account(struct mpa_measure *m, struct mpa_conn *conn, int64_t start, int64_t end)
{
    struct conn_user *cu = conn->user;
    int64_t from;

    if ((cu->flags & CONN_HIT) && cu->rare && in_hit(cu->rare, start, end))
        return;
    if (cu->flags & CONN_IN_MARK) {
        from = m->config.churn[cu->mark - 1].ns - mpa_conn_rtt0(conn);
        if (start < from)
            start = from;
        if (end > m->config.churn[cu->mark - 1].ns + GAP_WINDOW_NS)
            end = m->config.churn[cu->mark - 1].ns + GAP_WINDOW_NS;
        if (end <= start)
            return;
    }
    if (to_us(end - start) > cu->window_us)
        cu->window_us = to_us(end - start);
}

static void close_hits(struct conn_rare *rare, int64_t until)
{
    for (size_t i = rare->hit_count; i-- > 0 && rare->hits[i].open;)
        if (until >= rare->hits[i].end)
            rare->hits[i].open = false;
}

static void turn_windows(struct mpa_measure *m, struct mpa_conn *conn, int64_t ns)
{
    struct conn_user *cu = conn->user;

    if (cu->mark != m->marks) {
        int64_t c = m->config.churn[m->marks - 1].ns;

        close_window(m, conn);
        cu->mark = m->marks;
        if (ns <= c + GAP_WINDOW_NS) {
            cu->flags |= CONN_IN_MARK;
            cu->window_end = window_units(m, c + GAP_WINDOW_NS);
        } else {
            cu->window_end = window_units(m, ns + GAP_WINDOW_NS);
        }
    } else if (cu->window_end == 0 || window_units(m, ns) > cu->window_end) {
        close_window(m, conn);
        cu->window_end = window_units(m, ns + GAP_WINDOW_NS);
    }
}

/* P advanced at 'ns'; 'certain': data was outstanding since the last advance. */
static void advance(struct mpa_measure *m, struct mpa_conn *conn, int64_t ns, bool certain)
{
    struct conn_user *cu = conn->user;
    int64_t last = cu->progress_ns;

    cu->progress_ns = ns;
    if (last == 0 || ns <= last)
        return;
    if (cu->pending_us && ns - last <= MORE_DATA_NS)
        account(m, conn, last - (int64_t)cu->pending_us * 1000, last);
    cu->pending_us = 0;
    if (cu->flags & CONN_HIT)
        close_hits(cu->rare, last);
    turn_windows(m, conn, ns);
    if (certain)
        account(m, conn, last, ns);
    else
        cu->pending_us = to_us(ns - last);
}

/* Whether this capture is where the data of direction 'dir' arrives. */
static bool at_receiver(const struct conn_user *cu, enum mpa_dir dir)
{
    return cu->vantage == (dir == MPA_TO_CLIENT ? MPA_VANTAGE_CLIENT : MPA_VANTAGE_SERVER);
}

/* Data of the direction of P that was sent, but not acknowledged, before this segment's own. */
static bool was_outstanding(const struct mpa_subflow *sf, enum mpa_dir dir,
                            const struct mpa_facts *facts)
{
    const struct mpa_data_half *d = &sf->conn->data[dir];
    const struct mpa_half *h = &sf->half[dir];

    if (sf->conn->protocol != MPA_PROTOCOL_MPTCP)
        return h->acked ? (int64_t)(h->seen.next - facts->new_bytes - h->acked) > 0
                        : h->bytes > facts->new_bytes;
    if (!d->seen.begun)
        return false;
    return d->acked ? (int64_t)(d->seen.next - facts->new_data - d->acked) > 0
                    : d->bytes > facts->new_data;
}

/* After a hit: what shows that the connection goes on (D.7).  Data ACKs away from the client may
 * have been on their way before. */
static void note_advance(struct mpa_measure *m, const struct mpa_segment *seg,
                         struct mpa_subflow *sf, enum mpa_dir dir, const struct mpa_facts *facts)
{
    struct mpa_conn *conn = sf->conn;
    struct conn_user *cu = conn->user;
    const struct hit *h = &cu->rare->hits[cu->rare->hit_count - 1];
    int64_t from = h->ns;
    bool arrived = at_receiver(cu, dir) && facts->progress;

    if ((cu->flags & CONN_ADVANCED) || !(facts->data_acked || arrived))
        return;
    if (conn->protocol != MPA_PROTOCOL_MPTCP)
        from += mpa_conn_rtt0(conn) + 50 * MILLI;
    else if (cu->vantage != MPA_VANTAGE_CLIENT)
        from += mpa_conn_rtt0(conn);
    if (seg->ns <= from)
        return;
    cu->flags |= CONN_ADVANCED;
    if (conn->protocol == MPA_PROTOCOL_MPTCP)
        measure_note_segment(m, seg, sf, dir, MPA_NOTE_SURVIVED, MPA_NULL);
}

void measure_progress(struct mpa_measure *m, const struct mpa_segment *seg, struct mpa_subflow *sf,
                      enum mpa_dir dir, const struct mpa_facts *facts)
{
    const int64_t ns = seg->ns;
    struct mpa_conn *conn = sf->conn;
    struct conn_user *cu = conn->user;
    enum mpa_dir data;

    if (facts->new_data && dir == MPA_TO_CLIENT && !(cu->flags & CONN_SERVER_DATA)) {
        cu->flags |= CONN_SERVER_DATA;
        cu->progress_ns = ns; /* From here on P is that of the server's data. */
        cu->pending_us = 0;
    }
    if (conn->protocol == MPA_PROTOCOL_MPTCP && measure_is_reset(sf))
        return;
    data = cu->flags & CONN_SERVER_DATA ? MPA_TO_CLIENT : MPA_TO_SERVER;
    if (at_receiver(cu, data)) {
        if (dir == data && facts->progress)
            advance(m, conn, ns, facts->progress > facts->new_data);
    } else if (dir != data) {
        if (facts->data_acked)
            advance(m, conn, ns, true);
    } else if (facts->new_data && !was_outstanding(sf, data, facts)) {
        cu->progress_ns = ns; /* Nothing was outstanding until now. */
    }
    if ((cu->flags & CONN_HIT) && cu->rare->hit_count)
        note_advance(m, seg, sf, dir, facts);
}

/* ---- Hits ----------------------------------------------------------------------- */

/* The time of the change: the latest line of the log that can be its cause, or the RST itself. */
static int64_t cause_ns(const struct mpa_measure *m, int64_t ns)
{
    int64_t c;

    if (m->marks == 0)
        return ns;
    c = m->config.churn[m->marks - 1].ns;
    return ns - c <= GAP_WINDOW_NS ? c : ns;
}

void measure_progress_hit(struct mpa_measure *m, const struct mpa_event *e)
{
    struct conn_user *cu = e->conn->user;
    struct conn_rare *rare = measure_rare(m, e->conn);
    const struct sub_user *u = e->subflow->user;
    int64_t c = cause_ns(m, e->ns), carried = -1;
    struct hit *h;

    if (!rare)
        return;
    if (!measure_grow(&rare->hits, rare->hit_count, &rare->hit_capacity, sizeof *rare->hits)) {
        measure_failed(m, MPA_ERR_NOMEM);
        return;
    }
    if ((cu->flags & CONN_IN_MARK) && cu->mark == m->marks) {
        carried = cu->window_us ? (int64_t)cu->window_us * 1000 : -1;
        cu->window_us = 0;
    } else {
        close_window(m, e->conn);
    }
    h = &rare->hits[rare->hit_count++];
    *h = (struct hit){.ns = e->ns,
                      .start = c - mpa_conn_rtt0(e->conn),
                      .end = c + GAP_WINDOW_NS,
                      .gap_ns = carried,
                      .quiet_ns = rare->quiet ? measure_quiet_p99(rare->quiet) : -1,
                      .flows_live = m->vips.at[u->address].live,
                      .frame = e->frame,
                      .subflow = e->subflow->id,
                      .open = true};
    cu->flags |= CONN_HIT;
    cu->flags &= (uint16_t)~CONN_ADVANCED;
}

/* Windows that the connection's end cuts.  What is open then is known to be a gap only where data
 * is outstanding. */
void measure_progress_end(struct mpa_measure *m, struct mpa_conn *conn)
{
    struct conn_user *cu = conn->user;
    enum mpa_dir data = cu->flags & CONN_SERVER_DATA ? MPA_TO_CLIENT : MPA_TO_SERVER;
    struct conn_rare *rare = cu->rare;
    const struct mpa_facts none = {0};
    bool outstanding = false;

    if (!rare || !(cu->flags & CONN_HIT))
        return;
    for (const struct mpa_subflow *sf = conn->subflows; sf && !outstanding; sf = sf->next)
        outstanding = !at_receiver(cu, data) && was_outstanding(sf, data, &none);
    for (size_t i = 0; i < rare->hit_count; i++) {
        struct hit *h = &rare->hits[i];
        int64_t end = m->now_ns < h->end ? m->now_ns : h->end;

        if (!h->open)
            continue;
        h->open = false;
        /* Data that was all delivered leaves nothing to wait for: its gaps are known. */
        h->censored = conn->last_ns < h->end && !measure_is_complete(conn);
        if (outstanding && cu->progress_ns && end - cu->progress_ns > h->gap_ns)
            h->gap_ns = end - (cu->progress_ns > h->start ? cu->progress_ns : h->start);
        else if (!(cu->flags & CONN_ADVANCED) && !outstanding)
            h->gap_ns = -1; /* What was before the hit says nothing of what it cost. */
    }
}
