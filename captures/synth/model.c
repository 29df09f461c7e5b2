/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "synth.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct mpa_addr synth_v4(unsigned a, unsigned b, unsigned c, unsigned d)
{
    uint8_t bytes[4] = {(uint8_t)a, (uint8_t)b, (uint8_t)c, (uint8_t)d};

    return mpa_addr_v4(bytes);
}

struct mpa_addr synth_v6(unsigned group, unsigned host)
{
    uint8_t bytes[16] = {0xfd,
                         0,
                         (uint8_t)(group >> 8),
                         (uint8_t)group,
                         [14] = (uint8_t)(host >> 8),
                         [15] = (uint8_t)host};

    return mpa_addr_v6(bytes);
}

struct synth_host *synth_host(struct synth *s, const char *name, struct mpa_addr addr,
                              unsigned number)
{
    struct synth_host *h = synth_calloc(sizeof *h);

    assert(s->host_count < sizeof s->hosts / sizeof *s->hosts);
    h->name = name;
    h->addr = addr;
    h->outer = mpa_addr_is_v4(&addr) ? synth_v4(172, 16, 0, number) : synth_v6(0x16, number);
    h->mac[0] = 0x02;
    h->mac[5] = (uint8_t)number;
    h->ttl = 64;
    h->ip_id = (uint16_t)(synth_rng_u32(&s->rng) | 1);
    h->ts_base = synth_rng_u32(&s->rng);
    s->hosts[s->host_count++] = h;
    return h;
}

static void free_hosts(struct synth *s)
{
    for (size_t i = 0; i < s->host_count; i++)
        free(s->hosts[i]);
    s->host_count = 0;
}

void synth_net(struct synth *s, bool v6)
{
    static const char *const names[4] = {"s1", "s2", "s3", "s4"};

    free_hosts(s);
    s->client = synth_host(s, "client", v6 ? synth_v6(1, 2) : synth_v4(10, 1, 0, 2), 2);
    s->client->ttl = 61; /* The client is three hops away. */
    for (unsigned i = 0; i < 4; i++)
        s->server[i] =
            synth_host(s, names[i], v6 ? synth_v6(2, 0xb + i) : synth_v4(10, 2, 0, 11 + i), 11 + i);
    s->vip = v6 ? synth_v6(9, 9) : synth_v4(10, 9, 9, 9);
}

void synth_init(struct synth *s, uint64_t seed, enum synth_link link, enum synth_tunnel tunnel)
{
    *s = (struct synth){.link = link, .tunnel = tunnel};
    s->rng.state = seed;
    s->store = synth_store_new(link);
    s->gap[SYNTH_CLIENT] =
        20 * SYNTH_MS; /* Captured at the server: the client is a round trip away. */
    s->gap[SYNTH_SERVER] = 50000;
    s->ifindex = 2;
    s->vantage = "server";
    s->reset_classes = json_object();
    s->patch = json_object();
    s->forget = json_array();
    synth_net(s, false);
}

static void free_conn(struct synth_conn *c)
{
    for (size_t i = 0; i < c->subflow_count; i++) {
        for (int side = 0; side < 2; side++) {
            synth_set_free(&c->subflows[i]->half[side].arrived);
            synth_set_free(&c->subflows[i]->half[side].seen);
        }
        free(c->subflows[i]);
    }
    for (int side = 0; side < 2; side++) {
        synth_set_free(&c->data[side].arrived);
        synth_set_free(&c->data[side].seen);
        synth_set_free(&c->data[side].declared);
        free(c->log[side]);
    }
    json_decref(c->patch);
    free(c);
}

void synth_free(struct synth *s)
{
    for (size_t i = 0; i < s->conn_count; i++)
        free_conn(s->conns[i]);
    free(s->conns);
    free_hosts(s);
    synth_store_free(s->store);
    json_decref(s->reset_classes);
    json_decref(s->patch);
    json_decref(s->forget);
}

void synth_set_key(struct synth_conn *c, enum synth_side side, const uint8_t key[MPA_KEY_SIZE])
{
    enum mpa_hash hash =
        c->cfg.dialect == MPA_DIALECT_RFC8684 || c->cfg.dialect == MPA_DIALECT_RFC8684_EARLY
            ? MPA_SHA256
            : MPA_SHA1;

    memcpy(c->key[side], key, MPA_KEY_SIZE);
    mpa_crypto_key(hash, key, &c->token[side], &c->idsn[side]);
}

struct synth_conn *synth_conn(struct synth *s, const struct synth_conn_config *cfg)
{
    struct synth_conn *c = synth_calloc(sizeof *c);
    struct synth_end client, server;

    c->s = s;
    c->cfg = *cfg;
    c->now = cfg->start;
    c->last_from = -1;
    c->first_ns = c->last_ns = c->prio_ns = -1;
    c->wide = cfg->dialect == MPA_DIALECT_RFC8684 || cfg->dialect == MPA_DIALECT_RFC8684_EARLY;
    c->patch = json_object();
    if (!c->cfg.client)
        c->cfg.client = s->client;
    if (!c->cfg.server)
        c->cfg.server = s->server[0];
    for (int side = 0; side < 2; side++) {
        uint8_t key[MPA_KEY_SIZE];
        synth_rng_bytes(&s->rng, key, sizeof key);
        synth_set_key(c, side ? SYNTH_SERVER : SYNTH_CLIENT, key);
        c->data[side].snd = 1;
    }
    client = (struct synth_end){c->cfg.client, c->cfg.client->addr,
                                cfg->sport ? cfg->sport
                                           : (uint16_t)(32768 + synth_rng_below(&s->rng, 28000))};
    server = (struct synth_end){c->cfg.server, cfg->vip ? *cfg->vip : c->cfg.server->addr,
                                cfg->dport ? cfg->dport : 80};
    synth_subflow(c, SYNTH_CLIENT, client, server)->tunnel = s->tunnel;
    if (s->conn_count == s->conn_capacity) {
        s->conn_capacity = s->conn_capacity ? 2 * s->conn_capacity : 16;
        s->conns = synth_realloc(s->conns, s->conn_capacity * sizeof(struct synth_conn *));
    }
    s->conns[s->conn_count++] = c;
    return c;
}

struct synth_subflow *synth_subflow(struct synth_conn *c, enum synth_side opener,
                                    struct synth_end client, struct synth_end server)
{
    struct synth_subflow *f = synth_calloc(sizeof *f);

    assert(c->subflow_count < SYNTH_SUBFLOWS);
    f->conn = c;
    f->end[SYNTH_CLIENT] = client;
    f->end[SYNTH_SERVER] = server;
    f->opener = opener;
    f->join = c->subflow_count > 0;
    f->has_ts = !c->cfg.no_ts;
    f->first_ns = f->last_ns = f->syn_ns = f->established_ns = f->usable_ns = -1;
    for (int side = 0; side < 2; side++) {
        f->half[side].isn = synth_rng_u32(&c->s->rng);
        f->half[side].nonce = synth_rng_u32(&c->s->rng);
        f->half[side].backup = -1;
        f->half[side].first_data_ns = -1;
    }
    c->subflows[c->subflow_count++] = f;
    return f;
}

void synth_wait(struct synth_conn *c, int64_t ns)
{
    c->now += ns;
}

void synth_at(struct synth_conn *c, int64_t ns)
{
    if (c->now < ns)
        c->now = ns;
}

uint32_t synth_seq(const struct synth_subflow *f, enum synth_side side, uint64_t off)
{
    return f->half[side].isn + (uint32_t)off;
}

uint32_t synth_ssn(const struct synth_subflow *f, enum synth_side side, uint64_t off)
{
    return (uint32_t)off - (side == f->opener ? f->fast_open : 0);
}

uint64_t synth_dsn(const struct synth_conn *c, enum synth_side side, uint64_t off)
{
    return c->idsn[side] + off;
}

uint64_t synth_received(const struct synth_subflow *f, enum synth_side from)
{
    return synth_set_contiguous(&f->half[from].arrived, 0);
}

uint64_t synth_data_received(const struct synth_conn *c, enum synth_side from)
{
    return synth_set_contiguous(&c->data[from].arrived, 1);
}

void synth_payload(uint64_t off, uint8_t *ret, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        uint64_t n = off + i;
        ret[i] = n % 64 == 0 ? '\n' : (uint8_t)('a' + (n + n / 64) % 26);
    }
}

uint32_t synth_clock(const struct synth_host *h, int64_t ns)
{
    uint32_t ticks = (uint32_t)(ns / SYNTH_MS);

    if (h->ts_tick)
        return h->ts_base + ticks / h->ts_tick * h->ts_tick;
    if (h->ts_name)
        return ((h->ts_base + 64 * ticks) & ~SYNTH_TS_NAME) | h->ts_name;
    return h->ts_base + ticks;
}

struct synth_tx synth_tx(struct synth_subflow *f, enum synth_side from, uint8_t flags)
{
    struct synth_conn *c = f->conn;
    struct synth_host *host = f->end[from].host;
    struct synth_tx tx = {.f = f,
                          .from = from,
                          .flags = flags,
                          .off = f->half[from].snd,
                          .window = flags & MPA_TCP_SYN ? 64240 : 502,
                          .ttl = host->ttl,
                          .ip_id = -1,
                          .reason = -1,
                          .transient = -1};

    if (c->last_from >= 0)
        c->now += c->last_from == (int)from ? SYNTH_GAP_SAME : c->s->gap[from];
    c->last_from = (int)from;
    synth_opts_init(&tx.opts);
    if (f->has_ts && !(flags & MPA_TCP_SYN))
        synth_opt_ts(&tx.opts, synth_clock(host, c->now), f->half[synth_peer(from)].tsval);
    return tx;
}

struct synth_packet synth_packet_of(const struct synth_tx *tx, uint8_t *payload)
{
    static const uint8_t router[6] = {0x02, 0, 0, 0, 0, 0x01};
    const struct synth_subflow *f = tx->f;
    struct synth *s = f->conn->s;
    enum synth_side peer = synth_peer(tx->from);
    struct synth_host *server = tx->server ? tx->server : f->end[SYNTH_SERVER].host;
    struct synth_packet p = {
        .ns = f->conn->now,
        .src = f->end[tx->from].addr,
        .dst = f->end[peer].addr,
        .sport = f->end[tx->from].port,
        .dport = f->end[peer].port,
        .ttl = tx->ttl,
        .seq = tx->seq,
        .ack = tx->ack,
        .flags = tx->flags,
        .window = tx->window,
        .opts = tx->opts.bytes,
        .opts_size = tx->opts.size,
        .payload = payload,
        .payload_size = tx->size,
        .ifindex = s->ifindex,
        .outgoing = tx->from == SYNTH_SERVER,
    };

    memcpy(p.src_mac, tx->from == SYNTH_SERVER ? server->mac : router, 6);
    memcpy(p.dst_mac, tx->from == SYNTH_SERVER ? router : server->mac, 6);
    if (tx->ip_id >= 0)
        p.ip_id = (uint16_t)tx->ip_id;
    if (tx->from == SYNTH_CLIENT && f->tunnel) {
        bool v6 = f->tunnel == SYNTH_TUNNEL_4IN6 || f->tunnel == SYNTH_TUNNEL_6IN6;
        unsigned n = server->mac[5], fake = p.sport & 0xff;
        p.tunnel = f->tunnel;
        p.outer_src = v6 ? synth_v6(0x17, fake) : synth_v4(172, 17, 0, fake);
        p.outer_dst = v6 ? synth_v6(0x16, n) : synth_v4(172, 16, 0, n);
    }
    if (tx->size)
        synth_payload(tx->data_off ? tx->data_off : tx->off, payload, tx->size);
    if (tx->size && tx->damaged)
        payload[tx->size / 2] ^= 0x20;
    return p;
}

/* Data is judged by when it was first declared, not by when it was sent. */
static void count_declared(const struct synth_tx *tx, uint64_t fresh)
{
    const struct synth_subflow *f = tx->f;
    struct synth_conn *c = f->conn;
    uint64_t off = tx->map_size ? tx->map_off : tx->data_off;
    uint64_t size = tx->map_size ? tx->map_size : tx->size;
    size_t n = c->log_count[tx->from];

    if (tx->data_off && !c->fallback)
        fresh = synth_set_add(&c->data[tx->from].declared, off, off + size);
    if (!fresh)
        return;
    if (n == c->log_capacity[tx->from]) {
        c->log_capacity[tx->from] = n ? 2 * n : 64;
        c->log[tx->from] =
            synth_realloc(c->log[tx->from], c->log_capacity[tx->from] * sizeof **c->log);
    }
    c->log[tx->from][n] =
        (struct synth_declared){c->now, (uint32_t)fresh,
                                f->join && !mpa_addr_eq(&f->end[SYNTH_SERVER].addr,
                                                        &c->subflows[0]->end[SYNTH_SERVER].addr)};
    c->log_count[tx->from]++;
}

/* Bytes of the payload, on the subflow and at the data level. */
static void count_bytes(const struct synth_tx *tx)
{
    struct synth_conn *c = tx->f->conn;
    struct synth_half *h = &tx->f->half[tx->from];
    uint64_t end = tx->off + tx->size, fresh = synth_set_add(&h->seen, tx->off, end);
    bool mapped = tx->data_off && !c->fallback;
    uint64_t high = synth_set_end(&c->data[tx->from].seen), data = fresh;

    if (!tx->size)
        return;
    if (h->first_data_ns < 0)
        h->first_data_ns = c->now;
    count_declared(tx, fresh);
    h->bytes += fresh;
    h->retransmitted += tx->size - fresh;
    if (mapped) {
        data = synth_set_add(&c->data[tx->from].seen, tx->data_off, tx->data_off + tx->size);
        if (tx->data_off < high)
            c->data[tx->from].out_of_order += data;
        if (fresh > data)
            h->reinjected += fresh - data;
    }
    c->data[tx->from].bytes += data;
}

static void count_advert(const struct synth_tx *tx)
{
    struct synth_conn *c = tx->f->conn;
    struct synth_advert *a = c->adverts + tx->opts.advert;

    if (tx->opts.advert_echo) {
        if (!a->echoes++) {
            a->echo_ns = c->now;
            a->last_before_echo_ns = a->last_ns;
        }
        return;
    }
    if (!a->transmissions++)
        a->first_ns = c->now;
    a->last_ns = c->now;
}

static void count_rst(const struct synth_tx *tx)
{
    struct synth_subflow *f = tx->f;
    struct synth *s = f->conn->s;

    s->rst_packets++;
    if (f->half[tx->from].rst)
        return;
    f->half[tx->from].rst = true;
    if (tx->rst_class) {
        json_t *n = json_object_get(s->reset_classes, tx->rst_class);
        json_object_set_new(s->reset_classes, tx->rst_class,
                            json_integer(json_integer_value(n) + 1));
    }
    if (!f->reset.class) {
        f->reset.class = tx->rst_class ? tx->rst_class : "unexplained";
        f->reset.from = tx->from;
        f->reset.ns = f->conn->now;
        f->reset.reason = tx->reason;
        f->reset.transient = tx->transient;
    }
}

/* All that the capture learns from this packet. */
static void count(const struct synth_tx *tx)
{
    struct synth_subflow *f = tx->f;
    struct synth_conn *c = f->conn;
    struct synth *s = c->s;

    for (int i = 0; i < SYNTH_COUNTS; i++)
        s->options[i][tx->from] += tx->opts.counted[i];
    if (tx->opts.hmac_row >= 0)
        s->hmac[tx->opts.hmac_row][c->no_keys ? 2 : tx->opts.hmac_bad]++;
    if (tx->opts.counted[SYNTH_N_PRIO] && tx->from == SYNTH_SERVER && !f->join && c->prio_ns < 0)
        c->prio_ns = c->now;
    s->segments++;
    f->half[tx->from].packets++;
    f->last_ns = c->last_ns = c->now;
    if (f->first_ns < 0)
        f->first_ns = c->now;
    if (c->first_ns < 0)
        c->first_ns = c->now;
    if (tx->opts.advert >= 0)
        count_advert(tx);
    if (tx->flags & MPA_TCP_RST)
        count_rst(tx);
    if (tx->raw)
        return;
    count_bytes(tx);
    if (tx->flags & MPA_TCP_SYN && tx->from == f->opener && !f->syns++)
        f->syn_ns = c->now;
}

/* The peer's side of it. */
static void arrive(const struct synth_tx *tx, uint64_t end)
{
    struct synth_conn *c = tx->f->conn;
    struct synth_half *h = &tx->f->half[tx->from];

    synth_set_add(&h->arrived, tx->off, end);
    if (tx->data_off)
        synth_set_add(&c->data[tx->from].arrived, tx->data_off,
                      tx->data_off + tx->size + tx->data_fin);
    h->tsval = synth_clock(tx->f->end[tx->from].host, c->now);
    if (tx->opts.counted[SYNTH_N_DSS])
        c->got_dss[synth_peer(tx->from)] = true;
    if (tx->opts.advert >= 0 && tx->opts.advert_echo)
        c->adverts[tx->opts.advert].answered = true;
    else if (tx->opts.advert >= 0)
        c->adverts[tx->opts.advert].arrived = true;
}

void synth_emit(struct synth_tx *tx)
{
    struct synth_subflow *f = tx->f;
    struct synth_conn *c = f->conn;
    struct synth_half *h = &f->half[tx->from];
    struct synth_host *host = f->end[tx->from].host;
    uint32_t server_id = f->end[SYNTH_SERVER].host->server_id;
    uint64_t end;
    uint8_t payload[65536];
    struct synth_packet p;

    if (c->s->alter) {
        c->s->alter_calls++;
        c->s->alter(c->s, tx);
    }
    end = tx->off + tx->size;
    end += tx->flags & (MPA_TCP_SYN | MPA_TCP_FIN) ? 1 : 0;
    /* Katran's servers name themselves, and clients repeat it. */
    if (server_id && !(tx->flags & (MPA_TCP_SYN | MPA_TCP_RST)) && synth_opts_left(&tx->opts) >= 6)
        synth_opt_server_id(&tx->opts, 0xb6, server_id);
    synth_opts_pad(&tx->opts);
    if (!tx->raw) {
        tx->seq = synth_seq(f, tx->from, tx->off);
        if (tx->flags & MPA_TCP_ACK)
            tx->ack = synth_seq(f, synth_peer(tx->from), synth_received(f, synth_peer(tx->from)));
    }
    if (tx->ip_id < 0)
        tx->ip_id = mpa_addr_is_v4(&host->addr) ? host->ip_id++ : 0;
    assert(tx->size <= sizeof payload);
    p = synth_packet_of(tx, payload);
    if (!tx->unseen && !h->hidden) {
        p.ip_options = c->s->ip_options && c->s->segments % 3 == 1;
        if (c->s->copy_packet)
            c->s->copy_packet(c->s, &p, tx->from);
        synth_store_tcp(c->s->store, &p);
        count(tx);
    }
    if (tx->raw)
        return;
    if (!tx->lost)
        arrive(tx, end);
    if (h->snd < end)
        h->snd = end;
    if (tx->flags & MPA_TCP_FIN)
        h->fin = true;
}

void synth_emit_again(struct synth_tx *tx, int64_t later_ns)
{
    uint8_t payload[65536];
    struct synth_packet p;

    tx->f->conn->now += later_ns;
    p = synth_packet_of(tx, payload);
    synth_store_tcp(tx->f->conn->s->store, &p);
    count(tx);
}

void synth_relink(struct synth *s, enum synth_link link)
{
    synth_store_free(s->store);
    s->store = synth_store_new(link);
    s->link = link;
}

void synth_churn(struct synth *s, int64_t ns, const char *action, const struct synth_host *server)
{
    assert(s->churn_count < sizeof s->churn / sizeof *s->churn);
    s->churn[s->churn_count++] = (struct synth_churn){ns, action, server->name};
}
