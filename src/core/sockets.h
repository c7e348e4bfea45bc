/* core/sockets.h - messages that an app exchanges with whoever holds a socket open.
 *
 * A port: the API gives apps WebSockets below /NAME/ and knows nothing of what is said on them; the
 * app knows nothing of HTTP.  All on the loop. */
#ifndef SHOAL_CORE_SOCKETS_H
#define SHOAL_CORE_SOCKETS_H

#include "base/cur.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct app_socket;

/* One message to the client, valid during the call; also inside open and take.  Pausing is allowed
 * to come inside it. */
typedef void socket_send_cb(void *arg, struct cur message);
/* What it came for is there no more: it is shown out, and close() comes inside.  Not from inside
 * open or take. */
typedef void socket_end_cb(void *arg, const struct why *why);

struct sockets_ops {
    size_t message_max; /* bytes of one */
    /* Is there somebody to talk to at this path ("ROOM", decoded)?  Asked before the client is let
     * in.  ERR_NOT_FOUND, ERR_LIMIT. */
    enum err (*find)(void *app, const char *path, struct why *why);
    /* It has come.  writes: its key is good for more than reading.  NULL: as find. */
    struct app_socket *(*open)(void *app, const char *path, bool writes, socket_send_cb *send,
                               socket_end_cb *end, void *arg, struct why *why);
    /* What it says.  An error: it is shown out. */
    enum err (*take)(struct app_socket *s, struct cur message, struct why *why);
    /* It takes too slowly: nothing is sent until it is resumed, and then what it missed. */
    void (*pause)(struct app_socket *s);
    void (*resume)(struct app_socket *s);
    void (*close)(struct app_socket *s);
};

#endif
