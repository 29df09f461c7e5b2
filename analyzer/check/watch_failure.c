/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rules of the group failure need to remember. */
#include "internal.h"

const struct check_watcher check_watch_failure = {.event = NULL};
