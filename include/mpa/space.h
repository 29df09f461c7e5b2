/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sequence space that has been seen: everything from 'base' to 'next' except the holes.
 *
 * One mechanism for subflow sequence numbers (unwrapped to 64 bits), data sequence numbers and
 * declared mappings.  In order, a segment costs a comparison and an addition; holes live in a small
 * allocated list that exists only while there are any. The list is bounded (MPA_SPACE_HOLES); when
 * it is full the oldest hole is forgotten, i.e. taken as seen, and 'forgotten' grows by its size.
 */
#ifndef MPA_SPACE_H
#define MPA_SPACE_H

#include <stdbool.h>
#include <stdint.h>

#define MPA_SPACE_HOLES 64

struct mpa_holes; /* Owned by its space. */

/* All zeros is a space that nothing was seen of. */
struct mpa_space {
    uint64_t base;           /* First number seen; valid with 'begun'. */
    uint64_t next;           /* One past the highest number seen. */
    struct mpa_holes *holes; /* NULL while there are none. */
    uint32_t forgotten;      /* Numbers of holes that were dropped (saturates). */
    bool begun;
};

/* A piece of a segment that was new. */
struct mpa_piece {
    uint64_t start, end; /* 'end' is exclusive. */
    bool fills;          /* Fills a hole: arrived after later numbers. */
};

#define MPA_SPACE_PIECES 8

/* The general case of mpa_space_see(), and the whole of it. */
int mpa_space_see_slow(struct mpa_space *s, uint64_t start, uint64_t end,
                       struct mpa_piece ret_pieces[MPA_SPACE_PIECES], uint64_t *ret_new);

/*
 * See [start, end).  Begins the space at 'start' if it had not begun, also when start == end.
 * Writes the pieces that were new, in order, to 'ret_pieces' (at most MPA_SPACE_PIECES; further
 * ones only count in '*ret_new') and returns their number; '*ret_new' is the sum of their sizes.
 * Numbers before 'base' count as new (arrived after later ones: 'fills') and extend the space
 * downwards.
 *
 * Numbers are compared by distance, so a space may lie across 2^64.  A segment that would make the
 * space larger than 2^62 is not seen: 0, and nothing changes.  The "oldest" hole of the bound above
 * is the one with the lowest numbers; when memory ends, the hole that finds no room is forgotten
 * instead.
 */
static inline int mpa_space_see(struct mpa_space *s, uint64_t start, uint64_t end,
                                struct mpa_piece ret_pieces[MPA_SPACE_PIECES], uint64_t *ret_new)
{
    if (s->begun && start == s->next && end - start - 1 < 0x7fffffffu &&
        end - s->base < (UINT64_C(1) << 62)) {
        ret_pieces[0] = (struct mpa_piece){.start = start, .end = end, .fills = false};
        *ret_new = end - start;
        s->next = end;
        return 1;
    }
    return mpa_space_see_slow(s, start, end, ret_pieces, ret_new);
}

/* Numbers below 'upto' were received by the peer: holes below it will not be filled by an honest
   sender and are dropped (they count as seen from then on).  Returns how many numbers that were
   (data that the capture does not hold).  Numbers from 'next' on are left alone, even where 'upto'
   is beyond: an acknowledgement may have been captured before its data. */
uint64_t mpa_space_settle(struct mpa_space *s, uint64_t upto);

/* How many numbers have been seen: next - base without the holes. */
uint64_t mpa_space_size(const struct mpa_space *s);

/* Number of holes, and the hole 'index' (0 <= index < count) in order. */
int mpa_space_hole_count(const struct mpa_space *s);
void mpa_space_hole(const struct mpa_space *s, int index, uint64_t *ret_start, uint64_t *ret_end);

/* First number that has not been seen: the end of the contiguous part from 'base'. */
static inline uint64_t mpa_space_contiguous(const struct mpa_space *s)
{
    uint64_t hole, end;

    if (!s->holes)
        return s->next;
    mpa_space_hole(s, 0, &hole, &end);
    return hole;
}

/* Adds 'by' to all numbers. */
void mpa_space_shift(struct mpa_space *s, uint64_t by);

/* Frees the holes; 's' is all zeros again. */
void mpa_space_free(struct mpa_space *s);

/* The 64-bit number next to 'near' whose low 32 bits are 'low'. */
static inline uint64_t mpa_unwrap32(uint64_t near, uint32_t low)
{
    return near + (uint64_t)(int64_t)(int32_t)(low - (uint32_t)near);
}

#endif
