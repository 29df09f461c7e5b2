/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mpa-synth: synthetic captures with the results that must be found in them. */
#include "rules.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct synth_scenario *const tables[] = {
    synth_scenarios_dialects, synth_scenarios_fallback, synth_scenarios_tracking,
    synth_scenarios_resets,   synth_scenarios_views,    synth_scenarios_deploy,
};

#define TABLES (sizeof tables / sizeof *tables)

static const struct synth_scenario *find(const char *name)
{
    for (size_t t = 0; t < TABLES; t++) {
        for (const struct synth_scenario *s = tables[t]; s->name; s++) {
            if (strcmp(s->name, name) == 0)
                return s;
        }
    }
    return NULL;
}

static int list(void)
{
    for (size_t t = 0; t < TABLES; t++) {
        for (const struct synth_scenario *s = tables[t]; s->name; s++)
            printf("%-22s %-14s %s\n", s->name, s->dialect, s->text);
    }
    return fflush(stdout) == 0 ? 0 : 4;
}

static int usage(void)
{
    fputs("usage: mpa-synth --list\n"
          "       mpa-synth SCENARIO -o OUT.pcap [--expected OUT.json] [--churn OUT.csv]\n"
          "                 [--servers OUT.csv] [--seed N] [--snaplen N]\n"
          "                 [--linktype eth|sll|sll2|raw|null|vlan|qinq]\n"
          "                 [--tunnel gre|ipip|vxlan|geneve|gue0|gue1|4in6|6in6|6in4]\n"
          "       mpa-synth --list-rules\n"
          "       mpa-synth rule ID breaks|nearly -o OUT.pcap [--expected OUT.json]\n"
          "       mpa-synth bench -o OUT.pcap [OPTION]...   (see mpa-synth bench --help)\n",
          stderr);
    return 2;
}

struct arguments {
    const char *scenario, *out, *expected, *churn, *servers;
    uint64_t seed;
    uint32_t snaplen;
    enum synth_link link;
    enum synth_tunnel tunnel;
};

/* Index of 'name' among 'count' names, or -1. */
static int choose(const char *name, const char *(*at)(int), int count)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(at(i), name) == 0)
            return i;
    }
    return -1;
}

static const char *link_at(int i)
{
    return synth_link_name((enum synth_link)i);
}

static const char *tunnel_at(int i)
{
    return synth_tunnel_name((enum synth_tunnel)i);
}

/* 0, or -1 after a message. */
static int number(const char *text, uint64_t least, uint64_t most, uint64_t *ret)
{
    char *end;
    uint64_t v = strtoull(text, &end, 0);

    if (!*text || *end || *text == '-' || v < least || v > most)
        return -1;
    *ret = v;
    return 0;
}

static int parse(int argc, char **argv, struct arguments *a)
{
    static const struct option options[] = {{"expected", required_argument, NULL, 'e'},
                                            {"seed", required_argument, NULL, 's'},
                                            {"snaplen", required_argument, NULL, 'n'},
                                            {"linktype", required_argument, NULL, 'l'},
                                            {"tunnel", required_argument, NULL, 't'},
                                            {"output", required_argument, NULL, 'o'},
                                            {"churn", required_argument, NULL, 'c'},
                                            {"servers", required_argument, NULL, 'v'},
                                            {NULL, 0, NULL, 0}};
    uint64_t v = 0;
    int c, index;

    *a = (struct arguments){.seed = 1, .snaplen = 262144};
    while ((c = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
        switch (c) {
        case 'o':
            a->out = optarg;
            break;
        case 'c':
            a->churn = optarg;
            break;
        case 'v':
            a->servers = optarg;
            break;
        case 'e':
            a->expected = optarg;
            break;
        case 's':
            if (number(optarg, 0, UINT64_MAX, &a->seed) != 0)
                return -1;
            break;
        case 'n':
            if (number(optarg, 1, 262144, &v) != 0)
                return -1;
            a->snaplen = (uint32_t)v;
            break;
        case 'l':
            if ((index = choose(optarg, link_at, SYNTH_LINKS)) < 0)
                return -1;
            a->link = (enum synth_link)index;
            break;
        case 't':
            if ((index = choose(optarg, tunnel_at, SYNTH_TUNNELS)) < 0)
                return -1;
            a->tunnel = (enum synth_tunnel)index;
            break;
        default:
            return -1;
        }
    }
    if (optind + 1 != argc || !a->out)
        return -1;
    a->scenario = argv[optind];
    return 0;
}

static int write_expected(struct synth *s, const struct arguments *a)
{
    json_t *o;
    int status;

    if (synth_store_longest_header(s->store) > a->snaplen) {
        fputs("mpa-synth: no expectation can be given: the snap length cuts headers\n", stderr);
        return 2;
    }
    o = synth_expectation(s);
    status = json_dump_file(o, a->expected, JSON_INDENT(1));
    json_decref(o);
    if (status != 0)
        fprintf(stderr, "mpa-synth: %s cannot be written\n", a->expected);
    return status == 0 ? 0 : 4;
}

/* What --churn of the analyzer takes. */
static int write_churn(const struct synth *s, const char *path)
{
    FILE *f = fopen(path, "w");
    bool bad = !f;

    if (f) {
        fputs("time,action,server\n", f);
        for (size_t i = 0; i < s->churn_count; i++)
            fprintf(f, "%lld.%09lld,%s,%s\n", (long long)(SYNTH_EPOCH_S + s->churn[i].ns / SYNTH_S),
                    (long long)(s->churn[i].ns % SYNTH_S), s->churn[i].action, s->churn[i].server);
        bad = ferror(f) != 0;
        bad |= fclose(f) != 0;
    }
    if (bad)
        fprintf(stderr, "mpa-synth: %s cannot be written\n", path);
    return bad ? 4 : 0;
}

/* What --servers of the analyzer takes. */
static int write_servers(const struct synth *s, const char *path)
{
    FILE *f = fopen(path, "w");
    bool bad = !f;

    if (f) {
        fputs("name,unique_address,mac,outer_address\n", f);
        for (size_t i = 0; i < sizeof s->server / sizeof *s->server; i++) {
            const struct synth_host *h = s->server[i];
            char addr[MPA_ADDR_TEXT], outer[MPA_ADDR_TEXT];
            fprintf(f, "%s,%s,%02x:%02x:%02x:%02x:%02x:%02x,%s\n", h->name,
                    mpa_addr_text(&h->addr, addr), h->mac[0], h->mac[1], h->mac[2], h->mac[3],
                    h->mac[4], h->mac[5], mpa_addr_text(&h->outer, outer));
        }
        bad = ferror(f) != 0;
        bad |= fclose(f) != 0;
    }
    if (bad)
        fprintf(stderr, "mpa-synth: %s cannot be written\n", path);
    return bad ? 4 : 0;
}

/* mpa-synth rule ID breaks|nearly ... */
static int rule_main(int argc, char **argv)
{
    const struct synth_rule *rule;
    struct arguments a;
    struct synth s;
    bool breaks;
    int status = 0;

    if (argc < 3 || parse(argc - 1, argv + 1, &a) != 0)
        return usage();
    breaks = strcmp(a.scenario, "breaks") == 0;
    rule = synth_rule_find(argv[1]);
    if (!breaks && strcmp(a.scenario, "nearly") != 0)
        return usage();
    if (!rule) {
        fprintf(stderr, "mpa-synth: no rule is called %s (see --list-rules)\n", argv[1]);
        return 2;
    }
    synth_init(&s, a.seed, a.link, a.tunnel);
    if (breaks)
        rule->breaks(&s);
    else
        rule->nearly(&s);
    if (a.expected) {
        json_t *o = synth_rule_expectation(&s, rule);

        if (json_dump_file(o, a.expected, JSON_INDENT(1)) != 0) {
            fprintf(stderr, "mpa-synth: %s cannot be written\n", a.expected);
            status = 4;
        }
        json_decref(o);
    }
    if (status == 0 && synth_store_write(s.store, a.out, a.snaplen) != 0)
        status = 4;
    synth_free(&s);
    return status;
}

int main(int argc, char **argv)
{
    const struct synth_scenario *scenario;
    struct arguments a;
    struct synth s;
    int status = 0;

    if (argc == 2 && strcmp(argv[1], "--list") == 0)
        return list();
    if (mpa_crypto_init() != 0)
        return 4;
    if (argc == 2 && strcmp(argv[1], "--list-rules") == 0)
        return synth_rules_list();
    if (argc > 1 && strcmp(argv[1], "rule") == 0)
        return rule_main(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "bench") == 0)
        return synth_bench(argc - 1, argv + 1);
    if (parse(argc, argv, &a) != 0)
        return usage();
    scenario = find(a.scenario);
    if (!scenario) {
        fprintf(stderr, "mpa-synth: no scenario is called %s (see --list)\n", a.scenario);
        return 2;
    }
    synth_init(&s, a.seed, a.link, a.tunnel);
    s.with_churn = a.churn != NULL;
    s.with_servers = a.servers != NULL;
    scenario->make(&s);
    if (a.expected)
        status = write_expected(&s, &a);
    if (status == 0 && a.churn)
        status = write_churn(&s, a.churn);
    if (status == 0 && a.servers)
        status = write_servers(&s, a.servers);
    if (status == 0 && synth_store_write(s.store, a.out, a.snaplen) != 0)
        status = 4;
    synth_free(&s);
    return status;
}
