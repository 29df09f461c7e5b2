/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records as bytes: the structures one after the other, with runs of zeros taken out.
 *
 * Whole structures are copied, so that a new member needs no line here; a new array is one row in 'arrays'.  A record is mostly zeros
 * (unused servers, high bytes of counts, MPA_NULL): each word of eight bytes becomes one byte that says which of its bytes are not
 * zero, and those bytes; a word of zeros is followed by how many more there are.
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

#define ARRAYS (sizeof(arrays) / sizeof(arrays[0]))
#define WORD   8u

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

/* Each word may become nine bytes, and a run of zeros two for eight. */
static bool make_room(struct packer *p, size_t size)
{
    size_t worst = p->size + size + size / WORD + 2 * WORD;
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

/* The bytes of 'word' that are not zero, behind a byte that says which they are. */
static uint8_t *put_word(uint8_t *to, uint64_t word)
{
    uint8_t *tag = to++;
    unsigned i;

    *tag = 0;
    for (i = 0; i < WORD; i++, word >>= 8)
        if (word & 0xff) {
            *tag |= (uint8_t)(1u << i);
            *to++ = (uint8_t)word;
        }
    return to;
}

static void put(struct packer *p, const void *from, size_t size)
{
    const uint8_t *bytes = from;
    uint64_t word;
    uint8_t *to;
    uint8_t run;

    if (size == 0 || !make_room(p, size))
        return;
    to = p->bytes + p->size;
    for (; size >= WORD; bytes += WORD, size -= WORD) {
        memcpy(&word, bytes, WORD);
        to = put_word(to, word);
        if (word != 0)
            continue;
        for (run = 0; run < UINT8_MAX && size >= 2 * WORD; run++, bytes += WORD, size -= WORD) {
            memcpy(&word, bytes + WORD, WORD);
            if (word != 0)
                break;
        }
        *to++ = run;
    }
    if (size > 0) {
        word = 0;
        memcpy(&word, bytes, size);
        to = put_word(to, word);
        if (word == 0)
            *to++ = 0;
    }
    p->size = (size_t)(to - p->bytes);
}

/* Servers beyond the count hold what happened to be in memory. */
static void put_subflows(struct packer *p, const struct mpa_rec_subflow *subflows, int count)
{
    struct mpa_rec_subflow copy;
    int i;
    int k;

    for (i = 0; i < count; i++) {
        copy = subflows[i];
        for (k = copy.server_count; k < MPA_REC_SERVERS_MAX; k++)
            memset(&copy.servers[k], 0, sizeof(copy.servers[k]));
        put(p, &copy, sizeof(copy));
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
    for (i = 1; i < ARRAYS; i++)
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

static uint64_t get_word(struct unpacker *u)
{
    uint64_t word = 0;
    uint8_t tag = *u->at++;
    unsigned i;

    for (i = 0; i < WORD; i++)
        if (tag & 1u << i) {
            if (u->at == u->end) {
                u->status = MPA_ERR_FORMAT;
                return 0;
            }
            word |= (uint64_t)*u->at++ << (8 * i);
        }
    return word;
}

/* The counterpart of put(): exactly 'size' bytes. */
static void get(struct unpacker *u, void *to, size_t size)
{
    uint8_t *bytes = to;
    uint8_t *end = bytes + size;
    uint64_t word;
    size_t run;

    while (bytes < end && u->status == MPA_OK) {
        if (u->at == u->end) {
            u->status = MPA_ERR_FORMAT;
            return;
        }
        word = get_word(u);
        run = (size_t)(end - bytes) < WORD ? (size_t)(end - bytes) : WORD;
        memcpy(bytes, &word, run);
        bytes += run;
        if (word != 0 || u->status != MPA_OK)
            continue;
        run = u->at < u->end ? (size_t)*u->at++ * WORD : SIZE_MAX;
        if (run > (size_t)(end - bytes)) {
            u->status = MPA_ERR_FORMAT;
            return;
        }
        memset(bytes, 0, run);
        bytes += run;
    }
}

/* An array of 'count' items; NULL for none or on failure. */
static void *get_array(struct unpacker *u, int count, size_t item)
{
    void *items;

    /* Even zeros take two bytes for 2 KiB: a count beyond that is damage. */
    if (count < 0 || (uint64_t)count * item / (256 * WORD) > (uint64_t)(u->end - u->at))
        u->status = MPA_ERR_FORMAT;
    if (u->status != MPA_OK || count == 0)
        return NULL;
    items = calloc((size_t)count, item);
    if (items)
        get(u, items, (size_t)count * item);
    else
        u->status = MPA_ERR_NOMEM;
    return items;
}

static void get_samples(struct unpacker *u, struct mpa_samples *ret)
{
    uint64_t size = 0;
    uint8_t *flat;

    get(u, &size, sizeof(size));
    if (u->status == MPA_OK && size / (256 * WORD) > (uint64_t)(u->end - u->at))
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
        set_array(conn, i, get_array(&u, array_count(conn, i), arrays[i].item));
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
