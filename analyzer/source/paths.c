/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arguments to capture files: a folder stands for the captures in it. */
#include "stream.h"

#include "mpa/source.h"
#include "mpa/status.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct path_list {
    char **at;
    size_t count;
    size_t capacity;
};

/* Takes 'path' (also on failure); NULL counts as out of memory. */
static int list_add(struct path_list *list, char *path)
{
    if (!path)
        return MPA_ERR_NOMEM;
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : 16;
        char **at = reallocarray(list->at, capacity, sizeof(*at));

        if (!at) {
            free(path);
            return MPA_ERR_NOMEM;
        }
        list->at = at;
        list->capacity = capacity;
    }
    list->at[list->count++] = path;
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A file that cannot be opened stays in the list: its error is worth a line.  Hidden files are
   not meant. */
static int add_entry(struct path_list *list, const char *dir, const char *name)
{
    size_t length = strlen(dir);
    const char *slash = length > 0 && dir[length - 1] == '/' ? "" : "/";
    struct stat st;
    char *path;

    if (name[0] == '.')
        return 0;
    if (asprintf(&path, "%s%s%s", dir, slash, name) < 0)
        return MPA_ERR_NOMEM;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) ||
        (access(path, R_OK) == 0 && !mpa_stream_is_capture(path))) {
        free(path);
        return 0;
    }
    return list_add(list, path);
}

static int add_folder(struct path_list *list, const char *path, char *ret_error, size_t error_size)
{
    size_t before = list->count;
    struct dirent *entry;
    int rc = 0;
    DIR *dir = opendir(path);

    if (!dir) {
        snprintf(ret_error, error_size, "%s: %s", path, strerrordesc_np(errno));
        return MPA_ERR_EMPTY;
    }
    while (rc == 0 && (entry = readdir(dir)) != NULL)
        rc = add_entry(list, path, entry->d_name);
    closedir(dir);
    if (rc != 0)
        return rc;
    if (list->count == before) {
        snprintf(ret_error, error_size, "%s: a folder without capture files", path);
        return MPA_ERR_EMPTY;
    }
    qsort(list->at + before, list->count - before, sizeof(*list->at), by_name);
    return 0;
}

int mpa_paths_expand(const char *const *args, size_t count, char ***ret_paths, size_t *ret_count,
                     char *ret_error, size_t error_size)
{
    struct path_list list = {0};
    struct stat st;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < count; i++) {
        if (strcmp(args[i], "-") != 0 && stat(args[i], &st) == 0 && S_ISDIR(st.st_mode))
            rc = add_folder(&list, args[i], ret_error, error_size);
        else
            rc = list_add(&list, strdup(args[i]));
    }
    if (rc == MPA_ERR_NOMEM)
        snprintf(ret_error, error_size, "%s", mpa_strerror(rc));
    if (rc != 0) {
        mpa_paths_free(list.at, list.count);
        return rc;
    }
    *ret_paths = list.at;
    *ret_count = list.count;
    return 0;
}

void mpa_paths_free(char **paths, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(paths[i]);
    free(paths);
}
