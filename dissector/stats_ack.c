/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How ADD_ADDRs were acknowledged: one row for each address of each side. */
#include "stats.h"

#include <string.h>

struct lb_acks {
    GHashTable *rows;  /* struct lb_ack_row by its key. */
    GHashTable *conns; /* struct told by connection id. */
    struct lb_ack_row all;
    gint64 servers[LB_ACK_KINDS];   /* Advertised by servers. */
    GSequence *times[LB_ACK_KINDS]; /* Of servers' ADD_ADDRs. */
};

/* What a connection has told so far. */
struct told {
    gboolean record; /* All, from its record. */
    GArray *adverts; /* struct told_advert, as the connection's live ones. */
};

struct told_advert {
    gint64 transmissions;
    gboolean echoed;
};

/* One advertisement in the terms of a record or of the live connection. */
struct advert {
    struct lb_ack_key key;
    gint64 transmissions;
    gboolean echoed;
    gint64 ns; /* To the echo; -1 not known. */
};

const char *lb_ack_kind_name(enum lb_ack_kind kind)
{
    return kind == LB_ACK_LATENCY ? "latency" : kind == LB_ACK_TURNAROUND ? "turnaround" : "time";
}

static guint hash_key(gconstpointer data)
{
    const guint8 *bytes = data;
    guint hash = 5381;

    for (size_t i = 0; i < sizeof(struct lb_ack_key); i++)
        hash = hash * 33 + bytes[i];
    return hash;
}

static gboolean equal_keys(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(struct lb_ack_key)) == 0;
}

static void free_row(gpointer data)
{
    struct lb_ack_row *row = data;

    if (row->times)
        g_sequence_free(row->times);
    g_free(row);
}

static void free_told(gpointer data)
{
    struct told *t = data;

    g_array_free(t->adverts, TRUE);
    g_free(t);
}

struct lb_acks *lb_acks_new(void)
{
    struct lb_acks *a = g_new0(struct lb_acks, 1);

    a->rows = g_hash_table_new_full(hash_key, equal_keys, NULL, free_row);
    a->conns = g_hash_table_new_full(NULL, NULL, NULL, free_told);
    return a;
}

void lb_acks_free(struct lb_acks *acks)
{
    if (!acks)
        return;
    g_hash_table_destroy(acks->rows);
    g_hash_table_destroy(acks->conns);
    for (int i = 0; i < LB_ACK_KINDS; i++)
        if (acks->times[i])
            g_sequence_free(acks->times[i]);
    g_free(acks);
}

static gint by_time(gconstpointer a, gconstpointer b, gpointer unused)
{
    gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;

    (void)unused;
    return x < y ? -1 : x > y;
}

static void add_time(GSequence **times, gint64 ns)
{
    gint64 *copy = g_new(gint64, 1);

    *copy = ns;
    if (!*times)
        *times = g_sequence_new(g_free);
    g_sequence_insert_sorted(*times, copy, by_time, NULL);
}

static struct lb_ack_row *take_row(struct lb_acks *acks, const struct lb_ack_key *key)
{
    struct lb_ack_row *row = g_hash_table_lookup(acks->rows, key);

    if (row)
        return row;
    row = g_new0(struct lb_ack_row, 1);
    row->key = *key;
    row->index = g_hash_table_size(acks->rows) + 1;
    g_hash_table_insert(acks->rows, &row->key, row);
    return row;
}

static void count(struct lb_ack_row *row, const struct advert *now, const struct told_advert *was)
{
    gboolean first = was->transmissions == 0;

    row->advertised += first;
    row->transmissions += now->transmissions - was->transmissions;
    row->answered += now->echoed && !was->echoed;
    row->unanswered += first - (now->echoed && (first || !was->echoed));
}

/* An advertisement that has changed since it was told. */
static void add_advert(struct lb_acks *acks, const struct advert *now, struct told_advert *was,
                       lb_ack_changed changed, void *context)
{
    gboolean answered = now->echoed && !was->echoed;
    gboolean server = now->key.from == MPA_TO_CLIENT;
    struct lb_ack_row *row;

    if (now->transmissions == 0 || (now->transmissions == was->transmissions && !answered))
        return;
    row = take_row(acks, &now->key);
    if (server && was->transmissions == 0)
        acks->servers[now->key.kind]++;
    count(row, now, was);
    count(&acks->all, now, was);
    if (answered && now->ns >= 0) {
        add_time(&row->times, now->ns);
        if (server)
            add_time(&acks->times[now->key.kind], now->ns);
    }
    was->transmissions = now->transmissions;
    was->echoed = now->echoed;
    changed(context, acks, row, answered ? now->ns : -1);
}

static void add_record(struct lb_acks *acks, const struct mpa_rec_conn *r, lb_ack_changed changed,
                       void *context)
{
    for (int i = 0; i < r->add_addr_count; i++) {
        const struct mpa_rec_add_addr *a = &r->add_addrs[i];
        struct told_advert nothing = {0};
        struct advert now;

        memset(&now, 0, sizeof now); /* The key is compared byte by byte. */
        now.key.addr = a->addr;
        now.key.port = a->port == MPA_NULL ? 0 : (guint16)a->port;
        now.key.from = a->from_server ? MPA_TO_CLIENT : MPA_TO_SERVER;
        now.key.kind = a->vantage == MPA_AA_VANTAGE_RECEIVER  ? LB_ACK_TURNAROUND
                       : a->vantage == MPA_AA_VANTAGE_UNKNOWN ? LB_ACK_TIME
                                                              : LB_ACK_LATENCY;
        now.transmissions = a->transmissions;
        now.echoed = a->echoes > 0;
        now.ns = a->echo_ns != MPA_NULL && a->first_ns != MPA_NULL && a->echo_ns >= a->first_ns
                     ? a->echo_ns - a->first_ns
                     : -1;
        add_advert(acks, &now, &nothing, changed, context);
    }
}

static void add_live(struct lb_acks *acks, struct told *told, const struct lb_conn *conn,
                     lb_ack_changed changed, void *context)
{
    for (guint i = 0; conn->adverts && i < conn->adverts->len; i++) {
        const struct lb_advert *a = g_ptr_array_index(conn->adverts, i);
        struct advert now;

        if (i >= told->adverts->len)
            g_array_set_size(told->adverts, i + 1);
        memset(&now, 0, sizeof now);
        now.key.addr = a->addr;
        now.key.port = a->port;
        now.key.from = a->from;
        now.key.kind = LB_ACK_TIME;
        now.transmissions = a->transmissions;
        now.echoed = a->echoes > 0;
        now.ns = a->first_ns && a->echo_ns >= a->first_ns ? a->echo_ns - a->first_ns : -1;
        add_advert(acks, &now, &g_array_index(told->adverts, struct told_advert, i), changed,
                   context);
    }
}

void lb_acks_add(struct lb_acks *acks, const struct lb_conn *conn, lb_ack_changed changed,
                 void *context)
{
    gpointer id = GUINT_TO_POINTER(conn->id);
    struct told *told = g_hash_table_lookup(acks->conns, id);

    if (!told) {
        told = g_new0(struct told, 1);
        told->record = conn->record != NULL;
        told->adverts = g_array_new(FALSE, TRUE, sizeof(struct told_advert));
        g_hash_table_insert(acks->conns, id, told);
        if (told->record)
            add_record(acks, conn->record, changed, context);
    }
    if (!told->record)
        add_live(acks, told, conn, changed, context);
}

struct lb_ack_row lb_acks_all(const struct lb_acks *acks)
{
    struct lb_ack_row all = acks->all;

    while (all.key.kind < LB_ACK_TIME && acks->servers[all.key.kind] == 0)
        all.key.kind++;
    all.key.from = MPA_TO_CLIENT;
    all.times = acks->times[all.key.kind];
    return all;
}

gint64 lb_ack_percentile(const struct lb_ack_row *row, double percent)
{
    gint size = row->times ? g_sequence_get_length(row->times) : 0;
    double exact = percent * size / 100.0 - 1e-9;
    gint rank = exact < 1 ? 1 : (gint)exact;

    if (size == 0)
        return MPA_NULL;
    if (rank < exact)
        rank++;
    return *(gint64 *)g_sequence_get(g_sequence_get_iter_at_pos(row->times, MIN(rank, size) - 1));
}

gchar *lb_ack_address(const struct lb_ack_key *key)
{
    char text[MPA_ADDR_TEXT];

    mpa_addr_text(&key->addr, text);
    if (key->port == 0)
        return g_strdup(text);
    return mpa_addr_is_v4(&key->addr) ? g_strdup_printf("%s:%u", text, key->port)
                                      : g_strdup_printf("[%s]:%u", text, key->port);
}
