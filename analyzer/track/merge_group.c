/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which records are one connection.  Four steps, strongest evidence first:
 *
 *   1. both keys are equal;
 *   2. both initial sequence numbers of a subflow, or both random numbers of a join, are equal
 *      (translation changes neither);
 *   3. a record that holds only joins belongs to the connection whose keys make its HMAC, else to
 *      the only one with its token;
 *   4. a record without any such identity (the capture began later, or no answer came) belongs to
 *      the only connection that had its four-tuple at the same time at other vantage points.
 *
 * Each step looks at what the step before left, takes all its evidence together, and drops what
 * would join different keys: so the order of the records does not matter.
 */
#include "merge_internal.h"

#include <stdlib.h>
#include <string.h>

#define CANDIDATES_MAX 256        /* Connections with one token that are tried. */
#define TUPLES_MAX     256        /* Records with one four-tuple that are compared. */
#define SLACK_NS       5000000000 /* Between two clocks, and of silence at one. */

/* Evidence that two entries are one connection. */
struct edge {
    uint32_t a, b;
};

/* What a group of entries would hold. */
struct check {
    bool has_key[2], bad;
    uint8_t key[2][MPA_KEY_SIZE];
    uint32_t named; /* Its group with an identity, in step 4; UINT32_MAX none yet. */
};

/* ---- Collecting ------------------------------------------------------------------------------ */

static uint64_t word(const uint8_t key[MPA_KEY_SIZE])
{
    uint64_t w;

    memcpy(&w, key, sizeof w);
    return w;
}

static int add_ident(struct mpa_merge *m, uint32_t kind, uint64_t a, uint64_t b, uint32_t entry)
{
    struct merge_ident *i = merge_push(&m->idents, sizeof *i);

    if (!i)
        return MPA_ERR_NOMEM;
    *i = (struct merge_ident){a, b, kind, entry};
    merge_entry(m, entry)->flags |= MERGE_NAMED;
    return MPA_OK;
}

static int add_token(struct mpa_merge *m, uint32_t token, uint32_t owner, uint32_t entry)
{
    struct merge_token *t = merge_push(&m->tokens, sizeof *t);

    if (!t)
        return MPA_ERR_NOMEM;
    *t = (struct merge_token){token, owner, entry};
    return MPA_OK;
}

static bool hash_is_open(unsigned dialect)
{
    return dialect == MPA_DIALECT_UNKNOWN || dialect == MPA_DIALECT_MIXED;
}

/* The tokens of 'owner': as the record says, and under both hashes where the dialect leaves that
 * open. */
static int add_tokens(struct mpa_merge *m, const struct mpa_rec_conn *conn, uint32_t owner,
                      uint32_t entry)
{
    int64_t said = owner == MPA_TO_SERVER ? conn->token_client : conn->token_server;
    uint64_t idsn;
    uint32_t token;

    if (said != MPA_NULL && add_token(m, (uint32_t)said, owner, entry) != MPA_OK)
        return MPA_ERR_NOMEM;
    if (!conn->merge.has_key[owner])
        return MPA_OK;
    for (int hash = MPA_SHA1; hash <= MPA_SHA256; hash++) {
        if (!hash_is_open(conn->dialect) && mpa_dialect_hash(conn->dialect) != (enum mpa_hash)hash)
            continue;
        mpa_crypto_key((enum mpa_hash)hash, conn->merge.key[owner], &token, &idsn);
        if ((int64_t)token != said && add_token(m, token, owner, entry) != MPA_OK)
            return MPA_ERR_NOMEM;
    }
    return MPA_OK;
}

static int add_subflow(struct mpa_merge *m, const struct mpa_rec_subflow *sf, uint32_t entry)
{
    struct merge_tuple *t;

    if (sf->has_isn[0] && sf->has_isn[1] &&
        add_ident(m, 1, (uint64_t)sf->isn[0] << 32 | sf->isn[1], 0, entry) != MPA_OK)
        return MPA_ERR_NOMEM;
    if (sf->has_nonce[0] && sf->has_nonce[1] &&
        add_ident(m, 2, (uint64_t)sf->nonce[0] << 32 | sf->nonce[1], 0, entry) != MPA_OK)
        return MPA_ERR_NOMEM;
    t = merge_push(&m->tuples, sizeof *t);
    if (!t)
        return MPA_ERR_NOMEM;
    memset(t, 0, sizeof *t);
    t->client = sf->client;
    t->server = sf->server;
    t->entry = entry;
    for (int dir = 0; dir < 2; dir++) {
        t->has_isn[dir] = sf->has_isn[dir];
        t->isn[dir] = sf->isn[dir];
    }
    return MPA_OK;
}

/* The token names the connection of the host that was asked. */
static int add_join(struct mpa_merge *m, const struct mpa_rec_subflow *sf, uint32_t entry)
{
    struct merge_join *j = merge_push(&m->joins, sizeof *j);

    if (!j)
        return MPA_ERR_NOMEM;
    *j = (struct merge_join){.token = sf->join_token,
                             .owner = sf->opened_by_server ? MPA_TO_SERVER : MPA_TO_CLIENT,
                             .entry = entry,
                             .nonce = {sf->nonce[0], sf->nonce[1]},
                             .has_hmac = sf->has_join_hmac && sf->has_nonce[0] && sf->has_nonce[1]};
    memcpy(j->hmac, sf->join_hmac, sizeof j->hmac);
    return MPA_OK;
}

int merge_identify(struct mpa_merge *m, const struct mpa_rec_conn *conn, uint32_t entry)
{
    struct merge_entry *e = merge_entry(m, entry);
    int status = MPA_OK;

    for (int dir = 0; dir < 2; dir++)
        if (conn->merge.has_key[dir]) {
            e->flags |= (uint8_t)MERGE_KEY(dir);
            memcpy(e->key[dir], conn->merge.key[dir], MPA_KEY_SIZE);
        }
    for (int i = 0; i < conn->subflow_count; i++)
        if (conn->subflows[i].role == MPA_ROLE_INITIAL)
            e->flags |= MERGE_INITIAL;
    if ((e->flags & MERGE_KEYS) == MERGE_KEYS)
        status = add_ident(m, 0, word(e->key[0]), word(e->key[1]), entry);
    for (uint32_t owner = 0; owner < 2 && status == MPA_OK; owner++)
        if (e->flags & MERGE_INITIAL)
            status = add_tokens(m, conn, owner, entry);
    for (int i = 0; i < conn->subflow_count && status == MPA_OK; i++) {
        const struct mpa_rec_subflow *sf = &conn->subflows[i];

        status = add_subflow(m, sf, entry);
        if (status == MPA_OK && sf->has_join_token && !(e->flags & MERGE_INITIAL))
            status = add_join(m, sf, entry);
    }
    return status;
}

/* ---- Union-find ------------------------------------------------------------------------------ */

uint32_t merge_find(const struct mpa_merge *m, uint32_t entry)
{
    struct merge_entry *e = m->entries.items;

    while (e[entry].parent != entry) {
        e[entry].parent = e[e[entry].parent].parent;
        entry = e[entry].parent;
    }
    return entry;
}

static void unite(struct mpa_merge *m, uint32_t a, uint32_t b)
{
    a = merge_find(m, a);
    b = merge_find(m, b);
    if (a < b)
        merge_entry(m, b)->parent = a;
    else
        merge_entry(m, a)->parent = b;
}

static int add_edge(struct merge_array *edges, uint32_t a, uint32_t b)
{
    struct edge *e = merge_push(edges, sizeof *e);

    if (!e)
        return MPA_ERR_NOMEM;
    *e = (struct edge){a, b};
    return MPA_OK;
}

/* Whether entry 'i' fits what was in its group before; notes that it is in. */
static void check_entry(const struct merge_entry *e, uint32_t old_root, bool one_named,
                        struct check *c)
{
    for (int dir = 0; dir < 2; dir++) {
        if (!(e->flags & MERGE_KEY(dir)))
            continue;
        if (c->has_key[dir] && memcmp(c->key[dir], e->key[dir], MPA_KEY_SIZE) != 0)
            c->bad = true;
        c->has_key[dir] = true;
        memcpy(c->key[dir], e->key[dir], MPA_KEY_SIZE);
    }
    if (!one_named || !(e->flags & MERGE_NAMED))
        return;
    if (c->named != UINT32_MAX && c->named != old_root)
        c->bad = true;
    c->named = old_root;
}

/* Unite along all edges; where that would bring different keys together (or, with 'one_named',
   several groups that have an identity), along none of the edges concerned. */
static int apply(struct mpa_merge *m, const struct merge_array *edges, bool one_named)
{
    const struct edge *edge = edges->items;
    size_t n = m->entries.count;
    uint32_t *before;
    struct check *checks;
    int status = MPA_ERR_NOMEM;

    if (edges->count == 0)
        return MPA_OK;
    before = malloc(n * sizeof *before);
    checks = calloc(n, sizeof *checks);
    if (before && checks) {
        for (uint32_t i = 0; i < n; i++) {
            before[i] = merge_find(m, i);
            checks[i].named = UINT32_MAX;
        }
        for (size_t i = 0; i < edges->count; i++)
            unite(m, edge[i].a, edge[i].b);
        for (uint32_t i = 0; i < n; i++)
            check_entry(merge_entry(m, i), before[i], one_named, &checks[merge_find(m, i)]);
        for (uint32_t i = 0; i < n; i++)
            checks[i].named = checks[merge_find(m, i)].bad;
        for (uint32_t i = 0; i < n; i++)
            if (checks[i].named)
                merge_entry(m, i)->parent = before[i];
        status = MPA_OK;
    }
    free(before);
    free(checks);
    return status;
}

/* ---- Steps 1 and 2 --------------------------------------------------------------------------- */

static int cmp_ident(const void *x, const void *y)
{
    const struct merge_ident *a = x, *b = y;
    int c = MERGE_CMP(a->kind, b->kind);

    c = c ? c : MERGE_CMP(a->a, b->a);
    c = c ? c : MERGE_CMP(a->b, b->b);
    return c ? c : MERGE_CMP(a->entry, b->entry);
}

static int by_identity(struct mpa_merge *m)
{
    struct merge_ident *at = m->idents.items;
    struct merge_array edges = {0};
    int status = MPA_OK;

    if (m->idents.count)
        qsort(at, m->idents.count, sizeof *at, cmp_ident);
    for (size_t i = 1; i < m->idents.count && status == MPA_OK; i++) {
        if (at[i].kind != at[i - 1].kind || at[i].a != at[i - 1].a || at[i].b != at[i - 1].b)
            continue;
        if (at[i].kind == 0)
            unite(m, at[i].entry, at[i - 1].entry);
        else
            status = add_edge(&edges, at[i].entry, at[i - 1].entry);
    }
    if (status == MPA_OK)
        status = apply(m, &edges, false);
    free(edges.items);
    return status;
}

/* ---- Step 3 ---------------------------------------------------------------------------------- */

static int cmp_token(const void *x, const void *y)
{
    const struct merge_token *a = x, *b = y;
    int c = MERGE_CMP(a->token, b->token);

    c = c ? c : MERGE_CMP(a->owner, b->owner);
    return c ? c : MERGE_CMP(a->entry, b->entry);
}

static int cmp_join(const void *x, const void *y)
{
    const struct merge_join *a = x, *b = y;

    return MERGE_CMP(a->entry, b->entry);
}

/* First token that is not less. */
static size_t find_token(const struct mpa_merge *m, uint32_t token, uint32_t owner)
{
    const struct merge_token *at = m->tokens.items, wanted = {token, owner, 0};
    size_t low = 0, high = m->tokens.count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (cmp_token(&at[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Whether the keys of 'e' make the HMAC of the SYN/ACK, which the owner of the token sends. */
static bool join_fits(const struct merge_join *j, const struct merge_entry *e)
{
    uint8_t want[MPA_HMAC_MAX];
    uint32_t peer = 1 - j->owner;

    if (!j->has_hmac || (e->flags & MERGE_KEYS) != MERGE_KEYS)
        return false;
    for (int hash = MPA_SHA1; hash <= MPA_SHA256; hash++) {
        if (!hash_is_open(e->dialect) &&
            mpa_dialect_hash((enum mpa_dialect)e->dialect) != (enum mpa_hash)hash)
            continue;
        mpa_crypto_join_hmac((enum mpa_hash)hash, e->key[j->owner], e->key[peer],
                             j->nonce[j->owner], j->nonce[peer], want);
        if (memcmp(want, j->hmac, sizeof j->hmac) == 0)
            return true;
    }
    return false;
}

/* Where joins of one group point to. */
struct target {
    uint32_t root; /* UINT32_MAX: nowhere yet. */
    bool verified; /* By an HMAC. */
    bool ambiguous;
};

static void target_add(struct target *t, uint32_t root, bool verified)
{
    if (t->verified && !verified)
        return;
    if ((verified && !t->verified) || t->root == UINT32_MAX)
        *t = (struct target){root, verified, false};
    else if (t->root != root)
        t->ambiguous = true;
}

static struct target find_target(const struct mpa_merge *m, const struct merge_join *j)
{
    const struct merge_token *at = m->tokens.items;
    struct target t = {.root = UINT32_MAX};
    size_t first = find_token(m, j->token, j->owner);

    for (size_t i = first;
         i < m->tokens.count && at[i].token == j->token && at[i].owner == j->owner; i++) {
        if (i - first == CANDIDATES_MAX) {
            t.ambiguous = !t.verified || t.ambiguous;
            break;
        }
        target_add(&t, merge_find(m, at[i].entry), join_fits(j, merge_entry(m, at[i].entry)));
    }
    return t;
}

static int by_token(struct mpa_merge *m)
{
    struct merge_join *j = m->joins.items;
    struct merge_array edges = {0};
    struct target *targets;
    int status = MPA_OK;

    if (m->joins.count == 0 || m->tokens.count == 0)
        return MPA_OK;
    targets = malloc(m->entries.count * sizeof *targets);
    if (!targets)
        return MPA_ERR_NOMEM;
    qsort(m->tokens.items, m->tokens.count, sizeof(struct merge_token), cmp_token);
    qsort(j, m->joins.count, sizeof *j, cmp_join);
    for (uint32_t i = 0; i < m->entries.count; i++)
        targets[i] = (struct target){.root = UINT32_MAX};
    /* Groups that hold an initial subflow need none. */
    for (uint32_t i = 0; i < m->entries.count; i++)
        if (merge_entry(m, i)->flags & MERGE_INITIAL)
            targets[merge_find(m, i)].ambiguous = true;
    for (size_t i = 0; i < m->joins.count; i++) {
        struct target *mine = &targets[merge_find(m, j[i].entry)], t;

        if (mine->root == UINT32_MAX && mine->ambiguous)
            continue;
        t = find_target(m, &j[i]);
        if (t.root != UINT32_MAX && !t.ambiguous)
            target_add(mine, t.root, t.verified);
    }
    for (uint32_t i = 0; i < m->entries.count && status == MPA_OK; i++)
        if (targets[i].root != UINT32_MAX && !targets[i].ambiguous)
            status = add_edge(&edges, i, targets[i].root);
    if (status == MPA_OK)
        status = apply(m, &edges, false);
    free(edges.items);
    free(targets);
    return status;
}

/* ---- Step 4 ---------------------------------------------------------------------------------- */

static int cmp_four(const struct merge_tuple *a, const struct merge_tuple *b)
{
    int c = merge_cmp_endpoint(&a->client, &b->client);

    return c ? c : merge_cmp_endpoint(&a->server, &b->server);
}

static int cmp_tuple(const void *x, const void *y)
{
    const struct merge_tuple *a = x, *b = y;
    int c = cmp_four(a, b);

    return c ? c : MERGE_CMP(a->entry, b->entry);
}

static bool same_vantage(const struct merge_entry *a, const struct merge_entry *b)
{
    return (a->captures & b->captures) || a->capture == b->capture;
}

static bool fits(const struct mpa_merge *m, const struct merge_tuple *a,
                 const struct merge_tuple *b)
{
    const struct merge_entry *x = merge_entry(m, a->entry), *y = merge_entry(m, b->entry);

    for (int dir = 0; dir < 2; dir++)
        if (a->has_isn[dir] && b->has_isn[dir] && a->isn[dir] != b->isn[dir])
            return false;
    return a->entry != b->entry && !same_vantage(x, y) && x->first_ns - SLACK_NS <= y->last_ns &&
           y->first_ns - SLACK_NS <= x->last_ns;
}

/* Records with one four-tuple. */
struct bucket {
    const struct merge_tuple *at;
    size_t count;
    bool clear[TUPLES_MAX]; /* All that fit this one may be one connection. */
};

/* Whether two records that fit a third may be one connection: one identity, and one record of it a
 * vantage point. */
static bool agree(const struct mpa_merge *m, uint32_t a, uint32_t b)
{
    const struct merge_entry *x = merge_entry(m, a), *y = merge_entry(m, b);

    return merge_find(m, a) == merge_find(m, b) ||
           (!same_vantage(x, y) && !(x->flags & y->flags & MERGE_NAMED));
}

static bool is_clear(const struct mpa_merge *m, const struct bucket *b, size_t index)
{
    uint32_t seen[32]; /* Few agree: they are of different vantage points. */
    size_t count = 0;

    for (size_t i = 0; i < b->count; i++) {
        if (!fits(m, &b->at[index], &b->at[i]))
            continue;
        for (size_t k = 0; k < count; k++)
            if (!agree(m, seen[k], b->at[i].entry))
                return false;
        if (count == sizeof seen / sizeof *seen)
            return false;
        seen[count++] = b->at[i].entry;
    }
    return true;
}

/* Edges from the records without identity to all that fit, where neither side leaves a choice. */
static int join_bucket(const struct mpa_merge *m, struct bucket *b, struct merge_array *edges)
{
    size_t unnamed = 0;

    for (size_t i = 0; i < b->count; i++)
        unnamed += !(merge_entry(m, b->at[i].entry)->flags & MERGE_NAMED);
    if (unnamed == 0 || b->count < 2)
        return MPA_OK;
    for (size_t i = 0; i < b->count; i++)
        b->clear[i] = is_clear(m, b, i);
    for (size_t i = 0; i < b->count; i++) {
        if (!b->clear[i] || (merge_entry(m, b->at[i].entry)->flags & MERGE_NAMED))
            continue;
        for (size_t k = 0; k < b->count; k++)
            if (b->clear[k] && fits(m, &b->at[i], &b->at[k]) &&
                add_edge(edges, b->at[i].entry, b->at[k].entry) != MPA_OK)
                return MPA_ERR_NOMEM;
    }
    return MPA_OK;
}

static int by_tuple(struct mpa_merge *m)
{
    struct merge_tuple *at = m->tuples.items;
    struct merge_array edges = {0};
    struct bucket bucket;
    size_t end;
    int status = MPA_OK;

    if (m->tuples.count)
        qsort(at, m->tuples.count, sizeof *at, cmp_tuple);
    for (size_t i = 0; i < m->tuples.count && status == MPA_OK; i = end) {
        for (end = i + 1; end < m->tuples.count && cmp_four(&at[i], &at[end]) == 0;)
            end++;
        bucket.at = &at[i];
        bucket.count = end - i;
        if (bucket.count <= TUPLES_MAX)
            status = join_bucket(m, &bucket, &edges);
    }
    if (status == MPA_OK)
        status = apply(m, &edges, true);
    free(edges.items);
    return status;
}

int merge_group(struct mpa_merge *m)
{
    if (by_identity(m) != MPA_OK || by_token(m) != MPA_OK || by_tuple(m) != MPA_OK)
        return MPA_ERR_NOMEM;
    free(m->idents.items);
    free(m->tokens.items);
    free(m->joins.items);
    free(m->tuples.items);
    m->idents = m->tokens = m->joins = m->tuples = (struct merge_array){0};
    return MPA_OK;
}
