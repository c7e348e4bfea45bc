/* host/upgrade.h - from a bare conn to one that is secured and about to be muxed.
 *
 * multistream-select, Noise or TLS, and the muxer's name by early data or by multistream again
 * (libp2p/specs connections/README.md "Upgrading Connections").  It has HOST_DIAL_US for all of it.
 */
#ifndef SHOAL_HOST_UPGRADE_H
#define SHOAL_HOST_UPGRADE_H

#include "host/secure/secure.h"

/* "/yamux/1.0.0": what we can mux with, in order of preference; ends with NULL. */
extern const char *const upgrade_muxers[];

struct upgrade;
/* secured: open, who is there is secure_peer(), and the callee's from now on; muxer: one of
 * upgrade_muxers.  NULL: failed, and the conn is closed.  Once, from the loop; the handle is dead.
 */
typedef void upgrade_cb(void *arg, struct conn *secured, const char *muxer, const struct why *why);

/* Takes `c`, which may be not yet open.  expected: who must be there; NULL: anybody. */
struct upgrade *upgrade_dial(const struct secure_self *self, struct conn *c,
                             const struct peer_id *expected, upgrade_cb *cb, void *arg);
/* As upgrade_dial(), with a `c` that is open already. */
struct upgrade *upgrade_dial_open(const struct secure_self *self, struct conn *c,
                                  const struct peer_id *expected, upgrade_cb *cb, void *arg);
/* Takes `c`, which was accepted. */
struct upgrade *upgrade_accept(const struct secure_self *self, struct conn *c, upgrade_cb *cb,
                               void *arg);
void upgrade_cancel(struct upgrade *u); /* the conn is closed; NULL: nothing */

#endif
