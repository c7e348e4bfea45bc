/* files/find/dht_store.h - what one node keeps for others: announced peers and items, for a while.
 *
 * Pure.  Bounded in all directions: by count, by bytes, by stranger (dht_id_stranger) and by time.
 * When it is full, what lies farthest from our own id goes, for there are others who are nearer to
 * it; a newcomer that lies farther still is refused.  One store for each address family.
 *
 * A token (BEP 5) proves that who stores has asked for it under its own address not long ago: it is
 * a hash under a secret that changes every five minutes, over the address and what is to be stored
 * under, and is good until the secret has changed twice. */
#ifndef SHOAL_FILES_FIND_DHT_STORE_H
#define SHOAL_FILES_FIND_DHT_STORE_H

#include "files/find/dht_msg.h"
#include "net/loop.h"

enum {
    DHT_SWARMS_MAX = 4000,         /* infohashes */
    DHT_SWARM_PEERS_MAX = 1000,    /* of one; BEP 33 asks for fewer than 6000 */
    DHT_STORED_PEERS_MAX = 40000,  /* in all */
    DHT_STORED_ITEMS_MAX = 2000,   /* about 3 MB */
    DHT_STRANGER_SWARMS_MAX = 100, /* that one stranger may be in */
    DHT_STRANGER_ITEMS_MAX = 32,   /* that one stranger may have stored */
    DHT_STORE_TOKEN_LEN = 8,
    DHT_SAMPLE_INTERVAL_S = 300, /* BEP 51: a new choice after this */
};
#define DHT_PEER_TTL_US (45 * 60 * SEC)  /* peers announce every 15 to 30 minutes */
#define DHT_ITEM_TTL_US (2 * 3600 * SEC) /* BEP 44, "expiration" */
#define DHT_SECRET_US (5 * 60 * SEC)     /* BEP 5 */

struct dht_store;

/* own: what "far" is measured from; copied.  seed: of hashes and choices. */
struct dht_store *dht_store_new(const struct dht_id *own, uint64_t seed, uint64_t now_us);
void dht_store_free(struct dht_store *s); /* NULL: nothing */
void dht_store_rebase(struct dht_store *s, const struct dht_id *own);
/* What is too old goes; to be called every minute or so. */
void dht_store_tick(struct dht_store *s, uint64_t secret, uint64_t now_us);

/* The token for this address and target; the check of one. */
void dht_store_token(const struct dht_store *s, const struct addr *to, const struct dht_id *target,
                     uint8_t token[DHT_STORE_TOKEN_LEN]);
bool dht_store_token_ok(const struct dht_store *s, const struct addr *from,
                        const struct dht_id *target, struct cur token);

/* A peer of this torrent: one for an IP, whose port and seed may change.  ERR_LIMIT: no room. */
MUST_CHECK enum err dht_store_announce(struct dht_store *s, const struct dht_id *infohash,
                                       const struct addr *peer, bool seed, uint64_t now_us);
/* Up to cap of its peers, by chance when there are more; noseed: not the seeds.  Returns how many.
 */
size_t dht_store_peers(struct dht_store *s, const struct dht_id *infohash, bool noseed,
                       struct addr *out, size_t cap);
/* No more tokens are given for it (BEP 33: "by not responding with tokens"). */
bool dht_store_is_full(const struct dht_store *s, const struct dht_id *infohash);
/* BEP 33's filters over all its peers; false: nothing is known of it.  At most a minute old. */
bool dht_store_scrape(struct dht_store *s, const struct dht_id *infohash, uint64_t now_us,
                      uint8_t seeds[DHT_BLOOM_LEN], uint8_t peers[DHT_BLOOM_LEN]);
/* BEP 51: infohashes that we have peers of, a choice that holds for DHT_SAMPLE_INTERVAL_S. */
size_t dht_store_samples(struct dht_store *s, uint64_t now_us,
                         uint8_t out[DHT_SAMPLES_MAX * DHT_ID_LEN]);

/* An item that is good (dht_item_is_good), from this stranger.  0, or the error of BEP 44 to answer
 * with.  cas: NULL: not asked for. */
int dht_store_put(struct dht_store *s, const struct dht_item *item, const int64_t *cas,
                  const struct addr *from, uint64_t now_us);
/* False: none.  *out is of the store, until it is changed. */
bool dht_store_get(const struct dht_store *s, const struct dht_id *target, struct dht_item *out);

/* How much is kept now: infohashes, peers of all of them, items. */
size_t dht_store_swarms(const struct dht_store *s);
size_t dht_store_peer_count(const struct dht_store *s);
size_t dht_store_items(const struct dht_store *s);

/* BEP 33, "bloom filters". */
void dht_bloom_add(uint8_t bloom[DHT_BLOOM_LEN], const struct addr *ip);
double dht_bloom_size(const uint8_t bloom[DHT_BLOOM_LEN]); /* an estimate of how many */

#endif
