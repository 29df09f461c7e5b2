/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Link layers: what stands in front of the first IP header (www.tcpdump.org/linktypes.html). */
#include "walk.h"

enum {
    LINK_NULL = 0,
    LINK_ETHERNET = 1,
    LINK_PPP = 9,
    LINK_DLT_RAW = 12, /* libpcap's own numbers for raw IP, by system. */
    LINK_DLT_RAW_BSD = 14,
    LINK_PPP_HDLC = 50,
    LINK_PPP_ETHER = 51,
    LINK_RAW = 101,
    LINK_LOOP = 108,
    LINK_SLL = 113,
    LINK_IPV4 = 228,
    LINK_IPV6 = 229,
    LINK_SLL2 = 276,
};

enum {
    TYPE_IP4 = 0x0800,
    TYPE_VLAN = 0x8100,
    TYPE_IP6 = 0x86dd,
    TYPE_MPLS = 0x8847,
    TYPE_MPLS_UP = 0x8848,
    TYPE_PPPOE = 0x8864,
    TYPE_QINQ = 0x88a8,
    TYPE_QINQ_OLD = 0x9100,
};

bool mpa_linktype_known(uint16_t linktype)
{
    switch (linktype) {
    case LINK_NULL:
    case LINK_ETHERNET:
    case LINK_PPP:
    case LINK_DLT_RAW:
    case LINK_DLT_RAW_BSD:
    case LINK_PPP_HDLC:
    case LINK_PPP_ETHER:
    case LINK_RAW:
    case LINK_LOOP:
    case LINK_SLL:
    case LINK_IPV4:
    case LINK_IPV6:
    case LINK_SLL2:
        return true;
    default:
        return false;
    }
}

/* Null and loop: an address family, in the byte order of the capturing machine or of the network;
   its number for IPv6 depends on the system (24, 28 and 30 of the BSDs, 10 of Linux). */
static enum mpa_step link_null(struct mpa_walk *w)
{
    const uint8_t *p = mpa_walk_take_hashed(w, 4);
    uint32_t family;

    if (!p)
        return mpa_walk_fail(w);
    family = mpa_load32(p);
    if (family > 0xffff)
        family = __builtin_bswap32(family);
    switch (family) {
    case 2:
        return MPA_STEP_IP4;
    case 10:
    case 24:
    case 28:
    case 30:
        return MPA_STEP_IP6;
    default:
        return mpa_walk_end(w, MPA_FRAME_OTHER);
    }
}

/* Linux cooked, version 1: packet type 2, device type 2, address length 2, address 8,
 * protocol 2. */
static enum mpa_step link_sll(struct mpa_walk *w)
{
    const uint8_t *p = mpa_walk_take_hashed(w, 16);

    if (!p)
        return mpa_walk_fail(w);
    if (mpa_load16(p + 4) == 6)
        w->src_mac = p + 6;
    w->type = mpa_load16(p + 14);
    return MPA_STEP_TYPE;
}

/* Version 2: protocol 2, reserved 2, interface 4, device type 2, packet type 1, address length 1,
 * address 8. */
static enum mpa_step link_sll2(struct mpa_walk *w)
{
    const uint8_t *p = mpa_walk_take_hashed(w, 20);

    if (!p)
        return mpa_walk_fail(w);
    if (p[11] == 6)
        w->src_mac = p + 12;
    w->type = mpa_load16(p);
    return MPA_STEP_TYPE;
}

/* PPPoE session (RFC 2516): version and type 1, code 0 for data, session 2, length 2. */
static enum mpa_step link_pppoe(struct mpa_walk *w)
{
    const uint8_t *p = mpa_bytes_take(&w->b, 6);

    if (!p)
        return mpa_walk_fail(w);
    if (p[0] != 0x11 || p[1] != 0)
        return mpa_walk_end(w, MPA_FRAME_OTHER);
    w->hash = mpa_mix_bytes(w->hash, p, 4);
    return MPA_STEP_PPP;
}

/* PPP in HDLC-like framing (RFC 1662), or Cisco's HDLC, which has an EtherType. */
static enum mpa_step link_hdlc(struct mpa_walk *w)
{
    const uint8_t *p;

    if (!mpa_bytes_need(&w->b, 2))
        return mpa_walk_fail(w);
    p = w->b.base + w->b.pos;
    if (p[0] != 0x0f && p[0] != 0x8f)
        return MPA_STEP_PPP;
    p = mpa_walk_take_hashed(w, 4);
    if (!p)
        return mpa_walk_fail(w);
    w->type = mpa_load16(p + 2);
    return MPA_STEP_TYPE;
}

enum mpa_step mpa_link_start(struct mpa_walk *w, uint16_t linktype)
{
    switch (linktype) {
    case LINK_ETHERNET:
        return MPA_STEP_ETHER;
    case LINK_SLL:
        return link_sll(w);
    case LINK_SLL2:
        return link_sll2(w);
    case LINK_DLT_RAW:
    case LINK_DLT_RAW_BSD:
    case LINK_RAW:
        return MPA_STEP_IP;
    case LINK_IPV4:
        return MPA_STEP_IP4;
    case LINK_IPV6:
        return MPA_STEP_IP6;
    case LINK_NULL:
    case LINK_LOOP:
        return link_null(w);
    case LINK_PPP:
        return MPA_STEP_PPP;
    case LINK_PPP_HDLC:
        return link_hdlc(w);
    case LINK_PPP_ETHER:
        return link_pppoe(w);
    default:
        return mpa_walk_end(w, MPA_FRAME_LINK);
    }
}

enum mpa_step mpa_link_ether(struct mpa_walk *w)
{
    const uint8_t *p = mpa_bytes_take(&w->b, 14);

    if (!p)
        return mpa_walk_fail(w);
    w->hash = mpa_mix(mpa_mix(w->hash, mpa_raw64(p)), mpa_raw64(p + 6));
    if (w->depth == 0) {
        w->dst_mac = p;
        w->src_mac = p + 6;
    }
    w->type = mpa_load16(p + 12);
    return MPA_STEP_TYPE;
}

/* PPP protocol field (RFC 1661), perhaps behind FF 03, perhaps compressed to one odd byte. */
enum mpa_step mpa_link_ppp(struct mpa_walk *w)
{
    const uint8_t *p;
    uint32_t protocol;

    if (mpa_bytes_need(&w->b, 2) && w->b.base[w->b.pos] == 0xff)
        mpa_bytes_take(&w->b, 2);
    p = mpa_walk_take_hashed(w, 1);
    if (!p)
        return mpa_walk_fail(w);
    protocol = p[0];
    if ((protocol & 1) == 0) {
        p = mpa_walk_take_hashed(w, 1);
        if (!p)
            return mpa_walk_fail(w);
        protocol = protocol << 8 | p[0];
    }
    switch (protocol) {
    case 0x0021:
        return MPA_STEP_IP4;
    case 0x0057:
        return MPA_STEP_IP6;
    case 0x0281:
        w->type = TYPE_MPLS;
        return MPA_STEP_TYPE;
    default:
        return mpa_walk_end(w, MPA_FRAME_OTHER);
    }
}

/* MPLS (RFC 3032): labels of 4 bytes up to the one with the bottom bit; what follows is told by its
 * nibble. */
static enum mpa_step link_mpls(struct mpa_walk *w)
{
    const uint8_t *p;

    do {
        p = mpa_walk_take_hashed(w, 4);
        if (!p)
            return mpa_walk_fail(w);
    } while ((p[2] & 1) == 0);
    return MPA_STEP_IP;
}

enum mpa_step mpa_link_type(struct mpa_walk *w)
{
    const uint8_t *p;
    unsigned tags;

    for (tags = 0;; tags++) {
        switch (w->type) {
        case TYPE_IP4:
            return MPA_STEP_IP4;
        case TYPE_IP6:
            return MPA_STEP_IP6;
        case TYPE_MPLS:
        case TYPE_MPLS_UP:
            return link_mpls(w);
        case TYPE_PPPOE:
            return link_pppoe(w);
        case TYPE_VLAN:
        case TYPE_QINQ:
        case TYPE_QINQ_OLD:
            break;
        default:
            return mpa_walk_end(w, MPA_FRAME_OTHER);
        }
        if (tags == MPA_WALK_TAGS)
            return mpa_walk_end(w, MPA_FRAME_OTHER);
        p = mpa_walk_take_hashed(w, 4);
        if (!p)
            return mpa_walk_fail(w);
        w->type = mpa_load16(p + 2);
    }
}
