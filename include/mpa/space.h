/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sequence space that has been seen: everything from 'base' to 'next' except the holes.
 *
 * One mechanism for subflow sequence numbers (unwrapped to 64 bits), data sequence numbers and declared mappings.  In order, a
 * segment costs a comparison and an addition; holes live in a small allocated list that exists only while there are any.
 * The list is bounded (MPA_SPACE_HOLES); when it is full the oldest hole is forgotten, i.e. taken as seen, and 'forgotten'
 * grows by its size.
 */
#ifndef MPA_SPACE_H
#define MPA_SPACE_H

#include <stdbool.h>
#include <stdint.h>

#define MPA_SPACE_HOLES 64

struct mpa_holes; /* Owned by its space. */

/* All zeros is a space that nothing was seen of. */
struct mpa_space {
    uint64_t base; /* First number seen; valid with 'begun'. */
    uint64_t next; /* One past the highest number seen. */
    struct mpa_holes *holes; /* NULL while there are none. */
    uint32_t forgotten; /* Numbers of holes that were dropped (saturates). */
    bool begun;
};

/* A piece of a segment that was new. */
struct mpa_piece {
    uint64_t start, end; /* 'end' is exclusive. */
    bool fills;          /* Fills a hole: arrived after later numbers. */
};

#define MPA_SPACE_PIECES 8

/*
 * See [start, end).  Begins the space at 'start' if it had not begun.  Writes the pieces that were new, in order, to 'ret_pieces' (at
 * most MPA_SPACE_PIECES; further ones are joined to the last's count only) and returns their number; '*ret_new' is the sum of
 * their sizes.  Numbers before 'base' count as new and extend the space downwards.
 */
int mpa_space_see(struct mpa_space *s, uint64_t start, uint64_t end,
                  struct mpa_piece ret_pieces[MPA_SPACE_PIECES], uint64_t *ret_new);

/* Numbers below 'upto' were received by the peer: holes below it will not be filled by an honest sender and are dropped.
   Returns how many numbers that were (data that the capture does not hold). */
uint64_t mpa_space_settle(struct mpa_space *s, uint64_t upto);

/* How many numbers have been seen: next - base without the holes. */
uint64_t mpa_space_size(const struct mpa_space *s);

/* First number that has not been seen: the end of the contiguous part from 'base'. */
uint64_t mpa_space_contiguous(const struct mpa_space *s);

/* Number of holes, and the hole 'index' in order. */
int mpa_space_hole_count(const struct mpa_space *s);
void mpa_space_hole(const struct mpa_space *s, int index, uint64_t *ret_start, uint64_t *ret_end);

void mpa_space_free(struct mpa_space *s);

/* The 64-bit number next to 'near' whose low 32 bits are 'low'. */
static inline uint64_t mpa_unwrap32(uint64_t near, uint32_t low)
{
    return near + (uint64_t)(int64_t)(int32_t)(low - (uint32_t)near);
}

#endif
