/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CSV files that options name: --servers and --churn (RFC 4180, read with libcsv).  Lines
   that begin with '#' and empty lines are skipped; a first line that begins with the first
   column's name is a header and may order the columns differently. */
#ifndef MPA_CLI_LISTS_H
#define MPA_CLI_LISTS_H

#include "mpa/measure.h"

#include <stddef.h>

/* 0 and the array (free()); MPA_ERR_ARGUMENT with a line that names the file, and the line in
   it; MPA_ERR_NOMEM. */
int servers_read(const char *path, struct mpa_server **ret, int *ret_count, char *ret_error,
                 size_t error_size);
int churn_read(const char *path, struct mpa_churn_line **ret, int *ret_count, char *ret_error,
               size_t error_size);

#endif
