/* host/gossip/gossip_state_in.h - the inside of the state, for the files that it is made of. */
#ifndef SHOAL_HOST_GOSSIP_GOSSIP_STATE_IN_H
#define SHOAL_HOST_GOSSIP_GOSSIP_STATE_IN_H

#include "base/list.h"
#include "base/map.h"
#include "host/gossip/gossip_state.h"

/* A topic that is ours, or that a peer named. */
struct topic {
    struct link link; /* in state.topics */
    struct link ties;
    size_t tie_count, mesh_count;
    bool ours;
    uint64_t fanout_until_us; /* of one that is not ours, and that we published to */
    uint64_t improve_at_us;
    gossip_namer *namer; /* NULL: by author and number */
    void *namer_arg;
    struct cur name; /* in bytes */
    uint8_t bytes[];
};

/* A peer in a topic: it listens, is in the mesh, or did something that is not forgotten yet. */
struct tie {
    struct link of_topic, of_peer;
    struct topic *topic;
    struct gossip_peer *peer;
    bool subscribed, mesh, fanout;
    uint64_t backoff_until_us;
    struct gossip_marks marks;
};

struct gossip_peer {
    struct link link; /* in state.peers; in state.gone, who left first is first */
    struct peer_id id;
    uint64_t number; /* no other has it */
    bool here, backlog;
    struct gossip_peer_cfg cfg;
    struct link ties;
    size_t tie_count;
    struct gossip_conduct conduct;
    double score;
    bool score_stale;
    enum gossip_form form;
    unsigned ihaves, asked, iwants, dontwants, grafts; /* since the last heartbeat */
    struct map *dont_want;                             /* hash of an id -> the heartbeat, + 1 */
    unsigned promises;
    uint64_t promised_until_us;
    struct buf promised; /* one id of them */
};

struct gossip_state {
    struct gossip_state_cfg cfg;
    struct gossip_cache *cache;
    struct link peers, gone, topics;
    struct map *by_id, *by_name;
    size_t gone_count, ours_count;
    uint64_t numbers, chance, beats;
};

/* --- gossip_state.c --- */
struct topic *topic_find(const struct gossip_state *s, struct cur name);
struct tie *tie_find(const struct topic *t, const struct gossip_peer *p);
/* Made where there is none; NULL: the peer names too many topics. */
struct tie *tie_get(struct gossip_state *s, struct topic *t, struct gossip_peer *p);
/* Gone where there is nothing to be remembered of it, and its topic with it. */
void tie_settle(struct gossip_state *s, struct tie *tie, uint64_t now_us);
void tie_free(struct gossip_state *s, struct tie *tie, uint64_t now_us);
void topic_settle(struct gossip_state *s, struct topic *t, uint64_t now_us);
struct topic *topic_get(struct gossip_state *s, struct cur name);

/* What is to be said, to one that is there. */
void say_act(struct gossip_state *s, const struct gossip_action *a);
/* px: others of the topic are named, where they are good. */
void say_prune(struct gossip_state *s, struct tie *tie, bool px, uint64_t backoff_us,
               uint64_t now_us);
void say_message(struct gossip_state *s, struct gossip_peer *to, struct gossip_held *m);
void say_ids(struct gossip_state *s, struct gossip_peer *to, enum gossip_item_kind kind,
             struct cur topic, const struct buf *ids);

/* Which of a topic's ties, in an order left to chance; to be freed. */
typedef bool tie_test(struct gossip_state *s, const struct tie *tie, uint64_t now_us);
struct tie **ties_pick(struct gossip_state *s, struct topic *t, tie_test *test, uint64_t now_us,
                       size_t *n);
void ties_shuffle(struct gossip_state *s, struct tie **ties, size_t n);
tie_test may_be_grafted, may_be_told, may_be_given, may_be_named;

/* Of a message's name. */
uint64_t id_hash(const struct gossip_state *s, struct cur id);

/* --- gossip_peers.c --- */
void peer_free(struct gossip_state *s, struct gossip_peer *p, uint64_t now_us);
/* GOSSIP_DONTWANT_MAX is the caller's to count. */
void peer_declines(struct gossip_state *s, struct gossip_peer *p, struct cur id);
/* One that left is forgotten where there is nothing to be remembered of it. */
void peer_gone_settle(struct gossip_state *s, struct gossip_peer *p, uint64_t now_us);

/* --- gossip_mesh.c --- */
/* tell: with a GRAFT. */
void mesh_add(struct gossip_state *s, struct tie *tie, bool tell, uint64_t now_us);
/* How the peer hears of it: not at all, by a PRUNE, or by one that names others. */
enum farewell { FAREWELL_NONE, FAREWELL_PRUNE, FAREWELL_PX };
/* With a PRUNE neither side asks again for so long. */
void mesh_drop(struct gossip_state *s, struct tie *tie, enum farewell how, uint64_t backoff_us,
               uint64_t now_us);

#endif
