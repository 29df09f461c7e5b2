/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Samples of durations and their percentiles: nearest rank, exact up to 65,536 samples, then a logarithmic histogram whose
 * error is at most 1 %.  Two sets can be merged in any order with the same result.
 *
 * An unused set is all zeros and owns nothing; mpa_samples_free() makes it so again.  Values are nanoseconds; negative ones
 * count as 0.  When memory ends, a sample is counted in 'lost' and nothing else happens.
 */
#ifndef MPA_SAMPLES_H
#define MPA_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

#define MPA_SAMPLES_EXACT 65536u

struct mpa_samples {
    uint64_t count; /* Samples that are in. */
    uint64_t lost;  /* Samples that did not fit into memory. */
    int64_t min;    /* Valid with count > 0. */
    int64_t max;
    void *store;       /* Exact values (32 or 64 bits each), or histogram buckets. */
    uint32_t capacity; /* Items that 'store' holds. */
    uint8_t kind;      /* 0: nothing, 4: uint32_t values, 8: int64_t values, 1: histogram. */
};

void mpa_samples_add(struct mpa_samples *s, int64_t ns);

/* Add all of 'from', which stays as it is. */
void mpa_samples_merge(struct mpa_samples *s, const struct mpa_samples *from);

/* The 'percent'th percentile (0 < percent <= 100), nearest rank; INT64_MIN without samples.  Sorts the store in place. */
int64_t mpa_samples_percentile(struct mpa_samples *s, double percent);

void mpa_samples_free(struct mpa_samples *s);

/*
 * A set as flat bytes, for keeping it elsewhere in this process (the byte order and layout are the host's).
 * mpa_samples_pack() writes exactly mpa_samples_pack_size() bytes.  mpa_samples_unpack() reads a set from the first of 'size'
 * bytes into '*ret' (which then owns its store) and returns the number of bytes it took; 0 when memory ends or the bytes are
 * too few, with '*ret' untouched.
 */
size_t mpa_samples_pack_size(const struct mpa_samples *s);
void mpa_samples_pack(const struct mpa_samples *s, uint8_t *ret);
size_t mpa_samples_unpack(const uint8_t *bytes, size_t size, struct mpa_samples *ret);

#endif
