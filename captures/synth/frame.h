/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets to frames: TCP, IP, tunnels and link layers with right lengths and checksums, and the
 * capture file.
 *
 * Frames are collected in memory and written in the order of their time stamps, so that a scenario
 * can tell each connection from beginning to end.  (The bench capture is made elsewhere: it is too
 * large for memory.)
 */
#ifndef SYNTH_FRAME_H
#define SYNTH_FRAME_H

#include "mpa/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SYNTH_EPOCH_S 1500000000 /* Time 0 of every synthetic capture: 2017-07-14 02:40:00 UTC. */

enum synth_link {
    SYNTH_LINK_ETH,
    SYNTH_LINK_SLL,
    SYNTH_LINK_SLL2,
    SYNTH_LINK_RAW,
    SYNTH_LINK_NULL,
    SYNTH_LINK_VLAN,
    SYNTH_LINK_QINQ,
    SYNTH_LINKS
};

/* The family of a tunnel's inner packet follows the packet: ipip with an IPv6 packet inside is
 * 6in4. */
enum synth_tunnel {
    SYNTH_TUNNEL_NONE,
    SYNTH_TUNNEL_GRE,
    SYNTH_TUNNEL_IPIP,
    SYNTH_TUNNEL_VXLAN,
    SYNTH_TUNNEL_GENEVE,
    SYNTH_TUNNEL_GUE0,
    SYNTH_TUNNEL_GUE1,
    SYNTH_TUNNEL_4IN6,
    SYNTH_TUNNEL_6IN6,
    SYNTH_TUNNEL_6IN4,
    SYNTH_TUNNELS
};

const char *synth_link_name(enum synth_link l);
const char *synth_tunnel_name(enum synth_tunnel t);
int synth_link_dlt(enum synth_link l); /* For pcap_open_dead(). */

/* One packet.  Ports, numbers and sizes in host order; pointers are borrowed for the call. */
struct synth_packet {
    int64_t ns; /* Since SYNTH_EPOCH_S. */
    struct mpa_addr src, dst;
    uint16_t sport, dport;
    uint8_t src_mac[6], dst_mac[6];
    uint8_t ttl;
    uint16_t ip_id;  /* IPv4 only. */
    bool ip_options; /* Four NOPs (IPv4), or a destination options header (IPv6). */
    uint32_t seq, ack;
    uint8_t flags;
    uint16_t window;
    const uint8_t *opts; /* A multiple of four bytes. */
    size_t opts_size;
    const uint8_t *payload;
    uint32_t payload_size;
    uint32_t ifindex; /* Linux cooked v2. */
    bool outgoing;    /* Linux cooked. */
    enum synth_tunnel tunnel;
    struct mpa_addr outer_src, outer_dst;
};

struct synth_store;

struct synth_store *synth_store_new(enum synth_link link);
void synth_store_free(struct synth_store *s); /* NULL is accepted. */

/* Add a TCP packet; the same in two IP fragments, the first with 'first' bytes (a multiple of 8)
 * behind the IP header. */
void synth_store_tcp(struct synth_store *s, const struct synth_packet *p);
void synth_store_fragments(struct synth_store *s, const struct synth_packet *p, uint16_t first);

/* Add an ICMP (type 3 code 4) or ICMPv6 (type 2) Packet Too Big from 'p->src' to 'p->dst' that
   quotes the first bytes of 'quoted'; of 'p' only time, addresses, MACs, TTL, tunnel and interface
   count. */
void synth_store_too_big(struct synth_store *s, const struct synth_packet *p, uint32_t mtu,
                         const struct synth_packet *quoted);

size_t synth_store_count(const struct synth_store *s);

/* The number (from 1) that the packet made as number 'made' (from 0) will have when written.  Not after writing. */
size_t synth_store_frame(const struct synth_store *s, size_t made);
size_t synth_store_longest_header(const struct synth_store *s); /* Bytes up to the end of TCP. */

/* Write all in the order of time (of equals: of making) with nanosecond stamps.  0, or -1 with a
   sentence on standard error. */
int synth_store_write(struct synth_store *s, const char *path, uint32_t snaplen);

/* Ones-complement sum in network byte order, for the checksums of IP, TCP, UDP. */
uint32_t synth_sum(uint32_t sum, const uint8_t *bytes, size_t size);
uint16_t synth_fold(uint32_t sum);

#endif
