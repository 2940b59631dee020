/* What one run of a load measured. */
#ifndef LOAD_RUN_H
#define LOAD_RUN_H

#include "answers.h"
#include "latency.h"
#include "mix.h"

enum { RUN_CODES_MAX = 32 };

/* What the service said of itself (system.stats) when the measuring began or ended. */
struct service_state {
    bool known;
    uint64_t at_ns;                                                  /* when it was told */
    double cpu_s;                                                    /* user and system, of the whole process */
    int64_t messages, rss_bytes, cache_hits, cache_misses, computed; /* of its own count, from its start */
};

struct run {
    double rate; /* planned; 0: closed */
    /* Requests that fell due in the measured time: planned = results + refused + unanswered. */
    uint64_t planned, refused, unanswered, lost /* of unanswered: their connection ended */, not_sent /* likewise */;
    uint64_t warmup; /* requests before that */
    uint64_t lost_connections;
    uint64_t bytes_out, bytes_in; /* of the whole run */
    double seconds;               /* measured: as asked for, or until it was stopped */
    double until_last_s;          /* from the start of measuring to the last answer */
    /* Latencies from when a request was due. What has no answer counts in `waiting` with the time it waited so far. */
    struct latencies results[LOAD_METHOD_COUNT], refusals, waiting;
    struct latencies late; /* how long after it was due this program got to a request */
    struct {
        int code;
        uint64_t n;
    } codes[RUN_CODES_MAX];
    size_t n_codes;
    struct service_state before, after;
    double own_cpu_s; /* of this program, while measuring */
    uint64_t compared, unknown, wrong;
    struct buf why_wrong;
    bool interrupted, overflowed; /* stopped by Ctrl-C; because too many requests waited */
    bool gone;                    /* at the end not one connection was up */
};

bool run_new(struct run **out);
void run_free(struct run *run);
void run_count_code(struct run *run, int code); /* of a refused request, or of an error that belongs to none */

/* All latencies of results and of what still waited. */
void run_latencies(const struct run *run, struct latencies *out);
uint64_t run_results(const struct run *run);
double run_achieved(const struct run *run);      /* results a second */
double run_server_cpu_us(const struct run *run); /* of the service, by message it read; below 0: not known */
double run_server_share(const struct run *run);  /* of a processor; below 0: not known */
double run_own_share(const struct run *run);
/* Why this program, not the service, held the load back; NULL: it did not. */
const char *run_bottleneck(const struct run *run, char *out, size_t cap);
/* Whether at least `share` of all planned requests had a result within that time. */
bool run_keeps(const struct run *run, double share, uint64_t under_ns);

#endif
