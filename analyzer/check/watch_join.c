/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rules of the group join need to remember. */
#include "internal.h"

#include <stdlib.h>

static void close_all(struct mpa_check *c)
{
    free(c->join.guesses);
    free(c->join.guess_index);
}

const struct check_watcher check_watch_join = {.close = close_all};
