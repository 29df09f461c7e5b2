/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records wait here, packed, until all are in; then they leave one connection at a time. */
#include "merge_internal.h"

#include "mpa/record_pack.h"

#include <stdlib.h>
#include <string.h>

void *merge_push(struct merge_array *a, size_t size)
{
    if (a->count == a->capacity) {
        size_t wanted = a->capacity ? a->capacity * 2 : 16;
        void *grown = realloc(a->items, wanted * size);

        if (!grown)
            return NULL;
        a->items = grown;
        a->capacity = wanted;
    }
    return (char *)a->items + size * a->count++;
}

struct mpa_merge *mpa_merge_new(void)
{
    if (mpa_crypto_init() != MPA_OK)
        return NULL;
    return calloc(1, sizeof(struct mpa_merge));
}

static int add_entry(struct mpa_merge *m, const struct mpa_rec_conn *conn, int capture, size_t size)
{
    struct merge_entry *e;

    if (m->entries.count >= UINT32_MAX || !(e = merge_push(&m->entries, sizeof *e)))
        return MPA_ERR_NOMEM;
    *e = (struct merge_entry){.size = size,
                              .first_ns = conn->first_ns,
                              .last_ns = conn->last_ns,
                              .id = conn->id,
                              .capture = capture,
                              .captures = conn->merge.captures,
                              .parent = (uint32_t)(m->entries.count - 1),
                              .dialect = (uint8_t)conn->dialect};
    if (!e->captures && capture >= 0 && capture < 32)
        e->captures = 1u << capture;
    e->bytes = malloc(size);
    if (!e->bytes)
        return MPA_ERR_NOMEM;
    memcpy(e->bytes, m->buffer, size);
    return merge_identify(m, conn, (uint32_t)(m->entries.count - 1));
}

int mpa_merge_put(struct mpa_merge *m, const struct mpa_rec_conn *conn, int capture)
{
    size_t before[] = {m->entries.count, m->idents.count, m->tokens.count, m->joins.count,
                       m->tuples.count};
    size_t size = 0;
    int status = mpa_record_pack(&m->models, conn, &m->buffer, &size, &m->buffer_size);

    if (status == MPA_OK)
        status = add_entry(m, conn, capture, size);
    if (status == MPA_OK)
        return MPA_OK;
    if (m->entries.count > before[0])
        free(merge_entry(m, before[0])->bytes);
    m->entries.count = before[0];
    m->idents.count = before[1];
    m->tokens.count = before[2];
    m->joins.count = before[3];
    m->tuples.count = before[4];
    return status;
}

static int cmp_slot(const void *x, const void *y)
{
    const struct merge_slot *a = x, *b = y;
    int c = MERGE_CMP(a->first_ns, b->first_ns);

    c = c ? c : MERGE_CMP(a->capture, b->capture);
    c = c ? c : MERGE_CMP(a->id, b->id);
    c = c ? c : MERGE_CMP(a->root, b->root);
    return c ? c : MERGE_CMP(a->entry, b->entry);
}

/* The group's place is that of its first packet. */
static void place_groups(struct mpa_merge *m)
{
    for (uint32_t i = 0; i < m->entries.count; i++) {
        const struct merge_entry *e = merge_entry(m, i);

        m->slots[i] = (struct merge_slot){.first_ns = e->first_ns,
                                          .id = e->id,
                                          .capture = e->capture,
                                          .root = merge_find(m, i),
                                          .entry = i};
    }
    /* The slot at the root's index collects the least; then the others take it over. */
    for (uint32_t i = 0; i < m->entries.count; i++) {
        struct merge_slot *least = &m->slots[m->slots[i].root], mine = m->slots[i];

        mine.root = least->root;
        mine.entry = least->entry;
        if (cmp_slot(&mine, least) < 0)
            *least = mine;
    }
    for (uint32_t i = 0; i < m->entries.count; i++) {
        m->slots[i] = m->slots[m->slots[i].root];
        m->slots[i].entry = i;
    }
}

int mpa_merge_finish(struct mpa_merge *m)
{
    if (m->slots)
        return MPA_OK;
    if (merge_group(m) != MPA_OK)
        return MPA_ERR_NOMEM;
    m->slots = calloc(m->entries.count ? m->entries.count : 1, sizeof *m->slots);
    if (!m->slots)
        return MPA_ERR_NOMEM;
    place_groups(m);
    qsort(m->slots, m->entries.count, sizeof *m->slots, cmp_slot);
    return MPA_OK;
}

static void free_members(struct merge_member *members, int count)
{
    for (int i = 0; i < count; i++) {
        mpa_record_free(members[i].rec);
        free(members[i].map);
    }
    free(members);
}

static int unpack_members(const struct mpa_merge *m, struct merge_member *members, int count)
{
    for (int i = 0; i < count; i++) {
        struct merge_entry *e = merge_entry(m, m->slots[m->next + (size_t)i].entry);
        int status = mpa_record_unpack(&m->models, e->bytes, e->size, &members[i].rec);

        if (status != MPA_OK)
            return status;
        members[i].capture = e->capture;
        members[i].rec->merge.captures = e->captures;
        members[i].map = calloc((size_t)members[i].rec->subflow_count + 1, sizeof(int));
        if (!members[i].map)
            return MPA_ERR_NOMEM;
    }
    return MPA_OK;
}

int mpa_merge_next(struct mpa_merge *m, struct mpa_rec_conn **ret)
{
    struct merge_member *members;
    size_t count = 1;
    int status;

    mpa_record_free(m->current);
    m->current = NULL;
    if (!m->slots || m->next >= m->entries.count)
        return 0;
    while (m->next + count < m->entries.count &&
           m->slots[m->next + count].root == m->slots[m->next].root)
        count++;
    members = calloc(count, sizeof *members);
    if (!members)
        return MPA_ERR_NOMEM;
    status = unpack_members(m, members, (int)count);
    if (status == MPA_OK)
        status = merge_members(members, (int)count, &m->current);
    free_members(members, (int)count);
    if (status != MPA_OK)
        return status;
    for (size_t end = m->next + count; m->next < end; m->next++) {
        struct merge_entry *e = merge_entry(m, m->slots[m->next].entry);

        free(e->bytes);
        e->bytes = NULL;
    }
    m->current->id = m->next_id++;
    *ret = m->current;
    return 1;
}

void mpa_merge_free(struct mpa_merge *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->entries.count; i++)
        free(merge_entry(m, i)->bytes);
    free(m->entries.items);
    free(m->idents.items);
    free(m->tokens.items);
    free(m->joins.items);
    free(m->tuples.items);
    free(m->slots);
    free(m->buffer);
    mpa_record_free(m->current);
    free(m);
}
