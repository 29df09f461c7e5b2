/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fixture.h"

#include "mpa/record_pack.h"
#include "mpa/status.h"

#include <dirent.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BOTH(a, b)  ((struct mpa_both){{(a), (b)}})
#define FRAME(c, f) ((struct mpa_frame_ref){(c), (f)})
#define NO_FRAME    FRAME(-1, 0)

struct mpa_addr fixture_addr(const char *text)
{
    struct mpa_prefix prefix;

    if (mpa_prefix_parse(text, &prefix) != 0)
        abort();
    return prefix.addr;
}

static void *make(size_t count, size_t size)
{
    void *ret = calloc(count, size);

    if (!ret)
        abort();
    return ret;
}

/* ---- Connections -------------------------------------------------------------------------------------------- */

static void fill_subflow(struct mpa_rec_subflow *s, int64_t id, int64_t start, bool on_vip)
{
    *s = (struct mpa_rec_subflow){
        .id = id,
        .role = id == 0 ? MPA_ROLE_INITIAL : MPA_ROLE_JOIN,
        .on_vip = on_vip,
        .syn_ns = start,
        .established_ns = start + 20 * MS,
        .usable_ns = start + 40 * MS,
        .first_ns = start,
        .last_ns = start + 900 * MS,
        .backup = BOTH(0, on_vip),
        .packets = BOTH(120, 340),
        .bytes = BOTH(1200, 480000),
        .retransmitted_bytes = BOTH(0, 1448),
        .reinjected_bytes = BOTH(0, 2896),
        .syn_retransmissions = 1,
        .rtt = {{0, MPA_NULL, MPA_NULL, MPA_NULL, MPA_NULL, MPA_NULL},
                {9, 20 * MS, 21 * MS, 25 * MS, 30 * MS, 30 * MS}},
        .icmp_errors = 2,
        .icmp_too_big_astray = 1,
        .vantage = MPA_VANTAGE_MIDDLE,
        .rst = {{MPA_RESET_UNEXPLAINED, MPA_NULL, 0}, {MPA_RESET_UNEXPLAINED, MPA_NULL, 0}},
        .isn = {0x01020304, 0xf0e0d0c0},
        .has_isn = {true, true},
    };
    snprintf(s->community_id, sizeof(s->community_id), "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
    s->server_count = on_vip ? 2 : 1;
    s->servers[0] = (struct mpa_rec_server){"s1", MPA_SERVER_BY_MAC, start, start + 500 * MS, 200};
    if (on_vip)
        s->servers[1] = (struct mpa_rec_server){"02:00:00:00:09:0b", MPA_SERVER_BY_MAC,
                                                start + 500 * MS, start + 900 * MS, 140};
}

static void fill_reset(struct mpa_rec_subflow *s, int64_t ns, enum mpa_word class)
{
    s->has_reset = true;
    s->reset = (struct mpa_rec_reset){class, true, ns, FRAME(1, 77), MPA_NULL, MPA_NULL, 15 * MS};
    s->rst[MPA_TO_CLIENT] = (struct mpa_rec_rst){class, ns, 3};
    s->rst[MPA_TO_SERVER] = (struct mpa_rec_rst){MPA_RESET_VICTIM, ns + MS, 4};
}

static void fill_advert(struct mpa_rec_conn *c, const char *addr, int64_t start, bool echoed)
{
    c->add_addrs = make(1, sizeof(*c->add_addrs));
    c->add_addr_count = 1;
    c->add_addrs[0] = (struct mpa_rec_add_addr){
        .from_server = true,
        .id = 25,
        .addr = fixture_addr(addr),
        .port = 8080,
        .transmissions = 2,
        .first_ns = start + 21 * MS,
        .last_ns = start + 250 * MS,
        .echoes = echoed ? 2 : 0,
        .echo_ns = echoed ? start + 271 * MS : MPA_NULL,
        .last_before_echo_ns = echoed ? start + 250 * MS : MPA_NULL,
        .first_frame = FRAME(0, 4),
        .echo_frame = echoed ? FRAME(0, 9) : NO_FRAME,
        .v6_secret = MPA_HMAC_NONE,
        .hmac = MPA_HMAC_OK,
        .vantage = MPA_AA_VANTAGE_ADVERTISER,
        .joined_from = {1, 2},
        .joined_count = echoed ? 2 : 0,
    };
}

static void fill_hit(struct mpa_rec_conn *c, int64_t ns, int64_t survived)
{
    c->hits = make(1, sizeof(*c->hits));
    c->hit_count = 1;
    c->hits[0] = (struct mpa_rec_hit){ns,
                                      survived == 1 ? 230 * MS : MPA_NULL,
                                      survived == 1 ? 200 * MS : MPA_NULL,
                                      survived != 1,
                                      14,
                                      survived == 1 ? 0 : -1,
                                      FRAME(1, 77),
                                      0};
    c->survived = survived;
}

static void fill_notes(struct mpa_rec_conn *c, int64_t start, const char *direct)
{
    static const struct {
        enum mpa_word kind;
        int32_t subflow, from_server;
        int64_t value;
    } told[] = {
        {MPA_NOTE_SYN, 0, 0, MPA_NULL},
        {MPA_NOTE_SYNACK, 0, 1, MPA_NULL},
        {MPA_NOTE_ESTABLISHED, 0, 0, MPA_NULL},
        {MPA_NOTE_PRIO, 0, 1, 1},
        {MPA_NOTE_ADD_ADDR, 0, 1, 25},
        {MPA_NOTE_ECHO, 0, 0, 25},
        {MPA_NOTE_JOIN_SYN, 1, 0, MPA_NULL},
        {MPA_NOTE_USABLE, 1, -1, MPA_NULL},
        {MPA_NOTE_RESET, 0, 1, MPA_RESET_REDIRECT},
        {MPA_NOTE_HIT, 0, -1, MPA_NULL},
        {MPA_NOTE_SURVIVED, 1, 1, 1448},
    };
    int count = (int)(sizeof(told) / sizeof(told[0]));
    int i;

    c->notes = make((size_t)count, sizeof(*c->notes));
    c->note_count = count;
    for (i = 0; i < count; i++)
        c->notes[i] = (struct mpa_rec_note){.kind = told[i].kind,
                                            .ns = start + i * 7 * MS,
                                            .frame = FRAME(0, i + 1),
                                            .subflow = told[i].subflow,
                                            .from_server = told[i].from_server,
                                            .value = told[i].value};
    c->notes[4].addr = fixture_addr(direct);
    c->notes_dropped = 3;
}

/* What a merge needs, so that it goes through the spool too. */
static void fill_merge(struct mpa_rec_conn *c)
{
    int dir;
    int i;

    for (dir = 0; dir < 2; dir++) {
        c->merge.has_key[dir] = true;
        memset(c->merge.key[dir], 0x5a + dir, MPA_KEY_SIZE);
        c->merge.span_count[dir] = 2 + dir;
        c->merge.spans[dir] = make((size_t)c->merge.span_count[dir], sizeof(struct mpa_rec_span));
        for (i = 0; i < c->merge.span_count[dir]; i++)
            c->merge.spans[dir][i] =
                (struct mpa_rec_span){UINT64_MAX - 100 + (uint64_t)i, (uint64_t)i * 7};
    }
    c->merge.rtt[MPA_TO_CLIENT] = make((size_t)c->subflow_count, sizeof(struct mpa_samples));
    for (i = 0; i < 100; i++)
        mpa_samples_add(&c->merge.rtt[MPA_TO_CLIENT][0], i * MS);
}

static void fill_ends(struct mpa_rec_conn *c, int64_t id, bool ipv6)
{
    char client[64];
    int i;

    snprintf(client, sizeof(client), ipv6 ? "2001:db8:ffff:1:2:3:0:%" PRIx64 : "10.1.0.%" PRId64,
             id % 200 + 1);
    c->client = (struct mpa_endpoint){fixture_addr(client), (uint16_t)(40000 + id)};
    c->server = (struct mpa_endpoint){fixture_addr(ipv6 ? "fd00:9::1" : "10.9.0.1"), 80};
    for (i = 0; i < c->subflow_count; i++) {
        c->subflows[i].client = c->client;
        c->subflows[i].client.port = (uint16_t)(c->client.port + i);
        c->subflows[i].server = c->server;
        if (i > 0)
            c->subflows[i].server.addr = fixture_addr(ipv6 ? "fd00:2::b" : "10.2.0.11");
    }
}

static void fill_common(struct mpa_rec_conn *c, int64_t id, int64_t start)
{
    *c = (struct mpa_rec_conn){
        .id = id,
        .protocol = MPA_PROTOCOL_MPTCP,
        .dialect = MPA_DIALECT_RFC8684,
        .dialect_evidence = {"version 1 in the SYN/ACK", "SYN of length 4"},
        .dialect_evidence_count = 2,
        .server_denies_join = 1,
        .client_denies_join = 0,
        .token_client = 0x9f74589b,
        .token_server = 0x000e4794,
        .syn_ns = start,
        .established_ns = start + 20 * MS,
        .first_ns = start,
        .last_ns = start + 950 * MS,
        .last_data_ns = start + 890 * MS,
        .outcome = MPA_OUTCOME_CLOSED,
        .fallback = MPA_FALLBACK_REASON_NONE,
        .fallback_ns = MPA_NULL,
        .fallback_frame = NO_FRAME,
        .bytes = BOTH(1200, 500000),
        .dsn_out_of_order_bytes = BOTH(0, 5792),
        .unprotected_dur_ns = 61 * MS,
        .survived = MPA_NULL,
        .failed_ns = MPA_NULL,
    };
    c->migration.state = MPA_MIGRATION_MIGRATED;
    c->migration.left_by = MPA_LEFT_BY_SCHEDULER;
    c->migration.judged = MPA_TO_CLIENT;
    c->migration.usable_ns = start + 61 * MS;
    c->migration.first_direct_ns = BOTH(MPA_NULL, start + 62 * MS);
    c->migration.vip_bytes_after = BOTH(0, 1448);
    c->migration.direct_bytes_after = BOTH(1200, 498552);
    c->migration.vip_share_after[0] = 0;
    c->migration.vip_share_after[1] = 0.0028960;
}

static void make_sparse(struct mpa_rec_conn *c)
{
    c->protocol = MPA_PROTOCOL_TCP;
    c->dialect = MPA_DIALECT_UNKNOWN;
    c->dialect_evidence_count = 0;
    c->server_denies_join = c->client_denies_join = MPA_NULL;
    c->token_client = c->token_server = MPA_NULL;
    c->syn_ns = c->established_ns = c->last_data_ns = c->unprotected_dur_ns = MPA_NULL;
    c->outcome = MPA_OUTCOME_OPEN;
    c->bytes = c->dsn_out_of_order_bytes = MPA_BOTH_NULL;
    c->migration.state = MPA_MIGRATION_SINGLE_PATH;
    c->migration.left_by = MPA_LEFT_BY_NONE;
    c->migration.usable_ns = MPA_NULL;
    c->migration.first_direct_ns = MPA_BOTH_NULL;
    c->migration.vip_bytes_after = c->migration.direct_bytes_after = MPA_BOTH_NULL;
    c->migration.vip_share_after[0] = c->migration.vip_share_after[1] = NAN;
}

static void make_kind(struct mpa_rec_conn *c, enum kind kind, int64_t start)
{
    switch (kind) {
    case SURVIVED:
        fill_hit(c, start + 400 * MS, 1);
        fill_reset(&c->subflows[0], start + 400 * MS, MPA_RESET_REDIRECT);
        c->migration.left_by = MPA_LEFT_BY_RESET;
        break;
    case FAILED:
        fill_hit(c, start + 30 * MS, 0);
        fill_reset(&c->subflows[0], start + 30 * MS, MPA_RESET_REDIRECT);
        c->hit_unprotected = true;
        c->failed_ns = start + 900 * MS;
        c->outcome = MPA_OUTCOME_FAILED;
        c->migration.state = MPA_MIGRATION_TOO_SHORT;
        break;
    case STAYED:
        c->migration.state = MPA_MIGRATION_JOINED_NOT_MIGRATED;
        c->outcome = MPA_OUTCOME_RESET;
        fill_reset(&c->subflows[1], start + 900 * MS, MPA_RESET_APPLICATION);
        break;
    case SHORT:
        c->migration.state = MPA_MIGRATION_TOO_SHORT;
        break;
    case FELL_BACK:
        c->protocol = MPA_PROTOCOL_FALLBACK;
        c->fallback = MPA_FALLBACK_REASON_SYNACK_PLAIN;
        c->fallback_ns = start + 10 * MS;
        c->fallback_frame = FRAME(2, 12);
        break;
    case PLAIN:
        make_sparse(c);
        fill_hit(c, start + 100 * MS, 0);
        c->outcome = MPA_OUTCOME_FAILED;
        break;
    case SPARSE:
        make_sparse(c);
        break;
    default:
        break;
    }
}

struct mpa_rec_conn *fixture_conn(int64_t id, enum kind kind, bool ipv6)
{
    struct mpa_rec_conn *c = make(1, sizeof(*c));
    int64_t start = EPOCH + id * 10 * MS;
    int i;

    fill_common(c, id, start);
    c->subflow_count = kind == PLAIN || kind == SPARSE || kind == FELL_BACK ? 1 : 2;
    c->subflows = make((size_t)c->subflow_count, sizeof(*c->subflows));
    for (i = 0; i < c->subflow_count; i++)
        fill_subflow(&c->subflows[i], i, start + i * 22 * MS, i == 0);
    if (c->subflow_count == 2) {
        fill_advert(c, ipv6 ? "fd00:2::b" : "10.2.0.11", start, kind != SHORT);
        fill_notes(c, start, ipv6 ? "fd00:2::b" : "10.2.0.11");
        fill_merge(c);
    }
    make_kind(c, kind, start);
    fill_ends(c, id, ipv6);
    return c;
}

/* ---- Totals ------------------------------------------------------------------------------------------------- */

static void fill_captures(struct fixture *f)
{
    static const int32_t ethernet[] = {1, 113};
    static const char *const lost[] = {"DSS checksums"};
    int i;

    for (i = 0; i < 3; i++)
        f->captures[i] = (struct mpa_rec_capture){
            .file = i == 0   ? "captures/client-10.1.0.2.pcap"
                    : i == 1 ? "balancer.pcap"
                             : "server.pcap",
            .vantage = (enum mpa_word)(MPA_VANTAGE_CLIENT + (i == 1   ? 2
                                                             : i == 2 ? 1
                                                                      : 0)),
            .link_types = ethernet,
            .link_type_count = i == 0 ? 2 : 1,
            .packets = 1234567 + i,
            .tcp_segments = 1230000,
            .copies = i == 1 ? 600000 : 0,
            .truncated = 12,
            .malformed = 1,
            .fragments = 2,
            .other = 55,
            .icmp = 3,
            .first_ns = EPOCH + i * MS,
            .last_ns = EPOCH + 12345 * MS,
            .snaplen = i == 2 ? MPA_NULL : 128,
            .lost_checks = lost,
            .lost_check_count = i == 2 ? 0 : 1,
            .error = i == 2 ? "ends in the middle of a packet" : NULL,
        };
}

static void fill_lists(struct fixture *f)
{
    static const char *const evidence[] = {"C in the SYN/ACK", "unique address 10.2.0.11"};
    static const char *const servers[] = {"10.2.0.11"};
    static const int64_t broken[] = {3, 7};
    int i;

    f->events[0] = (struct mpa_rec_churn_event){
        EPOCH + 400 * MS, "remove", "s2", MPA_CHURN_SOURCE_LOG, 14, 5, 2, 4, 1, 1};
    f->events[1] = (struct mpa_rec_churn_event){
        EPOCH + 5000 * MS, "unknown", NULL, MPA_CHURN_SOURCE_INFERRED, 14, 6, MPA_NULL, 6, 0, 0};
    f->deployment =
        (struct mpa_rec_deployment){.vip = fixture_addr("10.9.0.1"),
                                    .mode = "D1/D2",
                                    .what = "a balancer or anycast, left by unique addresses",
                                    .confidence = "medium",
                                    .evidence = evidence,
                                    .evidence_count = 2,
                                    .connections = 14,
                                    .consistent = 0,
                                    .broken_by = broken,
                                    .broken_count = 2,
                                    .servers = servers,
                                    .server_count = 1};
    f->pairs[0] = (struct mpa_rec_vantage_pair){
        0, 1, 5000, 3, {5000, 10 * MS, 10 * MS + 100, 11 * MS, 12 * MS, 13 * MS}, -1500, 20000};
    f->pairs[1] = (struct mpa_rec_vantage_pair){
        1, 2, 40, 0, {0, MPA_NULL, MPA_NULL, MPA_NULL, MPA_NULL, MPA_NULL}, MPA_NULL, MPA_NULL};
    for (i = 0; i < 3; i++) {
        f->bins[i] = (struct mpa_rec_bin){
            .start_ns = EPOCH + i * 1000 * MS, .vip_bytes = 1000 * i, .direct_bytes = 500000};
        f->bins[i].resets[MPA_RESET_REDIRECT - MPA_RESET_FIRST] = i;
    }
    f->transfers[0] = (struct mpa_rec_transfer_class){
        100000, 200000, 0, 0, {0, MPA_NULL, MPA_NULL, MPA_NULL, MPA_NULL, MPA_NULL}};
    f->transfers[1] = (struct mpa_rec_transfer_class){
        500000, 1000000, 14, 13, {13, 400000, 526000, 700000, 710000, 720000}};
    f->vips[0] = (struct mpa_prefix){fixture_addr("10.9.0.1"), 128};
}

static void fill_totals(struct fixture *f)
{
    struct mpa_rec_report *r = &f->report;
    int i;

    for (i = 0; i < MPA_OPT_COUNTS; i++)
        r->options[i] = BOTH(i, 100 + i);
    for (i = 0; i < MPA_RESET_COUNT; i++)
        r->reset_classes[i] = i % 5;
    r->fallback_reasons[MPA_FALLBACK_REASON_SYNACK_PLAIN - MPA_FALLBACK_FIRST] = 1;
    r->add_addr.advertised = 14;
    r->add_addr.transmissions = 17;
    r->add_addr.answered = 13;
    r->add_addr.unanswered = 1;
    r->add_addr.vantage = MPA_AA_VANTAGE_ADVERTISER;
    r->add_addr.first_to_echo =
        (struct mpa_rec_percentiles){13, 20 * MS, 20300000, 248 * MS, 250 * MS, 250 * MS};
    r->add_addr.last_to_echo =
        (struct mpa_rec_percentiles){13, 20 * MS, 20100000, 21 * MS, 21 * MS, 21 * MS};
    r->migration.migrated = 12;
    r->migration.joined_not_migrated = 1;
    r->migration.too_short = 1;
    r->migration.vip_share_after[0] = NAN;
    r->migration.vip_share_after[1] = 0.004;
    r->churn.mptcp_hit = 11;
    r->churn.mptcp_survived = 10;
    r->churn.mptcp_failed = 1;
    r->churn.mptcp_unprotected = 1;
    r->churn.tcp_hit = 2;
    r->churn.tcp_failed = 2;
    r->churn.events = f->events;
    r->churn.event_count = 2;
    r->churn.gap =
        (struct mpa_rec_percentiles){10, 100 * MS, 230 * MS, 900 * MS, 900 * MS, 1200 * MS};
}

void fixture_report(struct fixture *f)
{
    struct mpa_rec_report *r = &f->report;

    fill_captures(f);
    fill_lists(f);
    *r = (struct mpa_rec_report){
        .epoch_ns = EPOCH,
        .captures = f->captures,
        .capture_count = 3,
        .connections_mptcp = 14,
        .connections_fallback = 1,
        .connections_tcp = 2,
        .connections_dropped = 4,
        .hmac_join_synack = {13, 0, 1},
        .hmac_join_ack = {12, 0, 2},
        .hmac_add_addr = {13, 1, 0},
        .off_path_bytes = {NAN, 0.972},
        .off_path_packets = {NAN, 0.95},
        .reset_packets = 483,
        .reset_events = 20,
        .deployments = &f->deployment,
        .deployment_count = 1,
        .pairs = f->pairs,
        .pair_count = 2,
        .bins = f->bins,
        .bin_count = 3,
        .transfers = f->transfers,
        .transfer_count = 2,
        .requests_per_second = 1.25,
        .vips = f->vips,
        .vip_count = 1,
        .split_handshakes = 1,
        .icmp_too_big_astray = 2,
    };
    fill_totals(f);
}

void fixture_empty_report(struct fixture *f)
{
    static const struct mpa_rec_percentiles none = {0,        MPA_NULL, MPA_NULL,
                                                    MPA_NULL, MPA_NULL, MPA_NULL};
    struct mpa_rec_report *r = &f->report;

    memset(f, 0, sizeof(*f));
    f->captures[0] = (struct mpa_rec_capture){.file = "empty.pcap",
                                              .vantage = MPA_VANTAGE_UNKNOWN,
                                              .first_ns = MPA_NULL,
                                              .last_ns = MPA_NULL,
                                              .snaplen = MPA_NULL};
    r->captures = f->captures;
    r->capture_count = 1;
    r->add_addr.vantage = MPA_AA_VANTAGE_UNKNOWN;
    r->add_addr.first_to_echo = r->add_addr.last_to_echo = r->churn.gap = none;
    r->migration.vip_share_after[0] = r->migration.vip_share_after[1] = NAN;
    r->off_path_bytes[0] = r->off_path_bytes[1] = NAN;
    r->off_path_packets[0] = r->off_path_packets[1] = NAN;
    r->requests_per_second = NAN;
}

/* ---- Walks -------------------------------------------------------------------------------------------------- */

int fixture_walk(struct mpa_writer *w, const struct mpa_rec_report *report, int count, bool ipv6)
{
    struct mpa_rec_conn *conn;
    int status;
    int i;

    if (!w)
        abort();
    status = w->begin(w, report);
    for (i = 0; i < count && status == MPA_OK; i++) {
        conn = fixture_conn(i, (enum kind)(i % KINDS), ipv6);
        status = w->connection(w, conn);
        mpa_record_free(conn);
    }
    if (status == MPA_OK)
        status = w->end(w, report);
    w->free(w);
    return status;
}

static char *walked(struct mpa_writer *(*make_writer)(FILE *, const struct mpa_writer_options *),
                    const struct mpa_rec_report *report, int count, bool ipv6,
                    const struct mpa_writer_options *options)
{
    char *ret = NULL;
    size_t size;
    FILE *out = open_memstream(&ret, &size);

    if (!out || fixture_walk(make_writer(out, options), report, count, ipv6) != MPA_OK)
        abort();
    fclose(out);
    return ret;
}

char *fixture_text(const struct mpa_rec_report *report, int count, bool ipv6,
                   const struct mpa_writer_options *options)
{
    return walked(mpa_writer_text, report, count, ipv6, options);
}

char *fixture_json(const struct mpa_rec_report *report, int count, bool ipv6,
                   const struct mpa_writer_options *options)
{
    return walked(mpa_writer_json, report, count, ipv6, options);
}

char *fixture_dir(void)
{
    const char *base = getenv("TMPDIR");
    char *dir;

    if (asprintf(&dir, "%s/mpa-report.XXXXXX", base && base[0] ? base : "/tmp") < 0 ||
        !mkdtemp(dir))
        abort();
    return dir;
}

void fixture_remove_dir(char *dir)
{
    DIR *d = opendir(dir);
    struct dirent *entry;
    char *path;

    while (d && (entry = readdir(d)))
        if (entry->d_name[0] != '.' && asprintf(&path, "%s/%s", dir, entry->d_name) >= 0) {
            unlink(path);
            free(path);
        }
    if (d)
        closedir(d);
    rmdir(dir);
    free(dir);
}
