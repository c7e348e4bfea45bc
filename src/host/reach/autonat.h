/* host/reach/autonat.h - can strangers dial us?  Others are asked, and answered
 * (libp2p/specs autonat/autonat-v1.md).
 *
 * Asking: each connected peer that answers such questions has a vote for AUTONAT_VOTE_US; the
 * verdict is what AUTONAT_AGREE of them say and most do not deny.  In laboratories one is enough.
 * Answering: only the asker's own address, as we see it, is dialled, never a private one outside
 * laboratories, and nothing is promised to who comes through a relay; AUTONAT_DIALS_MAX a minute in
 * all and AUTONAT_DIALS_OF_ONE_MAX of one network. */
#ifndef SHOAL_HOST_REACH_AUTONAT_H
#define SHOAL_HOST_REACH_AUTONAT_H

#include "host/host.h"

enum {
    AUTONAT_AGREE = 3,
    AUTONAT_VOTES_MAX = 8,
    AUTONAT_DIALS_MAX = 30,       /* a minute */
    AUTONAT_DIALS_OF_ONE_MAX = 3, /* a minute, of one address */
    AUTONAT_ADDRS_TRIED_MAX = 4,
};
#define AUTONAT_VOTE_US (3600 * SEC)
#define AUTONAT_ASK_US (40 * SEC)    /* for an answer: it dials meanwhile, js for 30 s */
#define AUTONAT_PAUSE_US (15 * SEC)  /* between two questions, while nothing is known */
#define AUTONAT_AGAIN_US (900 * SEC) /* and when it is */

enum verdict { VERDICT_UNKNOWN, VERDICT_PUBLIC, VERDICT_PRIVATE };
const char *verdict_word(enum verdict v); /* "unknown", "public", "private" */

/* Where others may see us, TCP without relays; returns how many, at most cap. */
typedef size_t autonat_addrs(void *arg, struct multiaddr *out, size_t cap);
/* Called when it changes. */
typedef void autonat_cb(void *arg, enum verdict v);
struct autonat;
/* Begins with those that are connected. */
struct autonat *autonat_new(struct host *h, const struct log *log, bool lab, autonat_addrs *addrs,
                            autonat_cb *cb, void *arg);
void autonat_free(struct autonat *a); /* before the host; NULL: nothing */
enum verdict autonat_verdict(const struct autonat *a);

#endif
