#include "host/talk/ping.h"

#include "base/mem.h"
#include "host/talk/echo.h"

#include <stdlib.h>
#include <string.h>

enum { PING_LEN = 32 };

struct ping {
    struct host *host;
    struct host_open *open;
    struct conn *conn;
    struct timer *late;
    uint64_t sent_us;
    uint8_t said[PING_LEN], heard[PING_LEN];
    size_t got;
    ping_cb *cb;
    void *arg;
};

void ping_cancel(struct ping *p)
{
    if (!p)
        return;
    host_open_cancel(p->open);
    timer_cancel(p->late);
    if (p->conn)
        conn_shut(p->conn);
    conn_close(p->conn);
    free(p);
}

static void finish(struct ping *p, uint64_t rtt_us, const struct why *why)
{
    ping_cb *cb = p->cb;
    void *arg = p->arg;
    struct why said = {0};
    if (why)
        said = *why; /* it may be inside what is freed */
    ping_cancel(p);
    cb(arg, rtt_us, why ? &said : NULL);
}

static void fail(struct ping *p, enum err code, const char *what)
{
    struct why why;
    why_set(&why, code, "%s", what);
    finish(p, 0, &why);
}

static void read_on(struct ping *p)
{
    while (p->got < PING_LEN) {
        ssize_t n = conn_recv(p->conn, p->heard + p->got, PING_LEN - p->got);
        if (n == CONN_END)
            fail(p, ERR_CLOSED, "it ended the stream instead of answering the ping");
        if (n <= 0)
            return;
        p->got += (size_t)n;
    }
    uint64_t rtt_us = loop_now_us(p->conn->loop) - p->sent_us;
    if (memcmp(p->said, p->heard, PING_LEN) != 0)
        fail(p, ERR_INVALID, "it answered the ping with other bytes");
    else
        finish(p, rtt_us > 0 ? rtt_us : 1, NULL);
}

static void on_conn(void *arg, enum conn_event ev, const struct why *why)
{
    if (ev == CONN_CLOSED)
        finish(arg, 0, why);
    else
        read_on(arg);
}

static void on_late(void *arg)
{
    struct ping *p = arg;
    p->late = NULL;
    fail(p, ERR_TIMEOUT, "no answer to the ping in 10 s");
}

static void on_open(void *arg, const struct host_stream *s, const struct why *why)
{
    struct ping *p = arg;
    p->open = NULL;
    if (!s) {
        finish(p, 0, why);
        return;
    }
    p->conn = s->conn;
    conn_watch(p->conn, on_conn, p);
    loop_random(p->conn->loop, p->said, PING_LEN);
    p->sent_us = loop_now_us(p->conn->loop);
    p->late = timer_start(p->conn->loop, PING_WAIT_US, on_late, p);
    (void)conn_send(p->conn, p->said, PING_LEN); /* a new stream takes so much */
    read_on(p);
}

struct ping *ping_start(struct host *h, const struct peer_id *peer, ping_cb *cb, void *arg)
{
    static const char *const names[] = {PING_PROTOCOL};
    struct ping *p = MEM_NEW(struct ping);
    p->host = h;
    p->cb = cb;
    p->arg = arg;
    p->open = host_open(h, peer, names, 1, on_open, p);
    return p;
}
