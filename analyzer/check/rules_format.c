/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules FMT: see tbl/rules.h and the protocol reference. */
#include "internal.h"

/* FMT-01 */
enum mpa_verdict check_fmt_01(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* FMT-02 */
enum mpa_verdict check_fmt_02(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* FMT-03 */
enum mpa_verdict check_fmt_03(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

/* FMT-04 */
enum mpa_verdict check_fmt_04(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}
