/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules JN: joins; see tbl/rules.h and the protocol reference. */
#include "joined.h"

#define ANSWER (3 * SECOND) /* Within that an answer, or a repetition, is to come. */

/* The capture lacks packets of the connection: a single one more may have been missed as well. */
static bool has_holes(const struct mpa_conn *conn)
{
    int n = 0;

    for (const struct mpa_subflow *o = conn->subflows; o && n < EARLIER_MAX; o = o->next, n++)
        if (check_lost(o, MPA_TO_CLIENT) || check_lost(o, MPA_TO_SERVER))
            return true;
    return false;
}

/* ---- The token ----------------------------------------------------------------------- */

/* JN-01.  An unknown token may be that of a connection which the capture does not hold, even where it holds others of that server.  That
   it is not is shown only by a SYN/ACK whose HMAC is made with the keys of another connection. */
enum mpa_verdict check_jn_01(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct check_join *j = joined(k->sf);
    enum mpa_dir listener = check_listener(k->sf);

    if (!j)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (!(k->conn->flags & MPA_CONN_JOINS_ONLY))
        return k->conn->data[listener].flags & MPA_DATA_KEY ? MPA_VERDICT_PASSED
                                                            : MPA_VERDICT_NV_SYN;
    if (j->flags & CHECK_JOIN_FOREIGN) {
        check_frame(f, j->synack.at);
        check_frame(f, j->syn.at);
        check_hex32(f, "token", k->sf->join_token);
        check_hex32(f, "token of the accepting connection", j->accepted_token);
        return check_broken(f, "A join is accepted into a connection whose token it does not have");
    }
    if (check_packet_seen(&j->synack))
        return MPA_VERDICT_NV_SYN;
    return check_packet_seen(&j->rst[listener]) ? MPA_VERDICT_PASSED : MPA_VERDICT_NV_DIR;
}

/* ---- HMACs --------------------------------------------------------------------------- */

static enum mpa_verdict hmac_is_right(const struct check_case *k, struct mpa_rec_finding *f,
                                      int which, const char *text)
{
    const struct check_join *j = check_subflow_of(k->sf)->join.join;
    enum mpa_word last = (enum mpa_word)(which ? k->sf->join_ack_hmac : k->sf->join_synack_hmac);
    const struct check_packet *bad;

    if (!j || last == MPA_HMAC_NONE)
        return MPA_VERDICT_NOT_APPLICABLE;
    bad = which ? &j->bad_ack : &j->bad_synack;
    if (!check_packet_seen(bad))
        return last == MPA_HMAC_OK ? MPA_VERDICT_PASSED : MPA_VERDICT_NV_SYN;
    if (k->conn->dialect == MPA_DIALECT_MIXED)
        return MPA_VERDICT_NV_DIAL;
    /* Two SYN/ACKs, two random numbers: which of them the third ACK answers is not known here. */
    if (which && (k->sf->flags & MPA_SF_SPLIT))
        return MPA_VERDICT_NV_SYN;
    check_frame(f, bad->at);
    f->ns = bad->ns;
    check_hex64(f, "HMAC", j->bad_hmac[which]);
    check_hex64(f, "expected", j->want_hmac[which]);
    return check_broken(f, text);
}

/* JN-02 */
enum mpa_verdict check_jn_02(const struct check_case *k, struct mpa_rec_finding *f)
{
    return hmac_is_right(k, f, 0, "The HMAC of a join's SYN/ACK is wrong");
}

/* JN-03 */
enum mpa_verdict check_jn_03(const struct check_case *k, struct mpa_rec_finding *f)
{
    return hmac_is_right(k, f, 1, "The HMAC of a join's third ACK is wrong");
}

/* JN-04.  Silence may mean that the SYN/ACK never arrived; so only a joiner that goes on breaks the rule. */
enum mpa_verdict check_jn_04(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct mpa_subflow *sf = k->sf;
    const struct check_join *j = joined(sf);

    if (!j || !check_packet_seen(&j->synack) || sf->join_synack_hmac == MPA_HMAC_OK ||
        sf->join_synack_hmac == MPA_HMAC_UNVERIFIABLE)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (sf->join_synack_hmac != MPA_HMAC_BAD && !(j->flags & CHECK_JOIN_BARE_SYNACK))
        return MPA_VERDICT_NV_SNAP;
    if (sf->flags & MPA_SF_SPLIT)
        return MPA_VERDICT_NV_VANT;
    if (check_packet_seen(&j->goes_on)) {
        check_frame(f, j->goes_on.at);
        check_frame(f, j->synack.at);
        f->ns = j->goes_on.ns;
        check_duration(f, "after the SYN/ACK", j->goes_on.ns - j->synack.ns);
        return check_broken(f, sf->join_synack_hmac == MPA_HMAC_BAD
                                   ? "The joiner goes on after a SYN/ACK with a wrong HMAC"
                                   : "The joiner goes on after a SYN/ACK without MP_JOIN");
    }
    if (check_packet_seen(&j->rst[check_opener(sf)]))
        return MPA_VERDICT_PASSED;
    return check_ended(k, j->synack.ns, SECOND) ? MPA_VERDICT_NV_END : MPA_VERDICT_NV_LOSS;
}

/* JN-05.  As JN-04; the third ACK may have been lost behind the capture. */
enum mpa_verdict check_jn_05(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct mpa_subflow *sf = k->sf;
    const struct check_join *j = joined(sf);
    bool wrong = sf->join_ack_hmac == MPA_HMAC_BAD;

    if (!j || !check_packet_seen(&j->ack) ||
        (!wrong && (sf->join_ack_hmac != MPA_HMAC_NONE || !(j->flags & CHECK_JOIN_BARE_ACK))))
        return MPA_VERDICT_NOT_APPLICABLE;
    if (sf->flags & MPA_SF_SPLIT)
        return MPA_VERDICT_NV_VANT;
    if (check_packet_seen(&j->accepted)) {
        check_frame(f, j->accepted.at);
        check_frame(f, j->ack.at);
        f->ns = j->accepted.ns;
        return check_broken(f, wrong ? "The listener goes on after a third ACK with a wrong HMAC"
                                     : "The listener goes on after a third ACK without MP_JOIN");
    }
    if (check_packet_seen(&j->rst[check_listener(sf)]))
        return MPA_VERDICT_PASSED;
    return check_ended(k, j->ack.ns, SECOND) ? MPA_VERDICT_NV_END : MPA_VERDICT_NV_LOSS;
}

/* ---- Answers ------------------------------------------------------------------------- */

static enum mpa_verdict unanswered(const struct check_case *k, const struct check_join *j,
                                   struct mpa_rec_finding *f)
{
    /* More than SYNs: the answer is missing in the capture only. */
    if (k->sf->half[check_listener(k->sf)].packets ||
        k->sf->half[check_opener(k->sf)].packets > k->sf->syn_retransmissions + 1u)
        return MPA_VERDICT_NV_LOSS;
    if (!answer_visible(k->sf))
        return MPA_VERDICT_NV_DIR;
    if (check_ended(k, j->syn.ns, ANSWER))
        return MPA_VERDICT_NV_END;
    check_frame(f, j->syn.at);
    check_number(f, "SYNs", k->sf->syn_retransmissions + 1);
    return check_noted(f, "A join is not answered");
}

#define LATER_MAX 256 /* Subflows that are looked at behind one. */

/* The joined port accepts a later subflow.  That the initial one leads there does not say so: the listener may have been closed since,
   and the port of a client never listened. */
static bool accepts_later(const struct mpa_subflow *sf, int64_t ns)
{
    int n = 0;

    for (const struct mpa_subflow *s = sf->next; s && n < LATER_MAX; s = s->next, n++)
        if (s->synack_ns > ns && joined_port(s) == joined_port(sf) &&
            mpa_addr_eq(joined_addr(s), joined_addr(sf)))
            return true;
    return false;
}

/* JN-06.  A RST without a reason comes from a closed port as well: only where the port is known to be open is the reason missing. */
enum mpa_verdict check_jn_06(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct mpa_subflow *sf = k->sf;
    const struct check_join *j = joined(sf);
    const struct check_packet *rst;

    if (!j)
        return MPA_VERDICT_NOT_APPLICABLE;
    rst = &j->rst[check_listener(sf)];
    if (!check_packet_seen(rst))
        return check_packet_seen(&j->synack) ? MPA_VERDICT_NOT_APPLICABLE : unanswered(k, j, f);
    if (j->flags & CHECK_JOIN_REASON)
        return sf->usable_ns && sf->usable_ns < rst->ns ? MPA_VERDICT_NOT_APPLICABLE
                                                        : MPA_VERDICT_PASSED;
    if (check_packet_seen(&j->synack))
        return MPA_VERDICT_NOT_APPLICABLE;
    if (!(MPA_IN_V1 & 1u << k->conn->dialect))
        return MPA_VERDICT_PASSED;
    if (j->flags & CHECK_JOIN_RST_CUT)
        return MPA_VERDICT_NV_SNAP;
    check_frame(f, rst->at);
    check_frame(f, j->syn.at);
    f->ns = rst->ns;
    if (!accepts_later(sf, rst->ns))
        return check_noted(f, "A join is refused without a reason, as by a closed port");
    return check_broken(f, "A join is refused without MP_TCPRST by a port that speaks MPTCP");
}

/* So soon after the third ACK the joiner cannot have the fourth yet: it takes a round trip.  Half of one is not enough, for that of the
   handshake may have been a long one; and of short ones nothing is said. */
static bool sooner_than_answer(const struct mpa_subflow *sf, const struct check_join *j)
{
    int64_t rtt = check_rtt(sf->conn, 0), own = j->synack.ns - j->syn.ns;

    if (rtt > own)
        rtt = own;
    return beside_opener(sf) && rtt >= 2 * MILLI && j->ack.ns - j->synack.ns < rtt / 8 &&
           j->early.ns - j->ack.ns < rtt / 8;
}

/* The listener's next packet is the answer to the third ACK, and not one that was under way when the data came. */
static bool is_fourth_ack(const struct mpa_subflow *sf, const struct check_join *j)
{
    return check_packet_seen(&j->answer) && !(j->flags & CHECK_JOIN_CROSSING) &&
           j->answer_ack == sf->half[check_opener(sf)].isn + 1 &&
           j->answer.ns - j->ack.ns <= 2 * (j->synack.ns - j->syn.ns) + 10 * MILLI;
}

/* JN-07.  Not only beside the joiner: where the data passes before the fourth ACK does, it was sent before that arrived, wherever the
   capture stands.  The fourth ACK must be there, though, and be that of the third: one that covers the data may be a later packet, and the
   fourth ACK missing in the capture; but for data beside the joiner that no fourth ACK can have preceded.  When the data passes later, but sooner than an answer can come, the joiner alone knows. */
enum mpa_verdict check_jn_07(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct mpa_subflow *sf = k->sf;
    const struct check_join *j = joined(sf);

    if (!j || !check_packet_seen(&j->ack))
        return MPA_VERDICT_NOT_APPLICABLE;
    if (check_packet_seen(&j->early)) {
        if ((j->flags & CHECK_JOIN_LATE) || sf->join_ack_hmac == MPA_HMAC_NONE ||
            has_holes(k->conn) || (!is_fourth_ack(sf, j) && !sooner_than_answer(sf, j)))
            return MPA_VERDICT_NV_LOSS;
        check_frame(f, j->early.at);
        check_frame(f, j->ack.at);
        f->ns = j->early.ns;
        check_duration(f, "after the third ACK", j->early.ns - j->ack.ns);
        return check_broken(f, "The joiner sends data before its third ACK is acknowledged");
    }
    if (!j->payload_ns || !sf->usable_ns)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (j->payload_ns - sf->usable_ns < (j->ack.ns - j->synack.ns) / 2)
        return MPA_VERDICT_NV_VANT;
    return MPA_VERDICT_PASSED;
}

/* JN-08.  Where the listener says something later, one lost packet would explain it all: then only its repeated SYN/ACK shows that the
   third ACK had to be repeated. */
enum mpa_verdict check_jn_08(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct mpa_subflow *sf = k->sf;
    const struct check_join *j = joined(sf);
    int64_t answered;

    if (!j || sf->join_ack_hmac == MPA_HMAC_NONE || !check_packet_seen(&j->ack))
        return MPA_VERDICT_NOT_APPLICABLE;
    answered = check_packet_seen(&j->answer) ? j->answer.ns : INT64_MAX;
    if (answered - j->ack.ns <= ANSWER || (j->repeated_ns && j->repeated_ns < answered))
        return MPA_VERDICT_PASSED;
    if (check_packet_seen(&j->rst[0]) || check_packet_seen(&j->rst[1]))
        return MPA_VERDICT_NOT_APPLICABLE;
    if (check_ended(k, j->ack.ns, ANSWER) || (j->fin_ns && j->fin_ns < j->ack.ns + ANSWER))
        return MPA_VERDICT_NV_END;
    if (!beside_opener(sf) && check_beside_sender(k->conn, check_listener(sf)) != 1)
        return MPA_VERDICT_NV_VANT;
    if (has_holes(k->conn) || (answered != INT64_MAX && !(j->flags & CHECK_JOIN_ASKED)))
        return MPA_VERDICT_NV_LOSS;
    check_frame(f, j->ack.at);
    f->ns = j->ack.ns;
    check_duration(f, "until the fourth ACK", answered == INT64_MAX ? -1 : answered - j->ack.ns);
    return check_broken(f, "A join's third ACK is neither acknowledged nor repeated");
}

/* ---- Address IDs --------------------------------------------------------------------- */

/* Whether 'from' removed address ID 'id' between the two times: 1, 0, or -1 where not all are known. */
static int was_removed(const struct mpa_conn *conn, enum mpa_dir from, uint8_t id, int64_t begin,
                       int64_t end)
{
    const struct check_removals *r = check_conn_of(conn)->join.removals;

    for (int i = 0; r && i < r->count && i < CHECK_REMOVALS; i++)
        if (r->at[i].from == from && r->at[i].id == id && r->at[i].ns >= begin &&
            r->at[i].ns <= end)
            return 1;
    return r && r->count > CHECK_REMOVALS ? -1 : 0;
}

/* The address from which the opener of 'sf' sends. */
static const struct mpa_addr *opener_addr(const struct mpa_subflow *sf)
{
    return &sf->flow.addr[check_listener(sf)];
}

/* An earlier subflow on which the opener of 'sf' used the same ID for another address. */
static const struct mpa_subflow *other_address(const struct mpa_subflow *sf, uint8_t id)
{
    enum mpa_dir me = check_opener(sf);
    const struct mpa_addr *addr = opener_addr(sf);
    int n = 0;

    for (const struct mpa_subflow *o = sf->conn->subflows; o != sf && n < EARLIER_MAX;
         o = o->next, n++) {
        bool known = o->role == MPA_ROLE_INITIAL || (joined(o) && check_opener(o) == me);

        if (known && o->half[me].address_id == id &&
            !mpa_addr_eq(&o->flow.addr[check_other(me)], addr))
            return o;
    }
    return NULL;
}

/* JN-09.  Of the SYNs of joins: what the listener calls its address is JN-10's.  Behind a NAT one address may become two, or two one:
   only what stands beside the joiner sees its addresses. */
enum mpa_verdict check_jn_09(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct mpa_subflow *sf = k->sf, *first = mpa_conn_initial(k->conn), *o;
    const struct check_join *j = joined(sf);
    enum mpa_dir me = check_opener(sf);
    uint8_t id = sf->half[me].address_id;
    const struct mpa_addr *addr = opener_addr(sf);

    if (!j)
        return MPA_VERDICT_NOT_APPLICABLE;
    o = other_address(sf, id);
    if (o) {
        const struct mpa_addr *before = &o->flow.addr[check_other(me)];

        switch (was_removed(k->conn, me, id, o->first_ns, sf->first_ns)) {
        case 1:
            return MPA_VERDICT_PASSED;
        case -1:
            return MPA_VERDICT_NV_LOSS;
        default:
            break;
        }
        if (!beside_opener(sf))
            return MPA_VERDICT_NV_VANT;
        check_frame(f, j->syn.at);
        if (joined(o))
            check_frame(f, joined(o)->syn.at);
        check_number(f, "address ID", id);
        check_addr(f, "address", addr);
        check_addr(f, "address before", before);
        return check_broken(f, "A join's address ID meant another address before");
    }
    if (id && first && mpa_addr_eq(addr, &first->flow.addr[check_other(me)]) && beside_opener(sf)) {
        check_frame(f, j->syn.at);
        check_number(f, "address ID", id);
        check_addr(f, "address", addr);
        return check_noted(f, "The initial address has a second address ID beside 0");
    }
    return MPA_VERDICT_PASSED;
}

/* A pure ACK with an ADD_ADDR or REMOVE_ADDR of the listener may be missing. */
static bool may_lack_advert(const struct mpa_subflow *sf)
{
    enum mpa_dir from = check_listener(sf);
    int n = 0;

    for (const struct mpa_subflow *o = sf->conn->subflows; o != sf && n < EARLIER_MAX;
         o = o->next, n++)
        if ((o->flags & MPA_SF_MIDSTREAM) || !address_traced(o, from) || address_gaps(o, from))
            return true;
    return has_holes(sf->conn);
}

/* JN-10.  ID 0 says "my initial address".  That is what a host behind a balancer that translates addresses takes its own for, and what
   the ICNP-2017 kernel always says: noted, not wrong. */
enum mpa_verdict check_jn_10(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct mpa_subflow *sf = k->sf;
    const struct check_join *j = joined(sf);
    const struct mpa_advert *advert = NULL;
    uint8_t id = sf->half[check_listener(sf)].address_id;

    if (!j || !(sf->flags & MPA_SF_JOIN_HMAC))
        return MPA_VERDICT_NOT_APPLICABLE;
    for (const struct mpa_advert *a = k->conn->adverts; a; a = a->next) {
        if (!a->transmissions || a->from != check_listener(sf) || a->first_ns > j->synack.ns ||
            !mpa_addr_eq(&a->addr, joined_addr(sf)))
            continue;
        if (a->id == id) /* At whatever port: an ID names an address. */
            return MPA_VERDICT_PASSED;
        if (advertises(a, sf))
            advert = a;
    }
    if (!advert)
        return joins_initial(sf, true) ? MPA_VERDICT_NOT_APPLICABLE : MPA_VERDICT_NV_LOSS;
    if (may_lack_advert(sf))
        return MPA_VERDICT_NV_LOSS;
    check_frame(f, j->synack.at);
    check_frame(f, advert->first_frame);
    f->ns = j->synack.ns;
    check_number(f, "address ID", id);
    check_number(f, "advertised", advert->id);
    if (id == 0)
        return check_noted(f, "The SYN/ACK of a join calls an advertised address the initial one");
    return check_broken(f, "The SYN/ACK of a join has another address ID than the ADD_ADDR");
}

/* ---- What may be joined --------------------------------------------------------------- */

/* 'a' advertises what 'sf' joins; without a port it means that of the subflow which carried it. */
static bool advert_fits(const struct mpa_advert *a, const struct mpa_subflow *sf)
{
    enum mpa_dir to = check_opener(sf);
    int n = 0;

    if (!advertises(a, sf))
        return false;
    if (a->port)
        return true;
    for (const struct mpa_subflow *o = sf->conn->subflows; o != sf && n < EARLIER_MAX;
         o = o->next, n++)
        if (o->flow.port[to] == joined_port(sf))
            return true;
    return false;
}

/* An echo before the first copy, or an ID that no captured ADD_ADDR has, shows an ADD_ADDR that the capture does not hold. */
static bool unseen_advert(const struct mpa_subflow *sf)
{
    enum mpa_dir from = check_listener(sf);
    bool known = sf->half[from].address_id == 0 || !(sf->flags & MPA_SF_JOIN_HMAC);

    for (const struct mpa_advert *a = sf->conn->adverts; a; a = a->next) {
        if (a->from == from && (!a->transmissions || (a->echoes && a->echo_ns <= a->first_ns)) &&
            mpa_addr_eq(&a->addr, joined_addr(sf)))
            return true;
        known |= a->from == from && a->transmissions && a->id == sf->half[from].address_id;
    }
    return !known;
}

/* Every packet that may have carried an ADD_ADDR to the opener was captured, as far as one can tell. */
static enum mpa_verdict adverts_missing(const struct mpa_subflow *sf)
{
    const struct mpa_conn *conn = sf->conn;
    int adverts = 0, n = 0;

    if (check_subflow_missing(conn))
        return MPA_VERDICT_NV_SUB;
    for (const struct mpa_subflow *o = conn->subflows; o && n < EARLIER_MAX; o = o->next, n++)
        if (o->flags & MPA_SF_MIDSTREAM)
            return MPA_VERDICT_NV_LOSS;
    for (const struct mpa_advert *a = conn->adverts; a; a = a->next)
        adverts++;
    if (adverts >= 64 || unseen_advert(sf) || has_holes(conn)) /* The tracker keeps 64. */
        return MPA_VERDICT_NV_LOSS;
    return beside_opener(sf) ? MPA_VERDICT_PASSED : MPA_VERDICT_NV_VANT;
}

/* JN-11 */
enum mpa_verdict check_jn_11(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct mpa_subflow *sf = k->sf, *first = mpa_conn_initial(k->conn);
    const struct check_join *j = joined(sf);
    enum mpa_dir to = check_opener(sf);
    enum mpa_verdict verdict;

    if (!j)
        return MPA_VERDICT_NOT_APPLICABLE;
    for (const struct mpa_flow *v = first ? &first->flow : NULL; v; v = v->next_view)
        if (mpa_addr_eq(&v->addr[to], joined_addr(sf)) && v->port[to] == joined_port(sf))
            return MPA_VERDICT_PASSED;
    verdict = adverts_missing(sf);
    for (const struct mpa_advert *a = k->conn->adverts; a; a = a->next)
        if (advert_fits(a, sf) && a->first_ns <= j->syn.ns)
            return MPA_VERDICT_PASSED;
    if (verdict != MPA_VERDICT_PASSED)
        return verdict;
    check_frame(f, j->syn.at);
    check_addr(f, "joined", joined_addr(sf));
    check_number(f, "port", joined_port(sf));
    return check_broken(f, "A join goes to an address and port that nobody advertised");
}

/* JN-12.  The same SYN with another address is a translated copy that came too late to be known as one. */
enum mpa_verdict check_jn_12(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct mpa_subflow *sf = k->sf;
    const struct check_join *j = joined(sf);
    enum mpa_dir me = check_opener(sf);
    const struct mpa_half *h = &sf->half[me];
    int n = 0;

    if (!j || !(h->flags & MPA_HALF_NONCE))
        return MPA_VERDICT_NOT_APPLICABLE;
    for (const struct mpa_subflow *o = k->conn->subflows; o != sf && n < EARLIER_MAX;
         o = o->next, n++) {
        const struct mpa_half *before = &o->half[me];

        if (!joined(o) || check_opener(o) != me || before->nonce != h->nonce ||
            o->join_token != sf->join_token)
            continue;
        if (before->isn == h->isn ||
            (o->flow.port[check_other(me)] == sf->flow.port[check_other(me)] &&
             j->syn.ns - joined(o)->syn.ns < ANSWER))
            return MPA_VERDICT_NV_VANT;
        check_frame(f, j->syn.at);
        check_frame(f, joined(o)->syn.at);
        check_hex32(f, "token", sf->join_token);
        check_hex32(f, "random number", h->nonce);
        return check_broken(f, "Token and random number of an earlier join are used again");
    }
    return MPA_VERDICT_PASSED;
}

/* ---- Too late ------------------------------------------------------------------------ */

static enum mpa_verdict too_late(struct mpa_rec_finding *f, const struct mpa_conn *conn,
                                 const struct check_join *j, struct mpa_frame_ref end,
                                 int64_t end_ns, const char *text)
{
    if (has_holes(conn))
        return MPA_VERDICT_NV_LOSS;
    check_frame(f, j->syn.at);
    check_frame(f, end);
    check_duration(f, "since", j->syn.ns - end_ns);
    return check_broken(f, text);
}

/* JN-13.  A fallback that only one side can have noticed proves nothing where the other side's joins are seen. */
enum mpa_verdict check_jn_13(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct mpa_conn *conn = k->conn;
    const struct check_join_conn *cj = &k->cc->join;
    const struct check_join *j = joined(k->sf);
    int64_t slack, peer_fin;

    if (!j)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (conn->flags & MPA_CONN_JOINS_ONLY)
        return MPA_VERDICT_NV_SUB;
    slack = 4 * check_rtt(conn, SECOND); /* It may have grown since the handshake. */
    if (slack < SECOND)
        slack = SECOND;
    if (check_packet_seen(&cj->finished) && j->syn.ns > cj->finished.ns + slack)
        return too_late(f, conn, j, cj->finished.at, cj->finished.ns,
                        "A join comes after both DATA_FINs were acknowledged");
    if (check_packet_seen(&cj->infinite) && j->syn.ns > cj->infinite.ns + slack)
        return too_late(f, conn, j, cj->infinite.at, cj->infinite.ns,
                        "A join comes after an infinite mapping");
    if (conn->fallback != MPA_FALLBACK_REASON_NONE && j->syn.ns > conn->fallback_ns + slack)
        return beside_opener(k->sf) ? too_late(f, conn, j, conn->fallback_frame, conn->fallback_ns,
                                               "A join comes after the fallback to TCP")
                                    : MPA_VERDICT_NV_VANT;
    peer_fin = cj->fin_ns[check_listener(k->sf)];
    if (peer_fin && j->syn.ns > peer_fin + (beside_opener(k->sf) ? 0 : slack)) {
        check_frame(f, j->syn.at);
        check_duration(f, "since the DATA_FIN", j->syn.ns - peer_fin);
        return check_noted(f, "A join comes after the peer's DATA_FIN");
    }
    return MPA_VERDICT_PASSED;
}
