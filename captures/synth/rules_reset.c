/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Breaches of the rules AC, and what nearly is one. */
#include "rules.h"

static struct synth_conn *conn_v1(struct synth *s)
{
    struct synth_conn_config cfg = {
        .dialect = MPA_DIALECT_RFC8684, .vip = &s->vip, .server_c = true};

    return synth_conn(s, &cfg);
}

/* Both paths are usable, and data came over the direct one. */
static struct synth_subflow *two_paths(struct synth *s)
{
    struct synth_subflow *direct = synth_open_lb(conn_v1(s));

    synth_transfer(direct, SYNTH_SERVER, 20000);
    return direct;
}

static void reset_with(struct synth_tx tx, const char *class, int reason)
{
    tx.rst_class = class;
    if (reason >= 0) {
        tx.reason = reason;
        tx.transient = 0;
        synth_opt_tcprst(&tx.opts, false, (uint8_t)reason);
    }
    synth_emit(&tx);
}

/* ---- AC-01 --------------------------------------------------------------------------- */

static void ac_01_breaks(struct synth *s)
{
    struct synth_subflow *direct = two_paths(s);

    reset_with(synth_rst_own(direct->conn->subflows[0], SYNTH_SERVER), "application", -1);
    synth_wait(direct->conn, 100 * SYNTH_MS);
    reset_with(synth_rst_own(direct, SYNTH_CLIENT), "application", -1);
    synth_found(s, "AC-01");
}

/* The connection ends as soon, but in good order. */
static void ac_01_nearly(struct synth *s)
{
    struct synth_subflow *direct = two_paths(s);

    reset_with(synth_rst_own(direct->conn->subflows[0], SYNTH_SERVER), "application", -1);
    synth_wait(direct->conn, 100 * SYNTH_MS);
    synth_close(direct->conn, SYNTH_CLIENT);
}

/* ---- AC-02, AC-03 -------------------------------------------------------------------- */

/* The server sends on the VIP once more; the client's acknowledgement reaches a server that does
   not know the flow.  Returns where the lost data begins. */
static uint64_t lose_vip(struct synth_conn *c)
{
    struct synth_subflow *vip = c->subflows[0];
    uint64_t lost = c->data[SYNTH_SERVER].snd;
    struct synth_tx tx = synth_tx(vip, SYNTH_SERVER, MPA_TCP_ACK | MPA_TCP_PSH);

    tx.size = 1000;
    tx.data_off = lost;
    c->data[SYNTH_SERVER].snd += tx.size;
    tx.lost = true;
    synth_compose(&tx, true);
    synth_emit(&tx);
    tx = synth_tx(vip, SYNTH_CLIENT, MPA_TCP_ACK);
    tx.server = c->s->server[2];
    tx.lost = true;
    synth_compose(&tx, false);
    synth_emit(&tx);
    synth_redirect(vip, c->s->server[2]);
    return lost;
}

/* What was lost goes over the direct path after some time, and the connection ends well. */
static void recover_after(struct synth *s, int64_t ns, const char *rule)
{
    struct synth_subflow *direct = two_paths(s);
    uint64_t lost = lose_vip(direct->conn);

    if (rule)
        synth_found(s, rule);
    synth_wait(direct->conn, ns);
    synth_resend(direct, SYNTH_SERVER, 0, lost, 1000);
    synth_ack(direct, SYNTH_CLIENT);
    synth_transfer(direct, SYNTH_SERVER, 5000);
    synth_close(direct->conn, SYNTH_SERVER);
}

static void ac_02_breaks(struct synth *s)
{
    recover_after(s, 3100 * SYNTH_MS, "AC-02");
}

static void ac_02_nearly(struct synth *s)
{
    recover_after(s, 2900 * SYNTH_MS, NULL);
}

/* Later data every half second. */
static void paced(struct synth_subflow *f, int times)
{
    while (times-- > 0) {
        synth_wait(f->conn, 500 * SYNTH_MS);
        synth_data(f, SYNTH_SERVER, 1000);
        synth_ack(f, SYNTH_CLIENT);
    }
}

static void ac_03_breaks(struct synth *s)
{
    struct synth_subflow *direct = two_paths(s);

    lose_vip(direct->conn);
    synth_found(s, "AC-03");
    paced(direct, 10);
}

/* The hole is filled last of all. */
static void ac_03_nearly(struct synth *s)
{
    struct synth_subflow *direct = two_paths(s);
    uint64_t lost = lose_vip(direct->conn);

    paced(direct, 10);
    synth_resend(direct, SYNTH_SERVER, 0, lost, 1000);
    synth_ack(direct, SYNTH_CLIENT);
    synth_close(direct->conn, SYNTH_SERVER);
}

/* ---- AC-04 --------------------------------------------------------------------------- */

/* The server ends the direct subflow for good (reason 5: unacceptable performance). */
static void rejoin(struct synth *s, bool advertised)
{
    struct synth_subflow *direct = two_paths(s), *again;
    struct synth_conn *c = direct->conn;
    struct mpa_addr addr = c->cfg.server->addr;

    reset_with(synth_rst_own(direct, SYNTH_SERVER), "prohibited", 5);
    synth_wait(c, 2 * SYNTH_S);
    if (advertised)
        synth_echo(c->subflows[0], synth_advertise(c->subflows[0], SYNTH_SERVER, 2, addr, 0));
    again = synth_join_from(c, c->cfg.client, addr, 0);
    synth_join_syn(again, false);
    if (!advertised)
        synth_found(s, "AC-04");
    synth_join_synack(again, false);
    synth_join_ack(again);
    synth_join_ack4(again);
    synth_transfer(again, SYNTH_SERVER, 5000);
    synth_close(c, SYNTH_SERVER);
}

static void ac_04_breaks(struct synth *s)
{
    rejoin(s, false);
}

static void ac_04_nearly(struct synth *s)
{
    rejoin(s, true);
}

/* ---- AC-05 --------------------------------------------------------------------------- */

static void ac_05_breaks(struct synth *s)
{
    struct synth_conn *c = conn_v1(s);

    synth_open(c);
    synth_data(c->subflows[0], SYNTH_CLIENT, SYNTH_REQUEST);
    synth_ack(c->subflows[0], SYNTH_SERVER);
    lose_vip(c);
    synth_found(s, "AC-05");
}

/* At once after the join. */
static void ac_05_nearly(struct synth *s)
{
    struct synth_conn *c = conn_v1(s);
    struct synth_subflow *direct = synth_open_lb(c);
    uint64_t lost = lose_vip(c);

    synth_wait(c, 200 * SYNTH_MS);
    synth_resend(direct, SYNTH_SERVER, 0, lost, 1000);
    synth_ack(direct, SYNTH_CLIENT);
    synth_transfer(direct, SYNTH_SERVER, 5000);
    synth_close(c, SYNTH_SERVER);
}

/* ---- AC-06 --------------------------------------------------------------------------- */

/* The first SYN/ACK does not arrive; the repeated SYN reaches another server, or the same. */
static void second_synack(struct synth *s, bool other)
{
    struct synth_conn *c = conn_v1(s);
    struct synth_subflow *vip = c->subflows[0];
    uint8_t key[MPA_KEY_SIZE];
    struct synth_tx tx;

    synth_syn(vip);
    if (other) {
        synth_rng_bytes(&s->rng, key, sizeof key);
        tx = synth_tx(vip, SYNTH_SERVER, MPA_TCP_SYN | MPA_TCP_ACK);
        tx.server = s->server[2];
        tx.raw = true;
        tx.seq = synth_rng_u32(&s->rng);
        tx.ack = synth_seq(vip, SYNTH_CLIENT, 1);
        tx.ip_id = 0;
        synth_opt_syn(&tx.opts, 1460, 7, true, s->server[2]->ts_base, vip->half[0].tsval);
        synth_opt_capable(&tx.opts, SYNTH_N_CAPABLE_SYNACK, 1, 0x21, key, NULL, -1, -1);
        synth_emit(&tx);
    } else {
        synth_synack(vip);
    }
    synth_wait(c, SYNTH_S);
    synth_syn(vip);
    synth_synack(vip);
    if (other)
        synth_found(s, "AC-06");
    synth_ack3(vip);
    synth_data(vip, SYNTH_CLIENT, SYNTH_REQUEST);
    synth_transfer(vip, SYNTH_SERVER, 5000);
    synth_close(c, SYNTH_SERVER);
}

/* The third ACK reaches another server, which resets the flow; the first one repeats its SYN/ACK. */
static void reset_by_another(struct synth *s, int64_t start)
{
    struct synth_conn_config cfg = {
        .dialect = MPA_DIALECT_RFC8684, .vip = &s->vip, .server_c = true, .start = start};
    struct synth_conn *c = synth_conn(s, &cfg);
    struct synth_subflow *vip = c->subflows[0];
    struct synth_tx tx;

    synth_syn(vip);
    synth_synack(vip);
    synth_ack3(vip);
    synth_data(vip, SYNTH_CLIENT, SYNTH_REQUEST);
    synth_redirect(vip, s->server[2]);
    synth_wait(c, SYNTH_S);
    tx = synth_tx(vip, SYNTH_SERVER, MPA_TCP_SYN | MPA_TCP_ACK);
    tx.raw = true;
    tx.seq = synth_seq(vip, SYNTH_SERVER, 0);
    tx.ack = synth_seq(vip, SYNTH_CLIENT, 1);
    tx.ip_id = 0;
    synth_opt_syn(&tx.opts, 1460, 7, true, s->server[0]->ts_base, vip->half[0].tsval);
    synth_opt_capable(&tx.opts, SYNTH_N_CAPABLE_SYNACK, 1, 0x21, c->key[SYNTH_SERVER], NULL, -1,
                      -1);
    synth_emit(&tx);
    synth_found(s, "AC-06");
}

static void ac_06_breaks(struct synth *s)
{
    second_synack(s, true);
    reset_by_another(s, s->conns[0]->now + SYNTH_S);
}

static void ac_06_nearly(struct synth *s)
{
    second_synack(s, false);
}

/* ---- AC-07 --------------------------------------------------------------------------- */

static void ac_07_breaks(struct synth *s)
{
    struct synth_conn *c = conn_v1(s);

    synth_open(c);
    synth_data(c->subflows[0], SYNTH_CLIENT, SYNTH_REQUEST);
    synth_transfer(c->subflows[0], SYNTH_SERVER, 5000);
    reset_with(synth_rst_stateless(c->subflows[0], SYNTH_SERVER), "application", 0);
    synth_found(s, "AC-07");
}

/* The answer to a join that reached another server. */
static void ac_07_nearly(struct synth *s)
{
    struct synth_conn_config cfg = {.dialect = MPA_DIALECT_RFC8684, .vip = &s->vip};
    struct synth_conn *c = synth_conn(s, &cfg);
    struct synth_subflow *join;
    struct synth_tx tx;

    synth_open(c);
    synth_data(c->subflows[0], SYNTH_CLIENT, SYNTH_REQUEST);
    synth_transfer(c->subflows[0], SYNTH_SERVER, 5000);
    join = synth_join_from(c, s->client, c->cfg.server->addr, 0);
    join->end[SYNTH_SERVER].host = s->server[2];
    synth_join_syn(join, false);
    tx = synth_rst_stateless(join, SYNTH_SERVER);
    tx.flags = MPA_TCP_RST | MPA_TCP_ACK;
    tx.seq = 0;
    tx.ack = synth_seq(join, SYNTH_CLIENT, 1);
    reset_with(tx, "misrouted_join", 1);
    synth_transfer(c->subflows[0], SYNTH_SERVER, 5000);
    synth_close(c, SYNTH_SERVER);
}

const struct synth_rule synth_rules_reset[] = {
    {.id = "AC-01",
     .breaks = ac_01_breaks,
     .nearly = ac_01_nearly,
     .broken = "the server resets one subflow, the client then the other one",
     .kept = "the client then closes the connection in good order"},
    {.id = "AC-02",
     .breaks = ac_02_breaks,
     .nearly = ac_02_nearly,
     .broken = "the server leaves lost data unsent for 3.1 s beside an idle direct subflow",
     .kept = "for 2.9 s"},
    {.id = "AC-03",
     .breaks = ac_03_breaks,
     .nearly = ac_03_nearly,
     .broken = "data lost with the VIP's subflow is never sent again, while later data is",
     .kept = "it is sent again after five seconds of later data"},
    {.id = "AC-04",
     .breaks = ac_04_breaks,
     .nearly = ac_04_nearly,
     .broken = "a join of the path that a RST with reason 5 and T=0 had ended",
     .kept = "after a new ADD_ADDR"},
    {.id = "AC-05",
     .breaks = ac_05_breaks,
     .nearly = ac_05_nearly,
     .broken = "a redirect's RST before anything was joined",
     .kept = "right after the join"},
    /* The flow is reset before a direct subflow is usable. */
    {.id = "AC-06",
     .breaks = ac_06_breaks,
     .nearly = ac_06_nearly,
     .broken = "a repeated SYN is answered with another sequence number and key",
     .kept = "it is answered with the same",
     .too = "AC-05"},
    {.id = "AC-07",
     .breaks = ac_07_breaks,
     .nearly = ac_07_nearly,
     .broken = "a RST without ACK, window and IP ID carries MP_TCPRST",
     .kept = "the RST that answers a misrouted join carries it"},
    {.id = NULL},
};
