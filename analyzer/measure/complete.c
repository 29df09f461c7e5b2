/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of a connection only when the capture has ended: VIPs, events, where the capture
 * stands. */
#include "internal.h"

/* Handshakes too quick to tell are taken for those of the capture's majority, where all vantage
 * points agree. */
static enum mpa_word capture_vantage(const struct mpa_measure *m)
{
    enum mpa_word all = MPA_VANTAGE_UNKNOWN;

    for (size_t i = 0; i < m->series_count; i++) {
        enum mpa_word one = measure_series_vantage(&m->series[i]);

        if (one == MPA_VANTAGE_UNKNOWN || (i > 0 && one != all))
            return MPA_VANTAGE_UNKNOWN;
        all = one;
    }
    return all;
}

static void complete_adverts(const struct mpa_measure *m, struct mpa_rec_conn *conn)
{
    enum mpa_word vantage = capture_vantage(m);

    for (int i = 0; i < conn->add_addr_count; i++) {
        struct mpa_rec_add_addr *a = &conn->add_addrs[i];

        if (a->vantage == MPA_AA_VANTAGE_UNKNOWN)
            a->vantage = measure_advert_vantage(vantage, a->from_server);
    }
}

static void complete_subflows(struct mpa_measure *m, struct mpa_rec_conn *conn)
{
    bool any = measure_vip_any(m);

    for (int i = 0; i < conn->subflow_count; i++) {
        struct mpa_rec_subflow *sf = &conn->subflows[i];
        struct address *a = measure_vip_find(m, &sf->server.addr);

        sf->on_vip = any ? measure_vip_is(m, &sf->server.addr) : MPA_NULL;
        if (a)
            a->flags |= ADDRESS_USED;
    }
}

/* A capture between the ends that shows no join of anybody cannot say that there was no time for
 * one. */
static void complete_migration(const struct mpa_measure *m, struct mpa_rec_conn *conn)
{
    enum mpa_word vantage = capture_vantage(m);

    if (conn->migration.state != MPA_MIGRATION_TOO_SHORT || conn->migration.usable_ns != MPA_NULL ||
        vantage == MPA_VANTAGE_CLIENT || vantage == MPA_VANTAGE_SERVER)
        return;
    for (int i = 0; i < conn->subflow_count; i++)
        if (conn->subflows[i].role == MPA_ROLE_JOIN)
            return;
    for (int i = 2; i < m->vips.count; i++)
        if (m->vips.at[i].flags & ADDRESS_JOINED)
            return;
    conn->migration.state = MPA_MIGRATION_ADVERTISED_ONLY;
}

/* A direction of which no packet was captured (a balancer with direct server return): what it carried is unknown, not nothing. */
static void forget_unseen(struct mpa_rec_conn *conn, int dir)
{
    bool seen = false;

    for (int i = 0; i < conn->subflow_count; i++) {
        struct mpa_rec_subflow *sf = &conn->subflows[i];

        if (sf->packets.v[dir] > 0) {
            seen = true;
            continue;
        }
        sf->bytes.v[dir] = MPA_NULL;
        sf->retransmitted_bytes.v[dir] = MPA_NULL;
        sf->reinjected_bytes.v[dir] = MPA_NULL;
    }
    if (!seen) {
        conn->bytes.v[dir] = MPA_NULL;
        conn->dsn_out_of_order_bytes.v[dir] = MPA_NULL;
    }
}

void mpa_measure_complete(struct mpa_measure *m, struct mpa_rec_conn *conn)
{
    measure_decide(m);
    complete_subflows(m, conn);
    complete_adverts(m, conn);
    complete_migration(m, conn);
    measure_hop_complete(m, conn);
    measure_churn_complete(m, conn);
    measure_totals_conn(m, conn);
    measure_deploy_conn(m, conn);
    measure_v6_conn(m, conn);
    forget_unseen(conn, MPA_TO_SERVER);
    forget_unseen(conn, MPA_TO_CLIENT);
}
