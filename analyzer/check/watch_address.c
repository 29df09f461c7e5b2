/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rules of the group address need to remember. */
#include "internal.h"

#include <stdlib.h>

#define SIGNALS                                                                                    \
    (MPA_SUBTYPE_BIT(MPA_ADD_ADDR) | MPA_SUBTYPE_BIT(MPA_REMOVE_ADDR) |                            \
     MPA_SUBTYPE_BIT(MPA_MP_PRIO))
#define STOP_AFTER  (3 * SECOND)  /* RM-02 */
#define RTT_UNKNOWN (200 * MILLI) /* Where no handshake was captured: longer than most. */
#define RTO_MIN     (200 * MILLI)
#define FAR         (1 << 26) /* No window is wider. */

/* ---- What judges ask ------------------------------------------------------------------- */

static bool is_initial_ttl(uint8_t ttl)
{
    return ttl == 64 || ttl == 128 || ttl == 255;
}

int address_beside(const struct mpa_conn *conn, enum mpa_dir dir)
{
    const struct mpa_subflow *sf = mpa_conn_initial(conn);
    int beside = check_beside_sender(conn, dir);
    bool own, others;

    if (beside == 0 || !sf || !sf->half[0].ttl || !sf->half[1].ttl)
        return beside;
    own = is_initial_ttl(sf->half[dir].ttl);
    others = is_initial_ttl(sf->half[check_other(dir)].ttl);
    if (own == others)
        return beside;
    /* Where a packet of the handshake is missing, its times say the contrary. */
    return beside == 1 && !own ? -1 : own;
}

const struct mpa_addr *address_initial(const struct mpa_conn *conn, enum mpa_dir owner)
{
    const struct mpa_subflow *sf = mpa_conn_initial(conn);

    return sf ? &sf->flow.addr[check_other(owner)] : NULL;
}

int64_t address_patience(const struct mpa_conn *conn)
{
    int64_t rtt = check_rtt(conn, RTT_UNKNOWN), rto = 2 * rtt;

    return rtt + (rto > RTO_MIN ? rto : RTO_MIN);
}

/* Who has the echo stops; who stands elsewhere sees what was under way when it came. */
static bool is_late(const struct mpa_event *e, int64_t echoed_ns)
{
    int64_t patience = address_beside(e->conn, e->dir) == 1
                           ? address_patience(e->conn)
                           : check_rtt(e->conn, RTT_UNKNOWN) + 100 * MILLI;

    return e->ns > echoed_ns + patience;
}

bool address_id_known(const struct mpa_conn *conn, enum mpa_dir owner, uint8_t id)
{
    int n = 0;

    for (const struct mpa_subflow *sf = conn->subflows; sf; sf = sf->next) {
        const struct mpa_half *h = &sf->half[owner];

        if (n++ == ADDRESS_SUBFLOWS)
            return true;
        if (sf->role == MPA_ROLE_INITIAL ? id == 0
                                         : (h->flags & MPA_HALF_NONCE) && h->address_id == id)
            return true;
    }
    for (const struct mpa_advert *a = conn->adverts; a; a = a->next)
        if (a->from == owner && a->id == id)
            return true;
    return false;
}

bool address_gaps(const struct mpa_subflow *sf, enum mpa_dir dir)
{
    uint8_t flags = check_subflow_of(sf)->address.trace[dir].flags;

    return (flags & ADDRESS_TS_UNSEEN) ||
           ((flags & ADDRESS_SEQUENTIAL) && (flags & ADDRESS_JUMPED));
}

bool address_traced(const struct mpa_subflow *sf, enum mpa_dir dir)
{
    uint8_t flags = check_subflow_of(sf)->address.trace[dir].flags;

    return (flags & (ADDRESS_TS | ADDRESS_SEQUENTIAL)) != 0;
}

bool address_keys_sure(const struct mpa_conn *conn)
{
    const struct check_address_conn *area = &check_conn_of(conn)->address;

    return !area->claims || (memcmp(area->claimed[0], conn->data[0].key, MPA_KEY_SIZE) == 0 &&
                             memcmp(area->claimed[1], conn->data[1].key, MPA_KEY_SIZE) == 0);
}

bool address_in_window(const struct mpa_subflow *sf, enum mpa_dir dir,
                       const struct mpa_segment *seg)
{
    const struct mpa_half *h = &sf->half[dir];
    int64_t far;

    if (!h->seen.begun)
        return true;
    far = (int64_t)(mpa_half_unwrap(h, seg->seq) - h->seen.next);
    return far > -FAR && far < FAR;
}

bool address_is_private(const struct mpa_addr *addr)
{
    const uint8_t *b = addr->b;

    if (!mpa_addr_is_v4(addr))
        return (b[0] & 0xfe) == 0xfc || (b[0] == 0xfe && (b[1] & 0xc0) == 0xc0);
    b += 12;
    return b[0] == 10 || (b[0] == 172 && (b[1] & 0xf0) == 16) || (b[0] == 192 && b[1] == 168) ||
           (b[0] == 100 && (b[1] & 0xc0) == 64);
}

bool address_too_much(const struct address_notes *n, const struct address_path *p,
                      const struct address_use *use, enum mpa_dir dir)
{
    uint64_t elsewhere =
        n && n->elsewhere[dir] > p->elsewhere[dir] ? n->elsewhere[dir] - p->elsewhere[dir] : 0;

    return use->bytes > ADDRESS_BYTES_MIN && use->bytes > (use->bytes + elsewhere) / ADDRESS_SHARE;
}

const struct address_advert *address_find(const struct check_address_conn *area,
                                          const struct mpa_advert *advert)
{
    for (int i = 0; area->notes && i < area->notes->advert_count; i++)
        if (area->notes->adverts[i].advert == advert)
            return &area->notes->adverts[i];
    return NULL;
}

bool address_unanswered(const struct mpa_conn *conn, const struct address_advert *a)
{
    int64_t until = conn->closed_ns ? conn->closed_ns : conn->last_ns;

    return a->advert->echoes == 0 && a->advert->joined == 0 && a->answers >= 3 &&
           until - a->advert->first_ns >= SECOND &&
           address_beside(conn, check_other((enum mpa_dir)a->advert->from)) == 1;
}

/* ---- Hosts ----------------------------------------------------------------------------- */

uint8_t address_habits(const struct check_address_all *all, const struct mpa_addr *peer)
{
    const struct address_peer *p =
        all->peers && peer ? &all->peers[check_addr_slot(peer, ADDRESS_PEERS)] : NULL;

    return p && p->habits && mpa_addr_eq(&p->addr, peer) ? p->habits : 0;
}

static void learn(struct mpa_check *c, const struct mpa_addr *peer, uint8_t habit)
{
    struct address_peer *p;

    if (!peer)
        return;
    if (!c->address.peers)
        c->address.peers = calloc(ADDRESS_PEERS, sizeof *c->address.peers);
    if (!c->address.peers) {
        c->status = MPA_ERR_NOMEM;
        return;
    }
    p = &c->address.peers[check_addr_slot(peer, ADDRESS_PEERS)];
    if (!mpa_addr_eq(&p->addr, peer))
        *p = (struct address_peer){.addr = *peer};
    p->habits |= habit;
}

/* ---- Areas ----------------------------------------------------------------------------- */

static struct address_notes *notes_of(struct mpa_check *c, const struct mpa_conn *conn)
{
    struct check_address_conn *area = &check_conn_of(conn)->address;

    if (!area->notes)
        area->notes = calloc(1, sizeof *area->notes);
    if (!area->notes)
        c->status = MPA_ERR_NOMEM;
    return area->notes;
}

static struct address_path *path_of(struct mpa_check *c, const struct mpa_subflow *sf)
{
    struct check_address_subflow *area = &check_subflow_of(sf)->address;

    if (!area->path)
        area->path = calloc(1, sizeof *area->path);
    if (!area->path)
        c->status = MPA_ERR_NOMEM;
    return area->path;
}

static struct address_advert *advert_of(struct mpa_check *c, const struct mpa_event *e)
{
    struct address_notes *n = notes_of(c, e->conn);

    for (int i = 0; n && i < n->advert_count; i++)
        if (n->adverts[i].advert == e->advert)
            return &n->adverts[i];
    if (!n || !check_grow(&n->adverts, n->advert_count, &n->advert_capacity, sizeof *n->adverts)) {
        c->status = MPA_ERR_NOMEM;
        return NULL;
    }
    n->adverts[n->advert_count] = (struct address_advert){.advert = e->advert};
    return &n->adverts[n->advert_count++];
}

static struct address_moment moment_of(const struct mpa_event *e)
{
    return (struct address_moment){e->ns, e->frame};
}

/* ---- ADD_ADDR and its echo ------------------------------------------------------------- */

static void on_copy(struct mpa_check *c, const struct mpa_event *e)
{
    struct address_advert *a = advert_of(c, e);
    int count = 0;

    if (!a)
        return;
    if (e->advert->hmac == MPA_HMAC_BAD) { /* Not its sender's words, or not for anybody to hear. */
        a->bad++;
        return;
    }
    if (a->good == 0)
        learn(c, &e->advert->addr, ADDRESS_ADVERTISED);
    if (a->good++ == 0 && e->advert->echoes == 0) {
        a->subflow = e->subflow->id;
        a->open = true;
        check_conn_of(e->conn)->address.notes->open++;
    }
    a->has_mac = e->segment->has_macs;
    memcpy(a->mac, e->segment->src_mac, sizeof a->mac);
    a->previous_ns = a->copy_ns;
    a->copy_ns = e->ns;
    if (a->echoed_ns && !a->late.frame.frame && is_late(e, a->echoed_ns)) {
        a->late = moment_of(e);
        a->late_ns = e->ns - a->echoed_ns;
    }
    /* What was removed is there again. */
    for (struct mpa_subflow *sf = e->conn->subflows; sf && count < ADDRESS_SUBFLOWS;
         sf = sf->next, count++) {
        struct address_path *p = check_subflow_of(sf)->address.path;

        if (p && p->removed_by == e->dir &&
            mpa_addr_eq(&sf->flow.addr[check_other(e->dir)], &e->advert->addr))
            p->removed.frame.frame = 0;
    }
}

/* An echo that another machine gets (churn) tells the advertiser nothing. */
static bool goes_back(const struct address_advert *a, const struct mpa_segment *seg)
{
    return a->copy_ns &&
           (!seg->has_macs || !a->has_mac || memcmp(seg->dst_mac, a->mac, sizeof a->mac) == 0);
}

static void on_echo(struct mpa_check *c, const struct mpa_event *e)
{
    struct address_advert *a = advert_of(c, e);

    if (!a)
        return;
    if (a->open) {
        a->open = false;
        check_conn_of(e->conn)->address.notes->open--;
    }
    if (goes_back(a, e->segment) && !a->echoed_ns)
        a->echoed_ns = e->ns;
    if (a->bad && !a->good && !a->caused.frame.frame)
        a->caused = moment_of(e);
    if (a->good && address_is_private(&e->advert->addr))
        learn(c, address_initial(e->conn, e->dir), ADDRESS_ECHOES_PRIVATE);
}

static void on_hmac(struct mpa_check *c, const struct mpa_event *e)
{
    struct address_notes *n;

    if (e->option->subtype != MPA_ADD_ADDR || e->value != MPA_HMAC_OK ||
        e->conn->dialect != MPA_DIALECT_RFC8684_EARLY)
        return;
    n = notes_of(c, e->conn);
    if (n)
        n->early++;
}

/* Every packet while an echo is awaited. */
static void wait_for_echo(struct address_notes *n, const struct mpa_segment *seg,
                          const struct mpa_subflow *sf, enum mpa_dir dir, uint32_t subtypes)
{
    int64_t rtt = check_rtt(sf->conn, RTT_UNKNOWN);
    bool carries = (subtypes & MPA_SUBTYPE_BIT(MPA_ADD_ADDR)) != 0;
    bool ends = (seg->flags & (MPA_TCP_SYN | MPA_TCP_FIN | MPA_TCP_RST)) ||
                (sf->conn->data[dir].flags & MPA_DATA_FIN);

    for (int i = 0; i < n->advert_count; i++) {
        struct address_advert *a = &n->adverts[i];
        unsigned size = (mpa_addr_is_v4(&a->advert->addr) ? 8u : 20u) + (a->advert->port ? 2u : 0u);

        if (!a->open)
            continue;
        if (dir != (enum mpa_dir)a->advert->from) {
            a->answers++;
        } else if (sf->id == a->subflow && !carries && !ends && seg->options_size + size <= 40 &&
                   seg->ns > a->advert->first_ns + rtt) {
            if (a->silents++ == 0)
                a->silent = (struct address_moment){seg->ns, {seg->capture, (int64_t)seg->frame}};
        }
    }
}

/* ---- REMOVE_ADDR ------------------------------------------------------------------------ */

static bool uses_id(const struct mpa_subflow *sf, enum mpa_dir owner, uint8_t id)
{
    const struct mpa_half *h = &sf->half[owner];

    if (sf->role == MPA_ROLE_INITIAL)
        return id == 0;
    if ((h->flags & MPA_HALF_NONCE) && h->address_id == id)
        return true;
    for (const struct mpa_advert *a = sf->conn->adverts; a; a = a->next)
        if (a->from == owner && a->id == id &&
            mpa_addr_eq(&a->addr, &sf->flow.addr[check_other(owner)]))
            return true;
    return false;
}

static void on_remove(struct mpa_check *c, const struct mpa_event *e)
{
    struct address_notes *n = notes_of(c, e->conn);
    uint8_t id = (uint8_t)e->value;
    int count = 0;

    if (!n)
        return;
    for (int i = 0; i < n->advert_count; i++) {
        struct address_advert *a = &n->adverts[i];

        if (a->advert->from == e->dir && a->advert->id == id) {
            a->removed_ns = e->ns;
            a->echoed_ns = 0;
        }
    }
    if (!address_id_known(e->conn, e->dir, id)) {
        n->stranger = moment_of(e);
        n->stranger_from = e->dir;
        n->stranger_id = id;
    }
    for (struct mpa_subflow *sf = e->conn->subflows; sf && count < ADDRESS_SUBFLOWS;
         sf = sf->next, count++) {
        struct address_path *p;

        if (!mpa_subflow_is_live(sf) || !uses_id(sf, e->dir, id))
            continue;
        p = path_of(c, sf);
        if (!p || p->removed.frame.frame)
            continue;
        p->removed = moment_of(e);
        p->removed_by = e->dir;
        p->probed = false;
    }
}

/* Told of an address nobody knows, a host closes one of several subflows at once, in the middle of the connection. */
static void on_close(const struct mpa_event *e)
{
    struct address_notes *n = check_conn_of(e->conn)->address.notes;
    unsigned ends = e->conn->data[0].flags | e->conn->data[1].flags;

    if (!n || !n->stranger.frame.frame || n->obeyed.frame.frame || e->dir == n->stranger_from ||
        e->conn->live_subflows < 2 || (ends & (MPA_DATA_FIN | MPA_DATA_FASTCLOSE)) ||
        (e->subflow->half[n->stranger_from].flags & (MPA_HALF_FIN | MPA_HALF_RST)))
        return;
    if (e->ns - n->stranger.ns <= check_rtt(e->conn, RTT_UNKNOWN) + 100 * MILLI)
        n->obeyed = moment_of(e);
}

static void on_rst(const struct mpa_event *e)
{
    struct address_path *p = check_subflow_of(e->subflow)->address.path;
    const struct mpa_half *remover;

    on_close(e);
    if (!p || !p->removed.frame.frame || p->reset.frame.frame || e->dir == p->removed_by)
        return;
    remover = &e->subflow->half[p->removed_by];
    if (remover->flags & (MPA_HALF_FIN | MPA_HALF_RST))
        return;
    p->reset = moment_of(e);
    p->quiet_ns = e->ns - remover->last_ns;
    p->reset_probed = p->probed;
}

static void after_removal(struct address_path *p, const struct mpa_segment *seg,
                          const struct mpa_subflow *sf, enum mpa_dir dir,
                          const struct mpa_facts *facts)
{
    const struct mpa_half *h = &sf->half[dir];

    /* A probe repeats the last number, with a byte or without (RFC 1122 4.2.3.6). */
    if (facts->keepalive || (seg->flags == MPA_TCP_ACK && !seg->payload_size && h->seen.begun &&
                             mpa_half_unwrap(h, seg->seq) + 1 == h->seen.next))
        p->probed = true;
    if (facts->new_data && seg->ns > p->removed.ns + STOP_AFTER && !p->late[dir].frame.frame &&
        !p->probed)
        p->late[dir] = (struct address_moment){seg->ns, {seg->capture, (int64_t)seg->frame}};
}

/* ---- Joins ----------------------------------------------------------------------------- */

/* Whether a right advertisement of the same address came too. */
static bool was_vouched_for(const struct address_notes *n, const struct address_advert *a)
{
    for (int i = 0; i < n->advert_count; i++)
        if (n->adverts[i].good && n->adverts[i].advert->from == a->advert->from &&
            mpa_addr_eq(&n->adverts[i].advert->addr, &a->advert->addr))
            return true;
    return false;
}

static void on_subflow(struct mpa_check *c, const struct mpa_event *e)
{
    struct address_notes *n = check_conn_of(e->conn)->address.notes;
    enum mpa_dir opener = check_opener(e->subflow);
    const struct mpa_addr *to = &e->subflow->flow.addr[opener];
    const struct mpa_addr *first = address_initial(e->conn, check_other(opener));
    int64_t removed_ns = 0;
    bool there = false;
    struct address_path *p;

    if (!n || !e->option || e->subflow->role != MPA_ROLE_JOIN || (first && mpa_addr_eq(to, first)))
        return;
    for (int i = 0; i < n->advert_count; i++) {
        struct address_advert *a = &n->adverts[i];
        const struct mpa_advert *m = a->advert;

        if (m->from == opener || !mpa_addr_eq(&m->addr, to) ||
            (m->port && m->port != e->subflow->flow.port[opener]))
            continue;
        if (a->bad && !a->caused.frame.frame && !was_vouched_for(n, a))
            a->caused = moment_of(e);
        there |= !m->removed;
        if (a->removed_ns > removed_ns)
            removed_ns = a->removed_ns;
    }
    if (!removed_ns)
        return;
    p = path_of(c, e->subflow);
    if (!p)
        return;
    p->joined_again = there;
    p->removed_ago_ns = e->ns - removed_ns;
    if (!there)
        p->joined_removed = moment_of(e);
}

/* ---- Priorities ------------------------------------------------------------------------ */

static void note_backup(struct mpa_check *c, const struct mpa_event *e,
                        const struct mpa_subflow *sf)
{
    for (int d = 0; d < 2; d++) {
        bool backup = sf->half[d].backup == 1;
        enum mpa_dir told = check_other((enum mpa_dir)d);
        struct address_path *p = check_subflow_of(sf)->address.path;
        struct address_notes *n;

        if (!backup) {
            if (p)
                p->backup_ns[d] = 0;
            continue;
        }
        n = notes_of(c, e->conn);
        p = path_of(c, sf);
        if (!n || !p || p->backup_ns[d])
            continue;
        p->backup_ns[d] = e->ns;
        if (!p->asked[d])
            p->elsewhere[told] = n->elsewhere[told];
        p->asked[d] = true;
    }
}

/* An MP_PRIO with an address ID is of other subflows. */
static void on_prio(struct mpa_check *c, const struct mpa_event *e)
{
    int n = 0;

    note_backup(c, e, e->subflow);
    if (e->option && e->option->prio.has_id)
        for (const struct mpa_subflow *sf = e->conn->subflows; sf && n < ADDRESS_SUBFLOWS;
             sf = sf->next, n++)
            note_backup(c, e, sf);
}

static bool is_backup(const struct mpa_subflow *sf)
{
    return sf->half[0].backup == 1 || sf->half[1].backup == 1;
}

/* Whether data of 'dir' could go there instead: established, open, and not stuck. */
static bool is_usable(const struct mpa_subflow *sf, enum mpa_dir dir, int64_t ns)
{
    const struct mpa_half *h = &sf->half[dir], *back = &sf->half[check_other(dir)];
    const struct address_path *p = check_subflow_of(sf)->address.path;
    bool outstanding = h->seen.begun && h->acked && h->seen.next > h->acked;

    if (!mpa_subflow_is_live(sf) || !sf->usable_ns || (h->flags & MPA_HALF_FIN) ||
        (sf->flags & MPA_SF_DETACHED) || (p && p->removed.frame.frame))
        return false;
    return !outstanding || ns - back->last_ns <= address_patience(sf->conn);
}

static void use(struct address_use *u, const struct mpa_segment *seg, uint32_t bytes)
{
    if (u->bytes == 0)
        u->first = (struct address_moment){seg->ns, {seg->capture, (int64_t)seg->frame}};
    u->bytes += bytes;
}

/* Data is judged by when it was declared for the first time, and not before the cut of D.4. */
static void declared(struct address_notes *n, const struct mpa_segment *seg,
                     const struct mpa_subflow *sf, enum mpa_dir dir, uint32_t bytes)
{
    struct address_path *p = check_subflow_of(sf)->address.path;
    int64_t slack = check_rtt(sf->conn, RTT_UNKNOWN) + 100 * MILLI, since = 0;
    const struct mpa_subflow *s;
    bool gone = false;
    int looked = 0;

    if (!is_backup(sf)) {
        n->elsewhere[dir] += bytes;
        return;
    }
    if (!p)
        return;
    for (s = sf->conn->subflows; s && looked < ADDRESS_SUBFLOWS; s = s->next, looked++) {
        if (s == sf || is_backup(s))
            continue;
        if (is_usable(s, dir, seg->ns))
            since = since && since < s->usable_ns ? since : s->usable_ns;
        else
            gone |= s->usable_ns != 0;
    }
    for (int d = 0; d < 2; d++)
        if (since && p->backup_ns[d] > since)
            since = p->backup_ns[d];
    if (since && seg->ns > since + slack)
        use(p->backup_ns[check_other(dir)] ? &p->told[dir] : &p->asker[dir], seg, bytes);
    else if (!since && gone && !s)
        use(&p->alone[dir], seg, bytes);
}

/* ---- Segments -------------------------------------------------------------------------- */

/* The same in a packet and in its copies, which the network made or the capture took twice: options with their timestamps, and IP
   identification. */
static uint32_t mark_of(const struct mpa_segment *seg)
{
    uint32_t h = seg->ip_id;

    for (unsigned i = 0; i < seg->options_captured; i++)
        h = (h ^ seg->options[i]) * 0x01000193u;
    return h;
}

/* Pure ACKs for signalling alone, within a round trip of each other and with nothing from the peer between. */
static void count_row(struct mpa_check *c, const struct mpa_segment *seg,
                      const struct mpa_subflow *sf, enum mpa_dir dir, const struct mpa_facts *facts,
                      uint32_t subtypes)
{
    bool pure = seg->payload_size == 0 && seg->flags == MPA_TCP_ACK && (subtypes & SIGNALS);
    struct address_path *p = pure ? path_of(c, sf) : check_subflow_of(sf)->address.path;
    struct address_notes *n;
    uint32_t mark;
    bool same;

    if (!p)
        return;
    same = pure && p->row[dir].same && p->row[dir].seq == seg->seq && p->row[dir].ack == seg->ack &&
           p->row[dir].window == seg->window && facts->data_acked == 0 &&
           seg->ns - p->row[dir].ns <= check_rtt(sf->conn, RTT_UNKNOWN);
    mark = pure ? mark_of(seg) : 0;
    p->row[dir].copy = same && (mark == p->row[dir].mark[0] ||
                                (p->row[dir].same > 1 && mark == p->row[dir].mark[1]));
    if (p->row[dir].copy)
        return;
    p->row[check_other(dir)].same = 0; /* The peer said something in between. */
    p->row[dir].same = !pure ? 0 : same ? (uint16_t)(p->row[dir].same + 1) : 1;
    if (p->row[dir].same == 1 || p->row[dir].same == 2)
        p->row[dir].mark[p->row[dir].same - 1] = mark;
    p->row[dir].seq = seg->seq;
    p->row[dir].ack = seg->ack;
    p->row[dir].window = seg->window;
    p->row[dir].ns = seg->ns;
    if (p->row[dir].same == 3 && (n = notes_of(c, sf->conn)))
        n->rows++;
}

static bool follows(const struct mpa_segment *seg, uint16_t ip_id)
{
    return seg->ip_id == (uint16_t)(ip_id + 1);
}

/* What the next packet says of those before it.  Hosts count IP identification per socket, or for all of them. */
static void trace(struct mpa_check *c, const struct mpa_segment *seg, const struct mpa_subflow *sf,
                  enum mpa_dir dir)
{
    struct address_trace *t = check_subflow_of(sf)->address.trace;
    struct address_trace *mine = &t[dir], *peer = &t[check_other(dir)];
    struct check_address_conn *area = &check_conn_of(sf->conn)->address;
    bool whole = !check_super_packet(sf, dir, seg);
    const bool before[2] = {address_gaps(sf, MPA_TO_SERVER), address_gaps(sf, MPA_TO_CLIENT)};

    if (seg->flags & (MPA_TCP_SYN | MPA_TCP_RST))
        return;
    if (seg->has_ts) {
        if ((peer->flags & ADDRESS_TS) && (int32_t)(seg->tsecr - peer->tsval) > 0)
            peer->flags |= ADDRESS_TS_UNSEEN;
        if (!(mine->flags & ADDRESS_TS) || (int32_t)(seg->tsval - mine->tsval) > 0)
            mine->tsval = seg->tsval;
        mine->flags |= ADDRESS_TS;
    }
    if (mine->ip_id && seg->ip_id && seg->ip_id != mine->ip_id)
        mine->flags |= follows(seg, mine->ip_id) || follows(seg, area->ip_id[dir])
                           ? ADDRESS_SEQUENTIAL
                           : ADDRESS_JUMPED;
    mine->ip_id = area->ip_id[dir] = whole ? seg->ip_id : 0;
    /* What a host beside the capture sent is missing: the capture itself loses packets. */
    for (int d = 0; d < 2; d++)
        if (!before[d] && address_gaps(sf, (enum mpa_dir)d) &&
            address_beside(sf->conn, (enum mpa_dir)d) == 1)
            c->address.loses = true;
}

static void segment(struct mpa_check *c, const struct mpa_segment *seg, struct mpa_subflow *sf,
                    enum mpa_dir dir, const struct mpa_facts *facts)
{
    struct check_address_conn *area = &check_conn_of(sf->conn)->address;
    struct address_path *p = check_subflow_of(sf)->address.path;
    uint32_t subtypes = c->address.subtypes;

    c->address.subtypes = 0;
    trace(c, seg, sf, dir);
    if (seg->options_truncated)
        area->cut |= (uint8_t)(1u << dir);
    if (area->notes && area->notes->open)
        wait_for_echo(area->notes, seg, sf, dir, subtypes);
    if (p || (subtypes & SIGNALS))
        count_row(c, seg, sf, dir, facts, subtypes);
    if (p && p->removed.frame.frame)
        after_removal(p, seg, sf, dir, facts);
    if (area->notes && facts->declared)
        declared(area->notes, seg, sf, dir, facts->declared);
}

/* ---- Events ---------------------------------------------------------------------------- */

static void on_option(struct mpa_check *c, const struct mpa_event *e)
{
    struct check_address_conn *area = &check_conn_of(e->conn)->address;
    const struct mpa_option *o = e->option;

    if (o->cond == MPA_COND_TRUNCATED)
        area->cut |= (uint8_t)(1u << e->dir);
    else if (o->subtype < MPA_SUBTYPE_NO_BIT)
        c->address.subtypes |= MPA_SUBTYPE_BIT(o->subtype);
    if (o->subtype == MPA_MP_CAPABLE && o->cond == MPA_COND_OK && o->capable.has_receiver_key) {
        memcpy(area->claimed[e->dir], o->capable.sender_key, MPA_KEY_SIZE);
        memcpy(area->claimed[check_other(e->dir)], o->capable.receiver_key, MPA_KEY_SIZE);
        area->claims = true;
    }
}

static void event(struct mpa_check *c, const struct mpa_event *e)
{
    switch (e->kind) {
    case MPA_EVENT_OPTION:
        on_option(c, e);
        break;
    case MPA_EVENT_HMAC:
        on_hmac(c, e);
        break;
    case MPA_EVENT_ADD_ADDR:
        on_copy(c, e);
        break;
    case MPA_EVENT_ECHO:
        on_echo(c, e);
        break;
    case MPA_EVENT_REMOVE_ADDR:
        on_remove(c, e);
        break;
    case MPA_EVENT_SUBFLOW:
        on_subflow(c, e);
        break;
    case MPA_EVENT_ESTABLISHED: /* The backup flags of both sides of a join are known. */
        note_backup(c, e, e->subflow);
        break;
    case MPA_EVENT_PRIO:
        on_prio(c, e);
        break;
    case MPA_EVENT_FIN:
        on_close(e);
        break;
    case MPA_EVENT_RST:
        on_rst(e);
        break;
    default:
        break;
    }
}

/* ---- The end --------------------------------------------------------------------------- */

/* What this connection tells of its hosts, for those that come after it. */
static void learn_backup(struct mpa_check *c, const struct mpa_conn *conn,
                         const struct address_notes *n, const struct address_path *p)
{
    for (int d = 0; d < 2; d++) {
        enum mpa_dir dir = (enum mpa_dir)d;
        const struct mpa_addr *peer = address_initial(conn, dir);

        if (!p->asked[check_other(dir)] || address_beside(conn, dir) != 1)
            continue;
        if (address_too_much(n, p, &p->told[dir], dir))
            learn(c, peer, ADDRESS_IGNORES_BACKUP);
        else if (n && n->elsewhere[dir] > p->elsewhere[dir] + ADDRESS_BYTES_MIN)
            learn(c, peer, ADDRESS_HONOURS_BACKUP);
    }
}

static void end(struct mpa_check *c, const struct mpa_conn *conn)
{
    struct address_notes *n = check_conn_of(conn)->address.notes;

    for (const struct mpa_subflow *sf = conn->subflows; sf; sf = sf->next) {
        struct address_path *p = check_subflow_of(sf)->address.path;

        if (p)
            learn_backup(c, conn, n, p);
        free(p);
        check_subflow_of(sf)->address.path = NULL;
    }
    if (!n)
        return;
    for (int i = 0; i < n->advert_count; i++) {
        const struct address_advert *a = &n->adverts[i];

        if (address_is_private(&a->advert->addr) && a->good && address_unanswered(conn, a))
            learn(c, address_initial(conn, check_other((enum mpa_dir)a->advert->from)),
                  ADDRESS_DROPS_PRIVATE);
    }
    free(n->adverts);
    free(n);
    check_conn_of(conn)->address.notes = NULL;
}

static void close_all(struct mpa_check *c)
{
    free(c->address.peers);
    c->address.peers = NULL;
}

const struct check_watcher check_watch_address = {
    .event = event, .segment = segment, .end = end, .close = close_all};
