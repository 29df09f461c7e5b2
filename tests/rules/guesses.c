/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rules_guesses: joins with unknown tokens and wrong HMACs, by who sent them; and how addresses spread over slots. */
#include "walk.h"

#include <stdio.h>

static int failures;

#define EXPECT(what, condition) expect(what, condition, __LINE__)

static void expect(const char *what, bool holds, int line)
{
    if (holds)
        return;
    printf("%s (line %d): FAILED\n", what, line);
    failures++;
}

static bool is_row(const struct mpa_guesses *g, int row, const char *addr, int64_t unknown,
                   int64_t refused, int64_t bad)
{
    char text[MPA_ADDR_TEXT];
    const struct mpa_guess *r = &g->rows[row];

    return row < g->count && strcmp(mpa_addr_text(&r->addr, text), addr) == 0 &&
           r->unknown_tokens == unknown && r->refused == refused && r->bad_hmacs == bad &&
           r->first_ns > 0 && r->last_ns >= r->first_ns;
}

/* ---- Of captures ----------------------------------------------------------------------- */

/* What is counted in the capture that breaks a rule, or in the one that nearly does. */
static struct mpa_guesses guesses_of(const char *id, bool breaks)
{
    struct walk_case c;
    struct play_result r;
    struct mpa_guesses ret = {0};

    if (walk_make(mpa_rule_find(id), &c)) {
        play(breaks ? &c.breaks : &c.nearly, &c.options, &r);
        mpa_guesses_merge(&ret, &r.guesses);
        play_result_free(&r);
    } else {
        EXPECT("captures", false);
    }
    walk_free(&c);
    return ret;
}

static void of_captures(void)
{
    struct mpa_guesses refused = guesses_of("JN-01", false), taken = guesses_of("JN-01", true);
    struct mpa_guesses synack = guesses_of("JN-02", true), ack = guesses_of("JN-03", true);
    struct mpa_guesses right = guesses_of("JN-03", false), again = guesses_of("JN-12", false);

    EXPECT("unknown token, refused",
           refused.count == 1 && is_row(&refused, 0, "10.1.0.2", 1, 1, 0));
    EXPECT("unknown token, accepted", taken.count == 1 && is_row(&taken, 0, "10.1.0.2", 1, 0, 0));
    EXPECT("SYN/ACK", synack.count == 1 && is_row(&synack, 0, "10.2.0.11", 0, 0, 1));
    EXPECT("third ACK", ack.count == 1 && is_row(&ack, 0, "10.1.0.2", 0, 0, 1));
    EXPECT("right HMACs", right.count == 0);
    EXPECT("a SYN twice", again.count == 0);
    mpa_guesses_merge(&refused, &taken);
    mpa_guesses_merge(&refused, &synack);
    mpa_guesses_merge(&refused, &ack);
    EXPECT("merged", refused.count == 2 && is_row(&refused, 0, "10.1.0.2", 1, 1, 1) &&
                         is_row(&refused, 1, "10.2.0.11", 0, 0, 1));
    mpa_guesses_free(&refused);
    mpa_guesses_free(&taken);
    mpa_guesses_free(&synack);
    mpa_guesses_free(&ack);
    mpa_guesses_free(&right);
    mpa_guesses_free(&again);
}

/* ---- Of many sources ------------------------------------------------------------------- */

static struct mpa_addr source(int i)
{
    const uint8_t v4[4] = {10, 0, (uint8_t)(i >> 8), (uint8_t)i};
    const uint8_t v6[16] = {0x20,
                            0x01,
                            0x0d,
                            0xb8,
                            [13] = (uint8_t)(i >> 16),
                            [14] = (uint8_t)(i >> 8),
                            [15] = (uint8_t)i};

    return i % 2 ? mpa_addr_v4(v4) : mpa_addr_v6(v6);
}

static void of_many(void)
{
    const struct mpa_check_config config = {0};
    struct mpa_check *c = mpa_check_new(&config);
    struct mpa_guesses g = {0};
    bool sorted = true, twice = true;

    for (int round = 0; round < 2; round++)
        for (int i = 0; i < MPA_GUESS_SOURCES + 100; i++) {
            struct mpa_addr addr = source(i);
            struct mpa_guess *row = check_guess(c, &addr, 1 + i);

            if (row)
                row->bad_hmacs++;
        }
    EXPECT("rows", mpa_check_guesses(c, &g) == MPA_OK && g.count == MPA_GUESS_SOURCES);
    EXPECT("left out", g.left_out == 200);
    for (int i = 0; i < g.count; i++) {
        const struct mpa_addr *a = &g.rows[i].addr;
        const struct mpa_addr *before = i ? &g.rows[i - 1].addr : NULL;

        twice &= g.rows[i].bad_hmacs == 2;
        sorted &= !before || mpa_addr_is_v4(before) > mpa_addr_is_v4(a) ||
                  (mpa_addr_is_v4(before) == mpa_addr_is_v4(a) && memcmp(before->b, a->b, 16) < 0);
    }
    EXPECT("IPv4 first, each by address", sorted);
    EXPECT("each source is one row", twice);
    mpa_guesses_free(&g);
    EXPECT("empty", g.count == 0 && g.rows == NULL);
    mpa_check_free(c);
}

/* ---- Slots ------------------------------------------------------------------------------ */

/* Networks that differ in one place: 'step' goes to the octets from 'last' upwards. */
static bool is_spread(bool v6, unsigned last, unsigned step)
{
    enum { SLOTS = 1024, HOSTS = 10000 };
    static int hosts[SLOTS];
    int used = 0, most = 0;

    memset(hosts, 0, sizeof hosts);
    for (unsigned i = 0; i < HOSTS; i++) {
        uint8_t v4[4] = {100, 64, 0, 1}, b[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
        uint8_t *o = v6 ? b : v4;
        unsigned n = i * step;
        struct mpa_addr addr;
        int count;

        for (unsigned at = last; n && at > 0; at--, n >>= 8)
            o[at] = (uint8_t)(o[at] ^ n);
        addr = v6 ? mpa_addr_v6(b) : mpa_addr_v4(v4);
        count = ++hosts[check_addr_slot(&addr, SLOTS)];
        used += count == 1;
        most = count > most ? count : most;
    }
    return used > 1000 && most < 40; /* At random: 1024 and about 22. */
}

static void of_slots(void)
{
    const struct mpa_addr a = mpa_addr_v4((const uint8_t[4]){198, 51, 100, 11});
    const struct mpa_addr b = mpa_addr_v4((const uint8_t[4]){198, 51, 100, 12});

    EXPECT("two servers", check_addr_slot(&a, 1024) != check_addr_slot(&b, 1024));
    EXPECT("IPv4 by its last octets", is_spread(false, 3, 1));
    EXPECT("IPv4, every fourth", is_spread(false, 3, 4));
    EXPECT("IPv4 networks of 64", is_spread(false, 3, 64));
    EXPECT("IPv6 by the last octets", is_spread(true, 15, 1));
    EXPECT("IPv6 networks", is_spread(true, 7, 1));
}

int main(void)
{
    of_captures();
    of_many();
    of_slots();
    printf("guessing attempts: %d failures\n", failures);
    return failures ? 1 : 0;
}
