/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The generator's model: hosts, connections, subflows, and what a capture at one point of the path
 * would hold of them.
 *
 * A scenario tells each connection in order; the connection has its own virtual clock.  A packet
 * from one side comes gap[side] after the packet of the other side that it answers, and
 * SYNTH_GAP_SAME after one of its own.  Whatever is written is counted at once: the expected
 * results are the model's own bookkeeping, never the analyzer's.
 *
 * Sequence numbers are kept as 64-bit offsets from the initial ones: offset 0 is the SYN (or, at
 * the data level, the initial data sequence number), offset 1 the first byte.
 *
 * Pointers that the functions here return belong to the struct synth.
 */
#ifndef SYNTH_SYNTH_H
#define SYNTH_SYNTH_H

#include "encode.h"
#include "frame.h"
#include "util.h"

#include "mpa/option.h"

#include <jansson.h>

#define SYNTH_MS       INT64_C(1000000)
#define SYNTH_S        INT64_C(1000000000)
#define SYNTH_GAP_SAME INT64_C(20000)
#define SYNTH_MSS      1400 /* Payload of a full segment: leaves room for 40 bytes of options. */
#define SYNTH_REQUEST  300

#define SYNTH_TS_NAME UINT32_C(0xfff)

enum synth_side { SYNTH_CLIENT = 0, SYNTH_SERVER = 1 };

static inline enum synth_side synth_peer(enum synth_side side)
{
    return side == SYNTH_CLIENT ? SYNTH_SERVER : SYNTH_CLIENT;
}

/* A machine.  A server's 'addr' is its unique address; the VIP is nobody's alone. */
struct synth_host {
    const char *name;
    struct mpa_addr addr;
    struct mpa_addr outer; /* Where balancers encapsulate to. */
    uint8_t mac[6];
    uint8_t ttl;        /* At the point of capture. */
    uint16_t ip_id;     /* Counts up. */
    uint32_t ts_base;   /* Offset of its timestamp clock (milliseconds). */
    uint32_t ts_tick;   /* Milliseconds by which the clock advances at a time; 0: 1. */
    uint16_t ts_name;   /* What the low 12 bits of its timestamps hold; 0: the clock's. */
    uint32_t server_id; /* Katran; 0: writes none. */
};

struct synth_end {
    struct synth_host *host;
    struct mpa_addr addr;
    uint16_t port;
};

struct synth_conn;

/* What one side sent on a subflow. */
struct synth_half {
    uint32_t isn;
    uint64_t snd;             /* Next offset. */
    struct synth_set arrived; /* Offsets that reached the peer. */
    struct synth_set seen;    /* ... that the capture holds. */
    uint32_t tsval;           /* Latest that reached the peer. */
    uint32_t nonce;           /* MP_JOIN. */
    uint8_t id;               /* Address ID. */
    int backup;               /* As told by this side: 0, 1; -1 nothing was said. */
    bool fin, rst;
    bool hidden;           /* The capture does not hold what this side sends here. */
    int64_t first_data_ns; /* First payload in the capture; -1. */
    uint64_t packets, bytes, retransmitted, reinjected;
};

struct synth_subflow {
    struct synth_conn *conn;
    struct synth_end end[2];
    struct synth_half half[2];
    enum synth_side opener;
    bool join, has_ts;
    uint32_t fast_open; /* Payload of the SYN, outside the data sequence numbers (RFC 8684 B.2). */
    enum synth_tunnel tunnel;                                     /* Of packets to the server. */
    int64_t first_ns, last_ns, syn_ns, established_ns, usable_ns; /* -1: not in the capture. */
    int64_t fin_ns; /* When the last of both FINs was sent. */
    unsigned syns;  /* SYNs of the opener in the capture. */
    struct {
        const char *class; /* NULL: none. */
        enum synth_side from;
        int64_t ns;
        int reason, transient; /* -1: no MP_TCPRST. */
    } reset;
};

/* An advertised address. */
struct synth_advert {
    enum synth_side from;
    uint8_t id;
    struct mpa_addr addr;
    uint16_t port;
    uint64_t transmissions, echoes;                          /* In the capture. */
    int64_t first_ns, last_ns, echo_ns, last_before_echo_ns; /* -1: not in the capture. */
    bool bad;                                                /* The HMAC is damaged. */
    bool arrived;                                            /* A copy reached the peer. */
    bool echoed;                                             /* The peer sent an echo. */
    bool answered;                                           /* An echo reached the advertiser. */
};

#define SYNTH_SUBFLOWS 8
#define SYNTH_ADVERTS  8

/* Data that a packet declared for the first time (protocol reference D.4). */
struct synth_declared {
    int64_t ns;
    uint32_t bytes;
    bool direct;
};

struct synth_conn_config {
    enum mpa_dialect dialect; /* MPA_DIALECT_UNKNOWN: plain TCP. */
    struct synth_host *client, *server;
    const struct mpa_addr *vip; /* NULL: the server's own address. */
    uint16_t sport, dport;      /* 0: any, 80. */
    int64_t start;              /* Time of the first packet. */
    bool checksum;
    bool server_c, client_c; /* "No joins to this address". */
    bool no_ts;
};

struct synth_conn {
    struct synth *s;
    struct synth_conn_config cfg;
    uint8_t key[2][MPA_KEY_SIZE];
    uint32_t token[2];
    uint64_t idsn[2];
    struct synth_subflow *subflows[SYNTH_SUBFLOWS];
    size_t subflow_count;
    struct synth_advert adverts[SYNTH_ADVERTS];
    size_t advert_count;
    struct {
        uint64_t snd;
        struct synth_set arrived, seen, declared;
        uint64_t bytes, out_of_order;
    } data[2];
    bool got_dss[2];               /* This side has received a DSS. */
    struct synth_declared *log[2]; /* By sender: data as it was declared for the first time. */
    size_t log_count[2], log_capacity[2];
    int64_t prio_ns; /* The server's first MP_PRIO backup on the initial subflow; -1. */
    bool fallback;   /* No MPTCP options any more. */
    bool no_keys;    /* The capture does not hold what HMACs are verified with. */
    bool wide;       /* 64-bit numbers in DSS. */
    bool narrow_dsn; /* With 'wide': data sequence numbers have 32 bits nevertheless. */
    /* The ICNP-2017 kernel's server, see compose(). */
    bool icnp_advertises, icnp_prio;
    int64_t now;
    int last_from;             /* enum synth_side; -1 before the first packet. */
    int64_t first_ns, last_ns; /* In the capture; -1. */
    /* Expectations that only the scenario knows. */
    json_t *patch;          /* Merged over the automatic ones. */
    const char *forget[16]; /* Keys that the capture cannot give or that are not the point. */
    size_t forget_count;
};

struct synth_tx;

struct synth {
    enum synth_link link;
    enum synth_tunnel tunnel;
    struct synth_rng rng;
    struct synth_store *store;
    struct synth_host *hosts[16];
    size_t host_count;
    struct synth_host *client, *server[4]; /* Made by synth_net(). */
    struct mpa_addr vip;
    int64_t gap[2]; /* By the side that answers. */
    struct synth_conn **conns;
    size_t conn_count, conn_capacity;
    uint64_t options[SYNTH_COUNTS][2];
    uint64_t hmac[3][3]; /* Join SYN/ACK, join ACK, ADD_ADDR; ok, bad, unverifiable. */
    uint64_t copies, segments, rst_packets;
    uint64_t fragments;
    json_t *reset_classes;
    json_t *patch; /* Of the whole report. */
    json_t *forget;
    uint32_t ifindex;
    const char *vantage; /* Of the capture; NULL: not expected. */
    bool ip_options;     /* Every third packet gets them. */
    /* Called for each packet before it is written: makes the copies that other interfaces see, and
       may delay the packet itself. The first of them has the packet's time, which is what is
       expected.  NULL: none. */
    void (*copy_packet)(struct synth *s, struct synth_packet *p, enum synth_side from);
    /* Called with each packet that is about to be sent, by whatever function, before its options are padded; may change it.  Only the
       packet and what the model learns from it change, not what the sender believes.  NULL: none. */
    void (*alter)(struct synth *s, struct synth_tx *tx);
    unsigned
        alter_calls; /* Of 'alter' so far, the present one included; a scenario may set it back. */
    /* What --churn gets: lines "time,action,server". */
    struct synth_churn {
        int64_t ns;
        const char *action, *server;
    } churn[16];
    size_t churn_count;
    struct {
        const char *rule;
        size_t packet; /* Index in the store. */
    } found[16];       /* synth_found() in rules.h. */
    size_t found_count;
    bool with_churn, with_servers; /* The analyzer will be given the log, the list of servers. */
};

/* ---- model.c ---- */

void synth_init(struct synth *s, uint64_t seed, enum synth_link link, enum synth_tunnel tunnel);
void synth_free(struct synth *s);

/* Client, four servers and the VIP, IPv4 or IPv6.  Called by synth_init() for IPv4; a scenario may
 * call it again first. */
void synth_net(struct synth *s, bool v6);

struct mpa_addr synth_v4(unsigned a, unsigned b, unsigned c, unsigned d);
struct mpa_addr synth_v6(unsigned group, unsigned host); /* fd00:GROUP::HOST */

struct synth_host *synth_host(struct synth *s, const char *name, struct mpa_addr addr,
                              unsigned number);

/* A connection with its initial subflow; nothing is written yet. */
struct synth_conn *synth_conn(struct synth *s, const struct synth_conn_config *cfg);

/* Another key for one side: token and initial data sequence number follow. */
void synth_set_key(struct synth_conn *c, enum synth_side side, const uint8_t key[MPA_KEY_SIZE]);

/* A further subflow; nothing is written yet. */
struct synth_subflow *synth_subflow(struct synth_conn *c, enum synth_side opener,
                                    struct synth_end client, struct synth_end server);

/* The timestamp that a host sends at this time. */
uint32_t synth_clock(const struct synth_host *h, int64_t ns);

void synth_wait(struct synth_conn *c, int64_t ns); /* Let time pass. */
void synth_at(struct synth_conn *c, int64_t ns);   /* Go on at this time (not before now). */

/* One packet about to be sent.  synth_tx() fills it for the next thing that 'from' would say; the
   scenario changes what it wants otherwise; synth_emit() sends it. */
struct synth_tx {
    struct synth_subflow *f;
    enum synth_side from;
    uint8_t flags;
    uint64_t off;      /* Of the first byte, or of the SYN or FIN. */
    uint32_t size;     /* Payload. */
    uint64_t data_off; /* Data level; 0: the payload is not mapped. */
    bool data_fin;     /* data_off + size is the DATA_FIN's. */
    struct synth_opts opts;
    uint16_t window;
    uint8_t ttl;
    int ip_id; /* -1: the host's next. */
    bool raw;  /* 'seq' and 'ack' are given and nothing but the packet counts. */
    uint32_t seq, ack;
    bool unseen;           /* Arrives, but the capture does not hold it. */
    bool lost;             /* The capture holds it, but it never arrives. */
    bool damaged;          /* A middlebox changed its payload. */
    const char *rst_class; /* Of a RST. */
    int reason, transient; /* Its MP_TCPRST; -1 none. */
    uint64_t map_off;      /* Data that its mapping declares, if more than its own payload. */
    uint32_t map_size;
    struct synth_host
        *server; /* The server that really sends or gets it; NULL: the subflow's end. */
};

struct synth_tx synth_tx(struct synth_subflow *f, enum synth_side from, uint8_t flags);
void synth_emit(struct synth_tx *tx);

/* The same packet once more, identical to its layer 2: the network duplicated it. */
void synth_emit_again(struct synth_tx *tx, int64_t later_ns);

/* Write the captures of this scenario with another link layer than the command line's. */
void synth_relink(struct synth *s, enum synth_link link);

/* Note a change of the pool of servers. */
void synth_churn(struct synth *s, int64_t ns, const char *action, const struct synth_host *server);

/* What a tx would become (for copies and quotations); 'payload' has room for tx->size bytes. */
struct synth_packet synth_packet_of(const struct synth_tx *tx, uint8_t *payload);

/* The payload of a side: a function of the data offset, so that a reinjection holds the same
   bytes. */
void synth_payload(uint64_t off, uint8_t *ret, size_t size);

/* Number on the wire. */
uint32_t synth_seq(const struct synth_subflow *f, enum synth_side side, uint64_t off);
/* The same as a subflow sequence number: behind the payload of the SYN. */
uint32_t synth_ssn(const struct synth_subflow *f, enum synth_side side, uint64_t off);
uint64_t synth_dsn(const struct synth_conn *c, enum synth_side side, uint64_t off);
uint64_t synth_received(const struct synth_subflow *f,
                        enum synth_side from); /* Next offset that the peer of 'from' awaits. */
uint64_t synth_data_received(const struct synth_conn *c, enum synth_side from);

/* ---- dialog.c: what hosts say ---- */

/* SYN, SYN/ACK and third ACK of the initial subflow, as the dialect has them. */
void synth_syn(struct synth_subflow *f);
void synth_synack(struct synth_subflow *f);
void synth_ack3(struct synth_subflow *f);
void synth_plain_syn(struct synth_subflow *f);
void synth_plain_synack(struct synth_subflow *f);
void synth_open(struct synth_conn *c); /* All three. */

/* One segment of new data, an acknowledgement, a transfer in segments of SYNTH_MSS with an
 * acknowledgement for every two. */
void synth_data(struct synth_subflow *f, enum synth_side from, uint32_t size);
void synth_ack(struct synth_subflow *f, enum synth_side from);
void synth_transfer(struct synth_subflow *f, enum synth_side from, uint32_t bytes);

/* One mapping over several segments, repeated on each (as upstream Linux does). */
void synth_burst(struct synth_subflow *f, enum synth_side from, uint32_t bytes);

/* Data that was sent before: on the same subflow ('off' is its old offset) or on another (off 0: a
 * new offset). */
void synth_resend(struct synth_subflow *f, enum synth_side from, uint64_t off, uint64_t data_off,
                  uint32_t size);

/* The options that a packet with or without a mapping has, in this dialect; used by the functions
 * above. */
void synth_compose(struct synth_tx *tx, bool map);

/* ADD_ADDR on a pure ACK; returns its index.  Again, echo, REMOVE_ADDR, MP_PRIO likewise. */
size_t synth_advertise(struct synth_subflow *f, enum synth_side from, uint8_t id,
                       struct mpa_addr addr, uint16_t port);
void synth_advertise_again(struct synth_subflow *f, size_t advert);
void synth_echo(struct synth_subflow *f, size_t advert);
void synth_remove(struct synth_subflow *f, enum synth_side from, uint8_t id);
void synth_prio(struct synth_subflow *f, enum synth_side from, bool backup);

/* Put an advertisement (or its echo) into a packet's options. */
void synth_put_advert(struct synth_tx *tx, size_t advert, bool echo);
size_t synth_new_advert(struct synth_conn *c, enum synth_side from, uint8_t id,
                        struct mpa_addr addr, uint16_t port);

/* A join in its four packets, and all of them. */
void synth_join_syn(struct synth_subflow *f, bool backup);
void synth_join_synack(struct synth_subflow *f, bool backup);
void synth_join_ack(struct synth_subflow *f);
void synth_join_ack4(struct synth_subflow *f);
struct synth_subflow *synth_join(struct synth_conn *c, struct mpa_addr addr, uint8_t id);
struct synth_subflow *synth_join_from(struct synth_conn *c, struct synth_host *client,
                                      struct mpa_addr addr, uint8_t client_id);

/* The usual opening of a load-balanced connection up to the usable direct subflow: C, request,
   MP_PRIO, ADD_ADDR, echo, join to the server's unique address.  Returns the direct subflow. */
struct synth_subflow *synth_open_lb(struct synth_conn *c);

void synth_data_fin(struct synth_subflow *f, enum synth_side from, bool again);
void synth_fin(struct synth_subflow *f, enum synth_side from);
void synth_close_subflow(struct synth_subflow *f, enum synth_side first);
void synth_close(struct synth_conn *c, enum synth_side first);

/* Resets.  The class is what the report must call it. */
struct synth_tx synth_rst_stateless(struct synth_subflow *f,
                                    enum synth_side from);                    /* Not sent yet. */
struct synth_tx synth_rst_own(struct synth_subflow *f, enum synth_side from); /* Not sent yet. */
void synth_redirect(struct synth_subflow *f, struct synth_host *wrong);

/* ---- expect.c ---- */

/* Merge an object into the expectations of a connection, or of the report; jansson's json_pack()
 * format. */
void synth_expect(struct synth_conn *c, const char *format, ...);
void synth_expect_report(struct synth *s, const char *format, ...);
void synth_forget(struct synth_conn *c, const char *key); /* Do not expect this key. */
void synth_forget_report(struct synth *s, const char *key);

/* The whole expectation; a new reference. */
json_t *synth_expectation(struct synth *s);

/* ---- Scenarios ---- */

struct synth_scenario {
    const char *name;
    const char *dialect;
    void (*make)(struct synth *s);
    const char *text;
};

/* One table a file; each ends with a row whose name is NULL. */
extern const struct synth_scenario synth_scenarios_dialects[];
extern const struct synth_scenario synth_scenarios_fallback[];
extern const struct synth_scenario synth_scenarios_tracking[];
extern const struct synth_scenario synth_scenarios_resets[];
extern const struct synth_scenario synth_scenarios_views[];
extern const struct synth_scenario synth_scenarios_deploy[];

/* bench.c: "mpa-synth bench ...".  Returns the exit status. */
int synth_bench(int argc, char **argv);

#endif
