#include "host/reach/relay_call.h"

#include "base/mem.h"
#include "host/host_in.h"
#include "host/mux/messages.h"
#include "host/reach/relay_client.h"
#include "host/reach/relay_msg.h"

#include <stdlib.h>

#define CALL_US (10 * SEC)

struct relay_calls {
    struct host *host;
    const struct log *log;
    relay_may_call *may;
    void *arg;
    struct link calls;
    size_t count;
};

struct call {
    struct link link;
    struct relay_calls *all;
    struct messages *stream; /* until CONNECT has come */
    struct conn *conn;       /* from then on */
    struct buf out;          /* the answer, as far as it was not taken */
    struct timer *late;
    bool limited;
};

static void call_free(struct call *c)
{
    c->all->count--;
    list_drop(&c->link);
    messages_free(c->stream);
    conn_close(c->conn);
    buf_done(&c->out);
    timer_cancel(c->late);
    free(c);
}

static void on_late(void *arg)
{
    struct call *c = arg;
    c->late = NULL;
    call_free(c);
}

/* The answer goes out; with its last byte the stream is a connection's. */
static void write_on(struct call *c)
{
    while (buf_len(&c->out) > 0) {
        ssize_t n = conn_send(c->conn, buf_bytes(&c->out), buf_len(&c->out));
        if (n <= 0)
            return;
        buf_eat(&c->out, (size_t)n);
    }
    struct host *h = c->all->host;
    struct conn *conn = c->conn;
    struct way way = {.path = PATH_RELAYED, .inbound = true, .limited = c->limited};
    c->conn = NULL;
    call_free(c);
    conn->peer = (struct addr){.family = ADDR_NONE}; /* the relay's is not who is there */
    host_receive(h, conn, &way);
}

static void on_conn(void *arg, enum conn_event ev, const struct why *why)
{
    (void)why;
    if (ev == CONN_CLOSED)
        call_free(arg);
    else if (ev == CONN_WRITABLE)
        write_on(arg);
}

static void accept_call(struct call *c, const struct relay_msg *m)
{
    struct relay_msg yes = {.type = RELAY_STATUS, .status = RELAY_OK};
    struct buf body = {0};
    c->limited = m->limit.duration_s || m->limit.data_bytes;
    c->conn = messages_take(c->stream);
    c->stream = NULL;
    relay_stop_encode(&yes, &body);
    buf_uvarint(&c->out, buf_len(&body));
    buf_put(&c->out, buf_bytes(&body), buf_len(&body));
    buf_done(&body);
    conn_watch(c->conn, on_conn, c);
    write_on(c);
}

static void refuse(struct call *c, enum relay_status status)
{
    struct relay_msg no = {.type = RELAY_STATUS, .status = status};
    struct buf out = {0};
    relay_stop_encode(&no, &out);
    if (messages_send(c->stream, buf_bytes(&out), buf_len(&out), NULL) == OK)
        messages_shut(c->stream);
    buf_done(&out);
    call_free(c);
}

static void on_message(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct call *c = arg;
    struct relay_msg m;
    (void)why;
    if (ev != MESSAGES_ONE)
        call_free(c);
    else if (relay_stop_decode(&m, msg, NULL) != OK)
        refuse(c, RELAY_MALFORMED_MESSAGE);
    else if (m.type != RELAY_CONNECT || m.peer.len == 0)
        refuse(c, RELAY_UNEXPECTED_MESSAGE);
    else
        accept_call(c, &m);
}

static void on_stream(void *arg, const struct host_stream *s)
{
    struct relay_calls *all = arg;
    if (all->count >= RELAY_CALLS_MAX || s->conn->peer.family == ADDR_NONE ||
        !all->may(all->arg, s->peer)) {
        conn_close(s->conn);
        return;
    }
    struct call *c = MEM_NEW(struct call);
    c->all = all;
    list_push(&all->calls, &c->link);
    all->count++;
    c->late = timer_start(all->host->loop, CALL_US, on_late, c);
    c->stream = messages_new(s->conn, RELAY_MESSAGE_MAX, on_message, c);
}

struct relay_calls *relay_calls_new(struct host *h, const struct log *log, relay_may_call *may,
                                    void *arg)
{
    struct relay_calls *all = MEM_NEW(struct relay_calls);
    struct host_protocol p = {.name = RELAY_STOP_PROTOCOL, .cb = on_stream, .arg = all};
    all->host = h;
    all->log = log;
    all->may = may;
    all->arg = arg;
    list_init(&all->calls);
    host_handle(h, &p);
    return all;
}

void relay_calls_free(struct relay_calls *all)
{
    if (!all)
        return;
    host_ignore(all->host, RELAY_STOP_PROTOCOL);
    LIST_EACH(&all->calls, struct call, c, link)
        call_free(c);
    free(all);
}
