/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records as bytes: the structures one after the other, each as its difference from a model of its kind.
 *
 * Whole structures are written, so that a new member needs no line here; a new array is one row in 'arrays'.  A structure goes in pieces of
 * four words.  A byte in front of every eight pieces says which of them differ from the model's; of each word of those that do, as many
 * bytes follow as its difference has.  The models are records that came before: their addresses and servers are often the same, and the
 * upper halves of their times are.  What lies between the members of a structure is written as it happens to be.
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

#define ARRAYS    MPA_RECORD_ARRAYS
#define SUBFLOWS  0 /* Rows of those that have models. */
#define ADD_ADDRS 1
#define WORD      8u
#define WORDS     4u /* Of a piece. */
#define PIECE     (WORDS * WORD)
#define RUN       8u /* Pieces with one header. */
/* Bytes of a piece that differs: four bits for the length of each word in front.  At most; and what reading one may touch, whatever lengths
   damage gives. */
#define LENGTH_MAX 15u
#define PIECE_MAX  (WORDS / 2 + PIECE)
#define PIECE_READ (WORDS / 2 + (WORDS - 1) * LENGTH_MAX + WORD)

_Static_assert(sizeof(arrays) / sizeof(arrays[0]) == ARRAYS, "a room has memory for each");

/* The model where there is none: what most records have where they have nothing to say. */
#define NO_RTT                                                                                     \
    {                                                                                              \
        .min_ns = MPA_NULL, .p50_ns = MPA_NULL, .p95_ns = MPA_NULL, .p99_ns = MPA_NULL,            \
        .max_ns = MPA_NULL                                                                         \
    }
#define NO_SUBFLOW                                                                                 \
    {                                                                                              \
        .on_vip = MPA_NULL, .rtt = {NO_RTT, NO_RTT}, .rst = { {.ns = MPA_NULL}, {.ns = MPA_NULL} } \
    }
static const struct mpa_record_model plain = {
    .conn = {.fallback_ns = MPA_NULL, .survived = MPA_NULL, .failed_ns = MPA_NULL},
    .subflows = {NO_SUBFLOW, NO_SUBFLOW}};
#undef NO_SUBFLOW
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

/* ---- Models --------------------------------------------------------------------------------------------------- */

/* Model 0 is 'plain', further ones are those that were learned. */
static const struct mpa_record_model *model_at(const struct mpa_record_models *models,
                                               unsigned which)
{
    return which == 0 ? &plain : &models->at[which - 1];
}

/* How much of a model a record fills: from 1 to MPA_RECORD_MODELS. */
static int worth(const struct mpa_rec_conn *conn)
{
    int subflows = conn->subflow_count < 2 ? conn->subflow_count : 2;

    return 1 + subflows + (conn->add_addr_count > 0);
}

/* Records before it stay as they were written: by their models. */
static void learn(struct mpa_record_models *models, const struct mpa_rec_conn *conn)
{
    struct mpa_record_model *m;
    int value = worth(conn);

    if (value <= models->worth)
        return;
    models->worth = value;
    m = &models->at[models->count++];
    *m = plain;
    m->conn = *conn;
    for (int i = 0; i < 2 && i < conn->subflow_count; i++)
        m->subflows[i] = conn->subflows[i];
    if (conn->add_addr_count > 0)
        m->add_addr = conn->add_addrs[0];
}

/* ---- Writing ------------------------------------------------------------------------------------------------- */

struct packer {
    uint8_t *bytes;
    size_t size;
    size_t capacity;
    bool failed; /* Memory ended: sticky. */
};

/* For 'size' bytes of structures. */
static bool make_room(struct packer *p, size_t size)
{
    size_t pieces = size / PIECE + 1;
    size_t headers = pieces / RUN + 2; /* Of full runs, of one that is not, of what is no piece. */
    size_t worst = p->size + pieces * PIECE_MAX + headers;
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

static const uint8_t zeros[PIECE];

/* Bytes of a word without those that are zero in front. */
static inline unsigned length_of(uint64_t word)
{
    return (63u ^ (unsigned)__builtin_clzll(word | 1)) / WORD + (word != 0);
}

static inline uint64_t word_at(const uint8_t *at)
{
    uint64_t word;

    memcpy(&word, at, WORD);
    return word;
}

/* By what a word differs from the model's. */
static inline uint64_t difference(const uint8_t *from, const uint8_t *model, unsigned word)
{
    return word_at(from + word * WORD) ^ word_at(model + word * WORD);
}

static inline uint8_t *put_piece(uint8_t *to, const uint8_t *from, const uint8_t *model)
{
    uint8_t *lengths = to;
    uint16_t all = 0;

    to += sizeof(all);
    for (unsigned i = 0; i < WORDS; i++) {
        uint64_t word = difference(from, model, i);
        uint64_t bytes = htole64(word);
        unsigned length = length_of(word);

        memcpy(to, &bytes, WORD);
        to += length;
        all |= (uint16_t)(length << 4 * i);
    }
    memcpy(lengths, &all, sizeof(all));
    return to;
}

/* 'count' pieces of a run; 'model' moves on by 'step' for each.  Returns what lies behind what was written. */
static inline uint8_t *put_run(uint8_t *to, const uint8_t *from, const uint8_t *model, size_t step,
                               unsigned count)
{
    unsigned differ = 0;

    for (unsigned i = 0; i < count; i++) {
        const uint8_t *a = from + i * PIECE, *b = model + i * step;
        uint64_t all =
            difference(a, b, 0) | difference(a, b, 1) | difference(a, b, 2) | difference(a, b, 3);

        differ |= (unsigned)(all != 0) << i;
    }
    *to++ = (uint8_t)differ;
    for (; differ; differ &= differ - 1) {
        unsigned i = (unsigned)__builtin_ctz(differ);

        to = put_piece(to, from + i * PIECE, model + i * step);
    }
    return to;
}

/* 'model' has the same size; NULL: zeros. */
static void put(struct packer *p, const void *from, size_t size, const void *model)
{
    const uint8_t *bytes = from, *other = model ? model : zeros;
    size_t step = model ? PIECE : 0, pieces = size / PIECE, rest = size % PIECE;
    /* What lies behind the end reads as zero. */
    uint8_t last[PIECE] = {0}, model_last[PIECE] = {0};
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
        if (model)
            memcpy(model_last, other + pieces * PIECE, rest);
        to = put_run(to, last, model_last, 0, 1);
    }
    p->size = (size_t)(to - p->bytes);
}

/* The servers are most of a subflow, and mostly unused: only those that count. */
#define SUBFLOW_SIZE    offsetof(struct mpa_rec_subflow, servers)
#define SERVERS_SIZE(n) ((size_t)(n) * sizeof(struct mpa_rec_server))

static void put_subflows(struct packer *p, const struct mpa_rec_subflow *subflows, int count,
                         const struct mpa_record_model *model)
{
    for (int i = 0; i < count; i++) {
        const struct mpa_rec_subflow *like = &model->subflows[i > 0];

        put(p, &subflows[i], SUBFLOW_SIZE, like);
        put(p, subflows[i].servers, SERVERS_SIZE(subflows[i].server_count), like->servers);
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

/* All but samples. */
static void put_structures(struct packer *p, const struct mpa_rec_conn *conn,
                           const struct mpa_record_model *model)
{
    put(p, conn, sizeof(*conn), &model->conn);
    put_subflows(p, conn->subflows, conn->subflow_count, model);
    for (int i = 0; i < conn->add_addr_count; i++)
        put(p, &conn->add_addrs[i], sizeof(conn->add_addrs[i]), &model->add_addr);
    for (size_t i = ADD_ADDRS + 1; i < ARRAYS; i++)
        put(p, array_items(conn, i), (size_t)array_count(conn, i) * arrays[i].item, NULL);
}

int mpa_record_pack(struct mpa_record_models *models, const struct mpa_rec_conn *conn,
                    uint8_t **buf, size_t *size, size_t *cap)
{
    struct packer p = {.bytes = *buf, .capacity = *cap};
    uint8_t which;
    int dir;
    int k;

    if (models)
        learn(models, conn);
    which = models ? (uint8_t)models->count : 0;
    put(&p, &which, sizeof(which), NULL);
    put_structures(&p, conn, model_at(models, which));
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
    const struct mpa_record_model *model;
};

/* By the length of a word. */
static const uint64_t masks[LENGTH_MAX + 1] = {
    0,         0xff, 0xffff, 0xffffff, 0xffffffff, 0xffffffffff, 0xffffffffffff, 0xffffffffffffff,
    UINT64_MAX};

/* The counterpart of put_piece(); PIECE_READ bytes can be read.  Returns what lies behind; NULL: a length is wrong. */
static inline const uint8_t *get_words(const uint8_t *at, uint8_t *to, const uint8_t *model)
{
    uint16_t lengths;
    unsigned wrong = 0;

    memcpy(&lengths, at, sizeof(lengths));
    at += sizeof(lengths);
    for (unsigned i = 0; i < WORDS; i++) {
        unsigned length = (unsigned)lengths >> 4 * i & LENGTH_MAX;
        uint64_t word = word_at(model + i * WORD) ^ (le64toh(word_at(at)) & masks[length]);

        memcpy(to + i * WORD, &word, WORD);
        at += length;
        wrong |= length > WORD;
    }
    return wrong ? NULL : at;
}

static inline void get_piece(struct unpacker *u, uint8_t *to, const uint8_t *model)
{
    size_t left = (size_t)(u->end - u->at);
    uint8_t tail[PIECE_READ];
    const uint8_t *behind;

    if (left >= sizeof(tail)) {
        behind = get_words(u->at, to, model);
    } else {
        memset(tail, 0, sizeof(tail));
        memcpy(tail, u->at, left);
        behind = get_words(tail, to, model);
        if (behind)
            behind = (size_t)(behind - tail) <= left ? u->at + (behind - tail) : NULL;
    }
    if (behind)
        u->at = behind;
    else
        u->status = MPA_ERR_FORMAT;
}

/* 'count' pieces of a run, the counterpart of put_run(). */
static inline void get_run(struct unpacker *u, uint8_t *to, const uint8_t *model, size_t step,
                           unsigned count)
{
    unsigned differ = u->at < u->end ? *u->at++ : ~0u;

    if (differ >> count != 0) {
        u->status = MPA_ERR_FORMAT;
        return;
    }
    for (unsigned i = 0; i < count; i++)
        memcpy(to + i * PIECE, model + i * step, PIECE);
    for (; differ && u->status == MPA_OK; differ &= differ - 1) {
        unsigned i = (unsigned)__builtin_ctz(differ);

        get_piece(u, to + i * PIECE, model + i * step);
    }
}

/* The counterpart of put(): exactly 'size' bytes. */
static void get(struct unpacker *u, void *to, size_t size, const void *model)
{
    uint8_t *bytes = to;
    const uint8_t *other = model ? model : zeros;
    size_t step = model ? PIECE : 0, pieces = size / PIECE, rest = size % PIECE;
    uint8_t last[PIECE], model_last[PIECE] = {0};

    for (; pieces >= RUN && u->status == MPA_OK;
         pieces -= RUN, bytes += RUN * PIECE, other += RUN * step)
        get_run(u, bytes, other, step, RUN);
    if (pieces > 0 && u->status == MPA_OK)
        get_run(u, bytes, other, step, (unsigned)pieces);
    if (rest == 0 || u->status != MPA_OK)
        return;
    if (model)
        memcpy(model_last, other + pieces * PIECE, rest);
    get_run(u, last, model_last, 0, 1);
    if (u->status == MPA_OK)
        memcpy(bytes + pieces * PIECE, last, rest);
}

static void get_subflows(struct unpacker *u, struct mpa_rec_subflow *subflows, int count)
{
    for (int i = 0; i < count && u->status == MPA_OK; i++) {
        const struct mpa_rec_subflow *like = &u->model->subflows[i > 0];
        struct mpa_rec_subflow *sf = &subflows[i];

        get(u, sf, SUBFLOW_SIZE, like);
        if (sf->server_count < 0 || sf->server_count > MPA_REC_SERVERS_MAX) {
            u->status = MPA_ERR_FORMAT;
            return;
        }
        get(u, sf->servers, SERVERS_SIZE(sf->server_count), like->servers);
        memset(&sf->servers[sf->server_count], 0,
               SERVERS_SIZE(MPA_REC_SERVERS_MAX - sf->server_count));
    }
}

static void get_add_addrs(struct unpacker *u, struct mpa_rec_add_addr *add_addrs, int count)
{
    for (int i = 0; i < count && u->status == MPA_OK; i++)
        get(u, &add_addrs[i], sizeof(add_addrs[i]), &u->model->add_addr);
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
    size_t item = arrays[which].item, least = which == SUBFLOWS ? SUBFLOW_SIZE : item;
    void *items;

    /* Also what is the model's takes a header for each run: a count beyond that is damage. */
    if (count < 0 || (uint64_t)count * least / (RUN * PIECE) > (uint64_t)(u->end - u->at))
        u->status = MPA_ERR_FORMAT;
    if (u->status != MPA_OK || count == 0)
        return NULL;
    items = array_memory(u->room, which, (size_t)count * item);
    if (!items)
        u->status = MPA_ERR_NOMEM;
    else if (which == SUBFLOWS)
        get_subflows(u, items, count);
    else if (which == ADD_ADDRS)
        get_add_addrs(u, items, count);
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

/* By which model the record was written. */
static void get_model(struct unpacker *u, const struct mpa_record_models *models)
{
    uint8_t which = 0;

    get(u, &which, sizeof(which), NULL);
    if (u->status == MPA_OK && which > (models ? models->count : 0))
        u->status = MPA_ERR_FORMAT;
    u->model = model_at(models, u->status == MPA_OK ? which : 0);
}

/* The record is one that can be freed whatever is returned. */
static int unpack(struct unpacker *u, const struct mpa_record_models *models,
                  struct mpa_rec_conn *conn)
{
    bool has_rtt[2];

    get_model(u, models);
    get(u, conn, sizeof(*conn), &u->model->conn);
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

int mpa_record_unpack(const struct mpa_record_models *models, const uint8_t *buf, size_t size,
                      struct mpa_rec_conn **ret)
{
    struct unpacker u = {.at = buf, .end = buf + size};
    struct mpa_rec_conn *conn = calloc(1, sizeof(*conn));
    int status;

    if (!conn)
        return MPA_ERR_NOMEM;
    status = unpack(&u, models, conn);
    if (status == MPA_OK)
        *ret = conn;
    else
        mpa_record_free(conn);
    return status;
}

int mpa_record_unpack_into(const struct mpa_record_models *models, struct mpa_record_room *room,
                           const uint8_t *buf, size_t size)
{
    struct unpacker u = {.at = buf, .end = buf + size, .room = room};

    free_samples(&room->conn);
    return unpack(&u, models, &room->conn);
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

    if (mpa_record_pack(NULL, conn, &bytes, &size, &capacity) == MPA_OK &&
        mpa_record_unpack(NULL, bytes, size, &ret) != MPA_OK)
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
