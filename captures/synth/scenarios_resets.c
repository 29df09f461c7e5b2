/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resets: one connection for each class and each way into it (protocol reference C.7), and churn
 * with a known gap. */
#include "synth.h"

/* Connections of these scenarios begin this far apart, so that no two share their packets'
   times. */
#define APART (2 * SYNTH_S + 37000)

static struct synth_conn *conn_in(struct synth *s, enum mpa_dialect dialect)
{
    struct synth_conn_config cfg = {
        .dialect = dialect, .vip = &s->vip, .start = (int64_t)s->conn_count * APART};

    return synth_conn(s, &cfg);
}

/* A balanced version-1 connection whose direct subflow is usable and has carried data. */
static struct synth_conn *balanced(struct synth *s, struct synth_subflow **ret_direct)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC8684);

    *ret_direct = synth_open_lb(c);
    synth_transfer(*ret_direct, SYNTH_SERVER, 10000);
    return c;
}

static void send_rst(struct synth_tx tx, const char *class, int reason)
{
    tx.rst_class = class;
    if (reason >= 0) {
        synth_opt_tcprst(&tx.opts, false, (uint8_t)reason);
        tx.reason = reason;
        tx.transient = 0;
    }
    synth_emit(&tx);
}

/* A RST+ACK without options: a closed port, or a server that does not know the token. */
static void answer_syn(struct synth_subflow *f, const char *class, int reason)
{
    struct synth_tx tx = synth_rst_stateless(f, SYNTH_SERVER);

    tx.flags = MPA_TCP_RST | MPA_TCP_ACK;
    tx.seq = 0;
    tx.ack = synth_seq(f, SYNTH_CLIENT, 1);
    send_rst(tx, class, reason);
}

static void late_tcp(struct synth *s)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_UNKNOWN);

    synth_open(c);
    synth_data(c->subflows[0], SYNTH_CLIENT, SYNTH_REQUEST);
    synth_transfer(c->subflows[0], SYNTH_SERVER, 5000);
    synth_close(c, SYNTH_SERVER);
    send_rst(synth_rst_stateless(c->subflows[0], SYNTH_SERVER), "late", -1);
}

/* Churn during the FIN exchange: the DATA_FINs are acknowledged. */
static void late_mptcp(struct synth *s)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC8684);
    struct synth_subflow *f = c->subflows[0];

    synth_open(c);
    synth_data(f, SYNTH_CLIENT, SYNTH_REQUEST);
    synth_transfer(f, SYNTH_SERVER, 5000);
    synth_data_fin(f, SYNTH_SERVER, false);
    synth_ack(f, SYNTH_CLIENT);
    synth_data_fin(f, SYNTH_CLIENT, false);
    synth_ack(f, SYNTH_SERVER);
    synth_fin(f, SYNTH_CLIENT);
    send_rst(synth_rst_stateless(f, SYNTH_SERVER), "late", -1);
    synth_expect(c, "{s:s}", "outcome", "closed");
}

static void misrouted_join(struct synth *s)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC8684);
    struct synth_subflow *join;

    synth_open(c);
    synth_data(c->subflows[0], SYNTH_CLIENT, SYNTH_REQUEST);
    synth_transfer(c->subflows[0], SYNTH_SERVER, 5000);
    join = synth_join_from(c, s->client, s->vip, 0);
    join->end[SYNTH_SERVER].host = s->server[2];
    synth_join_syn(join, false);
    answer_syn(join, "misrouted_join", 1);
    synth_transfer(c->subflows[0], SYNTH_SERVER, 5000);
    synth_close(c, SYNTH_SERVER);
}

/* A join that comes when the connection is closing already. */
static void prohibited(struct synth *s)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC8684);
    struct synth_subflow *vip = c->subflows[0], *join;
    struct synth_tx tx;
    size_t advert;

    c->cfg.server_c = true;
    synth_open(c);
    synth_data(vip, SYNTH_CLIENT, SYNTH_REQUEST);
    advert = synth_advertise(vip, SYNTH_SERVER, 1, s->server[0]->addr, 0);
    synth_transfer(vip, SYNTH_SERVER, 2000);
    synth_echo(vip, advert);
    join = synth_join_from(c, s->client, s->server[0]->addr, 0);
    synth_join_syn(join, false);
    synth_join_synack(join, false);
    synth_data_fin(vip, SYNTH_SERVER, false);
    synth_join_ack(join);
    tx = synth_tx(join, SYNTH_SERVER, MPA_TCP_RST);
    tx.raw = true;
    tx.seq = synth_seq(join, SYNTH_SERVER, 1);
    tx.ip_id = 0;
    send_rst(tx, "prohibited", 3);
    synth_ack(vip, SYNTH_CLIENT);
    synth_data_fin(vip, SYNTH_CLIENT, false);
    synth_ack(vip, SYNTH_SERVER);
    synth_close_subflow(vip, SYNTH_SERVER);
    synth_expect(c, "{s:s}", "outcome", "closed");
}

static void refused(struct synth *s, enum mpa_dialect dialect)
{
    struct synth_conn *c = conn_in(s, dialect);

    synth_syn(c->subflows[0]);
    answer_syn(c->subflows[0], "refused", -1);
    if (dialect == MPA_DIALECT_UNKNOWN)
        return;
    synth_expect(c, "{s:n, s:n, s:n}", "token_client", "token_server", "server_denies_join");
    synth_forget(c, "protocol"); /* Nobody answered as MPTCP or as TCP. */
    synth_forget(c, "migration");
}

/* A redirected flow: RST by a server without state, ghost data of the one with state, the victim's
 * answer. */
static void redirect(struct synth *s)
{
    struct synth_subflow *direct, *vip;
    struct synth_conn *c = balanced(s, &direct);
    struct synth_tx tx;

    vip = c->subflows[0];
    tx = synth_tx(vip, SYNTH_CLIENT, MPA_TCP_ACK);
    tx.server = s->server[2];
    tx.lost = true;
    synth_compose(&tx, false);
    synth_emit(&tx);
    synth_redirect(vip, s->server[2]);
    tx = synth_tx(vip, SYNTH_SERVER,
                  MPA_TCP_ACK | MPA_TCP_PSH); /* The ghost: the old server is alive. */
    tx.size = 500;
    tx.data_off = c->data[SYNTH_SERVER].snd;
    c->data[SYNTH_SERVER].snd += 500;
    tx.lost = true;
    synth_compose(&tx, true);
    synth_emit(&tx);
    tx = synth_rst_stateless(vip, SYNTH_CLIENT);
    tx.seq = synth_seq(vip, SYNTH_CLIENT, synth_received(vip, SYNTH_CLIENT));
    send_rst(tx, "victim", -1);
    synth_wait(c, 200 * SYNTH_MS);
    synth_resend(direct, SYNTH_SERVER, 0, c->data[SYNTH_SERVER].snd - 500, 500);
    synth_ack(direct, SYNTH_CLIENT);
    synth_transfer(direct, SYNTH_SERVER, 10000);
    synth_close(c, SYNTH_SERVER);
    synth_expect(c, "{s:b}", "survived", 1);
}

/* The host that holds the state aborts: with a reason, with MP_FASTCLOSE, or in plain TCP. */
static void application(struct synth *s, int reason)
{
    struct synth_subflow *direct;
    struct synth_conn *c = balanced(s, &direct);

    for (size_t i = 0; i < 2; i++)
        send_rst(synth_rst_own(c->subflows[i], SYNTH_SERVER), "application", reason);
}

static void application_fastclose(struct synth *s)
{
    struct synth_subflow *direct;
    struct synth_conn *c = balanced(s, &direct);

    for (size_t i = 0; i < 2; i++) {
        struct synth_tx tx = synth_rst_own(c->subflows[i], SYNTH_SERVER);
        synth_opt_fastclose(&tx.opts, c->key[SYNTH_CLIENT]);
        synth_emit(&tx);
    }
    synth_expect(c, "{s:s}", "outcome", "reset");
}

/* RFC 6824: MP_FASTCLOSE on an ACK, answered by a RST. */
static void application_fastclose_v0(struct synth *s)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC6824);
    struct synth_subflow *f = c->subflows[0];
    struct synth_tx tx;

    synth_open(c);
    synth_data(f, SYNTH_CLIENT, SYNTH_REQUEST);
    synth_transfer(f, SYNTH_SERVER, 5000);
    tx = synth_tx(f, SYNTH_CLIENT, MPA_TCP_ACK);
    synth_opt_fastclose(&tx.opts, c->key[SYNTH_SERVER]);
    synth_emit(&tx);
    send_rst(synth_rst_own(f, SYNTH_SERVER), "application", -1);
    synth_expect(c, "{s:s}", "outcome", "reset");
}

static void application_tcp(struct synth *s)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_UNKNOWN);

    synth_open(c);
    synth_data(c->subflows[0], SYNTH_CLIENT, SYNTH_REQUEST);
    synth_transfer(c->subflows[0], SYNTH_SERVER, 5000);
    send_rst(synth_rst_own(c->subflows[0], SYNTH_SERVER), "application", -1);
}

/* Injected on the way: another TTL, and nothing else fits. */
static void middlebox(struct synth *s, int reason)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC8684);
    struct synth_subflow *f = c->subflows[0];
    struct synth_tx tx;

    synth_open(c);
    synth_data(f, SYNTH_CLIENT, SYNTH_REQUEST);
    synth_transfer(f, SYNTH_SERVER, 5000);
    tx = synth_tx(f, SYNTH_SERVER, MPA_TCP_RST);
    tx.raw = true;
    tx.seq = synth_seq(f, SYNTH_SERVER, f->half[SYNTH_SERVER].snd) + (reason < 0 ? 1000 : 0);
    tx.ttl = reason < 0 ? 41 : f->end[SYNTH_SERVER].host->ttl;
    tx.ip_id = 4711;
    send_rst(tx, "middlebox", reason);
}

static void unexplained(struct synth *s)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC8684);
    struct synth_subflow *f = c->subflows[0];
    struct synth_tx tx;

    synth_open(c);
    synth_data(f, SYNTH_CLIENT, SYNTH_REQUEST);
    synth_transfer(f, SYNTH_SERVER, 5000);
    tx = synth_tx(f, SYNTH_SERVER, MPA_TCP_RST);
    tx.raw = true;
    tx.seq = synth_seq(f, SYNTH_SERVER, f->half[SYNTH_SERVER].snd) + 777;
    send_rst(tx, "unexplained", -1);
}

static void make_resets(struct synth *s)
{
    late_tcp(s);
    late_mptcp(s);
    misrouted_join(s);
    prohibited(s);
    refused(s, MPA_DIALECT_UNKNOWN);
    refused(s, MPA_DIALECT_RFC8684);
    redirect(s);
    application(s, 0);
    application(s, 4);
    application_fastclose(s);
    application_fastclose_v0(s);
    application_tcp(s);
    middlebox(s, -1);
    middlebox(s, 6);
    unexplained(s);
}

/* State that expired somewhere: a RST after two minutes of silence, with or without a packet that
 * finds out. */
static void idle_rst(struct synth *s, bool probe)
{
    struct synth_subflow *direct;
    struct synth_conn *c = balanced(s, &direct);
    struct synth_tx tx;

    synth_wait(c, 120 * SYNTH_S);
    if (probe)
        synth_data(c->subflows[0], SYNTH_CLIENT, 100);
    tx = synth_rst_stateless(c->subflows[0], SYNTH_SERVER);
    tx.flags = MPA_TCP_RST | MPA_TCP_ACK;
    tx.seq += 5000;
    tx.ack = synth_seq(c->subflows[0], SYNTH_CLIENT, c->subflows[0]->half[SYNTH_CLIENT].snd);
    tx.rst_class = "idle";
    synth_emit(&tx);
    synth_expect(c, "{s:[{s:{s:{s:I}}}]}", "subflows", "reset", "idle_dur_ns", "min",
                 (json_int_t)(119 * SYNTH_S));
    synth_transfer(direct, SYNTH_SERVER, 5000);
    synth_close(c, SYNTH_SERVER);
}

static void make_idle_rst(struct synth *s)
{
    idle_rst(s, false);
}

static void make_idle_rst_probe(struct synth *s)
{
    idle_rst(s, true);
}

/* ---- Churn ---- */

#define CHURN (20 * SYNTH_S)
#define PACE  (100 * SYNTH_MS)
#define STALL (800 * SYNTH_MS)
#define END   (100 * SYNTH_S)

/* One segment down, acknowledged, then a pause. */
static void paced(struct synth_subflow *f, int64_t until)
{
    while (f->conn->now + PACE < until) {
        synth_data(f, SYNTH_SERVER, 1000);
        synth_ack(f, SYNTH_CLIENT);
        synth_wait(f->conn, PACE);
    }
}

/* The pool changes: this flow's packets reach a server that does not know it.  The segment in
 * flight never arrives. */
static void redirected(struct synth_subflow *f, struct synth_host *wrong)
{
    struct synth_conn *c = f->conn;
    struct synth_tx tx = synth_tx(f, SYNTH_SERVER, MPA_TCP_ACK | MPA_TCP_PSH);

    tx.size = 1000;
    if (c->cfg.dialect != MPA_DIALECT_UNKNOWN) {
        tx.data_off = c->data[SYNTH_SERVER].snd;
        c->data[SYNTH_SERVER].snd += tx.size;
    }
    tx.lost = true;
    synth_compose(&tx, tx.data_off != 0);
    synth_emit(&tx);
    tx = synth_tx(f, SYNTH_CLIENT, MPA_TCP_ACK);
    tx.server = wrong;
    tx.lost = true;
    synth_compose(&tx, false);
    synth_emit(&tx);
    synth_redirect(f, wrong);
}

/* Two paths, the data on the VIP until the hit: it goes on at the unique address after a known
   gap. */
static void long_survivor(struct synth *s, int64_t start)
{
    struct synth_conn_config cfg = {.dialect = MPA_DIALECT_RFC8684,
                                    .server = s->server[1],
                                    .vip = &s->vip,
                                    .start = start,
                                    .server_c = true};
    struct synth_conn *c = synth_conn(s, &cfg);
    struct synth_subflow *vip = c->subflows[0], *direct;
    uint64_t lost;
    size_t advert;

    synth_open(c);
    synth_data(vip, SYNTH_CLIENT, SYNTH_REQUEST);
    synth_ack(vip, SYNTH_SERVER);
    advert = synth_advertise(vip, SYNTH_SERVER, 1, s->server[1]->addr, 0);
    synth_echo(vip, advert);
    direct = synth_join(c, s->server[1]->addr, 0);
    paced(vip, CHURN);
    lost = c->data[SYNTH_SERVER].snd;
    redirected(vip, s->server[2]);
    synth_wait(c, STALL);
    synth_resend(direct, SYNTH_SERVER, 0, lost, 1000);
    synth_ack(direct, SYNTH_CLIENT);
    paced(direct, END);
    synth_close(c, SYNTH_SERVER);
    synth_expect(c, "{s:b, s:[{s:{s:I, s:I}, s:b}], s:{s:s, s:s}}", "survived", 1, "hits",
                 "gap_dur_ns", "min", (json_int_t)STALL, "max", (json_int_t)(STALL + 3 * PACE),
                 "censored", 0, "migration", "state", "joined_not_migrated", "left_by", "reset");
}

/* In backup the VIP's subflow is idle at churn: no RST, no gap. */
static void long_untouched(struct synth *s, int64_t start)
{
    struct synth_conn_config cfg = {
        .dialect = MPA_DIALECT_RFC8684, .server = s->server[1], .vip = &s->vip, .start = start};
    struct synth_conn *c = synth_conn(s, &cfg);
    struct synth_subflow *direct = synth_open_lb(c);

    paced(direct, END);
    synth_close(c, SYNTH_SERVER);
    synth_expect(c, "{s:n, s:{s:s, s:s}}", "survived", "migration", "state", "migrated", "left_by",
                 "scheduler");
}

/* Hit before there is a second path; or plain TCP: it fails. */
static void long_failure(struct synth *s, int64_t start, enum mpa_dialect dialect)
{
    struct synth_conn_config cfg = {
        .dialect = dialect, .server = s->server[1], .vip = &s->vip, .start = start};
    struct synth_conn *c = synth_conn(s, &cfg);
    struct synth_subflow *f = c->subflows[0];

    synth_open(c);
    synth_data(f, SYNTH_CLIENT, SYNTH_REQUEST);
    synth_ack(f, SYNTH_SERVER);
    paced(f, CHURN);
    redirected(f, s->server[2]);
    synth_expect(c, "{s:s}", "outcome", "failed");
}

/* A flow to a server that stays: nothing happens to it. */
static void long_tcp_untouched(struct synth *s, int64_t start)
{
    struct synth_conn_config cfg = {
        .dialect = MPA_DIALECT_UNKNOWN, .server = s->server[0], .vip = &s->vip, .start = start};
    struct synth_conn *c = synth_conn(s, &cfg);

    synth_open(c);
    synth_data(c->subflows[0], SYNTH_CLIENT, SYNTH_REQUEST);
    synth_ack(c->subflows[0], SYNTH_SERVER);
    paced(c->subflows[0], END);
    synth_close(c, SYNTH_SERVER);
}

/* What is known of the two lines of the log: 13 flows to the VIP, the nine at s2 move. */
static void expect_churn_events(struct synth *s)
{
    if (s->with_churn)
        synth_expect_report(
            s, "{s:{s:[{s:I, s:s, s:s, s:s, s:i, s:i, s:i, s:i}, {s:I, s:s, s:s, s:i, s:i, s:i}]}}",
            "churn", "events", "ns", (json_int_t)(CHURN - PACE), "action", "remove", "server", "s2",
            "source", "log", "flows_live", 13, "flows_moved", 9, "reset_events", 9, "failed", 5,
            "ns", (json_int_t)(CHURN + 30 * SYNTH_S), "action", "add", "server", "s2", "flows_live",
            4, "flows_moved", 0, "reset_events", 0);
    if (s->with_churn && s->with_servers)
        synth_expect_report(s, "{s:{s:[{s:i}]}}", "churn", "events", "moved_needlessly", 0);
}

static void make_long(struct synth *s)
{
    int64_t start = 0, step = 7 * SYNTH_MS + 1000;

    for (int i = 0; i < 4; i++, start += step)
        long_survivor(s, start);
    for (int i = 0; i < 3; i++, start += step)
        long_untouched(s, start);
    for (int i = 0; i < 2; i++, start += step)
        long_failure(s, start, MPA_DIALECT_RFC8684);
    for (int i = 0; i < 3; i++, start += step)
        long_failure(s, start, MPA_DIALECT_UNKNOWN);
    long_tcp_untouched(s, start);
    synth_churn(s, CHURN - PACE, "remove", s->server[1]);
    synth_churn(s, CHURN + 30 * SYNTH_S, "add", s->server[1]);
    expect_churn_events(s);
    synth_expect_report(s, "{s:{s:{s:i, s:i, s:i, s:i, s:i}, s:{s:i, s:i, s:i}}}", "churn", "mptcp",
                        "hit", 6, "survived", 4, "failed", 2, "undetermined", 0, "unprotected", 2,
                        "tcp", "hit", 3, "failed", 3, "undetermined", 0);
}

const struct synth_scenario synth_scenarios_resets[] = {
    {"resets", "rfc8684", make_resets,
     "one connection for each way into each class of resets but idle"},
    {"idle-rst", "rfc8684", make_idle_rst, "a reset after two minutes of silence"},
    {"idle-rst-probe", "rfc8684", make_idle_rst_probe,
     "the same, provoked by a packet after the silence"},
    {"long", "rfc8684", make_long,
     "paced connections, churn at 20 s: hits with a known gap, failures"},
    {NULL, NULL, NULL, NULL},
};
