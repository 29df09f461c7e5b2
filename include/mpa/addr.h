/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IP addresses: one 16-byte form for both families, so that keys have one size. */
#ifndef MPA_ADDR_H
#define MPA_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* An IPv6 address, or an IPv4 address as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2), network order. */
struct mpa_addr {
    union {
        uint8_t b[16];
        uint64_t q[2]; /* For comparing and hashing only: memory order. */
    };
};

/* An address and a port (host order). */
struct mpa_endpoint {
    struct mpa_addr addr;
    uint16_t port;
};

/* An address prefix; 'bits' counts from the start of the 16-byte form (IPv4 /24 is 120). */
struct mpa_prefix {
    struct mpa_addr addr;
    uint8_t bits; /* 0 to 128. */
};

#define MPA_ADDR_TEXT 46 /* Bytes that hold any address as text, with the final zero. */

static inline bool mpa_addr_eq(const struct mpa_addr *a, const struct mpa_addr *b)
{
    return a->q[0] == b->q[0] && a->q[1] == b->q[1];
}

static inline bool mpa_addr_is_v4(const struct mpa_addr *a)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return memcmp(a->b, mapped, 12) == 0;
}

/* From 4 or 16 bytes in network order. */
static inline struct mpa_addr mpa_addr_v4(const uint8_t bytes[4])
{
    struct mpa_addr a;
    uint32_t raw;

    /* Two whole words: written a byte at a time, the next load of a word would have to wait for all
     * of them. */
    memcpy(&raw, bytes, 4);
    a.q[0] = 0;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    a.q[1] = (uint64_t)raw << 32 | 0xffff0000U;
#else
    a.q[1] = 0x0000ffff00000000ULL | raw;
#endif
    return a;
}

static inline struct mpa_addr mpa_addr_v6(const uint8_t bytes[16])
{
    struct mpa_addr a;
    memcpy(a.b, bytes, 16);
    return a;
}

/* Whether 'addr' lies in 'prefix'. */
bool mpa_prefix_has(const struct mpa_prefix *prefix, const struct mpa_addr *addr);

/* Text form (RFC 5952; dotted quad for IPv4) into 'ret_text'; returns 'ret_text'. */
const char *mpa_addr_text(const struct mpa_addr *addr, char ret_text[MPA_ADDR_TEXT]);

/* Parse "ADDR" or "ADDR/LEN" (LEN in the family's own bits).  0, or MPA_ERR_ARGUMENT with '*ret'
 * untouched. */
int mpa_prefix_parse(const char *text, struct mpa_prefix *ret);

#endif
