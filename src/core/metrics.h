/* core/metrics.h - numbers for /metrics, by name.
 *
 * shoal_<part>_<thing>_<unit>[_total]; at most METRICS_MAX of them and no labels from peers' data.
 * A metric is a cell that its owner adds to; reading walks them in the order of registration. */
#ifndef SHOAL_CORE_METRICS_H
#define SHOAL_CORE_METRICS_H

#include "base/buf.h"

#include <stdint.h>

enum { METRICS_MAX = 512 };
enum metric_kind { METRIC_COUNTER, METRIC_GAUGE };

struct metrics;
struct metric {
    int64_t value;
};

/* Empty; freed with all its cells. */
struct metrics *metrics_new(void);
void metrics_free(struct metrics *m);

/* The cell of that name, made when new; it lives as long as `m`.  Names and help are constants. */
struct metric *metrics_get(struct metrics *m, enum metric_kind kind, const char *name,
                           const char *help);
static inline void metric_add(struct metric *c, int64_t n)
{
    c->value += n;
}
static inline void metric_set(struct metric *c, int64_t v)
{
    c->value = v;
}

/* Prometheus text format 0.0.4. */
void metrics_write(const struct metrics *m, struct buf *out);

#endif
