/* host/gossip/gossip_score.h - how useful a peer was, as a number (libp2p/specs gossipsub-v1.1.md
 * "Peer Scoring").
 *
 * Values alone: gossip_state keeps one gossip_marks for each peer and topic, one gossip_conduct
 * for each peer, writes into them what happened, and asks for the sum.  Everything decays once a
 * heartbeat, so that nobody is good or bad forever; counters are capped, so that no sum overflows.
 *
 * P3 (too few deliveries in the mesh) is off unless a rate is expected: a quiet topic would
 * punish everybody in it. */
#ifndef SHOAL_HOST_GOSSIP_GOSSIP_SCORE_H
#define SHOAL_HOST_GOSSIP_GOSSIP_SCORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Below 0 a peer is not in a mesh; below these: */
#define GOSSIP_SCORE_GOSSIP (-40.0)   /* neither told of messages nor believed about them */
#define GOSSIP_SCORE_PUBLISH (-60.0)  /* not given messages of ours */
#define GOSSIP_SCORE_GRAYLIST (-80.0) /* not listened to */
/* and above these: */
#define GOSSIP_SCORE_PX 10.0           /* peers that it names are met (v1.1 "AcceptPXThreshold") */
#define GOSSIP_SCORE_OPPORTUNISTIC 2.0 /* a mesh with a lower median takes better ones in */

struct gossip_weights {
    double topic_cap;                               /* of the sum over topics */
    double mesh_time, mesh_time_cap;                /* P1, for each second */
    double first, first_cap, first_decay;           /* P2, for each message */
    double rate, rate_cap, rate_decay;              /* P3: weight < 0, or 0: off */
    double rate_expected;                           /* deliveries, decayed, that are expected */
    uint64_t rate_after_us;                         /* in the mesh, before it counts */
    double failure, failure_decay;                  /* P3b */
    double invalid, invalid_decay;                  /* P4, squared */
    double app;                                     /* P5 */
    double colocated;                               /* P6, squared; 0: off */
    unsigned colocated_allowed;                     /* peers of one address */
    double conduct, conduct_decay, conduct_allowed; /* P7, squared */
};
extern const struct gossip_weights gossip_weights;     /* the network's */
extern const struct gossip_weights gossip_weights_lab; /* many peers on one address are fine */

/* Of a peer in a topic. */
struct gossip_marks {
    uint64_t mesh_since_us; /* 0: not in the mesh */
    double first, rate, failure, invalid;
};

/* Of a peer. */
struct gossip_conduct {
    double penalty, app;
    unsigned same_address; /* peers of its address, itself too */
};

/* It brought a message first. */
void gossip_mark_first(struct gossip_marks *m, const struct gossip_weights *w);
/* In the mesh, in time: also who was not the first. */
void gossip_mark_delivered(struct gossip_marks *m, const struct gossip_weights *w);
void gossip_mark_invalid(struct gossip_marks *m);
/* It enters or leaves the mesh. */
void gossip_mark_mesh(struct gossip_marks *m, const struct gossip_weights *w, bool in,
                      uint64_t now_us);
void gossip_marks_decay(struct gossip_marks *m, const struct gossip_weights *w);
/* It left: what was good is forgotten, what was bad stays. */
void gossip_marks_gone(struct gossip_marks *m);
/* Nothing worth keeping. */
bool gossip_marks_empty(const struct gossip_marks *m);

/* It broke a rule n times (P7). */
void gossip_penalty(struct gossip_conduct *c, double n);
void gossip_conduct_decay(struct gossip_conduct *c, const struct gossip_weights *w);

/* P1 to P4. */
double gossip_topic_score(const struct gossip_marks *m, const struct gossip_weights *w,
                          uint64_t now_us);
/* topics: the sum of gossip_topic_score. */
double gossip_score(double topics, const struct gossip_conduct *c, const struct gossip_weights *w);

#endif
