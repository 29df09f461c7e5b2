/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inputs.h"

#include "mpa/status.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int input_open(struct input *input, int index, const char *filter)
{
    if (!input->source && input->status == 0)
        input->status = mpa_source_open(input->path, filter, (uint16_t)index, &input->source,
                                        input->error, sizeof(input->error));
    return input->status;
}

/* A pipe can be read only once. */
static bool can_reopen(const struct input *input)
{
    struct stat st;

    return strcmp(input->path, "-") != 0 && stat(input->path, &st) == 0 && S_ISREG(st.st_mode);
}

/* First and last packet.  What goes wrong here goes wrong again when it is read, and is told
   then. */
static void scan(struct input *input, int index, const char *filter)
{
    struct mpa_frame frame;

    if (input_open(input, index, filter) != 0 || !can_reopen(input))
        return;
    while (mpa_source_next(input->source, &frame) == 1) {
        if (input->first_ns == MPA_NULL || frame.ns < input->first_ns)
            input->first_ns = frame.ns;
        if (input->last_ns == MPA_NULL || frame.ns > input->last_ns)
            input->last_ns = frame.ns;
    }
    input->scanned = input->first_ns != MPA_NULL;
    mpa_source_close(input->source);
    input->source = NULL;
}

static size_t common_prefix(const char *a, const char *b)
{
    size_t n = 0;

    while (a[n] && a[n] == b[n])
        n++;
    return n;
}

#define OVERLAP_NS 10000000 /* By how much pieces of a ring may overlap. */

/* What is known of a vantage point while captures are put together. */
struct group {
    int last;        /* Its latest input. */
    int64_t last_ns; /* Where it ends; INT64_MAX: nobody knows. */
};

/* The group that 'input' continues, or -1. */
static int find_group(const struct inputs *in, const struct group *groups, int count,
                      const struct input *input)
{
    size_t best_likeness = 0;
    int64_t tolerance;
    int best = -1;

    if (!input->scanned)
        return -1;
    /* Packets of several interfaces are written a little out of order: pieces of a ring may overlap by that. */
    tolerance = (input->last_ns - input->first_ns) / 100;
    if (tolerance > OVERLAP_NS)
        tolerance = OVERLAP_NS;
    for (int g = 0; g < count; g++) {
        size_t likeness = common_prefix(in->at[groups[g].last].path, input->path);

        if (groups[g].last_ns - tolerance > input->first_ns)
            continue;
        if (best < 0 || likeness > best_likeness ||
            (likeness == best_likeness && groups[g].last_ns > groups[best].last_ns)) {
            best = g;
            best_likeness = likeness;
        }
    }
    return best;
}

/* Whether input a is read before input b: by first packet, those of unknown time last, else as
   they were named. */
static bool before(const struct inputs *in, int a, int b)
{
    const struct input *x = &in->at[a], *y = &in->at[b];

    if (x->scanned != y->scanned)
        return x->scanned;
    if (x->scanned && x->first_ns != y->first_ns)
        return x->first_ns < y->first_ns;
    return a < b;
}

void inputs_group(struct inputs *in)
{
    struct group *groups = calloc((size_t)in->count + 1, sizeof(*groups));

    /* Insertion sort: few files, mostly in order. */
    for (int i = 0; i < in->count; i++) {
        int at = i;

        for (; at > 0 && before(in, i, in->order[at - 1]); at--)
            in->order[at] = in->order[at - 1];
        in->order[at] = i;
    }
    in->vantage_count = 0;
    for (int i = 0; i < in->count; i++) {
        struct input *input = &in->at[in->order[i]];
        int g = groups ? find_group(in, groups, in->vantage_count, input) : -1;

        if (g < 0)
            g = in->vantage_count++;
        input->vantage = g;
        if (!groups)
            continue;
        groups[g].last = in->order[i];
        groups[g].last_ns = input->scanned ? input->last_ns : INT64_MAX;
    }
    free(groups);
}

int inputs_init(struct inputs *in, const char *const *paths, int count, const char *filter)
{
    *in = (struct inputs){.count = count};
    in->at = calloc((size_t)count + 1, sizeof(*in->at));
    in->order = calloc((size_t)count + 1, sizeof(*in->order));
    if (!in->at || !in->order) {
        inputs_free(in);
        return MPA_ERR_NOMEM;
    }
    for (int i = 0; i < count; i++) {
        in->at[i].path = paths[i];
        in->at[i].first_ns = in->at[i].last_ns = MPA_NULL;
        if (count > 1)
            scan(&in->at[i], i, filter);
        else
            input_open(&in->at[i], i, filter);
    }
    inputs_group(in);
    return 0;
}

int64_t inputs_first_ns(const struct inputs *in)
{
    int64_t first = MPA_NULL, ns;

    for (int i = 0; i < in->count; i++) {
        const struct input *input = &in->at[i];

        ns = input->scanned ? input->first_ns
                            : (input->source ? mpa_source_first_ns(input->source) : MPA_NULL);
        if (ns != MPA_NULL && (first == MPA_NULL || ns < first))
            first = ns;
    }
    return first;
}

void inputs_free(struct inputs *in)
{
    for (int i = 0; in->at && i < in->count; i++)
        mpa_source_close(in->at[i].source);
    free(in->at);
    free(in->order);
    *in = (struct inputs){0};
}
