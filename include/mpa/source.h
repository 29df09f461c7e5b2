/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capture files behind one interface: pcap and pcapng, plain or compressed (gzip, zstd), '-' for
 * standard input, folders; what libpcap refuses (pcapng whose interfaces differ in link type or
 * snap length, other formats) through Wireshark's wiretap, in a module that is opened only then.
 */
#ifndef MPA_SOURCE_H
#define MPA_SOURCE_H

#include "mpa/segment.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mpa_source;

/* Open the capture file 'path' ("-" is standard input) with the BPF expression 'filter' on the
   captured packets (NULL: none; frame numbers stay those of the file).  'capture' is the index
   that its frames carry. 0 and '*ret' (close with mpa_source_close()); MPA_ERR_OPEN (missing, a
   directory, no permission: errno says), MPA_ERR_EMPTY, MPA_ERR_FORMAT, MPA_ERR_LINK (link type
   not handled), MPA_ERR_ARGUMENT (the filter does not compile), MPA_ERR_NOMEM.  On failure one
   sentence without the file's name goes to 'ret_error' ('error_size' bytes). */
int mpa_source_open(const char *path, const char *filter, uint16_t capture, struct mpa_source **ret,
                    char *ret_error, size_t error_size);

/* The next frame.  1: '*ret' is filled and valid until the next call; 0: end; MPA_ERR_CUT or
   MPA_ERR_READ: the file ended early, with a sentence for mpa_source_error(); frames given
   before stand. */
int mpa_source_next(struct mpa_source *s, struct mpa_frame *ret);

/* Time of the next frame, which mpa_source_next() still gives; MPA_NULL's value (INT64_MIN) at
   the end or on a failure. */
int64_t mpa_source_first_ns(struct mpa_source *s);

/* Whether 'filter' compiles for any of the usual link types.  0, or MPA_ERR_ARGUMENT with a
   sentence. */
int mpa_source_check_filter(const char *filter, char *ret_error, size_t error_size);

const char *
mpa_source_error(const struct mpa_source *s); /* Static until the next call; never NULL. */
uint32_t mpa_source_snaplen(const struct mpa_source *s); /* 0 when unlimited or unknown. */

/* Bytes of the file that were read and its size, for progress; size 0 when unknown. */
void mpa_source_progress(const struct mpa_source *s, uint64_t *ret_read, uint64_t *ret_size);

void mpa_source_close(struct mpa_source *s); /* NULL is accepted. */

/* Expand files, folders (regular files in them, not recursive, that begin like a capture) and
   "-" into a list of paths, folders in name order.  0, MPA_ERR_NOMEM, or MPA_ERR_EMPTY for a
   folder without captures ('ret_error').  Free with mpa_paths_free(). */
int mpa_paths_expand(const char *const *args, size_t count, char ***ret_paths, size_t *ret_count,
                     char *ret_error, size_t error_size);
void mpa_paths_free(char **paths, size_t count);

#endif
