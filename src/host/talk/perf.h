/* host/talk/perf.h - how fast is it? (libp2p/specs perf/perf.md, "/perf/1.0.0"): the answering
 * side, for laboratories.
 *
 * The first 8 bytes say how many bytes to send once the other side has ended; what else comes is
 * dropped. At most PERF_STREAMS_MAX at once. */
#ifndef SHOAL_HOST_TALK_PERF_H
#define SHOAL_HOST_TALK_PERF_H

#include "host/host.h"

#define PERF_PROTOCOL "/perf/1.0.0"
enum { PERF_STREAMS_MAX = 64 };

/* Answers from now on. */
struct perf;
struct perf *perf_new(struct host *h);
void perf_free(struct perf *p); /* before the host; NULL: nothing */

#endif
