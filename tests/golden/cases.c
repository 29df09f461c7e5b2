/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stored expectations: cases.list has one case a line,
 *
 *   name | captures, relative to captures/golden | options | file below tests/golden/expected
 *
 * golden case NAME runs one, golden renew NAME replaces its expectation by what the analyzer says now.
 */
#include "golden.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS 48

struct one_case {
    char *line, *captures, *options, *file;
};

static char *trim(char *text)
{
    size_t size;

    text += strspn(text, " \t");
    size = strlen(text);
    while (size && strchr(" \t\n", text[size - 1]))
        text[--size] = '\0';
    return text;
}

/* The case of that name; 'line' is to be freed.  False when there is none. */
static bool find_case(const char *name, struct one_case *ret)
{
    char *path = golden_text("%s/tests/golden/cases.list", golden_source_dir()), *line = NULL;
    FILE *f = fopen(path, "r");
    bool found = false;
    size_t size = 0;

    while (f && !found && getline(&line, &size, f) > 0) {
        char *rest = line, *first = trim(strsep(&rest, "|"));
        if (*first == '#' || strcmp(first, name) != 0)
            continue;
        ret->captures = rest ? trim(strsep(&rest, "|")) : NULL;
        ret->options = rest ? trim(strsep(&rest, "|")) : NULL;
        ret->file = rest ? trim(rest) : NULL;
        found = ret->file != NULL;
    }
    if (f)
        fclose(f);
    if (!found) {
        printf("%s: no case %s\n", path, name);
        free(line);
        line = NULL;
    }
    ret->line = line;
    free(path);
    return found;
}

static json_t *run_case(const struct one_case *c)
{
    char *dir = golden_text("%s/captures/golden", golden_source_dir());
    char *words[2] = {golden_text("%s", c->options), golden_text("%s", c->captures)}, *save;
    const char *arguments[WORDS];
    json_t *report;
    size_t n = 0;
    int status;

    for (size_t i = 0; i < 2; i++) {
        save = NULL;
        for (char *w = strtok_r(words[i], " \t", &save); w && n + 1 < WORDS;
             w = strtok_r(NULL, " \t", &save))
            arguments[n++] = w;
    }
    arguments[n] = NULL;
    report = golden_run(dir, arguments, &status);
    if (report && status != 0) {
        printf("exit status %d\n", status);
        json_decref(report);
        report = NULL;
    }
    free(words[0]);
    free(words[1]);
    free(dir);
    return report;
}

int golden_case(int argc, char **argv)
{
    int status = GOLDEN_DIFFERENT;
    json_t *expected, *report;
    struct one_case c;
    json_error_t error;
    char *path;

    if (argc != 2)
        return GOLDEN_USAGE;
    if (!find_case(argv[1], &c))
        return GOLDEN_DIFFERENT;
    path = golden_text("%s/tests/golden/expected/%s", golden_source_dir(), c.file);
    expected = json_load_file(path, 0, &error);
    if (!expected)
        printf("%s:%d: %s\n", path, error.line, error.text);
    report = run_case(&c);
    if (expected && report && golden_expected(argv[1], expected, report))
        status = GOLDEN_OK;
    printf("%s: %s\n", argv[1], status == GOLDEN_OK ? "as expected" : "differs (or failed)");
    json_decref(expected);
    json_decref(report);
    free(path);
    free(c.line);
    return status;
}

/* ---- Renewing ---- */

/* Only these members of an object. */
static json_t *only(const json_t *object, const char *const *keys)
{
    json_t *o = json_object();

    for (; *keys; keys++) {
        json_t *value = json_object_get(object, *keys);
        if (value)
            json_object_set(o, *keys, value);
    }
    return o;
}

static json_t *only_each(const json_t *array, const char *const *keys)
{
    json_t *a = json_array();
    const json_t *value;
    size_t i;

    json_array_foreach(array, i, value) json_array_append_new(a, only(value, keys));
    return a;
}

/* A connection without what others keys follow from, so that the files stay small. */
static json_t *short_connection(const json_t *conn)
{
    static const char *const keys[] = {"id",       "protocol", "dialect",  "outcome", "survived",
                                       "fallback", "bytes",    "first_ns", NULL};
    static const char *const subflow_keys[] = {"role",   "client",  "server", "on_vip",
                                               "backup", "packets", "bytes",  NULL};
    static const char *const advert_keys[] = {"from",   "id",   "addr",    "port", "transmissions",
                                              "echoes", "hmac", "vantage", NULL};
    static const char *const migration_keys[] = {"state", "left_by", NULL};
    json_t *o = only(conn, keys), *subflows = json_array();
    const json_t *f;
    size_t i;

    json_array_foreach(json_object_get(conn, "subflows"), i, f)
    {
        json_t *s = only(f, subflow_keys);
        json_t *class = json_object_get(json_object_get(f, "reset"), "class");
        json_object_set_new(s, "reset", class ? json_pack("{s:O}", "class", class) : json_null());
        json_array_append_new(subflows, s);
    }
    json_object_set_new(o, "subflows", subflows);
    json_object_set_new(o, "add_addr", only_each(json_object_get(conn, "add_addr"), advert_keys));
    json_object_set_new(o, "migration", only(json_object_get(conn, "migration"), migration_keys));
    return o;
}

/* Everything of the report, connections shortened and one a line. */
static void write_report(FILE *f, const json_t *report)
{
    const json_t *conn;
    const char *key;
    json_t *value;
    size_t i;

    fputs("{\n", f);
    json_object_foreach((json_t *)(uintptr_t)report, key, value)
    {
        if (strcmp(key, "connections") == 0)
            continue;
        fprintf(f, "\"%s\": ", key);
        json_dumpf(value, f, JSON_ENCODE_ANY | JSON_REAL_PRECISION(12));
        fputs(",\n", f);
    }
    fputs("\"connections\": [", f);
    json_array_foreach(json_object_get(report, "connections"), i, conn)
    {
        json_t *o = short_connection(conn);
        fputs(i ? ",\n" : "\n", f);
        json_dumpf(o, f, JSON_REAL_PRECISION(12));
        json_decref(o);
    }
    fputs("\n]\n}\n", f);
}

int golden_renew(int argc, char **argv)
{
    int status = GOLDEN_DIFFERENT;
    struct one_case c;
    json_t *report;
    char *path;
    FILE *f;

    if (argc != 2)
        return GOLDEN_USAGE;
    if (!find_case(argv[1], &c))
        return GOLDEN_DIFFERENT;
    path = golden_text("%s/tests/golden/expected/%s", golden_source_dir(), c.file);
    report = run_case(&c);
    f = report ? fopen(path, "w") : NULL;
    if (f) {
        write_report(f, report);
        if (fclose(f) == 0) {
            printf("%s is renewed: read the difference before you commit it\n", path);
            status = GOLDEN_OK;
        }
    }
    if (status != GOLDEN_OK)
        printf("%s: not renewed\n", path);
    json_decref(report);
    free(path);
    free(c.line);
    return status;
}
