/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The arithmetic of section D of the protocol reference: states of migration, verdicts after a hit,
 * inferred events, quantiles. */
#include "internal.h"

#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- D.3, D.4 ------------------------------------------------------------------- */

static enum mpa_word state_of(const struct migrate_view *v)
{
    enum mpa_dir judged;

    return measure_migrate_state(v, &judged);
}

static struct migrate_view usable(uint64_t vip, uint64_t direct)
{
    return (struct migrate_view){.mptcp = true,
                                 .advertised = true,
                                 .usable = true,
                                 .bytes = {100, 100000},
                                 .after = {{0, 0}, {vip, direct}}};
}

static void shares(void)
{
    CU_ASSERT_TRUE(isnan(measure_migrate_share(0, 0)));
    CU_ASSERT_DOUBLE_EQUAL(measure_migrate_share(1, 3), 0.25, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(measure_migrate_share(0, 3), 0, 1e-12);
}

static void states_by_share(void)
{
    struct migrate_view v = usable(5, 95);
    enum mpa_dir judged;

    CU_ASSERT_EQUAL(state_of(&v), MPA_MIGRATION_MIGRATED);
    v = usable(6, 95);
    CU_ASSERT_EQUAL(state_of(&v), MPA_MIGRATION_JOINED_NOT_MIGRATED);
    v = usable(0, 0);
    CU_ASSERT_EQUAL(state_of(&v), MPA_MIGRATION_TOO_SHORT);
    /* Between t_m and the cut: enough to show that it left, never that it stayed. */
    v.grace[MPA_TO_CLIENT][1] = 1;
    CU_ASSERT_EQUAL(state_of(&v), MPA_MIGRATION_MIGRATED);
    v.grace[MPA_TO_CLIENT][0] = 1;
    CU_ASSERT_EQUAL(state_of(&v), MPA_MIGRATION_TOO_SHORT);
    /* An upload. */
    v = usable(0, 0);
    v.bytes[MPA_TO_CLIENT] = 0;
    v.after[MPA_TO_SERVER][0] = 50;
    v.after[MPA_TO_SERVER][1] = 50;
    CU_ASSERT_EQUAL(measure_migrate_state(&v, &judged), MPA_MIGRATION_JOINED_NOT_MIGRATED);
    CU_ASSERT_EQUAL(judged, MPA_TO_SERVER);
    v = usable(1, 99);
    v.after[MPA_TO_SERVER][0] = 50; /* The client's requests do not decide a download. */
    CU_ASSERT_EQUAL(measure_migrate_state(&v, &judged), MPA_MIGRATION_MIGRATED);
    CU_ASSERT_EQUAL(judged, MPA_TO_CLIENT);
}

static void states_before_use(void)
{
    struct migrate_view v = {.mptcp = true};

    CU_ASSERT_EQUAL(state_of(&v), MPA_MIGRATION_SINGLE_PATH);
    v.advertised = true;
    v.advertised_ns = SECOND;
    CU_ASSERT_EQUAL(state_of(&v), MPA_MIGRATION_ADVERTISED_ONLY);
    v.rtt0_ns = SECOND / 2; /* Three round trips. */
    CU_ASSERT_EQUAL(state_of(&v), MPA_MIGRATION_TOO_SHORT);
    v.rtt0_ns = 0;
    v.advertised_ns = SECOND - 1;
    CU_ASSERT_EQUAL(state_of(&v), MPA_MIGRATION_TOO_SHORT);
    v.advertised_ns = 10 * SECOND;
    v.direct_pending = true;
    CU_ASSERT_EQUAL(state_of(&v), MPA_MIGRATION_TOO_SHORT);
    v.direct_pending = false;
    v.direct_refused = true;
    v.advertised_ns = 1; /* There was time for the join that was refused. */
    CU_ASSERT_EQUAL(state_of(&v), MPA_MIGRATION_ADVERTISED_ONLY);
    v.direct_refused = false;
    v.joined_same = true;
    CU_ASSERT_EQUAL(state_of(&v), MPA_MIGRATION_JOINED_NOT_MIGRATED);
    v = usable(0, 100);
    v.mptcp = false;
    CU_ASSERT_EQUAL(state_of(&v), MPA_MIGRATION_SINGLE_PATH);
}

/* Only joins were captured: what is acknowledged and missing went over the VIP. */
static void states_joins_only(void)
{
    struct migrate_view v = usable(0, 1000);

    v.joins_only = true;
    v.bytes[MPA_TO_CLIENT] = 950;
    v.span[MPA_TO_CLIENT] = 1000;
    CU_ASSERT_EQUAL(state_of(&v), MPA_MIGRATION_MIGRATED);
    v.bytes[MPA_TO_CLIENT] = 940;
    CU_ASSERT_EQUAL(state_of(&v), MPA_MIGRATION_JOINED_NOT_MIGRATED);
    v.span[MPA_TO_CLIENT] = 0;
    CU_ASSERT_EQUAL(state_of(&v), MPA_MIGRATION_TOO_SHORT);
}

/* ---- D.7 ------------------------------------------------------------------------ */

static void verdicts_mptcp(void)
{
    struct verdict_view v = {.mptcp = true, .silent_ns = 3 * SECOND};

    CU_ASSERT_EQUAL(measure_verdict(&v), VERDICT_FAILED);
    v.silent_ns--; /* A join could still begin. */
    CU_ASSERT_EQUAL(measure_verdict(&v), VERDICT_UNDETERMINED);
    v.silent_ns = SECOND;
    v.nowhere = true; /* No address to join. */
    CU_ASSERT_EQUAL(measure_verdict(&v), VERDICT_FAILED);
    v.silent_ns--;
    CU_ASSERT_EQUAL(measure_verdict(&v), VERDICT_UNDETERMINED);
    v.ended = true;
    CU_ASSERT_EQUAL(measure_verdict(&v), VERDICT_FAILED);
    v.live_left = true; /* No progress, but a subflow that may bring it. */
    CU_ASSERT_EQUAL(measure_verdict(&v), VERDICT_UNDETERMINED);
    v.advanced = true;
    CU_ASSERT_EQUAL(measure_verdict(&v), VERDICT_SURVIVED);
    v = (struct verdict_view){.mptcp = true, .complete = true, .silent_ns = 100 * SECOND};
    CU_ASSERT_EQUAL(measure_verdict(&v), VERDICT_SURVIVED);
    v = (struct verdict_view){.mptcp = true, .join_pending = true, .silent_ns = 59 * SECOND};
    CU_ASSERT_EQUAL(measure_verdict(&v), VERDICT_UNDETERMINED);
    v.silent_ns = 60 * SECOND;
    CU_ASSERT_EQUAL(measure_verdict(&v), VERDICT_FAILED);
    v.partial = true; /* Subflows that the capture does not show. */
    CU_ASSERT_EQUAL(measure_verdict(&v), VERDICT_UNDETERMINED);
}

static void verdicts_tcp(void)
{
    struct verdict_view v = {.live_left = true, .silent_ns = 0};

    CU_ASSERT_EQUAL(measure_verdict(&v), VERDICT_FAILED);
    v.advanced = true; /* The client never saw the RST. */
    CU_ASSERT_EQUAL(measure_verdict(&v), VERDICT_UNDETERMINED);
}

/* ---- D.6: inferred events ------------------------------------------------------- */

#define POINTS 200

static int cluster(const int64_t *ms, size_t count, int64_t last_ms, int64_t *ret, int max)
{
    struct point points[POINTS] = {0};
    int n;

    for (size_t i = 0; i < count; i++)
        points[i].ns = ms[i] * MILLI;
    n = measure_churn_cluster(points, count, 0, last_ms * MILLI, ret, max);
    for (int i = 0; i < n; i++)
        ret[i] /= MILLI;
    return n;
}

static void two_events(void)
{
    static const int64_t ms[] = {2010, 2050, 2300, 2310, 4000, 4100, 4200, 9000, 9001};
    int64_t found[8];

    CU_ASSERT_EQUAL_FATAL(cluster(ms, 9, 12000, found, 8), 2);
    CU_ASSERT_EQUAL(found[0], 2010);
    CU_ASSERT_EQUAL(found[1], 4000); /* Two hits at 9000 are no event. */
    CU_ASSERT_EQUAL(cluster(ms, 9, 12000, found, 1), 1);
    CU_ASSERT_EQUAL(cluster(ms, 2, 12000, found, 8), 0);
}

/* Hits that straddle the edge of a second are one event. */
static void edge_of_a_second(void)
{
    static const int64_t ms[] = {2900, 2990, 3001, 3100};
    int64_t found[8];

    CU_ASSERT_EQUAL_FATAL(cluster(ms, 4, 20000, found, 8), 1);
    CU_ASSERT_EQUAL(found[0], 2900);
}

/* A long tail: flows notice when they next send.  A second event in it stands out. */
static void long_tail(void)
{
    int64_t ms[POINTS], found[8];
    size_t n = 0;

    for (int i = 0; i < 40; i++)
        ms[n++] = 1000 + i;
    for (int i = 0; i < 12; i++)
        ms[n++] = 1900 + 900 * i;
    for (int i = 0; i < 30; i++)
        ms[n++] = 12100 + i;
    CU_ASSERT_EQUAL_FATAL(cluster(ms, n, 60000, found, 8), 2);
    CU_ASSERT_EQUAL(found[0], 1000);
    CU_ASSERT_EQUAL(found[1], 12100);
}

/* Steady resets are no event: five in each second, never more. */
static void steady(void)
{
    int64_t ms[POINTS], found[8];
    size_t n = 0;

    for (int s = 0; s < 20; s++)
        for (int i = 0; i < 5; i++)
            ms[n++] = s * 1000 + i * 10;
    CU_ASSERT_EQUAL(cluster(ms, n, 20000, found, 8), 0);
}

/* ---- The rest ------------------------------------------------------------------- */

static void quiet_part(void)
{
    struct quiet q = {0};

    CU_ASSERT_EQUAL(measure_quiet_p99(&q), -1);
    for (int i = 0; i < 98; i++)
        measure_quiet_add(&q, 1000);
    measure_quiet_add(&q, 50000);
    measure_quiet_add(&q, 900000);
    /* Rank 99 of 100: within an eighth of 50 ms. */
    CU_ASSERT_TRUE(llabs(measure_quiet_p99(&q) - 50 * MILLI) <= 50 * MILLI / 8);
    /* Full buckets are halved: the distribution stays. */
    for (int i = 0; i < 10000; i++)
        measure_quiet_add(&q, 1000);
    CU_ASSERT_TRUE(llabs(measure_quiet_p99(&q) - MILLI) <= MILLI / 8);
    CU_ASSERT_TRUE(q.count <= UINT8_MAX * 2);
    measure_quiet_add(&q, UINT32_MAX);
}

static void size_classes(void)
{
    static const struct {
        int64_t bytes, min, max;
    } want[] = {{1, 1, 1},
                {2, 2, 4},
                {4, 2, 4},
                {5, 5, 9},
                {9999, 5000, 9999},
                {10000, 10000, 19999},
                {20000, 20000, 49999},
                {999999, 500000, 999999}};

    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        int64_t min, max;

        measure_size_bounds(measure_size_class(want[i].bytes), &min, &max);
        CU_ASSERT_EQUAL(min, want[i].min);
        CU_ASSERT_EQUAL(max, want[i].max);
    }
    CU_ASSERT_EQUAL(measure_size_class(INT64_MAX), SIZE_CLASSES - 1);
}

static void majority(void)
{
    int64_t counts[4] = {0};

    CU_ASSERT_EQUAL(measure_majority(counts), MPA_VANTAGE_UNKNOWN);
    counts[0] = 100; /* What could not be told does not vote. */
    counts[MPA_VANTAGE_SERVER - MPA_VANTAGE_UNKNOWN] = 2;
    counts[MPA_VANTAGE_CLIENT - MPA_VANTAGE_UNKNOWN] = 1;
    CU_ASSERT_EQUAL(measure_majority(counts), MPA_VANTAGE_SERVER);
    CU_ASSERT_EQUAL(measure_advert_vantage(MPA_VANTAGE_SERVER, true), MPA_AA_VANTAGE_ADVERTISER);
    CU_ASSERT_EQUAL(measure_advert_vantage(MPA_VANTAGE_CLIENT, true), MPA_AA_VANTAGE_RECEIVER);
    CU_ASSERT_EQUAL(measure_advert_vantage(MPA_VANTAGE_CLIENT, false), MPA_AA_VANTAGE_ADVERTISER);
    CU_ASSERT_EQUAL(measure_advert_vantage(MPA_VANTAGE_MIDDLE, true), MPA_AA_VANTAGE_MIDDLE);
    CU_ASSERT_EQUAL(measure_advert_vantage(MPA_VANTAGE_UNKNOWN, true), MPA_AA_VANTAGE_UNKNOWN);
}

static const struct {
    const char *name;
    CU_TestFunc run;
} tests[] = {
    {"shares", shares},
    {"states by share", states_by_share},
    {"states before use", states_before_use},
    {"states of joins only", states_joins_only},
    {"verdicts, MPTCP", verdicts_mptcp},
    {"verdicts, TCP", verdicts_tcp},
    {"two events", two_events},
    {"edge of a second", edge_of_a_second},
    {"long tail", long_tail},
    {"steady", steady},
    {"quiet part", quiet_part},
    {"size classes", size_classes},
    {"majority", majority},
};

int main(void)
{
    CU_pSuite suite;
    unsigned failures;

    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    suite = CU_add_suite("rules", NULL, NULL);
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
        CU_add_test(suite, tests[i].name, tests[i].run);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures != 0;
}
