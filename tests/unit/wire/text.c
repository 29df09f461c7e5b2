/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Results as text, so that a table row can say what it expects in one line. */
#include "wire_test.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

size_t from_hex(const char *text, uint8_t *ret, size_t room)
{
    size_t size = 0;

    while (*text) {
        char two[3] = {text[0], 0, 0};

        if (*text == ' ' || *text == '|') {
            text++;
            continue;
        }
        two[1] = text[1];
        if (size == room || !text[1])
            break;
        ret[size++] = (uint8_t)strtoul(two, NULL, 16);
        text += 2;
    }
    return size;
}

void expect_text(const char *row, const char *got, const char *want)
{
    if (strcmp(got, want) != 0) {
        fprintf(stderr, "\n%s:\n  got  %s\n  want %s\n", row, got, want);
        CU_FAIL("text differs");
        return;
    }
    CU_PASS("text");
}

void expect_true(const char *row, const char *what, bool holds)
{
    if (!holds) {
        fprintf(stderr, "\n%s: not so: %s\n", row, what);
        CU_FAIL("does not hold");
        return;
    }
    CU_PASS("holds");
}

uint8_t *exact_copy(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);

    if (!copy)
        abort();
    if (size)
        memcpy(copy, bytes, size);
    return copy;
}

__attribute__((format(printf, 2, 3))) static void add(char *text, const char *format, ...)
{
    size_t used = strlen(text);
    va_list args;

    va_start(args, format);
    vsnprintf(text + used, TEXT_MAX - used, format, args);
    va_end(args);
}

static void add_hex(char *text, const char *name, const uint8_t *bytes, size_t size)
{
    size_t i;

    add(text, " %s=", name);
    for (i = 0; i < size; i++)
        add(text, "%02x", bytes[i]);
}

static void capable_text(const struct mpa_capable *c, char *text)
{
    add(text, " v%u fl=%02x", c->version, c->flags);
    if (c->has_sender_key)
        add_hex(text, "snd", c->sender_key, 8);
    if (c->has_receiver_key)
        add_hex(text, "rcv", c->receiver_key, 8);
    if (c->has_length)
        add(text, " len=%u", c->length);
    if (c->has_checksum)
        add(text, " csum=%04x", c->checksum);
}

static void join_text(const struct mpa_join *j, char *text)
{
    if (j->hmac_size != 20)
        add(text, " b=%d id=%u", j->backup, j->id);
    if (j->hmac_size == 0)
        add(text, " token=%08" PRIx32, j->token);
    if (j->hmac_size != 20)
        add(text, " nonce=%08" PRIx32, j->nonce);
    if (j->hmac_size != 0)
        add_hex(text, "hmac", j->hmac, j->hmac_size);
}

static void dss_text(const struct mpa_dss *d, char *text)
{
    add(text, " fl=%02x", d->flags);
    if (d->flags & MPA_DSS_ACK)
        add(text, " ack=%" PRIx64, d->data_ack);
    if (d->flags & MPA_DSS_MAP)
        add(text, " dsn=%" PRIx64 " ssn=%" PRIu32 " len=%u", d->dsn, d->ssn, d->length);
    if (d->has_checksum)
        add(text, " csum=%04x", d->checksum);
}

static void add_addr_text(const struct mpa_add_addr *a, char *text)
{
    char addr[MPA_ADDR_TEXT];

    add(text, "%s id=%u %s", a->echo ? " echo" : "", a->id, mpa_addr_text(&a->addr, addr));
    if (a->has_port)
        add(text, " port=%u", a->port);
    if (a->has_hmac)
        add_hex(text, "hmac", a->hmac, 8);
}

static void body_text(const struct mpa_option *opt, char *text)
{
    switch (opt->subtype) {
    case MPA_MP_CAPABLE:
        capable_text(&opt->capable, text);
        break;
    case MPA_MP_JOIN:
        join_text(&opt->join, text);
        break;
    case MPA_DSS:
        dss_text(&opt->dss, text);
        break;
    case MPA_ADD_ADDR:
        add_addr_text(&opt->add_addr, text);
        break;
    case MPA_REMOVE_ADDR:
        add_hex(text, "ids", opt->remove_addr.ids, opt->remove_addr.count);
        break;
    case MPA_MP_PRIO:
        add(text, " backup=%d", opt->prio.backup);
        if (opt->prio.has_id)
            add(text, " id=%u", opt->prio.id);
        break;
    case MPA_MP_FAIL:
        add(text, " dsn=%" PRIx64, opt->fail.dsn);
        break;
    case MPA_MP_FASTCLOSE:
        add_hex(text, "key", opt->fastclose.key, 8);
        break;
    case MPA_MP_TCPRST:
        add(text, " fl=%x t=%d reason=%u", opt->tcprst.flags, opt->tcprst.transient,
            opt->tcprst.reason);
        break;
    default:
        break;
    }
}

void option_text(const struct mpa_option *opt, char ret[TEXT_MAX])
{
    static const char *const conds[] = {"OK", "TRUNCATED", "MALFORMED", "UNKNOWN", "ILLEGAL"};

    ret[0] = '\0';
    add(ret, "%s", opt->cond < 5 ? conds[opt->cond] : "?");
    if (opt->subtype != MPA_SUBTYPE_NONE)
        add(ret, " %s", mpa_subtype_name(opt->subtype));
    if (opt->cond == MPA_COND_OK || opt->cond == MPA_COND_ILLEGAL)
        body_text(opt, ret);
    if (opt->reserved)
        add(ret, " rsv=%02x", opt->reserved);
}

static void kind_text(enum mpa_frame_kind kind, char *text)
{
    static const char *const names[] = {"SEGMENT",   "ICMP",      "FRAGMENT", "OTHER",
                                        "TRUNCATED", "MALFORMED", "LINK"};

    text[0] = '\0';
    add(text, "%s", (unsigned)kind < 7 ? names[kind] : "?");
}

static void add_mac(char *text, const uint8_t *mac)
{
    add(text, "%02x%02x%02x%02x%02x%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

void segment_text(enum mpa_frame_kind kind, const struct mpa_segment *s, char ret[TEXT_MAX])
{
    static const char *const tunnels[] = {"", "gre", "ipip", "vxlan", "geneve", "gue"};
    static const uint8_t no_mac[6];
    char addr[MPA_ADDR_TEXT];

    kind_text(kind, ret);
    if (kind != MPA_FRAME_SEGMENT)
        return;
    add(ret, " %s:%u", mpa_addr_text(&s->src, addr), s->sport);
    add(ret, " > %s:%u", mpa_addr_text(&s->dst, addr), s->dport);
    add(ret, " ttl=%u id=%u data=%" PRIu32, s->ttl, s->ip_id, s->payload_size);
    if (s->has_ip_options)
        add(ret, " ipopt");
    if (s->tunnel)
        add(ret, " %s@%s", tunnels[s->tunnel], mpa_addr_text(&s->outer_dst, addr));
    if (s->has_macs) {
        add(ret, " to=");
        add_mac(ret, s->dst_mac);
    }
    if (memcmp(s->src_mac, no_mac, 6) != 0) {
        add(ret, " by=");
        add_mac(ret, s->src_mac);
    }
}

void icmp_text(enum mpa_frame_kind kind, const struct mpa_icmp_error *e, char ret[TEXT_MAX])
{
    char addr[MPA_ADDR_TEXT];

    kind_text(kind, ret);
    if (kind != MPA_FRAME_ICMP)
        return;
    add(ret, " v%d type=%u code=%u mtu=%" PRIu32, e->v6 ? 6 : 4, e->type, e->code, e->mtu);
    add(ret, " %s", mpa_addr_text(&e->from, addr));
    add(ret, " > %s", mpa_addr_text(&e->to, addr));
    add(ret, " quotes %s:%u", mpa_addr_text(&e->src, addr), e->sport);
    add(ret, " > %s:%u", mpa_addr_text(&e->dst, addr), e->dport);
    add(ret, " seq=%" PRIu32, e->seq);
    if (e->outer_dst.q[0] || e->outer_dst.q[1])
        add(ret, " outer=%s", mpa_addr_text(&e->outer_dst, addr));
    if (e->has_macs) {
        add(ret, " to=");
        add_mac(ret, e->dst_mac);
    }
}
