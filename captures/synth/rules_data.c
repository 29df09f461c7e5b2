/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Breaches of the rules of the group data, and what nearly is one. */
#include "rules.h"

/* ---- What they share ------------------------------------------------------------------- */

/* Far apart, so that the earlier ones are over. */
static struct synth_conn *new_conn(struct synth *s)
{
    struct synth_conn_config cfg = {.dialect = MPA_DIALECT_RFC8684,
                                    .vip = &s->vip,
                                    .start = (int64_t)s->conn_count * 200 * SYNTH_S};

    return synth_conn(s, &cfg);
}

static void request(struct synth_conn *c)
{
    synth_open(c);
    synth_data(c->subflows[0], SYNTH_CLIENT, SYNTH_REQUEST);
    synth_ack(c->subflows[0], SYNTH_SERVER);
}

/* Request and an answer, which has been acknowledged. */
static struct synth_conn *started(struct synth *s)
{
    struct synth_conn *c = new_conn(s);

    request(c);
    synth_transfer(c->subflows[0], SYNTH_SERVER, 5000);
    return c;
}

static void finish(struct synth_conn *c)
{
    synth_transfer(c->subflows[0], SYNTH_SERVER, 5000);
    synth_close(c, SYNTH_SERVER);
}

/* The same with a second subflow, to the server's unique address. */
static struct synth_subflow *joined(struct synth_conn *c)
{
    struct synth_subflow *vip = c->subflows[0];

    synth_echo(vip, synth_advertise(vip, SYNTH_SERVER, 1, c->cfg.server->addr, 0));
    return synth_join(c, c->cfg.server->addr, 0);
}

/* The next segment of 'from' with a mapping of its own making; 'size' bytes of payload. */
static struct synth_tx mapped(struct synth_subflow *f, enum synth_side from, uint32_t size,
                              uint64_t off, uint64_t data_off, uint32_t length)
{
    struct synth_conn *c = f->conn;
    enum synth_side peer = synth_peer(from);
    struct synth_tx tx = synth_tx(f, from, MPA_TCP_ACK | MPA_TCP_PSH);
    struct synth_dss d = {.map = true,
                          .ack = true,
                          .dsn8 = c->wide,
                          .ack8 = c->wide,
                          .dsn = synth_dsn(c, from, data_off),
                          .ssn = (uint32_t)off,
                          .length = (uint16_t)length,
                          .data_ack = synth_dsn(c, peer, synth_data_received(c, peer))};

    tx.size = size;
    tx.data_off = c->data[from].snd;
    c->data[from].snd += size;
    if (c->cfg.checksum) {
        uint8_t payload[SYNTH_MSS];

        synth_payload(tx.data_off, payload, size);
        d.checksum = true;
        d.sum = mpa_crypto_dss_checksum(d.dsn, d.ssn, d.length, payload, size);
    }
    synth_opt_dss(&tx.opts, &d);
    return tx;
}

/* A pure acknowledgement with this Data ACK. */
static struct synth_tx acking(struct synth_subflow *f, enum synth_side from, uint64_t off,
                              bool wide)
{
    struct synth_conn *c = f->conn;
    struct synth_tx tx = synth_tx(f, from, MPA_TCP_ACK);
    struct synth_dss d = {
        .ack = true, .ack8 = wide, .data_ack = synth_dsn(c, synth_peer(from), off)};

    synth_opt_dss(&tx.opts, &d);
    return tx;
}

/* ---- DS-01 ----------------------------------------------------------------------------- */

static void ds_01_breaks(struct synth *s)
{
    struct synth_conn *c = new_conn(s);

    c->idsn[SYNTH_SERVER]--; /* It forgets that the SYN takes a number. */
    request(c);
    synth_data(c->subflows[0], SYNTH_SERVER, SYNTH_MSS);
    synth_found(s, "DS-01");
    synth_ack(c->subflows[0], SYNTH_CLIENT);
    finish(c);
}

static void ds_01_nearly(struct synth *s)
{
    struct synth_conn *c = new_conn(s);
    struct synth_subflow *f = c->subflows[0];
    uint64_t off, data;
    struct synth_tx tx;

    request(c);
    off = f->half[SYNTH_SERVER].snd;
    data = c->data[SYNTH_SERVER].snd;
    tx = mapped(f, SYNTH_SERVER, 1000, off, data, 1000);
    tx.unseen = tx.lost = true;
    synth_emit(&tx);
    synth_data(f, SYNTH_SERVER, 1000);
    synth_ack(f, SYNTH_CLIENT);
    synth_resend(f, SYNTH_SERVER, off, data, 1000);
    synth_ack(f, SYNTH_CLIENT);
    finish(c);
}

/* ---- DS-02: retransmissions -------------------------------------------------------------- */

static void ds_02_breaks(struct synth *s)
{
    struct synth_conn *c = started(s);
    struct synth_subflow *f = c->subflows[0];
    uint64_t off = f->half[SYNTH_SERVER].snd;
    struct synth_tx tx;

    synth_data(f, SYNTH_SERVER, 1000);
    tx = synth_tx(f, SYNTH_SERVER, MPA_TCP_ACK | MPA_TCP_PSH);
    tx.off = off;
    tx.size = 1000;
    tx.data_off = c->data[SYNTH_SERVER].snd;
    synth_compose(&tx, true);
    tx.lost = true;
    synth_emit(&tx);
    synth_found(s, "DS-02");
    synth_ack(f, SYNTH_CLIENT);
    finish(c);
}

static void ds_02_nearly(struct synth *s)
{
    struct synth_conn *c = started(s);
    struct synth_subflow *f = c->subflows[0];
    uint64_t off = f->half[SYNTH_SERVER].snd, data = c->data[SYNTH_SERVER].snd;

    synth_data(f, SYNTH_SERVER, 1000);
    synth_data(f, SYNTH_SERVER, 1000);
    synth_resend(f, SYNTH_SERVER, off, data, 1000);
    synth_resend(f, SYNTH_SERVER, off + 600, data + 600, 900); /* Cut differently. */
    synth_ack(f, SYNTH_CLIENT);
    finish(c);
}

/* ---- DS-03 ------------------------------------------------------------------------------- */

/* Three segments; the second one's mapping begins 'early' bytes before the third. */
static void second_mapping(struct synth *s, struct synth_conn *c, uint32_t early, bool found)
{
    struct synth_subflow *f = c->subflows[0];
    uint64_t off = f->half[SYNTH_SERVER].snd, data = c->data[SYNTH_SERVER].snd;
    struct synth_tx tx = mapped(f, SYNTH_SERVER, 1000, off, data, 2000 - early);

    synth_emit(&tx);
    tx = mapped(f, SYNTH_SERVER, 1000, off + 2000 - early, data + 2000 - early, 1000 + early);
    synth_emit(&tx);
    if (found)
        synth_found(s, "DS-03");
    tx = mapped(f, SYNTH_SERVER, 1000, off + 2000 - early, data + 2000 - early, 1000 + early);
    synth_emit(&tx);
    synth_ack(f, SYNTH_CLIENT);
}

static void ds_03_breaks(struct synth *s)
{
    struct synth_conn *c = started(s);

    second_mapping(s, c, 0, true);
    finish(c);
}

static void ds_03_nearly(struct synth *s)
{
    struct synth_conn *c = started(s);

    second_mapping(s, c, 1, false);
    synth_burst(c->subflows[0], SYNTH_SERVER, 40000);
    synth_ack(c->subflows[0], SYNTH_CLIENT);
    finish(c);
    /* TCP Fast Open (RFC 8684 B.3, figure 19). */
    c = new_conn(s);
    c->subflows[0]->fast_open = 1400;
    request(c);
    synth_data(c->subflows[0], SYNTH_CLIENT, 1000);
    synth_ack(c->subflows[0], SYNTH_SERVER);
    finish(c);
}

/* ---- DS-04 ------------------------------------------------------------------------------- */

static void ds_04_breaks(struct synth *s)
{
    struct synth_conn *c = started(s);
    struct synth_tx tx = synth_tx(c->subflows[0], SYNTH_SERVER, MPA_TCP_ACK | MPA_TCP_PSH);

    tx.size = 1000;
    synth_compose(&tx, false);
    synth_emit(&tx);
    synth_found(s, "DS-04");
    synth_ack(c->subflows[0], SYNTH_CLIENT);
    finish(c);
}

static void ds_04_nearly(struct synth *s)
{
    struct synth_conn *c = started(s);
    struct synth_subflow *f = c->subflows[0];
    uint64_t off = f->half[SYNTH_SERVER].snd, data = c->data[SYNTH_SERVER].snd;
    struct synth_tx tx = synth_tx(f, SYNTH_SERVER, MPA_TCP_ACK | MPA_TCP_PSH);

    /* The mapping comes with the second segment. */
    tx.size = 1000;
    tx.data_off = data;
    c->data[SYNTH_SERVER].snd += 1000;
    synth_compose(&tx, false);
    synth_emit(&tx);
    tx = mapped(f, SYNTH_SERVER, 1000, off, data, 2000);
    synth_emit(&tx);
    synth_ack(f, SYNTH_CLIENT);
    finish(c);
}

/* ---- DS-05: reinjections ------------------------------------------------------------------- */

/* Data of the initial subflow again on the other one, in other pieces; the second one may be
   damaged. */
static void reinject(struct synth *s, bool damaged)
{
    struct synth_conn *c = started(s);
    struct synth_subflow *vip = c->subflows[0], *direct = joined(c);
    uint64_t data = c->data[SYNTH_SERVER].snd;

    synth_data(vip, SYNTH_SERVER, SYNTH_MSS);
    synth_data(vip, SYNTH_SERVER, SYNTH_MSS);
    for (uint32_t at = 0; at < 2 * SYNTH_MSS; at += 1000) {
        struct synth_tx tx = synth_tx(direct, SYNTH_SERVER, MPA_TCP_ACK | MPA_TCP_PSH);

        tx.size = 2 * SYNTH_MSS - at < 1000 ? 2 * SYNTH_MSS - at : 1000;
        tx.data_off = data + at;
        tx.damaged = damaged && at == 1000;
        synth_compose(&tx, true);
        synth_emit(&tx);
        if (tx.damaged)
            synth_found(s, "DS-05");
    }
    synth_ack(direct, SYNTH_CLIENT);
    synth_ack(vip, SYNTH_CLIENT);
    finish(c);
}

static void ds_05_breaks(struct synth *s)
{
    struct synth_conn_config cfg = {
        .dialect = MPA_DIALECT_RFC8684, .vip = &s->vip, .checksum = true, .start = 200 * SYNTH_S};
    struct synth_conn *c;
    struct synth_subflow *f;
    struct synth_tx tx;
    uint64_t data;

    reinject(s, true);
    /* Other bytes with a right checksum: nobody changed them on the way. */
    c = synth_conn(s, &cfg);
    f = c->subflows[0];
    request(c);
    data = c->data[SYNTH_SERVER].snd;
    synth_data(f, SYNTH_SERVER, 1000);
    tx = mapped(f, SYNTH_SERVER, 1000, f->half[SYNTH_SERVER].snd, data, 1000);
    synth_emit(&tx);
    synth_found(s, "DS-05");
    synth_ack(f, SYNTH_CLIENT);
}

static void ds_05_nearly(struct synth *s)
{
    reinject(s, false);
}

/* ---- DS-06 ------------------------------------------------------------------------------- */

static void ds_06_breaks(struct synth *s)
{
    struct synth_conn *c = started(s);
    struct synth_tx tx =
        acking(c->subflows[0], SYNTH_CLIENT, c->data[SYNTH_SERVER].snd + 1000, true);

    /* Of data that the server sends only later. */
    synth_emit(&tx);
    synth_found(s, "DS-06");
    synth_wait(c, 5 * SYNTH_S);
    finish(c);
    /* Takes one back. */
    c = started(s);
    synth_wait(c, SYNTH_S);
    tx = acking(c->subflows[0], SYNTH_CLIENT, c->data[SYNTH_SERVER].snd - 1000, true);
    synth_emit(&tx);
    synth_found(s, "DS-06");
    finish(c);
}

static void ds_06_nearly(struct synth *s)
{
    struct synth_conn *c = started(s);
    struct synth_subflow *direct = joined(c);
    uint64_t before = c->data[SYNTH_SERVER].snd;
    struct synth_tx tx;

    synth_transfer(direct, SYNTH_SERVER, 5000);
    /* What was on its way on the other path for longer. */
    tx = acking(c->subflows[0], SYNTH_CLIENT, before, true);
    synth_emit(&tx);
    finish(c);
}

/* ---- DS-07 ------------------------------------------------------------------------------- */

static void ds_07_breaks(struct synth *s)
{
    struct synth_conn *c = started(s);
    struct synth_tx tx;

    synth_data(c->subflows[0], SYNTH_SERVER, 1000);
    tx = acking(c->subflows[0], SYNTH_CLIENT, c->data[SYNTH_SERVER].snd, false);
    synth_emit(&tx);
    synth_found(s, "DS-07");
    finish(c);
}

static void ds_07_nearly(struct synth *s)
{
    struct synth_conn *c = started(s);
    struct synth_tx tx;

    synth_data(c->subflows[0], SYNTH_SERVER, 1000);
    synth_ack(c->subflows[0], SYNTH_CLIENT);
    tx = acking(c->subflows[0], SYNTH_CLIENT, c->data[SYNTH_SERVER].snd, false);
    synth_emit(&tx);
    finish(c);
}

/* ---- DS-08 ------------------------------------------------------------------------------- */

/* Both sides' DATA_FINs and FINs after the server's DATA_FIN. */
static void close_after_data_fin(struct synth_conn *c)
{
    struct synth_subflow *f = c->subflows[0];

    synth_ack(f, SYNTH_CLIENT);
    synth_data_fin(f, SYNTH_CLIENT, false);
    synth_ack(f, SYNTH_SERVER);
    synth_close_subflow(f, SYNTH_SERVER);
}

static void ds_08_breaks(struct synth *s)
{
    struct synth_conn *c = started(s);
    struct synth_subflow *f = c->subflows[0];
    struct synth_tx tx = synth_tx(f, SYNTH_SERVER, MPA_TCP_ACK);
    struct synth_dss d = {.map = true,
                          .ack = true,
                          .fin = true,
                          .dsn8 = true,
                          .ack8 = true,
                          .dsn = synth_dsn(c, SYNTH_SERVER, c->data[SYNTH_SERVER].snd),
                          .ssn = (uint32_t)f->half[SYNTH_SERVER].snd,
                          .length = 1,
                          .data_ack = synth_dsn(c, SYNTH_CLIENT, c->data[SYNTH_CLIENT].snd)};

    /* With the subflow's next number instead of 0. */
    tx.data_fin = true;
    tx.data_off = c->data[SYNTH_SERVER].snd++;
    synth_opt_dss(&tx.opts, &d);
    synth_emit(&tx);
    synth_found(s, "DS-08");
    close_after_data_fin(c);
    /* More data behind it. */
    c = started(s);
    f = c->subflows[0];
    synth_data_fin(f, SYNTH_SERVER, false);
    tx = synth_tx(f, SYNTH_SERVER, MPA_TCP_ACK | MPA_TCP_PSH);
    tx.size = 1000;
    tx.data_off = c->data[SYNTH_SERVER].snd;
    synth_compose(&tx, true);
    tx.lost = true;
    synth_emit(&tx);
    synth_found(s, "DS-08");
    close_after_data_fin(c);
}

static void ds_08_nearly(struct synth *s)
{
    struct synth_conn *c = started(s);
    struct synth_subflow *f = c->subflows[0];
    uint64_t off = f->half[SYNTH_SERVER].snd, data = c->data[SYNTH_SERVER].snd;
    struct synth_tx tx = synth_tx(f, SYNTH_SERVER, MPA_TCP_ACK | MPA_TCP_PSH);

    /* With the last data, then without, then data from in front of it again. */
    tx.size = 1000;
    tx.data_fin = true;
    tx.data_off = data;
    c->data[SYNTH_SERVER].snd += 1001;
    synth_compose(&tx, true);
    synth_emit(&tx);
    synth_data_fin(f, SYNTH_SERVER, true);
    synth_resend(f, SYNTH_SERVER, off, data, 1000);
    close_after_data_fin(c);
}

/* ---- DS-09 ------------------------------------------------------------------------------- */

/* Both DATA_FINs, and the FINs so much later; 0: none. */
static void close_late(struct synth *s, int64_t later)
{
    struct synth_conn *c = started(s);
    struct synth_subflow *f = c->subflows[0];

    synth_data_fin(f, SYNTH_SERVER, false);
    synth_ack(f, SYNTH_CLIENT);
    synth_data_fin(f, SYNTH_CLIENT, false);
    synth_ack(f, SYNTH_SERVER);
    if (!later)
        synth_found(s, "DS-09");
    synth_wait(c, later);
    if (later)
        synth_close_subflow(f, SYNTH_SERVER);
}

static void ds_09_breaks(struct synth *s)
{
    struct synth_conn *c;
    struct synth_subflow *f;

    close_late(s, 0);
    c = started(s);
    f = c->subflows[0];
    synth_data(f, SYNTH_SERVER, 1000);
    synth_fin(f, SYNTH_SERVER);
    synth_found(s, "DS-09");
    synth_ack(f, SYNTH_CLIENT);
    synth_fin(f, SYNTH_CLIENT);
    synth_ack(f, SYNTH_SERVER);
}

static void ds_09_nearly(struct synth *s)
{
    struct synth_conn *c;
    struct synth_subflow *f;
    struct synth_tx tx;

    close_late(s, 50 * SYNTH_S);
    /* The segment with the DATA_FIN alone is outstanding. */
    c = started(s);
    f = c->subflows[0];
    tx = synth_tx(f, SYNTH_SERVER, MPA_TCP_ACK | MPA_TCP_PSH);
    tx.size = 1000;
    tx.data_fin = true;
    tx.data_off = c->data[SYNTH_SERVER].snd;
    c->data[SYNTH_SERVER].snd += 1001;
    synth_compose(&tx, true);
    synth_emit(&tx);
    synth_fin(f, SYNTH_SERVER);
    synth_ack(f, SYNTH_CLIENT);
    synth_data_fin(f, SYNTH_CLIENT, false);
    synth_ack(f, SYNTH_SERVER);
    synth_fin(f, SYNTH_CLIENT);
    synth_ack(f, SYNTH_SERVER);
}

/* ---- DS-10 ------------------------------------------------------------------------------- */

/* The client's window becomes smaller by so many units, without anything new. */
static void shrink(struct synth *s, unsigned units)
{
    struct synth_conn *c = started(s);
    struct synth_tx tx = synth_tx(c->subflows[0], SYNTH_CLIENT, MPA_TCP_ACK);

    tx.window = (uint16_t)(tx.window - units);
    synth_compose(&tx, false);
    synth_emit(&tx);
    if (units > 1)
        synth_found(s, "DS-10");
    finish(c);
}

static void ds_10_breaks(struct synth *s)
{
    shrink(s, 2);
}

static void ds_10_nearly(struct synth *s)
{
    shrink(s, 1);
}

/* clang-format off */
const struct synth_rule synth_rules_data[] = {
    {.id = "DS-01", .breaks = ds_01_breaks, .nearly = ds_01_nearly,
     .broken = "the server's data begins at its initial data sequence number",
     .kept = "the first segment is captured after the second"},
    {.id = "DS-02", .breaks = ds_02_breaks, .nearly = ds_02_nearly,
     .broken = "a retransmission has the next data sequence numbers",
     .kept = "retransmissions have the same numbers, though cut differently"},
    {.id = "DS-03", .breaks = ds_03_breaks, .nearly = ds_03_nearly,
     .broken = "a segment carries the mapping of the one behind it",
     .kept = "a mapping begins with the last byte of its segment; a long one is repeated; a SYN "
             "has payload"},
    {.id = "DS-04", .breaks = ds_04_breaks, .nearly = ds_04_nearly,
     .broken = "a segment in the middle is never mapped",
     .kept = "a segment's mapping comes with the next one"},
    {.id = "DS-05", .breaks = ds_05_breaks, .nearly = ds_05_nearly,
     .broken = "one byte of a reinjection differs; other bytes come with a right checksum",
     .kept = "the reinjection is cut differently from the original"},
    {.id = "DS-06", .breaks = ds_06_breaks, .nearly = ds_06_nearly,
     .broken = "data is acknowledged before it is sent; a Data ACK is taken back",
     .kept = "a lower Data ACK comes on another subflow"},
    {.id = "DS-07", .breaks = ds_07_breaks, .nearly = ds_07_nearly,
     .broken = "new data with 64-bit numbers is acknowledged with 32 bits",
     .kept = "what was acknowledged with 64 bits is acknowledged again with 32"},
    {.id = "DS-08", .breaks = ds_08_breaks, .nearly = ds_08_nearly,
     .broken = "a bare DATA_FIN has a subflow sequence number; data follows a DATA_FIN",
     .kept = "a DATA_FIN comes with data and again without; data in front of it is repeated"},
    {.id = "DS-09", .breaks = ds_09_breaks, .nearly = ds_09_nearly,
     .broken = "no FIN within a minute after both DATA_FINs; FIN right behind unacknowledged data",
     .kept = "FIN 50 s after both DATA_FINs; FIN while only the DATA_FIN's segment is outstanding"},
    {.id = "DS-10", .breaks = ds_10_breaks, .nearly = ds_10_nearly,
     .broken = "the window shrinks by two units",
     .kept = "the window shrinks by one unit"},
    {.id = NULL},
};
/* clang-format on */
