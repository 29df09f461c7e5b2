/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What hosts say, in each dialect (RFC 8684 and RFC 6824 section 3; the ICNP-2017 kernel's
   habits). */
#include "synth.h"

#include <assert.h>
#include <string.h>

static bool is_plain(const struct synth_conn *c)
{
    return c->cfg.dialect == MPA_DIALECT_UNKNOWN;
}

static bool is_v1(const struct synth_conn *c)
{
    return c->cfg.dialect == MPA_DIALECT_RFC8684 || c->cfg.dialect == MPA_DIALECT_RFC8684_EARLY;
}

static uint8_t version(const struct synth_conn *c)
{
    return is_v1(c) || c->cfg.dialect == MPA_DIALECT_DRAFT_V1;
}

static enum mpa_hash hash_of(const struct synth_conn *c)
{
    return is_v1(c) ? MPA_SHA256 : MPA_SHA1;
}

static uint8_t capable_flags(const struct synth_conn *c, bool no_join)
{
    return (uint8_t)(0x01 | (c->cfg.checksum ? 0x80 : 0) | (no_join ? 0x20 : 0));
}

static bool is_captured(const struct synth_subflow *f, enum synth_side from)
{
    return !f->half[from].hidden;
}

/* ---- The initial handshake ---- */

static void put_syn_options(struct synth_tx *tx)
{
    struct synth_subflow *f = tx->f;
    struct synth_host *h = f->end[tx->from].host;

    synth_opt_syn(&tx->opts, 1460, 7, f->has_ts, synth_clock(h, f->conn->now),
                  f->half[synth_peer(tx->from)].tsval);
}

void synth_plain_syn(struct synth_subflow *f)
{
    struct synth_tx tx = synth_tx(f, f->opener, MPA_TCP_SYN);

    tx.off = 0;
    put_syn_options(&tx);
    synth_emit(&tx);
}

void synth_syn(struct synth_subflow *f)
{
    struct synth_conn *c = f->conn;
    struct synth_tx tx = synth_tx(f, f->opener, MPA_TCP_SYN);

    tx.off = 0;
    tx.size = f->fast_open;
    put_syn_options(&tx);
    if (!is_plain(c))
        synth_opt_capable(&tx.opts, SYNTH_N_CAPABLE_SYN, version(c),
                          capable_flags(c, c->cfg.client_c), is_v1(c) ? NULL : c->key[SYNTH_CLIENT],
                          NULL, -1, -1);
    synth_emit(&tx);
}

void synth_plain_synack(struct synth_subflow *f)
{
    struct synth_tx tx = synth_tx(f, synth_peer(f->opener), MPA_TCP_SYN | MPA_TCP_ACK);

    tx.off = 0;
    put_syn_options(&tx);
    synth_emit(&tx);
}

void synth_synack(struct synth_subflow *f)
{
    struct synth_conn *c = f->conn;
    struct synth_tx tx = synth_tx(f, synth_peer(f->opener), MPA_TCP_SYN | MPA_TCP_ACK);

    tx.off = 0;
    put_syn_options(&tx);
    if (!is_plain(c))
        synth_opt_capable(&tx.opts, SYNTH_N_CAPABLE_SYNACK, version(c),
                          capable_flags(c, c->cfg.server_c), c->key[SYNTH_SERVER], NULL, -1, -1);
    synth_emit(&tx);
}

void synth_ack3(struct synth_subflow *f)
{
    struct synth_conn *c = f->conn;
    struct synth_tx tx = synth_tx(f, f->opener, MPA_TCP_ACK);

    if (!is_plain(c) && !c->fallback)
        synth_opt_capable(&tx.opts, SYNTH_N_CAPABLE_ACK, version(c),
                          capable_flags(c, c->cfg.client_c), c->key[SYNTH_CLIENT],
                          c->key[SYNTH_SERVER], -1, -1);
    /* The ICNP kernel fills the rest of the header with a Data ACK: 40 bytes exactly. */
    if (c->cfg.dialect == MPA_DIALECT_ICNP2017 && !c->fallback) {
        struct synth_dss d = {.ack = true, .data_ack = synth_dsn(c, SYNTH_SERVER, 1)};
        synth_opt_dss(&tx.opts, &d);
    }
    synth_emit(&tx);
    if (is_captured(f, f->opener))
        f->established_ns = c->now;
}

void synth_open(struct synth_conn *c)
{
    synth_syn(c->subflows[0]);
    synth_synack(c->subflows[0]);
    synth_ack3(c->subflows[0]);
}

/* ---- Data ---- */

static uint16_t mapping_sum(const struct synth_conn *c, enum synth_side from, uint64_t data_off,
                            uint32_t ssn, uint32_t length, uint32_t payload)
{
    uint8_t bytes[65536];

    synth_payload(data_off, bytes, payload);
    return mpa_crypto_dss_checksum(synth_dsn(c, from, data_off), ssn, (uint16_t)length, bytes,
                                   payload);
}

/*
 * The ICNP-2017 kernel: the server puts its ADD_ADDR in front of the DSS of every packet with room
 * until the echo arrives; the client echoes the first copy on its next packet.  A full data segment
 * has room for neither anything else nor MP_PRIO, which is therefore starved until a pure ACK goes
 * out or the echo has come.
 */
static void compose_icnp(struct synth_tx *tx, size_t needed)
{
    struct synth_conn *c = tx->f->conn;

    if (!c->icnp_advertises)
        return;
    for (size_t i = 0; i < c->advert_count; i++) {
        struct synth_advert *a = c->adverts + i;
        if (synth_opts_left(&tx->opts) < needed + 8 || tx->opts.advert >= 0)
            continue;
        if (tx->from == a->from && !a->answered) {
            synth_put_advert(tx, i, false);
        } else if (tx->from != a->from && a->arrived && !a->echoed) {
            synth_put_advert(tx, i, true);
            a->echoed = true;
        }
    }
}

void synth_compose(struct synth_tx *tx, bool map)
{
    struct synth_subflow *f = tx->f;
    struct synth_conn *c = f->conn;
    enum synth_side from = tx->from, peer = synth_peer(from);
    struct synth_dss d = {.ack = true, .ack8 = c->wide};

    if (is_plain(c) || c->fallback)
        return;
    if (map) {
        d.map = true;
        d.fin = tx->data_fin;
        d.dsn8 = c->wide && !c->narrow_dsn;
        d.dsn = synth_dsn(c, from, tx->data_off);
        d.ssn = tx->size ? synth_ssn(f, from, tx->off) : 0;
        d.length = (uint16_t)(tx->size + tx->data_fin);
        d.checksum = c->cfg.checksum;
        if (d.checksum)
            d.sum = mapping_sum(c, from, tx->data_off, d.ssn, d.length, tx->size);
    }
    /* RFC 8684 3.1: until something with DSS came back, the first data carries both keys. */
    if (map && tx->size && is_v1(c) && from == f->opener && !f->join && !c->got_dss[from]) {
        synth_opt_capable(&tx->opts, SYNTH_N_CAPABLE_DATA, 1, capable_flags(c, c->cfg.client_c),
                          c->key[from], c->key[peer], (int)tx->size, d.checksum ? d.sum : -1);
        return;
    }
    d.data_ack = synth_dsn(c, peer, synth_data_received(c, peer));
    compose_icnp(tx, synth_dss_size(&d));
    synth_opt_dss(&tx->opts, &d);
    if (c->icnp_prio && from == SYNTH_SERVER && !f->join && synth_opts_left(&tx->opts) >= 4) {
        synth_opt_prio(&tx->opts, true, -1);
        f->half[from].backup = 1;
        c->icnp_prio = false;
    }
}

void synth_data(struct synth_subflow *f, enum synth_side from, uint32_t size)
{
    struct synth_conn *c = f->conn;
    struct synth_tx tx = synth_tx(f, from, MPA_TCP_ACK | MPA_TCP_PSH);

    tx.size = size;
    if (!is_plain(c) && !c->fallback) {
        tx.data_off = c->data[from].snd;
        c->data[from].snd += size;
    }
    synth_compose(&tx, tx.data_off != 0);
    synth_emit(&tx);
}

void synth_ack(struct synth_subflow *f, enum synth_side from)
{
    struct synth_tx tx = synth_tx(f, from, MPA_TCP_ACK);

    synth_compose(&tx, false);
    synth_emit(&tx);
}

void synth_transfer(struct synth_subflow *f, enum synth_side from, uint32_t bytes)
{
    unsigned waiting = 0;

    while (bytes) {
        uint32_t size = bytes < SYNTH_MSS ? bytes : SYNTH_MSS;
        synth_data(f, from, size);
        bytes -= size;
        if (++waiting == 2 || !bytes) {
            synth_ack(f, synth_peer(from));
            waiting = 0;
        }
    }
}

void synth_burst(struct synth_subflow *f, enum synth_side from, uint32_t bytes)
{
    struct synth_conn *c = f->conn;
    uint64_t first = f->half[from].snd, data = c->data[from].snd;
    struct synth_dss d = {.map = true,
                          .ack = true,
                          .dsn8 = c->wide && !c->narrow_dsn,
                          .ack8 = c->wide,
                          .checksum = c->cfg.checksum,
                          .dsn = synth_dsn(c, from, data),
                          .ssn = synth_ssn(f, from, first),
                          .length = (uint16_t)bytes};

    assert(bytes <= 65535);
    if (d.checksum)
        d.sum = mapping_sum(c, from, data, d.ssn, bytes, bytes);
    for (uint32_t done = 0; done < bytes; done += SYNTH_MSS) {
        struct synth_tx tx = synth_tx(f, from, MPA_TCP_ACK);
        enum synth_side peer = synth_peer(from);
        tx.size = bytes - done < SYNTH_MSS ? bytes - done : SYNTH_MSS;
        tx.data_off = data + done;
        tx.map_off = data;
        tx.map_size = bytes;
        d.data_ack = synth_dsn(c, peer, synth_data_received(c, peer));
        synth_opt_dss(&tx.opts, &d);
        synth_emit(&tx);
    }
    c->data[from].snd += bytes;
}

void synth_resend(struct synth_subflow *f, enum synth_side from, uint64_t off, uint64_t data_off,
                  uint32_t size)
{
    struct synth_tx tx = synth_tx(f, from, MPA_TCP_ACK | MPA_TCP_PSH);

    if (off)
        tx.off = off;
    tx.size = size;
    tx.data_off = data_off;
    synth_compose(&tx, data_off != 0);
    synth_emit(&tx);
}

/* ---- Path management ---- */

size_t synth_new_advert(struct synth_conn *c, enum synth_side from, uint8_t id,
                        struct mpa_addr addr, uint16_t port)
{
    assert(c->advert_count < SYNTH_ADVERTS);
    c->adverts[c->advert_count] = (struct synth_advert){.from = from,
                                                        .id = id,
                                                        .addr = addr,
                                                        .port = port,
                                                        .first_ns = -1,
                                                        .last_ns = -1,
                                                        .echo_ns = -1,
                                                        .last_before_echo_ns = -1};
    return c->advert_count++;
}

void synth_put_advert(struct synth_tx *tx, size_t advert, bool echo)
{
    struct synth_conn *c = tx->f->conn;
    struct synth_advert *a = c->adverts + advert;
    enum synth_side from = tx->from, peer = synth_peer(from);
    enum mpa_add_addr_hmac form = MPA_AA_RFC8684;
    uint8_t nibble = mpa_addr_is_v4(&a->addr) ? 4 : 6, hmac[8];
    bool has_hmac = false;

    if (is_v1(c)) {
        nibble = echo;
        has_hmac = !echo;
        if (c->cfg.dialect == MPA_DIALECT_RFC8684_EARLY)
            form = MPA_AA_EARLY;
    } else if (c->cfg.dialect == MPA_DIALECT_DRAFT_V1) {
        nibble |= echo ? 8 : 0;
        has_hmac = true; /* Also in the echo: signed by who echoes. */
        form = MPA_AA_DRAFT;
    } else if (echo) {
        nibble |= 8; /* ICNP-2017: E is the top bit of what was the IP version. */
    }
    mpa_crypto_add_addr(form, c->key[from], c->key[peer], a->id, &a->addr,
                        !mpa_addr_is_v4(&a->addr), a->port, hmac);
    if (a->bad)
        hmac[3] ^= 0x40;
    synth_opt_add_addr(&tx->opts, echo, nibble, a->id, &a->addr, a->port, has_hmac ? hmac : NULL);
    tx->opts.hmac_bad = has_hmac && a->bad;
    tx->opts.advert = (int)advert;
    tx->opts.advert_echo = echo;
}

static void send_advert(struct synth_subflow *f, enum synth_side from, size_t advert, bool echo)
{
    struct synth_tx tx = synth_tx(f, from, MPA_TCP_ACK);

    synth_put_advert(&tx, advert, echo);
    if (echo)
        f->conn->adverts[advert].echoed = true;
    synth_emit(&tx);
}

size_t synth_advertise(struct synth_subflow *f, enum synth_side from, uint8_t id,
                       struct mpa_addr addr, uint16_t port)
{
    size_t advert = synth_new_advert(f->conn, from, id, addr, port);

    send_advert(f, from, advert, false);
    return advert;
}

void synth_advertise_again(struct synth_subflow *f, size_t advert)
{
    send_advert(f, f->conn->adverts[advert].from, advert, false);
}

void synth_echo(struct synth_subflow *f, size_t advert)
{
    send_advert(f, synth_peer(f->conn->adverts[advert].from), advert, true);
}

void synth_remove(struct synth_subflow *f, enum synth_side from, uint8_t id)
{
    struct synth_tx tx = synth_tx(f, from, MPA_TCP_ACK);

    synth_compose(&tx, false);
    synth_opt_remove_addr(&tx.opts, &id, 1);
    synth_emit(&tx);
}

void synth_prio(struct synth_subflow *f, enum synth_side from, bool backup)
{
    struct synth_tx tx = synth_tx(f, from, MPA_TCP_ACK);

    synth_compose(&tx, false);
    synth_opt_prio(&tx.opts, backup, -1);
    f->half[from].backup = backup;
    synth_emit(&tx);
}

/* ---- Joins ---- */

void synth_join_syn(struct synth_subflow *f, bool backup)
{
    struct synth_conn *c = f->conn;
    struct synth_tx tx = synth_tx(f, f->opener, MPA_TCP_SYN);

    tx.off = 0;
    put_syn_options(&tx);
    synth_opt_join_syn(&tx.opts, backup, f->half[f->opener].id, c->token[synth_peer(f->opener)],
                       f->half[f->opener].nonce);
    f->half[f->opener].backup = backup;
    synth_emit(&tx);
}

void synth_join_synack(struct synth_subflow *f, bool backup)
{
    struct synth_conn *c = f->conn;
    enum synth_side peer = f->opener, me = synth_peer(peer);
    struct synth_tx tx = synth_tx(f, me, MPA_TCP_SYN | MPA_TCP_ACK);
    uint8_t hmac[MPA_HMAC_MAX];

    tx.off = 0;
    mpa_crypto_join_hmac(hash_of(c), c->key[me], c->key[peer], f->half[me].nonce,
                         f->half[peer].nonce, hmac);
    put_syn_options(&tx);
    synth_opt_join_synack(&tx.opts, backup, f->half[me].id, hmac, f->half[me].nonce);
    f->half[me].backup = backup;
    synth_emit(&tx);
}

void synth_join_ack(struct synth_subflow *f)
{
    struct synth_conn *c = f->conn;
    enum synth_side me = f->opener, peer = synth_peer(me);
    struct synth_tx tx = synth_tx(f, me, MPA_TCP_ACK);
    uint8_t hmac[MPA_HMAC_MAX];

    mpa_crypto_join_hmac(hash_of(c), c->key[me], c->key[peer], f->half[me].nonce,
                         f->half[peer].nonce, hmac);
    synth_opt_join_ack(&tx.opts, hmac);
    synth_emit(&tx);
    if (is_captured(f, me))
        f->established_ns = c->now;
}

void synth_join_ack4(struct synth_subflow *f)
{
    synth_ack(f, synth_peer(f->opener));
    if (is_captured(f, synth_peer(f->opener)) && f->established_ns >= 0)
        f->usable_ns = f->conn->now;
}

struct synth_subflow *synth_join_from(struct synth_conn *c, struct synth_host *client,
                                      struct mpa_addr addr, uint8_t client_id)
{
    const struct synth_subflow *first = c->subflows[0];
    struct synth_end from = {client, client->addr,
                             (uint16_t)(32768 + synth_rng_below(&c->s->rng, 28000))};
    struct synth_end to = {first->end[SYNTH_SERVER].host, addr, first->end[SYNTH_SERVER].port};
    struct synth_subflow *f = synth_subflow(c, SYNTH_CLIENT, from, to);

    f->half[SYNTH_CLIENT].id = client_id;
    /* Address ID of the answer: as advertised; the ICNP kernel always says 0. */
    for (size_t i = 0; i < c->advert_count; i++) {
        if (c->adverts[i].from == SYNTH_SERVER && mpa_addr_eq(&c->adverts[i].addr, &addr) &&
            c->cfg.dialect != MPA_DIALECT_ICNP2017)
            f->half[SYNTH_SERVER].id = c->adverts[i].id;
    }
    return f;
}

struct synth_subflow *synth_join(struct synth_conn *c, struct mpa_addr addr, uint8_t id)
{
    struct synth_subflow *f = synth_join_from(c, c->cfg.client, addr, id);

    synth_join_syn(f, false);
    synth_join_synack(f, false);
    synth_join_ack(f);
    synth_join_ack4(f);
    return f;
}

struct synth_subflow *synth_open_lb(struct synth_conn *c)
{
    struct synth_subflow *vip = c->subflows[0];
    size_t advert;

    c->cfg.server_c = true;
    synth_open(c);
    synth_data(vip, SYNTH_CLIENT, SYNTH_REQUEST); /* The first data carries both keys. */
    synth_prio(vip, SYNTH_SERVER, true);
    advert = synth_advertise(vip, SYNTH_SERVER, 1, c->cfg.server->addr, 0);
    synth_echo(vip, advert);
    return synth_join(c, c->cfg.server->addr, 0);
}

/* ---- Closing ---- */

void synth_data_fin(struct synth_subflow *f, enum synth_side from, bool again)
{
    struct synth_conn *c = f->conn;
    struct synth_tx tx;

    if (is_plain(c) || c->fallback)
        return;
    tx = synth_tx(f, from, MPA_TCP_ACK);
    tx.data_fin = true;
    tx.data_off = again ? c->data[from].snd - 1 : c->data[from].snd++;
    synth_compose(&tx, true);
    synth_emit(&tx);
}

void synth_fin(struct synth_subflow *f, enum synth_side from)
{
    struct synth_tx tx = synth_tx(f, from, MPA_TCP_ACK | MPA_TCP_FIN);

    synth_compose(&tx, false);
    synth_emit(&tx);
}

void synth_close_subflow(struct synth_subflow *f, enum synth_side first)
{
    synth_fin(f, first);
    synth_fin(f, synth_peer(first));
    synth_ack(f, first);
    f->fin_ns = f->conn->now;
}

static bool is_open(const struct synth_subflow *f)
{
    for (int side = 0; side < 2; side++) {
        if (f->half[side].fin || f->half[side].rst || !f->half[side].snd)
            return false;
    }
    return true;
}

void synth_close(struct synth_conn *c, enum synth_side first)
{
    enum synth_side order[2] = {first, synth_peer(first)};

    for (int i = 0; i < 2 && !is_plain(c) && !c->fallback; i++) {
        bool again = false;
        for (size_t n = 0; n < c->subflow_count; n++) {
            if (!is_open(c->subflows[n]))
                continue;
            synth_data_fin(c->subflows[n], order[i], again);
            again = true;
        }
        for (size_t n = 0; n < c->subflow_count; n++) {
            if (is_open(c->subflows[n]))
                synth_ack(c->subflows[n], synth_peer(order[i]));
        }
    }
    for (size_t n = 0; n < c->subflow_count; n++) {
        if (is_open(c->subflows[n]))
            synth_close_subflow(c->subflows[n], first);
    }
    synth_expect(c, "{s:s}", "outcome", "closed");
}

/* ---- Resets ---- */

struct synth_tx synth_rst_stateless(struct synth_subflow *f, enum synth_side from)
{
    struct synth_tx tx = synth_tx(f, from, MPA_TCP_RST);

    /* RFC 9293 3.10.7.1: the sequence number is the acknowledgement number that provoked it. */
    tx.raw = true;
    tx.seq = synth_seq(f, from, synth_received(f, from));
    synth_opts_init(&tx.opts);
    tx.window = 0;
    tx.ip_id = 0;
    return tx;
}

struct synth_tx synth_rst_own(struct synth_subflow *f, enum synth_side from)
{
    enum synth_side peer = synth_peer(from);
    struct synth_tx tx = synth_tx(f, from, MPA_TCP_RST | MPA_TCP_ACK);

    tx.raw = true;
    tx.seq = synth_seq(f, from, f->half[from].snd);
    tx.ack = synth_seq(f, peer, synth_received(f, peer));
    tx.rst_class = "application";
    return tx;
}

void synth_redirect(struct synth_subflow *f, struct synth_host *wrong)
{
    struct synth_tx tx = synth_rst_stateless(f, SYNTH_SERVER);

    tx.server = wrong;
    tx.ttl = wrong->ttl;
    tx.rst_class = "redirect";
    synth_emit(&tx);
}
