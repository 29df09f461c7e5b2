/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules DS: see tbl/rules.h and the protocol reference. */
#include "internal.h"

/* DS-01 */
enum mpa_verdict check_ds_01(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* DS-02 */
enum mpa_verdict check_ds_02(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* DS-03 */
enum mpa_verdict check_ds_03(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* DS-04 */
enum mpa_verdict check_ds_04(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* DS-05 */
enum mpa_verdict check_ds_05(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* DS-06 */
enum mpa_verdict check_ds_06(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* DS-07 */
enum mpa_verdict check_ds_07(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* DS-08 */
enum mpa_verdict check_ds_08(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* DS-09 */
enum mpa_verdict check_ds_09(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* DS-10 */
enum mpa_verdict check_ds_10(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}
