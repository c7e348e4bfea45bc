/* node/logring.h - the last lines of the log, for `shoal log` and the dashboard. */
#ifndef SHOAL_NODE_LOGRING_H
#define SHOAL_NODE_LOGRING_H

#include "node/node.h"

#include <jansson.h>
#include <stdint.h>

enum { LOGRING_LINES = 500 };

struct logring;

/* Every line goes on to `next` (NULL: none) as well. */
struct logring *logring_new(node_log *next, void *arg);
void logring_free(struct logring *r); /* NULL: nothing */

/* The log_sink to give to log_new(), with the ring as its argument. */
void logring_sink(void *ring, enum log_level level, const char *line);

/* Where the time of a line comes from, once there is a clock; NULL: there is none any more, and
 * lines have the time of the last one. */
void logring_clock(struct logring *r, int64_t (*wall_us)(void *arg), void *arg);

/* Lines at `level` and above after number `after`, oldest first:
 * [{"n","time","level","text"}].  A new reference. */
json_t *logring_json(const struct logring *r, enum log_level level, uint64_t after);

#endif
