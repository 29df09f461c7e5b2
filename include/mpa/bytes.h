/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A reader over the bytes of one packet, with a sticky condition and two ends.
 *
 * 'claimed' is where the structure says it ends, 'captured' is where the capture ends; captured <=
 * claimed after mpa_bytes_init().  Reading past 'claimed' makes the cursor MALFORMED (the bytes
 * contradict themselves), reading past 'captured' but not past 'claimed' makes it TRUNCATED (the
 * snap length cut it: nobody's fault). The first failure sticks: every later read returns 0 and
 * moves nothing, so that a decoder reads straight down and tests once.  All integers are big-endian
 * on the wire and host order when returned.
 *
 * No allocation.  The cursor borrows the buffer; it is valid as long as the buffer is.
 */
#ifndef MPA_BYTES_H
#define MPA_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The condition of a packet or of an option: a result, never an error of ours. */
enum mpa_cond {
    MPA_COND_OK = 0,
    MPA_COND_TRUNCATED, /* The capture cut it.  No blame on the sender. */
    MPA_COND_MALFORMED, /* The bytes contradict themselves. */
    MPA_COND_UNKNOWN,   /* Unassigned value. */
    MPA_COND_ILLEGAL,   /* Well-formed, but not allowed in this place (TCP flags, dialect). */
};

struct mpa_bytes {
    const uint8_t *base; /* First byte. */
    size_t captured;     /* Bytes that may be read, from 'base'. */
    size_t claimed;      /* Bytes that the structure claims, from 'base'; >= captured. */
    size_t pos; /* Next byte to read; the offset of the failed read once 'cond' is not OK. */
    enum mpa_cond cond; /* First failure, or MPA_COND_OK. */
};

/* A cursor over 'claimed' bytes at 'base' of which the first 'captured' are in memory. */
static inline struct mpa_bytes mpa_bytes_init(const uint8_t *base, size_t captured, size_t claimed)
{
    struct mpa_bytes b = {base, captured < claimed ? captured : claimed, claimed, 0, MPA_COND_OK};
    return b;
}

/* Returns 1 when 'size' more bytes can be read; otherwise sets the sticky condition
   and returns 0. */
static inline int mpa_bytes_need(struct mpa_bytes *b, size_t size)
{
    if (b->cond != MPA_COND_OK)
        return 0;
    if (size <= b->captured - b->pos)
        return 1;
    b->cond = size <= b->claimed - b->pos ? MPA_COND_TRUNCATED : MPA_COND_MALFORMED;
    return 0;
}

/* Borrow 'size' bytes and step over them; NULL on failure. */
static inline const uint8_t *mpa_bytes_take(struct mpa_bytes *b, size_t size)
{
    const uint8_t *p;

    if (!mpa_bytes_need(b, size))
        return NULL;
    p = b->base + b->pos;
    b->pos += size;
    return p;
}

/* Big-endian loads from memory that is known to be there. */
static inline uint16_t mpa_load16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t mpa_load32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t mpa_load64(const uint8_t *p)
{
    return (uint64_t)mpa_load32(p) << 32 | mpa_load32(p + 4);
}

/* Checked reads: 0 on failure, see the file comment. */
static inline uint8_t mpa_bytes_u8(struct mpa_bytes *b)
{
    const uint8_t *p = mpa_bytes_take(b, 1);
    return p ? *p : 0;
}

static inline uint16_t mpa_bytes_u16(struct mpa_bytes *b)
{
    const uint8_t *p = mpa_bytes_take(b, 2);
    return p ? mpa_load16(p) : 0;
}

static inline uint32_t mpa_bytes_u32(struct mpa_bytes *b)
{
    const uint8_t *p = mpa_bytes_take(b, 4);
    return p ? mpa_load32(p) : 0;
}

static inline uint64_t mpa_bytes_u64(struct mpa_bytes *b)
{
    const uint8_t *p = mpa_bytes_take(b, 8);
    return p ? mpa_load64(p) : 0;
}

/* Copy 'size' bytes to 'ret'; 'ret' is zeroed on failure. */
static inline void mpa_bytes_copy(struct mpa_bytes *b, void *ret, size_t size)
{
    const uint8_t *p = mpa_bytes_take(b, size);

    if (p)
        memcpy(ret, p, size);
    else
        memset(ret, 0, size);
}

/* Bytes left up to the claimed end; 0 after a failure. */
static inline size_t mpa_bytes_left(const struct mpa_bytes *b)
{
    return b->cond == MPA_COND_OK ? b->claimed - b->pos : 0;
}

/* An inner cursor of 'size' claimed bytes starting here; the outer one steps over them.  An inner
   structure that claims more than the outer one holds is MALFORMED in both; one cut by the capture
   leaves a cursor over what was captured, and the outer one TRUNCATED. */
static inline struct mpa_bytes mpa_bytes_sub(struct mpa_bytes *b, size_t size)
{
    struct mpa_bytes in = {b->base + b->pos, 0, 0, 0, b->cond};
    size_t have;

    if (b->cond != MPA_COND_OK)
        return in;
    if (size > b->claimed - b->pos) {
        b->cond = in.cond = MPA_COND_MALFORMED;
        return in;
    }
    have = b->captured - b->pos;
    in.claimed = size;
    in.captured = have < size ? have : size;
    if (have < size) {
        b->pos = b->captured;
        b->cond = MPA_COND_TRUNCATED;
    } else {
        b->pos += size;
    }
    return in;
}

#endif
