/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "module.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The folder of the module: relative to the program's own, so that a build folder and an
   installation are alike. */
static int module_path(char *ret, size_t size)
{
    const char *given = secure_getenv("MPA_MODULE_DIR");
    char exe[PATH_MAX];
    ssize_t length;
    char *slash;

    if (given)
        return snprintf(ret, size, "%s/%s", given, MPA_MODULE_FILE) < (int)size;
    length = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
    if (length <= 0)
        return 0;
    exe[length] = '\0';
    slash = strrchr(exe, '/');
    if (slash)
        *slash = '\0';
    return snprintf(ret, size, "%s/../%s/%s", exe, MPA_MODULE_SUBDIR, MPA_MODULE_FILE) < (int)size;
}

const struct mpa_module *mpa_module_load(char *ret_error, size_t error_size)
{
    const struct mpa_module *module;
    char path[PATH_MAX + 128];
    void *library;

    if (!module_path(path, sizeof(path))) {
        snprintf(ret_error, error_size, "its folder cannot be found");
        return NULL;
    }
    library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        const char *why = dlerror();

        snprintf(ret_error, error_size, "%s",
                 access(path, F_OK) != 0 ? MPA_MODULE_FILE " is not installed" : why);
        return NULL;
    }
    module = dlsym(library, MPA_MODULE_SYMBOL);
    if (!module || module->abi != MPA_MODULE_ABI) {
        snprintf(ret_error, error_size, "%s belongs to another version", path);
        return NULL;
    }
    return module;
}
