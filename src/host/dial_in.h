/* host/dial_in.h - the inside of reaching a peer: its addresses one after the other, each with a
 * head start before the next, as few at once as will do (a home's router must survive us), until
 * one connects.
 *
 *     dial.c          efforts: who waits, when the next address is due, when it is over
 *     dial_where.c    where to dial: the order of addresses, and those that are left alone
 *     dial_attempt.c  dialling: one address, from its name to the connection
 *
 * An effort owns its attempts; each ends by itself and says so with effort_soon(). */
#ifndef SHOAL_HOST_DIAL_IN_H
#define SHOAL_HOST_DIAL_IN_H

#include "host/host_in.h"

enum {
    EFFORT_ADDRS_MAX = 16,   /* addresses of one effort; more are not tried */
    EFFORT_ATTEMPTS_MAX = 4, /* at once; and one through a relay */
    NAMED_MAX = 4,           /* addresses of one name, one after the other */
};
#define HEAD_START_US (250 * MSEC)

struct attempt {
    struct link link; /* in effort.attempts */
    struct effort *effort;
    const struct multiaddr *at; /* in effort.addrs */
    struct multiaddr_route route;
    struct dnsaddr *dnsaddr;
    struct resolve *resolve;
    struct addr found[NAMED_MAX]; /* of a name; those before `next` were tried */
    size_t found_count, next;
    struct relay_dial *relay;
    struct upgrade *upgrade;
    struct quic_conn *quic;
    struct way way;
    bool from_ear;
    uint64_t dialled_us; /* since when nobody knows how it ends; 0: it has, or is not counted */
};

/* To one peer, for all who wait for it. */
struct effort {
    struct link link; /* in host.efforts */
    struct host *host;
    struct peer_id who; /* of nobody: whoever answers there */
    bool direct;        /* without a relay */
    bool asked;         /* by somebody who means it: also where nobody answered lately */
    struct link dials;  /* struct host_dial */
    struct link attempts;
    struct multiaddr addrs[EFFORT_ADDRS_MAX];
    unsigned rank[EFFORT_ADDRS_MAX];
    bool tried[EFFORT_ADDRS_MAX];
    size_t count;
    struct timer *timer;        /* the next address, or the end */
    struct host_search *search; /* where it is, where nothing that is known will do */
    bool searched;
    struct why why; /* of the last that failed */
    struct peer_id reached;
};

/* --- dial.c --------------------------------------------------------------------------------- */

/* Look at it again, after so long. */
void effort_soon(struct effort *e, uint64_t after_us);
/* The owner trusts it, or somebody here needs it. */
bool dial_is_wanted(const struct host *h, const struct peer_id *id);

/* --- dial_where.c --------------------------------------------------------------------------- */

/* One more address, unless it is known or one too many. */
void effort_add(struct effort *e, const struct multiaddr *a);
/* All that is known of the peer; p NULL: nothing is. */
void effort_add_known(struct effort *e, const struct peer *p);
/* The next one that there is room for, in the order of their ranks; e->count: none now.  running:
 * how many attempts there are, without a relay and through one. */
size_t effort_next(const struct effort *e, const size_t running[2]);
size_t effort_left(const struct effort *e); /* that were not tried */
/* The peer is known to be behind a router, where a dial from our own port would do harm. */
bool effort_is_hidden(const struct effort *e, const struct addr *to);

/* How it ended is remembered for strangers that are dialled later (host/backoff.h). */
void place_failed(const struct attempt *a, const struct why *why);
void place_reached(const struct attempt *a);
/* Nobody was reached there lately, and nobody insists. */
bool attempt_is_put_off(const struct attempt *a, struct why *why);
/* A way that has led nowhere lately. */
bool attempt_is_swallowed(const struct attempt *a, struct why *why);
/* How a dial into the world ended, for those that come after it. */
void attempt_ended(struct attempt *a, bool good);

/* --- dial_attempt.c ------------------------------------------------------------------------- */

/* addr: in e->addrs. */
void attempt_start(struct effort *e, const struct multiaddr *addr);
void attempt_free(struct attempt *a);

#endif
