/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rules of the group failure need to remember: checksums, MP_FAIL, MP_FASTCLOSE, what
   became of a fallback. */
#include "internal.h"

#include <stdlib.h>

#define NEAR_FIRST                                                                                 \
    (UINT64_C(1) << 26) /* So far from the first number the capture's first may be. */

static struct check_failure_state *state_of(struct mpa_check *c, const struct mpa_conn *conn)
{
    struct check_failure_state **state = &check_conn_of(conn)->failure.state;

    if (!*state)
        *state = calloc(1, sizeof **state);
    if (!*state)
        c->status = MPA_ERR_NOMEM;
    return *state;
}

static void end(struct mpa_check *c, const struct mpa_conn *conn)
{
    (void)c;
    free(check_conn_of(conn)->failure.state);
    check_conn_of(conn)->failure.state = NULL;
    for (const struct mpa_subflow *sf = conn->subflows; sf; sf = sf->next)
        for (int dir = 0; dir < 2; dir++) {
            free(check_subflow_of(sf)->failure.sums[dir]);
            check_subflow_of(sf)->failure.sums[dir] = NULL;
        }
}

/* ---- Checksums ------------------------------------------------------------------------- */

/* Subflows besides 'sf' that both hosts could use. */
static bool has_other(const struct mpa_subflow *sf)
{
    for (const struct mpa_subflow *s = sf->conn->subflows; s; s = s->next)
        if (s != sf && s->usable_ns && mpa_subflow_is_live(s))
            return true;
    return false;
}

static void note_bad(struct mpa_check *c, const struct mpa_segment *seg,
                     const struct mpa_subflow *sf, enum mpa_dir dir,
                     const struct check_mapping *map)
{
    struct check_failure_state *state = state_of(c, sf->conn);
    uint32_t last = mpa_subflow_zero(sf, dir) + (uint32_t)map->ssn + map->size;
    struct check_data_side *side = check_conn_of(sf->conn)->data.side[dir];

    if (side)
        check_blocks_forget(side->blocks, map->dsn, map->size);
    if (!state || state->bad_count == CHECK_BADS)
        return;
    state->bad[state->bad_count++] =
        (struct check_bad){.frame = {seg->capture, (int64_t)seg->frame},
                           .ns = seg->ns,
                           .subflow = sf->id,
                           .dsn = map->dsn,
                           .seq_end = mpa_half_unwrap(&sf->half[dir], last),
                           .dir = dir,
                           .several = has_other(sf)};
}

/* 'verdict' PASSED: all bytes are in 'sum'. */
static void finish(struct mpa_check *c, const struct mpa_segment *seg, const struct mpa_subflow *sf,
                   enum mpa_dir dir, struct check_sum *sum, enum mpa_verdict verdict)
{
    struct check_failure_all *now = &c->failure;
    struct check_summed s = {.map = sum->map, .frame = sum->frame, .verdict = verdict};
    const struct check_data_side *side = check_conn_of(sf->conn)->data.side[dir];

    sum->state = CHECK_SUM_OVER;
    if (verdict == MPA_VERDICT_PASSED) {
        s.computed = mpa_crypto_sum_fold(
            sum->sum, sum->map.dsn, sum->map.size ? (uint32_t)sum->map.ssn : 0, sum->map.length);
        if (s.computed != sum->map.checksum && sum->map.size)
            note_bad(c, seg, sf, dir, &sum->map);
        else if (side)
            check_blocks_verify(side->blocks, sum->map.dsn, sum->map.size);
    }
    if (now->summed_count < CHECK_SUMMED)
        now->summed[now->summed_count++] = s;
}

static bool same(const struct check_mapping *a, const struct check_mapping *b)
{
    return a->dsn == b->dsn && a->ssn == b->ssn && a->length == b->length &&
           a->checksum == b->checksum && a->fin == b->fin;
}

static struct check_sums *sums_of(struct mpa_check *c, const struct mpa_subflow *sf,
                                  enum mpa_dir dir)
{
    struct check_sums **sums = &check_subflow_of(sf)->failure.sums[dir];

    if (!*sums)
        *sums = calloc(1, sizeof **sums);
    if (!*sums)
        c->status = MPA_ERR_NOMEM;
    return *sums;
}

/* The whole data sequence number is part of the sum, also where half of it was sent: that half must
   continue what the key begins. */
static bool is_whole(const struct check_mapping *map, const struct mpa_conn *conn, enum mpa_dir dir)
{
    const struct check_data_side *side = check_conn_of(conn)->data.side[dir];

    if (map->wide)
        return true;
    return check_has_keys(conn) && !check_conn_of(conn)->data.stray && side && side->has_due &&
           side->first_dsn - side->first_due < NEAR_FIRST;
}

static void begin(struct mpa_check *c, const struct mpa_segment *seg, const struct mpa_subflow *sf,
                  enum mpa_dir dir, const struct check_mapping *map)
{
    struct check_sum fresh = {
        .map = *map, .frame = {seg->capture, (int64_t)seg->frame}, .state = CHECK_SUM_OPEN};
    struct check_sums *sums = sums_of(c, sf, dir);
    bool alone = map->size == 0, known = is_whole(map, sf->conn, dir);
    struct check_sum *slot;

    if (!sums)
        return;
    for (int i = 0; i < CHECK_SUMS && !alone; i++)
        if (sums->at[i].state != CHECK_SUM_NONE && same(&sums->at[i].map, map))
            return;
    if (!alone && !check_position_known(sf, dir))
        known = false;
    if (alone || !known)
        finish(c, seg, sf, dir, &fresh, known ? MPA_VERDICT_PASSED : MPA_VERDICT_NV_SYN);
    if (alone)
        return; /* Of the DATA_FIN: nothing to wait for. */
    slot = &sums->at[sums->next];
    sums->next = (sums->next + 1) % CHECK_SUMS;
    if (slot->state == CHECK_SUM_OPEN)
        finish(c, seg, sf, dir, slot, MPA_VERDICT_NV_LOSS);
    *slot = fresh;
}

/* What the payload from position 'at' on adds to a mapping: bytes seen once and in order. */
static void add(struct mpa_check *c, const struct mpa_segment *seg, const struct mpa_subflow *sf,
                enum mpa_dir dir, uint64_t at, struct check_sum *sum)
{
    uint64_t next = sum->map.ssn + sum->done, stop = sum->map.ssn + sum->map.size;
    uint64_t end = at + seg->payload_size < stop ? at + seg->payload_size : stop;

    if (at >= stop || end <= next)
        return;
    if (at > next) {
        finish(c, seg, sf, dir, sum, MPA_VERDICT_NV_LOSS);
        return;
    }
    if (end - at > seg->payload_captured) {
        finish(c, seg, sf, dir, sum, MPA_VERDICT_NV_SNAP);
        return;
    }
    sum->sum =
        mpa_crypto_sum_add(sum->sum, sum->done, seg->payload + (next - at), (size_t)(end - next));
    sum->done += (uint32_t)(end - next);
    if (sum->done == sum->map.size)
        finish(c, seg, sf, dir, sum, MPA_VERDICT_PASSED);
}

static void see_checksums(struct mpa_check *c, const struct mpa_segment *seg,
                          const struct mpa_subflow *sf, enum mpa_dir dir)
{
    const struct check_data_all *now = &c->data;
    struct check_sums *sums;
    uint64_t at;

    for (int i = 0; i < now->map_count; i++)
        if (now->map[i].has_checksum && now->map[i].length)
            begin(c, seg, sf, dir, &now->map[i]);
    sums = check_subflow_of(sf)->failure.sums[dir];
    if (!sums || seg->payload_size == 0)
        return;
    at = check_position(sf, dir, seg);
    for (int i = 0; i < CHECK_SUMS; i++)
        if (sums->at[i].state == CHECK_SUM_OPEN)
            add(c, seg, sf, dir, at, &sums->at[i]);
}

/* ---- Events ---------------------------------------------------------------------------- */

static void see_plain(struct mpa_check *c, const struct mpa_event *e)
{
    struct check_failure_state *state = state_of(c, e->conn);

    if (!state || state->plain[e->dir].set)
        return;
    state->plain[e->dir] = (struct check_plain){
        .frame = e->frame,
        .subflow = e->subflow->id,
        .ssn = e->segment->seq - mpa_subflow_zero(e->subflow, e->dir),
        .set = true,
        .unsure = check_holes(e->subflow, e->dir) || !check_position_known(e->subflow, e->dir)};
}

static void see_fail(struct mpa_check *c, const struct mpa_event *e)
{
    struct check_failure_state *state = state_of(c, e->conn);
    bool answer = false;

    if (!state || state->fail_count == CHECK_BADS)
        return;
    for (int i = 0; i < state->fail_count; i++)
        answer |= state->fail[i].subflow == e->subflow->id && state->fail[i].dir != e->dir;
    state->fail[state->fail_count++] = (struct check_fail){.frame = e->frame,
                                                           .ns = e->ns,
                                                           .subflow = e->subflow->id,
                                                           .dsn = e->option->fail.dsn,
                                                           .dir = e->dir,
                                                           .several = has_other(e->subflow),
                                                           .answer = answer};
}

static uint64_t bit(const struct mpa_subflow *sf)
{
    return sf->id < 64 ? UINT64_C(1) << sf->id : 0;
}

static void see_fastclose(struct mpa_check *c, const struct mpa_event *e)
{
    struct check_failure_state *state = state_of(c, e->conn);
    struct check_fastclose *f;

    if (!state)
        return;
    f = &state->fastclose[e->dir];
    if (!f->set) {
        f->set = true;
        f->frame = e->frame;
        f->ns = e->ns;
        f->subflow = e->subflow->id;
        for (const struct mpa_subflow *sf = e->conn->subflows; sf; sf = sf->next)
            if (sf->usable_ns && mpa_subflow_is_live(sf))
                f->in_use |= bit(sf);
        f->in_use |= bit(e->subflow);
    } else if (f->again_ns == 0 && f->subflow == e->subflow->id) {
        f->again_ns = e->ns;
    }
    if (e->segment->flags & MPA_TCP_RST)
        f->on_rst |= bit(e->subflow);
    else
        f->on_ack |= bit(e->subflow);
}

static void see_option(struct mpa_check *c, const struct mpa_event *e)
{
    const struct mpa_dss *dss = &e->option->dss;

    if (e->option->subtype != MPA_DSS || e->option->cond != MPA_COND_OK)
        return;
    if ((dss->flags & MPA_DSS_ACK) &&
        (e->subflow->half[check_other(e->dir)].flags & MPA_HALF_PAYLOAD))
        check_subflow_of(e->subflow)->failure.confirmed[check_other(e->dir)] = true;
    if ((dss->flags & MPA_DSS_MAP) && dss->length == 0)
        see_plain(c, e);
}

static void on_event(struct mpa_check *c, const struct mpa_event *e)
{
    if (e->conn->protocol == MPA_PROTOCOL_TCP)
        return;
    switch (e->kind) {
    case MPA_EVENT_OPTION:
        see_option(c, e);
        break;
    case MPA_EVENT_FALLBACK:
        if (e->value == MPA_FALLBACK_REASON_DATA_PLAIN || e->value == MPA_FALLBACK_REASON_DSS)
            see_plain(c, e);
        break;
    case MPA_EVENT_MP_FAIL:
        see_fail(c, e);
        break;
    case MPA_EVENT_FASTCLOSE:
        see_fastclose(c, e);
        break;
    case MPA_EVENT_RST:
        if (check_subflow_of(e->subflow)->failure.rst_ns[e->dir] == 0)
            check_subflow_of(e->subflow)->failure.rst_ns[e->dir] = e->ns;
        break;
    default:
        break;
    }
}

#define DATA_ACK_MAX 12 /* Bytes of a DSS with nothing but a Data ACK of 64 bits. */

/* RFC 8684 3.7: data is acknowledged, but not as data of MPTCP: options do not come through. */
static void see_plain_ack(const struct mpa_segment *seg, const struct mpa_subflow *sf,
                          enum mpa_dir dir)
{
    struct check_failure_subflow *own = &check_subflow_of(sf)->failure;
    enum mpa_dir data = check_other(dir);
    const struct mpa_half *h = &sf->half[data];
    uint16_t mapped = MPA_HALF_ISN | MPA_HALF_DSS | MPA_HALF_PAYLOAD;

    if (own->confirmed[data] || own->plain_ack_ns[data] || seg->mptcp_count > 0 ||
        seg->options_truncated || seg->options_size + DATA_ACK_MAX > 40 ||
        !(seg->flags & MPA_TCP_ACK) || (h->flags & mapped) != mapped ||
        (int32_t)(seg->ack - mpa_subflow_zero(sf, data)) <= 1)
        return;
    own->plain_ack_ns[data] = seg->ns;
    own->plain_ack[data] = (struct mpa_frame_ref){seg->capture, (int64_t)seg->frame};
}

static void see_going_on(const struct mpa_check *c, const struct mpa_segment *seg,
                         const struct mpa_subflow *sf, enum mpa_dir dir)
{
    struct check_failure_subflow *own = &check_subflow_of(sf)->failure;

    if (own->plain_ack_ns[dir] == 0 || own->confirmed[dir] || own->goes_on[dir].frame ||
        seg->payload_size == 0 || c->data.map_count == 0 ||
        seg->ns < own->plain_ack_ns[dir] + check_rtt(sf->conn, SECOND) + 100 * MILLI)
        return;
    own->goes_on[dir] = (struct mpa_frame_ref){seg->capture, (int64_t)seg->frame};
}

/* RFC 8684 3.7: after MP_FAIL on the only subflow comes the infinite mapping. */
static void see_after_fail(const struct mpa_check *c, const struct mpa_segment *seg,
                           const struct mpa_subflow *sf, enum mpa_dir dir,
                           const struct mpa_facts *facts)
{
    struct check_failure_state *state = check_conn_of(sf->conn)->failure.state;

    if (!state || state->plain[dir].set || !facts->declared || c->data.map_count == 0 ||
        c->data.map[0].length == 0)
        return;
    for (int i = 0; i < state->fail_count; i++) {
        struct check_fail *fail = &state->fail[i];

        if (fail->subflow != sf->id || fail->dir == dir || fail->several || fail->goes_on.frame)
            continue;
        fail->maps = true;
        if (seg->ns < fail->ns + SECOND + 3 * check_rtt(sf->conn, SECOND))
            continue;
        fail->goes_on = (struct mpa_frame_ref){seg->capture, (int64_t)seg->frame};
        fail->goes_on_ns = seg->ns;
    }
}

static void on_segment(struct mpa_check *c, const struct mpa_segment *seg, struct mpa_subflow *sf,
                       enum mpa_dir dir, const struct mpa_facts *facts)
{
    c->failure.summed_count = 0;
    if (sf->conn->protocol == MPA_PROTOCOL_MPTCP && !facts->keepalive &&
        !(seg->flags & (MPA_TCP_SYN | MPA_TCP_RST))) {
        see_checksums(c, seg, sf, dir);
        see_plain_ack(seg, sf, dir);
        see_going_on(c, seg, sf, dir);
        see_after_fail(c, seg, sf, dir, facts);
    }
}

const struct check_watcher check_watch_failure = {
    .event = on_event, .segment = on_segment, .end = end};
