/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records as bytes: the structures one after the other, without the pieces that say nothing.
 *
 * Whole structures are copied, so that a new member needs no line here; a new array is one row in 'arrays'.  Of 32 bytes either all are
 * there or none: none where they are as in an ordinary record (see 'usual'), else zero.  A byte in front of every eight such pieces says
 * which.  Fewer bytes for small numbers would cost more time than they are worth: this runs twice for every connection.
 */
#include "mpa/record_pack.h"

#include "mpa/samples.h"
#include "mpa/status.h"

#include <stdlib.h>
#include <string.h>

/* The arrays of a record; those of samples are apart, since samples own memory. */
static const struct {
    size_t pointer; /* Offset of the pointer to the items ... */
    size_t count;   /* ... and of their number, an int. */
    size_t item;    /* Bytes of one. */
} arrays[] = {
#define ARRAY(member, count)                                                                       \
    {                                                                                              \
        offsetof(struct mpa_rec_conn, member), offsetof(struct mpa_rec_conn, count),               \
            sizeof(*((struct mpa_rec_conn *)0)->member)                                            \
    }
    ARRAY(subflows, subflow_count),
    ARRAY(add_addrs, add_addr_count),
    ARRAY(hits, hit_count),
    ARRAY(notes, note_count),
    ARRAY(findings, finding_count),
    ARRAY(tallies, tally_count),
    ARRAY(merge.spans[0], merge.span_count[0]),
    ARRAY(merge.spans[1], merge.span_count[1]),
#undef ARRAY
};

#define ARRAYS   MPA_RECORD_ARRAYS
#define SUBFLOWS 0 /* Their row. */
#define PIECE    32u
#define RUN      8u /* Pieces with one header. */

_Static_assert(sizeof(arrays) / sizeof(arrays[0]) == ARRAYS, "a room has memory for each");

/* What most records have where they have nothing to say.  Only for being short: other values are kept as they are. */
static const struct mpa_rec_conn usual_conn = {
    .fallback_ns = MPA_NULL, .survived = MPA_NULL, .failed_ns = MPA_NULL};
#define NO_RTT                                                                                     \
    {                                                                                              \
        .min_ns = MPA_NULL, .p50_ns = MPA_NULL, .p95_ns = MPA_NULL, .p99_ns = MPA_NULL,            \
        .max_ns = MPA_NULL                                                                         \
    }
static const struct mpa_rec_subflow usual_subflow = {
    .on_vip = MPA_NULL, .rtt = {NO_RTT, NO_RTT}, .rst = {{.ns = MPA_NULL}, {.ns = MPA_NULL}}};
#undef NO_RTT

static int array_count(const struct mpa_rec_conn *conn, size_t i)
{
    int count;

    memcpy(&count, (const char *)conn + arrays[i].count, sizeof(count));
    return count;
}

static void *array_items(const struct mpa_rec_conn *conn, size_t i)
{
    void *items;

    memcpy(&items, (const char *)conn + arrays[i].pointer, sizeof(items));
    return items;
}

static void set_array(struct mpa_rec_conn *conn, size_t i, void *items)
{
    memcpy((char *)conn + arrays[i].pointer, &items, sizeof(items));
}

/* ---- Writing ------------------------------------------------------------------------------------------------- */

struct packer {
    uint8_t *bytes;
    size_t size;
    size_t capacity;
    bool failed; /* Memory ended: sticky. */
};

/* A header for each run, a piece that is not full, and what the store of a piece may write too much. */
static bool make_room(struct packer *p, size_t size)
{
    size_t worst = p->size + size + size / (RUN * PIECE) + 1 + 2 * PIECE;
    size_t capacity = p->capacity ? p->capacity : 1024;
    uint8_t *grown;

    if (p->failed || worst <= p->capacity)
        return !p->failed;
    while (capacity < worst)
        capacity *= 2;
    grown = realloc(p->bytes, capacity);
    if (!grown) {
        p->failed = true;
        return false;
    }
    p->bytes = grown;
    p->capacity = capacity;
    return true;
}

static inline unsigned differ(const uint8_t *a, const uint8_t *b)
{
    uint64_t x[PIECE / 8], y[PIECE / 8];

    memcpy(x, a, PIECE);
    memcpy(y, b, PIECE);
    return ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3])) != 0;
}

static const uint8_t zeros[PIECE];

/* 'count' pieces of a run; 'usual' moves on by 'step' for each.  Returns what lies behind what was written. */
static inline uint8_t *put_run(uint8_t *to, const uint8_t *from, const uint8_t *usual, size_t step,
                               unsigned count)
{
    uint8_t *header = to++;
    unsigned follow = 0;

    for (unsigned i = 0; i < count; i++, from += PIECE, usual += step) {
        unsigned follows = differ(from, usual);

        memcpy(to, from, PIECE);
        to += follows * PIECE;
        follow |= follows << i;
    }
    *header = (uint8_t)follow;
    return to;
}

/* 'usual' has the same size; NULL: zeros. */
static void put(struct packer *p, const void *from, size_t size, const void *usual)
{
    const uint8_t *bytes = from, *other = usual ? usual : zeros;
    size_t step = usual ? PIECE : 0, pieces = size / PIECE, rest = size % PIECE;
    /* What lies behind the end reads as zero. */
    uint8_t last[PIECE] = {0}, usual_last[PIECE] = {0};
    uint8_t *to;

    if (size == 0 || !make_room(p, size))
        return;
    to = p->bytes + p->size;
    for (; pieces >= RUN; pieces -= RUN, bytes += RUN * PIECE, other += RUN * step)
        to = put_run(to, bytes, other, step, RUN);
    if (pieces > 0)
        to = put_run(to, bytes, other, step, (unsigned)pieces);
    if (rest > 0) {
        memcpy(last, bytes + pieces * PIECE, rest);
        if (usual)
            memcpy(usual_last, other + pieces * PIECE, rest);
        to = put_run(to, last, usual_last, 0, 1);
    }
    p->size = (size_t)(to - p->bytes);
}

/* The servers are most of a subflow, and mostly unused: only those that count. */
#define SUBFLOW_SIZE    offsetof(struct mpa_rec_subflow, servers)
#define SERVERS_SIZE(n) ((size_t)(n) * sizeof(struct mpa_rec_server))

static void put_subflows(struct packer *p, const struct mpa_rec_subflow *subflows, int count)
{
    for (int i = 0; i < count; i++) {
        put(p, &subflows[i], SUBFLOW_SIZE, &usual_subflow);
        put(p, subflows[i].servers, SERVERS_SIZE(subflows[i].server_count), NULL);
    }
}

static void put_samples(struct packer *p, const struct mpa_samples *samples)
{
    size_t size = mpa_samples_pack_size(samples);
    uint64_t announced = size;
    uint8_t *flat = malloc(size);

    if (!flat) {
        p->failed = true;
        return;
    }
    mpa_samples_pack(samples, flat);
    put(p, &announced, sizeof(announced), NULL);
    put(p, flat, size, NULL);
    free(flat);
}

int mpa_record_pack(const struct mpa_rec_conn *conn, uint8_t **buf, size_t *size, size_t *cap)
{
    struct packer p = {.bytes = *buf, .capacity = *cap};
    size_t i;
    int dir;
    int k;

    put(&p, conn, sizeof(*conn), &usual_conn);
    put_subflows(&p, conn->subflows, conn->subflow_count);
    for (i = SUBFLOWS + 1; i < ARRAYS; i++)
        put(&p, array_items(conn, i), (size_t)array_count(conn, i) * arrays[i].item, NULL);
    for (dir = 0; dir < 2; dir++)
        for (k = 0; conn->merge.rtt[dir] && k < conn->subflow_count; k++)
            put_samples(&p, &conn->merge.rtt[dir][k]);
    *buf = p.bytes;
    *cap = p.capacity;
    if (p.failed)
        return MPA_ERR_NOMEM;
    *size = p.size;
    return MPA_OK;
}

static void free_samples(struct mpa_rec_conn *conn)
{
    for (int dir = 0; dir < 2; dir++) {
        for (int k = 0; conn->merge.rtt[dir] && k < conn->subflow_count; k++)
            mpa_samples_free(&conn->merge.rtt[dir][k]);
        free(conn->merge.rtt[dir]);
        conn->merge.rtt[dir] = NULL;
    }
}

/* ---- Reading ------------------------------------------------------------------------------------------------- */

struct unpacker {
    const uint8_t *at;
    const uint8_t *end;
    int status;                   /* First failure: sticky. */
    struct mpa_record_room *room; /* Where arrays go; NULL: each is allocated. */
};

/* 'count' pieces of a run, the counterpart of put_run(); the last of them has 'last' bytes. */
static inline void get_run(struct unpacker *u, uint8_t *to, const uint8_t *usual, size_t step,
                           unsigned count, size_t last)
{
    unsigned follow = u->at < u->end ? *u->at++ : ~0u;
    const uint8_t *at = u->at;

    if (follow >> count != 0 ||
        ((size_t)(u->end - at) < RUN * PIECE &&
         (size_t)(u->end - at) < (size_t)__builtin_popcount(follow) * PIECE)) {
        u->status = MPA_ERR_FORMAT;
        return;
    }
    for (unsigned i = 0; i + 1 < count; i++, to += PIECE, usual += step) {
        unsigned follows = follow >> i & 1;

        memcpy(to, follows ? at : usual, PIECE);
        at += follows * PIECE;
    }
    memcpy(to, follow >> (count - 1) ? at : usual, last);
    u->at = at + (follow >> (count - 1)) * PIECE;
}

/* The counterpart of put(): exactly 'size' bytes. */
static void get(struct unpacker *u, void *to, size_t size, const void *usual)
{
    uint8_t *bytes = to;
    const uint8_t *other = usual ? usual : zeros;
    size_t step = usual ? PIECE : 0, pieces = size / PIECE, rest = size % PIECE;

    for (; pieces >= RUN && u->status == MPA_OK;
         pieces -= RUN, bytes += RUN * PIECE, other += RUN * step)
        get_run(u, bytes, other, step, RUN, PIECE);
    if (pieces > 0 && u->status == MPA_OK)
        get_run(u, bytes, other, step, (unsigned)pieces, PIECE);
    if (rest > 0 && u->status == MPA_OK)
        get_run(u, bytes + pieces * PIECE, other + pieces * step, step, 1, rest);
}

static void get_subflows(struct unpacker *u, struct mpa_rec_subflow *subflows, int count)
{
    for (int i = 0; i < count && u->status == MPA_OK; i++) {
        struct mpa_rec_subflow *sf = &subflows[i];

        get(u, sf, SUBFLOW_SIZE, &usual_subflow);
        if (sf->server_count < 0 || sf->server_count > MPA_REC_SERVERS_MAX) {
            u->status = MPA_ERR_FORMAT;
            return;
        }
        get(u, sf->servers, SERVERS_SIZE(sf->server_count), NULL);
        memset(&sf->servers[sf->server_count], 0,
               SERVERS_SIZE(MPA_REC_SERVERS_MAX - sf->server_count));
    }
}

/* Memory for an array's 'size' bytes; in a room it holds what was there before. */
static void *array_memory(struct mpa_record_room *room, size_t which, size_t size)
{
    void *grown;

    if (!room)
        return calloc(1, size);
    if (size > room->capacity[which]) {
        grown = realloc(room->items[which], size);
        if (!grown)
            return NULL;
        room->items[which] = grown;
        room->capacity[which] = size;
    }
    return room->items[which];
}

/* An array of 'count' items; NULL for none or on failure. */
static void *get_array(struct unpacker *u, int count, size_t which)
{
    size_t item = arrays[which].item;
    void *items;

    /* Even zeros take a header for each run: a count beyond that is damage. */
    if (count < 0 || (uint64_t)count * item / (RUN * PIECE) > (uint64_t)(u->end - u->at))
        u->status = MPA_ERR_FORMAT;
    if (u->status != MPA_OK || count == 0)
        return NULL;
    items = array_memory(u->room, which, (size_t)count * item);
    if (!items)
        u->status = MPA_ERR_NOMEM;
    else if (which == SUBFLOWS)
        get_subflows(u, items, count);
    else
        get(u, items, (size_t)count * item, NULL);
    return items;
}

static void get_samples(struct unpacker *u, struct mpa_samples *ret)
{
    uint64_t size = 0;
    uint8_t *flat;

    get(u, &size, sizeof(size), NULL);
    if (u->status == MPA_OK && size / (RUN * PIECE) > (uint64_t)(u->end - u->at))
        u->status = MPA_ERR_FORMAT;
    if (u->status != MPA_OK)
        return;
    flat = malloc(size ? size : 1);
    if (!flat) {
        u->status = MPA_ERR_NOMEM;
        return;
    }
    get(u, flat, size, NULL);
    if (u->status == MPA_OK && mpa_samples_unpack(flat, size, ret) != size)
        u->status = MPA_ERR_NOMEM;
    free(flat);
}

static void get_all_samples(struct unpacker *u, struct mpa_rec_conn *conn, int dir)
{
    conn->merge.rtt[dir] = calloc((size_t)conn->subflow_count, sizeof(struct mpa_samples));
    if (!conn->merge.rtt[dir])
        u->status = MPA_ERR_NOMEM;
    for (int k = 0; k < conn->subflow_count && u->status == MPA_OK; k++)
        get_samples(u, &conn->merge.rtt[dir][k]);
}

/* The record is one that can be freed whatever is returned. */
static int unpack(struct unpacker *u, struct mpa_rec_conn *conn)
{
    bool has_rtt[2];

    get(u, conn, sizeof(*conn), &usual_conn);
    /* What was read are the pointers of another record: none of them may be freed here. */
    for (int dir = 0; dir < 2; dir++) {
        has_rtt[dir] = conn->merge.rtt[dir] != NULL;
        conn->merge.rtt[dir] = NULL;
    }
    for (size_t i = 0; i < ARRAYS; i++)
        set_array(conn, i, NULL);
    for (size_t i = 0; i < ARRAYS; i++)
        set_array(conn, i, get_array(u, array_count(conn, i), i));
    for (int dir = 0; dir < 2 && u->status == MPA_OK; dir++)
        if (has_rtt[dir] && conn->subflow_count > 0)
            get_all_samples(u, conn, dir);
    if (u->status == MPA_OK && u->at != u->end)
        u->status = MPA_ERR_FORMAT;
    return u->status;
}

int mpa_record_unpack(const uint8_t *buf, size_t size, struct mpa_rec_conn **ret)
{
    struct unpacker u = {.at = buf, .end = buf + size};
    struct mpa_rec_conn *conn = calloc(1, sizeof(*conn));
    int status;

    if (!conn)
        return MPA_ERR_NOMEM;
    status = unpack(&u, conn);
    if (status == MPA_OK)
        *ret = conn;
    else
        mpa_record_free(conn);
    return status;
}

int mpa_record_unpack_into(struct mpa_record_room *room, const uint8_t *buf, size_t size)
{
    struct unpacker u = {.at = buf, .end = buf + size, .room = room};

    free_samples(&room->conn);
    return unpack(&u, &room->conn);
}

void mpa_record_room_free(struct mpa_record_room *room)
{
    free_samples(&room->conn);
    for (size_t i = 0; i < ARRAYS; i++)
        free(room->items[i]);
    *room = (struct mpa_record_room){0};
}

struct mpa_rec_conn *mpa_record_copy(const struct mpa_rec_conn *conn)
{
    struct mpa_rec_conn *ret = NULL;
    uint8_t *bytes = NULL;
    size_t capacity = 0;
    size_t size;

    if (mpa_record_pack(conn, &bytes, &size, &capacity) == MPA_OK &&
        mpa_record_unpack(bytes, size, &ret) != MPA_OK)
        ret = NULL;
    free(bytes);
    return ret;
}

void mpa_record_free(struct mpa_rec_conn *conn)
{
    if (!conn)
        return;
    free_samples(conn);
    for (size_t i = 0; i < ARRAYS; i++)
        free(array_items(conn, i));
    free(conn);
}
