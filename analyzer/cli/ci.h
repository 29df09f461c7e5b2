/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where CI reads: --junit, --sarif, --tap. */
#ifndef MPA_CLI_CI_H
#define MPA_CLI_CI_H

#include "output.h"

#define CI_FILES 3

struct ci {
    struct {
        const char *path; /* NULL: not asked for. */
        FILE *out;
        struct mpa_writer *writer;
    } file[CI_FILES];
};

/* Whether any is asked for. */
bool ci_wanted(const struct options *o);

/* Open what is asked for (- is standard output); 'options' of the writers.  Returns as output_open(). */
int ci_open(struct ci *ci, const struct options *o, const struct mpa_writer_options *options);

/* Empty the files that were opened, once all outputs are.  Returns as output_open(). */
int ci_empty(struct ci *ci);

/* One report.  Returns as output_open(). */
int ci_report(struct ci *ci, const struct mpa_rec_report *report, struct mpa_spool *spool);

/* Complete and close the files; 'status' is that of the reports.  Returns it, or as output_open(). */
int ci_close(struct ci *ci, int status);

#endif
