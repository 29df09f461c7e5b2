/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Merging from inside.
 *
 *   merge.c          records in and out; the order of the groups
 *   merge_group.c    which records are one connection
 *   merge_conn.c     the records of one connection become one
 *   merge_subflow.c  ... its subflows
 *   merge_list.c     ... its advertisements, notes and intervals of data
 *   merge_verdicts.c ... what the conformance rules said of it
 *
 * Nothing depends on the order in which records come: groups are sets, and before its records
 * become one, a group is sorted by what they say.
 */
#ifndef MPA_MERGE_INTERNAL_H
#define MPA_MERGE_INTERNAL_H

#include "mpa/merge.h"
#include "mpa/record_pack.h"
#include "mpa/status.h"

#include <stddef.h>

/* ---- A record that waits, packed, and what it can be recognised by. */
struct merge_entry {
    uint8_t *bytes; /* mpa_record_pack(). */
    size_t size;
    int64_t first_ns, last_ns, id;
    int32_t capture;
    uint32_t captures; /* Bit set of the first 32. */
    uint32_t parent;   /* Union-find. */
    uint8_t flags;     /* MERGE_*. */
    uint8_t dialect;
    uint8_t key[2][MPA_KEY_SIZE];
};

#define MERGE_KEY(dir) (1u << (dir)) /* key[dir] is known. */
#define MERGE_KEYS     3u
#define MERGE_INITIAL  4u /* Holds the initial subflow. */
#define MERGE_NAMED    8u /* Has an identity of its own: keys, or numbers of both sides. */

/* Records with an equal one are the same connection: both keys, both ISNs of a subflow, both random
 * numbers of a join. */
struct merge_ident {
    uint64_t a, b;
    uint32_t kind; /* 0 keys, 1 ISNs, 2 random numbers. */
    uint32_t entry;
};

/* A token that 'owner' of a connection is known by. */
struct merge_token {
    uint32_t token, owner, entry;
};

/* A join of a record without the initial subflow. */
struct merge_join {
    uint32_t token, owner, entry;
    uint32_t nonce[2];
    uint8_t hmac[8];
    bool has_hmac; /* With both random numbers. */
};

/* A four-tuple, for records without identity. */
struct merge_tuple {
    struct mpa_endpoint client, server;
    uint32_t isn[2];
    bool has_isn[2];
    uint32_t entry;
};

/* A growing array. */
struct merge_array {
    void *items;
    size_t count, capacity;
};

struct mpa_merge {
    struct merge_array entries, idents, tokens, joins, tuples;
    struct merge_slot *slots; /* Entries in the order of the groups; from mpa_merge_finish(). */
    size_t next;
    int64_t next_id;
    struct mpa_rec_conn *current; /* What mpa_merge_next() returned last. */
    struct mpa_record_models models;
    uint8_t *buffer; /* For packing. */
    size_t buffer_size;
};

/* An entry in the order of the groups: by the first packet of all in the group. */
struct merge_slot {
    int64_t first_ns, id;
    int32_t capture;
    uint32_t root, entry;
};

/* Room for one more item of 'size' bytes; NULL when memory ends. */
void *merge_push(struct merge_array *a, size_t size);

static inline struct merge_entry *merge_entry(const struct mpa_merge *m, size_t index)
{
    return (struct merge_entry *)m->entries.items + index;
}

/* merge_group.c.  0 or MPA_ERR_NOMEM. */
int merge_identify(struct mpa_merge *m, const struct mpa_rec_conn *conn, uint32_t entry);
int merge_group(struct mpa_merge *m);
uint32_t merge_find(const struct mpa_merge *m, uint32_t entry);

/* ---- One of the records that become one. */
struct merge_member {
    struct mpa_rec_conn *rec; /* Owned; its samples may be taken. */
    int *map;                 /* Number in the merged record of each of its subflows. */
    int capture;
    bool initial;  /* Holds the initial subflow. */
    bool complete; /* Saw every subflow of the merged record. */
};

/* The number in the merged record of the subflow that the member calls 'id'; -1 where it has none.
   A member's ids may have gaps: joins move to the connection that their HMAC proves. */
static inline int merge_subflow_id(const struct merge_member *m, int64_t id)
{
    for (int i = 0; i < m->rec->subflow_count; i++)
        if (m->rec->subflows[i].id == id)
            return m->map[i];
    return -1;
}

/* merge_conn.c: make one record of 'count' >= 1 (sorts 'members', leaves them to the caller).  0 or
 * MPA_ERR_NOMEM. */
int merge_members(struct merge_member *members, int count, struct mpa_rec_conn **ret);

/* merge_subflow.c: fill the subflows and their samples, and 'map' of the members.  0 or
 * MPA_ERR_NOMEM. */
int merge_subflows(struct merge_member *members, int count, struct mpa_rec_conn *out);

/* merge_list.c: fill one array of 'out' each, members being in order.  0 or MPA_ERR_NOMEM. */
int merge_add_addrs(const struct merge_member *members, int count, struct mpa_rec_conn *out);
int merge_notes(const struct merge_member *members, int count, struct mpa_rec_conn *out);
int merge_spans(const struct merge_member *members, int count, int dir, struct mpa_rec_conn *out);

/* merge_verdicts.c: findings and tallies, after the subflows.  0 or MPA_ERR_NOMEM. */
int merge_verdicts(const struct merge_member *members, int count, struct mpa_rec_conn *out);

/* Numbers for sorting: -1, 0, 1. */
#define MERGE_CMP(x, y) (((x) > (y)) - ((x) < (y)))

static inline int merge_cmp_endpoint(const struct mpa_endpoint *a, const struct mpa_endpoint *b)
{
    int c = memcmp(a->addr.b, b->addr.b, sizeof a->addr.b);

    return c ? c : MERGE_CMP(a->port, b->port);
}

/* Smaller and larger of two values that may be unknown. */
static inline int64_t merge_min(int64_t a, int64_t b)
{
    if (a == MPA_NULL || b == MPA_NULL)
        return a == MPA_NULL ? b : a;
    return a < b ? a : b;
}

static inline int64_t merge_max(int64_t a, int64_t b)
{
    return a > b ? a : b; /* MPA_NULL is the smallest. */
}

#endif
