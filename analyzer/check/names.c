/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules, levels and reasons by name. */
#include "mpa/rules.h"

#include <string.h>
#include <strings.h>

static const struct mpa_rule_info infos[MPA_RULE_COUNT] = {
#define RULE(symbol, id, dialects, level, severity, scope, when, also, reference, judge, title)    \
    {id, title, reference, MPA_LEVEL_##level, MPA_SEVERITY_##severity, dialects},
#include "mpa/tbl/rules.h"
#undef RULE
};

static const char *const levels[] = {
    [MPA_LEVEL_MUST] = "MUST",         [MPA_LEVEL_SHOULD] = "SHOULD", [MPA_LEVEL_PAPER] = "paper",
    [MPA_LEVEL_DEPLOY] = "deployment", [MPA_LEVEL_NONE] = "none",
};

/* Protocol reference C.0. */
static const struct {
    const char *reason, *meaning;
} reasons[] = {
    [MPA_VERDICT_NV_SYN] = {"NV-SYN", "the handshake with its keys was not captured"},
    [MPA_VERDICT_NV_DIR] = {"NV-DIR", "only one direction was captured"},
    [MPA_VERDICT_NV_SUB] = {"NV-SUB", "not all subflows were captured"},
    [MPA_VERDICT_NV_LOSS] = {"NV-LOSS", "packets are missing from the capture"},
    [MPA_VERDICT_NV_SNAP] = {"NV-SNAP", "the snap length cut what would be needed"},
    [MPA_VERDICT_NV_VANT] = {"NV-VANT", "it needs the order of events at another host"},
    [MPA_VERDICT_NV_END] = {"NV-END", "the capture ended before the deadline"},
    [MPA_VERDICT_NV_OFFL] = {"NV-OFFL", "offloading joined or split the packets"},
    [MPA_VERDICT_NV_DIAL] = {"NV-DIAL", "the dialect is undecided or mixed"},
    [MPA_VERDICT_NV_AUTH] = {"NV-AUTH", "the keys that would authenticate it are unknown"},
};

_Static_assert(sizeof(reasons) / sizeof(reasons[0]) == MPA_VERDICT_COUNT, "a row for each reason");

const struct mpa_rule_info *mpa_rule_info(enum mpa_rule rule)
{
    return &infos[rule];
}

const char *mpa_rule_level_text(enum mpa_rule_level level)
{
    return levels[level];
}

enum mpa_rule mpa_rule_find(const char *id)
{
    int i;

    for (i = 0; i < MPA_RULE_COUNT; i++)
        if (strcasecmp(infos[i].id, id) == 0)
            break;
    return (enum mpa_rule)i;
}

const char *mpa_verdict_reason(enum mpa_verdict v)
{
    return reasons[v].reason;
}

const char *mpa_verdict_meaning(enum mpa_verdict v)
{
    return reasons[v].meaning;
}
