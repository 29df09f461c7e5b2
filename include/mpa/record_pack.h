/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection's record as flat, compact bytes: for the spool, and for keeping many records in memory.
 *
 * Everything is in them, the part 'merge' with its samples too.  The layout is this process's own (static texts are kept as
 * pointers): the bytes are for nobody else and never leave the machine's memory or an unlinked file.  They hold the keys.
 */
#ifndef MPA_RECORD_PACK_H
#define MPA_RECORD_PACK_H

#include "mpa/record.h"

#include <stddef.h>
#include <stdint.h>

/* A record is written as its difference from one that was given to mpa_record_pack() before. */
struct mpa_record_model {
    struct mpa_rec_conn conn;           /* Of its pointers only those to static texts are used. */
    struct mpa_rec_subflow subflows[2]; /* The first one's, and all others'. */
    struct mpa_rec_add_addr add_addr;
};

/* The models of records that are kept together; zeroed at first.  Whoever reads a record needs those with which it was written, or the same
   with more behind them. */
#define MPA_RECORD_MODELS 4
struct mpa_record_models {
    int count;
    int worth; /* How much the last one says, from 1 on; a record that says more becomes the next. */
    struct mpa_record_model at[MPA_RECORD_MODELS];
};

/*
 * Write 'conn' to the start of '*buf', which has '*cap' bytes (NULL and 0 at first) and is made longer with realloc() where needed;
 * '*size' becomes the bytes that were written.  'conn' may become one of 'models'; NULL: there are none, here and for the reader.  0, or
 * MPA_ERR_NOMEM with '*size' untouched.  The caller frees '*buf'.
 */
int mpa_record_pack(struct mpa_record_models *models, const struct mpa_rec_conn *conn,
                    uint8_t **buf, size_t *size, size_t *cap);

/*
 * A record from the 'size' bytes at 'buf', as mpa_record_pack() wrote them.  '*ret' and each of its arrays are allocated on their own
 * (malloc, exactly the counted items; NULL when there are none), so that a merge may enlarge one with realloc().  A samples array
 * of 'merge' has one entry a subflow.  0, MPA_ERR_NOMEM, or MPA_ERR_FORMAT where the bytes are not such a record; '*ret' is
 * untouched then.  The caller gives it to mpa_record_free().
 */
int mpa_record_unpack(const struct mpa_record_models *models, const uint8_t *buf, size_t size,
                      struct mpa_rec_conn **ret);

/* Memory for one record after the other: zeroed at first. */
#define MPA_RECORD_ARRAYS 8
struct mpa_record_room {
    struct mpa_rec_conn conn;
    void *items[MPA_RECORD_ARRAYS];
    size_t capacity[MPA_RECORD_ARRAYS]; /* Bytes. */
};

/* The same into 'room->conn', with the arrays in the room's memory: valid until the room's next record, which replaces it also where this fails. */
int mpa_record_unpack_into(const struct mpa_record_models *models, struct mpa_record_room *room,
                           const uint8_t *buf, size_t size);
void mpa_record_room_free(struct mpa_record_room *room); /* What it holds. */

/* A copy that owns its arrays as above; NULL when memory ends. */
struct mpa_rec_conn *mpa_record_copy(const struct mpa_rec_conn *conn);

/* Frees a record of one of the functions above with all its arrays and samples; NULL is accepted. */
void mpa_record_free(struct mpa_rec_conn *conn);

#endif
