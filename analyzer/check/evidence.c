/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every judge may ask of the evidence (protocol reference C.0). */
#include "internal.h"

/* Looked at for what any of them would say: a connection may consist of very many. */
#define SUBFLOWS_MAX 256

bool check_has_keys(const struct mpa_conn *conn)
{
    return (conn->data[0].flags & conn->data[1].flags & MPA_DATA_KEY) &&
           !(conn->flags & MPA_CONN_UNDECIDED);
}

bool check_one_way(const struct mpa_subflow *sf, enum mpa_dir dir)
{
    return sf->half[dir].packets == 0;
}

bool check_lost(const struct mpa_subflow *sf, enum mpa_dir dir)
{
    return sf->more[dir].unseen > 0;
}

/* Acknowledged data of which nothing was captured. */
static bool data_unseen(const struct mpa_data_half *d)
{
    if (d->acked == 0)
        return false;
    if (!d->seen.begun)
        return d->declared.begun || !(d->flags & MPA_DATA_KEY) || d->acked > d->idsn + 2;
    return (int64_t)(d->acked - mpa_space_contiguous(&d->seen)) > 1; /* One is the DATA_FIN. */
}

bool check_subflow_missing(const struct mpa_conn *conn)
{
    const bool *acked_unseen = check_conn_of(conn)->data.acked_unseen;

    if ((conn->flags & MPA_CONN_JOINS_ONLY) || !mpa_conn_initial(conn))
        return true;
    if (acked_unseen[0] || acked_unseen[1])
        return true;
    return data_unseen(&conn->data[0]) || data_unseen(&conn->data[1]);
}

bool check_super_packet(const struct mpa_subflow *sf, enum mpa_dir dir,
                        const struct mpa_segment *segment)
{
    uint16_t mss = sf->half[check_other(dir)].mss;

    return segment->payload_size > (mss ? mss : 1460);
}

#define FAR (INT64_C(1) << 26) /* No window is wider. */

static bool is_near(uint64_t a, uint64_t b)
{
    int64_t distance = (int64_t)(a - b);

    return distance > -FAR && distance < FAR;
}

bool check_dropped(const struct mpa_subflow *sf, enum mpa_dir dir,
                   const struct mpa_segment *segment)
{
    const struct mpa_half *h = &sf->half[dir];
    uint64_t at = mpa_half_unwrap(h, segment->seq);

    return !(segment->flags & MPA_TCP_SYN) && h->seen.begun && h->acked &&
           is_near(h->acked, h->seen.next) && !is_near(at, h->seen.next) && !is_near(at, h->acked);
}

int check_beside_sender(const struct mpa_conn *conn, enum mpa_dir dir)
{
    int n = 0;

    for (const struct mpa_subflow *sf = conn->subflows; sf && n < SUBFLOWS_MAX;
         sf = sf->next, n++) {
        enum mpa_word at = mpa_subflow_vantage(sf);

        if (at == MPA_VANTAGE_UNKNOWN)
            continue;
        return at == (dir == MPA_TO_SERVER ? MPA_VANTAGE_CLIENT : MPA_VANTAGE_SERVER);
    }
    return -1;
}

int64_t check_rtt(const struct mpa_conn *conn, int64_t otherwise)
{
    int64_t rtt = mpa_conn_rtt0(conn);
    int n = 0;

    for (const struct mpa_subflow *sf = conn->subflows; sf && rtt <= 0 && n < SUBFLOWS_MAX;
         sf = sf->next, n++)
        if (sf->syn_ns && sf->established_ns)
            rtt = sf->established_ns - sf->syn_ns;
    return rtt > 0 ? rtt : otherwise;
}

bool check_given_vip(const struct mpa_check *c, const struct mpa_addr *addr)
{
    for (int i = 0; i < c->config.vip_count; i++)
        if (mpa_prefix_has(&c->config.vips[i], addr))
            return true;
    return false;
}
