/* files/find/lsd_msg.h - what Local Service Discovery says (BEP 14): a datagram in the manner of
 * HTTP. Pure.
 *
 *     BT-SEARCH * HTTP/1.1
 *     Host: 239.192.152.143:6771
 *     Port: 6881
 *     Infohash: 0123456789abcdef0123456789abcdef01234567
 *     cookie: 5ac3
 */
#ifndef SHOAL_FILES_FIND_LSD_MSG_H
#define SHOAL_FILES_FIND_LSD_MSG_H

#include "base/buf.h"
#include "base/cur.h"
#include "base/err.h"
#include "crypto/sha1.h"

enum {
    LSD_MSG_MAX = 1400,  /* bytes; BEP 14: "should not exceed 1400 bytes" */
    LSD_HASHES_MAX = 20, /* taken from one message; about as many fit */
    LSD_COOKIE_MAX = 64, /* bytes; one that is longer is not ours */
};

struct lsd_msg {
    uint16_t port; /* where the sender listens; not 0 */
    uint8_t hashes[LSD_HASHES_MAX][SHA1_LEN];
    size_t hash_count;
    char cookie[LSD_COOKIE_MAX + 1]; /* "" when there is none */
};

/* Names of headers in any case; what is unknown, and an infohash that is none, is passed over.
 * ERR_INVALID: no announce, without a port or any infohash, or cut short; ERR_LIMIT: too long. */
MUST_CHECK enum err lsd_read(struct cur packet, struct lsd_msg *out, struct why *why);

/* One infohash a message: several clients read only the first.  host: the group, "IP:PORT". */
void lsd_put(struct buf *out, const char *host, uint16_t port, const uint8_t infohash[SHA1_LEN],
             const char *cookie);

#endif
