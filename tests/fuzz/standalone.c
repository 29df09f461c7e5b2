/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a fuzz target over files, without libFuzzer: [--mutations N] FILE|FOLDER...
 *
 * Files of a folder in the order of their names; after each, N inputs that differ from it in a few
 * bytes or in length, drawn from a generator that starts from the file's own bytes, so that a
 * failure comes back on every machine.  Exit status 1 when there was no file to run.
 */
#include "fuzz.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#define INPUT_MAX (4U << 20)

struct run {
    unsigned long mutations;
    unsigned long files;
    unsigned long inputs;
};

static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* An exact copy on the heap: a sanitizer then sees every byte read too far. */
static void run_copy(const uint8_t *data, size_t size, struct run *run)
{
    uint8_t *copy = malloc(size ? size : 1);

    if (!copy) {
        perror("malloc");
        exit(1);
    }
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    run->inputs++;
}

static void mutate(const uint8_t *data, size_t size, struct run *run)
{
    uint64_t state = 0x9e3779b97f4a7c15;
    uint8_t *work = malloc(size ? size : 1);
    unsigned long n;
    size_t i;

    if (!work) {
        perror("malloc");
        exit(1);
    }
    for (i = 0; i < size; i++)
        state = (state ^ data[i]) * 0x100000001b3;
    state |= 1;
    for (n = 0; n < run->mutations && size > 0; n++) {
        unsigned count = 1 + (unsigned)(next(&state) % 4);
        size_t part = next(&state) % 4 == 0 ? next(&state) % (size + 1) : size;

        memcpy(work, data, size);
        while (count-- > 0)
            work[next(&state) % size] = (uint8_t)(next(&state) >> 16);
        run_copy(work, part, run);
    }
    free(work);
}

static int run_file(const char *path, struct run *run)
{
    uint8_t *data = malloc(INPUT_MAX);
    FILE *f = fopen(path, "rb");
    size_t size;
    int rc = -1;

    if (!data || !f) {
        perror(path);
        goto cleanup;
    }
    size = fread(data, 1, INPUT_MAX, f);
    if (ferror(f)) {
        perror(path);
        goto cleanup;
    }
    run_copy(data, size, run);
    mutate(data, size, run);
    run->files++;
    rc = 0;
cleanup:
    if (f)
        (void)fclose(f);
    free(data);
    return rc;
}

static int run_folder(const char *path, struct run *run)
{
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort);
    int rc = 0;
    int i;

    if (count < 0) {
        perror(path);
        return -1;
    }
    for (i = 0; i < count; i++) {
        char name[4096];

        if (entries[i]->d_name[0] != '.') {
            snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
            if (run_file(name, run) != 0)
                rc = -1;
        }
        free(entries[i]);
    }
    free(entries);
    return rc;
}

int main(int argc, char **argv)
{
    struct run run = {0, 0, 0};
    struct stat st;
    int failed = 0;
    int i;

    for (i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--mutations") == 0 && i + 1 < argc)
            run.mutations = strtoul(argv[++i], NULL, 10);
        else if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
            failed |= run_folder(argv[i], &run) != 0;
        else
            failed |= run_file(argv[i], &run) != 0;
    }
    printf("%lu files, %lu inputs\n", run.files, run.inputs);
    return failed || run.files == 0;
}
