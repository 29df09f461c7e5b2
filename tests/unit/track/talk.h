/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Segments made by hand for the tracker's tests: addresses are small numbers, options are bytes. */
#ifndef MPA_TEST_TALK_H
#define MPA_TEST_TALK_H

#include "mpa/track.h"

#include <string.h>

struct talk {
    struct mpa_tracker *tracker;
    int64_t ns;
    uint64_t frame;
    uint8_t options[40];
    size_t options_size;
    struct mpa_facts facts;      /* Of the last segment. */
    struct mpa_subflow *subflow; /* The same. */
};

static inline struct mpa_addr talk_addr(uint8_t host)
{
    uint8_t bytes[4] = {10, 0, 0, host};

    return mpa_addr_v4(bytes);
}

/* Put an option in front of the next segment. */
static inline void talk_option(struct talk *k, const uint8_t *bytes, size_t size)
{
    memcpy(k->options + k->options_size, bytes, size);
    k->options_size += size;
}

static inline void talk_capable(struct talk *k, uint8_t len, uint8_t version, uint8_t flags,
                                const uint8_t *sender, const uint8_t *receiver)
{
    uint8_t o[24] = {30, len, version, flags};

    if (len >= 12)
        memcpy(o + 4, sender, 8);
    if (len >= 20)
        memcpy(o + 12, receiver, 8);
    if (len >= 22)
        o[21] = 100;
    talk_option(k, o, len);
}

static inline void talk_put32(uint8_t *at, uint32_t v)
{
    at[0] = (uint8_t)(v >> 24);
    at[1] = (uint8_t)(v >> 16);
    at[2] = (uint8_t)(v >> 8);
    at[3] = (uint8_t)v;
}

/* DSS with a 4-byte Data ACK and a 4-byte mapping. */
static inline void talk_dss(struct talk *k, uint32_t ack, uint32_t dsn, uint32_t ssn, uint16_t size)
{
    uint8_t o[18] = {30, 18, 0x20, 0x05};

    talk_put32(o + 4, ack);
    talk_put32(o + 8, dsn);
    talk_put32(o + 12, ssn);
    o[16] = (uint8_t)(size >> 8);
    o[17] = (uint8_t)size;
    talk_option(k, o, sizeof o);
}

/* Send a segment of 'size' payload bytes with the options collected so far, 1 ms after the last one. */
static inline struct mpa_segment talk_segment(struct talk *k, uint8_t src, uint16_t sport,
                                              uint8_t dst, uint16_t dport, uint8_t flags,
                                              uint32_t seq, uint32_t ack, uint32_t size)
{
    struct mpa_segment s = {.ns = k->ns += 1000000,
                            .frame = ++k->frame,
                            .ttl = 64,
                            .ip_id = (uint16_t)k->frame,
                            .src = talk_addr(src),
                            .dst = talk_addr(dst),
                            .sport = sport,
                            .dport = dport,
                            .seq = seq,
                            .ack = ack,
                            .flags = flags,
                            .wscale = MPA_NO_WSCALE,
                            .window = 1000,
                            .payload_size = size};

    s.options = k->options;
    s.options_size = s.options_captured = (uint8_t)k->options_size;
    for (size_t at = 0; at < k->options_size; at += k->options[at + 1])
        s.mptcp_at[s.mptcp_count++] = (uint8_t)at;
    return s;
}

static inline void talk_feed(struct talk *k, const struct mpa_segment *s)
{
    mpa_tracker_segment(k->tracker, s, &k->subflow, &k->facts);
    k->options_size = 0;
}

static inline void talk_send(struct talk *k, uint8_t src, uint16_t sport, uint8_t dst,
                             uint16_t dport, uint8_t flags, uint32_t seq, uint32_t ack,
                             uint32_t size)
{
    struct mpa_segment s = talk_segment(k, src, sport, dst, dport, flags, seq, ack, size);

    talk_feed(k, &s);
}

#endif
