/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Server addresses: which are VIPs, how many flows live at each, bytes of each second.
 *
 * VIPs are those of --vip; without it they are inferred: the server address of a connection whose
 * server set C, or that shows redirect resets.  An address that clients join from a connection to
 * another one is a unique address, whatever else it shows.  That is decided at the end, hence bins
 * are kept by address; few of those without evidence have any.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

static bool given(const struct mpa_measure *m, const struct mpa_addr *addr)
{
    for (int i = 0; i < m->config.vip_count; i++)
        if (mpa_prefix_has(&m->config.vips[i], addr))
            return true;
    return false;
}

void measure_vip_init(struct mpa_measure *m)
{
    m->vips.count = 2; /* ADDRESS_OTHER, ADDRESS_DIRECT. */
    m->vips.at[ADDRESS_DIRECT].flags = ADDRESS_BINNED;
    m->vips.bin_end_ns = INT64_MIN;
}

static unsigned place(const struct mpa_addr *addr)
{
    uint64_t h = (addr->q[0] ^ 0x9e3779b97f4a7c15u) * 0xff51afd7ed558ccdu;

    h = (h ^ h >> 32 ^ addr->q[1]) * 0xc4ceb9fe1a85ec53u;
    return (unsigned)(h >> 40) & (2 * ADDRESSES_MAX - 1);
}

/* Index of the address; 0 where it is not known and does not fit.  'evidence' of being a VIP makes
 * it fit sooner. */
static uint16_t lookup(struct mpa_measure *m, const struct mpa_addr *addr, uint8_t evidence)
{
    struct vips *v = &m->vips;
    unsigned at = place(addr);
    struct address *a;

    for (; v->index[at]; at = (at + 1) & (2 * ADDRESSES_MAX - 1))
        if (mpa_addr_eq(&v->at[v->index[at]].addr, addr))
            return v->index[at];
    if (given(m, addr))
        evidence |= ADDRESS_GIVEN;
    if (v->count == ADDRESSES_MAX || (!evidence && v->plain == ADDRESSES_PLAIN))
        return ADDRESS_OTHER;
    v->index[at] = (uint16_t)v->count;
    a = &v->at[v->count];
    a->addr = *addr;
    a->flags = evidence & ADDRESS_GIVEN;
    if (!evidence)
        v->plain++;
    if (evidence || v->binned < BINNED_PLAIN) {
        v->binned += !evidence;
        a->flags |= ADDRESS_BINNED;
    }
    return (uint16_t)v->count++;
}

struct address *measure_vip_find(struct mpa_measure *m, const struct mpa_addr *addr)
{
    struct vips *v = &m->vips;

    for (unsigned at = place(addr); v->index[at]; at = (at + 1) & (2 * ADDRESSES_MAX - 1))
        if (mpa_addr_eq(&v->at[v->index[at]].addr, addr))
            return &v->at[v->index[at]];
    return NULL;
}

static void choose_slot(struct mpa_measure *m, struct sub_user *u)
{
    const struct address *a = &m->vips.at[u->address];

    if ((u->flags & SUB_DIRECT) && !(a->flags & ADDRESS_GIVEN))
        u->slot = ADDRESS_DIRECT;
    else
        u->slot = a->flags & ADDRESS_BINNED ? u->address : ADDRESS_OTHER;
}

void measure_vip_subflow(struct mpa_measure *m, struct mpa_subflow *sf)
{
    struct sub_user *u = sf->user;

    u->address = lookup(m, &sf->flow.addr[MPA_TO_SERVER], 0);
    if (m->vips.at[u->address].flags & ADDRESS_GIVEN)
        u->flags |= SUB_GIVEN_VIP;
    choose_slot(m, u);
}

void measure_vip_evidence(struct mpa_measure *m, struct mpa_subflow *sf, uint8_t flag)
{
    struct sub_user *u = sf->user;
    struct address *a;

    if (u->address == ADDRESS_OTHER)
        u->address = lookup(m, &sf->flow.addr[MPA_TO_SERVER], flag);
    if (u->address == ADDRESS_OTHER)
        return;
    a = &m->vips.at[u->address];
    if (!(a->flags & flag)) {
        a->flags |= flag;
        if (flag != ADDRESS_JOINED)
            a->flags |= ADDRESS_BINNED;
    }
    choose_slot(m, u);
}

void measure_vip_live(struct mpa_measure *m, struct mpa_subflow *sf, bool live)
{
    struct sub_user *u = sf->user;

    if (live == ((u->flags & SUB_LIVE) != 0) || (live && (u->flags & SUB_DEAD)))
        return;
    if (live) {
        u->flags |= SUB_LIVE;
        m->vips.at[u->address].live++;
    } else {
        u->flags &= (uint8_t)~SUB_LIVE;
        if (m->vips.at[u->address].live)
            m->vips.at[u->address].live--;
    }
}

void measure_vip_split(struct mpa_measure *m, const struct mpa_subflow *sf)
{
    const struct sub_user *u = sf->user;

    if (m->vips.at[u->address].splits < UINT16_MAX)
        m->vips.at[u->address].splits++;
}

void measure_vip_bytes(struct mpa_measure *m, struct address *a, uint32_t bytes)
{
    if (a->bytes == 0)
        m->vips.touched[m->vips.touched_count++] = (uint16_t)(a - m->vips.at);
    a->bytes += bytes;
}

/* The current second is over: its bytes become bins. */
void measure_vip_roll(struct mpa_measure *m, int64_t ns)
{
    struct vips *v = &m->vips;
    int64_t second = v->bin_end_ns / SECOND - 1;

    for (int i = 0; i < v->touched_count; i++) {
        struct address *a = &v->at[v->touched[i]];

        if (v->touched[i] != ADDRESS_OTHER) {
            if (!measure_grow(&v->bins, v->bin_count, &v->bin_capacity, sizeof *v->bins))
                measure_failed(m, MPA_ERR_NOMEM);
            else
                v->bins[v->bin_count++] =
                    (struct byte_bin){.second = second, .slot = v->touched[i], .bytes = a->bytes};
        }
        a->bytes = 0;
    }
    v->touched_count = 0;
    v->bin_end_ns = (ns / SECOND + 1) * SECOND;
}

void measure_vip_mark(struct mpa_measure *m, uint32_t mark)
{
    struct vips *v = &m->vips;

    for (int i = 2; i < v->count; i++) {
        if (v->at[i].live == 0 || !(v->at[i].flags & ADDRESS_BINNED))
            continue;
        if (!measure_grow(&v->snapshots, v->snapshot_count, &v->snapshot_capacity,
                          sizeof *v->snapshots)) {
            measure_failed(m, MPA_ERR_NOMEM);
            return;
        }
        v->snapshots[v->snapshot_count++] =
            (struct snapshot){.mark = mark, .live = v->at[i].live, .address = (uint16_t)i};
    }
}

bool measure_vip_address_is(const struct address *a)
{
    if (a->flags & ADDRESS_GIVEN)
        return true;
    return (a->flags & (ADDRESS_DENIES | ADDRESS_REDIRECT)) && !(a->flags & ADDRESS_JOINED);
}

/* With --vip nothing is inferred. */
bool measure_vip_is(const struct mpa_measure *m, const struct mpa_addr *addr)
{
    const struct vips *v = &m->vips;

    if (m->config.vip_count)
        return given(m, addr);
    for (unsigned at = place(addr); v->index[at]; at = (at + 1) & (2 * ADDRESSES_MAX - 1))
        if (mpa_addr_eq(&v->at[v->index[at]].addr, addr))
            return measure_vip_address_is(&v->at[v->index[at]]);
    return false;
}

bool measure_vip_any(const struct mpa_measure *m)
{
    if (m->config.vip_count)
        return true;
    for (int i = 2; i < m->vips.count; i++)
        if (measure_vip_address_is(&m->vips.at[i]))
            return true;
    return false;
}

/* Addresses of another measure are other indices here. */
int measure_vip_add(struct mpa_measure *m, const struct mpa_measure *from)
{
    struct vips *v = &m->vips;
    uint16_t map[ADDRESSES_MAX] = {ADDRESS_OTHER, ADDRESS_DIRECT};
    uint16_t series = (uint16_t)m->series_count;

    for (int i = 2; i < from->vips.count; i++) {
        map[i] = lookup(m, &from->vips.at[i].addr, from->vips.at[i].flags);
        if (map[i] == ADDRESS_OTHER)
            continue;
        v->at[map[i]].flags |= from->vips.at[i].flags;
        /* Vantage points see the same handshakes. */
        if (from->vips.at[i].splits > v->at[map[i]].splits)
            v->at[map[i]].splits = from->vips.at[i].splits;
    }
    for (size_t i = 0; i < from->vips.bin_count; i++) {
        struct byte_bin b = from->vips.bins[i];

        if (!measure_grow(&v->bins, v->bin_count, &v->bin_capacity, sizeof *v->bins))
            return MPA_ERR_NOMEM;
        b.slot = map[b.slot];
        b.series = (uint16_t)(series + b.series);
        v->bins[v->bin_count++] = b;
    }
    for (size_t i = 0; i < from->vips.snapshot_count; i++) {
        struct snapshot s = from->vips.snapshots[i];

        if (!measure_grow(&v->snapshots, v->snapshot_count, &v->snapshot_capacity,
                          sizeof *v->snapshots))
            return MPA_ERR_NOMEM;
        s.address = map[s.address];
        s.series = (uint16_t)(series + s.series);
        v->snapshots[v->snapshot_count++] = s;
    }
    return MPA_OK;
}

void measure_vip_free(struct mpa_measure *m)
{
    free(m->vips.bins);
    free(m->vips.snapshots);
}
