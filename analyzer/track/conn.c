/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections and subflows: their making and end, and the tokens by which joins find them. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

struct mpa_conn *conn_new(struct mpa_tracker *t, const struct mpa_segment *seg)
{
    struct mpa_conn *c = pool_get(&t->conns);

    if (!c)
        return NULL;
    c->id = t->next_id++;
    c->first_ns = c->last_ns = seg->ns;
    c->protocol = MPA_PROTOCOL_TCP;
    c->dialect = (uint8_t)t->config.dialect;
    c->fallback = MPA_FALLBACK_REASON_NONE;
    if (t->config.conn_user_size)
        c->user = (char *)c + round_line(sizeof *c);
    if (t->config.also_conn_size)
        c->also = (char *)c + also_at(sizeof *c, t->config.conn_user_size);
    t->counts.connections = t->next_id;
    t->live++;
    timer_set(t, c);
    return c;
}

struct mpa_subflow *subflow_new(struct mpa_tracker *t, struct mpa_conn *c,
                                const struct mpa_segment *seg, uint32_t hash, enum mpa_dir dir,
                                uint8_t role)
{
    struct mpa_subflow *sf = pool_get(&t->subflows);

    if (!sf)
        return NULL;
    sf->flow.addr[dir] = seg->dst;
    sf->flow.port[dir] = seg->dport;
    sf->flow.addr[other(dir)] = seg->src;
    sf->flow.port[other(dir)] = seg->sport;
    sf->flow.hash = hash;
    sf->flow.subflow = sf;
    if (!flow_insert(&t->flows, &sf->flow)) {
        pool_put(&t->subflows, sf);
        return NULL;
    }
    sf->conn = c;
    sf->role = role;
    sf->id = c->subflow_count++;
    sf->first_ns = sf->last_ns = seg->ns;
    sf->join_synack_hmac = sf->join_ack_hmac = MPA_HMAC_NONE;
    for (int i = 0; i < 2; i++) {
        sf->half[i].wscale = MPA_NO_WSCALE;
        sf->half[i].backup = 2;
    }
    if (t->config.subflow_user_size)
        sf->user = (char *)sf + round_line(sizeof *sf);
    if (t->config.also_subflow_size)
        sf->also = (char *)sf + also_at(sizeof *sf, t->config.subflow_user_size);
    if (c->last_subflow)
        c->last_subflow->next = sf;
    else
        c->subflows = sf;
    c->last_subflow = sf;
    c->live_subflows++;
    c->closed_ns = 0;
    if (mpa_subflow_is_direct(sf))
        c->flags |= MPA_CONN_DIRECT;
    return sf;
}

void subflow_add_view(struct mpa_tracker *t, struct mpa_subflow *sf, const struct mpa_segment *seg,
                      uint32_t hash, enum mpa_dir dir)
{
    struct mpa_flow *view;

    /* A newer connection has its four-tuples: this one leaves the table no more, and a view of it would stay there. */
    if (sf->flags & MPA_SF_DETACHED)
        return;
    view = pool_get(&t->views);
    if (!view) {
        t->counts.no_memory++;
        return;
    }
    view->addr[dir] = seg->dst;
    view->port[dir] = seg->dport;
    view->addr[other(dir)] = seg->src;
    view->port[other(dir)] = seg->sport;
    view->hash = hash;
    view->subflow = sf;
    if (!flow_insert(&t->flows, view)) {
        t->counts.no_memory++;
        pool_put(&t->views, view);
        return;
    }
    view->next_view = sf->flow.next_view;
    sf->flow.next_view = view;
}

void subflow_detach(struct mpa_tracker *t, struct mpa_subflow *sf)
{
    if (sf->flags & MPA_SF_DETACHED)
        return;
    for (struct mpa_flow *v = &sf->flow; v; v = v->next_view)
        table_remove(&t->flows.table, v, v->hash);
    sf->flags |= MPA_SF_DETACHED;
}

/* What a connection and a subflow have beside their items of the pools. */
static void free_spaces(struct mpa_conn *c)
{
    for (int i = 0; i < 2; i++) {
        mpa_space_free(&c->data[i].seen);
        mpa_space_free(&c->data[i].declared);
    }
}

static void free_subflow_spaces(struct mpa_subflow *sf)
{
    for (int i = 0; i < 2; i++) {
        mpa_space_free(&sf->half[i].seen);
        if (sf->more[i].rtt)
            mpa_samples_free(&sf->more[i].rtt->samples);
    }
}

static void subflow_free(struct mpa_tracker *t, struct mpa_subflow *sf)
{
    subflow_detach(t, sf);
    for (struct mpa_flow *v = sf->flow.next_view, *next; v; v = next) {
        next = v->next_view;
        pool_put(&t->views, v);
    }
    free_subflow_spaces(sf);
    for (int i = 0; i < 2; i++)
        pool_put(&t->rtts, sf->more[i].rtt);
    pool_put(&t->rivals, sf->rival);
    pool_put(&t->subflows, sf);
}

static void unlink_subflow(struct mpa_conn *c, struct mpa_subflow *sf)
{
    struct mpa_subflow **at = &c->subflows, *last = NULL;

    while (*at && *at != sf) {
        last = *at;
        at = &(*at)->next;
    }
    if (!*at)
        return;
    *at = sf->next;
    if (c->last_subflow == sf)
        c->last_subflow = last;
    sf->next = NULL;
    if (!(sf->flags & MPA_SF_NOT_LIVE))
        c->live_subflows--;
}

void subflow_move(struct mpa_tracker *t, struct mpa_subflow *sf, struct mpa_conn *to)
{
    struct mpa_conn *from = sf->conn;

    if (from == to)
        return;
    unlink_subflow(from, sf);
    for (struct mpa_advert *a = from->adverts; a && sf->id < 64; a = a->next)
        a->joined &= ~(1ull << sf->id);
    sf->conn = to;
    sf->id = to->subflow_count++;
    if (to->last_subflow)
        to->last_subflow->next = sf;
    else
        to->subflows = sf;
    to->last_subflow = sf;
    if (!(sf->flags & MPA_SF_NOT_LIVE))
        to->live_subflows++;
    to->closed_ns = 0;
    timer_set(t, to);
    advert_joined(sf);
    if (mpa_subflow_is_direct(sf))
        to->flags |= MPA_CONN_DIRECT;
}

/* ---- Tokens ---------------------------------------------------------------------------------------------- */

/* The entry of the token, or the empty one where it would be. */
static struct table_entry *token_entry(const struct mpa_tracker *t, uint32_t token,
                                       enum mpa_dir owner)
{
    return table_seek(&t->tokens[owner], token_hash(t, token));
}

void token_insert(struct mpa_tracker *t, struct mpa_conn *c, enum mpa_dir owner)
{
    struct mpa_data_half *d = &c->data[owner];
    struct table_entry *e = token_entry(t, d->token, owner);

    d->token_chain = e->item;
    if (e->item) {
        e->item = c;
    } else if (!table_add(&t->tokens[owner], c, token_hash(t, d->token), 0)) {
        t->counts.no_memory++;
        return;
    }
    d->flags |= MPA_DATA_TOKEN;
}

static void token_remove(struct mpa_tracker *t, struct mpa_conn *c, enum mpa_dir owner)
{
    struct mpa_data_half *d = &c->data[owner];
    struct table_entry *e;
    struct mpa_conn *before;

    if (!(d->flags & MPA_DATA_TOKEN))
        return;
    d->flags &= (uint8_t)~MPA_DATA_TOKEN;
    e = token_entry(t, d->token, owner);
    if (e->item != c) {
        for (before = e->item; before->data[owner].token_chain != c;)
            before = before->data[owner].token_chain;
        before->data[owner].token_chain = d->token_chain;
    } else if (d->token_chain) {
        e->item = d->token_chain;
    } else {
        table_remove(&t->tokens[owner], c, e->hash);
    }
}

struct mpa_conn *token_find(const struct mpa_tracker *t, uint32_t token, enum mpa_dir owner,
                            const struct mpa_conn *after)
{
    return after ? after->data[owner].token_chain : token_entry(t, token, owner)->item;
}

struct mpa_conn *mpa_tracker_by_token(const struct mpa_tracker *t, uint32_t token,
                                      enum mpa_dir owner, const struct mpa_conn *after)
{
    return token_find(t, token, owner, after);
}

/* ---- Their end -------------------------------------------------------------------------------------------- */

static void forget_undecided(struct mpa_tracker *t, const struct mpa_conn *c)
{
    for (int i = 0; i < t->undecided_count; i++)
        if (t->undecided[i] == c) {
            t->undecided[i] = t->undecided[--t->undecided_count];
            return;
        }
}

static void tell_end(struct mpa_tracker *t, struct mpa_conn *c)
{
    if (t->config.observer.conn_end)
        t->config.observer.conn_end(t->config.observer.context, c);
    if (t->config.also.conn_end)
        t->config.also.conn_end(t->config.also.context, c);
}

void conn_end_last(struct mpa_tracker *t, struct mpa_conn *c)
{
    tell_end(t, c);
    if (t->config.also.conn_end) { /* It may ask for tokens of those that are left. */
        token_remove(t, c, MPA_TO_SERVER);
        token_remove(t, c, MPA_TO_CLIENT);
    }
    for (struct mpa_subflow *sf = c->subflows; sf; sf = sf->next)
        free_subflow_spaces(sf);
    free_spaces(c);
}

void conn_end(struct mpa_tracker *t, struct mpa_conn *c)
{
    tell_end(t, c);
    timer_clear(t, c);
    token_remove(t, c, MPA_TO_SERVER);
    token_remove(t, c, MPA_TO_CLIENT);
    if (c->flags & MPA_CONN_UNDECIDED)
        forget_undecided(t, c);
    for (struct mpa_subflow *sf = c->subflows, *next; sf; sf = next) {
        next = sf->next;
        subflow_free(t, sf);
    }
    for (struct mpa_advert *a = c->adverts, *next; a; a = next) {
        next = a->next;
        pool_put(&t->adverts, a);
    }
    free_spaces(c);
    t->live--;
    pool_put(&t->conns, c);
}

/* ---- Keys ------------------------------------------------------------------------------------------------- */

static void key_derive(struct mpa_tracker *t, struct mpa_conn *c, enum mpa_dir owner)
{
    struct mpa_data_half *d = &c->data[owner];
    enum mpa_hash hashes[2];
    int count = dialect_hashes(c, hashes);

    if (count == 2 && !(c->flags & MPA_CONN_UNDECIDED) && t->undecided_count < UNDECIDED_MAX) {
        t->undecided[t->undecided_count++] = c;
        c->flags |= MPA_CONN_UNDECIDED;
    }
    token_remove(t, c, owner);
    mpa_crypto_key(hashes[0], d->key, &d->token, &d->idsn);
    if (count == 1)
        dss_rebase(c, owner, d->idsn + 1);
    token_insert(t, c, owner);
}

void conn_set_key(struct mpa_tracker *t, struct mpa_conn *c, enum mpa_dir owner,
                  const uint8_t key[MPA_KEY_SIZE])
{
    struct mpa_data_half *d = &c->data[owner];

    if ((d->flags & MPA_DATA_KEY) && memcmp(d->key, key, MPA_KEY_SIZE) == 0)
        return;
    memcpy(d->key, key, MPA_KEY_SIZE);
    d->flags |= MPA_DATA_KEY;
    key_derive(t, c, owner);
}

void conn_rehash(struct mpa_tracker *t, struct mpa_conn *c)
{
    enum mpa_hash hashes[2];

    if ((c->flags & MPA_CONN_UNDECIDED) && dialect_hashes(c, hashes) == 1) {
        forget_undecided(t, c);
        c->flags &= (uint8_t)~MPA_CONN_UNDECIDED;
    }
    for (int i = 0; i < 2; i++)
        if (c->data[i].flags & MPA_DATA_KEY)
            key_derive(t, c, (enum mpa_dir)i);
}
