#include "host/secure/tls_libp2p.h"

#include "base/mem.h"
#include "host/secure/secure_int.h"
#include "host/secure/tls_cert.h"

#include <string.h>

struct judge {
    struct tls_judge base;
    const struct secure_self *self;
    struct peer_id expected, peer; /* of nobody: anybody; not known yet */
};

static enum err judge_cert(struct tls_judge *base, struct cur cert, struct why *why)
{
    struct judge *j = (struct judge *)base;
    struct pubkey who;
    int64_t now_s = loop_wall_us(j->self->loop) / (int64_t)SEC;
    enum err e = tls_cert_read(cert, now_s, &who, why);
    if (e != OK)
        return e;
    peer_id_of_key(&who, &j->peer);
    return secure_expect(&j->expected, &j->peer, why);
}

static void judge_free(struct tls_judge *base)
{
    free(base);
}

static struct tls_judge *judge_new(const struct secure_self *self, const struct peer_id *expected)
{
    struct judge *j = MEM_NEW(struct judge);
    j->base = (struct tls_judge){.judge = judge_cert, .free = judge_free};
    j->self = self;
    if (expected)
        j->expected = *expected;
    return &j->base;
}

struct conn *tls_libp2p_dial(const struct secure_self *self, struct conn *below,
                             const struct peer_id *expected, conn_cb *cb, void *arg)
{
    return tls_dial_equal(self->tls, below, judge_new(self, expected), cb, arg);
}

struct conn *tls_libp2p_accept(const struct secure_self *self, struct conn *below, conn_cb *cb,
                               void *arg)
{
    return tls_accept_equal(self->tls, below, judge_new(self, NULL), cb, arg);
}

static const struct judge *open_judge(const struct conn *c)
{
    const struct tls_judge *j = tls_judge_of(c);
    return j && j->judge == judge_cert && tls_is_open(c) ? (const struct judge *)j : NULL;
}

const struct peer_id *tls_libp2p_peer(const struct conn *c)
{
    const struct judge *j = open_judge(c);
    return j ? &j->peer : NULL;
}

/* "If "libp2p" is the result of the ALPN process, nodes MUST use protocol negotiation" above; so
 * they must where a peer named nothing at all. */
const char *tls_libp2p_muxer(const struct conn *c)
{
    const struct judge *j = open_judge(c);
    for (const char *const *m = j ? j->self->muxers : NULL; m && *m; m++)
        if (!strcmp(*m, tls_alpn(c)))
            return *m;
    return NULL;
}
