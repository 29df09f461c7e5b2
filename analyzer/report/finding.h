/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A finding in words, for every writer that is read by people; and a rule's state, for those that CI reads. */
#ifndef MPA_REPORT_FINDING_H
#define MPA_REPORT_FINDING_H

#include "mpa/rules.h"
#include "schema.h"

#include <stdio.h>

/* ---- In words ----------------------------------------------------------------------------------------------- */

#define FINDING_TEXT                                                                               \
    1536 /* Bytes that hold any of these texts, but for the names of files; what is longer is cut. */

/* "length 5, expected 4"; empty where nothing was compared.  'ret' of FINDING_TEXT bytes, as below. */
const char *finding_values(const struct mpa_rec_finding *f, const struct mpa_values *values,
                           char *ret);

/* "connection 3 (192.0.2.1:4000 -> 203.0.113.80:80), subflow 1, frame 12 of client.pcap" */
const char *finding_where(const struct mpa_rec_conn *conn, const struct mpa_rec_finding *f,
                          const struct mpa_rec_report *report, const struct mpa_values *values,
                          char *ret);

/* The sentence, and in parentheses what was compared. */
const char *finding_says(const struct mpa_rec_finding *f, const struct mpa_values *values,
                         char *ret);

/* The file's name as it is shown: pseudonyms, no control characters, UTF-8. */
const char *finding_file(const struct mpa_rec_report *report, int capture,
                         const struct mpa_values *values, char *ret);

/* "12 x the handshake with its keys was not captured (NV-SYN), ..." */
const char *finding_reasons(const struct mpa_rec_rule *r, char *ret);

/* No control characters in 'text', and where it is not UTF-8, ASCII only. */
void finding_make_plain(char *text);

/* ---- A rule as a case of CI --------------------------------------------------------------------------------- */

enum case_state {
    CASE_PASSED,
    CASE_FAILED,         /* Findings at or above --fail-on that the baseline does not have. */
    CASE_REMARK,         /* Others only: passed, with a remark. */
    CASE_KNOWN,          /* The baseline has all of them. */
    CASE_NOT_VERIFIABLE, /* Occasions, none of which could be judged. */
    CASE_NOT_APPLICABLE, /* No occasion. */
    CASE_OFF,
};

enum case_state case_state(const struct mpa_rec_rule *r, enum mpa_word fail_on);

/* Why a case is skipped, in words; NULL for those that are not. */
const char *case_skipped(enum case_state state, const struct mpa_rec_rule *r, char *ret);

#define CASE_LINES 10 /* Findings that are told of a rule; all are counted. */

/* What the findings of a report say, by rule; bounded. */
struct cases {
    const struct mpa_rec_report *report; /* Of the walk at hand. */
    struct mpa_values values;
    struct {
        char *line[CASE_LINES];
        int lines;
        int64_t total;
    } rule[MPA_RULE_COUNT];
};

void cases_begin(struct cases *c, const struct mpa_rec_report *report);
int cases_take(struct cases *c, const struct mpa_rec_conn *conn); /* 0 or MPA_ERR_NOMEM. */
void cases_free(struct cases *c);

#endif
