/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rules of the group failure remember; see internal.h.  Included by it only. */
#ifndef MPA_CHECK_FAILURE_H
#define MPA_CHECK_FAILURE_H

#include "mpa/check.h"

/* In each connection. */
struct check_failure_conn {
    uint8_t unused;
};

/* In each subflow. */
struct check_failure_subflow {
    uint8_t unused;
};

/* In the check. */
struct check_failure_all {
    uint8_t unused;
};

#endif
