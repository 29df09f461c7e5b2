/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One report's captures through the engine: source -> wire -> measure (one for each vantage point)
 * -> records in the order of their ids, selected and complete, and the totals.
 */
#ifndef MPA_CLI_STUDY_H
#define MPA_CLI_STUDY_H

#include "inputs.h"
#include "options.h"
#include "verdicts.h"

#include "mpa/measure.h"
#include "mpa/merge.h"
#include "mpa/report.h"

#define STUDY_LOST_CHECKS 3

struct study;

/* One vantage point. */
struct study_vantage {
    struct study *study;
    struct mpa_measure *measure; /* NULL when none of its captures could be read. */
    struct mpa_check *check;     /* --check; NULL without. */
    struct mpa_hosts *hosts;     /* --nstat; NULL without. */
    int capture;                 /* Its first capture. */
};

struct study {
    const struct options *o;
    struct inputs in;
    int64_t from_ns, to_ns;         /* Packets outside are left out. */
    struct study_vantage *vantages; /* in.vantage_count of them. */
    struct mpa_spool *ended;        /* One vantage point: its records as connections end. */
    struct mpa_merge *merge;        /* Several: theirs. */
    struct mpa_pairs *pairs;        /* Several. */
    struct mpa_spool *done;         /* Selected records, complete, in the order of ids. */
    struct mpa_writer *writer;      /* Takes them instead as they are completed; NULL: none. */
    struct mpa_rec_capture *captures;
    const char *(*lost_checks)[STUDY_LOST_CHECKS]; /* Of each capture. */
    int64_t connections, selected;
    struct verdicts *verdicts; /* --check; NULL without. */
    struct mpa_rec_rule rules[MPA_RULE_COUNT];
    struct mpa_guesses guesses;     /* Of all vantage points. */
    struct mpa_host *hosts;           /* --nstat: the addresses, */
    struct mpa_rec_host *rec_hosts;   /* the comparisons, */
    struct mpa_rec_counter *counters; /* and their rows: MPA_COUNTER_COUNT a host. */
    int status;                       /* First failure of ours: negative enum mpa_status. */
    struct mpa_rec_report report;     /* Valid after study_run() returned 0. */
};

/* Read everything and fill 'report' and 'done'.  A 'writer' (borrowed, 'totals_last'; or NULL) is begun and given the connections instead
   of 'done': once less to disk and back.  'verdicts' (borrowed) with --check, else NULL.  What is wrong with inputs stands in 'in' and has been told.  0, or the failure of ours, told
   too.  study_free() in any case. */
int study_run(struct study *s, const struct options *o, const char *const *paths, int count,
              struct mpa_writer *writer, struct verdicts *verdicts);

void study_free(struct study *s);

#endif
