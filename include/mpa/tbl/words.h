/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words of the outputs, in the order of precedence or of progress: WORD(enum, symbol, text).  Rows only.
 * The texts are part of the output contract: never rename one.
 */
/* clang-format off */
WORD(PROTOCOL, MPTCP,    "mptcp")
WORD(PROTOCOL, FALLBACK, "fallback")
WORD(PROTOCOL, TCP,      "tcp")

WORD(VANTAGE, UNKNOWN, "unknown")
WORD(VANTAGE, CLIENT,  "client")
WORD(VANTAGE, SERVER,  "server")
WORD(VANTAGE, MIDDLE,  "middle")

/* Relative to the advertiser of an ADD_ADDR. */
WORD(AA_VANTAGE, UNKNOWN,    "unknown")
WORD(AA_VANTAGE, ADVERTISER, "advertiser")
WORD(AA_VANTAGE, MIDDLE,     "middle")
WORD(AA_VANTAGE, RECEIVER,   "receiver")
WORD(AA_VANTAGE, MIXED,      "mixed")

WORD(HMAC, NONE,         "none")
WORD(HMAC, OK,           "ok")
WORD(HMAC, BAD,          "bad")
WORD(HMAC, UNVERIFIABLE, "unverifiable")

WORD(OUTCOME, OPEN,   "open")
WORD(OUTCOME, CLOSED, "closed")
WORD(OUTCOME, RESET,  "reset")
WORD(OUTCOME, FAILED, "failed")

WORD(FALLBACK_REASON, NONE,         "none")
WORD(FALLBACK_REASON, SYN_DROPPED,  "syn_dropped")
WORD(FALLBACK_REASON, SYNACK_PLAIN, "synack_plain")
WORD(FALLBACK_REASON, ACK_PLAIN,    "ack_plain")
WORD(FALLBACK_REASON, DATA_PLAIN,   "data_plain")
WORD(FALLBACK_REASON, DSS,          "dss")
WORD(FALLBACK_REASON, CHECKSUM,     "checksum")
WORD(FALLBACK_REASON, INFINITE_MAP, "infinite_map")

WORD(ROLE, INITIAL, "initial")
WORD(ROLE, JOIN,    "join")

/* Of a join's SYN: whether a connection with this token was captured. */
WORD(TOKEN, OK,      "ok")
WORD(TOKEN, UNKNOWN, "unknown")

/* Reset classes, in order of precedence (first match wins). */
WORD(RESET, LATE,           "late")
WORD(RESET, MISROUTED_JOIN, "misrouted_join")
WORD(RESET, PROHIBITED,     "prohibited")
WORD(RESET, REFUSED,        "refused")
WORD(RESET, VICTIM,         "victim")
WORD(RESET, REDIRECT,       "redirect")
WORD(RESET, IDLE,           "idle")
WORD(RESET, APPLICATION,    "application")
WORD(RESET, MIDDLEBOX,      "middlebox")
WORD(RESET, UNEXPLAINED,    "unexplained")

WORD(MIGRATION, SINGLE_PATH,         "single_path")
WORD(MIGRATION, ADVERTISED_ONLY,     "advertised_only")
WORD(MIGRATION, TOO_SHORT,           "too_short")
WORD(MIGRATION, JOINED_NOT_MIGRATED, "joined_not_migrated")
WORD(MIGRATION, MIGRATED,            "migrated")

WORD(LEFT_BY, NONE,      "none")
WORD(LEFT_BY, SCHEDULER, "scheduler")
WORD(LEFT_BY, RESET,     "reset")
WORD(LEFT_BY, CLOSE,     "close")

WORD(SERVER_BY, MAC,     "mac")
WORD(SERVER_BY, OUTER,   "outer")
WORD(SERVER_BY, CAPTURE, "capture")
WORD(SERVER_BY, NAT,     "nat")

WORD(OPT_COUNT, MP_CAPABLE_SYN,    "mp_capable_syn")
WORD(OPT_COUNT, MP_CAPABLE_SYNACK, "mp_capable_synack")
WORD(OPT_COUNT, MP_CAPABLE_ACK,    "mp_capable_ack")
WORD(OPT_COUNT, MP_CAPABLE_DATA,   "mp_capable_data")
WORD(OPT_COUNT, MP_JOIN_SYN,       "mp_join_syn")
WORD(OPT_COUNT, MP_JOIN_SYNACK,    "mp_join_synack")
WORD(OPT_COUNT, MP_JOIN_ACK,       "mp_join_ack")
WORD(OPT_COUNT, DSS,               "dss")
WORD(OPT_COUNT, ADD_ADDR,          "add_addr")
WORD(OPT_COUNT, ADD_ADDR_ECHO,     "add_addr_echo")
WORD(OPT_COUNT, REMOVE_ADDR,       "remove_addr")
WORD(OPT_COUNT, MP_PRIO,           "mp_prio")
WORD(OPT_COUNT, MP_FAIL,           "mp_fail")
WORD(OPT_COUNT, MP_FASTCLOSE,      "mp_fastclose")
WORD(OPT_COUNT, MP_TCPRST,         "mp_tcprst")
WORD(OPT_COUNT, UNKNOWN,           "unknown")
WORD(OPT_COUNT, MALFORMED,         "malformed")
WORD(OPT_COUNT, TRUNCATED,         "truncated")

WORD(CHURN_SOURCE, LOG,      "log")
WORD(CHURN_SOURCE, INFERRED, "inferred")

WORD(SEVERITY, INFO,    "info")
WORD(SEVERITY, WARNING, "warning")
WORD(SEVERITY, ERROR,   "error")

/* What a finding says: a MUST or SHOULD of a reference was violated; other behaviour is not as it should be; worth knowing. */
WORD(FINDING, VIOLATION, "violation")
WORD(FINDING, WARNING,   "warning")
WORD(FINDING, INFO,      "info")

/* What a connection's story is told from (--explain). */
WORD(NOTE, SYN,           "SYN")
WORD(NOTE, SYN_AGAIN,     "SYN again")
WORD(NOTE, SYNACK,        "SYN/ACK")
WORD(NOTE, SPLIT,         "a second server answered the SYN (split handshake)")
WORD(NOTE, ESTABLISHED,   "established")
WORD(NOTE, ADD_ADDR,      "ADD_ADDR")
WORD(NOTE, ADD_ADDR_AGAIN,"ADD_ADDR again")
WORD(NOTE, ECHO,          "echo")
WORD(NOTE, REMOVE_ADDR,   "REMOVE_ADDR")
WORD(NOTE, PRIO,          "MP_PRIO")
WORD(NOTE, JOIN_SYN,      "join SYN")
WORD(NOTE, USABLE,        "direct subflow usable")
WORD(NOTE, FIRST_DIRECT,  "first data on the direct subflow")
WORD(NOTE, SERVER_MOVED,  "the flow changed its physical server")
WORD(NOTE, RESET,         "RST")
WORD(NOTE, HIT,           "hit by a redirect")
WORD(NOTE, SURVIVED,      "data went on after the hit")
WORD(NOTE, FALLBACK,      "fallback to plain TCP")
WORD(NOTE, MP_FAIL,       "MP_FAIL")
WORD(NOTE, FASTCLOSE,     "MP_FASTCLOSE")
WORD(NOTE, DATA_FIN,      "DATA_FIN")
WORD(NOTE, FIN,           "FIN")
WORD(NOTE, ICMP,          "ICMP error")
WORD(NOTE, BAD_HMAC,      "wrong HMAC")
/* clang-format on */
