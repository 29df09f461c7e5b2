/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rules of the groups format and capable need to remember: handshakes of initial subflows, and options out of place. */
#include "internal.h"

#include <stdlib.h>

const uint8_t *check_find_option(const struct mpa_segment *seg, enum mpa_subtype subtype,
                                 size_t *ret_captured)
{
    for (int i = 0; i < seg->mptcp_count; i++) {
        unsigned at = seg->mptcp_at[i];

        if (at + 3 > seg->options_captured || seg->options[at + 2] >> 4 != subtype)
            continue;
        *ret_captured = (size_t)seg->options_captured - at;
        return seg->options + at;
    }
    return NULL;
}

/* NULL when memory ends. */
static struct check_capable_rare *rare_of(struct mpa_check *c, struct check_capable_conn *cap)
{
    if (!cap->rare)
        cap->rare = calloc(1, sizeof *cap->rare);
    if (!cap->rare)
        c->status = MPA_ERR_NOMEM;
    return cap->rare;
}

static struct mpa_frame_ref frame_of(const struct mpa_segment *seg)
{
    return (struct mpa_frame_ref){seg->capture, (int64_t)seg->frame};
}

/* ---- The handshake ----------------------------------------------------------------------- */

/* Linux answers two retransmissions without MP_CAPABLE; the sixth attempt is past what any stack waits. */
#define SYNS_MAX 6

static void take_key(struct check_capable_conn *cap, const struct mpa_segment *seg,
                     enum mpa_dir dir)
{
    if (cap->key_frame[dir].frame)
        return;
    cap->key_frame[dir] = frame_of(seg);
    cap->key_ns[dir] = seg->ns;
}

static void take_client_key(struct check_capable_conn *cap, const struct mpa_segment *seg,
                            const uint8_t *key)
{
    if (cap->flags & CAP_CLIENT_KEY)
        return;
    memcpy(cap->client_key, key, MPA_KEY_SIZE);
    cap->flags |= CAP_CLIENT_KEY;
    take_key(cap, seg, MPA_TO_SERVER);
}

static void take_capable_syn(struct mpa_check *c, struct check_capable_conn *cap,
                             const struct mpa_segment *seg, const uint8_t *o)
{
    uint8_t version = o[2] & 0x0f;
    bool again = (cap->flags & CAP_SYN) != 0, has_key = o[1] == 12;

    if (again && (version != cap->syn_version || o[3] != cap->syn_flags ||
                  has_key != ((cap->flags & CAP_CLIENT_KEY) != 0) ||
                  (has_key && memcmp(o + 4, cap->client_key, MPA_KEY_SIZE) != 0)))
        cap->flags |= CAP_SYN_VARIES;
    if (!again || version > cap->syn_version)
        cap->syn_version = version;
    cap->syn_flags |= o[3];
    cap->flags |= CAP_SYN;
    cap->flags &= (uint16_t)~CAP_SYN_PLAIN;
    if (has_key)
        take_client_key(cap, seg, o + 4);
    if (cap->syns < SYNS_MAX && ++cap->syns == SYNS_MAX && rare_of(c, cap)) {
        cap->rare->syn_frame = frame_of(seg);
        cap->rare->syn_ns = seg->ns;
    }
}

static void take_syn(struct mpa_check *c, struct check_capable_conn *cap,
                     const struct mpa_segment *seg)
{
    size_t captured;
    const uint8_t *o = check_find_option(seg, MPA_MP_CAPABLE, &captured);

    if (seg->payload_size)
        cap->flags |= CAP_SYN_DATA;
    if (o && captured >= 4 && o[1] >= 4 && o[1] <= captured) {
        take_capable_syn(c, cap, seg, o);
    } else if (o || seg->options_truncated || seg->options_malformed) {
        cap->flags |= CAP_SYN_CUT;
    } else if (check_find_option(seg, MPA_MP_JOIN, &captured)) {
        cap->flags |= CAP_SYN_JOIN;
    } else {
        cap->flags |= CAP_SYN_PLAIN;
    }
}

static void take_synack(struct mpa_check *c, struct check_capable_conn *cap,
                        const struct mpa_segment *seg)
{
    size_t captured;
    const uint8_t *o = check_find_option(seg, MPA_MP_CAPABLE, &captured);
    struct check_synack s = {.isn = seg->seq};

    if (!o || o[1] != 12 || captured < 12)
        return;
    memcpy(s.key, o + 4, MPA_KEY_SIZE);
    s.version = o[2] & 0x0f;
    s.flags = o[3];
    take_key(cap, seg, MPA_TO_CLIENT);
    if (!(cap->flags & CAP_SYNACK)) {
        cap->synack = s;
        cap->flags |= CAP_SYNACK;
        return;
    }
    if (s.isn == cap->synack.isn && s.flags == cap->synack.flags &&
        memcmp(s.key, cap->synack.key, MPA_KEY_SIZE) == 0)
        return;
    if (rare_of(c, cap) && cap->rare->synack_count < CHECK_SYNACKS - 1)
        cap->rare->synacks[cap->rare->synack_count++] = s;
}

/* A third ACK or first data. */
static void take_ack(struct check_capable_conn *cap, const struct mpa_segment *seg)
{
    size_t captured;
    const uint8_t *o;

    if ((cap->flags & CAP_CLIENT_KEY) && cap->key_frame[MPA_TO_CLIENT].frame)
        return;
    o = check_find_option(seg, MPA_MP_CAPABLE, &captured);
    if (!o || o[1] < 20 || o[1] > captured)
        return;
    take_client_key(cap, seg, o + 4);
    take_key(cap, seg, MPA_TO_CLIENT);
}

/* The client's first payload: with what? */
static void take_data(struct mpa_check *c, struct check_capable_conn *cap,
                      const struct mpa_segment *seg, const struct mpa_subflow *sf)
{
    const struct mpa_half *h = &sf->half[MPA_TO_SERVER];
    size_t captured;
    const uint8_t *o = check_find_option(seg, MPA_MP_CAPABLE, &captured);

    cap->data_ns = seg->ns;
    if ((sf->flags & MPA_SF_MIDSTREAM) || !(h->flags & MPA_HALF_SYN) || seg->seq != h->isn + 1)
        cap->flags |= CAP_DATA_LATE;
    else if (o && o[1] >= 22)
        cap->flags |= CAP_DATA_CAPABLE;
    else if (check_find_option(seg, MPA_DSS, &captured) && rare_of(c, cap))
        cap->rare->data_frame = frame_of(seg); /* Without any option it is a fallback. */
}

static void note_mixed(struct mpa_check *c, struct check_capable_conn *cap,
                       const struct mpa_segment *seg)
{
    cap->flags ^= CAP_MIXED;
    if ((cap->flags & CAP_MIXED) && rare_of(c, cap)) {
        cap->rare->mixed_frame = frame_of(seg);
        cap->rare->mixed_ns = seg->ns;
    }
}

/* Timestamps that come back tell of packets that the capture lost, pure acknowledgements too. */
static void note_echo(struct check_capable_conn *cap, const struct mpa_segment *seg,
                      enum mpa_dir dir)
{
    enum mpa_dir peer = check_other(dir);

    if (cap->dss_ns[peer] == 0 && cap->ts[peer] && (seg->flags & MPA_TCP_ACK) &&
        (int32_t)(seg->tsecr - cap->ts[peer]) > 0)
        cap->flags |= CAP_ECHO_UNSEEN;
    if (cap->dss_ns[dir] == 0 && (cap->ts[dir] == 0 || (int32_t)(seg->tsval - cap->ts[dir]) > 0))
        cap->ts[dir] = seg->tsval;
}

static void on_segment(struct mpa_check *c, const struct mpa_segment *seg, struct mpa_subflow *sf,
                       enum mpa_dir dir, const struct mpa_facts *facts)
{
    struct check_capable_conn *cap = &check_conn_of(sf->conn)->capable;

    (void)facts;
    if ((sf->conn->dialect == MPA_DIALECT_MIXED) != ((cap->flags & CAP_MIXED) != 0))
        note_mixed(c, cap, seg);
    if (seg->options_truncated)
        cap->flags |= CAP_CUT;
    if (sf->role != MPA_ROLE_INITIAL)
        return;
    if (seg->has_ts && !(cap->dss_ns[0] && cap->dss_ns[1]))
        note_echo(cap, seg, dir);
    if (seg->flags & MPA_TCP_SYN) {
        if (seg->flags & MPA_TCP_ACK)
            take_synack(c, cap, seg);
        else
            take_syn(c, cap, seg);
        return;
    }
    if (dir != MPA_TO_SERVER)
        return;
    if (seg->payload_size && cap->data_ns == 0)
        take_data(c, cap, seg, sf);
    if (seg->mptcp_count)
        take_ack(cap, seg);
}

/* ---- Options ----------------------------------------------------------------------------- */

/* Whether the connection's dialect is decided and older than RFC 8684. */
static bool is_older(const struct mpa_conn *conn)
{
    return (MPA_IN_V0 | MPA_IN_DRAFT) & 1u << conn->dialect;
}

/* What makes this option one of another dialect than the connection's; NULL: nothing. */
static const char *foreign(const struct mpa_event *e, const struct check_capable_conn *cap)
{
    const struct mpa_option *o = e->option;

    if (o->cond == MPA_COND_UNKNOWN)
        return o->subtype != MPA_MP_EXPERIMENTAL ? "a subtype that no dialect defines" : NULL;
    if (o->cond != MPA_COND_OK && o->cond != MPA_COND_ILLEGAL)
        return NULL;
    switch (o->subtype) {
    case MPA_MP_CAPABLE:
        if (!(e->segment->flags & MPA_TCP_SYN) && (cap->flags & CAP_SYNACK) &&
            e->segment->ack == cap->synack.isn + 1 && o->capable.version != cap->synack.version)
            return "an MP_CAPABLE with another version than the SYN/ACK's";
        return NULL;
    case MPA_ADD_ADDR:
        return is_older(e->conn) && o->add_addr.nibble <= 1 ? "an ADD_ADDR of RFC 8684" : NULL;
    case MPA_MP_TCPRST:
        return is_older(e->conn) ? "MP_TCPRST, which only RFC 8684 has" : NULL;
    default:
        return NULL;
    }
}

static bool is_plain_handshake(const struct mpa_conn *conn)
{
    return conn->fallback == MPA_FALLBACK_REASON_SYN_DROPPED ||
           conn->fallback == MPA_FALLBACK_REASON_SYNACK_PLAIN ||
           conn->fallback == MPA_FALLBACK_REASON_ACK_PLAIN;
}

/* An option after a fallback in the handshake.  RSTs answer what the other side did. */
static void note_late(struct mpa_check *c, struct check_capable_conn *cap,
                      const struct mpa_event *e)
{
    struct check_late *late;

    if ((e->segment->flags & MPA_TCP_RST) ||
        ((e->segment->flags & MPA_TCP_SYN) && e->subflow->role == MPA_ROLE_INITIAL) ||
        !rare_of(c, cap))
        return;
    /* It answers a SYN/ACK that was not captured. */
    if (e->option->subtype == MPA_MP_CAPABLE && e->subflow->role == MPA_ROLE_INITIAL &&
        e->segment->ack != e->subflow->half[check_other(e->dir)].isn + 1)
        cap->flags &= (uint16_t)~CAP_PLAIN_SURE;
    late = &cap->rare->late[e->dir];
    if (late->count == 2 || (late->count == 1 && late->frame[0].frame == e->frame.frame &&
                             late->frame[0].capture == e->frame.capture))
        return;
    late->frame[late->count] = e->frame;
    late->ns[late->count] = e->ns;
    late->subtype[late->count++] = e->option->subtype;
}

/* What a side must have received before it may join, or need not repeat its keys. */
static void note_proof(struct check_capable_conn *cap, const struct mpa_event *e)
{
    const struct mpa_option *o = e->option;
    bool maps = o->subtype == MPA_DSS || (o->subtype == MPA_MP_CAPABLE && o->len >= 22);

    if (maps && e->subflow->role == MPA_ROLE_INITIAL) {
        if (cap->dss_ns[e->dir] == 0)
            cap->dss_ns[e->dir] = e->ns;
    } else if (maps || o->subtype == MPA_ADD_ADDR) {
        if (cap->proof_ns[e->dir] == 0)
            cap->proof_ns[e->dir] = e->ns;
    }
}

static void on_option(struct mpa_check *c, struct check_capable_conn *cap,
                      const struct mpa_event *e)
{
    const struct mpa_option *o = e->option;
    const char *what;

    if (e->conn->protocol == MPA_PROTOCOL_FALLBACK) {
        if (is_plain_handshake(e->conn))
            note_late(c, cap, e);
        return;
    }
    if (o->cond == MPA_COND_OK || o->cond == MPA_COND_TRUNCATED)
        note_proof(cap, e);
    if (o->subtype == MPA_DSS)
        return;
    what = foreign(e, cap);
    if (what && rare_of(c, cap) && !cap->rare->foreign) {
        cap->rare->foreign = what;
        cap->rare->foreign_frame = e->frame;
        cap->rare->foreign_ns = e->ns;
    }
}

/* Whether the packet that decided the fallback is the one that had to carry MP_CAPABLE, and not a later one after a loss. */
static bool is_sure(const struct mpa_event *e)
{
    const struct mpa_segment *seg = e->segment;
    const struct mpa_half *h = e->subflow->half;
    size_t captured;

    if (check_find_option(seg, MPA_MP_CAPABLE, &captured))
        return false; /* One that cannot be read. */
    if (seg->flags & MPA_TCP_SYN)
        return true;
    return e->value == MPA_FALLBACK_REASON_ACK_PLAIN && seg->payload_size == 0 &&
           h[MPA_TO_SERVER].packets == 2u + e->subflow->syn_retransmissions &&
           seg->seq == h[MPA_TO_SERVER].isn + 1 && seg->ack == h[MPA_TO_CLIENT].isn + 1;
}

static void on_event(struct mpa_check *c, const struct mpa_event *e)
{
    struct check_capable_conn *cap = &check_conn_of(e->conn)->capable;

    switch (e->kind) {
    case MPA_EVENT_OPTION:
        on_option(c, cap, e);
        break;
    case MPA_EVENT_SUBFLOW:
        check_subflow_of(e->subflow)->capable.frame = e->frame;
        break;
    case MPA_EVENT_FALLBACK:
        if (is_sure(e))
            cap->flags |= CAP_PLAIN_SURE;
        break;
    default:
        break;
    }
}

static void on_end(struct mpa_check *c, const struct mpa_conn *conn)
{
    struct check_capable_conn *cap = &check_conn_of(conn)->capable;

    (void)c;
    free(cap->rare);
    cap->rare = NULL;
}

const struct check_watcher check_watch_capable = {
    .event = on_event, .segment = on_segment, .end = on_end};
