/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Breaches of the rules of the group capable, and what nearly is one. */
#include "rules.h"

#include <string.h>

static struct synth_conn *conn_in(struct synth *s, enum mpa_dialect dialect)
{
    struct synth_conn_config cfg = {.dialect = dialect, .vip = &s->vip};

    return synth_conn(s, &cfg);
}

static struct synth_conn *conn_v1(struct synth *s)
{
    return conn_in(s, MPA_DIALECT_RFC8684);
}

static void talk(struct synth_conn *c)
{
    synth_data(c->subflows[0], SYNTH_CLIENT, SYNTH_REQUEST);
    synth_transfer(c->subflows[0], SYNTH_SERVER, 5000);
    synth_close(c, SYNTH_SERVER);
}

/* An ordinary connection whose packets s->alter sees: 1 is the SYN, 2 the SYN/ACK, 3 the third ACK. */
static void ordinary(struct synth *s)
{
    struct synth_conn *c = conn_v1(s);

    synth_open(c);
    talk(c);
}

static uint8_t *capable(struct synth_tx *tx)
{
    return synth_option(tx, MPA_MP_CAPABLE);
}

/* ---- MPC-01: which SYN is answered with MP_CAPABLE ---- */

static void mpc_01_breaks(struct synth *s)
{
    struct synth_conn *c = conn_v1(s);

    synth_plain_syn(c->subflows[0]);
    synth_synack(c->subflows[0]);
    synth_found(s, "MPC-01");
    c->fallback = true;
    synth_ack3(c->subflows[0]);
    talk(c);
    /* The latest SYN is plain. */
    c = conn_v1(s);
    synth_at(c, s->conns[0]->now + SYNTH_S);
    synth_syn(c->subflows[0]);
    synth_wait(c, SYNTH_S);
    synth_plain_syn(c->subflows[0]);
    synth_synack(c->subflows[0]);
    synth_found(s, "MPC-01");
}

/* No more than a handshake, in which s->alter changes what it wants; after all that was said before. */
static void handshake(struct synth *s, enum mpa_dialect dialect,
                      void (*alter)(struct synth *s, struct synth_tx *tx))
{
    struct synth_conn_config cfg = {
        .dialect = dialect,
        .vip = &s->vip,
        .start = s->conn_count ? s->conns[s->conn_count - 1]->now + SYNTH_S : 0};

    s->alter = alter;
    s->alter_calls = 0;
    synth_open(synth_conn(s, &cfg));
    s->alter = NULL;
}

/* The first SYN is lost behind the capture. */
static void mpc_01_nearly(struct synth *s)
{
    struct synth_conn *c = conn_v1(s);

    synth_syn(c->subflows[0]);
    synth_wait(c, SYNTH_S);
    synth_open(c);
    talk(c);
}

/* ---- MPC-02: versions ---- */

static void answer_higher(struct synth *s, struct synth_tx *tx)
{
    if (s->alter_calls != 2)
        return;
    capable(tx)[2] = 0x01;
    synth_found_here(s, "MPC-02");
}

/* The client cannot go on but without MPTCP. */
static void mpc_02_breaks(struct synth *s)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC6824);

    s->alter = answer_higher;
    synth_syn(c->subflows[0]);
    synth_synack(c->subflows[0]);
    c->fallback = true;
    synth_ack3(c->subflows[0]);
    talk(c);
}

/* The SYN as version 1 has it: without the key. */
static void offer_higher(struct synth *s, struct synth_tx *tx)
{
    uint8_t *o;

    if (s->alter_calls != 1)
        return;
    o = capable(tx);
    o[1] = 4;
    o[2] = 0x01;
    tx->opts.size -= MPA_KEY_SIZE; /* It is the last option. */
}

static void mpc_02_nearly(struct synth *s)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC6824);

    s->alter = offer_higher;
    synth_open(c);
    talk(c);
}

/* ---- MPC-03: keys ---- */

static void flip_key(struct synth *s, struct synth_tx *tx)
{
    if (s->alter_calls != 3)
        return;
    capable(tx)[19] ^= 0x01; /* The last byte of the server's key. */
    synth_found_here(s, "MPC-03");
}

static void flip_client_key(struct synth *s, struct synth_tx *tx)
{
    if (s->alter_calls != 3)
        return;
    capable(tx)[4] ^= 0x80;
    synth_found_here(s, "MPC-03");
}

static void mpc_03_breaks(struct synth *s)
{
    s->alter = flip_key;
    ordinary(s);
    handshake(s, MPA_DIALECT_RFC6824, flip_client_key);
}

/* Both keys come with the first data again, after a repeated SYN/ACK. */
static void mpc_03_nearly(struct synth *s)
{
    struct synth_conn *c = conn_v1(s);

    synth_syn(c->subflows[0]);
    synth_synack(c->subflows[0]);
    synth_wait(c, SYNTH_S);
    synth_synack(c->subflows[0]);
    synth_ack3(c->subflows[0]);
    talk(c);
}

/* ---- MPC-04: the SYN with one more flag ---- */

static void set_b(struct synth *s, struct synth_tx *tx)
{
    if (s->alter_calls > 1)
        return;
    capable(tx)[3] |= MPA_CAPABLE_B;
    synth_found_here(s, "MPC-04");
}

static void set_c(struct synth *s, struct synth_tx *tx)
{
    if (s->alter_calls == 1)
        capable(tx)[3] |= MPA_CAPABLE_C;
}

static void mpc_04_breaks(struct synth *s)
{
    s->alter = set_b;
    ordinary(s);
}

static void mpc_04_nearly(struct synth *s)
{
    s->alter = set_c;
    ordinary(s);
}

/* ---- MPC-05: crypto algorithms ---- */

#define CRYPTO_G 0x02

static void choose_another(struct synth *s, struct synth_tx *tx)
{
    if (s->alter_calls != 2)
        return;
    capable(tx)[3] = CRYPTO_G;
    synth_found_here(s, "MPC-05");
}

static void offer_none(struct synth *s, struct synth_tx *tx)
{
    if (s->alter_calls != 1)
        return;
    capable(tx)[3] = 0;
    synth_found_here(s, "MPC-05");
}

static void choose_two(struct synth *s, struct synth_tx *tx)
{
    if (s->alter_calls == 1)
        capable(tx)[3] |= CRYPTO_G;
    if (s->alter_calls != 2)
        return;
    capable(tx)[3] |= CRYPTO_G;
    synth_found_here(s, "MPC-05");
}

static void choose_none(struct synth *s, struct synth_tx *tx)
{
    if (s->alter_calls != 2)
        return;
    capable(tx)[3] = 0;
    synth_found_here(s, "MPC-05");
}

static void mpc_05_breaks(struct synth *s)
{
    struct synth_conn *c;

    s->alter = choose_another;
    ordinary(s);
    handshake(s, MPA_DIALECT_RFC8684, choose_two);
    handshake(s, MPA_DIALECT_RFC6824, choose_none);
    c = conn_v1(s);
    synth_at(c, s->conns[2]->now + SYNTH_S);
    s->alter = offer_none;
    s->alter_calls = 0;
    synth_syn(c->subflows[0]);
}

static void offer_two(struct synth *s, struct synth_tx *tx)
{
    if (s->alter_calls == 1)
        capable(tx)[3] |= CRYPTO_G;
}

static void mpc_05_nearly(struct synth *s)
{
    s->alter = offer_two;
    ordinary(s);
}

/* ---- MPC-06: only the server requires checksums ---- */

static void checksums(struct synth *s)
{
    struct synth_conn_config cfg = {
        .dialect = MPA_DIALECT_RFC8684, .vip = &s->vip, .checksum = true};
    struct synth_conn *c = synth_conn(s, &cfg);

    synth_open(c);
    talk(c);
}

static void clear_syn(struct synth *s, struct synth_tx *tx)
{
    if (s->alter_calls == 1)
        capable(tx)[3] &= (uint8_t)~MPA_CAPABLE_A;
}

static void clear_syn_and_ack(struct synth *s, struct synth_tx *tx)
{
    clear_syn(s, tx);
    if (s->alter_calls != 3)
        return;
    capable(tx)[3] &= (uint8_t)~MPA_CAPABLE_A;
    synth_found_here(s, "MPC-06");
}

static void set_ack(struct synth *s, struct synth_tx *tx)
{
    if (s->alter_calls != 3)
        return;
    capable(tx)[3] |= MPA_CAPABLE_A;
    synth_found_here(s, "MPC-06");
}

static void mpc_06_breaks(struct synth *s)
{
    s->alter = clear_syn_and_ack;
    checksums(s);
    handshake(s, MPA_DIALECT_RFC8684, set_ack);
}

static void mpc_06_nearly(struct synth *s)
{
    s->alter = clear_syn;
    checksums(s);
}

/* ---- MPC-07: Data ACKs of a server whose client has given MPTCP up ---- */

static void data_ack(struct synth_conn *c)
{
    struct synth_tx tx = synth_tx(c->subflows[0], SYNTH_SERVER, MPA_TCP_ACK);
    const struct synth_dss d = {.ack = true, .data_ack = synth_dsn(c, SYNTH_CLIENT, 1)};

    synth_opt_dss(&tx.opts, &d);
    synth_emit(&tx);
}

/* The third ACK is plain, and a Data ACK was under way. */
static struct synth_conn *plain_third(struct synth *s)
{
    struct synth_conn *c = conn_v1(s);

    synth_syn(c->subflows[0]);
    synth_synack(c->subflows[0]);
    c->fallback = true;
    synth_ack3(c->subflows[0]);
    data_ack(c);
    return c;
}

static void mpc_07_breaks(struct synth *s)
{
    struct synth_conn *c = plain_third(s);

    data_ack(c);
    synth_found(s, "MPC-07");
    talk(c);
    /* The SYN/ACK is plain, and long after it comes the first. */
    c = conn_v1(s);
    synth_at(c, s->conns[0]->now + SYNTH_S);
    synth_syn(c->subflows[0]);
    synth_plain_synack(c->subflows[0]);
    c->fallback = true;
    synth_ack3(c->subflows[0]);
    synth_wait(c, SYNTH_S);
    data_ack(c);
    synth_found(s, "MPC-07");
    talk(c);
}

static void mpc_07_nearly(struct synth *s)
{
    talk(plain_third(s));
}

/* ---- MPC-08: the first data carries a DSS ---- */

static void mpc_08_breaks(struct synth *s)
{
    struct synth_conn *c = conn_v1(s);

    synth_open(c);
    c->got_dss[SYNTH_CLIENT] = true; /* It believes so. */
    synth_data(c->subflows[0], SYNTH_CLIENT, SYNTH_REQUEST);
    synth_found(s, "MPC-08");
    synth_transfer(c->subflows[0], SYNTH_SERVER, 5000);
    synth_close(c, SYNTH_SERVER);
}

static void mpc_08_nearly(struct synth *s)
{
    struct synth_conn *c = conn_v1(s);

    synth_open(c);
    synth_ack(c->subflows[0], SYNTH_SERVER);
    talk(c);
}

/* ---- MPC-09: a join at once ---- */

static void mpc_09_breaks(struct synth *s)
{
    struct synth_conn *c = conn_v1(s);
    struct synth_subflow *f;

    synth_open(c);
    f = synth_join_from(c, c->cfg.client, s->vip, 0);
    synth_join_syn(f, false);
    synth_found(s, "MPC-09");
    synth_join_synack(f, false);
    synth_join_ack(f);
    synth_join_ack4(f);
    talk(c);
}

static void mpc_09_nearly(struct synth *s)
{
    struct synth_conn *c = conn_v1(s);

    synth_open(c);
    synth_ack(c->subflows[0], SYNTH_SERVER);
    synth_join(c, s->vip, 0);
    talk(c);
}

/* ---- MPC-10: one key of the server for two clients ---- */

static void two_with_one_key(struct synth *s, int64_t later, bool live)
{
    struct synth_conn_config cfg = {
        .dialect = MPA_DIALECT_RFC8684, .vip = &s->vip, .server = s->server[0]};
    struct synth_conn *a = synth_conn(s, &cfg), *b;

    cfg.start = a->now + later;
    cfg.client = synth_host(s, "client-2", synth_v4(10, 1, 0, 3), 3);
    b = synth_conn(s, &cfg);
    synth_set_key(b, SYNTH_SERVER, a->key[SYNTH_SERVER]);
    synth_open(a);
    if (live)
        synth_wait(a, 10 * SYNTH_S);
    talk(a);
    synth_syn(b->subflows[0]);
    synth_synack(b->subflows[0]);
    if (live)
        synth_found(s, "MPC-10");
    synth_ack3(b->subflows[0]);
    talk(b);
}

/* One client, two servers. */
static void two_of_one_client(struct synth *s)
{
    struct synth_conn_config cfg = {.dialect = MPA_DIALECT_RFC6824,
                                    .server = s->server[1],
                                    .start = s->conns[1]->now + SYNTH_S};
    struct synth_conn *a = synth_conn(s, &cfg), *b;

    cfg.start += SYNTH_S;
    cfg.server = s->server[2];
    b = synth_conn(s, &cfg);
    synth_set_key(b, SYNTH_CLIENT, a->key[SYNTH_CLIENT]);
    synth_open(a);
    synth_wait(a, 10 * SYNTH_S);
    talk(a);
    synth_syn(b->subflows[0]);
    synth_found(s, "MPC-10");
    synth_synack(b->subflows[0]);
    synth_ack3(b->subflows[0]);
    talk(b);
}

/* Keys of one server that make one token under SHA-256. */
static void two_with_one_token(struct synth *s)
{
    static const uint8_t keys[2][MPA_KEY_SIZE] = {{0x51, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x1f},
                                                  {0x51, 0x00, 0x00, 0x00, 0x00, 0x02, 0x82, 0xc3}};
    struct synth_conn_config cfg = {.dialect = MPA_DIALECT_RFC8684,
                                    .vip = &s->vip,
                                    .start = s->conns[s->conn_count - 1]->now + SYNTH_S};
    struct synth_conn *c[2];

    for (int i = 0; i < 2; i++) {
        c[i] = synth_conn(s, &cfg);
        synth_set_key(c[i], SYNTH_SERVER, keys[i]);
        cfg.start += SYNTH_S;
        synth_syn(c[i]->subflows[0]);
        synth_synack(c[i]->subflows[0]);
        if (i == 1)
            synth_found(s, "MPC-10");
        synth_ack3(c[i]->subflows[0]);
        synth_wait(c[i], 10 * SYNTH_S);
        talk(c[i]);
    }
}

static void mpc_10_breaks(struct synth *s)
{
    two_with_one_key(s, SYNTH_S, true);
    two_of_one_client(s);
    two_with_one_token(s);
}

static void mpc_10_nearly(struct synth *s)
{
    two_with_one_key(s, SYNTH_S, false);
}

/* ---- MPC-11: SYNs that nobody answers ---- */

static void repeat_syn(struct synth_conn *c, int count)
{
    for (int i = 0; i < count; i++) {
        synth_syn(c->subflows[0]);
        synth_wait(c, SYNTH_S << i);
    }
}

static void mpc_11_breaks(struct synth *s)
{
    struct synth_conn *c = conn_v1(s);

    repeat_syn(c, 6);
    synth_found(s, "MPC-11");
    synth_syn(c->subflows[0]);
}

static void mpc_11_nearly(struct synth *s)
{
    struct synth_conn *c = conn_v1(s);

    repeat_syn(c, 5);
    synth_plain_syn(c->subflows[0]);
    synth_plain_synack(c->subflows[0]);
    c->fallback = true;
    synth_ack3(c->subflows[0]);
    talk(c);
}

const struct synth_rule synth_rules_capable[] = {
    {.id = "MPC-01",
     .breaks = mpc_01_breaks,
     .nearly = mpc_01_nearly,
     .broken = "a plain SYN is answered with MP_CAPABLE, also after one that had it",
     .kept = "a repeated SYN with MP_CAPABLE is"},
    {.id = "MPC-02",
     .breaks = mpc_02_breaks,
     .nearly = mpc_02_nearly,
     .broken = "version 0 is answered with version 1",
     .kept = "version 1 is answered with version 0, which is then spoken"},
    {.id = "MPC-03",
     .breaks = mpc_03_breaks,
     .nearly = mpc_03_nearly,
     .broken = "one bit of a key differs in the third ACK: the server's, the client's",
     .kept = "both keys come twice, after a repeated SYN/ACK"},
    {.id = "MPC-04",
     .breaks = mpc_04_breaks,
     .nearly = mpc_04_nearly,
     .broken = "the SYN sets B",
     .kept = "the SYN sets C"},
    {.id = "MPC-05",
     .breaks = mpc_05_breaks,
     .nearly = mpc_05_nearly,
     .broken = "H is offered, G is chosen; two are chosen; none is chosen; none is offered",
     .kept = "G and H are offered, H is chosen"},
    {.id = "MPC-06",
     .breaks = mpc_06_breaks,
     .nearly = mpc_06_nearly,
     .broken = "the SYN/ACK sets A, the third ACK does not; only the third ACK does",
     .kept = "the SYN does not set A, the SYN/ACK and the third ACK do"},
    {.id = "MPC-07",
     .breaks = mpc_07_breaks,
     .nearly = mpc_07_nearly,
     .broken = "a second Data ACK follows a plain third ACK; one long after a plain SYN/ACK",
     .kept = "one does, within a round trip"},
    {.id = "MPC-08",
     .breaks = mpc_08_breaks,
     .nearly = mpc_08_nearly,
     .broken = "the client's first data carries a DSS, and it has heard nothing",
     .kept = "it has received a Data ACK"},
    {.id = "MPC-09",
     .breaks = mpc_09_breaks,
     .nearly = mpc_09_nearly,
     .broken = "the client joins right after its third ACK",
     .kept = "it has received a Data ACK"},
    {.id = "MPC-10",
     .breaks = mpc_10_breaks,
     .nearly = mpc_10_nearly,
     .broken = "the server's key is that of another connection that lives; the client's is",
     .kept = "the other connection has ended"},
    {.id = "MPC-11",
     .breaks = mpc_11_breaks,
     .nearly = mpc_11_nearly,
     .broken = "seven SYNs with MP_CAPABLE, no plain one",
     .kept = "the sixth is plain"},
    {.id = NULL},
};
