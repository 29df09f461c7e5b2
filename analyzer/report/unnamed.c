/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Temporary files without a name.  Unlike tmpfile(3), they heed TMPDIR: records may be larger than a /tmp in memory. */
#include "unnamed.h"

#include "mpa/status.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int mpa_unnamed_file(void)
{
    const char *dir = getenv("TMPDIR");
    char *path;
    int fd;

    if (!dir || dir[0] == '\0')
        dir = "/tmp";
    fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    /* Not every file system can do it. */
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
        return fd;
    if (asprintf(&path, "%s/mptcp-analyze.XXXXXX", dir) < 0)
        return -1;
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    free(path);
    return fd;
}

FILE *mpa_unnamed_stream(void)
{
    int fd = mpa_unnamed_file();
    FILE *ret = fd >= 0 ? fdopen(fd, "w+") : NULL;

    if (!ret && fd >= 0)
        close(fd);
    return ret;
}

int mpa_unnamed_copy(FILE *from, FILE *to)
{
    char bytes[16384];
    size_t size;

    if (fflush(from) != 0)
        return MPA_ERR_WRITE;
    rewind(from);
    while ((size = fread(bytes, 1, sizeof(bytes), from)) > 0)
        if (fwrite(bytes, 1, size, to) != size)
            return MPA_ERR_WRITE;
    return ferror(from) ? MPA_ERR_READ : MPA_OK;
}
