/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TCP headers and their option lists. */
#include "wire_test.h"

#include <stdlib.h>
#include <string.h>

/* A header with 'options', whose data offset covers them. */
static size_t header(const char *options, uint8_t flags, uint8_t *ret)
{
    static const uint8_t fixed[20] = {0x9c, 0x40, 0x01, 0xbb, 0x80, 0, 0,    1,
                                      0x90, 0,    0,    2,    0x50, 0, 0xff, 0xfe};
    size_t size = from_hex(options, ret + 20, 40);

    memcpy(ret, fixed, 20);
    ret[12] = (uint8_t)((20 + size) / 4 << 4);
    ret[13] = flags;
    return 20 + size / 4 * 4;
}

/* What the list says: MSS, window scale, SACK, timestamps, server id, MPTCP offsets,
 * its condition. */
static void list_text(const struct mpa_segment *s, char ret[TEXT_MAX])
{
    size_t used = 0;
    size_t i;

    ret[0] = '\0';
#define ADD(...) used += (size_t)snprintf(ret + used, TEXT_MAX - used, __VA_ARGS__)
    if (s->mss)
        ADD("mss=%u ", s->mss);
    if (s->wscale != MPA_NO_WSCALE)
        ADD("ws=%u ", s->wscale);
    if (s->sack_permitted)
        ADD("sack ");
    if (s->has_ts)
        ADD("ts=%u/%u ", (unsigned)s->tsval, (unsigned)s->tsecr);
    if (s->has_server_id)
        ADD("server=%x ", (unsigned)s->server_id);
    for (i = 0; i < s->mptcp_count; i++)
        ADD("@%u ", s->mptcp_at[i]);
    if (s->options_malformed)
        ADD("malformed ");
    if (s->options_truncated)
        ADD("truncated ");
#undef ADD
}

static const struct {
    const char *name;
    const char *hex;
    int captured; /* Bytes of the list in memory; -1: all. */
    const char *want;
} list_rows[] = {
    {"none", "", -1, ""},
    {"Linux SYN", "020405b4 0402080a 00000001 00000000 01030307 1e040101", -1,
     "mss=1460 ws=7 sack ts=1/0 @20 "},
    {"timestamps alone", "0101080a 00000001 00000002", -1, "ts=1/2 "},
    {"timestamps, DSS", "0101080a 00000001 00000002 1e082001 00000009", -1, "ts=1/2 @12 "},
    {"timestamps at the end", "1e082001 00000009 080a0000 00010000 00020101", -1, "ts=1/2 @0 "},
    {"two options", "1e035001 1e082001 00000009", -1, "@0 @4 "},
    {"full with three",
     "0101080a 00000001 00000002 1e083c19 0a02000b 1e142005 00000001 "
     "00000002 00000003 00050000",
     -1, "ts=1/2 @12 @20 "},
    {"Katran", "b6061234 5678 0101", -1, "server=12345678 "},
    {"Katran, other kind", "0101 b706 00000007", -1, "server=7 "},
    {"server id of another length", "b7051234 56010101", -1, ""},
    {"end of list hides the rest", "00000000 1e082001 00000009", -1, ""},
    {"unknown options are stepped over", "fd081234 56789abc 1e040101", -1, "@8 "},
    {"MSS of a wrong length", "0203 05 01", -1, ""},
    {"window scale 0", "01030300", -1, "ws=0 "},
    {"length 0", "fd000000 1e040101", -1, "malformed "},
    {"length 1", "fd010000", -1, "malformed "},
    {"past the area", "fd090000 1e040101", -1, "malformed "},
    {"no room for a length", "010101fd", -1, "malformed "},
    {"MPTCP without a length", "0101011e", -1, "@3 malformed "},
    {"MPTCP past the area", "01011e0c", -1, "@2 malformed "},
    {"MPTCP of length 1", "1e010101", -1, "@0 malformed "},
    {"MPTCP of length 2", "1e021e02", -1, "@0 @2 "},
    {"what stood before is used", "020405b4 fd090000", -1, "mss=1460 malformed "},
    {"twenty of length 2",
     "1e021e021e021e021e021e021e021e021e021e021e021e021e021e021e021e021e021e021e021e02", -1,
     "@0 @2 @4 @6 @8 @10 @12 @14 @16 @18 @20 @22 @24 malformed "},
    {"thirteen of length 3",
     "1e03501e03501e03501e03501e03501e03501e03501e03501e03501e03501e03501e03501e035001", -1,
     "@0 @3 @6 @9 @12 @15 @18 @21 @24 @27 @30 @33 @36 "},
    {"cut: nothing captured", "0101080a 00000001 00000002 1e082001 00000009", 0, "truncated "},
    {"cut in the timestamps", "0101080a 00000001 00000002 1e082001 00000009", 11, "truncated "},
    {"cut behind the timestamps", "0101080a 00000001 00000002 1e082001 00000009", 12,
     "ts=1/2 truncated "},
    {"cut behind the kind", "0101080a 00000001 00000002 1e082001 00000009", 13,
     "ts=1/2 @12 truncated "},
    {"cut in the option", "0101080a 00000001 00000002 1e082001 00000009", 19,
     "ts=1/2 @12 truncated "},
    {"cut behind the option", "0101080a 00000001 00000002 1e035001 01010101", 15,
     "ts=1/2 @12 truncated "},
    {"cut before the last byte, which is a kind", "0101011e", 3, "truncated "},
    {"cut behind the end of the list", "00000000 1e082001", 3, ""},
    {"cut and malformed", "fd010000 1e082001", 4, "malformed "},
    {"longer than the area and cut", "0101fd20 1e082001", 5, "malformed "},
};

static void lists(void)
{
    size_t i;

    for (i = 0; i < sizeof(list_rows) / sizeof(list_rows[0]); i++) {
        uint8_t bytes[60];
        size_t size = header(list_rows[i].hex, MPA_TCP_ACK, bytes);
        size_t part = list_rows[i].captured < 0 ? size : 20 + (size_t)list_rows[i].captured;
        uint8_t *copy = exact_copy(bytes, part);
        struct mpa_segment s;
        char text[TEXT_MAX];

        memset(&s, 0xee, sizeof(s));
        expect_true(list_rows[i].name, "a segment",
                    mpa_tcp_decode(copy, part, size, &s) == MPA_FRAME_SEGMENT);
        list_text(&s, text);
        expect_text(list_rows[i].name, text, list_rows[i].want);
        expect_true(list_rows[i].name, "the area",
                    s.options == copy + 20 && s.options_size == size - 20 &&
                        s.options_captured == part - 20);
        free(copy);
    }
}

static void fixed_header(void)
{
    uint8_t bytes[64];
    struct mpa_segment s;

    memset(&s, 0xee, sizeof(s));
    header("", 0xff, bytes);
    bytes[20] = 'x';
    CU_ASSERT_EQUAL(mpa_tcp_decode(bytes, 21, 21, &s), MPA_FRAME_SEGMENT);
    CU_ASSERT_EQUAL(s.sport, 40000);
    CU_ASSERT_EQUAL(s.dport, 443);
    CU_ASSERT_EQUAL(s.seq, 0x80000001);
    CU_ASSERT_EQUAL(s.ack, 0x90000002);
    CU_ASSERT_EQUAL(s.window, 0xfffe);
    CU_ASSERT_EQUAL(s.flags, 0x1f); /* Not URG, ECE and CWR. */
    CU_ASSERT_EQUAL(s.payload_size, 1);
    CU_ASSERT_PTR_EQUAL(s.payload, bytes + 20);
    CU_ASSERT_EQUAL(s.tsval | s.tsecr | s.mss | s.server_id, 0);
    CU_ASSERT_FALSE(s.has_ts || s.sack_permitted || s.has_server_id);
    CU_ASSERT_EQUAL(s.wscale, MPA_NO_WSCALE);
    /* The rest is the caller's. */
    CU_ASSERT_EQUAL(s.ttl, 0xee);
    CU_ASSERT_EQUAL(s.dst.b[15], 0xee);
}

static void contradictions(void)
{
    uint8_t bytes[64];
    struct mpa_segment s;
    size_t size = header("0101080a 00000001 00000002", MPA_TCP_ACK, bytes);

    CU_ASSERT_EQUAL(size, 32);
    CU_ASSERT_EQUAL(mpa_tcp_decode(bytes, 32, 32, &s), MPA_FRAME_SEGMENT);
    CU_ASSERT_EQUAL(mpa_tcp_decode(bytes, 20, 32, &s), MPA_FRAME_SEGMENT);
    CU_ASSERT_EQUAL(mpa_tcp_decode(bytes, 19, 32, &s), MPA_FRAME_TRUNCATED);
    CU_ASSERT_EQUAL(mpa_tcp_decode(bytes, 0, 32, &s), MPA_FRAME_TRUNCATED);
    CU_ASSERT_EQUAL(mpa_tcp_decode(bytes, 31, 31, &s), MPA_FRAME_MALFORMED);
    CU_ASSERT_EQUAL(mpa_tcp_decode(bytes, 20, 31, &s), MPA_FRAME_MALFORMED);
    CU_ASSERT_EQUAL(mpa_tcp_decode(bytes, 19, 19, &s), MPA_FRAME_MALFORMED);
    CU_ASSERT_EQUAL(mpa_tcp_decode(bytes, 0, 0, &s), MPA_FRAME_MALFORMED);
    bytes[12] = 0x40;
    CU_ASSERT_EQUAL(mpa_tcp_decode(bytes, 32, 32, &s), MPA_FRAME_MALFORMED);
}

int suite_tcp(void)
{
    static const struct test tests[] = {
        {"option lists", lists},
        {"fixed header", fixed_header},
        {"contradictions", contradictions},
    };

    return ADD_SUITE("tcp", tests);
}
