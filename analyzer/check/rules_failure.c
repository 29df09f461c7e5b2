/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules FL, FC: see tbl/rules.h and the protocol reference. */
#include "internal.h"

#define FAIL_AHEAD (UINT64_C(1) << 30) /* More than a window. */

/* How long a host may take for an answer that it has to give at once. */
static int64_t patience(const struct mpa_conn *conn)
{
    return SECOND + 3 * check_rtt(conn, SECOND);
}

/* NULL where it has moved to another connection: what it said before is then not judged. */
static const struct mpa_subflow *subflow_of(const struct mpa_conn *conn, uint16_t id)
{
    const struct mpa_subflow *sf = conn->subflows;

    while (sf && sf->id != id)
        sf = sf->next;
    return sf;
}

/* ---- FL-01, FL-02, FL-03: checksums ------------------------------------------------------ */

/* Whether checksums are used: 1 yes, 0 no, -1 the handshake does not say. */
static int negotiated(const struct mpa_conn *conn)
{
    const struct mpa_data_half *d = conn->data;

    for (int dir = 0; dir < 2; dir++)
        if ((d[dir].flags & MPA_DATA_CAPABLE) && (d[dir].capable_flags & MPA_CAPABLE_A))
            return 1;
    return d[0].flags & d[1].flags & MPA_DATA_CAPABLE ? 0 : -1;
}

/* Also of the mapping that an MP_CAPABLE with data is. */
enum mpa_verdict check_fl_01(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct mpa_option *o = k->option;
    bool capable = o->subtype == MPA_MP_CAPABLE, has;
    int due = negotiated(k->conn);

    if (o->cond != MPA_COND_OK)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (capable ? !o->capable.has_length : !(o->dss.flags & MPA_DSS_MAP) || o->dss.length == 0)
        return MPA_VERDICT_NOT_APPLICABLE;
    has = capable ? o->capable.has_checksum : o->dss.has_checksum;
    if (due < 0)
        return MPA_VERDICT_NV_SYN;
    if (has == (due == 1))
        return MPA_VERDICT_PASSED;
    f->key = check_packet_key(k->segment);
    check_text(f, "negotiated", due ? "yes" : "no");
    check_text(f, "present", has ? "yes" : "no");
    return check_broken(f, due ? "checksums were negotiated, but the mapping has none"
                               : "the mapping has a checksum, but none were negotiated");
}

enum mpa_verdict check_fl_02(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct check_failure_all *now = &k->check->failure;
    enum mpa_verdict v = MPA_VERDICT_NOT_APPLICABLE;

    if (negotiated(k->conn) == 0)
        return v;
    for (int i = 0; i < now->summed_count; i++) {
        const struct check_summed *s = &now->summed[i];

        if (s->verdict == MPA_VERDICT_PASSED && s->computed != s->map.checksum) {
            f->key = s->map.dsn;
            check_frame(f, k->frame);
            check_frame(f, s->frame);
            check_number(f, "checksum", s->map.checksum);
            check_number(f, "computed", s->computed);
            check_hex64(f, "dsn", s->map.dsn);
            check_number(f, "length", s->map.length);
            return check_broken(f, "the checksum of the mapping does not fit its bytes");
        }
        if (v == MPA_VERDICT_NOT_APPLICABLE || s->verdict != MPA_VERDICT_PASSED)
            v = s->verdict;
    }
    return v;
}

/* The MP_FAIL that the receiver sent on the mapping's subflow. */
static const struct check_fail *answer_of(const struct check_failure_state *state,
                                          const struct check_bad *bad)
{
    for (int i = 0; i < state->fail_count; i++)
        if (state->fail[i].subflow == bad->subflow && state->fail[i].dir == check_other(bad->dir) &&
            state->fail[i].ns >= bad->ns)
            return &state->fail[i];
    return NULL;
}

/* The sender of the mapping said MP_FAIL after it. */
static bool has_fail(const struct check_failure_state *state, const struct check_bad *bad)
{
    for (int i = 0; i < state->fail_count; i++)
        if (state->fail[i].subflow == bad->subflow && state->fail[i].dir == bad->dir &&
            state->fail[i].ns >= bad->ns)
            return true;
    return false;
}

static bool is_start_of_bad(const struct check_failure_state *state, const struct check_fail *fail)
{
    for (int i = 0; i < state->bad_count; i++)
        if (state->bad[i].subflow == fail->subflow && state->bad[i].dsn == fail->dsn)
            return true;
    return state->bad_count == CHECK_BADS; /* There may have been more. */
}

static enum mpa_verdict no_answer(const struct check_case *k, const struct check_bad *bad,
                                  struct mpa_rec_finding *f)
{
    const struct mpa_subflow *sf = subflow_of(k->conn, bad->subflow);
    enum mpa_dir dir = check_other(bad->dir);

    if (!sf)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (check_one_way(sf, dir))
        return MPA_VERDICT_NV_DIR;
    if (check_beside_sender(k->conn, dir) != 1)
        return MPA_VERDICT_NV_VANT;
    if (sf->half[bad->dir].acked < bad->seq_end)
        return MPA_VERDICT_NV_LOSS; /* It may not have arrived. */
    /* Whoever sent it knows: the MP_FAIL was lost on its way to here. */
    if (check_conn_holes(k->conn) || (k->conn->flags & MPA_CONN_INFINITE) ||
        has_fail(k->cc->failure.state, bad))
        return MPA_VERDICT_NV_LOSS;
    if (check_ended(k, bad->ns, patience(k->conn)))
        return MPA_VERDICT_NV_END;
    f->key = bad->dsn;
    check_frame(f, bad->frame);
    f->ns = bad->ns;
    f->subflow = bad->subflow;
    check_hex64(f, "dsn", bad->dsn);
    return check_broken(f, "a mapping with a wrong checksum is acknowledged without MP_FAIL");
}

static enum mpa_verdict wrong_fail(const struct check_fail *fail, struct mpa_rec_finding *f,
                                   const char *text)
{
    f->key = fail->dsn;
    check_frame(f, fail->frame);
    f->ns = fail->ns;
    f->subflow = fail->subflow;
    return check_broken(f, text);
}

/* The subflow must be reset where another one is in use. */
static enum mpa_verdict reset_too(const struct check_case *k, const struct check_fail *fail,
                                  struct mpa_rec_finding *f)
{
    const struct mpa_subflow *sf = subflow_of(k->conn, fail->subflow);

    if (!sf || check_subflow_of(sf)->failure.rst_ns[fail->dir])
        return MPA_VERDICT_PASSED;
    if (check_beside_sender(k->conn, fail->dir) != 1)
        return MPA_VERDICT_NV_VANT; /* A RST is sent once, and may be lost on its way. */
    if (check_conn_holes(k->conn))
        return MPA_VERDICT_NV_LOSS;
    if (check_ended(k, fail->ns, patience(k->conn)))
        return MPA_VERDICT_NV_END;
    return wrong_fail(fail, f, "a subflow with a wrong checksum stays open beside another one");
}

/* On the only subflow the sender of the data says MP_FAIL too, and then sends an infinite mapping.
   Where it said it, it knows; else only a capture beside it shows that the MP_FAIL reached it. */
static enum mpa_verdict fallen_back(const struct check_case *k, const struct check_fail *fail,
                                    struct mpa_rec_finding *f)
{
    const struct check_failure_state *state = k->cc->failure.state;
    enum mpa_dir dir = check_other(fail->dir);
    bool knows = check_beside_sender(k->conn, dir) == 1;

    if (!fail->goes_on.frame) /* What was queued before may have its mapping. */
        return fail->maps && !state->plain[dir].set ? MPA_VERDICT_NV_VANT : MPA_VERDICT_PASSED;
    for (int i = 0; i < state->fail_count; i++)
        knows |= state->fail[i].subflow == fail->subflow && state->fail[i].dir == dir;
    if (!knows)
        return MPA_VERDICT_NV_VANT;
    if (check_conn_holes(k->conn))
        return MPA_VERDICT_NV_LOSS;
    f->key = fail->dsn;
    check_frame(f, fail->goes_on);
    check_frame(f, fail->frame);
    f->ns = fail->goes_on_ns;
    f->subflow = fail->subflow;
    check_duration(f, "since", fail->goes_on_ns - fail->ns);
    return check_broken(f, "new data is mapped after MP_FAIL on the only subflow, without an "
                           "infinite mapping");
}

static enum mpa_verdict reaction(const struct check_case *k, const struct check_fail *fail,
                                 bool several, struct mpa_rec_finding *f)
{
    return several ? reset_too(k, fail, f) : fallen_back(k, fail, f);
}

static enum mpa_verdict answered(const struct check_case *k, const struct check_bad *bad,
                                 struct mpa_rec_finding *f)
{
    const struct check_failure_state *state = k->cc->failure.state;
    const struct check_fail *fail = answer_of(state, bad);

    if (!fail)
        return no_answer(k, bad, f);
    if (!is_start_of_bad(state, fail)) {
        check_hex64(f, "mp_fail", fail->dsn);
        check_hex64(f, "dsn", bad->dsn);
        return wrong_fail(fail, f, "the MP_FAIL does not name the mapping whose checksum is wrong");
    }
    return reaction(k, fail, bad->several, f);
}

/* Whether 'dsn' is near what this direction sent: of a mapping that was captured, or that was not. */
static bool is_of(const struct mpa_data_half *d, uint64_t dsn)
{
    return d->declared.begun && dsn - (d->idsn + 1) < d->declared.next - (d->idsn + 1) + FAIL_AHEAD;
}

/* A mapping that was damaged only past this capture. */
static enum mpa_verdict failed_elsewhere(const struct check_case *k, const struct check_fail *fail,
                                         struct mpa_rec_finding *f)
{
    enum mpa_dir dir = check_other(fail->dir);
    const struct mpa_data_half *d = &k->conn->data[dir];
    const struct mpa_subflow *sf = subflow_of(k->conn, fail->subflow);

    if (!sf)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (check_one_way(sf, dir))
        return MPA_VERDICT_NV_DIR;
    if (!check_has_keys(k->conn) || !d->declared.begun)
        return MPA_VERDICT_NV_SYN;
    if (is_of(d, fail->dsn))
        return (int64_t)(fail->dsn - d->declared.next) < 0 ? reaction(k, fail, fail->several, f)
                                                           : MPA_VERDICT_NV_LOSS;
    if (is_of(&k->conn->data[fail->dir], fail->dsn))
        return MPA_VERDICT_NOT_APPLICABLE; /* The answer to one that was not captured. */
    if (check_subflow_missing(k->conn) || check_conn_holes(k->conn))
        return MPA_VERDICT_NV_LOSS;
    check_hex64(f, "mp_fail", fail->dsn);
    return wrong_fail(fail, f, "the MP_FAIL names data that was never sent");
}

/* What the receiver does, and how the sender goes on. */
enum mpa_verdict check_fl_03(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct check_failure_state *state = k->cc->failure.state;
    enum mpa_verdict v = MPA_VERDICT_NOT_APPLICABLE;

    for (int i = 0; state && i < state->bad_count; i++) {
        enum mpa_verdict one = answered(k, &state->bad[i], f);

        if (one == MPA_VERDICT_BROKEN)
            return one;
        if (v == MPA_VERDICT_NOT_APPLICABLE || one >= MPA_VERDICT_NV_FIRST)
            v = one;
    }
    for (int i = 0; state && state->bad_count == 0 && i < state->fail_count; i++) {
        if (state->fail[i].answer)
            continue;
        v = failed_elsewhere(k, &state->fail[i], f);
        if (v == MPA_VERDICT_BROKEN)
            return v;
    }
    return v;
}

/* ---- FL-04, FL-05: fallback ---------------------------------------------------------------- */

/* Options do not come through to the peer, and its acknowledgements said so.  Beside the sender only: elsewhere a Data ACK may have been lost on
   its way to it, or taken away behind the capture. */
static enum mpa_verdict goes_on(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct check_failure_subflow *own = &k->cs->failure;

    if (check_beside_sender(k->conn, k->dir) != 1)
        return MPA_VERDICT_NV_VANT;
    check_frame(f, k->frame);
    check_frame(f, own->plain_ack[k->dir]);
    check_duration(f, "since", k->ns - own->plain_ack_ns[k->dir]);
    return check_broken(f, k->sf->role == MPA_ROLE_INITIAL
                               ? "data was acknowledged without a Data ACK, and no fallback follows"
                               : "data was acknowledged without a Data ACK, and no reset follows");
}

/* Per subflow, since each path may take options away.  On the initial one, payload without a mapping
   is a fallback (see the tracker), which need not be the sender's fault. */
enum mpa_verdict check_fl_04(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct check_data_flow *flow = k->cs->data.flow[k->dir];
    const struct mpa_segment *seg = k->segment;
    uint64_t at, bare;

    if (seg->payload_size == 0 || (seg->flags & (MPA_TCP_SYN | MPA_TCP_RST)) ||
        k->facts->keepalive || k->cs->failure.confirmed[k->dir])
        return MPA_VERDICT_NOT_APPLICABLE;
    if (k->cs->failure.goes_on[k->dir].frame == k->frame.frame &&
        k->cs->failure.goes_on[k->dir].capture == k->frame.capture)
        return goes_on(k, f);
    if (!check_position_known(k->sf, k->dir) || !flow)
        return MPA_VERDICT_NV_SYN;
    at = check_position(k->sf, k->dir, seg);
    bare = check_covered(flow, at, at + seg->payload_size);
    if (bare == at + seg->payload_size)
        return MPA_VERDICT_PASSED;
    if (k->sf->role == MPA_ROLE_INITIAL)
        return MPA_VERDICT_NV_SYN; /* A fallback that shows only where the handshake was captured. */
    if (flow->cut)
        return MPA_VERDICT_NV_SNAP;
    if (check_holes(k->sf, k->dir) || at < flow->forgotten)
        return MPA_VERDICT_NV_LOSS;
    if (check_super_packet(k->sf, k->dir, seg))
        return MPA_VERDICT_NV_OFFL;
    if (check_one_way(k->sf, check_other(k->dir)))
        return MPA_VERDICT_NV_DIR;
    f->key = check_packet_key(k->segment);
    check_number(f, "ssn", (int64_t)(uint32_t)bare);
    check_number(f, "bytes", (int64_t)(at + seg->payload_size - bare));
    return check_broken(f, "payload without a mapping before the first Data ACK on the subflow");
}

/* Of a direction that sent an infinite mapping, or unmapped data before anything was confirmed.
   What is plain from the handshake on is MPC-07's, and joins are JN-13's.  A retransmission of what
   was mapped before keeps its mapping. */
enum mpa_verdict check_fl_05(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct check_failure_state *state = k->cc->failure.state;
    const struct check_data_all *now = &k->check->data;
    const struct check_plain *plain = state ? &state->plain[k->dir] : NULL;
    const char *text = NULL;

    if (!plain || !plain->set || k->segment->payload_size == 0 || k->facts->keepalive)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (k->sf->id != plain->subflow && k->facts->new_bytes)
        text = "data comes on another subflow than the one that fell back";
    for (int i = 0; i < now->map_count && k->sf->id == plain->subflow; i++)
        if (now->map[i].length && now->map[i].size &&
            (int32_t)((uint32_t)now->map[i].ssn - plain->ssn) > 0)
            text = "a finite mapping comes after the fallback";
    if (!text)
        return k->sf->id == plain->subflow ? MPA_VERDICT_PASSED : MPA_VERDICT_NOT_APPLICABLE;
    if (plain->unsure)
        return MPA_VERDICT_NV_LOSS;
    f->key = check_packet_key(k->segment);
    check_frame(f, k->frame);
    check_frame(f, plain->frame);
    return check_broken(f, text);
}

/* ---- FC: fast close -------------------------------------------------------------------------- */

enum mpa_verdict check_fc_01(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct mpa_data_half *sender = &k->conn->data[k->dir];
    const struct mpa_data_half *receiver = &k->conn->data[check_other(k->dir)];

    if (!(receiver->flags & MPA_DATA_KEY))
        return MPA_VERDICT_NV_SYN;
    if (memcmp(k->option->fastclose.key, receiver->key, MPA_KEY_SIZE) == 0)
        return MPA_VERDICT_PASSED;
    f->key = check_packet_key(k->segment);
    /* Keys are never printed. */
    check_text(f, "key",
               (sender->flags & MPA_DATA_KEY) &&
                       memcmp(k->option->fastclose.key, sender->key, MPA_KEY_SIZE) == 0
                   ? "the sender's own"
                   : "of neither side");
    return check_broken(f, "the key is not the receiver's");
}

static bool is_v0(const struct mpa_conn *conn)
{
    return (MPA_IN_V0 & 1u << conn->dialect) != 0;
}

static enum mpa_verdict mixed(const struct check_fastclose *fc, struct mpa_rec_finding *f,
                              const char *text)
{
    check_frame(f, fc->frame);
    f->ns = fc->ns;
    f->subflow = fc->subflow;
    return check_broken(f, text);
}

/* The other subflows that were in use must be reset by somebody. */
static enum mpa_verdict others_reset(const struct check_case *k, const struct check_fastclose *fc,
                                     enum mpa_dir dir, struct mpa_rec_finding *f)
{
    for (const struct mpa_subflow *sf = k->conn->subflows; sf; sf = sf->next) {
        const struct check_failure_subflow *fs = &check_subflow_of(sf)->failure;
        bool asked = sf->id < 64 && (fc->in_use >> sf->id & 1);

        if (!asked || sf->id == fc->subflow || fs->rst_ns[0] || fs->rst_ns[1])
            continue;
        if (check_one_way(sf, dir))
            return MPA_VERDICT_NV_DIR;
        if (check_beside_sender(k->conn, dir) != 1)
            return MPA_VERDICT_NV_VANT; /* A RST is sent once, and may be lost on its way. */
        if (check_conn_holes(k->conn))
            return MPA_VERDICT_NV_LOSS;
        if (check_ended(k, fc->ns, patience(k->conn)))
            return MPA_VERDICT_NV_END;
        /* A RST leaves no hole where it is lost: only a subflow that goes on has had none. */
        if (sf->half[dir].last_ns < fc->ns + patience(k->conn))
            return MPA_VERDICT_NV_LOSS;
        check_number(f, "open_subflow", sf->id);
        return mixed(fc, f, "another subflow in use is not reset with the MP_FASTCLOSE");
    }
    return check_subflow_missing(k->conn) ? MPA_VERDICT_NV_SUB : MPA_VERDICT_PASSED;
}

static enum mpa_verdict fastclose_form(const struct check_case *k, enum mpa_dir dir,
                                       struct mpa_rec_finding *f)
{
    const struct check_failure_state *state = k->cc->failure.state;
    const struct check_fastclose *fc = state ? &state->fastclose[dir] : NULL;

    if (!fc || !fc->set)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (is_v0(k->conn) && fc->on_rst)
        return mixed(fc, f, "version 0 knows MP_FASTCLOSE on ACKs only");
    if (fc->on_ack & (fc->on_ack - 1))
        return mixed(fc, f, "MP_FASTCLOSE comes on ACKs of several subflows");
    if (fc->on_ack && (fc->on_rst & ~fc->on_ack))
        return mixed(fc, f, "MP_FASTCLOSE comes on the ACK of one subflow and the RST of another");
    if (fc->on_rst && !fc->on_ack)
        for (const struct mpa_subflow *sf = k->conn->subflows; sf; sf = sf->next) {
            const struct check_failure_subflow *fs = &check_subflow_of(sf)->failure;

            if (sf->id < 64 && (fc->in_use >> sf->id & 1) && !(fc->on_rst >> sf->id & 1) &&
                fs->rst_ns[dir] && !fs->rst_ns[check_other(dir)]) {
                check_number(f, "subflow_without", sf->id);
                return mixed(fc, f,
                             "the RST of one subflow has MP_FASTCLOSE, that of another has "
                             "not");
            }
        }
    return others_reset(k, fc, dir, f);
}

enum mpa_verdict check_fc_02(const struct check_case *k, struct mpa_rec_finding *f)
{
    enum mpa_verdict a = fastclose_form(k, MPA_TO_SERVER, f), b;

    if (a == MPA_VERDICT_BROKEN)
        return a;
    b = fastclose_form(k, MPA_TO_CLIENT, f);
    return a == MPA_VERDICT_NOT_APPLICABLE || b >= MPA_VERDICT_NV_FIRST || b == MPA_VERDICT_BROKEN
               ? b
               : a;
}

/* Of the form on an ACK: the other one awaits nothing. */
static enum mpa_verdict fastclose_answer(const struct check_case *k, enum mpa_dir dir,
                                         struct mpa_rec_finding *f)
{
    const struct check_failure_state *state = k->cc->failure.state;
    const struct check_fastclose *fc = state ? &state->fastclose[dir] : NULL;
    enum mpa_dir peer = check_other(dir);
    int64_t rtt = check_rtt(k->conn, SECOND), rto = rtt > SECOND / 2 ? 2 * rtt : SECOND;
    const struct mpa_subflow *sf = fc && fc->set ? subflow_of(k->conn, fc->subflow) : NULL;
    int64_t rst;

    if (!sf || !fc->on_ack)
        return MPA_VERDICT_NOT_APPLICABLE;
    rst = check_subflow_of(sf)->failure.rst_ns[peer];
    if ((rst && rst <= fc->ns + 3 * rto) || (fc->again_ns && fc->again_ns <= fc->ns + 3 * rto))
        return MPA_VERDICT_PASSED;
    if (check_one_way(sf, peer))
        return MPA_VERDICT_NV_DIR;
    if (check_beside_sender(k->conn, dir) != 1 && check_beside_sender(k->conn, peer) != 1)
        return MPA_VERDICT_NV_VANT; /* Both may be lost on their way to here. */
    if (check_conn_holes(k->conn))
        return MPA_VERDICT_NV_LOSS;
    if (check_ended(k, fc->ns, 3 * rto))
        return MPA_VERDICT_NV_END;
    /* As above: a RST that was lost leaves no hole; a late one may answer a lost repetition. */
    if (rst || sf->half[peer].last_ns < fc->ns + 3 * rto)
        return MPA_VERDICT_NV_LOSS;
    check_frame(f, fc->frame);
    f->ns = fc->ns;
    f->subflow = fc->subflow;
    check_duration(f, "awaited", 3 * rto);
    return check_broken(f, "the MP_FASTCLOSE is neither answered with RST nor repeated");
}

enum mpa_verdict check_fc_03(const struct check_case *k, struct mpa_rec_finding *f)
{
    enum mpa_verdict v = fastclose_answer(k, MPA_TO_SERVER, f);

    return v == MPA_VERDICT_NOT_APPLICABLE ? fastclose_answer(k, MPA_TO_CLIENT, f) : v;
}
