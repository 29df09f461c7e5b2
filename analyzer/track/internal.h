/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tracker from inside: who owns what, and which file does what.
 *
 *   tracker.c    one segment, timers, the end           batch.c     many segments, runs, looking ahead
 *   flow.c       four-tuples                            table.c     items by hash
 *   copies.c     copies of packets, NAT views           pool.c      fixed-size memory
 *   conn.c       connections and subflows, tokens       handshake.c SYN, SYN/ACK, third ACK, split handshakes
 *   options.c    every MPTCP option to its meaning      dialect.c   evidence to dialect
 *   advert.c     ADD_ADDR, echo, REMOVE_ADDR            join.c      MP_JOIN and its HMACs
 *   dss.c        mappings, Data ACK, DATA_FIN           data.c      payload, acknowledgements, RTT
 *   fallback.c   when a connection stops being MPTCP    export.c    state to record
 */
#ifndef MPA_TRACK_INTERNAL_H
#define MPA_TRACK_INTERNAL_H

#include "mpa/status.h"
#include "mpa/track.h"
#include "table.h"

#include <stdatomic.h>
#include <stddef.h>

/* ---- pool.c: items of one size from slabs, zeroed, with a free list; slabs are returned only at the end. */
struct pool {
    size_t item; /* Bytes of an item. */
    void *free;  /* Free list through the items' first bytes. */
    void *slabs; /* List of slabs. */
    char *fresh; /* Never used part of the newest slab. */
    size_t fresh_count;
    size_t slab_count;
    size_t low;            /* At so few fresh items the next slab is wished for. */
    _Atomic(char *) spare; /* The next slab, touched already; NULL without. */
    atomic_bool wish;      /* Nobody has made it yet. */
};

#define POOL_GONE 128
void pool_init(struct pool *p, size_t item_size);
void *pool_get(struct pool *p); /* NULL when memory ends. */
void pool_put(
    struct pool *p,
    void *item); /* Its first POOL_GONE bytes become zeros, but for a pointer of the pool's. */
/* Make the slab that is wished for: the system clears its pages here and not where items are taken.  May run in another thread than all the rest,
   but not while the pool is closed. */
void pool_warm(struct pool *p);
void pool_close(struct pool *p); /* All items are gone; the pool may be used again. */

/* ---- flow.c */
struct flow_table {
    struct table table; /* Of struct mpa_flow, with a note for each. */
    uint64_t key[2];    /* Of the hash: nobody can aim at one place. */
};

/* The note: port[MPA_TO_SERVER], and whether it is another view than its subflow's first. */
#define FLOW_IS_VIEW 0x10000u

bool flow_table_init(struct flow_table *f); /* False when memory ends. */
uint32_t flow_hash(const struct flow_table *f, const struct mpa_segment *seg);
uint32_t flow_hash_tuple(const struct flow_table *f, const struct mpa_addr *src, uint16_t sport,
                         const struct mpa_addr *dst, uint16_t dport);

/* Whether 'flow' has this four-tuple in the direction 'dir': without branches, for which way a packet goes nobody foresees. */
static inline bool flow_goes(const struct mpa_flow *flow, unsigned dir, const struct mpa_addr *src,
                             uint16_t sport, const struct mpa_addr *dst, uint16_t dport)
{
    const struct mpa_addr *to = &flow->addr[dir], *from = &flow->addr[1 - dir];

    return ((to->q[0] ^ dst->q[0]) | (to->q[1] ^ dst->q[1]) | (from->q[0] ^ src->q[0]) |
            (from->q[1] ^ src->q[1]) | (uint64_t)(flow->port[dir] ^ dport) |
            (uint64_t)(flow->port[1 - dir] ^ sport)) == 0;
}

/* The same in either direction; '*ret_dir' is which. */
static inline bool flow_is(const struct mpa_flow *flow, const struct mpa_addr *src, uint16_t sport,
                           const struct mpa_addr *dst, uint16_t dport, enum mpa_dir *ret_dir)
{
    unsigned dir = flow->port[MPA_TO_SERVER] != dport;

    if (!flow_goes(flow, dir, src, sport, dst, dport)) {
        if (sport != dport || !flow_goes(flow, 1 - dir, src, sport, dst, dport))
            return false;
        dir = 1 - dir;
    }
    *ret_dir = (enum mpa_dir)dir;
    return true;
}

/* The flow of this four-tuple in either direction, or NULL; '*ret_dir' is which. */
struct mpa_flow *flow_find(const struct flow_table *f, uint32_t hash, const struct mpa_addr *src,
                           uint16_t sport, const struct mpa_addr *dst, uint16_t dport,
                           enum mpa_dir *ret_dir);
/* Insert a flow of which all but the next view is set.  False when memory ends. */
bool flow_insert(struct flow_table *f, struct mpa_flow *flow);

/* ---- copies.c: copies are found ahead, by their numbers among the segments; whose they are is known when the tracker is there. */
#define COPY_SLOTS 8192u
#define COPY_SEEN  16384u /* Segments of which is known whose they were. */

/* By what a packet is known again. */
struct copy_slot {
    uint64_t print; /* 0: empty. */
    int64_t ns;
    uint32_t number;
    uint32_t place; /* Of layer 2, TTL and four-tuple. */
};

/* Whose a packet was, as far as it was tracked. */
struct copy_seen {
    struct mpa_subflow *subflow; /* Valid while its connection's id is that of 'conn_and_dir'. */
    uint32_t number;             /* Of its first view. */
    uint32_t conn_and_dir;       /* The id's lower bits, and enum mpa_dir in the last bit. */
};

/* What identifies a packet whatever router or translator it passed; never 0. */
uint64_t copy_print(const struct mpa_segment *seg);

static inline struct copy_slot *copy_slot(struct copy_slot *slots, uint64_t print)
{
    return &slots[(print >> 40) & (COPY_SLOTS - 1)];
}

/* How many segments before this one the packet was seen first that it is a copy of; otherwise 0, and it is remembered. */
uint32_t copy_look(struct copy_slot *slots, const struct mpa_segment *seg, uint64_t print,
                   uint32_t flow_hash, uint32_t number);
/* The subflow of the segment 'number', a copy's first view, and its direction there, when that is among the last COPY_SEEN segments and still in memory; NULL
   otherwise: then it may have to be tracked itself. */
struct mpa_subflow *copy_first_view(const struct copy_seen *seen, uint32_t number,
                                    enum mpa_dir *ret_dir);
/* The segment 'number', a copy of the one so many before it or (0) of none, is the subflow's. */
void copy_note(struct copy_seen *seen, uint32_t number, uint32_t copy_of,
               struct mpa_subflow *subflow, enum mpa_dir dir);

/* ---- The tracker itself. */
#define TIMER_SLOTS  4096u      /* Of one second. */
#define SUBFLOWS_MAX UINT16_MAX /* Per connection: their ids and counts have 16 bits. */
#define UNDECIDED_MAX                                                                              \
    256 /* Connections whose hash is undecided and that are searched for unknown tokens. */

struct mpa_tracker {
    struct mpa_track_config config;
    struct mpa_track_counts counts;
    struct flow_table flows;
    /* By the owner's direction ([MPA_TO_SERVER]: client tokens), the newest connection with each token. */
    struct table tokens[2];
    struct pool conns, subflows, views, adverts, rtts, rivals;
    struct mpa_conn *timers[TIMER_SLOTS];
    int64_t now_ns;       /* Highest time seen. */
    int64_t turn_ns;      /* When the next second begins. */
    int64_t timer_second; /* The next second to look at. */
    int64_t next_id, live;
    struct copy_seen *seen; /* COPY_SEEN. */
    struct mpa_conn *undecided[UNDECIDED_MAX];
    int undecided_count;
    uint32_t taken; /* Number of the next segment; wraps. */

    /* Of looking ahead only, which may run in another thread than all the rest. */
    struct copy_slot *copies; /* COPY_SLOTS. */
    uint32_t looked_at;       /* Number of the next segment looked at; wraps. */
};

/* The other server's SYN/ACK of a split handshake. */
struct mpa_synack {
    uint32_t isn;
    uint8_t key[MPA_KEY_SIZE];
    uint8_t capable_flags, version, ttl, wscale;
    bool has_key;
};

/* One segment on its way through the tracker. */
struct pass {
    struct mpa_tracker *t;
    const struct mpa_segment *seg;
    struct mpa_subflow *sf;
    struct mpa_conn *conn;
    enum mpa_dir dir;
    /* What its sender sent on the subflow and what its peer did, and both in the connection. */
    struct mpa_half *half, *peer;
    struct mpa_data_half *data, *peer_data;
    struct mpa_facts *facts;
    bool had_mptcp; /* Carries an MPTCP option of any condition. */
    bool has_dss;
    bool has_capable;
    bool rival;   /* A SYN/ACK of another server than the first one that answered. */
    uint64_t seq; /* Unwrapped sequence number of the first payload byte. */
};

static inline enum mpa_dir other(enum mpa_dir dir)
{
    return dir == MPA_TO_SERVER ? MPA_TO_CLIENT : MPA_TO_SERVER;
}

/* One to one, so that equal hashes are equal tokens, and keyed: who chooses tokens does not choose their places. */
static inline uint32_t token_hash(const struct mpa_tracker *t, uint32_t token)
{
    uint32_t h = token ^ (uint32_t)t->flows.key[1];

    h = (h ^ h >> 16) * (uint32_t)t->flows.key[0];
    h = (h ^ h >> 15) * 0x846ca68bu;
    return h ^ h >> 16;
}

/* Subflow, connection and direction are known, or another connection is. */
static inline void pass_sides(struct pass *p)
{
    p->half = &p->sf->half[p->dir];
    p->peer = &p->sf->half[other(p->dir)];
    p->data = &p->conn->data[p->dir];
    p->peer_data = &p->conn->data[other(p->dir)];
}

/* The direction in which the subflow's opener sends. */
static inline enum mpa_dir opener(const struct mpa_subflow *sf)
{
    return sf->flags & MPA_SF_BY_SERVER ? MPA_TO_CLIENT : MPA_TO_SERVER;
}

#define CACHE_LINE 64u

/* User areas follow their connection or subflow, one after the other, each from a cache line on. */
static inline size_t round_line(size_t size)
{
    return (size + CACHE_LINE - 1) & ~(size_t)(CACHE_LINE - 1);
}

/* Where the second observer's area begins in an item with this structure and first area. */
static inline size_t also_at(size_t structure, size_t user)
{
    return round_line(structure) + round_line(user);
}

static inline struct mpa_frame_ref frame_of(const struct mpa_segment *seg)
{
    return (struct mpa_frame_ref){seg->capture, (int64_t)seg->frame};
}

/* gcc takes a call of a function that does nothing but fetch for one without effect, and leaves it out. */
#define FETCHES __attribute__((always_inline)) static inline

FETCHES void fetch(const void *object, size_t from, size_t upto)
{
    const char *at = object;

    for (; from < upto; from += CACHE_LINE)
        __builtin_prefetch(at + from, 1);
}

/* Unwrapped numbers begin above 2^32, so that going back never underflows. */
#define SEQ_BASE (1ull << 32)

/* Whose the segment in front was, or most likely is; its memory is there, but it may be another's or nobody's. */
struct way {
    struct mpa_flow *flow; /* NULL: nobody's. */
    enum mpa_dir dir;
    bool sure; /* The segment has its four-tuple, and goes that way unless it is turned. */
};

/* tracker.c */
/* Track one segment.  'way' then is that of the segment behind it, if that has the same four-tuple.  Returns its subflow or NULL, and what it did. */
struct mpa_subflow *step(struct mpa_tracker *t, const struct mpa_segment *seg,
                         const struct mpa_segment_ahead *ahead, struct way *way,
                         struct mpa_facts *facts);
void tell(struct pass *p, enum mpa_event_kind kind, const struct mpa_option *option,
          struct mpa_advert *advert, int64_t value);
void timer_set(struct mpa_tracker *t, struct mpa_conn *c);
void timer_clear(struct mpa_tracker *t, struct mpa_conn *c);
void subflow_check_live(struct pass *p);

/* conn.c */
struct mpa_conn *conn_new(struct mpa_tracker *t, const struct mpa_segment *seg);
void conn_end(struct mpa_tracker *t, struct mpa_conn *c);
/* The same for one after which the tables and pools go as a whole: only its tokens leave them, where somebody may still ask. */
void conn_end_last(struct mpa_tracker *t, struct mpa_conn *c);
/* A subflow of 'c' for the segment's four-tuple; 'dir' is the segment's direction. */
struct mpa_subflow *subflow_new(struct mpa_tracker *t, struct mpa_conn *c,
                                const struct mpa_segment *seg, uint32_t hash, enum mpa_dir dir,
                                uint8_t role);
/* Its four-tuples leave the table: a newer connection took them over. */
void subflow_detach(struct mpa_tracker *t, struct mpa_subflow *sf);
/* A translated view of 'sf'. */
void subflow_add_view(struct mpa_tracker *t, struct mpa_subflow *sf, const struct mpa_segment *seg,
                      uint32_t hash, enum mpa_dir dir);
/* Move a subflow to another connection (a join whose HMAC belongs to another one with an equal token). */
void subflow_move(struct mpa_tracker *t, struct mpa_subflow *sf, struct mpa_conn *to);
/* A connection whose 'owner' has no token in the table may be found by the one it has. */
void token_insert(struct mpa_tracker *t, struct mpa_conn *c, enum mpa_dir owner);
/* The next connection after 'after' (NULL: the first) whose 'owner' has 'token', the newest first. */
struct mpa_conn *token_find(const struct mpa_tracker *t, uint32_t token, enum mpa_dir owner,
                            const struct mpa_conn *after);
void conn_set_key(struct mpa_tracker *t, struct mpa_conn *c, enum mpa_dir owner,
                  const uint8_t key[MPA_KEY_SIZE]);
/* The hash was decided or changed: tokens and initial numbers again. */
void conn_rehash(struct mpa_tracker *t, struct mpa_conn *c);

/* dialect.c */
void dialect_note(struct mpa_tracker *t, struct mpa_conn *c, uint32_t evidence);
/* The answerer's version overrides the opener's. */
void dialect_version(struct mpa_tracker *t, struct mpa_conn *c, unsigned version, bool answer);
/* As which dialect the options of a connection of a dialect are decoded. */
extern const uint8_t dialect_decoded_as[MPA_DIALECT_COUNT];
/* Hashes that may be this connection's: fills 'ret', returns 1 or 2. */
int dialect_hashes(const struct mpa_conn *c, enum mpa_hash ret[2]);

/* handshake.c: each returns the subflow that the segment belongs to, or NULL when memory ended. */
struct mpa_subflow *handshake_syn(struct pass *p, struct mpa_flow *flow, uint32_t hash);
struct mpa_subflow *handshake_synack(struct pass *p, struct mpa_flow *flow, uint32_t hash);
struct mpa_subflow *handshake_midstream(struct pass *p, uint32_t hash);
void handshake_after(struct pass *p);
/* Whether a third ACK or first data shows that the ports of a subflow that is over are used again; its SYN and SYN/ACK were lost. */
bool handshake_reused(const struct pass *p, const struct mpa_flow *flow);

/* 'next' is the first byte behind what was taken of the SYN's payload, as its answer or the first mapping says (TCP Fast Open). */
void handshake_fast_open(struct pass *p, uint32_t next);
void handshake_capable(struct pass *p, const struct mpa_option *o);

/* join.c */
void hmac_count(struct mpa_rec_hmac *h, uint8_t verdict); /* 'verdict': enum mpa_word MPA_HMAC_*. */
struct mpa_conn *join_find(struct mpa_tracker *t, const struct mpa_segment *seg,
                           const struct mpa_join *join, enum mpa_dir *ret_dir);
void join_apply(struct pass *p, const struct mpa_option *o);

/* advert.c */
void advert_apply(struct pass *p, const struct mpa_option *o);
void advert_remove(struct pass *p, const struct mpa_option *o);
void advert_joined(struct mpa_subflow *sf);

/* options.c */
void options_apply(struct pass *p);
/* Of looking ahead: 'lone', 'dss_only', 'option', 'has_token' and 'token'. */
void options_ahead(struct mpa_segment *seg);

/* dss.c */
void dss_apply(struct pass *p, const struct mpa_option *o);
void dss_first_data(struct pass *p, const struct mpa_capable *cap);
/* What is remembered of the data of 'dir' with low halves of numbers only moves to where 'near' is. */
void dss_rebase(struct mpa_conn *c, enum mpa_dir dir, uint64_t near);
/* The data sequence number of subflow sequence number 'seq'; 0 without a mapping, '*ret_size' bytes are covered from there. */
uint64_t dss_lookup(const struct mpa_half *h, uint64_t seq, uint64_t *ret_size);

/* data.c */
void data_apply(struct pass *p);

/* fallback.c */
void fallback_set(struct pass *p, enum mpa_word reason);
void fallback_check(struct pass *p);

#endif
