/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Churn events: those of the log, or inferred from when flows were hit or changed their server
 * (protocol reference D.6, D.11).
 *
 * Inferred: hits and changes less than a second apart are a cluster.  A cluster of at least three
 * that stands out (mean and three standard deviations of the quieter half of the seconds) is an
 * event; in one that lasts longer, each second that stands out against the second before is one.
 *
 * A hit belongs to the latest event before it, up to a minute: a flow notices when its client next
 * sends.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#define CLUSTER_GAP_NS  SECOND
#define CLUSTER_LONG_NS (5 * SECOND)
#define CLUSTER_LEAST   3
#define LOG_SLACK_NS    (20 * MILLI) /* The log may be written a little after the change. */
#define REACH_NS        (60 * SECOND)
#define SAME_NS         (5 * SECOND) /* One change, its RST, and both seen elsewhere. */
#define EVENTS_MAX      4096         /* Inferred. */
#define SPAN_MAX_NS                                                                                \
    (10000000 *                                                                                    \
     SECOND) /* A counter for each second: more than three months are not inferred over. */

static uint64_t flow_of(const struct mpa_endpoint *client)
{
    uint64_t h = (client->addr.q[0] ^ client->port) * 0xff51afd7ed558ccdu;

    h = (h ^ h >> 32 ^ client->addr.q[1]) * 0xc4ceb9fe1a85ec53u;
    return h ^ h >> 29;
}

static void add_point(struct mpa_measure *m, const struct mpa_rec_subflow *sf, int64_t ns,
                      int64_t flows_live)
{
    struct address *a = measure_vip_find(m, &sf->server.addr);

    if (!measure_grow(&m->points, m->point_count, &m->point_capacity, sizeof *m->points)) {
        measure_failed(m, MPA_ERR_NOMEM);
        return;
    }
    m->points[m->point_count++] =
        (struct point){.ns = ns,
                       .flow = flow_of(&sf->client),
                       .flows_live = (uint32_t)flows_live,
                       .address = a ? (uint16_t)(a - m->vips.at) : ADDRESS_OTHER};
}

/* Changes of server only as a rare thing: a flow whose packets alternate is balanced by packet, not
 * redirected. */
static bool was_moved(const struct mpa_rec_subflow *sf)
{
    return sf->server_count > 1 && sf->server_count < MPA_REC_SERVERS_MAX;
}

void measure_churn_conn(struct mpa_measure *m, const struct mpa_rec_conn *conn)
{
    if (m->config.churn_count)
        return;
    for (int i = 0; i < conn->hit_count; i++)
        for (int k = 0; k < conn->subflow_count; k++)
            if (conn->subflows[k].id == conn->hits[i].subflow)
                add_point(m, &conn->subflows[k], conn->hits[i].ns, conn->hits[i].flows_live);
    for (int k = 0; k < conn->subflow_count; k++) {
        const struct mpa_rec_subflow *sf = &conn->subflows[k];

        for (int i = 1; was_moved(sf) && i < sf->server_count; i++)
            add_point(m, sf, sf->servers[i].first_ns, 0);
    }
}

/* ---- Inferring ------------------------------------------------------------------ */

static int by_number(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* What exceeds mean and three standard deviations of the quieter half of the seconds; at least
 * CLUSTER_LEAST. */
static double stand_out(const uint32_t *seconds, size_t count)
{
    uint32_t *sorted = malloc(count * sizeof *sorted);
    size_t half = (count + 1) / 2;
    double sum = 0, squares = 0, mean, level;

    if (!sorted)
        return CLUSTER_LEAST;
    memcpy(sorted, seconds, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_number);
    for (size_t i = 0; i < half; i++) {
        sum += sorted[i];
        squares += (double)sorted[i] * sorted[i];
    }
    free(sorted);
    mean = sum / (double)half;
    level = floor(mean + 3 * sqrt(fmax(squares / (double)half - mean * mean, 0))) + 1;
    return level < CLUSTER_LEAST ? CLUSTER_LEAST : level;
}

/* A long cluster: its beginning, then each second that stands out against the one before. */
static int split(const struct point *points, size_t count, const uint32_t *seconds,
                 int64_t first_ns, double level, int64_t *ret, int max)
{
    int n = 0;

    for (size_t i = 0; i < count && n < max; i++) {
        int64_t second = (points[i].ns - first_ns) / SECOND;
        uint32_t before = second ? seconds[second - 1] : 0;

        if (i > 0 && (points[i - 1].ns - first_ns) / SECOND == second)
            continue;
        if (seconds[second] >= level && seconds[second] > 2 * before)
            ret[n++] = points[i].ns;
    }
    return n;
}

static int one_cluster(const struct point *points, size_t count, const uint32_t *seconds,
                       int64_t first_ns, double level, int64_t *ret, int max)
{
    if (count < CLUSTER_LEAST || max == 0)
        return 0;
    if (points[count - 1].ns - points[0].ns > CLUSTER_LONG_NS)
        return split(points, count, seconds, first_ns, level, ret, max);
    if ((double)count < level)
        return 0;
    ret[0] = points[0].ns;
    return 1;
}

int measure_churn_cluster(const struct point *points, size_t count, int64_t first_ns,
                          int64_t last_ns, int64_t *ret, int max)
{
    size_t second_count, start = 0;
    uint32_t *seconds;
    double level;
    int n = 0;

    if (count < CLUSTER_LEAST)
        return 0;
    if (first_ns > points[0].ns || last_ns - first_ns > SPAN_MAX_NS)
        first_ns = points[0].ns;
    if (last_ns < points[count - 1].ns || last_ns - first_ns > SPAN_MAX_NS)
        last_ns = points[count - 1].ns;
    if (last_ns - first_ns > SPAN_MAX_NS)
        return 0;
    second_count = (size_t)((last_ns - first_ns) / SECOND) + 1;
    seconds = calloc(second_count, sizeof *seconds);
    if (!seconds)
        return 0;
    for (size_t i = 0; i < count; i++)
        seconds[(points[i].ns - first_ns) / SECOND]++;
    level = stand_out(seconds, second_count);
    for (size_t i = 1; i <= count; i++) {
        if (i < count && points[i].ns - points[i - 1].ns <= CLUSTER_GAP_NS)
            continue;
        n += one_cluster(points + start, i - start, seconds, first_ns, level, ret + n, max - n);
        start = i;
    }
    free(seconds);
    return n;
}

static int by_flow(const void *a, const void *b)
{
    const struct point *x = a, *y = b;

    if (x->flow != y->flow)
        return x->flow < y->flow ? -1 : 1;
    return (x->ns > y->ns) - (x->ns < y->ns);
}

static int by_time(const void *a, const void *b)
{
    const struct point *x = a, *y = b;

    return (x->ns > y->ns) - (x->ns < y->ns);
}

/* One point for what happened to one flow, seen as a change, as an RST, and at several vantage
 * points; then in order of time. */
static void tidy_points(struct mpa_measure *m)
{
    size_t kept = 0;

    if (m->point_count == 0)
        return;
    qsort(m->points, m->point_count, sizeof *m->points, by_flow);
    for (size_t i = 0; i < m->point_count; i++) {
        struct point *p = &m->points[i];

        if (kept && m->points[kept - 1].flow == p->flow &&
            p->ns - m->points[kept - 1].ns < SAME_NS) {
            if (p->flows_live > m->points[kept - 1].flows_live)
                m->points[kept - 1].flows_live = p->flows_live;
            continue;
        }
        m->points[kept++] = *p;
    }
    m->point_count = kept;
    qsort(m->points, m->point_count, sizeof *m->points, by_time);
}

static struct churn_event *new_event(struct mpa_measure *m, int64_t ns, int line)
{
    if (!measure_grow(&m->events, m->event_count, &m->event_capacity, sizeof *m->events)) {
        measure_failed(m, MPA_ERR_NOMEM);
        return NULL;
    }
    m->events[m->event_count] = (struct churn_event){.ns = ns, .line = line};
    return &m->events[m->event_count++];
}

/* The first point at or after 'ns'; they are in order of time. */
static size_t first_point(const struct mpa_measure *m, int64_t ns)
{
    size_t low = 0, high = m->point_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (m->points[middle].ns < ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Flows that lived when the event's first flow was hit, by address. */
static int64_t live_at(const struct mpa_measure *m, int64_t ns, int64_t until_ns)
{
    uint32_t *live = calloc(ADDRESSES_MAX, sizeof *live);
    int64_t sum = 0;

    for (size_t i = first_point(m, ns); live && i < m->point_count; i++) {
        const struct point *p = &m->points[i];

        if (p->ns >= until_ns)
            break;
        if (p->flows_live > live[p->address])
            live[p->address] = p->flows_live;
    }
    for (int i = 0; live && i < ADDRESSES_MAX; i++)
        sum += live[i];
    free(live);
    return sum;
}

static void infer(struct mpa_measure *m)
{
    int64_t *found = malloc(EVENTS_MAX * sizeof *found);
    int count;

    if (!found) {
        measure_failed(m, MPA_ERR_NOMEM);
        return;
    }
    tidy_points(m);
    count =
        measure_churn_cluster(m->points, m->point_count, m->first_ns, m->now_ns, found, EVENTS_MAX);
    for (int i = 0; i < count; i++) {
        struct churn_event *e = new_event(m, found[i], -1);

        if (e)
            e->flows_live = live_at(m, found[i], found[i] + CLUSTER_GAP_NS);
    }
    free(found);
}

/* Vantage points that see other parts of the traffic add up; one that sees more than another does
 * not. */
static int64_t live_at_line(const struct mpa_measure *m, uint32_t line)
{
    int64_t most = 0;

    for (uint16_t series = 0; series < m->series_count; series++) {
        int64_t sum = 0;

        for (size_t i = 0; i < m->vips.snapshot_count; i++) {
            const struct snapshot *s = &m->vips.snapshots[i];

            if (s->mark == line && s->series == series &&
                measure_vip_is(m, &m->vips.at[s->address].addr))
                sum += s->live;
        }
        if (sum > most)
            most = sum;
    }
    return most;
}

void measure_churn_decide(struct mpa_measure *m)
{
    m->event_count = 0;
    if (m->config.churn_count == 0) {
        infer(m);
        return;
    }
    for (int i = 0; i < m->config.churn_count; i++) {
        struct churn_event *e = new_event(m, m->config.churn[i].ns, i);

        if (e)
            e->flows_live = live_at_line(m, (uint32_t)i);
    }
}

/* ---- Completing ----------------------------------------------------------------- */

/* The event that something at 'ns' belongs to; -1 none. */
static int event_at(const struct mpa_measure *m, int64_t ns)
{
    int64_t slack = m->config.churn_count ? LOG_SLACK_NS : 0;
    size_t low = 0, high = m->event_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (m->events[middle].ns - slack <= ns)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || ns - m->events[low - 1].ns > REACH_NS)
        return -1;
    return (int)low - 1;
}

/* The name of the server that held a flow: seen before the change, or known by the unique address
 * that the connection was told. */
static const char *old_server(const struct mpa_measure *m, const struct mpa_rec_conn *conn,
                              const struct mpa_rec_subflow *sf, int stint,
                              char ret_text[MPA_ADDR_TEXT])
{
    const struct mpa_addr *unique = NULL;
    const struct mpa_server *s;

    if (stint > 0)
        return sf->servers[stint - 1].name;
    if (sf->server_count)
        return sf->servers[0].name;
    for (int i = 0; i < conn->subflow_count && !unique; i++)
        if (conn->subflows[i].role == MPA_ROLE_JOIN && conn->subflows[i].on_vip == 0 &&
            conn->subflows[i].usable_ns != MPA_NULL)
            unique = &conn->subflows[i].server.addr;
    for (int i = 0; i < conn->add_addr_count && !unique; i++)
        if (conn->add_addrs[i].from_server)
            unique = &conn->add_addrs[i].addr;
    if (!unique)
        return NULL;
    s = measure_server_unique(m, unique);
    return s ? s->name : mpa_addr_text(unique, ret_text);
}

/* Whether the log's 'written' (a name or an address) means the server called 'name'. */
static bool same_server(const struct mpa_measure *m, const char *written, const char *name)
{
    char text[MPA_ADDR_TEXT];

    if (strcmp(written, name) == 0)
        return true;
    for (int i = 0; i < m->config.server_count; i++) {
        const struct mpa_server *s = &m->config.servers[i];

        if (strcmp(s->name, name) != 0)
            continue;
        if (s->has_unique && strcmp(mpa_addr_text(&s->unique_address, text), written) == 0)
            return true;
        if (s->has_outer && strcmp(mpa_addr_text(&s->outer_address, text), written) == 0)
            return true;
    }
    return false;
}

/* A flow changed its server at event 'e'; 'old' may be NULL. */
static void count_moved(struct mpa_measure *m, struct churn_event *e, const char *old)
{
    const struct mpa_churn_line *line = e->line >= 0 ? &m->config.churn[e->line] : NULL;
    const struct hop *h;

    e->flows_moved++;
    if (line && !line->remove) {
        e->needless++; /* Nobody left. */
    } else if (!old) {
        e->unknown++;
    } else if (line) {
        h = measure_hop_named(m, old);
        if (same_server(m, line->server, old))
            e->at_removed++;
        else if (h && h->named)
            e->needless++;
        else
            e->unknown++; /* A MAC that nobody named may be the removed server's. */
    } else {
        /* Nobody said who left: a server that is out of the pool still gets packets at its unique address. */
        e->unknown++;
    }
}

static void complete_subflow(struct mpa_measure *m, const struct mpa_rec_conn *conn,
                             const struct mpa_rec_subflow *sf)
{
    char text[MPA_ADDR_TEXT];
    int last = -1, at;

    for (int i = 1; was_moved(sf) && i < sf->server_count; i++) {
        at = event_at(m, sf->servers[i].first_ns);
        if (at >= 0 && at != last)
            count_moved(m, &m->events[at], old_server(m, conn, sf, i, text));
        if (at >= 0)
            last = at;
    }
    if (sf->rst[MPA_TO_CLIENT].packets == 0 || sf->rst[MPA_TO_CLIENT].class != MPA_RESET_REDIRECT)
        return;
    at = event_at(m, sf->rst[MPA_TO_CLIENT].ns);
    if (at < 0)
        return;
    m->events[at].reset_events++;
    /* Where the servers are seen, a flow that stayed was not moved: its server forgot it. */
    if (sf->server_count == 0)
        count_moved(m, &m->events[at], old_server(m, conn, sf, 0, text));
}

void measure_churn_complete(struct mpa_measure *m, struct mpa_rec_conn *conn)
{
    int64_t failed = -1;

    for (int i = 0; i < conn->hit_count; i++)
        failed = conn->hits[i].churn_event = event_at(m, conn->hits[i].ns);
    if (failed >= 0 && conn->outcome == MPA_OUTCOME_FAILED)
        m->events[failed].failed++;
    for (int i = 0; i < conn->subflow_count; i++)
        if (conn->subflows[i].on_vip != 0)
            complete_subflow(m, conn, &conn->subflows[i]);
}

int measure_churn_report(struct mpa_measure *m, struct mpa_rec_report *ret)
{
    struct mpa_rec_churn_event *events = calloc(m->event_count + 1, sizeof *events);

    if (!events)
        return MPA_ERR_NOMEM;
    free(m->rec_events);
    m->rec_events = events;
    for (size_t i = 0; i < m->event_count; i++) {
        const struct churn_event *e = &m->events[i];
        const struct mpa_churn_line *line = e->line >= 0 ? &m->config.churn[e->line] : NULL;

        events[i] = (struct mpa_rec_churn_event){
            .ns = e->ns,
            .action = !line          ? "unknown"
                      : line->remove ? "remove"
                                     : "add",
            .server = line ? line->server : NULL,
            .source = line ? MPA_CHURN_SOURCE_LOG : MPA_CHURN_SOURCE_INFERRED,
            .flows_live = e->flows_live,
            .flows_moved = e->flows_moved,
            .moved_needlessly = e->unknown ? MPA_NULL : e->needless,
            .moved_at_removed = e->unknown ? MPA_NULL : e->at_removed,
            .reset_events = e->reset_events,
            .failed = e->failed,
        };
    }
    ret->churn.events = events;
    ret->churn.event_count = (int)m->event_count;
    return MPA_OK;
}
