/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Classes of RSTs (protocol reference C.7).  Counted is the first RST of each direction of a
 * four-tuple; later ones repeat it.
 *
 * A redirect is the stateless answer of a server that has no state for the flow: RFC 9293 3.5.2
 * makes it an RST without ACK whose sequence number is the acknowledgement of the segment it
 * answers.  A client's stack answers the same way, hence only packets from the server's side count,
 * and on joined subflows only those from a VIP.
 */
#include "internal.h"

#include <stdlib.h>

#define IDLE_NS   (60 * SECOND)
#define INJECT_NS MILLI /* Both directions reset within this: by somebody between them. */
#define TTL_SLACK 1

static bool rst_ack(const struct reset_view *v)
{
    return (v->seg->flags & (MPA_TCP_RST | MPA_TCP_ACK)) == (MPA_TCP_RST | MPA_TCP_ACK);
}

/* Both DATA_FINs acknowledged (plain TCP: both FINs seen): nothing was lost by it. */
static bool is_late(const struct reset_view *v)
{
    const struct mpa_conn *c = v->conn;

    if (c->protocol == MPA_PROTOCOL_MPTCP)
        return (c->data[0].flags & c->data[1].flags & MPA_DATA_FIN_ACKED) != 0;
    return (v->sf->half[0].flags & v->sf->half[1].flags & MPA_HALF_FIN) != 0;
}

/* An RST with ACK that answers the opener's SYN, from a side that never accepted it. */
static bool answers_syn(const struct reset_view *v)
{
    const struct mpa_half *asked = &v->sf->half[measure_other(v->dir)];

    return rst_ack(v) && v->dir != measure_opener(v->sf) && (asked->flags & MPA_HALF_SYN) &&
           !(v->sf->flags & MPA_SF_SYNACK_SEEN) && v->seg->seq == 0 &&
           v->seg->ack == asked->isn + 1;
}

/* Where the connection began: this address and port listen. */
static bool to_initial_endpoint(const struct reset_view *v)
{
    const struct mpa_subflow *first = mpa_conn_initial(v->conn);
    enum mpa_dir to = MPA_TO_SERVER;

    return first && v->dir == MPA_TO_CLIENT &&
           mpa_addr_eq(&first->flow.addr[to], &v->sf->flow.addr[to]) &&
           first->flow.port[to] == v->sf->flow.port[to];
}

/* Reason 1.  Stacks without MP_TCPRST (version 0, early kernels of version 1) say nothing: then the
   port must be known to listen, or the dialect to lack the option; otherwise it may as well be
   closed. */
static bool is_misrouted_join(const struct reset_view *v)
{
    if (v->sf->role != MPA_ROLE_JOIN || !answers_syn(v))
        return false;
    if (v->reason >= 0)
        return v->reason == 1;
    return v->seg->mptcp_count == 0 &&
           (to_initial_endpoint(v) || (v->conn->evidence & MPA_EV_V0) != 0);
}

static bool is_prohibited(const struct reset_view *v)
{
    return v->reason == 2 || v->reason == 3 || v->reason == 5;
}

static bool is_refused(const struct reset_view *v)
{
    return answers_syn(v) && v->seg->mptcp_count == 0;
}

static bool is_victim(const struct reset_view *v)
{
    return (v->sf->half[measure_other(v->dir)].flags & MPA_HALF_RST) ||
           (v->sf->half[v->dir].flags & MPA_HALF_FIN);
}

/* The sequence number is one that the victim acknowledged on this subflow: from the first to the
 * highest. */
static bool seq_was_acked(const struct reset_view *v)
{
    const struct mpa_half *h = &v->sf->half[v->dir];
    uint64_t seq, low;

    if (h->acked == 0)
        return false;
    seq = mpa_unwrap32(h->acked, v->seg->seq);
    low = h->seen.begun ? h->seen.base + ((h->flags & MPA_HALF_ISN) ? 1 : 0) : h->acked;
    return seq >= low && seq <= h->acked;
}

static bool from_vip(const struct reset_view *v)
{
    if (v->dir != MPA_TO_CLIENT)
        return false;
    return v->conn->protocol != MPA_PROTOCOL_MPTCP || v->given_vip || !mpa_subflow_is_direct(v->sf);
}

static bool is_redirect(const struct reset_view *v)
{
    const struct mpa_segment *seg = v->seg;
    bool established = v->sf->established_ns != 0 || (v->sf->flags & MPA_SF_MIDSTREAM);

    return from_vip(v) && established && !(seg->flags & MPA_TCP_ACK) && seg->window == 0 &&
           (seg->v6 || seg->ip_id == 0) && seg->options_size == 0 && seq_was_acked(v);
}

static bool is_idle(const struct reset_view *v)
{
    return v->idle_ns >= IDLE_NS;
}

static bool at_snd_nxt(const struct reset_view *v)
{
    const struct mpa_half *h = &v->sf->half[v->dir];

    return rst_ack(v) && h->seen.begun && v->seg->seq == (uint32_t)h->seen.next;
}

/* The holder of the state speaks: RFC 8684 reasons 0, 1 and 4, a fast close, or an RST in sequence;
   with a small window Linux puts the window's end in place of SND.NXT, but then its timestamps show
   who it is. */
static bool is_application(const struct reset_view *v)
{
    const struct mpa_half *h = &v->sf->half[v->dir];
    uint64_t seq;

    if (v->reason == 0 || v->reason == 1 || v->reason == 4 || v->fastclose ||
        ((v->conn->data[0].flags | v->conn->data[1].flags) & MPA_DATA_FASTCLOSE) || at_snd_nxt(v))
        return true;
    if (!rst_ack(v) || !v->seg->has_ts || !(h->flags & MPA_HALF_TS) || !h->seen.begun || !h->acked)
        return false;
    seq = mpa_unwrap32(h->seen.next, v->seg->seq);
    return seq >= h->acked && seq <= h->seen.next;
}

static bool is_middlebox(const struct reset_view *v)
{
    uint8_t ttl = v->sf->half[v->dir].ttl;
    int difference = ttl ? (int)v->seg->ttl - (int)ttl : 0;

    return v->reason == 6 || difference > TTL_SLACK || difference < -TTL_SLACK;
}

/* In order of precedence. */
static const struct {
    enum mpa_word class;
    bool (*is)(const struct reset_view *v);
} classes[] = {
    /* clang-format off */
    {MPA_RESET_LATE,           is_late},
    {MPA_RESET_MISROUTED_JOIN, is_misrouted_join},
    {MPA_RESET_PROHIBITED,     is_prohibited},
    {MPA_RESET_REFUSED,        is_refused},
    {MPA_RESET_VICTIM,         is_victim},
    {MPA_RESET_REDIRECT,       is_redirect},
    {MPA_RESET_IDLE,           is_idle},
    {MPA_RESET_APPLICATION,    is_application},
    {MPA_RESET_MIDDLEBOX,      is_middlebox},
    /* clang-format on */
};

enum mpa_word measure_reset_class(const struct reset_view *v)
{
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (classes[i].is(v))
            return classes[i].class;
    return MPA_RESET_UNEXPLAINED;
}

/* MP_TCPRST and MP_FASTCLOSE of the RST itself. */
static void read_options(struct reset_view *v)
{
    const struct mpa_segment *seg = v->seg;
    struct mpa_option o;

    v->reason = v->transient = -1;
    for (int i = 0; i < seg->mptcp_count; i++) {
        size_t at = seg->mptcp_at[i];
        enum mpa_cond cond =
            mpa_option_decode(seg->options + at, seg->options_captured - at, seg->options_size - at,
                              seg->flags, MPA_DIALECT_UNKNOWN, &o, NULL);

        if (cond != MPA_COND_OK && cond != MPA_COND_ILLEGAL)
            continue;
        if (o.subtype == MPA_MP_TCPRST) {
            v->reason = o.tcprst.reason;
            v->transient = o.tcprst.transient;
        } else if (o.subtype == MPA_MP_FASTCLOSE) {
            v->fastclose = true;
        }
    }
}

static struct reset_info *info_of(struct mpa_measure *m, struct sub_user *u)
{
    if (!u->reset) {
        u->reset = calloc(1, sizeof *u->reset);
        if (!u->reset) {
            measure_failed(m, MPA_ERR_NOMEM);
            return NULL;
        }
        u->reset->rst[0].ns = u->reset->rst[1].ns = MPA_NULL;
    }
    return u->reset;
}

/* From here to the host that sends in 'dir' and back, by the handshake; 0 unknown. */
static int64_t reaction_ns(const struct mpa_subflow *sf, enum mpa_dir dir)
{
    if (sf->synack_ns == 0 || sf->syn_retransmissions)
        return 0;
    if (dir != measure_opener(sf))
        return sf->syn_ns ? sf->synack_ns - sf->syn_ns : 0;
    return sf->established_ns ? sf->established_ns - sf->synack_ns : 0;
}

/* Two RSTs, one each way, within a millisecond, from hosts farther away than that: the second
 * cannot answer the first. */
static void find_injection(struct reset_info *info, const struct mpa_subflow *sf, enum mpa_dir dir)
{
    struct mpa_rec_rst *before = &info->rst[measure_other(dir)];

    if (before->packets && before->class == MPA_RESET_UNEXPLAINED &&
        info->rst[dir].class == MPA_RESET_VICTIM && info->rst[dir].ns - before->ns < INJECT_NS &&
        reaction_ns(sf, dir) >= INJECT_NS) {
        before->class = MPA_RESET_MIDDLEBOX;
        info->first.class = MPA_RESET_MIDDLEBOX;
    }
}

/*
 * How long the subflow had been silent.  What the RST answers does not end the silence of its
 * sender: a probe of a forgotten backup subflow, say.
 */
static int64_t silence_ns(const struct mpa_event *e, const struct sub_user *u)
{
    int64_t sent_ns = u->sent_ns[e->dir];

    if (sent_ns && e->ns - sent_ns >= IDLE_NS)
        return e->ns - sent_ns;
    return u->last_ns ? e->ns - u->last_ns : 0;
}

void measure_reset_event(struct mpa_measure *m, const struct mpa_event *e)
{
    struct sub_user *u = e->subflow->user;
    struct reset_info *info = info_of(m, u);
    struct reset_view v = {.seg = e->segment,
                           .conn = e->conn,
                           .sf = e->subflow,
                           .dir = e->dir,
                           .idle_ns = silence_ns(e, u),
                           .given_vip = (u->flags & SUB_GIVEN_VIP) != 0};
    bool earliest;
    enum mpa_word class;

    if (!info)
        return;
    earliest = info->rst[0].packets + info->rst[1].packets == 0;
    if (info->rst[e->dir].packets++)
        return;
    read_options(&v);
    class = measure_reset_class(&v);
    info->rst[e->dir].class = class;
    info->rst[e->dir].ns = e->ns;
    if (earliest)
        info->first = (struct mpa_rec_reset){.class = class,
                                             .from_server = e->dir == MPA_TO_CLIENT,
                                             .ns = e->ns,
                                             .frame = e->frame,
                                             .reason = v.reason >= 0 ? v.reason : MPA_NULL,
                                             .transient = v.reason >= 0 ? v.transient : MPA_NULL,
                                             .idle_dur_ns = u->last_ns ? v.idle_ns : MPA_NULL};
    find_injection(info, e->subflow, e->dir);
    measure_note(m, e, MPA_NOTE_RESET, (int64_t) class, NULL);
    if (class == MPA_RESET_REDIRECT) {
        measure_vip_evidence(m, e->subflow, ADDRESS_REDIRECT);
        measure_progress_hit(m, e);
        measure_note(m, e, MPA_NOTE_HIT, MPA_NULL, NULL);
    }
    if (e->subflow->role == MPA_ROLE_INITIAL && class != MPA_RESET_LATE)
        measure_migrate_vip_ended(e->conn, MPA_LEFT_BY_RESET);
}

enum mpa_word mpa_measure_reset_class(const struct mpa_subflow *sf, enum mpa_dir dir)
{
    const struct sub_user *u = sf->user;

    return u->reset && u->reset->rst[dir].packets ? u->reset->rst[dir].class : 0;
}
