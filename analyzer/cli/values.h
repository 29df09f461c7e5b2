/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of options: text to numbers, times, selections. */
#ifndef MPA_CLI_VALUES_H
#define MPA_CLI_VALUES_H

#include "mpa/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --from, --to. */
struct time_point {
    bool given;
    bool relative; /* To the first packet of all captures. */
    int64_t ns;
};

enum selection_kind { SELECT_CLIENT, SELECT_SERVER, SELECT_TOKEN, SELECT_CONNECTION };

/* One --select. */
struct selection {
    enum selection_kind kind;
    struct mpa_prefix prefix; /* Of client and server. */
    int64_t number;           /* Token or connection id. */
};

/* All digits of 'text' as a number of 'min' to 'max'; false otherwise. */
bool value_number(const char *text, uint64_t min, uint64_t max, uint64_t *ret);

/* Seconds with up to 9 decimals to nanoseconds, sign apart; 'text' may not have one. */
bool value_seconds(const char *text, int64_t *ret_ns);

/* Seconds since the epoch with decimals, RFC 3339 ("2026-11-21T05:30:00.5Z"), or "+12.5":
   seconds after the first packet. */
bool value_time(const char *text, struct time_point *ret);

/* client=ADDR[/LEN], server=ADDR[/LEN], token=HEX, connection=ID. */
bool value_selection(const char *text, struct selection *ret);

/* aa:bb:cc:dd:ee:ff, also with '-'. */
bool value_mac(const char *text, uint8_t ret[6]);

#define VALUE_SECRET_MAX 64

/* An even number of hexadecimal digits, for 1 to VALUE_SECRET_MAX bytes. */
bool value_secret(const char *text, uint8_t ret[VALUE_SECRET_MAX], size_t *ret_size);

/* Whether a connection is selected: selections of one kind are alternatives, kinds must all
   hold.  An address selects a connection when any of its subflows has it. */
bool selection_has(const struct selection *selections, int count, const struct mpa_rec_conn *conn);

#endif
