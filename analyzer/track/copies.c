/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copies: the same packet captured again on another interface, before or after NAT or encapsulation (protocol reference C.0).
 *
 * A packet is known by what routers and translators leave alone.  The same within 10 ms but with another layer 2, TTL or
 * four-tuple is a copy; the same in everything is a duplicate that the network made, and counts.
 */
#include "internal.h"

#define COPY_NS 10000000

static inline uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9fb21c651e98df25u;
    return h ^ h >> 32;
}

/* Keys, tokens and nonces: SYNs of two hosts may be equal in all else. */
static uint64_t mix_options(uint64_t h, const struct mpa_segment *seg)
{
    for (int i = 0; i < seg->mptcp_count; i++)
        for (unsigned at = seg->mptcp_at[i], end = at + seg->options[at + 1]; at < end; at++)
            h = mix(h, seg->options[at]);
    return h;
}

uint64_t copy_print(const struct mpa_segment *seg)
{
    uint64_t h = mix(0x2545f4914f6cdd1du, (uint64_t)seg->seq << 32 | seg->ack);

    h = mix(h, (uint64_t)seg->flags << 56 | (uint64_t)seg->window << 40 |
                   (uint64_t)seg->ip_id << 24 | (uint64_t)seg->options_size << 16 | seg->v6);
    h = mix(h, seg->payload_size);
    if (seg->has_ts)
        h = mix(h, (uint64_t)seg->tsval << 32 | seg->tsecr);
    if ((seg->flags & MPA_TCP_SYN) && seg->mptcp_count && !seg->options_truncated &&
        !seg->options_malformed)
        h = mix_options(h, seg);
    return h | 1; /* 0 is an empty slot. */
}

/* Where a packet was seen. */
static inline uint32_t place(const struct mpa_segment *seg, uint32_t flow_hash)
{
    return (uint32_t)mix((uint64_t)seg->l2_hash << 32 | flow_hash, seg->ttl);
}

uint32_t copy_look(struct copy_slot *slots, const struct mpa_segment *seg, uint64_t print,
                   uint32_t flow_hash, uint32_t number)
{
    struct copy_slot *slot = copy_slot(slots, print);
    uint32_t here = place(seg, flow_hash);

    if (slot->print == print && slot->place != here && seg->ns - slot->ns <= COPY_NS &&
        slot->ns - seg->ns <= COPY_NS)
        return number - slot->number;
    *slot = (struct copy_slot){.print = print, .ns = seg->ns, .number = number, .place = here};
    return 0;
}

struct mpa_subflow *copy_first_view(const struct copy_seen *seen, uint32_t number,
                                    enum mpa_dir *ret_dir)
{
    const struct copy_seen *s = &seen[number & (COPY_SEEN - 1)];
    struct mpa_subflow *sf = s->subflow;

    if (!sf || s->number != number)
        return NULL;
    if (!sf->conn || (uint32_t)sf->conn->id << 1 != (s->conn_and_dir & ~1u))
        return NULL;
    *ret_dir = (enum mpa_dir)(s->conn_and_dir & 1);
    return sf;
}

void copy_note(struct copy_seen *seen, uint32_t number, uint32_t copy_of,
               struct mpa_subflow *subflow, enum mpa_dir dir)
{
    number -= copy_of;
    if (copy_of > COPY_SEEN)
        return; /* The first view's place is another's by now. */
    seen[number & (COPY_SEEN - 1)] =
        (struct copy_seen){.subflow = subflow,
                           .number = number,
                           .conn_and_dir = (uint32_t)subflow->conn->id << 1 | (uint32_t)dir};
}
