/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What rules found, in every format: values of all kinds, bounds, states of a case. */
#include "fixture.h"

#include "finding.h"
#include "mpa/record_pack.h"
#include "mpa/status.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define COUNT 3 /* Connections. */

/* A finding that compared something of every kind. */
static struct mpa_rec_finding make_finding(enum mpa_rule rule, enum mpa_word severity)
{
    return (struct mpa_rec_finding){
        .rule = (uint16_t)rule,
        .severity = severity,
        .verdict = MPA_FINDING_VIOLATION,
        .subflow = 0,
        .ns = EPOCH + 5 * MS,
        .frames = {{0, 12}, {1, 34}},
        .frame_count = 2,
        .values = {{.name = "length", .kind = MPA_COMPARED_NUMBER, .number = 5},
                   {.name = "token", .kind = MPA_COMPARED_HEX32, .number = 0xab},
                   {.name = "hmac", .kind = MPA_COMPARED_HEX64, .number = -2},
                   {.name = "waited_dur_ns", .kind = MPA_COMPARED_NS, .number = 20 * MS},
                   {.name = "addr", .kind = MPA_COMPARED_ADDR, .addr = fixture_addr("10.9.0.77")},
                   {.name = "by", .kind = MPA_COMPARED_TEXT, .text = "the \"server\""}},
        .value_count = 6,
        .text = "something is wrong"};
}

struct checked {
    struct fixture f;
    struct mpa_rec_rule rules[MPA_RULE_COUNT];
    int findings; /* Of each connection. */
};

static void begin(struct checked *c, int findings)
{
    fixture_report(&c->f);
    memset(c->rules, 0, sizeof(c->rules));
    c->findings = findings;
    c->rules[0] = (struct mpa_rec_rule){
        .checked = 9, .broken = (int64_t)COUNT * findings, .findings = {0, 0, COUNT * findings}};
    c->rules[1] = (struct mpa_rec_rule){.checked = 4, .passed = 4};
    c->rules[2] = (struct mpa_rec_rule){.checked = 3, .not_verifiable = {2, 0, 0, 0, 1}};
    c->rules[3].off = true;
    c->rules[4] = (struct mpa_rec_rule){.checked = 1, .broken = 1, .known = 1};
    c->rules[5] = (struct mpa_rec_rule){.checked = 1, .broken = 1, .findings = {0, 1, 0}};
    c->f.report.rules = c->rules;
    c->f.report.rule_count = MPA_RULE_COUNT;
}

static int walk(struct checked *c, struct mpa_writer *w)
{
    int status = w->begin(w, &c->f.report);

    for (int64_t id = 0; id < COUNT && status == MPA_OK; id++) {
        struct mpa_rec_conn *conn = fixture_conn(id, MIGRATED, false);

        conn->findings = calloc((size_t)c->findings + 1, sizeof(*conn->findings));
        CU_ASSERT_PTR_NOT_NULL_FATAL(conn->findings);
        for (int i = 0; i < c->findings; i++)
            conn->findings[conn->finding_count++] =
                make_finding(MPA_RULE_FMT_01, MPA_SEVERITY_ERROR);
        status = w->connection(w, conn);
        mpa_record_free(conn);
    }
    return status == MPA_OK ? w->end(w, &c->f.report) : status;
}

/* What the writer writes of 'reports' equal reports; free(). */
static char *written(struct mpa_writer *(*make)(FILE *, const struct mpa_writer_options *),
                     struct checked *c, const struct mpa_writer_options *options, int reports)
{
    char *ret = NULL;
    size_t size;
    FILE *out = open_memstream(&ret, &size);
    struct mpa_writer *w = out ? make(out, options) : NULL;

    CU_ASSERT_PTR_NOT_NULL_FATAL(w);
    for (int i = 0; i < reports; i++)
        CU_ASSERT_EQUAL(walk(c, w), MPA_OK);
    if (w->close)
        CU_ASSERT_EQUAL(w->close(w), MPA_OK);
    w->free(w);
    fclose(out);
    return ret;
}

static const struct mpa_writer_options plain = {.fail_on = MPA_SEVERITY_ERROR};

static int occurrences(const char *text, const char *part)
{
    int count = 0;

    for (; (text = strstr(text, part)); text += strlen(part))
        count++;
    return count;
}

static void check_has(const char *text, const char *part, int count)
{
    if (occurrences(text, part) != count)
        fprintf(stderr, "\n%d times, not %d: %s\n", occurrences(text, part), count, part);
    CU_ASSERT_EQUAL(occurrences(text, part), count);
}

static void test_json(void)
{
    struct checked c;
    char *text;
    json_t *json, *f, *truth;

    begin(&c, 2);
    text = written(mpa_writer_json, &c, &plain, 1);
    json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(json);
    CU_ASSERT_EQUAL(json_array_size(json_object_get(json, "rules")), MPA_RULE_COUNT);
    CU_ASSERT_EQUAL(json_array_size(json_object_get(json, "findings")), 2 * COUNT);
    f = json_array_get(json_object_get(json, "findings"), 2);
    truth = json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:[{s:i,s:i},{s:i,s:i}], "
                      "s:{s:i, s:s, s:s, s:i, s:s, s:s}, s:s, s:s, s:b}",
                      "rule", "FMT-01", "severity", "error", "verdict", "violation", "connection",
                      1, "subflow", 0, "ns", 5000000, "frames", "capture", 0, "frame", 12,
                      "capture", 1, "frame", 34, "values", "length", 5, "token", "000000ab", "hmac",
                      "fffffffffffffffe", "waited_dur_ns", 20000000, "addr", "10.9.0.77", "by",
                      "the \"server\"", "text", "something is wrong", "reference", "RFC 8684 3",
                      "baseline", false);
    CU_ASSERT_PTR_NOT_NULL_FATAL(truth);
    CU_ASSERT_TRUE(json_equal(f, truth));
    json_decref(truth);
    json_decref(json);
    free(text);
}

/* A duration's key says so, whatever the rule called it. */
static void test_names(void)
{
    static const char *const rows[][2] = {{"waited", "waited_dur_ns"},
                                          {"waited_ns", "waited_dur_ns"},
                                          {"waited_dur_ns", "waited_dur_ns"}};
    char name[MPA_COMPARED_NAME];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct mpa_rec_value v = {.name = rows[i][0], .kind = MPA_COMPARED_NS};

        CU_ASSERT_STRING_EQUAL(mpa_compared_name(&v, name), rows[i][1]);
        v.kind = MPA_COMPARED_NUMBER;
        CU_ASSERT_STRING_EQUAL(mpa_compared_name(&v, name), rows[i][0]);
    }
}

static void test_words(void)
{
    struct checked c;
    struct mpa_rec_finding f = make_finding(MPA_RULE_FMT_01, MPA_SEVERITY_ERROR);
    struct mpa_values values = {.epoch_ns = EPOCH};
    char text[FINDING_TEXT];

    begin(&c, 1);
    CU_ASSERT_STRING_EQUAL(finding_says(&f, &values, text),
                           "something is wrong (length 5, token 000000ab, hmac fffffffffffffffe, "
                           "waited 20.0 ms, addr 10.9.0.77, by the \"server\")");
    f.values[0].number = MPA_NULL;
    f.value_count = 1;
    CU_ASSERT_STRING_EQUAL(finding_values(&f, &values, text), "length unknown");
    CU_ASSERT_STRING_EQUAL(
        finding_reasons(&c.rules[2], text),
        "2 x the handshake with its keys was not captured (NV-SYN), 1 x the snap length cut what "
        "would be needed (NV-SNAP)");
    strcpy(text, "a\x01\xff");
    finding_make_plain(text);
    CU_ASSERT_STRING_EQUAL(text, "a??");
    strcpy(text, "\xc3\xa4");
    finding_make_plain(text);
    CU_ASSERT_STRING_EQUAL(text, "\xc3\xa4");
}

static void test_states(void)
{
    static const enum case_state states[] = {CASE_FAILED,        CASE_PASSED, CASE_NOT_VERIFIABLE,
                                             CASE_OFF,           CASE_KNOWN,  CASE_REMARK,
                                             CASE_NOT_APPLICABLE};
    struct checked c;

    begin(&c, 1);
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
        CU_ASSERT_EQUAL(case_state(&c.rules[i], MPA_SEVERITY_ERROR), states[i]);
    CU_ASSERT_EQUAL(case_state(&c.rules[5], MPA_SEVERITY_WARNING), CASE_FAILED);
    CU_ASSERT_EQUAL(case_state(&c.rules[0], MPA_WORD_COUNT), CASE_REMARK);
    c.rules[4].findings[2] = 1; /* One more than the baseline knows. */
    CU_ASSERT_EQUAL(case_state(&c.rules[4], MPA_SEVERITY_ERROR), CASE_FAILED);
}

/* Of many findings the first are told, and how many more there are; SARIF tells all. */
static void test_bounds(void)
{
    struct checked c;
    char *text;

    begin(&c, 20);
    text = written(mpa_writer_tap, &c, &plain, 1);
    check_has(text, "    - \"error, connection ", CASE_LINES);
    check_has(text, "  more: 50\n", 1);
    check_has(text, "\nnot ok ", 3); /* One is known, to do; one is a capture that ended early. */
    free(text);
    text = written(mpa_writer_junit, &c, &plain, 1);
    check_has(text, "error, connection ", CASE_LINES);
    check_has(text, "and 50 more\n", 1);
    free(text);
    text = written(mpa_writer_text, &c, &plain, 1);
    check_has(text, "  FMT-01  error    connection ", 5);
    check_has(text, "          ... and 55 more of FMT-01\n", 1);
    check_has(text, "\nConformance: 60 errors in 3 connections; ", 1);
    check_has(text, "frame 0#12: something is wrong", 5);
    free(text);
    text = written(mpa_writer_sarif, &c, &plain, 1);
    check_has(text, "\"level\":\"error\",\"message\":{\"text\":\"connection ", 60);
    free(text);
}

/* Several reports in one file. */
static void test_reports(void)
{
    struct mpa_writer_options separate = plain;
    struct checked c;
    char *text;
    json_t *json;

    separate.separate = true;
    begin(&c, 1);
    text = written(mpa_writer_tap, &c, &separate, 2);
    check_has(text, "TAP version 13\n", 1);
    check_has(text, "\nnot ok 180 - ", 1);
    check_has(text, "\n1..180\n", 1);
    free(text);
    text = written(mpa_writer_junit, &c, &separate, 2);
    check_has(text, "<testsuites name=\"mptcp-analyze\" tests=\"180\" failures=\"2\" errors=\"2\" ",
              1);
    check_has(text, "<testsuite ", 2);
    free(text);
    text = written(mpa_writer_sarif, &c, &separate, 2);
    json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(json);
    CU_ASSERT_EQUAL(json_array_size(json_object_get(json, "runs")), 2);
    json_decref(json);
    free(text);
    text = written(mpa_writer_tap, &c, &separate, 0);
    CU_ASSERT_STRING_EQUAL(text, "TAP version 13\n1..0 # SKIP nothing could be read\n");
    free(text);
}

/* Addresses of findings have pseudonyms, those that were compared too. */
static void test_pseudonyms(void)
{
    struct mpa_anonymizer *a = mpa_anonymizer_new("seed");
    struct mpa_writer_options options = plain;
    struct mpa_writer *(*const makers[])(FILE *, const struct mpa_writer_options *) = {
        mpa_writer_json, mpa_writer_text, mpa_writer_junit, mpa_writer_sarif, mpa_writer_tap};
    struct checked c;

    CU_ASSERT_PTR_NOT_NULL_FATAL(a);
    options.anonymizer = a;
    begin(&c, 1);
    for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++) {
        char *text = written(makers[i], &c, &options, 1);

        CU_ASSERT_PTR_NOT_NULL(strstr(text, "something is wrong"));
        CU_ASSERT_PTR_NULL(strstr(text, "10.9.0.77"));
        free(text);
    }
    mpa_anonymizer_free(a);
}

CU_TestInfo check_tests[] = {
    {"findings and rules in JSON", test_json}, {"names of durations", test_names},
    {"findings in words", test_words},         {"states of a case", test_states},
    {"bounds of what is told", test_bounds},   {"several reports in one file", test_reports},
    {"pseudonyms", test_pseudonyms},           CU_TEST_INFO_NULL,
};
