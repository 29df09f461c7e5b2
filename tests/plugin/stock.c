/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plugin_check stock: what stock Wireshark shows wrong, and that the plugin shows it right beside it.
 *
 * Each line is one fact about one frame of a capture of mpa-synth, seen by tshark without or with the plugin.  A fact about stock that no longer holds
 * means that Wireshark changed, and that the table in the documentation must.  The plugin leaves stock's own fields as they are.
 */
#include "plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum who { STOCK, PLUGIN };

#define SYN_SENT     "Connection establish request (SYN): server port 80"
#define SYN_ACK_SENT "Connection establish acknowledge (SYN+ACK): server port 80"

/* A value is the whole cell; "~text": the cell holds the text; "!text": it does not. */
static const struct fact {
    const char *capture; /* Arguments of mpa-synth. */
    unsigned frame;
    enum who who;
    const char *field, *value;
} facts[] = {
    /* The echo of the ICNP-2017 kernel, 0x3C. */
    {"icnp", 8, STOCK, "tcp.options.mptcp.echo", "0"},
    {"icnp", 8, STOCK, "tcp.options.mptcp.ipver", ""},
    {"icnp", 8, PLUGIN, "mptcplb.add_addr.echo", "1"},
    {"icnp", 8, PLUGIN, "mptcplb.add_addr.ipv4", "10.1.4.2"},
    {"icnp", 8, PLUGIN, "mptcplb.add_addr.echo_of", "5"},
    {"icnp", 5, PLUGIN, "mptcplb.add_addr.echo", "0"},
    {"icnp", 5, PLUGIN, "mptcplb.add_addr.echo_in", "8"},
    /* The C flag in version 0. */
    {"icnp", 2, STOCK, "tcp.options.mptcp.reserved.flag", "0x10"},
    {"icnp", 2, STOCK, "_ws.expert.message", "~Unsupported algorithm"},
    {"icnp", 2, PLUGIN, "mptcplb.join_forbidden", "1"},
    {"icnp", 2, PLUGIN, "mptcplb.capable.reserved", "0"},
    {"icnp", 1, PLUGIN, "mptcplb.join_forbidden", "0"},
    /* The C flag in version 1: decoded, and the same false warning. */
    {"v1", 2, STOCK, "tcp.options.mptcp.nomoresubflows.flag", "1"},
    {"v1", 2, STOCK, "_ws.expert.message", "~Unsupported algorithm"},
    {"v1", 2, PLUGIN, "mptcplb.join_forbidden", "1"},
    {"v1", 2, PLUGIN, "_ws.expert.message", "!MPC-"},
    {"v1", 2, PLUGIN, "_ws.expert.message", "!CBF-"},
    /* A join in draft version 1, whose token is that of SHA-1. */
    {"draft-v1", 1, STOCK, "mptcp.stream", "0"},
    {"draft-v1", 11, STOCK, "mptcp.stream", "1"},
    {"draft-v1", 1, PLUGIN, "mptcplb.connection", "0"},
    {"draft-v1", 11, PLUGIN, "mptcplb.connection", "0"},
    {"draft-v1", 11, PLUGIN, "mptcplb.role", "join"},
    {"draft-v1", 11, PLUGIN, "mptcplb.join.token_status", "ok"},
    {"draft-v1", 11, PLUGIN, "mptcplb.dialect", "draft-v1"},
    /* 8 bytes of Data ACK and 4 of DSN; with 8 of both stock is right. */
    {"reinjection", 13, STOCK, "mptcp.dss.dsn", "1401"},
    {"dss-mixed", 13, STOCK, "tcp.options.mptcp.dseqn8.flag", "0"},
    {"dss-mixed", 13, STOCK, "tcp.options.mptcp.dataack8.flag", "1"},
    {"dss-mixed", 13, STOCK, "mptcp.dss.dsn", "6609618578763154809"},
    {"dss-mixed", 13, PLUGIN, "mptcplb.dss.dsn8", "0"},
    {"dss-mixed", 13, PLUGIN, "mptcplb.dss.ack8", "1"},
    {"dss-mixed", 13, PLUGIN, "mptcplb.dss.dsn", "737424502"},
    /* Two servers with equal tokens. */
    {"equal-tokens", 1, STOCK, "mptcp.stream", "0"},
    {"equal-tokens", 3, STOCK, "mptcp.stream", "0"},
    {"equal-tokens", 17, STOCK, "mptcp.stream", "0"},
    {"equal-tokens", 1, PLUGIN, "mptcplb.connection", "0"},
    {"equal-tokens", 3, PLUGIN, "mptcplb.connection", "1"},
    {"equal-tokens", 14, PLUGIN, "mptcplb.connection", "0"},
    {"equal-tokens", 17, PLUGIN, "mptcplb.connection", "1"},
    /* Plain resets. */
    {"resets", 214, STOCK, "mptcp.stream", ""},
    {"resets", 214, PLUGIN, "mptcplb.connection", "10"},
    {"resets", 214, PLUGIN, "mptcplb.reset.class", "application"},
    /* What nothing is said of. */
    {"rule JN-02 breaks", 13, STOCK, "_ws.expert.message", SYN_ACK_SENT},
    {"rule JN-02 breaks", 13, PLUGIN, "_ws.expert.message", "~" SYN_ACK_SENT "|JN-02: "},
    {"rule JN-02 breaks", 13, PLUGIN, "mptcplb.join.hmac_status", "bad"},
    {"rule JN-02 nearly", 13, PLUGIN, "mptcplb.join.hmac_status", "ok"},
    {"rule AA-04 breaks", 10, STOCK, "_ws.expert.message", "Duplicate ACK (#1)"},
    {"rule AA-04 breaks", 10, PLUGIN, "_ws.expert.message", "~|AA-04: "},
    {"rule AA-04 breaks", 10, PLUGIN, "mptcplb.add_addr.hmac_status", "bad"},
    {"rule CBF-01 breaks", 20, STOCK, "_ws.expert.message", SYN_SENT},
    {"rule CBF-01 breaks", 20, PLUGIN, "_ws.expert.message", "~" SYN_SENT "|CBF-01: "},
    {"rule AA-01 breaks", 10, STOCK, "_ws.expert.message", "Duplicate ACK (#1)"},
    {"rule AA-01 breaks", 10, PLUGIN, "_ws.expert.message", "~|AA-01: "},
    {"rule AA-01 breaks", 10, PLUGIN, "mptcplb.add_addr.echo_in", ""},
    {"rule FMT-01 breaks", 1, STOCK, "_ws.expert.message", SYN_SENT},
    {"rule FMT-01 breaks", 1, PLUGIN, "_ws.expert.message", "~|FMT-01: "},
    {"rule FMT-01 breaks", 11, STOCK, "_ws.expert.message", "Duplicate ACK (#1)"},
    {"rule FMT-01 breaks", 11, PLUGIN, "_ws.expert.message", "~|FMT-01: "},
};

#define FACTS (sizeof facts / sizeof *facts)

#define STOCK_COLUMNS 8

/* Stock's first. */
static const char *const columns[] = {
    "mptcp.stream",
    "mptcp.dss.dsn",
    "tcp.options.mptcp.echo",
    "tcp.options.mptcp.ipver",
    "tcp.options.mptcp.reserved.flag",
    "tcp.options.mptcp.nomoresubflows.flag",
    "tcp.options.mptcp.dseqn8.flag",
    "tcp.options.mptcp.dataack8.flag",
    "_ws.expert.message",
    "mptcplb.connection",
    "mptcplb.role",
    "mptcplb.dialect",
    "mptcplb.join_forbidden",
    "mptcplb.capable.reserved",
    "mptcplb.dss.dsn",
    "mptcplb.dss.dsn8",
    "mptcplb.dss.ack8",
    "mptcplb.join.token_status",
    "mptcplb.join.hmac_status",
    "mptcplb.reset.class",
    "mptcplb.add_addr.ipv4",
    "mptcplb.add_addr.echo",
    "mptcplb.add_addr.echo_in",
    "mptcplb.add_addr.echo_of",
    "mptcplb.add_addr.hmac_status",
};

#define COLUMNS (sizeof columns / sizeof *columns)

/* The two sheets of one capture. */
struct both {
    const char *capture;
    struct sheet of[2];
};

static bool make(const struct place *p, const char *capture, char **ret)
{
    char *words = golden_text("%s", capture), *save = NULL;
    const char *argv[8] = {golden_synth_program()};
    struct golden_output out;
    size_t n = 1;
    bool ok;

    for (char *w = strtok_r(words, " ", &save); w && n < 5; w = strtok_r(NULL, " ", &save))
        argv[n++] = w;
    *ret = golden_text("%s/synth.pcap", p->dir);
    argv[n++] = "-o";
    argv[n] = *ret;
    ok = golden_spawn(NULL, argv, &out);
    if (ok) {
        fclose(out.file);
        ok = out.status == 0;
    }
    free(words);
    return ok;
}

/* The plugin changes nothing that stock shows. */
static bool unchanged(const struct both *b)
{
    size_t rows = b->of[STOCK].row_count;
    bool ok = rows == b->of[PLUGIN].row_count;

    for (size_t row = 0; ok && row < rows; row++) {
        for (size_t i = 0; i < STOCK_COLUMNS; i++) {
            const char *stock = sheet_text(&b->of[STOCK], row, columns[i]);
            const char *plugin = sheet_text(&b->of[PLUGIN], row, columns[i]);

            if (strcmp(stock, plugin) == 0)
                continue;
            printf("%s, frame %zu: the plugin changes %s: '%s', was '%s'\n", b->capture, row + 1,
                   columns[i], plugin, stock);
            ok = false;
        }
    }
    return ok;
}

static bool load(const struct place *p, const char *capture, struct both *b)
{
    const struct view stock = {.stock = true}, plugin = {.stock = false};
    char *file;
    bool ok;

    sheet_free(&b->of[STOCK]);
    sheet_free(&b->of[PLUGIN]);
    b->capture = capture;
    ok = make(p, capture, &file) &&
         sheet_read(&b->of[STOCK], p, file, &stock, columns, STOCK_COLUMNS + 1) &&
         sheet_read(&b->of[PLUGIN], p, file, &plugin, columns, COLUMNS) && unchanged(b);
    if (!ok)
        printf("%s: not to be compared\n", capture);
    free(file);
    return ok;
}

static bool holds(const struct fact *f, const struct both *b)
{
    const struct sheet *s = &b->of[f->who];
    const char *cell;
    bool ok;

    if (f->frame < 1 || f->frame > s->row_count || !sheet_cell(s, f->frame - 1, f->field)) {
        printf("%s: no frame %u with %s\n", f->capture, f->frame, f->field);
        return false;
    }
    cell = sheet_text(s, f->frame - 1, f->field);
    if (*f->value == '~')
        ok = strstr(cell, f->value + 1) != NULL;
    else if (*f->value == '!')
        ok = strstr(cell, f->value + 1) == NULL;
    else
        ok = strcmp(cell, f->value) == 0;
    printf("%-4s %-18s frame %3u, %-6s: %s '%s'%s%s\n", ok ? "ok" : "BAD", f->capture, f->frame,
           f->who == STOCK ? "stock" : "plugin", f->field, cell, ok ? "" : ", expected ",
           ok ? "" : f->value);
    return ok;
}

int check_stock(int argc, char **argv)
{
    struct both b = {0};
    struct place p;
    bool ok = true;
    int status;

    (void)argv;
    if (argc != 1)
        return GOLDEN_USAGE;
    status = place_open(&p);
    for (size_t i = 0; status == GOLDEN_OK && i < FACTS; i++) {
        if ((!b.capture || strcmp(b.capture, facts[i].capture) != 0) &&
            !load(&p, facts[i].capture, &b))
            ok = false;
        ok = holds(&facts[i], &b) && ok;
    }
    sheet_free(&b.of[STOCK]);
    sheet_free(&b.of[PLUGIN]);
    place_close(&p);
    return status != GOLDEN_OK ? status : ok ? GOLDEN_OK : GOLDEN_DIFFERENT;
}
