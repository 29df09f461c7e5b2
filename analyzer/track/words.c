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

const char *mpa_reset_meaning(enum mpa_word class)
{
    static const char *const meanings[MPA_RESET_COUNT] = {
        [MPA_RESET_LATE - MPA_RESET_FIRST] = "after both sides had closed: harmless",
        [MPA_RESET_MISROUTED_JOIN - MPA_RESET_FIRST] =
            "a join reached a server that does not know its token",
        [MPA_RESET_PROHIBITED - MPA_RESET_FIRST] =
            "the peer refused the subflow (policy, limit, or already closing)",
        [MPA_RESET_REFUSED - MPA_RESET_FIRST] = "nothing listens on that port",
        [MPA_RESET_VICTIM - MPA_RESET_FIRST] =
            "the answer of a host whose subflow had just been reset or closed",
        [MPA_RESET_REDIRECT - MPA_RESET_FIRST] =
            "churn: a server without state answered a flow that was moved to it",
        [MPA_RESET_IDLE - MPA_RESET_FIRST] = "a state expired after a long silence",
        [MPA_RESET_APPLICATION - MPA_RESET_FIRST] = "the host that held the connection aborted it",
        [MPA_RESET_MIDDLEBOX - MPA_RESET_FIRST] = "sent by something between the hosts",
        [MPA_RESET_UNEXPLAINED - MPA_RESET_FIRST] = "fits none of the above",
    };

    if (class < MPA_RESET_FIRST || class >= MPA_RESET_FIRST + MPA_RESET_COUNT)
        return "";
    return meanings[class - MPA_RESET_FIRST];
}
