/* Results for people, for programs (JSON) and for HdrHistogram's plotters (.hgrm). All go into buffers. */
#ifndef LOAD_REPORT_H
#define LOAD_REPORT_H

#include "run.h"
#include "search.h"
#include "survey.h"

#include <time.h>

enum { REPORT_BYTES_MAX = 64 << 20, REPORT_FORMAT = 1, QUANTILES = 7 };

struct quantile_name {
    const char *name;
    double share;
};
extern const struct quantile_name report_quantiles[QUANTILES]; /* p50 to p99.999 */

struct search_step {
    double rate, achieved;
    uint64_t quantile_ns; /* the goal's */
    bool kept, limited;   /* limited: this program was the bottleneck */
};

struct report {
    const struct settings *settings;
    const struct survey *survey;
    time_t started;
    struct run *runs[RUNS_MAX];
    size_t n_runs;
    struct search search; /* --find-max */
    struct search_step steps[SEARCH_STEPS_MAX];
};

/* "open load" or "CLOSED load", as every output says. */
const char *report_loop(const struct settings *settings);

void report_put_head(const struct report *report, struct buf *out);
void report_put_run(const struct report *report, const struct run *run, struct buf *out);
void report_put_step(const struct report *report, size_t step, struct buf *out);
void report_put_search(const struct report *report, struct buf *out);
/* The whole as one JSON object and its LF. */
void report_put_json(const struct report *report, struct buf *out);
/* The latencies of all runs together, in milliseconds. */
void report_put_hgrm(const struct report *report, struct buf *out);

#endif
