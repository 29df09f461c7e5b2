/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stream.h"

#include "mpa/status.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

/* Larger than stdio's 4 KiB: a capture is read once, from start to end. */
#define STREAM_BUFFER (1u << 18)

enum stream_codec { STREAM_PLAIN, STREAM_GZIP, STREAM_ZSTD };

struct mpa_stream {
    FILE *file;
    int fd; /* Owned, unless the FILE has taken it (-1). */
    enum stream_codec codec;
    bool seekable;
    bool member_open; /* Inside a gzip member or zstd frame. */
    bool eof;         /* Of the compressed bytes. */
    uint64_t raw_read;
    uint64_t raw_size;
    const char *error;
    z_stream gzip;
    ZSTD_DStream *zstd;
    char *file_buffer; /* stdio's, STREAM_BUFFER bytes. */
    size_t in_pos, in_size;
    uint8_t in[STREAM_BUFFER];
};

/* More raw bytes behind those that are left; false at the end or on an error. */
static bool stream_fill(struct mpa_stream *s)
{
    ssize_t got;

    if (s->in_pos > 0) {
        memmove(s->in, s->in + s->in_pos, s->in_size - s->in_pos);
        s->in_size -= s->in_pos;
        s->in_pos = 0;
    }
    if (s->eof || s->in_size == sizeof(s->in))
        return false;
    do {
        got = read(s->fd, s->in + s->in_size, sizeof(s->in) - s->in_size);
    } while (got < 0 && errno == EINTR);
    if (got <= 0) {
        s->eof = true;
        if (got < 0)
            s->error = strerrordesc_np(errno);
        return false;
    }
    s->in_size += (size_t)got;
    s->raw_read += (uint64_t)got;
    return true;
}

static size_t stream_plain(struct mpa_stream *s, char *out, size_t size)
{
    size_t n = s->in_size - s->in_pos;

    if (n > size)
        n = size;
    memcpy(out, s->in + s->in_pos, n);
    s->in_pos += n;
    return n;
}

/* A gzip file may have several members; what follows the last and is no member is ignored, as
   gzip itself does. */
static size_t stream_gunzip(struct mpa_stream *s, char *out, size_t size)
{
    int rc;

    if (!s->member_open) {
        if (s->in_size - s->in_pos < 2 && stream_fill(s))
            return 0;
        if (s->in_size - s->in_pos < 2 || s->in[s->in_pos] != 0x1f ||
            s->in[s->in_pos + 1] != 0x8b) {
            s->in_pos = s->in_size;
            s->eof = true;
            return 0;
        }
        inflateReset(&s->gzip);
        s->member_open = true;
    }
    s->gzip.next_in = s->in + s->in_pos;
    s->gzip.avail_in = (uInt)(s->in_size - s->in_pos);
    s->gzip.next_out = (Bytef *)out;
    s->gzip.avail_out = (uInt)size;
    rc = inflate(&s->gzip, Z_NO_FLUSH);
    s->in_pos = s->in_size - s->gzip.avail_in;
    if (rc == Z_STREAM_END)
        s->member_open = false;
    else if (rc != Z_OK && rc != Z_BUF_ERROR)
        s->error = rc == Z_MEM_ERROR ? "out of memory" : "the gzip data are damaged";
    return size - s->gzip.avail_out;
}

static size_t stream_unzstd(struct mpa_stream *s, char *out, size_t size)
{
    ZSTD_inBuffer in = {s->in, s->in_size, s->in_pos};
    ZSTD_outBuffer to = {out, size, 0};
    size_t rc = ZSTD_decompressStream(s->zstd, &to, &in);

    s->in_pos = in.pos;
    if (ZSTD_isError(rc))
        s->error = "the zstd data are damaged";
    else
        s->member_open = rc != 0;
    return to.pos;
}

static ssize_t stream_read(void *cookie, char *out, size_t size)
{
    struct mpa_stream *s = cookie;

    if (size > INT32_MAX)
        size = INT32_MAX;
    while (!s->error && size > 0) {
        size_t n = 0;

        if (s->in_pos < s->in_size || (s->codec == STREAM_ZSTD && s->member_open)) {
            switch (s->codec) {
            case STREAM_PLAIN:
                n = stream_plain(s, out, size);
                break;
            case STREAM_GZIP:
                n = stream_gunzip(s, out, size);
                break;
            case STREAM_ZSTD:
                n = stream_unzstd(s, out, size);
                break;
            }
        }
        if (n > 0)
            return (ssize_t)n;
        if (s->in_pos == s->in_size && !stream_fill(s)) {
            if (!s->error && s->member_open)
                s->error = "the compressed data end early";
            break;
        }
    }
    /* What was decompressed stands; the error is asked for once the reader has seen the end. */
    return 0;
}

/* libpcap closes the FILE; the rest lives on for mpa_stream_error(). */
static int stream_cookie_close(void *cookie)
{
    (void)cookie;
    return 0;
}

static int stream_start_codec(struct mpa_stream *s)
{
    static const uint8_t zstd_magic[4] = {0x28, 0xb5, 0x2f, 0xfd};

    if (s->in_size >= 2 && s->in[0] == 0x1f && s->in[1] == 0x8b) {
        if (inflateInit2(&s->gzip, 15 + 16) != Z_OK)
            return MPA_ERR_NOMEM;
        s->codec = STREAM_GZIP;
    } else if (s->in_size >= 4 && memcmp(s->in, zstd_magic, 4) == 0) {
        s->zstd = ZSTD_createDStream();
        if (!s->zstd)
            return MPA_ERR_NOMEM;
        s->codec = STREAM_ZSTD;
    }
    return 0;
}

/* A FILE over the bytes: the file itself where it is plain, so that stdio reads it without a
   copy of ours. */
static int stream_start_file(struct mpa_stream *s)
{
    static const cookie_io_functions_t io = {.read = stream_read, .close = stream_cookie_close};

    s->file_buffer = malloc(STREAM_BUFFER);
    if (!s->file_buffer)
        return MPA_ERR_NOMEM;
    if (s->codec == STREAM_PLAIN && s->seekable && lseek(s->fd, 0, SEEK_SET) == 0) {
        s->file = fdopen(s->fd, "rb");
        if (s->file)
            s->fd = -1;
    } else {
        s->file = fopencookie(s, "rb", io);
    }
    if (!s->file)
        return MPA_ERR_NOMEM;
    setvbuf(s->file, s->file_buffer, _IOFBF, STREAM_BUFFER);
    /* One thread reads one file. */
    __fsetlocking(s->file, FSETLOCKING_BYCALLER);
    return 0;
}

static int stream_open_fd(const char *path, char *ret_error, size_t error_size)
{
    bool in = strcmp(path, "-") == 0;
    int fd = in ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    const char *why = NULL;
    struct stat st;

    if (fd < 0 || fstat(fd, &st) != 0)
        why = strerrordesc_np(errno);
    else if (S_ISDIR(st.st_mode))
        why = strerrordesc_np(errno = EISDIR);
    else if (isatty(fd))
        why = "is a terminal";
    if (!why)
        return fd;
    snprintf(ret_error, error_size, "%s", why);
    if (fd >= 0)
        close(fd);
    return -1;
}

int mpa_stream_open(const char *path, struct mpa_stream **ret, char *ret_error, size_t error_size)
{
    struct mpa_stream *s;
    struct stat st;
    int rc = MPA_ERR_NOMEM;
    int fd = stream_open_fd(path, ret_error, error_size);

    if (fd < 0)
        return MPA_ERR_OPEN;
    s = calloc(1, sizeof(*s));
    if (!s) {
        close(fd);
        goto fail;
    }
    s->fd = fd;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        s->raw_size = (uint64_t)st.st_size;
        s->seekable = strcmp(path, "-") != 0;
        posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    }
    while (s->in_size < 4 && stream_fill(s))
        ;
    if (s->error) {
        snprintf(ret_error, error_size, "%s", s->error);
        mpa_stream_close(s);
        return MPA_ERR_READ;
    }
    if (s->in_size == 0) {
        rc = MPA_ERR_EMPTY;
        goto fail;
    }
    rc = stream_start_codec(s);
    if (rc == 0)
        rc = stream_start_file(s);
    if (rc != 0)
        goto fail;
    *ret = s;
    return 0;
fail:
    snprintf(ret_error, error_size, "%s", mpa_strerror(rc));
    mpa_stream_close(s);
    return rc;
}

FILE *mpa_stream_file(struct mpa_stream *s)
{
    return s->file;
}

bool mpa_stream_plain(const struct mpa_stream *s)
{
    return s->fd < 0;
}

bool mpa_stream_seekable(const struct mpa_stream *s)
{
    return s->seekable;
}

const char *mpa_stream_error(const struct mpa_stream *s)
{
    return s->error;
}

void mpa_stream_progress(const struct mpa_stream *s, uint64_t *ret_read, uint64_t *ret_size)
{
    /* Without a cookie the FILE knows where it is. */
    off_t at = s->fd < 0 ? ftello(s->file) : -1;

    *ret_read = at >= 0 ? (uint64_t)at : s->raw_read;
    *ret_size = s->raw_size;
}

uint64_t mpa_stream_size(const struct mpa_stream *s)
{
    return s->raw_size;
}

void mpa_stream_close(struct mpa_stream *s)
{
    if (!s)
        return;
    if (s->fd >= 0)
        close(s->fd);
    if (s->codec == STREAM_GZIP)
        inflateEnd(&s->gzip);
    ZSTD_freeDStream(s->zstd);
    free(s->file_buffer);
    free(s);
}

bool mpa_stream_is_capture(const char *path)
{
    static const uint8_t magics[][4] = {
        {0xa1, 0xb2, 0xc3, 0xd4}, {0xd4, 0xc3, 0xb2, 0xa1}, /* pcap, microseconds */
        {0xa1, 0xb2, 0x3c, 0x4d}, {0x4d, 0x3c, 0xb2, 0xa1}, /* pcap, nanoseconds */
        {0xa1, 0xb2, 0xcd, 0x34}, {0x34, 0xcd, 0xb2, 0xa1}, /* pcap, Kuznetzov's */
        {0x0a, 0x0d, 0x0d, 0x0a},                           /* pcapng */
    };
    struct mpa_stream *s;
    uint8_t head[4];
    char error[8];
    bool found = false;

    if (mpa_stream_open(path, &s, error, sizeof(error)) != 0)
        return false;
    if (fread(head, sizeof(head), 1, s->file) == 1)
        for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
            found = found || memcmp(head, magics[i], sizeof(head)) == 0;
    fclose(s->file);
    mpa_stream_close(s);
    return found;
}
