/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Expected results in the form of the JSON report, from the model's bookkeeping.
 *
 * Only keys that are present count for whoever compares, so that what a scenario cannot know is
 * left out.  The first packet of every capture is at SYNTH_EPOCH_S exactly: times relative to the
 * report's epoch are the model's times.
 */
#include "synth.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Arrays merge element by element, objects key by key, everything else is replaced. */
static void merge(json_t *into, json_t *from)
{
    const char *key;
    json_t *value;
    size_t i;

    if (json_is_array(from)) {
        json_array_foreach(from, i, value)
        {
            json_t *old = json_array_get(into, i);
            if (old && json_is_object(old) && json_is_object(value))
                merge(old, value);
            else if (old)
                json_array_set(into, i, value);
            else
                json_array_append(into, value);
        }
        return;
    }
    json_object_foreach(from, key, value)
    {
        json_t *old = json_object_get(into, key);
        if (old && ((json_is_object(old) && json_is_object(value)) ||
                    (json_is_array(old) && json_is_array(value))))
            merge(old, value);
        else
            json_object_set(into, key, value);
    }
}

void synth_expect(struct synth_conn *c, const char *format, ...)
{
    va_list args;
    json_t *o;

    va_start(args, format);
    o = json_vpack_ex(NULL, 0, format, args);
    va_end(args);
    assert(o);
    merge(c->patch, o);
    json_decref(o);
}

void synth_expect_report(struct synth *s, const char *format, ...)
{
    va_list args;
    json_t *o;

    va_start(args, format);
    o = json_vpack_ex(NULL, 0, format, args);
    va_end(args);
    assert(o);
    merge(s->patch, o);
    json_decref(o);
}

void synth_forget(struct synth_conn *c, const char *key)
{
    assert(c->forget_count < sizeof c->forget / sizeof *c->forget);
    c->forget[c->forget_count++] = key;
}

void synth_forget_report(struct synth *s, const char *key)
{
    json_array_append_new(s->forget, json_string(key));
}

static json_t *both(uint64_t to_server, uint64_t to_client)
{
    return json_pack("{s:I, s:I}", "to_server", (json_int_t)to_server, "to_client",
                     (json_int_t)to_client);
}

/* The same where a direction of which nothing was captured carried nobody knows what. */
static json_t *both_seen(uint64_t to_server, bool server_seen, uint64_t to_client, bool client_seen)
{
    json_t *o = both(to_server, to_client);

    if (!server_seen)
        json_object_set_new(o, "to_server", json_null());
    if (!client_seen)
        json_object_set_new(o, "to_client", json_null());
    return o;
}

static json_t *endpoint(const struct synth_end *e)
{
    char text[MPA_ADDR_TEXT];

    return json_pack("{s:s, s:i}", "addr", mpa_addr_text(&e->addr, text), "port", e->port);
}

static json_t *time_or_null(int64_t ns)
{
    return ns < 0 ? json_null() : json_integer(ns);
}

static const char *side_name(enum synth_side side)
{
    return side == SYNTH_SERVER ? "server" : "client";
}

static json_t *expected_reset(const struct synth_subflow *f)
{
    json_t *o;

    if (!f->reset.class)
        return json_null();
    o = json_pack("{s:s, s:s, s:I}", "class", f->reset.class, "from", side_name(f->reset.from),
                  "ns", (json_int_t)f->reset.ns);
    json_object_set_new(o, "reason",
                        f->reset.reason < 0 ? json_null() : json_integer(f->reset.reason));
    json_object_set_new(o, "transient",
                        f->reset.transient < 0 ? json_null() : json_boolean(f->reset.transient));
    return o;
}

static json_t *expected_subflow(const struct synth_subflow *f, size_t id)
{
    const struct synth_half *c = &f->half[SYNTH_CLIENT], *s = &f->half[SYNTH_SERVER];
    json_t *o = json_object();

    json_object_set_new(o, "id", json_integer((json_int_t)id));
    json_object_set_new(o, "role", json_string(f->join ? "join" : "initial"));
    json_object_set_new(o, "client", endpoint(&f->end[SYNTH_CLIENT]));
    json_object_set_new(o, "server", endpoint(&f->end[SYNTH_SERVER]));
    json_object_set_new(o, "syn_ns", time_or_null(f->syn_ns));
    json_object_set_new(o, "established_ns", time_or_null(f->established_ns));
    if (f->join)
        json_object_set_new(o, "usable_ns", time_or_null(f->usable_ns));
    json_object_set_new(o, "last_ns", time_or_null(f->last_ns));
    json_object_set_new(o, "packets", both(c->packets, s->packets));
    json_object_set_new(o, "bytes", both_seen(c->bytes, c->packets, s->bytes, s->packets));
    json_object_set_new(o, "retransmitted_bytes",
                        both_seen(c->retransmitted, c->packets, s->retransmitted, s->packets));
    json_object_set_new(o, "reinjected_bytes",
                        both_seen(c->reinjected, c->packets, s->reinjected, s->packets));
    json_object_set_new(o, "syn_retransmissions", json_integer(f->syns ? f->syns - 1 : 0));
    json_object_set_new(o, "reset", expected_reset(f));
    return o;
}

static bool has_add_addr_hmac(const struct synth_conn *c)
{
    return c->cfg.dialect == MPA_DIALECT_RFC8684 || c->cfg.dialect == MPA_DIALECT_RFC8684_EARLY ||
           c->cfg.dialect == MPA_DIALECT_DRAFT_V1;
}

static json_t *expected_advert(const struct synth_conn *c, const struct synth_advert *a)
{
    const char *hmac = !has_add_addr_hmac(c) ? "none" : a->bad ? "bad" : "ok";
    const char *seen = c->no_keys && has_add_addr_hmac(c) ? "unverifiable" : hmac;
    char text[MPA_ADDR_TEXT];
    json_t *o =
        json_pack("{s:s, s:i, s:s, s:I, s:I, s:s}", "from", side_name(a->from), "id", a->id, "addr",
                  mpa_addr_text(&a->addr, text), "transmissions", (json_int_t)a->transmissions,
                  "echoes", (json_int_t)a->echoes, "hmac", seen);
    json_object_set_new(o, "port", a->port ? json_integer(a->port) : json_null());
    json_object_set_new(o, "first_ns", time_or_null(a->first_ns));
    json_object_set_new(o, "last_ns", time_or_null(a->last_ns));
    json_object_set_new(o, "echo_ns", time_or_null(a->echo_ns));
    return o;
}

/* First packet of the listener after the third ACK of the first direct subflow. */
static const struct synth_subflow *direct_subflow(const struct synth_conn *c)
{
    const struct mpa_addr *vip = &c->subflows[0]->end[SYNTH_SERVER].addr;

    for (size_t i = 1; i < c->subflow_count; i++) {
        if (c->subflows[i]->usable_ns >= 0 &&
            !mpa_addr_eq(&c->subflows[i]->end[SYNTH_SERVER].addr, vip))
            return c->subflows[i];
    }
    return NULL;
}

/* Bytes whose first declaration is later than t_m + g (protocol reference D.4), by path. */
static void bytes_after(const struct synth_conn *c, int64_t usable, uint64_t ret[2][2])
{
    const struct synth_subflow *vip = c->subflows[0];
    int64_t cut = usable > c->prio_ns ? usable : c->prio_ns;

    cut += vip->established_ns - vip->syn_ns + 100 * SYNTH_MS;
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < c->log_count[side]; i++) {
            if (c->log[side][i].ns > cut)
                ret[c->log[side][i].direct][side] += c->log[side][i].bytes;
        }
    }
}

static json_t *expected_migration(const struct synth_conn *c)
{
    const struct synth_subflow *f = direct_subflow(c), *vip = c->subflows[0];
    uint64_t after[2][2] = {{0, 0}, {0, 0}};
    json_t *o = json_object();

    json_object_set_new(o, "usable_ns", f ? json_integer(f->usable_ns) : json_null());
    if (!f)
        return o;
    json_object_set_new(o, "first_direct_ns",
                        json_pack("{s:o, s:o}", "to_server",
                                  time_or_null(f->half[SYNTH_CLIENT].first_data_ns), "to_client",
                                  time_or_null(f->half[SYNTH_SERVER].first_data_ns)));
    if (vip->syn_ns < 0 || vip->established_ns < 0 || c->fallback)
        return o;
    bytes_after(c, f->usable_ns, after);
    json_object_set_new(o, "vip_bytes_after", both(after[0][SYNTH_CLIENT], after[0][SYNTH_SERVER]));
    json_object_set_new(o, "direct_bytes_after",
                        both(after[1][SYNTH_CLIENT], after[1][SYNTH_SERVER]));
    return o;
}

static json_t *expected_conn(const struct synth_conn *c, size_t id)
{
    bool plain = c->cfg.dialect == MPA_DIALECT_UNKNOWN;
    const struct synth_subflow *f = c->subflows[0];
    json_t *o = json_pack("{s:I, s:s}", "id", (json_int_t)id, "protocol", plain ? "tcp" : "mptcp");
    json_t *subflows = json_array(), *adverts = json_array();
    bool seen[2] = {false, false};
    char text[9];

    if (!plain) {
        json_object_set_new(o, "dialect", json_string(mpa_dialect_name(c->cfg.dialect)));
        json_object_set_new(o, "server_denies_join", json_boolean(c->cfg.server_c));
        json_object_set_new(o, "client_denies_join", json_boolean(c->cfg.client_c));
        snprintf(text, sizeof text, "%08x", c->token[SYNTH_CLIENT]);
        json_object_set_new(o, "token_client", json_string(text));
        snprintf(text, sizeof text, "%08x", c->token[SYNTH_SERVER]);
        json_object_set_new(o, "token_server", json_string(text));
    }
    json_object_set_new(o, "client", endpoint(&f->end[SYNTH_CLIENT]));
    json_object_set_new(o, "server", endpoint(&f->end[SYNTH_SERVER]));
    json_object_set_new(o, "syn_ns", time_or_null(f->syn_ns));
    json_object_set_new(o, "established_ns", time_or_null(f->established_ns));
    json_object_set_new(o, "first_ns", time_or_null(c->first_ns));
    json_object_set_new(o, "last_ns", time_or_null(c->last_ns));
    json_object_set_new(o, "fallback", json_null());
    for (size_t i = 0; i < c->subflow_count; i++)
        for (int side = 0; side < 2; side++)
            seen[side] |= c->subflows[i]->half[side].packets > 0;
    json_object_set_new(o, "bytes",
                        both_seen(c->data[SYNTH_CLIENT].bytes, seen[SYNTH_CLIENT],
                                  c->data[SYNTH_SERVER].bytes, seen[SYNTH_SERVER]));
    json_object_set_new(o, "dsn_out_of_order_bytes",
                        both_seen(c->data[SYNTH_CLIENT].out_of_order, seen[SYNTH_CLIENT],
                                  c->data[SYNTH_SERVER].out_of_order, seen[SYNTH_SERVER]));
    for (size_t i = 0; i < c->subflow_count; i++) {
        if (c->subflows[i]->first_ns >= 0)
            json_array_append_new(subflows,
                                  expected_subflow(c->subflows[i], json_array_size(subflows)));
    }
    for (size_t i = 0; i < c->advert_count; i++) {
        if (c->adverts[i].transmissions || c->adverts[i].echoes)
            json_array_append_new(adverts, expected_advert(c, c->adverts + i));
    }
    json_object_set_new(o, "subflows", subflows);
    json_object_set_new(o, "add_addr", adverts);
    if (!plain)
        json_object_set_new(o, "migration", expected_migration(c));
    if (f->syn_ns >= 0 && direct_subflow(c))
        json_object_set_new(o, "unprotected_dur_ns",
                            json_integer(direct_subflow(c)->usable_ns - f->syn_ns));
    merge(o, c->patch);
    for (size_t i = 0; i < c->forget_count; i++)
        json_object_del(o, c->forget[i]);
    return o;
}

static int by_first(const void *a, const void *b)
{
    const struct synth_conn *const *x = a, *const *y = b;

    assert(*x == *y || (*x)->first_ns != (*y)->first_ns);
    return (*x)->first_ns < (*y)->first_ns ? -1 : (*x)->first_ns > (*y)->first_ns;
}

static int by_size(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* Percentiles by nearest rank. */
static json_t *percentiles(int64_t *at, size_t count)
{
    static const struct {
        const char *key;
        unsigned percent;
    } rows[] = {{"min_ns", 0}, {"p50_ns", 50}, {"p95_ns", 95}, {"p99_ns", 99}, {"max_ns", 100}};
    json_t *o = json_pack("{s:I}", "count", (json_int_t)count);

    if (count > 1)
        qsort(at, count, sizeof *at, by_size);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t rank = (count * rows[i].percent + 99) / 100;
        json_object_set_new(o, rows[i].key,
                            count ? json_integer(at[rank ? rank - 1 : 0]) : json_null());
    }
    return o;
}

/* "add_addr": counts over both sides' advertisements, latencies over the server's. */
static json_t *expected_add_addr(struct synth *s)
{
    int64_t advertised = 0, transmissions = 0, answered = 0;
    size_t samples = 0, most = 0;
    int64_t *first, *last;
    json_t *o;

    for (size_t i = 0; i < s->conn_count; i++)
        most += s->conns[i]->advert_count;
    first = synth_calloc((most + 1) * sizeof *first);
    last = synth_calloc((most + 1) * sizeof *last);
    for (size_t i = 0; i < s->conn_count; i++) {
        const struct synth_conn *c = s->conns[i];
        for (size_t n = 0; n < c->advert_count; n++) {
            const struct synth_advert *a = c->adverts + n;
            if (!a->transmissions)
                continue;
            advertised++;
            transmissions += (int64_t)a->transmissions;
            answered += a->echoes > 0;
            if (!a->echoes || a->from != SYNTH_SERVER || a->last_before_echo_ns < 0)
                continue;
            first[samples] = a->echo_ns - a->first_ns;
            last[samples++] = a->echo_ns - a->last_before_echo_ns;
        }
    }
    o = json_pack("{s:I, s:I, s:I, s:I}", "advertised", (json_int_t)advertised, "transmissions",
                  (json_int_t)transmissions, "answered", (json_int_t)answered, "unanswered",
                  (json_int_t)(advertised - answered));
    json_object_set_new(o, "first_to_echo", percentiles(first, samples));
    json_object_set_new(o, "last_to_echo", percentiles(last, samples));
    free(first);
    free(last);
    return o;
}

static json_t *expected_resets(const struct synth *s)
{
    static const char *const classes[] = {
        "late",     "misrouted_join", "prohibited",  "refused",   "victim",
        "redirect", "idle",           "application", "middlebox", "unexplained"};
    json_t *all = json_object(), *value;
    json_int_t events = 0;
    const char *key;

    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        json_object_set_new(all, classes[i], json_integer(0));
    json_object_foreach(s->reset_classes, key, value)
    {
        json_object_set(all, key, value);
        events += json_integer_value(value);
    }
    return json_pack("{s:I, s:I, s:o}", "packets", (json_int_t)s->rst_packets, "events", events,
                     "classes", all);
}

static json_t *expected_hmac(const uint64_t n[3])
{
    return json_pack("{s:I, s:I, s:I}", "ok", (json_int_t)n[0], "bad", (json_int_t)n[1],
                     "unverifiable", (json_int_t)n[2]);
}

static json_t *expected_connections(struct synth *s, json_t *report)
{
    struct synth_conn **order = synth_calloc((s->conn_count + 1) * sizeof(struct synth_conn *));
    json_t *array = json_array(), *totals, *reasons = json_object();
    json_int_t mptcp = 0, fallback = 0, tcp = 0, unknown = 0;
    size_t count = 0;

    for (size_t i = 0; i < s->conn_count; i++) {
        if (s->conns[i]->first_ns >= 0)
            order[count++] = s->conns[i];
    }
    qsort(order, count, sizeof *order, by_first);
    for (size_t i = 0; i < count; i++) {
        json_t *o = expected_conn(order[i], i);
        const char *protocol = json_string_value(json_object_get(o, "protocol"));
        const char *reason =
            json_string_value(json_object_get(json_object_get(o, "fallback"), "reason"));
        mptcp += protocol && strcmp(protocol, "mptcp") == 0;
        fallback += protocol && strcmp(protocol, "fallback") == 0;
        tcp += protocol && strcmp(protocol, "tcp") == 0;
        unknown += !protocol;
        if (reason)
            json_object_set_new(
                reasons, reason,
                json_integer(json_integer_value(json_object_get(reasons, reason)) + 1));
        json_array_append_new(array, o);
    }
    totals = json_pack("{s:o}", "fallback_reasons", reasons);
    if (!unknown)
        json_object_update_new(
            totals, json_pack("{s:I, s:I, s:I}", "mptcp", mptcp, "fallback", fallback, "tcp", tcp));
    json_object_set_new(report, "connections_total", totals);
    free(order);
    return array;
}

json_t *synth_expectation(struct synth *s)
{
    static const char *const hmacs[3] = {"mp_join_synack", "mp_join_ack", "add_addr"};
    json_t *report = json_pack("{s:s}", "schema", "mptcp-analyze/1");
    json_t *options = json_object(), *hmac = json_object(), *capture, *key;
    char epoch[32];
    size_t i;

    snprintf(epoch, sizeof epoch, "%d000000000", SYNTH_EPOCH_S);
    json_object_set_new(report, "epoch_ns", json_string(epoch));
    capture = json_pack("{s:I, s:I, s:I, s:i}", "packets", (json_int_t)synth_store_count(s->store),
                        "copies", (json_int_t)s->copies, "fragments", (json_int_t)s->fragments,
                        "truncated", 0);
    if (s->vantage)
        json_object_set_new(capture, "vantage", json_string(s->vantage));
    json_object_set_new(report, "captures", json_pack("[o]", capture));
    for (i = 0; i < SYNTH_COUNTS; i++)
        json_object_set_new(options, synth_count_name((enum synth_count)i),
                            both(s->options[i][SYNTH_CLIENT], s->options[i][SYNTH_SERVER]));
    json_object_set_new(report, "options", options);
    for (i = 0; i < 3; i++)
        json_object_set_new(hmac, hmacs[i], expected_hmac(s->hmac[i]));
    json_object_set_new(report, "hmac", hmac);
    json_object_set_new(report, "add_addr", expected_add_addr(s));
    json_object_set_new(report, "resets", expected_resets(s));
    json_object_set_new(report, "connections", expected_connections(s, report));
    merge(report, s->patch);
    json_array_foreach(s->forget, i, key) json_object_del(report, json_string_value(key));
    return report;
}
