/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records of a pcap file from a large buffer.  libpcap asks stdio twice for each packet, which is three quarters of what reading a
 * capture costs; here it is a few loads.  Only what is plain is read: a file of version 2.4 on a disk, records with believable
 * times and lengths.  At whatever else there is, and at the end, libpcap goes on: it knows all variants and finds the words for what is wrong.
 */
#ifndef MPA_SOURCE_RECORDS_H
#define MPA_SOURCE_RECORDS_H

#include "mpa/segment.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct mpa_records;

/* The records behind the file header of 'file', a seekable file that libpcap has opened, none of them longer than 'snaplen' bytes.
   'file' is borrowed and its position is left alone.  NULL where it is no plain pcap file, or when memory ends: libpcap reads it. */
struct mpa_records *mpa_records_open(FILE *file, uint32_t snaplen);

/* The next record: data (valid until the next call), captured, wire and ns of '*ret'.  False: none that is plain follows, and
   'file' stands at what follows. */
bool mpa_records_next(struct mpa_records *r, struct mpa_frame *ret);

/* Bytes of the file that were read as records and header. */
uint64_t mpa_records_offset(const struct mpa_records *r);

void mpa_records_free(struct mpa_records *r); /* NULL is accepted. */

#endif
