/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * golden faults DIR: what the cable did to packets on purpose (truth/cable.csv) must be found by the right rule at the right frame, in the
 * capture behind the cable.
 *
 * The frame is looked up by a decoder of the tests' own: addresses, ports, numbers, and the time at which the cable let it go.
 */
#include "golden.h"

#include "plain_frame.h"

#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEAR_NS 5000000 /* Between the cable's log and the capture of the next host. */

#define SLL2_MORE                                                                                  \
    6 /* Bytes by which a cooked header is longer than Ethernet's, which the log counts. */

/* What the cable does, and the rule that it breaks. */
static const struct {
    const char *action, *kind, *rule;
} faults[] = {
    {"damage", "add_addr", "AA-04"}, {"damage", "join-synack", "JN-02"},
    {"damage", "join-ack", "JN-03"}, {"damage-payload", "data", "FL-02"},
    {"flip-id", "echo", "AA-02"},
};

/* A packet as the cable let it go. */
struct sent {
    int64_t ns;
    const char *src, *dst;
    unsigned long sport, dport, seq, length;
    bool to_client;
};

static bool same_packet(const struct sent *p, int64_t ns, unsigned length,
                        const struct plain_segment *s)
{
    int64_t apart = ns > p->ns ? ns - p->ns : p->ns - ns;

    /* Servers see what NAT made of addresses; ports of the client and numbers stay. */
    return apart <= NEAR_NS && length == p->length && s->sport == p->sport &&
           s->dport == p->dport && s->seq == p->seq &&
           strcmp(p->to_client ? s->dst : s->src, p->to_client ? p->dst : p->src) == 0;
}

/* Its number in the capture file; 0 where it is not. */
static int64_t frame_of(const char *path, const struct sent *packet)
{
    char error[PCAP_ERRBUF_SIZE];
    pcap_t *p = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, error);
    struct pcap_pkthdr *h;
    const u_char *data;
    int64_t number = 0;

    if (!p) {
        printf("%s\n", error);
        return 0;
    }
    for (int64_t at = 1; number == 0 && pcap_next_ex(p, &h, &data) == 1; at++) {
        struct plain_segment s;

        if (plain_parse(pcap_datalink(p), data, h->caplen, &s) &&
            same_packet(packet, (int64_t)h->ts.tv_sec * 1000000000 + h->ts.tv_usec,
                        h->len - (pcap_datalink(p) == DLT_LINUX_SLL2 ? SLL2_MORE : 0), &s))
            number = at;
    }
    pcap_close(p);
    return number;
}

static bool has_finding(const json_t *report, const char *rule, int64_t frame)
{
    const json_t *finding;
    size_t i;

    json_array_foreach(json_object_get(report, "findings"), i, finding)
    {
        const json_t *first = json_array_get(json_object_get(finding, "frames"), 0);

        if (strcmp(json_string_value(json_object_get(finding, "rule")), rule) == 0 &&
            json_integer_value(json_object_get(first, "frame")) == frame)
            return true;
    }
    return false;
}

/* 1 found, -1 not found, 0 the packet is not in this capture. */
static int find_in(const struct golden *g, const char *file, const struct sent *packet,
                   const char *rule)
{
    const char *arguments[] = {"--check", file, NULL};
    char *path = golden_path(g, file);
    int64_t frame = golden_exists(path) ? frame_of(path, packet) : 0;
    bool found = false;
    int status;

    if (frame) {
        json_t *report = golden_run(g->dir, arguments, &status);

        found = report && status == 1 && has_finding(report, rule, frame);
        printf("  %s: %s at frame %" PRId64 "%s\n", file, rule, frame, found ? "" : ": NOT FOUND");
        json_decref(report);
    }
    free(path);
    return frame == 0 ? 0 : found ? 1 : -1;
}

/* In the capture of a host behind the cable; 0 where there is none. */
static int find_fault(const struct golden *g, const struct sent *packet, const char *rule)
{
    static const char *const behind[] = {"server1.pcap", "server2.pcap", "balancer.pcap"};
    bool any = packet->to_client;
    int found = packet->to_client ? find_in(g, "client.pcap", packet, rule) : 0;

    for (size_t i = 0; !packet->to_client && i < 3 && found == 0; i++) {
        char *path = golden_path(g, behind[i]);

        any |= golden_exists(path);
        found = find_in(g, behind[i], packet, rule);
        free(path);
    }
    if (found == 0 && any) {
        printf("  %s: the packet of port %lu is in no capture\n", rule,
               packet->to_client ? packet->dport : packet->sport);
        return -1;
    }
    return found;
}

static int check_row(const struct golden *g, const struct golden_csv *csv, size_t row)
{
    const char *action = golden_csv_cell(csv, row, "action");
    const char *kind = golden_csv_cell(csv, row, "kind");
    struct sent packet = {
        .ns = strtoll(golden_csv_cell(csv, row, "out_ns"), NULL, 10),
        .src = golden_csv_cell(csv, row, "src"),
        .dst = golden_csv_cell(csv, row, "dst"),
        .sport = strtoul(golden_csv_cell(csv, row, "sport"), NULL, 10),
        .dport = strtoul(golden_csv_cell(csv, row, "dport"), NULL, 10),
        .seq = strtoul(golden_csv_cell(csv, row, "seq"), NULL, 10),
        .length = strtoul(golden_csv_cell(csv, row, "length"), NULL, 10),
        .to_client = strcmp(golden_csv_cell(csv, row, "direction"), "ba") == 0,
    };

    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        if (strcmp(action, faults[i].action) == 0 && strcmp(kind, faults[i].kind) == 0)
            return find_fault(g, &packet, faults[i].rule);
    return 0;
}

int golden_faults(int argc, char **argv)
{
    struct golden_csv csv = {0};
    struct golden g;
    int found = 0, missed = 0;
    char *path;

    if (argc != 2)
        return GOLDEN_USAGE;
    if (!golden_open(&g, argv[1]))
        return GOLDEN_DIFFERENT;
    path = golden_path(&g, "truth/cable.csv");
    if (!golden_csv_load(&csv, path))
        missed = 1;
    for (size_t row = 1; row < csv.row_count; row++) {
        int one = check_row(&g, &csv, row);

        found += one > 0;
        missed += one < 0;
    }
    printf("%s: %d faults found at their frames, %d missed\n", g.name, found, missed);
    golden_csv_free(&csv);
    free(path);
    golden_close(&g);
    return found > 0 && missed == 0 ? GOLDEN_OK : GOLDEN_DIFFERENT;
}
