/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --nstat: a host's kernel counters, to be compared with its packets. */
#ifndef MPA_CLI_NSTAT_H
#define MPA_CLI_NSTAT_H

#include "mpa/hosts.h"
#include "mpa/record.h"

#include <stdbool.h>
#include <stddef.h>

struct nstat_host {
    struct mpa_addr *addrs;
    int addr_count;
    bool has[MPA_COUNTER_COUNT]; /* Which counters the kernel has. */
    int64_t value[MPA_COUNTER_COUNT];
    int in_file; /* Counters of MPTCP in the file, those that cannot be compared too. */
};

/*
 * Read "ADDR[,ADDR]...=FILE[,FILE]".  One file holds what was counted during the capture ("nstat" without -a, or in a namespace that was
 * made for it); of two, taken before and after ("nstat -az"), the difference counts.  Lines "Name value ..." with '#' before comments,
 * or what "nstat -j" writes.
 *
 * 0; MPA_ERR_ARGUMENT with a sentence in 'error'; MPA_ERR_NOMEM.  '*ret' is empty unless 0; nstat_free() it.
 */
int nstat_read(const char *value, struct nstat_host *ret, char *error, size_t error_size);

void nstat_free(struct nstat_host *h);

/* Fill 'ret' (room for MPA_COUNTER_COUNT) with the counters that the kernel has and what 'hosts' counted of host 'index'; returns how many. */
int nstat_compare(const struct nstat_host *h, const struct mpa_hosts *hosts, int index,
                  struct mpa_rec_counter *ret);

#endif
