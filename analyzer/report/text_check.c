/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Conformance: which rules are broken, what could not be verified, the findings, and where to look first. */
#include "finding.h"
#include "mpa/status.h"
#include "text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define KEPT 5 /* Findings that are shown of a rule. */

/* What is gathered of a rule: bounded. */
struct text_found {
    int64_t total, connections, last_connection;
    enum mpa_word severity; /* The highest. */
    struct mpa_frame_ref first;
    struct mpa_addr client, server; /* Of the first finding's connection. */
    bool one_client, one_server;    /* All others are of the same. */
    struct {
        struct mpa_rec_finding finding;
        struct mpa_endpoint client, server;
        int64_t connection;
    } kept[KEPT];
    int kept_count;
};

/* ---- Gathered while connections pass by --------------------------------------------------------------------- */

static void keep(struct text_found *r, const struct mpa_rec_conn *conn,
                 const struct mpa_rec_finding *f)
{
    if (r->total == 0) {
        r->first = f->frame_count > 0 ? f->frames[0] : (struct mpa_frame_ref){-1, 0};
        r->client = conn->client.addr;
        r->server = conn->server.addr;
        r->one_client = r->one_server = true;
        r->severity = f->severity;
        r->last_connection = -1;
    }
    r->total++;
    r->severity = f->severity > r->severity ? f->severity : r->severity;
    r->one_client &= mpa_addr_eq(&r->client, &conn->client.addr);
    r->one_server &= mpa_addr_eq(&r->server, &conn->server.addr);
    r->connections += conn->id != r->last_connection;
    r->last_connection = conn->id;
    if (r->kept_count == KEPT)
        return;
    r->kept[r->kept_count].finding = *f;
    r->kept[r->kept_count].client = conn->client;
    r->kept[r->kept_count].server = conn->server;
    r->kept[r->kept_count++].connection = conn->id;
}

int text_check_gather(struct text_writer *w, const struct mpa_rec_conn *conn)
{
    bool worse = false;

    for (int i = 0; i < conn->finding_count; i++) {
        const struct mpa_rec_finding *f = &conn->findings[i];

        if (!w->found[f->rule])
            w->found[f->rule] = calloc(1, sizeof(*w->found[f->rule]));
        if (!w->found[f->rule])
            return MPA_ERR_NOMEM;
        keep(w->found[f->rule], conn, f);
        worse |= f->severity > MPA_SEVERITY_INFO;
        w->found_severity[f->severity - MPA_SEVERITY_INFO]++;
        w->found_known += f->baseline;
    }
    w->found_connections += worse;
    w->failed += conn->outcome == MPA_OUTCOME_FAILED;
    return MPA_OK;
}

void text_check_free(struct text_writer *w)
{
    for (int i = 0; i < MPA_RULE_COUNT; i++)
        free(w->found[i]);
}

/* ---- One line of counts ------------------------------------------------------------------------------------- */

struct rule_states {
    int64_t broken, kept, blind, idle, off;
};

static struct rule_states count_states(const struct mpa_rec_report *r)
{
    struct rule_states s = {0};

    for (int i = 0; i < r->rule_count; i++) {
        const struct mpa_rec_rule *rule = &r->rules[i];

        if (rule->off)
            s.off++;
        else if (rule->broken > 0)
            s.broken++;
        else if (rule->passed > 0)
            s.kept++;
        else if (rule->checked > 0)
            s.blind++;
        else
            s.idle++;
    }
    return s;
}

/* "3 errors"; nothing where there are none. */
static void add_found(char *text, size_t size, const char *join, int64_t count, const char *name)
{
    size_t used = strlen(text);
    char number[TEXT_CELL];

    if (count > 0)
        snprintf(text + used, size - used, "%s%s %s%s", used > 0 ? join : "",
                 text_count(count, number), name, count == 1 ? "" : "s");
}

/* ", 3 are kept"; nothing where there are none. */
static void add_rules(char *text, size_t size, int64_t count, const char *one, const char *many)
{
    size_t used = strlen(text);

    if (count > 0)
        snprintf(text + used, size - used, "%s%" PRId64 " %s", used > 0 ? ", " : "", count,
                 count == 1 ? one : many);
}

static void summary(struct text_writer *w, const struct mpa_rec_report *r)
{
    struct rule_states s = count_states(r);
    char found[512] = "", rules[512] = "", number[TEXT_CELL];
    size_t size;

    add_found(found, sizeof(found), ", ", w->found_severity[2], "error");
    add_found(found, sizeof(found), ", ", w->found_severity[1], "warning");
    if (w->found_connections > 0)
        add_found(found, sizeof(found), " in ", w->found_connections, "connection");
    else
        snprintf(found, sizeof(found), "no error, no warning");
    add_found(found, sizeof(found), "; ", w->found_severity[0], "note");
    size = strlen(found);
    if (w->found_known > 0)
        snprintf(found + size, sizeof(found) - size, "; %s known by the baseline",
                 text_count(w->found_known, number));
    add_rules(rules, sizeof(rules), s.broken, "is broken", "are broken");
    add_rules(rules, sizeof(rules), s.kept, "is kept", "are kept");
    add_rules(rules, sizeof(rules), s.blind, "cannot be verified here", "cannot be verified here");
    add_rules(rules, sizeof(rules), s.idle, "had no occasion", "had no occasion");
    add_rules(rules, sizeof(rules), s.off, "is off", "are off");
    fputc('\n', w->out);
    text_paragraphf(w->out, "Conformance: ", 2, "%s; of %d rules %s", found, r->rule_count, rules);
}

/* ---- Rules --------------------------------------------------------------------------------------------------- */

/* Errors first, then in the order of the rules. */
static void broken_rules(struct text_writer *w, const struct mpa_rec_report *r)
{
    char lead[2 * TEXT_CELL], frame[TEXT_CELL], number[TEXT_CELL];
    bool any = false;

    for (int severity = MPA_SEVERITY_ERROR; severity >= MPA_SEVERITY_INFO; severity--)
        for (int i = 0; i < r->rule_count; i++) {
            const struct text_found *f = w->found[i];
            int width;

            if (!f || (int)f->severity != severity)
                continue;
            if (!any)
                fputs("\nRules with findings\n  RULE    SEVERITY  FINDINGS  FIRST FRAME  WHAT "
                      "SHOULD HOLD\n",
                      w->out);
            any = true;
            width = snprintf(
                lead, sizeof(lead), "  %-6s  %-8s  %8s  %11s  ",
                mpa_rule_info((enum mpa_rule)i)->id, mpa_word(f->severity),
                text_count(r->rules[i].broken > f->total ? r->rules[i].broken : f->total, number),
                text_frame(w, &f->first, frame)[0] ? frame : "-");
            text_paragraph(w->out, lead, width, mpa_rule_info((enum mpa_rule)i)->title);
        }
}

static void not_verifiable(struct text_writer *w, const struct mpa_rec_report *r)
{
    static const struct text_column columns[] = {
        {"REASON", 0, NULL},
        {"TIMES", TEXT_RIGHT, NULL},
        {"RULES", TEXT_RIGHT, NULL},
        {"BECAUSE", 0, NULL},
        {NULL, 0, NULL},
    };
    struct text_table t = {.columns = columns};
    char times[TEXT_CELL], rules[TEXT_CELL];

    for (int k = 0; k < MPA_RULE_REASONS; k++) {
        enum mpa_verdict v = (enum mpa_verdict)(MPA_VERDICT_NV_FIRST + k);
        int64_t sum = 0, count = 0;

        for (int i = 0; i < r->rule_count; i++) {
            sum += r->rules[i].not_verifiable[k];
            count += r->rules[i].not_verifiable[k] > 0;
        }
        if (sum == 0)
            continue;
        text_table_add(&t, 0, k,
                       (const char *const[]){mpa_verdict_reason(v), text_count(sum, times),
                                             text_count(count, rules), mpa_verdict_meaning(v)});
    }
    text_table_print(w->out, &t, "Not verifiable in this capture, and so no verdict");
    w->conns.failed |= t.failed;
    text_table_free(&t);
}

/* ---- Findings ------------------------------------------------------------------------------------------------ */

static void one_finding(struct text_writer *w, FILE *out, const char *before, int64_t connection,
                        const struct mpa_rec_finding *f)
{
    char lead[2 * TEXT_CELL], where[TEXT_CELL] = "", subflow[48] = "", frame[TEXT_CELL];
    char says[FINDING_TEXT];
    int width;

    if (connection >= 0)
        snprintf(where, sizeof(where), "connection %" PRId64 ", ", connection);
    if (f->subflow != MPA_NULL)
        snprintf(subflow, sizeof(subflow), "subflow %" PRId64 ", ", f->subflow);
    width = snprintf(lead, sizeof(lead), "%s%-6s  %-7s  ", before,
                     mpa_rule_info((enum mpa_rule)f->rule)->id, mpa_word(f->severity));
    text_frame(w, f->frame_count > 0 ? &f->frames[0] : &(struct mpa_frame_ref){-1, 0}, frame);
    text_paragraphf(out, lead, width, "%s%s%s%s%s%s%s", where, subflow, frame[0] ? "frame " : "",
                    frame, frame[0] ? ": " : "", finding_says(f, &w->values, says),
                    f->baseline ? " [known]" : "");
}

static void findings(struct text_writer *w, const struct mpa_rec_report *r)
{
    char number[TEXT_CELL], title[128];
    bool all = true, any = false;

    for (int i = 0; i < r->rule_count; i++) {
        any |= w->found[i] != NULL;
        all &= !w->found[i] || w->found[i]->total <= KEPT;
    }
    if (!any)
        return;
    snprintf(title, sizeof(title), "\nFindings%s\n",
             all          ? ""
             : w->stories ? " (the first 5 of each rule; all stand in the stories below)"
                          : " (the first 5 of each rule; --explain shows all)");
    fputs(title, w->out);
    for (int severity = MPA_SEVERITY_ERROR; severity >= MPA_SEVERITY_INFO; severity--)
        for (int i = 0; i < r->rule_count; i++) {
            const struct text_found *f = w->found[i];

            if (!f || (int)f->severity != severity)
                continue;
            for (int k = 0; k < f->kept_count; k++)
                one_finding(w, w->out, "  ", f->kept[k].connection, &f->kept[k].finding);
            if (f->total > f->kept_count)
                fprintf(w->out, "          ... and %s more of %s\n",
                        text_count(f->total - f->kept_count, number),
                        mpa_rule_info((enum mpa_rule)i)->id);
        }
}

void text_check_story(struct text_writer *w, FILE *out, const struct mpa_rec_conn *conn)
{
    for (int i = 0; i < conn->finding_count; i++)
        one_finding(w, out, "  finding: ", -1, &conn->findings[i]);
}

/* ---- Where to look ------------------------------------------------------------------------------------------- */

/* The worst rule that the baseline does not know; of equal ones the one with most connections. */
static int worst_rule(const struct text_writer *w, const struct mpa_rec_report *r)
{
    int worst = -1;

    for (int i = 0; i < r->rule_count; i++) {
        const struct text_found *f = w->found[i];

        if (!f || f->severity == MPA_SEVERITY_INFO || r->rules[i].known == f->total)
            continue;
        if (worst < 0 || f->severity > w->found[worst]->severity ||
            (f->severity == w->found[worst]->severity &&
             f->connections > w->found[worst]->connections))
            worst = i;
    }
    return worst;
}

static int commonest_reason(const struct mpa_rec_report *r)
{
    int64_t most = 0;
    int ret = -1;

    for (int k = 0; k < MPA_RULE_REASONS; k++) {
        int64_t sum = 0;

        for (int i = 0; i < r->rule_count; i++)
            sum += r->rules[i].not_verifiable[k];
        if (sum > most) {
            most = sum;
            ret = k;
        }
    }
    return ret;
}

/* Several connections: one host has it, or all do. */
static void pattern(struct text_writer *w, const struct text_found *f, char *ret, size_t size)
{
    char addr[TEXT_CELL];

    ret[0] = '\0';
    if (f->connections < 2)
        return;
    if (f->one_client != f->one_server)
        snprintf(ret, size, "; all are of connections %s %s, others are not concerned",
                 f->one_client ? "of the client" : "to the server",
                 text_addr(f->one_client ? &f->client : &f->server, &w->values, addr));
    else if (!f->one_client)
        snprintf(ret, size,
                 "; connections of several clients and servers have it: think of the "
                 "implementation, or of what lies between them");
}

/* No rule is to be begun with.  That does not mean that all is well. */
static void next_without_finding(struct text_writer *w, const struct mpa_rec_report *r)
{
    struct rule_states s = count_states(r);
    int reason = commonest_reason(r);
    char failed[TEXT_CELL], wrong[TEXT_CELL];

    if (w->failed > 0 || r->v6_bad > 0) {
        bool both = w->failed > 0 && r->v6_bad > 0;

        if (w->failed > 0)
            snprintf(failed, sizeof(failed), "%" PRId64 " connection%s failed", w->failed,
                     w->failed == 1 ? "" : "s");
        if (r->v6_bad > 0)
            snprintf(wrong, sizeof(wrong), "%" PRId64 " address%s not follow from the secret",
                     r->v6_bad, r->v6_bad == 1 ? " does" : "es do");
        text_paragraphf(w->out, "next: ", 2, "no broken rule explains it, but %s%s%s: begin there",
                        w->failed > 0 ? failed : "", both ? " and " : "",
                        r->v6_bad > 0 ? wrong : "");
    } else if (s.broken + s.kept == 0 && w->found_severity[0] + w->found_severity[1] == 0) {
        text_paragraphf(w->out, "next: ", 2, "nothing was judged: %s%s",
                        s.off == r->rule_count ? "all rules are off"
                        : reason >= 0          ? "mostly because "
                                               : "no rule had an occasion here",
                        s.off < r->rule_count && reason >= 0
                            ? mpa_verdict_meaning((enum mpa_verdict)(MPA_VERDICT_NV_FIRST + reason))
                            : "");
    } else if (reason >= 0) {
        text_paragraphf(w->out, "next: ", 2,
                        "nothing to repair; what could not be judged is mostly so because %s",
                        mpa_verdict_meaning((enum mpa_verdict)(MPA_VERDICT_NV_FIRST + reason)));
    } else {
        text_paragraph(w->out, "next: ", 2, "nothing to repair");
    }
}

static void next_look(struct text_writer *w, const struct mpa_rec_report *r)
{
    int worst = worst_rule(w, r);
    char frame[TEXT_CELL], file[FINDING_TEXT], common[256];
    const struct text_found *f = worst >= 0 ? w->found[worst] : NULL;

    fputc('\n', w->out);
    if (f) {
        pattern(w, f, common, sizeof(common));
        text_frame(w, &f->first, frame);
        text_paragraphf(
            w->out, "next: ", 2, "begin with %s (%s)%s%s%s%s%s",
            mpa_rule_info((enum mpa_rule)worst)->id, mpa_rule_info((enum mpa_rule)worst)->reference,
            frame[0] ? ", frame " : "", frame, frame[0] ? " of " : "",
            frame[0] ? finding_file(r, f->first.capture, &w->values, file) : "", common);
    } else {
        next_without_finding(w, r);
    }
}

void text_check(struct text_writer *w, const struct mpa_rec_report *r)
{
    if (!r->rules)
        return;
    summary(w, r);
    broken_rules(w, r);
    not_verifiable(w, r);
    findings(w, r);
    next_look(w, r);
}
