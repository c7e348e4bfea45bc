/* host/mux/messages.h - messages over a stream, each behind its length as an unsigned varint.
 *
 * What nearly all protocols of libp2p send.  A message longer than `max` ends the stream (its
 * length is looked at before anything is held); so does a silence of more than the deadline while
 * one is awaited. Events come from the loop: MESSAGES_ONE   a whole message, valid during the call
 *     MESSAGES_END   the other side sends no more
 *     MESSAGES_GONE  it failed, or took too long: why.  Nothing follows.
 * messages_free() is allowed inside a callback. */
#ifndef SHOAL_HOST_MUX_MESSAGES_H
#define SHOAL_HOST_MUX_MESSAGES_H

#include "base/buf.h"
#include "base/cur.h"
#include "net/conn.h"

enum messages_event { MESSAGES_ONE, MESSAGES_END, MESSAGES_GONE };
enum { MESSAGES_QUEUED_MAX = 1 << 20 }; /* bytes that wait to be taken by the stream */

struct messages;
typedef void messages_cb(void *arg, enum messages_event ev, struct cur msg, const struct why *why);

/* Over a stream, open and not watched, which it takes.  max: bytes of one message that we read. */
struct messages *messages_new(struct conn *stream, size_t max, messages_cb *cb, void *arg);

/* In how many microseconds from now something must have come (a message, the end), or it is over;
 * 0: no hurry.  Stands until it is set again. */
void messages_expect(struct messages *m, uint64_t within_us);

/* Send one.  ERR_LIMIT, and nothing is sent, when the other side takes too little and
 * MESSAGES_QUEUED_MAX would be passed. */
MUST_CHECK enum err messages_send(struct messages *m, const void *msg, size_t n, struct why *why);
size_t messages_queued(const struct messages *m);
/* So many bytes may wait instead, for who sends single messages that are longer. */
void messages_allow(struct messages *m, size_t queued_max);

void messages_pause(struct messages *m, bool paused); /* no more MESSAGES_ONE: back-pressure */
void messages_shut(struct messages *m);               /* no more from us, once all is taken */
/* The stream itself, to go on by hand: what was not read as a message is still in it.  m is gone.
 * Only where nothing waits to be sent. */
struct conn *messages_take(struct messages *m);
/* Shut before: what is queued still goes out.  Else the stream is reset.  NULL: nothing. */
void messages_free(struct messages *m);

#endif
