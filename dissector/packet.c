/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Protocol "mptcplb": fields, expert items, preferences, and each frame on its way. */
#include "packet.h"

#include "lists.h"

#include <epan/prefs.h>
#include <wiretap/wtap.h>
#include <wsutil/report_message.h>

#include <string.h>

int lb_proto = -1, lb_tap = -1;
int lb_hf[LB_FIELDS];
int lb_hf_option[MPA_FIELD_COUNT];
int lb_ett = -1, lb_ett_option = -1;
expert_field lb_ei_rule[MPA_RULE_COUNT];
expert_field lb_ei_note[MPA_RULE_COUNT];

static int tap_expert;
static struct lb_session *session;

/* ---- Preferences ------------------------------------------------------------------------------- */

static lb_bool pref_analysis = TRUE;
static const char *pref_vips = "";
static const char *pref_servers = "";
static gint pref_dialect = MPA_DIALECT_UNKNOWN;

static const enum_val_t dialects[] = {
    {"auto", "as detected", MPA_DIALECT_UNKNOWN},
    {"rfc6824", "RFC 6824 (version 0)", MPA_DIALECT_RFC6824},
    {"icnp2017", "ICNP 2017 (version 0 with echoes)", MPA_DIALECT_ICNP2017},
    {"draft-v1", "rfc6824bis-04 (version 1 with SHA-1)", MPA_DIALECT_DRAFT_V1},
    {"rfc8684", "RFC 8684 (version 1)", MPA_DIALECT_RFC8684},
    {NULL, NULL, 0},
};

/* What the preferences say, in the form of a session's settings. */
static struct mpa_prefix *vips;
static int vip_count;
static struct mpa_server *servers;
static int server_count;

static void read_vips(void)
{
    gchar **words = g_strsplit_set(pref_vips, ", ;", -1);

    vips = g_renew(struct mpa_prefix, vips, g_strv_length(words) + 1);
    vip_count = 0;
    for (gchar **w = words; *w; w++) {
        if (!**w)
            continue;
        if (mpa_prefix_parse(*w, &vips[vip_count]) == 0)
            vip_count++;
        else
            report_failure("MPTCP load balancing: '%s' is no address", *w);
    }
    g_strfreev(words);
}

static void read_servers(void)
{
    char error[512];

    free(servers);
    servers = NULL;
    server_count = 0;
    if (*pref_servers &&
        servers_read(pref_servers, &servers, &server_count, error, sizeof error) != 0)
        report_failure("MPTCP load balancing: %s", error);
}

/* ---- A file ------------------------------------------------------------------------------------ */

static gboolean passed; /* All frames were seen once. */

/* The end of the first pass is dealt with when somebody asks: most lists of packets ask for nothing. */
struct lb_session *lb_session(void)
{
    if (session && passed)
        lb_session_finish(session);
    else if (session)
        lb_session_sync(session);
    return session;
}

enum mpa_dialect lb_dialect(void)
{
    return (enum mpa_dialect)pref_dialect;
}

/*
 * Frames of a first pass: how many, and a mark of which.
 *
 * Wireshark tells the end of the first pass when it has read a file, but not when it dissects all packets anew (another profile or
 * preference).  It is over when a frame comes again and just the frames have been fed that were the whole file before.
 */
struct pass {
    guint32 frames;
    guint64 mark;
};
static struct pass fed, whole;

static void feed(const struct mpa_frame *frame)
{
    fed.frames++;
    fed.mark = (fed.mark ^ (guint64)frame->ns ^ frame->wire) * G_GUINT64_CONSTANT(0x100000001b3);
    if (session)
        lb_session_feed(session, frame);
}

static gboolean fed_again(void)
{
    return !passed && fed.frames == whole.frames && fed.mark == whole.mark;
}

static void open_session(void)
{
    struct lb_settings settings;

    tap_expert = find_tap_id("expert"); /* Not there yet when protocols are registered. */
    fed = (struct pass){0};
    passed = FALSE;
    if (!pref_analysis)
        return;
    read_vips();
    read_servers();
    settings = (struct lb_settings){.vips = vips,
                                    .vip_count = vip_count,
                                    .servers = servers,
                                    .server_count = server_count,
                                    .dialect = (enum mpa_dialect)pref_dialect};
    session = lb_session_new(&settings);
}

static void close_session(void)
{
    lb_session_free(session);
    session = NULL;
}

/* Statistics read what they were given when they are drawn, and ask no more. */
static void end_first_pass(void)
{
    whole = fed;
    passed = TRUE;
    if (have_tap_listener(lb_tap) || have_tap_listener(tap_expert))
        lb_session();
}

/* ---- A frame ----------------------------------------------------------------------------------- */

/* The LINKTYPE_ value of an encapsulation that the engine decodes; -1 for all others. */
static int linktype_of(int encap)
{
    static const struct {
        int encap, linktype;
    } rows[] = {
        {WTAP_ENCAP_ETHERNET, 1},   {WTAP_ENCAP_SLL, 113},     {WTAP_ENCAP_SLL2, 276},
        {WTAP_ENCAP_RAW_IP, 101},   {WTAP_ENCAP_RAW_IP4, 228}, {WTAP_ENCAP_RAW_IP6, 229},
        {WTAP_ENCAP_NULL, 0},       {WTAP_ENCAP_LOOP, 108},    {WTAP_ENCAP_PPP, 9},
        {WTAP_ENCAP_PPP_ETHER, 51},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].encap == encap)
            return rows[i].linktype;
    return -1;
}

static gboolean get_frame(tvbuff_t *tvb, const packet_info *pinfo, struct mpa_frame *ret)
{
    int linktype;

    if (!pinfo->rec || pinfo->rec->rec_type != REC_TYPE_PACKET)
        return FALSE;
    linktype = linktype_of(pinfo->rec->rec_header.packet_header.pkt_encap);
    if (linktype < 0 || tvb_captured_length(tvb) == 0)
        return FALSE;
    *ret = (struct mpa_frame){
        .data = tvb_get_ptr(tvb, 0, (gint)tvb_captured_length(tvb)),
        .captured = tvb_captured_length(tvb),
        .wire = MAX(tvb_reported_length(tvb), tvb_captured_length(tvb)),
        .ns = (gint64)pinfo->abs_ts.secs * 1000000000 + pinfo->abs_ts.nsecs,
        .number = pinfo->num,
        .linktype = (guint16)linktype,
    };
    return TRUE;
}

static void queue_tap(packet_info *pinfo)
{
    const struct lb_frame *f;
    struct lb_tap_data *data;

    if (!have_tap_listener(lb_tap))
        return;
    f = lb_session_frame(lb_session(), pinfo->num);
    if (!f)
        return;
    data = wmem_new(pinfo->pool, struct lb_tap_data);
    data->frame = f;
    data->conn = lb_session_conn(session, f->conn);
    tap_queue_packet(lb_tap, pinfo, data);
}

/* Somebody looks at our fields, or at expert items, of which a rule's are ours; the list of those needs no tree. */
static gboolean is_wanted(proto_tree *tree)
{
    return have_tap_listener(tap_expert) ||
           (tree && (proto_field_is_referenced(tree, lb_proto) ||
                     proto_field_is_referenced(tree, proto_expert)));
}

static int dissect(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    struct mpa_frame frame;

    (void)data;
    if (!get_frame(tvb, pinfo, &frame))
        return 0;
    if (!PINFO_FD_VISITED(pinfo))
        feed(&frame);
    else if (session && fed_again())
        end_first_pass();
    if (session)
        queue_tap(pinfo);
    if (is_wanted(tree))
        lb_tree(tvb, pinfo, tree, &frame);
    return (int)frame.captured;
}

/* ---- Registration ------------------------------------------------------------------------------ */

#define FIELD_ROW_WITH(id, name, abbrev, type, display, strings, blurb)                            \
    {                                                                                              \
        &lb_hf[id],                                                                                \
        {                                                                                          \
            name, "mptcplb." abbrev, type, display, strings, 0, blurb, HFILL                       \
        }                                                                                          \
    }
#define FIELD_ROW(id, name, abbrev, type, display, blurb)                                          \
    FIELD_ROW_WITH(id, name, abbrev, type, display, NULL, blurb)

static hf_register_info fields[] = {
    FIELD_ROW(LB_CONNECTION, "Connection", "connection", FT_UINT32, BASE_DEC,
              "Number of the connection, as mptcp-analyze counts"),
    FIELD_ROW(LB_SUBFLOW, "Subflow", "subflow", FT_UINT32, BASE_DEC,
              "Number of the subflow in its connection"),
    FIELD_ROW(LB_ROLE, "Role", "role", FT_STRING, BASE_NONE, "Initial subflow, or joined"),
    FIELD_ROW(LB_DIALECT, "Dialect", "dialect", FT_STRING, BASE_NONE,
              "Which MPTCP this connection speaks"),
    FIELD_ROW(LB_CONDITION, "Condition", "condition", FT_STRING, BASE_NONE,
              "Whether the option is legal here"),
    FIELD_ROW(LB_OPTION, "Option", "option", FT_STRING, BASE_NONE, "Name of the option"),
    FIELD_ROW(LB_JOIN_FORBIDDEN, "Joins forbidden", "join_forbidden", FT_BOOLEAN, BASE_NONE,
              "C (the paper's B): the sender wants no joins to the address that this comes from"),
    FIELD_ROW(LB_ADD_ADDR_IPV4, "Address", "add_addr.ipv4", FT_IPv4, BASE_NONE,
              "Advertised address"),
    FIELD_ROW(LB_ADD_ADDR_IPV6, "Address", "add_addr.ipv6", FT_IPv6, BASE_NONE,
              "Advertised address"),
    FIELD_ROW(LB_ADD_ADDR_RETRANSMISSION, "Retransmission", "add_addr.retransmission", FT_BOOLEAN,
              BASE_NONE, "An earlier packet advertised or echoed the same"),
    FIELD_ROW(LB_ADD_ADDR_COPY, "Copy", "add_addr.copy", FT_UINT32, BASE_DEC,
              "The how manieth packet with it, from 1"),
    FIELD_ROW(LB_ADD_ADDR_HMAC_STATUS, "HMAC", "add_addr.hmac_status", FT_STRING, BASE_NONE,
              "Whether the advertisement's HMAC is right"),
    FIELD_ROW_WITH(LB_ADD_ADDR_ECHO_IN, "Echoed in", "add_addr.echo_in", FT_FRAMENUM, BASE_NONE,
                   FRAMENUM_TYPE(FT_FRAMENUM_RESPONSE), "The first echo of this advertisement"),
    FIELD_ROW_WITH(LB_ADD_ADDR_ECHO_OF, "Echo of", "add_addr.echo_of", FT_FRAMENUM, BASE_NONE,
                   FRAMENUM_TYPE(FT_FRAMENUM_REQUEST), "The first copy of what this echoes"),
    FIELD_ROW(LB_ADD_ADDR_ECHO_TIME, "Time to the echo", "add_addr.echo_time", FT_RELATIVE_TIME,
              BASE_NONE, "From the first copy of the advertisement to its first echo"),
    FIELD_ROW(LB_JOIN_TOKEN_STATUS, "Token", "join.token_status", FT_STRING, BASE_NONE,
              "Whether the token is that of a connection in this capture"),
    FIELD_ROW(LB_JOIN_HMAC_STATUS, "HMAC", "join.hmac_status", FT_STRING, BASE_NONE,
              "Whether the join's HMAC is right"),
    FIELD_ROW(LB_RESET_CLASS, "Reset class", "reset.class", FT_STRING, BASE_NONE,
              "What this reset was"),
    FIELD_ROW(LB_MIGRATION_STATE, "Migration", "migration.state", FT_STRING, BASE_NONE,
              "How far the connection got off the virtual address"),
    FIELD_ROW(LB_OFF_VIP_IN, "Off the VIP in", "off_vip_in", FT_FRAMENUM, BASE_NONE,
              "The first data on the direct subflow of a connection that left the VIP"),
    FIELD_ROW(LB_ON_VIP, "On the VIP", "on_vip", FT_BOOLEAN, BASE_NONE,
              "The subflow's server address is a virtual one"),
    FIELD_ROW(LB_COPY, "Copy", "copy", FT_BOOLEAN, BASE_NONE,
              "A copy of a packet seen before: another interface, before or after NAT"),
    FIELD_ROW(LB_FINDING_RULE, "Finding", "finding.rule", FT_STRING, BASE_NONE,
              "A rule with a finding at this packet"),
    FIELD_ROW(LB_FINDING_SEVERITY, "Severity", "finding.severity", FT_STRING, BASE_NONE,
              "error, warning or info"),
};

/* A field of tbl/fields.h. */
static hf_register_info option_field(enum mpa_field_id id)
{
    hf_register_info r = {&lb_hf_option[id], {0}};

    r.hfinfo.name = mpa_field_text(id);
    r.hfinfo.abbrev = g_strconcat("mptcplb.", mpa_field_name(id), NULL);
    r.hfinfo.blurb = NULL;
    r.hfinfo.id = -1;
    r.hfinfo.same_name_prev_id = -1;
    switch (mpa_field_kind(id)) {
    case MPA_KIND_BIT:
        r.hfinfo.type = FT_BOOLEAN;
        r.hfinfo.display = BASE_NONE;
        break;
    case MPA_KIND_UINT:
        r.hfinfo.type = FT_UINT64;
        r.hfinfo.display = id == MPA_FIELD_JOIN_TOKEN || id == MPA_FIELD_JOIN_NONCE ||
                                   id == MPA_FIELD_DSS_CHECKSUM || id == MPA_FIELD_CAPABLE_CHECKSUM
                               ? BASE_HEX
                               : BASE_DEC;
        break;
    default:
        r.hfinfo.type = FT_BYTES;
        r.hfinfo.display = BASE_NONE;
        break;
    }
    return r;
}

static void register_fields(void)
{
    static hf_register_info options[MPA_FIELD_COUNT];
    int count = 0;

    for (int i = 0; i < LB_FIELDS; i++)
        lb_hf[i] = -1;
    for (int i = 0; i < MPA_FIELD_COUNT; i++) {
        lb_hf_option[i] = -1;
        if (mpa_field_kind((enum mpa_field_id)i) != MPA_KIND_ADDR) /* add_addr.ipv4, .ipv6 */
            options[count++] = option_field((enum mpa_field_id)i);
    }
    proto_register_field_array(lb_proto, fields, array_length(fields));
    proto_register_field_array(lb_proto, options, count);
}

static int severity_of(enum mpa_word severity)
{
    return severity == MPA_SEVERITY_ERROR     ? PI_ERROR
           : severity == MPA_SEVERITY_WARNING ? PI_WARN
                                              : PI_NOTE;
}

/* One item a rule, and one for its notes. */
static void register_rules(void)
{
    static ei_register_info rows[2 * MPA_RULE_COUNT];
    expert_module_t *module = expert_register_protocol(lb_proto);

    for (int i = 0; i < MPA_RULE_COUNT; i++) {
        const struct mpa_rule_info *info = mpa_rule_info((enum mpa_rule)i);
        gchar *id = g_ascii_strdown(info->id, -1);

        for (int k = 0; k < 2; k++) {
            ei_register_info *row = &rows[2 * i + k];
            expert_field *field = k ? &lb_ei_note[i] : &lb_ei_rule[i];

            field->ei = EI_INIT_EI;
            field->hf = EI_INIT_HF;
            row->ids = field;
            row->eiinfo.name = g_strdup_printf("mptcplb.rule.%s%s", id, k ? ".note" : "");
            row->eiinfo.group = PI_PROTOCOL;
            row->eiinfo.severity = k ? PI_NOTE : severity_of(info->severity);
            row->eiinfo.summary = info->title;
        }
        g_free(id);
    }
    expert_register_field_array(module, rows, array_length(rows));
}

static void register_preferences(void)
{
    module_t *module = prefs_register_protocol(lb_proto, NULL);

    prefs_register_bool_preference(
        module, "analysis", "Analyse connections",
        "Connections, echoes, resets, rules; otherwise options are only decoded", &pref_analysis);
    prefs_register_string_preference(module, "vips", "Virtual addresses",
                                     "Addresses or prefixes, separated by commas; empty: inferred",
                                     &pref_vips);
    prefs_register_filename_preference(module, "servers", "List of servers",
                                       "CSV: name,unique_address,mac,outer_address", &pref_servers,
                                       FALSE);
    prefs_register_enum_preference(module, "dialect", "Dialect", "Read options in this dialect",
                                   &pref_dialect, dialects, FALSE);
}

void proto_register_mptcplb(void)
{
    static gint *trees[] = {&lb_ett, &lb_ett_option};

    lb_proto = proto_register_protocol("MPTCP load balancing", "MPTCP-LB", "mptcplb");
    register_fields();
    proto_register_subtree_array(trees, array_length(trees));
    register_rules();
    register_preferences();
    lb_tap = register_tap("mptcplb");
    register_init_routine(open_session);
    register_cleanup_routine(close_session);
    register_postseq_cleanup_routine(end_first_pass);
    lb_register_follow();
    lb_register_stats();
}

void proto_reg_handoff_mptcplb(void)
{
    register_postdissector(create_dissector_handle(dissect, lb_proto));
}
