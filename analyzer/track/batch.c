/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many segments at once: what one needs of its connection is fetched while those in front of it are tracked, and what no state
 * decides is found ahead, perhaps by another thread.
 *
 * Segments of one four-tuple come in runs; all but finding out what a segment does is done once a run.
 */
#include "internal.h"

#include <assert.h>

/* A run, and what is known of it ahead. */
struct seat {
    const struct mpa_segment *seg;
    int count; /* 0: nobody sits here. */
    struct way way;
    const struct mpa_conn *joined; /* Most likely that which its SYN joins, or NULL. */
};

/* Segments that have no seat yet. */
struct queue {
    const struct mpa_segment *next, *end;
};

static inline bool joins(const struct mpa_segment *seg)
{
    return seg->has_token && seg->option.subtype == MPA_MP_JOIN;
}

/* Where the token is: that of a SYN/ACK's key and that which is joined are mostly the server's. */
static inline const struct table *token_table(const struct mpa_tracker *t,
                                              const struct mpa_segment *seg)
{
    bool server = joins(seg) || (seg->flags & MPA_TCP_SYN && seg->flags & MPA_TCP_ACK);

    return &t->tokens[server ? MPA_TO_CLIENT : MPA_TO_SERVER];
}

static inline const struct table_entry *token_seek(const struct mpa_tracker *t,
                                                   const struct mpa_segment *seg)
{
    return table_seek(token_table(t, seg), token_hash(t, seg->token));
}

/* Give the next run a seat, and fetch the places where its flow and its token are looked for.  False when there is none any more. */
FETCHES bool fetch_place(const struct mpa_tracker *t, struct queue *q, struct seat *seat)
{
    const struct mpa_segment *seg = q->next;
    int left = (int)(q->end - seg);

    seat->count = 0;
    if (left == 0)
        return false;
    assert(seg->prepared);
    seat->seg = seg;
    seat->count = seg->ahead.run < left ? seg->ahead.run : left;
    q->next += seat->count;
    __builtin_prefetch(table_first(&t->flows.table, seg->ahead.flow_hash));
    if (!seg->lone)
        __builtin_prefetch(seg->options);
    else if (seg->has_token)
        __builtin_prefetch(table_first(token_table(t, seg), token_hash(t, seg->token)), 1);
    return true;
}

/* What packets in either direction read or write of their subflow when nothing is special about them. */
FETCHES void fetch_subflow(const struct mpa_tracker *t, const struct mpa_subflow *sf)
{
    fetch(sf, 0, offsetof(struct mpa_subflow, more));
    if (!t->config.no_rtt)
        fetch(sf->more, 0, sizeof sf->more);
    fetch(sf, round_line(sizeof *sf), t->subflows.item);
}

FETCHES void fetch_flow(const struct mpa_tracker *t, struct seat *seat)
{
    const struct table_entry *e;
    uint32_t hash;

    if (seat->count == 0)
        return;
    hash = seat->seg->ahead.flow_hash;
    e = table_seek(&t->flows.table, hash);
    seat->way = (struct way){.flow = e->item};
    seat->joined = joins(seat->seg) ? token_seek(t, seat->seg)->item : NULL;
    if (seat->joined)
        fetch(seat->joined, 0, sizeof *seat->joined);
    if (!e->item)
        return;
    seat->way.dir = (uint16_t)e->note == seat->seg->dport ? MPA_TO_SERVER : MPA_TO_CLIENT;
    if (e->note & FLOW_IS_VIEW)
        fetch(e->item, 0, sizeof(struct mpa_flow));
    else
        fetch_subflow(t, e->item);
}

/* The subflow of a run, if it had one when that was looked at. */
FETCHES const struct mpa_subflow *subflow_of(const struct seat *seat)
{
    return seat->count && seat->way.flow ? seat->way.flow->subflow : NULL;
}

/* What its segments read or write of their connection, and what a join reads of the other's first subflow. */
FETCHES void fetch_conn(const struct mpa_tracker *t, const struct seat *seat)
{
    const struct mpa_subflow *sf = subflow_of(seat);
    const struct mpa_conn *c = sf ? sf->conn : NULL;

    if (seat->count && seat->joined && seat->joined->subflows)
        fetch(seat->joined->subflows, 0, offsetof(struct mpa_subflow, half));
    if (!c)
        return;
    if (seat->way.flow != &sf->flow)
        fetch_subflow(t, sf);
    fetch(c, 0, offsetof(struct mpa_conn, timer_prev));
    fetch(c, also_at(sizeof *c, t->config.conn_user_size) - CACHE_LINE, t->conns.item);
}

FETCHES void fetch_also(const struct mpa_tracker *t, const struct seat *seat)
{
    const struct mpa_subflow *sf = subflow_of(seat);

    if (sf && sf->conn && t->config.also.fetch)
        t->config.also.fetch(t->config.also.context, sf, seat->way.dir);
}

_Static_assert(offsetof(struct mpa_subflow, next) == CACHE_LINE &&
                   offsetof(struct mpa_subflow, half) == 2 * CACHE_LINE &&
                   offsetof(struct mpa_half, map) == CACHE_LINE &&
                   sizeof(struct mpa_half) == 2 * CACHE_LINE &&
                   offsetof(struct mpa_subflow, more) % CACHE_LINE == 0,
               "a subflow's cache lines");
_Static_assert(offsetof(struct mpa_conn, data) == CACHE_LINE &&
                   offsetof(struct mpa_data_half, declared) == CACHE_LINE &&
                   sizeof(struct mpa_data_half) == 2 * CACHE_LINE,
               "a connection's cache lines");

static void take_run(struct mpa_tracker *t, struct seat *seat)
{
    struct mpa_facts facts;

    for (int i = 0; i < seat->count; i++)
        step(t, &seat->seg[i], &seat->seg[i].ahead, &seat->way, &facts);
}

/* Waves go over the runs, each one run behind the wave in front of it, which brought what it needs.  Not further: what was fetched
   long ago has left the nearest cache again. */
static void take_prepared(struct mpa_tracker *t, const struct mpa_segment *segments, int count)
{
    struct queue q = {.next = segments, .end = segments + count};
    struct seat seats[8] = {0};

    for (unsigned n = 8, after = 0; after < 4; n++) {
        take_run(t, &seats[(n - 4) % 8]);
        fetch_also(t, &seats[(n - 3) % 8]);
        fetch_conn(t, &seats[(n - 2) % 8]);
        fetch_flow(t, &seats[(n - 1) % 8]);
        after += !fetch_place(t, &q, &seats[n % 8]);
    }
}

/* ---- Ahead ------------------------------------------------------------------------------------------------ */

/* What no state decides.  'print' is the segment's copy_print(). */
static inline struct mpa_segment_ahead look_ahead(struct mpa_tracker *t,
                                                  const struct mpa_segment *seg, uint64_t print)
{
    struct mpa_segment_ahead ret = {.flow_hash = flow_hash(&t->flows, seg), .run = 1};

    ret.copy_of = copy_look(t->copies, seg, print, ret.flow_hash, t->looked_at++);
    return ret;
}

/* Whether 's' goes from 'src' to 'dst'. */
static inline bool goes(const struct mpa_segment *s, const struct mpa_addr *src, uint16_t sport,
                        const struct mpa_addr *dst, uint16_t dport)
{
    return ((s->src.q[0] ^ src->q[0]) | (s->src.q[1] ^ src->q[1]) | (s->dst.q[0] ^ dst->q[0]) |
            (s->dst.q[1] ^ dst->q[1]) | (uint64_t)(s->sport ^ sport) |
            (uint64_t)(s->dport ^ dport)) == 0;
}

/* Of one that stands behind another: whether it has the same four-tuple, and which way it goes then; as flow_is(). */
static inline bool follows(struct mpa_segment *s, const struct mpa_segment *b)
{
    bool turned = s->sport != b->sport;
    const struct mpa_addr *src = turned ? &b->dst : &b->src, *dst = turned ? &b->src : &b->dst;

    s->ahead.turned = turned;
    if (goes(s, src, turned ? b->dport : b->sport, dst, turned ? b->sport : b->dport))
        return true;
    s->ahead.turned = true; /* Equal ports do not say it. */
    return b->sport == b->dport && goes(s, &b->dst, b->dport, &b->src, b->sport);
}

#define PRINTS 8 /* Places of copies that are fetched at once. */

void mpa_tracker_prepare(struct mpa_tracker *t, struct mpa_segment *segments, int count)
{
    uint64_t prints[PRINTS];
    struct mpa_segment *first = segments; /* Of the run. */

    pool_warm(&t->conns);
    pool_warm(&t->subflows);
    for (int from = 0; from < count; from += PRINTS) {
        int n = count - from < PRINTS ? count - from : PRINTS;
        struct mpa_segment *seg = &segments[from];

        for (int i = 0; i < n; i++) {
            prints[i] = copy_print(&seg[i]);
            __builtin_prefetch(copy_slot(t->copies, prints[i]), 1);
        }
        for (int i = 0; i < n; i++) {
            seg[i].ahead = look_ahead(t, &seg[i], prints[i]);
            options_ahead(&seg[i]);
            seg[i].prepared = true;
            if (from + i > 0 && follows(&seg[i], &seg[i] - 1) && first->ahead.run < UINT16_MAX)
                first->ahead.run++;
            else
                first = &seg[i];
        }
    }
}

/* ---- One or many ------------------------------------------------------------------------------------------ */

void mpa_tracker_segment(struct mpa_tracker *t, const struct mpa_segment *segment,
                         struct mpa_subflow **ret_subflow, struct mpa_facts *ret_facts)
{
    struct mpa_segment_ahead ahead = look_ahead(t, segment, copy_print(segment));
    struct way way = {0};
    struct mpa_facts facts;
    struct mpa_subflow *sf = step(t, segment, &ahead, &way, &facts);

    if (ret_subflow)
        *ret_subflow = sf;
    if (ret_facts)
        *ret_facts = facts;
}

void mpa_tracker_segments(struct mpa_tracker *t, const struct mpa_segment *segments, int count)
{
    if (count > 0 && segments->prepared) {
        take_prepared(t, segments, count);
        return;
    }
    for (int i = 0; i < count; i++)
        mpa_tracker_segment(t, &segments[i], NULL, NULL);
}
