#include "host/talk/perf.h"

#include "base/cur.h"
#include "base/mem.h"

#include <stdlib.h>

enum { CHUNK = 64 << 10, TURN = 64 }; /* bytes at once; chunks in a turn, then others have theirs */

struct perf {
    struct host *host;
    struct link streams;
    size_t count;
    uint8_t zeros[CHUNK], dropped[CHUNK];
};

struct run {
    struct link link;
    struct perf *perf;
    struct conn *conn;
    struct timer *again;
    uint8_t asked[8];
    size_t got; /* of them */
    bool ended; /* it is our turn */
    uint64_t left;
};

static void go_on(struct run *r);

static void run_free(struct run *r)
{
    r->perf->count--;
    list_drop(&r->link);
    timer_cancel(r->again);
    conn_close(r->conn);
    free(r);
}

static void on_again(void *arg)
{
    struct run *r = arg;
    r->again = NULL;
    go_on(r);
}

static void later(struct run *r)
{
    if (!r->again)
        r->again = timer_start(r->conn->loop, 0, on_again, r);
}

/* False: r is gone, or it is not our turn yet. */
static bool take(struct run *r)
{
    for (unsigned i = 0; i < TURN && !r->ended; i++) {
        bool head = r->got < sizeof r->asked;
        ssize_t n = head ? conn_recv(r->conn, r->asked + r->got, sizeof r->asked - r->got)
                         : conn_recv(r->conn, r->perf->dropped, CHUNK);
        if (n == CONN_END && head) {
            run_free(r);
            return false;
        }
        r->ended = n == CONN_END;
        if (n <= 0 && !r->ended)
            return false;
        if (head && n > 0)
            r->got += (size_t)n;
    }
    if (!r->ended) {
        later(r);
        return false;
    }
    struct cur c = cur_of(r->asked, sizeof r->asked);
    r->left = cur_be(&c, 8);
    return true;
}

static void give(struct run *r)
{
    for (unsigned i = 0; i < TURN && r->left > 0; i++) {
        ssize_t n = conn_send(r->conn, r->perf->zeros, r->left < CHUNK ? (size_t)r->left : CHUNK);
        if (n <= 0)
            return;
        r->left -= (uint64_t)n;
    }
    if (r->left > 0) {
        later(r);
        return;
    }
    conn_shut(r->conn);
    run_free(r);
}

static void go_on(struct run *r)
{
    if (r->ended || take(r))
        give(r);
}

static void on_conn(void *arg, enum conn_event ev, const struct why *why)
{
    (void)why;
    if (ev == CONN_CLOSED)
        run_free(arg);
    else
        go_on(arg);
}

static void on_stream(void *arg, const struct host_stream *s)
{
    struct perf *p = arg;
    if (p->count == PERF_STREAMS_MAX) {
        conn_close(s->conn);
        return;
    }
    struct run *r = MEM_NEW(struct run);
    r->perf = p;
    r->conn = s->conn;
    p->count++;
    list_push(&p->streams, &r->link);
    conn_watch(r->conn, on_conn, r);
    later(r);
}

struct perf *perf_new(struct host *h)
{
    struct perf *p = MEM_NEW(struct perf);
    struct host_protocol mine = {.name = PERF_PROTOCOL, .cb = on_stream, .arg = p};
    p->host = h;
    list_init(&p->streams);
    host_handle(h, &mine);
    return p;
}

void perf_free(struct perf *p)
{
    if (!p)
        return;
    host_ignore(p->host, PERF_PROTOCOL);
    LIST_EACH(&p->streams, struct run, r, link)
        run_free(r);
    free(p);
}
