/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mpa/space.h"

#include <stdlib.h>
#include <string.h>

/* Numbers are compared by their distance from 'base', so that a space may lie across 2^64. */

struct hole {
    uint64_t start, end;
};

struct mpa_holes {
    int count, capacity;
    struct hole at[];
};

/* What one call of mpa_space_see() has found so far. */
struct found {
    struct mpa_piece *pieces;
    int count;
    uint64_t size;
};

/* No sender gets this far; keeps every distance in a space within the positive numbers. */
#define EXTENT_MAX (UINT64_C(1) << 62)

static void found_add(struct found *f, uint64_t start, uint64_t end, bool fills)
{
    f->size += end - start;
    if (f->count < MPA_SPACE_PIECES)
        f->pieces[f->count++] = (struct mpa_piece){.start = start, .end = end, .fills = fills};
}

static void forget(struct mpa_space *s, uint64_t size)
{
    uint64_t sum = s->forgotten + size;
    s->forgotten = size > UINT32_MAX || sum > UINT32_MAX ? UINT32_MAX : (uint32_t)sum;
}

static void remove_holes(struct mpa_space *s, int index, int count)
{
    struct mpa_holes *h = s->holes;
    if (!count)
        return;
    h->count -= count;
    if (!h->count) {
        free(h);
        s->holes = NULL;
        return;
    }
    memmove(&h->at[index], &h->at[index + count], (size_t)(h->count - index) * sizeof(*h->at));
}

/* Room for one more hole; false when memory ends. */
static bool reserve(struct mpa_space *s)
{
    struct mpa_holes *h = s->holes;
    int capacity = !h ? 4 : h->capacity;
    if (h && h->count < h->capacity)
        return true;
    if (h)
        capacity = capacity * 4 < MPA_SPACE_HOLES ? capacity * 4 : MPA_SPACE_HOLES;
    struct mpa_holes *grown = realloc(h, sizeof(*h) + (size_t)capacity * sizeof(*h->at));
    if (!grown)
        return false;
    if (!h)
        grown->count = 0;
    grown->capacity = capacity;
    s->holes = grown;
    return true;
}

/* A new hole at 'index'.  Where there is no room the lowest hole goes, and that may be the new one.
 */
static void insert_hole(struct mpa_space *s, int index, uint64_t start, uint64_t end)
{
    if (s->holes && s->holes->count == MPA_SPACE_HOLES) {
        if (index == 0) {
            forget(s, end - start);
            return;
        }
        forget(s, s->holes->at[0].end - s->holes->at[0].start);
        remove_holes(s, 0, 1);
        index--;
    }
    if (!reserve(s)) {
        forget(s, end - start);
        return;
    }
    struct mpa_holes *h = s->holes;
    memmove(&h->at[index + 1], &h->at[index], (size_t)(h->count - index) * sizeof(*h->at));
    h->at[index] = (struct hole){start, end};
    h->count++;
}

/* Fill what [start, end) covers of the holes.  Both lie between base and next. */
static void fill_holes(struct mpa_space *s, uint64_t start, uint64_t end, struct found *f)
{
    struct mpa_holes *h = s->holes;
    uint64_t lo = start - s->base, hi = end - s->base;
    int first = 0;
    while (first < h->count && h->at[first].end - s->base <= lo)
        first++;
    int gone = first, covered = 0;
    for (int i = first; i < h->count && h->at[i].start - s->base < hi; i++) {
        struct hole *hole = &h->at[i];
        uint64_t from = hole->start - s->base < lo ? start : hole->start;
        uint64_t to = hole->end - s->base > hi ? end : hole->end;
        found_add(f, from, to, true);
        if (from == hole->start && to == hole->end) {
            covered++;
        } else if (from == hole->start) {
            hole->start = to;
        } else if (to == hole->end) {
            hole->end = from;
            gone = i + 1; /* Only the first can keep its front; those covered come after it. */
        } else {
            uint64_t rest = hole->end;
            hole->end = from;
            insert_hole(s, i + 1, to, rest);
            return;
        }
    }
    remove_holes(s, gone, covered);
}

int mpa_space_see_slow(struct mpa_space *s, uint64_t start, uint64_t end,
                       struct mpa_piece ret_pieces[MPA_SPACE_PIECES], uint64_t *ret_new)
{
    struct found f = {.pieces = ret_pieces};
    *ret_new = 0;
    if (!s->begun) {
        s->begun = true;
        s->base = s->next = start;
    }
    uint64_t size = end - start, extent = s->next - s->base;
    if (!size || size >= EXTENT_MAX)
        return 0;

    uint64_t below = s->base - start, above = start - s->base;
    if (below && below < above) { /* Begins before the base. */
        if (below + (extent > size ? extent : size) >= EXTENT_MAX)
            return 0;
        uint64_t upto = size < below ? end : s->base;
        uint64_t old_base = s->base;
        found_add(&f, start, upto, extent > 0);
        s->base = start;
        if (upto != old_base) {
            insert_hole(s, 0, upto, old_base);
            *ret_new = f.size;
            return f.count;
        }
        start = old_base;
        if (start == end) {
            *ret_new = f.size;
            return f.count;
        }
    } else if (above >= EXTENT_MAX || above + size >= EXTENT_MAX) {
        return 0;
    }

    uint64_t next = s->next - s->base, lo = start - s->base, hi = end - s->base;
    if (s->holes && lo < next)
        fill_holes(s, start, hi < next ? end : s->next, &f);
    if (hi > next) {
        if (lo > next)
            insert_hole(s, s->holes ? s->holes->count : 0, s->next, start);
        found_add(&f, lo > next ? start : s->next, end, false);
        s->next = end;
    }
    *ret_new = f.size;
    return f.count;
}

uint64_t mpa_space_settle(struct mpa_space *s, uint64_t upto)
{
    struct mpa_holes *h = s->holes;
    uint64_t limit = upto - s->base, sum = 0;
    int whole = 0;
    if (!h || limit >= EXTENT_MAX) /* Before the base, or nonsense. */
        return 0;
    while (whole < h->count && h->at[whole].end - s->base <= limit) {
        sum += h->at[whole].end - h->at[whole].start;
        whole++;
    }
    if (whole < h->count && h->at[whole].start - s->base < limit) {
        sum += upto - h->at[whole].start;
        h->at[whole].start = upto;
    }
    remove_holes(s, 0, whole);
    return sum;
}

uint64_t mpa_space_size(const struct mpa_space *s)
{
    uint64_t size = s->next - s->base;
    for (int i = 0; s->holes && i < s->holes->count; i++)
        size -= s->holes->at[i].end - s->holes->at[i].start;
    return size;
}

int mpa_space_hole_count(const struct mpa_space *s)
{
    return s->holes ? s->holes->count : 0;
}

void mpa_space_hole(const struct mpa_space *s, int index, uint64_t *ret_start, uint64_t *ret_end)
{
    *ret_start = s->holes->at[index].start;
    *ret_end = s->holes->at[index].end;
}

void mpa_space_shift(struct mpa_space *s, uint64_t by)
{
    if (!s->begun)
        return;
    s->base += by;
    s->next += by;
    for (int i = 0; s->holes && i < s->holes->count; i++) {
        s->holes->at[i].start += by;
        s->holes->at[i].end += by;
    }
}

void mpa_space_free(struct mpa_space *s)
{
    free(s->holes);
    *s = (struct mpa_space){0};
}
