/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options by the thousand: what is written is read back, and nothing outside the specification is
 * ever OK. */
#include "wire_test.h"

#include <stdlib.h>
#include <string.h>

#define S MPA_TCP_SYN
#define R MPA_TCP_RST
#define A MPA_TCP_ACK

static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void put(uint8_t **p, uint64_t value, unsigned size)
{
    while (size-- > 0)
        *(*p)++ = (uint8_t)(value >> 8 * size);
}

static void put_bytes(uint8_t **p, const uint8_t *bytes, size_t size)
{
    memcpy(*p, bytes, size);
    *p += size;
}

static void encode_capable(const struct mpa_capable *c, uint8_t **p)
{
    put(p, c->version, 1);
    put(p, c->flags, 1);
    if (c->has_sender_key)
        put_bytes(p, c->sender_key, 8);
    if (c->has_receiver_key)
        put_bytes(p, c->receiver_key, 8);
    if (c->has_length)
        put(p, c->length, 2);
    if (c->has_checksum)
        put(p, c->checksum, 2);
}

static void encode_dss(const struct mpa_dss *d, uint8_t **p)
{
    put(p, 0x20, 1);
    put(p, d->flags, 1);
    if (d->flags & 1)
        put(p, d->data_ack, d->flags & 2 ? 8 : 4);
    if (d->flags & 4) {
        put(p, d->dsn, d->flags & 8 ? 8 : 4);
        put(p, d->ssn, 4);
        put(p, d->length, 2);
        if (d->has_checksum)
            put(p, d->checksum, 2);
    }
}

/* The encoder: from RFC 8684 section 3, for the test only.  'opt->len' and the union say what to
 * write. */
static void encode(const struct mpa_option *o, uint8_t *ret)
{
    uint8_t low = o->subtype == MPA_DSS ? 0 : o->reserved & 0x0f;
    uint8_t *p = ret + 2;

    ret[0] = 30;
    ret[1] = o->len;
    switch (o->subtype) {
    case MPA_MP_CAPABLE:
        encode_capable(&o->capable, &p);
        break;
    case MPA_MP_JOIN:
        put(&p, 0x10U | low | o->join.backup, 1);
        put(&p, o->join.id, 1);
        if (o->join.hmac_size == 0)
            put(&p, o->join.token, 4);
        put_bytes(&p, o->join.hmac, o->join.hmac_size);
        if (o->join.hmac_size != 20)
            put(&p, o->join.nonce, 4);
        break;
    case MPA_DSS:
        encode_dss(&o->dss, &p);
        break;
    case MPA_ADD_ADDR:
        put(&p, 0x30U | o->add_addr.nibble, 1);
        put(&p, o->add_addr.id, 1);
        if (mpa_addr_is_v4(&o->add_addr.addr))
            put_bytes(&p, o->add_addr.addr.b + 12, 4);
        else
            put_bytes(&p, o->add_addr.addr.b, 16);
        if (o->add_addr.has_port)
            put(&p, o->add_addr.port, 2);
        if (o->add_addr.has_hmac)
            put_bytes(&p, o->add_addr.hmac, 8);
        break;
    case MPA_REMOVE_ADDR:
        put(&p, 0x40U | low, 1);
        put_bytes(&p, o->remove_addr.ids, o->remove_addr.count);
        break;
    case MPA_MP_PRIO:
        put(&p, 0x50U | low | o->prio.backup, 1);
        if (o->prio.has_id)
            put(&p, o->prio.id, 1);
        break;
    case MPA_MP_FAIL:
        put(&p, 0x6000, 2);
        put(&p, o->fail.dsn, 8);
        break;
    case MPA_MP_FASTCLOSE:
        put(&p, 0x7000, 2);
        put_bytes(&p, o->fastclose.key, 8);
        break;
    case MPA_MP_TCPRST:
        put(&p, 0x80U | o->tcprst.flags, 1);
        put(&p, o->tcprst.reason, 1);
        break;
    default:
        break;
    }
    CU_ASSERT_EQUAL(p - ret, o->len);
}

static void random_bytes(uint64_t *rng, uint8_t *ret, size_t size)
{
    while (size-- > 0)
        ret[size] = (uint8_t)(next(rng) >> 24);
}

static void make_capable(uint64_t *rng, struct mpa_option *o, enum mpa_dialect *d, uint8_t *flags)
{
    static const struct {
        uint8_t version, len, flags;
        enum mpa_dialect dialect;
    } forms[] = {
        {0, 12, S, MPA_DIALECT_RFC6824},     {0, 12, S | A, MPA_DIALECT_ICNP2017},
        {0, 20, A, MPA_DIALECT_APPLE_V0},    {1, 12, S, MPA_DIALECT_DRAFT_V1},
        {1, 12, S | A, MPA_DIALECT_RFC8684}, {1, 4, S, MPA_DIALECT_RFC8684},
        {1, 20, A, MPA_DIALECT_DRAFT_V1},    {1, 22, A, MPA_DIALECT_RFC8684},
        {1, 24, A, MPA_DIALECT_RFC8684},
    };
    size_t k = next(rng) % (sizeof(forms) / sizeof(forms[0]));

    o->len = forms[k].len;
    *d = forms[k].dialect;
    *flags = forms[k].flags;
    o->capable.version = forms[k].version;
    o->capable.flags = (uint8_t)next(rng);
    o->capable.has_sender_key = o->len >= 12;
    o->capable.has_receiver_key = o->len >= 20;
    o->capable.has_length = o->len >= 22;
    o->capable.has_checksum = o->len == 24;
    o->capable.length = (uint16_t)next(rng);
    o->capable.checksum = (uint16_t)next(rng);
    random_bytes(rng, o->capable.sender_key, 8);
    random_bytes(rng, o->capable.receiver_key, 8);
}

static void make_join(uint64_t *rng, struct mpa_option *o, uint8_t *flags)
{
    static const uint8_t hmac_size[3] = {0, 8, 20};
    static const uint8_t len[3] = {12, 16, 24};
    static const uint8_t tcp[3] = {S, S | A, A};
    size_t k = next(rng) % 3;

    o->len = len[k];
    *flags = tcp[k];
    o->join.hmac_size = hmac_size[k];
    o->join.backup = k < 2 && (next(rng) & 1);
    o->reserved = k < 2 ? next(rng) & 0x0e : 0;
    o->join.id = k < 2 ? (uint8_t)next(rng) : 0;
    o->join.token = (uint32_t)next(rng);
    o->join.nonce = (uint32_t)next(rng);
    random_bytes(rng, o->join.hmac, 20);
}

static void make_dss(uint64_t *rng, struct mpa_option *o)
{
    uint8_t flags = (uint8_t)next(rng);
    unsigned len = 4;

    if ((flags & (MPA_DSS_ACK | MPA_DSS_MAP)) == 0)
        flags |= MPA_DSS_ACK;
    o->reserved = flags & 0xe0;
    o->dss.flags = flags;
    o->dss.data_ack = next(rng) >> (flags & MPA_DSS_ACK8 ? 0 : 32);
    o->dss.dsn = next(rng) >> (flags & MPA_DSS_DSN8 ? 0 : 32);
    o->dss.ssn = (uint32_t)next(rng);
    o->dss.length = (uint16_t)next(rng);
    o->dss.checksum = (uint16_t)next(rng);
    o->dss.has_checksum = (flags & MPA_DSS_MAP) && (next(rng) & 1);
    if (flags & MPA_DSS_ACK)
        len += flags & MPA_DSS_ACK8 ? 8 : 4;
    if (flags & MPA_DSS_MAP)
        len += (flags & MPA_DSS_DSN8 ? 14U : 10U) + (o->dss.has_checksum ? 2U : 0U);
    o->len = (uint8_t)len;
}

static void make_add_addr(uint64_t *rng, struct mpa_option *o, enum mpa_dialect *d)
{
    static const enum mpa_dialect dialects[] = {MPA_DIALECT_RFC6824, MPA_DIALECT_ICNP2017,
                                                MPA_DIALECT_DRAFT_V1, MPA_DIALECT_RFC8684};
    struct mpa_add_addr *a = &o->add_addr;
    uint8_t bytes[16];
    bool v4 = next(rng) & 1;

    *d = dialects[next(rng) % 4];
    a->echo = *d != MPA_DIALECT_RFC6824 && (next(rng) & 1);
    a->has_port = next(rng) & 1;
    a->has_hmac = *d == MPA_DIALECT_DRAFT_V1 || (*d == MPA_DIALECT_RFC8684 && !a->echo);
    if (*d == MPA_DIALECT_RFC8684) {
        o->reserved = next(rng) & 0x0e;
        a->nibble = (uint8_t)(o->reserved | a->echo);
    } else {
        a->nibble = (uint8_t)((v4 ? 4 : 6) + (a->echo ? 8 : 0));
    }
    a->id = (uint8_t)next(rng);
    a->port = a->has_port ? (uint16_t)next(rng) : 0;
    random_bytes(rng, bytes, 16);
    random_bytes(rng, a->hmac, 8);
    a->addr = v4 ? mpa_addr_v4(bytes) : mpa_addr_v6(bytes);
    o->len = (uint8_t)(4 + (v4 ? 4 : 16) + (a->has_port ? 2 : 0) + (a->has_hmac ? 8 : 0));
}

static void make(uint64_t *rng, struct mpa_option *o, enum mpa_dialect *d, uint8_t *flags)
{
    memset(o, 0, sizeof(*o));
    *d = (enum mpa_dialect)(next(rng) % MPA_DIALECT_COUNT);
    *flags = A;
    o->subtype = (uint8_t)(next(rng) % 9);
    switch (o->subtype) {
    case MPA_MP_CAPABLE:
        make_capable(rng, o, d, flags);
        break;
    case MPA_MP_JOIN:
        make_join(rng, o, flags);
        break;
    case MPA_DSS:
        make_dss(rng, o);
        break;
    case MPA_ADD_ADDR:
        make_add_addr(rng, o, d);
        break;
    case MPA_REMOVE_ADDR:
        o->reserved = next(rng) & 0x0f;
        o->remove_addr.count = (uint8_t)(1 + next(rng) % MPA_REMOVE_MAX);
        random_bytes(rng, o->remove_addr.ids, MPA_REMOVE_MAX);
        o->len = (uint8_t)(3 + o->remove_addr.count);
        break;
    case MPA_MP_PRIO:
        o->reserved = next(rng) & 0x0e;
        o->prio.backup = next(rng) & 1;
        o->prio.has_id = next(rng) & 1;
        o->prio.id = (uint8_t)next(rng);
        *d = o->prio.has_id ? MPA_DIALECT_ICNP2017 : *d;
        o->len = o->prio.has_id ? 4 : 3;
        break;
    case MPA_MP_FAIL:
        o->fail.dsn = next(rng);
        o->len = 12;
        break;
    case MPA_MP_FASTCLOSE:
        random_bytes(rng, o->fastclose.key, 8);
        o->len = 12;
        break;
    default:
        *flags = R;
        *d = MPA_DIALECT_RFC8684;
        o->tcprst.flags = next(rng) & 0x0f;
        o->tcprst.transient = o->tcprst.flags & 1;
        o->tcprst.reason = (uint8_t)next(rng);
        o->reserved = o->tcprst.flags & 0x0e;
        o->len = 4;
        break;
    }
}

static void round_trip(void)
{
    uint64_t rng = 0x9e3779b97f4a7c15;
    unsigned i;

    for (i = 0; i < 50000; i++) {
        uint8_t bytes[40];
        char want[TEXT_MAX], got[TEXT_MAX];
        struct mpa_option o, back;
        enum mpa_dialect d;
        uint8_t flags;

        make(&rng, &o, &d, &flags);
        encode(&o, bytes);
        option_text(&o, want);
        mpa_option_decode(bytes, o.len, sizeof(bytes), flags, d, &back, NULL);
        option_text(&back, got);
        expect_text(mpa_dialect_name(d), got, want);
        /* While the dialect is open, the union is accepted, except reserved bits that could be an
         * IP version. */
        if (o.subtype != MPA_ADD_ADDR || o.reserved == 0) {
            mpa_option_decode(bytes, o.len, sizeof(bytes), flags, MPA_DIALECT_UNKNOWN, &back, NULL);
            option_text(&back, got);
            expect_text("unknown", got, want);
        }
    }
}

static bool one_of(unsigned value, const char *list)
{
    for (; *list; list++)
        if ((unsigned char)*list == value)
            return true;
    return false;
}

/* The specification again, in the words of the dialects rather than of a table: whether this may be
 * sent. */
static bool may_be_sent(unsigned subtype, unsigned len, unsigned low, unsigned byte3, unsigned tcp,
                        enum mpa_dialect d)
{
    bool syn = tcp & S, rst = tcp & R, ack = tcp & A;
    bool open = d == MPA_DIALECT_UNKNOWN || d == MPA_DIALECT_MIXED;
    bool v0 = d == MPA_DIALECT_RFC6824 || d == MPA_DIALECT_ICNP2017 || d == MPA_DIALECT_APPLE_V0;
    bool draft = d == MPA_DIALECT_DRAFT_V1;
    bool v1 = d == MPA_DIALECT_RFC8684 || d == MPA_DIALECT_RFC8684_EARLY;
    bool third = ack && !syn && !rst;
    unsigned n;

    switch (subtype) {
    case MPA_MP_CAPABLE:
        if (low > 1 && !open)
            return false;
        if ((v0 && low != 0) || ((draft || v1) && low != 1))
            return false;
        if (len == 4)
            return (v1 || (open && low != 0)) && syn && !ack && !rst;
        if (len == 12)
            return syn && !rst && (ack || !v1);
        if (len == 20)
            return third;
        return (len == 22 || len == 24) && third && (v1 || (open && low != 0));
    case MPA_MP_JOIN:
        return (len == 12 && syn && !ack && !rst) || (len == 16 && syn && ack && !rst) ||
               (len == 24 && third);
    case MPA_DSS:
        n = 4U + (byte3 & 1 ? (byte3 & 2 ? 8U : 4U) : 0U) +
            (byte3 & 4 ? (byte3 & 8 ? 14U : 10U) : 0U);
        return !syn && (byte3 & 5) && (len == n || (len == n + 2 && (byte3 & 4)));
    case MPA_ADD_ADDR:
        if (syn)
            return false;
        if (v1 || (open && low < 2))
            return one_of(len, low & 1 ? "\x08\x0a\x14\x16" : "\x10\x12\x1c\x1e");
        if (d == MPA_DIALECT_RFC6824 || d == MPA_DIALECT_APPLE_V0)
            return (low == 4 && one_of(len, "\x08\x0a")) || (low == 6 && one_of(len, "\x14\x16"));
        if (d == MPA_DIALECT_ICNP2017)
            return ((low == 4 || low == 12) && one_of(len, "\x08\x0a")) ||
                   ((low == 6 || low == 14) && one_of(len, "\x14\x16"));
        if (draft)
            return ((low == 4 || low == 12) && one_of(len, "\x10\x12")) ||
                   ((low == 6 || low == 14) && one_of(len, "\x1c\x1e"));
        return ((low == 4 || low == 12) && one_of(len, "\x08\x0a\x10\x12")) ||
               ((low == 6 || low == 14) && one_of(len, "\x14\x16\x1c\x1e"));
    case MPA_REMOVE_ADDR:
        return !syn && len >= 4 && len <= 40;
    case MPA_MP_PRIO:
        return !syn && (len == 3 || (len == 4 && !v1));
    case MPA_MP_FAIL:
        return !syn && len == 12;
    case MPA_MP_FASTCLOSE:
        return !syn && len == 12 && (!v0 || (ack && !rst));
    case MPA_MP_TCPRST:
        return len == 4 && rst && !syn && (v1 || open);
    default:
        return false;
    }
}

static void nothing_else_is_ok(void)
{
    static const uint8_t tcp[] = {0, S, A, S | A, R, R | A, R | S, A | MPA_TCP_FIN};
    static const uint8_t byte3[] = {0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x07, 0x08,
                                    0x0c, 0x0d, 0x0f, 0x10, 0x14, 0x1f, 0x81, 0xff};
    uint8_t bytes[42];
    unsigned first, len, k, t, d, wrong = 0;

    memset(bytes, 0, sizeof(bytes));
    bytes[0] = 30;
    for (first = 0; first < 256; first++)
        for (len = 0; len <= 41; len++)
            for (k = 0; k < sizeof(byte3); k++)
                for (t = 0; t < sizeof(tcp); t++)
                    for (d = 0; d < MPA_DIALECT_COUNT; d++) {
                        struct mpa_option o;
                        bool ok;

                        bytes[1] = (uint8_t)len;
                        bytes[2] = (uint8_t)first;
                        bytes[3] = byte3[k];
                        ok = mpa_option_decode(bytes, 40, 40, tcp[t], (enum mpa_dialect)d, &o,
                                               NULL) == MPA_COND_OK;
                        if (ok != may_be_sent(first >> 4, len, first & 15, byte3[k], tcp[t],
                                              (enum mpa_dialect)d) &&
                            wrong++ < 10)
                            fprintf(stderr, "\n1e%02x%02x%02x flags %02x %s: ok=%d\n", len, first,
                                    byte3[k], tcp[t], mpa_dialect_name((enum mpa_dialect)d), ok);
                    }
    CU_ASSERT_EQUAL(wrong, 0);
}

int suite_option_all(void)
{
    static const struct test tests[] = {
        {"encoded and decoded again", round_trip},
        {"nothing else is OK", nothing_else_is_ok},
    };

    return ADD_SUITE("option, all", tests);
}
