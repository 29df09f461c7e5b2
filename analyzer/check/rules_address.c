/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules AA, RM, PR: see tbl/rules.h and the protocol reference. */
#include "internal.h"

/* AA-01 */
enum mpa_verdict check_aa_01(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* AA-02 */
enum mpa_verdict check_aa_02(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* AA-03 */
enum mpa_verdict check_aa_03(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* AA-04 */
enum mpa_verdict check_aa_04(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* AA-05 */
enum mpa_verdict check_aa_05(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* AA-06 */
enum mpa_verdict check_aa_06(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* AA-07 */
enum mpa_verdict check_aa_07(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* AA-08 */
enum mpa_verdict check_aa_08(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* AA-09 */
enum mpa_verdict check_aa_09(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* AA-10 */
enum mpa_verdict check_aa_10(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* AA-11 */
enum mpa_verdict check_aa_11(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* AA-12 */
enum mpa_verdict check_aa_12(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* AA-13 */
enum mpa_verdict check_aa_13(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* RM-01 */
enum mpa_verdict check_rm_01(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* RM-02 */
enum mpa_verdict check_rm_02(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* RM-03 */
enum mpa_verdict check_rm_03(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* RM-04 */
enum mpa_verdict check_rm_04(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* PR-01 */
enum mpa_verdict check_pr_01(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* PR-02 */
enum mpa_verdict check_pr_02(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* PR-03 */
enum mpa_verdict check_pr_03(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* PR-04 */
enum mpa_verdict check_pr_04(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}
