/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A capture in memory, played through tracker, measurements and checks. */
#ifndef TESTS_RULES_PLAY_H
#define TESTS_RULES_PLAY_H

#include "internal.h"

#include "mpa/measure.h"

struct play_frames {
    struct mpa_frame *at;
    size_t count;
};

/* Read a capture file whole.  Exits with a message where it cannot. */
void play_read(const char *path, struct play_frames *ret);
void play_frames_free(struct play_frames *f);

/* What the checks said. */
struct play_result {
    struct mpa_rec_finding *findings;
    int64_t *connections; /* The connection of each finding. */
    size_t finding_count;
    struct mpa_rec_rule rules[MPA_RULE_COUNT];
    struct mpa_guesses guesses;
};

struct play_options {
    struct mpa_check_config check;
    enum mpa_rule mutated; /* Its judge becomes 'judge'; MPA_RULE_COUNT: none. */
    check_judge *judge;
};

void play(const struct play_frames *frames, const struct play_options *options,
          struct play_result *ret);
void play_result_free(struct play_result *r);

#endif
