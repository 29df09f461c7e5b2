/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running tshark with and without the plugin. */
#include "plugin.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ARGUMENTS 600

/* The module, or another one to try. */
static const char *module_file(void)
{
    const char *given = getenv("MPA_PLUGIN");

    return given ? given : MPA_PLUGIN;
}

/* In CI everything must run. */
static int cannot(const char *why)
{
    const char *ci = getenv("CI");

    printf("%s: %s\n", ci && *ci ? "cannot run in CI" : "skipped", why);
    return ci && *ci ? GOLDEN_DIFFERENT : GOLDEN_SKIP;
}

static bool have(const char *program)
{
    const char *argv[] = {"sh", "-c", "command -v \"$0\"", program, NULL};
    struct golden_output out;

    if (!golden_spawn(NULL, argv, &out))
        return false;
    fclose(out.file);
    return out.status == 0;
}

static void copy_file(const char *from, const char *to)
{
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    char buffer[65536];
    size_t n;

    if (!in || !out) {
        perror(in ? to : from);
        abort();
    }
    while ((n = fread(buffer, 1, sizeof buffer, in)) > 0)
        if (fwrite(buffer, 1, n, out) != n)
            abort();
    fclose(in);
    if (fclose(out) != 0 || chmod(to, 0644) != 0)
        abort();
}

/* A folder below the place that everybody may use: it is ours alone by the name that mkdtemp() chose. */
static void make_dir(const struct place *p, const char *name)
{
    char *path = golden_text("%s/%s", p->dir, name);

    if (mkdir(path, 0777) != 0 || chmod(path, 0777) != 0)
        abort();
    free(path);
}

int place_open(struct place *p)
{
    static const char *const dirs[] = {"home", "none", "plugins", "plugins/" MPA_PLUGIN_API,
                                       "plugins/" MPA_PLUGIN_API "/epan"};
    char template[] = "/tmp/mpa-plugin-XXXXXX", *module;

    p->dir = NULL;
    if (!have("tshark"))
        return cannot("tshark is not installed");
    if (geteuid() == 0 && !have("setpriv"))
        return cannot("setpriv is not installed");
    if (!golden_exists(module_file()))
        return cannot("the plugin is not built: " MPA_PLUGIN);
    if (!mkdtemp(template) || chmod(template, 0755) != 0)
        abort();
    p->dir = golden_text("%s", template);
    for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++)
        make_dir(p, dirs[i]);
    module = golden_text("%s/plugins/" MPA_PLUGIN_API "/epan/mptcplb.so", p->dir);
    copy_file(module_file(), module);
    free(module);
    return GOLDEN_OK;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info;
    (void)kind;
    (void)walk;
    return remove(path);
}

void place_close(struct place *p)
{
    if (p->dir)
        nftw(p->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(p->dir);
    p->dir = NULL;
}

char *place_copy(const struct place *p, const char *file)
{
    const char *slash = strrchr(file, '/');
    char *path = golden_text("%s/%s", p->dir, slash ? slash + 1 : file);

    copy_file(file, path);
    return path;
}

/* ---- Sheets --------------------------------------------------------------------------------------- */

static char *own(const char *text)
{
    return golden_text("%s", text);
}

static void add_row(struct sheet *s, char *line)
{
    char **row = calloc(s->column_count, sizeof *row), *rest = line;

    if (!row)
        abort();
    for (size_t i = 0; i < s->column_count; i++) {
        char *cell = strsep(&rest, "\t");

        row[i] = own(cell ? cell : "");
    }
    if ((s->row_count & (s->row_count + 1)) == 0) {
        s->cells = reallocarray(s->cells, 2 * (s->row_count + 1), sizeof *s->cells);
        if (!s->cells)
            abort();
    }
    s->cells[s->row_count++] = row;
}

/* Arguments before those of tshark: the environment, and who it runs as.  Returns how many; 'texts' own what was made. */
static size_t prefix(const struct place *p, const struct view *v, const char **argv, char **texts)
{
    size_t n = 0;

    if (geteuid() == 0 || getegid() == 0) {
        argv[n++] = "setpriv";
        argv[n++] = "--reuid=65534";
        argv[n++] = "--regid=65534";
        argv[n++] = "--clear-groups";
    }
    argv[n++] = "env";
    argv[n++] = "-u";
    argv[n++] = "XDG_CONFIG_HOME";
    argv[n++] = texts[0] = golden_text("HOME=%s/home", p->dir);
    argv[n++] = texts[1] =
        golden_text("WIRESHARK_PLUGIN_DIR=%s/%s", p->dir, v->stock ? "none" : "plugins");
#ifdef MPA_PRELOAD
    if (!v->stock) {
        argv[n++] = "LD_PRELOAD=" MPA_PRELOAD;
        argv[n++] = "ASAN_OPTIONS=detect_leaks=0:exitcode=99";
        argv[n++] = "WIRESHARK_DEBUG_WMEM_OVERRIDE=strict";
    }
#endif
    return n;
}

bool sheet_read(struct sheet *ret, const struct place *p, const char *file, const struct view *v,
                const char *const *columns, size_t column_count)
{
    const char *argv[ARGUMENTS];
    char *texts[3] = {NULL}, *line = NULL;
    size_t n = prefix(p, v, argv, texts), size = 0;
    struct golden_output out;

    *ret = (struct sheet){.columns = columns, .column_count = column_count};
    argv[n++] = "tshark";
    argv[n++] = "-n";
    if (!v->one_pass)
        argv[n++] = "-2";
    if (v->filter) {
        argv[n++] = "-Y";
        argv[n++] = v->filter;
    }
    if (v->servers) {
        argv[n++] = "-o";
        argv[n++] = texts[2] = golden_text("mptcplb.servers:%s", v->servers);
    }
    argv[n++] = "-r";
    argv[n++] = file;
    argv[n++] = "-T";
    argv[n++] = "fields";
    argv[n++] = "-E";
    argv[n++] = "occurrence=a";
    argv[n++] = "-E";
    argv[n++] = "aggregator=|";
    for (size_t i = 0; i < column_count && n + 3 < ARGUMENTS; i++) {
        argv[n++] = "-e";
        argv[n++] = columns[i];
    }
    argv[n] = NULL;
    if (!golden_spawn(NULL, argv, &out))
        return false;
    while (getline(&line, &size, out.file) > 0) {
        line[strcspn(line, "\n")] = '\0';
        add_row(ret, line);
    }
    fclose(out.file);
    free(line);
    for (size_t i = 0; i < 3; i++)
        free(texts[i]);
    if (out.status != 0)
        printf("tshark -r %s: exit status %d\n", file, out.status);
    return out.status == 0;
}

void sheet_free(struct sheet *s)
{
    for (size_t i = 0; i < s->row_count; i++) {
        for (size_t k = 0; k < s->column_count; k++)
            free(s->cells[i][k]);
        free(s->cells[i]);
    }
    free(s->cells);
    *s = (struct sheet){0};
}

char **sheet_cell(const struct sheet *s, size_t row, const char *column)
{
    for (size_t i = 0; i < s->column_count; i++)
        if (strcmp(s->columns[i], column) == 0)
            return &s->cells[row][i];
    return NULL;
}

const char *sheet_text(const struct sheet *s, size_t row, const char *column)
{
    char **cell = sheet_cell(s, row, column);

    return cell ? *cell : "";
}

const char *cell_item(const char *cell, size_t n, char *buffer, size_t size)
{
    while (n-- && *cell) {
        cell += strcspn(cell, "|");
        cell += *cell == '|';
    }
    snprintf(buffer, size, "%.*s", (int)strcspn(cell, "|"), cell);
    return buffer;
}

size_t cell_count(const char *cell)
{
    size_t count = *cell != '\0';

    for (; *cell; cell++)
        count += *cell == '|';
    return count;
}

bool cell_has(const char *cell, const char *word)
{
    char item[256];

    for (size_t i = 0; i < cell_count(cell); i++)
        if (strcmp(cell_item(cell, i, item, sizeof item), word) == 0)
            return true;
    return false;
}
