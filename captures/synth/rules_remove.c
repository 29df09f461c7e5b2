/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Breaches of the rules RM and PR, and what nearly is one. */
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

/* The unique address under ID 1 as well, some data there. */
static struct synth_subflow *begin_two(struct synth_conn *c)
{
    struct synth_subflow *vip = begin(c), *direct;

    synth_echo(vip, synth_advertise(vip, SYNTH_SERVER, 1, c->cfg.server->addr, 0));
    direct = synth_join(c, c->cfg.server->addr, 0);
    synth_transfer(direct, SYNTH_SERVER, 3000);
    return direct;
}

static void finish(struct synth_conn *c)
{
    synth_wait(c, 500 * SYNTH_MS);
    synth_transfer(c->subflows[0], SYNTH_SERVER, 3000);
    synth_close(c, SYNTH_SERVER);
}

/* ---- RM-01: an ID that nobody knows ---- */

static void rm_01_breaks(struct synth *s)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC8684);
    struct synth_subflow *direct = begin_two(c);

    synth_remove(c->subflows[0], SYNTH_SERVER, 9);
    synth_found(s, "RM-01"); /* A note. */
    synth_ack(c->subflows[0], SYNTH_CLIENT);
    synth_fin(direct, SYNTH_CLIENT);
    synth_found(s, "RM-01"); /* The client obeys: an error. */
    synth_fin(direct, SYNTH_SERVER);
    synth_ack(direct, SYNTH_CLIENT);
    finish(c);
}

/* The ID is known from a join alone. */
static void rm_01_nearly(struct synth *s)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC8684);
    struct synth_subflow *vip = begin(c), *direct;
    struct synth_host *second = synth_host(s, "client-2", synth_v4(10, 1, 1, 2), 3);

    synth_echo(vip, synth_advertise(vip, SYNTH_SERVER, 1, s->server[0]->addr, 0));
    direct = synth_join_from(c, second, s->server[0]->addr, 7);
    synth_join_syn(direct, false);
    synth_join_synack(direct, false);
    synth_join_ack(direct);
    synth_join_ack4(direct);
    synth_transfer(direct, SYNTH_SERVER, 3000);
    synth_remove(vip, SYNTH_CLIENT, 7);
    synth_close_subflow(direct, SYNTH_CLIENT);
    finish(c);
}

/* A keepalive of the client and its answer. */
static void probe(struct synth_subflow *f)
{
    struct synth_tx tx = synth_tx(f, SYNTH_CLIENT, MPA_TCP_ACK);

    tx.raw = true;
    tx.seq = synth_seq(f, SYNTH_CLIENT, f->half[SYNTH_CLIENT].snd - 1);
    tx.ack = synth_seq(f, SYNTH_SERVER, synth_received(f, SYNTH_SERVER));
    synth_emit(&tx);
    synth_ack(f, SYNTH_SERVER);
}

/* ---- RM-02: data on the subflow of a removed address ---- */

static void rm_02_breaks(struct synth *s)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC8684);
    struct synth_subflow *direct = begin_two(c);

    synth_remove(c->subflows[0], SYNTH_SERVER, 1);
    synth_ack(c->subflows[0], SYNTH_CLIENT);
    synth_wait(c, 3 * SYNTH_S);
    synth_data(direct, SYNTH_SERVER, 1000);
    synth_found(s, "RM-02");
    synth_ack(direct, SYNTH_CLIENT);
    synth_close_subflow(direct, SYNTH_SERVER);
    finish(c);

    at_client(s); /* Who was told, beside whom the capture stands now. */
    c = conn_in(s, MPA_DIALECT_RFC8684);
    direct = begin_two(c);
    synth_remove(c->subflows[0], SYNTH_SERVER, 1);
    synth_ack(c->subflows[0], SYNTH_CLIENT);
    synth_wait(c, 3 * SYNTH_S);
    synth_data(direct, SYNTH_CLIENT, 1000);
    synth_found(s, "RM-02");
    synth_ack(direct, SYNTH_SERVER);
    finish(c);
}

static void rm_02_nearly(struct synth *s)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC8684);
    struct synth_subflow *direct = begin_two(c);

    synth_remove(c->subflows[0], SYNTH_SERVER, 1);
    synth_ack(c->subflows[0], SYNTH_CLIENT);
    synth_wait(c, 2900 * SYNTH_MS);
    synth_data(direct, SYNTH_SERVER, 1000);
    synth_ack(direct, SYNTH_CLIENT);
    synth_wait(c, SYNTH_S);
    synth_close_subflow(direct, SYNTH_SERVER);
    finish(c);

    at_client(s); /* A keepalive is answered: the path stays. */
    c = conn_in(s, MPA_DIALECT_RFC8684);
    direct = begin_two(c);
    synth_remove(c->subflows[0], SYNTH_SERVER, 1);
    probe(direct);
    synth_wait(c, 3 * SYNTH_S);
    synth_data(direct, SYNTH_CLIENT, 1000);
    synth_ack(direct, SYNTH_SERVER);
    finish(c);
}

/* ---- RM-03: a join to a removed address, seen beside the client ---- */

static void join_removed(struct synth *s, bool again)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC8684);
    struct synth_subflow *vip, *direct;
    size_t advert;

    at_client(s);
    vip = begin(c);
    advert = synth_advertise(vip, SYNTH_SERVER, 1, s->server[0]->addr, 0);
    synth_echo(vip, advert);
    synth_remove(vip, SYNTH_SERVER, 1);
    synth_ack(vip, SYNTH_CLIENT);
    synth_wait(c, SYNTH_S);
    if (again) {
        synth_advertise_again(vip, advert);
        synth_echo(vip, advert);
    }
    direct = synth_join_from(c, c->cfg.client, s->server[0]->addr, 0);
    synth_join_syn(direct, false);
    if (!again)
        synth_found(s, "RM-03");
    synth_join_synack(direct, false);
    synth_join_ack(direct);
    synth_join_ack4(direct);
    synth_transfer(direct, SYNTH_SERVER, 3000);
    finish(c);
}

static void rm_03_breaks(struct synth *s)
{
    join_removed(s, false);
}

static void rm_03_nearly(struct synth *s)
{
    join_removed(s, true);
}

/* ---- RM-04: the client resets the subflow of a removed address ---- */

static void reset_removed(struct synth *s, bool probed)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC8684);
    struct synth_subflow *direct;
    struct synth_tx tx;

    at_client(s);
    direct = begin_two(c);
    synth_remove(direct, SYNTH_SERVER, 1);
    if (probed)
        probe(direct);
    tx = synth_rst_own(direct, SYNTH_CLIENT);
    synth_emit(&tx);
    if (!probed)
        synth_found(s, "RM-04");
    finish(c);
}

static void rm_04_breaks(struct synth *s)
{
    reset_removed(s, false);
}

static void rm_04_nearly(struct synth *s)
{
    reset_removed(s, true);
}

/* ---- PR-01, PR-02: the form with an address ID ---- */

static void prio_by_id(struct synth_subflow *f, int id)
{
    struct synth_tx tx = synth_tx(f, SYNTH_SERVER, MPA_TCP_ACK);

    synth_compose(&tx, false);
    synth_opt_prio(&tx.opts, true, id);
    synth_emit(&tx);
}

static void pr_01_breaks(struct synth *s)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC8684);
    struct synth_subflow *direct = begin_two(c);

    prio_by_id(direct, 0);
    synth_found(s, "PR-01");
    synth_transfer(direct, SYNTH_SERVER, 3000);
    synth_close(c, SYNTH_SERVER);
}

/* The byte behind the short form is a NOP, 1, and no ID. */
static void pr_01_nearly(struct synth *s)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC8684);
    struct synth_subflow *direct = begin_two(c);

    synth_prio(direct, SYNTH_SERVER, true);
    synth_prio(direct, SYNTH_SERVER, false);
    synth_close(c, SYNTH_SERVER);
}

static void prio_v0(struct synth *s, int id)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC6824);
    struct synth_subflow *vip = begin(c);

    synth_advertise(vip, SYNTH_SERVER, 3, s->server[0]->addr, 0);
    synth_transfer(vip, SYNTH_SERVER, 3000);
    prio_by_id(vip, id);
    if (id != 3)
        synth_found(s, "PR-02");
    finish(c);
}

static void pr_02_breaks(struct synth *s)
{
    prio_v0(s, 9);
}

/* An address that is advertised and not used. */
static void pr_02_nearly(struct synth *s)
{
    prio_v0(s, 3);
}

/* ---- PR-03: an upload on a backup subflow, seen beside the client ---- */

/* 'there' bytes where the server wants a backup, then 'elsewhere' at the unique address. */
static void upload(struct synth *s, uint32_t there, uint32_t elsewhere)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC8684);
    struct synth_subflow *vip = c->subflows[0], *direct;

    at_client(s);
    direct = begin_two(c);
    synth_prio(vip, SYNTH_SERVER, true);
    synth_ack(vip, SYNTH_CLIENT);
    synth_wait(c, 200 * SYNTH_MS);
    synth_data(vip, SYNTH_CLIENT, SYNTH_MSS);
    if (there > 65536)
        synth_found(s, "PR-03");
    synth_transfer(vip, SYNTH_CLIENT, there - SYNTH_MSS);
    synth_transfer(direct, SYNTH_CLIENT, elsewhere);
    synth_close(c, SYNTH_CLIENT);
}

static void pr_03_breaks(struct synth *s)
{
    upload(s, 120000, 20000);
    upload(s, 120000, 20000); /* Once more by this host, that never did otherwise: a note. */
}

static void pr_03_nearly(struct synth *s)
{
    upload(s, 65536, 20000);
}

/* ---- PR-04: a backup subflow that is needed ---- */

static void need_backup(struct synth *s, bool needed)
{
    struct synth_conn *c = conn_in(s, MPA_DIALECT_RFC8684);
    struct synth_subflow *vip = c->subflows[0], *direct = begin_two(c);

    synth_prio(vip, SYNTH_SERVER, true);
    synth_wait(c, 500 * SYNTH_MS);
    synth_transfer(direct, SYNTH_SERVER, 100000);
    if (needed) {
        synth_remove(direct, SYNTH_SERVER, 1);
        synth_close_subflow(direct, SYNTH_SERVER);
        synth_data(vip, SYNTH_SERVER, 1000);
        synth_found(s, "PR-04");
        synth_transfer(vip, SYNTH_SERVER, 30000);
    } else {
        synth_transfer(vip, SYNTH_SERVER, 60000);
    }
    synth_close(c, SYNTH_SERVER);
}

static void pr_04_breaks(struct synth *s)
{
    struct synth_conn *c;

    need_backup(s, true);
    c = conn_in(s, MPA_DIALECT_RFC8684);
    begin_two(c);
    synth_prio(c->subflows[0], SYNTH_SERVER, true);
    synth_wait(c, 500 * SYNTH_MS);
    synth_data(c->subflows[0], SYNTH_SERVER, 1000);
    synth_found(s, "PR-04"); /* The host that asked sends there itself. */
    synth_transfer(c->subflows[0], SYNTH_SERVER, 80000);
    synth_close(c, SYNTH_SERVER);
}

static void pr_04_nearly(struct synth *s)
{
    need_backup(s, false);
}

#define ROW(group, number, name)                                                                   \
    .id = group "-" number, .breaks = name##_breaks, .nearly = name##_nearly

const struct synth_rule synth_rules_remove[] = {
    {ROW("RM", "01", rm_01),
     .broken = "an unknown ID is removed, and the client closes a subflow for it",
     .kept = "an ID is removed that only a join made known"},
    {ROW("RM", "02", rm_02),
     .broken = "the server sends on the removed subflow after three seconds",
     .kept = "it sends a little earlier, and closes the subflow"},
    {ROW("RM", "03", rm_03), .broken = "the client joins a removed address",
     .kept = "it has been advertised again"},
    {ROW("RM", "04", rm_04), .broken = "the client resets the subflow at once",
     .kept = "it sends a keepalive first"},
    {ROW("PR", "01", pr_01), .broken = "MP_PRIO with an ID in version 1",
     .kept = "three bytes and a NOP"},
    {ROW("PR", "02", pr_02), .broken = "an ID that was never used",
     .kept = "an ID that was only advertised"},
    {ROW("PR", "03", pr_03), .broken = "an upload goes on where the server wants a backup",
     .kept = "65536 bytes of it do"},
    /* Nothing is wrong with either. */
    {ROW("PR", "04", pr_04), .broken = "the other subflow is closed: a note",
     .kept = "60000 bytes by the host that asked for the backup"},
    {.id = NULL},
};
