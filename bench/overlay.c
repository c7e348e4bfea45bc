/* bench/overlay.c - two hosts of the overlay on loopback, two processes: what does it cost?
 *
 *     overlay_bench serve MULTIADDR            prints its address, then answers until it is killed
 *     overlay_bench bytes ADDRESS MIB          one stream up, by /perf/1.0.0
 *     overlay_bench streams ADDRESS COUNT      opened, agreed on, one byte echoed, closed; 64 at
 *                                              once
 *     overlay_bench conns ADDRESS COUNT        dialled, upgraded, hung up; 8 at once
 *     overlay_bench idle ADDRESS COUNT         that many peers connect, identify and stay until
 * input ends
 *
 * Each prints one JSON object. bench/overlay runs them, beside the libp2p of npm. */
#include "base/mem.h"
#include "host/host.h"
#include "host/talk/echo.h"
#include "host/talk/perf.h"
#include "net/uv/uv_loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { CHUNK = 64 << 10, AT_ONCE = 64, DIALERS = 8 };

struct bench {
    struct loop *loop;
    struct host *host;
    struct multiaddr to;
    struct peer_id peer;
    size_t left, running, done;
    size_t at_once;
    struct conn *conn;
    uint64_t bytes_left;
    bool ended;
};

static double cpu_s(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
           (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

static struct keys *new_keys(struct loop *loop)
{
    uint8_t entropy[16];
    loop_random(loop, entropy, sizeof entropy);
    return keys_of_entropy(entropy, sizeof entropy);
}

static struct host *new_host(struct loop *loop, const char *listen)
{
    struct multiaddr at;
    struct why why;
    struct host_cfg cfg = {.loop = loop,
                           .keys = new_keys(loop),
                           .agent = "shoal/bench",
                           .listen = &at,
                           .listen_count = listen != NULL,
                           .lab = true,
                           .conns_low = 100000,
                           .conns_high = 100000};
    if (listen && multiaddr_parse(&at, listen, &why) != OK)
        exit(2);
    struct host *h = host_new(&cfg, &why);
    if (!h) {
        fprintf(stderr, "%s\n", why.text);
        exit(1);
    }
    return h;
}

/* --- one long stream ------------------------------------------------------------------------ */

static const uint8_t chunk[CHUNK];

static void push(struct bench *b)
{
    while (b->bytes_left > 0) {
        ssize_t n = conn_send(b->conn, chunk, b->bytes_left < CHUNK ? b->bytes_left : CHUNK);
        if (n <= 0)
            return;
        b->bytes_left -= (uint64_t)n;
    }
    if (!b->ended)
        conn_shut(b->conn);
    b->ended = true;
}

static void on_bytes(void *arg, enum conn_event ev, const struct why *why)
{
    struct bench *b = arg;
    uint8_t byte;
    if (ev == CONN_CLOSED) {
        fprintf(stderr, "%s\n", why->text);
        exit(1);
    }
    if (ev == CONN_READABLE && conn_recv(b->conn, &byte, 1) == CONN_END)
        uv_loop_stop(b->loop); /* it has read all */
    if (ev == CONN_WRITABLE)
        push(b);
}

static void on_bytes_open(void *arg, const struct host_stream *s, const struct why *why)
{
    struct bench *b = arg;
    uint8_t byte;
    if (!s) {
        fprintf(stderr, "%s\n", why->text);
        exit(1);
    }
    b->conn = s->conn;
    conn_watch(b->conn, on_bytes, b);
    b->bytes_left += 8; /* the head: nothing is to come back */
    push(b);
    (void)conn_recv(b->conn, &byte, 1);
}

/* --- many short ones ------------------------------------------------------------------------ */

static void next_stream(struct bench *b);

struct brief {
    struct bench *bench;
    struct conn *conn;
};

/* The echo of the one byte says that both sides agree, whether that was asked or taken as known. */
static void on_echo(void *arg, enum conn_event ev, const struct why *why)
{
    struct brief *s = arg;
    struct bench *b = s->bench;
    uint8_t byte;
    if (ev == CONN_CLOSED) {
        fprintf(stderr, "%s\n", why->text);
        exit(1);
    }
    if (ev != CONN_READABLE || conn_recv(s->conn, &byte, 1) != 1)
        return;
    conn_shut(s->conn);
    conn_close(s->conn);
    free(s);
    b->running--;
    b->done++;
    next_stream(b);
}

static void on_short(void *arg, const struct host_stream *s, const struct why *why)
{
    struct brief *e = MEM_NEW(struct brief);
    if (!s) {
        fprintf(stderr, "%s\n", why->text);
        exit(1);
    }
    *e = (struct brief){arg, s->conn};
    conn_watch(s->conn, on_echo, e);
    conn_send(s->conn, "x", 1);
    on_echo(e, CONN_READABLE, NULL);
}

static void next_stream(struct bench *b)
{
    static const char *const names[] = {ECHO_PROTOCOL};
    while (b->left > 0 && b->running < b->at_once) {
        b->left--;
        b->running++;
        host_open(b->host, &b->peer, names, 1, on_short, b);
    }
    if (b->running == 0)
        uv_loop_stop(b->loop);
}

/* --- connections ---------------------------------------------------------------------------- */

struct dialer {
    struct bench *b;
    struct host *host;
    bool stays;
    struct host_watch watch;
};

static void next_dial(struct dialer *d);
static void begin_dialer(struct bench *b, bool stays);

static void on_again(void *arg)
{
    struct dialer *d = arg;
    host_hang_up(d->host, &d->b->peer);
    d->b->running--;
    next_dial(d);
}

static void on_dialled(void *arg, const struct peer_id *peer, const struct why *why)
{
    struct dialer *d = arg;
    if (!peer) {
        fprintf(stderr, "%s\n", why->text);
        exit(1);
    }
    if (!d->stays) {
        d->b->done++;
        timer_start(d->b->loop, 0, on_again, d);
    }
}

static void on_identified(void *arg, enum host_event ev, const struct peer_id *peer)
{
    struct dialer *d = arg;
    struct bench *b = d->b;
    (void)peer;
    if (ev != HOST_IDENTIFIED)
        return;
    if (++b->done == b->at_once)
        uv_loop_stop(b->loop);
    else if (b->left > 0)
        begin_dialer(b, true);
}

static void next_dial(struct dialer *d)
{
    if (d->b->left == 0) {
        if (d->b->running == 0)
            uv_loop_stop(d->b->loop);
        return;
    }
    d->b->left--;
    d->b->running++;
    host_dial(d->host, NULL, &d->b->to, 1, on_dialled, d);
}

static void begin_dialer(struct bench *b, bool stays)
{
    struct dialer *d = MEM_NEW(struct dialer);
    d->b = b;
    d->host = new_host(b->loop, NULL);
    d->stays = stays;
    d->watch = (struct host_watch){.cb = on_identified, .arg = d};
    if (stays)
        host_watch(d->host, &d->watch);
    next_dial(d);
}

/* --- the programs --------------------------------------------------------------------------- */

static void on_first(void *arg, const struct peer_id *peer, const struct why *why)
{
    struct bench *b = arg;
    if (!peer) {
        fprintf(stderr, "%s\n", why->text);
        exit(1);
    }
    b->peer = *peer;
    uv_loop_stop(b->loop);
}

static void connect_first(struct bench *b)
{
    b->host = new_host(b->loop, NULL);
    host_dial(b->host, NULL, &b->to, 1, on_first, b);
    uv_loop_run(b->loop);
}

static void report(const struct bench *b, uint64_t began_us, double cpu)
{
    printf("{\"done\": %zu, \"wall_s\": %.4f, \"cpu_s\": %.4f}\n", b->done,
           (double)(loop_now_us(b->loop) - began_us) / 1e6, cpu_s() - cpu);
    fflush(stdout);
}

static void serve(struct loop *loop, const char *listen)
{
    char text[MULTIADDR_TEXT];
    struct host *h = new_host(loop, listen);
    struct multiaddr at;
    echo_new(h, true);
    perf_new(h);
    host_listening(h, &at, 1);
    if (multiaddr_add_peer(&at, host_id(h)) != OK)
        exit(1);
    printf("%s\n", multiaddr_format(&at, text));
    fflush(stdout);
    uv_loop_run(loop); /* until it is killed */
}

int main(int argc, char **argv)
{
    struct rlimit files;
    struct why why;
    if (argc < 3)
        return 2;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    struct bench b = {.loop = uv_loop_open(NULL)};
    if (strcmp(argv[1], "serve") == 0) {
        serve(b.loop, argv[2]);
        return 0;
    }
    struct multiaddr_route route;
    if (argc < 4 || multiaddr_parse(&b.to, argv[2], &why) != OK ||
        multiaddr_route(&b.to, &route, &why) != OK)
        return 2;
    b.peer = route.peer;
    size_t count = strtoull(argv[3], NULL, 10);
    static const char *const perf[] = {PERF_PROTOCOL};
    bool bytes = strcmp(argv[1], "bytes") == 0, streams = strcmp(argv[1], "streams") == 0;
    if (bytes || streams)
        connect_first(&b);
    uint64_t began_us = loop_now_us(b.loop);
    double cpu = cpu_s();
    if (bytes) {
        b.bytes_left = (uint64_t)count << 20;
        b.done = count;
        host_open(b.host, &b.peer, perf, 1, on_bytes_open, &b);
    } else if (streams) {
        b.left = count;
        b.at_once = AT_ONCE;
        next_stream(&b);
    } else if (strcmp(argv[1], "conns") == 0) {
        b.left = count;
        for (size_t i = 0; i < DIALERS; i++)
            begin_dialer(&b, false);
    } else {
        b.left = b.at_once = count;
        for (size_t i = 0; i < DIALERS && i < count; i++)
            begin_dialer(&b, true);
    }
    uv_loop_run(b.loop);
    report(&b, began_us, cpu);
    if (strcmp(argv[1], "idle") == 0) {
        getchar(); /* the loop stands still: the peers are there and say nothing */
    }
    _exit(0);
}
