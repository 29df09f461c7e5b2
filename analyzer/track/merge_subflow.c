/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Subflows of the records of one connection, united by what translation leaves alone.
 *
 * Clocks differ between vantage points, so the times that durations are made of come from one of
 * them: from the first member (they are in order) that saw most of the subflow's handshake.  Counts
 * are the largest: a vantage point can miss packets, but cannot invent them.  A round trip is
 * longest where the data enters the network, and only there it is all of it.
 */
#include "merge_internal.h"

#include <stdlib.h>
#include <string.h>

/* A subflow on its way to the merged record. */
struct united {
    struct mpa_rec_subflow sf;
    int64_t start_ns; /* First packet at the member that had it first. */
    int at;           /* Its number before sorting. */
    int last_member;  /* The last member that it was found in. */
    int from[2];      /* Member and ... */
    int index[2];     /* ... number there of the round-trip times, by direction; -1 none. */
};

/* ---- Which are the same ---------------------------------------------------------------------- */

/* 1: equal where both are known, -1: different, 0: nothing to compare. */
static int compare(const bool has_a[2], const uint32_t a[2], const bool has_b[2],
                   const uint32_t b[2])
{
    int result = 0;

    for (int dir = 0; dir < 2; dir++) {
        if (!has_a[dir] || !has_b[dir])
            continue;
        if (a[dir] != b[dir])
            return -1;
        result = 1;
    }
    return result;
}

static bool saw_syn(const struct mpa_rec_subflow *sf)
{
    return sf->syn_ns != MPA_NULL || sf->has_isn[0] || sf->has_isn[1];
}

/* How sure it is that two views show one subflow; 0 is not. */
static int likeness(const struct mpa_rec_subflow *a, const struct mpa_rec_subflow *b)
{
    int nonces = compare(a->has_nonce, a->nonce, b->has_nonce, b->nonce);
    int isns = compare(a->has_isn, a->isn, b->has_isn, b->isn);

    if (nonces != 0)
        return nonces > 0 ? 4 : 0;
    if (isns > 0)
        return 3;
    /* A connection has one initial subflow; firewalls exist that change its sequence numbers. */
    if (a->role == MPA_ROLE_INITIAL && b->role == MPA_ROLE_INITIAL && saw_syn(a) && saw_syn(b))
        return 2;
    if (isns == 0 && merge_cmp_endpoint(&a->client, &b->client) == 0 &&
        merge_cmp_endpoint(&a->server, &b->server) == 0)
        return 1;
    return 0;
}

static struct united *find(const struct merge_array *list, const struct mpa_rec_subflow *sf,
                           int member)
{
    struct united *at = list->items, *best = NULL;
    int most = 0;

    for (size_t i = 0; i < list->count; i++) {
        int like = at[i].last_member == member ? 0 : likeness(&at[i].sf, sf);

        if (like > most) {
            most = like;
            best = &at[i];
        }
    }
    return best;
}

/* ---- Uniting --------------------------------------------------------------------------------- */

static void unite_servers(struct mpa_rec_subflow *to, const struct mpa_rec_subflow *from)
{
    for (int i = 0; i < from->server_count; i++) {
        const struct mpa_rec_server *f = &from->servers[i];
        struct mpa_rec_server *t = to->servers, *end = t + to->server_count;

        while (t < end && strcmp(t->name, f->name) != 0)
            t++;
        if (t == end && to->server_count < MPA_REC_SERVERS_MAX) {
            *t = *f;
            to->server_count++;
            continue;
        }
        if (t == end) { /* Further ones count in the last. */
            t--;
            t->packets += f->packets;
        } else {
            t->packets = merge_max(t->packets, f->packets);
            if (f->by < t->by)
                t->by = f->by;
        }
        t->first_ns = merge_min(t->first_ns, f->first_ns);
        t->last_ns = merge_max(t->last_ns, f->last_ns);
    }
}

static int cmp_server(const void *x, const void *y)
{
    const struct mpa_rec_server *a = x, *b = y;
    int c = MERGE_CMP(a->first_ns, b->first_ns);

    return c ? c : strcmp(a->name, b->name);
}

static void unite_reset(struct mpa_rec_subflow *to, const struct mpa_rec_subflow *from)
{
    if (from->has_reset && !to->has_reset) {
        to->has_reset = true;
        to->reset = from->reset;
    } else if (from->has_reset && to->reset.from_server == from->reset.from_server) {
        if (from->reset.class < to->reset.class) /* In order of precedence. */
            to->reset.class = from->reset.class;
        if (to->reset.reason == MPA_NULL) {
            to->reset.reason = from->reset.reason;
            to->reset.transient = from->reset.transient;
        }
    }
    for (int dir = 0; dir < 2; dir++) {
        const struct mpa_rec_rst *f = &from->rst[dir];
        struct mpa_rec_rst *t = &to->rst[dir];

        if (f->packets <= 0)
            continue;
        if (t->packets <= 0) {
            *t = *f;
            continue;
        }
        t->packets = merge_max(t->packets, f->packets);
        if (f->class < t->class)
            t->class = f->class;
    }
}

static void unite_identity(struct mpa_rec_subflow *to, const struct mpa_rec_subflow *from)
{
    for (int dir = 0; dir < 2; dir++) {
        if (!to->has_isn[dir] && from->has_isn[dir])
            to->isn[dir] = from->isn[dir];
        if (!to->has_nonce[dir] && from->has_nonce[dir])
            to->nonce[dir] = from->nonce[dir];
        to->has_isn[dir] |= from->has_isn[dir];
        to->has_nonce[dir] |= from->has_nonce[dir];
    }
    if (!to->has_join_token && from->has_join_token) {
        to->join_token = from->join_token;
        to->opened_by_server = from->opened_by_server;
        to->has_join_token = true;
    }
    /* A wrong HMAC may have become wrong on the way there: what one saw right is right. */
    if (from->join_verdict == MPA_HMAC_OK || to->join_verdict == MPA_HMAC_NONE ||
        (from->join_verdict == MPA_HMAC_BAD && to->join_verdict == MPA_HMAC_UNVERIFIABLE))
        to->join_verdict = from->join_verdict;
    if (!to->has_join_hmac && from->has_join_hmac) {
        memcpy(to->join_hmac, from->join_hmac, sizeof to->join_hmac);
        to->has_join_hmac = true;
    }
    /* A join that one vantage point saw from its middle only looks like a connection of its own
     * there. */
    if (from->role == MPA_ROLE_JOIN)
        to->role = MPA_ROLE_JOIN;
}

static int known_times(const struct mpa_rec_subflow *sf)
{
    return (sf->syn_ns != MPA_NULL) + (sf->established_ns != MPA_NULL) +
           (sf->usable_ns != MPA_NULL);
}

static void max_both(struct mpa_both *to, const struct mpa_both *from)
{
    for (int dir = 0; dir < 2; dir++)
        to->v[dir] = merge_max(to->v[dir], from->v[dir]);
}

static void unite_counts(struct mpa_rec_subflow *to, const struct mpa_rec_subflow *from)
{
    if (known_times(from) > known_times(to)) {
        to->syn_ns = from->syn_ns;
        to->established_ns = from->established_ns;
        to->usable_ns = from->usable_ns;
        to->vantage = from->vantage;
    }
    to->first_ns = merge_min(to->first_ns, from->first_ns);
    to->last_ns = merge_max(to->last_ns, from->last_ns);
    for (int dir = 0; dir < 2; dir++)
        if (to->backup.v[dir] == MPA_NULL)
            to->backup.v[dir] = from->backup.v[dir];
    max_both(&to->packets, &from->packets);
    max_both(&to->bytes, &from->bytes);
    max_both(&to->retransmitted_bytes, &from->retransmitted_bytes);
    max_both(&to->reinjected_bytes, &from->reinjected_bytes);
    to->syn_retransmissions = merge_max(to->syn_retransmissions, from->syn_retransmissions);
    to->icmp_errors = merge_max(to->icmp_errors, from->icmp_errors);
    to->icmp_too_big_astray = merge_max(to->icmp_too_big_astray, from->icmp_too_big_astray);
}

static void unite(struct united *u, const struct mpa_rec_subflow *sf, int member, int index)
{
    for (int dir = 0; dir < 2; dir++) {
        const struct mpa_rec_percentiles *f = &sf->rtt[dir], *t = &u->sf.rtt[dir];

        if (f->count == 0 || (t->count && (f->p50_ns < t->p50_ns ||
                                           (f->p50_ns == t->p50_ns && f->count <= t->count))))
            continue;
        u->sf.rtt[dir] = *f;
        u->from[dir] = member;
        u->index[dir] = index;
    }
    unite_counts(&u->sf, sf);
    unite_identity(&u->sf, sf);
    unite_servers(&u->sf, sf);
    unite_reset(&u->sf, sf);
    u->last_member = member;
}

static int add(struct merge_array *list, const struct mpa_rec_subflow *sf, int member, int index)
{
    struct united *u = merge_push(list, sizeof *u);

    if (!u)
        return MPA_ERR_NOMEM;
    *u = (struct united){.sf = *sf,
                         .start_ns = sf->first_ns,
                         .at = (int)list->count - 1,
                         .last_member = member,
                         .from = {member, member},
                         .index = {index, index}};
    return MPA_OK;
}

/* ---- The samples behind the percentiles ------------------------------------------------------ */

static void set_percentiles(struct mpa_rec_percentiles *p, struct mpa_samples *s)
{
    *p = (struct mpa_rec_percentiles){.count = (int64_t)s->count,
                                      .min_ns = s->min,
                                      .p50_ns = mpa_samples_percentile(s, 50),
                                      .p95_ns = mpa_samples_percentile(s, 95),
                                      .p99_ns = mpa_samples_percentile(s, 99),
                                      .max_ns = s->max};
}

static bool apart_in_time(const struct mpa_rec_subflow *a, const struct mpa_rec_subflow *b)
{
    return a->last_ns < b->first_ns || b->last_ns < a->first_ns;
}

/* Shards that hold one subflow at different times: their samples add up. */
static void add_samples(const struct merge_member *members, int count, const struct united *u,
                        int to_id, int dir, struct mpa_samples *s, struct mpa_rec_subflow *out)
{
    const struct mpa_rec_subflow *chosen = &members[u->from[dir]].rec->subflows[u->index[dir]];

    for (int k = 0; k < count; k++) {
        const struct mpa_rec_conn *r = members[k].rec;

        for (int i = 0; i < r->subflow_count; i++) {
            if (k == u->from[dir] || members[k].map[i] != to_id || !r->merge.rtt[dir] ||
                !r->merge.rtt[dir][i].count || !apart_in_time(chosen, &r->subflows[i]))
                continue;
            mpa_samples_merge(s, &r->merge.rtt[dir][i]);
            set_percentiles(&out->rtt[dir], s);
        }
    }
}

static int take_samples(struct merge_member *members, int count, const struct united *list,
                        struct mpa_rec_conn *out)
{
    for (int dir = 0; dir < 2; dir++) {
        bool any = false;

        for (int k = 0; k < count; k++)
            any |= members[k].rec->merge.rtt[dir] != NULL;
        if (!any)
            continue;
        out->merge.rtt[dir] = calloc((size_t)out->subflow_count + 1, sizeof(struct mpa_samples));
        if (!out->merge.rtt[dir])
            return MPA_ERR_NOMEM;
        for (int i = 0; i < out->subflow_count; i++) {
            const struct united *u = &list[i];
            struct mpa_samples *from = members[u->from[dir]].rec->merge.rtt[dir];

            if (!from)
                continue;
            out->merge.rtt[dir][i] = from[u->index[dir]];
            from[u->index[dir]] = (struct mpa_samples){0};
            add_samples(members, count, u, i, dir, &out->merge.rtt[dir][i], &out->subflows[i]);
        }
    }
    return MPA_OK;
}

/* ---- All of it ------------------------------------------------------------------------------- */

static int cmp_united(const void *x, const void *y)
{
    const struct united *a = x, *b = y;
    int c = MERGE_CMP(a->sf.role != MPA_ROLE_INITIAL, b->sf.role != MPA_ROLE_INITIAL);

    c = c ? c : MERGE_CMP(a->start_ns, b->start_ns);
    c = c ? c : merge_cmp_endpoint(&a->sf.client, &b->sf.client);
    c = c ? c : merge_cmp_endpoint(&a->sf.server, &b->sf.server);
    return c ? c : MERGE_CMP(a->at, b->at);
}

static int collect(struct merge_member *members, int count, struct merge_array *list)
{
    for (int k = 0; k < count; k++)
        for (int i = 0; i < members[k].rec->subflow_count; i++) {
            const struct mpa_rec_subflow *sf = &members[k].rec->subflows[i];
            struct united *u = find(list, sf, k);

            if (u) {
                members[k].map[i] = u->at;
                unite(u, sf, k, i);
            } else {
                members[k].map[i] = (int)list->count;
                if (add(list, sf, k, i) != MPA_OK)
                    return MPA_ERR_NOMEM;
            }
        }
    return MPA_OK;
}

/* Sort, number, and tell the members their new numbers. */
static int arrange(struct merge_member *members, int count, struct merge_array *list,
                   struct mpa_rec_conn *out)
{
    struct united *u = list->items;
    int *place = calloc(list->count + 1, sizeof *place);

    out->subflows = calloc(list->count + 1, sizeof *out->subflows);
    if (!place || !out->subflows) {
        free(place);
        return MPA_ERR_NOMEM;
    }
    if (list->count)
        qsort(u, list->count, sizeof *u, cmp_united);
    for (size_t i = 0; i < list->count; i++) {
        place[u[i].at] = (int)i;
        qsort(u[i].sf.servers, (size_t)u[i].sf.server_count, sizeof *u[i].sf.servers, cmp_server);
        u[i].sf.id = (int64_t)i;
        out->subflows[i] = u[i].sf;
    }
    out->subflow_count = (int)list->count;
    for (int k = 0; k < count; k++) {
        for (int i = 0; i < members[k].rec->subflow_count; i++)
            members[k].map[i] = place[members[k].map[i]];
        members[k].complete = members[k].rec->subflow_count == out->subflow_count;
    }
    free(place);
    return MPA_OK;
}

int merge_subflows(struct merge_member *members, int count, struct mpa_rec_conn *out)
{
    struct merge_array list = {0};
    int status = collect(members, count, &list);

    if (status == MPA_OK)
        status = arrange(members, count, &list, out);
    if (status == MPA_OK)
        status = take_samples(members, count, list.items, out);
    free(list.items);
    return status;
}
