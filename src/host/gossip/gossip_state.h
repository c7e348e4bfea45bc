/* host/gossip/gossip_state.h - who is told what: the rules of gossipsub (libp2p/specs
 * gossipsub-v1.0.md, v1.1, v1.2) without streams, clock or chance of their own.
 *
 * For each topic that is ours we keep a mesh of about GOSSIP_D peers to whom every message goes at
 * once; once a second (gossip_state_beat) others are told which messages there were, and may ask.
 * What is to be said comes out as actions, in the order in which it is to be said; what peers said
 * goes in item by item.  A peer's doings are its score's (gossip_score.h); what it may make us hold
 * or do in a second is counted, and beyond the limits below it is not listened to. */
#ifndef SHOAL_HOST_GOSSIP_GOSSIP_STATE_H
#define SHOAL_HOST_GOSSIP_GOSSIP_STATE_H

#include "host/gossip/gossip_cache.h"
#include "host/gossip/gossip_score.h"
#include "net/addr.h"

enum {
    GOSSIP_D = 6, /* the mesh: wanted, and between which numbers it is left alone */
    GOSSIP_D_LOW = 5,
    GOSSIP_D_HIGH = 12,
    GOSSIP_D_SCORE = 4, /* of them by score, when it shrinks */
    GOSSIP_D_OUT = 2,   /* of them whom we dialled: nobody can fill it from outside */
    GOSSIP_PX_MAX = 16, /* peers that a PRUNE names, or that are heard of one */
    GOSSIP_D_LAZY = 6,  /* told of messages: so many or a quarter, whichever is more */

    GOSSIP_TOPICS_MAX = 1024,     /* ours */
    GOSSIP_PEER_TOPICS_MAX = 256, /* of a peer, ours apart; more are not noted */
    GOSSIP_GONE_MAX = 512,        /* peers that left and are remembered for what they did */

    /* of one peer, between two heartbeats */
    GOSSIP_IHAVES_MAX = 10,     /* IHAVE */
    GOSSIP_ASKED_MAX = 5000,    /* ids that we ask for */
    GOSSIP_IWANTS_MAX = 5000,   /* ids that we look up */
    GOSSIP_DONTWANT_MAX = 1000, /* ids of IDONTWANT that are noted, for three heartbeats */
    GOSSIP_GRAFTS_MAX = 256,    /* GRAFT and PRUNE */

    GOSSIP_DONTWANT_BYTES = 1024, /* a message so long is announced as here: v1.2 "it is better to
                                     utilize IDONTWANT for messages of a larger size" */
};
#define GOSSIP_BEAT_US UINT64_C(1000000)
#define GOSSIP_BACKOFF_US (60 * GOSSIP_BEAT_US)
#define GOSSIP_BACKOFF_LEAVE_US (10 * GOSSIP_BEAT_US)
/* What a peer says is clamped: GHSA-gc42-3jg7-rxr2 was a sum that overflowed. */
#define GOSSIP_BACKOFF_MAX_US (3600 * GOSSIP_BEAT_US)
#define GOSSIP_SLACK_US (2 * GOSSIP_BEAT_US) /* after a backoff, before we ask again */
#define GOSSIP_FANOUT_US (60 * GOSSIP_BEAT_US)
#define GOSSIP_IMPROVE_US (60 * GOSSIP_BEAT_US)   /* opportunistic grafting */
#define GOSSIP_NEAR_FIRST_US (2 * GOSSIP_BEAT_US) /* not the first, and still a delivery (P3) */
/* What waited so long for a peer is not sent: it must not go round longer than it is known. */
#define GOSSIP_STALE_US (GOSSIP_SEEN_US / 4)
#define GOSSIP_PROMISE_US (3 * GOSSIP_BEAT_US) /* who told of a message gives it in this time */

enum gossip_version { GOSSIP_FLOODSUB, GOSSIP_V10, GOSSIP_V11, GOSSIP_V12 };

struct gossip_state;
struct gossip_peer;

enum gossip_act {
    GOSSIP_SAY_MESSAGE,
    GOSSIP_SAY_GRAFT,
    GOSSIP_SAY_PRUNE,
    GOSSIP_SAY_IDS, /* IHAVE, IWANT, IDONTWANT */
    GOSSIP_MEET,    /* nothing is said: `to` names a peer that might be connected to */
};

/* Views, valid during the call. */
struct gossip_action {
    enum gossip_act act;
    struct gossip_peer *to;
    struct cur topic;
    struct gossip_held *message; /* SAY_MESSAGE; keep it to keep it */
    uint64_t backoff_s;          /* SAY_PRUNE */
    const struct buf *peers;     /* SAY_PRUNE, made by gossip_put_px(); NULL: none */
    struct cur id, record;       /* MEET: as they came, not looked at */
    enum gossip_item_kind kind;  /* SAY_IDS, made by gossip_put_id() */
    const struct buf *ids;
};

struct gossip_state_cfg {
    uint64_t seed;
    struct peer_id self;
    const struct gossip_weights *weights;
    /* Messages of ours go to the mesh alone (or, where the topic is not ours, to a fanout). The
     * rule is that they go to all who listen: nobody can keep them in by sitting around us. */
    bool mesh_only;
    /* Append by gossip_put_px() what others are told of a peer; nothing: it is not named.  May be
     * NULL. */
    void (*name)(void *arg, const struct peer_id *peer, struct buf *peers);
    void (*act)(void *arg, const struct gossip_action *a); /* calls nothing of the state */
    void *arg;
};

/* Without peers and topics. */
struct gossip_state *gossip_state_new(const struct gossip_state_cfg *cfg);
void gossip_state_free(struct gossip_state *s); /* NULL: nothing */

/* --- peers ---------------------------------------------------------------------------------- */

struct gossip_peer_cfg {
    struct peer_id id;
    enum gossip_version version;
    bool outbound; /* we dialled */
    struct addr ip;
    enum gossip_form form; /* how it names messages; learned better as it speaks */
    void *owner;           /* for gossip_peer_owner() */
};

/* One that can be told things; gone: no longer.  What it did is remembered for a while. */
struct gossip_peer *gossip_peer_here(struct gossip_state *s, const struct gossip_peer_cfg *cfg,
                                     uint64_t now_us);
void gossip_peer_gone(struct gossip_state *s, struct gossip_peer *p, uint64_t now_us);
/* Its stream was made anew: it has forgotten that we are in its meshes. */
void gossip_peer_again(struct gossip_state *s, struct gossip_peer *p, enum gossip_version v,
                       uint64_t now_us);
size_t gossip_peer_meshes(const struct gossip_peer *p); /* that it is in */
void *gossip_peer_owner(const struct gossip_peer *p);
const struct peer_id *gossip_peer_id(const struct gossip_peer *p);
double gossip_peer_score(struct gossip_state *s, struct gossip_peer *p, uint64_t now_us);
/* What an app thinks of it (P5). */
void gossip_peer_rate(struct gossip_peer *p, double app);
/* False: below GOSSIP_SCORE_GRAYLIST; what it sends is thrown away. */
bool gossip_peer_heard(struct gossip_state *s, struct gossip_peer *p, uint64_t now_us);
/* It misbehaved in a way that only the stream shows (P7). */
void gossip_peer_blame(struct gossip_peer *p, double n);
/* False: it said IDONTWANT, or gave it to us; or it waited too long, and is old. */
bool gossip_peer_wants(const struct gossip_state *s, const struct gossip_peer *p,
                       const struct gossip_held *m, uint64_t now_us);
/* Messages wait for it: those that it gives us meanwhile need not be given to it. */
void gossip_peer_waits(struct gossip_peer *p, bool backlog);

size_t gossip_peer_declined(const struct gossip_peer *p); /* names that are noted of it */

/* Anything that a peer said, but for messages. */
void gossip_state_hear(struct gossip_state *s, struct gossip_peer *p, struct gossip_item *it,
                       uint64_t now_us);

/* --- topics --------------------------------------------------------------------------------- */

/* Subscribe and unsubscribe; peers are to be told by the caller.  ERR_LIMIT: GOSSIP_TOPICS_MAX, or
 * a name that is empty or too long. */
MUST_CHECK enum err gossip_state_join(struct gossip_state *s, struct cur topic, uint64_t now_us,
                                      struct why *why);
void gossip_state_leave(struct gossip_state *s, struct cur topic, uint64_t now_us);

/* An app names the messages of a topic of ours itself, as by a hash of what they say: at most
 * GOSSIP_ID_MAX bytes, the same in all peers, and before anything was verified.  False: the message
 * has no name and is wrong.  NULL: by its author, as it begins. */
typedef bool gossip_namer(void *arg, const struct gossip_author *author, struct cur data,
                          struct gossip_id *out);
void gossip_state_namer(struct gossip_state *s, struct cur topic, gossip_namer *namer, void *arg);

/* Who listens, and who is in the mesh; sorted by id, at most cap (counted beyond it). */
size_t gossip_state_listeners(const struct gossip_state *s, struct cur topic, struct peer_id *out,
                              size_t cap);
size_t gossip_state_mesh(const struct gossip_state *s, struct cur topic, struct peer_id *out,
                         size_t cap);

/* --- messages ------------------------------------------------------------------------------- */

enum gossip_verdict {
    GOSSIP_ACCEPT,
    GOSSIP_REJECT, /* it is wrong, and who passed it on is to blame (P4) */
    GOSSIP_IGNORE, /* it goes no further */
    GOSSIP_LATER,  /* it is not known yet; never for gossip_state_judge() */
};

enum gossip_taken {
    GOSSIP_NEW,   /* of a topic of ours, and signed by who it says: gossip_state_judge() it */
    GOSSIP_AGAIN, /* it came before */
    GOSSIP_WRONG, /* it breaks the policy, or the signature does not hold */
    GOSSIP_NOT_OURS,
};
/* A message that came.  held: set where it is new; gossip_state_judge() takes it. */
enum gossip_taken gossip_state_take(struct gossip_state *s, struct gossip_peer *from,
                                    const struct gossip_msg *m, uint64_t now_us,
                                    struct gossip_author *author, struct gossip_held **held);
/* from: NULL where it has left meanwhile. */
void gossip_state_judge(struct gossip_state *s, struct gossip_peer *from, struct gossip_held *held,
                        enum gossip_verdict v, uint64_t now_us);
/* One of ours, as gossip_sign() made it; returns how many it is given to.  data: what it says. */
size_t gossip_state_publish(struct gossip_state *s, const struct gossip_author *self,
                            struct cur topic, struct cur data, struct cur whole, uint64_t now_us);

/* Once in GOSSIP_BEAT_US. */
void gossip_state_beat(struct gossip_state *s, uint64_t now_us);

/* How much is held: peers with those that are remembered, topics, ties between them. */
struct gossip_size {
    size_t peers, gone, topics, ties;
};
struct gossip_size gossip_state_size(const struct gossip_state *s);

#endif
