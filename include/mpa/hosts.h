/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What single hosts sent and received, as their kernels count it: to compare a capture with nstat (--nstat).
 *
 * Copies of packets count once.  Rows are those of tbl/counters.h; the source of each is the kernel's net/mptcp/mib.c.
 */
#ifndef MPA_HOSTS_H
#define MPA_HOSTS_H

#include "mpa/track.h"

enum mpa_counter {
#define COUNTER(name, direction, what, how, why) MPA_COUNTER_##direction##_##what##_##how,
#include "mpa/tbl/counters.h"
#undef COUNTER
    MPA_COUNTER_COUNT
};

/* "MPTcpExtMPCapableSYNTX", ..., and what the kernel counts there.  Static storage. */
const char *mpa_counter_name(enum mpa_counter c);
const char *mpa_counter_why(enum mpa_counter c);

/* Addresses of one host: its own, and the VIPs that it answers for in this capture. */
struct mpa_host {
    const struct mpa_addr *addrs; /* Borrowed. */
    int addr_count;
};

struct mpa_hosts;

/* 'hosts' is borrowed for the life of the result.  NULL when memory ends. */
struct mpa_hosts *mpa_hosts_new(const struct mpa_host *hosts, int count);

/* A tracker's event, MPA_EVENT_OPTION and MPA_EVENT_HMAC among them. */
void mpa_hosts_event(struct mpa_hosts *h, const struct mpa_event *e);

/* The count of one row for the host with index 'host'. */
int64_t mpa_hosts_count(const struct mpa_hosts *h, int host, enum mpa_counter counter);

/* Whether a packet from or to the host was seen: without one, nothing can be compared. */
bool mpa_hosts_seen(const struct mpa_hosts *h, int host);

void mpa_hosts_free(struct mpa_hosts *h); /* NULL is accepted. */

#endif
