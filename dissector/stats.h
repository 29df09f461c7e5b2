/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the statistics share.
 *
 *   stats.c         registration
 *   stats_ack.c     how ADD_ADDRs were acknowledged, for the tree and the table
 *   stats_tree.c    ... as a tree
 *   stats_table.c   tables: what they have in common
 *   stats_rows.c    tables: ADD_ADDRs, connections, resets
 *
 * The numbers are those of the records, where the file has been read once (tshark -2, and always in the menu): all of a connection
 * counts as soon as one of its packets passes the filter.  In the first pass they are what is known so far.
 */
#ifndef MPTCPLB_STATS_H
#define MPTCPLB_STATS_H

#include "packet.h"

#include <epan/stat_tap_ui.h>

/* ---- stats_ack.c ------------------------------------------------------------------------------- */

/* What the time to the echo is, by where the capture was made. */
enum lb_ack_kind {
    LB_ACK_LATENCY,    /* Not at the receiver. */
    LB_ACK_TURNAROUND, /* At the receiver: how fast it answers. */
    LB_ACK_TIME,       /* Not known where. */
    LB_ACK_KINDS
};

const char *lb_ack_kind_name(enum lb_ack_kind kind);

struct lb_ack_key {
    struct mpa_addr addr;
    guint16 port; /* 0 without. */
    guint8 from;  /* enum mpa_dir of the packets that carry it. */
    guint8 kind;  /* enum lb_ack_kind */
};

/* One address of one side, over all connections. */
struct lb_ack_row {
    struct lb_ack_key key;
    guint index; /* From 1; 0 is the sum of all. */
    gint64 advertised, transmissions, answered, unanswered;
    GSequence *times; /* Sorted: gint64, nanoseconds.  NULL before the first. */
};

struct lb_acks;

/* A row has changed; 'ns' is a time to an echo that is new, -1 without. */
typedef void (*lb_ack_changed)(void *context, struct lb_acks *acks, const struct lb_ack_row *row,
                               gint64 ns);

struct lb_acks *lb_acks_new(void);
void lb_acks_free(struct lb_acks *acks);
void lb_acks_add(struct lb_acks *acks, const struct lb_conn *conn, lb_ack_changed changed,
                 void *context);
/* The sum: counts of both sides, times of the server's ADD_ADDRs of one kind, as the report's. */
struct lb_ack_row lb_acks_all(const struct lb_acks *acks);

/* Nearest rank, as mpa_samples_percentile(); MPA_NULL without times. */
gint64 lb_ack_percentile(const struct lb_ack_row *row, double percent);

/* "198.51.100.11", with its port where it has one. */
gchar *lb_ack_address(const struct lb_ack_key *key);

/* ---- stats_table.c ----------------------------------------------------------------------------- */

#define LB_COLUMNS_MAX 16

/* A table of the menu and of -z. */
struct lb_table {
    stat_tap_table_ui ui;
    GHashTable *seen; /* By connection: how far it is in the table. */
    void *state;      /* The table's own ... */
    GDestroyNotify free_state;
    GPtrArray *retired; /* Rows of before a reset: an open window may still show them. */
};

/* 'ui' says title, cli_string, fields and packet_func; the rest is filled in. */
void lb_table_register(struct lb_table *t);
/* The table of the listener that a packet came to. */
struct lb_table *lb_table_of(void *listener);
/* A cell's text; row and column from 0.  Takes 'text'. */
void lb_table_set(struct lb_table *t, guint row, guint column, gchar *text);
void lb_table_set_number(struct lb_table *t, guint row, guint column, gint64 number);

/* ---- stats_tree.c, stats_rows.c */
void lb_register_tree(void);
void lb_register_tables(void);

#endif
