/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records of several vantage points and shards: what becomes one, what stays apart, and in any
 * order. */
#include "merges.h"

#include <CUnit/Basic.h>
#include <stdlib.h>

/* Merge 'count' records in the order of 'order'; all results as text.  Returns how many came out.
 */
static int merge_text(struct made *const *list, const int *captures, const int *order, int count,
                      char ret[RECORD_TEXT])
{
    struct mpa_merge *m = mpa_merge_new();
    struct text t = {ret, RECORD_TEXT};
    struct mpa_rec_conn *c;
    int results = 0, status;

    ret[0] = 0;
    CU_ASSERT_PTR_NOT_NULL_FATAL(m);
    for (int i = 0; i < count; i++)
        CU_ASSERT_EQUAL(mpa_merge_put(m, &list[order[i]]->conn, captures[order[i]]), 0);
    CU_ASSERT_EQUAL(mpa_merge_finish(m), 0);
    while ((status = mpa_merge_next(m, &c)) == 1) {
        CU_ASSERT_EQUAL(c->id, results);
        say_record(&t, c);
        results++;
    }
    CU_ASSERT_EQUAL(status, 0);
    mpa_merge_free(m);
    return results;
}

static const int in_order[8] = {0, 1, 2, 3, 4, 5, 6, 7};
static const int captures_up[8] = {0, 1, 2, 3, 4, 5, 6, 7};

/* ---- One connection at client, balancer (which translates) and server ------------------------ */

static void add_advert(struct made *m, enum mpa_word vantage, int64_t first_ns, int64_t echo_ns)
{
    struct mpa_rec_add_addr *a = &m->adverts[m->conn.add_addr_count++];

    *a = (struct mpa_rec_add_addr){.from_server = true,
                                   .id = 1,
                                   .addr = made_end(9, 0).addr,
                                   .port = MPA_NULL,
                                   .transmissions = 1,
                                   .first_ns = first_ns,
                                   .last_ns = first_ns,
                                   .echoes = 1,
                                   .echo_ns = echo_ns,
                                   .last_before_echo_ns = first_ns,
                                   .hmac = MPA_HMAC_OK,
                                   .vantage = vantage};
}

static void make_client(struct made *m)
{
    struct mpa_rec_subflow *s;

    made_begin(m, 4, 1000 * MS, 2000 * MS);
    made_keys(m, 0x11, 0x22);
    m->conn.syn_ns = 1000 * MS;
    m->conn.established_ns = 1020 * MS;
    s = made_subflow(m, MPA_ROLE_INITIAL, made_end(1, 40000), made_end(100, 80));
    made_isns(s, 1111, 2222);
    s->syn_ns = 1000 * MS;
    s->established_ns = 1020 * MS;
    s->vantage = MPA_VANTAGE_CLIENT;
    s->packets.v[0] = 10;
    s->packets.v[1] = 18;
    s->bytes.v[1] = 5000;
    s->rtt[1] = (struct mpa_rec_percentiles){18, 1000, 2000, 3000, 4000, 5000};
    s = made_subflow(m, MPA_ROLE_JOIN, made_end(1, 40001), made_end(9, 80));
    s->first_ns = s->syn_ns = 1050 * MS;
    s->established_ns = 1060 * MS;
    s->usable_ns = 1070 * MS;
    s->nonce[0] = 7;
    s->nonce[1] = 8;
    s->has_nonce[0] = s->has_nonce[1] = true;
    s->backup.v[0] = 1;
    add_advert(m, MPA_AA_VANTAGE_RECEIVER, 1030 * MS, 1030 * MS + 5000);
    m->adverts[0].joined_from[0] = 1;
    m->adverts[0].joined_count = 1;
    made_span(m, MPA_TO_CLIENT, 1, 5001);
    made_span(m, MPA_TO_CLIENT, 6001, 8001);
    m->conn.dsn_out_of_order_bytes.v[1] = 2000;
    m->conn.migration.state = MPA_MIGRATION_MIGRATED;
    m->conn.migration.usable_ns = 1070 * MS;
    m->conn.migration.vip_share_after[1] = 0.04;
    m->conn.unprotected_dur_ns = 70 * MS;
    made_note(m, MPA_NOTE_SYN, 1000 * MS, 0, 0, MPA_NULL);
    made_note(m, MPA_NOTE_USABLE, 1070 * MS, 0, 1, MPA_NULL);
    m->conn.last_data_ns = 1900 * MS;
}

static void make_balancer(struct made *m)
{
    struct mpa_rec_subflow *s;

    made_begin(m, 9, 1005 * MS, 1500 * MS);
    made_keys(m, 0x11, 0x22);
    m->conn.syn_ns = 1005 * MS;
    m->conn.established_ns = 1025 * MS;
    s = made_subflow(m, MPA_ROLE_INITIAL, made_end(1, 40000), made_end(100, 80));
    made_isns(s, 1111, 2222);
    s->syn_ns = 1005 * MS;
    s->established_ns = 1025 * MS;
    s->vantage = MPA_VANTAGE_MIDDLE;
    s->packets.v[0] = 11;
    s->packets.v[1] = 20;
    s->bytes.v[1] = 5000;
    s->server_count = 1;
    snprintf(s->servers[0].name, sizeof s->servers[0].name, "web1");
    s->servers[0].by = MPA_SERVER_BY_NAT;
    s->servers[0].first_ns = 1005 * MS;
    s->servers[0].last_ns = 1500 * MS;
    s->servers[0].packets = 11;
    add_advert(m, MPA_AA_VANTAGE_MIDDLE, 1028 * MS, 1034 * MS);
    made_span(m, MPA_TO_CLIENT, 1, 5001);
    m->conn.migration.state = MPA_MIGRATION_ADVERTISED_ONLY;
    made_note(m, MPA_NOTE_SYN, 1005 * MS, 1, 0, MPA_NULL);
}

/* Its clock is three seconds behind, and addresses are translated. */
static void make_server(struct made *m)
{
    const int64_t off = -3000 * (int64_t)MS;
    struct mpa_rec_subflow *s;

    made_begin(m, 0, off + 1010 * MS, off + 1990 * MS);
    made_keys(m, 0x11, 0x22);
    m->conn.syn_ns = off + 1010 * MS;
    m->conn.established_ns = off + 1030 * MS;
    m->conn.outcome = MPA_OUTCOME_CLOSED;
    m->conn.merge.data_fin_acked[0] = m->conn.merge.data_fin_acked[1] = true;
    s = made_subflow(m, MPA_ROLE_JOIN, made_end(200, 5001), made_end(9, 80));
    s->first_ns = s->syn_ns = off + 1055 * MS;
    s->established_ns = off + 1065 * MS;
    s->usable_ns = off + 1066 * MS;
    s->nonce[0] = 7;
    s->nonce[1] = 8;
    s->has_nonce[0] = s->has_nonce[1] = true;
    made_isns(s, 3333, 4444);
    s = made_subflow(m, MPA_ROLE_INITIAL, made_end(200, 5000), made_end(9, 8080));
    made_isns(s, 1111, 2222);
    s->syn_ns = off + 1010 * MS;
    s->established_ns = off + 1030 * MS;
    s->vantage = MPA_VANTAGE_SERVER;
    s->packets.v[0] = 10;
    s->packets.v[1] = 19;
    s->bytes.v[1] = 5000;
    s->rtt[1] = (struct mpa_rec_percentiles){19, 10000, 20000, 30000, 40000, 50000};
    add_advert(m, MPA_AA_VANTAGE_ADVERTISER, off + 1025 * MS, off + 1045 * MS);
    made_span(m, MPA_TO_CLIENT, 1, 8001);
    m->conn.migration.state = MPA_MIGRATION_MIGRATED;
    m->conn.migration.usable_ns = off + 1066 * MS;
    m->conn.migration.vip_share_after[1] = 0.0;
    m->conn.unprotected_dur_ns = 56 * MS;
    m->conn.last_data_ns = off + 1880 * MS;
    made_note(m, MPA_NOTE_SYN, off + 1010 * MS, 2, 1, MPA_NULL);
    made_note(m, MPA_NOTE_DATA_FIN, off + 1985 * MS, 2, 1, MPA_NULL);
}

static void vantage_points_become_one(void)
{
    struct made client, balancer, server, *const list[] = {&client, &balancer, &server};
    struct mpa_rec_conn *c;

    make_client(&client);
    make_balancer(&balancer);
    make_server(&server);
    c = merge_all(list, 3);
    /* Times of the handshake are the client's, although another clock says earlier. */
    CU_ASSERT_EQUAL(c->syn_ns, 1000 * MS);
    CU_ASSERT_EQUAL(c->established_ns, 1020 * MS);
    CU_ASSERT_EQUAL(c->last_data_ns, 1900 * MS);
    CU_ASSERT_EQUAL(c->first_ns, -1990 * (int64_t)MS);
    CU_ASSERT_EQUAL(c->last_ns, 2000 * MS);
    CU_ASSERT_TRUE(c->client.port == 40000 && c->server.port == 80);
    CU_ASSERT_EQUAL(c->merge.captures, 7);
    CU_ASSERT_EQUAL(c->outcome, MPA_OUTCOME_CLOSED);
    /* The union of the data; disorder as the reference saw it. */
    CU_ASSERT_EQUAL(c->bytes.v[MPA_TO_CLIENT], 8000);
    CU_ASSERT_EQUAL(c->merge.span_count[MPA_TO_CLIENT], 1);
    CU_ASSERT_EQUAL(c->dsn_out_of_order_bytes.v[1], 2000);
    /* Migration is the data sender's to judge. */
    CU_ASSERT_EQUAL(c->migration.state, MPA_MIGRATION_MIGRATED);
    CU_ASSERT_EQUAL(c->migration.vip_share_after[1], 0.0);
    CU_ASSERT_EQUAL(c->unprotected_dur_ns, 56 * MS);
    CU_ASSERT_EQUAL_FATAL(c->subflow_count, 2);
    CU_ASSERT_EQUAL(c->subflows[0].packets.v[0], 11);
    CU_ASSERT_EQUAL(c->subflows[0].packets.v[1], 20);
    CU_ASSERT_EQUAL(c->subflows[0].bytes.v[1], 5000);
    CU_ASSERT_EQUAL(c->subflows[0].rtt[1].p50_ns, 20000); /* At the sender. */
    CU_ASSERT_EQUAL(c->subflows[0].server_count, 1);
    CU_ASSERT_EQUAL(c->subflows[1].id, 1);
    CU_ASSERT_EQUAL(c->subflows[1].client.port, 40001);
    CU_ASSERT_EQUAL(c->subflows[1].usable_ns, 1070 * MS);
    CU_ASSERT_TRUE(c->subflows[1].has_isn[0] && c->subflows[1].isn[0] == 3333);
    mpa_record_free(c);
}

static void adverts_are_the_advertisers(void)
{
    struct made client, balancer, server, *const list[] = {&client, &balancer, &server};
    struct mpa_rec_conn *c;

    make_client(&client);
    make_balancer(&balancer);
    make_server(&server);
    c = merge_all(list, 2);
    CU_ASSERT_EQUAL_FATAL(c->add_addr_count, 1);
    CU_ASSERT_EQUAL(c->add_addrs[0].vantage, MPA_AA_VANTAGE_MIDDLE);
    CU_ASSERT_EQUAL(c->add_addrs[0].echo_ns - c->add_addrs[0].first_ns, 6 * MS);
    mpa_record_free(c);
    c = merge_all(list, 3);
    CU_ASSERT_EQUAL_FATAL(c->add_addr_count, 1);
    CU_ASSERT_EQUAL(c->add_addrs[0].vantage, MPA_AA_VANTAGE_ADVERTISER);
    CU_ASSERT_EQUAL(c->add_addrs[0].echo_ns - c->add_addrs[0].first_ns, 20 * MS);
    CU_ASSERT_EQUAL(c->add_addrs[0].transmissions, 1);
    CU_ASSERT_TRUE(c->add_addrs[0].joined_count == 1 && c->add_addrs[0].joined_from[0] == 1);
    mpa_record_free(c);
}

static void story_is_told_once(void)
{
    struct made client, balancer, server, *const list[] = {&client, &balancer, &server};
    struct mpa_rec_conn *c;

    make_client(&client);
    make_balancer(&balancer);
    make_server(&server);
    made_note(&client, MPA_NOTE_ADD_ADDR_AGAIN, 1100 * MS, 0, 0, 1);
    made_note(&balancer, MPA_NOTE_ADD_ADDR_AGAIN, 1101 * MS, 1, 0, 1);
    made_note(&balancer, MPA_NOTE_ADD_ADDR_AGAIN, 1201 * MS, 1, 0, 1); /* The client lost it. */
    c = merge_all(list, 3);
    /* SYN, usable, twice again, DATA_FIN: in order of time. */
    CU_ASSERT_EQUAL_FATAL(c->note_count, 5);
    CU_ASSERT_EQUAL(c->notes[0].kind, MPA_NOTE_DATA_FIN);
    CU_ASSERT_EQUAL(c->notes[0].subflow, 0); /* The server's second subflow is the initial one. */
    CU_ASSERT_TRUE(c->notes[1].kind == MPA_NOTE_SYN && c->notes[1].frame.capture == 0);
    CU_ASSERT_EQUAL(c->notes[3].ns, 1100 * MS);
    CU_ASSERT_EQUAL(c->notes[4].ns, 1201 * MS);
    mpa_record_free(c);
}

/* All orders, and all ways to put two together first. */
static void order_plays_no_part(void)
{
    static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                     {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    struct made client, balancer, server, *const list[] = {&client, &balancer, &server};
    static char want[RECORD_TEXT], got[RECORD_TEXT];

    make_client(&client);
    make_balancer(&balancer);
    make_server(&server);
    CU_ASSERT_EQUAL(merge_text(list, captures_up, orders[0], 3, want), 1);
    CU_ASSERT_TRUE(strlen(want) > 500);
    for (int i = 0; i < 6; i++) {
        const int *o = orders[i];
        struct mpa_rec_conn *two, *three;
        struct text t = {got, sizeof got};

        CU_ASSERT_EQUAL(merge_text(list, captures_up, o, 3, got), 1);
        CU_ASSERT_STRING_EQUAL(got, want);
        two = merge_two(&list[o[0]]->conn, o[0], &list[o[1]]->conn, o[1]);
        three = merge_two(two, o[0], &list[o[2]]->conn, o[2]);
        t = (struct text){got, sizeof got};
        say_record(&t, three);
        CU_ASSERT_STRING_EQUAL(got, want);
        mpa_record_free(two);
        mpa_record_free(three);
    }
}

/* ---- What stays apart, and what does not ----------------------------------------------------- */

/* A join to the server with token and keys' HMAC (or a wrong one). */
static void make_join(struct made *m, uint32_t token, const struct made *of, uint32_t nonce)
{
    struct mpa_rec_subflow *s;

    made_begin(m, 0, 1100 * MS, 1200 * MS);
    m->conn.protocol = MPA_PROTOCOL_MPTCP;
    m->conn.token_server = token;
    s = made_subflow(m, MPA_ROLE_JOIN, made_end(1, 41000), made_end(9, 80));
    s->syn_ns = 1100 * MS;
    s->established_ns = 1120 * MS;
    s->join_token = token;
    s->has_join_token = true;
    s->nonce[0] = nonce;
    s->nonce[1] = nonce + 1;
    s->has_nonce[0] = s->has_nonce[1] = true;
    if (of) {
        uint8_t mac[MPA_HMAC_MAX];

        mpa_crypto_join_hmac(MPA_SHA256, of->conn.merge.key[1], of->conn.merge.key[0], nonce + 1,
                             nonce, mac);
        memcpy(s->join_hmac, mac, sizeof s->join_hmac);
        s->has_join_hmac = true;
    }
}

static void equal_tokens_stay_two(void)
{
    struct made one, two, join, *const list[] = {&one, &two, &join};
    static char text[RECORD_TEXT];

    /* Two servers with the same key have the same token; the clients' keys tell them apart. */
    make_keyed(&one, 0, 1, 7, 100);
    make_keyed(&two, 1, 2, 7, 200);
    CU_ASSERT_EQUAL(one.conn.token_server, two.conn.token_server);
    CU_ASSERT_EQUAL(merge_text(list, captures_up, in_order, 2, text), 2);
    /* A join without HMAC could be either's: three.  With it, it goes to the second. */
    make_join(&join, (uint32_t)two.conn.token_server, NULL, 55);
    CU_ASSERT_EQUAL(merge_text(list, captures_up, in_order, 3, text), 3);
    make_join(&join, (uint32_t)two.conn.token_server, &two, 55);
    CU_ASSERT_EQUAL(merge_text(list, captures_up, in_order, 3, text), 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "conn 1 mptcp"));
    CU_ASSERT_PTR_NOT_NULL(strstr(strstr(text, "conn 1 mptcp"), "subflow 1 join"));
    make_join(&join, (uint32_t)two.conn.token_server, &one, 55);
    CU_ASSERT_EQUAL(merge_text(list, captures_up, in_order, 3, text), 2);
    CU_ASSERT_PTR_NULL(strstr(strstr(text, "conn 1 mptcp"), "subflow 1 join"));
}

static void joins_alone_find_their_connection(void)
{
    struct made one, two, join, same, *const list[] = {&one, &join, &two, &same};
    static char text[RECORD_TEXT];
    const int shards[] = {0, 0, 0, 0};

    make_keyed(&one, 0, 1, 7, 100);
    make_keyed(&two, 1, 2, 8, 200);
    make_join(&join, (uint32_t)one.conn.token_server, NULL, 55);
    /* Shards of one capture. */
    CU_ASSERT_EQUAL(merge_text(list, shards, in_order, 3, text), 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "subflow 1 join"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "conn 1 mptcp"));
    CU_ASSERT_TRUE(strstr(text, "subflow 1 join") < strstr(text, "conn 1 mptcp"));
    /* Nobody has that token. */
    make_join(&join, (uint32_t)one.conn.token_server + 1, NULL, 55);
    CU_ASSERT_EQUAL(merge_text(list, captures_up, in_order, 3, text), 3);
    /* The same join elsewhere, behind a translation. */
    make_join(&same, (uint32_t)one.conn.token_server + 1, NULL, 55);
    same.subflows[0].client = made_end(200, 999);
    CU_ASSERT_EQUAL(merge_text(list, captures_up, in_order, 4, text), 3);
    /* A server's join to the client carries the client's token. */
    make_join(&join, (uint32_t)one.conn.token_client, NULL, 56);
    join.subflows[0].opened_by_server = true;
    CU_ASSERT_EQUAL(merge_text(list, captures_up, in_order, 3, text), 2);
}

static void numbers_survive_translation(void)
{
    struct made inside, outside, *const list[] = {&inside, &outside};
    static char text[RECORD_TEXT];

    made_begin(&inside, 0, 1000 * MS, 1100 * MS);
    made_isns(made_subflow(&inside, MPA_ROLE_INITIAL, made_end(1, 4000), made_end(100, 80)), 5, 6);
    made_begin(&outside, 0, 1001 * MS, 1101 * MS);
    made_isns(made_subflow(&outside, MPA_ROLE_INITIAL, made_end(200, 61), made_end(9, 8080)), 5, 6);
    CU_ASSERT_EQUAL(merge_text(list, captures_up, in_order, 2, text), 1);
    outside.subflows[0].isn[1] = 7;
    CU_ASSERT_EQUAL(merge_text(list, captures_up, in_order, 2, text), 2);
    outside.subflows[0].isn[1] = 6;
    made_keys(&inside, 1, 2);
    CU_ASSERT_EQUAL(merge_text(list, captures_up, in_order, 2, text), 1);
    /* Different keys: whatever the numbers say, these are two. */
    made_keys(&outside, 1, 3);
    CU_ASSERT_EQUAL(merge_text(list, captures_up, in_order, 2, text), 2);
}

static void late_captures_find_their_connection(void)
{
    struct made whole, late, other, *const list[] = {&whole, &late, &other};
    static char text[RECORD_TEXT];

    make_keyed(&whole, 0, 1, 7, 100);
    made_begin(&late, 0, 1300 * MS, 1500 * MS);
    made_subflow(&late, MPA_ROLE_INITIAL, made_end(1, 40000), made_end(100, 80));
    late.conn.bytes.v[1] = 77;
    CU_ASSERT_EQUAL(merge_text(list, captures_up, in_order, 2, text), 1);
    /* In the same capture the tracker has already said that it is another connection. */
    CU_ASSERT_EQUAL(merge_text(list, (const int[]){0, 0}, in_order, 2, text), 2);
    /* At another time the ports are used again. */
    late.conn.first_ns = 90000 * (int64_t)MS;
    late.conn.last_ns = 90001 * (int64_t)MS;
    CU_ASSERT_EQUAL(merge_text(list, captures_up, in_order, 2, text), 2);
    late.conn.first_ns = 1300 * MS;
    late.conn.last_ns = 1500 * MS;
    /* Two connections that fit: neither. */
    make_keyed(&other, 0, 2, 8, 300);
    CU_ASSERT_EQUAL(merge_text(list, (const int[]){0, 1, 2}, in_order, 3, text), 3);
    CU_ASSERT_EQUAL(merge_text(list, (const int[]){0, 1, 0}, in_order, 3, text), 3);
    /* One without identity here, and two there: no way to tell which. */
    whole = other = late; /* Their arrays are still those of the third. */
    CU_ASSERT_EQUAL(merge_text(list, (const int[]){0, 1, 1}, in_order, 3, text), 3);
    CU_ASSERT_EQUAL(merge_text(list, (const int[]){0, 1, 2}, in_order, 3, text), 1);
}

/* ---- Many ------------------------------------------------------------------------------------ */

static uint32_t rng(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

#define MANY 40

/* Connections with one to three views each, shuffled: as many come out, in order, always the same.
 */
static void many_connections_in_any_order(void)
{
    static struct made made[MANY * 3];
    static struct made *list[MANY * 3];
    static int captures[MANY * 3], order[MANY * 3];
    static char want[64 * RECORD_TEXT], got[64 * RECORD_TEXT];
    uint64_t state = 42;
    int count = 0;

    for (int i = 0; i < MANY; i++) {
        int views = 1 + (int)(rng(&state) % 3);

        for (int v = 0; v < views; v++) {
            struct made *m = &made[count];

            make_keyed(m, i, (uint8_t)(i + 1), (uint8_t)(i + 100), (uint32_t)(i + 1) * 1000);
            m->conn.first_ns = m->subflows[0].first_ns = (1000 + i * 10 + v * 25) * MS;
            m->subflows[0].client.port = (uint16_t)(rng(&state) % 1000);
            made_span(m, 1, 1 + rng(&state) % 100, 200 + rng(&state) % 100);
            if (i % 3 == 0) { /* Plain TCP. */
                m->conn.protocol = MPA_PROTOCOL_TCP;
                m->conn.merge.has_key[0] = m->conn.merge.has_key[1] = false;
                m->conn.token_client = m->conn.token_server = MPA_NULL;
            }
            captures[count] = v;
            order[count] = count;
            list[count++] = m;
        }
    }
    for (int round = 0; round < 20; round++) {
        struct mpa_merge *m = mpa_merge_new();
        char *to = round ? got : want;
        struct text t = {to, sizeof want};
        struct mpa_rec_conn *c;
        int results = 0;

        CU_ASSERT_PTR_NOT_NULL_FATAL(m);
        for (int i = 0; i < count; i++)
            CU_ASSERT_EQUAL(mpa_merge_put(m, &list[order[i]]->conn, captures[order[i]]), 0);
        CU_ASSERT_EQUAL(mpa_merge_finish(m), 0);
        while (mpa_merge_next(m, &c) == 1) {
            CU_ASSERT_EQUAL(c->id, results);
            CU_ASSERT_EQUAL(c->first_ns, (1000 + results * 10) * MS);
            say_record(&t, c);
            results++;
        }
        CU_ASSERT_EQUAL(results, MANY);
        if (round)
            CU_ASSERT_STRING_EQUAL(got, want);
        mpa_merge_free(m);
        for (int i = count - 1; i > 0; i--) {
            int k = (int)(rng(&state) % (uint32_t)(i + 1)), swap = order[i];

            order[i] = order[k];
            order[k] = swap;
        }
    }
}

static void nothing_in_nothing_out(void)
{
    struct mpa_merge *m = mpa_merge_new();
    struct mpa_rec_conn *c;

    CU_ASSERT_PTR_NOT_NULL_FATAL(m);
    CU_ASSERT_EQUAL(mpa_merge_finish(m), 0);
    CU_ASSERT_EQUAL(mpa_merge_next(m, &c), 0);
    mpa_merge_free(m);
    mpa_merge_free(NULL);
}

int main(void)
{
    unsigned failures;

    if (CU_initialize_registry() != CUE_SUCCESS || mpa_crypto_init() != 0)
        return 1;
    CU_pSuite suite = CU_add_suite("merge", NULL, NULL);
    CU_ADD_TEST(suite, vantage_points_become_one);
    CU_ADD_TEST(suite, adverts_are_the_advertisers);
    CU_ADD_TEST(suite, story_is_told_once);
    CU_ADD_TEST(suite, order_plays_no_part);
    CU_ADD_TEST(suite, equal_tokens_stay_two);
    CU_ADD_TEST(suite, joins_alone_find_their_connection);
    CU_ADD_TEST(suite, numbers_survive_translation);
    CU_ADD_TEST(suite, late_captures_find_their_connection);
    CU_ADD_TEST(suite, many_connections_in_any_order);
    CU_ADD_TEST(suite, nothing_in_nothing_out);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures != 0;
}
