/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules DS: see tbl/rules.h and the protocol reference. */
#include "internal.h"

/* Of two verdicts about one connection: a breach, a reason, a pass, nothing. */
static enum mpa_verdict worst(enum mpa_verdict a, enum mpa_verdict b)
{
    if (a == MPA_VERDICT_BROKEN || b == MPA_VERDICT_BROKEN)
        return MPA_VERDICT_BROKEN;
    if (a >= MPA_VERDICT_NV_FIRST || b == MPA_VERDICT_NOT_APPLICABLE)
        return a;
    return b;
}

/* The mapping that the option of this case declares; NULL where it declares none. */
static const struct check_mapping *mapping_of(const struct check_case *k)
{
    const struct check_data_all *now = &k->check->data;

    if (k->option->subtype != MPA_DSS || k->option->cond != MPA_COND_OK ||
        !(k->option->dss.flags & MPA_DSS_MAP) || now->map_count == 0)
        return NULL;
    return &now->map[now->map_count - 1];
}

/* Nothing is missing from what the sender of 'dir' sent. */
static enum mpa_verdict all_captured(const struct mpa_conn *conn, enum mpa_dir dir)
{
    for (const struct mpa_subflow *sf = conn->subflows; sf; sf = sf->next) {
        if (sf->flags & MPA_SF_MIDSTREAM)
            return MPA_VERDICT_NV_SYN;
        if (check_one_way(sf, check_other(dir)))
            return MPA_VERDICT_NV_DIR;
        if (check_holes(sf, dir))
            return MPA_VERDICT_NV_LOSS;
    }
    return check_subflow_missing(conn) ? MPA_VERDICT_NV_SUB : MPA_VERDICT_PASSED;
}

/* ---- DS-01 ----------------------------------------------------------------------------- */

static enum mpa_verdict first_mapping(const struct check_case *k, enum mpa_dir dir,
                                      struct mpa_rec_finding *f)
{
    const struct check_data_side *side = k->cc->data.side[dir];
    enum mpa_verdict captured;
    uint64_t due;

    if (!side || !side->has_first)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (!side->has_due)
        return MPA_VERDICT_NV_SYN;
    due = side->first_due;
    if (k->cc->data.stray)
        return MPA_VERDICT_NV_LOSS;
    if (side->first_wide ? side->first_dsn == due : (uint32_t)side->first_dsn == (uint32_t)due)
        return MPA_VERDICT_PASSED;
    captured = all_captured(k->conn, dir);
    /* Below the first number there is nothing that could have been missed. */
    if (captured != MPA_VERDICT_PASSED && (int64_t)(side->first_dsn - due) > 0)
        return captured;
    f->key = (uint64_t)dir;
    check_frame(f, side->first_frame);
    f->ns = side->first_ns;
    f->subflow = side->first_subflow;
    check_hex64(f, "dsn", side->first_dsn);
    check_hex64(f, "idsn_plus_1", due);
    return check_broken(f, "the lowest data sequence number of a side is not its initial data "
                           "sequence number plus one");
}

enum mpa_verdict check_ds_01(const struct check_case *k, struct mpa_rec_finding *f)
{
    enum mpa_verdict v = first_mapping(k, MPA_TO_SERVER, f);

    return v == MPA_VERDICT_BROKEN ? v : worst(v, first_mapping(k, MPA_TO_CLIENT, f));
}

/* ---- DS-02, DS-03, DS-04: mappings ------------------------------------------------------- */

/* A mapping is compared in the width in which both were sent. */
enum mpa_verdict check_ds_02(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct check_mapping *m = mapping_of(k);
    const struct check_data_flow *flow = k->cs->data.flow[k->dir];

    if (!m || m->size == 0 || m->length == 0 || !flow)
        return MPA_VERDICT_NOT_APPLICABLE;
    for (int i = 0; i < flow->run_count; i++) {
        const struct check_run *r = &flow->runs[i];
        uint64_t off = (m->dsn - m->ssn) - (r->dsn - r->ssn);

        if (m->ssn >= r->end || m->ssn + m->size <= r->ssn)
            continue;
        if (m->wide && r->wide ? off == 0 : (uint32_t)off == 0)
            continue;
        if (k->cs->data.stray)
            return MPA_VERDICT_NV_LOSS;
        f->key = check_packet_key(k->segment);
        check_frame(f, k->frame);
        check_frame(f, r->frame);
        check_number(f, "ssn", (int64_t)(uint32_t)m->ssn);
        check_hex64(f, "dsn", m->dsn);
        check_hex64(f, "dsn_before", r->dsn + (m->ssn - r->ssn));
        return check_broken(f, "bytes of the subflow that were mapped already are mapped to other "
                               "data sequence numbers");
    }
    return MPA_VERDICT_PASSED;
}

enum mpa_verdict check_ds_03(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct check_data_all *now = &k->check->data;
    uint64_t at, end;
    enum mpa_verdict v = MPA_VERDICT_NOT_APPLICABLE;

    if (k->segment->payload_size == 0 || now->map_count == 0 ||
        (k->segment->flags & (MPA_TCP_SYN | MPA_TCP_RST)))
        return MPA_VERDICT_NOT_APPLICABLE;
    at = check_position(k->sf, k->dir, k->segment);
    end = at + k->segment->payload_size;
    for (int i = 0; i < now->map_count; i++) {
        const struct check_mapping *m = &now->map[i];

        if (m->size == 0 || m->length == 0)
            continue;
        if (!check_position_known(k->sf, k->dir))
            return MPA_VERDICT_NV_SYN;
        v = MPA_VERDICT_PASSED;
        if (m->ssn < end && m->ssn + m->size > at)
            continue;
        if (check_super_packet(k->sf, k->dir, k->segment))
            return MPA_VERDICT_NV_OFFL;
        f->key = check_packet_key(k->segment);
        check_number(f, "payload_ssn", (int64_t)(uint32_t)at);
        check_number(f, "payload_bytes", k->segment->payload_size);
        check_number(f, "mapping_ssn", (int64_t)(uint32_t)m->ssn);
        check_number(f, "mapping_bytes", m->size);
        return check_broken(f, "the mapping covers no byte of the segment that carries it");
    }
    return v;
}

static enum mpa_verdict bare_payload(const struct check_case *k, const struct mpa_subflow *sf,
                                     enum mpa_dir dir, struct mpa_rec_finding *f)
{
    const struct check_data_flow *flow = check_subflow_of(sf)->data.flow[dir];
    const struct mpa_half *h = &sf->half[dir];
    enum mpa_verdict v = MPA_VERDICT_NOT_APPLICABLE;

    if (!flow)
        return v;
    if (flow->unknown)
        return MPA_VERDICT_NV_SYN;
    if (flow->covered)
        v = MPA_VERDICT_PASSED;
    for (int i = 0; i < flow->bare_count; i++) {
        const struct check_bare *b = &flow->bare[i];

        /* A receiver may keep it for a mapping that comes; only what it acknowledged it took. */
        if (check_one_way(sf, check_other(dir)))
            return MPA_VERDICT_NV_DIR;
        if (h->acked <= b->seq - (b->end - b->start))
            continue;
        if (flow->cut)
            return MPA_VERDICT_NV_SNAP;
        /* A fallback shows on the initial subflow, from its SYN on. */
        if (sf->role == MPA_ROLE_INITIAL && !(sf->half[0].flags & sf->half[1].flags & MPA_HALF_SYN))
            return MPA_VERDICT_NV_SYN;
        /* What is missing of either direction may have been the infinite mapping of a fallback. */
        if (check_holes(sf, MPA_TO_SERVER) || check_holes(sf, MPA_TO_CLIENT) ||
            (k->conn->flags & MPA_CONN_MP_FAIL))
            return MPA_VERDICT_NV_LOSS;
        if (b->super)
            return MPA_VERDICT_NV_OFFL;
        /* A mapping may still have been on its way. */
        if (mpa_subflow_is_live(sf) && check_ended(k, b->ns, SECOND + check_rtt(k->conn, SECOND)))
            return MPA_VERDICT_NV_END;
        f->key = b->start << 1 | (uint64_t)dir;
        check_frame(f, b->frame);
        f->ns = b->ns;
        f->subflow = sf->id;
        check_number(f, "ssn", (int64_t)(uint32_t)b->start);
        check_number(f, "bytes", (int64_t)(b->end - b->start));
        return check_broken(f, "payload was acknowledged on the subflow, but no mapping covers it");
    }
    return v;
}

enum mpa_verdict check_ds_04(const struct check_case *k, struct mpa_rec_finding *f)
{
    enum mpa_verdict v = MPA_VERDICT_NOT_APPLICABLE;

    for (const struct mpa_subflow *sf = k->conn->subflows; sf; sf = sf->next)
        for (int dir = 0; dir < 2 && v != MPA_VERDICT_BROKEN; dir++)
            v = worst(v, bare_payload(k, sf, (enum mpa_dir)dir, f));
    return v;
}

/* ---- DS-05 ------------------------------------------------------------------------------- */

/* Where checksums are in use, damage on the way is FL-02's: what differs must have a right one. */
static bool is_verified(const struct mpa_check *c)
{
    for (int i = 0; i < c->failure.summed_count; i++) {
        const struct check_summed *s = &c->failure.summed[i];

        if (s->verdict == MPA_VERDICT_PASSED && s->computed == s->map.checksum &&
            c->data.unlike_dsn - s->map.dsn < s->map.size)
            return true;
    }
    return !c->data.checksums;
}

/* Also of a retransmission on the same subflow.  What was forgotten, or is cut so differently that
   no part can be compared, is not verifiable. */
enum mpa_verdict check_ds_05(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct check_data_all *now = &k->check->data;

    if (k->segment->payload_size == 0 || k->facts->keepalive)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (now->unlike && is_verified(k->check)) {
        f->key = check_packet_key(k->segment);
        check_frame(f, k->frame);
        check_frame(f, now->unlike_frame);
        check_hex64(f, "dsn", now->unlike_dsn);
        check_number(f, "bytes", now->unlike);
        return check_broken(f, "data that was sent before is sent with other bytes");
    }
    if (now->compared && !now->unlike && !now->unsure)
        return MPA_VERDICT_PASSED;
    if (!now->compared && k->facts->old_bytes == 0 && k->facts->reinjected == 0)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (!check_position_known(k->sf, k->dir))
        return MPA_VERDICT_NV_SYN;
    return k->segment->payload_captured < k->segment->payload_size ? MPA_VERDICT_NV_SNAP
                                                                   : MPA_VERDICT_NV_LOSS;
}

/* ---- DS-06, DS-07: Data ACKs --------------------------------------------------------------- */

static enum mpa_verdict bad_ack(const struct check_ack_fault *a, uint64_t limit,
                                struct mpa_rec_finding *f, const char *text)
{
    f->key = a->ack;
    check_frame(f, a->frame);
    check_frame(f, a->other);
    f->ns = a->ns;
    f->subflow = a->subflow;
    check_hex64(f, "data_ack", a->ack);
    check_hex64(f, "limit", limit);
    return check_broken(f, text);
}

/* That data was acknowledged which was not seen to be sent proves nothing by itself: another subflow
   may have carried it.  What is sent for the first time long after its acknowledgement, however, was
   not sent before. */
static enum mpa_verdict sent_before(const struct check_case *k, enum mpa_dir dir,
                                    struct mpa_rec_finding *f)
{
    const struct check_data_side *side = k->cc->data.side[dir];

    if (!side->beyond.set)
        return MPA_VERDICT_PASSED;
    for (const struct mpa_subflow *sf = k->conn->subflows; sf; sf = sf->next)
        if (check_one_way(sf, dir))
            return MPA_VERDICT_NV_DIR;
        else if (check_holes(sf, dir) || (sf->flags & MPA_SF_MIDSTREAM))
            return MPA_VERDICT_NV_LOSS;
    if (!side->beyond.proved || k->cc->data.acked_unseen[dir] || !mpa_conn_initial(k->conn))
        return MPA_VERDICT_NV_SUB;
    return bad_ack(&side->beyond, side->beyond.limit, f,
                   "data is acknowledged that was not sent before");
}

/* Of the data that 'dir' carries.  Nothing lies behind a DATA_FIN. */
static enum mpa_verdict data_acks(const struct check_case *k, enum mpa_dir dir,
                                  struct mpa_rec_finding *f)
{
    const struct check_data_side *side = k->cc->data.side[dir];
    const struct mpa_data_half *d = &k->conn->data[dir];
    uint64_t last = d->fin_dsn + 1;
    enum mpa_verdict v;

    if (!side || !(d->acked || side->top.set))
        return MPA_VERDICT_NOT_APPLICABLE;
    if (!side->top.set || k->cc->data.stray)
        return side->top.set ? MPA_VERDICT_NV_LOSS : MPA_VERDICT_NV_SYN;
    if ((d->flags & MPA_DATA_FIN) && (int64_t)(side->top.ack - last) > 0)
        return bad_ack(side->beyond.set && (int64_t)(side->beyond.ack - last) > 0 ? &side->beyond
                                                                                  : &side->top,
                       last, f, "more is acknowledged than the DATA_FIN ends");
    v = sent_before(k, dir, f);
    if (v == MPA_VERDICT_BROKEN || !side->back.set)
        return v;
    return bad_ack(&side->back, side->back.limit, f,
                   "a later packet of the same subflow takes a Data ACK back");
}

enum mpa_verdict check_ds_06(const struct check_case *k, struct mpa_rec_finding *f)
{
    enum mpa_verdict v = data_acks(k, MPA_TO_SERVER, f);

    return v == MPA_VERDICT_BROKEN ? v : worst(v, data_acks(k, MPA_TO_CLIENT, f));
}

enum mpa_verdict check_ds_07(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct check_data_side *side = k->cc->data.side[check_other(k->dir)];
    const struct mpa_data_half *d = &k->conn->data[check_other(k->dir)];
    const struct check_data_all *now = &k->check->data;
    uint64_t from;

    if (k->option->cond != MPA_COND_OK || !(k->option->dss.flags & MPA_DSS_ACK) || !side ||
        side->wide_start == side->wide_end || !now->has_ack)
        return MPA_VERDICT_NOT_APPLICABLE;
    from = side->wide_start;
    if (d->acked && (int64_t)(d->acked - from) > 0)
        from = d->acked;
    if ((int64_t)(side->wide_end - from) <= 0 || (int64_t)(now->ack - from) <= 0)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (k->option->dss.flags & MPA_DSS_ACK8)
        return MPA_VERDICT_PASSED;
    if (!check_has_keys(k->conn))
        return MPA_VERDICT_NV_SYN;
    if (check_conn_holes(k->conn))
        return MPA_VERDICT_NV_LOSS; /* Perhaps of the acknowledgement that came first. */
    f->key = check_packet_key(k->segment);
    check_hex32(f, "data_ack", (uint32_t)k->option->dss.data_ack);
    check_hex64(f, "dsn", from);
    return check_broken(f, "data with 64-bit numbers is acknowledged with 32 bits");
}

/* ---- DS-08, DS-09: closing ------------------------------------------------------------------- */

enum mpa_verdict check_ds_08(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct check_mapping *m = mapping_of(k);
    const struct mpa_data_half *d = &k->conn->data[k->dir];
    bool again = (d->flags & MPA_DATA_FIN) != 0;
    int64_t behind;

    if (!m || m->length == 0 || !(m->fin || again))
        return MPA_VERDICT_NOT_APPLICABLE;
    f->key = check_packet_key(k->segment);
    check_hex64(f, "dsn", m->dsn);
    check_number(f, "ssn", k->option->dss.ssn);
    check_number(f, "length", m->length);
    if (m->fin && k->segment->payload_size == 0 && (k->option->dss.ssn || m->length != 1))
        return check_broken(f, "a DATA_FIN without payload has another subflow sequence number "
                               "than 0 or another length than 1");
    if (!again)
        return MPA_VERDICT_PASSED;
    if (k->cc->data.stray)
        return MPA_VERDICT_NV_LOSS;
    check_hex64(f, "data_fin", d->fin_dsn);
    behind = (int64_t)(m->dsn + m->size - d->fin_dsn);
    if (!check_has_keys(k->conn))
        behind = (int32_t)behind; /* One of both may have been sent with 32 bits. */
    if (behind > 0)
        return check_broken(f, "data is mapped behind the DATA_FIN");
    if (m->fin && behind)
        return check_broken(f, "a second DATA_FIN has another data sequence number");
    return MPA_VERDICT_PASSED;
}

#define CLOSE_NS (60 * SECOND)

static bool was_closed(const struct mpa_subflow *sf)
{
    return ((sf->half[0].flags | sf->half[1].flags) & (MPA_HALF_FIN | MPA_HALF_RST)) != 0;
}

/* After both DATA_FINs: a subflow that was in use and that nobody closes. */
static enum mpa_verdict left_open(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct check_data_conn *data = &k->cc->data;
    enum mpa_verdict v = MPA_VERDICT_PASSED;

    for (const struct mpa_subflow *sf = k->conn->subflows; sf; sf = sf->next) {
        if (was_closed(sf) || !(sf->established_ns || (sf->flags & MPA_SF_MIDSTREAM)))
            continue;
        if (check_one_way(sf, MPA_TO_SERVER) || check_one_way(sf, MPA_TO_CLIENT)) {
            v = worst(v, MPA_VERDICT_NV_DIR);
        } else if (check_ended(k, data->fins_ns, CLOSE_NS)) {
            v = worst(v, MPA_VERDICT_NV_END);
        } else if (sf->half[0].last_ns < data->fin_ns || sf->half[1].last_ns < data->fin_ns) {
            v = worst(v, MPA_VERDICT_NV_LOSS); /* Its path may be dead: a FIN would not be seen. */
        } else {
            check_frame(f, data->fins_frame);
            f->ns = data->fins_ns;
            f->subflow = sf->id;
            check_duration(f, "open_for", k->end_ns - data->fins_ns);
            return check_broken(f, "both DATA_FINs are acknowledged, but nobody closes the subflow "
                                   "within a minute");
        }
    }
    return v;
}

/* Whether another subflow may have been open, past this capture: one of an advertised address, or
   one on which something was told that Data ACKs here know of. */
static bool other_subflow(const struct check_case *k)
{
    for (int dir = 0; dir < 2; dir++)
        if (k->cc->data.acked_unseen[dir] ||
            (k->cc->data.side[dir] && k->cc->data.side[dir]->ahead))
            return true;
    for (const struct mpa_advert *a = k->conn->adverts; a; a = a->next)
        if (a->joined == 0)
            return true;
    return !mpa_conn_initial(k->conn) || (k->conn->flags & MPA_CONN_JOINS_ONLY);
}

/* RFC 8684 3.3.3 lets a host close its last subflow while the segment with its DATA_FIN is
   outstanding: only data is not allowed to be. */
static enum mpa_verdict closed_early(const struct check_case *k, enum mpa_dir dir,
                                     struct mpa_rec_finding *f)
{
    const struct check_data_side *side = k->cc->data.side[dir];

    if (!side || !side->last_fin ||
        ((k->conn->data[0].flags | k->conn->data[1].flags) & MPA_DATA_FASTCLOSE))
        return MPA_VERDICT_NOT_APPLICABLE;
    if (!side->last_known)
        return MPA_VERDICT_NV_SYN;
    if (!k->cc->data.early[dir])
        return MPA_VERDICT_PASSED;
    for (const struct mpa_subflow *sf = k->conn->subflows; sf; sf = sf->next)
        if (check_one_way(sf, check_other(dir)))
            return MPA_VERDICT_NV_DIR;
    if (other_subflow(k))
        return MPA_VERDICT_NV_SUB;
    /* Of the peer's acknowledgements one may be missing, or all where it has fallen back. */
    if (check_conn_holes(k->conn) || side->early.acked == 0 || !side->early.fresh)
        return MPA_VERDICT_NV_LOSS;
    f->key = 1 + (uint64_t)dir;
    check_frame(f, side->early.frame);
    f->ns = side->early.ns;
    f->subflow = side->early.subflow;
    check_hex64(f, "data_ack", side->early.acked);
    check_hex64(f, "sent", side->early.needed);
    return check_broken(f, "the last subflow is closed while data is not acknowledged");
}

enum mpa_verdict check_ds_09(const struct check_case *k, struct mpa_rec_finding *f)
{
    enum mpa_verdict v = MPA_VERDICT_NOT_APPLICABLE;

    if (k->cc->data.fins_ns)
        v = left_open(k, f);
    for (int dir = 0; dir < 2 && v != MPA_VERDICT_BROKEN; dir++)
        v = worst(v, closed_early(k, (enum mpa_dir)dir, f));
    return v;
}

/* ---- DS-10 ------------------------------------------------------------------------------- */

/* On each subflow for itself: packets of several paths have no common order. */
enum mpa_verdict check_ds_10(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct check_data_all *now = &k->check->data;
    int64_t left;

    if (!now->has_edge)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (now->edge_unit == 0)
        return MPA_VERDICT_NV_SYN;
    left = (int64_t)(now->edge_before - now->edge);
    if (left <= now->edge_unit)
        return MPA_VERDICT_PASSED;
    if (now->edge_unsure)
        return MPA_VERDICT_NV_LOSS;
    f->key = check_packet_key(k->segment);
    check_frame(f, k->frame);
    check_frame(f, now->edge_frame);
    check_hex64(f, "edge", now->edge);
    check_hex64(f, "edge_before", now->edge_before);
    check_number(f, "bytes", left);
    check_number(f, "scale_unit", now->edge_unit);
    return check_broken(f, "Data ACK and window together move left");
}
