/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs every suite of the wire module.  With "--seeds FOLDER": writes the seeds of the fuzz target
 * instead. */
#include "wire_test.h"

#include "mpa/crypto.h"

#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

/* The order of fuzz_wire.c. */
static const uint16_t linktypes[] = {1, 113, 276, 101, 12, 14, 228, 229, 0, 108, 9, 50, 51};

int seed_write(const char *folder, const char *name, uint16_t linktype, const uint8_t *data,
               size_t size)
{
    uint8_t head[2] = {0, 0};
    char path[512];
    FILE *f;
    bool bad;

    while (head[0] < sizeof(linktypes) / sizeof(linktypes[0]) && linktypes[head[0]] != linktype)
        head[0]++;
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    f = fopen(path, "wb");
    if (!f) {
        perror(path);
        return -1;
    }
    bad = fwrite(head, 1, 2, f) != 2 || fwrite(data, 1, size, f) != size;
    bad = fclose(f) != 0 || bad;
    if (bad)
        perror(path);
    return bad ? -1 : 0;
}

int add_suite(const char *name, const struct test *tests, size_t count)
{
    CU_pSuite suite = CU_add_suite(name, NULL, NULL);
    size_t i;

    if (!suite)
        return -1;
    for (i = 0; i < count; i++)
        if (!CU_add_test(suite, tests[i].name, tests[i].run))
            return -1;
    return 0;
}

int main(int argc, char **argv)
{
    static int (*const suites[])(void) = {
        suite_bytes, suite_addr,  suite_crypto,      suite_option, suite_option_all,
        suite_tcp,   suite_frame, suite_frame_edges, suite_icmp,
    };
    unsigned failures;
    size_t i;

    if (argc == 3 && strcmp(argv[1], "--seeds") == 0)
        return seeds_of_frames(argv[2]) || seeds_of_icmp(argv[2]) || seeds_of_options(argv[2])
                   ? EXIT_FAILURE
                   : EXIT_SUCCESS;
    if (argc != 1) {
        fprintf(stderr, "usage: %s [--seeds FOLDER]\n", argv[0]);
        return 2;
    }
    if (mpa_crypto_init() != 0 || CU_initialize_registry() != CUE_SUCCESS)
        return EXIT_FAILURE;
    for (i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
        if (suites[i]() != 0)
            return EXIT_FAILURE;
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures() + (CU_get_number_of_tests_run() == 0);
    CU_cleanup_registry();
    return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
