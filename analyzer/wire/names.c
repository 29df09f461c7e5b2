/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of dialects, subtypes and fields, from the row-only tables. */
#include "mpa/option.h"

#include <string.h>

static const struct {
    const char *name;
    enum mpa_hash hash;
} dialects[MPA_DIALECT_COUNT] = {
#define DIALECT(symbol, name, version, hash) {name, hash},
#include "mpa/tbl/dialects.h"
#undef DIALECT
};

static const struct {
    const char *name;
    const char *text;
    enum mpa_field_kind kind;
} fields[MPA_FIELD_COUNT] = {
#define FIELD(symbol, name, kind, text) {name, text, MPA_KIND_##kind},
#include "mpa/tbl/fields.h"
#undef FIELD
};

const char *mpa_subtype_name(unsigned subtype)
{
    static const char *const names[16] = {
        [MPA_MP_CAPABLE] = "MP_CAPABLE",
        [MPA_MP_JOIN] = "MP_JOIN",
        [MPA_DSS] = "DSS",
        [MPA_ADD_ADDR] = "ADD_ADDR",
        [MPA_REMOVE_ADDR] = "REMOVE_ADDR",
        [MPA_MP_PRIO] = "MP_PRIO",
        [MPA_MP_FAIL] = "MP_FAIL",
        [MPA_MP_FASTCLOSE] = "MP_FASTCLOSE",
        [MPA_MP_TCPRST] = "MP_TCPRST",
        [MPA_MP_EXPERIMENTAL] = "MP_EXPERIMENTAL",
    };

    return subtype < 16 && names[subtype] ? names[subtype] : "unknown";
}

const char *mpa_dialect_name(enum mpa_dialect d)
{
    return (unsigned)d < MPA_DIALECT_COUNT ? dialects[d].name : "unknown";
}

enum mpa_hash mpa_dialect_hash(enum mpa_dialect d)
{
    return (unsigned)d < MPA_DIALECT_COUNT ? dialects[d].hash : MPA_SHA256;
}

enum mpa_dialect mpa_dialect_find(const char *name)
{
    unsigned d;

    for (d = 0; d < MPA_DIALECT_COUNT; d++)
        if (strcmp(dialects[d].name, name) == 0)
            return (enum mpa_dialect)d;
    return MPA_DIALECT_COUNT;
}

const char *mpa_field_name(enum mpa_field_id id)
{
    return (unsigned)id < MPA_FIELD_COUNT ? fields[id].name : "unknown";
}

const char *mpa_field_text(enum mpa_field_id id)
{
    return (unsigned)id < MPA_FIELD_COUNT ? fields[id].text : "unknown";
}

enum mpa_field_kind mpa_field_kind(enum mpa_field_id id)
{
    return (unsigned)id < MPA_FIELD_COUNT ? fields[id].kind : MPA_KIND_BYTES;
}
