/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parts of the text writer: units, tables, and what is gathered while connections pass by.
 *
 * Everything that grows with the number of connections is bounded: of connections and advertisements the most interesting ones are
 * kept, durations go into samples, stories into a temporary file.
 */
#ifndef MPA_REPORT_TEXT_H
#define MPA_REPORT_TEXT_H

#include "mpa/record.h"
#include "mpa/report.h"
#include "mpa/rules.h"
#include "schema.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define TEXT_WIDTH       100 /* Columns of the page: of a terminal from TEXT_NARROWEST to this many. */
#define TEXT_NARROWEST   60
#define TEXT_CONNECTIONS 50 /* Most rows of the tables. */
#define TEXT_ADVERTS     20
#define TEXT_EVENTS      30
#define TEXT_CELL        96 /* Bytes that hold any value as text, with the final zero. */

/* ---- Units (text_units.c): each writes into 'ret' of TEXT_CELL bytes and returns it; "-" for MPA_NULL -------- */

const char *text_duration(int64_t ns, char *ret);                                 /* "20.3 ms" */
const char *text_bytes(int64_t bytes, char *ret);                                 /* "1.52 MB" */
const char *text_count(int64_t count, char *ret);                                 /* "18,402" */
const char *text_share(double share, char *ret);                                  /* "97.2 %" */
const char *text_instant(int64_t ns, const struct mpa_values *values, char *ret); /* "+12.345 s" */
const char *text_addr(const struct mpa_addr *addr, const struct mpa_values *values, char *ret);
const char *text_endpoint(const struct mpa_endpoint *e, const struct mpa_values *values, char *ret);
/* A text from outside: pseudonyms in place, control characters replaced.  NULL gives "-".  'size' bytes. */
const char *text_outside(const char *text, const struct mpa_values *values, char *ret, size_t size);

/* ---- Paragraphs and tables (text_table.c) ------------------------------------------------------------------- */

/* Columns of the page that 'out' is: a terminal's, or TEXT_WIDTH. */
int text_width(FILE *out);

/* Print 'text' folded to the page, the first line after 'lead', the others 'hang' columns in. */
void text_paragraph(FILE *out, const char *lead, int hang, const char *text);
__attribute__((format(printf, 4, 5))) void text_paragraphf(FILE *out, const char *lead, int hang,
                                                           const char *format, ...);

enum text_column_flags {
    TEXT_RIGHT = 1,  /* Numbers. */
    TEXT_FOLD = 2,   /* Into the title where all rows have the same value. */
    TEXT_SHRINK = 4, /* Loses its middle first where the page is too narrow. */
    TEXT_HIDE = 8,   /* Not printed where all rows are "-" or 0. */
};

struct text_column {
    const char *head; /* NULL ends the list. */
    unsigned flags;
    const char *label; /* What a folded value is called in the title. */
};

#define TEXT_COLUMNS 12

struct text_row {
    char *cells[TEXT_COLUMNS]; /* Allocated. */
    int64_t score;             /* For tables that keep the best rows: larger is more interesting. */
    int64_t id;                /* Order of rows of equal score. */
};

struct text_table {
    const struct text_column *columns;
    struct text_row *rows;
    int row_count;
    int row_capacity;
    int row_limit;     /* The table keeps the best 'row_limit' rows; 0: all. */
    int64_t row_total; /* Rows that were offered. */
    bool failed;       /* Memory ended. */
};

/* Whether a row of this score would be kept: ask before making its cells. */
bool text_table_wants(struct text_table *t, int64_t score);
/* Add a row; 'cells' (one a column) are copied. */
void text_table_add(struct text_table *t, int64_t score, int64_t id, const char *const *cells);
/* Title, heads and rows; nothing for a table without rows. */
void text_table_print(FILE *out, struct text_table *t, const char *title);
void text_table_free(struct text_table *t);

/* ---- The writer's state ------------------------------------------------------------------------------------- */

struct text_writer {
    struct mpa_writer writer; /* First. */
    FILE *out;
    FILE *stories; /* Of --explain; NULL without. */
    struct mpa_values values;
    const char *only_file;
    int capture_count;
    int64_t pushed;            /* Connections that stayed on the VIP until a reset ended that. */
    struct mpa_samples left;   /* Establishment to first data on the direct subflow. */
    struct mpa_samples window; /* Unprotected windows. */
    struct text_table conns;
    struct text_table adverts;
    struct text_found *found[MPA_RULE_COUNT]; /* Rules with findings. */
    int64_t found_severity[3], found_known, found_connections;
    int64_t failed; /* Connections that ended so. */
};

/* text_verdict.c: the lines above the tables. */
void text_verdicts(struct text_writer *w, const struct mpa_rec_report *report);
/* text_tables.c */
void text_gather(struct text_writer *w, const struct mpa_rec_conn *conn);
void text_tables_begin(struct text_writer *w);
void text_tables(struct text_writer *w, const struct mpa_rec_report *report);
/* text_hosts.c: --nstat; guesses of --check. */
#define TEXT_GUESSES 10 /* Most rows. */
void text_guesses(struct text_writer *w, const struct mpa_rec_report *report);
void text_hosts(struct text_writer *w, const struct mpa_rec_report *report);
/* text_check.c: --check.  The first returns 0 or MPA_ERR_NOMEM. */
int text_check_gather(struct text_writer *w, const struct mpa_rec_conn *conn);
void text_check(struct text_writer *w, const struct mpa_rec_report *report);
void text_check_story(struct text_writer *w, FILE *out, const struct mpa_rec_conn *conn);
void text_check_free(struct text_writer *w);
/* text_story.c */
/* "#12", or "1#12" where there are several captures; empty without a frame.  'ret' of TEXT_CELL bytes. */
const char *text_frame(const struct text_writer *w, const struct mpa_frame_ref *f, char *ret);
void text_story(struct text_writer *w, FILE *out, const struct mpa_rec_conn *conn);

#endif
