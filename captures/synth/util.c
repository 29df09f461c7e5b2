/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "util.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t synth_rng_u64(struct synth_rng *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

uint32_t synth_rng_u32(struct synth_rng *r)
{
    return (uint32_t)(synth_rng_u64(r) >> 32);
}

uint32_t synth_rng_below(struct synth_rng *r, uint32_t bound)
{
    return (uint32_t)((uint64_t)synth_rng_u32(r) * bound >> 32);
}

void synth_rng_bytes(struct synth_rng *r, uint8_t *ret, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ret[i] = (uint8_t)(synth_rng_u64(r) >> 56);
}

static void remove_at(struct synth_set *s, size_t i)
{
    memmove(s->at + i, s->at + i + 1, (s->count - i - 1) * sizeof *s->at);
    s->count--;
}

uint64_t synth_set_add(struct synth_set *s, uint64_t start, uint64_t end)
{
    uint64_t size = end - start, old = 0;
    size_t i = 0;

    if (start >= end)
        return 0;
    while (i < s->count && s->at[i].end < start)
        i++;
    /* Everything that touches [start, end) becomes one interval with it. */
    struct synth_range all = {start, end};
    while (i < s->count && s->at[i].start <= end) {
        uint64_t lo = s->at[i].start > start ? s->at[i].start : start;
        uint64_t hi = s->at[i].end < end ? s->at[i].end : end;
        if (hi > lo)
            old += hi - lo;
        if (s->at[i].start < all.start)
            all.start = s->at[i].start;
        if (s->at[i].end > all.end)
            all.end = s->at[i].end;
        remove_at(s, i);
    }
    if (s->count == s->capacity) {
        s->capacity = s->capacity ? 2 * s->capacity : 8;
        s->at = synth_realloc(s->at, s->capacity * sizeof *s->at);
    }
    memmove(s->at + i + 1, s->at + i, (s->count - i) * sizeof *s->at);
    s->at[i] = all;
    s->count++;
    return size - old;
}

uint64_t synth_set_contiguous(const struct synth_set *s, uint64_t from)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->at[i].start <= from && from < s->at[i].end)
            return s->at[i].end;
    }
    return from;
}

uint64_t synth_set_end(const struct synth_set *s)
{
    return s->count ? s->at[s->count - 1].end : 0;
}

void synth_set_free(struct synth_set *s)
{
    free(s->at);
    *s = (struct synth_set){0};
}

void *synth_realloc(void *p, size_t size)
{
    void *q = realloc(p, size ? size : 1);

    if (!q) {
        fputs("mpa-synth: out of memory\n", stderr);
        exit(4);
    }
    return q;
}

void *synth_calloc(size_t size)
{
    return memset(synth_realloc(NULL, size), 0, size);
}
