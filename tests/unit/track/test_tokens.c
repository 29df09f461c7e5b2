/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections by their tokens: all that have one, the newest first, however many there are. */
#include "../../../analyzer/track/internal.h"

#include <CUnit/Basic.h>

static struct mpa_tracker *tracker(void)
{
    static const struct mpa_track_config config = {0};
    struct mpa_tracker *t = mpa_tracker_new(&config);

    CU_ASSERT_PTR_NOT_NULL_FATAL(t);
    return t;
}

static struct mpa_conn *add(struct mpa_tracker *t, uint32_t token)
{
    static const struct mpa_segment any = {.ns = 1};
    struct mpa_conn *c = conn_new(t, &any);

    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    c->data[MPA_TO_CLIENT].token = token;
    token_insert(t, c, MPA_TO_CLIENT);
    return c;
}

static int count(const struct mpa_tracker *t, uint32_t token)
{
    const struct mpa_conn *c = NULL;
    int n = 0;

    while ((c = token_find(t, token, MPA_TO_CLIENT, c)))
        n++;
    return n;
}

/* Several connections of each token, over many sizes of the table. */
static void newest_first(void)
{
    enum { TOKENS = 5000, EACH = 3 };
    struct mpa_tracker *t = tracker();
    const struct mpa_conn *c;

    for (int64_t i = 0; i < TOKENS * EACH; i++)
        add(t, (uint32_t)(i % TOKENS) << 12);
    for (uint32_t token = 0; token < TOKENS; token++) {
        c = NULL;
        for (int k = EACH; k-- > 0;) {
            c = token_find(t, token << 12, MPA_TO_CLIENT, c);
            CU_ASSERT_PTR_NOT_NULL_FATAL(c);
            CU_ASSERT_EQUAL(c->id, (int64_t)token + k * TOKENS);
        }
        CU_ASSERT_PTR_NULL(token_find(t, token << 12, MPA_TO_CLIENT, c));
    }
    CU_ASSERT_EQUAL(count(t, 1), 0);
    CU_ASSERT_PTR_NULL(token_find(t, 0, MPA_TO_SERVER, NULL));
    mpa_tracker_free(t);
}

/* The newest, the oldest and one between leave; the others are found as before. */
static void leave(void)
{
    struct mpa_tracker *t = tracker();
    struct mpa_conn *c[5];

    for (int i = 0; i < 5; i++)
        c[i] = add(t, 77);
    conn_end(t, c[4]);
    conn_end(t, c[2]);
    conn_end(t, c[0]);
    CU_ASSERT_PTR_EQUAL(token_find(t, 77, MPA_TO_CLIENT, NULL), c[3]);
    CU_ASSERT_PTR_EQUAL(token_find(t, 77, MPA_TO_CLIENT, c[3]), c[1]);
    CU_ASSERT_EQUAL(count(t, 77), 2);
    conn_end(t, c[1]);
    conn_end(t, c[3]);
    CU_ASSERT_EQUAL(count(t, 77), 0);
    add(t, 77);
    CU_ASSERT_EQUAL(count(t, 77), 1);
    mpa_tracker_free(t);
}

/* A flood with one key: were each to pass all that came before, this would take minutes. */
static void one_token(void)
{
    enum { MANY = 400000 };
    struct mpa_tracker *t = tracker();

    for (int i = 0; i < MANY; i++)
        add(t, 0);
    CU_ASSERT_EQUAL(count(t, 0), MANY);
    mpa_tracker_free(t);
}

int main(void)
{
    CU_pSuite suite;

    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    suite = CU_add_suite("tokens", NULL, NULL);
    CU_ADD_TEST(suite, newest_first);
    CU_ADD_TEST(suite, leave);
    CU_ADD_TEST(suite, one_token);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    int failed = (int)CU_get_number_of_failures() + (CU_get_error() != CUE_SUCCESS);
    CU_cleanup_registry();
    return failed != 0;
}
