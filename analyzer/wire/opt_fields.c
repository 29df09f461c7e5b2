/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Byte spans of decoded options, for whoever shows them (the plugin).  Not on the path of the
 * analyzer. */
#include "opt.h"

static void put(struct mpa_fields *f, enum mpa_field_id id, unsigned offset, unsigned size,
                uint64_t value)
{
    if (f->count == MPA_FIELDS_MAX)
        return;
    f->at[f->count].id = (uint8_t)id;
    f->at[f->count].offset = (uint8_t)offset;
    f->at[f->count].size = (uint8_t)size;
    f->at[f->count].value = value;
    f->count++;
}

static void put_bit(struct mpa_fields *f, enum mpa_field_id id, unsigned offset, bool bit)
{
    put(f, id, offset, 1, bit ? 1 : 0);
}

static void capable(const struct mpa_capable *c, struct mpa_fields *f)
{
    put(f, MPA_FIELD_CAPABLE_VERSION, 2, 1, c->version);
    put_bit(f, MPA_FIELD_CAPABLE_A, 3, c->flags & MPA_CAPABLE_A);
    put_bit(f, MPA_FIELD_CAPABLE_B, 3, c->flags & MPA_CAPABLE_B);
    put_bit(f, MPA_FIELD_CAPABLE_C, 3, c->flags & MPA_CAPABLE_C);
    put(f, MPA_FIELD_CAPABLE_RESERVED, 3, 1, c->flags & 0x1e);
    put_bit(f, MPA_FIELD_CAPABLE_H, 3, c->flags & MPA_CAPABLE_H);
    if (c->has_sender_key)
        put(f, MPA_FIELD_CAPABLE_KEY_SENDER, 4, 8, 0);
    if (c->has_receiver_key)
        put(f, MPA_FIELD_CAPABLE_KEY_RECEIVER, 12, 8, 0);
    if (c->has_length)
        put(f, MPA_FIELD_CAPABLE_LENGTH, 20, 2, c->length);
    if (c->has_checksum)
        put(f, MPA_FIELD_CAPABLE_CHECKSUM, 22, 2, c->checksum);
}

static void join(const uint8_t *p, const struct mpa_join *j, struct mpa_fields *f)
{
    if (j->hmac_size == 20) {
        /* The twelve bits after the subtype. */
        put(f, MPA_FIELD_JOIN_RESERVED, 2, 2, mpa_load16(p + 2) & 0x0fffU);
        put(f, MPA_FIELD_JOIN_HMAC, 4, 20, 0);
        return;
    }
    put(f, MPA_FIELD_JOIN_RESERVED, 2, 1, p[2] & 0x0e);
    put_bit(f, MPA_FIELD_JOIN_BACKUP, 2, j->backup);
    put(f, MPA_FIELD_JOIN_ID, 3, 1, j->id);
    if (j->hmac_size == 0) {
        put(f, MPA_FIELD_JOIN_TOKEN, 4, 4, j->token);
        put(f, MPA_FIELD_JOIN_NONCE, 8, 4, j->nonce);
    } else {
        put(f, MPA_FIELD_JOIN_HMAC, 4, 8, 0);
        put(f, MPA_FIELD_JOIN_NONCE, 12, 4, j->nonce);
    }
}

static void dss(const struct mpa_dss *d, struct mpa_fields *f)
{
    unsigned at = 4;

    put(f, MPA_FIELD_DSS_RESERVED, 3, 1, d->flags & 0xe0);
    put_bit(f, MPA_FIELD_DSS_FIN, 3, d->flags & MPA_DSS_FIN);
    put_bit(f, MPA_FIELD_DSS_DSN8, 3, d->flags & MPA_DSS_DSN8);
    put_bit(f, MPA_FIELD_DSS_MAP, 3, d->flags & MPA_DSS_MAP);
    put_bit(f, MPA_FIELD_DSS_ACK8, 3, d->flags & MPA_DSS_ACK8);
    put_bit(f, MPA_FIELD_DSS_ACKP, 3, d->flags & MPA_DSS_ACK);
    if (d->flags & MPA_DSS_ACK) {
        unsigned size = d->flags & MPA_DSS_ACK8 ? 8 : 4;

        put(f, MPA_FIELD_DSS_ACK, at, size, d->data_ack);
        at += size;
    }
    if (d->flags & MPA_DSS_MAP) {
        unsigned size = d->flags & MPA_DSS_DSN8 ? 8 : 4;

        put(f, MPA_FIELD_DSS_DSN, at, size, d->dsn);
        at += size;
        put(f, MPA_FIELD_DSS_SSN, at, 4, d->ssn);
        put(f, MPA_FIELD_DSS_LENGTH, at + 4, 2, d->length);
        if (d->has_checksum)
            put(f, MPA_FIELD_DSS_CHECKSUM, at + 6, 2, d->checksum);
    }
}

static void add_addr(const struct mpa_add_addr *a, uint8_t len, struct mpa_fields *f)
{
    unsigned size = len - 4U - (a->has_port ? 2U : 0U) - (a->has_hmac ? 8U : 0U);

    put(f, MPA_FIELD_ADD_NIBBLE, 2, 1, a->nibble);
    put_bit(f, MPA_FIELD_ADD_ECHO, 2, a->echo);
    put(f, MPA_FIELD_ADD_ID, 3, 1, a->id);
    put(f, MPA_FIELD_ADD_ADDR, 4, size, 0);
    if (a->has_port)
        put(f, MPA_FIELD_ADD_PORT, 4 + size, 2, a->port);
    if (a->has_hmac)
        put(f, MPA_FIELD_ADD_HMAC, len - 8U, 8, 0);
}

static void other(const uint8_t *p, const struct mpa_option *opt, struct mpa_fields *f)
{
    switch (opt->subtype) {
    case MPA_REMOVE_ADDR:
        put(f, MPA_FIELD_REMOVE_RESERVED, 2, 1, opt->remove_addr.reserved);
        put(f, MPA_FIELD_REMOVE_IDS, 3, opt->len - 3U, 0);
        break;
    case MPA_MP_PRIO:
        put(f, MPA_FIELD_PRIO_RESERVED, 2, 1, opt->reserved);
        put_bit(f, MPA_FIELD_PRIO_BACKUP, 2, opt->prio.backup);
        if (opt->prio.has_id)
            put(f, MPA_FIELD_PRIO_ID, 3, 1, opt->prio.id);
        break;
    case MPA_MP_FAIL:
        put(f, MPA_FIELD_FAIL_RESERVED, 2, 2, mpa_load16(p + 2) & 0x0fffU);
        put(f, MPA_FIELD_FAIL_DSN, 4, 8, opt->fail.dsn);
        break;
    case MPA_MP_FASTCLOSE:
        put(f, MPA_FIELD_FASTCLOSE_RESERVED, 2, 2, mpa_load16(p + 2) & 0x0fffU);
        put(f, MPA_FIELD_FASTCLOSE_KEY, 4, 8, 0);
        break;
    case MPA_MP_TCPRST:
        put(f, MPA_FIELD_RST_RESERVED, 2, 1, opt->reserved);
        put_bit(f, MPA_FIELD_RST_TRANSIENT, 2, opt->tcprst.transient);
        put(f, MPA_FIELD_RST_REASON, 3, 1, opt->tcprst.reason);
        break;
    default:
        break;
    }
}

void mpa_opt_fields(const uint8_t *p, const struct mpa_option *opt, struct mpa_fields *ret)
{
    ret->count = 0;
    if (opt->subtype == MPA_SUBTYPE_NONE)
        return;
    put(ret, MPA_FIELD_SUBTYPE, 2, 1, opt->subtype);
    if (opt->cond != MPA_COND_OK && opt->cond != MPA_COND_ILLEGAL)
        return;
    switch (opt->subtype) {
    case MPA_MP_CAPABLE:
        capable(&opt->capable, ret);
        break;
    case MPA_MP_JOIN:
        join(p, &opt->join, ret);
        break;
    case MPA_DSS:
        dss(&opt->dss, ret);
        break;
    case MPA_ADD_ADDR:
        add_addr(&opt->add_addr, opt->len, ret);
        break;
    default:
        other(p, opt, ret);
        break;
    }
}
