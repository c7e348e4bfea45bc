/* net/ws.h - a WebSocket over any conn, as client or as server (RFC 6455).
 *
 *     struct conn *c = tcp_dial(loop, &to, NULL, NULL, NULL);
 *     c = ws_dial(c, "192.0.2.7:4001", "/", on_event, peer);       CONN_OPEN: upgraded
 *
 * A filter (net/conn.h).  Bytes are carried in binary messages, whose bounds mean nothing; text is
 * refused, and so are extensions.  A goodbye (Close) is the end of the one side's bytes, as a FIN
 * is: the other may finish what it is saying, and says goodbye in turn.  A connection that stops
 * without one was cut, and ends with CONN_CLOSED. */
#ifndef SHOAL_NET_WS_H
#define SHOAL_NET_WS_H

#include "net/conn.h"

enum {
    WS_OUT_MAX = 64 * 1024, /* bytes to send, with which pings are no longer answered */
    WS_EMPTY_MAX = 1024,    /* frames without a byte for the owner, one after the other at once */
};

/* Over `below`, which they take, open or not yet.  host, path: for the request, as in a URL. */
struct conn *ws_dial(struct conn *below, const char *host, const char *path, conn_cb *cb,
                     void *arg);
struct conn *ws_accept(struct conn *below, conn_cb *cb, void *arg);

#endif
