/* tunnel/dgram.h - datagrams over a stream: one flow, from one program to another.
 *
 * What the stream does not take waits, DGRAM_QUEUED_MAX and DGRAM_QUEUED_BYTES at most; then the
 * oldest is dropped, as a router would.  The owner may give datagrams before there is a stream.
 * DGRAM_GONE comes when the stream ended or failed, or when nothing passed for DGRAM_IDLE_US; then
 * nothing follows.  dgram_free() is allowed inside the callback. */
#ifndef SHOAL_TUNNEL_DGRAM_H
#define SHOAL_TUNNEL_DGRAM_H

#include "net/conn.h"
#include "tunnel/dgram_msg.h"

struct policy;

enum { DGRAM_QUEUED_MAX = 64, DGRAM_QUEUED_BYTES = 256 << 10 };
#define DGRAM_IDLE_US (120 * SEC) /* RFC 4787 section 4.3: not less than two minutes */

enum dgram_event { DGRAM_ONE, DGRAM_GONE };
struct dgram;
/* one: valid during the call. */
typedef void dgram_cb(void *arg, enum dgram_event ev, struct cur one);

/* policy: the node's limits, which drop what is too much; NULL: none. */
struct dgram *dgram_new(struct loop *loop, struct policy *policy, dgram_cb *cb, void *arg);
/* The stream, open, which it takes; first: what goes before, taken. */
void dgram_attach(struct dgram *d, struct conn *stream, struct buf *first);
void dgram_send(struct dgram *d, const void *bytes, size_t n);
void dgram_free(struct dgram *d); /* NULL: nothing */

uint64_t dgram_dropped(const struct dgram *d); /* of those that were given */

#endif
