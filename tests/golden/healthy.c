/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * golden healthy DIR: the rules find no error in what real hosts did.
 *
 * Each capture of the folder is checked whole, from its middle on, in one direction only, and cut to 96 bytes a packet; and all of them
 * together.  Captures with faults on purpose break the rules that tests/golden/faulty.list names for them, and no other; whether these are found
 * where they are is the matter of golden faults.
 */
#include "golden.h"

#include <dirent.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SNAPLEN 96

struct context {
    const struct golden *golden;
    char *allowed; /* " AA-04 JN-02 ": rules that may give errors here. */
    size_t checked, errors;
};

/* The rules of this capture's line in faulty.list; belongs to the caller. */
static char *read_allowed(const struct golden *g)
{
    char *path = golden_text("%s/tests/golden/faulty.list", golden_source_dir());
    char *allowed = golden_text(" "), line[512];
    FILE *f = fopen(path, "r");

    while (f && fgets(line, sizeof line, f)) {
        char *save = NULL, *word = strtok_r(line, " \n", &save);

        if (!word || strcmp(word, g->name) != 0)
            continue;
        while ((word = strtok_r(NULL, " \n", &save))) {
            char *longer = golden_text("%s%s ", allowed, word);

            free(allowed);
            allowed = longer;
        }
    }
    if (f)
        fclose(f);
    free(path);
    return allowed;
}

static bool is_allowed(const struct context *c, const char *rule)
{
    char *word = golden_text(" %s ", rule);
    bool found = strstr(c->allowed, word) != NULL;

    free(word);
    return found;
}

static void judge(struct context *c, const char *label, const json_t *report, int status)
{
    const json_t *finding;
    size_t i, checked = 0;

    json_array_foreach(json_object_get(report, "rules"), i, finding) checked +=
        (size_t)json_integer_value(json_object_get(finding, "checked"));
    c->checked += checked;
    json_array_foreach(json_object_get(report, "findings"), i, finding)
    {
        const char *rule = json_string_value(json_object_get(finding, "rule"));
        const json_t *frame = json_array_get(json_object_get(finding, "frames"), 0);
        char *text;

        if (strcmp(json_string_value(json_object_get(finding, "severity")), "error") != 0 ||
            is_allowed(c, rule))
            continue;
        c->errors++;
        text = json_dumps(json_object_get(finding, "values"), JSON_COMPACT);
        printf("  %s: %s at frame %d of capture %d: %s %s\n", label, rule,
               (int)json_integer_value(json_object_get(frame, "frame")),
               (int)json_integer_value(json_object_get(frame, "capture")),
               json_string_value(json_object_get(finding, "text")), text ? text : "");
        free(text);
    }
    if (status > 1) {
        printf("  %s: exit status %d\n", label, status);
        c->errors++;
    }
}

/* One run with up to three further arguments. */
static json_t *run(struct context *c, const char *label, const char *a, const char *b,
                   const char *capture)
{
    char *servers = golden_path(c->golden, "truth/servers.csv");
    const char *arguments[8];
    json_t *report;
    size_t n = 0;
    int status;

    arguments[n++] = "--check";
    if (golden_exists(servers)) {
        arguments[n++] = "--servers";
        arguments[n++] = "truth/servers.csv";
    }
    if (a)
        arguments[n++] = a;
    if (b)
        arguments[n++] = b;
    arguments[n++] = capture;
    arguments[n] = NULL;
    free(servers);
    report = golden_run(c->golden->dir, arguments, &status);
    if (report)
        judge(c, label, report, status);
    else
        c->errors++;
    return report;
}

static bool cut(const char *from, const char *to)
{
    char error[PCAP_ERRBUF_SIZE];
    pcap_t *in = pcap_open_offline_with_tstamp_precision(from, PCAP_TSTAMP_PRECISION_NANO, error);
    pcap_t *out = in ? pcap_open_dead_with_tstamp_precision(pcap_datalink(in), SNAPLEN,
                                                            PCAP_TSTAMP_PRECISION_NANO)
                     : NULL;
    pcap_dumper_t *d = out ? pcap_dump_open(out, to) : NULL;
    struct pcap_pkthdr *h;
    const u_char *data;
    bool ok = d != NULL;

    while (d && pcap_next_ex(in, &h, &data) == 1) {
        if (h->caplen > SNAPLEN)
            h->caplen = SNAPLEN;
        pcap_dump((u_char *)d, h, data);
    }
    if (d)
        pcap_dump_close(d);
    if (out)
        pcap_close(out);
    if (in)
        pcap_close(in);
    return ok;
}

/* An address of a client: what it sends, and what it receives, are captures of one direction. */
static char *client_of(const json_t *report)
{
    const char *addr = json_string_value(golden_at(report, "connections.0.client.addr"));

    return addr ? golden_text("%s", addr) : NULL;
}

static void check_file(struct context *c, const char *file)
{
    char *label = golden_text("%s", file), *path = golden_path(c->golden, file), *client;
    char *small = golden_text("/tmp/mpa-healthy-%d.pcap", (int)getpid());
    json_t *report = run(c, label, NULL, NULL, file);
    int64_t last = 0;

    if (golden_sum(report, "captures.0.last_ns", &last)) {
        char *from = golden_text("--from=+%.9f", (double)last / 2e9);

        json_decref(run(c, "from the middle on", from, NULL, file));
        free(from);
    }
    client = client_of(report);
    for (int i = 0; client && i < 2; i++) {
        char *filter = golden_text("%s host %s", i ? "dst" : "src", client);

        json_decref(run(c, filter, "-f", filter, file));
        free(filter);
    }
    if (cut(path, small))
        json_decref(run(c, "cut to 96 bytes", NULL, NULL, small));
    else
        c->errors++;
    unlink(small);
    json_decref(report);
    free(client);
    free(small);
    free(path);
    free(label);
}

int golden_healthy(int argc, char **argv)
{
    struct golden g;
    struct context c = {.golden = &g};
    struct dirent *entry;
    DIR *dir;

    if (argc != 2)
        return GOLDEN_USAGE;
    if (!golden_open(&g, argv[1]))
        return GOLDEN_DIFFERENT;
    c.allowed = read_allowed(&g);
    dir = opendir(g.dir);
    while (dir && (entry = readdir(dir))) {
        const char *dot = strrchr(entry->d_name, '.');

        if (dot && strcmp(dot, ".pcap") == 0)
            check_file(&c, entry->d_name);
    }
    if (dir)
        closedir(dir);
    json_decref(run(&c, "all together", NULL, NULL, "."));
    printf("%s: %zu judgements, %zu errors that are none\n", g.name, c.checked, c.errors);
    free(c.allowed);
    golden_close(&g);
    return c.checked > 0 && c.errors == 0 ? GOLDEN_OK : GOLDEN_DIFFERENT;
}
