/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * golden forbidden DIR: joins to an address whose host set C, in the captures at the servers, are found by CBF-01 at their frames, and
 * nothing else is.
 *
 * Which these are says a decoder of the tests' own: a SYN with MP_JOIN to an address and port that sent a SYN+ACK with MP_CAPABLE and C,
 * accepted with a SYN+ACK.  One that is refused came to a server without its connection, where nobody can know whom it concerns.
 */
#include "golden.h"

#include "plain_frame.h"

#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLAG_C    0x20
#define JOINS_MAX 64

struct join {
    struct plain_segment syn;
    int64_t frame;
    bool accepted, found;
};

struct joins {
    struct join at[JOINS_MAX];
    size_t count;
    struct plain_segment forbidding; /* The latest SYN+ACK with C. */
    bool has_c;
};

static const struct plain_option *option_of(const struct plain_segment *s, unsigned subtype)
{
    for (int i = 0; i < s->option_count; i++)
        if (s->options[i].subtype == subtype)
            return &s->options[i];
    return NULL;
}

static void note_synack(struct joins *j, const struct plain_segment *s, const uint8_t *data)
{
    const struct plain_option *capable = option_of(s, 0);

    if (capable && (data[capable->at + 3] & FLAG_C)) {
        j->forbidding = *s;
        j->has_c = true;
    }
    for (size_t i = 0; option_of(s, 1) && i < j->count; i++) {
        const struct plain_segment *syn = &j->at[i].syn;

        if (s->dport == syn->sport && s->sport == syn->dport && s->ack == syn->seq + 1 &&
            strcmp(s->src, syn->dst) == 0 && strcmp(s->dst, syn->src) == 0)
            j->at[i].accepted = true;
    }
}

static void note(struct joins *j, const struct plain_segment *s, const uint8_t *data, int64_t frame)
{
    unsigned kind = s->flags & (PLAIN_SYN | PLAIN_ACK);

    if (kind == (PLAIN_SYN | PLAIN_ACK))
        note_synack(j, s, data);
    else if (kind == PLAIN_SYN && option_of(s, 1) && j->has_c && j->count < JOINS_MAX &&
             s->dport == j->forbidding.sport && strcmp(s->dst, j->forbidding.src) == 0)
        j->at[j->count++] = (struct join){.syn = *s, .frame = frame};
}

static bool read_joins(const char *path, struct joins *ret)
{
    char error[PCAP_ERRBUF_SIZE];
    pcap_t *p = pcap_open_offline(path, error);
    struct pcap_pkthdr *h;
    const u_char *data;

    *ret = (struct joins){0};
    if (!p) {
        printf("%s\n", error);
        return false;
    }
    for (int64_t frame = 1; pcap_next_ex(p, &h, &data) == 1; frame++) {
        struct plain_segment s;

        if (plain_parse(pcap_datalink(p), data, h->caplen, &s))
            note(ret, &s, data, frame);
    }
    pcap_close(p);
    return true;
}

/* Each finding of CBF-01 to its join; how many are none's. */
static int assign(const json_t *report, struct joins *j)
{
    const json_t *finding;
    size_t i;
    int strange = 0;

    json_array_foreach(json_object_get(report, "findings"), i, finding)
    {
        const json_t *first = json_array_get(json_object_get(finding, "frames"), 0);
        int64_t frame = json_integer_value(json_object_get(first, "frame"));
        bool known = false;

        if (strcmp(json_string_value(json_object_get(finding, "rule")), "CBF-01") != 0)
            continue;
        for (size_t n = 0; n < j->count; n++)
            if (j->at[n].accepted && j->at[n].frame == frame)
                known = j->at[n].found = true;
        if (!known) {
            printf("  CBF-01 at frame %" PRId64 ", which is no such join\n", frame);
            strange++;
        }
    }
    return strange;
}

static void check_file(const struct golden *g, const char *file, int *found, int *wrong)
{
    const char *arguments[] = {"--check", file, NULL};
    char *path = golden_path(g, file);
    struct joins j;
    json_t *report;
    int status;

    if (!golden_exists(path) || !read_joins(path, &j)) {
        free(path);
        return;
    }
    report = golden_run(g->dir, arguments, &status);
    *wrong += report ? assign(report, &j) : 1;
    for (size_t i = 0; i < j.count; i++) {
        if (!j.at[i].accepted)
            continue;
        printf("  %s: CBF-01 at frame %" PRId64 "%s\n", file, j.at[i].frame,
               j.at[i].found ? "" : ": NOT FOUND");
        *found += j.at[i].found;
        *wrong += !j.at[i].found;
    }
    json_decref(report);
    free(path);
}

int golden_forbidden(int argc, char **argv)
{
    struct golden g;
    int found = 0, wrong = 0;

    if (argc != 2)
        return GOLDEN_USAGE;
    if (!golden_open(&g, argv[1]))
        return GOLDEN_DIFFERENT;
    check_file(&g, "server1.pcap", &found, &wrong);
    check_file(&g, "server2.pcap", &found, &wrong);
    printf("%s: %d forbidden joins found at their frames, %d wrong\n", g.name, found, wrong);
    golden_close(&g);
    return found > 0 && wrong == 0 ? GOLDEN_OK : GOLDEN_DIFFERENT;
}
