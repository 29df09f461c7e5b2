/* SPDX-License-Identifier: GPL-2.0-or-later */
/* No output may be an input or another output: it would be destroyed before anybody has read it. */
#ifndef MPA_CLI_DISTINCT_H
#define MPA_CLI_DISTINCT_H

#include "options.h"

/*
 * Compare every file that is written with every file that is read ('paths': the captures, folders expanded; and those that options
 * name) and with each other, by what they are and not by their names.  Nothing is opened.  A baseline may be written where it was
 * read: it is replaced when it is complete.
 *
 * 0; MPA_ERR_ARGUMENT, which has been told; MPA_ERR_NOMEM.
 */
int distinct_check(const struct options *o, char *const *paths, int path_count);

#endif
