/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The items of one frame: its options as their dialect means them, and what the engine knows. */
#include "packet.h"

/* Where one segment's items go. */
struct items {
    tvbuff_t *tvb;
    packet_info *pinfo;
    proto_tree *tree;
    const struct mpa_frame *frame;
    const struct mpa_segment *seg;
    const struct lb_frame *note; /* NULL without analysis. */
    const struct lb_conn *conn;
};

static proto_item *generated(proto_item *item)
{
    proto_item_set_generated(item);
    return item;
}

static void add_text(const struct items *it, proto_tree *tree, enum lb_field field,
                     const char *text)
{
    generated(proto_tree_add_string(tree, lb_hf[field], it->tvb, 0, 0, text));
}

/* ---- Options ----------------------------------------------------------------------------------- */

static const char *condition_text(enum mpa_cond cond)
{
    switch (cond) {
    case MPA_COND_OK:
        return "ok";
    case MPA_COND_TRUNCATED:
        return "truncated by the capture";
    case MPA_COND_MALFORMED:
        return "malformed";
    case MPA_COND_UNKNOWN:
        return "unknown";
    default:
        return "illegal here";
    }
}

static void add_field(const struct items *it, proto_tree *tree, gint at,
                      const struct mpa_field *field)
{
    enum mpa_field_id id = (enum mpa_field_id)field->id;
    gint offset = at + field->offset, size = field->size;

    switch (mpa_field_kind(id)) {
    case MPA_KIND_BIT:
        proto_tree_add_boolean(tree, lb_hf_option[id], it->tvb, offset, size, field->value != 0);
        break;
    case MPA_KIND_UINT:
        proto_tree_add_uint64(tree, lb_hf_option[id], it->tvb, offset, size, field->value);
        break;
    case MPA_KIND_ADDR:
        proto_tree_add_item(tree, lb_hf[size == 4 ? LB_ADD_ADDR_IPV4 : LB_ADD_ADDR_IPV6], it->tvb,
                            offset, size, ENC_BIG_ENDIAN);
        break;
    default:
        proto_tree_add_item(tree, lb_hf_option[id], it->tvb, offset, size, ENC_NA);
        break;
    }
}

/* What the option is called, and what is most important in it. */
static void name_option(proto_item *item, const struct mpa_option *o)
{
    char addr[MPA_ADDR_TEXT];

    switch (o->subtype) {
    case MPA_MP_CAPABLE:
        if (o->capable.flags & MPA_CAPABLE_C)
            proto_item_append_text(item, ", no joins to this address%s",
                                   o->capable.version ? " and port" : "");
        break;
    case MPA_ADD_ADDR:
        proto_item_append_text(item, "%s, ID %u, %s", o->add_addr.echo ? " echo" : "",
                               o->add_addr.id, mpa_addr_text(&o->add_addr.addr, addr));
        if (o->add_addr.has_port)
            proto_item_append_text(item, " port %u", o->add_addr.port);
        break;
    case MPA_MP_PRIO:
        proto_item_append_text(item, ", %s", o->prio.backup ? "backup" : "no backup");
        break;
    case MPA_MP_TCPRST:
        proto_item_append_text(item, ", reason %u%s", o->tcprst.reason,
                               o->tcprst.transient ? ", transient" : "");
        break;
    default:
        break;
    }
}

static void add_frame_number(const struct items *it, proto_tree *tree, enum lb_field field,
                             guint32 number)
{
    number = lb_session_number(lb_session(), number);
    if (number)
        generated(proto_tree_add_uint(tree, lb_hf[field], it->tvb, 0, 0, number));
}

static void add_echo_time(const struct items *it, proto_tree *tree, const struct lb_advert *a)
{
    nstime_t time;
    gint64 ns = a->echo_ns - a->first_ns;

    if (a->first_ns == 0 || a->echo_ns == 0)
        return;
    time.secs = (time_t)(ns / 1000000000);
    time.nsecs = (int)(ns % 1000000000);
    generated(proto_tree_add_time(tree, lb_hf[LB_ADD_ADDR_ECHO_TIME], it->tvb, 0, 0, &time));
}

/* Both ways between an advertisement and its echo. */
static void add_advert(const struct items *it, proto_tree *tree, const struct lb_detail *d)
{
    const struct lb_advert *a = d->advert;

    generated(
        proto_tree_add_uint(tree, lb_hf[LB_ADD_ADDR_COPY], it->tvb, 0, 0, (guint32)d->number));
    generated(proto_tree_add_boolean(tree, lb_hf[LB_ADD_ADDR_RETRANSMISSION], it->tvb, 0, 0,
                                     d->number > 1));
    if (d->kind == LB_DETAIL_ADD_ADDR)
        add_frame_number(it, tree, LB_ADD_ADDR_ECHO_IN, a->echo_frame);
    else
        add_frame_number(it, tree, LB_ADD_ADDR_ECHO_OF, a->first_frame);
    add_echo_time(it, tree, a);
}

/* What the engine knows of this option; each kind of option comes once in a segment but for ADD_ADDRs, which are told apart by what they
   advertise. */
static void add_details(const struct items *it, proto_tree *tree, const struct mpa_option *o)
{
    const struct lb_detail *d = NULL;

    while (it->note && (d = lb_session_detail(lb_session(), it->note, d))) {
        bool advert = d->kind == LB_DETAIL_ADD_ADDR || d->kind == LB_DETAIL_ECHO;

        if (advert && o->subtype == MPA_ADD_ADDR && d->advert->id == o->add_addr.id &&
            mpa_addr_eq(&d->advert->addr, &o->add_addr.addr) &&
            (d->kind == LB_DETAIL_ECHO) == o->add_addr.echo)
            add_advert(it, tree, d);
        else if (d->kind == LB_DETAIL_HMAC && o->subtype == d->subtype)
            add_text(it, tree,
                     o->subtype == MPA_ADD_ADDR ? LB_ADD_ADDR_HMAC_STATUS : LB_JOIN_HMAC_STATUS,
                     mpa_word(d->word));
        else if (d->kind == LB_DETAIL_TOKEN && o->subtype == MPA_MP_JOIN)
            add_text(it, tree, LB_JOIN_TOKEN_STATUS, mpa_word(d->word));
    }
}

static void add_option(const struct items *it, unsigned at, enum mpa_dialect dialect)
{
    const struct mpa_segment *seg = it->seg;
    const uint8_t *bytes = seg->options + at;
    gint offset = (gint)(bytes - it->frame->data);
    guint size = seg->options_captured - at;
    struct mpa_option o;
    struct mpa_fields fields = {.count = 0};
    enum mpa_cond cond = mpa_option_decode(bytes, size, (size_t)seg->options_size - at, seg->flags,
                                           dialect, &o, &fields);
    proto_tree *tree;
    proto_item *item;

    tree = proto_tree_add_subtree_format(it->tree, it->tvb, offset,
                                         (gint)(o.len >= 2 && o.len < size ? o.len : size),
                                         lb_ett_option, &item, "%s", mpa_subtype_name(o.subtype));
    if (cond == MPA_COND_OK || cond == MPA_COND_ILLEGAL)
        name_option(item, &o);
    if (cond != MPA_COND_OK)
        proto_item_append_text(item, " (%s)", condition_text(cond));
    add_text(it, tree, LB_OPTION, mpa_subtype_name(o.subtype));
    add_text(it, tree, LB_CONDITION, condition_text(cond));
    for (unsigned i = 0; i < fields.count; i++)
        add_field(it, tree, offset, &fields.at[i]);
    if (o.subtype == MPA_MP_CAPABLE && cond == MPA_COND_OK)
        generated(proto_tree_add_boolean(tree, lb_hf[LB_JOIN_FORBIDDEN], it->tvb, offset + 3, 1,
                                         (o.capable.flags & MPA_CAPABLE_C) != 0));
    add_details(it, tree, &o);
}

/* ---- Analysis ---------------------------------------------------------------------------------- */

static void add_connection(const struct items *it, proto_item *root)
{
    const struct lb_frame *f = it->note;
    const struct lb_conn *c = it->conn;
    const struct mpa_rec_subflow *sf = lb_conn_subflow(c, f->subflow);
    enum mpa_word role = lb_conn_role(c, f->subflow);

    proto_item_append_text(root, ", connection %u, subflow %u (%s)", f->conn, f->subflow,
                           mpa_word(role));
    generated(proto_tree_add_uint(it->tree, lb_hf[LB_CONNECTION], it->tvb, 0, 0, f->conn));
    generated(proto_tree_add_uint(it->tree, lb_hf[LB_SUBFLOW], it->tvb, 0, 0, f->subflow));
    add_text(it, it->tree, LB_ROLE, mpa_word(role));
    if (c->protocol != MPA_PROTOCOL_TCP)
        add_text(it, it->tree, LB_DIALECT, mpa_dialect_name(c->dialect));
    if (f->flags & LB_FRAME_COPY)
        generated(proto_tree_add_boolean(it->tree, lb_hf[LB_COPY], it->tvb, 0, 0, TRUE));
    if (sf && sf->on_vip != MPA_NULL)
        generated(
            proto_tree_add_boolean(it->tree, lb_hf[LB_ON_VIP], it->tvb, 0, 0, sf->on_vip != 0));
    if (c->record && c->protocol == MPA_PROTOCOL_MPTCP) {
        add_text(it, it->tree, LB_MIGRATION_STATE, mpa_word(c->record->migration.state));
        add_frame_number(it, it->tree, LB_OFF_VIP_IN, c->off_vip_frame);
    }
}

static void add_reset(const struct items *it, proto_item *root)
{
    enum mpa_word class = lb_conn_reset(it->conn, it->note->subflow, (enum mpa_dir)it->note->dir);
    proto_item *item;

    if (!(it->note->flags & LB_FRAME_RST) || (it->note->flags & LB_FRAME_COPY) || class == 0)
        return;
    proto_item_append_text(root, ", %s reset", mpa_word(class));
    item = proto_tree_add_string(it->tree, lb_hf[LB_RESET_CLASS], it->tvb, 0, 0, mpa_word(class));
    proto_item_append_text(generated(item), " (%s)", mpa_reset_meaning(class));
}

static void add_value(wmem_strbuf_t *text, const struct mpa_rec_value *v)
{
    char addr[MPA_ADDR_TEXT];

    wmem_strbuf_append_printf(text, "%s%s ", wmem_strbuf_get_len(text) ? ", " : "", v->name);
    switch (v->kind) {
    case MPA_COMPARED_HEX32:
        wmem_strbuf_append_printf(text, "%08x", (guint32)v->number);
        break;
    case MPA_COMPARED_HEX64:
        wmem_strbuf_append_printf(text, "%016" G_GINT64_MODIFIER "x", (guint64)v->number);
        break;
    case MPA_COMPARED_NS:
        wmem_strbuf_append_printf(text, "%.6f s", (double)v->number / 1e9);
        break;
    case MPA_COMPARED_ADDR:
        wmem_strbuf_append(text, mpa_addr_text(&v->addr, addr));
        break;
    case MPA_COMPARED_TEXT:
        wmem_strbuf_append(text, v->text);
        break;
    default:
        wmem_strbuf_append_printf(text, "%" G_GINT64_MODIFIER "d", (gint64)v->number);
        break;
    }
}

/* For columns, colours and filters; the text is in the expert item. */
static void add_hidden(const struct items *it, enum lb_field field, const char *text)
{
    proto_item_set_hidden(proto_tree_add_string(it->tree, lb_hf[field], it->tvb, 0, 0, text));
}

static void add_finding(const struct items *it, const struct mpa_rec_finding *f)
{
    wmem_strbuf_t *values = wmem_strbuf_new(it->pinfo->pool, NULL);
    bool note = f->verdict == MPA_FINDING_INFO;
    expert_field *rule = &lb_ei_rule[f->rule];
    const char *id = mpa_rule_info((enum mpa_rule)f->rule)->id;

    for (int i = 0; i < f->value_count; i++)
        add_value(values, &f->values[i]);
    proto_tree_add_expert_format(it->tree, it->pinfo, note ? &lb_ei_note[f->rule] : rule, it->tvb,
                                 0, 0, "%s: %s%s%s%s", id, f->text, f->value_count ? " (" : "",
                                 wmem_strbuf_get_str(values), f->value_count ? ")" : "");
    add_hidden(it, LB_FINDING_RULE, id);
    add_hidden(it, LB_FINDING_SEVERITY, mpa_word(f->severity));
    /* A filter on the rule finds its notes too. */
    if (note)
        proto_item_set_hidden(proto_tree_add_item(it->tree, rule->hf, it->tvb, 0, 0, ENC_NA));
}

static void add_findings(const struct items *it)
{
    const struct lb_detail *d = NULL;

    while ((d = lb_session_detail(lb_session(), it->note, d)))
        if (d->kind == LB_DETAIL_FINDING)
            add_finding(it, d->finding);
}

/* ---- The frame --------------------------------------------------------------------------------- */

void lb_tree(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const struct mpa_frame *frame)
{
    const struct mpa_tunnel_ports ports = MPA_TUNNEL_PORTS_DEFAULT;
    struct mpa_segment seg;
    struct mpa_icmp_error icmp;
    struct items it = {.tvb = tvb, .pinfo = pinfo, .frame = frame, .seg = &seg};
    struct lb_session *s = lb_session();
    enum mpa_dialect dialect = lb_dialect();
    proto_item *root;
    gint offset;

    if (mpa_frame_decode(frame, &ports, &seg, &icmp) != MPA_FRAME_SEGMENT)
        return;
    it.note = s ? lb_session_frame(s, pinfo->num) : NULL;
    it.conn = it.note ? lb_session_conn(s, it.note->conn) : NULL;
    if (seg.mptcp_count == 0 && !it.conn)
        return;
    offset = seg.options_captured ? (gint)(seg.options - frame->data) : 0;
    root = proto_tree_add_protocol_format(tree, lb_proto, tvb, offset, seg.options_captured,
                                          "MPTCP load balancing");
    it.tree = proto_item_add_subtree(root, lb_ett);
    if (it.conn) {
        dialect = it.conn->protocol == MPA_PROTOCOL_TCP ? MPA_DIALECT_UNKNOWN : it.conn->dialect;
        add_connection(&it, root);
        add_reset(&it, root);
    }
    for (unsigned i = 0; i < seg.mptcp_count; i++)
        add_option(&it, seg.mptcp_at[i], dialect);
    if (it.conn)
        add_findings(&it);
}
