/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sentences of our own failures. */
#include "mpa/status.h"

const char *mpa_strerror(int status)
{
    switch (status) {
#define MPA_STATUS_ROW(symbol, value, text)                                                        \
    case value:                                                                                    \
        return text;
        MPA_STATUS_ROWS(MPA_STATUS_ROW)
#undef MPA_STATUS_ROW
    default:
        return "unknown status";
    }
}
