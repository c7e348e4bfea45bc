/* api/events.h - GET /api/v1/events: what happens in the node, as it happens (SSE).
 *
 * First an event "snapshot" with everything as it is now, then a delta for each event of the bus
 * (core/bus.h), named by its type: {"type","id","data"}.  `?type=file.` gives those whose type
 * begins so.  WHATWG HTML, "Server-sent events".
 *
 * Beside the bus, "node.status" tells what of the snapshot's status is another than
 * EVENTS_STATUS_US ago: {"type","id":"node","data":{those members}}.  Its uptime is left out.
 *
 * What describes a state is sent at most EVENTS_PER_SECOND times a second for one thing, the last
 * state winning; what happened once is sent at once, always.  An event's id says up to which number
 * of the bus the client now knows everything, so a client that was cut off sends it back as
 * Last-Event-ID and gets what it missed, or a fresh snapshot where that is gone.  The number is
 * followed by the run's mark, since a restarted node counts from 1 again.
 *
 * A client that does not read is cut off by net/httpd.h (HTTPD_STREAM_MAX). */
#ifndef SHOAL_API_EVENTS_H
#define SHOAL_API_EVENTS_H

#include "core/bus.h"
#include "net/httpd.h"

#include <jansson.h>

enum {
    EVENTS_PER_SECOND = 4,
    EVENTS_LISTENERS_MAX = 64,
    EVENTS_PENDING_MAX = 4096, /* things with a state that waits, for one listener; past it all go
                                  out early */
};
#define EVENTS_HEARTBEAT_US (15 * SEC)
#define EVENTS_STATUS_US (2 * SEC)

struct events;

/* snapshot: a new reference, an object whose "status" is one too. */
struct events *events_new(struct loop *loop, struct bus *bus, json_t *(*snapshot)(void *arg),
                          void *arg);
void events_free(struct events *e); /* ends the streams; NULL: nothing */

/* Answers c with a stream. */
void events_serve(struct events *e, struct httpd_call *c);

#endif
