/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * golden application DIR: each download of the application's log against its connection in the client's capture, joined by port and time:
 * the kernel's own token, whether it fell back, and the bytes that the application received.
 */
#include "golden.h"

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
    if (mptcp && !fallback && strspn(token, "0123456789abcdef") == 8 &&
        strcmp(token, "00000000") != 0 && strcmp(token, text_of(conn, "token_client")) != 0) {
        name = golden_text("%s token", key);
        golden_difference(d, name, text_of(conn, "token_client"), token, "the socket's own token");
        free(name);
    }
}

static void compare_bytes(struct golden_differences *d, const char *key, const json_t *conn,
                          const struct golden_csv *app, size_t row)
{
    int64_t got = strtoll(golden_csv_cell(app, row, "bytes"), NULL, 10), said = 0;
    bool ok = strcmp(golden_csv_cell(app, row, "outcome"), "ok") == 0;
    char *name = golden_text("%s bytes", key);

    if (!golden_sum(conn, "bytes.to_client", &said))
        d->unknown++;
    /* A download that ended early may have left bytes unread. */
    if (ok || said < got)
        golden_compare(d, name, said, got, "unique data bytes to the client");
    free(name);
}

static int check(const struct golden *g, const char *log)
{
    char *path = golden_text("%s/truth/%s", g->dir, log);
    json_t *report = golden_report(g, "client.pcap");
    struct golden_differences d;
    struct golden_csv app = {0};
    bool ok = golden_differences_open(&d, g, "application");

    ok = ok && report && golden_csv_load(&app, path);
    for (size_t i = 1; ok && i < app.row_count; i++) {
        const json_t *conn = connection_of(report, &app, i);
        char *key = golden_text("download %zu port %s", i, golden_csv_cell(&app, i, "port"));
        if (!conn) {
            golden_difference(&d, key, "no connection", golden_csv_cell(&app, i, "outcome"), "");
        } else {
            compare_kind(&d, key, conn, &app, i);
            compare_bytes(&d, key, conn, &app, i);
        }
        free(key);
    }
    if (ok)
        printf("%s: %zu downloads of %s: protocol, token, bytes\n", g->name, app.row_count - 1,
               log);
    ok = golden_differences_close(&d) == GOLDEN_OK && ok;
    if (app.row_count)
        golden_csv_free(&app);
    json_decref(report);
    free(path);
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
    status = check(&g, "app-client.csv");
    golden_close(&g);
    return status;
}
