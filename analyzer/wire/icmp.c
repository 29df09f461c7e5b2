/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ICMP and ICMPv6 errors: what they say and the segment that they quote (RFC 792, 1191, 4443). */
#include "walk.h"

/* The error messages of RFC 792 (RFC 1122 3.2.2). */
static bool is_error4(uint8_t type)
{
    return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

static bool is_error6(uint8_t type)
{
    return type >= 1 && type <= 4;
}

/* Type, code, checksum 2, four bytes by type, then the packet in error from its IP header on. */
enum mpa_step mpa_icmp(struct mpa_walk *w)
{
    const uint8_t *p;
    struct mpa_icmp_error *e = w->icmp;

    if (w->quote) /* No error is sent about an error. */
        return mpa_walk_end(w, MPA_FRAME_OTHER);
    if (!mpa_bytes_need(&w->b, 1))
        return mpa_walk_fail(w);
    p = w->b.base + w->b.pos;
    if (w->v6 ? !is_error6(p[0]) : !is_error4(p[0]))
        return mpa_walk_end(w, MPA_FRAME_OTHER);
    if (!mpa_bytes_take(&w->b, 8))
        return mpa_walk_fail(w);
    e->v6 = w->v6;
    e->type = p[0];
    e->code = p[1];
    e->mtu = 0;
    if (w->v6 && p[0] == 2)
        e->mtu = mpa_load32(p + 4);
    else if (!w->v6 && p[0] == 3 && p[1] == 4)
        e->mtu = mpa_load16(p + 6);
    e->from = w->src;
    e->to = w->dst;
    w->quote = true;
    return w->v6 ? MPA_STEP_IP6 : MPA_STEP_IP4;
}
