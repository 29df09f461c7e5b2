/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Merging, field by field: whose word counts where views differ. */
#include "merges.h"

/* A balancer that sees one direction only knows nothing of the other. */
static void one_way_views(void)
{
    struct made balancer, server, *const list[] = {&balancer, &server};
    struct mpa_rec_conn *c;

    make_keyed(&balancer, 0, 1, 7, 100);
    balancer.conn.syn_ns = 1000 * MS;
    balancer.conn.established_ns = 1010 * MS;
    balancer.conn.bytes.v[0] = 900000; /* An upload: it has most of the data. */
    balancer.conn.bytes.v[1] = balancer.conn.dsn_out_of_order_bytes.v[1] = MPA_NULL;
    made_begin(&server, 0, 1001 * MS, 1500 * MS);
    make_keyed(&server, 0, 1, 7, 100);
    server.conn.syn_ns = 1005 * MS;
    server.conn.established_ns = 1015 * MS;
    server.conn.bytes.v[0] = 900000;
    server.conn.bytes.v[1] = 500;
    server.conn.dsn_out_of_order_bytes.v[1] = 30;
    server.conn.last_data_ns = 1400 * MS;
    c = merge_all(list, 2);
    CU_ASSERT_EQUAL(c->syn_ns, 1000 * MS);
    CU_ASSERT_EQUAL(c->bytes.v[0], 900000);
    CU_ASSERT_EQUAL(c->bytes.v[1], 500);
    CU_ASSERT_EQUAL(c->dsn_out_of_order_bytes.v[1], 30);
    mpa_record_free(c);
}

static void set_fallback(struct made *m, enum mpa_word reason, int64_t ns)
{
    m->conn.protocol = MPA_PROTOCOL_FALLBACK;
    m->conn.fallback = reason;
    m->conn.fallback_ns = ns;
}

static void data_is_united_exactly(void)
{
    struct made a, b, *const list[] = {&a, &b};
    struct mpa_rec_conn *c;
    const uint64_t end = UINT64_MAX - 99; /* 100 bytes in front of 2^64. */

    make_keyed(&a, 0, 1, 7, 100);
    make_keyed(&b, 0, 1, 7, 100);
    made_span(&a, 1, end, end + 50);
    made_span(&a, 1, end + 80, end + 200); /* Across. */
    made_span(&b, 1, end + 40, end + 90);
    made_span(&b, 1, end + 250, end + 300);
    c = merge_all(list, 2);
    CU_ASSERT_EQUAL(c->bytes.v[1], 250);
    CU_ASSERT_EQUAL_FATAL(c->merge.span_count[1], 2);
    CU_ASSERT_TRUE(c->merge.spans[1][0].start == end && c->merge.spans[1][0].end == end + 200);
    CU_ASSERT_TRUE(c->merge.spans[1][1].start == end + 250);
    mpa_record_free(c);

    /* A record without keys knows 32 bits only. */
    make_keyed(&a, 0, 1, 7, 100);
    make_keyed(&b, 0, 1, 7, 100);
    b.conn.merge.has_key[0] = b.conn.merge.has_key[1] = false;
    made_span(&a, 1, 0x1234567800000000u - 50, 0x1234567800000000u + 50);
    made_span(&b, 1, 10, 110);
    c = merge_all(list, 2);
    CU_ASSERT_EQUAL(c->bytes.v[1], 160);
    CU_ASSERT_EQUAL(c->merge.span_count[1], 1);
    CU_ASSERT_EQUAL(c->merge.spans[1][0].end, 0x1234567800000000u + 110);
    mpa_record_free(c);

    /* Plain TCP has no numbers at the data level: the most that one saw. */
    made_begin(&a, 0, 0, 1);
    made_begin(&b, 0, 0, 1);
    made_isns(made_subflow(&a, MPA_ROLE_INITIAL, made_end(1, 1), made_end(2, 2)), 1, 2);
    made_isns(made_subflow(&b, MPA_ROLE_INITIAL, made_end(1, 1), made_end(2, 2)), 1, 2);
    a.conn.bytes.v[0] = 500;
    b.conn.bytes.v[0] = 700;
    c = merge_all(list, 2);
    CU_ASSERT_EQUAL(c->bytes.v[0], 700);
    mpa_record_free(c);

    /* One has the first data in numbers, the other after a fallback: the same data. */
    made_span(&a, 1, 1, 401);
    b.conn.bytes.v[1] = 400;
    a.conn.protocol = MPA_PROTOCOL_MPTCP;
    set_fallback(&b, MPA_FALLBACK_REASON_ACK_PLAIN, 1);
    c = merge_all(list, 2);
    CU_ASSERT_EQUAL(c->bytes.v[1], 400);
    mpa_record_free(c);
    /* An MPTCP record with bytes whose mapping was lost: they come on top. */
    made_begin(&b, 0, 0, 1);
    made_isns(made_subflow(&b, MPA_ROLE_INITIAL, made_end(1, 1), made_end(2, 2)), 1, 2);
    b.conn.protocol = MPA_PROTOCOL_MPTCP;
    made_span(&b, 1, 301, 501);
    b.conn.bytes.v[1] += 30;
    c = merge_all(list, 2);
    CU_ASSERT_EQUAL(c->bytes.v[1], 530);
    mpa_record_free(c);
}

static enum mpa_word protocol_of(struct made *a, struct made *b)
{
    struct mpa_rec_conn *c = merge_two(&a->conn, 0, &b->conn, 1);
    enum mpa_word protocol = c->protocol;

    CU_ASSERT_EQUAL(protocol == MPA_PROTOCOL_FALLBACK, c->fallback != MPA_FALLBACK_REASON_NONE);
    mpa_record_free(c);
    return protocol;
}

static void protocol_and_dialect(void)
{
    struct made a, b, *const list[] = {&a, &b};
    struct mpa_rec_conn *c;

    make_keyed(&a, 0, 1, 7, 100);
    make_keyed(&b, 0, 1, 7, 100);
    CU_ASSERT_EQUAL(protocol_of(&a, &b), MPA_PROTOCOL_MPTCP);
    /* Behind a middlebox that removes options there is plain TCP. */
    b.conn.protocol = MPA_PROTOCOL_TCP;
    b.conn.merge.has_key[0] = b.conn.merge.has_key[1] = false;
    CU_ASSERT_EQUAL(protocol_of(&a, &b), MPA_PROTOCOL_MPTCP);
    set_fallback(&a, MPA_FALLBACK_REASON_SYNACK_PLAIN, 1010 * MS);
    CU_ASSERT_EQUAL(protocol_of(&a, &b), MPA_PROTOCOL_FALLBACK);
    /* A middlebox takes the server's options away: the server goes on alone. */
    set_fallback(&a, MPA_FALLBACK_REASON_DATA_PLAIN, 1010 * MS);
    make_keyed(&b, 0, 1, 7, 100);
    b.conn.merge.dss[1] = true;
    CU_ASSERT_EQUAL(protocol_of(&a, &b), MPA_PROTOCOL_FALLBACK);
    /* 'a' lost the third ACK; at 'b' both go on. */
    set_fallback(&a, MPA_FALLBACK_REASON_ACK_PLAIN, 1010 * MS);
    b.conn.merge.dss[0] = true;
    CU_ASSERT_EQUAL(protocol_of(&a, &b), MPA_PROTOCOL_MPTCP);
    /* An infinite mapping was really there. */
    set_fallback(&a, MPA_FALLBACK_REASON_INFINITE_MAP, 1010 * MS);
    CU_ASSERT_EQUAL(protocol_of(&a, &b), MPA_PROTOCOL_FALLBACK);

    make_keyed(&a, 0, 1, 7, 100);
    a.conn.dialect = MPA_DIALECT_UNKNOWN;
    b.conn.dialect = MPA_DIALECT_RFC6824;
    b.conn.dialect_evidence[b.conn.dialect_evidence_count++] = "MP_CAPABLE version 0";
    c = merge_all(list, 2);
    CU_ASSERT_EQUAL(c->dialect, MPA_DIALECT_RFC6824);
    CU_ASSERT_EQUAL(c->dialect_evidence_count, 1);
    CU_ASSERT_NOT_EQUAL(c->token_server, a.conn.token_server); /* SHA-1 now. */
    mpa_record_free(c);
    a.conn.dialect = MPA_DIALECT_ICNP2017;
    c = merge_all(list, 2);
    CU_ASSERT_EQUAL(c->dialect, MPA_DIALECT_ICNP2017);
    mpa_record_free(c);
    a.conn.dialect = MPA_DIALECT_RFC8684;
    c = merge_all(list, 2);
    CU_ASSERT_EQUAL(c->dialect, MPA_DIALECT_MIXED);
    mpa_record_free(c);
}

static void failure_needs_the_whole_view(void)
{
    struct made vip, both, *const list[] = {&vip, &both};
    struct mpa_rec_conn *c;
    struct mpa_rec_subflow *s;

    make_keyed(&vip, 0, 1, 7, 100);
    vip.conn.hit_count = 1;
    vip.hits[0] = (struct mpa_rec_hit){.ns = 1100 * MS, .gap_dur_ns = MPA_NULL, .churn_event = -1};
    vip.conn.outcome = MPA_OUTCOME_FAILED;
    vip.conn.failed_ns = 1200 * MS;
    vip.conn.survived = 0;
    make_keyed(&both, 0, 1, 7, 100);
    s = made_subflow(&both, MPA_ROLE_JOIN, made_end(1, 40001), made_end(9, 80));
    s->established_ns = 1050 * MS;
    c = merge_all(list, 2);
    CU_ASSERT_EQUAL(c->outcome, MPA_OUTCOME_OPEN);
    CU_ASSERT_EQUAL(c->survived, MPA_NULL);
    CU_ASSERT_EQUAL(c->failed_ns, MPA_NULL);
    CU_ASSERT_EQUAL(c->hit_count, 1);
    mpa_record_free(c);
    both.conn.survived = 1;
    c = merge_all(list, 2);
    CU_ASSERT_EQUAL(c->survived, 1);
    mpa_record_free(c);
    /* Who saw everything may say so. */
    both.conn.subflow_count = 1;
    both.conn.survived = MPA_NULL;
    c = merge_all(list, 2);
    CU_ASSERT_EQUAL(c->outcome, MPA_OUTCOME_FAILED);
    CU_ASSERT_EQUAL(c->survived, 0);
    CU_ASSERT_EQUAL(c->failed_ns, 1200 * MS);
    mpa_record_free(c);
}

static void resets_and_servers(void)
{
    struct made a, b, *const list[] = {&a, &b};
    struct mpa_rec_conn *c;
    struct mpa_rec_subflow *s;

    make_keyed(&a, 0, 1, 7, 100);
    make_keyed(&b, 0, 1, 7, 100);
    s = &a.subflows[0];
    s->has_reset = true;
    s->reset = (struct mpa_rec_reset){
        .class = MPA_RESET_UNEXPLAINED, .from_server = true, .ns = 1400 * MS};
    s->rst[1] = (struct mpa_rec_rst){MPA_RESET_UNEXPLAINED, 1400 * MS, 1};
    s->server_count = 1;
    s->servers[0] = (struct mpa_rec_server){"s1", MPA_SERVER_BY_OUTER, 1000 * MS, 1100 * MS, 5};
    b.subflows[0] = *s;
    s = &b.subflows[0];
    s->reset.class = s->rst[1].class = MPA_RESET_REDIRECT;
    s->reset.ns = s->rst[1].ns = 1401 * MS;
    s->rst[1].packets = 3;
    s->server_count = 2;
    s->servers[0] = (struct mpa_rec_server){"s2", MPA_SERVER_BY_MAC, 1200 * MS, 1300 * MS, 4};
    s->servers[1] = (struct mpa_rec_server){"s1", MPA_SERVER_BY_MAC, 1001 * MS, 1111 * MS, 6};
    c = merge_all(list, 2);
    s = &c->subflows[0];
    CU_ASSERT_EQUAL(s->reset.class, MPA_RESET_REDIRECT);
    CU_ASSERT_EQUAL(s->reset.ns, 1400 * MS);
    CU_ASSERT_TRUE(s->rst[1].class == MPA_RESET_REDIRECT && s->rst[1].packets == 3);
    CU_ASSERT_EQUAL_FATAL(s->server_count, 2);
    CU_ASSERT_STRING_EQUAL(s->servers[0].name, "s1");
    CU_ASSERT_TRUE(s->servers[0].packets == 6 && s->servers[0].by == MPA_SERVER_BY_MAC);
    CU_ASSERT_TRUE(s->servers[0].first_ns == 1000 * MS && s->servers[0].last_ns == 1111 * MS);
    mpa_record_free(c);
}

static void samples_of_shards_add_up(void)
{
    struct made a, b, *const list[] = {&a, &b};
    struct mpa_samples x = {0}, y = {0};
    struct mpa_rec_conn *c;

    make_keyed(&a, 0, 1, 7, 100);
    make_keyed(&b, 0, 1, 7, 100);
    for (int i = 1; i <= 10; i++) {
        mpa_samples_add(&x, 100 * i);
        mpa_samples_add(&y, 1000 * i);
    }
    a.subflows[0].rtt[0] = (struct mpa_rec_percentiles){10, 100, 500, 1000, 1000, 1000};
    b.subflows[0].rtt[0] = (struct mpa_rec_percentiles){10, 1000, 5000, 10000, 10000, 10000};
    a.conn.merge.rtt[0] = &x;
    b.conn.merge.rtt[0] = &y;
    /* At the same time: two vantage points, and the longer round trip is the whole one. */
    c = merge_all(list, 2);
    CU_ASSERT_TRUE(c->subflows[0].rtt[0].count == 10 && c->subflows[0].rtt[0].p50_ns == 5000);
    CU_ASSERT_EQUAL(c->merge.rtt[0][0].count, 10);
    mpa_record_free(c);
    /* One after the other: pieces of one view. */
    b.subflows[0].first_ns = b.conn.first_ns = 3000 * (int64_t)MS;
    b.subflows[0].last_ns = b.conn.last_ns = 3500 * (int64_t)MS;
    c = merge_all(list, 2);
    CU_ASSERT_TRUE(c->subflows[0].rtt[0].count == 20 && c->subflows[0].rtt[0].p50_ns == 1000);
    CU_ASSERT_TRUE(c->subflows[0].rtt[0].min_ns == 100 && c->subflows[0].rtt[0].max_ns == 10000);
    mpa_record_free(c);
    mpa_samples_free(&x);
    mpa_samples_free(&y);
}

int main(void)
{
    unsigned failures;

    if (CU_initialize_registry() != CUE_SUCCESS || mpa_crypto_init() != 0)
        return 1;
    CU_pSuite suite = CU_add_suite("merged fields", NULL, NULL);
    CU_ADD_TEST(suite, data_is_united_exactly);
    CU_ADD_TEST(suite, one_way_views);
    CU_ADD_TEST(suite, protocol_and_dialect);
    CU_ADD_TEST(suite, failure_needs_the_whole_view);
    CU_ADD_TEST(suite, resets_and_servers);
    CU_ADD_TEST(suite, samples_of_shards_add_up);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures != 0;
}
