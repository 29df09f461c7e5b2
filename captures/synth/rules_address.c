/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Breaches of the rules AA, and what nearly is one. */
#include "rules.h"

/* A minute after the one before. */
static struct synth_conn *conn_in(struct synth *s, enum mpa_dialect dialect)
{
    struct synth_conn_config cfg = {
        .dialect = dialect, .vip = &s->vip, .start = (int64_t)s->conn_count * 60 * SYNTH_S};

    return synth_conn(s, &cfg);
}

/* Capture beside the client. */
static void at_client(struct synth *s)
{
    s->client->ttl = 64;
    s->server[0]->ttl = 61;
    s->gap[SYNTH_CLIENT] = 50000;
    s->gap[SYNTH_SERVER] = 20 * SYNTH_MS;
}

/* A request and its answer at the VIP. */
static struct synth_subflow *begin(struct synth_conn *c)
{
    synth_open(c);
    synth_data(c->subflows[0], SYNTH_CLIENT, SYNTH_REQUEST);
    synth_transfer(c->subflows[0], SYNTH_SERVER, 3000);
    return c->subflows[0];
}

static struct mpa_addr other_address(unsigned n)
{
    return synth_v4(198, 51, 100, n);
}

/* Three seconds of data by the server, then the end. */
static void go_on(struct synth_conn *c)
{
    for (int i = 0; i < 6; i++) {
        synth_wait(c, 500 * SYNTH_MS);
        synth_transfer(c->subflows[0], SYNTH_SERVER, 3000);
    }
    synth_close(c, SYNTH_SERVER);
}

/* An advertisement and its echo. */
static size_t advertise(struct synth_subflow *f, enum synth_side from, uint8_t id,
                        struct mpa_addr addr, uint16_t port)
{
    size_t advert = synth_advertise(f, from, id, addr, port);

    synth_echo(f, advert);
    return advert;
}

/* ---- AA-01: the capture is beside the server, which is told an address ---- */

static void aa_01_breaks(struct synth *s)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC8684);
    struct synth_subflow *vip = begin(c);

    synth_advertise(vip, SYNTH_CLIENT, 7, other_address(7), 0);
    synth_found(s, "AA-01");
    go_on(c);

    /* And a private one: a note, for there are hosts that echo none of them. */
    c = conn_in(s, MPA_DIALECT_RFC8684);
    synth_advertise(begin(c), SYNTH_CLIENT, 8, synth_v4(100, 64, 0, 8), 0);
    synth_found(s, "AA-01");
    go_on(c);
}

/* The first copy is not echoed for nearly a second, and then on another subflow. */
static void aa_01_nearly(struct synth *s)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC8684);
    struct synth_subflow *vip = begin(c), *direct;
    size_t advert;

    advertise(vip, SYNTH_SERVER, 1, s->server[0]->addr, 0);
    direct = synth_join(c, s->server[0]->addr, 0);
    advert = synth_advertise(vip, SYNTH_CLIENT, 7, other_address(7), 0);
    for (int i = 0; i < 4; i++) {
        synth_transfer(vip, SYNTH_SERVER, 3000);
        synth_wait(c, 200 * SYNTH_MS);
    }
    synth_echo(direct, advert);
    go_on(c);
}

/* ---- AA-02: one echo with another ID ---- */

static void change_echo_id(struct synth *s, struct synth_tx *tx)
{
    uint8_t *o = synth_option(tx, MPA_ADD_ADDR);

    if (!o || tx->from != SYNTH_CLIENT || s->found_count)
        return;
    o[3] ^= 0x40;
    synth_found_here(s, "AA-02");
}

static void miss(struct synth *s, struct synth_tx *tx)
{
    (void)s;
    tx->unseen = true;
}

/* The address gets a second ID, but the capture does not hold that ADD_ADDR: nothing is to be found. */
static void echo_of_missed(struct synth *s, bool no_ts)
{
    struct synth_conn_config cfg = {.dialect = MPA_DIALECT_RFC8684,
                                    .vip = &s->vip,
                                    .no_ts = no_ts,
                                    .start = (int64_t)s->conn_count * 60 * SYNTH_S};
    struct synth_conn *c = synth_conn(s, &cfg);
    struct synth_subflow *vip = begin(c);
    size_t advert;

    advertise(vip, SYNTH_SERVER, 1, s->server[0]->addr, 0);
    s->alter = miss;
    advert = synth_advertise(vip, SYNTH_SERVER, 2, s->server[0]->addr, 0);
    s->alter = NULL;
    synth_echo(vip, advert);
    go_on(c);
}

static void aa_02_breaks(struct synth *s)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC8684);
    struct synth_subflow *vip = begin(c);
    size_t advert;

    s->alter = change_echo_id;
    advert = advertise(vip, SYNTH_SERVER, 1, s->server[0]->addr, 0);
    synth_wait(c, 230 * SYNTH_MS);
    synth_advertise_again(vip, advert);
    synth_echo(vip, advert);
    go_on(c);

    s->alter = NULL;
    c = conn_in(s, MPA_DIALECT_RFC8684);
    vip = begin(c);
    synth_advertise(vip, SYNTH_SERVER, 1, s->server[0]->addr, 8080);
    synth_echo(vip, synth_new_advert(c, SYNTH_SERVER, 1, s->server[0]->addr, 0));
    synth_found(s, "AA-02"); /* As Apple's hosts do. */
    go_on(c);

    echo_of_missed(s, false);
    echo_of_missed(s, true);
}

/* Two ports of one address, echoed in the other order. */
static void aa_02_nearly(struct synth *s)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC8684);
    struct synth_subflow *vip = begin(c);
    size_t first = synth_advertise(vip, SYNTH_SERVER, 1, s->server[0]->addr, 8080);
    size_t second = synth_advertise(vip, SYNTH_SERVER, 2, s->server[0]->addr, 8081);

    synth_echo(vip, second);
    synth_echo(vip, first);
    go_on(c);
}

/* ---- AA-03: an echo with an HMAC ---- */

static void aa_03_breaks(struct synth *s)
{
    static const uint8_t hmac[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC8684);
    struct synth_subflow *vip = begin(c);
    struct synth_tx tx;

    synth_advertise(vip, SYNTH_SERVER, 1, s->server[0]->addr, 0);
    tx = synth_tx(vip, SYNTH_CLIENT, MPA_TCP_ACK);
    synth_opt_add_addr(&tx.opts, true, 1, 1, &s->server[0]->addr, 0, hmac);
    synth_emit(&tx);
    synth_found(s, "AA-03");
    go_on(c);

    c = conn_in(s, MPA_DIALECT_RFC8684);
    vip = begin(c);
    tx = synth_tx(vip, SYNTH_SERVER, MPA_TCP_ACK);
    synth_opt_add_addr(&tx.opts, false, 0, 1, &s->server[0]->addr, 0, NULL);
    synth_emit(&tx);
    synth_found(s, "AA-03");
    synth_echo(vip, synth_new_advert(c, SYNTH_SERVER, 1, s->server[0]->addr, 0));
    go_on(c);
}

/* Ports make both forms longer: the echo is ten bytes, the advertisement eighteen. */
static void aa_03_nearly(struct synth *s)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC8684);

    advertise(begin(c), SYNTH_SERVER, 1, s->server[0]->addr, 8080);
    go_on(c);
}

/* ---- AA-04: four copies with a wrong HMAC ---- */

static void aa_04_breaks(struct synth *s)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC8684);
    struct synth_subflow *vip = begin(c);
    size_t advert = synth_new_advert(c, SYNTH_SERVER, 1, s->server[0]->addr, 0);

    c->adverts[advert].bad = true;
    for (int i = 0; i < 4; i++) {
        synth_advertise_again(vip, advert);
        synth_found(s, "AA-04");
        synth_wait(c, (230 * SYNTH_MS) << i);
        synth_transfer(vip, SYNTH_SERVER, 3000);
    }
    synth_close(c, SYNTH_SERVER);
}

/* The port takes part in the HMAC, two zero bytes where there is none. */
static void aa_04_nearly(struct synth *s)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC8684);
    struct synth_subflow *vip = begin(c);

    advertise(vip, SYNTH_SERVER, 1, s->server[0]->addr, 0);
    advertise(vip, SYNTH_SERVER, 2, s->server[0]->addr, 256);
    go_on(c);
}

/* ---- AA-05: an echo of an ADD_ADDR with a wrong HMAC ---- */

static void aa_05_breaks(struct synth *s)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC8684);
    struct synth_subflow *vip = begin(c), *direct;
    size_t advert = synth_new_advert(c, SYNTH_SERVER, 1, s->server[0]->addr, 0);

    c->adverts[advert].bad = true;
    synth_advertise_again(vip, advert);
    synth_found(s, "AA-04");
    synth_echo(vip, advert);
    synth_found(s, "AA-05");
    go_on(c);

    c = conn_in(s, MPA_DIALECT_RFC8684);
    vip = begin(c);
    advert = synth_new_advert(c, SYNTH_SERVER, 1, s->server[0]->addr, 0);
    c->adverts[advert].bad = true;
    synth_advertise_again(vip, advert);
    synth_found(s, "AA-04");
    direct = synth_join_from(c, c->cfg.client, s->server[0]->addr, 0);
    synth_join_syn(direct, false);
    synth_found(s, "AA-05");
    synth_join_synack(direct, false);
    synth_join_ack(direct);
    synth_join_ack4(direct);
    go_on(c);
}

/* It is echoed, but only after a right copy has come. */
static void aa_05_nearly(struct synth *s)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC8684);
    struct synth_subflow *vip = begin(c);
    size_t advert = synth_new_advert(c, SYNTH_SERVER, 1, s->server[0]->addr, 0);

    c->adverts[advert].bad = true;
    synth_advertise_again(vip, advert);
    synth_wait(c, 230 * SYNTH_MS);
    c->adverts[advert].bad = false;
    synth_advertise_again(vip, advert);
    synth_echo(vip, advert);
    go_on(c);
}

/* ---- AA-06: an echo of nothing ---- */

static void aa_06_breaks(struct synth *s)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC8684);
    struct synth_subflow *vip = begin(c);

    advertise(vip, SYNTH_SERVER, 1, s->server[0]->addr, 0);
    synth_echo(vip, synth_new_advert(c, SYNTH_SERVER, 2, other_address(2), 0));
    synth_found(s, "AA-06");
    go_on(c);
}

/* The echo of an address that has been withdrawn since. */
static void aa_06_nearly(struct synth *s)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC8684);
    struct synth_subflow *vip = begin(c);
    size_t advert = synth_advertise(vip, SYNTH_SERVER, 1, s->server[0]->addr, 0);

    synth_remove(vip, SYNTH_SERVER, 1);
    synth_echo(vip, advert);
    go_on(c);
}

/* ---- AA-07: the ICNP-2017 server and its second address ---- */

/* The first address is advertised and echoed as that kernel does it, which shows the dialect; the second one on one packet. */
static struct synth_subflow *begin_icnp(struct synth_conn *c, size_t *ret_advert)
{
    struct synth_subflow *vip = c->subflows[0];
    struct synth_tx tx;

    synth_open(c);
    synth_data(vip, SYNTH_CLIENT, SYNTH_REQUEST);
    advertise(vip, SYNTH_SERVER, 25, c->cfg.server->addr, 0);
    *ret_advert = synth_new_advert(c, SYNTH_SERVER, 26, other_address(26), 0);
    tx = synth_tx(vip, SYNTH_SERVER, MPA_TCP_ACK);
    synth_put_advert(&tx, *ret_advert, false);
    synth_emit(&tx);
    return vip;
}

static void aa_07_breaks(struct synth *s)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_ICNP2017);
    size_t advert;
    struct synth_subflow *vip = begin_icnp(c, &advert);

    synth_data(vip, SYNTH_SERVER, 1000);
    synth_data(vip, SYNTH_CLIENT, 100); /* One round trip is over. */
    synth_wait(c, 10 * SYNTH_MS);
    for (int i = 0; i < 3; i++) {
        synth_data(vip, SYNTH_SERVER, 1000);
        if (i == 0)
            synth_found(s, "AA-07");
        synth_ack(vip, SYNTH_CLIENT);
    }
    go_on(c);

    /* RFC 8684 leaves it to the host: a note after ten seconds with one copy. */
    c = conn_in(s, MPA_DIALECT_RFC8684);
    synth_advertise(begin(c), SYNTH_SERVER, 1, s->server[0]->addr, 0);
    synth_found(s, "AA-07");
    synth_wait(c, 11 * SYNTH_S);
    go_on(c);
}

/* Some packets within the first round trip and two after it go without, and then comes the echo. */
static void aa_07_nearly(struct synth *s)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_ICNP2017);
    size_t advert;
    struct synth_subflow *vip = begin_icnp(c, &advert);

    for (int i = 0; i < 5; i++)
        synth_data(vip, SYNTH_SERVER, 1000);
    synth_data(vip, SYNTH_CLIENT, 100);
    synth_wait(c, 10 * SYNTH_MS);
    synth_data(vip, SYNTH_SERVER, 1000);
    synth_data(vip, SYNTH_SERVER, 1000);
    synth_echo(vip, advert);
    go_on(c);
}

/* ---- AA-08: another copy after the echo ---- */

static void aa_08_breaks(struct synth *s)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC8684);
    struct synth_subflow *vip = begin(c);
    size_t advert = advertise(vip, SYNTH_SERVER, 1, s->server[0]->addr, 0);

    synth_transfer(vip, SYNTH_SERVER, 3000);
    synth_wait(c, 300 * SYNTH_MS);
    synth_advertise_again(vip, advert);
    synth_found(s, "AA-08");
    synth_echo(vip, advert);
    go_on(c);

    c = conn_in(s, MPA_DIALECT_RFC8684);
    vip = begin(c);
    advert = advertise(vip, SYNTH_SERVER, 1, s->server[0]->addr, 0);
    synth_wait(c, 31 * SYNTH_S);
    synth_advertise_again(vip, advert);
    synth_found(s, "AA-08"); /* A refresh: a note. */
    synth_echo(vip, advert);
    go_on(c);

    at_client(s); /* Beside the client: the echo may have been lost, a note. */
    c = conn_in(s, MPA_DIALECT_RFC8684);
    vip = begin(c);
    advert = advertise(vip, SYNTH_SERVER, 1, s->server[0]->addr, 0);
    synth_wait(c, 230 * SYNTH_MS);
    synth_advertise_again(vip, advert);
    synth_found(s, "AA-08");
    synth_echo(vip, advert);
    go_on(c);
}

/* The copy is on its way when the echo comes; and later the address is withdrawn and advertised again. */
static void aa_08_nearly(struct synth *s)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC8684);
    struct synth_subflow *vip = begin(c);
    size_t advert = advertise(vip, SYNTH_SERVER, 1, s->server[0]->addr, 0);

    synth_wait(c, 150 * SYNTH_MS);
    synth_advertise_again(vip, advert);
    synth_echo(vip, advert);
    synth_wait(c, 500 * SYNTH_MS);
    synth_remove(vip, SYNTH_SERVER, 1);
    synth_wait(c, 500 * SYNTH_MS);
    synth_advertise_again(vip, advert);
    synth_echo(vip, advert);
    go_on(c);
}

/* ---- AA-09: the ID of another address ---- */

static void aa_09_breaks(struct synth *s)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC8684);
    struct synth_subflow *vip = begin(c);
    size_t advert;

    advertise(vip, SYNTH_SERVER, 1, s->server[0]->addr, 0);
    advert = synth_advertise(vip, SYNTH_SERVER, 1, other_address(1), 0);
    synth_found(s, "AA-09");
    synth_echo(vip, advert);
    go_on(c);
}

static void aa_09_nearly(struct synth *s)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC8684);
    struct synth_subflow *vip = begin(c);

    advertise(vip, SYNTH_SERVER, 1, s->server[0]->addr, 0);
    synth_remove(vip, SYNTH_SERVER, 1);
    advertise(vip, SYNTH_SERVER, 1, other_address(1), 0);
    go_on(c);
}

/* ---- AA-10: pure ACKs for signalling alone ---- */

/* Version 0 has just the room for it. */
static void advertise_on_synack(struct synth *s, struct synth_tx *tx)
{
    struct mpa_addr addr = other_address(1);

    if (tx->flags != (MPA_TCP_SYN | MPA_TCP_ACK))
        return;
    synth_opt_add_addr(&tx->opts, false, 4, 1, &addr, 0, NULL);
    synth_found_here(s, "AA-10");
}

static void advertise_many(struct synth *s, int count)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC8684);
    struct synth_subflow *vip = begin(c);
    size_t adverts[3];

    for (int i = 0; i < count; i++) {
        adverts[i] =
            synth_advertise(vip, SYNTH_SERVER, (uint8_t)(i + 1), other_address((unsigned)i + 1), 0);
        if (i == 2)
            synth_found(s, "AA-10");
    }
    for (int i = 0; i < count; i++) {
        synth_echo(vip, adverts[i]);
        synth_data(vip, SYNTH_CLIENT, 100);
    }
    go_on(c);
}

static void miss_client(struct synth *s, struct synth_tx *tx)
{
    (void)s;
    if (tx->from == SYNTH_CLIENT)
        tx->unseen = true;
}

/* Two, and the second again: the network duplicated it. */
static void advertise_doubled(struct synth *s)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC8684);
    struct synth_subflow *vip = begin(c);
    size_t first = synth_advertise(vip, SYNTH_SERVER, 1, other_address(1), 0);
    size_t second = synth_new_advert(c, SYNTH_SERVER, 2, other_address(2), 0);
    struct synth_tx tx = synth_tx(vip, SYNTH_SERVER, MPA_TCP_ACK);

    synth_put_advert(&tx, second, false);
    synth_emit(&tx);
    synth_emit_again(&tx, 50000);
    synth_echo(vip, first);
    synth_echo(vip, second);
    go_on(c);
}

/* The server alone: each copy is answered, which the capture does not hold. */
static void advertise_one_way(struct synth *s)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC8684);
    struct synth_subflow *vip;

    s->alter = miss_client;
    vip = begin(c);
    for (int i = 1; i < 4; i++)
        advertise(vip, SYNTH_SERVER, (uint8_t)i, other_address((unsigned)i), 0);
    go_on(c);
    s->alter = NULL;
}

static void aa_10_breaks(struct synth *s)
{
    struct synth_conn *c;

    advertise_many(s, 3);
    advertise_doubled(s);
    advertise_one_way(s);
    s->alter = advertise_on_synack;
    c = conn_in(s, MPA_DIALECT_RFC6824);
    begin(c);
    go_on(c);
}

static void aa_10_nearly(struct synth *s)
{
    advertise_many(s, 2);
}

/* ---- AA-11: ID 0 ---- */

static void aa_11_breaks(struct synth *s)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC8684);
    struct synth_subflow *vip = begin(c);
    size_t advert = synth_advertise(vip, SYNTH_SERVER, 0, s->server[0]->addr, 0);

    synth_found(s, "AA-11");
    synth_echo(vip, advert);
    go_on(c);
}

static void aa_11_nearly(struct synth *s)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC8684);

    advertise(begin(c), SYNTH_SERVER, 0, s->vip, 8080);
    go_on(c);
}

/* ---- AA-12: addresses that nobody can reach ---- */

static void advertise_one(struct synth *s, struct mpa_addr addr, bool broken)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC8684);
    struct synth_subflow *vip = begin(c);
    size_t advert = synth_advertise(vip, SYNTH_SERVER, 1, addr, 0);

    if (broken)
        synth_found(s, "AA-12");
    synth_echo(vip, advert);
    go_on(c);
}

static void aa_12_breaks(struct synth *s)
{
    const struct mpa_addr unusable[] = {synth_v4(127, 0, 0, 11),      synth_v4(0, 0, 0, 0),
                                        synth_v4(224, 0, 0, 1),       synth_v4(255, 255, 255, 255),
                                        synth_v4(169, 254, 1, 1),     {.b = {[15] = 1}},
                                        {.b = {0xff, 2, [15] = 1}},   {.b = {0}},
                                        {.b = {0xfe, 0x80, [15] = 9}}};
    struct synth_conn *c;

    for (size_t i = 0; i < sizeof unusable / sizeof *unusable; i++)
        advertise_one(s, unusable[i], true);
    at_client(s); /* Beside the client: elsewhere it may be a translation. */
    c = conn_in(s, MPA_DIALECT_RFC8684);
    synth_open_lb(c);
    synth_advertise(c->subflows[0], SYNTH_SERVER, 2, s->vip, 80);
    synth_found(s, "AA-12"); /* Joins to which it forbade. */
    synth_echo(c->subflows[0], 1);
    go_on(c);
    s->client->addr = synth_v4(192, 0, 2, 2);
    s->vip = synth_v4(10, 9, 9, 10);
    advertise_one(s, s->server[0]->addr, true); /* Private to public: a note. */
}

static void aa_12_nearly(struct synth *s)
{
    advertise_one(s, synth_v4(126, 255, 255, 254), false);
}

/* ---- AA-13: two addresses, in either order ---- */

static void advertise_two(struct synth *s, uint8_t first, uint8_t second)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC8684);
    struct synth_subflow *vip = begin(c);
    size_t advert;

    advertise(vip, SYNTH_SERVER, first, other_address(1), 0);
    advert = synth_advertise(vip, SYNTH_SERVER, second, other_address(2), 0);
    if (second < first)
        synth_found(s, "AA-13");
    synth_echo(vip, advert);
    synth_remove(vip, SYNTH_SERVER, first);
    go_on(c);
}

static void aa_13_breaks(struct synth *s)
{
    struct synth_conn *c;
    struct synth_subflow *vip;
    size_t advert;

    advertise_two(s, 5, 4);
    c = conn_in(s, MPA_DIALECT_RFC8684);
    vip = begin(c);
    advert = synth_advertise(vip, SYNTH_SERVER, 1, other_address(1), 0);
    synth_remove(vip, SYNTH_SERVER, 1);
    synth_found(s, "AA-13"); /* Before its echo. */
    synth_echo(vip, advert);
    go_on(c);
}

static void aa_13_nearly(struct synth *s)
{
    advertise_two(s, 5, 6);
}

#define ROW(number, name)                                                                          \
    .id = "AA-" number, .breaks = aa_##name##_breaks, .nearly = aa_##name##_nearly

const struct synth_rule synth_rules_address[] = {
    {ROW("01", 01), .broken = "the server gets an ADD_ADDR and never echoes it",
     .kept = "it does, late and on another subflow"},
    {ROW("02", 02), .broken = "an echo has another ID",
     .kept = "two ports of one address, echoed in the other order"},
    {ROW("03", 03), .broken = "an echo with an HMAC",
     .kept = "ten and eighteen bytes, with a port"},
    {ROW("04", 04), .broken = "four copies with a wrong HMAC",
     .kept = "HMACs over a port and over none"},
    /* Who echoes a wrong HMAC has got one. */
    {ROW("05", 05), .broken = "an ADD_ADDR with a wrong HMAC is echoed",
     .kept = "a right copy comes before the echo", .nearly_too = "AA-04"},
    {ROW("06", 06), .broken = "an echo of what was never advertised",
     .kept = "an echo of what has been withdrawn"},
    {ROW("07", 07), .broken = "three packets with room go without ADD_ADDR, and no echo came",
     .kept = "two do, and then the echo comes"},
    {ROW("08", 08), .broken = "a copy long after the echo",
     .kept = "a copy soon after it, and another one after REMOVE_ADDR"},
    {ROW("09", 09), .broken = "an ID with a second address", .kept = "REMOVE_ADDR comes between"},
    {ROW("10", 10), .broken = "three ADD_ADDR on equal pure ACKs in a row", .kept = "two"},
    {ROW("11", 11), .broken = "ID 0 is the unique address",
     .kept = "ID 0 is the initial address, at another port"},
    {ROW("12", 12), .broken = "a loopback address", .kept = "the last address in front of those"},
    {ROW("13", 13), .broken = "ID 4 after ID 5",
     .kept = "ID 6 after ID 5; ID 5 removed after its echo", .strict_ids = true},
    {.id = NULL},
};
