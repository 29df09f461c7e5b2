/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What breaches of the rules about joins begin with. */
#ifndef SYNTH_JOINS_H
#define SYNTH_JOINS_H

#include "rules.h"

/* The capture beside the client: what the client knows when it sends is in the capture. */
void joins_beside_client(struct synth *s);

/* Established, with data in both directions, on the initial subflow. */
struct synth_conn *joins_started(struct synth *s, enum mpa_dialect dialect, bool server_c);

/* The same in version 1, and the server's unique address advertised and echoed. */
struct synth_conn *joins_advertised(struct synth *s);

struct synth_subflow *joins_to_unique(struct synth_conn *c);

/* A further address of the client. */
struct synth_host *joins_second_client(struct synth *s, unsigned number);

/* The join's SYN/ACK, third and fourth ACK. */
void joins_accept_join(struct synth_subflow *f);

/* A RST with MP_TCPRST, or without where 'reason' is negative. */
void joins_send_rst(struct synth_tx tx, int reason);

/* The server's RST,ACK to a SYN. */
void joins_refuse(struct synth_subflow *f, int reason);

void joins_finish(struct synth_conn *c);

/* As s->alter: the HMAC of a join's SYN/ACK is damaged, which JN-02 finds. */
void joins_wrong_synack(struct synth *s, struct synth_tx *tx);

#endif
