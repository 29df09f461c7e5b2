/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rules_losses GROUPS FILE...
 *
 * What a capture may lack or have twice gives no findings: each capture is played without one of its packets, with one of them twice, with
 * two neighbours in the other order, for every packet, and cut to several lengths.  No rule of GROUPS (as "DS,FL,FC") may find anything in
 * a connection where it finds nothing in the whole capture.
 */
#include "play.h"

#include <stdio.h>
#include <stdlib.h>

enum change { WITHOUT, TWICE, SWAPPED, CUT, CHANGES };

static const char *const change_names[CHANGES] = {"without", "twice", "behind its next", "cut to"};
static const uint32_t cuts[] = {66, 80, 90, 96, 100, 110, 120, 128, 160, 200};

#define CUTS  (sizeof cuts / sizeof cuts[0])
#define LATER 20000 /* A copy comes so many ns behind: the network's, no second interface's. */

static bool is_of(const char *groups, const struct mpa_rec_finding *f)
{
    const char *id = mpa_rule_info((enum mpa_rule)f->rule)->id;
    size_t size = strcspn(id, "-");

    for (const char *g = groups; *g; g += strcspn(g, ","), g += *g == ',')
        if (strcspn(g, ",") == size && strncmp(g, id, size) == 0)
            return f->severity != MPA_SEVERITY_INFO;
    return false;
}

/* Connections have other numbers where a SYN is missing; frames have not. */
static bool has(const struct play_result *r, const struct mpa_rec_finding *f, int64_t connection)
{
    for (size_t i = 0; i < r->finding_count; i++) {
        const struct mpa_rec_finding *g = &r->findings[i];

        if (g->rule == f->rule &&
            (r->connections[i] == connection ||
             (g->frame_count && f->frame_count && g->frames[0].frame == f->frames[0].frame)))
            return true;
    }
    return false;
}

/* 'at' has room for one more than 'whole'. */
static struct play_frames changed(const struct play_frames *whole, struct mpa_frame *at,
                                  enum change change, size_t n)
{
    struct play_frames ret = {at, 0};

    for (size_t i = 0; i < whole->count; i++) {
        if (change == WITHOUT && i == n)
            continue;
        at[ret.count++] = whole->at[i];
        if (change == CUT && at[i].captured > cuts[n])
            at[i].captured = cuts[n];
        if (change == TWICE && i == n) {
            at[ret.count] = at[ret.count - 1];
            at[ret.count++].ns += LATER;
        }
    }
    if (change == SWAPPED && n + 1 < ret.count) {
        struct mpa_frame first = at[n];

        at[n] = at[n + 1];
        at[n + 1] = first;
        at[n + 1].ns = at[n].ns;
        at[n].ns = first.ns;
    }
    return ret;
}

static int try_one(const char *path, const char *groups, const struct play_result *whole,
                   const struct play_frames *frames, enum change change, size_t n)
{
    const struct play_options options = {.mutated = MPA_RULE_COUNT};
    struct play_result r;
    int failures = 0;

    play(frames, &options, &r);
    for (size_t i = 0; i < r.finding_count; i++) {
        const struct mpa_rec_finding *f = &r.findings[i];

        if (!is_of(groups, f) || has(whole, f, r.connections[i]))
            continue;
        printf("%s, %s %zu: %s in connection %lld, frame %lld: %s\n", path, change_names[change],
               change == CUT ? (size_t)cuts[n] : n + 1, mpa_rule_info((enum mpa_rule)f->rule)->id,
               (long long)r.connections[i], f->frame_count ? (long long)f->frames[0].frame : -1,
               f->text);
        failures++;
    }
    play_result_free(&r);
    return failures;
}

static int try_all(const char *path, const char *groups)
{
    const struct play_options options = {.mutated = MPA_RULE_COUNT};
    struct play_frames whole;
    struct play_result result;
    struct mpa_frame *at;
    int failures = 0;

    play_read(path, &whole);
    play(&whole, &options, &result);
    at = calloc(whole.count + 1, sizeof *at);
    for (int change = 0; at && change < CHANGES; change++)
        for (size_t n = 0; n < (change == CUT ? CUTS : whole.count); n++) {
            struct play_frames frames = changed(&whole, at, (enum change)change, n);

            failures += try_one(path, groups, &result, &frames, (enum change)change, n);
        }
    if (!at || whole.count == 0) {
        printf("%s: cannot be tried\n", path);
        failures++;
    }
    free(at);
    play_result_free(&result);
    play_frames_free(&whole);
    return failures;
}

int main(int argc, char **argv)
{
    int failures = 0;

    if (argc < 3) {
        fputs("usage: rules_losses GROUPS FILE...\n", stderr);
        return 2;
    }
    for (int i = 2; i < argc; i++)
        failures += try_all(argv[i], argv[1]);
    return failures ? 1 : 0;
}
