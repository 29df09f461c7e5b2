/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The floor of the benchmark: an empty pcap_loop over a file.  Nothing that reads the file with libpcap can be faster. */
#include <pcap/pcap.h>
#include <stdio.h>

static void nothing(u_char *user, const struct pcap_pkthdr *h, const u_char *data)
{
    (void)user;
    (void)h;
    (void)data;
}

int main(int argc, char **argv)
{
    char error[PCAP_ERRBUF_SIZE];
    pcap_t *p;
    int status;

    if (argc != 2) {
        fputs("usage: bench_floor FILE\n", stderr);
        return 2;
    }
    p = pcap_open_offline_with_tstamp_precision(argv[1], PCAP_TSTAMP_PRECISION_NANO, error);
    if (!p) {
        fprintf(stderr, "bench_floor: %s\n", error);
        return 1;
    }
    status = pcap_loop(p, -1, nothing, NULL);
    pcap_close(p);
    return status == 0 ? 0 : 1;
}
