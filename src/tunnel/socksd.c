/* A local proxy: SOCKS5 and HTTP's CONNECT on one port, whose connections leave by a peer's exit.
 */
#include "tunnel/ask.h"
#include "tunnel/pipe.h"
#include "tunnel/socksd_msg.h"
#include "tunnel/tunnel_in.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TALK_US (30 * SEC)  /* it says where to in this time */
#define LINGER_US (2 * SEC) /* so long the last words may take to be read */

/* One local connection: talking, then waiting for the exit, then joined; or leaving. */
struct client {
    struct link link; /* in proxy.clients */
    struct socksd *p;
    struct conn *conn; /* until it is joined */
    struct socksd_talk talk;
    char *login; /* what talk.user and talk.password point into */
    struct buf in, out;
    bool asked, leaving;
    struct timer *timer;
    struct ask *ask;
    struct pipe *pipe;
};

static void client_free(struct client *c)
{
    c->p->client_count--;
    list_drop(&c->link);
    timer_cancel(c->timer);
    ask_cancel(c->ask);
    conn_close(c->conn);
    pipe_free(c->pipe);
    buf_done(&c->in);
    buf_done(&c->out);
    free(c->login);
    free(c);
}

static void on_timer(void *arg)
{
    struct client *c = arg;
    c->timer = NULL;
    client_free(c);
}

static void within(struct client *c, uint64_t us)
{
    timer_cancel(c->timer);
    c->timer = us ? timer_start(c->p->t->env.loop, us, on_timer, c) : NULL;
}

static void flush(struct client *c)
{
    while (buf_len(&c->out) > 0) {
        ssize_t n = conn_send(c->conn, buf_bytes(&c->out), buf_len(&c->out));
        if (n <= 0)
            return;
        buf_eat(&c->out, (size_t)n);
    }
    if (c->leaving)
        conn_shut(c->conn);
}

/* What it still sends is read and dropped, so that our last words arrive before a reset. */
static void leave(struct client *c)
{
    uint8_t bytes[4096];
    ssize_t n;
    if (!c->leaving) {
        c->leaving = true;
        within(c, LINGER_US);
        flush(c);
    }
    while ((n = conn_recv(c->conn, bytes, sizeof bytes)) > 0)
        ;
    if (n == CONN_END)
        client_free(c);
}

/* --- the exit ------------------------------------------------------------------------------- */

static void on_done(void *arg, const struct why *why)
{
    struct client *c = arg;
    if (why)
        log_debug(c->p->t->env.log, "a connection through an exit ended: %s", why->text);
    client_free(c);
}

static void fail(struct client *c, const struct why *why)
{
    log_debug(c->p->t->env.log, "an exit does not connect: %s", why->text);
    c->p->why = *why;
    socksd_put_result(&c->talk, why, &c->out);
    leave(c);
}

static void on_answer(void *arg, const struct ask_answer *answer, const struct why *why)
{
    struct client *c = arg;
    struct why ok = {.code = OK};
    c->ask = NULL;
    if (!answer->stream) {
        fail(c, why);
        return;
    }
    c->p->why = ok;
    socksd_put_result(&c->talk, &ok, &c->out);
    struct pipe_cfg cfg = {.a = c->conn,
                           .b = lasting_of_answer(&c->p->t->lastings, answer),
                           .to_a = c->out,
                           .to_b = c->in,
                           .policy = c->p->t->env.policy,
                           .idle_us = TUNNEL_IDLE_US,
                           .done = on_done,
                           .arg = c};
    c->conn = NULL;
    buf_init(&c->in);
    buf_init(&c->out);
    c->pipe = pipe_new(&cfg);
}

/* The nearest of those that we trust and that offer an exit; of equals the first by id. */
static bool choose(const struct socksd *p, struct peer_id *out)
{
    enum { CONNECTED_MAX = 256 };
    struct peer_id ids[CONNECTED_MAX];
    uint64_t best = UINT64_MAX;
    if (p->via.len > 0) {
        *out = p->via;
        return true;
    }
    size_t n = host_peers(p->t->host, ids, CONNECTED_MAX);
    for (size_t i = 0; i < n; i++) {
        struct host_peer peer;
        if (!tunnel_trusts(p->t, &ids[i]) ||
            !host_peer_speaks(p->t->host, &ids[i], EXIT_PROTOCOL) ||
            !host_peer(p->t->host, &ids[i], &peer))
            continue;
        if (peer.rtt_us < best) {
            best = peer.rtt_us;
            *out = ids[i];
        }
    }
    return best != UINT64_MAX;
}

static void ask(struct client *c)
{
    struct peer_id exit;
    struct why why;
    c->asked = true;
    within(c, 0);
    if (choose(c->p, &exit)) {
        c->ask = ask_start(c->p->t->host, &exit, EXIT_PROTOCOL, &c->talk.target, on_answer, c);
        return;
    }
    why_set(&why, ERR_STATE, "nobody that you trust and are connected to offers an exit");
    fail(c, &why);
}

/* --- talking -------------------------------------------------------------------------------- */

/* False: nothing more is to be read, and c may be gone. */
static bool talk(struct client *c)
{
    enum socksd_step step = SOCKSD_AGAIN;
    while (step == SOCKSD_AGAIN)
        step = socksd_step(&c->talk, &c->in, &c->out);
    flush(c);
    if (step == SOCKSD_READY)
        ask(c);
    if (step == SOCKSD_REFUSED)
        leave(c);
    return step == SOCKSD_MORE;
}

static void read_on(struct client *c)
{
    bool more = true;
    if (c->leaving)
        leave(c);
    else if (c->asked)
        return; /* raw bytes wait until there is somebody to take them */
    else
        while (more) {
            size_t room = SOCKSD_IN_MAX - buf_len(&c->in);
            ssize_t n = conn_recv(c->conn, buf_room(&c->in, room), room);
            if (n == CONN_END)
                client_free(c);
            if (n <= 0)
                return;
            buf_grew(&c->in, (size_t)n);
            more = talk(c);
        }
}

static void on_local(void *arg, enum conn_event ev, const struct why *why)
{
    struct client *c = arg;
    (void)why;
    switch (ev) {
    case CONN_OPEN:
        break;
    case CONN_READABLE:
        read_on(c);
        break;
    case CONN_WRITABLE:
        flush(c);
        break;
    case CONN_CLOSED:
        client_free(c);
        break;
    }
}

static void on_accept(void *arg, struct conn *conn)
{
    struct socksd *p = arg;
    const char *login = conf_text(p->t->env.conf, "connect.socks-login"),
               *colon = strchr(login, ':');
    if (p->client_count >= CALLERS_MAX) {
        conn_close(conn);
        return;
    }
    struct client *c = MEM_NEW(struct client);
    c->p = p;
    c->conn = conn;
    if (colon) {
        c->login = mem_strdup(login);
        c->login[colon - login] = 0;
        c->talk.user = c->login;
        c->talk.password = c->login + (colon - login) + 1;
    }
    list_push(&p->clients, &c->link);
    p->client_count++;
    conn_watch(conn, on_local, c);
    within(c, TALK_US);
}

/* --- listeners ------------------------------------------------------------------------------ */

struct socksd *socksd_find(const struct tunnel *t, const struct addr *at)
{
    LIST_EACH(&t->socksds, struct socksd, p, link)
        if (addr_equal(&p->at, at))
            return p;
    return NULL;
}

static void insert(struct tunnel *t, struct socksd *p)
{
    struct link *before = &t->socksds;
    LIST_EACH(&t->socksds, struct socksd, other, link)
        if (before == &t->socksds && addr_cmp(&other->at, &p->at) > 0)
            before = &other->link;
    list_push(before, &p->link);
}

struct socksd *socksd_new(struct tunnel *t, const struct addr *at, const struct peer_id *via,
                          bool must, struct why *why)
{
    struct socksd *p = MEM_NEW(struct socksd);
    p->listener = tcp_listen(t->env.loop, at, on_accept, p, why);
    if (!p->listener && must) {
        free(p);
        return NULL;
    }
    p->t = t;
    p->at = p->listener ? listener_addr(p->listener) : *at;
    p->via = *via;
    if (!p->listener)
        p->why = *why;
    list_init(&p->clients);
    insert(t, p);
    return p;
}

void socksd_free(struct socksd *p)
{
    listener_close(p->listener);
    LIST_EACH(&p->clients, struct client, c, link)
        client_free(c);
    list_drop(&p->link);
    free(p);
}
