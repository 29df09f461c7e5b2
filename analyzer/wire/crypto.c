/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tokens, IDSNs and HMACs on libgcrypt's one-shot hashes.
 *
 * HMAC (RFC 2104) is built here from gcry_md_hash_buffers(), which allocates nothing; the library's
 * HMAC handles do.
 */
#include "mpa/crypto.h"

#include "mpa/bytes.h"
#include "mpa/status.h"

#include <assert.h>
#include <gcrypt.h>

#define BLOCK 64 /* Block size of SHA-1 and SHA-256, bytes. */

int mpa_crypto_init(void)
{
    /* 1.6: the first with gcry_md_hash_buffers(). */
    if (!gcry_check_version("1.6.0"))
        return MPA_ERR_INTERNAL;
    if (!gcry_control(GCRYCTL_INITIALIZATION_FINISHED_P)) {
        gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
        gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
    }
    return MPA_OK;
}

static size_t digest_size(enum mpa_hash hash)
{
    return hash == MPA_SHA1 ? 20 : 32;
}

/* Hash of 'a' followed by 'b' into 'ret' (20 or 32 bytes). */
static void hash_two(enum mpa_hash hash, const uint8_t *a, size_t a_size, const uint8_t *b,
                     size_t b_size, uint8_t *ret)
{
    /* The library's structure has no const; it only reads. */
    gcry_buffer_t parts[2] = {
        {.len = a_size, .data = (void *)(uintptr_t)a},
        {.len = b_size, .data = (void *)(uintptr_t)b},
    };
    gcry_error_t err;

    err = gcry_md_hash_buffers(hash == MPA_SHA1 ? GCRY_MD_SHA1 : GCRY_MD_SHA256, 0, ret, parts,
                               b_size ? 2 : 1);
    assert(err == 0);
    (void)err;
}

void mpa_crypto_key(enum mpa_hash hash, const uint8_t key[MPA_KEY_SIZE], uint32_t *ret_token,
                    uint64_t *ret_idsn)
{
    uint8_t digest[MPA_HMAC_MAX];

    hash_two(hash, key, MPA_KEY_SIZE, NULL, 0, digest);
    *ret_token = mpa_load32(digest);
    *ret_idsn = mpa_load64(digest + digest_size(hash) - 8);
}

size_t mpa_crypto_hmac(enum mpa_hash hash, const uint8_t *key, size_t key_size,
                       const uint8_t *message, size_t size, uint8_t ret[MPA_HMAC_MAX])
{
    uint8_t pad[BLOCK] = {0};
    uint8_t inner[MPA_HMAC_MAX];
    size_t digest = digest_size(hash);
    size_t i;

    assert(key_size <= BLOCK);
    memcpy(pad, key, key_size);
    for (i = 0; i < BLOCK; i++)
        pad[i] ^= 0x36;
    hash_two(hash, pad, BLOCK, message, size, inner);
    for (i = 0; i < BLOCK; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    hash_two(hash, pad, BLOCK, inner, digest, ret);
    memset(ret + digest, 0, MPA_HMAC_MAX - digest);
    return digest;
}

static void store32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

void mpa_crypto_join_hmac(enum mpa_hash hash, const uint8_t key_sender[MPA_KEY_SIZE],
                          const uint8_t key_peer[MPA_KEY_SIZE], uint32_t nonce_sender,
                          uint32_t nonce_peer, uint8_t ret[MPA_HMAC_MAX])
{
    uint8_t key[2 * MPA_KEY_SIZE];
    uint8_t message[8];

    memcpy(key, key_sender, MPA_KEY_SIZE);
    memcpy(key + MPA_KEY_SIZE, key_peer, MPA_KEY_SIZE);
    store32(message, nonce_sender);
    store32(message + 4, nonce_peer);
    mpa_crypto_hmac(hash, key, sizeof(key), message, sizeof(message), ret);
}

void mpa_crypto_add_addr(enum mpa_add_addr_hmac form, const uint8_t key_sender[MPA_KEY_SIZE],
                         const uint8_t key_peer[MPA_KEY_SIZE], uint8_t address_id,
                         const struct mpa_addr *addr, bool v6, uint16_t port, uint8_t ret[8])
{
    uint8_t key[2 * MPA_KEY_SIZE];
    uint8_t message[1 + 16 + 2];
    uint8_t digest[MPA_HMAC_MAX];
    size_t size = v6 ? 17 : 5;
    size_t digest_bytes;

    message[0] = address_id;
    memcpy(message + 1, v6 ? addr->b : addr->b + 12, size - 1);
    /* The draft's implementation hashed no bytes for an absent port; RFC 8684 hashes two zero
     * bytes. */
    if (port != 0 || form != MPA_AA_DRAFT) {
        message[size++] = (uint8_t)(port >> 8);
        message[size++] = (uint8_t)port;
    }
    memcpy(key, key_sender, MPA_KEY_SIZE);
    memcpy(key + MPA_KEY_SIZE, key_peer, MPA_KEY_SIZE);
    if (form == MPA_AA_DRAFT)
        digest_bytes = mpa_crypto_hmac(MPA_SHA1, key, MPA_KEY_SIZE, message, size, digest);
    else
        digest_bytes = mpa_crypto_hmac(MPA_SHA256, key, sizeof(key), message, size, digest);
    memcpy(ret, form == MPA_AA_RFC8684 ? digest + digest_bytes - 8 : digest, 8);
}
