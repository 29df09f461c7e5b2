/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TCP (RFC 9293) and the options that the analyzer needs (RFC 7323, 2018); MPTCP options are
 * located, not read. */
#include "walk.h"

enum {
    OPT_END = 0,
    OPT_NOP = 1,
    OPT_MSS = 2,
    OPT_WSCALE = 3,
    OPT_SACK_PERMITTED = 4,
    OPT_TIMESTAMP = 8,
    OPT_SERVER_ID = 0xb6, /* Katran's server id; 0xb7 in its other builds. */
    OPT_SERVER_ID2 = 0xb7,
};

/* NOP NOP, timestamp, 10: how every stack writes it. */
#define TIMESTAMP_WORD 0x0101080aU

static void locate(struct mpa_segment *s, unsigned at)
{
    if (s->mptcp_count < MPA_SEGMENT_OPTIONS)
        s->mptcp_at[s->mptcp_count++] = (uint8_t)at;
    else
        s->options_malformed = true; /* So many do not fit with legal lengths. */
}

/* One option other than MPTCP, all 'len' bytes in memory.  A wrong length makes it one that is not
 * understood. */
static void plain_option(const uint8_t *p, unsigned len, struct mpa_segment *s)
{
    switch (p[0]) {
    case OPT_MSS:
        if (len == 4)
            s->mss = mpa_load16(p + 2);
        break;
    case OPT_WSCALE:
        if (len == 3)
            s->wscale = p[2];
        break;
    case OPT_SACK_PERMITTED:
        if (len == 2)
            s->sack_permitted = true;
        break;
    case OPT_TIMESTAMP:
        if (len == 10) {
            s->has_ts = true;
            s->tsval = mpa_load32(p + 2);
            s->tsecr = mpa_load32(p + 6);
        }
        break;
    case OPT_SERVER_ID:
    case OPT_SERVER_ID2:
        if (len == 6) {
            s->has_server_id = true;
            s->server_id = mpa_load32(p + 2);
        }
        break;
    default:
        break;
    }
}

static void walk_options(const uint8_t *p, unsigned size, unsigned captured, struct mpa_segment *s)
{
    unsigned at = 0;
    unsigned len;

    if (captured >= 12 && mpa_load32(p) == TIMESTAMP_WORD) {
        s->has_ts = true;
        s->tsval = mpa_load32(p + 4);
        s->tsecr = mpa_load32(p + 8);
        at = 12;
    }
    while (at < captured) {
        uint8_t kind = p[at];

        if (kind == OPT_NOP) {
            at++;
            continue;
        }
        if (kind == OPT_END)
            return;
        /* Also one that is cut or damaged: what it is worth is the option decoder's to say. */
        if (kind == MPA_OPT_KIND)
            locate(s, at);
        if (at + 1 >= captured) {
            if (at + 1 >= size)
                s->options_malformed = true;
            break;
        }
        len = p[at + 1];
        if (len < 2 || len > size - at) {
            s->options_malformed = true;
            return;
        }
        if (len > captured - at)
            break;
        if (kind != MPA_OPT_KIND)
            plain_option(p + at, len, s);
        at += len;
    }
    if (captured < size)
        s->options_truncated = true;
}

/* 'bytes' where there are any, without a branch: which segments have payload nobody foresees. */
static inline const uint8_t *if_any(const uint8_t *bytes, uint32_t size)
{
    const uint8_t *either[] = {NULL, bytes};

    return either[size > 0];
}

enum mpa_frame_kind mpa_tcp_decode(const uint8_t *tcp, size_t captured, size_t claimed,
                                   struct mpa_segment *ret)
{
    uint32_t header;
    uint32_t have;

    if (captured > claimed)
        captured = claimed;
    if (captured < 20)
        return claimed < 20 ? MPA_FRAME_MALFORMED : MPA_FRAME_TRUNCATED;
    header = (tcp[12] >> 4) * 4U;
    if (header < 20 || header > claimed)
        return MPA_FRAME_MALFORMED;
    ret->sport = mpa_load16(tcp);
    ret->dport = mpa_load16(tcp + 2);
    ret->seq = mpa_load32(tcp + 4);
    ret->ack = mpa_load32(tcp + 8);
    ret->flags = tcp[13] & 0x1f;
    ret->window = mpa_load16(tcp + 14);
    ret->has_ts = false;
    ret->tsval = 0;
    ret->tsecr = 0;
    ret->mss = 0;
    ret->wscale = MPA_NO_WSCALE;
    ret->sack_permitted = false;
    ret->has_server_id = false;
    ret->server_id = 0;
    ret->options_malformed = false;
    ret->options_truncated = false;
    ret->mptcp_count = 0;
    have = (uint32_t)(captured < header ? captured : header);
    ret->options = tcp + 20;
    ret->options_size = (uint8_t)(header - 20);
    ret->options_captured = (uint8_t)(have - 20);
    ret->payload_size = (uint32_t)(claimed - header);
    ret->payload_captured = (uint32_t)(captured - have);
    ret->payload = if_any(tcp + have, ret->payload_captured);
    if (header > 20)
        walk_options(tcp + 20, header - 20, have - 20, ret);
    return MPA_FRAME_SEGMENT;
}

/* Eight bytes are what RFC 792 promises of the quoted segment: ports and sequence number. */
static enum mpa_step quoted(struct mpa_walk *w)
{
    const uint8_t *p = mpa_bytes_take(&w->b, 8);
    struct mpa_icmp_error *e = w->icmp;

    if (!p)
        return mpa_walk_fail(w);
    e->src = w->src;
    e->dst = w->dst;
    e->sport = mpa_load16(p);
    e->dport = mpa_load16(p + 2);
    e->seq = mpa_load32(p + 4);
    return mpa_walk_end(w, MPA_FRAME_ICMP);
}

enum mpa_step mpa_tcp_step(struct mpa_walk *w)
{
    if (w->quote)
        return quoted(w);
    return mpa_walk_end(w, mpa_tcp_decode(w->b.base + w->b.pos, w->b.captured - w->b.pos,
                                          w->b.claimed - w->b.pos, w->seg));
}
