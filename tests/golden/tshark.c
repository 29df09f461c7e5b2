/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * golden tshark DIR [FILE]: option counts, segments, packets and bytes of each subflow, and tokens of the report against what tshark
 * decodes of the same capture (client.pcap unless another is named).
 */
#include "golden.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Columns asked of tshark, in this order. */
enum column {
    COL_FRAME,
    COL_SRC4,
    COL_DST4,
    COL_SRC6,
    COL_DST6,
    COL_SPORT,
    COL_DPORT,
    COL_FLAGS,
    COL_LEN,
    COL_KIND,
    COL_SIZE,
    COL_SUBTYPE,
    COL_ECHO,
    COL_TOKEN,
    COL_ICMP,
    COL_ICMP6,
    COLUMNS
};

static const char *const fields[COLUMNS] = {
    "frame.number",
    "ip.src",
    "ip.dst",
    "ipv6.src",
    "ipv6.dst",
    "tcp.srcport",
    "tcp.dstport",
    "tcp.flags",
    "tcp.len",
    "tcp.option_kind",
    "tcp.option_len",
    "tcp.options.mptcp.subtype",
    "tcp.options.mptcp.echo",
    "mptcp.expected_token",
    "icmp.type",
    "icmpv6.type",
};

#define SYN 0x02
#define RST 0x04
#define ACK 0x10

/* What tshark says, in the report's shape. */
struct second {
    json_t *options;  /* word -> [to_server, to_client] */
    json_t *subflows; /* "client:port server:port" -> [packets, packets, bytes, bytes] */
    json_t *clients, *servers, *tokens; /* Sets. */
    int64_t frames, segments, resets;
};

static void add(json_t *object, const char *key, size_t index, int64_t n)
{
    json_t *array = json_object_get(object, key);

    if (!array) {
        array = json_pack("[i,i,i,i]", 0, 0, 0, 0);
        json_object_set_new(object, key, array);
    }
    json_array_set_new(array, index,
                       json_integer(json_integer_value(json_array_get(array, index)) + n));
}

static int64_t get(const json_t *object, const char *key, size_t index)
{
    return json_integer_value(json_array_get(json_object_get(object, key), index));
}

/* The n-th of a comma-separated list; "" past its end.  'buffer' has 'size' bytes. */
static const char *item(const char *list, size_t n, char *buffer, size_t size)
{
    size_t length;

    while (n-- && *list) {
        list += strcspn(list, ",");
        list += *list == ',';
    }
    length = strcspn(list, ",");
    snprintf(buffer, size, "%.*s", (int)length, list);
    return buffer;
}

static const char *word_of(unsigned subtype, unsigned flags, unsigned size, bool echo)
{
    static const char *const fixed[] = {
        NULL, NULL, "dss", NULL, "remove_addr", "mp_prio", "mp_fail", "mp_fastclose", "mp_tcprst"};

    switch (subtype) {
    case 0:
        return flags & SYN ? (flags & ACK ? "mp_capable_synack" : "mp_capable_syn")
                           : (size > 20 ? "mp_capable_data" : "mp_capable_ack");
    case 1:
        return flags & SYN ? (flags & ACK ? "mp_join_synack" : "mp_join_syn") : "mp_join_ack";
    case 3:
        return echo ? "add_addr_echo" : "add_addr";
    default:
        return subtype < sizeof fixed / sizeof *fixed ? fixed[subtype] : "unknown";
    }
}

/* Walk the options: every kind but 0 and 1 has a length, every kind 30 a subtype. */
static void count_options(struct second *s, char **cell, unsigned flags, bool to_client)
{
    char kind[16], text[16];
    size_t lengths = 0, subtypes = 0;

    for (size_t i = 0; *item(cell[COL_KIND], i, kind, sizeof kind); i++) {
        unsigned long number = strtoul(kind, NULL, 0), size;
        if (number < 2)
            continue;
        size = strtoul(item(cell[COL_SIZE], lengths++, text, sizeof text), NULL, 0);
        if (number == 30) {
            unsigned long subtype =
                strtoul(item(cell[COL_SUBTYPE], subtypes++, text, sizeof text), NULL, 0);
            bool echo = cell[COL_ECHO][0] == '1' || cell[COL_ECHO][0] == 'T';
            add(s->options, word_of((unsigned)subtype, flags, (unsigned)size, echo), to_client, 1);
        }
    }
}

/* Who is the server?  Whoever a first SYN was sent to; a join comes from a client unless its sender is a known server. */
static void learn_hosts(struct second *s, const char *src, const char *dst, unsigned flags)
{
    bool reverse;

    if ((flags & (SYN | ACK)) != SYN)
        return;
    reverse = json_object_get(s->servers, src) != NULL;
    json_object_set_new(s->clients, reverse ? dst : src, json_true());
    json_object_set_new(s->servers, reverse ? src : dst, json_true());
}

static void take_frame(struct second *s, char **cell)
{
    const char *src = *cell[COL_SRC4] ? cell[COL_SRC4] : cell[COL_SRC6];
    const char *dst = *cell[COL_DST4] ? cell[COL_DST4] : cell[COL_DST6];
    unsigned flags = (unsigned)strtoul(cell[COL_FLAGS], NULL, 0);
    char key[160], token[16];
    bool to_client;

    s->frames++;
    if (!*cell[COL_FLAGS] || *cell[COL_ICMP] || *cell[COL_ICMP6])
        return;
    s->segments++;
    s->resets += (flags & RST) != 0;
    learn_hosts(s, src, dst, flags);
    to_client = json_object_get(s->clients, dst) != NULL;
    count_options(s, cell, flags, to_client);
    snprintf(key, sizeof key, "%s:%s %s:%s", to_client ? dst : src,
             cell[to_client ? COL_DPORT : COL_SPORT], to_client ? src : dst,
             cell[to_client ? COL_SPORT : COL_DPORT]);
    add(s->subflows, key, to_client, 1);
    add(s->subflows, key, 2u + to_client, strtoll(cell[COL_LEN], NULL, 10));
    for (size_t i = 0; *item(cell[COL_TOKEN], i, token, sizeof token); i++) {
        snprintf(key, sizeof key, "%08lx", strtoul(token, NULL, 0));
        json_object_set_new(s->tokens, key, json_true());
    }
}

static bool run_tshark(const struct golden *g, const char *file, struct second *s)
{
    const char *argv[16 + 2 * COLUMNS] = {
        "tshark", "-n", "-r",           file, "-T",
        "fields", "-E", "separator=/t", "-o", "tcp.desegment_tcp_streams:FALSE"};
    struct golden_output out;
    size_t n = 10, size = 0;
    char *line = NULL;

    for (size_t i = 0; i < COLUMNS; i++) {
        argv[n++] = "-e";
        argv[n++] = fields[i];
    }
    argv[n] = NULL;
    if (!golden_spawn(g->dir, argv, &out))
        return false;
    while (getline(&line, &size, out.file) > 0) {
        char *cell[COLUMNS], *rest = line;
        line[strcspn(line, "\n")] = '\0';
        for (size_t i = 0; i < COLUMNS; i++) {
            char *next = rest ? strsep(&rest, "\t") : NULL;
            cell[i] = next ? next : line + strlen(line);
        }
        take_frame(s, cell);
    }
    free(line);
    fclose(out.file);
    return out.status == 0;
}

/* ---- Comparing ---- */

static void compare_options(struct golden_differences *d, const struct second *s,
                            const json_t *report, const char *file)
{
    static const char *const ends[] = {"to_server", "to_client"};
    const char *word;
    json_t *both;

    json_object_foreach(json_object_get(report, "options"), word, both)
    {
        for (size_t i = 0; i < 2; i++) {
            char *key = golden_text("%s: %s %s", file, word, ends[i]);
            int64_t ours = json_integer_value(json_object_get(both, ends[i]));
            golden_compare(d, key, ours, get(s->options, word, i), "tshark's count");
            free(key);
        }
    }
}

static void end_text(const json_t *end, char *ret, size_t size)
{
    const char *addr = json_string_value(json_object_get(end, "addr"));

    snprintf(ret, size, "%s:%" JSON_INTEGER_FORMAT, addr ? addr : "?",
             json_integer_value(json_object_get(end, "port")));
}

/* The report's subflows in the same shape: ports may be used again, so they are summed. */
static json_t *subflows_of(const json_t *report)
{
    json_t *sums = json_object();
    const json_t *conn, *f;
    size_t i, k;

    json_array_foreach(json_object_get(report, "connections"), i, conn)
    {
        json_array_foreach(json_object_get(conn, "subflows"), k, f)
        {
            char client[80], server[80], key[160];
            end_text(json_object_get(f, "client"), client, sizeof client);
            end_text(json_object_get(f, "server"), server, sizeof server);
            snprintf(key, sizeof key, "%s %s", client, server);
            add(sums, key, 0, json_integer_value(golden_at(f, "packets.to_server")));
            add(sums, key, 1, json_integer_value(golden_at(f, "packets.to_client")));
            add(sums, key, 2,
                json_integer_value(golden_at(f, "bytes.to_server")) +
                    json_integer_value(golden_at(f, "retransmitted_bytes.to_server")));
            add(sums, key, 3,
                json_integer_value(golden_at(f, "bytes.to_client")) +
                    json_integer_value(golden_at(f, "retransmitted_bytes.to_client")));
        }
    }
    return sums;
}

static void compare_subflows(struct golden_differences *d, const struct second *s,
                             const json_t *report, const char *file)
{
    static const char *const what[] = {"packets to_server", "packets to_client", "bytes to_server",
                                       "bytes to_client"};
    json_t *ours = subflows_of(report), *value;
    const char *key;

    json_object_foreach(s->subflows, key, value)
    {
        for (size_t i = 0; i < 4; i++) {
            char *name = golden_text("%s: %s %s", file, key, what[i]);
            golden_compare(d, name, get(ours, key, i), get(s->subflows, key, i), "by tshark");
            free(name);
        }
    }
    json_object_foreach(ours, key, value)
    {
        if (!json_object_get(s->subflows, key))
            golden_difference(d, key, "a subflow", "none", "tshark has no such conversation");
    }
    json_decref(ours);
}

/* Every token of the report must be one that tshark derived from a key. */
static void compare_tokens(struct golden_differences *d, const struct second *s,
                           const json_t *report, const char *file)
{
    static const char *const ends[] = {"token_client", "token_server"};
    const json_t *conn;
    size_t i;

    json_array_foreach(json_object_get(report, "connections"), i, conn)
    {
        for (size_t k = 0; k < 2; k++) {
            const char *token = json_string_value(json_object_get(conn, ends[k]));
            char *key = golden_text("%s: connection %zu %s", file, i, ends[k]);
            if (token && !json_object_get(s->tokens, token))
                golden_difference(d, key, token, "no such token", "derived by tshark");
            free(key);
        }
    }
}

static int check(const struct golden *g, const char *file)
{
    struct second s = {.options = json_object(),
                       .subflows = json_object(),
                       .clients = json_object(),
                       .servers = json_object(),
                       .tokens = json_object()};
    json_t *report = golden_report(g, file);
    struct golden_differences d;
    int64_t packets = 0, segments = 0, resets = 0;
    bool ok = golden_differences_open(&d, g, "tshark");

    ok = ok && report && run_tshark(g, file, &s) && s.frames > 0;
    ok = ok && golden_sum(report, "captures.0.packets", &packets) &&
         golden_sum(report, "captures.0.tcp_segments", &segments) &&
         golden_sum(report, "resets.packets", &resets);
    if (ok) {
        golden_compare(&d, "packets", packets, s.frames, "tshark's frames");
        golden_compare(&d, "tcp_segments", segments, s.segments, "tshark's TCP frames");
        golden_compare(&d, "resets.packets", resets, s.resets, "tshark's frames with RST");
        compare_options(&d, &s, report, file);
        compare_subflows(&d, &s, report, file);
        compare_tokens(&d, &s, report, file);
        printf("%s/%s: %" PRId64 " frames, %zu subflows, %zu tokens compared with tshark\n",
               g->name, file, s.frames, json_object_size(s.subflows), json_object_size(s.tokens));
    }
    ok = golden_differences_close(&d) == GOLDEN_OK && ok;
    json_decref(s.options);
    json_decref(s.subflows);
    json_decref(s.clients);
    json_decref(s.servers);
    json_decref(s.tokens);
    json_decref(report);
    return ok ? GOLDEN_OK : GOLDEN_DIFFERENT;
}

int golden_tshark(int argc, char **argv)
{
    const char *version[] = {"tshark", "--version", NULL};
    struct golden_output out;
    struct golden g;
    int status;

    if (argc < 2 || argc > 3)
        return GOLDEN_USAGE;
    if (!golden_spawn(NULL, version, &out))
        return GOLDEN_DIFFERENT;
    fclose(out.file);
    if (out.status == 127) {
        const char *ci = getenv("CI");
        printf("tshark is not installed\n");
        return ci && *ci ? GOLDEN_DIFFERENT : GOLDEN_SKIP;
    }
    if (!golden_open(&g, argv[1]))
        return GOLDEN_DIFFERENT;
    status = check(&g, argc > 2 ? argv[2] : "client.pcap");
    golden_close(&g);
    return status;
}
