/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "study.h"

#include "feed.h"
#include "progress.h"
#include "say.h"

#include "mpa/status.h"

#include <stdlib.h>
#include <string.h>

static void study_fail(struct study *s, int status)
{
    if (s->status == 0)
        s->status = status;
}

/* ---- What the measures tell ---- */

/* What a merge would need is much of a record, and nobody's once there is no merge ahead. */
static int put_alone(struct mpa_spool *spool, const struct mpa_rec_conn *conn)
{
    struct mpa_rec_conn alone = *conn;

    memset(&alone.merge, 0, sizeof(alone.merge));
    return mpa_spool_put(spool, &alone);
}

static int on_conn(void *context, const struct mpa_rec_conn *conn)
{
    struct study_vantage *v = context;
    struct study *s = v->study;
    int rc = s->merge ? mpa_merge_put(s->merge, conn, v->capture) : put_alone(s->ended, conn);

    if (rc != 0)
        study_fail(s, rc);
    return rc;
}

static void on_segment(void *context, const struct mpa_segment *segment, enum mpa_dir dir)
{
    struct study_vantage *v = context;
    int rc = mpa_pairs_add(v->study->pairs, v->capture, segment, dir);

    if (rc != 0)
        study_fail(v->study, rc);
}

/* ---- What the feed asks and gives ---- */

static bool in_time(const struct study *s, int64_t ns)
{
    return ns >= s->from_ns && ns <= s->to_ns;
}

static bool wanted(const void *context, const struct mpa_segment *segment)
{
    return in_time(context, segment->ns);
}

static bool wanted_icmp(const void *context, const struct mpa_icmp_error *icmp)
{
    return in_time(context, icmp->ns);
}

static void feed_segments(void *context, const struct mpa_segment *segments, int count)
{
    const struct study_vantage *v = context;

    mpa_measure_segments(v->measure, segments, count);
}

static void feed_icmp(void *context, const struct mpa_icmp_error *icmp)
{
    const struct study_vantage *v = context;

    mpa_measure_icmp(v->measure, icmp);
}

/* ---- Reading ---- */

static int new_check(struct study_vantage *v)
{
    struct mpa_check_config config = v->study->o->checks;

    config.vips = v->study->o->vips;
    config.vip_count = v->study->o->vip_count;
    config.v6_secret = v->study->o->v6_secret_size ? v->study->o->v6_secret : NULL;
    config.v6_secret_size = v->study->o->v6_secret_size;
    v->check = mpa_check_new(&config);
    return v->check ? 0 : MPA_ERR_NOMEM;
}

static int new_measure(struct study_vantage *v)
{
    const struct options *o = v->study->o;
    struct mpa_measure_config config = {
        /* A writer that takes connections as they are completed is that of text, which has no round-trip times of data. */
        .track = {.dialect = o->dialect,
                  .max_connections = o->max_connections,
                  .no_rtt = v->study->writer != NULL},
        .vips = o->vips,
        .vip_count = o->vip_count,
        .servers = o->servers,
        .server_count = o->server_count,
        .churn = o->churn,
        .churn_count = o->churn_count,
        .v6_secret = o->v6_secret,
        .v6_secret_size = o->v6_secret_size,
        .notes = o->explain ? MPA_NOTES_ALL : MPA_NOTES_NONE,
        .on_conn = on_conn,
        .on_segment = v->study->pairs ? on_segment : NULL,
        .context = v,
        .hosts = v->hosts,
    };

    if (o->check) {
        if (new_check(v) != 0)
            return MPA_ERR_NOMEM;
        mpa_check_attach(v->check, &config.track);
        config.judge = mpa_check_judge;
        config.judge_context = v->check;
    }
    v->measure = mpa_measure_new(&config);
    if (v->measure && v->check)
        mpa_check_tracker(v->check, mpa_measure_tracker(v->measure));
    return v->measure ? 0 : MPA_ERR_NOMEM;
}

/* What --nstat compares: each host by the vantage point that saw most of its options. */
static void fill_hosts(struct study *s)
{
    for (int i = 0; i < s->o->nstat_count; i++) {
        struct mpa_rec_counter *rows = &s->counters[i * MPA_COUNTER_COUNT];
        struct mpa_hosts *best = NULL;
        int64_t most = -1;

        for (int k = 0; k < s->in.vantage_count; k++) {
            struct mpa_hosts *h = s->vantages[k].hosts;
            int64_t sum = mpa_hosts_seen(h, i);

            for (int c = 0; c < MPA_COUNTER_COUNT; c++)
                sum += mpa_hosts_count(h, i, (enum mpa_counter)c);
            if (sum > most) {
                most = sum;
                best = h;
            }
        }
        s->rec_hosts[i].addrs = s->o->nstat[i].addrs;
        s->rec_hosts[i].addr_count = s->o->nstat[i].addr_count;
        if (!best)
            continue; /* No capture could be read. */
        s->rec_hosts[i].seen = mpa_hosts_seen(best, i);
        s->rec_hosts[i].in_file = s->o->nstat[i].in_file;
        s->rec_hosts[i].counters = rows;
        s->rec_hosts[i].counter_count = nstat_compare(&s->o->nstat[i], best, i, rows);
    }
    s->report.hosts = s->rec_hosts;
    s->report.host_count = s->o->nstat_count;
}

static int allocate_hosts(struct study *s)
{
    size_t count = (size_t)s->o->nstat_count;

    if (count == 0)
        return 0;
    s->hosts = calloc(count, sizeof(*s->hosts));
    s->rec_hosts = calloc(count, sizeof(*s->rec_hosts));
    s->counters = calloc(count * MPA_COUNTER_COUNT, sizeof(*s->counters));
    if (!s->hosts || !s->rec_hosts || !s->counters)
        return MPA_ERR_NOMEM;
    for (size_t i = 0; i < count; i++)
        s->hosts[i] = (struct mpa_host){s->o->nstat[i].addrs, s->o->nstat[i].addr_count};
    for (int i = 0; i < s->in.vantage_count; i++) {
        s->vantages[i].hosts = mpa_hosts_new(s->hosts, (int)count);
        if (!s->vantages[i].hosts)
            return MPA_ERR_NOMEM;
    }
    return 0;
}

/* What is wrong with an input after it was read to its end; names it once. */
static void judge_input(const struct study *s, struct input *input, int status)
{
    const struct feed_counts *c = &input->counts;

    if (status != 0) {
        input->status = status;
        snprintf(input->error, sizeof(input->error), "%s",
                 status == MPA_ERR_NOMEM ? mpa_strerror(status) : mpa_source_error(input->source));
        say_error("%s: %s; %lld packet%s before that %s in the report", input->path, input->error,
                  (long long)c->packets, c->packets == 1 ? "" : "s",
                  c->packets == 1 ? "is" : "are");
        return;
    }
    if (c->packets > 0 && c->unknown_link == c->packets) {
        input->status = MPA_ERR_LINK;
        snprintf(input->error, sizeof(input->error), "its link type is not handled");
        say_error("%s: %s", input->path, input->error);
        return;
    }
    if (s->o->quiet)
        return;
    if (c->unknown_link > 0)
        say_error("%s: %lld packets have a link type that is not handled", input->path,
                  (long long)c->unknown_link);
    if (c->segments == 0 && s->o->filter && c->packets == 0)
        say_error("%s: no packet passes the filter", input->path);
    else if (c->segments == 0 && c->truncated > 0)
        say_error("%s: the snap length cut off the TCP headers (%lld packets)", input->path,
                  (long long)c->packets);
    else if (c->segments == 0)
        say_error("%s: there is no TCP in it (%lld packets)", input->path, (long long)c->packets);
}

static void prepare(void *context, struct mpa_segment *segments, int count)
{
    mpa_measure_prepare(context, segments, count);
}

static void read_input(struct study *s, struct study_vantage *v, int index)
{
    struct input *input = &s->in.at[index];
    struct progress progress;
    struct feed feed = {
        .ports = s->o->ports,
        .wanted_context = s,
        .payload = s->o->check,
        .segments = feed_segments,
        .icmp = feed_icmp,
        .context = v,
    };
    int64_t copies;
    int status;

    if (input_open(input, index, s->o->filter) != 0) {
        say_error("%s: %s", input->path, input->error);
        return;
    }
    if (!v->measure && new_measure(v) != 0) {
        study_fail(s, MPA_ERR_NOMEM);
        return;
    }
    feed.prepare = prepare;
    feed.prepare_context = v->measure;
    if (s->o->from.given || s->o->to.given) {
        feed.wanted = wanted;
        feed.wanted_icmp = wanted_icmp;
    }
    if (s->o->progress) {
        progress_begin(&progress, input->path);
        feed.progress = progress_tell;
        feed.progress_context = &progress;
    }
    input->snaplen = mpa_source_snaplen(input->source);
    copies = mpa_measure_counts(v->measure)->copies;
    status = feed_run(&feed, input->source, &input->counts);
    input->copies = mpa_measure_counts(v->measure)->copies - copies;
    if (s->o->progress)
        progress_end(&progress, input->counts.packets);
    judge_input(s, input, status);
    if (status == MPA_ERR_NOMEM)
        study_fail(s, status);
    mpa_source_close(input->source);
    input->source = NULL;
}

/* --from and --to as times since the epoch. */
static void set_window(struct study *s)
{
    const struct time_point *points[2] = {&s->o->from, &s->o->to};
    int64_t ns[2] = {INT64_MIN, INT64_MAX};
    int64_t first = INT64_MIN;

    if (s->o->from.relative || s->o->to.relative)
        first = inputs_first_ns(&s->in);
    if (first == MPA_NULL)
        first = 0; /* No packets at all. */
    for (int i = 0; i < 2; i++)
        if (points[i]->given &&
            __builtin_add_overflow(points[i]->ns, points[i]->relative ? first : 0, &ns[i]))
            ns[i] = INT64_MAX;
    s->from_ns = ns[0];
    s->to_ns = ns[1];
}

static void read_all(struct study *s)
{
    for (int i = 0; i < s->in.count && s->status == 0; i++) {
        int index = s->in.order[i];

        read_input(s, &s->vantages[s->in.at[index].vantage], index);
    }
    for (int i = 0; i < s->in.vantage_count && s->status == 0; i++) {
        int rc = s->vantages[i].measure ? mpa_measure_finish(s->vantages[i].measure) : 0;

        if (rc != 0)
            study_fail(s, rc);
    }
}

/* ---- Records and totals ---- */

/* The measure that the totals are asked of: the first, with the others added. */
static struct mpa_measure *sum_measures(struct study *s)
{
    struct mpa_measure *sum = NULL;

    for (int i = 0; i < s->in.vantage_count && s->status == 0; i++) {
        struct mpa_measure *m = s->vantages[i].measure;
        int rc = 0;

        if (m && sum)
            rc = mpa_measure_add(sum, m);
        else if (m)
            sum = m;
        if (rc != 0)
            study_fail(s, rc);
    }
    if (!sum && s->status == 0) {
        /* Nothing could be read: the report of nothing. */
        if (new_measure(&s->vantages[0]) != 0 || mpa_measure_finish(s->vantages[0].measure) != 0)
            study_fail(s, MPA_ERR_NOMEM);
        sum = s->vantages[0].measure;
    }
    return sum;
}

static int next_record(struct study *s, struct mpa_rec_conn **ret)
{
    return s->merge ? mpa_merge_next(s->merge, ret) : mpa_spool_next(s->ended, ret);
}

/* The check that judges finished records: that of the measure with the totals. */
static struct mpa_check *sum_check(const struct study *s)
{
    for (int i = 0; i < s->in.vantage_count; i++)
        if (s->vantages[i].measure)
            return s->vantages[i].check;
    return s->vantages[0].check; /* Of nothing. */
}

/* Deadlines after the last packet prove nothing. */
static void end_check(const struct study *s, struct mpa_check *check)
{
    int64_t end = MPA_NULL;

    for (int i = 0; i < s->in.count; i++)
        if (s->in.at[i].counts.packets > 0 && s->in.at[i].counts.last_ns > end)
            end = s->in.at[i].counts.last_ns;
    mpa_check_end(check, end < s->to_ns ? end : s->to_ns);
}

/* A complete record on its way out. */
static int give(struct study *s, struct mpa_check *check, const struct mpa_rec_conn *conn)
{
    struct mpa_rec_conn judged = *conn; /* Its findings become the check's. */
    int rc = 0;

    if (check)
        rc = mpa_check_record(check, &judged);
    if (check && rc == 0)
        rc = verdicts_take(s->verdicts, &judged, s->rules);
    if (rc != 0)
        return rc;
    return s->writer ? s->writer->connection(s->writer, &judged) : put_alone(s->done, &judged);
}

/* Complete the selected records; the totals are theirs. */
static void complete_records(struct study *s, struct mpa_measure *sum)
{
    struct mpa_check *check = s->verdicts ? sum_check(s) : NULL;
    struct mpa_rec_conn *conn;
    int more = 0, rc = s->merge ? mpa_merge_finish(s->merge) : 0;

    if (check)
        end_check(s, check);
    while (rc == 0 && (more = next_record(s, &conn)) == 1) {
        s->connections++;
        if (!selection_has(s->o->selections, s->o->selection_count, conn))
            continue;
        s->selected++;
        mpa_measure_complete(sum, conn);
        rc = give(s, check, conn);
    }
    if (rc != 0 || more < 0)
        study_fail(s, rc != 0 ? rc : more);
}

static void fill_capture(struct study *s, int index)
{
    const struct input *input = &s->in.at[index];
    const struct feed_counts *c = &input->counts;
    const struct mpa_measure *m = s->vantages[input->vantage].measure;
    const char **lost = s->lost_checks[index];
    int lost_count = 0;

    if (c->truncated > 0)
        lost[lost_count++] = "TCP headers";
    if (c->truncated > 0 || c->cut_options > 0)
        lost[lost_count++] = "MPTCP options";
    if (c->truncated > 0 || c->cut_payload > 0)
        lost[lost_count++] = "DSS checksums";
    s->captures[index] = (struct mpa_rec_capture){
        .file = input->path,
        .vantage = m ? mpa_measure_vantage(m) : MPA_VANTAGE_UNKNOWN,
        .link_types = c->link_types,
        .link_type_count = c->link_type_count,
        .packets = c->packets,
        .tcp_segments = c->segments,
        .copies = input->copies,
        .truncated = c->truncated,
        .malformed = c->malformed,
        .fragments = c->fragments,
        .other = c->other,
        .icmp = c->icmp,
        .first_ns = c->packets > 0 ? c->first_ns : MPA_NULL,
        .last_ns = c->packets > 0 ? c->last_ns : MPA_NULL,
        .snaplen = input->snaplen > 0 ? (int64_t)input->snaplen : MPA_NULL,
        .lost_checks = lost,
        .lost_check_count = lost_count,
        .error = input->status != 0 ? input->error : NULL,
    };
}

/* What is known of the report before its connections. */
static void fill_captures(struct study *s)
{
    int64_t epoch = MPA_NULL;

    for (int i = 0; i < s->in.count; i++) {
        fill_capture(s, i);
        if (s->captures[i].first_ns != MPA_NULL &&
            (epoch == MPA_NULL || s->captures[i].first_ns < epoch))
            epoch = s->captures[i].first_ns;
    }
    s->report.epoch_ns = epoch == MPA_NULL ? 0 : epoch;
    s->report.captures = s->captures;
    s->report.capture_count = s->in.count;
}

/* The sums of the check, and what of its findings is known. */
static void fill_rules(struct study *s)
{
    mpa_check_report(sum_check(s), &s->report);
    for (int i = 0; i < MPA_RULE_COUNT; i++) {
        struct mpa_rec_rule mine = s->rules[i];

        s->rules[i] = s->report.rules[i];
        memcpy(s->rules[i].findings, mine.findings, sizeof(mine.findings));
        s->rules[i].known = mine.known;
    }
    s->report.rules = s->rules;
}

static void fill_guesses(struct study *s)
{
    for (int i = 0; i < s->in.vantage_count && s->status == 0; i++)
        if (s->vantages[i].check && mpa_check_guesses(s->vantages[i].check, &s->guesses) != 0)
            study_fail(s, MPA_ERR_NOMEM);
    s->report.guesses = s->guesses.rows;
    s->report.guess_count = s->guesses.count;
}

static void fill_report(struct study *s, struct mpa_measure *sum)
{
    int rc = mpa_measure_report(sum, &s->report);

    fill_captures(s);
    if (s->verdicts) {
        fill_rules(s);
        fill_guesses(s);
    }
    if (s->hosts)
        fill_hosts(s);
    if (rc == 0 && s->pairs)
        rc = mpa_pairs_report(s->pairs, &s->report.pairs, &s->report.pair_count);
    if (rc != 0)
        study_fail(s, rc);
}

static int allocate(struct study *s)
{
    size_t count = (size_t)s->in.count;
    bool several = s->in.vantage_count > 1;

    s->vantages = calloc((size_t)s->in.vantage_count + 1, sizeof(*s->vantages));
    s->captures = calloc(count + 1, sizeof(*s->captures));
    s->lost_checks = calloc(count + 1, sizeof(*s->lost_checks));
    if (!s->vantages || !s->captures || !s->lost_checks)
        return MPA_ERR_NOMEM;
    for (int i = s->in.count; i-- > 0;) {
        struct study_vantage *v = &s->vantages[s->in.at[s->in.order[i]].vantage];

        v->study = s;
        v->capture = s->in.order[i];
    }
    s->done = mpa_spool_new(MPA_SPOOL_MEMORY);
    if (!several)
        s->ended = mpa_spool_new(MPA_SPOOL_MEMORY);
    if (!s->done || (!several && !s->ended))
        return MPA_ERR_NOMEM;
    if (several) {
        s->merge = mpa_merge_new();
        s->pairs = mpa_pairs_new(s->in.count);
        if (!s->merge || !s->pairs)
            return MPA_ERR_NOMEM;
    }
    return allocate_hosts(s);
}

static const char *spool_error(const struct study *s)
{
    const char *ended = mpa_spool_error(s->ended), *done = mpa_spool_error(s->done);

    return ended ? ended : done ? done : mpa_strerror(s->status);
}

int study_run(struct study *s, const struct options *o, const char *const *paths, int count,
              struct mpa_writer *writer, struct verdicts *verdicts)
{
    struct mpa_measure *sum;
    int rc;

    *s = (struct study){.o = o, .writer = writer, .verdicts = verdicts};
    rc = inputs_init(&s->in, paths, count, o->filter);
    if (rc == 0)
        rc = allocate(s);
    if (rc != 0)
        study_fail(s, rc);
    if (s->status == 0) {
        set_window(s);
        read_all(s);
    }
    sum = s->status == 0 ? sum_measures(s) : NULL;
    if (s->status == 0 && writer) {
        fill_captures(s);
        rc = writer->begin(writer, &s->report);
        if (rc != 0)
            study_fail(s, rc);
    }
    if (s->status == 0)
        complete_records(s, sum);
    if (s->status == 0)
        fill_report(s, sum);
    if (s->status == MPA_ERR_WRITE)
        say_error("temporary file: %s", spool_error(s));
    else if (s->status != 0)
        say_error("%s", mpa_strerror(s->status));
    return s->status;
}

void study_free(struct study *s)
{
    for (int i = 0; s->vantages && i < s->in.vantage_count; i++) {
        mpa_measure_free(s->vantages[i].measure);
        mpa_check_free(s->vantages[i].check);
        mpa_hosts_free(s->vantages[i].hosts);
    }
    free(s->hosts);
    free(s->rec_hosts);
    free(s->counters);
    mpa_pairs_free(s->pairs);
    mpa_merge_free(s->merge);
    mpa_spool_free(s->ended);
    mpa_spool_free(s->done);
    free(s->vantages);
    free(s->captures);
    free(s->lost_checks);
    mpa_guesses_free(&s->guesses);
    inputs_free(&s->in);
}
