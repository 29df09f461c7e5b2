/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ADD_ADDR, its echo, and REMOVE_ADDR (RFC 8684 3.4, ICNP-2017 section III-B). */
#include "internal.h"

#include <string.h>

#define ADVERTS_MAX 64 /* Per connection; further addresses are counted as options only. */

/* The advertisement by 'from' with this id, address and port; then one without regard to the port (Apple's echoes drop it). */
static struct mpa_advert *find(struct mpa_conn *c, const struct mpa_add_addr *o, enum mpa_dir from,
                               bool any_port)
{
    for (struct mpa_advert *a = c->adverts; a; a = a->next)
        if (a->from == from && a->id == o->id && mpa_addr_eq(&a->addr, &o->addr) &&
            (a->port == o->port || (any_port && o->port == 0)))
            return a;
    return NULL;
}

static struct mpa_advert *add(struct pass *p, const struct mpa_add_addr *o, enum mpa_dir from)
{
    struct mpa_advert **at = &p->conn->adverts, *a;
    int length = 0;

    for (; *at; at = &(*at)->next)
        if (++length >= ADVERTS_MAX)
            return NULL;
    a = pool_get(&p->t->adverts);
    if (!a) {
        p->t->counts.no_memory++;
        return NULL;
    }
    a->addr = o->addr;
    a->port = o->port;
    a->id = o->id;
    a->from = (uint8_t)from;
    a->hmac = MPA_HMAC_NONE;
    a->first_frame.capture = a->echo_frame.capture = -1;
    *at = a;
    return a;
}

/* One form of the HMAC. */
static bool matches(const struct mpa_conn *c, const struct mpa_add_addr *o, enum mpa_dir from,
                    enum mpa_add_addr_hmac form)
{
    uint8_t want[8];

    mpa_crypto_add_addr(form, c->data[from].key, c->data[other(from)].key, o->id, &o->addr, o->v6,
                        o->port, want);
    return memcmp(want, o->hmac, sizeof want) == 0;
}

/* RFC 8684: the right 64 bits; the left ones are an early kernel, SHA-1 a draft one.  The draft's echo is signed with the echoing
   host's own key, hence 'from' is always the host that sends the option. */
static uint8_t judge(struct pass *p, const struct mpa_add_addr *o, enum mpa_dir from)
{
    struct mpa_conn *c = p->conn;
    enum mpa_dialect d = (enum mpa_dialect)c->dialect;
    bool sha1 = d == MPA_DIALECT_DRAFT_V1 || d == MPA_DIALECT_UNKNOWN || d == MPA_DIALECT_MIXED;
    bool sha256 = d != MPA_DIALECT_DRAFT_V1;

    if (!(c->data[0].flags & c->data[1].flags & MPA_DATA_KEY))
        return MPA_HMAC_UNVERIFIABLE;
    if (sha256 && matches(c, o, from, MPA_AA_RFC8684)) {
        if (d == MPA_DIALECT_UNKNOWN)
            dialect_note(p->t, c, MPA_EV_SHA256);
        return MPA_HMAC_OK;
    }
    if (sha256 && matches(c, o, from, MPA_AA_EARLY)) {
        dialect_note(p->t, c, MPA_EV_SHA256 | MPA_EV_AA_LEFT);
        return MPA_HMAC_OK;
    }
    if (sha1 && matches(c, o, from, MPA_AA_DRAFT)) {
        if (d == MPA_DIALECT_UNKNOWN)
            dialect_note(p->t, c, MPA_EV_SHA1);
        return MPA_HMAC_OK;
    }
    return d == MPA_DIALECT_MIXED ? MPA_HMAC_UNVERIFIABLE : MPA_HMAC_BAD;
}

static void note_nibble(struct pass *p, const struct mpa_add_addr *o)
{
    struct mpa_conn *c = p->conn;
    uint8_t n = o->nibble;

    if (c->evidence & MPA_EV_V0) {
        if (n == 0xc || n == 0xe)
            dialect_note(p->t, c, MPA_EV_NIBBLE_CE);
        else if (p->dir == MPA_TO_CLIENT && p->seg->payload_size && !o->echo)
            dialect_note(p->t, c, MPA_EV_AA_ON_DATA);
        return;
    }
    /* Once version 1 is decided a nibble says nothing more: its reserved bits are to be ignored. */
    if (c->dialect != MPA_DIALECT_UNKNOWN)
        return;
    if (n == 4 || n == 6)
        dialect_note(p->t, c, MPA_EV_NIBBLE_46);
    else if (n == 0xc || n == 0xe)
        dialect_note(p->t, c, MPA_EV_NIBBLE_CE);
    else if (n == 0 || n == 1)
        dialect_note(p->t, c, MPA_EV_NIBBLE_01);
}

static void apply_echo(struct pass *p, const struct mpa_option *o)
{
    enum mpa_dir from = other(p->dir);
    struct mpa_advert *a = find(p->conn, &o->add_addr, from, false);

    if (!a)
        a = find(p->conn, &o->add_addr, from, true);
    if (!a)
        a = add(p, &o->add_addr, from);
    if (o->add_addr.has_hmac) {
        uint8_t verdict = judge(p, &o->add_addr, p->dir);

        hmac_count(&p->t->counts.hmac_add_addr, verdict);
        tell(p, MPA_EVENT_HMAC, o, a, verdict);
    }
    if (!a)
        return;
    if (a->echoes++ == 0) {
        a->echo_ns = p->seg->ns;
        a->last_before_echo_ns = a->last_ns;
        a->echo_frame = frame_of(p->seg);
    }
    tell(p, MPA_EVENT_ECHO, o, a, a->echoes);
}

static void apply_copy(struct pass *p, const struct mpa_option *o)
{
    struct mpa_advert *a = find(p->conn, &o->add_addr, p->dir, false);

    if (!a)
        a = add(p, &o->add_addr, p->dir);
    if (o->add_addr.has_hmac) {
        bool same = a && a->transmissions &&
                    memcmp(a->seen_hmac, o->add_addr.hmac, sizeof a->seen_hmac) == 0 &&
                    a->hmac != MPA_HMAC_UNVERIFIABLE;
        uint8_t verdict = same ? a->hmac : judge(p, &o->add_addr, p->dir);

        hmac_count(&p->t->counts.hmac_add_addr, verdict);
        if (a) {
            memcpy(a->seen_hmac, o->add_addr.hmac, sizeof a->seen_hmac);
            a->hmac = verdict;
        }
        tell(p, MPA_EVENT_HMAC, o, a, verdict);
    }
    if (!a)
        return;
    if (a->transmissions++ == 0) {
        a->first_ns = p->seg->ns;
        a->first_frame = frame_of(p->seg);
    }
    a->last_ns = p->seg->ns;
    a->removed = false;
    tell(p, MPA_EVENT_ADD_ADDR, o, a, a->transmissions);
}

void advert_apply(struct pass *p, const struct mpa_option *o)
{
    note_nibble(p, &o->add_addr);
    if (o->add_addr.echo)
        apply_echo(p, o);
    else
        apply_copy(p, o);
}

void advert_remove(struct pass *p, const struct mpa_option *o)
{
    for (int i = 0; i < o->remove_addr.count; i++) {
        for (struct mpa_advert *a = p->conn->adverts; a; a = a->next)
            if (a->from == p->dir && a->id == o->remove_addr.ids[i])
                a->removed = true;
        tell(p, MPA_EVENT_REMOVE_ADDR, o, NULL, o->remove_addr.ids[i]);
    }
}

void advert_joined(struct mpa_subflow *sf)
{
    enum mpa_dir to =
        opener(sf); /* The listener's address is the destination of the opener's packets. */

    for (struct mpa_advert *a = sf->conn->adverts; a; a = a->next)
        if (a->from == other(to) && mpa_addr_eq(&a->addr, &sf->flow.addr[to]) &&
            (a->port == 0 || a->port == sf->flow.port[to]) && sf->id < 64)
            a->joined |= 1ull << sf->id;
}
