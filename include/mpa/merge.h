/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several vantage points, and shards: records of one connection become one.
 *
 * Two records belong together when both keys are equal; else by the token of a join and its HMAC; else by the initial sequence
 * numbers of a subflow they share.  Equal tokens alone never suffice when two candidates exist.  Any order gives the same result.
 */
#ifndef MPA_MERGE_H
#define MPA_MERGE_H

#include "mpa/record.h"
#include "mpa/segment.h"

/* A set of records, in memory. */
struct mpa_merge;

struct mpa_merge *mpa_merge_new(void); /* NULL when memory ends. */

/* Add a record (copied) of capture 'vantage_index' (whose clock offset to capture 0 is not applied).  0 or MPA_ERR_NOMEM. */
int mpa_merge_put(struct mpa_merge *m, const struct mpa_rec_conn *conn, int capture);

/* All records are in: merge them and number them from 0 by first packet. */
int mpa_merge_finish(struct mpa_merge *m);

/* The merged records in the order of ids: 1 and '*ret' (valid until the next call), 0 at the end, MPA_ERR_NOMEM. */
int mpa_merge_next(struct mpa_merge *m, struct mpa_rec_conn **ret);
void mpa_merge_free(struct mpa_merge *m);

/* Packets seen at several vantage points: one-way delay and loss between each pair of captures. */
struct mpa_pairs;

struct mpa_pairs *mpa_pairs_new(int captures); /* NULL when memory ends. */

/* Note one segment that is no copy.  'capture' is the vantage's index; 'dir' the direction in its connection.  NAT does not disturb it: only what
   translation leaves alone is compared (sequence and acknowledgement numbers, flags, size, timestamps).  0 or MPA_ERR_NOMEM. */
int mpa_pairs_add(struct mpa_pairs *p, int capture, const struct mpa_segment *segment, enum mpa_dir dir);

/* Compare all pairs.  'ret' points into 'p'.  Loss counts packets of a direction seen at the nearer and not at the farther
   vantage, within the time and flows that both captures cover.  0 or MPA_ERR_NOMEM. */
int mpa_pairs_report(struct mpa_pairs *p, const struct mpa_rec_vantage_pair **ret, int *ret_count);
void mpa_pairs_free(struct mpa_pairs *p);

#endif
