/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SYN, SYN/ACK and third ACK of every subflow, with their retransmissions, split handshakes and captures that begin later. */
#include "internal.h"

#include <string.h>

/* The first MPTCP option of 'subtype' in the segment. */
static bool find_option(const struct mpa_segment *seg, unsigned subtype, struct mpa_option *ret)
{
    for (int i = 0; i < seg->mptcp_count; i++) {
        unsigned at = seg->mptcp_at[i];

        if (mpa_option_decode(seg->options + at, seg->options_captured - at, seg->options_size - at,
                              seg->flags, MPA_DIALECT_UNKNOWN, ret, NULL) == MPA_COND_OK &&
            ret->subtype == subtype)
            return true;
    }
    return false;
}

/* A subflow and, unless the token of a join names one, a connection for it. */
static struct mpa_subflow *make(struct pass *p, uint32_t hash, struct mpa_conn *c, uint8_t role)
{
    bool fresh = c == NULL;
    struct mpa_subflow *sf;

    if (!c)
        c = conn_new(p->t, p->seg);
    if (!c) {
        p->t->counts.no_memory++;
        return NULL;
    }
    sf = subflow_new(p->t, c, p->seg, hash, p->dir, role);
    if (!sf) {
        p->t->counts.no_memory++;
        if (fresh)
            conn_end(p->t, c);
        return NULL;
    }
    if (role == MPA_ROLE_JOIN) {
        if (c->protocol == MPA_PROTOCOL_TCP) /* After a fallback, a join changes nothing. */
            c->protocol = MPA_PROTOCOL_MPTCP;
        if (fresh)
            c->flags |= MPA_CONN_JOINS_ONLY;
    }
    p->sf = sf;
    p->conn = c;
    if (fresh)
        tell(p, MPA_EVENT_CONN, NULL, NULL, 0);
    return sf;
}

static struct mpa_subflow *new_from_syn(struct pass *p, uint32_t hash)
{
    struct mpa_option o;
    struct mpa_conn *c = NULL;
    bool join = p->seg->mptcp_count && find_option(p->seg, MPA_MP_JOIN, &o);
    struct mpa_subflow *sf;

    p->dir = MPA_TO_SERVER;
    if (join)
        c = join_find(p->t, p->seg, &o.join, &p->dir);
    if (c && c->subflow_count == SUBFLOWS_MAX) /* A flood: the rest is connections of its own. */
        c = NULL;
    sf = make(p, hash, c, join ? MPA_ROLE_JOIN : MPA_ROLE_INITIAL);
    if (!sf)
        return NULL;
    if (p->dir == MPA_TO_CLIENT)
        sf->flags |= MPA_SF_BY_SERVER;
    if (join) {
        enum mpa_dir owner = other(p->dir);

        sf->join_token = o.join.token;
        sf->flags |= MPA_SF_JOIN_TOKEN;
        if (!c) { /* Later joins with this token belong together. */
            p->conn->data[owner].token = o.join.token;
            token_insert(p->t, p->conn, owner);
        }
        advert_joined(sf);
    }
    tell(p, MPA_EVENT_SUBFLOW, join ? &o : NULL, NULL, 0);
    return sf;
}

static void syn_again(struct pass *p)
{
    struct mpa_subflow *sf = p->sf;
    struct mpa_option o;

    sf->syn_retransmissions++;
    if ((sf->flags & MPA_SF_SYN_CAPABLE) && !p->seg->options_truncated &&
        !(sf->flags & MPA_SF_SYNACK_SEEN)) {
        if (find_option(p->seg, MPA_MP_CAPABLE, &o))
            sf->flags &= (uint16_t)~MPA_SF_PLAIN_SYN;
        else
            sf->flags |= MPA_SF_PLAIN_SYN;
    }
    tell(p, MPA_EVENT_SYN_AGAIN, NULL, NULL, sf->syn_retransmissions);
}

struct mpa_subflow *handshake_syn(struct pass *p, struct mpa_flow *flow, uint32_t hash)
{
    if (flow) {
        struct mpa_subflow *sf = flow->subflow;
        const struct mpa_half *h = &sf->half[p->dir];

        p->sf = sf;
        p->conn = sf->conn;
        if ((h->flags & MPA_HALF_ISN) && h->isn == p->seg->seq) {
            if (h->flags & MPA_HALF_SYN)
                syn_again(p);
            return sf;
        }
        /* Another sequence number: the ports are used again. */
        subflow_detach(p->t, sf);
    }
    return new_from_syn(p, hash);
}

/* A second SYN/ACK with another sequence number while the handshake is open: another server answered a repeated SYN. */
static void note_rival(struct pass *p)
{
    struct mpa_subflow *sf = p->sf;

    p->rival = true;
    if (sf->rival && sf->rival->isn == p->seg->seq)
        return;
    if (!sf->rival)
        sf->rival = pool_get(&p->t->rivals);
    if (!sf->rival) {
        p->t->counts.no_memory++;
        return;
    }
    *sf->rival =
        (struct mpa_synack){.isn = p->seg->seq, .ttl = p->seg->ttl, .wscale = p->seg->wscale};
    if (!(sf->flags & MPA_SF_SPLIT))
        p->t->counts.split_handshakes++;
    sf->flags |= MPA_SF_SPLIT;
    tell(p, MPA_EVENT_SPLIT, NULL, NULL, 0);
}

#define SYNACK_BEHIND (1u << 20) /* Who repeats a SYN/ACK has sent no more than a first window. */

/* Whether a SYN/ACK may be the one, not captured so far, that the packets of this subflow followed. */
static bool is_first_synack(const struct pass *p, const struct mpa_half *h)
{
    uint32_t next = p->seg->seq + 1;

    if (h->acked)
        return (uint32_t)h->acked - next <= SYNACK_BEHIND;
    return !h->seen.begun || (uint32_t)h->seen.base - next <= SYNACK_BEHIND;
}

/* Whether another SYN/ACK than the one of 'h' answers this subflow's SYN, not that of a later connection with the same ports. */
static bool answers(const struct pass *p, const struct mpa_half *h, const struct mpa_half *asked)
{
    if ((asked->flags & MPA_HALF_SYN) || (h->flags & MPA_HALF_SYN))
        return (asked->flags & MPA_HALF_ISN) && p->seg->ack - asked->isn - 1 <= p->sf->fast_open;
    if (!asked->seen.begun)
        return !(p->sf->flags & MPA_SF_NOT_LIVE);
    return (uint32_t)asked->seen.base - p->seg->ack <= SYNACK_BEHIND;
}

struct mpa_subflow *handshake_synack(struct pass *p, struct mpa_flow *flow, uint32_t hash)
{
    struct mpa_option o;
    bool join;

    if (flow) {
        struct mpa_subflow *sf = flow->subflow;
        const struct mpa_half *h = &sf->half[p->dir];
        const struct mpa_half *asked = &sf->half[other(p->dir)];

        p->sf = sf;
        p->conn = sf->conn;
        if (h->flags & MPA_HALF_SYN ? h->isn == p->seg->seq : is_first_synack(p, h))
            return sf;
        /* It answers this subflow's SYN. */
        if (answers(p, h, asked)) {
            note_rival(p);
            return sf;
        }
        subflow_detach(p->t, sf);
    }
    join = p->seg->mptcp_count && find_option(p->seg, MPA_MP_JOIN, &o);
    p->dir = MPA_TO_CLIENT;
    if (!make(p, hash, NULL, join ? MPA_ROLE_JOIN : MPA_ROLE_INITIAL))
        return NULL;
    tell(p, MPA_EVENT_SUBFLOW, NULL, NULL, 0);
    return p->sf;
}

/* Which way a packet goes whose handshake was not captured. */
static enum mpa_dir guess_direction(const struct mpa_segment *seg)
{
    /* The lower port listens; equal ports: who speaks first is the client. */
    return seg->sport < seg->dport ? MPA_TO_CLIENT : MPA_TO_SERVER;
}

struct mpa_subflow *handshake_midstream(struct pass *p, uint32_t hash)
{
    struct mpa_option o;
    uint8_t role = MPA_ROLE_INITIAL;
    bool guessed = true;

    p->dir = guess_direction(p->seg);
    if (p->seg->mptcp_count) {
        if (find_option(p->seg, MPA_MP_CAPABLE, &o)) {
            p->dir = MPA_TO_SERVER; /* Third ACK or first data: only the client sends it. */
            guessed = false;
        } else if (find_option(p->seg, MPA_MP_JOIN, &o)) {
            role = MPA_ROLE_JOIN;
            p->dir = MPA_TO_SERVER;
        }
    }
    if (!make(p, hash, NULL, role))
        return NULL;
    p->sf->flags |= MPA_SF_MIDSTREAM;
    if (guessed)
        p->sf->flags |= MPA_SF_GUESSED;
    tell(p, MPA_EVENT_SUBFLOW, NULL, NULL, 0);
    return p->sf;
}

bool handshake_reused(const struct pass *p, const struct mpa_flow *flow)
{
    const struct mpa_conn *c = flow->subflow->conn;
    struct mpa_option o;

    if (!(flow->subflow->flags & MPA_SF_NOT_LIVE) || flow->subflow->role != MPA_ROLE_INITIAL ||
        !find_option(p->seg, MPA_MP_CAPABLE, &o) || !o.capable.has_receiver_key)
        return false;
    /* Both differ: a split handshake changes the server's, a damaged option one of them. */
    return (c->data[0].flags & c->data[1].flags & MPA_DATA_KEY) &&
           memcmp(c->data[MPA_TO_SERVER].key, o.capable.sender_key, MPA_KEY_SIZE) != 0 &&
           memcmp(c->data[MPA_TO_CLIENT].key, o.capable.receiver_key, MPA_KEY_SIZE) != 0;
}

/* The sequence space of a side begins at its SYN. */
static void set_isn(struct mpa_half *h, uint32_t isn)
{
    struct mpa_piece pieces[MPA_SPACE_PIECES];
    uint64_t fresh;

    mpa_space_free(&h->seen);
    mpa_space_see(&h->seen, SEQ_BASE + isn, SEQ_BASE + isn + 1, pieces, &fresh);
    h->isn = isn;
    h->flags |= MPA_HALF_ISN;
}

void handshake_fast_open(struct pass *p, uint32_t next)
{
    struct mpa_subflow *sf = p->sf;
    struct mpa_half *h = &sf->half[opener(sf)];
    struct mpa_piece pieces[MPA_SPACE_PIECES];
    uint64_t first = SEQ_BASE + h->isn + 1, fresh;

    if (sf->fast_open == 0)
        return;
    if (next - h->isn - 1 < sf->fast_open)
        sf->fast_open = (uint16_t)(next - h->isn - 1);
    if (sf->fast_open == 0)
        return;
    mpa_space_see(&h->seen, first, first + sf->fast_open, pieces, &fresh);
    h->flags |= MPA_HALF_PAYLOAD;
    h->bytes += fresh;
    p->conn->data[opener(sf)].bytes += fresh;
}

static void note_syn_options(struct mpa_half *h, const struct mpa_segment *seg)
{
    h->mss = seg->mss;
    h->wscale = seg->wscale;
    h->ttl = seg->ttl;
    h->flags |= MPA_HALF_SYN;
    if (seg->has_ts)
        h->flags |= MPA_HALF_TS;
}

/* The third ACK acknowledges the rival's SYN/ACK: the connection is that server's (AC-06). */
static void take_rival(struct pass *p, struct mpa_half *listener)
{
    struct mpa_subflow *sf = p->sf;
    enum mpa_dir owner = other(opener(sf));

    set_isn(listener, sf->rival->isn);
    listener->ttl = sf->rival->ttl;
    listener->wscale = sf->rival->wscale;
    if (sf->role == MPA_ROLE_INITIAL && sf->rival->has_key) {
        p->conn->data[owner].capable_flags = sf->rival->capable_flags;
        conn_set_key(p->t, p->conn, owner, sf->rival->key);
    }
}

static void establish(struct pass *p)
{
    struct mpa_subflow *sf = p->sf;
    struct mpa_half *listener = &sf->half[other(p->dir)];

    if (!(listener->flags & MPA_HALF_ISN))
        set_isn(listener, p->seg->ack - 1);
    else if (p->seg->ack != listener->isn + 1 && sf->rival && p->seg->ack == sf->rival->isn + 1)
        take_rival(p, listener);
    sf->established_ns = p->seg->ns;
    if (sf->role == MPA_ROLE_INITIAL)
        sf->usable_ns = p->seg->ns;
    tell(p, MPA_EVENT_ESTABLISHED, NULL, NULL, 0);
}

/* A joined subflow may be used from the listener's first packet after the third ACK. */
static void become_usable(struct pass *p)
{
    struct mpa_subflow *sf = p->sf;

    sf->usable_ns = p->seg->ns;
    if (mpa_subflow_is_direct(sf) && p->conn->direct_usable_ns == 0)
        p->conn->direct_usable_ns = p->seg->ns;
    tell(p, MPA_EVENT_USABLE, NULL, NULL, 0);
}

static void after_syn(struct pass *p)
{
    struct mpa_subflow *sf = p->sf;
    const struct mpa_segment *seg = p->seg;
    struct mpa_half *h = &sf->half[p->dir];
    bool answer = (seg->flags & MPA_TCP_ACK) != 0;

    if (p->rival || (h->flags & MPA_HALF_SYN))
        return;
    set_isn(h, seg->seq);
    note_syn_options(h, seg);
    if (!answer) {
        sf->syn_ns = seg->ns;
        sf->fast_open = (uint16_t)(seg->payload_size < UINT16_MAX ? seg->payload_size : UINT16_MAX);
        if (sf->role == MPA_ROLE_INITIAL)
            sf->half[0].backup = sf->half[1].backup = 0;
        if (sf == p->conn->subflows)
            timer_set(p->t, p->conn); /* Unless it is answered, it leaves soon. */
        return;
    }
    sf->synack_ns = seg->ns;
    sf->flags |= MPA_SF_SYNACK_SEEN;
    if (!(sf->half[other(p->dir)].flags & MPA_HALF_ISN))
        set_isn(&sf->half[other(p->dir)], seg->ack - 1);
    else
        handshake_fast_open(p, seg->ack);
    tell(p, MPA_EVENT_SYNACK, NULL, NULL, 0);
}

void handshake_after(struct pass *p)
{
    struct mpa_subflow *sf = p->sf;
    const struct mpa_segment *seg = p->seg;

    if (seg->flags & MPA_TCP_SYN) {
        after_syn(p);
    } else if (sf->usable_ns || !(seg->flags & MPA_TCP_ACK) || (seg->flags & MPA_TCP_RST)) {
        return; /* Most often there is nothing left to find out. */
    } else if (p->dir == opener(sf)) {
        if (sf->established_ns == 0 && (sf->half[p->dir].flags & MPA_HALF_ISN) &&
            !(sf->flags & MPA_SF_MIDSTREAM) && (sf->syn_ns || sf->synack_ns))
            establish(p);
    } else if (sf->role == MPA_ROLE_JOIN && sf->established_ns && sf->usable_ns == 0) {
        become_usable(p);
    }
}

/* Keys in a third ACK or first data: both sides'. */
static void capable_established(struct pass *p, const struct mpa_capable *cap)
{
    struct mpa_conn *c = p->conn;
    const struct mpa_half *listener = &p->sf->half[other(p->dir)];
    struct mpa_data_half *peer = &c->data[other(p->dir)];
    uint32_t known = MPA_EV_V0 | MPA_EV_V1 | MPA_EV_VX;

    if (!(c->evidence & known))
        dialect_version(p->t, c, cap->version, false);
    if (cap->has_length)
        dialect_note(p->t, c, MPA_EV_CAPABLE_DATA);
    conn_set_key(p->t, c, p->dir, cap->sender_key);
    /* The SYN/ACK's key stands, unless this answers a SYN/ACK that was not captured. */
    if (!(peer->flags & MPA_DATA_KEY) || p->seg->ack == listener->isn + 1 ||
        !(listener->flags & MPA_HALF_SYN)) {
        if (!(peer->flags & MPA_DATA_KEY) || !(listener->flags & MPA_HALF_SYN))
            conn_set_key(p->t, c, other(p->dir), cap->receiver_key);
    } else if (p->sf->flags & MPA_SF_SPLIT) {
        conn_set_key(p->t, c, other(p->dir), cap->receiver_key);
    }
}

static void capable_syn(struct pass *p, const struct mpa_capable *cap, bool answer)
{
    struct mpa_conn *c = p->conn;
    struct mpa_data_half *d = &c->data[p->dir];

    if (!answer)
        p->sf->flags |= MPA_SF_SYN_CAPABLE;
    d->capable_flags = cap->flags;
    d->flags |= MPA_DATA_CAPABLE;
    dialect_version(p->t, c, cap->version, answer);
    if (!answer && cap->version == 1)
        dialect_note(p->t, c, cap->has_sender_key ? MPA_EV_SYN12 : MPA_EV_SYN4);
    if (answer && (cap->flags & MPA_CAPABLE_C))
        dialect_note(p->t, c, MPA_EV_C);
    if (cap->flags & MPA_CAPABLE_A)
        c->flags |= MPA_CONN_CHECKSUMS;
    if (cap->has_sender_key)
        conn_set_key(p->t, c, p->dir, cap->sender_key);
}

void handshake_capable(struct pass *p, const struct mpa_option *o)
{
    const struct mpa_capable *cap = &o->capable;
    struct mpa_conn *c = p->conn;
    bool syn = (p->seg->flags & MPA_TCP_SYN) != 0;
    bool answer = syn && (p->seg->flags & MPA_TCP_ACK);

    p->has_capable = true;
    if (p->sf->role != MPA_ROLE_INITIAL || c->protocol == MPA_PROTOCOL_FALLBACK)
        return;
    if (p->rival) {
        struct mpa_synack *r = p->sf->rival;

        if (r && cap->has_sender_key) {
            memcpy(r->key, cap->sender_key, sizeof r->key);
            r->has_key = true;
            r->capable_flags = cap->flags;
            r->version = cap->version;
        }
        return;
    }
    /* A plain SYN that was answered with MP_CAPABLE stays plain TCP. */
    if (syn && answer && p->sf->syn_ns && !(p->sf->flags & MPA_SF_SYN_CAPABLE))
        return;
    if (!syn && c->protocol == MPA_PROTOCOL_TCP && p->sf->syn_ns)
        return;
    c->protocol = MPA_PROTOCOL_MPTCP;
    if (syn)
        capable_syn(p, cap, answer);
    else if (cap->has_receiver_key)
        capable_established(p, cap);
}
