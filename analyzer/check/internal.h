/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The checks from inside.
 *
 *   check.c            entry: the tracker's events to watchers, then to the rules whose scope they are
 *   verdicts.c         what a judgement becomes: counts, findings, sums
 *   names.c            rules, reasons, profiles by name
 *   evidence.c         what every judge may ask: keys, losses, vantage point, deadlines
 *   watch_GROUP.c      what the rules of a group need to remember of events and segments
 *   rules_GROUP.c      the judges of the group (balance: rules_reset.c has AC)
 *   GROUP.h            the group's areas in connections, subflows and in the check
 *
 * Groups: format (FMT), capable (MPC), join (CBF-01 to 04, JN), address (AA, RM, PR), data (DS), failure (FL, FC), balance (LB, AC,
 * CBF-05, CBF-06).
 *
 * A judge looks at a case and says a verdict.  It changes nothing: what has to be remembered, a watcher remembers.  It is called only
 * for connections of its row's dialects and protocols.  Judge functions return NOT_APPLICABLE where their trigger is absent, and a
 * reason of C.0 where the capture cannot show what they would need.
 *
 * Memory: areas are zeroed; whatever is rare is allocated by a watcher and freed by its 'end'.
 */
#ifndef MPA_CHECK_INTERNAL_H
#define MPA_CHECK_INTERNAL_H

#include "mpa/check.h"
#include "mpa/status.h"

#include "address.h"
#include "balance.h"
#include "capable.h"
#include "data.h"
#include "failure.h"
#include "join.h"

#include <string.h>

#define SECOND 1000000000ll
#define MILLI  1000000ll

static inline enum mpa_dir check_other(enum mpa_dir dir)
{
    return dir == MPA_TO_SERVER ? MPA_TO_CLIENT : MPA_TO_SERVER;
}

/* The direction in which the subflow's opener sends. */
static inline enum mpa_dir check_opener(const struct mpa_subflow *sf)
{
    return sf->flags & MPA_SF_BY_SERVER ? MPA_TO_CLIENT : MPA_TO_SERVER;
}

/* ---- Areas --------------------------------------------------------------------------- */

#define CHECK_FINDINGS_OF_RULE 16  /* Kept per connection and rule; all are counted. */
#define CHECK_FINDINGS         256 /* Kept per connection, and the first of each rule. */

struct check_results {
    struct mpa_rec_finding *findings;
    int finding_count, finding_capacity;
    struct mpa_rec_tally *tallies; /* Of verdicts other than passed. */
    int tally_count, tally_capacity;
    uint32_t passed[MPA_RULE_COUNT];
};

/* In each connection. */
struct check_conn {
    struct check_results *results; /* NULL until a rule had something to say. */
    struct check_capable_conn capable;
    struct check_join_conn join;
    struct check_address_conn address;
    struct check_data_conn data;
    struct check_failure_conn failure;
    struct check_balance_conn balance;
};

/* In each subflow. */
struct check_subflow {
    struct check_capable_subflow capable;
    struct check_join_subflow join;
    struct check_address_subflow address;
    struct check_data_subflow data;
    struct check_failure_subflow failure;
    struct check_balance_subflow balance;
};

static inline struct check_conn *check_conn_of(const struct mpa_conn *conn)
{
    return conn->also;
}

static inline struct check_subflow *check_subflow_of(const struct mpa_subflow *sf)
{
    return sf->also;
}

/* ---- Rules --------------------------------------------------------------------------- */

/* What is judged.  Members that the scope does not have are NULL. */
struct check_case {
    const struct mpa_check *check;
    const struct mpa_conn *conn;       /* All scopes but RECORD. */
    const struct check_conn *cc;       /* Its area. */
    const struct mpa_subflow *sf;      /* OPTION, EVENT, SEGMENT, SUBFLOW. */
    const struct check_subflow *cs;    /* Its area. */
    const struct mpa_advert *advert;   /* ADVERT. */
    const struct mpa_event *event;     /* OPTION, EVENT. */
    const struct mpa_option *option;   /* OPTION; EVENT where it has one. */
    const struct mpa_segment *segment; /* OPTION, EVENT, SEGMENT. */
    const struct mpa_facts *facts;     /* SEGMENT. */
    enum mpa_dir dir;                  /* OPTION, EVENT, SEGMENT: of the packet. */
    struct mpa_frame_ref frame;        /* The same. */
    int64_t ns;                        /* The same. */
    const struct mpa_rec_conn *record; /* SUBFLOW, ADVERT, CONN: with resets and migration, VIPs not
                                          yet known; RECORD, RECORD_SUBFLOW: complete. */
    const struct mpa_rec_subflow *record_subflow; /* SUBFLOW, RECORD_SUBFLOW. */
    int64_t end_ns; /* The capture's latest time so far; at the end, its end. */
};

typedef enum mpa_verdict check_judge(const struct check_case *k, struct mpa_rec_finding *f);

enum check_scope {
    SCOPE_OPTION,
    SCOPE_EVENT,
    SCOPE_SEGMENT,
    SCOPE_SUBFLOW,
    SCOPE_ADVERT,
    SCOPE_CONN,
    SCOPE_RECORD,
    SCOPE_RECORD_SUBFLOW,
    SCOPE_COUNT
};

/* Further columns of tbl/rules.h. */
#define MPA_ALSO_FALLBACK 1u /* Connections after a fallback. */
#define MPA_ALSO_TCP      2u /* Plain TCP. */

#define MPA_SUBTYPE_BIT(s) (1u << (s))
#define MPA_SUBTYPES_ANY   0x1ffffu
#define MPA_SUBTYPE_NO_BIT 16 /* Options without a subtype (MPA_SUBTYPE_NONE). */
#define MPA_EVENT_BIT(e)   (1u << (e))

struct check_row {
    struct mpa_rule_info info;
    enum check_scope scope;
    uint32_t when;
    unsigned also;
    check_judge *judge;
};

extern const struct check_row check_rows[MPA_RULE_COUNT];

#define RULE(symbol, id, dialects, level, severity, scope, when, also, reference, judge, title)    \
    check_judge judge;
#include "mpa/tbl/rules.h"
#undef RULE

/* ---- verdicts.c ---------------------------------------------------------------------- */

/* Count 'verdict' of 'rule', and keep the finding where it has one.  'results' is made when needed. */
void check_result(struct mpa_check *c, struct check_results **results, enum mpa_rule rule,
                  enum mpa_verdict verdict, const struct mpa_rec_finding *finding);
void check_results_free(struct check_results *r);

/* For judges: what was compared, and where.  More than fits is left out. */
void check_frame(struct mpa_rec_finding *f, struct mpa_frame_ref frame);
void check_number(struct mpa_rec_finding *f, const char *name, int64_t value);
void check_hex32(struct mpa_rec_finding *f, const char *name, uint32_t value);
void check_hex64(struct mpa_rec_finding *f, const char *name, uint64_t value);
void check_duration(struct mpa_rec_finding *f, const char *name, int64_t ns);
void check_addr(struct mpa_rec_finding *f, const char *name, const struct mpa_addr *addr);
void check_text(struct mpa_rec_finding *f, const char *name, const char *text);

/* "return check_broken(f, "…")": the sentence, and MPA_VERDICT_BROKEN; with severity info MPA_VERDICT_NOTED. */
enum mpa_verdict check_broken(struct mpa_rec_finding *f, const char *text);
enum mpa_verdict check_noted(struct mpa_rec_finding *f, const char *text);

/* ---- evidence.c ---------------------------------------------------------------------- */

/* Both keys are known, and with which hash they are used. */
bool check_has_keys(const struct mpa_conn *conn);

/* NV-DIR: nothing was captured of what 'dir' sends on 'sf'. */
bool check_one_way(const struct mpa_subflow *sf, enum mpa_dir dir);

/* NV-LOSS: the peer acknowledged what the capture does not hold of this direction. */
bool check_lost(const struct mpa_subflow *sf, enum mpa_dir dir);

/* NV-SUB: its initial subflow or data of a subflow was not captured: joins only, or data was acknowledged at the data level that no
   captured subflow carried. */
bool check_subflow_missing(const struct mpa_conn *conn);

/* NV-OFFL: the segment is larger than what the wire carries (GRO, TSO): its payload exceeds the MSS that the peer offered. */
bool check_super_packet(const struct mpa_subflow *sf, enum mpa_dir dir,
                        const struct mpa_segment *segment);

/* The segment lies where no window reaches, by what the receiver acknowledged: it drops it, whatever options it carries. */
bool check_dropped(const struct mpa_subflow *sf, enum mpa_dir dir,
                   const struct mpa_segment *segment);

/* Whether the capture stands beside the host that sends 'dir' on this connection: 1 yes, 0 no, -1 unknown.  By the handshake of the
   initial subflow, else of any other (C.0). */
int check_beside_sender(const struct mpa_conn *conn, enum mpa_dir dir);

/* Round-trip time of the initial handshake, of any other where there is none; 'otherwise' where no handshake was captured. */
int64_t check_rtt(const struct mpa_conn *conn, int64_t otherwise);

/* NV-END: the capture ended before 'since' + 'deadline'. */
static inline bool check_ended(const struct check_case *k, int64_t since, int64_t deadline)
{
    return k->end_ns < since + deadline;
}

/* Whether a connection's address is one of --vip. */
bool check_given_vip(const struct mpa_check *c, const struct mpa_addr *addr);

/* ---- Watchers ------------------------------------------------------------------------ */

/* Each may be NULL.  They run before the rules of the same event or segment. */
struct check_watcher {
    void (*event)(struct mpa_check *c, const struct mpa_event *e);
    void (*segment)(struct mpa_check *c, const struct mpa_segment *seg, struct mpa_subflow *sf,
                    enum mpa_dir dir, const struct mpa_facts *facts);
    /* The connection was judged and goes: free what its areas and its subflows' areas own. */
    void (*end)(struct mpa_check *c, const struct mpa_conn *conn);
    /* The check goes: free what its area owns. */
    void (*close)(struct mpa_check *c);
};

extern const struct check_watcher check_watch_capable, check_watch_join, check_watch_address,
    check_watch_data, check_watch_failure, check_watch_balance;

/* ---- The check itself ---------------------------------------------------------------- */

struct check_list {
    uint8_t rule[MPA_RULE_COUNT];
    int count;
};

/* Whether a rule is asked about connections of a protocol and dialect. */
enum check_asked {
    ASKED_NOT,
    ASKED,
    ASKED_UNSURE, /* The dialect is undecided, and not all that it may be are the rule's: its answer is not to be relied on. */
};

#define CHECK_PROTOCOLS (MPA_PROTOCOL_TCP - MPA_PROTOCOL_MPTCP + 1)

struct mpa_check {
    struct mpa_check_config config;
    const struct mpa_tracker *tracker;
    check_judge *judges[MPA_RULE_COUNT]; /* Tests replace them to show that they matter. */
    /* enum check_asked, by protocol - MPA_PROTOCOL_MPTCP and dialect. */
    uint8_t asked[CHECK_PROTOCOLS][MPA_DIALECT_COUNT][MPA_RULE_COUNT];
    struct check_list scopes[SCOPE_COUNT];
    struct check_list options[MPA_SUBTYPE_NO_BIT + 1];
    struct check_list events[32];
    struct check_join_all join;
    struct check_address_all address;
    struct check_data_all data;
    struct check_failure_all failure;
    struct check_balance_all balance;
    struct mpa_rec_tally *tallies; /* Of the record that was judged last. */
    int tally_capacity;
    struct mpa_rec_finding *findings;
    int finding_capacity;
    int64_t record_end_ns; /* mpa_check_end() */
    struct mpa_rec_rule sums[MPA_RULE_COUNT];
    int64_t severities[3];
    int status; /* First failure since it was last told. */
};

/* Room for one more item of 'size' in '*items'; false when memory ends. */
bool check_grow(void *items, int count, int *capacity, size_t size);

#endif
