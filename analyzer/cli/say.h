/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines on standard error. */
#ifndef MPA_CLI_SAY_H
#define MPA_CLI_SAY_H

/* "mptcp-analyze: ..." and an end of line; control characters, which names of files may hold,
   are shown as '?'. */
__attribute__((format(printf, 1, 2))) void say_error(const char *format, ...);

#endif
