/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --list-rules */
#ifndef MPA_CLI_LIST_RULES_H
#define MPA_CLI_LIST_RULES_H

#include <stdio.h>

/* Each prints all rules; failures stand in 'out'. */
void list_rules_text(FILE *out);
void list_rules_json(FILE *out);

#endif
