/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules FMT: see tbl/rules.h and the protocol reference. */
#include "internal.h"

/* ---- FMT-01 ---------------------------------------------------------------------------- */

/* MP_CAPABLE is read by its own version: an answer may choose a lower one than the SYN's, and a draft's SYN is only told from the
   standard's by what follows (FMT-04). */
static bool capable_has_form(const struct mpa_option *o, uint8_t tcp_flags)
{
    bool syn = (tcp_flags & MPA_TCP_SYN) != 0, ack = (tcp_flags & MPA_TCP_ACK) != 0;

    if (tcp_flags & MPA_TCP_RST)
        return false;
    switch (o->len) {
    case 4:
        return o->capable.version == 1 && syn && !ack;
    case 12:
        return syn;
    case 20:
        return ack && !syn;
    default:
        return o->capable.version == 1 && ack && !syn;
    }
}

/* Whether what makes an option illegal is the subject of another rule: FMT-03 (DSS), FMT-04 (dialects), AA-03 and AA-10 (ADD_ADDR),
   PR-01 (MP_PRIO with an ID), FC-02 (MP_FASTCLOSE on a RST). */
static bool is_elsewhere(const struct check_case *k)
{
    const struct mpa_option *o = k->option;
    bool syn = (k->segment->flags & MPA_TCP_SYN) != 0;

    switch (o->subtype) {
    case MPA_DSS:
        return true;
    case MPA_MP_CAPABLE:
        return capable_has_form(o, k->segment->flags);
    case MPA_ADD_ADDR:
        return syn || MPA_IN_V1 & 1u << k->conn->dialect || o->add_addr.nibble <= 1;
    case MPA_MP_PRIO:
    case MPA_MP_FASTCLOSE:
        return !syn;
    case MPA_MP_TCPRST:
        return (k->segment->flags & MPA_TCP_RST) && !syn;
    default:
        return false;
    }
}

/* A version to come may have other lengths. */
static bool is_newer_capable(const struct check_case *k)
{
    size_t captured;
    const uint8_t *o = check_find_option(k->segment, MPA_MP_CAPABLE, &captured);

    return k->option->subtype == MPA_MP_CAPABLE && o && (o[2] & 0x0f) > 1;
}

/* FMT-01.  A form that has a rule of its own is not reported twice. */
enum mpa_verdict check_fmt_01(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct mpa_option *o = k->option;

    switch (o->cond) {
    case MPA_COND_OK:
        return MPA_VERDICT_PASSED;
    case MPA_COND_TRUNCATED:
        return MPA_VERDICT_NV_SNAP;
    case MPA_COND_UNKNOWN:
        return MPA_VERDICT_NOT_APPLICABLE;
    default:
        break;
    }
    if (o->cond == MPA_COND_ILLEGAL && is_elsewhere(k))
        return MPA_VERDICT_NOT_APPLICABLE;
    if (is_newer_capable(k))
        return MPA_VERDICT_NV_DIAL;
    check_text(f, "option", mpa_subtype_name(o->subtype));
    check_number(f, "length", o->len);
    check_number(f, "tcp_flags", k->segment->flags);
    if (o->cond == MPA_COND_ILLEGAL)
        return check_broken(f, "The option has a length that this dialect does not define for it, "
                               "or not with these TCP flags");
    return check_broken(f, "The option has a length or layout that no dialect defines for it");
}

/* ---- FMT-02 ---------------------------------------------------------------------------- */

/* FMT-02.  The standards say "MUST be zero" of MP_JOIN, DSS, ADD_ADDR (version 1) and MP_TCPRST; in the other options the bits are
   merely not used, which is worth a note. */
enum mpa_verdict check_fmt_02(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct mpa_option *o = k->option;

    if (o->cond != MPA_COND_OK && o->cond != MPA_COND_ILLEGAL)
        return MPA_VERDICT_NOT_APPLICABLE;
    if (o->reserved == 0)
        return MPA_VERDICT_PASSED;
    check_text(f, "option", mpa_subtype_name(o->subtype));
    check_number(f, "reserved", o->reserved);
    switch (o->subtype) {
    case MPA_MP_JOIN:
    case MPA_DSS:
    case MPA_ADD_ADDR:
    case MPA_MP_TCPRST:
        return check_broken(f, "Reserved bits of the option are set; they must be zero");
    default:
        return check_noted(f, "Bits of the option that no standard uses are set");
    }
}

/* ---- FMT-03 ---------------------------------------------------------------------------- */

static bool has_option(const struct check_case *k, enum mpa_subtype subtype)
{
    size_t captured;

    return check_find_option(k->segment, subtype, &captured) != NULL;
}

static bool has_mapping(const struct check_case *k)
{
    size_t captured;
    const uint8_t *o = check_find_option(k->segment, MPA_DSS, &captured);

    return o && captured >= 4 && (o[3] & MPA_DSS_MAP);
}

static enum mpa_verdict judge_capable(const struct check_case *k, struct mpa_rec_finding *f)
{
    if (has_option(k, MPA_MP_JOIN))
        return MPA_VERDICT_NOT_APPLICABLE; /* Said once, of the MP_JOIN. */
    if (k->sf->role == MPA_ROLE_JOIN && !check_in_sequence(k->sf, k->dir, k->segment))
        return MPA_VERDICT_NV_SYN;
    if (k->sf->role == MPA_ROLE_JOIN)
        return check_broken(f, "A joined subflow carries MP_CAPABLE");
    if (k->option->cond == MPA_COND_OK && k->option->capable.has_length && has_mapping(k))
        return check_broken(f, "A DSS maps data that MP_CAPABLE of the same packet maps already");
    return MPA_VERDICT_PASSED;
}

static enum mpa_verdict judge_join(const struct check_case *k, struct mpa_rec_finding *f)
{
    unsigned flags = k->cc->capable.flags;

    if (has_option(k, MPA_MP_CAPABLE))
        return check_broken(f, "One packet carries both MP_CAPABLE and MP_JOIN");
    if (k->sf->role == MPA_ROLE_JOIN)
        return MPA_VERDICT_PASSED;
    /* On its SYN an MP_JOIN makes a joined subflow, unless it cannot be read (FMT-01). */
    if ((k->segment->flags & (MPA_TCP_SYN | MPA_TCP_ACK)) == MPA_TCP_SYN || (flags & CAP_SYN_JOIN))
        return MPA_VERDICT_NOT_APPLICABLE;
    if (k->sf->syn_ns == 0 ||
        (!(k->segment->flags & MPA_TCP_SYN) && !check_in_sequence(k->sf, k->dir, k->segment)))
        return MPA_VERDICT_NV_SYN;
    if (flags & CAP_SYN_CUT)
        return MPA_VERDICT_NV_SNAP;
    return check_broken(f, "A subflow that was not opened with MP_JOIN carries it");
}

/* FMT-03 */
enum mpa_verdict check_fmt_03(const struct check_case *k, struct mpa_rec_finding *f)
{
    switch (k->option->subtype) {
    case MPA_MP_CAPABLE:
        return judge_capable(k, f);
    case MPA_MP_JOIN:
        return judge_join(k, f);
    default:
        if (k->segment->flags & MPA_TCP_SYN)
            return check_broken(f, "A SYN carries a DSS");
        return MPA_VERDICT_PASSED;
    }
}

/* ---- FMT-04 ---------------------------------------------------------------------------- */

static enum mpa_verdict found_at(struct mpa_rec_finding *f, struct mpa_frame_ref frame, int64_t ns,
                                 const char *text)
{
    check_frame(f, frame);
    f->ns = ns;
    return check_broken(f, text);
}

/* FMT-04 */
enum mpa_verdict check_fmt_04(const struct check_case *k, struct mpa_rec_finding *f)
{
    const struct check_capable_conn *cap = &k->cc->capable;
    const struct check_capable_rare *rare = cap->rare;
    const uint32_t both = MPA_EV_V0 | MPA_EV_V1;

    if (rare && rare->foreign) {
        check_text(f, "dialect", mpa_dialect_name((enum mpa_dialect)k->conn->dialect));
        check_text(f, "foreign", rare->foreign);
        return found_at(f, rare->foreign_frame, rare->foreign_ns,
                        "An option does not belong to the connection's dialect");
    }
    if (k->conn->dialect == MPA_DIALECT_UNKNOWN)
        return MPA_VERDICT_NV_DIAL;
    if (k->conn->dialect != MPA_DIALECT_MIXED)
        return MPA_VERDICT_PASSED;
    /* A client may offer one version after the other; only the answer chooses. */
    if ((k->conn->evidence & both) == both && !(cap->flags & CAP_SYNACK))
        return MPA_VERDICT_NV_SYN;
    for (int i = 0; i < k->record->dialect_evidence_count; i++)
        check_text(f, "evidence", k->record->dialect_evidence[i]);
    if (!rare || rare->mixed_frame.frame == 0)
        return MPA_VERDICT_NV_DIAL;
    return found_at(f, rare->mixed_frame, rare->mixed_ns,
                    "The connection shows signs of more than one dialect");
}
