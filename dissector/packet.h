/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the plugin's parts share of Wireshark: fields, the tap, the session of the open file. */
#ifndef MPTCPLB_PACKET_H
#define MPTCPLB_PACKET_H

#include "mptcplb.h"

#define WS_BUILD_DLL
#include <epan/packet.h>
#include <epan/expert.h>
#include <epan/tap.h>

/* The minor version that the plugin is built for: 4.2 changed some interfaces. */
#ifndef LB_WIRESHARK
#define LB_WIRESHARK (LB_WIRESHARK_MAJOR * 100 + LB_WIRESHARK_MINOR)
#endif

/* 4.4 turned gboolean into bool in what it calls back and points to. */
#if LB_WIRESHARK >= 404
typedef bool lb_bool;
#else
typedef gboolean lb_bool;
#endif

/* Fields of the contract, beside those of options (tbl/fields.h). */
enum lb_field {
    LB_CONNECTION,
    LB_SUBFLOW,
    LB_ROLE,
    LB_DIALECT,
    LB_CONDITION,
    LB_OPTION,
    LB_JOIN_FORBIDDEN,
    LB_ADD_ADDR_IPV4,
    LB_ADD_ADDR_IPV6,
    LB_ADD_ADDR_RETRANSMISSION,
    LB_ADD_ADDR_COPY,
    LB_ADD_ADDR_HMAC_STATUS,
    LB_ADD_ADDR_ECHO_IN,
    LB_ADD_ADDR_ECHO_OF,
    LB_ADD_ADDR_ECHO_TIME,
    LB_JOIN_TOKEN_STATUS,
    LB_JOIN_HMAC_STATUS,
    LB_RESET_CLASS,
    LB_MIGRATION_STATE,
    LB_OFF_VIP_IN,
    LB_ON_VIP,
    LB_COPY,
    LB_FINDING_RULE,
    LB_FINDING_SEVERITY,
    LB_FIELDS
};

extern int lb_proto, lb_tap;
extern int lb_hf[LB_FIELDS];
extern int lb_hf_option[MPA_FIELD_COUNT];
extern int lb_ett, lb_ett_option;
extern expert_field lb_ei_rule[MPA_RULE_COUNT]; /* In the severity of the rule. */
extern expert_field lb_ei_note[MPA_RULE_COUNT]; /* Notes of it. */

/* The open file's session; NULL where none is open or analysis is off. */
struct lb_session *lb_session(void);
/* The dialect of options that no analysis tells: the preference. */
enum mpa_dialect lb_dialect(void);

/* What a tap gets, for each TCP segment. */
struct lb_tap_data {
    const struct lb_frame *frame;
    struct lb_conn *conn;
};

/* ---- tree.c: the items of one frame; returns whether it is a TCP segment. */
void lb_tree(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const struct mpa_frame *frame);

/* ---- stats.c, follow.c */
void lb_register_stats(void);
void lb_register_follow(void);

/* ---- packet.c */
void proto_register_mptcplb(void);
void proto_reg_handoff_mptcplb(void);

#endif
