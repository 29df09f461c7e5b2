/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What completed records show of the deployment behind each server address. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(DEPLOY_ADDRESSES == ADDRESSES_MAX, "one row for each address known by name");

struct deploy_vip *measure_deploy_vip(struct mpa_measure *m, const struct mpa_addr *addr)
{
    struct deploy *d = &m->deploy;
    const struct address *a = measure_vip_find(m, addr);
    uint16_t index = a ? (uint16_t)(a - m->vips.at) : 0;

    if (!a)
        return NULL;
    if (d->of[index])
        return &d->vips[d->of[index] - 1];
    if (!measure_grow(&d->vips, d->vip_count, &d->vip_capacity, sizeof *d->vips)) {
        measure_failed(m, MPA_ERR_NOMEM);
        return NULL;
    }
    d->vips[d->vip_count] = (struct deploy_vip){.address = index};
    d->of[index] = (uint16_t)++d->vip_count;
    return &d->vips[d->vip_count - 1];
}

static void note_break(struct deploy_vip *v, enum deploy_break kind, int64_t id)
{
    struct deploy_breaks *b = &v->breaks[kind];

    if (b->kept > 0 && b->ids[b->kept - 1] == id)
        return;
    v->view.broken[kind]++;
    if (b->kept < DEPLOY_BROKEN)
        b->ids[b->kept++] = id;
}

/* ---- Servers -------------------------------------------------------------------- */

static uint16_t hop_of(const struct mpa_measure *m, const struct mpa_rec_server *s)
{
    const struct hop *h = measure_hop_named(m, s->name);

    return h ? (uint16_t)(h - m->hops.at) : 0;
}

/* Its place in the list of the address; -1 where it is none or does not fit. */
static int add_server(const struct mpa_measure *m, struct deploy_vip *v,
                      const struct mpa_rec_server *s)
{
    uint16_t hop;
    int at = 0;

    while (at < v->server_count && strcmp(m->hops.at[v->servers[at]].name, s->name) != 0)
        at++;
    if (at < v->server_count || at == DEPLOY_SERVERS)
        return at < v->server_count ? at : -1;
    hop = hop_of(m, s);
    if (!hop)
        return -1;
    v->servers[v->server_count++] = hop;
    return at;
}

/* Known in the same way, and the first was left when the second was reached. */
static bool moved_on(const struct mpa_rec_server *a, const struct mpa_rec_server *b)
{
    return a->by == b->by && (a->last_ns <= b->first_ns || b->last_ns <= a->first_ns);
}

/* Two MACs that a flow was seen with at the same time. */
static void add_pair(struct deploy_vip *v, int a, int b, int64_t apart_ns)
{
    bool later = apart_ns > SECOND || apart_ns < -SECOND;
    uint16_t(*pairs)[DEPLOY_SERVERS] = later ? v->returned : v->together;

    if (pairs[a][b] == UINT16_MAX)
        return;
    pairs[a][b]++;
    pairs[b][a]++;
}

/*
 * The servers of a subflow to the address.  Two that are known by MAC at the same time are two hops
 * of one path, seen in two captures, or the flow went to one, to the other and back: told apart when
 * all flows are known.
 */
static void add_servers(const struct mpa_measure *m, struct deploy_vip *v,
                        const struct mpa_rec_subflow *sf)
{
    int at[MPA_REC_SERVERS_MAX];

    v->all_flows += sf->server_count > 0;
    for (int i = 0; i < sf->server_count; i++) {
        const struct mpa_rec_server *s = &sf->servers[i];

        at[i] = add_server(m, v, s);
        if (at[i] >= 0)
            v->flows[at[i]]++;
        for (int k = 0; k < i; k++) {
            const struct mpa_rec_server *t = &sf->servers[k];

            if (at[i] >= 0 && at[k] >= 0 && at[i] != at[k] && s->by == MPA_SERVER_BY_MAC &&
                t->by == MPA_SERVER_BY_MAC && !moved_on(s, t))
                add_pair(v, at[i], at[k], s->first_ns - t->first_ns);
        }
    }
}

/* Whether two subflows are known to have gone to different servers: none in common, though known in
 * the same way. */
static bool differ(const struct mpa_rec_subflow *a, const struct mpa_rec_subflow *b)
{
    bool same_way = false;

    for (int i = 0; i < a->server_count; i++)
        for (int k = 0; k < b->server_count; k++) {
            if (strcmp(a->servers[i].name, b->servers[k].name) == 0)
                return false;
            same_way |= a->servers[i].by == b->servers[k].by;
        }
    return same_way;
}

/* Packets of one flow went to one server, then to another. */
static bool has_moved(const struct mpa_rec_subflow *sf)
{
    for (int i = 1; i < sf->server_count; i++)
        for (int k = 0; k < i; k++)
            if (moved_on(&sf->servers[i], &sf->servers[k]))
                return true;
    return false;
}

static bool known_by(const struct mpa_rec_subflow *sf, enum mpa_word by)
{
    for (int i = 0; i < sf->server_count; i++)
        if (sf->servers[i].by == by)
            return true;
    return false;
}

/* ---- Joins ---------------------------------------------------------------------- */

/* The host with the key answered: the HMAC says so, or the fourth ACK. */
static bool is_reached(const struct mpa_rec_subflow *sf)
{
    return sf->join_verdict == MPA_HMAC_OK ||
           (sf->join_verdict != MPA_HMAC_BAD && sf->usable_ns != MPA_NULL);
}

static void count_join(struct deploy_joins *j, const struct mpa_rec_conn *conn,
                       const struct mpa_rec_subflow *sf, struct deploy_vip *v,
                       enum deploy_break kind)
{
    const struct mpa_rec_rst *rst = &sf->rst[MPA_TO_CLIENT];
    bool reset = rst->packets > 0;
    /* Its server may have forgotten a connection that is over: then nothing is misrouted. */
    bool alive = conn->last_data_ns != MPA_NULL && conn->last_data_ns > sf->first_ns;

    j->tried++;
    if (sf->join_verdict == MPA_HMAC_BAD) {
        j->bad++;
        note_break(v, kind, conn->id);
    } else if (is_reached(sf)) {
        j->reached++;
    } else if (reset && rst->class == MPA_RESET_MISROUTED_JOIN && alive) {
        j->misrouted++;
        note_break(v, kind, conn->id);
    } else if (reset) {
        j->refused++;
    }
}

/* A join to the VIP: do token and server belong together (D3)? */
static void see_same(const struct mpa_rec_conn *conn, const struct mpa_rec_subflow *first,
                     const struct mpa_rec_subflow *sf, struct deploy_vip *v)
{
    int64_t misrouted = v->view.same.misrouted;
    bool answered;

    count_join(&v->view.same, conn, sf, v, DEPLOY_BREAK_VIP);
    answered = is_reached(sf) || v->view.same.misrouted > misrouted;
    if (answered && !mpa_addr_eq(&sf->client.addr, &first->client.addr)) {
        v->view.foreign_tried++;
        v->view.foreign += is_reached(sf);
    }
    if (differ(first, sf)) {
        v->view.elsewhere++;
        note_break(v, DEPLOY_BREAK_VIP, conn->id);
    }
}

static void add_port(const struct mpa_measure *m, struct deploy_vip *v,
                     const struct mpa_rec_subflow *sf, uint16_t port)
{
    uint16_t hop = sf->server_count ? hop_of(m, &sf->servers[0]) : 0;

    if (!hop)
        return;
    for (int i = 0; i < v->port_count; i++)
        if (v->ports[i].server == hop) {
            if (port < v->ports[i].min)
                v->ports[i].min = port;
            if (port > v->ports[i].max)
                v->ports[i].max = port;
            return;
        }
    if (v->port_count == DEPLOY_SERVERS)
        return;
    v->ports[v->port_count].server = hop;
    v->ports[v->port_count].min = v->ports[v->port_count].max = port;
    v->port_count++;
}

/* A join to another port of the VIP (D5). */
static void see_port(const struct mpa_measure *m, const struct mpa_rec_conn *conn,
                     const struct mpa_rec_subflow *first, const struct mpa_rec_subflow *sf,
                     struct deploy_vip *v)
{
    count_join(&v->view.port, conn, sf, v, DEPLOY_BREAK_PORT);
    if (differ(first, sf))
        note_break(v, DEPLOY_BREAK_PORT, conn->id);
    add_port(m, v, sf, sf->server.port);
}

static void see_direct(const struct mpa_rec_conn *conn, const struct mpa_rec_subflow *sf,
                       struct deploy_vip *v)
{
    count_join(&v->view.direct, conn, sf, v, DEPLOY_BREAK_DIRECT);
    v->view.direct_encapsulated += known_by(sf, MPA_SERVER_BY_OUTER);
}

static void see_joins(const struct mpa_measure *m, const struct mpa_rec_conn *conn,
                      const struct mpa_rec_subflow *first, struct deploy_vip *v)
{
    bool other = false;

    for (int i = 0; i < conn->subflow_count; i++) {
        const struct mpa_rec_subflow *sf = &conn->subflows[i];

        if (sf->role != MPA_ROLE_JOIN || sf->opened_by_server)
            continue;
        if (!mpa_addr_eq(&sf->server.addr, &first->server.addr)) {
            see_direct(conn, sf, v);
            other |= is_reached(sf);
            continue;
        }
        add_servers(m, v, sf);
        if (sf->server.port == first->server.port)
            see_same(conn, first, sf, v);
        else
            see_port(m, conn, first, sf, v);
    }
    v->view.joined_other += other;
}

/* ---- Advertised addresses ------------------------------------------------------- */

static int find_unique(struct deploy_vip *v, const struct mpa_addr *addr, bool *ret_known)
{
    int at = 0;

    while (at < v->unique_count && !mpa_addr_eq(&v->uniques[at].addr, addr))
        at++;
    *ret_known = at < v->unique_count;
    if (at == DEPLOY_UNIQUES)
        return -1;
    if (!*ret_known) {
        v->uniques[at].addr = *addr;
        v->uniques[at].group = at;
        v->unique_count++;
    }
    return at;
}

/* Addresses of one connection are one server's. */
static void group_uniques(struct deploy_vip *v, int a, int b)
{
    int from = v->uniques[a].group, to = v->uniques[b].group;

    for (int i = 0; i < v->unique_count; i++)
        if (v->uniques[i].group == (from > to ? from : to))
            v->uniques[i].group = from > to ? to : from;
}

static void see_unique(struct deploy_vip *v, const struct mpa_addr *addr, int *last, bool *shared)
{
    bool known;
    int at = find_unique(v, addr, &known);

    *shared |= known;
    if (at >= 0 && *last >= 0)
        group_uniques(v, *last, at);
    if (at >= 0)
        *last = at;
}

/* Each address once, whether it was advertised, joined, or both. */
static void see_uniques(const struct mpa_rec_conn *conn, const struct mpa_addr *vip,
                        struct deploy_vip *v)
{
    struct mpa_addr seen[DEPLOY_EVIDENCE];
    int count = 0, last = -1;
    bool shared = false;

    for (int i = 0; i < conn->add_addr_count + conn->subflow_count; i++) {
        bool join = i >= conn->add_addr_count;
        const struct mpa_rec_subflow *sf = join ? &conn->subflows[i - conn->add_addr_count] : NULL;
        const struct mpa_rec_add_addr *a = join ? NULL : &conn->add_addrs[i];
        const struct mpa_addr *addr = join ? &sf->server.addr : &a->addr;
        int at = 0;

        if (mpa_addr_eq(addr, vip) ||
            (join ? sf->opened_by_server || !is_reached(sf) : !a->from_server || !a->transmissions))
            continue;
        while (at < count && !mpa_addr_eq(&seen[at], addr))
            at++;
        if (at < count || count == DEPLOY_EVIDENCE)
            continue;
        seen[count++] = *addr;
        see_unique(v, addr, &last, &shared);
    }
    v->unique_connections += count > 0;
    v->unique_shared += shared;
}

static void see_adverts(const struct mpa_rec_conn *conn, const struct mpa_rec_subflow *first,
                        struct deploy_vip *v)
{
    bool other = false, port = false;

    for (int i = 0; i < conn->add_addr_count; i++) {
        const struct mpa_rec_add_addr *a = &conn->add_addrs[i];

        if (!a->from_server || a->transmissions <= 0)
            continue;
        if (!mpa_addr_eq(&a->addr, &first->server.addr))
            other = true;
        else if (a->port != MPA_NULL && a->port != first->server.port)
            port = true;
    }
    v->view.advert_other += other;
    v->view.advert_port += port;
}

/* ---- The rest of a record ------------------------------------------------------- */

static void see_path(const struct mpa_measure *m, const struct mpa_rec_conn *conn,
                     const struct mpa_rec_subflow *first, struct deploy_vip *v)
{
    bool hit = conn->hit_count > 0, moved = has_moved(first);

    add_servers(m, v, first);
    v->view.translated += known_by(first, MPA_SERVER_BY_NAT);
    v->view.encapsulated += known_by(first, MPA_SERVER_BY_OUTER);
    for (int dir = 0; dir < 2; dir++)
        hit |= first->rst[dir].packets > 0 && first->rst[dir].class == MPA_RESET_REDIRECT;
    v->view.hit += hit;
    v->view.moved += moved;
}

static void see_identity(struct mpa_measure *m, const struct mpa_rec_conn *conn,
                         struct deploy_vip *v)
{
    if (conn->ts_identity == MPA_NULL)
        return;
    if (conn->ts_identity < 0) {
        v->view.unnamed++;
        return;
    }
    v->view.named++;
    if (conn->ts_strayed)
        note_break(v, DEPLOY_BREAK_STRAY, conn->id);
    if (conn->token_server == MPA_NULL || v->token_count == DEPLOY_TOKENS)
        return;
    if (!measure_grow(&v->tokens, v->token_count, &v->token_capacity, sizeof *v->tokens)) {
        measure_failed(m, MPA_ERR_NOMEM);
        return;
    }
    v->tokens[v->token_count++] = (struct deploy_token){
        .token = (uint32_t)conn->token_server, .name = (uint16_t)conn->ts_identity, .id = conn->id};
}

/* What a terminating proxy cannot hide: two captures of one client's connection, other keys. */
static void see_client(struct mpa_measure *m, const struct mpa_rec_conn *conn,
                       const struct mpa_rec_subflow *first, const struct deploy_vip *v)
{
    struct deploy *d = &m->deploy;

    if (m->series_count < 2 || !first->has_isn[MPA_TO_SERVER] || !first->has_isn[MPA_TO_CLIENT] ||
        conn->token_server == MPA_NULL || conn->established_ns == MPA_NULL ||
        d->client_count == DEPLOY_TOKENS)
        return;
    if (!measure_grow(&d->clients, d->client_count, &d->client_capacity, sizeof *d->clients)) {
        measure_failed(m, MPA_ERR_NOMEM);
        return;
    }
    d->clients[d->client_count++] = (struct deploy_client){.client = first->client,
                                                           .isn = first->isn[MPA_TO_SERVER],
                                                           .token = (uint32_t)conn->token_server,
                                                           .captures = conn->merge.captures,
                                                           .vip = (uint16_t)(v - d->vips)};
}

void measure_deploy_conn(struct mpa_measure *m, const struct mpa_rec_conn *conn)
{
    const struct mpa_rec_subflow *first = conn->subflow_count ? &conn->subflows[0] : NULL;
    struct deploy_vip *v;

    if (!first || first->role != MPA_ROLE_INITIAL || conn->protocol != MPA_PROTOCOL_MPTCP)
        return;
    v = measure_deploy_vip(m, &first->server.addr);
    if (!v)
        return;
    v->view.connections++;
    v->view.c_set += conn->server_denies_join == 1;
    v->view.c_clear += conn->server_denies_join == 0;
    v->view.backup += first->backup.v[MPA_TO_CLIENT] == 1;
    v->view.migrated += conn->migration.state == MPA_MIGRATION_MIGRATED;
    see_adverts(conn, first, v);
    see_uniques(conn, &first->server.addr, v);
    see_path(m, conn, first, v);
    see_joins(m, conn, first, v);
    see_identity(m, conn, v);
    see_client(m, conn, first, v);
}

/* ---- D7 ------------------------------------------------------------------------- */

static int by_client(const void *x, const void *y)
{
    const struct deploy_client *a = x, *b = y;
    int c = memcmp(&a->client.addr, &b->client.addr, sizeof a->client.addr);

    if (c == 0)
        c = (a->client.port > b->client.port) - (a->client.port < b->client.port);
    return c ? c : (a->isn > b->isn) - (a->isn < b->isn);
}

/* The same client, port and initial sequence number is the same SYN. */
void measure_deploy_clients(struct mpa_measure *m)
{
    struct deploy *d = &m->deploy;

    if (d->client_count)
        qsort(d->clients, d->client_count, sizeof *d->clients, by_client);
    for (size_t i = 1; i < d->client_count; i++) {
        const struct deploy_client *a = &d->clients[i - 1], *b = &d->clients[i];

        if (by_client(a, b) == 0 && a->token != b->token && !(a->captures & b->captures))
            d->vips[a->vip].view.proxied++;
    }
}

void measure_deploy_free(struct deploy *d)
{
    for (size_t i = 0; i < d->vip_count; i++)
        free(d->vips[i].tokens);
    for (size_t i = 0; i < d->text_count; i++)
        free(d->texts[i]);
    for (size_t i = 0; i < d->list_count; i++)
        free(d->lists[i]);
    free(d->vips);
    free(d->orphans);
    free(d->keys);
    free(d->clients);
    free(d->rows);
    free(d->texts);
    free(d->lists);
}
