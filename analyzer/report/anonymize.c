/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pseudonyms of addresses that keep prefixes: two addresses share exactly as many leading bits as their pseudonyms do, so that
 * subnets, unique addresses beside a VIP and the like can still be seen.
 *
 * The construction is that of Xu, Fan, Ammar and Moon ("Prefix-preserving IP address anonymization", ICNP 2002): bit i is flipped by a
 * keyed function of the i bits before it.  The function is the first bit of AES over those bits, filled up with a secret pad.
 * IPv4 and IPv6 have pads of their own.
 */
#include "pseudonym.h"

#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <gcrypt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define BLOCK 16 /* Of AES, bytes. */

struct mpa_anonymizer {
    gcry_cipher_hd_t cipher;
    uint8_t pad[3][BLOCK]; /* For IPv4, IPv6 and MAC addresses. */
};

enum { PAD_V4, PAD_V6, PAD_MAC };

static bool make_key(const char *seed, uint8_t ret[32])
{
    ssize_t got;

    if (seed) {
        gcry_md_hash_buffer(GCRY_MD_SHA256, ret, seed, strlen(seed));
        return true;
    }
    do
        got = getrandom(ret, 32, 0);
    while (got < 0 && errno == EINTR);
    return got == 32;
}

struct mpa_anonymizer *mpa_anonymizer_new_key(const uint8_t key[32])
{
    struct mpa_anonymizer *a = calloc(1, sizeof(*a));
    unsigned i;

    if (!a)
        return NULL;
    if (gcry_cipher_open(&a->cipher, GCRY_CIPHER_AES128, GCRY_CIPHER_MODE_ECB, 0) != 0) {
        free(a);
        return NULL;
    }
    for (i = 0; i < 3; i++) {
        memcpy(a->pad[i], key + 16, BLOCK);
        a->pad[i][BLOCK - 1] = (uint8_t)(a->pad[i][BLOCK - 1] + i);
    }
    if (gcry_cipher_setkey(a->cipher, key, 16) != 0 ||
        gcry_cipher_encrypt(a->cipher, a->pad, sizeof(a->pad), NULL, 0) != 0) {
        mpa_anonymizer_free(a);
        return NULL;
    }
    return a;
}

struct mpa_anonymizer *mpa_anonymizer_new(const char *seed)
{
    uint8_t key[32];

    if (!gcry_control(GCRYCTL_INITIALIZATION_FINISHED_P)) {
        gcry_check_version(NULL);
        gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
        gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
    }
    return make_key(seed, key) ? mpa_anonymizer_new_key(key) : NULL;
}

void mpa_anonymizer_free(struct mpa_anonymizer *a)
{
    if (!a)
        return;
    gcry_cipher_close(a->cipher);
    free(a);
}

static void encrypt(const struct mpa_anonymizer *a, void *blocks, size_t size)
{
    gcry_error_t err = gcry_cipher_encrypt(a->cipher, blocks, size, NULL, 0);

    assert(err == 0);
    (void)err;
}

/* Replace the first 'bits' bits at 'bytes'.  All blocks go through the cipher at once. */
static void replace_bits(const struct mpa_anonymizer *a, const uint8_t pad[BLOCK], uint8_t *bytes,
                         unsigned bits)
{
    uint8_t blocks[128][BLOCK];
    unsigned whole;
    unsigned mask;
    unsigned i;

    for (i = 0; i < bits; i++) {
        whole = i / 8;
        mask = 0xff00U >> (i % 8) & 0xff;
        memcpy(blocks[i], pad, BLOCK);
        memcpy(blocks[i], bytes, whole);
        blocks[i][whole] = (uint8_t)((bytes[whole] & mask) | (pad[whole] & ~mask));
    }
    encrypt(a, blocks, bits * BLOCK);
    for (i = 0; i < bits; i++)
        bytes[i / 8] ^= (uint8_t)((blocks[i][0] >> 7) << (7 - i % 8));
}

struct mpa_addr mpa_anonymizer_addr(const struct mpa_anonymizer *a, const struct mpa_addr *addr)
{
    struct mpa_addr ret = *addr;

    if (ret.q[0] == 0 && ret.q[1] == 0) /* No address. */
        return ret;
    if (mpa_addr_is_v4(addr))
        replace_bits(a, a->pad[PAD_V4], ret.b + 12, 32);
    else
        replace_bits(a, a->pad[PAD_V6], ret.b, 128);
    return ret;
}

/* ---- Text --------------------------------------------------------------------------------------------------- */

#define MAC_LENGTH 17

static bool is_mac(const char *text, size_t length)
{
    size_t i;

    if (length != MAC_LENGTH)
        return false;
    for (i = 0; i < length; i++)
        if (i % 3 == 2 ? text[i] != ':' : !isxdigit((unsigned char)text[i]))
            return false;
    return true;
}

static void mac_pseudonym(const struct mpa_anonymizer *a, const char *text, char *ret, size_t size)
{
    uint8_t block[BLOCK];
    unsigned i;

    memcpy(block, a->pad[PAD_MAC], BLOCK);
    for (i = 0; i < 6; i++)
        block[i] = (uint8_t)(block[i] ^
                             strtoul((const char[]){text[3 * i], text[3 * i + 1], 0}, NULL, 16));
    encrypt(a, block, BLOCK);
    block[0] = (uint8_t)((block[0] & 0xfc) | 0x02); /* Unicast, locally administered: nobody's. */
    snprintf(ret, size, "%02x:%02x:%02x:%02x:%02x:%02x", block[0], block[1], block[2], block[3],
             block[4], block[5]);
}

/* The length of the address at the start of 'text', with its pseudonym in 'ret'; 0 when there is none. */
static size_t replace_span(const struct mpa_anonymizer *a, const char *text, size_t length,
                           char ret[MPA_ADDR_TEXT])
{
    char copy[MPA_ADDR_TEXT];
    struct mpa_addr addr;
    uint8_t bytes[16];

    if (length == 0 || length >= sizeof(copy))
        return 0;
    if (is_mac(text, length)) {
        mac_pseudonym(a, text, ret, MPA_ADDR_TEXT);
        return length;
    }
    memcpy(copy, text, length);
    copy[length] = '\0';
    if (inet_pton(AF_INET, copy, bytes) == 1)
        addr = mpa_addr_v4(bytes);
    else if (inet_pton(AF_INET6, copy, bytes) == 1)
        addr = mpa_addr_v6(bytes);
    else
        return 0;
    addr = mpa_anonymizer_addr(a, &addr);
    mpa_addr_text(&addr, ret);
    return length;
}

/* Of dots and digits, or of colons: the longest address that begins here, a stop at the end of a sentence left out. */
static size_t replace_here(const struct mpa_anonymizer *a, const char *text,
                           char ret[MPA_ADDR_TEXT])
{
    size_t length = strspn(text, "0123456789abcdefABCDEF:.");
    size_t dotted = strspn(text, "0123456789.");
    size_t used;

    for (; length > dotted; length--) {
        used = replace_span(a, text, length, ret);
        if (used > 0)
            return used;
    }
    for (; dotted >= 7; dotted--) {
        used = replace_span(a, text, dotted, ret);
        if (used > 0)
            return used;
    }
    return 0;
}

const char *mpa_pseudonym_text(const struct mpa_anonymizer *a, const char *text, char *ret,
                               size_t size)
{
    char pseudonym[MPA_ADDR_TEXT];
    size_t at = 0;
    size_t used;
    size_t length;
    bool word = false; /* In the middle of digits: no address begins there. */

    while (*text != '\0' && at + 1 < size) {
        used = word ? 0 : replace_here(a, text, pseudonym);
        word = used == 0 && isdigit((unsigned char)*text);
        if (used == 0) {
            ret[at++] = *text++;
            continue;
        }
        length = strlen(pseudonym);
        if (length >= size - at)
            break;
        memcpy(ret + at, pseudonym, length);
        at += length;
        text += used;
    }
    ret[at] = '\0';
    return ret;
}

/* ---- Community ID ------------------------------------------------------------------------------------------- */

static void base64(const uint8_t *bytes, size_t size, char *ret)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t three;
    size_t i, k;

    for (i = 0; i < size; i += 3) {
        three = (uint32_t)bytes[i] << 16;
        if (i + 1 < size)
            three |= (uint32_t)bytes[i + 1] << 8;
        if (i + 2 < size)
            three |= bytes[i + 2];
        for (k = 0; k < 4; k++)
            *ret++ = i + k > size ? '=' : digits[three >> (18 - 6 * k) & 63];
    }
    *ret = '\0';
}

/* Community ID v1, seed 0: SHA-1 over seed, addresses, protocol, zero and ports, the smaller endpoint first. */
void mpa_community_id(const struct mpa_endpoint *a, const struct mpa_endpoint *b, char *ret)
{
    bool v4 = mpa_addr_is_v4(&a->addr) && mpa_addr_is_v4(&b->addr);
    size_t skip = v4 ? 12 : 0;
    size_t size = 16 - skip;
    uint8_t message[2 + 2 * 16 + 2 + 4] = {0};
    uint8_t digest[20];
    const struct mpa_endpoint *ends[2] = {a, b};
    int order = memcmp(a->addr.b, b->addr.b, 16);
    size_t at = 2;
    int i;

    if (order > 0 || (order == 0 && a->port > b->port)) {
        ends[0] = b;
        ends[1] = a;
    }
    for (i = 0; i < 2; i++, at += size)
        memcpy(message + at, ends[i]->addr.b + skip, size);
    message[at] = IPPROTO_TCP;
    at += 2;
    for (i = 0; i < 2; i++) {
        message[at++] = (uint8_t)(ends[i]->port >> 8);
        message[at++] = (uint8_t)ends[i]->port;
    }
    gcry_md_hash_buffer(GCRY_MD_SHA1, digest, message, at);
    memcpy(ret, "1:", 2);
    base64(digest, sizeof(digest), ret + 2);
}

const char *mpa_pseudonym_community_id(const struct mpa_anonymizer *a,
                                       const struct mpa_rec_subflow *subflow, char *ret)
{
    struct mpa_endpoint client = subflow->client;
    struct mpa_endpoint server = subflow->server;

    if (!a && subflow->community_id[0] != '\0')
        return subflow->community_id;
    if (a) {
        client.addr = mpa_anonymizer_addr(a, &client.addr);
        server.addr = mpa_anonymizer_addr(a, &server.addr);
    }
    mpa_community_id(&client, &server, ret);
    return ret;
}
