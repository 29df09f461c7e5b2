/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --expect: a report against what somebody expects of it.
 *
 * Only keys that the expectation has count.  A number may be {"min": a, "max": b} (either may be missing); arrays are compared
 * element by element up to the expectation's length; {} and [] match anything of their kind, and an array that must be empty is {"empty": true}.
 */
#ifndef MPA_CLI_EXPECT_H
#define MPA_CLI_EXPECT_H

#include <jansson.h>
#include <stddef.h>

/* The expectation in 'path'; NULL with a sentence in 'error'. */
json_t *expect_load(const char *path, char *error, size_t error_size);

/* A difference: where, and both sides as compact JSON ('got' is "nothing" where the report lacks it).  Valid for the call. */
typedef void expect_tell(void *context, const char *path, const char *expected, const char *got);

/* Compare 'report' with 'expected'; 'tell' is called for each difference up to EXPECT_SHOWN.  Returns how many there are. */
#define EXPECT_SHOWN 40
size_t expect_compare(const json_t *expected, const json_t *report, expect_tell *tell,
                      void *context);

#endif
