/* host/gossip/gossip_in.h - the inside; for gossip.c and gossip_session.c alone. */
#ifndef SHOAL_HOST_GOSSIP_GOSSIP_IN_H
#define SHOAL_HOST_GOSSIP_GOSSIP_IN_H

#include "base/list.h"
#include "host/gossip/gossip.h"
#include "host/gossip/gossip_out.h"

struct map;

/* A topic of ours. */
struct own {
    struct gossip *gossip;
    struct link subs; /* struct gossip_sub */
    char topic[GOSSIP_TOPIC_MAX + 1];
};

struct gossip {
    struct gossip_cfg cfg;
    struct loop *loop;
    struct gossip_state *state;
    struct map *sessions; /* by peer id */
    struct map *own;      /* by topic */
    struct host_watch watch;
    struct timer *beat;
    uint64_t seqno; /* of our last message */
    struct gossip_stat stat;
};

/* gossip_session.c: the two streams with one peer. */
extern const char *const gossip_protocols[];
enum { GOSSIP_PROTOCOLS = 4 };

struct gossip_session;
struct gossip_session *gossip_session_get(struct gossip *g,
                                          const struct peer_id *peer); /* made where needed */
void gossip_session_free(struct gossip_session *s);
void gossip_session_sub(struct gossip_session *s, struct cur topic, bool subscribe);
void gossip_session_act(struct gossip_session *s, const struct gossip_action *a);
void gossip_session_stream(struct gossip_session *s,
                           struct conn *stream); /* takes it: what the peer says */
void gossip_session_beat(struct gossip_session *s);
size_t gossip_session_waiting(const struct gossip_session *s);
size_t gossip_session_dropped(const struct gossip_session *s);
struct gossip_peer *
gossip_session_peer(const struct gossip_session *s); /* NULL: we cannot talk to it yet */

/* gossip.c: subscribers judge it. */
enum gossip_verdict gossip_deliver(struct gossip *g, struct cur topic,
                                   const struct gossip_author *author, struct cur data);

#endif
