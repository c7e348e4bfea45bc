#include "host/upgrade.h"

#include "base/mem.h"
#include "host/host.h"
#include "host/mux/multistream.h"
#include "host/secure/noise.h"
#include "host/secure/tls_libp2p.h"

#include <stdlib.h>
#include <string.h>

const char *const upgrade_muxers[] = {"/yamux/1.0.0", NULL};
static const char *const securities[] = {NOISE_PROTOCOL, TLS_LIBP2P_PROTOCOL};
enum { SECURITY_COUNT = sizeof securities / sizeof securities[0], MUXER_COUNT = 1 };

struct upgrade {
    const struct secure_self *self;
    struct conn *conn; /* the top of the stack so far */
    struct multistream *talk;
    struct timer *late;
    bool dialled, expects;
    struct peer_id expected;
    upgrade_cb *cb;
    void *arg;
};

static void destroy(struct upgrade *u)
{
    multistream_cancel(u->talk);
    timer_cancel(u->late);
    conn_close(u->conn);
    free(u);
}

void upgrade_cancel(struct upgrade *u)
{
    if (u)
        destroy(u);
}

static void fail(struct upgrade *u, const struct why *why)
{
    upgrade_cb *cb = u->cb;
    void *arg = u->arg;
    struct why said = *why;
    destroy(u);
    cb(arg, NULL, NULL, &said);
}

static void on_late(void *arg)
{
    struct upgrade *u = arg;
    struct why why;
    u->late = NULL;
    why_set(&why, ERR_TIMEOUT, "the handshakes took more than %d s", (int)(HOST_DIAL_US / SEC));
    fail(u, &why);
}

static void finish(struct upgrade *u, const char *muxer)
{
    upgrade_cb *cb = u->cb;
    void *arg = u->arg;
    struct conn *secured = u->conn;
    u->conn = NULL;
    destroy(u);
    cb(arg, secured, muxer, NULL);
}

/* --- the muxer ------------------------------------------------------------------------------ */

static const char *choose_among(const char *const *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return names[i];
    return NULL;
}

static const char *choose_muxer(void *arg, const char *name)
{
    (void)arg;
    return choose_among(upgrade_muxers, MUXER_COUNT, name);
}

static void on_muxer(void *arg, const char *protocol, const struct why *why)
{
    struct upgrade *u = arg;
    u->talk = NULL;
    if (protocol)
        finish(u, protocol);
    else
        fail(u, why);
}

static void agree_on_muxer(struct upgrade *u)
{
    const char *early = secure_muxer(u->conn);
    if (early)
        finish(u, early);
    else if (u->dialled)
        u->talk = multistream_dial(u->conn, upgrade_muxers, MUXER_COUNT, on_muxer, u);
    else
        u->talk = multistream_accept(u->conn, choose_muxer, on_muxer, u);
}

/* --- the security --------------------------------------------------------------------------- */

static void on_secured(void *arg, enum conn_event ev, const struct why *why)
{
    struct upgrade *u = arg;
    if (ev == CONN_OPEN)
        agree_on_muxer(u);
    else if (ev == CONN_CLOSED)
        fail(u, why);
}

static void on_security(void *arg, const char *protocol, const struct why *why)
{
    struct upgrade *u = arg;
    const struct peer_id *expected = u->expects ? &u->expected : NULL;
    u->talk = NULL;
    if (!protocol) {
        fail(u, why);
        return;
    }
    bool noise = strcmp(protocol, NOISE_PROTOCOL) == 0;
    struct conn *below = u->conn;
    if (u->dialled)
        u->conn = noise ? noise_dial(u->self, below, expected, on_secured, u)
                        : tls_libp2p_dial(u->self, below, expected, on_secured, u);
    else
        u->conn = noise ? noise_accept(u->self, below, on_secured, u)
                        : tls_libp2p_accept(u->self, below, on_secured, u);
}

static const char *choose_security(void *arg, const char *name)
{
    (void)arg;
    return choose_among(securities, SECURITY_COUNT, name);
}

/* --- the beginning -------------------------------------------------------------------------- */

static void on_bare(void *arg, enum conn_event ev, const struct why *why)
{
    struct upgrade *u = arg;
    if (ev == CONN_OPEN)
        u->talk = multistream_dial(u->conn, securities, SECURITY_COUNT, on_security, u);
    else if (ev == CONN_CLOSED)
        fail(u, why);
}

static struct upgrade *upgrade_new(const struct secure_self *self, struct conn *c, upgrade_cb *cb,
                                   void *arg)
{
    struct upgrade *u = MEM_NEW(struct upgrade);
    u->self = self;
    u->conn = c;
    u->cb = cb;
    u->arg = arg;
    u->late = timer_start(c->loop, HOST_DIAL_US, on_late, u);
    return u;
}

static struct upgrade *dialler_new(const struct secure_self *self, struct conn *c,
                                   const struct peer_id *expected, upgrade_cb *cb, void *arg)
{
    struct upgrade *u = upgrade_new(self, c, cb, arg);
    u->dialled = true;
    u->expects = expected != NULL;
    if (expected)
        u->expected = *expected;
    return u;
}

struct upgrade *upgrade_dial(const struct secure_self *self, struct conn *c,
                             const struct peer_id *expected, upgrade_cb *cb, void *arg)
{
    struct upgrade *u = dialler_new(self, c, expected, cb, arg);
    conn_watch(c, on_bare, u);
    return u;
}

struct upgrade *upgrade_dial_open(const struct secure_self *self, struct conn *c,
                                  const struct peer_id *expected, upgrade_cb *cb, void *arg)
{
    struct upgrade *u = dialler_new(self, c, expected, cb, arg);
    u->talk = multistream_dial(c, securities, SECURITY_COUNT, on_security, u);
    return u;
}

struct upgrade *upgrade_accept(const struct secure_self *self, struct conn *c, upgrade_cb *cb,
                               void *arg)
{
    struct upgrade *u = upgrade_new(self, c, cb, arg);
    u->talk = multistream_accept(c, choose_security, on_security, u);
    return u;
}
