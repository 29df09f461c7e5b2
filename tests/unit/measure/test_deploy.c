/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Deployments: modes from counts, clocks with an identity, ranges of tokens, tokens that are no
 * hash, proxies, addresses from a secret. */
#include "internal.h"

#include "play.h"

/* ---- Modes ---------------------------------------------------------------------- */

/* Ten connections of the paper's deployment as a client sees them. */
static struct deploy_view balanced(void)
{
    return (struct deploy_view){.connections = 10,
                                .c_set = 10,
                                .advert_other = 10,
                                .joined_other = 10,
                                .direct = {.tried = 10, .reached = 10},
                                .groups = 3};
}

/* Eight joins to the address from other addresses of clients, all of which found their server. */
static struct deploy_view joined(int servers)
{
    return (struct deploy_view){.connections = 8,
                                .c_clear = 8,
                                .same = {.tried = 8, .reached = 8},
                                .foreign = 8,
                                .foreign_tried = 8,
                                .servers = servers};
}

static void expect(const struct deploy_view *v, enum deploy_mode mode,
                   enum deploy_confidence confidence, int64_t consistent)
{
    struct deploy_verdict verdict = measure_deploy_judge(v);

    CU_ASSERT_EQUAL(verdict.mode, mode);
    CU_ASSERT_EQUAL(verdict.confidence, confidence);
    CU_ASSERT_EQUAL(verdict.consistent, consistent);
}

static void nothing_to_say(void)
{
    struct deploy_view v = {.connections = 5};

    expect(&v, DEPLOY_NONE, DEPLOY_LOW, MPA_NULL);
    v.c_set = 5; /* Nothing advertised, one server: anything. */
    expect(&v, DEPLOY_NONE, DEPLOY_LOW, MPA_NULL);
    v.c_set = 0;
    v.c_clear = 5;
    expect(&v, DEPLOY_D0, DEPLOY_LOW, MPA_NULL);
}

static void balancer_or_anycast(void)
{
    struct deploy_view v = balanced();

    expect(&v, DEPLOY_D1_OR_D2, DEPLOY_MEDIUM, 1);
    v.backup = 10;
    expect(&v, DEPLOY_D1_OR_D2, DEPLOY_HIGH, 1);
    v.groups = 1; /* One host with two addresses looks the same. */
    expect(&v, DEPLOY_D1_OR_D2, DEPLOY_LOW, 1);
    v = balanced();
    v.c_set = v.c_clear = 5;
    expect(&v, DEPLOY_D1_OR_D2, DEPLOY_MEDIUM, 1);
    v.c_clear = 6; /* Hosts with several addresses, most of them. */
    CU_ASSERT_EQUAL(measure_deploy_judge(&v).mode, DEPLOY_D0);
    v = balanced();
    v.hit = 1;
    expect(&v, DEPLOY_D2, DEPLOY_MEDIUM, 1);
    v.moved = 2;
    expect(&v, DEPLOY_D2, DEPLOY_HIGH, 1);
    v.translated = 10; /* A balancer's flows move, too. */
    expect(&v, DEPLOY_D1, DEPLOY_HIGH, 1);
    v = balanced();
    v.encapsulated = 10;
    expect(&v, DEPLOY_D1, DEPLOY_HIGH, 1);
    v.direct_encapsulated = 10; /* The tunnel is everybody's. */
    expect(&v, DEPLOY_D1_OR_D2, DEPLOY_MEDIUM, 1);
    v = balanced();
    v.one_way = true;
    expect(&v, DEPLOY_D1, DEPLOY_HIGH, 1);
}

static void balanced_and_broken(void)
{
    struct deploy_view v = balanced();

    v.direct = (struct deploy_joins){.tried = 10, .reached = 9, .misrouted = 1};
    v.broken[DEPLOY_BREAK_DIRECT] = 1;
    expect(&v, DEPLOY_D1_OR_D2, DEPLOY_MEDIUM, 0);
    v = balanced(); /* Nobody joined: nothing was shown. */
    v.joined_other = 0;
    v.direct = (struct deploy_joins){0};
    expect(&v, DEPLOY_D1_OR_D2, DEPLOY_MEDIUM, MPA_NULL);
    v = (struct deploy_view){.connections = 8, .c_set = 8, .hit = 4}; /* No way out. */
    expect(&v, DEPLOY_D2, DEPLOY_LOW, MPA_NULL);
}

static void token_aware(void)
{
    struct deploy_view v = joined(3);

    expect(&v, DEPLOY_D3, DEPLOY_HIGH, 1);
    v = joined(2);
    expect(&v, DEPLOY_D3, DEPLOY_HIGH, 1);
    v.foreign = v.foreign_tried = 7;
    expect(&v, DEPLOY_D3, DEPLOY_MEDIUM, 1);
    v.foreign = v.foreign_tried = 3; /* One in eight by chance. */
    expect(&v, DEPLOY_D0, DEPLOY_MEDIUM, 1);
    v = joined(1);
    expect(&v, DEPLOY_D0, DEPLOY_MEDIUM, 1);
    v = joined(0); /* At the client. */
    expect(&v, DEPLOY_D0, DEPLOY_MEDIUM, 1);
    v = joined(3);
    v.foreign_tried = 9; /* One of nine missed: a third of chance's share. */
    v.foreign = 8;
    v.broken[DEPLOY_BREAK_VIP] = 1;
    expect(&v, DEPLOY_D0, DEPLOY_MEDIUM, 0);
    v.foreign_tried = 20;
    v.foreign = 19;
    expect(&v, DEPLOY_D3, DEPLOY_HIGH, 0);
}

static void identities(void)
{
    struct deploy_view v = joined(3);

    v.named = 8;
    v.names = 3;
    v.bits = 8;
    expect(&v, DEPLOY_D4, DEPLOY_HIGH, 1);
    v.bits = 4;
    expect(&v, DEPLOY_D4, DEPLOY_MEDIUM, 1);
    v.names = 1;
    expect(&v, DEPLOY_D4, DEPLOY_LOW, 1);
    v.same = (struct deploy_joins){0};
    expect(&v, DEPLOY_D4, DEPLOY_LOW, MPA_NULL);
    v.strays = 1;
    expect(&v, DEPLOY_D4, DEPLOY_LOW, 0);
    v.strays = 3; /* No ranges at all. */
    CU_ASSERT_NOT_EQUAL(measure_deploy_judge(&v).mode, DEPLOY_D4);
    v.strays = 0;
    v.unnamed = 3; /* Too many ordinary clocks. */
    CU_ASSERT_NOT_EQUAL(measure_deploy_judge(&v).mode, DEPLOY_D4);
}

static void ports_tokens_proxies(void)
{
    struct deploy_view v = {.connections = 6,
                            .c_clear = 6,
                            .advert_port = 6,
                            .port = {.tried = 6, .reached = 6},
                            .ranges = 3,
                            .ranges_apart = true};

    expect(&v, DEPLOY_D5, DEPLOY_HIGH, 1);
    v.ranges = 0;
    expect(&v, DEPLOY_D5, DEPLOY_MEDIUM, 1);
    v.port.reached = 1;
    v.broken[DEPLOY_BREAK_PORT] = 1;
    expect(&v, DEPLOY_D5, DEPLOY_LOW, 0);
    v.port.reached = 0; /* Advertised, but nobody joined it. */
    CU_ASSERT_EQUAL(measure_deploy_judge(&v).mode, DEPLOY_D0);
    v = (struct deploy_view){.connections = 6, .c_clear = 6, .underived = 4};
    expect(&v, DEPLOY_D6, DEPLOY_MEDIUM, MPA_NULL);
    v = (struct deploy_view){.connections = 6, .c_clear = 6, .proxied = 2};
    expect(&v, DEPLOY_D7, DEPLOY_MEDIUM, MPA_NULL);
    v.proxied = 1; /* Two of six: not what stands there. */
    CU_ASSERT_EQUAL(measure_deploy_judge(&v).mode, DEPLOY_D0);
}

/* ---- Clocks --------------------------------------------------------------------- */

struct clock {
    struct mpa_measure m;
    struct conn_user cu;
    struct sub_user su[2];
    struct mpa_conn conn;
    struct mpa_subflow sf[2];
};

static void clock_begin(struct clock *c)
{
    memset(c, 0, sizeof *c);
    c->m.first_ns = 1000 * SECOND;
    c->conn.user = &c->cu;
    for (int i = 0; i < 2; i++) {
        c->sf[i].conn = &c->conn;
        c->sf[i].user = &c->su[i];
        c->sf[i].join_synack_hmac = c->sf[i].join_ack_hmac = MPA_HMAC_NONE;
        c->sf[i].role = i ? MPA_ROLE_JOIN : MPA_ROLE_INITIAL;
    }
    c->conn.subflows = &c->sf[0];
    c->sf[0].next = &c->sf[1];
}

static void tick(struct clock *c, int subflow, int64_t ms, uint32_t tsval)
{
    struct mpa_segment seg = {
        .ns = c->m.first_ns + ms * MILLI, .has_ts = true, .tsval = tsval, .flags = MPA_TCP_ACK};

    if (!(c->su[subflow].flags & SUB_TS_DONE))
        measure_deploy_clock(&c->m, &seg, &c->sf[subflow]);
}

static int64_t identity_of(struct clock *c, bool *ret_strayed)
{
    struct mpa_rec_subflow subflows[2] = {0};
    struct mpa_rec_conn record = {.subflows = subflows};

    measure_deploy_fill(&c->conn, &record);
    *ret_strayed = record.ts_strayed;
    return record.ts_identity;
}

static void clock_of(struct clock *c, int values, int64_t ms)
{
    clock_begin(c);
    for (int i = 0; i < values; i++)
        tick(c, 0, i * ms, (uint32_t)(0xfffff - 3 + i) << 12 | 0x123); /* Wraps. */
}

static void clocks(void)
{
    struct clock c;
    bool strayed;

    clock_of(&c, 8, 200);
    CU_ASSERT_EQUAL(identity_of(&c, &strayed), 0x123);
    CU_ASSERT_FALSE(strayed);
    tick(&c, 1, 1500, 0x123); /* Another subflow, far behind. */
    CU_ASSERT_EQUAL(identity_of(&c, &strayed), 0x123);
    CU_ASSERT_FALSE(strayed);
    tick(&c, 0, 1600, 0x5124);
    CU_ASSERT_EQUAL(identity_of(&c, &strayed), -1);
    clock_of(&c, 8, 200);
    tick(&c, 1, 1500, 0x456);
    CU_ASSERT_EQUAL(identity_of(&c, &strayed), 0x123);
    CU_ASSERT_TRUE(strayed);
    clock_of(&c, 7, 1000); /* Too few values. */
    CU_ASSERT_EQUAL(identity_of(&c, &strayed), MPA_NULL);
    clock_of(&c, 100, 10); /* Less than a second. */
    CU_ASSERT_EQUAL(identity_of(&c, &strayed), MPA_NULL);
    clock_of(&c, 1, 0);
    for (int i = 0; i < 100; i++) /* Stands still. */
        tick(&c, 0, i * 100, 0xffffc123);
    CU_ASSERT_EQUAL(identity_of(&c, &strayed), MPA_NULL);
}

/* ---- Tokens --------------------------------------------------------------------- */

static void ranges(void)
{
    struct deploy_token tokens[12];
    int64_t strays;
    double bits;

    for (int i = 0; i < 12; i++) /* Out of order; three ranges of four. */
        tokens[i] = (struct deploy_token){.token = (uint32_t)(i * 5 % 12) * 0x10000000u,
                                          .name = (uint16_t)(i * 5 % 12 / 4 + 7),
                                          .id = i};
    CU_ASSERT_EQUAL(measure_deploy_ranges(tokens, 12, &strays, &bits), 3);
    CU_ASSERT_EQUAL(strays, 0);
    CU_ASSERT_DOUBLE_EQUAL(bits, log2(34650.0 / 6), 1e-9); /* 12! / 4!^3 / 3!. */
    tokens[6].name = 7;                                    /* Inside of the second range. */
    CU_ASSERT_EQUAL(measure_deploy_ranges(tokens, 12, &strays, &bits), 3);
    CU_ASSERT_EQUAL(strays, 1);
    CU_ASSERT_TRUE(tokens[6].stray);
    tokens[6].name = 8;
    tokens[10].name = tokens[11].name = 7; /* A second run of the first one: at the end. */
    CU_ASSERT_EQUAL(measure_deploy_ranges(tokens, 12, &strays, &bits), 3);
    CU_ASSERT_EQUAL(strays, 2);
    CU_ASSERT_TRUE(tokens[10].stray && tokens[11].stray);
    CU_ASSERT_EQUAL(measure_deploy_ranges(tokens, 0, &strays, &bits), 0);
    CU_ASSERT_EQUAL(measure_deploy_ranges(tokens, 1, &strays, &bits), 1);
    CU_ASSERT_DOUBLE_EQUAL(bits, 0, 1e-9);
}

static void underived(void)
{
    struct deploy_keys k = {.key = {{1, 2, 3}, {4, 5, 6}}};
    struct deploy_orphan o = {.nonce = {0x11111111, 0x22222222}};
    uint8_t hmac[MPA_HMAC_MAX];
    uint32_t token;
    uint64_t idsn;

    for (int hash = MPA_SHA1; hash <= MPA_SHA256; hash++) {
        mpa_crypto_join_hmac((enum mpa_hash)hash, k.key[MPA_TO_CLIENT], k.key[MPA_TO_SERVER],
                             o.nonce[MPA_TO_CLIENT], o.nonce[MPA_TO_SERVER], hmac);
        memcpy(o.hmac, hmac, sizeof o.hmac);
        mpa_crypto_key((enum mpa_hash)hash, k.key[MPA_TO_CLIENT], &token, &idsn);
        o.token = token + 1;
        CU_ASSERT_TRUE(measure_deploy_underived(&o, &k));
        o.token = token;
        CU_ASSERT_FALSE(measure_deploy_underived(&o, &k));
        o.token = token + 1;
        o.hmac[7] ^= 1;
        CU_ASSERT_FALSE(measure_deploy_underived(&o, &k));
    }
}

/* ---- Proxies -------------------------------------------------------------------- */

/* The captures at both sides of a proxy that keeps the client's addresses and sequence numbers: the
 * same connections with other keys; 'keys': with the same. */
static const struct mpa_rec_deployment *proxied(struct play *p[2], uint8_t keys)
{
    struct play_conn c;

    for (int side = 0; side < 2; side++) {
        p[side] = play_begin((struct mpa_measure_config){0});
        p[side]->capture = (uint16_t)side;
        for (uint16_t i = 0; i < 4; i++) {
            struct play_flow f = play_flow(1, (uint16_t)(4000 + i), play_addr(9, 80));

            play_mptcp(p[side], &c, &f, (uint8_t)(i + 1 + keys * side), 20 * MS, MS);
        }
        CU_ASSERT_EQUAL_FATAL(mpa_measure_finish(p[side]->measure), 0);
    }
    CU_ASSERT_EQUAL_FATAL(mpa_measure_add(p[0]->measure, p[1]->measure), 0);
    for (int side = 0; side < 2; side++)
        for (int i = 0; i < p[side]->count; i++) {
            struct mpa_rec_conn *conn = &p[side]->records[i].conn;

            conn->subflows = p[side]->records[i].subflows;
            conn->merge.captures = 1u << side;
            conn->server_denies_join = 0;
            mpa_measure_complete(p[0]->measure, conn);
        }
    CU_ASSERT_EQUAL_FATAL(mpa_measure_report(p[0]->measure, &p[0]->report), 0);
    CU_ASSERT_EQUAL_FATAL(p[0]->report.deployment_count, 1);
    return p[0]->report.deployments;
}

static void proxies(void)
{
    struct play *p[2];

    CU_ASSERT_STRING_EQUAL(proxied(p, 100)->mode, "D7");
    play_end(p[0]);
    play_end(p[1]);
    CU_ASSERT_STRING_EQUAL(proxied(p, 0)->mode, "D0");
    play_end(p[0]);
    play_end(p[1]);
}

/* ---- Rows ----------------------------------------------------------------------- */

/* Three connections that leave the VIP; the join of the second one finds a host without its key. */
static void rows(void)
{
    struct play *p = play_begin((struct mpa_measure_config){0});
    const struct mpa_rec_deployment *d;

    for (uint16_t i = 0; i < 3; i++) {
        struct mpa_addr unique = play_addr(2, (uint8_t)(11 + i % 2));
        struct play_flow vip = play_flow(1, (uint16_t)(4000 + i), play_addr(9, 80));
        struct play_flow direct = play_flow(1, (uint16_t)(5000 + i), unique);
        struct play_conn c;

        play_mptcp(p, &c, &vip, (uint8_t)(i + 1), 20 * MS, MS);
        play_add_addr(p, &c, FROM_SERVER, 1, &unique, false);
        play_send(p, &vip, FROM_SERVER, MPA_TCP_ACK, 0);
        if (i == 1)
            c.key[FROM_SERVER][3] ^= 1;
        play_join(p, &c, &direct);
        play_wait(p, 500 * MS);
    }
    play_finish(p);
    CU_ASSERT_EQUAL_FATAL(p->report.deployment_count, 1);
    d = p->report.deployments;
    CU_ASSERT_STRING_EQUAL(d->mode, "D1/D2");
    CU_ASSERT_EQUAL(d->connections, 3);
    CU_ASSERT_EQUAL(d->consistent, 0);
    CU_ASSERT_EQUAL_FATAL(d->broken_count, 1);
    CU_ASSERT_EQUAL(d->broken_by[0], 1);
    CU_ASSERT_EQUAL_FATAL(d->evidence_count > 0, 1);
    CU_ASSERT_STRING_EQUAL(d->evidence[0], "C is set in 3 of 3 connections");
    play_end(p);
}

/* ---- Addresses from a secret ---------------------------------------------------- */

static void secrets(void)
{
    /* HMAC-SHA256 with key 00 01 .. 07 over 01 02 03 04, by openssl. */
    static const uint8_t secret[] = {0, 1, 2, 3, 4, 5, 6, 7};
    uint8_t bytes[16] = {0x20, 0x01, 0x0d, 0xb8, 0,    0,    0,    9,
                         0xb4, 0x93, 0xd2, 0xf1, 0x60, 0xb4, 0xfa, 0xdc};
    struct mpa_addr addr = mpa_addr_v6(bytes);

    CU_ASSERT_TRUE(measure_v6_follows(secret, sizeof secret, 0x01020304, &addr));
    CU_ASSERT_FALSE(measure_v6_follows(secret, sizeof secret, 0x04030201, &addr));
    CU_ASSERT_FALSE(measure_v6_follows(secret, sizeof secret - 1, 0x01020304, &addr));
    addr.b[0] = 0xfd; /* Any prefix. */
    CU_ASSERT_TRUE(measure_v6_follows(secret, sizeof secret, 0x01020304, &addr));
    addr.b[15] ^= 1;
    CU_ASSERT_FALSE(measure_v6_follows(secret, sizeof secret, 0x01020304, &addr));
}

static const struct {
    const char *name;
    CU_TestFunc run;
} tests[] = {
    {"nothing to say", nothing_to_say},
    {"balancer or anycast", balancer_or_anycast},
    {"balanced and broken", balanced_and_broken},
    {"token-aware", token_aware},
    {"identities", identities},
    {"ports, tokens, proxies", ports_tokens_proxies},
    {"clocks", clocks},
    {"ranges", ranges},
    {"tokens that are no hash", underived},
    {"proxies", proxies},
    {"rows", rows},
    {"secrets", secrets},
};

int main(void)
{
    CU_pSuite suite;
    unsigned failures;

    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    suite = CU_add_suite("deploy", NULL, NULL);
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
        CU_add_test(suite, tests[i].name, tests[i].run);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures != 0;
}
