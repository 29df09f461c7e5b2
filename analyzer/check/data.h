/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rules of the group data remember; see internal.h.  Included by it only. */
#ifndef MPA_CHECK_DATA_H
#define MPA_CHECK_DATA_H

#include "mpa/check.h"

/* Subflow positions are relative to the initial sequence number, as in a DSS, but unwrapped to 64
   bits near what was seen before (check_data_flow.near). */

/* A mapping as one option declares it. */
struct check_mapping {
    uint64_t dsn;    /* Absolute, as far as known. */
    uint64_t ssn;    /* Unwrapped. */
    uint32_t size;   /* Payload that it maps: without the DATA_FIN. */
    uint16_t length; /* As sent; 0: infinite. */
    uint16_t checksum;
    bool has_checksum;
    bool wide; /* The number was sent with 64 bits, or follows from the key. */
    bool fin;
};

/* Mappings that continue each other. */
struct check_run {
    uint64_t ssn, end;          /* Of the subflow. */
    uint64_t dsn;               /* Of 'ssn'. */
    struct mpa_frame_ref frame; /* The latest option that declared a part of it. */
    bool wide;
};

#define CHECK_RUNS 64 /* Kept per subflow and direction; then the oldest goes. */

/* Payload that no mapping covers so far. */
struct check_bare {
    uint64_t start, end;
    uint64_t seq; /* Of 'end', unwrapped like mpa_half.seen. */
    struct mpa_frame_ref frame;
    int64_t ns;
    bool super; /* Captured larger than the wire's packets. */
};

#define CHECK_BARE 8 /* The first ones are kept. */

/* One direction of a subflow, from its first mapping, payload or Data ACK on. */
struct check_data_flow {
    struct check_run *runs; /* In order of their first option. */
    int run_count, run_capacity;
    uint64_t near;      /* Highest position seen. */
    uint64_t forgotten; /* No run that has left ended above it; 0: none has left. */
    struct check_bare *bare;
    int bare_count, bare_capacity;
    bool covered; /* Some payload had a mapping. */
    bool cut;     /* Options were cut or unreadable: a mapping may have been among them. */
    bool unknown; /* Payload came whose position is not known for sure. */
    /* Its latest packet with a Data ACK, in the order of sending: RFC 9293's WL1 and WL2. */
    bool has_edge;
    uint32_t wl1, wl2;
    uint64_t edge_ack; /* Data ACK. */
    uint64_t edge;     /* ... and window. */
    int64_t edge_ns;
    struct mpa_frame_ref edge_frame;
    uint32_t edge_tsval; /* With edge_ts. */
    uint16_t edge_id;    /* Of IPv4. */
    bool edge_ts;
    /* Its highest Data ACK. */
    bool has_ack;
    uint64_t ack;
    uint32_t ack_tsval;
    bool ack_ts;
    int64_t ack_ns;
    struct mpa_frame_ref ack_frame;
};

/* A hash over the bytes of one aligned block of data, or of a part of it. */
struct check_block {
    uint64_t dsn;
    uint64_t hash;
    uint64_t frame;
    uint16_t size; /* 0: empty. */
    uint16_t capture;
    uint16_t subflow;
    uint16_t verified; /* So many bytes from the first one on had a right checksum. */
};

#define CHECK_BLOCK       256u  /* Bytes. */
#define CHECK_BLOCKS_LOW  16u   /* Slots at first ... */
#define CHECK_BLOCKS_HIGH 1024u /* ... and at most: the latest 256 kB of data. */

struct check_blocks {
    uint32_t mask;
    struct check_block at[];
};

/* A Data ACK that does not fit. */
struct check_ack_fault {
    uint64_t ack, limit; /* What was acknowledged, and what could have been. */
    int64_t ns;
    int64_t subflow;
    struct mpa_frame_ref frame, other;
    bool set;
    bool proved; /* Data below 'ack' was sent for the first time long after it. */
};

/* One direction of a connection at the data level. */
struct check_data_side {
    struct check_blocks *blocks;
    /* The lowest mapping. */
    uint64_t first_dsn;
    uint64_t first_due; /* By the key as it was known then; valid with has_due. */
    struct mpa_frame_ref first_frame;
    int64_t first_ns, first_subflow;
    bool has_first, first_wide, has_due;
    /* Data that was declared with 64-bit numbers, as far as it is of one piece. */
    uint64_t wide_start, wide_end;
    struct check_ack_fault beyond, back, top; /* Of Data ACKs of this data. */
    uint64_t fin_start; /* Where the mapping with the DATA_FIN begins; valid with has_fin. */
    struct {
        struct mpa_frame_ref frame;
        int64_t ns, subflow;
        uint64_t needed, acked;
        bool fresh;  /* So soon behind data that no acknowledgement can have come. */
    } early;         /* The last FIN came with data outstanding; valid with check_data_conn.early. */
    int64_t sent_ns; /* Of its latest new data, without the segment with the DATA_FIN. */
    bool has_fin;
    bool ahead;      /* Something of it was acknowledged before it was captured. */
    bool last_fin;   /* This side has sent FIN on its last subflow ... */
    bool last_known; /* ... when the keys were known, and with them which data came before. */
};

/* In each connection. */
struct check_data_conn {
    struct check_data_side *side[2]; /* By direction of the data; NULL before any. */
    int64_t fin_ns;                  /* First DATA_FIN. */
    int64_t fins_ns;                 /* Both DATA_FINs were acknowledged; 0 before. */
    struct mpa_frame_ref fins_frame;
    bool stray;           /* One of its subflows is. */
    bool early[2];        /* By direction of the data: the side's 'early' is set. */
    bool acked_unseen[2]; /* Data was acknowledged that nobody had been seen to send. */
};

/* In each subflow. */
struct check_data_subflow {
    struct check_data_flow *flow[2]; /* NULL before any. */
    bool stray; /* Sequence numbers came that no window allows: of another server's SYN/ACK, or of a
                   new connection whose SYN was not captured. */
};

#define CHECK_NOW 3 /* Mappings of one segment. */

/* In the check: what the segment that is on its way carries, for the rules about segments. */
struct check_data_all {
    uint64_t frame; /* Whose. */
    int capture;
    const struct mpa_subflow *sf;
    struct check_mapping map[CHECK_NOW];
    int map_count;
    bool capable; /* First data in an MP_CAPABLE: a mapping once its key is taken. */
    uint16_t capable_length, capable_checksum;
    bool capable_has_checksum;
    bool has_ack;
    uint64_t ack; /* Data ACK, absolute. */
    /* DS-05 */
    uint32_t compared, unlike,
        untold;      /* Bytes seen before: equal or not, different, not comparable. */
    bool checksums;  /* They are in use: what differs counts only where the checksum is right. */
    uint32_t unsure; /* Different, but not verified when they were seen before. */
    uint64_t unlike_dsn;
    struct mpa_frame_ref unlike_frame;
    /* DS-10 */
    bool has_edge;
    uint64_t edge_before, edge;
    int64_t edge_unit; /* Of the scale; 0: a SYN is missing that would say it. */
    bool edge_unsure;  /* Nothing says which of both packets was sent later. */
    struct mpa_frame_ref edge_frame;
};

/* For findings about packets of one subflow: the same packet's at every vantage point. */
static inline uint64_t check_packet_key(const struct mpa_segment *seg)
{
    return (uint64_t)seg->seq << 32 | seg->ack;
}

/* ---- Helpers (watch_data.c, data_blocks.c) --------------------------------------------- */

/* Where payload and mappings lie on the subflow is known for sure: its beginning was captured. */
bool check_position_known(const struct mpa_subflow *sf, enum mpa_dir dir);

/* The position of the segment's first payload byte. */
uint64_t check_position(const struct mpa_subflow *sf, enum mpa_dir dir,
                        const struct mpa_segment *seg);

/* The first position from 'from' on that no mapping covers; 'end' where all are. */
uint64_t check_covered(const struct check_data_flow *flow, uint64_t from, uint64_t end);

/* A run that covers 'at', the newest first; NULL where there is none. */
const struct check_run *check_run_at(const struct check_data_flow *flow, uint64_t at);

/* Holes in what was captured of the subflow's direction so far, or bytes that only their
   acknowledgement showed. */
bool check_holes(const struct mpa_subflow *sf, enum mpa_dir dir);

/* The same of any of the connection's subflows: acknowledgements, which leave no hole, may be missing
   too. */
bool check_conn_holes(const struct mpa_conn *conn);

/* Compare 'size' bytes of data with what was seen of them before, and remember them.  False when
   memory ends. */
bool check_blocks_see(struct mpa_check *c, struct check_blocks **blocks, uint64_t dsn,
                      const uint8_t *bytes, uint32_t size, uint64_t acked,
                      const struct check_block *origin);

/* The checksum of the mapping of these bytes is right. */
void check_blocks_verify(struct check_blocks *blocks, uint64_t dsn, uint32_t size);

/* These bytes are known to be damaged: nothing is to be compared with them. */
void check_blocks_forget(struct check_blocks *blocks, uint64_t dsn, uint32_t size);

#endif
