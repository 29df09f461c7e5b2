/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the frame decoder only: the state of one walk from the link layer down to TCP. */
#ifndef MPA_WIRE_WALK_H
#define MPA_WIRE_WALK_H

#include "mpa/segment.h"

/* What stands at the cursor. */
enum mpa_step {
    MPA_STEP_ETHER, /* An Ethernet header. */
    MPA_STEP_TYPE,  /* What the EtherType in 'type' says. */
    MPA_STEP_PPP,   /* A PPP protocol field. */
    MPA_STEP_IP,    /* IPv4 or IPv6, by the version nibble. */
    MPA_STEP_IP4,
    MPA_STEP_IP6,
    MPA_STEP_PROTO, /* What the IP protocol number in 'type' says. */
    MPA_STEP_END,   /* Finished: 'kind'. */
};

struct mpa_walk {
    struct mpa_bytes
        b; /* The layer in hand: its claimed end is that of the innermost structure so far. */
    const struct mpa_tunnel_ports *ports;
    struct mpa_segment *seg;
    struct mpa_icmp_error *icmp;
    enum mpa_frame_kind kind; /* The result, with MPA_STEP_END. */
    uint32_t type;            /* EtherType or IP protocol, as the step says. */

    uint64_t hash;          /* See l2_hash of struct mpa_segment. */
    const uint8_t *dst_mac; /* In the frame; NULL without. */
    const uint8_t *src_mac;

    /* The IP header in hand. */
    const uint8_t *ip;  /* Its first byte. */
    uint32_t ip_header; /* Its bytes, with options or extension headers. */
    bool v6;
    bool ip_options;
    uint8_t ttl;
    uint16_t ip_id;
    struct mpa_addr src;
    struct mpa_addr dst;

    uint8_t tunnel; /* enum mpa_tunnel. */
    uint8_t depth;  /* Tunnels passed. */
    bool quote;     /* Inside what an ICMP error quotes. */
    struct mpa_addr outer_dst;
};

#define MPA_WALK_TUNNELS 4
#define MPA_WALK_TAGS    4

/* Mix 8 bytes into a hash: cheap, and enough to tell copies apart (not for tables that an attacker
 * can fill). */
static inline uint64_t mpa_mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9e3779b97f4a7c15ULL;
    return hash ^ hash >> 32;
}

static inline uint64_t mpa_raw64(const uint8_t *p)
{
    uint64_t v;

    memcpy(&v, p, 8);
    return v;
}

static inline uint64_t mpa_mix_bytes(uint64_t hash, const uint8_t *p, size_t size)
{
    uint64_t tail = 0;

    for (; size >= 8; size -= 8, p += 8)
        hash = mpa_mix(hash, mpa_raw64(p));
    if (size > 0) {
        memcpy(&tail, p, size);
        hash = mpa_mix(hash, tail);
    }
    return hash;
}

/* End the walk with 'kind'.  What an ICMP error quotes is never to blame: it is cut as its writer
 * pleased. */
static inline enum mpa_step mpa_walk_end(struct mpa_walk *w, enum mpa_frame_kind kind)
{
    w->kind = w->quote && kind == MPA_FRAME_MALFORMED ? MPA_FRAME_OTHER : kind;
    return MPA_STEP_END;
}

/* End the walk because the cursor failed. */
static inline enum mpa_step mpa_walk_fail(struct mpa_walk *w)
{
    return mpa_walk_end(w, w->b.cond == MPA_COND_TRUNCATED ? MPA_FRAME_TRUNCATED
                                                           : MPA_FRAME_MALFORMED);
}

/* Take 'size' bytes that count for the hash of what stands in front of the IP header. */
static inline const uint8_t *mpa_walk_take_hashed(struct mpa_walk *w, size_t size)
{
    const uint8_t *p = mpa_bytes_take(&w->b, size);

    if (p)
        w->hash = mpa_mix_bytes(w->hash, p, size);
    return p;
}

/* One function a layer; each returns the next step. */
enum mpa_step mpa_link_start(struct mpa_walk *w, uint16_t linktype);
enum mpa_step mpa_link_ether(struct mpa_walk *w);
enum mpa_step mpa_link_type(struct mpa_walk *w);
enum mpa_step mpa_link_ppp(struct mpa_walk *w);
enum mpa_step mpa_ip(struct mpa_walk *w);
enum mpa_step mpa_ip4(struct mpa_walk *w);
enum mpa_step mpa_ip6(struct mpa_walk *w);
enum mpa_step mpa_ip_proto(struct mpa_walk *w);
enum mpa_step mpa_tunnel_ip(struct mpa_walk *w, enum mpa_step inner);
enum mpa_step mpa_tunnel_gre(struct mpa_walk *w);
enum mpa_step mpa_tunnel_udp(struct mpa_walk *w);
enum mpa_step mpa_icmp(struct mpa_walk *w);
enum mpa_step mpa_tcp_step(struct mpa_walk *w);

#endif
