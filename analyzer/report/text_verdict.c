/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lines that an operator reads first: left the VIP?  How long did an advertisement wait?  What did churn break? */
#include "text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HANG 2

/* A sentence that grows: "a, b, c".  A part that does not fit is left out; the longest sentences are far shorter. */
struct sentence {
    char text[1024];
    size_t size;
};

__attribute__((format(printf, 2, 3))) static void add(struct sentence *s, const char *format, ...)
{
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(s->text + s->size, sizeof(s->text) - s->size, format, args);
    va_end(args);
    if (length > 0 && (size_t)length < sizeof(s->text) - s->size)
        s->size += (size_t)length;
    else
        s->text[s->size] = '\0';
}

/* The same, after a comma unless it is the first part after 'start'. */
#define PART(s, start, ...) (add((s), "%s", (s)->size > (start) ? ", " : ""), add((s), __VA_ARGS__))

/* "1 connection", "2 connections" without the number. */
static const char *plural(int64_t count)
{
    return count == 1 ? "" : "s";
}

/* ---- What was captured -------------------------------------------------------------------------------------- */

static void about(struct text_writer *w, const struct mpa_rec_report *r)
{
    char number[5][TEXT_CELL];
    char name[256];
    char date[64];
    struct tm when;
    struct sentence s = {.size = 0};
    int64_t first = MPA_NULL;
    int64_t last = MPA_NULL;
    int64_t packets = 0;
    int i;

    for (i = 0; i < r->capture_count; i++) {
        const struct mpa_rec_capture *c = &r->captures[i];

        packets += c->packets;
        if (c->first_ns == MPA_NULL)
            continue;
        if (first == MPA_NULL || c->first_ns < first)
            first = c->first_ns;
        if (last == MPA_NULL || c->last_ns > last)
            last = c->last_ns;
    }
    if (w->only_file)
        add(&s, "%s ", text_outside(w->only_file, &w->values, name, sizeof(name)));
    else
        add(&s, "%d capture%s ", r->capture_count, plural(r->capture_count));
    if (first != MPA_NULL && gmtime_r(&(time_t){(time_t)(first / 1000000000)}, &when) &&
        strftime(date, sizeof(date), "from %Y-%m-%d %H:%M:%S UTC, ", &when) > 0)
        add(&s, "%s", date);
    add(&s, "%s packet%s", text_count(packets, number[0]), plural(packets));
    if (first != MPA_NULL)
        add(&s, " in %s", text_duration(last - first, number[1]));
    add(&s, "; %s MPTCP connection%s, %s in fallback, %s plain TCP",
        text_count(r->connections_mptcp, number[2]), plural(r->connections_mptcp),
        text_count(r->connections_fallback, number[3]), text_count(r->connections_tcp, number[4]));
    text_paragraph(w->out, "", HANG, s.text);
}

/* Each snap length once, with the first file that has it. */
static bool said_before(const struct mpa_rec_report *r, int capture)
{
    int i;

    for (i = 0; i < capture; i++)
        if (r->captures[i].lost_check_count > 0 &&
            r->captures[i].snaplen == r->captures[capture].snaplen)
            return true;
    return false;
}

static void limits(struct text_writer *w, const struct mpa_rec_report *r)
{
    char name[256];
    char number[TEXT_CELL];
    int i, k;

    for (i = 0; i < r->capture_count; i++) {
        const struct mpa_rec_capture *c = &r->captures[i];
        struct sentence s = {.size = 0};
        size_t start;

        text_outside(c->file, &w->values, name, sizeof(name));
        if (c->error) {
            char error[256];

            text_paragraphf(w->out, "captured: ", HANG, "%s: %s", name,
                            text_outside(c->error, &w->values, error, sizeof(error)));
        }
        if (c->lost_check_count == 0 || said_before(r, i))
            continue;
        add(&s, "snap length %s is too short for: ", text_count(c->snaplen, number));
        start = s.size;
        for (k = 0; k < c->lost_check_count; k++)
            PART(&s, start, "%s", c->lost_checks[k]);
        text_paragraph(w->out, "captured: ", HANG, s.text);
    }
    if (r->connections_dropped > 0)
        text_paragraphf(w->out, "captured: ", HANG,
                        "%s connections were ended early by --max-connections",
                        text_count(r->connections_dropped, number));
}

/* ---- Migration ---------------------------------------------------------------------------------------------- */

static void name_vips(struct text_writer *w, const struct mpa_rec_report *r, struct sentence *s)
{
    static const struct mpa_column as_prefix = {.kind = MPA_COL_PREFIX};
    struct mpa_value v;
    int i;

    if (r->vip_count == 0) {
        add(s, "the server's first address (no VIP is known: --vip)");
        return;
    }
    add(s, "the VIP%s ", plural(r->vip_count));
    for (i = 0; i < r->vip_count && i < 3; i++) {
        mpa_column_value(&as_prefix, &r->vips[i], &w->values, &v);
        add(s, "%s%s", i > 0 ? ", " : "", v.text);
    }
    if (r->vip_count > 3)
        add(s, " and %d more", r->vip_count - 3);
    if (r->vips_inferred)
        add(s, " (inferred)");
}

/* Whether a snap length cut TCP options: then absence of MPTCP options says nothing. */
static bool options_cut(const struct mpa_rec_report *r)
{
    for (int i = 0; i < r->capture_count; i++)
        for (int k = 0; k < r->captures[i].lost_check_count; k++)
            if (strcmp(r->captures[i].lost_checks[k], "MPTCP options") == 0)
                return true;
    return false;
}

static void migration(struct text_writer *w, const struct mpa_rec_report *r)
{
    int64_t total = r->migration.migrated + r->migration.joined_not_migrated +
                    r->migration.advertised_only + r->migration.too_short +
                    r->migration.single_path;
    char number[2][TEXT_CELL];
    struct sentence s = {.size = 0};
    size_t start;

    if (total == 0) {
        text_paragraph(w->out, "", HANG,
                       options_cut(r)
                           ? "No MPTCP option could be seen, the snap length cut them off: whether "
                             "anything is MPTCP cannot be told"
                           : "No MPTCP connection: nothing could leave a VIP");
        return;
    }
    add(&s, "%s of %s connection%s left ", text_count(r->migration.migrated, number[0]),
        text_count(total, number[1]), plural(total));
    name_vips(w, r, &s);
    if (w->left.count > 0)
        add(&s, " (median %s after establishment, slowest %s)",
            text_duration(mpa_samples_percentile(&w->left, 50), number[0]),
            text_duration(w->left.max, number[1]));
    add(&s, "%s", total > r->migration.migrated ? "; " : "");
    start = s.size;
    if (r->migration.joined_not_migrated > 0)
        PART(&s, start, "%s joined and stayed",
             text_count(r->migration.joined_not_migrated, number[0]));
    if (w->pushed > 0)
        add(&s, " (%s of them until a reset)", text_count(w->pushed, number[0]));
    if (r->migration.advertised_only > 0)
        PART(&s, start, "%s with no join seen here",
             text_count(r->migration.advertised_only, number[0]));
    if (r->migration.too_short > 0)
        PART(&s, start, "%s ended before a second path was usable",
             text_count(r->migration.too_short, number[0]));
    if (r->migration.single_path > 0)
        PART(&s, start, "%s with nothing advertised and nothing joined",
             text_count(r->migration.single_path, number[0]));
    text_paragraph(w->out, "", HANG, s.text);
}

static void shares(struct text_writer *w, const struct mpa_rec_report *r)
{
    char share[TEXT_CELL];
    struct sentence s = {.size = 0};

    if (!isnan(r->migration.vip_share_after[MPA_TO_CLIENT]))
        PART(&s, 0, "%s of the servers' new data",
             text_share(r->migration.vip_share_after[MPA_TO_CLIENT], share));
    if (!isnan(r->migration.vip_share_after[MPA_TO_SERVER]))
        PART(&s, 0, "%s of the clients'",
             text_share(r->migration.vip_share_after[MPA_TO_SERVER], share));
    if (s.size > 0)
        text_paragraph(w->out, "still on the VIP after the move: ", HANG, s.text);
    s.size = 0;
    if (!isnan(r->off_path_bytes[MPA_TO_CLIENT]))
        PART(&s, 0, "%s of the bytes to the client",
             text_share(r->off_path_bytes[MPA_TO_CLIENT], share));
    if (!isnan(r->off_path_bytes[MPA_TO_SERVER]))
        PART(&s, 0, "%s of those to the server",
             text_share(r->off_path_bytes[MPA_TO_SERVER], share));
    if (s.size > 0)
        text_paragraph(w->out, "off the balancer's path: ", HANG, s.text);
}

/* ---- ADD_ADDR ----------------------------------------------------------------------------------------------- */

static const char *measured(enum mpa_word vantage)
{
    switch (vantage) {
    case MPA_AA_VANTAGE_ADVERTISER:
        return "measured at the advertiser";
    case MPA_AA_VANTAGE_MIDDLE:
        return "measured in the middle: from there to the receiver and back";
    case MPA_AA_VANTAGE_RECEIVER:
        return "seen at the receiver: how fast it answers, not how long the advertiser waits";
    case MPA_AA_VANTAGE_MIXED:
        return "measured at several places";
    default:
        return "place of measurement unknown";
    }
}

static void advertisements(struct text_writer *w, const struct mpa_rec_report *r)
{
    const struct mpa_rec_percentiles *p = &r->add_addr.first_to_echo;
    char number[4][TEXT_CELL];
    struct sentence s = {.size = 0};

    if (r->add_addr.advertised == 0) {
        if (r->connections_mptcp > 0)
            text_paragraph(w->out, "ADD_ADDR: ", HANG, "none seen");
        return;
    }
    add(&s, "%s advertised, %s echoed", text_count(r->add_addr.advertised, number[0]),
        text_count(r->add_addr.answered, number[1]));
    if (r->add_addr.unanswered > 0)
        add(&s, ", %s never echoed", text_count(r->add_addr.unanswered, number[0]));
    if (r->add_addr.transmissions > r->add_addr.advertised)
        add(&s, ", %s sent again",
            text_count(r->add_addr.transmissions - r->add_addr.advertised, number[0]));
    if (p->count > 0)
        add(&s, "; %s p50 %s, p95 %s, max %s, %s",
            r->add_addr.turnaround ? "turnaround" : "latency", text_duration(p->p50_ns, number[0]),
            text_duration(p->p95_ns, number[1]), text_duration(p->max_ns, number[2]),
            measured(r->add_addr.vantage));
    if (r->add_addr.transmissions > r->add_addr.advertised && r->add_addr.last_to_echo.count > 0)
        add(&s, " (since the last copy: p50 %s)",
            text_duration(r->add_addr.last_to_echo.p50_ns, number[3]));
    text_paragraph(w->out, "ADD_ADDR: ", HANG, s.text);
}

/* ---- Churn and resets --------------------------------------------------------------------------------------- */

static void churn(struct text_writer *w, const struct mpa_rec_report *r)
{
    char number[2][TEXT_CELL];
    struct sentence s = {.size = 0};

    if (r->churn.mptcp_hit > 0) {
        add(&s, "%s hit, %s survived, ", text_count(r->churn.mptcp_hit, number[0]),
            text_count(r->churn.mptcp_survived, number[1]));
        add(&s, "%s failed",
            r->churn.mptcp_failed > 0 ? text_count(r->churn.mptcp_failed, number[0]) : "none");
        if (r->churn.mptcp_unprotected > 0 && r->churn.mptcp_unprotected == r->churn.mptcp_failed)
            add(&s, " (unprotected window)");
        else if (r->churn.mptcp_unprotected > 0)
            add(&s, " (%s in the unprotected window)",
                text_count(r->churn.mptcp_unprotected, number[0]));
        if (r->churn.mptcp_undetermined > 0)
            add(&s, ", %s undecided", text_count(r->churn.mptcp_undetermined, number[0]));
        if (r->churn.gap.count > 0)
            add(&s, "; data stood still for p50 %s, max %s",
                text_duration(r->churn.gap.p50_ns, number[0]),
                text_duration(r->churn.gap.max_ns, number[1]));
        text_paragraph(w->out, "churn: ", HANG, s.text);
    }
    if (r->churn.tcp_hit > 0) {
        s.size = 0;
        add(&s, "%s hit, %s failed", text_count(r->churn.tcp_hit, number[0]),
            text_count(r->churn.tcp_failed, number[1]));
        if (r->churn.tcp_undetermined > 0)
            add(&s, ", %s undecided", text_count(r->churn.tcp_undetermined, number[0]));
        text_paragraph(w->out, "churn, plain TCP: ", HANG, s.text);
    }
    if (r->churn.mptcp_hit == 0 && r->churn.tcp_hit == 0)
        text_paragraphf(w->out, "churn: ", HANG, "no connection was hit%s",
                        r->churn.event_count > 0 ? "" : ", no event seen");
}

static void resets(struct text_writer *w, const struct mpa_rec_report *r)
{
    char number[2][TEXT_CELL];
    struct sentence s = {.size = 0};
    size_t start;
    int i;

    if (r->reset_events == 0) {
        text_paragraph(w->out, "resets: ", HANG, "none");
        return;
    }
    add(&s, "%s (%s packet%s): ", text_count(r->reset_events, number[0]),
        text_count(r->reset_packets, number[1]), plural(r->reset_packets));
    start = s.size;
    for (i = 0; i < MPA_RESET_COUNT; i++)
        if (r->reset_classes[i] > 0)
            PART(&s, start, "%s %s", text_count(r->reset_classes[i], number[0]),
                 mpa_word((enum mpa_word)(MPA_RESET_FIRST + i)));
    text_paragraph(w->out, "resets: ", HANG, s.text);
}

/* ---- What is said only where it is so ----------------------------------------------------------------------- */

static void hmacs(struct text_writer *w, const struct mpa_rec_report *r)
{
    const struct mpa_rec_hmac *h[3] = {&r->hmac_add_addr, &r->hmac_join_synack, &r->hmac_join_ack};
    static const char *const names[3] = {"ADD_ADDR", "MP_JOIN SYN/ACK", "MP_JOIN ACK"};
    char number[2][TEXT_CELL];
    struct sentence s = {.size = 0};
    int64_t ok = 0;
    int64_t unverifiable = 0;
    int i;

    for (i = 0; i < 3; i++) {
        ok += h[i]->ok;
        unverifiable += h[i]->unverifiable;
        if (h[i]->bad > 0)
            PART(&s, 0, "%s wrong in %s", text_count(h[i]->bad, number[0]), names[i]);
    }
    if (ok > 0)
        PART(&s, 0, "%s%s correct", s.size > 0 ? "" : "all ", text_count(ok, number[0]));
    if (unverifiable > 0)
        PART(&s, 0, "%s not verifiable", text_count(unverifiable, number[0]));
    if (s.size > 0)
        text_paragraph(w->out, "HMAC: ", HANG, s.text);
}

static void fallbacks(struct text_writer *w, const struct mpa_rec_report *r)
{
    char number[2][TEXT_CELL];
    struct sentence s = {.size = 0};
    size_t start;
    int i;

    if (r->connections_fallback == 0)
        return;
    add(&s, "%s connection%s: ", text_count(r->connections_fallback, number[0]),
        plural(r->connections_fallback));
    start = s.size;
    for (i = 1; i < MPA_FALLBACK_COUNT; i++)
        if (r->fallback_reasons[i] > 0)
            PART(&s, start, "%s %s", text_count(r->fallback_reasons[i], number[1]),
                 mpa_word((enum mpa_word)(MPA_FALLBACK_FIRST + i)));
    text_paragraph(w->out, "fallback: ", HANG, s.text);
}

static void outages(struct text_writer *w, const struct mpa_rec_report *r)
{
    char number[TEXT_CELL];

    if (r->split_handshakes > 0)
        text_paragraphf(w->out, "anycast: ", HANG, "%s handshake%s answered by two servers",
                        text_count(r->split_handshakes, number),
                        r->split_handshakes == 1 ? " was" : "s were");
    if (r->v6_given)
        text_paragraphf(w->out, "addresses by --v6-secret: ", HANG,
                        "%s follow%s from it, %s do%s not", text_count(r->v6_ok, number),
                        r->v6_ok == 1 ? "s" : "", text_count(r->v6_bad, (char[TEXT_CELL]){0}),
                        r->v6_bad == 1 ? "es" : "");
    if (r->icmp_too_big_astray > 0)
        text_paragraphf(w->out, "path MTU: ", HANG,
                        "%s Packet Too Big reached another server than the flow's",
                        text_count(r->icmp_too_big_astray, number));
    if (w->window.count > 0)
        text_paragraphf(
            w->out, "unprotected window, from the SYN until a direct subflow is usable: ", HANG,
            "p50 %s, p95 %s", text_duration(mpa_samples_percentile(&w->window, 50), number),
            text_duration(mpa_samples_percentile(&w->window, 95), (char[TEXT_CELL]){0}));
}

/* ---- What stands behind an address --------------------------------------------------------------------------- */

#define DEPLOYMENTS_MAX 3 /* Lines; the table holds all. */

/* Plain with low confidence is nothing to be told: nothing was tried there. */
static bool is_told(const struct mpa_rec_deployment *d)
{
    return strcmp(d->mode, "D0") != 0 || strcmp(d->confidence, "low") != 0 || d->consistent == 0;
}

static void deployment(struct text_writer *w, const struct mpa_rec_deployment *d)
{
    char addr[TEXT_CELL];
    char number[TEXT_CELL];
    struct sentence s = {.size = 0};
    int i;

    add(&s, "%s (%s), %s confidence", d->what, d->mode, d->confidence);
    if (d->consistent == 1)
        add(&s, "; joins %s",
            d->vip_misses ? "to the unique addresses find the host with the key, some to "
                            "this address do not"
                          : "find the host with the key");
    if (d->consistent == 0) {
        size_t start;

        add(&s, "; %s, see connection%s ",
            d->lacks_c ? "joins reach another server than their connection's, so the servers "
                         "behind this address must set C"
                       : "not consistent",
            plural(d->broken_count));
        start = s.size;
        for (i = 0; i < d->broken_count; i++)
            PART(&s, start, "%s", text_count(d->broken_by[i], number));
    }
    text_paragraphf(w->out, "deployment of ", HANG, "%s: %s", text_addr(&d->vip, &w->values, addr),
                    s.text);
}

static void deployments(struct text_writer *w, const struct mpa_rec_report *r)
{
    char number[TEXT_CELL];
    int told = 0;
    int i;

    for (i = 0; i < r->deployment_count; i++)
        if (is_told(&r->deployments[i]) && ++told <= DEPLOYMENTS_MAX)
            deployment(w, &r->deployments[i]);
    if (told > DEPLOYMENTS_MAX)
        text_paragraphf(w->out, "deployment: ", HANG, "%s more address%s, see below",
                        text_count(told - DEPLOYMENTS_MAX, number),
                        told == DEPLOYMENTS_MAX + 1 ? "" : "es");
}

void text_verdicts(struct text_writer *w, const struct mpa_rec_report *report)
{
    /* Five answers first, then the rest. */
    migration(w, report);
    advertisements(w, report);
    churn(w, report);
    resets(w, report);
    about(w, report);
    limits(w, report);
    shares(w, report);
    hmacs(w, report);
    fallbacks(w, report);
    outages(w, report);
    deployments(w, report);
}
