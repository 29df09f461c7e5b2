/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What balancers encapsulate with: IP in IP (RFC 2003, 2473, 4213), GRE (RFC 2784, 2890), VXLAN
 * (RFC 7348), Geneve (RFC 8926), GUE (draft-ietf-intarea-gue).
 */
#include "walk.h"

enum {
    GRE_CSUM = 0x8000,
    GRE_ROUTING = 0x4000,
    GRE_KEY = 0x2000,
    GRE_SEQ = 0x1000,
    GRE_VERSION = 7
};
enum { TYPE_TEB = 0x6558, TYPE_IP4 = 0x0800, TYPE_IP6 = 0x86dd, TYPE_MPLS = 0x8847 };

/*
 * The IP header in hand turns out to be an outer one: its destination is kept and its bytes join
 * the hash, except lengths and checksums.  False when there are too many.
 */
static bool enter(struct mpa_walk *w, enum mpa_tunnel tunnel)
{
    const uint8_t *p = w->ip;

    if (w->depth == MPA_WALK_TUNNELS)
        return false;
    w->depth++;
    if (w->quote)
        return true;
    w->tunnel = (uint8_t)tunnel;
    w->outer_dst = w->dst;
    if (w->v6) {
        w->hash = mpa_mix_bytes(w->hash, p, 4);
        w->hash = mpa_mix_bytes(w->hash, p + 6, w->ip_header - 6);
    } else {
        w->hash = mpa_mix_bytes(w->hash, p, 2);
        w->hash = mpa_mix_bytes(w->hash, p + 4, 6);
        w->hash = mpa_mix_bytes(w->hash, p + 12, w->ip_header - 12);
    }
    return true;
}

enum mpa_step mpa_tunnel_ip(struct mpa_walk *w, enum mpa_step inner)
{
    return enter(w, MPA_TUNNEL_IPIP) ? inner : mpa_walk_end(w, MPA_FRAME_OTHER);
}

/* What an EtherType inside a tunnel says. */
static enum mpa_step inner_type(struct mpa_walk *w, uint32_t type)
{
    switch (type) {
    case TYPE_TEB:
        return MPA_STEP_ETHER;
    case TYPE_IP4:
    case TYPE_IP6:
    case TYPE_MPLS:
        w->type = type;
        return MPA_STEP_TYPE;
    default:
        return mpa_walk_end(w, MPA_FRAME_OTHER);
    }
}

enum mpa_step mpa_tunnel_gre(struct mpa_walk *w)
{
    const uint8_t *p = mpa_bytes_take(&w->b, 4);
    uint32_t flags;

    if (!p)
        return mpa_walk_fail(w);
    flags = mpa_load16(p);
    /* Version 1 is PPTP's; source routing (RFC 1701) is gone. */
    if ((flags & (GRE_VERSION | GRE_ROUTING)) != 0 || !enter(w, MPA_TUNNEL_GRE))
        return mpa_walk_end(w, MPA_FRAME_OTHER);
    w->hash = mpa_mix_bytes(w->hash, p, 4);
    if ((flags & GRE_CSUM) != 0 && !mpa_bytes_take(&w->b, 4))
        return mpa_walk_fail(w);
    if ((flags & GRE_KEY) != 0 && !mpa_walk_take_hashed(w, 4))
        return mpa_walk_fail(w);
    if ((flags & GRE_SEQ) != 0 && !mpa_walk_take_hashed(w, 4))
        return mpa_walk_fail(w);
    return inner_type(w, mpa_load16(p + 2));
}

static enum mpa_step vxlan(struct mpa_walk *w)
{
    const uint8_t *p = mpa_walk_take_hashed(w, 8);

    if (!p)
        return mpa_walk_fail(w);
    /* Without a valid network identifier it is not VXLAN. */
    return p[0] & 0x08 ? MPA_STEP_ETHER : mpa_walk_end(w, MPA_FRAME_OTHER);
}

static enum mpa_step geneve(struct mpa_walk *w)
{
    const uint8_t *p = mpa_walk_take_hashed(w, 8);

    if (!p)
        return mpa_walk_fail(w);
    /* Another version, or a control packet. */
    if (p[0] >> 6 != 0 || (p[1] & 0x80) != 0)
        return mpa_walk_end(w, MPA_FRAME_OTHER);
    if (!mpa_walk_take_hashed(w, (p[0] & 0x3fU) * 4))
        return mpa_walk_fail(w);
    return inner_type(w, mpa_load16(p + 2));
}

/* Variant 0 has a header with an IP protocol number; in variant 1 the two version bits are those of
 * the IP nibble. */
static enum mpa_step gue(struct mpa_walk *w)
{
    const uint8_t *p;

    if (!mpa_bytes_need(&w->b, 1))
        return mpa_walk_fail(w);
    p = w->b.base + w->b.pos;
    if (p[0] >> 6 == 1)
        return MPA_STEP_IP;
    if (p[0] >> 6 != 0 || (p[0] & 0x20) != 0) /* Unassigned, or a control message. */
        return mpa_walk_end(w, MPA_FRAME_OTHER);
    p = mpa_walk_take_hashed(w, 4U + (p[0] & 0x1fU) * 4);
    if (!p)
        return mpa_walk_fail(w);
    switch (p[1]) {
    case 4:
        return MPA_STEP_IP4;
    case 41:
        return MPA_STEP_IP6;
    default:
        return mpa_walk_end(w, MPA_FRAME_OTHER);
    }
}

enum mpa_step mpa_tunnel_udp(struct mpa_walk *w)
{
    const uint8_t *p = mpa_bytes_take(&w->b, 8);
    enum mpa_tunnel tunnel;
    uint32_t port;
    uint32_t size;

    if (!p)
        return mpa_walk_fail(w);
    port = mpa_load16(p + 2);
    if (port == 0)
        return mpa_walk_end(w, MPA_FRAME_OTHER);
    if (port == w->ports->vxlan)
        tunnel = MPA_TUNNEL_VXLAN;
    else if (port == w->ports->geneve)
        tunnel = MPA_TUNNEL_GENEVE;
    else if (port == w->ports->gue)
        tunnel = MPA_TUNNEL_GUE;
    else
        return mpa_walk_end(w, MPA_FRAME_OTHER);
    size = mpa_load16(p + 4);
    if (!w->quote && size != 0) { /* 0: a super-packet. */
        if (size < 8 || size - 8 > w->b.claimed - w->b.pos)
            return mpa_walk_end(w, MPA_FRAME_MALFORMED);
        w->b.claimed = w->b.pos + size - 8;
        if (w->b.captured > w->b.claimed)
            w->b.captured = w->b.claimed;
    }
    if (!enter(w, tunnel))
        return mpa_walk_end(w, MPA_FRAME_OTHER);
    w->hash = mpa_mix_bytes(w->hash, p, 4);
    if (tunnel == MPA_TUNNEL_VXLAN)
        return vxlan(w);
    return tunnel == MPA_TUNNEL_GENEVE ? geneve(w) : gue(w);
}
