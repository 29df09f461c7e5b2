/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each reset class of the protocol reference, C.7, on one state made by hand, and on a near miss:
 * the same state with one thing changed. Which of two classes wins is part of the table.
 */
#include "internal.h"

#include <CUnit/Basic.h>
#include <stdio.h>

#define RST    MPA_TCP_RST
#define RSTACK (MPA_TCP_RST | MPA_TCP_ACK)

/* An established connection: the client's numbers begin at 1000, the server's at 5000; the server
   has sent up to 5600, of which the client has acknowledged 5500. */
struct state {
    struct mpa_conn conn;
    struct mpa_subflow first, join;
    struct mpa_segment seg;
    struct reset_view view;
};

#define UNWRAPPED (UINT64_C(1) << 32)

static struct mpa_addr address(uint8_t host)
{
    uint8_t bytes[4] = {192, 0, 2, host};

    return mpa_addr_v4(bytes);
}

static void fill_half(struct mpa_half *h, uint32_t isn, uint32_t next, uint32_t acked)
{
    h->isn = isn;
    h->seen.begun = true;
    h->seen.base = UNWRAPPED + isn;
    h->seen.next = UNWRAPPED + next;
    h->acked = UNWRAPPED + acked;
    h->flags = MPA_HALF_ISN | MPA_HALF_SYN | MPA_HALF_TS;
    h->ttl = 60;
}

static void fill_subflow(struct state *s, struct mpa_subflow *sf, uint8_t role, uint8_t server)
{
    sf->conn = &s->conn;
    sf->role = role;
    sf->flow.addr[MPA_TO_SERVER] = address(server);
    sf->flow.addr[MPA_TO_CLIENT] = address(1);
    sf->flow.port[MPA_TO_SERVER] = 80;
    sf->flow.port[MPA_TO_CLIENT] = 40000;
    sf->flags = MPA_SF_SYNACK_SEEN | MPA_SF_SYN_CAPABLE;
    sf->syn_ns = 1;
    sf->synack_ns = sf->established_ns = 2;
    fill_half(&sf->half[MPA_TO_SERVER], 1000, 1300, 1300);
    fill_half(&sf->half[MPA_TO_CLIENT], 5000, 5600, 5500);
}

/* A redirect of the initial subflow. */
static void begin(struct state *s)
{
    *s = (struct state){0};
    s->conn.protocol = MPA_PROTOCOL_MPTCP;
    s->conn.evidence = MPA_EV_V1;
    s->conn.subflows = &s->first;
    s->first.next = &s->join;
    fill_subflow(s, &s->first, MPA_ROLE_INITIAL, 80);
    fill_subflow(s, &s->join, MPA_ROLE_JOIN, 81);
    s->seg = (struct mpa_segment){.flags = RST, .seq = 5500, .ttl = 60};
    s->view = (struct reset_view){.seg = &s->seg,
                                  .conn = &s->conn,
                                  .sf = &s->first,
                                  .dir = MPA_TO_CLIENT,
                                  .idle_ns = MILLI,
                                  .reason = -1,
                                  .transient = -1};
}

/* A join SYN that nobody has answered yet, and the RST that answers it. */
static void refuse_join(struct state *s)
{
    struct mpa_half *listener = &s->join.half[MPA_TO_CLIENT];

    s->view.sf = &s->join;
    s->join.flags = 0;
    s->join.synack_ns = s->join.established_ns = 0;
    *listener = (struct mpa_half){0};
    s->seg.flags = RSTACK;
    s->seg.seq = 0;
    s->seg.ack = 1001;
}

/* The state holder aborts: an RST in sequence, with timestamps. */
static void abort_state(struct state *s)
{
    s->seg.flags = RSTACK;
    s->seg.seq = 5600;
    s->seg.ack = 1300;
    s->seg.has_ts = true;
    s->seg.options_size = 12;
    s->seg.ip_id = 77;
    s->seg.window = 500;
}

static void mptcp_fin(struct state *s, int acked)
{
    for (int i = 0; i < acked; i++)
        s->conn.data[i].flags |= MPA_DATA_FIN | MPA_DATA_FIN_ACKED;
}

static void plain(struct state *s)
{
    s->conn.protocol = MPA_PROTOCOL_TCP;
    s->conn.evidence = 0;
}

/* ---- Changes to a redirect, one row each ---------------------------------------- */

static void none(struct state *s)
{
    (void)s;
}

static void late_mptcp(struct state *s)
{
    mptcp_fin(s, 2);
}

static void late_one_side(struct state *s)
{
    mptcp_fin(s, 1);
}

static void late_tcp(struct state *s)
{
    plain(s);
    s->first.half[0].flags |= MPA_HALF_FIN;
    s->first.half[1].flags |= MPA_HALF_FIN;
}

static void late_tcp_client_only(struct state *s)
{
    plain(s);
    s->first.half[MPA_TO_SERVER].flags |= MPA_HALF_FIN;
}

static void misrouted(struct state *s)
{
    refuse_join(s);
    s->view.reason = 1;
    s->seg.mptcp_count = 1;
}

static void misrouted_after_synack(struct state *s)
{
    misrouted(s);
    s->join.flags = MPA_SF_SYNACK_SEEN;
}

static void misrouted_reason_3(struct state *s)
{
    misrouted(s);
    s->view.reason = 3;
}

static void misrouted_silent_vip(struct state *s)
{
    refuse_join(s);
    s->join.flow.addr[MPA_TO_SERVER] = address(80);
}

static void misrouted_silent_v0(struct state *s)
{
    refuse_join(s);
    s->conn.evidence = MPA_EV_V0;
}

static void misrouted_silent_elsewhere(struct state *s)
{
    refuse_join(s);
}

static void prohibited_resources(struct state *s)
{
    s->view.reason = 2;
}

static void prohibited_performance(struct state *s)
{
    s->view.reason = 5;
}

static void outstanding_data(struct state *s)
{
    s->view.reason = 4;
    s->seg.window = 1;
}

static void refused(struct state *s)
{
    plain(s);
    refuse_join(s);
    s->view.sf = &s->first;
    s->first.flags = MPA_SF_SYN_CAPABLE;
    s->first.half[MPA_TO_CLIENT] = (struct mpa_half){0};
    s->first.synack_ns = s->first.established_ns = 0;
}

static void refused_other_ack(struct state *s)
{
    refused(s);
    s->seg.ack = 1002;
}

static void victim_after_rst(struct state *s)
{
    s->first.half[MPA_TO_SERVER].flags |= MPA_HALF_RST;
}

static void victim_after_fin(struct state *s)
{
    s->first.half[MPA_TO_CLIENT].flags |= MPA_HALF_FIN;
}

static void peer_closed(struct state *s)
{
    s->first.half[MPA_TO_SERVER].flags |= MPA_HALF_FIN;
}

static void redirect_tcp(struct state *s)
{
    plain(s);
}

static void redirect_older_ack(struct state *s)
{
    s->seg.seq = 5300;
}

static void redirect_first_ack(struct state *s)
{
    s->seg.seq = 5001;
}

static void redirect_v6(struct state *s)
{
    s->seg.v6 = true;
    s->seg.ip_id = 0;
}

static void seq_never_acked(struct state *s)
{
    s->seg.seq = 5501;
}

static void seq_before_first(struct state *s)
{
    s->seg.seq = 5000;
}

static void has_window(struct state *s)
{
    s->seg.window = 1;
}

static void has_ip_id(struct state *s)
{
    s->seg.ip_id = 1;
}

static void has_options(struct state *s)
{
    s->seg.options_size = 12;
    s->seg.has_ts = true;
}

static void has_ack(struct state *s)
{
    s->seg.flags = RSTACK;
}

static void before_handshake(struct state *s)
{
    s->first.established_ns = 0;
}

static void midstream(struct state *s)
{
    s->first.established_ns = 0;
    s->first.flags = MPA_SF_MIDSTREAM;
}

static void by_client(struct state *s)
{
    s->view.dir = MPA_TO_SERVER;
    s->seg.seq = 1300;
}

static void direct_subflow(struct state *s)
{
    s->view.sf = &s->join;
}

static void direct_to_given_vip(struct state *s)
{
    s->view.sf = &s->join;
    s->view.given_vip = true;
}

static void joined_vip(struct state *s)
{
    s->view.sf = &s->join;
    s->join.flow.addr[MPA_TO_SERVER] = address(80);
}

static void idle(struct state *s)
{
    abort_state(s);
    s->view.idle_ns = 60 * SECOND;
}

static void idle_almost(struct state *s)
{
    idle(s);
    s->view.idle_ns--;
}

static void idle_redirect(struct state *s)
{
    s->view.idle_ns = 600 * SECOND;
}

static void in_sequence(struct state *s)
{
    abort_state(s);
}

static void out_of_sequence(struct state *s)
{
    abort_state(s);
    s->seg.seq = 5601;
}

static void window_end(struct state *s)
{
    abort_state(s);
    s->seg.seq = 5550;
}

static void window_end_without_ts(struct state *s)
{
    window_end(s);
    s->seg.has_ts = false;
}

static void fast_close(struct state *s)
{
    s->seg.seq = 5501;
    s->view.fastclose = true;
}

static void fast_close_before(struct state *s)
{
    s->seg.seq = 5501;
    s->conn.data[MPA_TO_SERVER].flags |= MPA_DATA_FASTCLOSE;
}

static void reason_0(struct state *s)
{
    s->seg.options_size = 4;
    s->view.reason = 0;
}

static void reason_6(struct state *s)
{
    s->seg.options_size = 4;
    s->view.reason = 6;
}

static void other_ttl(struct state *s)
{
    s->seg.seq = 5501;
    s->seg.ttl = 62;
}

static void near_ttl(struct state *s)
{
    s->seg.seq = 5501;
    s->seg.ttl = 61;
}

static void redirect_other_ttl(struct state *s)
{
    s->seg.ttl = 40;
}

static const struct {
    const char *name;
    void (*change)(struct state *s);
    enum mpa_word want;
} rows[] = {
    /* clang-format off */
    {"late, MPTCP",                       late_mptcp,                 MPA_RESET_LATE},
    {"one DATA_FIN is not late",          late_one_side,              MPA_RESET_REDIRECT},
    {"late, TCP",                         late_tcp,                   MPA_RESET_LATE},
    {"one FIN is not late",               late_tcp_client_only,       MPA_RESET_REDIRECT},
    {"misrouted join",                    misrouted,                  MPA_RESET_MISROUTED_JOIN},
    {"reason 1 after the SYN/ACK",        misrouted_after_synack,     MPA_RESET_APPLICATION},
    {"a join refused with reason 3",      misrouted_reason_3,         MPA_RESET_PROHIBITED},
    {"no option, but the port listens",   misrouted_silent_vip,       MPA_RESET_MISROUTED_JOIN},
    {"no option in version 0",            misrouted_silent_v0,        MPA_RESET_MISROUTED_JOIN},
    {"no option, port unknown",           misrouted_silent_elsewhere, MPA_RESET_REFUSED},
    {"prohibited, reason 2",              prohibited_resources,       MPA_RESET_PROHIBITED},
    {"prohibited, reason 5",              prohibited_performance,     MPA_RESET_PROHIBITED},
    {"reason 4 is the application's",     outstanding_data,           MPA_RESET_APPLICATION},
    {"refused",                           refused,                    MPA_RESET_REFUSED},
    {"answers no SYN",                    refused_other_ack,          MPA_RESET_UNEXPLAINED},
    {"victim of an RST",                  victim_after_rst,           MPA_RESET_VICTIM},
    {"victim after its own FIN",          victim_after_fin,           MPA_RESET_VICTIM},
    {"the other side's FIN",              peer_closed,                MPA_RESET_REDIRECT},
    {"redirect",                          none,                       MPA_RESET_REDIRECT},
    {"redirect, TCP",                     redirect_tcp,               MPA_RESET_REDIRECT},
    {"redirect, an older ACK",            redirect_older_ack,         MPA_RESET_REDIRECT},
    {"redirect, the first ACK",           redirect_first_ack,         MPA_RESET_REDIRECT},
    {"redirect, IPv6",                    redirect_v6,                MPA_RESET_REDIRECT},
    {"redirect, begun before",            midstream,                  MPA_RESET_REDIRECT},
    {"redirect of a joined VIP",          joined_vip,                 MPA_RESET_REDIRECT},
    {"redirect of a given VIP",           direct_to_given_vip,        MPA_RESET_REDIRECT},
    {"redirect from another TTL",         redirect_other_ttl,         MPA_RESET_REDIRECT},
    {"redirect after silence",            idle_redirect,              MPA_RESET_REDIRECT},
    {"never acknowledged",                seq_never_acked,            MPA_RESET_UNEXPLAINED},
    {"before the first acknowledgement",  seq_before_first,           MPA_RESET_UNEXPLAINED},
    {"with a window",                     has_window,                 MPA_RESET_UNEXPLAINED},
    {"with an IP ID",                     has_ip_id,                  MPA_RESET_UNEXPLAINED},
    {"with options",                      has_options,                MPA_RESET_UNEXPLAINED},
    {"with ACK",                          has_ack,                    MPA_RESET_UNEXPLAINED},
    {"before the handshake",              before_handshake,           MPA_RESET_UNEXPLAINED},
    {"from the client",                   by_client,                  MPA_RESET_UNEXPLAINED},
    {"on a direct subflow",               direct_subflow,             MPA_RESET_UNEXPLAINED},
    {"idle",                              idle,                       MPA_RESET_IDLE},
    {"not yet idle",                      idle_almost,                MPA_RESET_APPLICATION},
    {"application, in sequence",          in_sequence,                MPA_RESET_APPLICATION},
    {"out of sequence",                   out_of_sequence,            MPA_RESET_UNEXPLAINED},
    {"application, at the window's end",  window_end,                 MPA_RESET_APPLICATION},
    {"the same without timestamps",       window_end_without_ts,      MPA_RESET_UNEXPLAINED},
    {"application, fast close",           fast_close,                 MPA_RESET_APPLICATION},
    {"application, fast close before",    fast_close_before,          MPA_RESET_APPLICATION},
    {"application, reason 0",             reason_0,                   MPA_RESET_APPLICATION},
    {"middlebox, reason 6",               reason_6,                   MPA_RESET_MIDDLEBOX},
    {"middlebox, TTL",                    other_ttl,                  MPA_RESET_MIDDLEBOX},
    {"a TTL next to the flow's",          near_ttl,                   MPA_RESET_UNEXPLAINED},
    /* clang-format on */
};

static void classes(void)
{
    struct state s;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum mpa_word got;

        begin(&s);
        rows[i].change(&s);
        got = measure_reset_class(&s.view);
        if (got != rows[i].want)
            printf("\n%s: %s, not %s\n", rows[i].name, mpa_word(got), mpa_word(rows[i].want));
        CU_ASSERT_EQUAL(got, rows[i].want);
    }
}

/* Sequence numbers around 2^32. */
static void wrap(void)
{
    struct state s;
    struct mpa_half *h;

    begin(&s);
    h = &s.first.half[MPA_TO_CLIENT];
    h->isn = 0xffffff00u;
    h->seen.base = UNWRAPPED + 0xffffff00u;
    h->acked = UNWRAPPED + 0x100000100u;
    h->seen.next = h->acked;
    s.seg.seq = 0x50;
    CU_ASSERT_EQUAL(measure_reset_class(&s.view), MPA_RESET_REDIRECT);
    s.seg.seq = 0xffffff80u;
    CU_ASSERT_EQUAL(measure_reset_class(&s.view), MPA_RESET_REDIRECT);
    s.seg.seq = 0x101;
    CU_ASSERT_EQUAL(measure_reset_class(&s.view), MPA_RESET_UNEXPLAINED);
    s.seg.seq = 0xffffff00u;
    CU_ASSERT_EQUAL(measure_reset_class(&s.view), MPA_RESET_UNEXPLAINED);
}

int main(void)
{
    CU_pSuite suite;
    unsigned failures;

    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    suite = CU_add_suite("reset", NULL, NULL);
    CU_add_test(suite, "classes", classes);
    CU_add_test(suite, "wrap", wrap);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures != 0;
}
