/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames from the link layer down to the fields of every option, in every dialect.
 *
 * Input: one byte that selects the link type, one byte that says how many bytes of the packet the
 * capture cut off, the frame.
 */
#include "fuzz.h"

#include "mpa/segment.h"

#include <string.h>

/* The order is that of the seeds' first byte. */
static const uint16_t linktypes[] = {1, 113, 276, 101, 12, 14, 228, 229, 0, 108, 9, 50, 51};

/* Every byte of a value is looked at, so that a sanitizer sees what was not written. */
static unsigned weigh(const void *bytes, size_t size)
{
    const uint8_t *p = bytes;
    unsigned sum = 0;

    while (size-- > 0)
        sum += p[size];
    return sum;
}

static void check_fields(const uint8_t *bytes, const struct mpa_option *opt,
                         const struct mpa_fields *f)
{
    unsigned i;

    FUZZ_CHECK(f->count <= MPA_FIELDS_MAX);
    for (i = 0; i < f->count; i++) {
        FUZZ_CHECK(f->at[i].id < MPA_FIELD_COUNT);
        FUZZ_CHECK(f->at[i].size > 0);
        FUZZ_CHECK(f->at[i].offset >= 2);
        if (opt->cond == MPA_COND_OK || opt->cond == MPA_COND_ILLEGAL) {
            FUZZ_CHECK(f->at[i].offset + f->at[i].size <= opt->len);
            weigh(bytes + f->at[i].offset, f->at[i].size);
        }
        FUZZ_CHECK(mpa_field_kind((enum mpa_field_id)f->at[i].id) != MPA_KIND_BIT ||
                   f->at[i].value <= 1);
    }
}

static void check_option(const uint8_t *bytes, size_t captured, size_t claimed, uint8_t flags,
                         enum mpa_dialect dialect)
{
    struct mpa_option opt;
    struct mpa_option again;
    struct mpa_fields fields;
    enum mpa_cond cond;

    memset(&opt, 0xaa, sizeof(opt));
    memset(&again, 0xaa, sizeof(again));
    cond = mpa_option_decode(bytes, captured, claimed, flags, dialect, &opt, &fields);
    FUZZ_CHECK(cond == opt.cond);
    FUZZ_CHECK(cond <= MPA_COND_ILLEGAL);
    if (cond == MPA_COND_OK || cond == MPA_COND_ILLEGAL || cond == MPA_COND_UNKNOWN)
        FUZZ_CHECK(opt.len <= captured && opt.len >= 3 && opt.subtype < 16);
    if (cond == MPA_COND_OK || cond == MPA_COND_ILLEGAL)
        FUZZ_CHECK(opt.subtype <= MPA_MP_TCPRST);
    if (opt.subtype == MPA_REMOVE_ADDR && (cond == MPA_COND_OK || cond == MPA_COND_ILLEGAL))
        FUZZ_CHECK(opt.remove_addr.count >= 1 && opt.remove_addr.count <= MPA_REMOVE_MAX);
    check_fields(bytes, &opt, &fields);
    FUZZ_CHECK(mpa_option_decode(bytes, captured, claimed, flags, dialect, &again, NULL) == cond);
    /* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison): unwritten bytes must be alike too. */
    FUZZ_CHECK(memcmp(&opt, &again, sizeof(opt)) == 0);
}

static void check_segment(const uint8_t *data, size_t size, const struct mpa_segment *s)
{
    const uint8_t *end = data + size;
    unsigned i, d;

    FUZZ_CHECK(s->options >= data && s->options + s->options_captured <= end);
    FUZZ_CHECK(s->options_captured <= s->options_size && s->options_size <= 40);
    FUZZ_CHECK(s->payload_captured <= s->payload_size);
    FUZZ_CHECK((s->payload == NULL) == (s->payload_captured == 0));
    FUZZ_CHECK(!s->payload || (s->payload >= data && s->payload + s->payload_captured <= end));
    FUZZ_CHECK(s->mptcp_count <= MPA_SEGMENT_OPTIONS);
    FUZZ_CHECK(s->tunnel <= MPA_TUNNEL_GUE);
    for (i = 0; i < s->mptcp_count; i++) {
        unsigned at = s->mptcp_at[i];

        FUZZ_CHECK(at < s->options_captured && s->options[at] == MPA_OPT_KIND);
        FUZZ_CHECK(i == 0 || at > s->mptcp_at[i - 1]);
        for (d = 0; d < MPA_DIALECT_COUNT; d++)
            check_option(s->options + at, s->options_captured - at, s->options_size - at, s->flags,
                         (enum mpa_dialect)d);
    }
}

/* Plain Ethernet has a way of its own through the decoder: the same packet as raw IP must come out
 * the same. */
static void check_plain(const struct mpa_frame *frame, enum mpa_frame_kind kind,
                        const struct mpa_segment *s)
{
    struct mpa_frame raw = *frame;
    struct mpa_segment r;
    struct mpa_icmp_error icmp;
    uint16_t type;

    if (frame->linktype != 1 || frame->captured < 14)
        return;
    type = mpa_load16(frame->data + 12);
    if (type != 0x0800 && type != 0x86dd)
        return;
    raw.linktype = type == 0x0800 ? 228 : 229;
    raw.data += 14;
    raw.captured -= 14;
    raw.wire -= 14;
    FUZZ_CHECK(mpa_frame_decode(&raw, &MPA_TUNNEL_PORTS_DEFAULT, &r, &icmp) == kind);
    if (kind != MPA_FRAME_SEGMENT)
        return;
    FUZZ_CHECK(s->has_macs && memcmp(s->dst_mac, frame->data, 6) == 0);
    FUZZ_CHECK(memcmp(s->src_mac, frame->data + 6, 6) == 0);
    FUZZ_CHECK(r.v6 == s->v6 && r.ttl == s->ttl && r.ip_id == s->ip_id);
    FUZZ_CHECK(mpa_addr_eq(&r.src, &s->src) && mpa_addr_eq(&r.dst, &s->dst));
    FUZZ_CHECK(mpa_addr_eq(&r.outer_dst, &s->outer_dst) && r.tunnel == s->tunnel);
    FUZZ_CHECK(r.has_ip_options == s->has_ip_options && r.frame == s->frame && r.ns == s->ns);
    FUZZ_CHECK(r.sport == s->sport && r.dport == s->dport && r.seq == s->seq && r.ack == s->ack);
    FUZZ_CHECK(r.options == s->options && r.options_size == s->options_size &&
               r.options_captured == s->options_captured && r.mptcp_count == s->mptcp_count);
    FUZZ_CHECK(r.payload == s->payload && r.payload_size == s->payload_size &&
               r.payload_captured == s->payload_captured);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t flags[] = {0x02, 0x12, 0x10, 0x04, 0x14, 0x11};
    struct mpa_frame frame;
    struct mpa_segment seg;
    struct mpa_icmp_error icmp;
    enum mpa_frame_kind kind;
    unsigned i, d;

    if (size < 2)
        return 0;
    memset(&frame, 0, sizeof(frame));
    frame.linktype =
        data[0] < sizeof(linktypes) / sizeof(linktypes[0]) ? linktypes[data[0]] : data[0];
    frame.data = data + 2;
    frame.captured = (uint32_t)(size - 2);
    frame.wire = frame.captured + data[1];
    memset(&seg, 0xaa, sizeof(seg));
    memset(&icmp, 0xaa, sizeof(icmp));
    kind = mpa_frame_decode(&frame, &MPA_TUNNEL_PORTS_DEFAULT, &seg, &icmp);
    FUZZ_CHECK(mpa_linktype_known(frame.linktype) == (kind != MPA_FRAME_LINK));
    if (kind == MPA_FRAME_SEGMENT)
        check_segment(frame.data, frame.captured, &seg);
    check_plain(&frame, kind, &seg);

    /* The same bytes as an option, which the frame need not lead to. */
    for (i = 0; i < sizeof(flags); i++)
        for (d = 0; d < MPA_DIALECT_COUNT; d++)
            check_option(data + 1, size - 1, size - 1 + data[0], flags[i], (enum mpa_dialect)d);
    return 0;
}
