/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records through bytes and through the spool come back whole, in the order of their ids. */
#include "fixture.h"

#include "mpa/record_pack.h"
#include "mpa/status.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of 'count' items of 'size' at 'a' and 'b'. */
static void check_items(const void *a, const void *b, int count, size_t size)
{
    if (count == 0) {
        CU_ASSERT_PTR_NULL(b);
        return;
    }
    CU_ASSERT_EQUAL(memcmp(a, b, (size_t)count * size), 0);
}

/* Everything but the pointers is equal byte for byte, and what they point to too. */
static void check_equal(const struct mpa_rec_conn *a, const struct mpa_rec_conn *b)
{
    struct mpa_rec_conn x = *a;
    struct mpa_rec_conn y = *b;
    struct mpa_samples one = {0};
    struct mpa_samples two = {0};
    int dir;

    for (dir = 0; dir < 2; dir++) {
        check_items(a->merge.spans[dir], b->merge.spans[dir], a->merge.span_count[dir],
                    sizeof(struct mpa_rec_span));
        CU_ASSERT_EQUAL(a->merge.rtt[dir] == NULL, b->merge.rtt[dir] == NULL);
        if (a->merge.rtt[dir]) {
            mpa_samples_merge(&one, &a->merge.rtt[dir][0]);
            mpa_samples_merge(&two, &b->merge.rtt[dir][0]);
        }
        x.merge.spans[dir] = y.merge.spans[dir] = NULL;
        x.merge.rtt[dir] = y.merge.rtt[dir] = NULL;
    }
    CU_ASSERT_EQUAL(one.count, two.count);
    CU_ASSERT_EQUAL(mpa_samples_percentile(&one, 50), mpa_samples_percentile(&two, 50));
    mpa_samples_free(&one);
    mpa_samples_free(&two);
    check_items(a->subflows, b->subflows, a->subflow_count, sizeof(*a->subflows));
    check_items(a->add_addrs, b->add_addrs, a->add_addr_count, sizeof(*a->add_addrs));
    check_items(a->hits, b->hits, a->hit_count, sizeof(*a->hits));
    check_items(a->notes, b->notes, a->note_count, sizeof(*a->notes));
    x.subflows = y.subflows = NULL;
    x.add_addrs = y.add_addrs = NULL;
    x.hits = y.hits = NULL;
    x.notes = y.notes = NULL;
    CU_ASSERT_EQUAL(memcmp(&x, &y, sizeof(x)), 0);
}

static void test_pack(void)
{
    struct mpa_rec_conn *conn;
    struct mpa_rec_conn *copy;
    int kind;

    for (kind = 0; kind < KINDS; kind++) {
        conn = fixture_conn(kind, (enum kind)kind, kind % 2);
        copy = mpa_record_copy(conn);
        CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
        check_equal(conn, copy);
        mpa_record_free(copy);
        mpa_record_free(conn);
    }
    mpa_record_free(NULL);
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Any bytes in the structures survive: also a member that did not exist when this was written. */
static void test_any_bytes(void)
{
    struct mpa_rec_subflow *subflows;
    uint64_t state = 88172645463325252u;
    struct mpa_rec_conn *copy;
    uint8_t *bytes;
    size_t size;
    size_t i;
    int round;

    for (round = 0; round < 200; round++) {
        struct mpa_rec_conn conn;

        memset(&conn, 0, sizeof(conn));
        conn.id = (int64_t)next_random(&state);
        memset(conn.merge.key, (int)(next_random(&state) & 0xff), sizeof(conn.merge.key));
        subflows = calloc(3, sizeof(*subflows));
        CU_ASSERT_PTR_NOT_NULL_FATAL(subflows);
        bytes = (uint8_t *)subflows;
        size = 3 * sizeof(*subflows);
        for (i = 0; i < size; i++) {
            uint64_t r = next_random(&state);

            /* From nearly empty to full. */
            bytes[i] = (r >> 32) % 200 <= (uint64_t)round ? (uint8_t)r : 0;
        }
        for (i = 0; i < 3; i++)
            subflows[i].server_count = MPA_REC_SERVERS_MAX;
        conn.subflows = subflows;
        conn.subflow_count = 3;
        copy = mpa_record_copy(&conn);
        CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
        check_equal(&conn, copy);
        mpa_record_free(copy);
        free(subflows);
    }
}

/* Of a record without what a merge would need: that has no models. */
static size_t pack_size(struct mpa_record_models *models, const struct mpa_rec_conn *conn)
{
    struct mpa_rec_conn alone = *conn;
    uint8_t *bytes = NULL;
    size_t capacity = 0;
    size_t size = 0;

    memset(&alone.merge, 0, sizeof(alone.merge));
    CU_ASSERT_EQUAL(mpa_record_pack(models, &alone, &bytes, &size, &capacity), MPA_OK);
    free(bytes);
    return size;
}

/* What a record says of its subflows and addresses, like one before it, takes next to no room; another kind is learned when it says more. */
static void test_learning(void)
{
    static struct mpa_record_models models; /* Zeroed. */
    struct mpa_rec_conn *first = fixture_conn(1000, MIGRATED, false);
    struct mpa_rec_conn *second = fixture_conn(1001, MIGRATED, false);
    int subflows = first->subflow_count;
    int add_addrs = first->add_addr_count;

    CU_ASSERT_FATAL(subflows == 2 && add_addrs == 1);
    first->note_count = second->note_count = 0;
    first->add_addr_count = 0;
    first->subflow_count = 1;
    pack_size(&models, first);
    CU_ASSERT_EQUAL(models.count, 1);
    pack_size(&models, first);
    CU_ASSERT_EQUAL(models.count, 1);
    second->add_addr_count = 0;
    CU_ASSERT(pack_size(&models, second) < 100); /* It is the next model itself. */
    CU_ASSERT_EQUAL(models.count, 2);
    first->subflow_count = subflows;
    first->add_addr_count = add_addrs;
    CU_ASSERT(pack_size(&models, first) < 100);
    CU_ASSERT_EQUAL(models.count, 3);
    CU_ASSERT_EQUAL(models.at[2].subflows[0].id, first->subflows[0].id);
    CU_ASSERT_EQUAL(models.at[2].subflows[1].id, first->subflows[1].id);
    CU_ASSERT_EQUAL(models.at[2].add_addr.id, first->add_addrs[0].id);
    mpa_record_free(second);
    second = fixture_conn(1001, MIGRATED, false);
    second->note_count = 0;
    CU_ASSERT(pack_size(&models, second) < pack_size(NULL, second) / 3);
    CU_ASSERT_EQUAL(models.count, 3);
    mpa_record_free(first);
    mpa_record_free(second);
}

/* Each kind of record several times, by models that are learned meanwhile, and read in another order than they were written. */
static void test_models(void)
{
    enum { COUNT = 4 * KINDS };
    static struct mpa_record_models models; /* Zeroed. */
    struct mpa_record_models fewer;
    struct mpa_rec_conn *conns[COUNT];
    struct mpa_rec_conn *copy;
    uint8_t *bytes[COUNT] = {NULL};
    size_t sizes[COUNT];
    size_t capacity;
    int i;

    for (i = 0; i < COUNT; i++) {
        conns[i] = fixture_conn(1000 + i, (enum kind)(KINDS - 1 - i % KINDS), i % 2);
        capacity = 0;
        CU_ASSERT_EQUAL_FATAL(mpa_record_pack(&models, conns[i], &bytes[i], &sizes[i], &capacity),
                              MPA_OK);
    }
    CU_ASSERT_FATAL(models.count > 1 && models.count <= MPA_RECORD_MODELS);
    fewer = models;
    fewer.count--;
    for (i = COUNT - 1; i >= 0; i--) {
        CU_ASSERT_EQUAL_FATAL(mpa_record_unpack(&models, bytes[i], sizes[i], &copy), MPA_OK);
        check_equal(conns[i], copy);
        mpa_record_free(copy);
        CU_ASSERT_EQUAL(mpa_record_unpack(NULL, bytes[i], sizes[i], &copy), MPA_ERR_FORMAT);
        free(bytes[i]);
        mpa_record_free(conns[i]);
        if (i < COUNT - KINDS)
            continue;
        /* The last ones are of the last model: whoever does not have it cannot read them. */
        conns[i] = fixture_conn(1000 + i, MIGRATED, false);
        bytes[i] = NULL;
        capacity = 0;
        CU_ASSERT_EQUAL(mpa_record_pack(&models, conns[i], &bytes[i], &sizes[i], &capacity),
                        MPA_OK);
        CU_ASSERT_EQUAL(mpa_record_unpack(&fewer, bytes[i], sizes[i], &copy), MPA_ERR_FORMAT);
        free(bytes[i]);
        mpa_record_free(conns[i]);
    }
}

/* Records of all sizes in which no byte is zero: their memory is enough (run with the address sanitizer), and what is behind them is refused. */
static void test_full(void)
{
    uint64_t state = 77;

    for (int count = 0; count < 300; count++) {
        struct mpa_rec_conn conn = {.hit_count = count};
        struct mpa_rec_conn *copy = NULL;
        uint8_t *bytes = NULL;
        uint8_t *longer;
        size_t capacity = 0;
        size_t size;

        conn.hits = calloc((size_t)count + 1, sizeof(*conn.hits));
        CU_ASSERT_PTR_NOT_NULL_FATAL(conn.hits);
        for (size_t i = 0; i < (size_t)count * sizeof(*conn.hits); i++)
            ((uint8_t *)conn.hits)[i] = (uint8_t)(1 + next_random(&state) % 255);
        CU_ASSERT_EQUAL_FATAL(mpa_record_pack(NULL, &conn, &bytes, &size, &capacity), MPA_OK);
        CU_ASSERT_EQUAL_FATAL(mpa_record_unpack(NULL, bytes, size, &copy), MPA_OK);
        check_items(conn.hits, copy->hits, count, sizeof(*conn.hits));
        mpa_record_free(copy);
        longer = calloc(1, size + 1);
        CU_ASSERT_PTR_NOT_NULL_FATAL(longer);
        memcpy(longer, bytes, size);
        CU_ASSERT_EQUAL(mpa_record_unpack(NULL, longer, size + 1, &copy), MPA_ERR_FORMAT);
        free(longer);
        free(bytes);
        free(conn.hits);
    }
}

/* Lengths that no word has, in front of few bytes and of many. */
static void test_lengths(void)
{
    struct mpa_rec_conn *copy = NULL;

    for (size_t size = 4; size < 100; size++)
        for (unsigned i = 0; i < 2; i++) {
            uint8_t *bytes = calloc(1, size);

            CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
            bytes[1] = 0x01; /* Of the connection's first pieces one differs. */
            bytes[2] = i ? 0xff : 0x09;
            bytes[3] = i ? 0xff : 0x00;
            CU_ASSERT_EQUAL(mpa_record_unpack(NULL, bytes, size, &copy), MPA_ERR_FORMAT);
            free(bytes);
        }
}

/* Bytes that end too early or are wrong are refused; nothing is read behind them (run with the address sanitizer). */
static void check_damage(struct mpa_record_models *models)
{
    struct mpa_rec_conn *conn = fixture_conn(1, SURVIVED, false);
    struct mpa_rec_conn *copy = NULL;
    uint64_t state = 1;
    uint8_t *bytes = NULL;
    uint8_t *part;
    size_t capacity = 0;
    size_t size;
    size_t plain;
    size_t i;
    int status;

    CU_ASSERT_EQUAL_FATAL(mpa_record_pack(models, conn, &bytes, &size, &capacity), MPA_OK);
    plain = sizeof(*conn) + 2 * sizeof(*conn->subflows) + sizeof(*conn->add_addrs) +
            (size_t)conn->note_count * sizeof(*conn->notes);
    CU_ASSERT(size < plain * 4 / 5);
    for (i = 0; i < size; i++) {
        part = malloc(i + 1);
        CU_ASSERT_PTR_NOT_NULL_FATAL(part);
        memcpy(part, bytes, i);
        status = mpa_record_unpack(models, part, i, &copy);
        CU_ASSERT(status == MPA_ERR_FORMAT || status == MPA_ERR_NOMEM);
        CU_ASSERT_PTR_NULL(copy);
        free(part);
    }
    for (i = 0; i < 20000; i++) {
        size_t at = next_random(&state) % size;
        uint8_t kept = bytes[at];

        bytes[at] ^= (uint8_t)(1 + next_random(&state) % 255);
        if (mpa_record_unpack(models, bytes, size, &copy) == MPA_OK)
            mpa_record_free(copy);
        copy = NULL;
        bytes[at] = kept;
    }
    free(bytes);
    mpa_record_free(conn);
}

static void test_damage(void)
{
    static struct mpa_record_models models; /* Zeroed. */
    struct mpa_rec_conn *other = fixture_conn(0, MIGRATED, true);
    uint8_t *bytes = NULL;
    size_t capacity = 0;
    size_t size;

    check_damage(NULL);
    CU_ASSERT_EQUAL(mpa_record_pack(&models, other, &bytes, &size, &capacity), MPA_OK);
    check_damage(&models);
    free(bytes);
    mpa_record_free(other);
}

/* Ids out of order, with gaps of all sizes, over several pages of the index; 'memory' bytes of records are kept. */
static void check_order(size_t memory)
{
    enum { COUNT = 3000, KEPT = 50 };
    struct mpa_rec_conn *kept[COUNT / KEPT]; /* Each fiftieth, to compare with. */
    int64_t ids[COUNT];
    struct mpa_spool *spool = mpa_spool_new(memory);
    struct mpa_rec_conn *conn;
    struct mpa_rec_conn *got;
    uint64_t state = 5;
    int round;
    int i;

    CU_ASSERT_PTR_NOT_NULL_FATAL(spool);
    for (i = 0; i < COUNT; i++)
        ids[i] = (int64_t)i * (i < 1000 ? 1 : i < 2000 ? 7 : 40) + (i == COUNT - 1 ? 3000000 : 0);
    /* Put them in a shuffled order. */
    {
        int order[COUNT];

        for (i = 0; i < COUNT; i++)
            order[i] = i;
        for (i = COUNT - 1; i > 0; i--) {
            int k = (int)(next_random(&state) % (uint64_t)(i + 1));
            int one = order[i];

            order[i] = order[k];
            order[k] = one;
        }
        for (i = 0; i < COUNT; i++) {
            conn = fixture_conn(ids[order[i]], (enum kind)(order[i] % KINDS), false);
            CU_ASSERT_EQUAL(mpa_spool_put(spool, conn), MPA_OK);
            if (order[i] % KEPT == 0)
                kept[order[i] / KEPT] = conn;
            else
                mpa_record_free(conn);
        }
    }
    for (round = 0; round < 2; round++) {
        for (i = 0; i < COUNT; i++) {
            CU_ASSERT_EQUAL_FATAL(mpa_spool_next(spool, &got), 1);
            CU_ASSERT_EQUAL_FATAL(got->id, ids[i]);
            if (i % KEPT == 0)
                check_equal(kept[i / KEPT], got);
            got->server.port = 1; /* The reader's to write to; the next walk does not see it. */
        }
        CU_ASSERT_EQUAL(mpa_spool_next(spool, &got), 0);
        CU_ASSERT_EQUAL(mpa_spool_next(spool, &got), 0);
        mpa_spool_rewind(spool);
    }
    for (i = 0; i < COUNT / KEPT; i++)
        mpa_record_free(kept[i]);
    mpa_spool_free(spool);
}

/* In the file, half of them there, and in memory. */
static void test_order(void)
{
    check_order(0);
    check_order((size_t)1 << 20);
    check_order(MPA_SPOOL_MEMORY);
}

static void test_empty(void)
{
    struct mpa_spool *spool = mpa_spool_new(MPA_SPOOL_MEMORY);
    struct mpa_rec_conn *got = NULL;
    struct mpa_rec_conn *conn = fixture_conn(5, MIGRATED, false);

    CU_ASSERT_PTR_NOT_NULL_FATAL(spool);
    CU_ASSERT_EQUAL(mpa_spool_next(spool, &got), 0);
    /* It goes on after a walk, also behind the place where the walk stopped. */
    CU_ASSERT_EQUAL(mpa_spool_put(spool, conn), MPA_OK);
    CU_ASSERT_EQUAL(mpa_spool_next(spool, &got), 1);
    CU_ASSERT_EQUAL(got->id, 5);
    CU_ASSERT_EQUAL(mpa_spool_next(spool, &got), 0);
    conn->id = -1;
    CU_ASSERT(mpa_spool_put(spool, conn) < 0);
    mpa_record_free(conn);
    mpa_spool_free(spool);
    mpa_spool_free(NULL);
}

/* Nobody misses the folder before there is no more room in memory. */
static void test_no_folder(void)
{
    char *kept = getenv("TMPDIR") ? strdup(getenv("TMPDIR")) : NULL;
    struct mpa_rec_conn *conn = fixture_conn(0, MIGRATED, false);
    struct mpa_spool *spool = mpa_spool_new(10000);
    struct mpa_rec_conn *got;
    int64_t count = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(spool);
    CU_ASSERT_PTR_NULL(mpa_spool_error(spool));
    setenv("TMPDIR", "/nonexistent", 1);
    for (; mpa_spool_put(spool, conn) == MPA_OK && count < 100; conn->id = count)
        count++;
    CU_ASSERT(count > 2 && count < 100);
    CU_ASSERT_EQUAL(mpa_spool_put(spool, conn), MPA_ERR_WRITE);
    CU_ASSERT_STRING_EQUAL(mpa_spool_error(spool), strerrordesc_np(ENOENT));
    for (int64_t id = 0; id < count; id++) {
        CU_ASSERT_EQUAL_FATAL(mpa_spool_next(spool, &got), 1);
        CU_ASSERT_EQUAL(got->id, id);
    }
    CU_ASSERT_EQUAL(mpa_spool_next(spool, &got), 0);
    if (kept)
        setenv("TMPDIR", kept, 1);
    else
        unsetenv("TMPDIR");
    free(kept);
    mpa_record_free(conn);
    mpa_spool_free(spool);
}

/* A record of a connection with more than the write buffer holds. */
static void check_large(size_t memory)
{
    struct mpa_spool *spool = mpa_spool_new(memory);
    struct mpa_rec_conn *conn = fixture_conn(0, MIGRATED, false);
    struct mpa_rec_conn *got;
    uint64_t state = 9;
    int i;

    CU_ASSERT_PTR_NOT_NULL_FATAL(spool);
    for (i = 0; i < 100000; i++)
        mpa_samples_add(&conn->merge.rtt[MPA_TO_CLIENT][0], (int64_t)(next_random(&state) >> 30));
    free(conn->notes);
    conn->note_count = 50000;
    conn->notes = calloc((size_t)conn->note_count, sizeof(*conn->notes));
    CU_ASSERT_PTR_NOT_NULL_FATAL(conn->notes);
    for (i = 0; i < conn->note_count; i++)
        conn->notes[i].ns = (int64_t)next_random(&state);
    for (i = 0; i < 3; i++) {
        conn->id = 2 - i;
        CU_ASSERT_EQUAL(mpa_spool_put(spool, conn), MPA_OK);
    }
    for (i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL_FATAL(mpa_spool_next(spool, &got), 1);
        conn->id = i;
        check_equal(conn, got);
    }
    mpa_record_free(conn);
    mpa_spool_free(spool);
}

static void test_large(void)
{
    check_large(0);
    check_large(MPA_SPOOL_MEMORY);
}

CU_TestInfo spool_tests[] = {
    {"pack", test_pack},           {"any bytes", test_any_bytes}, {"models", test_models},
    {"learning", test_learning},   {"full records", test_full},   {"lengths", test_lengths},
    {"damage", test_damage},       {"order", test_order},         {"empty", test_empty},
    {"large records", test_large}, {"no folder", test_no_folder}, CU_TEST_INFO_NULL,
};
