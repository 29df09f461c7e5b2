/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When a connection stops being MPTCP, and why (RFC 8684 3.1 and 3.7).  A capture that cut the options decides nothing. */
#include "internal.h"

void fallback_set(struct pass *p, enum mpa_word reason)
{
    struct mpa_conn *c = p->conn;

    if (c->fallback != MPA_FALLBACK_REASON_NONE || c->protocol != MPA_PROTOCOL_MPTCP)
        return;
    c->fallback = (uint8_t)reason;
    c->protocol = MPA_PROTOCOL_FALLBACK;
    c->fallback_ns = p->seg->ns;
    c->fallback_frame = frame_of(p->seg);
    tell(p, MPA_EVENT_FALLBACK, NULL, NULL, reason);
}

static void check_synack(struct pass *p)
{
    if (!(p->seg->flags & MPA_TCP_ACK) || p->has_capable || p->rival ||
        !(p->sf->flags & MPA_SF_SYN_CAPABLE) || p->data->flags & MPA_DATA_CAPABLE)
        return;
    fallback_set(p, p->sf->flags & MPA_SF_PLAIN_SYN ? MPA_FALLBACK_REASON_SYN_DROPPED
                                                    : MPA_FALLBACK_REASON_SYNACK_PLAIN);
}

/* Payload that no mapping covers, before the peer confirmed the data level. */
static bool unmapped(const struct pass *p)
{
    const struct mpa_half *h = p->half;
    uint64_t covered;

    if (p->data->acked || p->seq < h->seen.next)
        return false;
    dss_lookup(h, p->seq, &covered);
    return covered == 0;
}

void fallback_check(struct pass *p)
{
    const struct mpa_segment *seg = p->seg;
    const struct mpa_subflow *sf = p->sf;
    const struct mpa_half *h = p->half;

    if (p->conn->protocol != MPA_PROTOCOL_MPTCP || sf->role != MPA_ROLE_INITIAL ||
        seg->options_truncated || seg->options_malformed)
        return;
    if (seg->flags & MPA_TCP_SYN) {
        check_synack(p);
        return;
    }
    if ((seg->flags & MPA_TCP_RST) || p->had_mptcp || (sf->flags & MPA_SF_MIDSTREAM) ||
        !(h->flags & MPA_HALF_SYN))
        return;
    if (!(h->flags & MPA_HALF_OPTIONS) && p->dir == opener(sf)) {
        /* The third ACK, or whatever of the opener the capture has first. */
        if (p->peer->flags & MPA_HALF_SYN)
            fallback_set(p, MPA_FALLBACK_REASON_ACK_PLAIN);
    } else if (seg->payload_size && !(h->flags & MPA_HALF_DSS)) {
        uint64_t covered;

        dss_lookup(h, p->seq, &covered); /* Segments of the first data's mapping need no option. */
        if (covered == 0)
            fallback_set(p, MPA_FALLBACK_REASON_DATA_PLAIN);
    } else if (seg->payload_size && unmapped(p)) {
        fallback_set(p, MPA_FALLBACK_REASON_DSS);
    }
}
