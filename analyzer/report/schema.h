/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The records described by tables: one row says a value's name in the outputs, its kind and where it lies in the record.
 *
 * JSON and CSV are both written from these tables, so that a new value is one row and the two formats cannot differ.  A table is an
 * array of columns that ends with MPA_COL_END.  Structure (objects, lists, counts by word) is in the tables too; each
 * writer recurses over it in its own way and asks mpa_column_value() for the leaves.
 */
#ifndef MPA_REPORT_SCHEMA_H
#define MPA_REPORT_SCHEMA_H

#include "mpa/record.h"
#include "mpa/report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mpa_column_kind {
    MPA_COL_END = 0,
    /* Leaves. */
    MPA_COL_INT,          /* int64_t. */
    MPA_COL_INT32,        /* int32_t. */
    MPA_COL_PORT,         /* uint16_t. */
    MPA_COL_INDEX,        /* int64_t; null when negative. */
    MPA_COL_TIME,         /* int64_t since 1970; written relative to the epoch of the report. */
    MPA_COL_EPOCH,        /* int64_t; written as a decimal string, which no reader rounds. */
    MPA_COL_FLAG,         /* int64_t 0 or 1; written as a truth value. */
    MPA_COL_BOOL,         /* bool. */
    MPA_COL_CHOICE,       /* bool: one of the two texts in 'choice'. */
    MPA_COL_HEX32,        /* int64_t as eight hexadecimal digits. */
    MPA_COL_REAL,         /* double; NaN is null. */
    MPA_COL_WORD,         /* enum mpa_word. */
    MPA_COL_WORD_OR_NULL, /* The same; a "none" is null. */
    MPA_COL_DIALECT,      /* enum mpa_dialect. */
    MPA_COL_DIRECTION,    /* enum mpa_dir. */
    MPA_COL_TEXT,         /* const char *; may be NULL. */
    MPA_COL_CHARS,        /* char array. */
    MPA_COL_ADDR,         /* struct mpa_addr; all zeros is null. */
    MPA_COL_PREFIX,       /* struct mpa_prefix. */
    MPA_COL_COMMUNITY_ID, /* Of the struct mpa_rec_subflow at 'offset' 0. */
    MPA_COL_RULE,         /* uint16_t, enum mpa_rule: its id ... */
    MPA_COL_REFERENCE,    /* ... and what it refers to. */
    /* Structure. */
    MPA_COL_OBJECT, /* 'sub' at 'offset'; null where 'present' says so. */
    MPA_COL_WORDS, /* 'fixed_count' items of 'stride' bytes, named by the words from 'first_word'. */
    MPA_COL_LIST,  /* Items of 'stride' bytes: see 'inline_items' and the count. */
    MPA_COL_COMPARED, /* What a finding compared: a key for each of the struct mpa_rec_value at 'offset', an int at 'count_offset'. */
};

struct mpa_column {
    const char *name; /* Key.  NULL: the item of a list or of counts is the value itself. */
    enum mpa_column_kind kind;
    size_t offset; /* In the record that the table is about. */
    const struct mpa_column *sub;
    bool (*present)(const void *record); /* NULL: always. */
    const char *choice[2];               /* For false and true. */
    enum mpa_word first_word;
    int fixed_count;
    size_t stride;
    size_t count_offset; /* Of the list's count, an int. */
    bool inline_items;   /* The items lie in the record; otherwise a pointer to them does. */
    bool own_file;       /* CSV: the items are rows of a file of their own. */
};

/* What values need beside the record. */
struct mpa_values {
    int64_t epoch_ns;
    const struct mpa_anonymizer *anonymizer; /* NULL: none. */
};

enum mpa_value_kind {
    MPA_VALUE_NULL,
    MPA_VALUE_INT,
    MPA_VALUE_REAL,
    MPA_VALUE_BOOL,
    MPA_VALUE_TEXT
};

struct mpa_value {
    enum mpa_value_kind kind;
    int64_t number; /* INT, BOOL. */
    double real;
    const char *text; /* Valid as long as the record and this value are. */
    char buffer[4200];
};

/* The leaf 'column' of 'record', pseudonyms already in place. */
void mpa_column_value(const struct mpa_column *column, const void *record,
                      const struct mpa_values *values, struct mpa_value *ret);

/* Items of a LIST or WORDS column: their number, and the first one's place. */
int64_t mpa_column_count(const struct mpa_column *column, const void *record);
const void *mpa_column_items(const struct mpa_column *column, const void *record);

/* The record that an OBJECT column's rows are about; NULL when the object is null. */
const void *mpa_column_object(const struct mpa_column *column, const void *record);

/* One of the values of a MPA_COL_COMPARED: its key (durations end in _dur_ns), into 'ret' of MPA_COMPARED_NAME bytes, and itself. */
#define MPA_COMPARED_NAME 80
const char *mpa_compared_name(const struct mpa_rec_value *compared, char *ret);
void mpa_compared_value(const struct mpa_rec_value *compared, const struct mpa_values *values,
                        struct mpa_value *ret);

static inline bool mpa_column_is_leaf(const struct mpa_column *column)
{
    return column->kind < MPA_COL_OBJECT;
}

/* A row of resets.csv: the first RST of one direction of a subflow. */
struct mpa_reset_row {
    int64_t subflow;
    struct mpa_endpoint client, server;
    int64_t on_vip;
    struct mpa_rec_reset
        reset;       /* Beyond class, side and time only the subflow's earliest has values. */
    int64_t packets; /* RSTs in that direction; MPA_NULL unknown. */
};

/* The rows of 'subflow', earliest first; returns how many (0 to 2). */
int mpa_reset_rows(const struct mpa_rec_subflow *subflow, struct mpa_reset_row ret[2]);

/* A row of "findings" and of findings.csv, and one of "rules". */
struct mpa_finding_row {
    int64_t connection;
    struct mpa_rec_finding finding;
};

struct mpa_rule_row {
    uint16_t rule; /* enum mpa_rule */
    struct mpa_rec_rule counts;
};

/* The tables. */
extern const struct mpa_column mpa_schema_report[]; /* struct mpa_rec_report, all but "schema". */
extern const struct mpa_column mpa_schema_connection[];  /* struct mpa_rec_conn. */
extern const struct mpa_column mpa_schema_subflow[];     /* struct mpa_rec_subflow. */
extern const struct mpa_column mpa_schema_add_addr[];    /* struct mpa_rec_add_addr. */
extern const struct mpa_column mpa_schema_reset_row[];   /* struct mpa_reset_row: resets.csv. */
extern const struct mpa_column mpa_schema_churn_event[]; /* struct mpa_rec_churn_event. */
extern const struct mpa_column mpa_schema_bin[];         /* struct mpa_rec_bin: timeline.csv. */

extern const struct mpa_column mpa_schema_finding[]; /* struct mpa_finding_row. */
extern const struct mpa_column mpa_schema_rule[];    /* struct mpa_rule_row. */

/* Shared parts. */
extern const struct mpa_column mpa_schema_both[]; /* struct mpa_both. */
extern const struct mpa_column mpa_schema_both_time[];
extern const struct mpa_column mpa_schema_both_flag[];
extern const struct mpa_column mpa_schema_both_real[];   /* double[2]. */
extern const struct mpa_column mpa_schema_endpoint[];    /* struct mpa_endpoint. */
extern const struct mpa_column mpa_schema_frame[];       /* struct mpa_frame_ref. */
extern const struct mpa_column mpa_schema_percentiles[]; /* struct mpa_rec_percentiles. */
extern const struct mpa_column mpa_schema_int_item[];    /* int64_t. */
extern const struct mpa_column mpa_schema_int32_item[];  /* int32_t. */
extern const struct mpa_column mpa_schema_text_item[];   /* const char *. */

#endif
