/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of a capture file as a FILE: plain, gzip (RFC 1952) or zstd (RFC 8878), from a file, a
 * pipe or standard input. The format is told by the first bytes, never by the name.
 */
#ifndef MPA_SOURCE_STREAM_H
#define MPA_SOURCE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct mpa_stream;

/* Open 'path' ("-": standard input).  0 and '*ret'; MPA_ERR_OPEN, MPA_ERR_READ, MPA_ERR_EMPTY,
   MPA_ERR_NOMEM with one sentence in 'ret_error'. */
int mpa_stream_open(const char *path, struct mpa_stream **ret, char *ret_error, size_t error_size);

/* The uncompressed bytes.  The FILE is whoever's closes it (libpcap); it must be closed before
   mpa_stream_close(). */
FILE *mpa_stream_file(struct mpa_stream *s);

/* Whether the FILE is that of the file itself: not compressed, on a disk. */
bool mpa_stream_plain(const struct mpa_stream *s);

/* Whether the file can be opened again from its start (no pipe). */
bool mpa_stream_seekable(const struct mpa_stream *s);

/* NULL, or why reading stopped early: damaged or cut compressed data, or the system's error.
   Static storage. */
const char *mpa_stream_error(const struct mpa_stream *s);

/* Bytes of the file (compressed ones) that were read, and its size (0 unknown); only while the
   FILE is open. */
void mpa_stream_progress(const struct mpa_stream *s, uint64_t *ret_read, uint64_t *ret_size);

/* Its size, also after the FILE was closed. */
uint64_t mpa_stream_size(const struct mpa_stream *s);

/* NULL is accepted.  Does not close the FILE. */
void mpa_stream_close(struct mpa_stream *s);

/* Whether the file begins like a capture: pcap, pcapng, or one of them compressed. */
bool mpa_stream_is_capture(const char *path);

#endif
