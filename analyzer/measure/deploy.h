/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What kind of deployment stands behind a server address (protocol reference C.12), from inside.
 *
 *   deploy.c           counts of completed records, by the server address of their first subflow
 *   deploy_judge.c     the mode from those counts: pure functions
 *   deploy_rows.c      the rows of the report, with evidence as sentences
 *   deploy_identity.c  servers that put their identity into timestamps (D4)
 *   deploy_token.c     joins whose token is no hash of the key (D6)
 *
 * Only D4 needs anything of each packet: a comparison, until the server's clock has shown that it is
 * an ordinary one (usually the second packet).  All else comes from records when they are complete.
 */
#ifndef MPA_MEASURE_DEPLOY_H
#define MPA_MEASURE_DEPLOY_H

#include "mpa/measure.h"

#include <stddef.h>

#define DEPLOY_BROKEN   8    /* Connections that are named for a break; all are counted. */
#define DEPLOY_SERVERS  16   /* Physical servers kept of an address. */
#define DEPLOY_UNIQUES  32   /* Unique addresses kept of an address. */
#define DEPLOY_TOKENS   4096 /* Tokens with an identity kept of an address. */
#define DEPLOY_EVIDENCE 16   /* Sentences of a row. */

enum deploy_mode {
    DEPLOY_NONE,
    DEPLOY_D0,
    DEPLOY_D1,
    DEPLOY_D2,
    DEPLOY_D1_OR_D2,
    DEPLOY_D3,
    DEPLOY_D4,
    DEPLOY_D5,
    DEPLOY_D6,
    DEPLOY_D7,
};

enum deploy_confidence { DEPLOY_LOW, DEPLOY_MEDIUM, DEPLOY_HIGH };

/* Joins to one kind of address.  Nobody was seen to answer those that are in none of the last four. */
struct deploy_joins {
    int64_t tried;
    int64_t reached;   /* The host with the key answered. */
    int64_t misrouted; /* A host without the token answered, though the connection was alive. */
    int64_t bad;       /* The HMAC is wrong. */
    int64_t refused;   /* Any other RST. */
};

/* Connections that broke what a mode promises. */
struct deploy_breaks {
    int kept;
    int64_t ids[DEPLOY_BROKEN];
};

enum deploy_break {
    DEPLOY_BREAK_DIRECT, /* A join to a unique address missed the host with the key. */
    DEPLOY_BREAK_VIP,    /* The same to the VIP. */
    DEPLOY_BREAK_PORT,   /* The same to an advertised port of the VIP. */
    DEPLOY_BREAK_STRAY,  /* A subflow whose timestamps name another server. */
    DEPLOY_BREAKS,
};

/* What the mode is decided from: MPTCP connections whose first subflow is to one address.  Members
 * without a word of their own count connections. */
struct deploy_view {
    int64_t connections, c_set, c_clear;
    /* Their server advertised another address; this one with another port; asked for the first
     * subflow to be a backup; was joined at another address. */
    int64_t advert_other, advert_port, backup, joined_other;
    int64_t migrated;
    struct deploy_joins direct; /* To other addresses. */
    struct deploy_joins same;   /* To this address and the first subflow's port. */
    struct deploy_joins port;   /* To this address and an advertised port. */
    /* Joins of 'same' that somebody answered and that come from another address of the client, and
     * how many of them found the host with the key. */
    int64_t foreign_tried, foreign;
    int64_t elsewhere; /* Joins of 'same' to another physical server than the first subflow's. */
    int64_t hit;       /* Reset by a server without their state. */
    int64_t moved;     /* First subflows that changed their server ... */
    bool moved_more;   /* ... or more. */
    int64_t split;     /* Handshakes that two servers answered. */
    int64_t translated, encapsulated; /* Their packets to this address were seen so. */
    int64_t direct_encapsulated; /* Direct subflows seen so: then tunnels are not the balancer's. */
    bool one_way;      /* A capture holds only what goes to VIPs (direct server return). */
    int servers;       /* Physical servers seen behind the address. */
    int groups;        /* Unique addresses that belong to different servers, as far as known. */
    bool own_uniques;  /* Every connection has a unique address of its own. */
    bool ranges_apart; /* Ports of different servers (D5) do not mix ... */
    int ranges;        /* ... and of how many servers ports are known. */
    int64_t named;     /* The server's timestamps have an identity ... */
    int64_t unnamed;   /* ... or an ordinary clock. */
    int names;         /* Distinct identities. */
    int64_t strays;    /* Whose token is not in their identity's range. */
    double bits;       /* How improbable that order of the tokens is by chance: -log2. */
    int64_t underived; /* Joins whose token is no hash of the key, with a correct HMAC. */
    int64_t proxied;   /* Pairs that are one to the client and have different keys. */
    int64_t broken[DEPLOY_BREAKS];
};

struct deploy_verdict {
    enum deploy_mode mode;
    enum deploy_confidence confidence;
    int64_t consistent;   /* 0 or 1; MPA_NULL where nothing shows it. */
    enum deploy_break by; /* What 'consistent' is about; DEPLOY_BREAKS: the tokens' ranges, too. */
};

/* DEPLOY_NONE: nothing can be said. */
struct deploy_verdict measure_deploy_judge(const struct deploy_view *v);

/* ---- D4 ------------------------------------------------------------------------- */

/* A connection whose server's timestamps have the identity 'name'. */
struct deploy_token {
    uint32_t token;
    uint16_t name;
    bool stray; /* Set by measure_deploy_ranges(). */
    int64_t id;
};

/*
 * Whether the tokens of each identity are one contiguous range: sorts 'tokens' and marks the fewest
 * that it can find which are out of order.  '*ret_bits' is -log2 of the chance that tokens which
 * know nothing of identities lie so.  Returns the number of identities.
 */
int measure_deploy_ranges(struct deploy_token *tokens, size_t count, int64_t *ret_strays,
                          double *ret_bits);

/* ---- D6 ------------------------------------------------------------------------- */

/* A join that found no connection, and keys that it may belong to. */
struct deploy_orphan {
    struct mpa_addr server;
    uint32_t token, nonce[2];
    uint8_t hmac[8];
    bool by_server;
};

struct deploy_keys {
    struct mpa_addr server;
    uint8_t key[2][MPA_KEY_SIZE];
};

/* Whether 'o' is a join of the connection with these keys, though its token is no hash of them. */
bool measure_deploy_underived(const struct deploy_orphan *o, const struct deploy_keys *k);

/* ---- State ---------------------------------------------------------------------- */

/* One server address. */
struct deploy_vip {
    struct deploy_view view;
    uint16_t address;                 /* Index into the measure's addresses. */
    uint16_t servers[DEPLOY_SERVERS]; /* Indices of hops: what packets to the address went to. */
    int server_count;
    uint32_t flows[DEPLOY_SERVERS]; /* Subflows in which each was seen ... */
    uint32_t all_flows;             /* ... and all that show a server. */
    /* Subflows in which two MACs were seen at the same time: both from the beginning, or one later. */
    uint16_t together[DEPLOY_SERVERS][DEPLOY_SERVERS];
    uint16_t returned[DEPLOY_SERVERS][DEPLOY_SERVERS];
    struct {
        uint16_t server, min, max;
    } ports[DEPLOY_SERVERS];
    int port_count;
    struct {
        struct mpa_addr addr;
        int group; /* The lowest index of an address that a connection has with this one. */
    } uniques[DEPLOY_UNIQUES];
    int unique_count;
    /* Connections with a unique address, and those whose address another one had, too. */
    int64_t unique_connections, unique_shared;
    struct deploy_breaks breaks[DEPLOY_BREAKS];
    struct deploy_token *tokens;
    size_t token_count, token_capacity;
};

/* A connection as its client knows it (D7). */
struct deploy_client {
    struct mpa_endpoint client;
    uint32_t isn, token, captures;
    uint16_t vip; /* Index into 'vips'. */
};

#define DEPLOY_ADDRESSES 1024 /* As many as the measure knows by name. */

struct deploy {
    uint16_t of[DEPLOY_ADDRESSES]; /* By the measure's address: index into 'vips' + 1. */
    struct deploy_vip *vips;
    size_t vip_count, vip_capacity;
    struct deploy_orphan *orphans;
    size_t orphan_count, orphan_capacity;
    struct deploy_keys *keys; /* Of the latest connections; a ring. */
    size_t key_count, key_next, key_capacity;
    struct deploy_client *clients;
    size_t client_count, client_capacity;
    /* Memory of the report. */
    struct mpa_rec_deployment *rows;
    char **texts;
    size_t text_count, text_capacity;
    void **lists; /* Arrays of rows. */
    size_t list_count, list_capacity;
    int row_count;
};

struct mpa_conn;
struct mpa_subflow;

/* A server's packet on a subflow whose clock is not known to be ordinary. */
void measure_deploy_clock(const struct mpa_measure *m, const struct mpa_segment *seg,
                          struct mpa_subflow *sf);
/* A connection ends: its record's part, and what only the tracker knows. */
void measure_deploy_end(struct mpa_measure *m, const struct mpa_conn *conn,
                        struct mpa_rec_conn *ret);
/* A completed record. */
void measure_deploy_conn(struct mpa_measure *m, const struct mpa_rec_conn *conn);
/* Of that what the record alone takes. */
void measure_deploy_fill(const struct mpa_conn *conn, struct mpa_rec_conn *ret);
void measure_deploy_tokens(struct mpa_measure *m);  /* All records are in: D6. */
void measure_deploy_clients(struct mpa_measure *m); /* The same: D7. */
int measure_deploy_add(struct mpa_measure *m, const struct mpa_measure *from);
int measure_deploy_report(struct mpa_measure *m, struct mpa_rec_report *ret);
void measure_deploy_free(struct deploy *d);
/* The state of an address; NULL when it is not known by name, or memory ends. */
struct deploy_vip *measure_deploy_vip(struct mpa_measure *m, const struct mpa_addr *addr);

#endif
