/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole conversations through tracker, conformance rules, measurements and merging, at two vantage points.
 *
 * Input: frames one after the other, each with a head of five bytes: bit 0 which vantage point, the
 * rest of the byte a power of two of 64 us since the frame before (at most 31); a byte of finer
 * time; which link type (with 0x40 the segment is kept for a batch); the size, 16 bits
 * little-endian.  Bytes behind the last whole frame are left out.
 */
#include "fuzz.h"

#include "mpa/check.h"
#include "mpa/measure.h"
#include "mpa/merge.h"
#include "mpa/status.h"

#include <string.h>

#define HEAD       5
#define POINTS     2
#define FRAMES_MAX 4096
#define BATCH      16
#define BATCHED    0x40

/* The order is that of the seeds' third byte. */
static const uint16_t linktypes[] = {1, 276, 113, 101};

struct point {
    struct mpa_measure *measure;
    struct mpa_check *check;
    struct mpa_merge *merge;
    int64_t records;
    int capture;
    struct mpa_segment batch[BATCH];
    uint8_t *frames[BATCH]; /* Their bytes. */
    int batch_count;
};

struct conversation {
    struct point points[POINTS];
    struct mpa_merge *merge;
    struct mpa_pairs *pairs;
    int capture; /* Of the frame at hand. */
};

static void check_percentiles(const struct mpa_rec_percentiles *p)
{
    FUZZ_CHECK(p->count >= 0);
    if (p->count == 0)
        return;
    FUZZ_CHECK(p->min_ns >= 0 && p->min_ns <= p->p50_ns && p->p50_ns <= p->p95_ns);
    FUZZ_CHECK(p->p95_ns <= p->p99_ns && p->p99_ns <= p->max_ns);
}

static void check_subflow(const struct mpa_rec_subflow *s)
{
    FUZZ_CHECK(s->role == MPA_ROLE_INITIAL || s->role == MPA_ROLE_JOIN);
    for (int i = 0; i < s->server_count; i++) {
        FUZZ_CHECK(memchr(s->servers[i].name, 0, sizeof s->servers[i].name));
        FUZZ_CHECK(s->servers[i].first_ns <= s->servers[i].last_ns && s->servers[i].packets > 0);
    }
    FUZZ_CHECK(s->packets.v[0] + s->packets.v[1] > 0);
    FUZZ_CHECK(!s->has_reset || s->rst[0].packets + s->rst[1].packets > 0);
    for (int dir = 0; dir < 2; dir++) {
        const struct mpa_rec_rst *r = &s->rst[dir];

        check_percentiles(&s->rtt[dir]);
        FUZZ_CHECK(s->packets.v[dir] >= 0 && r->packets >= 0 && r->packets <= s->packets.v[dir]);
        FUZZ_CHECK(r->packets == 0 ||
                   (r->class >= MPA_RESET_LATE && r->class <= MPA_RESET_UNEXPLAINED));
    }
}

static bool has_subflow(const struct mpa_rec_conn *c, int64_t id)
{
    for (int i = 0; i < c->subflow_count; i++)
        if (c->subflows[i].id == id)
            return true;
    return false;
}

static void check_lists(const struct mpa_rec_conn *c)
{
    for (int i = 1; i < c->subflow_count; i++)
        FUZZ_CHECK(c->subflows[i].id > c->subflows[i - 1].id);
    for (int i = 0; i < c->add_addr_count; i++) {
        const struct mpa_rec_add_addr *a = &c->add_addrs[i];

        FUZZ_CHECK(a->transmissions + a->echoes > 0 && a->id >= 0 && a->id <= 255);
        for (int k = 0; k < a->joined_count; k++)
            FUZZ_CHECK(has_subflow(c, a->joined_from[k]));
    }
    for (int i = 0; i < c->hit_count; i++) {
        FUZZ_CHECK(has_subflow(c, c->hits[i].subflow));
        FUZZ_CHECK(c->hits[i].gap_dur_ns == MPA_NULL || c->hits[i].gap_dur_ns >= 0);
    }
    for (int i = 0; i < c->note_count; i++)
        FUZZ_CHECK(c->notes[i].kind >= MPA_NOTE_SYN && c->notes[i].kind <= MPA_NOTE_BAD_HMAC);
}

static void check_verdicts(const struct mpa_rec_conn *c)
{
    FUZZ_CHECK((c->protocol == MPA_PROTOCOL_FALLBACK) == (c->fallback != MPA_FALLBACK_REASON_NONE));
    FUZZ_CHECK((c->outcome == MPA_OUTCOME_FAILED) == (c->failed_ns != MPA_NULL));
    FUZZ_CHECK(c->survived == MPA_NULL || c->survived == 0 || c->survived == 1);
    FUZZ_CHECK(c->migration.state >= MPA_MIGRATION_SINGLE_PATH &&
               c->migration.state <= MPA_MIGRATION_MIGRATED);
    for (int dir = 0; dir < 2; dir++)
        FUZZ_CHECK(!(c->migration.vip_share_after[dir] < 0) &&
                   !(c->migration.vip_share_after[dir] > 1)); /* NaN is neither. */
}

static void check_value(const struct mpa_rec_value *v)
{
    FUZZ_CHECK(v->name && v->name[0]);
    FUZZ_CHECK(v->kind >= MPA_COMPARED_NUMBER && v->kind <= MPA_COMPARED_TEXT);
    FUZZ_CHECK(v->kind != MPA_COMPARED_TEXT || v->text);
}

static void check_finding(const struct mpa_rec_finding *f)
{
    FUZZ_CHECK(f->rule < MPA_RULE_COUNT && f->text && f->text[0]);
    FUZZ_CHECK(f->severity >= MPA_SEVERITY_INFO && f->severity <= MPA_SEVERITY_ERROR);
    FUZZ_CHECK(f->verdict >= MPA_FINDING_VIOLATION && f->verdict <= MPA_FINDING_INFO);
    FUZZ_CHECK(f->subflow == MPA_NULL || f->subflow >= 0);
    FUZZ_CHECK(f->frame_count >= 0 && f->frame_count <= MPA_FINDING_FRAMES);
    for (int i = 0; i < f->frame_count; i++)
        FUZZ_CHECK(f->frames[i].capture >= 0 && f->frames[i].capture < POINTS &&
                   f->frames[i].frame > 0);
    FUZZ_CHECK(f->value_count >= 0 && f->value_count <= MPA_FINDING_VALUES);
    for (int i = 0; i < f->value_count; i++)
        check_value(&f->values[i]);
}

/* Tallies are sorted, and count every breach that is told. */
static void check_rules(const struct mpa_rec_conn *c)
{
    for (int i = 0; i < c->finding_count; i++)
        check_finding(&c->findings[i]);
    for (int i = 0; i < c->tally_count; i++) {
        const struct mpa_rec_tally *t = &c->tallies[i];
        uint32_t told = 0;

        FUZZ_CHECK(t->rule < MPA_RULE_COUNT && t->count > 0);
        FUZZ_CHECK(t->verdict > MPA_VERDICT_NOT_APPLICABLE && t->verdict < MPA_VERDICT_COUNT &&
                   t->verdict != MPA_VERDICT_NOTED);
        FUZZ_CHECK(i == 0 || t->rule > t[-1].rule ||
                   (t->rule == t[-1].rule && t->verdict > t[-1].verdict));
        for (int k = 0; k < c->finding_count; k++)
            told += c->findings[k].rule == t->rule && c->findings[k].verdict != MPA_FINDING_INFO;
        FUZZ_CHECK(t->verdict != MPA_VERDICT_BROKEN || t->count >= told);
    }
}

static void check_conn(const struct mpa_rec_conn *r)
{
    check_verdicts(r);
    check_rules(r);
    check_lists(r);
    FUZZ_CHECK(r->id >= 0 && r->subflow_count >= 0 && r->add_addr_count >= 0 && r->hit_count >= 0);
    FUZZ_CHECK(r->last_ns >= r->first_ns);
    for (int dir = 0; dir < 2; dir++) {
        FUZZ_CHECK((r->bytes.v[dir] == MPA_NULL) == (r->dsn_out_of_order_bytes.v[dir] == MPA_NULL));
        FUZZ_CHECK(r->bytes.v[dir] >= 0 || r->bytes.v[dir] == MPA_NULL);
        for (int i = 1; i < r->merge.span_count[dir]; i++)
            FUZZ_CHECK(r->merge.spans[dir][i].start - r->merge.spans[dir][0].start >=
                       r->merge.spans[dir][i - 1].end - r->merge.spans[dir][0].start);
    }
    for (int i = 0; i < r->subflow_count; i++) {
        const struct mpa_rec_subflow *sf = &r->subflows[i];

        FUZZ_CHECK(sf->server_count >= 0 && sf->server_count <= MPA_REC_SERVERS_MAX);
        FUZZ_CHECK(sf->bytes.v[0] >= 0 || sf->bytes.v[0] == MPA_NULL);
        FUZZ_CHECK(sf->bytes.v[1] >= 0 || sf->bytes.v[1] == MPA_NULL);
        FUZZ_CHECK(sf->last_ns >= sf->first_ns);
        check_subflow(sf);
    }
}

static int on_conn(void *context, const struct mpa_rec_conn *conn)
{
    struct point *p = context;

    check_conn(conn);
    p->records++;
    return mpa_merge_put(p->merge, conn, p->capture);
}

static void begin(struct conversation *c)
{
    static const struct mpa_server servers[] = {
        {.name = "s1", .mac = {2, 0, 0, 0, 0, 1}, .has_mac = true}};
    static const struct mpa_churn_line churn[] = {
        {.ns = 1000000000500000000, .remove = true, .server = "s1"},
        {.ns = 1000000001500000000, .remove = false, .server = "s1"},
    };

    c->merge = mpa_merge_new();
    c->pairs = mpa_pairs_new(POINTS);
    FUZZ_CHECK(c->merge && c->pairs);
    for (int i = 0; i < POINTS; i++) {
        struct mpa_measure_config config = {
            .track = {.max_connections = 16, .idle_ns = 600000000000, .closed_ns = 75000000000},
            .servers = servers,
            .server_count = 1,
            .churn = churn,
            .churn_count = i == 0 ? 2 : 0,
            .notes = MPA_NOTES_ALL,
            .on_conn = on_conn,
            .context = &c->points[i],
            .judge = mpa_check_judge,
        };
        const struct mpa_check_config rules = {.profile = i ? MPA_PROFILE_LB : MPA_PROFILE_AUTO,
                                               .strict_ids = i != 0};

        c->points[i].merge = c->merge;
        c->points[i].capture = i;
        c->points[i].check = mpa_check_new(&rules);
        FUZZ_CHECK(c->points[i].check);
        mpa_check_attach(c->points[i].check, &config.track);
        config.judge_context = c->points[i].check;
        c->points[i].measure = mpa_measure_new(&config);
        FUZZ_CHECK(c->points[i].measure);
        mpa_check_tracker(c->points[i].check, mpa_measure_tracker(c->points[i].measure));
    }
}

static void flush(struct point *p)
{
    if (p->batch_count == 0)
        return;
    mpa_measure_prepare(p->measure, p->batch, p->batch_count);
    mpa_measure_segments(p->measure, p->batch, p->batch_count);
    while (p->batch_count > 0)
        free(p->frames[--p->batch_count]);
}

/* Takes the frame's bytes. */
static void feed(struct conversation *c, const struct mpa_frame *frame, uint8_t *bytes,
                 bool batched)
{
    const struct mpa_tunnel_ports ports = MPA_TUNNEL_PORTS_DEFAULT;
    struct point *p = &c->points[frame->capture];
    struct mpa_segment *seg = &p->batch[p->batch_count];
    struct mpa_icmp_error icmp;
    enum mpa_frame_kind kind = mpa_frame_decode(frame, &ports, seg, &icmp);

    p->frames[p->batch_count] = bytes;
    if (kind == MPA_FRAME_SEGMENT) {
        FUZZ_CHECK(mpa_pairs_add(c->pairs, frame->capture, seg,
                                 seg->sport < seg->dport ? MPA_TO_CLIENT : MPA_TO_SERVER) ==
                   MPA_OK);
        p->batch_count++;
        if (batched && p->batch_count < BATCH)
            return;
        if (p->batch_count > 1) {
            flush(p);
            return;
        }
        mpa_measure_segment(p->measure, seg);
        p->batch_count = 0;
    } else if (kind == MPA_FRAME_ICMP) {
        flush(p);
        mpa_measure_icmp(p->measure, &icmp);
    }
    free(bytes);
}

static void check_report(const struct mpa_rec_report *r)
{
    int64_t sum = 0;

    for (int i = 0; i < MPA_RESET_COUNT; i++)
        sum += r->reset_classes[i];
    FUZZ_CHECK(sum == r->reset_events);
    FUZZ_CHECK(r->reset_packets >= 0);
    FUZZ_CHECK(r->add_addr.answered + r->add_addr.unanswered == r->add_addr.advertised);
    FUZZ_CHECK(r->churn.mptcp_survived + r->churn.mptcp_failed + r->churn.mptcp_undetermined ==
               r->churn.mptcp_hit);
    FUZZ_CHECK(r->churn.tcp_failed + r->churn.tcp_undetermined <= r->churn.tcp_hit);
}

/* What the rules say of a merged record. */
static void judge(struct mpa_check *check, const struct mpa_rec_conn *conn)
{
    struct mpa_rec_conn judged = *conn;

    FUZZ_CHECK(mpa_check_record(check, &judged) == MPA_OK);
    check_rules(&judged);
}

static void check_sums(const struct mpa_rec_report *r)
{
    FUZZ_CHECK(r->rules && r->rule_count == MPA_RULE_COUNT);
    for (int i = 0; i < r->rule_count; i++) {
        const struct mpa_rec_rule *rule = &r->rules[i];
        int64_t sum = rule->passed + rule->broken;

        for (int k = 0; k < MPA_RULE_REASONS; k++)
            sum += rule->not_verifiable[k];
        FUZZ_CHECK(sum == rule->checked);
    }
}

static void end(struct conversation *c, int64_t last_ns)
{
    const struct mpa_rec_vantage_pair *pairs;
    struct mpa_measure *sum = c->points[0].measure;
    struct mpa_rec_report report = {0};
    struct mpa_rec_conn *conn;
    int64_t last = -1, merged = 0;
    int count;

    for (int i = 0; i < POINTS; i++) {
        flush(&c->points[i]);
        FUZZ_CHECK(mpa_measure_finish(c->points[i].measure) == MPA_OK);
    }
    FUZZ_CHECK(mpa_measure_add(sum, c->points[1].measure) == MPA_OK);
    FUZZ_CHECK(mpa_merge_finish(c->merge) == MPA_OK);
    mpa_check_end(c->points[0].check, last_ns);
    while (mpa_merge_next(c->merge, &conn) == 1) {
        FUZZ_CHECK(conn->id > last);
        last = conn->id;
        merged++;
        mpa_measure_complete(sum, conn);
        check_conn(conn);
        judge(c->points[0].check, conn);
    }
    FUZZ_CHECK(merged <= c->points[0].records + c->points[1].records);
    FUZZ_CHECK(mpa_measure_report(sum, &report) == MPA_OK);
    check_report(&report);
    mpa_check_report(c->points[0].check, &report);
    check_sums(&report);
    check_percentiles(&report.add_addr.first_to_echo);
    check_percentiles(&report.add_addr.last_to_echo);
    check_percentiles(&report.churn.gap);
    FUZZ_CHECK(report.connections_mptcp + report.connections_fallback + report.connections_tcp ==
               merged);
    FUZZ_CHECK(mpa_pairs_report(c->pairs, &pairs, &count) == MPA_OK);
    for (int i = 0; i < count; i++)
        check_percentiles(&pairs[i].delay);
    for (int i = 0; i < POINTS; i++) {
        mpa_measure_free(c->points[i].measure);
        mpa_check_free(c->points[i].check);
    }
    mpa_merge_free(c->merge);
    mpa_pairs_free(c->pairs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct conversation c = {0};
    int64_t ns = 1000000000000000000;
    uint64_t number = 0;

    begin(&c);
    while (size >= HEAD && number < FRAMES_MAX) {
        size_t claimed = (size_t)(data[3] | data[4] << 8);
        uint8_t *copy;

        if (size - HEAD < claimed)
            break;
        ns += (INT64_C(64000) << (data[0] >> 1) % 32) + data[1] * 1000 - 64000;
        /* Memory of its own, so that a sanitizer sees a read behind the frame. */
        copy = malloc(claimed ? claimed : 1);
        FUZZ_CHECK(copy);
        memcpy(copy, data + HEAD, claimed);
        feed(&c,
             &(struct mpa_frame){.data = copy,
                                 .captured = (uint32_t)claimed,
                                 .wire = (uint32_t)claimed + (claimed >= 96 ? 1400 : 0),
                                 .ns = ns,
                                 .number = ++number,
                                 .linktype = linktypes[data[2] % 4],
                                 .capture = data[0] & 1},
             copy, (data[2] & BATCHED) != 0);
        data += HEAD + claimed;
        size -= HEAD + claimed;
    }
    end(&c, ns);
    return 0;
}
