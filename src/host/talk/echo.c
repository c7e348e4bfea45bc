#include "host/talk/echo.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { PING_LEN = 32, ECHO_LEN = 16 << 10 };

struct service {
    struct echo *echo;
    size_t size, max; /* of a buffer; of streams of one peer */
};

struct echo {
    struct host *host;
    struct service ping, lab;
    struct link streams;
};

struct echoed {
    struct link link;
    const struct service *service;
    struct conn *conn;
    struct peer_id peer;
    size_t from, to; /* of what is to be sent back */
    uint8_t bytes[];
};

static void echoed_free(struct echoed *s)
{
    list_drop(&s->link);
    conn_close(s->conn);
    free(s);
}

/* False: nothing more can be done now. */
static bool send_back(struct echoed *s)
{
    while (s->from < s->to) {
        ssize_t n = conn_send(s->conn, s->bytes + s->from, s->to - s->from);
        if (n <= 0)
            return false;
        s->from += (size_t)n;
    }
    s->from = s->to = 0;
    return true;
}

static void go_on(struct echoed *s)
{
    while (send_back(s)) {
        ssize_t n = conn_recv(s->conn, s->bytes, s->service->size);
        if (n == CONN_END) {
            conn_shut(s->conn);
            echoed_free(s);
        }
        if (n <= 0)
            return;
        s->to = (size_t)n;
    }
}

static void on_conn(void *arg, enum conn_event ev, const struct why *why)
{
    (void)why;
    if (ev == CONN_CLOSED)
        echoed_free(arg);
    else
        go_on(arg);
}

static void on_stream(void *arg, const struct host_stream *s)
{
    const struct service *service = arg;
    size_t same = 0;
    LIST_EACH(&service->echo->streams, struct echoed, other, link)
        same += other->service == service && peer_id_equal(&other->peer, s->peer);
    if (same >= service->max) {
        conn_close(s->conn);
        return;
    }
    struct echoed *e = mem_zalloc(sizeof *e + service->size);
    e->service = service;
    e->conn = s->conn;
    e->peer = *s->peer;
    list_push(&service->echo->streams, &e->link);
    conn_watch(e->conn, on_conn, e);
    go_on(e);
}

static void serve(struct echo *e, struct service *s, const char *name, size_t size, size_t max)
{
    *s = (struct service){e, size, max};
    struct host_protocol p = {.name = name, .cb = on_stream, .arg = s, .limited = true};
    host_handle(e->host, &p);
}

struct echo *echo_new(struct host *h, bool lab)
{
    struct echo *e = MEM_NEW(struct echo);
    e->host = h;
    list_init(&e->streams);
    serve(e, &e->ping, PING_PROTOCOL, PING_LEN, ECHO_STREAMS_MAX);
    if (lab)
        serve(e, &e->lab, ECHO_PROTOCOL, ECHO_LEN, ECHO_LAB_STREAMS_MAX);
    return e;
}

void echo_free(struct echo *e)
{
    if (!e)
        return;
    host_ignore(e->host, PING_PROTOCOL);
    host_ignore(e->host, ECHO_PROTOCOL);
    LIST_EACH(&e->streams, struct echoed, s, link)
        echoed_free(s);
    free(e);
}
