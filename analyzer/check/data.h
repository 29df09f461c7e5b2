/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rules of the group data remember; see internal.h.  Included by it only. */
#ifndef MPA_CHECK_DATA_H
#define MPA_CHECK_DATA_H

#include "mpa/check.h"

/* In each connection. */
struct check_data_conn {
    uint8_t unused;
};

/* In each subflow. */
struct check_data_subflow {
    uint8_t unused;
};

/* In the check. */
struct check_data_all {
    uint8_t unused;
};

#endif
