/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a capture file to segments, on two cores: one thread reads and decodes frames into batches, the caller's thread takes
 * batches in order.  What the caller sees is the same as from one thread.
 */
#ifndef MPA_CLI_FEED_H
#define MPA_CLI_FEED_H

#include "mpa/record.h"
#include "mpa/segment.h"
#include "mpa/source.h"

#include <stdbool.h>
#include <stdint.h>

#define FEED_LINK_TYPES 8 /* Different link types that are told of one file. */

/* What one file held. */
struct feed_counts {
    int64_t packets, segments, truncated, malformed, fragments, other, icmp;
    int64_t unknown_link;      /* Frames of link types that are not handled. */
    int64_t cut_options;       /* Segments whose TCP options the capture cut. */
    int64_t cut_payload;       /* Segments whose payload it cut. */
    int64_t first_ns, last_ns; /* MPA_NULL without packets. */
    int32_t link_types[FEED_LINK_TYPES];
    int link_type_count;
};

struct feed {
    struct mpa_tunnel_ports ports;
    /* Called by the reading thread: whether the segment is of interest.  NULL: all are. */
    bool (*wanted)(const void *context, const struct mpa_segment *segment);
    bool (*wanted_icmp)(const void *context, const struct mpa_icmp_error *icmp);
    const void *wanted_context;
    /* Called by the reading thread every 65,536 packets; NULL: never. */
    void (*progress)(void *context, const struct mpa_source *source, int64_t packets);
    void *progress_context;
    /* Called by the reading thread with the segments of a batch: what can be computed ahead.  NULL: nothing. */
    void (*prepare)(void *context, struct mpa_segment *segments, int count);
    void *prepare_context;
    bool payload; /* The checks need it: copied, which costs time. */
    /* Called by the caller's thread, in order.  'segments' with their 'options' and 'payload' are valid for the call; 'payload' is NULL
       and 'payload_captured' 0 where it was not asked for. */
    void (*segments)(void *context, const struct mpa_segment *segments, int count);
    void (*icmp)(void *context, const struct mpa_icmp_error *icmp);
    void *context;
};

/* Feed all of 'source'.  0, or what mpa_source_next() returned last when negative (what came before was fed), or MPA_ERR_NOMEM. */
int feed_run(const struct feed *feed, struct mpa_source *source, struct feed_counts *ret);

#endif
