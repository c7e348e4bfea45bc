/* host/reach/reach.h - can others reach us, and who helps where they cannot?
 *
 * Puts together what stands in this folder: what others see us as (observed.h) and say of us
 * (autonat.h), places at relays where it is needed (relay_client.h), the direct way after the
 * relayed one (dcutr.h), places that we lend (relay_server.h). */
#ifndef SHOAL_HOST_REACH_REACH_H
#define SHOAL_HOST_REACH_REACH_H

#include "host/host.h"
#include "host/reach/autonat.h"

struct reach_cfg {
    struct host *host;
    const struct log *log;
    const struct keys *keys;
    bool relay;        /* lend places to those whom the owner trusts */
    bool strangers;    /* and to anybody, within limits */
    uint64_t rate;     /* bytes a second, of those trusted; 0: no limit */
    bool lab;          /* private addresses are as good as any, and one peer's word is enough */
    autonat_cb *heard; /* the verdict is another; NULL: nobody cares */
    void *arg;
};

struct reaching;
/* Begins at once. */
struct reaching *reach_new(const struct reach_cfg *cfg);
void reach_free(struct reaching *r); /* before the host; NULL: nothing */

/* A relay of the owner's choice (relay_client_name). */
MUST_CHECK enum err reach_name_relay(struct reaching *r, const struct multiaddr *at,
                                     struct why *why);

enum { REACH_ADDRS_MAX = 12 };
/* Whom the owner trusts has changed. */
void reach_trust_changed(struct reaching *r);

struct reach_stat {
    enum verdict verdict;
    size_t relays; /* where we have a place */
    bool relaying; /* we lend places: */
    size_t reservations, circuits;
    uint64_t relayed_bytes;
};
void reach_stat(const struct reaching *r, struct reach_stat *out);
/* Our addresses where strangers have dialled us, or could not; returns how many, at most cap. */
size_t reach_addrs(const struct reaching *r, enum verdict v, struct multiaddr *out, size_t cap);

#endif
