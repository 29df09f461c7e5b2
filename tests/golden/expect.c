/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Expected results: only keys that the expectation has count; a number may be {"min": a, "max": b} (either may be missing); arrays
 * are compared element by element up to the expectation's length; {} and [] match anything of their kind, and an array that must be
 * empty is {"empty": true}.
 */
#include "golden.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN 40 /* Differences printed. */

struct comparison {
    const char *label;
    size_t differences;
};

static void differ(struct comparison *c, const char *path, const json_t *expected,
                   const json_t *got)
{
    char *e, *g;

    if (++c->differences > SHOWN)
        return;
    e = json_dumps(expected, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS);
    g = got ? json_dumps(got, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    printf("  %s%s%s: expected %.300s, got %.300s\n", c->label, *c->label ? " " : "", path,
           e ? e : "?", g ? g : "nothing");
    free(e);
    free(g);
}

/* An object with no other keys than min and max. */
static bool is_range(const json_t *o)
{
    size_t known = (json_object_get(o, "min") ? 1u : 0u) + (json_object_get(o, "max") ? 1u : 0u);

    return known && json_object_size(o) == known;
}

static bool in_range(const json_t *range, const json_t *got)
{
    const json_t *min = json_object_get(range, "min"), *max = json_object_get(range, "max");
    double value = json_number_value(got);

    return json_is_number(got) && (!min || value >= json_number_value(min)) &&
           (!max || value <= json_number_value(max));
}

static bool same_scalar(const json_t *a, const json_t *b)
{
    if (json_is_number(a) && json_is_number(b)) {
        if (json_is_integer(a) && json_is_integer(b))
            return json_integer_value(a) == json_integer_value(b);
        double x = json_number_value(a), y = json_number_value(b), d = x > y ? x - y : y - x;
        return d <= 1e-9 * (x > y ? x : y) + 1e-12;
    }
    return json_equal(a, b);
}

static void compare(struct comparison *c, const char *path, const json_t *expected,
                    const json_t *got);

static void compare_object(struct comparison *c, const char *path, const json_t *expected,
                           const json_t *got)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)expected, key, value)
    {
        char *below = golden_text("%s%s%s", path, *path ? "." : "", key);
        compare(c, below, value, json_object_get(got, key));
        free(below);
    }
}

static void compare_array(struct comparison *c, const char *path, const json_t *expected,
                          const json_t *got)
{
    json_t *value;
    size_t i;

    json_array_foreach(expected, i, value)
    {
        char *below = golden_text("%s[%zu]", path, i);
        compare(c, below, value, json_array_get(got, i));
        free(below);
    }
}

static void compare(struct comparison *c, const char *path, const json_t *expected,
                    const json_t *got)
{
    if (json_is_object(expected) && is_range(expected)) {
        if (!in_range(expected, got))
            differ(c, path, expected, got);
    } else if (json_is_object(expected) && json_is_true(json_object_get(expected, "empty"))) {
        if (!json_is_array(got) || json_array_size(got) != 0)
            differ(c, path, expected, got);
    } else if (json_is_object(expected) && json_is_object(got)) {
        compare_object(c, path, expected, got);
    } else if (json_is_array(expected) && json_is_array(got)) {
        compare_array(c, path, expected, got);
    } else if (!got || !same_scalar(expected, got)) {
        differ(c, path, expected, got);
    }
}

bool golden_expected(const char *label, const json_t *expected, const json_t *got)
{
    struct comparison c = {.label = label};

    compare(&c, "", expected, got);
    if (c.differences > SHOWN)
        printf("  ... and %zu more\n", c.differences - SHOWN);
    return c.differences == 0;
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
