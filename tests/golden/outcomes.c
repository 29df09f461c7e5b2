/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * golden outcomes DIR CAPTURE MIN_HIT MIN_FAILED: per connection, hit, survived and failed against what the application saw, joined by
 * the client's port.
 *
 * The application's log knows what failed.  What was hit is looked up in the client's capture with the tests' own decoder: a RST without
 * ACK from the address that the client connected to, before both sides had sent their FIN there.
 */
#include "golden.h"

#include "plain_frame.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORTS 65536

/* What the wire showed of the initial subflow that used a port of the client. */
struct wire {
    bool fin[2], reset;
};

static void look(struct wire *wire, const struct plain_segment *s, const char *vip)
{
    bool to_client = strcmp(s->src, vip) == 0;
    struct wire *w;

    if (!to_client && strcmp(s->dst, vip) != 0)
        return;
    w = wire + (to_client ? s->dport : s->sport);
    if (s->flags & PLAIN_FIN)
        w->fin[to_client] = true;
    if (to_client && (s->flags & PLAIN_RST) && !(s->flags & PLAIN_ACK) && !(w->fin[0] && w->fin[1]))
        w->reset = true;
}

static bool read_wire(const struct golden *g, const char *vip, struct wire *wire)
{
    char *path = golden_path(g, "client.pcap"), error[PCAP_ERRBUF_SIZE];
    pcap_t *p = pcap_open_offline(path, error);
    struct plain_segment s;
    struct pcap_pkthdr *h;
    const u_char *data;

    if (!p)
        printf("%s\n", error);
    while (p && pcap_next_ex(p, &h, &data) == 1) {
        if (plain_parse(pcap_datalink(p), data, h->caplen, &s))
            look(wire, &s, vip);
    }
    if (p)
        pcap_close(p);
    free(path);
    return p != NULL;
}

struct verdict {
    bool hit, failed;
    const char *text;
};

static struct verdict verdict_of(const json_t *conn)
{
    const json_t *survived = json_object_get(conn, "survived");
    const char *outcome = json_string_value(json_object_get(conn, "outcome"));
    struct verdict v = {.hit = json_array_size(json_object_get(conn, "hits")) > 0,
                        .failed = outcome && strcmp(outcome, "failed") == 0};

    v.text = v.failed                  ? (v.hit ? "hit and failed" : "failed without a hit")
             : !v.hit                  ? "not hit"
             : json_is_true(survived)  ? "hit and survived"
             : json_is_false(survived) ? "hit and not survived"
                                       : "hit and undetermined";
    return v;
}

static const json_t *by_port(const json_t *report, long port, size_t *matches)
{
    const json_t *conn, *found = NULL;
    size_t i;

    *matches = 0;
    json_array_foreach(json_object_get(report, "connections"), i, conn)
    {
        if (json_integer_value(golden_at(conn, "client.port")) == port) {
            found = conn;
            (*matches)++;
        }
    }
    return found;
}

struct totals {
    long downloads, hit, failed, agree;
};

static void compare_one(struct golden_differences *d, const json_t *report, const struct wire *wire,
                        const char *port, const char *outcome, struct totals *t)
{
    char *key = golden_text("port %s", port);
    bool ok = strcmp(outcome, "ok") == 0;
    struct verdict v;
    const json_t *conn;
    size_t matches, before = d->unknown + d->found;

    conn = by_port(report, strtol(port, NULL, 10), &matches);
    t->downloads++;
    if (matches != 1) {
        golden_difference(d, key, matches ? "several connections" : "no connection", outcome, "");
        free(key);
        return;
    }
    v = verdict_of(conn);
    t->hit += v.hit;
    t->failed += v.failed;
    if (ok ? strcmp(v.text, "not hit") != 0 && strcmp(v.text, "hit and survived") != 0 : !v.failed)
        golden_difference(d, key, v.text, outcome, "the application's outcome");
    if (v.hit != wire[strtol(port, NULL, 10)].reset)
        golden_difference(d, key, v.text, v.hit ? "no reset" : "reset",
                          "RST without ACK from the VIP in client.pcap");
    t->agree += d->unknown + d->found == before;
    free(key);
}

/* The address that the client connected to: the server of the first connection. */
static const char *vip_of(const json_t *report)
{
    const char *vip = json_string_value(golden_at(report, "connections.0.server.addr"));

    return vip ? vip : "";
}

static int check(struct golden *g, const char *capture, long min_hit, long min_failed)
{
    struct wire *wire = calloc(PORTS, sizeof *wire);
    json_t *report = golden_report(g, capture);
    struct golden_differences d;
    struct golden_csv app = {0};
    struct totals t = {0};
    char *path = golden_path(g, "truth/app-client.csv");
    bool ok = golden_differences_open(&d, g, "outcomes");

    if (!wire)
        abort();
    ok = ok && report && golden_csv_load(&app, path) && read_wire(g, vip_of(report), wire);
    for (size_t i = 1; ok && i < app.row_count; i++)
        compare_one(&d, report, wire, golden_csv_cell(&app, i, "port"),
                    golden_csv_cell(&app, i, "outcome"), &t);
    printf("%s %s: %ld downloads: report says %ld hit, %ld failed; %ld agree with the log\n",
           g->name, capture, t.downloads, t.hit, t.failed, t.agree);
    if (ok && (t.hit < min_hit || t.failed < min_failed)) {
        printf("  too few: at least %ld hit and %ld failed are needed\n", min_hit, min_failed);
        ok = false;
    }
    ok = golden_differences_close(&d) == GOLDEN_OK && ok;
    golden_csv_free(&app);
    json_decref(report);
    free(path);
    free(wire);
    return ok ? GOLDEN_OK : GOLDEN_DIFFERENT;
}

int golden_outcomes(int argc, char **argv)
{
    struct golden g;
    int status;

    if (argc != 5)
        return GOLDEN_USAGE;
    if (!golden_open(&g, argv[1]))
        return GOLDEN_DIFFERENT;
    status = check(&g, argv[2], strtol(argv[3], NULL, 10), strtol(argv[4], NULL, 10));
    golden_close(&g);
    return status;
}
