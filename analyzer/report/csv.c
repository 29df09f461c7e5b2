/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CSV writer: a folder of files, their columns those of the JSON keys flattened with dots.
 *
 * A list inside of a row becomes one column for each key of its items; the values follow each other with "; " between them.
 * Lists whose items are rows of another file (subflows, advertisements) are only there.
 */
#include "mpa/status.h"
#include "schema.h"

#include <csv.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define NAME_SIZE 256 /* Bytes that hold any flattened name. */

enum csv_file {
    FILE_CONNECTIONS,
    FILE_SUBFLOWS,
    FILE_ADD_ADDR,
    FILE_RESETS,
    FILE_CHURN,
    FILE_TIMELINE,
    FILE_FINDINGS,
    FILE_COUNT
};

static const struct {
    const char *name;
    const struct mpa_column *rows;
    const char *lead; /* A column in front: "connection", or the row's number in its file. */
} files[FILE_COUNT] = {
    [FILE_CONNECTIONS] = {"connections.csv", mpa_schema_connection, "connection"},
    [FILE_SUBFLOWS] = {"subflows.csv", mpa_schema_subflow, "connection"},
    [FILE_ADD_ADDR] = {"add_addr.csv", mpa_schema_add_addr, "connection"},
    [FILE_RESETS] = {"resets.csv", mpa_schema_reset_row, "connection"},
    [FILE_CHURN] = {"churn.csv", mpa_schema_churn_event, "event"},
    [FILE_TIMELINE] = {"timeline.csv", mpa_schema_bin, NULL},
    [FILE_FINDINGS] = {"findings.csv", mpa_schema_finding, NULL},
};

/* A field is put together here before it is quoted: lists have several values. */
struct field {
    char *text;
    size_t size;
    size_t capacity;
};

struct csv_writer {
    struct mpa_writer writer; /* First. */
    FILE *out[FILE_COUNT];
    struct mpa_values values;
    struct field field;
    int status;         /* First failure; sticky, so that rows are written straight down. */
    bool first_in_line; /* No separator before the next field. */
};

/* ---- Fields ------------------------------------------------------------------------------------------------- */

static void append(struct csv_writer *w, const char *text, size_t size)
{
    struct field *f = &w->field;
    size_t capacity = f->capacity ? f->capacity : 256;
    char *grown;

    while (capacity < f->size + size)
        capacity *= 2;
    if (capacity > f->capacity) {
        grown = realloc(f->text, capacity);
        if (!grown) {
            w->status = MPA_ERR_NOMEM;
            return;
        }
        f->text = grown;
        f->capacity = capacity;
    }
    memcpy(f->text + f->size, text, size);
    f->size += size;
}

static void put_field(struct csv_writer *w, FILE *out)
{
    if (w->status != MPA_OK)
        return;
    if ((!w->first_in_line && fputc(',', out) == EOF) ||
        csv_fwrite(out, w->field.size ? w->field.text : "", w->field.size) != 0)
        w->status = MPA_ERR_WRITE;
    w->first_in_line = false;
    w->field.size = 0;
}

static void begin_line(struct csv_writer *w)
{
    w->first_in_line = true;
    w->field.size = 0;
}

static void end_line(struct csv_writer *w, FILE *out)
{
    if (w->status == MPA_OK && fputs("\r\n", out) == EOF)
        w->status = MPA_ERR_WRITE;
}

static void append_int(struct csv_writer *w, int64_t number)
{
    char text[24];

    append(w, text, (size_t)snprintf(text, sizeof(text), "%" PRId64, number));
}

/* Nothing for null. */
static void append_value(struct csv_writer *w, const struct mpa_value *v)
{
    char text[32];

    switch (v->kind) {
    case MPA_VALUE_INT:
        append_int(w, v->number);
        break;
    case MPA_VALUE_REAL:
        append(w, text, (size_t)snprintf(text, sizeof(text), "%.12g", v->real));
        break;
    case MPA_VALUE_BOOL:
        append(w, v->number ? "true" : "false", v->number ? 4 : 5);
        break;
    case MPA_VALUE_TEXT:
        append(w, v->text, strlen(v->text));
        break;
    case MPA_VALUE_NULL:
        break;
    }
}

/* What a finding compared has keys of its own: one column, "name=value; name=value". */
static void append_compared(struct csv_writer *w, const struct mpa_column *column,
                            const void *record)
{
    const struct mpa_rec_value *items = mpa_column_items(column, record);
    int64_t count = mpa_column_count(column, record);
    char name[MPA_COMPARED_NAME];
    struct mpa_value v;

    for (int64_t i = 0; i < count; i++) {
        mpa_compared_name(&items[i], name);
        append(w, "; ", i > 0 ? 2 : 0);
        append(w, name, strlen(name));
        append(w, "=", 1);
        mpa_compared_value(&items[i], &w->values, &v);
        append_value(w, &v);
    }
}

static void append_leaf(struct csv_writer *w, const struct mpa_column *column, const void *record)
{
    struct mpa_value v;

    if (column->kind == MPA_COL_COMPARED) {
        append_compared(w, column, record);
        return;
    }
    mpa_column_value(column, record, &w->values, &v);
    append_value(w, &v);
}

/* ---- Columns: the same walk for names and for values ------------------------------------------------------- */

/* A list that the walk is in: leaves below it write the values of all its items. */
struct in_list {
    const struct mpa_column *list;
    const char *items;
    int64_t count;
};

/* What lies between an item of a list and a leaf below it, in objects. */
#define DEPTH_MAX 4

struct walk {
    FILE *out;
    char *name;         /* NULL while values are written. */
    const void *record; /* NULL: in a null object. */
    struct in_list in;  /* 'list' NULL: in none. */
    const struct mpa_column *path[DEPTH_MAX];
    int depth;
};

/* The values of 'leaf' in all items; a null item leaves its place empty, so that the columns of a list stay aligned. */
static void append_items(struct csv_writer *w, const struct walk *at, const struct mpa_column *leaf)
{
    const void *record;
    int64_t i;
    int k;

    for (i = 0; i < at->in.count; i++) {
        if (i > 0)
            append(w, "; ", 2);
        record = at->in.items + (size_t)i * at->in.list->stride;
        for (k = 0; k < at->depth && record; k++)
            record = mpa_column_object(at->path[k], record);
        if (record)
            append_leaf(w, leaf, record);
    }
}

static void put_leaf(struct csv_writer *w, const struct walk *at, const struct mpa_column *leaf)
{
    if (at->name)
        append(w, at->name, strlen(at->name));
    else if (at->in.list)
        append_items(w, at, leaf);
    else if (at->record)
        append_leaf(w, leaf, at->record);
    put_field(w, at->out);
}

static void walk_rows(struct csv_writer *w, const struct walk *at, const struct mpa_column *rows);

/* Into the items of a list, or one of the counts by word. */
static void walk_items(struct csv_writer *w, const struct walk *at, const struct mpa_column *column)
{
    struct walk below = *at;

    if (column->sub->name) {
        walk_rows(w, &below, column->sub);
        return;
    }
    put_leaf(w, &below, column->sub);
}

static void walk_words(struct csv_writer *w, const struct walk *at, const struct mpa_column *column)
{
    struct walk below = *at;
    char name[NAME_SIZE];
    const char *text;
    int i;

    for (i = 0; i < column->fixed_count; i++) {
        text = mpa_word((enum mpa_word)((int)column->first_word + i));
        if (at->name) {
            snprintf(name, sizeof(name), "%s%s%s", at->name, at->name[0] ? "." : "", text);
            below.name = name;
        } else if (at->record) {
            below.record =
                (const char *)mpa_column_items(column, at->record) + (size_t)i * column->stride;
        }
        walk_items(w, &below, column);
    }
}

static void walk_list(struct csv_writer *w, const struct walk *at, const struct mpa_column *column)
{
    struct walk below = *at;

    if (column->own_file)
        return;
    if (!at->name) {
        below.in.list = column;
        below.in.items = at->record ? mpa_column_items(column, at->record) : NULL;
        below.in.count = at->record ? mpa_column_count(column, at->record) : 0;
        below.depth = 0;
    }
    walk_items(w, &below, column);
}

static void walk_object(struct csv_writer *w, const struct walk *at,
                        const struct mpa_column *column)
{
    struct walk below = *at;

    if (at->in.list && at->depth < DEPTH_MAX)
        below.path[below.depth++] = column;
    else if (at->record)
        below.record = mpa_column_object(column, at->record);
    walk_rows(w, &below, column->sub);
}

static void walk_rows(struct csv_writer *w, const struct walk *at, const struct mpa_column *rows)
{
    struct walk below;
    char name[NAME_SIZE];

    for (; rows->kind != MPA_COL_END; rows++) {
        below = *at;
        if (at->name) {
            snprintf(name, sizeof(name), "%s%s%s", at->name, at->name[0] && rows->name ? "." : "",
                     rows->name ? rows->name : "");
            below.name = name;
        }
        switch (rows->kind) {
        case MPA_COL_OBJECT:
            walk_object(w, &below, rows);
            break;
        case MPA_COL_LIST:
            walk_list(w, &below, rows);
            break;
        case MPA_COL_WORDS:
            walk_words(w, &below, rows);
            break;
        default:
            put_leaf(w, &below, rows);
            break;
        }
    }
}

static void put_header(struct csv_writer *w, enum csv_file file)
{
    char nothing[1] = "";
    struct walk at = {.out = w->out[file], .name = nothing};

    begin_line(w);
    if (files[file].lead) {
        append(w, files[file].lead, strlen(files[file].lead));
        put_field(w, at.out);
    }
    walk_rows(w, &at, files[file].rows);
    end_line(w, at.out);
}

/* 'lead': the value of the column in front, where the file has one. */
static void put_row(struct csv_writer *w, enum csv_file file, int64_t lead, const void *record)
{
    struct walk at = {.out = w->out[file], .record = record};

    begin_line(w);
    if (files[file].lead) {
        append_int(w, lead);
        put_field(w, at.out);
    }
    walk_rows(w, &at, files[file].rows);
    end_line(w, at.out);
}

/* ---- The writer --------------------------------------------------------------------------------------------- */

static int begin(struct mpa_writer *writer, const struct mpa_rec_report *report)
{
    struct csv_writer *w = (struct csv_writer *)writer;
    enum csv_file file;

    w->values.epoch_ns = report->epoch_ns;
    for (file = 0; file < FILE_COUNT; file++)
        put_header(w, file);
    return w->status;
}

static int connection(struct mpa_writer *writer, const struct mpa_rec_conn *conn)
{
    struct csv_writer *w = (struct csv_writer *)writer;
    struct mpa_finding_row row = {.connection = conn->id};
    struct mpa_reset_row resets[2];
    int count;
    int i, k;

    put_row(w, FILE_CONNECTIONS, conn->id, conn);
    for (i = 0; i < conn->subflow_count; i++) {
        put_row(w, FILE_SUBFLOWS, conn->id, &conn->subflows[i]);
        count = mpa_reset_rows(&conn->subflows[i], resets);
        for (k = 0; k < count; k++)
            put_row(w, FILE_RESETS, conn->id, &resets[k]);
    }
    for (i = 0; i < conn->add_addr_count; i++)
        put_row(w, FILE_ADD_ADDR, conn->id, &conn->add_addrs[i]);
    for (i = 0; i < conn->finding_count; i++) {
        row.finding = conn->findings[i];
        put_row(w, FILE_FINDINGS, conn->id, &row);
    }
    return w->status;
}

static int end(struct mpa_writer *writer, const struct mpa_rec_report *report)
{
    struct csv_writer *w = (struct csv_writer *)writer;
    enum csv_file file;
    int64_t i;

    for (i = 0; i < report->churn.event_count; i++)
        put_row(w, FILE_CHURN, i, &report->churn.events[i]);
    for (i = 0; i < report->bin_count; i++)
        put_row(w, FILE_TIMELINE, i, &report->bins[i]);
    for (file = 0; file < FILE_COUNT; file++) {
        if (fclose(w->out[file]) != 0 && w->status == MPA_OK)
            w->status = MPA_ERR_WRITE;
        w->out[file] = NULL;
    }
    return w->status;
}

static void free_writer(struct mpa_writer *writer)
{
    struct csv_writer *w = (struct csv_writer *)writer;
    enum csv_file file;

    for (file = 0; file < FILE_COUNT; file++)
        if (w->out[file])
            fclose(w->out[file]);
    free(w->field.text);
    free(w);
}

struct mpa_writer *mpa_writer_csv(const char *dir, const struct mpa_writer_options *options)
{
    struct csv_writer *w = calloc(1, sizeof(*w));
    enum csv_file file;
    char *path;
    int error;

    if (!w)
        return NULL;
    w->writer = (struct mpa_writer){begin, connection, end, free_writer, false, NULL};
    w->values.anonymizer = options->anonymizer;
    if (mkdir(dir, 0777) != 0 && errno != EEXIST)
        goto fail;
    for (file = 0; file < FILE_COUNT; file++) {
        if (asprintf(&path, "%s/%s", dir, files[file].name) < 0) {
            errno = ENOMEM;
            goto fail;
        }
        w->out[file] = fopen(path, "we");
        error = errno;
        free(path);
        errno = error;
        if (!w->out[file])
            goto fail;
    }
    return &w->writer;

fail:
    error = errno;
    free_writer(&w->writer);
    errno = error;
    return NULL;
}
