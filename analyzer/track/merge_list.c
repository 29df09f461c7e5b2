/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Merging of a connection's advertisements, its story and its data. */
#include "merge_internal.h"

#include <stdlib.h>
#include <string.h>

#define NOTES_MAX  256 /* Of a merged connection. */
#define JOINED_MAX ((int)(sizeof((struct mpa_rec_add_addr *)0)->joined_from / sizeof(int64_t)))

/* ---- Advertisements -------------------------------------------------------------------------- */

static bool same_advert(const struct mpa_rec_add_addr *a, const struct mpa_rec_add_addr *b)
{
    return a->from_server == b->from_server && a->id == b->id && a->port == b->port &&
           mpa_addr_eq(&a->addr, &b->addr);
}

/* How well a vantage point knows an advertisement: the latency is true only at the advertiser
 * (D.1).  Smaller is better. */
static int advert_rank(const struct mpa_rec_add_addr *a)
{
    int rank = a->first_ns == MPA_NULL ? 8 : 0; /* Only an echo was seen. */

    switch (a->vantage) {
    case MPA_AA_VANTAGE_ADVERTISER:
        return rank;
    case MPA_AA_VANTAGE_MIDDLE:
        return rank + 1;
    case MPA_AA_VANTAGE_RECEIVER:
        return rank + 3;
    default:
        return rank + 2;
    }
}

static int64_t latency(const struct mpa_rec_add_addr *a)
{
    return a->echo_ns == MPA_NULL || a->first_ns == MPA_NULL ? MPA_NULL : a->echo_ns - a->first_ns;
}

/* Where nobody knows where they stood, the one nearer to the advertiser waited longer. */
static bool better_advert(const struct mpa_rec_add_addr *a, const struct mpa_rec_add_addr *b)
{
    int x = advert_rank(a), y = advert_rank(b);

    return x != y ? x < y : latency(a) > latency(b);
}

static void add_joined(struct mpa_rec_add_addr *a, int64_t subflow)
{
    int at = a->joined_count;

    if (subflow < 0)
        return;
    for (int i = 0; i < a->joined_count; i++)
        if (a->joined_from[i] == subflow)
            return;
    if (at == JOINED_MAX)
        return;
    for (; at > 0 && a->joined_from[at - 1] > subflow; at--)
        a->joined_from[at] = a->joined_from[at - 1];
    a->joined_from[at] = subflow;
    a->joined_count++;
}

static void unite_advert(struct mpa_rec_add_addr *to, const struct mpa_rec_add_addr *from)
{
    struct mpa_rec_add_addr old = *to;

    if (better_advert(from, to)) {
        *to = *from;
        to->joined_count = old.joined_count;
        memcpy(to->joined_from, old.joined_from, sizeof to->joined_from);
    } else {
        old = *from;
    }
    to->altered |= old.altered || (to->hmac == MPA_HMAC_OK && old.hmac == MPA_HMAC_BAD) ||
                   (to->hmac == MPA_HMAC_BAD && old.hmac == MPA_HMAC_OK);
    /* An HMAC that one vantage point could not judge, another may have. */
    if ((to->hmac == MPA_HMAC_NONE || to->hmac == MPA_HMAC_UNVERIFIABLE) &&
        (old.hmac == MPA_HMAC_OK || old.hmac == MPA_HMAC_BAD))
        to->hmac = old.hmac;
}

static int cmp_advert(const void *x, const void *y)
{
    const struct mpa_rec_add_addr *a = x, *b = y;
    int64_t p = merge_min(a->first_ns, a->echo_ns), q = merge_min(b->first_ns, b->echo_ns);
    int c = MERGE_CMP(p, q);

    c = c ? c : MERGE_CMP(a->from_server, b->from_server);
    c = c ? c : MERGE_CMP(a->id, b->id);
    c = c ? c : memcmp(a->addr.b, b->addr.b, sizeof a->addr.b);
    return c ? c : MERGE_CMP(a->port, b->port);
}

int merge_add_addrs(const struct merge_member *members, int count, struct mpa_rec_conn *out)
{
    struct merge_array list = {0};

    for (int k = 0; k < count; k++)
        for (int i = 0; i < members[k].rec->add_addr_count; i++) {
            const struct mpa_rec_add_addr *from = &members[k].rec->add_addrs[i];
            struct mpa_rec_add_addr *to = list.items, *end = to ? to + list.count : to;

            while (to < end && !same_advert(to, from))
                to++;
            if (to < end) {
                unite_advert(to, from);
            } else {
                to = merge_push(&list, sizeof *to);
                if (!to) {
                    free(list.items);
                    return MPA_ERR_NOMEM;
                }
                *to = *from;
                to->joined_count = 0;
            }
            for (int j = 0; j < from->joined_count; j++)
                add_joined(to, merge_subflow_id(&members[k], from->joined_from[j]));
        }
    if (list.count)
        qsort(list.items, list.count, sizeof(struct mpa_rec_add_addr), cmp_advert);
    out->add_addrs = list.items;
    out->add_addr_count = (int)list.count;
    return MPA_OK;
}

/* ---- Notes ----------------------------------------------------------------------------------- */

static int cmp_note(const void *x, const void *y)
{
    const struct mpa_rec_note *a = x, *b = y;
    int c = MERGE_CMP(a->ns, b->ns);

    c = c ? c : MERGE_CMP(a->frame.capture, b->frame.capture);
    c = c ? c : MERGE_CMP(a->frame.frame, b->frame.frame);
    c = c ? c : MERGE_CMP(a->kind, b->kind);
    c = c ? c : MERGE_CMP(a->subflow, b->subflow);
    return c ? c : MERGE_CMP(a->value, b->value);
}

/* The same event at two vantage points.  Addresses may have been translated: they do not count. */
static bool same_note(const struct mpa_rec_note *a, const struct mpa_rec_note *b)
{
    return a->kind == b->kind && a->subflow == b->subflow && a->from_server == b->from_server &&
           a->value == b->value;
}

static int count_notes(const struct mpa_rec_note *notes, size_t count,
                       const struct mpa_rec_note *like)
{
    int n = 0;

    for (size_t i = 0; i < count; i++)
        n += same_note(&notes[i], like);
    return n;
}

/* A member's notes that the story does not have yet: the k-th of its kind is the k-th of all
 * before. */
static int add_notes(const struct merge_member *member, struct merge_array *story)
{
    const struct mpa_rec_conn *rec = member->rec;
    size_t told = story->count;
    struct mpa_rec_note *seen = calloc((size_t)rec->note_count + 1, sizeof *seen);
    int status = seen ? MPA_OK : MPA_ERR_NOMEM;

    for (int i = 0; i < rec->note_count && status == MPA_OK; i++) {
        struct mpa_rec_note *to;

        seen[i] = rec->notes[i];
        seen[i].subflow = merge_subflow_id(member, seen[i].subflow);
        if (count_notes(story->items, told, &seen[i]) > count_notes(seen, (size_t)i, &seen[i]))
            continue;
        to = merge_push(story, sizeof *to);
        if (to)
            *to = seen[i];
        else
            status = MPA_ERR_NOMEM;
    }
    free(seen);
    return status;
}

int merge_notes(const struct merge_member *members, int count, struct mpa_rec_conn *out)
{
    struct merge_array story = {0};

    out->notes_dropped = 0;
    for (int k = 0; k < count; k++) {
        if (add_notes(&members[k], &story) != MPA_OK) {
            free(story.items);
            return MPA_ERR_NOMEM;
        }
        if (members[k].rec->notes_dropped > out->notes_dropped)
            out->notes_dropped = members[k].rec->notes_dropped;
    }
    if (story.count)
        qsort(story.items, story.count, sizeof(struct mpa_rec_note), cmp_note);
    if (story.count > NOTES_MAX) {
        out->notes_dropped += (int)(story.count - NOTES_MAX);
        story.count = NOTES_MAX;
    }
    out->notes = story.items;
    out->note_count = (int)story.count;
    return MPA_OK;
}

/* ---- Data ------------------------------------------------------------------------------------ */

#define KNOWN_DISTANCE                                                                             \
    (UINT64_C(1) << 40) /* Numbers of one connection that were seen in full are nearer. */

/*
 * Numbers whose upper half was not seen (no key, and no 64-bit number) are those nearest to the
 * data of a member that knows. Returns what to add to the numbers of 'rec'.
 */
static uint64_t align(const struct mpa_rec_conn *rec, const struct mpa_rec_conn *anchor, int dir)
{
    uint64_t start = rec->merge.spans[dir][0].start, low = anchor->merge.spans[dir][0].start;
    uint64_t high = anchor->merge.spans[dir][anchor->merge.span_count[dir] - 1].end;
    uint64_t away = start - low;

    if (rec->merge.has_key[dir] || away < KNOWN_DISTANCE || low - start < KNOWN_DISTANCE)
        return 0;
    low += (high - low) / 2;
    return low + (uint64_t)(int64_t)(int32_t)((uint32_t)start - (uint32_t)low) - start;
}

/* Numbers in relation to the anchor's, so that order holds across 2^64. */
static int cmp_span(const void *x, const void *y)
{
    const struct mpa_rec_span *a = x, *b = y;
    int c = MERGE_CMP(a->start, b->start);

    return c ? c : MERGE_CMP(a->end, b->end);
}

static const struct mpa_rec_conn *find_anchor(const struct merge_member *members, int count,
                                              int dir)
{
    const struct mpa_rec_conn *anchor = NULL;

    for (int k = 0; k < count; k++) {
        const struct mpa_rec_conn *r = members[k].rec;

        if (r->merge.span_count[dir] == 0)
            continue;
        if (r->merge.has_key[dir])
            return r;
        if (!anchor)
            anchor = r;
    }
    return anchor;
}

/* Sorted spans to disjoint ones; 'origin' is added back.  Returns their number. */
static int join_spans(struct mpa_rec_span *s, size_t count, uint64_t origin)
{
    size_t n = 0;

    for (size_t i = 0; i < count; i++) {
        if (n && s[i].start <= s[n - 1].end) {
            if (s[i].end > s[n - 1].end)
                s[n - 1].end = s[i].end;
        } else {
            s[n++] = s[i];
        }
    }
    for (size_t i = 0; i < n; i++) {
        s[i].start += origin;
        s[i].end += origin;
    }
    return (int)n;
}

int merge_spans(const struct merge_member *members, int count, int dir, struct mpa_rec_conn *out)
{
    const struct mpa_rec_conn *anchor = find_anchor(members, count, dir);
    struct merge_array list = {0};
    uint64_t origin;

    if (!anchor)
        return MPA_OK;
    origin = anchor->merge.spans[dir][0].start - (UINT64_C(1) << 62);
    for (int k = 0; k < count; k++) {
        const struct mpa_rec_conn *r = members[k].rec;
        uint64_t shift = r->merge.span_count[dir] ? align(r, anchor, dir) - origin : 0;

        for (int i = 0; i < r->merge.span_count[dir]; i++) {
            struct mpa_rec_span *to = merge_push(&list, sizeof *to);

            if (!to) {
                free(list.items);
                return MPA_ERR_NOMEM;
            }
            to->start = r->merge.spans[dir][i].start + shift;
            to->end = r->merge.spans[dir][i].end + shift;
        }
    }
    qsort(list.items, list.count, sizeof(struct mpa_rec_span), cmp_span);
    out->merge.spans[dir] = list.items;
    out->merge.span_count[dir] = join_spans(list.items, list.count, origin);
    return MPA_OK;
}
