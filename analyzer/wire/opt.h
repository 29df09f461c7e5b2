/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the option decoder only. */
#ifndef MPA_WIRE_OPT_H
#define MPA_WIRE_OPT_H

#include "mpa/option.h"

/*
 * Which reading of the bytes a row of the table speaks of: what the option itself says, apart from
 * its length.  MP_CAPABLE: its version nibble.  ADD_ADDR: the kind of its low nibble.  Other
 * subtypes have one reading.
 */
enum mpa_reading {
    MPA_READ_ANY = 0,
    MPA_READ_V0,     /* MP_CAPABLE version 0. */
    MPA_READ_V1,     /* MP_CAPABLE version 1. */
    MPA_READ_IPVER,  /* ADD_ADDR with an IP version of 4 or 6. */
    MPA_READ_IPECHO, /* ADD_ADDR with 0xC or 0xE: IP version and echo bit. */
    MPA_READ_E0,     /* ADD_ADDR of RFC 8684, E clear. */
    MPA_READ_E1,     /* ADD_ADDR of RFC 8684, E set. */
    MPA_READ_NONE,   /* One that no dialect has. */
};

/* MALFORMED where no dialect has an option of this subtype and length, OK where a row has all of
 * it, otherwise ILLEGAL. */
enum mpa_cond mpa_form_judge(uint8_t subtype, uint8_t len, enum mpa_reading reading,
                             uint8_t tcp_flags, enum mpa_dialect dialect);

/* Whether the low nibble of an ADD_ADDR is read as RFC 8684 does. */
static inline bool mpa_dialect_is_v1(enum mpa_dialect d)
{
    return d == MPA_DIALECT_RFC8684 || d == MPA_DIALECT_RFC8684_EARLY;
}

/* ADD_ADDR: whole option at 'p'.  Sets 'cond', 'reserved' and the union. */
void mpa_opt_add_addr(const uint8_t *p, uint8_t tcp_flags, enum mpa_dialect dialect,
                      struct mpa_option *ret);

/* The spans of an option whose bytes are at 'p' and whose decoded form is 'opt'. */
void mpa_opt_fields(const uint8_t *p, const struct mpa_option *opt, struct mpa_fields *ret);

#endif
