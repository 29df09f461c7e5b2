/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rows of all groups, and what must be found in their captures. */
#include "rules.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const struct synth_rule *const tables[] = {
    synth_rules_format,  synth_rules_capable, synth_rules_forbid, synth_rules_join,
    synth_rules_address, synth_rules_remove,  synth_rules_data,   synth_rules_failure,
    synth_rules_balance, synth_rules_reset,
};

#define TABLES (sizeof tables / sizeof *tables)

const struct synth_rule *synth_rule_find(const char *id)
{
    for (size_t t = 0; t < TABLES; t++)
        for (const struct synth_rule *r = tables[t]; r->id; r++)
            if (strcmp(r->id, id) == 0)
                return r;
    return NULL;
}

int synth_rules_list(void)
{
    for (size_t t = 0; t < TABLES; t++)
        for (const struct synth_rule *r = tables[t]; r->id; r++)
            printf("%s  broken: %s\n        kept: %s\n", r->id, r->broken, r->kept);
    return fflush(stdout) == 0 ? 0 : 4;
}

static void found(struct synth *s, const char *rule, size_t packet)
{
    assert(s->found_count < sizeof s->found / sizeof *s->found);
    s->found[s->found_count].rule = rule;
    s->found[s->found_count++].packet = packet;
}

void synth_found(struct synth *s, const char *rule)
{
    found(s, rule, synth_store_count(s->store) - 1);
}

void synth_found_here(struct synth *s, const char *rule)
{
    found(s, rule, synth_store_count(s->store));
}

uint8_t *synth_option(struct synth_tx *tx, enum mpa_subtype subtype)
{
    for (size_t i = 0; i + 1 < tx->opts.size;) {
        uint8_t *o = tx->opts.bytes + i;

        if (o[0] == MPA_OPT_KIND && o[2] >> 4 == subtype)
            return o;
        i += o[0] < 2 ? 1 : o[1]; /* End and NOP have no length. */
    }
    return NULL;
}

static json_t *ids_of(const char *text)
{
    json_t *ids = json_array();
    char list[128];

    snprintf(list, sizeof list, "%s", text ? text : "");
    for (char *id = strtok(list, " "); id; id = strtok(NULL, " "))
        json_array_append_new(ids, json_string(id));
    return ids;
}

json_t *synth_rule_expectation(struct synth *s, const struct synth_rule *rule)
{
    json_t *options = json_object(), *findings = json_array();
    char text[MPA_ADDR_TEXT];

    json_object_set_new(options, "profile", json_string(rule->profile ? rule->profile : "auto"));
    json_object_set_new(options, "strict_ids", json_boolean(rule->strict_ids));
    if (rule->vip)
        json_object_set_new(options, "vip", json_string(mpa_addr_text(&s->vip, text)));
    if (rule->v6_secret)
        json_object_set_new(options, "v6_secret", json_string(rule->v6_secret));
    for (size_t i = 0; i < s->found_count; i++)
        json_array_append_new(
            findings, json_pack("{s:s, s:I}", "rule", s->found[i].rule, "frame",
                                (json_int_t)synth_store_frame(s->store, s->found[i].packet)));
    return json_pack("{s:o, s:o, s:o, s:o}", "options", options, "findings", findings, "too",
                     ids_of(rule->too), "nearly_too", ids_of(rule->nearly_too));
}
