/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "run.h"

#include "ci.h"
#include "distinct.h"
#include "output.h"
#include "say.h"
#include "study.h"
#include "verdicts.h"

#include "mpa/crypto.h"
#include "mpa/source.h"
#include "mpa/status.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define CAPTURES_MAX UINT16_MAX /* struct mpa_segment numbers them with 16 bits. */

struct failed {
    const char *argument;
    char error[512];
};

struct run {
    const struct options *o;
    char **paths; /* Captures, folders expanded. */
    int path_count;
    struct output output;
    struct ci ci;
    struct verdicts verdicts;
    struct failed *failed; /* Arguments that are no captures. */
    int failed_count;
    enum exit_status status;
};

static void raise_status(struct run *r, enum exit_status status)
{
    if (status > r->status)
        r->status = status;
}

static int note_failed(struct run *r, const char *argument, const char *error)
{
    struct failed *grown = reallocarray(r->failed, (size_t)r->failed_count + 1, sizeof(*grown));

    if (!grown)
        return MPA_ERR_NOMEM;
    r->failed = grown;
    grown[r->failed_count].argument = argument;
    snprintf(grown[r->failed_count++].error, sizeof(grown->error), "%s", error);
    return 0;
}

/* One argument: a folder becomes the captures in it.  One without captures is told and left out. */
static int add_argument(struct run *r, const char *argument)
{
    char error[512];
    char **found, **grown;
    size_t count;
    int rc = mpa_paths_expand(&argument, 1, &found, &count, error, sizeof(error));

    if (rc == MPA_ERR_NOMEM)
        return rc;
    if (rc != 0) {
        say_error("%s", error);
        raise_status(r, EXIT_INPUT);
        return note_failed(r, argument, error);
    }
    grown = reallocarray(r->paths, (size_t)r->path_count + count, sizeof(*grown));
    if (!grown) {
        mpa_paths_free(found, count);
        return MPA_ERR_NOMEM;
    }
    r->paths = grown;
    memcpy(r->paths + r->path_count, found, count * sizeof(*found));
    r->path_count += (int)count;
    free(found);
    return 0;
}

static int expand(struct run *r)
{
    int rc = 0;

    for (int i = 0; i < r->o->capture_count && rc == 0; i++)
        rc = add_argument(r, r->o->captures[i]);
    if (rc == 0 && r->path_count > CAPTURES_MAX) {
        say_error("%d captures are more than the %d that one run takes", r->path_count,
                  CAPTURES_MAX);
        raise_status(r, EXIT_USAGE);
        r->path_count = CAPTURES_MAX;
    }
    return rc;
}

static void tell_selection(const struct run *r, const struct study *s)
{
    if (r->o->selection_count == 0 || r->o->quiet)
        return;
    say_error("%" PRId64 " of %" PRId64 " connections are selected; counts of options, HMACs and "
              "packets are of all",
              s->selected, s->connections);
}

/* Where nothing could be read, a text that says "no connection" would be an answer to a question
   that nobody could ask; JSON says what went wrong. */
static bool worth_a_report(const struct run *r, const struct study *s)
{
    bool read = r->o->format == REPORT_JSON;

    for (int i = 0; i < s->in.count; i++)
        read = read || s->in.at[i].status == 0 || s->in.at[i].counts.packets > 0;
    return read;
}

/* --nstat */
static bool hosts_agree(const struct mpa_rec_report *report)
{
    for (int i = 0; i < report->host_count; i++) {
        if (!report->hosts[i].seen)
            return false;
        for (int k = 0; k < report->hosts[i].counter_count; k++)
            if (report->hosts[i].counters[k].kernel != report->hosts[i].counters[k].wire)
                return false;
    }
    return true;
}

/* --expect; capture number 'first' with --separate. */
static int compare(struct run *r, int first, const char *file, const struct study *s)
{
    bool same = true;
    int rc = output_expect(&r->output, file, file ? first : 0, &s->report, s->done, &same);

    if (rc == 0 && !same)
        raise_status(r, EXIT_FINDINGS);
    return rc;
}

/* One report of 'count' captures from 'first' on; 'file' with --separate. */
static int report(struct run *r, int first, int count, const char *file)
{
    struct study study;
    struct mpa_writer *direct = output_direct(&r->output, file);
    int namesakes = 0;
    int rc = study_run(&study, r->o, (const char *const *)r->paths + first, count, direct,
                       r->o->check ? &r->verdicts : NULL);

    for (int i = 0; i < count; i++)
        if (study.in.at && study.in.at[i].status != 0)
            raise_status(r, EXIT_INPUT);
    for (int i = 0; file && i < first; i++)
        namesakes += strcmp(output_basename(r->paths[i]), output_basename(file)) == 0;
    if (rc == 0 && worth_a_report(r, &study)) {
        tell_selection(r, &study);
        if (!hosts_agree(&study.report) || study.report.v6_bad > 0)
            raise_status(r, EXIT_FINDINGS);
        if (r->o->expected)
            rc = compare(r, first, file, &study);
    }
    if (rc == 0 && worth_a_report(r, &study)) {
        rc = output_report(&r->output, file, namesakes, direct, &study.report, study.done);
    } else if (direct) {
        direct->free(direct);
    }
    if (rc == 0)
        rc = ci_report(&r->ci, &study.report, study.done);
    study_free(&study);
    return rc;
}

/* CI must not take an argument without captures for one without findings. */
static int report_failed(struct run *r)
{
    struct mpa_spool *none = r->failed_count > 0 ? mpa_spool_new(0) : NULL;
    int rc = 0;

    if (r->failed_count > 0 && !none)
        return output_failed("memory", MPA_ERR_NOMEM);
    for (int i = 0; i < r->failed_count && rc == 0; i++) {
        const struct mpa_rec_capture capture = {.file = r->failed[i].argument,
                                                .error = r->failed[i].error,
                                                .first_ns = MPA_NULL,
                                                .last_ns = MPA_NULL,
                                                .snaplen = MPA_NULL};
        const struct mpa_rec_report nothing = {.captures = &capture, .capture_count = 1};

        rc = ci_report(&r->ci, &nothing, none);
    }
    mpa_spool_free(none);
    return rc;
}

/* --expect with one expectation a capture. */
static void compare_length(struct run *r)
{
    size_t count = json_array_size(r->o->expected);

    if (!r->o->separate || !json_is_array(r->o->expected) || count == (size_t)r->path_count)
        return;
    say_error("%s has %zu item%s for %d capture%s", r->o->expect_file, count, count == 1 ? "" : "s",
              r->path_count, r->path_count == 1 ? "" : "s");
    raise_status(r, EXIT_FINDINGS);
}

static int report_all(struct run *r)
{
    int rc = 0;

    compare_length(r);
    if (!r->o->separate)
        return r->path_count > 0 ? report(r, 0, r->path_count, NULL) : 0;
    for (int i = 0; i < r->path_count && rc == 0; i++)
        rc = report(r, i, 1, r->paths[i]);
    return rc;
}

/* Open everything, report, close everything.  0, or what failed, which has been told. */
static int work(struct run *r)
{
    struct mpa_writer_options options;
    int rc = verdicts_open(&r->verdicts, r->o);

    if (rc != 0) {
        say_error("%s", mpa_strerror(rc));
        return rc;
    }
    rc = output_open(&r->output, r->o);
    if (rc == 0) {
        options = output_options(&r->output, NULL);
        rc = ci_open(&r->ci, r->o, &options);
    }
    if (rc == 0)
        rc = output_empty(r->output.out, r->o->output);
    if (rc == 0)
        rc = ci_empty(&r->ci);
    if (rc == 0)
        rc = report_all(r);
    if (rc == 0 && ci_wanted(r->o))
        rc = report_failed(r);
    rc = ci_close(&r->ci, rc);
    rc = verdicts_close(&r->verdicts, rc, r->status < EXIT_INPUT);
    rc = output_close(&r->output, rc);
    if (r->verdicts.fails)
        raise_status(r, EXIT_FINDINGS);
    return rc;
}

enum exit_status run(const struct options *o)
{
    struct run r = {.o = o};
    int rc = mpa_crypto_init();

    if (rc == 0)
        rc = expand(&r);
    if (rc == 0 && r.status != EXIT_USAGE)
        rc = distinct_check(o, r.paths, r.path_count);
    if (rc == MPA_ERR_ARGUMENT) { /* Told; nothing is done. */
        mpa_paths_free(r.paths, (size_t)r.path_count);
        free(r.failed);
        return EXIT_USAGE;
    }
    if (rc != 0)
        say_error("%s", mpa_strerror(rc));
    if (rc == 0 && r.status != EXIT_USAGE)
        rc = work(&r);
    if (rc != 0)
        raise_status(&r, EXIT_INTERNAL);
    mpa_paths_free(r.paths, (size_t)r.path_count);
    free(r.failed);
    return r.status;
}
