#include "net/socks.h"

#include "base/buf.h"
#include "base/mem.h"
#include "net/filter.h"
#include "net/socks_msg.h"
#include "net/udp.h"

#include <stdbool.h>
#include <string.h>

enum socks_step { STEP_CHOICE, STEP_LOGIN, STEP_REPLY, STEP_OPEN };

struct socks_conn {
    struct filter f;
    const struct socks *proxy;
    enum socks_command command;
    enum socks_step step;
    char *host;        /* NULL: conn.peer is asked for */
    struct addr bound; /* of the reply */
};

static void blame_proxy(const struct filter *f, struct why *why)
{
    char at[ADDR_TEXT];
    why_in(why, why->code, "proxy %s", addr_format(&((const struct socks_conn *)f)->proxy->at, at));
}

static void ask(struct socks_conn *c)
{
    socks_put_request(&c->f.out, c->command, c->host, &c->f.conn.peer);
    c->step = STEP_REPLY;
}

/* What is here, by the step; the bytes it took, 0: more are needed. */
static int step_on(struct socks_conn *c, struct why *why)
{
    enum socks_method method = SOCKS_NONE;
    int n = 0;
    switch (c->step) {
    case STEP_CHOICE:
        n = socks_read_choice(buf_cur(&c->f.in), &method, why);
        if (n <= 0)
            return n;
        if (method == SOCKS_OPEN) {
            ask(c);
        } else if (c->proxy->user) {
            socks_put_login(&c->f.out, c->proxy->user, c->proxy->password);
            c->step = STEP_LOGIN;
        } else { /* it was not offered */
            why_set(why, ERR_DENIED, "the proxy wants a user's name and a password");
            return SOCKS_BAD;
        }
        return n;
    case STEP_LOGIN:
        n = socks_read_login(buf_cur(&c->f.in), why);
        if (n > 0)
            ask(c);
        return n;
    case STEP_REPLY:
        n = socks_read_reply(buf_cur(&c->f.in), &c->bound, why);
        if (n > 0)
            c->step = STEP_OPEN;
        return n;
    case STEP_OPEN:
        break;
    }
    return 0;
}

static void shake(struct filter *f)
{
    struct socks_conn *c = (struct socks_conn *)f;
    struct why why;
    ssize_t got = 1;
    while (got > 0) {
        int n = step_on(c, &why);
        if (n < 0) {
            filter_fail(f, &why);
            return;
        }
        buf_eat(&f->in, (size_t)n);
        if (c->step == STEP_OPEN) {
            filter_pass(f);
            return;
        }
        if (n == 0)
            got = filter_fill(f, &f->in, SOCKS_REPLY_MAX);
    }
    if (got == CONN_END)
        filter_fail_with(f, ERR_CLOSED, "it hung up");
}

static void done(struct filter *f)
{
    free(((struct socks_conn *)f)->host);
}

static const struct filter_ops ops = {
    .conn = FILTER_CONN("socks"), .shake = shake, .done = done, .blame = blame_proxy};

static struct socks_conn *over(struct conn *below, const struct socks *proxy,
                               enum socks_command command, const char *host, const struct addr *to,
                               conn_cb *cb, void *arg)
{
    struct socks_conn *c = MEM_NEW(struct socks_conn);
    filter_init(&c->f, &ops, below, cb, arg);
    filter_deadline(&c->f, CONN_HANDSHAKE_US, "no answer");
    c->f.conn.peer = *to;
    c->proxy = proxy;
    c->command = command;
    c->host = host ? mem_strdup(host) : NULL;
    socks_put_hello(&c->f.out, proxy->user != NULL);
    return c;
}

struct conn *socks_over(struct conn *below, const struct socks *proxy, const char *host,
                        const struct addr *to, conn_cb *cb, void *arg)
{
    return &over(below, proxy, SOCKS_CONNECT, host, to, cb, arg)->f.conn;
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
        conn_close(&u->control->f.conn);
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
            n = conn_recv(&u->control->f.conn, bytes, sizeof bytes);
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
        conn_close(&u->control->f.conn);
    free(u);
}
