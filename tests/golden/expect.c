/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expected results, compared as --expect of the analyzer does (analyzer/cli/expect.h). */
#include "golden.h"

#include "expect.h"

#include <stdio.h>

static void tell(void *context, const char *path, const char *expected, const char *got)
{
    const char *label = context;

    printf("  %s%s%s: expected %.300s, got %.300s\n", label, *label ? " " : "", path, expected,
           got);
}

bool golden_expected(const char *label, const json_t *expected, const json_t *got)
{
    size_t differences = expect_compare(expected, got, tell, (void *)(uintptr_t)label);

    if (differences > EXPECT_SHOWN)
        printf("  ... and %zu more\n", differences - EXPECT_SHOWN);
    return differences == 0;
}

int golden_expect(int argc, char **argv)
{
    json_t *expected, *got;
    json_error_t error;
    int status = GOLDEN_DIFFERENT;

    if (argc != 3)
        return GOLDEN_USAGE;
    expected = json_load_file(argv[1], 0, &error);
    if (!expected)
        printf("%s:%d: %s\n", argv[1], error.line, error.text);
    got = json_load_file(argv[2], 0, &error);
    if (!got)
        printf("%s:%d: %s\n", argv[2], error.line, error.text);
    if (expected && got && golden_expected("", expected, got))
        status = GOLDEN_OK;
    json_decref(expected);
    json_decref(got);
    return status;
}
