/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text: the first lines word by word, the page's width, bounds, stories. */
#include "fixture.h"

#include "mpa/record_pack.h"
#include "mpa/status.h"
#include "text.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const struct mpa_writer_options plain = {0};
static const struct mpa_writer_options explain = {.explain = true};

static void check_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fprintf(stderr, "\nmissing: %s\n", part);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, part));
}

/* What an operator asks is answered at the top. */
static void test_verdict(void)
{
    static const char first[] =
        "12 of 14 connections left the VIP 10.9.0.1 (median 42.0 ms after establishment,";
    struct fixture f;
    char *text;

    fixture_report(&f);
    text = fixture_text(&f.report, 8, false, &plain);
    CU_ASSERT_EQUAL(strncmp(text, first, sizeof(first) - 1), 0);
    check_has(text, "\nADD_ADDR: 14 advertised, 13 echoed, 1 never echoed, 3 sent again; latency "
                    "p50 20.3 ms, p95");
    check_has(text, "measured at the advertiser");
    check_has(text, "\nchurn: 11 hit, 10 survived, 1 failed (unprotected window); data stood still "
                    "for p50 230 ms,");
    check_has(text, "\nchurn, plain TCP: 2 hit, 2 failed\n");
    check_has(text, "\nresets: 20 (483 packets): 1 misrouted_join, 2 prohibited,");
    check_has(text, "\noff the balancer's path: 97.2 % of the bytes to the client\n");
    check_has(text, "\nHMAC: 1 wrong in ADD_ADDR, 38 correct, 3 not verifiable\n");
    check_has(text, "\nfallback: 1 connection: 1 synack_plain\n");
    free(text);
}

/* What stands behind an address, and what its joins found there. */
static void test_deployments(void)
{
    struct mpa_rec_deployment all[5] = {0};
    struct fixture f;
    char *text;

    fixture_report(&f);
    text = fixture_text(&f.report, 1, false, &plain);
    check_has(text,
              "\ndeployment of 10.9.0.1: a balancer or anycast, left by unique addresses (D1/D2), "
              "medium confidence;\n  not consistent, see connections 3, 7\n");
    CU_ASSERT_PTR_NULL(strstr(text, "v6-secret"));
    free(text);
    for (int i = 0; i < 5; i++)
        all[i] = f.deployment;
    all[1].mode = "D0"; /* Nothing was tried there: not a word. */
    all[1].what = "plain MPTCP";
    all[1].confidence = "low";
    all[1].consistent = MPA_NULL;
    all[2].mode = "D3";
    all[2].what = "a balancer that knows tokens";
    all[2].consistent = 1;
    f.report.deployments = all;
    f.report.deployment_count = 5;
    f.report.v6_given = true;
    f.report.v6_ok = 1;
    f.report.v6_bad = 2;
    text = fixture_text(&f.report, 1, false, &plain);
    CU_ASSERT_PTR_NULL(strstr(text, "plain MPTCP"));
    check_has(text, "a balancer that knows tokens (D3), medium confidence; joins find the host");
    check_has(text, "\ndeployment: 1 more address, see below\n");
    check_has(text, "\naddresses by --v6-secret: 1 follows from it, 2 do not\n");
    free(text);
    all[1].consistent = 0; /* Servers that share an address and let clients join it. */
    all[1].lacks_c = true;
    all[2].vip_misses = true;
    text = fixture_text(&f.report, 1, false, &plain);
    check_has(text, "plain MPTCP (D0), low confidence; joins reach another server than");
    check_has(text, "must set C, see connections 3, 7\n");
    check_has(text, "joins to the unique");
    free(text);
}

/* A snap length is said once, with what it costs, and a damaged file is. */
static void test_limits(void)
{
    static const char said[] = "captured: snap length 128 is too short for: DSS checksums\n";
    struct fixture f;
    char *text;
    char *at;

    fixture_report(&f);
    text = fixture_text(&f.report, 1, false, &plain);
    at = strstr(text, said);
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    CU_ASSERT_PTR_NULL(strstr(at + sizeof(said) - 1, "too short for: DSS"));
    check_has(text, "captured: server.pcap: ends in the middle of a packet\n");
    free(text);
}

static void test_other_verdicts(void)
{
    struct fixture f;
    char *text;

    fixture_empty_report(&f);
    text = fixture_text(&f.report, 0, false, &plain);
    check_has(text, "No MPTCP connection: nothing could leave a VIP\n");
    check_has(text, "churn: no connection was hit, no event seen\n");
    check_has(text, "resets: none\n");
    free(text);
    fixture_report(&f);
    f.report.add_addr.turnaround = true;
    f.report.add_addr.vantage = MPA_AA_VANTAGE_RECEIVER;
    f.report.vips_inferred = true;
    f.report.churn.mptcp_unprotected = 0;
    f.report.churn.mptcp_failed = 0;
    text = fixture_text(&f.report, 8, false, &plain);
    check_has(text, "turnaround p50 20.3 ms");
    CU_ASSERT_PTR_NULL(strstr(text, "latency"));
    check_has(text, "10.9.0.1 (inferred)");
    check_has(text, "churn: 11 hit, 10 survived, none failed;");
    free(text);
}

/* One connection that is not of the fixture's kinds, as text. */
static char *text_of(struct mpa_rec_conn *conn, const struct mpa_rec_report *report)
{
    char *ret = NULL;
    size_t size;
    FILE *out = open_memstream(&ret, &size);
    struct mpa_writer *w = out ? mpa_writer_text(out, &explain) : NULL;

    CU_ASSERT_PTR_NOT_NULL_FATAL(w);
    CU_ASSERT_EQUAL(w->begin(w, report), MPA_OK);
    CU_ASSERT_EQUAL(w->connection(w, conn), MPA_OK);
    CU_ASSERT_EQUAL(w->end(w, report), MPA_OK);
    w->free(w);
    fclose(out);
    return ret;
}

/* Stayed until churn took the VIP away; and a capture that cannot see the direct path. */
static void test_other_states(void)
{
    struct mpa_rec_conn *conn = fixture_conn(0, STAYED, false);
    struct fixture f;
    char *text;

    fixture_report(&f);
    conn->migration.left_by = MPA_LEFT_BY_RESET;
    text = text_of(conn, &f.report);
    check_has(text, " 1 joined and stayed (1 of them until a reset),");
    check_has(text, "  by reset ");
    check_has(text, "  end: reset by the server on subflow 1 (frame 1#77), application:");
    free(text);
    conn->migration.state = MPA_MIGRATION_ADVERTISED_ONLY;
    f.report.migration.advertised_only = 2;
    text = text_of(conn, &f.report);
    check_has(text, "2 with no join seen here");
    check_has(text, "  no join seen ");
    check_has(text, "  next: no join to the advertised address was seen:");
    free(text);
    conn->add_addrs[0].hmac = MPA_HMAC_BAD;
    text = text_of(conn, &f.report);
    check_has(text, "  next: the HMAC of an ADD_ADDR (frame 0#4) is wrong");
    free(text);
    mpa_record_free(conn);
}

/* No line is longer than the page, in none of the forms. */
static void check_width(const char *text)
{
    const char *line = text;
    const char *p;
    int width = 0;

    for (p = text; *p != '\0'; p++) {
        if (*p == '\n') {
            if (width > TEXT_WIDTH)
                fprintf(stderr, "\n%d: %.*s\n", width, (int)(p - line), line);
            CU_ASSERT(width <= TEXT_WIDTH);
            CU_ASSERT(p == line || p[-1] != ' ');
            line = p + 1;
            width = 0;
        } else if (((unsigned char)*p & 0xc0) != 0x80) {
            width++;
        }
    }
}

static void test_width(void)
{
    struct fixture f;
    char *text;
    int i;

    for (i = 0; i < 4; i++) {
        fixture_report(&f);
        f.captures[1].file = "/a/folder/with/a/long/name/and/another/one/below/it/"
                             "balancer-eth0-2026-11-20.pcapng.zst";
        text = fixture_text(&f.report, i % 2 ? 80 : 8, i / 2, &explain);
        check_width(text);
        free(text);
    }
}

/* Of many connections those that matter are shown, and how to see the others. */
static void test_bounds(void)
{
    struct fixture f;
    char *text;

    fixture_report(&f);
    text = fixture_text(&f.report, 4000, false, &plain);
    check_has(text,
              "\nConnections (50 of 4,000, failed, hit and not moved first) (all: to 10.9.0.1:80");
    check_has(
        text,
        "\n  3,950 more: --csv DIR and --report=json hold all; --select connection=ID shows one\n");
    /* The first row is the first that failed. */
    check_has(text, "  CHURN\n    2  10.1.0.3:40002  ");
    check_has(text, "\nADD_ADDR (20 of 2,500, wrong, unanswered and slow first)");
    CU_ASSERT(strlen(text) < 20000);
    free(text);
}

static void test_story(void)
{
    struct fixture f;
    char *text;

    fixture_report(&f);
    text = fixture_text(&f.report, 8, false, &explain);
    check_has(text, "\nConnection 1: 10.1.0.2:40001 -> 10.9.0.1:80, rfc8684, closed\n");
    check_has(text, "handled by s1 (known by mac) from 0.010 s to 0.510 s, 200 packets\n");
    check_has(text, "         0.000 ms      0#1  client  SYN [subflow 0]\n");
    check_has(text, "        28.000 ms      0#5  server  ADD_ADDR ID 25 10.2.0.11 [subflow 0]\n");
    check_has(text, "server  RST, redirect: churn: a server without state");
    check_has(text, "\n  ... and 3 more\n");
    check_has(text, "\n  end: both sides closed it and acknowledged that\n");
    check_has(text,
              "  end: a redirect hit subflow 0 (frame 1#77) before a direct subflow was usable");
    check_has(text, "  next: nothing to repair; it went on after the hit (frame 1#77), data stood "
                    "still for 230 ms\n");
    check_has(text, "  next: plain TCP cannot survive a redirect");
    free(text);
    text = fixture_text(&f.report, 8, false, &plain);
    CU_ASSERT_PTR_NULL(strstr(text, "next:"));
    free(text);
}

static void test_units(void)
{
    char text[TEXT_CELL];

    CU_ASSERT_STRING_EQUAL(text_duration(0, text), "0 ns");
    CU_ASSERT_STRING_EQUAL(text_duration(999, text), "999 ns");
    CU_ASSERT_STRING_EQUAL(text_duration(1500, text), "1.50 us");
    CU_ASSERT_STRING_EQUAL(text_duration(20300000, text), "20.3 ms");
    CU_ASSERT_STRING_EQUAL(text_duration(999400000, text), "999 ms");
    CU_ASSERT_STRING_EQUAL(text_duration(999500000, text), "1.00 s");
    CU_ASSERT_STRING_EQUAL(text_duration(-1500, text), "-1.50 us");
    CU_ASSERT_STRING_EQUAL(text_duration(9996, text), "10.0 us");
    CU_ASSERT_STRING_EQUAL(text_duration(MPA_NULL, text), "-");
    CU_ASSERT_STRING_EQUAL(text_bytes(999, text), "999 B");
    CU_ASSERT_STRING_EQUAL(text_bytes(1000, text), "1.00 kB");
    CU_ASSERT_STRING_EQUAL(text_bytes(500000, text), "500 kB");
    CU_ASSERT_STRING_EQUAL(text_bytes(999600, text), "1.00 MB");
    CU_ASSERT_STRING_EQUAL(text_count(1234567, text), "1,234,567");
    CU_ASSERT_STRING_EQUAL(text_count(-123456, text), "-123,456");
    CU_ASSERT_STRING_EQUAL(text_count(100, text), "100");
    CU_ASSERT_STRING_EQUAL(text_share(0.0004, text), "0.04 %");
    CU_ASSERT_STRING_EQUAL(text_share(1, text), "100.0 %");
}

/* A name must not be able to move the cursor or to end a line. */
static void test_control_characters(void)
{
    struct fixture f;
    char *text;

    fixture_report(&f);
    f.captures[0].file = "evil\033[2J\nname";
    text = fixture_text(&f.report, 1, false, &plain);
    CU_ASSERT_PTR_NULL(strchr(text, '\033'));
    check_has(text, "evil?[2J?name");
    free(text);
}

static void test_full_disk(void)
{
    struct fixture f;
    FILE *full;
    int i;

    fixture_report(&f);
    for (i = 0; i < 2; i++) {
        full = fopen("/dev/full", "w");
        CU_ASSERT_PTR_NOT_NULL_FATAL(full);
        CU_ASSERT_EQUAL(
            fixture_walk(mpa_writer_text(full, i ? &explain : &plain), &f.report, 200, false),
            MPA_ERR_WRITE);
        fclose(full);
    }
}

/* Text, JSON, CSV and the spool hold the same connections. */
static void test_same_count(void)
{
    enum { COUNT = 37 };
    struct mpa_spool *spool = mpa_spool_new(MPA_SPOOL_MEMORY);
    struct mpa_rec_conn *conn;
    struct fixture f;
    char *dir = fixture_dir();
    char *text;
    char *path;
    char line[16384];
    FILE *in;
    json_t *json;
    int in_text = 0;
    int in_csv = -1; /* The header. */
    int in_spool = 0;
    int i;

    fixture_report(&f);
    text = fixture_json(&f.report, COUNT, false, &plain);
    json = json_loads(text, 0, NULL);
    CU_ASSERT_EQUAL(json_array_size(json_object_get(json, "connections")), COUNT);
    json_decref(json);
    free(text);
    text = fixture_text(&f.report, COUNT, false, &plain);
    for (i = 0; i < COUNT; i++) {
        char client[64];

        snprintf(client, sizeof(client), "  10.1.0.%d:%d  ", i + 1, 40000 + i);
        in_text += strstr(text, client) != NULL;
    }
    free(text);
    CU_ASSERT_EQUAL(in_text, COUNT);
    CU_ASSERT_EQUAL(fixture_walk(mpa_writer_csv(dir, &plain), &f.report, COUNT, false), MPA_OK);
    if (asprintf(&path, "%s/connections.csv", dir) < 0)
        abort();
    in = fopen(path, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(in);
    while (fgets(line, sizeof(line), in))
        in_csv++;
    fclose(in);
    free(path);
    CU_ASSERT_EQUAL(in_csv, COUNT);
    for (i = COUNT; i-- > 0;) {
        conn = fixture_conn(i, MIGRATED, false);
        CU_ASSERT_EQUAL(mpa_spool_put(spool, conn), MPA_OK);
        mpa_record_free(conn);
    }
    while (mpa_spool_next(spool, &conn) == 1)
        in_spool++;
    CU_ASSERT_EQUAL(in_spool, COUNT);
    mpa_spool_free(spool);
    fixture_remove_dir(dir);
}

CU_TestInfo text_tests[] = {
    {"verdict", test_verdict},
    {"deployments", test_deployments},
    {"limits of the capture", test_limits},
    {"other verdicts", test_other_verdicts},
    {"other states", test_other_states},
    {"width", test_width},
    {"bounds", test_bounds},
    {"story", test_story},
    {"units", test_units},
    {"control characters", test_control_characters},
    {"full disk", test_full_disk},
    {"same count everywhere", test_same_count},
    CU_TEST_INFO_NULL,
};
