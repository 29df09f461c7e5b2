/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A seed for fuzz_track from captures of one or two vantage points: seed_from_pcap OUT FRAMES SKIP PCAP [PCAP]. */
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

#define HEAD 5

struct input {
    pcap_t *pcap;
    struct pcap_pkthdr *head;
    const unsigned char *bytes;
    int have; /* A frame waits. */
    int link;
};

static long long ns_of(const struct input *in)
{
    return (long long)in->head->ts.tv_sec * 1000000000 + in->head->ts.tv_usec;
}

static int link_index(int dlt)
{
    return dlt == DLT_EN10MB ? 0 : dlt == DLT_LINUX_SLL2 ? 1 : dlt == DLT_LINUX_SLL ? 2 : 3;
}

static void advance(struct input *in)
{
    in->have = in->pcap && pcap_next_ex(in->pcap, &in->head, &in->bytes) == 1;
}

/* The smallest power of two of 64 us that is not shorter than 'ns'. */
static unsigned step_of(long long ns)
{
    unsigned step = 0;

    while (step < 31 && (64000ll << step) - 64000 < ns)
        step++;
    return step;
}

int main(int argc, char **argv)
{
    struct input in[2] = {{0}};
    char error[PCAP_ERRBUF_SIZE];
    long frames, skip;
    long long last = 0;
    FILE *out;

    if (argc < 5)
        return 2;
    frames = atol(argv[2]);
    skip = atol(argv[3]);
    out = fopen(argv[1], "wb");
    for (int i = 0; i < 2 && i + 4 < argc; i++) {
        in[i].pcap =
            pcap_open_offline_with_tstamp_precision(argv[i + 4], PCAP_TSTAMP_PRECISION_NANO, error);
        if (!in[i].pcap || !out)
            return 1;
        in[i].link = link_index(pcap_datalink(in[i].pcap));
        advance(&in[i]);
    }
    for (long n = 0; n < frames + skip && (in[0].have || in[1].have); n++) {
        int at = !in[0].have || (in[1].have && ns_of(&in[1]) < ns_of(&in[0]));
        unsigned size = in[at].head->caplen < 128 ? in[at].head->caplen : 128;
        long long since = n > skip ? ns_of(&in[at]) - last : 0;
        unsigned char head[HEAD] = {(unsigned char)(step_of(since) << 1 | (unsigned)at), 0,
                                    (unsigned char)in[at].link, (unsigned char)size, 0};

        last = ns_of(&in[at]);
        if (n >= skip &&
            (fwrite(head, 1, HEAD, out) != HEAD || fwrite(in[at].bytes, 1, size, out) != size))
            return 1;
        advance(&in[at]);
    }
    return fclose(out) != 0;
}
