/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * golden synth [NAME [ARGUMENT...]]: every scenario of mpa-synth (or one, with further arguments of the generator), made afresh, against
 * the expectation that the generator writes from its own bookkeeping.
 */
#include "golden.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARGUMENTS 24

/* The expectation's arrays are compared up to their length; of these nothing may follow. */
static bool same_lengths(const char *label, const json_t *expected, const json_t *report)
{
    static const char *const arrays[] = {"subflows", "add_addr"};
    const json_t *e = json_object_get(expected, "connections"), *conn;
    const json_t *r = json_object_get(report, "connections");
    bool ok = !e || json_array_size(e) == json_array_size(r);
    size_t i;

    if (!ok)
        printf("  %s: %zu connections, expected %zu\n", label, json_array_size(r),
               json_array_size(e));
    json_array_foreach(e, i, conn)
    {
        for (size_t k = 0; k < 2; k++) {
            const json_t *a = json_object_get(conn, arrays[k]);
            const json_t *b = json_object_get(json_array_get(r, i), arrays[k]);
            if (json_is_array(a) && json_array_size(a) != json_array_size(b)) {
                printf("  %s: connections[%zu].%s: %zu of them, expected %zu\n", label, i,
                       arrays[k], json_array_size(b), json_array_size(a));
                ok = false;
            }
        }
    }
    return ok;
}

static bool make(const char *name, char **more, int count, const char *pcap, const char *expected)
{
    const char *argv[ARGUMENTS] = {golden_synth_program(), name,    "-o", pcap,
                                   "--expected",           expected};
    struct golden_output out;
    size_t n = 6;

    for (int i = 0; i < count && n + 1 < ARGUMENTS; i++)
        argv[n++] = more[i];
    argv[n] = NULL;
    if (!golden_spawn(NULL, argv, &out))
        return false;
    fclose(out.file);
    if (out.status != 0)
        printf("  mpa-synth %s: exit status %d\n", name, out.status);
    return out.status == 0;
}

/* Arguments for the analyzer that the scenario asks for: "arguments" of the expectation, not part of the report. */
static size_t scenario_arguments(json_t *expected, const char **arguments)
{
    const json_t *value;
    size_t i, n = 0;

    json_array_foreach(json_object_get(expected, "arguments"), i, value)
    {
        if (n + 2 < ARGUMENTS)
            arguments[n++] = json_string_value(value);
    }
    return n;
}

/* Addresses that do not follow from the secret fail the run. */
static int expected_status(const json_t *expected)
{
    const json_t *secret = json_object_get(expected, "v6_secret");

    return json_integer_value(json_object_get(secret, "bad")) > 0;
}

static bool run_one(const char *name, char **more, int count)
{
    char dir[] = "/tmp/mpa-synth-XXXXXX", *pcap, *json;
    const char *arguments[ARGUMENTS];
    json_t *expected = NULL, *report = NULL;
    int status = 0;
    bool ok;

    if (!mkdtemp(dir))
        return false;
    pcap = golden_text("%s/%s.pcap", dir, name);
    json = golden_text("%s/%s.json", dir, name);
    ok = make(name, more, count, pcap, json);
    if (ok && (expected = json_load_file(json, 0, NULL)) != NULL) {
        size_t n = scenario_arguments(expected, arguments);
        arguments[n++] = pcap;
        arguments[n] = NULL;
        report = golden_run(dir, arguments, &status);
        json_object_del(expected, "arguments");
    }
    ok = ok && expected && report;
    if (ok && status != expected_status(expected)) {
        printf("  %s: mptcp-analyze: exit status %d\n", name, status);
        ok = false;
    }
    if (ok) {
        ok = golden_expected(name, expected, report);
        ok = same_lengths(name, expected, report) && ok;
    }
    printf("%s %s\n", ok ? "ok    " : "FAILED", name);
    json_decref(expected);
    json_decref(report);
    unlink(pcap);
    unlink(json);
    rmdir(dir);
    free(pcap);
    free(json);
    return ok;
}

static int run_all(void)
{
    const char *argv[] = {golden_synth_program(), "--list", NULL};
    size_t size = 0, total = 0, failed = 0;
    struct golden_output out;
    char *line = NULL;

    if (!golden_spawn(NULL, argv, &out) || out.status != 0)
        return GOLDEN_DIFFERENT;
    while (getline(&line, &size, out.file) > 0) {
        line[strcspn(line, " \n")] = '\0';
        total++;
        failed += !run_one(line, NULL, 0);
    }
    free(line);
    fclose(out.file);
    printf("%zu of %zu scenarios as expected\n", total - failed, total);
    return total && !failed ? GOLDEN_OK : GOLDEN_DIFFERENT;
}

int golden_synth(int argc, char **argv)
{
    if (argc == 1)
        return run_all();
    return run_one(argv[1], argv + 2, argc - 2) ? GOLDEN_OK : GOLDEN_DIFFERENT;
}
