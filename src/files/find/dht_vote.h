/* files/find/dht_vote.h - what is our address, as the others see it? (BEP 42, "bootstrapping")
 *
 * Pure.  Each node that answers us tells the address that our query came from.  One may lie or see
 * us through another router, so the last DHT_VOTES_MAX voters are kept, one vote for a stranger,
 * and an address holds when at least DHT_VOTES_MIN of them and more than half say it. */
#ifndef SHOAL_FILES_FIND_DHT_VOTE_H
#define SHOAL_FILES_FIND_DHT_VOTE_H

#include "files/find/dht_id.h"

enum { DHT_VOTES_MAX = 32, DHT_VOTES_MIN = 6 };

struct dht_votes {
    struct {
        uint8_t voter[DHT_STRANGER_LEN];
        struct addr says;
    } vote[DHT_VOTES_MAX];
    size_t count, next;
};

/* voter told that we are `says` (its port is not looked at).  What cannot be the address of
 * anybody is passed over. */
void dht_votes_add(struct dht_votes *v, const struct addr *voter, const struct addr *says);
/* ADDR_NONE: it is not known yet. */
struct addr dht_votes_result(const struct dht_votes *v);

#endif
