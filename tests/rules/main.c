/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rules_walk ID...       each rule on its two captures
 * rules_walk --mutate    every rule with its judge replaced: each replacement must be noticed
 * rules_walk --try FILE [PROFILE]    what the rules say of any capture, for writing them
 */
#include "walk.h"

#include <stdio.h>

static enum mpa_verdict always_absent(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_NOT_APPLICABLE;
}

static enum mpa_verdict always_false(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    (void)f;
    return MPA_VERDICT_PASSED;
}

static enum mpa_verdict always_true(const struct check_case *k, struct mpa_rec_finding *f)
{
    (void)k;
    return check_broken(f, "mutated");
}

static const struct {
    const char *name;
    check_judge *judge;
} mutations[] = {{"nothing applies", always_absent},
                 {"return false", always_false},
                 {"return true", always_true}};

static bool walk_one(enum mpa_rule rule)
{
    const struct mpa_rule_info *info = mpa_rule_info(rule);
    struct walk_case c;
    bool ok = walk_make(rule, &c);

    if (!ok)
        printf("%s: its captures cannot be made\n", info->id);
    else if ((ok = walk_judge(&c, true)))
        printf("%s: found at its frame, and passed\n", info->id);
    else
        printf("%s: %s: FAILED\n", info->id, info->title);
    walk_free(&c);
    return ok;
}

/* A walk that nobody can fail proves nothing. */
static bool mutate_one(enum mpa_rule rule)
{
    struct walk_case c;
    bool ok = walk_make(rule, &c) && walk_judge(&c, false);

    if (!ok)
        printf("%s: fails without mutation\n", mpa_rule_info(rule)->id);
    for (size_t i = 0; ok && i < sizeof mutations / sizeof mutations[0]; i++) {
        c.options.mutated = rule;
        c.options.judge = mutations[i].judge;
        if (walk_judge(&c, false)) {
            printf("%s: \"%s\" is not noticed\n", mpa_rule_info(rule)->id, mutations[i].name);
            ok = false;
        }
    }
    walk_free(&c);
    return ok;
}

static void try_rule(enum mpa_rule rule, const struct mpa_rec_rule *r)
{
    if (r->checked == 0)
        return;
    printf("%s checked %lld passed %lld broken %lld", mpa_rule_info(rule)->id,
           (long long)r->checked, (long long)r->passed, (long long)r->broken);
    for (int i = 0; i < MPA_RULE_REASONS; i++)
        if (r->not_verifiable[i])
            printf(" %s %lld", mpa_verdict_reason((enum mpa_verdict)(MPA_VERDICT_NV_FIRST + i)),
                   (long long)r->not_verifiable[i]);
    printf("\n");
}

static int try_file(const char *path, const char *profile)
{
    struct play_options options = {.mutated = MPA_RULE_COUNT};
    struct play_frames frames;
    struct play_result r;

    options.check.profile = profile ? mpa_profile_find(profile) : MPA_PROFILE_AUTO;
    if (options.check.profile == MPA_PROFILE_COUNT)
        return 2;
    play_read(path, &frames);
    play(&frames, &options, &r);
    for (int i = 0; i < MPA_RULE_COUNT; i++)
        try_rule((enum mpa_rule)i, &r.rules[i]);
    for (size_t i = 0; i < r.finding_count; i++) {
        const struct mpa_rec_finding *f = &r.findings[i];

        printf("%s %s connection %lld subflow %lld frame %lld: %s\n",
               mpa_rule_info((enum mpa_rule)f->rule)->id, mpa_word(f->severity),
               (long long)r.connections[i], f->subflow == MPA_NULL ? -1 : (long long)f->subflow,
               f->frame_count ? (long long)f->frames[0].frame : -1, f->text);
    }
    play_result_free(&r);
    play_frames_free(&frames);
    return 0;
}

int main(int argc, char **argv)
{
    bool mutate = argc == 2 && strcmp(argv[1], "--mutate") == 0, ok = true;
    int count = 0;

    if (argc >= 3 && strcmp(argv[1], "--try") == 0)
        return try_file(argv[2], argc > 3 ? argv[3] : NULL);
    for (int i = 0; mutate && i < MPA_RULE_COUNT; i++, count++)
        ok &= mutate_one((enum mpa_rule)i);
    for (int i = 1; !mutate && i < argc; i++, count++) {
        enum mpa_rule rule = mpa_rule_find(argv[i]);

        if (rule == MPA_RULE_COUNT) {
            fprintf(stderr, "rules_walk: no rule is called %s\n", argv[i]);
            return 2;
        }
        ok &= walk_one(rule);
    }
    if (count == 0) {
        fputs("usage: rules_walk ID... | --mutate\n", stderr);
        return 2;
    }
    if (mutate && ok)
        printf("%d rules, three mutations each: all are noticed\n", count);
    return ok ? 0 : 1;
}
