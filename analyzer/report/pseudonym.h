/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What writers need of the anonymizer beyond single addresses (report.h). */
#ifndef MPA_REPORT_PSEUDONYM_H
#define MPA_REPORT_PSEUDONYM_H

#include "mpa/record.h"
#include "mpa/report.h"

#include <stddef.h>

/* As mpa_anonymizer_new(), with the 32 bytes of key themselves: the first half is AES's, the second makes the pads. */
struct mpa_anonymizer *mpa_anonymizer_new_key(const uint8_t key[32]);

#define MPA_COMMUNITY_ID_SIZE 40 /* Bytes that hold one, with the final zero. */

/* 'text' with every IP and MAC address in it replaced, into 'ret' of 'size' bytes (cut where it does not fit).  Returns 'ret'. */
const char *mpa_pseudonym_text(const struct mpa_anonymizer *a, const char *text, char *ret,
                               size_t size);

/* Community ID v1, seed 0, of a TCP flow between two endpoints.  'ret' holds MPA_COMMUNITY_ID_SIZE bytes. */
void mpa_community_id(const struct mpa_endpoint *a, const struct mpa_endpoint *b, char *ret);

/* The Community ID of 'subflow': the recorded one, or that of its endpoints where none was recorded; with an anonymizer that of the
   pseudonyms, since a true one would let anybody test a guessed address.  'ret' holds MPA_COMMUNITY_ID_SIZE bytes. */
const char *mpa_pseudonym_community_id(const struct mpa_anonymizer *a,
                                       const struct mpa_rec_subflow *subflow, char *ret);

#endif
