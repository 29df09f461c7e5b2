/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words of the outputs as enums: rows in tbl/words.h.  One prefix a family, MPA_<FAMILY>_<SYMBOL>.
 * All enumerators share one numbering; MPA_WORD_FIRST/COUNT give a family's range where an array is indexed by it.
 */
#ifndef MPA_WORDS_H
#define MPA_WORDS_H

enum mpa_word {
#define WORD(family, symbol, text) MPA_##family##_##symbol,
#include "mpa/tbl/words.h"
#undef WORD
    MPA_WORD_COUNT
};

/* Sizes of families that index arrays. */
#define MPA_RESET_FIRST MPA_RESET_LATE
#define MPA_RESET_COUNT (MPA_RESET_UNEXPLAINED - MPA_RESET_LATE + 1)
#define MPA_OPT_FIRST MPA_OPT_COUNT_MP_CAPABLE_SYN
#define MPA_OPT_COUNTS (MPA_OPT_COUNT_TRUNCATED - MPA_OPT_COUNT_MP_CAPABLE_SYN + 1)
#define MPA_FALLBACK_FIRST MPA_FALLBACK_REASON_NONE
#define MPA_FALLBACK_COUNT (MPA_FALLBACK_REASON_INFINITE_MAP - MPA_FALLBACK_REASON_NONE + 1)

/* The text of 'word'; never NULL.  Static storage. */
const char *mpa_word(enum mpa_word word);

/* What a reset of 'class' (MPA_RESET_*) was, in a few words; "" for others.  Static storage. */
const char *mpa_reset_meaning(enum mpa_word class);

#endif
