/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feed.h"

#include "mpa/status.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define BATCH          1024 /* Segments. */
#define BATCHES        8    /* In flight between the two threads. */
#define OPTIONS_MAX    40   /* Bytes of a TCP option area. */
#define ICMP_MAX       16   /* ICMP errors of a batch; a further one ends it. */
#define PROGRESS_EVERY 65536
#define PAYLOAD_BYTES  (1u << 20) /* Of a batch, where payload is wanted. */
#define PAYLOAD_MAX    (1u << 18) /* Of a segment; the room that must be left for the next one. */

struct batch {
    int count; /* Segments. */
    int icmp_count;
    int icmp_before[ICMP_MAX]; /* The error came before the segment of this index. */
    bool last;
    struct mpa_segment segments[BATCH + 1]; /* The decoder writes into the first free one. */
    struct mpa_icmp_error icmp[ICMP_MAX + 1];
    uint8_t options[BATCH][OPTIONS_MAX];
    uint8_t *payload; /* PAYLOAD_BYTES of the ring's; NULL where payload is not wanted. */
    size_t payload_used;
};

/* Batches go round: the reader fills number 'filled', the caller drains number 'drained'.  Who has to wait waits for half of them:
   to be woken for each would cost more than the batch. */
struct ring {
    struct batch *batch; /* BATCHES of them. */
    uint8_t *payload;    /* PAYLOAD_BYTES of each; NULL where payload is not wanted. */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned filled, drained;
    bool ended; /* The last one is filled. */
    const struct feed *feed;
    struct mpa_source *source;
    struct feed_counts counts;
    int status;
};

static void note_link_type(struct feed_counts *c, int32_t type)
{
    for (int i = 0; i < c->link_type_count; i++)
        if (c->link_types[i] == type)
            return;
    if (c->link_type_count < FEED_LINK_TYPES)
        c->link_types[c->link_type_count++] = type;
}

static void note_frame(struct feed_counts *c, const struct mpa_frame *f)
{
    c->packets++;
    if (f->ns < c->first_ns || c->packets == 1)
        c->first_ns = f->ns;
    if (f->ns > c->last_ns || c->packets == 1)
        c->last_ns = f->ns;
    if (c->link_type_count == 0 || c->link_types[0] != f->linktype)
        note_link_type(c, f->linktype);
}

/* Move payload to memory of the batch. */
static void keep_payload(struct batch *b, struct mpa_segment *s)
{
    if (!b->payload || !s->payload || s->payload_captured > PAYLOAD_MAX) {
        s->payload = NULL;
        s->payload_captured = 0;
        return;
    }
    memcpy(b->payload + b->payload_used, s->payload, s->payload_captured);
    s->payload = b->payload + b->payload_used;
    b->payload_used += s->payload_captured;
}

/* Keep the segment just decoded: its options move to memory of the batch. */
static void keep_segment(struct ring *r, struct batch *b)
{
    struct mpa_segment *s = &b->segments[b->count];

    r->counts.segments++;
    r->counts.cut_options += s->options_truncated;
    r->counts.cut_payload += s->payload_captured < s->payload_size;
    if (r->feed->wanted && !r->feed->wanted(r->feed->wanted_context, s))
        return;
    /* A size that is known is copied faster: what stands in front of options are 40 bytes of headers at least. */
    memcpy(b->options[b->count], s->options + s->options_captured - OPTIONS_MAX, OPTIONS_MAX);
    s->options = b->options[b->count] + OPTIONS_MAX - s->options_captured;
    keep_payload(b, s);
    b->count++;
}

static void keep_icmp(struct ring *r, struct batch *b)
{
    r->counts.icmp++;
    if (r->feed->wanted_icmp &&
        !r->feed->wanted_icmp(r->feed->wanted_context, &b->icmp[b->icmp_count]))
        return;
    b->icmp_before[b->icmp_count++] = b->count;
}

static void take_frame(struct ring *r, struct batch *b, const struct mpa_frame *frame)
{
    note_frame(&r->counts, frame);
    switch (
        mpa_frame_decode(frame, &r->feed->ports, &b->segments[b->count], &b->icmp[b->icmp_count])) {
    case MPA_FRAME_SEGMENT:
        keep_segment(r, b);
        break;
    case MPA_FRAME_ICMP:
        keep_icmp(r, b);
        break;
    case MPA_FRAME_FRAGMENT:
        r->counts.fragments++;
        break;
    case MPA_FRAME_TRUNCATED:
        r->counts.truncated++;
        break;
    case MPA_FRAME_MALFORMED:
        r->counts.malformed++;
        break;
    case MPA_FRAME_LINK:
        r->counts.unknown_link++;
        break;
    case MPA_FRAME_OTHER:
        r->counts.other++;
        break;
    }
}

/* Fill one batch; returns what mpa_source_next() said last. */
static int fill(struct ring *r, struct batch *b)
{
    struct mpa_frame frame;
    int status = 1;

    b->count = b->icmp_count = 0;
    b->payload_used = 0;
    b->last = false;
    while (b->count < BATCH && b->icmp_count < ICMP_MAX &&
           b->payload_used <= PAYLOAD_BYTES - PAYLOAD_MAX &&
           (status = mpa_source_next(r->source, &frame)) == 1) {
        take_frame(r, b, &frame);
        if (r->feed->progress && r->counts.packets % PROGRESS_EVERY == 0)
            r->feed->progress(r->feed->progress_context, r->source, r->counts.packets);
    }
    b->last = status != 1;
    if (r->feed->prepare)
        r->feed->prepare(r->feed->prepare_context, b->segments, b->count);
    return status;
}

static void drain(const struct ring *r, const struct batch *b)
{
    int at = 0;

    for (int i = 0; i < b->icmp_count; i++) {
        int upto = b->icmp_before[i];

        if (upto > at)
            r->feed->segments(r->feed->context, b->segments + at, upto - at);
        at = upto;
        r->feed->icmp(r->feed->context, &b->icmp[i]);
    }
    if (b->count > at)
        r->feed->segments(r->feed->context, b->segments + at, b->count - at);
}

static void *read_all(void *argument)
{
    struct ring *r = argument;
    bool last = false;

    while (!last) {
        struct batch *b;
        int status;

        pthread_mutex_lock(&r->lock);
        if (r->filled - r->drained == BATCHES)
            while (r->filled - r->drained > BATCHES / 2)
                pthread_cond_wait(&r->changed, &r->lock);
        b = &r->batch[r->filled % BATCHES];
        pthread_mutex_unlock(&r->lock);
        status = fill(r, b);
        last = b->last;
        pthread_mutex_lock(&r->lock);
        r->status = status;
        r->filled++;
        r->ended = last;
        if (r->ended || r->filled - r->drained >= BATCHES / 2)
            pthread_cond_signal(&r->changed);
        pthread_mutex_unlock(&r->lock);
    }
    return NULL;
}

static void drain_all(struct ring *r)
{
    bool last = false;

    while (!last) {
        const struct batch *b;

        pthread_mutex_lock(&r->lock);
        if (r->filled == r->drained)
            while (r->filled - r->drained < BATCHES / 2 && !r->ended)
                pthread_cond_wait(&r->changed, &r->lock);
        b = &r->batch[r->drained % BATCHES];
        pthread_mutex_unlock(&r->lock);
        drain(r, b);
        last = b->last;
        pthread_mutex_lock(&r->lock);
        r->drained++;
        if (r->filled - r->drained <= BATCHES / 2)
            pthread_cond_signal(&r->changed);
        pthread_mutex_unlock(&r->lock);
    }
}

/* Where no second thread can be had, or is not worth it. */
static void run_alone(struct ring *r)
{
    do {
        r->status = fill(r, &r->batch[0]);
        drain(r, &r->batch[0]);
    } while (!r->batch[0].last);
}

static int allocate(struct ring *r)
{
    r->batch = aligned_alloc(_Alignof(struct batch), BATCHES * sizeof *r->batch);
    if (!r->batch)
        return MPA_ERR_NOMEM;
    for (size_t i = 0; i < BATCHES; i++)
        r->batch[i].payload = NULL;
    if (!r->feed->payload)
        return MPA_OK;
    r->payload = malloc((size_t)BATCHES * PAYLOAD_BYTES);
    if (!r->payload) {
        free(r->batch);
        return MPA_ERR_NOMEM;
    }
    for (size_t i = 0; i < BATCHES; i++)
        r->batch[i].payload = r->payload + i * PAYLOAD_BYTES;
    return MPA_OK;
}

int feed_run(const struct feed *feed, struct mpa_source *source, struct feed_counts *ret)
{
    struct ring r = {.feed = feed, .source = source};
    pthread_t reader;

    r.counts.first_ns = r.counts.last_ns = MPA_NULL;
    if (allocate(&r) != MPA_OK)
        return MPA_ERR_NOMEM;
    pthread_mutex_init(&r.lock, NULL);
    pthread_cond_init(&r.changed, NULL);
    if (pthread_create(&reader, NULL, read_all, &r) == 0) {
        drain_all(&r);
        pthread_join(reader, NULL);
    } else {
        run_alone(&r);
    }
    pthread_cond_destroy(&r.changed);
    pthread_mutex_destroy(&r.lock);
    free(r.batch);
    free(r.payload);
    *ret = r.counts;
    return r.status < 0 ? r.status : MPA_OK;
}
