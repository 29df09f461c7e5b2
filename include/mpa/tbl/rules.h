/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The conformance rules (protocol reference, section C): rows only, in the order of the outputs.
 *
 * RULE(symbol, id, dialects, level, severity, scope, when, also, reference, judge, title)
 *   dialects   MPA_IN_*: connections in other dialects are not looked at
 *   level      MUST, SHOULD (of the reference), PAPER (behaviour of the ICNP-2017 paper), DEPLOY (a check of the deployment), NONE
 *              (nothing requires it: the rule never violates)
 *   severity   what --fail-on looks at
 *   scope      OPTION: each MPTCP option whose subtype is in 'when', before the tracker applies it; EVENT: each event whose kind is in
 *              'when'; SEGMENT: each segment, after it was applied; SUBFLOW, ADVERT, CONN: each of them when the connection ends;
 *              RECORD, RECORD_SUBFLOW: the finished record, when VIPs and vantage points are known and several captures are merged
 *   also       MPA_ALSO_*: beside MPTCP connections
 *   judge      the predicate (analyzer/check)
 *   title      what holds where the rule is kept
 *
 * The protocol reference says when each rule is broken; where a judge differs, its comment says why.
 */
/* clang-format off */
RULE(FMT_01, "FMT-01", MPA_IN_ALL, MUST, ERROR, OPTION, MPA_SUBTYPES_ANY, MPA_ALSO_FALLBACK,
     "RFC 8684 3", check_fmt_01,
     "An option's length is one of those defined for its subtype, dialect and TCP flags")
RULE(FMT_02, "FMT-02", MPA_IN_ALL, MUST, WARNING, OPTION, MPA_SUBTYPES_ANY, 0,
     "RFC 8684 3.2, 3.3, 3.4.1, 3.6", check_fmt_02,
     "Reserved bits are zero")
RULE(FMT_03, "FMT-03", MPA_IN_ALL, MUST, ERROR, OPTION,
     MPA_SUBTYPE_BIT(MPA_MP_CAPABLE) | MPA_SUBTYPE_BIT(MPA_MP_JOIN) | MPA_SUBTYPE_BIT(MPA_DSS), 0,
     "RFC 8684 3.1, 3.2", check_fmt_03,
     "MP_CAPABLE only on the initial subflow, MP_JOIN only on others, never both, no DSS on a SYN")
RULE(FMT_04, "FMT-04", MPA_IN_ALL, MUST, WARNING, CONN, 0, 0,
     "RFC 8684 7.2", check_fmt_04,
     "One dialect per connection, and only subtypes that it defines")

RULE(MPC_01, "MPC-01", MPA_IN_ALL, MUST, ERROR, EVENT,
     MPA_EVENT_BIT(MPA_EVENT_SYNACK) | MPA_EVENT_BIT(MPA_EVENT_SPLIT), MPA_ALSO_TCP | MPA_ALSO_FALLBACK,
     "RFC 8684 3.1", check_mpc_01,
     "A SYN/ACK carries MP_CAPABLE only if the SYN did")
RULE(MPC_02, "MPC-02", MPA_IN_ALL, MUST, ERROR, OPTION, MPA_SUBTYPE_BIT(MPA_MP_CAPABLE), 0,
     "RFC 8684 3.1", check_mpc_02,
     "The responder's version is not higher than the initiator's")
RULE(MPC_03, "MPC-03", MPA_IN_ALL, MUST, ERROR, OPTION, MPA_SUBTYPE_BIT(MPA_MP_CAPABLE), 0,
     "RFC 8684 3.1", check_mpc_03,
     "The third ACK repeats both keys unchanged")
RULE(MPC_04, "MPC-04", MPA_IN_ALL, MUST, ERROR, OPTION, MPA_SUBTYPE_BIT(MPA_MP_CAPABLE), 0,
     "RFC 8684 3.1", check_mpc_04,
     "Flag B (extensibility) of MP_CAPABLE is zero")
RULE(MPC_05, "MPC-05", MPA_IN_ALL, MUST, ERROR, OPTION, MPA_SUBTYPE_BIT(MPA_MP_CAPABLE), 0,
     "RFC 8684 3.1", check_mpc_05,
     "At least one crypto algorithm is offered, and exactly one of those offered is chosen")
RULE(MPC_06, "MPC-06", MPA_IN_ALL, MUST, ERROR, OPTION, MPA_SUBTYPE_BIT(MPA_MP_CAPABLE), 0,
     "RFC 8684 3.1", check_mpc_06,
     "Checksums are required by the third ACK exactly when one of both sides required them")
RULE(MPC_07, "MPC-07", MPA_IN_ALL, MUST, ERROR, CONN, 0, MPA_ALSO_FALLBACK,
     "RFC 8684 3.1, 3.7", check_mpc_07,
     "After a SYN/ACK or third ACK without MP_CAPABLE no MPTCP option follows")
RULE(MPC_08, "MPC-08", MPA_IN_V1, MUST, WARNING, CONN, 0, 0,
     "RFC 8684 3.1", check_mpc_08,
     "The initiator's first data carries MP_CAPABLE until something came back that proves its keys arrived")
RULE(MPC_09, "MPC-09", MPA_IN_ALL, MUST, WARNING, SUBFLOW, 0, 0,
     "RFC 8684 3.1", check_mpc_09,
     "No MP_JOIN before a DSS was received on the initial subflow")
RULE(MPC_10, "MPC-10", MPA_IN_ALL, MUST, ERROR, CONN, 0, 0,
     "RFC 8684 3.1", check_mpc_10,
     "A host's keys are unique among its live connections")
RULE(MPC_11, "MPC-11", MPA_IN_ALL, SHOULD, INFO, CONN, 0, MPA_ALSO_TCP | MPA_ALSO_FALLBACK,
     "RFC 8684 3.1, 3.9.3", check_mpc_11,
     "Unanswered SYNs with MP_CAPABLE are followed by a plain SYN")

RULE(CBF_01, "CBF-01", MPA_IN_V1, MUST, ERROR, SUBFLOW, 0, 0,
     "RFC 8684 3.1", check_cbf_01,
     "Nobody joins the address and port whose host forbade joins with C")
RULE(CBF_02, "CBF-02", MPA_IN_ICNP | MPA_IN_APPLE, PAPER, ERROR, SUBFLOW, 0, 0,
     "ICNP 2017 III-A", check_cbf_02,
     "Nobody joins the address whose host forbade joins with the B flag, at any port")
RULE(CBF_03, "CBF-03", MPA_IN_V1 | MPA_IN_ICNP, NONE, INFO, ADVERT, 0, 0,
     "RFC 8684 3.1, 3.4.1", check_cbf_03,
     "The forbidden address was advertised with another port")
RULE(CBF_04, "CBF-04", MPA_IN_ALL, SHOULD, WARNING, SUBFLOW, 0, 0,
     "RFC 8684 3.4.1, 3.9.3", check_cbf_04,
     "A failed join is not repeated without a new ADD_ADDR")
RULE(CBF_05, "CBF-05", MPA_IN_ALL, DEPLOY, WARNING, CONN, 0, 0,
     "ICNP 2017 III-A, RFC 8684 3.1", check_cbf_05,
     "A load-balanced or anycast address forbids joins to it")
RULE(CBF_06, "CBF-06", MPA_IN_ALL, DEPLOY, WARNING, CONN, 0, 0,
     "ICNP 2017 III-B", check_cbf_06,
     "A server that forbids joins to its address advertises another one")

RULE(JN_01, "JN-01", MPA_IN_ALL, MUST, ERROR, SUBFLOW, 0, 0,
     "RFC 8684 3.2", check_jn_01,
     "A join's token is that of a live connection of the host that accepts it")
RULE(JN_02, "JN-02", MPA_IN_ALL, MUST, ERROR, SUBFLOW, 0, 0,
     "RFC 8684 3.2", check_jn_02,
     "The HMAC of the SYN/ACK is right")
RULE(JN_03, "JN-03", MPA_IN_ALL, MUST, ERROR, SUBFLOW, 0, 0,
     "RFC 8684 3.2", check_jn_03,
     "The HMAC of the third ACK is right")
RULE(JN_04, "JN-04", MPA_IN_ALL, MUST, ERROR, SUBFLOW, 0, 0,
     "RFC 8684 3.2, 3.8", check_jn_04,
     "The joiner resets a subflow whose SYN/ACK has no MP_JOIN or a wrong HMAC")
RULE(JN_05, "JN-05", MPA_IN_ALL, MUST, ERROR, SUBFLOW, 0, 0,
     "RFC 8684 3.2", check_jn_05,
     "The listener resets a subflow whose third ACK has no MP_JOIN or a wrong HMAC")
RULE(JN_06, "JN-06", MPA_IN_ALL, MUST, WARNING, SUBFLOW, 0, 0,
     "RFC 8684 3.2", check_jn_06,
     "A join with an unknown token or a refused one is answered with RST, in version 1 with a reason")
RULE(JN_07, "JN-07", MPA_IN_ALL, MUST, ERROR, SUBFLOW, 0, 0,
     "RFC 8684 3.2", check_jn_07,
     "The joiner sends no data before the fourth ACK")
RULE(JN_08, "JN-08", MPA_IN_ALL, MUST, WARNING, SUBFLOW, 0, 0,
     "RFC 8684 3.2", check_jn_08,
     "The third ACK of a join is acknowledged, or repeated")
RULE(JN_09, "JN-09", MPA_IN_ALL, MUST, WARNING, SUBFLOW, 0, 0,
     "RFC 8684 3.2, 3.4.1", check_jn_09,
     "One address ID means one address of its sender")
RULE(JN_10, "JN-10", MPA_IN_ALL, SHOULD, WARNING, SUBFLOW, 0, 0,
     "RFC 8684 3.2", check_jn_10,
     "The address ID in the SYN/ACK is the one under which the joined address was advertised")
RULE(JN_11, "JN-11", MPA_IN_ALL, SHOULD, WARNING, SUBFLOW, 0, 0,
     "RFC 8684 3.4.1, 3.9.1", check_jn_11,
     "A joined address and port is the initial one or was advertised")
RULE(JN_12, "JN-12", MPA_IN_ALL, MUST, ERROR, SUBFLOW, 0, 0,
     "RFC 8684 3.2, 5", check_jn_12,
     "Token and random number of a join are never used again by another subflow")
RULE(JN_13, "JN-13", MPA_IN_ALL, MUST, WARNING, SUBFLOW, 0, MPA_ALSO_FALLBACK,
     "RFC 8684 3.7", check_jn_13,
     "No join after a fallback or after both DATA_FINs")

RULE(AA_01, "AA-01", MPA_IN_ICNP | MPA_IN_V1, PAPER, WARNING, ADVERT, 0, 0,
     "RFC 8684 3.4.1, ICNP 2017 III-B", check_aa_01,
     "A fresh ADD_ADDR is echoed")
RULE(AA_02, "AA-02", MPA_IN_ICNP | MPA_IN_V1, MUST, ERROR, EVENT, MPA_EVENT_BIT(MPA_EVENT_ECHO), 0,
     "RFC 8684 3.4.1", check_aa_02,
     "An echo has the ID, address and port of what it echoes")
RULE(AA_03, "AA-03", MPA_IN_V1, MUST, ERROR, OPTION, MPA_SUBTYPE_BIT(MPA_ADD_ADDR), 0,
     "RFC 8684 3.4.1", check_aa_03,
     "An advertisement carries an HMAC and an echo does not")
RULE(AA_04, "AA-04", MPA_IN_V1 | MPA_IN_DRAFT, MUST, ERROR, EVENT, MPA_EVENT_BIT(MPA_EVENT_HMAC), 0,
     "RFC 8684 3.4.1", check_aa_04,
     "The HMAC of an ADD_ADDR is right")
RULE(AA_05, "AA-05", MPA_IN_V1, SHOULD, WARNING, ADVERT, 0, 0,
     "RFC 8684 3.4.1", check_aa_05,
     "An ADD_ADDR with a wrong HMAC is ignored")
RULE(AA_06, "AA-06", MPA_IN_ICNP | MPA_IN_V1, MUST, WARNING, ADVERT, 0, 0,
     "RFC 8684 3.4.1", check_aa_06,
     "No echo of what was never advertised")
RULE(AA_07, "AA-07", MPA_IN_ICNP | MPA_IN_V1, PAPER, WARNING, ADVERT, 0, 0,
     "ICNP 2017 V-A, RFC 8684 3.4.1", check_aa_07,
     "An ADD_ADDR is repeated until its echo")
RULE(AA_08, "AA-08", MPA_IN_ICNP | MPA_IN_V1, SHOULD, WARNING, ADVERT, 0, 0,
     "RFC 8684 3.4.1", check_aa_08,
     "An ADD_ADDR is no longer sent after its echo")
RULE(AA_09, "AA-09", MPA_IN_ALL, MUST, ERROR, EVENT, MPA_EVENT_BIT(MPA_EVENT_ADD_ADDR), 0,
     "RFC 8684 3.4.1", check_aa_09,
     "An address ID keeps its address until REMOVE_ADDR")
RULE(AA_10, "AA-10", MPA_IN_ALL, SHOULD, WARNING, SEGMENT, 0, 0,
     "RFC 8684 3.4.1", check_aa_10,
     "ADD_ADDR comes after the handshake, and at most two signalling ACKs come in a row")
RULE(AA_11, "AA-11", MPA_IN_ALL, MUST, WARNING, EVENT, MPA_EVENT_BIT(MPA_EVENT_ADD_ADDR), 0,
     "RFC 8684 3.2", check_aa_11,
     "Address ID 0 is the initial address")
RULE(AA_12, "AA-12", MPA_IN_ALL, DEPLOY, WARNING, ADVERT, 0, 0,
     "RFC 8684 3.4.1", check_aa_12,
     "An advertised address can be used")
RULE(AA_13, "AA-13", MPA_IN_ALL, NONE, INFO, EVENT, MPA_EVENT_BIT(MPA_EVENT_ADD_ADDR) | MPA_EVENT_BIT(MPA_EVENT_REMOVE_ADDR), 0,
     "RFC 6824 3.4.1", check_aa_13,
     "Address IDs are advertised in increasing order (no RFC requires it; with --strict-ids)")

RULE(LB_01, "LB-01", MPA_IN_V1 | MPA_IN_ICNP, PAPER, WARNING, CONN, 0, 0,
     "ICNP 2017 fig. 4", check_lb_01,
     "The server advertises its unique address right after establishment")
RULE(LB_02, "LB-02", MPA_IN_V1 | MPA_IN_ICNP, PAPER, WARNING, CONN, 0, 0,
     "ICNP 2017 fig. 4", check_lb_02,
     "The server puts the initial subflow in backup")
RULE(LB_03, "LB-03", MPA_IN_V1 | MPA_IN_ICNP, PAPER, WARNING, CONN, 0, 0,
     "ICNP 2017 III", check_lb_03,
     "The client joins the unique address")
RULE(LB_04, "LB-04", MPA_IN_V1 | MPA_IN_ICNP, PAPER, WARNING, CONN, 0, 0,
     "ICNP 2017 IV-A, V-B", check_lb_04,
     "After migration the server sends hardly any new data on the VIP")
RULE(LB_05, "LB-05", MPA_IN_V1 | MPA_IN_ICNP, PAPER, WARNING, CONN, 0, 0,
     "ICNP 2017 IV-A, RFC 8684 3.3.8", check_lb_05,
     "After migration the client sends hardly any new data on the VIP")
RULE(LB_06, "LB-06", MPA_IN_V1 | MPA_IN_ICNP, PAPER, INFO, SUBFLOW, 0, 0,
     "ICNP 2017 V-A", check_lb_06,
     "The server opens no subflow itself")
RULE(LB_07, "LB-07", MPA_IN_V1 | MPA_IN_ICNP, DEPLOY, ERROR, SUBFLOW, 0, 0,
     "ICNP 2017 III", check_lb_07,
     "Joins to a unique address reach the server that holds the key")
RULE(LB_08, "LB-08", MPA_IN_ALL, DEPLOY, INFO, CONN, 0, MPA_ALSO_TCP | MPA_ALSO_FALLBACK,
     "ICNP 2017 VI", check_lb_08,
     "Direct access to a unique address is closed for new connections")
RULE(LB_09, "LB-09", MPA_IN_ALL, DEPLOY, WARNING, CONN, 0, 0,
     "ICNP 2017 V-A", check_lb_09,
     "A backup subflow on the VIP is alive when it is needed")

RULE(AC_01, "AC-01", MPA_IN_ALL, MUST, ERROR, SUBFLOW, 0, 0,
     "RFC 8684 3.5, 4", check_ac_01,
     "A RST ends only its own subflow")
RULE(AC_02, "AC-02", MPA_IN_ICNP | MPA_IN_V1, PAPER, ERROR, SUBFLOW, 0, 0,
     "ICNP 2017 IV-B, V-C", check_ac_02,
     "With another established subflow the connection survives a redirect's RST")
RULE(AC_03, "AC-03", MPA_IN_ALL, MUST, ERROR, SUBFLOW, 0, 0,
     "RFC 8684 3.3.6", check_ac_03,
     "Data in flight on a dead subflow is sent again on another")
RULE(AC_04, "AC-04", MPA_IN_V1, SHOULD, WARNING, SUBFLOW, 0, 0,
     "RFC 8684 3.6", check_ac_04,
     "After a permanent reset the path is not joined again")
RULE(AC_05, "AC-05", MPA_IN_ALL, DEPLOY, INFO, RECORD, 0, 0,
     "ICNP 2017 IV-B", check_ac_05,
     "Churn does not hit a connection before its direct subflow is usable")
RULE(AC_06, "AC-06", MPA_IN_ALL, DEPLOY, WARNING, SUBFLOW, 0, MPA_ALSO_TCP | MPA_ALSO_FALLBACK,
     "ICNP 2017 IV-B", check_ac_06,
     "One server answers a handshake")
RULE(AC_07, "AC-07", MPA_IN_V1, NONE, INFO, SUBFLOW, 0, 0,
     "RFC 8684 3.2, 3.6", check_ac_07,
     "Stateless RSTs carry no MP_TCPRST unless they answer a join")

RULE(RM_01, "RM-01", MPA_IN_ALL, SHOULD, INFO, EVENT,
     MPA_EVENT_BIT(MPA_EVENT_REMOVE_ADDR) | MPA_EVENT_BIT(MPA_EVENT_FIN) | MPA_EVENT_BIT(MPA_EVENT_RST), 0,
     "RFC 8684 3.4.2", check_rm_01,
     "Removed address IDs are known")
RULE(RM_02, "RM-02", MPA_IN_ALL, MUST, WARNING, SUBFLOW, 0, 0,
     "RFC 8684 3.4.2", check_rm_02,
     "Subflows of a removed address stop")
RULE(RM_03, "RM-03", MPA_IN_ALL, SHOULD, WARNING, SUBFLOW, 0, 0,
     "RFC 8684 3.4.2", check_rm_03,
     "A removed address is not joined before it is advertised again")
RULE(RM_04, "RM-04", MPA_IN_ALL, SHOULD, INFO, SUBFLOW, 0, 0,
     "RFC 8684 3.4.2", check_rm_04,
     "A path is probed before a removed address's subflow is reset")

RULE(PR_01, "PR-01", MPA_IN_V1, MUST, ERROR, OPTION, MPA_SUBTYPE_BIT(MPA_MP_PRIO), 0,
     "RFC 8684 3.3.8", check_pr_01,
     "MP_PRIO has three bytes and no address ID")
RULE(PR_02, "PR-02", MPA_IN_V0, SHOULD, WARNING, OPTION, MPA_SUBTYPE_BIT(MPA_MP_PRIO), 0,
     "RFC 6824 3.3.8", check_pr_02,
     "The address ID of an MP_PRIO is known")
RULE(PR_03, "PR-03", MPA_IN_ALL, SHOULD, WARNING, SUBFLOW, 0, 0,
     "RFC 8684 3.3.8", check_pr_03,
     "Who was told that a subflow is backup sends no new data on it while another is usable")
RULE(PR_04, "PR-04", MPA_IN_ALL, NONE, INFO, SUBFLOW, 0, 0,
     "RFC 8684 3.3.8", check_pr_04,
     "Use of a backup subflow where nothing else was left, or by the side that asked for it")

RULE(FL_01, "FL-01", MPA_IN_ALL, MUST, ERROR, OPTION, MPA_SUBTYPE_BIT(MPA_DSS) | MPA_SUBTYPE_BIT(MPA_MP_CAPABLE), 0,
     "RFC 8684 3.3, RFC 6824 3.3", check_fl_01,
     "A mapping has a checksum exactly when checksums were negotiated")
RULE(FL_02, "FL-02", MPA_IN_ALL, MUST, ERROR, SEGMENT, 0, 0,
     "RFC 8684 3.3.1", check_fl_02,
     "DSS checksums are right")
RULE(FL_03, "FL-03", MPA_IN_ALL, MUST, ERROR, CONN, 0, MPA_ALSO_FALLBACK,
     "RFC 8684 3.7", check_fl_03,
     "A wrong checksum is answered with MP_FAIL")
RULE(FL_04, "FL-04", MPA_IN_ALL, MUST, ERROR, SEGMENT, 0, 0,
     "RFC 8684 3.7", check_fl_04,
     "Data is mapped until the first Data ACK")
RULE(FL_05, "FL-05", MPA_IN_ALL, MUST, ERROR, SEGMENT, 0, MPA_ALSO_FALLBACK,
     "RFC 8684 3.7", check_fl_05,
     "After an infinite mapping or fallback there is one subflow and no return to MPTCP")

RULE(FC_01, "FC-01", MPA_IN_ALL, MUST, ERROR, EVENT, MPA_EVENT_BIT(MPA_EVENT_FASTCLOSE), 0,
     "RFC 8684 3.5", check_fc_01,
     "The key of an MP_FASTCLOSE is the receiver's")
RULE(FC_02, "FC-02", MPA_IN_ALL, MUST, WARNING, CONN, 0, 0,
     "RFC 8684 3.5, RFC 6824 3.5", check_fc_02,
     "MP_FASTCLOSE comes on an ACK of one subflow with RST on the others, or in version 1 on RSTs of all")
RULE(FC_03, "FC-03", MPA_IN_ALL, SHOULD, WARNING, CONN, 0, 0,
     "RFC 8684 3.5", check_fc_03,
     "An MP_FASTCLOSE on an ACK is answered with RST, or repeated")

RULE(DS_01, "DS-01", MPA_IN_ALL, MUST, ERROR, CONN, 0, 0,
     "RFC 8684 3.1", check_ds_01,
     "The first mapping of a connection starts at the initial data sequence number plus one")
RULE(DS_02, "DS-02", MPA_IN_ALL, MUST, ERROR, OPTION, MPA_SUBTYPE_BIT(MPA_DSS), 0,
     "RFC 8684 3.3.1", check_ds_02,
     "A byte of a subflow never gets two data sequence numbers")
RULE(DS_03, "DS-03", MPA_IN_ALL, MUST, ERROR, SEGMENT, 0, 0,
     "RFC 8684 3.3.1", check_ds_03,
     "A mapping overlaps the payload of the segment that carries it")
RULE(DS_04, "DS-04", MPA_IN_ALL, MUST, ERROR, CONN, 0, 0,
     "RFC 8684 3.3.1, 3.7", check_ds_04,
     "Every payload byte becomes covered by a mapping")
RULE(DS_05, "DS-05", MPA_IN_ALL, MUST, ERROR, SEGMENT, 0, 0,
     "RFC 8684 3.3.6", check_ds_05,
     "The same data sequence numbers mean the same bytes on every subflow")
RULE(DS_06, "DS-06", MPA_IN_ALL, MUST, ERROR, CONN, 0, 0,
     "RFC 8684 3.3.2", check_ds_06,
     "A Data ACK never decreases and never exceeds what was sent")
RULE(DS_07, "DS-07", MPA_IN_ALL, MUST, WARNING, OPTION, MPA_SUBTYPE_BIT(MPA_DSS), 0,
     "RFC 8684 3.3.2", check_ds_07,
     "Data that came with 64-bit numbers is acknowledged with 64 bits")
RULE(DS_08, "DS-08", MPA_IN_ALL, MUST, ERROR, OPTION, MPA_SUBTYPE_BIT(MPA_DSS), 0,
     "RFC 8684 3.3.3", check_ds_08,
     "A DATA_FIN without payload has subflow sequence number 0 and length 1, and nothing follows it")
RULE(DS_09, "DS-09", MPA_IN_ALL, MUST, WARNING, CONN, 0, 0,
     "RFC 8684 3.3.3", check_ds_09,
     "Subflows close after the DATA_FINs are exchanged, and all of them do")
RULE(DS_10, "DS-10", MPA_IN_ALL, MUST, WARNING, SEGMENT, 0, 0,
     "RFC 8684 3.3.4", check_ds_10,
     "The right edge of the window never moves left")
/* clang-format on */
