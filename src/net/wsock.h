/* net/wsock.h - a server's WebSocket, as messages (RFC 6455).
 *
 * Over a connection that was upgraded already (net/httpd.h).  Messages are bytes, whole, and up to
 * a limit; pings are answered.  What is sent is gathered for the turn; what the client does not
 * take is kept here, so who sends asks wsock_unsent() and stops in time.  A client that takes
 * nothing for WSOCK_STUCK_US while something is unsent has ended. */
#ifndef SHOAL_NET_WSOCK_H
#define SHOAL_NET_WSOCK_H

#include "net/conn.h"
#include "net/ws_msg.h"

#define WSOCK_STUCK_US (60 * SEC)
#define WSOCK_BYE_US (2 * SEC) /* from our goodbye to the end, whatever the client does */

struct wsock;

/* All from the loop; inside each the wsock may be freed. */
struct wsock_ops {
    void (*message)(void *arg, struct cur message);
    /* Something was unsent when wsock_unsent() was asked last, and now nothing is. */
    void (*drained)(void *arg);
    /* It is over, and is to be freed; why NULL: both said goodbye.  Once. */
    void (*ended)(void *arg, const struct why *why);
};

/* Takes c; early: bytes that came already.  max: bytes of a message, at least 125.  Never NULL. */
struct wsock *wsock_new(struct conn *c, struct cur early, size_t max, const struct wsock_ops *ops,
                        void *arg);
void wsock_send(struct wsock *w, struct cur message);
size_t wsock_unsent(struct wsock *w); /* bytes */
/* Say goodbye; nothing is sent or heard any more, and `ended` comes.  reason: up to 120 bytes. */
void wsock_bye(struct wsock *w, enum ws_code code, const char *reason);
/* At once.  NULL: nothing. */
void wsock_free(struct wsock *w);

#endif
