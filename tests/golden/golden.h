/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * golden: compares reports of mptcp-analyze on the golden captures with the truth that was recorded beside them.
 *
 * Every check prints what it compared and each difference, and returns GOLDEN_OK, GOLDEN_DIFFERENT, or GOLDEN_SKIP when it
 * cannot run here.  Paths come from the environment that tests/CMakeLists.txt sets, or from the place of the sources.
 * Memory: a check is a short process; what a struct golden owns is freed with it, out of memory aborts.
 */
#ifndef MPA_TESTS_GOLDEN_H
#define MPA_TESTS_GOLDEN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GOLDEN_OK        0
#define GOLDEN_DIFFERENT 1
#define GOLDEN_USAGE     2
#define GOLDEN_SKIP      77

/* ---- files.c ------------------------------------------------------------------------------------------------------ */

/* Environment variable, or its default below the source or build folder. */
const char *golden_source_dir(void);
const char *golden_analyze(void);
const char *golden_synth_program(void);

/* Text made with printf; belongs to the caller.  Never NULL. */
char *golden_text(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool golden_exists(const char *path);

/* A CSV file with a header line: rows of cells, all text. */
struct golden_csv {
    char ***rows; /* rows[0] is the header. */
    size_t row_count, *cell_count;
};

/* False (with a message) when the file cannot be read or parsed. */
bool golden_csv_load(struct golden_csv *csv, const char *path);
/* The cell of a column, "" when there is none; 'row' counts from 1. */
const char *golden_csv_cell(const struct golden_csv *csv, size_t row, const char *column);
void golden_csv_free(struct golden_csv *csv);

/* Counters of a namespace: lines "Name value". */
struct golden_nstat {
    json_t *values;
};

bool golden_nstat_load(struct golden_nstat *n, const char *path);
/* False when the kernel has no such counter (those of TCP and MPTCP are all written, others only when not zero). */
bool golden_nstat_get(const struct golden_nstat *n, const char *name, int64_t *ret);
void golden_nstat_free(struct golden_nstat *n);

/* A folder of captures/golden, or another folder of that form. */
struct golden {
    char *name, *dir;
    char **hosts; /* Those with truth/nstat-HOST.txt, sorted. */
    size_t host_count;
};

bool golden_open(struct golden *g, const char *dir);
char *golden_path(const struct golden *g,
                  const char *file); /* Below the folder; belongs to the caller. */
void golden_close(struct golden *g);
/* All folders of captures/golden, sorted; belongs to the caller (golden_list_free). */
char **golden_list(size_t *count);
void golden_list_free(char **names, size_t count);

/* ---- report.c ----------------------------------------------------------------------------------------------------- */

/* Runs the analyzer and returns its JSON report (a new reference), or NULL after a message.  'capture' is a file or a folder
 * below g->dir, or a path that begins with '/'.  --servers and --churn are given when the truth has them. */
json_t *golden_report(const struct golden *g, const char *capture);
/* The same with any arguments after --report=json, in the folder 'dir' (NULL: here); NULL-terminated.  '*status' is the exit status. */
json_t *golden_run(const char *dir, const char *const *arguments, int *status);
/* Runs a program with its standard output into a temporary file, which is returned rewound; NULL after a message. */
struct golden_output {
    void *file; /* FILE * */
    int status;
};
bool golden_spawn(const char *dir, const char *const *argv, struct golden_output *ret);

/* The value at a path such as "options.add_addr.to_client", or NULL. */
json_t *golden_at(const json_t *report, const char *path);
/* A sum over a report, "options.dss.to_server + options.dss.to_client": false after a message when a part is missing or no number.
 * Words with @ are sums over connections and subflows: see report.c. */
bool golden_sum(const json_t *report, const char *expression, int64_t *ret);

/* ---- differences.c ------------------------------------------------------------------------------------------------ */

/*
 * Known differences between report and truth: tests/golden/differences/NAME.csv with columns check, key, report, truth, explained.
 * Each must occur exactly as listed and be explained in the capture's .md, which must hold the words of the last column.
 */
struct golden_differences {
    struct golden_csv csv;
    const struct golden *golden;
    const char *check;
    bool *used;
    size_t found, unknown;
};

bool golden_differences_open(struct golden_differences *d, const struct golden *g,
                             const char *check);
/* Says what differs unless it is listed. */
void golden_difference(struct golden_differences *d, const char *key, const char *report,
                       const char *truth, const char *why);
/* Compares two numbers; true when equal or listed. */
void golden_compare(struct golden_differences *d, const char *key, int64_t report, int64_t truth,
                    const char *why);
/* GOLDEN_OK when all differences were known and all known ones occurred and are explained. */
int golden_differences_close(struct golden_differences *d);

/* ---- Checks: one file each ---------------------------------------------------------------------------------------- */

int golden_counters(int argc, char **argv);    /* counters.c */
int golden_altered(int argc, char **argv);     /* altered.c */
int golden_application(int argc, char **argv); /* application.c */
int golden_outcomes(int argc, char **argv);    /* outcomes.c */
int golden_tshark(int argc, char **argv);      /* tshark.c */
int golden_latency(int argc, char **argv);     /* latency.c */
int golden_merged(int argc, char **argv);      /* merged.c */
int golden_hmac(int argc, char **argv);        /* hmac.c */
int golden_invariants(int argc, char **argv);  /* invariants.c */
int golden_faults(int argc, char **argv);      /* faults.c */
int golden_forbidden(int argc, char **argv);   /* forbidden.c */
int golden_finds(int argc, char **argv);       /* finds.c */
int golden_healthy(int argc, char **argv);     /* healthy.c */
int golden_nstat(int argc, char **argv);       /* nstat.c */
int golden_expect(int argc, char **argv);      /* expect.c: EXPECTED.json REPORT.json */
int golden_case(int argc, char **argv);        /* cases.c */
int golden_renew(int argc, char **argv);       /* cases.c */
int golden_synth(int argc, char **argv);       /* synth.c */

/* expect.c: true when 'got' is what 'expected' says; prints each difference after 'label'. */
bool golden_expected(const char *label, const json_t *expected, const json_t *got);

/* counters.c: the counters check on a capture in place of one of the golden's; NULL for 'file' is the golden as it is.  Sets
 * '*failed_rows' (when not NULL) to a text with the names of rows that differ. */
int golden_counters_of(const struct golden *g, const char *file, const char *altered,
                       char **failed_rows);

#endif
