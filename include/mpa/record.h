/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records: what the measurements say, in the terms of the JSON contract, before any format.
 *
 * A connection's record is also its exported state: with the part 'merge' two records of one connection (two vantage points, or
 * two shards of a set of captures) become one, in any order (mpa_conn_merge(), track.h).
 *
 * Conventions: all counts and times are int64_t, and MPA_NULL stands for what the capture cannot give (null in the outputs,
 * never 0).  Times are nanoseconds since the epoch here (the writers make them relative); durations are nanoseconds.
 * Arrays belong to whoever made the record and are valid during the call that hands it over.
 */
#ifndef MPA_RECORD_H
#define MPA_RECORD_H

#include "mpa/addr.h"
#include "mpa/option.h"
#include "mpa/samples.h"
#include "mpa/words.h"

#include <stdbool.h>
#include <stdint.h>

#define MPA_NULL INT64_MIN

/* Directions index arrays everywhere. */
enum mpa_dir { MPA_TO_SERVER = 0, MPA_TO_CLIENT = 1 };

struct mpa_both {
    int64_t v[2]; /* By enum mpa_dir. */
};
#define MPA_BOTH_NULL ((struct mpa_both){{MPA_NULL, MPA_NULL}})

struct mpa_frame_ref {
    int32_t capture; /* Index of the capture; -1 when there is no such frame. */
    int64_t frame;   /* From 1. */
};

struct mpa_rec_percentiles {
    int64_t count; /* 0 with all others MPA_NULL when there are no samples. */
    int64_t min_ns, p50_ns, p95_ns, p99_ns, max_ns;
};

/* "captures" */
struct mpa_rec_capture {
    const char *file;
    enum mpa_word vantage; /* MPA_VANTAGE_* */
    const int32_t *link_types; /* LINKTYPE_ values seen. */
    int link_type_count;
    int64_t packets, tcp_segments, copies, truncated, malformed, fragments;
    int64_t other;    /* Readable, but not TCP. */
    int64_t icmp;     /* ICMP errors that quote TCP. */
    int64_t first_ns, last_ns; /* MPA_NULL when empty. */
    int64_t snaplen;  /* Largest of the file's interfaces; MPA_NULL when unlimited or unknown. */
    const char *const *lost_checks; /* What this snap length makes unverifiable. */
    int lost_check_count;
    const char *error; /* NULL, or one sentence. */
};

/* One server behind the VIP that packets of a subflow went to or came from. */
struct mpa_rec_server {
    char name[64];  /* From --servers, else the MAC, outer address or capture. */
    enum mpa_word by; /* MPA_SERVER_BY_* */
    int64_t first_ns, last_ns, packets;
};

#define MPA_REC_SERVERS_MAX 8 /* Servers kept per subflow; further ones count in the last. */

struct mpa_rec_reset {
    enum mpa_word class; /* MPA_RESET_* */
    bool from_server;
    int64_t ns;
    struct mpa_frame_ref frame;
    int64_t reason;    /* Of MP_TCPRST; MPA_NULL without. */
    int64_t transient; /* 0 or 1; MPA_NULL without MP_TCPRST. */
    int64_t idle_dur_ns;
};

/* First RST of one direction of a subflow, for the totals (resets are counted by direction of four-tuples). */
struct mpa_rec_rst {
    enum mpa_word class; /* MPA_RESET_*; meaningless while packets is 0. */
    int64_t ns;          /* MPA_NULL without. */
    int64_t packets;     /* RSTs in this direction. */
};

/* This and the records below: what differs from connection to connection stands in front, for packed records (record_pack.h) go by 32 bytes. */
struct mpa_rec_subflow {
    int64_t id; /* In its connection, from 0 by first packet. */
    enum mpa_word role; /* MPA_ROLE_* */
    enum mpa_word vantage; /* By its handshake: MPA_VANTAGE_*. */
    struct mpa_endpoint client, server; /* Client is the connection's client also when the server opened the subflow. */

    int64_t syn_ns, established_ns, usable_ns, first_ns;

    int64_t last_ns;
    struct mpa_both packets;
    int server_count;
    bool has_reset;
    bool opened_by_server;
    bool has_isn[2]; /* Identity for merging from here ... */

    struct mpa_both bytes;
    uint32_t isn[2];       /* Initial sequence numbers by direction; valid with has_isn. */
    uint32_t join_token;   /* Token of the join SYN. */
    enum mpa_word join_verdict; /* MPA_HMAC_*: of the SYN/ACK; where that says nothing, of the third ACK; NONE: no join, or no HMAC seen. */

    uint32_t nonce[2];     /* MP_JOIN random numbers by direction; valid with has_nonce. */
    uint8_t join_hmac[8];  /* Of the join SYN/ACK: decides between connections with equal tokens. */
    bool has_nonce[2];
    bool has_join_token;
    bool has_join_hmac; /* ... to here. */
    int64_t syn_retransmissions;

    struct mpa_both backup; /* Last state said by each side: v[TO_SERVER] by the client; 0 or 1, MPA_NULL unknown. */
    int64_t on_vip; /* 0 or 1; filled by mpa_measure_complete(). */
    int64_t icmp_errors;        /* ICMP errors that quoted it. */

    struct mpa_both retransmitted_bytes, reinjected_bytes;

    struct mpa_rec_percentiles rtt[2]; /* Of data in that direction: segment to its acknowledgement. */

    struct mpa_rec_reset reset; /* The earliest. */
    struct mpa_rec_rst rst[2];  /* By direction of the RST. */
    int64_t icmp_too_big_astray; /* Packet Too Big that reached another server than the subflow's. */
    char community_id[40]; /* Community ID v1, seed 0. */

    struct mpa_rec_server servers[MPA_REC_SERVERS_MAX];
};

struct mpa_rec_add_addr {
    int64_t id;
    struct mpa_addr addr;
    int64_t port; /* MPA_NULL without. */

    int64_t transmissions, first_ns, last_ns, echoes;

    int64_t echo_ns;
    int64_t last_before_echo_ns; /* Last copy before the first echo. */
    struct mpa_frame_ref first_frame;

    struct mpa_frame_ref echo_frame;
    enum mpa_word hmac;    /* MPA_HMAC_* */
    enum mpa_word vantage; /* MPA_AA_VANTAGE_* */
    bool from_server;
    bool altered;          /* Of several captures one shows the right HMAC, another a wrong one. */
    int joined_count;

    int64_t joined_from[16]; /* Subflow ids. */
    enum mpa_word v6_secret; /* MPA_HMAC_OK or _BAD: whether the address follows from --v6-secret; NONE: not asked, or not to be told. */
};

struct mpa_rec_hit {
    int64_t ns, gap_dur_ns, excess_dur_ns;
    bool censored;
    int64_t flows_live; /* Flows to VIPs that were live then. */
    int64_t churn_event; /* Index into churn events, -1 for none; filled by mpa_measure_complete(). */
    struct mpa_frame_ref frame;
    int64_t subflow;
};

/* A line of a connection's story. */
struct mpa_rec_note {
    enum mpa_word kind; /* MPA_NOTE_* */
    int64_t ns;
    struct mpa_frame_ref frame;
    int32_t subflow;
    int32_t from_server; /* 0 or 1; -1 where it does not apply. */
    int64_t value;       /* Address ID, reason, class (enum mpa_word) or bytes, as the kind says; MPA_NULL none. */
    struct mpa_addr addr; /* Zero where it does not apply. */
};

/* What a rule compared (check.h). */
enum mpa_compared { MPA_COMPARED_NUMBER, MPA_COMPARED_HEX32, MPA_COMPARED_HEX64, MPA_COMPARED_NS, MPA_COMPARED_ADDR, MPA_COMPARED_TEXT };

struct mpa_rec_value {
    const char *name; /* Static. */
    enum mpa_compared kind;
    int64_t number;       /* NUMBER; HEX32, HEX64: its bits; NS: a duration. */
    struct mpa_addr addr; /* ADDR. */
    const char *text;     /* TEXT: static. */
};

#define MPA_FINDING_FRAMES 4
#define MPA_FINDING_VALUES 6

/* Something a rule found. */
struct mpa_rec_finding {
    uint16_t rule;          /* enum mpa_rule */
    enum mpa_word severity; /* MPA_SEVERITY_* */
    enum mpa_word verdict;  /* MPA_FINDING_* */
    int64_t subflow;        /* MPA_NULL: of the connection. */
    int64_t ns;             /* Of the first frame; MPA_NULL without one. */
    struct mpa_frame_ref frames[MPA_FINDING_FRAMES]; /* The one to look at first. */
    int frame_count;
    struct mpa_rec_value values[MPA_FINDING_VALUES];
    int value_count;
    const char *text; /* One sentence; static. */
    uint64_t key;     /* Tells occasions of one rule on one subflow apart, equally at every vantage point; 0 where there is one. */
    bool baseline;    /* --baseline has it. */
};

/* How often a rule gave a verdict. */
struct mpa_rec_tally {
    uint16_t rule;    /* enum mpa_rule */
    uint16_t verdict; /* enum mpa_verdict (check.h), never NOT_APPLICABLE. */
    uint32_t count;
};

/* A row of "rules": sums over all connections. */
#define MPA_RULE_REASONS 10
struct mpa_rec_rule {
    int64_t checked, passed, broken; /* checked is passed + broken + all not verifiable. */
    int64_t not_verifiable[MPA_RULE_REASONS]; /* By enum mpa_verdict - MPA_VERDICT_NV_FIRST. */
    int64_t findings[3]; /* Kept, by severity from info on, but for those of the baseline ... */
    int64_t known;       /* ... which are these. */
    bool off;            /* By --rule or the profile. */
};

/* Data sequence space seen, by direction: sorted, disjoint intervals of absolute 64-bit numbers. */
struct mpa_rec_span {
    uint64_t start, end; /* 'end' is exclusive. */
};

struct mpa_rec_conn {
    int64_t id;
    enum mpa_word protocol; /* MPA_PROTOCOL_* */
    enum mpa_dialect dialect;
    struct mpa_endpoint client, server;

    int64_t syn_ns, established_ns, first_ns, last_ns;

    struct mpa_both bytes;
    int64_t last_data_ns; /* Latest new data to the client; MPA_NULL none. */
    enum mpa_word outcome; /* MPA_OUTCOME_* */
    enum mpa_word fallback; /* MPA_FALLBACK_REASON_*; NONE is null. */

    int64_t token_client, token_server;             /* 32 bits; MPA_NULL unknown. */
    int64_t server_denies_join, client_denies_join; /* 0 or 1; MPA_NULL unknown. */

    struct mpa_rec_subflow *subflows;
    struct mpa_rec_add_addr *add_addrs;
    int subflow_count;
    int add_addr_count;
    int64_t ts_identity; /* Low 12 bits of all timestamps of the server; -1: they change; MPA_NULL unknown. */

    struct {
        enum mpa_word state;   /* MPA_MIGRATION_* */
        enum mpa_word left_by; /* MPA_LEFT_BY_*; NONE is null. */
        enum mpa_dir judged;
        int64_t usable_ns;
        struct mpa_both first_direct_ns, vip_bytes_after, direct_bytes_after;
        double vip_share_after[2]; /* NaN is null. */
    } migration;
    int64_t unprotected_dur_ns;

    int dialect_evidence_count;
    bool ts_strayed;      /* ts_identity holds, but the timestamps of one subflow began with another. */
    bool hit_unprotected; /* The first hit was before a direct subflow was usable. */
    const char *dialect_evidence[8]; /* Static texts. */

    struct mpa_both dsn_out_of_order_bytes;
    int64_t fallback_ns;
    struct mpa_frame_ref fallback_frame;
    int64_t survived; /* 0 or 1; MPA_NULL without hits or undetermined. */
    int64_t failed_ns;    /* When it failed; MPA_NULL. */
    struct mpa_rec_hit *hits;
    struct mpa_rec_note *notes;
    struct mpa_rec_finding *findings; /* With --check. */
    struct mpa_rec_tally *tallies; /* The same; sorted by rule and verdict. */
    int hit_count;
    int note_count;
    int notes_dropped; /* Notes beyond the bound. */
    int finding_count;
    int tally_count;

    /* What merging needs; not printed. */
    struct {
        bool has_key[2];
        uint8_t key[2][MPA_KEY_SIZE]; /* By enum mpa_dir of the packets that the owner sends: [TO_SERVER] is the client's. */
        struct mpa_rec_span *spans[2];
        int span_count[2];
        uint32_t captures; /* Bit set of capture indices (the first 32) that held packets of it. */
        bool data_fin_acked[2];
        bool dss[2]; /* A DSS was seen in that direction. */
        struct mpa_samples *rtt[2]; /* Array over subflows: raw samples, may be NULL. */
    } merge;
};

/* "churn"."events" */
struct mpa_rec_churn_event {
    int64_t ns;
    const char *action; /* "remove", "add"; "unknown" when inferred. */
    const char *server; /* May be NULL: unknown. */
    enum mpa_word source; /* MPA_CHURN_SOURCE_* */
    int64_t flows_live, flows_moved, moved_needlessly, reset_events, failed;
    int64_t moved_at_removed; /* Of flows_moved: those whose old server was the one removed. */
};

struct mpa_rec_vantage_pair {
    int from, to; /* Capture indices. */
    int64_t matched, lost;
    struct mpa_rec_percentiles delay; /* count 0: clocks cannot be compared. */
    int64_t clock_offset_dur_ns, clock_error_dur_ns;
};

struct mpa_rec_deployment {
    struct mpa_addr vip;
    const char *mode; /* "D0" ... "D7", "D1/D2". */
    const char *what; /* The same in words, by what was seen; static. */
    const char *confidence; /* "low", "medium", "high". */
    const char *const *evidence;
    int evidence_count;
    int64_t connections; /* With MPTCP, to that address. */
    int64_t consistent;  /* Joins reach who holds the key, as the mode promises: 0 or 1; MPA_NULL not to be told. */
    bool lacks_c;        /* They do not, because the address belongs to several servers that do not forbid joins to it. */
    bool vip_misses;     /* Joins to the address itself missed the host with the key. */
    const int64_t *broken_by; /* Ids of connections; the first ones of many. */
    int broken_count;
    const char *const *servers; /* Physical servers seen behind the address, as in mpa_rec_server. */
    int server_count;
};

struct mpa_rec_hmac {
    int64_t ok, bad, unverifiable;
};

/* "timeline.csv": one bin of a second. */
struct mpa_rec_bin {
    int64_t start_ns, vip_bytes, direct_bytes;
    int64_t resets[MPA_RESET_COUNT];
};

/* Transfers by size class (D.10): one connection is one transfer. */
struct mpa_rec_transfer_class {
    int64_t min_bytes, max_bytes; /* Of the class. */
    int64_t count, completed;
    struct mpa_rec_percentiles rate; /* Bytes per second, where a percentile says ns. */
};

/* "nstat": one counter of a host's kernel, and its packets in the capture. */
struct mpa_rec_counter {
    const char *name, *why; /* Static. */
    int64_t kernel, wire;
};

struct mpa_rec_host {
    const struct mpa_addr *addrs;
    int addr_count;
    bool seen; /* Packets of it are in the capture. */
    const struct mpa_rec_counter *counters;
    int counter_count;
    int in_file; /* Counters of MPTCP that the kernel said, those that no capture shows too; not printed in JSON. */
};

/*
 * Joins that look like attempts to get into somebody else's connection, by who sent them ("join_guesses").
 *
 * A token is unknown where no connection of the capture has it.  Most of those are innocent where the capture began late or holds one
 * path only; 'refused' says how many of them a host did not know either.  HMACs are judged where the keys are known; a bad one counts
 * for the sender of the packet that carries it.  A SYN that is sent again is one attempt, and so is the third ACK.
 */
struct mpa_guess {
    struct mpa_addr addr;        /* Who sent them. */
    int64_t unknown_tokens;      /* SYNs with MP_JOIN whose token is that of no connection in the capture ... */
    int64_t refused;             /* ... and of these, those that were answered with RST. */
    int64_t bad_hmacs;           /* SYN/ACKs and third ACKs whose HMAC is wrong, one of each per subflow. */
    int64_t first_ns, last_ns;   /* Of the first and last that is counted here. */
};

/* Everything but the connections. */
struct mpa_rec_report {
    int64_t epoch_ns; /* Time 0 of the relative times. */
    const struct mpa_rec_capture *captures;
    int capture_count;
    struct mpa_both options[MPA_OPT_COUNTS];
    int64_t connections_mptcp, connections_fallback, connections_tcp;
    int64_t connections_dropped; /* Evicted by --max-connections: reported, but ended early. */
    int64_t fallback_reasons[MPA_FALLBACK_COUNT];
    struct mpa_rec_hmac hmac_join_synack, hmac_join_ack, hmac_add_addr;
    struct {
        int64_t advertised, transmissions, answered, unanswered;
        enum mpa_word vantage; /* MPA_AA_VANTAGE_* */
        bool turnaround;       /* "kind": false is latency. */
        struct mpa_rec_percentiles first_to_echo, last_to_echo;
    } add_addr;
    struct {
        int64_t migrated, joined_not_migrated, advertised_only, too_short, single_path;
        double vip_share_after[2]; /* NaN is null. */
    } migration;
    double off_path_bytes[2], off_path_packets[2]; /* NaN is null. */
    int64_t reset_packets, reset_events, reset_classes[MPA_RESET_COUNT];
    struct {
        int64_t mptcp_hit, mptcp_survived, mptcp_failed, mptcp_undetermined, mptcp_unprotected;
        int64_t tcp_hit, tcp_failed, tcp_undetermined;
        const struct mpa_rec_churn_event *events;
        int event_count;
        struct mpa_rec_percentiles gap; /* Handover gaps of the hits that have one. */
    } churn;
    const struct mpa_rec_deployment *deployments;
    int deployment_count;
    const struct mpa_rec_vantage_pair *pairs;
    int pair_count;
    const struct mpa_rec_bin *bins;
    int64_t bin_count;
    const struct mpa_rec_transfer_class *transfers;
    int transfer_count;
    double requests_per_second; /* NaN is null. */
    const struct mpa_prefix *vips; /* Given or inferred. */
    int vip_count;
    bool vips_inferred;
    bool v6_given; /* --v6-secret: IPv6 addresses of servers that follow from it, and others. */
    int64_t v6_ok, v6_bad;
    int64_t split_handshakes;
    int64_t icmp_too_big_astray;
    const struct mpa_rec_host *hosts; /* --nstat; NULL without. */
    int host_count;
    const struct mpa_rec_rule *rules; /* By enum mpa_rule; NULL without --check. */
    int rule_count;
    const struct mpa_guess *guesses;  /* With --check; sorted by address. */
    int guess_count;
    int64_t findings[3]; /* By enum mpa_word - MPA_SEVERITY_INFO. */
};

#endif
