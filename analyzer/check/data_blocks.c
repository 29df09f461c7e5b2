/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What bytes were sent under which data sequence numbers (DS-05).
 *
 * Data is cut at multiples of CHECK_BLOCK, so that a reinjection that is cut differently from its
 * original still has whole blocks in common with it.  A block's hash is a polynomial in an odd
 * number modulo 2^64: parts that follow each other become one, and one changed byte always shows.
 */
#include "internal.h"

#include <stdlib.h>

#define BASE UINT64_C(0x9e3779b97f4a7c15)

static uint64_t hash_of(const uint8_t *bytes, uint32_t size)
{
    const uint64_t b2 = BASE * BASE, b3 = b2 * BASE, b4 = b3 * BASE;
    uint64_t h = 0;

    /* One is added so that leading zeros count. */
    for (; size >= 4; size -= 4, bytes += 4)
        h = h * b4 + (bytes[0] + 1u) * b3 + (bytes[1] + 1u) * b2 + (bytes[2] + 1u) * BASE +
            bytes[3] + 1u;
    for (; size; size--, bytes++)
        h = h * BASE + *bytes + 1u;
    return h;
}

/* The hash of 'a' followed by 'b'. */
static uint64_t join(uint64_t a, uint64_t b, uint32_t b_size)
{
    uint64_t power = 1, base = BASE;

    for (; b_size; b_size >>= 1, base *= base)
        if (b_size & 1)
            power *= base;
    return a * power + b;
}

static struct check_blocks *blocks_new(uint32_t slots)
{
    struct check_blocks *b = calloc(1, sizeof *b + slots * sizeof b->at[0]);

    if (b)
        b->mask = slots - 1;
    return b;
}

static struct check_block *slot_of(struct check_blocks *b, uint64_t dsn)
{
    return &b->at[(dsn / CHECK_BLOCK) & b->mask];
}

/* Twice as many slots. */
static bool grow(struct check_blocks **blocks)
{
    struct check_blocks *old = *blocks, *grown = blocks_new(2 * (old->mask + 1));

    if (!grown)
        return false;
    for (uint32_t i = 0; i <= old->mask; i++)
        if (old->at[i].size)
            *slot_of(grown, old->at[i].dsn) = old->at[i];
    free(old);
    *blocks = grown;
    return true;
}

/* Bytes that were seen in this block before. */
static void meet(struct check_data_all *now, struct check_block *slot,
                 const struct check_block *piece)
{
    if (slot->dsn == piece->dsn && slot->size == piece->size) {
        now->compared += piece->size;
        if (slot->hash == piece->hash)
            return;
        if (now->checksums && slot->verified < slot->size) {
            now->unsure += piece->size; /* A middlebox may have changed them. */
            return;
        }
        if (now->unlike == 0) {
            now->unlike_dsn = piece->dsn;
            now->unlike_frame = (struct mpa_frame_ref){slot->capture, (int64_t)slot->frame};
        }
        now->unlike += piece->size;
    } else if (slot->dsn + slot->size == piece->dsn) {
        slot->hash = join(slot->hash, piece->hash, piece->size);
        slot->size = (uint16_t)(slot->size + piece->size);
    } else if (piece->dsn + piece->size == slot->dsn) {
        slot->hash = join(piece->hash, slot->hash, slot->size);
        slot->size = (uint16_t)(slot->size + piece->size);
        slot->dsn = piece->dsn;
        slot->verified = 0;
    } else {
        now->untold += piece->size;
        if (piece->size > slot->size)
            *slot = *piece;
    }
}

bool check_blocks_see(struct mpa_check *c, struct check_blocks **blocks, uint64_t dsn,
                      const uint8_t *bytes, uint32_t size, uint64_t acked,
                      const struct check_block *origin)
{
    if (!*blocks)
        *blocks = blocks_new(CHECK_BLOCKS_LOW);
    while (*blocks && size) {
        uint32_t n = CHECK_BLOCK - (uint32_t)(dsn % CHECK_BLOCK);
        struct check_block piece = *origin, *slot = slot_of(*blocks, dsn);

        if (n > size)
            n = size;
        /* What was acknowledged is hardly ever sent again. */
        while (slot->size && slot->dsn / CHECK_BLOCK != dsn / CHECK_BLOCK &&
               (int64_t)(slot->dsn + slot->size - acked) > 0 &&
               (*blocks)->mask + 1 < CHECK_BLOCKS_HIGH) {
            if (!grow(blocks))
                return false;
            slot = slot_of(*blocks, dsn);
        }
        piece.dsn = dsn;
        piece.size = (uint16_t)n;
        piece.hash = hash_of(bytes, n);
        if (slot->size && slot->dsn / CHECK_BLOCK == dsn / CHECK_BLOCK)
            meet(&c->data, slot, &piece);
        else
            *slot = piece;
        dsn += n;
        bytes += n;
        size -= n;
    }
    return *blocks != NULL;
}

void check_blocks_verify(struct check_blocks *blocks, uint64_t dsn, uint32_t size)
{
    uint64_t end = dsn + size;

    for (uint64_t at = dsn; blocks && at < end; at = (at / CHECK_BLOCK + 1) * CHECK_BLOCK) {
        struct check_block *slot = slot_of(blocks, at);
        uint64_t stop = slot->dsn + slot->size;

        if (slot->size && slot->dsn / CHECK_BLOCK == at / CHECK_BLOCK &&
            slot->dsn + slot->verified >= dsn && slot->dsn + slot->verified < end)
            slot->verified = (uint16_t)((end < stop ? end : stop) - slot->dsn);
    }
}

void check_blocks_forget(struct check_blocks *blocks, uint64_t dsn, uint32_t size)
{
    uint64_t end = dsn + size;

    for (uint64_t at = dsn; blocks && at < end; at = (at / CHECK_BLOCK + 1) * CHECK_BLOCK) {
        struct check_block *slot = slot_of(blocks, at);

        if (slot->size && slot->dsn / CHECK_BLOCK == at / CHECK_BLOCK)
            slot->size = 0;
    }
}
