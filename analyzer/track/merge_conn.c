/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The records of one connection become one.
 *
 * Clocks of vantage points differ, so one of them is the reference: the handshake, the failures and
 * whatever durations are made of come from it, unless it could not see them.  The reference is the
 * first of the members in this order: saw the whole handshake of the initial subflow; holds most of
 * the data (three quarters); stands at the client, in the middle, at the server; saw it first; came
 * from the capture with the lower number.  All else follows that order too, so that the order in
 * which records came plays no part.
 *
 * What a vantage point did not see proves nothing: of two statements the one that rests on
 * something seen is taken.
 */
#include "merge_internal.h"

#include "mpa/record_pack.h"

#include <stdlib.h>
#include <string.h>

/* ---- The order of the members ---------------------------------------------------------------- */

struct rank {
    int handshake, data, place;
    int64_t ns;
    int capture;
    int64_t id;
};

static const struct mpa_rec_subflow *initial_of(const struct mpa_rec_conn *r)
{
    for (int i = 0; i < r->subflow_count; i++)
        if (r->subflows[i].role == MPA_ROLE_INITIAL)
            return &r->subflows[i];
    return NULL;
}

static int first_capture(const struct merge_member *m)
{
    for (int i = 0; i < 32; i++)
        if (m->rec->merge.captures >> i & 1)
            return i;
    return m->capture;
}

/* Bytes of a direction; those of one that was not seen count as none. */
static int64_t bytes_of(const struct mpa_rec_conn *r, int dir)
{
    return r->bytes.v[dir] > 0 ? r->bytes.v[dir] : 0;
}

static int64_t all_bytes(const struct mpa_rec_conn *r)
{
    return bytes_of(r, MPA_TO_SERVER) + bytes_of(r, MPA_TO_CLIENT);
}

/* Whether 'bytes' are so many of 'most' that whoever has them saw what there was to see. */
static bool has_most(int64_t bytes, int64_t most)
{
    return bytes >= most - most / 4;
}

static struct rank rank_of(const struct merge_member *m, int64_t most)
{
    const struct mpa_rec_conn *r = m->rec;
    const struct mpa_rec_subflow *first = initial_of(r);
    struct rank k = {.handshake = 3, .place = 1, .ns = r->first_ns, .id = r->id};

    k.data = !has_most(all_bytes(r), most);
    k.capture = first_capture(m);
    if (!first)
        return k;
    k.handshake = r->syn_ns != MPA_NULL && r->established_ns != MPA_NULL   ? 0
                  : r->syn_ns != MPA_NULL || r->established_ns != MPA_NULL ? 1
                                                                           : 2;
    k.place = first->vantage == MPA_VANTAGE_CLIENT   ? 0
              : first->vantage == MPA_VANTAGE_SERVER ? 2
                                                     : 1;
    if (k.handshake < 2)
        k.ns = r->syn_ns != MPA_NULL ? r->syn_ns : r->established_ns;
    return k;
}

static int cmp_rank(const struct rank *a, const struct rank *b)
{
    int c = MERGE_CMP(a->handshake, b->handshake);

    c = c ? c : MERGE_CMP(a->data, b->data);
    c = c ? c : MERGE_CMP(a->place, b->place);
    c = c ? c : MERGE_CMP(a->ns, b->ns);
    c = c ? c : MERGE_CMP(a->capture, b->capture);
    return c ? c : MERGE_CMP(a->id, b->id);
}

/* Few members: by insertion, each rank made once. */
static int sort_members(struct merge_member *members, int count)
{
    struct rank *ranks = count > 0 ? calloc((size_t)count, sizeof *ranks) : NULL;
    int64_t most = 0;

    if (!ranks)
        return MPA_ERR_NOMEM;
    for (int i = 0; i < count; i++)
        most = merge_max(most, all_bytes(members[i].rec));
    for (int i = 0; i < count; i++) {
        struct merge_member member = members[i];
        struct rank rank = rank_of(&member, most);
        int at = i;

        member.initial = initial_of(member.rec) != NULL;
        for (; at > 0 && cmp_rank(&rank, &ranks[at - 1]) < 0; at--) {
            members[at] = members[at - 1];
            ranks[at] = ranks[at - 1];
        }
        members[at] = member;
        ranks[at] = rank;
    }
    free(ranks);
    return MPA_OK;
}

/* ---- What kind of connection ----------------------------------------------------------------- */

/* A reason that was read from a packet, as opposed to an option that was missing in one. */
static bool is_explicit(enum mpa_word reason)
{
    return reason == MPA_FALLBACK_REASON_DSS || reason == MPA_FALLBACK_REASON_CHECKSUM ||
           reason == MPA_FALLBACK_REASON_INFINITE_MAP;
}

static bool has_join(const struct mpa_rec_conn *r)
{
    for (int i = 0; i < r->subflow_count; i++)
        if (r->subflows[i].role == MPA_ROLE_JOIN && r->subflows[i].established_ns != MPA_NULL)
            return true;
    return false;
}

/* Whether 'm' saw that both hosts went on with MPTCP where 'f' misses an option. */
static bool contradicts(const struct mpa_rec_conn *m, const struct mpa_rec_conn *f)
{
    return m->protocol == MPA_PROTOCOL_MPTCP && !is_explicit(f->fallback) &&
           (has_join(m) || (m->merge.dss[0] && m->merge.dss[1]));
}

/*
 * MPTCP at one vantage point and a fallback at another: who says fallback is right, since a
 * middlebox may take away the options of one direction and let one of the hosts go on alone; except
 * where an option is only missing (the capture lost a packet) and another saw that both hosts went
 * on.  Plain TCP is what remains where nobody saw an option: behind a middlebox that removes them,
 * or when the capture began later.
 */
static void unite_protocol(const struct merge_member *members, int count, struct mpa_rec_conn *out)
{
    const struct mpa_rec_conn *fallback = NULL;
    bool mptcp = false;

    for (int k = 0; k < count; k++) {
        const struct mpa_rec_conn *r = members[k].rec;

        mptcp |= r->protocol == MPA_PROTOCOL_MPTCP;
        if (r->protocol != MPA_PROTOCOL_FALLBACK)
            continue;
        if (!fallback || (is_explicit(r->fallback) && !is_explicit(fallback->fallback)))
            fallback = r;
    }
    for (int k = 0; fallback && k < count; k++)
        if (contradicts(members[k].rec, fallback))
            fallback = NULL;
    out->protocol = fallback ? MPA_PROTOCOL_FALLBACK
                    : mptcp  ? MPA_PROTOCOL_MPTCP
                             : MPA_PROTOCOL_TCP;
    out->fallback = fallback ? fallback->fallback : MPA_FALLBACK_REASON_NONE;
    out->fallback_ns = fallback ? fallback->fallback_ns : MPA_NULL;
    out->fallback_frame =
        fallback ? fallback->fallback_frame : (struct mpa_frame_ref){.capture = -1};
}

/* The general dialect of a special one. */
static enum mpa_dialect family(enum mpa_dialect d)
{
    switch (d) {
    case MPA_DIALECT_ICNP2017:
    case MPA_DIALECT_APPLE_V0:
        return MPA_DIALECT_RFC6824;
    case MPA_DIALECT_RFC8684_EARLY:
    case MPA_DIALECT_DRAFT_V1:
        return MPA_DIALECT_RFC8684;
    default:
        return d;
    }
}

static enum mpa_dialect unite_dialects(enum mpa_dialect a, enum mpa_dialect b)
{
    if (a == b || b == MPA_DIALECT_UNKNOWN)
        return a;
    if (a == MPA_DIALECT_UNKNOWN)
        return b;
    if (family(a) != family(b))
        return MPA_DIALECT_MIXED;
    if (a == family(a) || b == family(b))
        return a == family(a) ? b : a;
    return MPA_DIALECT_MIXED;
}

static void unite_evidence(const struct mpa_rec_conn *from, struct mpa_rec_conn *out)
{
    const int most = sizeof out->dialect_evidence / sizeof *out->dialect_evidence;

    for (int i = 0; i < from->dialect_evidence_count; i++) {
        int at = 0;

        while (at < out->dialect_evidence_count &&
               strcmp(out->dialect_evidence[at], from->dialect_evidence[i]) != 0)
            at++;
        if (at == out->dialect_evidence_count && at < most)
            out->dialect_evidence[out->dialect_evidence_count++] = from->dialect_evidence[i];
    }
}

/* Tokens depend on the hash, which one record may have known and another not. */
static void unite_tokens(const struct merge_member *members, int count, struct mpa_rec_conn *out)
{
    int64_t *tokens[2] = {&out->token_client, &out->token_server};

    for (int k = 1; k < count; k++) {
        const struct mpa_rec_conn *r = members[k].rec;

        out->token_client = out->token_client == MPA_NULL ? r->token_client : out->token_client;
        out->token_server = out->token_server == MPA_NULL ? r->token_server : out->token_server;
    }
    for (int dir = 0; dir < 2; dir++) {
        uint32_t token;
        uint64_t idsn;

        if (!out->merge.has_key[dir] || out->dialect == MPA_DIALECT_UNKNOWN ||
            out->dialect == MPA_DIALECT_MIXED)
            continue;
        mpa_crypto_key(mpa_dialect_hash(out->dialect), out->merge.key[dir], &token, &idsn);
        *tokens[dir] = token;
    }
}

/* The identity in the timestamps: two different ones, or one clock that changes, are none. */
static void unite_identity(const struct mpa_rec_conn *from, struct mpa_rec_conn *out)
{
    if (from->ts_identity == MPA_NULL)
        return;
    if (out->ts_identity == MPA_NULL)
        out->ts_identity = from->ts_identity;
    else if (out->ts_identity != from->ts_identity)
        out->ts_identity = -1;
    out->ts_strayed = out->ts_identity >= 0 && (out->ts_strayed || from->ts_strayed);
}

/* Whether 'm' is beside the host at 'end' (MPA_VANTAGE_CLIENT or _SERVER): what that host sent is there as it sent it. */
static bool is_beside(const struct merge_member *m, enum mpa_word end)
{
    const struct mpa_rec_subflow *first = initial_of(m->rec);

    return first && first->vantage == end;
}

/* Flags of the handshake: on the way they may change, hence their sender's side counts. */
static void unite_flags(const struct merge_member *members, int count, struct mpa_rec_conn *out)
{
    bool sure[2] = {
        out->client_denies_join != MPA_NULL && is_beside(&members[0], MPA_VANTAGE_CLIENT),
        out->server_denies_join != MPA_NULL && is_beside(&members[0], MPA_VANTAGE_SERVER)};

    for (int k = 1; k < count; k++) {
        const struct mpa_rec_conn *r = members[k].rec;
        bool client = is_beside(&members[k], MPA_VANTAGE_CLIENT);
        bool server = is_beside(&members[k], MPA_VANTAGE_SERVER);

        if (r->client_denies_join != MPA_NULL &&
            (out->client_denies_join == MPA_NULL || (client && !sure[0]))) {
            out->client_denies_join = r->client_denies_join;
            sure[0] = client;
        }
        if (r->server_denies_join != MPA_NULL &&
            (out->server_denies_join == MPA_NULL || (server && !sure[1]))) {
            out->server_denies_join = r->server_denies_join;
            sure[1] = server;
        }
    }
}

/* Scalars that are known or not, and bounds. */
static void unite_facts(const struct merge_member *members, int count, struct mpa_rec_conn *out)
{
    for (int k = 1; k < count; k++) {
        const struct mpa_rec_conn *r = members[k].rec;

        out->dialect = unite_dialects(out->dialect, r->dialect);
        unite_evidence(r, out);
        unite_identity(r, out);
        out->first_ns = merge_min(out->first_ns, r->first_ns);
        out->last_ns = merge_max(out->last_ns, r->last_ns);
        out->merge.captures |= r->merge.captures;
        if (out->last_data_ns == MPA_NULL)
            out->last_data_ns = r->last_data_ns;
        for (int dir = 0; dir < 2; dir++) {
            if (r->merge.has_key[dir] && !out->merge.has_key[dir]) {
                out->merge.has_key[dir] = true;
                memcpy(out->merge.key[dir], r->merge.key[dir], MPA_KEY_SIZE);
            }
            out->merge.data_fin_acked[dir] |= r->merge.data_fin_acked[dir];
            out->merge.dss[dir] |= r->merge.dss[dir];
        }
    }
}

/* ---- Bytes ----------------------------------------------------------------------------------- */

static int64_t span_bytes(const struct mpa_rec_conn *r, int dir)
{
    uint64_t sum = 0;

    for (int i = 0; i < r->merge.span_count[dir]; i++)
        sum += r->merge.spans[dir][i].end - r->merge.spans[dir][i].start;
    return (int64_t)sum;
}

/*
 * The union of the data that was seen.  Bytes that an MPTCP member counted without knowing their
 * place (a mapping that was not captured) are those of the member that has most of them.  Plain
 * TCP, and what follows a fallback, has no place that could be compared: at least what the one that
 * saw most has.
 */
static void unite_bytes(const struct merge_member *members, int count, int dir,
                        struct mpa_rec_conn *out)
{
    int64_t most = 0, sum = 0, unplaced = 0, bytes;

    for (int k = 0; k < count; k++) {
        int64_t mine = bytes_of(members[k].rec, dir);

        most = merge_max(most, mine);
        sum += mine;
        if (members[k].rec->protocol == MPA_PROTOCOL_MPTCP)
            unplaced = merge_max(unplaced, mine - span_bytes(members[k].rec, dir));
    }
    bytes = span_bytes(out, dir) + unplaced;
    out->bytes.v[dir] = bytes < most ? most : bytes > sum ? sum : bytes;
    /* Disorder is what the first member saw that has this direction: the balancer may not. */
    for (int k = 0; k < count; k++)
        if (has_most(bytes_of(members[k].rec, dir), most)) {
            out->dsn_out_of_order_bytes.v[dir] = members[k].rec->dsn_out_of_order_bytes.v[dir];
            return;
        }
}

/* ---- What became of it ----------------------------------------------------------------------- */

/* Migration is judged where both paths were seen, at the sender of the data judged if possible
   (D.4): elsewhere, data that was queued looks like new. */
static int migration_rank(const struct merge_member *m)
{
    const struct mpa_rec_subflow *first = initial_of(m->rec);
    enum mpa_word sender =
        m->rec->migration.judged == MPA_TO_CLIENT ? MPA_VANTAGE_SERVER : MPA_VANTAGE_CLIENT;

    if (m->rec->migration.usable_ns == MPA_NULL)
        return first ? 2 : 4;
    if (!first)
        return 3;
    return first->vantage == sender ? 0 : 1;
}

static void unite_migration(const struct merge_member *members, int count, struct mpa_rec_conn *out)
{
    const struct merge_member *best = &members[0];
    bool usable = false;

    for (int k = 1; k < count; k++)
        if (migration_rank(&members[k]) < migration_rank(best))
            best = &members[k];
    for (int k = 0; k < count; k++)
        usable |= members[k].rec->migration.usable_ns != MPA_NULL;
    out->migration = best->rec->migration;
    out->unprotected_dur_ns = best->rec->unprotected_dur_ns;
    /* One saw the VIP, another the direct path: that it had one is sure, no more. */
    if (usable && migration_rank(best) >= 2 && out->protocol == MPA_PROTOCOL_MPTCP &&
        out->migration.state < MPA_MIGRATION_JOINED_NOT_MIGRATED)
        out->migration.state = MPA_MIGRATION_JOINED_NOT_MIGRATED;
    if (usable)
        return;
    for (int k = 0; k < count; k++) /* Without a second path: how far it came anywhere. */
        if (members[k].rec->migration.state > out->migration.state &&
            members[k].rec->protocol == MPA_PROTOCOL_MPTCP)
            out->migration.state = members[k].rec->migration.state;
}

static int unite_hits(const struct merge_member *members, int count, struct mpa_rec_conn *out)
{
    const struct merge_member *best = NULL;
    const struct mpa_rec_conn *r;

    for (int k = 0; k < count && !best; k++)
        if (members[k].rec->hit_count)
            best = &members[k];
    out->hits = NULL;
    out->hit_count = 0;
    out->survived = out->failed_ns = MPA_NULL;
    out->hit_unprotected = false;
    if (!best)
        return MPA_OK;
    r = best->rec;
    out->hits = malloc((size_t)r->hit_count * sizeof *out->hits);
    if (!out->hits)
        return MPA_ERR_NOMEM;
    memcpy(out->hits, r->hits, (size_t)r->hit_count * sizeof *out->hits);
    out->hit_count = r->hit_count;
    out->survived = r->survived;
    out->hit_unprotected = r->hit_unprotected;
    for (int i = 0; i < out->hit_count; i++)
        out->hits[i].subflow = merge_subflow_id(best, out->hits[i].subflow);
    /* It did not know of a second path that there was. */
    if (r->migration.usable_ns == MPA_NULL && out->migration.usable_ns != MPA_NULL)
        out->hit_unprotected = out->hits[0].ns < out->migration.usable_ns;
    return MPA_OK;
}

/* Who did not see a subflow cannot know that the connection failed. */
static void unite_outcome(const struct merge_member *members, int count, struct mpa_rec_conn *out)
{
    const struct mpa_rec_conn *judge = NULL;
    bool complete = false;

    for (int k = 0; k < count; k++)
        complete |= members[k].complete;
    for (int k = 0; k < count; k++) {
        const struct mpa_rec_conn *r = members[k].rec;

        if (complete && !members[k].complete &&
            (r->outcome == MPA_OUTCOME_FAILED || r->outcome == MPA_OUTCOME_RESET))
            continue;
        if (!judge && r->outcome != MPA_OUTCOME_OPEN)
            judge = r;
    }
    out->outcome = judge ? judge->outcome : MPA_OUTCOME_OPEN;
    if (out->protocol == MPA_PROTOCOL_MPTCP && out->merge.data_fin_acked[0] &&
        out->merge.data_fin_acked[1])
        out->outcome = MPA_OUTCOME_CLOSED;
    if (out->outcome == MPA_OUTCOME_FAILED) {
        out->survived = 0;
        out->failed_ns = judge->failed_ns;
        return;
    }
    if (out->hit_count == 0)
        return;
    if (out->survived == 0)
        out->survived = MPA_NULL;
    for (int k = 0; k < count; k++)
        if (members[k].rec->survived == 1)
            out->survived = 1;
    if (out->outcome == MPA_OUTCOME_CLOSED && out->protocol == MPA_PROTOCOL_MPTCP)
        out->survived = 1;
}

/* ---- All of it ------------------------------------------------------------------------------- */

/* The reference's record without its arrays, which 'out' gets of its own. */
static struct mpa_rec_conn *begin(const struct mpa_rec_conn *reference)
{
    struct mpa_rec_conn *out = malloc(sizeof *out);

    if (!out)
        return NULL;
    *out = *reference;
    out->subflows = NULL;
    out->add_addrs = NULL;
    out->hits = NULL;
    out->notes = NULL;
    out->findings = NULL;
    out->tallies = NULL;
    out->subflow_count = out->add_addr_count = out->hit_count = out->note_count = 0;
    out->finding_count = out->tally_count = 0;
    for (int dir = 0; dir < 2; dir++) {
        out->merge.spans[dir] = NULL;
        out->merge.span_count[dir] = 0;
        out->merge.rtt[dir] = NULL;
    }
    return out;
}

static int fill(struct merge_member *members, int count, struct mpa_rec_conn *out)
{
    int status = merge_subflows(members, count, out);

    if (status == MPA_OK)
        status = merge_add_addrs(members, count, out);
    if (status == MPA_OK)
        status = merge_notes(members, count, out);
    for (int dir = 0; dir < 2 && status == MPA_OK; dir++) {
        status = merge_spans(members, count, dir, out);
        if (status == MPA_OK)
            unite_bytes(members, count, dir, out);
    }
    if (status != MPA_OK)
        return status;
    unite_flags(members, count, out);
    status = merge_verdicts(members, count, out);
    if (status != MPA_OK)
        return status;
    unite_facts(members, count, out);
    unite_tokens(members, count, out);
    unite_protocol(members, count, out);
    unite_migration(members, count, out);
    status = unite_hits(members, count, out);
    if (status == MPA_OK)
        unite_outcome(members, count, out);
    return status;
}

int merge_members(struct merge_member *members, int count, struct mpa_rec_conn **ret)
{
    struct mpa_rec_conn *out;
    int status;

    if (count == 1) {
        *ret = members[0].rec;
        members[0].rec = NULL;
        return MPA_OK;
    }
    if (sort_members(members, count) != MPA_OK)
        return MPA_ERR_NOMEM;
    out = begin(members[0].rec);
    if (!out)
        return MPA_ERR_NOMEM;
    status = fill(members, count, out);
    if (status == MPA_OK)
        *ret = out;
    else
        mpa_record_free(out);
    return status;
}
