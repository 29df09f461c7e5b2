/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Survived, failed, or not known (protocol reference D.7).
 *
 * MPTCP.  Survived: P(t) advanced after the latest hit, or all data had been delivered.  Failed: no
 * established subflow is left, data is outstanding or no DATA_FIN was seen, and either somebody
 * gave up (FASTCLOSE), or no join came for 60 s (Linux's close timeout), or the capture ended
 * sooner but later than a join could take to begin: path managers join at once, and a lost join SYN
 * is repeated after one second and after three; or the client has nowhere to go: C forbids joins to
 * the initial address (RFC 8684 3.1), and no other was advertised while there was a subflow to do
 * so.  Sooner than that, or with a join under way, nothing is known; nor where the connection began
 * before the capture and may have subflows that it does not show (a redirected flow in the capture
 * of the wrong server).
 *
 * Plain TCP.  A hit is a failure: the client's stack takes the RST.  Not known only where the
 * client went on acknowledging new data for more than a round trip: then the RST was lost behind
 * the capture.
 */
#include "internal.h"

#define JOIN_WAIT_NS  (60 * SECOND)
#define JOIN_BEGIN_NS (3 * SECOND)
#define ROUND_TRIP_NS SECOND /* More than any: what was on its way has arrived. */

enum verdict measure_verdict(const struct verdict_view *v)
{
    if (!v->mptcp)
        return v->advanced ? VERDICT_UNDETERMINED : VERDICT_FAILED;
    if (v->advanced || v->complete)
        return VERDICT_SURVIVED;
    if (v->live_left || v->partial)
        return VERDICT_UNDETERMINED;
    if (v->ended || v->silent_ns >= JOIN_WAIT_NS || (v->nowhere && v->silent_ns >= ROUND_TRIP_NS))
        return VERDICT_FAILED;
    if (v->join_pending)
        return VERDICT_UNDETERMINED;
    return v->silent_ns >= JOIN_BEGIN_NS ? VERDICT_FAILED : VERDICT_UNDETERMINED;
}

static bool delivered(const struct mpa_data_half *d)
{
    return !d->seen.begun || (int64_t)(d->acked - d->seen.next) >= 0;
}

/* Both DATA_FINs acknowledged, or that of the side that sends the data while nothing else is
 * outstanding. */
bool measure_is_complete(const struct mpa_conn *conn)
{
    const struct conn_user *cu = conn->user;
    enum mpa_dir data = cu->flags & CONN_SERVER_DATA ? MPA_TO_CLIENT : MPA_TO_SERVER;
    const struct mpa_data_half *d = conn->data;

    if (conn->protocol != MPA_PROTOCOL_MPTCP)
        return conn->subflows &&
               (conn->subflows->half[0].flags & conn->subflows->half[1].flags & MPA_HALF_FIN_ACKED);
    if (d[0].flags & d[1].flags & MPA_DATA_FIN_ACKED)
        return true;
    return (d[data].flags & MPA_DATA_FIN_ACKED) && delivered(&d[0]) && delivered(&d[1]);
}

/* The server denies joins to the initial address and advertised no other; nobody joined. */
static bool nowhere_to_go(const struct mpa_conn *conn)
{
    const struct mpa_data_half *server = &conn->data[MPA_TO_CLIENT];

    for (const struct mpa_advert *a = conn->adverts; a; a = a->next)
        if (a->from == MPA_TO_CLIENT)
            return false;
    return (server->flags & MPA_DATA_CAPABLE) && (server->capable_flags & MPA_CAPABLE_C) &&
           conn->subflows && !conn->subflows->next;
}

static void fill_view(const struct mpa_measure *m, const struct mpa_conn *conn, int64_t hit_ns,
                      struct verdict_view *v, int64_t *ret_dead_ns)
{
    const struct conn_user *cu = conn->user;
    int64_t dead_ns = hit_ns;

    *v = (struct verdict_view){
        .mptcp = conn->protocol == MPA_PROTOCOL_MPTCP,
        .advanced = (cu->flags & CONN_ADVANCED) != 0,
        .complete = measure_is_complete(conn),
        .nowhere = nowhere_to_go(conn),
        .partial = !mpa_conn_initial(conn) || (conn->subflows->flags & MPA_SF_MIDSTREAM),
        .ended = ((conn->data[0].flags | conn->data[1].flags) & MPA_DATA_FASTCLOSE) != 0,
    };
    for (const struct mpa_subflow *sf = conn->subflows; sf; sf = sf->next) {
        const struct sub_user *u = sf->user;

        if (mpa_subflow_is_live(sf)) {
            if (sf->established_ns || (sf->flags & MPA_SF_MIDSTREAM))
                v->live_left = true;
            else
                v->join_pending = true;
        } else if (u->reset && u->reset->first.ns > dead_ns) {
            dead_ns = u->reset->first.ns;
        }
    }
    v->silent_ns = m->now_ns - dead_ns;
    *ret_dead_ns = dead_ns;
}

void measure_verdict_export(const struct mpa_measure *m, const struct mpa_conn *conn,
                            struct mpa_rec_conn *ret)
{
    const struct conn_user *cu = conn->user;
    const struct conn_rare *rare = cu->rare;
    struct verdict_view v;
    int64_t dead_ns;

    if (!rare || rare->hit_count == 0)
        return;
    fill_view(m, conn, rare->hits[rare->hit_count - 1].ns, &v, &dead_ns);
    ret->hit_unprotected =
        v.mptcp && (conn->direct_usable_ns == 0 || rare->hits[0].ns < conn->direct_usable_ns);
    switch (measure_verdict(&v)) {
    case VERDICT_SURVIVED:
        ret->survived = 1;
        break;
    case VERDICT_FAILED:
        ret->survived = 0;
        ret->failed_ns = dead_ns;
        ret->outcome = MPA_OUTCOME_FAILED;
        break;
    case VERDICT_UNDETERMINED:
        break;
    }
}
