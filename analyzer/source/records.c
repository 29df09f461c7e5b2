/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "records.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUFFER        (256u * 1024)
#define FILE_HEADER   24
#define RECORD_HEADER 16

struct mpa_records {
    FILE *file;
    uint64_t offset; /* In the file: of 'at'. */
    size_t at, size; /* In the buffer: the next record, and the end of what was read. */
    uint32_t snaplen;
    uint32_t unit_ns; /* Of the times' second half. */
    bool swapped;
    uint8_t buffer[BUFFER];
};

static uint32_t get32(const struct mpa_records *r, const uint8_t *at)
{
    uint32_t v;

    memcpy(&v, at, sizeof(v));
    return r->swapped ? __builtin_bswap32(v) : v;
}

/* Move what is left to the front and read on behind it; whether anything came. */
static bool fill(struct mpa_records *r)
{
    ssize_t got;

    memmove(r->buffer, r->buffer + r->at, r->size - r->at);
    r->size -= r->at;
    r->at = 0;
    do {
        got = pread(fileno(r->file), r->buffer + r->size, BUFFER - r->size,
                    (off_t)(r->offset + r->size));
    } while (got < 0 && errno == EINTR);
    if (got <= 0)
        return false;
    r->size += (size_t)got;
    return true;
}

/* Bytes of the buffer from the next record on, at least 'size' of them unless the file ends. */
static bool have(struct mpa_records *r, size_t size)
{
    while (r->size - r->at < size)
        if (!fill(r))
            return false;
    return true;
}

/* The file header (draft-ietf-opsawg-pcap section 4). */
static bool read_header(struct mpa_records *r)
{
    static const struct {
        uint32_t magic;
        uint32_t unit_ns;
    } kinds[] = {{0xa1b2c3d4, 1000}, {0xa1b23c4d, 1}};
    uint32_t magic;
    uint16_t version[2];

    if (!have(r, FILE_HEADER))
        return false;
    memcpy(&magic, r->buffer, sizeof(magic));
    memcpy(version, r->buffer + 4, sizeof(version));
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        bool same = magic == kinds[i].magic;

        if (!same && magic != __builtin_bswap32(kinds[i].magic))
            continue;
        r->swapped = !same;
        r->unit_ns = kinds[i].unit_ns;
        r->at = r->offset = FILE_HEADER;
        return version[0] == (same ? 2 : __builtin_bswap16(2)) &&
               version[1] == (same ? 4 : __builtin_bswap16(4));
    }
    return false;
}

struct mpa_records *mpa_records_open(FILE *file, uint32_t snaplen)
{
    struct mpa_records *r = malloc(sizeof(*r));

    if (!r)
        return NULL;
    r->file = file;
    r->offset = 0;
    r->at = r->size = 0;
    r->snaplen = snaplen < BUFFER - RECORD_HEADER ? snaplen : BUFFER - RECORD_HEADER;
    if (!read_header(r)) {
        free(r);
        return NULL;
    }
    return r;
}

/* A record's header and bytes (section 5 of the same).  Seconds from 2038 on are signed to some and not to others. */
static bool plain(struct mpa_records *r, struct mpa_frame *ret)
{
    const uint8_t *at;
    uint32_t seconds, fraction;

    if (!have(r, RECORD_HEADER))
        return false;
    at = r->buffer + r->at;
    seconds = get32(r, at);
    fraction = get32(r, at + 4);
    ret->captured = get32(r, at + 8);
    ret->wire = get32(r, at + 12);
    if (seconds > INT32_MAX || fraction >= 1000000000u / r->unit_ns || ret->captured > r->snaplen ||
        !have(r, RECORD_HEADER + (size_t)ret->captured))
        return false;
    ret->ns = (int64_t)seconds * 1000000000 + (int64_t)fraction * r->unit_ns;
    ret->data = r->buffer + r->at + RECORD_HEADER;
    return true;
}

bool mpa_records_next(struct mpa_records *r, struct mpa_frame *ret)
{
    if (!plain(r, ret)) {
        (void)fseeko(r->file, (off_t)r->offset, SEEK_SET);
        return false;
    }
    r->at += RECORD_HEADER + (size_t)ret->captured;
    r->offset += RECORD_HEADER + (size_t)ret->captured;
    return true;
}

uint64_t mpa_records_offset(const struct mpa_records *r)
{
    return r->offset;
}

void mpa_records_free(struct mpa_records *r)
{
    free(r);
}
