/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The flow table: four-tuples, both directions under one hash. */
#include "internal.h"

#include <sys/random.h>

bool flow_table_init(struct flow_table *f)
{
    /* Without randomness the hash still works, it can only be aimed at. */
    if (getrandom(f->key, sizeof f->key, GRND_NONBLOCK) != (ssize_t)sizeof f->key)
        f->key[0] = 0x9e3779b97f4a7c15u, f->key[1] = 0xc2b2ae3d27d4eb4fu;
    f->key[0] |= 1;
    f->key[1] |= 1;
    return table_init(&f->table);
}

static inline uint64_t endpoint_hash(const struct flow_table *f, const struct mpa_addr *a,
                                     uint16_t port)
{
    uint64_t h = (a->q[0] ^ f->key[1]) * f->key[0];

    h ^= h >> 32;
    h = (h ^ a->q[1] ^ (uint64_t)port << 17) * f->key[1];
    return h ^ h >> 29;
}

uint32_t flow_hash_tuple(const struct flow_table *f, const struct mpa_addr *src, uint16_t sport,
                         const struct mpa_addr *dst, uint16_t dport)
{
    uint64_t a = endpoint_hash(f, src, sport), b = endpoint_hash(f, dst, dport);
    /* Both directions must agree.  The product, because sums are often equal when two hosts exchange their ports. */
    uint64_t product = a * b, h = (a + b) ^ product ^ product >> 32;

    return (uint32_t)((h ^ h >> 32) * f->key[0] >> 32);
}

uint32_t flow_hash(const struct flow_table *f, const struct mpa_segment *seg)
{
    return flow_hash_tuple(f, &seg->src, seg->sport, &seg->dst, seg->dport);
}

struct mpa_flow *flow_find(const struct flow_table *f, uint32_t hash, const struct mpa_addr *src,
                           uint16_t sport, const struct mpa_addr *dst, uint16_t dport,
                           enum mpa_dir *ret_dir)
{
    for (const struct table_entry *e = table_seek(&f->table, hash); e->item;
         e = table_next(&f->table, e))
        if (e->hash == hash && flow_is(e->item, src, sport, dst, dport, ret_dir))
            return e->item;
    return NULL;
}

bool flow_insert(struct flow_table *f, struct mpa_flow *flow)
{
    uint32_t note = flow->port[MPA_TO_SERVER];

    if (flow != &flow->subflow->flow)
        note |= FLOW_IS_VIEW;
    return table_add(&f->table, flow, flow->hash, note);
}
