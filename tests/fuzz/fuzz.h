/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every fuzz target defines, and how it says that something which must hold does not. */
#ifndef MPA_FUZZ_H
#define MPA_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* One input.  Returns 0; aborts when it finds a defect.  The same input gives the same result. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CHECK(condition)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif
