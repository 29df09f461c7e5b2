/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MP_JOIN: the connection a token means, and the HMACs (RFC 8684 3.2). */
#include "internal.h"

#include <string.h>

/* How well a join to 'dst' from 'src' fits a connection that has the right token. */
static int join_score(const struct mpa_conn *c, const struct mpa_segment *seg, enum mpa_dir owner)
{
    const struct mpa_subflow *first = c->subflows;
    int score = 0;

    for (const struct mpa_advert *a = c->adverts; a; a = a->next)
        if (a->from == owner && mpa_addr_eq(&a->addr, &seg->dst))
            score |= 4;
    if (first && mpa_addr_eq(&first->flow.addr[other(owner)], &seg->dst))
        score |= 2;
    if (first && mpa_addr_eq(&first->flow.addr[owner], &seg->src))
        score |= 1;
    return score;
}

/* Connections whose hash is undecided have their token registered under SHA-256 only: try SHA-1. */
static struct mpa_conn *find_undecided(struct mpa_tracker *t, uint32_t token, enum mpa_dir *ret_dir)
{
    for (int i = 0; i < t->undecided_count; i++)
        for (int owner = 0; owner < 2; owner++) {
            struct mpa_conn *c = t->undecided[i];
            uint32_t sha1;
            uint64_t idsn;

            if (!(c->data[owner].flags & MPA_DATA_KEY))
                continue;
            mpa_crypto_key(MPA_SHA1, c->data[owner].key, &sha1, &idsn);
            if (sha1 != token)
                continue;
            dialect_note(t, c, MPA_EV_SHA1);
            *ret_dir = other((enum mpa_dir)owner);
            return c;
        }
    return NULL;
}

struct mpa_conn *join_find(struct mpa_tracker *t, const struct mpa_segment *seg,
                           const struct mpa_join *join, enum mpa_dir *ret_dir)
{
    struct mpa_conn *best = NULL;
    int best_score = -1;

    /* The token is that of the host that receives the SYN: usually the server's. */
    for (int pass = 0; pass < 2 && !best; pass++) {
        enum mpa_dir owner = pass == 0 ? MPA_TO_CLIENT : MPA_TO_SERVER;

        for (struct mpa_conn *c = token_find(t, join->token, owner, NULL); c;
             c = token_find(t, join->token, owner, c)) {
            int score = join_score(c, seg, owner);

            if (score > best_score || (score == best_score && c->id > best->id)) {
                best = c;
                best_score = score;
                *ret_dir = other(owner);
            }
        }
    }
    if (!best && t->undecided_count)
        best = find_undecided(t, join->token, ret_dir);
    return best;
}

/* The HMAC that 'sender' of subflow 'sf' must send, under connection 'c' and 'hash'. */
static void expect(const struct mpa_subflow *sf, const struct mpa_conn *c, enum mpa_hash hash,
                   enum mpa_dir sender, uint8_t ret[MPA_HMAC_MAX])
{
    mpa_crypto_join_hmac(hash, c->data[sender].key, c->data[other(sender)].key,
                         sf->half[sender].nonce, sf->half[other(sender)].nonce, ret);
}

static bool have_keys(const struct mpa_conn *c)
{
    return (c->data[0].flags & MPA_DATA_KEY) && (c->data[1].flags & MPA_DATA_KEY);
}

/* Whether 'mac' is right under one of the hashes that 'c' may use; notes which one it was. */
static bool verify(struct mpa_tracker *t, const struct mpa_subflow *sf, struct mpa_conn *c,
                   enum mpa_dir sender, const uint8_t *mac, size_t size)
{
    enum mpa_hash hashes[2];
    int count = dialect_hashes(c, hashes);
    uint8_t want[MPA_HMAC_MAX];

    for (int i = 0; i < count; i++) {
        expect(sf, c, hashes[i], sender, want);
        if (memcmp(want, mac, size) == 0) {
            if (count > 1)
                dialect_note(t, c, hashes[i] == MPA_SHA1 ? MPA_EV_SHA1 : MPA_EV_SHA256);
            return true;
        }
    }
    return false;
}

/* With equal tokens the wrong connection may have been taken: let the HMAC decide. */
static bool try_others(struct pass *p, enum mpa_dir sender, const uint8_t *mac, size_t size)
{
    struct mpa_subflow *sf = p->sf;
    enum mpa_dir owner = other(opener(sf));

    if (!(sf->flags & MPA_SF_JOIN_TOKEN))
        return false;
    for (struct mpa_conn *c = token_find(p->t, sf->join_token, owner, NULL); c;
         c = token_find(p->t, sf->join_token, owner, c))
        if (c != sf->conn && c->subflow_count < SUBFLOWS_MAX && have_keys(c) &&
            verify(p->t, sf, c, sender, mac, size)) {
            subflow_move(p->t, sf, c);
            p->conn = c;
            pass_sides(p);
            return true;
        }
    return false;
}

static uint8_t judge(struct pass *p, const uint8_t *mac, size_t size)
{
    struct mpa_subflow *sf = p->sf;
    enum mpa_dir sender = p->dir;

    if (!(sf->half[0].flags & sf->half[1].flags & MPA_HALF_NONCE))
        return MPA_HMAC_UNVERIFIABLE;
    if (have_keys(sf->conn) && verify(p->t, sf, sf->conn, sender, mac, size))
        return MPA_HMAC_OK;
    if (try_others(p, sender, mac, size))
        return MPA_HMAC_OK;
    return have_keys(sf->conn) ? MPA_HMAC_BAD : MPA_HMAC_UNVERIFIABLE;
}

void hmac_count(struct mpa_rec_hmac *h, uint8_t verdict)
{
    if (verdict == MPA_HMAC_OK)
        h->ok++;
    else if (verdict == MPA_HMAC_BAD)
        h->bad++;
    else
        h->unverifiable++;
}

void join_apply(struct pass *p, const struct mpa_option *o)
{
    struct mpa_subflow *sf = p->sf;
    struct mpa_half *h = &sf->half[p->dir];
    const struct mpa_join *j = &o->join;

    if (sf->role != MPA_ROLE_JOIN || o->cond != MPA_COND_OK)
        return;
    if (j->hmac_size != 20) { /* SYN or SYN/ACK. */
        h->nonce = j->nonce;
        h->flags |= MPA_HALF_NONCE;
        h->address_id = j->id;
        h->backup = j->backup;
    }
    if (j->hmac_size == 8) {
        memcpy(sf->join_hmac, j->hmac, sizeof sf->join_hmac);
        sf->flags |= MPA_SF_JOIN_HMAC;
        sf->join_synack_hmac = judge(p, j->hmac, 8);
        hmac_count(&p->t->counts.hmac_join_synack, sf->join_synack_hmac);
        tell(p, MPA_EVENT_HMAC, o, NULL, sf->join_synack_hmac);
    } else if (j->hmac_size == 20) {
        sf->join_ack_hmac = judge(p, j->hmac, 20);
        hmac_count(&p->t->counts.hmac_join_ack, sf->join_ack_hmac);
        tell(p, MPA_EVENT_HMAC, o, NULL, sf->join_ack_hmac);
    }
}
