/* host/reach/relay_pipe.h - a relay's work: the bytes of two streams to each other.
 *
 * One bounded buffer each way; who does not read holds up who writes, and nobody else.  The end of
 * one side's bytes is the end of what the other reads.  Past a limit both streams are reset. */
#ifndef SHOAL_HOST_REACH_RELAY_PIPE_H
#define SHOAL_HOST_REACH_RELAY_PIPE_H

#include "base/buf.h"
#include "host/reach/relay_msg.h"
#include "net/bucket.h"
#include "net/conn.h"

enum { RELAY_PIPE_BUFFER = 16 << 10 }; /* bytes each way */

struct relay_pipe;
/* Over: both ended, one was reset, or a limit was passed, told in `why`; p is still to be freed.
 * Once, from the loop. */
typedef void relay_pipe_cb(void *arg, const struct why *why);

/* Takes two open streams.  first: at most RELAY_PIPE_BUFFER bytes that go to `a` before all others,
 * not counted.  rate: shared by all pipes, outlives this one; NULL: none. */
struct relay_pipe *relay_pipe_new(struct conn *a, struct conn *b, struct cur first,
                                  const struct relay_limit *limit, struct bucket *rate,
                                  relay_pipe_cb *cb, void *arg);
void relay_pipe_free(struct relay_pipe *p);            /* streams that have not ended are reset */
uint64_t relay_pipe_bytes(const struct relay_pipe *p); /* both ways */

#endif
