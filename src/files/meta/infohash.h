/* files/meta/infohash.h - what a torrent is called: SHA-1 of its info dictionary (v1, BEP 3),
 * SHA-256 of it (v2, BEP 52), or both (hybrid).
 *
 * On the wire, to trackers and in the DHT each name has 20 bytes: v1's, and the first 20 of v2's
 * (BEP 52, "infohash": "For some uses as torrent identifier it is truncated to 20 bytes").  A
 * hybrid torrent is in both swarms and answers to both.  Its id for people is v1's where there is
 * one.  Pure. */
#ifndef SHOAL_FILES_META_INFOHASH_H
#define SHOAL_FILES_META_INFOHASH_H

#include "crypto/sha1.h"
#include "crypto/sha256.h"

#include <stdbool.h>

enum { INFOHASH_LEN = 20, INFOHASH_WIRE_MAX = 2 };

struct infohash {
    bool has_v1, has_v2; /* none: not known yet */
    uint8_t v1[SHA1_LEN];
    uint8_t v2[SHA256_LEN];
};

/* Of v1; or of v2, cut.  NULL when neither is known. */
const uint8_t *infohash_id(const struct infohash *h);

/* The 20 bytes that peers may call it by, v1 first; returns how many there are.  The pointers lead
 * into h. */
size_t infohash_wire(const struct infohash *h, const uint8_t *out[INFOHASH_WIRE_MAX]);

/* Is this one of them? */
bool infohash_is_wire(const struct infohash *h, const uint8_t wire[INFOHASH_LEN]);

/* Both name the same torrent: they share a hash, and differ in none that both have. */
bool infohash_same(const struct infohash *a, const struct infohash *b);

/* What b knows and a does not. */
void infohash_learn(struct infohash *a, const struct infohash *b);

#endif
