/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conversations played into a measure: flows keep their own sequence numbers, time is what the test
 * says.  Records are copied as they come and completed at the end, as the analyzer does.
 */
#ifndef MPA_TEST_PLAY_H
#define MPA_TEST_PLAY_H

#include "mpa/measure.h"

#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

#define MS 1000000ll

#define FROM_CLIENT MPA_TO_SERVER /* Direction of a packet, told by its sender. */
#define FROM_SERVER MPA_TO_CLIENT

#define PLAY_CONNS    64
#define PLAY_SUBFLOWS 4
#define PLAY_HITS     4

struct play_record {
    struct mpa_rec_conn conn;
    struct mpa_rec_subflow subflows[PLAY_SUBFLOWS];
    struct mpa_rec_add_addr add_addrs[4];
    struct mpa_rec_hit hits[PLAY_HITS];
    struct mpa_rec_note notes[64];
};

struct play {
    struct mpa_measure *measure;
    int64_t ns;
    uint16_t capture;
    uint64_t frame;
    uint8_t options[40];
    size_t options_size;
    struct play_record records[PLAY_CONNS];
    int count;
    struct mpa_rec_report report;
};

/* One four-tuple. */
struct play_flow {
    struct mpa_addr addr[2]; /* [FROM_CLIENT] is the client's. */
    uint16_t port[2];
    uint32_t next[2]; /* Next sequence number, by sender. */
    uint8_t mac;      /* Last byte of the server's MAC; 0: no Ethernet. */
    uint32_t isn[2];
    uint32_t acked; /* What the client acknowledged last. */
};

/* One MPTCP connection at the data level. */
struct play_conn {
    uint8_t key[2][MPA_KEY_SIZE];
    uint32_t token[2];
    uint64_t dsn[2]; /* Next data sequence number, by sender. */
};

static inline struct mpa_addr play_addr(uint8_t net, uint8_t host)
{
    uint8_t bytes[4] = {10, net, 0, host};

    return mpa_addr_v4(bytes);
}

static inline int play_record(void *context, const struct mpa_rec_conn *conn)
{
    struct play *p = context;
    struct play_record *r = &p->records[p->count];

    if (p->count == PLAY_CONNS || conn->subflow_count > PLAY_SUBFLOWS ||
        conn->hit_count > PLAY_HITS)
        return MPA_NULL != 0;
    p->count++;
    r->conn = *conn;
    memcpy(r->subflows, conn->subflows, (size_t)conn->subflow_count * sizeof r->subflows[0]);
    if (conn->add_addr_count)
        memcpy(r->add_addrs, conn->add_addrs,
               (size_t)conn->add_addr_count * sizeof r->add_addrs[0]);
    if (conn->hit_count)
        memcpy(r->hits, conn->hits, (size_t)conn->hit_count * sizeof r->hits[0]);
    if (conn->note_count)
        memcpy(r->notes, conn->notes, (size_t)conn->note_count * sizeof r->notes[0]);
    r->conn.subflows = r->subflows;
    r->conn.add_addrs = r->add_addrs;
    r->conn.hits = r->hits;
    r->conn.notes = r->notes;
    return 0;
}

static inline struct play *play_begin(struct mpa_measure_config config)
{
    struct play *p = calloc(1, sizeof *p);

    CU_ASSERT_PTR_NOT_NULL_FATAL(p);
    p->ns = 1000000000000ll;
    config.on_conn = play_record;
    config.context = p;
    p->measure = mpa_measure_new(&config);
    CU_ASSERT_PTR_NOT_NULL_FATAL(p->measure);
    return p;
}

static inline int play_by_id(const void *a, const void *b)
{
    const struct play_record *x = a, *y = b;

    return (x->conn.id > y->conn.id) - (x->conn.id < y->conn.id);
}

/* The capture ends: all records are complete, and the report. */
static inline void play_finish(struct play *p)
{
    CU_ASSERT_EQUAL_FATAL(mpa_measure_finish(p->measure), 0);
    qsort(p->records, (size_t)p->count, sizeof p->records[0], play_by_id);
    for (int i = 0; i < p->count; i++) {
        struct play_record *r = &p->records[i];

        r->conn.subflows = r->subflows;
        r->conn.add_addrs = r->add_addrs;
        r->conn.hits = r->hits;
        r->conn.notes = r->notes;
        mpa_measure_complete(p->measure, &r->conn);
    }
    CU_ASSERT_EQUAL_FATAL(mpa_measure_report(p->measure, &p->report), 0);
}

static inline void play_end(struct play *p)
{
    mpa_measure_free(p->measure);
    free(p);
}

static inline void play_wait(struct play *p, int64_t ns)
{
    p->ns += ns;
}

/* ---- Options -------------------------------------------------------------------- */

static inline void play_put(uint8_t *at, uint64_t v, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        at[i] = (uint8_t)(v >> (8 * (size - 1 - i)));
}

static inline void play_option(struct play *p, const uint8_t *bytes, size_t size)
{
    CU_ASSERT_TRUE_FATAL(p->options_size + size <= sizeof p->options);
    memcpy(p->options + p->options_size, bytes, size);
    p->options_size += size;
}

static inline void play_capable(struct play *p, uint8_t len, uint8_t flags,
                                const struct play_conn *c, int first, int second)
{
    uint8_t o[20] = {30, len, 1, flags};

    if (len >= 12)
        memcpy(o + 4, c->key[first], 8);
    if (len >= 20)
        memcpy(o + 12, c->key[second], 8);
    play_option(p, o, len);
}

/* A mapping of 'size' bytes that begin at the flow's next sequence number. */
static inline void play_map(struct play *p, const struct play_conn *c, const struct play_flow *f,
                            int sender, uint16_t size)
{
    uint8_t o[26] = {30, 26, 0x20, 0x0f};

    play_put(o + 4, c->dsn[!sender], 8);
    play_put(o + 12, c->dsn[sender], 8);
    play_put(o + 20, f->next[sender] - f->isn[sender], 4);
    play_put(o + 24, size, 2);
    play_option(p, o, sizeof o);
}

static inline void play_data_ack(struct play *p, const struct play_conn *c, int sender)
{
    uint8_t o[12] = {30, 12, 0x20, 0x03};

    play_put(o + 4, c->dsn[!sender], 8);
    play_option(p, o, sizeof o);
}

static inline void play_data_fin(struct play *p, const struct play_conn *c, int sender)
{
    uint8_t o[26] = {30, 26, 0x20, 0x1f};

    play_put(o + 4, c->dsn[!sender], 8);
    play_put(o + 12, c->dsn[sender], 8);
    play_put(o + 24, 1, 2);
    play_option(p, o, sizeof o);
}

static inline void play_add_addr(struct play *p, const struct play_conn *c, int sender, uint8_t id,
                                 const struct mpa_addr *addr, bool echo)
{
    uint8_t o[16] = {30, 16, 0x30, id};

    memcpy(o + 4, addr->b + 12, 4);
    if (echo) {
        o[1] = 8;
        o[2] = 0x31;
    } else {
        mpa_crypto_add_addr(MPA_AA_RFC8684, c->key[sender], c->key[!sender], id, addr, false, 0,
                            o + 8);
    }
    play_option(p, o, o[1]);
}

/* ---- Segments ------------------------------------------------------------------- */

static inline struct mpa_segment play_make(struct play *p, const struct play_flow *f, int sender,
                                           uint8_t flags, uint32_t size)
{
    struct mpa_segment s = {.ns = p->ns,
                            .frame = ++p->frame,
                            .capture = p->capture,
                            .ttl = 64,
                            .ip_id = (uint16_t)p->frame,
                            .src = f->addr[sender],
                            .dst = f->addr[!sender],
                            .sport = f->port[sender],
                            .dport = f->port[!sender],
                            .seq = f->next[sender],
                            .ack = flags & MPA_TCP_ACK ? f->next[!sender] : 0,
                            .flags = flags,
                            .wscale = MPA_NO_WSCALE,
                            .window = 1000,
                            .payload_size = size};

    if (f->mac) {
        uint8_t *server = sender == FROM_CLIENT ? s.dst_mac : s.src_mac;
        uint8_t *router = sender == FROM_CLIENT ? s.src_mac : s.dst_mac;

        s.has_macs = true;
        server[0] = router[0] = 2;
        server[5] = f->mac;
        router[5] = 0xfe;
    }
    return s;
}

static inline void play_feed(struct play *p, struct mpa_segment *s)
{
    s->options = p->options;
    s->options_size = s->options_captured = (uint8_t)p->options_size;
    for (size_t at = 0; at < p->options_size; at += p->options[at + 1])
        s->mptcp_at[s->mptcp_count++] = (uint8_t)at;
    mpa_measure_segment(p->measure, s);
    p->options_size = 0;
}

static inline void play_send(struct play *p, struct play_flow *f, int sender, uint8_t flags,
                             uint32_t size)
{
    struct mpa_segment s = play_make(p, f, sender, flags, size);

    play_feed(p, &s);
    if (sender == FROM_CLIENT && (flags & MPA_TCP_ACK))
        f->acked = f->next[FROM_SERVER];
    f->next[sender] += size + ((flags & (MPA_TCP_SYN | MPA_TCP_FIN)) ? 1 : 0);
}

static inline struct play_flow play_flow(uint8_t client_host, uint16_t port, struct mpa_addr server)
{
    /* As different as those of real stacks: what looks the same on two flows is taken for a copy.
     */
    uint32_t isn = port * 65536u + server.b[15];

    return (struct play_flow){.addr = {play_addr(1, client_host), server},
                              .port = {port, 80},
                              .next = {isn, ~isn},
                              .isn = {isn, ~isn}};
}

/* SYN, 'there' later the SYN/ACK, 'back' later the third ACK. */
static inline void play_tcp(struct play *p, struct play_flow *f, int64_t there, int64_t back)
{
    play_send(p, f, FROM_CLIENT, MPA_TCP_SYN, 0);
    play_wait(p, there);
    play_send(p, f, FROM_SERVER, MPA_TCP_SYN | MPA_TCP_ACK, 0);
    play_wait(p, back);
    play_send(p, f, FROM_CLIENT, MPA_TCP_ACK, 0);
}

/* The same with MP_CAPABLE of version 1; the server sets C. */
static inline void play_mptcp(struct play *p, struct play_conn *c, struct play_flow *f,
                              uint8_t number, int64_t there, int64_t back)
{
    for (int i = 0; i < 2; i++) {
        memset(c->key[i], number, MPA_KEY_SIZE);
        c->key[i][0] = (uint8_t)(i + 1);
        mpa_crypto_key(MPA_SHA256, c->key[i], &c->token[i], &c->dsn[i]);
        c->dsn[i]++;
    }
    play_capable(p, 4, 0x01, c, 0, 0);
    play_send(p, f, FROM_CLIENT, MPA_TCP_SYN, 0);
    play_wait(p, there);
    play_capable(p, 12, 0x21, c, FROM_SERVER, 0);
    play_send(p, f, FROM_SERVER, MPA_TCP_SYN | MPA_TCP_ACK, 0);
    play_wait(p, back);
    play_capable(p, 20, 0x01, c, FROM_CLIENT, FROM_SERVER);
    play_send(p, f, FROM_CLIENT, MPA_TCP_ACK, 0);
}

static inline void play_join_syn(struct play *p, struct play_conn *c, struct play_flow *f)
{
    uint8_t o[12] = {30, 12, 0x10, 2};

    play_put(o + 4, c->token[FROM_SERVER], 4);
    play_put(o + 8, f->port[0], 4);
    play_option(p, o, sizeof o);
    play_send(p, f, FROM_CLIENT, MPA_TCP_SYN, 0);
}

/* A joined subflow up to the fourth ACK. */
static inline void play_join(struct play *p, struct play_conn *c, struct play_flow *f)
{
    uint32_t nonce[2] = {f->port[0], 0x77000000u + f->port[0]};
    uint8_t hmac[MPA_HMAC_MAX];
    uint8_t answer[16] = {30, 16, 0x10, 0}, ack[24] = {30, 24, 0x10, 0};

    play_join_syn(p, c, f);
    mpa_crypto_join_hmac(MPA_SHA256, c->key[FROM_SERVER], c->key[FROM_CLIENT], nonce[1], nonce[0],
                         hmac);
    memcpy(answer + 4, hmac, 8);
    play_put(answer + 12, nonce[1], 4);
    play_option(p, answer, sizeof answer);
    play_send(p, f, FROM_SERVER, MPA_TCP_SYN | MPA_TCP_ACK, 0);
    mpa_crypto_join_hmac(MPA_SHA256, c->key[FROM_CLIENT], c->key[FROM_SERVER], nonce[0], nonce[1],
                         hmac);
    memcpy(ack + 4, hmac, 20);
    play_option(p, ack, sizeof ack);
    play_send(p, f, FROM_CLIENT, MPA_TCP_ACK, 0);
    play_data_ack(p, c, FROM_SERVER);
    play_send(p, f, FROM_SERVER, MPA_TCP_ACK, 0);
}

/* 'size' bytes of data by 'sender' on 'f', and their acknowledgement on 'back'. */
static inline void play_data(struct play *p, struct play_conn *c, struct play_flow *f, int sender,
                             uint16_t size)
{
    play_map(p, c, f, sender, size);
    play_send(p, f, sender, MPA_TCP_ACK | MPA_TCP_PSH, size);
    c->dsn[sender] += size;
}

static inline void play_ack(struct play *p, struct play_conn *c, struct play_flow *f, int sender)
{
    play_data_ack(p, c, sender);
    play_send(p, f, sender, MPA_TCP_ACK, 0);
}

/* DATA_FIN each way, acknowledged on 'f'. */
static inline void play_close(struct play *p, struct play_conn *c, struct play_flow *f)
{
    play_data_fin(p, c, FROM_SERVER);
    play_send(p, f, FROM_SERVER, MPA_TCP_ACK, 0);
    c->dsn[FROM_SERVER]++;
    play_data_fin(p, c, FROM_CLIENT);
    play_send(p, f, FROM_CLIENT, MPA_TCP_ACK, 0);
    c->dsn[FROM_CLIENT]++;
    play_ack(p, c, f, FROM_SERVER);
}

/* The stateless answer of a server without state to the client's latest segment. */
static inline void play_redirect(struct play *p, const struct play_flow *f)
{
    struct mpa_segment s = play_make(p, f, FROM_SERVER, MPA_TCP_RST, 0);

    s.window = 0;
    s.ip_id = 0;
    s.ack = 0;
    s.seq = f->acked;
    play_feed(p, &s);
}

#endif
