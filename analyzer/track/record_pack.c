/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records as bytes: the structures one after the other, with runs of zeros taken out.
 *
 * Whole structures are copied, so that a new member needs no line here; a new array is one row in 'arrays'.  A record is mostly zeros
 * (unused servers, absent values): for every eight words there is a mask of those that are not zero, and those words; a mask of zero
 * is followed by how many more such groups there are.
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
    ARRAY(merge.spans[0], merge.span_count[0]),
    ARRAY(merge.spans[1], merge.span_count[1]),
#undef ARRAY
};

#define ARRAYS   (sizeof(arrays) / sizeof(arrays[0]))
#define SUBFLOWS 0 /* Their row. */
#define WORD     8u
#define GROUP    8u /* Words with one mask. */

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

/* A mask for each group, and up to a group more than was asked for at the end. */
static bool make_room(struct packer *p, size_t size)
{
    size_t worst = p->size + size + size / (GROUP * WORD) * 2 + 2 * GROUP * WORD;
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

/* Words [at, at + GROUP) of 'size' bytes at 'bytes'; what lies behind the end reads as zero. */
static unsigned load_group(const uint8_t *bytes, size_t size, size_t at, uint64_t ret[GROUP])
{
    size_t offset = at * WORD;
    size_t have = size - offset < GROUP * WORD ? size - offset : GROUP * WORD;
    unsigned mask = 0;

    if (have < GROUP * WORD)
        memset(ret, 0, GROUP * WORD);
    memcpy(ret, bytes + offset, have);
    for (unsigned i = 0; i < GROUP; i++)
        mask |= (unsigned)(ret[i] != 0) << i;
    return mask;
}

static void put(struct packer *p, const void *from, size_t size)
{
    size_t words = (size + WORD - 1) / WORD;
    uint64_t group[GROUP];
    uint8_t *to;

    if (size == 0 || !make_room(p, size))
        return;
    to = p->bytes + p->size;
    for (size_t at = 0; at < words; at += GROUP) {
        unsigned mask = load_group(from, size, at, group);

        *to++ = (uint8_t)mask;
        if (mask == 0) {
            uint8_t run = 0;

            while (run < UINT8_MAX && at + GROUP < words &&
                   load_group(from, size, at + GROUP, group) == 0) {
                run++;
                at += GROUP;
            }
            *to++ = run;
        }
        for (unsigned i = 0; mask; i++, mask >>= 1)
            if (mask & 1) {
                memcpy(to, &group[i], WORD);
                to += WORD;
            }
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

/* ---- Reading ------------------------------------------------------------------------------------------------- */

struct unpacker {
    const uint8_t *at;
    const uint8_t *end;
    int status; /* First failure: sticky. */
};

/* One group into 'to', of which 'room' bytes are wanted. */
static void get_group(struct unpacker *u, unsigned mask, uint8_t *to, size_t room)
{
    uint64_t group[GROUP] = {0};

    if ((size_t)(u->end - u->at) < (size_t)__builtin_popcount(mask) * WORD) {
        u->status = MPA_ERR_FORMAT;
        return;
    }
    for (unsigned i = 0; mask; i++, mask >>= 1)
        if (mask & 1) {
            memcpy(&group[i], u->at, WORD);
            u->at += WORD;
        }
    memcpy(to, group, room < sizeof(group) ? room : sizeof(group));
}

/* The counterpart of put(): exactly 'size' bytes. */
static void get(struct unpacker *u, void *to, size_t size)
{
    uint8_t *bytes = to;
    size_t at = 0;

    while (at < size && u->status == MPA_OK) {
        unsigned mask;

        if (u->end - u->at < 2) {
            u->status = MPA_ERR_FORMAT;
            return;
        }
        mask = *u->at++;
        if (mask) {
            get_group(u, mask, bytes + at, size - at);
            at += GROUP * WORD;
        } else {
            size_t run = ((size_t)*u->at++ + 1) * GROUP * WORD;

            if (run >= size - at + GROUP * WORD) {
                u->status = MPA_ERR_FORMAT;
                return;
            }
            memset(bytes + at, 0, run < size - at ? run : size - at);
            at += run;
        }
    }
}

static void get_subflows(struct unpacker *u, struct mpa_rec_subflow *subflows, int count)
{
    for (int i = 0; i < count && u->status == MPA_OK; i++) {
        struct mpa_rec_subflow *sf = &subflows[i];

        get(u, sf, SERVERS_AT);
        get(u, (char *)sf + BEHIND_AT, BEHIND_SIZE);
        if (sf->server_count < 0 || sf->server_count > MPA_REC_SERVERS_MAX)
            u->status = MPA_ERR_FORMAT;
        else
            get(u, sf->servers, SERVERS_SIZE(sf->server_count));
    }
}

/* An array of 'count' items; NULL for none or on failure. */
static void *get_array(struct unpacker *u, int count, size_t which)
{
    size_t item = arrays[which].item;
    void *items;

    /* Even zeros take two bytes for 16 KiB: a count beyond that is damage. */
    if (count < 0 || (uint64_t)count * item / (256 * GROUP * WORD) > (uint64_t)(u->end - u->at))
        u->status = MPA_ERR_FORMAT;
    if (u->status != MPA_OK || count == 0)
        return NULL;
    items = calloc((size_t)count, item);
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
    if (u->status == MPA_OK && size / (256 * GROUP * WORD) > (uint64_t)(u->end - u->at))
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

int mpa_record_unpack(const uint8_t *buf, size_t size, struct mpa_rec_conn **ret)
{
    struct unpacker u = {.at = buf, .end = buf + size};
    struct mpa_rec_conn *conn = calloc(1, sizeof(*conn));
    bool has_rtt[2];
    size_t i;
    int dir;
    int k;

    if (!conn)
        return MPA_ERR_NOMEM;
    get(&u, conn, sizeof(*conn));
    /* What was read are the pointers of another record: none of them may be freed here. */
    for (dir = 0; dir < 2; dir++) {
        has_rtt[dir] = conn->merge.rtt[dir] != NULL;
        conn->merge.rtt[dir] = NULL;
    }
    for (i = 0; i < ARRAYS; i++)
        set_array(conn, i, NULL);
    for (i = 0; i < ARRAYS; i++)
        set_array(conn, i, get_array(&u, array_count(conn, i), i));
    for (dir = 0; dir < 2 && u.status == MPA_OK; dir++) {
        if (!has_rtt[dir] || conn->subflow_count == 0)
            continue;
        conn->merge.rtt[dir] = calloc((size_t)conn->subflow_count, sizeof(struct mpa_samples));
        if (!conn->merge.rtt[dir])
            u.status = MPA_ERR_NOMEM;
        for (k = 0; k < conn->subflow_count && u.status == MPA_OK; k++)
            get_samples(&u, &conn->merge.rtt[dir][k]);
    }
    if (u.status == MPA_OK && u.at != u.end)
        u.status = MPA_ERR_FORMAT;
    if (u.status != MPA_OK) {
        mpa_record_free(conn);
        return u.status;
    }
    *ret = conn;
    return MPA_OK;
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
    size_t i;
    int dir;
    int k;

    if (!conn)
        return;
    for (dir = 0; dir < 2; dir++) {
        for (k = 0; conn->merge.rtt[dir] && k < conn->subflow_count; k++)
            mpa_samples_free(&conn->merge.rtt[dir][k]);
        free(conn->merge.rtt[dir]);
    }
    for (i = 0; i < ARRAYS; i++)
        free(array_items(conn, i));
    free(conn);
}
