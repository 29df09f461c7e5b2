/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ICMP and ICMPv6 errors that quote a TCP segment. */
#include "wire_test.h"

#include <stdlib.h>
#include <string.h>

#define Q4 " quotes 10.0.0.1:40000 > 10.0.0.2:80 seq=1000"
#define Q6 " quotes fd00::1:40000 > fd00::2:80 seq=1000"
#define F4 " 10.1.0.1 > 10.1.0.2"
#define F6 " fd00:0:0:1::1 > fd00:0:0:1::2"
#define TO " to=020000000002"

static const struct row {
    const char *name;
    uint16_t linktype;
    const char *recipe;
    const char *want;
} rows[] = {
    {"unreachable", 1, "eth ip4 unreach ip4 tcp8", "ICMP v4 type=3 code=1 mtu=0" F4 Q4 TO},
    {"needs-fragmenting", 1, "eth ip4 needfrag ip4 tcp8",
     "ICMP v4 type=3 code=4 mtu=1400" F4 Q4 TO},
    {"time-exceeded", 101, "ip4 ttl ip4opt tcp8", "ICMP v4 type=11 code=0 mtu=0" F4 Q4},
    {"source-quench", 101, "ip4 quench ip4 tcp8", "ICMP v4 type=4 code=0 mtu=0" F4 Q4},
    {"redirect", 101, "ip4 redirect ip4 tcp8", "ICMP v4 type=5 code=1 mtu=0" F4 Q4},
    {"parameter", 101, "ip4 param ip4 tcp8", "ICMP v4 type=12 code=0 mtu=0" F4 Q4},
    /* Only where the message has an MTU. */
    {"unused-bytes", 101, "ip4 unreachmtu ip4 tcp8", "ICMP v4 type=3 code=1 mtu=0" F4 Q4},
    {"code-4-of-another", 101, "ip4 ttlmtu ip4 tcp8", "ICMP v4 type=11 code=4 mtu=0" F4 Q4},
    {"unused-bytes6", 101, "ip6 hopsmtu6 ip6 tcp8", "ICMP v6 type=3 code=0 mtu=0" F6 Q6},
    {"code-4-type-3-of-ipv6", 101, "ip6 hops4mtu6 ip6 tcp8", "ICMP v6 type=3 code=4 mtu=0" F6 Q6},
    {"whole-segment", 1, "eth ip4 unreach ip4 tcp", "ICMP v4 type=3 code=1 mtu=0" F4 Q4 TO},
    {"packet-too-big", 1, "eth ip6 toobig6 ip6 tcp", "ICMP v6 type=2 code=0 mtu=1280" F6 Q6 TO},
    {"unreachable6", 276, "sll2 ip6 unreach6 ip6 tcp8", "ICMP v6 type=1 code=4 mtu=0" F6 Q6},
    {"hop-limit", 101, "ip6 hops6 ip6 dst tcp8", "ICMP v6 type=3 code=0 mtu=0" F6 Q6},
    {"parameter6", 101, "ip6 hop param6 ip6 atomic tcp8", "ICMP v6 type=4 code=1 mtu=0" F6 Q6},
    {"in-gre", 1, "eth ip4 gre ip4 needfrag ip4 tcp8",
     "ICMP v4 type=3 code=4 mtu=1400" F4 Q4 " outer=10.2.0.2" TO},
    {"in-vxlan", 276, "sll2 ip6 vxlan eth ip6 toobig6 ip6 tcp8",
     "ICMP v6 type=2 code=0 mtu=1280" F6 Q6 " outer=fd00:0:0:2::2"},
    /* The quoted packet is the encapsulated one: its inner segment is what the error is about. */
    {"about-a-tunnel", 1, "eth ip4 needfrag ip4 ip4 tcp8",
     "ICMP v4 type=3 code=4 mtu=1400 10.2.0.1 > 10.2.0.2" Q4 TO},
    {"about-gue", 101, "ip6 toobig6 ip6 gue1 ip4 tcp",
     "ICMP v6 type=2 code=0 mtu=1280 fd00:0:0:2::1 > fd00:0:0:2::2" Q4},
    {"about-first-fragment", 101, "ip4 ttl ip4first tcp8", "ICMP v4 type=11 code=0 mtu=0" F4 Q4},
    {"about-first-fragment6", 101, "ip6 hops6 ip6 first tcp8", "ICMP v6 type=3 code=0 mtu=0" F6 Q6},
    {"about-last-fragment", 101, "ip4 ttl ip4last tcp8", "OTHER"},
    {"about-last-fragment6", 101, "ip6 hops6 ip6 last tcp8", "OTHER"},
    {"about-udp", 101, "ip4 unreach ip4 udp", "OTHER"},
    {"about-an-error", 101, "ip4 unreach ip4 unreach ip4 tcp", "OTHER"},
    {"short-quote", 101, "ip4 unreach ip4 tcp7", "OTHER"},
    {"no-quote", 101, "ip4 unreach nothing", "OTHER"},
    {"other-family", 101, "ip4 unreach ip6 tcp8", "OTHER"},
    {"type-6", 101, "ip4 type6 ip4 tcp8", "OTHER"},
    {"type-0-of-ipv6", 101, "ip6 type0of6 ip6 tcp8", "OTHER"},
    {"type-5-of-ipv6", 101, "ip6 type5of6 ip6 tcp8", "OTHER"},
    {"echo", 101, "ip4 echo ip4 tcp8", "OTHER"},
    {"echo6", 101, "ip6 echo6 ip6 tcp8", "OTHER"},
    {"icmp6-in-ipv4", 101, "ip4 toobig6 ip6 tcp8", "OTHER"},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void table(void)
{
    struct mpa_segment s;
    char text[TEXT_MAX];
    struct bytes b;
    size_t i;

    for (i = 0; i < ROWS; i++) {
        struct mpa_icmp_error e;
        enum mpa_frame_kind kind;
        uint8_t *copy;

        if (!build_frame(rows[i].recipe, &b))
            continue;
        copy = exact_copy(bytes_start(&b), b.size);
        memset(&e, 0xee, sizeof(e));
        kind = decode(rows[i].linktype, copy, b.size, b.size, &s, &e);
        icmp_text(kind, &e, text);
        expect_text(rows[i].name, text, rows[i].want);
        expect_true(rows[i].name, "frame",
                    kind != MPA_FRAME_ICMP ||
                        (e.frame == 42 && e.capture == 3 && e.ns == 1234567890123456789));
        free(copy);
    }
}

static void prefixes(void)
{
    struct mpa_segment s;
    struct mpa_icmp_error e;
    struct bytes b;
    size_t i, part;

    for (i = 0; i < ROWS; i++) {
        bool error = strncmp(rows[i].want, "ICMP", 4) == 0;
        size_t tail; /* Of the segment, behind the eight bytes that are needed. */

        if (!build_frame(rows[i].recipe, &b))
            continue;
        tail = strstr(rows[i].recipe, "tcp8") ? 0 : 37;
        for (part = 0; part < b.size; part++) {
            uint8_t *copy = exact_copy(bytes_start(&b), part);
            enum mpa_frame_kind kind = decode(rows[i].linktype, copy, part, b.size, &s, &e);

            if (error)
                expect_true(rows[i].name, "needs eight bytes of the segment",
                            kind == (part + tail >= b.size ? MPA_FRAME_ICMP : MPA_FRAME_TRUNCATED));
            else
                expect_true(rows[i].name, "no error out of nothing",
                            kind == MPA_FRAME_TRUNCATED || kind == MPA_FRAME_OTHER);
            kind = decode(rows[i].linktype, copy, part, part, &s, &e);
            expect_true(rows[i].name, "no segment out of a quote", kind != MPA_FRAME_SEGMENT);
            free(copy);
        }
    }
}

int seeds_of_icmp(const char *folder)
{
    struct bytes b;
    size_t i;

    for (i = 0; i < ROWS; i++) {
        char name[64];

        snprintf(name, sizeof(name), "icmp-%s", rows[i].name);
        if (!build_frame(rows[i].recipe, &b) ||
            seed_write(folder, name, rows[i].linktype, bytes_start(&b), b.size) != 0)
            return -1;
    }
    return 0;
}

int suite_icmp(void)
{
    static const struct test tests[] = {
        {"errors and what they quote", table},
        {"every prefix", prefixes},
    };

    return ADD_SUITE("icmp", tests);
}
