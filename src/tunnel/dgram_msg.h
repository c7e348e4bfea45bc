/* tunnel/dgram_msg.h - datagrams in a stream of bytes: each behind its length, 2 bytes, big-endian.
 * Pure. */
#ifndef SHOAL_TUNNEL_DGRAM_MSG_H
#define SHOAL_TUNNEL_DGRAM_MSG_H

#include "base/buf.h"
#include "base/cur.h"

#include <stdbool.h>

enum { DGRAM_MAX = 65507 }; /* RFC 768: what fits into IPv4 */

/* n: up to DGRAM_MAX, 0 too. */
void dgram_put(struct buf *out, const void *bytes, size_t n);
/* The next whole one, which is taken from `in`; false: it is not all there, and `in` is as it was.
 */
bool dgram_next(struct cur *in, struct cur *out);

#endif
