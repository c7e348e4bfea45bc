/* host/reach/dcutr_dial.h - the dials of a punch: some addresses of one peer at once, over TCP and
 * QUIC.
 *
 * Who gets through becomes a connection of the host's (connection.c), of which the owner hears
 * there; who does not is told here.  A TCP connection that both open has no natural client: who
 * dials as server waits to be spoken to.  QUIC has one for each dial, and needs no roles. */
#ifndef SHOAL_HOST_REACH_DCUTR_DIAL_H
#define SHOAL_HOST_REACH_DCUTR_DIAL_H

#include "host/host_in.h"

/* PLAIN: as anybody dials.  The others from where we listen, so that the router's hole is there;
 * OPEN: to somebody who can be dialled all the same. */
enum dcutr_role { DCUTR_PLAIN, DCUTR_OPEN, DCUTR_CLIENT, DCUTR_SERVER };

struct dcutr_place {
    struct addr addr;
    enum reach reach; /* REACH_TCP or REACH_QUIC */
};

/* In its owner. */
struct dcutr_dials {
    struct host *host;
    struct peer_id peer;
    struct link tries;
    void (*failed)(void *arg); /* one of them; from the loop */
    void *arg;
};
void dcutr_dials_init(struct dcutr_dials *d, struct host *h, const struct peer_id *peer,
                      void (*failed)(void *arg), void *arg);
void dcutr_dials_done(struct dcutr_dials *d); /* all are given up; `failed` does not come */
/* Those of a moment are given up, the plain ones go on. */
void dcutr_dials_end_agreed(struct dcutr_dials *d);
/* Whether one still tries. */
bool dcutr_dials_any(const struct dcutr_dials *d);

/* Though there may be a connection already. */
void dcutr_dial(struct dcutr_dials *d, const struct dcutr_place *to, enum dcutr_role role);
/* A conn that came from there while we dialled as client: the other side waits to be spoken to.
 * Takes it. */
void dcutr_dial_came(struct dcutr_dials *d, struct conn *c);

#endif
