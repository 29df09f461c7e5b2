/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where reports go: standard output or -o, and --csv. */
#ifndef MPA_CLI_OUTPUT_H
#define MPA_CLI_OUTPUT_H

#include "options.h"

#include "mpa/report.h"

#include <stdio.h>

struct output {
    const struct options *o;
    FILE *out;
    struct mpa_anonymizer *anonymizer; /* NULL without --anonymize. */
    int reports;                       /* Written so far. */
};

/* Open what is written to.  0, or MPA_ERR_WRITE or MPA_ERR_NOMEM; the line about it has been
   printed. */
int output_open(struct output *out, const struct options *o);

/* Open 'path' for writing but leave what is in it; NULL with errno.  What it holds goes with output_empty(), which does nothing for a 'path'
   of NULL and for standard output, and returns as output_open(): nothing is lost where a further output cannot be opened. */
FILE *output_create(const char *path);
int output_empty(FILE *out, const char *path);

/* The writer of the one format that is asked for, where it can take connections before the totals; NULL
   otherwise.  'file' with --separate, else NULL.  Ended by output_report(), or freed by the caller. */
struct mpa_writer *output_direct(const struct output *out, const char *file);

/* One report: 'file' with --separate, else NULL; 'namesakes' captures before it have the same
   last part of their path.  'direct' was given the connections, or is NULL and 'spool' holds them.
   Returns as output_open(). */
int output_report(struct output *out, const char *file, int namesakes, struct mpa_writer *direct,
                  const struct mpa_rec_report *report, struct mpa_spool *spool);

/* --expect: compare the report with the expectation ('file' and 'index' of the capture with --separate, where the expectation may be an
   array with one item a capture) and tell each difference.  Sets '*ret_same'; returns as output_open(). */
int output_expect(const struct output *out, const char *file, int index,
                  const struct mpa_rec_report *report, struct mpa_spool *spool, bool *ret_same);

/* What 'print' writes, to standard output.  Returns as output_open(). */
int output_text(void (*print)(FILE *));

/* The same to 'path', or to standard output where it is NULL. */
int output_text_to(const char *path, void (*print)(FILE *));

/* What the writers are told; 'file' with --separate, else NULL. */
struct mpa_writer_options output_options(const struct output *out, const char *file);

/* One walk over the report for 'w', which is not freed; 'name' is what it writes to.  Returns as output_open(). */
int output_walk(struct mpa_writer *w, const char *name, const struct mpa_rec_report *report,
                struct mpa_spool *spool);

/* Tell that 'name' could not be written, with the errno of now where 'status' is MPA_ERR_WRITE.  Returns 'status'. */
int output_failed(const char *name, int status);

/* At the start: where a standard descriptor is closed, the next file that is opened would take
   its place and be written to. */
void output_keep_descriptors(void);

/* The last part of a path. */
const char *output_basename(const char *path);

/* Write out what is buffered and close; 'status' is that of the reports.  Returns it, or as
   output_open(). */
int output_close(struct output *out, int status);

#endif
