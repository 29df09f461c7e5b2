/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Breaches of the rules of the group capable, and what nearly is one. */
#include "rules.h"

static struct synth_conn *conn_v1(struct synth *s)
{
    struct synth_conn_config cfg = {.dialect = MPA_DIALECT_RFC8684, .vip = &s->vip};

    return synth_conn(s, &cfg);
}

/* An ordinary connection whose packets s->alter sees. */
static void ordinary(struct synth *s)
{
    struct synth_conn *c = conn_v1(s);

    synth_open(c);
    synth_data(c->subflows[0], SYNTH_CLIENT, SYNTH_REQUEST);
    synth_transfer(c->subflows[0], SYNTH_SERVER, 5000);
    synth_close(c, SYNTH_SERVER);
}

/* ---- MPC-04: the SYN with one more flag ---- */

static void set_b(struct synth *s, struct synth_tx *tx)
{
    if (s->alter_calls > 1)
        return;
    synth_option(tx, MPA_MP_CAPABLE)[3] |= MPA_CAPABLE_B;
    synth_found_here(s, "MPC-04");
}

static void set_c(struct synth *s, struct synth_tx *tx)
{
    if (s->alter_calls == 1)
        synth_option(tx, MPA_MP_CAPABLE)[3] |= MPA_CAPABLE_C;
}

static void mpc_04_breaks(struct synth *s)
{
    s->alter = set_b;
    ordinary(s);
}

static void mpc_04_nearly(struct synth *s)
{
    s->alter = set_c;
    ordinary(s);
}

const struct synth_rule synth_rules_capable[] = {
    {.id = "MPC-04",
     .breaks = mpc_04_breaks,
     .nearly = mpc_04_nearly,
     .broken = "the SYN sets B",
     .kept = "the SYN sets C"},
    {.id = NULL},
};
