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

/* Sums over subflows of MPTCP connections. */
static bool sum_over_subflows(const json_t *report, const char *word, int64_t *ret)
{
    bool initial = strcmp(word, "@initial_syn_retransmissions") == 0;
    const json_t *conn, *subflow;
    size_t i, k;

    if (!initial && strcmp(word, "@join_syn_retransmissions") != 0)
        return false;
    *ret = 0;
    json_array_foreach(json_object_get(report, "connections"), i, conn)
    {
        const char *protocol = json_string_value(json_object_get(conn, "protocol"));
        if (protocol && strcmp(protocol, "tcp") == 0)
            continue;
        json_array_foreach(json_object_get(conn, "subflows"), k, subflow)
        {
            const char *role = json_string_value(json_object_get(subflow, "role"));
            if (role && (strcmp(role, "initial") == 0) == initial)
                *ret += json_integer_value(json_object_get(subflow, "syn_retransmissions"));
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
