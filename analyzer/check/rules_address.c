/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules AA: see tbl/rules.h and the protocol reference. */
#include "internal.h"

#define REFRESH (30 * SECOND) /* So long after an echo an address may be advertised afresh. */
#define REPEATS 4             /* Copies that upstream Linux sends at most. */
#define AGAIN                                                                                      \
    (10 * SECOND) /* Who repeats at all has repeated by then, but for timers of minutes. */
#define SILENT_OK 2

/* The address whose joins this host has forbidden: the one it had when the connection began. */
static bool is_forbidden(const struct mpa_conn *conn, const struct mpa_advert *a)
{
    enum mpa_dir from = (enum mpa_dir)a->from;
    const struct mpa_subflow *first = mpa_conn_initial(conn);
    const struct mpa_data_half *d = &conn->data[from];

    return first && (d->flags & MPA_DATA_CAPABLE) && (d->capable_flags & MPA_CAPABLE_C) &&
           mpa_addr_eq(&a->addr, &first->flow.addr[check_other(from)]) &&
           (a->port == 0 || a->port == first->flow.port[check_other(from)]);
}

/* Packets of 'dir', or subflows, are missing: what was not seen may have been there. */
static enum mpa_verdict missing(const struct mpa_conn *conn, enum mpa_dir dir)
{
    const struct mpa_subflow *first = mpa_conn_initial(conn);
    int n = 0;

    if (first && check_one_way(first, dir))
        return MPA_VERDICT_NV_DIR;
    if (check_subflow_missing(conn))
        return MPA_VERDICT_NV_SUB;
    if (first && (first->flags & MPA_SF_MIDSTREAM))
        return MPA_VERDICT_NV_LOSS;
    for (const struct mpa_subflow *sf = conn->subflows; sf; sf = sf->next)
        if (n++ == ADDRESS_SUBFLOWS || check_lost(sf, dir) || check_holes(sf, dir) ||
            address_gaps(sf, dir))
            return MPA_VERDICT_NV_LOSS;
    if (check_conn_of(conn)->address.cut & 1u << dir)
        return MPA_VERDICT_NV_SNAP;
    return MPA_VERDICT_PASSED;
}

static void tell_advert(struct mpa_rec_finding *f, const struct mpa_advert *a)
{
    check_number(f, "id", a->id);
    check_addr(f, "address", &a->addr);
    if (a->port)
        check_number(f, "port", a->port);
    f->key = (uint64_t)a->id << 17 | (uint64_t)a->from << 16 | a->port;
}

static void tell_moment(struct mpa_rec_finding *f, const struct address_moment *m)
{
    check_frame(f, m->frame);
    f->ns = m->ns;
}

/* AA-01.  A join to the address counts as its echo (draft-duchene-mptcp-add-addr); a host that answers no private address at all is
   told of once.  In the ICNP dialect a host that never sent an echo may be a plain RFC 6824 one. */
enum mpa_verdict check_aa_01(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct mpa_advert *a = k->advert;
    const struct address_advert *mine = address_find(&k->cc->address, a);
    enum mpa_dir receiver = check_other((enum mpa_dir)a->from);
    enum mpa_verdict gap;
    uint8_t habits;

    if (!mine || !mine->good || a->hmac == MPA_HMAC_BAD)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (a->echoes)
        return MPA_VERDICT_PASSED;
    gap = missing(k->conn, receiver);
    if (gap != MPA_VERDICT_PASSED)
        return gap;
    check_frame(f, a->first_frame);
    f->ns = a->first_ns;
    tell_advert(f, a);
    check_number(f, "copies", a->transmissions);
    if (a->joined)
        return check_noted(f, "the address was not echoed, but joined");
    if (a->hmac == MPA_HMAC_UNVERIFIABLE)
        return MPA_VERDICT_NV_SYN;
    if (k->conn->dialect == MPA_DIALECT_ICNP2017 && !(k->conn->evidence & MPA_EV_NIBBLE_CE) &&
        k->check->config.profile != MPA_PROFILE_ICNP2017)
        return MPA_VERDICT_NV_DIAL;
    if (address_beside(k->conn, receiver) != 1)
        return MPA_VERDICT_NV_VANT;
    if (!address_unanswered(k->conn, mine))
        return !k->conn->closed_ns && check_ended(k, a->first_ns, SECOND)
                   ? MPA_VERDICT_NV_END
                   : MPA_VERDICT_NOT_APPLICABLE;
    habits = address_habits(&k->check->address, address_initial(k->conn, receiver));
    if (address_is_private(&a->addr) && !(habits & ADDRESS_ECHOES_PRIVATE)) {
        if (habits & ADDRESS_DROPS_PRIVATE)
            return MPA_VERDICT_NOT_APPLICABLE;
        return check_noted(f, "this host does not echo a private address; no other was told to it");
    }
    return check_broken(f, "the ADD_ADDR arrived and was never echoed");
}

/* The advertisement that an echo must be about, although it does not match it. */
static const struct mpa_advert *nearest(const struct mpa_conn *conn, const struct mpa_advert *echo)
{
    for (const struct mpa_advert *a = conn->adverts; a; a = a->next)
        if (a != echo && a->transmissions && a->from == echo->from &&
            (a->id == echo->id || mpa_addr_eq(&a->addr, &echo->addr)))
            return a;
    return NULL;
}

/* What the peer sent just before this packet may be missing.  Timestamps alone tell at once: this packet echoes none that is newer than
   those captured. */
static bool may_be_missing(const struct check_case *k)
{
    const struct address_trace *peer = &k->cs->address.trace[check_other(k->dir)];

    return !k->segment->has_ts || !(peer->flags & ADDRESS_TS) ||
           (int32_t)(k->segment->tsecr - peer->tsval) > 0;
}

/* AA-02.  What it echoes may have stood on a pure ACK that the capture lost: that must not have gone unnoticed. */
enum mpa_verdict check_aa_02(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct mpa_add_addr *o = &k->option->add_addr;
    const struct mpa_advert *a = k->event->advert;
    enum mpa_verdict gap;

    if (a->transmissions) {
        if (a->port == o->port)
            return MPA_VERDICT_PASSED;
        f->severity = MPA_SEVERITY_WARNING;
        check_number(f, "advertised port", a->port);
        return check_broken(f, "the echo leaves out the port of what it echoes");
    }
    a = nearest(k->conn, a);
    if (!a)
        return MPA_VERDICT_NOT_APPLICABLE; /* AA-06 */
    gap = missing(k->conn, (enum mpa_dir)a->from);
    if (gap != MPA_VERDICT_PASSED)
        return gap;
    if (may_be_missing(k))
        return MPA_VERDICT_NV_LOSS;
    check_frame(f, k->frame);
    check_frame(f, a->first_frame);
    check_number(f, "id", o->id);
    check_number(f, "advertised id", a->id);
    check_addr(f, "address", &o->addr);
    check_addr(f, "advertised address", &a->addr);
    check_number(f, "port", o->port);
    check_number(f, "advertised port", a->port);
    f->key = (uint64_t)o->id << 16 | o->port;
    return check_broken(f, "the echo differs from every ADD_ADDR that was sent");
}

/* AA-03 */
enum mpa_verdict check_aa_03(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct mpa_add_addr *o = &k->option->add_addr;

    if (k->option->cond != MPA_COND_OK && k->option->cond != MPA_COND_ILLEGAL)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (o->echo != o->has_hmac)
        return MPA_VERDICT_PASSED;
    check_number(f, "id", o->id);
    check_number(f, "length", k->option->len);
    return check_broken(f, o->echo ? "the echo carries an HMAC" : "the ADD_ADDR carries no HMAC");
}

/* AA-04.  An echo of RFC 8684 has none to be wrong (AA-03); the draft's is signed by who echoes. */
enum mpa_verdict check_aa_04(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct mpa_add_addr *o = &k->option->add_addr;
    const struct address_notes *n = k->cc->address.notes;

    if (k->option->subtype != MPA_ADD_ADDR || (o->echo && k->conn->dialect != MPA_DIALECT_DRAFT_V1))
        return MPA_VERDICT_NOT_APPLICABLE;
    check_number(f, "id", o->id);
    check_addr(f, "address", &o->addr);
    check_hex64(f, "hmac", mpa_load64(o->hmac));
    f->key = o->id;
    switch (k->event->value) {
    case MPA_HMAC_OK:
        if (k->conn->dialect == MPA_DIALECT_RFC8684_EARLY && n && n->early == 1)
            return check_noted(f, "the HMAC is the left 64 bits, as Linux before 5.8 sent it");
        return MPA_VERDICT_PASSED;
    case MPA_HMAC_BAD:
        if (!address_keys_sure(k->conn) || k->conn->closed_ns ||
            !address_in_window(k->sf, k->dir, k->segment))
            return MPA_VERDICT_NV_SYN;
        return check_broken(f, "the HMAC is not that of this ADD_ADDR under the connection's keys");
    default:
        return MPA_VERDICT_NV_SYN;
    }
}

/* AA-05.  Asked of every ADD_ADDR with an HMAC that can be verified: right ones may have effects. */
enum mpa_verdict check_aa_05(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct mpa_advert *a = k->advert;
    const struct address_advert *mine = address_find(&k->cc->address, a);
    enum mpa_verdict gap;

    if (!mine || a->transmissions == 0 || a->hmac == MPA_HMAC_NONE)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (a->hmac == MPA_HMAC_UNVERIFIABLE)
        return MPA_VERDICT_NV_SYN;
    if (!mine->caused.frame.frame)
        return MPA_VERDICT_PASSED;
    if (!address_keys_sure(k->conn))
        return MPA_VERDICT_NV_SYN;
    gap = missing(k->conn, (enum mpa_dir)a->from);
    if (gap != MPA_VERDICT_PASSED)
        return gap;
    tell_moment(f, &mine->caused);
    check_frame(f, a->first_frame);
    tell_advert(f, a);
    return check_broken(f, "an ADD_ADDR whose HMAC is wrong was echoed or joined");
}

/* AA-06.  A lost pure ACK leaves few traces: an address that was joined, or that anybody advertised in this capture, was hardly echoed out of
   nothing. */
enum mpa_verdict check_aa_06(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct mpa_advert *a = k->advert;
    enum mpa_verdict gap;

    if (!a->echoes || (!a->transmissions && nearest(k->conn, a)))
        return MPA_VERDICT_NOT_APPLICABLE; /* The second is AA-02's. */
    if (a->transmissions && a->first_ns <= a->echo_ns)
        return MPA_VERDICT_PASSED;
    gap = missing(k->conn, (enum mpa_dir)a->from);
    if (gap != MPA_VERDICT_PASSED)
        return gap;
    if (address_beside(k->conn, (enum mpa_dir)a->from) != 1)
        return MPA_VERDICT_NV_VANT;
    if (a->transmissions || a->joined || k->check->address.loses ||
        (address_habits(&k->check->address, &a->addr) & ADDRESS_ADVERTISED))
        return MPA_VERDICT_NV_LOSS;
    check_frame(f, a->echo_frame);
    f->ns = a->echo_ns;
    tell_advert(f, a);
    return check_broken(f, "an echo of an address that was never advertised");
}

/* AA-07 in the ICNP-2017 dialect: the server's, on the subflow of the first copy.  A packet without it is a packet without it at every
   vantage point. */
static enum mpa_verdict every_packet(const struct check_case *k, const struct address_advert *mine,
                                     struct mpa_rec_finding *f)
{
    const struct mpa_advert *a = k->advert;
    enum mpa_verdict gap;

    if (a->from != MPA_TO_CLIENT)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (mine->silents <= SILENT_OK)
        return MPA_VERDICT_PASSED;
    gap = missing(k->conn, check_other((enum mpa_dir)a->from));
    if (gap != MPA_VERDICT_PASSED)
        return gap;
    tell_moment(f, &mine->silent);
    check_frame(f, a->first_frame);
    check_number(f, "packets with room", mine->silents);
    return check_broken(f, "packets with room for the ADD_ADDR do not carry it, and no echo came");
}

/* AA-07.  Elsewhere repeating is local policy: what went without an echo is told of. */
enum mpa_verdict check_aa_07(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct mpa_advert *a = k->advert;
    const struct address_advert *mine = address_find(&k->cc->address, a);
    enum mpa_verdict gap;

    if (!mine || !mine->good)
        return MPA_VERDICT_NOT_APPLICABLE;
    tell_advert(f, a);
    if (k->conn->dialect == MPA_DIALECT_ICNP2017)
        return every_packet(k, mine, f);
    if (a->echoes)
        return MPA_VERDICT_PASSED;
    gap = missing(k->conn, check_other((enum mpa_dir)a->from));
    /* Echoes that were lost in front of the capture may be what is missing; so many are told of. */
    if (gap != MPA_VERDICT_PASSED && !(gap == MPA_VERDICT_NV_LOSS && a->transmissions >= REPEATS))
        return gap;
    check_frame(f, a->first_frame);
    f->ns = a->first_ns;
    check_number(f, "copies", a->transmissions);
    if (a->transmissions >= REPEATS)
        return check_noted(f, "none of its copies was echoed, as far as can be seen here");
    if (address_beside(k->conn, check_other((enum mpa_dir)a->from)) == 1)
        return MPA_VERDICT_NV_VANT;
    if (a->removed)
        return MPA_VERDICT_NOT_APPLICABLE;
    if ((k->conn->closed_ns ? k->conn->closed_ns : k->conn->last_ns) < a->last_ns + AGAIN)
        return !k->conn->closed_ns && check_ended(k, a->last_ns, AGAIN)
                   ? MPA_VERDICT_NV_END
                   : MPA_VERDICT_NOT_APPLICABLE;
    return check_noted(f, "no echo came, and it was not repeated further");
}

/* AA-08.  Away from the advertiser a copy after the echo rather tells of a lost echo: it is told of, and nobody is blamed. */
enum mpa_verdict check_aa_08(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct mpa_advert *a = k->advert;
    const struct address_advert *mine = address_find(&k->cc->address, a);
    int beside = address_beside(k->conn, (enum mpa_dir)a->from);

    if (!mine || !mine->good || !a->echoes)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (!mine->late.frame.frame)
        return beside == 1 && (mine->echoed_ns || mine->removed_ns) ? MPA_VERDICT_PASSED
                                                                    : MPA_VERDICT_NV_VANT;
    tell_moment(f, &mine->late);
    check_frame(f, a->echo_frame);
    tell_advert(f, a);
    check_duration(f, "after the echo", mine->late_ns);
    if (mine->late_ns > REFRESH)
        return check_noted(f, "an address that was echoed is advertised afresh");
    if (beside == 0)
        return check_noted(f, "the ADD_ADDR comes again after its echo, which may have been lost "
                              "on the rest of its way");
    if (beside < 0)
        return MPA_VERDICT_NV_VANT;
    return check_broken(f, "the ADD_ADDR is sent again although its echo has come");
}

/* Who holds the ID of 'a' by the latest copy before its own. */
static const struct mpa_advert *holder(const struct check_case *k, const struct mpa_advert *a)
{
    const struct address_advert *mine = address_find(&k->cc->address, a);
    const struct mpa_advert *ret = NULL;

    for (const struct mpa_advert *b = k->conn->adverts; b && mine; b = b->next)
        if (b != a && b->from == a->from && b->id == a->id && b->transmissions && !b->removed &&
            b->hmac != MPA_HMAC_BAD && !mpa_addr_eq(&b->addr, &a->addr) &&
            b->last_ns >= mine->previous_ns && (!ret || b->last_ns > ret->last_ns))
            ret = b;
    return ret;
}

/* AA-09.  Away from the advertiser the REMOVE_ADDR between may have been lost. */
enum mpa_verdict check_aa_09(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct mpa_advert *a = k->event->advert, *before;

    if (a->hmac == MPA_HMAC_BAD)
        return MPA_VERDICT_NOT_APPLICABLE;
    before = holder(k, a);
    if (!before)
        return MPA_VERDICT_PASSED;
    if (address_beside(k->conn, k->dir) != 1)
        return MPA_VERDICT_NV_LOSS;
    if (missing(k->conn, k->dir) != MPA_VERDICT_PASSED)
        return missing(k->conn, k->dir);
    check_frame(f, k->frame);
    check_frame(f, before->first_frame);
    check_number(f, "id", a->id);
    check_addr(f, "address", &a->addr);
    check_addr(f, "before", &before->addr);
    f->key = a->id;
    return check_broken(f, "the ID gets another address without a REMOVE_ADDR");
}

/* AA-10.  "In a row" is within one round trip and without a word of the peer: what comes later is no sign of congestion to anybody, and upstream's repetitions on an idle
   connection are not meant.  The ICNP-2017 kernel is told once a connection. */
enum mpa_verdict check_aa_10(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct address_path *p = k->cs->address.path;
    enum mpa_dir peer = check_other(k->dir);
    enum mpa_verdict gap;
    struct mpa_option o;

    for (int i = 0; (k->segment->flags & MPA_TCP_SYN) && i < k->segment->mptcp_count; i++) {
        unsigned at = k->segment->mptcp_at[i];

        mpa_option_decode(k->segment->options + at, (size_t)k->segment->options_captured - at,
                          (size_t)k->segment->options_size - at, k->segment->flags,
                          (enum mpa_dialect)k->conn->dialect, &o, NULL);
        if (o.subtype == MPA_ADD_ADDR)
            return check_broken(f, "ADD_ADDR on a SYN");
    }
    if (!p || !p->row[k->dir].same || p->row[k->dir].copy)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (p->row[k->dir].same != 3 ||
        (k->conn->dialect == MPA_DIALECT_ICNP2017 && k->cc->address.notes->rows > 1))
        return MPA_VERDICT_PASSED;
    gap = check_one_way(k->sf, peer) ? MPA_VERDICT_NV_DIR : missing(k->conn, peer);
    if (gap != MPA_VERDICT_PASSED)
        return gap;
    if (may_be_missing(k))
        return MPA_VERDICT_NV_LOSS;
    check_hex32(f, "ack", k->segment->ack);
    f->key = k->segment->ack;
    return check_broken(f, "a third pure ACK in a row that only signals");
}

/* AA-11.  A translated view of the server has another initial address. */
enum mpa_verdict check_aa_11(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct mpa_advert *a = k->event->advert;
    const struct mpa_addr *first = address_initial(k->conn, k->dir);

    if (a->id != 0 || a->hmac == MPA_HMAC_BAD)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (!first)
        return MPA_VERDICT_NV_SUB;
    for (const struct mpa_flow *v = &mpa_conn_initial(k->conn)->flow; v; v = v->next_view)
        if (mpa_addr_eq(&a->addr, &v->addr[check_other(k->dir)]))
            return MPA_VERDICT_PASSED;
    if (address_beside(k->conn, k->dir) != 1)
        return MPA_VERDICT_NV_VANT;
    check_addr(f, "address", &a->addr);
    check_addr(f, "initial address", first);
    return check_broken(f, "ID 0 is given to another address than the initial one");
}

/* What nobody can send a SYN to; NULL where it can be. */
static const char *why_unusable(const struct mpa_addr *addr)
{
    static const struct mpa_addr zero, one = {.b = {[15] = 1}};
    const uint8_t *b = addr->b;

    if (!mpa_addr_is_v4(addr)) {
        if (mpa_addr_eq(addr, &zero))
            return "the unspecified address is advertised";
        if (mpa_addr_eq(addr, &one))
            return "the loopback address is advertised";
        return b[0] == 0xff ? "a multicast address is advertised" : NULL;
    }
    if (b[12] == 0)
        return "the unspecified address is advertised";
    if (b[12] == 127)
        return "a loopback address is advertised";
    if (b[12] >= 240)
        return "a reserved or broadcast address is advertised";
    return b[12] >= 224 ? "a multicast address is advertised" : NULL;
}

static bool is_link_local(const struct mpa_addr *addr)
{
    const uint8_t *b = addr->b;

    return mpa_addr_is_v4(addr) ? b[12] == 169 && b[13] == 254
                                : b[0] == 0xfe && (b[1] & 0xc0) == 0x80;
}

/* AA-12 */
enum mpa_verdict check_aa_12(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct mpa_advert *a = k->advert;
    const struct mpa_addr *peer = address_initial(k->conn, check_other((enum mpa_dir)a->from));
    const char *why;

    if (!a->transmissions || a->hmac == MPA_HMAC_BAD)
        return MPA_VERDICT_NOT_APPLICABLE;
    check_frame(f, a->first_frame);
    f->ns = a->first_ns;
    tell_advert(f, a);
    why = why_unusable(&a->addr);
    if (why)
        return check_broken(f, why);
    if (is_forbidden(k->conn, a)) {
        if (address_beside(k->conn, check_other((enum mpa_dir)a->from)) != 1)
            return MPA_VERDICT_NV_VANT; /* Behind a translation its own address is the initial one. */
        return check_broken(f, "the address and port are advertised to which joins are forbidden");
    }
    if (is_link_local(&a->addr) && peer && !is_link_local(peer))
        return check_broken(f,
                            "a link-local address is advertised to a host that is not on the link");
    if (address_is_private(&a->addr) && peer && !address_is_private(peer) && !is_link_local(peer))
        return check_noted(f, "a private address is advertised to a host with a public one");
    return MPA_VERDICT_PASSED;
}

/* AA-13 */
enum mpa_verdict check_aa_13(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct mpa_advert *fresh = k->event->advert;
    bool echoes =
        k->conn->dialect != MPA_DIALECT_RFC6824 && k->conn->dialect != MPA_DIALECT_APPLE_V0;
    bool known = false;

    if (!k->check->config.strict_ids || (fresh && k->event->value != 1))
        return MPA_VERDICT_NOT_APPLICABLE;
    check_number(f, "id", fresh ? fresh->id : k->event->value);
    f->key = (uint64_t)(fresh ? fresh->id : k->event->value) << 1 | (fresh != NULL);
    for (const struct mpa_advert *a = k->conn->adverts; a; a = a->next) {
        if (a == fresh || a->from != k->dir || !a->transmissions)
            continue;
        if (fresh && a->id >= fresh->id) {
            check_number(f, "earlier", a->id);
            return check_noted(f, "the ID is not higher than those before it");
        }
        if (!fresh && a->id == (uint8_t)k->event->value) {
            known = true;
            if (echoes && !a->echoes)
                return check_noted(f, "the address is removed before its echo has come");
        }
    }
    return fresh || known ? MPA_VERDICT_PASSED : MPA_VERDICT_NOT_APPLICABLE;
}
