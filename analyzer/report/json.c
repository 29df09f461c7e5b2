/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The JSON writer: the totals first, one key a line, then one connection a line, so that memory does not grow with them.
 *
 * What is written and how it is called comes from the schema; here is only how it looks as JSON.
 */
#include "mpa/status.h"
#include "schema.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define DUMP_FLAGS (JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(12))

struct json_writer {
    struct mpa_writer writer; /* First. */
    FILE *out;
    struct mpa_values values;
    const char *only_file;
    bool first; /* No connection was written yet. */
};

/* A copy of 'text' that is UTF-8: what is not becomes '?'.  Names of files may hold any byte. */
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

static json_t *leaf(const struct mpa_column *column, const void *record,
                    const struct mpa_values *values)
{
    struct mpa_value v;
    json_t *ret;

    mpa_column_value(column, record, values, &v);
    switch (v.kind) {
    case MPA_VALUE_INT:
        return json_integer(v.number);
    case MPA_VALUE_REAL:
        return json_real(v.real);
    case MPA_VALUE_BOOL:
        return json_boolean(v.number != 0);
    case MPA_VALUE_TEXT:
        ret = json_string(v.text);
        return ret ? ret : text_anyway(v.text);
    case MPA_VALUE_NULL:
        break;
    }
    return json_null();
}

static json_t *object(const struct mpa_column *rows, const void *record,
                      const struct mpa_values *values);

/* An item of a list or of counts: an object, or a value where the only row has no name. */
static json_t *item(const struct mpa_column *rows, const void *record,
                    const struct mpa_values *values)
{
    return rows->name ? object(rows, record, values) : leaf(rows, record, values);
}

static json_t *list(const struct mpa_column *column, const void *record,
                    const struct mpa_values *values)
{
    const char *items = mpa_column_items(column, record);
    int64_t count = mpa_column_count(column, record);
    json_t *ret = json_array();
    int64_t i;

    for (i = 0; ret && i < count; i++)
        if (json_array_append_new(
                ret, item(column->sub, items + (size_t)i * column->stride, values)) != 0) {
            json_decref(ret);
            return NULL;
        }
    return ret;
}

static json_t *by_word(const struct mpa_column *column, const void *record,
                       const struct mpa_values *values)
{
    const char *items = mpa_column_items(column, record);
    json_t *ret = json_object();
    int i;

    for (i = 0; ret && i < column->fixed_count; i++)
        if (json_object_set_new_nocheck(
                ret, mpa_word((enum mpa_word)((int)column->first_word + i)),
                item(column->sub, items + (size_t)i * column->stride, values)) != 0) {
            json_decref(ret);
            return NULL;
        }
    return ret;
}

static json_t *value(const struct mpa_column *column, const void *record,
                     const struct mpa_values *values)
{
    const void *part;

    switch (column->kind) {
    case MPA_COL_OBJECT:
        part = mpa_column_object(column, record);
        return part ? object(column->sub, part, values) : json_null();
    case MPA_COL_LIST:
        return list(column, record, values);
    case MPA_COL_WORDS:
        return by_word(column, record, values);
    default:
        return leaf(column, record, values);
    }
}

static json_t *object(const struct mpa_column *rows, const void *record,
                      const struct mpa_values *values)
{
    json_t *ret = json_object();

    for (; ret && rows->kind != MPA_COL_END; rows++)
        if (json_object_set_new_nocheck(ret, rows->name, value(rows, record, values)) != 0) {
            json_decref(ret);
            return NULL;
        }
    return ret;
}

/* Write 'json' after 'lead' and give it back to its memory.  A NULL 'json' is memory that ended. */
static int dump(struct json_writer *w, const char *lead, json_t *json)
{
    int failed;

    if (!json)
        return MPA_ERR_NOMEM;
    failed = fputs(lead, w->out) == EOF || json_dumpf(json, w->out, DUMP_FLAGS) != 0;
    json_decref(json);
    return failed ? MPA_ERR_WRITE : MPA_OK;
}

static int begin(struct mpa_writer *writer, const struct mpa_rec_report *report)
{
    struct json_writer *w = (struct json_writer *)writer;
    const struct mpa_column *row;
    int status;

    w->values.epoch_ns = report->epoch_ns;
    if (fputs("{\n\"schema\":\"mptcp-analyze/1\"", w->out) == EOF)
        return MPA_ERR_WRITE;
    if (w->only_file) {
        const struct mpa_column file = {.kind = MPA_COL_TEXT};

        status = dump(w, ",\n\"file\":", leaf(&file, &w->only_file, &w->values));
        if (status != MPA_OK)
            return status;
    }
    for (row = mpa_schema_report; row->kind != MPA_COL_END; row++) {
        if (fprintf(w->out, ",\n\"%s\":", row->name) < 0)
            return MPA_ERR_WRITE;
        status = dump(w, "", value(row, report, &w->values));
        if (status != MPA_OK)
            return status;
    }
    return fputs(",\n\"connections\":[", w->out) == EOF ? MPA_ERR_WRITE : MPA_OK;
}

static int connection(struct mpa_writer *writer, const struct mpa_rec_conn *conn)
{
    struct json_writer *w = (struct json_writer *)writer;
    const char *lead = w->first ? "\n" : ",\n";

    w->first = false;
    return dump(w, lead, object(mpa_schema_connection, conn, &w->values));
}

static int end(struct mpa_writer *writer, const struct mpa_rec_report *report)
{
    struct json_writer *w = (struct json_writer *)writer;

    (void)report;
    if (fputs(w->first ? "],\n" : "\n],\n", w->out) == EOF ||
        fputs("\"rules\":null,\n\"findings\":null\n}\n", w->out) == EOF || fflush(w->out) != 0 ||
        ferror(w->out))
        return MPA_ERR_WRITE;
    return MPA_OK;
}

static void free_writer(struct mpa_writer *writer)
{
    free(writer);
}

struct mpa_writer *mpa_writer_json(FILE *out, const struct mpa_writer_options *options)
{
    struct json_writer *w = calloc(1, sizeof(*w));

    if (!w)
        return NULL;
    w->writer = (struct mpa_writer){begin, connection, end, free_writer};
    w->out = out;
    w->values.anonymizer = options->anonymizer;
    w->only_file = options->only_file;
    w->first = true;
    return &w->writer;
}
