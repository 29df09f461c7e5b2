/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "mpa-synth bench": a large capture of many connections side by side, for measuring speed and
 * memory.
 *
 * A number of slots (--live) is visited round-robin; each visit emits one packet of the slot's
 * connection, and a slot whose connection has ended starts a new one.  The capture is written as it
 * is made.  Payloads are zeros: they add nothing to checksums, so that those are right without
 * being summed, and nothing of them need be stored beyond the snap length.
 *
 * A connection is what upstream Linux does behind a balancer: initial subflow to the VIP with C,
 * request, MP_PRIO, ADD_ADDR, echo, join to the server's unique address, data there, DATA_FINs,
 * FINs on both subflows.  Its DSS options are wide (26 bytes), narrow (18) or narrow with checksums
 * (20).
 */
#include "synth.h"

#include <errno.h>
#include <getopt.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERVERS           4
#define HANDSHAKE_PACKETS 11 /* Up to the usable direct subflow. */
#define CLOSE_PACKETS     10
#define UNIT_PACKETS      3 /* Two segments of data and an acknowledgement. */
/* TCP sends a window at a time: eight segments and their acknowledgements, about an initial
   window. */
#define TRAIN_PACKETS 12
#define PACKET_NS     10000 /* 100,000 packets a second: about a gigabit. */

enum form { FORM_WIDE, FORM_NARROW, FORM_CHECKSUM };

/* One connection in its slot. */
struct slot {
    uint8_t key[2][MPA_KEY_SIZE];
    uint64_t idsn[2], data[2]; /* Offsets at the data level. */
    uint32_t token_server;
    uint32_t isn[2][2], snd[2][2]; /* By subflow (0 VIP, 1 direct) and side. */
    uint32_t nonce[2], tsval[2];
    uint32_t client; /* Address, host order. */
    uint32_t units;  /* Data units that are left. */
    uint16_t sport[2];
    uint16_t size; /* Of the data segments. */
    uint8_t server, form, unit_step, step;
    bool tcp, live;
};

struct bench {
    uint64_t packets, connections, live, seed, snaplen, tcp_share;
    bool never_close;
    const char *out;
    struct synth_rng rng;
    pcap_dumper_t *dump;
    int64_t now;
    uint64_t started, closed, written;
    uint64_t mean_units;
    uint16_t ip_id;
    uint8_t frame[128 + SYNTH_OPTS_SIZE];
};

static void put16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v >> 16);
    put16(p + 2, v & 0xffff);
}

static struct mpa_addr server_addr(const struct slot *c)
{
    return synth_v4(10, 2, 0, 11u + c->server);
}

static void start(struct bench *b, struct slot *c)
{
    uint64_t n = b->started++;
    uint32_t dice = synth_rng_below(&b->rng, 100), base;

    *c = (struct slot){.live = true};
    c->client = 0x0a100000u + (uint32_t)(n % 4096);
    c->sport[0] = (uint16_t)(10000 + n / 4096 % 50000);
    c->sport[1] = (uint16_t)(c->sport[0] ^ 1);
    c->server = (uint8_t)synth_rng_below(&b->rng, SERVERS);
    c->form = (uint8_t)synth_rng_below(&b->rng, 3);
    c->size = (uint16_t)(200 + synth_rng_below(&b->rng, 1200));
    c->tcp = synth_rng_below(&b->rng, 100) < b->tcp_share;
    /* Many short, some middling, few long; the mean is as asked. */
    base = (uint32_t)(dice < 50   ? b->mean_units / 4
                      : dice < 85 ? b->mean_units
                                  : b->mean_units * 7 / 2);
    c->units = base / 2 + synth_rng_below(&b->rng, base + 1);
    for (int i = 0; i < 2; i++) {
        uint32_t token;
        uint64_t key = synth_rng_u64(&b->rng);
        memcpy(c->key[i], &key, sizeof key);
        c->isn[0][i] = synth_rng_u32(&b->rng);
        c->isn[1][i] = synth_rng_u32(&b->rng);
        c->nonce[i] = synth_rng_u32(&b->rng);
        c->data[i] = 1;
        if (!c->tcp) {
            mpa_crypto_key(MPA_SHA256, c->key[i], &token, &c->idsn[i]);
            c->token_server = token;
        }
    }
}

/* Write one segment.  'fin' and SYN take a sequence number. */
static void put(struct bench *b, struct slot *c, int sub, enum synth_side from, uint8_t flags,
                struct synth_opts *o, uint32_t size)
{
    static const uint8_t head[34] = {0x02, 0, 0, 0,    0,    0x01, 0x02, 0,
                                     0,    0, 0, 0x02, 0x08, 0x00, 0x45};
    enum synth_side peer = synth_peer(from);
    uint32_t server = sub ? 0x0a02000bu + c->server : 0x0a090909u;
    uint8_t *f = b->frame, *ip = f + 14, *tcp = f + 34;
    struct pcap_pkthdr h;
    size_t header;

    synth_opts_pad(o);
    header = 54 + o->size;
    memcpy(f, head, sizeof head);
    f[from == SYNTH_CLIENT ? 5 : 11] = (uint8_t)(11 + c->server);
    put16(ip + 2, (unsigned)(header - 14 + size));
    put16(ip + 4, ++b->ip_id);
    ip[6] = 0x40;
    ip[8] = from == SYNTH_CLIENT ? 61 : 64;
    ip[9] = 6;
    put32(ip + 12, from == SYNTH_CLIENT ? c->client : server);
    put32(ip + 16, from == SYNTH_CLIENT ? server : c->client);
    put16(ip + 10, synth_fold(synth_sum(0, ip, 20)));
    put16(tcp, from == SYNTH_CLIENT ? c->sport[sub] : 80);
    put16(tcp + 2, from == SYNTH_CLIENT ? 80 : c->sport[sub]);
    put32(tcp + 4, c->isn[sub][from] + c->snd[sub][from]);
    put32(tcp + 8, flags & MPA_TCP_ACK ? c->isn[sub][peer] + c->snd[sub][peer] : 0);
    tcp[12] = (uint8_t)((20 + o->size) / 4 << 4);
    tcp[13] = flags;
    put16(tcp + 14, 502);
    put32(tcp + 16, 0);
    memcpy(tcp + 20, o->bytes, o->size);
    put16(tcp + 16, synth_fold(synth_sum(synth_sum((uint32_t)(20 + o->size + size + 6), ip + 12, 8),
                                         tcp, 20 + o->size)));
    c->snd[sub][from] += size + (flags & (MPA_TCP_SYN | MPA_TCP_FIN) ? 1 : 0);
    h.len = (bpf_u_int32)(header + size);
    h.caplen = h.len < b->snaplen ? h.len : (bpf_u_int32)b->snaplen;
    if (h.caplen > header) {
        size_t rest = h.caplen - header;
        memset(f + header, 0, rest < sizeof b->frame - header ? rest : sizeof b->frame - header);
    }
    if (h.caplen > sizeof b->frame)
        h.caplen = sizeof b->frame;
    h.ts.tv_sec = SYNTH_EPOCH_S + b->now / 1000000000;
    h.ts.tv_usec = b->now % 1000000000;
    pcap_dump((u_char *)b->dump, &h, f);
    b->now += PACKET_NS;
    b->written++;
}

/* Options of a packet without SYN begin with the timestamps. */
static void begin(struct bench *b, struct slot *c, struct synth_opts *o, enum synth_side from)
{
    synth_opts_init(o);
    c->tsval[from] = c->isn[0][from] + (uint32_t)(b->now / 1000000);
    synth_opt_ts(o, c->tsval[from], c->tsval[synth_peer(from)]);
}

static void put_syn(struct bench *b, struct slot *c, struct synth_opts *o, enum synth_side from)
{
    synth_opts_init(o);
    c->tsval[from] = c->isn[0][from] + (uint32_t)(b->now / 1000000);
    synth_opt_syn(o, 1460, 7, true, c->tsval[from],
                  from == SYNTH_SERVER ? c->tsval[SYNTH_CLIENT] : 0);
}

static void dss(struct slot *c, struct synth_opts *o, int sub, enum synth_side from, uint32_t size,
                bool fin)
{
    enum synth_side peer = synth_peer(from);
    struct synth_dss d = {.ack = true,
                          .ack8 = c->form == FORM_WIDE,
                          .dsn8 = c->form == FORM_WIDE,
                          .map = size || fin,
                          .fin = fin,
                          .checksum = c->form == FORM_CHECKSUM,
                          .data_ack = c->idsn[peer] + c->data[peer],
                          .dsn = c->idsn[from] + c->data[from],
                          .ssn = size ? c->snd[sub][from] : 0,
                          .length = (uint16_t)(size + fin)};

    if (d.map && d.checksum)
        d.sum = mpa_crypto_dss_checksum(d.dsn, d.ssn, d.length, NULL, 0);
    synth_opt_dss(o, &d);
    c->data[from] += size + fin;
}

/* A packet with a DSS, or for plain TCP without. */
static void say(struct bench *b, struct slot *c, int sub, enum synth_side from, uint8_t flags,
                uint32_t size, bool data_fin)
{
    struct synth_opts o;

    begin(b, c, &o, from);
    if (!c->tcp)
        dss(c, &o, sub, from, size, data_fin);
    put(b, c, sub, from, flags | MPA_TCP_ACK, &o, size);
}

static uint8_t capable(const struct slot *c, bool no_join)
{
    return (uint8_t)(0x01 | (no_join ? 0x20 : 0) | (c->form == FORM_CHECKSUM ? 0x80 : 0));
}

/* The initial subflow up to the request. */
static void open_vip(struct bench *b, struct slot *c, unsigned step)
{
    static const enum synth_side sides[] = {SYNTH_CLIENT, SYNTH_SERVER, SYNTH_CLIENT, SYNTH_CLIENT};
    enum synth_side from = sides[step];
    uint8_t flags = capable(c, from == SYNTH_SERVER);
    uint32_t size = 0;
    struct synth_opts o;
    int sum = -1;

    if (step < 2)
        put_syn(b, c, &o, from);
    else
        begin(b, c, &o, from);
    if (step == 3)
        size = 120 + c->nonce[0] % 200;
    if (!c->tcp && step == 0) {
        synth_opt_capable(&o, SYNTH_N_CAPABLE_SYN, 1, flags, NULL, NULL, -1, -1);
    } else if (!c->tcp && step == 1) {
        synth_opt_capable(&o, SYNTH_N_CAPABLE_SYNACK, 1, flags, c->key[from], NULL, -1, -1);
    } else if (!c->tcp) {
        if (size && c->form == FORM_CHECKSUM)
            sum = mpa_crypto_dss_checksum(c->idsn[from] + 1, 1, (uint16_t)size, NULL, 0);
        synth_opt_capable(&o, SYNTH_N_CAPABLE_ACK, 1, flags, c->key[0], c->key[1],
                          size ? (int)size : -1, sum);
        c->data[from] += size;
    }
    put(b, c, 0, from,
        step == 0   ? MPA_TCP_SYN
        : step == 1 ? MPA_TCP_SYN | MPA_TCP_ACK
                    : (uint8_t)(MPA_TCP_ACK | (size ? MPA_TCP_PSH : 0)),
        &o, size);
}

/* MP_PRIO, ADD_ADDR, echo. */
static void signal_path(struct bench *b, struct slot *c, unsigned step)
{
    enum synth_side from = step == 2 ? SYNTH_CLIENT : SYNTH_SERVER;
    struct mpa_addr addr = server_addr(c);
    struct synth_opts o;
    uint8_t hmac[8];

    begin(b, c, &o, from);
    if (step == 0) {
        dss(c, &o, 0, from, 0, false);
        synth_opt_prio(&o, true, -1);
    } else if (step == 1) {
        mpa_crypto_add_addr(MPA_AA_RFC8684, c->key[1], c->key[0], 1, &addr, false, 0, hmac);
        synth_opt_add_addr(&o, false, 0, 1, &addr, 0, hmac);
    } else {
        synth_opt_add_addr(&o, true, 1, 1, &addr, 0, NULL);
    }
    put(b, c, 0, from, MPA_TCP_ACK, &o, 0);
}

static void join(struct bench *b, struct slot *c, unsigned step)
{
    enum synth_side from = step == 1 || step == 3 ? SYNTH_SERVER : SYNTH_CLIENT;
    enum synth_side peer = synth_peer(from);
    uint8_t hmac[MPA_HMAC_MAX];
    struct synth_opts o;

    if (step == 3) {
        say(b, c, 1, from, 0, 0, false);
        return;
    }
    if (step < 2)
        put_syn(b, c, &o, from);
    else
        begin(b, c, &o, from);
    if (step > 0)
        mpa_crypto_join_hmac(MPA_SHA256, c->key[from], c->key[peer], c->nonce[from], c->nonce[peer],
                             hmac);
    if (step == 0)
        synth_opt_join_syn(&o, false, 0, c->token_server, c->nonce[from]);
    else if (step == 1)
        synth_opt_join_synack(&o, false, 1, hmac, c->nonce[from]);
    else
        synth_opt_join_ack(&o, hmac);
    put(b, c, 1, from,
        step == 0   ? MPA_TCP_SYN
        : step == 1 ? MPA_TCP_SYN | MPA_TCP_ACK
                    : MPA_TCP_ACK,
        &o, 0);
}

/* DATA_FINs on the direct subflow, then FIN, FIN, ACK on each.  Returns true with the last
   packet. */
static bool finish(struct bench *b, struct slot *c, unsigned step)
{
    static const struct {
        uint8_t sub, from, flags, data_fin;
    } rows[CLOSE_PACKETS] = {
        {1, SYNTH_SERVER, 0, 1},           {1, SYNTH_CLIENT, 0, 0},
        {1, SYNTH_CLIENT, 0, 1},           {1, SYNTH_SERVER, 0, 0},
        {1, SYNTH_SERVER, MPA_TCP_FIN, 0}, {1, SYNTH_CLIENT, MPA_TCP_FIN, 0},
        {1, SYNTH_SERVER, 0, 0},           {0, SYNTH_SERVER, MPA_TCP_FIN, 0},
        {0, SYNTH_CLIENT, MPA_TCP_FIN, 0}, {0, SYNTH_SERVER, 0, 0},
    };

    if (c->tcp)
        step += 7;
    say(b, c, rows[step].sub, (enum synth_side)rows[step].from, rows[step].flags, 0,
        rows[step].data_fin);
    return step + 1 == CLOSE_PACKETS;
}

/* One packet of the slot's connection. */
static void visit(struct bench *b, struct slot *c)
{
    unsigned step;

    if (!c->live)
        start(b, c);
    step = c->step;
    if (step < 4) {
        open_vip(b, c, step);
        c->step = c->tcp && step == 3 ? HANDSHAKE_PACKETS : (uint8_t)(step + 1);
    } else if (step < 7) {
        signal_path(b, c, step - 4);
        c->step++;
    } else if (step < HANDSHAKE_PACKETS) {
        join(b, c, step - 7);
        c->step++;
    } else if (step == HANDSHAKE_PACKETS && (c->units || c->unit_step || b->never_close)) {
        bool ack = c->unit_step == 2;
        int sub = !c->tcp;
        say(b, c, sub, ack ? SYNTH_CLIENT : SYNTH_SERVER, ack ? 0 : MPA_TCP_PSH, ack ? 0 : c->size,
            false);
        c->unit_step = ack ? 0 : (uint8_t)(c->unit_step + 1);
        if (ack && c->units)
            c->units--;
    } else {
        c->step++;
        if (finish(b, c, step - HANDSHAKE_PACKETS)) {
            b->closed++;
            start(b, c); /* At once: never fewer than --live are open. */
            visit(b, c);
        }
    }
}

static int bench_usage(FILE *to)
{
    fputs("usage: mpa-synth bench -o FILE [OPTION]...\n"
          "  --packets N      packets to write (1000000)\n"
          "  --live N         connections that are live at any time (10000)\n"
          "  --connections N  connections in all, about: sets their mean length (packets / 120)\n"
          "  --never-close    no connection ends: exactly --live connections, all open at the end\n"
          "  --tcp-share P    percentage of plain TCP (0)\n"
          "  --snaplen N      bytes kept of a packet, at most 168 (128)\n"
          "  --seed N         (1)\n",
          to);
    return to == stderr ? 2 : 0;
}

/* 0, or an exit status + 1. */
static int bench_parse(int argc, char **argv, struct bench *b)
{
    enum { PACKETS, LIVE, CONNECTIONS, NEVER, SHARE, SNAPLEN, SEED, HELP };
    static const struct option options[] = {{"packets", required_argument, NULL, PACKETS},
                                            {"live", required_argument, NULL, LIVE},
                                            {"connections", required_argument, NULL, CONNECTIONS},
                                            {"never-close", no_argument, NULL, NEVER},
                                            {"tcp-share", required_argument, NULL, SHARE},
                                            {"snaplen", required_argument, NULL, SNAPLEN},
                                            {"seed", required_argument, NULL, SEED},
                                            {"help", no_argument, NULL, HELP},
                                            {NULL, 0, NULL, 0}};
    uint64_t *const values[] = {
        [PACKETS] = &b->packets, [LIVE] = &b->live,       [CONNECTIONS] = &b->connections,
        [SHARE] = &b->tcp_share, [SNAPLEN] = &b->snaplen, [SEED] = &b->seed};
    char *end;
    int c;

    while ((c = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
        if (c == 'o') {
            b->out = optarg;
        } else if (c == NEVER) {
            b->never_close = true;
        } else if (c == HELP) {
            return bench_usage(stdout) + 1;
        } else if (c == '?') {
            return bench_usage(stderr) + 1;
        } else {
            *values[c] = strtoull(optarg, &end, 10);
            if (!*optarg || *end || *optarg == '-')
                return bench_usage(stderr) + 1;
        }
    }
    if (optind != argc || !b->out || !b->live || b->tcp_share > 100 || b->snaplen < 94 ||
        b->snaplen > sizeof b->frame)
        return bench_usage(stderr) + 1;
    return 0;
}

/* A connection's turn: one packet of a handshake or of a close, a train of data. */
static void turn(struct bench *b, struct slot *c)
{
    visit(b, c);
    for (int i = 1; i < TRAIN_PACKETS && c->step == HANDSHAKE_PACKETS &&
                    (c->units || c->unit_step) && b->written < b->packets;
         i++)
        visit(b, c);
}

static int run(struct bench *b)
{
    struct slot *slots = synth_calloc(b->live * sizeof *slots);
    uint64_t length = b->connections ? b->packets / b->connections : 120;
    int status = 0;

    b->mean_units = length > HANDSHAKE_PACKETS + CLOSE_PACKETS + UNIT_PACKETS
                        ? (length - HANDSHAKE_PACKETS - CLOSE_PACKETS) / UNIT_PACKETS
                        : 1;
    for (uint64_t i = 0; b->written < b->packets; i = i + 1 == b->live ? 0 : i + 1)
        turn(b, slots + i);
    if (pcap_dump_flush(b->dump) != 0 || ferror(pcap_dump_file(b->dump))) {
        fprintf(stderr, "mpa-synth: %s cannot be written: %s\n", b->out, strerror(errno));
        status = 4;
    }
    fprintf(stderr, "packets %llu connections %llu closed %llu open %llu\n",
            (unsigned long long)b->written, (unsigned long long)b->started,
            (unsigned long long)b->closed, (unsigned long long)(b->started - b->closed));
    free(slots);
    return status;
}

int synth_bench(int argc, char **argv)
{
    struct bench b = {.packets = 1000000, .live = 10000, .snaplen = 128, .seed = 1};
    int status = bench_parse(argc, argv, &b);
    pcap_t *p;

    if (status)
        return status - 1;
    b.rng.state = b.seed;
    p = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, (int)b.snaplen,
                                             PCAP_TSTAMP_PRECISION_NANO);
    b.dump = p ? pcap_dump_open(p, b.out) : NULL;
    if (!b.dump) {
        fprintf(stderr, "mpa-synth: %s\n", p ? pcap_geterr(p) : "out of memory");
        if (p)
            pcap_close(p);
        return 4;
    }
    status = run(&b);
    pcap_dump_close(b.dump);
    pcap_close(p);
    return status;
}
