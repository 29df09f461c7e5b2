/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One-way delay and loss of a made-up path whose delays, clocks and losses are known. */
#include "mpa/merge.h"

#include <CUnit/Basic.h>
#include <string.h>

#define MS 1000000

/* A path from client's capture to server's capture; a packet more every millisecond in each
 * direction. */
struct path {
    struct mpa_pairs *pairs;
    int client, server;     /* Capture indices. */
    int64_t up_ns, down_ns; /* Delays. */
    int64_t clock_ns;       /* The server's clock minus the client's. */
    int64_t now_ns;         /* By the client's clock. */
    uint32_t seq;
    uint16_t port;
    bool translated; /* The server sees other addresses. */
};

static void put(struct path *p, int capture, enum mpa_dir dir, int64_t ns, uint32_t seq,
                uint32_t size)
{
    struct mpa_segment s = {
        .ns = ns, .seq = seq, .ack = 7, .flags = MPA_TCP_ACK, .payload_size = size};

    s.src.b[15] = dir == MPA_TO_SERVER ? 1 : 2;
    s.dst.b[15] = dir == MPA_TO_SERVER ? 2 : 1;
    if (p->translated && capture == p->server)
        s.src.b[14] = s.dst.b[14] = 9;
    s.sport = dir == MPA_TO_SERVER ? p->port : 80;
    s.dport = dir == MPA_TO_SERVER ? 80 : p->port;
    CU_ASSERT_EQUAL(mpa_pairs_add(p->pairs, capture, &s, dir), 0);
}

/* One packet whose sender sends it now. */
static void send_one(struct path *p, enum mpa_dir dir, uint32_t seq, uint32_t size, bool lost,
                     int64_t jitter_ns)
{
    int near = dir == MPA_TO_SERVER ? p->client : p->server;
    int64_t delay = (dir == MPA_TO_SERVER ? p->up_ns : p->down_ns) + jitter_ns;
    int64_t near_clock = dir == MPA_TO_SERVER ? 0 : p->clock_ns;
    int64_t far_clock = dir == MPA_TO_SERVER ? p->clock_ns : 0;

    put(p, near, dir, p->now_ns + near_clock, seq, size);
    if (!lost)
        put(p, near == p->client ? p->server : p->client, dir, p->now_ns + delay + far_clock, seq,
            size);
}

/* 'count' packets a direction; every 'lose'-th to the server is lost (0: none). */
static void talk(struct path *p, int count, int lose)
{
    for (int i = 0; i < count; i++, p->now_ns += MS) {
        send_one(p, MPA_TO_SERVER, p->seq, 100, lose && i % lose == lose / 2, (i % 10) * 10000);
        send_one(p, MPA_TO_CLIENT, p->seq, 1000, false, (i % 4) * 100000);
        p->seq += 1000;
    }
}

static const struct mpa_rec_vantage_pair *find(const struct mpa_rec_vantage_pair *rows, int count,
                                               int from, int to)
{
    for (int i = 0; i < count; i++)
        if (rows[i].from == from && rows[i].to == to)
            return &rows[i];
    return NULL;
}

static const struct mpa_rec_vantage_pair *report(struct path *p, int from, int to, int rows)
{
    const struct mpa_rec_vantage_pair *at;
    int count;

    CU_ASSERT_EQUAL_FATAL(mpa_pairs_report(p->pairs, &at, &count), 0);
    CU_ASSERT_EQUAL(count, rows);
    return find(at, count, from, to);
}

static void delay_clock_and_loss(void)
{
    /* The server's capture is given first, and its clock is far behind. */
    struct path p = {.pairs = mpa_pairs_new(3),
                     .client = 2,
                     .server = 0,
                     .up_ns = 10 * MS,
                     .down_ns = 14 * MS,
                     .clock_ns = -3600 * 1000 * (int64_t)MS,
                     .port = 4000,
                     .translated = true};
    const struct mpa_rec_vantage_pair *up, *down;

    talk(&p, 1000, 50);
    up = report(&p, 2, 0, 2);
    down = report(&p, 0, 2, 2);
    CU_ASSERT_PTR_NOT_NULL_FATAL(up);
    CU_ASSERT_PTR_NOT_NULL_FATAL(down);
    CU_ASSERT_EQUAL(up->matched, 980);
    CU_ASSERT_EQUAL(down->matched, 1000);
    /* Twenty were lost, all of them well inside of what both captured. */
    CU_ASSERT_EQUAL(up->lost, 20);
    CU_ASSERT_EQUAL(down->lost, 0);
    /* The path is asymmetric by 4 ms: the clock comes out wrong by half of it, and the error covers
     * that. */
    CU_ASSERT_EQUAL(up->clock_offset_dur_ns, p.clock_ns - 2 * MS);
    CU_ASSERT_EQUAL(down->clock_offset_dur_ns, -(p.clock_ns - 2 * MS));
    CU_ASSERT_EQUAL(up->clock_error_dur_ns, 12 * MS);
    CU_ASSERT_EQUAL(down->clock_error_dur_ns, 12 * MS);
    CU_ASSERT_EQUAL(up->delay.count, 980);
    CU_ASSERT_EQUAL(up->delay.min_ns, 12 * MS);
    CU_ASSERT_EQUAL(up->delay.max_ns, 12 * MS + 90000);
    CU_ASSERT_EQUAL(down->delay.min_ns, 12 * MS);
    CU_ASSERT_EQUAL(down->delay.p50_ns, 12 * MS + 100000);
    CU_ASSERT_EQUAL(down->delay.max_ns, 12 * MS + 300000);
    mpa_pairs_free(p.pairs);
}

static void three_vantage_points(void)
{
    struct path p = {.pairs = mpa_pairs_new(3),
                     .client = 0,
                     .server = 1,
                     .up_ns = 5 * MS,
                     .down_ns = 5 * MS,
                     .port = 4000};
    struct path behind = p;

    /* The third sees all that the second sees, 2 ms further on. */
    behind.server = 2;
    behind.up_ns = behind.down_ns = 7 * MS;
    for (int i = 0; i < 100; i++) {
        send_one(&p, MPA_TO_SERVER, p.seq, 100, false, 0);
        if (i != 50) /* Lost between the second and the third. */
            put(&p, 2, MPA_TO_SERVER, p.now_ns + 7 * MS, p.seq, 100);
        send_one(&behind, MPA_TO_CLIENT, p.seq, 100, false, 0);
        put(&p, 1, MPA_TO_CLIENT, p.now_ns + 2 * MS, p.seq, 100);
        p.seq += 100;
        behind.now_ns = p.now_ns += MS;
    }
    CU_ASSERT_PTR_NOT_NULL(report(&p, 0, 1, 6));
    CU_ASSERT_EQUAL(report(&p, 1, 2, 6)->clock_error_dur_ns, 2 * MS);
    CU_ASSERT_EQUAL(report(&p, 0, 2, 6)->delay.p50_ns, 7 * MS);
    CU_ASSERT_EQUAL(report(&p, 2, 1, 6)->matched, 100);
    CU_ASSERT_EQUAL(report(&p, 0, 1, 6)->lost, 0);
    CU_ASSERT_EQUAL(report(&p, 1, 2, 6)->lost, 1);
    CU_ASSERT_EQUAL(report(&p, 0, 2, 6)->lost, 1);
    mpa_pairs_free(p.pairs);
}

static void repeated_packets(void)
{
    struct path p = {.pairs = mpa_pairs_new(2),
                     .client = 0,
                     .server = 1,
                     .up_ns = 10 * MS,
                     .down_ns = 10 * MS,
                     .port = 4000};
    const struct mpa_rec_vantage_pair *up;

    talk(&p, 100, 0);
    /* Lost, and sent again 200 ms later with the same numbers: no delay of 200 ms, one loss. */
    send_one(&p, MPA_TO_SERVER, 1, 100, true, 0);
    p.now_ns += 200 * MS;
    send_one(&p, MPA_TO_SERVER, 1, 100, false, 0);
    /* Sent twice, both arrive: the first is the first. */
    send_one(&p, MPA_TO_SERVER, 2, 100, false, 0);
    p.now_ns += 300 * MS;
    send_one(&p, MPA_TO_SERVER, 2, 100, false, 0);
    /* The nearer capture lost the first of two: what arrived did not travel back in time. */
    put(&p, 1, MPA_TO_SERVER, p.now_ns, 3, 0);
    p.now_ns += 300 * MS;
    send_one(&p, MPA_TO_SERVER, 3, 0, false, 0);
    talk(&p, 100, 0);
    up = report(&p, 0, 1, 2);
    CU_ASSERT_EQUAL(up->clock_error_dur_ns, 10 * MS);
    CU_ASSERT_EQUAL(up->matched, 204);
    CU_ASSERT_EQUAL(up->lost, 1);
    CU_ASSERT_EQUAL(up->delay.count, 202);
    CU_ASSERT_EQUAL(up->delay.max_ns, 10 * MS + 90000);
    mpa_pairs_free(p.pairs);
}

/* What the other could not see is no loss: before it began, after it ended, and flows on other
 * paths. */
static void only_what_both_cover(void)
{
    struct path p = {.pairs = mpa_pairs_new(2),
                     .client = 0,
                     .server = 1,
                     .up_ns = 10 * MS,
                     .down_ns = 10 * MS,
                     .port = 4000};
    const struct mpa_rec_vantage_pair *up;

    for (int i = 0; i < 500; i++, p.now_ns += MS)
        put(&p, 0, MPA_TO_SERVER, p.now_ns, 5000001 + (uint32_t)i, 100);
    p.now_ns += 10 * MS; /* The last of them is past when the other begins. */
    talk(&p, 1000, 100);
    for (int i = 0; i < 500; i++, p.now_ns += MS)
        put(&p, 0, MPA_TO_SERVER, p.now_ns, 6000001 + (uint32_t)i, 100);
    p.port = 4001; /* The direct path does not pass the other capture. */
    for (int i = 0; i < 400; i++)
        put(&p, 0, MPA_TO_SERVER, (700 + i) * MS, 7000001 + (uint32_t)i, 100);
    up = report(&p, 0, 1, 2);
    CU_ASSERT_EQUAL(up->matched, 990);
    CU_ASSERT_EQUAL(up->lost, 10);
    mpa_pairs_free(p.pairs);
}

/* The farther capture began earlier: the data that only it has says nothing of the flow. */
static void began_later(void)
{
    struct path p = {.pairs = mpa_pairs_new(2),
                     .client = 0,
                     .server = 1,
                     .up_ns = 10 * MS,
                     .down_ns = 10 * MS,
                     .port = 4000};
    const struct mpa_rec_vantage_pair *up;

    for (int i = 0; i < 500; i++, p.now_ns += MS)
        put(&p, 1, MPA_TO_SERVER, p.now_ns, 5000001 + (uint32_t)i, 100);
    talk(&p, 1000, 100);
    up = report(&p, 0, 1, 2);
    CU_ASSERT_EQUAL(up->matched, 990);
    CU_ASSERT_EQUAL(up->lost, 10);
    mpa_pairs_free(p.pairs);
}

static void one_direction(void)
{
    struct path p = {
        .pairs = mpa_pairs_new(2), .client = 1, .server = 0, .up_ns = 10 * MS, .port = 4000};
    const struct mpa_rec_vantage_pair *up;

    /* Direct server return: the balancer sees the client's packets only. */
    for (int i = 0; i < 100; i++, p.now_ns += MS)
        send_one(&p, MPA_TO_SERVER, (uint32_t)i, 0, i == 50, 0);
    up = report(&p, 1, 0, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(up);
    CU_ASSERT_EQUAL(up->matched, 99);
    CU_ASSERT_EQUAL(up->lost, 1);
    CU_ASSERT_EQUAL(up->delay.count, 0);
    CU_ASSERT_EQUAL(up->delay.p50_ns, MPA_NULL);
    CU_ASSERT_EQUAL(up->clock_offset_dur_ns, MPA_NULL);
    CU_ASSERT_EQUAL(up->clock_error_dur_ns, MPA_NULL);
    mpa_pairs_free(p.pairs);
}

/* Segments that were cut anew on the way. */
static void segments_cut_anew(void)
{
    struct path p = {.pairs = mpa_pairs_new(2),
                     .client = 0,
                     .server = 1,
                     .up_ns = 10 * MS,
                     .down_ns = 10 * MS,
                     .port = 4000};
    const struct mpa_rec_vantage_pair *up;

    talk(&p, 200, 0);
    p.port = 4001;
    talk(&p, 200, 20);
    p.port = 4002; /* Of this flow, two segments in three leave as one. */
    for (int i = 0; i < 50; i++, p.now_ns += MS) {
        uint32_t seq = 5000001 + (uint32_t)i * 300;

        put(&p, 0, MPA_TO_SERVER, p.now_ns, seq, 200);
        put(&p, 1, MPA_TO_SERVER, p.now_ns + 10 * MS, seq, 100);
        put(&p, 1, MPA_TO_SERVER, p.now_ns + 10 * MS, seq + 100, 100);
        send_one(&p, MPA_TO_SERVER, seq + 200, 100, false, 0);
    }
    talk(&p, 200, 0);
    up = report(&p, 0, 1, 2);
    CU_ASSERT_EQUAL(up->matched, 200 + 190 + 50 + 200);
    CU_ASSERT_EQUAL(up->lost, 10); /* Of the flow that was left alone. */
    mpa_pairs_free(p.pairs);

    /* Nearly nothing matches: nothing is said of loss. */
    p = (struct path){.pairs = mpa_pairs_new(2),
                      .client = 0,
                      .server = 1,
                      .up_ns = 10 * MS,
                      .down_ns = 10 * MS,
                      .port = 4000};
    talk(&p, 10, 0);
    for (int i = 0; i < 50; i++, p.now_ns += MS)
        put(&p, 0, MPA_TO_SERVER, p.now_ns, 5000001 + (uint32_t)i, 200);
    talk(&p, 10, 0);
    up = report(&p, 0, 1, 2);
    CU_ASSERT_EQUAL(up->matched, 20);
    CU_ASSERT_EQUAL(up->lost, MPA_NULL);
    mpa_pairs_free(p.pairs);
}

/* An anycast flow moves to another server and back: nothing of it is lost, but what is really lost
 * counts. */
static void moved_is_not_lost(void)
{
    struct path p = {.pairs = mpa_pairs_new(3),
                     .client = 0,
                     .server = 1,
                     .up_ns = 10 * MS,
                     .down_ns = 10 * MS,
                     .port = 4000};

    talk(&p, 200, 40);
    p.server = 2;
    talk(&p, 200, 40);
    p.server = 1;
    talk(&p, 200, 20);
    CU_ASSERT_EQUAL(report(&p, 0, 1, 4)->matched, 385);
    CU_ASSERT_EQUAL(report(&p, 0, 2, 4)->matched, 195);
    CU_ASSERT_EQUAL(report(&p, 0, 1, 4)->lost,
                    20); /* Fifteen on the way to it, and five that nobody saw. */
    CU_ASSERT_EQUAL(report(&p, 0, 2, 4)->lost, 5);
    mpa_pairs_free(p.pairs);
}

static void nothing_in_common(void)
{
    struct path p = {.pairs = mpa_pairs_new(2), .client = 0, .server = 1, .port = 1};
    const struct mpa_rec_vantage_pair *at;
    int count = -1;

    CU_ASSERT_EQUAL(mpa_pairs_report(p.pairs, &at, &count), 0);
    CU_ASSERT_EQUAL(count, 0);
    put(&p, 0, MPA_TO_SERVER, 1, 1, 1);
    mpa_pairs_free(p.pairs);
    p.pairs = mpa_pairs_new(2);
    put(&p, 0, MPA_TO_SERVER, 1, 1, 1);
    put(&p, 1, MPA_TO_SERVER, 1, 2, 1);
    CU_ASSERT_EQUAL(mpa_pairs_report(p.pairs, &at, &count), 0);
    CU_ASSERT_EQUAL(count, 0);
    mpa_pairs_free(p.pairs);
    mpa_pairs_free(NULL);
}

int main(void)
{
    unsigned failures;

    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    CU_pSuite suite = CU_add_suite("pairs", NULL, NULL);
    CU_ADD_TEST(suite, delay_clock_and_loss);
    CU_ADD_TEST(suite, three_vantage_points);
    CU_ADD_TEST(suite, repeated_packets);
    CU_ADD_TEST(suite, only_what_both_cover);
    CU_ADD_TEST(suite, began_later);
    CU_ADD_TEST(suite, one_direction);
    CU_ADD_TEST(suite, segments_cut_anew);
    CU_ADD_TEST(suite, moved_is_not_lost);
    CU_ADD_TEST(suite, nothing_in_common);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures != 0;
}
