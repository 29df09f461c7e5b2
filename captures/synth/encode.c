/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "encode.h"

#include <assert.h>
#include <string.h>

#define KIND 30 /* IANA: MPTCP. */

const char *synth_count_name(enum synth_count n)
{
    static const char *const names[SYNTH_COUNTS] = {
        [SYNTH_N_CAPABLE_SYN] = "mp_capable_syn",
        [SYNTH_N_CAPABLE_SYNACK] = "mp_capable_synack",
        [SYNTH_N_CAPABLE_ACK] = "mp_capable_ack",
        [SYNTH_N_CAPABLE_DATA] = "mp_capable_data",
        [SYNTH_N_JOIN_SYN] = "mp_join_syn",
        [SYNTH_N_JOIN_SYNACK] = "mp_join_synack",
        [SYNTH_N_JOIN_ACK] = "mp_join_ack",
        [SYNTH_N_DSS] = "dss",
        [SYNTH_N_ADD_ADDR] = "add_addr",
        [SYNTH_N_ADD_ADDR_ECHO] = "add_addr_echo",
        [SYNTH_N_REMOVE_ADDR] = "remove_addr",
        [SYNTH_N_PRIO] = "mp_prio",
        [SYNTH_N_FAIL] = "mp_fail",
        [SYNTH_N_FASTCLOSE] = "mp_fastclose",
        [SYNTH_N_TCPRST] = "mp_tcprst",
        [SYNTH_N_UNKNOWN] = "unknown",
        [SYNTH_N_MALFORMED] = "malformed",
    };

    return names[n];
}

void synth_opts_init(struct synth_opts *o)
{
    *o = (struct synth_opts){.advert = -1, .hmac_row = -1};
}

size_t synth_opts_left(const struct synth_opts *o)
{
    return SYNTH_OPTS_SIZE - o->size;
}

/* Writers that advance. */
static void u8(struct synth_opts *o, unsigned v)
{
    assert(o->size < SYNTH_OPTS_SIZE);
    o->bytes[o->size++] = (uint8_t)v;
}

static void u16(struct synth_opts *o, unsigned v)
{
    u8(o, v >> 8 & 0xff);
    u8(o, v & 0xff);
}

static void u32(struct synth_opts *o, uint32_t v)
{
    u16(o, v >> 16);
    u16(o, v & 0xffff);
}

static void u64(struct synth_opts *o, uint64_t v)
{
    u32(o, (uint32_t)(v >> 32));
    u32(o, (uint32_t)v);
}

void synth_opt_bytes(struct synth_opts *o, const void *bytes, size_t size)
{
    assert(size <= synth_opts_left(o));
    memcpy(o->bytes + o->size, bytes, size);
    o->size += size;
}

void synth_opts_pad(struct synth_opts *o)
{
    while (o->size % 4)
        u8(o, 1);
}

/* Kind, length, subtype with its low nibble. */
static void head(struct synth_opts *o, unsigned len, unsigned subtype, unsigned low)
{
    assert(len <= synth_opts_left(o));
    u8(o, KIND);
    u8(o, len);
    u8(o, subtype << 4 | low);
}

void synth_opt_ts(struct synth_opts *o, uint32_t tsval, uint32_t tsecr)
{
    u16(o, 0x0101);
    u8(o, 8);
    u8(o, 10);
    u32(o, tsval);
    u32(o, tsecr);
}

void synth_opt_syn(struct synth_opts *o, uint16_t mss, int wscale, bool has_ts, uint32_t tsval,
                   uint32_t tsecr)
{
    u16(o, 0x0204);
    u16(o, mss);
    if (has_ts) {
        u16(o, 0x0402); /* SACK permitted fills the place of two NOPs, as Linux does. */
        u8(o, 8);
        u8(o, 10);
        u32(o, tsval);
        u32(o, tsecr);
    } else {
        u16(o, 0x0101);
        u16(o, 0x0402);
    }
    u8(o, 1);
    u8(o, 3);
    u8(o, 3);
    u8(o, (unsigned)wscale);
}

void synth_opt_server_id(struct synth_opts *o, uint8_t kind, uint32_t id)
{
    u8(o, kind);
    u8(o, 6);
    u32(o, id);
}

void synth_opt_capable(struct synth_opts *o, enum synth_count row, uint8_t version, uint8_t flags,
                       const uint8_t *key_a, const uint8_t *key_b, int length, int sum)
{
    unsigned len = 4;

    len += key_a ? MPA_KEY_SIZE : 0;
    len += key_b ? MPA_KEY_SIZE : 0;
    len += length >= 0 ? 2 : 0;
    len += sum >= 0 ? 2 : 0;
    head(o, len, 0, version);
    u8(o, flags);
    if (key_a)
        synth_opt_bytes(o, key_a, MPA_KEY_SIZE);
    if (key_b)
        synth_opt_bytes(o, key_b, MPA_KEY_SIZE);
    if (length >= 0)
        u16(o, (unsigned)length);
    if (sum >= 0)
        u16(o, (unsigned)sum);
    o->counted[row]++;
}

void synth_opt_join_syn(struct synth_opts *o, bool backup, uint8_t id, uint32_t token,
                        uint32_t nonce)
{
    head(o, 12, 1, backup);
    u8(o, id);
    u32(o, token);
    u32(o, nonce);
    o->counted[SYNTH_N_JOIN_SYN]++;
}

void synth_opt_join_synack(struct synth_opts *o, bool backup, uint8_t id, const uint8_t hmac[8],
                           uint32_t nonce)
{
    head(o, 16, 1, backup);
    u8(o, id);
    synth_opt_bytes(o, hmac, 8);
    u32(o, nonce);
    o->counted[SYNTH_N_JOIN_SYNACK]++;
    o->hmac_row = 0;
}

void synth_opt_join_ack(struct synth_opts *o, const uint8_t hmac[20])
{
    head(o, 24, 1, 0);
    u8(o, 0);
    synth_opt_bytes(o, hmac, 20);
    o->counted[SYNTH_N_JOIN_ACK]++;
    o->hmac_row = 1;
}

size_t synth_dss_size(const struct synth_dss *d)
{
    size_t size = 4;

    if (d->ack)
        size += d->ack8 ? 8 : 4;
    if (d->map)
        size += (d->dsn8 ? 8u : 4u) + 6 + (d->checksum ? 2 : 0);
    return size;
}

void synth_opt_dss(struct synth_opts *o, const struct synth_dss *d)
{
    unsigned flags = 0;

    flags |= d->fin ? 0x10 : 0;
    flags |= d->map ? 0x04 : 0;
    flags |= d->map && d->dsn8 ? 0x08 : 0;
    flags |= d->ack ? 0x01 : 0;
    flags |= d->ack && d->ack8 ? 0x02 : 0;
    head(o, (unsigned)synth_dss_size(d), 2, 0);
    u8(o, flags);
    if (d->ack && d->ack8)
        u64(o, d->data_ack);
    else if (d->ack)
        u32(o, (uint32_t)d->data_ack);
    if (d->map) {
        if (d->dsn8)
            u64(o, d->dsn);
        else
            u32(o, (uint32_t)d->dsn);
        u32(o, d->ssn);
        u16(o, d->length);
        if (d->checksum)
            u16(o, d->sum);
    }
    o->counted[SYNTH_N_DSS]++;
}

void synth_opt_add_addr(struct synth_opts *o, bool echo, uint8_t nibble, uint8_t id,
                        const struct mpa_addr *addr, uint16_t port, const uint8_t *hmac)
{
    bool v4 = mpa_addr_is_v4(addr);
    unsigned len = 4u + (v4 ? 4u : 16u) + (port ? 2u : 0) + (hmac ? 8u : 0);

    head(o, len, 3, nibble);
    u8(o, id);
    synth_opt_bytes(o, v4 ? addr->b + 12 : addr->b, v4 ? 4 : 16);
    if (port)
        u16(o, port);
    if (hmac) {
        synth_opt_bytes(o, hmac, 8);
        o->hmac_row = 2;
    }
    o->counted[echo ? SYNTH_N_ADD_ADDR_ECHO : SYNTH_N_ADD_ADDR]++;
}

void synth_opt_remove_addr(struct synth_opts *o, const uint8_t *ids, size_t count)
{
    head(o, 3 + (unsigned)count, 4, 0);
    synth_opt_bytes(o, ids, count);
    o->counted[SYNTH_N_REMOVE_ADDR]++;
}

void synth_opt_prio(struct synth_opts *o, bool backup, int id)
{
    head(o, id < 0 ? 3 : 4, 5, backup);
    u8(o, id < 0 ? 1 : (unsigned)id); /* A NOP fills the fourth byte, as the kernels do. */
    o->counted[SYNTH_N_PRIO]++;
}

void synth_opt_fail(struct synth_opts *o, uint64_t dsn)
{
    head(o, 12, 6, 0);
    u8(o, 0);
    u64(o, dsn);
    o->counted[SYNTH_N_FAIL]++;
}

void synth_opt_fastclose(struct synth_opts *o, const uint8_t key[MPA_KEY_SIZE])
{
    head(o, 12, 7, 0);
    u8(o, 0);
    synth_opt_bytes(o, key, MPA_KEY_SIZE);
    o->counted[SYNTH_N_FASTCLOSE]++;
}

void synth_opt_tcprst(struct synth_opts *o, bool transient, uint8_t reason)
{
    head(o, 4, 8, transient);
    u8(o, reason);
    o->counted[SYNTH_N_TCPRST]++;
}
