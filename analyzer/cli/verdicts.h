/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What --check found, as the run sees it: known or new, failing or not. */
#ifndef MPA_CLI_VERDICTS_H
#define MPA_CLI_VERDICTS_H

#include "baseline.h"
#include "options.h"

#include "mpa/rules.h"

/* Over all reports of a run. */
struct verdicts {
    const struct options *o;
    struct baseline *written; /* --write-baseline; NULL: none. */
    bool fails;               /* A finding at or above --fail-on that is not known. */
};

int verdicts_open(struct verdicts *v, const struct options *o); /* 0 or MPA_ERR_NOMEM. */

/* Mark those findings of a judged record that are known, and count it in 'rules' (by enum mpa_rule).  0 or MPA_ERR_NOMEM. */
int verdicts_take(struct verdicts *v, struct mpa_rec_conn *record, struct mpa_rec_rule *rules);

/* Behind the last report ('status' is theirs): write the baseline, tell what it has too much.  Where an input was not 'read' to its end, a
   baseline would lack what is known of it: it is not written.  Returns 'status', or what failed, which has been told. */
int verdicts_close(struct verdicts *v, int status, bool read);

#endif
