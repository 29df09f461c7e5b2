/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records as a capture of a churned anycast service gives them, made by hand. */
#ifndef MPA_TEST_REPORT_FIXTURE_H
#define MPA_TEST_REPORT_FIXTURE_H

#include "mpa/record.h"
#include "mpa/report.h"

#include <stdio.h>

#define EPOCH INT64_C(1795190941000000000)
#define MS    INT64_C(1000000)

enum kind {
    MIGRATED, /* Everything is there and nothing is null. */
    SURVIVED,
    FAILED, /* Hit in the unprotected window. */
    STAYED,
    SHORT,
    FELL_BACK,
    PLAIN,
    SPARSE, /* A capture that gave next to nothing. */
    KINDS
};

/* A connection; mpa_record_free(). */
struct mpa_rec_conn *fixture_conn(int64_t id, enum kind kind, bool ipv6);

struct fixture {
    struct mpa_rec_report report;
    struct mpa_rec_capture captures[3];
    struct mpa_rec_churn_event events[2];
    struct mpa_rec_deployment deployment;
    struct mpa_rec_vantage_pair pairs[2];
    struct mpa_rec_bin bins[3];
    struct mpa_rec_transfer_class transfers[2];
    struct mpa_prefix vips[1];
};

/* Totals with everything set. */
void fixture_report(struct fixture *f);

/* Totals of a capture without anything; nulls wherever there can be one. */
void fixture_empty_report(struct fixture *f);

/* An address from its text. */
struct mpa_addr fixture_addr(const char *text);

/* Walk 'count' connections of all kinds in turn through 'w'; frees it.  0 or the first failure. */
int fixture_walk(struct mpa_writer *w, const struct mpa_rec_report *report, int count, bool ipv6);

/* What a text or JSON writer writes; free(). */
char *fixture_text(const struct mpa_rec_report *report, int count, bool ipv6,
                   const struct mpa_writer_options *options);
char *fixture_json(const struct mpa_rec_report *report, int count, bool ipv6,
                   const struct mpa_writer_options *options);

/* A new folder, removed with all files in it by the second. */
char *fixture_dir(void);
void fixture_remove_dir(char *dir);

/* The tests, one list a file. */
#include <CUnit/Basic.h>
extern CU_TestInfo json_tests[], csv_tests[], text_tests[], anonymize_tests[], spool_tests[], check_tests[];

#endif
