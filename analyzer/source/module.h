/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Wireshark's wiretap behind a table of functions, in a shared object of its own that is opened
 * only for files that libpcap refuses, so that the analyzer itself does not need Wireshark.
 */
#ifndef MPA_SOURCE_MODULE_H
#define MPA_SOURCE_MODULE_H

#include <stddef.h>
#include <stdint.h>

#define MPA_MODULE_ABI    1
#define MPA_MODULE_FILE   "mpa_wiretap.so"
#define MPA_MODULE_SYMBOL "mpa_wiretap_module"

struct mpa_module_frame {
    const uint8_t *data; /* Borrowed until the next call. */
    uint32_t captured, wire;
    int64_t ns;
    int linktype; /* LINKTYPE_ value; -1 where there is none. */
};

struct mpa_module {
    unsigned abi; /* MPA_MODULE_ABI. */
    /* 0 and '*ret', MPA_ERR_FORMAT, MPA_ERR_LINK, MPA_ERR_READ or MPA_ERR_NOMEM with a sentence. */
    int (*open)(const char *path, void **ret, char *ret_error, size_t error_size);
    /* 1, 0 at the end, MPA_ERR_CUT or MPA_ERR_READ with a sentence. */
    int (*next)(void *handle, struct mpa_module_frame *ret, char *ret_error, size_t error_size);
    uint32_t (*snaplen)(const void *handle); /* 0 unknown. */
    uint64_t (*read_so_far)(const void *handle);
    void (*close)(void *handle);
};

/* Open the module: from $MPA_MODULE_DIR, or from where the program's own files lie.  NULL with a
   sentence.  It stays loaded: GLib cannot be unloaded. */
const struct mpa_module *mpa_module_load(char *ret_error, size_t error_size);

#endif
