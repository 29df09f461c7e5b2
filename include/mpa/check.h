/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conformance: the rules of tbl/rules.h over what one tracker sees, each with its verdict.
 *
 * One struct mpa_check belongs to one tracker.  It observes the tracker beside the measurements
 * (mpa_check_attach()), judges each connection when it ends and puts what it found into its record
 * (mpa_check_judge(), which has the form of mpa_measure_config.judge).  Rules that need finished
 * records (VIPs, several vantage points) are judged by mpa_check_record(), which also sums up.
 *
 * Absence of evidence is never a violation (protocol reference C.0): what this capture cannot show
 * counts as not verifiable, with the reason.
 */
#ifndef MPA_CHECK_H
#define MPA_CHECK_H

#include "mpa/record.h"
#include "mpa/rules.h"
#include "mpa/track.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- The checks -------------------------------------------------------------------- */

enum mpa_profile {
    MPA_PROFILE_AUTO,     /* By the connection's dialect; load-balancing rules (LB) where the
                             server forbade joins to its address. */
    MPA_PROFILE_RFC8684,  /* What RFC 8684 says (MUST and SHOULD) of connections in its dialect. */
    MPA_PROFILE_RFC6824,  /* What RFC 6824 says of version 0, the ICNP-2017 and Apple's too. */
    MPA_PROFILE_ICNP2017, /* The ICNP-2017 dialect and the paper's behaviour. */
    MPA_PROFILE_LB,       /* As auto, load-balancing rules for every connection. */
    MPA_PROFILE_COUNT
};

const char *mpa_profile_name(enum mpa_profile p);
enum mpa_profile mpa_profile_find(const char *name); /* MPA_PROFILE_COUNT: none. */

/* --rule: 0 leaves a rule as its row is. */
enum mpa_rule_change {
    MPA_RULE_AS_IS,
    MPA_RULE_OFF,
    MPA_RULE_TO_INFO,
    MPA_RULE_TO_WARNING,
    MPA_RULE_TO_ERROR
};

struct mpa_check_config {
    enum mpa_profile profile;
    uint8_t change[MPA_RULE_COUNT]; /* enum mpa_rule_change. */
    bool strict_ids;                /* AA-13. */
    const uint8_t *v6_secret;       /* --v6-secret; NULL: none.  Borrowed. */
    size_t v6_secret_size;
    const struct mpa_prefix *vips; /* --vip; borrowed. */
    int vip_count;
};

struct mpa_check;

/* NULL when memory ends.  'config' is copied. */
struct mpa_check *mpa_check_new(const struct mpa_check_config *config);

/* Set the second observer and its areas in the configuration of a tracker (or of a measure's), before it is made. */
void mpa_check_attach(struct mpa_check *c, struct mpa_track_config *track);

/* The tracker that was made with it; before the first segment. */
void mpa_check_tracker(struct mpa_check *c, const struct mpa_tracker *tracker);

/* A connection ends: judge it and set 'findings' and 'tallies' of 'record', which belong to 'context' (a struct mpa_check) until the
   next call.  0, or MPA_ERR_NOMEM when something could not be kept since the last call. */
int mpa_check_judge(void *context, const struct mpa_conn *conn, struct mpa_rec_conn *record);

/* What has been found so far of a connection that is in memory (rules that ask at its end are not in it): '*ret_count' findings, valid until the
   next segment. */
const struct mpa_rec_finding *mpa_check_live(const struct mpa_conn *conn, int *ret_count);

/* The latest time stamp of all captures, before the first mpa_check_record(): deadlines after it prove nothing. */
void mpa_check_end(struct mpa_check *c, int64_t end_ns);

/* A complete record (merged; after mpa_measure_complete()): judge the rules about records, add their findings, take it into the sums.
   'findings' and 'tallies' of 'record' (not those that an earlier call of 'c' set, but a copy) belong to 'c' afterwards, until the next
   call; nothing of 'record' is freed.
   0 or MPA_ERR_NOMEM. */
int mpa_check_record(struct mpa_check *c, struct mpa_rec_conn *record);

/* After all records: sets 'rules', 'rule_count' and the counts of findings.  Arrays belong to 'c'. */
void mpa_check_report(const struct mpa_check *c, struct mpa_rec_report *ret);

void mpa_check_free(struct mpa_check *c); /* NULL is accepted.  After its tracker's end. */

/* ---- Guessing attempts (ICNP 2017 VI, RFC 8684 5) ---------------------------------- */

/* Joins that look like attempts to get into somebody else's connection (struct mpa_guess). */
#define MPA_GUESS_SOURCES 4096 /* Kept per check. */

/* All zeros is empty; to be freed with mpa_guesses_free(). */
struct mpa_guesses {
    struct mpa_guess *rows; /* Sorted by address: IPv4 first, then IPv6. */
    int count, capacity;
    int64_t left_out; /* Attempts of sources beyond MPA_GUESS_SOURCES: they are in no row. */
};

/* Add what 'c' has counted so far (before its tracker's end or after) to 'into', by mpa_guesses_merge().  0 or MPA_ERR_NOMEM. */
int mpa_check_guesses(const struct mpa_check *c, struct mpa_guesses *into);

/* Take the rows of 'from' into 'into'.  Captures of several vantage points may hold the same packets: each count becomes the larger one
   of both, at least as many as there were.  0, or MPA_ERR_NOMEM and 'into' has some of them. */
int mpa_guesses_merge(struct mpa_guesses *into, const struct mpa_guesses *from);

void mpa_guesses_free(struct mpa_guesses *g); /* NULL is accepted; '*g' is empty afterwards. */

#endif
