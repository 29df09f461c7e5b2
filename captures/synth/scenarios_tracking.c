/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What makes following connections hard: missing packets, equal tokens, reused ports, wrapping
 * numbers, split handshakes. */
#include "synth.h"

#include <string.h>

static struct synth_conn *v1_conn(struct synth *s, int64_t start)
{
    struct synth_conn_config cfg = {.dialect = MPA_DIALECT_RFC8684, .vip = &s->vip, .start = start};

    return synth_conn(s, &cfg);
}

static void hide(struct synth_subflow *f, enum synth_side side, bool hidden)
{
    f->half[side].hidden = hidden;
}

static void hide_both(struct synth_subflow *f, bool hidden)
{
    hide(f, SYNTH_CLIENT, hidden);
    hide(f, SYNTH_SERVER, hidden);
}

/* The capture cannot tell how the connection began. */
static void expect_no_beginning(struct synth_conn *c)
{
    c->s->vantage = NULL;
    synth_expect(c, "{s:n, s:n, s:n}", "token_client", "token_server", "unprotected_dur_ns");
    synth_expect(c, "{s:n, s:n}", "server_denies_join", "client_denies_join");
    synth_forget(c, "migration");
}

/* AC-06: the SYN is sent again during churn and a second server answers it too; the third ACK
 * chooses. */
static void make_split(struct synth *s)
{
    struct synth_conn_config cfg = {
        .dialect = MPA_DIALECT_RFC8684, .vip = &s->vip, .server = s->server[1], .server_c = true};
    struct synth_conn *c = synth_conn(s, &cfg);
    struct synth_subflow *vip = c->subflows[0], *direct;
    uint8_t other_key[MPA_KEY_SIZE];
    uint32_t other_isn = synth_rng_u32(&s->rng);
    struct synth_tx tx;
    size_t advert;

    synth_rng_bytes(&s->rng, other_key, sizeof other_key);
    vip->end[SYNTH_SERVER].host = s->server[0]; /* Before the change of the pool. */
    synth_syn(vip);
    vip->end[SYNTH_SERVER].host = s->server[1];
    for (int copy = 0; copy < 2; copy++) {
        /* The first server's answer never arrives; it repeats it after the second one has answered.
         */
        tx = synth_tx(vip, SYNTH_SERVER, MPA_TCP_SYN | MPA_TCP_ACK);
        tx.server = s->server[0];
        tx.raw = true;
        tx.seq = other_isn;
        tx.ack = synth_seq(vip, SYNTH_CLIENT, 1);
        tx.ip_id = 0;
        synth_opt_syn(&tx.opts, 1460, 7, true,
                      s->server[0]->ts_base + (uint32_t)(c->now / SYNTH_MS),
                      vip->half[SYNTH_CLIENT].tsval);
        synth_opt_capable(&tx.opts, SYNTH_N_CAPABLE_SYNACK, 1, 0x21, other_key, NULL, -1, -1);
        synth_emit(&tx);
        if (copy)
            break;
        synth_wait(c, SYNTH_S);
        synth_syn(vip);
        synth_synack(vip);
    }
    synth_ack3(vip);
    synth_data(vip, SYNTH_CLIENT, SYNTH_REQUEST);
    synth_ack(vip, SYNTH_SERVER);
    advert = synth_advertise(vip, SYNTH_SERVER, 1, s->server[1]->addr, 0);
    synth_echo(vip, advert);
    direct = synth_join(c, s->server[1]->addr, 0);
    synth_transfer(direct, SYNTH_SERVER, 60000);
    synth_close(c, SYNTH_SERVER);
    synth_expect(c, "{s:{s:s}}", "migration", "state", "migrated");
    synth_expect_report(s, "{s:i}", "split_handshakes", 1);
    s->vantage = NULL;
}

/* The capture begins in the middle: no keys, but the later ADD_ADDR tells the dialect. */
static void make_midstream(struct synth *s)
{
    struct synth_conn *c = v1_conn(s, 0);
    struct synth_subflow *vip = c->subflows[0];
    size_t advert;

    hide_both(vip, true);
    c->no_keys = true;
    synth_wait(c, -10 * SYNTH_S); /* Before the beginning of the capture. */
    synth_open(c);
    synth_data(vip, SYNTH_CLIENT, SYNTH_REQUEST);
    synth_transfer(vip, SYNTH_SERVER, 30000);
    synth_at(c, -SYNTH_GAP_SAME);
    hide_both(vip, false);
    synth_data(vip, SYNTH_CLIENT, SYNTH_REQUEST); /* At time 0. */
    advert = synth_advertise(vip, SYNTH_SERVER, 1, s->server[0]->addr, 0);
    synth_echo(vip, advert);
    synth_transfer(vip, SYNTH_SERVER, 50000);
    synth_close(c, SYNTH_SERVER);
    expect_no_beginning(c);
}

/* Only one side's packets were captured. */
static void expect_one_direction(struct synth_conn *c)
{
    c->s->vantage = NULL;
    synth_forget(c, "outcome");
    synth_forget(c, "migration");
    synth_forget(c, "unprotected_dur_ns");
}

static void make_one_direction(struct synth *s)
{
    struct synth_conn *c = v1_conn(s, 0);
    struct synth_subflow *vip = c->subflows[0], *direct;

    c->no_keys = true; /* The keys are in the third ACK; for the join's HMAC the server's nonce is
                          missing. */
    hide(vip, SYNTH_SERVER, true);
    synth_open(c);
    synth_data(vip, SYNTH_CLIENT, SYNTH_REQUEST);
    synth_ack(vip, SYNTH_SERVER);
    direct = synth_join_from(c, s->client, s->server[0]->addr, 0);
    hide(direct, SYNTH_SERVER, true);
    synth_join_syn(direct, false);
    synth_join_synack(direct, false);
    synth_join_ack(direct);
    synth_join_ack4(direct);
    synth_transfer(direct, SYNTH_SERVER, 40000);
    synth_data(direct, SYNTH_CLIENT, 700);
    synth_close(c, SYNTH_SERVER);
    expect_one_direction(c);
    synth_expect(c, "{s:n}", "server_denies_join");
}

/* Only the SYN/ACK says anything of keys: a join's SYN/ACK could not be told to belong here. */

static void make_one_direction_server(struct synth *s)
{
    /* The first packet that the capture holds is at time 0. */
    struct synth_conn *c = v1_conn(s, -s->gap[SYNTH_SERVER]);
    struct synth_subflow *vip = c->subflows[0];

    c->cfg.server_c = true;
    hide(vip, SYNTH_CLIENT, true);
    synth_open(c);
    synth_data(vip, SYNTH_CLIENT, SYNTH_REQUEST);
    synth_transfer(vip, SYNTH_SERVER, 40000);
    synth_close(c, SYNTH_SERVER);
    expect_one_direction(c);
    synth_expect(c, "{s:n, s:n}", "token_client", "client_denies_join");
    synth_forget(c, "dialect"); /* Version 1, but SYN, third ACK and anything signed are missing. */
}

/* The initial subflow took another way: the capture holds the joined one. */
static void make_joins_only(struct synth *s)
{
    struct synth_conn *c = v1_conn(s, 0);
    struct synth_subflow *vip = c->subflows[0], *direct;

    c->no_keys = true;
    hide_both(vip, true);
    synth_wait(c, -10 * SYNTH_S);
    synth_open(c);
    synth_data(vip, SYNTH_CLIENT, SYNTH_REQUEST);
    synth_transfer(vip, SYNTH_SERVER, 5000);
    synth_at(c, -SYNTH_GAP_SAME);
    direct = synth_join_from(c, s->client, s->server[0]->addr, 0);
    c->last_from = SYNTH_CLIENT;
    synth_join_syn(direct, false);
    synth_join_synack(direct, false);
    synth_join_ack(direct);
    synth_join_ack4(direct);
    synth_transfer(direct, SYNTH_SERVER, 40000);
    synth_close(c, SYNTH_SERVER);
    expect_no_beginning(c);
    synth_forget(c, "unprotected_dur_ns");
    synth_forget(c, "token_server"); /* The join's SYN says it, if one trusts it to. */
    synth_forget(c, "syn_ns");
    synth_forget(c, "established_ns");
    synth_forget(c, "client");
    synth_forget(c, "server");
    synth_forget(c, "dialect"); /* Without keys only the width of numbers hints at it. */
}

/* Two servers with the same key have the same token: two connections, and each join belongs to
   one. */
static void make_equal_tokens(struct synth *s)
{
    struct synth_host *second = synth_host(s, "client-2", synth_v4(10, 1, 0, 3), 3);
    struct synth_conn *c[2];
    struct synth_subflow *direct[2];

    second->ttl = 61;
    for (int i = 0; i < 2; i++) {
        struct synth_conn_config cfg = {.dialect = MPA_DIALECT_RFC8684,
                                        .client = i ? second : s->client,
                                        .server = s->server[i],
                                        .vip = &s->vip,
                                        .start = i * 5 * SYNTH_MS};
        c[i] = synth_conn(s, &cfg);
    }
    synth_set_key(c[1], SYNTH_SERVER, c[0]->key[SYNTH_SERVER]);
    for (int i = 0; i < 2; i++) {
        direct[i] = synth_open_lb(c[i]);
        synth_transfer(direct[i], SYNTH_SERVER, 40000 + 10000 * (uint32_t)i);
        synth_close(c[i], SYNTH_SERVER);
    }
}

/* The same four-tuple again: after a close, after a reset, and with an older connection that never
 * ended. */
static void make_port_reuse(struct synth *s)
{
    static const int64_t starts[4] = {0, 3 * SYNTH_S, 6 * SYNTH_S, 200 * SYNTH_S};

    for (int i = 0; i < 4; i++) {
        struct synth_conn_config cfg = {
            .dialect = MPA_DIALECT_RFC8684, .vip = &s->vip, .sport = 40000, .start = starts[i]};
        struct synth_conn *c = synth_conn(s, &cfg);
        synth_open(c);
        synth_data(c->subflows[0], SYNTH_CLIENT, SYNTH_REQUEST);
        synth_transfer(c->subflows[0], SYNTH_SERVER, 10000 + 1000 * (uint32_t)i);
        if (i == 1) {
            struct synth_tx tx = synth_rst_own(c->subflows[0], SYNTH_SERVER);
            synth_opt_tcprst(&tx.opts, false, 0);
            tx.reason = tx.transient = 0;
            synth_emit(&tx);
        } else if (i != 2) {
            synth_close(c, SYNTH_SERVER);
        }
    }
}

/* A key whose initial data sequence number is just below a multiple of 2^32. */
static void wrapping_key(struct synth_conn *c, enum synth_side side)
{
    uint8_t key[MPA_KEY_SIZE];

    do {
        synth_rng_bytes(&c->s->rng, key, sizeof key);
        synth_set_key(c, side, key);
    } while ((uint32_t)c->idsn[side] < 0xffffc000u);
}

/* Data and subflow sequence numbers pass 2^32, with 32-bit and with 64-bit numbers on the wire. */
static void make_dsn_wrap(struct synth *s)
{
    static const enum mpa_dialect dialects[2] = {MPA_DIALECT_RFC6824, MPA_DIALECT_RFC8684};

    for (int i = 0; i < 2; i++) {
        struct synth_conn_config cfg = {
            .dialect = dialects[i], .vip = &s->vip, .checksum = true, .start = i * 7 * SYNTH_MS};
        struct synth_conn *c = synth_conn(s, &cfg);
        struct synth_subflow *direct;
        wrapping_key(c, SYNTH_SERVER);
        wrapping_key(c, SYNTH_CLIENT);
        c->subflows[0]->half[SYNTH_SERVER].isn = 0xfffff000u;
        c->subflows[0]->half[SYNTH_CLIENT].isn = 0xfffffffau;
        synth_open(c);
        synth_data(c->subflows[0], SYNTH_CLIENT, SYNTH_REQUEST);
        synth_transfer(c->subflows[0], SYNTH_SERVER, 9000);
        synth_advertise(c->subflows[0], SYNTH_SERVER, 1, s->server[0]->addr, 0);
        direct = synth_join_from(c, s->client, s->server[0]->addr, 0);
        direct->half[SYNTH_SERVER].isn = 0xffffe000u;
        synth_join_syn(direct, false);
        synth_join_synack(direct, false);
        synth_join_ack(direct);
        synth_join_ack4(direct);
        synth_transfer(direct, SYNTH_SERVER, 60000);
        synth_transfer(direct, SYNTH_CLIENT, 40000);
        synth_close(c, SYNTH_SERVER);
    }
}

/* RFC 8684 3.3: each number of a DSS may have 4 or 8 bytes, whatever the other has. */
static void make_dss_mixed(struct synth *s)
{
    struct synth_conn *c = v1_conn(s, 0);
    struct synth_subflow *direct;

    c->narrow_dsn = true;
    direct = synth_open_lb(c);
    synth_transfer(c->subflows[0], SYNTH_SERVER, 3 * SYNTH_MSS);
    synth_transfer(direct, SYNTH_SERVER, 20000);
    synth_close(c, SYNTH_SERVER);
}

/* Data lost on one subflow: sent again there, or on the other one (reinjection). */
static void make_reinjection(struct synth *s)
{
    struct synth_conn *c = v1_conn(s, 0);
    struct synth_subflow *vip = c->subflows[0], *direct = synth_open_lb(c);
    struct synth_tx tx;
    uint64_t first, lost;

    synth_transfer(vip, SYNTH_SERVER, 3 * SYNTH_MSS);
    synth_transfer(direct, SYNTH_SERVER, 20000);
    /* Two segments on the VIP never arrive; their data goes over the direct subflow too. */
    first = c->data[SYNTH_SERVER].snd;
    for (int i = 0; i < 2; i++) {
        tx = synth_tx(vip, SYNTH_SERVER, MPA_TCP_ACK | MPA_TCP_PSH);
        tx.size = SYNTH_MSS;
        tx.data_off = c->data[SYNTH_SERVER].snd;
        c->data[SYNTH_SERVER].snd += SYNTH_MSS;
        tx.lost = true;
        synth_compose(&tx, true);
        synth_emit(&tx);
    }
    synth_wait(c, 300 * SYNTH_MS);
    synth_resend(direct, SYNTH_SERVER, 0, first, SYNTH_MSS);
    synth_resend(direct, SYNTH_SERVER, 0, first + SYNTH_MSS, SYNTH_MSS);
    synth_ack(direct, SYNTH_CLIENT);
    /* The subflow itself must be repaired as well. */
    lost = synth_received(vip, SYNTH_SERVER);
    synth_resend(vip, SYNTH_SERVER, lost, first, SYNTH_MSS);
    synth_resend(vip, SYNTH_SERVER, lost + SYNTH_MSS, first + SYNTH_MSS, SYNTH_MSS);
    synth_ack(vip, SYNTH_CLIENT);
    /* One segment is lost in front of the capture: its first sight is out of order at the data
     * level. */
    tx = synth_tx(direct, SYNTH_SERVER, MPA_TCP_ACK | MPA_TCP_PSH);
    tx.size = SYNTH_MSS;
    first = tx.data_off = c->data[SYNTH_SERVER].snd;
    lost = tx.off;
    c->data[SYNTH_SERVER].snd += SYNTH_MSS;
    tx.lost = tx.unseen = true;
    synth_compose(&tx, true);
    synth_emit(&tx);
    synth_data(direct, SYNTH_SERVER, SYNTH_MSS);
    synth_data(direct, SYNTH_SERVER, SYNTH_MSS);
    synth_ack(direct, SYNTH_CLIENT);
    synth_resend(direct, SYNTH_SERVER, lost, first, SYNTH_MSS);
    synth_ack(direct, SYNTH_CLIENT);
    synth_transfer(direct, SYNTH_SERVER, 30000);
    synth_close(c, SYNTH_SERVER);
}

/* Half an hour of silence is still one connection. */
static void make_idle(struct synth *s)
{
    struct synth_conn *c = v1_conn(s, 0);
    struct synth_subflow *direct = synth_open_lb(c);

    synth_transfer(direct, SYNTH_SERVER, 20000);
    synth_wait(c, 1800 * SYNTH_S);
    synth_data(direct, SYNTH_CLIENT, SYNTH_REQUEST);
    synth_transfer(direct, SYNTH_SERVER, 20000);
    synth_close(c, SYNTH_CLIENT);
}

/* Finished before the direct subflow was usable. */
static void make_too_short(struct synth *s)
{
    struct synth_conn *c = v1_conn(s, 0);
    struct synth_subflow *vip = c->subflows[0], *direct;
    size_t advert;

    c->cfg.server_c = true;
    synth_open(c);
    synth_data(vip, SYNTH_CLIENT, SYNTH_REQUEST);
    advert = synth_advertise(vip, SYNTH_SERVER, 1, s->server[0]->addr, 0);
    synth_data(vip, SYNTH_SERVER, 900);
    synth_data_fin(vip, SYNTH_SERVER, false);
    synth_echo(vip, advert);
    direct = synth_join_from(c, s->client, s->server[0]->addr, 0);
    synth_join_syn(direct, false);
    synth_data_fin(vip, SYNTH_CLIENT, false);
    synth_ack(vip, SYNTH_SERVER);
    synth_close_subflow(vip, SYNTH_SERVER);
    synth_expect(c, "{s:{s:s}, s:s}", "migration", "state", "too_short", "outcome", "closed");
}

/* The server opens a subflow to an address that the client advertised. */
static void make_server_join(struct synth *s)
{
    struct synth_conn *c = v1_conn(s, 0);
    struct synth_host *second = synth_host(s, "client-2", synth_v4(10, 1, 1, 2), 3);
    struct synth_end client, server;
    struct synth_subflow *vip = c->subflows[0], *f;
    size_t advert;

    second->ttl = 61;
    synth_open(c);
    synth_data(vip, SYNTH_CLIENT, SYNTH_REQUEST);
    synth_ack(vip, SYNTH_SERVER);
    advert = synth_advertise(vip, SYNTH_CLIENT, 5, second->addr, 9000);
    synth_echo(vip, advert);
    client = (struct synth_end){second, second->addr, 9000};
    server = (struct synth_end){s->server[0], s->vip, 45678};
    f = synth_subflow(c, SYNTH_SERVER, client, server);
    f->half[SYNTH_CLIENT].id = 5;
    synth_join_syn(f, false);
    synth_join_synack(f, false);
    synth_join_ack(f);
    synth_join_ack4(f);
    synth_transfer(f, SYNTH_SERVER, 30000);
    synth_transfer(vip, SYNTH_SERVER, 30000);
    synth_close(c, SYNTH_SERVER);
}

/* No MPTCP at all, with a retransmission. */
static void make_tcp(struct synth *s)
{
    struct synth_conn_config cfg = {.dialect = MPA_DIALECT_UNKNOWN, .vip = &s->vip};
    struct synth_conn *c = synth_conn(s, &cfg);
    struct synth_subflow *f = c->subflows[0];
    struct synth_tx tx;
    uint64_t lost;

    synth_open(c);
    synth_data(f, SYNTH_CLIENT, SYNTH_REQUEST);
    synth_transfer(f, SYNTH_SERVER, 20000);
    tx = synth_tx(f, SYNTH_SERVER, MPA_TCP_ACK | MPA_TCP_PSH);
    lost = tx.off;
    tx.size = 1000;
    tx.lost = true;
    synth_emit(&tx);
    synth_wait(c, 250 * SYNTH_MS);
    synth_resend(f, SYNTH_SERVER, lost, 0, 1000);
    synth_ack(f, SYNTH_CLIENT);
    synth_transfer(f, SYNTH_SERVER, 5000);
    synth_close(c, SYNTH_SERVER);
}

/* Options that nobody assigned, or whose length is in no table. */
static void make_odd_options(struct synth *s)
{
    static const uint8_t unassigned[] = {30, 6, 0x90, 0, 0, 0};
    static const uint8_t experimental[] = {30, 4, 0xf0, 0x55};
    static const uint8_t bad_length[] = {30, 9, 0x20, 0x01, 0, 0, 0, 0, 0};
    struct synth_conn *c = v1_conn(s, 0);
    struct synth_subflow *f = c->subflows[0];
    struct synth_tx tx;

    synth_open(c);
    synth_data(f, SYNTH_CLIENT, SYNTH_REQUEST);
    tx = synth_tx(f, SYNTH_SERVER, MPA_TCP_ACK);
    synth_opt_bytes(&tx.opts, unassigned, sizeof unassigned);
    tx.opts.counted[SYNTH_N_UNKNOWN]++;
    synth_compose(&tx, false);
    synth_emit(&tx);
    tx = synth_tx(f, SYNTH_CLIENT, MPA_TCP_ACK);
    synth_opt_bytes(&tx.opts, experimental, sizeof experimental);
    tx.opts.counted[SYNTH_N_UNKNOWN]++;
    synth_compose(&tx, false);
    synth_emit(&tx);
    tx = synth_tx(f, SYNTH_SERVER, MPA_TCP_ACK);
    synth_opt_bytes(&tx.opts, bad_length, sizeof bad_length);
    tx.opts.counted[SYNTH_N_MALFORMED]++;
    synth_emit(&tx);
    synth_transfer(f, SYNTH_SERVER, 20000);
    synth_close(c, SYNTH_SERVER);
}

const struct synth_scenario synth_scenarios_tracking[] = {
    {"split-handshake", "rfc8684", make_split, "two servers answer one SYN; the third ACK chooses"},
    {"mid-stream", "rfc8684", make_midstream, "the capture begins in the middle of a connection"},
    {"one-direction", "rfc8684", make_one_direction, "only the client's packets were captured"},
    {"one-direction-server", "rfc8684", make_one_direction_server, "only the server's packets"},
    {"joins-only", "rfc8684", make_joins_only, "the initial subflow was not captured"},
    {"equal-tokens", "rfc8684", make_equal_tokens, "two servers with the same key and token"},
    {"port-reuse", "rfc8684", make_port_reuse, "four connections with the same four-tuple"},
    {"dsn-wrap", "both", make_dsn_wrap, "data and subflow sequence numbers pass 2^32"},
    {"dss-mixed", "rfc8684", make_dss_mixed, "8 bytes of Data ACK beside 4 bytes of DSN"},
    {"reinjection", "rfc8684", make_reinjection, "lost data sent again, on both subflows"},
    {"idle", "rfc8684", make_idle, "half an hour of silence in a connection"},
    {"too-short", "rfc8684", make_too_short, "closed before the direct subflow was usable"},
    {"server-join", "rfc8684", make_server_join, "a subflow that the server opened"},
    {"tcp", "-", make_tcp, "plain TCP with a retransmission"},
    {"odd-options", "rfc8684", make_odd_options, "unassigned, experimental and malformed options"},
    {NULL, NULL, NULL, NULL},
};
