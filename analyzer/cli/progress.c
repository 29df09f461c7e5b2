/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define EVERY_NS 500000000

static int64_t clock_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t per_second(int64_t packets, int64_t ns)
{
    return ns > 0 ? (int64_t)((double)packets * 1e9 / (double)ns) : 0;
}

void progress_begin(struct progress *p, const char *path)
{
    *p = (struct progress){.path = path, .terminal = isatty(STDERR_FILENO)};
    p->began_ns = p->last_ns = clock_ns();
}

void progress_tell(void *context, const struct mpa_source *source, int64_t packets)
{
    struct progress *p = context;
    int64_t now = clock_ns();
    uint64_t done, size;

    if (now - p->last_ns < EVERY_NS)
        return;
    p->last_ns = now;
    p->said = true;
    mpa_source_progress(source, &done, &size);
    fprintf(stderr, "%s%s: ", p->terminal ? "\r" : "", p->path);
    if (size > 0)
        fprintf(stderr, "%.0f %%, ", 100.0 * (double)done / (double)size);
    fprintf(stderr, "%" PRId64 " packets, %" PRId64 " packets/s%s", packets,
            per_second(packets, now - p->began_ns), p->terminal ? "\033[K" : "\n");
}

void progress_end(struct progress *p, int64_t packets)
{
    int64_t now = clock_ns();

    fprintf(stderr, "%s%s: read, %" PRId64 " packets, %" PRId64 " packets/s%s\n",
            p->terminal && p->said ? "\r" : "", p->path, packets,
            per_second(packets, now - p->began_ns), p->terminal && p->said ? "\033[K" : "");
}
