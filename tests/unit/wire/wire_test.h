/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of the wire module share: bytes from text, results as text, frames
 * from recipes. */
#ifndef MPA_WIRE_TEST_H
#define MPA_WIRE_TEST_H

#include "mpa/segment.h"

#include <CUnit/CUnit.h>
#include <stdio.h>

#define BYTES_MAX 512
#define TEXT_MAX  512

/* Bytes that grow at the front, so that a packet is built from the inside. */
struct bytes {
    uint8_t room[BYTES_MAX];
    size_t size;
};

static inline uint8_t *bytes_start(struct bytes *b)
{
    return b->room + BYTES_MAX - b->size;
}

/* Bytes of hexadecimal 'text'; blanks and '|' are for the reader.  Returns their number, at most
 * 'room'. */
size_t from_hex(const char *text, uint8_t *ret, size_t room);

/* Compare two texts; a difference names the row. */
void expect_text(const char *row, const char *got, const char *want);
/* The same for a condition that must hold. */
void expect_true(const char *row, const char *what, bool holds);

/* A copy of exactly 'size' bytes on the heap, so that a sanitizer sees every byte read too far.
 * free() it. */
uint8_t *exact_copy(const uint8_t *bytes, size_t size);

/* "OK DSS fl=05 ack=... " and so on; see text.c. */
void option_text(const struct mpa_option *opt, char ret[TEXT_MAX]);
/* "SEGMENT 10.0.0.1:40000 > 10.0.0.2:80 ..." ; see text.c. */
void segment_text(enum mpa_frame_kind kind, const struct mpa_segment *s, char ret[TEXT_MAX]);
void icmp_text(enum mpa_frame_kind kind, const struct mpa_icmp_error *e, char ret[TEXT_MAX]);

/* The frame that a recipe describes, from the outermost layer to the innermost: "eth vlan ip4 gre
   ip4 tcp".  Words in frames.c. False, with a message, for a word that it does not know. */
bool build_frame(const char *recipe, struct bytes *ret);

/* Decode 'size' captured bytes of a frame of 'wire' bytes with the default ports. */
enum mpa_frame_kind decode(uint16_t linktype, const uint8_t *data, size_t size, size_t wire,
                           struct mpa_segment *ret, struct mpa_icmp_error *ret_icmp);

/* Write the rows of a table as fuzz seeds into 'folder'; 0, or -1 with a message. */
int seed_write(const char *folder, const char *name, uint16_t linktype, const uint8_t *data,
               size_t size);
int seeds_of_frames(const char *folder);
int seeds_of_icmp(const char *folder);
int seeds_of_options(const char *folder);

/* One a file: add its suite.  0, or -1. */
int suite_addr(void);
int suite_bytes(void);
int suite_crypto(void);
int suite_frame(void);
int suite_frame_edges(void);
int suite_icmp(void);
int suite_option(void);
int suite_option_all(void);
int suite_tcp(void);

/* Add a suite of the tests in the array 'tests'. */
struct test {
    const char *name;
    CU_TestFunc run;
};
int add_suite(const char *name, const struct test *tests, size_t count);
#define ADD_SUITE(name, tests) add_suite(name, tests, sizeof(tests) / sizeof((tests)[0]))

#endif
