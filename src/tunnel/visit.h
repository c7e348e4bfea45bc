/* tunnel/visit.h - one stream that a peer opened to us; for src/tunnel's own files alone.
 *
 *     asked -> (an exit: admitted -> looked up ->) dialled -> joined
 *
 * A visit ends by itself, or is cut: visit_free() closes both sides at once. */
#ifndef SHOAL_TUNNEL_VISIT_H
#define SHOAL_TUNNEL_VISIT_H

#include "tunnel/exit.h"
#include "tunnel/pipe.h"
#include "tunnel/tunnel_in.h"

#define VISIT_ASK_US (10 * SEC) /* it opened a stream: it says what for */

struct visit {
    struct link link; /* in tunnel.visits */
    struct tunnel *t;
    struct peer_id peer;
    const char *protocol; /* static */
    bool exit, datagrams; /* by the protocol; else it is a forward's */
    struct messages *m;   /* until it is joined */
    struct head_ask ask;
    struct service *service; /* NULL: an exit, or not known yet */
    struct exit_user *user;  /* of an exit, once admitted */
    struct timer *wait;      /* its turn has not come: so many a second */
    struct resolve *resolve;
    struct addr targets[RESOLVE_MAX]; /* checked */
    size_t target_count, target_next;
    struct conn *dialled;
    struct pipe *pipe;
    struct udp *socket; /* of datagrams: towards the service */
    struct dgram *dgram;
    bool logged;
};

/* Both sides are closed at once; no answer is sent. */
void visit_free(struct visit *v);
void visit_refuse(struct visit *v, enum head_code code, const char *words); /* and free */
void visit_dial(struct visit *v);                                           /* the next target */
/* visit_udp.c: datagrams go there and back. */
void visit_relay(struct visit *v);
/* Whether we answer for exits at all. */
void visits_exit(struct tunnel *t, bool on);

#endif
