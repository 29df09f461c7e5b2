/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the judges of joins share; after internal.h. */
#ifndef MPA_CHECK_JOINED_H
#define MPA_CHECK_JOINED_H

#include "internal.h"

/* Judges compare a join with that many earlier subflows of its connection. */
#define EARLIER_MAX 256

/* What is remembered of the joined subflow whose SYN was captured; NULL for others. */
static inline const struct check_join *joined(const struct mpa_subflow *sf)
{
    const struct check_join *j = check_subflow_of(sf)->join.join;

    return j && check_packet_seen(&j->syn) ? j : NULL;
}

/* The direction in which the host sends that accepts the subflow. */
static inline enum mpa_dir check_listener(const struct mpa_subflow *sf)
{
    return check_other(check_opener(sf));
}

/* What the opener joins. */
static inline const struct mpa_addr *joined_addr(const struct mpa_subflow *sf)
{
    return &sf->flow.addr[check_opener(sf)];
}

static inline uint16_t joined_port(const struct mpa_subflow *sf)
{
    return sf->flow.port[check_opener(sf)];
}

/* It joins address and port to which the initial subflow leads, as this vantage point sees both. */
static inline bool joins_initial(const struct mpa_subflow *sf, bool any_port)
{
    const struct mpa_subflow *first = mpa_conn_initial(sf->conn);
    enum mpa_dir to = check_opener(sf);

    return first && mpa_addr_eq(&first->flow.addr[to], &sf->flow.addr[to]) &&
           (any_port || first->flow.port[to] == sf->flow.port[to]);
}

/* 'a' advertises what 'sf' joins. */
static inline bool advertises(const struct mpa_advert *a, const struct mpa_subflow *sf)
{
    return a->transmissions && a->from == check_listener(sf) &&
           mpa_addr_eq(&a->addr, joined_addr(sf)) && (a->port == 0 || a->port == joined_port(sf));
}

/* Beside the opener: what it had received is in the capture when it sends. */
static inline bool beside_opener(const struct mpa_subflow *sf)
{
    return check_beside_sender(sf->conn, check_opener(sf)) == 1;
}

/* Whether an answer to the join would be in the capture: it stands beside the opener, or holds packets of the joined address. */
bool answer_visible(const struct mpa_subflow *sf);

#endif
