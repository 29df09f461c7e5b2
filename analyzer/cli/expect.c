/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "expect.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_SIZE 512 /* Of a key's path, as far as it is told. */

struct comparison {
    expect_tell *tell;
    void *context;
    size_t differences;
    char path[PATH_SIZE];
};

static void differ(struct comparison *c, const json_t *expected, const json_t *got)
{
    const size_t flags = JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS;
    char *e, *g;

    if (++c->differences > EXPECT_SHOWN)
        return;
    e = json_dumps(expected, flags);
    g = got ? json_dumps(got, flags) : NULL;
    c->tell(c->context, *c->path ? c->path : "the report", e ? e : "?",
            got ? (g ? g : "?") : "nothing");
    free(e);
    free(g);
}

/* An object with no other keys than min and max. */
static bool is_range(const json_t *o)
{
    size_t known = (json_object_get(o, "min") ? 1u : 0u) + (json_object_get(o, "max") ? 1u : 0u);

    return known > 0 && json_object_size(o) == known;
}

/* What nothing can meet: a bound that is no number, or bounds that are the wrong way round.  'path' is of the object 'o'. */
static bool check_range(const json_t *o, const char *path, char *error, size_t error_size)
{
    const json_t *min = json_object_get(o, "min"), *max = json_object_get(o, "max");
    const char *wrong = min && !json_is_number(min)   ? "\"min\" is no number"
                        : max && !json_is_number(max) ? "\"max\" is no number"
                        : min && max && json_number_value(min) > json_number_value(max)
                            ? "\"min\" is above \"max\""
                            : NULL;

    if (wrong)
        snprintf(error, error_size, "%s: %s", *path ? path : "the whole", wrong);
    return !wrong;
}

static bool check_below(const json_t *expected, char path[PATH_SIZE], char *error,
                        size_t error_size)
{
    size_t size = strlen(path), i;
    json_t *value;
    const char *key;
    bool right = true;

    if (json_is_object(expected) && is_range(expected))
        return check_range(expected, path, error, error_size);
    json_object_foreach((json_t *)(uintptr_t)expected, key, value)
    {
        if (!right)
            break;
        snprintf(path + size, PATH_SIZE - size, "%s%s", size > 0 ? "." : "", key);
        right = check_below(value, path, error, error_size);
    }
    json_array_foreach(expected, i, value)
    {
        if (!right)
            break;
        snprintf(path + size, PATH_SIZE - size, "[%zu]", i);
        right = check_below(value, path, error, error_size);
    }
    path[size] = '\0';
    return right;
}

json_t *expect_load(const char *path, char *error, size_t error_size)
{
    json_error_t where;
    json_t *expected = json_load_file(path, 0, &where);
    char at[PATH_SIZE] = "", wrong[PATH_SIZE + 64];

    if (!expected && where.line > 0)
        snprintf(error, error_size, "%s: line %d: %s", path, where.line, where.text);
    else if (!expected)
        snprintf(error, error_size, "%s", where.text);
    if (!expected || check_below(expected, at, wrong, sizeof(wrong)))
        return expected;
    snprintf(error, error_size, "%s: %s", path, wrong);
    json_decref(expected);
    return NULL;
}

static bool in_range(const json_t *range, const json_t *got)
{
    const json_t *min = json_object_get(range, "min"), *max = json_object_get(range, "max");
    double value = json_number_value(got);

    return json_is_number(got) && (!min || value >= json_number_value(min)) &&
           (!max || value <= json_number_value(max));
}

/* Reals are compared as far as they survive being printed. */
static bool same_scalar(const json_t *a, const json_t *b)
{
    double x, y;

    if (!json_is_number(a) || !json_is_number(b) || (json_is_integer(a) && json_is_integer(b)))
        return json_equal(a, b);
    x = json_number_value(a);
    y = json_number_value(b);
    return fabs(x - y) <= 1e-9 * fmax(fabs(x), fabs(y)) + 1e-12;
}

static void compare(struct comparison *c, const json_t *expected, const json_t *got);

/* Go on below a key or an index. */
static void compare_below(struct comparison *c, const char *text, const json_t *expected,
                          const json_t *got)
{
    size_t size = strlen(c->path);

    snprintf(c->path + size, sizeof c->path - size, "%s%s", size > 0 && *text != '[' ? "." : "",
             text);
    compare(c, expected, got);
    c->path[size] = '\0';
}

static void compare_object(struct comparison *c, const json_t *expected, const json_t *got)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)expected, key, value)
        compare_below(c, key, value, json_object_get(got, key));
}

static void compare_array(struct comparison *c, const json_t *expected, const json_t *got)
{
    json_t *value;
    size_t i;

    json_array_foreach(expected, i, value)
    {
        char text[32];

        snprintf(text, sizeof text, "[%zu]", i);
        compare_below(c, text, value, json_array_get(got, i));
    }
}

static void compare(struct comparison *c, const json_t *expected, const json_t *got)
{
    if (json_is_object(expected) && is_range(expected)) {
        if (!in_range(expected, got))
            differ(c, expected, got);
    } else if (json_is_object(expected) && json_is_true(json_object_get(expected, "empty"))) {
        if (!json_is_array(got) || json_array_size(got) != 0)
            differ(c, expected, got);
    } else if (json_is_object(expected) && json_is_object(got)) {
        compare_object(c, expected, got);
    } else if (json_is_array(expected) && json_is_array(got)) {
        compare_array(c, expected, got);
    } else if (!got || !same_scalar(expected, got)) {
        differ(c, expected, got);
    }
}

size_t expect_compare(const json_t *expected, const json_t *report, expect_tell *tell,
                      void *context)
{
    struct comparison c = {.tell = tell, .context = context};

    compare(&c, expected, report);
    return c.differences;
}
