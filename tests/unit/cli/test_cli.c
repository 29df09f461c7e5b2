/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of options, and which captures belong together. */
#include "inputs.h"
#include "values.h"

#include "mpa/addr.h"

#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

static void test_numbers(void)
{
    uint64_t n = 42;

    CU_ASSERT(value_number("0", 0, 9, &n) && n == 0);
    CU_ASSERT(value_number("18446744073709551615", 0, UINT64_MAX, &n) && n == UINT64_MAX);
    n = 42;
    CU_ASSERT(!value_number("18446744073709551616", 0, UINT64_MAX, &n));
    CU_ASSERT(!value_number("", 0, 9, &n) && !value_number("-1", 0, 9, &n));
    CU_ASSERT(!value_number("1 ", 0, 9, &n) && !value_number("10", 0, 9, &n));
    CU_ASSERT(!value_number("0", 1, 9, &n) && n == 42);
}

static void test_times(void)
{
    /* Seconds since the epoch by "date -u -d ... +%s". */
    static const struct {
        const char *text;
        bool relative;
        int64_t ns;
    } good[] = {
        {"0", false, 0},
        {"1795238571.191176798", false, INT64_C(1795238571191176798)},
        {"1795238571.5", false, INT64_C(1795238571500000000)},
        {"1.0000000019", false, INT64_C(1000000001)},
        {"+12.5", true, INT64_C(12500000000)},
        {"2001-09-09T01:46:40Z", false, INT64_C(1000000000000000000)},
        {"2001-09-09t01:46:40.25z", false, INT64_C(1000000000250000000)},
        {"2001-09-09 03:46:40+02:00", false, INT64_C(1000000000000000000)},
        {"2001-09-08T20:16:40-05:30", false, INT64_C(1000000000000000000)},
        {"2024-02-29T12:00:00Z", false, INT64_C(1709208000000000000)},
        {"1969-12-31T23:59:59Z", false, INT64_C(-1000000000)},
    };
    static const char *const bad[] = {"",
                                      "+",
                                      "-1",
                                      "+-1",
                                      "1.",
                                      ".5",
                                      "1e9",
                                      "now",
                                      "9223372037",
                                      "2001-09-09",
                                      "2001-09-09T01:46:40",
                                      "2001-13-09T01:46:40Z",
                                      "2023-02-29T00:00:00Z",
                                      "2001-09-09T24:00:00Z",
                                      "2001-09-09T01:60:00Z",
                                      "2001-09-09T01:46:40+2:00",
                                      "2001-09-09T01:46:40Zx",
                                      "2001-00-09T01:46:40Z",
                                      "2001-09-00T01:46:40Z",
                                      "9999-09-09T01:46:40Z"};
    struct time_point t;

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        memset(&t, 0, sizeof(t));
        CU_ASSERT(value_time(good[i].text, &t));
        CU_ASSERT(t.given && t.relative == good[i].relative && t.ns == good[i].ns);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CU_ASSERT(!value_time(bad[i], &t));
}

static void test_macs(void)
{
    uint8_t mac[6];
    static const uint8_t expected[6] = {0x02, 0x4c, 0x42, 0x00, 0x21, 0xff};

    CU_ASSERT(value_mac("02:4c:42:00:21:FF", mac) && memcmp(mac, expected, 6) == 0);
    CU_ASSERT(value_mac("02-4c-42-00-21-ff", mac) && memcmp(mac, expected, 6) == 0);
    CU_ASSERT(!value_mac("02:4c:42:00:21", mac) && !value_mac("02:4c:42:00:21:f", mac));
    CU_ASSERT(!value_mac("02:4c:42:00:21:ff:00", mac) && !value_mac("", mac));
    CU_ASSERT(!value_mac("024c420021ff", mac) && !value_mac("0g:4c:42:00:21:ff", mac));
}

static void test_secrets(void)
{
    uint8_t secret[VALUE_SECRET_MAX];
    char longest[2 * VALUE_SECRET_MAX + 3];
    size_t size = 0;

    CU_ASSERT(value_secret("00aBfF", secret, &size) && size == 3);
    CU_ASSERT(memcmp(secret, "\x00\xab\xff", 3) == 0);
    CU_ASSERT(!value_secret("", secret, &size) && !value_secret("0", secret, &size));
    CU_ASSERT(!value_secret("0g", secret, &size) && !value_secret("00 11", secret, &size));
    memset(longest, '1', sizeof(longest));
    longest[2 * VALUE_SECRET_MAX] = '\0';
    CU_ASSERT(value_secret(longest, secret, &size) && size == VALUE_SECRET_MAX);
    longest[2 * VALUE_SECRET_MAX] = '1';
    longest[2 * VALUE_SECRET_MAX + 2] = '\0';
    CU_ASSERT(!value_secret(longest, secret, &size));
}

static struct mpa_addr addr(const char *text)
{
    struct mpa_prefix prefix;

    CU_ASSERT_FATAL(mpa_prefix_parse(text, &prefix) == 0);
    return prefix.addr;
}

static bool selects(const char *a, const char *b, const struct mpa_rec_conn *conn)
{
    struct selection s[2];

    CU_ASSERT_FATAL(value_selection(a, &s[0]));
    if (b)
        CU_ASSERT_FATAL(value_selection(b, &s[1]));
    return selection_has(s, b ? 2 : 1, conn);
}

static void test_selections(void)
{
    struct mpa_rec_subflow subflows[2] = {0};
    struct mpa_rec_conn conn = {.id = 7,
                                .token_client = 0x12ab,
                                .token_server = MPA_NULL,
                                .subflows = subflows,
                                .subflow_count = 2};
    struct selection s;

    conn.client.addr = subflows[0].client.addr = addr("192.0.2.1");
    conn.server.addr = subflows[0].server.addr = addr("203.0.113.80");
    subflows[1].client.addr = addr("2001:db8::1");
    subflows[1].server.addr = addr("198.51.100.11");
    CU_ASSERT(selection_has(NULL, 0, &conn));
    CU_ASSERT(selects("connection=7", NULL, &conn) && !selects("connection=8", NULL, &conn));
    CU_ASSERT(selects("token=12AB", NULL, &conn) && selects("token=0x000012ab", NULL, &conn));
    CU_ASSERT(!selects("token=0", NULL, &conn));
    CU_ASSERT(selects("client=192.0.2.0/24", NULL, &conn));
    CU_ASSERT(selects("client=2001:db8::/32", NULL, &conn));
    CU_ASSERT(!selects("client=203.0.113.80", NULL, &conn));
    CU_ASSERT(selects("server=198.51.100.11", NULL, &conn));
    CU_ASSERT(!selects("server=192.0.2.1", NULL, &conn));
    CU_ASSERT(selects("connection=8", "connection=7", &conn));
    CU_ASSERT(!selects("connection=8", "client=192.0.2.1", &conn));
    CU_ASSERT(selects("server=203.0.113.80", "client=192.0.2.1", &conn));
    CU_ASSERT(!value_selection("token=", &s) && !value_selection("token=123456789", &s));
    CU_ASSERT(!value_selection("port=80", &s) && !value_selection("client=", &s));
}

#define FILES_MAX 8

/* Files by path and times in seconds (-1: not known): the vantage point of each, in one digit. */
static void check_groups(const char *expected, const char *const *paths, const int (*times)[2])
{
    struct input at[FILES_MAX] = {0};
    int order[FILES_MAX];
    struct inputs in = {.at = at, .order = order, .count = (int)strlen(expected)};

    for (int i = 0; i < in.count; i++) {
        at[i].path = paths[i];
        at[i].scanned = times[i][0] >= 0;
        at[i].first_ns = times[i][0];
        at[i].last_ns = times[i][1];
    }
    inputs_group(&in);
    for (int i = 0; i < in.count; i++) {
        CU_ASSERT(at[i].vantage == expected[i] - '0');
        CU_ASSERT(at[i].vantage < in.vantage_count);
        if (i > 0 && at[order[i]].scanned)
            CU_ASSERT(at[order[i - 1]].first_ns <= at[order[i]].first_ns);
    }
}

static void test_groups(void)
{
    /* One file, a ring buffer, a ring buffer named backwards. */
    check_groups("0", (const char *const[]){"a"}, (const int[][2]){{0, 9}});
    check_groups("000", (const char *const[]){"a0", "a1", "a2"},
                 (const int[][2]){{0, 10}, {10, 20}, {25, 30}});
    check_groups("000", (const char *const[]){"a2", "a0", "a1"},
                 (const int[][2]){{25, 30}, {0, 10}, {10, 20}});
    /* Overlapping files: vantage points, numbered by first packet. */
    check_groups("10", (const char *const[]){"s", "c"}, (const int[][2]){{1, 9}, {0, 10}});
    check_groups("01", (const char *const[]){"s", "c"}, (const int[][2]){{0, 9}, {0, 9}});
    /* Two ring buffers at once: each goes on with its own name. */
    check_groups("0011", (const char *const[]){"c0", "c1", "s0", "s1"},
                 (const int[][2]){{0, 10}, {11, 20}, {1, 10}, {12, 20}});
    check_groups("0110", (const char *const[]){"x/c0", "x/s0", "x/s1", "x/c1"},
                 (const int[][2]){{0, 10}, {1, 10}, {11, 20}, {12, 20}});
    /* Overlap by one nanosecond is overlap. */
    check_groups("01", (const char *const[]){"a0", "a1"}, (const int[][2]){{0, 10}, {9, 20}});
    /* A pipe's times are not known: a vantage point of its own. */
    check_groups("10", (const char *const[]){"-", "a"}, (const int[][2]){{-1, -1}, {0, 10}});
}

int main(void)
{
    static CU_TestInfo tests[] = {
        {"numbers", test_numbers}, {"times", test_times},           {"MAC addresses", test_macs},
        {"secrets", test_secrets}, {"selections", test_selections}, {"groups", test_groups},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {{.pName = "cli", .pTests = tests}, CU_SUITE_INFO_NULL};
    unsigned failures;

    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    if (CU_register_suites(suites) == CUE_SUCCESS)
        CU_basic_run_tests();
    failures = CU_get_number_of_failures() + (CU_get_number_of_tests_run() == 0);
    CU_cleanup_registry();
    return failures != 0;
}
