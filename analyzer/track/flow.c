/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The flow table: four-tuples, both directions under one hash. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define FLOW_BUCKETS 1024u

int flow_table_init(struct flow_table *f)
{
    f->buckets = calloc(FLOW_BUCKETS, sizeof *f->buckets);
    if (!f->buckets)
        return MPA_ERR_NOMEM;
    f->mask = FLOW_BUCKETS - 1;
    f->count = 0;
    /* Without randomness the hash still works, it can only be aimed at. */
    if (getrandom(f->key, sizeof f->key, GRND_NONBLOCK) != (ssize_t)sizeof f->key)
        f->key[0] = 0x9e3779b97f4a7c15u, f->key[1] = 0xc2b2ae3d27d4eb4fu;
    f->key[0] |= 1;
    f->key[1] |= 1;
    return MPA_OK;
}

void flow_table_close(struct flow_table *f)
{
    free(f->buckets);
    f->buckets = NULL;
}

void flow_table_clear(struct flow_table *f)
{
    memset(f->buckets, 0, (f->mask + 1) * sizeof *f->buckets);
    f->count = 0;
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
    /* A sum, because both directions must agree. */
    uint64_t h = (endpoint_hash(f, src, sport) + endpoint_hash(f, dst, dport)) * f->key[0];

    return (uint32_t)(h >> 32);
}

uint32_t flow_hash(const struct flow_table *f, const struct mpa_segment *seg)
{
    return flow_hash_tuple(f, &seg->src, seg->sport, &seg->dst, seg->dport);
}

struct mpa_flow *flow_find(const struct flow_table *f, uint32_t hash, const struct mpa_addr *src,
                           uint16_t sport, const struct mpa_addr *dst, uint16_t dport,
                           enum mpa_dir *ret_dir)
{
    for (struct mpa_flow *flow = f->buckets[hash & f->mask]; flow; flow = flow->chain) {
        if (flow->hash != hash)
            continue;
        for (int dir = 0; dir < 2; dir++)
            if (flow->port[dir] == dport && flow->port[1 - dir] == sport &&
                mpa_addr_eq(&flow->addr[dir], dst) && mpa_addr_eq(&flow->addr[1 - dir], src)) {
                *ret_dir = (enum mpa_dir)dir;
                return flow;
            }
    }
    return NULL;
}

/* Twice the buckets; when there is no memory for them the chains simply grow. */
static void grow(struct flow_table *f)
{
    size_t count = (f->mask + 1) * 2;
    struct mpa_flow **buckets = calloc(count, sizeof *buckets);

    if (!buckets)
        return;
    for (size_t i = 0; i <= f->mask; i++)
        for (struct mpa_flow *flow = f->buckets[i], *next; flow; flow = next) {
            struct mpa_flow **head = &buckets[flow->hash & (count - 1)];

            next = flow->chain;
            flow->chain = *head;
            *head = flow;
        }
    free(f->buckets);
    f->buckets = buckets;
    f->mask = count - 1;
}

int flow_insert(struct flow_table *f, struct mpa_flow *flow)
{
    struct mpa_flow **head;

    /* Chains are short: behind the head of one lies what nobody fetched ahead. */
    if (f->count > f->mask / 2)
        grow(f);
    head = &f->buckets[flow->hash & f->mask];
    flow->chain = *head;
    *head = flow;
    f->count++;
    return MPA_OK;
}

void flow_remove(struct flow_table *f, struct mpa_flow *flow)
{
    struct mpa_flow **at = &f->buckets[flow->hash & f->mask];

    while (*at && *at != flow)
        at = &(*at)->chain;
    if (*at) {
        *at = flow->chain;
        f->count--;
    }
}
