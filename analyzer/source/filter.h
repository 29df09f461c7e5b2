/* SPDX-License-Identifier: GPL-2.0-or-later */
/* BPF programs of one expression, by link type. */
#ifndef MPA_SOURCE_FILTER_H
#define MPA_SOURCE_FILTER_H

#include <pcap/pcap.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MPA_FILTER_LINKS 16 /* Link types kept; all that are handled fit. */

/* All zeros is empty. */
struct mpa_filter {
    struct {
        struct bpf_program program;
        uint16_t linktype;
        bool usable;
    } at[MPA_FILTER_LINKS];
    int count;
    int current;
};

/* Make the program of 'linktype' the current one; compiles 'text' the first time.  0, or
   MPA_ERR_ARGUMENT with libpcap's sentence in 'ret_error' (unless 'error_size' is 0). */
int mpa_filter_use(struct mpa_filter *f, const char *text, uint16_t linktype, char *ret_error,
                   size_t error_size);

/* Whether the frame passes the current program. */
static inline bool mpa_filter_pass(const struct mpa_filter *f, const struct pcap_pkthdr *header,
                                   const uint8_t *data)
{
    return pcap_offline_filter(&f->at[f->current].program, header, data) != 0;
}

void mpa_filter_free(struct mpa_filter *f);

#endif
