/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Differences that are known: listed, explained, and present. */
#include "golden.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool golden_differences_open(struct golden_differences *d, const struct golden *g,
                             const char *check)
{
    char *path = golden_text("%s/tests/golden/differences/%s.csv", golden_source_dir(), g->name);
    bool ok = true;

    *d = (struct golden_differences){.golden = g, .check = check};
    if (golden_exists(path))
        ok = golden_csv_load(&d->csv, path);
    d->used = calloc(d->csv.row_count + 1, sizeof *d->used);
    if (!d->used)
        abort();
    free(path);
    return ok;
}

void golden_difference(struct golden_differences *d, const char *key, const char *report,
                       const char *truth, const char *why)
{
    for (size_t i = 1; i < d->csv.row_count; i++) {
        if (!d->used[i] && strcmp(golden_csv_cell(&d->csv, i, "check"), d->check) == 0 &&
            strcmp(golden_csv_cell(&d->csv, i, "key"), key) == 0 &&
            strcmp(golden_csv_cell(&d->csv, i, "report"), report) == 0 &&
            strcmp(golden_csv_cell(&d->csv, i, "truth"), truth) == 0) {
            d->used[i] = true;
            d->found++;
            printf("  known   %s: report %s, truth %s\n", key, report, truth);
            return;
        }
    }
    d->unknown++;
    printf("  DIFFERS %s %s: report %s, truth %s%s%s\n", d->golden->name, key, report, truth,
           why && *why ? "; " : "", why ? why : "");
}

void golden_compare(struct golden_differences *d, const char *key, int64_t report, int64_t truth,
                    const char *why)
{
    char r[24], t[24];

    if (report == truth)
        return;
    snprintf(r, sizeof r, "%" PRId64, report);
    snprintf(t, sizeof t, "%" PRId64, truth);
    golden_difference(d, key, r, t, why);
}

/* The whole file with each run of white space as one space; "" when it cannot be read. */
static char *read_words(const char *path)
{
    FILE *f = fopen(path, "r");
    char *text = NULL, *to;
    size_t size = 0;

    if (!f || getdelim(&text, &size, '\0', f) < 0) {
        free(text);
        text = golden_text("%s", "");
    }
    if (f)
        fclose(f);
    to = text;
    for (const char *from = text; *from; from++) {
        bool space = *from == ' ' || *from == '\n' || *from == '\t';
        if (!space)
            *to++ = *from;
        else if (to > text && to[-1] != ' ')
            *to++ = ' ';
    }
    *to = '\0';
    return text;
}

int golden_differences_close(struct golden_differences *d)
{
    char *file = golden_text("%s/%s.md", d->golden->dir, d->golden->name), *text = read_words(file);
    size_t bad = d->unknown;

    for (size_t i = 1; i < d->csv.row_count; i++) {
        const char *key = golden_csv_cell(&d->csv, i, "key");
        const char *words = golden_csv_cell(&d->csv, i, "explained");
        if (strcmp(golden_csv_cell(&d->csv, i, "check"), d->check) != 0)
            continue;
        if (!d->used[i]) {
            printf("  ABSENT  %s %s: listed as a known difference, but it does not occur\n",
                   d->golden->name, key);
            bad++;
        } else if (!*words || !strstr(text, words)) {
            printf("  UNSAID  %s %s: %s does not explain this difference (\"%s\")\n",
                   d->golden->name, key, file, words);
            bad++;
        }
    }
    free(text);
    free(file);
    free(d->used);
    golden_csv_free(&d->csv);
    return bad ? GOLDEN_DIFFERENT : GOLDEN_OK;
}
