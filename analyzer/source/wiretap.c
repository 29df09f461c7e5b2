/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The module around wiretap.  Everything of Wireshark's is behind this file. */
#include "module.h"

#include "mpa/status.h"

#include <glib.h>
#include <wiretap/wtap.h>
#include <wsutil/wslog.h>

#include <stdio.h>
#include <stdlib.h>

struct wiretap {
    wtap *file;
    wtap_rec rec;
    Buffer bytes;
};

/* Wiretap's tables are the process's own and are made once. */
static void wiretap_init_once(void)
{
    static gsize done;

    if (g_once_init_enter(&done)) {
        ws_log_init("mptcp-analyze", NULL);
        ws_log_set_level(LOG_LEVEL_ERROR); /* Our lines say what is wrong. */
        wtap_init(FALSE);
        g_once_init_leave(&done, 1);
    }
}

static void sentence(int err, gchar *info, char *ret_error, size_t error_size)
{
    if (err == WTAP_ERR_SHORT_READ)
        snprintf(ret_error, error_size, "%s", mpa_strerror(MPA_ERR_CUT));
    else if (info)
        snprintf(ret_error, error_size, "%s", info);
    else
        snprintf(ret_error, error_size, "%s", wtap_strerror(err));
    g_free(info);
}

/* The LINKTYPE_ value of an encapsulation that the engine decodes; -1 for all others.
   (Wiretap's own table is not exported.) */
static int linktype_of(int encap)
{
    static const struct {
        int encap, linktype;
    } rows[] = {
        {WTAP_ENCAP_ETHERNET, 1}, {WTAP_ENCAP_SLL, 113},     {WTAP_ENCAP_SLL2, 276},
        {WTAP_ENCAP_RAW_IP, 101}, {WTAP_ENCAP_RAW_IP4, 228}, {WTAP_ENCAP_RAW_IP6, 229},
        {WTAP_ENCAP_NULL, 0},     {WTAP_ENCAP_LOOP, 108},    {WTAP_ENCAP_PPP, 9},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].encap == encap)
            return rows[i].linktype;
    return -1;
}

/* Wiretap also opens pictures, logs and texts: what carries no packets of a known link type is
   no capture for us. */
static int wiretap_check(wtap *file, char *ret_error, size_t error_size)
{
    int encap = wtap_file_encap(file);
    const char *type = wtap_file_type_subtype_description(wtap_file_type_subtype(file));
    const char *link = wtap_encap_description(encap);

    /* Negative: differs by packet, or not known before the first one. */
    if (encap < 0 || encap == WTAP_ENCAP_UNKNOWN || linktype_of(encap) >= 0)
        return 0;
    snprintf(ret_error, error_size, "%s; link type %s is not handled",
             type ? type : "unknown format", link ? link : "unknown");
    return MPA_ERR_FORMAT;
}

static int wiretap_open(const char *path, void **ret, char *ret_error, size_t error_size)
{
    struct wiretap *w;
    gchar *info = NULL;
    int err = 0, rc;

    wiretap_init_once();
    w = calloc(1, sizeof(*w));
    if (!w) {
        snprintf(ret_error, error_size, "%s", mpa_strerror(MPA_ERR_NOMEM));
        return MPA_ERR_NOMEM;
    }
    w->file = wtap_open_offline(path, WTAP_TYPE_AUTO, &err, &info, FALSE);
    if (!w->file) {
        sentence(err, info, ret_error, error_size);
        free(w);
        /* Formats without a magic number are guessed, and the guess may be what fails: either
           way it is none that can be read. */
        if (err == WTAP_ERR_FILE_UNKNOWN_FORMAT)
            snprintf(ret_error, error_size, "of no known format");
        return err > 0 ? MPA_ERR_READ : MPA_ERR_FORMAT;
    }
    rc = wiretap_check(w->file, ret_error, error_size);
    if (rc != 0) {
        wtap_close(w->file);
        free(w);
        return rc;
    }
    wtap_rec_init(&w->rec);
    ws_buffer_init(&w->bytes, 2048);
    *ret = w;
    return 0;
}

static int wiretap_next(void *handle, struct mpa_module_frame *ret, char *ret_error,
                        size_t error_size)
{
    struct wiretap *w = handle;
    const wtap_packet_header *header = &w->rec.rec_header.packet_header;
    gchar *info = NULL;
    gint64 offset;
    int err = 0;

    do {
        if (!wtap_read(w->file, &w->rec, &w->bytes, &err, &info, &offset)) {
            if (err == 0)
                return 0;
            sentence(err, info, ret_error, error_size);
            return err == WTAP_ERR_SHORT_READ ? MPA_ERR_CUT : MPA_ERR_READ;
        }
    } while (w->rec.rec_type != REC_TYPE_PACKET);
    ret->data = ws_buffer_start_ptr(&w->bytes);
    ret->captured = header->caplen;
    ret->wire = header->len;
    ret->ns = (int64_t)w->rec.ts.secs * 1000000000 + w->rec.ts.nsecs;
    ret->linktype = linktype_of(header->pkt_encap);
    return 1;
}

static uint32_t wiretap_snaplen(const void *handle)
{
    const struct wiretap *w = handle;

    return wtap_snapshot_length(w->file);
}

static uint64_t wiretap_read_so_far(const void *handle)
{
    const struct wiretap *w = handle;

    return (uint64_t)wtap_read_so_far(w->file);
}

static void wiretap_close(void *handle)
{
    struct wiretap *w = handle;

    wtap_rec_cleanup(&w->rec);
    ws_buffer_free(&w->bytes);
    wtap_close(w->file);
    free(w);
}

__attribute__((visibility("default"))) extern const struct mpa_module mpa_wiretap_module;
const struct mpa_module mpa_wiretap_module = {
    .abi = MPA_MODULE_ABI,
    .open = wiretap_open,
    .next = wiretap_next,
    .snaplen = wiretap_snaplen,
    .read_so_far = wiretap_read_so_far,
    .close = wiretap_close,
};
