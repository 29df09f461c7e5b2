/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lengths that lie, padding, ports that were set, and what the layer-2 hash takes in. */
#include "wire_test.h"

#include <stdlib.h>
#include <string.h>

static void padding(void)
{
    static const char *const recipes[] = {"eth ip4 tcpbare",           "eth ip6 tcpbare",
                                          "eth vlan ip4 tcp",          "eth ip4 gre ip4 tcp",
                                          "eth ip4 vxlan eth ip6 tcp", "eth ip4 gue1 ip4 tcpbare"};
    size_t i, extra;

    for (i = 0; i < sizeof(recipes) / sizeof(recipes[0]); i++) {
        struct mpa_icmp_error icmp;
        struct mpa_segment s;
        struct bytes b;
        size_t data = strstr(recipes[i], "tcpbare") ? 0 : 5;

        CU_ASSERT_FATAL(build_frame(recipes[i], &b));
        for (extra = 1; extra <= 6; extra++) {
            uint8_t *copy = exact_copy(bytes_start(&b), b.size + extra);

            memset(copy + b.size, 0xee, extra);
            expect_true(recipes[i], "a segment",
                        decode(1, copy, b.size + extra, b.size + extra, &s, &icmp) ==
                            MPA_FRAME_SEGMENT);
            expect_true(recipes[i], "padding is no payload",
                        s.payload_size == data && s.payload_captured == data &&
                            (data != 0 || s.payload == NULL));
            free(copy);
        }
    }
}

/* One or two bytes of a good frame overwritten. */
static void lies(void)
{
    static const struct {
        const char *name;
        uint16_t linktype;
        const char *recipe;
        size_t at;
        const char *hex;
        enum mpa_frame_kind want;
    } rows[] = {
        {"IPv4 header of 16 bytes", 1, "eth ip4 tcp", 14, "44", MPA_FRAME_MALFORMED},
        {"IPv4 header of 16 bytes, UDP", 1, "eth ip4 udp", 14, "44", MPA_FRAME_MALFORMED},
        {"IPv4 header past the packet", 1, "eth ip4 tcpbare", 14, "4f", MPA_FRAME_MALFORMED},
        {"total length below the header", 1, "eth ip4 tcp", 16, "0013", MPA_FRAME_MALFORMED},
        {"total length cuts TCP", 1, "eth ip4 tcp", 16, "0027", MPA_FRAME_MALFORMED},
        {"total length cuts the options", 1, "eth ip4 tcp", 16, "003b", MPA_FRAME_MALFORMED},
        {"version 5 under IPv4's EtherType", 1, "eth ip4 tcp", 14, "55", MPA_FRAME_MALFORMED},
        {"version 4 under IPv6's EtherType", 1, "eth ip6 tcp", 14, "40", MPA_FRAME_MALFORMED},
        {"version 5 without EtherType", 101, "ip4 tcp", 0, "55", MPA_FRAME_OTHER},
        {"payload length cuts TCP", 101, "ip6 tcp", 4, "0013", MPA_FRAME_MALFORMED},
        {"extension past the packet", 101, "ip6 dst tcp", 41, "ff", MPA_FRAME_MALFORMED},
        {"data offset 16", 101, "ip4 tcp", 32, "40", MPA_FRAME_MALFORMED},
        {"data offset past the segment", 101, "ip4 tcpbare", 32, "60", MPA_FRAME_MALFORMED},
        {"the reserved fragment bit", 101, "ip4 tcp", 6, "8000", MPA_FRAME_SEGMENT},
        {"inner packet longer than the outer", 101, "ip4 ip4 tcp", 22, "0fff", MPA_FRAME_MALFORMED},
        {"inner IPv6 longer than the outer", 101, "ip4 ip6 tcp", 24, "0fff", MPA_FRAME_MALFORMED},
        {"UDP length below its header", 101, "ip4 gue1 ip4 tcp", 24, "0007", MPA_FRAME_MALFORMED},
        {"UDP length past the packet", 101, "ip4 gue1 ip4 tcp", 24, "0fff", MPA_FRAME_MALFORMED},
        {"UDP length one past the packet", 101, "ip4 gue1 ip4 tcp", 24, "004a",
         MPA_FRAME_MALFORMED},
        {"UDP length that cuts the inner", 101, "ip4 gue1 ip4 tcp", 24, "0040",
         MPA_FRAME_MALFORMED},
        {"UDP length 0, a super-packet", 101, "ip4 gue1 ip4 tcp", 24, "0000", MPA_FRAME_SEGMENT},
        {"UDP to port 0", 101, "ip4 gue1 ip4 tcp", 22, "0000", MPA_FRAME_OTHER},
        {"Geneve options past the packet", 101, "ip4 geneve ip4 tcp", 28, "3f",
         MPA_FRAME_MALFORMED},
        {"GUE header past the packet", 101, "ip4 gue0 ip4 tcp", 28, "1f", MPA_FRAME_MALFORMED},
        {"GUE version 2", 101, "ip4 gue0 ip4 tcp", 28, "80", MPA_FRAME_OTHER},
        {"GUE version 3", 101, "ip4 gue0 ip4 tcp", 28, "c0", MPA_FRAME_OTHER},
        {"GUE variant 1 without an IP nibble", 101, "ip4 gue1 ip4 tcp", 28, "55", MPA_FRAME_OTHER},
        {"GRE of an unknown protocol", 101, "ip4 gre ip4 tcp", 22, "88be", MPA_FRAME_OTHER},
        {"PPPoE discovery", 1, "eth pppoe ppp4 ip4 tcp", 15, "09", MPA_FRAME_OTHER},
        {"MPLS without a bottom", 1, "eth mpls ip4 tcp", 16, "40", MPA_FRAME_OTHER},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct mpa_icmp_error icmp;
        struct mpa_segment s;
        struct bytes b;
        uint8_t *copy;
        enum mpa_frame_kind kind;

        CU_ASSERT_FATAL(build_frame(rows[i].recipe, &b));
        copy = exact_copy(bytes_start(&b), b.size);
        from_hex(rows[i].hex, copy + rows[i].at, strlen(rows[i].hex) / 2);
        kind = decode(rows[i].linktype, copy, b.size, b.size, &s, &icmp);
        if (kind != rows[i].want)
            fprintf(stderr, "\n%s: kind %d, want %d\n", rows[i].name, kind, rows[i].want);
        CU_ASSERT_EQUAL(kind, rows[i].want);
        free(copy);
    }
}

/* A file whose writer cut the packet and set its length to what was left: the IP header knows
 * better. */
static void cut_without_saying(void)
{
    struct mpa_icmp_error icmp;
    struct mpa_segment s;
    struct bytes b;
    uint8_t *copy;

    CU_ASSERT_FATAL(build_frame("eth ip4 tcp", &b));
    copy = exact_copy(bytes_start(&b), b.size);
    from_hex("05dc", copy + 16, 2);
    CU_ASSERT_EQUAL(decode(1, copy, b.size, b.size, &s, &icmp), MPA_FRAME_SEGMENT);
    CU_ASSERT_EQUAL(s.payload_size, 1500 - 60);
    CU_ASSERT_EQUAL(s.payload_captured, 5);
    CU_ASSERT_EQUAL(decode(1, copy, b.size - 25, b.size - 25, &s, &icmp), MPA_FRAME_SEGMENT);
    CU_ASSERT_TRUE(s.options_truncated);
    CU_ASSERT_EQUAL(decode(1, copy, b.size - 40, b.size - 40, &s, &icmp), MPA_FRAME_TRUNCATED);
    /* And one that claims fewer bytes than it holds. */
    CU_ASSERT_EQUAL(decode(1, copy, b.size, 10, &s, &icmp), MPA_FRAME_SEGMENT);
    free(copy);
}

/* The payload of a super-packet is what the wire length leaves. */
static void super_packets(void)
{
    struct mpa_icmp_error icmp;
    struct mpa_segment s;
    struct bytes b;

    CU_ASSERT_FATAL(build_frame("eth ip4tso tcp", &b));
    CU_ASSERT_EQUAL(decode(1, bytes_start(&b), b.size, 100000, &s, &icmp), MPA_FRAME_SEGMENT);
    CU_ASSERT_EQUAL(s.payload_size, 100000 - 14 - 20 - 40);
    CU_ASSERT_EQUAL(s.payload_captured, 5);
    CU_ASSERT_FATAL(build_frame("eth ip6tso tcp", &b));
    CU_ASSERT_EQUAL(decode(1, bytes_start(&b), b.size, 100000, &s, &icmp), MPA_FRAME_SEGMENT);
    CU_ASSERT_EQUAL(s.payload_size, 100000 - 14 - 40 - 40);
    /* By the IP length, when it says one, and not by the wire. */
    CU_ASSERT_FATAL(build_frame("eth ip6 tcp", &b));
    CU_ASSERT_EQUAL(decode(1, bytes_start(&b), b.size, 100000, &s, &icmp), MPA_FRAME_SEGMENT);
    CU_ASSERT_EQUAL(s.payload_size, 5);
}

static enum mpa_frame_kind with_ports(const char *recipe, struct mpa_tunnel_ports ports,
                                      struct mpa_segment *ret)
{
    struct mpa_icmp_error icmp;
    struct bytes b;
    struct mpa_frame f = {.linktype = 101};

    if (!build_frame(recipe, &b))
        return MPA_FRAME_LINK;
    f.data = bytes_start(&b);
    f.captured = f.wire = (uint32_t)b.size;
    return mpa_frame_decode(&f, &ports, ret, &icmp);
}

static void ports(void)
{
    struct mpa_tunnel_ports katran = {4789, 6081, 9886};
    struct mpa_tunnel_ports none = {0, 0, 0};
    struct mpa_tunnel_ports swapped = {6080, 4789, 6081};
    struct mpa_segment s = {0};

    CU_ASSERT_EQUAL(with_ports("ip4 gueport ip4 tcp", katran, &s), MPA_FRAME_SEGMENT);
    CU_ASSERT_EQUAL(s.tunnel, MPA_TUNNEL_GUE);
    CU_ASSERT_EQUAL(with_ports("ip4 gue1 ip4 tcp", katran, &s), MPA_FRAME_OTHER);
    CU_ASSERT_EQUAL(with_ports("ip4 vxlan eth ip4 tcp", katran, &s), MPA_FRAME_SEGMENT);
    CU_ASSERT_EQUAL(with_ports("ip4 vxlan eth ip4 tcp", none, &s), MPA_FRAME_OTHER);
    CU_ASSERT_EQUAL(with_ports("ip4 geneve ip4 tcp", none, &s), MPA_FRAME_OTHER);
    /* A VXLAN header read as Geneve: version 0, two words of options, no known protocol. */
    CU_ASSERT_EQUAL(with_ports("ip4 vxlan eth ip4 tcp", swapped, &s), MPA_FRAME_OTHER);
}

static void link_types(void)
{
    static const uint16_t unknown[] = {2, 6, 105, 127, 192, 220, 65535};
    struct mpa_icmp_error icmp;
    struct mpa_segment s;
    struct bytes b;
    size_t i;

    CU_ASSERT_FATAL(build_frame("eth ip4 tcp", &b));
    for (i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        CU_ASSERT_FALSE(mpa_linktype_known(unknown[i]));
        CU_ASSERT_EQUAL(decode(unknown[i], bytes_start(&b), b.size, b.size, &s, &icmp),
                        MPA_FRAME_LINK);
    }
}

/*
 * Every byte in front of the analysed IP header counts in the hash, except lengths and checksums;
 * none behind its start does. 'free_at': offsets of the lengths and checksums.
 */
static void hashes(void)
{
    static const struct {
        const char *name;
        uint16_t linktype;
        const char *recipe;
        size_t front;
        const char *free_at;
    } rows[] = {
        {"ethernet", 1, "eth ip4 tcp", 14, ""},
        {"vlan", 1, "eth vlan ip4 tcp", 18, ""},
        {"cooked", 113, "sll ip4 tcp", 16, ""},
        {"cooked2", 276, "sll2 ip6 tcp", 20, ""},
        {"pppoe", 1, "eth pppoe ppp4 ip4 tcp", 22, "\x12\x13"},
        /* Total length and checksum of the outer header. */
        {"ipip", 1, "eth ip4 ip4 tcp", 34, "\x10\x11\x18\x19"},
        /* Payload length. */
        {"6in6", 101, "ip6 ip6 tcp", 40, "\x04\x05"},
        {"gre", 101, "ip4 greall ip4 tcp", 36, "\x02\x03\x0a\x0b\x18\x19\x1a\x1b"},
        {"vxlan", 101, "ip4 vxlan eth ip4 tcp", 50, "\x02\x03\x0a\x0b\x18\x19\x1a\x1b"},
        {"geneve", 101, "ip4 geneveopt ip4 tcp", 48, "\x02\x03\x0a\x0b\x18\x19\x1a\x1b"},
        {"gue", 101, "ip4 gue0opt ip4 tcp", 40, "\x02\x03\x0a\x0b\x18\x19\x1a\x1b"},
    };
    size_t i, at;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct mpa_icmp_error icmp;
        struct mpa_segment s;
        struct bytes b;
        uint32_t hash;

        CU_ASSERT_FATAL(build_frame(rows[i].recipe, &b));
        CU_ASSERT_EQUAL_FATAL(decode(rows[i].linktype, bytes_start(&b), b.size, b.size, &s, &icmp),
                              MPA_FRAME_SEGMENT);
        hash = s.l2_hash;
        for (at = 0; at < b.size; at++) {
            uint8_t *p = bytes_start(&b) + at;
            bool counts = at < rows[i].front;
            const char *f;

            for (f = rows[i].free_at; *f; f++)
                counts = counts && (size_t)*f != at;
            *p ^= 1;
            if (decode(rows[i].linktype, bytes_start(&b), b.size, b.size, &s, &icmp) ==
                    MPA_FRAME_SEGMENT &&
                (s.l2_hash != hash) != counts) {
                fprintf(stderr, "\n%s: byte %zu\n", rows[i].name, at);
                CU_FAIL("hash");
            }
            *p ^= 1;
        }
    }
}

/* The bytes above are only tested where the frame stays readable: these must be. */
static void hash_of_copies(void)
{
    struct mpa_icmp_error icmp;
    struct mpa_segment a, b;
    struct bytes frame;

    CU_ASSERT_FATAL(build_frame("eth ip4 ip4 tcp", &frame));
    CU_ASSERT_EQUAL(decode(1, bytes_start(&frame), frame.size, frame.size, &a, &icmp),
                    MPA_FRAME_SEGMENT);
    bytes_start(&frame)[17] ^= 0x80; /* Outer total length: longer, and the inner one stands. */
    CU_ASSERT_EQUAL(decode(1, bytes_start(&frame), frame.size, frame.size, &b, &icmp),
                    MPA_FRAME_SEGMENT);
    CU_ASSERT_EQUAL(a.l2_hash, b.l2_hash);
    bytes_start(&frame)[22]--; /* Outer TTL: another copy. */
    CU_ASSERT_EQUAL(decode(1, bytes_start(&frame), frame.size, frame.size, &b, &icmp),
                    MPA_FRAME_SEGMENT);
    CU_ASSERT_NOT_EQUAL(a.l2_hash, b.l2_hash);
}

int suite_frame_edges(void)
{
    static const struct test tests[] = {
        {"padding is no payload", padding},
        {"lengths that lie", lies},
        {"cut without saying so", cut_without_saying},
        {"super-packets", super_packets},
        {"tunnel ports", ports},
        {"link types not handled", link_types},
        {"what the layer-2 hash takes in", hashes},
        {"copies and duplicates", hash_of_copies},
    };

    return ADD_SUITE("frame, edges", tests);
}
