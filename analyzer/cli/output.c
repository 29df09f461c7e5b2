/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output.h"

#include "ci.h"
#include "expect.h"
#include "say.h"

#include "mpa/status.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *out_name(const struct output *out)
{
    return out->o->output ? out->o->output : "standard output";
}

/* A line about a failed write, told with the errno of now. */
static int write_failed(const char *name, int status)
{
    int error = errno;

    if (status == MPA_ERR_WRITE && error != 0)
        say_error("%s: %s", name, strerrordesc_np(error));
    else
        say_error("%s: %s", name, mpa_strerror(status));
    return status;
}

int output_failed(const char *name, int status)
{
    return write_failed(name, status);
}

FILE *output_create(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;

    if (fd >= 0 && !out)
        close(fd);
    return out;
}

int output_empty(FILE *out, const char *path)
{
    struct stat st;

    if (!path || out == stdout || fstat(fileno(out), &st) != 0 || !S_ISREG(st.st_mode) ||
        ftruncate(fileno(out), 0) == 0)
        return 0;
    return write_failed(path, MPA_ERR_WRITE);
}

int output_text_to(const char *path, void (*print)(FILE *))
{
    bool failed;
    FILE *out;

    errno = 0;
    out = path ? fopen(path, "we") : stdout;
    if (!out)
        return write_failed(path, MPA_ERR_WRITE);
    print(out);
    failed = fflush(out) != 0 || ferror(out);
    failed |= path && fclose(out) != 0;
    return failed ? write_failed(path ? path : "standard output", MPA_ERR_WRITE) : 0;
}

int output_text(void (*print)(FILE *))
{
    return output_text_to(NULL, print);
}

void output_keep_descriptors(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDONLY);
    } while (fd >= 0 && fd <= 2);
    if (fd > 2)
        close(fd);
}

static int make_dir(const char *path)
{
    if (mkdir(path, 0777) == 0 || errno == EEXIST)
        return 0;
    return write_failed(path, MPA_ERR_WRITE);
}

int output_open(struct output *out, const struct options *o)
{
    *out = (struct output){.o = o, .out = stdout};
    if (o->anonymize) {
        out->anonymizer = mpa_anonymizer_new(NULL);
        if (!out->anonymizer)
            return write_failed("--anonymize", MPA_ERR_NOMEM);
    }
    if (o->csv_dir && make_dir(o->csv_dir) != 0)
        return MPA_ERR_WRITE;
    if (o->output) {
        errno = 0;
        out->out = output_create(o->output);
        if (!out->out)
            return write_failed(o->output, MPA_ERR_WRITE);
    }
    return 0;
}

/* One walk over the report for one writer; 'name' is what it writes to. */
int output_walk(struct mpa_writer *w, const char *name, const struct mpa_rec_report *report,
                struct mpa_spool *spool)
{
    struct mpa_rec_conn *conn;
    int rc, more;

    mpa_spool_rewind(spool);
    errno = 0;
    rc = w->begin(w, report);
    while (rc == 0 && (more = mpa_spool_next(spool, &conn)) != 0) {
        if (more < 0) {
            rc = more;
            name = "temporary file";
        } else {
            rc = w->connection(w, conn);
        }
    }
    if (rc == 0)
        rc = w->end(w, report);
    if (rc != 0)
        write_failed(name, rc);
    return rc;
}

static int walk(struct mpa_writer *w, const char *name, const struct mpa_rec_report *report,
                struct mpa_spool *spool)
{
    int rc;

    if (!w)
        return write_failed(name, errno == ENOMEM || errno == 0 ? MPA_ERR_NOMEM : MPA_ERR_WRITE);
    rc = output_walk(w, name, report, spool);
    w->free(w);
    return rc;
}

const char *output_basename(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* DIR, or with --separate DIR/BASENAME, where a namesake of an earlier capture gets a number. */
static int csv_folder(const char *dir, const char *file, int namesakes, char *ret, size_t size)
{
    int length;

    if (!file)
        length = snprintf(ret, size, "%s", dir);
    else if (namesakes == 0)
        length = snprintf(ret, size, "%s/%s", dir, output_basename(file));
    else
        length = snprintf(ret, size, "%s/%s-%d", dir, output_basename(file), namesakes + 1);
    if (length < (int)size)
        return 0;
    errno = ENAMETOOLONG;
    return write_failed(dir, MPA_ERR_WRITE);
}

struct mpa_writer_options output_options(const struct output *out, const char *file)
{
    return (struct mpa_writer_options){.anonymizer = out->anonymizer,
                                       .explain = out->o->explain,
                                       .only_file = file,
                                       .separate = out->o->separate,
                                       .baseline = out->o->baseline != NULL,
                                       .fail_on = out->o->fail_on};
}

struct mpa_writer *output_direct(const struct output *out, const char *file)
{
    const struct mpa_writer_options options = output_options(out, file);
    struct mpa_writer *w = NULL;

    if (out->o->format == REPORT_TEXT && !out->o->csv_dir && !out->o->expected &&
        !ci_wanted(out->o))
        w = mpa_writer_text(out->out, &options);
    if (w && !w->totals_last) {
        w->free(w);
        w = NULL;
    }
    return w;
}

/* The connections went to it already. */
static int end_direct(struct mpa_writer *w, const char *name, const struct mpa_rec_report *report)
{
    int rc;

    errno = 0;
    rc = w->end(w, report);
    if (rc != 0)
        write_failed(name, rc);
    w->free(w);
    return rc;
}

int output_report(struct output *out, const char *file, int namesakes, struct mpa_writer *direct,
                  const struct mpa_rec_report *report, struct mpa_spool *spool)
{
    const struct mpa_writer_options options = output_options(out, file);
    bool json = out->o->format == REPORT_JSON;
    char dir[PATH_MAX];
    int rc;

    if (out->o->separate)
        fputs(json ? (out->reports ? ",\n" : "[\n") : (out->reports ? "\n" : ""), out->out);
    errno = 0;
    if (direct) {
        out->reports++;
        return end_direct(direct, out_name(out), report);
    }
    rc = walk(json ? mpa_writer_json(out->out, &options) : mpa_writer_text(out->out, &options),
              out_name(out), report, spool);
    if (rc == 0 && out->o->csv_dir)
        rc = csv_folder(out->o->csv_dir, file, namesakes, dir, sizeof(dir));
    if (rc == 0 && out->o->csv_dir) {
        errno = 0;
        rc = walk(mpa_writer_csv(dir, &options), dir, report, spool);
    }
    out->reports++;
    return rc;
}

static void tell_difference(void *context, const char *path, const char *expected, const char *got)
{
    const char *file = context;

    say_error("%s%s%s is %.200s, expected %.200s", file ? file : "", file ? ": " : "", path, got,
              expected);
}

int output_expect(const struct output *out, const char *file, int index,
                  const struct mpa_rec_report *report, struct mpa_spool *spool, bool *ret_same)
{
    const struct mpa_writer_options options = output_options(out, file);
    const json_t *expected = out->o->expected;
    FILE *written = tmpfile();
    json_t *got = NULL;
    size_t differences;
    int rc;

    if (!written)
        return write_failed("temporary file", MPA_ERR_WRITE);
    rc = walk(mpa_writer_json(written, &options), "temporary file", report, spool);
    if (rc == 0) {
        rewind(written);
        got = json_loadf(written, 0, NULL);
        if (!got)
            rc = write_failed("--expect", MPA_ERR_NOMEM);
    }
    fclose(written);
    if (rc != 0)
        return rc;
    if (file && json_is_array(expected))
        expected = json_array_get(expected, (size_t)index);
    differences =
        expected ? expect_compare(expected, got, tell_difference, (void *)(uintptr_t)file) : 1;
    if (differences > EXPECT_SHOWN)
        say_error("and %zu more differences", differences - EXPECT_SHOWN);
    *ret_same = differences == 0;
    json_decref(got);
    return 0;
}

int output_close(struct output *out, int status)
{
    bool failed;

    if (!out->out)
        return status;
    errno = 0;
    if (status == 0 && out->o->separate && out->o->format == REPORT_JSON)
        fputs(out->reports ? "]\n" : "[]\n", out->out);
    failed = ferror(out->out) != 0;
    failed |= fflush(out->out) != 0;
    failed |= out->out != stdout && fclose(out->out) != 0;
    out->out = NULL;
    mpa_anonymizer_free(out->anonymizer);
    out->anonymizer = NULL;
    if (status == 0 && failed)
        return write_failed(out_name(out), MPA_ERR_WRITE);
    return status;
}
