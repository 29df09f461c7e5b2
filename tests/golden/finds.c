/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * golden finds DIR FILE RULE FRAME...: the findings of a rule in one capture of a golden are at exactly these frames, which were read out
 * of the capture by hand (without frames: there is none); the capture's .md says why.
 */
#include "golden.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool wanted(int64_t frame, int argc, char **argv, bool *met)
{
    for (int i = 0; i < argc; i++)
        if (strtoll(argv[i], NULL, 10) == frame) {
            met[i] = true;
            return true;
        }
    return false;
}

static bool compare(const json_t *report, const char *rule, int argc, char **argv)
{
    bool *met = calloc((size_t)argc + 1, sizeof *met), ok = true;
    const json_t *finding;
    size_t i;

    if (!met)
        abort();
    json_array_foreach(json_object_get(report, "findings"), i, finding)
    {
        const json_t *frame = json_array_get(json_object_get(finding, "frames"), 0);
        int64_t number = json_integer_value(json_object_get(frame, "frame"));

        if (strcmp(json_string_value(json_object_get(finding, "rule")), rule) == 0 &&
            !wanted(number, argc, argv, met)) {
            printf("  %s at frame %d is not expected\n", rule, (int)number);
            ok = false;
        }
    }
    for (int k = 0; k < argc; k++)
        if (!met[k]) {
            printf("  no %s at frame %s\n", rule, argv[k]);
            ok = false;
        }
    free(met);
    return ok;
}

int golden_finds(int argc, char **argv)
{
    struct golden g;
    json_t *report;
    bool ok = false;
    int status;

    if (argc < 4)
        return GOLDEN_USAGE;
    if (!golden_open(&g, argv[1]))
        return GOLDEN_DIFFERENT;
    report = golden_run(g.dir, (const char *const[]){"--check", argv[2], NULL}, &status);
    if (report)
        ok = compare(report, argv[3], argc - 4, argv + 4);
    printf("%s: %s in %s: %s\n", g.name, argv[3], argv[2],
           ok ? "where it must be" : "not as it must be");
    json_decref(report);
    golden_close(&g);
    return ok ? GOLDEN_OK : GOLDEN_DIFFERENT;
}
