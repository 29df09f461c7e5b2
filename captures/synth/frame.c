/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "frame.h"
#include "util.h"

#include <assert.h>
#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM       256                  /* For everything in front of the inner IP header. */
#define BUILD_SIZE (ROOM + 65536 + 128) /* A whole IP packet behind it. */

#define PROTO_ICMP    1
#define PROTO_IPV4    4
#define PROTO_TCP     6
#define PROTO_UDP     17
#define PROTO_IPV6    41
#define PROTO_GRE     47
#define PROTO_ICMP6   58
#define PROTO_DSTOPTS 60

const char *synth_link_name(enum synth_link l)
{
    static const char *const names[SYNTH_LINKS] = {"eth",  "sll",  "sll2", "raw",
                                                   "null", "vlan", "qinq"};
    return names[l];
}

const char *synth_tunnel_name(enum synth_tunnel t)
{
    static const char *const names[SYNTH_TUNNELS] = {"none", "gre",  "ipip", "vxlan", "geneve",
                                                     "gue0", "gue1", "4in6", "6in6",  "6in4"};
    return names[t];
}

int synth_link_dlt(enum synth_link l)
{
    static const int dlts[SYNTH_LINKS] = {DLT_EN10MB, DLT_LINUX_SLL, DLT_LINUX_SLL2, DLT_RAW,
                                          DLT_NULL,   DLT_EN10MB,    DLT_EN10MB};
    return dlts[l];
}

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

uint32_t synth_sum(uint32_t sum, const uint8_t *bytes, size_t size)
{
    uint64_t s = sum;

    for (; size > 1; bytes += 2, size -= 2)
        s += (unsigned)bytes[0] << 8 | bytes[1];
    if (size)
        s += (unsigned)bytes[0] << 8;
    while (s >> 32)
        s = (s & 0xffffffff) + (s >> 32);
    return (uint32_t)s;
}

uint16_t synth_fold(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

/* ---- A packet from the inside out: 'at' moves towards the front. ---- */

struct build {
    uint8_t *buf; /* BUILD_SIZE bytes. */
    size_t at;    /* First byte of what stands. */
    size_t end;
};

static uint8_t *front(struct build *b, size_t size)
{
    assert(b->at >= size);
    b->at -= size;
    return memset(b->buf + b->at, 0, size);
}

static size_t size_of(const struct build *b)
{
    return b->end - b->at;
}

static uint32_t pseudo_sum(const struct mpa_addr *src, const struct mpa_addr *dst, unsigned proto,
                           size_t size)
{
    bool v4 = mpa_addr_is_v4(src);
    uint32_t sum = (uint32_t)size + proto;

    sum = synth_sum(sum, v4 ? src->b + 12 : src->b, v4 ? 4 : 16);
    return synth_sum(sum, v4 ? dst->b + 12 : dst->b, v4 ? 4 : 16);
}

struct ip_fields {
    unsigned proto;
    uint8_t ttl;
    uint16_t id;
    bool options, more, dont_fragment;
    uint16_t offset;
};

static void put_ipv4(struct build *b, const struct mpa_addr *src, const struct mpa_addr *dst,
                     const struct ip_fields *f)
{
    size_t header = f->options ? 24 : 20;
    uint8_t *p = front(b, header);

    p[0] = (uint8_t)(0x40 | header / 4);
    put16(p + 2, (unsigned)size_of(b));
    put16(p + 4, f->id);
    put16(p + 6, (f->more ? 0x2000u : 0) | (f->dont_fragment ? 0x4000u : 0) | f->offset / 8u);
    p[8] = f->ttl;
    p[9] = (uint8_t)f->proto;
    memcpy(p + 12, src->b + 12, 4);
    memcpy(p + 16, dst->b + 12, 4);
    if (f->options)
        memset(p + 20, 1, 4);
    put16(p + 10, synth_fold(synth_sum(0, p, header)));
}

static void put_ipv6(struct build *b, const struct mpa_addr *src, const struct mpa_addr *dst,
                     const struct ip_fields *f)
{
    unsigned proto = f->proto;
    uint8_t *p;

    if (f->more || f->offset) {
        p = front(b, 8);
        p[0] = (uint8_t)proto;
        put16(p + 2, f->offset | (f->more ? 1u : 0));
        put32(p + 4, f->id);
        proto = 44;
    }
    if (f->options) {
        p = front(b, 8);
        p[0] = (uint8_t)proto;
        p[2] = 1; /* PadN over the six bytes that are left. */
        p[3] = 4;
        proto = PROTO_DSTOPTS;
    }
    p = front(b, 40);
    p[0] = 0x60;
    put16(p + 4, (unsigned)(size_of(b) - 40));
    p[6] = (uint8_t)proto;
    p[7] = f->ttl;
    memcpy(p + 8, src->b, 16);
    memcpy(p + 24, dst->b, 16);
}

static void put_ip(struct build *b, const struct mpa_addr *src, const struct mpa_addr *dst,
                   const struct ip_fields *f)
{
    if (mpa_addr_is_v4(src))
        put_ipv4(b, src, dst, f);
    else
        put_ipv6(b, src, dst, f);
}

/* The TCP header in front of the payload, which is copied. */
static void put_tcp(struct build *b, const struct synth_packet *p)
{
    uint8_t *t;

    b->at = ROOM;
    b->end = ROOM + p->payload_size;
    assert(b->end <= BUILD_SIZE);
    if (p->payload_size)
        memcpy(b->buf + b->at, p->payload, p->payload_size);
    assert(p->opts_size % 4 == 0);
    t = front(b, 20 + p->opts_size);
    put16(t, p->sport);
    put16(t + 2, p->dport);
    put32(t + 4, p->seq);
    put32(t + 8, p->ack);
    t[12] = (uint8_t)((5 + p->opts_size / 4) << 4);
    t[13] = p->flags;
    put16(t + 14, p->window);
    if (p->opts_size)
        memcpy(t + 20, p->opts, p->opts_size);
    put16(t + 16, synth_fold(synth_sum(pseudo_sum(&p->src, &p->dst, PROTO_TCP, size_of(b)), t,
                                       size_of(b))));
}

static void put_packet(struct build *b, const struct synth_packet *p)
{
    struct ip_fields f = {.proto = PROTO_TCP,
                          .ttl = p->ttl,
                          .id = p->ip_id,
                          .options = p->ip_options,
                          .dont_fragment = p->ip_id != 0};

    put_tcp(b, p);
    put_ip(b, &p->src, &p->dst, &f);
}

/* An inner Ethernet header, for the tunnels that carry one. */
static void put_inner_ethernet(struct build *b, const struct synth_packet *p)
{
    bool v4 = mpa_addr_is_v4(&p->src);
    uint8_t *e = front(b, 14);

    memcpy(e, p->dst_mac, 6);
    memcpy(e + 6, p->src_mac, 6);
    e[0] = e[6] = 0x06; /* Local addresses of the overlay. */
    put16(e + 12, v4 ? 0x0800 : 0x86dd);
}

static void put_udp(struct build *b, const struct synth_packet *p, uint16_t dport)
{
    uint8_t *u = front(b, 8);
    uint16_t sum;

    put16(u, 0xc000u | (p->sport & 0x3fffu)); /* Entropy for ECMP, from the inner flow. */
    put16(u + 2, dport);
    put16(u + 4, (unsigned)size_of(b));
    sum = synth_fold(
        synth_sum(pseudo_sum(&p->outer_src, &p->outer_dst, PROTO_UDP, size_of(b)), u, size_of(b)));
    put16(u + 6, sum ? sum : 0xffff);
}

static void put_tunnel(struct build *b, const struct synth_packet *p)
{
    bool v4 = mpa_addr_is_v4(&p->src);
    struct ip_fields f = {.proto = PROTO_UDP, .ttl = 64, .dont_fragment = true};
    uint8_t *t;

    switch (p->tunnel) {
    case SYNTH_TUNNEL_NONE:
    case SYNTH_TUNNELS:
        return;
    case SYNTH_TUNNEL_IPIP:
    case SYNTH_TUNNEL_4IN6:
    case SYNTH_TUNNEL_6IN6:
    case SYNTH_TUNNEL_6IN4:
        f.proto = v4 ? PROTO_IPV4 : PROTO_IPV6;
        break;
    case SYNTH_TUNNEL_GRE:
        f.proto = PROTO_GRE;
        put16(front(b, 4) + 2, v4 ? 0x0800 : 0x86dd);
        break;
    case SYNTH_TUNNEL_VXLAN:
        put_inner_ethernet(b, p);
        t = front(b, 8);
        t[0] = 0x08; /* The network identifier is valid. */
        t[6] = 42;
        put_udp(b, p, 4789);
        break;
    case SYNTH_TUNNEL_GENEVE:
        put_inner_ethernet(b, p);
        t = front(b, 8);
        put16(t + 2, 0x6558); /* Ethernet inside. */
        t[6] = 42;
        put_udp(b, p, 6081);
        break;
    case SYNTH_TUNNEL_GUE0:
        front(b, 4)[1] = v4 ? PROTO_IPV4 : PROTO_IPV6;
        put_udp(b, p, 6080);
        break;
    case SYNTH_TUNNEL_GUE1:
        put_udp(b, p, 6080);
        break;
    }
    put_ip(b, &p->outer_src, &p->outer_dst, &f);
}

static void put_link(struct build *b, const struct synth_packet *p, enum synth_link link)
{
    const struct mpa_addr *outer = p->tunnel ? &p->outer_src : &p->src;
    bool v4 = mpa_addr_is_v4(outer);
    unsigned type = v4 ? 0x0800 : 0x86dd;
    uint32_t family = v4 ? 2 : 30;
    uint8_t *l;

    switch (link) {
    case SYNTH_LINK_RAW:
    case SYNTH_LINKS:
        return;
    case SYNTH_LINK_NULL:
        memcpy(front(b, 4), &family, 4); /* In the byte order of the host that captures. */
        return;
    case SYNTH_LINK_SLL:
        l = front(b, 16);
        put16(l, p->outgoing ? 4 : 0);
        put16(l + 2, 1);
        put16(l + 4, 6);
        memcpy(l + 6, p->src_mac, 6);
        put16(l + 14, type);
        return;
    case SYNTH_LINK_SLL2:
        l = front(b, 20);
        put16(l, type);
        put32(l + 4, p->ifindex);
        put16(l + 8, 1);
        l[10] = p->outgoing ? 4 : 0;
        l[11] = 6;
        memcpy(l + 12, p->src_mac, 6);
        return;
    case SYNTH_LINK_VLAN:
    case SYNTH_LINK_QINQ:
        l = front(b, 4);
        put16(l, 100);
        put16(l + 2, type);
        type = 0x8100;
        if (link == SYNTH_LINK_QINQ) {
            l = front(b, 4);
            put16(l, 200);
            put16(l + 2, type);
            type = 0x88a8;
        }
        break;
    case SYNTH_LINK_ETH:
        break;
    }
    l = front(b, 14);
    memcpy(l, p->dst_mac, 6);
    memcpy(l + 6, p->src_mac, 6);
    put16(l + 12, type);
}

/* ---- The store ---- */

struct record {
    int64_t ns;
    size_t order; /* Of making. */
    uint8_t *bytes;
    uint32_t size;
};

struct synth_store {
    enum synth_link link;
    uint8_t *buf;
    struct record *at;
    size_t count, capacity;
    size_t longest_header;
};

struct synth_store *synth_store_new(enum synth_link link)
{
    struct synth_store *s = synth_calloc(sizeof *s);

    s->link = link;
    s->buf = synth_calloc(BUILD_SIZE);
    return s;
}

void synth_store_free(struct synth_store *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->count; i++)
        free(s->at[i].bytes);
    free(s->at);
    free(s->buf);
    free(s);
}

static void keep(struct synth_store *s, const struct build *b, int64_t ns, size_t payload)
{
    struct record *r;

    if (s->count == s->capacity) {
        s->capacity = s->capacity ? 2 * s->capacity : 256;
        s->at = synth_realloc(s->at, s->capacity * sizeof *s->at);
    }
    r = s->at + s->count;
    *r = (struct record){.ns = ns, .order = s->count, .size = (uint32_t)size_of(b)};
    r->bytes = synth_realloc(NULL, size_of(b));
    memcpy(r->bytes, b->buf + b->at, size_of(b));
    s->count++;
    if (size_of(b) - payload > s->longest_header)
        s->longest_header = size_of(b) - payload;
}

void synth_store_tcp(struct synth_store *s, const struct synth_packet *p)
{
    struct build b = {.buf = s->buf};

    put_packet(&b, p);
    put_tunnel(&b, p);
    put_link(&b, p, s->link);
    keep(s, &b, p->ns, p->payload_size);
}

void synth_store_fragments(struct synth_store *s, const struct synth_packet *p, uint16_t first)
{
    struct build b = {.buf = s->buf};
    uint8_t *segment;
    size_t size;

    put_tcp(&b, p);
    size = size_of(&b);
    assert(first % 8 == 0 && first < size);
    segment = synth_calloc(size);
    memcpy(segment, b.buf + b.at, size);
    for (int part = 0; part < 2; part++) {
        struct ip_fields f = {.proto = PROTO_TCP,
                              .ttl = p->ttl,
                              .id = p->ip_id,
                              .more = part == 0,
                              .offset = part ? first : 0};
        size_t bytes = part ? size - first : first;
        b.at = ROOM;
        b.end = ROOM + bytes;
        memcpy(b.buf + b.at, segment + f.offset, bytes);
        put_ip(&b, &p->src, &p->dst, &f);
        put_tunnel(&b, p);
        put_link(&b, p, s->link);
        keep(s, &b, p->ns + part, part ? bytes : bytes - 20 - p->opts_size);
    }
    free(segment);
}

void synth_store_too_big(struct synth_store *s, const struct synth_packet *p, uint32_t mtu,
                         const struct synth_packet *quoted)
{
    struct build b = {.buf = s->buf};
    bool v4 = mpa_addr_is_v4(&p->src);
    struct ip_fields f = {.proto = v4 ? PROTO_ICMP : PROTO_ICMP6, .ttl = p->ttl};
    size_t most = v4 ? 548 : 1232; /* RFC 1812 4.3.2.3, RFC 4443 2.4: the minimum MTU is kept. */
    uint8_t *i;

    put_packet(&b, quoted);
    if (size_of(&b) > most)
        b.end = b.at + most;
    i = front(&b, 8);
    i[0] = v4 ? 3 : 2;
    i[1] = v4 ? 4 : 0;
    put32(i + 4, mtu);
    put16(i + 2, synth_fold(synth_sum(v4 ? 0 : pseudo_sum(&p->src, &p->dst, f.proto, size_of(&b)),
                                      i, size_of(&b))));
    put_ip(&b, &p->src, &p->dst, &f);
    put_tunnel(&b, p);
    put_link(&b, p, s->link);
    keep(s, &b, p->ns, size_of(&b));
}

size_t synth_store_count(const struct synth_store *s)
{
    return s->count;
}

size_t synth_store_longest_header(const struct synth_store *s)
{
    return s->longest_header;
}

static int by_time(const void *a, const void *b)
{
    const struct record *x = a, *y = b;

    if (x->ns != y->ns)
        return x->ns < y->ns ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

size_t synth_store_frame(const struct synth_store *s, size_t made)
{
    size_t before = 0;

    for (size_t i = 0; i < s->count; i++)
        before += by_time(&s->at[i], &s->at[made]) < 0;
    return before + 1;
}

int synth_store_write(struct synth_store *s, const char *path, uint32_t snaplen)
{
    pcap_t *p = pcap_open_dead_with_tstamp_precision(synth_link_dlt(s->link), (int)snaplen,
                                                     PCAP_TSTAMP_PRECISION_NANO);
    pcap_dumper_t *d = p ? pcap_dump_open(p, path) : NULL;
    int status = 0;

    if (!d) {
        fprintf(stderr, "mpa-synth: %s\n", p ? pcap_geterr(p) : "out of memory");
        if (p)
            pcap_close(p);
        return -1;
    }
    qsort(s->at, s->count, sizeof *s->at, by_time);
    for (size_t i = 0; i < s->count; i++) {
        const struct record *r = s->at + i;
        struct pcap_pkthdr h = {.len = r->size, .caplen = r->size < snaplen ? r->size : snaplen};
        h.ts.tv_sec = SYNTH_EPOCH_S + r->ns / 1000000000;
        h.ts.tv_usec = r->ns % 1000000000; /* Nanoseconds: see the precision above. */
        pcap_dump((u_char *)d, &h, r->bytes);
    }
    if (pcap_dump_flush(d) != 0 || ferror(pcap_dump_file(d))) {
        fprintf(stderr, "mpa-synth: %s cannot be written: %s\n", path, strerror(errno));
        status = -1;
    }
    pcap_dump_close(d);
    pcap_close(p);
    return status;
}
