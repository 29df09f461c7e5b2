/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The space against a model that keeps one byte a number. */
#include "mpa/space.h"

#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 4096

struct model {
    uint64_t origin;
    unsigned char seen[WIDTH];
    int base, next; /* Offsets from 'origin'. */
    uint64_t forgotten;
    bool begun;
};

static uint64_t rng(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Runs of unseen numbers between base and next. */
static int model_holes(const struct model *m, int starts[WIDTH], int ends[WIDTH])
{
    int count = 0;
    for (int i = m->base; i < m->next; i++) {
        if (m->seen[i])
            continue;
        starts[count] = i;
        while (!m->seen[i])
            i++;
        ends[count++] = i;
    }
    return count;
}

static int model_see(struct model *m, int start, int end, struct mpa_piece *pieces,
                     uint64_t *ret_new)
{
    int starts[WIDTH], ends[WIDTH];
    int count = 0, old_next = m->next;
    *ret_new = 0;
    if (!m->begun) {
        m->begun = true;
        m->base = m->next = old_next = start;
    }
    for (int i = start; i < end; i++) {
        int from = i;
        while (i < end && !m->seen[i] && (i == from || i != old_next))
            i++;
        if (i == from)
            continue;
        *ret_new += (uint64_t)(i - from);
        if (count < MPA_SPACE_PIECES)
            pieces[count++] = (struct mpa_piece){m->origin + (uint64_t)from,
                                                 m->origin + (uint64_t)i, from < old_next};
        memset(&m->seen[from], 1, (size_t)(i - from));
        i--;
    }
    m->base = start < m->base ? start : m->base;
    m->next = end > m->next ? end : m->next;
    if (model_holes(m, starts, ends) > MPA_SPACE_HOLES) {
        memset(&m->seen[starts[0]], 1, (size_t)(ends[0] - starts[0]));
        m->forgotten += (uint64_t)(ends[0] - starts[0]);
    }
    return count;
}

static uint64_t model_settle(struct model *m, int upto)
{
    uint64_t sum = 0;
    for (int i = m->base; i < m->next && i < upto; i++) {
        sum += !m->seen[i];
        m->seen[i] = 1;
    }
    return sum;
}

static bool same_state(const struct mpa_space *s, const struct model *m)
{
    int starts[WIDTH], ends[WIDTH];
    int count = model_holes(m, starts, ends);
    uint64_t size = (uint64_t)(m->next - m->base);
    bool same = s->begun == m->begun && s->forgotten == m->forgotten;
    if (!m->begun)
        return same;
    same = same && s->base == m->origin + (uint64_t)m->base &&
           s->next == m->origin + (uint64_t)m->next;
    if (!same || mpa_space_hole_count(s) != count)
        return false;
    for (int i = 0; i < count; i++) {
        uint64_t from, to;
        mpa_space_hole(s, i, &from, &to);
        same =
            same && from == m->origin + (uint64_t)starts[i] && to == m->origin + (uint64_t)ends[i];
        size -= to - from;
    }
    uint64_t contiguous = m->origin + (uint64_t)(count ? starts[0] : m->next);
    return same && mpa_space_size(s) == size && mpa_space_contiguous(s) == contiguous &&
           (count > 0) == (s->holes != NULL);
}

/* One run of random segments of up to 'longest' numbers; returns the first step that differs, or
 * -1. */
static int run(uint64_t seed, uint64_t origin, int longest, int steps, int *ret_most_holes)
{
    struct model m;
    struct mpa_space s = {0};
    uint64_t state = seed;
    int bad = -1;
    memset(&m, 0, sizeof(m));
    m.origin = origin;
    for (int step = 0; step < steps && bad < 0; step++) {
        struct mpa_piece got[MPA_SPACE_PIECES], want[MPA_SPACE_PIECES];
        uint64_t got_new = 1, want_new = 2;
        unsigned what = (unsigned)(rng(&state) % 64);
        int start = (int)(rng(&state) % (WIDTH - 512)) + 256;
        int size = (int)(rng(&state) % (unsigned)longest) + 1;
        if (what == 0 && m.begun) {
            if (mpa_space_settle(&s, origin + (uint64_t)start) != model_settle(&m, start))
                bad = step;
        } else {
            if (what < 16 && m.begun && m.next + size < WIDTH)
                start = m.next; /* In order: the inline path. */
            int end = start + size < WIDTH ? start + size : WIDTH;
            int n =
                mpa_space_see(&s, origin + (uint64_t)start, origin + (uint64_t)end, got, &got_new);
            int k = model_see(&m, start, end, want, &want_new);
            if (n != k || got_new != want_new)
                bad = step;
            for (int i = 0; i < n && i < k; i++) {
                if (got[i].start != want[i].start || got[i].end != want[i].end ||
                    got[i].fills != want[i].fills)
                    bad = step;
            }
        }
        if (!same_state(&s, &m))
            bad = step;
        if (mpa_space_hole_count(&s) > *ret_most_holes)
            *ret_most_holes = mpa_space_hole_count(&s);
    }
    mpa_space_free(&s);
    return bad;
}

static void random_segments_match_the_model(void)
{
    /* The last two lie across 2^64, and across 2^32. */
    static const uint64_t origins[] = {0, 1000, UINT64_MAX - WIDTH / 2, UINT32_MAX - WIDTH / 2};
    static const int longest[] = {2, 8, 60, 900};
    int most = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        for (int o = 0; o < 4; o++) {
            for (int l = 0; l < 4; l++) {
                int bad = run(seed * 0x9e3779b97f4a7c15u, origins[o], longest[l], 240, &most);
                if (bad >= 0) {
                    CU_FAIL("the space differs from the model");
                    return;
                }
            }
        }
    }
    CU_ASSERT_EQUAL(most, MPA_SPACE_HOLES); /* Otherwise the bound was not tried. */
}

static void in_order_costs_no_memory(void)
{
    struct mpa_space s = {0};
    struct mpa_piece pieces[MPA_SPACE_PIECES];
    uint64_t fresh;
    for (uint64_t at = 5; at < 5 + 1448 * 1000; at += 1448) {
        CU_ASSERT_EQUAL(mpa_space_see(&s, at, at + 1448, pieces, &fresh), 1);
        CU_ASSERT_EQUAL(fresh, 1448);
        CU_ASSERT_FALSE(pieces[0].fills);
    }
    CU_ASSERT_PTR_NULL(s.holes);
    CU_ASSERT_EQUAL(mpa_space_size(&s), 1448 * 1000);
}

static void empty_segment_begins(void)
{
    struct mpa_space s = {0};
    struct mpa_piece pieces[MPA_SPACE_PIECES];
    uint64_t fresh = 7;
    CU_ASSERT_EQUAL(mpa_space_see(&s, 100, 100, pieces, &fresh), 0);
    CU_ASSERT_EQUAL(fresh, 0);
    CU_ASSERT_TRUE(s.begun);
    CU_ASSERT_EQUAL(mpa_space_contiguous(&s), 100);
    /* What comes next leaves a hole from where it began. */
    CU_ASSERT_EQUAL(mpa_space_see(&s, 110, 120, pieces, &fresh), 1);
    CU_ASSERT_EQUAL(mpa_space_hole_count(&s), 1);
    CU_ASSERT_EQUAL(mpa_space_settle(&s, 105), 5);
    CU_ASSERT_EQUAL(mpa_space_settle(&s, 1000), 5);
    CU_ASSERT_EQUAL(s.next, 120);
    mpa_space_free(&s);
    CU_ASSERT_FALSE(s.begun);
}

static void oldest_hole_is_forgotten(void)
{
    struct mpa_space s = {0};
    struct mpa_piece pieces[MPA_SPACE_PIECES];
    uint64_t fresh, from, to;
    for (uint64_t i = 0; i <= MPA_SPACE_HOLES + 1; i++) /* One more hole than there is room for. */
        mpa_space_see(&s, i * 10, i * 10 + 7, pieces, &fresh);
    CU_ASSERT_EQUAL(mpa_space_hole_count(&s), MPA_SPACE_HOLES);
    CU_ASSERT_EQUAL(s.forgotten, 3);
    mpa_space_hole(&s, 0, &from, &to);
    CU_ASSERT_EQUAL(from, 17);
    CU_ASSERT_EQUAL(to, 20);
    CU_ASSERT_EQUAL(mpa_space_see(&s, 7, 10, pieces, &fresh), 0); /* Taken as seen. */
    mpa_space_free(&s);
}

/* More pieces than fit: only their sum is told. */
static void many_pieces(void)
{
    struct mpa_space s = {0};
    struct mpa_piece pieces[MPA_SPACE_PIECES];
    uint64_t fresh;
    for (uint64_t i = 0; i < 12; i++)
        mpa_space_see(&s, i * 10, i * 10 + 6, pieces, &fresh);
    CU_ASSERT_EQUAL(mpa_space_see(&s, 0, 200, pieces, &fresh), MPA_SPACE_PIECES);
    CU_ASSERT_EQUAL(fresh, 11 * 4 + 200 - 116);
    CU_ASSERT_PTR_NULL(s.holes);
    mpa_space_free(&s);
}

static void absurd_distances_change_nothing(void)
{
    struct mpa_space s = {0};
    struct mpa_piece pieces[MPA_SPACE_PIECES];
    uint64_t fresh, far = UINT64_C(1) << 63;
    mpa_space_see(&s, 1000, 2000, pieces, &fresh);
    for (int i = -1; i <= 1; i++) {
        uint64_t at = 1000 + far + (uint64_t)(int64_t)i;
        CU_ASSERT_EQUAL(mpa_space_see(&s, at, at + 10, pieces, &fresh), 0);
        CU_ASSERT_EQUAL(fresh, 0);
    }
    CU_ASSERT_EQUAL(mpa_space_see(&s, 2000, 1990, pieces, &fresh), 0); /* Negative size. */
    CU_ASSERT_EQUAL(mpa_space_settle(&s, 500), 0);
    CU_ASSERT_EQUAL(s.base, 1000);
    CU_ASSERT_EQUAL(s.next, 2000);
    CU_ASSERT_PTR_NULL(s.holes);
}

/* Extreme numbers in any mixture: only memory and order are checked. */
static void wild_numbers_keep_order(void)
{
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct mpa_space s = {0};
        struct mpa_piece pieces[MPA_SPACE_PIECES];
        uint64_t state = seed * 0x2545f4914f6cdd1du, fresh;
        for (int i = 0; i < 400; i++) {
            uint64_t start = rng(&state), size = rng(&state);
            start <<= rng(&state) % 64;
            size >>= rng(&state) % 64;
            if (i % 7 == 0)
                mpa_space_settle(&s, start);
            else
                mpa_space_see(&s, start, start + size, pieces, &fresh);
            uint64_t last = 0;
            for (int k = 0; k < mpa_space_hole_count(&s); k++) {
                uint64_t from, to;
                mpa_space_hole(&s, k, &from, &to);
                /* Equal where the space began with an empty segment: a hole may touch its ends. */
                CU_ASSERT_TRUE_FATAL(from - s.base >= last && to - s.base > from - s.base);
                last = to - s.base;
            }
            CU_ASSERT_TRUE_FATAL(last <= s.next - s.base);
        }
        mpa_space_free(&s);
    }
}

static void unwrap(void)
{
    CU_ASSERT_EQUAL(mpa_unwrap32(0x100000005u, 5), 0x100000005u);
    CU_ASSERT_EQUAL(mpa_unwrap32(0x1fffffff0u, 0x10), 0x200000010u); /* Forwards over the wrap. */
    CU_ASSERT_EQUAL(mpa_unwrap32(0x200000010u, 0xfffffff0u), 0x1fffffff0u);
    CU_ASSERT_EQUAL(mpa_unwrap32(0x17fffffffu, 0xffffffffu - 0x7fffffffu), 0x180000000u);
    CU_ASSERT_EQUAL(mpa_unwrap32(0x100000000u, 0x80000000u), 0x80000000u); /* The tie goes down. */
    CU_ASSERT_EQUAL(mpa_unwrap32(UINT64_MAX, 0), 0);
    CU_ASSERT_EQUAL(mpa_unwrap32(3, 0xffffffffu), UINT64_MAX);
}

int main(void)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    CU_pSuite suite = CU_add_suite("space", NULL, NULL);
    CU_ADD_TEST(suite, random_segments_match_the_model);
    CU_ADD_TEST(suite, in_order_costs_no_memory);
    CU_ADD_TEST(suite, empty_segment_begins);
    CU_ADD_TEST(suite, oldest_hole_is_forgotten);
    CU_ADD_TEST(suite, many_pieces);
    CU_ADD_TEST(suite, absurd_distances_change_nothing);
    CU_ADD_TEST(suite, wild_numbers_keep_order);
    CU_ADD_TEST(suite, unwrap);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    int failed = (int)CU_get_number_of_failures() + (CU_get_error() != CUE_SUCCESS);
    CU_cleanup_registry();
    return failed != 0;
}
