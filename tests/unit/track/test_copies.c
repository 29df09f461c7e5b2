/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is a copy and whose; that copies found ahead, by the thread that reads, are those found one by one; how far back they reach. */
#include "ended.h"
#include "suite.h"

#define SERVER 9

#define FRAMES 4096
#define REACH  16384 /* Further behind it is no longer known whose the first view was. */

/* Which frames were told as copies, and whose they are. */
struct told {
    bool copy[FRAMES + 1];
    int64_t conn[FRAMES + 1];
    enum mpa_dir dir[FRAMES + 1];
};

static void on_copy(void *context, const struct mpa_segment *seg, struct mpa_subflow *sf,
                    enum mpa_dir dir)
{
    struct told *t = context;

    t->copy[seg->frame] = true;
    t->conn[seg->frame] = sf->conn->id;
    t->dir[seg->frame] = dir;
}

static void on_segment(void *context, const struct mpa_segment *seg, struct mpa_subflow *sf,
                       enum mpa_dir dir, const struct mpa_facts *facts)
{
    struct told *t = context;

    (void)facts;
    t->conn[seg->frame] = sf->conn->id;
    t->dir[seg->frame] = dir;
}

static struct mpa_tracker *new_tracker(struct told *told, uint32_t max_connections)
{
    struct mpa_track_config config = {
        .max_connections = max_connections,
        .observer = {.context = told, .copy = on_copy, .segment = on_segment}};
    struct mpa_tracker *t = mpa_tracker_new(&config);

    memset(told, 0, sizeof *told);
    CU_ASSERT_PTR_NOT_NULL_FATAL(t);
    return t;
}

/* The segment, what a router makes of it, the network's duplicate, and what a balancer translates; returns their number. */
static int views(struct talk *k, struct mpa_segment s, struct mpa_segment *ret)
{
    int n = 0;

    ret[n++] = s;
    s.ns += 1000;
    s.ttl--;
    s.frame = ++k->frame;
    ret[n++] = s;
    if (s.frame % 3 == 0) {
        s.frame = ++k->frame;
        ret[n++] = s;
    }
    if (s.src.b[15] == CLIENT) {
        s.dst = talk_addr(SERVER);
        s.frame = ++k->frame;
        ret[n++] = s;
    }
    return n;
}

/* Conversations of many ports, mixed, each segment seen several times. */
static int mixed(struct mpa_segment *ret)
{
    struct talk k = {0};
    int n = 0;

    for (uint32_t step = 0; step < 6; step++)
        for (uint16_t port = 40000; port < 40100; port++) {
            uint32_t seq = port * 1000u;

            n += views(&k,
                       step == 0 ? talk_segment(&k, CLIENT, port, VIP, 80, SYN, seq, 0, 0)
                                 : talk_segment(&k, CLIENT, port, VIP, 80, ACK, seq + step * 10,
                                                seq + 6, 10),
                       &ret[n]);
            if (step == 0)
                n += views(&k, talk_segment(&k, VIP, 80, CLIENT, port, SYNACK, seq + 5, seq + 1, 0),
                           &ret[n]);
        }
    return n;
}

static void same(uint32_t max_connections)
{
    static struct mpa_segment segments[FRAMES], prepared[FRAMES];
    static struct told one_by_one, ahead;
    struct mpa_tracker *t = new_tracker(&one_by_one, max_connections);
    int n = mixed(segments), copies = 0;

    CU_ASSERT_FATAL(n < FRAMES);
    for (int i = 0; i < n; i++)
        mpa_tracker_segment(t, &segments[i], NULL, NULL);
    mpa_tracker_free(t);
    t = new_tracker(&ahead, max_connections);
    memcpy(prepared, segments, sizeof prepared);
    mpa_tracker_prepare(t, prepared, n);
    mpa_tracker_segments(t, prepared, n);
    mpa_tracker_free(t);
    for (int i = 0; i < n; i++)
        copies += one_by_one.copy[segments[i].frame];
    CU_ASSERT(copies > 1000);
    CU_ASSERT_EQUAL(memcmp(&one_by_one, &ahead, sizeof ahead), 0);
}

static void ahead_as_one_by_one(void)
{
    same(0);
}

/* Whose first view was is asked when it may have left memory. */
static void ahead_with_evictions(void)
{
    same(7);
}

/* A copy that comes 'distance' segments behind its first view, translated or not: whether it is known as one. */
static bool reaches(int distance, bool translated)
{
    struct talk k = {0};
    struct told told;
    struct mpa_segment s, between;
    bool copy;

    k.tracker = new_tracker(&told, 0);
    s = talk_segment(&k, CLIENT, 40000, VIP, 80, ACK, 100, 500, 10);
    between = talk_segment(&k, CLIENT, 40001, VIP, 80, ACK, 900, 500, 10);
    talk_feed(&k, &s);
    for (int i = 1; i < distance; i++)
        talk_feed(&k, &between);
    s.ttl--;
    if (translated)
        s.dst = talk_addr(SERVER);
    talk_feed(&k, &s);
    copy = k.facts.copy;
    CU_ASSERT_EQUAL(mpa_tracker_counts(k.tracker)->copies, copy);
    /* The next view has the same answer, without another connection. */
    s.ttl--;
    talk_feed(&k, &s);
    CU_ASSERT_TRUE(k.facts.copy);
    mpa_tracker_free(k.tracker);
    return copy;
}

static void how_far_back(void)
{
    for (int translated = 0; translated < 2; translated++) {
        CU_ASSERT_TRUE(reaches(1, translated));
        CU_ASSERT_TRUE(reaches(REACH, translated));
        CU_ASSERT_EQUAL(reaches(REACH + 1, translated), !translated);
    }
}

/* Views of a packet whose first one's connection has left memory: the second begins a connection, and the others are its copies. */
static void first_view_gone(void)
{
    struct talk k = {0};
    struct told told;
    struct mpa_segment s;

    k.tracker = new_tracker(&told, 1);
    s = talk_segment(&k, CLIENT, 40000, VIP, 80, ACK, 100, 500, 10);
    talk_feed(&k, &s);
    talk_send(&k, CLIENT, 40001, VIP, 80, ACK, 900, 500, 10);
    s.ns += 1000000;
    s.ttl--;
    talk_feed(&k, &s);
    CU_ASSERT_FALSE(k.facts.copy);
    CU_ASSERT_EQUAL(k.subflow->conn->id, 2);
    s.ttl--;
    s.dst = talk_addr(SERVER);
    talk_feed(&k, &s);
    CU_ASSERT_TRUE(k.facts.copy);
    CU_ASSERT_EQUAL(k.subflow->conn->id, 2);
    mpa_tracker_free(k.tracker);
}

/* A copy differs in layer 2 or TTL; a packet that differs in nothing is a duplicate and counts. */
static void copies_and_duplicates(void)
{
    struct talk k;
    struct ended e;
    struct mpa_segment s;

    begin(&k, &e);
    handshake_tcp(&k, 40000, 100);
    s = talk_segment(&k, CLIENT, 40000, VIP, 80, ACK, 101, 501, 10);
    talk_feed(&k, &s);
    s.ttl--;
    s.ns += 1000;
    talk_feed(&k, &s);
    CU_ASSERT_TRUE(k.facts.copy);
    s.ttl++;
    talk_feed(&k, &s);
    CU_ASSERT_FALSE(k.facts.copy);
    CU_ASSERT_EQUAL(k.facts.old_bytes, 10);
    s.ttl--;
    s.ns += 20000000; /* Too late for a copy. */
    talk_feed(&k, &s);
    CU_ASSERT_FALSE(k.facts.copy);
    CU_ASSERT_EQUAL(mpa_tracker_counts(k.tracker)->copies, 1);
    end(&k);
    CU_ASSERT_EQUAL(e.subflow[0][0].packets.v[MPA_TO_SERVER], 5);
}

/* Behind DNAT the same SYN goes on to the real server: one connection, two views. */
static void nat_views(void)
{
    struct talk k;
    struct ended e;
    struct mpa_segment s;

    begin(&k, &e);
    s = talk_segment(&k, CLIENT, 40000, VIP, 80, SYN, 100, 0, 0);
    talk_feed(&k, &s);
    s.dst = talk_addr(9);
    s.ttl--;
    s.ns += 1000;
    talk_feed(&k, &s);
    CU_ASSERT_TRUE(k.facts.copy);
    /* The answer is first seen from the real server. */
    talk_send(&k, 9, 80, CLIENT, 40000, SYNACK, 500, 101, 0);
    CU_ASSERT_FALSE(k.facts.copy);
    CU_ASSERT_EQUAL(k.subflow->conn->id, 0);
    end(&k);
    CU_ASSERT_EQUAL_FATAL(e.count, 1);
    CU_ASSERT_TRUE(mpa_addr_eq(&e.conn[0].server.addr, &(struct mpa_addr[]){talk_addr(VIP)}[0]));
    CU_ASSERT_EQUAL(e.subflow[0][0].packets.v[MPA_TO_CLIENT], 1);
}

/* The same packet of 'port' behind DNAT, at once. */
static void behind_dnat(struct talk *k, struct mpa_segment s)
{
    s.dst = talk_addr(9);
    s.ttl--;
    s.ns = k->ns += 1000000;
    talk_feed(k, &s);
    CU_ASSERT_TRUE(k->facts.copy);
}

#define TAKEN 200

/* A packet behind DNAT after its four-tuple went to a newer connection: it belongs to the older one, and leaves nothing in the way of others. */
static void late_views_of_taken_flows(void)
{
    struct talk k;
    struct ended e;
    struct mpa_segment s;

    begin_with(&k, &e, (struct mpa_track_config){.idle_ns = 600 * 1000000000ll});
    for (uint16_t i = 0; i < TAKEN; i++)
        handshake_tcp(&k, 50000 + i, 100);
    for (uint16_t i = 0; i < TAKEN; i++) {
        handshake_tcp(&k, 40000 + i, 100);
        s = talk_segment(&k, CLIENT, 40000 + i, VIP, 80, ACK, 101, 501, 10);
        talk_feed(&k, &s);
        talk_send(&k, CLIENT, 40000 + i, VIP, 80, SYN, 70000, 0, 0);
        CU_ASSERT_EQUAL(k.subflow->conn->id, TAKEN + 2 * i + 1);
        behind_dnat(&k, s);
        CU_ASSERT_EQUAL(k.subflow->conn->id, TAKEN + 2 * i);
    }
    /* Those leave, and others take their memory, while the first ones go on. */
    for (int round = 0; round < 8; round++) {
        k.ns += 200 * 1000000000ll;
        for (uint16_t i = 0; i < TAKEN; i++)
            talk_send(&k, CLIENT, 50000 + i, VIP, 80, ACK, 101, 501, 0);
    }
    CU_ASSERT_EQUAL(mpa_tracker_live(k.tracker), TAKEN);
    for (uint16_t i = 0; i < TAKEN; i++) {
        s = talk_segment(&k, CLIENT, 30000 + i, VIP, 80, SYN, 100, 0, 0);
        talk_feed(&k, &s);
        behind_dnat(&k, s);
    }
    for (uint16_t i = 0; i < TAKEN; i++) {
        talk_send(&k, CLIENT, 50000 + i, VIP, 80, ACK, 101, 501, 0);
        CU_ASSERT_EQUAL(k.subflow->conn->id, i);
    }
    end(&k);
}

/* Two clients whose numbers are equal by chance: their keys, tokens and nonces are not. */
static void equal_syns(void)
{
    uint8_t syn[12] = {30, 12, 0x10, 2};
    struct talk k;
    struct ended e;

    begin(&k, &e);
    for (uint8_t host = 10; host < 12; host++) {
        struct mpa_segment s;

        talk_put32(syn + 4, 0xae3e4794u);
        talk_put32(syn + 8, host);
        talk_option(&k, syn, sizeof syn);
        s = talk_segment(&k, host, 40000, VIP, 80, SYN, 0, 0, 0);
        s.ip_id = 0;
        talk_feed(&k, &s);
        CU_ASSERT_FALSE(k.facts.copy);
    }
    end(&k);
}

int main(void)
{
    static CU_TestInfo tests[] = {
        {"equal SYNs of two hosts", equal_syns},
        {"copies and duplicates", copies_and_duplicates},
        {"NAT views", nat_views},
        {"late views of taken flows", late_views_of_taken_flows},
        {"found ahead as one by one", ahead_as_one_by_one},
        {"the same with evictions", ahead_with_evictions},
        {"how far back", how_far_back},
        {"first view gone", first_view_gone},
        CU_TEST_INFO_NULL,
    };

    return suite_run("copies", tests);
}
