/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tracker: segments of one vantage point in, subflows and connections with their events out.
 *
 * One tracker is one vantage point (one file, or several that continue each other).  It never prints and knows neither pcap nor epan;
 * mpa_tracker_segment() is called once per segment in capture order.  What it learns is public state (the structures below, read only
 * for everybody else) and is told to one observer as it happens.  Connections leave memory when they are over or idle; the observer's
 * 'conn_end' is the last chance to read them.
 *
 * Names: a connection has a client (who opened it) and a server; enum mpa_dir says which way a packet goes.  A subflow that the server
 * opened keeps the connection's client as its client.  RFC 8684 is the source unless a comment says otherwise.
 */
#ifndef MPA_TRACK_H
#define MPA_TRACK_H

#include "mpa/option.h"
#include "mpa/record.h"
#include "mpa/samples.h"
#include "mpa/segment.h"
#include "mpa/space.h"

#include <stdbool.h>
#include <stdint.h>

struct mpa_tracker;
struct mpa_conn;
struct mpa_subflow;

/* ---- State ------------------------------------------------------------------------------------------------ */

/* A four-tuple in the flow table.  A subflow has one, and one more for each translated view of it (NAT). */
struct mpa_flow {
    struct mpa_addr addr[2]; /* [MPA_TO_SERVER] is the destination of packets to the server: the server's address. */
    uint16_t port[2];
    uint32_t hash;
    struct mpa_flow *next_view;  /* Next flow of the same subflow. */
    struct mpa_subflow *subflow;
};

/* A mapping from subflow to data sequence numbers. */
struct mpa_mapping {
    uint64_t dsn;  /* First data sequence number, absolute as far as known. */
    uint64_t seq;  /* First subflow sequence number, unwrapped like mpa_half.seen. */
    uint32_t size; /* Bytes; 0 is an empty slot. */
};

#define MPA_MAPPINGS 2 /* The latest mappings that are kept per subflow and direction. */

/* One direction of a subflow: what its sender sent.  In two cache lines: the first is that of every packet, of either direction; the second is
   that of packets with payload. */
struct mpa_half {
    struct mpa_space seen;   /* Sequence numbers, unwrapped; low 32 bits are those on the wire.  SYN and FIN count one. */
    uint64_t acked;          /* Highest acknowledgement by the peer, unwrapped; 0 before any. */
    int64_t last_ns;         /* Last packet in this direction; 0 before any. */
    uint64_t bytes;          /* Unique payload bytes. */
    uint32_t packets;
    uint16_t flags;          /* MPA_HALF_*. */
    uint8_t ttl;             /* Of the first packet. */
    uint8_t address_id;      /* Of MP_JOIN; 0 on the initial subflow. */

    struct mpa_mapping map[MPA_MAPPINGS]; /* Newest first. */
    uint32_t isn;            /* Valid with MPA_HALF_ISN. */
    uint32_t fin_seq;        /* Sequence number of the FIN; valid with MPA_HALF_FIN. */
    uint32_t nonce;          /* MP_JOIN; valid with MPA_HALF_NONCE. */
    uint16_t mss;            /* Offered; 0 unknown. */
    uint8_t wscale;          /* MPA_NO_WSCALE: none offered, or SYN not seen. */
    uint8_t backup;          /* 0, 1; 2 unknown. */
};

/* Round-trip times of one direction of a subflow. */
struct mpa_rtt {
    struct mpa_samples samples;
    uint64_t timed_end;      /* A segment whose acknowledgement gives a sample ends here, unwrapped; 0: none. */
    int64_t timed_ns;
};

/* What most packets of a direction do not touch. */
struct mpa_half_more {
    uint64_t retransmitted;  /* Payload bytes seen before on this subflow. */
    uint64_t reinjected;     /* Payload bytes new here whose data had been seen on another subflow. */
    uint64_t unseen;         /* Bytes that the peer acknowledged and the capture does not hold. */
    struct mpa_rtt *rtt;     /* Of data in this direction; NULL before the first, and where nobody asks for round-trip times. */
};

#define MPA_HALF_ISN 0x01        /* SYN or SYN/ACK seen, or the ISN follows from the peer's acknowledgement of it. */
#define MPA_HALF_FIN 0x02        /* FIN seen. */
#define MPA_HALF_FIN_ACKED 0x04  /* ... and acknowledged. */
#define MPA_HALF_RST 0x08        /* Sent a RST. */
#define MPA_HALF_NONCE 0x10
#define MPA_HALF_DSS 0x20        /* Sent a DSS. */
#define MPA_HALF_OPTIONS 0x40    /* Sent any MPTCP option. */
#define MPA_HALF_TS 0x80         /* Uses timestamps. */
#define MPA_HALF_PAYLOAD 0x100   /* Sent payload. */
#define MPA_HALF_SYN 0x200       /* Its SYN or SYN/ACK was captured. */

/* In cache lines: four-tuple; what every packet needs; each direction's two; the rest. */
struct mpa_subflow {
    struct mpa_flow flow; /* The first view; must be the first member. */
    struct mpa_conn *conn;

    struct mpa_subflow *next; /* Next subflow of the connection, in order of their ids. */
    void *user; /* 'subflow_user_size' zeroed bytes of the observer. */
    void *also; /* 'also_subflow_size' zeroed bytes of the second observer. */
    int64_t last_ns;
    int64_t established_ns; /* Third ACK; 0 not seen. */
    int64_t usable_ns;      /* Joined subflows: first packet of the listener after the third ACK (the fourth ACK); initial: established. */
    uint32_t join_token;    /* Of the MP_JOIN SYN. */
    uint16_t id;            /* In the connection, from 0. */
    uint16_t flags;         /* MPA_SF_*. */
    uint16_t fast_open;     /* Payload bytes of the SYN that its answer took: subflow sequence numbers count behind them. */
    uint16_t syn_retransmissions;
    uint8_t role;           /* enum mpa_word: MPA_ROLE_INITIAL or MPA_ROLE_JOIN. */
    uint8_t join_synack_hmac; /* enum mpa_word MPA_HMAC_*. */
    uint8_t join_ack_hmac;

    struct mpa_half half[2];  /* By direction: [MPA_TO_SERVER] is what the client sent. */

    struct mpa_half_more more[2]; /* By direction. */
    int64_t first_ns;
    int64_t syn_ns;         /* First SYN of the opener; 0 not seen. */
    int64_t synack_ns;      /* First SYN/ACK; 0 not seen. */
    struct mpa_synack *rival; /* Another server's SYN/ACK (split handshake, AC-06); NULL normally. */
    uint8_t join_hmac[8];   /* As seen in the SYN/ACK. */
};

#define MPA_SF_BY_SERVER 0x01   /* Opened by the server. */
#define MPA_SF_SPLIT 0x02       /* Two SYN/ACKs with different sequence numbers answered one SYN. */
#define MPA_SF_MIDSTREAM 0x04   /* The capture began after its SYN. */
#define MPA_SF_JOIN_TOKEN 0x08  /* join_token is valid. */
#define MPA_SF_DETACHED 0x10    /* Its four-tuple has been taken over by a newer connection. */
#define MPA_SF_JOIN_HMAC 0x20   /* join_hmac is valid. */
#define MPA_SF_GUESSED 0x40     /* Which side is the client was guessed from ports. */
#define MPA_SF_PLAIN_SYN 0x80   /* Its latest SYN had no MP_CAPABLE, an earlier one had. */
#define MPA_SF_SYN_CAPABLE 0x100    /* A SYN with MP_CAPABLE was seen. */
#define MPA_SF_SYNACK_SEEN 0x200
#define MPA_SF_NOT_LIVE 0x400   /* Closed or reset, and taken off the connection's live_subflows. */

/* One address that a host advertised. */
struct mpa_advert {
    struct mpa_advert *next; /* In order of their first copy. */
    struct mpa_addr addr;
    int64_t first_ns, last_ns;    /* Of its copies; 0 when only an echo was seen. */
    int64_t echo_ns;              /* First echo; 0 none. */
    int64_t last_before_echo_ns;  /* Last copy before the first echo. */
    struct mpa_frame_ref first_frame, echo_frame;
    uint32_t transmissions, echoes;
    uint16_t port; /* 0 without. */
    uint8_t id;
    uint8_t from;     /* enum mpa_dir of the packets that carry it: MPA_TO_CLIENT is the server's. */
    uint8_t hmac;     /* enum mpa_word MPA_HMAC_*: of the copies; one bad makes it bad until a good one comes. */
    uint8_t seen_hmac[8];
    bool removed;     /* A later REMOVE_ADDR named its id. */
    uint64_t joined;  /* Bit set of subflow ids that joined it (ids above 63 are not kept). */
};

/* One direction of a connection at the data level: what that side sent.  In two cache lines: that of every packet, and that of mappings. */
struct mpa_data_half {
    struct mpa_space seen;      /* Data sequence numbers of payload. */
    uint64_t acked;             /* Highest Data ACK by the peer; 0 before any. */
    uint64_t bytes;             /* Unique data bytes (plain TCP and fallback: payload bytes). */
    uint64_t idsn;              /* Valid with a key. */
    uint32_t token;             /* Of this side's own key; valid with MPA_DATA_KEY or MPA_DATA_TOKEN. */
    uint8_t flags;              /* MPA_DATA_*. */
    uint8_t capable_flags;      /* Flags of this side's MP_CAPABLE (the SYN/ACK's for the server). */

    struct mpa_space declared;  /* Data sequence numbers of mappings declared in DSS options. */
    uint64_t out_of_order;      /* Of 'bytes' those that arrived after data with higher numbers. */
    uint64_t fin_dsn;           /* Of the DATA_FIN; valid with MPA_DATA_FIN. */
    struct mpa_conn *token_chain; /* The connection before this one with the same token in memory; valid with MPA_DATA_TOKEN. */
    uint8_t key[MPA_KEY_SIZE];  /* This side's key. */
};

#define MPA_DATA_KEY 0x01       /* key is known: token and idsn follow once the dialect's hash is decided. */
#define MPA_DATA_FIN 0x02       /* DATA_FIN seen. */
#define MPA_DATA_FIN_ACKED 0x04 /* ... and acknowledged. */
#define MPA_DATA_CAPABLE 0x08   /* Sent an MP_CAPABLE: capable_flags is valid. */
#define MPA_DATA_TOKEN 0x10     /* token is known. */
#define MPA_DATA_WIDE 0x20      /* 64-bit numbers of this direction have been seen (or the key gives them). */
#define MPA_DATA_FASTCLOSE 0x40 /* Sent MP_FASTCLOSE. */
#define MPA_DATA_LOW 0x80       /* Only the low halves of its numbers are known. */

/* Evidence for the dialect (protocol reference A.8). */
#define MPA_EV_V0 0x0001        /* MP_CAPABLE with version 0. */
#define MPA_EV_V1 0x0002
#define MPA_EV_VX 0x0004        /* A version above 1. */
#define MPA_EV_SYN4 0x0008      /* Version-1 SYN of length 4. */
#define MPA_EV_SYN12 0x0010     /* Version-1 SYN of length 12. */
#define MPA_EV_CAPABLE_DATA 0x0020
#define MPA_EV_C 0x0040         /* C in the SYN/ACK. */
#define MPA_EV_NIBBLE_46 0x0080
#define MPA_EV_NIBBLE_CE 0x0100
#define MPA_EV_NIBBLE_01 0x0200
#define MPA_EV_TCPRST 0x0400
#define MPA_EV_PRIO4 0x0800
#define MPA_EV_AA_ON_DATA 0x1000 /* ADD_ADDR repeated on data segments. */
#define MPA_EV_SHA1 0x2000      /* A token, number or HMAC matched under SHA-1. */
#define MPA_EV_SHA256 0x4000
#define MPA_EV_AA_LEFT 0x8000   /* ADD_ADDR with the left 64 bits of the HMAC. */

/* In cache lines: what every packet needs; each direction's two; the rest. */
struct mpa_conn {
    int64_t id; /* From 0 by first packet. */
    struct mpa_subflow *subflows; /* In order of their ids. */
    void *user; /* 'conn_user_size' zeroed bytes of the observer. */
    void *also; /* 'also_conn_size' zeroed bytes of the second observer. */
    int64_t last_ns;
    int64_t closed_ns;        /* When it was over (closed, reset, all subflows gone); 0 while it lives. */
    uint32_t evidence;        /* MPA_EV_*. */
    uint32_t timer_slot;
    uint16_t subflow_count;
    uint16_t live_subflows;   /* Neither closed nor reset. */
    uint8_t protocol;         /* enum mpa_word MPA_PROTOCOL_*. */
    uint8_t dialect;          /* enum mpa_dialect. */
    uint8_t fallback;         /* enum mpa_word MPA_FALLBACK_REASON_*. */
    uint8_t flags;            /* MPA_CONN_*. */

    struct mpa_data_half data[2]; /* By direction: [MPA_TO_SERVER] is the client's. */

    struct mpa_conn *timer_prev, *timer_next;
    struct mpa_subflow *last_subflow;
    struct mpa_advert *adverts;
    int64_t first_ns;
    int64_t fallback_ns; /* Valid with fallback != NONE. */
    struct mpa_frame_ref fallback_frame;
    int64_t direct_usable_ns; /* First joined subflow to another server address than the initial one's; 0 none. */
    int64_t prio_ns;          /* First MP_PRIO backup on the initial subflow; 0 none. */
};

#define MPA_CONN_INFINITE 0x01   /* An infinite mapping was seen. */
#define MPA_CONN_MP_FAIL 0x02
#define MPA_CONN_JOINS_ONLY 0x04 /* Its initial subflow was not captured. */
#define MPA_CONN_CHECKSUMS 0x08  /* Checksums were negotiated. */
#define MPA_CONN_EVICTED 0x10    /* Left memory because of the bound on connections. */
#define MPA_CONN_DIRECT 0x20     /* A joined subflow to another server address exists. */
#define MPA_CONN_UNDECIDED 0x40  /* Keys are known, their hash is not (version 1 without its SYN). */

/* The initial subflow, or NULL where it was not captured.  Whether a subflow is the initial one its own role says. */
static inline struct mpa_subflow *mpa_conn_initial(const struct mpa_conn *c)
{
    return c->subflows && c->subflows->role == MPA_ROLE_INITIAL ? c->subflows : NULL;
}

/* A joined subflow to a server address other than the initial subflow's: off the VIP. */
static inline bool mpa_subflow_is_direct(const struct mpa_subflow *s)
{
    const struct mpa_subflow *first = mpa_conn_initial(s->conn);
    return s->role == MPA_ROLE_JOIN &&
           (!first || !mpa_addr_eq(&s->flow.addr[MPA_TO_SERVER], &first->flow.addr[MPA_TO_SERVER]));
}

/* The sequence number that stands for subflow sequence number 0: the initial one, or what TCP Fast Open took (RFC 8684 B.2). */
static inline uint32_t mpa_subflow_zero(const struct mpa_subflow *s, enum mpa_dir dir)
{
    bool opened = dir == (s->flags & MPA_SF_BY_SERVER ? MPA_TO_CLIENT : MPA_TO_SERVER);

    return s->half[dir].isn + (opened ? s->fast_open : 0u);
}

/* Neither reset by anybody nor closed by both sides. */
static inline bool mpa_subflow_is_live(const struct mpa_subflow *s)
{
    unsigned f0 = s->half[0].flags, f1 = s->half[1].flags;
    return !((f0 | f1) & MPA_HALF_RST) && !((f0 & MPA_HALF_FIN) && (f1 & MPA_HALF_FIN));
}

/* ---- What is told to the observer ---------------------------------------------------------------------------- */

/* What one segment did; all sizes in bytes. */
struct mpa_facts {
    bool copy;              /* A copy of a packet seen before: nothing below is filled, state is unchanged. */
    bool keepalive;         /* A probe below the window. */
    uint32_t new_bytes;     /* Payload new on the subflow. */
    uint32_t old_bytes;     /* Payload seen before on the subflow. */
    uint32_t new_data;      /* Payload new at the data level (plain TCP and fallback: new_bytes). */
    uint32_t reinjected;    /* Payload new on the subflow, old at the data level. */
    uint32_t declared;      /* Bytes of mappings declared for the first time by this segment (plain TCP and fallback: new_bytes). */
    uint64_t data_acked;    /* By how much the Data ACK that this segment carries advanced (plain TCP and fallback: the ACK). */
    uint64_t progress;      /* By how much the contiguous data of this segment's direction advanced. */
};

enum mpa_event_kind {
    MPA_EVENT_CONN,        /* A new connection (its first packet). */
    MPA_EVENT_SUBFLOW,     /* A new subflow; comes after MPA_EVENT_CONN for the first. */
    MPA_EVENT_SYN_AGAIN,
    MPA_EVENT_SYNACK,
    MPA_EVENT_SPLIT,       /* A SYN/ACK of another server for the same SYN. */
    MPA_EVENT_ESTABLISHED, /* Third ACK. */
    MPA_EVENT_USABLE,      /* A joined subflow's fourth ACK. */
    MPA_EVENT_ADD_ADDR,    /* 'advert' is what it advertises; value: copies so far. */
    MPA_EVENT_ECHO,        /* 'advert' is what it echoes; value: echoes so far. */
    MPA_EVENT_REMOVE_ADDR, /* value: one address ID; one event for each. */
    MPA_EVENT_PRIO,        /* value: backup 0 or 1. */
    MPA_EVENT_MP_FAIL,
    MPA_EVENT_FASTCLOSE,
    MPA_EVENT_DATA_FIN,    /* First DATA_FIN of this direction. */
    MPA_EVENT_FIN,         /* First FIN of this direction of the subflow. */
    MPA_EVENT_RST,         /* A RST; told before the state is changed by it.  'option' is its MP_TCPRST or MP_FASTCLOSE, or NULL. */
    MPA_EVENT_FALLBACK,    /* value: enum mpa_word MPA_FALLBACK_REASON_*. */
    MPA_EVENT_HMAC,        /* An HMAC was judged: value enum mpa_word MPA_HMAC_*; 'option' says of what. */
    MPA_EVENT_ICMP,        /* 'icmp' quotes this subflow; 'segment' is NULL. */
    MPA_EVENT_OPTION,      /* Every decoded MPTCP option, before its own event; only where the observer asks for it. */
};

struct mpa_event {
    enum mpa_event_kind kind;
    enum mpa_dir dir; /* Of the packet. */
    int64_t ns;
    struct mpa_frame_ref frame;
    struct mpa_conn *conn;
    struct mpa_subflow *subflow;
    const struct mpa_segment *segment; /* Borrowed for the call. */
    const struct mpa_option *option;   /* The same; NULL where none caused it. */
    const struct mpa_icmp_error *icmp;
    struct mpa_advert *advert;
    int64_t value;
};

/* Callbacks may be NULL.  They must not call the tracker. */
struct mpa_observer {
    void *context;
    bool options; /* Wants MPA_EVENT_OPTION. */
    void (*event)(void *context, const struct mpa_event *event);
    /* Every segment that is no copy, after the state has changed by it. */
    void (*segment)(void *context, const struct mpa_segment *segment, struct mpa_subflow *subflow, enum mpa_dir dir,
                    const struct mpa_facts *facts);
    /* A copy of a packet seen before (another interface, before or after NAT or encapsulation): state is unchanged, but where it was
       seen may name the physical server.  */
    void (*copy)(void *context, const struct mpa_segment *segment, struct mpa_subflow *subflow, enum mpa_dir dir);
    /* The connection leaves memory after this. */
    void (*conn_end)(void *context, struct mpa_conn *conn);
    /* Of the second observer only.  A segment of the subflow is likely to follow soon: memory that its areas point to may be fetched, nothing
       may be changed. */
    void (*fetch)(void *context, const struct mpa_subflow *subflow, enum mpa_dir dir);
};

/* ---- The tracker ---------------------------------------------------------------------------------------------- */

struct mpa_track_config {
    enum mpa_dialect dialect;      /* MPA_DIALECT_UNKNOWN: detect. */
    uint32_t max_connections;      /* Live connections; 0: 1,000,000.  Beyond it the longest idle one is ended and counted. */
    bool no_rtt;                   /* Nobody will ask for round-trip times of data: none are kept. */
    int64_t idle_ns;               /* An open connection leaves after this silence; 0: one hour. */
    int64_t closed_ns;             /* A closed one after this; 0: 75 s (the 60 s of failure judgement and more), 10 s after an end in good order. */
    size_t conn_user_size;         /* Bytes of 'user' in a connection (its last cache line is fetched ahead) and in a subflow. */
    size_t subflow_user_size;
    struct mpa_observer observer;
    /* A second observer, told after the first (the checks beside the measurements). */
    struct mpa_observer also;
    size_t also_conn_size;
    size_t also_subflow_size;
};

/* What was counted over all segments, copies apart. */
struct mpa_track_counts {
    int64_t segments; /* Without copies. */
    int64_t copies;
    struct mpa_both options[MPA_OPT_COUNTS]; /* By enum mpa_word MPA_OPT_COUNT_* - MPA_OPT_FIRST. */
    struct mpa_rec_hmac hmac_join_synack, hmac_join_ack, hmac_add_addr;
    int64_t connections;     /* Ids given. */
    int64_t evicted;         /* Ended by max_connections. */
    int64_t no_memory;       /* Segments that were dropped because memory ended. */
    int64_t split_handshakes;
};

/* NULL when memory ends.  'config' is copied. */
struct mpa_tracker *mpa_tracker_new(const struct mpa_track_config *config);

/* Feed one segment.  Never fails: what does not fit into memory is counted.  '*ret_subflow' (may be NULL) becomes the subflow it
   belongs to or NULL, '*ret_facts' what it did. */
void mpa_tracker_segment(struct mpa_tracker *t, const struct mpa_segment *segment, struct mpa_subflow **ret_subflow,
                         struct mpa_facts *ret_facts);

/* Several at once, in order: the same as one by one, but their state is fetched ahead. */
void mpa_tracker_segments(struct mpa_tracker *t, const struct mpa_segment *segments, int count);

/* Do ahead what mpa_tracker_segments() needs of 'segments' and no state decides (copies are found here, too), and make memory ready that
   it will ask for.  Then each of them is fed, once and in this order, with nothing but ICMP errors in between; those of one feeding are
   prepared all or none.  May run in another thread while 't' is fed, but not while it is finished or freed. */
void mpa_tracker_prepare(struct mpa_tracker *t, struct mpa_segment *segments, int count);

void mpa_tracker_icmp(struct mpa_tracker *t, const struct mpa_icmp_error *icmp);

/* End all connections, in the order of their ids. */
void mpa_tracker_finish(struct mpa_tracker *t);

const struct mpa_track_counts *mpa_tracker_counts(const struct mpa_tracker *t);

/* The absolute data sequence number or Data ACK for one that was sent with 32 or 64 bits ('wide'), near what is known of the direction
   'd' that it counts: as the tracker reads it when the segment is next. */
uint64_t mpa_data_expand(const struct mpa_data_half *d, uint64_t value, bool wide);

/* The unwrapped number (that of mpa_half.seen) for a sequence number of this direction's segment, likewise. */
uint64_t mpa_half_unwrap(const struct mpa_half *h, uint32_t seq);

/* A connection in memory whose side 'owner' has this token, by its key: the next one after 'after' (NULL: the first); NULL at the end. */
struct mpa_conn *mpa_tracker_by_token(const struct mpa_tracker *t, uint32_t token, enum mpa_dir owner, const struct mpa_conn *after);

/* The highest time stamp seen; INT64_MIN before any. */
int64_t mpa_tracker_now(const struct mpa_tracker *t);

/* Connections in memory now. */
int64_t mpa_tracker_live(const struct mpa_tracker *t);

void mpa_tracker_free(struct mpa_tracker *t); /* NULL is accepted. */

/* Vantage point by a handshake (protocol reference C.0): MPA_VANTAGE_CLIENT, _SERVER, _MIDDLE or _UNKNOWN (times missing, or both
   parts shorter than 200 us). */
enum mpa_word mpa_subflow_vantage(const struct mpa_subflow *s);

/* The initial handshake's SYN to third ACK, or SYN/ACK's; 0 unknown. */
int64_t mpa_conn_rtt0(const struct mpa_conn *c);

/* ---- Export and merge ------------------------------------------------------------------------------------------- */

/* Memory of one exported record, used again for the next one.  All zeros is empty. */
struct mpa_export {
    struct mpa_rec_subflow *subflows;
    struct mpa_rec_add_addr *add_addrs;
    struct mpa_rec_span *spans[2];
    int subflow_capacity, add_addr_capacity, span_capacity[2];
};

/* Fill '*ret' with what the tracker knows of 'conn' (everything but migration, hits, resets, servers, notes and outcome 'failed', which
   the measurements add); its arrays live in 'export' until the next call.  0 or MPA_ERR_NOMEM. */
int mpa_conn_export(const struct mpa_conn *conn, struct mpa_export *export, struct mpa_rec_conn *ret);

void mpa_export_free(struct mpa_export *export);

#endif
