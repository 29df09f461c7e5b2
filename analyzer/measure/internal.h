/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The measurements from inside: who owns what, and which file does what ("D.4" is a section of the
 * protocol reference).
 *
 *   measure.c   entry, the tracker's events to those who want them
 *   record.c    a connection that ends becomes a record
 *   migrate.c   off the VIP: states, shares, what ended its use (D.2 to D.4)
 *   reset.c     classes of RSTs (C.7)
 *   progress.c  gaps in the data's progress, hits (D.5)
 *   verdict.c   survived or failed (D.7)
 *   deploy*.c   what kind of deployment stands behind an address (C.12): see deploy.h
 *   v6_secret.c unique addresses that follow from a secret (section VI of the paper)
 *   churn.c     events of the log or inferred, and who they hit (D.11)
 *   servers.c   the physical server of each packet
 *   vips.c      server addresses, which of them are VIPs, bins
 *   notes.c     stories
 *   complete.c  what is known only at the end
 *   totals.c    sums over records
 *   report.c    the totals as one record
 *
 * Memory: the user areas below live in each connection and subflow; whatever is rare (hits, gaps of
 * long connections, notes, second servers, resets) is allocated when it happens and freed with the
 * connection.  What stays is small: points (a hit or a change of server), bins of a second,
 * samples.
 */
#ifndef MPA_MEASURE_INTERNAL_H
#define MPA_MEASURE_INTERNAL_H

#include "deploy.h"

#include "mpa/measure.h"
#include "mpa/status.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#define SECOND 1000000000ll
#define MILLI  1000000ll

static inline enum mpa_dir measure_other(enum mpa_dir dir)
{
    return dir == MPA_TO_SERVER ? MPA_TO_CLIENT : MPA_TO_SERVER;
}

/* The direction in which the subflow's opener sends. */
static inline enum mpa_dir measure_opener(const struct mpa_subflow *sf)
{
    return sf->flags & MPA_SF_BY_SERVER ? MPA_TO_CLIENT : MPA_TO_SERVER;
}

static inline bool measure_is_reset(const struct mpa_subflow *sf)
{
    return ((sf->half[0].flags | sf->half[1].flags) & MPA_HALF_RST) != 0;
}

/* Room for one more item of 'size' in '*items'; false when memory ends. */
bool measure_grow(void *items, size_t count, size_t *capacity, size_t size);

/* ---- User areas ----------------------------------------------------------------- */

/* One hit: a redirect's RST, and the window in which its gap is looked for. */
struct hit {
    int64_t ns;
    int64_t start, end; /* Of the window: c - RTT, c + W. */
    int64_t gap_ns;     /* -1: none found. */
    int64_t quiet_ns;   /* p99 of the quiet part; -1: none. */
    int64_t flows_live;
    struct mpa_frame_ref frame;
    uint16_t subflow;
    bool open;
    bool censored;
};

/* Largest gaps of windows without churn: four buckets for each power of two of microseconds. */
#define QUIET_BUCKETS 96
struct quiet {
    uint32_t count;
    uint8_t bucket[QUIET_BUCKETS]; /* All are halved when one is full: the distribution stays. */
};

struct conn_rare {
    struct hit *hits;
    size_t hit_count, hit_capacity;
    struct quiet *quiet;
    struct mpa_rec_note *notes;
    size_t note_count, note_capacity;
    int notes_dropped;
};

/* In every connection; all zeros at first.  The second cache line is that of every packet. */
struct conn_user {
    struct conn_rare *rare;
    int64_t first_direct_ns[2]; /* First payload on a direct subflow, by direction; 0 none. */
    uint32_t grace[2][2]; /* [direction][direct]: bytes of mappings first declared between t_m and the cut; saturates. */
    uint32_t ts_upper;    /* The highest of the upper bits. */
    uint32_t ts_start;    /* First one, in units of 2^20 ns since the measure's first packet. */
    uint64_t after[2][2]; /* [direction][direct]: the same after the cut. */
    int64_t cut_ns;       /* t_m + g (D.4); 0: no second path is usable yet. */
    int64_t progress_ns;  /* Latest progress P(t), or when data began to be outstanding; 0 none. */
    int64_t last_data_ns; /* Latest new data to the client; 0 none. */
    uint32_t pending_us; /* Length of an interval that ended at progress_ns and counts if more data
                            follows; 0 none. */
    uint32_t window_us;  /* Largest gap of the current window. */
    uint32_t window_end; /* Of the current window, in units of 2^20 ns since the measure's first
                            packet; 0 none. */
    uint32_t mark;       /* Churn lines that had passed when this connection last looked. */
    uint16_t flags;      /* CONN_*. */
    uint16_t ts_name;    /* D4: low 12 bits and bit 15 of its timestamps; 0 unknown. */
    uint8_t ts_values;   /* ... how many values their upper bits took; saturates. */
    uint8_t vantage;     /* enum mpa_word MPA_VANTAGE_* by the initial handshake. */
    uint8_t left_by;     /* enum mpa_word MPA_LEFT_BY_*, found when the VIP's subflow ended. */
};

#define CONN_SERVER_DATA 0x01 /* The server has sent data: P(t) is that of its data. */
#define CONN_IN_MARK     0x02 /* The current window is that of a churn line. */
#define CONN_HIT         0x04
#define CONN_ADVANCED    0x08 /* P(t) advanced after the latest hit. */
#define CONN_LEFT        0x10 /* left_by is valid. */
#define CONN_TS_VARIES   0x20 /* The server's timestamps have no identity. */
#define CONN_TS_OTHER    0x40 /* A subflow began with another one. */
#define CONN_TS_LONG     0x80 /* ts_values were counted over more than a second. */
#define CONN_DIRECT_DATA 0x100 /* << direction: first_direct_ns is set. */

/* Where packets of a subflow went, one stretch of time each. */
struct stint {
    int64_t first_ns, last_ns;
    uint32_t packets;
    uint16_t hop; /* Index into the measure's hops. */
};

struct stints {
    int count;
    struct stint at[MPA_REC_SERVERS_MAX];
};

struct reset_info {
    struct mpa_rec_reset first; /* The earliest. */
    struct mpa_rec_rst rst[2];  /* By direction of the RST. */
};

/* In every subflow; all zeros at first. */
struct sub_user {
    uint64_t hop_key;                  /* Of the current server; 0 none. */
    int64_t last_ns;                   /* The packet before this one, either direction. */
    int64_t sent_ns[2];                /* The packet before this one, by direction; 0 none. */
    struct stints *stints;             /* NULL until a second server is seen. */
    struct reset_info *reset;          /* NULL without a RST. */
    uint32_t hop_packets;              /* Of the only server, while 'stints' is NULL. */
    uint16_t hop;                      /* Index into the measure's hops; 0 none. */
    uint16_t address;                  /* Index into the measure's addresses. */
    uint16_t slot;                     /* Address whose bins its bytes count in. */
    uint16_t icmp_errors, icmp_astray; /* Saturate. */
    uint8_t hop_kind;                  /* enum hop_kind. */
    uint8_t flags;                     /* SUB_*. */
};

#define SUB_DIRECT    0x01
#define SUB_LIVE      0x02 /* Counted in its address's 'live'. */
#define SUB_DEAD      0x04 /* Its end was noticed. */
#define SUB_GIVEN_VIP 0x08 /* Its server address is one of --vip. */
#define SUB_KNOWN     0x10 /* MPA_EVENT_SUBFLOW has been dealt with. */
#define SUB_TS_DONE   0x20 /* Timestamps of its server are not looked at any more. */
#define SUB_TS_SAME   0x40 /* They began with the connection's identity. */

_Static_assert(sizeof(struct conn_user) == 128 && offsetof(struct conn_user, after[1]) == 64,
               "two cache lines, one of them for every packet");
_Static_assert(sizeof(struct sub_user) <= 64, "memory of live connections");

/* ---- servers.c ------------------------------------------------------------------ */

/* How a physical server is known; a higher one overrides what lower ones said of a subflow. */
enum hop_kind { HOP_NONE, HOP_CAPTURE, HOP_MAC, HOP_COPY_MAC, HOP_NAT, HOP_OUTER };

#define HOPS_MAX 256 /* Distinct servers; the rest is one. */

struct hop {
    uint64_t key;
    bool client_side; /* Seen by a capture at the clients: a router. */
    bool server_side; /* Of kind CAPTURE: recorded at a server. */
    bool named;       /* By --servers. */
    uint8_t by;       /* enum mpa_word MPA_SERVER_BY_*. */
    char name[64];
};

struct hops {
    struct hop at[HOPS_MAX]; /* [0] is none. */
    int count;
};

/* A subflow that is new here: this capture's own server, until something better names it. */
void measure_hop_subflow(struct mpa_measure *m, struct mpa_subflow *sf);
void measure_hop_segment(struct mpa_measure *m, const struct mpa_segment *seg,
                         struct mpa_subflow *sf, enum mpa_dir dir, bool copy);
void measure_hop_export(const struct mpa_measure *m, const struct mpa_subflow *sf,
                        struct mpa_rec_subflow *ret);
/* Whether an ICMP error went to another server than its subflow's packets do. */
bool measure_hop_astray(struct mpa_measure *m, const struct mpa_subflow *sf,
                        const struct mpa_icmp_error *icmp);
/* The server with this unique address by --servers; NULL. */
const struct mpa_server *measure_server_unique(const struct mpa_measure *m,
                                               const struct mpa_addr *addr);
/* Take out of 'conn' what turned out to be a router's MAC. */
void measure_hop_complete(struct mpa_measure *m, struct mpa_rec_conn *conn);
void measure_hop_finish(struct mpa_measure *m); /* The vantage is decided. */
void measure_hop_add(struct mpa_measure *m, const struct mpa_measure *from);
/* The hop of this name; NULL. */
const struct hop *measure_hop_named(const struct mpa_measure *m, const char *name);

/* ---- vips.c --------------------------------------------------------------------- */

#define ADDRESSES_MAX   1024 /* Server addresses that are known by name; the rest is one. */
#define ADDRESSES_PLAIN 768  /* ... of which this many without evidence of being a VIP. */
#define BINNED_PLAIN    32   /* Addresses without evidence that have bins. */
#define ADDRESS_OTHER   0
#define ADDRESS_DIRECT  1

#define ADDRESS_GIVEN    0x01 /* In --vip. */
#define ADDRESS_DENIES   0x02 /* Its servers set C. */
#define ADDRESS_REDIRECT 0x04 /* Showed redirect resets. */
#define ADDRESS_JOINED   0x08 /* A direct subflow was usable at it: a unique address. */
#define ADDRESS_BINNED   0x10
#define ADDRESS_USED     0x20 /* Some completed record has it as a server. */

struct address {
    struct mpa_addr addr;
    uint64_t bytes; /* Of the current second. */
    uint32_t live;  /* Flows. */
    uint8_t flags;
    uint16_t splits; /* Handshakes that two servers answered; saturates. */
};

/* Bytes to and from one address in one second. */
struct byte_bin {
    int64_t second; /* Since the epoch. */
    uint64_t bytes;
    uint16_t slot;
    uint16_t series; /* Which measure it is from (mpa_measure_add()). */
};

/* Flows that lived at an address when a churn line passed. */
struct snapshot {
    uint32_t mark; /* Index of the line. */
    uint32_t live;
    uint16_t address;
    uint16_t series;
};

struct vips {
    struct address at[ADDRESSES_MAX];
    uint16_t index[2 * ADDRESSES_MAX]; /* Open addressing; 0 empty. */
    int count, plain, binned;
    uint16_t touched[ADDRESSES_MAX]; /* With bytes in the current second. */
    int touched_count;
    int64_t bin_end_ns; /* Of the current second. */
    struct byte_bin *bins;
    size_t bin_count, bin_capacity;
    struct snapshot *snapshots;
    size_t snapshot_count, snapshot_capacity;
};

void measure_vip_init(struct mpa_measure *m);
/* The subflow's server address, live or not, becomes known. */
void measure_vip_subflow(struct mpa_measure *m, struct mpa_subflow *sf);
void measure_vip_evidence(struct mpa_measure *m, struct mpa_subflow *sf, uint8_t flag);
void measure_vip_live(struct mpa_measure *m, struct mpa_subflow *sf, bool live);
void measure_vip_split(struct mpa_measure *m, const struct mpa_subflow *sf);
void measure_vip_bytes(struct mpa_measure *m, struct address *a, uint32_t bytes);
void measure_vip_roll(struct mpa_measure *m, int64_t ns); /* Seconds have passed. */
void measure_vip_mark(struct mpa_measure *m, uint32_t mark);
int measure_vip_add(struct mpa_measure *m, const struct mpa_measure *from);
bool measure_vip_is(const struct mpa_measure *m, const struct mpa_addr *addr);
bool measure_vip_address_is(const struct address *a);
bool measure_vip_any(const struct mpa_measure *m);
struct address *measure_vip_find(struct mpa_measure *m, const struct mpa_addr *addr);
void measure_vip_free(struct mpa_measure *m);

/* ---- reset.c -------------------------------------------------------------------- */

/* What the class of a RST is decided from. */
struct reset_view {
    const struct mpa_segment *seg;
    const struct mpa_conn *conn;
    const struct mpa_subflow *sf; /* Before this RST changed it. */
    enum mpa_dir dir;
    int64_t idle_ns; /* Silence on the subflow before it. */
    int reason;      /* Of MP_TCPRST; -1 without. */
    int transient;   /* The same. */
    bool fastclose;  /* The RST carries MP_FASTCLOSE. */
    bool given_vip;  /* The subflow's server address is in --vip. */
};

/* First match of the table (C.7). */
enum mpa_word measure_reset_class(const struct reset_view *v);
void measure_reset_event(struct mpa_measure *m, const struct mpa_event *e);

/* ---- migrate.c ------------------------------------------------------------------ */

/* What the state is decided from (D.3). */
struct migrate_view {
    bool mptcp;
    bool advertised;       /* Somebody's ADD_ADDR was seen. */
    bool usable;           /* A direct subflow could be used (t_use). */
    bool joined_same;      /* A join to the initial address was usable. */
    bool direct_pending;   /* A direct subflow was begun and neither usable nor refused. */
    bool direct_refused;   /* One was begun and refused: there was time for it. */
    bool joins_only;       /* The initial subflow was not captured. */
    int64_t advertised_ns; /* From the first ADD_ADDR to the connection's end. */
    int64_t rtt0_ns;
    uint64_t after[2][2], grace[2][2];
    uint64_t bytes[2]; /* Unique data bytes. */
    uint64_t span[2];  /* Highest minus lowest data sequence number. */
};

/* The state; '*ret_judged' is the direction it was judged by. */
enum mpa_word measure_migrate_state(const struct migrate_view *v, enum mpa_dir *ret_judged);
double measure_migrate_share(uint64_t vip,
                             uint64_t direct); /* NaN where there is nothing to share. */
void measure_migrate_usable(struct mpa_conn *conn);
void measure_migrate_vip_ended(struct mpa_conn *conn, enum mpa_word by);
void measure_migrate_export(const struct mpa_conn *conn, struct mpa_rec_conn *ret);

/* ---- progress.c ----------------------------------------------------------------- */

#define GAP_WINDOW_NS (5 * SECOND)  /* W of D.5. */
#define MORE_DATA_NS  (200 * MILLI) /* "More data arrives within 200 ms after the interval". */

void measure_progress(struct mpa_measure *m, const struct mpa_segment *seg, struct mpa_subflow *sf,
                      enum mpa_dir dir, const struct mpa_facts *facts);
void measure_progress_hit(struct mpa_measure *m, const struct mpa_event *e);
/* The connection ends: windows that are still open. */
void measure_progress_end(struct mpa_measure *m, struct mpa_conn *conn);
void measure_quiet_add(struct quiet *q, uint32_t us);
int64_t measure_quiet_p99(const struct quiet *q); /* Nanoseconds; -1 without samples. */
struct conn_rare *measure_rare(struct mpa_measure *m, struct mpa_conn *conn); /* NULL: no memory. */
void measure_rare_free(struct conn_rare *rare);

/* ---- verdict.c ------------------------------------------------------------------ */

enum verdict { VERDICT_SURVIVED, VERDICT_FAILED, VERDICT_UNDETERMINED };

struct verdict_view {
    bool mptcp;
    bool advanced;     /* P(t) advanced after the latest hit. */
    bool complete;     /* All data had been delivered. */
    bool ended;        /* FASTCLOSE: somebody gave up. */
    bool live_left;    /* An established subflow is left. */
    bool join_pending; /* A join SYN has neither been answered nor refused. */
    bool nowhere;      /* No join, no address advertised, and C forbids joins to the initial one. */
    bool partial;      /* Begun before the capture: it may have subflows that are not seen. */
    int64_t silent_ns; /* From the death of the last subflow to the end of what was watched. */
};

enum verdict measure_verdict(const struct verdict_view *v);
/* Whether all data that the connection had to carry was delivered. */
bool measure_is_complete(const struct mpa_conn *conn);
/* Survived, failed and outcome of a connection that was hit. */
void measure_verdict_export(const struct mpa_measure *m, const struct mpa_conn *conn,
                            struct mpa_rec_conn *ret);

/* ---- churn.c -------------------------------------------------------------------- */

/* A hit or a change of server, for inferring events. */
struct point {
    int64_t ns;
    uint64_t flow; /* Hash of the client's address and port: the same at every vantage point. */
    uint32_t flows_live;
    uint16_t address;
};

struct churn_event {
    int64_t ns;
    int line; /* Index into config.churn; -1 inferred. */
    int64_t flows_live, flows_moved, needless, at_removed, unknown, reset_events, failed;
};

/* Cluster 'points' (sorted by time) into events; writes their times to 'ret' (room for 'max'),
 * returns their number. */
int measure_churn_cluster(const struct point *points, size_t count, int64_t first_ns,
                          int64_t last_ns, int64_t *ret, int max);
void measure_churn_conn(struct mpa_measure *m, const struct mpa_rec_conn *conn); /* Its points. */
void measure_churn_decide(struct mpa_measure *m); /* All points are in: the events. */
void measure_churn_complete(struct mpa_measure *m, struct mpa_rec_conn *conn);
int measure_churn_report(struct mpa_measure *m, struct mpa_rec_report *ret);

/* ---- notes.c -------------------------------------------------------------------- */

#define NOTES_MAX 64

/* A note about 'sf' made by 'e'; 'value' and 'addr' as the kind says.  Nothing where config.notes
 * does not keep it. */
void measure_note(struct mpa_measure *m, const struct mpa_event *e, enum mpa_word kind,
                  int64_t value, const struct mpa_addr *addr);
void measure_note_segment(struct mpa_measure *m, const struct mpa_segment *seg,
                          struct mpa_subflow *sf, enum mpa_dir dir, enum mpa_word kind,
                          int64_t value);
void measure_note_event(struct mpa_measure *m, const struct mpa_event *e);

/* ---- v6_secret.c ---------------------------------------------------------------- */

/* Whether the lower half of 'addr' is the hash of 'token' under 'secret'. */
bool measure_v6_follows(const uint8_t *secret, size_t size, uint32_t token,
                        const struct mpa_addr *addr);
/* The verdicts over a completed record, and their sums. */
void measure_v6_conn(struct mpa_measure *m, struct mpa_rec_conn *conn);

/* ---- record.c, totals.c, report.c, measure.c ------------------------------------ */

void measure_conn_end(struct mpa_measure *m, struct mpa_conn *conn);
/* Where a capture at 'vantage' stands relative to the host that advertised (D.1). */
enum mpa_word measure_advert_vantage(enum mpa_word vantage, bool from_server);

/* Vantage point that most handshakes show, of counts by enum mpa_word - MPA_VANTAGE_UNKNOWN. */
enum mpa_word measure_majority(const int64_t counts[4]);

#define SIZE_CLASSES 46 /* 1, 2, 5, 10 ... 5e14 bytes and more. */

struct latency {
    struct mpa_samples first, last;
};

/* What one vantage point counted. */
struct series {
    struct mpa_track_counts counts;
    int64_t vantage[4];
    int64_t bytes; /* Unique data bytes of all its connections. */
    int64_t split;
    int64_t icmp_astray;
    int64_t initial;     /* Connections whose initial subflow was seen. */
    int64_t relayed;     /* ... translated or in a tunnel. */
    bool relay;          /* The capture is on a device between the ends. */
    int64_t vip_one_way; /* Initial subflows of which only packets to the server were seen. */
    int64_t vip_two_way;
    int64_t direct; /* Subflows to other addresses than the VIP. */
};

/* Where a vantage point stands: by its handshakes; where they are too quick to tell, because
 * packets are passed on there. */
enum mpa_word measure_series_vantage(const struct series *s);

struct size_class {
    int64_t count, completed;
    struct mpa_samples rate;
};

struct totals {
    int64_t connections[3]; /* By protocol. */
    int64_t fallback[MPA_FALLBACK_COUNT];
    int64_t bytes; /* Unique data bytes of the (merged) records. */
    int64_t aa_advertised, aa_transmissions, aa_answered, aa_unanswered;
    struct latency aa[3];  /* Non-receivers, receivers, unknown. */
    int64_t aa_seen[3][5]; /* Adverts in each, by enum mpa_word - MPA_AA_VANTAGE_UNKNOWN. */
    int64_t migration[5];  /* By state. */
    double vip_after[2], direct_after[2];
    double through_bytes[2], all_bytes[2], through_packets[2], all_packets[2];
    bool direct_seen;
    int64_t reset_packets, reset_events, reset_classes[MPA_RESET_COUNT];
    int64_t mptcp_hit, mptcp_survived, mptcp_failed, mptcp_undetermined, mptcp_unprotected;
    int64_t v6_ok, v6_bad; /* --v6-secret. */
    int64_t tcp_hit, tcp_failed, tcp_undetermined;
    struct mpa_samples gap;
    struct size_class sizes[SIZE_CLASSES];
    int64_t transfers_completed, first_syn_ns, last_end_ns;
    struct {
        int64_t second;
        int64_t n[MPA_RESET_COUNT];
    } * resets; /* Bins, sorted when reported. */
    size_t reset_count, reset_capacity;
};

/* Index of the size class of 'bytes' (> 0) and its bounds (both included). */
int measure_size_class(int64_t bytes);
void measure_size_bounds(int index, int64_t *ret_min, int64_t *ret_max);
void measure_totals_conn(struct mpa_measure *m, const struct mpa_rec_conn *conn);
void measure_totals_free(struct totals *t);

struct mpa_measure {
    struct mpa_measure_config config;
    struct mpa_tracker *tracker;
    int status; /* First failure. */
    bool finished, decided;
    int64_t first_ns; /* First packet; INT64_MIN before any. */
    int64_t now_ns;
    int32_t capture; /* Index of the first capture; -1 before any. */
    int64_t mark_ns; /* Time of the next churn line; INT64_MAX none. */
    int64_t turn_ns; /* When there is to be looked at either of the next second and the next churn line. */
    uint32_t marks;  /* Churn lines that have passed. */
    struct vips vips;
    struct hops hops;
    struct series *series; /* [0] is this measure's own. */
    size_t series_count, series_capacity;
    struct point *points;
    size_t point_count, point_capacity;
    struct churn_event *events;
    size_t event_count, event_capacity;
    struct totals totals;
    struct deploy deploy;
    /* Memory of one record, used again. */
    struct mpa_export export;
    struct mpa_rec_hit *rec_hits;
    size_t rec_hit_capacity;
    /* Memory of the report. */
    struct mpa_rec_churn_event *rec_events;
    struct mpa_rec_bin *rec_bins;
    struct mpa_rec_transfer_class rec_transfers[SIZE_CLASSES];
    struct mpa_prefix rec_vips[ADDRESSES_MAX];
};

/* The first failure is kept for mpa_measure_finish(). */
static inline void measure_failed(struct mpa_measure *m, int status)
{
    if (m->status == MPA_OK)
        m->status = status;
}

/* For every packet, and therefore here (servers.c). */
static inline uint64_t measure_key_mac(const uint8_t mac[6])
{
    uint32_t first;
    uint16_t last;

    memcpy(&first, mac, sizeof first);
    memcpy(&last, mac + sizeof first, sizeof last);
    return first | (uint64_t)last << 32;
}

/* One more packet to or from the subflow's current server. */
static inline void measure_hop_count(struct sub_user *u, int64_t ns)
{
    if (u->stints) {
        struct stint *s = &u->stints->at[u->stints->count - 1];

        s->packets++;
        s->last_ns = ns;
    } else {
        u->hop_packets++;
    }
}

/* After the last mpa_measure_add(), before the first completed record: VIPs and events. */
void measure_decide(struct mpa_measure *m);

#endif
