/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which packets of a host must equal which counter of its kernel: rows only.
 *
 * COUNTER(name, direction, what, how, why)
 *   name       as nstat calls it, without "MPTcpExt"
 *   direction  SENT or RECEIVED by the host
 *   what       enum mpa_word MPA_OPT_COUNT_*: which options
 *   how        EACH: every packet; FIRST: SYNs and SYN/ACKs that were not sent again; GOOD: without those whose HMAC is wrong; IDS: address
 *              IDs in it; LIVE: not on a joined subflow before its fourth packet, unless its opener sent it: the listener has no socket yet;
 *              BAD: those whose HMAC is wrong; INFINITE: mappings of length 0; NO_TOKEN: with reason 1, the answer to a join SYN
 *   why        what the kernel counts there (net/mptcp/mib.c; the place of the increment)
 */
/* clang-format off */
COUNTER("MPCapableSYNTX",    SENT,     MP_CAPABLE_SYN,    FIRST, "once for each connect() that asks for MPTCP, not for each SYN")
COUNTER("MPCapableSYNRX",    RECEIVED, MP_CAPABLE_SYN,    FIRST, "once for each request socket; a SYN sent again finds it")
COUNTER("MPCapableSYNACKRX", RECEIVED, MP_CAPABLE_SYNACK, FIRST, "where the SYN/ACK ends SYN_SENT")
COUNTER("MPCapableACKRX",    RECEIVED, MP_CAPABLE_ACK,    EACH,  "when the third ACK with MP_CAPABLE makes the child socket")
COUNTER("MPJoinSynTx",       SENT,     MP_JOIN_SYN,       FIRST, "once for each subflow that the path manager connects")
COUNTER("MPJoinSynRx",       RECEIVED, MP_JOIN_SYN,       FIRST, "once for each request socket, before the token is looked up")
COUNTER("MPJoinSynAckRx",    RECEIVED, MP_JOIN_SYNACK,    FIRST_GOOD, "after the HMAC was verified")
COUNTER("MPJoinAckRx",       RECEIVED, MP_JOIN_ACK,       GOOD,  "after the HMAC was verified and the subflow accepted")
COUNTER("AddAddrTx",         SENT,     ADD_ADDR,          EACH,  "each option written, repetitions too")
COUNTER("AddAddr",           RECEIVED, ADD_ADDR,          GOOD,  "each packet, repetitions too, after its HMAC was verified")
COUNTER("EchoAddTx",         SENT,     ADD_ADDR_ECHO,     EACH,  "each option written: every copy received is echoed")
COUNTER("EchoAdd",           RECEIVED, ADD_ADDR_ECHO,     EACH,  "each packet")
COUNTER("RmAddrTx",          SENT,     REMOVE_ADDR,       IDS,   "address IDs written")
COUNTER("RmAddr",            RECEIVED, REMOVE_ADDR,       IDS,   "address IDs received")
COUNTER("MPPrioTx",          SENT,     MP_PRIO,           EACH,  "each option written")
COUNTER("MPPrioRx",          RECEIVED, MP_PRIO,           EACH,  "each option on a live subflow")
COUNTER("MPFailTx",          SENT,     MP_FAIL,           EACH,  "each option written")
COUNTER("MPFailRx",          RECEIVED, MP_FAIL,           EACH,  "each option on a live subflow")
COUNTER("MPFastcloseTx",     SENT,     MP_FASTCLOSE,      EACH,  "each option written")
COUNTER("MPFastcloseRx",     RECEIVED, MP_FASTCLOSE,      EACH,  "each with the right key on a live subflow")
COUNTER("MPRstTx",           SENT,     MP_TCPRST,         LIVE,  "each RST of a live socket")
COUNTER("MPRstRx",           RECEIVED, MP_TCPRST,         LIVE,  "each on a subflow that is fully established")
COUNTER("MPJoinSynAckHMacFailure", RECEIVED, MP_JOIN_SYNACK, BAD, "where the HMAC is not that of the keys and random numbers")
COUNTER("MPJoinAckHMacFailure", RECEIVED, MP_JOIN_ACK,  BAD,   "the same of the third ACK")
COUNTER("MPJoinNoTokenFound", SENT,  MP_TCPRST,         NO_TOKEN, "join SYNs whose token is that of no connection, answered with RST")
COUNTER("InfiniteMapTx",     SENT,     DSS,               INFINITE, "mappings of length 0 written: the connection falls back")
COUNTER("InfiniteMapRx",     RECEIVED, DSS,               INFINITE, "the same, received")
/* clang-format on */
