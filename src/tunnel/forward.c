/* A local port that is a peer's service: each connection to it becomes a stream. */
#include "tunnel/ask.h"
#include "tunnel/pipe.h"
#include "tunnel/tunnel_in.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One local connection. */
struct caller {
    struct link link; /* in forward.callers */
    struct forward *f;
    struct conn *conn; /* until it is joined */
    struct ask *ask;
    struct pipe *pipe;
};

static void caller_free(struct caller *c)
{
    if (c->pipe) {
        c->f->up += pipe_up(c->pipe);
        c->f->down += pipe_down(c->pipe);
    }
    c->f->caller_count--;
    list_drop(&c->link);
    ask_cancel(c->ask);
    conn_close(c->conn);
    pipe_free(c->pipe);
    free(c);
}

static void on_done(void *arg, const struct why *why)
{
    struct caller *c = arg;
    if (why)
        log_debug(c->f->t->env.log, "a connection through port %u ended: %s", c->f->port,
                  why->text);
    caller_free(c);
}

void forward_tell(struct forward *f, const struct why *why)
{
    char name[PEER_ID_FORMAT];
    if (!why) {
        f->why.code = OK;
        keep_places(f->t, &f->peer);
        return;
    }
    if (f->why.code == OK || strcmp(f->why.text, why->text) != 0) /* once, not each time */
        log_info(f->t->env.log, "%s/%s cannot be reached: %s", tunnel_name(f->t, &f->peer, name),
                 f->service, why->text);
    f->why = *why;
}

static void on_answer(void *arg, const struct ask_answer *answer, const struct why *why)
{
    struct caller *c = arg;
    struct forward *f = c->f;
    c->ask = NULL;
    forward_tell(f, why);
    if (!answer->stream) {
        caller_free(c);
        return;
    }
    struct pipe_cfg cfg = {.a = c->conn,
                           .b = lasting_of_answer(&f->t->lastings, answer),
                           .policy = f->t->env.policy,
                           .idle_us = TUNNEL_IDLE_US,
                           .done = on_done,
                           .arg = c};
    c->conn = NULL;
    c->pipe = pipe_new(&cfg);
}

/* Nothing is read before there is somebody to give it to. */
static void on_local(void *arg, enum conn_event ev, const struct why *why)
{
    (void)why;
    if (ev == CONN_CLOSED)
        caller_free(arg);
}

static void on_accept(void *arg, struct conn *conn)
{
    struct forward *f = arg;
    if (f->caller_count >= CALLERS_MAX) {
        conn_close(conn);
        return;
    }
    struct caller *c = MEM_NEW(struct caller);
    struct head_ask what = {0};
    c->f = f;
    c->conn = conn;
    list_push(&f->callers, &c->link);
    f->caller_count++;
    conn_watch(conn, on_local, c);
    snprintf(what.service, sizeof what.service, "%s", f->service);
    c->ask = ask_start(f->t->host, &f->peer, FORWARD_PROTOCOL, &what, on_answer, c);
}

/* --- listeners ------------------------------------------------------------------------------ */

struct forward *forward_find(const struct tunnel *t, uint16_t port, bool udp)
{
    LIST_EACH(&t->forwards, struct forward, f, link)
        if (f->port == port && f->udp == udp)
            return f;
    return NULL;
}

static void insert(struct tunnel *t, struct forward *f)
{
    struct link *before = &t->forwards;
    LIST_EACH(&t->forwards, struct forward, other, link)
        if (before == &t->forwards &&
            (other->port > f->port || (other->port == f->port && other->udp)))
            before = &other->link;
    list_push(before, &f->link);
}

const char *forward_id(const struct forward *f, char id[FORWARD_ID])
{
    snprintf(id, FORWARD_ID, "%u%s", f->port, f->udp ? "/udp" : "");
    return id;
}

bool forward_stands(const struct forward *f)
{
    return f->listener || f->socket;
}

/* On loopback alone. */
static bool listen_on(struct forward *f, struct why *why)
{
    struct addr at = addr_v4(127, 0, 0, 1, f->port);
    if (f->udp) {
        if (udp_flows_begin(f, &at, why))
            f->port = udp_addr(f->socket).port;
    } else {
        f->listener = tcp_listen(f->t->env.loop, &at, on_accept, f, why);
        if (f->listener)
            f->port = listener_addr(f->listener).port;
    }
    return forward_stands(f);
}

struct forward *forward_new(struct tunnel *t, const struct forward_cfg *cfg, bool must,
                            struct why *why)
{
    struct forward *f = MEM_NEW(struct forward);
    f->t = t;
    f->peer = cfg->peer;
    snprintf(f->service, sizeof f->service, "%s", cfg->service);
    f->port = cfg->port;
    f->udp = cfg->udp;
    list_init(&f->callers);
    if (!listen_on(f, why)) {
        if (must) {
            free(f);
            return NULL;
        }
        f->why = *why;
    }
    insert(t, f);
    return f;
}

void forward_free(struct forward *f)
{
    if (f->udp) {
        udp_flows_end(f);
    } else {
        listener_close(f->listener);
        LIST_EACH(&f->callers, struct caller, c, link)
            caller_free(c);
    }
    list_drop(&f->link);
    free(f);
}
