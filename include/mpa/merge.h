/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several vantage points, and shards: records of one connection become one.
 *
 * Two records belong together when both keys are equal; else by the initial sequence numbers of a
 * subflow or the random numbers of a join they share; else, where one holds only joins, by the
 * HMAC, or by the token where only one connection has it; else, where one has none of these, by a
 * four-tuple at the same time at another vantage point, where that leaves no choice.  Different
 * keys are never united.  Any order gives the same result.
 *
 * In the merged record, counts of a subflow are the largest of the views, bytes of the connection
 * are the union of the data seen, and times that durations are made of come from one vantage point
 * (which one: analyzer/track/merge_conn.c), since clocks differ.  first_ns and last_ns are the
 * extremes over all clocks.  An advertisement is the advertiser's own, where that was captured.
 */
#ifndef MPA_MERGE_H
#define MPA_MERGE_H

#include "mpa/record.h"
#include "mpa/segment.h"

/* A set of records, in memory. */
struct mpa_merge;

struct mpa_merge *mpa_merge_new(void); /* NULL when memory ends. */

/* Add a record (copied) of the vantage point with index 'capture' (whose clock offset to capture 0
   is not applied); a merged record with one of its captures.  Not after mpa_merge_finish().
   0 or MPA_ERR_NOMEM, with nothing changed. */
int mpa_merge_put(struct mpa_merge *m, const struct mpa_rec_conn *conn, int capture);

/* All records are in: find out which belong together.  0 or MPA_ERR_NOMEM. */
int mpa_merge_finish(struct mpa_merge *m);

/* The merged records, numbered from 0 by first packet, in that order: 1 and '*ret' (valid until the
   next call; the caller may change it), 0 at the end, MPA_ERR_NOMEM (may be tried again). */
int mpa_merge_next(struct mpa_merge *m, struct mpa_rec_conn **ret);

void mpa_merge_free(struct mpa_merge *m); /* NULL is accepted. */

/* Packets seen at several vantage points: one-way delay and loss between each pair of captures. */
struct mpa_pairs;

struct mpa_pairs *mpa_pairs_new(int captures); /* NULL when memory ends. */

/* Note one segment that is no copy.  'capture' (0 <= capture < captures) is the vantage's index;
   'dir' the direction in its connection.  NAT does not disturb it: only what translation leaves
   alone is compared (sequence and acknowledgement numbers, flags, size, timestamps).  24 bytes of
   memory each.  Not after mpa_pairs_report().  0 or MPA_ERR_NOMEM. */
int mpa_pairs_add(struct mpa_pairs *p, int capture, const struct mpa_segment *segment,
                  enum mpa_dir dir);

/*
 * Compare all pairs: one row a direction, 'from' the vantage nearer to the sender.  '*ret' points
 * into 'p' and is sorted by 'from' and 'to'.
 *
 * The offset is the clock of 'to' minus that of 'from': half the difference of the smallest
 * differences of both directions, and the error half their sum (D.11); 'delay' is corrected by it.
 * With one direction only both are MPA_NULL and 'delay' is empty.
 *
 * 'lost' counts packets seen at the nearer and not at the farther vantage, within the time and
 * flows that both captures cover, unless a capture of a parallel path (another server) has them.
 * MPA_NULL where fewer than half of the packets match, or most flows were cut anew (GRO, TSO).
 *
 * 0 or MPA_ERR_NOMEM.
 */
int mpa_pairs_report(struct mpa_pairs *p, const struct mpa_rec_vantage_pair **ret, int *ret_count);

void mpa_pairs_free(struct mpa_pairs *p); /* NULL is accepted. */

#endif
