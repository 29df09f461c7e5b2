/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Merging of what the conformance rules said of one connection at several vantage points.
 *
 * What anybody could show wins.  Except what a better placed one refutes.  A breach is one where rule, subflow and key are equal (and of equal
 * ones the k-th of one view is the k-th of another); of occasions that passed, the view that saw most
 * counts; not verifiable is what is left of the view that met most occasions.
 */
#include "merge_internal.h"

#include "mpa/rules.h"

#include <stdlib.h>
#include <string.h>

/* ---- Findings -------------------------------------------------------------------------------- */

/* What a rule notes is no breach of it. */
static bool is_note(const struct mpa_rec_finding *f)
{
    return f->verdict == MPA_FINDING_INFO;
}

/* ---- What the merged record knows better -------------------------------------------------------- */

/* The capture beside the server shows that it set C: it was taken away on the way to the client. */
static bool sets_c(uint16_t rule, const struct mpa_rec_conn *out)
{
    return rule == MPA_RULE_CBF_05 && out->server_denies_join == 1;
}

/* The ADD_ADDR that a finding of the group AA names by its values was echoed somewhere. */
static bool was_echoed(const struct merge_member *members, int count,
                       const struct mpa_rec_finding *f)
{
    const struct mpa_rec_value *id = NULL, *addr = NULL;

    for (int i = 0; i < f->value_count; i++) {
        if (strcmp(f->values[i].name, "id") == 0)
            id = &f->values[i];
        if (strcmp(f->values[i].name, "address") == 0)
            addr = &f->values[i];
    }
    for (int k = 0; id && addr && k < count; k++)
        for (int i = 0; i < members[k].rec->add_addr_count; i++) {
            const struct mpa_rec_add_addr *a = &members[k].rec->add_addrs[i];

            if (a->id == id->number && a->echoes > 0 && mpa_addr_eq(&a->addr, &addr->addr))
                return true;
        }
    return false;
}

/* Whether one capture's finding is no longer true beside the others.  AA-07's is a note: an echo that another saw only did not
   come through. */
static bool is_overruled(const struct merge_member *members, int count,
                         const struct mpa_rec_conn *out, const struct mpa_rec_finding *f)
{
    return sets_c(f->rule, out) ||
           (f->rule == MPA_RULE_AA_07 && is_note(f) && was_echoed(members, count, f));
}

struct found {
    struct mpa_rec_finding finding;
    int last_member; /* The latest that has it. */
};

static bool same_occasion(const struct mpa_rec_finding *a, const struct mpa_rec_finding *b)
{
    return a->rule == b->rule && a->subflow == b->subflow && a->key == b->key &&
           is_note(a) == is_note(b);
}

static int cmp_found(const void *x, const void *y)
{
    const struct mpa_rec_finding *a = &((const struct found *)x)->finding;
    const struct mpa_rec_finding *b = &((const struct found *)y)->finding;
    int c = MERGE_CMP(a->ns, b->ns);

    c = c ? c : MERGE_CMP(a->rule, b->rule);
    c = c ? c : MERGE_CMP(a->subflow, b->subflow);
    c = c ? c : MERGE_CMP(a->key, b->key);
    c = c ? c : MERGE_CMP(a->frames[0].capture, b->frames[0].capture);
    return c ? c : MERGE_CMP(a->frames[0].frame, b->frames[0].frame);
}

static int add_found(struct merge_array *list, const struct merge_member *m, int member,
                     const struct mpa_rec_finding *finding)
{
    struct mpa_rec_finding f = *finding;
    struct found *to;

    if (f.subflow != MPA_NULL) {
        f.subflow = merge_subflow_id(m, f.subflow);
        f.subflow = f.subflow < 0 ? MPA_NULL : f.subflow;
    }
    to = list->items;
    for (size_t i = 0; i < list->count; i++, to++)
        if (to->last_member != member && same_occasion(&to->finding, &f)) {
            to->last_member = member;
            return MPA_OK;
        }
    to = merge_push(list, sizeof *to);
    if (!to)
        return MPA_ERR_NOMEM;
    if (f.frame_count == 0)
        f.frames[0] = (struct mpa_frame_ref){-1, 0};
    *to = (struct found){f, member};
    return MPA_OK;
}

static int unite_findings(const struct merge_member *members, int count, struct mpa_rec_conn *out)
{
    struct merge_array list = {0};
    struct found *found;
    int status = MPA_OK;

    for (int k = 0; k < count; k++)
        for (int i = 0; i < members[k].rec->finding_count && status == MPA_OK; i++)
            if (!is_overruled(members, count, out, &members[k].rec->findings[i]))
                status = add_found(&list, &members[k], k, &members[k].rec->findings[i]);
    if (status == MPA_OK && list.count) {
        out->findings = calloc(list.count, sizeof *out->findings);
        status = out->findings ? MPA_OK : MPA_ERR_NOMEM;
    }
    found = list.items;
    if (status == MPA_OK && list.count)
        qsort(found, list.count, sizeof *found, cmp_found);
    for (size_t i = 0; status == MPA_OK && i < list.count; i++)
        out->findings[out->finding_count++] = found[i].finding;
    free(list.items);
    return status;
}

/* ---- Counts ---------------------------------------------------------------------------------- */

#define VERDICTS MPA_VERDICT_COUNT

/* Counts of one rule in one view, by verdict. */
struct counts {
    uint32_t by[VERDICTS];
};

static struct counts counts_of(const struct mpa_rec_conn *r, uint16_t rule)
{
    struct counts c = {{0}};

    for (int i = 0; i < r->tally_count; i++)
        if (r->tallies[i].rule == rule && r->tallies[i].verdict < VERDICTS)
            c.by[r->tallies[i].verdict] += r->tallies[i].count;
    return c;
}

static uint32_t sum_of(const struct counts *c)
{
    uint32_t sum = 0;

    for (int i = 0; i < VERDICTS; i++)
        sum += c->by[i];
    return sum;
}

/* Breaches of 'rule' among the findings.  A rule that never violates has only notes: then 'notes' are meant. */
static uint32_t count_found(const struct mpa_rec_conn *r, uint16_t rule, bool notes)
{
    uint32_t found = 0;

    for (int i = 0; i < r->finding_count; i++)
        found += r->findings[i].rule == rule && is_note(&r->findings[i]) == notes;
    return found;
}

/* Distinct findings, and those that a view only counted (a connection keeps a bounded number). */
static uint32_t unite_broken(const struct merge_member *members, int count, uint16_t rule,
                             const struct mpa_rec_conn *out)
{
    bool notes = count_found(out, rule, false) == 0;
    uint32_t distinct = count_found(out, rule, notes), unkept = 0;
    bool broken = false;

    for (int k = 0; k < count; k++) {
        uint32_t said = counts_of(members[k].rec, rule).by[MPA_VERDICT_BROKEN];
        uint32_t kept = count_found(members[k].rec, rule, notes);

        broken |= said > 0;
        if (said > kept && said - kept > unkept)
            unkept = said - kept;
    }
    return broken ? distinct + unkept : 0;
}

static struct counts unite_counts(const struct merge_member *members, int count, uint16_t rule,
                                  const struct mpa_rec_conn *out)
{
    struct counts ret = {{0}}, widest = {{0}};
    uint32_t judged, left;

    for (int k = 0; k < count; k++) {
        struct counts c = counts_of(members[k].rec, rule);

        if (c.by[MPA_VERDICT_PASSED] > ret.by[MPA_VERDICT_PASSED])
            ret.by[MPA_VERDICT_PASSED] = c.by[MPA_VERDICT_PASSED];
        if (sum_of(&c) > sum_of(&widest))
            widest = c;
    }
    ret.by[MPA_VERDICT_BROKEN] = unite_broken(members, count, rule, out);
    judged = ret.by[MPA_VERDICT_PASSED] + ret.by[MPA_VERDICT_BROKEN];
    left = sum_of(&widest) > judged ? sum_of(&widest) - judged : 0;
    for (int v = MPA_VERDICT_NV_FIRST; v < VERDICTS; v++) {
        ret.by[v] = widest.by[v] < left ? widest.by[v] : left;
        left -= ret.by[v];
    }
    return ret;
}

static int put_counts(struct merge_array *list, uint16_t rule, const struct counts *c)
{
    for (int v = 0; v < VERDICTS; v++) {
        struct mpa_rec_tally *t;

        if (c->by[v] == 0)
            continue;
        t = merge_push(list, sizeof *t);
        if (!t)
            return MPA_ERR_NOMEM;
        *t = (struct mpa_rec_tally){rule, (uint16_t)v, c->by[v]};
    }
    return MPA_OK;
}

/* The least rule from 'from' on that any member counts; -1 where there is none. */
static int next_rule(const struct merge_member *members, int count, int from)
{
    int next = -1;

    for (int k = 0; k < count; k++)
        for (int i = 0; i < members[k].rec->tally_count; i++) {
            int rule = members[k].rec->tallies[i].rule;

            if (rule >= from && (next < 0 || rule < next))
                next = rule;
        }
    return next;
}

int merge_verdicts(const struct merge_member *members, int count, struct mpa_rec_conn *out)
{
    struct merge_array list = {0};
    int status = unite_findings(members, count, out);

    for (int rule = next_rule(members, count, 0); rule >= 0 && status == MPA_OK;
         rule = next_rule(members, count, rule + 1)) {
        struct counts c = unite_counts(members, count, (uint16_t)rule, out);

        if (sets_c((uint16_t)rule, out) && c.by[MPA_VERDICT_BROKEN] > 0)
            c = (struct counts){.by = {[MPA_VERDICT_PASSED] = 1}};
        status = put_counts(&list, (uint16_t)rule, &c);
    }
    if (status != MPA_OK) {
        free(list.items);
        return status;
    }
    out->tallies = list.items;
    out->tally_count = (int)list.count;
    return MPA_OK;
}
