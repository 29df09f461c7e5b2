/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a capture at a balancer, a router or on several interfaces looks like: copies, NAT,
 * encapsulation, ICMP, fragments. */
#include "synth.h"

#include <string.h>

static struct synth_conn *v1_conn(struct synth *s, int64_t start)
{
    struct synth_conn_config cfg = {.dialect = MPA_DIALECT_RFC8684, .vip = &s->vip, .start = start};

    return synth_conn(s, &cfg);
}

/* A whole balanced connection. */
static struct synth_conn *whole(struct synth *s, int64_t start)
{
    struct synth_conn *c = v1_conn(s, start);
    struct synth_subflow *direct = synth_open_lb(c);

    synth_transfer(direct, SYNTH_SERVER, 30000);
    synth_close(c, SYNTH_SERVER);
    return c;
}

static void put_copy(struct synth *s, const struct synth_packet *p)
{
    synth_store_tcp(s->store, p);
    s->copies++;
}

/* NAT at a balancer: the same packet before and after, to the VIP and to the server's own address
 * and port. */
static void nat_copy(struct synth *s, struct synth_packet *p, enum synth_side from)
{
    struct synth_packet copy = *p;

    if (from == SYNTH_CLIENT) {
        copy.ns += 15000;
        copy.ttl--;
        copy.dst = s->server[0]->addr;
        copy.dport = 8080;
        copy.src_mac[4] = 1;
    } else {
        p->ns += 15000;
        copy.ttl++;
        copy.src = s->server[0]->addr;
        copy.sport = 8080;
        copy.dst_mac[4] = 1;
    }
    put_copy(s, &copy);
}

/* The direct subflow does not pass the balancer. */
static void make_copies_nat(struct synth *s)
{
    s->copy_packet = nat_copy;
    s->server[0]->ttl = 63; /* After NAT. */
    for (int i = 0; i < 2; i++) {
        struct synth_conn *c = v1_conn(s, i * 500 * SYNTH_MS);
        struct synth_subflow *vip = c->subflows[0];
        size_t advert;
        c->cfg.server_c = true;
        synth_open(c);
        synth_data(vip, SYNTH_CLIENT, SYNTH_REQUEST);
        synth_ack(vip, SYNTH_SERVER);
        advert = synth_advertise(vip, SYNTH_SERVER, 1, s->server[0]->addr, 0);
        synth_echo(vip, advert);
        synth_transfer(vip, SYNTH_SERVER, 20000);
        synth_close(c, SYNTH_SERVER);
        synth_forget(c, "migration");
    }
    s->vantage = NULL;
}

/* Linux' "any": in on one interface, out on another; routed (TTL) or bridged (nothing but the
 * interface differs). */
static void routed_copy(struct synth *s, struct synth_packet *p, enum synth_side from)
{
    struct synth_packet copy = *p;

    copy.ns += 8000;
    copy.ttl--;
    copy.ifindex = from == SYNTH_CLIENT ? 3 : 4;
    copy.outgoing = true;
    put_copy(s, &copy);
}

static void bridged_copy(struct synth *s, struct synth_packet *p, enum synth_side from)
{
    struct synth_packet copy = *p;

    copy.ns += 3000;
    copy.ifindex = from == SYNTH_CLIENT ? 5 : 6;
    put_copy(s, &copy);
}

static void make_copies_sll2(struct synth *s)
{
    synth_relink(s, SYNTH_LINK_SLL2);
    s->copy_packet = routed_copy;
    whole(s, 0);
    s->copy_packet = bridged_copy;
    whole(s, 3 * SYNTH_S);
    s->vantage = NULL;
}

/* The same frame twice is the network's doing, not the capture's: it counts. */
static void make_duplicates(struct synth *s)
{
    struct synth_conn *c = v1_conn(s, 0);
    struct synth_subflow *f = c->subflows[0];

    synth_open(c);
    synth_data(f, SYNTH_CLIENT, SYNTH_REQUEST);
    synth_ack(f, SYNTH_SERVER);
    for (int i = 0; i < 10; i++) {
        struct synth_tx tx = synth_tx(f, SYNTH_SERVER, MPA_TCP_ACK | MPA_TCP_PSH);
        tx.size = SYNTH_MSS;
        tx.data_off = c->data[SYNTH_SERVER].snd;
        c->data[SYNTH_SERVER].snd += tx.size;
        synth_compose(&tx, true);
        synth_emit(&tx);
        if (i % 3 == 0)
            synth_emit_again(&tx, 200000);
        tx = synth_tx(f, SYNTH_CLIENT, MPA_TCP_ACK);
        synth_compose(&tx, false);
        synth_emit(&tx);
        if (i % 4 == 0)
            synth_emit_again(&tx, 200000);
    }
    synth_close(c, SYNTH_SERVER);
}

/* Katran: packets to the VIP are encapsulated to a server, whose name is also in a TCP option. */
static void make_katran(struct synth *s)
{
    enum synth_tunnel tunnel = s->tunnel;

    for (unsigned i = 0; i < 4; i++) {
        struct synth_conn_config cfg = {.dialect =
                                            i < 3 ? MPA_DIALECT_RFC8684 : MPA_DIALECT_UNKNOWN,
                                        .server = s->server[i % 3],
                                        .vip = &s->vip,
                                        .start = i * 4 * SYNTH_S};
        struct synth_conn *c;
        char name[MPA_ADDR_TEXT];

        s->server[i % 3]->server_id = 0x01000000u + i % 3;
        s->tunnel = tunnel ? tunnel : i % 2 ? SYNTH_TUNNEL_IPIP : SYNTH_TUNNEL_GUE1;
        c = synth_conn(s, &cfg);
        c->wide = false; /* Otherwise the server's name finds no room beside a DSS. */
        synth_open(c);
        synth_data(c->subflows[0], SYNTH_CLIENT, SYNTH_REQUEST);
        synth_transfer(c->subflows[0], SYNTH_SERVER, 20000);
        synth_close(c, SYNTH_SERVER);
        synth_expect(c, "{s:[{s:[{s:s, s:s}]}]}", "subflows", "servers", "by", "outer", "name",
                     mpa_addr_text(&s->server[i % 3]->outer, name));
    }
    s->tunnel = tunnel;
}

/* One ICMP error about a packet of the server, from a router on the way to 'told'. */
static void too_big(struct synth_subflow *f, const struct synth_host *told, uint32_t mtu)
{
    static const uint8_t router[6] = {0x02, 0, 0, 0, 0, 0x01};
    struct synth_conn *c = f->conn;
    struct synth *s = c->s;
    uint8_t payload[65536];
    bool v6 = !mpa_addr_is_v4(&f->end[SYNTH_SERVER].addr);
    struct synth_packet quoted, p;
    struct synth_tx tx = synth_tx(f, SYNTH_SERVER, MPA_TCP_ACK | MPA_TCP_PSH);

    /* The packet that was too big passes the capture, but never arrives. */
    tx.size = SYNTH_MSS;
    tx.data_off = c->data[SYNTH_SERVER].snd;
    tx.lost = true;
    synth_compose(&tx, true);
    synth_emit(&tx);
    quoted = synth_packet_of(&tx, payload);
    quoted.ttl = (uint8_t)(quoted.ttl - 2);
    synth_wait(c, 5 * SYNTH_MS);
    p = (struct synth_packet){.ns = c->now,
                              .src = v6 ? synth_v6(5, 1) : synth_v4(10, 5, 0, 1),
                              .dst = f->end[SYNTH_SERVER].addr,
                              .ttl = 253,
                              .ip_id = 77,
                              .ifindex = s->ifindex};
    memcpy(p.src_mac, router, 6);
    memcpy(p.dst_mac, told->mac, 6);
    synth_store_too_big(s->store, &p, mtu, &quoted);
    /* Smaller pieces, of the same data, do. */
    synth_wait(c, 200 * SYNTH_MS);
    synth_resend(f, SYNTH_SERVER, tx.off, tx.data_off, SYNTH_MSS / 2);
    synth_resend(f, SYNTH_SERVER, tx.off + SYNTH_MSS / 2, tx.data_off + SYNTH_MSS / 2,
                 SYNTH_MSS / 2);
    c->data[SYNTH_SERVER].snd += SYNTH_MSS;
    synth_ack(f, SYNTH_CLIENT);
}

static void icmp_family(struct synth *s, bool v6)
{
    struct synth_conn *c;
    struct synth_subflow *direct;

    if (v6)
        synth_net(s, true);
    c = v1_conn(s, 0);
    direct = synth_open_lb(c);
    synth_transfer(direct, SYNTH_SERVER, 10000);
    too_big(c->subflows[0], s->server[2], 1400); /* To the VIP: another server is told. */
    too_big(direct, s->server[0], 1400);         /* To the unique address: the right one. */
    synth_transfer(direct, SYNTH_SERVER, 10000);
    synth_close(c, SYNTH_SERVER);
    synth_expect(c, "{s:[{s:i, s:i}, {s:i, s:i}]}", "subflows", "icmp_errors", 1,
                 "icmp_too_big_astray", 1, "icmp_errors", 1, "icmp_too_big_astray", 0);
    synth_expect_report(s, "{s:i}", "icmp_too_big_astray", 1);
}

static void make_icmp_ptb(struct synth *s)
{
    icmp_family(s, true);
}

static void make_icmp_ptb_v4(struct synth *s)
{
    icmp_family(s, false);
}

/* IPv4 options or IPv6 extension headers are stepped over. */
static void make_ip_options(struct synth *s)
{
    s->ip_options = true;
    whole(s, 0);
}

static void make_ip_options_v6(struct synth *s)
{
    synth_net(s, true);
    make_ip_options(s);
}

/* Fragments are counted and their segments are not analysed: to the capture they are missing. */
static void make_fragments(struct synth *s)
{
    struct synth_conn *c = v1_conn(s, 0);
    struct synth_subflow *direct = synth_open_lb(c);
    uint8_t payload[65536];

    synth_transfer(direct, SYNTH_SERVER, 10000);
    for (int i = 0; i < 3; i++) {
        struct synth_tx tx = synth_tx(direct, SYNTH_SERVER, MPA_TCP_ACK | MPA_TCP_PSH);
        struct synth_packet p;
        tx.size = SYNTH_MSS;
        tx.data_off = c->data[SYNTH_SERVER].snd;
        c->data[SYNTH_SERVER].snd += tx.size;
        tx.unseen = true;
        synth_compose(&tx, true);
        synth_emit(&tx);
        p = synth_packet_of(&tx, payload);
        synth_store_fragments(s->store, &p, 800);
        s->fragments += 2;
        synth_ack(direct, SYNTH_CLIENT);
    }
    synth_transfer(direct, SYNTH_SERVER, 10000);
    synth_close(c, SYNTH_SERVER);
}

static void make_fragments_v6(struct synth *s)
{
    synth_net(s, true);
    make_fragments(s);
}

const struct synth_scenario synth_scenarios_views[] = {
    {"copies-nat", "rfc8684", make_copies_nat, "every packet before and after NAT"},
    {"copies-sll2", "rfc8684", make_copies_sll2,
     "every packet on two interfaces (Linux cooked v2)"},
    {"network-duplicates", "rfc8684", make_duplicates, "frames that the network duplicated count"},
    {"katran", "both", make_katran,
     "packets to the VIP in GUE and IPIP, server id in a TCP option"},
    {"icmp-ptb", "rfc8684", make_icmp_ptb,
     "ICMPv6 Packet Too Big for the VIP reaches another server"},
    {"icmp-ptb-v4", "rfc8684", make_icmp_ptb_v4, "the same with IPv4"},
    {"ip-options", "rfc8684", make_ip_options, "IPv4 options"},
    {"ip-options-v6", "rfc8684", make_ip_options_v6, "IPv6 extension headers"},
    {"fragments", "rfc8684", make_fragments, "segments in IPv4 fragments"},
    {"fragments-v6", "rfc8684", make_fragments_v6, "the same with IPv6"},
    {NULL, NULL, NULL, NULL},
};
