/* bench/utp.c - bytes over uTP and over TCP on loopback, two processes, nothing above the conn.
 *
 *     utp_bench [utp|tcp] [MIB]
 *
 * Prints wall seconds, CPU seconds of both sides and, of uTP, packets sent and sent again. */
#include "net/utp.h"
#include "base/mem.h"
#include "net/conn.h"
#include "net/udp.h"
#include "net/uv/uv_loop.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHUNK = 128 * 1024 };

struct side {
    struct loop *loop;
    struct utp *u;
    struct udp *socket;
    struct conn *c;
    uint64_t left;
    uint8_t *bytes;
};

static bool put_out(void *arg, const struct addr *to, const struct iovec *iov, int count,
                    size_t segment, bool whole)
{
    struct side *s = arg;
    return udp_sendv(s->socket, to, iov, count, segment, whole);
}

static void on_packet(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    struct side *s = arg;
    utp_packet(s->u, from, bytes, n);
}

static void on_pause(void *arg)
{
    utp_pause(((struct side *)arg)->u);
}

static void begin(struct side *s, uint16_t port)
{
    struct why why;
    struct addr at = addr_v4(127, 0, 0, 1, port);
    s->loop = uv_loop_open(NULL);
    s->bytes = mem_zalloc(2 * CHUNK);
    struct utp_env env = {.loop = s->loop, .send = put_out, .arg = s};
    s->u = utp_new(&env);
    s->socket = udp_open(s->loop, &at, on_packet, s, &why);
    if (!s->socket)
        exit(1);
    udp_on_pause(s->socket, on_pause);
}

static void on_read(void *arg, enum conn_event ev, const struct why *why)
{
    struct side *s = arg;
    ssize_t n;
    (void)why;
    if (ev == CONN_CLOSED)
        exit(1);
    while (ev == CONN_READABLE && (n = conn_recv(s->c, s->bytes, 2 * CHUNK)) > 0)
        s->left -= (uint64_t)n;
    if (s->left == 0)
        uv_loop_stop(s->loop);
}

static void on_accept(void *arg, struct conn *c)
{
    struct side *s = arg;
    s->c = c;
    conn_watch(c, on_read, s);
}

static void on_write(void *arg, enum conn_event ev, const struct why *why)
{
    struct side *s = arg;
    (void)why;
    if (ev == CONN_CLOSED)
        uv_loop_stop(s->loop);
    if (ev != CONN_OPEN && ev != CONN_WRITABLE)
        return;
    while (s->left > 0) {
        ssize_t n = conn_send(s->c, s->bytes, s->left < CHUNK ? s->left : CHUNK);
        if (n < 0)
            return;
        s->left -= (uint64_t)n;
    }
}

static void on_look(void *arg)
{
    uv_loop_stop(arg);
}

static double cpu_s(int who)
{
    struct rusage r;
    getrusage(who, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
           (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

int main(int argc, char **argv)
{
    bool tcp = argc > 1 && strcmp(argv[1], "tcp") == 0;
    uint64_t mib = argc > 2 ? strtoull(argv[2], NULL, 10) : 256;
    struct side s = {.left = mib << 20};
    struct addr to = addr_v4(127, 0, 0, 1, 17881);
    int up[2];
    if (pipe(up) != 0)
        return 1;
    pid_t child = fork();
    if (child == 0) {
        struct why why;
        begin(&s, to.port);
        utp_listen(s.u, on_accept, &s);
        if (!tcp_listen(s.loop, &to, on_accept, &s, &why) || write(up[1], "", 1) != 1)
            _exit(1);
        uv_loop_run(s.loop);
        _exit(0);
    }
    char ready;
    if (read(up[0], &ready, 1) != 1)
        return 1;
    begin(&s, 0);
    uint64_t began_us = loop_now_us(s.loop);
    s.c = tcp ? tcp_dial(s.loop, &to, NULL, on_write, &s) : utp_dial(s.u, &to, SEC, on_write, &s);
    int status;
    while (waitpid(child, &status, WNOHANG) == 0) {
        timer_start(s.loop, 5 * MSEC, on_look, s.loop);
        uv_loop_run(s.loop);
    }
    double wall_s = (double)(loop_now_us(s.loop) - began_us) / 1e6;
    struct utp_stat st = tcp ? (struct utp_stat){0} : utp_stat_of(s.c);
    printf("%s %llu MiB: %.2f s wall, %.0f MB/s, %.2f CPU s sending, %.2f receiving",
           tcp ? "tcp" : "utp", (unsigned long long)mib, wall_s, (double)(mib << 20) / wall_s / 1e6,
           cpu_s(RUSAGE_SELF), cpu_s(RUSAGE_CHILDREN));
    printf("; %llu packets of %zu, %llu again, rtt %llu us, window %zu\n",
           (unsigned long long)st.sent, st.packet, (unsigned long long)st.again,
           (unsigned long long)st.rtt_us, st.window);
    return status != 0;
}
