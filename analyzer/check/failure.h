/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rules of the group failure remember; see internal.h.  Included by it only. */
#ifndef MPA_CHECK_FAILURE_H
#define MPA_CHECK_FAILURE_H

#include "data.h"

enum check_sum_state { CHECK_SUM_NONE, CHECK_SUM_OPEN, CHECK_SUM_OVER };

/* The checksum of a mapping on its way. */
struct check_sum {
    struct check_mapping map;
    struct mpa_frame_ref frame; /* Where it began. */
    uint32_t done;              /* Bytes added, from its first one on. */
    uint32_t sum;
    enum check_sum_state state;
};

#define CHECK_SUMS 4 /* Mappings of a subflow and direction at a time. */

struct check_sums {
    struct check_sum at[CHECK_SUMS];
    int next; /* The oldest. */
};

/* What became of a mapping's checksum in this segment. */
struct check_summed {
    struct check_mapping map;
    struct mpa_frame_ref frame;
    uint16_t computed;        /* With MPA_VERDICT_PASSED. */
    enum mpa_verdict verdict; /* PASSED: it could be computed; or why not. */
};

/* A mapping whose checksum is wrong. */
struct check_bad {
    struct mpa_frame_ref frame;
    int64_t ns;
    uint16_t subflow; /* Its id: a join may move to another connection. */
    uint64_t dsn;
    uint64_t seq_end; /* Unwrapped. */
    enum mpa_dir dir;
    bool several; /* The connection had another subflow in use. */
};

struct check_fail {
    struct mpa_frame_ref frame;
    int64_t ns;
    uint16_t subflow;
    uint64_t dsn;
    enum mpa_dir dir;
    bool several; /* As in struct check_bad. */
    bool answer;  /* The other host had said it first. */
    /* The first packet that maps new data long after it, though there is no other subflow. */
    struct mpa_frame_ref goes_on;
    int64_t goes_on_ns;
    bool maps; /* Some new data was mapped after it, perhaps before it was told. */
};

/* What a host said with MP_FASTCLOSE. */
struct check_fastclose {
    struct mpa_frame_ref frame; /* The first. */
    int64_t ns;
    uint16_t subflow;
    uint64_t on_ack, on_rst; /* Bit sets of subflow ids below 64. */
    uint64_t in_use;         /* ... that were usable when the first one was sent. */
    int64_t again_ns;        /* The next one on the same subflow; 0 none. */
    bool set;
};

/* A direction that has left MPTCP. */
struct check_plain {
    struct mpa_frame_ref frame;
    uint16_t subflow;
    uint32_t ssn; /* Payload from here on needs no mapping. */
    bool set;
    bool unsure; /* Packets were missing in front of it: perhaps with its mapping. */
};

#define CHECK_BADS 4

/* What few connections have. */
struct check_failure_state {
    struct check_bad bad[CHECK_BADS];
    int bad_count;
    struct check_fail fail[CHECK_BADS];
    int fail_count;
    struct check_fastclose fastclose[2];
    struct check_plain plain[2];
};

/* In each connection. */
struct check_failure_conn {
    struct check_failure_state *state; /* NULL until something of it happens. */
};

/* In each subflow. */
struct check_failure_subflow {
    struct check_sums *sums[2]; /* NULL before any checksum. */
    int64_t rst_ns[2];          /* First RST of each host; 0 none. */
    bool confirmed[2];          /* A Data ACK came back on it for what this direction sent. */
    /* Mapped data of this direction was acknowledged without any MPTCP option, although there was room for one: when first, and the first
       packet that goes on with mappings long after that. */
    int64_t plain_ack_ns[2];
    struct mpa_frame_ref plain_ack[2], goes_on[2];
};

#define CHECK_SUMMED 4

/* In the check: of the segment that is on its way. */
struct check_failure_all {
    struct check_summed summed[CHECK_SUMMED];
    int summed_count;
};

#endif
