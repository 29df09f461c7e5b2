/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small parts of the generator: random numbers that depend on the seed only, and sets of intervals.
 *
 * Nothing here knows packets.  The interval set is the generator's own model of "bytes that
 * passed": it is written apart from the analyzer's on purpose, because the expected results are
 * computed with it.
 */
#ifndef SYNTH_UTIL_H
#define SYNTH_UTIL_H

#include <stddef.h>
#include <stdint.h>

/* SplitMix64: any seed is good, also 0. */
struct synth_rng {
    uint64_t state;
};

uint64_t synth_rng_u64(struct synth_rng *r);
uint32_t synth_rng_u32(struct synth_rng *r);
uint32_t synth_rng_below(struct synth_rng *r, uint32_t bound); /* 0 to bound - 1; bound > 0. */
void synth_rng_bytes(struct synth_rng *r, uint8_t *ret, size_t size);

/* Disjoint intervals in order.  All zeros is empty. */
struct synth_range {
    uint64_t start, end; /* 'end' is exclusive. */
};

struct synth_set {
    struct synth_range *at;
    size_t count, capacity;
};

/* Add [start, end); returns how many numbers of it were new. */
uint64_t synth_set_add(struct synth_set *s, uint64_t start, uint64_t end);

/* First number >= from that is not in the set. */
uint64_t synth_set_contiguous(const struct synth_set *s, uint64_t from);

/* One past the highest number; 0 when empty. */
uint64_t synth_set_end(const struct synth_set *s);

void synth_set_free(struct synth_set *s);

/* Memory or death: a generator that cannot go on has nothing to save. */
void *synth_realloc(void *p, size_t size);
void *synth_calloc(size_t size);

#endif
