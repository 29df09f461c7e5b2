/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Complete connections in every dialect (protocol: RFC 6824, RFC 8684, and the kernels' own
 * habits). */
#include "synth.h"

/* The server's data left the VIP by the scheduler's choice. */
static void expect_migrated(struct synth_conn *c)
{
    synth_expect(c, "{s:{s:s, s:s}}", "migration", "state", "migrated", "left_by", "scheduler");
}

static void expect_state(struct synth_conn *c, const char *state)
{
    synth_expect(c, "{s:{s:s, s:n}}", "migration", "state", state, "left_by");
}

/* RFC 6824 with checksums: both subflows carry data, ADD_ADDR has no echo, MP_PRIO has an address
 * ID. */
static void make_v0(struct synth *s)
{
    struct synth_conn_config cfg = {
        .dialect = MPA_DIALECT_RFC6824, .vip = &s->vip, .checksum = true};
    struct synth_conn *c = synth_conn(s, &cfg);
    struct synth_subflow *vip = c->subflows[0], *direct;
    struct synth_tx tx;

    synth_open(c);
    synth_data(vip, SYNTH_CLIENT, SYNTH_REQUEST);
    synth_transfer(vip, SYNTH_SERVER, 2 * SYNTH_MSS);
    synth_advertise(vip, SYNTH_SERVER, 3, s->server[0]->addr, 0);
    direct = synth_join(c, s->server[0]->addr, 0);
    tx = synth_tx(direct, SYNTH_SERVER,
                  MPA_TCP_ACK); /* About the initial subflow, on the other one. */
    synth_compose(&tx, false);
    synth_opt_prio(&tx.opts, true, 0);
    synth_emit(&tx);
    for (int i = 0; i < 20; i++) {
        synth_transfer(vip, SYNTH_SERVER, 2 * SYNTH_MSS);
        synth_transfer(direct, SYNTH_SERVER, 2 * SYNTH_MSS + 333);
    }
    synth_close(c, SYNTH_SERVER);
    expect_state(c, "joined_not_migrated");
}

static void make_v0_ipv6(struct synth *s)
{
    synth_net(s, true);
    make_v0(s);
}

/* The ICNP-2017 server "computes" its unique address: the client's with 4 in the third octet. */
static struct synth_conn *icnp_conn(struct synth *s)
{
    struct synth_host *server = synth_host(s, "icnp", synth_v4(10, 1, 4, 2), 21);
    struct synth_conn_config cfg = {.dialect = MPA_DIALECT_ICNP2017,
                                    .server = server,
                                    .vip = &s->vip,
                                    .checksum = true,
                                    .server_c = true};
    struct synth_conn *c = synth_conn(s, &cfg);

    synth_new_advert(c, SYNTH_SERVER, 25, server->addr, 0);
    synth_open(c);
    c->icnp_advertises = true;
    c->icnp_prio = true;
    return c;
}

static void make_icnp(struct synth *s)
{
    struct synth_conn *c = icnp_conn(s);
    struct synth_subflow *vip = c->subflows[0], *direct;

    synth_data(vip, SYNTH_CLIENT, SYNTH_REQUEST);
    synth_data(vip, SYNTH_SERVER, SYNTH_MSS); /* 40 bytes of options: MP_PRIO is starved. */
    synth_data(vip, SYNTH_SERVER, SYNTH_MSS);
    synth_data(vip, SYNTH_SERVER, SYNTH_MSS);
    synth_ack(vip, SYNTH_CLIENT);             /* Carries the echo ... */
    synth_data(vip, SYNTH_SERVER, SYNTH_MSS); /* ... and this is the first with room. */
    synth_ack(vip, SYNTH_CLIENT);
    direct = synth_join(c, c->cfg.server->addr, 0);
    synth_transfer(direct, SYNTH_SERVER, 90000);
    synth_close(c, SYNTH_SERVER);
    expect_migrated(c);
}

/* The client echoes the first copy only, and that echo is lost in front of the capture: the server
 * never stops. */
static void make_icnp_echo_lost(struct synth *s)
{
    struct synth_conn *c = icnp_conn(s);
    struct synth_subflow *vip = c->subflows[0], *direct;
    struct synth_tx tx;

    synth_data(vip, SYNTH_CLIENT, SYNTH_REQUEST);
    synth_ack(vip, SYNTH_SERVER); /* A pure ACK has room for ADD_ADDR and MP_PRIO. */
    synth_data(vip, SYNTH_SERVER, SYNTH_MSS);
    tx = synth_tx(vip, SYNTH_CLIENT, MPA_TCP_ACK);
    synth_compose(&tx, false);
    tx.lost = tx.unseen = true;
    synth_emit(&tx);
    synth_data(vip, SYNTH_SERVER, SYNTH_MSS);
    synth_ack(vip, SYNTH_CLIENT);
    direct = synth_join(c, c->cfg.server->addr, 0);
    synth_transfer(direct, SYNTH_SERVER, 60000);
    synth_close(c, SYNTH_SERVER);
    expect_migrated(c);
}

/* Version 1 with the handshake and the hash of version 0 (mptcp.org kernels with
   mptcp_version=1). */
static void make_draft_v1(struct synth *s)
{
    struct synth_conn_config cfg = {
        .dialect = MPA_DIALECT_DRAFT_V1, .vip = &s->vip, .checksum = true, .server_c = true};
    struct synth_conn *c = synth_conn(s, &cfg);
    struct synth_subflow *vip = c->subflows[0], *direct;
    size_t plain, port;

    synth_open(c);
    synth_data(vip, SYNTH_CLIENT, SYNTH_REQUEST);
    synth_ack(vip, SYNTH_SERVER);
    plain = synth_advertise(vip, SYNTH_SERVER, 25, s->server[0]->addr, 0);
    synth_echo(vip, plain);
    port = synth_advertise(vip, SYNTH_SERVER, 26, s->server[0]->addr, 8080);
    synth_echo(vip, port);
    synth_prio(vip, SYNTH_SERVER, true);
    direct = synth_join(c, s->server[0]->addr, 0);
    synth_transfer(direct, SYNTH_SERVER, 60000);
    synth_close(c, SYNTH_SERVER);
    expect_migrated(c);
}

/* Apple's stack in version 0: C in the SYN/ACK, ADD_ADDR sent once, and nothing is ever echoed. */
static void make_apple_v0(struct synth *s)
{
    struct synth_conn_config cfg = {
        .dialect = MPA_DIALECT_APPLE_V0, .vip = &s->vip, .server_c = true};
    struct synth_conn *c = synth_conn(s, &cfg);
    struct synth_subflow *vip = c->subflows[0], *direct;

    synth_open(c);
    synth_data(vip, SYNTH_CLIENT, SYNTH_REQUEST);
    synth_ack(vip, SYNTH_SERVER);
    synth_advertise(vip, SYNTH_SERVER, 2, s->server[0]->addr, 0);
    direct = synth_join(c, s->server[0]->addr, 0);
    synth_transfer(direct, SYNTH_SERVER, 60000);
    synth_close(c, SYNTH_CLIENT);
    expect_migrated(c);
}

/* RFC 8684 behind a balancer, as upstream Linux does it. */
static void make_v1_in(struct synth *s, enum mpa_dialect dialect, bool checksum)
{
    struct synth_conn_config cfg = {.dialect = dialect, .vip = &s->vip, .checksum = checksum};
    struct synth_conn *c = synth_conn(s, &cfg);
    struct synth_subflow *direct = synth_open_lb(c);

    synth_transfer(direct, SYNTH_SERVER, 60000);
    synth_burst(direct, SYNTH_SERVER, 31240); /* One mapping over 23 segments. */
    synth_ack(direct, SYNTH_CLIENT);
    synth_data(direct, SYNTH_CLIENT, 512);
    synth_transfer(direct, SYNTH_SERVER, 20000);
    synth_close(c, SYNTH_SERVER);
    expect_migrated(c);
}

static void make_v1(struct synth *s)
{
    make_v1_in(s, MPA_DIALECT_RFC8684, false);
}

static void make_v1_checksum(struct synth *s)
{
    make_v1_in(s, MPA_DIALECT_RFC8684, true);
}

static void make_v1_ipv6(struct synth *s)
{
    synth_net(s, true);
    make_v1_in(s, MPA_DIALECT_RFC8684, false);
}

static void make_v1_early(struct synth *s)
{
    make_v1_in(s, MPA_DIALECT_RFC8684_EARLY, false);
}

/* One path, nothing advertised. */
static void make_v1_plain(struct synth *s)
{
    struct synth_conn_config cfg = {.dialect = MPA_DIALECT_RFC8684};
    struct synth_conn *c = synth_conn(s, &cfg);

    synth_open(c);
    synth_data(c->subflows[0], SYNTH_CLIENT, SYNTH_REQUEST);
    synth_transfer(c->subflows[0], SYNTH_SERVER, 50000);
    synth_close(c, SYNTH_SERVER);
    expect_state(c, "single_path");
}

/* A damaged HMAC: four copies, doubling, no echo, no join. */
static void make_v1_bad_hmac(struct synth *s)
{
    struct synth_conn_config cfg = {
        .dialect = MPA_DIALECT_RFC8684, .vip = &s->vip, .server_c = true};
    struct synth_conn *c = synth_conn(s, &cfg);
    struct synth_subflow *vip = c->subflows[0];
    size_t advert;

    synth_open(c);
    synth_data(vip, SYNTH_CLIENT, SYNTH_REQUEST);
    synth_ack(vip, SYNTH_SERVER);
    advert = synth_new_advert(c, SYNTH_SERVER, 1, s->server[0]->addr, 0);
    c->adverts[advert].bad = true;
    for (int64_t wait = 230 * SYNTH_MS, i = 0; i < 4; i++, wait *= 2) {
        synth_advertise_again(vip, advert);
        synth_transfer(vip, SYNTH_SERVER, 3000);
        synth_wait(c, wait);
    }
    synth_close(c, SYNTH_SERVER);
    expect_state(c, "advertised_only");
}

/* ADD_ADDR lost twice in front of the client, with a port; REMOVE_ADDR at the end; the client
 * advertises too. */
static void make_v1_add_addr(struct synth *s)
{
    struct synth_conn_config cfg = {
        .dialect = MPA_DIALECT_RFC8684, .vip = &s->vip, .server_c = true};
    struct synth_conn *c = synth_conn(s, &cfg);
    struct synth_host *second = synth_host(s, "client-2", synth_v4(10, 1, 1, 2), 3);
    struct synth_subflow *vip = c->subflows[0], *direct;
    size_t lost, port, own;

    second->ttl = 61;
    synth_open(c);
    synth_data(vip, SYNTH_CLIENT, SYNTH_REQUEST);
    synth_ack(vip, SYNTH_SERVER);
    lost = synth_advertise(vip, SYNTH_SERVER, 1, s->server[0]->addr, 0);
    synth_wait(c, 230 * SYNTH_MS);
    synth_advertise_again(vip, lost);
    synth_wait(c, 460 * SYNTH_MS);
    synth_advertise_again(vip, lost);
    synth_echo(vip, lost);
    port = synth_advertise(vip, SYNTH_SERVER, 2, s->server[0]->addr, 8080);
    synth_echo(vip, port);
    own = synth_advertise(vip, SYNTH_CLIENT, 7, second->addr, 0);
    synth_echo(vip, own);
    direct = synth_join(c, s->server[0]->addr, 0);
    synth_transfer(direct, SYNTH_SERVER, 60000);
    synth_remove(direct, SYNTH_CLIENT, 7);
    synth_close(c, SYNTH_SERVER);
    expect_migrated(c);
}

const struct synth_scenario synth_scenarios_dialects[] = {
    {"v0", "rfc6824", make_v0,
     "RFC 6824 with checksums, ADD_ADDR and two subflows that share data"},
    {"v0-ipv6", "rfc6824", make_v0_ipv6, "the same over IPv6"},
    {"icnp", "icnp2017", make_icnp,
     "the ICNP-2017 kernel: C, ADD_ADDR on every packet until its echo"},
    {"icnp-echo-lost", "icnp2017", make_icnp_echo_lost,
     "the only echo is lost: ADD_ADDR goes on to the end"},
    {"draft-v1", "draft-v1", make_draft_v1, "version 1 with SHA-1; echoes carry an HMAC"},
    {"apple-v0", "apple-v0", make_apple_v0, "C in version 0, no echoes"},
    {"v1", "rfc8684", make_v1, "RFC 8684 behind a balancer: C, MP_PRIO, ADD_ADDR, echo, join"},
    {"v1-checksum", "rfc8684", make_v1_checksum, "the same with DSS checksums"},
    {"v1-ipv6", "rfc8684", make_v1_ipv6, "the same over IPv6"},
    {"v1-early", "rfc8684-early", make_v1_early, "ADD_ADDR with the left 64 bits of its HMAC"},
    {"v1-plain", "rfc8684", make_v1_plain, "one path, nothing advertised"},
    {"v1-bad-hmac", "rfc8684", make_v1_bad_hmac,
     "ADD_ADDR with a damaged HMAC, four copies, no echo"},
    {"v1-add-addr", "rfc8684", make_v1_add_addr,
     "ADD_ADDR lost twice, with a port, by the client too; REMOVE_ADDR"},
    {NULL, NULL, NULL, NULL},
};
