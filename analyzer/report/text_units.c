/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values for people: three digits and a unit. */
#include "pseudonym.h"
#include "text.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const char *nothing(char *ret)
{
    return strcpy(ret, "-");
}

/* Three digits that count, and the unit. */
static const char *with_unit(double value, const char *unit, char *ret)
{
    double size = fabs(value);
    int decimals = size < 9.995 ? 2 : size < 99.95 ? 1 : 0;

    snprintf(ret, TEXT_CELL, "%.*f %s", decimals, value, unit);
    return ret;
}

const char *text_duration(int64_t ns, char *ret)
{
    double value = (double)ns;
    double size = fabs(value);

    if (ns == MPA_NULL)
        return nothing(ret);
    if (size < 999.5)
        return snprintf(ret, TEXT_CELL, "%" PRId64 " ns", ns), ret;
    if (size < 999.5e3)
        return with_unit(value / 1e3, "us", ret);
    if (size < 999.5e6)
        return with_unit(value / 1e6, "ms", ret);
    return with_unit(value / 1e9, "s", ret);
}

const char *text_bytes(int64_t bytes, char *ret)
{
    static const char *const units[] = {"kB", "MB", "GB", "TB"};
    double value = (double)bytes / 1e3;
    unsigned i = 0;

    if (bytes == MPA_NULL)
        return nothing(ret);
    if (bytes < 1000)
        return snprintf(ret, TEXT_CELL, "%" PRId64 " B", bytes), ret;
    while (value >= 999.5 && i < 3) {
        value /= 1e3;
        i++;
    }
    return with_unit(value, units[i], ret);
}

const char *text_count(int64_t count, char *ret)
{
    char digits[24];
    int length;
    int i;
    char *to = ret;

    if (count == MPA_NULL)
        return nothing(ret);
    length = snprintf(digits, sizeof(digits), "%" PRId64, count);
    for (i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0 && digits[i - 1] != '-')
            *to++ = ',';
        *to++ = digits[i];
    }
    *to = '\0';
    return ret;
}

const char *text_share(double share, char *ret)
{
    if (isnan(share))
        return nothing(ret);
    snprintf(ret, TEXT_CELL, share > 0 && share < 0.001 ? "%.2f %%" : "%.1f %%", share * 100);
    return ret;
}

const char *text_instant(int64_t ns, const struct mpa_values *values, char *ret)
{
    if (ns == MPA_NULL)
        return nothing(ret);
    snprintf(ret, TEXT_CELL, "%.3f s", (double)(ns - values->epoch_ns) / 1e9);
    return ret;
}

const char *text_addr(const struct mpa_addr *addr, const struct mpa_values *values, char *ret)
{
    struct mpa_addr shown = *addr;

    if (addr->q[0] == 0 && addr->q[1] == 0)
        return nothing(ret);
    if (values->anonymizer)
        shown = mpa_anonymizer_addr(values->anonymizer, addr);
    return mpa_addr_text(&shown, ret);
}

const char *text_endpoint(const struct mpa_endpoint *e, const struct mpa_values *values, char *ret)
{
    char addr[TEXT_CELL];

    text_addr(&e->addr, values, addr);
    snprintf(ret, TEXT_CELL, mpa_addr_is_v4(&e->addr) ? "%.60s:%u" : "[%.60s]:%u", addr,
             (unsigned)e->port);
    return ret;
}

const char *text_outside(const char *text, const struct mpa_values *values, char *ret, size_t size)
{
    char *p;

    if (!text || text[0] == '\0')
        return nothing(ret);
    if (values->anonymizer)
        mpa_pseudonym_text(values->anonymizer, text, ret, size);
    else
        snprintf(ret, size, "%s", text);
    /* A name must not move a terminal's cursor. */
    for (p = ret; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
    return ret;
}
