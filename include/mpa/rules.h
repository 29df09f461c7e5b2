/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The conformance rules by name: what outputs say of them.  They are judged by check.h.
 *
 * All from the rows of tbl/rules.h; knows nothing of connections, so that writers may use it.
 */
#ifndef MPA_RULES_H
#define MPA_RULES_H

#include "mpa/option.h"
#include "mpa/words.h"

#include <stdint.h>

enum mpa_rule {
#define RULE(symbol, id, dialects, level, severity, scope, when, also, reference, judge, title)    \
    MPA_RULE_##symbol,
#include "mpa/tbl/rules.h"
#undef RULE
    MPA_RULE_COUNT
};

/* Columns of tbl/rules.h: bit sets of dialects. */
#define MPA_IN_UNKNOWN (1u << MPA_DIALECT_UNKNOWN | 1u << MPA_DIALECT_MIXED)
#define MPA_IN_ICNP    (1u << MPA_DIALECT_ICNP2017)
#define MPA_IN_APPLE   (1u << MPA_DIALECT_APPLE_V0)
#define MPA_IN_V0      (1u << MPA_DIALECT_RFC6824 | MPA_IN_ICNP | MPA_IN_APPLE)
#define MPA_IN_DRAFT   (1u << MPA_DIALECT_DRAFT_V1)
#define MPA_IN_V1      (1u << MPA_DIALECT_RFC8684 | 1u << MPA_DIALECT_RFC8684_EARLY)
#define MPA_IN_ALL     (MPA_IN_UNKNOWN | MPA_IN_V0 | MPA_IN_DRAFT | MPA_IN_V1)

enum mpa_rule_level {
    MPA_LEVEL_MUST,
    MPA_LEVEL_SHOULD,
    MPA_LEVEL_PAPER,
    MPA_LEVEL_DEPLOY,
    MPA_LEVEL_NONE
};

/* What a rule says of one occasion. */
enum mpa_verdict {
    MPA_VERDICT_NOT_APPLICABLE, /* Nothing to judge; not counted. */
    MPA_VERDICT_PASSED,
    MPA_VERDICT_BROKEN, /* With a finding. */
    MPA_VERDICT_NOTED,  /* Passed, with a finding of severity info. */
    /* Not verifiable (C.0). */
    MPA_VERDICT_NV_SYN,
    MPA_VERDICT_NV_DIR,
    MPA_VERDICT_NV_SUB,
    MPA_VERDICT_NV_LOSS,
    MPA_VERDICT_NV_SNAP,
    MPA_VERDICT_NV_VANT,
    MPA_VERDICT_NV_END,
    MPA_VERDICT_NV_OFFL,
    MPA_VERDICT_NV_DIAL,
    MPA_VERDICT_NV_AUTH,
    MPA_VERDICT_COUNT
};
#define MPA_VERDICT_NV_FIRST MPA_VERDICT_NV_SYN

/* "NV-SYN", ... and what it means; NULL for verdicts that are not of this kind.  Static storage. */
const char *mpa_verdict_reason(enum mpa_verdict v);
const char *mpa_verdict_meaning(enum mpa_verdict v);

/* What the outputs say of a rule.  Static storage. */
struct mpa_rule_info {
    const char *id;        /* "FMT-01" */
    const char *title;     /* What holds where it is kept. */
    const char *reference; /* "RFC 8684 3.1" */
    enum mpa_rule_level level;
    enum mpa_word severity; /* MPA_SEVERITY_*; without --rule. */
    uint16_t dialects;      /* Bit set of 1 << enum mpa_dialect. */
};

const struct mpa_rule_info *mpa_rule_info(enum mpa_rule rule);
const char *mpa_rule_level_text(enum mpa_rule_level level); /* "MUST", "SHOULD", "paper", ... */
/* The rule called 'id'; MPA_RULE_COUNT when there is none. */
enum mpa_rule mpa_rule_find(const char *id);

#endif
