/* SPDX-License-Identifier: GPL-2.0-or-later */
/* golden CHECK ARGUMENT...: see golden.h and the head of each file. */
#include "golden.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *usage;
} checks[] = {
    {"counters", golden_counters, "DIR | --coverage"},
    {"altered", golden_altered, "DIR FILE ROW CHANGE WORD [NTH]"},
    {"application", golden_application, "DIR"},
    {"outcomes", golden_outcomes, "DIR CAPTURE MIN_HIT MIN_FAILED"},
    {"tshark", golden_tshark, "DIR [FILE]"},
    {"latency", golden_latency, "DIR PERCENT"},
    {"faults", golden_faults, "DIR"},
    {"forbidden", golden_forbidden, "DIR"},
    {"finds", golden_finds, "DIR FILE RULE FRAME..."},
    {"healthy", golden_healthy, "DIR"},
    {"nstat", golden_nstat, "DIR"},
    {"hmac", golden_hmac, "DIR"},
    {"merged", golden_merged, "DIR"},
    {"invariants", golden_invariants, "DIR"},
    {"expect", golden_expect, "EXPECTED.json REPORT.json"},
    {"case", golden_case, "NAME"},
    {"renew", golden_renew, "NAME"},
    {"synth", golden_synth, "[SCENARIO [ARGUMENT...]]"},
};

#define CHECKS (sizeof checks / sizeof *checks)

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < CHECKS; i++) {
        if (strcmp(argv[1], checks[i].name) == 0) {
            int status = checks[i].run(argc - 1, argv + 1);
            if (status == GOLDEN_USAGE)
                fprintf(stderr, "usage: golden %s %s\n", checks[i].name, checks[i].usage);
            return status;
        }
    }
    fputs("usage:\n", stderr);
    for (size_t i = 0; i < CHECKS; i++)
        fprintf(stderr, "  golden %s %s\n", checks[i].name, checks[i].usage);
    return GOLDEN_USAGE;
}
