/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables: how ADD_ADDRs were acknowledged, connections, resets by class. */
#include "stats.h"

#include <math.h>
#include <string.h>

/* Columns are as wide as their names are written here, so that tshark's lines stand below each other. */
#define LEFT(name, format)                                                                         \
    {                                                                                              \
        TABLE_ITEM_STRING, TAP_ALIGN_LEFT, name, format                                            \
    }
#define RIGHT(name)                                                                                \
    {                                                                                              \
        TABLE_ITEM_STRING, TAP_ALIGN_RIGHT, name, "%s"                                             \
    }

/* A text in a column of numbers, or in any other. */
static void set_padded(struct lb_table *t, guint row, guint column, const char *text)
{
    const stat_tap_table_item *c = &t->ui.fields[column];
    int width = c->align == TAP_ALIGN_RIGHT ? (int)strlen(c->column_name) : 0;

    lb_table_set(t, row, column, g_strdup_printf("%*s", width, text));
}

static void set_ms(struct lb_table *t, guint row, guint column, gint64 ns, int digits)
{
    int width = (int)strlen(t->ui.fields[column].column_name);

    if (ns == MPA_NULL)
        set_padded(t, row, column, "-");
    else
        lb_table_set(t, row, column, g_strdup_printf("%*.*f", width, digits, (double)ns / 1e6));
}

/* ---- ADD_ADDR ---------------------------------------------------------------------------------- */

enum {
    ACK_FROM,
    ACK_ADDRESS,
    ACK_ADVERTISED,
    ACK_PACKETS,
    ACK_ANSWERED,
    ACK_UNANSWERED,
    ACK_MIN,
    ACK_MEDIAN,
    ACK_P95,
    ACK_MAX,
    ACK_KIND,
    ACK_COLUMNS
};

static stat_tap_table_item ack_columns[ACK_COLUMNS] = {
    [ACK_FROM] = LEFT("From  ", "%-6s"),
    [ACK_ADDRESS] = LEFT("Address                ", "%-23s"),
    [ACK_ADVERTISED] = RIGHT("Advertised"),
    [ACK_PACKETS] = RIGHT("Packets"),
    [ACK_ANSWERED] = RIGHT("Answered"),
    [ACK_UNANSWERED] = RIGHT("Unanswered"),
    [ACK_MIN] = RIGHT("    Min (ms)"),
    [ACK_MEDIAN] = RIGHT(" Median (ms)"),
    [ACK_P95] = RIGHT("   95 % (ms)"),
    [ACK_MAX] = RIGHT("    Max (ms)"),
    [ACK_KIND] = LEFT("Time is   ", "%-10s"),
};

static void set_ack(struct lb_table *t, const struct lb_ack_row *row, const char *from,
                    gchar *address)
{
    lb_table_set(t, row->index, ACK_FROM, g_strdup(from));
    lb_table_set(t, row->index, ACK_ADDRESS, address);
    lb_table_set(t, row->index, ACK_KIND,
                 g_strdup(lb_ack_kind_name((enum lb_ack_kind)row->key.kind)));
    lb_table_set_number(t, row->index, ACK_ADVERTISED, row->advertised);
    lb_table_set_number(t, row->index, ACK_PACKETS, row->transmissions);
    lb_table_set_number(t, row->index, ACK_ANSWERED, row->answered);
    lb_table_set_number(t, row->index, ACK_UNANSWERED, row->unanswered);
    set_ms(t, row->index, ACK_MIN, lb_ack_percentile(row, 0), 6);
    set_ms(t, row->index, ACK_MEDIAN, lb_ack_percentile(row, 50), 6);
    set_ms(t, row->index, ACK_P95, lb_ack_percentile(row, 95), 6);
    set_ms(t, row->index, ACK_MAX, lb_ack_percentile(row, 100), 6);
}

static void on_ack(void *context, struct lb_acks *acks, const struct lb_ack_row *row, gint64 ns)
{
    struct lb_table *t = context;
    struct lb_ack_row all = lb_acks_all(acks);

    (void)ns;
    set_ack(t, &all, "all", g_strdup("(times: servers')"));
    set_ack(t, row, row->key.from == MPA_TO_CLIENT ? "server" : "client",
            lb_ack_address(&row->key));
}

static tap_packet_status ack_packet(void *listener, packet_info *pinfo, epan_dissect_t *edt,
                                    const void *data, tap_flags_t flags)
{
    struct lb_table *t = lb_table_of(listener);
    const struct lb_tap_data *tap = data;

    (void)pinfo;
    (void)edt;
    (void)flags;
    if (!t->state)
        t->state = lb_acks_new();
    if (tap->conn)
        lb_acks_add(t->state, tap->conn, on_ack, t);
    return TAP_PACKET_REDRAW;
}

static void free_acks(gpointer state)
{
    lb_acks_free(state);
}

/* ---- Connections ------------------------------------------------------------------------------- */

enum {
    CONN_ID,
    CONN_CLIENT,
    CONN_SERVER,
    CONN_VIP,
    CONN_DIALECT,
    CONN_UNIQUE,
    CONN_STATE,
    CONN_LEFT_AFTER,
    CONN_LEFT_BY,
    CONN_SHARE,
    CONN_RESETS,
    CONN_OUTCOME,
    CONN_COLUMNS
};

static stat_tap_table_item conn_columns[CONN_COLUMNS] = {
    [CONN_ID] = RIGHT("  Conn"),
    [CONN_CLIENT] = LEFT("Client               ", "%-21s"),
    [CONN_SERVER] = LEFT("Server               ", "%-21s"),
    [CONN_VIP] = LEFT("VIP", "%-3s"),
    [CONN_DIALECT] = LEFT("Dialect  ", "%-9s"),
    [CONN_UNIQUE] = LEFT("Unique address       ", "%-21s"),
    [CONN_STATE] = LEFT("Migration          ", "%-19s"),
    [CONN_LEFT_AFTER] = RIGHT("Left after (ms)"),
    [CONN_LEFT_BY] = LEFT("Left by  ", "%-9s"),
    [CONN_SHARE] = RIGHT("Left on VIP (%)"),
    [CONN_RESETS] = RIGHT("Resets"),
    [CONN_OUTCOME] = LEFT("End   ", "%-6s"),
};

static gchar *endpoint_text(const struct mpa_endpoint *e)
{
    const struct lb_ack_key key = {.addr = e->addr, .port = e->port};

    return lb_ack_address(&key);
}

static void add_address(GString *text, const struct mpa_addr *addr)
{
    char one[MPA_ADDR_TEXT];
    gchar *word = g_strdup_printf(" %s ", mpa_addr_text(addr, one));

    if (!strstr(text->str, word))
        g_string_append(text, text->len ? word + 1 : word);
    g_free(word);
}

/* What the server advertised; else where clients joined it directly. */
static gchar *unique_addresses(const struct mpa_rec_conn *r)
{
    GString *text = g_string_new(NULL);

    for (int i = 0; i < r->add_addr_count; i++)
        if (r->add_addrs[i].from_server && r->add_addrs[i].transmissions > 0)
            add_address(text, &r->add_addrs[i].addr);
    for (int i = 0; i < r->subflow_count && text->len == 0; i++)
        if (r->subflows[i].role == MPA_ROLE_JOIN &&
            !mpa_addr_eq(&r->subflows[i].server.addr, &r->server.addr))
            add_address(text, &r->subflows[i].server.addr);
    return g_strstrip(g_string_free(text, FALSE));
}

static gchar *live_addresses(const struct lb_conn *c)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; c->adverts && i < c->adverts->len; i++) {
        const struct lb_advert *a = g_ptr_array_index(c->adverts, i);

        if (a->from == MPA_TO_CLIENT && a->transmissions > 0)
            add_address(text, &a->addr);
    }
    return g_strstrip(g_string_free(text, FALSE));
}

/* As the program's report says when a connection left the VIP. */
static gint64 left_after(const struct mpa_rec_conn *r)
{
    gint64 direct = r->migration.first_direct_ns.v[r->migration.judged];
    gint64 start = r->established_ns != MPA_NULL ? r->established_ns : r->syn_ns;

    if (r->migration.state != MPA_MIGRATION_MIGRATED || direct == MPA_NULL || start == MPA_NULL)
        return MPA_NULL;
    return direct - start;
}

static gint64 on_vip(const struct mpa_rec_conn *r)
{
    for (int i = 0; i < r->subflow_count; i++)
        if (mpa_addr_eq(&r->subflows[i].server.addr, &r->server.addr))
            return r->subflows[i].on_vip;
    return MPA_NULL;
}

static void set_record(struct lb_table *t, guint row, const struct mpa_rec_conn *r)
{
    bool mptcp = r->protocol == MPA_PROTOCOL_MPTCP;
    double share = r->migration.vip_share_after[r->migration.judged];
    gint64 vip = on_vip(r), resets = 0;

    for (int i = 0; i < r->subflow_count; i++)
        resets += (r->subflows[i].rst[0].packets > 0) + (r->subflows[i].rst[1].packets > 0);
    lb_table_set(t, row, CONN_CLIENT, endpoint_text(&r->client));
    lb_table_set(t, row, CONN_SERVER, endpoint_text(&r->server));
    lb_table_set(t, row, CONN_VIP, g_strdup(vip == MPA_NULL ? "?" : vip ? "yes" : "no"));
    lb_table_set(t, row, CONN_UNIQUE, unique_addresses(r));
    lb_table_set(t, row, CONN_STATE, g_strdup(mptcp ? mpa_word(r->migration.state) : "-"));
    set_ms(t, row, CONN_LEFT_AFTER, mptcp ? left_after(r) : MPA_NULL, 3);
    lb_table_set(t, row, CONN_LEFT_BY,
                 g_strdup(mptcp && r->migration.left_by != MPA_LEFT_BY_NONE
                              ? mpa_word(r->migration.left_by)
                              : "-"));
    if (mptcp && !isnan(share))
        lb_table_set(t, row, CONN_SHARE, g_strdup_printf("%15.2f", 100 * share));
    else
        set_padded(t, row, CONN_SHARE, "-");
    lb_table_set_number(t, row, CONN_RESETS, resets);
    lb_table_set(t, row, CONN_OUTCOME, g_strdup(mpa_word(r->outcome)));
}

/* Before the file has been read once. */
static void set_live(struct lb_table *t, guint row, const struct lb_conn *c)
{
    static const guint later[] = {CONN_VIP,     CONN_STATE, CONN_LEFT_AFTER,
                                  CONN_LEFT_BY, CONN_SHARE, CONN_OUTCOME};
    gint64 resets = 0;

    for (guint i = 0; i < c->resets->len; i++)
        for (int dir = 0; dir < 2; dir++)
            resets += g_array_index(c->resets, struct lb_reset, i).class[dir] != 0;
    lb_table_set(t, row, CONN_CLIENT, endpoint_text(&c->client));
    lb_table_set(t, row, CONN_SERVER, endpoint_text(&c->server));
    lb_table_set(t, row, CONN_UNIQUE, live_addresses(c));
    for (size_t i = 0; i < array_length(later); i++)
        set_padded(t, row, later[i], "?");
    lb_table_set_number(t, row, CONN_RESETS, resets);
}

static tap_packet_status conn_packet(void *listener, packet_info *pinfo, epan_dissect_t *edt,
                                     const void *data, tap_flags_t flags)
{
    struct lb_table *t = lb_table_of(listener);
    const struct lb_tap_data *tap = data;
    const struct lb_conn *c = tap->conn;
    gpointer id;
    guint known, row;

    (void)pinfo;
    (void)edt;
    (void)flags;
    if (!c)
        return TAP_PACKET_DONT_REDRAW;
    /* Row and whether all is told: 2 (row + 1) + told. */
    id = GUINT_TO_POINTER(c->id);
    known = GPOINTER_TO_UINT(g_hash_table_lookup(t->seen, id));
    if (known & 1)
        return TAP_PACKET_DONT_REDRAW;
    row = known ? known / 2 - 1 : g_hash_table_size(t->seen);
    g_hash_table_insert(t->seen, id, GUINT_TO_POINTER(2 * (row + 1) + (c->record != NULL)));
    lb_table_set_number(t, row, CONN_ID, c->id);
    lb_table_set(t, row, CONN_DIALECT,
                 g_strdup(c->protocol == MPA_PROTOCOL_MPTCP ? mpa_dialect_name(c->dialect)
                                                            : mpa_word(c->protocol)));
    if (c->record)
        set_record(t, row, c->record);
    else
        set_live(t, row, c);
    return TAP_PACKET_REDRAW;
}

/* ---- Resets ------------------------------------------------------------------------------------ */

enum { RESET_CLASS, RESET_RESETS, RESET_PACKETS, RESET_CONNS, RESET_MEANING, RESET_COLUMNS };

static stat_tap_table_item reset_columns[RESET_COLUMNS] = {
    [RESET_CLASS] = LEFT("Class         ", "%-14s"),
    [RESET_RESETS] = RIGHT("Resets"),
    [RESET_PACKETS] = RIGHT("Packets"),
    [RESET_CONNS] = RIGHT("Connections"),
    [RESET_MEANING] = LEFT("Meaning", "%s"),
};

struct resets {
    gint64 resets[MPA_RESET_COUNT], packets[MPA_RESET_COUNT], conns[MPA_RESET_COUNT];
    gint64 all_conns;
};

/* Which classes a connection has: a bit for each, and whether its record has been counted. */
#define RESET_COUNTED (1u << MPA_RESET_COUNT)

static void count_reset(struct resets *r, guint *seen, enum mpa_word class)
{
    int i = (int)(class - MPA_RESET_FIRST);

    r->resets[i]++;
    if ((*seen & (RESET_COUNTED - 1)) == 0)
        r->all_conns++;
    if (!(*seen & 1u << i))
        r->conns[i]++;
    *seen |= 1u << i;
}

static void show_resets(struct lb_table *t, const struct resets *r)
{
    gint64 resets = 0, packets = 0;

    for (guint i = 0; i < MPA_RESET_COUNT; i++) {
        enum mpa_word class = (enum mpa_word)(MPA_RESET_FIRST + i);

        lb_table_set(t, i, RESET_CLASS, g_strdup(mpa_word(class)));
        lb_table_set(t, i, RESET_MEANING, g_strdup(mpa_reset_meaning(class)));
        lb_table_set_number(t, i, RESET_RESETS, r->resets[i]);
        lb_table_set_number(t, i, RESET_PACKETS, r->packets[i]);
        lb_table_set_number(t, i, RESET_CONNS, r->conns[i]);
        resets += r->resets[i];
        packets += r->packets[i];
    }
    lb_table_set(t, MPA_RESET_COUNT, RESET_CLASS, g_strdup("all"));
    lb_table_set_number(t, MPA_RESET_COUNT, RESET_RESETS, resets);
    lb_table_set_number(t, MPA_RESET_COUNT, RESET_PACKETS, packets);
    lb_table_set_number(t, MPA_RESET_COUNT, RESET_CONNS, r->all_conns);
}

static void count_record(struct resets *r, guint *seen, const struct mpa_rec_conn *record)
{
    for (int i = 0; i < record->subflow_count; i++)
        for (int dir = 0; dir < 2; dir++) {
            const struct mpa_rec_rst *rst = &record->subflows[i].rst[dir];

            if (rst->packets <= 0)
                continue;
            count_reset(r, seen, rst->class);
            r->packets[rst->class - MPA_RESET_FIRST] += rst->packets;
        }
    *seen |= RESET_COUNTED;
}

/* One RST while the file is read: the first of its direction is the reset. */
static gboolean count_packet(struct resets *r, guint *seen, const struct lb_tap_data *tap)
{
    enum mpa_word class =
        lb_conn_reset(tap->conn, tap->frame->subflow, (enum mpa_dir)tap->frame->dir);

    if (!(tap->frame->flags & LB_FRAME_RST) || (tap->frame->flags & LB_FRAME_COPY) ||
        class < MPA_RESET_FIRST)
        return FALSE;
    if (tap->frame->flags & LB_FRAME_FIRST_RST)
        count_reset(r, seen, class);
    r->packets[class - MPA_RESET_FIRST]++;
    return TRUE;
}

static tap_packet_status reset_packet(void *listener, packet_info *pinfo, epan_dissect_t *edt,
                                      const void *data, tap_flags_t flags)
{
    struct lb_table *t = lb_table_of(listener);
    const struct lb_tap_data *tap = data;
    guint seen;

    (void)pinfo;
    (void)edt;
    (void)flags;
    if (!tap->conn)
        return TAP_PACKET_DONT_REDRAW;
    seen = GPOINTER_TO_UINT(g_hash_table_lookup(t->seen, GUINT_TO_POINTER(tap->conn->id)));
    if (seen & RESET_COUNTED)
        return TAP_PACKET_DONT_REDRAW;
    if (!t->state)
        t->state = g_new0(struct resets, 1);
    if (tap->conn->record)
        count_record(t->state, &seen, tap->conn->record);
    else if (!count_packet(t->state, &seen, tap))
        return TAP_PACKET_DONT_REDRAW;
    g_hash_table_insert(t->seen, GUINT_TO_POINTER(tap->conn->id), GUINT_TO_POINTER(seen));
    show_resets(t, t->state);
    return TAP_PACKET_REDRAW;
}

/* ---- Registration ------------------------------------------------------------------------------ */

static tap_param filter_param[] = {{PARAM_FILTER, "filter", "Filter", NULL, TRUE}};

#define TABLE(name, option, columns, count, packet)                                                \
    {                                                                                              \
        .title = name, .cli_string = "mptcplb," option, .packet_func = packet, .nfields = count,   \
        .fields = columns, .nparams = array_length(filter_param), .params = filter_param,          \
    }

void lb_register_tables(void)
{
    static struct lb_table acks = {.ui = TABLE("MPTCP ADD_ADDR acknowledgement", "add_addr",
                                               ack_columns, ACK_COLUMNS, ack_packet),
                                   .free_state = free_acks};
    static struct lb_table conns = {
        .ui = TABLE("MPTCP connections", "connections", conn_columns, CONN_COLUMNS, conn_packet)};
    static struct lb_table resets = {
        .ui = TABLE("MPTCP resets", "resets", reset_columns, RESET_COLUMNS, reset_packet),
        .free_state = g_free};

    lb_table_register(&acks);
    lb_table_register(&conns);
    lb_table_register(&resets);
}
