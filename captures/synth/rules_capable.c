/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Breaches of the rules of the group capable, and what nearly is one. */
#include "rules.h"

static struct synth_conn *conn_v1(struct synth *s)
{
    struct synth_conn_config cfg = {.dialect = MPA_DIALECT_RFC8684, .vip = &s->vip};

    return synth_conn(s, &cfg);
}

/* The SYN's MP_CAPABLE with one more flag; the rest of the connection in good order. */
static void with_flag(struct synth *s, uint8_t flag, bool found)
{
    struct synth_conn *c = conn_v1(s);
    struct synth_subflow *f = c->subflows[0];
    struct synth_tx tx = synth_tx(f, SYNTH_CLIENT, MPA_TCP_SYN);

    for (size_t i = 0; i + 4 <= tx.opts.size; i++)
        if (tx.opts.bytes[i] == MPA_OPT_KIND && tx.opts.bytes[i + 1] == 4)
            tx.opts.bytes[i + 3] |= flag;
    synth_emit(&tx);
    if (found)
        synth_found(s, "MPC-04");
    synth_synack(f);
    synth_ack3(f);
    synth_data(f, SYNTH_CLIENT, SYNTH_REQUEST);
    synth_transfer(f, SYNTH_SERVER, 5000);
    synth_close(c, SYNTH_SERVER);
}

static void mpc_04_breaks(struct synth *s)
{
    with_flag(s, MPA_CAPABLE_B, true);
}

static void mpc_04_nearly(struct synth *s)
{
    with_flag(s, MPA_CAPABLE_C, false);
}

const struct synth_rule synth_rules_capable[] = {
    {.id = "MPC-04",
     .breaks = mpc_04_breaks,
     .nearly = mpc_04_nearly,
     .broken = "the SYN sets B",
     .kept = "the SYN sets C"},
    {.id = NULL},
};
