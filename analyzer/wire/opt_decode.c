/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MPTCP options: bytes to struct (RFC 8684 section 3; ADD_ADDR in opt_add_addr.c, legal forms in
 * opt_forms.c).
 *
 * Runs for every MPTCP option of a capture: a DSS, by far the most frequent one, never walks the
 * table.
 */
#include "opt.h"

/*
 * DSS (RFC 8684 3.3): the length says whether a checksum follows the mapping.
 *
 *     1e len 20 flags | Data ACK 0, 4, 8 | DSN 0, 4, 8 | SSN 4 | length 2 | checksum 2
 */
static void decode_dss(const uint8_t *p, uint8_t tcp_flags, struct mpa_option *ret)
{
    struct mpa_dss *dss = &ret->dss;
    unsigned len = ret->len;
    unsigned flags = len >= 4 ? p[3] : 0;
    unsigned ack = flags & MPA_DSS_ACK ? 4 + (flags & MPA_DSS_ACK8) * 2 : 0;
    unsigned dsn = flags & MPA_DSS_MAP ? 4 + (flags & MPA_DSS_DSN8) / 2 : 0;
    unsigned need = 4 + ack + (dsn ? dsn + 6 : 0);

    /* A checksum belongs to a mapping; a DSS with neither ACK nor mapping has no form. */
    if (need == 4 || (len != need && (dsn == 0 || len != need + 2))) {
        ret->cond = MPA_COND_MALFORMED;
        return;
    }
    ret->reserved = flags & 0xe0;
    if (tcp_flags & MPA_TCP_SYN)
        ret->cond = MPA_COND_ILLEGAL;
    dss->flags = (uint8_t)flags;
    p += 4;
    dss->data_ack = ack == 8 ? mpa_load64(p) : ack == 4 ? mpa_load32(p) : 0;
    if (dsn == 0) {
        dss->dsn = 0;
        dss->ssn = 0;
        dss->length = 0;
        dss->has_checksum = false;
        dss->checksum = 0;
        return;
    }
    p += ack;
    dss->dsn = dsn == 8 ? mpa_load64(p) : mpa_load32(p);
    p += dsn;
    dss->ssn = mpa_load32(p);
    dss->length = mpa_load16(p + 4);
    dss->has_checksum = len != need;
    dss->checksum = len != need ? mpa_load16(p + 6) : 0;
}

/*
 * MP_CAPABLE (RFC 8684 3.1, RFC 6824 3.1)
 *
 *     1e len 0V flags | sender's key 8 | receiver's key 8 | data-level length 2 | checksum 2
 */
static void decode_capable(const uint8_t *p, uint8_t tcp_flags, enum mpa_dialect dialect,
                           struct mpa_option *ret)
{
    struct mpa_capable *cap = &ret->capable;
    enum mpa_reading reading;

    cap->version = p[2] & 0x0f;
    if (cap->version <= 1)
        reading = cap->version == 0 ? MPA_READ_V0 : MPA_READ_V1;
    else if (dialect == MPA_DIALECT_UNKNOWN || dialect == MPA_DIALECT_MIXED)
        reading = MPA_READ_ANY; /* A version to come: any known length will do, the peer answers
                                   with an older one. */
    else
        reading = MPA_READ_NONE;
    ret->cond = (uint8_t)mpa_form_judge(MPA_MP_CAPABLE, ret->len, reading, tcp_flags, dialect);
    if (ret->cond == MPA_COND_MALFORMED)
        return;
    cap->flags = p[3];
    cap->has_sender_key = ret->len >= 12;
    cap->has_receiver_key = ret->len >= 20;
    cap->has_length = ret->len >= 22;
    cap->has_checksum = ret->len == 24;
    if (cap->has_sender_key)
        memcpy(cap->sender_key, p + 4, MPA_KEY_SIZE);
    else
        memset(cap->sender_key, 0, MPA_KEY_SIZE);
    if (cap->has_receiver_key)
        memcpy(cap->receiver_key, p + 12, MPA_KEY_SIZE);
    else
        memset(cap->receiver_key, 0, MPA_KEY_SIZE);
    cap->length = cap->has_length ? mpa_load16(p + 20) : 0;
    cap->checksum = cap->has_checksum ? mpa_load16(p + 22) : 0;
}

/*
 * MP_JOIN (RFC 8684 3.2)
 *
 *     SYN      1e 0c 1B id | token 4 | nonce 4
 *     SYN/ACK  1e 10 1B id | HMAC 8  | nonce 4
 *     ACK      1e 18 10 00 | HMAC 20
 */
static void decode_join(const uint8_t *p, uint8_t tcp_flags, enum mpa_dialect dialect,
                        struct mpa_option *ret)
{
    struct mpa_join *join = &ret->join;
    bool ack = ret->len == 24;

    ret->cond = (uint8_t)mpa_form_judge(MPA_MP_JOIN, ret->len, MPA_READ_ANY, tcp_flags, dialect);
    if (ret->cond == MPA_COND_MALFORMED)
        return;
    join->backup = !ack && (p[2] & 1) != 0;
    join->reserved = p[2] & 0x0e;
    if (ack) /* Twelve reserved bits: all of byte 3 must leave a trace. */
        join->reserved = (uint8_t)((p[2] & 0x0f) | ((p[3] | p[3] >> 4) & 0x0f) << 4);
    ret->reserved = join->reserved;
    join->id = ack ? 0 : p[3];
    join->token = ret->len == 12 ? mpa_load32(p + 4) : 0;
    join->nonce = ack ? 0 : mpa_load32(p + ret->len - 4);
    join->hmac_size = ret->len == 12 ? 0 : ack ? 20 : 8;
    memset(join->hmac, 0, sizeof(join->hmac));
    memcpy(join->hmac, p + 4, join->hmac_size);
}

/* REMOVE_ADDR (RFC 8684 3.4.2): 1e len 4r | IDs */
static void decode_remove(const uint8_t *p, struct mpa_option *ret)
{
    struct mpa_remove_addr *rem = &ret->remove_addr;
    unsigned count = ret->len - 3U;

    rem->reserved = ret->reserved = p[2] & 0x0f;
    rem->count = (uint8_t)(count <= MPA_REMOVE_MAX ? count : MPA_REMOVE_MAX);
    memset(rem->ids, 0, sizeof(rem->ids));
    memcpy(rem->ids, p + 3, rem->count);
}

/* The subtypes of one reading: the table judges, then the bytes are copied. */
static void decode_other(const uint8_t *p, uint8_t tcp_flags, enum mpa_dialect dialect,
                         struct mpa_option *ret)
{
    uint8_t low = p[2] & 0x0f;

    ret->cond = (uint8_t)mpa_form_judge(ret->subtype, ret->len, MPA_READ_ANY, tcp_flags, dialect);
    if (ret->cond == MPA_COND_MALFORMED)
        return;
    switch (ret->subtype) {
    case MPA_REMOVE_ADDR:
        decode_remove(p, ret);
        break;
    case MPA_MP_PRIO: /* RFC 8684 3.3.8; RFC 6824 has an optional Address ID. */
        ret->reserved = low & 0x0e;
        ret->prio.backup = (low & 1) != 0;
        ret->prio.has_id = ret->len == 4;
        ret->prio.id = ret->prio.has_id ? p[3] : 0;
        break;
    case MPA_MP_FAIL: /* RFC 8684 3.7. */
        ret->reserved = low | p[3];
        ret->fail.dsn = mpa_load64(p + 4);
        break;
    case MPA_MP_FASTCLOSE: /* RFC 8684 3.5. */
        ret->reserved = low | p[3];
        memcpy(ret->fastclose.key, p + 4, MPA_KEY_SIZE);
        break;
    default: /* MP_TCPRST, RFC 8684 3.6. */
        ret->reserved = low & 0x0e;
        ret->tcprst.flags = low;
        ret->tcprst.transient = (low & 1) != 0;
        ret->tcprst.reason = p[3];
        break;
    }
}

/* What can be said before the subtype's own layout; OK when all 'len' bytes are there. */
static enum mpa_cond check_frame(const uint8_t *p, size_t captured, size_t claimed,
                                 struct mpa_option *ret)
{
    ret->subtype = captured > 2 ? p[2] >> 4 : MPA_SUBTYPE_NONE;
    ret->len = captured > 1 ? p[1] : 0;
    ret->reserved = 0;
    if (captured < 2)
        return claimed < 2 ? MPA_COND_MALFORMED : MPA_COND_TRUNCATED;
    if (ret->len < 3 || ret->len > claimed) {
        if (ret->len < 3)
            ret->subtype = MPA_SUBTYPE_NONE;
        return MPA_COND_MALFORMED;
    }
    return ret->len > captured ? MPA_COND_TRUNCATED : MPA_COND_OK;
}

/* Every subtype but DSS; all bytes are there. */
static void decode_by_subtype(const uint8_t *bytes, uint8_t tcp_flags, enum mpa_dialect dialect,
                              struct mpa_option *ret)
{
    switch (ret->subtype) {
    case MPA_MP_CAPABLE:
        decode_capable(bytes, tcp_flags, dialect, ret);
        break;
    case MPA_MP_JOIN:
        decode_join(bytes, tcp_flags, dialect, ret);
        break;
    case MPA_ADD_ADDR:
        mpa_opt_add_addr(bytes, tcp_flags, dialect, ret);
        break;
    case MPA_REMOVE_ADDR:
    case MPA_MP_PRIO:
    case MPA_MP_FAIL:
    case MPA_MP_FASTCLOSE:
    case MPA_MP_TCPRST:
        decode_other(bytes, tcp_flags, dialect, ret);
        break;
    default: /* Unassigned, or private use without a layout. */
        ret->cond = MPA_COND_UNKNOWN;
        break;
    }
}

enum mpa_cond mpa_option_decode(const uint8_t *bytes, size_t captured, size_t claimed,
                                uint8_t tcp_flags, enum mpa_dialect dialect, struct mpa_option *ret,
                                struct mpa_fields *fields)
{
    if (captured > claimed)
        captured = claimed;
    ret->cond = (uint8_t)check_frame(bytes, captured, claimed, ret);
    if (ret->cond == MPA_COND_OK) {
        if (ret->subtype == MPA_DSS)
            decode_dss(bytes, tcp_flags, ret);
        else
            decode_by_subtype(bytes, tcp_flags, dialect, ret);
    }
    if (fields)
        mpa_opt_fields(bytes, ret, fields);
    return (enum mpa_cond)ret->cond;
}
