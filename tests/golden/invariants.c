/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * golden invariants DIR: what must hold in the report of any capture: sums, counts of rows in JSON and CSV, packets as many as tcpdump
 * captured, and the same bytes twice.
 */
#include "golden.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct context {
    const struct golden *golden;
    const char *capture; /* "." is the whole folder. */
    size_t broken;
};

static void must_equal(struct context *c, const char *what, int64_t a, int64_t b)
{
    if (a == b)
        return;
    c->broken++;
    printf("  %s/%s: %s: %" PRId64 ", %" PRId64 "\n", c->golden->name, c->capture, what, a, b);
}

static int64_t number(struct context *c, const json_t *report, const char *path)
{
    int64_t value = 0;

    if (!golden_sum(report, path, &value))
        c->broken++;
    return value;
}

static int64_t sum_of_members(const json_t *object)
{
    int64_t sum = 0;
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)object, key, value) sum += json_integer_value(value);
    return sum;
}

/* Connections of a protocol (NULL: any) whose member 'path' is 'word'. */
static int64_t count_word(const json_t *report, const char *protocol, const char *path,
                          const char *word)
{
    const json_t *conn;
    int64_t n = 0;
    size_t i;

    json_array_foreach(json_object_get(report, "connections"), i, conn)
    {
        const char *got = json_string_value(golden_at(conn, path));
        const char *is = json_string_value(json_object_get(conn, "protocol"));
        n += got && strcmp(got, word) == 0 && (!protocol || (is && strcmp(is, protocol) == 0));
    }
    return n;
}

struct parts {
    int64_t subflows, resets, advert_rows, adverts, transmissions, hits;
};

static struct parts count_parts(struct context *c, const json_t *report)
{
    const json_t *conn, *item;
    struct parts p = {0};
    size_t i, k;

    json_array_foreach(json_object_get(report, "connections"), i, conn)
    {
        must_equal(c, "ids count from 0", (int64_t)i,
                   json_integer_value(json_object_get(conn, "id")));
        json_array_foreach(json_object_get(conn, "subflows"), k, item)
        {
            p.subflows++;
            p.resets += json_is_object(json_object_get(item, "reset"));
        }
        json_array_foreach(json_object_get(conn, "add_addr"), k, item)
        {
            p.advert_rows++;
            p.adverts += json_integer_value(json_object_get(item, "transmissions")) > 0;
            p.transmissions += json_integer_value(json_object_get(item, "transmissions"));
        }
        p.hits += json_array_size(json_object_get(conn, "hits")) > 0;
    }
    return p;
}

static void check_sums(struct context *c, const json_t *report, const struct parts *p)
{
    static const char *const states[] = {"single_path", "advertised_only", "too_short",
                                         "joined_not_migrated", "migrated"};
    static const char *const protocols[] = {"mptcp", "fallback", "tcp"};
    char path[64];

    must_equal(c, "reset classes and events", sum_of_members(golden_at(report, "resets.classes")),
               number(c, report, "resets.events"));
    for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++) {
        snprintf(path, sizeof path, "connections_total.%s", protocols[i]);
        must_equal(c, path, number(c, report, path),
                   count_word(report, NULL, "protocol", protocols[i]));
    }
    must_equal(
        c, "connections_total and connections",
        number(c, report,
               "connections_total.mptcp + connections_total.fallback + connections_total.tcp"),
        (int64_t)json_array_size(json_object_get(report, "connections")));
    must_equal(c, "fallback reasons and fallbacks",
               sum_of_members(golden_at(report, "connections_total.fallback_reasons")),
               number(c, report, "connections_total.fallback"));
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        snprintf(path, sizeof path, "migration.%s", states[i]);
        must_equal(c, path, number(c, report, path),
                   count_word(report, "mptcp", "migration.state", states[i]));
    }
    must_equal(c, "add_addr.advertised and their rows", number(c, report, "add_addr.advertised"),
               p->adverts);
    must_equal(c, "add_addr.answered + unanswered and advertised",
               number(c, report, "add_addr.answered + add_addr.unanswered"),
               number(c, report, "add_addr.advertised"));
    must_equal(c, "add_addr.transmissions and those of the rows",
               number(c, report, "add_addr.transmissions"), p->transmissions);
    must_equal(
        c, "hit and survived + failed + undetermined", number(c, report, "churn.mptcp.hit"),
        number(c, report, "churn.mptcp.survived + churn.mptcp.failed + churn.mptcp.undetermined"));
    must_equal(c, "subflows with a reset are not more than events",
               p->resets > number(c, report, "resets.events"), 0);
    must_equal(c, "hits of connections and churn", p->hits,
               number(c, report, "churn.mptcp.hit + churn.tcp.hit"));
}

static int64_t rows_of(struct context *c, const char *dir, const char *name)
{
    char *path = golden_text("%s/%s.csv", dir, name);
    struct golden_csv csv;
    int64_t rows = -1;

    if (golden_csv_load(&csv, path))
        rows = (int64_t)csv.row_count - 1;
    else
        c->broken++;
    golden_csv_free(&csv);
    unlink(path);
    free(path);
    return rows;
}

static void check_csv(struct context *c, const json_t *report, const struct parts *p,
                      const char *dir)
{
    char *path;

    must_equal(c, "rows of connections.csv", rows_of(c, dir, "connections"),
               (int64_t)json_array_size(json_object_get(report, "connections")));
    must_equal(c, "rows of subflows.csv", rows_of(c, dir, "subflows"), p->subflows);
    must_equal(c, "rows of add_addr.csv", rows_of(c, dir, "add_addr"), p->advert_rows);
    must_equal(c, "rows of resets.csv", rows_of(c, dir, "resets"),
               number(c, report, "resets.events"));
    must_equal(c, "rows of churn.csv", rows_of(c, dir, "churn"),
               (int64_t)json_array_size(golden_at(report, "churn.events")));
    rows_of(c, dir, "timeline");
    path = golden_text("%s/findings.csv", dir);
    unlink(path); /* May be there without rows: nothing was checked. */
    free(path);
}

/* tcpdump says how many packets it wrote. */
static void check_packets(struct context *c, const json_t *report)
{
    char *path = golden_path(c->golden, "truth/tcpdump.csv");
    struct golden_csv csv = {0};
    const json_t *capture;
    size_t i;

    if (golden_exists(path) && golden_csv_load(&csv, path)) {
        json_array_foreach(json_object_get(report, "captures"), i, capture)
        {
            const char *file = json_string_value(json_object_get(capture, "file"));
            const char *base = file && strrchr(file, '/') ? strrchr(file, '/') + 1 : file;
            for (size_t k = 1; file && k < csv.row_count; k++) {
                const char *name = golden_csv_cell(&csv, k, "file");
                if (strncmp(base, name, strlen(name)) == 0 &&
                    strcmp(base + strlen(name), ".pcap") == 0)
                    must_equal(c, "packets and what tcpdump captured",
                               json_integer_value(json_object_get(capture, "packets")),
                               strtoll(golden_csv_cell(&csv, k, "captured"), NULL, 10));
            }
            must_equal(c, "no error reading the capture",
                       !json_is_null(json_object_get(capture, "error")), 0);
        }
    }
    golden_csv_free(&csv);
    free(path);
}

static void check_capture(struct context *c)
{
    char dir[] = "/tmp/mpa-csv-XXXXXX";
    const char *arguments[] = {"--csv", dir, c->capture, NULL};
    json_t *first, *again;
    struct parts parts;
    int status;

    if (!mkdtemp(dir)) {
        c->broken++;
        return;
    }
    first = golden_run(c->golden->dir, arguments, &status);
    again = golden_run(c->golden->dir, arguments, &status);
    if (!first || !again || status != 0) {
        printf("  %s/%s: exit status %d\n", c->golden->name, c->capture, status);
        c->broken++;
    } else {
        parts = count_parts(c, first);
        check_sums(c, first, &parts);
        check_csv(c, first, &parts, dir);
        check_packets(c, first);
        must_equal(c, "the same report twice", json_equal(first, again), 1);
    }
    json_decref(first);
    json_decref(again);
    if (rmdir(dir) != 0) {
        printf("  %s: more files than the contract has\n", dir);
        c->broken++;
    }
}

int golden_invariants(int argc, char **argv)
{
    struct context c = {0};
    struct dirent **list = NULL;
    struct golden g;
    int count, status;

    if (argc != 2)
        return GOLDEN_USAGE;
    if (!golden_open(&g, argv[1]))
        return GOLDEN_DIFFERENT;
    c.golden = &g;
    count = scandir(g.dir, &list, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        size_t size = strlen(list[i]->d_name);
        if (size > 5 && strcmp(list[i]->d_name + size - 5, ".pcap") == 0) {
            c.capture = list[i]->d_name;
            check_capture(&c);
        }
        free(list[i]);
    }
    free(list);
    c.capture = ".";
    check_capture(&c);
    status = c.broken ? GOLDEN_DIFFERENT : GOLDEN_OK;
    printf("%s: invariants: %s\n", g.name, c.broken ? "broken" : "hold");
    golden_close(&g);
    return status;
}
