/*
 * A log-linear histogram of latencies: 32 buckets to every power of two, so that a bucket is at most 1/32 (3.1%) of the
 * values in it. A fixed 10 KB, a few nanoseconds a value, and two of them add up to a third.
 */
#ifndef LOAD_LATENCY_H
#define LOAD_LATENCY_H

#include <stddef.h>
#include <stdint.h>

enum {
    LATENCY_SUB_BITS = 5,
    LATENCY_SUBS = 1 << LATENCY_SUB_BITS,
    LATENCY_BITS = 43, /* values of 2^43 ns (two hours and a half) and more share the last bucket */
    LATENCY_BUCKETS = (LATENCY_BITS - LATENCY_SUB_BITS + 1) * LATENCY_SUBS
};

struct latencies {
    uint64_t n, min_ns, max_ns; /* min and max as they were, not rounded to a bucket; 0 without values */
    double sum_ns, sum_squares; /* of nanoseconds */
    uint64_t bucket[LATENCY_BUCKETS];
};

void latencies_clear(struct latencies *latencies);
void latencies_add(struct latencies *latencies, uint64_t ns);
void latencies_merge(struct latencies *into, const struct latencies *from);

/*
 * The smallest bucket end that at least `share` (0 to 1) of the values lie under or at, but never more than the maximum:
 * at or above the exact quantile by at most 1/32. 0 when there are no values.
 */
uint64_t latencies_quantile(const struct latencies *latencies, double share);
double latencies_mean(const struct latencies *latencies);
double latencies_deviation(const struct latencies *latencies); /* of the population */
/* How many values lie under or at the end of the bucket that holds `ns`. */
uint64_t latencies_within(const struct latencies *latencies, uint64_t ns);

uint64_t latency_bucket_end(size_t bucket); /* the largest value of a bucket */

#endif
