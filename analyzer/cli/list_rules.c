/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "list_rules.h"

#include "mpa/rules.h"

#include <jansson.h>
#include <string.h>

/* "v1", "icnp2017, v1", "all": families where all of one are meant. */
static const char *dialects_text(uint16_t dialects, char *ret, size_t size)
{
    static const struct {
        uint16_t dialects;
        const char *name;
    } families[] = {
        {MPA_IN_ALL & ~MPA_IN_UNKNOWN, "all"},
        {MPA_IN_V0, "v0"},
        {MPA_IN_V1, "v1"},
        {MPA_IN_ICNP, "icnp2017"},
        {MPA_IN_APPLE, "apple-v0"},
        {MPA_IN_DRAFT, "draft-v1"},
    };
    uint16_t left = (uint16_t)(dialects & ~MPA_IN_UNKNOWN);
    size_t used = 0;

    ret[0] = '\0';
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        if ((left & families[i].dialects) != families[i].dialects)
            continue;
        left = (uint16_t)(left & ~families[i].dialects);
        used +=
            (size_t)snprintf(ret + used, size - used, "%s%s", used ? ", " : "", families[i].name);
        if (used >= size)
            return ret;
    }
    return ret;
}

#define INDENT 8
#define WIDTH  100

/* Folded to the page. */
static void put_title(FILE *out, const char *title)
{
    while (*title) {
        size_t length = strlen(title);

        if (length > WIDTH - INDENT)
            for (length = WIDTH - INDENT; length > 1 && title[length] != ' '; length--)
                ;
        fprintf(out, "%*s%.*s\n", INDENT, "", (int)length, title);
        title += length;
        title += *title == ' ';
    }
}

void list_rules_text(FILE *out)
{
    char dialects[64];

    fprintf(out, "%-7s %-11s %-9s %-23s %s\n", "RULE", "LEVEL", "SEVERITY", "DIALECTS",
            "REFERENCE");
    for (int i = 0; i < MPA_RULE_COUNT; i++) {
        const struct mpa_rule_info *info = mpa_rule_info((enum mpa_rule)i);

        fprintf(out, "%-7s %-11s %-9s %-23s %s\n", info->id, mpa_rule_level_text(info->level),
                mpa_word(info->severity), dialects_text(info->dialects, dialects, sizeof(dialects)),
                info->reference);
        put_title(out, info->title);
    }
    fputs("\nv0: rfc6824, icnp2017, apple-v0; v1: rfc8684, rfc8684-early.\n", out);
}

static json_t *dialects_json(uint16_t dialects)
{
    json_t *list = json_array();

    for (int d = 0; list && d < MPA_DIALECT_COUNT; d++)
        if (dialects & 1u << d && !(MPA_IN_UNKNOWN & 1u << d))
            json_array_append_new(list, json_string(mpa_dialect_name((enum mpa_dialect)d)));
    return list;
}

void list_rules_json(FILE *out)
{
    fputs("{\"schema\":\"mptcp-analyze-rules/1\",\n\"rules\":[", out);
    for (int i = 0; i < MPA_RULE_COUNT; i++) {
        const struct mpa_rule_info *info = mpa_rule_info((enum mpa_rule)i);
        json_t *json = json_pack(
            "{s:s, s:s, s:s, s:o, s:s, s:s}", "id", info->id, "level",
            mpa_rule_level_text(info->level), "severity", mpa_word(info->severity), "dialects",
            dialects_json(info->dialects), "reference", info->reference, "title", info->title);

        fputs(i ? ",\n" : "\n", out);
        if (json)
            json_dumpf(json, out, JSON_COMPACT);
        json_decref(json);
    }
    fputs("\n]}\n", out);
}
