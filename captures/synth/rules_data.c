/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Breaches of the rules of the group data, and what nearly is one. */
#include "rules.h"

const struct synth_rule synth_rules_data[] = {
    {.id = NULL},
};
