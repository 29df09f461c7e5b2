/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Servers that write their identity into the low 12 bits of their timestamps, and tokens of which
 * each server has a range (D4 of the protocol reference, C.12).
 *
 * An ordinary clock changes its low bits with every tick: the connection's first subflow betrays it
 * with its second packet or so, and nothing is looked at afterwards.  An identity is one that stays
 * while the upper 20 bits take 8 values over more than a second.
 */
#include "internal.h"

#include <stdlib.h>

#define NAME_BITS  12
#define NAME_MASK  0xfffu
#define NAME_KNOWN 0x8000u /* In conn_user.ts_name. */
#define VALUES_MIN 8
#define UNIT_SHIFT 20 /* Times are in units of 2^20 ns, as those of windows are. */
#define UNITS_MIN  (SECOND >> UNIT_SHIFT)

static void see_upper(const struct mpa_measure *m, struct conn_user *cu,
                      const struct mpa_segment *seg)
{
    uint32_t upper = seg->tsval >> NAME_BITS;
    uint32_t now = (uint32_t)((seg->ns - m->first_ns) >> UNIT_SHIFT);

    if ((int32_t)((upper - cu->ts_upper) << NAME_BITS) <= 0)
        return;
    cu->ts_upper = upper;
    if (cu->ts_values < UINT8_MAX)
        cu->ts_values++;
    if (now - cu->ts_start > UNITS_MIN)
        cu->flags |= CONN_TS_LONG;
}

void measure_deploy_clock(const struct mpa_measure *m, const struct mpa_segment *seg,
                          struct mpa_subflow *sf)
{
    struct conn_user *cu = sf->conn->user;
    struct sub_user *u = sf->user;
    uint16_t name = (uint16_t)(seg->tsval & NAME_MASK) | NAME_KNOWN;

    if (seg->flags & MPA_TCP_RST)
        return;
    if (cu->flags & CONN_TS_VARIES) {
        u->flags |= SUB_TS_DONE;
        return;
    }
    if (cu->ts_name == 0) {
        cu->ts_name = name;
        cu->ts_upper = seg->tsval >> NAME_BITS;
        cu->ts_values = 1;
        cu->ts_start = (uint32_t)((seg->ns - m->first_ns) >> UNIT_SHIFT);
    }
    if (name != cu->ts_name) { /* This clock changes, or the subflow is another server's. */
        cu->flags |= u->flags & SUB_TS_SAME ? CONN_TS_VARIES : CONN_TS_OTHER;
        u->flags |= SUB_TS_DONE;
        return;
    }
    u->flags |= SUB_TS_SAME;
    see_upper(m, cu, seg);
}

static void fill_identity(const struct conn_user *cu, struct mpa_rec_conn *ret)
{
    bool named = cu->ts_name && cu->ts_values >= VALUES_MIN && (cu->flags & CONN_TS_LONG) != 0;

    ret->ts_identity = cu->flags & CONN_TS_VARIES ? -1 : named ? cu->ts_name & NAME_MASK : MPA_NULL;
    ret->ts_strayed = ret->ts_identity >= 0 && (cu->flags & CONN_TS_OTHER) != 0;
}

/* The listener's HMAC, which shows whether it has the keys; where it was not seen, the opener's. */
static enum mpa_word join_verdict(const struct mpa_subflow *sf)
{
    bool none = sf->join_synack_hmac != MPA_HMAC_OK && sf->join_synack_hmac != MPA_HMAC_BAD;
    uint8_t verdict = none ? sf->join_ack_hmac : sf->join_synack_hmac;

    return verdict ? (enum mpa_word)verdict : MPA_HMAC_NONE;
}

void measure_deploy_fill(const struct mpa_conn *conn, struct mpa_rec_conn *ret)
{
    int i = 0;

    fill_identity(conn->user, ret);
    for (const struct mpa_subflow *sf = conn->subflows; sf; sf = sf->next, i++)
        ret->subflows[i].join_verdict =
            sf->role == MPA_ROLE_JOIN ? join_verdict(sf) : MPA_HMAC_NONE;
}

/* ---- Ranges of tokens ----------------------------------------------------------- */

static int by_token(const void *x, const void *y)
{
    const struct deploy_token *a = x, *b = y;

    if (a->token != b->token)
        return a->token < b->token ? -1 : 1;
    return (a->id > b->id) - (a->id < b->id);
}

/* The next one after 'i' that is not marked; 'count' at the end. */
static size_t next_of(const struct deploy_token *tokens, size_t count, size_t i)
{
    do
        i++;
    while (i < count && tokens[i].stray);
    return i;
}

/* One token between two of one other identity: it is the one that is wrong. */
static void mark_singles(struct deploy_token *tokens, size_t count)
{
    size_t before = count, i = 0;

    while (i < count) {
        size_t after = next_of(tokens, count, i);

        if (before < count && after < count && tokens[before].name == tokens[after].name &&
            tokens[i].name != tokens[before].name)
            tokens[i].stray = true;
        else
            before = i;
        i = after;
    }
}

/* Of an identity with several runs the longest is its range. */
static void mark_runs(struct deploy_token *tokens, size_t count)
{
    size_t longest[NAME_MASK + 1] = {0}, start[NAME_MASK + 1] = {0};

    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0, end; i < count; i = end) {
            size_t size = 0;
            uint16_t name = tokens[i].name;

            for (end = i; end < count && (tokens[end].stray || tokens[end].name == name); end++)
                size += !tokens[end].stray;
            if (pass == 0 && size > longest[name]) {
                longest[name] = size;
                start[name] = i;
            }
            for (size_t k = i; pass == 1 && start[name] != i && k < end; k++)
                tokens[k].stray = true;
        }
}

/* -log2 of the chance that 'count' tokens, shuffled, lie in runs of their identities. */
static double improbability(const struct deploy_token *tokens, size_t count, int *ret_names)
{
    double log = 0;
    size_t all = 0, size = 0;
    int names = 0;
    uint16_t name = 0;

    for (size_t i = 0; i < count; i++) {
        if (tokens[i].stray)
            continue;
        if (all == 0 || tokens[i].name != name) {
            names++;
            log -= lgamma((double)size + 1);
            size = 0;
            name = tokens[i].name;
        }
        size++;
        all++;
    }
    log -= lgamma((double)size + 1);
    log += lgamma((double)all + 1) - lgamma((double)names + 1);
    *ret_names = names;
    return all ? log / M_LN2 : 0;
}

int measure_deploy_ranges(struct deploy_token *tokens, size_t count, int64_t *ret_strays,
                          double *ret_bits)
{
    int names;

    *ret_strays = 0;
    if (count)
        qsort(tokens, count, sizeof *tokens, by_token);
    for (size_t i = 0; i < count; i++)
        tokens[i].stray = false;
    mark_singles(tokens, count);
    if (count)
        mark_runs(tokens, count);
    for (size_t i = 0; i < count; i++)
        *ret_strays += tokens[i].stray;
    *ret_bits = improbability(tokens, count, &names);
    return names;
}
