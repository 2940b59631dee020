/*
 * Buckets by the leading bits of a value, as Gil Tene's HdrHistogram has them: below 32 one each, then for a value of
 * k bits its five bits after the first choose the bucket among the 32 of k.
 */
#include "latency.h"

#include <math.h>
#include <string.h>

static size_t bucket_of(uint64_t ns)
{
    if (ns < LATENCY_SUBS)
        return (size_t)ns;
    if (ns >> LATENCY_BITS)
        return LATENCY_BUCKETS - 1;
    unsigned shift = 63u - (unsigned)__builtin_clzll(ns) - LATENCY_SUB_BITS;
    return (size_t)(shift + 1) * LATENCY_SUBS + (size_t)((ns >> shift) & (LATENCY_SUBS - 1));
}

uint64_t latency_bucket_end(size_t bucket)
{
    if (bucket < LATENCY_SUBS)
        return bucket;
    unsigned shift = (unsigned)(bucket / LATENCY_SUBS) - 1;
    return ((uint64_t)(LATENCY_SUBS + bucket % LATENCY_SUBS + 1) << shift) - 1;
}

void latencies_clear(struct latencies *latencies)
{
    memset(latencies, 0, sizeof *latencies);
}

void latencies_add(struct latencies *latencies, uint64_t ns)
{
    if (latencies->n == 0 || ns < latencies->min_ns)
        latencies->min_ns = ns;
    if (ns > latencies->max_ns)
        latencies->max_ns = ns;
    latencies->n++;
    latencies->sum_ns += (double)ns;
    latencies->sum_squares += (double)ns * (double)ns;
    latencies->bucket[bucket_of(ns)]++;
}

void latencies_merge(struct latencies *into, const struct latencies *from)
{
    if (from->n == 0)
        return;
    if (into->n == 0 || from->min_ns < into->min_ns)
        into->min_ns = from->min_ns;
    if (from->max_ns > into->max_ns)
        into->max_ns = from->max_ns;
    into->n += from->n;
    into->sum_ns += from->sum_ns;
    into->sum_squares += from->sum_squares;
    for (size_t i = 0; i < LATENCY_BUCKETS; i++)
        into->bucket[i] += from->bucket[i];
}

uint64_t latencies_quantile(const struct latencies *latencies, double share)
{
    /* How many must lie under it. The hair less is for shares such as 0.999, which are no binary fractions. */
    uint64_t needed = (uint64_t)ceil(share * (double)latencies->n * (1 - 1e-12)), below = 0;
    if (latencies->n == 0 || needed >= latencies->n)
        return latencies->max_ns;
    for (size_t i = 0; i < LATENCY_BUCKETS; i++) {
        below += latencies->bucket[i];
        if (below >= needed && below > 0) {
            uint64_t end = i == LATENCY_BUCKETS - 1 ? latencies->max_ns : latency_bucket_end(i);
            return end < latencies->max_ns ? end : latencies->max_ns;
        }
    }
    return latencies->max_ns;
}

double latencies_mean(const struct latencies *latencies)
{
    return latencies->n ? latencies->sum_ns / (double)latencies->n : 0;
}

double latencies_deviation(const struct latencies *latencies)
{
    double mean = latencies_mean(latencies);
    double variance = latencies->n ? latencies->sum_squares / (double)latencies->n - mean * mean : 0;
    return variance > 0 ? sqrt(variance) : 0;
}

uint64_t latencies_within(const struct latencies *latencies, uint64_t ns)
{
    uint64_t n = 0;
    for (size_t i = 0, last = bucket_of(ns); i <= last; i++)
        n += latencies->bucket[i];
    return n;
}
