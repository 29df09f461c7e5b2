/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of truth. */
#include "golden.h"

#include <csv.h>
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *from_environment(const char *name, const char *otherwise)
{
    const char *value = getenv(name);

    return value && *value ? value : otherwise;
}

const char *golden_source_dir(void)
{
    return from_environment("MPA_SOURCE_DIR", MPA_DEFAULT_SOURCE_DIR);
}

const char *golden_analyze(void)
{
    return from_environment("MPA_ANALYZE", MPA_DEFAULT_ANALYZE);
}

const char *golden_synth_program(void)
{
    return from_environment("MPA_SYNTH", MPA_DEFAULT_SYNTH);
}

char *golden_text(const char *format, ...)
{
    va_list args;
    char *text;
    int size;

    va_start(args, format);
    size = vasprintf(&text, format, args);
    va_end(args);
    if (size < 0)
        abort();
    return text;
}

bool golden_exists(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0;
}

/* ---- CSV ---- */

static void *grow(void *p, size_t count, size_t size)
{
    void *q = reallocarray(p, count, size);

    if (!q)
        abort();
    return q;
}

struct csv_state {
    struct golden_csv *csv;
    char **cells;
    size_t count;
};

static void on_cell(void *data, size_t size, void *p)
{
    struct csv_state *s = p;

    s->cells = grow(s->cells, s->count + 1, sizeof *s->cells);
    s->cells[s->count] = strndup(data ? data : "", size);
    if (!s->cells[s->count++])
        abort();
}

static void on_row(int c, void *p)
{
    struct csv_state *s = p;
    struct golden_csv *csv = s->csv;

    (void)c;
    csv->rows = grow(csv->rows, csv->row_count + 1, sizeof *csv->rows);
    csv->cell_count = grow(csv->cell_count, csv->row_count + 1, sizeof *csv->cell_count);
    csv->rows[csv->row_count] = s->cells;
    csv->cell_count[csv->row_count++] = s->count;
    s->cells = NULL;
    s->count = 0;
}

bool golden_csv_load(struct golden_csv *csv, const char *path)
{
    struct csv_state s = {.csv = csv};
    struct csv_parser parser;
    FILE *f = fopen(path, "r");
    char buffer[4096];
    size_t size;
    bool ok = true;

    memset(csv, 0, sizeof *csv);
    if (!f) {
        printf("%s: %s\n", path, strerror(errno));
        return false;
    }
    if (csv_init(&parser, CSV_STRICT) != 0)
        abort();
    while (ok && (size = fread(buffer, 1, sizeof buffer, f)) > 0)
        ok = csv_parse(&parser, buffer, size, on_cell, on_row, &s) == size;
    ok = ok && csv_fini(&parser, on_cell, on_row, &s) == 0 && csv->row_count > 0;
    csv_free(&parser);
    fclose(f);
    if (!ok)
        printf("%s: not CSV with a header\n", path);
    return ok;
}

const char *golden_csv_cell(const struct golden_csv *csv, size_t row, const char *column)
{
    for (size_t i = 0; i < csv->cell_count[0]; i++) {
        if (strcmp(csv->rows[0][i], column) == 0)
            return row < csv->row_count && i < csv->cell_count[row] ? csv->rows[row][i] : "";
    }
    return "";
}

void golden_csv_free(struct golden_csv *csv)
{
    for (size_t i = 0; i < csv->row_count; i++) {
        for (size_t k = 0; k < csv->cell_count[i]; k++)
            free(csv->rows[i][k]);
        free(csv->rows[i]);
    }
    free(csv->rows);
    free(csv->cell_count);
    memset(csv, 0, sizeof *csv);
}

/* ---- Counters ---- */

bool golden_nstat_load(struct golden_nstat *n, const char *path)
{
    FILE *f = fopen(path, "r");
    char name[128];
    long long value;

    n->values = NULL;
    if (!f) {
        printf("%s: %s\n", path, strerror(errno));
        return false;
    }
    n->values = json_object();
    while (fscanf(f, "%127s %lld%*[^\n]", name, &value) == 2)
        json_object_set_new(n->values, name, json_integer(value));
    fclose(f);
    return true;
}

bool golden_nstat_get(const struct golden_nstat *n, const char *name, int64_t *ret)
{
    const json_t *value = json_object_get(n->values, name);
    bool always = strncmp(name, "MPTcpExt", 8) == 0 ||
                  (strncmp(name, "Tcp", 3) == 0 && strncmp(name, "TcpExt", 6) != 0);

    *ret = json_integer_value(value);
    return value || !always;
}

void golden_nstat_free(struct golden_nstat *n)
{
    json_decref(n->values);
    n->values = NULL;
}

/* ---- Folders ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_name(char ***names, size_t *count, char *name)
{
    *names = grow(*names, *count + 1, sizeof **names);
    (*names)[(*count)++] = name;
}

bool golden_open(struct golden *g, const char *dir)
{
    char *truth = golden_text("%s/truth", dir);
    const char *slash;
    struct dirent *e;
    DIR *d = opendir(truth);

    memset(g, 0, sizeof *g);
    free(truth);
    if (!d) {
        printf("%s: no golden capture (no folder truth/)\n", dir);
        return false;
    }
    g->dir = golden_text("%s", dir);
    slash = strrchr(dir, '/');
    g->name = golden_text("%s", slash ? slash + 1 : dir);
    while ((e = readdir(d)) != NULL) {
        size_t size = strlen(e->d_name);
        if (size > 10 && strncmp(e->d_name, "nstat-", 6) == 0 &&
            strcmp(e->d_name + size - 4, ".txt") == 0)
            add_name(&g->hosts, &g->host_count, golden_text("%.*s", (int)size - 10, e->d_name + 6));
    }
    closedir(d);
    if (g->host_count)
        qsort(g->hosts, g->host_count, sizeof *g->hosts, by_name);
    return true;
}

char *golden_path(const struct golden *g, const char *file)
{
    return golden_text("%s/%s", g->dir, file);
}

void golden_close(struct golden *g)
{
    golden_list_free(g->hosts, g->host_count);
    free(g->name);
    free(g->dir);
    memset(g, 0, sizeof *g);
}

char **golden_list(size_t *count)
{
    char *root = golden_text("%s/captures/golden", golden_source_dir()), **names = NULL;
    DIR *d = opendir(root);
    struct dirent *e;

    *count = 0;
    while (d && (e = readdir(d)) != NULL) {
        char *path = golden_text("%s/%s/truth", root, e->d_name);
        if (e->d_name[0] != '.' && golden_exists(path))
            add_name(&names, count, golden_text("%s/%s", root, e->d_name));
        free(path);
    }
    if (d)
        closedir(d);
    if (*count)
        qsort(names, *count, sizeof *names, by_name);
    free(root);
    return names;
}

void golden_list_free(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
}
