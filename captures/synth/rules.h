/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two captures for each conformance rule: one that breaks it, one that nearly does and must pass.
 *
 * One row a rule, in the file of its group (rules_GROUP.c).  A scenario calls synth_found() when it has sent the packet at which the
 * analyzer must find the breach; 'nearly' finds nothing, but its trigger must be there: the rule must say PASS of it, not "not
 * applicable" or "not verifiable".  tests/rules runs them all.
 */
#ifndef SYNTH_RULES_H
#define SYNTH_RULES_H

#include "synth.h"

struct synth_rule {
    const char *id; /* "FMT-01" */
    void (*breaks)(struct synth *s);
    void (*nearly)(struct synth *s);
    const char *broken; /* What is wrong in the first ... */
    const char *kept;   /* ... and why the second is right. */
    /* Rules that the breach cannot but break too, or must note: "FMT-03 JN-02"; NULL: none.  A comment at the row says why. */
    const char *too;
    /* The same of the capture that must pass: the trigger itself breaks them. */
    const char *nearly_too;
    /* How the analyzer is called. */
    const char *profile; /* --check=; NULL: auto. */
    bool vip;            /* --vip with s->vip. */
    bool strict_ids;
    const char *v6_secret; /* Hexadecimal; NULL: none. */
};

/* Each ends with a row whose id is NULL. */
extern const struct synth_rule synth_rules_format[];
extern const struct synth_rule synth_rules_capable[];
extern const struct synth_rule synth_rules_forbid[];
extern const struct synth_rule synth_rules_join[];
extern const struct synth_rule synth_rules_address[];
extern const struct synth_rule synth_rules_remove[];
extern const struct synth_rule synth_rules_data[];
extern const struct synth_rule synth_rules_failure[];
extern const struct synth_rule synth_rules_balance[];
extern const struct synth_rule synth_rules_reset[];

/* The row of a rule; NULL where there is none yet. */
const struct synth_rule *synth_rule_find(const char *id);

/* The packet that was emitted last is the first frame of a finding of 'rule'. */
void synth_found(struct synth *s, const char *rule);

/* The same of the packet that will be emitted next (the one that s->alter has in hands). */
void synth_found_here(struct synth *s, const char *rule);

/* The first MPTCP option of this subtype, at its kind byte; NULL where there is none. */
uint8_t *synth_option(struct synth_tx *tx, enum mpa_subtype subtype);

/* All rows: id, what is wrong.  0, or 4 when it cannot be written. */
int synth_rules_list(void);

/* What tests/rules reads: {"options": how the analyzer is called, "findings": [{"rule", "frame"}], "too": [ids], "nearly_too": [ids]}.
   After the scenario; a new reference. */
json_t *synth_rule_expectation(struct synth *s, const struct synth_rule *rule);

#endif
