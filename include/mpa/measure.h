/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Measurements over the tracker's events: ADD_ADDR acknowledgement, migration off the VIP, reset classes, churn, off-path ratio,
 * transfers (protocol reference, section D).  Never prints.
 *
 * One struct mpa_measure is one vantage point with its own tracker.  Feed it segments, take records of connections as they end through
 * 'on_conn', then mpa_measure_finish() and mpa_measure_report().  Several vantage points: their records are merged
 * (merge.h), their measures added (mpa_measure_add()).
 */
#ifndef MPA_MEASURE_H
#define MPA_MEASURE_H

#include "mpa/hosts.h"
#include "mpa/record.h"
#include "mpa/track.h"

/* A line of --servers: a physical server.  Unknown columns are empty: zero address, zero MAC. */
struct mpa_server {
    char name[64];
    struct mpa_addr unique_address, outer_address;
    uint8_t mac[6];
    bool has_unique, has_outer, has_mac;
};

/* A line of --churn. */
struct mpa_churn_line {
    int64_t ns;
    bool remove; /* Otherwise add. */
    char server[64]; /* Name or address as written. */
};

/* What is kept of the connections' stories. */
enum mpa_measure_notes {
    MPA_NOTES_NONE,
    MPA_NOTES_ALL,          /* --explain. */
    MPA_NOTES_FIRST_DIRECT, /* MPA_NOTE_FIRST_DIRECT alone. */
};

struct mpa_measure_config {
    struct mpa_track_config track; /* 'observer' and its user sizes are set by the measure; 'also' is free. */
    const struct mpa_prefix *vips; /* --vip; borrowed for the measure's life, like all arrays here. */
    int vip_count;
    const struct mpa_server *servers;
    int server_count;
    const struct mpa_churn_line *churn; /* In time order. */
    int churn_count;
    /* --v6-secret: the key of per-connection IPv6 addresses (analyzer/measure/v6_secret.c says of which hash); size 0: not given, at most 64. */
    const uint8_t *v6_secret;
    size_t v6_secret_size;
    enum mpa_measure_notes notes;
    /* Called with each connection's record when it leaves memory (and for the rest in mpa_measure_finish()).  The record is the caller's only
       for the call.  A non-zero return stops nothing, but is what mpa_measure_finish() returns. */
    int (*on_conn)(void *context, const struct mpa_rec_conn *conn);
    /* Several vantage points (mpa_pairs_add()): called with every segment that belongs to a subflow and is no copy, and its direction in the
       connection.  NULL: not called. */
    void (*on_segment)(void *context, const struct mpa_segment *segment, enum mpa_dir dir);
    void *context;
    struct mpa_hosts *hosts; /* --nstat: told of every event (hosts.h); NULL: none. */
    /* Called before 'on_conn' with the connection and its record, to which it may add findings.  NULL: not called. */
    int (*judge)(void *context, const struct mpa_conn *conn, struct mpa_rec_conn *record);
    void *judge_context;
};

struct mpa_measure;

struct mpa_measure *mpa_measure_new(const struct mpa_measure_config *config); /* NULL when memory ends. */

void mpa_measure_segment(struct mpa_measure *m, const struct mpa_segment *segment);
void mpa_measure_segments(struct mpa_measure *m, const struct mpa_segment *segments, int count);
/* As mpa_tracker_prepare(). */
void mpa_measure_prepare(struct mpa_measure *m, struct mpa_segment *segments, int count);
void mpa_measure_icmp(struct mpa_measure *m, const struct mpa_icmp_error *icmp);

/* End of the vantage point: all connections end.  0, or the first failure (MPA_ERR_NOMEM, or of 'on_conn'). */
int mpa_measure_finish(struct mpa_measure *m);

/*
 * Bring 'from' (finished, same configuration, unchanged by this) into 'm' (finished): what a merge of the connection records does not give.
 * Before the first mpa_measure_complete() of 'm'.  0 or MPA_ERR_NOMEM.
 *
 * Options, HMACs and bytes of the time line are what each vantage point counted: where one of them holds nine tenths of the data of all
 * completed records, the others repeat it and the largest count is taken; otherwise they see parts of the traffic and counts add up.
 */
int mpa_measure_add(struct mpa_measure *m, const struct mpa_measure *from);

/*
 * The totals come from the records: feed every (merged) connection once, in the order of ids, between finish and report.
 * Completes the record with what is known only at the end: on_vip, churn_event of hits, vantage where the capture decides it, and servers
 * that turn out to be a router's MAC.  Without memory the totals lack something, and mpa_measure_report() says so.
 *
 * VIPs (without --vip): the server address of a connection whose server set C, or that shows redirect resets, unless clients join it from
 * connections to another address.  Churn events (without --churn): clusters of hits and of flows that change their server (protocol
 * reference D.6, D.11).  'survived' is MPA_NULL where the capture cannot tell; what it can is in analyzer/measure/verdict.c (D.7).
 */
void mpa_measure_complete(struct mpa_measure *m, struct mpa_rec_conn *conn);

/* After all connections have been completed: the totals.  Arrays belong to the measure.  'ret->captures', 'pairs' and 'epoch_ns' are left
   to the caller (the vantage of each capture comes from mpa_measure_vantage()).  0, or the first failure
   of this measure (MPA_ERR_NOMEM, or of 'on_conn'); '*ret' is then complete but for what failed. */
int mpa_measure_report(struct mpa_measure *m, struct mpa_rec_report *ret);

/* The vantage of this measure's capture by the majority of its handshakes (protocol reference C.0); MPA_VANTAGE_MIDDLE also where they
   are too quick to tell and most flows are translated or sent through tunnels to several servers here.  After mpa_measure_finish(). */
enum mpa_word mpa_measure_vantage(const struct mpa_measure *m);

/* What the tracker inside has counted so far; others added are not in it. */
const struct mpa_track_counts *mpa_measure_counts(const struct mpa_measure *m);

/* The class of the first RST that 'dir' sent on a live subflow of this measure, MPA_RESET_*; 0 where it sent none. */
enum mpa_word mpa_measure_reset_class(const struct mpa_subflow *sf, enum mpa_dir dir);

/* The tracker inside, for the bench and the plugin. */
struct mpa_tracker *mpa_measure_tracker(struct mpa_measure *m);

void mpa_measure_free(struct mpa_measure *m); /* NULL is accepted. */

#endif
