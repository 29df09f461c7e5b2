/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pseudonyms: published examples, shared prefixes, and no address left in any output. */
#include "fixture.h"

#include "mpa/status.h"
#include "pseudonym.h"

#include <stdlib.h>
#include <string.h>

/* The sample trace that accompanies the Crypto-PAn program of its authors. */
static void test_published(void)
{
    static const uint8_t key[32] = {21,  34, 23,  141, 51, 164, 207, 128, 19,  10,  91,
                                    22,  73, 144, 125, 16, 216, 152, 143, 131, 121, 121,
                                    101, 39, 98,  87,  76, 45,  42,  132, 34,  2};
    static const char *const rows[][2] = {
        {"128.11.68.132", "135.242.180.132"},
        {"129.118.74.4", "134.136.186.123"},
        {"130.132.252.244", "133.68.164.234"},
        {"141.223.7.43", "141.167.8.160"},
    };
    struct mpa_anonymizer *a = mpa_anonymizer_new("start the library");
    struct mpa_addr addr;
    char text[MPA_ADDR_TEXT];
    size_t i;

    mpa_anonymizer_free(a);
    a = mpa_anonymizer_new_key(key);
    CU_ASSERT_PTR_NOT_NULL_FATAL(a);
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        addr = fixture_addr(rows[i][0]);
        addr = mpa_anonymizer_addr(a, &addr);
        CU_ASSERT_STRING_EQUAL(mpa_addr_text(&addr, text), rows[i][1]);
    }
    mpa_anonymizer_free(a);
}

static unsigned shared_bits(const struct mpa_addr *a, const struct mpa_addr *b)
{
    unsigned i;

    for (i = 0; i < 128; i++)
        if (((a->b[i / 8] ^ b->b[i / 8]) & 0x80 >> i % 8) != 0)
            break;
    return i;
}

/* Pairs that differ first in a chosen bit: their pseudonyms must too. */
static void check_prefixes(const char *text, unsigned from)
{
    struct mpa_anonymizer *a = mpa_anonymizer_new("a seed");
    struct mpa_addr one = fixture_addr(text);
    struct mpa_addr shown_one;
    struct mpa_addr shown_two;
    unsigned changed = 0;
    unsigned bit;

    CU_ASSERT_PTR_NOT_NULL_FATAL(a);
    shown_one = mpa_anonymizer_addr(a, &one);
    CU_ASSERT_EQUAL(mpa_addr_is_v4(&shown_one), mpa_addr_is_v4(&one));
    for (bit = from; bit < 128; bit++) {
        struct mpa_addr two = one;

        two.b[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
        two.b[15] ^= bit < 120 ? 0x5a : 0;
        shown_two = mpa_anonymizer_addr(a, &two);
        CU_ASSERT_EQUAL(shared_bits(&shown_one, &shown_two), shared_bits(&one, &two));
        changed += shared_bits(&one, &shown_one) < 128;
    }
    CU_ASSERT(changed > 0);
    mpa_anonymizer_free(a);
}

static void test_prefixes(void)
{
    check_prefixes("10.9.0.1", 96);
    check_prefixes("192.0.2.255", 96);
    check_prefixes("2001:db8:1:2:3:4:5:6", 0);
    check_prefixes("fe80::1", 0);
}

static void test_seeds(void)
{
    struct mpa_anonymizer *a = mpa_anonymizer_new("x");
    struct mpa_anonymizer *b = mpa_anonymizer_new("x");
    struct mpa_anonymizer *c = mpa_anonymizer_new("y");
    struct mpa_anonymizer *random_one = mpa_anonymizer_new(NULL);
    struct mpa_anonymizer *random_two = mpa_anonymizer_new(NULL);
    struct mpa_addr addr = fixture_addr("2001:db8::1");
    struct mpa_addr none = {0};
    struct mpa_addr shown[5];

    shown[0] = mpa_anonymizer_addr(a, &addr);
    shown[1] = mpa_anonymizer_addr(b, &addr);
    shown[2] = mpa_anonymizer_addr(c, &addr);
    shown[3] = mpa_anonymizer_addr(random_one, &addr);
    shown[4] = mpa_anonymizer_addr(random_two, &addr);
    CU_ASSERT_TRUE(mpa_addr_eq(&shown[0], &shown[1]));
    CU_ASSERT_FALSE(mpa_addr_eq(&shown[0], &shown[2]));
    CU_ASSERT_FALSE(mpa_addr_eq(&shown[3], &shown[4]));
    shown[0] = mpa_anonymizer_addr(a, &none);
    CU_ASSERT_TRUE(mpa_addr_eq(&shown[0], &none));
    mpa_anonymizer_free(a);
    mpa_anonymizer_free(b);
    mpa_anonymizer_free(c);
    mpa_anonymizer_free(random_one);
    mpa_anonymizer_free(random_two);
    mpa_anonymizer_free(NULL);
}

/* Words of a text that are addresses change; nothing else does. */
static void test_text(void)
{
    static const char *const kept[] = {
        "",          "s1", "server 3", "12:30:05", "1.2.3", "C in the SYN/ACK",
        "face: bad", "::", "a:b:c",    "v1.2",
    };
    static const struct {
        const char *text, *before, *secret, *after;
    } changed[] = {
        {"10.9.0.1", "", "10.9.0.1", ""},
        {"to 10.9.0.1.", "to ", "10.9.0.1", "."},
        {"dir/10.9.0.1.pcap", "dir/", "10.9.0.1", ".pcap"},
        {"a10.9.0.1", "a", "10.9.0.1", ""},
        {"10.9.0.1:443", "", "10.9.0.1", ":443"},
        {"(2001:db8::7)", "(", "2001:db8::7", ")"},
        {"[fd00::b]:80", "[", "fd00::b", "]:80"},
        {"at fd00:9::1: none", "at ", "fd00:9::1", ": none"},
        {"mac 02:00:00:00:09:0b here", "mac ", "02:00:00:00:09:0b", " here"},
    };
    struct mpa_anonymizer *a = mpa_anonymizer_new("a seed");
    char ret[256];
    size_t i;

    for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        CU_ASSERT_STRING_EQUAL(mpa_pseudonym_text(a, kept[i], ret, sizeof(ret)), kept[i]);
    for (i = 0; i < sizeof(changed) / sizeof(changed[0]); i++) {
        mpa_pseudonym_text(a, changed[i].text, ret, sizeof(ret));
        if (strstr(ret, changed[i].secret))
            fprintf(stderr, "\n%s -> %s\n", changed[i].text, ret);
        CU_ASSERT_PTR_NULL(strstr(ret, changed[i].secret));
        CU_ASSERT_EQUAL(strncmp(ret, changed[i].before, strlen(changed[i].before)), 0);
        CU_ASSERT(strlen(ret) > strlen(changed[i].after) &&
                  strcmp(ret + strlen(ret) - strlen(changed[i].after), changed[i].after) == 0);
    }
    /* The same MAC has the same pseudonym, written small or large, and another one another. */
    {
        char small[64];
        char large[64];

        mpa_pseudonym_text(a, "0a:bb:cc:dd:ee:0f", small, sizeof(small));
        mpa_pseudonym_text(a, "0A:BB:CC:DD:EE:0F", large, sizeof(large));
        CU_ASSERT_STRING_EQUAL(small, large);
        mpa_pseudonym_text(a, "0a:bb:cc:dd:ee:0e", large, sizeof(large));
        CU_ASSERT_STRING_NOT_EQUAL(small, large);
    }
    /* A short buffer cuts, and ends with a zero. */
    CU_ASSERT_STRING_EQUAL(mpa_pseudonym_text(a, "no address", ret, 5), "no a");
    mpa_anonymizer_free(a);
}

/* The example of the Community ID specification, in both directions. */
static void test_community_id(void)
{
    struct mpa_endpoint a = {fixture_addr("128.232.110.120"), 34855};
    struct mpa_endpoint b = {fixture_addr("66.35.250.204"), 80};
    struct mpa_rec_subflow subflow;
    char text[MPA_COMMUNITY_ID_SIZE];

    mpa_community_id(&a, &b, text);
    CU_ASSERT_STRING_EQUAL(text, "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
    mpa_community_id(&b, &a, text);
    CU_ASSERT_STRING_EQUAL(text, "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
    /* A record that has none gets that of its endpoints. */
    memset(&subflow, 0, sizeof(subflow));
    subflow.client = a;
    subflow.server = b;
    CU_ASSERT_STRING_EQUAL(mpa_pseudonym_community_id(NULL, &subflow, text),
                           "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
}

/* The whole of a file. */
static char *slurp(const char *dir, const char *name)
{
    char *ret = NULL;
    char *path;
    size_t size = 0;
    FILE *in;

    if (asprintf(&path, "%s/%s", dir, name) < 0)
        abort();
    in = fopen(path, "r");
    free(path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(in);
    if (getdelim(&ret, &size, '\0', in) < 0)
        abort();
    fclose(in);
    return ret;
}

static void check_secrets(const char *text)
{
    static const char *const secrets[] = {"10.1.0.",           "10.9.0.1",  "10.2.0.11",
                                          "2001:db8:ffff",     "fd00:9",    "fd00:2::b",
                                          "02:00:00:00:09:0b", "1:LQU9qZlK"};
    size_t i;

    for (i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
        if (strstr(text, secrets[i]))
            fprintf(stderr, "\n%s is in: %.80s\n", secrets[i], strstr(text, secrets[i]));
        CU_ASSERT_PTR_NULL(strstr(text, secrets[i]));
    }
}

static void test_writers(void)
{
    static const char *const names[] = {"connections.csv", "subflows.csv", "add_addr.csv",
                                        "resets.csv",      "churn.csv",    "timeline.csv"};
    struct mpa_anonymizer *a = mpa_anonymizer_new("a seed");
    struct mpa_writer_options options = {
        .anonymizer = a, .explain = true, .only_file = "at/10.1.0.2.pcap"};
    struct fixture f;
    char *text;
    char *dir;
    size_t i;
    int ipv6;

    fixture_report(&f);
    f.events[0].server = "10.2.0.11";
    for (ipv6 = 0; ipv6 < 2; ipv6++) {
        text = fixture_text(&f.report, 70, ipv6, &options);
        check_secrets(text);
        free(text);
        text = fixture_json(&f.report, 70, ipv6, &options);
        check_secrets(text);
        free(text);
        dir = fixture_dir();
        CU_ASSERT_EQUAL(fixture_walk(mpa_writer_csv(dir, &options), &f.report, 70, ipv6), MPA_OK);
        for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            text = slurp(dir, names[i]);
            check_secrets(text);
            free(text);
        }
        fixture_remove_dir(dir);
    }
    mpa_anonymizer_free(a);
}

CU_TestInfo anonymize_tests[] = {
    {"published examples", test_published},
    {"prefixes", test_prefixes},
    {"seeds", test_seeds},
    {"addresses in text", test_text},
    {"Community ID", test_community_id},
    {"all writers", test_writers},
    CU_TEST_INFO_NULL,
};
