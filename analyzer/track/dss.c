/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Data sequence numbers: mappings, Data ACKs, DATA_FIN (RFC 8684 3.3). */
#include "internal.h"

uint64_t mpa_data_expand(const struct mpa_data_half *d, uint64_t value, bool wide)
{
    if (wide)
        return value;
    if (d->seen.begun)
        return mpa_unwrap32(d->seen.next, (uint32_t)value);
    if (d->acked)
        return mpa_unwrap32(d->acked, (uint32_t)value);
    if (d->flags & MPA_DATA_KEY)
        return mpa_unwrap32(d->idsn + 1, (uint32_t)value);
    return SEQ_BASE + (uint32_t)value; /* Only the low half is known. */
}

void dss_rebase(struct mpa_conn *c, enum mpa_dir dir, uint64_t near)
{
    struct mpa_data_half *d = &c->data[dir];
    uint64_t known = d->seen.begun       ? d->seen.next
                     : d->declared.begun ? d->declared.next
                     : d->acked          ? d->acked
                                         : d->fin_dsn;
    uint64_t by = mpa_unwrap32(near, (uint32_t)known) - known;

    if (!(d->flags & MPA_DATA_LOW))
        return;
    d->flags &= (uint8_t)~MPA_DATA_LOW;
    mpa_space_shift(&d->seen, by);
    mpa_space_shift(&d->declared, by);
    if (d->acked)
        d->acked += by;
    d->fin_dsn += by;
    for (struct mpa_subflow *sf = c->subflows; sf; sf = sf->next)
        for (int i = 0; i < MPA_MAPPINGS; i++)
            if (sf->half[dir].map[i].size)
                sf->half[dir].map[i].dsn += by;
}

/* The number as mpa_data_expand() says it, and what it shows of those before it. */
static inline uint64_t expand(struct pass *p, struct mpa_data_half *d, uint64_t value, bool wide)
{
    if (wide) {
        if (d->flags & MPA_DATA_LOW)
            dss_rebase(p->conn, (enum mpa_dir)(d - p->conn->data), value);
        return value;
    }
    if (!d->seen.begun && !d->acked &&
        (!(d->flags & MPA_DATA_KEY) || (p->conn->flags & MPA_CONN_UNDECIDED)))
        d->flags |= MPA_DATA_LOW;
    return mpa_data_expand(d, value, false);
}

static void apply_ack(struct pass *p, const struct mpa_dss *dss)
{
    struct mpa_data_half *d = p->peer_data;
    uint64_t ack = expand(p, d, dss->data_ack, (dss->flags & MPA_DSS_ACK8) != 0);

    if (d->acked && (int64_t)(ack - d->acked) <= 0)
        return;
    if (d->acked)
        p->facts->data_acked = ack - d->acked;
    else if (d->flags & MPA_DATA_KEY && ack > d->idsn + 1)
        p->facts->data_acked = ack - d->idsn - 1;
    d->acked = ack;
    if (d->seen.holes)
        mpa_space_settle(&d->seen, ack);
    if ((d->flags & MPA_DATA_FIN) && (int64_t)(ack - d->fin_dsn) > 0)
        d->flags |= MPA_DATA_FIN_ACKED;
}

/* 'size' bytes from subflow sequence number 'low' (as on the wire) carry 'dsn' on. */
static inline void declare(struct pass *p, uint64_t dsn, uint32_t low, uint32_t size)
{
    struct mpa_half *h = p->half;
    struct mpa_piece pieces[MPA_SPACE_PIECES];
    uint64_t fresh = 0;
    struct mpa_mapping m = {dsn, mpa_unwrap32(p->seq, low), size};

    mpa_space_see(&p->data->declared, dsn, dsn + size, pieces, &fresh);
    p->facts->declared += (uint32_t)fresh;
    if (h->map[0].dsn == m.dsn && h->map[0].seq == m.seq && h->map[0].size == m.size)
        return;
    for (int i = MPA_MAPPINGS - 1; i > 0; i--)
        h->map[i] = h->map[i - 1];
    h->map[0] = m;
}

/* The sender's initial sequence number where no SYN was captured: no mapping begins after the segment that carries it, therefore the
   smallest difference seen is the best one, and exact from the first segment of a mapping on. */
static bool find_isn(struct pass *p, const struct mpa_dss *dss)
{
    struct mpa_half *h = p->half;
    uint32_t candidate = p->seg->seq - dss->ssn;

    if (h->flags & MPA_HALF_ISN) {
        if (!(p->sf->flags & MPA_SF_MIDSTREAM) || (int32_t)(candidate - h->isn) >= 0)
            return true;
    } else if (p->seg->payload_size == 0) {
        return false;
    }
    h->isn = candidate;
    h->flags |= MPA_HALF_ISN;
    return true;
}

static void apply_fin(struct pass *p, const struct mpa_option *o, uint64_t fin_dsn)
{
    struct mpa_data_half *d = p->data;

    if (d->flags & MPA_DATA_FIN)
        return;
    d->fin_dsn = fin_dsn;
    d->flags |= MPA_DATA_FIN;
    if (d->acked && (int64_t)(d->acked - fin_dsn) > 0)
        d->flags |= MPA_DATA_FIN_ACKED;
    tell(p, MPA_EVENT_DATA_FIN, o, NULL, 0);
}

static void apply_map(struct pass *p, const struct mpa_option *o)
{
    const struct mpa_dss *dss = &o->dss;
    struct mpa_data_half *d = p->data;
    bool fin = (dss->flags & MPA_DSS_FIN) != 0;
    uint64_t dsn = expand(p, d, dss->dsn, (dss->flags & MPA_DSS_DSN8) != 0);
    uint32_t size = dss->length;

    if (size == 0) {
        p->conn->flags |= MPA_CONN_INFINITE;
        fallback_set(p, p->conn->flags & MPA_CONN_MP_FAIL ? MPA_FALLBACK_REASON_CHECKSUM
                                                          : MPA_FALLBACK_REASON_INFINITE_MAP);
        return;
    }
    d->flags |= (uint8_t)((dss->flags & MPA_DSS_DSN8) / MPA_DSS_DSN8 * MPA_DATA_WIDE);
    if (fin)
        size--;
    if (size && find_isn(p, dss))
        declare(p, dsn, mpa_subflow_zero(p->sf, p->dir) + dss->ssn, size);
    if (fin)
        apply_fin(p, o, dsn + size);
}

void dss_apply(struct pass *p, const struct mpa_option *o)
{
    p->has_dss = true;
    p->half->flags |= MPA_HALF_DSS;
    if (p->conn->protocol != MPA_PROTOCOL_MPTCP)
        return;
    if (o->dss.flags & MPA_DSS_ACK)
        apply_ack(p, &o->dss);
    if (o->dss.flags & MPA_DSS_MAP)
        apply_map(p, o);
}

void dss_first_data(struct pass *p, const struct mpa_capable *cap)
{
    const struct mpa_data_half *d = p->data;
    const struct mpa_half *h = p->half;

    if (p->conn->protocol != MPA_PROTOCOL_MPTCP || !(d->flags & MPA_DATA_KEY) || cap->length == 0)
        return;
    if (h->flags & MPA_HALF_ISN) {
        handshake_fast_open(p, p->seg->seq);
        declare(p, d->idsn + 1, mpa_subflow_zero(p->sf, p->dir) + 1, cap->length);
    }
}

uint64_t dss_lookup(const struct mpa_half *h, uint64_t seq, uint64_t *ret_size)
{
    for (int i = 0; i < MPA_MAPPINGS; i++) {
        const struct mpa_mapping *m = &h->map[i];

        if (seq - m->seq < m->size) {
            *ret_size = m->size - (seq - m->seq);
            return m->dsn + (seq - m->seq);
        }
    }
    *ret_size = 0;
    return 0;
}
