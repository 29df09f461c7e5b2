/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The DSS checksum: the ones-complement sum of TCP over another pseudo-header (RFC 8684 3.3.1, RFC
 * 1071). */
#include "mpa/crypto.h"

#include <string.h>

static uint32_t fold64(uint64_t sum)
{
    sum = (sum >> 32) + (sum & 0xffffffff);
    sum = (sum >> 32) + (sum & 0xffffffff);
    sum = (sum >> 16) + (sum & 0xffff);
    sum = (sum >> 16) + (sum & 0xffff);
    return (uint32_t)((sum >> 16) + (sum & 0xffff));
}

static uint32_t swap16(uint32_t sum)
{
    return (sum << 8 | sum >> 8) & 0xffff;
}

uint32_t mpa_crypto_sum_add(uint32_t sum, size_t offset, const uint8_t *bytes, size_t size)
{
    uint64_t words = 0;
    uint64_t eight;
    uint16_t two;
    uint32_t folded;

    /* In memory order; the sum does not care about byte order as long as the result is swapped (RFC
     * 1071, 2 B). */
    for (; size >= 8; size -= 8, bytes += 8) {
        memcpy(&eight, bytes, 8);
        words += (eight & 0xffffffff) + (eight >> 32);
    }
    for (; size >= 2; size -= 2, bytes += 2) {
        memcpy(&two, bytes, 2);
        words += two;
    }
    if (size == 1) {
        two = 0;
        memcpy(&two, bytes, 1);
        words += two;
    }
    folded = fold64(words);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    folded = swap16(folded);
#endif
    if (offset % 2 != 0)
        folded = swap16(folded);
    return fold64((uint64_t)sum + folded);
}

uint16_t mpa_crypto_sum_fold(uint32_t sum, uint64_t dsn, uint32_t ssn, uint16_t length)
{
    uint64_t all = sum;

    all += (dsn >> 48) + (dsn >> 32 & 0xffff) + (dsn >> 16 & 0xffff) + (dsn & 0xffff);
    all += (uint64_t)(ssn >> 16) + (ssn & 0xffff) + length;
    return (uint16_t)~fold64(all);
}

uint16_t mpa_crypto_dss_checksum(uint64_t dsn, uint32_t ssn, uint16_t length,
                                 const uint8_t *payload, size_t size)
{
    return mpa_crypto_sum_fold(mpa_crypto_sum_add(0, 0, payload, size), dsn, ssn, length);
}
