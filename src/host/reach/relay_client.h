/* host/reach/relay_client.h - places that we have at relays, so that others can reach us where no
 * router lets them in (libp2p/specs relay/circuit-v2.md "Reservation", "Stop Protocol").
 *
 * Relays that were named are asked as soon as the client is there, dialled again when they go, and
 * kept.  Others are asked only while somebody wants it (relay_client_want), of those that are
 * connected and offer it, RELAYS_FOUND_MAX at once; one that the owner trusts takes the place of
 * one that he does not.  Each place is renewed at half its life and its addresses are advertised;
 * who comes through it is a guest of the host's like any other. */
#ifndef SHOAL_HOST_REACH_RELAY_CLIENT_H
#define SHOAL_HOST_REACH_RELAY_CLIENT_H

#include "host/host.h"

enum {
    RELAYS_NAMED_MAX = 8,
    RELAYS_FOUND_MAX = 2,
    RELAY_CALLS_MAX = 64, /* that come in and are not answered yet */
};
#define RELAY_SOON_US (500 * MSEC) /* at most; then a lost place is asked for */
#define RELAY_PAUSE_US (5 * SEC)   /* and so long after that failed, doubled up to */
#define RELAY_PAUSE_LAST_US (600 * SEC)

struct relay_client;
/* Asks nobody yet, and takes calls.  lab: private addresses are advertised too. */
struct relay_client *relay_client_new(struct host *h, const struct log *log, bool lab);
void relay_client_free(struct relay_client *c); /* before the host; NULL: nothing */

/* A relay of the owner's choice; at ends in /p2p/ID.  ERR_LIMIT: there are RELAYS_NAMED_MAX. */
MUST_CHECK enum err relay_client_name(struct relay_client *c, const struct multiaddr *at,
                                      struct why *why);
void relay_client_want(struct relay_client *c, bool wanted);

/* Relays where we have a place now; returns how many, at most cap. */
size_t relay_client_relays(const struct relay_client *c, struct peer_id *out, size_t cap);

#endif
