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

struct session;
struct session *session_get(struct gossip *g, const struct peer_id *peer); /* made where needed */
void session_free(struct session *s);
void session_sub(struct session *s, struct cur topic, bool subscribe);
void session_act(struct session *s, const struct gossip_action *a);
void session_stream(struct session *s, struct conn *stream); /* takes it: what the peer says */
void session_beat(struct session *s);
size_t session_dropped(const struct session *s);
struct gossip_peer *session_peer(const struct session *s); /* NULL: we cannot talk to it yet */

/* gossip.c: subscribers judge it. */
enum gossip_verdict gossip_deliver(struct gossip *g, struct cur topic,
                                   const struct gossip_author *author, struct cur data);

#endif
