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

static void fmt_01_breaks(struct synth *s)
{
    struct synth_conn *c = with_option(s, "\x1e\x03\x40", 3);

    synth_found(s, "FMT-01");
    synth_close(c, SYNTH_SERVER);
}

static void fmt_01_nearly(struct synth *s)
{
    struct synth_conn *c = with_option(s, "\x1e\x04\x40\x07", 4);

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

static void fmt_03_breaks(struct synth *s)
{
    s->alter = dss_on_synack;
    fmt_03(s);
}

static void fmt_03_nearly(struct synth *s)
{
    s->alter = dss_on_ack;
    fmt_03(s);
}

/* ---- FMT-04: subtypes that are in no standard ---- */

static void fmt_04_breaks(struct synth *s)
{
    struct synth_conn *c = with_option(s, "\x1e\x04\x90\x00", 4);

    synth_found(s, "FMT-04");
    synth_close(c, SYNTH_SERVER);
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
     .broken = "a REMOVE_ADDR of length 3 names no address ID",
     .kept = "a REMOVE_ADDR of length 4 names one"},
    {.id = "FMT-02",
     .breaks = fmt_02_breaks,
     .nearly = fmt_02,
     .broken = "a DSS sets the highest of its three reserved bits",
     .kept = "a DSS sets all five flags that it has"},
    {.id = "FMT-03",
     .breaks = fmt_03_breaks,
     .nearly = fmt_03_nearly,
     .broken = "the SYN/ACK carries a Data ACK beside MP_CAPABLE",
     .kept = "the third ACK carries one"},
    {.id = "FMT-04",
     .breaks = fmt_04_breaks,
     .nearly = fmt_04_nearly,
     .broken = "an option of subtype 9, which no dialect defines",
     .kept = "an option of subtype 15, which is for experiments"},
    {.id = NULL},
};
