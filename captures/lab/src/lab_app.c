/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab_app: the application of the lab, client and server in one program.
 *
 *   lab_app server -p PORT [-4|-6] [-t] -l LOG.csv
 *   lab_app client -s ADDR -p PORT [-t] [-n DOWNLOADS] [-P PARALLEL] [...] -l LOG.csv
 *
 * It exists because the tests need a truth that is not computed from a capture: for every
 * download one line with the client's port, when it began and ended, how many bytes came, and
 * whether the application would have called it a success.
 *
 * Protocol: the client sends one line "SIZE CHUNK INTERVAL_MS UPLOAD MODE\n" and UPLOAD bytes;
 * the server sends SIZE bytes, CHUNK at a time every INTERVAL_MS, and closes as MODE says.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Older C libraries know neither of them; the numbers are those of the kernel's interface. */
#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#ifndef SOL_MPTCP
#define SOL_MPTCP 284
#endif
#define LAB_MPTCP_INFO      1
#define LAB_FLAG_FALLBACK   1u
#define LAB_FLAG_REMOTE_KEY 2u

/* The first fields of the kernel's struct mptcp_info; it may return fewer or more bytes. */
struct lab_mptcp_info {
    uint8_t subflows;
    uint8_t add_addr_signal;
    uint8_t add_addr_accepted;
    uint8_t subflows_max;
    uint8_t add_addr_signal_max;
    uint8_t add_addr_accepted_max;
    uint32_t flags;
    uint32_t token;
    uint64_t write_seq;
    uint64_t snd_una;
    uint64_t rcv_nxt;
    uint8_t local_addr_used;
    uint8_t local_addr_max;
    uint8_t csum_enabled;
};

struct options {
    bool server;
    bool tcp;
    int family;
    const char *address;
    const char *port;
    const char *source;
    const char *log;
    unsigned downloads;
    unsigned parallel;
    unsigned port_base;  /* 0: ephemeral ports */
    unsigned port_count; /* ports are reused after that many */
    uint64_t size;
    uint64_t chunk;
    unsigned interval_ms;
    unsigned gap_ms;
    uint64_t upload;
    unsigned timeout_ms;
    unsigned hold_ms;    /* the client waits that long before it closes */
    uint64_t stop_after; /* the client stops after that many bytes, 0: never */
    const char *stop;    /* how: fastclose or abort */
    const char *congestion;
    const char *mode; /* how the server closes: fin, fastclose, wait */
};

/* One transfer, either side. */
struct pump {
    int fd;
    uint64_t to_send;
    uint64_t sent;
    uint64_t to_recv;
    uint64_t received;
    uint64_t chunk;
    unsigned interval_ms;
    uint64_t stop_after;
    uint64_t deadline_ns;
    bool want_eof;
    bool eof;
    bool stopped;
    bool timed_out;
    int error;
};

static uint64_t now_ns(clockid_t clock)
{
    struct timespec ts;

    clock_gettime(clock, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void sleep_ms(unsigned ms)
{
    struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

    while (nanosleep(&ts, &ts) < 0 && errno == EINTR) {
    }
}

static void die(const char *what)
{
    fprintf(stderr, "lab_app: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* Sends what is due now. Returns false when the transfer cannot go on. */
static bool pump_send(struct pump *p, uint64_t due)
{
    static const char pattern[] =
        "The quick brown fox jumps over the lazy dog 0123456789 abcdef. \n";
    char block[16384];
    uint64_t n = due - p->sent;

    if (n > sizeof block)
        n = sizeof block;
    for (size_t i = 0; i < n; i++)
        block[i] = pattern[(p->sent + i) % (sizeof pattern - 1)];
    ssize_t r = send(p->fd, block, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (r >= 0)
        p->sent += (uint64_t)r;
    else if (errno != EAGAIN && errno != EINTR)
        p->error = errno;
    return p->error == 0;
}

static bool pump_recv(struct pump *p)
{
    char block[16384];
    size_t want = sizeof block;

    if (p->stop_after && p->stop_after - p->received < want)
        want = (size_t)(p->stop_after - p->received);
    ssize_t r = recv(p->fd, block, want, MSG_DONTWAIT);
    if (r > 0)
        p->received += (uint64_t)r;
    else if (r == 0)
        p->eof = true;
    else if (errno != EAGAIN && errno != EINTR)
        p->error = errno;
    return p->error == 0;
}

/* How many bytes may have been sent by now, and when the next chunk is due. */
static uint64_t pump_due(const struct pump *p, uint64_t start, uint64_t now, uint64_t *next)
{
    *next = UINT64_MAX;
    if (p->interval_ms == 0 || p->chunk == 0)
        return p->to_send;
    uint64_t step = (uint64_t)p->interval_ms * 1000000u;
    uint64_t chunks = (now - start) / step + 1;
    if (chunks * p->chunk >= p->to_send)
        return p->to_send;
    *next = start + chunks * step;
    return chunks * p->chunk;
}

/* Moves bytes both ways until all came and went, the peer closed, an error or the deadline. */
static void pump_run(struct pump *p)
{
    uint64_t start = now_ns(CLOCK_MONOTONIC);

    for (;;) {
        uint64_t now = now_ns(CLOCK_MONOTONIC);
        uint64_t next;
        uint64_t due = pump_due(p, start, now, &next);
        bool sent_all = p->sent == p->to_send;
        bool recv_all = p->received >= p->to_recv && (!p->want_eof || p->eof);

        if (p->stop_after && p->received >= p->stop_after) {
            p->stopped = true;
            return;
        }
        if (p->received > p->to_recv)
            return; /* More than was asked for: something repeats data. */
        if ((sent_all && recv_all) || p->error || (p->eof && p->received < p->to_recv))
            return;
        if (now >= p->deadline_ns) {
            p->timed_out = true;
            return;
        }
        if (next > p->deadline_ns)
            next = p->deadline_ns;
        struct pollfd pfd = {.fd = p->fd};
        /* Reading goes on while sending, so that an early end of the peer is noticed. */
        if (!p->eof)
            pfd.events |= POLLIN;
        if (p->sent < due)
            pfd.events |= POLLOUT;
        struct timespec wait = {.tv_sec = (time_t)((next - now) / 1000000000u),
                                .tv_nsec = (long)((next - now) % 1000000000u)};
        if (next <= now)
            wait = (struct timespec){0};
        if (ppoll(&pfd, 1, &wait, NULL) <= 0)
            continue;
        if ((pfd.revents & (POLLIN | POLLERR | POLLHUP)) && !pump_recv(p))
            return;
        if ((pfd.revents & POLLOUT) && p->sent < due && !pump_send(p, due))
            return;
        if (p->eof && (pfd.revents & POLLHUP))
            sleep_ms(1);
    }
}

/* A network namespace may not choose a restricted congestion control as its default, but a
 * privileged process may choose it for its socket. */
static void set_congestion(int fd, const char *name)
{
    setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, (socklen_t)strlen(name));
}

static void set_linger_zero(int fd)
{
    struct linger l = {.l_onoff = 1, .l_linger = 0};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
}

static void format_addr(const struct sockaddr_storage *ss, char *text, size_t size, unsigned *port)
{
    if (ss->ss_family == AF_INET6) {
        const struct sockaddr_in6 *a = (const struct sockaddr_in6 *)ss;
        inet_ntop(AF_INET6, &a->sin6_addr, text, (socklen_t)size);
        *port = ntohs(a->sin6_port);
    } else {
        const struct sockaddr_in *a = (const struct sockaddr_in *)ss;
        inet_ntop(AF_INET, &a->sin_addr, text, (socklen_t)size);
        *port = ntohs(a->sin_port);
    }
}

static bool make_addr(const char *text, const char *port, struct sockaddr_storage *ss,
                      socklen_t *len)
{
    struct sockaddr_in *a4 = (struct sockaddr_in *)ss;
    struct sockaddr_in6 *a6 = (struct sockaddr_in6 *)ss;
    uint16_t p = htons((uint16_t)strtoul(port, NULL, 10));

    memset(ss, 0, sizeof *ss);
    if (inet_pton(AF_INET, text, &a4->sin_addr) == 1) {
        a4->sin_family = AF_INET;
        a4->sin_port = p;
        *len = sizeof *a4;
        return true;
    }
    if (inet_pton(AF_INET6, text, &a6->sin6_addr) == 1) {
        a6->sin6_family = AF_INET6;
        a6->sin6_port = p;
        *len = sizeof *a6;
        return true;
    }
    return false;
}

/* What the kernel says of the connection, as columns of the log: empty where it says nothing
 * (plain TCP, or a connection that fell back to it). */
static void describe(int fd, char *text, size_t size)
{
    struct lab_mptcp_info info;
    socklen_t len = sizeof info;

    memset(&info, 0, sizeof info);
    if (getsockopt(fd, SOL_MPTCP, LAB_MPTCP_INFO, &info, &len) < 0) {
        snprintf(text, size, "%s,,,,,,", errno == EOPNOTSUPP ? "" : strerrorname_np(errno));
        return;
    }
    snprintf(text, size, "mptcp,%u,%u,%u,%u,%u,%08x", (info.flags & LAB_FLAG_FALLBACK) != 0,
             (info.flags & LAB_FLAG_REMOTE_KEY) != 0, info.subflows, info.add_addr_signal,
             info.add_addr_accepted, info.token);
}

/* One write for one line, so that lines of parallel children never mix. */
static void log_line(const char *path, const char *line)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT, 0644);

    if (fd < 0 || write(fd, line, strlen(line)) != (ssize_t)strlen(line))
        die(path);
    close(fd);
}

static int connect_within(int fd, const struct sockaddr *to, socklen_t len, unsigned timeout_ms)
{
    int error = 0;
    socklen_t n = sizeof error;

    fcntl(fd, F_SETFL, O_NONBLOCK);
    if (connect(fd, to, len) == 0)
        return 0;
    if (errno != EINPROGRESS)
        return errno;
    struct pollfd pfd = {.fd = fd, .events = POLLOUT};
    if (poll(&pfd, 1, (int)timeout_ms) == 0)
        return EINPROGRESS;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n);
    return error;
}

static void bind_client(int fd, const struct options *o, const struct sockaddr_storage *to,
                        unsigned index)
{
    struct sockaddr_storage ss;
    socklen_t len;
    char port[16] = "0";
    int one = 1;

    if (o->port_base)
        snprintf(port, sizeof port, "%u", o->port_base + index % o->port_count);
    const char *source = o->source ? o->source : to->ss_family == AF_INET6 ? "::" : "0.0.0.0";
    if (!make_addr(source, port, &ss, &len))
        die("bad source address");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&ss, len) < 0)
        die("bind");
}

static const char *outcome_of(const struct pump *p)
{
    if (p->received > p->to_recv)
        return "excess";
    if (p->received == p->to_recv && p->sent == p->to_send)
        return "ok";
    if (p->stopped)
        return "stopped";
    if (p->timed_out)
        return "timeout";
    return "error";
}

/* One download in a process of its own. */
static int download(const struct options *o, unsigned index)
{
    struct sockaddr_storage to, local = {0};
    socklen_t len;
    char line[512], request[128], info[128], addr[INET6_ADDRSTRLEN] = "";
    unsigned port = 0;

    if (!make_addr(o->address, o->port, &to, &len))
        die("bad server address");
    int fd = socket(to.ss_family, SOCK_STREAM, o->tcp ? IPPROTO_TCP : IPPROTO_MPTCP);
    if (fd < 0)
        die("socket");
    set_congestion(fd, o->congestion);
    bind_client(fd, o, &to, index);
    socklen_t local_len = sizeof local;
    getsockname(fd, (struct sockaddr *)&local, &local_len);
    format_addr(&local, addr, sizeof addr, &port);

    uint64_t start = now_ns(CLOCK_REALTIME);
    struct pump p = {.fd = fd,
                     .to_recv = o->size,
                     .chunk = o->chunk,
                     .interval_ms = o->upload ? o->interval_ms : 0,
                     .to_send = o->upload,
                     .stop_after = o->stop_after,
                     .want_eof = strcmp(o->mode, "wait") != 0,
                     .deadline_ns = now_ns(CLOCK_MONOTONIC) + (uint64_t)o->timeout_ms * 1000000u};
    p.error = connect_within(fd, (struct sockaddr *)&to, len, o->timeout_ms);
    bool connected = p.error == 0;
    if (p.error == EINPROGRESS) {
        p.error = 0;
        p.timed_out = true;
    } else if (p.error == 0) {
        int n = snprintf(request, sizeof request, "%" PRIu64 " %" PRIu64 " %u %" PRIu64 " %s\n",
                         o->size, o->chunk, o->interval_ms, o->upload, o->mode);
        if (send(fd, request, (size_t)n, MSG_NOSIGNAL) != n)
            p.error = errno;
        else
            pump_run(&p);
    }
    uint64_t end = now_ns(CLOCK_REALTIME);
    if (connected)
        describe(fd, info, sizeof info);
    else
        snprintf(info, sizeof info, ",,,,,,"); /* Its token never went out. */
    snprintf(line, sizeof line,
             "%u,%d,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%s,%s,%" PRIu64 ",%s\n", port,
             to.ss_family == AF_INET6 ? 6 : 4, start, end, p.received, o->size, outcome_of(&p),
             p.error ? strerrorname_np(p.error) : "", p.sent, info);
    log_line(o->log, line);
    if (o->hold_ms)
        sleep_ms(o->hold_ms);
    if (p.stopped && strcmp(o->stop, "fastclose") == 0)
        set_linger_zero(fd);
    close(fd);
    return 0;
}

static void reap(unsigned *running, unsigned limit)
{
    while (*running > 0 && *running >= limit) {
        if (waitpid(-1, NULL, 0) > 0)
            (*running)--;
    }
}

static int run_client(const struct options *o)
{
    unsigned running = 0;

    log_line(o->log, "port,family,start_ns,end_ns,bytes,expected,outcome,error,sent,protocol,"
                     "fallback,remote_key,subflows,add_addr_signal,add_addr_accepted,token\n");
    for (unsigned i = 0; i < o->downloads; i++) {
        reap(&running, o->parallel);
        pid_t pid = fork();
        if (pid < 0)
            die("fork");
        if (pid == 0)
            _exit(download(o, i));
        running++;
        if (o->gap_ms)
            sleep_ms(o->gap_ms);
    }
    reap(&running, 1);
    return 0;
}

/* Reads the request line byte by byte, so that no byte of the upload is taken with it. */
static bool read_request(int fd, struct pump *p, char *mode, size_t mode_size)
{
    char line[128];
    size_t n = 0;

    while (n + 1 < sizeof line) {
        struct pollfd pfd = {.fd = fd, .events = POLLIN};
        if (poll(&pfd, 1, 30000) <= 0)
            return false;
        ssize_t r = recv(fd, line + n, 1, 0);
        if (r <= 0)
            return false;
        if (line[n] == '\n')
            break;
        n++;
    }
    line[n] = '\0';
    (void)mode_size;
    return sscanf(line, "%" SCNu64 " %" SCNu64 " %u %" SCNu64 " %15s", &p->to_send, &p->chunk,
                  &p->interval_ms, &p->to_recv, mode) == 5;
}

static void serve(const struct options *o, int fd, const struct sockaddr_storage *peer)
{
    struct sockaddr_storage local = {0};
    socklen_t len = sizeof local;
    char line[512], info[128], mode[16] = "fin";
    char peer_text[INET6_ADDRSTRLEN], local_text[INET6_ADDRSTRLEN];
    unsigned peer_port, local_port;
    struct pump p = {.fd = fd,
                     .deadline_ns = now_ns(CLOCK_MONOTONIC) + (uint64_t)o->timeout_ms * 1000000u};
    uint64_t start = now_ns(CLOCK_REALTIME);

    getsockname(fd, (struct sockaddr *)&local, &len);
    format_addr(&local, local_text, sizeof local_text, &local_port);
    format_addr(peer, peer_text, sizeof peer_text, &peer_port);
    if (read_request(fd, &p, mode, sizeof mode))
        pump_run(&p);
    else
        p.error = EPROTO;
    describe(fd, info, sizeof info);
    if (strcmp(mode, "wait") == 0) {
        /* The client closes first. */
        struct pump rest = {.fd = fd, .to_recv = UINT64_MAX, .deadline_ns = p.deadline_ns};
        pump_run(&rest);
    }
    snprintf(line, sizeof line,
             "%u,%d,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%s,%s,%" PRIu64
             ",%s,%s,%u,%s\n",
             peer_port, peer->ss_family == AF_INET6 ? 6 : 4, start, now_ns(CLOCK_REALTIME), p.sent,
             p.to_send, outcome_of(&p), p.error ? strerrorname_np(p.error) : "", p.received,
             peer_text, local_text, local_port, info);
    log_line(o->log, line);
    if (strcmp(mode, "fastclose") == 0)
        set_linger_zero(fd);
    close(fd);
}

static int run_server(const struct options *o)
{
    struct sockaddr_storage ss;
    socklen_t len;
    int one = 1;

    if (!make_addr(o->address              ? o->address
                   : o->family == AF_INET6 ? "::"
                                           : "0.0.0.0",
                   o->port, &ss, &len))
        die("bad address");
    int fd = socket(ss.ss_family, SOCK_STREAM, o->tcp ? IPPROTO_TCP : IPPROTO_MPTCP);
    if (fd < 0)
        die("socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    set_congestion(fd, o->congestion);
    if (bind(fd, (struct sockaddr *)&ss, len) < 0 || listen(fd, 512) < 0)
        die("listen");
    signal(SIGCHLD, SIG_IGN);
    log_line(o->log, "port,family,start_ns,end_ns,sent,asked,outcome,error,received,client,"
                     "server,server_port,protocol,fallback,remote_key,subflows,add_addr_signal,"
                     "add_addr_accepted,token\n");
    fprintf(stderr, "lab_app: listening\n");
    for (;;) {
        struct sockaddr_storage peer = {0};
        socklen_t peer_len = sizeof peer;
        int conn = accept(fd, (struct sockaddr *)&peer, &peer_len);
        if (conn < 0)
            continue;
        pid_t pid = fork();
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            close(fd);
            set_congestion(conn, o->congestion);
            serve(o, conn, &peer);
            _exit(0);
        }
        close(conn);
    }
}

static const struct option long_options[] = {{"source", required_argument, NULL, 1000},
                                             {"size", required_argument, NULL, 1001},
                                             {"chunk", required_argument, NULL, 1002},
                                             {"interval", required_argument, NULL, 1003},
                                             {"gap", required_argument, NULL, 1004},
                                             {"upload", required_argument, NULL, 1005},
                                             {"timeout", required_argument, NULL, 1006},
                                             {"hold", required_argument, NULL, 1007},
                                             {"stop-after", required_argument, NULL, 1008},
                                             {"stop", required_argument, NULL, 1009},
                                             {"mode", required_argument, NULL, 1010},
                                             {"port-base", required_argument, NULL, 1011},
                                             {"port-count", required_argument, NULL, 1012},
                                             {"congestion", required_argument, NULL, 1013},
                                             {NULL, 0, NULL, 0}};

static void usage(void)
{
    fputs("usage: lab_app server|client -s ADDR -p PORT -l LOG [-4|-6] [-t] [-n N] [-P N]\n"
          "  [--source ADDR] [--size B] [--chunk B] [--interval MS] [--gap MS] [--upload B]\n"
          "  [--timeout MS] [--hold MS] [--stop-after B --stop fastclose|abort]\n"
          "  [--mode fin|fastclose|wait] [--port-base P [--port-count N]]\n"
          "  [--congestion NAME]\n",
          stderr);
    exit(2);
}

/* clang-format off */
/* Options whose value is a number; false where c is none of them. */
static bool set_number(struct options *o, int c, uint64_t n)
{
    uint64_t *wide = NULL;
    unsigned *narrow = NULL;

    switch (c) {
    case 'n': narrow = &o->downloads; break;
    case 'P': narrow = &o->parallel; break;
    case 1001: wide = &o->size; break;
    case 1002: wide = &o->chunk; break;
    case 1003: narrow = &o->interval_ms; break;
    case 1004: narrow = &o->gap_ms; break;
    case 1005: wide = &o->upload; break;
    case 1006: narrow = &o->timeout_ms; break;
    case 1007: narrow = &o->hold_ms; break;
    case 1008: wide = &o->stop_after; break;
    case 1011: narrow = &o->port_base; break;
    case 1012: narrow = &o->port_count; break;
    default: return false;
    }
    if (wide)
        *wide = n;
    else
        *narrow = (unsigned)n;
    return true;
}

static void set_option(struct options *o, int c, const char *v)
{
    if (set_number(o, c, v ? strtoull(v, NULL, 10) : 0))
        return;
    switch (c) {
    case '4': o->family = AF_INET; break;
    case '6': o->family = AF_INET6; break;
    case 't': o->tcp = true; break;
    case 's': o->address = v; break;
    case 'p': o->port = v; break;
    case 'l': o->log = v; break;
    case 1000: o->source = v; break;
    case 1009: o->stop = v; break;
    case 1010: o->mode = v; break;
    case 1013: o->congestion = v; break;
    default: usage();
    }
}
/* clang-format on */

int main(int argc, char **argv)
{
    struct options o = {.family = AF_INET,
                        .port = "80",
                        .log = "app.csv",
                        .downloads = 1,
                        .parallel = 1,
                        .port_count = 10000,
                        .size = 1000,
                        .chunk = 1000,
                        .timeout_ms = 30000,
                        .stop = "fastclose",
                        .congestion = "cubic",
                        .mode = "fin"};
    int c;

    if (argc < 2 || (strcmp(argv[1], "server") && strcmp(argv[1], "client")))
        usage();
    o.server = strcmp(argv[1], "server") == 0;
    if (o.server)
        o.timeout_ms = 120000;
    while ((c = getopt_long(argc - 1, argv + 1, "46ts:p:l:n:P:", long_options, NULL)) != -1)
        set_option(&o, c, optarg);
    if (o.server)
        return run_server(&o);
    if (!o.address || o.parallel == 0 || o.port_count == 0)
        usage();
    return run_client(&o);
}
