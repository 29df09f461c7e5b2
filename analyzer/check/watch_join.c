/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rules of the group join need to remember. */
#include "internal.h"

#include <stdlib.h>

#define NO_JOIN_OPTION 255

static struct check_join *join_of(const struct mpa_subflow *sf)
{
    return check_subflow_of(sf)->join.join;
}

static void note(struct check_packet *p, struct mpa_frame_ref frame, int64_t ns)
{
    if (!check_packet_seen(p))
        *p = (struct check_packet){frame, ns};
}

/* ---- Connections of a client --------------------------------------------------------- */

static const struct mpa_conn **recent_of(struct mpa_check *c, const struct mpa_addr *client)
{
    return c->join.recent[check_addr_slot(client, CHECK_RECENT_SETS)];
}

static void remember(struct mpa_check *c, const struct mpa_subflow *sf)
{
    const struct mpa_conn **set = recent_of(c, &sf->flow.addr[MPA_TO_CLIENT]);

    for (int i = CHECK_RECENT_WAYS - 1; i > 0; i--)
        set[i] = set[i - 1];
    set[0] = sf->conn;
}

static void forget(struct mpa_check *c, const struct mpa_conn *conn)
{
    const struct mpa_subflow *first = mpa_conn_initial(conn);
    const struct mpa_conn **set;

    if (!first)
        return;
    set = recent_of(c, &first->flow.addr[MPA_TO_CLIENT]);
    for (int i = 0; i < CHECK_RECENT_WAYS; i++)
        if (set[i] == conn)
            set[i] = NULL;
}

/* A SYN/ACK to an unknown token: with whose keys was it made? */
static void find_owner(struct mpa_check *c, const struct mpa_event *e, struct check_join *j)
{
    const struct mpa_subflow *sf = e->subflow;
    enum mpa_dir me = e->dir, peer = check_other(me);
    const struct mpa_conn **set = recent_of(c, &e->segment->dst);

    for (int i = 0; i < CHECK_RECENT_WAYS; i++) {
        const struct mpa_conn *conn = set[i];
        uint8_t want[MPA_HMAC_MAX];

        if (!conn || !check_has_keys(conn))
            continue;
        mpa_crypto_join_hmac(mpa_dialect_hash((enum mpa_dialect)conn->dialect), conn->data[me].key,
                             conn->data[peer].key, sf->half[me].nonce, sf->half[peer].nonce, want);
        if (memcmp(want, e->option->join.hmac, 8) == 0) {
            j->flags |= CHECK_JOIN_FOREIGN;
            j->accepted_token = conn->data[me].token;
        }
    }
}

/* ---- Events -------------------------------------------------------------------------- */

static void on_join(struct mpa_check *c, const struct mpa_event *e)
{
    struct mpa_subflow *sf = e->subflow;
    enum mpa_dir to = check_opener(sf);
    struct check_join *j = calloc(1, sizeof *j);
    struct mpa_guess *g;

    check_subflow_of(sf)->join.join = j;
    if (!j) {
        c->status = MPA_ERR_NOMEM;
        return;
    }
    j->join_size = NO_JOIN_OPTION;
    if (!(sf->flags & MPA_SF_JOIN_TOKEN))
        return;
    note(&j->syn, e->frame, e->ns);
    for (const struct mpa_advert *a = e->conn->adverts; a; a = a->next)
        if (a->from == check_other(to) && mpa_addr_eq(&a->addr, &sf->flow.addr[to]) &&
            (a->port == 0 || a->port == sf->flow.port[to]) && a->last_ns > j->advert_ns)
            j->advert_ns = a->last_ns;
    if (!(e->conn->flags & MPA_CONN_JOINS_ONLY))
        return;
    g = check_guess(c, &e->segment->src, e->ns);
    if (g) {
        g->unknown_tokens++;
        j->flags |= CHECK_JOIN_GUESS;
    }
}

static void on_hmac(struct mpa_check *c, const struct mpa_event *e)
{
    struct check_join *j = join_of(e->subflow);
    const struct mpa_conn *conn = e->conn;
    int which = e->option->join.hmac_size == 20;
    struct check_packet *bad;
    uint8_t want[MPA_HMAC_MAX];
    struct mpa_guess *g;
    enum mpa_dir me = e->dir, peer = check_other(me);

    if (!j)
        return;
    if (e->value == MPA_HMAC_UNVERIFIABLE && !which && (conn->flags & MPA_CONN_JOINS_ONLY) &&
        (e->subflow->half[peer].flags & MPA_HALF_NONCE))
        find_owner(c, e, j);
    bad = which ? &j->bad_ack : &j->bad_synack;
    if (e->value != MPA_HMAC_BAD || check_packet_seen(bad))
        return;
    note(bad, e->frame, e->ns);
    mpa_crypto_join_hmac(mpa_dialect_hash((enum mpa_dialect)conn->dialect), conn->data[me].key,
                         conn->data[peer].key, e->subflow->half[me].nonce,
                         e->subflow->half[peer].nonce, want);
    j->bad_hmac[which] = mpa_load64(e->option->join.hmac);
    j->want_hmac[which] = mpa_load64(want);
    g = check_guess(c, &e->segment->src, e->ns);
    if (g)
        g->bad_hmacs++;
}

static void on_option(const struct mpa_event *e)
{
    struct check_join *j = join_of(e->subflow);
    const struct mpa_option *o = e->option;
    bool usable = o->cond == MPA_COND_OK || o->cond == MPA_COND_ILLEGAL;

    if (o->subtype == MPA_MP_CAPABLE && usable && o->capable.has_receiver_key &&
        e->dir == MPA_TO_SERVER && e->subflow->role == MPA_ROLE_INITIAL) {
        struct check_join_conn *cj = &check_conn_of(e->conn)->join;

        cj->client_flags = o->capable.flags;
        cj->client_known = true;
    }
    if (!j || (o->subtype != MPA_MP_JOIN && o->subtype != MPA_MP_TCPRST))
        return;
    if (j->options_frame != e->frame.frame) {
        j->options_frame = e->frame.frame;
        j->join_size = NO_JOIN_OPTION;
        j->flags &= (uint16_t)~CHECK_JOIN_HAS_REASON;
    }
    if (o->subtype == MPA_MP_JOIN && usable) {
        j->join_size = o->join.hmac_size;
    } else if (o->subtype == MPA_MP_TCPRST && usable) {
        j->flags |= CHECK_JOIN_HAS_REASON;
        j->reason_here = o->tcprst.reason;
        j->transient_here = o->tcprst.transient;
    }
}

static void on_remove(const struct mpa_event *e)
{
    struct check_join_conn *cj = &check_conn_of(e->conn)->join;
    struct check_removals *r = cj->removals;

    if (!r)
        r = cj->removals = calloc(1, sizeof *r);
    if (r && r->count < CHECK_REMOVALS)
        r->at[r->count] =
            (struct check_removal){.ns = e->ns, .id = (uint8_t)e->value, .from = (uint8_t)e->dir};
    if (r)
        r->count++;
}

static void on_event(struct mpa_check *c, const struct mpa_event *e)
{
    switch (e->kind) {
    case MPA_EVENT_SUBFLOW:
        if (e->subflow->role == MPA_ROLE_JOIN)
            on_join(c, e);
        break;
    case MPA_EVENT_ESTABLISHED:
        if (e->subflow->role == MPA_ROLE_INITIAL && e->conn->protocol == MPA_PROTOCOL_MPTCP)
            remember(c, e->subflow);
        break;
    case MPA_EVENT_HMAC:
        if (e->option->subtype == MPA_MP_JOIN)
            on_hmac(c, e);
        break;
    case MPA_EVENT_OPTION:
        on_option(e);
        break;
    case MPA_EVENT_REMOVE_ADDR:
        on_remove(e);
        break;
    case MPA_EVENT_DATA_FIN:
        if (check_conn_of(e->conn)->join.fin_ns[e->dir] == 0)
            check_conn_of(e->conn)->join.fin_ns[e->dir] = e->ns;
        break;
    default:
        break;
    }
}

/* ---- Segments of joined subflows ----------------------------------------------------- */

static bool is_whole(const struct mpa_segment *seg)
{
    return !seg->options_truncated && !seg->options_malformed;
}

static struct mpa_frame_ref frame_of(const struct mpa_segment *seg)
{
    return (struct mpa_frame_ref){seg->capture, (int64_t)seg->frame};
}

/* HMAC bytes of the segment's MP_JOIN. */
static uint8_t join_size(const struct check_join *j, const struct mpa_segment *seg)
{
    return j->options_frame == (int64_t)seg->frame ? j->join_size : NO_JOIN_OPTION;
}

static bool bad_synack(const struct mpa_subflow *sf, const struct check_join *j)
{
    return sf->join_synack_hmac == MPA_HMAC_BAD ||
           ((j->flags & CHECK_JOIN_BARE_SYNACK) && sf->join_synack_hmac == MPA_HMAC_NONE);
}

static bool bad_ack(const struct mpa_subflow *sf, const struct check_join *j)
{
    return sf->join_ack_hmac == MPA_HMAC_BAD ||
           ((j->flags & CHECK_JOIN_BARE_ACK) && sf->join_ack_hmac == MPA_HMAC_NONE);
}

static void note_rst(struct mpa_check *c, const struct mpa_segment *seg,
                     const struct mpa_subflow *sf, enum mpa_dir dir)
{
    struct check_join *j = join_of(sf);
    struct mpa_guess *g;

    if (check_packet_seen(&j->rst[dir]))
        return;
    note(&j->rst[dir], frame_of(seg), seg->ns);
    if (dir == check_opener(sf))
        return;
    if (j->options_frame == (int64_t)seg->frame && (j->flags & CHECK_JOIN_HAS_REASON)) {
        j->flags |= CHECK_JOIN_REASON;
        j->reason = j->reason_here;
        if (j->transient_here)
            j->flags |= CHECK_JOIN_TRANSIENT;
    }
    if (!is_whole(seg))
        j->flags |= CHECK_JOIN_RST_CUT;
    if ((j->flags & CHECK_JOIN_GUESS) && !check_packet_seen(&j->synack)) {
        g = check_guess(c, &sf->flow.addr[dir], seg->ns);
        if (g)
            g->refused++;
    }
}

/* The opener's payload: before or after the fourth ACK. */
static void note_payload(const struct mpa_segment *seg, const struct mpa_subflow *sf,
                         enum mpa_dir dir, struct check_join *j)
{
    const struct mpa_half *listener = &sf->half[check_other(dir)];

    if (sf->usable_ns) {
        if (j->payload_ns == 0)
            j->payload_ns = seg->ns;
        return;
    }
    if (check_packet_seen(&j->early))
        return;
    note(&j->early, frame_of(seg), seg->ns);
    if (seg->ack != listener->isn + 1 ||
        (seg->has_ts && (listener->flags & MPA_HALF_TS) && seg->tsecr != j->synack_tsval))
        j->flags |= CHECK_JOIN_LATE;
}

/* The third ACK, and not a later packet behind one that was not captured: it answers the SYN/ACK, and says nothing of MPTCP. */
static bool is_bare_ack(const struct mpa_segment *seg, const struct mpa_half *h,
                        const struct mpa_half *listener, const struct check_join *j)
{
    return is_whole(seg) && seg->mptcp_count == 0 && seg->payload_size == 0 &&
           !(seg->flags & MPA_TCP_FIN) && seg->seq == h->isn + 1 && seg->ack == listener->isn + 1 &&
           !(seg->has_ts && (listener->flags & MPA_HALF_TS) && seg->tsecr != j->synack_tsval);
}

static void opener_sends(const struct mpa_segment *seg, const struct mpa_subflow *sf,
                         enum mpa_dir dir, struct check_join *j)
{
    const struct mpa_half *h = &sf->half[dir], *listener = &sf->half[check_other(dir)];

    if ((seg->flags & MPA_TCP_SYN) || !check_packet_seen(&j->synack))
        return;
    if (!check_packet_seen(&j->ack)) {
        note(&j->ack, frame_of(seg), seg->ns);
        if (is_bare_ack(seg, h, listener, j))
            j->flags |= CHECK_JOIN_BARE_ACK;
    } else if (join_size(j, seg) == 20 && j->repeated_ns == 0) {
        j->repeated_ns = seg->ns;
    }
    if ((seg->flags & MPA_TCP_FIN) && j->fin_ns == 0)
        j->fin_ns = seg->ns;
    if (bad_synack(sf, j) && !check_packet_seen(&j->rst[dir]) &&
        (seg->payload_size || seg->ns > j->synack.ns + SECOND + 2 * check_rtt(sf->conn, SECOND)))
        note(&j->goes_on, frame_of(seg), seg->ns);
    if (seg->payload_size)
        note_payload(seg, sf, dir, j);
}

static void listener_sends(const struct mpa_segment *seg, const struct mpa_subflow *sf,
                           enum mpa_dir dir, struct check_join *j)
{
    if (seg->flags & MPA_TCP_SYN) {
        if (!check_packet_seen(&j->synack) && is_whole(seg) && join_size(j, seg) != 8)
            j->flags |= CHECK_JOIN_BARE_SYNACK;
        if (check_packet_seen(&j->ack))
            j->flags |= CHECK_JOIN_ASKED;
        note(&j->synack, frame_of(seg), seg->ns);
        j->synack_tsval = seg->tsval;
        return;
    }
    if (!check_packet_seen(&j->ack))
        return;
    if (!check_packet_seen(&j->answer)) {
        note(&j->answer, frame_of(seg), seg->ns);
        j->answer_ack = seg->ack;
        if (seg->payload_size)
            j->flags |= CHECK_JOIN_CROSSING;
    }
    if (bad_ack(sf, j) && !check_packet_seen(&j->rst[dir]))
        note(&j->accepted, frame_of(seg), seg->ns);
}

static void on_segment(struct mpa_check *c, const struct mpa_segment *seg, struct mpa_subflow *sf,
                       enum mpa_dir dir, const struct mpa_facts *facts)
{
    const struct mpa_conn *conn = sf->conn;
    struct check_join_conn *cj = &check_conn_of(conn)->join;
    struct check_join *j;

    (void)facts;
    if (conn->flags & MPA_CONN_INFINITE)
        note(&cj->infinite, frame_of(seg), seg->ns);
    if (conn->data[0].flags & conn->data[1].flags & MPA_DATA_FIN_ACKED)
        note(&cj->finished, frame_of(seg), seg->ns);
    j = sf->role == MPA_ROLE_JOIN ? join_of(sf) : NULL;
    if (!j)
        return;
    if (seg->flags & MPA_TCP_RST)
        note_rst(c, seg, sf, dir);
    else if (dir == check_opener(sf))
        opener_sends(seg, sf, dir, j);
    else
        listener_sends(seg, sf, dir, j);
}

/* ---- The end ------------------------------------------------------------------------- */

static void on_end(struct mpa_check *c, const struct mpa_conn *conn)
{
    struct check_join_conn *cj = &check_conn_of(conn)->join;

    for (const struct mpa_subflow *sf = conn->subflows; sf; sf = sf->next) {
        free(join_of(sf));
        check_subflow_of(sf)->join.join = NULL;
    }
    free(cj->removals);
    cj->removals = NULL;
    forget(c, conn);
}

static void on_close(struct mpa_check *c)
{
    free(c->join.guesses);
    free(c->join.guess_index);
}

const struct check_watcher check_watch_join = {
    .event = on_event, .segment = on_segment, .end = on_end, .close = on_close};
