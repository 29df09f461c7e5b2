/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Items of one size from slabs: a connection costs no malloc, and its memory is found again by the next one. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#define SLAB_BYTES  (256u * 1024u)
#define SLAB_HEADER 64u /* Keeps items on cache lines. */

void pool_init(struct pool *p, size_t item_size)
{
    *p = (struct pool){.item = (item_size + 15) & ~(size_t)15};
}

void *pool_get(struct pool *p)
{
    void *item = p->free;

    if (item) {
        memcpy(&p->free, item, sizeof p->free);
    } else {
        if (p->fresh_count == 0) {
            char *slab = aligned_alloc(64, SLAB_BYTES);

            if (!slab)
                return NULL;
            memcpy(slab, &p->slabs, sizeof p->slabs);
            p->slabs = slab;
            p->fresh = slab + SLAB_HEADER;
            p->fresh_count = (SLAB_BYTES - SLAB_HEADER) / p->item;
        }
        item = p->fresh;
        p->fresh += p->item;
        p->fresh_count--;
    }
    return memset(item, 0, p->item);
}

void pool_put(struct pool *p, void *item)
{
    if (!item)
        return;
    /* Zero all of it: whoever kept a pointer (a copy slot) sees that the item is gone. */
    memset(item, 0, p->item);
    memcpy(item, &p->free, sizeof p->free);
    p->free = item;
}

void pool_close(struct pool *p)
{
    void *slab = p->slabs;

    while (slab) {
        void *next;

        memcpy(&next, slab, sizeof next);
        free(slab);
        slab = next;
    }
    *p = (struct pool){.item = p->item};
}
