/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "finding.h"

#include "mpa/status.h"
#include "text.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* A text of FINDING_TEXT bytes that grows; what does not fit is left out. */
struct grown {
    char *text;
    size_t size;
};

__attribute__((format(printf, 2, 3))) static void add(struct grown *g, const char *format, ...)
{
    size_t room = FINDING_TEXT - g->size;
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(g->text + g->size, room, format, args);
    va_end(args);
    if (length > 0)
        g->size += (size_t)length < room ? (size_t)length : room - 1;
}

static struct grown begin(char *ret)
{
    ret[0] = '\0';
    return (struct grown){ret, 0};
}

void finding_make_plain(char *text)
{
    json_t *json;

    for (char *p = text; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
    json = json_string(text);
    for (char *p = text; !json && *p != '\0'; p++)
        if ((unsigned char)*p >= 0x80)
            *p = '?';
    json_decref(json);
}

/* "waited_dur_ns" is "waited". */
static void add_name(struct grown *g, const struct mpa_rec_value *v)
{
    char name[MPA_COMPARED_NAME];
    char *end;

    mpa_compared_name(v, name);
    end = strstr(name, "_dur_ns");
    if (end && v->kind == MPA_COMPARED_NS)
        *end = '\0';
    for (char *p = name; *p != '\0'; p++)
        if (*p == '_')
            *p = ' ';
    add(g, "%s ", name);
}

const char *finding_values(const struct mpa_rec_finding *f, const struct mpa_values *values,
                           char *ret)
{
    struct grown g = begin(ret);
    char number[TEXT_CELL];
    struct mpa_value v;

    for (int i = 0; i < f->value_count; i++) {
        const struct mpa_rec_value *c = &f->values[i];

        add(&g, "%s", i > 0 ? ", " : "");
        add_name(&g, c);
        mpa_compared_value(c, values, &v);
        if (v.kind == MPA_VALUE_NULL)
            add(&g, "unknown");
        else if (c->kind == MPA_COMPARED_NS)
            add(&g, "%s", text_duration(c->number, number));
        else if (v.kind == MPA_VALUE_INT)
            add(&g, "%" PRId64, v.number);
        else
            add(&g, "%s", v.text);
    }
    return ret;
}

const char *finding_says(const struct mpa_rec_finding *f, const struct mpa_values *values,
                         char *ret)
{
    struct grown g = begin(ret);
    char compared[FINDING_TEXT];

    add(&g, "%s", f->text);
    if (f->value_count > 0)
        add(&g, " (%s)", finding_values(f, values, compared));
    return ret;
}

const char *finding_file(const struct mpa_rec_report *report, int capture,
                         const struct mpa_values *values, char *ret)
{
    const char *file =
        capture >= 0 && capture < report->capture_count ? report->captures[capture].file : NULL;

    text_outside(file, values, ret, FINDING_TEXT);
    finding_make_plain(ret);
    return ret;
}

const char *finding_where(const struct mpa_rec_conn *conn, const struct mpa_rec_finding *f,
                          const struct mpa_rec_report *report, const struct mpa_values *values,
                          char *ret)
{
    struct grown g = begin(ret);
    char end[2][TEXT_CELL];
    char file[FINDING_TEXT];

    add(&g, "connection %" PRId64 " (%s -> %s)", conn->id,
        text_endpoint(&conn->client, values, end[0]), text_endpoint(&conn->server, values, end[1]));
    if (f->subflow != MPA_NULL)
        add(&g, ", subflow %" PRId64, f->subflow);
    for (int i = 0; i < f->frame_count && i < MPA_FINDING_FRAMES; i++) {
        add(&g, "%s%" PRId64, i == 0 ? ", frame " : " and ", f->frames[i].frame);
        if (report->capture_count > 1 || i == f->frame_count - 1)
            add(&g, " of %s", finding_file(report, f->frames[i].capture, values, file));
    }
    return ret;
}

const char *finding_reasons(const struct mpa_rec_rule *r, char *ret)
{
    struct grown g = begin(ret);

    for (int i = 0; i < MPA_RULE_REASONS; i++) {
        enum mpa_verdict v = (enum mpa_verdict)(MPA_VERDICT_NV_FIRST + i);

        if (r->not_verifiable[i] > 0)
            add(&g, "%s%" PRId64 " x %s (%s)", g.size > 0 ? ", " : "", r->not_verifiable[i],
                mpa_verdict_meaning(v), mpa_verdict_reason(v));
    }
    return ret;
}

/* ---- Cases -------------------------------------------------------------------------------------------------- */

enum case_state case_state(const struct mpa_rec_rule *r, enum mpa_word fail_on)
{
    int64_t fail = 0, other = 0;

    for (int i = 0; i < 3; i++) {
        if ((enum mpa_word)(MPA_SEVERITY_INFO + i) >= fail_on)
            fail += r->findings[i];
        else
            other += r->findings[i];
    }
    if (r->off)
        return CASE_OFF;
    if (fail > 0)
        return CASE_FAILED;
    if (other > 0)
        return CASE_REMARK;
    if (r->known > 0)
        return CASE_KNOWN;
    if (r->passed > 0)
        return CASE_PASSED;
    return r->checked > 0 ? CASE_NOT_VERIFIABLE : CASE_NOT_APPLICABLE;
}

const char *case_skipped(enum case_state state, const struct mpa_rec_rule *r, char *ret)
{
    char reasons[FINDING_TEXT];
    struct grown g = begin(ret);

    switch (state) {
    case CASE_KNOWN:
        add(&g, "known: %" PRId64 " finding%s in the baseline", r->known,
            r->known == 1 ? " is" : "s are");
        return ret;
    case CASE_NOT_VERIFIABLE:
        add(&g, "not verifiable: %s", finding_reasons(r, reasons));
        return ret;
    case CASE_NOT_APPLICABLE:
        return "not applicable: the capture has no occasion for it";
    case CASE_OFF:
        return "off: by --rule or the profile";
    default:
        return NULL;
    }
}

static void drop_lines(struct cases *c)
{
    for (int i = 0; i < MPA_RULE_COUNT; i++) {
        for (int k = 0; k < c->rule[i].lines; k++)
            free(c->rule[i].line[k]);
        c->rule[i].lines = 0;
        c->rule[i].total = 0;
    }
}

void cases_begin(struct cases *c, const struct mpa_rec_report *report)
{
    drop_lines(c);
    c->report = report;
    c->values.epoch_ns = report->epoch_ns;
}

int cases_take(struct cases *c, const struct mpa_rec_conn *conn)
{
    char where[FINDING_TEXT];
    char says[FINDING_TEXT];

    for (int i = 0; i < conn->finding_count; i++) {
        const struct mpa_rec_finding *f = &conn->findings[i];
        int at = c->rule[f->rule].lines;

        c->rule[f->rule].total++;
        if (at == CASE_LINES)
            continue;
        if (asprintf(&c->rule[f->rule].line[at], "%s%s, %s: %s", mpa_word(f->severity),
                     f->baseline ? " (known)" : "",
                     finding_where(conn, f, c->report, &c->values, where),
                     finding_says(f, &c->values, says)) < 0)
            return MPA_ERR_NOMEM;
        c->rule[f->rule].lines++;
    }
    return MPA_OK;
}

void cases_free(struct cases *c)
{
    drop_lines(c);
}
