/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * golden application DIR: each download of the application's log against its connection in the client's capture, and in all captures of the
 * folder merged, joined by port and time: the kernel's own token, whether it fell back, and the bytes that the application received.
 */
#include "golden.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const json_t *connection_of(const json_t *report, const struct golden_csv *app, size_t row)
{
    int64_t epoch = strtoll(json_string_value(golden_at(report, "epoch_ns")), NULL, 10);
    int64_t start = strtoll(golden_csv_cell(app, row, "start_ns"), NULL, 10) - epoch;
    int64_t end = strtoll(golden_csv_cell(app, row, "end_ns"), NULL, 10) - epoch;
    long port = strtol(golden_csv_cell(app, row, "port"), NULL, 10);
    const json_t *conn;
    size_t i;

    json_array_foreach(json_object_get(report, "connections"), i, conn)
    {
        int64_t first = json_integer_value(json_object_get(conn, "first_ns"));
        if (json_integer_value(golden_at(conn, "client.port")) == port && first >= start &&
            first <= end)
            return conn;
    }
    return NULL;
}

static const char *text_of(const json_t *conn, const char *key)
{
    const char *text = json_string_value(json_object_get(conn, key));

    return text ? text : "null";
}

/* What the socket said at its end.  A socket that fell back says so, or knows nothing of MPTCP any more. */
static void compare_kind(struct golden_differences *d, const char *key, const json_t *conn,
                         const struct golden_csv *app, size_t row)
{
    bool mptcp = strcmp(golden_csv_cell(app, row, "protocol"), "mptcp") == 0;
    bool fallback = strcmp(golden_csv_cell(app, row, "fallback"), "1") == 0;
    bool ok = strcmp(golden_csv_cell(app, row, "outcome"), "ok") == 0;
    const char *protocol = text_of(conn, "protocol"), *token = golden_csv_cell(app, row, "token");
    char *name;

    if (mptcp && !fallback && strcmp(protocol, "mptcp") != 0) {
        name = golden_text("%s protocol", key);
        golden_difference(d, name, protocol, "mptcp", "what the socket was at its end");
        free(name);
    }
    /* A socket that was reset is plain TCP to the kernel, whatever it was. */
    if (ok && (fallback || !mptcp) && strcmp(protocol, "mptcp") == 0) {
        name = golden_text("%s protocol", key);
        golden_difference(d, name, protocol, "plain TCP", "what the socket was at its end");
        free(name);
    }
    /* The SYN of RFC 8684 has no key: what was never answered has no token to be seen. */
    if (mptcp && !fallback && !json_is_null(json_object_get(conn, "established_ns")) &&
        strspn(token, "0123456789abcdef") == 8 && strcmp(token, "00000000") != 0 &&
        strcmp(token, text_of(conn, "token_client")) != 0) {
        name = golden_text("%s token", key);
        golden_difference(d, name, text_of(conn, "token_client"), token, "the socket's own token");
        free(name);
    }
}

static void compare_bytes(struct golden_differences *d, const char *key, const json_t *conn,
                          const struct golden_csv *app, size_t row)
{
    int64_t got = strtoll(golden_csv_cell(app, row, "bytes"), NULL, 10), said = 0;
    int64_t expected = strtoll(golden_csv_cell(app, row, "expected"), NULL, 10);
    char *name = golden_text("%s bytes", key);

    if (!golden_sum(conn, "bytes.to_client", &said))
        d->unknown++;
    /* A download that ended early may have left bytes unread; so may one that got more than it asked for, and closed. */
    if (got == expected || said < got)
        golden_compare(d, name, said, got, "unique data bytes to the client");
    free(name);
}

/* One line of the log for each connection of the report, and the other way round. */
static void compare_all(struct golden_differences *d, const json_t *report,
                        const struct golden_csv *app, const char *capture)
{
    for (size_t i = 1; i < app->row_count; i++) {
        const json_t *conn = connection_of(report, app, i);
        char *key =
            golden_text("%s: download %zu port %s", capture, i, golden_csv_cell(app, i, "port"));
        if (!conn) {
            golden_difference(d, key, "no connection", golden_csv_cell(app, i, "outcome"), "");
        } else {
            compare_kind(d, key, conn, app, i);
            compare_bytes(d, key, conn, app, i);
        }
        free(key);
    }
    printf("%s/%s: %zu downloads: protocol, token, bytes\n", d->golden->name, capture,
           app->row_count - 1);
}

/* Every log of a client: there may be several runs of the application. */
static bool load_logs(const struct golden *g, struct golden_csv *logs, size_t max, size_t *count)
{
    char *dir = golden_text("%s/truth", g->dir);
    struct dirent **list = NULL;
    int entries = scandir(dir, &list, NULL, alphasort);
    bool ok = entries > 0;

    *count = 0;
    for (int i = 0; i < entries; i++) {
        if (ok && *count < max && strncmp(list[i]->d_name, "app-client", 10) == 0) {
            char *path = golden_text("%s/%s", dir, list[i]->d_name);
            ok = golden_csv_load(logs + (*count)++, path);
            free(path);
        }
        free(list[i]);
    }
    free(list);
    free(dir);
    return ok && *count;
}

static bool check_capture(struct golden_differences *d, const struct golden_csv *logs, size_t count,
                          const char *capture)
{
    json_t *report = golden_report(d->golden, capture);
    size_t lines = 0;

    if (!report)
        return false;
    for (size_t i = 0; i < count; i++) {
        compare_all(d, report, logs + i, capture);
        lines += logs[i].row_count - 1;
    }
    if (lines != json_array_size(json_object_get(report, "connections"))) {
        char *key = golden_text("%s: connections", capture);
        golden_compare(d, key, (int64_t)json_array_size(json_object_get(report, "connections")),
                       (int64_t)lines, "one for each line of the logs");
        free(key);
    }
    json_decref(report);
    return true;
}

#define LOGS 8

static int check(const struct golden *g)
{
    struct golden_csv logs[LOGS] = {{0}};
    struct golden_differences d;
    size_t count;
    bool ok = golden_differences_open(&d, g, "application");

    ok = ok && load_logs(g, logs, LOGS, &count);
    ok = ok && check_capture(&d, logs, count, "client.pcap");
    ok = ok && check_capture(&d, logs, count, ".");
    ok = golden_differences_close(&d) == GOLDEN_OK && ok;
    for (size_t i = 0; i < LOGS; i++)
        golden_csv_free(logs + i);
    return ok ? GOLDEN_OK : GOLDEN_DIFFERENT;
}

int golden_application(int argc, char **argv)
{
    struct golden g;
    int status;

    if (argc != 2)
        return GOLDEN_USAGE;
    if (!golden_open(&g, argv[1]))
        return GOLDEN_DIFFERENT;
    status = check(&g);
    golden_close(&g);
    return status;
}
