/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One captured frame down to one TCP segment: link layer, VLAN tags, tunnels, IP, TCP.
 *
 * Knows neither pcap nor epan.  Nothing is allocated; pointers in the results borrow the frame's
 * bytes and are valid as long as those are.
 *
 * Link types: Ethernet (1), with any number up to 4 of 802.1Q/802.1ad/0x9100 tags; Linux cooked v1
 * (113) and v2 (276); raw IP (12, 14, 101, 228, 229); null and loop (0, 108); PPP (9, 50, 51 with a
 * PPPoE header); over Ethernet also PPPoE sessions and MPLS labels.  Tunnels that balancers use, up
 * to 4 deep: GRE (with key, checksum, sequence; Ethernet inside too), IPIP, 6in4, IPv4-in-IPv6,
 * IPv6-in-IPv6, VXLAN, Geneve, GUE variants 0 and 1.
 */
#ifndef MPA_SEGMENT_H
#define MPA_SEGMENT_H

#include "mpa/addr.h"
#include "mpa/bytes.h"
#include "mpa/option.h"

#include <stdbool.h>
#include <stdint.h>

/* A frame as the capture gives it. */
struct mpa_frame {
    const uint8_t *data; /* Borrowed. */
    uint32_t captured;   /* Bytes at 'data'. */
    uint32_t wire;       /* Bytes on the wire; >= captured. */
    int64_t ns;          /* Nanoseconds since the epoch. */
    uint64_t number;     /* From 1, in its capture file. */
    uint16_t linktype;   /* LINKTYPE_ value of the capture. */
    uint16_t capture;    /* Index of the capture file. */
};

/* UDP ports of tunnels; the defaults are 4789, 6081, 6080. */
struct mpa_tunnel_ports {
    uint16_t vxlan;
    uint16_t geneve;
    uint16_t gue;
};
#define MPA_TUNNEL_PORTS_DEFAULT ((struct mpa_tunnel_ports){4789, 6081, 6080})

enum mpa_tunnel {
    MPA_TUNNEL_NONE = 0,
    MPA_TUNNEL_GRE,
    MPA_TUNNEL_IPIP, /* IPv4 in IPv4, 6in4, IPv4 in IPv6, IPv6 in IPv6. */
    MPA_TUNNEL_VXLAN,
    MPA_TUNNEL_GENEVE,
    MPA_TUNNEL_GUE,
};

#define MPA_SEGMENT_OPTIONS 13 /* MPTCP options of 3 bytes that fit into 40. */
#define MPA_NO_WSCALE       0xff

/* What a tracker can say of a segment before those in front of it are tracked. */
struct mpa_segment_ahead {
    uint32_t flow_hash; /* Of its four-tuple in either direction. */
    uint32_t copy_of;   /* It is a copy of the one so many segments before; 0: of none. */
    /* So many segments from this one on follow each other and have its four-tuple, in either direction; at least 1, perhaps too few.  Then
       'turned' of the second and further ones: 1 where it goes the other way than the one in front of it. */
    uint16_t run;
    uint8_t turned;
};

/* One TCP segment.  Ports, sequence numbers and sizes in host order.  In cache lines of 64 bytes: those of every packet are the first two. */
struct mpa_segment {
    _Alignas(64) int64_t ns;
    struct mpa_addr src;
    struct mpa_addr dst;
    uint16_t sport;
    uint16_t dport;
    uint32_t seq;
    uint32_t ack;
    uint32_t payload_size; /* By the IP length. */
    uint8_t flags; /* MPA_TCP_* only: the five bits, so that comparing with == is safe under ECN. */
    bool has_ts;
    bool has_macs;  /* Ethernet; a cooked capture has a source only (dst_mac is zero, 'has_macs'
                               false). */
    uint8_t tunnel; /* enum mpa_tunnel of the innermost tunnel. */
    uint8_t mptcp_count;    /* MPTCP options found. */
    bool options_malformed; /* The option list contradicts itself; what stood before is used. */
    bool options_truncated; /* The capture cut the option area. */
    /* What mpa_tracker_prepare() found ahead; the decoder sets 'prepared' to false. */
    bool prepared : 1;
    bool lone : 1;     /* It has one MPTCP option: 'option', in the dialect it most likely is of. */
    bool dss_only : 1; /* That is a good DSS, which reads the same in every dialect. */
    bool has_token : 1; /* 'token' is what its SYN joins, or most likely its sender's own. */

    struct mpa_option option;
    struct mpa_segment_ahead ahead;
    uint8_t dst_mac[6]; /* Of the innermost Ethernet header that was not inside a tunnel. */
    uint8_t src_mac[6];

    uint64_t frame;   /* Number of the frame in its capture. */
    uint16_t capture; /* Index of the capture. */
    uint16_t ip_id;   /* 0 for IPv6. */
    uint32_t l2_hash; /* Over everything in front of the analysed IP header except lengths and
                         checksums, with interface and packet type of cooked captures: tells copies
                         from network duplicates. */
    bool v6;
    uint8_t ttl;         /* Or hop limit. */
    bool has_ip_options; /* IPv4 options or IPv6 extension headers. */
    uint8_t wscale;      /* MPA_NO_WSCALE without the option. */
    uint16_t window;     /* Not scaled. */
    uint16_t mss;        /* 0 without the option. */
    uint32_t tsval;
    uint32_t tsecr;
    bool sack_permitted;
    bool has_server_id;                    /* TCP option 0xB6 or 0xB7 of length 6 (Katran). */
    uint8_t options_size;                  /* Bytes of the option area by the data offset. */
    uint8_t options_captured;              /* Bytes of it in memory. */
    uint32_t server_id;                    /* Katran's four bytes as a big-endian number. */
    const uint8_t *options;                /* The TCP option area. */
    uint8_t mptcp_at[MPA_SEGMENT_OPTIONS]; /* Offsets of the MPTCP options in 'options'. */
    uint32_t payload_captured;             /* Bytes at 'payload'. */
    const uint8_t *payload;                /* Borrowed; NULL when none was captured. */
    struct mpa_addr outer_dst; /* Of the innermost tunnel: names the server.  Zero without. */
    uint32_t token;            /* Found ahead; valid with 'has_token'. */
};

/* An ICMP or ICMPv6 error that quotes a TCP segment (RFC 792, RFC 4443). */
struct mpa_icmp_error {
    int64_t ns;
    uint64_t frame;
    uint16_t capture;
    bool v6;
    uint8_t type;
    uint8_t code;
    uint32_t mtu;         /* Packet Too Big / fragmentation needed; 0 otherwise. */
    struct mpa_addr from; /* Source of the error. */
    struct mpa_addr to;   /* Its destination: the host that is told (in an anycast group perhaps the
                             wrong one). */
    struct mpa_addr outer_dst; /* As in struct mpa_segment. */
    uint8_t dst_mac[6];
    bool has_macs;
    /* The quoted segment. */
    struct mpa_addr src;
    struct mpa_addr dst;
    uint16_t sport;
    uint16_t dport;
    uint32_t seq;
};

enum mpa_frame_kind {
    MPA_FRAME_SEGMENT,   /* '*ret' holds a TCP segment. */
    MPA_FRAME_ICMP,      /* '*ret_icmp' holds an error that quotes TCP. */
    MPA_FRAME_FRAGMENT,  /* An IP fragment: counted, not analysed. */
    MPA_FRAME_OTHER,     /* Readable, but not TCP. */
    MPA_FRAME_TRUNCATED, /* The capture cut it before the end of the fixed TCP header. */
    MPA_FRAME_MALFORMED, /* Headers contradict themselves. */
    MPA_FRAME_LINK,      /* Link type not handled. */
};

/*
 * Decode 'frame'.  'ports' are the UDP ports of tunnels.  '*ret' is written for MPA_FRAME_SEGMENT,
 * '*ret_icmp' for MPA_FRAME_ICMP; otherwise they hold nothing of use.  MPTCP options are only
 * located here: their meaning depends on the dialect of the connection (mpa_option_decode()).
 * Cannot fail.
 */
enum mpa_frame_kind mpa_frame_decode(const struct mpa_frame *frame,
                                     const struct mpa_tunnel_ports *ports, struct mpa_segment *ret,
                                     struct mpa_icmp_error *ret_icmp);

/* For callers that have a TCP segment already (the plugin): decode 'claimed' bytes of TCP at 'tcp',
   'captured' of them in memory. Fills the TCP part of '*ret', leaves the rest as it is.  Returns
   SEGMENT, TRUNCATED or MALFORMED. */
enum mpa_frame_kind mpa_tcp_decode(const uint8_t *tcp, size_t captured, size_t claimed,
                                   struct mpa_segment *ret);

/* Whether frames of this link type can be decoded. */
bool mpa_linktype_known(uint16_t linktype);

#endif
