/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of everything but the connections: rows of the output contract.  Rows may be added, never renamed. */
#include "schema_rows.h"

/* clang-format off */

#define R struct mpa_rec_capture
static const struct mpa_column capture[] = {
    TEXT("file", file),
    WORDS_OF("vantage", vantage),
    LIST("link_types", link_types, link_type_count, mpa_schema_int32_item),
    INT("packets", packets),
    INT("tcp_segments", tcp_segments),
    INT("copies", copies),
    INT("truncated", truncated),
    INT("malformed", malformed),
    INT("fragments", fragments),
    INT("other", other),
    INT("icmp", icmp),
    TIME("first_ns", first_ns),
    TIME("last_ns", last_ns),
    INT("snaplen", snaplen),
    LIST("lost_checks", lost_checks, lost_check_count, mpa_schema_text_item),
    TEXT("error", error),
    END_OF_ROWS,
};
#undef R

#define R struct mpa_rec_hmac
static const struct mpa_column hmac_counts[] = {
    INT("ok", ok),
    INT("bad", bad),
    INT("unverifiable", unverifiable),
    END_OF_ROWS,
};
#undef R

#define R struct mpa_rec_churn_event
const struct mpa_column mpa_schema_churn_event[] = {
    TIME("ns", ns),
    TEXT("action", action),
    TEXT("server", server),
    WORDS_OF("source", source),
    INT("flows_live", flows_live),
    INT("flows_moved", flows_moved),
    INT("moved_at_removed", moved_at_removed),
    INT("moved_needlessly", moved_needlessly),
    INT("reset_events", reset_events),
    INT("failed", failed),
    END_OF_ROWS,
};
#undef R

#define R struct mpa_rec_deployment
static const struct mpa_column deployment[] = {
    ADDR("vip", vip),
    TEXT("mode", mode),
    TEXT("confidence", confidence),
    LIST("evidence", evidence, evidence_count, mpa_schema_text_item),
    INT("connections", connections),
    FLAG("consistent", consistent),
    LIST("broken_by", broken_by, broken_count, mpa_schema_int_item),
    LIST("servers", servers, server_count, mpa_schema_text_item),
    END_OF_ROWS,
};
#undef R

#define R struct mpa_rec_vantage_pair
static const struct mpa_column pair[] = {
    {.name = "from", .kind = MPA_COL_INT32, .offset = MPA_AT(int, from)},
    {.name = "to", .kind = MPA_COL_INT32, .offset = MPA_AT(int, to)},
    INT("matched", matched),
    INT("lost", lost),
    OBJECT("delay", delay, mpa_schema_percentiles),
    INT("clock_offset_dur_ns", clock_offset_dur_ns),
    INT("clock_error_dur_ns", clock_error_dur_ns),
    END_OF_ROWS,
};
#undef R

/* The same structure as durations, but bytes per second. */
#define R struct mpa_rec_percentiles
static const struct mpa_column rates[] = {
    INT("count", count),
    INT("min", min_ns),
    INT("p50", p50_ns),
    INT("p95", p95_ns),
    INT("p99", p99_ns),
    INT("max", max_ns),
    END_OF_ROWS,
};
#undef R

#define R struct mpa_rec_transfer_class
static const struct mpa_column transfer[] = {
    INT("min_bytes", min_bytes),
    INT("max_bytes", max_bytes),
    INT("count", count),
    INT("completed", completed),
    OBJECT("bytes_per_second", rate, rates),
    END_OF_ROWS,
};
#undef R

static const struct mpa_column prefix_item[] = {{.kind = MPA_COL_PREFIX}, END_OF_ROWS};

#define R struct mpa_rec_bin
const struct mpa_column mpa_schema_bin[] = {
    TIME("bin_start_ns", start_ns),
    INT("vip_bytes", vip_bytes),
    INT("direct_bytes", direct_bytes),
    /* Without a name: the columns are the words alone. */
    BY_WORD(NULL, resets[0], MPA_RESET_FIRST, MPA_RESET_COUNT, mpa_schema_int_item),
    END_OF_ROWS,
};
#undef R

#define R struct mpa_addr
static const struct mpa_column addr_item[] = {{.kind = MPA_COL_ADDR}, END_OF_ROWS};
#undef R

#define R struct mpa_guess
static const struct mpa_column guess[] = {
    ADDR("source", addr),
    INT("unknown_tokens", unknown_tokens),
    INT("refused", refused),
    INT("bad_hmacs", bad_hmacs),
    TIME("first_ns", first_ns),
    TIME("last_ns", last_ns),
    END_OF_ROWS,
};
#undef R

#define R struct mpa_rec_counter
static const struct mpa_column counter[] = {
    TEXT("name", name),
    INT("kernel", kernel),
    INT("wire", wire),
    END_OF_ROWS,
};
#undef R

#define R struct mpa_rec_host
static const struct mpa_column host[] = {
    LIST("addresses", addrs, addr_count, addr_item),
    BOOL("seen", seen),
    LIST("counters", counters, counter_count, counter),
    END_OF_ROWS,
};
#undef R

#define R struct mpa_rec_report
static bool v6_given(const void *record)
{
    return ((const struct mpa_rec_report *)record)->v6_given;
}

static const struct mpa_column v6_secret[] = {
    INT("ok", v6_ok),
    INT("bad", v6_bad),
    END_OF_ROWS,
};

static const struct mpa_column connections_total[] = {
    INT("mptcp", connections_mptcp),
    INT("fallback", connections_fallback),
    INT("tcp", connections_tcp),
    INT("dropped", connections_dropped),
    /* A connection without a reason has not fallen back: "none" is no row. */
    BY_WORD("fallback_reasons", fallback_reasons[1], MPA_FALLBACK_REASON_NONE + 1, MPA_FALLBACK_COUNT - 1, mpa_schema_int_item),
    END_OF_ROWS,
};

static const struct mpa_column hmac[] = {
    OBJECT("mp_join_synack", hmac_join_synack, hmac_counts),
    OBJECT("mp_join_ack", hmac_join_ack, hmac_counts),
    OBJECT("add_addr", hmac_add_addr, hmac_counts),
    END_OF_ROWS,
};

static const struct mpa_column add_addr[] = {
    INT("advertised", add_addr.advertised),
    INT("transmissions", add_addr.transmissions),
    INT("answered", add_addr.answered),
    INT("unanswered", add_addr.unanswered),
    WORDS_OF("vantage", add_addr.vantage),
    CHOICE("kind", add_addr.turnaround, "latency", "turnaround"),
    OBJECT("first_to_echo", add_addr.first_to_echo, mpa_schema_percentiles),
    OBJECT("last_to_echo", add_addr.last_to_echo, mpa_schema_percentiles),
    END_OF_ROWS,
};

static const struct mpa_column migration[] = {
    INT("migrated", migration.migrated),
    INT("joined_not_migrated", migration.joined_not_migrated),
    INT("advertised_only", migration.advertised_only),
    INT("too_short", migration.too_short),
    INT("single_path", migration.single_path),
    OBJECT("vip_share_after", migration.vip_share_after, mpa_schema_both_real),
    END_OF_ROWS,
};

static const struct mpa_column off_path[] = {
    OBJECT("bytes", off_path_bytes, mpa_schema_both_real),
    OBJECT("packets", off_path_packets, mpa_schema_both_real),
    END_OF_ROWS,
};

static const struct mpa_column resets[] = {
    INT("packets", reset_packets),
    INT("events", reset_events),
    BY_WORD("classes", reset_classes[0], MPA_RESET_FIRST, MPA_RESET_COUNT, mpa_schema_int_item),
    END_OF_ROWS,
};

static const struct mpa_column churn_mptcp[] = {
    INT("hit", churn.mptcp_hit),
    INT("survived", churn.mptcp_survived),
    INT("failed", churn.mptcp_failed),
    INT("undetermined", churn.mptcp_undetermined),
    INT("unprotected", churn.mptcp_unprotected),
    END_OF_ROWS,
};

static const struct mpa_column churn_tcp[] = {
    INT("hit", churn.tcp_hit),
    INT("failed", churn.tcp_failed),
    INT("undetermined", churn.tcp_undetermined),
    END_OF_ROWS,
};

static const struct mpa_column churn[] = {
    GROUP("mptcp", churn_mptcp),
    GROUP("tcp", churn_tcp),
    OBJECT("gap", churn.gap, mpa_schema_percentiles),
    LIST("events", churn.events, churn.event_count, mpa_schema_churn_event),
    END_OF_ROWS,
};

const struct mpa_column mpa_schema_report[] = {
    EPOCH("epoch_ns", epoch_ns),
    LIST("captures", captures, capture_count, capture),
    BY_WORD("options", options[0], MPA_OPT_FIRST, MPA_OPT_COUNTS, mpa_schema_both),
    GROUP("connections_total", connections_total),
    GROUP("hmac", hmac),
    GROUP("add_addr", add_addr),
    GROUP("migration", migration),
    GROUP("off_path", off_path),
    GROUP("resets", resets),
    GROUP("churn", churn),
    LIST("deployment", deployments, deployment_count, deployment),
    GROUP_IF("v6_secret", v6_secret, v6_given),
    LIST("vantage_pairs", pairs, pair_count, pair),
    LIST("vips", vips, vip_count, prefix_item),
    BOOL("vips_inferred", vips_inferred),
    LIST("transfers", transfers, transfer_count, transfer),
    REAL("requests_per_second", requests_per_second),
    INT("split_handshakes", split_handshakes),
    INT("icmp_too_big_astray", icmp_too_big_astray),
    LIST("nstat", hosts, host_count, host),
    LIST("join_guesses", guesses, guess_count, guess),
    END_OF_ROWS,
};
#undef R
