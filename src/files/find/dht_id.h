/* files/find/dht_id.h - names in the DHT: distance, which ids an address may have, who is one
 * stranger.
 *
 * Ids and infohashes are 160 bits and share one space; the distance of two is their XOR, as a
 * number (BEP 5, "overview").  BEP 42 ties 21 bits of an id to the address of its node, so that
 * nobody can choose to live beside an infohash: such an id is "secure".  Addresses of private
 * networks and loopback are exempt, and count as secure ("enforcement"). */
#ifndef SHOAL_FILES_FIND_DHT_ID_H
#define SHOAL_FILES_FIND_DHT_ID_H

#include "base/cur.h"
#include "net/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DHT_ID_LEN = 20, DHT_ID_BITS = 160, DHT_STRANGER_LEN = 19 };

struct dht_id {
    uint8_t b[DHT_ID_LEN];
};

struct dht_node {
    struct dht_id id;
    struct addr addr;
};

/* Of the next DHT_ID_LEN bytes; zeros when they are not there (the cursor tells). */
struct dht_id dht_id_read(struct cur *c);

/* The same 160 bits. */
bool dht_id_equal(const struct dht_id *a, const struct dht_id *b);
/* Less than 0 when a is nearer to target than b; 0 only for equal ids. */
int dht_id_nearer(const struct dht_id *target, const struct dht_id *a, const struct dht_id *b);
/* Leading bits that both share, 0 to 160. */
unsigned dht_id_common(const struct dht_id *a, const struct dht_id *b);
/* The first `bits` bits of `of`, the bit after them turned, the rest from `chance`: a place in that
 * bucket of a table whose owner is `of`. */
struct dht_id dht_id_in_bucket(const struct dht_id *of, unsigned bits, const struct dht_id *chance);

/* BEP 42: is this id one that the address may have? */
bool dht_id_is_secure(const struct dht_id *id, const struct addr *ip);
/* One that it may have; chance: random bytes, whose last one is the r of the BEP. */
struct dht_id dht_id_for(const struct addr *ip, const struct dht_id *chance);
/* The address is of this machine or a private network, where BEP 42 and the limits for one address
 * make no sense: there many nodes share one. */
bool dht_id_exempt(const struct addr *ip);

/* Who counts as one: an IPv4 address, an IPv6 /64 (what one household gets); of exempt addresses
 * each port.  Zero-padded, so that keys can be compared by memcmp(). */
void dht_id_stranger(const struct addr *a, uint8_t key[DHT_STRANGER_LEN]);
/* Two addresses of one owner, most likely: an IPv4 /24, an IPv6 /48; never for exempt ones. */
bool dht_id_same_net(const struct addr *a, const struct addr *b);

#endif
