/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The whole of a test program that has one suite. */
#ifndef MPA_TEST_SUITE_H
#define MPA_TEST_SUITE_H

#include <CUnit/Basic.h>

/* Run 'tests', which CU_TEST_INFO_NULL ends; what main() is to return. */
static inline int suite_run(const char *name, CU_TestInfo *tests)
{
    CU_SuiteInfo suites[] = {
        {.pName = name, .pTests = tests},
        CU_SUITE_INFO_NULL,
    };
    int failed;

    if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS)
        return 2;
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failed = CU_get_number_of_failures() > 0;
    CU_cleanup_registry();
    return failed;
}

#endif
