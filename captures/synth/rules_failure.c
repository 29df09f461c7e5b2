/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Breaches of the rules of the group failure, and what nearly is one. */
#include "rules.h"

/* ---- What they share ------------------------------------------------------------------- */

/* Far apart, so that the earlier ones are over. */
static struct synth_conn *new_conn(struct synth *s, enum mpa_dialect dialect, bool checksum)
{
    struct synth_conn_config cfg = {.dialect = dialect,
                                    .vip = &s->vip,
                                    .checksum = checksum,
                                    .start = (int64_t)s->conn_count * 200 * SYNTH_S};

    return synth_conn(s, &cfg);
}

/* Request and an answer, which has been acknowledged. */
static struct synth_conn *start(struct synth *s, enum mpa_dialect dialect, bool checksum)
{
    struct synth_conn *c = new_conn(s, dialect, checksum);

    synth_open(c);
    synth_data(c->subflows[0], SYNTH_CLIENT, SYNTH_REQUEST);
    synth_ack(c->subflows[0], SYNTH_SERVER);
    synth_transfer(c->subflows[0], SYNTH_SERVER, 5000);
    return c;
}

static struct synth_conn *started(struct synth *s, bool checksum)
{
    return start(s, MPA_DIALECT_RFC8684, checksum);
}

static void finish(struct synth_conn *c)
{
    synth_transfer(c->subflows[0], SYNTH_SERVER, 5000);
    synth_close(c, SYNTH_SERVER);
}

/* A second subflow, to the server's unique address. */
static struct synth_subflow *joined(struct synth_conn *c)
{
    struct synth_subflow *vip = c->subflows[0];

    synth_echo(vip, synth_advertise(vip, SYNTH_SERVER, 1, c->cfg.server->addr, 0));
    return synth_join(c, c->cfg.server->addr, 0);
}

/* New data that a middlebox changes, before this capture or (not 'here') behind it; returns its
   data offset. */
static uint64_t damaged(struct synth_subflow *f, enum synth_side from, bool here)
{
    struct synth_conn *c = f->conn;
    struct synth_tx tx = synth_tx(f, from, MPA_TCP_ACK | MPA_TCP_PSH);

    tx.size = 1000;
    tx.data_off = c->data[from].snd;
    tx.damaged = here;
    c->data[from].snd += tx.size;
    synth_compose(&tx, true);
    synth_emit(&tx);
    return tx.data_off;
}

/* MP_FAIL of 'from' for the other side's data. */
static void fail(struct synth_subflow *f, enum synth_side from, uint64_t data_off)
{
    struct synth_tx tx = synth_tx(f, from, MPA_TCP_ACK);

    synth_opt_fail(&tx.opts, synth_dsn(f->conn, synth_peer(from), data_off));
    synth_emit(&tx);
}

/* The last mapping of 'from', on a segment of data. */
static void infinite_mapping(struct synth_subflow *f, enum synth_side from)
{
    struct synth_conn *c = f->conn;
    enum synth_side peer = synth_peer(from);
    struct synth_tx tx = synth_tx(f, from, MPA_TCP_ACK | MPA_TCP_PSH);
    struct synth_dss d = {.map = true,
                          .ack = true,
                          .dsn8 = true,
                          .ack8 = true,
                          .checksum = c->cfg.checksum,
                          .dsn = synth_dsn(c, from, c->data[from].snd),
                          .ssn = (uint32_t)f->half[from].snd,
                          .data_ack = synth_dsn(c, peer, synth_data_received(c, peer))};

    c->fallback = true;
    tx.size = 1000;
    synth_opt_dss(&tx.opts, &d);
    synth_emit(&tx);
}

/* How both go on after a wrong checksum of 'from' on the only subflow. */
static void fall_back(struct synth_conn *c, enum synth_side from, uint64_t bad)
{
    struct synth_subflow *f = c->subflows[0];
    struct synth_tx tx;

    fail(f, synth_peer(from), bad);
    tx = synth_tx(f, from, MPA_TCP_ACK);
    synth_opt_fail(&tx.opts, synth_dsn(c, from, bad));
    synth_emit(&tx);
    infinite_mapping(f, from);
    synth_ack(f, synth_peer(from));
    finish(c);
}

static struct synth_tx fastclose(struct synth_subflow *f, enum synth_side from, bool rst)
{
    struct synth_tx tx = rst ? synth_rst_own(f, from) : synth_tx(f, from, MPA_TCP_ACK);

    synth_opt_fastclose(&tx.opts, f->conn->key[synth_peer(from)]);
    return tx;
}

static void reset(struct synth_subflow *f, enum synth_side from)
{
    struct synth_tx tx = synth_rst_own(f, from);

    synth_emit(&tx);
}

/* ---- FL-01 ----------------------------------------------------------------------------- */

/* The third data segment of the server, without its checksum. */
static void fl_01_breaks(struct synth *s)
{
    struct synth_conn *c = started(s, true);
    struct synth_subflow *f = c->subflows[0];

    c->cfg.checksum = false;
    synth_data(f, SYNTH_SERVER, 1000);
    synth_found(s, "FL-01");
    c->cfg.checksum = true;
    synth_ack(f, SYNTH_CLIENT);
    finish(c);
}

/* The client does not ask for checksums: its SYN is the first packet. */
static void clear_a(struct synth *s, struct synth_tx *tx)
{
    if (s->alter_calls == 1)
        synth_option(tx, MPA_MP_CAPABLE)[3] &= (uint8_t)~MPA_CAPABLE_A;
}

static void fl_01_nearly(struct synth *s)
{
    s->alter = clear_a;
    finish(started(s, true));
}

/* ---- FL-02, FL-03 ------------------------------------------------------------------------ */

static void fl_02_breaks(struct synth *s)
{
    struct synth_conn *c = started(s, true);
    uint64_t bad = damaged(c->subflows[0], SYNTH_SERVER, true);

    synth_found(s, "FL-02");
    fall_back(c, SYNTH_SERVER, bad);
}

/* Mappings of odd lengths over several segments, one of them sent again. */
static void fl_02_nearly(struct synth *s)
{
    struct synth_conn *c = started(s, true);
    struct synth_subflow *f = c->subflows[0];
    uint64_t off = f->half[SYNTH_SERVER].snd, data = c->data[SYNTH_SERVER].snd;

    synth_data(f, SYNTH_SERVER, 777);
    synth_burst(f, SYNTH_SERVER, 30001);
    synth_resend(f, SYNTH_SERVER, off, data, 777);
    synth_ack(f, SYNTH_CLIENT);
    finish(c);
}

/* The subflow with the wrong checksum is not reset, though there is another one. */
static void fl_03_open(struct synth *s)
{
    struct synth_conn *c = started(s, true);
    struct synth_subflow *direct = joined(c);
    uint64_t bad = damaged(direct, SYNTH_CLIENT, true);

    synth_found(s, "FL-02");
    fail(direct, SYNTH_SERVER, bad);
    synth_found(s, "FL-03");
    synth_wait(c, 10 * SYNTH_S);
    finish(c);
}

/* MP_FAIL on the only subflow, and 'from' goes on with mappings; 'said': it answered with its own. */
static void fl_03_goes_on(struct synth *s, enum synth_side from, bool said)
{
    struct synth_conn *c = started(s, true);
    struct synth_subflow *f = c->subflows[0];
    uint64_t bad = damaged(f, from, said);
    struct synth_tx tx;

    if (said)
        synth_found(s, "FL-02");
    fail(f, synth_peer(from), bad);
    if (said) {
        tx = synth_tx(f, from, MPA_TCP_ACK);
        synth_opt_fail(&tx.opts, synth_dsn(c, from, bad));
        synth_emit(&tx);
    }
    synth_wait(c, 10 * SYNTH_S);
    synth_data(f, from, 1000);
    synth_found(s, "FL-03");
    synth_ack(f, synth_peer(from));
    finish(c);
}

/* Of the client's data: the capture is beside the server, who receives it. */
static void fl_03_breaks(struct synth *s)
{
    struct synth_conn *c = started(s, true);
    uint64_t bad;

    damaged(c->subflows[0], SYNTH_CLIENT, true);
    synth_found(s, "FL-02");
    synth_found(s, "FL-03");
    synth_ack(c->subflows[0], SYNTH_SERVER);
    synth_wait(c, 10 * SYNTH_S);
    finish(c);
    /* An answer about something else. */
    c = started(s, true);
    bad = damaged(c->subflows[0], SYNTH_CLIENT, true);
    synth_found(s, "FL-02");
    fail(c->subflows[0], SYNTH_SERVER, bad - 100);
    synth_found(s, "FL-03");
    infinite_mapping(c->subflows[0], SYNTH_CLIENT);
    synth_ack(c->subflows[0], SYNTH_SERVER);
    finish(c);
    fl_03_open(s);
    fl_03_goes_on(s, SYNTH_SERVER, false);
    fl_03_goes_on(s, SYNTH_CLIENT, true);
}

/* Right answers to what the capture holds damaged, and to what is damaged only past it. */
static void fl_03_nearly(struct synth *s)
{
    struct synth_conn *c = started(s, true);
    struct synth_subflow *direct;
    struct synth_tx tx;
    uint64_t bad = damaged(c->subflows[0], SYNTH_SERVER, false);

    fall_back(c, SYNTH_SERVER, bad);
    c = started(s, true);
    direct = joined(c);
    bad = damaged(direct, SYNTH_SERVER, false);
    tx = synth_rst_own(direct, SYNTH_CLIENT);
    synth_opt_fail(&tx.opts, synth_dsn(c, SYNTH_SERVER, bad));
    synth_emit(&tx);
    synth_resend(c->subflows[0], SYNTH_SERVER, 0, bad, 1000);
    synth_ack(c->subflows[0], SYNTH_CLIENT);
    finish(c);
    c = started(s, true);
    fall_back(c, SYNTH_CLIENT, damaged(c->subflows[0], SYNTH_CLIENT, true));
    c = started(s, true);
    direct = joined(c);
    bad = damaged(direct, SYNTH_CLIENT, true);
    tx = synth_rst_own(direct, SYNTH_SERVER);
    synth_opt_fail(&tx.opts, synth_dsn(c, SYNTH_CLIENT, bad));
    synth_emit(&tx);
    synth_resend(c->subflows[0], SYNTH_CLIENT, 0, bad, 1000);
    synth_ack(c->subflows[0], SYNTH_SERVER);
    finish(c);
}

/* ---- FL-04 ------------------------------------------------------------------------------- */

/* A middlebox takes all MPTCP options from what the client sends after its first data. */
static void strip_client(struct synth *s, struct synth_tx *tx)
{
    struct synth_opts kept;

    if (tx->from != SYNTH_CLIENT || s->alter_calls <= 4)
        return;
    synth_opts_init(&kept);
    for (size_t i = 0; i < tx->opts.size;) {
        const uint8_t *o = tx->opts.bytes + i;
        size_t size = o[0] < 2 ? 1 : o[1];

        if (o[0] != MPA_OPT_KIND)
            synth_opt_bytes(&kept, o, size);
        i += size;
    }
    tx->opts = kept;
}

/* The server's data is acknowledged, but never by a Data ACK; 'on': it does not care. */
static void stripped(struct synth *s, bool on)
{
    struct synth_conn *c = new_conn(s, MPA_DIALECT_RFC8684, false);
    struct synth_subflow *f = c->subflows[0];

    s->alter = strip_client;
    s->alter_calls = 0;
    synth_open(c);
    synth_data(f, SYNTH_CLIENT, SYNTH_REQUEST);
    synth_data(f, SYNTH_SERVER, 1000);
    synth_ack(f, SYNTH_CLIENT);
    if (on) {
        synth_wait(c, SYNTH_S);
        synth_data(f, SYNTH_SERVER, 1000);
        synth_found(s, "FL-04");
        synth_ack(f, SYNTH_CLIENT);
    }
    s->alter = NULL;
}

/* The same of a joined subflow; the initial one is as it was. */
static void stripped_join(struct synth *s, bool on)
{
    struct synth_conn *c = started(s, false);
    struct synth_subflow *direct = joined(c);

    s->alter = strip_client;
    s->alter_calls = 4;
    synth_data(direct, SYNTH_SERVER, 1000);
    synth_ack(direct, SYNTH_CLIENT);
    if (on) {
        synth_wait(c, SYNTH_S);
        synth_data(direct, SYNTH_SERVER, 1000);
        synth_found(s, "FL-04");
        synth_ack(direct, SYNTH_CLIENT);
    }
    s->alter = NULL;
    reset(direct, SYNTH_SERVER);
    finish(c);
}

/* Whoever finds it resets the subflow. */
static void fl_04_breaks(struct synth *s)
{
    struct synth_conn *c;
    struct synth_subflow *direct;
    struct synth_tx tx;

    stripped(s, true);
    stripped_join(s, true);
    c = started(s, false);
    direct = joined(c);
    tx = synth_tx(direct, SYNTH_SERVER, MPA_TCP_ACK | MPA_TCP_PSH);
    tx.size = 1000;
    synth_compose(&tx, false);
    synth_emit(&tx);
    synth_found(s, "FL-04");
    tx = synth_rst_stateless(direct, SYNTH_CLIENT);
    synth_opt_tcprst(&tx.opts, false, 6);
    synth_emit(&tx);
    finish(c);
}

/* The first segment's mapping is that of the second one too. */
static void fl_04_nearly(struct synth *s)
{
    struct synth_conn *c;
    struct synth_subflow *direct;
    uint64_t data;
    struct synth_dss d;

    stripped(s, false);
    stripped_join(s, false);
    c = started(s, false);
    direct = joined(c);
    data = c->data[SYNTH_SERVER].snd;
    d = (struct synth_dss){.map = true,
                           .ack = true,
                           .dsn8 = true,
                           .ack8 = true,
                           .dsn = synth_dsn(c, SYNTH_SERVER, data),
                           .ssn = (uint32_t)direct->half[SYNTH_SERVER].snd,
                           .length = 2000,
                           .data_ack = synth_dsn(c, SYNTH_CLIENT, c->data[SYNTH_CLIENT].snd)};

    for (int i = 0; i < 2; i++) {
        struct synth_tx tx = synth_tx(direct, SYNTH_SERVER, MPA_TCP_ACK | MPA_TCP_PSH);

        tx.size = 1000;
        tx.data_off = data + 1000 * (uint64_t)i;
        if (i == 0)
            synth_opt_dss(&tx.opts, &d);
        synth_emit(&tx);
    }
    c->data[SYNTH_SERVER].snd += 2000;
    synth_ack(direct, SYNTH_CLIENT);
    finish(c);
}

/* ---- FL-05 ------------------------------------------------------------------------------- */

static void fl_05_breaks(struct synth *s)
{
    struct synth_conn *c = started(s, false);
    struct synth_subflow *f = c->subflows[0], *direct;

    infinite_mapping(f, SYNTH_SERVER);
    synth_ack(f, SYNTH_CLIENT);
    c->fallback = false;
    synth_data(f, SYNTH_SERVER, 1000);
    synth_found(s, "FL-05");
    c->fallback = true;
    synth_ack(f, SYNTH_CLIENT);
    finish(c);
    /* Goes on on another subflow. */
    c = started(s, false);
    direct = joined(c);
    infinite_mapping(c->subflows[0], SYNTH_SERVER);
    synth_ack(c->subflows[0], SYNTH_CLIENT);
    c->fallback = false;
    synth_data(direct, SYNTH_SERVER, 1000);
    synth_found(s, "FL-05");
    c->fallback = true;
    synth_ack(direct, SYNTH_CLIENT);
    finish(c);
}

/* What was mapped before the infinite mapping is sent again with its mapping. */
static void fl_05_nearly(struct synth *s)
{
    struct synth_conn *c = started(s, false);
    struct synth_subflow *f = c->subflows[0];
    uint64_t off = f->half[SYNTH_SERVER].snd, data = c->data[SYNTH_SERVER].snd;

    synth_data(f, SYNTH_SERVER, 1000);
    infinite_mapping(f, SYNTH_SERVER);
    c->fallback = false;
    synth_resend(f, SYNTH_SERVER, off, data, 1000);
    c->fallback = true;
    synth_ack(f, SYNTH_CLIENT);
    finish(c);
}

/* ---- FC ---------------------------------------------------------------------------------- */

static void fc_01_breaks(struct synth *s)
{
    struct synth_conn *c = started(s, false);
    struct synth_tx tx = synth_rst_own(c->subflows[0], SYNTH_SERVER);

    synth_opt_fastclose(&tx.opts, c->key[SYNTH_SERVER]); /* Its own. */
    synth_emit(&tx);
    synth_found(s, "FC-01");
}

static void fc_01_nearly(struct synth *s)
{
    struct synth_conn *c = started(s, false);
    struct synth_subflow *f = c->subflows[0];
    struct synth_tx tx = fastclose(f, SYNTH_CLIENT, false);

    synth_emit(&tx);
    reset(f, SYNTH_SERVER);
}

/* On the ACK of one subflow and the RST of the other. */
static void fc_02_breaks(struct synth *s)
{
    struct synth_conn *c = started(s, false);
    struct synth_subflow *direct = joined(c);
    struct synth_tx tx = fastclose(c->subflows[0], SYNTH_SERVER, false);

    synth_emit(&tx);
    synth_found(s, "FC-02");
    tx = fastclose(direct, SYNTH_SERVER, true);
    synth_emit(&tx);
    reset(c->subflows[0], SYNTH_CLIENT);
    /* The other subflow stays. */
    c = started(s, false);
    direct = joined(c);
    tx = fastclose(direct, SYNTH_SERVER, false);
    synth_emit(&tx);
    synth_found(s, "FC-02");
    reset(direct, SYNTH_CLIENT);
    synth_wait(c, 10 * SYNTH_S);
    synth_ack(c->subflows[0], SYNTH_SERVER);
    /* Version 0 knows it on ACKs only. */
    c = start(s, MPA_DIALECT_RFC6824, false);
    tx = fastclose(c->subflows[0], SYNTH_SERVER, true);
    synth_emit(&tx);
    synth_found(s, "FC-02");
}

static void fc_02_nearly(struct synth *s)
{
    struct synth_conn *c = started(s, false);
    struct synth_subflow *direct = joined(c);
    struct synth_tx tx = fastclose(c->subflows[0], SYNTH_SERVER, false);

    synth_emit(&tx);
    reset(direct, SYNTH_SERVER);
    reset(c->subflows[0], SYNTH_CLIENT);
    c = started(s, false);
    joined(c);
    for (int i = 0; i < 2; i++) {
        tx = fastclose(c->subflows[i], SYNTH_SERVER, true);
        synth_emit(&tx);
    }
}

static void fc_03_breaks(struct synth *s)
{
    struct synth_conn *c = started(s, false);
    struct synth_tx tx = fastclose(c->subflows[0], SYNTH_CLIENT, false);

    synth_emit(&tx);
    synth_found(s, "FC-03");
    /* The server goes on as if it had not heard. */
    synth_wait(c, 10 * SYNTH_S);
    synth_data(c->subflows[0], SYNTH_SERVER, 1000);
}

/* The first answer comes late, the second only after a repetition. */
static void fc_03_nearly(struct synth *s)
{
    for (int i = 0; i < 2; i++) {
        struct synth_conn *c = started(s, false);
        struct synth_tx tx = fastclose(c->subflows[0], SYNTH_CLIENT, false);

        synth_emit(&tx);
        synth_wait(c, 2500 * SYNTH_MS);
        if (i) {
            tx = fastclose(c->subflows[0], SYNTH_CLIENT, false);
            synth_emit(&tx);
            synth_wait(c, 2500 * SYNTH_MS);
        }
        reset(c->subflows[0], SYNTH_SERVER);
    }
    finish(started(s, false));
}

/* clang-format off */
const struct synth_rule synth_rules_failure[] = {
    {.id = "FL-01", .breaks = fl_01_breaks, .nearly = fl_01_nearly,
     .broken = "one mapping has no checksum",
     .kept = "only the server asks for checksums"},
    {.id = "FL-02", .breaks = fl_02_breaks, .nearly = fl_02_nearly,
     .broken = "one byte was changed",
     .kept = "mappings of odd lengths over several segments, one repeated"},
    /* The wrong checksum itself is a breach of FL-02. */
    {.id = "FL-03", .breaks = fl_03_breaks, .nearly = fl_03_nearly,
     .broken = "damaged data is acknowledged; MP_FAIL names other data; no RST beside another subflow; "
               "mappings go on after MP_FAIL",
     .kept = "MP_FAIL on the only subflow, and with a RST where there are two",
     .nearly_too = "FL-02"},
    {.id = "FL-04", .breaks = fl_04_breaks, .nearly = fl_04_nearly,
     .broken = "the first data on a joined subflow has no mapping; mappings go on although options are stripped",
     .kept = "the second segment is covered by the first one's mapping; options are stripped at the end"},
    {.id = "FL-05", .breaks = fl_05_breaks, .nearly = fl_05_nearly,
     .broken = "a finite mapping follows an infinite one; data comes on another subflow",
     .kept = "what was mapped before is sent again with its mapping"},
    {.id = "FC-01", .breaks = fc_01_breaks, .nearly = fc_01_nearly,
     .broken = "the sender's own key",
     .kept = "the receiver's key, on an ACK"},
    {.id = "FC-02", .breaks = fc_02_breaks, .nearly = fc_02_nearly,
     .broken = "on the ACK of one subflow and the RST of another; another subflow "
               "goes on; version 0 has it on a RST",
     .kept = "on an ACK with RST on the other subflow; on the RSTs of both"},
    {.id = "FC-03", .breaks = fc_03_breaks, .nearly = fc_03_nearly,
     .broken = "neither answered nor repeated, and the other one goes on",
     .kept = "answered after 2.5 s; repeated after 2.5 s"},
    {.id = NULL},
};
/* clang-format on */
