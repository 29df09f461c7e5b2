/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guessing attempts by source: joins with unknown tokens, wrong HMACs. */
#include "internal.h"

#include <stdlib.h>

#define INDEX_SIZE (2 * MPA_GUESS_SOURCES) /* A power of two; never more than half full. */

/* The row of 'addr', made when there is none; NULL when there is no room. */
static struct mpa_guess *row_of(struct check_join_all *all, const struct mpa_addr *addr)
{
    uint32_t slot = check_addr_slot(addr, INDEX_SIZE);

    if (!all->guess_index)
        all->guess_index = calloc(INDEX_SIZE, sizeof *all->guess_index);
    if (!all->guess_index)
        return NULL;
    for (; all->guess_index[slot]; slot = (slot + 1) % INDEX_SIZE)
        if (mpa_addr_eq(&all->guesses[all->guess_index[slot] - 1].addr, addr))
            return &all->guesses[all->guess_index[slot] - 1];
    if (all->guess_count >= MPA_GUESS_SOURCES ||
        !check_grow(&all->guesses, all->guess_count, &all->guess_capacity, sizeof *all->guesses))
        return NULL;
    all->guesses[all->guess_count] = (struct mpa_guess){.addr = *addr};
    all->guess_index[slot] = (uint16_t)(all->guess_count + 1);
    return &all->guesses[all->guess_count++];
}

struct mpa_guess *check_guess(struct mpa_check *c, const struct mpa_addr *addr, int64_t ns)
{
    struct mpa_guess *g = row_of(&c->join, addr);

    if (!g) {
        c->join.guesses_left_out++;
        return NULL;
    }
    if (g->first_ns == 0)
        g->first_ns = ns;
    g->last_ns = ns;
    return g;
}

static int by_address(const struct mpa_addr *a, const struct mpa_addr *b)
{
    bool v4 = mpa_addr_is_v4(a);

    if (v4 != mpa_addr_is_v4(b))
        return v4 ? -1 : 1;
    return memcmp(a->b, b->b, sizeof a->b);
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void join_rows(struct mpa_guess *into, const struct mpa_guess *from)
{
    into->unknown_tokens = larger(into->unknown_tokens, from->unknown_tokens);
    into->refused = larger(into->refused, from->refused);
    into->bad_hmacs = larger(into->bad_hmacs, from->bad_hmacs);
    into->last_ns = larger(into->last_ns, from->last_ns);
    if (from->first_ns < into->first_ns)
        into->first_ns = from->first_ns;
}

static int by_row(const void *a, const void *b)
{
    return by_address(&((const struct mpa_guess *)a)->addr, &((const struct mpa_guess *)b)->addr);
}

int mpa_guesses_merge(struct mpa_guesses *into, const struct mpa_guesses *from)
{
    int count = 0;

    into->left_out = larger(into->left_out, from->left_out);
    for (int i = 0; i < from->count; i++) {
        if (!check_grow(&into->rows, into->count, &into->capacity, sizeof *into->rows))
            return MPA_ERR_NOMEM;
        into->rows[into->count++] = from->rows[i];
    }
    if (into->count > 1)
        qsort(into->rows, (size_t)into->count, sizeof *into->rows, by_row);
    for (int i = 0; i < into->count; i++) {
        if (count && mpa_addr_eq(&into->rows[count - 1].addr, &into->rows[i].addr))
            join_rows(&into->rows[count - 1], &into->rows[i]);
        else
            into->rows[count++] = into->rows[i];
    }
    into->count = count;
    return MPA_OK;
}

int mpa_check_guesses(const struct mpa_check *c, struct mpa_guesses *into)
{
    const struct mpa_guesses from = {.rows = c->join.guesses,
                                     .count = c->join.guess_count,
                                     .left_out = c->join.guesses_left_out};

    return mpa_guesses_merge(into, &from);
}

void mpa_guesses_free(struct mpa_guesses *g)
{
    if (!g)
        return;
    free(g->rows);
    *g = (struct mpa_guesses){0};
}
