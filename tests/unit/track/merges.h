/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of merging share: merging into one record, and a record with keys. */
#ifndef MPA_TEST_MERGES_H
#define MPA_TEST_MERGES_H

#include "records.h"

#include "mpa/record_pack.h"

#include <CUnit/Basic.h>

#define MS 1000000

/* Merge in the given order into one; the caller frees it. */
static inline struct mpa_rec_conn *merge_two(const struct mpa_rec_conn *a, int capture_a,
                                             const struct mpa_rec_conn *b, int capture_b)
{
    struct mpa_merge *m = mpa_merge_new();
    struct mpa_rec_conn *c, *copy = NULL, *more;

    CU_ASSERT_PTR_NOT_NULL_FATAL(m);
    CU_ASSERT_EQUAL(mpa_merge_put(m, a, capture_a), 0);
    CU_ASSERT_EQUAL(mpa_merge_put(m, b, capture_b), 0);
    CU_ASSERT_EQUAL(mpa_merge_finish(m), 0);
    if (mpa_merge_next(m, &c) == 1)
        copy = mpa_record_copy(c);
    CU_ASSERT_EQUAL(mpa_merge_next(m, &more), 0);
    mpa_merge_free(m);
    CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
    return copy;
}

/* The only result of merging all in order, as a copy. */
static inline struct mpa_rec_conn *merge_all(struct made *const *list, int count)
{
    struct mpa_rec_conn *sum = mpa_record_copy(&list[0]->conn);

    CU_ASSERT_PTR_NOT_NULL_FATAL(sum);
    sum->merge.captures = 1;
    for (int i = 1; i < count; i++) {
        struct mpa_rec_conn *next = merge_two(sum, 0, &list[i]->conn, i);

        mpa_record_free(sum);
        sum = next;
    }
    return sum;
}

static inline void make_keyed(struct made *m, int64_t id, uint8_t client, uint8_t server,
                              uint32_t isn)
{
    made_begin(m, id, (1000 + id) * MS, 1500 * MS);
    made_keys(m, client, server);
    made_isns(
        made_subflow(m, MPA_ROLE_INITIAL, made_end((uint8_t)(id + 1), 40000), made_end(100, 80)),
        isn, isn + 1);
}

#endif
