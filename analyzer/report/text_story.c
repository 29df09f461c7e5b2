/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --explain: one connection's story, from its notes. */
#include "text.h"

#include <inttypes.h>
#include <string.h>

const char *text_frame(const struct text_writer *w, const struct mpa_frame_ref *f, char *ret)
{
    if (f->capture < 0 || f->frame <= 0)
        ret[0] = '\0';
    else if (w->capture_count > 1)
        snprintf(ret, TEXT_CELL, "%d#%" PRId64, (int)f->capture, f->frame);
    else
        snprintf(ret, TEXT_CELL, "#%" PRId64, f->frame);
    return ret;
}

/* " (frame #12)", or nothing: for the middle of a sentence. */
static const char *in_frame(const struct text_writer *w, const struct mpa_frame_ref *f, char *ret)
{
    char text[TEXT_CELL];

    if (text_frame(w, f, text)[0] == '\0')
        ret[0] = '\0';
    else
        snprintf(ret, TEXT_CELL, " (frame %.80s)", text);
    return ret;
}

/* ---- Head: who, and which servers --------------------------------------------------------------------------- */

static void head(struct text_writer *w, FILE *out, const struct mpa_rec_conn *conn)
{
    char client[TEXT_CELL];
    char server[TEXT_CELL];
    int i;

    fputc('\n', out);
    text_paragraphf(out, "", 2, "Connection %" PRId64 ": %s -> %s, %s%s, %s", conn->id,
                    text_endpoint(&conn->client, &w->values, client),
                    text_endpoint(&conn->server, &w->values, server),
                    conn->protocol == MPA_PROTOCOL_TCP ? "plain TCP"
                                                       : mpa_dialect_name(conn->dialect),
                    conn->protocol == MPA_PROTOCOL_FALLBACK ? ", fell back to plain TCP" : "",
                    mpa_word(conn->outcome));
    if (conn->token_client != MPA_NULL || conn->token_server != MPA_NULL) {
        fputs("  tokens:", out);
        if (conn->token_client != MPA_NULL)
            fprintf(out, " client %08" PRIx32, (uint32_t)conn->token_client);
        if (conn->token_server != MPA_NULL)
            fprintf(out, " server %08" PRIx32, (uint32_t)conn->token_server);
        fputc('\n', out);
    }
    for (i = 0; i < conn->dialect_evidence_count; i++)
        text_paragraph(out, i == 0 ? "  dialect, because of: " : "                       ", 23,
                       conn->dialect_evidence[i]);
}

static void subflows(struct text_writer *w, FILE *out, const struct mpa_rec_conn *conn)
{
    char text[4][TEXT_CELL];
    char name[TEXT_CELL];
    int i, k;

    for (i = 0; i < conn->subflow_count; i++) {
        const struct mpa_rec_subflow *s = &conn->subflows[i];

        text_paragraphf(out, "  ", 4,
                        "subflow %" PRId64 ": %s -> %s%s%s, %s to the server, %s to the client",
                        s->id, text_endpoint(&s->client, &w->values, text[0]),
                        text_endpoint(&s->server, &w->values, text[1]),
                        s->on_vip == 1   ? ", on the VIP"
                        : s->on_vip == 0 ? ", direct"
                                         : "",
                        s->opened_by_server ? ", opened by the server" : "",
                        text_bytes(s->bytes.v[MPA_TO_SERVER], text[2]),
                        text_bytes(s->bytes.v[MPA_TO_CLIENT], text[3]));
        for (k = 0; k < s->server_count && k < MPA_REC_SERVERS_MAX; k++) {
            const struct mpa_rec_server *v = &s->servers[k];

            text_paragraphf(out, "    ", 6, "handled by %s (known by %s) from %s to %s, %s packets",
                            text_outside(v->name, &w->values, name, sizeof(name)), mpa_word(v->by),
                            text_instant(v->first_ns, &w->values, text[0]),
                            text_instant(v->last_ns, &w->values, text[1]),
                            text_count(v->packets, text[2]));
        }
    }
}

/* ---- Notes -------------------------------------------------------------------------------------------------- */

static bool is_word(int64_t value)
{
    return value >= 0 && value < MPA_WORD_COUNT;
}

/* What a note's value says, by its kind; empty where it says nothing. */
static const char *note_value(const struct mpa_rec_note *n, char *ret)
{
    char text[TEXT_CELL];

    ret[0] = '\0';
    if (n->value == MPA_NULL)
        return ret;
    switch (n->kind) {
    case MPA_NOTE_ADD_ADDR:
    case MPA_NOTE_ADD_ADDR_AGAIN:
    case MPA_NOTE_ECHO:
    case MPA_NOTE_REMOVE_ADDR:
    case MPA_NOTE_JOIN_SYN:
        snprintf(ret, TEXT_CELL, " ID %" PRId64, n->value);
        break;
    case MPA_NOTE_PRIO:
        snprintf(ret, TEXT_CELL, n->value ? " backup" : " normal");
        break;
    case MPA_NOTE_RESET:
        if (is_word(n->value))
            snprintf(ret, TEXT_CELL, ", %s: %s", mpa_word((enum mpa_word)n->value),
                     mpa_reset_meaning((enum mpa_word)n->value));
        break;
    case MPA_NOTE_FALLBACK:
        if (is_word(n->value))
            snprintf(ret, TEXT_CELL, ": %s", mpa_word((enum mpa_word)n->value));
        break;
    case MPA_NOTE_FIRST_DIRECT:
    case MPA_NOTE_SURVIVED:
        snprintf(ret, TEXT_CELL, ", %.80s", text_bytes(n->value, text));
        break;
    default:
        break;
    }
    return ret;
}

static void notes(struct text_writer *w, FILE *out, const struct mpa_rec_conn *conn)
{
    int64_t start = conn->syn_ns != MPA_NULL ? conn->syn_ns : conn->first_ns;
    char lead[TEXT_CELL];
    char frame[TEXT_CELL];
    char value[TEXT_CELL];
    char addr[TEXT_CELL];
    int i;

    for (i = 0; i < conn->note_count; i++) {
        const struct mpa_rec_note *n = &conn->notes[i];
        bool has_addr = n->addr.q[0] != 0 || n->addr.q[1] != 0;
        bool has_subflow = n->subflow > 0 || conn->subflow_count > 1;
        char subflow[24] = "";

        if (has_subflow && n->subflow >= 0)
            snprintf(subflow, sizeof(subflow), " [subflow %d]", (int)n->subflow);
        snprintf(lead, sizeof(lead), "  %12.3f ms %8s  %-7s ", (double)(n->ns - start) / 1e6,
                 text_frame(w, &n->frame, frame),
                 n->from_server == 1   ? "server"
                 : n->from_server == 0 ? "client"
                                       : "");
        text_paragraphf(out, lead, 35, "%s%s%s%s%s", mpa_word(n->kind), note_value(n, value),
                        has_addr ? " " : "", has_addr ? text_addr(&n->addr, &w->values, addr) : "",
                        subflow);
    }
    if (conn->notes_dropped > 0)
        fprintf(out, "  ... and %d more\n", conn->notes_dropped);
}

/* ---- How it ended, and what to look at ---------------------------------------------------------------------- */

/* The latest reset of its subflows; NULL without. */
static const struct mpa_rec_subflow *last_reset(const struct mpa_rec_conn *conn)
{
    const struct mpa_rec_subflow *ret = NULL;
    int i;

    for (i = 0; i < conn->subflow_count; i++)
        if (conn->subflows[i].has_reset && (!ret || conn->subflows[i].reset.ns > ret->reset.ns))
            ret = &conn->subflows[i];
    return ret;
}

static void ending(struct text_writer *w, FILE *out, const struct mpa_rec_conn *conn)
{
    const struct mpa_rec_subflow *s = last_reset(conn);
    char frame[TEXT_CELL];
    char time[TEXT_CELL];

    switch (conn->outcome) {
    case MPA_OUTCOME_CLOSED:
        text_paragraph(out, "  end: ", 7, "both sides closed it and acknowledged that");
        break;
    case MPA_OUTCOME_FAILED:
        if (conn->hit_count > 0)
            text_paragraphf(
                out, "  end: ", 7,
                "a redirect hit subflow %" PRId64 "%s%s and nothing carried on%s%s",
                conn->hits[0].subflow, in_frame(w, &conn->hits[0].frame, frame),
                conn->hit_unprotected ? " before a direct subflow was usable" : "",
                conn->failed_ns != MPA_NULL ? "; given up at " : "",
                conn->failed_ns != MPA_NULL ? text_instant(conn->failed_ns, &w->values, time) : "");
        else
            text_paragraph(out, "  end: ", 7,
                           "it failed: data was outstanding and nothing carried on");
        break;
    case MPA_OUTCOME_RESET:
        if (s)
            text_paragraphf(out, "  end: ", 7, "reset by the %s on subflow %" PRId64 "%s, %s: %s",
                            s->reset.from_server ? "server" : "client", s->id,
                            in_frame(w, &s->reset.frame, frame), mpa_word(s->reset.class),
                            mpa_reset_meaning(s->reset.class));
        else
            text_paragraph(out, "  end: ", 7, "aborted");
        break;
    default:
        text_paragraph(out, "  end: ", 7,
                       "none seen: it is still open when the capture or the wait ends");
        break;
    }
}

static const struct mpa_rec_add_addr *find_advert(const struct mpa_rec_conn *conn, bool bad_hmac)
{
    int i;

    for (i = 0; i < conn->add_addr_count; i++)
        if (bad_hmac ? conn->add_addrs[i].hmac == MPA_HMAC_BAD || conn->add_addrs[i].altered
                     : conn->add_addrs[i].echo_ns == MPA_NULL)
            return &conn->add_addrs[i];
    return NULL;
}

static void next_for_hit(struct text_writer *w, FILE *out, const struct mpa_rec_conn *conn)
{
    const struct mpa_rec_hit *h = &conn->hits[0];
    char frame[TEXT_CELL];
    char time[TEXT_CELL];

    if (conn->survived == 1)
        text_paragraphf(out, "  next: ", 8, "nothing to repair; it went on after the hit%s%s%s",
                        in_frame(w, &h->frame, frame),
                        h->gap_dur_ns != MPA_NULL ? ", data stood still for " : "",
                        h->gap_dur_ns != MPA_NULL ? text_duration(h->gap_dur_ns, time) : "");
    else if (conn->protocol != MPA_PROTOCOL_MPTCP)
        text_paragraphf(
            out, "  next: ", 8,
            "plain TCP cannot survive a redirect%s: look why this client spoke no MPTCP",
            in_frame(w, &h->frame, frame));
    else if (conn->hit_unprotected)
        text_paragraphf(
            out, "  next: ", 8,
            "the redirect%s came before the second path: compare the times of ADD_ADDR, echo and "
            "join above with the hit",
            in_frame(w, &h->frame, frame));
    else
        text_paragraphf(
            out, "  next: ", 8,
            "a direct subflow had been usable: look from the redirect%s on whether it was alive "
            "and what it carried",
            in_frame(w, &h->frame, frame));
}

static void next_for_state(FILE *out, const struct mpa_rec_conn *conn)
{
    const char *text;

    switch (conn->migration.state) {
    case MPA_MIGRATION_JOINED_NOT_MIGRATED:
        text = "a second path was there and the VIP still got new data: look at MP_PRIO (backup) "
               "of the first subflow, and at who sends on it";
        break;
    case MPA_MIGRATION_ADVERTISED_ONLY:
        text =
            "no join to the advertised address was seen: where the direct path does not pass this "
            "capture, look at the client's; else at the client's limits, and whether its SYN "
            "arrived";
        break;
    case MPA_MIGRATION_TOO_SHORT:
        text = "nothing: it was over before a second path could be used";
        break;
    case MPA_MIGRATION_SINGLE_PATH:
        text = "the server advertised nothing: look at its path manager";
        break;
    default:
        text = "nothing stands out";
        break;
    }
    text_paragraph(out, "  next: ", 8, text);
}

/* A join to the server's first address and port that reached a host without the connection; NULL without. */
static const struct mpa_rec_subflow *misrouted_join(const struct mpa_rec_conn *conn)
{
    const struct mpa_rec_subflow *first = conn->subflows;
    int i;

    for (i = 1; i < conn->subflow_count; i++) {
        const struct mpa_rec_subflow *s = &conn->subflows[i];

        if (first->role == MPA_ROLE_INITIAL && s->role == MPA_ROLE_JOIN && !s->opened_by_server &&
            s->has_reset && s->reset.class == MPA_RESET_MISROUTED_JOIN &&
            s->server.port == first->server.port &&
            mpa_addr_eq(&s->server.addr, &first->server.addr))
            return s;
    }
    return NULL;
}

static void next_for_misrouted(struct text_writer *w, FILE *out, const struct mpa_rec_conn *conn,
                               const struct mpa_rec_subflow *join)
{
    char frame[TEXT_CELL];

    text_paragraphf(out, "  next: ", 8,
                    "a join to the server's first address%s reached a host that does not know the "
                    "connection: %s",
                    in_frame(w, &join->reset.frame, frame),
                    conn->server_denies_join == 1
                        ? "the server had set C, look why the client joined there all the same"
                        : "the servers behind this address must set C, and advertise addresses of "
                          "their own");
}

/* One sentence; the first that applies. */
static void next_look(struct text_writer *w, FILE *out, const struct mpa_rec_conn *conn)
{
    const struct mpa_rec_add_addr *bad = find_advert(conn, true);
    const struct mpa_rec_add_addr *unanswered = find_advert(conn, false);
    const struct mpa_rec_subflow *misrouted = misrouted_join(conn);
    char frame[TEXT_CELL];

    if (conn->hit_count > 0)
        next_for_hit(w, out, conn);
    else if (conn->protocol == MPA_PROTOCOL_FALLBACK)
        text_paragraphf(
            out, "  next: ", 8,
            "it fell back (%s)%s: look at what lies between the hosts and removes options",
            mpa_word(conn->fallback), in_frame(w, &conn->fallback_frame, frame));
    else if (conn->protocol == MPA_PROTOCOL_TCP)
        text_paragraph(out, "  next: ", 8, "nothing: plain TCP");
    else if (misrouted)
        next_for_misrouted(w, out, conn, misrouted);
    else if (bad)
        text_paragraphf(
            out, "  next: ", 8,
            bad->altered
                ? "an ADD_ADDR%s has the right HMAC in one capture and a wrong one in another: it "
                  "was altered between them, and its receiver ignores it"
                : "the HMAC of an ADD_ADDR%s is wrong, so that its receiver ignores it: look "
                  "who changed it",
            in_frame(w, &bad->first_frame, frame));
    else if (unanswered)
        text_paragraphf(
            out, "  next: ", 8,
            "an ADD_ADDR%s was never echoed: look whether it arrived, or its echo was lost",
            in_frame(w, &unanswered->first_frame, frame));
    else
        next_for_state(out, conn);
}

void text_story(struct text_writer *w, FILE *out, const struct mpa_rec_conn *conn)
{
    head(w, out, conn);
    subflows(w, out, conn);
    notes(w, out, conn);
    text_check_story(w, out, conn);
    ending(w, out, conn);
    next_look(w, out, conn);
}
