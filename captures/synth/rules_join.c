/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Breaches of the rules JN, and what nearly is one. */
#include "joins.h"

/* ---- JN-01: a token that nobody has ------------------------------------------------------- */

static void other_token(struct synth *s, struct synth_tx *tx)
{
    uint8_t *o = synth_option(tx, MPA_MP_JOIN);

    (void)s;
    if (o && o[1] == 12)
        o[4] ^= 0x40;
}

static void jn_01(struct synth *s, bool accepted)
{
    struct synth_conn *c = joins_advertised(s);
    struct synth_subflow *f = joins_to_unique(c);

    s->alter = other_token;
    synth_join_syn(f, false);
    if (accepted) {
        synth_join_synack(f, false);
        synth_found(s, "JN-01");
        synth_join_ack(f);
        synth_join_ack4(f);
    } else {
        joins_refuse(f, 1);
    }
    joins_finish(c);
}

/* The HMAC of the SYN/ACK shows for which connection it was taken. */
static void jn_01_breaks(struct synth *s)
{
    jn_01(s, true);
}

static void jn_01_nearly(struct synth *s)
{
    jn_01(s, false);
}

/* ---- JN-02, JN-03: HMACs ------------------------------------------------------------------ */

static void jn_02_breaks(struct synth *s)
{
    struct synth_conn *c = joins_advertised(s);
    struct synth_subflow *f = joins_to_unique(c);

    s->alter = joins_wrong_synack;
    synth_join_syn(f, false);
    synth_join_synack(f, false);
    joins_send_rst(synth_rst_own(f, SYNTH_CLIENT), 1);
    joins_finish(c);
}

static void wrong_ack(struct synth *s, struct synth_tx *tx)
{
    uint8_t *o = synth_option(tx, MPA_MP_JOIN);

    if (!o || o[1] != 24)
        return;
    o[23] ^= 0x01;
    synth_found_here(s, "JN-03");
}

static void jn_03_breaks(struct synth *s)
{
    struct synth_conn *c = joins_advertised(s);
    struct synth_subflow *f = joins_to_unique(c);

    s->alter = wrong_ack;
    synth_join_syn(f, false);
    synth_join_synack(f, false);
    synth_join_ack(f);
    joins_send_rst(synth_rst_own(f, SYNTH_SERVER), 1);
    joins_finish(c);
}

/* The server joins: keys and random numbers change their order. */
static void hmac_nearly(struct synth *s)
{
    struct synth_conn *c = joins_started(s, MPA_DIALECT_RFC8684, false);
    struct synth_host *second = joins_second_client(s, 3);
    struct synth_end client = {second, second->addr, 9000};
    struct synth_end server = {s->server[0], s->vip, 45678};
    struct synth_subflow *vip = c->subflows[0], *f;

    synth_echo(vip, synth_advertise(vip, SYNTH_CLIENT, 5, second->addr, 9000));
    f = synth_subflow(c, SYNTH_SERVER, client, server);
    f->half[SYNTH_CLIENT].id = 5;
    synth_join_syn(f, false);
    joins_accept_join(f);
    synth_transfer(f, SYNTH_SERVER, 3000);
    joins_finish(c);
}

/* ---- JN-04: a SYN/ACK without MP_JOIN ------------------------------------------------------ */

/* Nobody told the joiner the listener's random number: its own HMAC cannot be judged. */
static void jn_04_breaks(struct synth *s)
{
    struct synth_conn *c = joins_advertised(s);
    struct synth_subflow *f = joins_to_unique(c);

    synth_join_syn(f, false);
    synth_plain_synack(f);
    synth_join_ack(f);
    synth_join_ack4(f);
    synth_data(f, SYNTH_CLIENT, 200);
    synth_found(s, "JN-04");
    synth_ack(f, SYNTH_SERVER);
    joins_finish(c);

    c = joins_advertised(s);
    f = joins_to_unique(c);
    s->alter = joins_wrong_synack;
    synth_join_syn(f, false);
    synth_join_synack(f, false);
    s->alter = NULL;
    synth_join_ack(f);
    synth_join_ack4(f);
    synth_data(f, SYNTH_CLIENT, 200);
    synth_found(s, "JN-04");
    synth_ack(f, SYNTH_SERVER);
    joins_finish(c);
}

/* The second time beside the server, where the client's answer comes after a long round trip: an ACK, and then the RST. */
static void jn_04_nearly(struct synth *s)
{
    struct synth_conn *c = joins_advertised(s);
    struct synth_subflow *f = joins_to_unique(c);
    struct synth_tx tx;

    synth_join_syn(f, false);
    synth_plain_synack(f);
    joins_send_rst(synth_rst_own(f, SYNTH_CLIENT), 1);
    joins_finish(c);

    s->gap[SYNTH_CLIENT] = 1300 * SYNTH_MS;
    s->gap[SYNTH_SERVER] = 50000;
    c = joins_advertised(s);
    f = joins_to_unique(c);
    synth_join_syn(f, false);
    synth_plain_synack(f);
    tx = synth_tx(f, SYNTH_CLIENT, MPA_TCP_ACK);
    synth_emit(&tx);
    joins_send_rst(synth_rst_own(f, SYNTH_CLIENT), 1);
    joins_finish(c);
}

/* ---- JN-05: a third ACK without MP_JOIN ---------------------------------------------------- */

static void jn_05(struct synth *s, bool accepted)
{
    struct synth_conn *c = joins_advertised(s);
    struct synth_subflow *f = joins_to_unique(c);
    struct synth_tx tx;

    synth_join_syn(f, false);
    synth_join_synack(f, false);
    tx = synth_tx(f, SYNTH_CLIENT, MPA_TCP_ACK);
    synth_emit(&tx);
    if (accepted) {
        synth_join_ack4(f);
        synth_found(s, "JN-05");
    } else {
        joins_send_rst(synth_rst_own(f, SYNTH_SERVER), 1);
    }
    joins_finish(c);
}

static void jn_05_breaks(struct synth *s)
{
    struct synth_conn *c;
    struct synth_subflow *f;

    jn_05(s, true);
    c = joins_advertised(s);
    f = joins_to_unique(c);
    s->alter = wrong_ack;
    synth_join_syn(f, false);
    synth_join_synack(f, false);
    synth_join_ack(f);
    s->alter = NULL;
    synth_join_ack4(f);
    synth_found(s, "JN-05");
    joins_finish(c);
}

static void jn_05_nearly(struct synth *s)
{
    jn_05(s, false);
}

/* ---- JN-06: a join is refused -------------------------------------------------------------- */

static void jn_06(struct synth *s, int reason)
{
    struct synth_conn *c = joins_started(s, MPA_DIALECT_RFC8684, false);
    struct synth_subflow *f = synth_join_from(c, joins_second_client(s, 3), s->vip, 2);

    synth_join_syn(f, false);
    joins_refuse(f, reason);
    if (reason < 0)
        synth_found(s, "JN-06");
    f = synth_join_from(c, joins_second_client(s, 4), s->vip, 3);
    synth_join_syn(f, false);
    joins_accept_join(f);
    joins_finish(c);
}

static void jn_06_breaks(struct synth *s)
{
    jn_06(s, -1);
}

static void jn_06_nearly(struct synth *s)
{
    jn_06(s, 2);
}

/* ---- JN-07: data before the fourth ACK ------------------------------------------------------ */

static void jn_07(struct synth *s, bool early)
{
    struct synth_conn *c = joins_advertised(s);
    struct synth_subflow *f = joins_to_unique(c);

    synth_join_syn(f, false);
    synth_join_synack(f, false);
    synth_join_ack(f);
    if (early) {
        struct synth_tx tx;

        synth_data(f, SYNTH_CLIENT, 200);
        synth_found(s, "JN-07");
        tx = synth_tx(f, SYNTH_SERVER, MPA_TCP_ACK); /* Of the third ACK only. */
        synth_compose(&tx, false);
        tx.raw = true;
        tx.seq = synth_seq(f, SYNTH_SERVER, 1);
        tx.ack = synth_seq(f, SYNTH_CLIENT, 1);
        synth_emit(&tx);
    } else {
        synth_join_ack4(f);
        synth_data(f, SYNTH_CLIENT, 200);
    }
    synth_ack(f, SYNTH_SERVER);
    joins_finish(c);
}

static void miss(struct synth *s, struct synth_tx *tx)
{
    (void)s;
    tx->unseen = true;
}

/* Without timestamps, and data half a second later; the capture does not hold the fourth ACK, but a later one that does not cover the data yet.  Nothing is to
   be found. */
static void miss_ack4(struct synth *s)
{
    struct synth_conn_config cfg = {.dialect = MPA_DIALECT_RFC8684, .vip = &s->vip, .no_ts = true};
    struct synth_conn *c = synth_conn(s, &cfg);
    struct synth_subflow *f;
    struct synth_tx tx;

    synth_open(c);
    synth_data(c->subflows[0], SYNTH_CLIENT, SYNTH_REQUEST);
    synth_transfer(c->subflows[0], SYNTH_SERVER, 3000);
    synth_echo(c->subflows[0],
               synth_advertise(c->subflows[0], SYNTH_SERVER, 1, s->server[0]->addr, 0));
    f = joins_to_unique(c);
    synth_join_syn(f, false);
    synth_join_synack(f, false);
    synth_join_ack(f);
    s->alter = miss;
    synth_join_ack4(f);
    s->alter = NULL;
    synth_wait(c, 500 * SYNTH_MS);
    synth_data(f, SYNTH_CLIENT, 200);
    tx = synth_tx(f, SYNTH_SERVER, MPA_TCP_ACK);
    synth_compose(&tx, false);
    tx.raw = true;
    tx.seq = synth_seq(f, SYNTH_SERVER, 1);
    tx.ack = synth_seq(f, SYNTH_CLIENT, 1);
    synth_emit(&tx);
    synth_ack(f, SYNTH_SERVER);
    joins_finish(c);
}

/* Also beside the client, with a fourth ACK that covers the data: no other can have come before. */
static void jn_07_breaks(struct synth *s)
{
    struct synth_conn *c;
    struct synth_subflow *f;

    jn_07(s, true);
    miss_ack4(s);
    joins_beside_client(s);
    c = joins_advertised(s);
    f = joins_to_unique(c);
    synth_join_syn(f, false);
    synth_join_synack(f, false);
    synth_join_ack(f);
    synth_data(f, SYNTH_CLIENT, 200);
    synth_found(s, "JN-07");
    synth_ack(f, SYNTH_SERVER);
    joins_finish(c);
}

static void jn_07_nearly(struct synth *s)
{
    jn_07(s, false);
}

/* ---- JN-08: no fourth ACK -------------------------------------------------------------------- */

static void lose(struct synth *s, struct synth_tx *tx)
{
    uint8_t *o = synth_option(tx, MPA_MP_JOIN);

    (void)s;
    if (o && o[1] == 24)
        tx->lost = true;
}

static void jn_08(struct synth *s, bool repeated)
{
    struct synth_conn *c = joins_advertised(s);
    struct synth_subflow *f = joins_to_unique(c);

    synth_join_syn(f, false);
    synth_join_synack(f, false);
    s->alter = lose;
    synth_join_ack(f);
    if (!repeated)
        synth_found(s, "JN-08");
    synth_wait(c, SYNTH_S);
    if (repeated)
        synth_join_ack(f);
    else
        synth_join_synack(f, false);
    s->alter = NULL;
    synth_wait(c, 3 * SYNTH_S);
    if (repeated)
        synth_join_ack(f);
    synth_join_ack4(f);
    joins_finish(c);
}

/* The SYN/ACK asks for it in vain; the fourth ACK comes after four seconds, to nobody's request. */
static void jn_08_breaks(struct synth *s)
{
    struct synth_conn *c;
    struct synth_subflow *f;

    jn_08(s, false);
    /* The capture does not hold the fourth ACK: nothing is to be found. */
    c = joins_advertised(s);
    f = joins_to_unique(c);
    synth_join_syn(f, false);
    synth_join_synack(f, false);
    synth_join_ack(f);
    s->alter = miss;
    synth_join_ack4(f);
    s->alter = NULL;
    synth_wait(c, 4 * SYNTH_S);
    synth_ack(f, SYNTH_SERVER);
    joins_finish(c);
}

static void jn_08_nearly(struct synth *s)
{
    jn_08(s, true);
}

/* ---- JN-09: address IDs of SYNs ---------------------------------------------------------------- */

static void jn_09_breaks(struct synth *s)
{
    struct synth_conn *c;
    struct synth_subflow *f;

    joins_beside_client(s);
    c = joins_advertised(s);
    f = synth_join_from(c, joins_second_client(s, 3), s->server[0]->addr, 0);
    synth_join_syn(f, false);
    synth_found(s, "JN-09");
    joins_accept_join(f);
    joins_finish(c);
}

/* The ID is used again, but it had been removed. */
static void jn_09_nearly(struct synth *s)
{
    struct synth_conn *c;
    struct synth_subflow *f;

    joins_beside_client(s);
    c = joins_advertised(s);
    f = synth_join_from(c, joins_second_client(s, 3), s->server[0]->addr, 3);
    synth_join_syn(f, false);
    joins_accept_join(f);
    synth_wait(c, SYNTH_S);
    synth_remove(c->subflows[0], SYNTH_CLIENT, 3);
    synth_close_subflow(f, SYNTH_CLIENT);
    synth_wait(c, SYNTH_S);
    f = synth_join_from(c, joins_second_client(s, 4), s->server[0]->addr, 3);
    synth_join_syn(f, false);
    joins_accept_join(f);
    joins_finish(c);
}

/* ---- JN-10: the address ID of the SYN/ACK -------------------------------------------------------- */

static void jn_10_breaks(struct synth *s)
{
    struct synth_conn *c = joins_advertised(s);
    struct synth_subflow *f = joins_to_unique(c);
    size_t advert;

    f->half[SYNTH_SERVER].id = 7;
    synth_join_syn(f, false);
    synth_join_synack(f, false);
    synth_found(s, "JN-10");
    synth_join_ack(f);
    synth_join_ack4(f);
    joins_finish(c);

    /* The address got that ID, but the capture holds the echo alone: nothing is to be found. */
    c = joins_advertised(s);
    s->alter = miss;
    advert = synth_advertise(c->subflows[0], SYNTH_SERVER, 7, s->server[0]->addr, 0);
    s->alter = NULL;
    synth_echo(c->subflows[0], advert);
    f = joins_to_unique(c);
    f->half[SYNTH_SERVER].id = 7;
    synth_join_syn(f, false);
    joins_accept_join(f);
    joins_finish(c);
}

/* The address got another ID meanwhile. */
static void jn_10_nearly(struct synth *s)
{
    struct synth_conn *c = joins_advertised(s);
    struct synth_subflow *vip = c->subflows[0], *f;

    synth_remove(vip, SYNTH_SERVER, 1);
    synth_wait(c, SYNTH_S);
    synth_echo(vip, synth_advertise(vip, SYNTH_SERVER, 7, s->server[0]->addr, 0));
    f = joins_to_unique(c);
    synth_join_syn(f, false);
    joins_accept_join(f);
    joins_finish(c);
}

/* ---- JN-11: what may be joined --------------------------------------------------------------------- */

static void jn_11(struct synth *s, uint16_t port, bool found)
{
    struct synth_conn *c;
    struct synth_subflow *vip, *f;

    joins_beside_client(s);
    c = joins_started(s, MPA_DIALECT_RFC8684, false);
    vip = c->subflows[0];
    synth_echo(vip, synth_advertise(vip, SYNTH_SERVER, 1, s->server[0]->addr, 8080));
    f = joins_to_unique(c);
    f->end[SYNTH_SERVER].port = port;
    synth_join_syn(f, false);
    if (found)
        synth_found(s, "JN-11");
    joins_accept_join(f);
    joins_finish(c);
}

static void miss_advert(struct synth *s, struct synth_tx *tx)
{
    const uint8_t *o = synth_option(tx, MPA_ADD_ADDR);

    (void)s;
    if (o && !(o[2] & 1))
        tx->unseen = true;
}

/* The capture holds only a later copy of the ADD_ADDR, but the client's echo before the join: nothing is to be found. */
static void join_echoed(struct synth *s)
{
    struct synth_conn *c = joins_started(s, MPA_DIALECT_RFC8684, false);
    struct synth_subflow *f;
    size_t advert;

    s->alter = miss_advert;
    advert = synth_advertise(c->subflows[0], SYNTH_SERVER, 1, s->server[0]->addr, 0);
    s->alter = NULL;
    synth_echo(c->subflows[0], advert);
    f = joins_to_unique(c);
    synth_join_syn(f, false);
    synth_advertise_again(c->subflows[0], advert);
    joins_accept_join(f);
    joins_finish(c);
}

/* The address was advertised with a port, and is joined at the initial one. */
static void jn_11_breaks(struct synth *s)
{
    jn_11(s, 80, true);
    join_echoed(s);
}

static void jn_11_nearly(struct synth *s)
{
    jn_11(s, 8080, false);
}

/* ---- JN-12: token and random number again ------------------------------------------------------------ */

static void jn_12_breaks(struct synth *s)
{
    struct synth_conn *c = joins_advertised(s);
    struct synth_subflow *f = synth_join(c, s->server[0]->addr, 0), *again;

    synth_wait(c, 5 * SYNTH_S);
    again = joins_to_unique(c);
    again->half[SYNTH_CLIENT].nonce = f->half[SYNTH_CLIENT].nonce;
    synth_join_syn(again, false);
    synth_found(s, "JN-12");
    joins_accept_join(again);
    joins_finish(c);
}

/* The same SYN is sent twice. */
static void jn_12_nearly(struct synth *s)
{
    struct synth_conn *c = joins_advertised(s);
    struct synth_subflow *f = joins_to_unique(c);

    synth_join_syn(f, false);
    synth_wait(c, SYNTH_S);
    synth_join_syn(f, false);
    joins_accept_join(f);
    joins_finish(c);
}

/* ---- JN-13: joins that come too late ------------------------------------------------------------------ */

static void jn_13(struct synth *s, bool late)
{
    struct synth_conn *c = joins_advertised(s);
    struct synth_subflow *vip = c->subflows[0], *f;

    synth_data_fin(vip, SYNTH_CLIENT, false);
    synth_ack(vip, SYNTH_SERVER);
    synth_data_fin(vip, SYNTH_SERVER, false);
    if (late) {
        synth_ack(vip, SYNTH_CLIENT);
        synth_wait(c, SYNTH_S);
    }
    f = joins_to_unique(c);
    synth_join_syn(f, false);
    if (late)
        synth_found(s, "JN-13");
    joins_refuse(f, 3);
    if (!late)
        synth_ack(vip, SYNTH_CLIENT);
    synth_close_subflow(vip, SYNTH_SERVER);
}

/* The last mapping of the server, on a segment of data. */
static void infinite_mapping(struct synth_subflow *f)
{
    struct synth_conn *c = f->conn;
    struct synth_tx tx = synth_tx(f, SYNTH_SERVER, MPA_TCP_ACK | MPA_TCP_PSH);
    struct synth_dss d = {.map = true,
                          .ack = true,
                          .dsn8 = true,
                          .ack8 = true,
                          .dsn = synth_dsn(c, SYNTH_SERVER, c->data[SYNTH_SERVER].snd),
                          .ssn = (uint32_t)f->half[SYNTH_SERVER].snd,
                          .data_ack =
                              synth_dsn(c, SYNTH_CLIENT, synth_data_received(c, SYNTH_CLIENT))};

    tx.size = 1000;
    synth_opt_dss(&tx.opts, &d);
    synth_emit(&tx);
}

/* Two seconds after the fallback. */
static void join_late(struct synth_conn *c)
{
    struct synth_subflow *f;

    c->fallback = true;
    synth_ack(c->subflows[0], SYNTH_CLIENT);
    synth_transfer(c->subflows[0], SYNTH_SERVER, 3000);
    synth_wait(c, 2 * SYNTH_S);
    c->fallback = false;
    f = joins_to_unique(c);
    synth_join_syn(f, false);
    synth_found(c->s, "JN-13");
    joins_refuse(f, 3);
    c->fallback = true;
    joins_finish(c);
}

static void jn_13_breaks(struct synth *s)
{
    struct synth_conn_config cfg = {.dialect = MPA_DIALECT_RFC8684, .vip = &s->vip};
    struct synth_conn *c;

    jn_13(s, true);

    c = joins_advertised(s);
    infinite_mapping(c->subflows[0]);
    join_late(c);

    /* The first data has no mapping; beside the client, that knows it. */
    joins_beside_client(s);
    c = synth_conn(s, &cfg);
    synth_open(c);
    c->fallback = true;
    synth_transfer(c->subflows[0], SYNTH_CLIENT, SYNTH_REQUEST);
    join_late(c);
}

static void jn_13_nearly(struct synth *s)
{
    jn_13(s, false);
}

const struct synth_rule synth_rules_join[] = {
    {.id = "JN-01",
     .breaks = jn_01_breaks,
     .nearly = jn_01_nearly,
     .broken = "a join with a token that nobody has is accepted",
     .kept = "it is refused"},
    {.id = "JN-02",
     .breaks = jn_02_breaks,
     .nearly = hmac_nearly,
     .broken = "the last bit of the HMAC in the SYN/ACK is wrong",
     .kept = "the server joins, so that keys and random numbers change places"},
    {.id = "JN-03",
     .breaks = jn_03_breaks,
     .nearly = hmac_nearly,
     .broken = "the last bit of the HMAC in the third ACK is wrong",
     .kept = "the server joins, so that keys and random numbers change places"},
    {.id = "JN-04",
     .breaks = jn_04_breaks,
     .nearly = jn_04_nearly,
     .broken = "the client sends data after a SYN/ACK without MP_JOIN",
     .kept = "the client resets after a SYN/ACK without MP_JOIN"},
    {.id = "JN-05",
     .breaks = jn_05_breaks,
     .nearly = jn_05_nearly,
     .broken = "the server acknowledges a third ACK without MP_JOIN",
     .kept = "the server resets after a third ACK without MP_JOIN"},
    {.id = "JN-06",
     .breaks = jn_06_breaks,
     .nearly = jn_06_nearly,
     .broken = "the VIP refuses a join without a reason, and accepts the next",
     .kept = "the VIP refuses a join with reason 2, and accepts the next"},
    {.id = "JN-07",
     .breaks = jn_07_breaks,
     .nearly = jn_07_nearly,
     .broken = "the client's data comes with its third ACK",
     .kept = "the client's data comes a round trip after the fourth ACK"},
    {.id = "JN-08",
     .breaks = jn_08_breaks,
     .nearly = jn_08_nearly,
     .broken = "a third ACK is neither acknowledged nor repeated for four seconds",
     .kept = "it is repeated"},
    {.id = "JN-09",
     .breaks = jn_09_breaks,
     .nearly = jn_09_nearly,
     .broken = "a join from another address has address ID 0",
     .kept = "an ID means another address after REMOVE_ADDR"},
    {.id = "JN-10",
     .breaks = jn_10_breaks,
     .nearly = jn_10_nearly,
     .broken = "the SYN/ACK says ID 7 of an address that was advertised as 1",
     .kept = "the address was removed and advertised again as 7"},
    {.id = "JN-11",
     .breaks = jn_11_breaks,
     .nearly = jn_11_nearly,
     .broken = "an address is joined at port 80 that was advertised with port 8080",
     .kept = "it is joined at port 8080"},
    {.id = "JN-12",
     .breaks = jn_12_breaks,
     .nearly = jn_12_nearly,
     .broken = "a second join has the token and random number of the first",
     .kept = "a SYN is sent twice"},
    {.id = "JN-13",
     .breaks = jn_13_breaks,
     .nearly = jn_13_nearly,
     .broken = "a join comes a second after both DATA_FINs were acknowledged",
     .kept = "a join crosses the second DATA_FIN"},
    {.id = NULL},
};
