/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of lab_cable: what is in a frame (lab_frame.c), what a cable may do to it, and the
 * tunnels a balancer would put it in (lab_tunnel.c).
 */
#ifndef LAB_CABLE_H
#define LAB_CABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LAB_FRAME_MAX 2200
#define LAB_ADDR_TEXT 46

/* What a frame carries; several at a time. */
enum lab_kind {
    LAB_TCP = 1u << 0,
    LAB_SYN = 1u << 1, /* SYN without ACK */
    LAB_MPC_SYN = 1u << 2,
    LAB_MPC_SYNACK = 1u << 3,
    LAB_MPC_ACK = 1u << 4,
    LAB_JOIN_SYN = 1u << 5,
    LAB_JOIN_SYNACK = 1u << 6,
    LAB_JOIN_ACK = 1u << 7,
    LAB_DSS = 1u << 8,
    LAB_ADD_ADDR = 1u << 9,
    LAB_ECHO = 1u << 10,
    LAB_REMOVE_ADDR = 1u << 11,
    LAB_PRIO = 1u << 12,
    LAB_FAIL = 1u << 13,
    LAB_FASTCLOSE = 1u << 14,
    LAB_MPRST = 1u << 15,
    LAB_RST = 1u << 16,
    LAB_FIN = 1u << 17,
    LAB_DATA = 1u << 18,
    LAB_MPTCP = 1u << 19 /* any MPTCP option */
};

/* Offsets are from the first byte of the frame; 0 where there is no such thing. */
struct lab_frame {
    uint32_t kinds;
    uint8_t family; /* 4, 6, or 0 for anything but TCP over IP */
    size_t ip;
    size_t tcp;
    size_t payload;
    size_t end; /* of the IP packet; Ethernet may pad behind it */
    char src[LAB_ADDR_TEXT];
    char dst[LAB_ADDR_TEXT];
    uint16_t sport;
    uint16_t dport;
    uint32_t seq;
    uint32_t ack;
    uint16_t ip_id;
    size_t add_addr; /* of the last ADD_ADDR or echo */
    size_t add_addr_len;
    size_t join; /* of the MP_JOIN */
    size_t join_len;
    size_t capable; /* of the MP_CAPABLE */
    uint8_t addr_id;
    char addr[LAB_ADDR_TEXT];
    uint16_t addr_port;
};

enum lab_tunnel_kind {
    LAB_TUNNEL_NONE,
    LAB_TUNNEL_IPIP, /* 4in4, 6in4, 4in6, 6in6 by the addresses */
    LAB_TUNNEL_GRE,
    LAB_TUNNEL_GUE0,
    LAB_TUNNEL_GUE1,
    LAB_TUNNEL_GENEVE
};

#define LAB_TUNNEL_PEERS 8

/* The outer destination of a frame is found by its destination MAC: that is the server. */
struct lab_tunnel {
    enum lab_tunnel_kind kind;
    const char *outer_src;
    struct {
        uint8_t mac[6];
        const char *outer_dst;
    } peer[LAB_TUNNEL_PEERS];
    unsigned peers;
};

/* Reads a frame. Anything that is not TCP over IPv4 or IPv6 leaves kinds 0. */
void lab_frame_read(struct lab_frame *f, const uint8_t *data, size_t len);

/* The bit of a kind named as in the log ("add_addr", "mpc-syn", ...), 0 if there is none. */
uint32_t lab_kind_of(const char *name);

/* The most telling name of a frame's kinds. */
const char *lab_kind_name(uint32_t kinds);

/* Alterations; each repairs the TCP checksum. False where the frame has nothing to alter. */
bool lab_damage_hmac(const struct lab_frame *f, uint8_t *data);
bool lab_flip_addr_id(const struct lab_frame *f, uint8_t *data);
bool lab_damage_payload(const struct lab_frame *f, uint8_t *data);
bool lab_strip_mptcp(const struct lab_frame *f, uint8_t *data);
bool lab_clear_c(const struct lab_frame *f, uint8_t *data); /* "No joins to this address". */

/* Puts the IP packet of an Ethernet frame into a tunnel, or takes it out. Return the new length,
 * 0 where nothing was done; data has room for LAB_FRAME_MAX bytes. */
size_t lab_encapsulate(const struct lab_tunnel *t, uint8_t *data, size_t len);
size_t lab_decapsulate(enum lab_tunnel_kind kind, uint8_t *data, size_t len);

#endif
