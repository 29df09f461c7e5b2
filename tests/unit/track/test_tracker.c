/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tracker on conversations of a few segments, each about one question. */
#include "ended.h"
#include "suite.h"

#include <stdio.h>

/* Keys of a capture of the Linux kernel; token and IDSN of B.2 of the protocol reference. */
static const uint8_t key_a[8] = {0x8d, 0xf5, 0x49, 0xfa, 0x3f, 0x40, 0xb0, 0x49};
static const uint8_t key_b[8] = {0x3f, 0xc7, 0xb5, 0x90, 0xc8, 0x48, 0x96, 0x73};
#define TOKEN_A 0x9f74589bu
#define TOKEN_B 0xae3e4794u

/* SYN, SYN/ACK and third ACK of a version-1 connection; client sequence numbers from 100, the server's from 500. */
static void handshake_v1(struct talk *k, uint16_t port, uint8_t server_flags)
{
    talk_capable(k, 4, 1, 0x01, NULL, NULL);
    talk_send(k, CLIENT, port, VIP, 80, SYN, 100, 0, 0);
    talk_capable(k, 12, 1, server_flags, key_b, NULL);
    talk_send(k, VIP, 80, CLIENT, port, SYNACK, 500, 101, 0);
    talk_capable(k, 20, 1, 0x01, key_a, key_b);
    talk_send(k, CLIENT, port, VIP, 80, ACK, 101, 501, 0);
}

/* Low half of a side's first data sequence number (IDSN + 1 of B.2). */
static uint32_t first_data(const uint8_t *key)
{
    uint32_t token;
    uint64_t idsn;

    mpa_crypto_key(MPA_SHA256, key, &token, &idsn);
    return (uint32_t)idsn + 1;
}

static uint32_t data_a(void)
{
    return first_data(key_a);
}

static uint32_t data_b(void)
{
    return first_data(key_b);
}

static void keys_and_dialect(void)
{
    struct talk k;
    struct ended e;

    begin(&k, &e);
    handshake_v1(&k, 40000, 0x21);
    CU_ASSERT_EQUAL(k.subflow->conn->protocol, MPA_PROTOCOL_MPTCP);
    end(&k);
    CU_ASSERT_EQUAL_FATAL(e.count, 1);
    CU_ASSERT_EQUAL(e.conn[0].token_client, TOKEN_A);
    CU_ASSERT_EQUAL(e.conn[0].token_server, TOKEN_B);
    CU_ASSERT_EQUAL(e.conn[0].dialect, MPA_DIALECT_RFC8684);
    CU_ASSERT_EQUAL(e.conn[0].server_denies_join, 1);
    CU_ASSERT_EQUAL(e.conn[0].client_denies_join, 0);
    CU_ASSERT_EQUAL(e.conn[0].outcome, MPA_OUTCOME_OPEN);
}

/* Two servers answer a repeated SYN; the third ACK says whose connection it is (AC-06). */
static void split_handshake(void)
{
    static const uint8_t key_c[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct talk k;
    struct ended e;
    uint32_t token;
    uint64_t idsn;

    begin(&k, &e);
    talk_capable(&k, 4, 1, 0x01, NULL, NULL);
    talk_send(&k, CLIENT, 40000, VIP, 80, SYN, 100, 0, 0);
    talk_capable(&k, 12, 1, 0x21, key_b, NULL);
    talk_send(&k, VIP, 80, CLIENT, 40000, SYNACK, 500, 101, 0);
    talk_capable(&k, 12, 1, 0x21, key_c, NULL);
    talk_send(&k, VIP, 80, CLIENT, 40000, SYNACK, 9000, 101, 0);
    talk_capable(&k, 20, 1, 0x01, key_a, key_c);
    talk_send(&k, CLIENT, 40000, VIP, 80, ACK, 101, 9001, 0);
    end(&k);
    CU_ASSERT_EQUAL_FATAL(e.count, 1);
    CU_ASSERT_EQUAL(e.split, 1);
    mpa_crypto_key(MPA_SHA256, key_c, &token, &idsn);
    CU_ASSERT_EQUAL(e.conn[0].token_server, token);
    CU_ASSERT_EQUAL(e.subflow[0][0].isn[MPA_TO_CLIENT], 9000);
}

/* The same, but the client took the first answer: the later one changes nothing. */
static void split_handshake_first_wins(void)
{
    static const uint8_t key_c[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct talk k;
    struct ended e;

    begin(&k, &e);
    handshake_v1(&k, 40000, 0x21);
    talk_capable(&k, 12, 1, 0x21, key_c, NULL);
    talk_send(&k, VIP, 80, CLIENT, 40000, SYNACK, 9000, 101, 0);
    end(&k);
    CU_ASSERT_EQUAL_FATAL(e.count, 1);
    CU_ASSERT_EQUAL(e.split, 1);
    CU_ASSERT_EQUAL(e.conn[0].token_server, TOKEN_B);
    CU_ASSERT_EQUAL(e.subflow[0][0].isn[MPA_TO_CLIENT], 500);
}

/* 32-bit numbers that were seen before the key: with the key, what they mean is known. */
static void low_numbers(void)
{
    struct talk k;
    struct ended e;
    const struct mpa_data_half *client, *server;

    begin(&k, &e);
    talk_dss(&k, data_b() + 100, data_a(), 1, 50);
    talk_send(&k, CLIENT, 40000, VIP, 80, ACK, 101, 501, 50);
    client = &k.subflow->conn->data[MPA_TO_SERVER];
    server = &k.subflow->conn->data[MPA_TO_CLIENT];
    CU_ASSERT_EQUAL((uint32_t)server->acked, data_b() + 100);
    talk_capable(&k, 22, 1, 0x01, key_a, key_b);
    talk_send(&k, CLIENT, 40000, VIP, 80, ACK, 101, 501, 100);
    CU_ASSERT_EQUAL(server->acked, server->idsn + 101);
    CU_ASSERT_EQUAL(client->seen.base, client->idsn + 1);
    CU_ASSERT_EQUAL(client->declared.next, client->idsn + 101);
    talk_dss(&k, data_b() + 200, data_a() + 100, 101, 50);
    talk_send(&k, CLIENT, 40000, VIP, 80, ACK, 201, 501, 50);
    CU_ASSERT_EQUAL(k.facts.data_acked, 100);
    end(&k);

    /* The same by a number of 64 bits. */
    begin(&k, &e);
    talk_dss(&k, 100, 1, 1, 50);
    talk_send(&k, CLIENT, 40000, VIP, 80, ACK, 101, 501, 50);
    {
        static const uint8_t wide[12] = {30, 12, 0x20, 0x03, 0x12, 0x34, 0x56, 0x78, 0, 0, 0, 150};

        talk_option(&k, wide, sizeof wide);
    }
    talk_send(&k, CLIENT, 40000, VIP, 80, ACK, 151, 501, 0);
    CU_ASSERT_EQUAL(k.facts.data_acked, 50);
    CU_ASSERT_EQUAL(k.subflow->conn->data[MPA_TO_CLIENT].acked, 0x1234567800000000ull + 150);
    end(&k);
}

/* The capture begins behind the SYN/ACK that was taken: the other server's changes nothing. */
static void split_handshake_late(void)
{
    static const uint8_t key_c[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct talk k;
    struct ended e;

    begin(&k, &e);
    talk_capable(&k, 20, 1, 0x01, key_a, key_b);
    talk_send(&k, CLIENT, 40000, VIP, 80, ACK, 101, 501, 0);
    talk_capable(&k, 22, 1, 0x01, key_a, key_b);
    talk_send(&k, CLIENT, 40000, VIP, 80, ACK, 101, 501, 100);
    talk_capable(&k, 12, 1, 0x21, key_c, NULL);
    talk_send(&k, VIP, 80, CLIENT, 40000, SYNACK, 3000000000u, 101, 0);
    CU_ASSERT_EQUAL(e.split, 1);
    CU_ASSERT_FALSE(k.subflow->half[MPA_TO_CLIENT].flags & MPA_HALF_SYN);
    /* The one that was taken comes again. */
    talk_capable(&k, 12, 1, 0x21, key_b, NULL);
    talk_send(&k, VIP, 80, CLIENT, 40000, SYNACK, 500, 101, 0);
    CU_ASSERT_EQUAL(k.subflow->half[MPA_TO_CLIENT].isn, 500);
    end(&k);
    CU_ASSERT_EQUAL_FATAL(e.count, 1);
    CU_ASSERT_EQUAL(e.conn[0].token_server, TOKEN_B);
}

static void port_reuse(void)
{
    struct talk k;
    struct ended e;

    begin(&k, &e);
    handshake_tcp(&k, 40000, 100);
    talk_send(&k, CLIENT, 40000, VIP, 80, FIN, 101, 501, 0);
    talk_send(&k, VIP, 80, CLIENT, 40000, FIN, 501, 102, 0);
    talk_send(&k, CLIENT, 40000, VIP, 80, ACK, 102, 502, 0);
    handshake_tcp(&k, 40000, 70000);
    end(&k);
    CU_ASSERT_EQUAL_FATAL(e.count, 2);
    CU_ASSERT_EQUAL(e.conn[0].outcome, MPA_OUTCOME_CLOSED);
    CU_ASSERT_EQUAL(e.conn[1].outcome, MPA_OUTCOME_OPEN);
    CU_ASSERT_EQUAL(e.subflow[1][0].syn_retransmissions, 0);
}

/* The same where the SYN, or all of the handshake but its third packet, was lost. */
static void port_reuse_unseen(void)
{
    struct talk k;
    struct ended e;

    begin(&k, &e);
    handshake_v1(&k, 40000, 0x21);
    talk_send(&k, CLIENT, 40000, VIP, 80, FIN, 101, 501, 0);
    talk_send(&k, VIP, 80, CLIENT, 40000, FIN, 501, 102, 0);
    talk_capable(&k, 20, 1, 0x01, key_a, key_b); /* Late, or a copy. */
    talk_send(&k, CLIENT, 40000, VIP, 80, ACK, 101, 501, 0);
    CU_ASSERT_EQUAL(k.subflow->conn->id, 0);
    talk_capable(&k, 20, 1, 0x01, key_b, key_a);
    talk_send(&k, CLIENT, 40000, VIP, 80, ACK, 70000001, 80000001, 0);
    CU_ASSERT_EQUAL(k.subflow->conn->id, 1);
    talk_send(&k, CLIENT, 40000, VIP, 80, FIN, 70000001, 80000001, 0);
    talk_send(&k, VIP, 80, CLIENT, 40000, FIN, 80000001, 70000002, 0);
    talk_capable(&k, 12, 1, 0x21, key_a, NULL);
    talk_send(&k, VIP, 80, CLIENT, 40000, SYNACK, 1500000000, 3000000001u, 0);
    CU_ASSERT_EQUAL(k.subflow->conn->id, 2);
    end(&k);
    CU_ASSERT_EQUAL_FATAL(e.count, 3);
    CU_ASSERT_EQUAL(e.conn[0].token_server, TOKEN_B);
    CU_ASSERT_EQUAL(e.conn[1].token_client, TOKEN_B);
}

static void retransmission_and_order(void)
{
    struct talk k;
    struct ended e;

    begin(&k, &e);
    handshake_tcp(&k, 40000, 100);
    talk_send(&k, VIP, 80, CLIENT, 40000, ACK, 501, 101, 100);
    talk_send(&k, VIP, 80, CLIENT, 40000, ACK, 701, 101, 100); /* 601 to 700 are late. */
    CU_ASSERT_EQUAL(k.facts.progress, 0);
    talk_send(&k, VIP, 80, CLIENT, 40000, ACK, 601, 101, 100);
    CU_ASSERT_EQUAL(k.facts.progress, 200);
    CU_ASSERT_EQUAL(k.facts.old_bytes, 0);
    talk_send(&k, VIP, 80, CLIENT, 40000, ACK, 551, 101, 100); /* All of it was seen. */
    CU_ASSERT_EQUAL(k.facts.old_bytes, 100);
    talk_send(&k, CLIENT, 40000, VIP, 80, ACK, 101, 901, 0); /* 801 to 900: never captured. */
    CU_ASSERT_EQUAL(k.subflow->more[MPA_TO_CLIENT].unseen, 100);
    end(&k);
    CU_ASSERT_EQUAL(e.conn[0].bytes.v[MPA_TO_CLIENT], 300);
    CU_ASSERT_EQUAL(e.conn[0].dsn_out_of_order_bytes.v[MPA_TO_CLIENT], 100);
    CU_ASSERT_EQUAL(e.subflow[0][0].retransmitted_bytes.v[MPA_TO_CLIENT], 100);
}

/* A join with right HMACs, made for the connection of handshake_v1(). */
static void join(struct talk *k, uint16_t port, uint8_t dst, const uint8_t *server_key)
{
    uint8_t syn[12] = {30, 12, 0x10, 0}, synack[16] = {30, 16, 0x10, 7},
            ack[24] = {30, 24, 0x10, 0};
    uint8_t mac[MPA_HMAC_MAX];

    talk_put32(syn + 4, TOKEN_B);
    talk_put32(syn + 8, 0x11111111);
    talk_option(k, syn, sizeof syn);
    talk_send(k, CLIENT, port, dst, 80, SYN, 1000, 0, 0);
    mpa_crypto_join_hmac(MPA_SHA256, server_key, key_a, 0x22222222, 0x11111111, mac);
    memcpy(synack + 4, mac, 8);
    talk_put32(synack + 12, 0x22222222);
    talk_option(k, synack, sizeof synack);
    talk_send(k, dst, 80, CLIENT, port, SYNACK, 2000, 1001, 0);
    mpa_crypto_join_hmac(MPA_SHA256, key_a, server_key, 0x11111111, 0x22222222, mac);
    memcpy(ack + 4, mac, 20);
    talk_option(k, ack, sizeof ack);
    talk_send(k, CLIENT, port, dst, 80, ACK, 1001, 2001, 0);
    talk_send(k, dst, 80, CLIENT, port, ACK, 2001, 1001, 0);
}

static void join_and_reinjection(void)
{
    static const uint8_t prio[3] = {30, 3, MPA_MP_PRIO << 4 | 1};
    struct talk k;
    struct ended e;
    uint32_t dsn = data_b();

    begin(&k, &e);
    handshake_v1(&k, 40000, 0x21);
    talk_dss(&k, 0, dsn, 1, 100);
    talk_send(&k, VIP, 80, CLIENT, 40000, ACK, 501, 101, 100);
    CU_ASSERT_EQUAL(k.facts.new_data, 100);
    join(&k, 40001, DIRECT, key_b);
    CU_ASSERT_NOT_EQUAL(k.subflow->usable_ns, 0);
    CU_ASSERT_EQUAL(k.subflow->conn->direct_usable_ns, k.subflow->usable_ns);
    talk_dss(&k, 0, dsn, 1, 100); /* The same data again, on the other subflow. */
    talk_send(&k, DIRECT, 80, CLIENT, 40001, ACK, 2001, 1001, 100);
    CU_ASSERT_EQUAL(k.facts.reinjected, 100);
    CU_ASSERT_EQUAL(k.facts.new_data, 0);
    CU_ASSERT_EQUAL(k.facts.declared, 0);
    talk_dss(&k, 0, dsn + 100, 101, 50);
    talk_send(&k, DIRECT, 80, CLIENT, 40001, ACK, 2101, 1001, 50);
    CU_ASSERT_EQUAL(k.facts.declared, 50);
    talk_option(&k, prio, sizeof prio);
    talk_send(&k, DIRECT, 80, CLIENT, 40001, ACK, 2151, 1001, 0);
    CU_ASSERT_EQUAL(k.subflow->half[MPA_TO_CLIENT].backup, 1);
    CU_ASSERT_EQUAL(k.subflow->conn->prio_ns, 0); /* That is of the initial subflow. */
    talk_option(&k, prio, sizeof prio);
    talk_send(&k, VIP, 80, CLIENT, 40000, ACK, 601, 101, 0);
    CU_ASSERT_EQUAL(k.subflow->conn->prio_ns, k.ns);
    CU_ASSERT_EQUAL(mpa_tracker_counts(k.tracker)->hmac_join_synack.ok, 1);
    CU_ASSERT_EQUAL(mpa_tracker_counts(k.tracker)->hmac_join_ack.ok, 1);
    end(&k);
    CU_ASSERT_EQUAL_FATAL(e.count, 1);
    CU_ASSERT_EQUAL(e.conn[0].subflow_count, 2);
    CU_ASSERT_EQUAL(e.conn[0].bytes.v[MPA_TO_CLIENT], 150);
    CU_ASSERT_EQUAL(e.subflow[0][1].role, MPA_ROLE_JOIN);
    CU_ASSERT_EQUAL(e.subflow[0][1].reinjected_bytes.v[MPA_TO_CLIENT], 100);
}

/* TCP Fast Open (RFC 8684 B.3): of 20 bytes in the SYN 'took' are acknowledged; subflow sequence numbers count behind them, and what
   was not taken is sent again, mapped. */
static void fast_open(uint32_t took, bool answer_seen)
{
    struct talk k;
    struct ended e;
    const struct mpa_half *h;
    uint32_t dsn = data_a();

    begin(&k, &e);
    talk_capable(&k, 4, 1, 0x01, NULL, NULL);
    talk_send(&k, CLIENT, 40000, VIP, 80, SYN, 100, 0, 20);
    talk_capable(&k, 12, 1, 0x01, key_b, NULL);
    if (answer_seen)
        talk_send(&k, VIP, 80, CLIENT, 40000, SYNACK, 500, 101 + took, 0);
    k.options_size = 0;
    talk_capable(&k, 22, 1, 0x01, key_a, key_b); /* 100 bytes. */
    talk_send(&k, CLIENT, 40000, VIP, 80, ACK, 101 + took, 501, 100);
    CU_ASSERT_EQUAL(k.facts.new_data, 100);
    talk_dss(&k, 0, dsn + 100, 101, 50);
    talk_send(&k, CLIENT, 40000, VIP, 80, ACK, 201 + took, 501, 50);
    CU_ASSERT_EQUAL(k.facts.progress, 50);
    talk_dss(&k, dsn + 150, data_b(), 1, 10);
    talk_send(&k, VIP, 80, CLIENT, 40000, ACK, 501, 251 + took, 10);
    h = k.subflow->half;
    CU_ASSERT_EQUAL(k.subflow->fast_open, took);
    CU_ASSERT_EQUAL(h[MPA_TO_SERVER].bytes, 150 + took);
    CU_ASSERT_EQUAL(k.subflow->more[MPA_TO_SERVER].retransmitted, 0);
    CU_ASSERT_EQUAL(k.subflow->more[MPA_TO_SERVER].unseen, 0);
    end(&k);
    CU_ASSERT_EQUAL_FATAL(e.count, 1);
    CU_ASSERT_EQUAL(e.conn[0].bytes.v[MPA_TO_SERVER], 150 + took);
}

static void fast_opens(void)
{
    fast_open(20, true);
    fast_open(8, true);
    fast_open(0, true);
    fast_open(20, false);
    fast_open(0, false);
}

static void wrong_hmac(void)
{
    static const uint8_t other_key[8] = {9, 9, 9, 9, 9, 9, 9, 9};
    struct talk k;
    struct ended e;

    begin(&k, &e);
    handshake_v1(&k, 40000, 0x21);
    join(&k, 40001, DIRECT, other_key);
    CU_ASSERT_EQUAL(mpa_tracker_counts(k.tracker)->hmac_join_synack.bad, 1);
    CU_ASSERT_EQUAL(mpa_tracker_counts(k.tracker)->hmac_join_ack.bad, 1);
    end(&k);
}

/* Two servers with the same key: equal tokens, two connections; the client key in the HMAC decides whose join it is. */
static void equal_tokens(void)
{
    static const uint8_t key_d[8] = {7, 7, 7, 7, 7, 7, 7, 7};
    struct talk k;
    struct ended e;

    begin(&k, &e);
    handshake_v1(&k, 40000, 0x21);
    talk_capable(&k, 4, 1, 0x01, NULL, NULL);
    talk_send(&k, CLIENT, 41000, VIP, 80, SYN, 100, 0, 0);
    talk_capable(&k, 12, 1, 0x21, key_b, NULL);
    talk_send(&k, VIP, 80, CLIENT, 41000, SYNACK, 500, 101, 0);
    talk_capable(&k, 20, 1, 0x01, key_d, key_b);
    talk_send(&k, CLIENT, 41000, VIP, 80, ACK, 101, 501, 0);
    CU_ASSERT_EQUAL(k.subflow->conn->id, 1);
    join(&k, 40001, DIRECT, key_b);
    CU_ASSERT_EQUAL(k.subflow->conn->id, 0);
    CU_ASSERT_EQUAL(mpa_tracker_counts(k.tracker)->hmac_join_synack.bad, 0);
    end(&k);
    CU_ASSERT_EQUAL_FATAL(e.count, 2);
    CU_ASSERT_EQUAL(e.conn[0].subflow_count, 2);
    CU_ASSERT_EQUAL(e.conn[1].subflow_count, 1);
}

static void joins_only(void)
{
    struct talk k;
    struct ended e;

    begin(&k, &e);
    join(&k, 40001, DIRECT, key_b);
    join(&k, 40002, DIRECT, key_b);
    CU_ASSERT_EQUAL(mpa_tracker_counts(k.tracker)->hmac_join_synack.unverifiable, 2);
    end(&k);
    CU_ASSERT_EQUAL_FATAL(e.count, 1);
    CU_ASSERT_EQUAL(e.conn[0].subflow_count, 2);
    CU_ASSERT_EQUAL(e.conn[0].protocol, MPA_PROTOCOL_MPTCP);
}

/* Ids and counts of subflows have 16 bits: what does not fit becomes another connection. */
static void joins_flood(void)
{
    struct talk k;
    struct ended e;

    begin(&k, &e);
    for (int i = 0; i < UINT16_MAX + 10; i++) {
        uint8_t o[12] = {30, 12, 0x10, 0, 0xde, 0xad, 0xbe, 0xef};

        talk_put32(o + 8, (uint32_t)i);
        talk_option(&k, o, sizeof o);
        k.ns -= 999000; /* Quick, for none must have left before. */
        talk_send(&k, (uint8_t)(CLIENT + 10 + i / 50000), (uint16_t)(1024 + i % 50000), VIP, 80,
                  SYN, (uint32_t)i, 0, 0);
    }
    end(&k);
    CU_ASSERT_EQUAL_FATAL(e.count, 2);
    CU_ASSERT_EQUAL(e.conn[0].subflow_count, UINT16_MAX);
    CU_ASSERT_EQUAL(e.conn[1].subflow_count, 10);
}

static void fallbacks(void)
{
    struct talk k;
    struct ended e;

    begin(&k, &e);
    /* 0: SYN/ACK without the option. */
    talk_capable(&k, 4, 1, 0x01, NULL, NULL);
    talk_send(&k, CLIENT, 40000, VIP, 80, SYN, 100, 0, 0);
    talk_send(&k, VIP, 80, CLIENT, 40000, SYNACK, 500, 101, 0);
    /* 1: the SYN was dropped until it had no option. */
    talk_capable(&k, 4, 1, 0x01, NULL, NULL);
    talk_send(&k, CLIENT, 40001, VIP, 80, SYN, 100, 0, 0);
    talk_send(&k, CLIENT, 40001, VIP, 80, SYN, 100, 0, 0);
    talk_send(&k, VIP, 80, CLIENT, 40001, SYNACK, 500, 101, 0);
    /* 2: third ACK without the option. */
    talk_capable(&k, 4, 1, 0x01, NULL, NULL);
    talk_send(&k, CLIENT, 40002, VIP, 80, SYN, 100, 0, 0);
    talk_capable(&k, 12, 1, 0x01, key_b, NULL);
    talk_send(&k, VIP, 80, CLIENT, 40002, SYNACK, 500, 101, 0);
    talk_send(&k, CLIENT, 40002, VIP, 80, ACK, 101, 501, 0);
    /* 3: data without any. */
    handshake_v1(&k, 40003, 0x01);
    talk_send(&k, VIP, 80, CLIENT, 40003, ACK, 501, 101, 100);
    CU_ASSERT_EQUAL(k.facts.new_data, 100);
    /* 4: none of that, but the capture cut the options. */
    handshake_v1(&k, 40004, 0x01);
    {
        struct mpa_segment s = talk_segment(&k, VIP, 80, CLIENT, 40004, ACK, 501, 101, 100);

        s.options_truncated = true;
        talk_feed(&k, &s);
    }
    end(&k);
    CU_ASSERT_EQUAL_FATAL(e.count, 5);
    CU_ASSERT_EQUAL(e.conn[0].fallback, MPA_FALLBACK_REASON_SYNACK_PLAIN);
    CU_ASSERT_EQUAL(e.conn[1].fallback, MPA_FALLBACK_REASON_SYN_DROPPED);
    CU_ASSERT_EQUAL(e.conn[2].fallback, MPA_FALLBACK_REASON_ACK_PLAIN);
    CU_ASSERT_EQUAL(e.conn[3].fallback, MPA_FALLBACK_REASON_DATA_PLAIN);
    CU_ASSERT_EQUAL(e.conn[4].fallback, MPA_FALLBACK_REASON_NONE);
}

static void adverts(void)
{
    static const uint8_t copy[16] = {30,   16,   0x30, 1,    0x0a, 0x02, 0x00, 0x0b,
                                     0xa6, 0x6c, 0x56, 0x2c, 0xf3, 0x83, 0x49, 0x42};
    static const uint8_t echo[8] = {30, 8, 0x31, 1, 0x0a, 0x02, 0x00, 0x0b};
    static const uint8_t wrong[8] = {30, 8, 0x31, 2, 0x0a, 0x02, 0x00, 0x0b};
    struct talk k;
    struct ended e;
    const struct mpa_advert *a;

    begin(&k, &e);
    handshake_v1(&k, 40000, 0x21);
    talk_option(&k, copy, sizeof copy); /* Vector B.2. */
    talk_send(&k, VIP, 80, CLIENT, 40000, ACK, 501, 101, 0);
    talk_option(&k, wrong, sizeof wrong);
    talk_send(&k, CLIENT, 40000, VIP, 80, ACK, 101, 501, 0);
    talk_option(&k, copy, sizeof copy);
    talk_send(&k, VIP, 80, CLIENT, 40000, ACK, 501, 101, 0);
    talk_option(&k, echo, sizeof echo);
    talk_send(&k, CLIENT, 40000, VIP, 80, ACK, 101, 501, 0);
    a = k.subflow->conn->adverts;
    CU_ASSERT_EQUAL(a->transmissions, 2);
    CU_ASSERT_EQUAL(a->echoes, 1);
    CU_ASSERT_EQUAL(a->echo_ns - a->first_ns, 3000000);
    CU_ASSERT_EQUAL(a->echo_ns - a->last_before_echo_ns, 1000000);
    CU_ASSERT_EQUAL(a->hmac, MPA_HMAC_OK);
    /* An echo of something else answers nothing. */
    CU_ASSERT_PTR_NOT_NULL_FATAL(a->next);
    CU_ASSERT_EQUAL(a->next->transmissions, 0);
    CU_ASSERT_EQUAL(a->next->echoes, 1);
    CU_ASSERT_EQUAL(mpa_tracker_counts(k.tracker)->hmac_add_addr.ok, 2);
    end(&k);
}

/* The bound on connections holds, and what leaves is told. */
static void eviction(void)
{
    struct talk k;
    struct ended e;

    begin_with(&k, &e, (struct mpa_track_config){.max_connections = 3});
    for (uint16_t port = 1000; port < 1010; port++)
        handshake_tcp(&k, port, 100);
    CU_ASSERT_EQUAL(mpa_tracker_live(k.tracker), 3);
    CU_ASSERT_EQUAL(mpa_tracker_counts(k.tracker)->evicted, 7);
    CU_ASSERT_EQUAL(e.count, 7);
    end(&k);
    CU_ASSERT_EQUAL(e.count, 10);
}

static void idle_and_closed_leave(void)
{
    struct talk k;
    struct ended e;

    begin(&k, &e);
    handshake_tcp(&k, 40000, 100); /* Open. */
    handshake_tcp(&k, 40001, 100); /* Closed. */
    talk_send(&k, CLIENT, 40001, VIP, 80, FIN, 101, 501, 0);
    talk_send(&k, VIP, 80, CLIENT, 40001, FIN, 501, 102, 0);
    k.ns += 90000000000;
    handshake_tcp(&k, 40002, 100);
    CU_ASSERT_EQUAL(mpa_tracker_live(k.tracker), 2);
    k.ns += 2 * 3600 * 1000000000ll;
    handshake_tcp(&k, 40003, 100);
    CU_ASSERT_EQUAL(mpa_tracker_live(k.tracker), 1);
    end(&k);
    CU_ASSERT_EQUAL(e.count, 4);
}

/* SYNs that nobody answers leave sooner, joins among them. */
static void unanswered_leave(void)
{
    uint8_t syn[12] = {30, 12, 0x10, 2, 1, 2, 3, 4};
    struct talk k;
    struct ended e;

    begin(&k, &e);
    talk_send(&k, CLIENT, 40000, VIP, 80, SYN, 100, 0, 0);
    for (uint16_t port = 41000; port < 41003; port++) { /* One connection. */
        talk_option(&k, syn, sizeof syn);
        talk_send(&k, CLIENT, port, VIP, 80, SYN, port, 0, 0);
    }
    handshake_tcp(&k, 40001, 100);
    CU_ASSERT_EQUAL(mpa_tracker_live(k.tracker), 3);
    k.ns += 210000000000;
    talk_send(&k, CLIENT, 40001, VIP, 80, ACK, 101, 501, 10);
    CU_ASSERT_EQUAL(mpa_tracker_live(k.tracker), 1);
    end(&k);
}

/* One direction only, and the middle of a connection: nothing is invented. */
static void partial_captures(void)
{
    struct talk k;
    struct ended e;

    begin(&k, &e);
    talk_capable(&k, 12, 1, 0x21, key_b, NULL);
    talk_send(&k, VIP, 80, CLIENT, 40000, SYNACK, 500, 101, 0);
    talk_send(&k, VIP, 443, CLIENT, 50000, ACK, 7000, 1, 100);
    talk_send(&k, VIP, 443, CLIENT, 50000, ACK, 7100, 1, 100);
    end(&k);
    CU_ASSERT_EQUAL_FATAL(e.count, 2);
    CU_ASSERT_EQUAL(e.conn[0].protocol, MPA_PROTOCOL_MPTCP);
    CU_ASSERT_EQUAL(e.conn[0].client.port, 40000);
    CU_ASSERT_EQUAL(e.conn[0].token_client, MPA_NULL);
    CU_ASSERT_EQUAL(e.conn[0].syn_ns, MPA_NULL);
    CU_ASSERT_EQUAL(e.conn[1].server.port, 443);
    CU_ASSERT_EQUAL(e.conn[1].bytes.v[MPA_TO_CLIENT], 200);
    CU_ASSERT_EQUAL(e.conn[1].established_ns, MPA_NULL);
}

/* Sequence numbers that pass 2^32. */
static void sequence_wrap(void)
{
    struct talk k;
    struct ended e;

    begin(&k, &e);
    handshake_tcp(&k, 40000, 0xffffff00u);
    for (uint32_t i = 0; i < 10; i++)
        talk_send(&k, CLIENT, 40000, VIP, 80, ACK, 0xffffff01u + i * 100, 501, 100);
    talk_send(&k, VIP, 80, CLIENT, 40000, ACK, 501, 0xffffff01u + 1000, 0);
    end(&k);
    CU_ASSERT_EQUAL(e.conn[0].bytes.v[MPA_TO_SERVER], 1000);
    CU_ASSERT_EQUAL(e.subflow[0][0].retransmitted_bytes.v[MPA_TO_SERVER], 0);
}

int main(void)
{
    static CU_TestInfo tests[] = {
        {"keys and dialect", keys_and_dialect},
        {"split handshake", split_handshake},
        {"split handshake, first answer taken", split_handshake_first_wins},
        {"32-bit numbers before the key", low_numbers},
        {"split handshake, seen late", split_handshake_late},
        {"port reuse", port_reuse},
        {"port reuse, handshake lost", port_reuse_unseen},
        {"retransmission and order", retransmission_and_order},
        {"join and reinjection", join_and_reinjection},
        {"fast open", fast_opens},
        {"wrong HMAC", wrong_hmac},
        {"equal tokens", equal_tokens},
        {"joins only", joins_only},
        {"a flood of joins", joins_flood},
        {"fallbacks", fallbacks},
        {"adverts", adverts},
        {"eviction", eviction},
        {"idle and closed leave", idle_and_closed_leave},
        {"unanswered SYNs leave", unanswered_leave},
        {"partial captures", partial_captures},
        {"sequence wrap", sequence_wrap},
        CU_TEST_INFO_NULL,
    };

    return suite_run("tracker", tests);
}
