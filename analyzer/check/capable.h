/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rules of the groups format and capable remember; see internal.h.  Included by it only. */
#ifndef MPA_CHECK_CAPABLE_H
#define MPA_CHECK_CAPABLE_H

#include "mpa/check.h"

/* A SYN/ACK with MP_CAPABLE on the initial subflow. */
struct check_synack {
    uint32_t isn;
    uint8_t key[MPA_KEY_SIZE];
    uint8_t flags, version;
};

#define CHECK_SYNACKS 4 /* Kept per connection: splits and servers with SYN cookies make several. */

/* An option after a fallback, by direction: the first packet with one may be late, the second not. */
struct check_late {
    struct mpa_frame_ref frame[2];
    int64_t ns[2];
    uint8_t subtype[2];
    int count; /* At most 2. */
};

/* What few connections need. */
struct check_capable_rare {
    struct check_synack synacks[CHECK_SYNACKS - 1]; /* After the first. */
    int synack_count;
    struct check_late late[2];
    const char *foreign; /* FMT-04: what was the first option of another dialect; NULL: none. */
    struct mpa_frame_ref foreign_frame;
    int64_t foreign_ns;
    struct mpa_frame_ref mixed_frame; /* FMT-04: from here on the evidence contradicts itself. */
    int64_t mixed_ns;
    struct mpa_frame_ref data_frame; /* MPC-08: the first data, where it lacks MP_CAPABLE. */
    struct mpa_frame_ref syn_frame;  /* MPC-11: the SYN after which a plain one was due. */
    int64_t syn_ns;
};

/* In each connection.  All but 'rare' is of its initial subflow. */
struct check_capable_conn {
    struct check_capable_rare *rare; /* NULL until needed. */
    int64_t dss_ns[2];               /* First DSS, or data with MP_CAPABLE, by direction; 0 none. */
    int64_t proof_ns
        [2]; /* What else shows that keys arrived: ADD_ADDR, its echo, a DSS on a joined subflow. */
    int64_t data_ns;   /* First payload of the client; 0 none. */
    int64_t key_ns[2]; /* Where each side's key was seen first; valid with a frame. */
    struct mpa_frame_ref key_frame[2];
    struct check_synack synack; /* The first; valid with CAP_SYNACK. */
    uint32_t ts[2];             /* Latest timestamp by direction, until its first DSS; 0 none. */
    uint8_t client_key[MPA_KEY_SIZE]; /* Valid with CAP_CLIENT_KEY. */
    uint16_t flags;                   /* CAP_*. */
    uint8_t syn_version;              /* Highest of the SYNs; valid with CAP_SYN. */
    uint8_t syn_flags;                /* All of the SYNs together. */
    uint8_t syns;                     /* With MP_CAPABLE, until an answer or a plain one. */
};

#define CAP_SYN          0x0001 /* A SYN with MP_CAPABLE was captured. */
#define CAP_SYN_CUT      0x0002 /* A SYN whose options were not captured in full. */
#define CAP_SYN_VARIES   0x0004 /* SYNs with different MP_CAPABLEs. */
#define CAP_SYN_PLAIN    0x0008 /* The latest SYN had none. */
#define CAP_SYN_JOIN     0x0010 /* A SYN had an MP_JOIN that could not be read. */
#define CAP_SYN_DATA     0x0020 /* A SYN with payload (TCP Fast Open). */
#define CAP_SYNACK       0x0040
#define CAP_CLIENT_KEY   0x0080
#define CAP_DATA_CAPABLE 0x0100 /* The first payload came with MP_CAPABLE of length 22 or 24. */
#define CAP_DATA_LATE    0x0200 /* What the capture has first is not the first payload. */
#define CAP_MIXED        0x0400 /* The dialect is mixed now. */
#define CAP_CUT          0x0800 /* Options of any packet were not captured in full. */
#define CAP_PLAIN_SURE   0x1000 /* It was the third ACK, or the SYN/ACK, that lacked MP_CAPABLE. */
#define CAP_ECHO_UNSEEN                                                                            \
    0x2000 /* A timestamp was echoed that is newer than any that was captured: a packet is missing. */

/* In each subflow. */
struct check_capable_subflow {
    struct mpa_frame_ref frame; /* Its first packet. */
};

/* Whether a segment follows what was captured of this direction, and is not one of a later connection with the same ports whose SYN was
   not captured. */
static inline bool check_in_sequence(const struct mpa_subflow *sf, enum mpa_dir dir,
                                     const struct mpa_segment *seg)
{
    const struct mpa_half *h = &sf->half[dir];

    return (h->flags & MPA_HALF_ISN) && seg->seq - h->isn - 1 <= h->bytes;
}

/* The first MPTCP option of 'subtype' of a segment, at its kind byte; '*ret_captured' bytes of it and of what follows are in memory
   (at least 3).  NULL without. */
const uint8_t *check_find_option(const struct mpa_segment *seg, enum mpa_subtype subtype,
                                 size_t *ret_captured);

#endif
