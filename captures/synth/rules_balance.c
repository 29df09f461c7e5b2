/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Breaches of the rules LB, CBF-05 and CBF-06, and what nearly is one. */
#include "rules.h"

/* What a server did not say is known beside it, where captures stand unless this is called first. */
static void beside_client(struct synth *s)
{
    int64_t far = s->gap[SYNTH_CLIENT];

    s->gap[SYNTH_CLIENT] = s->gap[SYNTH_SERVER];
    s->gap[SYNTH_SERVER] = far;
    s->client->ttl = 64; /* Its packets have not travelled, those of the servers have. */
    for (size_t i = 0; i < 4; i++)
        s->server[i]->ttl = 61;
}

static struct synth_conn *conn_at(struct synth *s, int64_t start, bool c)
{
    struct synth_conn_config cfg = {
        .dialect = MPA_DIALECT_RFC8684, .vip = &s->vip, .server_c = c, .start = start};

    return synth_conn(s, &cfg);
}

/* C, and a request that is being answered. */
static struct synth_subflow *opened(struct synth *s)
{
    struct synth_conn *c = conn_at(s, 0, true);

    synth_open(c);
    synth_data(c->subflows[0], SYNTH_CLIENT, SYNTH_REQUEST);
    synth_transfer(c->subflows[0], SYNTH_SERVER, 3000);
    return c->subflows[0];
}

/* Once a second a segment and its acknowledgement. */
static void paced(struct synth_subflow *f, enum synth_side from, int seconds)
{
    while (seconds-- > 0) {
        synth_wait(f->conn, SYNTH_S);
        synth_data(f, from, 1000);
        synth_ack(f, synth_peer(from));
    }
}

static void echo_and_join(struct synth_subflow *vip, size_t advert)
{
    struct synth_conn *c = vip->conn;
    struct synth_subflow *direct;

    synth_echo(vip, advert);
    direct = synth_join(c, c->cfg.server->addr, 0);
    synth_transfer(direct, SYNTH_SERVER, 20000);
    synth_close(c, SYNTH_SERVER);
}

/* ---- CBF-05 -------------------------------------------------------------------------- */

static void given_vip(struct synth *s, bool no_join)
{
    struct synth_conn *c = conn_at(s, 0, no_join);

    synth_syn(c->subflows[0]);
    synth_synack(c->subflows[0]);
    if (!no_join)
        synth_found(s, "CBF-05");
    synth_ack3(c->subflows[0]);
    synth_data(c->subflows[0], SYNTH_CLIENT, SYNTH_REQUEST);
    synth_transfer(c->subflows[0], SYNTH_SERVER, 5000);
    synth_close(c, SYNTH_SERVER);
}

static void cbf_05_breaks(struct synth *s)
{
    given_vip(s, false);
}

static void cbf_05_nearly(struct synth *s)
{
    given_vip(s, true);
}

/* ---- CBF-06 -------------------------------------------------------------------------- */

static void cbf_06_breaks(struct synth *s)
{
    struct synth_conn *c = conn_at(s, 0, true);

    synth_open(c);
    synth_found(s, "CBF-06");
    synth_data(c->subflows[0], SYNTH_CLIENT, SYNTH_REQUEST);
    synth_prio(c->subflows[0], SYNTH_SERVER, true);
    paced(c->subflows[0], SYNTH_SERVER, 12);
    synth_close(c, SYNTH_SERVER);
}

/* ---- LB-01, LB-02 -------------------------------------------------------------------- */

static struct synth_subflow *advertise_after(struct synth *s, int64_t ns, bool found)
{
    struct synth_subflow *vip = opened(s);
    size_t advert;

    synth_prio(vip, SYNTH_SERVER, true);
    synth_wait(vip->conn, ns);
    advert = synth_advertise(vip, SYNTH_SERVER, 1, vip->conn->cfg.server->addr, 0);
    if (found)
        synth_found(s, "LB-01");
    echo_and_join(vip, advert);
    return vip;
}

static void lb_01_breaks(struct synth *s)
{
    advertise_after(s, 1100 * SYNTH_MS, true);
}

static void lb_01_nearly(struct synth *s)
{
    advertise_after(s, 800 * SYNTH_MS, false);
}

static void backup_after(struct synth *s, int64_t ns, bool found)
{
    struct synth_subflow *vip = opened(s);
    size_t advert = synth_advertise(vip, SYNTH_SERVER, 1, vip->conn->cfg.server->addr, 0);

    synth_wait(vip->conn, ns);
    synth_prio(vip, SYNTH_SERVER, true);
    if (found)
        synth_found(s, "LB-02");
    echo_and_join(vip, advert);
}

static void lb_02_breaks(struct synth *s)
{
    backup_after(s, 1100 * SYNTH_MS, true);
}

static void lb_02_nearly(struct synth *s)
{
    backup_after(s, 800 * SYNTH_MS, false);
}

/* ---- LB-03 --------------------------------------------------------------------------- */

static void join_after(struct synth *s, int64_t ns, bool found)
{
    struct synth_subflow *vip, *direct;
    size_t advert;

    beside_client(s);
    vip = opened(s);
    synth_prio(vip, SYNTH_SERVER, true);
    advert = synth_advertise(vip, SYNTH_SERVER, 1, vip->conn->cfg.server->addr, 0);
    synth_echo(vip, advert);
    synth_wait(vip->conn, ns);
    direct = synth_join_from(vip->conn, s->client, vip->conn->cfg.server->addr, 0);
    synth_join_syn(direct, false);
    if (found)
        synth_found(s, "LB-03");
    synth_join_synack(direct, false);
    synth_join_ack(direct);
    synth_join_ack4(direct);
    synth_transfer(direct, SYNTH_SERVER, 20000);
    synth_close(vip->conn, SYNTH_SERVER);
}

static void lb_03_breaks(struct synth *s)
{
    join_after(s, 1100 * SYNTH_MS, true);
}

static void lb_03_nearly(struct synth *s)
{
    join_after(s, 900 * SYNTH_MS, false);
}

/* ---- LB-04, LB-05 -------------------------------------------------------------------- */

/* New data of one side on both paths, half a second after the second one could be used. */
static void share(struct synth *s, enum synth_side from, uint32_t vip_bytes, uint32_t direct_bytes,
                  const char *rule)
{
    struct synth_conn *c = conn_at(s, 0, true);
    struct synth_subflow *direct = synth_open_lb(c), *vip = c->subflows[0];

    synth_transfer(direct, from, 50000);
    synth_wait(c, 500 * SYNTH_MS);
    synth_data(vip, from, SYNTH_MSS);
    if (rule)
        synth_found(s, rule);
    synth_ack(vip, synth_peer(from));
    synth_transfer(vip, from, vip_bytes - SYNTH_MSS);
    synth_transfer(direct, from, direct_bytes);
    synth_close(c, SYNTH_SERVER);
}

static void lb_04_breaks(struct synth *s)
{
    share(s, SYNTH_SERVER, 65537, 50000, "LB-04");
}

static void lb_04_nearly(struct synth *s)
{
    share(s, SYNTH_SERVER, 70000, 19 * 70000, NULL);
}

static void lb_05_breaks(struct synth *s)
{
    beside_client(s);
    share(s, SYNTH_CLIENT, 65537, 50000, "LB-05");
}

/* As much, but before there was a second path. */
static void lb_05_nearly(struct synth *s)
{
    struct synth_subflow *vip, *direct;
    size_t advert;

    beside_client(s);
    vip = opened(s);
    synth_prio(vip, SYNTH_SERVER, true);
    advert = synth_advertise(vip, SYNTH_SERVER, 1, vip->conn->cfg.server->addr, 0);
    synth_echo(vip, advert);
    synth_transfer(vip, SYNTH_CLIENT, 70000);
    direct = synth_join(vip->conn, vip->conn->cfg.server->addr, 0);
    synth_wait(vip->conn, 500 * SYNTH_MS);
    synth_transfer(direct, SYNTH_CLIENT, 70000);
    synth_close(vip->conn, SYNTH_SERVER);
}

/* ---- LB-06 --------------------------------------------------------------------------- */

static void second_subflow(struct synth *s, enum synth_side opener)
{
    struct synth_subflow *vip = opened(s), *f;
    struct synth_end client = vip->end[SYNTH_CLIENT], server = vip->end[SYNTH_SERVER];
    size_t advert = synth_advertise(vip, SYNTH_SERVER, 1, s->server[0]->addr, 0);

    synth_echo(vip, advert);
    server.addr = s->server[0]->addr;
    if (opener == SYNTH_SERVER)
        server.port = 40001;
    else
        client.port = 40001;
    f = synth_subflow(vip->conn, opener, client, server);
    f->half[SYNTH_SERVER].id = 1;
    synth_join_syn(f, false);
    if (opener == SYNTH_SERVER)
        synth_found(s, "LB-06");
    synth_join_synack(f, false);
    synth_join_ack(f);
    synth_join_ack4(f);
    synth_transfer(f, SYNTH_SERVER, 5000);
    synth_close(vip->conn, SYNTH_SERVER);
}

static void lb_06_breaks(struct synth *s)
{
    second_subflow(s, SYNTH_SERVER);
}

static void lb_06_nearly(struct synth *s)
{
    second_subflow(s, SYNTH_CLIENT);
}

/* ---- LB-07 --------------------------------------------------------------------------- */

/* A join that is not to be: 'reason' of its RST. */
static struct synth_subflow *begin_join(struct synth_subflow *vip)
{
    struct synth_conn *c = vip->conn;
    size_t advert = synth_advertise(vip, SYNTH_SERVER, 1, c->cfg.server->addr, 0);
    struct synth_subflow *join;

    synth_echo(vip, advert);
    join = synth_join_from(c, c->cfg.client, c->cfg.server->addr, 0);
    synth_join_syn(join, false);
    return join;
}

static void refuse(struct synth_tx tx, const char *class, uint8_t reason)
{
    tx.rst_class = class;
    tx.reason = reason;
    tx.transient = 0;
    synth_opt_tcprst(&tx.opts, false, reason);
    synth_emit(&tx);
}

static void lb_07_breaks(struct synth *s)
{
    struct synth_subflow *vip = opened(s), *join = begin_join(vip);
    struct synth_tx tx = synth_rst_stateless(join, SYNTH_SERVER);

    tx.server = s->server[2];
    tx.flags = MPA_TCP_RST | MPA_TCP_ACK;
    tx.seq = 0;
    tx.ack = synth_seq(join, SYNTH_CLIENT, 1);
    refuse(tx, "misrouted_join", 1);
    synth_found(s, "LB-07");
    synth_transfer(vip, SYNTH_SERVER, 5000);
    synth_close(vip->conn, SYNTH_SERVER);
}

/* It reached the right server, which is closing (A.7). */
static void lb_07_nearly(struct synth *s)
{
    struct synth_subflow *vip = opened(s), *join = begin_join(vip);
    struct synth_tx tx;

    synth_join_synack(join, false);
    synth_data_fin(vip, SYNTH_SERVER, false);
    synth_join_ack(join);
    tx = synth_tx(join, SYNTH_SERVER, MPA_TCP_RST);
    tx.raw = true;
    tx.seq = synth_seq(join, SYNTH_SERVER, 1);
    tx.ip_id = 0;
    refuse(tx, "prohibited", 3);
    synth_ack(vip, SYNTH_CLIENT);
    synth_data_fin(vip, SYNTH_CLIENT, false);
    synth_ack(vip, SYNTH_SERVER);
    synth_close_subflow(vip, SYNTH_SERVER);
}

/* ---- LB-08 --------------------------------------------------------------------------- */

static void direct_access(struct synth *s, bool open)
{
    struct synth_conn_config cfg = {
        .dialect = MPA_DIALECT_RFC8684, .server = s->server[0], .start = 2 * SYNTH_S};
    struct synth_subflow *vip = opened(s);
    struct synth_conn *c;
    struct synth_tx tx;

    echo_and_join(vip, synth_advertise(vip, SYNTH_SERVER, 1, s->server[0]->addr, 0));
    c = synth_conn(s, &cfg);
    synth_syn(c->subflows[0]);
    if (!open) {
        tx = synth_rst_stateless(c->subflows[0], SYNTH_SERVER);
        tx.flags = MPA_TCP_RST | MPA_TCP_ACK;
        tx.seq = 0;
        tx.ack = synth_seq(c->subflows[0], SYNTH_CLIENT, 1);
        tx.rst_class = "refused";
        synth_emit(&tx);
        return;
    }
    synth_synack(c->subflows[0]);
    synth_found(s, "LB-08");
    synth_ack3(c->subflows[0]);
    synth_data(c->subflows[0], SYNTH_CLIENT, SYNTH_REQUEST);
    synth_transfer(c->subflows[0], SYNTH_SERVER, 5000);
    synth_close(c, SYNTH_SERVER);
}

static void lb_08_breaks(struct synth *s)
{
    direct_access(s, true);
}

static void lb_08_nearly(struct synth *s)
{
    direct_access(s, false);
}

/* ---- LB-09 --------------------------------------------------------------------------- */

/* The client gives up the direct path; two minutes later it has something to say. */
static struct synth_subflow *back_on_vip(struct synth *s, int64_t start)
{
    struct synth_conn *c = conn_at(s, start, true);
    struct synth_subflow *direct = synth_open_lb(c), *vip = c->subflows[0];
    struct synth_tx tx;

    synth_transfer(direct, SYNTH_SERVER, 20000);
    tx = synth_rst_own(direct, SYNTH_CLIENT);
    synth_emit(&tx);
    synth_wait(c, 120 * SYNTH_S);
    synth_data(vip, SYNTH_CLIENT, 100);
    return vip;
}

/* Nobody answers, however often it says it. */
static void silence(struct synth *s, int64_t start)
{
    struct synth_subflow *vip;
    uint64_t off, data_off;

    beside_client(s);
    vip = back_on_vip(s, start);
    off = vip->half[SYNTH_CLIENT].snd - 100;
    data_off = vip->conn->data[SYNTH_CLIENT].snd - 100;
    synth_found(s, "LB-09");
    for (int i = 0; i < 4; i++) {
        synth_wait(vip->conn, SYNTH_S << i);
        synth_resend(vip, SYNTH_CLIENT, off, data_off, 100);
    }
}

static void lb_09_breaks(struct synth *s)
{
    struct synth_subflow *vip = back_on_vip(s, 0);
    struct synth_tx tx = synth_rst_stateless(vip, SYNTH_SERVER);

    tx.flags = MPA_TCP_RST | MPA_TCP_ACK;
    tx.seq += 5000;
    tx.ack = synth_seq(vip, SYNTH_CLIENT, vip->half[SYNTH_CLIENT].snd);
    tx.rst_class = "idle";
    synth_emit(&tx);
    synth_found(s, "LB-09");
    silence(s, SYNTH_S);
    /* The capture goes on. */
    synth_open(conn_at(s, s->conns[s->conn_count - 1]->now + 10 * SYNTH_S, true));
}

static void lb_09_nearly(struct synth *s)
{
    struct synth_subflow *vip = back_on_vip(s, 0);

    synth_transfer(vip, SYNTH_SERVER, 1000);
    synth_close(vip->conn, SYNTH_SERVER);
}

const struct synth_rule synth_rules_balance[] = {
    {.id = "CBF-05",
     .breaks = cbf_05_breaks,
     .nearly = cbf_05_nearly,
     .broken = "the SYN/ACK of an address given by --vip lacks C",
     .kept = "it has C",
     .vip = true},
    /* Without any ADD_ADDR there was none right after establishment either. */
    {.id = "CBF-06",
     .breaks = cbf_06_breaks,
     .nearly = lb_01_nearly,
     .broken = "C, and no ADD_ADDR in twelve seconds",
     .kept = "it comes 0.8 s after establishment",
     .too = "LB-01"},
    {.id = "LB-01",
     .breaks = lb_01_breaks,
     .nearly = lb_01_nearly,
     .broken = "the ADD_ADDR comes 1.1 s after the first answer",
     .kept = "it comes after 0.8 s"},
    {.id = "LB-02",
     .breaks = lb_02_breaks,
     .nearly = lb_02_nearly,
     .broken = "the MP_PRIO comes 1.1 s after the first answer, and after the ADD_ADDR",
     .kept = "it comes after 0.8 s"},
    {.id = "LB-03",
     .breaks = lb_03_breaks,
     .nearly = lb_03_nearly,
     .broken = "the client joins 1.1 s after its echo",
     .kept = "it joins after 0.9 s"},
    /* The server itself asked for the backup: PR-04 notes that it uses it. */
    {.id = "LB-04",
     .breaks = lb_04_breaks,
     .nearly = lb_04_nearly,
     .broken = "65537 bytes of the server's new data on the VIP half a second after the join",
     .kept = "70000 bytes, one part in twenty of all",
     .too = "PR-04"},
    /* Whoever sends much on a backup subflow sends on it: PR-03 judges each mapping. */
    {.id = "LB-05",
     .breaks = lb_05_breaks,
     .nearly = lb_05_nearly,
     .broken = "65537 bytes of the client's new data on the VIP half a second after the join",
     .kept = "70000 bytes, but before the join",
     .too = "PR-03"},
    {.id = "LB-06",
     .breaks = lb_06_breaks,
     .nearly = lb_06_nearly,
     .broken = "the server joins from its unique address",
     .kept = "the client joins it"},
    {.id = "LB-07",
     .breaks = lb_07_breaks,
     .nearly = lb_07_nearly,
     .broken = "a join to the unique address is refused with reason 1; the VIP goes on",
     .kept = "it is answered with the right HMAC, then refused with reason 3: too late"},
    {.id = "LB-08",
     .breaks = lb_08_breaks,
     .nearly = lb_08_nearly,
     .broken = "a new connection to the unique address is accepted",
     .kept = "it is refused"},
    /* The need of the backup is what PR-04 notes. */
    {.id = "LB-09",
     .breaks = lb_09_breaks,
     .nearly = lb_09_nearly,
     .broken = "two minutes after the direct path's end the VIP answers with a RST",
     .kept = "it answers with data",
     .too = "PR-04"},
    {.id = NULL},
};
