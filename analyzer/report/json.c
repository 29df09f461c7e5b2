/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The JSON writer: the totals first, one key a line, then one connection a line, so that memory does not grow with them.
 *
 * What is written and how it is called comes from the schema; here is only how it looks as JSON.  Escaping and the form of
 * reals are jansson's.  Whole records do not go through its trees: that took four fifths of the time of a report.
 */
#include "mpa/status.h"
#include "schema.h"
#include "unnamed.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* A line that is put together before it is written. */
struct line {
    char *text;
    size_t size;
    size_t capacity;
    bool failed; /* Memory ended: sticky. */
};

struct json_writer {
    struct mpa_writer writer; /* First. */
    FILE *out;
    struct mpa_values values;
    const char *only_file;
    struct line line;
    bool first;     /* No connection was written yet. */
    FILE *findings; /* With --check: they stand behind the connections. */
    bool found;     /* One was written to it. */
};

static void append(struct line *l, const char *text, size_t size)
{
    size_t capacity = l->capacity ? l->capacity : 4096;
    char *grown;

    if (l->size + size > l->capacity) {
        while (capacity < l->size + size)
            capacity *= 2;
        grown = realloc(l->text, capacity);
        if (!grown) {
            l->failed = true;
            return;
        }
        l->text = grown;
        l->capacity = capacity;
    }
    memcpy(l->text + l->size, text, size);
    l->size += size;
}

static void append_text(struct line *l, const char *text)
{
    append(l, text, strlen(text));
}

/* 'json' as jansson writes it; gives it back to its memory.  NULL is memory that ended. */
static void append_json(struct line *l, json_t *json)
{
    char *text = json ? json_dumps(json, JSON_ENCODE_ANY | JSON_REAL_PRECISION(12)) : NULL;

    json_decref(json);
    if (text)
        append_text(l, text);
    else
        l->failed = true;
    free(text);
}

/* A text that is not UTF-8 (names of files may hold any byte): what is not ASCII becomes '?'. */
static json_t *text_anyway(const char *text)
{
    char *copy = strdup(text);
    json_t *ret;
    char *p;

    if (!copy)
        return NULL;
    for (p = copy; *p != '\0'; p++)
        if ((unsigned char)*p >= 0x80)
            *p = '?';
    ret = json_string(copy);
    free(copy);
    return ret;
}

static bool is_plain(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text < 0x20 || *text > 0x7e || *text == '"' || *text == '\\')
            return false;
    return true;
}

static void append_string(struct line *l, const char *text)
{
    json_t *json;

    if (is_plain(text)) {
        append(l, "\"", 1);
        append_text(l, text);
        append(l, "\"", 1);
        return;
    }
    json = json_string(text);
    append_json(l, json ? json : text_anyway(text));
}

static void append_key(struct line *l, const char *key, bool first)
{
    append(l, ",", first ? 0 : 1);
    append_string(l, key);
    append(l, ":", 1);
}

static void append_value(struct line *l, const struct mpa_value *v)
{
    char number[24];

    switch (v->kind) {
    case MPA_VALUE_INT:
        append(l, number, (size_t)snprintf(number, sizeof(number), "%" PRId64, v->number));
        break;
    case MPA_VALUE_REAL:
        append_json(l, json_real(v->real));
        break;
    case MPA_VALUE_BOOL:
        append_text(l, v->number ? "true" : "false");
        break;
    case MPA_VALUE_TEXT:
        append_string(l, v->text);
        break;
    case MPA_VALUE_NULL:
        append_text(l, "null");
        break;
    }
}

static void leaf(struct line *l, const struct mpa_column *column, const void *record,
                 const struct mpa_values *values)
{
    struct mpa_value v;

    mpa_column_value(column, record, values, &v);
    append_value(l, &v);
}

/* What a finding compared. */
static void compared(struct line *l, const struct mpa_column *column, const void *record,
                     const struct mpa_values *values)
{
    const struct mpa_rec_value *items = mpa_column_items(column, record);
    int64_t count = mpa_column_count(column, record);
    char name[MPA_COMPARED_NAME];
    struct mpa_value v;

    append(l, "{", 1);
    for (int64_t i = 0; i < count; i++) {
        append_key(l, mpa_compared_name(&items[i], name), i == 0);
        mpa_compared_value(&items[i], values, &v);
        append_value(l, &v);
    }
    append(l, "}", 1);
}

static void object(struct line *l, const struct mpa_column *rows, const void *record,
                   const struct mpa_values *values);

/* An item of a list or of counts: an object, or a value where the only row has no name. */
static void item(struct line *l, const struct mpa_column *rows, const void *record,
                 const struct mpa_values *values)
{
    if (rows->name)
        object(l, rows, record, values);
    else
        leaf(l, rows, record, values);
}

static void list(struct line *l, const struct mpa_column *column, const void *record,
                 const struct mpa_values *values)
{
    const char *items = mpa_column_items(column, record);
    int64_t count = mpa_column_count(column, record);
    int64_t i;

    append(l, "[", 1);
    for (i = 0; i < count; i++) {
        append(l, ",", i > 0 ? 1 : 0);
        item(l, column->sub, items + (size_t)i * column->stride, values);
    }
    append(l, "]", 1);
}

static void by_word(struct line *l, const struct mpa_column *column, const void *record,
                    const struct mpa_values *values)
{
    const char *items = mpa_column_items(column, record);
    int i;

    append(l, "{", 1);
    for (i = 0; i < column->fixed_count; i++) {
        append_key(l, mpa_word((enum mpa_word)((int)column->first_word + i)), i == 0);
        item(l, column->sub, items + (size_t)i * column->stride, values);
    }
    append(l, "}", 1);
}

static void value(struct line *l, const struct mpa_column *column, const void *record,
                  const struct mpa_values *values)
{
    const void *part;

    switch (column->kind) {
    case MPA_COL_OBJECT:
        part = mpa_column_object(column, record);
        if (part)
            object(l, column->sub, part, values);
        else
            append_text(l, "null");
        break;
    case MPA_COL_LIST:
        list(l, column, record, values);
        break;
    case MPA_COL_WORDS:
        by_word(l, column, record, values);
        break;
    case MPA_COL_COMPARED:
        compared(l, column, record, values);
        break;
    default:
        leaf(l, column, record, values);
        break;
    }
}

static void object(struct line *l, const struct mpa_column *rows, const void *record,
                   const struct mpa_values *values)
{
    const struct mpa_column *row;

    append(l, "{", 1);
    for (row = rows; row->kind != MPA_COL_END; row++) {
        append_key(l, row->name, row == rows);
        value(l, row, record, values);
    }
    append(l, "}", 1);
}

/* Write the line to 'out' and begin a new one. */
static int put_line_to(struct json_writer *w, FILE *out)
{
    struct line *l = &w->line;
    size_t size = l->size;

    l->size = 0;
    if (l->failed)
        return MPA_ERR_NOMEM;
    return fwrite(l->text, 1, size, out) == size ? MPA_OK : MPA_ERR_WRITE;
}

static int put_line(struct json_writer *w)
{
    return put_line_to(w, w->out);
}

static int begin(struct mpa_writer *writer, const struct mpa_rec_report *report)
{
    static const struct mpa_column file = {.kind = MPA_COL_TEXT};
    struct json_writer *w = (struct json_writer *)writer;
    struct line *l = &w->line;
    const struct mpa_column *row;

    w->values.epoch_ns = report->epoch_ns;
    append_text(l, "{\n\"schema\":\"mptcp-analyze/1\"");
    if (w->only_file) {
        append_text(l, ",\n\"file\":");
        leaf(l, &file, &w->only_file, &w->values);
    }
    for (row = mpa_schema_report; row->kind != MPA_COL_END; row++) {
        append_text(l, ",\n");
        append_key(l, row->name, true);
        value(l, row, report, &w->values);
    }
    append_text(l, ",\n\"connections\":[");
    if (report->rules && !w->findings)
        w->findings = mpa_unnamed_stream();
    if (report->rules && !w->findings)
        return MPA_ERR_WRITE;
    return put_line(w);
}

static int keep_findings(struct json_writer *w, const struct mpa_rec_conn *conn)
{
    struct mpa_finding_row row = {.connection = conn->id};
    int status = MPA_OK;

    for (int i = 0; i < conn->finding_count && status == MPA_OK; i++) {
        row.finding = conn->findings[i];
        append_text(&w->line, w->found ? ",\n" : "\n");
        w->found = true;
        object(&w->line, mpa_schema_finding, &row, &w->values);
        status = put_line_to(w, w->findings);
    }
    return status;
}

static int connection(struct mpa_writer *writer, const struct mpa_rec_conn *conn)
{
    struct json_writer *w = (struct json_writer *)writer;
    int status;

    append_text(&w->line, w->first ? "\n" : ",\n");
    w->first = false;
    object(&w->line, mpa_schema_connection, conn, &w->values);
    status = put_line(w);
    return status == MPA_OK && w->findings ? keep_findings(w, conn) : status;
}

/* "rules" and "findings": null without --check. */
static int put_verdicts(struct json_writer *w, const struct mpa_rec_report *report)
{
    struct mpa_rule_row row;
    int status;

    if (!w->findings) {
        append_text(&w->line, "\"rules\":null,\n\"findings\":null\n}\n");
        return put_line(w);
    }
    append_text(&w->line, "\"rules\":[");
    for (int i = 0; i < report->rule_count; i++) {
        row = (struct mpa_rule_row){(uint16_t)i, report->rules[i]};
        append_text(&w->line, i ? ",\n" : "\n");
        object(&w->line, mpa_schema_rule, &row, &w->values);
    }
    append_text(&w->line, "\n],\n\"findings\":[");
    status = put_line(w);
    if (status == MPA_OK)
        status = mpa_unnamed_copy(w->findings, w->out);
    append_text(&w->line, w->found ? "\n]\n}\n" : "]\n}\n");
    return status == MPA_OK ? put_line(w) : status;
}

static int end(struct mpa_writer *writer, const struct mpa_rec_report *report)
{
    struct json_writer *w = (struct json_writer *)writer;
    int status;

    append_text(&w->line, w->first ? "],\n" : "\n],\n");
    status = put_verdicts(w, report);
    if (status == MPA_OK && (fflush(w->out) != 0 || ferror(w->out)))
        status = MPA_ERR_WRITE;
    return status;
}

static void free_writer(struct mpa_writer *writer)
{
    struct json_writer *w = (struct json_writer *)writer;

    if (w->findings)
        (void)fclose(w->findings);
    free(w->line.text);
    free(w);
}

struct mpa_writer *mpa_writer_json(FILE *out, const struct mpa_writer_options *options)
{
    struct json_writer *w = calloc(1, sizeof(*w));

    if (!w)
        return NULL;
    w->writer = (struct mpa_writer){begin, connection, end, free_writer, false, NULL};
    w->out = out;
    w->values.anonymizer = options->anonymizer;
    w->only_file = options->only_file;
    w->first = true;
    return &w->writer;
}
