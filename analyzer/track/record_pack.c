/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records as bytes: the structures one after the other, word by word in as few bytes as a word needs.
 *
 * Whole structures are copied, so that a new member needs no line here; a new array is one row in 'arrays'.  Most words of a record
 * are zero (unused servers), MPA_NULL (absent values) or small: every eight words have a header of a code each, then come the bytes of
 * those words that need any.
 */
#include "mpa/record_pack.h"

#include "mpa/samples.h"
#include "mpa/status.h"

#include <endian.h>
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
#define WORD     8u
#define GROUP    8u /* Words with one header. */
#define HEADER   4u /* Its bytes: four bits for each word, the code. */

/* Codes: 0 to 8 are the word's bytes, without leading zeros. */
#define CODE_NULL 9u /* MPA_NULL. */
#define CODE_BITS 4u
#define CODE_MASK 15u

/* By code: bytes of the word, those that count of eight loaded, what is added. */
static const struct {
    uint64_t mask, add;
    size_t bytes;
} codes[CODE_MASK + 1] = {
    [1] = {0xff, 0, 1},
    [2] = {0xffff, 0, 2},
    [3] = {0xffffff, 0, 3},
    [4] = {0xffffffff, 0, 4},
    [5] = {0xffffffffff, 0, 5},
    [6] = {0xffffffffffff, 0, 6},
    [7] = {0xffffffffffffff, 0, 7},
    [8] = {UINT64_MAX, 0, 8},
    [CODE_NULL] = {0, (uint64_t)MPA_NULL, 0},
};

_Static_assert(sizeof(arrays) / sizeof(arrays[0]) == ARRAYS, "a room has memory for each");
_Static_assert(sizeof(struct mpa_rec_conn) % WORD == 0, "records are read word by word");
_Static_assert(sizeof(struct mpa_rec_subflow) % WORD == 0, "records are read word by word");
_Static_assert(sizeof(struct mpa_samples) % WORD == 0, "records are read word by word");

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

/* A header for each group, a group that is not full, and what a store of eight bytes may write too much. */
static bool make_room(struct packer *p, size_t size)
{
    size_t worst = p->size + size + (size / (GROUP * WORD) + 1) * HEADER + (GROUP + 1) * WORD;
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

static unsigned code_of(uint64_t word)
{
    if (word == (uint64_t)MPA_NULL)
        return CODE_NULL;
    return word ? (71u - (unsigned)__builtin_clzll(word)) / 8u : 0;
}

static bool all_zero(const uint64_t group[GROUP])
{
    uint64_t any = 0;

    for (unsigned i = 0; i < GROUP; i++)
        any |= group[i];
    return any == 0;
}

/* Returns what lies behind it. */
static uint8_t *put_group(uint8_t *to, const uint64_t group[GROUP])
{
    uint8_t *header = to;
    uint32_t all = 0;

    to += HEADER;
    if (!all_zero(group)) /* Many are. */
        for (unsigned i = 0; i < GROUP; i++) {
            unsigned code = code_of(group[i]);
            uint64_t word = htole64(group[i]);

            memcpy(to, &word, WORD);
            to += codes[code].bytes;
            all |= code << i * CODE_BITS;
        }
    memcpy(header, &all, HEADER);
    return to;
}

static void put(struct packer *p, const void *from, size_t size)
{
    const uint8_t *bytes = from;
    uint64_t group[GROUP];
    uint8_t *to;

    if (size == 0 || !make_room(p, size))
        return;
    to = p->bytes + p->size;
    for (; size >= sizeof(group); size -= sizeof(group), bytes += sizeof(group)) {
        memcpy(group, bytes, sizeof(group));
        to = put_group(to, group);
    }
    if (size > 0) {
        memset(group, 0, sizeof(group)); /* What lies behind the end reads as zero. */
        memcpy(group, bytes, size);
        to = put_group(to, group);
    }
    p->size = (size_t)(to - p->bytes);
}

/* The servers are most of a subflow, and mostly unused: what lies before and behind them, then those that count. */
#define SERVERS_AT      offsetof(struct mpa_rec_subflow, servers)
#define BEHIND_AT       (SERVERS_AT + sizeof(((struct mpa_rec_subflow *)0)->servers))
#define BEHIND_SIZE     (sizeof(struct mpa_rec_subflow) - BEHIND_AT)
#define SERVERS_SIZE(n) ((size_t)(n) * sizeof(struct mpa_rec_server))

static void put_subflows(struct packer *p, const struct mpa_rec_subflow *subflows, int count)
{
    for (int i = 0; i < count; i++) {
        put(p, &subflows[i], SERVERS_AT);
        put(p, (const char *)&subflows[i] + BEHIND_AT, BEHIND_SIZE);
        put(p, subflows[i].servers, SERVERS_SIZE(subflows[i].server_count));
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
    put(p, &announced, sizeof(announced));
    put(p, flat, size);
    free(flat);
}

int mpa_record_pack(const struct mpa_rec_conn *conn, uint8_t **buf, size_t *size, size_t *cap)
{
    struct packer p = {.bytes = *buf, .capacity = *cap};
    size_t i;
    int dir;
    int k;

    put(&p, conn, sizeof(*conn));
    put_subflows(&p, conn->subflows, conn->subflow_count);
    for (i = SUBFLOWS + 1; i < ARRAYS; i++)
        put(&p, array_items(conn, i), (size_t)array_count(conn, i) * arrays[i].item);
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

/* A group from 'at', where that many bytes can be read as it may have; returns what lies behind it, NULL for codes that do not exist. */
static const uint8_t *get_group(const uint8_t *at, uint64_t ret[GROUP])
{
    uint32_t all;
    bool known = true;

    memcpy(&all, at, HEADER);
    at += HEADER;
    if (all == 0) {
        memset(ret, 0, GROUP * WORD);
        return at;
    }
    for (unsigned i = 0; i < GROUP; i++, all >>= CODE_BITS) {
        unsigned code = all & CODE_MASK;
        uint64_t word;

        memcpy(&word, at, WORD);
        ret[i] = (le64toh(word) & codes[code].mask) + codes[code].add;
        at += codes[code].bytes;
        known &= code <= CODE_NULL;
    }
    return known ? at : NULL;
}

/* The same near the end of the bytes. */
static const uint8_t *get_last_group(const struct unpacker *u, uint64_t ret[GROUP])
{
    uint8_t bytes[HEADER + (GROUP + 1) * WORD] = {0};
    size_t have = (size_t)(u->end - u->at), took;
    const uint8_t *behind;

    memcpy(bytes, u->at, have < sizeof(bytes) ? have : sizeof(bytes));
    behind = get_group(bytes, ret);
    took = behind ? (size_t)(behind - bytes) : SIZE_MAX;
    return took <= have ? u->at + took : NULL;
}

/* The counterpart of put(): exactly 'size' bytes. */
static void get(struct unpacker *u, void *to, size_t size)
{
    uint8_t *bytes = to;

    while (size > 0 && u->status == MPA_OK) {
        size_t room = size < GROUP * WORD ? size : GROUP * WORD;
        bool plenty = (size_t)(u->end - u->at) >= HEADER + (GROUP + 1) * WORD;
        uint64_t group[GROUP];
        const uint8_t *behind = plenty ? get_group(u->at, group) : get_last_group(u, group);

        if (!behind) {
            u->status = MPA_ERR_FORMAT;
            return;
        }
        u->at = behind;
        if (room == sizeof(group)) /* A size that the compiler knows. */
            memcpy(bytes, group, sizeof(group));
        else
            memcpy(bytes, group, room);
        bytes += room;
        size -= room;
    }
}

static void get_subflows(struct unpacker *u, struct mpa_rec_subflow *subflows, int count)
{
    for (int i = 0; i < count && u->status == MPA_OK; i++) {
        struct mpa_rec_subflow *sf = &subflows[i];

        get(u, sf, SERVERS_AT);
        get(u, (char *)sf + BEHIND_AT, BEHIND_SIZE);
        if (sf->server_count < 0 || sf->server_count > MPA_REC_SERVERS_MAX) {
            u->status = MPA_ERR_FORMAT;
            return;
        }
        get(u, sf->servers, SERVERS_SIZE(sf->server_count));
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

    /* Even zeros take a header for each group: a count beyond that is damage. */
    if (count < 0 || (uint64_t)count * item / (GROUP * WORD) > (uint64_t)(u->end - u->at))
        u->status = MPA_ERR_FORMAT;
    if (u->status != MPA_OK || count == 0)
        return NULL;
    items = array_memory(u->room, which, (size_t)count * item);
    if (!items)
        u->status = MPA_ERR_NOMEM;
    else if (which == SUBFLOWS)
        get_subflows(u, items, count);
    else
        get(u, items, (size_t)count * item);
    return items;
}

static void get_samples(struct unpacker *u, struct mpa_samples *ret)
{
    uint64_t size = 0;
    uint8_t *flat;

    get(u, &size, sizeof(size));
    if (u->status == MPA_OK && size / (GROUP * WORD) > (uint64_t)(u->end - u->at))
        u->status = MPA_ERR_FORMAT;
    if (u->status != MPA_OK)
        return;
    flat = malloc(size ? size : 1);
    if (!flat) {
        u->status = MPA_ERR_NOMEM;
        return;
    }
    get(u, flat, size);
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

    get(u, conn, sizeof(*conn));
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
