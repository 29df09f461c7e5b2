/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every MPTCP option of a segment: decoded in the connection's dialect, counted, applied. */
#include "internal.h"

static enum mpa_word count_capable(const struct mpa_option *o, uint8_t tcp_flags)
{
    if (tcp_flags & MPA_TCP_SYN)
        return tcp_flags & MPA_TCP_ACK ? MPA_OPT_COUNT_MP_CAPABLE_SYNACK
                                       : MPA_OPT_COUNT_MP_CAPABLE_SYN;
    return o->capable.has_length ? MPA_OPT_COUNT_MP_CAPABLE_DATA : MPA_OPT_COUNT_MP_CAPABLE_ACK;
}

static enum mpa_word count_join(uint8_t tcp_flags)
{
    if (tcp_flags & MPA_TCP_SYN)
        return tcp_flags & MPA_TCP_ACK ? MPA_OPT_COUNT_MP_JOIN_SYNACK : MPA_OPT_COUNT_MP_JOIN_SYN;
    return MPA_OPT_COUNT_MP_JOIN_ACK;
}

/* The row of the options table that this option counts in. */
static enum mpa_word count_row(const struct mpa_option *o, uint8_t tcp_flags)
{
    static const uint8_t rows[] = {
        [MPA_DSS] = MPA_OPT_COUNT_DSS,
        [MPA_REMOVE_ADDR] = MPA_OPT_COUNT_REMOVE_ADDR,
        [MPA_MP_PRIO] = MPA_OPT_COUNT_MP_PRIO,
        [MPA_MP_FAIL] = MPA_OPT_COUNT_MP_FAIL,
        [MPA_MP_FASTCLOSE] = MPA_OPT_COUNT_MP_FASTCLOSE,
        [MPA_MP_TCPRST] = MPA_OPT_COUNT_MP_TCPRST,
    };

    if (o->subtype == MPA_DSS && (o->cond == MPA_COND_OK || o->cond == MPA_COND_ILLEGAL))
        return MPA_OPT_COUNT_DSS;
    switch (o->cond) {
    case MPA_COND_TRUNCATED:
        return MPA_OPT_COUNT_TRUNCATED;
    case MPA_COND_MALFORMED:
        return MPA_OPT_COUNT_MALFORMED;
    case MPA_COND_UNKNOWN:
        return MPA_OPT_COUNT_UNKNOWN;
    default:
        break;
    }
    switch (o->subtype) {
    case MPA_MP_CAPABLE:
        return count_capable(o, tcp_flags);
    case MPA_MP_JOIN:
        return count_join(tcp_flags);
    case MPA_ADD_ADDR:
        return o->add_addr.echo ? MPA_OPT_COUNT_ADD_ADDR_ECHO : MPA_OPT_COUNT_ADD_ADDR;
    default:
        return o->subtype < sizeof rows && rows[o->subtype] ? (enum mpa_word)rows[o->subtype]
                                                            : MPA_OPT_COUNT_UNKNOWN;
    }
}

#define PRIO_SUBFLOWS 1024 /* That one MP_PRIO is tried on. */

static void set_prio(struct pass *p, struct mpa_subflow *sf, bool backup)
{
    sf->half[p->dir].backup = backup;
    if (sf->role == MPA_ROLE_INITIAL && backup && p->conn->prio_ns == 0)
        p->conn->prio_ns = p->seg->ns;
}

static void apply_prio(struct pass *p, const struct mpa_option *o)
{
    int n = 0;

    if (o->len == 4)
        dialect_note(p->t, p->conn, MPA_EV_PRIO4);
    if (!o->prio.has_id)
        set_prio(p, p->sf, o->prio.backup);
    else
        for (struct mpa_subflow *sf = p->conn->subflows; sf && n < PRIO_SUBFLOWS;
             sf = sf->next, n++)
            if (sf->half[p->dir].address_id == o->prio.id)
                set_prio(p, sf, o->prio.backup);
    tell(p, MPA_EVENT_PRIO, o, NULL, o->prio.backup);
}

static void apply_one(struct pass *p, const struct mpa_option *o)
{
    switch (o->subtype) {
    case MPA_MP_CAPABLE:
        handshake_capable(p, o);
        if (o->capable.has_length)
            dss_first_data(p, &o->capable);
        break;
    case MPA_MP_JOIN:
        join_apply(p, o);
        break;
    case MPA_DSS:
        dss_apply(p, o);
        break;
    case MPA_ADD_ADDR:
        advert_apply(p, o);
        break;
    case MPA_REMOVE_ADDR:
        advert_remove(p, o);
        break;
    case MPA_MP_PRIO:
        apply_prio(p, o);
        break;
    case MPA_MP_FAIL:
        p->conn->flags |= MPA_CONN_MP_FAIL;
        tell(p, MPA_EVENT_MP_FAIL, o, NULL, 0);
        break;
    case MPA_MP_FASTCLOSE:
        p->data->flags |= MPA_DATA_FASTCLOSE;
        tell(p, MPA_EVENT_FASTCLOSE, o, NULL, 0);
        break;
    case MPA_MP_TCPRST:
        dialect_note(p->t, p->conn, MPA_EV_TCPRST);
        break;
    default:
        break;
    }
}

/* Whether the segment shows a connection to be MPTCP whose handshake was not captured. */
static void upgrade(struct pass *p, const struct mpa_option *o)
{
    struct mpa_subflow *sf = p->sf;

    if (p->conn->protocol != MPA_PROTOCOL_TCP || o->cond != MPA_COND_OK)
        return;
    if ((sf->flags & MPA_SF_MIDSTREAM) || (sf->syn_ns == 0 && !(p->seg->flags & MPA_TCP_SYN)))
        p->conn->protocol = MPA_PROTOCOL_MPTCP;
}

static enum mpa_cond decode(const struct mpa_segment *seg, int which, enum mpa_dialect dialect,
                            struct mpa_option *ret)
{
    unsigned at = seg->mptcp_at[which];

    return mpa_option_decode(seg->options + at, (size_t)seg->options_captured - at,
                             (size_t)seg->options_size - at, seg->flags, dialect, ret, NULL);
}

/* A SYN is the first that is seen of most connections; later their dialect is known, and it is mostly this one. */
static inline enum mpa_dialect likely_dialect(const struct mpa_segment *seg)
{
    return (seg->flags & (MPA_TCP_SYN | MPA_TCP_ACK)) == MPA_TCP_SYN ? MPA_DIALECT_UNKNOWN
                                                                     : MPA_DIALECT_RFC8684;
}

/* The token that is most likely looked for when the turn of the segment comes. */
static bool find_token(struct mpa_segment *seg)
{
    const struct mpa_option *o = &seg->option;
    uint64_t idsn;

    if (o->subtype == MPA_MP_JOIN && o->cond == MPA_COND_OK &&
        (seg->flags & (MPA_TCP_SYN | MPA_TCP_ACK)) == MPA_TCP_SYN) {
        seg->token = o->join.token;
        return true;
    }
    /* Version 0 is illegal in the dialect that was assumed. */
    if (o->subtype != MPA_MP_CAPABLE || (o->cond != MPA_COND_OK && o->cond != MPA_COND_ILLEGAL) ||
        !o->capable.has_sender_key)
        return false;
    mpa_crypto_key(o->capable.version == 0 ? MPA_SHA1 : MPA_SHA256, o->capable.sender_key,
                   &seg->token, &idsn);
    return true;
}

void options_ahead(struct mpa_segment *seg)
{
    seg->lone = seg->mptcp_count == 1;
    seg->dss_only = seg->lone && decode(seg, 0, likely_dialect(seg), &seg->option) == MPA_COND_OK &&
                    seg->option.subtype == MPA_DSS;
    seg->has_token = seg->lone && find_token(seg);
}

static inline void take(struct pass *p, const struct mpa_option *o, enum mpa_word row)
{
    p->t->counts.options[row - MPA_OPT_FIRST].v[p->dir]++;
    p->had_mptcp = true;
    upgrade(p, o);
    if (p->t->config.observer.options || p->t->config.also.options)
        tell(p, MPA_EVENT_OPTION, o, NULL, 0);
}

/* Not inlined, so that its many cases are not in the way of a lone DSS. */
__attribute__((noinline)) static void apply_each(struct pass *p)
{
    const struct mpa_segment *seg = p->seg;

    for (int i = 0; i < seg->mptcp_count; i++) {
        enum mpa_dialect as = dialect_decoded_as[p->conn->dialect];
        const struct mpa_option *o = &seg->option;
        struct mpa_option decoded;

        if (!seg->prepared || !seg->lone || as != likely_dialect(seg)) {
            decode(seg, i, as, &decoded);
            o = &decoded;
        }
        take(p, o, count_row(o, seg->flags));
        if (o->cond == MPA_COND_OK || (o->cond == MPA_COND_ILLEGAL && o->subtype != MPA_DSS))
            apply_one(p, o);
    }
}

__attribute__((flatten)) void options_apply(struct pass *p)
{
    const struct mpa_segment *seg = p->seg;

    if (seg->prepared && seg->dss_only) {
        take(p, &seg->option, MPA_OPT_COUNT_DSS);
        dss_apply(p, &seg->option);
    } else {
        apply_each(p);
    }
    if (p->had_mptcp && !(seg->flags & MPA_TCP_SYN))
        p->half->flags |= MPA_HALF_OPTIONS;
}
