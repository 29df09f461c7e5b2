/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copies a capture and alters one packet of it, so that tests can show that they would notice.
 *
 *   pcap_alter IN OUT drop WORD [NTH]             leave the NTH frame (from 1) with such an option out
 *   pcap_alter IN OUT set:OFFSET=BYTE WORD [NTH]  change one byte of the option, counted from its kind
 *   pcap_alter IN OUT twin WORD [NTH]             write the frame twice, the second time as another segment
 *
 * WORD: an option count of the JSON report (add_addr, mp_join_syn, ...), or rst for a segment with RST, or tcp for any.
 * Exit status 0, 1 when there is no such frame, 2 otherwise.
 */
#include "plain_frame.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct change {
    enum { DROP, SET, TWIN } kind;
    unsigned long offset, byte;
    const char *word;
    unsigned long nth;
};

static bool parse_change(char **argv, int argc, struct change *c)
{
    char *end;

    *c = (struct change){.word = argv[4], .nth = argc > 5 ? strtoul(argv[5], NULL, 10) : 1};
    if (strcmp(argv[3], "drop") == 0)
        return true;
    if (strcmp(argv[3], "twin") == 0) {
        c->kind = TWIN;
        return true;
    }
    if (strncmp(argv[3], "set:", 4) != 0)
        return false;
    c->kind = SET;
    c->offset = strtoul(argv[3] + 4, &end, 0);
    if (*end != '=')
        return false;
    c->byte = strtoul(end + 1, &end, 0);
    return *end == '\0' && c->byte < 256;
}

/* Offset of what 'word' names in the frame; false when it is not there. */
static bool find(const struct plain_segment *s, const char *word, size_t *ret)
{
    *ret = s->tcp_at;
    if (strcmp(word, "tcp") == 0)
        return true;
    if (strcmp(word, "rst") == 0)
        return s->flags & PLAIN_RST;
    for (int i = 0; i < s->option_count; i++) {
        const char *name = plain_option_word(s, s->options + i);
        if (name && strcmp(name, word) == 0) {
            *ret = s->options[i].at;
            return true;
        }
    }
    return false;
}

static void write_changed(pcap_dumper_t *out, const struct pcap_pkthdr *h, const u_char *data,
                          const struct change *c, const struct plain_segment *s, size_t at)
{
    u_char *copy = malloc(h->caplen);

    if (!copy)
        abort();
    memcpy(copy, data, h->caplen);
    if (c->kind == SET && at + c->offset < h->caplen)
        copy[at + c->offset] = (u_char)c->byte;
    if (c->kind == TWIN) {
        /* The sequence number too, so that it is a new segment for whoever compares contents. */
        copy[s->tcp_at + 7] ^= 1;
        pcap_dump((u_char *)out, h, data);
    }
    if (c->kind != DROP)
        pcap_dump((u_char *)out, h, copy);
    free(copy);
}

static int copy_changed(pcap_t *in, pcap_dumper_t *out, const struct change *c)
{
    unsigned long seen = 0;
    struct pcap_pkthdr *h;
    const u_char *data;
    bool done = false;
    int status;

    while ((status = pcap_next_ex(in, &h, &data)) == 1) {
        struct plain_segment s;
        size_t at;
        if (!done && plain_parse(pcap_datalink(in), data, h->caplen, &s) &&
            find(&s, c->word, &at) && ++seen == c->nth) {
            write_changed(out, h, data, c, &s, at);
            done = true;
        } else {
            pcap_dump((u_char *)out, h, data);
        }
    }
    if (status != PCAP_ERROR_BREAK)
        return 2;
    return done ? 0 : 1;
}

int main(int argc, char **argv)
{
    char error[PCAP_ERRBUF_SIZE];
    pcap_dumper_t *out;
    struct change c;
    int status;
    pcap_t *in;

    if (argc < 5 || argc > 6 || !parse_change(argv, argc, &c)) {
        fputs("usage: pcap_alter IN OUT drop|twin|set:OFFSET=BYTE WORD [NTH]\n", stderr);
        return 2;
    }
    in = pcap_open_offline_with_tstamp_precision(argv[1], PCAP_TSTAMP_PRECISION_NANO, error);
    if (!in) {
        fprintf(stderr, "pcap_alter: %s\n", error);
        return 2;
    }
    out = pcap_dump_open(in, argv[2]);
    if (!out) {
        pcap_perror(in, "pcap_alter");
        pcap_close(in);
        return 2;
    }
    status = copy_changed(in, out, &c);
    if (pcap_dump_flush(out) != 0)
        status = 2;
    pcap_dump_close(out);
    pcap_close(in);
    if (status == 1)
        fprintf(stderr, "pcap_alter: %s holds no such frame\n", argv[1]);
    return status;
}
