/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Temporary files that nobody else can see. */
#ifndef MPA_REPORT_UNNAMED_H
#define MPA_REPORT_UNNAMED_H

/* A file in TMPDIR (else /tmp) that is gone when its descriptor is closed; -1 with errno set. */
int mpa_unnamed_file(void);

#endif
