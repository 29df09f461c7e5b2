/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --progress: lines on standard error; on a terminal one that is written over. */
#ifndef MPA_CLI_PROGRESS_H
#define MPA_CLI_PROGRESS_H

#include "mpa/source.h"

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *path; /* Borrowed. */
    bool terminal;
    bool said; /* There is something on the line. */
    int64_t began_ns, last_ns;
};

void progress_begin(struct progress *p, const char *path);

/* For struct feed: 'context' is a struct progress. */
void progress_tell(void *context, const struct mpa_source *source, int64_t packets);

/* The last line: how many packets, how fast. */
void progress_end(struct progress *p, int64_t packets);

#endif
