/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The encapsulations of balancers, for kernels that have no such devices. See lab_cable.h.
 * Headers: RFC 2003 and 2473 (IP in IP), RFC 2784 (GRE), draft-ietf-intarea-gue (variants 0, 1),
 * RFC 8926 (Geneve).
 */
#include "lab_cable.h"

#include <arpa/inet.h>
#include <string.h>

#define GUE_PORT    6080
#define GENEVE_PORT 6081

static void put16(uint8_t *p, size_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static uint32_t sum16(uint32_t sum, const uint8_t *p, size_t len)
{
    for (size_t i = 0; i + 1 < len; i += 2)
        sum += (uint32_t)(p[i] << 8 | p[i + 1]);
    if (len & 1)
        sum += (uint32_t)p[len - 1] << 8;
    return sum;
}

static uint16_t fold(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static const char *peer_of(const struct lab_tunnel *t, const uint8_t *data)
{
    for (unsigned i = 0; i < t->peers; i++) {
        if (memcmp(t->peer[i].mac, data, 6) == 0)
            return t->peer[i].outer_dst;
    }
    return NULL;
}

/* The header between outer IP and the packet; returns its length without the UDP header. */
static size_t middle_header(enum lab_tunnel_kind kind, bool inner6, uint8_t *p)
{
    memset(p, 0, 8);
    switch (kind) {
    case LAB_TUNNEL_GRE:
        put16(p + 2, inner6 ? 0x86dd : 0x0800);
        return 4;
    case LAB_TUNNEL_GUE0:
        p[1] = inner6 ? 41 : 4;
        return 4;
    case LAB_TUNNEL_GENEVE:
        put16(p + 2, 0x6558);
        return 8;
    default:
        return 0;
    }
}

static bool over_udp(enum lab_tunnel_kind kind)
{
    return kind == LAB_TUNNEL_GUE0 || kind == LAB_TUNNEL_GUE1 || kind == LAB_TUNNEL_GENEVE;
}

static uint8_t outer_protocol(enum lab_tunnel_kind kind, bool inner6)
{
    if (over_udp(kind))
        return 17;
    if (kind == LAB_TUNNEL_GRE)
        return 47;
    return inner6 ? 41 : 4;
}

/* An outer IP header before `len` bytes of payload that stand behind it already. */
static void outer_ip(uint8_t *p, bool outer6, const char *src, const char *dst, uint8_t protocol,
                     size_t len)
{
    memset(p, 0, outer6 ? 40 : 20);
    if (outer6) {
        p[0] = 0x60;
        put16(p + 4, len);
        p[6] = protocol;
        p[7] = 64;
        inet_pton(AF_INET6, src, p + 8);
        inet_pton(AF_INET6, dst, p + 24);
        return;
    }
    p[0] = 0x45;
    put16(p + 2, 20 + len);
    p[6] = 0x40;
    p[8] = 64;
    p[9] = protocol;
    inet_pton(AF_INET, src, p + 12);
    inet_pton(AF_INET, dst, p + 16);
    put16(p + 10, fold(sum16(0, p, 20)));
}

static void outer_udp(uint8_t *p, const uint8_t *ip, bool outer6, enum lab_tunnel_kind kind,
                      size_t len, const uint8_t *inner)
{
    /* The source port spreads flows, as real encapsulators do: from the inner ports. */
    uint32_t hash = sum16(0, inner, 4);

    put16(p, 49152 + (hash & 0x3fff));
    put16(p + 2, kind == LAB_TUNNEL_GENEVE ? GENEVE_PORT : GUE_PORT);
    put16(p + 4, len);
    put16(p + 6, 0);
    if (outer6) {
        uint16_t sum = fold(sum16(sum16(17 + (uint32_t)len, ip + 8, 32), p, len));
        put16(p + 6, sum ? sum : 0xffff);
    }
}

size_t lab_encapsulate(const struct lab_tunnel *t, uint8_t *data, size_t len)
{
    const char *dst = peer_of(t, data);
    uint8_t middle[8], copy[LAB_FRAME_MAX];

    if (!dst || len < 14 + 40)
        return 0;
    bool inner6 = data[12] == 0x86 && data[13] == 0xdd;
    if (!inner6 && !(data[12] == 0x08 && data[13] == 0x00))
        return 0;
    /* Neighbour discovery has to reach the server as it is. */
    if (data[14 + (inner6 ? 6 : 9)] != 6)
        return 0;
    bool outer6 = strchr(dst, ':') != NULL;
    size_t from = t->kind == LAB_TUNNEL_GENEVE ? 0 : 14;
    size_t inner_len = len - from;
    size_t middle_len = middle_header(t->kind, inner6, middle);
    size_t udp = over_udp(t->kind) ? 8 : 0;
    size_t ip_len = outer6 ? 40 : 20;
    size_t payload = udp + middle_len + inner_len;

    if (14 + ip_len + payload > LAB_FRAME_MAX)
        return 0;
    memcpy(copy, data + from, inner_len);
    put16(data + 12, outer6 ? 0x86dd : 0x0800);
    uint8_t *ip = data + 14;
    uint8_t *next = ip + ip_len;
    memcpy(next + udp, middle, middle_len);
    memcpy(next + udp + middle_len, copy, inner_len);
    outer_ip(ip, outer6, t->outer_src, dst, outer_protocol(t->kind, inner6), payload);
    if (udp)
        outer_udp(next, ip, outer6, t->kind, payload, copy + (from ? 0 : 14) + (inner6 ? 40 : 20));
    return 14 + ip_len + payload;
}

size_t lab_decapsulate(enum lab_tunnel_kind kind, uint8_t *data, size_t len)
{
    if (len < 14 + 40)
        return 0;
    bool outer6 = data[12] == 0x86 && data[13] == 0xdd;
    const uint8_t *ip = data + 14;
    uint8_t protocol = ip[outer6 ? 6 : 9];
    size_t skip = outer6 ? 40 : 20;

    if (!outer6 && !(data[12] == 0x08 && data[13] == 0x00))
        return 0;
    if (protocol != outer_protocol(kind, false) && protocol != outer_protocol(kind, true))
        return 0;
    if (over_udp(kind))
        skip += 8;
    uint8_t unused[8];
    skip += middle_header(kind, false, unused);
    if (len < 14 + skip + 20)
        return 0;
    if (kind == LAB_TUNNEL_GENEVE) {
        memmove(data, data + 14 + skip, len - 14 - skip);
        return len - 14 - skip;
    }
    bool inner6 = data[14 + skip] >> 4 == 6;
    memmove(data + 14, data + 14 + skip, len - 14 - skip);
    put16(data + 12, inner6 ? 0x86dd : 0x0800);
    return len - skip;
}
