/* files/magnet.h - magnet links (BEP 9, "magnet URI format"; BEP 53 is read over). */
#ifndef SHOAL_FILES_MAGNET_H
#define SHOAL_FILES_MAGNET_H

#include "base/buf.h"
#include "base/err.h"
#include "crypto/sha1.h"
#include "net/addr.h"

#include <stddef.h>

enum { MAGNET_MAX = 16384, MAGNET_TRACKERS_MAX = 64, MAGNET_PEERS_MAX = 64 };

struct magnet {
    uint8_t infohash[SHA1_LEN];          /* xt=urn:btih:, 40 hex digits or 32 of base32 */
    char *name;                          /* dn, decoded; NULL when absent */
    char *trackers[MAGNET_TRACKERS_MAX]; /* tr */
    size_t tracker_count;
    char *peers[MAGNET_PEERS_MAX]; /* x.pe, "host:port" */
    size_t peer_count;
};

/* ERR_INVALID: no magnet link, or none of BitTorrent v1 (said apart: v2 only). */
struct magnet *magnet_parse(const char *link, struct why *why);
void magnet_free(struct magnet *m); /* NULL: nothing */

/* The link; appended to out. */
void magnet_write(struct buf *out, const uint8_t infohash[SHA1_LEN], const char *name,
                  const char *const *trackers, size_t n);

#endif
