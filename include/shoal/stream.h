/* shoal/stream.h - bytes to a peer and back, of one protocol.
 *
 * A stream is encrypted, and its other end has proven to be shoal_stream_peer().  Many share one
 * connection; each has its own back-pressure: who does not read is not sent more than a window, and
 * nothing is buffered for him in vain.
 *
 * Reading and writing never block:
 *     shoal_stream_recv: > 0 bytes read | SHOAL_AGAIN | SHOAL_END (it sends no more) | SHOAL_FAILED
 *     shoal_stream_send: > 0 bytes taken (maybe fewer than given) | SHOAL_AGAIN | SHOAL_FAILED
 *
 * Events come from the loop, to the callback of shoal_stream_watch():
 *     SHOAL_READABLE  recv would give something: once after watch, and once after SHOAL_AGAIN.  Who
 *                     stops before SHOAL_AGAIN simply reads on when he likes; no event tells him.
 *     SHOAL_WRITABLE  send would take something: once after SHOAL_AGAIN, or after less was taken
 *                     than was given.
 *     SHOAL_CLOSED    it failed, and err (NULL with the others) says why; no event follows.  It is
 *                     still the owner's to close.
 *
 * A stream ends well by shut ("no more from us"), reading on until SHOAL_END if an answer is
 * wanted, and close.  One that is closed without shut is reset: the other side sees it fail.
 *
 * A stream is owned by whom a callback handed it to (shoal/host.h), until he closes it.  When its
 * host is freed it fails, and is still his to close, even after its loop. */
#ifndef SHOAL_STREAM_H
#define SHOAL_STREAM_H

#include <shoal/err.h>

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct shoal_stream;

enum { SHOAL_AGAIN = -1, SHOAL_END = -2, SHOAL_FAILED = -3 };
enum { SHOAL_READABLE = 1, SHOAL_WRITABLE = 2, SHOAL_CLOSED = 3 };

typedef void shoal_stream_event_cb(void *arg, struct shoal_stream *stream, int event,
                                   const struct shoal_err *err);

/* Who hears of events from now on; cb NULL: nobody.  Of a stream that has failed before, he hears
 * SHOAL_CLOSED. */
void shoal_stream_watch(struct shoal_stream *stream, shoal_stream_event_cb *cb, void *arg);

/* See above.  Of 0 bytes: 0. */
ptrdiff_t shoal_stream_recv(struct shoal_stream *stream, void *to, size_t n);
ptrdiff_t shoal_stream_send(struct shoal_stream *stream, const void *bytes, size_t n);

/* No more from us. */
void shoal_stream_shut(struct shoal_stream *stream);

/* It is gone, and silent; allowed in its own callback.  After shut, what was taken still goes out.
 * NULL: nothing. */
void shoal_stream_close(struct shoal_stream *stream);

/* Whose it is, and which protocol was agreed on; live as long as the stream. */
const char *shoal_stream_peer(const struct shoal_stream *stream);
const char *shoal_stream_protocol(const struct shoal_stream *stream);

/* 1: it goes over a relay that counts time and bytes. */
int shoal_stream_limited(const struct shoal_stream *stream);

#ifdef __cplusplus
}
#endif

#endif
