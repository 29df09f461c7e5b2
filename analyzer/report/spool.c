/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The spool: records in the order in which connections ended on the way in, in the order of their ids on the way out.
 *
 * Two files without a name in TMPDIR: packed records one after the other, and an index with a slot for each id that says where a
 * record lies.  Ids may have gaps (the index is sparse then).  In memory are only a write buffer and one page of the index.
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
#define AHEAD_SIZE (64u * 1024u)  /* ... and that are read ahead. */
#define PAGE_SLOTS 8192          /* Slots of the index that are in memory. */

/* Where a record lies.  Size 0: there is none with this id. */
struct slot {
    uint64_t offset;
    uint64_t size;
};

struct mpa_spool {
    int records; /* File descriptors. */
    int index;
    uint8_t *pending; /* Records that are not in the file yet; once all are, a part of it that was read ahead. */
    size_t pending_size;
    uint64_t ahead_at; /* Where that part begins, and its bytes. */
    size_t ahead_size;
    uint64_t read_upto; /* End of the record that was read last. */
    uint64_t written; /* Bytes of the file. */
    uint8_t *packed;  /* One record. */
    size_t packed_capacity;
    struct mpa_rec_conn *current; /* What mpa_spool_next() gave last. */
    int64_t next_id;
    int64_t end_id;  /* The largest id and one. */
    int64_t page_id; /* First id of 'page'. */
    bool page_dirty;
    struct slot page[PAGE_SLOTS];
};

struct mpa_spool *mpa_spool_new(void)
{
    struct mpa_spool *s = calloc(1, sizeof(*s));
    int error;

    if (!s)
        return NULL;
    s->records = mpa_unnamed_file();
    s->index = s->records >= 0 ? mpa_unnamed_file() : -1;
    s->pending = malloc(WRITE_SIZE);
    if (s->index < 0 || !s->pending) {
        error = s->pending ? errno : ENOMEM;
        mpa_spool_free(s);
        errno = error;
        return NULL;
    }
    return s;
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

/* Bring the page of 'id' into memory; '*ret' is the id's slot in it. */
static int find_slot(struct mpa_spool *s, int64_t id, struct slot **ret)
{
    int64_t page_id = id - id % PAGE_SLOTS;
    int status = MPA_OK;

    if (page_id != s->page_id) {
        status = flush_page(s);
        if (status == MPA_OK)
            status = read_all(s->index, s->page, sizeof(s->page),
                              (uint64_t)page_id * sizeof(struct slot));
        /* After a failure nothing of the page may be taken for the other's. */
        if (status == MPA_OK)
            s->page_id = page_id;
    }
    *ret = &s->page[id - page_id];
    return status;
}

int mpa_spool_put(struct mpa_spool *s, const struct mpa_rec_conn *conn)
{
    struct slot *slot;
    uint64_t offset;
    size_t size;
    int status;

    if (conn->id < 0 || conn->id > INT64_MAX / (int64_t)sizeof(struct slot) - PAGE_SLOTS)
        return MPA_ERR_WRITE;
    status = mpa_record_pack(conn, &s->packed, &size, &s->packed_capacity);
    if (status == MPA_OK && s->pending_size + size > WRITE_SIZE)
        status = flush_records(s);
    if (status != MPA_OK)
        return status;
    s->ahead_size = 0;
    offset = s->written + s->pending_size;
    if (size > WRITE_SIZE) {
        status = write_all(s->records, s->packed, size, offset);
        s->written += status == MPA_OK ? size : 0;
    } else {
        memcpy(s->pending + s->pending_size, s->packed, size);
        s->pending_size += size;
    }
    if (status == MPA_OK)
        status = find_slot(s, conn->id, &slot);
    if (status != MPA_OK)
        return status;
    *slot = (struct slot){offset, size};
    s->page_dirty = true;
    if (conn->id >= s->end_id)
        s->end_id = conn->id + 1;
    return MPA_OK;
}

/* The bytes of a record outside of what was read ahead. */
static int read_one(struct mpa_spool *s, const struct slot *slot)
{
    uint8_t *grown;

    if (slot->size > s->packed_capacity) {
        grown = realloc(s->packed, slot->size);
        if (!grown)
            return MPA_ERR_NOMEM;
        s->packed = grown;
        s->packed_capacity = slot->size;
    }
    return read_all(s->records, s->packed, slot->size, slot->offset);
}

/* The bytes of the record of 'slot'.  Most follow each other: connections that had not ended are the last that are put, in order. */
static int fetch(struct mpa_spool *s, const struct slot *slot, const uint8_t **ret)
{
    uint64_t end = s->ahead_at + s->ahead_size, upto = slot->offset + slot->size;
    bool next = slot->offset == s->read_upto;
    int status = MPA_OK;

    s->read_upto = upto;
    if (slot->size > AHEAD_SIZE ||
        (!next && (slot->offset < s->ahead_at || slot->offset > end + AHEAD_SIZE))) {
        status = read_one(s, slot);
        *ret = s->packed;
        return status;
    }
    if (slot->offset < s->ahead_at || upto > end) {
        s->ahead_at = slot->offset;
        s->ahead_size =
            s->written - slot->offset < AHEAD_SIZE ? (size_t)(s->written - slot->offset) : AHEAD_SIZE;
        status = read_all(s->records, s->pending, s->ahead_size, s->ahead_at);
    }
    *ret = s->pending + (slot->offset - s->ahead_at);
    return status;
}

/* Read and unpack the record of 'slot' into 'current'. */
static int load(struct mpa_spool *s, const struct slot *slot)
{
    const uint8_t *bytes;
    int status = fetch(s, slot, &bytes);

    if (status == MPA_OK)
        status = mpa_record_unpack(bytes, slot->size, &s->current);
    else
        s->ahead_size = 0;
    return status == MPA_ERR_FORMAT ? MPA_ERR_READ : status;
}

int mpa_spool_next(struct mpa_spool *s, struct mpa_rec_conn **ret)
{
    struct slot *slot;
    int status;

    mpa_record_free(s->current);
    s->current = NULL;
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
        *ret = s->current;
        return 1;
    }
    return 0;
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
    mpa_record_free(s->current);
    free(s->pending);
    free(s->packed);
    free(s);
}
