/* host/gossip/gossip_in.h - the inside, for gossip.c, gossip_session.c, gossip_judge.c and
 * gossip_meet.c. */
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

struct gossip_sub {
    struct link link; /* in own.subs */
    struct own *own;
    gossip_news_cb *cb;
    void *arg;
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
    uint64_t tickets;
    struct link trials; /* messages that are being judged */
    struct map *trials_by;
    struct link meets; /* dials to peers that others named */
    unsigned meet_count, meets_begun;
    uint64_t meet_minute;
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

/* With whom it is. */
const struct peer_id *gossip_session_id(const struct gossip_session *s);
/* One message more, or less, of it is being judged; false: there are GOSSIP_LATER_PEER_MAX. */
bool gossip_session_waits(struct gossip_session *s, int more);

/* gossip_judge.c: subscribers judge it.  GOSSIP_LATER: it is for gossip_doubt(). */
struct gossip_doubt {
    uint64_t ticket;
    unsigned open;
    enum gossip_verdict so_far;
};
enum gossip_verdict gossip_deliver(struct gossip *g, struct cur topic,
                                   const struct gossip_author *author, struct cur data,
                                   struct gossip_doubt *doubt);
void gossip_doubt(struct gossip *g, struct gossip_session *s, struct gossip_held *held,
                  const struct gossip_doubt *doubt); /* takes held */
void gossip_trials_beat(struct gossip *g);
void gossip_trials_free(struct gossip *g);

/* gossip_meet.c: peers that a peer named, dialled within limits; and those whom we name. */
enum { GOSSIP_MEETS_MAX = 8, GOSSIP_MEETS_MINUTE = 32 }; /* at once; begun in a minute */
void gossip_meet(struct gossip *g, struct cur id, struct cur record);
void gossip_meets_free(struct gossip *g);
void gossip_name_peer(void *arg, const struct peer_id *peer, struct buf *peers);

#endif
