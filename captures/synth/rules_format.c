/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Breaches of the rules of the group format, and what nearly is one. */
#include "rules.h"

static struct synth_conn *conn_v1(struct synth *s)
{
    struct synth_conn_config cfg = {.dialect = MPA_DIALECT_RFC8684, .vip = &s->vip};

    return synth_conn(s, &cfg);
}

static void talk(struct synth_conn *c)
{
    synth_data(c->subflows[0], SYNTH_CLIENT, SYNTH_REQUEST);
    synth_transfer(c->subflows[0], SYNTH_SERVER, 5000);
}

/* A connection in whose middle the client acknowledges with one more option. */
static struct synth_conn *with_option(struct synth *s, const void *option, size_t size)
{
    struct synth_conn *c = conn_v1(s);
    struct synth_tx tx;

    synth_open(c);
    talk(c);
    tx = synth_tx(c->subflows[0], SYNTH_CLIENT, MPA_TCP_ACK);
    synth_compose(&tx, false);
    synth_opt_bytes(&tx.opts, option, size);
    synth_emit(&tx);
    return c;
}

/* ---- FMT-01: REMOVE_ADDR with how many IDs ---- */

/* A form that exists, but not on a SYN. */
static void prio_on_syn(struct synth *s, struct synth_tx *tx)
{
    if (s->alter_calls > 1)
        return;
    synth_opt_prio(&tx->opts, false, -1);
    synth_found_here(s, "FMT-01");
}

static void fmt_01_breaks(struct synth *s)
{
    struct synth_conn *c;

    s->alter = prio_on_syn;
    c = with_option(s, "\x1e\x03\x40", 3);
    synth_found(s, "FMT-01");
    synth_close(c, SYNTH_SERVER);
}

/* Whoever does not know the sequence numbers: the server drops it. */
static void inject(struct synth_conn *c, const void *option, size_t size)
{
    struct synth_tx tx = synth_tx(c->subflows[0], SYNTH_CLIENT, MPA_TCP_ACK);

    tx.raw = true;
    tx.seq = synth_seq(c->subflows[0], SYNTH_CLIENT, UINT64_C(1) << 30);
    tx.ack = synth_seq(c->subflows[0], SYNTH_SERVER, UINT64_C(1) << 30);
    synth_opt_bytes(&tx.opts, option, size);
    synth_emit(&tx);
}

static void fmt_01_nearly(struct synth *s)
{
    struct synth_conn *c = with_option(s, "\x1e\x04\x40\x07", 4);

    inject(c, "\x1e\x03\x40", 3);
    synth_close(c, SYNTH_SERVER);
}

/* ---- FMT-02: flags of a DSS ---- */

/* The server's second data. */
static void set_reserved(struct synth *s, struct synth_tx *tx)
{
    if (tx->from != SYNTH_SERVER || !tx->size || s->found_count)
        return;
    synth_option(tx, MPA_DSS)[3] |= 0x80;
    synth_found_here(s, "FMT-02");
}

static void fmt_02(struct synth *s)
{
    struct synth_conn *c = conn_v1(s);

    c->wide = true; /* All five flags that there are, in the DATA_FIN. */
    synth_open(c);
    talk(c);
    synth_close(c, SYNTH_SERVER);
}

static void fmt_02_breaks(struct synth *s)
{
    s->alter = set_reserved;
    fmt_02(s);
}

/* ---- FMT-03: a DSS in the handshake ---- */

static void with_dss(struct synth *s, struct synth_tx *tx, unsigned which)
{
    const struct synth_dss d = {.ack = true,
                                .data_ack = synth_dsn(tx->f->conn, synth_peer(tx->from), 1)};

    if (s->alter_calls == which)
        synth_opt_dss(&tx->opts, &d);
}

static void dss_on_synack(struct synth *s, struct synth_tx *tx)
{
    with_dss(s, tx, 2);
    if (s->alter_calls == 2)
        synth_found_here(s, "FMT-03");
}

static void dss_on_ack(struct synth *s, struct synth_tx *tx)
{
    with_dss(s, tx, 3);
}

static void fmt_03(struct synth *s)
{
    struct synth_conn *c = conn_v1(s);

    synth_open(c);
    c->got_dss[SYNTH_CLIENT] = false; /* It takes nothing from a SYN/ACK. */
    talk(c);
    synth_close(c, SYNTH_SERVER);
}

/* The first data is mapped twice: no timestamps, so that both options fit. */
static void map_twice(struct synth *s)
{
    struct synth_conn_config cfg = {
        .dialect = MPA_DIALECT_RFC8684, .vip = &s->vip, .start = s->conns[0]->now, .no_ts = true};
    struct synth_conn *c = synth_conn(s, &cfg);
    struct synth_tx tx;
    struct synth_dss d = {.map = true, .ssn = 1, .length = SYNTH_REQUEST};

    synth_open(c);
    tx = synth_tx(c->subflows[0], SYNTH_CLIENT, MPA_TCP_ACK);
    tx.size = SYNTH_REQUEST;
    tx.data_off = c->data[SYNTH_CLIENT].snd;
    c->data[SYNTH_CLIENT].snd += SYNTH_REQUEST;
    synth_compose(&tx, true);
    d.dsn = synth_dsn(c, SYNTH_CLIENT, tx.data_off);
    synth_opt_dss(&tx.opts, &d);
    synth_emit(&tx);
    synth_found(s, "FMT-03");
    synth_close(c, SYNTH_SERVER);
}

/* A joined subflow repeats the keys. */
static void keys_on_join(struct synth *s)
{
    struct synth_conn_config cfg = {
        .dialect = MPA_DIALECT_RFC8684, .vip = &s->vip, .start = s->conns[1]->now};
    struct synth_conn *c = synth_conn(s, &cfg);
    struct synth_tx tx;

    synth_open(c);
    talk(c);
    tx = synth_tx(synth_join(c, s->vip, 0), SYNTH_CLIENT, MPA_TCP_ACK);
    synth_opt_capable(&tx.opts, SYNTH_N_CAPABLE_ACK, 1, 0x01, c->key[SYNTH_CLIENT],
                      c->key[SYNTH_SERVER], -1, -1);
    synth_emit(&tx);
    synth_found(s, "FMT-03");
    synth_close(c, SYNTH_SERVER);
}

/* What belongs to joined subflows only, in an ordinary handshake. */
static void join_in_handshake(struct synth *s, struct synth_tx *tx)
{
    static const uint8_t hmac[20];

    if (s->alter_calls == 2)
        synth_opt_join_synack(&tx->opts, false, 1, hmac, 0);
    else if (s->alter_calls == 4)
        synth_opt_join_ack(&tx->opts, hmac);
    else
        return;
    synth_found_here(s, "FMT-03");
}

static void joins_out_of_place(struct synth *s)
{
    struct synth_conn_config cfg = {
        .dialect = MPA_DIALECT_RFC8684, .vip = &s->vip, .start = s->conns[2]->now, .no_ts = true};
    struct synth_conn *c = synth_conn(s, &cfg);

    s->alter = join_in_handshake;
    s->alter_calls = 0;
    synth_open(c);
    synth_ack(c->subflows[0], SYNTH_CLIENT);
    talk(c);
}

static void fmt_03_breaks(struct synth *s)
{
    s->alter = dss_on_synack;
    fmt_03(s);
    map_twice(s);
    keys_on_join(s);
    joins_out_of_place(s);
}

static void fmt_03_nearly(struct synth *s)
{
    s->alter = dss_on_ack;
    fmt_03(s);
}

/* ---- FMT-04: subtypes that are in no standard ---- */

/* The third ACK with a version that is not the SYN/ACK's. */
static void older_ack(struct synth *s, struct synth_tx *tx)
{
    if (s->alter_calls != 3)
        return;
    synth_option(tx, MPA_MP_CAPABLE)[2] = 0x00;
    synth_found_here(s, "FMT-04");
}

/* A server of RFC 6824 that gives a reason of RFC 8684. */
static void reason_in_v0(struct synth *s, int64_t start)
{
    struct synth_conn_config cfg = {.dialect = MPA_DIALECT_RFC6824, .vip = &s->vip, .start = start};
    struct synth_conn *c = synth_conn(s, &cfg);
    struct synth_tx tx;

    synth_open(c);
    talk(c);
    tx = synth_rst_own(c->subflows[0], SYNTH_SERVER);
    synth_opt_tcprst(&tx.opts, false, 0);
    synth_emit(&tx);
    synth_found(s, "FMT-04");
}

static void fmt_04_breaks(struct synth *s)
{
    struct synth_conn *c = with_option(s, "\x1e\x04\x90\x00", 4);

    synth_found(s, "FMT-04");
    synth_close(c, SYNTH_SERVER);
    reason_in_v0(s, c->now + SYNTH_S);
    s->alter = older_ack;
    s->alter_calls = 0;
    fmt_03(s);
}

static void fmt_04_nearly(struct synth *s)
{
    struct synth_conn *c = with_option(s, "\x1e\x04\xf0\x00", 4);

    synth_close(c, SYNTH_SERVER);
}

const struct synth_rule synth_rules_format[] = {
    {.id = "FMT-01",
     .breaks = fmt_01_breaks,
     .nearly = fmt_01_nearly,
     .broken = "a REMOVE_ADDR of length 3 names no address ID; MP_PRIO on a SYN",
     .kept = "a REMOVE_ADDR of length 4 names one"},
    {.id = "FMT-02",
     .breaks = fmt_02_breaks,
     .nearly = fmt_02,
     .broken = "a DSS sets the highest of its three reserved bits",
     .kept = "a DSS sets all five flags that it has"},
    {.id = "FMT-03",
     .breaks = fmt_03_breaks,
     .nearly = fmt_03_nearly,
     .broken = "the SYN/ACK carries a Data ACK; MP_CAPABLE and MP_JOIN out of place",
     .kept = "the third ACK carries one"},
    {.id = "FMT-04",
     .breaks = fmt_04_breaks,
     .nearly = fmt_04_nearly,
     .broken = "a subtype that no dialect defines; MP_TCPRST in RFC 6824; versions that differ",
     .kept = "an option of subtype 15, which is for experiments"},
    {.id = NULL},
};
