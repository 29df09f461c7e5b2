/* SPDX-License-Identifier: GPL-2.0-or-later */
/* docs/rules.md, from the table of the rules.  Without an argument to standard output; with FILE: whether FILE is that. */
#include "mpa/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *prefix, *title;
} groups[] = {
    {"FMT", "Format of options"},
    {"MPC", "MP_CAPABLE"},
    {"CBF", "The C and B flags"},
    {"JN", "Joins"},
    {"AA", "ADD_ADDR"},
    {"LB", "Load balancing"},
    {"AC", "Churn and resets"},
    {"RM", "REMOVE_ADDR"},
    {"PR", "MP_PRIO"},
    {"FL", "Fallback and checksums"},
    {"FC", "MP_FASTCLOSE"},
    {"DS", "DSS"},
};

static const char *group_of(const char *id)
{
    size_t length = strcspn(id, "-");

    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
        if (strlen(groups[i].prefix) == length && memcmp(groups[i].prefix, id, length) == 0)
            return groups[i].title;
    return id;
}

static void put_dialects(FILE *out, uint16_t dialects)
{
    const char *join = "";

    if (dialects == MPA_IN_ALL) {
        fputs("all", out);
        return;
    }
    for (int d = 0; d < MPA_DIALECT_COUNT; d++)
        if (dialects & 1u << d && !(MPA_IN_UNKNOWN & 1u << d)) {
            fprintf(out, "%s%s", join, mpa_dialect_name((enum mpa_dialect)d));
            join = ", ";
        }
}

static void put_rules(FILE *out)
{
    const char *group = "";

    for (int i = 0; i < MPA_RULE_COUNT; i++) {
        const struct mpa_rule_info *info = mpa_rule_info((enum mpa_rule)i);

        if (strcmp(group, group_of(info->id)) != 0) {
            group = group_of(info->id);
            fprintf(
                out,
                "\n## %s\n\n| rule | what should hold | level | severity | dialects | reference |\n"
                "|---|---|---|---|---|---|\n",
                group);
        }
        fprintf(out, "| %s | %s | %s | %s | ", info->id, info->title,
                mpa_rule_level_text(info->level), mpa_word(info->severity));
        put_dialects(out, info->dialects);
        fprintf(out, " | %s |\n", info->reference);
    }
}

static void put_page(FILE *out)
{
    fprintf(
        out,
        "# The conformance rules\n\n"
        "<!-- Made from include/mpa/tbl/rules.h. To renew: build-dev/bin/rules_docs >docs/rules.md "
        "-->\n\n"
        "`mptcp-analyze --check` judges %d rules; `--list-rules` prints them. Level: MUST and "
        "SHOULD are an RFC's words; \"paper\" is behaviour of\n"
        "*Making Multipath TCP friendlier to Load Balancers and Anycast* (ICNP 2017); "
        "\"deployment\" a check of the installation; \"none\" is required by\n"
        "nobody and never violated. Severity is what `--fail-on` looks at and `--rule` changes.\n",
        MPA_RULE_COUNT);
    put_rules(out);
    fputs("\n## Not verifiable\n\n"
          "What a capture cannot show is no finding. It is counted with the reason:\n\n"
          "| reason | because |\n|---|---|\n",
          out);
    for (int v = MPA_VERDICT_NV_FIRST; v < MPA_VERDICT_COUNT; v++)
        fprintf(out, "| %s | %s |\n", mpa_verdict_reason((enum mpa_verdict)v),
                mpa_verdict_meaning((enum mpa_verdict)v));
}

static int compare(const char *path, const char *page, size_t size)
{
    FILE *in = fopen(path, "re");
    char *have = in ? calloc(1, size + 2) : NULL;
    size_t length = have ? fread(have, 1, size + 1, in) : 0;
    bool same = have && length == size && memcmp(have, page, size) == 0;

    if (in)
        fclose(in);
    free(have);
    if (!same)
        fprintf(stderr, "%s is not what the table of the rules says: rules_docs >%s renews it\n",
                path, path);
    return same ? 0 : 1;
}

int main(int argc, char **argv)
{
    char *page = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&page, &size);
    int status = 0;

    if (!out)
        return 2;
    put_page(out);
    if (fclose(out) != 0)
        status = 2;
    else if (argc > 1)
        status = compare(argv[1], page, size);
    else
        status = fwrite(page, 1, size, stdout) == size && fflush(stdout) == 0 ? 0 : 2;
    free(page);
    return status;
}
