/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rules of the group balance remember; see internal.h.  Included by it only. */
#ifndef MPA_CHECK_BALANCE_H
#define MPA_CHECK_BALANCE_H

#include "mpa/check.h"

/* A subflow that a RST ended while another one was established (AC-01 to AC-03). */
struct balance_death {
    int64_t ns;
    struct mpa_frame_ref frame;
    uint64_t others; /* Bit set of the subflows that were established and alive (ids below 64). */
    /* Data in flight on it by sender: of the oldest mapping that was not acknowledged; empty where
       there is none. */
    uint64_t flight_start[2], flight_end[2];
    uint64_t sent_next[2];         /* Data sent until then, or in flight. */
    int64_t since_ns[2];           /* Data is outstanding, and since then neither did it advance nor
                                      did its sender use one of the others; 0: not so. */
    bool confirmed[2];             /* Since then the receiver said that it lacks data. */
    int64_t stall_ns[2];           /* Longest such time while one of the others could be used. */
    int64_t stall_end_ns[2];       /* When it ended. */
    int64_t later_ns[2];           /* New data on one of the others, beyond what was in flight. */
    struct mpa_frame_ref later[2]; /* The same. */
    uint16_t subflow;
    uint8_t dir;        /* Of the RST. */
    bool reinjected[2]; /* Data that had been seen before was sent on one of the others. */
};

/* A FIN or RST after a death. */
struct balance_ending {
    int64_t ns;
    struct mpa_frame_ref frame;
    uint16_t subflow;
    uint8_t dir;
    bool answer; /* The peer had ended this subflow before. */
};

/* An idle VIP subflow that is used because no direct one can be (LB-09). */
struct balance_need {
    int64_t ns; /* First payload; 0 never. */
    int64_t idle_ns;
    int64_t last_ns; /* Latest payload in the same direction. */
    struct mpa_frame_ref frame;
    uint32_t tries; /* Segments with payload since then, until an answer. */
    uint8_t dir;
    bool answered; /* A packet of the peer that is no RST. */
};

/* A SYN/ACK that a second server, or a server that lost the flow, sent (AC-06). */
struct balance_odd_synack {
    struct mpa_frame_ref frame;
    uint16_t subflow;
    bool rival; /* Another sequence number; else the same again after a RST. */
};

#define BALANCE_DEATHS  8
#define BALANCE_ENDINGS 16
#define BALANCE_ODD     4

/* Of connections with a RST beside a live subflow, a used backup or a split handshake. */
struct balance_rare {
    struct balance_death deaths[BALANCE_DEATHS];
    struct balance_ending endings[BALANCE_ENDINGS];
    struct balance_odd_synack odd[BALANCE_ODD];
    struct balance_need need;
    int death_count, ending_count, odd_count;
};

/* In each connection. */
struct check_balance_conn {
    struct balance_rare *rare; /* NULL normally. */
    int64_t prio_ns;           /* The server's first MP_PRIO backup on the initial subflow; 0. */
    int64_t over_ns;           /* First DATA_FIN, MP_FASTCLOSE, or end of the initial subflow; 0. */
    int64_t dss_ns;            /* The server's latest DSS; 0. */
    struct mpa_frame_ref third_ack;      /* Of the initial subflow. */
    struct mpa_frame_ref prio_frame;     /* Of prio_ns. */
    uint64_t after[2][2];                /* [sender][direct]: bytes of mappings first declared after
                                            the cut (D.4) while a direct subflow was usable. */
    struct mpa_frame_ref after_frame[2]; /* By sender: the first of them on the VIP. */
    uint8_t flags;                       /* BALANCE_*. */
};

#define BALANCE_TRUNCATED 0x01 /* The capture cut options of one of its segments. */
#define BALANCE_ROOM      0x02 /* The server sent a packet with room for an MP_PRIO (A.6). */
#define BALANCE_REMOVED   0x04 /* A REMOVE_ADDR was seen. */

/* In each subflow. */
struct check_balance_subflow {
    struct mpa_frame_ref syn, synack; /* First of each. */
    uint64_t acked[2];                /* By sender: highest acknowledgement by the peer so far. */
    int64_t waiting_ns[2];            /* By sender: since when the oldest segment waits for its
                                         acknowledgement, 0 none. */
    int64_t last_ns;                  /* Latest packet, before the present one. */
    uint8_t rst_shape;                /* BALANCE_RST_* of the server's first RST. */
};

#define BALANCE_RST_SEEN      0x01
#define BALANCE_RST_STATELESS 0x02 /* No ACK, no window, no IP ID, no options but MP_TCPRST. */

/* What some connection told about an address and port. */
enum balance_place_kind {
    BALANCE_UNIQUE,  /* A load-balanced server advertised it beside its VIP. */
    BALANCE_BEHIND,  /* A server at it advertised this unique address first. */
    BALANCE_SEVERAL, /* There is more than one server behind it. */
    BALANCE_BACKUP,  /* A server asked for the initial subflow to it to be backup. */
};

struct balance_place {
    struct mpa_addr addr;
    struct mpa_addr behind; /* BEHIND: a server's unique address; else zero. */
    int64_t last_ns;        /* BEHIND: its latest advertisement. */
    uint16_t port;
    uint8_t kind;
};

#define BALANCE_PLACES 512 /* Further ones are not remembered. */
#define BALANCE_PEERS  64  /* The same. */

/* In the check. */
struct check_balance_all {
    struct balance_place *places; /* NULL until the first. */
    int place_count;
    struct mpa_addr *peers; /* Clients that are known to ignore MP_PRIO: said once (LB-05). */
    int peer_count;
};

/* Since when "right after establishment" and the like are over: max(1 s, 3 RTT). */
int64_t balance_time(const struct mpa_conn *conn);

/* Whether the rules LB look at it: the server set C, or the profile asks for them. */
bool balance_active(const struct mpa_check *c, const struct mpa_conn *conn);

/* The capture lacks packets of this connection: others, which leave no gap, may be missing too. */
bool balance_has_gaps(const struct mpa_conn *conn);

/* Whether who sends in that direction could use a direct subflow at that time. */
bool balance_direct_usable(const struct mpa_conn *conn, enum mpa_dir dir, int64_t ns);

/* One of the others of a death could be used by who sends in that direction, and has nothing
   outstanding. */
bool balance_other_idle(const struct mpa_conn *conn, const struct balance_death *d,
                        enum mpa_dir dir);

/* Nearly all new data of the client stayed on the VIP that it was told to be backup. */
bool balance_ignores_prio(const struct check_balance_conn *b);

#endif
