/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paragraphs and tables that fit the page. */
#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Columns that UTF-8 text takes: its characters, all of which are assumed to be of width 1. */
static int width_of(const char *text)
{
    int width = 0;

    for (; *text != '\0'; text++)
        if (((unsigned char)*text & 0xc0) != 0x80)
            width++;
    return width;
}

/* The end of what must stay on one line: a word; a number stays with what it counts. */
static const char *end_of_chunk(const char *text)
{
    const char *end = strchrnul(text, ' ');

    if (strspn(text, "0123456789.,-") == (size_t)(end - text) && *end != '\0' && end[-1] != ',')
        end = strchrnul(end + 1, ' ');
    return end;
}

int text_width(FILE *out)
{
    int fd = fileno(out), error = errno, width = TEXT_WIDTH;
    struct winsize size;

    if (fd >= 0 && isatty(fd) && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 &&
        size.ws_col < TEXT_WIDTH)
        width = size.ws_col < TEXT_NARROWEST ? TEXT_NARROWEST : size.ws_col;
    errno = error; /* Of no terminal: no error. */
    return width;
}

void text_paragraph(FILE *out, const char *lead, int hang, const char *text)
{
    int page = text_width(out), column = width_of(lead);
    bool fresh = true; /* Nothing stands on this line behind the indentation. */
    const char *end;
    char chunk[512];
    int width;

    fputs(lead, out);
    while (*text != '\0') {
        while (*text == ' ')
            text++;
        if (*text == '\0')
            break;
        end = end_of_chunk(text);
        snprintf(chunk, sizeof(chunk), "%.*s", (int)(end - text), text);
        width = width_of(chunk);
        if (!fresh && column + 1 + width > page) {
            fprintf(out, "\n%*s", hang, "");
            column = hang;
            fresh = true;
        }
        fprintf(out, fresh ? "%s" : " %s", chunk);
        column += width + (fresh ? 0 : 1);
        fresh = false;
        text = end;
    }
    fputc('\n', out);
}

void text_paragraphf(FILE *out, const char *lead, int hang, const char *format, ...)
{
    char *text;
    va_list args;
    int length;

    va_start(args, format);
    length = vasprintf(&text, format, args);
    va_end(args);
    if (length < 0)
        return;
    text_paragraph(out, lead, hang, text);
    free(text);
}

/* ---- Rows --------------------------------------------------------------------------------------------------- */

static int column_count(const struct text_table *t)
{
    int count = 0;

    while (count < TEXT_COLUMNS && t->columns[count].head)
        count++;
    return count;
}

static void free_row(struct text_row *row)
{
    int i;

    for (i = 0; i < TEXT_COLUMNS; i++)
        free(row->cells[i]);
    memset(row, 0, sizeof(*row));
}

bool text_table_wants(struct text_table *t, int64_t score)
{
    t->row_total++;
    return t->row_limit == 0 || t->row_count < t->row_limit ||
           score > t->rows[t->row_count - 1].score;
}

static bool make_place(struct text_table *t)
{
    struct text_row *grown;
    int capacity;

    if (t->row_limit > 0 && t->row_count == t->row_limit)
        free_row(&t->rows[--t->row_count]);
    if (t->row_count < t->row_capacity)
        return true;
    capacity = t->row_capacity ? 2 * t->row_capacity : 16;
    grown = realloc(t->rows, (size_t)capacity * sizeof(*grown));
    if (!grown)
        return false;
    t->rows = grown;
    t->row_capacity = capacity;
    return true;
}

void text_table_add(struct text_table *t, int64_t score, int64_t id, const char *const *cells)
{
    struct text_row row = {.score = score, .id = id};
    int columns = column_count(t);
    int at;
    int i;

    for (i = 0; i < columns; i++) {
        row.cells[i] = strdup(cells[i]);
        if (!row.cells[i])
            t->failed = true;
    }
    if (t->failed || !make_place(t)) {
        t->failed = true;
        free_row(&row);
        return;
    }
    /* Rows come in the order of their ids: equal scores keep it. */
    for (at = t->row_count; at > 0 && t->rows[at - 1].score < score; at--)
        t->rows[at] = t->rows[at - 1];
    t->rows[at] = row;
    t->row_count++;
}

void text_table_free(struct text_table *t)
{
    int i;

    for (i = 0; i < t->row_count; i++)
        free_row(&t->rows[i]);
    free(t->rows);
    t->rows = NULL;
    t->row_count = t->row_capacity = 0;
}

/* ---- Printing ----------------------------------------------------------------------------------------------- */

#define GAP          2  /* Columns between two columns. */
#define SHRUNK_LEAST 17 /* Columns that a shrunk cell keeps. */

struct layout {
    int width[TEXT_COLUMNS]; /* 0: not shown. */
    int count;
};

static bool all_equal(const struct text_table *t, int column)
{
    int i;

    for (i = 1; i < t->row_count; i++)
        if (strcmp(t->rows[i].cells[column], t->rows[0].cells[column]) != 0)
            return false;
    return t->row_count > 1;
}

static bool all_empty(const struct text_table *t, int column)
{
    int i;

    for (i = 0; i < t->row_count; i++)
        if (strcmp(t->rows[i].cells[column], "-") != 0 &&
            strcmp(t->rows[i].cells[column], "0") != 0)
            return false;
    return true;
}

static int total_width(const struct layout *l)
{
    int total = -GAP;
    int i;

    for (i = 0; i < l->count; i++)
        if (l->width[i] > 0)
            total += l->width[i] + GAP;
    return total;
}

/* The widest column that may lose some of its cells' middle; -1 when there is none. */
static int widest_column(const struct text_table *t, const struct layout *l, unsigned flags,
                         int least)
{
    int widest = -1;
    int i;

    for (i = 0; i < l->count; i++)
        if ((t->columns[i].flags & flags) == flags && l->width[i] > least &&
            (widest < 0 || l->width[i] > l->width[widest]))
            widest = i;
    return widest;
}

/* Until the page is wide enough: first columns that are meant for it, as long as they stay readable, then any. */
static void shrink(const struct text_table *t, struct layout *l, int page)
{
    int widest;

    while (total_width(l) > page) {
        widest = widest_column(t, l, TEXT_SHRINK, SHRUNK_LEAST);
        if (widest < 0)
            widest = widest_column(t, l, 0, SHRUNK_LEAST / 2);
        if (widest < 0)
            return;
        l->width[widest]--;
    }
}

static void lay_out(const struct text_table *t, struct layout *l, int page)
{
    int width;
    int i, k;

    l->count = column_count(t);
    for (i = 0; i < l->count; i++) {
        l->width[i] = 0;
        if (((t->columns[i].flags & TEXT_HIDE) && all_empty(t, i)) ||
            ((t->columns[i].flags & TEXT_FOLD) && all_equal(t, i)))
            continue;
        l->width[i] = width_of(t->columns[i].head);
        for (k = 0; k < t->row_count; k++) {
            width = width_of(t->rows[k].cells[i]);
            if (width > l->width[i])
                l->width[i] = width;
        }
    }
    shrink(t, l, page - GAP);
}

static const char *char_at(const char *text, int column)
{
    for (; *text != '\0'; text++)
        if (((unsigned char)*text & 0xc0) != 0x80 && column-- == 0)
            break;
    return text;
}

/* A cell that is too wide loses its middle: addresses and paths say most at their ends. */
static void print_cell(FILE *out, const char *text, int width)
{
    int own = width_of(text);
    int head = (width - 2) / 2;
    int tail = width - 2 - head;

    if (own <= width)
        fputs(text, out);
    else
        fprintf(out, "%.*s..%s", (int)(char_at(text, head) - text), text,
                char_at(text, own - tail));
}

static void print_row(FILE *out, const struct text_table *t, const struct layout *l,
                      char *const *cells)
{
    const char *text;
    int pending = GAP; /* Spaces that are owed: none are left at the end of a line. */
    int own;
    int i;

    for (i = 0; i < l->count; i++) {
        if (l->width[i] == 0)
            continue;
        text = cells ? cells[i] : t->columns[i].head;
        own = width_of(text) > l->width[i] ? l->width[i] : width_of(text);
        if (t->columns[i].flags & TEXT_RIGHT)
            fprintf(out, "%*s", pending + l->width[i] - own, "");
        else
            fprintf(out, "%*s", pending, "");
        print_cell(out, text, l->width[i]);
        pending = GAP + (t->columns[i].flags & TEXT_RIGHT ? 0 : l->width[i] - own);
    }
    fputc('\n', out);
}

/* The title, with what all rows have in common. */
static void print_title(FILE *out, const struct text_table *t, const struct layout *l,
                        const char *title)
{
    const char *join = " (all: ";
    char text[1024];
    size_t size;
    int i;

    size = (size_t)snprintf(text, sizeof(text), "%s", title);
    for (i = 0; i < l->count && size < sizeof(text); i++)
        if (l->width[i] == 0 && (t->columns[i].flags & TEXT_FOLD) && !all_empty(t, i)) {
            size += (size_t)snprintf(text + size, sizeof(text) - size, "%s%s %s", join,
                                     t->columns[i].label, t->rows[0].cells[i]);
            join = ", ";
        }
    if (join[0] == ',' && size < sizeof(text))
        snprintf(text + size, sizeof(text) - size, ")");
    fputc('\n', out);
    text_paragraph(out, "", GAP, text);
}

void text_table_print(FILE *out, struct text_table *t, const char *title)
{
    struct layout l;
    int i;

    if (t->row_count == 0)
        return;
    lay_out(t, &l, text_width(out));
    print_title(out, t, &l, title);
    print_row(out, t, &l, NULL);
    for (i = 0; i < t->row_count; i++)
        print_row(out, t, &l, t->rows[i].cells);
}
