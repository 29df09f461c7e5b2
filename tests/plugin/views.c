/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plugin_check views FILE...: one pass, two passes and filtered views give the same answers where the information is there.
 *
 * The reference is two passes over everything.  A filter shows the same rows, no others, and each as it is.  One pass knows only what came before: what it
 * says of what a frame itself shows is the same; of what comes later it says nothing.
 */
#include "plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Equal in one pass. */
static const char *const now[] = {
    "frame.number",
    "mptcplb.connection",
    "mptcplb.subflow",
    "mptcplb.role",
    "mptcplb.copy",
    "mptcplb.option",
    "mptcplb.join_forbidden",
    "mptcplb.join.token",
    "mptcplb.join.token_status",
    "mptcplb.join.hmac_status",
    "mptcplb.add_addr.id",
    "mptcplb.add_addr.ipv4",
    "mptcplb.add_addr.ipv6",
    "mptcplb.add_addr.retransmission",
    "mptcplb.add_addr.hmac_status",
    "mptcplb.add_addr.echo_of",
};

/* Nothing, or the same, in one pass. */
static const char *const later[] = {
    "mptcplb.on_vip",           "mptcplb.migration.state",    "mptcplb.off_vip_in",
    "mptcplb.add_addr.echo_in", "mptcplb.add_addr.echo_time",
};

#define NOW     (sizeof now / sizeof *now)
#define LATER   (sizeof later / sizeof *later)
#define COLUMNS (NOW + LATER)

static bool differ(const char *path, const char *view, const char *frame, const char *column,
                   const char *is, const char *was)
{
    printf("%s, %s, frame %s: %s is '%s', with two passes over all '%s'\n", path, view, frame,
           column, is, was);
    return true;
}

/* Each row of 'got' is that row of 'all'; in one pass 'later' may be empty. */
static size_t compare_rows(const char *path, const char *view, const struct sheet *all,
                           const struct sheet *got, bool one_pass)
{
    size_t differences = 0;

    for (size_t row = 0; row < got->row_count; row++) {
        const char *frame = sheet_text(got, row, "frame.number");
        size_t at = (size_t)strtoul(frame, NULL, 10) - 1;

        for (size_t k = 0; at < all->row_count && k < COLUMNS; k++) {
            const char *is = got->cells[row][k], *was = all->cells[at][k];

            /* The echo knows the time since the first copy at once. */
            bool may_lack = one_pass && k >= NOW && !*is &&
                            !(k == COLUMNS - 1 && *sheet_text(all, at, "mptcplb.add_addr.echo_of"));

            if (strcmp(is, was) != 0 && !may_lack)
                differences += differ(path, view, frame, all->columns[k], is, was);
        }
    }
    return differences;
}

/* How many rows of all the filter should show. */
static size_t matching(const struct sheet *all, const char *column, const char *value)
{
    size_t count = 0;

    for (size_t row = 0; row < all->row_count; row++) {
        const char *cell = sheet_text(all, row, column);

        count += value ? cell_has(cell, value) : *cell != '\0';
    }
    return count;
}

struct filtered {
    const char *filter, *column, *value;
    bool one_pass; /* Known on the first pass. */
};

static const struct filtered filters[] = {
    {"mptcplb.connection==1", "mptcplb.connection", "1", true},
    {"mptcplb.add_addr.echo_of", "mptcplb.add_addr.echo_of", NULL, true},
    {"mptcplb.off_vip_in", "mptcplb.off_vip_in", NULL, false},
};

static size_t check_filter(const struct place *p, const char *path, const char *file,
                           const struct sheet *all, const struct filtered *f, bool one_pass)
{
    const struct view view = {.filter = f->filter, .one_pass = one_pass};
    size_t rows = matching(all, f->column, f->value), differences;
    struct sheet got;

    if (!sheet_read(&got, p, file, &view, all->columns, COLUMNS))
        return 1;
    differences = compare_rows(path, f->filter, all, &got, one_pass);
    if (got.row_count != rows) {
        printf("%s, %s%s: %zu rows, expected %zu\n", path, f->filter,
               one_pass ? " in one pass" : "", got.row_count, rows);
        differences++;
    }
    sheet_free(&got);
    return differences;
}

static size_t check_file(const struct place *p, const char *path)
{
    const struct view two = {.stock = false}, one = {.one_pass = true};
    const char *columns[COLUMNS];
    char *file = place_copy(p, path);
    struct sheet all = {0}, first = {0};
    size_t differences = 0, echoes;

    memcpy(columns, now, sizeof now);
    memcpy(columns + NOW, later, sizeof later);
    if (sheet_read(&all, p, file, &two, columns, COLUMNS) &&
        sheet_read(&first, p, file, &one, columns, COLUMNS)) {
        echoes = matching(&all, "mptcplb.add_addr.echo_of", NULL);
        differences = compare_rows(path, "one pass", &all, &first, true);
        if (first.row_count != all.row_count || all.row_count == 0 || echoes == 0) {
            printf("%s: %zu rows, %zu in one pass; %zu echoes\n", path, all.row_count,
                   first.row_count, echoes);
            differences++;
        }
        for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
            differences += check_filter(p, path, file, &all, &filters[i], false);
            if (filters[i].one_pass)
                differences += check_filter(p, path, file, &all, &filters[i], true);
        }
        printf("%s: %zu rows, %zu echoes, %zu differences\n", path, all.row_count, echoes,
               differences);
    } else {
        differences = 1;
    }
    sheet_free(&all);
    sheet_free(&first);
    free(file);
    return differences;
}

int check_views(int argc, char **argv)
{
    size_t differences = 0;
    struct place p;
    int status;

    if (argc < 2)
        return GOLDEN_USAGE;
    status = place_open(&p);
    for (int i = 1; status == GOLDEN_OK && i < argc; i++)
        differences += check_file(&p, argv[i]);
    place_close(&p);
    return status != GOLDEN_OK ? status : differences ? GOLDEN_DIFFERENT : GOLDEN_OK;
}
