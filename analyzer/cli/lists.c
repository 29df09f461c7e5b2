/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lists.h"

#include "values.h"

#include "mpa/status.h"

#include <csv.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 4   /* That are looked at. */
#define FIELD_SIZE  128 /* Of a field that is looked at, with its final zero. */
#define FIELDS_MAX  64  /* Of a line; further ones are ignored. */

/* What one kind of list is: its columns, its items, and how a line becomes an item. */
struct list_kind {
    const char *columns[COLUMNS_MAX]; /* NULL: fewer. */
    int required;                     /* Columns that must be there, the first ones. */
    size_t item_size;
    /* NULL, or what is wrong with the field that '*ret_field' becomes. */
    const char *(*item)(char fields[COLUMNS_MAX][FIELD_SIZE], void *ret, int *ret_field);
};

struct list {
    const struct list_kind *kind;
    const char *path;
    char fields[COLUMNS_MAX][FIELD_SIZE]; /* Of the current line, by column of the kind. */
    int column_of[FIELDS_MAX];            /* Field of the file to column of the kind; -1 ignored. */
    int field;                            /* Next field of the line. */
    int line;                             /* Current line, from 1. */
    bool comment;
    bool too_long;
    unsigned char *items;
    int count, capacity;
    int status;
    char *error;
    size_t error_size;
};

static void list_fail(struct list *l, const char *field, const char *why)
{
    if (l->status != 0)
        return;
    l->status = MPA_ERR_ARGUMENT;
    if (field)
        snprintf(l->error, l->error_size, "%s:%d: '%s' %s", l->path, l->line, field, why);
    else
        snprintf(l->error, l->error_size, "%s:%d: %s", l->path, l->line, why);
}

static void on_field(void *text, size_t size, void *context)
{
    struct list *l = context;
    int column = l->field < FIELDS_MAX ? l->column_of[l->field] : -1;

    if (l->field == 0 && size > 0 && *(const char *)text == '#')
        l->comment = true;
    l->field++;
    if (column < 0)
        return;
    if (size >= FIELD_SIZE || memchr(text, '\0', size)) {
        l->too_long = true;
        return;
    }
    memcpy(l->fields[column], text, size);
    l->fields[column][size] = '\0';
}

/* The first line: column names give the order. */
static bool take_header(struct list *l)
{
    char names[COLUMNS_MAX][FIELD_SIZE];

    if (l->count > 0 || strcmp(l->fields[0], l->kind->columns[0]) != 0)
        return false;
    memcpy(names, l->fields, sizeof(names));
    for (int i = 0; i < COLUMNS_MAX; i++) {
        l->column_of[i] = -1;
        for (int k = 0; k < COLUMNS_MAX && l->kind->columns[k]; k++)
            if (strcmp(names[i], l->kind->columns[k]) == 0)
                l->column_of[i] = k;
    }
    return true;
}

static void *list_grow(struct list *l)
{
    if (l->count == l->capacity) {
        int capacity = l->capacity ? 2 * l->capacity : 16;
        void *items = reallocarray(l->items, (size_t)capacity, l->kind->item_size);

        if (!items) {
            l->status = MPA_ERR_NOMEM;
            return NULL;
        }
        l->items = items;
        l->capacity = capacity;
    }
    return memset(l->items + (size_t)l->count * l->kind->item_size, 0, l->kind->item_size);
}

static void on_line(int end, void *context)
{
    struct list *l = context;
    const char *why;
    void *item;
    int field = 0;

    (void)end;
    if (l->status == 0 && l->field > 0 && !l->comment) {
        if (l->too_long)
            list_fail(l, NULL, "a field is too long");
        else if (l->field < l->kind->required)
            list_fail(l, NULL, "too few fields");
        else if (!take_header(l) && (item = list_grow(l)) != NULL) {
            why = l->kind->item(l->fields, item, &field);
            if (why)
                list_fail(l, l->fields[field], why);
            else
                l->count++;
        }
    }
    memset(l->fields, 0, sizeof(l->fields));
    l->field = 0;
    l->comment = l->too_long = false;
}

/* Line by line, so that an error can name its line; a field that goes on over a line's end is
   not needed here. */
static void read_lines(struct list *l, FILE *file, struct csv_parser *parser)
{
    char *text = NULL;
    size_t room = 0;
    ssize_t size;

    while (l->status == 0 && (size = getline(&text, &room, file)) > 0) {
        l->line++;
        if (csv_parse(parser, text, (size_t)size, on_field, on_line, l) != (size_t)size)
            list_fail(l, NULL, csv_strerror(csv_error(parser)));
    }
    if (l->status == 0 && ferror(file))
        list_fail(l, NULL, strerrordesc_np(errno));
    if (l->status == 0 && csv_fini(parser, on_field, on_line, l) != 0)
        list_fail(l, NULL, csv_strerror(csv_error(parser)));
    free(text);
}

static int list_read(const struct list_kind *kind, const char *path, void **ret, int *ret_count,
                     char *ret_error, size_t error_size)
{
    struct list l = {.kind = kind, .path = path, .error = ret_error, .error_size = error_size};
    struct csv_parser parser;
    FILE *file = fopen(path, "re");

    if (!file) {
        snprintf(ret_error, error_size, "%s: %s", path, strerrordesc_np(errno));
        return MPA_ERR_ARGUMENT;
    }
    for (int i = 0; i < FIELDS_MAX; i++)
        l.column_of[i] = i < COLUMNS_MAX && kind->columns[i] ? i : -1;
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
        l.status = MPA_ERR_NOMEM;
    } else {
        read_lines(&l, file, &parser);
        csv_free(&parser);
    }
    fclose(file);
    if (l.status != 0) {
        free(l.items);
        return l.status;
    }
    *ret = l.items;
    *ret_count = l.count;
    return 0;
}

static bool address_of(const char *text, struct mpa_addr *ret)
{
    struct mpa_prefix prefix;

    if (strchr(text, '/') || mpa_prefix_parse(text, &prefix) != 0)
        return false;
    *ret = prefix.addr;
    return true;
}

static const char *server_item(char fields[COLUMNS_MAX][FIELD_SIZE], void *ret, int *ret_field)
{
    struct mpa_server *s = ret;

    *ret_field = 0;
    if (!fields[0][0])
        return "is no name";
    if (strlen(fields[0]) >= sizeof(s->name))
        return "is too long a name";
    strcpy(s->name, fields[0]);
    *ret_field = 1;
    s->has_unique = fields[1][0];
    if (s->has_unique && !address_of(fields[1], &s->unique_address))
        return "is not an address";
    *ret_field = 2;
    s->has_mac = fields[2][0];
    if (s->has_mac && !value_mac(fields[2], s->mac))
        return "is not a MAC address";
    *ret_field = 3;
    s->has_outer = fields[3][0];
    if (s->has_outer && !address_of(fields[3], &s->outer_address))
        return "is not an address";
    return NULL;
}

static const char *churn_item(char fields[COLUMNS_MAX][FIELD_SIZE], void *ret, int *ret_field)
{
    struct mpa_churn_line *c = ret;

    *ret_field = 0;
    if (!value_seconds(fields[0], &c->ns))
        return "is not a time in seconds since the epoch";
    *ret_field = 1;
    c->remove = strcmp(fields[1], "remove") == 0;
    if (!c->remove && strcmp(fields[1], "add") != 0)
        return "is neither remove nor add";
    *ret_field = 2;
    if (!fields[2][0] || strlen(fields[2]) >= sizeof(c->server))
        return "is not a server's name or address";
    strcpy(c->server, fields[2]);
    return NULL;
}

static int by_time(const void *a, const void *b)
{
    const struct mpa_churn_line *x = a, *y = b;

    return (x->ns > y->ns) - (x->ns < y->ns);
}

int servers_read(const char *path, struct mpa_server **ret, int *ret_count, char *ret_error,
                 size_t error_size)
{
    static const struct list_kind kind = {
        .columns = {"name", "unique_address", "mac", "outer_address"},
        .required = 2,
        .item_size = sizeof(struct mpa_server),
        .item = server_item,
    };
    void *items;
    int rc = list_read(&kind, path, &items, ret_count, ret_error, error_size);

    if (rc == 0)
        *ret = items;
    return rc;
}

int churn_read(const char *path, struct mpa_churn_line **ret, int *ret_count, char *ret_error,
               size_t error_size)
{
    static const struct list_kind kind = {
        .columns = {"time", "action", "server"},
        .required = 3,
        .item_size = sizeof(struct mpa_churn_line),
        .item = churn_item,
    };
    void *items;
    int rc = list_read(&kind, path, &items, ret_count, ret_error, error_size);

    if (rc != 0)
        return rc;
    if (*ret_count > 0)
        qsort(items, (size_t)*ret_count, sizeof(struct mpa_churn_line), by_time);
    *ret = items;
    return 0;
}
