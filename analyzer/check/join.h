/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rules of the group join remember; see internal.h.  Included by it only. */
#ifndef MPA_CHECK_JOIN_H
#define MPA_CHECK_JOIN_H

#include "mpa/check.h"

/* A packet that matters; 'frame' 0: none yet. */
struct check_packet {
    struct mpa_frame_ref at;
    int64_t ns;
};

static inline bool check_packet_seen(const struct check_packet *p)
{
    return p->at.frame != 0;
}

/* A REMOVE_ADDR. */
struct check_removal {
    int64_t ns;
    uint8_t id;
    uint8_t from; /* enum mpa_dir of the packet. */
};

#define CHECK_REMOVALS 16 /* Kept per connection; further ones make JN-09 unverifiable. */

struct check_removals {
    struct check_removal at[CHECK_REMOVALS];
    int count; /* Also of those not kept. */
};

/* In each connection. */
struct check_join_conn {
    struct check_removals *removals; /* NULL before the first. */
    struct check_packet infinite;    /* The first infinite mapping. */
    struct check_packet finished;    /* Both DATA_FINs are acknowledged. */
    int64_t fin_ns[2];               /* First DATA_FIN by direction; 0 none. */
    uint8_t client_flags;            /* Of an MP_CAPABLE without SYN; valid with 'client_known'. */
    bool client_known;
};

/* A joined subflow.  The opener sent its SYN, the listener is the other host. */
struct check_join {
    struct check_packet syn;      /* First SYN; none where the capture began later. */
    struct check_packet synack;   /* First SYN/ACK. */
    struct check_packet ack;      /* The opener's first packet after it. */
    struct check_packet answer;   /* The listener's first packet after that one: the fourth ACK. */
    struct check_packet goes_on;  /* The opener's packet that ignores a bad SYN/ACK (JN-04). */
    struct check_packet accepted; /* The listener's packet that ignores a bad third ACK (JN-05). */
    struct check_packet early;    /* Payload of the opener before the fourth ACK (JN-07). */
    struct check_packet rst[2];   /* First RST, by direction. */
    struct check_packet bad_synack, bad_ack; /* The first with a wrong HMAC. */
    uint64_t bad_hmac[2];                    /* The left 64 bits of these, and ... */
    uint64_t want_hmac[2]; /* ... of what they should have been: [0] SYN/ACK, [1] third ACK. */
    int64_t payload_ns;    /* First payload of the opener after the fourth ACK; 0 none. */
    int64_t fin_ns;        /* First FIN of the opener; 0 none. */
    int64_t repeated_ns;   /* First repetition of the third ACK; 0 none. */
    int64_t advert_ns; /* Latest ADD_ADDR of the joined address and port before the SYN; 0 none. */
    int64_t options_frame; /* The segment that the next three and HAS_REASON are about. */
    uint8_t join_size;     /* HMAC bytes of its MP_JOIN, 255: none. */
    uint8_t reason_here;   /* Its MP_TCPRST. */
    bool transient_here;
    uint32_t synack_tsval; /* Of the latest SYN/ACK. */
    uint32_t answer_ack;   /* What the fourth ACK acknowledges. */
    /* Of the connection whose keys the SYN/ACK has, though the SYN's token is another; FOREIGN. */
    uint32_t accepted_token;
    uint8_t reason; /* Of the MP_TCPRST on the listener's first RST; with REASON. */
    uint16_t flags; /* CHECK_JOIN_*. */
};

#define CHECK_JOIN_BARE_SYNACK 0x01 /* The SYN/ACK was captured whole and has no MP_JOIN. */
#define CHECK_JOIN_BARE_ACK    0x02 /* The same of the third ACK. */
#define CHECK_JOIN_REASON      0x04 /* The listener's first RST says a reason. */
#define CHECK_JOIN_TRANSIENT   0x08 /* ... which is transient. */
#define CHECK_JOIN_RST_CUT     0x10 /* Its options were not captured whole. */
#define CHECK_JOIN_FOREIGN     0x20 /* accepted_token is valid. */
#define CHECK_JOIN_LATE        0x40 /* 'early' had received something that the capture does not hold. */
#define CHECK_JOIN_GUESS       0x80  /* Its token is unknown: counted. */
#define CHECK_JOIN_HAS_REASON  0x100 /* See 'options_frame'. */
#define CHECK_JOIN_CROSSING    0x200 /* 'answer' has payload: it may have been under way. */
#define CHECK_JOIN_ASKED       0x400 /* The SYN/ACK was repeated after the third ACK. */

/* In each subflow. */
struct check_join_subflow {
    struct check_join *join; /* NULL on initial subflows, and where memory ended. */
};

/* Connections by their client's address, the latest few: which of them did a join with an unknown token get into? */
#define CHECK_RECENT_SETS 512
#define CHECK_RECENT_WAYS 4

/* In the check. */
struct check_join_all {
    const struct mpa_conn *recent[CHECK_RECENT_SETS][CHECK_RECENT_WAYS]; /* Newest first. */
    /* Guessing attempts by source; see mpa/check.h. */
    struct mpa_guess *guesses;
    uint16_t *guess_index; /* Open addressing: number of the row + 1; 0 free. */
    int guess_count, guess_capacity;
    int64_t guesses_left_out;
};

/* guesses.c.  'into' gets a row for 'addr'; NULL where there is no room (counted). */
struct mpa_guess *check_guess(struct mpa_check *c, const struct mpa_addr *addr, int64_t ns);

#endif
