/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every link type and every tunnel down to the same segment; every prefix of every frame. */
#include "wire_test.h"

#include <stdlib.h>
#include <string.h>

struct row {
    const char *name;
    uint16_t linktype;
    const char *recipe;
    const char *want;
};

#define SEG4 "SEGMENT 10.0.0.1:40000 > 10.0.0.2:80 ttl=64 id=4096 data=5"
#define SEG6 "SEGMENT fd00::1:40000 > fd00::2:80 ttl=64 id=0 data=5"
#define ETH  " to=020000000002 by=020000000001"
#define ETH1 " to=020000000102 by=020000000101" /* Where an inner Ethernet header is the 0th. */
#define SLL  " by=020000000005"

/* clang-format off */
static const struct row rows[] = {
    /* Link types. */
    {"ethernet",         1,   "eth ip4 tcp", SEG4 ETH},
    {"ethernet-ipv6",    1,   "eth ip6 tcp", SEG6 ETH},
    {"vlan",             1,   "eth vlan ip4 tcp", SEG4 ETH},
    {"qinq",             1,   "eth qinq vlan ip6 tcp", SEG6 ETH},
    {"qinq-old",         1,   "eth oldqinq vlan ip4 tcp", SEG4 ETH},
    {"vlan-four",        1,   "eth vlan vlan vlan vlan ip4 tcp", SEG4 ETH},
    {"vlan-five",        1,   "eth vlan vlan vlan vlan vlan ip4 tcp", "OTHER"},
    {"mpls",             1,   "eth mpls ip4 tcp", SEG4 ETH},
    {"mpls-two-vlan",    1,   "eth vlan mpls2 ip6 tcp", SEG6 ETH},
    {"pppoe",            1,   "eth pppoe ppp4 ip4 tcp", SEG4 ETH},
    {"pppoe-ipv6",       1,   "eth pppoe ppp6 ip6 tcp", SEG6 ETH},
    {"cooked",           113, "sll ip4 tcp", SEG4 SLL},
    {"cooked-vlan",      113, "sll vlan ip6 tcp", SEG6 SLL},
    {"cooked-no-address", 113, "sllppp ip4 tcp", SEG4},
    {"cooked2",          276, "sll2 ip4 tcp", SEG4 SLL},
    {"cooked2-ipv6",     276, "sll2 ip6 tcp", SEG6 SLL},
    {"raw",              101, "ip4 tcp", SEG4},
    {"raw-ipv6",         101, "ip6 tcp", SEG6},
    {"raw-12",           12,  "ip6 tcp", SEG6},
    {"raw-14",           14,  "ip4 tcp", SEG4},
    {"ipv4",             228, "ip4 tcp", SEG4},
    {"ipv6",             229, "ip6 tcp", SEG6},
    {"null",             0,   "null4 ip4 tcp", SEG4},
    {"null-ipv6",        0,   "null6 ip6 tcp", SEG6},
    {"null-big-endian",  0,   "loop4 ip4 tcp", SEG4},
    {"null-other",       0,   "null99 ip4 tcp", "OTHER"},
    {"loop",             108, "loop4 ip4 tcp", SEG4},
    {"loop-ipv6",        108, "loop6bsd ip6 tcp", SEG6},
    {"loop-ipv6-linux",  108, "loop6lin ip6 tcp", SEG6},
    {"ppp",              9,   "ppp4 ip4 tcp", SEG4},
    {"ppp-ipv6",         9,   "ppp6 ip6 tcp", SEG6},
    {"ppp-address",      9,   "pppff ip4 tcp", SEG4},
    {"ppp-compressed",   9,   "ppp4short ip4 tcp", SEG4},
    {"ppp-mpls",         9,   "pppmpls ip4 tcp", SEG4},
    {"ppp-lcp",          9,   "ppplcp ip4 tcp", "OTHER"},
    {"ppp-hdlc",         50,  "pppff ip4 tcp", SEG4},
    {"cisco-hdlc",       50,  "cisco ip6 tcp", SEG6},
    {"cisco-hdlc-multicast", 50, "ciscomulti ip4 tcp", SEG4},
    {"pppoe-link",       51,  "pppoe ppp4 ip4 tcp", SEG4},
    {"arp",              1,   "eth arp ip4 tcp", "OTHER"},
    /* IP. */
    {"ipv4-options",     1,   "eth ip4opt tcp", SEG4 " ipopt" ETH},
    {"ipv6-extensions",  1,   "eth ip6 hop dst route ah tcp", SEG6 " ipopt" ETH},
    {"ipv4-ah",         1,   "eth ip4 ah tcp", SEG4 " ipopt" ETH},
    {"ipv4-ah-tunnel",  1,   "eth ip4 ah ip4 tcp", SEG4 " ipip@10.1.0.2" ETH},
    {"ipv6-atomic",      1,   "eth ip6 atomic tcp", SEG6 " ipopt" ETH},
    {"ipv6-first",       1,   "eth ip6 first tcp", "FRAGMENT"},
    {"ipv6-last",        1,   "eth ip6 dst last tcp", "FRAGMENT"},
    {"ipv4-first",       1,   "eth ip4first tcp", "FRAGMENT"},
    {"ipv4-last",        1,   "eth ip4last tcp", "FRAGMENT"},
    {"outer-fragment",   1,   "eth ip4first gre ip4 tcp", "FRAGMENT"},
    {"inner-fragment",   1,   "eth ip4 gre ip4last tcp", "FRAGMENT"},
    {"udp",              1,   "eth ip4 udp", "OTHER"},
    {"udp-ipv6",         1,   "eth ip6 udp", "OTHER"},
    /* Tunnels. */
    {"ipip",             1,   "eth ip4 ip4 tcp", SEG4 " ipip@10.1.0.2" ETH},
    {"6in4",             1,   "eth ip4 ip6 tcp", SEG6 " ipip@10.1.0.2" ETH},
    {"4in6",             1,   "eth ip6 ip4 tcp", SEG4 " ipip@fd00:0:0:1::2" ETH},
    {"6in6",             1,   "eth ip6 dst ip6 tcp", SEG6 " ipip@fd00:0:0:1::2" ETH},
    {"gre",              1,   "eth ip4 gre ip4 tcp", SEG4 " gre@10.1.0.2" ETH},
    {"gre-ipv6",         1,   "eth ip6 gre ip6 tcp", SEG6 " gre@fd00:0:0:1::2" ETH},
    {"gre-key",          1,   "eth ip4 grekey ip4 tcp", SEG4 " gre@10.1.0.2" ETH},
    {"gre-sequence",     1,   "eth ip4 greseq ip4 tcp", SEG4 " gre@10.1.0.2" ETH},
    {"gre-all",          101, "ip4 greall ip6 tcp", SEG6 " gre@10.1.0.2"},
    {"gre-checksum",     101, "ip4opt gresum ip4 tcp", SEG4 " gre@10.1.0.2"},
    {"gre-ethernet",     1,   "eth ip4 gre eth vlan ip4 tcp", SEG4 " gre@10.1.0.2" ETH1},
    {"gre-mpls",         1,   "eth ip4 gre mpls ip4 tcp", SEG4 " gre@10.1.0.2" ETH},
    {"gre-pptp",         1,   "eth ip4 gre1 ip4 tcp", "OTHER"},
    {"gre-routing",      1,   "eth ip4 greroute ip4 tcp", "OTHER"},
    {"vxlan",            1,   "eth ip4 vxlan eth ip4 tcp", SEG4 " vxlan@10.1.0.2" ETH1},
    {"vxlan-ipv6",       276, "sll2 ip6 vxlan eth ip6 tcp", SEG6 " vxlan@fd00:0:0:1::2" SLL},
    {"vxlan-no-network", 1,   "eth ip4 vxlan0 eth ip4 tcp", "OTHER"},
    {"geneve",           1,   "eth ip4 geneve eth ip6 tcp", SEG6 " geneve@10.1.0.2" ETH1},
    {"geneve-ipv4",      1,   "eth ip4 geneve ip4 tcp", SEG4 " geneve@10.1.0.2" ETH},
    {"geneve-options",   1,   "eth ip6 geneveopt ip6 tcp", SEG6 " geneve@fd00:0:0:1::2" ETH},
    {"geneve-control",   1,   "eth ip4 genevectl ip4 tcp", "OTHER"},
    {"geneve-version-1", 1,   "eth ip4 geneve1 ip4 tcp", "OTHER"},
    {"gue0",             1,   "eth ip4 gue0 ip4 tcp", SEG4 " gue@10.1.0.2" ETH},
    {"gue0-ipv6",        1,   "eth ip6 gue0 ip6 tcp", SEG6 " gue@fd00:0:0:1::2" ETH},
    {"gue0-header",      1,   "eth ip4 gue0opt ip4 tcp", SEG4 " gue@10.1.0.2" ETH},
    {"gue0-control",     1,   "eth ip4 gue0ctl ip4 tcp", "OTHER"},
    {"gue0-tcp",         1,   "eth ip4 gue0 tcp", "OTHER"},
    {"gue1",             1,   "eth ip4 gue1 ip4 tcp", SEG4 " gue@10.1.0.2" ETH},
    {"gue1-ipv6",        1,   "eth ip4 gue1 ip6 tcp", SEG6 " gue@10.1.0.2" ETH},
    {"gue-other-port",   1,   "eth ip4 gueport ip4 tcp", "OTHER"},
    {"tunnels-three",    1,   "eth ip4 vxlan eth ip4 gre ip6 ip4 tcp", SEG4 " ipip@fd00:0:0:1::2" ETH1},
    {"tunnels-four",     1,   "eth ip4 ip4 ip4 ip4 ip4 tcp", SEG4 " ipip@10.1.0.2" ETH},
    {"tunnels-five",     1,   "eth ip4 ip4 ip4 ip4 ip4 ip4 tcp", "OTHER"},
    {"no-payload",       1,   "eth ip4 tcpbare", "SEGMENT 10.0.0.1:40000 > 10.0.0.2:80 ttl=64 id=4096 data=0" ETH},
    {"super-packet",     1,   "eth ip4tso tcp", SEG4 ETH},
    {"super-packet-ipv6", 1,  "eth ip6tso tcp", SEG6 ETH},
    {"super-packet-inner", 1, "eth ip4 vxlan eth ip4tso tcp", SEG4 " vxlan@10.1.0.2" ETH1},
};
/* clang-format on */

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static bool is_segment(const struct row *row)
{
    return strncmp(row->want, "SEGMENT", 7) == 0;
}

static void table(void)
{
    struct mpa_icmp_error icmp;
    char text[TEXT_MAX];
    size_t i;

    for (i = 0; i < ROWS; i++) {
        struct mpa_segment s;
        struct bytes b;
        uint8_t *copy;

        if (!build_frame(rows[i].recipe, &b))
            continue;
        copy = exact_copy(bytes_start(&b), b.size);
        memset(&s, 0xee, sizeof(s));
        segment_text(decode(rows[i].linktype, copy, b.size, b.size, &s, &icmp), &s, text);
        expect_text(rows[i].name, text, rows[i].want);
        expect_true(rows[i].name, "link type", mpa_linktype_known(rows[i].linktype));
        if (is_segment(&rows[i])) {
            expect_true(rows[i].name, "frame",
                        s.frame == 42 && s.capture == 3 && s.ns == 1234567890123456789);
            expect_true(rows[i].name, "sequence", s.seq == 1000 && s.ack == 2000);
            expect_true(rows[i].name, "flags and window",
                        (s.flags & ~MPA_TCP_PSH) == MPA_TCP_ACK && s.window == 512);
            expect_true(
                rows[i].name, "payload at its place",
                s.payload_captured == s.payload_size &&
                    (s.payload_size == 0 ? s.payload == NULL : s.payload == copy + b.size - 5));
            expect_true(rows[i].name, "MPTCP option",
                        s.payload_size == 0 ||
                            (s.mptcp_count == 1 && s.mptcp_at[0] == 12 && s.has_ts));
            expect_true(rows[i].name, "family", s.v6 == (strstr(rows[i].want, "fd00::1:") != NULL));
            expect_true(rows[i].name, "no addresses, zeros",
                        s.has_macs || memcmp(s.dst_mac, "\0\0\0\0\0", 6) == 0);
            expect_true(rows[i].name, "no tunnel, no outer address",
                        s.tunnel != MPA_TUNNEL_NONE || (s.outer_dst.q[0] | s.outer_dst.q[1]) == 0);
        }
        free(copy);
    }
}

/* Cut anywhere by the capture: never a fault of ours, never blamed on the sender, and never a
 * different segment. */
static void prefixes(void)
{
    struct mpa_segment s;
    struct mpa_icmp_error icmp;
    struct bytes b;
    size_t i, part;

    for (i = 0; i < ROWS; i++) {
        bool segment = is_segment(&rows[i]);
        bool options = strstr(rows[i].recipe, "tcpbare") == NULL;
        size_t tcp;

        if (!build_frame(rows[i].recipe, &b))
            continue;
        tcp = options ? 45 : 20; /* Bytes from the TCP header on. */
        for (part = 0; part < b.size; part++) {
            uint8_t *copy = exact_copy(bytes_start(&b), part);
            enum mpa_frame_kind kind = decode(rows[i].linktype, copy, part, b.size, &s, &icmp);
            size_t have = part + tcp > b.size ? part + tcp - b.size : 0; /* Of TCP. */

            if (!segment) {
                expect_true(rows[i].name, "no segment out of nothing",
                            kind != MPA_FRAME_SEGMENT && kind != MPA_FRAME_MALFORMED &&
                                kind != MPA_FRAME_ICMP);
            } else if (have < 20) {
                expect_true(rows[i].name, "cut before the fixed header",
                            kind == MPA_FRAME_TRUNCATED);
            } else {
                expect_true(rows[i].name, "still a segment", kind == MPA_FRAME_SEGMENT);
                expect_true(rows[i].name, "sizes do not depend on the capture",
                            s.payload_size == tcp - (options ? 40 : 20) &&
                                s.options_size == (options ? 20 : 0));
                expect_true(rows[i].name, "what is captured",
                            s.options_captured == (have < 40 ? have - 20 : 20) &&
                                s.payload_captured == (have < 40 ? 0 : have - 40));
                expect_true(rows[i].name, "cut options are said to be cut",
                            s.options_truncated == (have < 40) && !s.options_malformed);
                expect_true(rows[i].name, "an option that begins is listed",
                            s.mptcp_count == (have > 32 ? 1 : 0));
                expect_true(rows[i].name, "timestamps need all of their bytes",
                            s.has_ts == (have >= 32));
            }
            free(copy);
        }
    }
}

/* A file whose writer forgot how long the packet was: nothing is promised, but nothing is read that
 * is not there. */
static void short_frames(void)
{
    struct mpa_segment s;
    struct mpa_icmp_error icmp;
    struct bytes b;
    size_t i, part;

    for (i = 0; i < ROWS; i++) {
        if (!build_frame(rows[i].recipe, &b))
            continue;
        for (part = 0; part < b.size; part++) {
            uint8_t *copy = exact_copy(bytes_start(&b), part);
            enum mpa_frame_kind kind = decode(rows[i].linktype, copy, part, part, &s, &icmp);

            if (kind == MPA_FRAME_SEGMENT)
                expect_true(rows[i].name, "within the capture",
                            s.payload_captured <= part && s.options_captured <= part &&
                                (!s.payload || s.payload + s.payload_captured == copy + part));
            else
                expect_true(rows[i].name, "no ICMP", kind != MPA_FRAME_ICMP);
            free(copy);
        }
    }
}

int seeds_of_frames(const char *folder)
{
    struct bytes b;
    size_t i;

    for (i = 0; i < ROWS; i++) {
        char name[64];

        snprintf(name, sizeof(name), "frame-%s", rows[i].name);
        if (!build_frame(rows[i].recipe, &b) ||
            seed_write(folder, name, rows[i].linktype, bytes_start(&b), b.size) != 0)
            return -1;
    }
    return 0;
}

int suite_frame(void)
{
    static const struct test tests[] = {
        {"link types, IP and tunnels", table},
        {"every prefix, cut by the capture", prefixes},
        {"every prefix, with no word of the rest", short_frames},
    };

    return ADD_SUITE("frame", tests);
}
