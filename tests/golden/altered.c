/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * golden altered DIR FILE ROW CHANGE WORD [NTH]: alters one packet of a golden capture (pcap_alter) and expects the counters check to
 * find it in the row.
 */
#include "golden.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool alter(const struct golden *g, char **argv, int argc, char *path)
{
    char *in = golden_path(g, argv[2]);
    const char *arguments[] = {
        MPA_PCAP_ALTER, in, path, argv[4], argv[5], argc > 6 ? argv[6] : NULL, NULL};
    struct golden_output out;
    int fd = mkstemp(path);
    bool ok = fd >= 0 && golden_spawn(NULL, arguments, &out);

    if (fd >= 0)
        close(fd);
    if (ok) {
        fclose(out.file);
        ok = out.status == 0;
    }
    free(in);
    return ok;
}

int golden_altered(int argc, char **argv)
{
    char path[] = "/tmp/mpa-altered-XXXXXX", *failed = NULL, *row;
    int status = GOLDEN_DIFFERENT;
    struct golden g;

    if (argc < 6 || argc > 7)
        return GOLDEN_USAGE;
    row = golden_text("[%s]", argv[3]);
    if (golden_open(&g, argv[1])) {
        if (!alter(&g, argv, argc, path)) {
            printf("%s: %s cannot be altered\n", g.name, argv[2]);
        } else if (golden_counters_of(&g, argv[2], path, &failed) == GOLDEN_OK) {
            printf("NOT NOTICED: %s of %s altered, and all counters agree\n", argv[2], g.name);
        } else if (!failed || !strstr(failed, row)) {
            printf("NOT NOTICED where expected: %s does not differ\n", row);
        } else {
            printf("noticed, as it must be: %s\n", failed);
            status = GOLDEN_OK;
        }
        unlink(path);
    }
    golden_close(&g);
    free(failed);
    free(row);
    return status;
}
