/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A report of mptcp-analyze against a sheet of tshark.  Nothing of the plugin is used: rows are found by the numbers and times that both
 * say, and where the report has counts, rows are counted.
 */
#include "plugin.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN 12

#define SYN 0x02
#define RST 0x04

static const char *const columns[] = {
    "frame.number",
    "frame.time_epoch",
    "ip.src",
    "ip.dst",
    "ipv6.src",
    "ipv6.dst",
    "tcp.srcport",
    "tcp.dstport",
    "tcp.flags",
    "_ws.expert.message",
    "mptcplb.connection",
    "mptcplb.subflow",
    "mptcplb.role",
    "mptcplb.dialect",
    "mptcplb.on_vip",
    "mptcplb.copy",
    "mptcplb.migration.state",
    "mptcplb.off_vip_in",
    "mptcplb.reset.class",
    "mptcplb.option",
    "mptcplb.join_forbidden",
    "mptcplb.join.token",
    "mptcplb.join.token_status",
    "mptcplb.join.hmac_status",
    "mptcplb.add_addr.id",
    "mptcplb.add_addr.ipv4",
    "mptcplb.add_addr.ipv6",
    "mptcplb.add_addr.port",
    "mptcplb.add_addr.retransmission",
    "mptcplb.add_addr.hmac_status",
    "mptcplb.add_addr.echo_in",
    "mptcplb.add_addr.echo_of",
    "mptcplb.add_addr.echo_time",
};

#define COLUMNS (sizeof columns / sizeof *columns)

static const char *const ends[] = {"to_server", "to_client", "somewhere"};

struct comparison {
    const json_t *report;
    const struct sheet *sheet;
    json_t *kinds;
    bool quiet;
    size_t shown;
    json_t *by_id;  /* Connections by their number as text. */
    json_t *counts; /* What rows were counted. */
    int64_t epoch;
    bool copies; /* The capture has some. */
};

/* The name of a rule's field; belongs to the caller. */
static char *rule_field(const char *id, const char *suffix)
{
    char *name = golden_text("mptcplb.rule.%s%s", id, suffix);

    for (char *c = name; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return name;
}

const char **compare_columns(const json_t *report, size_t *count)
{
    const json_t *rules = json_object_get(report, "rules"), *rule;
    const char **all = calloc(COLUMNS + 2 * json_array_size(rules) + 1, sizeof *all);
    size_t i;

    if (!all)
        abort();
    memcpy(all, columns, sizeof columns);
    *count = COLUMNS;
    json_array_foreach(rules, i, rule)
    {
        const char *id = json_string_value(json_object_get(rule, "id"));

        all[(*count)++] = rule_field(id, "");
        all[(*count)++] = rule_field(id, ".note");
    }
    return all;
}

void compare_columns_free(const char **all)
{
    for (size_t i = COLUMNS; all && all[i]; i++)
        free((void *)(uintptr_t)all[i]);
    free(all);
}

/* ---- Differences ---------------------------------------------------------------------------------- */

static void differ(struct comparison *c, const char *kind, const char *where, const char *report,
                   const char *sheet)
{
    int64_t count = json_integer_value(json_object_get(c->kinds, kind));

    json_object_set_new(c->kinds, kind, json_integer(count + 1));
    if (!c->quiet && c->shown++ < SHOWN)
        printf("  %s, %s: '%s' in the report, '%s' in tshark\n", kind, where, report, sheet);
}

static void expect_text(struct comparison *c, const char *kind, size_t row, const char *report,
                        const char *sheet)
{
    char where[64];

    if (strcmp(report, sheet) == 0)
        return;
    snprintf(where, sizeof where, "frame %s", sheet_text(c->sheet, row, "frame.number"));
    differ(c, kind, where, report, sheet);
}

static void expect_count(struct comparison *c, const char *kind, const char *where, int64_t report,
                         int64_t sheet)
{
    char a[32], b[32];

    if (report == sheet)
        return;
    snprintf(a, sizeof a, "%" PRId64, report);
    snprintf(b, sizeof b, "%" PRId64, sheet);
    differ(c, kind, where, a, b);
}

static void count(struct comparison *c, const char *what, int64_t n)
{
    json_object_set_new(c->counts, what,
                        json_integer(json_integer_value(json_object_get(c->counts, what)) + n));
}

static int64_t counted(const struct comparison *c, const char *what)
{
    return json_integer_value(json_object_get(c->counts, what));
}

static const char *text_of(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));

    return text ? text : "";
}

static const char *flag_text(const json_t *value)
{
    return json_is_true(value) ? "1" : json_is_false(value) ? "0" : "";
}

/* Nanoseconds of "seconds.fraction" with nine digits or fewer. */
static int64_t ns_of(const char *text)
{
    char *point;
    int64_t ns = strtoll(text, &point, 10) * 1000000000, unit = 100000000;

    if (*point == '.')
        for (point++; isdigit((unsigned char)*point); point++, unit /= 10)
            ns += (*point - '0') * unit;
    return ns;
}

/* The row of a frame: tshark writes all frames, in order. */
static bool row_of(const struct comparison *c, int64_t frame, size_t *ret)
{
    char number[32];

    if (frame < 1 || (size_t)frame > c->sheet->row_count)
        return false;
    snprintf(number, sizeof number, "%" PRId64, frame);
    *ret = (size_t)frame - 1;
    return strcmp(sheet_text(c->sheet, *ret, "frame.number"), number) == 0;
}

/* ---- A row ---------------------------------------------------------------------------------------- */

/* The innermost of addresses or ports. */
static const char *last_item(const char *cell, char *buffer, size_t size)
{
    size_t n = cell_count(cell);

    return cell_item(cell, n ? n - 1 : 0, buffer, size);
}

static void row_end(const struct comparison *c, size_t row, bool source, char *ret, size_t size)
{
    const struct sheet *s = c->sheet;
    char v4[64], v6[64], port[16];
    const char *addr;

    last_item(sheet_text(s, row, source ? "ip.src" : "ip.dst"), v4, sizeof v4);
    last_item(sheet_text(s, row, source ? "ipv6.src" : "ipv6.dst"), v6, sizeof v6);
    last_item(sheet_text(s, row, source ? "tcp.srcport" : "tcp.dstport"), port, sizeof port);
    /* Where both families are in a frame, the inner one is not to be told from here: either may be meant. */
    addr = *v4 && *v6 ? "*" : *v4 ? v4 : v6;
    snprintf(ret, size, "%s %s", addr, port);
}

static bool end_is(const json_t *end, const char *text)
{
    char port[16];
    const char *addr = text_of(end, "addr");
    size_t size = strcspn(text, " ");

    snprintf(port, sizeof port, "%d", (int)json_integer_value(json_object_get(end, "port")));
    return ((size == 1 && *text == '*') ||
            (strlen(addr) == size && strncmp(addr, text, size) == 0)) &&
           strcmp(text + size + 1, port) == 0;
}

#define NO_PORTS 2

/* 0 or 1: to the server, to the client; NO_PORTS when Wireshark does not open this tunnel; -1 when the row is of another subflow.  Where a capture holds packets before and after NAT, one end may
   be another one. */
static int direction(const struct comparison *c, size_t row, const json_t *subflow)
{
    const json_t *client = json_object_get(subflow, "client");
    const json_t *server = json_object_get(subflow, "server");
    char src[96], dst[96];

    if (!*sheet_text(c->sheet, row, "tcp.srcport"))
        return NO_PORTS;
    row_end(c, row, true, src, sizeof src);
    row_end(c, row, false, dst, sizeof dst);
    if (end_is(client, src) && (end_is(server, dst) || c->copies))
        return 0;
    if (end_is(client, dst) && (end_is(server, src) || c->copies))
        return 1;
    if (c->copies && (end_is(server, src) || end_is(server, dst)))
        return end_is(server, src);
    return -1;
}

static const json_t *subflow_of(const json_t *conn, const char *id)
{
    const json_t *sf;
    size_t i;
    char number[16];

    json_array_foreach(json_object_get(conn, "subflows"), i, sf)
    {
        snprintf(number, sizeof number, "%d", (int)json_integer_value(json_object_get(sf, "id")));
        if (strcmp(number, id) == 0)
            return sf;
    }
    return NULL;
}

/* The frame where the connection left the VIP: the first data on a direct subflow. */
static bool is_off_vip(const struct comparison *c, const json_t *conn, const char *frame)
{
    const json_t *both = golden_at(conn, "migration.first_direct_ns");
    int64_t first = INT64_MAX;
    size_t row;

    for (size_t i = 0; i < 2; i++) {
        const json_t *ns = json_object_get(both, ends[i]);

        if (json_is_integer(ns) && json_integer_value(ns) < first)
            first = json_integer_value(ns);
    }
    return row_of(c, strtoll(frame, NULL, 10), &row) && first != INT64_MAX &&
           ns_of(sheet_text(c->sheet, row, "frame.time_epoch")) == c->epoch + first;
}

static void check_connection(struct comparison *c, size_t row, const json_t *conn)
{
    const char *protocol = text_of(conn, "protocol");
    const char *state = text_of(json_object_get(conn, "migration"), "state");
    const char *off = sheet_text(c->sheet, row, "mptcplb.off_vip_in");
    bool mptcp = strcmp(protocol, "mptcp") == 0;

    expect_text(c, "dialect", row, strcmp(protocol, "tcp") == 0 ? "" : text_of(conn, "dialect"),
                sheet_text(c->sheet, row, "mptcplb.dialect"));
    expect_text(c, "migration.state", row, mptcp ? state : "",
                sheet_text(c->sheet, row, "mptcplb.migration.state"));
    if (!mptcp || strcmp(state, "migrated") != 0)
        expect_text(c, "off_vip_in", row, "", off);
    else if (!is_off_vip(c, conn, off))
        expect_text(c, "off_vip_in", row, "the first data on a direct subflow", off);
}

/* The C flag of each side, as SYN and SYN/ACK say it. */
static void check_forbidden(struct comparison *c, size_t row, const json_t *conn, int dir,
                            unsigned long flags)
{
    const char *cell = sheet_text(c->sheet, row, "mptcplb.join_forbidden");
    const json_t *denies =
        json_object_get(conn, dir == 0 ? "client_denies_join" : "server_denies_join");

    if (*cell && (flags & SYN) && json_is_boolean(denies))
        expect_text(c, "join_forbidden", row, flag_text(denies), cell);
}

static void check_join(struct comparison *c, size_t row, const json_t *conn, unsigned long flags)
{
    const char *status = sheet_text(c->sheet, row, "mptcplb.join.token_status");
    const char *hmac = sheet_text(c->sheet, row, "mptcplb.join.hmac_status");
    const char *token = sheet_text(c->sheet, row, "mptcplb.join.token");
    char what[64], number[16];
    bool own;

    if (*hmac) {
        snprintf(what, sizeof what, "hmac.%s.%s", flags & SYN ? "mp_join_synack" : "mp_join_ack",
                 hmac);
        count(c, what, 1);
    }
    if (!*status)
        return;
    snprintf(number, sizeof number, "%08lx", (unsigned long)strtoull(token, NULL, 16));
    /* Without its initial subflow the connection's token is only what joins say. */
    own = strcmp(text_of(subflow_of(conn, "0"), "role"), "initial") == 0 &&
          (strcmp(text_of(conn, "token_server"), number) == 0 ||
           strcmp(text_of(conn, "token_client"), number) == 0);
    expect_text(c, "join.token_status", row, own ? "ok" : "unknown", status);
}

/* Numbers of rows, to be compared with the report's counts. */
static void count_row(struct comparison *c, size_t row, const char *key, int dir)
{
    const struct sheet *s = c->sheet;
    const char *again = sheet_text(s, row, "mptcplb.add_addr.retransmission");
    const char *hmac = sheet_text(s, row, "mptcplb.add_addr.hmac_status");
    const char *conn = sheet_text(s, row, "mptcplb.connection");
    const char *names[] = {"echo_in", "echo_of"};
    char what[96], item[64];

    snprintf(what, sizeof what, "packets %s %s", key, ends[dir]);
    count(c, what, 1);
    for (size_t i = 0; i < cell_count(again); i++) {
        snprintf(what, sizeof what, "advert %s %s", conn, cell_item(again, i, item, sizeof item));
        count(c, what, 1);
    }
    for (size_t i = 0; i < cell_count(hmac); i++) {
        snprintf(what, sizeof what, "hmac.add_addr.%s", cell_item(hmac, i, item, sizeof item));
        count(c, what, 1);
    }
    for (size_t i = 0; i < 2; i++) {
        snprintf(what, sizeof what, "mptcplb.add_addr.%s", names[i]);
        snprintf(item, sizeof item, "%s %s", names[i], conn);
        count(c, item, (int64_t)cell_count(sheet_text(s, row, what)));
    }
}

static void check_subflow(struct comparison *c, size_t row, const json_t *conn, const json_t *sf)
{
    const struct sheet *s = c->sheet;
    unsigned long flags = strtoul(sheet_text(s, row, "tcp.flags"), NULL, 0);
    bool copy = *sheet_text(s, row, "mptcplb.copy") != '\0';
    const char *class = "";
    int dir = direction(c, row, sf);
    char key[64], src[96];

    expect_text(c, "role", row, text_of(sf, "role"), sheet_text(s, row, "mptcplb.role"));
    expect_text(c, "on_vip", row, flag_text(json_object_get(sf, "on_vip")),
                sheet_text(s, row, "mptcplb.on_vip"));
    if (copy) {
        expect_text(c, "reset.class", row, "", sheet_text(s, row, "mptcplb.reset.class"));
        return;
    }
    if (dir < 0) {
        row_end(c, row, true, src, sizeof src);
        expect_text(c, "subflow", row, "other addresses or ports", src);
        return;
    }
    if (dir != NO_PORTS && (flags & RST))
        class = text_of(json_object_get(json_object_get(sf, "rst"), ends[dir]), "class");
    expect_text(c, "reset.class", row, class, sheet_text(s, row, "mptcplb.reset.class"));
    snprintf(key, sizeof key, "%s/%s", sheet_text(s, row, "mptcplb.connection"),
             sheet_text(s, row, "mptcplb.subflow"));
    if (dir != NO_PORTS)
        check_forbidden(c, row, conn, dir, flags);
    check_join(c, row, conn, flags);
    count_row(c, row, key, dir);
}

static void check_row(struct comparison *c, size_t row)
{
    const char *id = sheet_text(c->sheet, row, "mptcplb.connection");
    const json_t *conn, *sf;

    if (!*id) {
        /* What nothing is known of has no number, and nothing else. */
        expect_text(c, "connection", row, "", sheet_text(c->sheet, row, "mptcplb.subflow"));
        expect_text(c, "connection", row, "", sheet_text(c->sheet, row, "mptcplb.role"));
        return;
    }
    count(c, "segments", 1);
    if (*sheet_text(c->sheet, row, "mptcplb.copy"))
        count(c, "copies", 1);
    conn = json_object_get(c->by_id, id);
    sf = conn ? subflow_of(conn, sheet_text(c->sheet, row, "mptcplb.subflow")) : NULL;
    if (!conn) {
        expect_text(c, "connection", row, "no such connection", id);
        return;
    }
    check_connection(c, row, conn);
    if (sf)
        check_subflow(c, row, conn, sf);
    else
        expect_text(c, "subflow", row, "no such subflow",
                    sheet_text(c->sheet, row, "mptcplb.subflow"));
}

/* ---- Advertisements ------------------------------------------------------------------------------- */

/* That 'kind' of the frame at 'ref' (when there is one) says 'value'. */
static void expect_at(struct comparison *c, const char *kind, const json_t *ref, const char *value)
{
    char *column = golden_text("mptcplb.add_addr.%s", kind);
    int64_t frame = json_integer_value(json_object_get(ref, "frame"));
    size_t row;

    if (!row_of(c, frame, &row))
        differ(c, kind, "no such frame", value, "");
    else if (!cell_has(sheet_text(c->sheet, row, column), value))
        expect_text(c, kind, row, value, sheet_text(c->sheet, row, column));
    free(column);
}

static void check_time(struct comparison *c, const json_t *ref, int64_t ns)
{
    int64_t frame = json_integer_value(json_object_get(ref, "frame"));
    char item[64], want[64];
    const char *cell;
    size_t row;

    if (!row_of(c, frame, &row))
        return;
    cell = sheet_text(c->sheet, row, "mptcplb.add_addr.echo_time");
    for (size_t i = 0; i < cell_count(cell); i++)
        if (ns_of(cell_item(cell, i, item, sizeof item)) == ns)
            return;
    snprintf(want, sizeof want, "%" PRId64 " ns", ns);
    expect_text(c, "echo_time", row, want, cell);
}

static void check_advert(struct comparison *c, const json_t *a)
{
    const json_t *first = json_object_get(a, "first_frame");
    const json_t *echo = json_object_get(a, "echo_frame");
    bool echoed = json_is_integer(json_object_get(a, "echo_ns"));
    bool sent = json_is_integer(json_object_get(a, "first_ns"));
    const char *addr = text_of(a, "addr");
    char number[32];

    snprintf(number, sizeof number, "%d", (int)json_integer_value(json_object_get(a, "id")));
    if (sent) {
        expect_at(c, "id", first, number);
        expect_at(c, strchr(addr, ':') ? "ipv6" : "ipv4", first, addr);
        if (strcmp(text_of(a, "hmac"), "none") != 0)
            expect_at(c, "hmac_status", first, text_of(a, "hmac"));
    }
    if (json_is_integer(json_object_get(a, "port"))) {
        snprintf(number, sizeof number, "%d", (int)json_integer_value(json_object_get(a, "port")));
        expect_at(c, "port", sent ? first : echo, number);
    }
    if (!sent || !echoed)
        return;
    snprintf(number, sizeof number, "%d", (int)json_integer_value(json_object_get(echo, "frame")));
    expect_at(c, "echo_in", first, number);
    snprintf(number, sizeof number, "%d", (int)json_integer_value(json_object_get(first, "frame")));
    expect_at(c, "echo_of", echo, number);
    for (int i = 0; i < 2; i++)
        check_time(c, i ? echo : first,
                   json_integer_value(json_object_get(a, "echo_ns")) -
                       json_integer_value(json_object_get(a, "first_ns")));
}

/* Each transmission and each echo is shown, linked where there is something to link to. */
static void check_adverts(struct comparison *c, const json_t *conn, const char *id)
{
    int64_t firsts = 0, all = 0, in = 0, of = 0;
    const json_t *a;
    size_t i;
    char what[64];

    json_array_foreach(json_object_get(conn, "add_addr"), i, a)
    {
        int64_t sent = json_integer_value(json_object_get(a, "transmissions"));
        int64_t echoes = json_integer_value(json_object_get(a, "echoes"));

        check_advert(c, a);
        firsts += (sent > 0) + (echoes > 0);
        all += sent + echoes;
        in += echoes > 0 ? sent : 0;
        of += sent > 0 ? echoes : 0;
    }
    snprintf(what, sizeof what, "advert %s 0", id);
    expect_count(c, "add_addr.first", what, firsts, counted(c, what));
    snprintf(what, sizeof what, "advert %s 1", id);
    expect_count(c, "add_addr.retransmission", what, all - firsts, counted(c, what));
    snprintf(what, sizeof what, "echo_in %s", id);
    expect_count(c, "echo_in", what, in, counted(c, what));
    snprintf(what, sizeof what, "echo_of %s", id);
    expect_count(c, "echo_of", what, of, counted(c, what));
}

/* ---- Findings ------------------------------------------------------------------------------------- */

/* One of the frame's items says 'text' after the rule's name. */
static bool says(const struct comparison *c, size_t row, const char *rule, const char *text)
{
    const char *cell = sheet_text(c->sheet, row, "_ws.expert.message");
    char *item = golden_text("%s: %s", rule, text), *found;
    bool said;

    found = strstr(cell, item);
    said = found != NULL;
    free(item);
    return said;
}

static void check_finding(struct comparison *c, const json_t *f, json_t *totals)
{
    const char *rule = text_of(f, "rule");
    bool note = strcmp(text_of(f, "verdict"), "info") == 0;
    int64_t frame = json_integer_value(golden_at(f, "frames.0.frame"));
    char *fields[] = {rule_field(rule, ""), rule_field(rule, ".note")};
    size_t row;

    if (json_array_size(json_object_get(f, "frames")) > 0) {
        for (int i = 0; i < 1 + note; i++)
            json_object_set_new(
                totals, fields[i],
                json_integer(json_integer_value(json_object_get(totals, fields[i])) + 1));
        if (!row_of(c, frame, &row)) {
            differ(c, "rule", "no such frame", rule, "");
        } else {
            if (!*sheet_text(c->sheet, row, fields[note]))
                expect_text(c, note ? "rule.note" : "rule", row, rule, "");
            if (!says(c, row, rule, text_of(f, "text")))
                expect_text(c, "rule.text", row, text_of(f, "text"),
                            sheet_text(c->sheet, row, "_ws.expert.message"));
        }
    }
    free(fields[0]);
    free(fields[1]);
}

static void check_findings(struct comparison *c)
{
    json_t *totals = json_object();
    const json_t *f;
    size_t i;

    json_array_foreach(json_object_get(c->report, "findings"), i, f) check_finding(c, f, totals);
    for (size_t k = COLUMNS; k < c->sheet->column_count; k++) {
        int64_t shown = 0;

        for (size_t row = 0; row < c->sheet->row_count; row++)
            shown += (int64_t)cell_count(c->sheet->cells[row][k]);
        expect_count(c, strstr(c->sheet->columns[k], ".note") ? "rule.note" : "rule",
                     c->sheet->columns[k],
                     json_integer_value(json_object_get(totals, c->sheet->columns[k])), shown);
    }
    json_decref(totals);
}

/* ---- All ------------------------------------------------------------------------------------------ */

static void check_packets(struct comparison *c, const json_t *conn, const char *id)
{
    const json_t *sf;
    size_t i;

    json_array_foreach(json_object_get(conn, "subflows"), i, sf)
    {
        int64_t report[3] = {0}, rows[3] = {0};
        char what[64], path[32];

        for (size_t k = 0; k < 3; k++) {
            snprintf(what, sizeof what, "packets %s/%d %s", id,
                     (int)json_integer_value(json_object_get(sf, "id")), ends[k]);
            snprintf(path, sizeof path, "packets.%s", ends[k]);
            report[k] = k < 2 ? json_integer_value(golden_at(sf, path)) : 0;
            rows[k] = counted(c, what);
        }
        if (rows[NO_PORTS] == 0)
            expect_count(c, "packets", what, report[0], rows[0]);
        expect_count(c, "packets", what, report[0] + report[1], rows[0] + rows[1] + rows[2]);
    }
}

static void check_hmacs(struct comparison *c)
{
    static const char *const options[] = {"mp_join_synack", "mp_join_ack", "add_addr"};
    static const char *const words[] = {"ok", "bad", "unverifiable"};
    char path[64];

    for (size_t i = 0; i < 3; i++) {
        for (size_t k = 0; k < 3; k++) {
            snprintf(path, sizeof path, "hmac.%s.%s", options[i], words[k]);
            expect_count(c, i == 2 ? "add_addr.hmac_status" : "join.hmac_status", path,
                         json_integer_value(golden_at(c->report, path)), counted(c, path));
        }
    }
}

json_t *compare(const json_t *report, const struct sheet *sheet, bool quiet)
{
    struct comparison c = {.report = report,
                           .sheet = sheet,
                           .kinds = json_object(),
                           .quiet = quiet,
                           .by_id = json_object(),
                           .counts = json_object(),
                           .epoch = strtoll(text_of(report, "epoch_ns"), NULL, 10),
                           .copies =
                               json_integer_value(golden_at(report, "captures.0.copies")) > 0};
    json_t *conn;
    const char *key;
    size_t i;
    char id[32];

    json_array_foreach(json_object_get(report, "connections"), i, conn)
    {
        snprintf(id, sizeof id, "%d", (int)json_integer_value(json_object_get(conn, "id")));
        json_object_set(c.by_id, id, conn);
    }
    for (size_t row = 0; row < sheet->row_count; row++)
        check_row(&c, row);
    json_object_foreach(c.by_id, key, conn)
    {
        check_packets(&c, conn, key);
        check_adverts(&c, conn, key);
    }
    check_hmacs(&c);
    check_findings(&c);
    expect_count(&c, "frames", "all", json_integer_value(golden_at(report, "captures.0.packets")),
                 (int64_t)sheet->row_count);
    expect_count(&c, "connection", "frames with one",
                 json_integer_value(golden_at(report, "captures.0.tcp_segments")),
                 counted(&c, "segments"));
    expect_count(&c, "copy", "copies", json_integer_value(golden_at(report, "captures.0.copies")),
                 counted(&c, "copies"));
    json_decref(c.by_id);
    json_decref(c.counts);
    return c.kinds;
}
