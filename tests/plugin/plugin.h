/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plugin_check: what the Wireshark plugin shows, held against the report of mptcp-analyze and against stock Wireshark.
 *
 * tshark runs as a user who is not root (Wireshark ignores plugin folders of privileged users), with a home of its own, on copies of module and
 * captures that such a user can read.  Results are those of tests/golden/golden.h.
 */
#ifndef MPA_TESTS_PLUGIN_H
#define MPA_TESTS_PLUGIN_H

#include "golden.h"

/* ---- tshark.c ------------------------------------------------------------------------------------ */

struct place {
    char *dir; /* Home, plugin folder, captures; removed by place_close(). */
};

/* GOLDEN_OK, or what the test must return because it cannot run, after a message. */
int place_open(struct place *p);
void place_close(struct place *p);
/* Copies a file to where tshark can read it; the copy's path belongs to the caller. */
char *place_copy(const struct place *p, const char *file);

/* What 'tshark -T fields' said: cells by row and column, all occurrences of a field joined by '|'. */
struct sheet {
    const char *const *columns;
    size_t column_count;
    char ***cells;
    size_t row_count;
};

struct view {
    bool stock;          /* Without the plugin. */
    bool one_pass;       /* Without -2. */
    const char *filter;  /* -Y; NULL: all frames. */
    const char *servers; /* Preference; NULL: none. */
};

/* False after a message, also when tshark wrote of bugs.  'file' is a path of place_copy(). */
bool sheet_read(struct sheet *ret, const struct place *p, const char *file, const struct view *view,
                const char *const *columns, size_t column_count);
void sheet_free(struct sheet *s);
/* The cell, changeable; NULL when there is no such column. */
char **sheet_cell(const struct sheet *s, size_t row, const char *column);
/* Its text; "" when there is none. */
const char *sheet_text(const struct sheet *s, size_t row, const char *column);
/* The n-th of a cell's occurrences, into a buffer; "" past the end. */
const char *cell_item(const char *cell, size_t n, char *buffer, size_t size);
size_t cell_count(const char *cell);
bool cell_has(const char *cell, const char *word);

/* ---- compare.c ----------------------------------------------------------------------------------- */

/* The columns that compare() needs for the rules of a report; free with compare_columns_free(). */
const char **compare_columns(const json_t *report, size_t *count);
void compare_columns_free(const char **columns);

/* Differences by kind ("role", "reset.class", ...), with their numbers: a new reference, empty when all agree. */
json_t *compare(const json_t *report, const struct sheet *sheet, bool quiet);

/* ---- Checks --------------------------------------------------------------------------------------- */

int check_agree(int argc, char **argv);   /* agree.c */
int check_altered(int argc, char **argv); /* altered.c */
int check_stock(int argc, char **argv);   /* stock.c */
int check_views(int argc, char **argv);   /* views.c */

/* agree.c: report and sheet of a capture; false after a message. */
bool load_both(const struct place *p, const char *path, json_t **ret_report,
               struct sheet *ret_sheet, const char ***ret_columns);

#endif
