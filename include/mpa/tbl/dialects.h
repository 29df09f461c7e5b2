/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dialects: DIALECT(symbol, name in the outputs, version nibble, hash).  Rows only. */
/* clang-format off */
DIALECT(UNKNOWN,       "unknown",       0xff, MPA_SHA256)
DIALECT(RFC6824,       "rfc6824",       0,    MPA_SHA1)
DIALECT(ICNP2017,      "icnp2017",      0,    MPA_SHA1)
DIALECT(APPLE_V0,      "apple-v0",      0,    MPA_SHA1)
DIALECT(DRAFT_V1,      "draft-v1",      1,    MPA_SHA1)
DIALECT(RFC8684,       "rfc8684",       1,    MPA_SHA256)
DIALECT(RFC8684_EARLY, "rfc8684-early", 1,    MPA_SHA256)
DIALECT(MIXED,         "mixed",         0xff, MPA_SHA256)
/* clang-format on */
