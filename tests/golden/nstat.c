/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * golden nstat FOLDER: each host's capture with --nstat and that host's counters: all must agree but for the known differences
 * (tests/golden/differences), and the exit status says whether all do.
 */
#include "golden.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The distinct addresses of one side in all subflows, joined by commas; belongs to the caller. */
static char *addresses(const json_t *report, const char *side)
{
    const json_t *conn, *subflow;
    char *list = golden_text("%s", "");
    size_t i, k;

    json_array_foreach(json_object_get(report, "connections"), i, conn)
    {
        json_array_foreach(json_object_get(conn, "subflows"), k, subflow)
        {
            const char *addr =
                json_string_value(json_object_get(json_object_get(subflow, side), "addr"));
            char *longer;

            if (!addr || strstr(list, addr))
                continue;
            longer = golden_text("%s%s%s", list, *list ? "," : "", addr);
            free(list);
            list = longer;
        }
    }
    return list;
}

/* Compare the rows of a report with --nstat; false when there are none.  '*ret_equal' becomes whether all are. */
static bool compare_rows(struct golden_differences *d, const json_t *report, const char *host,
                         bool *ret_equal)
{
    const json_t *o = json_array_get(json_object_get(report, "nstat"), 0), *row;
    size_t i;

    *ret_equal = true;
    json_array_foreach(json_object_get(o, "counters"), i, row)
    {
        json_int_t kernel = json_integer_value(json_object_get(row, "kernel"));
        json_int_t wire = json_integer_value(json_object_get(row, "wire"));
        char *key = golden_text("%s: %s", host, json_string_value(json_object_get(row, "name")));

        golden_compare(d, key, wire, kernel, NULL);
        *ret_equal = *ret_equal && kernel == wire;
        free(key);
    }
    return json_is_true(json_object_get(o, "seen")) && i > 0;
}

static bool compare_host(struct golden_differences *d, const struct golden *g, const char *host)
{
    char *capture = golden_text("%s.pcap", host), *option = NULL, *list = NULL;
    json_t *report = golden_report(g, capture), *compared = NULL;
    const char *arguments[3];
    bool ok = false, equal = false;
    int status = -1;

    if (report) {
        list = addresses(report, strncmp(host, "server", 6) == 0 ? "server" : "client");
        option = golden_text("--nstat=%s=truth/nstat-%s.txt", list, host);
        arguments[0] = option;
        arguments[1] = capture;
        arguments[2] = NULL;
        compared = golden_run(g->dir, arguments, &status);
        ok = compared && compare_rows(d, compared, host, &equal) && status == (equal ? 0 : 1);
    }
    if (!ok)
        printf("  %s: exit status %d\n", host, status);
    json_decref(report);
    json_decref(compared);
    free(list);
    free(option);
    free(capture);
    return ok;
}

int golden_nstat(int argc, char **argv)
{
    struct golden_differences d;
    struct golden g;
    bool ok;

    if (argc != 2)
        return GOLDEN_USAGE;
    if (!golden_open(&g, argv[1]))
        return GOLDEN_DIFFERENT;
    ok = golden_differences_open(&d, &g, "nstat");
    for (size_t i = 0; i < g.host_count; i++) {
        char *capture = golden_text("%s.pcap", g.hosts[i]), *path = golden_path(&g, capture);

        if (golden_exists(path) &&
            (strncmp(g.hosts[i], "server", 6) == 0 || strcmp(g.hosts[i], "client") == 0))
            ok &= compare_host(&d, &g, g.hosts[i]);
        free(path);
        free(capture);
    }
    ok &= golden_differences_close(&d) == GOLDEN_OK;
    printf("%s: --nstat: %s\n", g.name, ok ? "as the kernels count" : "differs");
    golden_close(&g);
    return ok ? GOLDEN_OK : GOLDEN_DIFFERENT;
}
