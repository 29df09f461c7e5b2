/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table against a list: what was added and not removed is found under its hash, whatever went in between. */
#include "../../../analyzer/track/table.h"

#include <CUnit/Basic.h>

#define ITEMS 3000

struct item {
    uint32_t hash;
    bool in;
};

static uint64_t rng(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static const struct table_entry *find(const struct table *t, const struct item *item)
{
    const struct table_entry *e = table_first(t, item->hash);

    while (e->item && e->item != item)
        e = table_next(t, e);
    return e->item ? e : NULL;
}

/* What seeking finds is the first with the hash, or where the search may end. */
static void check_seek(const struct table *t, const struct item *item)
{
    const struct table_entry *e = table_first(t, item->hash);

    while (e->item && e->hash != item->hash)
        e = table_next(t, e);
    CU_ASSERT_PTR_EQUAL(table_seek(t, item->hash), e);
}

static void check_all(const struct table *t, const struct item *items)
{
    size_t count = 0;

    for (uint32_t i = 0; i < ITEMS; i++) {
        const struct table_entry *e = find(t, &items[i]);

        CU_ASSERT_EQUAL(e != NULL, items[i].in);
        check_seek(t, &items[i]);
        if (e) {
            CU_ASSERT_EQUAL(e->hash, items[i].hash);
            CU_ASSERT_EQUAL(e->note, i);
        }
        count += items[i].in;
    }
    CU_ASSERT_EQUAL(t->count, count);
}

/* Hashes under 'mask': few of them make long rows, those with all bits set rows across the table's end. */
static void play(uint32_t mask, uint32_t high)
{
    static struct item items[ITEMS];
    struct table t;
    uint64_t state = 7 + mask;

    CU_ASSERT_FATAL(table_init(&t));
    for (uint32_t i = 0; i < ITEMS; i++)
        items[i] = (struct item){.hash = ((uint32_t)rng(&state) & mask) | high};
    for (int step = 0; step < 20000; step++) {
        uint32_t i = (uint32_t)(rng(&state) % ITEMS);

        /* Mostly adding at first, mostly removing in the end. */
        if (!items[i].in && rng(&state) % 20000 >= (uint64_t)step / 2) {
            CU_ASSERT(table_add(&t, &items[i], items[i].hash, i));
            items[i].in = true;
        } else if (items[i].in && rng(&state) % 20000 < (uint64_t)step) {
            table_remove(&t, &items[i], items[i].hash);
            items[i].in = false;
        }
        if (step % 2000 == 0)
            check_all(&t, items);
    }
    check_all(&t, items);
    table_clear(&t);
    for (uint32_t i = 0; i < ITEMS; i++)
        items[i].in = false;
    check_all(&t, items);
    table_free(&t);
}

static void any_hash(void)
{
    play(0xffffffffu, 0);
}

static void few_hashes(void)
{
    play(0x1f, 0);
}

static void across_the_end(void)
{
    play(0xff, 0xffffff00u);
}

static void one_hash(void)
{
    play(0, 1023);
}

/* To remove what is not in it changes nothing. */
static void absent(void)
{
    struct item a = {.hash = 5}, b = {.hash = 5};
    struct table t;

    CU_ASSERT_FATAL(table_init(&t));
    CU_ASSERT(table_add(&t, &a, a.hash, 9));
    table_remove(&t, &b, b.hash);
    CU_ASSERT_EQUAL(t.count, 1);
    CU_ASSERT_PTR_NOT_NULL(find(&t, &a));
    table_free(&t);
    table_free(&t);
}

int main(void)
{
    CU_pSuite suite;

    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    suite = CU_add_suite("table", NULL, NULL);
    CU_ADD_TEST(suite, any_hash);
    CU_ADD_TEST(suite, few_hashes);
    CU_ADD_TEST(suite, across_the_end);
    CU_ADD_TEST(suite, one_hash);
    CU_ADD_TEST(suite, absent);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    int failed = (int)CU_get_number_of_failures() + (CU_get_error() != CUE_SUCCESS);
    CU_cleanup_registry();
    return failed != 0;
}
