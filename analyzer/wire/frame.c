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

/* Every step takes at least one byte or hands over to one that does, and tunnels are counted: this ends. */
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
