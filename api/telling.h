/* What /metrics tells, as Prometheus reads it: text format 0.0.4, or OpenMetrics 1.0. No I/O but the process's own figures. */
#ifndef API_TELLING_H
#define API_TELLING_H

#include "cache.h"
#include "metrics.h"
#include "plans.h"

struct telling {
    bool open; /* OpenMetrics */
    const struct metrics *metrics;
    const struct cache_stats *cache;
    struct plans *plans; /* NULL: none */
    const struct wm_dataset *dataset;
    size_t loops;
    int64_t uptime_s;
    bool draining;
};

void telling_put(const struct telling *telling, struct buf *out);

#endif
