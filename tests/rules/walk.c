/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One rule on its two captures. */
#include "walk.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- Making ---------------------------------------------------------------------------- */

static bool run_generator(const char *id, const char *kind, const char *pcap, const char *expected)
{
    const char *program = getenv("MPA_SYNTH");
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        execlp(program && *program ? program : MPA_DEFAULT_SYNTH, "mpa-synth", "rule", id, kind,
               "-o", pcap, "--expected", expected, (char *)NULL);
        _exit(127);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

static size_t parse_hex(const char *text, uint8_t *ret, size_t size)
{
    size_t n = 0;
    unsigned byte;

    while (n < size && sscanf(text + 2 * n, "%2x", &byte) == 1)
        ret[n++] = (uint8_t)byte;
    return n;
}

static void set_options(struct walk_case *c)
{
    const json_t *o = json_object_get(c->expected, "options");
    const char *text = json_string_value(json_object_get(o, "vip"));

    c->options.mutated = MPA_RULE_COUNT;
    c->options.check.profile = mpa_profile_find(json_string_value(json_object_get(o, "profile")));
    c->options.check.strict_ids = json_is_true(json_object_get(o, "strict_ids"));
    if (text && mpa_prefix_parse(text, &c->vip) == 0) {
        c->options.check.vips = &c->vip;
        c->options.check.vip_count = 1;
    }
    text = json_string_value(json_object_get(o, "v6_secret"));
    if (text) {
        c->options.check.v6_secret = c->secret;
        c->options.check.v6_secret_size = parse_hex(text, c->secret, sizeof c->secret);
    }
}

bool walk_make(enum mpa_rule rule, struct walk_case *ret)
{
    const char *id = mpa_rule_info(rule)->id;
    char folder[] = "/tmp/mpa-rules-XXXXXX", pcap[64], expected[64];
    bool ok;

    *ret = (struct walk_case){.rule = rule};
    if (!mkdtemp(folder))
        return false;
    snprintf(pcap, sizeof pcap, "%s/capture.pcap", folder);
    snprintf(expected, sizeof expected, "%s/expected.json", folder);
    ok = run_generator(id, "nearly", pcap, expected);
    if (ok)
        play_read(pcap, &ret->nearly);
    ok = ok && run_generator(id, "breaks", pcap, expected);
    if (ok) {
        play_read(pcap, &ret->breaks);
        ret->expected = json_load_file(expected, 0, NULL);
        ok = ret->expected != NULL;
    }
    if (ok)
        set_options(ret);
    unlink(pcap);
    unlink(expected);
    rmdir(folder);
    return ok;
}

void walk_free(struct walk_case *c)
{
    play_frames_free(&c->breaks);
    play_frames_free(&c->nearly);
    json_decref(c->expected);
}

/* ---- Judging --------------------------------------------------------------------------- */

static bool listed(const json_t *ids, const char *id)
{
    const json_t *one;
    size_t i;

    json_array_foreach(ids, i, one)
    {
        if (strcmp(json_string_value(json_is_object(one) ? json_object_get(one, "rule") : one),
                   id) == 0)
            return true;
    }
    return false;
}

static bool has_finding(const struct play_result *r, const char *id, json_int_t frame)
{
    for (size_t i = 0; i < r->finding_count; i++) {
        const struct mpa_rec_finding *f = &r->findings[i];

        if (strcmp(mpa_rule_info((enum mpa_rule)f->rule)->id, id) == 0 &&
            (frame < 0 || (f->frame_count && f->frames[0].frame == frame)))
            return true;
    }
    return false;
}

static void tell_finding(const char *label, const struct mpa_rec_finding *f)
{
    printf("  %s: %s (%s) at frame %lld: %s\n", label, mpa_rule_info((enum mpa_rule)f->rule)->id,
           mpa_word(f->severity), f->frame_count ? (long long)f->frames[0].frame : -1, f->text);
}

/* Named by the generator, with its first frame. */
static bool is_expected(const json_t *findings, const struct mpa_rec_finding *f)
{
    const char *id = mpa_rule_info((enum mpa_rule)f->rule)->id;
    const json_t *one;
    size_t i;

    json_array_foreach(findings, i, one)
    {
        if (strcmp(json_string_value(json_object_get(one, "rule")), id) == 0 && f->frame_count &&
            json_integer_value(json_object_get(one, "frame")) == f->frames[0].frame)
            return true;
    }
    return false;
}

static bool judge_breaks(const struct walk_case *c, bool tell)
{
    const json_t *findings = json_object_get(c->expected, "findings");
    const json_t *too = json_object_get(c->expected, "too"), *one;
    struct play_result r;
    bool ok = json_array_size(findings) > 0 && listed(findings, mpa_rule_info(c->rule)->id);
    size_t i;

    if (!ok && tell)
        printf("  breaks: the generator names no frame for this rule\n");
    play(&c->breaks, &c->options, &r);
    json_array_foreach(findings, i, one)
    {
        const char *id = json_string_value(json_object_get(one, "rule"));
        json_int_t frame = json_integer_value(json_object_get(one, "frame"));

        if (has_finding(&r, id, frame))
            continue;
        ok = false;
        if (tell)
            printf("  breaks: no %s at frame %" JSON_INTEGER_FORMAT "\n", id, frame);
    }
    json_array_foreach(too, i, one)
    {
        if (has_finding(&r, json_string_value(one), -1))
            continue;
        ok = false;
        if (tell)
            printf("  breaks: no %s, which should come too\n", json_string_value(one));
    }
    for (i = 0; i < r.finding_count; i++) {
        const char *id = mpa_rule_info((enum mpa_rule)r.findings[i].rule)->id;

        if (is_expected(findings, &r.findings[i]) || listed(too, id))
            continue;
        ok = false;
        if (tell)
            tell_finding("breaks, not expected", &r.findings[i]);
    }
    if (!ok && tell)
        for (i = 0; i < r.finding_count; i++)
            tell_finding("breaks", &r.findings[i]);
    play_result_free(&r);
    return ok;
}

static bool judge_nearly(const struct walk_case *c, bool tell)
{
    const json_t *too = json_object_get(c->expected, "nearly_too");
    const struct mpa_rec_rule *rule;
    struct play_result r;
    bool ok;

    play(&c->nearly, &c->options, &r);
    rule = &r.rules[c->rule];
    ok = rule->passed > 0 && rule->checked == rule->passed;
    if (!ok && tell) {
        printf("  nearly: checked %lld, passed %lld, broken %lld", (long long)rule->checked,
               (long long)rule->passed, (long long)rule->broken);
        for (int i = 0; i < MPA_RULE_REASONS; i++)
            if (rule->not_verifiable[i])
                printf(", %s %lld",
                       mpa_verdict_reason((enum mpa_verdict)(MPA_VERDICT_NV_FIRST + i)),
                       (long long)rule->not_verifiable[i]);
        printf("\n");
    }
    for (size_t i = 0; i < r.finding_count; i++) {
        const struct mpa_rec_finding *f = &r.findings[i];

        if (f->rule != c->rule && (f->severity == MPA_SEVERITY_INFO ||
                                   listed(too, mpa_rule_info((enum mpa_rule)f->rule)->id)))
            continue;
        ok = false;
        if (tell)
            tell_finding("nearly", f);
    }
    play_result_free(&r);
    return ok;
}

bool walk_judge(const struct walk_case *c, bool tell)
{
    bool breaks = judge_breaks(c, tell), nearly = judge_nearly(c, tell);

    return breaks && nearly;
}
