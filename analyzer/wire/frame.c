/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The walk from the link layer down to TCP, one step a layer. */
#include "walk.h"

static void fill_segment(const struct mpa_frame *f, const struct mpa_walk *w, struct mpa_segment *s)
{
    s->ns = f->ns;
    s->frame = f->number;
    s->capture = f->capture;
    s->has_macs = w->dst_mac != NULL;
    if (w->dst_mac)
        memcpy(s->dst_mac, w->dst_mac, 6);
    else
        memset(s->dst_mac, 0, 6);
    if (w->src_mac)
        memcpy(s->src_mac, w->src_mac, 6);
    else
        memset(s->src_mac, 0, 6);
    s->l2_hash = (uint32_t)w->hash;
    s->tunnel = w->tunnel;
    s->prepared = false;
    s->outer_dst = w->outer_dst;
    s->v6 = w->v6;
    s->ttl = w->ttl;
    s->ip_id = w->ip_id;
    s->has_ip_options = w->ip_options;
    s->src = w->src;
    s->dst = w->dst;
}

static void fill_icmp(const struct mpa_frame *f, const struct mpa_walk *w, struct mpa_icmp_error *e)
{
    e->ns = f->ns;
    e->frame = f->number;
    e->capture = f->capture;
    e->outer_dst = w->outer_dst;
    e->has_macs = w->dst_mac != NULL;
    if (w->dst_mac)
        memcpy(e->dst_mac, w->dst_mac, 6);
    else
        memset(e->dst_mac, 0, 6);
}

/* TCP at 'at' of a plain frame, 'total' bytes behind the Ethernet header; 'have' of
 * them captured. */
static enum mpa_frame_kind plain_tcp(const struct mpa_frame *f, uint32_t at, uint32_t have,
                                     uint32_t total, struct mpa_segment *s)
{
    const uint8_t *p = f->data;
    uint32_t front = at - 14;

    s->ns = f->ns;
    s->frame = f->number;
    s->capture = f->capture;
    s->has_macs = true;
    memcpy(s->dst_mac, p, 6);
    memcpy(s->src_mac, p + 6, 6);
    s->l2_hash = (uint32_t)mpa_mix(mpa_mix(0, mpa_raw64(p)), mpa_raw64(p + 6));
    s->tunnel = MPA_TUNNEL_NONE;
    s->prepared = false;
    s->outer_dst.q[0] = 0;
    s->outer_dst.q[1] = 0;
    s->has_ip_options = false;
    return mpa_tcp_decode(p + at, (have < total ? have : total) - front, total - front, s);
}

/*
 * The frames that most captures are made of, without the walk: TCP in a whole IPv4 packet without
 * options, or in IPv6 without extensions, in Ethernet without tags.  Gives the walk's result; false
 * for every other frame, and for those whose lengths need a second look.
 */
static bool plain_frame(const struct mpa_frame *f, struct mpa_segment *s, enum mpa_frame_kind *ret)
{
    const uint8_t *p = f->data;
    uint32_t total;

    if (f->linktype != 1 || f->captured < 14 + 20 + 20 || f->wire < f->captured)
        return false;
    if (mpa_load32(p + 12) >> 8 == 0x080045) {
        total = mpa_load16(p + 16);
        if ((mpa_load16(p + 20) & 0x3fff) != 0 || p[23] != 6 || total < 40 || total > f->wire - 14)
            return false;
        s->v6 = false;
        s->ttl = p[22];
        s->ip_id = mpa_load16(p + 18);
        s->src = mpa_addr_v4(p + 26);
        s->dst = mpa_addr_v4(p + 30);
        *ret = plain_tcp(f, 34, f->captured - 14, total, s);
        return true;
    }
    if (mpa_load16(p + 12) == 0x86dd) {
        total = mpa_load16(p + 18) + 40U;
        if (p[14] >> 4 != 6 || p[20] != 6 || f->captured < 54 + 20 || total < 60 ||
            total > f->wire - 14)
            return false;
        s->v6 = true;
        s->ttl = p[21];
        s->ip_id = 0;
        s->src = mpa_addr_v6(p + 22);
        s->dst = mpa_addr_v6(p + 38);
        *ret = plain_tcp(f, 54, f->captured - 14, total, s);
        return true;
    }
    return false;
}

/* Every step takes at least one byte or hands over to one that does, and tunnels are counted: this
 * ends. */
static void walk(struct mpa_walk *w, enum mpa_step step)
{
    for (;;) {
        switch (step) {
        case MPA_STEP_ETHER:
            step = mpa_link_ether(w);
            break;
        case MPA_STEP_TYPE:
            step = mpa_link_type(w);
            break;
        case MPA_STEP_PPP:
            step = mpa_link_ppp(w);
            break;
        case MPA_STEP_IP:
            step = mpa_ip(w);
            break;
        case MPA_STEP_IP4:
            step = mpa_ip4(w);
            break;
        case MPA_STEP_IP6:
            step = mpa_ip6(w);
            break;
        case MPA_STEP_PROTO:
            step = mpa_ip_proto(w);
            break;
        case MPA_STEP_END:
            return;
        }
    }
}

enum mpa_frame_kind mpa_frame_decode(const struct mpa_frame *frame,
                                     const struct mpa_tunnel_ports *ports, struct mpa_segment *ret,
                                     struct mpa_icmp_error *ret_icmp)
{
    struct mpa_walk w;

    if (plain_frame(frame, ret, &w.kind))
        return w.kind;
    w.b = mpa_bytes_init(frame->data, frame->captured,
                         frame->wire > frame->captured ? frame->wire : frame->captured);
    w.ports = ports;
    w.seg = ret;
    w.icmp = ret_icmp;
    w.kind = MPA_FRAME_OTHER;
    w.hash = 0;
    w.dst_mac = NULL;
    w.src_mac = NULL;
    w.tunnel = MPA_TUNNEL_NONE;
    w.depth = 0;
    w.quote = false;
    w.outer_dst.q[0] = 0;
    w.outer_dst.q[1] = 0;
    walk(&w, mpa_link_start(&w, frame->linktype));
    if (w.kind == MPA_FRAME_SEGMENT)
        fill_segment(frame, &w, ret);
    else if (w.kind == MPA_FRAME_ICMP)
        fill_icmp(frame, &w, ret_icmp);
    return w.kind;
}
