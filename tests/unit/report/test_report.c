/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The writers, the spool and the pseudonyms.  With an argument: print a report as text, to look at. */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

static int show(int argc, char **argv)
{
    struct mpa_anonymizer *anonymizer = argc > 4 ? mpa_anonymizer_new(argv[4]) : NULL;
    struct mpa_writer_options options = {.anonymizer = anonymizer,
                                         .explain = argc > 3 && argv[3][0] == 'e'};
    struct fixture f;
    char *text;

    fixture_report(&f);
    if (strcmp(argv[1], "empty") == 0)
        fixture_empty_report(&f);
    if (strcmp(argv[1], "json") == 0)
        text = fixture_json(&f.report, argc > 2 ? atoi(argv[2]) : 8, false, &options);
    else
        text = fixture_text(&f.report, argc > 2 ? atoi(argv[2]) : 8, strcmp(argv[1], "ipv6") == 0,
                            &options);
    fputs(text, stdout);
    free(text);
    mpa_anonymizer_free(anonymizer);
    return 0;
}

int main(int argc, char **argv)
{
    CU_SuiteInfo suites[] = {
        {"json", NULL, NULL, NULL, NULL, json_tests},
        {"csv", NULL, NULL, NULL, NULL, csv_tests},
        {"text", NULL, NULL, NULL, NULL, text_tests},
        {"anonymize", NULL, NULL, NULL, NULL, anonymize_tests},
        {"spool", NULL, NULL, NULL, NULL, spool_tests},
        {"check", NULL, NULL, NULL, NULL, check_tests},
        CU_SUITE_INFO_NULL,
    };
    unsigned failures = 1;

    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    if (argc > 1) {
        CU_cleanup_registry();
        return show(argc, argv);
    }
    if (CU_register_suites(suites) == CUE_SUCCESS) {
        CU_basic_set_mode(CU_BRM_NORMAL);
        if (CU_basic_run_tests() == CUE_SUCCESS)
            failures = CU_get_number_of_failures();
    }
    CU_cleanup_registry();
    return failures != 0;
}
