/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "filter.h"

#include "mpa/source.h"
#include "mpa/status.h"

#include <stdio.h>

static bool compile(const char *text, uint16_t linktype, struct bpf_program *ret, char *ret_error,
                    size_t error_size)
{
    pcap_t *dead = pcap_open_dead(linktype == 101 ? DLT_RAW : linktype, 262144);
    bool ok = dead && pcap_compile(dead, ret, text, 1, PCAP_NETMASK_UNKNOWN) == 0;

    if (!ok && error_size > 0)
        snprintf(ret_error, error_size, "%s",
                 dead ? pcap_geterr(dead) : mpa_strerror(MPA_ERR_NOMEM));
    if (dead)
        pcap_close(dead);
    return ok;
}

int mpa_filter_use(struct mpa_filter *f, const char *text, uint16_t linktype, char *ret_error,
                   size_t error_size)
{
    int i = f->current;

    if (i >= f->count || f->at[i].linktype != linktype) {
        for (i = 0; i < f->count; i++)
            if (f->at[i].linktype == linktype)
                break;
    }
    if (i == MPA_FILTER_LINKS)
        return MPA_ERR_ARGUMENT;
    if (i == f->count) {
        f->at[i].linktype = linktype;
        f->at[i].usable = compile(text, linktype, &f->at[i].program, ret_error, error_size);
        f->count++;
    }
    f->current = i;
    return f->at[i].usable ? 0 : MPA_ERR_ARGUMENT;
}

void mpa_filter_free(struct mpa_filter *f)
{
    for (int i = 0; i < f->count; i++)
        if (f->at[i].usable)
            pcap_freecode(&f->at[i].program);
    f->count = 0;
}

int mpa_source_check_filter(const char *filter, char *ret_error, size_t error_size)
{
    static const uint16_t linktypes[] = {1, 113, 101};
    struct bpf_program program;

    for (size_t i = 0; i < sizeof(linktypes) / sizeof(linktypes[0]); i++) {
        if (compile(filter, linktypes[i], &program, ret_error, error_size)) {
            pcap_freecode(&program);
            return 0;
        }
    }
    return MPA_ERR_ARGUMENT;
}
