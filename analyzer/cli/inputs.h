/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The captures of one report: which there are, when they begin and end, and which belong together.
 *
 * A file that begins at or after the end of another continues that vantage point (a ring buffer);
 * files that overlap in time are different vantage points.  Where a file could continue several, it
 * continues the one whose path is most like its own, and of those the one that ended last.
 */
#ifndef MPA_CLI_INPUTS_H
#define MPA_CLI_INPUTS_H

#include "feed.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INPUT_ERROR_SIZE 512

struct input {
    const char *path;             /* Borrowed. */
    struct mpa_source *source;    /* Open only between inputs_open() and the end of its reading. */
    int status;                   /* 0 or what went wrong. */
    char error[INPUT_ERROR_SIZE]; /* One sentence, valid with 'status'. */
    int64_t first_ns, last_ns;    /* Of its packets; MPA_NULL unknown or none. */
    bool scanned;                 /* first_ns and last_ns are known. */
    int vantage;                  /* Index of its vantage point. */
    struct feed_counts counts;    /* Valid once it was read. */
    int64_t copies;
    uint32_t snaplen;
};

struct inputs {
    struct input
        *at; /* In the order of the arguments: the index is that of the capture in the report. */
    int count;
    int *order; /* Indices into 'at' in the order of reading: by first packet. */
    int vantage_count;
};

/* Make the list, open what is there, and say what belongs together.  'filter' as in
   mpa_source_open().  Failures of single inputs stand in them.  0 or MPA_ERR_NOMEM. */
int inputs_init(struct inputs *in, const char *const *paths, int count, const char *filter);

/* Open the input for reading, if it is not.  0 or its status. */
int input_open(struct input *input, int index, const char *filter);

/* Time of the first packet of all, as far as known before reading; MPA_NULL. */
int64_t inputs_first_ns(const struct inputs *in);

void inputs_free(struct inputs *in);

/* Decide the vantage points of inputs whose times are known: fills 'order', 'vantage' and
   'vantage_count'.  Apart, for its tests. */
void inputs_group(struct inputs *in);

#endif
