/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plugin_check CHECK ARGUMENT...: see plugin.h and the head of each file. */
#include "plugin.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *usage;
} checks[] = {
    {"agree", check_agree, "DIR | FILE.pcap ..."},
    {"altered", check_altered, "FILE.pcap ..."},
    {"stock", check_stock, ""},
    {"views", check_views, "FILE.pcap ..."},
};

#define CHECKS (sizeof checks / sizeof *checks)

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < CHECKS; i++) {
        if (strcmp(argv[1], checks[i].name) == 0) {
            int status = checks[i].run(argc - 1, argv + 1);

            if (status == GOLDEN_USAGE)
                fprintf(stderr, "usage: plugin_check %s %s\n", checks[i].name, checks[i].usage);
            return status;
        }
    }
    fputs("usage:\n", stderr);
    for (size_t i = 0; i < CHECKS; i++)
        fprintf(stderr, "  plugin_check %s %s\n", checks[i].name, checks[i].usage);
    return GOLDEN_USAGE;
}
