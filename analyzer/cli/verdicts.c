/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "verdicts.h"

#include "output.h"
#include "say.h"

#include "mpa/status.h"

#include <errno.h>

int verdicts_open(struct verdicts *v, const struct options *o)
{
    *v = (struct verdicts){.o = o};
    if (o->write_baseline)
        v->written = baseline_new();
    return o->write_baseline && !v->written ? MPA_ERR_NOMEM : MPA_OK;
}

int verdicts_take(struct verdicts *v, struct mpa_rec_conn *record, struct mpa_rec_rule *rules)
{
    for (int i = 0; i < record->finding_count; i++) {
        struct mpa_rec_finding *f = &record->findings[i];
        bool info = f->severity == MPA_SEVERITY_INFO; /* Never fails: nothing to be known. */

        if (!info && v->written && baseline_add(v->written, record, f) != MPA_OK)
            return MPA_ERR_NOMEM;
        f->baseline = !info && v->o->baseline && baseline_has(v->o->baseline, record, f);
        if (f->baseline) {
            rules[f->rule].known++;
            continue;
        }
        rules[f->rule].findings[f->severity - MPA_SEVERITY_INFO]++;
        v->fails |= f->severity >= v->o->fail_on;
    }
    return MPA_OK;
}

int verdicts_close(struct verdicts *v, int status, bool read)
{
    if (status == 0 && v->o->baseline && !v->o->quiet)
        baseline_tell_unmet(v->o->baseline, v->o->baseline_file, !v->o->anonymize);
    if (status == 0 && v->written && !read)
        say_error("%s: not written, as not all inputs could be read", v->o->write_baseline);
    if (status == 0 && v->written && read) {
        errno = 0;
        status = baseline_write(v->written, v->o->write_baseline);
        if (status != 0)
            output_failed(v->o->write_baseline, status);
    }
    baseline_free(v->written);
    v->written = NULL;
    return status;
}
