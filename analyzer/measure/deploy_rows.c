/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said of a deployment: a row for each server address, with counts as sentences. */
#include "internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const modes[] = {
    [DEPLOY_NONE] = NULL,        [DEPLOY_D0] = "D0", [DEPLOY_D1] = "D1", [DEPLOY_D2] = "D2",
    [DEPLOY_D1_OR_D2] = "D1/D2", [DEPLOY_D3] = "D3", [DEPLOY_D4] = "D4", [DEPLOY_D5] = "D5",
    [DEPLOY_D6] = "D6",          [DEPLOY_D7] = "D7",
};

static const char *const confidences[] = {
    [DEPLOY_LOW] = "low", [DEPLOY_MEDIUM] = "medium", [DEPLOY_HIGH] = "high"};

/* Sentences of one row; a failure of memory is kept by the measure. */
struct evidence {
    struct mpa_measure *m;
    const char *texts[DEPLOY_EVIDENCE];
    int count;
};

static void say(struct evidence *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct evidence *e, const char *format, ...)
{
    struct deploy *d = &e->m->deploy;
    char text[256], *copy;
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (e->count == DEPLOY_EVIDENCE)
        return;
    copy = strdup(text);
    if (!copy || !measure_grow(&d->texts, d->text_count, &d->text_capacity, sizeof *d->texts)) {
        free(copy);
        measure_failed(e->m, MPA_ERR_NOMEM);
        return;
    }
    d->texts[d->text_count++] = copy;
    e->texts[e->count++] = copy;
}

#define LL(n) ((long long)(n))
/* "1 connection", "2 connections". */
#define COUNTED(n, noun) LL(n), (n) == 1 ? noun : noun "s"
#define WERE(n)          ((n) == 1 ? "was" : "were")

/* "2 of 3 joins to WHERE reached the host with the key", and what became of the others. */
static void say_joins(struct evidence *e, const struct deploy_joins *j, const char *where)
{
    if (j->tried == 0)
        return;
    say(e, "%lld of %lld %s to %s reached the host with the key", LL(j->reached),
        COUNTED(j->tried, "join"), where);
    if (j->misrouted)
        say(e, "%lld %s to %s reached a host that does not know the token",
            COUNTED(j->misrouted, "join"), where);
    if (j->bad)
        say(e, "%lld %s to %s showed a wrong HMAC", COUNTED(j->bad, "join"), where);
    if (j->refused)
        say(e, "%lld %s to %s %s reset", COUNTED(j->refused, "join"), where, WERE(j->refused));
}

/* How the servers behind the address show. */
static void say_servers(struct evidence *e, const struct deploy_view *v)
{
    if (v->translated)
        say(e, "a balancer translates: %lld of %lld %s %s seen before and after it",
            LL(v->translated), COUNTED(v->connections, "connection"), WERE(v->translated));
    if (v->encapsulated)
        say(e, "packets of %lld of %lld %s to this address were seen in a tunnel",
            LL(v->encapsulated), COUNTED(v->connections, "connection"));
    if (v->one_way)
        say(e, "one capture holds packets to this address and none from it: servers answer "
               "directly");
    if (v->servers > 1)
        say(e, "%s%d physical servers were seen behind this address",
            v->servers == DEPLOY_SERVERS ? "at least " : "", v->servers);
    if (v->hit)
        say(e, "%lld %s %s reset by a server without %s state", COUNTED(v->hit, "connection"),
            WERE(v->hit), v->hit == 1 ? "its" : "their");
    if (v->moved)
        say(e, "%s%lld %s to this address changed the server", v->moved_more ? "at least " : "",
            COUNTED(v->moved, "flow"));
    if (v->split)
        say(e, "%lld %s %s answered by two servers", COUNTED(v->split, "handshake"),
            WERE(v->split));
}

static void say_balanced(struct evidence *e, const struct deploy_vip *vip,
                         const struct deploy_verdict *verdict)
{
    const struct deploy_view *v = &vip->view;

    say(e, "%lld of %lld %s %s told of another address", LL(v->advert_other),
        COUNTED(v->connections, "connection"), WERE(v->advert_other));
    if (v->backup)
        say(e, "the server asked for the first subflow to be a backup in %lld of them",
            LL(v->backup));
    say(e, "%lld of %lld %s joined another address, %lld left this one", LL(v->joined_other),
        COUNTED(v->connections, "connection"), LL(v->migrated));
    if (v->own_uniques)
        say(e, "each connection has a unique address of its own");
    else if (v->groups > 1)
        say(e, "%s%d servers by their unique addresses",
            vip->unique_count == DEPLOY_UNIQUES ? "at least " : "", v->groups);
    else if (v->groups == 1 && v->servers < 2 && !v->hit)
        say(e, "only one server shows: one host with two addresses that sets C looks the same");
    if (verdict->mode == DEPLOY_D2 && verdict->confidence != DEPLOY_HIGH)
        say(e,
            "a balancer that sends flows to other servers when its group changes looks the same");
}

static void say_named(struct evidence *e, const struct deploy_view *v)
{
    say(e,
        "the low 12 bits of the server's timestamps are constant in %lld of %lld %s that are "
        "long enough to tell",
        LL(v->named), COUNTED(v->named + v->unnamed, "connection"));
    say(e, "%d %s", v->names, v->names == 1 ? "identity" : "identities");
    if (v->names > 1 && v->strays == 0)
        say(e, "tokens of each identity are one range (chance would do this once in 2^%d)",
            (int)v->bits);
    if (v->strays)
        say(e, "%lld %s a token outside of the range of its identity", LL(v->strays),
            v->strays == 1 ? "connection has" : "connections have");
    if (v->broken[DEPLOY_BREAK_STRAY])
        say(e, "%lld %s a subflow with another identity", LL(v->broken[DEPLOY_BREAK_STRAY]),
            v->broken[DEPLOY_BREAK_STRAY] == 1 ? "connection has" : "connections have");
}

static void say_ports(struct evidence *e, const struct deploy_view *v)
{
    say(e, "%lld of %lld %s %s told of this address with another port", LL(v->advert_port),
        COUNTED(v->connections, "connection"), WERE(v->advert_port));
    say_joins(e, &v->port, "an advertised port");
    if (v->ranges > 1)
        say(e, "the ports of %d servers %s", v->ranges,
            v->ranges_apart ? "are ranges apart from each other" : "overlap");
}

static void say_token_aware(struct evidence *e, const struct deploy_view *v)
{
    say(e, "%lld of %lld %s from other addresses of the client reached the host with the key",
        LL(v->foreign), COUNTED(v->foreign_tried, "join"));
    if (v->elsewhere)
        say(e, "%lld %s went to another server than the connection's",
            COUNTED(v->elsewhere, "join"));
}

/* Servers that do not know each other's connections, and let clients join the address that they share. */
static bool lacks_c(const struct deploy_view *v, const struct deploy_verdict *verdict)
{
    return verdict->mode == DEPLOY_D0 && (v->same.misrouted || v->elsewhere);
}

static void say_all(struct evidence *e, const struct deploy_vip *vip,
                    const struct deploy_verdict *verdict)
{
    const struct deploy_view *v = &vip->view;

    if (v->c_set + v->c_clear)
        say(e, "C is set in %lld of %lld %s", LL(v->c_set),
            COUNTED(v->c_set + v->c_clear, "connection"));
    if (verdict->mode == DEPLOY_D7)
        say(e, "%lld %s one to the client by port and sequence number, and differ in their keys",
            LL(v->proxied),
            v->proxied == 1 ? "pair of connections is" : "pairs of connections are");
    if (verdict->mode == DEPLOY_D6)
        say(e, "%lld %s a token that is no hash of the key, and a correct HMAC", LL(v->underived),
            v->underived == 1 ? "join has" : "joins have");
    if (verdict->mode == DEPLOY_D5)
        say_ports(e, v);
    if (v->named)
        say_named(e, v);
    if (v->advert_other || v->joined_other)
        say_balanced(e, vip, verdict);
    say_joins(e, &v->direct, "a unique address");
    say_joins(e, &v->same, "this address and port");
    if (verdict->mode == DEPLOY_D3)
        say_token_aware(e, v);
    if (verdict->mode == DEPLOY_D0 && v->foreign && !v->broken[DEPLOY_BREAK_VIP])
        say(e, "a balancer that knows tokens looks the same where servers cannot be told apart");
    say_servers(e, v);
    if (lacks_c(v, verdict))
        say(e, "the servers behind this address must set C: joins to it reach any of them");
}

/* ---- In words -------------------------------------------------------------------- */

#define LEFT     "left by unique addresses"
#define JOINED   "joined at unique addresses"
#define TOLD     "with other addresses advertised"
#define NO_WAY   "with no other address advertised"
#define ONE_HOST "or one host with two addresses"

/* How far connections came from an address that forbids joins to it. */
enum way { WAY_LEFT, WAY_JOINED, WAY_TOLD, WAY_NONE, WAYS };

static enum way way_of(const struct deploy_view *v)
{
    return v->migrated       ? WAY_LEFT
           : v->joined_other ? WAY_JOINED
           : v->advert_other ? WAY_TOLD
                             : WAY_NONE;
}

/* The mode in words: of D1 and D2 those that were seen. */
static const char *what_of(const struct deploy_view *v, enum deploy_mode mode)
{
    static const char *const ways[][WAYS] = {
        [DEPLOY_D1] = {"a balancer, " LEFT, "a balancer, " JOINED, "a balancer, " TOLD,
                       "a balancer, " NO_WAY},
        [DEPLOY_D2] = {"anycast, " LEFT, "anycast, " JOINED, "anycast, " TOLD, "anycast, " NO_WAY},
        [DEPLOY_D1_OR_D2] = {"a balancer or anycast, " LEFT, "a balancer or anycast, " JOINED,
                             "a balancer or anycast, " TOLD, "a balancer or anycast, " NO_WAY},
    };
    static const char *const plain[] = {
        [DEPLOY_D0] = "plain MPTCP",
        [DEPLOY_D3] = "a balancer that knows tokens",
        [DEPLOY_D4] = "servers named by timestamps, with ranges of tokens",
        [DEPLOY_D5] = "servers named by ports",
        [DEPLOY_D6] = "tokens that are not derived from the key",
        [DEPLOY_D7] = "a proxy that terminates connections",
    };

    if (mode == DEPLOY_D1_OR_D2 && v->servers < 2 && v->groups < 2)
        return "a balancer or anycast, " ONE_HOST;
    if (mode == DEPLOY_D1 || mode == DEPLOY_D2 || mode == DEPLOY_D1_OR_D2)
        return ways[mode][way_of(v)];
    return plain[mode];
}

/* ---- Rows ----------------------------------------------------------------------- */

/* Most flows of 'all'. */
static bool is_most(uint64_t flows, uint64_t all)
{
    return flows > 0 && 10 * flows > 9 * all;
}

/* In how many flows the i-th is one of two, and whether it is a router's: beside others in all that
 * it appears in, from the beginning on, or in all flows. */
static bool is_router(const struct deploy_vip *vip, int i, uint64_t *ret_flows)
{
    uint64_t together = 0, returned = 0;

    for (int k = 0; k < vip->server_count; k++) {
        together += vip->servers[k] ? vip->together[i][k] : 0;
        returned += vip->servers[k] ? vip->returned[i][k] : 0;
    }
    *ret_flows = together + returned;
    return is_most(together, vip->flows[i]) || is_most(together + returned, vip->all_flows);
}

/* One after the other, the most frequent first: what is left may be alone then. */
static void drop_routers(struct deploy_vip *vip)
{
    for (int worst = 0; worst >= 0;) {
        uint64_t most = 0, flows;

        worst = -1;
        for (int i = 0; i < vip->server_count; i++)
            if (vip->servers[i] && is_router(vip, i, &flows) && flows > most) {
                most = flows;
                worst = i;
            }
        if (worst >= 0)
            vip->servers[worst] = 0;
    }
}

/* Flows that moved and came back: at least so many. */
static void see_returns(struct deploy_vip *vip)
{
    for (int i = 0; i < vip->server_count; i++)
        for (int k = 0; k < i; k++)
            if (vip->servers[i] && vip->servers[k] && vip->returned[i][k]) {
                vip->view.moved_more = true;
                if (vip->returned[i][k] > vip->view.moved)
                    vip->view.moved = vip->returned[i][k];
            }
}

/* Servers that are known in the surest way, which is the same for all. */
static void choose_servers(const struct mpa_measure *m, struct deploy_vip *vip)
{
    static const enum mpa_word ways[] = {MPA_SERVER_BY_CAPTURE, MPA_SERVER_BY_MAC,
                                         MPA_SERVER_BY_NAT, MPA_SERVER_BY_OUTER};
    enum mpa_word way = MPA_SERVER_BY_CAPTURE;
    int best = 0, kept = 0;

    drop_routers(vip);
    see_returns(vip);
    for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
        int n = 0;

        for (int i = 0; i < vip->server_count; i++)
            n += vip->servers[i] && m->hops.at[vip->servers[i]].by == (uint8_t)ways[w];
        if (n > 1 || (n && best < 2)) {
            best = n;
            way = ways[w];
        }
    }
    for (int i = 0; i < vip->server_count; i++)
        if (vip->servers[i] && m->hops.at[vip->servers[i]].by == (uint8_t)way)
            vip->servers[kept++] = vip->servers[i];
    vip->server_count = vip->view.servers = kept;
}

static bool is_server(const struct deploy_vip *vip, uint16_t hop)
{
    for (int i = 0; i < vip->server_count; i++)
        if (vip->servers[i] == hop)
            return true;
    return false;
}

/* Ports of servers, those of what is none taken out. */
static void choose_ports(struct deploy_vip *vip)
{
    int kept = 0;

    for (int i = 0; i < vip->port_count; i++)
        if (is_server(vip, vip->ports[i].server))
            vip->ports[kept++] = vip->ports[i];
    vip->port_count = vip->view.ranges = kept;
    vip->view.ranges_apart = true;
    for (int a = 0; a < kept; a++)
        for (int b = 0; b < a; b++)
            if (vip->ports[a].min <= vip->ports[b].max && vip->ports[b].min <= vip->ports[a].max)
                vip->view.ranges_apart = false;
}

/* What is computed from all connections of an address. */
static void complete_view(const struct mpa_measure *m, struct deploy_vip *vip)
{
    struct deploy_view *v = &vip->view;

    v->split = m->vips.at[vip->address].splits;
    for (int i = 0; i < vip->unique_count; i++)
        v->groups += vip->uniques[i].group == i;
    v->own_uniques = vip->unique_connections > 2 && vip->unique_shared == 0;
    if (v->own_uniques)
        v->groups = 1;
    for (size_t i = 0; i < m->series_count; i++)
        v->one_way |= m->series[i].vip_one_way > 0 && m->series[i].vip_two_way == 0 &&
                      m->series[i].direct == 0;
    choose_servers(m, vip);
    choose_ports(vip);
    v->names = measure_deploy_ranges(vip->tokens, vip->token_count, &v->strays, &v->bits);
}

/* Memory of a row's list: freed with the measure. */
static void *new_list(struct mpa_measure *m, int count, size_t size)
{
    struct deploy *d = &m->deploy;
    void *list = count ? calloc((size_t)count, size) : NULL;

    if (!list)
        return NULL;
    if (!measure_grow(&d->lists, d->list_count, &d->list_capacity, sizeof *d->lists)) {
        free(list);
        return NULL;
    }
    d->lists[d->list_count++] = list;
    return list;
}

static int cmp_id(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;

    return (a > b) - (a < b);
}

/* Those of 'by'; of D4 also those out of range, and joins that went astray. */
static int list_broken(const struct deploy_vip *vip, const struct deploy_verdict *verdict,
                       int64_t ret[])
{
    int count = 0, kept = 0;

    for (int kind = 0; kind < DEPLOY_BREAKS; kind++) {
        const struct deploy_breaks *b = &vip->breaks[kind];
        bool counts = verdict->by == DEPLOY_BREAKS
                          ? kind == DEPLOY_BREAK_STRAY || kind == DEPLOY_BREAK_VIP
                          : kind == (int)verdict->by;

        for (int i = 0; counts && i < b->kept; i++)
            ret[count++] = b->ids[i];
    }
    for (size_t i = 0, n = 0;
         verdict->by == DEPLOY_BREAKS && i < vip->token_count && n < DEPLOY_BROKEN; i++)
        if (vip->tokens[i].stray) {
            ret[count++] = vip->tokens[i].id;
            n++;
        }
    if (count)
        qsort(ret, (size_t)count, sizeof *ret, cmp_id);
    for (int i = 0; i < count; i++)
        if (kept == 0 || ret[kept - 1] != ret[i])
            ret[kept++] = ret[i];
    return kept;
}

static bool fill_lists(struct mpa_measure *m, const struct deploy_vip *vip,
                       const struct deploy_verdict *verdict, const struct evidence *e,
                       struct mpa_rec_deployment *row)
{
    int64_t broken[3 * DEPLOY_BROKEN];
    int count = verdict->consistent == 0 ? list_broken(vip, verdict, broken) : 0;
    const char **evidence = new_list(m, e->count, sizeof *evidence);
    const char **servers = new_list(m, vip->view.servers, sizeof *servers);
    int64_t *ids = new_list(m, count, sizeof *ids);

    if ((e->count && !evidence) || (vip->view.servers && !servers) || (count && !ids))
        return false;
    for (int i = 0; i < e->count; i++)
        evidence[i] = e->texts[i];
    for (int i = 0; i < vip->view.servers; i++)
        servers[i] = m->hops.at[vip->servers[i]].name;
    for (int i = 0; i < count; i++)
        ids[i] = broken[i];
    row->evidence = evidence;
    row->evidence_count = e->count;
    row->servers = servers;
    row->server_count = vip->view.servers;
    row->broken_by = ids;
    row->broken_count = count;
    return true;
}

static void add_row(struct mpa_measure *m, struct deploy_vip *vip)
{
    const struct address *a = &m->vips.at[vip->address];
    struct mpa_rec_deployment *row = &m->deploy.rows[m->deploy.row_count];
    struct evidence e = {.m = m};
    struct deploy_verdict verdict;

    if (vip->view.connections < 2 && !measure_vip_is(m, &a->addr))
        return;
    complete_view(m, vip);
    verdict = measure_deploy_judge(&vip->view);
    if (verdict.mode == DEPLOY_NONE)
        return;
    say_all(&e, vip, &verdict);
    *row = (struct mpa_rec_deployment){.vip = a->addr,
                                       .mode = modes[verdict.mode],
                                       .what = what_of(&vip->view, verdict.mode),
                                       .confidence = confidences[verdict.confidence],
                                       .connections = vip->view.connections,
                                       .consistent = verdict.consistent,
                                       .lacks_c = lacks_c(&vip->view, &verdict),
                                       .vip_misses = vip->view.same.misrouted > 0};
    if (fill_lists(m, vip, &verdict, &e, row))
        m->deploy.row_count++;
    else
        measure_failed(m, MPA_ERR_NOMEM);
}

int measure_deploy_report(struct mpa_measure *m, struct mpa_rec_report *ret)
{
    struct deploy *d = &m->deploy;

    if (!d->rows) {
        measure_deploy_tokens(m);
        measure_deploy_clients(m);
        d->rows = calloc(d->vip_count + 1, sizeof *d->rows);
        for (size_t i = 0; d->rows && i < d->vip_count; i++)
            add_row(m, &d->vips[i]);
    }
    ret->deployments = d->rows;
    ret->deployment_count = d->row_count;
    return d->rows ? MPA_OK : MPA_ERR_NOMEM;
}
