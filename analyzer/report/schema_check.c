/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of the conformance rules' results: rows of the output contract.  Rows may be added, never renamed. */
#include "schema_rows.h"

/* clang-format off */

#define R struct mpa_finding_row
const struct mpa_column mpa_schema_finding[] = {
    {.name = "rule", .kind = MPA_COL_RULE, .offset = MPA_AT(uint16_t, finding.rule)},
    WORDS_OF("severity", finding.severity),
    WORDS_OF("verdict", finding.verdict),
    INT("connection", connection),
    INT("subflow", finding.subflow),
    TIME("ns", finding.ns),
    LIST_INLINE("frames", finding.frames, finding.frame_count, mpa_schema_frame),
    {.name = "values", .kind = MPA_COL_COMPARED, .offset = offsetof(R, finding.values), .inline_items = true,
     .count_offset = MPA_AT(int, finding.value_count)},
    TEXT("text", finding.text),
    {.name = "reference", .kind = MPA_COL_REFERENCE, .offset = MPA_AT(uint16_t, finding.rule)},
    BOOL("baseline", finding.baseline),
    END_OF_ROWS,
};
#undef R

#define R struct mpa_rule_row
/* By the codes of the protocol reference, as mpa_verdict_reason() has them. */
static const struct mpa_column reasons[] = {
    INT("NV-SYN", counts.not_verifiable[0]),
    INT("NV-DIR", counts.not_verifiable[1]),
    INT("NV-SUB", counts.not_verifiable[2]),
    INT("NV-LOSS", counts.not_verifiable[3]),
    INT("NV-SNAP", counts.not_verifiable[4]),
    INT("NV-VANT", counts.not_verifiable[5]),
    INT("NV-END", counts.not_verifiable[6]),
    INT("NV-OFFL", counts.not_verifiable[7]),
    INT("NV-DIAL", counts.not_verifiable[8]),
    INT("NV-AUTH", counts.not_verifiable[9]),
    END_OF_ROWS,
};

const struct mpa_column mpa_schema_rule[] = {
    {.name = "id", .kind = MPA_COL_RULE, .offset = MPA_AT(uint16_t, rule)},
    INT("checked", counts.checked),
    INT("passed", counts.passed),
    INT("broken", counts.broken),
    GROUP("not_verifiable", reasons),
    BOOL("off", counts.off),
    END_OF_ROWS,
};
#undef R
