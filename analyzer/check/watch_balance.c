/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rules of the group balance need to remember. */
#include "internal.h"

#include <stdlib.h>

#define GRACE_NS     (100 * MILLI) /* g of D.4 is one round trip and this. */
#define STALE_NS     (200 * MILLI) /* The least RTO of Linux; with one round trip: a segment is lost. */
#define IDLE_NS      (10 * SECOND) /* A backup subflow that has been silent so long is idle. */
#define PRIO_OPTIONS 36            /* An option area of this size has room for an MP_PRIO. */
#define CONFIRM_NS   SECOND        /* An acknowledgement that was on its way has arrived. */
#define IDS          64            /* Subflow ids that bit sets hold. */

int64_t balance_time(const struct mpa_conn *conn)
{
    int64_t rtt = check_rtt(conn, 0);

    return 3 * rtt > SECOND ? 3 * rtt : SECOND;
}

bool balance_active(const struct mpa_check *c, const struct mpa_conn *conn)
{
    const struct mpa_data_half *server = &conn->data[MPA_TO_CLIENT];

    if (conn->protocol != MPA_PROTOCOL_MPTCP)
        return false;
    return c->config.profile == MPA_PROFILE_LB ||
           ((server->flags & MPA_DATA_CAPABLE) && (server->capable_flags & MPA_CAPABLE_C));
}

bool balance_has_gaps(const struct mpa_conn *conn)
{
    for (const struct mpa_subflow *sf = conn->subflows; sf; sf = sf->next)
        for (int dir = 0; dir < 2; dir++)
            if (check_lost(sf, (enum mpa_dir)dir) || mpa_space_hole_count(&sf->half[dir].seen))
                return true;
    return false;
}

/* Established and alive: a join is that from its fourth ACK on. */
static bool is_established(const struct mpa_subflow *sf)
{
    return mpa_subflow_is_live(sf) && (sf->usable_ns || (sf->flags & MPA_SF_MIDSTREAM));
}

bool balance_direct_usable(const struct mpa_conn *conn, enum mpa_dir dir, int64_t ns)
{
    for (const struct mpa_subflow *sf = conn->subflows; sf; sf = sf->next) {
        int64_t waiting_ns = check_subflow_of(sf)->balance.waiting_ns[dir];

        if (!mpa_subflow_is_direct(sf) || !is_established(sf) ||
            sf->half[check_other(dir)].backup == 1)
            continue;
        if (waiting_ns == 0 || ns - waiting_ns <= STALE_NS + check_rtt(conn, 0))
            return true;
    }
    return false;
}

bool balance_other_idle(const struct mpa_conn *conn, const struct balance_death *d,
                        enum mpa_dir dir)
{
    for (const struct mpa_subflow *sf = conn->subflows; sf; sf = sf->next)
        if (sf->id < IDS && (d->others >> sf->id & 1) && mpa_subflow_is_live(sf) &&
            check_subflow_of(sf)->balance.waiting_ns[dir] == 0)
            return true;
    return false;
}

bool balance_ignores_prio(const struct check_balance_conn *b)
{
    const uint64_t *after = b->after[MPA_TO_SERVER];

    return b->prio_ns && after[0] && after[1] == 0;
}

static struct balance_rare *rare(struct mpa_check *c, struct mpa_conn *conn)
{
    struct check_balance_conn *b = &check_conn_of(conn)->balance;

    if (!b->rare)
        b->rare = calloc(1, sizeof *b->rare);
    if (!b->rare)
        c->status = MPA_ERR_NOMEM;
    return b->rare;
}

/* ---- Addresses --------------------------------------------------------------------------- */

static struct balance_place *place_find(const struct check_balance_all *all,
                                        enum balance_place_kind kind, const struct mpa_addr *addr,
                                        uint16_t port, const struct mpa_addr *behind)
{
    for (int i = 0; i < all->place_count; i++) {
        struct balance_place *p = &all->places[i];

        if (p->kind == kind && p->port == port && mpa_addr_eq(&p->addr, addr) &&
            (!behind || mpa_addr_eq(&p->behind, behind)))
            return p;
    }
    return NULL;
}

/* The place, made where it is new; NULL where it does not fit. */
static struct balance_place *place_add(struct mpa_check *c, enum balance_place_kind kind,
                                       const struct mpa_addr *addr, uint16_t port,
                                       const struct mpa_addr *behind)
{
    struct check_balance_all *all = &c->balance;
    struct balance_place *p = place_find(all, kind, addr, port, behind);

    if (p)
        return p;
    if (!all->places)
        all->places = calloc(BALANCE_PLACES, sizeof *all->places);
    if (!all->places)
        c->status = MPA_ERR_NOMEM;
    if (!all->places || all->place_count == BALANCE_PLACES)
        return NULL;
    p = &all->places[all->place_count++];
    *p = (struct balance_place){.addr = *addr, .port = port, .kind = (uint8_t)kind};
    if (behind)
        p->behind = *behind;
    return p;
}

/*
 * The unique address that a server advertises first.  One server may have several, and may be set
 * up anew; but where one that gave way to another comes back, there are two servers.
 */
static void note_behind(struct mpa_check *c, const struct mpa_event *e,
                        const struct mpa_subflow *first)
{
    const struct mpa_addr *vip = &first->flow.addr[MPA_TO_SERVER];
    uint16_t port = first->flow.port[MPA_TO_SERVER];
    const struct check_balance_all *all = &c->balance;
    struct balance_place *p = place_add(c, BALANCE_BEHIND, vip, port, &e->advert->addr);

    for (int i = 0; p && p->last_ns && i < all->place_count; i++) {
        const struct balance_place *o = &all->places[i];

        if (o->kind == BALANCE_BEHIND && o->last_ns > p->last_ns && o->port == port &&
            mpa_addr_eq(&o->addr, vip) &&
            mpa_addr_is_v4(&o->behind) == mpa_addr_is_v4(&p->behind)) {
            place_add(c, BALANCE_SEVERAL, vip, port, NULL);
            break;
        }
    }
    if (p)
        p->last_ns = e->ns;
}

/* A unique address: the server advertises it beside the one that the client knows. */
static void on_add_addr(struct mpa_check *c, const struct mpa_event *e)
{
    const struct mpa_subflow *first = mpa_conn_initial(e->conn);

    if (e->dir != MPA_TO_CLIENT || !first || e->advert->hmac == MPA_HMAC_BAD ||
        mpa_addr_eq(&e->advert->addr, &first->flow.addr[MPA_TO_SERVER]))
        return;
    if (e->advert == e->conn->adverts && e->value == 1)
        note_behind(c, e, first);
    if (!balance_active(c, e->conn))
        return;
    place_add(c, BALANCE_UNIQUE, &e->advert->addr,
              e->advert->port ? e->advert->port : first->flow.port[MPA_TO_SERVER], NULL);
}

static void on_established(const struct mpa_event *e)
{
    if (e->subflow->role == MPA_ROLE_INITIAL)
        check_conn_of(e->conn)->balance.third_ack = e->frame;
}

/* ---- Endings ----------------------------------------------------------------------------- */

/* Data of the oldest mapping that the peer has not acknowledged on this subflow. */
static void note_flight(const struct mpa_half *h, uint64_t *ret_start, uint64_t *ret_end)
{
    if (!h->seen.begun || h->acked == 0)
        return;
    for (int i = 0; i < MPA_MAPPINGS; i++) {
        const struct mpa_mapping *m = &h->map[i];
        uint64_t end = m->seq + m->size < h->seen.next ? m->seq + m->size : h->seen.next;
        uint64_t start = m->seq > h->acked ? m->seq : h->acked;

        if (m->size == 0 || start >= end)
            continue;
        if (*ret_end == 0 || m->dsn + (start - m->seq) < *ret_start) {
            *ret_start = m->dsn + (start - m->seq);
            *ret_end = m->dsn + (end - m->seq);
        }
    }
}

static bool is_outstanding(const struct mpa_data_half *d)
{
    return d->seen.begun && d->acked && (int64_t)(d->seen.next - d->acked) > 0;
}

/* The first RST of an established subflow beside another one. */
static void note_death(struct mpa_check *c, const struct mpa_event *e)
{
    const struct mpa_subflow *dead = e->subflow;
    struct balance_rare *r;
    struct balance_death d = {
        .ns = e->ns, .frame = e->frame, .subflow = dead->id, .dir = (uint8_t)e->dir};

    if (e->conn->subflow_count < 2 || !is_established(dead))
        return;
    for (const struct mpa_subflow *sf = e->conn->subflows; sf; sf = sf->next)
        if (sf != dead && sf->id < IDS && is_established(sf))
            d.others |= UINT64_C(1) << sf->id;
    r = d.others ? rare(c, e->conn) : NULL;
    if (!r || r->death_count == BALANCE_DEATHS)
        return;
    for (int dir = 0; dir < 2; dir++) {
        const struct mpa_data_half *data = &e->conn->data[dir];

        note_flight(&dead->half[dir], &d.flight_start[dir], &d.flight_end[dir]);
        d.sent_next[dir] = data->seen.next;
        d.since_ns[dir] = is_outstanding(data) ? e->ns : 0;
    }
    r->deaths[r->death_count++] = d;
}

/* Told before the state changes. */
static void note_ending(const struct mpa_event *e)
{
    struct balance_rare *r = check_conn_of(e->conn)->balance.rare;
    const struct mpa_half *peer = &e->subflow->half[check_other(e->dir)];

    if (!r || r->death_count == 0 || r->ending_count == BALANCE_ENDINGS)
        return;
    r->endings[r->ending_count++] =
        (struct balance_ending){.ns = e->ns,
                                .frame = e->frame,
                                .subflow = e->subflow->id,
                                .dir = (uint8_t)e->dir,
                                .answer = (peer->flags & (MPA_HALF_RST | MPA_HALF_FIN)) != 0};
}

/* A stateless answer as it is meant to be, but for an MP_TCPRST (AC-07). */
static void note_shape(const struct mpa_event *e)
{
    struct check_balance_subflow *s = &check_subflow_of(e->subflow)->balance;
    const struct mpa_segment *seg = e->segment;

    if (e->dir != MPA_TO_CLIENT || (s->rst_shape & BALANCE_RST_SEEN))
        return;
    s->rst_shape |= BALANCE_RST_SEEN;
    if (!(seg->flags & MPA_TCP_ACK) && seg->window == 0 && (seg->v6 || seg->ip_id == 0) &&
        seg->mptcp_count == 1 && seg->options_size == 4)
        s->rst_shape |= BALANCE_RST_STATELESS;
}

static void on_rst(struct mpa_check *c, const struct mpa_event *e)
{
    note_shape(e);
    if (e->conn->protocol != MPA_PROTOCOL_MPTCP)
        return;
    note_ending(e);
    note_death(c, e);
}

/* ---- Events ------------------------------------------------------------------------------ */

static void note_odd(struct mpa_check *c, struct mpa_subflow *sf, struct mpa_frame_ref frame,
                     bool rival)
{
    struct balance_rare *r = rare(c, sf->conn);

    if (r && r->odd_count < BALANCE_ODD)
        r->odd[r->odd_count++] =
            (struct balance_odd_synack){.frame = frame, .subflow = sf->id, .rival = rival};
}

static void on_prio(struct mpa_check *c, const struct mpa_event *e)
{
    struct check_balance_conn *b = &check_conn_of(e->conn)->balance;
    const struct mpa_subflow *first = mpa_conn_initial(e->conn);

    if (e->dir != MPA_TO_CLIENT || b->prio_ns || !first || first->half[e->dir].backup != 1)
        return;
    b->prio_ns = e->ns;
    b->prio_frame = e->frame;
    place_add(c, BALANCE_BACKUP, &first->flow.addr[MPA_TO_SERVER], first->flow.port[MPA_TO_SERVER],
              NULL);
    /* The cut moves (D.4). */
    memset(b->after, 0, sizeof b->after);
}

static void note_over(const struct mpa_event *e)
{
    struct check_balance_conn *b = &check_conn_of(e->conn)->balance;
    bool whole = e->kind == MPA_EVENT_DATA_FIN || e->kind == MPA_EVENT_FASTCLOSE;

    if (b->over_ns == 0 && (whole || e->subflow->role == MPA_ROLE_INITIAL))
        b->over_ns = e->ns;
}

static void on_event(struct mpa_check *c, const struct mpa_event *e)
{
    switch (e->kind) {
    case MPA_EVENT_OPTION:
        if (e->option->subtype == MPA_DSS && e->dir == MPA_TO_CLIENT)
            check_conn_of(e->conn)->balance.dss_ns = e->ns;
        break;
    case MPA_EVENT_SUBFLOW:
        if (e->segment && (e->segment->flags & (MPA_TCP_SYN | MPA_TCP_ACK)) == MPA_TCP_SYN)
            check_subflow_of(e->subflow)->balance.syn = e->frame;
        break;
    case MPA_EVENT_SYNACK:
        check_subflow_of(e->subflow)->balance.synack = e->frame;
        break;
    case MPA_EVENT_SPLIT:
        note_odd(c, e->subflow, e->frame, true);
        place_add(c, BALANCE_SEVERAL, &e->subflow->flow.addr[MPA_TO_SERVER],
                  e->subflow->flow.port[MPA_TO_SERVER], NULL);
        break;
    case MPA_EVENT_ESTABLISHED:
        on_established(e);
        break;
    case MPA_EVENT_ADD_ADDR:
        on_add_addr(c, e);
        break;
    case MPA_EVENT_REMOVE_ADDR:
        check_conn_of(e->conn)->balance.flags |= BALANCE_REMOVED;
        break;
    case MPA_EVENT_PRIO:
        on_prio(c, e);
        break;
    case MPA_EVENT_DATA_FIN:
    case MPA_EVENT_FASTCLOSE:
        note_over(e);
        break;
    case MPA_EVENT_FIN:
        note_over(e);
        note_ending(e);
        break;
    case MPA_EVENT_RST:
        note_over(e);
        on_rst(c, e);
        break;
    default:
        break;
    }
}

/* ---- Segments ---------------------------------------------------------------------------- */

/* Since when the oldest segment of each sender waits. */
static void note_waiting(struct check_balance_subflow *s, const struct mpa_subflow *sf,
                         enum mpa_dir dir, int64_t ns, const struct mpa_facts *facts)
{
    enum mpa_dir peer = check_other(dir);
    const struct mpa_half *acked = &sf->half[peer];

    if ((facts->new_bytes || facts->old_bytes) && s->waiting_ns[dir] == 0 &&
        sf->half[dir].acked < sf->half[dir].seen.next)
        s->waiting_ns[dir] = ns;
    if (acked->acked > s->acked[peer]) {
        s->acked[peer] = acked->acked;
        s->waiting_ns[peer] = acked->acked >= acked->seen.next ? 0 : ns;
    }
}

/* New mappings after the cut (D.4), as long as a direct subflow could have carried them. */
static void note_declared(struct check_balance_conn *b, const struct mpa_segment *seg,
                          const struct mpa_subflow *sf, enum mpa_dir dir, uint32_t bytes)
{
    const struct mpa_conn *conn = sf->conn;
    bool direct = mpa_subflow_is_direct(sf);
    int64_t tm = b->prio_ns > conn->direct_usable_ns ? b->prio_ns : conn->direct_usable_ns;

    if (seg->ns <= tm + mpa_conn_rtt0(conn) + GRACE_NS)
        return;
    if (!direct && !balance_direct_usable(conn, dir, seg->ns))
        return;
    if (!direct && b->after[dir][0] == 0)
        b->after_frame[dir] = (struct mpa_frame_ref){seg->capture, (int64_t)seg->frame};
    b->after[dir][direct] += bytes;
}

/*
 * The sender did something for its data, or it advanced: how long had nothing been done?  Believed
 * where the receiver said meanwhile that it lacks data, or the sender now sends it again: else the
 * capture may lack an acknowledgement.
 */
static void end_stall(const struct mpa_conn *conn, struct balance_death *d, enum mpa_dir dir,
                      int64_t ns, bool again)
{
    int64_t stall_ns = d->since_ns[dir] ? ns - d->since_ns[dir] : 0;

    if (stall_ns > d->stall_ns[dir] && (again || d->confirmed[dir]) &&
        balance_other_idle(conn, d, dir)) {
        d->stall_ns[dir] = stall_ns;
        d->stall_end_ns[dir] = ns;
    }
    d->since_ns[dir] = is_outstanding(&conn->data[dir]) ? ns : 0;
    d->confirmed[dir] = false;
}

/* What becomes of the data after a death. */
static void after_death(struct balance_death *d, const struct mpa_segment *seg,
                        const struct mpa_subflow *sf, enum mpa_dir dir,
                        const struct mpa_facts *facts)
{
    const struct mpa_conn *conn = sf->conn;
    enum mpa_dir peer = check_other(dir);
    uint64_t next = conn->data[dir].seen.next;
    bool other = sf->id != d->subflow;

    if (other && seg->payload_size)
        end_stall(conn, d, dir, seg->ns, facts->reinjected > 0);
    else if (d->since_ns[dir] == 0 && is_outstanding(&conn->data[dir]))
        d->since_ns[dir] = seg->ns;
    if (facts->data_acked)
        end_stall(conn, d, peer, seg->ns, false);
    else if (other && seg->mptcp_count && d->since_ns[peer] &&
             seg->ns > d->since_ns[peer] + CONFIRM_NS)
        d->confirmed[peer] = true;
    if (!other) {
        /* Its sender does not know yet that the subflow is dead (a ghost, C.7). */
        if (facts->new_data && d->flight_end[dir] == 0 && (int64_t)(next - d->sent_next[dir]) > 0) {
            d->flight_start[dir] = next - facts->new_data;
            d->flight_end[dir] = d->sent_next[dir] = next;
        }
        return;
    }
    if (facts->reinjected)
        d->reinjected[dir] = true;
    if (facts->new_data && d->later_ns[dir] == 0 && (int64_t)(next - d->sent_next[dir]) > 0 &&
        (int64_t)(next - d->flight_end[dir]) > 0) {
        d->later_ns[dir] = seg->ns;
        d->later[dir] = (struct mpa_frame_ref){seg->capture, (int64_t)seg->frame};
    }
}

/* An idle VIP subflow carries data again because nothing else can. */
static void note_need(struct mpa_check *c, const struct mpa_segment *seg, struct mpa_subflow *sf,
                      enum mpa_dir dir)
{
    int64_t last_ns = check_subflow_of(sf)->balance.last_ns;
    struct balance_rare *r = check_conn_of(sf->conn)->balance.rare;
    struct balance_need *n = r ? &r->need : NULL;

    if (n && n->ns) {
        if (dir != n->dir && !(seg->flags & MPA_TCP_RST))
            n->answered = true;
        if (dir == n->dir && seg->payload_size && !n->answered) {
            n->tries++;
            n->last_ns = seg->ns;
        }
        return;
    }
    if (seg->payload_size == 0 || seg->ns - last_ns < IDLE_NS ||
        (sf->half[0].backup != 1 && sf->half[1].backup != 1) ||
        balance_direct_usable(sf->conn, dir, seg->ns))
        return;
    r = rare(c, sf->conn);
    if (r)
        r->need = (struct balance_need){.ns = seg->ns,
                                        .idle_ns = seg->ns - last_ns,
                                        .last_ns = seg->ns,
                                        .frame = {seg->capture, (int64_t)seg->frame},
                                        .tries = 1,
                                        .dir = (uint8_t)dir};
}

static void on_segment(struct mpa_check *c, const struct mpa_segment *seg, struct mpa_subflow *sf,
                       enum mpa_dir dir, const struct mpa_facts *facts)
{
    struct check_balance_conn *b = &check_conn_of(sf->conn)->balance;
    struct check_balance_subflow *s = &check_subflow_of(sf)->balance;
    bool initial = sf->role == MPA_ROLE_INITIAL;

    if (seg->options_truncated)
        b->flags |= BALANCE_TRUNCATED;
    if ((seg->flags & MPA_TCP_SYN) && (seg->flags & MPA_TCP_ACK) &&
        (sf->half[dir].flags & MPA_HALF_RST))
        note_odd(c, sf, (struct mpa_frame_ref){seg->capture, (int64_t)seg->frame}, false);
    if (sf->conn->protocol != MPA_PROTOCOL_MPTCP)
        return;
    if (dir == MPA_TO_CLIENT && initial && sf->established_ns && seg->options_size <= PRIO_OPTIONS)
        b->flags |= BALANCE_ROOM;
    for (int i = 0; b->rare && i < b->rare->death_count; i++)
        after_death(&b->rare->deaths[i], seg, sf, dir, facts);
    if (sf->conn->direct_usable_ns && initial)
        note_need(c, seg, sf, dir);
    note_waiting(s, sf, dir, seg->ns, facts);
    if (facts->declared && sf->conn->direct_usable_ns)
        note_declared(b, seg, sf, dir, facts->declared);
    s->last_ns = seg->ns;
}

/* ---- Ends -------------------------------------------------------------------------------- */

/* Who ignored MP_PRIO once is said to (LB-05). */
static void note_peer(struct mpa_check *c, const struct mpa_conn *conn)
{
    struct check_balance_all *all = &c->balance;
    const struct mpa_addr *client;

    if (!conn->subflows || !balance_ignores_prio(&check_conn_of(conn)->balance))
        return;
    client = &conn->subflows->flow.addr[MPA_TO_CLIENT];
    for (int i = 0; i < all->peer_count; i++)
        if (mpa_addr_eq(&all->peers[i], client))
            return;
    if (!all->peers)
        all->peers = calloc(BALANCE_PEERS, sizeof *all->peers);
    if (all->peers && all->peer_count < BALANCE_PEERS)
        all->peers[all->peer_count++] = *client;
}

static void on_end(struct mpa_check *c, const struct mpa_conn *conn)
{
    struct check_balance_conn *b = &check_conn_of(conn)->balance;

    note_peer(c, conn);
    free(b->rare);
    b->rare = NULL;
}

static void on_close(struct mpa_check *c)
{
    free(c->balance.places);
    free(c->balance.peers);
}

const struct check_watcher check_watch_balance = {
    .event = on_event, .segment = on_segment, .end = on_end, .close = on_close};
