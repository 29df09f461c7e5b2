/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Off the VIP (protocol reference D.2 to D.4).
 *
 * The cut is t_m + g: t_m when the direct subflow is usable and the initial one known to be backup
 * (where it is told so), g one round trip and 100 ms.  Counted after it are bytes of mappings that
 * are declared for the first time: a wall-clock cut over bytes would count what was queued before
 * and arrives late.
 */
#include "internal.h"

#define GRACE_NS       (100 * MILLI)
#define SHARE_MIGRATED 0.05 /* X of D.4. */
#define JOIN_TIME_NS                                                                               \
    SECOND /* Time a client has for a join: T_lb of rule LB-03, or three round trips. */

double measure_migrate_share(uint64_t vip, uint64_t direct)
{
    return vip + direct ? (double)vip / (double)(vip + direct) : NAN;
}

/* All subflows but the initial one were captured: data that is acknowledged and not here went over
 * the VIP. */
static enum mpa_word state_joins_only(const struct migrate_view *v, enum mpa_dir judged)
{
    if (v->bytes[judged] == 0 || v->span[judged] == 0)
        return MPA_MIGRATION_TOO_SHORT;
    return (double)v->bytes[judged] >= (1 - SHARE_MIGRATED) * (double)v->span[judged]
               ? MPA_MIGRATION_MIGRATED
               : MPA_MIGRATION_JOINED_NOT_MIGRATED;
}

/* The server's data; the client's where the server sends none, or none after the cut while most
 * data is the client's. */
static enum mpa_dir judged_by(const struct migrate_view *v)
{
    bool server = v->after[MPA_TO_CLIENT][0] + v->after[MPA_TO_CLIENT][1] != 0;
    bool client = v->after[MPA_TO_SERVER][0] + v->after[MPA_TO_SERVER][1] != 0;

    if (server)
        return MPA_TO_CLIENT;
    if (v->bytes[MPA_TO_CLIENT] == 0 && v->bytes[MPA_TO_SERVER])
        return MPA_TO_SERVER;
    return client && v->bytes[MPA_TO_SERVER] > v->bytes[MPA_TO_CLIENT] ? MPA_TO_SERVER
                                                                       : MPA_TO_CLIENT;
}

static enum mpa_word state_usable(const struct migrate_view *v, enum mpa_dir judged)
{
    double share = measure_migrate_share(v->after[judged][0], v->after[judged][1]);

    if (!isnan(share))
        return share <= SHARE_MIGRATED ? MPA_MIGRATION_MIGRATED : MPA_MIGRATION_JOINED_NOT_MIGRATED;
    /* Over before the cut: what was declared between t_m and the cut can show that it left the VIP,
     * not that it stayed. */
    share = measure_migrate_share(v->grace[judged][0], v->grace[judged][1]);
    return share <= SHARE_MIGRATED ? MPA_MIGRATION_MIGRATED : MPA_MIGRATION_TOO_SHORT;
}

enum mpa_word measure_migrate_state(const struct migrate_view *v, enum mpa_dir *ret_judged)
{
    int64_t join_time = 3 * v->rtt0_ns > JOIN_TIME_NS ? 3 * v->rtt0_ns : JOIN_TIME_NS;

    *ret_judged = judged_by(v);
    if (!v->mptcp)
        return MPA_MIGRATION_SINGLE_PATH;
    if (v->usable)
        return v->joins_only ? state_joins_only(v, *ret_judged) : state_usable(v, *ret_judged);
    if (v->direct_pending)
        return MPA_MIGRATION_TOO_SHORT;
    if (v->joined_same)
        return MPA_MIGRATION_JOINED_NOT_MIGRATED;
    if (!v->advertised)
        return MPA_MIGRATION_SINGLE_PATH;
    if (v->direct_refused)
        return MPA_MIGRATION_ADVERTISED_ONLY;
    return v->advertised_ns < join_time ? MPA_MIGRATION_TOO_SHORT : MPA_MIGRATION_ADVERTISED_ONLY;
}

/* A direct subflow became usable, or the initial one became backup later than that. */
void measure_migrate_usable(struct mpa_conn *conn)
{
    struct conn_user *cu = conn->user;
    int64_t tm = conn->prio_ns > conn->direct_usable_ns ? conn->prio_ns : conn->direct_usable_ns;
    int64_t cut = tm + mpa_conn_rtt0(conn) + GRACE_NS;

    if (conn->direct_usable_ns == 0 || cut <= cu->cut_ns)
        return;
    cu->cut_ns = cut;
    for (int dir = 0; dir < 2; dir++)
        for (int direct = 0; direct < 2; direct++) {
            cu->after[dir][direct] = 0;
            cu->grace[dir][direct] = 0;
        }
}

static bool joined_directly(const struct conn_user *cu)
{
    return cu->first_direct_ns[0] || cu->first_direct_ns[1];
}

/* The initial subflow was reset or is being closed: had its data left before? */
void measure_migrate_vip_ended(struct mpa_conn *conn, enum mpa_word by)
{
    struct conn_user *cu = conn->user;
    enum mpa_dir judged = cu->flags & CONN_SERVER_DATA ? MPA_TO_CLIENT : MPA_TO_SERVER;
    double share = measure_migrate_share(cu->after[judged][0], cu->after[judged][1]);

    if (cu->flags & CONN_LEFT)
        return;
    if (isnan(share))
        share = measure_migrate_share(cu->grace[judged][0], cu->grace[judged][1]);
    cu->left_by = (uint8_t)(cu->cut_ns && joined_directly(cu) && share <= SHARE_MIGRATED
                                ? MPA_LEFT_BY_SCHEDULER
                                : by);
    cu->flags |= CONN_LEFT;
}

static bool was_refused(const struct mpa_subflow *sf)
{
    const struct sub_user *u = sf->user;

    return u->reset && u->reset->first.class != MPA_RESET_PROHIBITED;
}

static void fill_view(const struct mpa_conn *conn, struct migrate_view *v)
{
    const struct conn_user *cu = conn->user;
    int64_t first_advert = 0;

    *v = (struct migrate_view){.mptcp = conn->protocol == MPA_PROTOCOL_MPTCP,
                               .usable = conn->direct_usable_ns != 0,
                               .joins_only = (conn->flags & MPA_CONN_JOINS_ONLY) != 0,
                               .rtt0_ns = mpa_conn_rtt0(conn)};
    for (const struct mpa_advert *a = conn->adverts; a; a = a->next) {
        int64_t ns = a->first_ns ? a->first_ns : a->echo_ns;

        v->advertised = true;
        if (first_advert == 0 || ns < first_advert)
            first_advert = ns;
    }
    v->advertised_ns = conn->last_ns - first_advert;
    for (const struct mpa_subflow *sf = conn->subflows; sf; sf = sf->next) {
        if (sf->role != MPA_ROLE_JOIN)
            continue;
        if (!mpa_subflow_is_direct(sf))
            v->joined_same |= sf->usable_ns != 0;
        else if (sf->usable_ns == 0 && was_refused(sf))
            v->direct_refused = true;
        else if (sf->usable_ns == 0)
            v->direct_pending = true;
    }
    for (int dir = 0; dir < 2; dir++) {
        const struct mpa_space *s = &conn->data[dir].seen;

        v->bytes[dir] = conn->data[dir].bytes;
        v->span[dir] = s->begun ? s->next - s->base : 0;
        for (int direct = 0; direct < 2; direct++) {
            v->after[dir][direct] = cu->after[dir][direct];
            v->grace[dir][direct] = cu->grace[dir][direct];
        }
    }
}

/* Data to the client after the VIP subflow had ended. */
static bool went_on(const struct mpa_conn *conn)
{
    const struct conn_user *cu = conn->user;
    const struct mpa_subflow *first = mpa_conn_initial(conn);
    const struct sub_user *u = first ? first->user : NULL;

    if (!u)
        return false;
    return cu->last_data_ns > (u->reset ? u->reset->first.ns : first->last_ns);
}

static enum mpa_word left_by(const struct mpa_conn *conn, enum mpa_word state)
{
    const struct conn_user *cu = conn->user;

    /* Whoever ended it, the VIP was left only if data went on elsewhere. */
    if (!joined_directly(cu) || (conn->flags & MPA_CONN_JOINS_ONLY))
        return MPA_LEFT_BY_NONE;
    if (!(cu->flags & CONN_LEFT) || cu->left_by == MPA_LEFT_BY_SCHEDULER)
        return state == MPA_MIGRATION_MIGRATED ? MPA_LEFT_BY_SCHEDULER : MPA_LEFT_BY_NONE;
    if (state != MPA_MIGRATION_MIGRATED && !went_on(conn))
        return MPA_LEFT_BY_NONE;
    return (enum mpa_word)cu->left_by;
}

void measure_migrate_export(const struct mpa_conn *conn, struct mpa_rec_conn *ret)
{
    const struct conn_user *cu = conn->user;
    const struct mpa_subflow *first = mpa_conn_initial(conn);
    struct migrate_view v;
    bool known;

    fill_view(conn, &v);
    known = v.mptcp && v.usable && !v.joins_only;
    ret->migration.state = measure_migrate_state(&v, &ret->migration.judged);
    ret->migration.left_by = v.mptcp ? left_by(conn, ret->migration.state) : MPA_LEFT_BY_NONE;
    ret->migration.usable_ns = v.mptcp && v.usable ? conn->direct_usable_ns : MPA_NULL;
    for (int dir = 0; dir < 2; dir++) {
        const uint64_t *after = cu->after[dir];

        ret->migration.first_direct_ns.v[dir] =
            v.mptcp && cu->first_direct_ns[dir] ? cu->first_direct_ns[dir] : MPA_NULL;
        ret->migration.vip_bytes_after.v[dir] = known ? (int64_t)after[0] : MPA_NULL;
        ret->migration.direct_bytes_after.v[dir] = known ? (int64_t)after[1] : MPA_NULL;
        ret->migration.vip_share_after[dir] =
            known ? measure_migrate_share(after[0], after[1]) : NAN;
    }
    ret->unprotected_dur_ns = v.mptcp && v.usable && first && first->syn_ns
                                  ? conn->direct_usable_ns - first->syn_ns
                                  : MPA_NULL;
}
