/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections that stop being MPTCP: one scenario for each reason of the report (RFC
 * 8684 3.1, 3.7). */
#include "synth.h"

static struct synth_conn *new_conn(struct synth *s, enum mpa_dialect dialect, bool checksum)
{
    struct synth_conn_config cfg = {.dialect = dialect, .checksum = checksum};

    return synth_conn(s, &cfg);
}

/* Plain TCP from here on, to the end. */
static void go_on_plain(struct synth_conn *c, const char *reason)
{
    struct synth_subflow *f = c->subflows[0];

    c->fallback = true;
    synth_transfer(f, SYNTH_CLIENT, SYNTH_REQUEST);
    synth_transfer(f, SYNTH_SERVER, 30000);
    synth_close(c, SYNTH_SERVER);
    synth_expect(c, "{s:s, s:{s:s}}", "protocol", "fallback", "fallback", "reason", reason);
}

/* The server's key, or both, were never on the wire. */
static void no_token(struct synth_conn *c, bool server_too)
{
    synth_expect(c, "{s:n}", "token_client");
    if (server_too)
        synth_expect(c, "{s:n}", "token_server");
}

/* Three SYNs with MP_CAPABLE are dropped on their way, the plain one is answered. */
static void make_syn_dropped(struct synth *s)
{
    struct synth_conn *c = new_conn(s, MPA_DIALECT_RFC8684, false);
    struct synth_subflow *f = c->subflows[0];

    synth_syn(f);
    synth_wait(c, SYNTH_S);
    synth_syn(f);
    synth_wait(c, 2 * SYNTH_S);
    synth_syn(f);
    synth_wait(c, 4 * SYNTH_S);
    synth_plain_syn(f);
    synth_plain_synack(f);
    c->fallback = true;
    synth_ack3(f);
    go_on_plain(c, "syn_dropped");
    s->vantage = NULL; /* The time from SYN to SYN/ACK is that of the retransmissions. */
    no_token(c, true);
    synth_forget(c, "server_denies_join");
}

/* A server without MPTCP. */
static void make_synack_plain(struct synth *s)
{
    struct synth_conn *c = new_conn(s, MPA_DIALECT_RFC8684, false);
    struct synth_subflow *f = c->subflows[0];

    synth_syn(f);
    synth_plain_synack(f);
    c->fallback = true;
    synth_ack3(f);
    go_on_plain(c, "synack_plain");
    no_token(c, true);
    synth_forget(c, "server_denies_join");
}

/* A middlebox removes options of packets that are no SYN, from the client's third ACK on. */
static void make_ack_plain(struct synth *s)
{
    struct synth_conn *c = new_conn(s, MPA_DIALECT_RFC8684, false);
    struct synth_subflow *f = c->subflows[0];

    synth_syn(f);
    synth_synack(f);
    c->fallback = true;
    synth_ack3(f);
    go_on_plain(c, "ack_plain");
    no_token(c, false);
}

/* The handshake is complete, but the first data has no mapping. */
static void make_data_plain(struct synth *s)
{
    struct synth_conn *c = new_conn(s, MPA_DIALECT_RFC8684, false);

    synth_open(c);
    go_on_plain(c, "data_plain");
}

/* Mapped data is acknowledged without a Data ACK: the sender goes on without mappings. */
static void make_dss(struct synth *s)
{
    struct synth_conn *c = new_conn(s, MPA_DIALECT_RFC6824, false);
    struct synth_subflow *f = c->subflows[0];

    synth_open(c);
    synth_data(f, SYNTH_CLIENT, SYNTH_REQUEST);
    c->fallback = true;
    synth_ack(f, SYNTH_SERVER);
    go_on_plain(c, "dss");
}

/* An infinite mapping on a segment of data; what follows needs none (RFC 8684 3.3.1). */
static void infinite_mapping(struct synth_subflow *f, enum synth_side from, uint32_t size)
{
    struct synth_conn *c = f->conn;
    struct synth_tx tx = synth_tx(f, from, MPA_TCP_ACK | MPA_TCP_PSH);
    enum synth_side peer = synth_peer(from);
    struct synth_dss d = {.map = true,
                          .ack = true,
                          .dsn8 = c->wide,
                          .ack8 = c->wide,
                          .checksum = c->cfg.checksum,
                          .dsn = synth_dsn(c, from, c->data[from].snd),
                          .ssn = (uint32_t)f->half[from].snd,
                          .data_ack = synth_dsn(c, peer, synth_data_received(c, peer))};

    c->fallback = true;
    tx.size = size;
    synth_opt_dss(&tx.opts, &d);
    synth_emit(&tx);
}

/* A middlebox changes payload; on a single subflow MP_FAIL goes both ways and an infinite mapping
 * follows. */
static void make_checksum(struct synth *s)
{
    struct synth_conn *c = new_conn(s, MPA_DIALECT_RFC8684, true);
    struct synth_subflow *f = c->subflows[0];
    struct synth_tx tx;
    uint64_t bad;

    synth_open(c);
    synth_data(f, SYNTH_CLIENT, SYNTH_REQUEST);
    synth_transfer(f, SYNTH_SERVER, 4 * SYNTH_MSS);
    tx = synth_tx(f, SYNTH_SERVER, MPA_TCP_ACK | MPA_TCP_PSH);
    tx.size = SYNTH_MSS;
    bad = tx.data_off = c->data[SYNTH_SERVER].snd;
    c->data[SYNTH_SERVER].snd += SYNTH_MSS;
    tx.damaged = true;
    synth_compose(&tx, true);
    synth_emit(&tx);
    tx = synth_tx(f, SYNTH_CLIENT, MPA_TCP_ACK);
    synth_opt_fail(&tx.opts, synth_dsn(c, SYNTH_SERVER, bad));
    synth_emit(&tx);
    tx = synth_tx(f, SYNTH_SERVER, MPA_TCP_ACK);
    synth_opt_fail(&tx.opts, synth_dsn(c, SYNTH_SERVER, bad));
    synth_emit(&tx);
    infinite_mapping(f, SYNTH_SERVER, SYNTH_MSS);
    go_on_plain(c, "checksum");
}

/* The same without MP_FAIL: the sender chose to. */
static void make_infinite_map(struct synth *s)
{
    struct synth_conn *c = new_conn(s, MPA_DIALECT_RFC8684, false);
    struct synth_subflow *f = c->subflows[0];

    synth_open(c);
    synth_data(f, SYNTH_CLIENT, SYNTH_REQUEST);
    synth_transfer(f, SYNTH_SERVER, 4 * SYNTH_MSS);
    infinite_mapping(f, SYNTH_SERVER, SYNTH_MSS);
    go_on_plain(c, "infinite_map");
}

const struct synth_scenario synth_scenarios_fallback[] = {
    {"fallback-syn-dropped", "rfc8684", make_syn_dropped,
     "three SYNs with MP_CAPABLE are dropped, the plain one is not"},
    {"fallback-synack-plain", "rfc8684", make_synack_plain, "the SYN/ACK has no MP_CAPABLE"},
    {"fallback-ack-plain", "rfc8684", make_ack_plain, "the third ACK has no MP_CAPABLE"},
    {"fallback-data-plain", "rfc8684", make_data_plain, "the first data has no mapping"},
    {"fallback-dss", "rfc6824", make_dss, "data is acknowledged without a Data ACK"},
    {"fallback-checksum", "rfc8684", make_checksum, "wrong checksum, MP_FAIL, infinite mapping"},
    {"fallback-infinite-map", "rfc8684", make_infinite_map, "an infinite mapping without MP_FAIL"},
    {NULL, NULL, NULL, NULL},
};
