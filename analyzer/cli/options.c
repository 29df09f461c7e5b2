/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options.h"

#include "expect.h"
#include "lists.h"

#include "mpa/source.h"
#include "mpa/status.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define USAGE "Usage: mptcp-analyze [OPTION]... CAPTURE..."

struct option_row;

/* Take 'value' (NULL for an option without one).  0, MPA_ERR_ARGUMENT (the value is wrong;
   '*ret_why' may become a sentence), or MPA_ERR_NOMEM. */
typedef int option_setter(struct options *o, const struct option_row *row, const char *value,
                          const char **ret_why);

enum argument { ARGUMENT_NONE, ARGUMENT_REQUIRED, ARGUMENT_OPTIONAL };

struct option_row {
    const char *section; /* Of --help: the heading that begins here, else NULL. */
    const char *name;    /* Without dashes; NULL: a short option only. */
    char letter;         /* '\0' without. */
    enum argument argument;
    const char *metavar; /* What --help calls the value. */
    option_setter *set;  /* NULL: of the contract, but not in this version; not in --help. */
    size_t offset;       /* Of the member that 'set' writes. */
    const char *help;
};

static void *member(struct options *o, const struct option_row *row)
{
    return (unsigned char *)o + row->offset;
}

static int set_flag(struct options *o, const struct option_row *row, const char *value,
                    const char **ret_why)
{
    (void)value;
    (void)ret_why;
    *(bool *)member(o, row) = true;
    return 0;
}

static int set_text(struct options *o, const struct option_row *row, const char *value,
                    const char **ret_why)
{
    if (!*value) {
        *ret_why = "is empty";
        return MPA_ERR_ARGUMENT;
    }
    *(const char **)member(o, row) = value;
    return 0;
}

static int set_report(struct options *o, const struct option_row *row, const char *value,
                      const char **ret_why)
{
    (void)row;
    o->report_bare = !value;
    if (!value || strcmp(value, "text") == 0) {
        o->format = REPORT_TEXT;
    } else if (strcmp(value, "json") == 0) {
        o->format = REPORT_JSON;
    } else {
        *ret_why = strcmp(value, "html") == 0 ? "not in this version" : "is neither text nor json";
        return MPA_ERR_ARGUMENT;
    }
    return 0;
}

static int set_time(struct options *o, const struct option_row *row, const char *value,
                    const char **ret_why)
{
    if (value_time(value, member(o, row)))
        return 0;
    *ret_why = "is no time: seconds since the epoch, RFC 3339, or +SECONDS after the first packet";
    return MPA_ERR_ARGUMENT;
}

static int set_port(struct options *o, const struct option_row *row, const char *value,
                    const char **ret_why)
{
    uint64_t n;

    if (!value_number(value, 1, UINT16_MAX, &n)) {
        *ret_why = "is no port";
        return MPA_ERR_ARGUMENT;
    }
    *(uint16_t *)member(o, row) = (uint16_t)n;
    return 0;
}

static int set_count(struct options *o, const struct option_row *row, const char *value,
                     const char **ret_why)
{
    uint64_t n;

    if (!value_number(value, 1, UINT32_MAX, &n)) {
        *ret_why = "is no number above 0";
        return MPA_ERR_ARGUMENT;
    }
    *(uint32_t *)member(o, row) = (uint32_t)n;
    return 0;
}

static int set_v6_secret(struct options *o, const struct option_row *row, const char *value,
                         const char **ret_why)
{
    (void)row;
    if (value_secret(value, o->v6_secret, &o->v6_secret_size))
        return 0;
    *ret_why = "is not 1 to 64 bytes in hexadecimal digits";
    return MPA_ERR_ARGUMENT;
}

static int set_dialect(struct options *o, const struct option_row *row, const char *value,
                       const char **ret_why)
{
    static const char *const accepted[] = {"rfc6824", "icnp2017", "draft-v1", "rfc8684"};

    (void)row;
    if (strcmp(value, "auto") == 0) {
        o->dialect = MPA_DIALECT_UNKNOWN;
        return 0;
    }
    for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
        if (strcmp(value, accepted[i]) == 0) {
            o->dialect = mpa_dialect_find(value);
            return 0;
        }
    }
    *ret_why = "is none of auto, rfc6824, icnp2017, draft-v1, rfc8684";
    return MPA_ERR_ARGUMENT;
}

/* Room for one more item of an array that grows by one; NULL when memory ends. */
static void *append(void *array, int count, size_t size)
{
    void **at = array;
    void *grown = reallocarray(*at, (size_t)count + 1, size);

    if (!grown)
        return NULL;
    *at = grown;
    return (unsigned char *)grown + (size_t)count * size;
}

static int add_selection(struct options *o, const struct option_row *row, const char *value,
                         const char **ret_why)
{
    struct selection parsed, *item;

    (void)row;
    if (!value_selection(value, &parsed)) {
        *ret_why = "is none of client=ADDR[/LEN], server=ADDR[/LEN], token=HEX, connection=ID";
        return MPA_ERR_ARGUMENT;
    }
    item = append(&o->selections, o->selection_count, sizeof(*item));
    if (!item)
        return MPA_ERR_NOMEM;
    *item = parsed;
    o->selection_count++;
    return 0;
}

static int add_vip(struct options *o, const struct option_row *row, const char *value,
                   const char **ret_why)
{
    struct mpa_prefix parsed, *item;

    (void)row;
    if (mpa_prefix_parse(value, &parsed) != 0) {
        *ret_why = "is neither an address nor ADDRESS/LENGTH";
        return MPA_ERR_ARGUMENT;
    }
    item = append(&o->vips, o->vip_count, sizeof(*item));
    if (!item)
        return MPA_ERR_NOMEM;
    *item = parsed;
    o->vip_count++;
    return 0;
}

/* The files are read when the whole command line is understood. */
static int add_nstat(struct options *o, const struct option_row *row, const char *value,
                     const char **ret_why)
{
    const char **item = append(&o->nstat_values, o->nstat_count, sizeof(*item));

    (void)row;
    (void)ret_why;
    if (!item)
        return MPA_ERR_NOMEM;
    *item = value;
    o->nstat_count++;
    return 0;
}

static int set_check(struct options *o, const struct option_row *row, const char *value,
                     const char **ret_why)
{
    enum mpa_profile profile = value ? mpa_profile_find(value) : MPA_PROFILE_AUTO;

    (void)row;
    if (profile == MPA_PROFILE_COUNT) {
        *ret_why = "is none of auto, rfc8684, rfc6824, icnp2017, lb";
        return MPA_ERR_ARGUMENT;
    }
    o->check = true;
    o->check_bare |= !value;
    o->checks.profile = profile;
    return 0;
}

static int set_fail_on(struct options *o, const struct option_row *row, const char *value,
                       const char **ret_why)
{
    (void)row;
    o->fail_on_given = true;
    if (strcmp(value, "error") == 0) {
        o->fail_on = MPA_SEVERITY_ERROR;
    } else if (strcmp(value, "warning") == 0) {
        o->fail_on = MPA_SEVERITY_WARNING;
    } else if (strcmp(value, "never") == 0) {
        o->fail_on = MPA_WORD_COUNT;
    } else {
        *ret_why = "is none of error, warning, never";
        return MPA_ERR_ARGUMENT;
    }
    return 0;
}

static int set_rule(struct options *o, const struct option_row *row, const char *value,
                    const char **ret_why)
{
    static const char *const changes[] = {[MPA_RULE_OFF] = "off",
                                          [MPA_RULE_TO_INFO] = "info",
                                          [MPA_RULE_TO_WARNING] = "warning",
                                          [MPA_RULE_TO_ERROR] = "error"};
    const char *equals = strchr(value, '=');
    enum mpa_rule rule = MPA_RULE_COUNT;
    char id[16] = "";

    (void)row;
    if (equals && (size_t)(equals - value) < sizeof(id))
        rule = mpa_rule_find(memcpy(id, value, (size_t)(equals - value)));
    if (equals && rule == MPA_RULE_COUNT) {
        *ret_why = "names no rule (--list-rules prints all)";
        return MPA_ERR_ARGUMENT;
    }
    for (uint8_t i = MPA_RULE_OFF; equals && i <= MPA_RULE_TO_ERROR; i++)
        if (strcmp(equals + 1, changes[i]) == 0) {
            o->checks.change[rule] = i;
            o->rule_given = true;
            return 0;
        }
    *ret_why = "is not ID=off, ID=info, ID=warning or ID=error";
    return MPA_ERR_ARGUMENT;
}

/* clang-format off */
#define AT(m) offsetof(struct options, m)
#define LATER(name, letter, argument) {NULL, name, letter, argument, NULL, NULL, 0, NULL}

static const struct option_row rows[] = {
    {"Output",
     "report", 0, ARGUMENT_OPTIONAL, "text|json", set_report, AT(format), "format of the report; default text"},
    {NULL, "output", 'o', ARGUMENT_REQUIRED, "FILE", set_text, AT(output), "write the report to FILE"},
    {NULL, "csv", 0, ARGUMENT_REQUIRED, "DIR", set_text, AT(csv_dir), "also write tables to DIR, one CSV file each"},
    {NULL, "explain", 0, ARGUMENT_NONE, NULL, set_flag, AT(explain), "text: tell each connection's story"},
    {NULL, "separate", 0, ARGUMENT_NONE, NULL, set_flag, AT(separate), "one report a capture instead of one for all"},
    {NULL, "anonymize", 0, ARGUMENT_NONE, NULL, set_flag, AT(anonymize), "prefix-preserving pseudonyms for all addresses"},
    {"Selection",
     "select", 0, ARGUMENT_REQUIRED, "WHAT", add_selection, 0,
     "only connections with client=ADDR[/LEN], server=ADDR[/LEN], token=HEX or connection=ID; may be repeated"},
    {NULL, "from", 0, ARGUMENT_REQUIRED, "TIME", set_time, AT(from),
     "leave out packets before TIME: seconds since the epoch, RFC 3339, or +SECONDS after the first packet"},
    {NULL, "to", 0, ARGUMENT_REQUIRED, "TIME", set_time, AT(to), "leave out packets after TIME"},
    {NULL, NULL, 'f', ARGUMENT_REQUIRED, "EXPR", set_text, AT(filter), "BPF filter on the captured (outer) packets"},
    {"Network",
     "vip", 0, ARGUMENT_REQUIRED, "ADDR[/LEN]", add_vip, 0, "a virtual or anycast address; may be repeated; default: inferred"},
    {NULL, "servers", 0, ARGUMENT_REQUIRED, "FILE", set_text, AT(servers_file),
     "physical servers, CSV: name,unique_address,mac,outer_address"},
    {NULL, "churn", 0, ARGUMENT_REQUIRED, "FILE", set_text, AT(churn_file),
     "changes of the servers' group, CSV: time,action,server; action is remove or add"},
    {NULL, "dialect", 0, ARGUMENT_REQUIRED, "NAME", set_dialect, 0,
     "auto (default), rfc6824, icnp2017, draft-v1 or rfc8684"},
    {NULL, "v6-secret", 0, ARGUMENT_REQUIRED, "HEX", set_v6_secret, 0,
     "whether the IPv6 addresses that servers advertise end in the hash of HEX and the connection's token"},
    {NULL, "gue-port", 0, ARGUMENT_REQUIRED, "PORT", set_port, AT(ports.gue), "UDP port of GUE; default 6080"},
    {NULL, "vxlan-port", 0, ARGUMENT_REQUIRED, "PORT", set_port, AT(ports.vxlan), "UDP port of VXLAN; default 4789"},
    {NULL, "geneve-port", 0, ARGUMENT_REQUIRED, "PORT", set_port, AT(ports.geneve), "UDP port of Geneve; default 6081"},
    {"Conformance",
     "check", 0, ARGUMENT_OPTIONAL, "PROFILE", set_check, 0,
     "check the hosts against the protocol's rules: auto (default: by dialect), rfc8684, rfc6824, icnp2017 or lb"},
    {NULL, "fail-on", 0, ARGUMENT_REQUIRED, "error|warning|never", set_fail_on, 0,
     "findings of which severity give exit status 1; default error"},
    {NULL, "rule", 0, ARGUMENT_REQUIRED, "ID=CHANGE", set_rule, 0,
     "change a rule: off, or its severity: info, warning, error (remarks stay remarks); may be repeated"},
    {NULL, "strict-ids", 0, ARGUMENT_NONE, NULL, set_flag, AT(checks.strict_ids), "report address IDs that are not advertised in increasing order"},
    {NULL, "junit", 0, ARGUMENT_REQUIRED, "FILE", set_text, AT(junit), "write verdicts as JUnit XML; implies --check, as do the next four"},
    {NULL, "sarif", 0, ARGUMENT_REQUIRED, "FILE", set_text, AT(sarif), "write verdicts as SARIF 2.1.0"},
    {NULL, "tap", 0, ARGUMENT_REQUIRED, "FILE", set_text, AT(tap), "write verdicts as TAP 13"},
    {NULL, "baseline", 0, ARGUMENT_REQUIRED, "FILE", set_text, AT(baseline_file), "findings in FILE are known and do not fail"},
    {NULL, "write-baseline", 0, ARGUMENT_REQUIRED, "FILE", set_text, AT(write_baseline), "write all findings to FILE, to be known from then on"},
    {NULL, "list-rules", 0, ARGUMENT_NONE, NULL, set_flag, AT(list_rules), "print all rules (with --report=json as JSON) and end"},
    {"Comparison",
     "expect", 0, ARGUMENT_REQUIRED, "FILE", set_text, AT(expect_file),
     "compare the report with the JSON in FILE: only its keys count, a number may be {\"min\":a,\"max\":b}"},
    {NULL, "nstat", 0, ARGUMENT_REQUIRED, "HOST=FILE", add_nstat, 0,
     "compare the kernel's MPTCP counters of HOST (ADDR[,ADDR]...) with its packets; FILE or BEFORE,AFTER from nstat -az"},
    {"Other",
     "max-connections", 0, ARGUMENT_REQUIRED, "N", set_count, AT(max_connections),
     "connections in memory at a time; beyond it the longest idle one ends; default 1000000"},
    {NULL, "progress", 0, ARGUMENT_NONE, NULL, set_flag, AT(progress), "say on standard error how far the work is"},
    {NULL, "quiet", 0, ARGUMENT_NONE, NULL, set_flag, AT(quiet), "no remarks on standard error, errors only"},
    {NULL, "version", 0, ARGUMENT_NONE, NULL, set_flag, AT(version), "print the version and end"},
    {NULL, "help", 'h', ARGUMENT_NONE, NULL, set_flag, AT(help), "print this and end"},

    LATER(NULL, 'i', ARGUMENT_REQUIRED), LATER("events", 0, ARGUMENT_REQUIRED), LATER("xplot", 0, ARGUMENT_REQUIRED),
    LATER("no-sandbox", 0, ARGUMENT_NONE),
    LATER("interval", 0, ARGUMENT_REQUIRED), LATER("follow", 0, ARGUMENT_REQUIRED), LATER("metrics", 0, ARGUMENT_REQUIRED),
};
#undef LATER
/* clang-format on */

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

/* ---- Parsing ---- */

struct parser {
    int argc;
    const char *const *argv;
    int at; /* Next argument. */
    struct options *o;
    const struct option_row *not_of_list; /* The last option that --list-rules does not go with. */
    char *error;
    size_t error_size;
};

__attribute__((format(printf, 2, 3))) static int fail(struct parser *p, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(p->error, p->error_size, format, args);
    va_end(args);
    return MPA_ERR_ARGUMENT;
}

static const struct option_row *find_name(const char *name, size_t length)
{
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (rows[i].name && strlen(rows[i].name) == length &&
            memcmp(rows[i].name, name, length) == 0)
            return &rows[i];
    return NULL;
}

static const struct option_row *find_letter(char letter)
{
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (rows[i].letter == letter)
            return &rows[i];
    return NULL;
}

/* 'shown' is the option as it was written, 'shown_size' characters of it; 'value' NULL without
   one. */
static int apply(struct parser *p, const struct option_row *row, const char *shown,
                 size_t shown_size, const char *value)
{
    const char *why = NULL;
    int size = (int)shown_size, rc;

    if (!row->set)
        return fail(p, "%.*s: not in this version", size, shown);
    if (row->argument == ARGUMENT_NONE && value)
        return fail(p, "%.*s takes no value", size, shown);
    if (row->argument == ARGUMENT_REQUIRED && !value) {
        if (p->at == p->argc)
            return fail(p, "%.*s needs a value (%s)", size, shown, row->metavar);
        value = p->argv[p->at++];
    }
    rc = row->set(p->o, row, value, &why);
    if (row->set != set_report && row->offset != AT(output) && row->offset != AT(list_rules) &&
        row->offset != AT(quiet))
        p->not_of_list = row;
    if (rc != MPA_ERR_ARGUMENT)
        return rc;
    if (row->set == set_v6_secret) /* Not to be shown to whoever reads the log. */
        return fail(p, "%.*s: its value %s", size, shown, why);
    if (strcmp(why, "not in this version") == 0)
        return fail(p, "%.*s=%s: %s", size, shown, value, why);
    return fail(p, "%.*s: '%s' %s", size, shown, value, why);
}

static int parse_long(struct parser *p, const char *argument)
{
    const char *equals = strchr(argument, '=');
    size_t length = equals ? (size_t)(equals - argument) : strlen(argument);
    const struct option_row *row = find_name(argument + 2, length - 2);

    if (!row)
        return fail(p, "%.*s: no such option", (int)length, argument);
    return apply(p, row, argument, length, equals ? equals + 1 : NULL);
}

static int parse_short(struct parser *p, const char *argument)
{
    const struct option_row *row = find_letter(argument[1]);

    if (!row)
        return fail(p, "%.2s: no such option", argument);
    if (row->argument == ARGUMENT_NONE && argument[2])
        return fail(p, "%.2s takes no value", argument);
    return apply(p, row, argument, 2, argument[2] ? argument + 2 : NULL);
}

static int check_filter(struct parser *p)
{
    char why[256];

    if (!p->o->filter || mpa_source_check_filter(p->o->filter, why, sizeof(why)) == 0)
        return 0;
    return fail(p, "-f: '%s': %s", p->o->filter, why);
}

/* "--report json" names a capture called json: what was meant is clear, unless there is one. */
static int check_report_word(struct parser *p)
{
    static const char *const formats[] = {"text", "json", "html"};

    for (int i = 0; p->o->report_bare && i < p->o->capture_count; i++)
        for (size_t k = 0; k < sizeof(formats) / sizeof(formats[0]); k++)
            if (strcmp(p->o->captures[i], formats[k]) == 0 && access(formats[k], F_OK) != 0)
                return fail(p, "%s: no such file; did you mean --report=%s?", formats[k],
                            formats[k]);
    return 0;
}

/* The same of "--check lb". */
static int check_profile_word(struct parser *p)
{
    for (int i = 0; p->o->check_bare && i < p->o->capture_count; i++)
        if (mpa_profile_find(p->o->captures[i]) != MPA_PROFILE_COUNT &&
            access(p->o->captures[i], F_OK) != 0)
            return fail(p, "%s: no such file; did you mean --check=%s?", p->o->captures[i],
                        p->o->captures[i]);
    return 0;
}

/* '-' is standard output for one of those that CI reads, where the report does not go there. */
static int check_standard_output(struct parser *p)
{
    const char *const paths[] = {p->o->junit, p->o->sarif, p->o->tap};
    int count = p->o->output == NULL;

    for (int i = 0; i < 3; i++)
        if (paths[i] && strcmp(paths[i], "-") == 0 && ++count > 1)
            return fail(p, "-: only one output can go to standard output (the report: -o FILE)");
    if ((p->o->baseline_file && strcmp(p->o->baseline_file, "-") == 0) ||
        (p->o->write_baseline && strcmp(p->o->write_baseline, "-") == 0))
        return fail(p, "-: a baseline is a file");
    return 0;
}

/* What goes with --check only, and what implies it. */
static int check_checks(struct parser *p)
{
    struct options *o = p->o;

    o->check |= o->junit || o->sarif || o->tap || o->baseline_file || o->write_baseline;
    if (!o->check && (o->fail_on_given || o->rule_given || o->checks.strict_ids))
        return fail(p, "%s goes with --check",
                    o->fail_on_given ? "--fail-on"
                    : o->rule_given  ? "--rule"
                                     : "--strict-ids");
    if (o->write_baseline && o->anonymize)
        return fail(
            p, "--write-baseline does not go with --anonymize: pseudonyms differ in every run");
    if (check_standard_output(p) != 0)
        return MPA_ERR_ARGUMENT;
    return check_profile_word(p);
}

static int parse_all(struct parser *p)
{
    bool only_captures = false;
    int rc = 0;

    while (rc == 0 && p->at < p->argc) {
        const char *argument = p->argv[p->at++];

        if (only_captures || argument[0] != '-' || !argument[1])
            p->o->captures[p->o->capture_count++] = argument;
        else if (strcmp(argument, "--") == 0)
            only_captures = true;
        else if (argument[1] == '-')
            rc = parse_long(p, argument);
        else
            rc = parse_short(p, argument);
        if (rc == 0 && (p->o->help || p->o->version))
            return 0;
    }
    return rc;
}

static int check_list(struct parser *p)
{
    const struct option_row *row = p->not_of_list;

    if (p->o->capture_count > 0)
        return fail(p, "%s: --list-rules reads no capture", p->o->captures[0]);
    if (row)
        return fail(p, "%s%s%.1s does not go with --list-rules", row->name ? "--" : "-",
                    row->name ? row->name : "", row->name ? "" : &row->letter);
    return 0;
}

static int check_all(struct parser *p)
{
    const struct options *o = p->o;

    if (o->capture_count == 0)
        return fail(p, "no capture was named");
    if (strcmp(o->captures[0], "compare") == 0 && access("compare", F_OK) != 0)
        return fail(p, "compare: not in this version");
    for (int i = 0, inputs = 0; i < o->capture_count; i++) {
        inputs += strcmp(o->captures[i], "-") == 0;
        if (inputs > 1)
            return fail(p, "-: standard input can be read only once");
    }
    if (o->explain && o->format != REPORT_TEXT)
        return fail(p, "--explain goes with --report=text");
    if (o->from.given && o->to.given && o->from.relative == o->to.relative && o->from.ns > o->to.ns)
        return fail(p, "--from is after --to");
    if (check_filter(p) != 0 || check_checks(p) != 0)
        return MPA_ERR_ARGUMENT;
    return check_report_word(p);
}

static int read_lists(struct parser *p)
{
    struct options *o = p->o;
    int rc = 0;

    if (o->servers_file)
        rc = servers_read(o->servers_file, &o->servers, &o->server_count, p->error, p->error_size);
    if (rc == 0 && o->churn_file)
        rc = churn_read(o->churn_file, &o->churn, &o->churn_count, p->error, p->error_size);
    if (rc == 0 && o->baseline_file)
        rc = baseline_read(o->baseline_file, &o->baseline, p->error, p->error_size);
    if (rc == 0 && o->expect_file) {
        o->expected = expect_load(o->expect_file, p->error, p->error_size);
        rc = o->expected ? 0 : MPA_ERR_ARGUMENT;
    }
    if (rc == 0 && o->nstat_count) {
        o->nstat = calloc((size_t)o->nstat_count, sizeof(*o->nstat));
        rc = o->nstat ? 0 : MPA_ERR_NOMEM;
    }
    for (int i = 0; i < o->nstat_count && rc == 0; i++)
        rc = nstat_read(o->nstat_values[i], &o->nstat[i], p->error, p->error_size);
    return rc;
}

int options_parse(int argc, const char *const *argv, struct options *ret, char *ret_error,
                  size_t error_size)
{
    struct parser p = {.argc = argc,
                       .argv = argv,
                       .at = 1,
                       .o = ret,
                       .error = ret_error,
                       .error_size = error_size};
    int rc;

    *ret = (struct options){.ports = MPA_TUNNEL_PORTS_DEFAULT, .fail_on = MPA_SEVERITY_ERROR};
    ret->captures = calloc((size_t)argc + 1, sizeof(*ret->captures));
    if (!ret->captures)
        return MPA_ERR_NOMEM;
    rc = parse_all(&p);
    if (rc != 0 || ret->help || ret->version)
        return rc;
    if (ret->list_rules)
        return check_list(&p);
    rc = check_all(&p);
    return rc != 0 ? rc : read_lists(&p);
}

void options_free(struct options *o)
{
    free(o->captures);
    free(o->selections);
    free(o->vips);
    free(o->servers);
    free(o->churn);
    baseline_free(o->baseline);
    json_decref(o->expected);
    for (int i = 0; o->nstat && i < o->nstat_count; i++)
        nstat_free(&o->nstat[i]);
    free(o->nstat);
    free(o->nstat_values);
}

/* ---- Help ---- */

#define HELP_COLUMN 28
#define HELP_WIDTH  80

static void put_row(FILE *out, const struct option_row *row)
{
    char left[64];
    const char *text = row->help;
    int width =
        snprintf(left, sizeof(left), "  %c%c%s%s%s%s%s%s", row->letter ? '-' : ' ',
                 row->letter ? row->letter : ' ', row->letter && row->name ? ", " : "  ",
                 row->name ? "--" : "", row->name ? row->name : "",
                 row->argument == ARGUMENT_OPTIONAL ? "[="
                 : row->metavar                     ? " "
                                                    : "",
                 row->metavar ? row->metavar : "", row->argument == ARGUMENT_OPTIONAL ? "]" : "");

    fputs(left, out);
    if (width >= HELP_COLUMN) {
        fputc('\n', out);
        width = 0;
    }
    while (*text) {
        size_t room = HELP_WIDTH - HELP_COLUMN, length = strlen(text);

        if (length > room)
            for (length = room; length > 0 && text[length] != ' '; length--)
                ;
        fprintf(out, "%*s%.*s\n", HELP_COLUMN - width, "", (int)length, text);
        text += length + (text[length] == ' ');
        width = 0;
    }
}

void options_help(FILE *out)
{
    fputs(USAGE
          "\n\n"
          "Reads captures of Multipath TCP behind load balancers and anycast, and reports which\n"
          "connections left the virtual address, how long address advertisements waited for\n"
          "their echo, which resets the churn of servers caused and who survived them.\n\n"
          "CAPTURE is a file (pcap, pcapng, also gzip or zstd), a folder of them, or - for\n"
          "standard input. A file that begins after the end of another continues it; files\n"
          "that overlap in time are different vantage points of the same traffic.\n",
          out);
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (!rows[i].set)
            continue;
        if (rows[i].section)
            fprintf(out, "\n%s:\n", rows[i].section);
        put_row(out, &rows[i]);
    }
    fputs("\nExit status: 0 done; 1 findings at or above --fail-on, differences from --expect or\n"
          "--nstat, addresses against --v6-secret; 2 wrong usage; 3 an input could not be read or\n"
          "ended early (what was read is reported); 4 internal error, or output that could not be\n"
          "written.\n",
          out);
}

void options_version(FILE *out)
{
    fputs("mptcp-analyze " MPA_VERSION "\n", out);
}

void options_usage(FILE *out)
{
    fputs(USAGE " (--help lists the options)\n", out);
}
