/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Payload and acknowledgements: what is new on the subflow and in the connection, what comes again, round-trip times. */
#include "internal.h"

#define ACK_AHEAD_MAX (64u << 20) /* An acknowledgement further ahead than this is not believed. */

/* One piece of payload that is new on its subflow, at the data level. */
static void see_data(struct pass *p, uint64_t dsn, uint64_t size)
{
    struct mpa_data_half *d = p->data;
    struct mpa_piece pieces[MPA_SPACE_PIECES];
    uint64_t before = d->seen.begun ? mpa_space_contiguous(&d->seen) : dsn;
    uint64_t fresh;
    int count;

    /* From the key we know where the data begins: what the capture lost in front of it is a hole. */
    if (!d->seen.begun && (d->flags & MPA_DATA_KEY) && dsn - d->idsn < SEQ_BASE) {
        mpa_space_see(&d->seen, d->idsn, d->idsn + 1, pieces, &fresh);
        before = d->idsn + 1;
    }
    count = mpa_space_see(&d->seen, dsn, dsn + size, pieces, &fresh);
    for (int i = 0; i < count; i++)
        if (pieces[i].fills)
            d->out_of_order += pieces[i].end - pieces[i].start;
    d->bytes += fresh;
    p->facts->new_data += (uint32_t)fresh;
    if (fresh < size) {
        p->facts->reinjected += (uint32_t)(size - fresh);
        p->sf->more[p->dir].reinjected += size - fresh;
    }
    p->facts->progress += mpa_space_contiguous(&d->seen) - before;
}

static void see_piece(struct pass *p, uint64_t start, uint64_t end)
{
    struct mpa_half *h = p->half;

    while (start < end) {
        uint64_t covered;
        uint64_t dsn = dss_lookup(h, start, &covered);

        if (covered == 0) { /* No mapping was captured for it: still data, of unknown place. */
            p->data->bytes += end - start;
            p->facts->new_data += (uint32_t)(end - start);
            return;
        }
        if (covered > end - start)
            covered = end - start;
        see_data(p, dsn, covered);
        start += covered;
    }
}

/* Begin to time a segment, where none is timed.  Karn: what was sent twice gives no sample. */
static void time_payload(struct pass *p, bool again)
{
    struct mpa_half_more *more = &p->sf->more[p->dir];

    if (!more->rtt)
        more->rtt = pool_get(&p->t->rtts);
    if (!more->rtt)
        return;
    if (again) {
        more->rtt->timed_end = 0;
    } else if (more->rtt->timed_end == 0) {
        more->rtt->timed_end = p->seq + p->seg->payload_size;
        more->rtt->timed_ns = p->seg->ns;
    }
}

static void see_payload(struct pass *p)
{
    struct mpa_half *h = p->half;
    struct mpa_piece pieces[MPA_SPACE_PIECES];
    uint64_t size = p->seg->payload_size, fresh;
    uint64_t before = h->seen.begun ? mpa_space_contiguous(&h->seen) : p->seq;
    int count = mpa_space_see(&h->seen, p->seq, p->seq + size, pieces, &fresh);

    h->flags |= MPA_HALF_PAYLOAD;
    h->bytes += fresh;
    if (fresh < size)
        p->sf->more[p->dir].retransmitted += size - fresh;
    p->facts->new_bytes = (uint32_t)fresh;
    p->facts->old_bytes = (uint32_t)(size - fresh);
    if (p->conn->protocol == MPA_PROTOCOL_MPTCP) {
        for (int i = 0; i < count; i++)
            see_piece(p, pieces[i].start, pieces[i].end);
    } else {
        p->facts->new_data = p->facts->declared = (uint32_t)fresh;
        p->facts->progress = mpa_space_contiguous(&h->seen) - before;
        p->data->bytes += fresh;
        for (int i = 0; i < count; i++)
            if (pieces[i].fills)
                p->data->out_of_order += pieces[i].end - pieces[i].start;
    }
    if (!p->t->config.no_rtt)
        time_payload(p, fresh < size);
}

static void see_fin(struct pass *p)
{
    struct mpa_half *h = p->half;
    struct mpa_piece pieces[MPA_SPACE_PIECES];
    uint64_t at = p->seq + p->seg->payload_size, fresh;

    mpa_space_see(&h->seen, at, at + 1, pieces, &fresh);
    if (h->flags & MPA_HALF_FIN)
        return;
    h->fin_seq = (uint32_t)at;
    h->flags |= MPA_HALF_FIN;
    tell(p, MPA_EVENT_FIN, NULL, NULL, 0);
    subflow_check_live(p);
}

static void add_rtt(struct mpa_rtt *rtt, uint64_t ack, int64_t ns)
{
    if (rtt->timed_end == 0 || ack < rtt->timed_end)
        return;
    rtt->timed_end = 0;
    mpa_samples_add(&rtt->samples, ns - rtt->timed_ns);
}

static void see_ack(struct pass *p)
{
    struct mpa_half *h = p->peer;
    struct mpa_half_more *more = &p->sf->more[other(p->dir)];
    uint64_t near = h->seen.begun ? h->seen.next : h->acked ? h->acked : SEQ_BASE + p->seg->ack;
    uint64_t ack = mpa_unwrap32(near, p->seg->ack);

    if (ack <= h->acked || (h->seen.begun && ack > h->seen.next + ACK_AHEAD_MAX))
        return;
    if (p->conn->protocol != MPA_PROTOCOL_MPTCP && h->acked)
        p->facts->data_acked = ack - h->acked;
    h->acked = ack;
    if (h->seen.begun) {
        if (h->seen.holes)
            more->unseen += mpa_space_settle(&h->seen, ack);
        if (ack > h->seen.next) {
            struct mpa_piece pieces[MPA_SPACE_PIECES];
            uint64_t fresh;

            /* Sent and received, but never captured: later copies of it are repetitions. */
            more->unseen += ack - h->seen.next;
            mpa_space_see(&h->seen, h->seen.next, ack, pieces, &fresh);
        }
    }
    if (!p->t->config.no_rtt && more->rtt)
        add_rtt(more->rtt, ack, p->seg->ns);
    if ((h->flags & MPA_HALF_FIN) && (int32_t)(p->seg->ack - h->fin_seq) > 0) {
        h->flags |= MPA_HALF_FIN_ACKED;
        if (p->conn->closed_ns)
            timer_set(p->t, p->conn); /* In good order: it may leave sooner. */
    }
}

/* A probe repeats the last number before the next: no data of interest (RFC 1122 4.2.3.6). */
static bool is_keepalive(const struct mpa_half *h, const struct pass *p)
{
    return p->seg->payload_size <= 1 && !(p->seg->flags & MPA_TCP_FIN) && h->seen.begun &&
           p->seq + 1 == h->seen.next && (h->flags & MPA_HALF_PAYLOAD) && p->seg->payload_size == 1;
}

void data_apply(struct pass *p)
{
    const struct mpa_segment *seg = p->seg;
    const struct mpa_half *h = p->half;

    if (seg->payload_size) {
        if (is_keepalive(h, p))
            p->facts->keepalive = true;
        else
            see_payload(p);
    }
    if (seg->flags & MPA_TCP_ACK)
        see_ack(p);
    if (seg->flags & MPA_TCP_FIN)
        see_fin(p);
}
