/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "values.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS 1000000000

bool value_number(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
    uint64_t n = 0;

    if (!*text)
        return false;
    for (; *text; text++) {
        if (!isdigit((unsigned char)*text) || __builtin_mul_overflow(n, UINT64_C(10), &n) ||
            __builtin_add_overflow(n, (uint64_t)(*text - '0'), &n))
            return false;
    }
    if (n < min || n > max)
        return false;
    *ret = n;
    return true;
}

/* ".5" to nanoseconds; further digits than nine must be digits and are dropped.  Returns what
   follows, or NULL. */
static const char *parse_fraction(const char *text, int64_t *ret_ns)
{
    int64_t ns = 0, unit = NS;

    if (*text == '.') {
        if (!isdigit((unsigned char)*++text))
            return NULL;
        for (; isdigit((unsigned char)*text); text++) {
            unit /= 10;
            ns += (*text - '0') * unit;
        }
    }
    *ret_ns = ns;
    return text;
}

bool value_seconds(const char *text, int64_t *ret_ns)
{
    int64_t seconds = 0, fraction, ns;

    if (!isdigit((unsigned char)*text))
        return false;
    for (; isdigit((unsigned char)*text); text++)
        if (__builtin_mul_overflow(seconds, (int64_t)10, &seconds) ||
            __builtin_add_overflow(seconds, (int64_t)(*text - '0'), &seconds))
            return false;
    text = parse_fraction(text, &fraction);
    if (!text || *text || __builtin_mul_overflow(seconds, (int64_t)NS, &ns) ||
        __builtin_add_overflow(ns, fraction, &ns))
        return false;
    *ret_ns = ns;
    return true;
}

/* 'count' digits; -1 where there are none such. */
static int parse_digits(const char **text, int count)
{
    int n = 0;

    for (int i = 0; i < count; i++, (*text)++) {
        if (!isdigit((unsigned char)**text))
            return -1;
        n = 10 * n + (**text - '0');
    }
    return n;
}

static bool skip_char(const char **text, const char *accepted)
{
    if (!**text || !strchr(accepted, **text))
        return false;
    (*text)++;
    return true;
}

/* The zone of RFC 3339: "Z" or "+hh:mm", in seconds. */
static bool parse_zone(const char *text, int64_t *ret)
{
    int hours, minutes, sign = *text == '-' ? -1 : 1;

    *ret = 0;
    if (skip_char(&text, "Zz"))
        return !*text;
    if (!skip_char(&text, "+-") || (hours = parse_digits(&text, 2)) < 0 || !skip_char(&text, ":") ||
        (minutes = parse_digits(&text, 2)) < 0 || *text || hours > 23 || minutes > 59)
        return false;
    *ret = sign * (hours * 3600 + minutes * 60);
    return true;
}

static bool parse_rfc3339(const char *text, int64_t *ret_ns)
{
    struct tm tm = {0}, given;
    int64_t fraction, zone, ns;
    time_t seconds;

    tm.tm_year = parse_digits(&text, 4) - 1900;
    if (!skip_char(&text, "-") || (tm.tm_mon = parse_digits(&text, 2) - 1) < 0 ||
        !skip_char(&text, "-") || (tm.tm_mday = parse_digits(&text, 2)) < 1 ||
        !skip_char(&text, "Tt ") || (tm.tm_hour = parse_digits(&text, 2)) < 0 ||
        !skip_char(&text, ":") || (tm.tm_min = parse_digits(&text, 2)) < 0 ||
        !skip_char(&text, ":") || (tm.tm_sec = parse_digits(&text, 2)) < 0)
        return false;
    text = parse_fraction(text, &fraction);
    if (!text || !parse_zone(text, &zone))
        return false;
    given = tm;
    seconds = timegm(&tm);
    /* timegm() makes the 1st of March out of the 30th of February: no such time was given.  (A
       leap second is accepted.) */
    if (given.tm_mon != tm.tm_mon && given.tm_sec != 60)
        return false;
    if (given.tm_mon > 11 || given.tm_mday > 31 || given.tm_hour > 23 || given.tm_min > 59 ||
        given.tm_sec > 60)
        return false;
    if (__builtin_mul_overflow((int64_t)seconds - zone, (int64_t)NS, &ns) ||
        __builtin_add_overflow(ns, fraction, &ns))
        return false;
    *ret_ns = ns;
    return true;
}

bool value_time(const char *text, struct time_point *ret)
{
    struct time_point t = {.given = true, .relative = *text == '+'};

    if (t.relative ? !value_seconds(text + 1, &t.ns)
                   : !value_seconds(text, &t.ns) && !parse_rfc3339(text, &t.ns))
        return false;
    *ret = t;
    return true;
}

static bool parse_token(const char *text, int64_t *ret)
{
    char *end;
    size_t digits;

    if (strncmp(text, "0x", 2) == 0)
        text += 2;
    digits = strspn(text, "0123456789abcdefABCDEF");
    if (digits == 0 || digits > 8 || text[digits])
        return false;
    *ret = (int64_t)strtoul(text, &end, 16);
    return true;
}

bool value_selection(const char *text, struct selection *ret)
{
    static const struct {
        const char *word;
        enum selection_kind kind;
    } rows[] = {
        {"client=", SELECT_CLIENT},
        {"server=", SELECT_SERVER},
        {"token=", SELECT_TOKEN},
        {"connection=", SELECT_CONNECTION},
    };
    struct selection s = {0};
    uint64_t id;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t length = strlen(rows[i].word);
        const char *value = text + length;

        if (strncmp(text, rows[i].word, length) != 0)
            continue;
        s.kind = rows[i].kind;
        if (s.kind == SELECT_TOKEN && !parse_token(value, &s.number))
            return false;
        if (s.kind == SELECT_CONNECTION) {
            if (!value_number(value, 0, INT64_MAX, &id))
                return false;
            s.number = (int64_t)id;
        }
        if ((s.kind == SELECT_CLIENT || s.kind == SELECT_SERVER) &&
            mpa_prefix_parse(value, &s.prefix) != 0)
            return false;
        *ret = s;
        return true;
    }
    return false;
}

bool value_mac(const char *text, uint8_t ret[6])
{
    uint8_t mac[6];

    for (int i = 0; i < 6; i++) {
        if (!isxdigit((unsigned char)text[0]) || !isxdigit((unsigned char)text[1]))
            return false;
        mac[i] = (uint8_t)strtoul((const char[]){text[0], text[1], '\0'}, NULL, 16);
        text += 2;
        if (i < 5 && !skip_char(&text, ":-"))
            return false;
    }
    if (*text)
        return false;
    memcpy(ret, mac, sizeof(mac));
    return true;
}

bool value_secret(const char *text, uint8_t ret[VALUE_SECRET_MAX], size_t *ret_size)
{
    size_t size = 0;

    for (; *text; text += 2) {
        if (size == VALUE_SECRET_MAX || !isxdigit((unsigned char)text[0]) ||
            !isxdigit((unsigned char)text[1]))
            return false;
        ret[size++] = (uint8_t)strtoul((const char[]){text[0], text[1], '\0'}, NULL, 16);
    }
    *ret_size = size;
    return size > 0;
}

static bool one_holds(const struct selection *s, const struct mpa_rec_conn *conn)
{
    switch (s->kind) {
    case SELECT_TOKEN:
        return conn->token_client == s->number || conn->token_server == s->number;
    case SELECT_CONNECTION:
        return conn->id == s->number;
    case SELECT_CLIENT:
        if (mpa_prefix_has(&s->prefix, &conn->client.addr))
            return true;
        for (int i = 0; i < conn->subflow_count; i++)
            if (mpa_prefix_has(&s->prefix, &conn->subflows[i].client.addr))
                return true;
        return false;
    case SELECT_SERVER:
        if (mpa_prefix_has(&s->prefix, &conn->server.addr))
            return true;
        for (int i = 0; i < conn->subflow_count; i++)
            if (mpa_prefix_has(&s->prefix, &conn->subflows[i].server.addr))
                return true;
        return false;
    }
    return false;
}

bool selection_has(const struct selection *selections, int count, const struct mpa_rec_conn *conn)
{
    unsigned asked = 0, held = 0;

    for (int i = 0; i < count; i++) {
        asked |= 1u << selections[i].kind;
        if (one_holds(&selections[i], conn))
            held |= 1u << selections[i].kind;
    }
    return asked == held;
}
