/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Items found by a hash: open addressing.  An entry holds the hash of its item, so that looking for one reads nothing but entries.
 * The four of a cache line are one place: an item stands anywhere in its own or, where that is full, in those behind it.
 */
#ifndef MPA_TRACK_TABLE_H
#define MPA_TRACK_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table_entry {
    void *item; /* Borrowed; NULL is an empty entry. */
    uint32_t hash;
    uint32_t note; /* The owner's. */
};

struct table {
    struct table_entry *at;
    size_t mask; /* Entries - 1; at least one of them is empty. */
    size_t count;
};

bool table_init(struct table *t); /* False when memory ends. */
/* False when memory ends and the table has no room left: it stays as it is. */
bool table_add(struct table *t, void *item, uint32_t hash, uint32_t note);
void table_remove(struct table *t, const void *item, uint32_t hash);
void table_clear(struct table *t); /* Its memory stays. */
void table_free(struct table *t);  /* Also one of all zeros. */

#define TABLE_LINE 4u /* Entries. */

/* The first entry that may have 'hash', and the one behind 'e'; those up to the first empty one are to be looked at. */
static inline struct table_entry *table_first(const struct table *t, uint32_t hash)
{
    return &t->at[hash & t->mask & ~(size_t)(TABLE_LINE - 1)];
}

static inline struct table_entry *table_next(const struct table *t, const struct table_entry *e)
{
    return &t->at[(size_t)(e + 1 - t->at) & t->mask];
}

/* The first of them that has it, or the empty one.  Without a branch for each: at which of a line's it stands nobody foresees. */
static inline struct table_entry *table_seek(const struct table *t, uint32_t hash)
{
    struct table_entry *line = table_first(t, hash);

    for (;;) {
        unsigned found = 0;

        for (unsigned i = 0; i < TABLE_LINE; i++)
            found |= (unsigned)((line[i].hash == hash) | !line[i].item) << i;
        if (found)
            return &line[__builtin_ctz(found)];
        line = table_next(t, line + TABLE_LINE - 1);
    }
}

#endif
