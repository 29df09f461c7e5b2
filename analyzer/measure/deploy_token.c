/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Joins whose token is no hash of the key, and yet their HMAC is right (D6 of the protocol
 * reference, C.12).
 *
 * The tracker finds a join's connection by its token; one that finds none becomes a connection of
 * joins alone.  When all have ended, the HMAC of such a join is tried with the keys of connections to
 * the same address that nobody joined.  Both lists are bounded: a capture that began late is full
 * of such joins, and none of them fits.
 */
#include "internal.h"

#include <string.h>

#define ORPHANS_MAX 64
#define KEYS_MAX    256   /* The latest ones. */
#define TRIES_MAX   20000 /* HMACs that are computed at the end. */

bool measure_deploy_underived(const struct deploy_orphan *o, const struct deploy_keys *k)
{
    /* The listener sends the SYN/ACK: it is the host whose token was used. */
    enum mpa_dir listener = o->by_server ? MPA_TO_SERVER : MPA_TO_CLIENT;
    enum mpa_dir opener = measure_other(listener);

    for (int hash = MPA_SHA1; hash <= MPA_SHA256; hash++) {
        uint8_t want[MPA_HMAC_MAX];
        uint32_t token;
        uint64_t idsn;

        mpa_crypto_join_hmac((enum mpa_hash)hash, k->key[listener], k->key[opener],
                             o->nonce[listener], o->nonce[opener], want);
        if (memcmp(want, o->hmac, sizeof o->hmac) != 0)
            continue;
        mpa_crypto_key((enum mpa_hash)hash, k->key[listener], &token, &idsn);
        return token != o->token;
    }
    return false;
}

static void keep_orphan(struct mpa_measure *m, const struct mpa_subflow *sf)
{
    struct deploy *d = &m->deploy;
    const unsigned needed = MPA_SF_JOIN_TOKEN | MPA_SF_JOIN_HMAC;
    struct deploy_orphan *o;

    if (sf->role != MPA_ROLE_JOIN || (sf->flags & needed) != needed ||
        !(sf->half[0].flags & sf->half[1].flags & MPA_HALF_NONCE) || d->orphan_count == ORPHANS_MAX)
        return;
    if (!measure_grow(&d->orphans, d->orphan_count, &d->orphan_capacity, sizeof *d->orphans)) {
        measure_failed(m, MPA_ERR_NOMEM);
        return;
    }
    o = &d->orphans[d->orphan_count++];
    *o = (struct deploy_orphan){.server = sf->flow.addr[MPA_TO_SERVER],
                                .token = sf->join_token,
                                .nonce = {sf->half[0].nonce, sf->half[1].nonce},
                                .by_server = (sf->flags & MPA_SF_BY_SERVER) != 0};
    memcpy(o->hmac, sf->join_hmac, sizeof o->hmac);
}

static void keep_keys(struct mpa_measure *m, const struct mpa_conn *conn)
{
    struct deploy *d = &m->deploy;
    struct deploy_keys *k;

    if (d->key_count < KEYS_MAX) {
        if (!measure_grow(&d->keys, d->key_count, &d->key_capacity, sizeof *d->keys)) {
            measure_failed(m, MPA_ERR_NOMEM);
            return;
        }
        k = &d->keys[d->key_count++];
    } else {
        k = &d->keys[d->key_next++ % KEYS_MAX];
    }
    k->server = conn->subflows->flow.addr[MPA_TO_SERVER];
    for (int dir = 0; dir < 2; dir++)
        memcpy(k->key[dir], conn->data[dir].key, MPA_KEY_SIZE);
}

void measure_deploy_end(struct mpa_measure *m, const struct mpa_conn *conn,
                        struct mpa_rec_conn *ret)
{
    measure_deploy_fill(conn, ret);
    if (conn->protocol != MPA_PROTOCOL_MPTCP)
        return;
    if (conn->flags & MPA_CONN_JOINS_ONLY) {
        for (const struct mpa_subflow *sf = conn->subflows; sf; sf = sf->next)
            keep_orphan(m, sf);
    } else if (conn->subflow_count == 1 && mpa_conn_initial(conn) &&
               (conn->data[0].flags & conn->data[1].flags & MPA_DATA_KEY)) {
        keep_keys(m, conn);
    }
}

void measure_deploy_tokens(struct mpa_measure *m)
{
    const struct deploy *d = &m->deploy;
    int tries = 0;

    for (size_t i = 0; i < d->orphan_count; i++)
        for (size_t k = 0; k < d->key_count && tries < TRIES_MAX; k++) {
            struct deploy_vip *v;

            if (!mpa_addr_eq(&d->orphans[i].server, &d->keys[k].server))
                continue;
            tries += 2;
            if (!measure_deploy_underived(&d->orphans[i], &d->keys[k]))
                continue;
            v = measure_deploy_vip(m, &d->orphans[i].server);
            if (v)
                v->view.underived++;
            break;
        }
}

/* Vantage points may see the same join: told apart by its random numbers. */
static bool has_orphan(const struct deploy *d, const struct deploy_orphan *o)
{
    for (size_t i = 0; i < d->orphan_count; i++)
        if (memcmp(d->orphans[i].nonce, o->nonce, sizeof o->nonce) == 0 &&
            d->orphans[i].token == o->token)
            return true;
    return false;
}

int measure_deploy_add(struct mpa_measure *m, const struct mpa_measure *from)
{
    struct deploy *d = &m->deploy;
    const struct deploy *f = &from->deploy;

    for (size_t i = 0; i < f->orphan_count; i++) {
        if (has_orphan(d, &f->orphans[i]))
            continue;
        if (!measure_grow(&d->orphans, d->orphan_count, &d->orphan_capacity, sizeof *d->orphans))
            return MPA_ERR_NOMEM;
        d->orphans[d->orphan_count++] = f->orphans[i];
    }
    for (size_t i = 0; i < f->key_count; i++) {
        if (!measure_grow(&d->keys, d->key_count, &d->key_capacity, sizeof *d->keys))
            return MPA_ERR_NOMEM;
        d->keys[d->key_count++] = f->keys[i];
    }
    return MPA_OK;
}
