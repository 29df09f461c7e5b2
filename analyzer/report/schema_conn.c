/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of a connection and its parts: rows of the output contract.  Rows may be added, never renamed. */
#include "schema_rows.h"

static bool has_frame(const struct mpa_frame_ref *frame)
{
    return frame->capture >= 0 && frame->frame > 0;
}

#define HAS_FRAME(name, type, member)                                                              \
    static bool name(const void *record)                                                           \
    {                                                                                              \
        return has_frame(&((const type *)record)->member);                                         \
    }
HAS_FRAME(reset_has_frame, struct mpa_rec_reset, frame)
HAS_FRAME(row_has_frame, struct mpa_reset_row, reset.frame)
HAS_FRAME(hit_has_frame, struct mpa_rec_hit, frame)
HAS_FRAME(advert_has_first, struct mpa_rec_add_addr, first_frame)
HAS_FRAME(advert_has_echo, struct mpa_rec_add_addr, echo_frame)
HAS_FRAME(fallback_has_frame, struct mpa_rec_conn, fallback_frame)

static bool has_reset(const void *record)
{
    return ((const struct mpa_rec_subflow *)record)->has_reset;
}

static bool client_sent_rst(const void *record)
{
    return ((const struct mpa_rec_subflow *)record)->rst[MPA_TO_SERVER].packets > 0;
}

static bool server_sent_rst(const void *record)
{
    return ((const struct mpa_rec_subflow *)record)->rst[MPA_TO_CLIENT].packets > 0;
}

static bool has_fallback(const void *record)
{
    return ((const struct mpa_rec_conn *)record)->fallback != MPA_FALLBACK_REASON_NONE;
}

static bool has_hit(const void *record)
{
    return ((const struct mpa_rec_conn *)record)->hit_count > 0;
}

int mpa_reset_rows(const struct mpa_rec_subflow *subflow, struct mpa_reset_row ret[2])
{
    struct mpa_reset_row row = {.subflow = subflow->id,
                                .client = subflow->client,
                                .server = subflow->server,
                                .on_vip = subflow->on_vip,
                                .reset = subflow->reset};
    int earliest = subflow->reset.from_server ? MPA_TO_CLIENT : MPA_TO_SERVER;
    int count = 0;

    if (subflow->has_reset) {
        row.packets =
            subflow->rst[earliest].packets > 0 ? subflow->rst[earliest].packets : MPA_NULL;
        ret[count++] = row;
    }
    if (subflow->rst[1 - earliest].packets > 0) {
        const struct mpa_rec_rst *rst = &subflow->rst[1 - earliest];

        row.reset = (struct mpa_rec_reset){.class = rst->class,
                                           .from_server = earliest == MPA_TO_SERVER,
                                           .ns = rst->ns,
                                           .frame = {-1, 0},
                                           .reason = MPA_NULL,
                                           .transient = MPA_NULL,
                                           .idle_dur_ns = MPA_NULL};
        row.packets = rst->packets;
        ret[count++] = row;
    }
    return count;
}

/* clang-format off */

#define R struct mpa_rec_server
static const struct mpa_column server[] = {
    CHARS("name", name),
    WORDS_OF("by", by),
    TIME("first_ns", first_ns),
    TIME("last_ns", last_ns),
    INT("packets", packets),
    END_OF_ROWS,
};
#undef R

#define R struct mpa_rec_reset
static const struct mpa_column reset[] = {
    WORDS_OF("class", class),
    CHOICE("from", from_server, "client", "server"),
    TIME("ns", ns),
    OBJECT_IF("frame", frame, mpa_schema_frame, reset_has_frame),
    INT("reason", reason),
    FLAG("transient", transient),
    INT("idle_dur_ns", idle_dur_ns),
    END_OF_ROWS,
};
#undef R

#define R struct mpa_rec_rst
static const struct mpa_column first_rst[] = {
    WORDS_OF("class", class),
    TIME("ns", ns),
    INT("packets", packets),
    END_OF_ROWS,
};
#undef R

#define R struct mpa_rec_subflow
static const struct mpa_column rst[] = {
    OBJECT_IF("to_server", rst[MPA_TO_SERVER], first_rst, client_sent_rst),
    OBJECT_IF("to_client", rst[MPA_TO_CLIENT], first_rst, server_sent_rst),
    END_OF_ROWS,
};

static const struct mpa_column rtt[] = {
    OBJECT("to_server", rtt[MPA_TO_SERVER], mpa_schema_percentiles),
    OBJECT("to_client", rtt[MPA_TO_CLIENT], mpa_schema_percentiles),
    END_OF_ROWS,
};

const struct mpa_column mpa_schema_subflow[] = {
    INT("id", id),
    WORDS_OF("role", role),
    OBJECT("client", client, mpa_schema_endpoint),
    OBJECT("server", server, mpa_schema_endpoint),
    FLAG("on_vip", on_vip),
    {.name = "community_id", .kind = MPA_COL_COMMUNITY_ID},
    BOOL("opened_by_server", opened_by_server),
    WORDS_OF("vantage", vantage),
    TIME("syn_ns", syn_ns),
    TIME("established_ns", established_ns),
    TIME("usable_ns", usable_ns),
    TIME("first_ns", first_ns),
    TIME("last_ns", last_ns),
    OBJECT("backup", backup, mpa_schema_both_flag),
    OBJECT("packets", packets, mpa_schema_both),
    OBJECT("bytes", bytes, mpa_schema_both),
    OBJECT("retransmitted_bytes", retransmitted_bytes, mpa_schema_both),
    OBJECT("reinjected_bytes", reinjected_bytes, mpa_schema_both),
    INT("syn_retransmissions", syn_retransmissions),
    GROUP("rtt", rtt),
    LIST_INLINE("servers", servers, server_count, server),
    OBJECT_IF("reset", reset, reset, has_reset),
    GROUP("rst", rst),
    INT("icmp_errors", icmp_errors),
    INT("icmp_too_big_astray", icmp_too_big_astray),
    END_OF_ROWS,
};

#undef R

#define R struct mpa_reset_row
const struct mpa_column mpa_schema_reset_row[] = {
    INT("subflow", subflow),
    OBJECT("client", client, mpa_schema_endpoint),
    OBJECT("server", server, mpa_schema_endpoint),
    FLAG("on_vip", on_vip),
    WORDS_OF("class", reset.class),
    CHOICE("from", reset.from_server, "client", "server"),
    TIME("ns", reset.ns),
    OBJECT_IF("frame", reset.frame, mpa_schema_frame, row_has_frame),
    INT("reason", reset.reason),
    FLAG("transient", reset.transient),
    INT("idle_dur_ns", reset.idle_dur_ns),
    INT("packets", packets),
    END_OF_ROWS,
};
#undef R

#define R struct mpa_rec_add_addr
const struct mpa_column mpa_schema_add_addr[] = {
    CHOICE("from", from_server, "client", "server"),
    INT("id", id),
    ADDR("addr", addr),
    INT("port", port),
    INT("transmissions", transmissions),
    TIME("first_ns", first_ns),
    TIME("last_ns", last_ns),
    INT("echoes", echoes),
    TIME("echo_ns", echo_ns),
    TIME("last_before_echo_ns", last_before_echo_ns),
    WORDS_OF("hmac", hmac),
    WORD_OR_NULL("v6_secret", v6_secret),
    WORDS_OF("vantage", vantage),
    LIST_INLINE("joined_from", joined_from, joined_count, mpa_schema_int_item),
    OBJECT_IF("first_frame", first_frame, mpa_schema_frame, advert_has_first),
    OBJECT_IF("echo_frame", echo_frame, mpa_schema_frame, advert_has_echo),
    END_OF_ROWS,
};
#undef R

#define R struct mpa_rec_hit
static const struct mpa_column hit[] = {
    TIME("ns", ns),
    INT("gap_dur_ns", gap_dur_ns),
    INT("excess_dur_ns", excess_dur_ns),
    BOOL("censored", censored),
    INT("flows_live", flows_live),
    INDEX("churn_event", churn_event),
    INT("subflow", subflow),
    OBJECT_IF("frame", frame, mpa_schema_frame, hit_has_frame),
    END_OF_ROWS,
};
#undef R

#define R struct mpa_rec_conn
static const struct mpa_column fallback[] = {
    WORDS_OF("reason", fallback),
    TIME("ns", fallback_ns),
    OBJECT_IF("frame", fallback_frame, mpa_schema_frame, fallback_has_frame),
    END_OF_ROWS,
};

static const struct mpa_column migration[] = {
    WORDS_OF("state", migration.state),
    WORD_OR_NULL("left_by", migration.left_by),
    DIRECTION("judged", migration.judged),
    TIME("usable_ns", migration.usable_ns),
    OBJECT("first_direct_ns", migration.first_direct_ns, mpa_schema_both_time),
    OBJECT("vip_bytes_after", migration.vip_bytes_after, mpa_schema_both),
    OBJECT("direct_bytes_after", migration.direct_bytes_after, mpa_schema_both),
    OBJECT("vip_share_after", migration.vip_share_after, mpa_schema_both_real),
    END_OF_ROWS,
};

static const struct mpa_column churned[] = {
    BOOL("unprotected", hit_unprotected),
    TIME("failed_ns", failed_ns),
    END_OF_ROWS,
};

const struct mpa_column mpa_schema_connection[] = {
    INT("id", id),
    WORDS_OF("protocol", protocol),
    DIALECT_OF("dialect", dialect),
    LIST_INLINE("dialect_evidence", dialect_evidence, dialect_evidence_count, mpa_schema_text_item),
    OBJECT("client", client, mpa_schema_endpoint),
    OBJECT("server", server, mpa_schema_endpoint),
    FLAG("server_denies_join", server_denies_join),
    FLAG("client_denies_join", client_denies_join),
    HEX32("token_client", token_client),
    HEX32("token_server", token_server),
    TIME("syn_ns", syn_ns),
    TIME("established_ns", established_ns),
    TIME("first_ns", first_ns),
    TIME("last_ns", last_ns),
    TIME("last_data_ns", last_data_ns),
    WORDS_OF("outcome", outcome),
    GROUP_IF("fallback", fallback, has_fallback),
    OBJECT("bytes", bytes, mpa_schema_both),
    OBJECT("dsn_out_of_order_bytes", dsn_out_of_order_bytes, mpa_schema_both),
    LIST_OWN_FILE("subflows", subflows, subflow_count, mpa_schema_subflow),
    LIST_OWN_FILE("add_addr", add_addrs, add_addr_count, mpa_schema_add_addr),
    GROUP("migration", migration),
    INT("unprotected_dur_ns", unprotected_dur_ns),
    LIST("hits", hits, hit_count, hit),
    FLAG("survived", survived),
    GROUP_IF("hit", churned, has_hit),
    END_OF_ROWS,
};
#undef R
