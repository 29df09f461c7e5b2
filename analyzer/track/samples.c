/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Samples of durations: exact values first, a logarithmic histogram when they become many.
 *
 * The histogram has 64 buckets for each power of two, so that a bucket's middle is at most 1/128 (0.8 %) away from each
 * value in it.  Whether a set is exact depends on nothing but the number of its samples: that makes merging independent of order.
 */
#include "mpa/samples.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { KIND_EMPTY = 0, KIND_HISTOGRAM = 1, KIND_NARROW = 4, KIND_WIDE = 8 };

#define STEP_BITS 6u                /* Buckets for each power of two, its logarithm. */
#define STEPS     (1u << STEP_BITS) /* The same as a number. */
#define BUCKETS   ((63u - STEP_BITS + 1) * STEPS) /* Values to INT64_MAX. */

static unsigned bucket_of(uint64_t value)
{
    unsigned top;

    if (value < STEPS)
        return (unsigned)value;
    top = 63u - (unsigned)__builtin_clzll(value);
    return (top - STEP_BITS + 1) * STEPS + (unsigned)(value >> (top - STEP_BITS)) - STEPS;
}

/* The middle of a bucket. */
static int64_t bucket_middle(unsigned bucket)
{
    unsigned shift;
    uint64_t low;

    if (bucket < STEPS)
        return bucket;
    shift = bucket / STEPS - 1;
    low = (uint64_t)(bucket % STEPS + STEPS) << shift;
    return (int64_t)(low + (((uint64_t)1 << shift) - 1) / 2);
}

static int64_t exact_at(const struct mpa_samples *s, uint64_t i)
{
    return s->kind == KIND_NARROW ? (int64_t)((const uint32_t *)s->store)[i]
                                  : ((const int64_t *)s->store)[i];
}

/* Replace the exact values by a histogram of them. */
static bool to_histogram(struct mpa_samples *s)
{
    uint64_t *buckets = calloc(BUCKETS, sizeof(*buckets));
    uint64_t i;

    if (!buckets)
        return false;
    for (i = 0; i < s->count && s->kind != KIND_EMPTY; i++)
        buckets[bucket_of((uint64_t)exact_at(s, i))]++;
    free(s->store);
    s->store = buckets;
    s->capacity = BUCKETS;
    s->kind = KIND_HISTOGRAM;
    return true;
}

/* Make place for 'value' in the exact store: grow it, widen it, or become a histogram. */
static bool make_place(struct mpa_samples *s, int64_t value)
{
    bool wide = s->kind == KIND_WIDE || value > UINT32_MAX;
    uint64_t i;
    uint32_t capacity;
    int64_t *items;

    if (s->kind == KIND_HISTOGRAM)
        return true;
    if (s->count >= MPA_SAMPLES_EXACT)
        return to_histogram(s);
    if (s->count < s->capacity && wide == (s->kind == KIND_WIDE))
        return true;
    /* 6, 14, 30, ... four-byte items fill the usual allocator's chunks to the last byte. */
    capacity = s->count < s->capacity ? s->capacity : s->capacity ? s->capacity * 2 + 2 : 6;
    if (capacity > MPA_SAMPLES_EXACT)
        capacity = MPA_SAMPLES_EXACT;
    if (wide && s->kind != KIND_WIDE) {
        items = malloc(capacity * sizeof(*items));
        if (!items)
            return false;
        for (i = 0; i < s->count; i++)
            items[i] = exact_at(s, i);
        free(s->store);
    } else {
        items = realloc(s->store, capacity * (wide ? sizeof(int64_t) : sizeof(uint32_t)));
        if (!items)
            return false;
    }
    s->store = items;
    s->capacity = capacity;
    s->kind = wide ? KIND_WIDE : KIND_NARROW;
    return true;
}

static void widen_range(struct mpa_samples *s, int64_t min, int64_t max)
{
    if (s->count == 0 || min < s->min)
        s->min = min;
    if (s->count == 0 || max > s->max)
        s->max = max;
}

void mpa_samples_add(struct mpa_samples *s, int64_t ns)
{
    if (ns < 0)
        ns = 0;
    if (!make_place(s, ns)) {
        s->lost++;
        return;
    }
    widen_range(s, ns, ns);
    if (s->kind == KIND_HISTOGRAM)
        ((uint64_t *)s->store)[bucket_of((uint64_t)ns)]++;
    else if (s->kind == KIND_NARROW)
        ((uint32_t *)s->store)[s->count] = (uint32_t)ns;
    else
        ((int64_t *)s->store)[s->count] = ns;
    s->count++;
}

void mpa_samples_merge(struct mpa_samples *s, const struct mpa_samples *from)
{
    uint64_t count = from->count;
    uint64_t i;

    s->lost += from->lost;
    if (count == 0)
        return;
    if (from->kind != KIND_HISTOGRAM) {
        for (i = 0; i < count; i++)
            mpa_samples_add(s, exact_at(from, i));
        return;
    }
    if (s->kind != KIND_HISTOGRAM && !to_histogram(s)) {
        s->lost += count;
        return;
    }
    for (i = 0; i < BUCKETS; i++)
        ((uint64_t *)s->store)[i] += ((const uint64_t *)from->store)[i];
    widen_range(s, from->min, from->max);
    s->count += count;
}

static int compare_narrow(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static int compare_wide(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* Several percentiles of one set follow each other: only the first of them has to sort. */
static void sort_exact(struct mpa_samples *s)
{
    uint64_t i;

    for (i = 1; i < s->count; i++)
        if (exact_at(s, i - 1) > exact_at(s, i))
            break;
    if (i >= s->count)
        return;
    if (s->kind == KIND_NARROW)
        qsort(s->store, s->count, sizeof(uint32_t), compare_narrow);
    else
        qsort(s->store, s->count, sizeof(int64_t), compare_wide);
}

int64_t mpa_samples_percentile(struct mpa_samples *s, double percent)
{
    uint64_t seen = 0;
    uint64_t rank;
    double exact_rank;
    int64_t value;
    unsigned i;

    if (s->count == 0)
        return INT64_MIN;
    /* The small step down keeps 99.9 % of 1000 at rank 999 although 99.9 has no exact binary form. */
    exact_rank = percent * (double)s->count / 100.0 - 1e-9;
    rank = exact_rank < 1 ? 1 : (uint64_t)exact_rank;
    if ((double)rank < exact_rank)
        rank++;
    if (rank >= s->count)
        return s->max;
    if (rank == 1)
        return s->min;
    if (s->kind != KIND_HISTOGRAM) {
        sort_exact(s);
        return exact_at(s, rank - 1);
    }
    for (i = 0; i < BUCKETS - 1; i++) {
        seen += ((const uint64_t *)s->store)[i];
        if (seen >= rank)
            break;
    }
    value = bucket_middle(i);
    return value < s->min ? s->min : value > s->max ? s->max : value;
}

void mpa_samples_free(struct mpa_samples *s)
{
    free(s->store);
    memset(s, 0, sizeof(*s));
}

static size_t store_size(const struct mpa_samples *s)
{
    return s->kind == KIND_HISTOGRAM ? BUCKETS * sizeof(uint64_t) : (size_t)s->count * s->kind;
}

size_t mpa_samples_pack_size(const struct mpa_samples *s)
{
    return sizeof(*s) + store_size(s);
}

void mpa_samples_pack(const struct mpa_samples *s, uint8_t *ret)
{
    memcpy(ret, s, sizeof(*s));
    if (store_size(s) > 0)
        memcpy(ret + sizeof(*s), s->store, store_size(s));
}

size_t mpa_samples_unpack(const uint8_t *bytes, size_t size, struct mpa_samples *ret)
{
    struct mpa_samples s;
    size_t store;

    if (size < sizeof(s))
        return 0;
    memcpy(&s, bytes, sizeof(s));
    store = store_size(&s);
    if (size - sizeof(s) < store)
        return 0;
    s.store = NULL;
    if (store > 0) {
        s.store = malloc(store);
        if (!s.store)
            return 0;
        memcpy(s.store, bytes + sizeof(s), store);
    }
    s.capacity = s.kind == KIND_HISTOGRAM ? BUCKETS : (uint32_t)s.count;
    *ret = s;
    return sizeof(s) + store;
}
