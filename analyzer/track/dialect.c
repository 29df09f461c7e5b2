/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which dialect a connection speaks: evidence in, verdict out (protocol reference A.8). */
#include "internal.h"

#define IS_8684                                                                                    \
    (MPA_EV_SYN4 | MPA_EV_CAPABLE_DATA | MPA_EV_NIBBLE_01 | MPA_EV_TCPRST | MPA_EV_SHA256)
#define IS_DRAFT (MPA_EV_SYN12 | MPA_EV_NIBBLE_46 | MPA_EV_NIBBLE_CE | MPA_EV_SHA1)
#define IS_ICNP  (MPA_EV_NIBBLE_CE | MPA_EV_AA_ON_DATA)

static enum mpa_dialect decide(uint32_t ev)
{
    if (ev & MPA_EV_VX)
        return MPA_DIALECT_UNKNOWN;
    if ((ev & MPA_EV_V0) && (ev & MPA_EV_V1))
        return MPA_DIALECT_MIXED;
    if (ev & MPA_EV_V0) {
        if (ev & (MPA_EV_NIBBLE_01 | MPA_EV_TCPRST | MPA_EV_SHA256))
            return MPA_DIALECT_MIXED;
        if (ev & MPA_EV_NIBBLE_CE)
            return MPA_DIALECT_ICNP2017;
        if (!(ev & MPA_EV_C))
            return MPA_DIALECT_RFC6824;
        return ev & IS_ICNP ? MPA_DIALECT_ICNP2017 : MPA_DIALECT_APPLE_V0;
    }
    if (ev & MPA_EV_V1) {
        if ((ev & IS_8684) && (ev & IS_DRAFT))
            return MPA_DIALECT_MIXED;
        if (ev & IS_8684)
            return ev & MPA_EV_AA_LEFT ? MPA_DIALECT_RFC8684_EARLY : MPA_DIALECT_RFC8684;
        return ev & IS_DRAFT ? MPA_DIALECT_DRAFT_V1 : MPA_DIALECT_UNKNOWN;
    }
    /* No MP_CAPABLE seen: only what one dialect alone has decides. */
    if (ev & (MPA_EV_NIBBLE_01 | MPA_EV_TCPRST | MPA_EV_SHA256))
        return ev & (MPA_EV_NIBBLE_46 | MPA_EV_NIBBLE_CE) ? MPA_DIALECT_MIXED : MPA_DIALECT_RFC8684;
    return MPA_DIALECT_UNKNOWN;
}

/* Whether the hash of keys changes between two dialects. */
static bool hash_differs(const struct mpa_conn *before, const struct mpa_conn *after)
{
    enum mpa_hash a[2], b[2];

    return dialect_hashes(before, a) != dialect_hashes(after, b) || a[0] != b[0];
}

static void settle(struct mpa_tracker *t, struct mpa_conn *c, struct mpa_conn *before)
{
    c->dialect = (uint8_t)(t->config.dialect != MPA_DIALECT_UNKNOWN ? t->config.dialect
                                                                    : decide(c->evidence));
    if (hash_differs(before, c))
        conn_rehash(t, c);
}

void dialect_note(struct mpa_tracker *t, struct mpa_conn *c, uint32_t evidence)
{
    struct mpa_conn before;

    if ((c->evidence & evidence) == evidence)
        return;
    before = (struct mpa_conn){.evidence = c->evidence, .dialect = c->dialect};
    c->evidence |= evidence;
    settle(t, c, &before);
}

void dialect_version(struct mpa_tracker *t, struct mpa_conn *c, unsigned version, bool answer)
{
    struct mpa_conn before = {.evidence = c->evidence, .dialect = c->dialect};
    uint32_t bit = version == 0 ? MPA_EV_V0 : version == 1 ? MPA_EV_V1 : MPA_EV_VX;

    if (answer)
        c->evidence &= ~(uint32_t)(MPA_EV_V0 | MPA_EV_V1 | MPA_EV_VX);
    /* A length-12 or length-4 SYN says nothing once the answer chose version 0. */
    if (answer && version == 0)
        c->evidence &= ~(uint32_t)(MPA_EV_SYN4 | MPA_EV_SYN12);
    c->evidence |= bit;
    settle(t, c, &before);
}

const uint8_t dialect_decoded_as[MPA_DIALECT_COUNT] = {
    [MPA_DIALECT_UNKNOWN] = MPA_DIALECT_UNKNOWN,
    /* The ICNP forms are what would show that it is one. */
    [MPA_DIALECT_RFC6824] = MPA_DIALECT_ICNP2017,
    [MPA_DIALECT_APPLE_V0] = MPA_DIALECT_ICNP2017,
    [MPA_DIALECT_ICNP2017] = MPA_DIALECT_ICNP2017,
    [MPA_DIALECT_DRAFT_V1] = MPA_DIALECT_DRAFT_V1,
    [MPA_DIALECT_RFC8684] = MPA_DIALECT_RFC8684,
    [MPA_DIALECT_RFC8684_EARLY] = MPA_DIALECT_RFC8684_EARLY,
    [MPA_DIALECT_MIXED] = MPA_DIALECT_UNKNOWN,
};

int dialect_hashes(const struct mpa_conn *c, enum mpa_hash ret[2])
{
    enum mpa_dialect d = (enum mpa_dialect)c->dialect;

    if (d == MPA_DIALECT_UNKNOWN || d == MPA_DIALECT_MIXED) {
        if (c->evidence & MPA_EV_V0) {
            ret[0] = MPA_SHA1;
            return 1;
        }
        ret[0] = MPA_SHA256;
        ret[1] = MPA_SHA1;
        return 2;
    }
    ret[0] = mpa_dialect_hash(d);
    return 1;
}
