/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The spool: records in the order in which connections ended on the way in, in the order of their ids on the way out.
 *
 * The first records, packed, stay in memory.  When there is no more room for them, two files without a name in TMPDIR take the others:
 * packed records one after the other, and an index with a slot for each id that says where a record lies.  Ids may have gaps (the
 * index is sparse then).  In memory are a write buffer and one page of the index then.
 */
#include "mpa/record_pack.h"
#include "mpa/report.h"
#include "mpa/status.h"
#include "unnamed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WRITE_SIZE (256u * 1024) /* Bytes of records that are written at once. */
#define AHEAD_SIZE (64u * 1024u) /* ... and that are read ahead. */
#define KEPT_EACH  32u           /* Bytes of records in memory for one slot of the index there. */
#define PAGE_SLOTS 8192          /* Of the slots of the other ids, those in memory. */

/* Where a record lies: in memory below 'memory' of the spool, further on in the file.  Size 0: there is none with this id. */
struct slot {
    uint64_t offset;
    uint64_t size;
};

struct mpa_spool {
    struct mpa_record_room room; /* What mpa_spool_next() gave last. */
    struct mpa_record_models models;
    int64_t next_id;
    int64_t end_id;  /* The largest id and one. */
    uint8_t *packed; /* One record. */
    size_t packed_capacity;

    /* In memory; allocated for the first record. */
    uint8_t *kept; /* 'memory' bytes, of which 'kept_size' are used. */
    size_t memory;
    size_t kept_size;
    struct slot *slots; /* Of the ids below 'slot_count'. */
    int64_t slot_count;
    int error; /* errno of the file that could not be made, written or read; 0 without. */

    int records; /* File descriptors; -1: not made yet. */
    int index;
    /* Records that are not in the file yet; once all are, a part of it that was read ahead. */
    uint8_t *pending;
    size_t pending_size;
    uint64_t ahead_at; /* Where that part begins, and its bytes. */
    size_t ahead_size;
    uint64_t read_upto; /* End of the record that was read last. */
    uint64_t written;   /* Bytes of the file. */
    int64_t page_id;    /* First id of 'page'. */
    bool page_dirty;
    struct slot page[PAGE_SLOTS];
};

struct mpa_spool *mpa_spool_new(size_t memory)
{
    struct mpa_spool *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->memory = memory;
    s->slot_count = (int64_t)(memory / KEPT_EACH);
    s->records = s->index = -1;
    return s;
}

/* ---- Files ----------------------------------------------------------------------------------------------------- */

static int open_files(struct mpa_spool *s)
{
    if (s->records < 0)
        s->records = mpa_unnamed_file();
    if (s->index < 0)
        s->index = mpa_unnamed_file();
    if (s->records < 0 || s->index < 0)
        return MPA_ERR_WRITE;
    if (!s->pending)
        s->pending = malloc(WRITE_SIZE);
    return s->pending ? MPA_OK : MPA_ERR_NOMEM;
}

static int write_all(int fd, const void *bytes, size_t size, uint64_t offset)
{
    const char *at = bytes;
    ssize_t done;

    while (size > 0) {
        done = pwrite(fd, at, size, (off_t)offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return MPA_ERR_WRITE;
        at += done;
        size -= (size_t)done;
        offset += (uint64_t)done;
    }
    return MPA_OK;
}

/* What lies behind the end of the file reads as zeros. */
static int read_all(int fd, void *ret, size_t size, uint64_t offset)
{
    char *to = ret;
    ssize_t done;

    while (size > 0) {
        done = pread(fd, to, size, (off_t)offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return MPA_ERR_READ;
        if (done == 0) {
            memset(to, 0, size);
            return MPA_OK;
        }
        to += done;
        size -= (size_t)done;
        offset += (uint64_t)done;
    }
    return MPA_OK;
}

static int flush_records(struct mpa_spool *s)
{
    int status = write_all(s->records, s->pending, s->pending_size, s->written);

    if (status == MPA_OK) {
        s->written += s->pending_size;
        s->pending_size = 0;
    }
    return status;
}

static int flush_page(struct mpa_spool *s)
{
    int status = MPA_OK;

    if (s->page_dirty)
        status = write_all(s->index, s->page, sizeof(s->page),
                           (uint64_t)s->page_id * sizeof(struct slot));
    if (status == MPA_OK)
        s->page_dirty = false;
    return status;
}

static int turn_page(struct mpa_spool *s, int64_t page_id)
{
    int status = flush_page(s);

    if (status == MPA_OK)
        status =
            read_all(s->index, s->page, sizeof(s->page), (uint64_t)page_id * sizeof(struct slot));
    /* After a failure nothing of the page may be taken for the other's. */
    if (status == MPA_OK)
        s->page_id = page_id;
    return status;
}

/* Bring the slot of 'id' into memory. */
static int find_slot(struct mpa_spool *s, int64_t id, struct slot **ret)
{
    int64_t page_id = id - id % PAGE_SLOTS;
    int status = MPA_OK;

    if (id < s->slot_count) {
        *ret = &s->slots[id];
        return MPA_OK;
    }
    if (page_id != s->page_id)
        status = turn_page(s, page_id);
    *ret = &s->page[id - page_id];
    return status;
}

static int append_record(struct mpa_spool *s, size_t size, uint64_t *ret_offset)
{
    int status = open_files(s);

    if (status == MPA_OK && s->pending_size + size > WRITE_SIZE)
        status = flush_records(s);
    if (status != MPA_OK)
        return status;
    s->ahead_size = 0;
    *ret_offset = s->written + s->pending_size;
    if (size > WRITE_SIZE) {
        status = write_all(s->records, s->packed, size, *ret_offset);
        s->written += status == MPA_OK ? size : 0;
    } else {
        memcpy(s->pending + s->pending_size, s->packed, size);
        s->pending_size += size;
    }
    return status;
}

static int set_slot(struct mpa_spool *s, int64_t id, struct slot slot)
{
    struct slot *in_memory;
    int status = MPA_OK;

    if (id >= s->slot_count)
        status = open_files(s);
    /* Long connections end among newer ones: the page of the newer ones stays. */
    if (status == MPA_OK && id >= s->slot_count && id < s->page_id)
        return write_all(s->index, &slot, sizeof(slot), (uint64_t)id * sizeof(slot));
    if (status == MPA_OK)
        status = find_slot(s, id, &in_memory);
    if (status != MPA_OK)
        return status;
    *in_memory = slot;
    s->page_dirty |= id >= s->slot_count;
    return MPA_OK;
}

/* ---- Putting --------------------------------------------------------------------------------------------------- */

/* Memory for the first records and slots; where there is none for records, all go to the file. */
static int allocate_kept(struct mpa_spool *s)
{
    if (s->slots)
        return MPA_OK;
    s->slots = calloc((size_t)s->slot_count + 1, sizeof(*s->slots));
    if (!s->slots)
        return MPA_ERR_NOMEM;
    s->kept = malloc(s->memory);
    if (!s->kept)
        s->memory = 0;
    return MPA_OK;
}

static bool keep_record(struct mpa_spool *s, size_t size, uint64_t *ret_offset)
{
    if (size > s->memory - s->kept_size)
        return false;
    memcpy(s->kept + s->kept_size, s->packed, size);
    *ret_offset = s->kept_size;
    s->kept_size += size;
    return true;
}

/* Why a file failed: errno is what the call that failed left. */
static int tell(struct mpa_spool *s, int status)
{
    if ((status == MPA_ERR_WRITE || status == MPA_ERR_READ) && errno != 0)
        s->error = errno;
    return status;
}

static int put(struct mpa_spool *s, const struct mpa_rec_conn *conn)
{
    uint64_t offset;
    size_t size;
    int status;

    status = allocate_kept(s);
    if (status == MPA_OK)
        status = mpa_record_pack(&s->models, conn, &s->packed, &size, &s->packed_capacity);
    if (status != MPA_OK)
        return status;
    if (!keep_record(s, size, &offset)) {
        status = append_record(s, size, &offset);
        offset += s->memory;
    }
    if (status == MPA_OK)
        status = set_slot(s, conn->id, (struct slot){offset, size});
    if (status == MPA_OK && conn->id >= s->end_id)
        s->end_id = conn->id + 1;
    return status;
}

int mpa_spool_put(struct mpa_spool *s, const struct mpa_rec_conn *conn)
{
    if (conn->id < 0 || conn->id > INT64_MAX / (int64_t)sizeof(struct slot) - PAGE_SLOTS)
        return MPA_ERR_WRITE;
    errno = 0;
    return tell(s, put(s, conn));
}

/* ---- Reading --------------------------------------------------------------------------------------------------- */

/* The bytes of a record outside of what was read ahead. */
static int read_one(struct mpa_spool *s, const struct slot *at)
{
    uint8_t *grown;

    if (at->size > s->packed_capacity) {
        grown = realloc(s->packed, at->size);
        if (!grown)
            return MPA_ERR_NOMEM;
        s->packed = grown;
        s->packed_capacity = at->size;
    }
    return read_all(s->records, s->packed, at->size, at->offset);
}

/* The bytes of a record in the file.  Most follow each other: connections that had not ended are the last that are put, in order. */
static int fetch_file(struct mpa_spool *s, const struct slot *at, const uint8_t **ret)
{
    uint64_t end = s->ahead_at + s->ahead_size, upto = at->offset + at->size;
    bool next = at->offset == s->read_upto;
    int status = MPA_OK;

    s->read_upto = upto;
    if (at->size > AHEAD_SIZE ||
        (!next && (at->offset < s->ahead_at || at->offset > end + AHEAD_SIZE))) {
        status = read_one(s, at);
        *ret = s->packed;
        return status;
    }
    if (at->offset < s->ahead_at || upto > end) {
        s->ahead_at = at->offset;
        s->ahead_size =
            s->written - at->offset < AHEAD_SIZE ? (size_t)(s->written - at->offset) : AHEAD_SIZE;
        status = read_all(s->records, s->pending, s->ahead_size, s->ahead_at);
    }
    *ret = s->pending + (at->offset - s->ahead_at);
    return status;
}

static int fetch(struct mpa_spool *s, const struct slot *slot, const uint8_t **ret)
{
    int status;

    if (slot->offset < s->memory) {
        *ret = s->kept + slot->offset;
        return MPA_OK;
    }
    status = fetch_file(s, &(struct slot){slot->offset - s->memory, slot->size}, ret);
    if (status != MPA_OK)
        s->ahead_size = 0;
    return status;
}

/* Read and unpack the record of 'slot'. */
static int load(struct mpa_spool *s, const struct slot *slot)
{
    const uint8_t *bytes;
    int status = fetch(s, slot, &bytes);

    if (status == MPA_OK)
        status = mpa_record_unpack_into(&s->models, &s->room, bytes, slot->size);
    return status == MPA_ERR_FORMAT ? MPA_ERR_READ : status;
}

static int next(struct mpa_spool *s, struct mpa_rec_conn **ret)
{
    struct slot *slot;
    int status;

    if (s->pending_size > 0) {
        status = flush_records(s);
        if (status != MPA_OK)
            return status;
    }
    for (; s->next_id < s->end_id; s->next_id++) {
        status = find_slot(s, s->next_id, &slot);
        if (status != MPA_OK)
            return status;
        if (slot->size == 0)
            continue;
        status = load(s, slot);
        if (status != MPA_OK)
            return status;
        s->next_id++;
        *ret = &s->room.conn;
        return 1;
    }
    return 0;
}

int mpa_spool_next(struct mpa_spool *s, struct mpa_rec_conn **ret)
{
    errno = 0;
    return tell(s, next(s, ret));
}

const char *mpa_spool_error(const struct mpa_spool *s)
{
    return s && s->error ? strerrordesc_np(s->error) : NULL;
}

void mpa_spool_rewind(struct mpa_spool *s)
{
    s->next_id = 0;
    s->ahead_at = 0;
    s->ahead_size = 0;
}

void mpa_spool_free(struct mpa_spool *s)
{
    if (!s)
        return;
    if (s->records >= 0)
        close(s->records);
    if (s->index >= 0)
        close(s->index);
    mpa_record_room_free(&s->room);
    free(s->kept);
    free(s->slots);
    free(s->pending);
    free(s->packed);
    free(s);
}
