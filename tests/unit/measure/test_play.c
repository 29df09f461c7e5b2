/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole conversations through the tracker into records and the report. */
#include "play.h"

#include <math.h>
#include <stdio.h>

#define ACK MPA_TCP_ACK

static const struct mpa_measure_config plain;

static struct mpa_addr vip(void)
{
    return play_addr(9, 80);
}

static struct mpa_addr unique(uint8_t server)
{
    return play_addr(2, server);
}

/* Ten bytes of a request and 'size' of an answer, acknowledged. */
static void tcp_exchange(struct play *p, struct play_flow *f, uint32_t size)
{
    play_send(p, f, FROM_CLIENT, ACK, 10);
    play_send(p, f, FROM_SERVER, ACK, size);
    play_send(p, f, FROM_CLIENT, ACK, 0);
}

/* Something else happens later, so that time passes. */
static void other_traffic(struct play *p, int64_t after)
{
    struct play_flow f = play_flow(250, 999, play_addr(8, 8));

    play_wait(p, after);
    play_send(p, &f, FROM_CLIENT, MPA_TCP_SYN, 0);
}

static const struct mpa_rec_conn *conn_of(const struct play *p, uint16_t port)
{
    for (int i = 0; i < p->count; i++)
        if (p->records[i].conn.client.port == port)
            return &p->records[i].conn;
    CU_FAIL_FATAL("no such connection");
    return NULL;
}

/* ---- Plain TCP ------------------------------------------------------------------ */

static void tcp_hit(void)
{
    struct play *p = play_begin(plain);
    struct play_flow f = play_flow(1, 4000, vip()), g = play_flow(1, 4001, vip());
    const struct mpa_rec_conn *c;

    play_tcp(p, &f, 20 * MS, MS);
    play_tcp(p, &g, 20 * MS, MS);
    tcp_exchange(p, &f, 1000);
    tcp_exchange(p, &g, 1000);
    play_wait(p, 100 * MS);
    play_redirect(p, &f);
    play_send(p, &f, FROM_SERVER, ACK, 500); /* A ghost: the old server is alive. */
    play_send(p, &f, FROM_CLIENT, MPA_TCP_RST, 0);
    play_send(p, &f, FROM_CLIENT, MPA_TCP_RST, 0);
    play_send(p, &g, FROM_SERVER, ACK | MPA_TCP_FIN, 0);
    play_send(p, &g, FROM_CLIENT, ACK | MPA_TCP_FIN, 0);
    play_send(p, &g, FROM_SERVER, ACK, 0);
    play_redirect(p, &g);
    play_finish(p);

    c = conn_of(p, 4000);
    CU_ASSERT_EQUAL(c->outcome, MPA_OUTCOME_FAILED);
    CU_ASSERT_EQUAL(c->survived, 0);
    CU_ASSERT_EQUAL_FATAL(c->hit_count, 1);
    CU_ASSERT_EQUAL(c->hits[0].flows_live, 2);
    CU_ASSERT_EQUAL(c->subflows[0].reset.class, MPA_RESET_REDIRECT);
    CU_ASSERT_TRUE(c->subflows[0].reset.from_server);
    CU_ASSERT_EQUAL(c->subflows[0].reset.idle_dur_ns, 100 * MS);
    CU_ASSERT_EQUAL(c->subflows[0].rst[MPA_TO_SERVER].class, MPA_RESET_VICTIM);
    CU_ASSERT_EQUAL(c->subflows[0].on_vip, 1);
    /* After both FINs a redirect harms nobody. */
    c = conn_of(p, 4001);
    CU_ASSERT_EQUAL(c->outcome, MPA_OUTCOME_CLOSED);
    CU_ASSERT_EQUAL(c->hit_count, 0);
    CU_ASSERT_EQUAL(c->subflows[0].reset.class, MPA_RESET_LATE);
    CU_ASSERT_EQUAL(p->report.churn.tcp_hit, 1);
    CU_ASSERT_EQUAL(p->report.churn.tcp_failed, 1);
    CU_ASSERT_EQUAL(p->report.reset_packets, 4);
    CU_ASSERT_EQUAL(p->report.reset_events, 3);
    CU_ASSERT_TRUE(p->report.vips_inferred);
    CU_ASSERT_EQUAL_FATAL(p->report.vip_count, 1);
    CU_ASSERT_EQUAL(p->report.churn.event_count, 0); /* One hit is no event. */
    play_end(p);
}

/* The client goes on for more than a round trip: it never got the RST. */
static void tcp_rst_lost(void)
{
    struct play *p = play_begin(plain);
    struct play_flow f = play_flow(1, 4000, vip());

    play_tcp(p, &f, 20 * MS, MS);
    tcp_exchange(p, &f, 1000);
    play_redirect(p, &f);
    play_wait(p, 200 * MS);
    play_send(p, &f, FROM_SERVER, ACK, 1000);
    play_send(p, &f, FROM_CLIENT, ACK, 0);
    play_finish(p);
    CU_ASSERT_EQUAL(p->report.churn.tcp_hit, 1);
    CU_ASSERT_EQUAL(p->report.churn.tcp_failed, 0);
    CU_ASSERT_EQUAL(p->report.churn.tcp_undetermined, 1);
    CU_ASSERT_EQUAL(conn_of(p, 4000)->survived, MPA_NULL);
    play_end(p);
}

/* RSTs both ways within a millisecond, neither in sequence: injected between the ends. */
static void injected(int64_t back, int64_t apart, enum mpa_word want)
{
    struct play *p = play_begin(plain);
    struct play_flow f = play_flow(1, 4000, vip());

    play_tcp(p, &f, 20 * MS, back);
    tcp_exchange(p, &f, 1000);
    f.next[FROM_SERVER] += 7;
    f.next[FROM_CLIENT] += 7;
    play_send(p, &f, FROM_SERVER, MPA_TCP_RST | ACK, 0);
    play_wait(p, apart);
    play_send(p, &f, FROM_CLIENT, MPA_TCP_RST | ACK, 0);
    play_finish(p);
    CU_ASSERT_EQUAL(conn_of(p, 4000)->subflows[0].reset.class, want);
    CU_ASSERT_EQUAL(p->report.reset_classes[want - MPA_RESET_FIRST], 1);
    play_end(p);
}

static void injection(void)
{
    injected(10 * MS, MS - 1, MPA_RESET_MIDDLEBOX);
    injected(10 * MS, MS, MPA_RESET_UNEXPLAINED);
    injected(MS - 1, MS - 1, MPA_RESET_UNEXPLAINED); /* The client is here: it reacted. */
}

/* ---- MPTCP ---------------------------------------------------------------------- */

struct pair {
    struct play_conn conn;
    struct play_flow vip, direct;
};

/* A connection at the client: server advertises, client echoes and joins; 1000 bytes on the VIP
 * before. */
static void begin_pair(struct play *p, struct pair *x, uint16_t port, uint8_t server, bool join)
{
    struct mpa_addr to = unique(server);

    x->vip = play_flow(1, port, vip());
    x->direct = play_flow(1, (uint16_t)(port + 1000), to);
    play_mptcp(p, &x->conn, &x->vip, (uint8_t)port, 20 * MS, MS);
    play_data(p, &x->conn, &x->vip, FROM_CLIENT, 10);
    play_wait(p, 20 * MS);
    play_data(p, &x->conn, &x->vip, FROM_SERVER, 1000);
    play_ack(p, &x->conn, &x->vip, FROM_CLIENT);
    if (!join)
        return;
    play_add_addr(p, &x->conn, FROM_SERVER, 1, &to, false);
    play_send(p, &x->vip, FROM_SERVER, ACK, 0);
    play_wait(p, MS / 100);
    play_add_addr(p, &x->conn, FROM_SERVER, 1, &to, true);
    play_send(p, &x->vip, FROM_CLIENT, ACK, 0);
    play_join(p, &x->conn, &x->direct);
}

static void on_direct(struct play *p, struct pair *x, uint16_t size)
{
    play_data(p, &x->conn, &x->direct, FROM_SERVER, size);
    play_ack(p, &x->conn, &x->direct, FROM_CLIENT);
}

static void on_vip(struct play *p, struct pair *x, uint16_t size)
{
    play_data(p, &x->conn, &x->vip, FROM_SERVER, size);
    play_ack(p, &x->conn, &x->vip, FROM_CLIENT);
}

static void survives(void)
{
    struct play *p = play_begin((struct mpa_measure_config){.notes = MPA_NOTES_ALL});
    struct pair x;
    const struct mpa_rec_conn *c;
    bool hit = false, survived = false;

    begin_pair(p, &x, 4000, 1, true);
    play_wait(p, 500 * MS);
    on_vip(p, &x, 2000);
    play_redirect(p, &x.vip);
    play_send(p, &x.vip, FROM_SERVER, ACK, 0);
    play_send(p, &x.vip, FROM_CLIENT, MPA_TCP_RST, 0);
    play_wait(p, 300 * MS);
    on_direct(p, &x, 3000);
    play_close(p, &x.conn, &x.direct);
    play_finish(p);

    c = conn_of(p, 4000);
    CU_ASSERT_EQUAL(c->outcome, MPA_OUTCOME_CLOSED);
    CU_ASSERT_EQUAL(c->survived, 1);
    CU_ASSERT_FALSE(c->hit_unprotected);
    CU_ASSERT_EQUAL_FATAL(c->hit_count, 1);
    CU_ASSERT_EQUAL_FATAL(c->subflow_count, 2);
    CU_ASSERT_EQUAL(c->subflows[0].on_vip, 1);
    CU_ASSERT_EQUAL(c->subflows[1].on_vip, 0);
    CU_ASSERT_EQUAL(c->migration.left_by, MPA_LEFT_BY_RESET);
    CU_ASSERT_EQUAL(c->migration.state, MPA_MIGRATION_JOINED_NOT_MIGRATED);
    CU_ASSERT_EQUAL(c->migration.vip_bytes_after.v[1], 2000);
    CU_ASSERT_EQUAL(c->migration.direct_bytes_after.v[1], 3000);
    CU_ASSERT_DOUBLE_EQUAL(c->migration.vip_share_after[1], 0.4, 1e-9);
    CU_ASSERT_TRUE(isnan(c->migration.vip_share_after[0]));
    CU_ASSERT_EQUAL(p->report.churn.mptcp_hit, 1);
    CU_ASSERT_EQUAL(p->report.churn.mptcp_survived, 1);
    for (int i = 0; i < c->note_count; i++) {
        hit |= c->notes[i].kind == MPA_NOTE_HIT;
        survived |= c->notes[i].kind == MPA_NOTE_SURVIVED && hit;
    }
    CU_ASSERT_TRUE(hit && survived);
    play_end(p);
}

/* Hit before there was a second path.  'watched' is how long the capture goes on. */
static void unprotected(bool advertised, int64_t watched, int64_t want_failed)
{
    struct play *p = play_begin(plain);
    struct pair x;
    struct mpa_addr to = unique(1);

    begin_pair(p, &x, 4000, 1, false);
    if (advertised) {
        play_add_addr(p, &x.conn, FROM_SERVER, 1, &to, false);
        play_send(p, &x.vip, FROM_SERVER, ACK, 0);
    }
    play_wait(p, 10 * MS);
    play_redirect(p, &x.vip);
    /* What the old server still sends, and the client refuses, is no progress. */
    play_data(p, &x.conn, &x.vip, FROM_SERVER, 500);
    play_send(p, &x.vip, FROM_CLIENT, MPA_TCP_RST, 0);
    other_traffic(p, watched);
    play_finish(p);
    CU_ASSERT_EQUAL(p->report.churn.mptcp_hit, 1);
    CU_ASSERT_EQUAL(p->report.churn.mptcp_survived, 0);
    CU_ASSERT_EQUAL(p->report.churn.mptcp_failed, want_failed);
    CU_ASSERT_EQUAL(p->report.churn.mptcp_unprotected, want_failed);
    CU_ASSERT_EQUAL(p->report.churn.mptcp_undetermined, 1 - want_failed);
    CU_ASSERT_TRUE(conn_of(p, 4000)->hit_unprotected);
    CU_ASSERT_EQUAL(conn_of(p, 4000)->outcome,
                    want_failed ? MPA_OUTCOME_FAILED : MPA_OUTCOME_RESET);
    play_end(p);
}

static void fails_unprotected(void)
{
    unprotected(false, 2000 * MS, 1); /* C, and no other address: nowhere to go. */
    unprotected(false, 900 * MS, 0);
    unprotected(true, 3100 * MS, 1);
    unprotected(true, 2000 * MS, 0); /* A join may still come. */
}

/* The redirected flow in the capture of the wrong server: its other subflows are not seen there. */
static void stray_flow(void)
{
    struct play *p = play_begin(plain);
    struct play_conn conn = {.token = {1, 2}, .dsn = {1000, 2000}};
    struct play_flow f = play_flow(1, 4000, vip());

    play_ack(p, &conn, &f, FROM_CLIENT);
    play_redirect(p, &f);
    other_traffic(p, 70000 * MS);
    play_finish(p);
    CU_ASSERT_EQUAL(p->report.churn.mptcp_hit, 1);
    CU_ASSERT_EQUAL(p->report.churn.mptcp_undetermined, 1);
    CU_ASSERT_EQUAL(p->report.churn.mptcp_unprotected, 0);
    play_end(p);
}

static void migrates(void)
{
    struct play *p = play_begin(plain);
    struct pair x, y, z;
    const struct mpa_rec_conn *c;
    int64_t join_ns, syn_ns = p->ns;

    begin_pair(p, &x, 4000, 1, true);
    join_ns = p->ns;
    play_wait(p, 50 * MS);
    on_vip(p, &x, 900); /* Within g: no reproach. */
    play_wait(p, 100 * MS);
    on_direct(p, &x, 5000);
    play_close(p, &x.conn, &x.direct);
    begin_pair(p, &y, 5000, 2, true); /* Over before the cut, on the direct subflow. */
    on_direct(p, &y, 700);
    play_close(p, &y.conn, &y.direct);
    begin_pair(p, &z, 6000, 2, false);
    play_close(p, &z.conn, &z.vip);
    play_finish(p);

    c = conn_of(p, 4000);
    CU_ASSERT_EQUAL(c->migration.state, MPA_MIGRATION_MIGRATED);
    CU_ASSERT_EQUAL(c->migration.left_by, MPA_LEFT_BY_SCHEDULER);
    CU_ASSERT_EQUAL(c->migration.usable_ns, join_ns);
    CU_ASSERT_EQUAL(c->unprotected_dur_ns, join_ns - syn_ns);
    CU_ASSERT_EQUAL(c->migration.first_direct_ns.v[1], join_ns + 150 * MS);
    CU_ASSERT_EQUAL(c->migration.first_direct_ns.v[0], MPA_NULL);
    CU_ASSERT_EQUAL(c->migration.vip_bytes_after.v[1], 0);
    c = conn_of(p, 5000);
    CU_ASSERT_EQUAL(c->migration.state, MPA_MIGRATION_MIGRATED);
    CU_ASSERT_TRUE(isnan(c->migration.vip_share_after[1]));
    CU_ASSERT_EQUAL(conn_of(p, 6000)->migration.state, MPA_MIGRATION_SINGLE_PATH);
    CU_ASSERT_EQUAL(p->report.migration.migrated, 2);
    CU_ASSERT_EQUAL(p->report.migration.single_path, 1);
    CU_ASSERT_DOUBLE_EQUAL(p->report.migration.vip_share_after[1], 0, 1e-9);
    CU_ASSERT_EQUAL(p->report.transfer_count, 2);
    CU_ASSERT_EQUAL(p->report.transfers[0].min_bytes, 1000);
    CU_ASSERT_EQUAL(p->report.transfers[0].completed, 2);
    /* Payload bytes: 3 * 1010 + 900 through the balancer of 9730 bytes in all, by direction. */
    CU_ASSERT_DOUBLE_EQUAL(p->report.off_path_bytes[0], 0, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(p->report.off_path_bytes[1], 1 - 3900.0 / 9600.0, 1e-9);
    play_end(p);
}

/* A joined subflow that ends says nothing of the VIP's, whatever share that had then. */
static void other_path_ends(uint8_t flags)
{
    struct play *p = play_begin(plain);
    struct pair x;
    struct play_flow second = play_flow(1, 6001, unique(1));
    const struct mpa_rec_conn *c;

    begin_pair(p, &x, 4000, 1, true);
    play_join(p, &x.conn, &second);
    play_wait(p, 500 * MS);
    on_vip(p, &x, 1000);
    on_direct(p, &x, 100);
    play_send(p, &x.direct, FROM_SERVER, flags, 0);
    if (flags & MPA_TCP_FIN)
        play_send(p, &x.direct, FROM_CLIENT, flags, 0);
    x.direct = second;
    for (int i = 0; i < 3; i++)
        on_direct(p, &x, 40000);
    play_finish(p);
    c = conn_of(p, 4000);
    CU_ASSERT_EQUAL(c->subflow_count, 3);
    CU_ASSERT_EQUAL(c->subflows[1].has_reset, (flags & MPA_TCP_RST) != 0);
    CU_ASSERT_EQUAL(c->migration.state, MPA_MIGRATION_MIGRATED);
    CU_ASSERT_EQUAL(c->migration.left_by, MPA_LEFT_BY_SCHEDULER);
    play_end(p);
}

static void another_path_ends(void)
{
    other_path_ends(MPA_TCP_FIN | ACK);
    other_path_ends(MPA_TCP_RST | ACK);
}

/* ---- ADD_ADDR ------------------------------------------------------------------- */

/* One advertisement: copies at 0 and 250 ms, the echo 30 ms after the second; 'there' and 'back'
 * place the capture. */
static void advertise(struct play *p, uint16_t port, int64_t there, int64_t back)
{
    struct play_conn conn;
    struct play_flow f = play_flow(1, port, vip());
    struct mpa_addr to = unique(1);

    play_mptcp(p, &conn, &f, (uint8_t)port, there, back);
    for (int i = 0; i < 2; i++) {
        play_add_addr(p, &conn, FROM_SERVER, 1, &to, false);
        play_send(p, &f, FROM_SERVER, ACK, 0);
        play_wait(p, i ? 30 * MS : 250 * MS);
    }
    play_add_addr(p, &conn, FROM_SERVER, 1, &to, true);
    play_send(p, &f, FROM_CLIENT, ACK, 0);
}

static void latency(void)
{
    struct play *p = play_begin(plain);

    advertise(p, 4000, MS, 20 * MS);
    advertise(p, 5000, 20 * MS, MS); /* At the receiver: another thing, kept apart. */
    play_finish(p);
    CU_ASSERT_EQUAL(p->report.add_addr.advertised, 2);
    CU_ASSERT_EQUAL(p->report.add_addr.transmissions, 4);
    CU_ASSERT_EQUAL(p->report.add_addr.answered, 2);
    CU_ASSERT_EQUAL(p->report.add_addr.unanswered, 0);
    CU_ASSERT_EQUAL(p->report.add_addr.vantage, MPA_AA_VANTAGE_ADVERTISER);
    CU_ASSERT_FALSE(p->report.add_addr.turnaround);
    CU_ASSERT_EQUAL(p->report.add_addr.first_to_echo.count, 1);
    CU_ASSERT_EQUAL(p->report.add_addr.first_to_echo.p50_ns, 280 * MS);
    CU_ASSERT_EQUAL(p->report.add_addr.last_to_echo.p50_ns, 30 * MS);
    CU_ASSERT_EQUAL(conn_of(p, 5000)->add_addrs[0].vantage, MPA_AA_VANTAGE_RECEIVER);
    CU_ASSERT_EQUAL(p->report.hmac_add_addr.ok, 4);
    play_end(p);

    p = play_begin(plain);
    advertise(p, 4000, 20 * MS, MS);
    advertise(p, 5000, MS / 10, MS / 10); /* Too quick to tell: as the rest of the capture. */
    play_finish(p);
    CU_ASSERT_EQUAL(p->report.add_addr.vantage, MPA_AA_VANTAGE_RECEIVER);
    CU_ASSERT_TRUE(p->report.add_addr.turnaround);
    CU_ASSERT_EQUAL(p->report.add_addr.first_to_echo.count, 2);
    CU_ASSERT_EQUAL(mpa_measure_vantage(p->measure), MPA_VANTAGE_CLIENT);
    play_end(p);
}

/* ---- Churn ---------------------------------------------------------------------- */

/* At the router: the MAC tells the server.  s1 leaves; its flow and, needlessly, one of s2's go to
 * s3; one stays. */
static void events_of_a_log(void)
{
    struct mpa_server servers[3] = {{.name = "s1", .has_mac = true},
                                    {.name = "s2", .has_mac = true},
                                    {.name = "s3", .has_mac = true}};
    struct mpa_churn_line churn[2] = {{.remove = true, .server = "s1"}, {.server = "s1"}};
    struct mpa_measure_config config = {
        .servers = servers, .server_count = 3, .churn = churn, .churn_count = 2};
    struct play_flow f[3];
    struct play *p;

    for (int i = 0; i < 3; i++) {
        servers[i].mac[0] = 2;
        servers[i].mac[5] = (uint8_t)(i + 1);
    }
    churn[0].ns = 1000000000000ll + 2000 * MS;
    churn[1].ns = 1000000000000ll + 4000 * MS;
    p = play_begin(config);
    for (int i = 0; i < 3; i++) {
        f[i] = play_flow(1, (uint16_t)(4000 + i), vip());
        f[i].mac = (uint8_t)(i + 1);
        play_tcp(p, &f[i], 10 * MS, 10 * MS);
        tcp_exchange(p, &f[i], 1000);
    }
    p->ns = churn[0].ns + 100 * MS;
    for (int i = 0; i < 3; i++) {
        f[i].mac = 3;
        play_send(p, &f[i], FROM_CLIENT, ACK, 1);
        if (i < 2)
            play_redirect(p, &f[i]);
    }
    p->ns = churn[1].ns + 100 * MS;
    f[0].mac = 1; /* Packets of a dead flow: not moved. */
    play_send(p, &f[0], FROM_CLIENT, MPA_TCP_RST, 0);
    f[2].mac = 1;
    play_send(p, &f[2], FROM_CLIENT, ACK, 1);
    play_finish(p);

    CU_ASSERT_EQUAL_FATAL(p->report.churn.event_count, 2);
    CU_ASSERT_EQUAL(p->report.churn.events[0].source, MPA_CHURN_SOURCE_LOG);
    CU_ASSERT_EQUAL(p->report.churn.events[0].flows_live, 3);
    CU_ASSERT_EQUAL(p->report.churn.events[0].flows_moved, 2);
    CU_ASSERT_EQUAL(p->report.churn.events[0].moved_at_removed, 1);
    CU_ASSERT_EQUAL(p->report.churn.events[0].moved_needlessly, 1);
    CU_ASSERT_EQUAL(p->report.churn.events[0].reset_events, 2);
    CU_ASSERT_EQUAL(p->report.churn.events[0].failed, 2);
    CU_ASSERT_EQUAL(p->report.churn.events[1].flows_live, 1);
    CU_ASSERT_EQUAL(p->report.churn.events[1].flows_moved, 1);
    CU_ASSERT_EQUAL(p->report.churn.events[1].moved_needlessly, 1);
    CU_ASSERT_EQUAL(p->report.churn.events[1].reset_events, 0);
    CU_ASSERT_EQUAL(conn_of(p, 4000)->hits[0].churn_event, 0);
    CU_ASSERT_EQUAL(conn_of(p, 4000)->subflows[0].server_count, 2);
    CU_ASSERT_STRING_EQUAL(conn_of(p, 4000)->subflows[0].servers[0].name, "s1");
    CU_ASSERT_STRING_EQUAL(conn_of(p, 4000)->subflows[0].servers[1].name, "s3");
    CU_ASSERT_EQUAL(conn_of(p, 4002)->subflows[0].server_count, 2);
    play_end(p);
}

/* At the client: one router for everything names no server, and what it cannot know is null. */
static void events_inferred(void)
{
    struct play *p = play_begin(plain);
    struct play_flow f[6];
    int64_t hit_ns = 0;

    for (int i = 0; i < 6; i++) {
        f[i] = play_flow(1, (uint16_t)(4000 + i), vip());
        f[i].mac = 9;
        play_tcp(p, &f[i], 20 * MS, MS);
        tcp_exchange(p, &f[i], 1000);
    }
    play_wait(p, 2000 * MS);
    for (int i = 0; i < 4; i++) {
        play_wait(p, 50 * MS);
        hit_ns = hit_ns ? hit_ns : p->ns;
        play_redirect(p, &f[i]);
    }
    play_finish(p);
    CU_ASSERT_EQUAL_FATAL(p->report.churn.event_count, 1);
    CU_ASSERT_EQUAL(p->report.churn.events[0].source, MPA_CHURN_SOURCE_INFERRED);
    CU_ASSERT_EQUAL(p->report.churn.events[0].ns, hit_ns);
    CU_ASSERT_EQUAL(p->report.churn.events[0].flows_live, 6);
    CU_ASSERT_EQUAL(p->report.churn.events[0].flows_moved, 4);
    CU_ASSERT_EQUAL(p->report.churn.events[0].moved_needlessly, MPA_NULL);
    CU_ASSERT_EQUAL(p->report.churn.events[0].failed, 4);
    CU_ASSERT_EQUAL(conn_of(p, 4000)->subflows[0].server_count, 0);
    play_end(p);
}

/* At the server: data is outstanding when the flow is hit; it goes on 700 ms later.  Before, each
 * gap was 40 ms. */
static void gap(void)
{
    struct play *p = play_begin(plain);
    struct pair x;
    const struct mpa_rec_hit *h;

    x.vip = play_flow(1, 4000, vip());
    x.direct = play_flow(1, 5000, unique(1));
    play_mptcp(p, &x.conn, &x.vip, 7, MS, 20 * MS);
    play_join(p, &x.conn, &x.direct);
    for (int i = 0; i < 200; i++) { /* The sender keeps one segment outstanding. */
        play_data(p, &x.conn, &x.vip, FROM_SERVER, 1000);
        play_wait(p, 40 * MS);
        play_ack(p, &x.conn, &x.vip, FROM_CLIENT);
    }
    play_data(p, &x.conn, &x.vip, FROM_SERVER, 1000);
    play_wait(p, 10 * MS);
    play_redirect(p, &x.vip);
    play_wait(p, 690 * MS);
    x.conn.dsn[FROM_SERVER] -= 1000;
    play_data(p, &x.conn, &x.direct, FROM_SERVER, 1000); /* Sent again on the other path. */
    play_ack(p, &x.conn, &x.direct, FROM_CLIENT);
    play_close(p, &x.conn, &x.direct);
    play_finish(p);
    CU_ASSERT_EQUAL_FATAL(conn_of(p, 4000)->hit_count, 1);
    h = conn_of(p, 4000)->hits;
    CU_ASSERT_EQUAL(h->gap_dur_ns, 700 * MS);
    CU_ASSERT_FALSE(h->censored);
    CU_ASSERT_TRUE(llabs(h->excess_dur_ns - 660 * MS) <= 40 * MS / 8);
    CU_ASSERT_EQUAL(conn_of(p, 4000)->survived, 1);
    CU_ASSERT_EQUAL(p->report.churn.gap.count, 1);
    play_end(p);
}

/* ---- The rest ------------------------------------------------------------------- */

static void time_line(void)
{
    struct mpa_prefix given = {vip(), 128};
    struct play *p = play_begin((struct mpa_measure_config){.vips = &given, .vip_count = 1});
    struct pair x;
    struct play_flow elsewhere = play_flow(1, 7000, play_addr(8, 8));
    int64_t vip_bytes = 0, direct_bytes = 0, second = 0;

    begin_pair(p, &x, 4000, 1, true);
    play_tcp(p, &elsewhere, MS, MS);
    tcp_exchange(p, &elsewhere, 5000); /* Not of the service. */
    play_wait(p, 5000 * MS);
    second = p->ns / 1000000000;
    on_direct(p, &x, 3000);
    play_wait(p, MS);
    play_redirect(p, &x.vip);
    play_finish(p);
    CU_ASSERT_EQUAL_FATAL(p->report.bin_count, 2);
    for (int i = 0; i < p->report.bin_count; i++) {
        vip_bytes += p->report.bins[i].vip_bytes;
        direct_bytes += p->report.bins[i].direct_bytes;
    }
    CU_ASSERT_EQUAL(vip_bytes, 1010);
    CU_ASSERT_EQUAL(direct_bytes, 3000);
    CU_ASSERT_EQUAL(p->report.bins[1].start_ns, second * 1000000000);
    CU_ASSERT_EQUAL(p->report.bins[1].resets[MPA_RESET_REDIRECT - MPA_RESET_FIRST], 1);
    CU_ASSERT_FALSE(p->report.vips_inferred);
    CU_ASSERT_EQUAL(conn_of(p, 7000)->subflows[0].on_vip, 0);
    play_end(p);
}

/* Two captures of other parts of the traffic: what they count adds up. */
static void added(void)
{
    struct play *p = play_begin(plain), *q = play_begin(plain);
    struct pair x, y;
    struct mpa_rec_report r;

    begin_pair(p, &x, 4000, 1, true);
    begin_pair(q, &y, 5000, 2, true);
    CU_ASSERT_EQUAL(mpa_measure_finish(q->measure), 0);
    CU_ASSERT_EQUAL(mpa_measure_finish(p->measure), 0);
    CU_ASSERT_EQUAL(mpa_measure_add(p->measure, q->measure), 0);
    for (int i = 0; i < 2; i++) {
        struct play_record *rec = i ? &q->records[0] : &p->records[0];

        mpa_measure_complete(p->measure, &rec->conn);
    }
    CU_ASSERT_EQUAL_FATAL(mpa_measure_report(p->measure, &r), 0);
    CU_ASSERT_EQUAL(r.connections_mptcp, 2);
    CU_ASSERT_EQUAL(r.options[MPA_OPT_COUNT_ADD_ADDR - MPA_OPT_FIRST].v[MPA_TO_CLIENT], 2);
    CU_ASSERT_EQUAL(r.vip_count, 1);
    CU_ASSERT_EQUAL_FATAL(r.bin_count, 1);
    CU_ASSERT_EQUAL(r.bins[0].vip_bytes, 2020);
    play_end(q);
    play_end(p);
}

/* Captures of two servers without MACs: which capture a flow is in names its server.  One such
 * capture alone names nobody. */
static void servers_by_capture(void)
{
    for (int both = 0; both < 2; both++) {
        struct play *p[2] = {play_begin(plain), play_begin(plain)};
        struct play_flow f[2];
        const struct mpa_rec_subflow *sf;

        for (int i = 0; i < 2; i++) {
            p[i]->capture = (uint16_t)(i + 3);
            f[i] = play_flow(1, (uint16_t)(4000 + i), vip());
            play_tcp(p[i], &f[i], both || i == 0 ? MS : 20 * MS, both || i == 0 ? 20 * MS : MS);
            tcp_exchange(p[i], &f[i], 100);
            CU_ASSERT_EQUAL(mpa_measure_finish(p[i]->measure), 0);
        }
        CU_ASSERT_EQUAL(mpa_measure_add(p[0]->measure, p[1]->measure), 0);
        for (int i = 0; i < 2; i++)
            mpa_measure_complete(p[0]->measure, &p[i]->records[0].conn);
        sf = &p[1]->records[0].conn.subflows[0];
        CU_ASSERT_EQUAL_FATAL(sf->server_count, both);
        if (both) {
            CU_ASSERT_EQUAL(sf->servers[0].by, MPA_SERVER_BY_CAPTURE);
            CU_ASSERT_STRING_EQUAL(sf->servers[0].name, "capture 4");
            CU_ASSERT_EQUAL(sf->servers[0].packets, 6);
        }
        play_end(p[1]);
        play_end(p[0]);
    }
}

/* Stories are bounded, and what decides is kept. */
static void notes(void)
{
    struct play *p = play_begin((struct mpa_measure_config){.notes = MPA_NOTES_ALL});
    struct pair x;
    struct mpa_addr to = unique(1);
    const struct mpa_rec_conn *c;

    begin_pair(p, &x, 4000, 1, false);
    for (int i = 0; i < 500; i++) {
        play_add_addr(p, &x.conn, FROM_SERVER, 1, &to, false);
        play_send(p, &x.vip, FROM_SERVER, ACK, 0);
    }
    play_wait(p, MS);
    play_redirect(p, &x.vip);
    play_finish(p);
    c = conn_of(p, 4000);
    CU_ASSERT_TRUE(c->note_count < 64);
    CU_ASSERT_TRUE(c->notes_dropped > 400);
    CU_ASSERT_EQUAL(c->notes[c->note_count - 1].kind, MPA_NOTE_HIT);
    play_end(p);
}

/* Given up in the middle: everything is freed. */
static void abandoned(void)
{
    struct play *p = play_begin((struct mpa_measure_config){.notes = MPA_NOTES_ALL});
    struct pair x;

    begin_pair(p, &x, 4000, 1, true);
    play_redirect(p, &x.vip);
    CU_ASSERT_EQUAL(p->count, 0);
    play_end(p);
    mpa_measure_free(NULL);
}

/* No packet at all. */
static void empty(void)
{
    struct play *p = play_begin(plain);

    play_finish(p);
    CU_ASSERT_EQUAL(p->report.bin_count, 0);
    CU_ASSERT_EQUAL(p->report.add_addr.first_to_echo.count, 0);
    CU_ASSERT_EQUAL(p->report.add_addr.first_to_echo.p50_ns, MPA_NULL);
    CU_ASSERT_TRUE(isnan(p->report.requests_per_second));
    CU_ASSERT_TRUE(isnan(p->report.off_path_bytes[0]));
    play_end(p);
}

static const struct {
    const char *name;
    CU_TestFunc run;
} tests[] = {
    {"TCP, hit", tcp_hit},
    {"TCP, RST lost", tcp_rst_lost},
    {"injection", injection},
    {"survives", survives},
    {"fails unprotected", fails_unprotected},
    {"stray flow", stray_flow},
    {"migrates", migrates},
    {"another path ends", another_path_ends},
    {"latency", latency},
    {"events of a log", events_of_a_log},
    {"events inferred", events_inferred},
    {"gap", gap},
    {"time line", time_line},
    {"added", added},
    {"servers by capture", servers_by_capture},
    {"notes", notes},
    {"abandoned", abandoned},
    {"empty", empty},
};

int main(void)
{
    CU_pSuite suite;
    unsigned failures;

    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    suite = CU_add_suite("play", NULL, NULL);
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
        CU_add_test(suite, tests[i].name, tests[i].run);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures != 0;
}
