/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules LB, CBF-05, CBF-06: see tbl/rules.h and the protocol reference.
 *
 * What a host did not send is only known beside it: an ADD_ADDR or MP_PRIO is on a pure ACK, whose
 * loss in front of the capture leaves no trace.  Hence LB-01, LB-02 and CBF-06 are broken in
 * captures beside the server only, LB-03 beside the client.
 */
#include "internal.h"

#define ADVERT_NS    (10 * SECOND) /* T of CBF-06. */
#define SHARE_MAX    20    /* One part in so many of the new data may stay on the VIP: 5 %. */
#define SHARE_BYTES  65536 /* So little may in any case: mappings wait in queues (D.4). */
#define IDLE_NS      (60 * SECOND) /* Silence before a RST of class idle. */
#define ANSWER_NS    (3 * SECOND)
#define ANSWER_TRIES 3

/* ---- Common -------------------------------------------------------------------------- */

static const struct check_balance_conn *state(const struct check_case *k)
{
    return &k->cc->balance;
}

/* The initial subflow of a connection whose rules LB are on and whose handshake was captured. */
static const struct mpa_subflow *balanced(const struct check_case *k)
{
    const struct mpa_subflow *first = mpa_conn_initial(k->conn);

    if (!first || first->established_ns == 0 || !balance_active(k->check, k->conn))
        return NULL;
    return first;
}

static bool has_place(const struct check_case *k, enum balance_place_kind kind,
                      const struct mpa_subflow *sf)
{
    const struct check_balance_all *all = &k->check->balance;

    for (int i = 0; i < all->place_count; i++)
        if (all->places[i].kind == kind && all->places[i].port == sf->flow.port[MPA_TO_SERVER] &&
            mpa_addr_eq(&all->places[i].addr, &sf->flow.addr[MPA_TO_SERVER]))
            return true;
    return false;
}

/* An address of the server that is not the one that the client knows, valid or not: a damaged HMAC
   is AA-04's. */
static bool is_unique(const struct mpa_conn *conn, const struct mpa_advert *a)
{
    const struct mpa_subflow *first = mpa_conn_initial(conn);

    return a->from == MPA_TO_CLIENT && a->first_ns && first &&
           !mpa_addr_eq(&a->addr, &first->flow.addr[MPA_TO_SERVER]);
}

/* The server's first advertisement of an address other than the initial one. */
static const struct mpa_advert *first_unique(const struct mpa_conn *conn)
{
    for (const struct mpa_advert *a = conn->adverts; a; a = a->next)
        if (is_unique(conn, a))
            return a;
    return NULL;
}

/* Why the server's failure to say something until 'due_ns' cannot be told from here; PASSED where
   it can. */
static enum mpa_verdict server_silent(const struct check_case *k, int64_t due_ns)
{
    const struct mpa_subflow *first = mpa_conn_initial(k->conn);
    int64_t over_ns = state(k)->over_ns ? state(k)->over_ns : k->end_ns;

    if (check_one_way(first, MPA_TO_CLIENT))
        return MPA_VERDICT_NV_DIR;
    if (over_ns < due_ns)
        return MPA_VERDICT_NV_END;
    if (state(k)->flags & BALANCE_TRUNCATED)
        return MPA_VERDICT_NV_SNAP;
    if (check_beside_sender(k->conn, MPA_TO_CLIENT) != 1)
        return MPA_VERDICT_NV_VANT;
    return balance_has_gaps(k->conn) ? MPA_VERDICT_NV_LOSS : MPA_VERDICT_PASSED;
}

/* ---- The VIP and C ------------------------------------------------------------------- */

/* The reset, with reason 1, of a join to the initial address and port that reached a host without
   the connection, while the one that has it was alive: they are two.  NULL without.  A RST that
   names no reason may be a refusal of any kind. */
static const struct mpa_rec_reset *misrouted_join(const struct check_case *k)
{
    const struct mpa_rec_subflow *first = k->record->subflows;

    for (int i = 1; i < k->record->subflow_count; i++) {
        const struct mpa_rec_subflow *s = &k->record->subflows[i];

        if (s->role == MPA_ROLE_JOIN && !s->opened_by_server && s->has_reset &&
            s->reset.class == MPA_RESET_MISROUTED_JOIN && s->reset.reason == 1 &&
            state(k)->dss_ns > s->reset.ns && s->server.port == first->server.port &&
            mpa_addr_eq(&s->server.addr, &first->server.addr))
            return &s->reset;
    }
    return NULL;
}

/* Why its server address counts as a VIP; NULL where it does not. */
static const char *vip_because(const struct check_case *k, const struct mpa_subflow *first)
{
    if (check_given_vip(k->check, &first->flow.addr[MPA_TO_SERVER]))
        return "it was given";
    if (k->check->config.vip_count == 0 && has_place(k, BALANCE_SEVERAL, first))
        return "several servers answer at it";
    if (k->check->config.vip_count == 0 && misrouted_join(k))
        return "a join to it reached another server";
    return NULL;
}

/*
 * CBF-05.  Beside --vip, an address counts as a VIP where two servers answered one SYN to it, or
 * took turns in advertising unique addresses, before this connection ended, or where a join of this
 * connection to it reached another server.  Redirect resets alone do not make one: a server that was
 * restarted sends them too.
 */
enum mpa_verdict check_cbf_05(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct mpa_subflow *first = mpa_conn_initial(k->conn);
    const struct mpa_data_half *server = &k->conn->data[MPA_TO_CLIENT];
    const char *why = first && first->established_ns ? vip_because(k, first) : NULL;
    const struct mpa_rec_reset *join;

    if (!why)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (!(server->flags & MPA_DATA_CAPABLE))
        return MPA_VERDICT_NV_SYN;
    if (server->capable_flags & MPA_CAPABLE_C)
        return MPA_VERDICT_PASSED;
    join = misrouted_join(k);
    check_frame(f, check_subflow_of(first)->balance.synack);
    if (join)
        check_frame(f, join->frame);
    f->ns = first->synack_ns;
    f->subflow = first->id;
    check_addr(f, "vip", &first->flow.addr[MPA_TO_SERVER]);
    check_text(f, "vip_because", why);
    check_number(f, "flags", server->capable_flags);
    return check_broken(
        f, "The SYN/ACK of a load-balanced address lacks C: joins to it may reach any server");
}

/* CBF-06 */
enum mpa_verdict check_cbf_06(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct mpa_subflow *first = mpa_conn_initial(k->conn);
    const struct mpa_data_half *server = &k->conn->data[MPA_TO_CLIENT];
    int64_t due_ns, over_ns = state(k)->over_ns;
    enum mpa_verdict silent;

    if (!first || first->established_ns == 0 || !(server->flags & MPA_DATA_CAPABLE) ||
        !(server->capable_flags & MPA_CAPABLE_C))
        return MPA_VERDICT_NOT_APPLICABLE;
    for (const struct mpa_advert *a = k->conn->adverts; a; a = a->next)
        if (a->from == MPA_TO_CLIENT)
            return MPA_VERDICT_PASSED;
    if (k->conn->flags & MPA_CONN_DIRECT)
        return MPA_VERDICT_PASSED; /* The client knew an address from elsewhere. */
    /* "10 s or the end", but no sooner than any server could. */
    due_ns = first->established_ns + ADVERT_NS;
    if (over_ns && over_ns < due_ns && over_ns >= first->established_ns + balance_time(k->conn))
        due_ns = over_ns;
    silent = server_silent(k, due_ns);
    if (silent != MPA_VERDICT_PASSED)
        return silent;
    check_frame(f, state(k)->third_ack);
    check_duration(f, "established_for", due_ns - first->established_ns);
    return check_broken(f, "The server forbids joins to its address and advertises no other one: "
                           "no second path is possible");
}

/* ---- What both hosts do first (paper, figure 4) ---------------------------------------- */

/* An echo of what was not captured, or a join to an address that nobody advertised here. */
static bool learned_elsewhere(const struct mpa_conn *conn)
{
    for (const struct mpa_advert *a = conn->adverts; a; a = a->next)
        if (a->from == MPA_TO_CLIENT && a->first_ns == 0)
            return true;
    return (conn->flags & MPA_CONN_DIRECT) != 0;
}

/* LB-01 */
enum mpa_verdict check_lb_01(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct mpa_subflow *first = balanced(k);
    const struct mpa_advert *a;
    int64_t due_ns;
    enum mpa_verdict silent;

    if (!first)
        return MPA_VERDICT_NOT_APPLICABLE;
    a = first_unique(k->conn);
    due_ns = first->established_ns + balance_time(k->conn);
    if (a && a->first_ns <= due_ns)
        return MPA_VERDICT_PASSED;
    if (!a && learned_elsewhere(k->conn))
        return MPA_VERDICT_NV_LOSS;
    silent = server_silent(k, due_ns);
    if (silent != MPA_VERDICT_PASSED)
        return silent;
    check_duration(f, "within", balance_time(k->conn));
    if (!a) {
        check_frame(f, state(k)->third_ack);
        return check_broken(f, "The server does not advertise a unique address");
    }
    check_frame(f, a->first_frame);
    check_frame(f, state(k)->third_ack);
    f->ns = a->first_ns;
    check_addr(f, "address", &a->addr);
    check_duration(f, "after_establishment", a->first_ns - first->established_ns);
    return check_broken(f, "The server advertises its unique address late");
}

/* RFC 8684 knows C and ADD_ADDR without backup; in mode D1 (C.12) servers ask for it.  Where none
   did so at this VIP yet, LB-02 and LB-04 are asked by profile lb only. */
static bool uses_backup(const struct check_case *k, const struct mpa_subflow *first)
{
    return k->check->config.profile == MPA_PROFILE_LB || has_place(k, BALANCE_BACKUP, first);
}

/*
 * LB-02.  Not asked where no unique address is advertised: LB-01 says that, and a backup needs
 * something that it is the backup of.  The ICNP-2017 kernel cannot say it while every packet is full
 * (A.6).
 */
enum mpa_verdict check_lb_02(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct mpa_subflow *first = balanced(k);
    int64_t due_ns, prio_ns = state(k)->prio_ns;
    enum mpa_verdict silent;

    if (!first || !first_unique(k->conn) || !uses_backup(k, first))
        return MPA_VERDICT_NOT_APPLICABLE;
    due_ns = first->established_ns + balance_time(k->conn);
    if (prio_ns && prio_ns <= due_ns)
        return MPA_VERDICT_PASSED;
    silent = server_silent(k, due_ns);
    if (silent != MPA_VERDICT_PASSED)
        return silent;
    if (k->conn->dialect == MPA_DIALECT_ICNP2017 && !(state(k)->flags & BALANCE_ROOM))
        return MPA_VERDICT_NV_END;
    check_duration(f, "within", balance_time(k->conn));
    f->subflow = first->id;
    if (prio_ns == 0) {
        check_frame(f, state(k)->third_ack);
        return check_broken(f, "The server does not ask for the initial subflow to be backup");
    }
    check_frame(f, state(k)->prio_frame);
    check_frame(f, state(k)->third_ack);
    f->ns = prio_ns;
    check_duration(f, "after_establishment", prio_ns - first->established_ns);
    return check_broken(f, "The server asks late for the initial subflow to be backup");
}

/* The earliest join of the client to another address than the initial one. */
static const struct mpa_subflow *first_direct_join(const struct mpa_conn *conn)
{
    for (const struct mpa_subflow *sf = conn->subflows; sf; sf = sf->next)
        if (mpa_subflow_is_direct(sf) && !(sf->flags & MPA_SF_BY_SERVER))
            return sf;
    return NULL;
}

/* The unique address that was echoed first. */
static const struct mpa_advert *first_echoed(const struct mpa_conn *conn)
{
    const struct mpa_advert *best = NULL;

    for (const struct mpa_advert *a = conn->adverts; a; a = a->next)
        if (is_unique(conn, a) && a->hmac != MPA_HMAC_BAD && a->echo_ns &&
            (!best || a->echo_ns < best->echo_ns))
            best = a;
    return best;
}

/*
 * LB-03.  An echo does not promise a join: a client at its limits echoes and stays where it is
 * (A.7).  That it never joined is therefore noted; that it joined late is found.
 */
enum mpa_verdict check_lb_03(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct mpa_subflow *first = balanced(k), *join;
    const struct mpa_advert *a;
    int64_t due_ns, over_ns = state(k)->over_ns ? state(k)->over_ns : k->end_ns;

    if (!first || !(a = first_echoed(k->conn)))
        return MPA_VERDICT_NOT_APPLICABLE;
    join = first_direct_join(k->conn);
    due_ns = a->echo_ns + balance_time(k->conn);
    if (join && join->first_ns <= due_ns)
        return MPA_VERDICT_PASSED;
    if (over_ns < due_ns)
        return MPA_VERDICT_NV_END;
    if (state(k)->flags & BALANCE_TRUNCATED)
        return MPA_VERDICT_NV_SNAP;
    /* Elsewhere the join may be on another interface, or its first SYN was lost. */
    if (check_beside_sender(k->conn, MPA_TO_SERVER) != 1 || check_subflow_missing(k->conn))
        return MPA_VERDICT_NV_SUB;
    if (balance_has_gaps(k->conn))
        return MPA_VERDICT_NV_LOSS;
    check_addr(f, "address", &a->addr);
    check_duration(f, "within", balance_time(k->conn));
    if (!join) {
        check_frame(f, a->echo_frame);
        f->ns = a->echo_ns;
        return check_noted(f, "The client echoes the unique address and does not join it");
    }
    check_frame(f, check_subflow_of(join)->balance.syn);
    check_frame(f, a->echo_frame);
    f->ns = join->first_ns;
    f->subflow = join->id;
    check_duration(f, "after_echo", join->first_ns - a->echo_ns);
    return check_broken(f, "The client joins the unique address late");
}

/* ---- After the migration --------------------------------------------------------------- */

/*
 * How much new data of one side stayed on the VIP while a direct subflow could carry it.  Away from
 * the sender, data arrives that was queued long before (D.4): there too much of it proves nothing.
 */
static enum mpa_verdict judge_share(const struct check_case *k, enum mpa_dir dir,
                                    struct mpa_rec_finding *f)
{
    const struct mpa_subflow *first = balanced(k);
    const uint64_t *after = state(k)->after[dir];
    uint64_t sum = after[0] + after[1];

    if (!first || sum == 0 || !uses_backup(k, first))
        return MPA_VERDICT_NOT_APPLICABLE;
    if (after[0] * SHARE_MAX <= sum)
        return MPA_VERDICT_PASSED;
    if (after[0] <= SHARE_BYTES)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (state(k)->flags & BALANCE_TRUNCATED)
        return MPA_VERDICT_NV_SNAP;
    if (balance_has_gaps(k->conn))
        return MPA_VERDICT_NV_LOSS;
    if (check_beside_sender(k->conn, dir) != 1)
        return MPA_VERDICT_NV_VANT;
    check_frame(f, state(k)->after_frame[dir]);
    f->subflow = first->id;
    check_number(f, "vip_bytes_after", (int64_t)after[0]);
    check_number(f, "direct_bytes_after", (int64_t)after[1]);
    check_number(f, "percent", (int64_t)(after[0] * 100 / sum));
    return MPA_VERDICT_BROKEN;
}

/* LB-04 */
enum mpa_verdict check_lb_04(const struct check_case *k, struct mpa_rec_finding *f)
{
    enum mpa_verdict v = judge_share(k, MPA_TO_CLIENT, f);

    if (v != MPA_VERDICT_BROKEN)
        return v;
    return check_broken(
        f, "The server goes on sending new data on the VIP while a direct subflow is usable");
}

/* LB-05.  Only where the server asked for it.  A client that never heeds MP_PRIO (A.8: Apple's) is
   named once. */
enum mpa_verdict check_lb_05(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct check_balance_all *all = &k->check->balance;
    enum mpa_verdict v;

    if (state(k)->prio_ns == 0)
        return MPA_VERDICT_NOT_APPLICABLE;
    v = judge_share(k, MPA_TO_SERVER, f);
    if (v != MPA_VERDICT_BROKEN)
        return v;
    if (!balance_ignores_prio(state(k)))
        return check_broken(
            f, "The client goes on sending new data on the VIP while a direct subflow is usable");
    for (int i = 0; i < all->peer_count; i++)
        if (mpa_addr_eq(&all->peers[i], &k->conn->subflows->flow.addr[MPA_TO_CLIENT]))
            return MPA_VERDICT_NOT_APPLICABLE;
    return check_noted(f, "The client does not heed MP_PRIO");
}

/* LB-06 */
enum mpa_verdict check_lb_06(const struct check_case *k, struct mpa_rec_finding *f)
{
    if (k->sf->role != MPA_ROLE_JOIN || !balanced(k) || k->cs->balance.syn.frame == 0)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (!(k->sf->flags & MPA_SF_BY_SERVER))
        return MPA_VERDICT_PASSED;
    check_frame(f, k->cs->balance.syn);
    f->ns = k->sf->syn_ns;
    check_addr(f, "from", &k->sf->flow.addr[MPA_TO_SERVER]);
    check_addr(f, "to", &k->sf->flow.addr[MPA_TO_CLIENT]);
    return check_broken(f, "The server opens a subflow; clients do that");
}

/*
 * LB-07.  An unknown token also means a connection that is gone, hence the holder of the key must
 * have spoken afterwards.  A SYN/ACK with a wrong HMAC is left to JN-02: whoever lacks the key
 * knows no token and answers with a RST.
 */
enum mpa_verdict check_lb_07(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct mpa_rec_reset *reset = &k->record_subflow->reset;
    bool misrouted = k->record_subflow->has_reset && reset->class == MPA_RESET_MISROUTED_JOIN;
    bool unique = false;

    if (!mpa_subflow_is_direct(k->sf) || (k->sf->flags & MPA_SF_BY_SERVER) || !balanced(k))
        return MPA_VERDICT_NOT_APPLICABLE;
    for (const struct mpa_advert *a = k->conn->adverts; a; a = a->next)
        unique |= is_unique(k->conn, a) && mpa_addr_eq(&a->addr, &k->sf->flow.addr[MPA_TO_SERVER]);
    if (!unique)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (k->sf->usable_ns || k->sf->join_synack_hmac == MPA_HMAC_OK)
        return MPA_VERDICT_PASSED;
    if (!misrouted)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (!check_has_keys(k->conn))
        return MPA_VERDICT_NV_SYN;
    if (state(k)->dss_ns <= reset->ns || (state(k)->over_ns && state(k)->over_ns <= reset->ns))
        return MPA_VERDICT_NV_END;
    check_frame(f, reset->frame);
    check_frame(f, k->cs->balance.syn);
    f->ns = reset->ns;
    check_addr(f, "address", &k->sf->flow.addr[MPA_TO_SERVER]);
    check_hex32(f, "token", k->sf->join_token);
    if (reset->reason != MPA_NULL)
        check_number(f, "reason", reset->reason);
    return check_broken(f, "A join to the unique address reaches a server that does not know the "
                           "token, while the one that does is alive");
}

/* ---- The deployment -------------------------------------------------------------------- */

/* LB-08.  "Unique" is what a load-balanced server advertised, with the port of the service: other
   services of the same machine are nobody's business. */
enum mpa_verdict check_lb_08(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct mpa_subflow *first = mpa_conn_initial(k->conn);
    const struct check_balance_subflow *s;

    if (!first || first->syn_ns == 0 ||
        check_given_vip(k->check, &first->flow.addr[MPA_TO_SERVER]) ||
        !has_place(k, BALANCE_UNIQUE, first))
        return MPA_VERDICT_NOT_APPLICABLE;
    s = &check_subflow_of(first)->balance;
    if (s->synack.frame == 0)
        return first->half[MPA_TO_CLIENT].flags & MPA_HALF_RST ? MPA_VERDICT_PASSED
                                                               : MPA_VERDICT_NV_DIR;
    check_frame(f, s->synack);
    check_frame(f, s->syn);
    f->ns = first->synack_ns;
    f->subflow = first->id;
    check_addr(f, "unique_address", &first->flow.addr[MPA_TO_SERVER]);
    return check_broken(f, "A new connection is accepted at a server's unique address: clients can "
                           "get around the balancer");
}

/* LB-09.  Needed: no direct subflow could carry the payload that was sent on a backup subflow after
   at least ten seconds of silence. */
enum mpa_verdict check_lb_09(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct balance_need *n = state(k)->rare ? &state(k)->rare->need : NULL;
    const struct mpa_rec_subflow *vip = k->record->subflows;
    enum mpa_dir peer;

    if (!n || n->ns == 0)
        return MPA_VERDICT_NOT_APPLICABLE;
    peer = check_other((enum mpa_dir)n->dir);
    if (n->answered)
        return MPA_VERDICT_PASSED;
    f->subflow = vip->id;
    check_duration(f, "idle_for", n->idle_ns);
    if (vip->has_reset && vip->reset.ns >= n->ns) {
        if (vip->reset.class != MPA_RESET_IDLE &&
            (vip->reset.class != MPA_RESET_REDIRECT || n->idle_ns < IDLE_NS))
            return MPA_VERDICT_PASSED;
        check_frame(f, vip->reset.frame);
        check_frame(f, n->frame);
        f->ns = vip->reset.ns;
        return check_broken(
            f, "The backup subflow on the VIP proves dead when it is needed: it is reset");
    }
    if (check_one_way(mpa_conn_initial(k->conn), peer))
        return MPA_VERDICT_NV_DIR;
    if (n->tries < ANSWER_TRIES || n->last_ns - n->ns < ANSWER_NS ||
        check_ended(k, n->last_ns, ANSWER_NS))
        return MPA_VERDICT_NV_END;
    if (check_beside_sender(k->conn, (enum mpa_dir)n->dir) != 1)
        return MPA_VERDICT_NV_VANT;
    check_frame(f, n->frame);
    f->ns = n->ns;
    check_number(f, "segments", n->tries);
    return check_broken(
        f, "The backup subflow on the VIP proves dead when it is needed: nobody answers");
}
