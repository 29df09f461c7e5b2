/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Macros for the rows of schema tables.  R must be defined as the record's type.  A row whose member has another type than its kind
 * needs does not compile: _Generic has no branch for it.
 */
#ifndef MPA_REPORT_SCHEMA_ROWS_H
#define MPA_REPORT_SCHEMA_ROWS_H

#include "schema.h"

#define MPA_AT(type, member) _Generic(((R *)0)->member, type : offsetof(R, member))
#define MPA_LEAF(key, kind_, type, member)                                                         \
    {                                                                                              \
        .name = key, .kind = MPA_COL_##kind_, .offset = MPA_AT(type, member)                       \
    }

/* clang-format off */
#define INT(key, member)          MPA_LEAF(key, INT, int64_t, member)
#define INT32(key, member)        MPA_LEAF(key, INT32, int32_t, member)
#define PORT(key, member)         MPA_LEAF(key, PORT, uint16_t, member)
#define INDEX(key, member)        MPA_LEAF(key, INDEX, int64_t, member)
#define TIME(key, member)         MPA_LEAF(key, TIME, int64_t, member)
#define EPOCH(key, member)        MPA_LEAF(key, EPOCH, int64_t, member)
#define FLAG(key, member)         MPA_LEAF(key, FLAG, int64_t, member)
#define BOOL(key, member)         MPA_LEAF(key, BOOL, bool, member)
#define HEX32(key, member)        MPA_LEAF(key, HEX32, int64_t, member)
#define REAL(key, member)         MPA_LEAF(key, REAL, double, member)
#define WORDS_OF(key, member)     MPA_LEAF(key, WORD, enum mpa_word, member)
#define WORD_OR_NULL(key, member) MPA_LEAF(key, WORD_OR_NULL, enum mpa_word, member)
#define DIALECT_OF(key, member)   MPA_LEAF(key, DIALECT, enum mpa_dialect, member)
#define DIRECTION(key, member)    MPA_LEAF(key, DIRECTION, enum mpa_dir, member)
#define TEXT(key, member)         MPA_LEAF(key, TEXT, const char *, member)
#define CHARS(key, member)        MPA_LEAF(key, CHARS, char *, member)
#define ADDR(key, member)         MPA_LEAF(key, ADDR, struct mpa_addr, member)
#define CHOICE(key, member, no, yes) \
    {.name = key, .kind = MPA_COL_CHOICE, .offset = MPA_AT(bool, member), .choice = {no, yes}}

/* 'rows' describe the member ... */
#define OBJECT(key, member, rows) \
    {.name = key, .kind = MPA_COL_OBJECT, .offset = offsetof(R, member), .sub = rows}
#define OBJECT_IF(key, member, rows, predicate) \
    {.name = key, .kind = MPA_COL_OBJECT, .offset = offsetof(R, member), .sub = rows, .present = predicate}
/* ... or again the record itself. */
#define GROUP(key, rows) {.name = key, .kind = MPA_COL_OBJECT, .sub = rows}
#define GROUP_IF(key, rows, predicate) \
    {.name = key, .kind = MPA_COL_OBJECT, .sub = rows, .present = predicate}

/* Counts by word, from word 'first' on at 'member'. */
#define BY_WORD(key, member, first, count, rows) \
    {.name = key, .kind = MPA_COL_WORDS, .offset = offsetof(R, member), .sub = rows, .first_word = first, \
     .fixed_count = count, .stride = sizeof(((R *)0)->member)}

/* A pointer to items and their count; the same, but rows of a CSV file of their own; items in the record. */
#define LIST(key, member, count, rows) \
    {.name = key, .kind = MPA_COL_LIST, .offset = offsetof(R, member), .sub = rows, \
     .stride = sizeof(*((R *)0)->member), .count_offset = MPA_AT(int, count)}
#define LIST_OWN_FILE(key, member, count, rows) \
    {.name = key, .kind = MPA_COL_LIST, .offset = offsetof(R, member), .sub = rows, \
     .stride = sizeof(*((R *)0)->member), .count_offset = MPA_AT(int, count), .own_file = true}
#define LIST_INLINE(key, member, count, rows) \
    {.name = key, .kind = MPA_COL_LIST, .offset = offsetof(R, member), .sub = rows, \
     .stride = sizeof(*((R *)0)->member), .count_offset = MPA_AT(int, count), .inline_items = true}
#define END_OF_ROWS {.kind = MPA_COL_END}
/* clang-format on */

#endif
