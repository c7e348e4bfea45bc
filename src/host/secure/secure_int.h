/* host/secure/secure_int.h - what secure.c (who we are) and the two filters share. */
#ifndef SHOAL_HOST_SECURE_SECURE_INT_H
#define SHOAL_HOST_SECURE_SECURE_INT_H

#include "base/buf.h"
#include "host/secure/noise_xx.h"
#include "host/secure/secure.h"
#include "net/tls.h"

struct secure_self {
    struct loop *loop;
    const char *const *muxers;
    struct peer_id id;
    struct noise_aeads aeads;
    struct buf *spare;      /* a read buffer that nobody needs now: pages that are there already */
    struct noise_key noise; /* the static key */
    struct buf payload;     /* which says that it is ours, and our muxers */
    struct tls *tls;
};

/* ERR_DENIED where `peer` is not whom we expected; expected of nobody: anybody. */
MUST_CHECK enum err secure_expect(const struct peer_id *expected, const struct peer_id *peer,
                                  struct why *why);

/* As secure_peer() and secure_muxer(); NULL also for a conn of another kind. */
const struct peer_id *noise_peer(const struct conn *c);
const char *noise_muxer(const struct conn *c);
const struct peer_id *tls_libp2p_peer(const struct conn *c);
const char *tls_libp2p_muxer(const struct conn *c);

#endif
