/*
 * HdrHistogram's percentile text, which its plotters read: five lines to each halving of the distance to 100%
 * (Histogram.outputPercentileDistribution of HdrHistogram 2.x, with percentileTicksPerHalfDistance 5). Values are in
 * milliseconds and are the upper ends of buckets.
 */
#include "report.h"

#include <math.h>

enum { TICKS_PER_HALF_DISTANCE = 5 };

/* The percentile after this one, on the scale of halving distances. */
static double next_level(double percentile)
{
    double ticks = TICKS_PER_HALF_DISTANCE * pow(2, floor(log2(100 / (100 - percentile))) + 1);
    return percentile + 100 / ticks;
}

static void put_lines(const struct latencies *latencies, struct buf *out)
{
    uint64_t count = 0;
    double level = 0;
    for (size_t i = 0; i < LATENCY_BUCKETS && count < latencies->n; i++) {
        count += latencies->bucket[i];
        uint64_t end = latency_bucket_end(i) < latencies->max_ns ? latency_bucket_end(i) : latencies->max_ns;
        double reached = 100 * (double)count / (double)latencies->n;
        for (; latencies->bucket[i] > 0 && count < latencies->n && level <= reached; level = next_level(level))
            buf_format(out, "%12.3f %2.12f %10llu %14.2f\n", (double)end / 1e6, level / 100, (unsigned long long)count,
                       1 / (1 - level / 100));
    }
    buf_format(out, "%12.3f %2.12f %10llu\n", (double)latencies->max_ns / 1e6, 1.0, (unsigned long long)latencies->n);
}

void report_put_hgrm(const struct report *report, struct buf *out)
{
    struct latencies all, one;
    latencies_clear(&all);
    for (size_t i = 0; i < report->n_runs; i++) {
        run_latencies(report->runs[i], &one);
        latencies_merge(&all, &one);
    }
    buf_format(out, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
    put_lines(&all, out);
    buf_format(out, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n", latencies_mean(&all) / 1e6,
               latencies_deviation(&all) / 1e6);
    buf_format(out, "#[Max     = %12.3f, Total count    = %12llu]\n", (double)all.max_ns / 1e6,
               (unsigned long long)all.n);
    buf_format(out, "#[Buckets = %12d, SubBuckets     = %12d]\n", LATENCY_BUCKETS / LATENCY_SUBS, LATENCY_SUBS);
    buf_format(out, "#[%s, wellmatch-bench %s]\n", report_loop(report->settings), WM_VERSION);
}
