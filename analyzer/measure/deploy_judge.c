/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mode of a deployment (protocol reference C.12) from what was counted.
 *
 * First those modes that show something which no other has: a proxy's keys (D7), advertised ports
 * of the VIP (D5), identities in timestamps (D4), tokens that are no hash (D6).  Then C with another
 * address advertised (D1, D2); then joins to the VIP that find their server among several (D3); what
 * is left is plain (D0).  Where a mode and a simpler one look the same, the simpler one is said, with
 * low confidence.
 */
#include "internal.h"

#define BITS_MEDIUM 4.0 /* -log2 of the chance that it only looks so. */
#define BITS_HIGH   8.0
#define ENOUGH      4 /* Of what may happen by chance once. */

static enum deploy_confidence by_bits(double bits)
{
    return bits >= BITS_HIGH ? DEPLOY_HIGH : bits >= BITS_MEDIUM ? DEPLOY_MEDIUM : DEPLOY_LOW;
}

/* Whether all joins that somebody answered reached the key: MPA_NULL without any. */
static int64_t all_reached(const struct deploy_view *v, const struct deploy_joins *j,
                           enum deploy_break by)
{
    if (v->broken[by])
        return 0;
    return j->reached ? 1 : MPA_NULL;
}

static bool denies(const struct deploy_view *v)
{
    /* Something on the way may clear the flag of some. */
    return v->c_set > 0 && v->c_set >= v->c_clear;
}

/* Each connection of a proxy is two here. */
static bool is_proxy(const struct deploy_view *v, struct deploy_verdict *ret)
{
    if (v->proxied == 0 || v->proxied * 4 < v->connections)
        return false;
    ret->mode = DEPLOY_D7;
    ret->confidence = v->proxied >= ENOUGH ? DEPLOY_HIGH : DEPLOY_MEDIUM;
    return true;
}

static bool is_ports(const struct deploy_view *v, struct deploy_verdict *ret)
{
    bool told = v->same.misrouted + v->same.refused > 0 || (v->ranges > 1 && v->ranges_apart);

    if (v->advert_port == 0 || v->port.reached == 0 || v->advert_port < v->advert_other)
        return false;
    ret->mode = DEPLOY_D5;
    ret->confidence = v->port.reached < 2                 ? DEPLOY_LOW
                      : v->port.reached >= ENOUGH && told ? DEPLOY_HIGH
                                                          : DEPLOY_MEDIUM;
    ret->by = DEPLOY_BREAK_PORT;
    ret->consistent = all_reached(v, &v->port, ret->by);
    return true;
}

static bool is_named(const struct deploy_view *v, struct deploy_verdict *ret)
{
    if (v->named == 0 || v->named < 3 * v->unnamed || denies(v) || 4 * v->strays > v->named)
        return false;
    ret->mode = DEPLOY_D4;
    /* With one identity nothing tells a range from all tokens. */
    ret->confidence = v->names > 1 ? by_bits(v->bits) : DEPLOY_LOW;
    ret->by = DEPLOY_BREAKS;
    if (v->strays || v->broken[DEPLOY_BREAK_STRAY] || v->broken[DEPLOY_BREAK_VIP])
        ret->consistent = 0;
    else
        ret->consistent = v->names > 1 || v->same.reached ? 1 : MPA_NULL;
    return true;
}

static bool is_underived(const struct deploy_view *v, struct deploy_verdict *ret)
{
    if (v->underived == 0)
        return false;
    ret->mode = DEPLOY_D6;
    ret->confidence = v->underived >= ENOUGH ? DEPLOY_MEDIUM : DEPLOY_LOW;
    return true;
}

/* A balancer at work: it translates or encapsulates, or what servers send goes around it. */
static bool has_balancer(const struct deploy_view *v)
{
    return v->translated || (v->encapsulated && !v->direct_encapsulated) || v->one_way;
}

static bool has_churn(const struct deploy_view *v)
{
    return v->hit || v->moved || v->split;
}

/* C is set; 'way_out': another address was advertised or joined. */
static bool is_balanced(const struct deploy_view *v, struct deploy_verdict *ret)
{
    bool way_out = v->advert_other || v->joined_other;
    bool several = v->servers > 1 || v->groups > 1;

    if (!denies(v) || (!way_out && !has_churn(v) && !several))
        return false;
    ret->by = DEPLOY_BREAK_DIRECT;
    ret->consistent = all_reached(v, &v->direct, ret->by);
    if (has_balancer(v)) {
        ret->mode = DEPLOY_D1;
        ret->confidence = !way_out                           ? DEPLOY_LOW
                          : several && v->direct.reached > 1 ? DEPLOY_HIGH
                                                             : DEPLOY_MEDIUM;
    } else if (has_churn(v)) {
        ret->mode = DEPLOY_D2;
        ret->confidence = !way_out ? DEPLOY_LOW : v->moved > 1 ? DEPLOY_HIGH : DEPLOY_MEDIUM;
    } else {
        ret->mode = DEPLOY_D1_OR_D2;
        /* One server with a second address that sets C looks the same. */
        ret->confidence = !way_out || !several                   ? DEPLOY_LOW
                          : v->joined_other > 1 && v->backup > 1 ? DEPLOY_HIGH
                                                                 : DEPLOY_MEDIUM;
    }
    return true;
}

/* Joins from other addresses of the client that all found their server, which chance would do for
 * one in 'servers'. */
static bool is_token_aware(const struct deploy_view *v, struct deploy_verdict *ret)
{
    double bits = v->servers > 1 ? (double)v->foreign * log2(v->servers) : 0;

    if (denies(v) || v->advert_other || v->servers < 2 || bits < BITS_MEDIUM ||
        10 * v->foreign < 9 * v->foreign_tried)
        return false;
    ret->mode = DEPLOY_D3;
    ret->confidence = by_bits(bits);
    ret->by = DEPLOY_BREAK_VIP;
    ret->consistent = all_reached(v, &v->same, ret->by);
    return true;
}

static bool is_plain(const struct deploy_view *v, struct deploy_verdict *ret)
{
    if (v->c_clear == 0 || denies(v))
        return false;
    ret->mode = DEPLOY_D0;
    ret->by = DEPLOY_BREAK_VIP;
    ret->consistent = all_reached(v, &v->same, ret->by);
    /* Never more: a balancer that knows tokens is not seen where servers cannot be told apart. */
    ret->confidence = v->same.reached || v->joined_other ? DEPLOY_MEDIUM : DEPLOY_LOW;
    return true;
}

struct deploy_verdict measure_deploy_judge(const struct deploy_view *v)
{
    static bool (*const tests[])(const struct deploy_view *, struct deploy_verdict *) = {
        is_proxy, is_ports, is_named, is_underived, is_balanced, is_token_aware, is_plain,
    };
    struct deploy_verdict verdict = {.mode = DEPLOY_NONE, .consistent = MPA_NULL};

    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        if (tests[i](v, &verdict))
            break;
    return verdict;
}
