/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Percentiles against a plain sort of all values, merges in several orders, and every word has a text. */
#include "mpa/samples.h"
#include "mpa/words.h"

#include <CUnit/Basic.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A fixed sequence of numbers (xorshift), so that a failure can be repeated. */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* Nearest rank by its definition: the smallest value with at least that share of the values at or below it. */
static int64_t by_definition(const int64_t *sorted, size_t count, unsigned percent_times_10)
{
    size_t i;

    for (i = 0; i < count; i++)
        if ((i + 1) * 1000 >= count * percent_times_10)
            return sorted[i];
    return sorted[count - 1];
}

static const unsigned percents[] = {1, 10, 250, 500, 900, 950, 990, 999, 1000};

/* Durations as captures have them: microseconds to minutes, evenly in the logarithm. */
static void fill(int64_t *values, size_t count, uint64_t seed, unsigned bits)
{
    size_t i;

    for (i = 0; i < count; i++)
        values[i] = (int64_t)(next_random(&seed) >> (64 - bits + next_random(&seed) % bits));
}

static void check_exact(size_t count, unsigned bits)
{
    int64_t *values = malloc(count * sizeof(*values));
    struct mpa_samples s = {0};
    size_t i;

    CU_ASSERT_PTR_NOT_NULL_FATAL(values);
    fill(values, count, 42 + count, bits);
    for (i = 0; i < count; i++)
        mpa_samples_add(&s, values[i]);
    qsort(values, count, sizeof(*values), compare);
    for (i = 0; i < sizeof(percents) / sizeof(percents[0]); i++)
        CU_ASSERT_EQUAL(mpa_samples_percentile(&s, percents[i] / 10.0),
                        by_definition(values, count, percents[i]));
    CU_ASSERT_EQUAL(s.count, count);
    CU_ASSERT_EQUAL(s.min, values[0]);
    CU_ASSERT_EQUAL(s.max, values[count - 1]);
    mpa_samples_free(&s);
    free(values);
}

static void test_exact(void)
{
    static const size_t counts[] = {1, 2, 3, 5, 6, 7, 14, 15, 20, 100, 1000, 1001, 65535, 65536};
    size_t i;

    for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        check_exact(counts[i], 30);
        check_exact(counts[i], 40);
    }
}

static void test_empty_and_negative(void)
{
    struct mpa_samples s = {0};

    CU_ASSERT_EQUAL(mpa_samples_percentile(&s, 50), INT64_MIN);
    mpa_samples_add(&s, -5);
    CU_ASSERT_EQUAL(mpa_samples_percentile(&s, 50), 0);
    CU_ASSERT_EQUAL(s.min, 0);
    mpa_samples_free(&s);
    CU_ASSERT_EQUAL(s.count, 0);
    CU_ASSERT_PTR_NULL(s.store);
    mpa_samples_free(&s);
}

static void test_histogram_error(void)
{
    enum { COUNT = 300000 };
    int64_t *values = malloc(COUNT * sizeof(*values));
    struct mpa_samples s = {0};
    double error;
    int64_t truth;
    size_t i;

    CU_ASSERT_PTR_NOT_NULL_FATAL(values);
    fill(values, COUNT, 7, 62);
    for (i = 0; i < COUNT; i++)
        mpa_samples_add(&s, values[i]);
    qsort(values, COUNT, sizeof(*values), compare);
    for (i = 0; i < sizeof(percents) / sizeof(percents[0]); i++) {
        truth = by_definition(values, COUNT, percents[i]);
        error = (double)mpa_samples_percentile(&s, percents[i] / 10.0) - (double)truth;
        CU_ASSERT(error <= 0.01 * (double)truth && error >= -0.01 * (double)truth);
    }
    CU_ASSERT_EQUAL(s.count, COUNT);
    CU_ASSERT_EQUAL(s.min, values[0]);
    CU_ASSERT_EQUAL(s.max, values[COUNT - 1]);
    mpa_samples_free(&s);
    free(values);
}

/* The extremes have buckets of their own, and the largest value there is has one too. */
static void test_histogram_ends(void)
{
    struct mpa_samples s = {0};
    uint32_t i;

    for (i = 0; i <= MPA_SAMPLES_EXACT; i++)
        mpa_samples_add(&s, INT64_MAX);
    mpa_samples_add(&s, 0);
    CU_ASSERT_EQUAL(s.kind, 1);
    CU_ASSERT(mpa_samples_percentile(&s, 50) >= INT64_MAX - INT64_MAX / 100);
    CU_ASSERT_EQUAL(mpa_samples_percentile(&s, 100), INT64_MAX);
    CU_ASSERT_EQUAL(mpa_samples_percentile(&s, 0.0001), 0);
    mpa_samples_free(&s);
}

/* Three parts of 'values' merged in the order 'order' into an empty set. */
static void merge_parts(struct mpa_samples *ret, const int64_t *values, size_t count,
                        const size_t order[3])
{
    size_t ends[4] = {0, count / 7, count / 2, count};
    size_t i, k;

    for (i = 0; i < 3; i++) {
        struct mpa_samples part = {0};

        for (k = ends[order[i]]; k < ends[order[i] + 1]; k++)
            mpa_samples_add(&part, values[k]);
        mpa_samples_merge(ret, &part);
        CU_ASSERT_EQUAL(part.count, ends[order[i] + 1] - ends[order[i]]);
        mpa_samples_free(&part);
    }
}

static void check_merge(size_t count)
{
    static const size_t orders[4][3] = {{0, 1, 2}, {2, 1, 0}, {1, 2, 0}, {2, 0, 1}};
    int64_t *values = malloc(count * sizeof(*values));
    struct mpa_samples whole = {0};
    size_t i, k;

    CU_ASSERT_PTR_NOT_NULL_FATAL(values);
    fill(values, count, 99, 40);
    for (i = 0; i < count; i++)
        mpa_samples_add(&whole, values[i]);
    for (k = 0; k < 4; k++) {
        struct mpa_samples s = {0};

        merge_parts(&s, values, count, orders[k]);
        CU_ASSERT_EQUAL(s.count, whole.count);
        CU_ASSERT_EQUAL(s.min, whole.min);
        CU_ASSERT_EQUAL(s.max, whole.max);
        for (i = 0; i < sizeof(percents) / sizeof(percents[0]); i++)
            CU_ASSERT_EQUAL(mpa_samples_percentile(&s, percents[i] / 10.0),
                            mpa_samples_percentile(&whole, percents[i] / 10.0));
        mpa_samples_free(&s);
    }
    mpa_samples_free(&whole);
    free(values);
}

static void test_merge(void)
{
    struct mpa_samples a = {0};
    struct mpa_samples b = {0};

    check_merge(100);
    check_merge(65536);
    check_merge(65537);
    check_merge(400000);
    a.lost = 2;
    b.lost = 3;
    mpa_samples_merge(&a, &b);
    CU_ASSERT_EQUAL(a.lost, 5);
    CU_ASSERT_EQUAL(a.count, 0);
}

static void check_pack(size_t count, unsigned bits)
{
    struct mpa_samples s = {0};
    struct mpa_samples back = {0};
    uint64_t seed = 3;
    uint8_t *bytes;
    size_t size;
    size_t i;

    for (i = 0; i < count; i++)
        mpa_samples_add(&s, (int64_t)(next_random(&seed) >> (64 - bits)));
    s.lost = 4;
    size = mpa_samples_pack_size(&s);
    bytes = malloc(size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    mpa_samples_pack(&s, bytes);
    CU_ASSERT_EQUAL(mpa_samples_unpack(bytes, size - 1, &back), 0);
    CU_ASSERT_EQUAL(mpa_samples_unpack(bytes, size, &back), size);
    /* Both go on from there in the same way. */
    mpa_samples_add(&s, 12345);
    mpa_samples_add(&back, 12345);
    CU_ASSERT_EQUAL(back.count, s.count);
    CU_ASSERT_EQUAL(back.lost, 4);
    for (i = 0; i < sizeof(percents) / sizeof(percents[0]); i++)
        CU_ASSERT_EQUAL(mpa_samples_percentile(&s, percents[i] / 10.0),
                        mpa_samples_percentile(&back, percents[i] / 10.0));
    free(bytes);
    mpa_samples_free(&s);
    mpa_samples_free(&back);
}

static void test_pack(void)
{
    check_pack(0, 20);
    check_pack(1, 20);
    check_pack(77, 20);
    check_pack(77, 40);
    check_pack(70000, 40);
}

static void test_words(void)
{
    unsigned i;

    for (i = 0; i < MPA_WORD_COUNT; i++)
        CU_ASSERT(strlen(mpa_word((enum mpa_word)i)) > 0);
    CU_ASSERT_STRING_EQUAL(mpa_word(MPA_PROTOCOL_MPTCP), "mptcp");
    CU_ASSERT_STRING_EQUAL(mpa_word(MPA_RESET_UNEXPLAINED), "unexplained");
    CU_ASSERT_STRING_EQUAL(mpa_word(MPA_NOTE_BAD_HMAC), "wrong HMAC");
    CU_ASSERT_STRING_EQUAL(mpa_word(MPA_WORD_COUNT), "unknown");
    CU_ASSERT_EQUAL(MPA_RESET_COUNT, 10);
    CU_ASSERT_EQUAL(MPA_OPT_COUNTS, 18);
}

int main(void)
{
    static CU_TestInfo tests[] = {
        {"exact percentiles", test_exact},
        {"empty and negative", test_empty_and_negative},
        {"histogram error", test_histogram_error},
        {"histogram ends", test_histogram_ends},
        {"merge in any order", test_merge},
        {"pack and unpack", test_pack},
        {"words", test_words},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        {"samples", NULL, NULL, NULL, NULL, tests},
        CU_SUITE_INFO_NULL,
    };
    unsigned failures = 1;

    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    if (CU_register_suites(suites) == CUE_SUCCESS) {
        CU_basic_set_mode(CU_BRM_NORMAL);
        if (CU_basic_run_tests() == CUE_SUCCESS)
            failures = CU_get_number_of_failures();
    }
    CU_cleanup_registry();
    return failures != 0;
}
