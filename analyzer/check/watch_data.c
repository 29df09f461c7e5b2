/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rules of the group data need to remember: mappings, Data ACKs, windows, closing. */
#include "internal.h"

#include <stdlib.h>

#define UNWRAPPED (UINT64_C(1) << 32) /* Where unwrapped positions begin. */
/* No sender is further ahead of what was captured, unless much is missing; none repeats what is
   older. */
#define STRAY_AHEAD  (INT64_C(1) << 20)
#define STRAY_BEHIND (INT64_C(16) << 20)

/* ---- Areas ----------------------------------------------------------------------------- */

static struct check_data_flow *flow_of(struct mpa_check *c, const struct mpa_subflow *sf,
                                       enum mpa_dir dir)
{
    struct check_data_flow **flow = &check_subflow_of(sf)->data.flow[dir];

    if (!*flow) {
        *flow = calloc(1, sizeof **flow);
        if (*flow)
            (*flow)->near = UNWRAPPED;
        else
            c->status = MPA_ERR_NOMEM;
    }
    return *flow;
}

static struct check_data_side *side_of(struct mpa_check *c, const struct mpa_conn *conn,
                                       enum mpa_dir dir)
{
    struct check_data_side **side = &check_conn_of(conn)->data.side[dir];

    if (!*side) {
        *side = calloc(1, sizeof **side);
        if (!*side)
            c->status = MPA_ERR_NOMEM;
    }
    return *side;
}

static void end(struct mpa_check *c, const struct mpa_conn *conn)
{
    (void)c;
    for (int dir = 0; dir < 2; dir++) {
        struct check_data_side **side = &check_conn_of(conn)->data.side[dir];

        if (*side)
            free((*side)->blocks);
        free(*side);
        *side = NULL;
        for (const struct mpa_subflow *sf = conn->subflows; sf; sf = sf->next) {
            struct check_data_flow **flow = &check_subflow_of(sf)->data.flow[dir];

            if (*flow) {
                free((*flow)->runs);
                free((*flow)->bare);
            }
            free(*flow);
            *flow = NULL;
        }
    }
}

/* ---- Positions ------------------------------------------------------------------------- */

bool check_position_known(const struct mpa_subflow *sf, enum mpa_dir dir)
{
    return (sf->half[dir].flags & MPA_HALF_SYN) && !(sf->flags & MPA_SF_MIDSTREAM) &&
           !((sf->flags & MPA_SF_SPLIT) && !sf->established_ns) &&
           !check_subflow_of(sf)->data.stray;
}

uint64_t check_position(const struct mpa_subflow *sf, enum mpa_dir dir,
                        const struct mpa_segment *seg)
{
    const struct check_data_flow *flow = check_subflow_of(sf)->data.flow[dir];

    return mpa_unwrap32(flow ? flow->near : UNWRAPPED, seg->seq - mpa_subflow_zero(sf, dir));
}

const struct check_run *check_run_at(const struct check_data_flow *flow, uint64_t at)
{
    for (int i = flow->run_count - 1; i >= 0; i--)
        if (at >= flow->runs[i].ssn && at < flow->runs[i].end)
            return &flow->runs[i];
    return NULL;
}

uint64_t check_covered(const struct check_data_flow *flow, uint64_t from, uint64_t end)
{
    const struct check_run *r;

    while (from < end && (r = check_run_at(flow, from)))
        from = r->end;
    return from < end ? from : end;
}

bool check_holes(const struct mpa_subflow *sf, enum mpa_dir dir)
{
    return sf->more[dir].unseen || sf->half[dir].seen.forgotten || sf->half[dir].seen.holes;
}

#define SUBFLOWS_MAX 256 /* Looked at where one of many would say it. */

bool check_conn_holes(const struct mpa_conn *conn)
{
    int n = 0;

    for (const struct mpa_subflow *sf = conn->subflows; sf && n < SUBFLOWS_MAX; sf = sf->next, n++)
        if (check_holes(sf, MPA_TO_SERVER) || check_holes(sf, MPA_TO_CLIENT))
            return true;
    return false;
}

/* ---- Options --------------------------------------------------------------------------- */

/* Further from what was seen than any window allows. */
static bool is_stray(const struct mpa_segment *seg, const struct mpa_subflow *sf, enum mpa_dir dir)
{
    const struct check_data_flow *flow = check_subflow_of(sf)->data.flow[dir];
    int64_t off = (int64_t)(check_position(sf, dir, seg) - (flow ? flow->near : UNWRAPPED));

    return check_position_known(sf, dir) && !(seg->flags & (MPA_TCP_SYN | MPA_TCP_RST)) &&
           (off > STRAY_AHEAD || off < -STRAY_BEHIND);
}

static struct check_data_all *now_of(struct mpa_check *c, const struct mpa_segment *seg,
                                     const struct mpa_subflow *sf, enum mpa_dir dir)
{
    struct check_data_all *now = &c->data;

    if (now->frame == seg->frame && now->capture == seg->capture && now->sf == sf)
        return now;
    *now = (struct check_data_all){.frame = seg->frame, .capture = seg->capture, .sf = sf};
    if (is_stray(seg, sf, dir))
        check_subflow_of(sf)->data.stray = check_conn_of(sf->conn)->data.stray = true;
    return now;
}

/* What a DSS maps. */
static struct check_mapping read_mapping(const struct mpa_event *e,
                                         const struct check_data_flow *flow)
{
    const struct mpa_dss *dss = &e->option->dss;
    bool wide = (dss->flags & MPA_DSS_DSN8) != 0, fin = (dss->flags & MPA_DSS_FIN) != 0;

    return (struct check_mapping){.dsn = mpa_data_expand(&e->conn->data[e->dir], dss->dsn, wide),
                                  .ssn = mpa_unwrap32(flow->near, dss->ssn),
                                  .size = fin && dss->length ? dss->length - 1u : dss->length,
                                  .length = dss->length,
                                  .checksum = dss->checksum,
                                  .has_checksum = dss->has_checksum,
                                  .wide = wide,
                                  .fin = fin};
}

static void note_first(struct check_data_side *side, const struct mpa_segment *seg,
                       const struct mpa_subflow *sf, enum mpa_dir dir,
                       const struct check_mapping *m)
{
    if (side->has_first && (int64_t)(m->dsn - side->first_dsn) >= 0)
        return;
    side->has_first = true;
    side->first_dsn = m->dsn;
    side->first_wide = m->wide;
    side->has_due = check_has_keys(sf->conn);
    side->first_due = sf->conn->data[dir].idsn + 1;
    side->first_frame = (struct mpa_frame_ref){seg->capture, (int64_t)seg->frame};
    side->first_ns = seg->ns;
    side->first_subflow = sf->id;
}

static void note_wide(struct check_data_side *side, const struct check_mapping *m)
{
    uint64_t stop = m->dsn + m->size;

    if (m->dsn < side->wide_start || m->dsn > side->wide_end) {
        side->wide_start = m->dsn;
        side->wide_end = stop;
    } else if (stop > side->wide_end) {
        side->wide_end = stop;
    }
}

static void see_mapping(struct mpa_check *c, const struct mpa_event *e)
{
    struct check_data_all *now = now_of(c, e->segment, e->subflow, e->dir);
    struct check_data_flow *flow = flow_of(c, e->subflow, e->dir);
    struct check_data_side *side = side_of(c, e->conn, e->dir);
    struct check_mapping m;

    if (!flow || !side)
        return;
    m = read_mapping(e, flow);
    if (now->map_count < CHECK_NOW)
        now->map[now->map_count++] = m;
    if (e->conn->protocol != MPA_PROTOCOL_MPTCP || m.length == 0)
        return;
    if (m.size)
        note_first(side, e->segment, e->subflow, e->dir, &m);
    if (m.size && m.wide)
        note_wide(side, &m);
    if (m.fin && !side->has_fin) {
        side->has_fin = true;
        side->fin_start = m.dsn;
    }
}

static void see_capable(struct mpa_check *c, const struct mpa_event *e)
{
    struct check_data_all *now = now_of(c, e->segment, e->subflow, e->dir);

    now->capable = true;
    now->capable_length = e->option->capable.length;
    now->capable_checksum = e->option->capable.checksum;
    now->capable_has_checksum = e->option->capable.has_checksum;
}

/* The first data's mapping, from the key that the same option may have brought. */
static void map_capable(struct mpa_check *c, const struct mpa_segment *seg,
                        const struct mpa_subflow *sf, enum mpa_dir dir)
{
    struct check_data_all *now = &c->data;
    struct check_data_flow *flow = flow_of(c, sf, dir);
    struct check_data_side *side = side_of(c, sf->conn, dir);

    if (!flow || !side || now->map_count == CHECK_NOW)
        return;
    if (!(sf->conn->data[dir].flags & MPA_DATA_KEY) || (sf->conn->flags & MPA_CONN_UNDECIDED)) {
        flow->cut = true; /* It maps, but nobody knows to what. */
        return;
    }
    now->map[now->map_count] = (struct check_mapping){.dsn = sf->conn->data[dir].idsn + 1,
                                                      .ssn = mpa_unwrap32(flow->near, 1),
                                                      .size = now->capable_length,
                                                      .length = now->capable_length,
                                                      .checksum = now->capable_checksum,
                                                      .has_checksum = now->capable_has_checksum,
                                                      .wide = true};
    note_first(side, seg, sf, dir, &now->map[now->map_count++]);
}

/* ---- Data ACKs ------------------------------------------------------------------------- */

/* How far data may be acknowledged: behind what was sent, or its DATA_FIN. */
static bool sent_so_far(const struct mpa_data_half *d, uint64_t *ret)
{
    bool known = true;

    if (d->seen.begun)
        *ret = d->seen.next;
    else if (d->flags & MPA_DATA_KEY)
        *ret = d->idsn + 1;
    else
        known = false;
    if ((d->flags & MPA_DATA_FIN) && (!known || (int64_t)(d->fin_dsn + 1 - *ret) > 0)) {
        *ret = d->fin_dsn + 1;
        known = true;
    }
    return known;
}

/* The tracker is about to take holes below an acknowledgement as filled. */
static void note_unseen(const struct mpa_event *e, const struct mpa_data_half *d, uint64_t ack)
{
    uint64_t from, to;

    if (!d->seen.begun || mpa_space_hole_count(&d->seen) == 0)
        return;
    mpa_space_hole(&d->seen, 0, &from, &to);
    if ((int64_t)(ack - from) > 0)
        check_conn_of(e->conn)->data.acked_unseen[check_other(e->dir)] = true;
}

static struct check_ack_fault fault(const struct mpa_event *e, uint64_t ack, uint64_t limit)
{
    return (struct check_ack_fault){.ack = ack,
                                    .limit = limit,
                                    .ns = e->ns,
                                    .subflow = e->subflow->id,
                                    .frame = e->frame,
                                    .set = true};
}

/* Whether the host sent this packet after the one with its highest Data ACK on this subflow. */
static bool sent_later(const struct check_data_flow *flow, const struct mpa_event *e)
{
    const struct mpa_segment *seg = e->segment;

    if (flow->ack_ts && seg->has_ts)
        return (int32_t)(seg->tsval - flow->ack_tsval) > 0;
    return e->ns > flow->ack_ns + SECOND + check_rtt(e->conn, SECOND);
}

static void see_ack(struct mpa_check *c, const struct mpa_event *e)
{
    const struct mpa_dss *dss = &e->option->dss;
    enum mpa_dir data = check_other(e->dir);
    const struct mpa_data_half *d = &e->conn->data[data];
    uint64_t ack = mpa_data_expand(d, dss->data_ack, (dss->flags & MPA_DSS_ACK8) != 0), sent;
    struct check_data_flow *flow = flow_of(c, e->subflow, e->dir);
    struct check_data_side *side = side_of(c, e->conn, data);
    struct check_data_all *now = now_of(c, e->segment, e->subflow, e->dir);

    if (!flow || !side)
        return;
    now->has_ack = true;
    now->ack = ack;
    if (check_has_keys(e->conn) || ((dss->flags & MPA_DSS_ACK8) && (d->flags & MPA_DATA_WIDE)))
        note_unseen(e, d, ack);
    /* Without a key, numbers of 32 bits and of 64 are not to be compared. */
    if (!check_has_keys(e->conn))
        return;
    if (sent_so_far(d, &sent) && (int64_t)(ack - sent) > 0) {
        side->ahead = true;
        if (!side->beyond.set)
            side->beyond = fault(e, ack, sent);
    }
    if (!side->top.set || (int64_t)(ack - side->top.ack) > 0)
        side->top = fault(e, ack, 0);
    if (flow->has_ack && (int64_t)(ack - flow->ack) < 0) {
        if (!side->back.set && sent_later(flow, e)) {
            side->back = fault(e, ack, flow->ack);
            side->back.other = flow->ack_frame;
        }
        return;
    }
    if (flow->has_ack && ack == flow->ack)
        return;
    flow->has_ack = true;
    flow->ack = ack;
    flow->ack_ts = e->segment->has_ts;
    flow->ack_tsval = e->segment->tsval;
    flow->ack_ns = e->ns;
    flow->ack_frame = e->frame;
}

/* Data that a Data ACK ran ahead of: it was only captured late, or it was sent later indeed. */
static void see_late_data(struct check_data_side *side, const struct mpa_data_half *d,
                          const struct mpa_conn *conn, const struct mpa_segment *seg,
                          const struct mpa_facts *facts)
{
    uint64_t sent;

    if (!side->beyond.set || side->beyond.proved || !facts->new_data || !sent_so_far(d, &sent) ||
        (int64_t)(sent - side->beyond.limit) <= 0)
        return;
    if (seg->ns > side->beyond.ns + SECOND + check_rtt(conn, SECOND))
        side->beyond.proved = true;
    else if ((int64_t)(sent - side->beyond.ack) >= 0)
        side->beyond.set = false;
}

/* ---- Segments -------------------------------------------------------------------------- */

static void add_run(struct mpa_check *c, struct check_data_flow *flow,
                    const struct check_mapping *m, struct mpa_frame_ref frame)
{
    uint64_t stop = m->ssn + m->size;

    for (int i = flow->run_count - 1; i >= 0; i--) {
        struct check_run *r = &flow->runs[i];

        if (r->dsn - r->ssn != m->dsn - m->ssn || m->ssn > r->end || stop < r->ssn)
            continue;
        if (m->ssn < r->ssn) {
            r->dsn = m->dsn;
            r->ssn = m->ssn;
        }
        if (stop > r->end)
            r->end = stop;
        r->frame = frame;
        r->wide |= m->wide;
        return;
    }
    if (flow->run_count == CHECK_RUNS) {
        if (flow->runs[0].end > flow->forgotten)
            flow->forgotten = flow->runs[0].end;
        memmove(&flow->runs[0], &flow->runs[1], (CHECK_RUNS - 1) * sizeof flow->runs[0]);
        flow->run_count--;
    }
    if (!check_grow(&flow->runs, flow->run_count, &flow->run_capacity, sizeof *flow->runs)) {
        c->status = MPA_ERR_NOMEM;
        return;
    }
    flow->runs[flow->run_count++] = (struct check_run){m->ssn, stop, m->dsn, frame, m->wide};
}

/* Mappings that came after their payload. */
static void cover_late(struct check_data_flow *flow)
{
    int kept = 0;

    for (int i = 0; i < flow->bare_count; i++) {
        struct check_bare b = flow->bare[i];

        b.start = check_covered(flow, b.start, b.end);
        if (b.start < b.end)
            flow->bare[kept++] = b;
    }
    flow->bare_count = kept;
}

static void note_bare(struct mpa_check *c, struct check_data_flow *flow,
                      const struct mpa_segment *seg, const struct mpa_subflow *sf, enum mpa_dir dir,
                      uint64_t at)
{
    uint64_t stop = at + seg->payload_size, bare = check_covered(flow, at, stop);

    if (bare != at)
        flow->covered = true;
    if (bare == stop || bare < flow->forgotten || flow->bare_count == CHECK_BARE)
        return;
    if (!check_grow(&flow->bare, flow->bare_count, &flow->bare_capacity, sizeof *flow->bare)) {
        c->status = MPA_ERR_NOMEM;
        return;
    }
    flow->bare[flow->bare_count++] =
        (struct check_bare){.start = bare,
                            .end = stop,
                            .seq = mpa_half_unwrap(&sf->half[dir], seg->seq + seg->payload_size),
                            .frame = {seg->capture, (int64_t)seg->frame},
                            .ns = seg->ns,
                            .super = check_super_packet(sf, dir, seg)};
}

/* The payload's bytes under their data sequence numbers. */
static void compare(struct mpa_check *c, const struct mpa_segment *seg,
                    const struct mpa_subflow *sf, enum mpa_dir dir, uint64_t at)
{
    const struct check_data_flow *flow = check_subflow_of(sf)->data.flow[dir];
    struct check_data_side *side = side_of(c, sf->conn, dir);
    const struct check_block origin = {
        .frame = seg->frame, .capture = seg->capture, .subflow = sf->id};
    const struct check_run *r;
    uint32_t done = 0;

    c->data.checksums = (sf->conn->flags & MPA_CONN_CHECKSUMS) ||
                        check_subflow_of(sf)->failure.sums[dir] ||
                        (c->data.map_count && c->data.map[0].has_checksum);
    while (side && done < seg->payload_captured && (r = check_run_at(flow, at + done))) {
        uint64_t n = r->end - (at + done);

        if (n > seg->payload_captured - done)
            n = seg->payload_captured - done;
        if (!check_blocks_see(c, &side->blocks, r->dsn + (at + done - r->ssn), seg->payload + done,
                              (uint32_t)n, sf->conn->data[dir].acked, &origin))
            c->status = MPA_ERR_NOMEM;
        done += (uint32_t)n;
    }
}

static void see_payload(struct mpa_check *c, const struct mpa_segment *seg,
                        const struct mpa_subflow *sf, enum mpa_dir dir,
                        const struct mpa_facts *facts)
{
    struct check_data_flow *flow = flow_of(c, sf, dir);
    uint64_t at;

    if (!flow)
        return;
    if (!check_position_known(sf, dir)) {
        flow->unknown = true;
        return;
    }
    at = check_position(sf, dir, seg);
    if (facts->new_bytes)
        note_bare(c, flow, seg, sf, dir, at);
    compare(c, seg, sf, dir, at);
    if (at + seg->payload_size > flow->near)
        flow->near = at + seg->payload_size;
}

/* The window's scale; -1 where a SYN is missing that would say it. */
static int scale_of(const struct mpa_subflow *sf, enum mpa_dir dir)
{
    if (!(sf->half[0].flags & sf->half[1].flags & MPA_HALF_SYN))
        return -1;
    if (sf->half[0].wscale == MPA_NO_WSCALE || sf->half[1].wscale == MPA_NO_WSCALE)
        return 0;
    return sf->half[dir].wscale > 14 ? 14 : sf->half[dir].wscale;
}

#define NEAR_IDS 64 /* Between packets of one moment; numbers chosen at random are further apart. */

/* Whether this packet was sent later than that of flow->edge, whose numbers are all the same: 1 yes,
   -1 earlier, 0 nothing tells. */
static int order_of(const struct check_data_flow *flow, const struct mpa_segment *seg,
                    const struct mpa_conn *conn)
{
    int32_t ticks = (int32_t)(seg->tsval - flow->edge_tsval);
    int ids = (int16_t)(uint16_t)(seg->ip_id - flow->edge_id);

    if (seg->has_ts && flow->edge_ts && ticks)
        return ticks > 0 ? 1 : -1;
    if (seg->ns > flow->edge_ns + SECOND + check_rtt(conn, SECOND))
        return 1;
    if (seg->ip_id == 0 || flow->edge_id == 0 || ids == 0 || ids > NEAR_IDS || ids < -NEAR_IDS)
        return 0;
    return ids > 0 ? 1 : -1;
}

/* The right edge of the window that this packet leaves its peer. */
static void see_window(struct mpa_check *c, const struct mpa_segment *seg,
                       const struct mpa_subflow *sf, enum mpa_dir dir)
{
    struct check_data_flow *flow = check_subflow_of(sf)->data.flow[dir];
    struct check_data_all *now = &c->data;
    int scale = scale_of(sf, dir), order = 1;
    int32_t ahead;

    if (!flow || !now->has_ack || !check_has_keys(sf->conn) ||
        check_conn_of(sf->conn)->data.stray || (seg->flags & (MPA_TCP_SYN | MPA_TCP_RST)))
        return;
    ahead = (int32_t)(seg->seq - flow->wl1);
    if (flow->has_edge && (ahead < 0 || (ahead == 0 && (int32_t)(seg->ack - flow->wl2) < 0) ||
                           (int64_t)(now->ack - flow->edge_ack) < 0))
        return;
    if (flow->has_edge && ahead == 0 && seg->ack == flow->wl2 && now->ack == flow->edge_ack)
        order = order_of(flow, seg, sf->conn);
    if (order < 0)
        return;
    now->edge_unsure = order == 0;
    now->has_edge = flow->has_edge;
    now->edge_before = flow->edge;
    now->edge_unit = scale < 0 ? 0 : (int64_t)1 << scale;
    now->edge_frame = flow->edge_frame;
    now->edge = now->ack + ((uint64_t)seg->window << (scale > 0 ? scale : 0));
    flow->has_edge = true;
    flow->wl1 = seg->seq;
    flow->wl2 = seg->ack;
    flow->edge_ack = now->ack;
    flow->edge = now->edge;
    flow->edge_ns = seg->ns;
    flow->edge_ts = seg->has_ts;
    flow->edge_tsval = seg->tsval;
    flow->edge_id = seg->ip_id;
    flow->edge_frame = (struct mpa_frame_ref){seg->capture, (int64_t)seg->frame};
}

static void see_closing(const struct mpa_conn *conn, const struct mpa_segment *seg)
{
    struct check_data_conn *cc = &check_conn_of(conn)->data;
    const struct mpa_data_half *d = conn->data;

    if (cc->fin_ns == 0 && ((d[0].flags | d[1].flags) & MPA_DATA_FIN))
        cc->fin_ns = seg->ns;
    if (cc->fins_ns == 0 && (d[0].flags & d[1].flags & MPA_DATA_FIN_ACKED)) {
        cc->fins_ns = seg->ns;
        cc->fins_frame = (struct mpa_frame_ref){seg->capture, (int64_t)seg->frame};
    }
    for (int dir = 0; dir < 2; dir++) {
        const struct check_data_side *side = cc->side[dir];

        /* Captured in another order than sent. */
        if (cc->early[dir] && seg->ns < side->early.ns + MILLI &&
            (int64_t)(d[dir].acked - side->early.needed) >= 0)
            cc->early[dir] = false;
    }
}

/* What the segment declares, when all of it is known. */
static void take_mappings(struct mpa_check *c, const struct mpa_segment *seg,
                          const struct mpa_subflow *sf, enum mpa_dir dir)
{
    struct check_data_all *now = &c->data;
    struct check_data_flow *flow;

    if (now->capable)
        map_capable(c, seg, sf, dir);
    flow = check_subflow_of(sf)->data.flow[dir];
    for (int i = 0; flow && i < now->map_count; i++) {
        const struct check_mapping *m = &now->map[i];

        if (m->size == 0 || m->length == 0)
            continue;
        add_run(c, flow, m, (struct mpa_frame_ref){seg->capture, (int64_t)seg->frame});
        if (m->ssn + m->size > flow->near)
            flow->near = m->ssn + m->size;
    }
    if (flow && flow->bare_count && now->map_count)
        cover_late(flow);
}

static void on_segment(struct mpa_check *c, const struct mpa_segment *seg, struct mpa_subflow *sf,
                       enum mpa_dir dir, const struct mpa_facts *facts)
{
    struct check_data_flow *flow;
    struct check_data_side *side;

    now_of(c, seg, sf, dir);
    if (sf->conn->protocol != MPA_PROTOCOL_MPTCP)
        return;
    take_mappings(c, seg, sf, dir);
    if ((seg->options_truncated || seg->options_malformed) && (flow = flow_of(c, sf, dir)))
        flow->cut = true;
    if (seg->payload_size && !facts->keepalive && !(seg->flags & (MPA_TCP_SYN | MPA_TCP_RST)))
        see_payload(c, seg, sf, dir, facts);
    see_window(c, seg, sf, dir);
    see_closing(sf->conn, seg);
    side = check_conn_of(sf->conn)->data.side[dir];
    if (side && facts->new_data && !(sf->conn->data[dir].flags & MPA_DATA_FIN))
        side->sent_ns = seg->ns;
    if (side)
        see_late_data(side, &sf->conn->data[dir], sf->conn, seg, facts);
}

/* ---- Events ---------------------------------------------------------------------------- */

/* Whether 'dir' may still send on another subflow than 'sf', or there are too many to look. */
static bool has_other(const struct mpa_subflow *sf, enum mpa_dir dir)
{
    int n = 0;

    for (const struct mpa_subflow *s = sf->conn->subflows; s; s = s->next)
        if (n++ == SUBFLOWS_MAX ||
            (s != sf && (s->established_ns || (s->flags & MPA_SF_MIDSTREAM)) &&
             !((s->half[0].flags | s->half[1].flags) & MPA_HALF_RST) &&
             !(s->half[dir].flags & MPA_HALF_FIN)))
            return true;
    return false;
}

/* RFC 8684 3.3.3: not all subflows may be closed unless all data was acknowledged, or the segment
   with the DATA_FIN alone is outstanding. */
static void see_fin(struct mpa_check *c, const struct mpa_event *e)
{
    const struct mpa_data_half *d = &e->conn->data[e->dir];
    struct check_data_side *side = side_of(c, e->conn, e->dir);
    bool *early = &check_conn_of(e->conn)->data.early[e->dir];

    if (!side || has_other(e->subflow, e->dir))
        return;
    side->last_fin = true;
    side->last_known = check_has_keys(e->conn);
    if (!d->seen.begun || (int64_t)(d->seen.next - d->acked) <= 0)
        return;
    if (side->has_fin && (int64_t)(d->acked - side->fin_start) >= 0)
        return;
    if (*early)
        return;
    *early = true;
    side->early.frame = e->frame;
    side->early.ns = e->ns;
    side->early.subflow = e->subflow->id;
    side->early.needed = side->has_fin ? side->fin_start : d->seen.next;
    side->early.acked = d->acked;
    side->early.fresh =
        e->segment->payload_size > 0 || e->ns < side->sent_ns + check_rtt(e->conn, 0) / 2;
}

static void on_option(struct mpa_check *c, const struct mpa_event *e)
{
    struct check_data_flow *flow;

    if (e->option->cond == MPA_COND_TRUNCATED || e->option->cond == MPA_COND_MALFORMED) {
        if ((flow = flow_of(c, e->subflow, e->dir)))
            flow->cut = true;
        return;
    }
    if (e->option->cond != MPA_COND_OK || (e->segment->flags & MPA_TCP_SYN))
        return;
    if (e->option->subtype == MPA_DSS && (e->option->dss.flags & MPA_DSS_MAP))
        see_mapping(c, e);
    if (e->option->subtype == MPA_MP_CAPABLE && e->option->capable.has_length)
        see_capable(c, e);
    if (e->option->subtype == MPA_DSS && (e->option->dss.flags & MPA_DSS_ACK) &&
        e->conn->protocol == MPA_PROTOCOL_MPTCP)
        see_ack(c, e);
}

static void on_event(struct mpa_check *c, const struct mpa_event *e)
{
    if (e->kind == MPA_EVENT_OPTION && e->conn->protocol != MPA_PROTOCOL_TCP)
        on_option(c, e);
    else if (e->kind == MPA_EVENT_FIN && e->conn->protocol == MPA_PROTOCOL_MPTCP)
        see_fin(c, e);
}

const struct check_watcher check_watch_data = {
    .event = on_event, .segment = on_segment, .end = end};
