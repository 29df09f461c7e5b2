/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running the analyzer, and looking into its report. */
#include "golden.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS 64

bool golden_spawn(const char *dir, const char *const *argv, struct golden_output *ret)
{
    FILE *out = tmpfile();
    int status;
    pid_t pid;

    if (!out)
        abort();
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        if ((dir && chdir(dir) != 0) || dup2(fileno(out), STDOUT_FILENO) < 0)
            _exit(127);
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        fclose(out);
        return false;
    }
    ret->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    ret->file = out;
    rewind(out);
    return true;
}

json_t *golden_run(const char *dir, const char *const *arguments, int *status)
{
    const char *argv[ARGUMENTS] = {golden_analyze(), "--report=json"};
    struct golden_output out;
    json_error_t error;
    json_t *report;
    size_t n = 2;

    while (*arguments && n + 1 < ARGUMENTS)
        argv[n++] = *arguments++;
    argv[n] = NULL;
    *status = -1;
    if (!golden_spawn(dir, argv, &out))
        return NULL;
    *status = out.status;
    report = json_loadf(out.file, 0, &error);
    if (!report)
        printf("no JSON from mptcp-analyze (exit status %d): line %d: %s\n", out.status, error.line,
               error.text);
    fclose(out.file);
    return report;
}

json_t *golden_report(const struct golden *g, const char *capture)
{
    char *servers = golden_path(g, "truth/servers.csv"), *churn = golden_path(g, "truth/churn.csv");
    const char *arguments[8];
    json_t *report;
    int status;
    size_t n = 0;

    if (golden_exists(servers)) {
        arguments[n++] = "--servers";
        arguments[n++] = "truth/servers.csv";
    }
    if (golden_exists(churn)) {
        arguments[n++] = "--churn";
        arguments[n++] = "truth/churn.csv";
    }
    arguments[n++] = capture;
    arguments[n] = NULL;
    free(servers);
    free(churn);
    report = golden_run(g->dir, arguments, &status);
    if (report && status != 0) {
        printf("mptcp-analyze %s/%s: exit status %d\n", g->dir, capture, status);
        json_decref(report);
        return NULL;
    }
    return report;
}

json_t *golden_at(const json_t *report, const char *path)
{
    const json_t *o = report;
    char part[64];

    while (o && *path) {
        size_t size = strcspn(path, ".");
        snprintf(part, sizeof part, "%.*s", (int)size, path);
        o = json_is_array(o) ? json_array_get(o, strtoul(part, NULL, 10))
                             : json_object_get(o, part);
        path += size + (path[size] == '.');
    }
    return (json_t *)(uintptr_t)o;
}

/* What one subflow adds to the words with @. */
static int64_t syn_retransmissions(const json_t *subflow)
{
    return json_integer_value(json_object_get(subflow, "syn_retransmissions"));
}

/* 1 when this side reset the subflow with MP_TCPRST before the join was usable. */
static int64_t early_tcprst(const json_t *subflow, const char *from)
{
    const json_t *reset = json_object_get(subflow, "reset");
    const char *who = json_string_value(json_object_get(reset, "from"));

    return who && strcmp(who, from) == 0 && json_is_integer(json_object_get(reset, "reason")) &&
           json_is_null(json_object_get(subflow, "usable_ns"));
}

static int64_t of_initial(const json_t *subflow, bool join)
{
    return join ? 0 : syn_retransmissions(subflow);
}

static int64_t of_join(const json_t *subflow, bool join)
{
    return join ? syn_retransmissions(subflow) : 0;
}

static int64_t tcprst_to_client(const json_t *subflow, bool join)
{
    return join ? early_tcprst(subflow, "server") : 0;
}

static int64_t tcprst_to_server(const json_t *subflow, bool join)
{
    return join ? early_tcprst(subflow, "client") : 0;
}

static const struct {
    const char *word;
    int64_t (*of)(const json_t *subflow, bool join);
} sums[] = {
    {"@initial_syn_retransmissions", of_initial},
    {"@join_syn_retransmissions", of_join},
    {"@tcprst_to_client_of_unusable_joins", tcprst_to_client},
    {"@tcprst_to_server_of_unusable_joins", tcprst_to_server},
};

/* Sums over subflows of MPTCP connections. */
static bool sum_over_subflows(const json_t *report, const char *word, int64_t *ret)
{
    const json_t *conn, *subflow;
    size_t i, k, which = 0;

    while (which < sizeof sums / sizeof *sums && strcmp(sums[which].word, word) != 0)
        which++;
    if (which == sizeof sums / sizeof *sums) {
        printf("no such sum: %s\n", word);
        return false;
    }
    *ret = 0;
    json_array_foreach(json_object_get(report, "connections"), i, conn)
    {
        const char *protocol = json_string_value(json_object_get(conn, "protocol"));
        if (protocol && strcmp(protocol, "tcp") == 0)
            continue;
        json_array_foreach(json_object_get(conn, "subflows"), k, subflow)
        {
            const char *role = json_string_value(json_object_get(subflow, "role"));
            *ret += sums[which].of(subflow, role && strcmp(role, "join") == 0);
        }
    }
    return true;
}

static bool value_of(const json_t *report, const char *word, int64_t *ret)
{
    const json_t *value;

    if (*word == '@')
        return sum_over_subflows(report, word, ret);
    value = golden_at(report, word);
    if (!json_is_integer(value)) {
        printf("the report has no number %s\n", word);
        return false;
    }
    *ret = json_integer_value(value);
    return true;
}

bool golden_sum(const json_t *report, const char *expression, int64_t *ret)
{
    char *text = golden_text("%s", expression), *save = NULL;
    int64_t sum = 0, value = 0, sign = 1;
    bool ok = true;

    for (char *w = strtok_r(text, " ", &save); w && ok; w = strtok_r(NULL, " ", &save)) {
        if (strcmp(w, "+") == 0 || strcmp(w, "-") == 0) {
            sign = *w == '-' ? -1 : 1;
            continue;
        }
        ok = value_of(report, w, &value);
        sum += sign * value;
        sign = 1;
    }
    free(text);
    *ret = sum;
    return ok;
}
