/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plugin_check agree DIR | FILE...: tshark with the plugin says of each capture what mptcp-analyze says. */
#include "plugin.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The list of servers beside a golden capture; NULL: none. Belongs to the caller. */
static char *servers_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *list =
        golden_text("%.*s/truth/servers.csv", slash ? (int)(slash - path) : 1, slash ? path : ".");

    if (golden_exists(list))
        return list;
    free(list);
    return NULL;
}

bool load_both(const struct place *p, const char *path, json_t **ret_report,
               struct sheet *ret_sheet, const char ***ret_columns)
{
    char *servers = servers_of(path), *list = servers ? place_copy(p, servers) : NULL;
    char *file = place_copy(p, path);
    const char *arguments[] = {"--check", file, list ? "--servers" : NULL, list, NULL};
    struct view view = {.servers = list};
    size_t columns = 0;
    int status;
    bool ok = false;

    *ret_columns = NULL;
    *ret_sheet = (struct sheet){0};
    *ret_report = golden_run(NULL, arguments, &status);
    if (*ret_report && status <= 1) {
        *ret_columns = compare_columns(*ret_report, &columns);
        ok = sheet_read(ret_sheet, p, file, &view, *ret_columns, columns);
    }
    free(servers);
    free(list);
    free(file);
    return ok;
}

static bool agree(const struct place *p, const char *path)
{
    const char **columns;
    struct sheet sheet;
    json_t *report, *kinds = NULL;
    bool ok = load_both(p, path, &report, &sheet, &columns);

    if (ok) {
        kinds = compare(report, &sheet, false);
        ok = sheet.row_count > 0 && json_object_size(kinds) == 0;
    }
    printf("%s: %zu frames, %zu connections, %zu findings: %s\n", path, sheet.row_count,
           json_array_size(json_object_get(report, "connections")),
           json_array_size(json_object_get(report, "findings")), ok ? "agree" : "DIFFER");
    if (!ok && kinds) {
        char *text = json_dumps(kinds, JSON_COMPACT);

        printf("  %s\n", text ? text : "");
        free(text);
    }
    json_decref(kinds);
    json_decref(report);
    sheet_free(&sheet);
    compare_columns_free(columns);
    return ok;
}

static bool agree_dir(const struct place *p, const char *name)
{
    DIR *dir = opendir(name);
    const struct dirent *entry;
    bool ok = dir != NULL;
    size_t files = 0;

    while (dir && (entry = readdir(dir))) {
        const char *dot = strrchr(entry->d_name, '.');
        char *path;

        if (!dot || strcmp(dot, ".pcap") != 0)
            continue;
        path = golden_text("%s/%s", name, entry->d_name);
        ok = agree(p, path) && ok;
        files++;
        free(path);
    }
    if (dir)
        closedir(dir);
    return ok && files > 0;
}

int check_agree(int argc, char **argv)
{
    struct place p;
    int status;
    bool ok = true;

    if (argc < 2)
        return GOLDEN_USAGE;
    status = place_open(&p);
    for (int i = 1; status == GOLDEN_OK && i < argc; i++) {
        size_t size = strlen(argv[i]);
        bool file = size > 5 && strcmp(argv[i] + size - 5, ".pcap") == 0;

        ok = (file ? agree(&p, argv[i]) : agree_dir(&p, argv[i])) && ok;
    }
    place_close(&p);
    return status != GOLDEN_OK ? status : ok ? GOLDEN_OK : GOLDEN_DIFFERENT;
}
