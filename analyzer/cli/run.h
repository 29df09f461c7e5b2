/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Captures in, reports out. */
#ifndef MPA_CLI_RUN_H
#define MPA_CLI_RUN_H

#include "options.h"

/* Exit statuses of the contract; the highest that applies wins. */
enum exit_status {
    EXIT_DONE = 0,
    EXIT_FINDINGS = 1, /* Findings at or above --fail-on, differences from --expect or --nstat. */
    EXIT_USAGE = 2,
    EXIT_INPUT = 3,
    EXIT_INTERNAL = 4,
};

/* Do what the options say; errors have been told on standard error.  Returns the exit status. */
enum exit_status run(const struct options *o);

#endif
