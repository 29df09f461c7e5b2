/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Deployments (protocol reference C.12) that no lab here has: a token-aware balancer (D3), servers
 * with an identity in their timestamps and ranges of tokens (D4), ports of the VIP for each server
 * (D5), tokens that are no hash of the key (D6), IPv6 addresses from a secret; and what nearly looks
 * like them.
 *
 * The capture holds all servers: the destination MAC names the one that a packet goes to.
 */
#include "synth.h"

#include <stdio.h>
#include <string.h>

#define CONNECTIONS 12
#define APART       (3 * SYNTH_S) /* From one connection's start to the next one's. */

static struct synth_conn *begin(struct synth *s, unsigned i, unsigned servers)
{
    struct synth_conn_config cfg = {.dialect = MPA_DIALECT_RFC8684,
                                    .server = s->server[i % servers],
                                    .vip = &s->vip,
                                    .start = i * APART};

    return synth_conn(s, &cfg);
}

/* The other address of the client. */
static struct synth_host *second_client(struct synth *s)
{
    struct synth_host *h = synth_host(s, "client2", synth_v4(10, 3, 0, 2), 3);

    h->ttl = 61;
    return h;
}

static void open_data(struct synth_conn *c)
{
    synth_open(c);
    synth_data(c->subflows[0], SYNTH_CLIENT, SYNTH_REQUEST);
    synth_transfer(c->subflows[0], SYNTH_SERVER, 4 * SYNTH_MSS);
}

static void join_all(struct synth_subflow *f)
{
    synth_join_syn(f, false);
    synth_join_synack(f, false);
    synth_join_ack(f);
    synth_join_ack4(f);
}

/* A join from 'client' to the VIP that finds its server. */
static struct synth_subflow *join_vip(struct synth_conn *c, struct synth_host *client)
{
    struct synth_subflow *f = synth_join_from(c, client, *c->cfg.vip, 1);

    join_all(f);
    return f;
}

/* A join to the VIP that 'wrong' gets, which does not know the token.  The connection goes on. */
static void join_astray(struct synth_conn *c, struct synth_host *client, struct synth_host *wrong)
{
    struct synth_subflow *f = synth_join_from(c, client, *c->cfg.vip, 1);
    struct synth_tx tx;

    f->end[SYNTH_SERVER].host = wrong;
    synth_join_syn(f, false);
    tx = synth_rst_stateless(f, SYNTH_SERVER);
    tx.flags = MPA_TCP_RST | MPA_TCP_ACK;
    tx.seq = 0;
    tx.ack = synth_seq(f, SYNTH_CLIENT, 1);
    tx.rst_class = "misrouted_join";
    tx.reason = 1;
    tx.transient = 0;
    synth_opt_tcprst(&tx.opts, false, 1);
    synth_emit(&tx);
    synth_transfer(c->subflows[0], SYNTH_SERVER, 2 * SYNTH_MSS);
}

/* Data for so long that a clock shows what it is. */
static void go_on(struct synth_subflow *f, unsigned pieces, int64_t wait)
{
    for (unsigned i = 0; i < pieces; i++) {
        synth_wait(f->conn, wait);
        synth_transfer(f, SYNTH_SERVER, 2 * SYNTH_MSS);
    }
}

/* ---- D3 ------------------------------------------------------------------------- */

static void make_d3(struct synth *s)
{
    struct synth_host *client2 = second_client(s);

    for (unsigned i = 0; i < CONNECTIONS; i++) {
        struct synth_conn *c = begin(s, i, 3);

        open_data(c);
        go_on(join_vip(c, client2), 2, 50 * SYNTH_MS);
        synth_close(c, SYNTH_SERVER);
    }
    synth_expect_report(s, "{s:[{s:s, s:s, s:i, s:b, s:{s:b}}]}", "deployment", "mode", "D3",
                        "confidence", "high", "connections", CONNECTIONS, "consistent", 1,
                        "broken_by", "empty", 1);
}

/* One of the joins is sent to another server. */
static void make_d3_broken(struct synth *s)
{
    struct synth_host *client2 = second_client(s);

    for (unsigned i = 0; i < CONNECTIONS; i++) {
        struct synth_conn *c = begin(s, i, 3);

        open_data(c);
        if (i == 7)
            join_astray(c, client2, s->server[2]);
        else
            go_on(join_vip(c, client2), 2, 50 * SYNTH_MS);
        synth_close(c, SYNTH_SERVER);
    }
    synth_expect_report(s, "{s:[{s:s, s:b, s:[i]}]}", "deployment", "mode", "D3", "consistent", 0,
                        "broken_by", 7);
}

/* The same joins, but there is one server: nothing had to be found. */
static void make_d3_one_server(struct synth *s)
{
    struct synth_host *client2 = second_client(s);

    for (unsigned i = 0; i < CONNECTIONS; i++) {
        struct synth_conn *c = begin(s, i, 1);

        open_data(c);
        go_on(join_vip(c, client2), 2, 50 * SYNTH_MS);
        synth_close(c, SYNTH_SERVER);
    }
    synth_expect_report(s, "{s:[{s:s, s:s, s:b}]}", "deployment", "mode", "D0", "confidence",
                        "medium", "consistent", 1);
}

/* Joins from the address of the first subflow: a hash of addresses finds their server, too. */
static void make_d3_one_client(struct synth *s)
{
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        struct synth_conn *c = begin(s, i, 3);

        open_data(c);
        go_on(join_vip(c, s->client), 2, 50 * SYNTH_MS);
        synth_close(c, SYNTH_SERVER);
    }
    synth_expect_report(s, "{s:[{s:s, s:b}]}", "deployment", "mode", "D0", "consistent", 1);
}

/* ---- D4 ------------------------------------------------------------------------- */

/* A key whose token lies in the range-th of four parts. */
static void token_in(struct synth_conn *c, unsigned range)
{
    while (c->token[SYNTH_SERVER] >> 30 != range) {
        uint8_t key[MPA_KEY_SIZE];

        for (size_t i = 0; i < sizeof key; i++)
            key[i] = (uint8_t)synth_rng_below(&c->s->rng, 256);
        synth_set_key(c, SYNTH_SERVER, key);
    }
}

static void name_servers(struct synth *s)
{
    for (unsigned i = 0; i < 3; i++)
        s->server[i]->ts_name = (uint16_t)(0x123 + 0x211 * i);
}

/* 'wrong': of this connection the token is in another server's range. */
static void named_conns(struct synth *s, unsigned wrong)
{
    struct synth_host *client2 = second_client(s);

    name_servers(s);
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        struct synth_conn *c = begin(s, i, 3);

        token_in(c, i == wrong ? (i + 1) % 3 : i % 3);
        open_data(c);
        go_on(join_vip(c, client2), 12, 100 * SYNTH_MS);
        synth_close(c, SYNTH_SERVER);
    }
}

static void make_d4(struct synth *s)
{
    named_conns(s, CONNECTIONS);
    synth_expect_report(s, "{s:[{s:s, s:s, s:b}]}", "deployment", "mode", "D4", "confidence",
                        "high", "consistent", 1);
}

static void make_d4_broken(struct synth *s)
{
    named_conns(s, 4);
    synth_expect_report(s, "{s:[{s:s, s:b, s:[i]}]}", "deployment", "mode", "D4", "consistent", 0,
                        "broken_by", 4);
}

/* Tokens in ranges, ordinary timestamps. */
static void make_d4_ordinary(struct synth *s)
{
    struct synth_host *client2 = second_client(s);

    for (unsigned i = 0; i < 6; i++) {
        struct synth_conn *c = begin(s, i, 1);

        token_in(c, i % 3);
        open_data(c);
        go_on(join_vip(c, client2), 12, 100 * SYNTH_MS);
        synth_close(c, SYNTH_SERVER);
    }
    synth_expect_report(s, "{s:[{s:s}]}", "deployment", "mode", "D0");
}

/* A clock that takes steps of 4096: the low bits never change, the others hardly. */
static void make_d4_coarse(struct synth *s)
{
    struct synth_host *client2 = second_client(s);

    for (unsigned i = 0; i < 4; i++) {
        struct synth_conn *c;

        s->server[0]->ts_tick = 4096;
        c = begin(s, 5 * i, 1);
        open_data(c);
        go_on(join_vip(c, client2), 12, 1000 * SYNTH_MS);
        synth_close(c, SYNTH_SERVER);
    }
    synth_expect_report(s, "{s:[{s:s}]}", "deployment", "mode", "D0");
}

/* Identities, but connections of less than a second. */
static void make_d4_short(struct synth *s)
{
    struct synth_host *client2 = second_client(s);

    name_servers(s);
    for (unsigned i = 0; i < 6; i++) {
        struct synth_conn *c = begin(s, i, 1);

        token_in(c, i % 3);
        open_data(c);
        go_on(join_vip(c, client2), 6, 20 * SYNTH_MS);
        synth_close(c, SYNTH_SERVER);
    }
    synth_expect_report(s, "{s:[{s:s}]}", "deployment", "mode", "D0");
}

/* ---- D5 ------------------------------------------------------------------------- */

static struct synth_subflow *join_port(struct synth_conn *c, uint16_t port)
{
    struct synth_subflow *f = synth_join_from(c, c->cfg.client, *c->cfg.vip, 0);

    f->end[SYNTH_SERVER].port = port;
    f->half[SYNTH_SERVER].id = 1;
    return f;
}

/* 'wrong': of this connection the join goes to another server. */
static void port_conns(struct synth *s, unsigned wrong)
{
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        struct synth_conn *c = begin(s, i, 3);
        uint16_t port = (uint16_t)(20000 + 1000 * (i % 3) + i);
        struct synth_subflow *f;

        open_data(c);
        synth_echo(c->subflows[0], synth_advertise(c->subflows[0], SYNTH_SERVER, 1, s->vip, port));
        if (i == 2)
            join_astray(c, s->client, s->server[0]); /* To the service's port. */
        f = join_port(c, port);
        if (i == wrong) {
            f->end[SYNTH_SERVER].host = s->server[(i + 1) % 3];
            synth_join_syn(f, false);
            synth_transfer(c->subflows[0], SYNTH_SERVER, 2 * SYNTH_MSS);
        } else {
            join_all(f);
            go_on(f, 2, 50 * SYNTH_MS);
        }
        synth_close(c, SYNTH_SERVER);
    }
}

static void make_d5(struct synth *s)
{
    port_conns(s, CONNECTIONS);
    synth_expect_report(s, "{s:[{s:s, s:s, s:b}]}", "deployment", "mode", "D5", "confidence",
                        "high", "consistent", 1);
}

static void make_d5_broken(struct synth *s)
{
    port_conns(s, 9);
    synth_expect_report(s, "{s:[{s:s, s:b, s:[i]}]}", "deployment", "mode", "D5", "consistent", 0,
                        "broken_by", 9);
}

/* ---- D6 ------------------------------------------------------------------------- */

/* The analyzer sees joins that belong to nobody by their token: connections of their own. */
static void make_d6(struct synth *s)
{
    static const char *const unknown[] = {"connections", "connections_total", "hmac", "add_addr"};
    struct synth_host *client2 = second_client(s);

    for (unsigned i = 0; i < 5; i++) {
        struct synth_conn *c = begin(s, i, 2);

        c->token[SYNTH_SERVER] = 0x00aa0000 + i; /* Chosen by the balancer. */
        open_data(c);
        join_vip(c, client2);
        synth_close(c, SYNTH_SERVER);
    }
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        synth_forget_report(s, unknown[i]);
    synth_expect_report(s, "{s:[{s:s, s:s}]}", "deployment", "mode", "D6", "confidence", "medium");
}

/* ---- Addresses from a secret ---------------------------------------------------- */

/* fd00:5::HASH, where the hash is that of the server's token under the secret. */
static struct mpa_addr hashed(const struct synth_conn *c, const uint8_t *secret, size_t size)
{
    uint32_t token = c->token[SYNTH_SERVER];
    uint8_t message[4] = {(uint8_t)(token >> 24), (uint8_t)(token >> 16), (uint8_t)(token >> 8),
                          (uint8_t)token};
    struct mpa_addr addr = synth_v6(5, 0);
    uint8_t hash[MPA_HMAC_MAX];

    mpa_crypto_hmac(MPA_SHA256, secret, size, message, sizeof message, hash);
    memcpy(addr.b + 8, hash, 8);
    return addr;
}

/* Three of five addresses follow; one has a bit wrong, one is another connection's. */
static void make_v6_secret(struct synth *s)
{
    static const uint8_t secret[] = {0x00, 0x11, 0x22, 0xab, 0xcd, 0xef, 0x42, 0x17};
    static const char *const verdicts[] = {"ok", "ok", "bad", "ok", "bad"};
    struct mpa_addr before = {0};

    synth_net(s, true);
    for (unsigned i = 0; i < 5; i++) {
        struct synth_conn *c = begin(s, i, 1);
        struct mpa_addr right = hashed(c, secret, sizeof secret);

        s->server[0]->addr = i == 4 ? before : right;
        if (i == 2)
            s->server[0]->addr.b[15] ^= 1;
        before = right;
        synth_transfer(synth_open_lb(c), SYNTH_SERVER, 20000);
        synth_close(c, SYNTH_SERVER);
        synth_expect(c, "{s:[{s:s}]}", "add_addr", "v6_secret", verdicts[i]);
    }
    synth_expect_report(s, "{s:[s,s], s:{s:i, s:i}}", "arguments", "--v6-secret",
                        "001122ABcdef4217", "v6_secret", "ok", 3, "bad", 2);
}

const struct synth_scenario synth_scenarios_deploy[] = {
    {"d3", "rfc8684", make_d3,
     "joins from other addresses to the VIP find their server among three"},
    {"d3-broken", "rfc8684", make_d3_broken, "the same, one of them does not"},
    {"d3-one-server", "rfc8684", make_d3_one_server, "the same joins, one server"},
    {"d3-one-client", "rfc8684", make_d3_one_client, "joins from the first subflow's address"},
    {"d4", "rfc8684", make_d4, "identities in timestamps, a range of tokens for each server"},
    {"d4-broken", "rfc8684", make_d4_broken, "the same, one token in another's range"},
    {"d4-ordinary", "rfc8684", make_d4_ordinary, "tokens in ranges, ordinary timestamps"},
    {"d4-coarse", "rfc8684", make_d4_coarse, "a clock with steps of 4096"},
    {"d4-short", "rfc8684", make_d4_short, "identities in connections too short to tell"},
    {"d5", "rfc8684", make_d5, "the VIP advertised with a port for each connection"},
    {"d5-broken", "rfc8684", make_d5_broken, "the same, one join reaches another server"},
    {"d6", "rfc8684", make_d6, "tokens that are no hash of the key"},
    {"v6-secret", "rfc8684", make_v6_secret, "IPv6 addresses from a secret, two of five wrong"},
    {NULL, NULL, NULL, NULL},
};
