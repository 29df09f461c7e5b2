/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plain_frame.h"

#include <arpa/inet.h>
#include <string.h>

#define LINKTYPE_ETHERNET 1
#define LINKTYPE_RAW      101
#define LINKTYPE_DLT_RAW  12 /* What libpcap calls LINKTYPE_RAW once the file is open. */
#define LINKTYPE_SLL2     276

static unsigned be16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)be16(p) << 16 | be16(p + 2);
}

/* Where the IP header begins; false when there is none. */
static bool ip_offset(int linktype, const uint8_t *data, size_t size, size_t *ret)
{
    unsigned protocol;

    switch (linktype) {
    case LINKTYPE_RAW:
    case LINKTYPE_DLT_RAW:
        *ret = 0;
        return true;
    case LINKTYPE_ETHERNET:
        if (size < 14)
            return false;
        protocol = be16(data + 12);
        *ret = 14;
        break;
    case LINKTYPE_SLL2:
        if (size < 20)
            return false;
        protocol = be16(data);
        *ret = 20;
        break;
    default:
        return false;
    }
    return protocol == 0x0800 || protocol == 0x86dd;
}

static void parse_options(const uint8_t *data, struct plain_segment *s)
{
    size_t at = s->tcp_at + 20, end = s->tcp_at + s->tcp_size;

    while (at < end && data[at] != 0) {
        if (data[at] == 1) {
            at++;
            continue;
        }
        if (at + 1 >= end || data[at + 1] < 2 || at + data[at + 1] > end)
            return;
        if (data[at] == 30 && data[at + 1] > 2 && s->option_count < PLAIN_OPTIONS)
            s->options[s->option_count++] = (struct plain_option){
                .at = at, .size = data[at + 1], .subtype = (uint8_t)(data[at + 2] >> 4)};
        at += data[at + 1];
    }
}

bool plain_parse(int linktype, const uint8_t *data, size_t size, struct plain_segment *ret)
{
    const uint8_t *ip, *tcp;
    size_t at, header, total;

    memset(ret, 0, sizeof *ret);
    if (!ip_offset(linktype, data, size, &at) || size < at + 40)
        return false;
    ip = data + at;
    if (ip[0] >> 4 == 4) {
        header = (size_t)(ip[0] & 15) * 4;
        total = be16(ip + 2);
        if (ip[9] != 6 || (be16(ip + 6) & 0x1fff) != 0)
            return false;
        inet_ntop(AF_INET, ip + 12, ret->src, sizeof ret->src);
        inet_ntop(AF_INET, ip + 16, ret->dst, sizeof ret->dst);
    } else {
        header = 40;
        total = be16(ip + 4) + header;
        if (ip[0] >> 4 != 6 || ip[6] != 6)
            return false;
        inet_ntop(AF_INET6, ip + 8, ret->src, sizeof ret->src);
        inet_ntop(AF_INET6, ip + 24, ret->dst, sizeof ret->dst);
    }
    if (size < at + header + 20)
        return false;
    tcp = ip + header;
    ret->tcp_at = at + header;
    ret->tcp_size = (size_t)(tcp[12] >> 4) * 4;
    if (ret->tcp_size < 20 || size < ret->tcp_at + ret->tcp_size || total < header + ret->tcp_size)
        return false;
    ret->sport = (uint16_t)be16(tcp);
    ret->dport = (uint16_t)be16(tcp + 2);
    ret->seq = be32(tcp + 4);
    ret->ack = be32(tcp + 8);
    ret->flags = tcp[13];
    ret->payload = total - header - ret->tcp_size;
    parse_options(data, ret);
    return true;
}

const char *plain_option_word(const struct plain_segment *s, const struct plain_option *o)
{
    static const char *const fixed[] = {
        NULL, NULL, "dss", NULL, "remove_addr", "mp_prio", "mp_fail", "mp_fastclose", "mp_tcprst"};
    bool syn = s->flags & PLAIN_SYN, ack = s->flags & PLAIN_ACK;

    switch (o->subtype) {
    case 0:
        return syn ? (ack ? "mp_capable_synack" : "mp_capable_syn")
                   : (o->size > 20 ? "mp_capable_data" : "mp_capable_ack");
    case 1:
        return syn ? (ack ? "mp_join_synack" : "mp_join_syn") : "mp_join_ack";
    case 3:
        /* Those with an HMAC are advertisements: the captures of the tests are of RFC 8684. */
        return o->size == 16 || o->size == 18 || o->size == 28 || o->size == 30 ? "add_addr"
                                                                                : "add_addr_echo";
    default:
        return o->subtype < sizeof fixed / sizeof *fixed ? fixed[o->subtype] : NULL;
    }
}
