/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules CBF-01 to CBF-04: addresses that may not be joined; see tbl/rules.h and the protocol reference. */
#include "joined.h"

#define TIMEOUT (3 * SECOND) /* An unanswered SYN: three of Linux' retransmissions' time. */

/* Whether the host that sends in direction 'owner' forbade joins to its address with C: 1, 0, or -1 where that was not captured. */
static int denies_joins(const struct mpa_conn *conn, enum mpa_dir owner)
{
    const struct mpa_data_half *d = &conn->data[owner];
    const struct check_join_conn *cj = &check_conn_of(conn)->join;

    if (d->flags & MPA_DATA_CAPABLE)
        return (d->capable_flags & MPA_CAPABLE_C) != 0;
    if (owner == MPA_TO_SERVER && cj->client_known)
        return (cj->client_flags & MPA_CAPABLE_C) != 0;
    return -1;
}

/* The host advertised what is joined here: in front of a balancer that translates addresses, that is another address than the initial
   one, whatever this vantage point sees. */
static bool is_advertised(const struct mpa_subflow *sf)
{
    for (const struct mpa_advert *a = sf->conn->adverts; a; a = a->next)
        if (advertises(a, sf))
            return true;
    return false;
}

static enum mpa_verdict forbidden(const struct check_case *k, struct mpa_rec_finding *f,
                                  bool any_port, const char *text)
{
    const struct mpa_subflow *sf = k->sf;
    const struct check_join *j = joined(sf);
    int denies = denies_joins(k->conn, check_listener(sf));

    if (!j || denies == 0)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (denies < 0 || !mpa_conn_initial(k->conn))
        return MPA_VERDICT_NV_SYN;
    if (!joins_initial(sf, any_port))
        return MPA_VERDICT_PASSED;
    if (is_advertised(sf) && !beside_opener(sf))
        return MPA_VERDICT_NV_VANT;
    check_frame(f, j->syn.at);
    check_addr(f, "joined", joined_addr(sf));
    check_number(f, "port", joined_port(sf));
    return check_broken(f, text);
}

/* CBF-01 */
enum mpa_verdict check_cbf_01(const struct check_case *k, struct mpa_rec_finding *f)
{
    return forbidden(k, f, false,
                     "A join goes to the address and port whose host forbade joins with C");
}

/* CBF-02.  Also where C alone is known of the peer: Apple's hosts mean the same by it. */
enum mpa_verdict check_cbf_02(const struct check_case *k, struct mpa_rec_finding *f)
{
    return forbidden(k, f, true,
                     "A join goes to the address whose host forbade joins with the B flag");
}

/* CBF-03.  Beside the server, behind a balancer, its own address looks like the forbidden one: judged where the client sees it, or
   where the VIP is given. */
enum mpa_verdict check_cbf_03(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct mpa_advert *a = k->advert;
    const struct mpa_subflow *first = mpa_conn_initial(k->conn);
    enum mpa_dir from = (enum mpa_dir)a->from, to = check_other(from);
    int denies = denies_joins(k->conn, from);

    if (!a->transmissions || denies == 0)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (denies < 0 || !first)
        return MPA_VERDICT_NV_SYN;
    if (a->port == 0 || a->port == first->flow.port[to] ||
        !mpa_addr_eq(&a->addr, &first->flow.addr[to]))
        return MPA_VERDICT_PASSED;
    if (check_beside_sender(k->conn, to) != 1 && !check_given_vip(k->check, &a->addr))
        return MPA_VERDICT_NV_VANT;
    check_frame(f, a->first_frame);
    check_addr(f, "address", &a->addr);
    check_number(f, "initial port", first->flow.port[to]);
    check_number(f, "advertised port", a->port);
    f->ns = a->first_ns;
    f->key = (uint64_t)a->id << 16 | a->port;
    return check_noted(f, "The forbidden address was advertised with another port: version 1 may "
                          "join it there, clients of the ICNP-2017 kernel will not");
}

/* ---- CBF-04 -------------------------------------------------------------------------- */

bool answer_visible(const struct mpa_subflow *sf)
{
    enum mpa_dir from = check_listener(sf);
    int n = 0;

    if (sf->half[from].packets || beside_opener(sf))
        return true;
    for (const struct mpa_subflow *o = sf->conn->subflows; o && n < EARLIER_MAX; o = o->next, n++)
        if (o->half[from].packets && mpa_addr_eq(joined_addr(sf), &o->flow.addr[check_opener(sf)]))
            return true;
    return false;
}

/* When the join 'sf' failed, and its opener knew it 'slack' later, before 'now'; an empty packet where it did not. */
static struct check_packet failure(const struct mpa_subflow *sf, const struct check_join *j,
                                   int64_t now, int64_t slack)
{
    enum mpa_dir me = check_opener(sf), peer = check_other(me);
    const struct check_packet *refused = &j->rst[peer], *given_up = &j->rst[me];

    if (check_packet_seen(refused) && (!sf->usable_ns || refused->ns <= sf->usable_ns) &&
        refused->ns + slack <= now)
        return *refused;
    if (check_packet_seen(given_up) && given_up->ns + slack <= now &&
        (sf->join_synack_hmac == MPA_HMAC_BAD || (j->flags & CHECK_JOIN_BARE_SYNACK)))
        return *given_up;
    if (!check_packet_seen(&j->synack) && !check_packet_seen(refused) &&
        sf->half[me].last_ns < now && j->syn.ns + TIMEOUT <= now)
        return j->syn;
    return (struct check_packet){0};
}

/* CBF-04.  A failure that its MP_TCPRST calls transient may be tried again. */
enum mpa_verdict check_cbf_04(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct mpa_subflow *sf = k->sf;
    const struct check_join *j = joined(sf);
    enum mpa_verdict verdict = MPA_VERDICT_NOT_APPLICABLE;
    int64_t slack = -1;
    int n = 0;

    if (!j)
        return MPA_VERDICT_NOT_APPLICABLE;
    for (const struct mpa_subflow *o = k->conn->subflows; o != sf && n < EARLIER_MAX;
         o = o->next, n++) {
        const struct check_join *before = joined(o);
        struct check_packet failed = {0};

        if (before && slack < 0)
            slack = beside_opener(sf) ? 0 : check_rtt(k->conn, SECOND);
        if (before && check_opener(o) == check_opener(sf))
            failed = failure(o, before, j->syn.ns, slack);
        if (!check_packet_seen(&failed))
            continue;
        if (verdict == MPA_VERDICT_NOT_APPLICABLE)
            verdict = MPA_VERDICT_PASSED;
        if (!mpa_addr_eq(joined_addr(o), joined_addr(sf)) || joined_port(o) != joined_port(sf) ||
            j->advert_ns > failed.ns || (before->flags & CHECK_JOIN_TRANSIENT))
            continue;
        if (!answer_visible(o)) {
            verdict = MPA_VERDICT_NV_DIR;
            continue;
        }
        check_frame(f, j->syn.at);
        check_frame(f, failed.at);
        check_addr(f, "joined", joined_addr(sf));
        check_number(f, "port", joined_port(sf));
        check_duration(f, "after the failure", j->syn.ns - failed.ns);
        return check_broken(
            f, "An address is joined again after a join to it failed, without a new ADD_ADDR");
    }
    return verdict;
}
