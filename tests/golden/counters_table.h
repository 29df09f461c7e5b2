/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which option count of a host's own capture must equal which counters of that host's kernel.
 *
 *   ROW(name, host, report, kernel, why)
 *
 * host    client: the client's capture and counters; server: those of each server.
 * report  a sum over the JSON report (report.c: golden_sum); @initial_syn_retransmissions and @join_syn_retransmissions are SYNs
 *         of MPTCP subflows sent again.
 * kernel  a sum of counters as nstat names them, without "MPTcpExt".  A counter of all servers together: servers:Name.
 * why     what the kernel counts there (net/mptcp/mib.c; the place of the increment).
 *
 * Each row must be non-zero in at least three golden captures (golden.coverage).
 */
/* clang-format off */

/* Handshakes.  A counter of SYNs sent counts calls of connect, and a SYN received again meets its request: retransmissions are not in them. */
ROW("mp_capable_syn sent", client, "options.mp_capable_syn.to_server - @initial_syn_retransmissions", "MPCapableSYNTX",
    "once for each connect() that asks for MPTCP (mptcp_connect), not for each SYN")
ROW("SYNs sent", client, "options.mp_capable_syn.to_server + options.mp_join_syn.to_server", "MPCapableSYNTX + MPJoinSynTx + TcpExtTCPSynRetrans",
    "retransmitted SYNs are counted by TCP (tcp_retransmit_skb): both together are all SYN packets")
ROW("mp_capable_syn received", server, "options.mp_capable_syn.to_server - @initial_syn_retransmissions", "MPCapableSYNRX",
    "once for each request socket (subflow_check_req); a retransmitted SYN finds the socket and is not counted")
ROW("SYN/ACKs received", client, "options.mp_capable_synack.to_client + options.mp_join_synack.to_client - hmac.mp_join_synack.bad",
    "MPCapableSYNACKRX + MPJoinSynAckRx + servers:TcpExtTCPSynRetrans",
    "the first of a subflow is counted where it ends SYN_SENT (subflow_finish_connect), repeated ones by the servers' TCP (tcp_rtx_synack)")
ROW("mp_capable_ack received", server, "options.mp_capable_ack.to_server", "MPCapableACKRX",
    "when the third ACK with MP_CAPABLE makes the child socket (subflow_syn_recv_sock)")
ROW("mp_join_syn sent", client, "options.mp_join_syn.to_server - @join_syn_retransmissions", "MPJoinSynTx",
    "once for each subflow that the path manager connects (__mptcp_subflow_connect)")
ROW("mp_join_syn received", server, "options.mp_join_syn.to_server - @join_syn_retransmissions", "MPJoinSynRx",
    "once for each request socket, before the token is looked up (subflow_check_req)")
ROW("mp_join_synack received", client, "options.mp_join_synack.to_client - hmac.mp_join_synack.bad", "MPJoinSynAckRx",
    "after the HMAC was verified (subflow_finish_connect)")
ROW("mp_join_ack received", server, "options.mp_join_ack.to_server - hmac.mp_join_ack.bad", "MPJoinAckRx",
    "after the HMAC was verified and the subflow accepted (subflow_syn_recv_sock)")

/* Addresses.  Sent ones are counted when the option is put into a packet, received ones for each packet whose HMAC is right. */
ROW("add_addr", client, "options.add_addr.to_server + options.add_addr.to_client - hmac.add_addr.bad", "AddAddr + AddAddrTx",
    "AddAddr: received, HMAC verified (mptcp_incoming_options); AddAddrTx: written (mptcp_established_options_add_addr)")
ROW("add_addr received", client, "options.add_addr.to_client - hmac.add_addr.bad", "AddAddr",
    "each packet, retransmissions too, after its HMAC was verified")
ROW("add_addr sent", server, "options.add_addr.to_client", "AddAddrTx",
    "each packet, retransmissions too")
ROW("add_addr_echo", client, "options.add_addr_echo.to_server + options.add_addr_echo.to_client", "EchoAdd + EchoAddTx",
    "as for ADD_ADDR, with the echo flag")
ROW("add_addr_echo sent", client, "options.add_addr_echo.to_server", "EchoAddTx",
    "each packet: every copy received is echoed")
ROW("add_addr_echo received", server, "options.add_addr_echo.to_server", "EchoAdd",
    "each packet")
ROW("remove_addr sent", client, "options.remove_addr.to_server", "RmAddrTx",
    "address identifiers written (mptcp_established_options_rm_addr); the lab removes one at a time")
ROW("remove_addr", client, "options.remove_addr.to_server + options.remove_addr.to_client", "RmAddrTx + RmAddr",
    "RmAddr: address identifiers received (mptcp_pm_rm_addr_or_subflow)")
ROW("remove_addr of servers", client, "options.remove_addr.to_server + options.remove_addr.to_client", "servers:RmAddr + servers:RmAddrTx",
    "the same, counted at the other end")

/* Priority, failure, closing: each packet. */
ROW("mp_prio sent", client, "options.mp_prio.to_server", "MPPrioTx", "each option written (mptcp_write_options)")
ROW("mp_prio received", client, "options.mp_prio.to_client", "MPPrioRx", "each option on a live subflow (mptcp_incoming_options)")
ROW("mp_prio by servers", client, "options.mp_prio.to_client", "servers:MPPrioTx", "each option written")
ROW("mp_prio from clients", client, "options.mp_prio.to_server", "servers:MPPrioRx", "each option on a live subflow")
ROW("mp_fail sent", client, "options.mp_fail.to_server", "MPFailTx", "each option written")
ROW("mp_fail received", client, "options.mp_fail.to_client", "MPFailRx", "each option on a live subflow")
ROW("mp_fail by servers", client, "options.mp_fail.to_client", "servers:MPFailTx", "each option written")
ROW("mp_fail from clients", client, "options.mp_fail.to_server", "servers:MPFailRx", "each option on a live subflow")
ROW("mp_fastclose sent", client, "options.mp_fastclose.to_server", "MPFastcloseTx", "each option written")
ROW("mp_fastclose received", client, "options.mp_fastclose.to_client", "MPFastcloseRx", "each with the right key on a live subflow")
ROW("mp_fastclose by servers", client, "options.mp_fastclose.to_client", "servers:MPFastcloseTx", "each option written")
ROW("mp_fastclose from clients", client, "options.mp_fastclose.to_server", "servers:MPFastcloseRx", "each with the right key on a live subflow")

/* A host without a socket for a join that it refuses answers with MP_TCPRST and counts none; nor is one counted that reaches a
   joined subflow before its fourth packet (check_fully_established). */
ROW("mp_tcprst sent", client, "options.mp_tcprst.to_server", "MPRstTx", "each RST of a live socket (mptcp_established_options_rst)")
ROW("mp_tcprst received", client, "options.mp_tcprst.to_client - @tcprst_to_client_of_unusable_joins", "MPRstRx",
    "each on a subflow that is fully established")
ROW("mp_tcprst by servers", client, "options.mp_tcprst.to_client - @tcprst_to_client_of_unusable_joins", "servers:MPRstTx",
    "each RST of a live socket")
/* What TCP counts. */
ROW("resets", client, "resets.packets", "TcpOutRsts + servers:TcpOutRsts", "each RST sent, by whatever host, with or without a socket")
ROW("segments", client, "captures.0.tcp_segments", "TcpInSegs + TcpOutSegs + TcpRetransSegs",
    "segments received, sent, and sent again")
ROW("segments of servers", server, "captures.0.tcp_segments", "TcpInSegs + TcpOutSegs + TcpRetransSegs",
    "segments received, sent, and sent again")

/* clang-format on */
