/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses and prefixes as text. */
#include "mpa/addr.h"

#include "mpa/status.h"

#include <arpa/inet.h>

#define V4_BITS 96 /* Bits in front of an IPv4 address in the 16-byte form. */

bool mpa_prefix_has(const struct mpa_prefix *prefix, const struct mpa_addr *addr)
{
    unsigned bits = prefix->bits <= 128 ? prefix->bits : 128;
    unsigned whole = bits / 8;
    unsigned mask = 0xff00U >> (bits % 8) & 0xff;

    if (memcmp(prefix->addr.b, addr->b, whole) != 0)
        return false;
    return whole == 16 || ((prefix->addr.b[whole] ^ addr->b[whole]) & mask) == 0;
}

const char *mpa_addr_text(const struct mpa_addr *addr, char ret_text[MPA_ADDR_TEXT])
{
    bool v4 = mpa_addr_is_v4(addr);

    /* Cannot fail: both families are known and the buffer holds the longest text. */
    if (!inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? addr->b + 12 : addr->b, ret_text, MPA_ADDR_TEXT))
        ret_text[0] = '\0';
    return ret_text;
}

/* A decimal number of at most three digits and nothing after it; -1 otherwise. */
static int parse_bits(const char *text)
{
    int value = 0;
    int digits = 0;

    for (; *text >= '0' && *text <= '9'; text++) {
        if (++digits > 3)
            return -1;
        value = value * 10 + (*text - '0');
    }
    return digits > 0 && *text == '\0' ? value : -1;
}

int mpa_prefix_parse(const char *text, struct mpa_prefix *ret)
{
    const char *slash = strchr(text, '/');
    size_t size = slash ? (size_t)(slash - text) : strlen(text);
    char copy[MPA_ADDR_TEXT];
    struct mpa_prefix prefix;
    uint8_t bytes[16];
    int most;
    int bits;

    if (size == 0 || size >= sizeof(copy))
        return MPA_ERR_ARGUMENT;
    memcpy(copy, text, size);
    copy[size] = '\0';
    if (inet_pton(AF_INET, copy, bytes) == 1) {
        prefix.addr = mpa_addr_v4(bytes);
        most = 32;
    } else if (inet_pton(AF_INET6, copy, bytes) == 1) {
        prefix.addr = mpa_addr_v6(bytes);
        most = 128;
    } else {
        return MPA_ERR_ARGUMENT;
    }
    bits = slash ? parse_bits(slash + 1) : most;
    if (bits < 0 || bits > most)
        return MPA_ERR_ARGUMENT;
    prefix.bits = (uint8_t)(most == 32 ? bits + V4_BITS : bits);
    *ret = prefix;
    return MPA_OK;
}
