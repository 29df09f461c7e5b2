/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plugin_check altered FILE...: one value of what tshark said is altered, and the comparison must notice it, for each kind of field.
 *
 * The files agree as they are.  Each alteration is tried on the first file that has such a value; one that no file has is a failure, too.
 */
#include "plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How a value is altered. */
enum how {
    NEXT,   /* A number, one more. */
    OTHER,  /* Another word. */
    FLIP,   /* 0 and 1. */
    ABSENT, /* Nothing. */
    ADDED,  /* A value where there was none. */
};

static const struct alteration {
    const char *column;
    enum how how;
    const char *value; /* OTHER, ADDED: the value. */
    const char *kind;  /* The difference that must be among those found. */
} alterations[] = {
    {"mptcplb.connection", NEXT, NULL, "packets"},
    {"mptcplb.connection", ABSENT, NULL, "connection"},
    {"mptcplb.subflow", NEXT, NULL, "subflow"},
    {"mptcplb.role", OTHER, "neither", "role"},
    {"mptcplb.role", ABSENT, NULL, "role"},
    {"mptcplb.dialect", OTHER, "rfc6824", "dialect"},
    {"mptcplb.dialect", ABSENT, NULL, "dialect"},
    {"mptcplb.on_vip", FLIP, NULL, "on_vip"},
    {"mptcplb.copy", ABSENT, NULL, "packets"},
    {"mptcplb.migration.state", OTHER, "too_short", "migration.state"},
    {"mptcplb.migration.state", ABSENT, NULL, "migration.state"},
    {"mptcplb.off_vip_in", NEXT, NULL, "off_vip_in"},
    {"mptcplb.off_vip_in", ABSENT, NULL, "off_vip_in"},
    {"mptcplb.reset.class", OTHER, "middlebox", "reset.class"},
    {"mptcplb.reset.class", ABSENT, NULL, "reset.class"},
    {"mptcplb.reset.class", ADDED, "late", "reset.class"},
    {"mptcplb.join_forbidden", FLIP, NULL, "join_forbidden"},
    {"mptcplb.join.token", NEXT, NULL, "join.token_status"},
    {"mptcplb.join.token_status", OTHER, "unknown", "join.token_status"},
    {"mptcplb.join.hmac_status", OTHER, "bad", "join.hmac_status"},
    {"mptcplb.join.hmac_status", ABSENT, NULL, "join.hmac_status"},
    {"mptcplb.add_addr.id", NEXT, NULL, "id"},
    {"mptcplb.add_addr.ipv4", OTHER, "192.0.2.254", "ipv4"},
    {"mptcplb.add_addr.ipv6", OTHER, "2001:db8::254", "ipv6"},
    {"mptcplb.add_addr.port", NEXT, NULL, "port"},
    {"mptcplb.add_addr.retransmission", FLIP, NULL, "add_addr.retransmission"},
    {"mptcplb.add_addr.hmac_status", OTHER, "bad", "add_addr.hmac_status"},
    {"mptcplb.add_addr.echo_in", NEXT, NULL, "echo_in"},
    {"mptcplb.add_addr.echo_in", ABSENT, NULL, "echo_in"},
    {"mptcplb.add_addr.echo_of", NEXT, NULL, "echo_of"},
    {"mptcplb.add_addr.echo_of", ABSENT, NULL, "echo_of"},
    {"mptcplb.add_addr.echo_time", OTHER, "0.000000001", "echo_time"},
    {"mptcplb.add_addr.echo_time", ABSENT, NULL, "echo_time"},
    {"mptcplb.rule.aa-04", ABSENT, NULL, "rule"},
    {"mptcplb.rule.aa-04", ADDED, "1", "rule"},
    {"mptcplb.rule.mpc-09.note", ABSENT, NULL, "rule.note"},
    {"mptcplb.rule.mpc-09.note", ADDED, "1", "rule.note"},
    {"_ws.expert.message", OTHER, "AA-04: something else", "rule.text"},
};

#define ALTERATIONS (sizeof alterations / sizeof *alterations)

/* The altered value, or NULL when this cell is none to be altered so. */
static char *altered(const struct alteration *a, const struct sheet *s, size_t row, const char *is)
{
    switch (a->how) {
    case NEXT:
        if (!*is)
            return NULL;
        return strncmp(is, "0x", 2) == 0 ? golden_text("0x%llx", strtoull(is, NULL, 16) + 1)
                                         : golden_text("%lld", strtoll(is, NULL, 10) + 1);
    case OTHER:
        /* Of all messages those of our rules. */
        if (*a->column == '_' && !strstr(is, "AA-04: "))
            return NULL;
        return *is && strcmp(is, a->value) != 0 ? golden_text("%s", a->value) : NULL;
    case FLIP:
        return *is ? golden_text("%s", *is == '1' ? "0" : "1") : NULL;
    case ABSENT:
        return *is ? golden_text("%s", "") : NULL;
    default:
        return *is || !*sheet_text(s, row, "mptcplb.connection") ? NULL
                                                                 : golden_text("%s", a->value);
    }
}

/* -1: the file has no such value; else whether it was noticed. */
static int try_one(const struct alteration *a, const json_t *report, const struct sheet *s)
{
    for (size_t row = 0; row < s->row_count; row++) {
        char **cell = sheet_cell(s, row, a->column), *was, *is;
        json_t *kinds;
        int noticed;

        if (!cell)
            return -1;
        is = altered(a, s, row, *cell);
        if (!is)
            continue;
        was = *cell;
        *cell = is;
        kinds = compare(report, s, true);
        noticed = json_object_get(kinds, a->kind) != NULL;
        json_decref(kinds);
        *cell = was;
        printf("%s, frame %zu: '%s' for '%s': %s\n", a->column, row + 1, is, was,
               noticed ? "noticed" : "NOT NOTICED");
        free(is);
        return noticed;
    }
    return -1;
}

static bool try_file(const struct place *p, const char *path, bool *done)
{
    const char **columns;
    struct sheet sheet;
    json_t *report, *kinds = NULL;
    bool ok = load_both(p, path, &report, &sheet, &columns);

    if (ok) {
        kinds = compare(report, &sheet, false);
        ok = sheet.row_count > 0 && json_object_size(kinds) == 0;
    }
    for (size_t i = 0; ok && i < ALTERATIONS; i++) {
        int noticed = done[i] ? -1 : try_one(&alterations[i], report, &sheet);

        ok = noticed != 0;
        done[i] = done[i] || noticed > 0;
    }
    json_decref(kinds);
    json_decref(report);
    sheet_free(&sheet);
    compare_columns_free(columns);
    return ok;
}

int check_altered(int argc, char **argv)
{
    bool done[ALTERATIONS] = {false}, ok = true;
    struct place p;
    int status;

    if (argc < 2)
        return GOLDEN_USAGE;
    status = place_open(&p);
    for (int i = 1; status == GOLDEN_OK && i < argc; i++)
        ok = try_file(&p, argv[i], done) && ok;
    for (size_t i = 0; status == GOLDEN_OK && i < ALTERATIONS; i++) {
        if (!done[i]) {
            printf("%s: no file has such a value, or it was not noticed\n", alterations[i].column);
            ok = false;
        }
    }
    place_close(&p);
    return status != GOLDEN_OK ? status : ok ? GOLDEN_OK : GOLDEN_DIFFERENT;
}
