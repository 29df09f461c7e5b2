/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What judgements become: counts, findings of a connection, their frames and values. */
#include "internal.h"

#include <stdlib.h>

bool check_grow(void *items, int count, int *capacity, size_t size)
{
    void *old, *grown;
    int wanted = *capacity ? *capacity * 2 : 4;

    if (count < *capacity)
        return true;
    memcpy(&old, items, sizeof old);
    grown = realloc(old, (size_t)wanted * size);
    if (!grown)
        return false;
    memcpy(items, &grown, sizeof grown);
    *capacity = wanted;
    return true;
}

/* ---- Counting ------------------------------------------------------------------------ */

static void count(struct mpa_check *c, struct check_results *r, enum mpa_rule rule,
                  enum mpa_verdict verdict)
{
    for (int i = 0; i < r->tally_count; i++)
        if (r->tallies[i].rule == rule && r->tallies[i].verdict == verdict) {
            r->tallies[i].count++;
            return;
        }
    if (!check_grow(&r->tallies, r->tally_count, &r->tally_capacity, sizeof *r->tallies)) {
        c->status = MPA_ERR_NOMEM;
        return;
    }
    r->tallies[r->tally_count++] =
        (struct mpa_rec_tally){.rule = (uint16_t)rule, .verdict = (uint16_t)verdict, .count = 1};
}

/* --rule changes what is broken; notes stay notes. */
static enum mpa_word severity_of(const struct mpa_check *c, enum mpa_rule rule,
                                 enum mpa_word severity)
{
    switch (c->config.change[rule]) {
    case MPA_RULE_TO_INFO:
        return MPA_SEVERITY_INFO;
    case MPA_RULE_TO_WARNING:
        return MPA_SEVERITY_WARNING;
    case MPA_RULE_TO_ERROR:
        return MPA_SEVERITY_ERROR;
    default:
        return severity;
    }
}

static enum mpa_word finding_word(enum mpa_rule_level level)
{
    switch (level) {
    case MPA_LEVEL_MUST:
    case MPA_LEVEL_SHOULD:
        return MPA_FINDING_VIOLATION;
    case MPA_LEVEL_NONE:
        return MPA_FINDING_INFO;
    default:
        return MPA_FINDING_WARNING;
    }
}

static void keep(struct mpa_check *c, struct check_results *r, enum mpa_rule rule,
                 enum mpa_verdict verdict, const struct mpa_rec_finding *finding)
{
    struct mpa_rec_finding *f;
    int same = 0;

    for (int i = 0; i < r->finding_count; i++)
        same += r->findings[i].rule == rule;
    /* The first of each rule is always kept: exit statuses rest on it. */
    if (same >= CHECK_FINDINGS_OF_RULE || (same > 0 && r->finding_count >= CHECK_FINDINGS))
        return;
    if (!check_grow(&r->findings, r->finding_count, &r->finding_capacity, sizeof *r->findings)) {
        c->status = MPA_ERR_NOMEM;
        return;
    }
    f = &r->findings[r->finding_count++];
    *f = *finding;
    f->rule = (uint16_t)rule;
    f->baseline = false;
    if (verdict == MPA_VERDICT_NOTED) {
        f->severity = MPA_SEVERITY_INFO;
        f->verdict = MPA_FINDING_INFO;
    } else {
        f->severity = severity_of(c, rule, finding->severity);
        f->verdict = finding_word(check_rows[rule].info.level);
    }
}

void check_result(struct mpa_check *c, struct check_results **results, enum mpa_rule rule,
                  enum mpa_verdict verdict, const struct mpa_rec_finding *finding)
{
    if (verdict == MPA_VERDICT_NOT_APPLICABLE)
        return;
    if (!*results)
        *results = calloc(1, sizeof **results);
    if (!*results) {
        c->status = MPA_ERR_NOMEM;
        return;
    }
    if (verdict == MPA_VERDICT_PASSED || verdict == MPA_VERDICT_NOTED)
        (*results)->passed[rule]++;
    else
        count(c, *results, rule, verdict);
    if (verdict == MPA_VERDICT_BROKEN || verdict == MPA_VERDICT_NOTED)
        keep(c, *results, rule, verdict, finding);
}

void check_results_free(struct check_results *r)
{
    if (!r)
        return;
    free(r->findings);
    free(r->tallies);
    free(r);
}

/* ---- What a judge says of its finding -------------------------------------------------- */

void check_frame(struct mpa_rec_finding *f, struct mpa_frame_ref frame)
{
    if (frame.capture < 0 || frame.frame == 0)
        return;
    for (int i = 0; i < f->frame_count; i++)
        if (f->frames[i].capture == frame.capture && f->frames[i].frame == frame.frame)
            return;
    if (f->frame_count < MPA_FINDING_FRAMES)
        f->frames[f->frame_count++] = frame;
}

static void value(struct mpa_rec_finding *f, struct mpa_rec_value v)
{
    if (f->value_count < MPA_FINDING_VALUES)
        f->values[f->value_count++] = v;
}

void check_number(struct mpa_rec_finding *f, const char *name, int64_t number)
{
    value(f, (struct mpa_rec_value){.name = name, .kind = MPA_COMPARED_NUMBER, .number = number});
}

void check_hex32(struct mpa_rec_finding *f, const char *name, uint32_t number)
{
    value(f, (struct mpa_rec_value){.name = name, .kind = MPA_COMPARED_HEX32, .number = number});
}

void check_hex64(struct mpa_rec_finding *f, const char *name, uint64_t number)
{
    value(f, (struct mpa_rec_value){
                 .name = name, .kind = MPA_COMPARED_HEX64, .number = (int64_t)number});
}

void check_duration(struct mpa_rec_finding *f, const char *name, int64_t ns)
{
    value(f, (struct mpa_rec_value){.name = name, .kind = MPA_COMPARED_NS, .number = ns});
}

void check_addr(struct mpa_rec_finding *f, const char *name, const struct mpa_addr *addr)
{
    value(f, (struct mpa_rec_value){.name = name, .kind = MPA_COMPARED_ADDR, .addr = *addr});
}

void check_text(struct mpa_rec_finding *f, const char *name, const char *text)
{
    value(f, (struct mpa_rec_value){.name = name, .kind = MPA_COMPARED_TEXT, .text = text});
}

enum mpa_verdict check_broken(struct mpa_rec_finding *f, const char *text)
{
    f->text = text;
    return MPA_VERDICT_BROKEN;
}

enum mpa_verdict check_noted(struct mpa_rec_finding *f, const char *text)
{
    f->text = text;
    return MPA_VERDICT_NOTED;
}
