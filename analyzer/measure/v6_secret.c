/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unique addresses that change with each connection (section VI of the paper): with IPv6 a server
 * can give every connection an address that only who knows a secret can compute, so that nobody
 * reaches the server past the balancer by guessing.
 *
 * The hash that is checked: the lower 64 bits of the address (its interface identifier) are the
 * leftmost 64 bits of HMAC-SHA256 with the secret as key over the server's token, four bytes in
 * network order.  The upper 64 bits are the prefix and may be any.
 */
#include "internal.h"

#include "mpa/bytes.h"

#include <string.h>

#define IDENTIFIER 8 /* Its bytes, and where they begin. */

bool measure_v6_follows(const uint8_t *secret, size_t size, uint32_t token,
                        const struct mpa_addr *addr)
{
    uint8_t message[4] = {(uint8_t)(token >> 24), (uint8_t)(token >> 16), (uint8_t)(token >> 8),
                          (uint8_t)token};
    uint8_t hash[MPA_HMAC_MAX];

    mpa_crypto_hmac(MPA_SHA256, secret, size, message, sizeof message, hash);
    return memcmp(addr->b + IDENTIFIER, hash, IDENTIFIER) == 0;
}

static enum mpa_word judge(struct mpa_measure *m, const struct mpa_rec_conn *conn,
                           const struct mpa_addr *addr)
{
    if (mpa_addr_is_v4(addr) || mpa_addr_eq(addr, &conn->server.addr))
        return MPA_HMAC_NONE;
    if (!measure_v6_follows(m->config.v6_secret, m->config.v6_secret_size,
                            (uint32_t)conn->token_server, addr))
        return MPA_HMAC_BAD;
    return MPA_HMAC_OK;
}

static void count(struct mpa_measure *m, enum mpa_word verdict)
{
    m->totals.v6_ok += verdict == MPA_HMAC_OK;
    m->totals.v6_bad += verdict == MPA_HMAC_BAD;
}

/* Whether the server's address of a subflow is one that the connection has been judged for. */
static bool is_known(const struct mpa_rec_conn *conn, int subflow)
{
    const struct mpa_addr *addr = &conn->subflows[subflow].server.addr;

    for (int i = 0; i < conn->add_addr_count; i++)
        if (conn->add_addrs[i].from_server && mpa_addr_eq(&conn->add_addrs[i].addr, addr))
            return true;
    for (int i = 0; i < subflow; i++)
        if (mpa_addr_eq(&conn->subflows[i].server.addr, addr))
            return true;
    return false;
}

void measure_v6_conn(struct mpa_measure *m, struct mpa_rec_conn *conn)
{
    bool able = m->config.v6_secret_size > 0 && conn->token_server != MPA_NULL &&
                conn->subflow_count > 0 && conn->subflows[0].role == MPA_ROLE_INITIAL;

    for (int i = 0; i < conn->add_addr_count; i++) {
        struct mpa_rec_add_addr *a = &conn->add_addrs[i];
        bool copy = false;

        a->v6_secret = able && a->from_server ? judge(m, conn, &a->addr) : MPA_HMAC_NONE;
        for (int k = 0; k < i; k++)
            copy |=
                conn->add_addrs[k].from_server && mpa_addr_eq(&conn->add_addrs[k].addr, &a->addr);
        if (!copy)
            count(m, a->v6_secret);
    }
    for (int i = 0; able && i < conn->subflow_count; i++) {
        const struct mpa_rec_subflow *sf = &conn->subflows[i];

        /* Somebody has to have answered there: anybody can send a SYN anywhere. */
        if (sf->role == MPA_ROLE_JOIN && !sf->opened_by_server && sf->usable_ns != MPA_NULL &&
            !is_known(conn, i))
            count(m, judge(m, conn, &sf->server.addr));
    }
}
