/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys, HMACs and checksums against numbers from elsewhere: real connections of two kernels (v0:
 * mptcp.org, as in the test captures of tcpdump; v1: Linux 6.18 and an early one), the kernel's own
 * KUnit vectors, and the RFCs of the primitives.
 */
#include "wire_test.h"

#include "mpa/crypto.h"

#include <inttypes.h>
#include <string.h>

static void hex(const uint8_t *bytes, size_t size, char *ret)
{
    size_t i;

    for (i = 0; i < size; i++)
        snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
    ret[2 * size] = '\0';
}

static void keys(void)
{
    static const struct {
        enum mpa_hash hash;
        const char *key;
        uint32_t token;
        uint64_t idsn;
    } rows[] = {
        {MPA_SHA1, "9c9eabd1e46a33b2", 0xaf9706eb, 0x9851b565d52abec9},
        {MPA_SHA1, "967d2770b6960552", 0xe47f0142, 0xe47ef57dd1b9748f},
        {MPA_SHA256, "8df549fa3f40b049", 0x9f74589b, 0xf916be53880e56f6},
        {MPA_SHA256, "3fc7b590c8489673", 0xae3e4794, 0x5b618a697d5ae4c0},
        {MPA_SHA1, "8df549fa3f40b049", 0x7849c11e, 0x0136327141830002}, /* draft-v1 */
        {MPA_SHA1, "3fc7b590c8489673", 0x84e92be8, 0x56f4ecc320356830},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t key[8];
        uint32_t token;
        uint64_t idsn;

        from_hex(rows[i].key, key, sizeof(key));
        mpa_crypto_key(rows[i].hash, key, &token, &idsn);
        expect_true(rows[i].key, "token", token == rows[i].token);
        expect_true(rows[i].key, "IDSN", idsn == rows[i].idsn);
    }
}

static void join_hmacs(void)
{
    static const struct {
        enum mpa_hash hash;
        const char *sender;
        const char *peer;
        uint32_t nonce_sender;
        uint32_t nonce_peer;
        const char *want;
    } rows[] = {
        {MPA_SHA1, "967d2770b6960552", "9c9eabd1e46a33b2", 0x33abe9d5, 0x1b665a18,
         "5ab680c7884af03d5834f6a6f4b59072ea18842f"},
        {MPA_SHA1, "9c9eabd1e46a33b2", "967d2770b6960552", 0x1b665a18, 0x33abe9d5,
         "cb7b87f5e5f0502f43b535fb70ef6607df2e6c7a"},
        {MPA_SHA256, "3fc7b590c8489673", "8df549fa3f40b049", 0x529c0c94, 0xde6a228e,
         "619247976f1dd993fa91ac88c69688a3d1470429edcb430f76a46b3475893b54"},
        {MPA_SHA256, "8df549fa3f40b049", "3fc7b590c8489673", 0xde6a228e, 0x529c0c94,
         "f79cec8494eb84bfdf76bca0472f678483c9cd0def24471bd830b3b689ef2244"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t sender[8], peer[8], got[MPA_HMAC_MAX];
        char text[2 * MPA_HMAC_MAX + 1];

        from_hex(rows[i].sender, sender, 8);
        from_hex(rows[i].peer, peer, 8);
        memset(got, 0xee, sizeof(got));
        mpa_crypto_join_hmac(rows[i].hash, sender, peer, rows[i].nonce_sender, rows[i].nonce_peer,
                             got);
        hex(got, rows[i].hash == MPA_SHA1 ? 20 : 32, text);
        expect_text("MP_JOIN HMAC", text, rows[i].want);
        expect_true("MP_JOIN HMAC", "rest zeroed", rows[i].hash == MPA_SHA256 || got[31] == 0);
    }
}

static void add_addr_hmacs(void)
{
    static const struct {
        const char *row;
        enum mpa_add_addr_hmac form;
        const char *sender;
        const char *peer;
        uint8_t id;
        const char *addr;
        uint16_t port;
        const char *want;
    } rows[] = {
        {"v1 IPv4", MPA_AA_RFC8684, "3fc7b590c8489673", "8df549fa3f40b049", 1, "0a02000b", 0,
         "a66c562cf3834942"},
        {"v1 IPv4 with port", MPA_AA_RFC8684, "3fc7b590c8489673", "8df549fa3f40b049", 1, "0a02000b",
         8080, "fe29039b8e71a7c6"},
        {"v1 IPv6", MPA_AA_RFC8684, "d04fcf7373dfc65a", "617cbd8a70922dfd", 1,
         "fd00000200000000000000000000000b", 0, "08d61a683209f841"},
        {"v1 IPv4 as IPv6", MPA_AA_RFC8684, "ec66ae9a92e2bd0c", "b82a7281b0c15d99", 1,
         "00000000000000000000ffff0a000201", 0, "165d38247682fdc6"},
        {"early v1", MPA_AA_EARLY, "73bb150358a0aecb", "8f0c7c64a6a32ac1", 1, "c0a888e1", 0,
         "669928744366716c"},
        {"early v1 by the RFC", MPA_AA_RFC8684, "73bb150358a0aecb", "8f0c7c64a6a32ac1", 1,
         "c0a888e1", 0, "e0e054c3444e4c25"},
        {"draft", MPA_AA_DRAFT, "3fc7b590c8489673", "8df549fa3f40b049", 25, "0a02000b", 0,
         "8a32c51f27440512"},
        {"draft with port", MPA_AA_DRAFT, "3fc7b590c8489673", "8df549fa3f40b049", 25, "0a02000b",
         8080, "31bfd2826c875a7e"},
        {"draft echo", MPA_AA_DRAFT, "8df549fa3f40b049", "3fc7b590c8489673", 25, "0a02000b", 0,
         "d79fcbd629173989"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t sender[8], peer[8], bytes[16], got[8];
        struct mpa_addr addr;
        char text[17];
        bool v6;

        from_hex(rows[i].sender, sender, 8);
        from_hex(rows[i].peer, peer, 8);
        v6 = from_hex(rows[i].addr, bytes, 16) == 16;
        addr = v6 ? mpa_addr_v6(bytes) : mpa_addr_v4(bytes);
        mpa_crypto_add_addr(rows[i].form, sender, peer, rows[i].id, &addr, v6, rows[i].port, got);
        hex(got, 8, text);
        expect_text(rows[i].row, text, rows[i].want);
    }
}

/* RFC 2202, RFC 4231 and the vectors of the kernel's net/mptcp/crypto_test.c (strings used as they
 * are). */
static void hmac_primitives(void)
{
    static const struct {
        enum mpa_hash hash;
        const char *key;
        const char *message;
        const char *want;
    } rows[] = {
        {MPA_SHA1, "Jefe", "what do ya want for nothing?",
         "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
        {MPA_SHA256, "Jefe", "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {MPA_SHA256, "0b0b0b0b0b0b0b0b", "48692054",
         "8385e24fb4235ac37556b6b886db106284a1da671699f46db1f235ec622dcafa"},
        {MPA_SHA256, "0102030405060708", "cdcdcdcd",
         "e73b9ba9969969cefb04aa0d6df18ec2fcc075b6f23b4d8c4da736a5dbbc6e7d"},
        /* Nothing and nothing: FIPS 180 with RFC 2104. */
        {MPA_SHA1, "", "", "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d"},
        {MPA_SHA256, "", "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t got[MPA_HMAC_MAX];
        char text[2 * MPA_HMAC_MAX + 1];
        size_t size;

        size = mpa_crypto_hmac(rows[i].hash, (const uint8_t *)rows[i].key, strlen(rows[i].key),
                               (const uint8_t *)rows[i].message, strlen(rows[i].message), got);
        CU_ASSERT_EQUAL(size, rows[i].hash == MPA_SHA1 ? 20 : 32);
        hex(got, size, text);
        expect_text("HMAC", text, rows[i].want);
    }
}

static void hmac_longest_key(void)
{
    uint8_t key[64], got[MPA_HMAC_MAX], again[MPA_HMAC_MAX];

    /* RFC 2104: a key is padded with zeros, so that 8 bytes and the same 8 bytes with 56 zeros are
     * one key. */
    memset(key, 0, sizeof(key));
    memcpy(key, "12345678", 8);
    mpa_crypto_hmac(MPA_SHA256, key, 8, key, 8, got);
    mpa_crypto_hmac(MPA_SHA256, key, 64, key, 8, again);
    CU_ASSERT_EQUAL(memcmp(got, again, sizeof(got)), 0);
    key[63] = 1;
    mpa_crypto_hmac(MPA_SHA256, key, 64, key, 8, again);
    CU_ASSERT_NOT_EQUAL(memcmp(got, again, sizeof(got)), 0);
}

/* The definition, a 16-bit word at a time. */
static uint16_t naive_checksum(uint64_t dsn, uint32_t ssn, uint16_t length, const uint8_t *p,
                               size_t size)
{
    uint8_t all[16 + 1024] = {0};
    uint32_t sum = 0;
    size_t i;

    for (i = 0; i < 8; i++)
        all[i] = (uint8_t)(dsn >> (56 - 8 * i));
    for (i = 0; i < 4; i++)
        all[8 + i] = (uint8_t)(ssn >> (24 - 8 * i));
    all[12] = (uint8_t)(length >> 8);
    all[13] = (uint8_t)length;
    memcpy(all + 16, p, size);
    for (i = 0; i < 16 + size; i += 2) {
        sum += (uint32_t)(all[i] << 8 | all[i + 1]);
        sum = (sum >> 16) + (sum & 0xffff);
    }
    return (uint16_t)~sum;
}

static void checksum_vectors(void)
{
    static const char banner[] = "SSH-2.0-OpenSSH_5.5p1 Debian-6+squeeze1\r\n";

    CU_ASSERT_EQUAL(mpa_crypto_dss_checksum(0xe47ef57dd1b97490, 1, 41, (const uint8_t *)banner, 41),
                    0x082f);
    CU_ASSERT_NOT_EQUAL(
        mpa_crypto_dss_checksum(0xe47ef57dd1b97491, 1, 41, (const uint8_t *)banner, 41), 0x082f);
    /* A bare DATA_FIN: words 0001 0002 0003 0004, SSN 0, length 1. */
    CU_ASSERT_EQUAL(mpa_crypto_dss_checksum(0x0001000200030004, 0, 1, NULL, 0),
                    (uint16_t) ~(1 + 2 + 3 + 4 + 1));
}

/* Whole, and cut at every place into two and into bytes, the sum is that of the definition. */
static void checksum_in_parts(void)
{
    uint8_t data[997];
    uint32_t state = 1;
    size_t size, cut, i;

    for (i = 0; i < sizeof(data); i++) {
        state = state * 1103515245 + 12345;
        data[i] = i < 100 ? 0xff : (uint8_t)(state >> 16);
    }
    for (size = 0; size <= sizeof(data); size += size < 40 ? 1 : 87) {
        uint64_t dsn = 0xfffffffffffffff0 + size;
        uint16_t want = naive_checksum(dsn, 0xffff1234, (uint16_t)size, data, size);
        uint32_t bytes = 0;

        CU_ASSERT_EQUAL(mpa_crypto_dss_checksum(dsn, 0xffff1234, (uint16_t)size, data, size), want);
        for (cut = 0; cut <= size; cut++) {
            uint32_t sum = mpa_crypto_sum_add(0, cut, data + cut, size - cut);

            sum = mpa_crypto_sum_add(sum, 0, data, cut);
            if (mpa_crypto_sum_fold(sum, dsn, 0xffff1234, (uint16_t)size) != want)
                CU_FAIL("cut into two");
        }
        for (i = 0; i < size; i++)
            bytes = mpa_crypto_sum_add(bytes, i, data + i, 1);
        CU_ASSERT_EQUAL(mpa_crypto_sum_fold(bytes, dsn, 0xffff1234, (uint16_t)size), want);
    }
}

int suite_crypto(void)
{
    static const struct test tests[] = {
        {"tokens and IDSNs", keys},
        {"MP_JOIN HMACs", join_hmacs},
        {"ADD_ADDR HMACs", add_addr_hmacs},
        {"HMAC vectors", hmac_primitives},
        {"HMAC keys up to a block", hmac_longest_key},
        {"DSS checksum of real packets", checksum_vectors},
        {"DSS checksum in parts", checksum_in_parts},
    };

    return ADD_SUITE("crypto", tests);
}
