/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules FL, FC: see tbl/rules.h and the protocol reference. */
#include "internal.h"

/* FL-01 */
enum mpa_verdict check_fl_01(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* FL-02 */
enum mpa_verdict check_fl_02(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* FL-03 */
enum mpa_verdict check_fl_03(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* FL-04 */
enum mpa_verdict check_fl_04(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* FL-05 */
enum mpa_verdict check_fl_05(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* FC-01 */
enum mpa_verdict check_fc_01(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* FC-02 */
enum mpa_verdict check_fc_02(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* FC-03 */
enum mpa_verdict check_fc_03(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}
