/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Leaves of the schema: from a place in a record to a typed value. */
#include "schema.h"

#include "mpa/rules.h"
#include "pseudonym.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static int64_t load_int64(const char *at)
{
    int64_t v;

    memcpy(&v, at, sizeof(v));
    return v;
}

static void set_int(struct mpa_value *ret, int64_t number, bool null)
{
    ret->kind = null ? MPA_VALUE_NULL : MPA_VALUE_INT;
    ret->number = number;
}

static void set_bool(struct mpa_value *ret, bool yes)
{
    ret->kind = MPA_VALUE_BOOL;
    ret->number = yes;
}

static void set_text(struct mpa_value *ret, const char *text)
{
    ret->kind = text ? MPA_VALUE_TEXT : MPA_VALUE_NULL;
    ret->text = text;
}

/* A text from outside (file, server, sentence) may hold addresses. */
static void set_free_text(struct mpa_value *ret, const char *text, const struct mpa_values *values)
{
    if (text && values->anonymizer)
        text = mpa_pseudonym_text(values->anonymizer, text, ret->buffer, sizeof(ret->buffer));
    set_text(ret, text);
}

static void set_addr(struct mpa_value *ret, const struct mpa_addr *addr,
                     const struct mpa_values *values)
{
    struct mpa_addr shown = *addr;

    if (addr->q[0] == 0 && addr->q[1] == 0) {
        set_text(ret, NULL);
        return;
    }
    if (values->anonymizer)
        shown = mpa_anonymizer_addr(values->anonymizer, addr);
    set_text(ret, mpa_addr_text(&shown, ret->buffer));
}

static void set_prefix(struct mpa_value *ret, const struct mpa_prefix *prefix,
                       const struct mpa_values *values)
{
    struct mpa_prefix shown = *prefix;
    int bits = prefix->bits;
    int most = 128;
    size_t used;
    int i;

    if (values->anonymizer)
        shown.addr = mpa_anonymizer_addr(values->anonymizer, &prefix->addr);
    for (i = bits; i < 128; i++) /* A pseudonym has host bits. */
        shown.addr.b[i / 8] &= (uint8_t) ~(0x80u >> (i % 8));
    if (mpa_addr_is_v4(&prefix->addr) && bits >= 96) {
        bits -= 96;
        most = 32;
    }
    set_text(ret, mpa_addr_text(&shown.addr, ret->buffer));
    used = strlen(ret->buffer);
    if (bits < most)
        snprintf(ret->buffer + used, sizeof(ret->buffer) - used, "/%d", bits);
}

static void set_word(struct mpa_value *ret, enum mpa_word word, bool none_is_null)
{
    const char *text = mpa_word(word);

    set_text(ret, none_is_null && strcmp(text, "none") == 0 ? NULL : text);
}

static void set_number(const struct mpa_column *column, const char *at,
                       const struct mpa_values *values, struct mpa_value *ret)
{
    int64_t v = load_int64(at);

    switch (column->kind) {
    case MPA_COL_TIME:
        set_int(ret, v == MPA_NULL ? v : v - values->epoch_ns, v == MPA_NULL);
        break;
    case MPA_COL_FLAG:
        set_int(ret, v, v == MPA_NULL);
        if (v != MPA_NULL)
            set_bool(ret, v != 0);
        break;
    case MPA_COL_HEX32:
        snprintf(ret->buffer, sizeof(ret->buffer), "%08" PRIx32, (uint32_t)v);
        set_text(ret, v == MPA_NULL ? NULL : ret->buffer);
        break;
    case MPA_COL_EPOCH:
        snprintf(ret->buffer, sizeof(ret->buffer), "%" PRId64, v);
        set_text(ret, ret->buffer);
        break;
    case MPA_COL_INDEX:
        set_int(ret, v, v < 0);
        break;
    default:
        set_int(ret, v, v == MPA_NULL);
        break;
    }
}

void mpa_column_value(const struct mpa_column *column, const void *record,
                      const struct mpa_values *values, struct mpa_value *ret)
{
    const char *at = (const char *)record + column->offset;

    switch (column->kind) {
    case MPA_COL_INT32:
        set_int(ret, *(const int32_t *)(const void *)at, false);
        break;
    case MPA_COL_PORT:
        set_int(ret, *(const uint16_t *)(const void *)at, false);
        break;
    case MPA_COL_BOOL:
        set_bool(ret, *(const bool *)at);
        break;
    case MPA_COL_CHOICE:
        set_text(ret, column->choice[*(const bool *)at ? 1 : 0]);
        break;
    case MPA_COL_REAL:
        memcpy(&ret->real, at, sizeof(ret->real));
        ret->kind = isnan(ret->real) ? MPA_VALUE_NULL : MPA_VALUE_REAL;
        break;
    case MPA_COL_WORD:
    case MPA_COL_WORD_OR_NULL:
        set_word(ret, *(const enum mpa_word *)(const void *)at,
                 column->kind == MPA_COL_WORD_OR_NULL);
        break;
    case MPA_COL_DIALECT:
        set_text(ret, mpa_dialect_name(*(const enum mpa_dialect *)(const void *)at));
        break;
    case MPA_COL_DIRECTION:
        set_text(ret, *(const enum mpa_dir *)(const void *)at == MPA_TO_SERVER ? "to_server"
                                                                               : "to_client");
        break;
    case MPA_COL_TEXT:
        set_free_text(ret, *(const char *const *)(const void *)at, values);
        break;
    case MPA_COL_CHARS:
        set_free_text(ret, at, values);
        break;
    case MPA_COL_ADDR:
        set_addr(ret, (const struct mpa_addr *)(const void *)at, values);
        break;
    case MPA_COL_PREFIX:
        set_prefix(ret, (const struct mpa_prefix *)(const void *)at, values);
        break;
    case MPA_COL_COMMUNITY_ID:
        set_text(ret, mpa_pseudonym_community_id(
                          values->anonymizer, (const struct mpa_rec_subflow *)record, ret->buffer));
        break;
    case MPA_COL_RULE:
        set_text(ret, mpa_rule_info(*(const uint16_t *)(const void *)at)->id);
        break;
    case MPA_COL_REFERENCE:
        set_text(ret, mpa_rule_info(*(const uint16_t *)(const void *)at)->reference);
        break;
    default:
        set_number(column, at, values, ret);
        break;
    }
}

static bool ends_in(const char *text, size_t size, const char *end)
{
    size_t length = strlen(end);

    return size >= length && memcmp(text + size - length, end, length) == 0;
}

const char *mpa_compared_name(const struct mpa_rec_value *compared, char *ret)
{
    size_t size = strlen(compared->name);
    bool bare = compared->kind == MPA_COMPARED_NS && !ends_in(compared->name, size, "_dur_ns");

    if (bare && ends_in(compared->name, size, "_ns"))
        size -= strlen("_ns");
    snprintf(ret, MPA_COMPARED_NAME, "%.*s%s", (int)size, compared->name, bare ? "_dur_ns" : "");
    for (char *p = ret; *p != '\0'; p++)
        if (*p == ' ') /* A key. */
            *p = '_';
    return ret;
}

void mpa_compared_value(const struct mpa_rec_value *compared, const struct mpa_values *values,
                        struct mpa_value *ret)
{
    switch (compared->kind) {
    case MPA_COMPARED_NUMBER:
    case MPA_COMPARED_NS:
        set_int(ret, compared->number, compared->number == MPA_NULL);
        break;
    case MPA_COMPARED_HEX32:
        snprintf(ret->buffer, sizeof(ret->buffer), "%08" PRIx32, (uint32_t)compared->number);
        set_text(ret, ret->buffer);
        break;
    case MPA_COMPARED_HEX64:
        snprintf(ret->buffer, sizeof(ret->buffer), "%016" PRIx64, (uint64_t)compared->number);
        set_text(ret, ret->buffer);
        break;
    case MPA_COMPARED_ADDR:
        set_addr(ret, &compared->addr, values);
        break;
    case MPA_COMPARED_TEXT:
        set_text(ret, compared->text);
        break;
    }
}

int64_t mpa_column_count(const struct mpa_column *column, const void *record)
{
    const char *at = (const char *)record + column->count_offset;

    if (column->kind == MPA_COL_WORDS)
        return column->fixed_count;
    return *(const int *)(const void *)at;
}

const void *mpa_column_items(const struct mpa_column *column, const void *record)
{
    const char *at = (const char *)record + column->offset;
    const void *items;

    if (column->kind == MPA_COL_WORDS || column->inline_items)
        return at;
    memcpy(&items, at, sizeof(items)); /* Whatever they are: their pointer is of another type. */
    return items;
}

const void *mpa_column_object(const struct mpa_column *column, const void *record)
{
    if (column->present && !column->present(record))
        return NULL;
    return (const char *)record + column->offset;
}
