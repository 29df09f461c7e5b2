/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The checks' entry: what the tracker tells, to the watchers and to the rules whose scope it is. */
#include "internal.h"

#include <stdlib.h>

const struct check_row check_rows[MPA_RULE_COUNT] = {
#define RULE(symbol, id, dialects, level, severity, scope, when, also, reference, judge, title)    \
    {{id, title, reference, MPA_LEVEL_##level, MPA_SEVERITY_##severity, dialects},                 \
     SCOPE_##scope,                                                                                \
     when,                                                                                         \
     also,                                                                                         \
     judge},
#include "mpa/tbl/rules.h"
#undef RULE
};

static const struct check_watcher *const watchers[] = {
    &check_watch_capable, &check_watch_join,    &check_watch_address,
    &check_watch_data,    &check_watch_failure, &check_watch_balance,
};

#define WATCHERS (sizeof(watchers) / sizeof(watchers[0]))

/* ---- Which rules ----------------------------------------------------------------------- */

/* What a profile looks at. */
static const struct {
    const char *name;
    uint16_t dialects;
    unsigned levels; /* Bit set of 1 << enum mpa_rule_level. */
} profiles[MPA_PROFILE_COUNT] = {
    [MPA_PROFILE_AUTO] = {"auto", MPA_IN_ALL, ~0u},
    [MPA_PROFILE_RFC8684] = {"rfc8684", MPA_IN_V1 | MPA_IN_UNKNOWN,
                             1u << MPA_LEVEL_MUST | 1u << MPA_LEVEL_SHOULD},
    [MPA_PROFILE_RFC6824] = {"rfc6824", MPA_IN_V0 | MPA_IN_UNKNOWN,
                             1u << MPA_LEVEL_MUST | 1u << MPA_LEVEL_SHOULD},
    [MPA_PROFILE_ICNP2017] = {"icnp2017", MPA_IN_ICNP | MPA_IN_UNKNOWN, ~0u},
    [MPA_PROFILE_LB] = {"lb", MPA_IN_ALL, ~0u},
};

const char *mpa_profile_name(enum mpa_profile p)
{
    return profiles[p].name;
}

enum mpa_profile mpa_profile_find(const char *name)
{
    int i;

    for (i = 0; i < MPA_PROFILE_COUNT; i++)
        if (strcmp(profiles[i].name, name) == 0)
            break;
    return (enum mpa_profile)i;
}

static void add(struct check_list *list, int rule)
{
    list->rule[list->count++] = (uint8_t)rule;
}

/* The rules that are on, by what makes them be asked. */
static void select_rules(struct mpa_check *c)
{
    for (int i = 0; i < MPA_RULE_COUNT; i++) {
        const struct check_row *row = &check_rows[i];

        if (c->config.change[i] == MPA_RULE_OFF ||
            !(profiles[c->config.profile].levels & 1u << row->info.level)) {
            c->sums[i].off = true;
            continue;
        }
        add(&c->scopes[row->scope], i);
        for (int bit = 0; bit < 32; bit++) {
            if (!(row->when & 1u << bit))
                continue;
            if (row->scope == SCOPE_EVENT)
                add(&c->events[bit], i);
            else if (row->scope == SCOPE_OPTION && bit <= MPA_SUBTYPE_NO_BIT)
                add(&c->options[bit], i);
        }
    }
}

static bool applies(const struct mpa_check *c, const struct check_row *row, enum mpa_word protocol,
                    enum mpa_dialect dialect)
{
    /* An option is judged before it is applied: the SYN that makes a connection MPTCP among them. */
    if (protocol == MPA_PROTOCOL_TCP && row->scope != SCOPE_OPTION)
        return (row->also & MPA_ALSO_TCP) != 0;
    if (protocol == MPA_PROTOCOL_FALLBACK && !(row->also & MPA_ALSO_FALLBACK))
        return false;
    return ((row->info.dialects | MPA_IN_UNKNOWN) & profiles[c->config.profile].dialects &
            1u << dialect) != 0;
}

/* Known ahead: packets ask for every rule of their scope. */
static void know_asked(struct mpa_check *c)
{
    for (int p = 0; p < CHECK_PROTOCOLS; p++)
        for (int d = 0; d < MPA_DIALECT_COUNT; d++)
            for (int i = 0; i < MPA_RULE_COUNT; i++) {
                const struct check_row *row = &check_rows[i];

                if (!applies(c, row, (enum mpa_word)(MPA_PROTOCOL_MPTCP + p), (enum mpa_dialect)d))
                    c->asked[p][d][i] = ASKED_NOT;
                else
                    c->asked[p][d][i] = row->info.dialects & 1u << d ? ASKED : ASKED_UNSURE;
            }
}

/* ---- Judging --------------------------------------------------------------------------- */

/* The dialect is decided by this very option. */
static bool opens(const struct check_case *k, enum mpa_word protocol)
{
    return protocol == MPA_PROTOCOL_TCP && k->option && k->option->subtype == MPA_MP_CAPABLE;
}

/* What the judge left open. */
static void fill_finding(const struct mpa_rule_info *rule, const struct check_case *k,
                         struct mpa_rec_finding *f)
{
    if (!f->text)
        f->text = rule->title;
    if (f->severity == MPA_WORD_COUNT)
        f->severity = rule->severity;
    if (f->frame_count == 0 && k->segment)
        check_frame(f, k->frame);
    if (f->subflow == MPA_NULL && k->sf)
        f->subflow = k->sf->id;
    if (f->subflow == MPA_NULL && k->record_subflow)
        f->subflow = k->record_subflow->id;
    if (f->ns == MPA_NULL && k->segment)
        f->ns = k->ns;
}

/* 'asked' is the row of mpa_check.asked for the case. */
static inline void judge(struct mpa_check *c, int rule, const struct check_case *k,
                         enum mpa_word protocol, const uint8_t *asked,
                         struct check_results **results)
{
    struct mpa_rec_finding f;
    enum mpa_verdict verdict;

    if (asked[rule] == ASKED_NOT)
        return;
    f.severity = MPA_WORD_COUNT; /* The rule's. */
    f.frame_count = f.value_count = 0;
    f.subflow = f.ns = MPA_NULL;
    f.text = NULL;
    f.key = 0;
    verdict = c->judges[rule](k, &f);
    if (verdict == MPA_VERDICT_NOT_APPLICABLE)
        return;
    if (asked[rule] == ASKED_UNSURE && !opens(k, protocol))
        verdict = MPA_VERDICT_NV_DIAL;
    if (verdict == MPA_VERDICT_PASSED && *results) {
        (*results)->passed[rule]++;
        return;
    }
    if (verdict == MPA_VERDICT_BROKEN || verdict == MPA_VERDICT_NOTED)
        fill_finding(&check_rows[rule].info, k, &f);
    check_result(c, results, (enum mpa_rule)rule, verdict, &f);
}

static void judge_all(struct mpa_check *c, const struct check_list *list,
                      const struct check_case *k, enum mpa_word protocol, enum mpa_dialect dialect,
                      struct check_results **results)
{
    const uint8_t *asked = c->asked[protocol - MPA_PROTOCOL_MPTCP][dialect];

    for (int i = 0; i < list->count; i++)
        judge(c, list->rule[i], k, protocol, asked, results);
}

static void judge_list(struct mpa_check *c, const struct check_list *list,
                       const struct check_case *k)
{
    judge_all(c, list, k, (enum mpa_word)k->conn->protocol, (enum mpa_dialect)k->conn->dialect,
              &check_conn_of(k->conn)->results);
}

/* ---- What the tracker tells ------------------------------------------------------------ */

static void on_event(void *context, const struct mpa_event *e)
{
    struct mpa_check *c = context;
    struct check_case k = {.check = c,
                           .conn = e->conn,
                           .cc = check_conn_of(e->conn),
                           .sf = e->subflow,
                           .cs = e->subflow ? check_subflow_of(e->subflow) : NULL,
                           .event = e,
                           .option = e->option,
                           .segment = e->segment,
                           .dir = e->dir,
                           .frame = e->frame,
                           .ns = e->ns,
                           .end_ns = mpa_tracker_now(c->tracker)};

    if (e->option && e->segment && check_dropped(e->subflow, e->dir, e->segment))
        return;
    for (size_t i = 0; i < WATCHERS; i++)
        if (watchers[i]->event)
            watchers[i]->event(c, e);
    if (e->kind == MPA_EVENT_OPTION)
        judge_list(c,
                   &c->options[e->option->subtype < MPA_SUBTYPE_NO_BIT ? e->option->subtype
                                                                       : MPA_SUBTYPE_NO_BIT],
                   &k);
    else
        judge_list(c, &c->events[e->kind], &k);
}

static void on_segment(void *context, const struct mpa_segment *seg, struct mpa_subflow *sf,
                       enum mpa_dir dir, const struct mpa_facts *facts)
{
    struct mpa_check *c = context;
    struct check_case k = {.check = c,
                           .conn = sf->conn,
                           .cc = check_conn_of(sf->conn),
                           .sf = sf,
                           .cs = check_subflow_of(sf),
                           .segment = seg,
                           .facts = facts,
                           .dir = dir,
                           .frame = {seg->capture, (int64_t)seg->frame},
                           .ns = seg->ns,
                           .end_ns = mpa_tracker_now(c->tracker)};

    for (size_t i = 0; i < WATCHERS; i++)
        if (watchers[i]->segment)
            watchers[i]->segment(c, seg, sf, dir, facts);
    judge_list(c, &c->scopes[SCOPE_SEGMENT], &k);
}

/* The connection is judged already, where there is anybody to read it. */
static void on_conn_end(void *context, struct mpa_conn *conn)
{
    struct mpa_check *c = context;

    for (size_t i = 0; i < WATCHERS; i++)
        if (watchers[i]->end)
            watchers[i]->end(c, conn);
    check_results_free(check_conn_of(conn)->results);
    check_conn_of(conn)->results = NULL;
}

/* ---- Records --------------------------------------------------------------------------- */

static int by_rule(const void *a, const void *b)
{
    const struct mpa_rec_tally *x = a, *y = b;

    if (x->rule != y->rule)
        return x->rule < y->rule ? -1 : 1;
    return x->verdict < y->verdict ? -1 : x->verdict > y->verdict;
}

static int put_tally(struct mpa_check *c, int *count, struct mpa_rec_tally tally)
{
    for (int i = 0; i < *count; i++)
        if (c->tallies[i].rule == tally.rule && c->tallies[i].verdict == tally.verdict) {
            c->tallies[i].count += tally.count;
            return MPA_OK;
        }
    if (!check_grow(&c->tallies, *count, &c->tally_capacity, sizeof *c->tallies))
        return MPA_ERR_NOMEM;
    c->tallies[(*count)++] = tally;
    return MPA_OK;
}

static int put_finding(struct mpa_check *c, int *count, const struct mpa_rec_finding *finding)
{
    if (!check_grow(&c->findings, *count, &c->finding_capacity, sizeof *c->findings))
        return MPA_ERR_NOMEM;
    c->findings[(*count)++] = *finding;
    return MPA_OK;
}

/* Behind what the record has already: its own arrays belong to somebody else. */
static int put_results(struct mpa_check *c, const struct check_results *r,
                       struct mpa_rec_conn *record)
{
    int tallies = 0, findings = 0, rc = MPA_OK;

    for (int i = 0; i < record->tally_count && rc == MPA_OK; i++)
        rc = put_tally(c, &tallies, record->tallies[i]);
    for (int i = 0; i < record->finding_count && rc == MPA_OK; i++)
        rc = put_finding(c, &findings, &record->findings[i]);
    for (int i = 0; r && i < MPA_RULE_COUNT && rc == MPA_OK; i++)
        if (r->passed[i])
            rc = put_tally(c, &tallies,
                           (struct mpa_rec_tally){(uint16_t)i, MPA_VERDICT_PASSED, r->passed[i]});
    for (int i = 0; r && i < r->tally_count && rc == MPA_OK; i++)
        rc = put_tally(c, &tallies, r->tallies[i]);
    for (int i = 0; r && i < r->finding_count && rc == MPA_OK; i++)
        rc = put_finding(c, &findings, &r->findings[i]);
    if (tallies > 1)
        qsort(c->tallies, (size_t)tallies, sizeof *c->tallies, by_rule);
    record->tallies = c->tallies;
    record->tally_count = tallies;
    record->findings = c->findings;
    record->finding_count = findings;
    return rc;
}

/* Both lists are in the order of their ids: '*at' is where the one before was found. */
static const struct mpa_rec_subflow *record_subflow(const struct mpa_rec_conn *record, int64_t id,
                                                    int *at)
{
    while (*at < record->subflow_count && record->subflows[*at].id < id)
        (*at)++;
    return *at < record->subflow_count && record->subflows[*at].id == id ? &record->subflows[*at]
                                                                         : NULL;
}

int mpa_check_judge(void *context, const struct mpa_conn *conn, struct mpa_rec_conn *record)
{
    struct mpa_check *c = context;
    struct check_case k = {.check = c,
                           .conn = conn,
                           .cc = check_conn_of(conn),
                           .record = record,
                           .end_ns = mpa_tracker_now(c->tracker)};
    const struct check_results *results = NULL;
    int rc, at = 0;

    judge_list(c, &c->scopes[SCOPE_CONN], &k);
    for (const struct mpa_subflow *sf = conn->subflows; sf; sf = sf->next) {
        k.sf = sf;
        k.cs = check_subflow_of(sf);
        k.record_subflow = record_subflow(record, sf->id, &at);
        judge_list(c, &c->scopes[SCOPE_SUBFLOW], &k);
    }
    k.sf = NULL;
    k.cs = NULL;
    k.record_subflow = NULL;
    for (k.advert = conn->adverts; k.advert; k.advert = k.advert->next)
        judge_list(c, &c->scopes[SCOPE_ADVERT], &k);
    /* Packets before the dialect was known were judged all the same. */
    if (profiles[c->config.profile].dialects & 1u << conn->dialect ||
        conn->protocol == MPA_PROTOCOL_TCP)
        results = k.cc->results;
    rc = put_results(c, results, record);
    if (rc == MPA_OK)
        rc = c->status;
    c->status = MPA_OK;
    return rc;
}

static void sum(struct mpa_check *c, const struct mpa_rec_conn *record)
{
    for (int i = 0; i < record->tally_count; i++) {
        const struct mpa_rec_tally *t = &record->tallies[i];
        struct mpa_rec_rule *r = &c->sums[t->rule];

        r->checked += t->count;
        if (t->verdict == MPA_VERDICT_PASSED)
            r->passed += t->count;
        else if (t->verdict == MPA_VERDICT_BROKEN)
            r->broken += t->count;
        else
            r->not_verifiable[t->verdict - MPA_VERDICT_NV_FIRST] += t->count;
    }
    for (int i = 0; i < record->finding_count; i++)
        c->severities[record->findings[i].severity - MPA_SEVERITY_INFO]++;
}

int mpa_check_record(struct mpa_check *c, struct mpa_rec_conn *record)
{
    struct check_results *results = NULL;
    struct check_case k = {.check = c, .record = record, .end_ns = c->record_end_ns};
    int rc;

    judge_all(c, &c->scopes[SCOPE_RECORD], &k, record->protocol, record->dialect, &results);
    for (int s = 0; s < record->subflow_count; s++) {
        k.record_subflow = &record->subflows[s];
        judge_all(c, &c->scopes[SCOPE_RECORD_SUBFLOW], &k, record->protocol, record->dialect,
                  &results);
    }
    rc = put_results(c, results, record);
    check_results_free(results);
    if (rc == MPA_OK)
        rc = c->status;
    c->status = MPA_OK;
    sum(c, record);
    return rc;
}

const struct mpa_rec_finding *mpa_check_live(const struct mpa_conn *conn, int *ret_count)
{
    const struct check_results *r = check_conn_of(conn)->results;

    *ret_count = r ? r->finding_count : 0;
    return r ? r->findings : NULL;
}

void mpa_check_end(struct mpa_check *c, int64_t end_ns)
{
    if (end_ns > c->record_end_ns)
        c->record_end_ns = end_ns;
}

void mpa_check_report(const struct mpa_check *c, struct mpa_rec_report *ret)
{
    ret->rules = c->sums;
    ret->rule_count = MPA_RULE_COUNT;
    memcpy(ret->findings, c->severities, sizeof ret->findings);
}

/* ---- The interface --------------------------------------------------------------------- */

struct mpa_check *mpa_check_new(const struct mpa_check_config *config)
{
    struct mpa_check *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->config = *config;
    c->record_end_ns = INT64_MIN;
    for (int i = 0; i < MPA_RULE_COUNT; i++)
        c->judges[i] = check_rows[i].judge;
    select_rules(c);
    know_asked(c);
    return c;
}

static void fetch(const void *object, size_t size)
{
    for (size_t at = 0; object && at < size; at += 64) /* A cache line. */
        __builtin_prefetch((const char *)object + at, 1);
}

static void on_fetch(void *context, const struct mpa_subflow *sf, enum mpa_dir dir)
{
    const struct check_conn *cc = check_conn_of(sf->conn);

    (void)context;
    fetch(cc->results, sizeof *cc->results);
    fetch(check_subflow_of(sf)->data.flow[dir], sizeof(struct check_data_flow));
    for (int i = 0; i < 2; i++)
        fetch(cc->data.side[i], sizeof(struct check_data_side));
}

void mpa_check_attach(struct mpa_check *c, struct mpa_track_config *track)
{
    track->also = (struct mpa_observer){.context = c,
                                        .options = true,
                                        .event = on_event,
                                        .segment = on_segment,
                                        .conn_end = on_conn_end,
                                        .fetch = on_fetch};
    track->also_conn_size = sizeof(struct check_conn);
    track->also_subflow_size = sizeof(struct check_subflow);
}

void mpa_check_tracker(struct mpa_check *c, const struct mpa_tracker *tracker)
{
    c->tracker = tracker;
}

void mpa_check_free(struct mpa_check *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < WATCHERS; i++)
        if (watchers[i]->close)
            watchers[i]->close(c);
    free(c->tallies);
    free(c->findings);
    free(c);
}
