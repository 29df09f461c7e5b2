/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_measure COMMAND ARGUMENT...: runs a command with its standard output to /dev/null and prints what it took on one line:
 *
 *   wall seconds, processor seconds, largest resident set in KiB, exit status
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(const struct timeval *t)
{
    return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

int main(int argc, char **argv)
{
    struct timespec start, end;
    struct rusage usage;
    int status, null;
    pid_t pid;

    if (argc < 2) {
        fputs("usage: bench_measure COMMAND...\n", stderr);
        return 2;
    }
    null = open("/dev/null", O_WRONLY);
    clock_gettime(CLOCK_MONOTONIC, &start);
    pid = fork();
    if (pid == 0) {
        dup2(null, STDOUT_FILENO);
        execvp(argv[1], argv + 1);
        perror(argv[1]);
        _exit(127);
    }
    if (pid < 0 || wait4(pid, &status, 0, &usage) != pid)
        return 2;
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%.6f %.6f %ld %d\n",
           (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9,
           seconds(&usage.ru_utime) + seconds(&usage.ru_stime), usage.ru_maxrss,
           WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    return 0;
}
