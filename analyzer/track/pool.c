/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Items of one size from slabs: a connection costs no malloc, and its memory is found again by the next one. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define SLAB_SMALL  (64u * 1024u)
#define SLAB_LARGE  (2048u * 1024u)
#define SMALL_SLABS 16  /* Then large ones, on huge pages where the system has them. */
#define SLAB_HEADER 64u /* Keeps items on cache lines. */
#define PAGE        4096u

void pool_init(struct pool *p, size_t item_size)
{
    /* Large items begin on a cache line: they touch fewer, and all of them can be fetched ahead. */
    size_t align = item_size >= 256 ? 64 : 16;

    *p = (struct pool){.item = (item_size + align - 1) & ~(align - 1)};
}

static char *new_slab(size_t size)
{
    char *slab = aligned_alloc(size, size);

    if (slab && size == SLAB_LARGE)
        (void)madvise(slab, size, MADV_HUGEPAGE); /* A wish only. */
    return slab;
}

static bool add_slab(struct pool *p)
{
    size_t size = p->slab_count < SMALL_SLABS ? SLAB_SMALL : SLAB_LARGE;
    char *slab = atomic_exchange(&p->spare, NULL);

    /* It is only wished for where the next one is large. */
    if (!slab)
        slab = new_slab(size);
    if (!slab)
        return false;
    memcpy(slab, &p->slabs, sizeof p->slabs);
    p->slabs = slab;
    p->slab_count++;
    p->fresh = slab + SLAB_HEADER;
    p->fresh_count = (size - SLAB_HEADER) / p->item;
    p->low = p->slab_count < SMALL_SLABS ? 0 : p->fresh_count / 4;
    return true;
}

void pool_warm(struct pool *p)
{
    char *slab;

    if (!atomic_exchange(&p->wish, false))
        return;
    slab = new_slab(SLAB_LARGE);
    for (size_t at = 0; slab && at < SLAB_LARGE; at += PAGE)
        *(volatile char *)(slab + at) = 0;
    free(atomic_exchange(&p->spare, slab));
}

void *pool_get(struct pool *p)
{
    void *item = p->free;

    if (item) {
        memcpy(&p->free, item, sizeof p->free);
        /* The next one has lain idle, too, since it was given back. */
        for (size_t at = 0; p->free && at < p->item; at += CACHE_LINE)
            __builtin_prefetch((char *)p->free + at, 1);
    } else {
        if (p->fresh_count == 0 && !add_slab(p))
            return NULL;
        item = p->fresh;
        p->fresh += p->item;
        if (--p->fresh_count == p->low && p->low)
            atomic_store(&p->wish, true);
    }
    return memset(item, 0, p->item);
}

void pool_put(struct pool *p, void *item)
{
    if (!item)
        return;
    /* Who kept a pointer (struct copy_seen) sees that the item is gone. */
    memset(item, 0, p->item < POOL_GONE ? p->item : POOL_GONE);
    memcpy(item, &p->free, sizeof p->free);
    p->free = item;
}

void pool_close(struct pool *p)
{
    void *slab = p->slabs;

    free(atomic_load(&p->spare));
    while (slab) {
        void *next;

        memcpy(&next, slab, sizeof next);
        free(slab);
        slab = next;
    }
    *p = (struct pool){.item = p->item};
}
