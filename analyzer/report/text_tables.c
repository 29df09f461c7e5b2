/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables under the verdict. */
#include "text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define CELLS 12

/* Values of one row before they are copied into the table. */
struct cells {
    char text[CELLS][TEXT_CELL];
    const char *at[CELLS];
    int count;
};

static char *next_cell(struct cells *c)
{
    c->at[c->count] = c->text[c->count];
    return c->text[c->count++];
}

static void add_text(struct cells *c, const char *text)
{
    snprintf(next_cell(c), TEXT_CELL, "%s", text);
}

static void add_count(struct cells *c, int64_t count)
{
    text_count(count, next_cell(c));
}

static void add_duration(struct cells *c, int64_t ns)
{
    text_duration(ns, next_cell(c));
}

static void add_outside(struct cells *c, const char *text, const struct mpa_values *values)
{
    text_outside(text, values, next_cell(c), TEXT_CELL);
}

static void put(struct text_table *t, const struct cells *c, int64_t score, int64_t id)
{
    text_table_add(t, score, id, c->at);
}

/* ---- Gathered while connections pass by --------------------------------------------------------------------- */

static const struct text_column conn_columns[] = {
    {"ID", TEXT_RIGHT, NULL},
    {"CLIENT", TEXT_SHRINK, NULL},
    {"SERVER", TEXT_SHRINK | TEXT_FOLD, "to"},
    {"PROTOCOL", TEXT_FOLD, "protocol"},
    {"LEFT VIP", 0, NULL},
    {"UP", TEXT_RIGHT, NULL},
    {"DOWN", TEXT_RIGHT, NULL},
    {"END", TEXT_FOLD, "end"},
    {"CHURN", TEXT_HIDE, NULL},
    {NULL, 0, NULL},
};

static const struct text_column advert_columns[] = {
    {"CONN", TEXT_RIGHT, NULL},
    {"FROM", TEXT_FOLD, "from the"},
    {"ID", TEXT_RIGHT | TEXT_FOLD, "ID"},
    {"ADDRESS", TEXT_SHRINK, NULL},
    {"COPIES", TEXT_RIGHT, NULL},
    {"ECHOES", TEXT_RIGHT, NULL},
    {"FIRST TO ECHO", TEXT_RIGHT, NULL},
    {"LAST TO ECHO", TEXT_RIGHT | TEXT_HIDE, NULL},
    {"HMAC", TEXT_FOLD, "HMAC"},
    {"SEEN AT", TEXT_FOLD, "place"},
    {"JOINED BY", 0, NULL},
    {NULL, 0, NULL},
};

void text_tables_begin(struct text_writer *w)
{
    w->conns = (struct text_table){.columns = conn_columns, .row_limit = TEXT_CONNECTIONS};
    w->adverts = (struct text_table){.columns = advert_columns, .row_limit = TEXT_ADVERTS};
}

/* When the connection's data first went around the VIP, since its establishment; MPA_NULL when it did not. */
static int64_t left_after(const struct mpa_rec_conn *conn)
{
    int64_t direct = conn->migration.first_direct_ns.v[conn->migration.judged];
    int64_t start = conn->established_ns != MPA_NULL ? conn->established_ns : conn->syn_ns;

    if (conn->migration.state != MPA_MIGRATION_MIGRATED || direct == MPA_NULL || start == MPA_NULL)
        return MPA_NULL;
    return direct - start;
}

/* It had a second path, and used the VIP until a reset. */
static bool left_by_reset(const struct mpa_rec_conn *conn)
{
    return conn->migration.state == MPA_MIGRATION_JOINED_NOT_MIGRATED &&
           conn->migration.left_by == MPA_LEFT_BY_RESET;
}

/* How much an operator wants to see it. */
static int64_t conn_score(const struct mpa_rec_conn *conn)
{
    if (conn->outcome == MPA_OUTCOME_FAILED || conn->survived == 0)
        return 100;
    if (conn->hit_count > 0)
        return conn->survived == 1 ? 60 : 80;
    if (conn->migration.state == MPA_MIGRATION_JOINED_NOT_MIGRATED)
        return 50;
    if (conn->protocol == MPA_PROTOCOL_FALLBACK)
        return 40;
    if (conn->outcome == MPA_OUTCOME_RESET)
        return 30;
    if (conn->migration.state == MPA_MIGRATION_ADVERTISED_ONLY)
        return 20;
    return conn->protocol == MPA_PROTOCOL_MPTCP ? 10 : 0;
}

static void add_left(struct cells *c, const struct mpa_rec_conn *conn)
{
    int64_t after = left_after(conn);

    if (conn->protocol != MPA_PROTOCOL_MPTCP) {
        add_text(c, "-");
        return;
    }
    switch (conn->migration.state) {
    case MPA_MIGRATION_MIGRATED:
        if (after == MPA_NULL)
            add_text(c, "yes");
        else
            add_duration(c, after);
        break;
    case MPA_MIGRATION_JOINED_NOT_MIGRATED:
        add_text(c, left_by_reset(conn) ? "by reset" : "joined, stayed");
        break;
    case MPA_MIGRATION_ADVERTISED_ONLY:
        add_text(c, "no join seen");
        break;
    case MPA_MIGRATION_TOO_SHORT:
        add_text(c, "too short");
        break;
    default:
        add_text(c, "one path");
        break;
    }
}

static void add_churn(struct cells *c, const struct mpa_rec_conn *conn)
{
    char gap[TEXT_CELL];
    int64_t longest = MPA_NULL;
    int i;

    for (i = 0; i < conn->hit_count; i++)
        if (conn->hits[i].gap_dur_ns > longest)
            longest = conn->hits[i].gap_dur_ns;
    if (conn->hit_count == 0)
        add_text(c, "-");
    else if (conn->survived == 0)
        add_text(c, conn->hit_unprotected ? "failed, unprotected" : "failed");
    else if (conn->survived != 1)
        add_text(c, "undecided");
    else if (longest == MPA_NULL)
        add_text(c, "survived");
    else
        snprintf(next_cell(c), TEXT_CELL, "survived, %s", text_duration(longest, gap));
}

static void gather_conn(struct text_writer *w, const struct mpa_rec_conn *conn)
{
    int64_t score = conn_score(conn);
    struct cells c = {.count = 0};

    if (!text_table_wants(&w->conns, score))
        return;
    snprintf(next_cell(&c), TEXT_CELL, "%" PRId64, conn->id);
    text_endpoint(&conn->client, &w->values, next_cell(&c));
    text_endpoint(&conn->server, &w->values, next_cell(&c));
    add_text(&c, conn->protocol == MPA_PROTOCOL_MPTCP ? mpa_dialect_name(conn->dialect)
                                                      : mpa_word(conn->protocol));
    add_left(&c, conn);
    text_bytes(conn->bytes.v[MPA_TO_SERVER], next_cell(&c));
    text_bytes(conn->bytes.v[MPA_TO_CLIENT], next_cell(&c));
    add_text(&c, mpa_word(conn->outcome));
    add_churn(&c, conn);
    put(&w->conns, &c, score, conn->id);
}

static void add_joined(struct cells *c, const struct mpa_rec_add_addr *a)
{
    char *text = next_cell(c);
    size_t size = 0;
    int i;

    snprintf(text, TEXT_CELL, "-");
    for (i = 0; i < a->joined_count && size + 24 < TEXT_CELL; i++)
        size += (size_t)snprintf(text + size, TEXT_CELL - size, "%s%" PRId64,
                                 i > 0 ? ", " : "subflow ", a->joined_from[i]);
}

static void gather_advert(struct text_writer *w, const struct mpa_rec_conn *conn,
                          const struct mpa_rec_add_addr *a)
{
    bool echoed = a->echo_ns != MPA_NULL && a->first_ns != MPA_NULL;
    int64_t wait = echoed ? a->echo_ns - a->first_ns : MPA_NULL;
    int64_t score = a->hmac == MPA_HMAC_BAD ? INT64_MAX : echoed ? wait : INT64_MAX - 1;
    struct cells c = {.count = 0};

    if (!text_table_wants(&w->adverts, score))
        return;
    snprintf(next_cell(&c), TEXT_CELL, "%" PRId64, conn->id);
    add_text(&c, a->from_server ? "server" : "client");
    add_count(&c, a->id);
    if (a->port == MPA_NULL)
        text_addr(&a->addr, &w->values, next_cell(&c));
    else
        text_endpoint(&(struct mpa_endpoint){a->addr, (uint16_t)a->port}, &w->values,
                      next_cell(&c));
    add_count(&c, a->transmissions);
    add_count(&c, a->echoes);
    if (a->echoes == 0 && a->echo_ns == MPA_NULL)
        add_text(&c, "no echo");
    else
        add_duration(&c, wait);
    /* With one copy it says nothing new. */
    add_duration(&c, echoed && a->transmissions > 1 && a->last_before_echo_ns != MPA_NULL
                         ? a->echo_ns - a->last_before_echo_ns
                         : MPA_NULL);
    add_text(&c, mpa_word(a->hmac));
    add_text(&c, mpa_word(a->vantage));
    add_joined(&c, a);
    put(&w->adverts, &c, score, conn->id);
}

void text_gather(struct text_writer *w, const struct mpa_rec_conn *conn)
{
    int64_t after = left_after(conn);
    int i;

    if (left_by_reset(conn))
        w->pushed++;
    if (after != MPA_NULL)
        mpa_samples_add(&w->left, after);
    if (conn->unprotected_dur_ns != MPA_NULL)
        mpa_samples_add(&w->window, conn->unprotected_dur_ns);
    gather_conn(w, conn);
    for (i = 0; i < conn->add_addr_count; i++)
        gather_advert(w, conn, &conn->add_addrs[i]);
}

static int by_id(const void *a, const void *b)
{
    const struct text_row *x = a;
    const struct text_row *y = b;

    /* Equal ids: rows of one connection, in the order of their cells (address ID). */
    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return strcmp(x->cells[2], y->cells[2]);
}

/* A table of the best rows; in the order of ids when it holds all of them. */
static void print_best(struct text_writer *w, struct text_table *t, const char *name,
                       const char *order, const char *where)
{
    char number[2][TEXT_CELL];
    char title[2 * TEXT_CELL];

    if (t->row_total <= t->row_limit && t->row_count > 1)
        qsort(t->rows, (size_t)t->row_count, sizeof(t->rows[0]), by_id);
    if (t->row_total > t->row_limit)
        snprintf(title, sizeof(title), "%s (%s of %s, %s)", name,
                 text_count(t->row_count, number[0]), text_count(t->row_total, number[1]), order);
    else
        snprintf(title, sizeof(title), "%s", name);
    text_table_print(w->out, t, title);
    if (t->row_total > t->row_count)
        text_paragraphf(w->out, "  ", 4, "%s more: %s",
                        text_count(t->row_total - t->row_count, number[0]), where);
}

/* ---- From the report ---------------------------------------------------------------------------------------- */

static void captures(struct text_writer *w, const struct mpa_rec_report *r)
{
    static const struct text_column columns[] = {
        {"#", TEXT_RIGHT, NULL},
        {"FILE", TEXT_SHRINK, NULL},
        {"SEEN AT", 0, NULL},
        {"PACKETS", TEXT_RIGHT, NULL},
        {"TCP", TEXT_RIGHT, NULL},
        {"COPIES", TEXT_RIGHT | TEXT_HIDE, NULL},
        {"STARTS", TEXT_RIGHT, NULL},
        {"LASTS", TEXT_RIGHT, NULL},
        {NULL, 0, NULL},
    };
    struct text_table t = {.columns = columns};
    int i;

    for (i = 0; i < r->capture_count; i++) {
        const struct mpa_rec_capture *capture = &r->captures[i];
        struct cells c = {.count = 0};

        add_count(&c, i);
        add_outside(&c, capture->file, &w->values);
        add_text(&c, mpa_word(capture->vantage));
        add_count(&c, capture->packets);
        add_count(&c, capture->tcp_segments);
        add_count(&c, capture->copies);
        text_instant(capture->first_ns, &w->values, next_cell(&c));
        add_duration(&c, capture->first_ns == MPA_NULL ? MPA_NULL
                                                       : capture->last_ns - capture->first_ns);
        put(&t, &c, 0, i);
    }
    text_table_print(w->out, &t, "Captures");
    text_table_free(&t);
}

static void odd_packets(struct text_writer *w, const struct mpa_rec_report *r)
{
    static const struct text_column columns[] = {
        {"#", TEXT_RIGHT, NULL},
        {"CUT", TEXT_RIGHT | TEXT_HIDE, NULL},
        {"DAMAGED", TEXT_RIGHT | TEXT_HIDE, NULL},
        {"FRAGMENTS", TEXT_RIGHT | TEXT_HIDE, NULL},
        {"ICMP ERRORS", TEXT_RIGHT | TEXT_HIDE, NULL},
        {"NOT TCP", TEXT_RIGHT | TEXT_HIDE, NULL},
        {NULL, 0, NULL},
    };
    struct text_table t = {.columns = columns};
    int i;

    for (i = 0; i < r->capture_count; i++) {
        const struct mpa_rec_capture *capture = &r->captures[i];
        struct cells c = {.count = 0};

        if (capture->truncated == 0 && capture->malformed == 0 && capture->fragments == 0 &&
            capture->icmp == 0 && capture->other == 0)
            continue;
        add_count(&c, i);
        add_count(&c, capture->truncated);
        add_count(&c, capture->malformed);
        add_count(&c, capture->fragments);
        add_count(&c, capture->icmp);
        add_count(&c, capture->other);
        put(&t, &c, 0, i);
    }
    text_table_print(w->out, &t, "Packets that are not whole TCP segments");
    text_table_free(&t);
}

static void options(struct text_writer *w, const struct mpa_rec_report *r)
{
    static const struct text_column columns[] = {{"OPTION", 0, NULL},
                                                 {"TO SERVER", TEXT_RIGHT, NULL},
                                                 {"TO CLIENT", TEXT_RIGHT, NULL},
                                                 {NULL, 0, NULL}};
    struct text_table t = {.columns = columns};
    int i;

    for (i = 0; i < MPA_OPT_COUNTS; i++) {
        struct cells c = {.count = 0};

        if (r->options[i].v[0] == 0 && r->options[i].v[1] == 0)
            continue;
        add_text(&c, mpa_word((enum mpa_word)(MPA_OPT_FIRST + i)));
        add_count(&c, r->options[i].v[MPA_TO_SERVER]);
        add_count(&c, r->options[i].v[MPA_TO_CLIENT]);
        put(&t, &c, 0, i);
    }
    text_table_print(w->out, &t, "MPTCP options");
    text_table_free(&t);
}

static void resets(struct text_writer *w, const struct mpa_rec_report *r)
{
    static const struct text_column columns[] = {
        {"CLASS", 0, NULL}, {"RESETS", TEXT_RIGHT, NULL}, {"MEANING", 0, NULL}, {NULL, 0, NULL}};
    struct text_table t = {.columns = columns};
    int i;

    for (i = 0; i < MPA_RESET_COUNT; i++) {
        struct cells c = {.count = 0};

        if (r->reset_classes[i] == 0)
            continue;
        add_text(&c, mpa_word((enum mpa_word)(MPA_RESET_FIRST + i)));
        add_count(&c, r->reset_classes[i]);
        add_text(&c, mpa_reset_meaning((enum mpa_word)(MPA_RESET_FIRST + i)));
        put(&t, &c, 0, i);
    }
    text_table_print(w->out, &t, "Resets (the first of each subflow and direction)");
    text_table_free(&t);
}

static void churn_events(struct text_writer *w, const struct mpa_rec_report *r)
{
    static const struct text_column columns[] = {
        {"TIME", TEXT_RIGHT, NULL},
        {"ACTION", TEXT_FOLD, "action"},
        {"SERVER", TEXT_SHRINK | TEXT_HIDE, NULL},
        {"SOURCE", TEXT_FOLD, "source"},
        {"FLOWS LIVE", TEXT_RIGHT, NULL},
        {"MOVED", TEXT_RIGHT, NULL},
        {"NEEDLESSLY", TEXT_RIGHT, NULL},
        {"RESETS", TEXT_RIGHT, NULL},
        {"FAILED", TEXT_RIGHT, NULL},
        {NULL, 0, NULL},
    };
    struct text_table t = {.columns = columns};
    char number[TEXT_CELL];
    int i;

    for (i = 0; i < r->churn.event_count && i < TEXT_EVENTS; i++) {
        const struct mpa_rec_churn_event *e = &r->churn.events[i];
        struct cells c = {.count = 0};

        text_instant(e->ns, &w->values, next_cell(&c));
        add_outside(&c, e->action, &w->values);
        add_outside(&c, e->server, &w->values);
        add_text(&c, mpa_word(e->source));
        add_count(&c, e->flows_live);
        add_count(&c, e->flows_moved);
        add_count(&c, e->moved_needlessly);
        add_count(&c, e->reset_events);
        add_count(&c, e->failed);
        put(&t, &c, 0, i);
    }
    text_table_print(w->out, &t, "Churn events");
    if (i < r->churn.event_count)
        text_paragraphf(w->out, "  ", 4, "%s more: --csv DIR or --report=json",
                        text_count(r->churn.event_count - i, number));
    text_table_free(&t);
}

/* "client" where captures have a known place, otherwise their number. */
static const char *place(const struct mpa_rec_report *r, int capture, char *ret)
{
    enum mpa_word vantage = MPA_VANTAGE_UNKNOWN;

    if (capture >= 0 && capture < r->capture_count)
        vantage = r->captures[capture].vantage;
    if (vantage == MPA_VANTAGE_UNKNOWN)
        snprintf(ret, TEXT_CELL, "capture %d", capture);
    else
        snprintf(ret, TEXT_CELL, "%d (%s)", capture, mpa_word(vantage));
    return ret;
}

static void pairs(struct text_writer *w, const struct mpa_rec_report *r)
{
    static const struct text_column columns[] = {
        {"FROM", 0, NULL},
        {"TO", 0, NULL},
        {"MATCHED", TEXT_RIGHT, NULL},
        {"LOST", TEXT_RIGHT, NULL},
        {"DELAY P50", TEXT_RIGHT, NULL},
        {"P95", TEXT_RIGHT, NULL},
        {"MAX", TEXT_RIGHT, NULL},
        {"CLOCK OFFSET", TEXT_RIGHT, NULL},
        {"ERROR", TEXT_RIGHT, NULL},
        {NULL, 0, NULL},
    };
    struct text_table t = {.columns = columns};
    int i;

    for (i = 0; i < r->pair_count; i++) {
        const struct mpa_rec_vantage_pair *p = &r->pairs[i];
        struct cells c = {.count = 0};

        place(r, p->from, next_cell(&c));
        place(r, p->to, next_cell(&c));
        add_count(&c, p->matched);
        add_count(&c, p->lost);
        add_duration(&c, p->delay.count > 0 ? p->delay.p50_ns : MPA_NULL);
        add_duration(&c, p->delay.count > 0 ? p->delay.p95_ns : MPA_NULL);
        add_duration(&c, p->delay.count > 0 ? p->delay.max_ns : MPA_NULL);
        add_duration(&c, p->clock_offset_dur_ns);
        add_duration(&c, p->clock_error_dur_ns);
        put(&t, &c, 0, i);
    }
    text_table_print(w->out, &t, "Between captures (one way)");
    text_table_free(&t);
}

static void add_rate(struct cells *c, const struct mpa_rec_percentiles *rate, int64_t value)
{
    char bytes[TEXT_CELL];

    if (rate->count == 0 || value == MPA_NULL)
        add_text(c, "-");
    else
        snprintf(next_cell(c), TEXT_CELL, "%.60s/s", text_bytes(value, bytes));
}

static void transfers(struct text_writer *w, const struct mpa_rec_report *r)
{
    static const struct text_column columns[] = {
        {"FROM", TEXT_RIGHT, NULL},     {"TO", TEXT_RIGHT, NULL},
        {"COUNT", TEXT_RIGHT, NULL},    {"DONE", TEXT_RIGHT, NULL},
        {"RATE P50", TEXT_RIGHT, NULL}, {"MIN", TEXT_RIGHT, NULL},
        {"MAX", TEXT_RIGHT, NULL},      {NULL, 0, NULL},
    };
    struct text_table t = {.columns = columns};
    char title[TEXT_CELL];
    int i;

    for (i = 0; i < r->transfer_count; i++) {
        const struct mpa_rec_transfer_class *class = &r->transfers[i];
        struct cells c = {.count = 0};

        if (class->count == 0)
            continue;
        text_bytes(class->min_bytes, next_cell(&c));
        text_bytes(class->max_bytes, next_cell(&c));
        add_count(&c, class->count);
        add_count(&c, class->completed);
        add_rate(&c, &class->rate, class->rate.p50_ns);
        add_rate(&c, &class->rate, class->rate.min_ns);
        add_rate(&c, &class->rate, class->rate.max_ns);
        put(&t, &c, 0, i);
    }
    if (r->requests_per_second == r->requests_per_second) /* Not NaN. */
        snprintf(title, sizeof(title), "Transfers to the client by size, %.3g completed per second",
                 r->requests_per_second);
    else
        snprintf(title, sizeof(title), "Transfers to the client by size");
    text_table_print(w->out, &t, title);
    text_table_free(&t);
}

static void deployments(struct text_writer *w, const struct mpa_rec_report *r)
{
    char addr[TEXT_CELL];
    char evidence[512];
    int i, k;

    if (r->deployment_count > 0)
        fputs("\nDeployment\n", w->out);
    for (i = 0; i < r->deployment_count; i++) {
        const struct mpa_rec_deployment *d = &r->deployments[i];

        text_paragraphf(w->out, "  ", 4, "%s: %s, %s confidence",
                        text_addr(&d->vip, &w->values, addr), d->mode, d->confidence);
        for (k = 0; k < d->evidence_count; k++)
            text_paragraph(w->out, "    - ", 6,
                           text_outside(d->evidence[k], &w->values, evidence, sizeof(evidence)));
    }
}

void text_tables(struct text_writer *w, const struct mpa_rec_report *report)
{
    captures(w, report);
    odd_packets(w, report);
    print_best(w, &w->conns, "Connections", "failed, hit and not moved first",
               "--csv DIR and --report=json hold all; --select connection=ID shows one");
    print_best(w, &w->adverts, "ADD_ADDR", "wrong, unanswered and slow first",
               "--csv DIR and --report=json hold all");
    resets(w, report);
    churn_events(w, report);
    options(w, report);
    pairs(w, report);
    transfers(w, report);
    deployments(w, report);
}
