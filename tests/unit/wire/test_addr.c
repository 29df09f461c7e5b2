/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses and prefixes: text both ways (RFC 5952, RFC 4291) and membership. */
#include "wire_test.h"

#include "mpa/status.h"

#include <string.h>

static void texts(void)
{
    static const struct {
        const char *in;
        const char *out; /* NULL: refused. */
        int bits;
    } rows[] = {
        {"10.2.0.11", "10.2.0.11", 128},
        {"10.2.0.0/24", "10.2.0.0", 120},
        {"0.0.0.0/0", "0.0.0.0", 96},
        {"fd00:2:0:0:0:0:0:B", "fd00:2::b", 128},
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1", 128},
        {"2001:db8::/32", "2001:db8::", 32},
        {"::/0", "::", 0},
        {"::ffff:192.0.2.1", "192.0.2.1", 128},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
         128},
        {"", NULL, 0},
        {"/24", NULL, 0},
        {"10.2.0.11/", NULL, 0},
        {"10.2.0.11/33", NULL, 0},
        {"10.2.0.11/-1", NULL, 0},
        {"10.2.0.11/8x", NULL, 0},
        {"10.2.0.11/0000000000008", NULL, 0},
        {"10.2.0.256", NULL, 0},
        {"10.2.0", NULL, 0},
        {" 10.2.0.1", NULL, 0},
        {"2001:db8::/129", NULL, 0},
        {"2001:db8::1::", NULL, 0},
        {"server.example", NULL, 0},
        {"0000:0000:0000:0000:0000:0000:255.255.255.2550", NULL,
         0}, /* One more than any address has. */
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL, 0},
    };
    char text[MPA_ADDR_TEXT];
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct mpa_prefix p = {.bits = 77};
        int rc = mpa_prefix_parse(rows[i].in, &p);

        if (!rows[i].out) {
            expect_true(rows[i].in, "refused, result untouched",
                        rc == MPA_ERR_ARGUMENT && p.bits == 77);
            continue;
        }
        expect_true(rows[i].in, "accepted", rc == 0 && p.bits == rows[i].bits);
        expect_text(rows[i].in, mpa_addr_text(&p.addr, text), rows[i].out);
    }
}

static void membership(void)
{
    static const struct {
        const char *prefix;
        const char *addr;
        bool in;
    } rows[] = {
        {"10.2.0.0/24", "10.2.0.255", true},         {"10.2.0.0/24", "10.2.1.0", false},
        {"10.2.0.0/23", "10.2.1.0", true},           {"10.2.0.11", "10.2.0.11", true},
        {"10.2.0.11", "10.2.0.10", false},           {"10.2.0.8/31", "10.2.0.9", true},
        {"10.2.0.8/31", "10.2.0.10", false},         {"0.0.0.0/0", "203.0.113.9", true},
        {"0.0.0.0/0", "2001:db8::1", false},         {"::/0", "203.0.113.9", true},
        {"2001:db8::/33", "2001:db8:7fff::1", true}, {"2001:db8::/33", "2001:db8:8000::", false},
        {"10.2.0.0/24", "::a02:1", false},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct mpa_prefix p;
        struct mpa_prefix a;
        char row[128];

        snprintf(row, sizeof(row), "%s in %s", rows[i].addr, rows[i].prefix);
        CU_ASSERT_EQUAL_FATAL(mpa_prefix_parse(rows[i].prefix, &p), 0);
        CU_ASSERT_EQUAL_FATAL(mpa_prefix_parse(rows[i].addr, &a), 0);
        expect_true(row, rows[i].in ? "inside" : "outside",
                    mpa_prefix_has(&p, &a.addr) == rows[i].in);
    }
}

static void families(void)
{
    static const uint8_t four[4] = {192, 0, 2, 1};
    static const uint8_t six[16] = {[10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 1};
    static const uint8_t compatible[16] = {[12] = 192, [14] = 2, [15] = 1};
    struct mpa_addr a = mpa_addr_v4(four);
    struct mpa_addr b = mpa_addr_v6(six);
    struct mpa_addr c = mpa_addr_v6(compatible);

    CU_ASSERT_TRUE(mpa_addr_is_v4(&a));
    CU_ASSERT_TRUE(mpa_addr_eq(&a, &b));
    CU_ASSERT_FALSE(mpa_addr_is_v4(&c));
    CU_ASSERT_FALSE(mpa_addr_eq(&a, &c));
}

int suite_addr(void)
{
    static const struct test tests[] = {
        {"text to prefix to text", texts},
        {"membership", membership},
        {"one form for both families", families},
    };

    return ADD_SUITE("addr", tests);
}
