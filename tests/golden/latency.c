/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * golden latency DIR PERCENT: how long ADD_ADDR waited for its echo, against the log of the cable between client and balancer.
 *
 * truth/latency.csv holds, per advertised address, the time between the first copy and the echo at the cable's end toward the balancer.
 */
#include "golden.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_value(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* Nearest rank; -1 without samples. */
static int64_t median_of_log(const struct golden *g)
{
    char *path = golden_path(g, "truth/latency.csv");
    struct golden_csv csv = {0};
    int64_t *values, median = -1;
    size_t n = 0;

    if (!golden_csv_load(&csv, path)) {
        free(path);
        return -1;
    }
    values = calloc(csv.row_count, sizeof *values);
    if (!values)
        abort();
    for (size_t i = 1; i < csv.row_count; i++)
        values[n++] = strtoll(golden_csv_cell(&csv, i, "latency_ns"), NULL, 10);
    if (n) {
        qsort(values, n, sizeof *values, by_value);
        median = values[(n + 1) / 2 - 1];
    }
    free(values);
    golden_csv_free(&csv);
    free(path);
    return median;
}

static bool word_is(const json_t *report, const char *path, const char *word)
{
    const char *got = json_string_value(golden_at(report, path));

    if (got && strcmp(got, word) == 0)
        return true;
    printf("  %s is %s, not %s\n", path, got ? got : "absent", word);
    return false;
}

static int check(const struct golden *g, long percent)
{
    json_t *balancer = golden_report(g, "balancer.pcap"), *client = golden_report(g, "client.pcap");
    int64_t truth = median_of_log(g), p50 = 0;
    bool ok = balancer && client && truth > 0;

    ok = ok && word_is(balancer, "add_addr.kind", "latency");
    ok = ok && golden_sum(balancer, "add_addr.first_to_echo.p50_ns", &p50);
    if (ok) {
        int64_t apart = p50 > truth ? p50 - truth : truth - p50;
        printf("%s: p50 at the balancer %.3f ms, by the cable's log %.3f ms: %.2f %% apart\n",
               g->name, (double)p50 / 1e6, (double)truth / 1e6,
               100.0 * (double)apart / (double)truth);
        ok = apart * 100 <= truth * percent;
    }
    ok = ok && word_is(client, "add_addr.kind", "turnaround") &&
         word_is(client, "add_addr.vantage", "receiver");
    ok = ok && golden_sum(client, "add_addr.first_to_echo.p50_ns", &p50);
    if (ok) {
        printf("%s: p50 at the client %.3f ms, labelled turnaround\n", g->name, (double)p50 / 1e6);
        ok = p50 < truth / 2; /* The client does not see the path to the balancer. */
    }
    json_decref(balancer);
    json_decref(client);
    return ok ? GOLDEN_OK : GOLDEN_DIFFERENT;
}

int golden_latency(int argc, char **argv)
{
    struct golden g;
    int status;

    if (argc != 3)
        return GOLDEN_USAGE;
    if (!golden_open(&g, argv[1]))
        return GOLDEN_DIFFERENT;
    status = check(&g, strtol(argv[2], NULL, 10));
    golden_close(&g);
    return status;
}
