/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text writer: verdict, tables and, on demand, stories. */
#include "text.h"

#include "mpa/status.h"
#include "unnamed.h"

#include <stdlib.h>

static int begin(struct mpa_writer *writer, const struct mpa_rec_report *report)
{
    struct text_writer *w = (struct text_writer *)writer;

    w->values.epoch_ns = report->epoch_ns;
    w->capture_count = report->capture_count;
    return MPA_OK;
}

/* Nothing is printed yet: medians and the best rows are known only at the end. */
static int connection(struct mpa_writer *writer, const struct mpa_rec_conn *conn)
{
    struct text_writer *w = (struct text_writer *)writer;

    text_gather(w, conn);
    if (text_check_gather(w, conn) != MPA_OK)
        return MPA_ERR_NOMEM;
    if (w->stories) {
        text_story(w, w->stories, conn);
        if (ferror(w->stories))
            return MPA_ERR_WRITE;
    }
    return w->conns.failed || w->adverts.failed ? MPA_ERR_NOMEM : MPA_OK;
}

static int end(struct mpa_writer *writer, const struct mpa_rec_report *report)
{
    struct text_writer *w = (struct text_writer *)writer;
    int status = MPA_OK;

    text_verdicts(w, report);
    text_check(w, report);
    text_tables(w, report);
    text_hosts(w, report);
    text_guesses(w, report);
    if (w->conns.failed || w->adverts.failed)
        return MPA_ERR_NOMEM;
    if (w->stories)
        status = mpa_unnamed_copy(w->stories, w->out);
    if (status == MPA_OK && (fflush(w->out) != 0 || ferror(w->out)))
        status = MPA_ERR_WRITE;
    return status;
}

static void free_writer(struct mpa_writer *writer)
{
    struct text_writer *w = (struct text_writer *)writer;

    if (w->stories)
        fclose(w->stories);
    mpa_samples_free(&w->left);
    mpa_samples_free(&w->window);
    text_check_free(w);
    text_table_free(&w->conns);
    text_table_free(&w->adverts);
    free(w);
}

struct mpa_writer *mpa_writer_text(FILE *out, const struct mpa_writer_options *options)
{
    struct text_writer *w = calloc(1, sizeof(*w));

    if (!w)
        return NULL;
    w->writer = (struct mpa_writer){begin, connection, end, free_writer, true, NULL};
    w->out = out;
    w->values.anonymizer = options->anonymizer;
    w->only_file = options->only_file;
    text_tables_begin(w);
    if (options->explain) {
        w->stories = mpa_unnamed_stream();
        if (!w->stories) {
            free_writer(&w->writer);
            return NULL;
        }
    }
    return &w->writer;
}
