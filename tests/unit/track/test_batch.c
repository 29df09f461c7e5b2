/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Segments in batches are told as they are one by one, whatever follows whatever in the runs of one four-tuple. */
#include "mpa/crypto.h"
#include "talk.h"
#include "suite.h"

#define SEGMENTS 3000
#define ROUNDS   60

/* What was told, as a number after each segment. */
struct told {
    uint64_t hash;
    uint64_t after[SEGMENTS];
    int64_t copies, segments, ended, joined;
};

static void tell(struct told *t, uint64_t v)
{
    t->hash = (t->hash ^ v) * 0x9fb21c651e98df25u;
    t->hash ^= t->hash >> 29;
}

static void tell_subflow(struct told *t, const struct mpa_segment *seg,
                         const struct mpa_subflow *sf, enum mpa_dir dir)
{
    tell(t, (uint64_t)sf->conn->id << 20 | (uint64_t)sf->id << 4 | (uint64_t)dir);
    tell(t, sf->half[dir].packets);
    t->after[seg->frame] = t->hash;
}

static void on_segment(void *context, const struct mpa_segment *seg, struct mpa_subflow *sf,
                       enum mpa_dir dir, const struct mpa_facts *facts)
{
    struct told *t = context;

    t->segments++;
    tell(t, facts->new_bytes + (uint64_t)facts->old_bytes * 3 + (uint64_t)facts->new_data * 5 +
                (uint64_t)facts->declared * 7 + facts->data_acked * 11 + facts->progress * 13);
    tell_subflow(t, seg, sf, dir);
}

static void on_copy(void *context, const struct mpa_segment *seg, struct mpa_subflow *sf,
                    enum mpa_dir dir)
{
    struct told *t = context;

    t->copies++;
    tell(t, 1);
    tell_subflow(t, seg, sf, dir);
}

static void on_event(void *context, const struct mpa_event *e)
{
    struct told *t = context;

    tell(t, (uint64_t)e->kind << 32 | (uint64_t)e->frame.frame);
    tell(t, (uint64_t)e->conn->id << 4 | (uint64_t)e->dir);
    tell(t, (uint64_t)e->value);
    if (e->option)
        tell(t,
             (uint64_t)e->option->subtype << 16 | (uint64_t)e->option->len << 8 | e->option->cond);
}

static void on_end(void *context, struct mpa_conn *c)
{
    struct told *t = context;

    t->ended++;
    t->joined += c->subflow_count > 1;
    tell(t, (uint64_t)c->id << 32 | c->subflow_count);
    for (const struct mpa_subflow *sf = c->subflows; sf; sf = sf->next)
        tell(t, sf->half[0].bytes << 32 | sf->half[1].bytes);
}

static struct mpa_tracker *new_tracker(struct told *told, uint32_t max_connections)
{
    struct mpa_track_config config = {.max_connections = max_connections,
                                      .observer = {.context = told,
                                                   .options = true,
                                                   .segment = on_segment,
                                                   .copy = on_copy,
                                                   .event = on_event,
                                                   .conn_end = on_end}};
    struct mpa_tracker *t = mpa_tracker_new(&config);

    memset(told, 0, sizeof *told);
    CU_ASSERT_PTR_NOT_NULL_FATAL(t);
    return t;
}

static uint64_t random_number(uint64_t *state, uint64_t below)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (*state >> 20) % below;
}

struct crowd {
    struct talk talk;
    uint64_t random;
    uint8_t version; /* Of MPTCP. */
    uint8_t src, dst;
    uint16_t sport, dport;
    uint32_t seq[4][4]; /* By host and the port's last bits. */
    struct mpa_segment segments[SEGMENTS];
    uint8_t options[SEGMENTS][40];
};

static uint64_t dice(struct crowd *c, uint64_t below)
{
    return random_number(&c->random, below);
}

static void turn(struct crowd *c)
{
    uint8_t host = c->src;
    uint16_t port = c->sport;

    c->src = c->dst;
    c->sport = c->dport;
    c->dst = host;
    c->dport = port;
}

/* Few hosts and ports, also a host that talks with itself, and equal ports. */
static void choose_tuple(struct crowd *c)
{
    static const uint16_t ports[] = {80, 81, 40002, 40003};

    if (c->src && dice(c, 10) < 7) {
        if (dice(c, 2))
            turn(c);
        return;
    }
    c->src = (uint8_t)(1 + dice(c, 3));
    c->dst = (uint8_t)(1 + dice(c, 3));
    c->sport = ports[dice(c, 4)];
    c->dport = ports[dice(c, 4)];
}

/* One of the options that dialects read in different ways, or that only some have. */
static void any_option(struct crowd *c)
{
    static const struct {
        uint8_t subtype, len;
    } kinds[] = {{MPA_ADD_ADDR, 8},    {MPA_ADD_ADDR, 10},     {MPA_ADD_ADDR, 16},
                 {MPA_REMOVE_ADDR, 4}, {MPA_MP_PRIO, 3},       {MPA_MP_PRIO, 4},
                 {MPA_MP_TCPRST, 4},   {MPA_MP_FASTCLOSE, 12}, {MPA_MP_FAIL, 12},
                 {MPA_MP_JOIN, 12},    {MPA_MP_JOIN, 24},      {MPA_DSS, 8},
                 {MPA_MP_CAPABLE, 22}};
    static const uint8_t nibbles[] = {0x0, 0x1, 0x4, 0x6, 0xc, 0xe};
    uint64_t k = dice(c, sizeof kinds / sizeof kinds[0]);
    uint8_t o[24] = {30, kinds[k].len};

    o[2] = (uint8_t)(kinds[k].subtype << 4 | nibbles[dice(c, sizeof nibbles)]);
    for (unsigned i = 3; i < kinds[k].len; i++)
        o[i] = (uint8_t)dice(c, 3);
    talk_option(&c->talk, o, kinds[k].len);
}

/* A SYN's MP_JOIN with the token of this key. */
static void join_syn(struct talk *k, uint8_t version, const uint8_t key[8])
{
    uint8_t o[12] = {30, sizeof o, MPA_MP_JOIN << 4, 1};
    uint32_t token;
    uint64_t idsn;

    mpa_crypto_key(version == 0 ? MPA_SHA1 : MPA_SHA256, key, &token, &idsn);
    talk_put32(o + 4, token);
    talk_put32(o + 8, 77);
    talk_option(k, o, sizeof o);
}

static void choose_options(struct crowd *c, uint8_t flags, uint32_t seq, uint16_t size)
{
    uint8_t key[2][8] = {{(uint8_t)(c->sport & 3)}, {(uint8_t)(c->dport & 3)}};

    if (flags == MPA_TCP_SYN && dice(c, 3) == 0)
        join_syn(&c->talk, c->version, key[dice(c, 2)]);
    else if (flags & MPA_TCP_SYN)
        talk_capable(&c->talk, flags & MPA_TCP_ACK || c->version == 0 ? 12 : 4, c->version, 0x81,
                     key[0], key[1]);
    else if (dice(c, 4) == 0)
        talk_capable(&c->talk, 20, c->version, 0x81, key[0], key[1]);
    else if (dice(c, 8) == 0)
        any_option(c);
    else if (dice(c, 4))
        talk_dss(&c->talk, seq, seq, 1 + seq % 1000, size);
}

static struct mpa_segment next_segment(struct crowd *c)
{
    static const uint8_t kinds[] = {MPA_TCP_SYN,
                                    MPA_TCP_SYN | MPA_TCP_ACK,
                                    MPA_TCP_RST,
                                    MPA_TCP_FIN | MPA_TCP_ACK,
                                    MPA_TCP_RST | MPA_TCP_ACK,
                                    MPA_TCP_ACK};
    uint64_t which = dice(c, 14);
    uint8_t flags = kinds[which < 5 ? which : 5];
    uint16_t size = (uint16_t)(flags == MPA_TCP_ACK ? dice(c, 3) * 10 : 0);
    uint32_t *seq;

    choose_tuple(c);
    seq = &c->seq[c->src][c->sport & 3];
    c->talk.options_size = 0;
    if (dice(c, 3))
        choose_options(c, flags, *seq, size);
    if (dice(c, 400) == 0)
        c->talk.ns += (int64_t)dice(c, 500) * 1000000000;
    *seq += size;
    return talk_segment(&c->talk, c->src, c->sport, c->dst, c->dport, flags, *seq - size,
                        c->seq[c->dst][c->dport & 3], size);
}

static void fill(struct crowd *c, uint64_t seed)
{
    *c = (struct crowd){.random = seed, .version = seed & 1};
    for (int i = 0; i < SEGMENTS; i++) {
        struct mpa_segment *s = &c->segments[i];
        uint64_t what = dice(c, 20);

        if (i == 0 || what > 2) {
            *s = next_segment(c);
            memcpy(c->options[i], c->talk.options, sizeof c->options[i]);
        } else { /* Seen again: behind a router, twice, or translated. */
            *s = s[-1];
            memcpy(c->options[i], c->options[i - 1], sizeof c->options[i]);
            s->ttl = (uint8_t)(s->ttl - (what != 1));
            if (what == 2)
                s->dst = talk_addr(9);
        }
        s->options = c->options[i];
        s->frame = (uint64_t)i;
    }
}

/* Prepared in batches, which are fed in parts. */
static void feed(struct crowd *c, struct mpa_tracker *t, int *ret_longest)
{
    for (int at = 0; at < SEGMENTS;) {
        int left = SEGMENTS - at, batch = 1 + (int)dice(c, 400);
        int end = at + (batch < left ? batch : left);

        mpa_tracker_prepare(t, &c->segments[at], end - at);
        while (at < end) {
            int part = 1 + (int)dice(c, dice(c, 2) ? 5 : 300);

            if (c->segments[at].ahead.run > *ret_longest)
                *ret_longest = c->segments[at].ahead.run;
            part = part < end - at ? part : end - at;
            mpa_tracker_segments(t, &c->segments[at], part);
            at += part;
        }
    }
}

static void as_one_by_one(uint32_t max_connections)
{
    static struct told one_by_one, batches;
    static struct crowd c;
    int64_t copies = 0, ended = 0, joined = 0;
    int longest = 0;

    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        struct mpa_tracker *t = new_tracker(&one_by_one, max_connections);

        fill(&c, seed * 0x9e3779b97f4a7c15u);
        for (int i = 0; i < SEGMENTS; i++)
            mpa_tracker_segment(t, &c.segments[i], NULL, NULL);
        mpa_tracker_finish(t);
        mpa_tracker_free(t);
        t = new_tracker(&batches, max_connections);
        feed(&c, t, &longest);
        mpa_tracker_finish(t);
        mpa_tracker_free(t);
        for (int i = 0; i < SEGMENTS; i++)
            CU_ASSERT_EQUAL_FATAL(one_by_one.after[i], batches.after[i]);
        CU_ASSERT_EQUAL(one_by_one.hash, batches.hash);
        copies += batches.copies;
        ended += batches.ended;
        joined += batches.joined;
    }
    /* It was worth it. */
    CU_ASSERT(longest > 10);
    CU_ASSERT(copies > 10 * ROUNDS);
    CU_ASSERT(ended > 10 * ROUNDS);
    CU_ASSERT(joined > ROUNDS);
}

static void any_order(void)
{
    as_one_by_one(0);
}

static void with_evictions(void)
{
    as_one_by_one(3);
}

/* Segments that nobody prepared. */
static void not_prepared(void)
{
    static struct told one_by_one, together;
    static struct crowd c;
    struct mpa_tracker *t = new_tracker(&one_by_one, 0);

    fill(&c, 7);
    for (int i = 0; i < SEGMENTS; i++)
        mpa_tracker_segment(t, &c.segments[i], NULL, NULL);
    mpa_tracker_free(t);
    t = new_tracker(&together, 0);
    mpa_tracker_segments(t, c.segments, SEGMENTS);
    mpa_tracker_segments(t, c.segments, 0);
    mpa_tracker_free(t);
    CU_ASSERT_EQUAL(one_by_one.hash, together.hash);
    CU_ASSERT(together.segments > SEGMENTS / 2);
}

/* A run ends where another four-tuple comes, and where the batch does. */
static void runs(void)
{
    struct talk k = {0};
    struct told told;
    struct mpa_tracker *t = new_tracker(&told, 0);
    struct mpa_segment s[6];

    s[0] = talk_segment(&k, 1, 4000, 2, 80, MPA_TCP_ACK, 1, 1, 0);
    s[1] = talk_segment(&k, 2, 80, 1, 4000, MPA_TCP_ACK, 1, 1, 0);
    s[2] = talk_segment(&k, 2, 80, 1, 4000, MPA_TCP_ACK, 1, 1, 0);
    /* The hosts are the same, the ports are not. */
    s[3] = talk_segment(&k, 2, 4000, 1, 80, MPA_TCP_ACK, 1, 1, 0);
    s[4] = talk_segment(&k, 1, 80, 2, 80, MPA_TCP_ACK, 1, 1, 0);
    s[5] = talk_segment(&k, 2, 80, 1, 80, MPA_TCP_ACK, 1, 1, 0);
    mpa_tracker_prepare(t, s, 6);
    CU_ASSERT_EQUAL(s[0].ahead.run, 3);
    CU_ASSERT_EQUAL(s[3].ahead.run, 1);
    CU_ASSERT_EQUAL(s[4].ahead.run, 2);
    CU_ASSERT_EQUAL(s[1].ahead.turned, 1);
    CU_ASSERT_EQUAL(s[2].ahead.turned, 0);
    CU_ASSERT_EQUAL(s[5].ahead.turned, 1);
    mpa_tracker_free(t);
}

/* What is said ahead of the token of a segment with these options, whatever the segment was before. */
static void expect_token(struct talk *k, uint8_t flags, bool has, uint32_t token)
{
    static const uint8_t key[8] = {3};
    struct talk before = {0};
    struct told told;
    struct mpa_tracker *t = new_tracker(&told, 0);
    struct mpa_segment s, now = talk_segment(k, 1, 4000, 2, 80, flags, 1, 1, 0);

    talk_capable(&before, 20, 1, 0x81, key, key);
    s = talk_segment(&before, 1, 4000, 2, 80, MPA_TCP_ACK, 1, 1, 0);
    mpa_tracker_prepare(t, &s, 1);
    CU_ASSERT_TRUE(s.has_token);
    now.option = s.option;
    now.has_token = true;
    now.token = s.token;
    s = now;
    mpa_tracker_prepare(t, &s, 1);
    CU_ASSERT_EQUAL(s.has_token, has);
    if (has)
        CU_ASSERT_EQUAL(s.token, token);
    mpa_tracker_free(t);
    k->options_size = 0;
}

/* The places of tokens are fetched ahead, for whom they are known. */
static void tokens(void)
{
    static const uint8_t mine[8] = {1, 2, 3, 4, 5, 6, 7, 8}, other[8] = {9};
    static const uint8_t join_ack[24] = {30, sizeof join_ack, MPA_MP_JOIN << 4};
    struct talk k = {0};
    uint32_t of_version[2];
    uint64_t idsn;

    CU_ASSERT_EQUAL_FATAL(mpa_crypto_init(), 0);
    mpa_crypto_key(MPA_SHA1, mine, &of_version[0], &idsn);
    mpa_crypto_key(MPA_SHA256, mine, &of_version[1], &idsn);
    for (uint8_t version = 0; version < 2; version++) {
        talk_capable(&k, 12, version, 0x81, mine, other);
        expect_token(&k, MPA_TCP_SYN | MPA_TCP_ACK, true, of_version[version]);
        talk_capable(&k, 20, version, 0x81, mine, other);
        expect_token(&k, MPA_TCP_ACK, true, of_version[version]);
        join_syn(&k, version, mine);
        expect_token(&k, MPA_TCP_SYN, true, of_version[version]);
        /* No token stands in an MP_JOIN's answer; there the SYN's form is illegal. */
        join_syn(&k, version, mine);
        expect_token(&k, MPA_TCP_SYN | MPA_TCP_ACK, false, 0);
        join_syn(&k, version, mine);
        expect_token(&k, MPA_TCP_ACK, false, 0);
        talk_dss(&k, 1, 1, 1, 10);
        expect_token(&k, MPA_TCP_ACK, false, 0);
        /* Options of which several would have to be looked at. */
        join_syn(&k, version, mine);
        join_syn(&k, version, mine);
        expect_token(&k, MPA_TCP_SYN, false, 0);
    }
    talk_capable(&k, 4, 1, 0x81, mine, other);
    expect_token(&k, MPA_TCP_SYN, false, 0);
    talk_option(&k, join_ack, sizeof join_ack);
    expect_token(&k, MPA_TCP_ACK, false, 0);
    /* A length that no MP_CAPABLE has; then no option at all. */
    talk_capable(&k, 13, 1, 0x81, mine, other);
    expect_token(&k, MPA_TCP_ACK, false, 0);
    expect_token(&k, MPA_TCP_ACK, false, 0);
}

int main(void)
{
    static CU_TestInfo tests[] = {
        {"batches as one by one", any_order},
        {"the same with evictions", with_evictions},
        {"not prepared", not_prepared},
        {"runs", runs},
        {"tokens", tokens},
        CU_TEST_INFO_NULL,
    };

    return suite_run("batch", tests);
}
