/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables about single hosts: kernels' counters against the capture (--nstat), joins that may be guesses (--check). */
#include "text.h"

#include <string.h>

static const struct text_column columns[] = {
    {"COUNTER", 0, NULL},
    {"KERNEL", TEXT_RIGHT, NULL},
    {"CAPTURE", TEXT_RIGHT, NULL},
    {"THE KERNEL COUNTS", 0, NULL},
    {NULL, 0, NULL},
};

static void name_of(const struct text_writer *w, const struct mpa_rec_host *host, char *ret,
                    size_t size)
{
    char one[TEXT_CELL];
    size_t at = 0;

    ret[0] = '\0';
    for (int i = 0; i < host->addr_count && at < size; i++)
        at += (size_t)snprintf(ret + at, size - at, "%s%s", i ? ", " : "",
                               text_addr(&host->addrs[i], &w->values, one));
}

static int count_different(const struct mpa_rec_host *host)
{
    int different = 0;

    for (int i = 0; i < host->counter_count; i++)
        different += host->counters[i].kernel != host->counters[i].wire;
    return different;
}

static void table_of(struct text_writer *w, const struct mpa_rec_host *host, const char *name)
{
    struct text_table table = {.columns = columns};
    char title[2 * TEXT_CELL];

    for (int i = 0; i < host->counter_count; i++) {
        const struct mpa_rec_counter *c = &host->counters[i];
        char kernel[TEXT_CELL], wire[TEXT_CELL];
        const char *cells[] = {c->name, text_count(c->kernel, kernel), text_count(c->wire, wire),
                               c->why};

        if (c->kernel != c->wire)
            text_table_add(&table, 0, i, cells);
    }
    snprintf(title, sizeof(title), "Counters of %s that differ from the capture", name);
    text_table_print(w->out, &table, title);
    text_table_free(&table);
}

void text_hosts(struct text_writer *w, const struct mpa_rec_report *report)
{
    for (int i = 0; i < report->host_count; i++) {
        const struct mpa_rec_host *host = &report->hosts[i];
        int different = count_different(host);
        char name[4 * TEXT_CELL];

        name_of(w, host, name, sizeof(name));
        fputc('\n', w->out);
        if (!host->seen)
            text_paragraphf(w->out, "", 2, "Kernel counters of %s: no packet of it is captured.",
                            name);
        else if (different == 0)
            text_paragraphf(w->out, "", 2,
                            "Kernel counters of %s: %d of the %d MPTCP counters in the file can be "
                            "compared, all agree with the capture.",
                            name, host->counter_count, host->in_file);
        else
            text_paragraphf(w->out, "", 2,
                            "Kernel counters of %s: %d of the %d MPTCP counters in the file can be "
                            "compared, %d of them differ%s.",
                            name, host->counter_count, host->in_file, different,
                            different == 1 ? "s" : "");
        if (host->seen && different > 0)
            table_of(w, host, name);
    }
}

static const struct text_column guess_columns[] = {
    {"FROM", TEXT_SHRINK, NULL},
    {"UNKNOWN TOKENS", TEXT_RIGHT, NULL},
    {"REFUSED", TEXT_RIGHT, NULL},
    {"WRONG HMACS", TEXT_RIGHT, NULL},
    {"FIRST", TEXT_RIGHT, NULL},
    {"LAST", TEXT_RIGHT, NULL},
    {NULL, 0, NULL},
};

void text_guesses(struct text_writer *w, const struct mpa_rec_report *report)
{
    struct text_table table = {.columns = guess_columns, .row_limit = TEXT_GUESSES};

    for (int i = 0; i < report->guess_count; i++) {
        const struct mpa_guess *g = &report->guesses[i];
        char cell[6][TEXT_CELL];
        const char *cells[] = {text_addr(&g->addr, &w->values, cell[0]),
                               text_count(g->unknown_tokens, cell[1]),
                               text_count(g->refused, cell[2]),
                               text_count(g->bad_hmacs, cell[3]),
                               text_instant(g->first_ns, &w->values, cell[4]),
                               text_instant(g->last_ns, &w->values, cell[5])};

        text_table_add(&table, g->unknown_tokens + g->bad_hmacs, i, cells);
    }
    text_table_print(w->out, &table, "Joins with unknown tokens or wrong HMACs, by who sent them");
    text_table_free(&table);
}
