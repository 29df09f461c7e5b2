/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules AC: see tbl/rules.h and the protocol reference.
 *
 * The class of a RST is the record's.  What a host failed to do is only believed where it would
 * show: beside it, or where its later packets on the same subflow follow each other without a gap.
 */
#include "internal.h"

#define AT_ONCE_NS (1 * SECOND) /* AC-01: a RST's consequences elsewhere. */
#define STALL_NS   (3 * SECOND) /* T_stall; or four RTOs. */
#define LEAST_RTO  (200 * MILLI)

/* ---- Common -------------------------------------------------------------------------- */

static const struct check_balance_conn *state(const struct check_case *k)
{
    return &k->cc->balance;
}

static const struct balance_death *death_of(const struct check_case *k)
{
    const struct balance_rare *r = state(k)->rare;

    for (int i = 0; r && i < r->death_count; i++)
        if (r->deaths[i].subflow == k->sf->id)
            return &r->deaths[i];
    return NULL;
}

static enum mpa_word reset_class(const struct check_case *k)
{
    return k->record_subflow->has_reset ? k->record_subflow->reset.class : MPA_RESET_LATE;
}

static bool anybody(const struct check_case *k, uint8_t flags)
{
    return ((k->conn->data[0].flags | k->conn->data[1].flags) & flags) != 0;
}

static int64_t stall_time(const struct mpa_conn *conn)
{
    int64_t rto = LEAST_RTO + 2 * check_rtt(conn, 0);

    return 4 * rto > STALL_NS ? 4 * rto : STALL_NS;
}

/* The latest packet of one side on the others of a death; 0 where one of them has a gap: then it
   may have sent what is missed. */
static int64_t seen_until(const struct check_case *k, const struct balance_death *d,
                          enum mpa_dir dir)
{
    int64_t last_ns = 0;

    for (const struct mpa_subflow *sf = k->conn->subflows; sf; sf = sf->next) {
        const struct mpa_half *h = &sf->half[dir];

        if (sf->id == d->subflow)
            continue;
        if (check_lost(sf, dir) || mpa_space_hole_count(&h->seen) || h->seen.forgotten)
            return 0;
        if (h->last_ns > last_ns)
            last_ns = h->last_ns;
    }
    return last_ns;
}

/* ---- AC-01 --------------------------------------------------------------------------- */

/* The receiver of the RST ends another subflow, which its peer had left alone. */
static const struct balance_ending *dragged(const struct check_case *k,
                                            const struct balance_death *d)
{
    const struct balance_rare *r = state(k)->rare;
    enum mpa_dir receiver = check_other((enum mpa_dir)d->dir);
    /* Away from the receiver: what it sent before it could know is no consequence. */
    int64_t slack = check_beside_sender(k->conn, receiver) == 1 ? 0 : check_rtt(k->conn, 0);

    for (int i = 0; i < r->ending_count; i++) {
        const struct balance_ending *e = &r->endings[i];

        if (e->subflow != d->subflow && e->subflow < 64 && (d->others >> e->subflow & 1) &&
            e->dir == receiver && !e->answer && e->ns > d->ns + slack &&
            e->ns <= d->ns + AT_ONCE_NS)
            return e;
    }
    return NULL;
}

/* A DATA_FIN that was acknowledged and not captured. */
static bool fin_missed(const struct mpa_conn *conn)
{
    for (int dir = 0; dir < 2; dir++) {
        const struct mpa_data_half *d = &conn->data[dir];

        if (!(d->flags & MPA_DATA_FIN) && d->seen.begun && (int64_t)(d->acked - d->seen.next) > 0)
            return true;
    }
    return false;
}

enum mpa_verdict check_ac_01(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct balance_death *d = death_of(k);
    enum mpa_word class = reset_class(k);
    const struct balance_ending *e;

    if (!d || (class != MPA_RESET_REDIRECT && class != MPA_RESET_PROHIBITED &&
               class != MPA_RESET_APPLICATION))
        return MPA_VERDICT_NOT_APPLICABLE;
    if (anybody(k, MPA_DATA_FASTCLOSE))
        return MPA_VERDICT_NOT_APPLICABLE;
    e = dragged(k, d);
    /* The connection ends, or the address goes: the RST did not end that subflow. */
    if (!e || anybody(k, MPA_DATA_FIN) || (state(k)->flags & BALANCE_REMOVED))
        return e || !check_ended(k, d->ns, AT_ONCE_NS) ? MPA_VERDICT_PASSED : MPA_VERDICT_NV_END;
    if (state(k)->flags & BALANCE_TRUNCATED)
        return MPA_VERDICT_NV_SNAP;
    if (balance_has_gaps(k->conn) || fin_missed(k->conn))
        return MPA_VERDICT_NV_LOSS;
    if (check_subflow_missing(k->conn))
        return MPA_VERDICT_NV_SUB;
    check_frame(f, e->frame);
    check_frame(f, d->frame);
    f->ns = e->ns;
    f->subflow = e->subflow;
    check_number(f, "reset_subflow", d->subflow);
    check_text(f, "class", mpa_word(class));
    check_duration(f, "after", e->ns - d->ns);
    return check_broken(
        f, "Who received a RST of one subflow ends another one that was established and alive");
}

/* ---- AC-02 --------------------------------------------------------------------------- */

/* How long outstanding data of one side stood still, and until when; its sender had a subflow that
   could be used and was not. */
static int64_t stalled(const struct check_case *k, const struct balance_death *d, enum mpa_dir dir,
                       int64_t *ret_end_ns)
{
    int64_t now_ns = k->conn->closed_ns ? k->conn->closed_ns : k->end_ns;
    int64_t open_ns = d->since_ns[dir] ? now_ns - d->since_ns[dir] : 0;

    *ret_end_ns = d->stall_end_ns[dir];
    if (open_ns <= d->stall_ns[dir] || !d->confirmed[dir] || !balance_other_idle(k->conn, d, dir))
        return d->stall_ns[dir];
    *ret_end_ns = now_ns;
    return open_ns;
}

/* Whether the sender's silence is its own, and not that of packets lost before the capture. */
static bool is_silence(const struct check_case *k, const struct balance_death *d, enum mpa_dir dir,
                       int64_t until_ns)
{
    return check_beside_sender(k->conn, dir) == 1 || seen_until(k, d, dir) >= until_ns;
}

/*
 * AC-02.  A path that loses what is sent on it breaks no rule: the connection stands still by its
 * hosts' fault where data is outstanding and its sender leaves an idle, established subflow unused.
 * That the connection ends within a second is AC-01's.
 */
enum mpa_verdict check_ac_02(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct balance_death *d = death_of(k);
    int64_t limit = stall_time(k->conn), idle = 0;

    if (!d || reset_class(k) != MPA_RESET_REDIRECT)
        return MPA_VERDICT_NOT_APPLICABLE;
    for (int dir = 0; dir < 2; dir++) {
        int64_t end_ns, stall_ns = stalled(k, d, (enum mpa_dir)dir, &end_ns);

        idle += !k->conn->data[dir].seen.begun;
        if (stall_ns < limit)
            continue;
        if (anybody(k, MPA_DATA_FASTCLOSE))
            return MPA_VERDICT_NV_END;
        if (state(k)->flags & BALANCE_TRUNCATED)
            return MPA_VERDICT_NV_SNAP;
        if (check_one_way(k->sf, check_other((enum mpa_dir)dir)))
            return MPA_VERDICT_NV_DIR;
        if (balance_has_gaps(k->conn))
            return MPA_VERDICT_NV_LOSS;
        if (check_subflow_missing(k->conn))
            return MPA_VERDICT_NV_SUB;
        if (!is_silence(k, d, (enum mpa_dir)dir, end_ns - stall_ns + limit))
            return MPA_VERDICT_NV_VANT;
        check_frame(f, d->frame);
        f->ns = d->ns;
        check_duration(f, "stalled_for", stall_ns);
        check_text(f, "sender", dir == MPA_TO_SERVER ? "client" : "server");
        return check_broken(f, "After a redirect's RST outstanding data stands still although "
                               "another subflow is established");
    }
    if (k->record->survived == 1 ||
        (k->conn->data[0].flags & k->conn->data[1].flags & MPA_DATA_FIN_ACKED))
        return MPA_VERDICT_PASSED;
    return idle == 2 || check_ended(k, d->ns, limit) ? MPA_VERDICT_NV_END : MPA_VERDICT_NV_LOSS;
}

/* ---- AC-03 --------------------------------------------------------------------------- */

static enum mpa_verdict judge_flight(const struct check_case *k, const struct balance_death *d,
                                     enum mpa_dir dir)
{
    const struct mpa_data_half *data = &k->conn->data[dir];
    int64_t limit = stall_time(k->conn);

    if (d->flight_end[dir] == 0)
        return MPA_VERDICT_NOT_APPLICABLE;
    if ((int64_t)(data->acked - d->flight_end[dir]) >= 0)
        return MPA_VERDICT_PASSED;
    if (d->later_ns[dir] == 0 || anybody(k, MPA_DATA_FASTCLOSE))
        return MPA_VERDICT_NV_END;
    if (d->reinjected[dir] || (int64_t)(data->acked - d->flight_start[dir]) < 0)
        return MPA_VERDICT_NV_LOSS;
    if (state(k)->flags & BALANCE_TRUNCATED)
        return MPA_VERDICT_NV_SNAP;
    /* Both go on: the peer could say that it has the data, the sender could send it. */
    if (seen_until(k, d, dir) < d->later_ns[dir] + limit)
        return MPA_VERDICT_NV_LOSS;
    if (seen_until(k, d, check_other(dir)) < d->later_ns[dir] + limit)
        return MPA_VERDICT_NV_DIR;
    return MPA_VERDICT_BROKEN;
}

/* AC-03.  The hole must begin in what was in flight on the dead subflow, and be left open for the
   time of AC-02 after later data was sent elsewhere. */
enum mpa_verdict check_ac_03(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct balance_death *d = death_of(k);
    enum mpa_verdict ret = MPA_VERDICT_NOT_APPLICABLE;

    if (!d || reset_class(k) == MPA_RESET_LATE)
        return MPA_VERDICT_NOT_APPLICABLE;
    for (int dir = 0; dir < 2; dir++) {
        enum mpa_verdict v = judge_flight(k, d, (enum mpa_dir)dir);

        if (v != MPA_VERDICT_BROKEN) {
            ret = v > ret ? v : ret;
            continue;
        }
        check_frame(f, d->frame);
        check_frame(f, d->later[dir]);
        f->ns = d->ns;
        check_hex64(f, "hole", k->conn->data[dir].acked);
        check_hex64(f, "in_flight_until", d->flight_end[dir]);
        check_text(f, "sender", dir == MPA_TO_SERVER ? "client" : "server");
        return check_broken(f, "Data that was in flight on a reset subflow is never sent again, "
                               "while later data is");
    }
    return ret;
}

/* ---- The rest ------------------------------------------------------------------------ */

/* A new copy of an ADD_ADDR of the peer between both. */
static bool advertised_again(const struct check_case *k, const struct mpa_subflow *join)
{
    enum mpa_dir owner = check_other(check_opener(join));

    for (const struct mpa_advert *a = k->conn->adverts; a; a = a->next)
        if (a->from == owner && mpa_addr_eq(&a->addr, &join->flow.addr[check_opener(join)]) &&
            a->last_ns > k->record_subflow->reset.ns)
            return true;
    return false;
}

/* AC-04.  A path is both addresses and the port that was joined: another port may be another
   server's (mode D5 of C.12).  Who received the RST should not join again; its sender may think
   better of it. */
enum mpa_verdict check_ac_04(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct mpa_rec_reset *reset = &k->record_subflow->reset;
    const struct mpa_subflow *join;

    if (!k->record_subflow->has_reset || reset->transient != 0)
        return MPA_VERDICT_NOT_APPLICABLE;
    for (join = k->conn->subflows; join; join = join->next)
        if (join->role == MPA_ROLE_JOIN && join != k->sf && join->first_ns > reset->ns &&
            check_subflow_of(join)->balance.syn.frame &&
            (check_opener(join) == MPA_TO_SERVER) == reset->from_server &&
            mpa_addr_eq(&join->flow.addr[0], &k->sf->flow.addr[0]) &&
            mpa_addr_eq(&join->flow.addr[1], &k->sf->flow.addr[1]) &&
            join->flow.port[check_opener(join)] == k->sf->flow.port[check_opener(join)])
            break;
    if (!join || advertised_again(k, join))
        return MPA_VERDICT_PASSED;
    if (state(k)->flags & BALANCE_TRUNCATED)
        return MPA_VERDICT_NV_SNAP;
    if (check_beside_sender(k->conn, check_opener(join)) != 1 &&
        join->first_ns < reset->ns + check_rtt(k->conn, 0))
        return MPA_VERDICT_NV_VANT;
    check_frame(f, check_subflow_of(join)->balance.syn);
    check_frame(f, reset->frame);
    f->ns = join->first_ns;
    f->subflow = join->id;
    check_number(f, "reason", reset->reason);
    check_number(f, "reset_subflow", k->sf->id);
    return check_broken(
        f, "The path is joined again after a RST whose MP_TCPRST says that its error is permanent");
}

/* AC-05 */
enum mpa_verdict check_ac_05(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct mpa_rec_hit *hit = k->record->hits;

    if (k->record->hit_count == 0)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (!k->record->hit_unprotected)
        return MPA_VERDICT_PASSED;
    check_frame(f, hit->frame);
    f->ns = hit->ns;
    f->subflow = hit->subflow;
    if (k->record->syn_ns != MPA_NULL)
        check_duration(f, "unprotected_for", hit->ns - k->record->syn_ns);
    return check_noted(f, "Churn hits the connection before a direct subflow is usable");
}

/* AC-06.  A second SYN/ACK of another server, or the first server's again after another one reset
   the flow. */
enum mpa_verdict check_ac_06(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct balance_rare *r = state(k)->rare;
    const struct check_balance_subflow *s = &k->cs->balance;

    if (s->synack.frame == 0)
        return MPA_VERDICT_NOT_APPLICABLE;
    for (int i = 0; r && i < r->odd_count; i++) {
        const struct balance_odd_synack *o = &r->odd[i];

        if (o->subflow != k->sf->id ||
            (!o->rival && k->record_subflow->reset.class != MPA_RESET_REDIRECT))
            continue;
        check_frame(f, o->frame);
        check_frame(f, s->synack);
        if (o->rival)
            return check_broken(
                f, "Two servers answer one SYN: their SYN/ACKs have different sequence numbers");
        check_frame(f, k->record_subflow->reset.frame);
        return check_broken(f,
                            "One server resets the flow while another still repeats its SYN/ACK");
    }
    return MPA_VERDICT_PASSED;
}

/* AC-07.  What no holder of state sends, but for the option. */
enum mpa_verdict check_ac_07(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct mpa_rec_reset *reset = &k->record_subflow->reset;

    if (!k->record_subflow->has_reset || !reset->from_server)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (reset->class == MPA_RESET_REDIRECT ||
        (reset->class == MPA_RESET_MISROUTED_JOIN && reset->reason != MPA_NULL))
        return MPA_VERDICT_PASSED;
    if (!(k->cs->balance.rst_shape & BALANCE_RST_STATELESS) || k->sf->usable_ns == 0 ||
        reset->reason == MPA_NULL || reset->class == MPA_RESET_LATE ||
        reset->class == MPA_RESET_VICTIM)
        return MPA_VERDICT_NOT_APPLICABLE;
    check_frame(f, reset->frame);
    f->ns = reset->ns;
    check_number(f, "reason", reset->reason);
    check_text(f, "class", mpa_word(reset->class));
    return check_noted(f, "A RST that looks stateless carries MP_TCPRST: its class may be wrong");
}
