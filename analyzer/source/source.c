/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mpa/source.h"

#include "filter.h"
#include "module.h"
#include "mpa/status.h"
#include "records.h"
#include "stream.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libpcap takes a snap length of 0 or above this as "everything" and says this instead (its
   MAXIMUM_SNAPLEN). */
#define SOURCE_SNAPLEN_MAX 262144

struct mpa_source {
    pcap_t *pcap;                /* NULL once the module reads. */
    struct mpa_records *records; /* Reads 'stream' before 'pcap' goes on; NULL afterwards. */
    struct mpa_stream *stream;   /* Under 'pcap'. */
    const struct mpa_module *module;
    void *handle; /* The module's. */
    char *path;
    char *filter_text; /* NULL: no filter. */
    struct mpa_filter filter;
    uint64_t number; /* Of the last frame. */
    uint32_t snaplen;
    uint16_t linktype; /* Of the file; the module's frames bring their own. */
    uint16_t capture;
    bool ended;
    bool peeked; /* 'next' is what mpa_source_next() gives next. */
    struct mpa_frame next;
    int next_status;
    char error[256];
};

/* libpcap names link types by DLT_ values, files by LINKTYPE_ values; for what is handled here
   only raw IP differs. */
static int linktype_of(int dlt)
{
    return dlt == DLT_RAW ? 101 : dlt;
}

static int link_error(int linktype, char *ret_error, size_t error_size)
{
    const char *name = pcap_datalink_val_to_description(linktype);

    snprintf(ret_error, error_size, "its link type %d%s%s%s is not handled", linktype,
             name ? " (" : "", name ? name : "", name ? ")" : "");
    return MPA_ERR_LINK;
}

/* What libpcap refuses, through wiretap.  'why' is libpcap's sentence. */
static int open_module(struct mpa_source *s, const char *why, char *ret_error, size_t error_size)
{
    char reason[256];
    int rc;

    s->module = mpa_module_load(reason, sizeof(reason));
    if (!s->module) {
        snprintf(ret_error, error_size, "%s; Wireshark's library might read it (%s)", why, reason);
        return MPA_ERR_FORMAT;
    }
    rc = s->module->open(s->path, &s->handle, reason, sizeof(reason));
    if (rc == MPA_ERR_FORMAT)
        snprintf(ret_error, error_size, "%s (%s)", mpa_strerror(rc), reason);
    else if (rc != 0)
        snprintf(ret_error, error_size, "%s", reason);
    else
        s->snaplen = s->module->snaplen(s->handle);
    if (rc != 0)
        s->module = NULL;
    return rc;
}

static int open_pcap(struct mpa_source *s, char *ret_error, size_t error_size)
{
    char why[PCAP_ERRBUF_SIZE] = "";
    const char *stream_error;
    int dlt, snaplen;

    s->pcap = pcap_fopen_offline_with_tstamp_precision(mpa_stream_file(s->stream),
                                                       PCAP_TSTAMP_PRECISION_NANO, why);
    if (!s->pcap) {
        fclose(mpa_stream_file(s->stream));
        stream_error = mpa_stream_error(s->stream);
        if (stream_error) {
            snprintf(ret_error, error_size, "%s", stream_error);
            return MPA_ERR_READ;
        }
        if (strstr(why, "truncated")) {
            snprintf(ret_error, error_size, "ends in the middle of the file's header");
            return MPA_ERR_FORMAT;
        }
        if (mpa_stream_seekable(s->stream))
            return open_module(s, "is not a capture file that libpcap reads", ret_error,
                               error_size);
        snprintf(ret_error, error_size, "%s", mpa_strerror(MPA_ERR_FORMAT));
        return MPA_ERR_FORMAT;
    }
    dlt = pcap_datalink(s->pcap);
    s->linktype = (uint16_t)linktype_of(dlt);
    if (!mpa_linktype_known(s->linktype))
        return link_error(dlt, ret_error, error_size);
    snaplen = pcap_snapshot(s->pcap);
    s->snaplen = snaplen > 0 && snaplen < SOURCE_SNAPLEN_MAX ? (uint32_t)snaplen : 0;
    if (mpa_stream_plain(s->stream))
        s->records = mpa_records_open(mpa_stream_file(s->stream), (uint32_t)snaplen);
    return 0;
}

int mpa_source_open(const char *path, const char *filter, uint16_t capture, struct mpa_source **ret,
                    char *ret_error, size_t error_size)
{
    struct mpa_source *s = calloc(1, sizeof(*s));
    int rc = MPA_ERR_NOMEM;

    if (!s)
        goto nomem;
    s->capture = capture;
    s->path = strdup(path);
    s->filter_text = filter ? strdup(filter) : NULL;
    if (!s->path || (filter && !s->filter_text))
        goto nomem;
    rc = mpa_stream_open(path, &s->stream, ret_error, error_size);
    if (rc == 0)
        rc = open_pcap(s, ret_error, error_size);
    if (rc == 0 && filter && s->pcap)
        rc = mpa_filter_use(&s->filter, filter, s->linktype, ret_error, error_size);
    if (rc != 0) {
        mpa_source_close(s);
        return rc;
    }
    *ret = s;
    return 0;
nomem:
    snprintf(ret_error, error_size, "%s", mpa_strerror(rc));
    mpa_source_close(s);
    return rc;
}

/* Time stamps of damaged files are anything; ours have 64 bits. */
static int64_t stamp_ns(const struct timeval *ts)
{
    int64_t ns;

    if (__builtin_mul_overflow((int64_t)ts->tv_sec, (int64_t)1000000000, &ns) ||
        __builtin_add_overflow(ns, (int64_t)ts->tv_usec, &ns))
        return ts->tv_sec < 0 ? INT64_MIN + 1 : INT64_MAX;
    return ns;
}

static int end_early(struct mpa_source *s, int rc, const char *why)
{
    if (why != s->error)
        snprintf(s->error, sizeof(s->error), "%s", why);
    s->ended = true;
    return rc;
}

/* libpcap met an interface that differs from the file's first: begin again with wiretap, after
   the frames that were given. */
static int switch_to_module(struct mpa_source *s)
{
    struct mpa_module_frame frame;
    uint64_t skip = s->number;
    char why[PCAP_ERRBUF_SIZE + 32];
    int rc;

    snprintf(why, sizeof(why), "its interfaces differ, which libpcap does not read");
    if (!mpa_stream_seekable(s->stream))
        return end_early(s, MPA_ERR_READ,
                         "its interfaces differ, which cannot be read from a pipe");
    rc = open_module(s, why, s->error, sizeof(s->error));
    if (rc != 0)
        return end_early(s, MPA_ERR_READ, s->error);
    pcap_close(s->pcap);
    s->pcap = NULL;
    while (skip-- > 0) {
        rc = s->module->next(s->handle, &frame, s->error, sizeof(s->error));
        if (rc != 1)
            return end_early(s, rc == 0 ? MPA_ERR_READ : rc, s->error);
    }
    return 0;
}

static int pcap_failed(struct mpa_source *s)
{
    const char *why = pcap_geterr(s->pcap);
    const char *stream_error = mpa_stream_error(s->stream);

    if (stream_error)
        return end_early(s, MPA_ERR_CUT, stream_error);
    if (strstr(why, "different from the"))
        return switch_to_module(s);
    if (strstr(why, "truncated"))
        return end_early(s, MPA_ERR_CUT, mpa_strerror(MPA_ERR_CUT));
    return end_early(s, MPA_ERR_READ, why);
}

static int next_of_module(struct mpa_source *s, struct mpa_frame *ret)
{
    struct mpa_module_frame frame;
    struct pcap_pkthdr header = {0};
    int rc;

    for (;;) {
        rc = s->module->next(s->handle, &frame, s->error, sizeof(s->error));
        if (rc != 1)
            return end_early(s, rc, s->error);
        s->number++;
        ret->data = frame.data;
        ret->captured = frame.captured;
        ret->wire = frame.wire > frame.captured ? frame.wire : frame.captured;
        ret->ns = frame.ns;
        ret->number = s->number;
        ret->capture = s->capture;
        ret->linktype = (uint16_t)(frame.linktype < 0 ? UINT16_MAX : linktype_of(frame.linktype));
        if (!s->filter_text)
            return 1;
        /* The files of wiretap mix link types: a filter program for each.  One that does not fit
           the link type passes nothing. */
        if (mpa_filter_use(&s->filter, s->filter_text, ret->linktype, NULL, 0) != 0)
            continue;
        header.caplen = ret->captured;
        header.len = ret->wire;
        if (mpa_filter_pass(&s->filter, &header, ret->data))
            return 1;
    }
}

static bool passes(const struct mpa_source *s, const struct mpa_frame *f)
{
    struct pcap_pkthdr header = {.caplen = f->captured, .len = f->wire};

    return !s->filter_text || mpa_filter_pass(&s->filter, &header, f->data);
}

static int give(struct mpa_source *s, struct mpa_frame *ret)
{
    if (ret->wire < ret->captured)
        ret->wire = ret->captured;
    ret->number = s->number;
    ret->linktype = s->linktype;
    ret->capture = s->capture;
    return 1;
}

static int next_frame(struct mpa_source *s, struct mpa_frame *ret)
{
    struct pcap_pkthdr *header;
    const u_char *data;
    int rc;

    if (s->ended)
        return 0;
    while (s->records) {
        if (!mpa_records_next(s->records, ret)) {
            mpa_records_free(s->records);
            s->records = NULL;
            break;
        }
        s->number++;
        if (passes(s, ret))
            return give(s, ret);
    }
    while (s->pcap) {
        rc = pcap_next_ex(s->pcap, &header, &data);
        if (rc != 1) {
            s->ended = rc == PCAP_ERROR_BREAK && !mpa_stream_error(s->stream);
            if (s->ended)
                return 0;
            rc = pcap_failed(s);
            if (rc != 0)
                return rc;
            break;
        }
        s->number++;
        ret->data = data;
        ret->captured = header->caplen;
        ret->wire = header->len;
        ret->ns = stamp_ns(&header->ts);
        if (passes(s, ret))
            return give(s, ret);
    }
    return next_of_module(s, ret);
}

int mpa_source_next(struct mpa_source *s, struct mpa_frame *ret)
{
    if (s->peeked) {
        s->peeked = false;
        if (s->next_status == 1)
            *ret = s->next;
        return s->next_status;
    }
    return next_frame(s, ret);
}

int64_t mpa_source_first_ns(struct mpa_source *s)
{
    if (!s->peeked) {
        s->next_status = next_frame(s, &s->next);
        s->peeked = true;
    }
    return s->next_status == 1 ? s->next.ns : INT64_MIN;
}

const char *mpa_source_error(const struct mpa_source *s)
{
    return s->error;
}

uint32_t mpa_source_snaplen(const struct mpa_source *s)
{
    return s->snaplen;
}

void mpa_source_progress(const struct mpa_source *s, uint64_t *ret_read, uint64_t *ret_size)
{
    if (s->pcap) {
        mpa_stream_progress(s->stream, ret_read, ret_size);
        if (s->records)
            *ret_read = mpa_records_offset(s->records);
        return;
    }
    /* The stream's FILE is closed: its size is all it still knows. */
    *ret_size = mpa_stream_size(s->stream);
    *ret_read = s->module->read_so_far(s->handle);
}

void mpa_source_close(struct mpa_source *s)
{
    if (!s)
        return;
    mpa_records_free(s->records);
    if (s->pcap)
        pcap_close(s->pcap);
    if (s->module)
        s->module->close(s->handle);
    mpa_stream_close(s->stream);
    mpa_filter_free(&s->filter);
    free(s->path);
    free(s->filter_text);
    free(s);
}
