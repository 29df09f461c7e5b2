/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nstat.h"

#include "mpa/status.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LENGTH 64

/* One file's counters. */
struct counters {
    bool has[MPA_COUNTER_COUNT];
    int64_t value[MPA_COUNTER_COUNT];
    int mptcp; /* Counters of MPTCP in the file, those that no row has too. */
};

static void set_counter(struct counters *c, const char *name, int64_t value)
{
    c->mptcp += strncmp(name, "MPTcpExt", strlen("MPTcpExt")) == 0;
    for (int i = 0; i < MPA_COUNTER_COUNT; i++)
        if (strcmp(mpa_counter_name((enum mpa_counter)i), name) == 0) {
            c->has[i] = true;
            c->value[i] = value;
        }
}

/* {"kernel": {"Name": value, ...}} */
static bool read_json(FILE *f, struct counters *ret)
{
    json_t *root = json_loadf(f, 0, NULL), *value;
    json_t *kernel = root ? json_object_get(root, "kernel") : NULL;
    const char *name;

    json_object_foreach(kernel, name, value)
        set_counter(ret, name, (int64_t)json_number_value(value));
    json_decref(root);
    return kernel != NULL;
}

static bool read_lines(FILE *f, struct counters *ret)
{
    char line[256], name[NAME_MAX_LENGTH + 1];
    int64_t value;
    bool any = false;

    while (fgets(line, sizeof line, f))
        if (line[0] != '#' && sscanf(line, "%64s %" SCNd64, name, &value) == 2) {
            set_counter(ret, name, value);
            any = true;
        }
    return any;
}

static int read_file(const char *path, struct counters *ret, char *error, size_t error_size)
{
    FILE *f = fopen(path, "re");
    bool ok;
    int first;

    *ret = (struct counters){0};
    if (!f) {
        snprintf(error, error_size, "%s: %s", path, strerrordesc_np(errno));
        return MPA_ERR_ARGUMENT;
    }
    first = getc(f);
    rewind(f);
    ok = first == '{' ? read_json(f, ret) : read_lines(f, ret);
    ok = !ferror(f) && ok;
    fclose(f);
    for (int i = 0; ok && i < MPA_COUNTER_COUNT; i++)
        if (ret->has[i])
            return MPA_OK;
    snprintf(error, error_size, "%s: %s", path,
             ok ? "holds no counter of MPTCP (MPTcpExt...)" : "is not what nstat writes");
    return MPA_ERR_ARGUMENT;
}

/* Of 'files' (one, or before and after). */
static int read_files(char *files, struct nstat_host *ret, char *error, size_t error_size)
{
    char *after = strchr(files, ',');
    struct counters first, second = {0};
    int rc;

    if (after)
        *after++ = '\0';
    rc = read_file(files, &first, error, error_size);
    if (rc == MPA_OK && after)
        rc = read_file(after, &second, error, error_size);
    if (rc != MPA_OK)
        return rc;
    ret->in_file = after ? second.mptcp : first.mptcp;
    for (int i = 0; i < MPA_COUNTER_COUNT; i++) {
        ret->has[i] = after ? second.has[i] : first.has[i];
        ret->value[i] = after ? second.value[i] - first.value[i] : first.value[i];
        if (ret->has[i] && ret->value[i] < 0) {
            snprintf(error, error_size, "%s: %s is smaller than in %s", after,
                     mpa_counter_name((enum mpa_counter)i), files);
            return MPA_ERR_ARGUMENT;
        }
    }
    return MPA_OK;
}

static int read_addrs(char *list, struct nstat_host *ret, char *error, size_t error_size)
{
    struct mpa_prefix prefix;
    char *save = NULL;

    for (char *word = strtok_r(list, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
        struct mpa_addr *grown =
            reallocarray(ret->addrs, (size_t)ret->addr_count + 1, sizeof *grown);

        if (!grown)
            return MPA_ERR_NOMEM;
        ret->addrs = grown;
        if (mpa_prefix_parse(word, &prefix) != 0 || strchr(word, '/')) {
            snprintf(error, error_size, "'%s' is no address", word);
            return MPA_ERR_ARGUMENT;
        }
        grown[ret->addr_count++] = prefix.addr;
    }
    return MPA_OK;
}

int nstat_read(const char *value, struct nstat_host *ret, char *error, size_t error_size)
{
    const char *equals = strchr(value, '=');
    char *list, *files;
    int rc;

    *ret = (struct nstat_host){0};
    if (!equals || equals == value || !equals[1]) {
        snprintf(error, error_size, "'%s' is not ADDR[,ADDR]=FILE[,FILE]", value);
        return MPA_ERR_ARGUMENT;
    }
    list = strndup(value, (size_t)(equals - value));
    files = strdup(equals + 1);
    rc = list && files ? MPA_OK : MPA_ERR_NOMEM;
    if (rc == MPA_OK)
        rc = read_addrs(list, ret, error, error_size);
    if (rc == MPA_OK)
        rc = read_files(files, ret, error, error_size);
    free(list);
    free(files);
    if (rc != MPA_OK)
        nstat_free(ret);
    return rc;
}

void nstat_free(struct nstat_host *h)
{
    free(h->addrs);
    *h = (struct nstat_host){0};
}

int nstat_compare(const struct nstat_host *h, const struct mpa_hosts *hosts, int index,
                  struct mpa_rec_counter *ret)
{
    int count = 0;

    for (int i = 0; i < MPA_COUNTER_COUNT; i++) {
        enum mpa_counter c = (enum mpa_counter)i;

        if (h->has[i])
            ret[count++] = (struct mpa_rec_counter){.name = mpa_counter_name(c),
                                                    .why = mpa_counter_why(c),
                                                    .kernel = h->value[i],
                                                    .wire = mpa_hosts_count(hosts, index, c)};
    }
    return count;
}
