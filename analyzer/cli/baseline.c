/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "baseline.h"

#include "say.h"

#include "mpa/rules.h"
#include "mpa/status.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCHEMA     "mptcp-analyze-baseline/1"
#define UNMET_TOLD 10

struct known {
    enum mpa_rule rule;
    struct mpa_addr client, server;
    int role; /* enum mpa_word; -1: of the connection. */
    const char *text;
    char *own_text; /* To be freed; NULL: static. */
    int64_t count;
    bool met;
};

struct baseline {
    void *tree; /* Of struct known, by tsearch(). */
    struct known **entries;
    size_t count, capacity;
};

struct baseline *baseline_new(void)
{
    return calloc(1, sizeof(struct baseline));
}

static int cmp_entry(const void *x, const void *y)
{
    const struct known *a = x, *b = y;
    int c = (a->rule > b->rule) - (a->rule < b->rule);

    c = c ? c : memcmp(a->client.b, b->client.b, sizeof(a->client.b));
    c = c ? c : memcmp(a->server.b, b->server.b, sizeof(a->server.b));
    c = c ? c : (a->role > b->role) - (a->role < b->role);
    return c ? c : strcmp(a->text, b->text);
}

static int role_of(const struct mpa_rec_conn *conn, int64_t subflow)
{
    for (int i = 0; i < conn->subflow_count && subflow != MPA_NULL; i++)
        if (conn->subflows[i].id == subflow)
            return (int)conn->subflows[i].role;
    return -1;
}

static struct known entry_of(const struct mpa_rec_conn *conn, const struct mpa_rec_finding *f)
{
    return (struct known){.rule = (enum mpa_rule)f->rule,
                          .client = conn->client.addr,
                          .server = conn->server.addr,
                          .role = role_of(conn, f->subflow),
                          .text = f->text};
}

static struct known *find(const struct baseline *b, const struct known *like)
{
    struct known *const *node = tfind(like, &b->tree, cmp_entry);

    return node ? *node : NULL;
}

/* Takes 'like->own_text'. */
static int insert(struct baseline *b, const struct known *like)
{
    size_t capacity = b->capacity ? b->capacity * 2 : 64;
    struct known *e = malloc(sizeof(*e));
    struct known **grown;

    if (e && b->count == b->capacity) {
        /* NOLINTNEXTLINE(bugprone-sizeof-expression) */
        grown = reallocarray(b->entries, capacity, sizeof(*grown));
        if (grown) {
            b->entries = grown;
            b->capacity = capacity;
        }
    }
    if (!e || b->count == b->capacity) {
        free(e);
        free(like->own_text);
        return MPA_ERR_NOMEM;
    }
    *e = *like;
    b->entries[b->count++] = e;
    return tsearch(e, &b->tree, cmp_entry) ? MPA_OK : MPA_ERR_NOMEM;
}

bool baseline_has(struct baseline *b, const struct mpa_rec_conn *conn,
                  const struct mpa_rec_finding *finding)
{
    const struct known like = entry_of(conn, finding);
    struct known *e = find(b, &like);

    if (e)
        e->met = true;
    return e;
}

int baseline_add(struct baseline *b, const struct mpa_rec_conn *conn,
                 const struct mpa_rec_finding *finding)
{
    struct known like = entry_of(conn, finding);
    struct known *e = find(b, &like);

    like.count = 1;
    if (!e)
        return insert(b, &like);
    e->count++;
    return MPA_OK;
}

/* ---- The file ---- */

static bool parse_role(const json_t *json, int *ret)
{
    const char *text = json_string_value(json);

    *ret = -1;
    if (!json || json_is_null(json))
        return true;
    for (int role = MPA_ROLE_INITIAL; role <= MPA_ROLE_JOIN && text; role++)
        if (strcmp(text, mpa_word((enum mpa_word)role)) == 0)
            *ret = role;
    return *ret >= 0;
}

static bool parse_addr(const json_t *json, struct mpa_addr *ret)
{
    struct mpa_prefix parsed;

    if (!json_is_string(json) || mpa_prefix_parse(json_string_value(json), &parsed) != 0 ||
        parsed.bits != 128)
        return false;
    *ret = parsed.addr;
    return true;
}

/* NULL, or what is wrong. */
static const char *parse_entry(const json_t *json, struct known *ret)
{
    const json_t *rule = json_object_get(json, "rule"), *text = json_object_get(json, "text");

    *ret = (struct known){.rule = MPA_RULE_COUNT};
    if (json_is_string(rule))
        ret->rule = mpa_rule_find(json_string_value(rule));
    if (ret->rule == MPA_RULE_COUNT)
        return "'rule' names no rule";
    if (!parse_addr(json_object_get(json, "client"), &ret->client) ||
        !parse_addr(json_object_get(json, "server"), &ret->server))
        return "'client' or 'server' is no address";
    if (!parse_role(json_object_get(json, "role"), &ret->role))
        return "'role' is none of initial, join, null";
    if (!json_is_string(text))
        return "'text' is no text";
    ret->text = json_string_value(text);
    return NULL;
}

static int take_entries(struct baseline *b, const json_t *list, const char **ret_why,
                        size_t *ret_index)
{
    json_t *item;
    size_t i;

    json_array_foreach(list, i, item)
    {
        struct known parsed;
        int rc;

        *ret_index = i;
        *ret_why = parse_entry(item, &parsed);
        if (*ret_why)
            return MPA_ERR_ARGUMENT;
        if (find(b, &parsed))
            continue;
        parsed.text = parsed.own_text = strdup(parsed.text);
        rc = parsed.text ? insert(b, &parsed) : MPA_ERR_NOMEM;
        if (rc != MPA_OK)
            return rc;
    }
    return MPA_OK;
}

static int take_root(struct baseline *b, const char *path, const json_t *root, char *ret_error,
                     size_t error_size)
{
    const char *schema = json_string_value(json_object_get(root, "schema")), *why = NULL;
    const json_t *list = json_object_get(root, "findings");
    size_t index = 0;
    int rc;

    if (!schema || strcmp(schema, SCHEMA) != 0 || !json_is_array(list)) {
        snprintf(ret_error, error_size, "%s: is no baseline (\"schema\": \"" SCHEMA "\")", path);
        return MPA_ERR_ARGUMENT;
    }
    rc = take_entries(b, list, &why, &index);
    if (rc == MPA_ERR_ARGUMENT)
        snprintf(ret_error, error_size, "%s: finding %zu: %s", path, index, why);
    return rc;
}

int baseline_read(const char *path, struct baseline **ret, char *ret_error, size_t error_size)
{
    FILE *in = fopen(path, "re");
    struct baseline *b;
    json_error_t error;
    json_t *root;
    int rc;

    if (!in) {
        snprintf(ret_error, error_size, "%s: %s", path, strerrordesc_np(errno));
        return MPA_ERR_ARGUMENT;
    }
    root = json_loadf(in, 0, &error);
    (void)fclose(in); /* Only read. */
    if (!root) {
        snprintf(ret_error, error_size, "%s:%d: %s", path, error.line, error.text);
        return MPA_ERR_ARGUMENT;
    }
    b = baseline_new();
    rc = b ? take_root(b, path, root, ret_error, error_size) : MPA_ERR_NOMEM;
    json_decref(root);
    if (rc == MPA_OK)
        *ret = b;
    else
        baseline_free(b);
    return rc;
}

static int by_entry(const void *x, const void *y)
{
    return cmp_entry(*(const struct known *const *)x, *(const struct known *const *)y);
}

static json_t *entry_json(const struct known *e)
{
    char addr[2][MPA_ADDR_TEXT];

    return json_pack("{s:s, s:s, s:s, s:s?, s:s, s:I}", "rule", mpa_rule_info(e->rule)->id,
                     "client", mpa_addr_text(&e->client, addr[0]), "server",
                     mpa_addr_text(&e->server, addr[1]), "role",
                     e->role < 0 ? NULL : mpa_word((enum mpa_word)e->role), "text", e->text,
                     "count", (json_int_t)e->count);
}

static int write_to(const struct baseline *b, FILE *out)
{
    int status = MPA_OK;

    if (b->count > 1) /* NOLINTNEXTLINE(bugprone-sizeof-expression) */
        qsort(b->entries, b->count, sizeof(*b->entries), by_entry);
    fputs("{\"schema\": \"" SCHEMA "\",\n\"findings\": [", out);
    for (size_t i = 0; i < b->count && status == MPA_OK; i++) {
        json_t *json = entry_json(b->entries[i]);

        fputs(i ? ",\n" : "\n", out);
        if (!json)
            status = MPA_ERR_NOMEM;
        else
            json_dumpf(json, out, 0);
        json_decref(json);
    }
    fputs("\n]}\n", out);
    if (fflush(out) != 0 || ferror(out))
        status = status == MPA_OK ? MPA_ERR_WRITE : status;
    if (fclose(out) != 0 && status == MPA_OK)
        status = MPA_ERR_WRITE;
    return status;
}

/* A file beside 'path', with the rights that 'path' has or would get; NULL where there can be none. */
static FILE *create_beside(const char *path, char **ret_beside)
{
    mode_t mask = umask(0);
    struct stat st = {.st_mode = 0666 & ~mask};
    FILE *out = NULL;
    int fd;

    umask(mask);
    if (asprintf(ret_beside, "%s.XXXXXX", path) < 0) {
        *ret_beside = NULL;
        return NULL;
    }
    (void)stat(path, &st);
    fd = mkostemp(*ret_beside, O_CLOEXEC);
    if (fd >= 0 && fchmod(fd, st.st_mode & 07777) == 0)
        out = fdopen(fd, "w");
    if (fd >= 0 && !out) {
        close(fd);
        unlink(*ret_beside);
    }
    return out;
}

/* A device, or in a folder where no file can be made. */
static int write_in_place(const struct baseline *b, const char *path)
{
    FILE *out = fopen(path, "we");

    return out ? write_to(b, out) : MPA_ERR_WRITE;
}

int baseline_write(const struct baseline *b, const char *path)
{
    char *real = realpath(path, NULL); /* A link stays one. */
    const char *name = real ? real : path;
    char *beside = NULL;
    struct stat st;
    bool plain = lstat(name, &st) != 0 || S_ISREG(st.st_mode);
    FILE *out = plain ? create_beside(name, &beside) : NULL;
    int status, error;

    if (!out) {
        status = write_in_place(b, name);
        error = errno;
    } else {
        status = write_to(b, out);
        if (status == MPA_OK && rename(beside, name) != 0)
            status = MPA_ERR_WRITE;
        error = errno;
        if (status != MPA_OK)
            unlink(beside);
    }
    free(beside);
    free(real);
    errno = error;
    return status;
}

void baseline_tell_unmet(const struct baseline *b, const char *path, bool with_addresses)
{
    size_t unmet = 0;

    for (size_t i = 0; i < b->count; i++) {
        const struct known *e = b->entries[i];
        char addr[2][MPA_ADDR_TEXT];

        if (e->met || ++unmet > UNMET_TOLD)
            continue;
        if (with_addresses)
            say_error("%s: no longer found: %s, %s to %s: %s", path, mpa_rule_info(e->rule)->id,
                      mpa_addr_text(&e->client, addr[0]), mpa_addr_text(&e->server, addr[1]),
                      e->text);
        else
            say_error("%s: no longer found: %s: %s", path, mpa_rule_info(e->rule)->id, e->text);
    }
    if (unmet > UNMET_TOLD)
        say_error("%s: no longer found: %zu more", path, unmet - UNMET_TOLD);
}

static void keep_entry(void *entry)
{
    (void)entry; /* The list owns it. */
}

void baseline_free(struct baseline *b)
{
    if (!b)
        return;
    tdestroy(b->tree, keep_entry);
    for (size_t i = 0; i < b->count; i++) {
        free(b->entries[i]->own_text);
        free(b->entries[i]);
    }
    free(b->entries);
    free(b);
}
