#include "net/socks.h"

#include "base/buf.h"
#include "base/mem.h"
#include "net/socks_msg.h"
#include "net/udp.h"

#include <stdbool.h>
#include <string.h>

enum socks_step { STEP_CHOICE, STEP_LOGIN, STEP_REPLY, STEP_OPEN };

struct socks_conn {
    struct conn conn;
    const struct socks *proxy;
    enum socks_command command;
    enum socks_step step;
    char *host; /* NULL: conn.peer is asked for */
    struct buf out, in;
    struct addr bound; /* of the reply */
    bool want_write;   /* asked before it was open */
    bool shut;
    bool *gone;          /* set when the owner closes us inside his callback */
    struct why *why;     /* it failed; told, or will be by `timer` */
    struct timer *timer; /* the handshake's deadline, or CONN_CLOSED in the next turn */
};

/* False when the owner has closed us meanwhile, and c is no more. */
static bool raise_event(struct socks_conn *c, enum conn_event ev, const struct why *why)
{
    bool gone = false;
    c->gone = &gone;
    conn_raise(&c->conn, ev, why);
    if (!gone)
        c->gone = NULL;
    return !gone;
}

static void tell_closed(void *arg)
{
    struct socks_conn *c = arg;
    c->timer = NULL;
    raise_event(c, CONN_CLOSED, c->why);
}

static void fail(struct socks_conn *c, const struct why *why)
{
    if (c->why)
        return;
    c->why = mem_dup(why, sizeof *why);
    timer_cancel(c->timer);
    c->timer = timer_start(c->conn.loop, 0, tell_closed, c);
}

static void fail_with(struct socks_conn *c, enum err code, const char *text)
{
    struct why why;
    char at[ADDR_TEXT];
    why_set(&why, code, "proxy %s: %s", addr_format(&c->proxy->at, at), text);
    fail(c, &why);
}

static void on_deadline(void *arg)
{
    struct socks_conn *c = arg;
    c->timer = NULL;
    fail_with(c, ERR_TIMEOUT, "no answer");
}

static void flush(struct socks_conn *c)
{
    ssize_t n = 1;
    while (n > 0 && buf_len(&c->out) > 0) {
        n = conn_send(c->conn.below, buf_bytes(&c->out), buf_len(&c->out));
        if (n > 0)
            buf_eat(&c->out, (size_t)n);
    }
}

static void ask(struct socks_conn *c)
{
    socks_put_request(&c->out, c->command, c->host, &c->conn.peer);
    c->step = STEP_REPLY;
}

/* What is here, by the step; the bytes it took, 0: more are needed. */
static int step_on(struct socks_conn *c, struct why *why)
{
    enum socks_method method = SOCKS_NONE;
    int n = 0;
    switch (c->step) {
    case STEP_CHOICE:
        n = socks_read_choice(buf_cur(&c->in), &method, why);
        if (n <= 0)
            return n;
        if (method == SOCKS_OPEN) {
            ask(c);
        } else if (c->proxy->user) {
            socks_put_login(&c->out, c->proxy->user, c->proxy->password);
            c->step = STEP_LOGIN;
        } else { /* it was not offered */
            why_set(why, ERR_DENIED, "the proxy wants a user's name and a password");
            return SOCKS_BAD;
        }
        return n;
    case STEP_LOGIN:
        n = socks_read_login(buf_cur(&c->in), why);
        if (n > 0)
            ask(c);
        return n;
    case STEP_REPLY:
        n = socks_read_reply(buf_cur(&c->in), &c->bound, why);
        if (n > 0)
            c->step = STEP_OPEN;
        return n;
    case STEP_OPEN:
        break;
    }
    return 0;
}

static void opened(struct socks_conn *c)
{
    timer_cancel(c->timer);
    c->timer = NULL;
    buf_done(&c->in);
    buf_done(&c->out);
    if (c->shut)
        conn_shut(c->conn.below);
    bool write = c->want_write;
    if (raise_event(c, CONN_OPEN, NULL) && raise_event(c, CONN_READABLE, NULL) && write)
        raise_event(c, CONN_WRITABLE, NULL);
}

/* Byte by byte: what follows the reply is the owner's. */
static void shake(struct socks_conn *c)
{
    struct why why;
    while (!c->why) {
        uint8_t byte;
        flush(c);
        ssize_t got = conn_recv(c->conn.below, &byte, 1);
        if (got == CONN_END)
            fail_with(c, ERR_CLOSED, "it hung up");
        if (got <= 0)
            return;
        buf_u8(&c->in, byte);
        int n = step_on(c, &why);
        if (n < 0)
            fail_with(c, why.code, why.text);
        if (n > 0)
            buf_eat(&c->in, (size_t)n);
        if (c->step == STEP_OPEN) {
            opened(c);
            return;
        }
    }
}

static void on_below(void *arg, enum conn_event ev, const struct why *why)
{
    struct socks_conn *c = arg;
    if (c->why)
        return;
    if (ev == CONN_CLOSED) {
        fail_with(c, why->code, why->text);
    } else if (c->step == STEP_OPEN) {
        raise_event(c, ev, NULL);
    } else if (ev == CONN_OPEN) {
        socks_put_hello(&c->out, c->proxy->user != NULL);
        flush(c);
    } else {
        shake(c);
    }
}

static ssize_t socks_recv(struct conn *conn, void *to, size_t n)
{
    const struct socks_conn *c = (const struct socks_conn *)conn;
    if (c->why)
        return CONN_FAILED;
    return c->step == STEP_OPEN ? conn_recv(conn->below, to, n) : CONN_AGAIN;
}

static ssize_t socks_sendv(struct conn *conn, const struct iovec *iov, int count)
{
    struct socks_conn *c = (struct socks_conn *)conn;
    if (c->why)
        return CONN_FAILED;
    if (c->step == STEP_OPEN)
        return conn_sendv(conn->below, iov, count);
    c->want_write = true;
    return CONN_AGAIN;
}

static void socks_shut(struct conn *conn)
{
    struct socks_conn *c = (struct socks_conn *)conn;
    c->shut = true;
    if (c->step == STEP_OPEN)
        conn_shut(conn->below);
}

static void socks_close(struct conn *conn)
{
    struct socks_conn *c = (struct socks_conn *)conn;
    if (c->gone)
        *c->gone = true;
    timer_cancel(c->timer);
    conn_close(conn->below);
    buf_done(&c->in);
    buf_done(&c->out);
    free(c->host);
    free(c->why);
    free(c);
}

static const struct conn_ops ops = {
    .name = "socks",
    .recv = socks_recv,
    .sendv = socks_sendv,
    .close = socks_close,
    .shut = socks_shut,
};

static struct socks_conn *over(struct conn *below, const struct socks *proxy,
                               enum socks_command command, const char *host, const struct addr *to,
                               conn_cb *cb, void *arg)
{
    struct socks_conn *c = MEM_NEW(struct socks_conn);
    c->conn = (struct conn){.ops = &ops, .loop = below->loop, .below = below, .cb = cb, .arg = arg};
    c->conn.peer = *to;
    c->conn.local = below->local;
    c->proxy = proxy;
    c->command = command;
    c->host = host ? mem_strdup(host) : NULL;
    c->timer = timer_start(below->loop, CONN_HANDSHAKE_US, on_deadline, c);
    conn_watch(below, on_below, c);
    return c;
}

struct conn *socks_over(struct conn *below, const struct socks *proxy, const char *host,
                        const struct addr *to, conn_cb *cb, void *arg)
{
    return &over(below, proxy, SOCKS_CONNECT, host, to, cb, arg)->conn;
}

struct conn *socks_dial(struct loop *loop, const struct socks *proxy, const char *host,
                        const struct addr *to, conn_cb *cb, void *arg)
{
    return socks_over(tcp_dial_direct(loop, &proxy->at, NULL, NULL, NULL), proxy, host, to, cb,
                      arg);
}

struct conn *tcp_dial(struct loop *loop, const struct addr *to, const struct addr *from,
                      conn_cb *cb, void *arg)
{
    const struct socks *proxy = loop_proxy(loop);
    return proxy ? socks_dial(loop, proxy, NULL, to, cb, arg)
                 : tcp_dial_direct(loop, to, from, cb, arg);
}

/* Datagrams. */

struct socks_udp {
    struct loop *loop;
    const struct socks *proxy;
    socks_udp_cb *cb;
    void *arg;
    struct socks_conn *control; /* stands as long as the association */
    struct addr relay;          /* ADDR_NONE: not yet */
    struct udp *udp;            /* while it is up */
    struct timer *again;
};

static void associate(void *arg);

static void lost(struct socks_udp *u)
{
    udp_close(u->udp);
    u->udp = NULL;
    if (u->control)
        conn_close(&u->control->conn);
    u->control = NULL;
    timer_cancel(u->again);
    u->again = timer_start(u->loop, SOCKS_AGAIN_US, associate, u);
}

static void on_datagram(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    struct socks_udp *u = arg;
    struct cur in = cur_of(bytes, n);
    struct addr source;
    if (addr_equal(from, &u->relay) && socks_read_udp(&in, &source))
        u->cb(u->arg, &source, in.p, in.n);
}

/* Where the relay listens: proxies that do not know their own address say 0.0.0.0. */
static void begin(struct socks_udp *u)
{
    struct why why;
    u->relay = u->control->bound;
    if (u->relay.family == ADDR_NONE || addr_is_any(&u->relay)) {
        uint16_t port = u->relay.port;
        u->relay = u->proxy->at;
        u->relay.port = port;
    }
    struct addr at = {.family = u->relay.family};
    u->udp = udp_open_direct(u->loop, &at, on_datagram, u, &why);
    if (!u->udp)
        lost(u);
}

static void on_control(void *arg, enum conn_event ev, const struct why *why)
{
    struct socks_udp *u = arg;
    uint8_t bytes[64];
    ssize_t n = 0;
    (void)why;
    if (ev == CONN_OPEN)
        begin(u);
    else if (ev == CONN_CLOSED)
        lost(u);
    else if (ev == CONN_READABLE)
        do
            n = conn_recv(&u->control->conn, bytes, sizeof bytes);
        while (n > 0);
    if (n == CONN_END)
        lost(u);
}

static void associate(void *arg)
{
    struct socks_udp *u = arg;
    struct addr any = {.family = u->proxy->at.family};
    u->again = NULL;
    u->control = over(tcp_dial_direct(u->loop, &u->proxy->at, NULL, NULL, NULL), u->proxy,
                      SOCKS_UDP, NULL, &any, on_control, u);
}

struct socks_udp *socks_udp_open(struct loop *loop, const struct socks *proxy, socks_udp_cb *cb,
                                 void *arg)
{
    struct socks_udp *u = MEM_NEW(struct socks_udp);
    *u = (struct socks_udp){.loop = loop, .proxy = proxy, .cb = cb, .arg = arg};
    associate(u);
    return u;
}

void socks_udp_send(struct socks_udp *u, const char *host, const struct addr *to, const void *bytes,
                    size_t n)
{
    struct buf b = {0};
    if (!u->udp || n > UDP_MAX - SOCKS_REPLY_MAX)
        return;
    socks_put_udp(&b, host, to);
    buf_put(&b, bytes, n);
    udp_send(u->udp, &u->relay, buf_bytes(&b), buf_len(&b));
    buf_done(&b);
}

bool socks_udp_is_up(const struct socks_udp *u)
{
    return u->udp != NULL;
}

void socks_udp_close(struct socks_udp *u)
{
    if (!u)
        return;
    timer_cancel(u->again);
    udp_close(u->udp);
    if (u->control)
        conn_close(&u->control->conn);
    free(u);
}
