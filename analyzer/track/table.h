/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Items found by a hash: open addressing.  An entry holds the hash of its item, so that looking for one reads nothing but entries,
 * four of them in a cache line.
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

/* The first entry that may have 'hash', and the one behind 'e'; those up to the first empty one are to be looked at. */
static inline struct table_entry *table_first(const struct table *t, uint32_t hash)
{
    return &t->at[hash & t->mask];
}

static inline struct table_entry *table_next(const struct table *t, const struct table_entry *e)
{
    return &t->at[(size_t)(e + 1 - t->at) & t->mask];
}

#endif
