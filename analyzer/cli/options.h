/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line as a struct.  Every option is a row of the table in options.c: parsing,
   --help and what is refused come from it. */
#ifndef MPA_CLI_OPTIONS_H
#define MPA_CLI_OPTIONS_H

#include "baseline.h"
#include "nstat.h"
#include "values.h"

#include <jansson.h>

#include "mpa/check.h"
#include "mpa/measure.h"
#include "mpa/segment.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum report_format { REPORT_TEXT, REPORT_JSON };

struct options {
    enum report_format format;
    const char *output;  /* NULL: standard output. */
    const char *csv_dir; /* NULL: none. */
    bool explain, anonymize, separate, quiet, progress, help, version;
    bool report_bare;   /* --report without a value. */
    const char *filter; /* NULL: none. */
    struct selection *selections;
    int selection_count;
    struct time_point from, to;
    struct mpa_prefix *vips;
    int vip_count;
    const char *servers_file, *churn_file;
    struct mpa_server *servers; /* Read from 'servers_file'. */
    int server_count;
    struct mpa_churn_line *churn; /* Read from 'churn_file', in time order. */
    int churn_count;
    enum mpa_dialect dialect; /* MPA_DIALECT_UNKNOWN: detect. */
    struct mpa_tunnel_ports ports;
    bool check;      /* Also where another option implies it. */
    bool check_bare; /* --check without a value. */
    bool fail_on_given, rule_given;
    struct mpa_check_config checks; /* Without what other options have. */
    enum mpa_word fail_on;          /* MPA_SEVERITY_*; MPA_WORD_COUNT: never. */
    const char *junit, *sarif, *tap, *baseline_file, *write_baseline; /* NULL: none. */
    struct baseline *baseline; /* Read from 'baseline_file'. */
    bool list_rules;
    const char *expect_file;   /* NULL: none. */
    json_t *expected;          /* Read from it. */
    const char **nstat_values; /* --nstat. */
    struct nstat_host *nstat;  /* Read from them. */
    int nstat_count;
    uint8_t v6_secret[VALUE_SECRET_MAX];
    size_t v6_secret_size;    /* 0: none. */
    uint32_t max_connections; /* 0: the tracker's default. */
    const char **captures;    /* Of argv. */
    int capture_count;
};

/*
 * Parse the command line and read the files that options name.  Strings are borrowed from 'argv'.
 *
 * 0; MPA_ERR_ARGUMENT with one line in 'ret_error'; MPA_ERR_NOMEM.  '*ret' is filled as far as
 * parsing came: options_free() it in any case.
 */
int options_parse(int argc, const char *const *argv, struct options *ret, char *ret_error,
                  size_t error_size);

void options_free(struct options *o);

/* The texts of --help and --version, and the line that follows an error. */
void options_help(FILE *out);
void options_version(FILE *out);
void options_usage(FILE *out);

#endif
