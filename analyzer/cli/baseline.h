/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Known findings, so that CI fails on new ones only.
 *
 * Ports, keys and times change with every recording.  A finding is known by its rule, the addresses of
 * its connection, the role of its subflow and its sentence, however often: how many there are follows chance.  The file counts them, for
 * people.
 */
#ifndef MPA_CLI_BASELINE_H
#define MPA_CLI_BASELINE_H

#include "mpa/record.h"

#include <stdbool.h>
#include <stddef.h>

struct baseline;

struct baseline *baseline_new(void); /* Empty; NULL when memory ends. */

/* From a file.  0; MPA_ERR_ARGUMENT with one line in 'ret_error'; MPA_ERR_NOMEM. */
int baseline_read(const char *path, struct baseline **ret, char *ret_error, size_t error_size);

/* Whether 'finding' is known. */
bool baseline_has(struct baseline *b, const struct mpa_rec_conn *conn,
                  const struct mpa_rec_finding *finding);

int baseline_add(struct baseline *b, const struct mpa_rec_conn *conn,
                 const struct mpa_rec_finding *finding); /* 0 or MPA_ERR_NOMEM. */

/* To a file, in the order of rules and addresses.  What the file held is replaced when all is written.  0, or MPA_ERR_WRITE with errno, or MPA_ERR_NOMEM. */
int baseline_write(const struct baseline *b, const char *path);

/* Tell on standard error which entries of 'b' (from 'path') were not met. */
void baseline_tell_unmet(const struct baseline *b, const char *path, bool with_addresses);

void baseline_free(struct baseline *b); /* NULL is accepted. */

#endif
