/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_RULES_WALK_H
#define TESTS_RULES_WALK_H

#include "play.h"

/* The two captures of one rule and what must be found in the first. */
struct walk_case {
    enum mpa_rule rule;
    struct play_frames breaks, nearly;
    struct json_t *expected;
    struct play_options options;
    struct mpa_prefix vip;
    uint8_t secret[64];
};

/* Have the generator make them.  False with a message where it has none. */
bool walk_make(enum mpa_rule rule, struct walk_case *ret);
void walk_free(struct walk_case *c);

/* Whether both captures give what they must; 'tell' says on standard output what they do not. */
bool walk_judge(const struct walk_case *c, bool tell);

#endif
