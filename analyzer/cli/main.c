/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options.h"
#include "list_rules.h"
#include "output.h"
#include "run.h"
#include "say.h"

#include "mpa/status.h"

#include <signal.h>

int main(int argc, char **argv)
{
    struct options o;
    char error[1024];
    enum exit_status status;
    int rc;

    output_keep_descriptors();
    signal(SIGPIPE, SIG_IGN); /* A closed pipe is a failed write: status 4. */
    rc = options_parse(argc, (const char *const *)argv, &o, error, sizeof(error));
    if (rc == MPA_ERR_ARGUMENT) {
        say_error("%s", error);
        options_usage(stderr);
        status = EXIT_USAGE;
    } else if (rc != 0) {
        say_error("%s", mpa_strerror(rc));
        status = EXIT_INTERNAL;
    } else if (o.help || o.version) {
        status =
            output_text(o.help ? options_help : options_version) == 0 ? EXIT_DONE : EXIT_INTERNAL;
    } else if (o.list_rules) {
        status = output_text_to(o.output,
                                o.format == REPORT_JSON ? list_rules_json : list_rules_text) == 0
                     ? EXIT_DONE
                     : EXIT_INTERNAL;
    } else {
        status = run(&o);
    }
    options_free(&o);
    return (int)status;
}
