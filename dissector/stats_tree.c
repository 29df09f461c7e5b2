/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ADD_ADDR acknowledgement as a tree: -z mptcplb,tree. */
#include "stats.h"

#include <epan/stats_tree.h>

static const char root_name[] = "ADD_ADDR";

/* One open tree. */
struct view {
    stats_tree *tree;
    struct lb_acks *acks;
    int root;
};

static GHashTable *views; /* By tree. */

static void free_view(gpointer data)
{
    struct view *v = data;

    lb_acks_free(v->acks);
    g_free(v);
}

static void set_counts(struct view *v, const struct lb_ack_row *row, int parent, const char *name)
{
    int node = set_stat_node(v->tree, name, parent, TRUE, (gint)row->advertised);

    set_stat_node(v->tree, "answered", node, FALSE, (gint)row->answered);
    set_stat_node(v->tree, "unanswered", node, FALSE, (gint)row->unanswered);
}

/* Averages of microseconds: all servers' of a kind together, then each address. */
static void add_time(struct view *v, const struct lb_ack_row *row, const char *address, gint64 ns)
{
    bool server = row->key.from == MPA_TO_CLIENT;
    gfloat us = (gfloat)((double)ns / 1e3);
    gchar *name = g_strdup_printf("%s's echo, %s (us)", server ? "Client" : "Server",
                                  lb_ack_kind_name((enum lb_ack_kind)row->key.kind));
    int parent = avg_stat_node_add_value_float(v->tree, name, 0, TRUE, us);

    stat_node_set_flags(v->tree, name, 0, TRUE, ST_FLG_ROOTCHILD);
    avg_stat_node_add_value_float(v->tree, address, parent, FALSE, us);
    g_free(name);
}

static void on_change(void *context, struct lb_acks *acks, const struct lb_ack_row *row, gint64 ns)
{
    struct view *v = context;
    struct lb_ack_row all = lb_acks_all(acks);
    gchar *address = lb_ack_address(&row->key);
    gchar *name = g_strdup_printf("%s of the %s", address,
                                  row->key.from == MPA_TO_CLIENT ? "server" : "client");

    set_counts(v, &all, 0, root_name);
    set_counts(v, row, v->root, name);
    if (ns >= 0)
        add_time(v, row, address, ns);
    g_free(name);
    g_free(address);
}

static tap_packet_status on_packet(stats_tree *tree, packet_info *pinfo, epan_dissect_t *edt,
                                   const void *data, tap_flags_t flags)
{
    const struct lb_tap_data *tap = data;
    struct view *v = views ? g_hash_table_lookup(views, tree) : NULL;

    (void)pinfo;
    (void)edt;
    (void)flags;
    if (!v || !tap->conn)
        return TAP_PACKET_DONT_REDRAW;
    lb_acks_add(v->acks, tap->conn, on_change, v);
    return TAP_PACKET_REDRAW;
}

/* Also called when all begins anew. */
static void on_init(stats_tree *tree)
{
    struct view *v = g_new0(struct view, 1);

    if (!views)
        views = g_hash_table_new_full(NULL, NULL, NULL, free_view);
    v->tree = tree;
    v->acks = lb_acks_new();
    v->root = stats_tree_create_node(tree, root_name, 0, STAT_DT_INT, TRUE);
    stat_node_set_flags(tree, root_name, 0, TRUE, ST_FLG_ROOTCHILD);
    g_hash_table_insert(views, tree, v);
}

static void on_cleanup(stats_tree *tree)
{
    if (views)
        g_hash_table_remove(views, tree);
}

void lb_register_tree(void)
{
    /* Without a slash: no submenu for one item. */
    stats_tree_register_plugin("mptcplb", "mptcplb", "MPTCP ADD_ADDR acknowledgement, tree", 0,
                               on_packet, on_init, on_cleanup);
}
