/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Wireshark plugin from inside: protocol "mptcplb".
 *
 *   plugin.c    what Wireshark calls when it loads the plugin
 *   packet.c    fields, expert items, preferences; each frame in, its tree out
 *   tree.c      options and analysis as tree items
 *   session.c   the engine over one capture file, and what it said of each frame
 *   stats*.c    statistics
 *   follow.c    the conversation filter
 *
 * Nothing is decoded or judged here: every frame's bytes go through mpa_frame_decode() into the engine of mptcp-analyze in the order of the
 * first pass, and what the engine says is kept by frame number.  So the plugin and the program cannot disagree about a capture.
 *
 * A post-dissector, because the engine must see every frame, also those whose tunnel Wireshark does not open, and runs also where a
 * dissector before it failed.
 */
#ifndef MPTCPLB_H
#define MPTCPLB_H

#include "mpa/check.h"
#include "mpa/measure.h"

#include <glib.h>

/* ---- session.c ------------------------------------------------------------------------------ */

#define LB_NONE UINT32_MAX

/* What is known of one TCP segment. */
struct lb_frame {
    guint32 conn;    /* LB_NONE: no TCP segment, or none that the engine took. */
    guint16 subflow; /* Id in the connection. */
    guint8 dir;      /* enum mpa_dir */
    guint8 flags;    /* LB_FRAME_* */
    guint32 detail;  /* First of its details + 1; 0 none. */
};

#define LB_FRAME_COPY      0x01 /* A copy of a packet seen before. */
#define LB_FRAME_MPTCP     0x02 /* Carries MPTCP options. */
#define LB_FRAME_RST       0x04
#define LB_FRAME_FIRST_RST 0x08 /* ... the first that its sender sent on the subflow. */

enum lb_detail_kind {
    LB_DETAIL_ADD_ADDR, /* 'advert'; number: the how manieth copy it is. */
    LB_DETAIL_ECHO,     /* 'advert'; number: the how manieth echo. */
    LB_DETAIL_HMAC,     /* 'subtype' of the option; word: MPA_HMAC_*. */
    LB_DETAIL_TOKEN,    /* word: MPA_TOKEN_*. */
    LB_DETAIL_FINDING,  /* 'finding' */
};

struct lb_detail {
    enum lb_detail_kind kind;
    enum mpa_word word;
    guint8 subtype;
    gint64 number;
    struct lb_advert *advert;
    const struct mpa_rec_finding *finding;
    guint32 next; /* Index + 1; 0 none. */
};

/* An advertised address, as the engine's struct mpa_advert. */
struct lb_advert {
    struct mpa_addr addr;
    guint16 port;
    guint8 id;
    guint8 from;              /* enum mpa_dir */
    gint64 first_ns, echo_ns; /* 0: not seen. */
    guint32 first_frame, echo_frame;
    gint64 transmissions, echoes;
};

struct lb_conn {
    guint32 id;
    guint32 first_frame;
    enum mpa_word protocol; /* Latest known. */
    enum mpa_dialect dialect;
    struct mpa_endpoint client, server; /* Of its first subflow. */
    GPtrArray *adverts;                 /* struct lb_advert */
    GArray *roles;                      /* guint8 by subflow id: MPA_ROLE_*. */
    GArray *resets;                     /* struct lb_reset by subflow id. */
    int findings_seen;                  /* Of the live ones. */
    GPtrArray *live;                    /* struct mpa_rec_finding, until there is a record. */
    struct mpa_rec_conn *record;        /* When the file is read; NULL before. */
    guint32 off_vip_frame;              /* First payload on a direct subflow; 0 none. */
};

/* Classes of the first RST by direction; 0 none. */
struct lb_reset {
    guint16 class[2];
};

struct lb_session;

/* Settings of a session; borrowed while it lives. */
struct lb_settings {
    const struct mpa_prefix *vips;
    int vip_count;
    const struct mpa_server *servers;
    int server_count;
    enum mpa_dialect dialect; /* MPA_DIALECT_UNKNOWN: detect. */
};

struct lb_session *lb_session_new(const struct lb_settings *settings); /* NULL when memory ends. */
void lb_session_free(struct lb_session *s);                            /* NULL is accepted. */

/* A frame in the order of the first pass.  It may wait, as a copy, until lb_session_sync(), which comes before everything that reads. */
void lb_session_feed(struct lb_session *s, const struct mpa_frame *frame);
void lb_session_sync(struct lb_session *s);

/* All frames have been fed: connections end, records are completed. */
void lb_session_finish(struct lb_session *s);

/* NULL where the frame is no TCP segment. */
/* Frames in structures of this header are in the session's own count; this is Wireshark's number, 0 where a read filter dropped the frame. */
guint32 lb_session_number(const struct lb_session *s, guint32 own);
const struct lb_frame *lb_session_frame(const struct lb_session *s, guint32 number);
struct lb_conn *lb_session_conn(const struct lb_session *s, guint32 id); /* NULL: none. */
guint32 lb_session_conn_count(const struct lb_session *s);               /* Ids given so far. */
/* The details of a frame, one after the other: pass NULL first; NULL at the end. */
const struct lb_detail *lb_session_detail(const struct lb_session *s, const struct lb_frame *f,
                                          const struct lb_detail *after);

/* The role of a subflow, MPA_ROLE_*; the class of a RST, MPA_RESET_*, or 0; live or from the record. */
enum mpa_word lb_conn_role(const struct lb_conn *c, guint16 subflow);
enum mpa_word lb_conn_reset(const struct lb_conn *c, guint16 subflow, enum mpa_dir dir);
const struct mpa_rec_subflow *lb_conn_subflow(const struct lb_conn *c, guint16 subflow);

#endif
