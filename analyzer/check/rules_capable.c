/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules MPC: see tbl/rules.h and the protocol reference. */
#include "internal.h"

#define CRYPTO                                                                                     \
    0x1f /* Algorithms that MP_CAPABLE can name.  0x20 is C, or what version 0 made of it. */

/* ---- What the judges of MP_CAPABLE share ------------------------------------------------- */

/* An MP_CAPABLE that could be read, on the initial subflow (FMT-03 says of others). */
static bool is_readable(const struct check_case *k)
{
    return k->sf->role == MPA_ROLE_INITIAL &&
           (k->option->cond == MPA_COND_OK || k->option->cond == MPA_COND_ILLEGAL);
}

static bool is_synack(const struct check_case *k)
{
    return (k->segment->flags & MPA_TCP_SYN) && (k->segment->flags & MPA_TCP_ACK);
}

/* A third ACK, or first data with both keys. */
static bool is_third(const struct check_case *k)
{
    return !(k->segment->flags & MPA_TCP_SYN) && k->dir == MPA_TO_SERVER &&
           k->option->capable.has_receiver_key;
}

/* Why nothing can be said against the SYN; PASSED where its MP_CAPABLE is known. */
static enum mpa_verdict syn_evidence(const struct check_case *k)
{
    if (k->cc->capable.flags & CAP_SYN)
        return MPA_VERDICT_PASSED;
    if (k->sf->syn_ns == 0)
        return MPA_VERDICT_NV_SYN;
    return k->cc->capable.flags & CAP_SYN_CUT ? MPA_VERDICT_NV_SNAP : MPA_VERDICT_NOT_APPLICABLE;
}

/* The next SYN/ACK after '*at' that this packet of the client answers (AC-06: several may have come); NULL: none.  Where it acknowledges
   data too, that data was captured. */
static const struct check_synack *next_answered(const struct check_case *k, int *at)
{
    const struct check_capable_conn *cap = &k->cc->capable;
    const struct mpa_half *h = &k->sf->half[MPA_TO_CLIENT];
    int count = !(cap->flags & CAP_SYNACK) ? 0 : 1 + (cap->rare ? cap->rare->synack_count : 0);

    while (*at < count) {
        const struct check_synack *s = *at == 0 ? &cap->synack : &cap->rare->synacks[*at - 1];

        (*at)++;
        if (k->segment->ack == s->isn + 1)
            return s;
        if (!(k->sf->flags & MPA_SF_SPLIT) && h->isn == s->isn &&
            !check_lost(k->sf, MPA_TO_CLIENT) && k->segment->ack - s->isn - 1 <= h->bytes)
            return s;
    }
    return NULL;
}

/* ---- MPC-01 to MPC-06 -------------------------------------------------------------------- */

/* MPC-01.  A plain SYN after others with MP_CAPABLE: the answer may be to one of those, on its way. */
enum mpa_verdict check_mpc_01(const struct check_case *k, struct mpa_rec_finding *f)
{
    unsigned flags = k->cc->capable.flags;
    size_t captured;

    if (k->sf->role != MPA_ROLE_INITIAL ||
        !check_find_option(k->segment, MPA_MP_CAPABLE, &captured))
        return MPA_VERDICT_NOT_APPLICABLE;
    if (k->sf->syn_ns == 0)
        return MPA_VERDICT_NV_SYN;
    if (flags & CAP_SYN_CUT)
        return flags & CAP_SYN ? MPA_VERDICT_PASSED : MPA_VERDICT_NV_SNAP;
    if (!(flags & CAP_SYN_PLAIN))
        return flags & CAP_SYN ? MPA_VERDICT_PASSED : MPA_VERDICT_NOT_APPLICABLE;
    if (!(flags & CAP_SYN))
        return check_broken(f, "The SYN/ACK carries MP_CAPABLE, the SYN did not");
    f->severity = MPA_SEVERITY_WARNING;
    return check_broken(f, "The SYN/ACK carries MP_CAPABLE, the latest SYN did not; it may answer "
                           "an earlier one");
}

/* MPC-02 */
enum mpa_verdict check_mpc_02(const struct check_case *k, struct mpa_rec_finding *f)
{
    enum mpa_verdict syn = syn_evidence(k);

    if (!is_readable(k) || !is_synack(k))
        return MPA_VERDICT_NOT_APPLICABLE;
    if (syn != MPA_VERDICT_PASSED || k->option->capable.version <= k->cc->capable.syn_version)
        return syn;
    check_number(f, "syn_version", k->cc->capable.syn_version);
    check_number(f, "synack_version", k->option->capable.version);
    return check_broken(f, "The SYN/ACK chooses a higher version than the SYN offered");
}

/* MPC-03.  Keys are not told, only whose differs. */
enum mpa_verdict check_mpc_03(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct check_capable_conn *cap = &k->cc->capable;
    const struct check_synack *s;
    bool seen = false, same = false;
    int at = 0;

    if (!is_readable(k) || !is_third(k))
        return MPA_VERDICT_NOT_APPLICABLE;
    if (!check_in_sequence(k->sf, k->dir, k->segment))
        return MPA_VERDICT_NV_SYN;
    if ((cap->flags & CAP_CLIENT_KEY) && !(cap->flags & CAP_SYN_VARIES) &&
        memcmp(cap->client_key, k->option->capable.sender_key, MPA_KEY_SIZE) != 0) {
        check_text(f, "key", "client");
        check_frame(f, k->frame);
        check_frame(f, cap->key_frame[MPA_TO_SERVER]);
        return check_broken(f, "The client's key is not the one that it sent before");
    }
    while ((s = next_answered(k, &at)) != NULL) {
        seen = true;
        same |= memcmp(s->key, k->option->capable.receiver_key, MPA_KEY_SIZE) == 0;
    }
    if (!seen)
        return MPA_VERDICT_NV_SYN;
    if (same)
        return MPA_VERDICT_PASSED;
    check_text(f, "key", "server");
    check_frame(f, k->frame);
    check_frame(f, cap->key_frame[MPA_TO_CLIENT]);
    return check_broken(f, "The server's key is not the one that its SYN/ACK carried");
}

/* MPC-04 */
enum mpa_verdict check_mpc_04(const struct check_case *k, struct mpa_rec_finding *f)
{
    if (k->option->cond != MPA_COND_OK && k->option->cond != MPA_COND_ILLEGAL)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (k->option->capable.version > 1)
        return MPA_VERDICT_NV_DIAL;
    if (!(k->option->capable.flags & MPA_CAPABLE_B))
        return MPA_VERDICT_PASSED;
    check_number(f, "flags", k->option->capable.flags);
    return check_broken(f, "B (extensibility) is set; it must be zero");
}

/* The answer's algorithm: one, and one that was offered. */
static enum mpa_verdict judge_choice(const struct check_case *k, struct mpa_rec_finding *f)
{
    unsigned chosen = k->option->capable.flags & CRYPTO;
    unsigned offered = k->cc->capable.syn_flags & CRYPTO;
    enum mpa_verdict syn = syn_evidence(k);

    check_number(f, "chosen", chosen);
    if (chosen == 0 || (chosen & (chosen - 1)))
        return check_broken(f, "The SYN/ACK does not choose exactly one crypto algorithm");
    if (syn != MPA_VERDICT_PASSED)
        return syn;
    check_number(f, "offered", offered);
    if (chosen & ~offered)
        return check_broken(f, "The SYN/ACK chooses a crypto algorithm that was not offered");
    /* What RFC 6824 calls one more algorithm: the ICNP-2017 kernel and Apple mean "no joins to this address" by it. */
    if (k->option->capable.version == 0 && (k->option->capable.flags & MPA_CAPABLE_C))
        return check_noted(f, "The SYN/ACK sets 0x20, in RFC 6824 a second algorithm: here it "
                              "forbids joins to this address");
    return MPA_VERDICT_PASSED;
}

/* MPC-05 */
enum mpa_verdict check_mpc_05(const struct check_case *k, struct mpa_rec_finding *f)
{
    if (!is_readable(k) || !(k->segment->flags & MPA_TCP_SYN))
        return MPA_VERDICT_NOT_APPLICABLE;
    if (k->option->capable.version > 1)
        return MPA_VERDICT_NV_DIAL;
    if (is_synack(k))
        return judge_choice(k, f);
    if (k->option->capable.flags & CRYPTO)
        return MPA_VERDICT_PASSED;
    check_number(f, "flags", k->option->capable.flags);
    return check_broken(f, "The SYN offers no crypto algorithm");
}

/* MPC-06 */
enum mpa_verdict check_mpc_06(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct check_capable_conn *cap = &k->cc->capable;
    bool syn = (cap->flags & CAP_SYN) && !(cap->flags & CAP_SYN_VARIES);
    int at = 0;
    const struct check_synack *s;
    bool wanted, says;

    if (!is_readable(k) || !is_third(k))
        return MPA_VERDICT_NOT_APPLICABLE;
    if (!check_in_sequence(k->sf, k->dir, k->segment))
        return MPA_VERDICT_NV_SYN;
    s = next_answered(k, &at);
    wanted = (syn && (cap->syn_flags & MPA_CAPABLE_A)) || (s && (s->flags & MPA_CAPABLE_A));
    if (!wanted && !(syn && s))
        return MPA_VERDICT_NV_SYN;
    says = (k->option->capable.flags & MPA_CAPABLE_A) != 0;
    if (says == wanted)
        return MPA_VERDICT_PASSED;
    if (syn)
        check_number(f, "syn_flags", cap->syn_flags);
    if (s)
        check_number(f, "synack_flags", s->flags);
    check_number(f, "flags", k->option->capable.flags);
    return check_broken(f, wanted ? "A is clear, although a side required checksums"
                                  : "A is set, although no side required checksums");
}

/* ---- MPC-07 ------------------------------------------------------------------------------ */

/* The packet of this direction that cannot have been on its way any more; -1: none. */
static int too_late(const struct check_late *late, int64_t until)
{
    if (late->count && late->ns[0] > until)
        return 0;
    return late->count == 2 ? 1 : -1;
}

/* MPC-07.  Each side may have sent one packet before it knew. */
enum mpa_verdict check_mpc_07(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct mpa_subflow *sf = mpa_conn_initial(k->conn);
    const struct check_capable_conn *cap = &k->cc->capable;
    const struct check_late *worst = NULL;
    int which = 0;

    if (!sf || (k->conn->fallback != MPA_FALLBACK_REASON_SYN_DROPPED &&
                k->conn->fallback != MPA_FALLBACK_REASON_SYNACK_PLAIN &&
                k->conn->fallback != MPA_FALLBACK_REASON_ACK_PLAIN))
        return MPA_VERDICT_NOT_APPLICABLE;
    for (int dir = 0; cap->rare && dir < 2; dir++) {
        const struct check_late *late = &cap->rare->late[dir];
        int i = too_late(late, k->conn->fallback_ns + check_rtt(k->conn, SECOND));

        if (i >= 0 && (!worst || late->ns[i] < worst->ns[which])) {
            worst = late;
            which = i;
        }
    }
    if (!worst) {
        if (check_one_way(sf, MPA_TO_SERVER) || check_one_way(sf, MPA_TO_CLIENT))
            return MPA_VERDICT_NV_DIR;
        return cap->flags & CAP_CUT ? MPA_VERDICT_NV_SNAP : MPA_VERDICT_PASSED;
    }
    if (sf->flags & MPA_SF_SPLIT)
        return MPA_VERDICT_NV_SYN; /* The client may have followed the other SYN/ACK. */
    if (!(cap->flags & CAP_PLAIN_SURE))
        return MPA_VERDICT_NV_LOSS;
    check_frame(f, worst->frame[which]);
    check_frame(f, k->conn->fallback_frame);
    f->ns = worst->ns[which];
    check_text(f, "option", mpa_subtype_name(worst->subtype[which]));
    check_duration(f, "after", f->ns - k->conn->fallback_ns);
    return check_broken(f, k->conn->fallback == MPA_FALLBACK_REASON_ACK_PLAIN
                               ? "MPTCP options follow a third ACK without MP_CAPABLE"
                               : "MPTCP options follow a SYN/ACK without MP_CAPABLE");
}

/* ---- MPC-08, MPC-09: what had come back -------------------------------------------------- */

/* From the capture to the host that sends 'dir' and back, by the handshake; -1 unknown. */
static int64_t loop_of(const struct mpa_subflow *sf, enum mpa_dir dir)
{
    if (sf->synack_ns == 0)
        return -1;
    if (dir == MPA_TO_SERVER)
        return sf->established_ns ? sf->established_ns - sf->synack_ns : -1;
    return sf->syn_ns ? sf->synack_ns - sf->syn_ns : -1;
}

static bool is_earlier(int64_t ns, int64_t than)
{
    return ns && ns < than;
}

/* Whether what passed the capture at 'proof_ns' had reached the sender of 'dir' when it sent what passed at 'ns'. */
static enum mpa_verdict had_come(const struct mpa_subflow *sf, enum mpa_dir dir, int64_t proof_ns,
                                 int64_t ns)
{
    int64_t loop = loop_of(sf, dir);

    return loop >= 0 && proof_ns + loop <= ns ? MPA_VERDICT_PASSED : MPA_VERDICT_NV_VANT;
}

#define LOOKED_AT 256 /* Subflows: a connection may have very many. */

/* Signs that the capture lost packets of this connection. */
static bool is_lossy(const struct check_case *k)
{
    int n = 0;

    if (k->cc->capable.flags & CAP_ECHO_UNSEEN)
        return true;
    for (const struct mpa_subflow *sf = k->conn->subflows; sf && n < LOOKED_AT; sf = sf->next, n++)
        if (check_lost(sf, MPA_TO_SERVER) || check_lost(sf, MPA_TO_CLIENT))
            return true;
    return false;
}

/* MPC-08.  Where nothing had passed the capture, nothing had reached the client, whatever the vantage point. */
enum mpa_verdict check_mpc_08(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct check_capable_conn *cap = &k->cc->capable;
    const struct mpa_subflow *sf = mpa_conn_initial(k->conn);
    int64_t proof = cap->dss_ns[MPA_TO_CLIENT], other = cap->proof_ns[MPA_TO_CLIENT];

    if (!sf || cap->data_ns == 0 || (cap->flags & CAP_SYN_DATA))
        return MPA_VERDICT_NOT_APPLICABLE;
    if (cap->flags & CAP_DATA_CAPABLE)
        return MPA_VERDICT_PASSED;
    if (cap->flags & CAP_DATA_LATE)
        return sf->syn_ns ? MPA_VERDICT_NV_LOSS : MPA_VERDICT_NV_SYN;
    if (!cap->rare || cap->rare->data_frame.frame == 0)
        return cap->flags & CAP_CUT ? MPA_VERDICT_NV_SNAP : MPA_VERDICT_NOT_APPLICABLE;
    if (proof == 0 || is_earlier(other, proof))
        proof = other;
    if (is_earlier(proof, cap->data_ns))
        return had_come(sf, MPA_TO_SERVER, proof, cap->data_ns);
    if (check_one_way(sf, MPA_TO_CLIENT))
        return MPA_VERDICT_NV_DIR;
    if (cap->flags & CAP_CUT)
        return MPA_VERDICT_NV_SNAP;
    /* It may answer an ADD_ADDR that was not captured. */
    if (is_lossy(k) || !(cap->flags & CAP_SYNACK) ||
        is_earlier(cap->proof_ns[MPA_TO_SERVER], cap->data_ns))
        return MPA_VERDICT_NV_LOSS;
    /* Half a round trip after the third ACK a DSS may have come, and been lost. */
    if (sf->established_ns == 0 || cap->data_ns - sf->established_ns > mpa_conn_rtt0(k->conn) / 2)
        return MPA_VERDICT_NV_LOSS;
    check_frame(f, cap->rare->data_frame);
    f->subflow = sf->id;
    f->ns = cap->data_ns;
    return check_broken(f, "The first data carries no MP_CAPABLE, although neither a DSS nor an "
                           "ADD_ADDR had come from the server");
}

/* Whether the joiner must have heard something that the capture does not hold: it echoed an ADD_ADDR, or knows another address and took
   its time.  Half a round trip after the third ACK nothing can have come back. */
static bool is_told(const struct check_case *k, const struct mpa_subflow *initial)
{
    int64_t rtt = mpa_conn_rtt0(k->conn);

    if (is_earlier(k->cc->capable.proof_ns[check_opener(k->sf)], k->sf->syn_ns))
        return true;
    /* Data was sent long enough before for its acknowledgement to have come, and been lost. */
    if (check_opener(k->sf) == MPA_TO_SERVER && k->cc->capable.data_ns && rtt > 0 &&
        k->sf->syn_ns - k->cc->capable.data_ns > rtt / 2)
        return true;
    return mpa_subflow_is_direct(k->sf) &&
           (initial->established_ns == 0 || k->sf->syn_ns > initial->established_ns + rtt / 2);
}

/* MPC-09.  The standard asks for a DSS; upstream Linux takes an ADD_ADDR as well. */
enum mpa_verdict check_mpc_09(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct check_capable_conn *cap = &k->cc->capable;
    const struct mpa_subflow *initial = mpa_conn_initial(k->conn);
    enum mpa_dir joiner = check_opener(k->sf), peer = check_other(joiner);
    int64_t syn = k->sf->syn_ns;

    if (k->sf->role != MPA_ROLE_JOIN)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (!initial || (initial->flags & MPA_SF_MIDSTREAM) || syn == 0)
        return MPA_VERDICT_NV_SYN;
    if (is_earlier(cap->dss_ns[peer], syn))
        return had_come(initial, joiner, cap->dss_ns[peer], syn);
    check_frame(f, k->cs->capable.frame);
    f->ns = syn;
    if (is_earlier(cap->proof_ns[peer], syn)) {
        enum mpa_verdict had = had_come(initial, joiner, cap->proof_ns[peer], syn);

        return had != MPA_VERDICT_PASSED ? had
                                         : check_noted(f, "The join follows an ADD_ADDR, but no "
                                                          "DSS had come on the initial subflow");
    }
    if (check_one_way(initial, peer))
        return MPA_VERDICT_NV_DIR;
    if (cap->flags & CAP_CUT)
        return MPA_VERDICT_NV_SNAP;
    if (is_lossy(k) || is_told(k, initial))
        return MPA_VERDICT_NV_LOSS;
    return check_broken(f, "The join begins before a DSS or ADD_ADDR of the other side was seen");
}

/* ---- MPC-10 ------------------------------------------------------------------------------ */

#define SAME_TOKEN_MAX 64 /* Connections with one token that are compared. */

static int64_t live_until(const struct mpa_conn *c)
{
    return c->closed_ns ? c->closed_ns : c->last_ns;
}

static bool were_live_together(const struct mpa_conn *a, const struct mpa_conn *b)
{
    return a->first_ns < live_until(b) && b->first_ns < live_until(a);
}

static bool same_key(const struct mpa_conn *a, const struct mpa_conn *b, enum mpa_dir owner)
{
    return (a->data[owner].flags & b->data[owner].flags & MPA_DATA_KEY) &&
           memcmp(a->data[owner].key, b->data[owner].key, MPA_KEY_SIZE) == 0;
}

/* What is to say of two live connections with one token of 'owner'.  Connections whose other keys are not known to differ may be views
   of one (NAT), and so may those with one initial sequence number of the client.
   A host that sends in direction 'owner' has the address to which the other direction goes. */
static enum mpa_verdict compare(const struct mpa_conn *a, const struct mpa_conn *b,
                                enum mpa_dir owner)
{
    const struct mpa_subflow *x = mpa_conn_initial(a), *y = mpa_conn_initial(b);
    enum mpa_dir peer = check_other(owner);
    unsigned isn;

    if (!x || !y || !were_live_together(a, b) ||
        !mpa_addr_eq(&x->flow.addr[peer], &y->flow.addr[peer]))
        return MPA_VERDICT_NOT_APPLICABLE;
    isn = x->half[MPA_TO_SERVER].flags & y->half[MPA_TO_SERVER].flags & MPA_HALF_ISN;
    if (isn && x->half[MPA_TO_SERVER].isn == y->half[MPA_TO_SERVER].isn)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (!same_key(a, b, owner))
        return a->data[owner].flags & b->data[owner].flags & MPA_DATA_KEY
                   ? MPA_VERDICT_NOTED
                   : MPA_VERDICT_NOT_APPLICABLE;
    if (!isn || !x->established_ns || !y->established_ns || same_key(a, b, peer) ||
        !(a->data[peer].flags & b->data[peer].flags & MPA_DATA_KEY))
        return MPA_VERDICT_NV_VANT;
    return MPA_VERDICT_BROKEN;
}

static enum mpa_verdict tell_same(const struct check_case *k, const struct mpa_conn *other,
                                  enum mpa_dir owner, enum mpa_verdict verdict,
                                  struct mpa_rec_finding *f)
{
    const struct check_capable_conn *a = &k->cc->capable, *b = &check_conn_of(other)->capable;
    const struct check_capable_conn *later = b->key_ns[owner] > a->key_ns[owner] ? b : a;

    check_frame(f, later->key_frame[owner]);
    check_frame(f, later == a ? b->key_frame[owner] : a->key_frame[owner]);
    f->ns = later->key_ns[owner];
    check_text(f, "host", owner == MPA_TO_CLIENT ? "server" : "client");
    check_hex32(f, "token", k->conn->data[owner].token);
    check_number(f, "other_connection", other->id);
    if (verdict == MPA_VERDICT_BROKEN)
        return check_broken(f, "Two live connections of one address have the same key");
    return check_noted(f, "Two live connections of one address have the same token with different "
                          "keys; joins must be told apart by their HMAC");
}

/* MPC-10.  A pair is found when the first of both leaves memory.  Equal tokens of one address may be those of two servers behind it. */
enum mpa_verdict check_mpc_10(const struct check_case *k, struct mpa_rec_finding *f)
{
    enum mpa_verdict worst = MPA_VERDICT_NOT_APPLICABLE;

    if (!check_has_keys(k->conn))
        return MPA_VERDICT_NOT_APPLICABLE;
    for (int owner = 0; owner < 2; owner++) {
        const struct mpa_conn *other = NULL;

        for (int i = 0; i < SAME_TOKEN_MAX; i++) {
            enum mpa_verdict v;

            other = mpa_tracker_by_token(k->check->tracker, k->conn->data[owner].token,
                                         (enum mpa_dir)owner, other);
            if (!other)
                break;
            v = other == k->conn ? MPA_VERDICT_NOT_APPLICABLE
                                 : compare(k->conn, other, (enum mpa_dir)owner);
            if (v == MPA_VERDICT_BROKEN || v == MPA_VERDICT_NOTED)
                return tell_same(k, other, (enum mpa_dir)owner, v, f);
            if (v != MPA_VERDICT_NOT_APPLICABLE)
                worst = v;
        }
    }
    return worst == MPA_VERDICT_NOT_APPLICABLE ? MPA_VERDICT_PASSED : worst;
}

/* ---- MPC-11 ------------------------------------------------------------------------------ */

/* MPC-11 */
enum mpa_verdict check_mpc_11(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct check_capable_conn *cap = &k->cc->capable;
    const struct mpa_subflow *sf = mpa_conn_initial(k->conn);

    if (!sf || cap->syns < 2)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (cap->flags & CAP_SYN_PLAIN)
        return MPA_VERDICT_PASSED;
    if (sf->half[MPA_TO_CLIENT].packets || sf->established_ns)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (cap->flags & CAP_SYN_CUT)
        return MPA_VERDICT_NV_SNAP;
    if (!cap->rare || cap->rare->syn_frame.frame == 0)
        return MPA_VERDICT_NV_END;
    check_frame(f, cap->rare->syn_frame);
    f->ns = cap->rare->syn_ns;
    f->subflow = sf->id;
    check_number(f, "syns", sf->syn_retransmissions + 1);
    return check_broken(f, "Six SYNs with MP_CAPABLE were not answered and no plain one followed; "
                           "Linux sends a plain one after two repetitions, and may then do without "
                           "MPTCP for an hour");
}
