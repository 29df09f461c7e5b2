/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Temporary files that nobody else can see. */
#ifndef MPA_REPORT_UNNAMED_H
#define MPA_REPORT_UNNAMED_H

#include <stdio.h>

/* A file in TMPDIR (else /tmp) that is gone when its descriptor is closed; -1 with errno set. */
int mpa_unnamed_file(void);

/* The same to write and read; NULL with errno set. */
FILE *mpa_unnamed_stream(void);

/* All that was written to 'from', to 'to'.  0, MPA_ERR_WRITE or MPA_ERR_READ. */
int mpa_unnamed_copy(FILE *from, FILE *to);

#endif
