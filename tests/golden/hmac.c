/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HMACs: those of healthy captures verify, and exactly those that the cable damaged do not.
 *
 * The client's capture is on the client's side of the cable: what the cable damaged toward the client is in it, and what it
 * damaged toward the server is in the servers' captures.
 */
#include "golden.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kinds[] = {"mp_join_synack", "mp_join_ack", "add_addr"};
/* As the cable's log calls them, and the direction that carries them. */
static const char *const cable_kinds[] = {"join-synack", "join-ack", "add_addr"};
static const char *const cable_dirs[] = {"ba", "ab", "ba"};

/* How many of a kind the cable damaged on their way to 'host'. */
static int64_t damaged(const struct golden_csv *cable, size_t kind, bool to_client)
{
    int64_t n = 0;

    if ((strcmp(cable_dirs[kind], "ba") == 0) != to_client)
        return 0;
    for (size_t i = 1; i < cable->row_count; i++) {
        n += strcmp(golden_csv_cell(cable, i, "action"), "damage") == 0 &&
             strstr(golden_csv_cell(cable, i, "kind"), cable_kinds[kind]) &&
             strcmp(golden_csv_cell(cable, i, "direction"), cable_dirs[kind]) == 0;
    }
    return n;
}

/* Sums of one capture, or false. */
static bool count_host(const struct golden *g, const char *host, int64_t sums[3][3],
                       size_t *captures)
{
    static const char *const words[] = {"ok", "bad", "unverifiable"};
    char *capture = golden_text("%s.pcap", host), *path = golden_path(g, capture);
    json_t *report = NULL;
    bool ok = true;

    if (golden_exists(path)) {
        report = golden_report(g, capture);
        ok = report != NULL;
        ++*captures;
    }
    for (size_t k = 0; report && ok && k < 3; k++) {
        for (size_t w = 0; ok && w < 3; w++) {
            char *where = golden_text("hmac.%s.%s", kinds[k], words[w]);
            int64_t value = 0;
            ok = golden_sum(report, where, &value);
            sums[k][w] += value;
            free(where);
        }
    }
    json_decref(report);
    free(path);
    free(capture);
    return ok;
}

static bool check_side(struct golden_differences *d, const struct golden_csv *cable, bool client)
{
    const struct golden *g = d->golden;
    int64_t sums[3][3] = {{0}};
    size_t captures = 0;

    for (size_t i = 0; i < g->host_count; i++) {
        bool is_client = strcmp(g->hosts[i], "client") == 0;
        if ((is_client || strncmp(g->hosts[i], "server", 6) == 0) && is_client == client &&
            !count_host(g, g->hosts[i], sums, &captures))
            return false;
    }
    if (captures == 0)
        return true; /* Not every recording has captures of the servers. */
    for (size_t k = 0; k < 3; k++) {
        const char *side = client ? "client" : "servers";
        char *bad = golden_text("%s: %s bad", side, kinds[k]);
        char *unverifiable = golden_text("%s: %s unverifiable", side, kinds[k]);
        golden_compare(d, bad, sums[k][1], damaged(cable, k, client), "as many as were damaged");
        golden_compare(d, unverifiable, sums[k][2], 0, "the captures hold every handshake");
        printf("  %s: %s: %" PRId64 " ok, %" PRId64 " bad\n", side, kinds[k], sums[k][0],
               sums[k][1]);
        free(bad);
        free(unverifiable);
    }
    return true;
}

int golden_hmac(int argc, char **argv)
{
    struct golden_csv cable = {0};
    struct golden_differences d;
    struct golden g;
    bool ok = true;
    char *path;

    if (argc != 2)
        return GOLDEN_USAGE;
    if (!golden_open(&g, argv[1]))
        return GOLDEN_DIFFERENT;
    path = golden_path(&g, "truth/cable.csv");
    if (golden_exists(path))
        ok = golden_csv_load(&cable, path);
    ok = golden_differences_open(&d, &g, "hmac") && ok;
    ok = ok && check_side(&d, &cable, true) && check_side(&d, &cable, false);
    ok = golden_differences_close(&d) == GOLDEN_OK && ok;
    free(path);
    if (cable.row_count)
        golden_csv_free(&cable);
    golden_close(&g);
    return ok ? GOLDEN_OK : GOLDEN_DIFFERENT;
}
