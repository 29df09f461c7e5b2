/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writers: records in, text, JSON or CSV out.  Uses the record types only.
 *
 * One walk serves all writers: begin with the report's totals, each connection in the order of its id, end.  A new format is one
 * file that fills a struct mpa_writer and one row in the CLI's table.
 */
#ifndef MPA_REPORT_H
#define MPA_REPORT_H

#include "mpa/record.h"

#include <stdio.h>

/* Prefix-preserving pseudonyms of addresses; see anonymize.c. */
struct mpa_anonymizer;

/* A random key (getrandom) unless 'seed' is not NULL: then the same seed gives the same pseudonyms.  NULL when memory ends. */
struct mpa_anonymizer *mpa_anonymizer_new(const char *seed);
struct mpa_addr mpa_anonymizer_addr(const struct mpa_anonymizer *a, const struct mpa_addr *addr);
void mpa_anonymizer_free(struct mpa_anonymizer *a); /* NULL is accepted. */

struct mpa_writer_options {
    const struct mpa_anonymizer *anonymizer; /* NULL: addresses as they are. */
    bool explain;                            /* Text: each connection's story. */
    const char *only_file; /* --separate: this report is about this file; NULL otherwise. */
    /* For CI: */
    bool separate; /* Each report is about a file of its own. */
    bool baseline; /* Findings were compared with a baseline. */
    /* Least severity that fails, MPA_SEVERITY_*; MPA_WORD_COUNT: none does. */
    enum mpa_word fail_on;
};

struct mpa_writer {
    /* Each returns 0 or MPA_ERR_WRITE / MPA_ERR_NOMEM; after a failure only 'free' is called. */
    int (*begin)(struct mpa_writer *w, const struct mpa_rec_report *report);
    int (*connection)(struct mpa_writer *w, const struct mpa_rec_conn *conn);
    int (*end)(struct mpa_writer *w, const struct mpa_rec_report *report);
    void (*free)(struct mpa_writer *w);
    /* 'begin' looks at 'epoch_ns' and the captures only: such a writer can be given connections before the totals are known. */
    bool totals_last;
    /* NULL, or: the writer takes several reports one after the other, and this once behind the last (not after a failure). */
    int (*close)(struct mpa_writer *w);
};

/* Writers to 'out' (borrowed, not closed); NULL when memory ends, or (text with 'explain') no temporary file can be made. */
struct mpa_writer *mpa_writer_text(FILE *out, const struct mpa_writer_options *options);
struct mpa_writer *mpa_writer_json(FILE *out, const struct mpa_writer_options *options);
/* connections.csv, subflows.csv, add_addr.csv, resets.csv, churn.csv, timeline.csv, findings.csv in 'dir' (made if missing).  NULL with errno set. */
struct mpa_writer *mpa_writer_csv(const char *dir, const struct mpa_writer_options *options);

/* Verdicts for CI, a case a rule (mpa_rec_report.rules is not NULL): JUnit XML, SARIF 2.1.0, TAP 13.  They have a 'close'. */
struct mpa_writer *mpa_writer_junit(FILE *out, const struct mpa_writer_options *options);
struct mpa_writer *mpa_writer_sarif(FILE *out, const struct mpa_writer_options *options);
struct mpa_writer *mpa_writer_tap(FILE *out, const struct mpa_writer_options *options);

/* Records of connections that ended: the first ones in memory, the others on disk, so that memory does not grow with them. */
struct mpa_spool;

/* 'memory' bytes of packed records (some 300 bytes a connection with two subflows), and the first 'memory' / 32 ids, are kept before temporary
   files are made in TMPDIR, else /tmp.  NULL when memory ends. */
struct mpa_spool *mpa_spool_new(size_t memory);
#define MPA_SPOOL_MEMORY ((size_t)32 << 20)
/* Append 'conn' (copied, ids in any order, each once).  0, MPA_ERR_WRITE (no temporary file, too), MPA_ERR_NOMEM, MPA_ERR_READ. */
int mpa_spool_put(struct mpa_spool *s, const struct mpa_rec_conn *conn);
/* The connections in the order of their ids: 1 and '*ret' (valid until the next call; arrays writable), 0 at the end, negative on failure. */
int mpa_spool_next(struct mpa_spool *s, struct mpa_rec_conn **ret);
/* NULL, or what the system said of the temporary file when one of these failed.  Static storage. */
const char *mpa_spool_error(const struct mpa_spool *s);
/* Start the walk again (also after writing to records: what was written is not kept). */
void mpa_spool_rewind(struct mpa_spool *s);
void mpa_spool_free(struct mpa_spool *s);

#endif
