/* net/utp_test.h - for tests: a uTP of its own socket at each end of a world. */
#ifndef SHOAL_NET_UTP_TEST_H
#define SHOAL_NET_UTP_TEST_H

#include "base/mem.h"
#include "net/conn_test.h"
#include "net/udp.h"
#include "net/utp.h"

struct utp_end {
    struct utp *u;
    struct udp *socket;
    struct addr last_from; /* of what came: who sent the last, and its first bytes */
    uint8_t last[20];
    unsigned packets;
    size_t bytes_in, bytes_out;
    bool deaf; /* what comes is counted, and lost */
};

static bool utp_end_send(void *arg, const struct addr *to, const struct iovec *iov, int count,
                         size_t segment, bool whole)
{
    struct utp_end *e = arg;
    for (int i = 0; i < count; i++)
        e->bytes_out += iov[i].iov_len;
    return udp_sendv(e->socket, to, iov, count, segment, whole);
}

static void utp_end_packet(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    struct utp_end *e = arg;
    e->packets++;
    e->bytes_in += n;
    e->last_from = *from;
    if (n >= sizeof e->last)
        memcpy(e->last, bytes, sizeof e->last);
    if (!e->deaf)
        utp_packet(e->u, from, bytes, n);
}

static void utp_end_pause(void *arg)
{
    utp_pause(((struct utp_end *)arg)->u);
}

static inline void utp_end_open(struct utp_end *e, struct loop *loop, const struct addr *at)
{
    struct why why;
    struct utp_env env = {.loop = loop, .send = utp_end_send, .arg = e};
    *e = (struct utp_end){0};
    e->u = utp_new(&env);
    e->socket = udp_open(loop, at, utp_end_packet, e, &why);
    assert_non_null(e->socket);
    udp_on_pause(e->socket, utp_end_pause);
}

static inline void utp_end_close(struct utp_end *e)
{
    utp_free(e->u);
    udp_close(e->socket);
    *e = (struct utp_end){0};
}

/* The transport of CONN_CHECKS: `ends` is two of them, a's and b's. */

static struct utp_end *utp_ends(const struct world *w);

static inline struct conn *utp_world_dial(struct world *w, const struct addr *to, conn_cb *cb,
                                          void *arg)
{
    struct utp_end *a = &utp_ends(w)[0];
    if (!a->u)
        utp_end_open(a, w->a, &w->at_a);
    return utp_dial(a->u, to, CONN_HANDSHAKE_US, cb, arg);
}

static inline struct addr utp_world_listen(struct world *w, accept_cb *cb, void *arg)
{
    struct utp_end *b = &utp_ends(w)[1];
    if (!b->u)
        utp_end_open(b, w->b, &w->at_b);
    utp_listen(b->u, cb, arg);
    return udp_addr(b->socket);
}

/* The port stays, and refuses. */
static inline void utp_world_unlisten(struct world *w)
{
    utp_listen(utp_ends(w)[1].u, NULL, NULL);
}

#endif
