/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hash of four-tuples: equal in both directions, and of tuples that are alike no more often equal than chance has it. */
#include "../../../analyzer/track/internal.h"
#include "talk.h"
#include "suite.h"

#define KEYS 20000

static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state * 0x2545f4914f6cdd1du;
}

struct tuple {
    uint8_t src, dst;
    uint16_t sport, dport;
};

static uint32_t hash(const struct flow_table *f, const struct tuple *t)
{
    struct mpa_addr src = talk_addr(t->src), dst = talk_addr(t->dst);

    return flow_hash_tuple(f, &src, t->sport, &dst, t->dport);
}

/* How many of KEYS keys give both the same hash; by chance KEYS / 2^32. */
static int equal(struct tuple a, struct tuple b)
{
    struct flow_table f = {0};
    uint64_t state = 5;
    int count = 0;

    for (int i = 0; i < KEYS; i++) {
        f.key[0] = next(&state) | 1;
        f.key[1] = next(&state) | 1;
        count += hash(&f, &a) == hash(&f, &b);
    }
    return count;
}

static void both_directions(void)
{
    CU_ASSERT_EQUAL(equal((struct tuple){1, 2, 40000, 80}, (struct tuple){2, 1, 80, 40000}), KEYS);
    CU_ASSERT_EQUAL(equal((struct tuple){1, 1, 80, 81}, (struct tuple){1, 1, 81, 80}), KEYS);
}

/* Two hosts exchange their ports, or two pairs their partners. */
static void exchanged(void)
{
    CU_ASSERT_EQUAL(equal((struct tuple){1, 2, 80, 81}, (struct tuple){1, 2, 81, 80}), 0);
    CU_ASSERT_EQUAL(equal((struct tuple){1, 2, 80, 40000}, (struct tuple){1, 2, 40000, 80}), 0);
    CU_ASSERT_EQUAL(equal((struct tuple){1, 3, 5000, 5001}, (struct tuple){1, 3, 5001, 5000}), 0);
    CU_ASSERT_EQUAL(equal((struct tuple){1, 2, 80, 80}, (struct tuple){3, 4, 80, 80}), 0);
}

static void next_to_each_other(void)
{
    CU_ASSERT_EQUAL(equal((struct tuple){1, 2, 40000, 80}, (struct tuple){1, 2, 40001, 80}), 0);
    CU_ASSERT_EQUAL(equal((struct tuple){1, 2, 40000, 80}, (struct tuple){1, 3, 40000, 80}), 0);
    CU_ASSERT_EQUAL(equal((struct tuple){1, 2, 40000, 80}, (struct tuple){2, 3, 40000, 80}), 0);
    CU_ASSERT_EQUAL(equal((struct tuple){1, 1, 80, 80}, (struct tuple){2, 2, 80, 80}), 0);
}

int main(void)
{
    static CU_TestInfo tests[] = {
        {"both directions", both_directions},
        {"exchanged", exchanged},
        {"next to each other", next_to_each_other},
        CU_TEST_INFO_NULL,
    };

    return suite_run("flow", tests);
}
