/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Breaches of CBF-01 to CBF-04, and what nearly is one. */
#include "joins.h"

/* ---- CBF-01: joins in spite of C -------------------------------------------------------- */

static void cbf_01_breaks(struct synth *s)
{
    struct synth_conn_config cfg = {.dialect = MPA_DIALECT_RFC8684, .vip = &s->vip};
    struct synth_conn *c = synth_conn(s, &cfg);
    struct synth_subflow *direct = synth_open_lb(c), *f;

    synth_transfer(direct, SYNTH_SERVER, 6000);
    f = synth_join_from(c, joins_second_client(s, 3), s->vip, 2);
    synth_join_syn(f, false);
    synth_found(s, "CBF-01");
    joins_refuse(f, 3);
    synth_transfer(direct, SYNTH_SERVER, 6000);
    synth_close(c, SYNTH_SERVER);
}

/* The VIP at port 8080, under address ID 2. */
static struct synth_subflow *other_port(struct synth_conn *c, bool found)
{
    struct synth_subflow *vip = c->subflows[0], *f;
    size_t advert = synth_advertise(vip, SYNTH_SERVER, 2, c->s->vip, 8080);

    if (found)
        synth_found(c->s, "CBF-03");
    synth_echo(vip, advert);
    f = synth_join_from(c, c->cfg.client, c->s->vip, 0);
    f->end[SYNTH_SERVER].port = 8080;
    synth_join_syn(f, false);
    joins_accept_join(f);
    return f;
}

static void cbf_01_nearly(struct synth *s)
{
    struct synth_conn_config cfg = {.dialect = MPA_DIALECT_RFC8684, .vip = &s->vip};
    struct synth_conn *c = synth_conn(s, &cfg);
    struct synth_subflow *direct = synth_open_lb(c);

    synth_transfer(direct, SYNTH_SERVER, 6000);
    other_port(c, false);
    synth_close(c, SYNTH_SERVER);
}

/* ---- CBF-02: the same for the ICNP-2017 kernel, at any port ------------------------------ */

/* Up to the usable direct subflow to 'unique'. */
static struct synth_conn *icnp(struct synth *s, struct mpa_addr unique,
                               struct synth_subflow **ret_direct)
{
    struct synth_conn_config cfg = {.dialect = MPA_DIALECT_ICNP2017,
                                    .server = synth_host(s, "icnp", unique, 21),
                                    .vip = &s->vip,
                                    .checksum = true,
                                    .server_c = true};
    struct synth_conn *c = synth_conn(s, &cfg);
    struct synth_subflow *vip = c->subflows[0];

    synth_new_advert(c, SYNTH_SERVER, 25, unique, 0);
    synth_open(c);
    c->icnp_advertises = c->icnp_prio = true;
    synth_data(vip, SYNTH_CLIENT, SYNTH_REQUEST);
    synth_ack(vip, SYNTH_SERVER); /* Has room for ADD_ADDR and MP_PRIO. */
    synth_data(vip, SYNTH_SERVER, 1000);
    synth_ack(vip, SYNTH_CLIENT); /* The echo. */
    *ret_direct = synth_join(c, unique, 0);
    synth_transfer(*ret_direct, SYNTH_SERVER, 6000);
    return c;
}

static void cbf_02_breaks(struct synth *s)
{
    struct synth_subflow *direct, *f;
    struct synth_conn *c = icnp(s, synth_v4(10, 1, 4, 2), &direct);

    f = synth_join_from(c, joins_second_client(s, 3), s->vip, 2);
    synth_join_syn(f, false);
    synth_found(s, "CBF-02");
    joins_refuse(f, -1);
    synth_transfer(direct, SYNTH_SERVER, 6000);
    synth_close(c, SYNTH_SERVER);
}

/* The last bit of the address differs from the VIP's. */
static void cbf_02_nearly(struct synth *s)
{
    struct synth_subflow *direct;
    struct synth_conn *c = icnp(s, synth_v4(10, 9, 9, 8), &direct);

    synth_close(c, SYNTH_SERVER);
}

/* ---- CBF-03: the forbidden address with another port ------------------------------------- */

static void cbf_03(struct synth *s, bool breaks)
{
    struct synth_conn_config cfg = {.dialect = MPA_DIALECT_RFC8684, .vip = &s->vip};
    struct synth_conn *c;
    struct synth_subflow *direct;

    joins_beside_client(s);
    c = synth_conn(s, &cfg);
    direct = synth_open_lb(c);
    synth_transfer(direct, SYNTH_SERVER, 6000);
    if (breaks)
        other_port(c, true);
    else
        synth_echo(direct, synth_advertise(direct, SYNTH_SERVER, 2, c->cfg.server->addr, 8080));
    synth_transfer(direct, SYNTH_SERVER, 6000);
    synth_close(c, SYNTH_SERVER);
}

static void cbf_03_breaks(struct synth *s)
{
    cbf_03(s, true);
}

/* Another port, but not of the forbidden address. */
static void cbf_03_nearly(struct synth *s)
{
    cbf_03(s, false);
}

/* ---- CBF-04: a failed join is repeated ---------------------------------------------------- */

/* RFC 6824: there a RST needs no reason, and has none that AC-04 would look at. */
static void cbf_04(struct synth *s, bool advertise_again)
{
    struct synth_conn *c = joins_started(s, MPA_DIALECT_RFC6824, false);
    struct synth_subflow *vip = c->subflows[0], *f;
    size_t advert = synth_advertise(vip, SYNTH_SERVER, 1, s->server[0]->addr, 0);

    f = joins_to_unique(c);
    synth_join_syn(f, false);
    joins_refuse(f, -1);
    synth_wait(c, SYNTH_S);
    if (advertise_again)
        synth_advertise_again(vip, advert);
    f = joins_to_unique(c);
    synth_join_syn(f, false);
    if (!advertise_again)
        synth_found(s, "CBF-04");
    joins_accept_join(f);
    joins_finish(c);
}

/* The SYN/ACK has a wrong HMAC, and the client resets; then a SYN that nobody answers. */
static void cbf_04_others(struct synth *s)
{
    struct synth_conn *c = joins_started(s, MPA_DIALECT_RFC6824, false);
    struct synth_subflow *f;

    synth_advertise(c->subflows[0], SYNTH_SERVER, 1, s->server[0]->addr, 0);
    f = joins_to_unique(c);
    s->alter = joins_wrong_synack;
    synth_join_syn(f, false);
    synth_join_synack(f, false);
    s->alter = NULL;
    joins_send_rst(synth_rst_own(f, SYNTH_CLIENT), -1);
    synth_wait(c, SYNTH_S);
    f = joins_to_unique(c);
    synth_join_syn(f, false);
    synth_found(s, "CBF-04");
    joins_accept_join(f);
    joins_finish(c);

    c = joins_started(s, MPA_DIALECT_RFC6824, false);
    synth_advertise(c->subflows[0], SYNTH_SERVER, 1, s->server[0]->addr, 0);
    f = joins_to_unique(c);
    synth_join_syn(f, false);
    synth_found(s, "JN-06"); /* Noted: it is not answered. */
    synth_wait(c, 4 * SYNTH_S);
    f = joins_to_unique(c);
    synth_join_syn(f, false);
    synth_found(s, "CBF-04");
    joins_accept_join(f);
    joins_finish(c);
}

static void cbf_04_breaks(struct synth *s)
{
    cbf_04(s, false);
    cbf_04_others(s);
}

static void cbf_04_nearly(struct synth *s)
{
    cbf_04(s, true);
}

const struct synth_rule synth_rules_forbid[] = {
    {.id = "CBF-01",
     .breaks = cbf_01_breaks,
     .nearly = cbf_01_nearly,
     .broken = "the client joins the VIP, whose host set C",
     .kept = "the client joins the VIP at another port, which was advertised"},
    {.id = "CBF-02",
     .breaks = cbf_02_breaks,
     .nearly = cbf_02_nearly,
     .broken = "the client joins the VIP, whose host set the B flag",
     .kept = "the client joins an advertised address one bit away from the VIP",
     /* What that kernel always does: in RFC 6824 its flag is a second algorithm, and its SYN/ACKs say address ID 0. */
     .too = "MPC-05 JN-10"},
    {.id = "CBF-03",
     .breaks = cbf_03_breaks,
     .nearly = cbf_03_nearly,
     .broken = "the VIP is advertised with another port in spite of C",
     .kept = "the unique address is advertised with another port"},
    {.id = "CBF-04",
     .breaks = cbf_04_breaks,
     .nearly = cbf_04_nearly,
     .broken = "a refused join is repeated a second later",
     .kept = "before it is repeated the address is advertised again"},
    {.id = NULL},
};
