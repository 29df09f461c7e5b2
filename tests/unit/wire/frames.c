/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames from recipes.  A recipe names the layers from the outside in; the builder goes the other
 * way, so that every header knows the length and the type of what follows it.
 *
 * The k-th IP header from the inside has the addresses 10.k.0.1 and 10.k.0.2, or fd00:0:0:k::1 and
 * ::2, and a TTL of 64 - k; the k-th Ethernet header goes from 02:00:00:00:0k:01 to
 * 02:00:00:00:0k:02.
 */
#include "wire_test.h"

#include <string.h>

struct builder {
    struct bytes *b;
    unsigned type;  /* EtherType of what has been built. */
    unsigned proto; /* IP protocol of it. */
    unsigned ips;
    unsigned ethers;
};

static uint8_t *front(struct builder *w, size_t size)
{
    if (w->b->size + size > BYTES_MAX) {
        CU_FAIL_FATAL("frame too long for the test's buffer");
        return w->b->room;
    }
    w->b->size += size;
    memset(bytes_start(w->b), 0, size);
    return bytes_start(w->b);
}

static void put16(uint8_t *p, size_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void hex_front(struct builder *w, const char *text)
{
    uint8_t bytes[64];
    size_t size = from_hex(text, bytes, sizeof(bytes));

    memcpy(front(w, size), bytes, size);
}

/* --- what is innermost ------------------------------------------------- */

static void word_tcp(struct builder *w, const char *hex)
{
    hex_front(w, hex);
    w->proto = 6;
}

static void word_udp(struct builder *w, const char *hex)
{
    hex_front(w, hex);
    w->proto = 17;
}

/* --- IP ---------------------------------------------------------------- */

enum { PLAIN, TSO, FIRST, LAST, OPTIONS };

static void ip4(struct builder *w, int how)
{
    size_t header = how == OPTIONS ? 28 : 20;
    size_t total = w->b->size + header;
    uint8_t *p = front(w, header);
    unsigned sum = 0;
    size_t i;

    p[0] = (uint8_t)(0x40 + header / 4);
    if (how != TSO)
        put16(p + 2, total);
    put16(p + 4, 0x1000 + w->ips);
    put16(p + 6, how == FIRST ? 0x2000 : how == LAST ? 0x0010 : 0x4000);
    p[8] = (uint8_t)(64 - w->ips);
    p[9] = (uint8_t)w->proto;
    p[12] = p[16] = 10;
    p[13] = p[17] = (uint8_t)w->ips;
    p[15] = 1;
    p[19] = 2;
    if (how == OPTIONS)
        memset(p + 20, 1, 8);
    for (i = 0; i < header; i += 2)
        sum += (unsigned)(p[i] << 8 | p[i + 1]);
    sum = (sum >> 16) + (sum & 0xffff);
    put16(p + 10, ~((sum >> 16) + sum) & 0xffff);
    w->ips++;
    w->type = 0x0800;
    w->proto = 4;
}

static void word_ip4(struct builder *w, const char *arg)
{
    (void)arg;
    ip4(w, PLAIN);
}

static void word_ip4tso(struct builder *w, const char *arg)
{
    (void)arg;
    ip4(w, TSO);
}

static void word_ip4first(struct builder *w, const char *arg)
{
    (void)arg;
    ip4(w, FIRST);
}

static void word_ip4last(struct builder *w, const char *arg)
{
    (void)arg;
    ip4(w, LAST);
}

static void word_ip4options(struct builder *w, const char *arg)
{
    (void)arg;
    ip4(w, OPTIONS);
}

static void ip6(struct builder *w, bool tso)
{
    size_t size = w->b->size;
    uint8_t *p = front(w, 40);

    p[0] = 0x60;
    if (!tso)
        put16(p + 4, size);
    p[6] = (uint8_t)w->proto;
    p[7] = (uint8_t)(64 - w->ips);
    p[8] = p[24] = 0xfd;
    p[15] = p[31] = (uint8_t)w->ips;
    p[23] = 1;
    p[39] = 2;
    w->ips++;
    w->type = 0x86dd;
    w->proto = 41;
}

static void word_ip6(struct builder *w, const char *arg)
{
    (void)arg;
    ip6(w, false);
}

static void word_ip6tso(struct builder *w, const char *arg)
{
    (void)arg;
    ip6(w, true);
}

/* An extension header: "<protocol> <bytes after the next header>". */
static void word_extension(struct builder *w, const char *arg)
{
    uint8_t proto;

    from_hex(arg, &proto, 1);
    hex_front(w, arg + 2);
    front(w, 1)[0] = (uint8_t)w->proto;
    w->proto = proto;
}

/* --- tunnels ----------------------------------------------------------- */

/* GRE: "<flags> <what follows the protocol>"; "E" first for a bridged Ethernet frame comes from the
 * type itself. */
static void word_gre(struct builder *w, const char *arg)
{
    hex_front(w, arg + 4);
    put16(front(w, 2), w->type);
    memset(front(w, 2), 0, 2);
    from_hex(arg, bytes_start(w->b), 2);
    w->proto = 47;
}

static void udp(struct builder *w, unsigned port)
{
    size_t size = w->b->size + 8;
    uint8_t *p = front(w, 8);

    put16(p, 50000);
    put16(p + 2, port);
    put16(p + 4, size);
    w->proto = 17;
}

static void word_vxlan(struct builder *w, const char *hex)
{
    hex_front(w, hex);
    udp(w, 4789);
}

/* Geneve: "<version and length, flags> <rest from the network identifier>". */
static void word_geneve(struct builder *w, const char *arg)
{
    hex_front(w, arg + 4);
    put16(front(w, 2), w->type);
    memset(front(w, 2), 0, 2);
    from_hex(arg, bytes_start(w->b), 2);
    udp(w, 6081);
}

static void word_gue(struct builder *w, const char *arg)
{
    if (arg[0]) {
        hex_front(w, arg + 2);
        front(w, 1)[0] = (uint8_t)w->proto;
        from_hex(arg, front(w, 1), 1);
    }
    udp(w, 6080);
}

static void word_gueport(struct builder *w, const char *arg)
{
    (void)arg;
    udp(w, 9886);
}

/* --- ICMP -------------------------------------------------------------- */

static void word_icmp(struct builder *w, const char *hex)
{
    hex_front(w, hex);
    w->proto = 1;
}

static void word_icmp6(struct builder *w, const char *hex)
{
    hex_front(w, hex);
    w->proto = 58;
}

/* --- link layers ------------------------------------------------------- */

static void word_eth(struct builder *w, const char *arg)
{
    uint8_t *p = front(w, 14);

    (void)arg;
    p[0] = p[6] = 2;
    p[4] = p[10] = (uint8_t)w->ethers;
    p[5] = 2;
    p[11] = 1;
    put16(p + 12, w->type);
    w->ethers++;
    w->type = 0x6558;
}

/* A tag: "<its EtherType> <its number>". */
static void word_tag(struct builder *w, const char *arg)
{
    uint8_t type[2];

    put16(front(w, 2), w->type);
    from_hex(arg + 4, front(w, 2), 2);
    from_hex(arg, type, 2);
    w->type = (unsigned)(type[0] << 8 | type[1]);
}

/* Bytes in front of it, of a type of their own: "<EtherType> <bytes>". */
static void word_raw(struct builder *w, const char *arg)
{
    uint8_t type[2];

    hex_front(w, arg + 4);
    from_hex(arg, type, 2);
    w->type = (unsigned)(type[0] << 8 | type[1]);
}

static void word_pppoe(struct builder *w, const char *arg)
{
    size_t size = w->b->size;

    (void)arg;
    put16(front(w, 2), size);
    hex_front(w, "11000001");
    w->type = 0x8864;
}

/* Bytes, then the EtherType. */
static void word_before_type(struct builder *w, const char *hex)
{
    put16(front(w, 2), w->type);
    hex_front(w, hex);
}

/* The EtherType, then bytes. */
static void word_after_type(struct builder *w, const char *hex)
{
    hex_front(w, hex);
    put16(front(w, 2), w->type);
}

/* clang-format off */
static const struct word {
    const char *name;
    void (*run)(struct builder *w, const char *arg);
    const char *arg;
} words[] = {
    /* 40000 to 80, sequence 1000, ACK 2000, PSH ACK, window 512; timestamps 7 and 8, Data ACK 9; "hello". */
    {"tcp",      word_tcp, "9c400050 000003e8 000007d0 a0180200 00000000 0101080a 00000007 00000008 1e082001 00000009 68656c6c6f"},
    {"tcpbare",  word_tcp, "9c400050 000003e8 000007d0 50100200 00000000"},
    {"tcp8",     word_tcp, "9c400050 000003e8"},
    {"tcp7",     word_tcp, "9c400050 000003"},
    {"udp",      word_udp, "9c400035 000c0000 01020304"},
    {"nothing",  word_udp, ""},
    {"ip4",      word_ip4, ""},
    {"ip4tso",   word_ip4tso, ""},
    {"ip4first", word_ip4first, ""},
    {"ip4last",  word_ip4last, ""},
    {"ip4opt",   word_ip4options, ""},
    {"ip6",      word_ip6, ""},
    {"ip6tso",   word_ip6tso, ""},
    {"hop",      word_extension, "00 00 050200000100"},
    {"dst",      word_extension, "3c 01 010c000000000000000000000000"},
    {"route",    word_extension, "2b 02 0400 00000000 fd000000000000000000000000000002"},
    {"ah",       word_extension, "33 04 0000 00000001 00000002 000000000000000000000000"},
    {"atomic",   word_extension, "2c 00 0000 00000001"},
    {"first",    word_extension, "2c 00 0001 00000001"},
    {"last",     word_extension, "2c 00 0038 00000001"},
    {"gre",      word_gre, "0000"},
    {"grekey",   word_gre, "2000 0000002a"},
    {"gresum",   word_gre, "8000 12340000"},
    {"greseq",   word_gre, "1000 00000007"},
    {"greall",   word_gre, "b000 12340000 0000002a 00000007"},
    {"gre1",     word_gre, "2001 00000000"},
    {"greroute", word_gre, "4000 00000000"},
    {"vxlan",    word_vxlan, "08000000 00002a00"},
    {"vxlan0",   word_vxlan, "00000000 00002a00"},
    {"geneve",   word_geneve, "0000 00002a00"},
    {"geneveopt", word_geneve, "0300 00002a00 0101800201020304 05060708"},
    {"genevectl", word_geneve, "0080 00002a00"},
    {"geneve1",  word_geneve, "4000 00002a00"},
    {"gue0",     word_gue, "00 0000"},
    {"gue0opt",  word_gue, "02 2000 0102030405060708"},
    {"gue0ctl",  word_gue, "20 0000"},
    {"gue1",     word_gue, ""},
    {"gueport",  word_gueport, ""},
    {"unreach",  word_icmp, "0301 0000 00000000"},
    {"needfrag", word_icmp, "0304 0000 00000578"},
    {"unreachmtu", word_icmp, "0301 0000 00000578"},
    {"ttlmtu",   word_icmp, "0b04 0000 00000578"},
    {"ttl",      word_icmp, "0b00 0000 00000000"},
    {"quench",   word_icmp, "0400 0000 00000000"},
    {"redirect", word_icmp, "0501 0000 0a000009"},
    {"param",    word_icmp, "0c00 0000 09000000"},
    {"type6",    word_icmp, "0600 0000 00000000"},
    {"type0of6", word_icmp6, "0000 0000 00000000"},
    {"type5of6", word_icmp6, "0500 0000 00000000"},
    {"echo",     word_icmp, "0800 0000 00010001"},
    {"toobig6",  word_icmp6, "0200 0000 00000500"},
    {"unreach6", word_icmp6, "0104 0000 00000000"},
    {"hops6",    word_icmp6, "0300 0000 00000000"},
    {"hopsmtu6", word_icmp6, "0300 0000 00000500"},
    {"hops4mtu6", word_icmp6, "0304 0000 00000500"},
    {"param6",   word_icmp6, "0401 0000 00000006"},
    {"echo6",    word_icmp6, "8000 0000 00010001"},
    {"eth",      word_eth, ""},
    {"vlan",     word_tag, "8100 002a"},
    {"qinq",     word_tag, "88a8 0064"},
    {"oldqinq",  word_tag, "9100 0064"},
    {"arp",      word_raw, "0806"},
    {"mpls",     word_raw, "8847 0006413f"},
    {"mpls2",    word_raw, "8847 0006403f 0006413f"},
    {"pppoe",    word_pppoe, ""},
    {"ppp4",     word_raw, "ffff 0021"},
    {"ppp6",     word_raw, "ffff 0057"},
    {"ppp4short", word_raw, "ffff 21"},
    {"pppff",    word_raw, "ffff ff030021"},
    {"pppmpls",  word_raw, "ffff 0281 0006413f"},
    {"ppplcp",   word_raw, "ffff c021"},
    {"cisco",    word_before_type, "0f00"},
    {"ciscomulti", word_before_type, "8f00"},
    {"sll",      word_before_type, "0004 0001 0006 0200000000050000"},
    {"sll2",     word_after_type, "0000 00000003 0001 04 06 0200000000050000"},
    {"sllppp",   word_before_type, "0000 0200 0000 0000000000000000"},
    {"null4",    word_raw, "ffff 02000000"},
    {"null6",    word_raw, "ffff 1e000000"},
    {"loop4",    word_raw, "ffff 00000002"},
    {"loop6bsd", word_raw, "ffff 00000018"},
    {"loop6lin", word_raw, "ffff 0000000a"},
    {"null99",   word_raw, "ffff 63000000"},
};
/* clang-format on */

static const struct word *find(const char *name, size_t size)
{
    size_t i;

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strlen(words[i].name) == size && memcmp(words[i].name, name, size) == 0)
            return &words[i];
    return NULL;
}

bool build_frame(const char *recipe, struct bytes *ret)
{
    struct builder w = {.b = ret};
    size_t end = strlen(recipe);

    ret->size = 0;
    while (end > 0) {
        size_t start = end;
        const struct word *word;

        while (start > 0 && recipe[start - 1] != ' ')
            start--;
        word = find(recipe + start, end - start);
        if (!word) {
            fprintf(stderr, "\nno such word in \"%s\": %.*s\n", recipe, (int)(end - start),
                    recipe + start);
            CU_FAIL("recipe");
            return false;
        }
        word->run(&w, word->arg);
        end = start > 0 ? start - 1 : 0;
    }
    return true;
}

enum mpa_frame_kind decode(uint16_t linktype, const uint8_t *data, size_t size, size_t wire,
                           struct mpa_segment *ret, struct mpa_icmp_error *ret_icmp)
{
    struct mpa_frame f = {
        .data = data,
        .captured = (uint32_t)size,
        .wire = (uint32_t)wire,
        .ns = 1234567890123456789,
        .number = 42,
        .linktype = linktype,
        .capture = 3,
    };

    return mpa_frame_decode(&f, &MPA_TUNNEL_PORTS_DEFAULT, ret, ret_icmp);
}
