/* files/peer/choke.h - to whom do we upload?
 *
 * Pure.  BEP 3, "choking": a few peers at a time, so that each gets a useful rate.  While we
 * download, those who give us most are served (tit for tat); when we have all, those who take
 * fastest, each for a turn of CHOKE_TURN_US, then whoever waited longest.  One of the slots is
 * optimistic: every 30 s it goes to another peer whatever it gives, new ones being three times as
 * likely, for "they need a chance to get a piece".  A peer that owes us blocks and gave none for
 * CHOKE_SNUB_US gets only the optimistic slot ("anti-snubbing").
 *
 * Rounds are 10 s apart ("so that TCP can ramp up"); but a free slot is given at once
 * (choke_grant), because a peer that waits for a round has waited for nothing.
 *
 *     choke_round(&c, peers, n, seeding, now, random);   then tell each whose `open` changed */
#ifndef SHOAL_FILES_PEER_CHOKE_H
#define SHOAL_FILES_PEER_CHOKE_H

#include "net/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CHOKE_SLOTS = 8 }; /* the optimistic one included */
#define CHOKE_ROUND_US (10 * SEC)
#define CHOKE_OPTIMISTIC_US (30 * SEC)
#define CHOKE_TURN_US (60 * SEC)
#define CHOKE_SNUB_US (60 * SEC)

struct choke_peer {
    uint32_t id; /* not 0; breaks ties */
    bool interested;
    bool snubbed;             /* owes us blocks for CHOKE_SNUB_US */
    uint64_t gives, takes;    /* bytes a second, to us and from us */
    uint64_t connected_us;    /* when */
    uint64_t opened_us;       /* when it was last unchoked; 0: never */
    bool open;                /* in: is unchoked; out: shall be */
    uint64_t rank[3], chance; /* the round's own */
};

struct choke {
    uint32_t optimistic; /* id of the peer in that slot; 0: none */
    uint64_t optimistic_until_us;
};

/* Sets `open` of all n peers.  Reorders the array.  random: a fresh number. */
void choke_round(struct choke *c, struct choke_peer *peers, size_t n, bool seeding, uint64_t now_us,
                 uint64_t random);

/* May one more be unchoked between rounds, when `open` interested ones are? */
bool choke_grant(size_t open);

#endif
