/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same packet at two vantage points: one-way delay and loss (protocol reference D.11).
 *
 * A packet leaves a fingerprint of what routers and translators leave alone, its time, and the
 * four-tuple it had there.  At the end the fingerprints of two captures are sorted and joined;
 * equal ones (a retransmission without timestamps) are matched in order of time, and tell nothing
 * about delay where one vantage point has more of them than the other.
 *
 * Clocks.  With A nearer to the client, a packet to the server shows B - A = offset + delay, one to
 * the client A - B = delay - offset.  Half the difference of the smallest ones is the offset, if
 * the path is as long in both directions; half their sum is by how much that may be wrong.  The
 * sum's sign says which of the two is nearer to the client.  Drift of the clocks is not corrected.
 *
 * Loss.  A packet is lost when the nearer vantage point has it and the farther has not, although it
 * had other packets of that flow, and was capturing, and no capture of a parallel path has it: an
 * anycast flow that moves to another server loses nothing.  Hosts cut and join segments on their
 * way (TSO, GRO): a flow of which both have data that the other has not was cut anew, and does not
 * count; where that is the most, or most packets do not match at all, the loss is unknown.
 */
#include "mpa/merge.h"
#include "mpa/status.h"

#include <stdlib.h>
#include <string.h>

struct print {
    uint64_t hash;
    int64_t ns;
    uint32_t flow;    /* Hash of the four-tuple at this vantage point. */
    uint32_t payload; /* Bytes. */
};

struct prints {
    struct print *at;
    size_t count, capacity;
};

struct vantage {
    struct prints dir[2];
    int64_t first_ns, last_ns; /* Valid with any print. */
};

/* What two vantage points have in common in one direction. */
struct match {
    const struct vantage *near_vantage, *far_vantage;
    const struct prints *near, *far;
    int64_t matched, timed;
    int64_t min_ns, max_ns; /* Of far - near, over runs of equal length; valid with 'timed'. */
    bool parallel;          /* Next to nothing: they stand beside each other. */
};

struct mpa_pairs {
    int captures;
    struct vantage *vantages;
    /* From mpa_pairs_report() on. */
    int *used; /* Vantage points that have prints. */
    int used_count;
    struct match
        *matches; /* Of used[a] and used[b], a < b, at [(a * used_count + b) * 2 + direction]. */
    struct mpa_rec_vantage_pair *rows;
};

#define PARALLEL 20 /* One packet in so many may look like another one elsewhere. */

/* ---- Fingerprints ---------------------------------------------------------------------------- */

static inline uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9fb21c651e98df25u;
    return h ^ h >> 32;
}

static uint64_t fingerprint(const struct mpa_segment *s)
{
    uint64_t h = mix(0x6a09e667f3bcc909u, (uint64_t)s->seq << 32 | s->ack);

    h = mix(h, (uint64_t)s->flags << 40 | (uint64_t)s->has_ts << 32 | s->payload_size);
    return s->has_ts ? mix(h, (uint64_t)s->tsval << 32 | s->tsecr) : h;
}

static uint32_t flow_of(const struct mpa_segment *s)
{
    uint64_t h = mix(0xbb67ae8584caa73bu, s->src.q[0]);

    h = mix(mix(h, s->src.q[1]), s->dst.q[0]);
    h = mix(mix(h, s->dst.q[1]), (uint64_t)s->sport << 16 | s->dport);
    return (uint32_t)(h >> 32);
}

struct mpa_pairs *mpa_pairs_new(int captures)
{
    struct mpa_pairs *p = calloc(1, sizeof *p);

    if (!p)
        return NULL;
    p->captures = captures > 0 ? captures : 0;
    p->vantages = calloc((size_t)p->captures + 1, sizeof *p->vantages);
    if (!p->vantages) {
        free(p);
        return NULL;
    }
    return p;
}

int mpa_pairs_add(struct mpa_pairs *p, int capture, const struct mpa_segment *segment,
                  enum mpa_dir dir)
{
    struct vantage *v = &p->vantages[capture];
    struct prints *to = &v->dir[dir];

    if (to->count == to->capacity) {
        size_t wanted = to->capacity ? to->capacity + to->capacity / 2 : 1024;
        struct print *grown = realloc(to->at, wanted * sizeof *grown);

        if (!grown)
            return MPA_ERR_NOMEM;
        to->at = grown;
        to->capacity = wanted;
    }
    if (v->dir[0].count + v->dir[1].count == 0)
        v->first_ns = v->last_ns = segment->ns;
    if (segment->ns < v->first_ns)
        v->first_ns = segment->ns;
    if (segment->ns > v->last_ns)
        v->last_ns = segment->ns;
    to->at[to->count++] = (struct print){.hash = fingerprint(segment),
                                         .ns = segment->ns,
                                         .flow = flow_of(segment),
                                         .payload = segment->payload_size};
    return MPA_OK;
}

static int cmp_print(const void *x, const void *y)
{
    const struct print *a = x, *b = y;

    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    return (a->ns > b->ns) - (a->ns < b->ns);
}

/* ---- Sets of flows, and of pairs of flows ---------------------------------------------------- */

struct set {
    uint64_t *slots; /* 0 is empty; a value is kept with one added. */
    size_t count, size;
};

static uint64_t *set_slot(const struct set *s, uint64_t value)
{
    size_t at = (size_t)mix(1, value) & (s->size - 1);

    while (s->slots[at] && s->slots[at] != value + 1)
        at = (at + 1) & (s->size - 1);
    return &s->slots[at];
}

static bool set_has(const struct set *s, uint64_t value)
{
    return s->size && *set_slot(s, value);
}

static int set_add(struct set *s, uint64_t value)
{
    uint64_t *slot;

    if (s->count * 2 >= s->size) {
        struct set grown = {.size = s->size ? s->size * 2 : 64, .count = s->count};

        grown.slots = calloc(grown.size, sizeof *grown.slots);
        if (!grown.slots)
            return MPA_ERR_NOMEM;
        for (size_t i = 0; i < s->size; i++)
            if (s->slots[i])
                *set_slot(&grown, s->slots[i] - 1) = s->slots[i];
        free(s->slots);
        *s = grown;
    }
    slot = set_slot(s, value);
    s->count += *slot == 0;
    *slot = value + 1;
    return MPA_OK;
}

/* ---- One direction of a pair ----------------------------------------------------------------- */

/* Prints with one fingerprint at both. */
struct run {
    const struct print *near, *far;
    size_t near_count, far_count;
};

/* The walk over both sorted lists; 'near' is the one nearer to the sender, as far as known yet. */
struct walk {
    const struct prints *near, *far;
    size_t i, k;
};

static size_t run_length(const struct prints *p, size_t at)
{
    size_t end = at;

    while (end < p->count && p->at[end].hash == p->at[at].hash)
        end++;
    return end - at;
}

static bool next_run(struct walk *w, struct run *r)
{
    bool near = w->i < w->near->count, far = w->k < w->far->count;

    if (!near && !far)
        return false;
    if (near && far) {
        uint64_t a = w->near->at[w->i].hash, b = w->far->at[w->k].hash;

        near = a <= b;
        far = b <= a;
    }
    *r = (struct run){.near = near ? &w->near->at[w->i] : NULL,
                      .far = far ? &w->far->at[w->k] : NULL,
                      .near_count = near ? run_length(w->near, w->i) : 0,
                      .far_count = far ? run_length(w->far, w->k) : 0};
    w->i += r->near_count;
    w->k += r->far_count;
    return true;
}

/* The other vantage point is the nearer one. */
static void turn(struct match *m)
{
    const struct match old = *m;

    m->near_vantage = old.far_vantage;
    m->far_vantage = old.near_vantage;
    m->near = old.far;
    m->far = old.near;
    m->min_ns = -old.max_ns;
    m->max_ns = -old.min_ns;
}

static void match_runs(struct match *m)
{
    struct walk w = {.near = m->near, .far = m->far};
    struct run r;

    while (next_run(&w, &r)) {
        size_t n = r.near_count < r.far_count ? r.near_count : r.far_count;

        m->matched += (int64_t)n;
        if (r.near_count != r.far_count)
            continue;
        for (size_t i = 0; i < n; i++) {
            int64_t d = r.far[i].ns - r.near[i].ns;

            if (m->timed == 0 || d < m->min_ns)
                m->min_ns = d;
            if (m->timed == 0 || d > m->max_ns)
                m->max_ns = d;
            m->timed++;
        }
    }
}

static struct match compare(const struct vantage *a, const struct vantage *b, int dir)
{
    struct match m = {
        .near_vantage = a, .far_vantage = b, .near = &a->dir[dir], .far = &b->dir[dir]};
    size_t least = m.near->count < m.far->count ? m.near->count : m.far->count;

    match_runs(&m);
    m.parallel = m.matched * PARALLEL < (int64_t)least;
    return m;
}

static const struct match *match_of(const struct mpa_pairs *p, int a, int b, int dir)
{
    size_t low = (size_t)(a < b ? a : b), high = (size_t)(a < b ? b : a);

    return &p->matches[(low * (size_t)p->used_count + high) * 2 + (size_t)dir];
}

static bool near_covered(const struct match *m, const struct print *p)
{
    return p->ns + m->min_ns >= m->far_vantage->first_ns &&
           p->ns + m->max_ns <= m->far_vantage->last_ns;
}

static bool far_covered(const struct match *m, const struct print *p)
{
    return p->ns - m->max_ns >= m->near_vantage->first_ns &&
           p->ns - m->min_ns <= m->near_vantage->last_ns;
}

struct flows {
    struct set links;   /* Flow at the near one << 32 | flow at the far one, of matched packets. */
    struct set common;  /* Flows at the near one that have any. */
    struct set strange; /* Flows at the far one with data that the near one has not. */
    struct set cut;     /* Flows at the near one that were cut anew. */
};

static int find_flows(const struct match *m, struct flows *f)
{
    struct walk w = {.near = m->near, .far = m->far};
    struct run r;

    while (next_run(&w, &r)) {
        for (size_t i = 0; i < r.near_count && i < r.far_count; i++) {
            uint64_t link = (uint64_t)r.near[i].flow << 32 | r.far[i].flow;

            if (set_has(&f->links, link))
                continue;
            if (set_add(&f->links, link) != MPA_OK || set_add(&f->common, r.near[i].flow) != MPA_OK)
                return MPA_ERR_NOMEM;
        }
        for (size_t i = r.near_count; i < r.far_count; i++)
            if (r.far[i].payload && far_covered(m, &r.far[i]) &&
                set_add(&f->strange, r.far[i].flow) != MPA_OK)
                return MPA_ERR_NOMEM;
    }
    for (size_t i = 0; i < f->links.size; i++) {
        uint64_t link = f->links.slots[i] - 1;

        if (f->links.slots[i] && set_has(&f->strange, link & UINT32_MAX) &&
            set_add(&f->cut, link >> 32) != MPA_OK)
            return MPA_ERR_NOMEM;
    }
    return MPA_OK;
}

static bool has_print(const struct prints *p, uint64_t hash)
{
    size_t low = 0, high = p->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (p->at[middle].hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return low < p->count && p->at[low].hash == hash;
}

/* Whether this packet passed a vantage point beside the far one. */
static bool went_elsewhere(const struct mpa_pairs *p, const struct match *m, int dir, uint64_t hash)
{
    int far = 0;

    while (&p->vantages[p->used[far]] != m->far_vantage)
        far++;
    for (int i = 0; i < p->used_count; i++) {
        const struct vantage *v = &p->vantages[p->used[i]];

        if (i != far && v != m->near_vantage && match_of(p, i, far, dir)->parallel &&
            has_print(&v->dir[dir], hash))
            return true;
    }
    return false;
}

/* The packets of the near vantage point that the far one must have seen. */
struct losses {
    int64_t due, matched, usable, lost;
};

static void count_run(const struct match *m, const struct flows *f, const struct run *r,
                      bool elsewhere, struct losses *l)
{
    size_t missing = r->near_count > r->far_count ? r->near_count - r->far_count : 0;

    for (size_t i = r->near_count; i-- > 0;) {
        const struct print *p = &r->near[i];
        bool counts = near_covered(m, p) && set_has(&f->common, p->flow);
        bool cut = set_has(&f->cut, p->flow);

        if (counts && missing) {
            missing--;
            if (elsewhere)
                continue;
            l->lost += !cut;
        } else {
            l->matched += counts;
        }
        l->due += counts;
        l->usable += counts && !cut;
    }
}

static int count_lost(const struct mpa_pairs *p, const struct match *m, int dir, int64_t *ret)
{
    struct walk w = {.near = m->near, .far = m->far};
    struct flows f = {{0}, {0}, {0}, {0}};
    struct losses l = {0, 0, 0, 0};
    struct run r;
    int status;

    *ret = MPA_NULL;
    if (m->timed == 0)
        return MPA_OK;
    status = find_flows(m, &f);
    while (status == MPA_OK && next_run(&w, &r))
        if (r.near_count)
            count_run(m, &f, &r,
                      r.near_count > r.far_count && went_elsewhere(p, m, dir, r.near->hash), &l);
    if (l.due && l.matched * 2 >= l.due && l.usable * 2 >= l.due)
        *ret = l.lost;
    free(f.links.slots);
    free(f.common.slots);
    free(f.strange.slots);
    free(f.cut.slots);
    return status;
}

/* ---- The report ------------------------------------------------------------------------------ */

static struct mpa_rec_percentiles delays(const struct match *m, int64_t offset_ns)
{
    struct walk w = {.near = m->near, .far = m->far};
    struct mpa_rec_percentiles p = {0, MPA_NULL, MPA_NULL, MPA_NULL, MPA_NULL, MPA_NULL};
    struct mpa_samples s = {0};
    struct run r;

    while (next_run(&w, &r))
        for (size_t i = 0; i < r.near_count && r.near_count == r.far_count; i++)
            mpa_samples_add(&s, r.far[i].ns - r.near[i].ns - offset_ns);
    if (s.count)
        p = (struct mpa_rec_percentiles){.count = (int64_t)s.count,
                                         .min_ns = s.min,
                                         .p50_ns = mpa_samples_percentile(&s, 50),
                                         .p95_ns = mpa_samples_percentile(&s, 95),
                                         .p99_ns = mpa_samples_percentile(&s, 99),
                                         .max_ns = s.max};
    mpa_samples_free(&s);
    return p;
}

static int add_row(struct mpa_pairs *p, const struct match *m, int dir, int64_t offset_ns,
                   int64_t error_ns, int *count)
{
    struct mpa_rec_vantage_pair *row = &p->rows[*count];

    if (m->matched == 0 || (m->parallel && offset_ns == MPA_NULL))
        return MPA_OK;
    (*count)++;
    *row = (struct mpa_rec_vantage_pair){
        .from = (int)(m->near_vantage - p->vantages),
        .to = (int)(m->far_vantage - p->vantages),
        .matched = m->matched,
        .delay = {0, MPA_NULL, MPA_NULL, MPA_NULL, MPA_NULL, MPA_NULL},
        .clock_offset_dur_ns = offset_ns,
        .clock_error_dur_ns = error_ns};
    if (offset_ns != MPA_NULL)
        row->delay = delays(m, offset_ns);
    return count_lost(p, m, dir, &row->lost);
}

static int report_pair(struct mpa_pairs *p, int a, int b, int *count)
{
    struct match up = *match_of(p, a, b, MPA_TO_SERVER), down = *match_of(p, a, b, MPA_TO_CLIENT);
    int64_t sum, offset = MPA_NULL, error = MPA_NULL;
    int status;

    turn(&down); /* Both as if 'a' were nearer to the client. */
    if (up.timed && down.timed) {
        if (up.min_ns + down.min_ns < 0) {
            turn(&up);
            turn(&down);
        }
        sum = up.min_ns + down.min_ns;
        if (sum >= 0) { /* Otherwise neither order fits: packets overtook each other, or clocks were
                           set. */
            offset = (up.min_ns - down.min_ns) / 2;
            error = sum / 2;
        }
    } else { /* One direction: with clocks that agree, the nearer saw it first. */
        if (up.timed && up.min_ns < 0)
            turn(&up);
        if (down.timed && down.min_ns < 0)
            turn(&down);
    }
    status = add_row(p, &up, MPA_TO_SERVER, offset, error, count);
    if (status != MPA_OK)
        return status;
    return add_row(p, &down, MPA_TO_CLIENT, offset == MPA_NULL ? offset : -offset, error, count);
}

static int cmp_row(const void *x, const void *y)
{
    const struct mpa_rec_vantage_pair *a = x, *b = y;
    int c = (a->from > b->from) - (a->from < b->from);

    return c ? c : (a->to > b->to) - (a->to < b->to);
}

/* Sort the prints and compare all pairs, once. */
static int prepare(struct mpa_pairs *p)
{
    size_t n = 0;

    if (p->matches)
        return MPA_OK;
    p->used = p->used ? p->used : calloc((size_t)p->captures + 1, sizeof *p->used);
    if (!p->used)
        return MPA_ERR_NOMEM;
    p->used_count = 0;
    for (int i = 0; i < p->captures; i++) {
        struct vantage *v = &p->vantages[i];

        if (v->dir[0].count + v->dir[1].count)
            p->used[p->used_count++] = i;
        for (int dir = 0; dir < 2; dir++)
            if (v->dir[dir].count)
                qsort(v->dir[dir].at, v->dir[dir].count, sizeof(struct print), cmp_print);
    }
    n = (size_t)p->used_count;
    p->rows = p->rows ? p->rows : calloc(n * n + 1, sizeof *p->rows);
    if (!p->rows)
        return MPA_ERR_NOMEM;
    p->matches = calloc(n * n * 2 + 1, sizeof *p->matches);
    if (!p->matches)
        return MPA_ERR_NOMEM;
    for (size_t a = 0; a < n; a++)
        for (size_t b = a + 1; b < n; b++)
            for (int dir = 0; dir < 2; dir++)
                p->matches[(a * n + b) * 2 + (size_t)dir] =
                    compare(&p->vantages[p->used[a]], &p->vantages[p->used[b]], dir);
    return MPA_OK;
}

int mpa_pairs_report(struct mpa_pairs *p, const struct mpa_rec_vantage_pair **ret, int *ret_count)
{
    int count = 0, status = prepare(p);

    for (int a = 0; a < p->used_count && status == MPA_OK; a++)
        for (int b = a + 1; b < p->used_count && status == MPA_OK; b++)
            status = report_pair(p, a, b, &count);
    if (status != MPA_OK)
        return status;
    qsort(p->rows, (size_t)count, sizeof *p->rows, cmp_row);
    *ret = p->rows;
    *ret_count = count;
    return MPA_OK;
}

void mpa_pairs_free(struct mpa_pairs *p)
{
    if (!p)
        return;
    for (int i = 0; i < p->captures; i++)
        for (int dir = 0; dir < 2; dir++)
            free(p->vantages[i].dir[dir].at);
    free(p->vantages);
    free(p->used);
    free(p->matches);
    free(p->rows);
    free(p);
}
