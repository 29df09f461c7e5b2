/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IPv4 (RFC 791) and IPv6 with its extension headers (RFC 8200, 7045). */
#include "walk.h"

enum {
    PROTO_HOP = 0,
    PROTO_ICMP = 1,
    PROTO_IP4 = 4,
    PROTO_TCP = 6,
    PROTO_UDP = 17,
    PROTO_IP6 = 41,
    PROTO_ROUTING = 43,
    PROTO_FRAGMENT = 44,
    PROTO_GRE = 47,
    PROTO_AH = 51,
    PROTO_ICMP6 = 58,
    PROTO_DSTOPTS = 60,
    PROTO_MOBILITY = 135,
    PROTO_HIP = 139,
    PROTO_SHIM6 = 140,
};

/*
 * The packet that begins at the cursor says that it has 'total' bytes (0: it does not say, as a
 * super-packet that the capturing host never sent in one piece).  Narrows the cursor to it, so that
 * the padding of Ethernet is not payload.  Outside of tunnels a packet longer than the frame is one
 * that the capturing program cut without saying so; inside, it is a contradiction.
 */
static bool narrow(struct mpa_walk *w, uint32_t total)
{
    size_t room = w->b.claimed - w->b.pos;
    size_t have = w->b.captured - w->b.pos;

    if (w->quote)
        return true; /* A quote is shorter than what it quotes. */
    if (total == 0)
        total = (uint32_t)room;
    if (total > room && w->depth > 0) {
        w->b.cond = MPA_COND_MALFORMED;
        return false;
    }
    w->b.base += w->b.pos;
    w->b.pos = 0;
    w->b.claimed = total;
    w->b.captured = have < total ? have : total;
    return true;
}

enum mpa_step mpa_ip4(struct mpa_walk *w)
{
    const uint8_t *p;
    uint32_t header;
    uint32_t total;
    uint32_t fragment;

    if (!mpa_bytes_need(&w->b, 20))
        return mpa_walk_fail(w);
    p = w->b.base + w->b.pos;
    header = (p[0] & 0x0fU) * 4;
    total = mpa_load16(p + 2);
    if (p[0] >> 4 != 4 || header < 20 || (total != 0 && total < header))
        return mpa_walk_end(w, MPA_FRAME_MALFORMED);
    if (!narrow(w, total) || !mpa_bytes_take(&w->b, header))
        return mpa_walk_fail(w);
    fragment = mpa_load16(p + 6) & 0x3fffU;
    if (fragment != 0) {
        if (!w->quote)
            return mpa_walk_end(w, MPA_FRAME_FRAGMENT);
        if ((fragment & 0x1fff) != 0)
            return mpa_walk_end(w, MPA_FRAME_OTHER);
    }
    w->ip = p;
    w->ip_header = header;
    w->v6 = false;
    w->ip_options = header > 20;
    w->ttl = p[8];
    w->ip_id = mpa_load16(p + 4);
    w->src = mpa_addr_v4(p + 12);
    w->dst = mpa_addr_v4(p + 16);
    w->type = p[9];
    return MPA_STEP_PROTO;
}

/* Step over the extension headers; 'type' then names what follows them.  False when the walk has
 * ended. */
static bool skip_extensions(struct mpa_walk *w)
{
    const uint8_t *p;
    uint32_t size;
    uint32_t fragment;

    for (;;) {
        switch (w->type) {
        case PROTO_HOP:
        case PROTO_ROUTING:
        case PROTO_DSTOPTS:
        case PROTO_MOBILITY:
        case PROTO_HIP:
        case PROTO_SHIM6:
        case PROTO_FRAGMENT:
        case PROTO_AH:
            break;
        default:
            return true;
        }
        if (!mpa_bytes_need(&w->b, 8))
            return mpa_walk_fail(w), false;
        p = w->b.base + w->b.pos;
        size = w->type == PROTO_FRAGMENT ? 8
               : w->type == PROTO_AH     ? (p[1] + 2U) * 4
                                         : (p[1] + 1U) * 8;
        if (!mpa_bytes_take(&w->b, size))
            return mpa_walk_fail(w), false;
        if (w->type == PROTO_FRAGMENT) {
            /* Offset 0 without more to come is a whole packet (RFC 6946). */
            fragment = mpa_load16(p + 2) & 0xfff9U;
            if (fragment != 0 && !w->quote)
                return mpa_walk_end(w, MPA_FRAME_FRAGMENT), false;
            if ((fragment & 0xfff8) != 0)
                return mpa_walk_end(w, MPA_FRAME_OTHER), false;
        }
        w->ip_options = true;
        w->type = p[0];
    }
}

enum mpa_step mpa_ip6(struct mpa_walk *w)
{
    const uint8_t *p;
    uint32_t total;

    if (!mpa_bytes_need(&w->b, 40))
        return mpa_walk_fail(w);
    p = w->b.base + w->b.pos;
    total = mpa_load16(p + 4);
    if (p[0] >> 4 != 6)
        return mpa_walk_end(w, MPA_FRAME_MALFORMED);
    if (!narrow(w, total ? total + 40 : 0) || !mpa_bytes_take(&w->b, 40))
        return mpa_walk_fail(w);
    w->ip = p;
    w->v6 = true;
    w->ip_options = false;
    w->ttl = p[7];
    w->ip_id = 0;
    w->src = mpa_addr_v6(p + 8);
    w->dst = mpa_addr_v6(p + 24);
    w->type = p[6];
    if (!skip_extensions(w))
        return MPA_STEP_END;
    w->ip_header = (uint32_t)(w->b.base + w->b.pos - p);
    return MPA_STEP_PROTO;
}

enum mpa_step mpa_ip(struct mpa_walk *w)
{
    if (!mpa_bytes_need(&w->b, 1))
        return mpa_walk_fail(w);
    switch (w->b.base[w->b.pos] >> 4) {
    case 4:
        return MPA_STEP_IP4;
    case 6:
        return MPA_STEP_IP6;
    default:
        return mpa_walk_end(w, MPA_FRAME_OTHER);
    }
}

/* IPv4 with an authentication header (RFC 4302): the only one that is not IPv6's own. */
static enum mpa_step ip4_ah(struct mpa_walk *w)
{
    if (!skip_extensions(w))
        return MPA_STEP_END;
    w->ip_header = (uint32_t)(w->b.base + w->b.pos - w->ip);
    return MPA_STEP_PROTO;
}

/* The step after an IP header. */
enum mpa_step mpa_ip_proto(struct mpa_walk *w)
{
    switch (w->type) {
    case PROTO_AH:
        return w->v6 ? mpa_walk_end(w, MPA_FRAME_OTHER) : ip4_ah(w);
    case PROTO_TCP:
        return mpa_tcp_step(w);
    case PROTO_UDP:
        return mpa_tunnel_udp(w);
    case PROTO_IP4:
        return mpa_tunnel_ip(w, MPA_STEP_IP4);
    case PROTO_IP6:
        return mpa_tunnel_ip(w, MPA_STEP_IP6);
    case PROTO_GRE:
        return mpa_tunnel_gre(w);
    case PROTO_ICMP:
        return w->v6 ? mpa_walk_end(w, MPA_FRAME_OTHER) : mpa_icmp(w);
    case PROTO_ICMP6:
        return w->v6 ? mpa_icmp(w) : mpa_walk_end(w, MPA_FRAME_OTHER);
    default:
        return mpa_walk_end(w, MPA_FRAME_OTHER);
    }
}
