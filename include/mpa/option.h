/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MPTCP options: bytes to one struct, for all subtypes in all dialects.
 *
 * RFC 8684 section 3, RFC 6824 section 3, the ICNP-2017 fork (echo nibble 0xC/0xE in ADD_ADDR) and
 * rfc6824bis-04 (draft-v1).  The same bytes mean different things in different dialects (ADD_ADDR,
 * MP_PRIO, MP_TCPRST), therefore the decoder takes the dialect of the connection;
 * MPA_DIALECT_UNKNOWN accepts the union and falls back to the nibble and the length to tell the
 * forms apart.
 *
 * The decoder knows nothing of connections, allocates nothing and borrows nothing: all values are
 * copied.
 */
#ifndef MPA_OPTION_H
#define MPA_OPTION_H

#include "mpa/addr.h"
#include "mpa/bytes.h"
#include "mpa/crypto.h"

#include <stdbool.h>
#include <stdint.h>

enum mpa_dialect {
#define DIALECT(symbol, name, version, hash) MPA_DIALECT_##symbol,
#include "mpa/tbl/dialects.h"
#undef DIALECT
    MPA_DIALECT_COUNT
};

#define MPA_TCP_FIN 0x01
#define MPA_TCP_SYN 0x02
#define MPA_TCP_RST 0x04
#define MPA_TCP_PSH 0x08
#define MPA_TCP_ACK 0x10

#define MPA_OPT_KIND 30 /* TCP option kind of MPTCP (IANA). */

/* The subtype nibble on the wire. */
/* struct mpa_option.subtype where the byte was not captured or the length leaves none.  Not an
 * index. */
#define MPA_SUBTYPE_NONE 0xff

enum mpa_subtype {
    MPA_MP_CAPABLE = 0,
    MPA_MP_JOIN = 1,
    MPA_DSS = 2,
    MPA_ADD_ADDR = 3,
    MPA_REMOVE_ADDR = 4,
    MPA_MP_PRIO = 5,
    MPA_MP_FAIL = 6,
    MPA_MP_FASTCLOSE = 7,
    MPA_MP_TCPRST = 8,
    MPA_MP_EXPERIMENTAL = 15,
};

/* MP_CAPABLE flags, byte 3.  C is the paper's B ("no joins to this address"). */
#define MPA_CAPABLE_A 0x80
#define MPA_CAPABLE_B 0x40
#define MPA_CAPABLE_C 0x20
#define MPA_CAPABLE_H 0x01

/* MP_CAPABLE.  Lengths 4, 12, 20, 22, 24. */
struct mpa_capable {
    uint8_t version;
    uint8_t flags;
    bool has_sender_key;   /* Lengths 12 and more. */
    bool has_receiver_key; /* Lengths 20 and more. */
    bool has_length;       /* Lengths 22 and 24: first data (RFC 8684 3.1). */
    bool has_checksum;     /* Length 24. */
    uint16_t length;       /* Data-level length, bytes. */
    uint16_t checksum;
    uint8_t sender_key[MPA_KEY_SIZE];
    uint8_t receiver_key[MPA_KEY_SIZE];
};

/* MP_JOIN.  Which members are valid depends on the length: 12 SYN (id, token, nonce), 16 SYN/ACK
   (id, hmac[8], nonce), 24 third ACK (hmac[20]). */
struct mpa_join {
    bool backup;
    uint8_t reserved; /* Bits 0x0e of byte 2; in the ACK form the low half of byte 2, and above it
                         the ORed halves of byte 3: 0 when none of the twelve bits is set. */
    uint8_t id;
    uint8_t hmac_size; /* 0, 8 or 20. */
    uint32_t token;
    uint32_t nonce;
    uint8_t hmac[20];
};

#define MPA_DSS_FIN  0x10
#define MPA_DSS_DSN8 0x08
#define MPA_DSS_MAP  0x04
#define MPA_DSS_ACK8 0x02
#define MPA_DSS_ACK  0x01

/* DSS.  Narrow values are not expanded here: 'flags' says the width. */
struct mpa_dss {
    uint8_t flags; /* All eight bits of byte 3. */
    bool has_checksum;
    uint16_t length; /* Data-level length; 0 with MPA_DSS_MAP is an infinite mapping. */
    uint16_t checksum;
    uint32_t ssn; /* Relative to the subflow's initial sequence number. */
    uint64_t data_ack;
    uint64_t dsn;
};

/* ADD_ADDR and its echo. */
struct mpa_add_addr {
    bool echo;
    bool has_port;
    bool has_hmac;
    bool v6;        /* 16 bytes of address as sent: an IPv4 address may come in its IPv6 form. */
    uint8_t nibble; /* Low half of byte 2 as sent. */
    uint8_t id;
    uint16_t port; /* Host order; 0 without port. */
    struct mpa_addr addr;
    uint8_t hmac[8];
};

#define MPA_REMOVE_MAX 17 /* IDs that fit the 20 bytes after kind, length, subtype. */

struct mpa_remove_addr {
    uint8_t reserved; /* Low nibble of byte 2. */
    uint8_t count;    /* 1 to MPA_REMOVE_MAX, longer lists are cut. */
    uint8_t ids[MPA_REMOVE_MAX];
};

struct mpa_prio {
    bool backup;
    bool has_id; /* Length 4 (version 0 and draft only). */
    uint8_t id;
};

struct mpa_fail {
    uint64_t dsn;
};

struct mpa_fastclose {
    uint8_t key[MPA_KEY_SIZE];
};

struct mpa_tcprst {
    uint8_t flags; /* Low nibble of byte 2: U V W T. */
    bool transient;
    uint8_t reason; /* RFC 8684 3.6. */
};

/* One decoded option.  The union is valid when 'cond' is MPA_COND_OK or MPA_COND_ILLEGAL. */
struct mpa_option {
    uint8_t subtype;  /* enum mpa_subtype, another nibble when 'cond' is MPA_COND_UNKNOWN, or
                         MPA_SUBTYPE_NONE. */
    uint8_t len;      /* The option's length byte. */
    uint8_t cond;     /* enum mpa_cond. */
    uint8_t reserved; /* Reserved bits that were set (0 when none): FMT-02.  Of byte 2, or of byte 3
                         in a DSS; both ORed in MP_FAIL and MP_FASTCLOSE.  MP_CAPABLE has none: its
                         flags are judged by rules of their own. */
    union {
        struct mpa_capable capable;
        struct mpa_join join;
        struct mpa_dss dss;
        struct mpa_add_addr add_addr;
        struct mpa_remove_addr remove_addr;
        struct mpa_prio prio;
        struct mpa_fail fail;
        struct mpa_fastclose fastclose;
        struct mpa_tcprst tcprst;
    };
};

enum mpa_field_id {
#define FIELD(symbol, name, kind, text) MPA_FIELD_##symbol,
#include "mpa/tbl/fields.h"
#undef FIELD
    MPA_FIELD_COUNT
};

enum mpa_field_kind { MPA_KIND_UINT, MPA_KIND_BIT, MPA_KIND_BYTES, MPA_KIND_ADDR };

/* Where one decoded field lies. */
struct mpa_field {
    uint8_t id;     /* enum mpa_field_id. */
    uint8_t offset; /* First byte, from the option's kind byte. */
    uint8_t size;   /* Bytes; a field of some bits gives the byte that holds it. */
    uint64_t value; /* Of kinds UINT and BIT. */
};

#define MPA_FIELDS_MAX 16

struct mpa_fields {
    uint8_t count;
    struct mpa_field at[MPA_FIELDS_MAX];
};

/*
 * Decode one MPTCP option.
 *
 * 'bytes' points at the kind byte (30); 'captured' bytes of the TCP option area are in memory from
 * there and 'claimed' bytes belong to the area (captured <= claimed).  'tcp_flags' are those of the
 * segment: the length rows of RFC 8684 section 3 are tied to them.  'dialect' is that of the
 * connection.  'fields' receives the byte spans of what was decoded, unless NULL.
 *
 * Returns '*ret's condition:
 *   OK         legal in this dialect with these TCP flags;
 *   TRUNCATED  cut by the capture, what was read before is not usable;
 *   MALFORMED  a length that no dialect has for this subtype (or for this nibble or these DSS
 *              flags), or past the area;
 *   UNKNOWN    subtype unassigned (9 to 14), or experimental (15), whose content is private;
 *   ILLEGAL    a form that is known and was read, but not with these TCP flags or not in this
 *              dialect: a SYN form without SYN, a DSS on a SYN, MP_TCPRST without RST or in version
 *              0, a 4-byte MP_PRIO in RFC 8684, an RFC 8684 echo with an HMAC or an advertisement
 *              without, an MP_CAPABLE whose version is not that of the dialect.
 *
 * 'captured' may be 0; 'bytes' is then not read.  Members that an option does not carry are 0.
 * Cannot fail.
 */
enum mpa_cond mpa_option_decode(const uint8_t *bytes, size_t captured, size_t claimed,
                                uint8_t tcp_flags, enum mpa_dialect dialect, struct mpa_option *ret,
                                struct mpa_fields *fields);

/* Names for the outputs; never NULL.  Static storage. */
const char *mpa_subtype_name(unsigned subtype);   /* "MP_CAPABLE", ...; "unknown" */
const char *mpa_dialect_name(enum mpa_dialect d); /* "rfc8684", ... */
const char *mpa_field_name(enum mpa_field_id id); /* Column two of tbl/fields.h. */
const char *mpa_field_text(enum mpa_field_id id); /* Its sentence. */
enum mpa_field_kind mpa_field_kind(enum mpa_field_id id);

/* The hash of a dialect (SHA-256 where it is unknown). */
enum mpa_hash mpa_dialect_hash(enum mpa_dialect d);

/* The dialect called 'name'; MPA_DIALECT_COUNT when there is none. */
enum mpa_dialect mpa_dialect_find(const char *name);

#endif
