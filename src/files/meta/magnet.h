/* files/meta/magnet.h - magnet links (BEP 9, "magnet URI format"; BEP 52: btmh; BEP 53: so; BEP 46:
 * btpk). */
#ifndef SHOAL_FILES_META_MAGNET_H
#define SHOAL_FILES_META_MAGNET_H

#include "base/buf.h"
#include "base/err.h"
#include "files/meta/infohash.h"
#include "net/addr.h"

#include <stddef.h>

enum {
    MAGNET_MAX = 16384,
    MAGNET_TRACKERS_MAX = 64,
    MAGNET_PEERS_MAX = 64,
    MAGNET_WEB_SEEDS_MAX = 64,
    MAGNET_KEY_LEN = 32,
    MAGNET_SALT_MAX = 64, /* bytes; BEP 44 */
};

struct magnet_range {
    uint32_t first, last; /* files, counted from 0, both of them in it */
};

struct magnet {
    /* xt=urn:btih:, 40 hex digits or 32 of base32; xt=urn:btmh:, a multihash of SHA-256 in hex. */
    struct infohash hash;
    uint8_t infohash[INFOHASH_LEN]; /* infohash_id() of it; zeros when there is none */
    /* xs=urn:btpk:, a mutable torrent (BEP 46), hex; its salt (s=).  Only with has_key may a link
     * be without a hash. */
    bool has_key;
    uint8_t key[MAGNET_KEY_LEN];
    uint8_t salt[MAGNET_SALT_MAX];
    size_t salt_len;
    struct magnet_range *only; /* so: the files wanted, rising, apart from each other; 0: all */
    size_t only_count;
    char *name;                          /* dn, decoded; NULL when absent */
    char *trackers[MAGNET_TRACKERS_MAX]; /* tr */
    size_t tracker_count;
    char *peers[MAGNET_PEERS_MAX]; /* x.pe, "host:port" */
    size_t peer_count;
    char *web_seeds[MAGNET_WEB_SEEDS_MAX]; /* ws, http and https */
    size_t web_seed_count;
};

/* ERR_INVALID: no magnet link, or it names no torrent. */
struct magnet *magnet_parse(const char *link, struct why *why);
void magnet_free(struct magnet *m); /* NULL: nothing */

/* The link; appended to out.  hash names one or both. */
void magnet_write(struct buf *out, const struct infohash *hash, const char *name,
                  const char *const *trackers, size_t n);

#endif
