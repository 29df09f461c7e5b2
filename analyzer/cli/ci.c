/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ci.h"

#include "mpa/status.h"

#include <errno.h>
#include <string.h>

typedef struct mpa_writer *new_writer(FILE *out, const struct mpa_writer_options *options);

static const struct {
    size_t path; /* In struct options. */
    new_writer *create;
} formats[CI_FILES] = {
    {offsetof(struct options, junit), mpa_writer_junit},
    {offsetof(struct options, sarif), mpa_writer_sarif},
    {offsetof(struct options, tap), mpa_writer_tap},
};

static const char *path_of(const struct options *o, int format)
{
    return *(const char *const *)(const void *)((const char *)o + formats[format].path);
}

bool ci_wanted(const struct options *o)
{
    for (int i = 0; i < CI_FILES; i++)
        if (path_of(o, i))
            return true;
    return false;
}

int ci_open(struct ci *ci, const struct options *o, const struct mpa_writer_options *options)
{
    *ci = (struct ci){0};
    for (int i = 0; i < CI_FILES; i++) {
        const char *path = path_of(o, i);

        if (!path)
            continue;
        errno = 0;
        ci->file[i].path = strcmp(path, "-") == 0 ? "standard output" : path;
        ci->file[i].out = strcmp(path, "-") == 0 ? stdout : output_create(path);
        if (!ci->file[i].out)
            return output_failed(path, MPA_ERR_WRITE);
        ci->file[i].writer = formats[i].create(ci->file[i].out, options);
        if (!ci->file[i].writer)
            return output_failed(path,
                                 errno == 0 || errno == ENOMEM ? MPA_ERR_NOMEM : MPA_ERR_WRITE);
    }
    return 0;
}

int ci_empty(struct ci *ci)
{
    int rc = 0;

    for (int i = 0; i < CI_FILES && rc == 0; i++)
        if (ci->file[i].out)
            rc = output_empty(ci->file[i].out, ci->file[i].path);
    return rc;
}

int ci_report(struct ci *ci, const struct mpa_rec_report *report, struct mpa_spool *spool)
{
    int rc = 0;

    for (int i = 0; i < CI_FILES && rc == 0; i++)
        if (ci->file[i].writer)
            rc = output_walk(ci->file[i].writer, ci->file[i].path, report, spool);
    return rc;
}

int ci_close(struct ci *ci, int status)
{
    for (int i = 0; i < CI_FILES; i++) {
        struct mpa_writer *w = ci->file[i].writer;
        int rc = 0;

        errno = 0;
        if (w && status == 0)
            rc = w->close(w);
        if (w)
            w->free(w);
        if (ci->file[i].out && ci->file[i].out != stdout && fclose(ci->file[i].out) != 0 && rc == 0)
            rc = MPA_ERR_WRITE;
        if (rc != 0 && status == 0)
            status = output_failed(ci->file[i].path, rc);
    }
    *ci = (struct ci){0};
    return status;
}
