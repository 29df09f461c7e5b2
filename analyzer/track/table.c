/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "table.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ENTRIES 1024u
#define CACHE_LINE    64u

static bool allocate(struct table *t, size_t count)
{
    t->at = aligned_alloc(CACHE_LINE, count * sizeof *t->at);
    if (!t->at)
        return false;
    memset(t->at, 0, count * sizeof *t->at);
    t->mask = count - 1;
    return true;
}

bool table_init(struct table *t)
{
    t->count = 0;
    return allocate(t, FIRST_ENTRIES);
}

static struct table_entry *place_for(const struct table *t, uint32_t hash)
{
    struct table_entry *e = table_first(t, hash);

    while (e->item)
        e = table_next(t, e);
    return e;
}

static bool grow(struct table *t)
{
    struct table old = *t;

    if (!allocate(t, (old.mask + 1) * 2)) {
        *t = old;
        return false;
    }
    for (size_t i = 0; i <= old.mask; i++)
        if (old.at[i].item)
            *place_for(t, old.at[i].hash) = old.at[i];
    free(old.at);
    return true;
}

bool table_add(struct table *t, void *item, uint32_t hash, uint32_t note)
{
    /* A quarter of them is empty at least: most items stand at their first place then, or next to it. */
    if (t->count > t->mask / 4 * 3 && !grow(t) && t->count >= t->mask)
        return false;
    *place_for(t, hash) = (struct table_entry){.item = item, .hash = hash, .note = note};
    t->count++;
    return true;
}

void table_remove(struct table *t, const void *item, uint32_t hash)
{
    struct table_entry *gap, *e;

    for (gap = table_first(t, hash); gap->item != item; gap = table_next(t, gap))
        if (!gap->item)
            return;
    t->count--;
    /* What stands behind it moves up, unless it would stand in front of its first place. */
    for (e = table_next(t, gap); e->item; e = table_next(t, e)) {
        size_t from_first = (size_t)(e - table_first(t, e->hash)) & t->mask;
        size_t from_gap = (size_t)(e - gap) & t->mask;

        if (from_first >= from_gap) {
            *gap = *e;
            gap = e;
        }
    }
    *gap = (struct table_entry){0};
}

void table_clear(struct table *t)
{
    memset(t->at, 0, (t->mask + 1) * sizeof *t->at);
    t->count = 0;
}

void table_free(struct table *t)
{
    free(t->at);
    *t = (struct table){0};
}
