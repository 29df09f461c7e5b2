/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Captures written with libpcap's own writer, compressed with zlib and libzstd, cut and damaged,
   and read back. */
#include "mpa/source.h"
#include "mpa/status.h"

#include <CUnit/Basic.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define PACKETS     1000
#define PACKET_SIZE 60
#define RECORD_SIZE (16 + PACKET_SIZE)
#define FIRST_NS    INT64_C(1795190941123456789)

static const char *const files[] = {"plain",    "gzip",           "zstd",
                                    "members",  "frames",         "folder/b",
                                    "folder/a", "folder/.hidden", "folder/text"};

/* Packet 'number', from 1: its number is in it. */
static void make_packet(unsigned number, uint8_t ret[PACKET_SIZE])
{
    memset(ret, 0, PACKET_SIZE);
    ret[12] = 0x08; /* IPv4 */
    ret[14] = 0x45;
    ret[23] = 6;
    ret[58] = (uint8_t)(number >> 8);
    ret[59] = (uint8_t)number;
}

static void write_pcap(const char *path, int linktype, int snaplen)
{
    pcap_t *dead =
        pcap_open_dead_with_tstamp_precision(linktype, snaplen, PCAP_TSTAMP_PRECISION_NANO);
    pcap_dumper_t *out = pcap_dump_open(dead, path);
    uint8_t packet[PACKET_SIZE];

    for (unsigned i = 1; i <= PACKETS; i++) {
        int64_t ns = FIRST_NS + i - 1;
        struct pcap_pkthdr header = {
            .ts = {.tv_sec = ns / 1000000000, .tv_usec = ns % 1000000000},
            .caplen = PACKET_SIZE,
            .len = 1000 + i,
        };

        make_packet(i, packet);
        pcap_dump((u_char *)out, &header, packet);
    }
    pcap_dump_close(out);
    pcap_close(dead);
}

static size_t read_file(const char *path, uint8_t **ret)
{
    struct stat st;
    FILE *file = fopen(path, "rb");
    size_t size = 0;

    *ret = NULL;
    if (file && fstat(fileno(file), &st) == 0 && (*ret = malloc((size_t)st.st_size)) != NULL)
        size = fread(*ret, 1, (size_t)st.st_size, file);
    if (file)
        fclose(file);
    return size;
}

/* For what must not fail before or around the tests. */
static void must(bool ok)
{
    if (!ok)
        abort();
}

static void write_file(const char *path, const char *mode, const void *bytes, size_t size)
{
    FILE *file = fopen(path, mode);

    must(file != NULL);
    must(fwrite(bytes, 1, size, file) == size);
    fclose(file);
}

static void gzip_to(const char *path, const char *mode, const uint8_t *bytes, size_t size)
{
    gzFile out = gzopen(path, mode);

    must(gzwrite(out, bytes, (unsigned)size) == (int)size);
    gzclose(out);
}

static void zstd_to(const char *path, const char *mode, const uint8_t *bytes, size_t size)
{
    size_t room = ZSTD_compressBound(size);
    void *out = malloc(room);

    write_file(path, mode, out, ZSTD_compress(out, room, bytes, size, 3));
    free(out);
}

/* Read to the end: frames that were right, and the status. */
static int read_all(const char *path, const char *filter, unsigned *ret_good)
{
    struct mpa_source *s;
    struct mpa_frame f;
    uint8_t packet[PACKET_SIZE];
    char error[256] = "";
    int rc = mpa_source_open(path, filter, 7, &s, error, sizeof(error));

    *ret_good = 0;
    if (rc != 0) {
        CU_ASSERT(error[0] != '\0');
        return rc;
    }
    while ((rc = mpa_source_next(s, &f)) == 1) {
        make_packet((unsigned)f.number, packet);
        *ret_good += f.captured == PACKET_SIZE && memcmp(f.data, packet, PACKET_SIZE) == 0 &&
                     f.wire == 1000 + f.number && f.ns == FIRST_NS + (int64_t)f.number - 1 &&
                     f.linktype == 1 && f.capture == 7;
    }
    CU_ASSERT(mpa_source_error(s) != NULL);
    if (rc != 0)
        CU_ASSERT(mpa_source_error(s)[0] != '\0');
    CU_ASSERT(mpa_source_next(s, &f) <= 0);
    mpa_source_close(s);
    return rc;
}

static void test_formats(void)
{
    unsigned good;

    for (int i = 0; i < 5; i++) {
        CU_ASSERT(read_all(files[i], NULL, &good) == 0);
        CU_ASSERT(good == PACKETS);
    }
}

/* Every prefix of a plain capture: what is whole is given, the rest is said. */
static void test_prefixes(void)
{
    uint8_t *bytes;
    size_t size = read_file("plain", &bytes), step = 1;
    unsigned good;
    int rc;

    for (size_t cut = 0; cut < size; cut += step) {
        write_file("cut", "wb", bytes, cut);
        rc = read_all("cut", NULL, &good);
        if (cut < 24)
            CU_ASSERT(rc == (cut == 0 ? MPA_ERR_EMPTY : MPA_ERR_FORMAT));
        if (cut >= 24)
            CU_ASSERT(rc == ((cut - 24) % RECORD_SIZE == 0 ? 0 : MPA_ERR_CUT));
        CU_ASSERT(good == (cut < 24 ? 0 : (cut - 24) / RECORD_SIZE));
        step = cut < 3 * RECORD_SIZE ? 1 : 997;
    }
    unlink("cut");
    free(bytes);
}

/* ---- Records that are not plain ---- */

/* One record's header and bytes, in the byte order of another machine where 'swapped'. */
static size_t put_record(uint8_t *to, bool swapped, uint32_t seconds, uint32_t fraction,
                         uint32_t captured, uint32_t wire)
{
    uint32_t header[4] = {seconds, fraction, captured, wire};

    for (int i = 0; i < 4; i++)
        if (swapped)
            header[i] = __builtin_bswap32(header[i]);
    memcpy(to, header, sizeof(header));
    for (uint32_t i = 0; i < captured; i++)
        to[sizeof(header) + i] = (uint8_t)(i + fraction);
    return sizeof(header) + captured;
}

/* A file of which every record but the first and those between is odd in a way of its own; its size. */
static size_t odd_file(uint8_t *to, uint32_t magic, bool swapped, int odd)
{
    static const struct {
        uint32_t seconds, fraction, captured, wire;
    } rows[] = {
        {2147483647, 1, 60, 60}, /* The last plain second. */
        {2147483648, 1, 60, 60}, /* From 2038 on. */
        {4294967295, 1, 60, 60},
        {1, 1000000, 60, 60},    /* A second of microseconds. */
        {1, 1000000000, 60, 60}, /* ... of nanoseconds. */
        {1, 4294967295, 60, 60},
        {1, 1, 0, 60},
        {1, 1, 60, 0},  /* More than was there. */
        {1, 1, 97, 97}, /* Longer than the snap length. */
        {1, 1, 200000, 4294967295},
    };
    const int count = (int)(sizeof(rows) / sizeof(rows[0]));
    uint32_t head[6] = {magic, 4u << 16 | 2, 0, 0, 96, 1};
    uint16_t *version = (uint16_t *)&head[1];
    size_t size = sizeof(head);

    if (odd >= count)
        return 0;
    version[0] = 2;
    version[1] = 4;
    if (swapped) {
        version[0] = __builtin_bswap16(2);
        version[1] = __builtin_bswap16(4);
        head[0] = __builtin_bswap32(magic);
        head[4] = __builtin_bswap32(96);
        head[5] = __builtin_bswap32(1);
    }
    memcpy(to, head, sizeof(head));
    for (uint32_t i = 0; i < 5; i++)
        size += put_record(to + size, swapped, 10, i, 60 + i, 60 + i);
    size += put_record(to + size, swapped, rows[odd].seconds, rows[odd].fraction,
                       rows[odd].captured, rows[odd].wire);
    for (uint32_t i = 0; i < 5; i++)
        size += put_record(to + size, swapped, 20, i, 60 + i, 60 + i);
    return size;
}

/* Both to the end, frame by frame. */
static void check_same(struct mpa_source *a, struct mpa_source *b, unsigned *ret_frames)
{
    struct mpa_frame f, g;
    int rc, same;

    *ret_frames = 0;
    while ((rc = mpa_source_next(a, &f)) == (same = mpa_source_next(b, &g)) && rc == 1) {
        CU_ASSERT(f.captured == g.captured && f.wire == g.wire && f.ns == g.ns &&
                  f.number == g.number && f.linktype == g.linktype);
        CU_ASSERT(f.captured != g.captured || memcmp(f.data, g.data, f.captured) == 0);
        ++*ret_frames;
    }
    CU_ASSERT_EQUAL(rc, same);
}

/* What records of a plain file give is what libpcap gives, which alone reads compressed files. */
static void test_odd_records(void)
{
    static const uint32_t magics[] = {0xa1b2c3d4, 0xa1b23c4d};
    uint8_t *bytes = malloc(1 << 20);
    struct mpa_source *plain, *packed;
    unsigned frames, most = 0;
    char error[256];
    size_t size;

    must(bytes != NULL);
    for (int kind = 0; kind < 4; kind++)
        for (int odd = 0; (size = odd_file(bytes, magics[kind / 2], kind % 2, odd)) > 0; odd++) {
            write_file("odd", "wb", bytes, size);
            gzip_to("odd.gz", "wb", bytes, size);
            CU_ASSERT_EQUAL_FATAL(mpa_source_open("odd", NULL, 0, &plain, error, sizeof(error)), 0);
            CU_ASSERT_EQUAL_FATAL(mpa_source_open("odd.gz", NULL, 0, &packed, error, sizeof(error)),
                                  0);
            check_same(plain, packed, &frames);
            CU_ASSERT(frames >= 5);
            most = frames > most ? frames : most;
            mpa_source_close(plain);
            mpa_source_close(packed);
        }
    CU_ASSERT_EQUAL(most, 11);
    unlink("odd");
    unlink("odd.gz");
    free(bytes);
}

static void test_cut_compressed(void)
{
    static const char *const compressed[] = {"gzip", "zstd", "members", "frames"};
    /* What a cut near the end leaves at least; zstd gives a small frame whole or not at all. */
    static const unsigned left[] = {PACKETS / 2, 0, PACKETS / 2, PACKETS / 2 - 1};

    for (size_t i = 0; i < sizeof(compressed) / sizeof(compressed[0]); i++) {
        uint8_t *bytes;
        size_t size = read_file(compressed[i], &bytes);
        unsigned good, before = 0;

        for (size_t cut = 1; cut < size; cut += 61) {
            int rc;

            write_file("cut", "wb", bytes, cut);
            rc = read_all("cut", NULL, &good);
            /* Between two members or frames the end is only in the middle of a packet. */
            CU_ASSERT(rc == MPA_ERR_CUT || rc == MPA_ERR_FORMAT || rc == MPA_ERR_READ);
            CU_ASSERT(good >= before && good < PACKETS);
            before = good;
        }
        CU_ASSERT(before >= left[i]);
        free(bytes);
    }
    unlink("cut");
}

/* Damage anywhere in compressed bytes is an error or harmless, never a crash. */
static void test_damaged_compressed(void)
{
    static const char *const compressed[] = {"gzip", "zstd"};

    for (size_t i = 0; i < 2; i++) {
        uint8_t *bytes;
        size_t size = read_file(compressed[i], &bytes);
        unsigned good, errors = 0;

        for (size_t at = 0; at < size; at += 37) {
            bytes[at] ^= 0x55;
            write_file("bad", "wb", bytes, size);
            errors += read_all("bad", NULL, &good) != 0;
            bytes[at] ^= 0x55;
        }
        CU_ASSERT(errors > 10);
        free(bytes);
    }
    unlink("bad");
}

static void test_filter(void)
{
    struct mpa_source *s;
    struct mpa_frame f;
    char error[256];

    /* Frame numbers stay those of the file. */
    CU_ASSERT_FATAL(mpa_source_open("plain", "ether[58:2] = 700", 0, &s, error, sizeof(error)) ==
                    0);
    CU_ASSERT(mpa_source_next(s, &f) == 1);
    CU_ASSERT(f.number == 700);
    CU_ASSERT(mpa_source_next(s, &f) == 0);
    mpa_source_close(s);
    CU_ASSERT(mpa_source_open("plain", "no filter", 0, &s, error, sizeof(error)) ==
              MPA_ERR_ARGUMENT);
    CU_ASSERT(mpa_source_check_filter("tcp port 80", error, sizeof(error)) == 0);
    CU_ASSERT(mpa_source_check_filter("ether host 02:00:00:00:00:01", error, sizeof(error)) == 0);
    CU_ASSERT(mpa_source_check_filter("tcp port eighty", error, sizeof(error)) == MPA_ERR_ARGUMENT);
}

static void test_first(void)
{
    struct mpa_source *s;
    struct mpa_frame f;
    char error[256];

    CU_ASSERT_FATAL(mpa_source_open("gzip", NULL, 0, &s, error, sizeof(error)) == 0);
    CU_ASSERT(mpa_source_first_ns(s) == FIRST_NS);
    CU_ASSERT(mpa_source_first_ns(s) == FIRST_NS);
    CU_ASSERT(mpa_source_next(s, &f) == 1 && f.number == 1);
    CU_ASSERT(mpa_source_next(s, &f) == 1 && f.number == 2);
    CU_ASSERT(mpa_source_first_ns(s) == FIRST_NS + 2);
    mpa_source_close(s);
}

static void test_progress(void)
{
    struct mpa_source *s;
    struct mpa_frame f;
    struct stat st;
    uint64_t done, size;
    char error[256];

    for (int i = 0; i < 5; i++) {
        stat(files[i], &st);
        CU_ASSERT_FATAL(mpa_source_open(files[i], NULL, 0, &s, error, sizeof(error)) == 0);
        while (mpa_source_next(s, &f) == 1)
            ;
        mpa_source_progress(s, &done, &size);
        CU_ASSERT(done == (uint64_t)st.st_size && size == done);
        CU_ASSERT(mpa_source_snaplen(s) == 96);
        mpa_source_close(s);
    }
}

static void test_refused(void)
{
    unsigned good;

    write_pcap("link", 147, 96);
    CU_ASSERT(read_all("link", NULL, &good) == MPA_ERR_LINK);
    CU_ASSERT(read_all("nothing", NULL, &good) == MPA_ERR_OPEN);
    CU_ASSERT(read_all("folder", NULL, &good) == MPA_ERR_OPEN);
    CU_ASSERT(read_all("folder/text", NULL, &good) == MPA_ERR_FORMAT);
    unlink("link");
}

static void test_unlimited(void)
{
    struct mpa_source *s;
    char error[256];

    write_pcap("wide", 1, 262144);
    CU_ASSERT_FATAL(mpa_source_open("wide", NULL, 0, &s, error, sizeof(error)) == 0);
    CU_ASSERT(mpa_source_snaplen(s) == 0);
    mpa_source_close(s);
    unlink("wide");
}

static void test_paths(void)
{
    const char *const args[] = {"zstd", "folder", "-", "nothing"};
    char **paths;
    size_t count;
    char error[256];

    CU_ASSERT_FATAL(mpa_paths_expand(args, 4, &paths, &count, error, sizeof(error)) == 0);
    CU_ASSERT_FATAL(count == 5);
    CU_ASSERT_STRING_EQUAL(paths[0], "zstd");
    CU_ASSERT_STRING_EQUAL(paths[1], "folder/a");
    CU_ASSERT_STRING_EQUAL(paths[2], "folder/b");
    CU_ASSERT_STRING_EQUAL(paths[3], "-");
    CU_ASSERT_STRING_EQUAL(paths[4], "nothing");
    mpa_paths_free(paths, count);
    mkdir("none", 0700);
    CU_ASSERT(mpa_paths_expand((const char *const[]){"none"}, 1, &paths, &count, error,
                               sizeof(error)) == MPA_ERR_EMPTY);
    CU_ASSERT(strstr(error, "none") != NULL);
    rmdir("none");
}

/* A folder of its own for the files of all tests. */
static int make_files(char *ret_dir)
{
    uint8_t *bytes;
    size_t size, half;

    if (!mkdtemp(ret_dir) || chdir(ret_dir) != 0 || mkdir("folder", 0700) != 0)
        return -1;
    write_pcap("plain", 1, 96);
    size = read_file("plain", &bytes);
    half = size / 2 + 5;
    gzip_to("gzip", "wb", bytes, size);
    gzip_to("members", "wb", bytes, half);
    gzip_to("members", "ab", bytes + half, size - half);
    zstd_to("zstd", "wb", bytes, size);
    zstd_to("frames", "wb", bytes, half);
    zstd_to("frames", "ab", bytes + half, size - half);
    gzip_to("folder/b", "wb", bytes, size);
    write_file("folder/a", "wb", bytes, size);
    write_file("folder/.hidden", "wb", bytes, size);
    write_file("folder/text", "wb", "words, words, words", 19);
    free(bytes);
    return 0;
}

static void remove_files(const char *dir)
{
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        unlink(files[i]);
    rmdir("folder");
    if (chdir("/") == 0)
        rmdir(dir);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"all formats give the same frames", test_formats},
        {"every prefix", test_prefixes},
        {"records that are not plain", test_odd_records},
        {"cut compressed files", test_cut_compressed},
        {"damaged compressed files", test_damaged_compressed},
        {"filter", test_filter},
        {"first frame", test_first},
        {"progress", test_progress},
        {"what is refused", test_refused},
        {"unlimited snap length", test_unlimited},
        {"paths", test_paths},
        CU_TEST_INFO_NULL,
    };
    char dir[] = "/tmp/mpa-source-XXXXXX";
    CU_SuiteInfo suites[] = {
        {.pName = "source", .pTests = tests},
        CU_SUITE_INFO_NULL,
    };
    unsigned failures;

    if (make_files(dir) != 0 || CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    if (CU_register_suites(suites) == CUE_SUCCESS)
        CU_basic_run_tests();
    failures = CU_get_number_of_failures() + (CU_get_number_of_tests_run() == 0);
    CU_cleanup_registry();
    remove_files(dir);
    return failures != 0;
}
