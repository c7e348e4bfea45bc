/* host/reach/relay_call.h - who calls us through a relay: the stop protocol, from CONNECT to a
 * guest of the host's. */
#ifndef SHOAL_HOST_REACH_RELAY_CALL_H
#define SHOAL_HOST_REACH_RELAY_CALL_H

#include "host/host.h"

struct relay_calls;
typedef bool relay_may_call(void *arg, const struct peer_id *relay);
/* may: whether calls of this relay are taken. */
struct relay_calls *relay_calls_new(struct host *h, const struct log *log, relay_may_call *may,
                                    void *arg);
void relay_calls_free(struct relay_calls *all); /* before the host; NULL: nothing */

#endif
