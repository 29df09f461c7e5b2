/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab_cable: a cable between two interfaces that delays, loses and alters, and writes down what
 * it did. Kernels without netem need it; and its log is a truth that netem cannot give.
 *
 *   lab_cable -a IF -b IF -l LOG.csv [OPTION]...
 *     --delay MS            each way (fractions allowed); --delay-ab, --delay-ba: one way
 *     --rate KBIT           each way
 *     --loss-ab P --loss-ba P --seed N      random loss of TCP segments
 *     --rule action=drop|damage|flip-id|strip|damage-payload|dup|clear-c,match=KIND[,not=KIND]
 *            [,dir=ab|ba][,port=N][,from=N][,to=N][,every=N][,phase=N]
 *         the N-th matching segments of each flow and direction (from 1, to: endless); every and
 *         phase choose among the flows that match, in the order they are first seen
 *     --encap ab|ba:KIND:OUTER_SRC  --outer MAC=ADDR   --decap ab|ba:KIND
 *         KIND ipip, gre, gue0, gue1, geneve
 *
 * Log: every ADD_ADDR and echo, and every segment that was lost or altered. in_ns is the kernel's
 * time of reception, out_ns the time after the frame was handed to the other interface (0: never).
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "lab_cable.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define RULES 16
#define FLOWS 1024
#define QUEUE 4096

enum action { ACT_NONE, ACT_DROP, ACT_DAMAGE, ACT_FLIP, ACT_STRIP, ACT_PAYLOAD, ACT_DUP, ACT_CLEAR_C };

static const char *const action_names[] = {"pass",  "drop",           "damage", "flip-id",
                                           "strip", "damage-payload", "dup",    "clear-c"};

struct rule {
    enum action action;
    uint32_t match;
    uint32_t except;
    int direction; /* 0 a to b, 1 b to a, -1 both */
    unsigned from;
    unsigned to;
    unsigned every;
    unsigned phase;
    unsigned port;  /* of either side, 0: any */
    unsigned flows; /* that matched so far */
};

struct flow {
    char key[2 * LAB_ADDR_TEXT + 16];
    struct {
        unsigned count[2];
        unsigned ordinal; /* from 1 */
    } rule[RULES];
};

struct queued {
    uint8_t data[LAB_FRAME_MAX];
    size_t len;
    uint64_t due;   /* CLOCK_MONOTONIC */
    uint64_t in_ns; /* CLOCK_REALTIME */
    struct lab_frame frame;
    const char *action;
    int rule;
    bool log;
};

struct direction {
    int in;
    int out;
    uint64_t delay_ns;
    double loss;
    uint64_t busy_until;
    struct queued *queue; /* a ring of QUEUE */
    size_t head;
    size_t count;
    struct lab_tunnel encap;
    enum lab_tunnel_kind decap;
    uint64_t forwarded;
    uint64_t dropped;
};

struct cable {
    struct direction dir[2];
    struct rule rule[RULES];
    int rules;
    struct flow *flow;
    unsigned flows;
    uint64_t rate_kbit;
    uint64_t random;
    FILE *log;
};

static volatile sig_atomic_t stop;

static void on_signal(int s)
{
    (void)s;
    stop = 1;
}

static void die(const char *what)
{
    fprintf(stderr, "lab_cable: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now_ns(clockid_t clock)
{
    struct timespec ts;

    clock_gettime(clock, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int open_interface(const char *name)
{
    int one = 1, big = 16 << 20;
    int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
    struct sockaddr_ll sll = {.sll_family = AF_PACKET,
                              .sll_protocol = htons(ETH_P_ALL),
                              .sll_ifindex = (int)if_nametoindex(name)};
    struct packet_mreq mr = {.mr_ifindex = sll.sll_ifindex, .mr_type = PACKET_MR_PROMISC};

    if (fd < 0 || sll.sll_ifindex == 0)
        die(name);
    if (setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one) < 0 ||
        setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &mr, sizeof mr) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one) < 0)
        die("socket options");
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof big);
    if (bind(fd, (struct sockaddr *)&sll, sizeof sll) < 0)
        die("bind");
    return fd;
}

static double random_share(struct cable *c)
{
    c->random ^= c->random << 13;
    c->random ^= c->random >> 7;
    c->random ^= c->random << 17;
    return (double)(c->random >> 11) / 9007199254740992.0;
}

static void log_frame(struct cable *c, int d, const struct queued *q, uint64_t out_ns)
{
    const struct lab_frame *f = &q->frame;

    fprintf(c->log, "%" PRIu64 ",%" PRIu64 ",%s,%s,%s,%s,%u,%s,%u,%u,%u,%u,%zu,", q->in_ns, out_ns,
            d ? "ba" : "ab", q->action, lab_kind_name(f->kinds), f->src, f->sport, f->dst, f->dport,
            f->seq, f->ack, f->ip_id, q->len);
    if (f->add_addr)
        fprintf(c->log, "%u,%s,%u,", f->addr_id, f->addr, f->addr_port);
    else
        fprintf(c->log, ",,,");
    if (q->rule >= 0)
        fprintf(c->log, "%d", q->rule + 1);
    fputc('\n', c->log);
}

static struct flow *flow_of(struct cable *c, const struct lab_frame *f, int d)
{
    char key[sizeof c->flow[0].key];

    if (d == 0)
        snprintf(key, sizeof key, "%s.%u-%s.%u", f->src, f->sport, f->dst, f->dport);
    else
        snprintf(key, sizeof key, "%s.%u-%s.%u", f->dst, f->dport, f->src, f->sport);
    for (unsigned i = 0; i < c->flows; i++) {
        if (strcmp(c->flow[i].key, key) == 0)
            return &c->flow[i];
    }
    if (c->flows == FLOWS)
        return NULL;
    memcpy(c->flow[c->flows].key, key, sizeof key);
    return &c->flow[c->flows++];
}

/* The first rule that applies to the segment, or -1. Every rule counts what matches it. */
static int apply_rules(struct cable *c, const struct lab_frame *f, int d)
{
    int chosen = -1;

    if (!(f->kinds & LAB_TCP) || c->rules == 0)
        return -1;
    struct flow *flow = flow_of(c, f, d);
    for (int i = 0; flow && i < c->rules; i++) {
        struct rule *r = &c->rule[i];
        if (!(f->kinds & r->match) || (f->kinds & r->except) ||
            (r->direction >= 0 && r->direction != d) ||
            (r->port && r->port != f->sport && r->port != f->dport))
            continue;
        unsigned n = ++flow->rule[i].count[d];
        if (flow->rule[i].ordinal == 0)
            flow->rule[i].ordinal = ++r->flows;
        if (n < r->from || n > r->to || (flow->rule[i].ordinal - 1) % r->every != r->phase)
            continue;
        if (chosen < 0)
            chosen = i;
    }
    return chosen;
}

/* What the rule does to the frame; false: it is not forwarded. */
static bool alter(struct cable *c, struct queued *q)
{
    bool done = true;

    switch (c->rule[q->rule].action) {
    case ACT_DROP:
        return false;
    case ACT_DAMAGE:
        done = lab_damage_hmac(&q->frame, q->data);
        break;
    case ACT_FLIP:
        done = lab_flip_addr_id(&q->frame, q->data);
        break;
    case ACT_STRIP:
        done = lab_strip_mptcp(&q->frame, q->data);
        break;
    case ACT_PAYLOAD:
        done = lab_damage_payload(&q->frame, q->data);
        break;
    case ACT_CLEAR_C:
        done = lab_clear_c(&q->frame, q->data);
        break;
    default:
        break;
    }
    if (!done) {
        q->rule = -1;
        q->action = action_names[ACT_NONE];
    }
    return true;
}

static struct queued *queue_tail(struct direction *dir)
{
    return &dir->queue[(dir->head + dir->count) % QUEUE];
}

static void schedule(struct cable *c, struct direction *dir, struct queued *q)
{
    uint64_t now = now_ns(CLOCK_MONOTONIC);
    uint64_t start = now;

    if (c->rate_kbit) {
        if (dir->busy_until > start)
            start = dir->busy_until;
        start += q->len * 8 * 1000000 / c->rate_kbit;
        dir->busy_until = start;
    }
    q->due = start + dir->delay_ns;
    dir->count++;
}

static void tunnel(struct direction *dir, struct queued *q)
{
    size_t n = 0;

    if (dir->encap.kind != LAB_TUNNEL_NONE)
        n = lab_encapsulate(&dir->encap, q->data, q->len);
    else if (dir->decap != LAB_TUNNEL_NONE)
        n = lab_decapsulate(dir->decap, q->data, q->len);
    if (n)
        q->len = n;
}

static void take(struct cable *c, int d, struct queued *q)
{
    struct direction *dir = &c->dir[d];

    q->action = action_names[ACT_NONE];
    lab_frame_read(&q->frame, q->data, q->len);
    q->rule = apply_rules(c, &q->frame, d);
    q->log = (q->frame.kinds & (LAB_ADD_ADDR | LAB_ECHO)) || q->rule >= 0;
    if (q->rule >= 0)
        q->action = action_names[c->rule[q->rule].action];
    bool forward = q->rule < 0 || alter(c, q);
    if (forward && (q->frame.kinds & LAB_TCP) && dir->loss > 0 && random_share(c) < dir->loss) {
        q->action = "lost";
        forward = false;
    }
    if (!forward) {
        log_frame(c, d, q, 0);
        dir->dropped++;
        return;
    }
    tunnel(dir, q);
    schedule(c, dir, q);
    if (q->rule >= 0 && c->rule[q->rule].action == ACT_DUP && dir->count < QUEUE) {
        struct queued *copy = queue_tail(dir);
        *copy = *q;
        schedule(c, dir, copy);
    }
}

static void receive(struct cable *c, int d)
{
    struct direction *dir = &c->dir[d];

    while (dir->count < QUEUE - 1) {
        struct queued *q = queue_tail(dir);
        union {
            char bytes[CMSG_SPACE(sizeof(struct timespec))];
            struct cmsghdr align;
        } control;
        struct iovec iov = {.iov_base = q->data, .iov_len = LAB_FRAME_MAX - 100};
        struct msghdr msg = {.msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control};
        ssize_t n = recvmsg(dir->in, &msg, MSG_DONTWAIT);
        if (n <= 0)
            return;
        if (msg.msg_flags & MSG_TRUNC) {
            fprintf(stderr, "lab_cable: frame too large: turn offloads off\n");
            continue;
        }
        struct cmsghdr *cm = CMSG_FIRSTHDR(&msg);
        q->in_ns = now_ns(CLOCK_REALTIME);
        if (cm && cm->cmsg_level == SOL_SOCKET && cm->cmsg_type == SCM_TIMESTAMPNS) {
            struct timespec ts;
            memcpy(&ts, CMSG_DATA(cm), sizeof ts);
            q->in_ns = (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
        }
        q->len = (size_t)n;
        take(c, d, q);
    }
}

/* Sends what is due; returns when the next frame is. */
static uint64_t deliver(struct cable *c, int d)
{
    struct direction *dir = &c->dir[d];

    while (dir->count) {
        struct queued *q = &dir->queue[dir->head];
        if (q->due > now_ns(CLOCK_MONOTONIC))
            return q->due;
        if (send(dir->out, q->data, q->len, 0) < 0)
            fprintf(stderr, "lab_cable: send: %s\n", strerror(errno));
        if (q->log)
            log_frame(c, d, q, now_ns(CLOCK_REALTIME));
        dir->forwarded++;
        dir->head = (dir->head + 1) % QUEUE;
        dir->count--;
    }
    return UINT64_MAX;
}

static void run(struct cable *c)
{
    while (!stop) {
        uint64_t ab = deliver(c, 0), ba = deliver(c, 1);
        uint64_t due = ab < ba ? ab : ba;
        uint64_t now = now_ns(CLOCK_MONOTONIC);
        struct timespec wait = {.tv_nsec = 200000000};
        if (due != UINT64_MAX && due < now + 200000000)
            wait.tv_nsec = due > now ? (long)(due - now) : 0;
        struct pollfd pfd[2] = {{.fd = c->dir[0].in, .events = POLLIN},
                                {.fd = c->dir[1].in, .events = POLLIN}};
        if (ppoll(pfd, 2, &wait, NULL) <= 0)
            continue;
        if (pfd[0].revents)
            receive(c, 0);
        if (pfd[1].revents)
            receive(c, 1);
    }
    fflush(c->log);
    fprintf(stderr,
            "lab_cable: ab %" PRIu64 " forwarded %" PRIu64 " dropped, ba %" PRIu64 " %" PRIu64 "\n",
            c->dir[0].forwarded, c->dir[0].dropped, c->dir[1].forwarded, c->dir[1].dropped);
}

static void bad(const char *what)
{
    fprintf(stderr, "lab_cable: bad %s\n", what);
    exit(2);
}

static void parse_rule(struct cable *c, char *text)
{
    if (c->rules == RULES)
        bad("number of rules");
    struct rule *r = &c->rule[c->rules++];
    *r = (struct rule){.direction = -1, .from = 1, .to = UINT32_MAX, .every = 1};
    for (char *save = NULL, *word = strtok_r(text, ",", &save); word;
         word = strtok_r(NULL, ",", &save)) {
        char *value = strchr(word, '=');
        if (!value)
            bad(word);
        *value++ = '\0';
        if (strcmp(word, "action") == 0) {
            for (size_t i = 1; i < sizeof action_names / sizeof action_names[0]; i++)
                if (strcmp(action_names[i], value) == 0)
                    r->action = (enum action)i;
        } else if (strcmp(word, "match") == 0)
            r->match = lab_kind_of(value);
        else if (strcmp(word, "not") == 0)
            r->except |= lab_kind_of(value);
        else if (strcmp(word, "dir") == 0)
            r->direction = strcmp(value, "ba") == 0;
        else if (strcmp(word, "from") == 0)
            r->from = (unsigned)atoi(value);
        else if (strcmp(word, "to") == 0)
            r->to = (unsigned)atoi(value);
        else if (strcmp(word, "every") == 0)
            r->every = (unsigned)atoi(value);
        else if (strcmp(word, "port") == 0)
            r->port = (unsigned)atoi(value);
        else if (strcmp(word, "phase") == 0)
            r->phase = (unsigned)atoi(value);
        else
            bad(word);
    }
    if (r->action == ACT_NONE || r->match == 0 || r->every == 0)
        bad("rule");
}

static enum lab_tunnel_kind parse_tunnel(const char *name)
{
    static const char *const names[] = {"", "ipip", "gre", "gue0", "gue1", "geneve"};

    for (size_t i = 1; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], name) == 0)
            return (enum lab_tunnel_kind)i;
    }
    bad("tunnel");
    return LAB_TUNNEL_NONE;
}

static void parse_encap(struct cable *c, char *text, bool encap)
{
    struct direction *dir = &c->dir[strncmp(text, "ba:", 3) == 0];
    char *kind = strchr(text, ':');

    if (!kind)
        bad("tunnel");
    char *src = strchr(++kind, ':');
    if (src && encap)
        *src++ = '\0';
    if (!encap) {
        dir->decap = parse_tunnel(kind);
        return;
    }
    dir->encap.kind = parse_tunnel(kind);
    dir->encap.outer_src = src;
}

static void parse_outer(struct cable *c, char *text)
{
    unsigned m[6];
    char *addr = strchr(text, '=');

    if (!addr || sscanf(text, "%x:%x:%x:%x:%x:%x", &m[0], &m[1], &m[2], &m[3], &m[4], &m[5]) != 6)
        bad("--outer");
    for (int d = 0; d < 2; d++) {
        struct lab_tunnel *t = &c->dir[d].encap;
        if (t->peers == LAB_TUNNEL_PEERS)
            bad("number of --outer");
        for (int i = 0; i < 6; i++)
            t->peer[t->peers].mac[i] = (uint8_t)m[i];
        t->peer[t->peers++].outer_dst = addr + 1;
    }
}

static const struct option long_options[] = {
    {"delay", required_argument, NULL, 1000},    {"delay-ab", required_argument, NULL, 1001},
    {"delay-ba", required_argument, NULL, 1002}, {"rate", required_argument, NULL, 1003},
    {"loss-ab", required_argument, NULL, 1004},  {"loss-ba", required_argument, NULL, 1005},
    {"seed", required_argument, NULL, 1006},     {"rule", required_argument, NULL, 1007},
    {"encap", required_argument, NULL, 1008},    {"decap", required_argument, NULL, 1009},
    {"outer", required_argument, NULL, 1010},    {NULL, 0, NULL, 0}};

static void set_option(struct cable *c, int o, char *v)
{
    switch (o) {
    case 1000:
        c->dir[0].delay_ns = c->dir[1].delay_ns = (uint64_t)(atof(v) * 1e6);
        break;
    case 1001:
        c->dir[0].delay_ns = (uint64_t)(atof(v) * 1e6);
        break;
    case 1002:
        c->dir[1].delay_ns = (uint64_t)(atof(v) * 1e6);
        break;
    case 1003:
        c->rate_kbit = strtoull(v, NULL, 10);
        break;
    case 1004:
        c->dir[0].loss = atof(v);
        break;
    case 1005:
        c->dir[1].loss = atof(v);
        break;
    case 1006:
        c->random = strtoull(v, NULL, 10) * 2654435761u + 1;
        break;
    case 1007:
        parse_rule(c, v);
        break;
    case 1008:
        parse_encap(c, v, true);
        break;
    case 1009:
        parse_encap(c, v, false);
        break;
    case 1010:
        parse_outer(c, v);
        break;
    default:
        bad("option");
    }
}

int main(int argc, char **argv)
{
    struct cable c = {.random = 88172645463325252u};
    const char *a = NULL, *b = NULL, *log = NULL;
    int o;

    while ((o = getopt_long(argc, argv, "a:b:l:", long_options, NULL)) != -1) {
        if (o == 'a')
            a = optarg;
        else if (o == 'b')
            b = optarg;
        else if (o == 'l')
            log = optarg;
        else
            set_option(&c, o, optarg);
    }
    if (!a || !b || !log)
        bad("usage: lab_cable -a IF -b IF -l LOG");
    c.flow = calloc(FLOWS, sizeof *c.flow);
    c.dir[0].queue = calloc(QUEUE, sizeof *c.dir[0].queue);
    c.dir[1].queue = calloc(QUEUE, sizeof *c.dir[1].queue);
    c.log = fopen(log, "w");
    if (!c.flow || !c.dir[0].queue || !c.dir[1].queue || !c.log)
        die("start");
    fputs("in_ns,out_ns,direction,action,kind,src,sport,dst,dport,seq,ack,ip_id,length,addr_id,"
          "addr,addr_port,rule\n",
          c.log);
    c.dir[0].in = c.dir[1].out = open_interface(a);
    c.dir[1].in = c.dir[0].out = open_interface(b);
    prctl(PR_SET_TIMERSLACK, 1);
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    fprintf(stderr, "lab_cable: ready\n");
    run(&c);
    fclose(c.log);
    return 0;
}
