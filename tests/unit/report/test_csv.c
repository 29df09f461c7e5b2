/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CSV files read back by libcsv: each cell against the JSON value of the same name, written by the other writer. */
#include "fixture.h"

#include "mpa/status.h"

#include <csv.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONNECTIONS 16 /* Each kind twice. */

/* A file's cells in row-major order; the first row is the header. */
struct sheet {
    char **cells;
    size_t count, capacity;
    size_t columns; /* Of the header. */
    size_t rows;    /* With the header. */
    size_t in_row;
    bool ragged;
};

static void on_cell(void *text, size_t size, void *context)
{
    struct sheet *s = context;

    if (s->count == s->capacity) {
        s->capacity = s->capacity ? 2 * s->capacity : 1024;
        s->cells = realloc(s->cells, s->capacity * sizeof(*s->cells));
        if (!s->cells)
            abort();
    }
    s->cells[s->count] = strndup(text ? text : "", size);
    s->count++;
    s->in_row++;
}

static void on_row(int end, void *context)
{
    struct sheet *s = context;

    (void)end;
    if (s->rows == 0)
        s->columns = s->in_row;
    else if (s->in_row != s->columns)
        s->ragged = true;
    s->in_row = 0;
    s->rows++;
}

static void read_sheet(const char *dir, const char *name, struct sheet *ret)
{
    struct csv_parser parser;
    char bytes[4096];
    char *path;
    size_t size;
    FILE *in;

    memset(ret, 0, sizeof(*ret));
    if (asprintf(&path, "%s/%s", dir, name) < 0)
        abort();
    in = fopen(path, "r");
    free(path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(in);
    CU_ASSERT_EQUAL_FATAL(csv_init(&parser, CSV_STRICT), 0);
    while ((size = fread(bytes, 1, sizeof(bytes), in)) > 0)
        CU_ASSERT_EQUAL(csv_parse(&parser, bytes, size, on_cell, on_row, ret), size);
    CU_ASSERT_EQUAL(csv_fini(&parser, on_cell, on_row, ret), 0);
    csv_free(&parser);
    fclose(in);
    CU_ASSERT_FALSE(ret->ragged);
}

static void free_sheet(struct sheet *s)
{
    size_t i;

    for (i = 0; i < s->count; i++)
        free(s->cells[i]);
    free(s->cells);
}

static const char *cell(const struct sheet *s, size_t row, const char *column)
{
    size_t i;

    for (i = 0; i < s->columns; i++)
        if (strcmp(s->cells[i], column) == 0)
            return s->cells[row * s->columns + i];
    return NULL;
}

/* The text of the JSON value at 'path', by the rules of the CSV files: null is empty, items have "; " between them. */
static void flatten(json_t *json, const char *path, char *ret, size_t size)
{
    char key[128];
    const char *end = strchrnul(path, '.');
    char part[512];
    size_t used = 0;
    size_t i;

    ret[0] = '\0';
    if (json_is_array(json)) {
        for (i = 0; i < json_array_size(json); i++) {
            flatten(json_array_get(json, i), path, part, sizeof(part));
            used += (size_t)snprintf(ret + used, size - used, "%s%s", i > 0 ? "; " : "", part);
        }
    } else if (*path != '\0' && !json_is_null(json)) {
        snprintf(key, sizeof(key), "%.*s", (int)(end - path), path);
        json = json_object_get(json, key);
        if (json)
            flatten(json, *end ? end + 1 : end, ret, size);
        else
            snprintf(ret, size, "no key %s", key);
    } else if (json_is_integer(json)) {
        snprintf(ret, size, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
    } else if (json_is_real(json)) {
        snprintf(ret, size, "%.12g", json_real_value(json));
    } else if (json_is_string(json)) {
        snprintf(ret, size, "%s", json_string_value(json));
    } else if (json_is_boolean(json)) {
        snprintf(ret, size, "%s", json_is_true(json) ? "true" : "false");
    }
}

/* Row 'row' of 's' against 'json'; columns in front that JSON has no key for are skipped. */
static void compare_row(const struct sheet *s, size_t row, json_t *json, size_t skip)
{
    char truth[4096];
    size_t i;

    for (i = skip; i < s->columns; i++) {
        flatten(json, s->cells[i], truth, sizeof(truth));
        if (strcmp(truth, s->cells[row * s->columns + i]) != 0)
            fprintf(stderr, "\n%s: JSON has \"%s\", CSV \"%s\"\n", s->cells[i], truth,
                    s->cells[row * s->columns + i]);
        CU_ASSERT_STRING_EQUAL(s->cells[row * s->columns + i], truth);
    }
}

static const struct mpa_writer_options plain = {0};

/* Both writers' output of the same records. */
static char *write_both(struct fixture *f, json_t **ret_json)
{
    char *dir = fixture_dir();
    char *text;

    fixture_report(f);
    CU_ASSERT_EQUAL(fixture_walk(mpa_writer_csv(dir, &plain), &f->report, CONNECTIONS, false),
                    MPA_OK);
    text = fixture_json(&f->report, CONNECTIONS, false, &plain);
    *ret_json = json_loads(text, 0, NULL);
    free(text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(*ret_json);
    return dir;
}

/* Rows of a list inside of each connection. */
static void compare_inner(const char *dir, const char *name, const char *key, json_t *connections)
{
    struct sheet s;
    size_t row = 1;
    char id[24];
    size_t i, k;

    read_sheet(dir, name, &s);
    for (i = 0; i < json_array_size(connections); i++) {
        json_t *items = json_object_get(json_array_get(connections, i), key);

        snprintf(id, sizeof(id), "%zu", i);
        for (k = 0; k < json_array_size(items); k++, row++) {
            CU_ASSERT_FATAL(row < s.rows);
            CU_ASSERT_STRING_EQUAL(cell(&s, row, "connection"), id);
            compare_row(&s, row, json_array_get(items, k), 1);
        }
    }
    CU_ASSERT_EQUAL(row, s.rows);
    free_sheet(&s);
}

static void test_against_json(void)
{
    struct fixture f;
    json_t *json;
    json_t *connections;
    json_t *events;
    struct sheet s;
    char *dir = write_both(&f, &json);
    size_t i;

    connections = json_object_get(json, "connections");
    read_sheet(dir, "connections.csv", &s);
    CU_ASSERT_EQUAL_FATAL(s.rows, CONNECTIONS + 1);
    CU_ASSERT_EQUAL(json_array_size(connections), CONNECTIONS);
    for (i = 0; i < CONNECTIONS; i++)
        compare_row(&s, i + 1, json_array_get(connections, i), 1);
    free_sheet(&s);
    compare_inner(dir, "subflows.csv", "subflows", connections);
    compare_inner(dir, "add_addr.csv", "add_addr", connections);
    events = json_object_get(json_object_get(json, "churn"), "events");
    read_sheet(dir, "churn.csv", &s);
    CU_ASSERT_EQUAL_FATAL(s.rows, json_array_size(events) + 1);
    for (i = 0; i < json_array_size(events); i++)
        compare_row(&s, i + 1, json_array_get(events, i), 1);
    free_sheet(&s);
    json_decref(json);
    fixture_remove_dir(dir);
}

/* Names that readers rely on, and values worked out by hand. */
static void test_by_hand(void)
{
    struct fixture f;
    json_t *json;
    struct sheet s;
    char *dir = write_both(&f, &json);

    read_sheet(dir, "connections.csv", &s);
    CU_ASSERT_STRING_EQUAL(cell(&s, 1, "connection"), "0");
    CU_ASSERT_STRING_EQUAL(cell(&s, 1, "id"), "0");
    CU_ASSERT_STRING_EQUAL(cell(&s, 1, "client.addr"), "10.1.0.1");
    CU_ASSERT_STRING_EQUAL(cell(&s, 1, "client.port"), "40000");
    CU_ASSERT_STRING_EQUAL(cell(&s, 1, "bytes.to_server"), "1200");
    CU_ASSERT_STRING_EQUAL(cell(&s, 1, "migration.state"), "migrated");
    CU_ASSERT_STRING_EQUAL(cell(&s, 1, "migration.first_direct_ns.to_client"), "62000000");
    CU_ASSERT_STRING_EQUAL(cell(&s, 1, "fallback.reason"), "");
    CU_ASSERT_STRING_EQUAL(cell(&s, 6, "fallback.reason"), "synack_plain");
    CU_ASSERT_STRING_EQUAL(cell(&s, 6, "fallback.frame.frame"), "12");
    CU_ASSERT_STRING_EQUAL(cell(&s, 2, "hits.gap_dur_ns"), "230000000");
    CU_ASSERT_STRING_EQUAL(cell(&s, 8, "token_client"), "");
    CU_ASSERT_STRING_EQUAL(cell(&s, 1, "dialect_evidence"),
                           "version 1 in the SYN/ACK; SYN of length 4");
    free_sheet(&s);
    read_sheet(dir, "subflows.csv", &s);
    CU_ASSERT_STRING_EQUAL(cell(&s, 1, "rtt.to_client.p50_ns"), "21000000");
    CU_ASSERT_STRING_EQUAL(cell(&s, 1, "rtt.to_server.p50_ns"), "");
    CU_ASSERT_STRING_EQUAL(cell(&s, 1, "servers.name"), "s1; 02:00:00:00:09:0b");
    CU_ASSERT_STRING_EQUAL(cell(&s, 1, "servers.packets"), "200; 140");
    CU_ASSERT_STRING_EQUAL(cell(&s, 2, "role"), "join");
    free_sheet(&s);
    json_decref(json);
    fixture_remove_dir(dir);
}

/* A row for the first RST of each subflow and direction. */
static void test_resets(void)
{
    struct fixture f;
    json_t *json;
    struct sheet s;
    char *dir = write_both(&f, &json);

    read_sheet(dir, "resets.csv", &s);
    CU_ASSERT_EQUAL_FATAL(
        s.rows, 1 + 2 * 3 * 2); /* Three kinds of connections, each twice; two directions. */
    CU_ASSERT_STRING_EQUAL(cell(&s, 1, "connection"), "1");
    CU_ASSERT_STRING_EQUAL(cell(&s, 1, "subflow"), "0");
    CU_ASSERT_STRING_EQUAL(cell(&s, 1, "class"), "redirect");
    CU_ASSERT_STRING_EQUAL(cell(&s, 1, "from"), "server");
    CU_ASSERT_STRING_EQUAL(cell(&s, 1, "ns"), "410000000");
    CU_ASSERT_STRING_EQUAL(cell(&s, 1, "frame.capture"), "1");
    CU_ASSERT_STRING_EQUAL(cell(&s, 1, "frame.frame"), "77");
    CU_ASSERT_STRING_EQUAL(cell(&s, 1, "reason"), "");
    CU_ASSERT_STRING_EQUAL(cell(&s, 1, "packets"), "3");
    CU_ASSERT_STRING_EQUAL(cell(&s, 2, "class"), "victim");
    CU_ASSERT_STRING_EQUAL(cell(&s, 2, "from"), "client");
    CU_ASSERT_STRING_EQUAL(cell(&s, 2, "ns"), "411000000");
    CU_ASSERT_STRING_EQUAL(cell(&s, 2, "frame.frame"), "");
    CU_ASSERT_STRING_EQUAL(cell(&s, 2, "packets"), "4");
    free_sheet(&s);
    json_decref(json);
    fixture_remove_dir(dir);
}

static void test_timeline(void)
{
    static const char *const columns[] = {
        "bin_start_ns", "vip_bytes", "direct_bytes", "late",     "misrouted_join",
        "prohibited",   "refused",   "victim",       "redirect", "idle",
        "application",  "middlebox", "unexplained",
    };
    struct fixture f;
    json_t *json;
    struct sheet s;
    char *dir = write_both(&f, &json);
    size_t i;

    read_sheet(dir, "timeline.csv", &s);
    CU_ASSERT_EQUAL_FATAL(s.columns, sizeof(columns) / sizeof(columns[0]));
    for (i = 0; i < s.columns; i++)
        CU_ASSERT_STRING_EQUAL(s.cells[i], columns[i]);
    CU_ASSERT_EQUAL_FATAL(s.rows, 4);
    CU_ASSERT_STRING_EQUAL(cell(&s, 3, "bin_start_ns"), "2000000000");
    CU_ASSERT_STRING_EQUAL(cell(&s, 3, "vip_bytes"), "2000");
    CU_ASSERT_STRING_EQUAL(cell(&s, 3, "redirect"), "2");
    CU_ASSERT_STRING_EQUAL(cell(&s, 3, "late"), "0");
    free_sheet(&s);
    json_decref(json);
    fixture_remove_dir(dir);
}

/* Commas, quotes and line ends in a name come back as they were. */
static void test_quoting(void)
{
    struct mpa_rec_churn_event event = {
        .action = "add", .server = "a,\"b\"\r\nc", .source = MPA_CHURN_SOURCE_LOG};
    struct fixture f;
    struct sheet s;
    char *dir = fixture_dir();

    fixture_empty_report(&f);
    f.report.churn.events = &event;
    f.report.churn.event_count = 1;
    CU_ASSERT_EQUAL(fixture_walk(mpa_writer_csv(dir, &plain), &f.report, 0, false), MPA_OK);
    read_sheet(dir, "churn.csv", &s);
    CU_ASSERT_EQUAL_FATAL(s.rows, 2);
    CU_ASSERT_STRING_EQUAL(cell(&s, 1, "server"), "a,\"b\"\r\nc");
    free_sheet(&s);
    fixture_remove_dir(dir);
}

/* Each of the files on a full disk, one at a time. */
static void test_full_disk(void)
{
    static const char *const names[] = {"connections.csv", "subflows.csv", "add_addr.csv",
                                        "resets.csv",      "churn.csv",    "timeline.csv"};
    struct fixture f;
    char *path;
    char *dir;
    size_t i;

    fixture_report(&f);
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        dir = fixture_dir();
        if (asprintf(&path, "%s/%s", dir, names[i]) < 0 || symlink("/dev/full", path) != 0)
            abort();
        CU_ASSERT_EQUAL(
            fixture_walk(mpa_writer_csv(dir, &plain), &f.report, i % 2 ? 300 : 3, false),
            MPA_ERR_WRITE);
        free(path);
        fixture_remove_dir(dir);
    }
}

static void test_no_folder(void)
{
    char *dir = fixture_dir();
    char *path;
    FILE *file;

    CU_ASSERT_PTR_NULL(mpa_writer_csv("/nonexistent/folder", &plain));
    if (asprintf(&path, "%s/file", dir) < 0 || !(file = fopen(path, "w")))
        abort();
    fclose(file);
    CU_ASSERT_PTR_NULL(mpa_writer_csv(path, &plain));
    free(path);
    /* Made where it is missing. */
    if (asprintf(&path, "%s/new", dir) < 0)
        abort();
    {
        struct mpa_writer *w = mpa_writer_csv(path, &plain);

        CU_ASSERT_PTR_NOT_NULL_FATAL(w);
        w->free(w);
    }
    fixture_remove_dir(path);
    fixture_remove_dir(dir);
}

CU_TestInfo csv_tests[] = {
    {"against JSON", test_against_json}, {"by hand", test_by_hand}, {"resets", test_resets},
    {"timeline", test_timeline},         {"quoting", test_quoting}, {"full disk", test_full_disk},
    {"no folder", test_no_folder},       CU_TEST_INFO_NULL,
};
