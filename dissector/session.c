/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine over one capture file, and what it said of each frame. */
#include "mptcplb.h"

#include "mpa/record_pack.h"

#include <stdlib.h>
#include <string.h>

/*
 * Segments wait until somebody asks, or until there are many: the engine and Wireshark's dissectors take turns in the processor's caches, and
 * fewer turns cost less; and the engine fetches ahead what a whole batch needs.
 */
#define WAITING       256
#define WAITING_BYTES (1u << 18) /* Of payload. */
#define STEP          4096       /* Frames. */
#define OPTIONS_MAX   40         /* Bytes of a TCP option area. */

struct waiting {
    struct mpa_segment segments[WAITING]; /* The decoder writes into the first free one. */
    guint8 options[WAITING][OPTIONS_MAX];
    guint8 payload[WAITING_BYTES];
    guint count;
    gsize used;
};

struct lb_session {
    struct waiting *waiting;
    struct lb_settings settings;
    struct mpa_measure *measure;
    struct mpa_check *check;
    struct mpa_observer checks; /* The check's own observer, behind ours. */
    GArray *frames;             /* struct lb_frame by number. */
    GArray *details;            /* struct lb_detail */
    GPtrArray *conns;           /* struct lb_conn by id; NULL where an id has none. */
    GPtrArray *records;         /* struct mpa_rec_conn, in the order in which they ended. */
    /* With a read filter Wireshark gives a frame that it drops the number of the next one: the engine counts for itself. */
    GArray *
        places; /* guint32 by Wireshark's number: the latest frame that had it, in our own count. */
    GArray *numbers; /* guint32 by our own count: Wireshark's number. */
    guint32 fed;     /* The latest of our own count, which begins with 1. */
    gint64 first_ns, last_ns;
    gboolean finished;
};

/* ---- What is kept ------------------------------------------------------------------------------ */

static void free_conn(gpointer data)
{
    struct lb_conn *c = data;

    if (!c)
        return;
    if (c->adverts)
        g_ptr_array_free(c->adverts, TRUE);
    if (c->live)
        g_ptr_array_free(c->live, TRUE);
    g_array_free(c->roles, TRUE);
    g_array_free(c->resets, TRUE);
    g_free(c);
}

/* 'frame' is the first one that was fed of it, if it is new. */
static struct lb_conn *take_conn(struct lb_session *s, guint32 id, guint32 frame)
{
    struct lb_conn *c;

    if (id >= s->conns->len)
        g_ptr_array_set_size(s->conns, (gint)id + 1);
    c = g_ptr_array_index(s->conns, id);
    if (c)
        return c;
    c = g_new0(struct lb_conn, 1);
    c->id = id;
    c->first_frame = frame;
    c->roles = g_array_new(FALSE, TRUE, sizeof(guint8));
    c->resets = g_array_new(FALSE, TRUE, sizeof(struct lb_reset));
    g_ptr_array_index(s->conns, id) = c;
    return c;
}

/* Arrays with an entry for each frame are longer than what was fed: to grow costs more than an entry. */
static guint reach(GArray *array, guint32 index)
{
    guint length = array->len;

    if (index >= length)
        g_array_set_size(array, index + STEP);
    return length;
}

static struct lb_frame *take_frame(struct lb_session *s, guint32 number)
{
    for (guint i = reach(s->frames, number); i < s->frames->len; i++)
        g_array_index(s->frames, struct lb_frame, i).conn = LB_NONE;
    return &g_array_index(s->frames, struct lb_frame, number);
}

static void add_detail(struct lb_session *s, guint32 frame, struct lb_detail detail)
{
    struct lb_frame *f = take_frame(s, frame);
    guint32 *link = &f->detail;

    while (*link)
        link = &g_array_index(s->details, struct lb_detail, *link - 1).next;
    /* The link may lie in the array that grows. */
    *link = s->details->len + 1;
    detail.next = 0;
    g_array_append_val(s->details, detail);
}

static struct lb_advert *take_advert(struct lb_conn *c, const struct mpa_advert *from)
{
    struct lb_advert *a = NULL;

    if (!c->adverts)
        c->adverts = g_ptr_array_new_with_free_func(g_free);
    for (guint i = c->adverts->len; i-- > 0 && !a;) {
        struct lb_advert *one = g_ptr_array_index(c->adverts, i);

        if (one->id == from->id && one->from == from->from && one->port == from->port &&
            mpa_addr_eq(&one->addr, &from->addr))
            a = one;
    }
    if (!a) {
        a = g_new0(struct lb_advert, 1);
        a->addr = from->addr;
        a->port = from->port;
        a->id = from->id;
        a->from = from->from;
        g_ptr_array_add(c->adverts, a);
    }
    a->first_ns = from->first_ns;
    a->echo_ns = from->echo_ns;
    a->first_frame = from->first_ns ? (guint32)from->first_frame.frame : 0;
    a->echo_frame = from->echo_ns ? (guint32)from->echo_frame.frame : 0;
    a->transmissions = from->transmissions;
    a->echoes = from->echoes;
    return a;
}

/* ---- What the engine tells --------------------------------------------------------------------- */

static void set_role(struct lb_conn *c, const struct mpa_subflow *sf)
{
    if (sf->id >= c->roles->len)
        g_array_set_size(c->roles, sf->id + 1u);
    g_array_index(c->roles, guint8, sf->id) = sf->role;
}

static void set_reset(struct lb_session *s, struct lb_conn *c, const struct mpa_event *e)
{
    struct lb_reset *r;

    if (e->subflow->id >= c->resets->len)
        g_array_set_size(c->resets, e->subflow->id + 1u);
    r = &g_array_index(c->resets, struct lb_reset, e->subflow->id);
    if (r->class[e->dir])
        return;
    r->class[e->dir] = (guint16)mpa_measure_reset_class(e->subflow, e->dir);
    take_frame(s, (guint32)e->frame.frame)->flags |= LB_FRAME_FIRST_RST;
}

static void on_option(struct lb_session *s, const struct mpa_event *e)
{
    if (e->option->subtype != MPA_MP_JOIN || (e->segment->flags & MPA_TCP_ACK) ||
        !(e->segment->flags & MPA_TCP_SYN) || e->option->cond != MPA_COND_OK)
        return;
    add_detail(s, (guint32)e->frame.frame,
               (struct lb_detail){.kind = LB_DETAIL_TOKEN,
                                  .word = e->conn->flags & MPA_CONN_JOINS_ONLY ? MPA_TOKEN_UNKNOWN
                                                                               : MPA_TOKEN_OK});
}

static void on_event(void *context, const struct mpa_event *e)
{
    struct lb_session *s = context;
    struct lb_conn *c = take_conn(s, (guint32)e->conn->id, (guint32)e->frame.frame);

    if (s->checks.event)
        s->checks.event(s->checks.context, e);
    switch (e->kind) {
    case MPA_EVENT_SUBFLOW:
        set_role(c, e->subflow);
        break;
    case MPA_EVENT_ADD_ADDR:
    case MPA_EVENT_ECHO:
        if (e->advert)
            add_detail(s, (guint32)e->frame.frame,
                       (struct lb_detail){.kind = e->kind == MPA_EVENT_ECHO ? LB_DETAIL_ECHO
                                                                            : LB_DETAIL_ADD_ADDR,
                                          .number = e->value,
                                          .advert = take_advert(c, e->advert)});
        break;
    case MPA_EVENT_HMAC:
        add_detail(s, (guint32)e->frame.frame,
                   (struct lb_detail){.kind = LB_DETAIL_HMAC,
                                      .subtype = e->option ? e->option->subtype : 0,
                                      .word = (enum mpa_word)e->value});
        break;
    case MPA_EVENT_OPTION:
        on_option(s, e);
        break;
    case MPA_EVENT_RST:
        set_reset(s, c, e);
        break;
    default:
        break;
    }
}

/* Findings that are there before the connection ends. */
static void take_live_findings(struct lb_session *s, struct lb_conn *c, const struct mpa_conn *conn)
{
    int count;
    const struct mpa_rec_finding *findings = mpa_check_live(conn, &count);

    for (; c->findings_seen < count; c->findings_seen++) {
        const struct mpa_rec_finding *f = &findings[c->findings_seen];
        struct mpa_rec_finding *copy = g_new(struct mpa_rec_finding, 1);

        *copy = *f;
        if (!c->live)
            c->live = g_ptr_array_new_with_free_func(g_free);
        g_ptr_array_add(c->live, copy);
        if (f->frame_count > 0)
            add_detail(s, (guint32)f->frames[0].frame,
                       (struct lb_detail){.kind = LB_DETAIL_FINDING, .finding = copy});
    }
}

static void set_endpoints(struct lb_conn *c, const struct mpa_subflow *sf)
{
    c->client = (struct mpa_endpoint){.addr = sf->flow.addr[MPA_TO_CLIENT],
                                      .port = sf->flow.port[MPA_TO_CLIENT]};
    c->server = (struct mpa_endpoint){.addr = sf->flow.addr[MPA_TO_SERVER],
                                      .port = sf->flow.port[MPA_TO_SERVER]};
}

/* A segment and the connection that it belongs to. */
static void note_segment(struct lb_session *s, const struct mpa_segment *seg,
                         const struct mpa_subflow *sf, enum mpa_dir dir, guint8 flags)
{
    struct lb_frame *f = take_frame(s, (guint32)seg->frame);
    struct lb_conn *c;

    if (seg->mptcp_count)
        flags |= LB_FRAME_MPTCP;
    if (seg->flags & MPA_TCP_RST)
        flags |= LB_FRAME_RST;
    f->flags |= flags;
    f->conn = (guint32)sf->conn->id;
    f->subflow = sf->id;
    f->dir = (guint8)dir; /* Not by addresses: NAT. */
    c = take_conn(s, f->conn, (guint32)seg->frame);
    c->dialect = (enum mpa_dialect)sf->conn->dialect;
    if (c->client.port == 0)
        set_endpoints(c, sf->conn->subflows);
    c->protocol = (enum mpa_word)sf->conn->protocol;
    take_live_findings(s, c, sf->conn);
}

static void on_segment(void *context, const struct mpa_segment *seg, struct mpa_subflow *sf,
                       enum mpa_dir dir, const struct mpa_facts *facts)
{
    struct lb_session *s = context;

    s->checks.segment(s->checks.context, seg, sf, dir, facts);
    note_segment(s, seg, sf, dir, 0);
}

static void on_copy(void *context, const struct mpa_segment *seg, struct mpa_subflow *sf,
                    enum mpa_dir dir)
{
    note_segment(context, seg, sf, dir, LB_FRAME_COPY);
}

static void on_conn_end(void *context, struct mpa_conn *conn)
{
    struct lb_session *s = context;

    s->checks.conn_end(s->checks.context, conn);
}

static void on_fetch(void *context, const struct mpa_subflow *sf, enum mpa_dir dir)
{
    struct lb_session *s = context;

    s->checks.fetch(s->checks.context, sf, dir);
}

static int on_record(void *context, const struct mpa_rec_conn *record)
{
    struct lb_session *s = context;
    struct mpa_rec_conn *copy = mpa_record_copy(record);

    if (!copy)
        return -1;
    g_ptr_array_add(s->records, copy);
    return 0;
}

/* ---- Feeding ----------------------------------------------------------------------------------- */

struct lb_session *lb_session_new(const struct lb_settings *settings)
{
    struct mpa_check_config checks = {.vips = settings->vips, .vip_count = settings->vip_count};
    struct mpa_measure_config config = {.vips = settings->vips,
                                        .vip_count = settings->vip_count,
                                        .servers = settings->servers,
                                        .server_count = settings->server_count,
                                        .notes = MPA_NOTES_FIRST_DIRECT,
                                        .on_conn = on_record,
                                        .judge = mpa_check_judge};
    struct lb_session *s;

    if (mpa_crypto_init() != 0)
        return NULL;
    s = g_new0(struct lb_session, 1);
    s->waiting = aligned_alloc(_Alignof(struct waiting), sizeof(*s->waiting));
    if (!s->waiting)
        g_error("no memory for segments"); /* As g_new() does. */
    s->waiting->count = 0;
    s->waiting->used = 0;
    s->settings = *settings;
    s->frames = g_array_new(FALSE, TRUE, sizeof(struct lb_frame));
    s->places = g_array_new(FALSE, TRUE, sizeof(guint32));
    s->numbers = g_array_new(FALSE, TRUE, sizeof(guint32));
    s->details = g_array_new(FALSE, TRUE, sizeof(struct lb_detail));
    s->conns = g_ptr_array_new_with_free_func(free_conn);
    s->records = g_ptr_array_new_with_free_func((GDestroyNotify)mpa_record_free);
    s->first_ns = s->last_ns = INT64_MIN;
    s->check = mpa_check_new(&checks);
    config.track.dialect = settings->dialect;
    config.track.no_rtt = true; /* It shows none of data. */
    config.context = s;
    if (s->check) {
        config.judge_context = s->check;
        mpa_check_attach(s->check, &config.track);
        s->checks = config.track.also;
        config.track.also.context = s;
        config.track.also.event = on_event;
        config.track.also.segment = on_segment;
        config.track.also.copy = on_copy;
        config.track.also.conn_end = on_conn_end;
        config.track.also.fetch = on_fetch;
        s->measure = mpa_measure_new(&config);
    }
    if (!s->measure) {
        lb_session_free(s);
        return NULL;
    }
    mpa_check_tracker(s->check, mpa_measure_tracker(s->measure));
    return s;
}

void lb_session_free(struct lb_session *s)
{
    if (!s)
        return;
    mpa_measure_free(s->measure);
    mpa_check_free(s->check);
    g_array_free(s->frames, TRUE);
    g_array_free(s->details, TRUE);
    g_array_free(s->places, TRUE);
    g_array_free(s->numbers, TRUE);
    g_ptr_array_free(s->conns, TRUE);
    g_ptr_array_free(s->records, TRUE);
    free(s->waiting);
    g_free(s);
}

void lb_session_sync(struct lb_session *s)
{
    struct waiting *w = s->waiting;

    mpa_measure_prepare(s->measure, w->segments, (int)w->count);
    mpa_measure_segments(s->measure, w->segments, (int)w->count);
    w->count = 0;
    w->used = 0;
}

/* A number of our own for the frame that Wireshark calls 'number'. */
static guint32 count_frame(struct lb_session *s, guint32 number)
{
    guint32 own = ++s->fed;

    reach(s->numbers, own);
    g_array_index(s->numbers, guint32, own) = number;
    reach(s->places, number);
    g_array_index(s->places, guint32, number) = own;
    return own;
}

/* The segment that was decoded into the first free place waits: what it borrows of the frame moves to memory of ours. */
static void wait_segment(struct waiting *w)
{
    struct mpa_segment *seg = &w->segments[w->count];

    seg->options = memcpy(w->options[w->count], seg->options, seg->options_captured);
    if (seg->payload_captured > 0)
        seg->payload = memcpy(w->payload + w->used, seg->payload, seg->payload_captured);
    w->used += seg->payload_captured;
    w->count++;
}

void lb_session_feed(struct lb_session *s, const struct mpa_frame *given)
{
    const struct mpa_tunnel_ports ports = MPA_TUNNEL_PORTS_DEFAULT;
    struct waiting *w = s->waiting;
    struct mpa_frame frame = *given;
    struct mpa_icmp_error icmp;

    if (s->finished)
        return;
    frame.number = count_frame(s, (guint32)given->number);
    if (s->first_ns == INT64_MIN)
        s->first_ns = frame.ns;
    if (frame.ns > s->last_ns)
        s->last_ns = frame.ns;
    if (w->count == WAITING || frame.captured > WAITING_BYTES - w->used)
        lb_session_sync(s);
    switch (mpa_frame_decode(&frame, &ports, &w->segments[w->count], &icmp)) {
    case MPA_FRAME_SEGMENT:
        if (w->segments[w->count].payload_captured <= WAITING_BYTES)
            wait_segment(w);
        else
            mpa_measure_segment(s->measure, &w->segments[w->count]); /* None waits before it. */
        break;
    case MPA_FRAME_ICMP:
        lb_session_sync(s);
        mpa_measure_icmp(s->measure, &icmp);
        break;
    default:
        break;
    }
}

/* ---- The end ----------------------------------------------------------------------------------- */

static gint by_id(gconstpointer a, gconstpointer b)
{
    const struct mpa_rec_conn *x = *(struct mpa_rec_conn *const *)a;
    const struct mpa_rec_conn *y = *(struct mpa_rec_conn *const *)b;

    return x->id < y->id ? -1 : x->id > y->id;
}

/* The live ones of the frame are in the record too: these take their place. */
static void drop_live_findings(struct lb_session *s)
{
    for (guint i = 0; i < s->frames->len; i++) {
        guint32 *link = &g_array_index(s->frames, struct lb_frame, i).detail;

        while (*link) {
            struct lb_detail *d = &g_array_index(s->details, struct lb_detail, *link - 1);

            if (d->kind == LB_DETAIL_FINDING)
                *link = d->next;
            else
                link = &d->next;
        }
    }
}

static void take_record(struct lb_session *s, struct mpa_rec_conn *r)
{
    struct lb_conn *c = take_conn(s, (guint32)r->id, 0);

    c->record = r;
    c->protocol = r->protocol;
    c->dialect = r->dialect;
    for (int i = 0; i < r->note_count && c->off_vip_frame == 0; i++)
        if (r->notes[i].kind == MPA_NOTE_FIRST_DIRECT &&
            r->migration.state == MPA_MIGRATION_MIGRATED)
            c->off_vip_frame = (guint32)r->notes[i].frame.frame;
    for (int i = 0; i < r->finding_count; i++)
        if (r->findings[i].frame_count > 0)
            add_detail(s, (guint32)r->findings[i].frames[0].frame,
                       (struct lb_detail){.kind = LB_DETAIL_FINDING, .finding = &r->findings[i]});
}

/* Records' own arrays, so that findings of the last judgement can be put behind the others. */
static struct mpa_rec_conn *complete(struct lb_session *s, struct mpa_rec_conn *r)
{
    struct mpa_rec_conn judged;
    struct mpa_rec_conn *copy;

    mpa_measure_complete(s->measure, r);
    judged = *r;
    mpa_check_record(s->check, &judged);
    copy = mpa_record_copy(&judged);
    if (!copy)
        return r;
    mpa_record_free(r);
    return copy;
}

void lb_session_finish(struct lb_session *s)
{
    if (s->finished)
        return;
    lb_session_sync(s);
    s->finished = TRUE;
    mpa_measure_finish(s->measure);
    if (s->last_ns != INT64_MIN)
        mpa_check_end(s->check, s->last_ns);
    g_ptr_array_sort(s->records, by_id);
    drop_live_findings(s);
    for (guint i = 0; i < s->records->len; i++) {
        struct mpa_rec_conn *r = complete(s, g_ptr_array_index(s->records, i));

        g_ptr_array_index(s->records, i) = r;
        take_record(s, r);
    }
}

/* ---- Reading ----------------------------------------------------------------------------------- */

const struct lb_frame *lb_session_frame(const struct lb_session *s, guint32 number)
{
    const struct lb_frame *f;
    guint32 own = number < s->places->len ? g_array_index(s->places, guint32, number) : 0;

    if (own == 0 || own >= s->frames->len)
        return NULL;
    f = &g_array_index(s->frames, struct lb_frame, own);
    return f->conn == LB_NONE ? NULL : f;
}

guint32 lb_session_number(const struct lb_session *s, guint32 own)
{
    guint32 number = own < s->numbers->len ? g_array_index(s->numbers, guint32, own) : 0;

    return number && g_array_index(s->places, guint32, number) == own ? number : 0;
}

struct lb_conn *lb_session_conn(const struct lb_session *s, guint32 id)
{
    return id < s->conns->len ? g_ptr_array_index(s->conns, id) : NULL;
}

guint32 lb_session_conn_count(const struct lb_session *s)
{
    return s->conns->len;
}

const struct lb_detail *lb_session_detail(const struct lb_session *s, const struct lb_frame *f,
                                          const struct lb_detail *after)
{
    guint32 at = after ? after->next : f->detail;

    return at ? &g_array_index(s->details, struct lb_detail, at - 1) : NULL;
}

const struct mpa_rec_subflow *lb_conn_subflow(const struct lb_conn *c, guint16 subflow)
{
    for (int i = 0; c->record && i < c->record->subflow_count; i++)
        if (c->record->subflows[i].id == subflow)
            return &c->record->subflows[i];
    return NULL;
}

enum mpa_word lb_conn_role(const struct lb_conn *c, guint16 subflow)
{
    const struct mpa_rec_subflow *sf = lb_conn_subflow(c, subflow);

    if (sf)
        return sf->role;
    return subflow < c->roles->len && g_array_index(c->roles, guint8, subflow)
               ? (enum mpa_word)g_array_index(c->roles, guint8, subflow)
               : MPA_ROLE_INITIAL;
}

enum mpa_word lb_conn_reset(const struct lb_conn *c, guint16 subflow, enum mpa_dir dir)
{
    const struct mpa_rec_subflow *sf = lb_conn_subflow(c, subflow);

    if (sf)
        return sf->rst[dir].packets > 0 ? sf->rst[dir].class : 0;
    return subflow < c->resets->len
               ? (enum mpa_word)g_array_index(c->resets, struct lb_reset, subflow).class[dir]
               : 0;
}
