/* Wall time and this process's processor time, and order statistics of what was measured. */
#ifndef WM_STOPWATCH_H
#define WM_STOPWATCH_H

#include <stdlib.h>
#include <time.h>

struct stopwatch {
    double wall, cpu; /* seconds */
};

static inline double seconds_of(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static inline struct stopwatch stopwatch_now(void)
{
    return (struct stopwatch){seconds_of(CLOCK_MONOTONIC), seconds_of(CLOCK_PROCESS_CPUTIME_ID)};
}

static inline struct stopwatch stopwatch_since(struct stopwatch start)
{
    struct stopwatch now = stopwatch_now();
    return (struct stopwatch){now.wall - start.wall, now.cpu - start.cpu};
}

static inline int compare_doubles(const void *a, const void *b)
{
    double p = *(const double *)a, q = *(const double *)b;
    return (p > q) - (p < q);
}

/* Sorts values in place. `share` 0.5 is the median. */
static inline double quantile(double *values, size_t n, double share)
{
    qsort(values, n, sizeof *values, compare_doubles);
    size_t i = (size_t)(share * (double)n);
    return values[i < n ? i : n - 1];
}

#endif
