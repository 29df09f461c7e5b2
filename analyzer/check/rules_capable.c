/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules MPC: see tbl/rules.h and the protocol reference. */
#include "internal.h"

/* MPC-01 */
enum mpa_verdict check_mpc_01(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* MPC-02 */
enum mpa_verdict check_mpc_02(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* MPC-03 */
enum mpa_verdict check_mpc_03(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* MPC-04 */
enum mpa_verdict check_mpc_04(const struct check_case *k, struct mpa_rec_finding *f)
{
    if (k->option->cond != MPA_COND_OK && k->option->cond != MPA_COND_ILLEGAL)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (!(k->option->capable.flags & MPA_CAPABLE_B))
        return MPA_VERDICT_PASSED;
    check_number(f, "flags", k->option->capable.flags);
    return check_broken(f, "B (extensibility) is set; it must be zero");
}

/* MPC-05 */
enum mpa_verdict check_mpc_05(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* MPC-06 */
enum mpa_verdict check_mpc_06(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* MPC-07 */
enum mpa_verdict check_mpc_07(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* MPC-08 */
enum mpa_verdict check_mpc_08(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* MPC-09 */
enum mpa_verdict check_mpc_09(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* MPC-10 */
enum mpa_verdict check_mpc_10(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* MPC-11 */
enum mpa_verdict check_mpc_11(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}
