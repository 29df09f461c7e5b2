/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "play.h"

#include <mpa/record_pack.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

static void die(const char *what)
{
    fprintf(stderr, "rules: %s\n", what);
    exit(2);
}

void play_read(const char *path, struct play_frames *ret)
{
    char error[PCAP_ERRBUF_SIZE];
    pcap_t *p = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, error);
    struct pcap_pkthdr *h;
    const u_char *data;

    *ret = (struct play_frames){0};
    if (!p)
        die(error);
    while (pcap_next_ex(p, &h, &data) == 1) {
        uint8_t *bytes = malloc(h->caplen + 1);

        ret->at = realloc(ret->at, (ret->count + 1) * sizeof *ret->at);
        if (!ret->at || !bytes)
            die("out of memory");
        memcpy(bytes, data, h->caplen);
        ret->at[ret->count] =
            (struct mpa_frame){.data = bytes,
                               .captured = h->caplen,
                               .wire = h->len,
                               .ns = (int64_t)h->ts.tv_sec * SECOND + h->ts.tv_usec,
                               .number = ret->count + 1,
                               .linktype = (uint16_t)pcap_datalink(p)};
        ret->count++;
    }
    pcap_close(p);
}

void play_frames_free(struct play_frames *f)
{
    for (size_t i = 0; i < f->count; i++)
        free((void *)(uintptr_t)f->at[i].data);
    free(f->at);
}

/* Records that ended, kept until all have. */
struct records {
    struct mpa_rec_conn **at;
    size_t count;
};

static int on_conn(void *context, const struct mpa_rec_conn *conn)
{
    struct records *r = context;

    r->at = realloc(r->at, (r->count + 1) * sizeof(*r->at));
    if (!r->at)
        die("out of memory");
    r->at[r->count] = mpa_record_copy(conn);
    if (!r->at[r->count++])
        die("out of memory");
    return 0;
}

static int by_id(const void *a, const void *b)
{
    const struct mpa_rec_conn *x = *(struct mpa_rec_conn *const *)a;
    const struct mpa_rec_conn *y = *(struct mpa_rec_conn *const *)b;

    return x->id < y->id ? -1 : x->id > y->id;
}

static void feed(struct mpa_measure *m, const struct play_frames *frames)
{
    const struct mpa_tunnel_ports ports = MPA_TUNNEL_PORTS_DEFAULT;

    for (size_t i = 0; i < frames->count; i++) {
        struct mpa_segment seg;
        struct mpa_icmp_error icmp;

        switch (mpa_frame_decode(&frames->at[i], &ports, &seg, &icmp)) {
        case MPA_FRAME_SEGMENT:
            mpa_measure_segment(m, &seg);
            break;
        case MPA_FRAME_ICMP:
            mpa_measure_icmp(m, &icmp);
            break;
        default:
            break;
        }
    }
    if (mpa_measure_finish(m) != 0)
        die("the measurements failed");
}

static void take(struct play_result *ret, const struct mpa_rec_conn *record)
{
    for (int i = 0; i < record->finding_count; i++) {
        size_t n = ret->finding_count + 1;

        ret->findings = realloc(ret->findings, n * sizeof *ret->findings);
        ret->connections = realloc(ret->connections, n * sizeof *ret->connections);
        if (!ret->findings || !ret->connections)
            die("out of memory");
        ret->findings[ret->finding_count] = record->findings[i];
        ret->connections[ret->finding_count++] = record->id;
    }
}

void play(const struct play_frames *frames, const struct play_options *options,
          struct play_result *ret)
{
    struct mpa_check *check = mpa_check_new(&options->check);
    struct records records = {NULL, 0};
    struct mpa_measure_config config = {.vips = options->check.vips,
                                        .vip_count = options->check.vip_count,
                                        .on_conn = on_conn,
                                        .context = &records,
                                        .judge = mpa_check_judge,
                                        .judge_context = check};
    struct mpa_measure *m;
    struct mpa_rec_report report = {0};

    *ret = (struct play_result){0};
    if (!check)
        die("out of memory");
    if (options->mutated != MPA_RULE_COUNT)
        check->judges[options->mutated] = options->judge;
    mpa_check_attach(check, &config.track);
    m = mpa_measure_new(&config);
    if (!m)
        die("out of memory");
    mpa_check_tracker(check, mpa_measure_tracker(m));
    feed(m, frames);
    if (frames->count)
        mpa_check_end(check, frames->at[frames->count - 1].ns);
    if (records.count)
        qsort(records.at, records.count, sizeof(*records.at), by_id);
    for (size_t i = 0; i < records.count; i++) {
        struct mpa_rec_conn record;

        mpa_measure_complete(m, records.at[i]);
        record = *records.at[i];
        if (mpa_check_record(check, &record) != 0)
            die("the checks failed");
        take(ret, &record);
    }
    mpa_check_report(check, &report);
    memcpy(ret->rules, report.rules, sizeof ret->rules);
    if (mpa_check_guesses(check, &ret->guesses) != MPA_OK)
        die("out of memory");
    for (size_t i = 0; i < records.count; i++)
        mpa_record_free(records.at[i]);
    free(records.at);
    mpa_measure_free(m);
    mpa_check_free(check);
}

void play_result_free(struct play_result *r)
{
    free(r->findings);
    free(r->connections);
    mpa_guesses_free(&r->guesses);
}
