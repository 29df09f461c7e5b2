/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which physical server a packet went to (protocol reference D.11): by the tunnel's outer
 * destination, by the address behind a translation, or by the destination MAC.  The outer source is
 * never looked at: balancers fake it.
 *
 * Each subflow remembers the key of its current server, so that a packet costs one comparison.  A
 * packet to another server begins a new stretch: the flow was redirected, seen rather than
 * inferred.  Whether MACs are servers or just the next router is known at the end.
 */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t key_addr(const struct mpa_addr *a)
{
    uint64_t k = (a->q[0] ^ 0x9e3779b97f4a7c15u) * 0xff51afd7ed558ccdu;

    k = (k ^ k >> 32 ^ a->q[1]) * 0xc4ceb9fe1a85ec53u;
    return k ^ k >> 29;
}

const struct mpa_server *measure_server_unique(const struct mpa_measure *m,
                                               const struct mpa_addr *addr)
{
    for (int i = 0; i < m->config.server_count; i++)
        if (m->config.servers[i].has_unique &&
            mpa_addr_eq(&m->config.servers[i].unique_address, addr))
            return &m->config.servers[i];
    return NULL;
}

/* A translated or outer address: either column names the server. */
static const struct mpa_server *server_addr(const struct mpa_measure *m,
                                            const struct mpa_addr *addr)
{
    for (int i = 0; i < m->config.server_count; i++)
        if (m->config.servers[i].has_outer &&
            mpa_addr_eq(&m->config.servers[i].outer_address, addr))
            return &m->config.servers[i];
    return measure_server_unique(m, addr);
}

static const struct mpa_server *server_mac(const struct mpa_measure *m, const uint8_t mac[6])
{
    for (int i = 0; i < m->config.server_count; i++)
        if (m->config.servers[i].has_mac && memcmp(m->config.servers[i].mac, mac, 6) == 0)
            return &m->config.servers[i];
    return NULL;
}

#define KEY_CAPTURE (UINT64_C(1) << 62) /* No MAC has it. */

/* What one packet says. */
struct seen {
    uint64_t key;
    enum hop_kind kind;
    const struct mpa_addr *addr; /* Of kinds NAT and OUTER. */
    const uint8_t *mac;          /* Of kinds MAC. */
};

static const enum mpa_word by_kind[] = {
    [HOP_CAPTURE] = MPA_SERVER_BY_CAPTURE, [HOP_MAC] = MPA_SERVER_BY_MAC,
    [HOP_COPY_MAC] = MPA_SERVER_BY_MAC,    [HOP_NAT] = MPA_SERVER_BY_NAT,
    [HOP_OUTER] = MPA_SERVER_BY_OUTER,
};

static void name_hop(const struct mpa_measure *m, const struct seen *seen, struct hop *h)
{
    const struct mpa_server *s = seen->mac    ? server_mac(m, seen->mac)
                                 : seen->addr ? server_addr(m, seen->addr)
                                              : NULL;
    char text[MPA_ADDR_TEXT];

    h->by = (uint8_t)by_kind[seen->kind];
    h->named = s != NULL;
    if (s)
        snprintf(h->name, sizeof h->name, "%s", s->name);
    else if (seen->mac)
        snprintf(h->name, sizeof h->name, "%02x:%02x:%02x:%02x:%02x:%02x", seen->mac[0],
                 seen->mac[1], seen->mac[2], seen->mac[3], seen->mac[4], seen->mac[5]);
    else if (seen->addr)
        snprintf(h->name, sizeof h->name, "%s", mpa_addr_text(seen->addr, text));
    else
        snprintf(h->name, sizeof h->name, "capture %d", (int)(seen->key - KEY_CAPTURE));
}

/* Index of the server; the table's last entry stands for all that do not fit. */
static uint16_t find_hop(struct mpa_measure *m, const struct seen *seen)
{
    struct hops *hops = &m->hops;
    struct hop *h;

    for (int i = 1; i < hops->count; i++)
        if (hops->at[i].key == seen->key)
            return (uint16_t)i;
    if (hops->count == 0)
        hops->count = 1;
    if (hops->count == HOPS_MAX)
        return HOPS_MAX - 1;
    h = &hops->at[hops->count];
    h->key = seen->key;
    name_hop(m, seen, h);
    return (uint16_t)hops->count++;
}

/* Which server a packet to the server goes to, by the best that it shows and at least of 'kind'. */
static bool look(const struct mpa_segment *seg, const struct mpa_subflow *sf, bool copy,
                 enum hop_kind kind, struct seen *ret)
{
    *ret = (struct seen){0};
    if (seg->tunnel != MPA_TUNNEL_NONE) {
        ret->kind = HOP_OUTER;
        ret->addr = &seg->outer_dst;
        ret->key = key_addr(&seg->outer_dst);
    } else if (sf->flow.next_view && !mpa_addr_eq(&seg->dst, &sf->flow.addr[MPA_TO_SERVER])) {
        ret->kind = HOP_NAT;
        ret->addr = &seg->dst;
        ret->key = key_addr(&seg->dst);
    } else if (seg->has_macs) {
        ret->kind = copy ? HOP_COPY_MAC : HOP_MAC;
        ret->mac = seg->dst_mac;
        ret->key = measure_key_mac(seg->dst_mac);
    }
    return ret->kind != HOP_NONE && ret->kind >= kind;
}

static bool begin_stints(struct mpa_measure *m, struct mpa_subflow *sf, struct sub_user *u)
{
    u->stints = calloc(1, sizeof *u->stints);
    if (!u->stints) {
        measure_failed(m, MPA_ERR_NOMEM);
        return false;
    }
    u->stints->count = 1;
    u->stints->at[0] = (struct stint){.first_ns = sf->first_ns,
                                      .last_ns = u->last_ns ? u->last_ns : sf->first_ns,
                                      .packets = u->hop_packets,
                                      .hop = u->hop};
    return true;
}

static void change_server(struct mpa_measure *m, const struct mpa_segment *seg,
                          struct mpa_subflow *sf, const struct seen *seen)
{
    struct sub_user *u = sf->user;
    uint16_t hop = find_hop(m, seen);
    struct stints *s;

    if (u->hop_kind != seen->kind) { /* The first, or a better way to know it. */
        free(u->stints);
        u->stints = NULL;
        u->hop_packets = 0;
    } else if (u->stints || begin_stints(m, sf, u)) {
        s = u->stints;
        if (s->count < MPA_REC_SERVERS_MAX)
            s->at[s->count++] = (struct stint){.first_ns = seg->ns, .last_ns = seg->ns, .hop = hop};
        measure_note_segment(m, seg, sf, MPA_TO_SERVER, MPA_NOTE_SERVER_MOVED, MPA_NULL);
    }
    u->hop = hop;
    u->hop_key = seen->key;
    u->hop_kind = (uint8_t)seen->kind;
}

void measure_hop_subflow(struct mpa_measure *m, struct mpa_subflow *sf)
{
    struct sub_user *u = sf->user;
    const struct seen seen = {.key = KEY_CAPTURE + (uint64_t)(m->capture < 0 ? 0 : m->capture),
                              .kind = HOP_CAPTURE};

    u->hop = find_hop(m, &seen);
    u->hop_key = seen.key;
    u->hop_kind = HOP_CAPTURE;
}

void measure_hop_segment(struct mpa_measure *m, const struct mpa_segment *seg,
                         struct mpa_subflow *sf, enum mpa_dir dir, bool copy)
{
    struct sub_user *u = sf->user;
    struct seen seen;

    if (dir == MPA_TO_CLIENT) {
        /* Who answered: only where it is the server that packets are sent to. */
        if (u->hop_kind == HOP_MAC && !copy && seg->has_macs &&
            measure_key_mac(seg->src_mac) == u->hop_key)
            measure_hop_count(u, seg->ns);
        return;
    }
    if (!look(seg, sf, copy, (enum hop_kind)u->hop_kind, &seen))
        return;
    if (seen.key != u->hop_key || (uint8_t)seen.kind != u->hop_kind) {
        /* Where the last packets of a dead flow go is no redirection. */
        if (u->hop && measure_is_reset(sf))
            return;
        change_server(m, seg, sf, &seen);
    }
    measure_hop_count(u, seg->ns);
}

bool measure_hop_astray(struct mpa_measure *m, const struct mpa_subflow *sf,
                        const struct mpa_icmp_error *icmp)
{
    static const struct mpa_addr none;
    const struct sub_user *u = sf->user;

    (void)m;
    if (u->hop_kind == HOP_OUTER)
        return !mpa_addr_eq(&icmp->outer_dst, &none) && key_addr(&icmp->outer_dst) != u->hop_key;
    if (u->hop_kind == HOP_MAC)
        return icmp->has_macs && measure_key_mac(icmp->dst_mac) != u->hop_key;
    return false;
}

static void export_one(const struct mpa_measure *m, const struct stint *s,
                       struct mpa_rec_server *ret)
{
    const struct hop *h = &m->hops.at[s->hop];

    memcpy(ret->name, h->name, sizeof ret->name);
    ret->by = (enum mpa_word)h->by;
    ret->first_ns = s->first_ns;
    ret->last_ns = s->last_ns;
    ret->packets = s->packets;
}

void measure_hop_export(const struct mpa_measure *m, const struct mpa_subflow *sf,
                        struct mpa_rec_subflow *ret)
{
    const struct sub_user *u = sf->user;

    ret->server_count = 0;
    if (u->hop == 0)
        return;
    if (!u->stints) {
        uint32_t all = sf->half[0].packets + sf->half[1].packets;

        export_one(m,
                   &(struct stint){.first_ns = sf->first_ns,
                                   .last_ns = sf->last_ns,
                                   .packets = u->hop_kind == HOP_CAPTURE ? all : u->hop_packets,
                                   .hop = u->hop},
                   &ret->servers[ret->server_count++]);
        return;
    }
    for (int i = 0; i < u->stints->count; i++)
        export_one(m, &u->stints->at[i], &ret->servers[ret->server_count++]);
}

/* A device that translates, or that sends through tunnels to several servers, stands between the
 * ends.  (A single tunnel may end here.) */
static bool is_relay(const struct mpa_measure *m)
{
    int translated = 0, tunnels = 0;

    for (int i = 1; i < m->hops.count; i++) {
        translated += m->hops.at[i].by == MPA_SERVER_BY_NAT;
        tunnels += m->hops.at[i].by == MPA_SERVER_BY_OUTER;
    }
    return (translated || tunnels > 1) && m->series[0].relayed * 2 > m->series[0].initial;
}

void measure_hop_finish(struct mpa_measure *m)
{
    enum mpa_word vantage;

    m->series[0].relay = is_relay(m);
    vantage = mpa_measure_vantage(m);
    for (int i = 1; i < m->hops.count; i++) {
        struct hop *h = &m->hops.at[i];

        h->client_side = vantage == MPA_VANTAGE_CLIENT && h->by == MPA_SERVER_BY_MAC;
        h->server_side = vantage == MPA_VANTAGE_SERVER && h->by == MPA_SERVER_BY_CAPTURE;
    }
}

void measure_hop_add(struct mpa_measure *m, const struct mpa_measure *from)
{
    struct hops *to = &m->hops;

    if (to->count == 0)
        to->count = 1;
    for (int i = 1; i < from->hops.count; i++) {
        const struct hop *h = &from->hops.at[i];
        int at = 1;

        while (at < to->count && to->at[at].key != h->key)
            at++;
        if (at == HOPS_MAX)
            continue;
        if (at == to->count) {
            to->at[to->count++] = *h;
            continue;
        }
        to->at[at].client_side = to->at[at].client_side && h->client_side;
    }
}

const struct hop *measure_hop_named(const struct mpa_measure *m, const char *name)
{
    for (int i = 1; i < m->hops.count; i++)
        if (strcmp(m->hops.at[i].name, name) == 0)
            return &m->hops.at[i];
    return NULL;
}

/* What names no server: one MAC for everything is just the next hop, and so is whatever a client
   sends to; a capture names one only where several servers have captures of their own. */
static bool is_nobody(const struct mpa_measure *m, const struct mpa_rec_server *s, int macs,
                      int captures)
{
    const struct hop *h;

    if (s->by != MPA_SERVER_BY_MAC && s->by != MPA_SERVER_BY_CAPTURE)
        return false;
    h = measure_hop_named(m, s->name);
    if (!h || h->named)
        return false;
    if (s->by == MPA_SERVER_BY_CAPTURE)
        return !h->server_side || captures < 2;
    return h->client_side || macs < 2;
}

void measure_hop_complete(struct mpa_measure *m, struct mpa_rec_conn *conn)
{
    int macs = 0, captures = 0;

    for (int i = 1; i < m->hops.count; i++) {
        macs += m->hops.at[i].by == MPA_SERVER_BY_MAC && !m->hops.at[i].client_side;
        captures += m->hops.at[i].server_side;
    }
    for (int i = 0; i < conn->subflow_count; i++) {
        struct mpa_rec_subflow *sf = &conn->subflows[i];
        int kept = 0;

        for (int k = 0; k < sf->server_count; k++) {
            if (is_nobody(m, &sf->servers[k], macs, captures))
                continue;
            if (kept != k)
                sf->servers[kept] = sf->servers[k];
            kept++;
        }
        sf->server_count = kept;
    }
}
