/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The legal forms: subtype, length, reading, dialects, TCP flags.
 *
 * RFC 8684 and RFC 6824 section 3; rfc6824bis-04 for draft-v1; the sources of the ICNP-2017 kernel
 * for its echo.  The lengths of a DSS follow from its flags and are not here (opt_decode.c).  A
 * length that has a row, but of another dialect or other TCP flags, is ILLEGAL rather than MALFORMED.
 */
#include "opt.h"

#include <stddef.h>

#define D(symbol) (1U << MPA_DIALECT_##symbol)
/* While the dialect is open, all that any dialect has is accepted. */
#define OPEN  (D(UNKNOWN) | D(MIXED))
#define V0    (D(RFC6824) | D(ICNP2017) | D(APPLE_V0) | OPEN)
#define ICNP  (D(ICNP2017) | OPEN)
#define DRAFT (D(DRAFT_V1) | OPEN)
#define V1    (D(RFC8684) | D(RFC8684_EARLY) | OPEN)
#define ALL   (V0 | DRAFT | V1)

#define S MPA_TCP_SYN
#define R MPA_TCP_RST
#define A MPA_TCP_ACK

struct form {
    uint8_t min; /* Lengths from min to max. */
    uint8_t max;
    uint8_t reading;
    uint16_t dialects;
    uint8_t mask; /* The segment's flags under 'mask' ... */
    uint8_t want; /* ... must be these. */
};

/* clang-format off */
static const struct form capable[] = {
    /*min max reading          dialects    mask        want */
    {    4,  4, MPA_READ_V1,     V1,         S | A | R,  S},     /* SYN */
    {   12, 12, MPA_READ_V0,     V0,         S | R,      S},     /* SYN, SYN/ACK */
    {   12, 12, MPA_READ_V1,     DRAFT,      S | R,      S},     /* SYN, SYN/ACK */
    {   12, 12, MPA_READ_V1,     V1,         S | A | R,  S | A}, /* SYN/ACK */
    {   20, 20, MPA_READ_V0,     V0,         S | A | R,  A},     /* third ACK */
    {   20, 20, MPA_READ_V1,     DRAFT | V1, S | A | R,  A},     /* third ACK */
    {   22, 22, MPA_READ_V1,     V1,         S | A | R,  A},     /* first data */
    {   24, 24, MPA_READ_V1,     V1,         S | A | R,  A},     /* first data, checksum */
};
static const struct form join[] = {
    {   12, 12, MPA_READ_ANY,    ALL,        S | A | R,  S},
    {   16, 16, MPA_READ_ANY,    ALL,        S | A | R,  S | A},
    {   24, 24, MPA_READ_ANY,    ALL,        S | A | R,  A},
};
static const struct form add_addr[] = {
    {    8,  8, MPA_READ_IPVER,  V0,         S,          0},     /* IPv4 */
    {   10, 10, MPA_READ_IPVER,  V0,         S,          0},     /* IPv4, port */
    {   20, 20, MPA_READ_IPVER,  V0,         S,          0},     /* IPv6 */
    {   22, 22, MPA_READ_IPVER,  V0,         S,          0},     /* IPv6, port */
    {    8,  8, MPA_READ_IPECHO, ICNP,       S,          0},
    {   10, 10, MPA_READ_IPECHO, ICNP,       S,          0},
    {   20, 20, MPA_READ_IPECHO, ICNP,       S,          0},
    {   22, 22, MPA_READ_IPECHO, ICNP,       S,          0},
    {   16, 16, MPA_READ_IPVER,  DRAFT,      S,          0},     /* with HMAC from here */
    {   18, 18, MPA_READ_IPVER,  DRAFT,      S,          0},
    {   28, 28, MPA_READ_IPVER,  DRAFT,      S,          0},
    {   30, 30, MPA_READ_IPVER,  DRAFT,      S,          0},
    {   16, 16, MPA_READ_IPECHO, DRAFT,      S,          0},
    {   18, 18, MPA_READ_IPECHO, DRAFT,      S,          0},
    {   28, 28, MPA_READ_IPECHO, DRAFT,      S,          0},
    {   30, 30, MPA_READ_IPECHO, DRAFT,      S,          0},
    {   16, 16, MPA_READ_E0,     V1,         S,          0},     /* RFC 8684: HMAC */
    {   18, 18, MPA_READ_E0,     V1,         S,          0},
    {   28, 28, MPA_READ_E0,     V1,         S,          0},
    {   30, 30, MPA_READ_E0,     V1,         S,          0},
    {    8,  8, MPA_READ_E1,     V1,         S,          0},     /* echo: no HMAC */
    {   10, 10, MPA_READ_E1,     V1,         S,          0},
    {   20, 20, MPA_READ_E1,     V1,         S,          0},
    {   22, 22, MPA_READ_E1,     V1,         S,          0},
};
static const struct form remove_addr[] = {
    {    4, 40, MPA_READ_ANY,    ALL,        S,          0},
};
static const struct form prio[] = {
    {    3,  3, MPA_READ_ANY,    ALL,        S,          0},
    {    4,  4, MPA_READ_ANY,    V0 | DRAFT, S,          0},     /* with Address ID */
};
static const struct form fail[] = {
    {   12, 12, MPA_READ_ANY,    ALL,        S,          0},
};
static const struct form fastclose[] = {
    {   12, 12, MPA_READ_ANY,    V0,         S | A | R,  A},     /* RFC 6824: on an ACK */
    {   12, 12, MPA_READ_ANY,    DRAFT | V1, S,          0},     /* ACK or RST */
};
static const struct form tcprst[] = {
    {    4,  4, MPA_READ_ANY,    V1,         S | R,      R},
};
/* clang-format on */

#define ROWS(forms)                                                                                \
    {                                                                                              \
        forms, sizeof(forms) / sizeof((forms)[0])                                                  \
    }
static const struct {
    const struct form *forms;
    size_t count;
} by_subtype[] = {
    [MPA_MP_CAPABLE] = ROWS(capable),     [MPA_MP_JOIN] = ROWS(join),
    [MPA_ADD_ADDR] = ROWS(add_addr),      [MPA_REMOVE_ADDR] = ROWS(remove_addr),
    [MPA_MP_PRIO] = ROWS(prio),           [MPA_MP_FAIL] = ROWS(fail),
    [MPA_MP_FASTCLOSE] = ROWS(fastclose), [MPA_MP_TCPRST] = ROWS(tcprst),
};
#undef ROWS

enum mpa_cond mpa_form_judge(uint8_t subtype, uint8_t len, enum mpa_reading reading,
                             uint8_t tcp_flags, enum mpa_dialect dialect)
{
    enum mpa_cond cond = MPA_COND_MALFORMED;
    size_t i;

    if (subtype >= sizeof(by_subtype) / sizeof(by_subtype[0]))
        return cond;
    for (i = 0; i < by_subtype[subtype].count; i++) {
        const struct form *f = &by_subtype[subtype].forms[i];

        if (len < f->min || len > f->max)
            continue;
        cond = MPA_COND_ILLEGAL;
        if ((reading == MPA_READ_ANY || f->reading == MPA_READ_ANY || f->reading == reading) &&
            (f->dialects >> dialect & 1) != 0 && (tcp_flags & f->mask) == f->want)
            return MPA_COND_OK;
    }
    return cond;
}
