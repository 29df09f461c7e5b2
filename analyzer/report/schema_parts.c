/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of the parts that several records share. */
#include "schema_rows.h"

/* clang-format off */

#define R struct mpa_both
const struct mpa_column mpa_schema_both[] = {
    INT("to_server", v[MPA_TO_SERVER]),
    INT("to_client", v[MPA_TO_CLIENT]),
    END_OF_ROWS,
};

const struct mpa_column mpa_schema_both_time[] = {
    TIME("to_server", v[MPA_TO_SERVER]),
    TIME("to_client", v[MPA_TO_CLIENT]),
    END_OF_ROWS,
};

const struct mpa_column mpa_schema_both_flag[] = {
    FLAG("to_server", v[MPA_TO_SERVER]),
    FLAG("to_client", v[MPA_TO_CLIENT]),
    END_OF_ROWS,
};
#undef R

struct both_real {
    double v[2];
};

#define R struct both_real
const struct mpa_column mpa_schema_both_real[] = {
    REAL("to_server", v[MPA_TO_SERVER]),
    REAL("to_client", v[MPA_TO_CLIENT]),
    END_OF_ROWS,
};
#undef R

#define R struct mpa_endpoint
const struct mpa_column mpa_schema_endpoint[] = {
    ADDR("addr", addr),
    PORT("port", port),
    END_OF_ROWS,
};
#undef R

#define R struct mpa_frame_ref
const struct mpa_column mpa_schema_frame[] = {
    INT32("capture", capture),
    INT("frame", frame),
    END_OF_ROWS,
};
#undef R

#define R struct mpa_rec_percentiles
const struct mpa_column mpa_schema_percentiles[] = {
    INT("count", count),
    INT("min_ns", min_ns),
    INT("p50_ns", p50_ns),
    INT("p95_ns", p95_ns),
    INT("p99_ns", p99_ns),
    INT("max_ns", max_ns),
    END_OF_ROWS,
};
#undef R

/* Items that are values themselves. */
const struct mpa_column mpa_schema_int_item[] = {{.kind = MPA_COL_INT}, END_OF_ROWS};
const struct mpa_column mpa_schema_int32_item[] = {{.kind = MPA_COL_INT32}, END_OF_ROWS};
const struct mpa_column mpa_schema_text_item[] = {{.kind = MPA_COL_TEXT}, END_OF_ROWS};
