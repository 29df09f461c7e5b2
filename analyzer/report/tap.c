/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Verdicts as the Test Anything Protocol, version 13: a line a rule, its findings as YAML below it. */
#include "finding.h"

#include "mpa/status.h"
#include "text.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct tap_writer {
    struct mpa_writer writer; /* First. */
    FILE *out;
    bool separate;
    enum mpa_word fail_on;
    struct cases cases;
    int64_t number; /* Of the case written last. */
};

static int begin(struct mpa_writer *writer, const struct mpa_rec_report *report)
{
    struct tap_writer *w = (struct tap_writer *)writer;

    if (w->number == 0)
        fputs("TAP version 13\n", w->out);
    cases_begin(&w->cases, report);
    return MPA_OK;
}

static int connection(struct mpa_writer *writer, const struct mpa_rec_conn *conn)
{
    return cases_take(&((struct tap_writer *)writer)->cases, conn);
}

/* In a description and behind a directive '#' begins something else. */
static void put_escaped(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '#' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
}

/* YAML's double quotes are JSON's. */
static int put_quoted(FILE *out, const char *text)
{
    json_t *json = json_string(text);
    int status = json ? MPA_OK : MPA_ERR_NOMEM;

    if (json && json_dumpf(json, out, JSON_ENCODE_ANY | JSON_ENSURE_ASCII) != 0)
        status = ferror(out) ? MPA_ERR_WRITE : MPA_ERR_NOMEM;
    json_decref(json);
    return status;
}

static int put_diagnostics(struct tap_writer *w, int rule, const struct mpa_rec_rule *r)
{
    int status = MPA_OK;

    fprintf(w->out,
            "  ---\n  reference: \"%s\"\n  checked: %" PRId64 "\n  passed: %" PRId64
            "\n  broken: %" PRId64 "\n  findings:\n",
            mpa_rule_info((enum mpa_rule)rule)->reference, r->checked, r->passed, r->broken);
    for (int i = 0; i < w->cases.rule[rule].lines && status == MPA_OK; i++) {
        fputs("    - ", w->out);
        status = put_quoted(w->out, w->cases.rule[rule].line[i]);
        fputc('\n', w->out);
    }
    if (w->cases.rule[rule].total > w->cases.rule[rule].lines)
        fprintf(w->out, "  more: %" PRId64 "\n",
                w->cases.rule[rule].total - w->cases.rule[rule].lines);
    fputs("  ...\n", w->out);
    return status;
}

static int put_case(struct tap_writer *w, int rule, const struct mpa_rec_report *report)
{
    const struct mpa_rule_info *info = mpa_rule_info((enum mpa_rule)rule);
    const struct mpa_rec_rule *r = &report->rules[rule];
    enum case_state state = case_state(r, w->fail_on);
    char text[FINDING_TEXT];
    const char *skipped;

    /* A case that is not ok and to do fails no run: just what is known. */
    fprintf(w->out, "%sok %" PRId64 " - ",
            state == CASE_FAILED || state == CASE_KNOWN ? "not " : "", ++w->number);
    if (w->separate) {
        put_escaped(w->out, finding_file(report, 0, &w->cases.values, text));
        fputs(": ", w->out);
    }
    put_escaped(w->out, info->id);
    fputc(' ', w->out);
    put_escaped(w->out, info->title);
    skipped = case_skipped(state, r, text);
    if (skipped) {
        fputs(state == CASE_KNOWN ? " # TODO " : " # SKIP ", w->out);
        put_escaped(w->out, skipped);
    }
    fputc('\n', w->out);
    if (w->cases.rule[rule].lines > 0)
        return put_diagnostics(w, rule, r);
    return MPA_OK;
}

/* Captures that could not be read to their end: the other cases say nothing of the rest. */
static int put_errors(struct tap_writer *w, const struct mpa_rec_report *report)
{
    char file[FINDING_TEXT], error[FINDING_TEXT];
    int status = MPA_OK;

    for (int i = 0; i < report->capture_count && status == MPA_OK; i++) {
        if (!report->captures[i].error)
            continue;
        text_outside(report->captures[i].error, &w->cases.values, error, sizeof(error));
        finding_make_plain(error);
        fprintf(w->out, "not ok %" PRId64 " - ", ++w->number);
        put_escaped(w->out, finding_file(report, i, &w->cases.values, file));
        fputs(": it could not be read to its end\n  ---\n  error: ", w->out);
        status = put_quoted(w->out, error);
        fputs("\n  ...\n", w->out);
    }
    return status;
}

static int end(struct mpa_writer *writer, const struct mpa_rec_report *report)
{
    struct tap_writer *w = (struct tap_writer *)writer;
    int status = MPA_OK;

    for (int i = 0; i < report->rule_count && status == MPA_OK; i++)
        status = put_case(w, i, report);
    if (status == MPA_OK)
        status = put_errors(w, report);
    return status == MPA_OK && ferror(w->out) ? MPA_ERR_WRITE : status;
}

static int close_writer(struct mpa_writer *writer)
{
    struct tap_writer *w = (struct tap_writer *)writer;

    if (w->number == 0)
        fputs("TAP version 13\n", w->out);
    fprintf(w->out, "1..%" PRId64 "%s\n", w->number,
            w->number == 0 ? " # SKIP nothing could be read" : "");
    return fflush(w->out) != 0 || ferror(w->out) ? MPA_ERR_WRITE : MPA_OK;
}

static void free_writer(struct mpa_writer *writer)
{
    cases_free(&((struct tap_writer *)writer)->cases);
    free(writer);
}

struct mpa_writer *mpa_writer_tap(FILE *out, const struct mpa_writer_options *options)
{
    struct tap_writer *w = calloc(1, sizeof(*w));

    if (!w)
        return NULL;
    w->writer = (struct mpa_writer){.begin = begin,
                                    .connection = connection,
                                    .end = end,
                                    .free = free_writer,
                                    .close = close_writer};
    w->out = out;
    w->separate = options->separate;
    w->fail_on = options->fail_on;
    w->cases.values.anonymizer = options->anonymizer;
    return &w->writer;
}
