/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys, tokens, initial data sequence numbers, HMACs and the DSS checksum (libgcrypt, nothing
 * allocated).
 *
 * RFC 8684 sections 3.1, 3.2, 3.3.1, 3.4.1; RFC 6824 the same sections; draft-v1: rfc6824bis-04 as
 * the mptcp.org kernel wrote it.  Keys are 8 bytes as on the wire.  The hash is SHA-1 for rfc6824,
 * icnp2017, apple-v0 and draft-v1, SHA-256 for rfc8684 and rfc8684-early.
 *
 * mpa_crypto_init() must have returned 0 once before anything else here is called; all else cannot
 * fail, keeps no state and may be called by several threads at once.
 */
#ifndef MPA_CRYPTO_H
#define MPA_CRYPTO_H

#include "mpa/addr.h"

#include <stddef.h>
#include <stdint.h>

enum mpa_hash { MPA_SHA1, MPA_SHA256 };

#define MPA_KEY_SIZE 8
#define MPA_HMAC_MAX 32 /* Bytes of the longest HMAC (SHA-256). */

/* Start libgcrypt.  May be called again.  0, or MPA_ERR_INTERNAL where the library is too old. */
int mpa_crypto_init(void);

/* Token (first 32 bits of the hash) and initial data sequence number (last 64 bits).  RFC
 * 8684 3.1, 3.2. */
void mpa_crypto_key(enum mpa_hash hash, const uint8_t key[MPA_KEY_SIZE], uint32_t *ret_token,
                    uint64_t *ret_idsn);

/* HMAC over 'size' bytes at 'message' with 'key_size' (<= 64) bytes of key into 'ret' (20 or 32
   bytes written; the rest of 'ret' is zeroed).  Returns the number of bytes of the HMAC. */
size_t mpa_crypto_hmac(enum mpa_hash hash, const uint8_t *key, size_t key_size,
                       const uint8_t *message, size_t size, uint8_t ret[MPA_HMAC_MAX]);

/* HMAC of an MP_JOIN: key = 'key_sender' || 'key_peer', message = 'nonce_sender' || 'nonce_peer',
   where sender is the host that sends the option.  The SYN/ACK carries the first 8 bytes, the third
   ACK the first 20.  RFC 8684 3.2. */
void mpa_crypto_join_hmac(enum mpa_hash hash, const uint8_t key_sender[MPA_KEY_SIZE],
                          const uint8_t key_peer[MPA_KEY_SIZE], uint32_t nonce_sender,
                          uint32_t nonce_peer, uint8_t ret[MPA_HMAC_MAX]);

/* The 8 bytes that an ADD_ADDR carries, by dialect form. */
enum mpa_add_addr_hmac {
    MPA_AA_RFC8684, /* HMAC-SHA256(sender||peer), rightmost 64 bits; port 00 00 when absent. */
    MPA_AA_EARLY,   /* The same HMAC, leftmost 64 bits (Linux 5.6 and 5.7). */
    MPA_AA_DRAFT,   /* HMAC-SHA1(sender), leftmost 64 bits; no bytes for an absent port. */
};

/* 'v6': the option has 16 bytes of address, which are signed also where they hold an IPv4 address.
   'port' in host order, 0 when the option has none.  RFC 8684 3.4.1. */
void mpa_crypto_add_addr(enum mpa_add_addr_hmac form, const uint8_t key_sender[MPA_KEY_SIZE],
                         const uint8_t key_peer[MPA_KEY_SIZE], uint8_t address_id,
                         const struct mpa_addr *addr, bool v6, uint16_t port, uint8_t ret[8]);

/* DSS checksum over the pseudo-header (64-bit 'dsn', 'ssn', 'length', zeros) and 'size' bytes of
   mapped payload.  For a bare DATA_FIN 'size' is 0.  Result in host order, as the option carries
   it.  RFC 8684 3.3.1. */
uint16_t mpa_crypto_dss_checksum(uint64_t dsn, uint32_t ssn, uint16_t length,
                                 const uint8_t *payload, size_t size);

/* Sum for checksums over several segments of one mapping: add 'size' bytes at byte offset 'offset'
   of the mapping to the running 32-bit ones-complement sum.  Fold with mpa_crypto_sum_fold(). */
uint32_t mpa_crypto_sum_add(uint32_t sum, size_t offset, const uint8_t *bytes, size_t size);
uint16_t mpa_crypto_sum_fold(uint32_t sum, uint64_t dsn, uint32_t ssn, uint16_t length);

#endif
