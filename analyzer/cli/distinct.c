/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "distinct.h"

#include "output.h"
#include "say.h"

#include "mpa/status.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 40 /* As many as the kernel follows. */

/* What a path names: an inode, or where it will be made. */
struct file {
    const char *path; /* As it was written. */
    dev_t dev;
    ino_t ino;
    char *name; /* Of a file that is not there yet, 'dev' and 'ino' are its folder's; else NULL. */
    bool output, baseline;
};

struct files {
    struct file *at;
    int count;
};

/* A link to nothing names what will be made. */
static void follow(char path[PATH_MAX])
{
    for (int i = 0; i < LINKS_MAX; i++) {
        char target[PATH_MAX], joined[PATH_MAX];
        ssize_t size = readlink(path, target, sizeof(target) - 1);
        char *slash = strrchr(path, '/');

        if (size < 0)
            return;
        target[size] = '\0';
        if (target[0] == '/' || !slash)
            snprintf(joined, sizeof(joined), "%s", target);
        else if (snprintf(joined, sizeof(joined), "%.*s/%s", (int)(slash - path), path, target) >=
                 (int)sizeof(joined))
            return;
        memcpy(path, joined, sizeof(joined));
    }
}

/* Fill what 'f->path' will be.  0, 1 where it cannot be made, or MPA_ERR_NOMEM. */
static int identify_new(struct file *f)
{
    char path[PATH_MAX];
    struct stat st;
    char *slash;

    if (snprintf(path, sizeof(path), "%s", f->path) >= (int)sizeof(path))
        return 1;
    follow(path);
    slash = strrchr(path, '/');
    f->name = strdup(slash ? slash + 1 : path);
    if (!f->name)
        return MPA_ERR_NOMEM;
    if (slash)
        slash[slash == path] = '\0';
    if (stat(slash ? path : ".", &st) != 0)
        return 1;
    f->dev = st.st_dev;
    f->ino = st.st_ino;
    return 0;
}

/* Devices and pipes keep nothing that could be destroyed: they are left out. */
static int add(struct files *files, const char *path, bool output, bool baseline)
{
    struct file f = {.path = path, .output = output, .baseline = baseline};
    bool standard = strcmp(path, "-") == 0;
    struct file *grown;
    struct stat st;
    int rc = 0;

    if (standard ? fstat(output ? STDOUT_FILENO : STDIN_FILENO, &st) == 0 : stat(path, &st) == 0) {
        if (!S_ISREG(st.st_mode))
            return 0;
        f.dev = st.st_dev;
        f.ino = st.st_ino;
    } else {
        rc = output && !standard && errno == ENOENT ? identify_new(&f) : 1;
    }
    if (rc != 0) {
        free(f.name);
        return rc == MPA_ERR_NOMEM ? rc : 0;
    }
    grown = reallocarray(files->at, (size_t)files->count + 1, sizeof(*grown));
    if (!grown) {
        free(f.name);
        return MPA_ERR_NOMEM;
    }
    files->at = grown;
    files->at[files->count++] = f;
    return 0;
}

static int add_named(struct files *files, const char *path, bool output, bool baseline)
{
    return path ? add(files, path, output, baseline) : 0;
}

/* "HOST=FILE[,FILE]"; the texts are kept in 'texts'. */
static int add_nstat(struct files *files, const char *value, char **ret_text)
{
    const char *equals = strchr(value, '=');
    char *rest, *file;
    int rc = 0;

    *ret_text = strdup(equals ? equals + 1 : "");
    rest = *ret_text;
    while (rc == 0 && rest && (file = strsep(&rest, ",")))
        rc = add(files, file, false, false);
    return *ret_text ? rc : MPA_ERR_NOMEM;
}

/* The tables of --csv in 'folder'. */
static int add_tables(struct files *files, const char *folder, struct files *texts)
{
    static const char *const names[] = {"connections", "subflows", "add_addr", "resets",
                                        "churn",       "timeline", "findings"};
    int rc = 0;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && rc == 0; i++) {
        struct file *grown = reallocarray(texts->at, (size_t)texts->count + 1, sizeof(*grown));
        char *path;

        if (!grown || asprintf(&path, "%s/%s.csv", folder, names[i]) < 0) {
            texts->at = grown ? grown : texts->at;
            return MPA_ERR_NOMEM;
        }
        texts->at = grown;
        texts->at[texts->count++] = (struct file){.name = path};
        rc = add(files, path, true, false);
    }
    return rc;
}

static int add_csv(struct files *files, const struct options *o, char *const *paths, int count,
                   struct files *texts)
{
    int rc = 0;

    if (o->csv_dir && !o->separate)
        return add_tables(files, o->csv_dir, texts);
    for (int i = 0; o->csv_dir && i < count && rc == 0; i++) {
        char folder[PATH_MAX];
        struct stat st;

        if (snprintf(folder, sizeof(folder), "%s/%s", o->csv_dir, output_basename(paths[i])) <
                (int)sizeof(folder) &&
            stat(folder, &st) == 0)
            rc = add_tables(files, folder, texts);
    }
    return rc;
}

static int add_outputs(struct files *files, const struct options *o)
{
    const char *const paths[] = {o->output ? o->output : "-", o->junit, o->sarif, o->tap};
    int rc = 0;

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]) && rc == 0; i++)
        rc = add_named(files, paths[i], true, false);
    return rc == 0 ? add_named(files, o->write_baseline, true, true) : rc;
}

static int add_inputs(struct files *files, const struct options *o, char *const *paths, int count)
{
    const char *const named[] = {o->servers_file, o->churn_file, o->expect_file};
    int rc = add_named(files, o->baseline_file, false, true);

    for (size_t i = 0; i < sizeof(named) / sizeof(named[0]) && rc == 0; i++)
        rc = add_named(files, named[i], false, false);
    for (int i = 0; i < count && rc == 0; i++)
        rc = add(files, paths[i], false, false);
    return rc;
}

/* 'a' is an output. */
static bool clash(const struct file *a, const struct file *b)
{
    return (b->output || !(a->baseline && b->baseline)) && a->dev == b->dev && a->ino == b->ino &&
           (a->name ? b->name && strcmp(a->name, b->name) == 0 : !b->name);
}

static int compare(const struct files *files)
{
    for (int i = 0; i < files->count; i++) {
        const struct file *a = &files->at[i];

        for (int k = 0; a->output && k < files->count; k++) {
            const struct file *b = &files->at[k];

            if (k == i || (b->output && k < i) || !clash(a, b))
                continue;
            if (b->output)
                say_error("%s and %s: two outputs cannot go to one file",
                          strcmp(a->path, "-") == 0 ? "standard output" : a->path, b->path);
            else
                say_error("%s: it is also an input (%s) and would be lost",
                          strcmp(a->path, "-") == 0 ? "standard output" : a->path,
                          strcmp(b->path, "-") == 0 ? "standard input" : b->path);
            return MPA_ERR_ARGUMENT;
        }
    }
    return 0;
}

int distinct_check(const struct options *o, char *const *paths, int path_count)
{
    struct files files = {0}, texts = {0};
    char **values = calloc((size_t)o->nstat_count + 1, sizeof(*values));
    int rc = values ? add_outputs(&files, o) : MPA_ERR_NOMEM;

    if (rc == 0)
        rc = add_csv(&files, o, paths, path_count, &texts);
    if (rc == 0)
        rc = add_inputs(&files, o, paths, path_count);
    for (int i = 0; i < o->nstat_count && rc == 0; i++)
        rc = add_nstat(&files, o->nstat_values[i], &values[i]);
    if (rc == 0)
        rc = compare(&files);
    for (int i = 0; i < files.count; i++)
        free(files.at[i].name);
    for (int i = 0; i < texts.count; i++)
        free(texts.at[i].name);
    for (int i = 0; values && i < o->nstat_count; i++)
        free(values[i]);
    free(values);
    free(texts.at);
    free(files.at);
    return rc;
}
