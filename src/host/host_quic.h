/* host/host_quic.h - QUIC of the host; for src/host's own files alone. */
#ifndef SHOAL_HOST_HOST_QUIC_H
#define SHOAL_HOST_HOST_QUIC_H

#include "host/quic/quic.h"

struct ear;
struct host;

/* Fills in ear->quic and ear->at. */
MUST_CHECK enum err host_quic_listen(struct host *h, struct ear *ear, const struct addr *at,
                                     struct why *why);
/* As quic_dial; NULL and a reason: there is no socket for it. */
struct quic_conn *host_quic_dial(struct host *h, const struct addr *to,
                                 const struct peer_id *expected, quic_made_cb *cb, void *arg,
                                 struct why *why);
/* From a port of its own, `*socket`, which the caller closes. */
struct quic_conn *host_quic_dial_afresh(struct host *h, const struct addr *to,
                                        const struct peer_id *expected, quic_made_cb *cb, void *arg,
                                        struct quic **socket, struct why *why);
/* Those that came and are not known yet; from: of this IP alone, or NULL. */
size_t host_quic_half_open(const struct host *h, const struct addr *from);
/* The connections are closed already. */
void host_quic_forget(struct host *h); /* those that we dial from */
void host_quic_done(struct host *h);

#endif
