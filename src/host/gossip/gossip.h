/* host/gossip/gossip.h - topics: what one says, all who listen hear (libp2p/specs pubsub,
 * gossipsub 1.0 to 1.2).
 *
 *     g = gossip_new(&(struct gossip_cfg){.host = host, .keys = keys, .log = log});
 *     sub = gossip_subscribe(g, "news", on_news, app, &why);
 *     gossip_publish(g, "news", cur_of("hello", 5), &peers, &why);
 *
 * Every message is signed by its author (StrictSign), and those that are not are thrown away before
 * an app sees them.  Peers are those whom the host is connected to: finding more that care for a
 * topic is an app's business (kad_provide, kad_providers).  A message comes at most once in two
 * minutes, in no order; it may be lost, as where the network is parted for longer than a few
 * seconds.  Below host_ignore(): the protocols are ours while there is a gossip. */
#ifndef SHOAL_HOST_GOSSIP_GOSSIP_H
#define SHOAL_HOST_GOSSIP_GOSSIP_H

#include "host/gossip/gossip_state.h"
#include "host/host.h"

struct gossip_cfg {
    struct host *host;
    const struct log *log;
    const struct keys *keys; /* outlive it */
    bool lab;                /* many peers of one address are not suspicious */
};

struct gossip;
/* Talks at once with those who are connected. */
struct gossip *gossip_new(const struct gossip_cfg *cfg);
void gossip_free(struct gossip *g); /* before the host; NULL: nothing */

/* A message, valid during the call. */
struct gossip_news {
    const char *topic;
    const struct peer_id *from; /* its author; ourselves too */
    uint64_t seqno;
    struct cur data;
    uint64_t ticket; /* for gossip_judge() */
};
/* What it is worth; of several subscribers to one topic the harshest is heard.  It may unsubscribe
 * itself, and no other.  GOSSIP_LATER: gossip_judge() says it; until then the message goes no
 * further. (Of our own messages it is as good as GOSSIP_ACCEPT.) */
typedef enum gossip_verdict gossip_news_cb(void *arg, const struct gossip_news *n);

/* Text without a NUL, 1 to GOSSIP_TOPIC_MAX bytes.  NULL: ERR_LIMIT. */
struct gossip_sub;
struct gossip_sub *gossip_subscribe(struct gossip *g, const char *topic, gossip_news_cb *cb,
                                    void *arg, struct why *why);
void gossip_unsubscribe(struct gossip_sub *sub); /* NULL: nothing */

/* After the callback that said GOSSIP_LATER has returned; once for each subscriber that said so. An
 * unknown ticket, as of one that waited longer than GOSSIP_LATER_US and is ignored: nothing. */
enum { GOSSIP_LATER_MAX = 1024, GOSSIP_LATER_PEER_MAX = 64 }; /* at once; more are ignored */
#define GOSSIP_LATER_US (20 * SEC) /* less than GOSSIP_STALE_US: then nobody would get it */
void gossip_judge(struct gossip *g, uint64_t ticket, enum gossip_verdict v);

/* How the messages of this topic are named, from now on and until nobody here listens to it. */
void gossip_name_by(struct gossip_sub *sub, gossip_namer *namer, void *arg);

/* Subscribers here hear it too, from inside.  peers: how many it is sent to; 0 is no failure.
 * ERR_LIMIT: longer than GOSSIP_DATA_MAX; ERR_INVALID: a subscriber here rejects it. */
MUST_CHECK enum err gossip_publish(struct gossip *g, const char *topic, struct cur data,
                                   size_t *peers, struct why *why);

/* What an app thinks of a peer: added to its score; 0: nothing. */
void gossip_rate(struct gossip *g, const struct peer_id *peer, double score);

struct gossip_stat {
    size_t peers, topics;         /* whom we talk to; ours */
    uint64_t heard, said, passed; /* messages: new ones that came, ours, given on (each time) */
    uint64_t again;               /* that came and were known */
    uint64_t refused, dropped;    /* thrown away as wrong; not sent for want of room */
};
struct gossip_stat gossip_stat(const struct gossip *g);
size_t gossip_waiting(const struct gossip *g); /* bytes that wait for peers */
/* Who listens to a topic, and who of them is in the mesh: how many. */
size_t gossip_listeners(const struct gossip *g, const char *topic, struct peer_id *out, size_t cap);
size_t gossip_mesh(const struct gossip *g, const char *topic, struct peer_id *out, size_t cap);

#endif
