/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A second, much smaller decoder, for tests only: what it says of a frame does not come from the engine.
 *
 * It knows the link types that the lab records (Ethernet, Linux cooked v2, raw IP), IPv4 and IPv6 without extension headers, no tunnels.
 */
#ifndef MPA_TESTS_PLAIN_FRAME_H
#define MPA_TESTS_PLAIN_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLAIN_FIN     0x01
#define PLAIN_SYN     0x02
#define PLAIN_RST     0x04
#define PLAIN_ACK     0x10
#define PLAIN_OPTIONS 8

/* One MPTCP option. */
struct plain_option {
    size_t at; /* Offset of its first byte in the frame. */
    size_t size;
    uint8_t subtype;
};

/* A TCP segment; offsets are from the frame's first byte. */
struct plain_segment {
    char src[46], dst[46]; /* Numeric, as inet_ntop writes them. */
    uint16_t sport, dport;
    uint32_t seq, ack;
    uint8_t flags;
    size_t tcp_at, tcp_size; /* TCP header with its options. */
    size_t payload;          /* Bytes of payload on the wire. */
    struct plain_option options[PLAIN_OPTIONS];
    int option_count;
};

/* True when the frame is a TCP segment whose header is complete. */
bool plain_parse(int linktype, const uint8_t *data, size_t size, struct plain_segment *ret);

/* Words for MPTCP options that the tests' command lines use: "add_addr", "echo", "mp_capable_syn" ...; see plain_frame.c.
 * NULL when the option has no word. */
const char *plain_option_word(const struct plain_segment *s, const struct plain_option *o);

#endif
