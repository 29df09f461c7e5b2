/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The contract, key by key: path and value as the design states them, against what a JSON parser reads back. */
#include "fixture.h"

#include "mpa/status.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* The value at "a.b.0.c"; NULL without. */
static json_t *find(json_t *json, const char *path)
{
    char key[64];
    const char *end;

    while (json && *path != '\0') {
        end = strchrnul(path, '.');
        snprintf(key, sizeof(key), "%.*s", (int)(end - path), path);
        json = json_is_array(json) ? json_array_get(json, (size_t)atoi(key))
                                   : json_object_get(json, key);
        path = *end ? end + 1 : end;
    }
    return json;
}

struct expected {
    const char *path;
    const char *value; /* JSON. */
};

static void check(json_t *json, const struct expected *rows)
{
    json_t *value;
    json_t *truth;

    for (; rows->path; rows++) {
        value = find(json, rows->path);
        truth = json_loads(rows->value, JSON_DECODE_ANY, NULL);
        CU_ASSERT_PTR_NOT_NULL_FATAL(truth);
        if (!value || !json_equal(value, truth)) {
            fprintf(stderr, "\n%s: expected %s, is ", rows->path, rows->value);
            if (!value || json_dumpf(value, stderr, JSON_ENCODE_ANY) != 0)
                fputs("missing", stderr);
            CU_FAIL("a key of the contract");
        } else {
            CU_PASS("a key of the contract");
        }
        json_decref(truth);
    }
}

static json_t *parse(char *text)
{
    json_error_t error;
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &error);

    if (!json)
        fprintf(stderr, "\n%d: %s\n", error.line, error.text);
    free(text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(json);
    return json;
}

static const struct mpa_writer_options plain = {0};

/* clang-format off */
static const struct expected report_rows[] = {
    {"schema", "\"mptcp-analyze/1\""},
    {"epoch_ns", "\"1795190941000000000\""},
    {"captures.0.file", "\"captures/client-10.1.0.2.pcap\""},
    {"captures.0.vantage", "\"client\""},
    {"captures.1.vantage", "\"middle\""},
    {"captures.2.vantage", "\"server\""},
    {"captures.0.link_types", "[1, 113]"},
    {"captures.1.link_types", "[1]"},
    {"captures.0.packets", "1234567"},
    {"captures.0.tcp_segments", "1230000"},
    {"captures.1.copies", "600000"},
    {"captures.0.truncated", "12"},
    {"captures.0.malformed", "1"},
    {"captures.0.fragments", "2"},
    {"captures.1.first_ns", "1000000"},
    {"captures.0.last_ns", "12345000000"},
    {"captures.0.snaplen", "128"},
    {"captures.2.snaplen", "null"},
    {"captures.0.lost_checks", "[\"DSS checksums\"]"},
    {"captures.2.lost_checks", "[]"},
    {"captures.0.error", "null"},
    {"captures.2.error", "\"ends in the middle of a packet\""},
    {"options.mp_capable_syn", "{\"to_server\": 0, \"to_client\": 100}"},
    {"options.mp_capable_synack", "{\"to_server\": 1, \"to_client\": 101}"},
    {"options.mp_capable_ack", "{\"to_server\": 2, \"to_client\": 102}"},
    {"options.mp_capable_data", "{\"to_server\": 3, \"to_client\": 103}"},
    {"options.mp_join_syn", "{\"to_server\": 4, \"to_client\": 104}"},
    {"options.mp_join_synack", "{\"to_server\": 5, \"to_client\": 105}"},
    {"options.mp_join_ack", "{\"to_server\": 6, \"to_client\": 106}"},
    {"options.dss", "{\"to_server\": 7, \"to_client\": 107}"},
    {"options.add_addr", "{\"to_server\": 8, \"to_client\": 108}"},
    {"options.add_addr_echo", "{\"to_server\": 9, \"to_client\": 109}"},
    {"options.remove_addr", "{\"to_server\": 10, \"to_client\": 110}"},
    {"options.mp_prio", "{\"to_server\": 11, \"to_client\": 111}"},
    {"options.mp_fail", "{\"to_server\": 12, \"to_client\": 112}"},
    {"options.mp_fastclose", "{\"to_server\": 13, \"to_client\": 113}"},
    {"options.mp_tcprst", "{\"to_server\": 14, \"to_client\": 114}"},
    {"options.unknown", "{\"to_server\": 15, \"to_client\": 115}"},
    {"options.malformed", "{\"to_server\": 16, \"to_client\": 116}"},
    {"options.truncated", "{\"to_server\": 17, \"to_client\": 117}"},
    {"connections_total.mptcp", "14"},
    {"connections_total.fallback", "1"},
    {"connections_total.tcp", "2"},
    {"connections_total.fallback_reasons", "{\"syn_dropped\": 0, \"synack_plain\": 1, \"ack_plain\": 0, "
        "\"data_plain\": 0, \"dss\": 0, \"checksum\": 0, \"infinite_map\": 0}"},
    {"hmac", "{\"mp_join_synack\": {\"ok\": 13, \"bad\": 0, \"unverifiable\": 1}, "
        "\"mp_join_ack\": {\"ok\": 12, \"bad\": 0, \"unverifiable\": 2}, "
        "\"add_addr\": {\"ok\": 13, \"bad\": 1, \"unverifiable\": 0}}"},
    {"add_addr", "{\"advertised\": 14, \"transmissions\": 17, \"answered\": 13, \"unanswered\": 1, "
        "\"vantage\": \"advertiser\", \"kind\": \"latency\", "
        "\"first_to_echo\": {\"count\": 13, \"min_ns\": 20000000, \"p50_ns\": 20300000, \"p95_ns\": 248000000, "
        "\"p99_ns\": 250000000, \"max_ns\": 250000000}, "
        "\"last_to_echo\": {\"count\": 13, \"min_ns\": 20000000, \"p50_ns\": 20100000, \"p95_ns\": 21000000, "
        "\"p99_ns\": 21000000, \"max_ns\": 21000000}}"},
    {"migration", "{\"migrated\": 12, \"joined_not_migrated\": 1, \"advertised_only\": 0, \"too_short\": 1, "
        "\"single_path\": 0, \"vip_share_after\": {\"to_server\": null, \"to_client\": 0.004}}"},
    {"off_path", "{\"bytes\": {\"to_server\": null, \"to_client\": 0.972}, "
        "\"packets\": {\"to_server\": null, \"to_client\": 0.95}}"},
    {"resets", "{\"packets\": 483, \"events\": 20, \"classes\": {\"late\": 0, \"misrouted_join\": 1, "
        "\"prohibited\": 2, \"refused\": 3, \"victim\": 4, \"redirect\": 0, \"idle\": 1, \"application\": 2, "
        "\"middlebox\": 3, \"unexplained\": 4}}"},
    {"churn.mptcp", "{\"hit\": 11, \"survived\": 10, \"failed\": 1, \"undetermined\": 0, \"unprotected\": 1}"},
    {"churn.tcp", "{\"hit\": 2, \"failed\": 2, \"undetermined\": 0}"},
    {"churn.events.0", "{\"ns\": 400000000, \"action\": \"remove\", \"server\": \"s2\", \"source\": \"log\", "
        "\"flows_live\": 14, \"flows_moved\": 5, \"moved_at_removed\": 1, \"moved_needlessly\": 2, "
        "\"reset_events\": 4, \"failed\": 1}"},
    {"churn.events.1.server", "null"},
    {"churn.events.1.source", "\"inferred\""},
    {"churn.events.1.moved_needlessly", "null"},
    {"deployment", "[{\"vip\": \"10.9.0.1\", \"mode\": \"D1/D2\", \"confidence\": \"medium\", "
        "\"evidence\": [\"C in the SYN/ACK\", \"unique address 10.2.0.11\"], \"connections\": 14, "
        "\"consistent\": false, \"broken_by\": [3, 7], \"servers\": [\"10.2.0.11\"]}]"},
    {"vantage_pairs.0", "{\"from\": 0, \"to\": 1, \"matched\": 5000, \"lost\": 3, \"delay\": {\"count\": 5000, "
        "\"min_ns\": 10000000, \"p50_ns\": 10000100, \"p95_ns\": 11000000, \"p99_ns\": 12000000, "
        "\"max_ns\": 13000000}, \"clock_offset_dur_ns\": -1500, \"clock_error_dur_ns\": 20000}"},
    {"vantage_pairs.1.delay.p50_ns", "null"},
    {"vantage_pairs.1.delay.count", "0"},
    {"vantage_pairs.1.clock_offset_dur_ns", "null"},
    {"rules", "null"},
    {"findings", "null"},
    {"transfers.1.bytes_per_second.p50", "526000"},
    {"transfers.0.bytes_per_second.p50", "null"},
    {"requests_per_second", "1.25"},
    {"vips", "[\"10.9.0.1\"]"},
    {NULL, NULL},
};
/* clang-format on */

static void test_report_keys(void)
{
    struct fixture f;
    json_t *json;

    fixture_report(&f);
    json = parse(fixture_json(&f.report, 8, false, &plain));
    check(json, report_rows);
    CU_ASSERT_EQUAL(json_array_size(json_object_get(json, "connections")), 8);
    json_decref(json);
}

/* clang-format off */
static const struct expected connection_rows[] = {
    {"0.id", "0"},
    {"0.protocol", "\"mptcp\""},
    {"5.protocol", "\"fallback\""},
    {"6.protocol", "\"tcp\""},
    {"0.dialect", "\"rfc8684\""},
    {"7.dialect", "\"unknown\""},
    {"0.dialect_evidence", "[\"version 1 in the SYN/ACK\", \"SYN of length 4\"]"},
    {"0.client", "{\"addr\": \"10.1.0.1\", \"port\": 40000}"},
    {"0.server", "{\"addr\": \"10.9.0.1\", \"port\": 80}"},
    {"0.server_denies_join", "true"},
    {"0.client_denies_join", "false"},
    {"7.server_denies_join", "null"},
    {"0.token_client", "\"9f74589b\""},
    {"0.token_server", "\"000e4794\""},
    {"7.token_client", "null"},
    {"1.syn_ns", "10000000"},
    {"7.syn_ns", "null"},
    {"0.established_ns", "20000000"},
    {"0.first_ns", "0"},
    {"0.last_ns", "950000000"},
    {"0.outcome", "\"closed\""},
    {"2.outcome", "\"failed\""},
    {"3.outcome", "\"reset\""},
    {"7.outcome", "\"open\""},
    {"0.fallback", "null"},
    {"5.fallback", "{\"reason\": \"synack_plain\", \"ns\": 60000000, \"frame\": {\"capture\": 2, \"frame\": 12}}"},
    {"0.bytes", "{\"to_server\": 1200, \"to_client\": 500000}"},
    {"7.bytes", "{\"to_server\": null, \"to_client\": null}"},
    {"0.dsn_out_of_order_bytes", "{\"to_server\": 0, \"to_client\": 5792}"},
    {"0.subflows.1.id", "1"},
    {"0.subflows.0.role", "\"initial\""},
    {"0.subflows.1.role", "\"join\""},
    {"0.subflows.1.client", "{\"addr\": \"10.1.0.1\", \"port\": 40001}"},
    {"0.subflows.1.server", "{\"addr\": \"10.2.0.11\", \"port\": 80}"},
    {"0.subflows.0.on_vip", "true"},
    {"0.subflows.1.on_vip", "false"},
    {"0.subflows.0.community_id", "\"1:LQU9qZlK+B5F3KDmev6m5PMibrg=\""},
    {"0.subflows.1.syn_ns", "22000000"},
    {"0.subflows.1.established_ns", "42000000"},
    {"0.subflows.1.usable_ns", "62000000"},
    {"0.subflows.1.last_ns", "922000000"},
    {"0.subflows.0.backup", "{\"to_server\": false, \"to_client\": true}"},
    {"0.subflows.0.packets", "{\"to_server\": 120, \"to_client\": 340}"},
    {"0.subflows.0.bytes", "{\"to_server\": 1200, \"to_client\": 480000}"},
    {"0.subflows.0.retransmitted_bytes", "{\"to_server\": 0, \"to_client\": 1448}"},
    {"0.subflows.0.reinjected_bytes", "{\"to_server\": 0, \"to_client\": 2896}"},
    {"0.subflows.0.syn_retransmissions", "1"},
    {"0.subflows.0.rtt.to_client.min_ns", "20000000"},
    {"0.subflows.0.rtt.to_client.p50_ns", "21000000"},
    {"0.subflows.0.rtt.to_client.p95_ns", "25000000"},
    {"0.subflows.0.rtt.to_server.p50_ns", "null"},
    {"0.subflows.0.servers.0", "{\"name\": \"s1\", \"by\": \"mac\", \"first_ns\": 0, \"last_ns\": 500000000, \"packets\": 200}"},
    {"0.subflows.0.servers.1.name", "\"02:00:00:00:09:0b\""},
    {"0.subflows.0.reset", "null"},
    {"1.subflows.0.reset", "{\"class\": \"redirect\", \"from\": \"server\", \"ns\": 410000000, "
        "\"frame\": {\"capture\": 1, \"frame\": 77}, \"reason\": null, \"transient\": null, \"idle_dur_ns\": 15000000}"},
    {"0.add_addr.0.from", "\"server\""},
    {"0.add_addr.0.id", "25"},
    {"0.add_addr.0.addr", "\"10.2.0.11\""},
    {"0.add_addr.0.port", "8080"},
    {"0.add_addr.0.transmissions", "2"},
    {"0.add_addr.0.first_ns", "21000000"},
    {"0.add_addr.0.last_ns", "250000000"},
    {"0.add_addr.0.echoes", "2"},
    {"0.add_addr.0.echo_ns", "271000000"},
    {"4.add_addr.0.echo_ns", "null"},
    {"0.add_addr.0.hmac", "\"ok\""},
    {"0.add_addr.0.vantage", "\"advertiser\""},
    {"0.add_addr.0.joined_from", "[1, 2]"},
    {"4.add_addr.0.joined_from", "[]"},
    {"0.migration.state", "\"migrated\""},
    {"0.migration.left_by", "\"scheduler\""},
    {"7.migration.left_by", "null"},
    {"0.migration.judged", "\"to_client\""},
    {"0.migration.usable_ns", "61000000"},
    {"0.migration.first_direct_ns", "{\"to_server\": null, \"to_client\": 62000000}"},
    {"0.migration.vip_bytes_after", "{\"to_server\": 0, \"to_client\": 1448}"},
    {"0.migration.direct_bytes_after", "{\"to_server\": 1200, \"to_client\": 498552}"},
    {"0.migration.vip_share_after", "{\"to_server\": 0.0, \"to_client\": 0.002896}"},
    {"7.migration.vip_share_after", "{\"to_server\": null, \"to_client\": null}"},
    {"0.unprotected_dur_ns", "61000000"},
    {"0.hits", "[]"},
    {"1.hits.0.ns", "410000000"},
    {"1.hits.0.gap_dur_ns", "230000000"},
    {"1.hits.0.excess_dur_ns", "200000000"},
    {"1.hits.0.censored", "false"},
    {"2.hits.0.censored", "true"},
    {"2.hits.0.gap_dur_ns", "null"},
    {"2.hits.0.churn_event", "null"},
    {"0.survived", "null"},
    {"1.survived", "true"},
    {"2.survived", "false"},
    {NULL, NULL},
};
/* clang-format on */

static void test_connection_keys(void)
{
    struct fixture f;
    json_t *json;

    fixture_report(&f);
    json = parse(fixture_json(&f.report, 8, false, &plain));
    check(json_object_get(json, "connections"), connection_rows);
    json_decref(json);
}

/* The merge part holds keys: not one of their forms may appear anywhere. */
static void test_no_keys(void)
{
    struct fixture f;
    char *text;

    fixture_report(&f);
    text = fixture_json(&f.report, 1, false, &plain);
    CU_ASSERT_PTR_NULL(strstr(text, "5a5a5a"));
    CU_ASSERT_PTR_NULL(strstr(text, "merge"));
    free(text);
}

static void test_empty(void)
{
    static const struct expected rows[] = {
        {"epoch_ns", "\"0\""},
        {"captures.0.first_ns", "null"},
        {"captures.0.link_types", "[]"},
        {"add_addr.first_to_echo.count", "0"},
        {"add_addr.first_to_echo.max_ns", "null"},
        {"migration.vip_share_after.to_client", "null"},
        {"off_path.bytes.to_client", "null"},
        {"churn.events", "[]"},
        {"deployment", "[]"},
        {"vantage_pairs", "[]"},
        {"requests_per_second", "null"},
        {"connections", "[]"},
        {"rules", "null"},
        {NULL, NULL},
    };
    struct fixture f;
    json_t *json;

    fixture_empty_report(&f);
    json = parse(fixture_json(&f.report, 0, false, &plain));
    check(json, rows);
    json_decref(json);
}

/* Names may hold any bytes; the output stays JSON. */
static void test_strange_names(void)
{
    static const struct expected rows[] = {
        {"captures.0.file", "\"a\\\"b\\\\c\\n\\u0001\""},
        {"captures.1.file", "\"caf\\u00e9\""},
        {"captures.2.file", "\"bad ? byte\""},
        {"file", "\"only.pcap\""},
        {NULL, NULL},
    };
    struct mpa_writer_options options = {.only_file = "only.pcap"};
    struct fixture f;
    json_t *json;

    fixture_report(&f);
    f.captures[0].file = "a\"b\\c\n\001";
    f.captures[1].file = "caf\xc3\xa9";
    f.captures[2].file = "bad \xff byte";
    json = parse(fixture_json(&f.report, 1, false, &options));
    check(json, rows);
    json_decref(json);
}

static void test_same_bytes(void)
{
    struct fixture f;
    char *a;
    char *b;

    fixture_report(&f);
    a = fixture_json(&f.report, 40, true, &plain);
    b = fixture_json(&f.report, 40, true, &plain);
    CU_ASSERT_STRING_EQUAL(a, b);
    free(a);
    free(b);
}

/* A full disk is noticed: at once, or at the latest in 'end'. */
static void test_full_disk(void)
{
    static const int counts[] = {0, 1, 500};
    struct fixture f;
    FILE *full;
    size_t i;

    fixture_report(&f);
    for (i = 0; i < 3; i++) {
        full = fopen("/dev/full", "w");
        CU_ASSERT_PTR_NOT_NULL_FATAL(full);
        CU_ASSERT_EQUAL(fixture_walk(mpa_writer_json(full, &plain), &f.report, counts[i], false),
                        MPA_ERR_WRITE);
        fclose(full);
    }
}

CU_TestInfo json_tests[] = {
    {"report keys", test_report_keys},
    {"connection keys", test_connection_keys},
    {"no keys of connections", test_no_keys},
    {"empty", test_empty},
    {"strange names", test_strange_names},
    {"same bytes", test_same_bytes},
    {"full disk", test_full_disk},
    CU_TEST_INFO_NULL,
};
