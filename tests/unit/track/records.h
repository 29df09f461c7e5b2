/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records made by hand for the tests of merging, and a record as text, so that two can be compared
 * in full. */
#ifndef MPA_TEST_RECORDS_H
#define MPA_TEST_RECORDS_H

#include "mpa/merge.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define RECORD_TEXT 16384

/* A record with its arrays. */
struct made {
    struct mpa_rec_conn conn;
    struct mpa_rec_subflow subflows[4];
    struct mpa_rec_add_addr adverts[2];
    struct mpa_rec_hit hits[2];
    struct mpa_rec_note notes[4];
    struct mpa_rec_span spans[2][4];
};

static inline struct mpa_endpoint made_end(uint8_t host, uint16_t port)
{
    uint8_t bytes[4] = {10, 0, 0, host};

    return (struct mpa_endpoint){mpa_addr_v4(bytes), port};
}

/* A plain TCP record of a capture that saw nothing yet but its time. */
static inline void made_begin(struct made *m, int64_t id, int64_t first_ns, int64_t last_ns)
{
    struct mpa_rec_conn *c = &m->conn;

    memset(m, 0, sizeof *m);
    c->id = id;
    c->protocol = MPA_PROTOCOL_TCP;
    c->outcome = MPA_OUTCOME_OPEN;
    c->fallback = MPA_FALLBACK_REASON_NONE;
    c->fallback_ns = c->syn_ns = c->established_ns = c->last_data_ns = MPA_NULL;
    c->server_denies_join = c->client_denies_join = c->token_client = c->token_server = MPA_NULL;
    c->unprotected_dur_ns = c->survived = c->failed_ns = MPA_NULL;
    c->first_ns = first_ns;
    c->last_ns = last_ns;
    c->migration.state = MPA_MIGRATION_SINGLE_PATH;
    c->migration.left_by = MPA_LEFT_BY_NONE;
    c->migration.judged = MPA_TO_CLIENT;
    c->migration.usable_ns = MPA_NULL;
    c->migration.first_direct_ns = c->migration.vip_bytes_after = MPA_BOTH_NULL;
    c->migration.direct_bytes_after = MPA_BOTH_NULL;
    c->migration.vip_share_after[0] = c->migration.vip_share_after[1] = NAN;
    c->subflows = m->subflows;
    c->add_addrs = m->adverts;
    c->hits = m->hits;
    c->notes = m->notes;
    c->merge.spans[0] = m->spans[0];
    c->merge.spans[1] = m->spans[1];
}

/* Another subflow, seen from its middle. */
static inline struct mpa_rec_subflow *made_subflow(struct made *m, enum mpa_word role,
                                                   struct mpa_endpoint client,
                                                   struct mpa_endpoint server)
{
    struct mpa_rec_subflow *s = &m->subflows[m->conn.subflow_count];

    s->id = m->conn.subflow_count++;
    s->role = role;
    s->client = client;
    s->server = server;
    s->on_vip = MPA_NULL;
    s->syn_ns = s->established_ns = s->usable_ns = MPA_NULL;
    s->first_ns = m->conn.first_ns;
    s->last_ns = m->conn.last_ns;
    s->backup = MPA_BOTH_NULL;
    s->vantage = MPA_VANTAGE_UNKNOWN;
    s->reset.reason = s->reset.transient = MPA_NULL;
    s->rst[0].ns = s->rst[1].ns = MPA_NULL;
    for (int dir = 0; dir < 2; dir++)
        s->rtt[dir] =
            (struct mpa_rec_percentiles){0, MPA_NULL, MPA_NULL, MPA_NULL, MPA_NULL, MPA_NULL};
    if (s->id == 0) {
        m->conn.client = client;
        m->conn.server = server;
    }
    return s;
}

static inline void made_isns(struct mpa_rec_subflow *s, uint32_t client, uint32_t server)
{
    s->isn[0] = client;
    s->isn[1] = server;
    s->has_isn[0] = s->has_isn[1] = true;
}

/* Keys of one repeated byte each: the connection becomes MPTCP. */
static inline void made_keys(struct made *m, uint8_t client, uint8_t server)
{
    uint64_t idsn;
    uint32_t token;

    m->conn.protocol = MPA_PROTOCOL_MPTCP;
    m->conn.dialect = MPA_DIALECT_RFC8684;
    memset(m->conn.merge.key[0], client, MPA_KEY_SIZE);
    memset(m->conn.merge.key[1], server, MPA_KEY_SIZE);
    m->conn.merge.has_key[0] = m->conn.merge.has_key[1] = true;
    mpa_crypto_key(MPA_SHA256, m->conn.merge.key[0], &token, &idsn);
    m->conn.token_client = token;
    mpa_crypto_key(MPA_SHA256, m->conn.merge.key[1], &token, &idsn);
    m->conn.token_server = token;
}

static inline void made_span(struct made *m, int dir, uint64_t start, uint64_t end)
{
    m->spans[dir][m->conn.merge.span_count[dir]++] = (struct mpa_rec_span){start, end};
    m->conn.bytes.v[dir] += (int64_t)(end - start);
}

static inline void made_note(struct made *m, enum mpa_word kind, int64_t ns, int capture,
                             int subflow, int64_t value)
{
    m->notes[m->conn.note_count++] = (struct mpa_rec_note){.kind = kind,
                                                           .ns = ns,
                                                           .frame = {capture, ns},
                                                           .subflow = subflow,
                                                           .from_server = 0,
                                                           .value = value};
}

/* ---- A record as text ------------------------------------------------------------------------ */

struct text {
    char *at;
    size_t left;
};

__attribute__((format(printf, 2, 3))) static inline void say(struct text *t, const char *format,
                                                             ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(t->at, t->left, format, args);
    va_end(args);
    if (n > 0 && (size_t)n < t->left) {
        t->at += n;
        t->left -= (size_t)n;
    }
}

#define LL(x) ((long long)(x))

static inline void say_both(struct text *t, const char *name, const struct mpa_both *b)
{
    say(t, " %s=%lld/%lld", name, LL(b->v[0]), LL(b->v[1]));
}

static inline void say_end(struct text *t, const struct mpa_endpoint *e)
{
    char addr[MPA_ADDR_TEXT];

    say(t, " %s:%d", mpa_addr_text(&e->addr, addr), e->port);
}

static inline void say_subflow(struct text *t, const struct mpa_rec_subflow *s)
{
    say(t, "subflow %lld %s", LL(s->id), mpa_word(s->role));
    say_end(t, &s->client);
    say_end(t, &s->server);
    say(t, " syn=%lld est=%lld use=%lld first=%lld last=%lld %s", LL(s->syn_ns),
        LL(s->established_ns), LL(s->usable_ns), LL(s->first_ns), LL(s->last_ns),
        mpa_word(s->vantage));
    say_both(t, "backup", &s->backup);
    say_both(t, "packets", &s->packets);
    say_both(t, "bytes", &s->bytes);
    say_both(t, "again", &s->retransmitted_bytes);
    say_both(t, "re", &s->reinjected_bytes);
    for (int d = 0; d < 2; d++) {
        say(t, " rtt%d=%lld/%lld", d, LL(s->rtt[d].count), LL(s->rtt[d].p50_ns));
        say(t, " isn%d=%d:%u nonce=%d:%u", d, s->has_isn[d], s->isn[d], s->has_nonce[d],
            s->nonce[d]);
        if (s->rst[d].packets)
            say(t, " rst=%s/%lld/%lld", mpa_word(s->rst[d].class), LL(s->rst[d].ns),
                LL(s->rst[d].packets));
    }
    for (int i = 0; i < s->server_count; i++)
        say(t, " server=%s/%s/%lld/%lld/%lld", s->servers[i].name, mpa_word(s->servers[i].by),
            LL(s->servers[i].first_ns), LL(s->servers[i].last_ns), LL(s->servers[i].packets));
    if (s->has_reset)
        say(t, " reset=%s/%d/%lld", mpa_word(s->reset.class), s->reset.from_server,
            LL(s->reset.ns));
    say(t, " token=%d:%x hmac=%d:%02x\n", s->has_join_token, s->join_token, s->has_join_hmac,
        s->join_hmac[0]);
}

static inline void say_lists(struct text *t, const struct mpa_rec_conn *c)
{
    for (int i = 0; i < c->add_addr_count; i++) {
        const struct mpa_rec_add_addr *a = &c->add_addrs[i];

        say(t, "advert %d id=%lld tx=%lld first=%lld echo=%lld/%lld %s %s joined", a->from_server,
            LL(a->id), LL(a->transmissions), LL(a->first_ns), LL(a->echoes), LL(a->echo_ns),
            mpa_word(a->hmac), mpa_word(a->vantage));
        for (int k = 0; k < a->joined_count; k++)
            say(t, " %lld", LL(a->joined_from[k]));
        say(t, "\n");
    }
    for (int i = 0; i < c->hit_count; i++)
        say(t, "hit %lld gap=%lld subflow=%lld\n", LL(c->hits[i].ns), LL(c->hits[i].gap_dur_ns),
            LL(c->hits[i].subflow));
    for (int i = 0; i < c->note_count; i++)
        say(t, "note %s %lld %d %d %lld\n", mpa_word(c->notes[i].kind), LL(c->notes[i].ns),
            c->notes[i].frame.capture, c->notes[i].subflow, LL(c->notes[i].value));
    for (int d = 0; d < 2; d++)
        for (int i = 0; i < c->merge.span_count[d]; i++)
            say(t, "span%d %llx-%llx\n", d, (unsigned long long)c->merge.spans[d][i].start,
                (unsigned long long)c->merge.spans[d][i].end);
}

/* Everything that merging decides, one record after the other. */
static inline void say_record(struct text *t, const struct mpa_rec_conn *c)
{
    say(t, "conn %lld %s %s", LL(c->id), mpa_word(c->protocol), mpa_dialect_name(c->dialect));
    say_end(t, &c->client);
    say_end(t, &c->server);
    say(t, " denies=%lld/%lld token=%llx/%llx", LL(c->server_denies_join),
        LL(c->client_denies_join), (unsigned long long)c->token_client,
        (unsigned long long)c->token_server);
    say(t, " syn=%lld est=%lld first=%lld last=%lld data=%lld %s %s/%lld", LL(c->syn_ns),
        LL(c->established_ns), LL(c->first_ns), LL(c->last_ns), LL(c->last_data_ns),
        mpa_word(c->outcome), mpa_word(c->fallback), LL(c->fallback_ns));
    say_both(t, "bytes", &c->bytes);
    say_both(t, "ooo", &c->dsn_out_of_order_bytes);
    say(t, " %s use=%lld share=%f unprotected=%lld", mpa_word(c->migration.state),
        LL(c->migration.usable_ns), c->migration.vip_share_after[1], LL(c->unprotected_dur_ns));
    say(t, " survived=%lld failed=%lld bare=%d captures=%x keys=%d%d fin=%d%d\n", LL(c->survived),
        LL(c->failed_ns), c->hit_unprotected, c->merge.captures, c->merge.has_key[0],
        c->merge.has_key[1], c->merge.data_fin_acked[0], c->merge.data_fin_acked[1]);
    for (int i = 0; i < c->subflow_count; i++)
        say_subflow(t, &c->subflows[i]);
    say_lists(t, c);
}

#endif
