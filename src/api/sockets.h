/* api/sockets.h - WebSockets of an app: GET /NAME/PATH with an upgrade.
 *
 * Who may read the API may listen; who may write may speak.  Programs that can set no header show
 * their token as ?token=.  A client that does not take what it is sent is paused at
 * SOCKETS_UNSENT_MAX, given what it missed when it has taken the rest, and closed when it takes
 * nothing for a minute (net/wsock.h). */
#ifndef SHOAL_API_SOCKETS_H
#define SHOAL_API_SOCKETS_H

#include "base/log.h"
#include "core/sockets.h"
#include "net/httpd.h"

enum {
    SOCKETS_MAX = 256,                /* open at once, of the node */
    SOCKETS_UNSENT_MAX = 1024 * 1024, /* bytes of one */
};

struct sockets_app {
    const char *name; /* "docs"; NULL: there is none */
    const struct sockets_ops *ops;
    void *app;
};

struct sockets;

/* NULL to free: nothing.  Freed after the server, which tells of upgrades that come to nothing. */
struct sockets *sockets_new(struct loop *loop, const struct log *log,
                            const struct sockets_app *app);
void sockets_free(struct sockets *s);

/* The path below "/NAME/", or NULL when it is none of this app's. */
const char *sockets_path(const struct sockets *s, const char *path);

/* Answers c. */
void sockets_serve(struct sockets *s, const char *path, bool writes, struct httpd_call *c);

#endif
