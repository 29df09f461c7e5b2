/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report's counts of options against the kernels' own counters. */
#include "golden.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEEDED 3 /* Golden captures in which each row must be non-zero. */

struct row {
    const char *name, *host, *report, *kernel, *why;
};

static const struct row rows[] = {
#define ROW(name, host, report, kernel, why) {name, #host, report, kernel, why},
#include "counters_table.h"
#undef ROW
};

#define ROWS (sizeof rows / sizeof *rows)

/* ---- The kernels' side ---- */

struct kernels {
    const struct golden *golden;
    struct golden_nstat *hosts; /* As golden->hosts. */
};

static bool kernels_open(struct kernels *k, const struct golden *g)
{
    bool ok = g->host_count > 0;

    k->golden = g;
    k->hosts = calloc(g->host_count + 1, sizeof *k->hosts);
    if (!k->hosts)
        abort();
    for (size_t i = 0; i < g->host_count && ok; i++) {
        char *path = golden_text("%s/truth/nstat-%s.txt", g->dir, g->hosts[i]);
        ok = golden_nstat_load(k->hosts + i, path);
        free(path);
    }
    return ok;
}

static void kernels_close(struct kernels *k)
{
    for (size_t i = 0; i < k->golden->host_count; i++)
        golden_nstat_free(k->hosts + i);
    free(k->hosts);
}

static bool is_server(const char *host)
{
    return strncmp(host, "server", 6) == 0;
}

/* A counter of the table: of TCP as it stands, of MPTCP without its prefix. */
static bool counter(const struct golden_nstat *n, const char *name, int64_t *ret)
{
    char full[160];
    bool ok;

    snprintf(full, sizeof full, "%s%s", strncmp(name, "Tcp", 3) == 0 ? "" : "MPTcpExt", name);
    ok = golden_nstat_get(n, full, ret);
    if (!ok)
        printf("the kernel has no counter %s\n", full);
    return ok;
}

static bool counter_of_servers(const struct kernels *k, const char *name, int64_t *ret)
{
    int64_t sum = 0, value;

    for (size_t i = 0; i < k->golden->host_count; i++) {
        if (!is_server(k->golden->hosts[i]))
            continue;
        if (!counter(k->hosts + i, name, &value))
            return false;
        sum += value;
    }
    *ret = sum;
    return true;
}

static bool kernel_sum(const struct kernels *k, size_t host, const char *expression, int64_t *ret)
{
    char *text = golden_text("%s", expression), *save = NULL;
    int64_t sum = 0, value = 0, sign = 1;
    bool ok = true;

    for (char *w = strtok_r(text, " ", &save); w && ok; w = strtok_r(NULL, " ", &save)) {
        if (strcmp(w, "+") == 0 || strcmp(w, "-") == 0) {
            sign = *w == '-' ? -1 : 1;
            continue;
        }
        ok = strncmp(w, "servers:", 8) == 0 ? counter_of_servers(k, w + 8, &value)
                                            : counter(k->hosts + host, w, &value);
        sum += sign * value;
        sign = 1;
    }
    free(text);
    *ret = sum;
    return ok;
}

/* ---- Comparing ---- */

static bool row_is_for(const struct row *r, const char *host)
{
    return strcmp(r->host, "client") == 0 ? strcmp(host, "client") == 0 : is_server(host);
}

static void note_failure(char **failed, const char *name)
{
    char *longer;

    if (!failed)
        return;
    longer = golden_text("%s[%s]", *failed ? *failed : "", name);
    free(*failed);
    *failed = longer;
}

/* All rows of one host.  'seen' counts rows that are not zero. */
static bool compare_host(struct golden_differences *d, const struct kernels *k, size_t host,
                         const json_t *report, size_t seen[ROWS], char **failed)
{
    const char *name = k->golden->hosts[host];
    size_t before;
    int64_t in_report, in_kernel;

    for (size_t i = 0; i < ROWS; i++) {
        char *key;
        if (!row_is_for(rows + i, name))
            continue;
        if (!golden_sum(report, rows[i].report, &in_report) ||
            !kernel_sum(k, host, rows[i].kernel, &in_kernel))
            return false;
        key = golden_text("%s: %s", name, rows[i].name);
        before = d->unknown;
        golden_compare(d, key, in_report, in_kernel, rows[i].why);
        if (d->unknown != before)
            note_failure(failed, rows[i].name);
        if (in_kernel != 0)
            seen[i]++;
        free(key);
    }
    return true;
}

static int compare(const struct golden *g, const char *file, const char *altered, size_t seen[ROWS],
                   char **failed)
{
    struct golden_differences d;
    struct kernels k;
    bool ok = kernels_open(&k, g);

    ok = golden_differences_open(&d, g, "counters") && ok;
    for (size_t i = 0; ok && i < g->host_count; i++) {
        char *capture = golden_text("%s.pcap", g->hosts[i]), *path = golden_path(g, capture);
        json_t *report;
        if (golden_exists(path) && (!file || strcmp(file, capture) == 0) &&
            (is_server(g->hosts[i]) || strcmp(g->hosts[i], "client") == 0)) {
            report = golden_report(g, altered ? altered : capture);
            ok = report && compare_host(&d, &k, i, report, seen, failed);
            json_decref(report);
        }
        free(path);
        free(capture);
    }
    kernels_close(&k);
    return golden_differences_close(&d) == GOLDEN_OK && ok ? GOLDEN_OK : GOLDEN_DIFFERENT;
}

int golden_counters_of(const struct golden *g, const char *file, const char *altered, char **failed)
{
    size_t seen[ROWS] = {0};

    return compare(g, file, altered, seen, failed);
}

/* Over all golden captures: in how many is each row's counter non-zero? */
static int coverage(void)
{
    size_t count, in[ROWS] = {0};
    char **dirs = golden_list(&count);
    int status = GOLDEN_OK;

    for (size_t i = 0; i < count; i++) {
        size_t seen[ROWS] = {0};
        struct golden g;
        if (golden_open(&g, dirs[i]) && g.host_count)
            compare(&g, NULL, NULL, seen, NULL); /* Differences are the other tests' matter. */
        for (size_t r = 0; r < ROWS; r++)
            in[r] += seen[r] > 0;
        golden_close(&g);
    }
    printf("\n%-28s %8s  %s\n", "row", "captures", "kernel");
    for (size_t r = 0; r < ROWS; r++) {
        bool few = in[r] < NEEDED;
        printf("%-28s %8zu  %s%s\n", rows[r].name, in[r], rows[r].kernel, few ? "  TOO FEW" : "");
        if (few)
            status = GOLDEN_DIFFERENT;
    }
    printf("each row must be non-zero in %d of %zu golden captures\n", NEEDED, count);
    golden_list_free(dirs, count);
    return status;
}

int golden_counters(int argc, char **argv)
{
    struct golden g;
    int status;

    if (argc == 2 && strcmp(argv[1], "--coverage") == 0)
        return coverage();
    if (argc != 2)
        return GOLDEN_USAGE;
    if (!golden_open(&g, argv[1]))
        return GOLDEN_DIFFERENT;
    status = golden_counters_of(&g, NULL, NULL, NULL);
    printf("%s: counters of %zu hosts: %s\n", g.name, g.host_count,
           status == GOLDEN_OK ? "as the kernels count" : "differ");
    golden_close(&g);
    return status;
}
