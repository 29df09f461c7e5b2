/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading and altering the TCP segments that pass a cable. See lab_cable.h. */
#include "lab_cable.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static const struct {
    const char *name;
    uint32_t kind;
} kind_names[] = {
    {"mpc-syn", LAB_MPC_SYN},
    {"mpc-synack", LAB_MPC_SYNACK},
    {"mpc-ack", LAB_MPC_ACK},
    {"join-syn", LAB_JOIN_SYN},
    {"join-synack", LAB_JOIN_SYNACK},
    {"join-ack", LAB_JOIN_ACK},
    {"add_addr", LAB_ADD_ADDR},
    {"echo", LAB_ECHO},
    {"remove_addr", LAB_REMOVE_ADDR},
    {"prio", LAB_PRIO},
    {"fail", LAB_FAIL},
    {"fastclose", LAB_FASTCLOSE},
    {"mprst", LAB_MPRST},
    {"rst", LAB_RST},
    {"syn", LAB_SYN},
    {"fin", LAB_FIN},
    {"data", LAB_DATA},
    {"dss", LAB_DSS},
    {"mptcp", LAB_MPTCP},
    {"tcp", LAB_TCP},
};

uint32_t lab_kind_of(const char *name)
{
    for (size_t i = 0; i < sizeof kind_names / sizeof kind_names[0]; i++) {
        if (strcmp(kind_names[i].name, name) == 0)
            return kind_names[i].kind;
    }
    return 0;
}

const char *lab_kind_name(uint32_t kinds)
{
    for (size_t i = 0; i < sizeof kind_names / sizeof kind_names[0]; i++) {
        if (kinds & kind_names[i].kind)
            return kind_names[i].name;
    }
    return "other";
}

static void read_add_addr(struct lab_frame *f, const uint8_t *data, size_t at, size_t len)
{
    const uint8_t *o = data + at;
    bool echo = o[2] & 0x01;
    size_t plain = echo ? len : len - 8;
    size_t addr_len = plain >= 20 ? 16 : 4;

    f->kinds |= echo ? LAB_ECHO : LAB_ADD_ADDR;
    f->add_addr = at;
    f->add_addr_len = len;
    f->addr_id = o[3];
    f->addr_port = plain == 4 + addr_len + 2 ? get16(o + 4 + addr_len) : 0;
    inet_ntop(addr_len == 16 ? AF_INET6 : AF_INET, o + 4, f->addr, sizeof f->addr);
}

static void read_mptcp(struct lab_frame *f, const uint8_t *data, size_t at, size_t len, bool syn,
                       bool ack)
{
    static const uint32_t by_subtype[16] = {[2] = LAB_DSS,  [4] = LAB_REMOVE_ADDR, [5] = LAB_PRIO,
                                            [6] = LAB_FAIL, [7] = LAB_FASTCLOSE,   [8] = LAB_MPRST};
    unsigned subtype = data[at + 2] >> 4;

    f->kinds |= LAB_MPTCP | by_subtype[subtype];
    if (subtype == 0) {
        f->capable = at;
        f->kinds |= !syn ? LAB_MPC_ACK : ack ? LAB_MPC_SYNACK : LAB_MPC_SYN;
    } else if (subtype == 1) {
        f->kinds |= !syn ? LAB_JOIN_ACK : ack ? LAB_JOIN_SYNACK : LAB_JOIN_SYN;
        f->join = at;
        f->join_len = len;
    } else if (subtype == 3 && len >= 8) {
        read_add_addr(f, data, at, len);
    }
}

static void read_tcp(struct lab_frame *f, const uint8_t *data)
{
    const uint8_t *t = data + f->tcp;
    size_t header = (size_t)(t[12] >> 4) * 4;
    uint8_t flags = t[13];

    if (header < 20 || f->tcp + header > f->end)
        return;
    f->kinds = LAB_TCP;
    f->sport = get16(t);
    f->dport = get16(t + 2);
    f->seq = get32(t + 4);
    f->ack = get32(t + 8);
    f->payload = f->tcp + header;
    if ((flags & 0x12) == 0x02)
        f->kinds |= LAB_SYN;
    if (flags & 0x04)
        f->kinds |= LAB_RST;
    if (flags & 0x01)
        f->kinds |= LAB_FIN;
    if (f->payload < f->end)
        f->kinds |= LAB_DATA;
    for (size_t at = f->tcp + 20; at < f->payload;) {
        if (data[at] == 0)
            break;
        if (data[at] == 1) {
            at++;
            continue;
        }
        if (at + 2 > f->payload || data[at + 1] < 2 || at + data[at + 1] > f->payload)
            break;
        if (data[at] == 30 && data[at + 1] >= 3)
            read_mptcp(f, data, at, data[at + 1], flags & 0x02, flags & 0x10);
        at += data[at + 1];
    }
}

void lab_frame_read(struct lab_frame *f, const uint8_t *data, size_t len)
{
    memset(f, 0, sizeof *f);
    if (len < 14 + 20)
        return;
    uint16_t type = get16(data + 12);
    f->ip = 14;
    const uint8_t *ip = data + 14;
    if (type == 0x0800 && ip[9] == 6) {
        size_t header = (size_t)(ip[0] & 15) * 4;
        f->family = 4;
        f->ip_id = get16(ip + 4);
        f->tcp = f->ip + header;
        f->end = f->ip + get16(ip + 2);
        inet_ntop(AF_INET, ip + 12, f->src, sizeof f->src);
        inet_ntop(AF_INET, ip + 16, f->dst, sizeof f->dst);
    } else if (type == 0x86dd && len >= 14 + 40 && ip[6] == 6) {
        f->family = 6;
        f->tcp = f->ip + 40;
        f->end = f->tcp + get16(ip + 4);
        inet_ntop(AF_INET6, ip + 8, f->src, sizeof f->src);
        inet_ntop(AF_INET6, ip + 24, f->dst, sizeof f->dst);
    } else {
        return;
    }
    if (f->end <= len && f->tcp + 20 <= f->end)
        read_tcp(f, data);
}

static uint32_t sum16(uint32_t sum, const uint8_t *p, size_t len)
{
    for (size_t i = 0; i + 1 < len; i += 2)
        sum += get16(p + i);
    if (len & 1)
        sum += (uint32_t)p[len - 1] << 8;
    return sum;
}

static void repair_checksum(const struct lab_frame *f, uint8_t *data)
{
    size_t len = f->end - f->tcp;
    uint32_t sum = 6 + (uint32_t)len;

    data[f->tcp + 16] = data[f->tcp + 17] = 0;
    sum = f->family == 4 ? sum16(sum, data + f->ip + 12, 8) : sum16(sum, data + f->ip + 8, 32);
    sum = sum16(sum, data + f->tcp, len);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    sum = ~sum & 0xffff;
    data[f->tcp + 16] = (uint8_t)(sum >> 8);
    data[f->tcp + 17] = (uint8_t)sum;
}

bool lab_damage_hmac(const struct lab_frame *f, uint8_t *data)
{
    if (f->kinds & LAB_ADD_ADDR)
        data[f->add_addr + f->add_addr_len - 1] ^= 0x01;
    else if (f->kinds & (LAB_JOIN_SYNACK | LAB_JOIN_ACK))
        data[f->join + 4] ^= 0x01;
    else
        return false;
    repair_checksum(f, data);
    return true;
}

bool lab_flip_addr_id(const struct lab_frame *f, uint8_t *data)
{
    if (!(f->kinds & (LAB_ADD_ADDR | LAB_ECHO)))
        return false;
    data[f->add_addr + 3] ^= 0x80;
    repair_checksum(f, data);
    return true;
}

bool lab_clear_c(const struct lab_frame *f, uint8_t *data)
{
    if (!(f->kinds & (LAB_MPC_SYN | LAB_MPC_SYNACK | LAB_MPC_ACK)) ||
        !(data[f->capable + 3] & 0x20))
        return false;
    data[f->capable + 3] &= 0xdf;
    repair_checksum(f, data);
    return true;
}

bool lab_damage_payload(const struct lab_frame *f, uint8_t *data)
{
    if (!(f->kinds & LAB_DATA))
        return false;
    data[f->payload] ^= 0x01;
    repair_checksum(f, data);
    return true;
}

bool lab_strip_mptcp(const struct lab_frame *f, uint8_t *data)
{
    bool done = false;

    if (!(f->kinds & LAB_MPTCP))
        return false;
    for (size_t at = f->tcp + 20; at < f->payload && data[at] != 0;) {
        size_t len = data[at] == 1 ? 1 : data[at + 1];
        if (data[at] == 30) {
            memset(data + at, 1, len);
            done = true;
        }
        at += len;
    }
    repair_checksum(f, data);
    return done;
}
