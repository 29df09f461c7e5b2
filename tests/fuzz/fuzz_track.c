/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole conversations through tracker, measurements and merging, at two vantage points.
 *
 * Input: frames one after the other, each with a head of five bytes: bit 0 which vantage point, the rest of the byte a power
 * of two of 64 us since the frame before (at most 31); a byte of finer time; which link type; the size, 16 bits little-endian.
 * Bytes behind the last whole frame are left out.
 */
#include "fuzz.h"

#include "mpa/measure.h"
#include "mpa/merge.h"
#include "mpa/status.h"

#include <string.h>

#define HEAD       5
#define POINTS     2
#define FRAMES_MAX 4096

/* The order is that of the seeds' third byte. */
static const uint16_t linktypes[] = {1, 276, 113, 101};

struct point {
    struct mpa_measure *measure;
    struct mpa_merge *merge;
    int64_t records;
};

struct conversation {
    struct point points[POINTS];
    struct mpa_merge *merge;
    struct mpa_pairs *pairs;
    int capture; /* Of the frame at hand. */
};

static void check_conn(const struct mpa_rec_conn *r)
{
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
    }
}

static int on_conn(void *context, const struct mpa_rec_conn *conn)
{
    struct point *p = context;

    check_conn(conn);
    p->records++;
    return mpa_merge_put(p->merge, conn, 0);
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
            .notes = true,
            .on_conn = on_conn,
            .context = &c->points[i],
        };

        c->points[i].merge = c->merge;
        c->points[i].measure = mpa_measure_new(&config);
        FUZZ_CHECK(c->points[i].measure);
    }
}

static void feed(struct conversation *c, const struct mpa_frame *frame)
{
    const struct mpa_tunnel_ports ports = MPA_TUNNEL_PORTS_DEFAULT;
    struct mpa_measure *m = c->points[frame->capture].measure;
    struct mpa_segment seg;
    struct mpa_icmp_error icmp;

    switch (mpa_frame_decode(frame, &ports, &seg, &icmp)) {
    case MPA_FRAME_SEGMENT:
        FUZZ_CHECK(mpa_pairs_add(c->pairs, frame->capture, &seg,
                                 seg.sport < seg.dport ? MPA_TO_CLIENT : MPA_TO_SERVER) == MPA_OK);
        mpa_measure_segment(m, &seg);
        break;
    case MPA_FRAME_ICMP:
        mpa_measure_icmp(m, &icmp);
        break;
    default:
        break;
    }
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

static void end(struct conversation *c)
{
    const struct mpa_rec_vantage_pair *pairs;
    struct mpa_measure *sum = c->points[0].measure;
    struct mpa_rec_report report = {0};
    struct mpa_rec_conn *conn;
    int64_t last = -1, merged = 0;
    int count;

    for (int i = 0; i < POINTS; i++)
        FUZZ_CHECK(mpa_measure_finish(c->points[i].measure) == MPA_OK);
    FUZZ_CHECK(mpa_measure_add(sum, c->points[1].measure) == MPA_OK);
    FUZZ_CHECK(mpa_merge_finish(c->merge) == MPA_OK);
    while (mpa_merge_next(c->merge, &conn) == 1) {
        FUZZ_CHECK(conn->id > last);
        last = conn->id;
        merged++;
        mpa_measure_complete(sum, conn);
        check_conn(conn);
    }
    FUZZ_CHECK(merged <= c->points[0].records + c->points[1].records);
    FUZZ_CHECK(mpa_measure_report(sum, &report) == MPA_OK);
    check_report(&report);
    FUZZ_CHECK(report.connections_mptcp + report.connections_fallback + report.connections_tcp ==
               merged);
    FUZZ_CHECK(mpa_pairs_report(c->pairs, &pairs, &count) == MPA_OK);
    for (int i = 0; i < POINTS; i++)
        mpa_measure_free(c->points[i].measure);
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
        feed(&c, &(struct mpa_frame){.data = copy,
                                     .captured = (uint32_t)claimed,
                                     .wire = (uint32_t)claimed + (claimed >= 96 ? 1400 : 0),
                                     .ns = ns,
                                     .number = ++number,
                                     .linktype = linktypes[data[2] % 4],
                                     .capture = data[0] & 1});
        free(copy);
        data += HEAD + claimed;
        size -= HEAD + claimed;
    }
    end(&c);
    return 0;
}
