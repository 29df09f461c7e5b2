/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TCP options to bytes: what the generator writes.  The mirror image of the engine's decoder,
 * written apart from it.
 *
 * Layouts: RFC 8684 section 3 and RFC 6824 section 3; ADD_ADDR in the forms of the ICNP-2017 kernel
 * and of draft-v1. A builder keeps the TCP option area and remembers which rows of the report's
 * "options" its packet counts in.
 */
#ifndef SYNTH_ENCODE_H
#define SYNTH_ENCODE_H

#include "mpa/addr.h"
#include "mpa/crypto.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Rows of "options" in the JSON contract. */
enum synth_count {
    SYNTH_N_CAPABLE_SYN,
    SYNTH_N_CAPABLE_SYNACK,
    SYNTH_N_CAPABLE_ACK,
    SYNTH_N_CAPABLE_DATA,
    SYNTH_N_JOIN_SYN,
    SYNTH_N_JOIN_SYNACK,
    SYNTH_N_JOIN_ACK,
    SYNTH_N_DSS,
    SYNTH_N_ADD_ADDR,
    SYNTH_N_ADD_ADDR_ECHO,
    SYNTH_N_REMOVE_ADDR,
    SYNTH_N_PRIO,
    SYNTH_N_FAIL,
    SYNTH_N_FASTCLOSE,
    SYNTH_N_TCPRST,
    SYNTH_N_UNKNOWN,
    SYNTH_N_MALFORMED,
    SYNTH_COUNTS
};

/* Key of a row in the report. */
const char *synth_count_name(enum synth_count n);

#define SYNTH_OPTS_SIZE 40 /* What a TCP header can hold. */

struct synth_opts {
    uint8_t bytes[SYNTH_OPTS_SIZE];
    size_t size;
    uint8_t counted[SYNTH_COUNTS];
    int advert;       /* Index of the connection's advertisement that is in here; -1 none. */
    bool advert_echo; /* ... as an echo. */
    int hmac_row;     /* 0 join SYN/ACK, 1 join ACK, 2 ADD_ADDR; -1 none. */
    bool hmac_bad;
};

/* DSS fields; widths by flags as on the wire (RFC 8684 3.3). */
struct synth_dss {
    bool fin, map, ack, dsn8, ack8, checksum;
    uint64_t data_ack, dsn;
    uint32_t ssn;
    uint16_t length, sum;
};

void synth_opts_init(struct synth_opts *o);
size_t synth_opts_left(const struct synth_opts *o); /* Free bytes. */
void synth_opts_pad(struct synth_opts *o);          /* NOPs up to a multiple of four. */

/* All of these assert that there is room: a scenario that overfills a header is a defect of the
 * scenario. */
void synth_opt_bytes(struct synth_opts *o, const void *bytes, size_t size);
void synth_opt_syn(struct synth_opts *o, uint16_t mss, int wscale, bool has_ts, uint32_t tsval,
                   uint32_t tsecr);
void synth_opt_ts(struct synth_opts *o, uint32_t tsval, uint32_t tsecr);
void synth_opt_server_id(struct synth_opts *o, uint8_t kind,
                         uint32_t id); /* Katran's 0xB6, 0xB7. */

/* 'key_a' and 'key_b' may be NULL; 'length' < 0: none; 'sum' < 0: none. */
void synth_opt_capable(struct synth_opts *o, enum synth_count row, uint8_t version, uint8_t flags,
                       const uint8_t *key_a, const uint8_t *key_b, int length, int sum);
void synth_opt_join_syn(struct synth_opts *o, bool backup, uint8_t id, uint32_t token,
                        uint32_t nonce);
void synth_opt_join_synack(struct synth_opts *o, bool backup, uint8_t id, const uint8_t hmac[8],
                           uint32_t nonce);
void synth_opt_join_ack(struct synth_opts *o, const uint8_t hmac[20]);
void synth_opt_dss(struct synth_opts *o, const struct synth_dss *d);
size_t synth_dss_size(const struct synth_dss *d);
/* 'port' 0: none; 'hmac' NULL: none. */
void synth_opt_add_addr(struct synth_opts *o, bool echo, uint8_t nibble, uint8_t id,
                        const struct mpa_addr *addr, uint16_t port, const uint8_t *hmac);
void synth_opt_remove_addr(struct synth_opts *o, const uint8_t *ids, size_t count);
void synth_opt_prio(struct synth_opts *o, bool backup, int id); /* id < 0: the form without. */
void synth_opt_fail(struct synth_opts *o, uint64_t dsn);
void synth_opt_fastclose(struct synth_opts *o, const uint8_t key[MPA_KEY_SIZE]);
void synth_opt_tcprst(struct synth_opts *o, bool transient, uint8_t reason);

#endif
