/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ADD_ADDR: the option in which the dialects differ.
 *
 *     1e len 3N id | address 4 or 16 | port 2, optional | HMAC 8, optional
 *
 * RFC 8684 3.4.1: N is three reserved bits and E, and the family follows from the length.  RFC
 * 6824 3.4.1: N is the IP version and there is no HMAC; the ICNP-2017 kernel adds 8 to it for an
 * echo; draft-v1 has the HMAC in both.  The same lengths serve several of these, hence the dialect.
 */
#include "opt.h"

#define HMAC_SIZE 8

/* How the nibble is to be read; false where it says nothing in this dialect. */
static bool read_nibble(uint8_t nibble, enum mpa_dialect dialect, enum mpa_reading *ret)
{
    if (mpa_dialect_is_v1(dialect)) {
        *ret = nibble & 1 ? MPA_READ_E1 : MPA_READ_E0;
        return true;
    }
    switch (nibble) {
    case 0x4:
    case 0x6:
        *ret = MPA_READ_IPVER;
        return true;
    case 0xc:
    case 0xe:
        *ret = MPA_READ_IPECHO;
        return true;
    case 0x0:
        *ret = MPA_READ_E0;
        return true;
    case 0x1:
        *ret = MPA_READ_E1;
        return true;
    default:
        return false;
    }
}

/* Bytes of the address; 0 where no form has this length. */
static unsigned address_size(uint8_t len)
{
    switch (len) {
    case 8:
    case 10:
    case 16:
    case 18:
        return 4;
    case 20:
    case 22:
    case 28:
    case 30:
        return 16;
    default:
        return 0;
    }
}

void mpa_opt_add_addr(const uint8_t *p, uint8_t tcp_flags, enum mpa_dialect dialect,
                      struct mpa_option *ret)
{
    struct mpa_add_addr *add = &ret->add_addr;
    uint8_t len = p[1];
    uint8_t nibble = p[2] & 0x0f;
    unsigned size = address_size(len);
    unsigned rest;
    enum mpa_reading reading;

    ret->cond = MPA_COND_MALFORMED;
    if (size == 0 || !read_nibble(nibble, dialect, &reading))
        return;
    if (reading == MPA_READ_IPVER || reading == MPA_READ_IPECHO) {
        if ((nibble & 7) != (size == 4 ? 4 : 6))
            return;
    } else {
        ret->reserved = nibble & 0x0e;
    }
    ret->cond = (uint8_t)mpa_form_judge(MPA_ADD_ADDR, len, reading, tcp_flags, dialect);

    rest = len - 4U - size; /* 0, 2 (port), 8 (HMAC) or 10. */
    add->nibble = nibble;
    add->echo = reading == MPA_READ_IPECHO || reading == MPA_READ_E1;
    add->has_port = rest == 2 || rest == 2 + HMAC_SIZE;
    add->has_hmac = rest >= HMAC_SIZE;
    add->v6 = size == 16;
    add->id = p[3];
    add->addr = size == 4 ? mpa_addr_v4(p + 4) : mpa_addr_v6(p + 4);
    add->port = add->has_port ? mpa_load16(p + 4 + size) : 0;
    if (add->has_hmac)
        memcpy(add->hmac, p + len - HMAC_SIZE, HMAC_SIZE);
    else
        memset(add->hmac, 0, HMAC_SIZE);
}
