/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our own failures, as opposed to the condition of a packet (enum mpa_cond in bytes.h).
 *
 * Every function that can fail for a reason of ours (memory, file, argument) returns 0 or one of
 * the negative codes below.  A damaged packet is never one of them: it is a result.
 */
#ifndef MPA_STATUS_H
#define MPA_STATUS_H

/* One row a code: MPA_STATUS_ROW(symbol, value, sentence for the user). */
#define MPA_STATUS_ROWS(ROW)                                                                       \
    ROW(MPA_OK, 0, "success")                                                                      \
    ROW(MPA_ERR_NOMEM, -1, "out of memory")                                                        \
    ROW(MPA_ERR_OPEN, -2, "cannot be opened")                                                      \
    ROW(MPA_ERR_EMPTY, -3, "is empty")                                                             \
    ROW(MPA_ERR_FORMAT, -4, "is not a capture file")                                               \
    ROW(MPA_ERR_CUT, -5, "ends in the middle of a packet")                                         \
    ROW(MPA_ERR_LINK, -6, "has a link type that is not handled")                                   \
    ROW(MPA_ERR_READ, -7, "cannot be read")                                                        \
    ROW(MPA_ERR_WRITE, -8, "cannot be written")                                                    \
    ROW(MPA_ERR_ARGUMENT, -9, "wrong argument")                                                    \
    ROW(MPA_ERR_INTERNAL, -10, "internal error")

enum mpa_status {
#define MPA_STATUS_ROW(symbol, value, text) symbol = value,
    MPA_STATUS_ROWS(MPA_STATUS_ROW)
#undef MPA_STATUS_ROW
};

/* The sentence of 'status'; never NULL ("unknown status" for a value without a row).  Static
 * storage. */
const char *mpa_strerror(int status);

#endif
