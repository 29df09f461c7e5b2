/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules RM and PR: see tbl/rules.h and the protocol reference. */
#include "internal.h"

#define STOP_AFTER (3 * SECOND)

static void tell_moment(struct mpa_rec_finding *f, const struct address_moment *m)
{
    check_frame(f, m->frame);
    f->ns = m->ns;
}

/* Whether an advertisement or a join that made an ID known may have been missed. */
static bool may_have_missed(const struct mpa_conn *conn, enum mpa_dir owner)
{
    const struct mpa_subflow *first = mpa_conn_initial(conn);
    int n = 0;

    if (check_subflow_missing(conn) || !first || (first->flags & MPA_SF_MIDSTREAM) ||
        (check_conn_of(conn)->address.cut & 1u << owner))
        return true;
    for (const struct mpa_subflow *sf = conn->subflows; sf; sf = sf->next)
        if (n++ == ADDRESS_SUBFLOWS || check_lost(sf, owner))
            return true;
    return false;
}

/* ---- REMOVE_ADDR ------------------------------------------------------------------------ */

/* RM-01.  Asked of each ID in a REMOVE_ADDR; and where somebody closes one of several subflows in the middle of a connection right after he
   was told to remove what nobody knows. */
enum mpa_verdict check_rm_01(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct address_notes *n = k->cc->address.notes;

    if (k->event->kind != MPA_EVENT_REMOVE_ADDR) {
        if (!n || n->obeyed.frame.frame != k->frame.frame ||
            n->obeyed.frame.capture != k->frame.capture ||
            may_have_missed(k->conn, n->stranger_from))
            return MPA_VERDICT_NOT_APPLICABLE;
        check_frame(f, k->frame);
        check_frame(f, n->stranger.frame);
        check_number(f, "id", n->stranger_id);
        f->severity = MPA_SEVERITY_ERROR;
        f->key = 1;
        return check_broken(f, "a subflow is closed because of an unknown address ID");
    }
    if (address_id_known(k->conn, k->dir, (uint8_t)k->event->value))
        return MPA_VERDICT_PASSED;
    if (may_have_missed(k->conn, k->dir))
        return MPA_VERDICT_NV_LOSS;
    check_number(f, "id", k->event->value);
    f->key = (uint64_t)k->event->value << 1;
    return check_noted(f, "an address ID is removed that was never used");
}

/* RM-02.  A REMOVE_ADDR may be lost: data of who was told is judged beside him.  One verdict a subflow. */
enum mpa_verdict check_rm_02(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct address_path *p = k->cs->address.path;
    enum mpa_dir told;

    if (!p || (!p->removed.frame.frame && !p->late[0].frame.frame && !p->late[1].frame.frame))
        return MPA_VERDICT_NOT_APPLICABLE;
    told = check_other(p->removed_by);
    if (p->late[p->removed_by].frame.frame) {
        tell_moment(f, &p->late[p->removed_by]);
    } else if (p->late[told].frame.frame) {
        if (address_beside(k->conn, told) != 1)
            return MPA_VERDICT_NV_VANT;
        tell_moment(f, &p->late[told]);
    } else {
        return !k->conn->closed_ns && mpa_subflow_is_live(k->sf) &&
                       check_ended(k, p->removed.ns, STOP_AFTER)
                   ? MPA_VERDICT_NV_END
                   : MPA_VERDICT_PASSED;
    }
    check_frame(f, p->removed.frame);
    check_duration(f, "after REMOVE_ADDR", f->ns - p->removed.ns);
    return check_broken(f, "new data on a subflow whose address was removed");
}

/* RM-03 */
enum mpa_verdict check_rm_03(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct address_path *p = k->cs->address.path;
    enum mpa_dir opener = check_opener(k->sf);

    if (!p || (!p->joined_again && !p->joined_removed.frame.frame))
        return MPA_VERDICT_NOT_APPLICABLE;
    if (p->joined_again || p->removed_ago_ns <= check_rtt(k->conn, SECOND))
        return MPA_VERDICT_PASSED;
    if (address_beside(k->conn, opener) != 1)
        return MPA_VERDICT_NV_VANT;
    tell_moment(f, &p->joined_removed);
    check_addr(f, "address", &k->sf->flow.addr[opener]);
    check_duration(f, "after REMOVE_ADDR", p->removed_ago_ns);
    return check_broken(f, "an address is joined that was removed");
}

/* RM-04.  Beside the host that removes it, the answer of the other is never younger than a round trip. */
enum mpa_verdict check_rm_04(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct address_path *p = k->cs->address.path;
    int64_t recent = check_rtt(k->conn, SECOND);

    if (!p || !p->reset.frame.frame)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (address_beside(k->conn, check_other(p->removed_by)) != 1)
        recent *= 2;
    if (p->reset_probed || p->quiet_ns >= recent)
        return MPA_VERDICT_PASSED;
    tell_moment(f, &p->reset);
    check_frame(f, p->removed.frame);
    check_duration(f, "since the path's last packet", p->quiet_ns);
    return check_broken(f, "a path that had just been alive is reset without a probe");
}

/* ---- MP_PRIO ---------------------------------------------------------------------------- */

/* PR-01 */
enum mpa_verdict check_pr_01(const struct check_case *k, struct mpa_rec_finding *f)
{
    if (k->option->cond != MPA_COND_OK && k->option->cond != MPA_COND_ILLEGAL)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (!k->option->prio.has_id)
        return MPA_VERDICT_PASSED;
    check_number(f, "length", k->option->len);
    check_number(f, "id", k->option->prio.id);
    return check_broken(f, "MP_PRIO names an address ID, as version 0 does");
}

/* PR-02 */
enum mpa_verdict check_pr_02(const struct check_case *k, struct mpa_rec_finding *f)
{
    if (k->option->cond != MPA_COND_OK || !k->option->prio.has_id)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (address_id_known(k->conn, k->dir, k->option->prio.id))
        return MPA_VERDICT_PASSED;
    if (may_have_missed(k->conn, k->dir))
        return MPA_VERDICT_NV_LOSS;
    check_number(f, "id", k->option->prio.id);
    f->key = k->option->prio.id;
    return check_broken(f, "MP_PRIO names an address ID that was never used");
}

static void tell_use(const struct check_case *k, enum mpa_dir dir, const struct address_use *u,
                     struct mpa_rec_finding *f)
{
    const struct address_path *p = k->cs->address.path;
    const struct address_notes *n = k->cc->address.notes;
    uint64_t elsewhere =
        n && n->elsewhere[dir] > p->elsewhere[dir] ? n->elsewhere[dir] - p->elsewhere[dir] : 0;

    tell_moment(f, &u->first);
    check_text(f, "direction", dir == MPA_TO_SERVER ? "to server" : "to client");
    check_number(f, "bytes here", (int64_t)u->bytes);
    check_number(f, "bytes elsewhere", (int64_t)elsewhere);
}

/* PR-03.  Asked by MP_PRIO or by the backup flag of a join.  New data is what its mapping declares for the first time, one round trip and 100 ms after the request and after another subflow
   became usable; up to 5 % of the data since, and up to 64 KiB, is by the way (D.4): upstream declares mappings when it queues them.  A host
   that does so again and was never seen to do otherwise is told of as a note. */
enum mpa_verdict check_pr_03(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct address_path *p = k->cs->address.path;
    const struct address_notes *n = k->cc->address.notes;
    uint8_t habits;

    if (!p || !(p->asked[0] || p->asked[1]))
        return MPA_VERDICT_NOT_APPLICABLE;
    for (int d = 0; d < 2; d++) {
        enum mpa_dir dir = (enum mpa_dir)d;

        if (!p->asked[check_other(dir)] || !address_too_much(n, p, &p->told[d], dir))
            continue;
        if (check_subflow_missing(k->conn))
            return MPA_VERDICT_NV_SUB;
        if (address_beside(k->conn, dir) != 1)
            return MPA_VERDICT_NV_VANT;
        tell_use(k, dir, &p->told[d], f);
        habits = address_habits(&k->check->address, address_initial(k->conn, dir));
        if ((habits & ADDRESS_IGNORES_BACKUP) && !(habits & ADDRESS_HONOURS_BACKUP))
            return check_noted(f, "this host sends on as if nobody asked for a backup, as before");
        return check_broken(f, "new data on a subflow that the peer wants to be backup");
    }
    return MPA_VERDICT_PASSED;
}

/* PR-04.  A note where more than D.4's share goes by a backup subflow and nobody is to blame. */
enum mpa_verdict check_pr_04(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct address_path *p = k->cs->address.path;
    const struct address_notes *n = k->cc->address.notes;

    if (!p || !(p->asked[0] || p->asked[1]))
        return MPA_VERDICT_NOT_APPLICABLE;
    for (int d = 0; d < 2; d++) {
        enum mpa_dir dir = (enum mpa_dir)d;

        if (p->alone[d].bytes) {
            tell_use(k, dir, &p->alone[d], f);
            return check_noted(f, "the backup subflow is used: no other one is usable");
        }
        if (address_too_much(n, p, &p->asker[d], dir)) {
            tell_use(k, dir, &p->asker[d], f);
            return check_noted(f, "the host that asked for a backup sends on it itself");
        }
    }
    return MPA_VERDICT_PASSED;
}
