/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The texts of the outputs' words, from the row-only table. */
#include "mpa/words.h"

static const char *const texts[MPA_WORD_COUNT] = {
#define WORD(family, symbol, text) [MPA_##family##_##symbol] = text,
#include "mpa/tbl/words.h"
#undef WORD
};

const char *mpa_word(enum mpa_word word)
{
    return (unsigned)word < MPA_WORD_COUNT ? texts[word] : "unknown";
}
