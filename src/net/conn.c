#include "net/conn.h"

#include <assert.h>
#include <stdio.h>

void conn_watch(struct conn *c, conn_cb *cb, void *arg)
{
    c->cb = cb;
    c->arg = arg;
}

ssize_t conn_recv(struct conn *c, void *to, size_t n)
{
    assert(n > 0); /* 0 bytes read would look like nothing at all */
    return c->ops->recv(c, to, n);
}

ssize_t conn_sendv(struct conn *c, const struct iovec *iov, int count)
{
    return c->ops->sendv(c, iov, count < CONN_IOV_MAX ? count : CONN_IOV_MAX);
}

ssize_t conn_send(struct conn *c, const void *bytes, size_t n)
{
    struct iovec one = {(void *)(uintptr_t)bytes, n};
    return conn_sendv(c, &one, 1);
}

void conn_shut(struct conn *c)
{
    if (c->ops->shut)
        c->ops->shut(c);
}

void conn_close(struct conn *c)
{
    if (c)
        c->ops->close(c);
}

const char *conn_describe(const struct conn *c, char text[120])
{
    enum { CAP = 120 };
    char peer[ADDR_TEXT];
    size_t at = 0;
    addr_format(&c->peer, peer);
    for (const struct conn *step = c; step && at < CAP; step = step->below)
        at += (size_t)snprintf(text + at, CAP - at, "%s%s", step == c ? "" : " over ",
                               step->ops->name);
    if (at < CAP)
        snprintf(text + at, CAP - at, " to %s", peer);
    return text;
}

void conn_raise(struct conn *c, enum conn_event ev, const struct why *why)
{
    assert((ev == CONN_CLOSED) == (why != NULL));
    if (c->cb)
        c->cb(c->arg, ev, why);
}
