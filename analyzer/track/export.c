/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection's state as a record: what reports show and what merging works on. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#define SPANS_MAX (MPA_SPACE_HOLES + 1)

static const struct {
    uint32_t bit;
    const char *text;
} evidence_rows[] = {
    {MPA_EV_V0, "MP_CAPABLE version 0"},
    {MPA_EV_V1, "MP_CAPABLE version 1"},
    {MPA_EV_VX, "MP_CAPABLE of an unknown version"},
    {MPA_EV_SYN4, "MP_CAPABLE SYN of length 4"},
    {MPA_EV_SYN12, "version-1 SYN of length 12"},
    {MPA_EV_CAPABLE_DATA, "MP_CAPABLE with data length"},
    {MPA_EV_C, "bit 0x20 in the SYN/ACK"},
    {MPA_EV_NIBBLE_46, "ADD_ADDR with an IP version"},
    {MPA_EV_NIBBLE_CE, "ADD_ADDR echo nibble 0xC or 0xE"},
    {MPA_EV_NIBBLE_01, "ADD_ADDR with flag nibble 0 or 1"},
    {MPA_EV_TCPRST, "MP_TCPRST"},
    {MPA_EV_PRIO4, "MP_PRIO of length 4"},
    {MPA_EV_AA_ON_DATA, "ADD_ADDR on data segments"},
    {MPA_EV_SHA1, "a SHA-1 token or HMAC matches"},
    {MPA_EV_SHA256, "a SHA-256 token or HMAC matches"},
    {MPA_EV_AA_LEFT, "ADD_ADDR with the left 64 bits of the HMAC"},
};

/* Room for 'count' items of 'size' at '*array'; grows in steps of two. */
static int reserve(void *array, int *capacity, int count, size_t size)
{
    void *old, *grown;
    int wanted = *capacity ? *capacity : 4;

    if (count <= *capacity)
        return MPA_OK;
    while (wanted < count)
        wanted *= 2;
    memcpy(&old, array, sizeof old);
    grown = realloc(old, (size_t)wanted * size);
    if (!grown)
        return MPA_ERR_NOMEM;
    memcpy(array, &grown, sizeof grown);
    *capacity = wanted;
    return MPA_OK;
}

static int64_t or_null(int64_t ns)
{
    return ns ? ns : MPA_NULL;
}

/* Member by member: what lies between members stays zero, and packed records small. */
static void set_endpoint(struct mpa_endpoint *ret, const struct mpa_subflow *sf, enum mpa_dir to)
{
    ret->addr = sf->flow.addr[to];
    ret->port = sf->flow.port[to];
}

static struct mpa_rec_percentiles percentiles(struct mpa_rtt *rtt)
{
    struct mpa_rec_percentiles r = {0, MPA_NULL, MPA_NULL, MPA_NULL, MPA_NULL, MPA_NULL};
    struct mpa_samples *s = rtt ? &rtt->samples : NULL;

    if (!s || s->count == 0)
        return r;
    r.count = (int64_t)s->count;
    r.min_ns = s->min;
    r.max_ns = s->max;
    r.p50_ns = mpa_samples_percentile(s, 50);
    r.p95_ns = mpa_samples_percentile(s, 95);
    r.p99_ns = mpa_samples_percentile(s, 99);
    return r;
}

static void export_half(const struct mpa_subflow *sf, int dir, struct mpa_rec_subflow *r)
{
    const struct mpa_half *h = &sf->half[dir];
    const struct mpa_half_more *more = &sf->more[dir];

    r->backup.v[dir] = h->backup == 2 ? MPA_NULL : h->backup;
    r->packets.v[dir] = h->packets;
    r->bytes.v[dir] = (int64_t)h->bytes;
    r->retransmitted_bytes.v[dir] = (int64_t)more->retransmitted;
    r->reinjected_bytes.v[dir] = (int64_t)more->reinjected;
    r->rtt[dir] = percentiles(more->rtt);
    r->has_isn[dir] = (h->flags & MPA_HALF_ISN) && !(sf->flags & MPA_SF_MIDSTREAM);
    r->isn[dir] = h->isn;
    r->has_nonce[dir] = (h->flags & MPA_HALF_NONCE) != 0;
    r->nonce[dir] = h->nonce;
}

static void export_subflow(const struct mpa_subflow *sf, struct mpa_rec_subflow *r)
{
    memset(r, 0, sizeof *r);
    r->id = sf->id;
    r->role = (enum mpa_word)sf->role;
    set_endpoint(&r->client, sf, MPA_TO_CLIENT);
    set_endpoint(&r->server, sf, MPA_TO_SERVER);
    r->on_vip = MPA_NULL;
    r->syn_ns = or_null(sf->syn_ns);
    r->established_ns = or_null(sf->established_ns);
    r->usable_ns = or_null(sf->usable_ns);
    r->first_ns = sf->first_ns;
    r->last_ns = sf->last_ns;
    r->syn_retransmissions = sf->syn_retransmissions;
    r->vantage = mpa_subflow_vantage(sf);
    r->join_token = sf->join_token;
    r->has_join_token = (sf->flags & MPA_SF_JOIN_TOKEN) != 0;
    r->opened_by_server = (sf->flags & MPA_SF_BY_SERVER) != 0;
    memcpy(r->join_hmac, sf->join_hmac, sizeof r->join_hmac);
    r->has_join_hmac = (sf->flags & MPA_SF_JOIN_HMAC) != 0;
    for (int dir = 0; dir < 2; dir++)
        export_half(sf, dir, r);
}

static void export_advert(const struct mpa_advert *a, struct mpa_rec_add_addr *r)
{
    memset(r, 0, sizeof *r);
    r->from_server = a->from == MPA_TO_CLIENT;
    r->id = a->id;
    r->addr = a->addr;
    r->port = a->port ? a->port : MPA_NULL;
    r->transmissions = a->transmissions;
    r->first_ns = or_null(a->first_ns);
    r->last_ns = or_null(a->last_ns);
    r->echoes = a->echoes;
    r->echo_ns = or_null(a->echo_ns);
    r->last_before_echo_ns = or_null(a->last_before_echo_ns);
    r->first_frame = a->first_frame;
    r->echo_frame = a->echo_frame;
    r->hmac = (enum mpa_word)a->hmac;
    r->vantage = MPA_AA_VANTAGE_UNKNOWN;
    for (int id = 0; id < 64; id++)
        if ((a->joined >> id & 1) &&
            r->joined_count < (int)(sizeof r->joined_from / sizeof r->joined_from[0]))
            r->joined_from[r->joined_count++] = id;
}

/* What has been seen of a direction's data, as intervals between the holes. */
static int export_spans(const struct mpa_conn *c, int dir, struct mpa_export *x,
                        struct mpa_rec_conn *r)
{
    const struct mpa_space *s = &c->data[dir].seen;
    int holes = mpa_space_hole_count(s), n = 0;
    uint64_t start = s->base;

    r->merge.spans[dir] = NULL;
    r->merge.span_count[dir] = 0;
    if (!s->begun)
        return MPA_OK;
    if (reserve(&x->spans[dir], &x->span_capacity[dir], SPANS_MAX, sizeof *x->spans[dir]) != MPA_OK)
        return MPA_ERR_NOMEM;
    /* The number in front of the first byte, where the space began at the key's IDSN, is no data. */
    if ((c->data[dir].flags & MPA_DATA_KEY) && start == c->data[dir].idsn)
        start++;
    for (int i = 0; i < holes; i++) {
        uint64_t hole_start, hole_end;

        mpa_space_hole(s, i, &hole_start, &hole_end);
        if (hole_start > start)
            x->spans[dir][n++] = (struct mpa_rec_span){start, hole_start};
        start = hole_end;
    }
    if (s->next > start)
        x->spans[dir][n++] = (struct mpa_rec_span){start, s->next};
    r->merge.spans[dir] = x->spans[dir];
    r->merge.span_count[dir] = n;
    return MPA_OK;
}

static bool closed(const struct mpa_conn *c)
{
    const struct mpa_subflow *sf = c->subflows;

    if (c->protocol == MPA_PROTOCOL_MPTCP)
        return (c->data[0].flags & c->data[1].flags & MPA_DATA_FIN_ACKED) != 0;
    return sf && (sf->half[0].flags & sf->half[1].flags & MPA_HALF_FIN_ACKED);
}

/* 'failed' is for the measurements to find. */
static enum mpa_word outcome(const struct mpa_conn *c)
{
    if (closed(c))
        return MPA_OUTCOME_CLOSED;
    if ((c->data[0].flags | c->data[1].flags) & MPA_DATA_FASTCLOSE)
        return MPA_OUTCOME_RESET;
    if (c->live_subflows == 0)
        for (const struct mpa_subflow *sf = c->subflows; sf; sf = sf->next)
            if ((sf->half[0].flags | sf->half[1].flags) & MPA_HALF_RST)
                return MPA_OUTCOME_RESET;
    return MPA_OUTCOME_OPEN;
}

static int64_t denies(const struct mpa_data_half *d)
{
    return d->flags & MPA_DATA_CAPABLE ? (d->capable_flags & MPA_CAPABLE_C) != 0 : MPA_NULL;
}

static void export_totals(const struct mpa_conn *c, struct mpa_rec_conn *r)
{
    const struct mpa_subflow *first = c->subflows, *initial = mpa_conn_initial(c);

    memset(r, 0, sizeof *r);
    r->id = c->id;
    r->protocol = (enum mpa_word)c->protocol;
    r->dialect = (enum mpa_dialect)c->dialect;
    for (size_t i = 0; i < sizeof evidence_rows / sizeof evidence_rows[0]; i++)
        if ((c->evidence & evidence_rows[i].bit) && r->dialect_evidence_count < 8)
            r->dialect_evidence[r->dialect_evidence_count++] = evidence_rows[i].text;
    if (first) {
        set_endpoint(&r->client, first, MPA_TO_CLIENT);
        set_endpoint(&r->server, first, MPA_TO_SERVER);
    }
    r->server_denies_join = denies(&c->data[MPA_TO_CLIENT]);
    r->client_denies_join = denies(&c->data[MPA_TO_SERVER]);
    r->token_client = c->data[0].flags & MPA_DATA_TOKEN ? c->data[0].token : MPA_NULL;
    r->token_server = c->data[1].flags & MPA_DATA_TOKEN ? c->data[1].token : MPA_NULL;
    r->syn_ns = initial ? or_null(initial->syn_ns) : MPA_NULL;
    r->established_ns = initial ? or_null(initial->established_ns) : MPA_NULL;
    r->first_ns = c->first_ns;
    r->last_ns = c->last_ns;
    r->outcome = outcome(c);
    r->fallback = (enum mpa_word)c->fallback;
    r->fallback_ns = or_null(c->fallback_ns);
    r->fallback_frame = c->fallback_frame;
    for (int dir = 0; dir < 2; dir++) {
        r->bytes.v[dir] = (int64_t)c->data[dir].bytes;
        r->dsn_out_of_order_bytes.v[dir] = (int64_t)c->data[dir].out_of_order;
        r->merge.has_key[dir] = (c->data[dir].flags & MPA_DATA_KEY) != 0;
        memcpy(r->merge.key[dir], c->data[dir].key, MPA_KEY_SIZE);
        r->merge.data_fin_acked[dir] = (c->data[dir].flags & MPA_DATA_FIN_ACKED) != 0;
        for (const struct mpa_subflow *sf = first; sf; sf = sf->next)
            r->merge.dss[dir] |= (sf->half[dir].flags & MPA_HALF_DSS) != 0;
    }
    r->migration.state = MPA_MIGRATION_SINGLE_PATH;
    r->migration.left_by = MPA_LEFT_BY_NONE;
    r->migration.usable_ns = or_null(c->direct_usable_ns);
    r->unprotected_dur_ns = r->survived = r->failed_ns = MPA_NULL;
}

int mpa_conn_export(const struct mpa_conn *c, struct mpa_export *x, struct mpa_rec_conn *ret)
{
    int adverts = 0, i = 0;

    export_totals(c, ret);
    for (const struct mpa_advert *a = c->adverts; a; a = a->next)
        adverts++;
    if (reserve(&x->subflows, &x->subflow_capacity, c->subflow_count, sizeof *x->subflows) ||
        reserve(&x->add_addrs, &x->add_addr_capacity, adverts, sizeof *x->add_addrs))
        return MPA_ERR_NOMEM;
    for (const struct mpa_subflow *sf = c->subflows; sf; sf = sf->next, i++)
        export_subflow(sf, &x->subflows[i]);
    ret->subflows = x->subflows;
    ret->subflow_count = i;
    i = 0;
    for (const struct mpa_advert *a = c->adverts; a; a = a->next)
        export_advert(a, &x->add_addrs[i++]);
    ret->add_addrs = x->add_addrs;
    ret->add_addr_count = i;
    return export_spans(c, 0, x, ret) || export_spans(c, 1, x, ret) ? MPA_ERR_NOMEM : MPA_OK;
}

void mpa_export_free(struct mpa_export *x)
{
    free(x->subflows);
    free(x->add_addrs);
    free(x->spans[0]);
    free(x->spans[1]);
    *x = (struct mpa_export){0};
}

/* Whether five times 'a' is less than 'b', which in a damaged capture may be anything. */
static bool far_less(int64_t a, int64_t b)
{
    return a < b / 5 || (a == b / 5 && b % 5 > 0);
}

enum mpa_word mpa_subflow_vantage(const struct mpa_subflow *sf)
{
    const int64_t least = 200000;
    int64_t there, back;

    if (sf->syn_ns == 0 || sf->synack_ns == 0 || sf->established_ns == 0 ||
        sf->syn_retransmissions || (sf->flags & MPA_SF_SPLIT))
        return MPA_VANTAGE_UNKNOWN;
    there = sf->synack_ns - sf->syn_ns;
    back = sf->established_ns - sf->synack_ns;
    if (there < least && back < least)
        return MPA_VANTAGE_UNKNOWN;
    if (far_less(back, there))
        return sf->flags & MPA_SF_BY_SERVER ? MPA_VANTAGE_SERVER : MPA_VANTAGE_CLIENT;
    if (far_less(there, back))
        return sf->flags & MPA_SF_BY_SERVER ? MPA_VANTAGE_CLIENT : MPA_VANTAGE_SERVER;
    return MPA_VANTAGE_MIDDLE;
}

#define RTT_MAX (INT64_MAX / 4) /* Three of them can be added up. */

int64_t mpa_conn_rtt0(const struct mpa_conn *c)
{
    const struct mpa_subflow *sf = mpa_conn_initial(c);
    int64_t begun, rtt;

    if (!sf || sf->established_ns == 0)
        return 0;
    begun = sf->syn_ns ? sf->syn_ns : sf->synack_ns;
    rtt = begun ? sf->established_ns - begun : 0;
    return rtt < RTT_MAX ? rtt : RTT_MAX;
}
