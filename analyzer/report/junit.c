/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Verdicts as JUnit XML: a suite a report, a case a rule.
 *
 * The root element counts what is in it.  So suites wait in a file without a name until the last is
 * there.
 */
#include "finding.h"

#include "mpa/status.h"
#include "text.h"
#include "unnamed.h"

#include <inttypes.h>
#include <libxml/xmlwriter.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct counts {
    int64_t tests, failures, errors, skipped;
};

struct junit_writer {
    struct mpa_writer writer; /* First. */
    FILE *out;
    FILE *suites;
    bool separate;
    enum mpa_word fail_on;
    struct cases cases;
    struct counts total;
};

/* ---- Elements.  The first failure of libxml2 is memory that ended: the buffer is in memory. ----------------- */

struct xml {
    xmlTextWriterPtr writer;
    bool failed;
};

static const xmlChar *x(const char *text)
{
    return (const xmlChar *)text;
}

static void open_element(struct xml *xml, const char *name)
{
    xml->failed |= xmlTextWriterStartElement(xml->writer, x(name)) < 0;
}

static void close_element(struct xml *xml)
{
    xml->failed |= xmlTextWriterEndElement(xml->writer) < 0;
}

static void attribute(struct xml *xml, const char *name, const char *value)
{
    xml->failed |= xmlTextWriterWriteAttribute(xml->writer, x(name), x(value)) < 0;
}

static void number_attribute(struct xml *xml, const char *name, int64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRId64, value);
    attribute(xml, name, text);
}

static void text(struct xml *xml, const char *value)
{
    xml->failed |= xmlTextWriterWriteString(xml->writer, x(value)) < 0;
}

static void counts_attributes(struct xml *xml, const struct counts *c)
{
    number_attribute(xml, "tests", c->tests);
    number_attribute(xml, "failures", c->failures);
    number_attribute(xml, "errors", c->errors);
    number_attribute(xml, "skipped", c->skipped);
    attribute(xml, "time", "0");
}

/* Write 'buffer' to 'out'; frees both. */
static int flush_xml(struct xml *xml, xmlBufferPtr buffer, FILE *out)
{
    int status = MPA_OK;
    size_t size;

    xmlFreeTextWriter(xml->writer); /* Flushes. */
    size = (size_t)xmlBufferLength(buffer);
    if (xml->failed)
        status = MPA_ERR_NOMEM;
    else if (fwrite(xmlBufferContent(buffer), 1, size, out) != size)
        status = MPA_ERR_WRITE;
    xmlBufferFree(buffer);
    return status;
}

static xmlBufferPtr new_xml(struct xml *ret)
{
    xmlBufferPtr buffer = xmlBufferCreate();

    *ret = (struct xml){buffer ? xmlNewTextWriterMemory(buffer, 0) : NULL, false};
    if (buffer && !ret->writer) {
        xmlBufferFree(buffer);
        return NULL;
    }
    if (buffer)
        xmlTextWriterSetIndent(ret->writer, 1);
    return buffer;
}

/* ---- Suites and cases --------------------------------------------------------------------------------------- */

static int begin(struct mpa_writer *writer, const struct mpa_rec_report *report)
{
    cases_begin(&((struct junit_writer *)writer)->cases, report);
    return MPA_OK;
}

static int connection(struct mpa_writer *writer, const struct mpa_rec_conn *conn)
{
    return cases_take(&((struct junit_writer *)writer)->cases, conn);
}

static void put_lines(struct junit_writer *w, struct xml *xml, int rule)
{
    int64_t total = w->cases.rule[rule].total;
    int lines = w->cases.rule[rule].lines;
    char more[64];

    for (int i = 0; i < lines; i++) {
        text(xml, w->cases.rule[rule].line[i]);
        text(xml, "\n");
    }
    if (total > lines) {
        snprintf(more, sizeof(more), "and %" PRId64 " more\n", total - lines);
        text(xml, more);
    }
}

static void put_case(struct junit_writer *w, struct xml *xml, int rule,
                     const struct mpa_rec_report *report)
{
    const struct mpa_rule_info *info = mpa_rule_info((enum mpa_rule)rule);
    const struct mpa_rec_rule *r = &report->rules[rule];
    enum case_state state = case_state(r, w->fail_on);
    char buffer[FINDING_TEXT];
    const char *skipped = case_skipped(state, r, buffer);
    char name[256];

    open_element(xml, "testcase");
    snprintf(name, sizeof(name), "mptcp.%.*s", (int)strcspn(info->id, "-"), info->id);
    attribute(xml, "classname", name);
    snprintf(name, sizeof(name), "%s %s", info->id, info->title);
    attribute(xml, "name", name);
    attribute(xml, "time", "0");
    if (skipped) {
        open_element(xml, "skipped");
        attribute(xml, "message", skipped);
        close_element(xml);
    } else if (state == CASE_FAILED) {
        snprintf(buffer, sizeof(buffer), "broken %" PRId64 " of %" PRId64 " times (%s)", r->broken,
                 r->checked, info->reference);
        open_element(xml, "failure");
        attribute(xml, "message", buffer);
        attribute(xml, "type", mpa_rule_level_text(info->level));
        put_lines(w, xml, rule);
        close_element(xml);
    }
    if (state == CASE_REMARK || state == CASE_KNOWN) {
        open_element(xml, "system-out");
        put_lines(w, xml, rule);
        close_element(xml);
    }
    close_element(xml);
}

static struct counts count(const struct junit_writer *w, const struct mpa_rec_report *report)
{
    struct counts c = {.tests = report->rule_count};

    for (int i = 0; i < report->rule_count; i++) {
        enum case_state state = case_state(&report->rules[i], w->fail_on);

        c.failures += state == CASE_FAILED;
        c.skipped += state >= CASE_KNOWN;
    }
    for (int i = 0; i < report->capture_count; i++)
        c.errors += report->captures[i].error != NULL;
    c.tests += c.errors;
    return c;
}

/* Captures that could not be read to their end: the other cases say nothing of the rest. */
static void put_errors(struct junit_writer *w, struct xml *xml, const struct mpa_rec_report *report)
{
    char file[FINDING_TEXT], error[FINDING_TEXT], name[FINDING_TEXT + 8];

    for (int i = 0; i < report->capture_count; i++) {
        if (!report->captures[i].error)
            continue;
        finding_file(report, i, &w->cases.values, file);
        text_outside(report->captures[i].error, &w->cases.values, error, sizeof(error));
        finding_make_plain(error);
        snprintf(name, sizeof(name), "read %s", file);
        finding_make_plain(name); /* It may be cut. */
        open_element(xml, "testcase");
        attribute(xml, "classname", "mptcp.input");
        attribute(xml, "name", name);
        attribute(xml, "time", "0");
        open_element(xml, "error");
        attribute(xml, "message", error);
        attribute(xml, "type", "input");
        text(xml, file);
        text(xml, ": ");
        text(xml, error);
        close_element(xml);
        close_element(xml);
    }
}

static int end(struct mpa_writer *writer, const struct mpa_rec_report *report)
{
    struct junit_writer *w = (struct junit_writer *)writer;
    struct counts c = count(w, report);
    time_t when = (time_t)(report->epoch_ns / 1000000000);
    char buffer[FINDING_TEXT];
    xmlBufferPtr bytes;
    struct xml xml;
    struct tm tm;

    bytes = new_xml(&xml);
    if (!bytes)
        return MPA_ERR_NOMEM;
    open_element(&xml, "testsuite");
    attribute(&xml, "name",
              w->separate ? finding_file(report, 0, &w->cases.values, buffer) : "mptcp-analyze");
    counts_attributes(&xml, &c);
    if (gmtime_r(&when, &tm) && strftime(buffer, sizeof(buffer), "%Y-%m-%dT%H:%M:%S", &tm) > 0)
        attribute(&xml, "timestamp", buffer);
    for (int i = 0; i < report->rule_count; i++)
        put_case(w, &xml, i, report);
    put_errors(w, &xml, report);
    close_element(&xml);
    w->total.tests += c.tests;
    w->total.failures += c.failures;
    w->total.errors += c.errors;
    w->total.skipped += c.skipped;
    return flush_xml(&xml, bytes, w->suites);
}

static int close_writer(struct mpa_writer *writer)
{
    struct junit_writer *w = (struct junit_writer *)writer;
    xmlBufferPtr bytes;
    struct xml xml;
    int status;

    bytes = new_xml(&xml);
    if (!bytes)
        return MPA_ERR_NOMEM;
    xml.failed |= xmlTextWriterStartDocument(xml.writer, NULL, "UTF-8", NULL) < 0;
    open_element(&xml, "testsuites");
    attribute(&xml, "name", "mptcp-analyze");
    counts_attributes(&xml, &w->total);
    xml.failed |= xmlTextWriterWriteRaw(xml.writer, x("\n")) < 0; /* Ends the tag. */
    status = flush_xml(&xml, bytes, w->out);
    if (status == MPA_OK)
        status = mpa_unnamed_copy(w->suites, w->out);
    fputs("</testsuites>\n", w->out);
    if (status == MPA_OK && (fflush(w->out) != 0 || ferror(w->out)))
        status = MPA_ERR_WRITE;
    return status;
}

static void free_writer(struct mpa_writer *writer)
{
    struct junit_writer *w = (struct junit_writer *)writer;

    if (w->suites)
        (void)fclose(w->suites); /* Of no name: gone. */
    cases_free(&w->cases);
    free(w);
}

struct mpa_writer *mpa_writer_junit(FILE *out, const struct mpa_writer_options *options)
{
    struct junit_writer *w = calloc(1, sizeof(*w));

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
    w->suites = mpa_unnamed_stream();
    if (!w->suites) {
        free_writer(&w->writer);
        return NULL;
    }
    return &w->writer;
}
