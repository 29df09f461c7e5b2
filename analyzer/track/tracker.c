/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tracker's entry and its time: each segment to its subflow, connections out of memory when they are over. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#define SECOND         1000000000ll
#define DEFAULT_MAX    1000000u
#define DEFAULT_IDLE   (3600 * SECOND)
#define DEFAULT_CLOSED (75 * SECOND)
#define FINISHED_NS    (10 * SECOND)  /* Over in good order: only late repetitions may come. */
#define SYN_ONLY_NS    (200 * SECOND) /* A SYN that nobody answered. */

struct mpa_tracker *mpa_tracker_new(const struct mpa_track_config *config)
{
    struct mpa_tracker *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    t->config = *config;
    if (t->config.max_connections == 0)
        t->config.max_connections = DEFAULT_MAX;
    if (t->config.idle_ns == 0)
        t->config.idle_ns = DEFAULT_IDLE;
    if (t->config.closed_ns == 0)
        t->config.closed_ns = DEFAULT_CLOSED;
    t->copies = aligned_alloc(CACHE_LINE, COPY_SLOTS * sizeof *t->copies);
    t->seen = aligned_alloc(CACHE_LINE, COPY_SEEN * sizeof *t->seen);
    pool_init(&t->conns,
              also_at(sizeof(struct mpa_conn), config->conn_user_size) + config->also_conn_size);
    pool_init(&t->subflows, also_at(sizeof(struct mpa_subflow), config->subflow_user_size) +
                                config->also_subflow_size);
    pool_init(&t->views, sizeof(struct mpa_flow));
    pool_init(&t->adverts, sizeof(struct mpa_advert));
    pool_init(&t->rtts, sizeof(struct mpa_rtt));
    pool_init(&t->rivals, sizeof(struct mpa_synack));
    t->now_ns = INT64_MIN;
    if (!t->copies || !t->seen || !flow_table_init(&t->flows) || !table_init(&t->tokens[0]) ||
        !table_init(&t->tokens[1]) || mpa_crypto_init() != MPA_OK) {
        mpa_tracker_free(t);
        return NULL;
    }
    memset(t->copies, 0, COPY_SLOTS * sizeof *t->copies);
    memset(t->seen, 0, COPY_SEEN * sizeof *t->seen);
    return t;
}

void tell(struct pass *p, enum mpa_event_kind kind, const struct mpa_option *option,
          struct mpa_advert *advert, int64_t value)
{
    const struct mpa_observer *o = &p->t->config.observer, *also = &p->t->config.also;
    struct mpa_event e;

    if (!o->event && !also->event)
        return;
    e = (struct mpa_event){.kind = kind,
                           .dir = p->dir,
                           .ns = p->seg->ns,
                           .frame = frame_of(p->seg),
                           .conn = p->conn,
                           .subflow = p->sf,
                           .segment = p->seg,
                           .option = option,
                           .advert = advert,
                           .value = value};
    if (o->event && (kind != MPA_EVENT_OPTION || o->options))
        o->event(o->context, &e);
    if (also->event && (kind != MPA_EVENT_OPTION || also->options))
        also->event(also->context, &e);
}

/* ---- Time ------------------------------------------------------------------------------------------------- */

#define LOOKED_AT 256 /* A connection may consist of very many subflows. */

/* Both sides ended it and know: no reset was involved, nobody will join it. */
static bool finished(const struct mpa_conn *c)
{
    if (c->subflow_count > LOOKED_AT)
        return false;
    for (const struct mpa_subflow *sf = c->subflows; sf; sf = sf->next)
        if (!(sf->half[0].flags & sf->half[1].flags & MPA_HALF_FIN_ACKED))
            return false;
    return true;
}

static bool is_unanswered(const struct mpa_subflow *sf)
{
    return sf->syn_ns && sf->synack_ns == 0 && sf->established_ns == 0;
}

/* SYNs only: of a plain connection, or joins with a token that nobody knows. */
static bool unanswered(const struct mpa_conn *c)
{
    int n = 0;

    if (!c->subflows || !is_unanswered(c->subflows) || !is_unanswered(c->last_subflow))
        return false;
    for (const struct mpa_subflow *sf = c->subflows->next; sf && n < LOOKED_AT; sf = sf->next, n++)
        if (!is_unanswered(sf))
            return false;
    return true;
}

/* How long a connection stays in memory unless something happens to it. */
static int64_t stay_ns(const struct mpa_tracker *t, const struct mpa_conn *c)
{
    if (c->closed_ns)
        return finished(c) && FINISHED_NS < t->config.closed_ns ? FINISHED_NS : t->config.closed_ns;
    if (unanswered(c))
        return SYN_ONLY_NS < t->config.idle_ns ? SYN_ONLY_NS : t->config.idle_ns;
    return t->config.idle_ns;
}

/* When it leaves. */
static int64_t due_ns(const struct mpa_tracker *t, const struct mpa_conn *c)
{
    int64_t stay = stay_ns(t, c);

    return c->last_ns < INT64_MAX - stay ? c->last_ns + stay : INT64_MAX;
}

void timer_clear(struct mpa_tracker *t, struct mpa_conn *c)
{
    if (c->timer_prev)
        c->timer_prev->timer_next = c->timer_next;
    else if (t->timers[c->timer_slot] == c)
        t->timers[c->timer_slot] = c->timer_next;
    if (c->timer_next)
        c->timer_next->timer_prev = c->timer_prev;
    c->timer_prev = c->timer_next = NULL;
}

void timer_set(struct mpa_tracker *t, struct mpa_conn *c)
{
    int64_t second = due_ns(t, c) / SECOND + 1;

    /* Later than the wheel is round: looked at sooner, and set again. */
    if (second < t->timer_second + 1)
        second = t->timer_second + 1;
    if (second > t->timer_second + TIMER_SLOTS - 1)
        second = t->timer_second + TIMER_SLOTS - 1;
    timer_clear(t, c);
    c->timer_slot = (uint32_t)((uint64_t)second % TIMER_SLOTS);
    c->timer_next = t->timers[c->timer_slot];
    if (c->timer_next)
        c->timer_next->timer_prev = c;
    t->timers[c->timer_slot] = c;
}

/* Connections that end have been silent for long and lie in no cache: fetch what their end reads, in steps, for each needs the one before.
   'next' ends after the one that is about to, 'after' behind it; each may be NULL. */
FETCHES void fetch_ending(const struct mpa_tracker *t, const struct mpa_conn *next,
                          const struct mpa_conn *after)
{
    if (next && next->subflows) {
        /* Mostly all there are. */
        fetch(next->subflows, 0, t->subflows.item);
        fetch(next->last_subflow, 0, t->subflows.item);
    }
    if (next && next->adverts)
        fetch(next->adverts, 0, sizeof *next->adverts);
    if (after)
        fetch(after, 0, t->conns.item);
}

/* The places where it is removed from the tables. */
FETCHES void fetch_places(const struct mpa_tracker *t, const struct mpa_conn *c,
                          const struct mpa_conn *next)
{
    if (c->subflows) {
        __builtin_prefetch(table_first(&t->flows.table, c->subflows->flow.hash), 1);
        __builtin_prefetch(table_first(&t->flows.table, c->last_subflow->flow.hash), 1);
    }
    for (int i = 0; next && i < 2; i++)
        __builtin_prefetch(table_first(&t->tokens[i], token_hash(t, next->data[i].token)), 1);
}

static void run_slot(struct mpa_tracker *t, uint32_t slot)
{
    struct mpa_conn *c = t->timers[slot], *next;

    for (; c; c = next) {
        next = c->timer_next;
        fetch_ending(t, next, next ? next->timer_next : NULL);
        fetch_places(t, c, next);
        if (due_ns(t, c) <= t->now_ns)
            conn_end(t, c);
        else
            timer_set(t, c);
    }
}

/* Seconds have passed. */
static void advance_timers(struct mpa_tracker *t)
{
    int64_t second = t->now_ns / SECOND;

    if (second - t->timer_second > (int64_t)TIMER_SLOTS)
        t->timer_second = second - TIMER_SLOTS;
    while (t->timer_second < second) {
        t->timer_second++;
        run_slot(t, (uint32_t)((uint64_t)t->timer_second % TIMER_SLOTS));
    }
    t->turn_ns = second < INT64_MAX / SECOND ? (second + 1) * SECOND : INT64_MAX;
}

static inline void advance(struct mpa_tracker *t, int64_t ns)
{
    if (ns <= t->now_ns)
        return;
    if (t->now_ns == INT64_MIN) {
        t->timer_second = ns / SECOND;
        t->turn_ns = INT64_MIN;
    }
    t->now_ns = ns;
    if (ns >= t->turn_ns)
        advance_timers(t);
}

/* Make room: the connection that would leave soonest leaves now. */
static void evict(struct mpa_tracker *t)
{
    for (uint32_t i = 1; i <= TIMER_SLOTS; i++) {
        struct mpa_conn *c = t->timers[(uint64_t)(t->timer_second + i) % TIMER_SLOTS];

        /* Lists are newest first; the oldest of the slot is what has been idle longest. */
        while (c && c->timer_next)
            c = c->timer_next;
        if (c) {
            c->flags |= MPA_CONN_EVICTED;
            t->counts.evicted++;
            conn_end(t, c);
            return;
        }
    }
}

void subflow_check_live(struct pass *p)
{
    struct mpa_subflow *sf = p->sf;
    struct mpa_conn *c = sf->conn;

    if ((sf->flags & MPA_SF_NOT_LIVE) || mpa_subflow_is_live(sf))
        return;
    sf->flags |= MPA_SF_NOT_LIVE;
    if (--c->live_subflows == 0) {
        c->closed_ns = p->seg->ns;
        timer_set(p->t, c);
    }
}

/* ---- Segments ----------------------------------------------------------------------------------------------- */

/* A copy: of a known flow, or the first packet of a translated view of one.  Returns whether it was dealt with. */
static bool take_copy(struct mpa_tracker *t, const struct mpa_segment *seg,
                      const struct mpa_segment_ahead *ahead, uint32_t number, struct mpa_flow *flow,
                      enum mpa_dir dir, struct mpa_subflow **ret_subflow)
{
    enum mpa_dir first_dir = dir;
    struct mpa_subflow *first = copy_first_view(t->seen, number - ahead->copy_of, &first_dir);
    struct mpa_subflow *sf = flow ? flow->subflow : first;

    if (!sf)
        return false;
    /* A SYN with new numbers on a known four-tuple whose first view was elsewhere: that view belongs to the new subflow. */
    if (flow && first && flow->subflow != first) {
        subflow_detach(t, flow->subflow);
        flow = NULL;
        sf = first;
    }
    if (!flow) {
        dir = first_dir;
        subflow_add_view(t, sf, seg, ahead->flow_hash, dir);
    }
    t->counts.copies++;
    *ret_subflow = sf;
    if (t->config.observer.copy)
        t->config.observer.copy(t->config.observer.context, seg, sf, dir);
    if (t->config.also.copy)
        t->config.also.copy(t->config.also.context, seg, sf, dir);
    return true;
}

uint64_t mpa_half_unwrap(const struct mpa_half *h, uint32_t seq)
{
    return mpa_unwrap32(h->seen.begun ? h->seen.next : h->acked ? h->acked : SEQ_BASE + seq, seq);
}

static void note_packet(struct pass *p)
{
    struct mpa_half *h = p->half;
    const struct mpa_segment *seg = p->seg;

    h->packets++;
    h->last_ns = seg->ns;
    if (h->ttl == 0)
        h->ttl = seg->ttl;
    if (seg->ns > p->sf->last_ns)
        p->sf->last_ns = seg->ns;
    if (seg->ns > p->conn->last_ns)
        p->conn->last_ns = seg->ns;
    if (seg->has_ts)
        h->flags |= MPA_HALF_TS;
    p->seq = mpa_half_unwrap(h, seg->seq) + ((seg->flags & MPA_TCP_SYN) != 0);
}

static struct mpa_subflow *find_subflow(struct pass *p, struct mpa_flow *flow, uint32_t hash)
{
    uint8_t flags = p->seg->flags & (MPA_TCP_SYN | MPA_TCP_ACK | MPA_TCP_RST);

    if (flags == MPA_TCP_SYN)
        return handshake_syn(p, flow, hash);
    if (flags == (MPA_TCP_SYN | MPA_TCP_ACK))
        return handshake_synack(p, flow, hash);
    if (flow && p->seg->mptcp_count && handshake_reused(p, flow))
        subflow_detach(p->t, flow->subflow);
    else if (flow) {
        p->sf = flow->subflow;
        p->conn = p->sf->conn;
        return p->sf;
    }
    return handshake_midstream(p, hash);
}

static void apply(struct pass *p)
{
    const struct mpa_segment *seg = p->seg;

    note_packet(p);
    handshake_after(p);
    if (seg->mptcp_count)
        options_apply(p);
    if (p->conn->protocol == MPA_PROTOCOL_MPTCP)
        fallback_check(p);
    if (seg->flags & MPA_TCP_RST) {
        tell(p, MPA_EVENT_RST, NULL, NULL, 0);
        p->half->flags |= MPA_HALF_RST;
        subflow_check_live(p);
    } else if (!(seg->flags & MPA_TCP_SYN)) {
        data_apply(p);
    }
}

/* The flow of a segment, or NULL: 'way' says where it most likely is, and then where it is. */
static inline struct mpa_flow *find_flow(const struct mpa_tracker *t, const struct mpa_segment *seg,
                                         const struct mpa_segment_ahead *ahead, struct way *way)
{
    struct mpa_flow *f = way->flow;

    if (f && f->subflow && !(f->subflow->flags & MPA_SF_DETACHED)) {
        if (way->sure)
            way->dir ^= ahead->turned;
        else
            way->sure = flow_is(f, &seg->src, seg->sport, &seg->dst, seg->dport, &way->dir);
    } else {
        way->sure = false;
    }
    if (!way->sure) {
        way->flow = flow_find(&t->flows, ahead->flow_hash, &seg->src, seg->sport, &seg->dst,
                              seg->dport, &way->dir);
        way->sure = way->flow != NULL;
    }
    return way->flow;
}

struct mpa_subflow *step(struct mpa_tracker *t, const struct mpa_segment *seg,
                         const struct mpa_segment_ahead *ahead, struct way *way,
                         struct mpa_facts *facts)
{
    struct pass p = {.t = t, .seg = seg, .facts = facts};
    uint32_t number = t->taken++;
    struct mpa_subflow *ret = NULL;
    struct mpa_flow *flow;

    *facts = (struct mpa_facts){0};
    advance(t, seg->ns);
    flow = find_flow(t, seg, ahead, way);
    p.dir = way->dir;
    if (ahead->copy_of && take_copy(t, seg, ahead, number, flow, p.dir, &ret)) {
        facts->copy = true;
        return ret;
    }
    if (!flow && t->live >= t->config.max_connections)
        evict(t);
    if (!find_subflow(&p, flow, ahead->flow_hash))
        return NULL;
    t->counts.segments++;
    pass_sides(&p);
    apply(&p);
    copy_note(t->seen, number, ahead->copy_of, p.sf, p.dir);
    if (t->config.observer.segment)
        t->config.observer.segment(t->config.observer.context, seg, p.sf, p.dir, facts);
    if (t->config.also.segment)
        t->config.also.segment(t->config.also.context, seg, p.sf, p.dir, facts);
    return p.sf;
}

void mpa_tracker_icmp(struct mpa_tracker *t, const struct mpa_icmp_error *icmp)
{
    const struct mpa_observer *o = &t->config.observer, *also = &t->config.also;
    struct mpa_event e;
    uint32_t hash = flow_hash_tuple(&t->flows, &icmp->src, icmp->sport, &icmp->dst, icmp->dport);
    enum mpa_dir dir;
    struct mpa_flow *flow;

    advance(t, icmp->ns);
    flow = flow_find(&t->flows, hash, &icmp->src, icmp->sport, &icmp->dst, icmp->dport, &dir);
    if (!flow)
        return;
    e = (struct mpa_event){.kind = MPA_EVENT_ICMP,
                           .dir = dir,
                           .ns = icmp->ns,
                           .frame = {icmp->capture, (int64_t)icmp->frame},
                           .conn = flow->subflow->conn,
                           .subflow = flow->subflow,
                           .icmp = icmp};
    if (o->event)
        o->event(o->context, &e);
    if (also->event)
        also->event(also->context, &e);
}

/* ---- The end --------------------------------------------------------------------------------------------------- */

/* A connection that is in memory at the end. */
struct left {
    int64_t id; /* Sorting needs no more of it. */
    struct mpa_conn *conn;
};

#define DIGIT_BITS 11
#define DIGITS     (1u << DIGIT_BITS)

static unsigned digit(const struct left *l, unsigned shift)
{
    return (unsigned)((uint64_t)l->id >> shift) & (DIGITS - 1);
}

/* By one digit of their ids, those that are equal in it as they were. */
static void sort_by_digit(const struct left *from, struct left *to, size_t count, unsigned shift)
{
    size_t places[DIGITS] = {0}, place = 0;

    for (size_t i = 0; i < count; i++)
        places[digit(&from[i], shift)]++;
    for (unsigned k = 0; k < DIGITS; k++) {
        size_t n = places[k];

        places[k] = place;
        place += n;
    }
    for (size_t i = 0; i < count; i++)
        to[places[digit(&from[i], shift)]++] = from[i];
}

/* Those in memory, in the order of their ids, and their number; NULL when memory ends. */
static struct left *list_all(const struct mpa_tracker *t, size_t *ret_count)
{
    size_t room = (size_t)t->live + 1;
    struct left *all = malloc(room * sizeof *all), *sorted = malloc(room * sizeof *sorted);

    *ret_count = 0;
    for (uint32_t i = 0; all && sorted && i < TIMER_SLOTS; i++)
        for (struct mpa_conn *c = t->timers[i]; c; c = c->timer_next)
            all[(*ret_count)++] = (struct left){c->id, c};
    for (unsigned shift = 0; all && sorted && t->next_id >> shift; shift += DIGIT_BITS) {
        struct left *spare = all;

        sort_by_digit(all, sorted, *ret_count, shift);
        all = sorted;
        sorted = spare;
    }
    if (!sorted) {
        free(all);
        all = NULL;
    }
    free(sorted);
    return all;
}

/* Their memory goes as a whole. */
static void forget_all(struct mpa_tracker *t)
{
    struct pool *pools[] = {&t->conns, &t->subflows, &t->views, &t->adverts, &t->rtts, &t->rivals};

    for (size_t i = 0; i < sizeof pools / sizeof pools[0]; i++)
        pool_close(pools[i]);
    table_clear(&t->flows.table);
    table_clear(&t->tokens[0]);
    table_clear(&t->tokens[1]);
    memset(t->timers, 0, sizeof t->timers);
    memset(t->copies, 0, COPY_SLOTS * sizeof *t->copies);
    memset(t->seen, 0, COPY_SEEN * sizeof *t->seen);
    t->undecided_count = 0;
    t->live = 0;
}

void mpa_tracker_finish(struct mpa_tracker *t)
{
    size_t count;
    struct left *all = list_all(t, &count);

    for (size_t i = 0; i < count; i++) {
        fetch_ending(t, i + 1 < count ? all[i + 1].conn : NULL,
                     i + 2 < count ? all[i + 2].conn : NULL);
        conn_end_last(t, all[i].conn);
    }
    for (uint32_t i = 0; !all && i < TIMER_SLOTS; i++)
        while (t->timers[i])
            conn_end(t, t->timers[i]);
    free(all);
    forget_all(t);
}

const struct mpa_track_counts *mpa_tracker_counts(const struct mpa_tracker *t)
{
    return &t->counts;
}

int64_t mpa_tracker_now(const struct mpa_tracker *t)
{
    return t->now_ns;
}

int64_t mpa_tracker_live(const struct mpa_tracker *t)
{
    return t->live;
}

void mpa_tracker_free(struct mpa_tracker *t)
{
    if (!t)
        return;
    t->config.observer = (struct mpa_observer){0};
    t->config.also = (struct mpa_observer){0};
    if (t->tokens[1].at)
        mpa_tracker_finish(t);
    table_free(&t->flows.table);
    table_free(&t->tokens[0]);
    table_free(&t->tokens[1]);
    pool_close(&t->conns);
    pool_close(&t->subflows);
    pool_close(&t->views);
    pool_close(&t->adverts);
    pool_close(&t->rtts);
    pool_close(&t->rivals);
    free(t->copies);
    free(t->seen);
    free(t);
}
