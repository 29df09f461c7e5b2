/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "joins.h"

void joins_beside_client(struct synth *s)
{
    s->gap[SYNTH_CLIENT] = 50000;
    s->gap[SYNTH_SERVER] = 20 * SYNTH_MS;
}

struct synth_conn *joins_started(struct synth *s, enum mpa_dialect dialect, bool server_c)
{
    struct synth_conn_config cfg = {.dialect = dialect, .vip = &s->vip, .server_c = server_c};
    struct synth_conn *c = synth_conn(s, &cfg);

    synth_open(c);
    synth_data(c->subflows[0], SYNTH_CLIENT, SYNTH_REQUEST);
    synth_transfer(c->subflows[0], SYNTH_SERVER, 3000);
    return c;
}

struct synth_conn *joins_advertised(struct synth *s)
{
    struct synth_conn *c = joins_started(s, MPA_DIALECT_RFC8684, false);

    synth_echo(c->subflows[0],
               synth_advertise(c->subflows[0], SYNTH_SERVER, 1, s->server[0]->addr, 0));
    return c;
}

struct synth_subflow *joins_to_unique(struct synth_conn *c)
{
    return synth_join_from(c, c->cfg.client, c->cfg.server->addr, 0);
}

struct synth_host *joins_second_client(struct synth *s, unsigned number)
{
    struct synth_host *h = synth_host(s, "client-2", synth_v4(10, 1, 0, number), number);

    h->ttl = s->client->ttl;
    return h;
}

void joins_accept_join(struct synth_subflow *f)
{
    synth_join_synack(f, false);
    synth_join_ack(f);
    synth_join_ack4(f);
}

void joins_send_rst(struct synth_tx tx, int reason)
{
    if (reason >= 0) {
        synth_opt_tcprst(&tx.opts, false, (uint8_t)reason);
        tx.reason = reason;
        tx.transient = 0;
    }
    synth_emit(&tx);
}

void joins_refuse(struct synth_subflow *f, int reason)
{
    struct synth_tx tx = synth_rst_stateless(f, SYNTH_SERVER);

    tx.flags = MPA_TCP_RST | MPA_TCP_ACK;
    tx.seq = 0;
    tx.ack = synth_seq(f, SYNTH_CLIENT, 1);
    joins_send_rst(tx, reason);
}

void joins_finish(struct synth_conn *c)
{
    synth_transfer(c->subflows[0], SYNTH_SERVER, 3000);
    synth_close(c, SYNTH_SERVER);
}

void joins_wrong_synack(struct synth *s, struct synth_tx *tx)
{
    uint8_t *o = synth_option(tx, MPA_MP_JOIN);

    if (!o || o[1] != 16)
        return;
    o[11] ^= 0x01;
    synth_found_here(s, "JN-02");
}
