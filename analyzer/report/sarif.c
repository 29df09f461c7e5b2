/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Verdicts as SARIF 2.1.0: a run a report, a result a finding; for a rule without findings one result
 * that says what became of it (pass, open: not verifiable, notApplicable).
 */
#include "finding.h"

#include "mpa/status.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct sarif_writer {
    struct mpa_writer writer; /* First. */
    FILE *out;
    bool separate, baseline;
    struct mpa_values values;
    const struct mpa_rec_report *report; /* Of the walk at hand. */
    bool any_run, any_result;
};

/* Write 'json' (a new reference; NULL is memory that ended). */
static int put(struct sarif_writer *w, json_t *json)
{
    int rc = json ? json_dumpf(json, w->out, JSON_COMPACT) : 0;

    if (!json)
        return MPA_ERR_NOMEM;
    json_decref(json);
    return rc == 0 && !ferror(w->out) ? MPA_OK : MPA_ERR_WRITE;
}

/* ---- Rules -------------------------------------------------------------------------------------------------- */

static const char *level_of(enum mpa_word severity)
{
    return severity == MPA_SEVERITY_ERROR     ? "error"
           : severity == MPA_SEVERITY_WARNING ? "warning"
                                              : "note";
}

/* The section of the first RFC that is referred to; NULL for other references. */
static json_t *help_uri(const char *reference)
{
    const char *rfc = strstr(reference, "RFC ");
    char section[16];
    int number;

    if (!rfc || sscanf(rfc, "RFC %d %15[0-9.]", &number, section) != 2)
        return NULL;
    return json_sprintf("https://www.rfc-editor.org/rfc/rfc%d#section-%s", number, section);
}

static json_t *dialect_names(uint16_t dialects)
{
    json_t *list = json_array();

    for (int d = 0; list && d < MPA_DIALECT_COUNT; d++)
        if (dialects & 1u << d && !(MPA_IN_UNKNOWN & 1u << d))
            json_array_append_new(list, json_string(mpa_dialect_name((enum mpa_dialect)d)));
    return list;
}

/* What a level is worth, as a sentence's end. */
static const char *level_says(enum mpa_rule_level level)
{
    switch (level) {
    case MPA_LEVEL_MUST:
        return "an RFC requires it (MUST)";
    case MPA_LEVEL_SHOULD:
        return "an RFC recommends it (SHOULD)";
    case MPA_LEVEL_PAPER:
        return "it is behaviour of the paper of ICNP 2017";
    case MPA_LEVEL_DEPLOY:
        return "it is a check of the deployment";
    default:
        return "nobody requires it, and it is never violated";
    }
}

/* Two texts that a viewer shows: what should hold, and what to make of a result. */
static void describe(json_t *json, const struct mpa_rule_info *info)
{
    json_object_set_new(json, "fullDescription",
                        json_pack("{s:o}", "text",
                                  json_sprintf("%s. %s: %s.", info->title, info->reference,
                                               level_says(info->level))));
    json_object_set_new(
        json, "help",
        json_pack("{s:o}", "text",
                  json_sprintf(
                      "What should hold: %s. Where it is said: %s; %s. A result of kind fail names "
                      "the frames that show the contrary, the first of them the one that breaks "
                      "the rule, and the values compared: open the capture there. A result of kind "
                      "open says why this capture cannot show it. --rule %s=off switches the rule "
                      "off.",
                      info->title, info->reference, level_says(info->level), info->id)));
}

static json_t *rule_json(int rule, const struct mpa_rec_rule *r)
{
    const struct mpa_rule_info *info = mpa_rule_info((enum mpa_rule)rule);
    json_t *json = json_pack("{s:s, s:{s:s}, s:{s:s, s:b}, s:{s:s, s:s, s:o}}", "id", info->id,
                             "shortDescription", "text", info->title, "defaultConfiguration",
                             "level", level_of(info->severity), "enabled", !r->off, "properties",
                             "level", mpa_rule_level_text(info->level), "reference",
                             info->reference, "dialects", dialect_names(info->dialects));
    json_t *uri = help_uri(info->reference);

    if (json)
        describe(json, info);
    if (json && uri)
        json_object_set_new(json, "helpUri", uri);
    else
        json_decref(uri);
    return json;
}

/* ---- Places ------------------------------------------------------------------------------------------------- */

static bool is_plain_in_uri(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           strchr("-._~/", c);
}

/* A path as a reference: file:// for those from the root. */
static json_t *uri_of(const struct sarif_writer *w, int capture)
{
    char file[FINDING_TEXT];
    char uri[3 * FINDING_TEXT + 8];
    char *to = uri;

    finding_file(w->report, capture, &w->values, file);
    if (file[0] == '/')
        to = stpcpy(to, "file://");
    for (const char *p = file; *p != '\0'; p++) {
        if (is_plain_in_uri((unsigned char)*p))
            *to++ = *p;
        else
            to += sprintf(to, "%%%02X", (unsigned char)*p);
    }
    *to = '\0';
    return json_string(uri);
}

static json_t *place(const struct sarif_writer *w, const struct mpa_frame_ref *frame)
{
    char file[FINDING_TEXT];
    json_t *json = json_pack("{s:{s:{s:o, s:i}}}", "physicalLocation", "artifactLocation", "uri",
                             uri_of(w, frame->capture), "index", (int)frame->capture);

    if (json && frame->frame > 0) {
        finding_file(w->report, frame->capture, &w->values, file);
        json_object_set_new(
            json, "logicalLocations",
            json_pack("[{s:o, s:o, s:s}]", "name", json_sprintf("frame %" PRId64, frame->frame),
                      "fullyQualifiedName", json_sprintf("%s#%" PRId64, file, frame->frame), "kind",
                      "frame"));
        json_object_set_new(json, "properties",
                            json_pack("{s:i, s:I}", "capture", (int)frame->capture, "frame",
                                      (json_int_t)frame->frame));
    }
    return json;
}

static json_t *artifacts(const struct sarif_writer *w)
{
    json_t *list = json_array();

    for (int i = 0; list && i < w->report->capture_count; i++)
        json_array_append_new(list, json_pack("{s:{s:o}, s:[s]}", "location", "uri", uri_of(w, i),
                                              "roles", "analysisTarget"));
    return list;
}

/* ---- Runs --------------------------------------------------------------------------------------------------- */

static json_t *invocation(const struct sarif_writer *w)
{
    json_t *list = json_array();
    bool read = true;

    for (int i = 0; list && i < w->report->capture_count; i++) {
        char error[FINDING_TEXT];
        char file[FINDING_TEXT];
        const struct mpa_rec_capture copy = {.file = w->report->captures[i].error};
        const struct mpa_rec_report as_file = {.captures = &copy, .capture_count = 1};

        if (!w->report->captures[i].error)
            continue;
        read = false;
        json_array_append_new(
            list, json_pack("{s:s, s:{s:o}}", "level", "error", "message", "text",
                            json_sprintf("%s: %s", finding_file(w->report, i, &w->values, file),
                                         finding_file(&as_file, 0, &w->values, error))));
    }
    return json_pack("{s:b, s:o}", "executionSuccessful", read, "toolExecutionNotifications", list);
}

static int begin(struct mpa_writer *writer, const struct mpa_rec_report *report)
{
    struct sarif_writer *w = (struct sarif_writer *)writer;
    char file[FINDING_TEXT];
    int status = MPA_OK;

    w->report = report;
    w->values.epoch_ns = report->epoch_ns;
    fputs(w->any_run ? ",\n"
                     : "{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\n"
                       "\"version\":\"2.1.0\",\n\"runs\":[\n",
          w->out);
    w->any_run = true;
    w->any_result = false;
    fputs("{\"tool\":{\"driver\":{\"name\":\"mptcp-analyze\",\"version\":\"" MPA_VERSION
          "\",\"rules\":[",
          w->out);
    for (int i = 0; i < report->rule_count && status == MPA_OK; i++) {
        fputs(i ? ",\n" : "\n", w->out);
        status = put(w, rule_json(i, &report->rules[i]));
    }
    fputs("\n]}},\n\"artifacts\":", w->out);
    if (status == MPA_OK)
        status = put(w, artifacts(w));
    fputs(",\n\"invocations\":[", w->out);
    if (status == MPA_OK)
        status = put(w, invocation(w));
    fputs("],\n", w->out);
    if (w->separate && status == MPA_OK) {
        fputs("\"automationDetails\":", w->out);
        status = put(w, json_pack("{s:o}", "id",
                                  json_sprintf("mptcp-analyze/%s",
                                               finding_file(report, 0, &w->values, file))));
        fputs(",\n", w->out);
    }
    fputs("\"results\":[", w->out);
    return status;
}

static int put_result(struct sarif_writer *w, json_t *result)
{
    fputs(w->any_result ? ",\n" : "\n", w->out);
    w->any_result = true;
    return put(w, result);
}

/* ---- Findings ----------------------------------------------------------------------------------------------- */

/* FNV-1a: of texts and numbers, the same on every machine. */
static uint64_t mix(uint64_t hash, const char *text)
{
    do {
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
    } while (*text++ != '\0');
    return hash;
}

static enum mpa_word role_of(const struct mpa_rec_conn *conn, int64_t subflow)
{
    for (int i = 0; i < conn->subflow_count; i++)
        if (conn->subflows[i].id == subflow)
            return conn->subflows[i].role;
    return MPA_ROLE_INITIAL;
}

/* Ports, keys and times change with every recording: what does not is rule, addresses, role and sentence.  The second tells the
   findings of one recording apart. */
static json_t *fingerprints(const struct sarif_writer *w, const struct mpa_rec_conn *conn,
                            const struct mpa_rec_finding *f)
{
    static const struct mpa_column as_addr = {.kind = MPA_COL_ADDR};
    uint64_t stable = 0xcbf29ce484222325u, exact;
    char number[96];
    struct mpa_value v;

    stable = mix(stable, mpa_rule_info((enum mpa_rule)f->rule)->id);
    for (int i = 0; i < 2; i++) {
        mpa_column_value(&as_addr, i ? &conn->server.addr : &conn->client.addr, &w->values, &v);
        stable = mix(stable, v.kind == MPA_VALUE_TEXT ? v.text : "");
    }
    stable = mix(stable, f->subflow == MPA_NULL ? "" : mpa_word(role_of(conn, f->subflow)));
    stable = mix(stable, f->text);
    snprintf(number, sizeof(number), "%u %u %" PRId64 " %" PRIx64, conn->client.port,
             conn->server.port, f->subflow, f->key);
    exact = mix(stable, number);
    return json_pack("{s:o, s:o}", "finding/v1", json_sprintf("%016" PRIx64, stable), "occasion/v1",
                     json_sprintf("%016" PRIx64, exact));
}

static json_t *compared(const struct sarif_writer *w, const struct mpa_rec_finding *f)
{
    json_t *json = json_object();
    char name[MPA_COMPARED_NAME];
    struct mpa_value v;

    for (int i = 0; json && i < f->value_count; i++) {
        mpa_compared_value(&f->values[i], &w->values, &v);
        json_object_set_new(json, mpa_compared_name(&f->values[i], name),
                            v.kind == MPA_VALUE_INT    ? json_integer(v.number)
                            : v.kind == MPA_VALUE_TEXT ? json_string(v.text)
                                                       : json_null());
    }
    return json;
}

static json_t *frames_json(const struct sarif_writer *w, const struct mpa_rec_finding *f, int from,
                           int upto)
{
    json_t *list = json_array();

    for (int i = from; list && i < upto && i < f->frame_count; i++)
        json_array_append_new(list, place(w, &f->frames[i]));
    if (list && from == 0 && f->frame_count == 0)
        json_array_append_new(list, place(w, &(struct mpa_frame_ref){0, 0}));
    return list;
}

static json_t *result_json(const struct sarif_writer *w, const struct mpa_rec_conn *conn,
                           const struct mpa_rec_finding *f)
{
    const struct mpa_rule_info *info = mpa_rule_info((enum mpa_rule)f->rule);
    char where[FINDING_TEXT];
    char says[FINDING_TEXT];
    json_t *json =
        json_pack("{s:s, s:i, s:s, s:{s:o}, s:o, s:o, s:{s:I, s:o, s:s, s:o}}", "ruleId", info->id,
                  "ruleIndex", (int)f->rule, "level", level_of(f->severity), "message", "text",
                  json_sprintf("%s: %s", finding_where(conn, f, w->report, &w->values, where),
                               finding_says(f, &w->values, says)),
                  "locations", frames_json(w, f, 0, 1), "partialFingerprints",
                  fingerprints(w, conn, f), "properties", "connection", (json_int_t)conn->id,
                  "subflow", f->subflow == MPA_NULL ? json_null() : json_integer(f->subflow),
                  "verdict", mpa_word(f->verdict), "values", compared(w, f));

    if (!json)
        return NULL;
    if (f->frame_count > 1)
        json_object_set_new(json, "relatedLocations", frames_json(w, f, 1, MPA_FINDING_FRAMES));
    if (w->baseline)
        json_object_set_new(json, "baselineState", json_string(f->baseline ? "unchanged" : "new"));
    if (f->baseline)
        json_object_set_new(json, "suppressions",
                            json_pack("[{s:s, s:s}]", "kind", "external", "justification",
                                      "it is in the baseline"));
    return json;
}

static int connection(struct mpa_writer *writer, const struct mpa_rec_conn *conn)
{
    struct sarif_writer *w = (struct sarif_writer *)writer;
    int status = MPA_OK;

    for (int i = 0; i < conn->finding_count && status == MPA_OK; i++)
        status = put_result(w, result_json(w, conn, &conn->findings[i]));
    return status;
}

/* ---- Rules without findings --------------------------------------------------------------------------------- */

static json_t *case_json(const struct sarif_writer *w, int rule, const struct mpa_rec_rule *r)
{
    enum case_state state = case_state(r, MPA_SEVERITY_INFO);
    char text[FINDING_TEXT];
    const char *skipped = case_skipped(state, r, text);
    json_t *places = json_array();

    for (int i = 0; places && i < w->report->capture_count; i++)
        json_array_append_new(places, place(w, &(struct mpa_frame_ref){i, 0}));
    return json_pack("{s:s, s:i, s:s, s:s, s:{s:s}, s:o}", "ruleId",
                     mpa_rule_info((enum mpa_rule)rule)->id, "ruleIndex", rule, "level", "none",
                     "kind",
                     state == CASE_PASSED           ? "pass"
                     : state == CASE_NOT_VERIFIABLE ? "open"
                                                    : "notApplicable",
                     "message", "text", skipped ? skipped : "kept", "locations", places);
}

static bool has_findings(const struct mpa_rec_rule *r)
{
    return r->findings[0] + r->findings[1] + r->findings[2] + r->known > 0;
}

static int end(struct mpa_writer *writer, const struct mpa_rec_report *report)
{
    struct sarif_writer *w = (struct sarif_writer *)writer;
    int status = MPA_OK;

    for (int i = 0; i < report->rule_count && status == MPA_OK; i++)
        if (!has_findings(&report->rules[i]))
            status = put_result(w, case_json(w, i, &report->rules[i]));
    fputs("\n]}", w->out);
    return status == MPA_OK && ferror(w->out) ? MPA_ERR_WRITE : status;
}

static int close_writer(struct mpa_writer *writer)
{
    struct sarif_writer *w = (struct sarif_writer *)writer;

    fputs(w->any_run ? "\n]}\n" : "{\"version\":\"2.1.0\",\"runs\":[]}\n", w->out);
    return fflush(w->out) != 0 || ferror(w->out) ? MPA_ERR_WRITE : MPA_OK;
}

static void free_writer(struct mpa_writer *writer)
{
    free(writer);
}

struct mpa_writer *mpa_writer_sarif(FILE *out, const struct mpa_writer_options *options)
{
    struct sarif_writer *w = calloc(1, sizeof(*w));

    if (!w)
        return NULL;
    w->writer = (struct mpa_writer){.begin = begin,
                                    .connection = connection,
                                    .end = end,
                                    .free = free_writer,
                                    .close = close_writer};
    w->out = out;
    w->separate = options->separate;
    w->baseline = options->baseline;
    w->values.anonymizer = options->anonymizer;
    return &w->writer;
}
