/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cursor: big-endian reads, its two ends, and that the first failure sticks; the texts of
 * status.h. */
#include "wire_test.h"

#include "mpa/status.h"

#include <string.h>

static const uint8_t data[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

static void reads(void)
{
    struct mpa_bytes b = mpa_bytes_init(data, 16, 16);
    uint8_t copy[1];

    CU_ASSERT_EQUAL(mpa_bytes_u8(&b), 0x01);
    CU_ASSERT_EQUAL(mpa_bytes_u16(&b), 0x0203);
    CU_ASSERT_EQUAL(mpa_bytes_u32(&b), 0x04050607);
    CU_ASSERT_EQUAL(mpa_bytes_u64(&b), 0x08090a0b0c0d0e0f);
    CU_ASSERT_EQUAL(mpa_bytes_left(&b), 1);
    mpa_bytes_copy(&b, copy, 1);
    CU_ASSERT_EQUAL(copy[0], 0x10);
    CU_ASSERT_EQUAL(b.cond, MPA_COND_OK);
    CU_ASSERT_EQUAL(mpa_bytes_u8(&b), 0);
    CU_ASSERT_EQUAL(b.cond, MPA_COND_MALFORMED);
    CU_ASSERT_EQUAL(b.pos, 16);
}

static void cut_is_not_contradiction(void)
{
    struct mpa_bytes b = mpa_bytes_init(data, 6, 10);
    uint8_t copy[4] = {0xee, 0xee, 0xee, 0xee};

    CU_ASSERT_EQUAL(mpa_bytes_u32(&b), 0x01020304);
    CU_ASSERT_EQUAL(mpa_bytes_u32(&b), 0); /* 4 to 8: claimed, not captured. */
    CU_ASSERT_EQUAL(b.cond, MPA_COND_TRUNCATED);
    CU_ASSERT_EQUAL(b.pos, 4);
    CU_ASSERT_EQUAL(mpa_bytes_u8(&b), 0); /* It sticks, although this byte is there. */
    CU_ASSERT_PTR_NULL(mpa_bytes_take(&b, 0));
    CU_ASSERT_EQUAL(mpa_bytes_left(&b), 0);
    mpa_bytes_copy(&b, copy, 4);
    CU_ASSERT_EQUAL(copy[0] | copy[3], 0);

    b = mpa_bytes_init(data, 6, 10);
    CU_ASSERT_EQUAL(mpa_bytes_need(&b, 11), 0);
    CU_ASSERT_EQUAL(b.cond, MPA_COND_MALFORMED);
    b = mpa_bytes_init(data, 16, 10); /* What lies behind the claimed end is not ours. */
    CU_ASSERT_EQUAL(b.captured, 10);
}

static void inner_cursors(void)
{
    struct mpa_bytes b = mpa_bytes_init(data, 6, 10);
    struct mpa_bytes in = mpa_bytes_sub(&b, 4);

    CU_ASSERT_EQUAL(in.claimed, 4);
    CU_ASSERT_EQUAL(in.captured, 4);
    CU_ASSERT_EQUAL(b.pos, 4);
    in = mpa_bytes_sub(&b, 5); /* Cut: two bytes are there. */
    CU_ASSERT_EQUAL(in.captured, 2);
    CU_ASSERT_EQUAL(in.claimed, 5);
    CU_ASSERT_EQUAL(in.cond, MPA_COND_OK);
    CU_ASSERT_EQUAL(mpa_bytes_u16(&in), 0x0506);
    CU_ASSERT_EQUAL(mpa_bytes_u8(&in), 0);
    CU_ASSERT_EQUAL(in.cond, MPA_COND_TRUNCATED);
    CU_ASSERT_EQUAL(b.cond, MPA_COND_TRUNCATED);

    b = mpa_bytes_init(data, 6, 10);
    in = mpa_bytes_sub(&b, 11);
    CU_ASSERT_EQUAL(in.cond, MPA_COND_MALFORMED);
    CU_ASSERT_EQUAL(b.cond, MPA_COND_MALFORMED);
    CU_ASSERT_EQUAL(mpa_bytes_u8(&in), 0);
}

static void status_texts(void)
{
    CU_ASSERT_STRING_EQUAL(mpa_strerror(0), "success");
    CU_ASSERT_STRING_EQUAL(mpa_strerror(MPA_ERR_NOMEM), "out of memory");
    CU_ASSERT_STRING_EQUAL(mpa_strerror(MPA_ERR_INTERNAL), "internal error");
    CU_ASSERT_STRING_EQUAL(mpa_strerror(1), "unknown status");
    CU_ASSERT_STRING_EQUAL(mpa_strerror(-1000), "unknown status");
}

int suite_bytes(void)
{
    static const struct test tests[] = {
        {"big-endian reads", reads},
        {"cut by the capture is not a contradiction", cut_is_not_contradiction},
        {"inner cursors", inner_cursors},
        {"texts of our failures", status_texts},
    };

    return ADD_SUITE("bytes", tests);
}
