/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the conformance rules said at several vantage points becomes one, in any order. */
#include "merges.h"

#include "mpa/rules.h"

#include <stdlib.h>

/* A connection of two subflows; what is said of it. */
struct view {
    struct made made;
    struct mpa_rec_finding findings[8];
    struct mpa_rec_tally tallies[8];
};

/* 'swapped': the capture saw the join first, and numbers it 0. */
static void view_begin(struct view *v, int64_t id, bool swapped)
{
    struct mpa_rec_subflow *s;

    memset(v, 0, sizeof *v);
    made_begin(&v->made, id, 1000 * MS, 2000 * MS);
    made_keys(&v->made, 0x11, 0x22);
    for (int i = 0; i < 2; i++) {
        bool join = (i == 0) == swapped;

        s = made_subflow(&v->made, join ? MPA_ROLE_JOIN : MPA_ROLE_INITIAL,
                         made_end(1, join ? 40001 : 40000), made_end(join ? 9 : 100, 80));
        made_isns(s, join ? 33 : 11, join ? 44 : 22);
    }
    v->made.conn.findings = v->findings;
    v->made.conn.tallies = v->tallies;
}

static void say_tally(struct view *v, enum mpa_rule rule, enum mpa_verdict verdict, uint32_t count)
{
    v->tallies[v->made.conn.tally_count++] =
        (struct mpa_rec_tally){(uint16_t)rule, (uint16_t)verdict, count};
}

static void say_finding(struct view *v, enum mpa_rule rule, int64_t subflow, uint64_t key,
                        int64_t ns)
{
    v->findings[v->made.conn.finding_count++] =
        (struct mpa_rec_finding){.rule = (uint16_t)rule,
                                 .severity = MPA_SEVERITY_ERROR,
                                 .verdict = MPA_FINDING_VIOLATION,
                                 .subflow = subflow,
                                 .ns = ns,
                                 .frames = {{0, ns / MS}},
                                 .frame_count = 1,
                                 .text = "text",
                                 .key = key};
}

/* "rule verdict count; ..." and "rule subflow key ns; ..." of the record. */
static void verdicts_text(const struct mpa_rec_conn *c, char *ret, size_t size)
{
    struct text t = {ret, size};

    ret[0] = 0;
    for (int i = 0; i < c->tally_count; i++)
        say(&t, "%d %d %u; ", c->tallies[i].rule, c->tallies[i].verdict, c->tallies[i].count);
    say(&t, "/ ");
    for (int i = 0; i < c->finding_count; i++)
        say(&t, "%d %d %d %d; ", c->findings[i].rule, (int)c->findings[i].subflow,
            (int)c->findings[i].key, (int)(c->findings[i].ns / MS));
}

/* Both orders give 'want'. */
static void expect(const struct view *a, const struct view *b, const char *want)
{
    char got[1024];

    for (int order = 0; order < 2; order++) {
        struct mpa_rec_conn *c = order ? merge_two(&b->made.conn, 1, &a->made.conn, 0)
                                       : merge_two(&a->made.conn, 0, &b->made.conn, 1);

        verdicts_text(c, got, sizeof got);
        CU_ASSERT_STRING_EQUAL(got, want);
        if (strcmp(got, want) != 0)
            fprintf(stderr, "\n got %s\nwant %s\n", got, want);
        mpa_record_free(c);
    }
}

/* A breach that both saw is one, wherever the join stands in the numbering of a view. */
static void equal_breaches_are_one(void)
{
    struct view a, b;

    view_begin(&a, 0, false);
    view_begin(&b, 0, true);
    say_finding(&a, 3, 1, 7, 1100 * MS);
    say_finding(&b, 3, 0, 7, 1105 * MS);
    say_tally(&a, 3, MPA_VERDICT_BROKEN, 1);
    say_tally(&b, 3, MPA_VERDICT_BROKEN, 1);
    expect(&a, &b, "3 2 1; / 3 1 7 1100; ");
}

static void different_keys_and_rules_stay_apart(void)
{
    struct view a, b;

    view_begin(&a, 0, false);
    view_begin(&b, 0, false);
    say_finding(&a, 5, 1, 7, 1100 * MS);
    say_finding(&a, 3, MPA_NULL, 0, 1100 * MS);
    say_finding(&b, 5, 1, 8, 1050 * MS);
    say_finding(&b, 5, 0, 7, 1200 * MS);
    say_tally(&a, 3, MPA_VERDICT_BROKEN, 1);
    say_tally(&a, 5, MPA_VERDICT_BROKEN, 1);
    say_tally(&b, 5, MPA_VERDICT_BROKEN, 2);
    /* By time, then by rule. */
    expect(&a, &b, "3 2 1; 5 2 3; / 5 1 8 1050; 3 0 0 1100; 5 1 7 1100; 5 0 7 1200; ");
}

/* Equal keys: the k-th here is the k-th there; the larger number stays. */
static void equal_keys_are_paired(void)
{
    struct view a, b;

    view_begin(&a, 0, false);
    view_begin(&b, 0, false);
    say_finding(&a, 3, 0, 0, 1100 * MS);
    say_finding(&a, 3, 0, 0, 1200 * MS);
    say_finding(&b, 3, 0, 0, 1101 * MS);
    say_finding(&b, 3, 0, 0, 1201 * MS);
    say_finding(&b, 3, 0, 0, 1301 * MS);
    say_tally(&a, 3, MPA_VERDICT_BROKEN, 2);
    say_tally(&b, 3, MPA_VERDICT_BROKEN, 3);
    expect(&a, &b, "3 2 3; / 3 0 0 1100; 3 0 0 1200; 3 0 0 1301; ");
}

/* Breaches that a view only counted are not lost. */
static void what_was_not_kept_counts(void)
{
    struct view a, b;

    view_begin(&a, 0, false);
    view_begin(&b, 0, false);
    say_finding(&a, 3, 0, 1, 1100 * MS);
    say_finding(&b, 3, 0, 1, 1101 * MS);
    say_finding(&b, 3, 0, 2, 1201 * MS);
    say_tally(&a, 3, MPA_VERDICT_BROKEN, 21);
    say_tally(&b, 3, MPA_VERDICT_BROKEN, 2);
    expect(&a, &b, "3 2 22; / 3 0 1 1100; 3 0 2 1201; ");
}

/* A note is no breach. */
static void notes_are_not_counted(void)
{
    struct view a, b;

    view_begin(&a, 0, false);
    view_begin(&b, 0, false);
    say_finding(&a, 3, 0, 1, 1100 * MS);
    a.findings[0].severity = MPA_SEVERITY_INFO;
    a.findings[0].verdict = MPA_FINDING_INFO;
    say_tally(&a, 3, MPA_VERDICT_PASSED, 1);
    say_finding(&b, 3, 0, 1, 1101 * MS);
    say_tally(&b, 3, MPA_VERDICT_BROKEN, 1);
    expect(&a, &b, "3 1 1; 3 2 1; / 3 0 1 1100; 3 0 1 1101; ");
    b.made.conn.finding_count = b.made.conn.tally_count = 0;
    expect(&a, &b, "3 1 1; / 3 0 1 1100; ");
}

/* Who could judge wins over who could not. */
static void not_verifiable_where_nobody_could_judge(void)
{
    struct view a, b;

    view_begin(&a, 0, false);
    view_begin(&b, 0, false);
    say_tally(&a, 1, MPA_VERDICT_NV_SYN, 2);
    say_tally(&b, 1, MPA_VERDICT_PASSED, 2); /* The other could judge both. */
    say_tally(&a, 2, MPA_VERDICT_PASSED, 1);
    say_tally(&a, 2, MPA_VERDICT_NV_DIR, 2);
    say_tally(&b, 2, MPA_VERDICT_PASSED, 2); /* One of three remains. */
    say_tally(&a, 3, MPA_VERDICT_NV_SNAP, 1);
    say_tally(&b, 4, MPA_VERDICT_NV_END, 1); /* Nobody could. */
    expect(&a, &b, "1 1 2; 2 1 2; 2 5 1; 3 8 1; 4 10 1; / ");
    CU_ASSERT_EQUAL(MPA_VERDICT_NV_DIR, 5);
    CU_ASSERT_EQUAL(MPA_VERDICT_NV_END, 10);
}

/* Findings of a connection that only one saw. */
static void one_view_stays_as_it_is(void)
{
    struct view a, b;

    view_begin(&a, 0, false);
    view_begin(&b, 0, false);
    say_finding(&a, 3, 1, 7, 1100 * MS);
    say_tally(&a, 3, MPA_VERDICT_BROKEN, 1);
    expect(&a, &b, "3 2 1; / 3 1 7 1100; ");
}

/* C that was taken away behind the server is not missing: its own side says so, whatever the other one saw. */
static void c_counts_as_it_was_sent(void)
{
    for (int at_server = 0; at_server < 2; at_server++) {
        struct view a, b;
        struct mpa_rec_conn *c;

        view_begin(&a, 0, false);
        view_begin(&b, 0, false);
        a.made.subflows[0].vantage = MPA_VANTAGE_CLIENT;
        b.made.subflows[0].vantage = at_server ? MPA_VANTAGE_SERVER : MPA_VANTAGE_UNKNOWN;
        a.made.conn.server_denies_join = 0;
        b.made.conn.server_denies_join = 1;
        say_finding(&a, MPA_RULE_CBF_05, 0, 0, 1100 * MS);
        say_tally(&a, MPA_RULE_CBF_05, MPA_VERDICT_BROKEN, 1);
        c = merge_two(&a.made.conn, 0, &b.made.conn, 1);
        CU_ASSERT_EQUAL(c->server_denies_join, at_server);
        CU_ASSERT_EQUAL(c->finding_count, !at_server);
        CU_ASSERT_EQUAL_FATAL(c->tally_count, 1);
        CU_ASSERT_EQUAL(c->tallies[0].verdict, at_server ? MPA_VERDICT_PASSED : MPA_VERDICT_BROKEN);
        CU_ASSERT_EQUAL(c->tallies[0].count, 1);
        mpa_record_free(c);
    }
}

/* An ADD_ADDR that one capture saw echoed was echoed; that of another address was not. */
static void echoes_count_wherever_seen(void)
{
    for (int other = 0; other < 2; other++) {
        struct view a, b;
        struct mpa_rec_add_addr advert = {.from_server = true,
                                          .id = 1,
                                          .addr = made_end(7, 0).addr,
                                          .port = MPA_NULL,
                                          .first_ns = 1100 * MS,
                                          .echo_ns = MPA_NULL};
        struct mpa_rec_conn *c;

        view_begin(&a, 0, false);
        view_begin(&b, 0, false);
        advert.hmac = MPA_HMAC_OK;
        a.made.adverts[a.made.conn.add_addr_count++] = advert;
        advert.echoes = 1;
        advert.echo_ns = 1200 * MS;
        advert.hmac = MPA_HMAC_BAD;
        b.made.adverts[b.made.conn.add_addr_count++] = advert;
        say_finding(&a, MPA_RULE_AA_07, MPA_NULL, 1, 1100 * MS);
        a.findings[0].severity = MPA_SEVERITY_INFO;
        a.findings[0].verdict = MPA_FINDING_INFO;
        a.findings[0].values[0] =
            (struct mpa_rec_value){.name = "id", .kind = MPA_COMPARED_NUMBER, .number = 1};
        a.findings[0].values[1] = (struct mpa_rec_value){
            .name = "address", .kind = MPA_COMPARED_ADDR, .addr = made_end(other ? 8 : 7, 0).addr};
        a.findings[0].value_count = 2;
        c = merge_two(&a.made.conn, 0, &b.made.conn, 1);
        CU_ASSERT_EQUAL(c->finding_count, other);
        CU_ASSERT_EQUAL_FATAL(c->add_addr_count, 1);
        CU_ASSERT_TRUE(c->add_addrs[0].altered);
        mpa_record_free(c);
    }
}

int main(void)
{
    unsigned failures;

    if (CU_initialize_registry() != CUE_SUCCESS || mpa_crypto_init() != 0)
        return 1;
    CU_pSuite suite = CU_add_suite("merge_verdicts", NULL, NULL);
    CU_ADD_TEST(suite, equal_breaches_are_one);
    CU_ADD_TEST(suite, different_keys_and_rules_stay_apart);
    CU_ADD_TEST(suite, equal_keys_are_paired);
    CU_ADD_TEST(suite, what_was_not_kept_counts);
    CU_ADD_TEST(suite, notes_are_not_counted);
    CU_ADD_TEST(suite, not_verifiable_where_nobody_could_judge);
    CU_ADD_TEST(suite, one_view_stays_as_it_is);
    CU_ADD_TEST(suite, c_counts_as_it_was_sent);
    CU_ADD_TEST(suite, echoes_count_wherever_seen);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures != 0;
}
