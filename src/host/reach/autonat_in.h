/* host/reach/autonat_in.h - the inside of AutoNAT; for autonat*.c alone. */
#ifndef SHOAL_HOST_REACH_AUTONAT_IN_H
#define SHOAL_HOST_REACH_AUTONAT_IN_H

#include "host/reach/autonat.h"

/* autonat_votes.c: what others said.  Pure. */
struct autonat_vote {
    struct peer_id by; /* of nobody: free */
    bool reached;
    uint64_t at_us;
};
struct autonat_votes {
    struct autonat_vote all[AUTONAT_VOTES_MAX]; /* zeroed at first */
};
void autonat_vote(struct autonat_votes *v, const struct peer_id *by, bool reached, uint64_t now_us);
enum verdict autonat_count(const struct autonat_votes *v, unsigned agree, uint64_t now_us);
/* When it last said something; 0: it has not. */
uint64_t autonat_voted_us(const struct autonat_votes *v, const struct peer_id *by);

/* autonat_serve.c: answering. */
struct autonat_server;
struct autonat_server *autonat_serve(struct host *h, bool lab);
void autonat_serve_end(struct autonat_server *s); /* NULL: nothing */

#endif
