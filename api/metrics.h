/* What the service counts: one list of counters, requests and latency by method, errors by code. Loop thread only. */
#ifndef API_METRICS_H
#define API_METRICS_H

#include "buf.h"

#include <stddef.h>
#include <stdint.h>

/* Name in system.stats, name at /metrics behind wellmatch_, and what one step of it means. Those under "now" go down again. */
#define METRICS(X)                                                                                            \
    X(connections_now, "connections", "connections open")                                                     \
    X(connections_accepted, "connections_accepted_total", "connections taken")                                \
    X(connections_refused, "connections_refused_total", "connections turned away at the ceiling")             \
    X(connections_stalled, "connections_stalled_total", "connections closed because their peer did not read") \
    X(accept_pauses, "accept_pauses_total", "times accepting paused because descriptors ran out")             \
    X(bytes_in, "received_bytes_total", "bytes read")                                                         \
    X(bytes_out, "sent_bytes_total", "bytes written")                                                         \
    X(writes, "writes_total", "system calls that wrote them")                                                 \
    X(messages, "messages_total", "lines that held a request or a batch")                                     \
    X(batches, "batches_total", "of these, batches")                                                          \
    X(notifications, "notifications_total", "requests without an id, never answered")                         \
    X(http_requests, "http_requests_total", "requests over HTTP")                                             \
    X(http_refused, "http_refused_total", "of these, answered with a status from 400 to 499")                 \
    X(http_failed, "http_failed_total", "of these, answered with a status of 500 or more")                    \
    X(in_flight_now, "in_flight", "requests that wait for an answer")                                         \
    X(jobs_now, "jobs", "answers being looked for in Redis, queued or computed")                              \
    X(workers_now, "jobs_at_workers", "of these, given to the worker threads")                                \
    X(computed_on_loop, "computed_on_loop_total", "answers computed on the loop")                             \
    X(computed_on_worker, "computed_on_worker_total", "answers computed on a worker thread")                  \
    X(coalesced, "coalesced_total", "requests that joined an equal one in flight")                            \
    X(http_streams_now, "http_streams", "streams of events open")                                             \
    X(http_streams_dropped, "http_streams_dropped_total", "streams closed because their reader was behind")   \
    X(dropped, "dropped_total", "answers whose asker had gone")                                               \
    X(reloads, "reloads_total", "datasets loaded while running")                                              \
    X(reloads_refused, "reloads_refused_total", "loads that found faults; the running data stayed")

enum metric {
#define X(name, exported, about) METRIC_##name,
    METRICS(X)
#undef X
        METRIC_COUNT
};

/* Microseconds in buckets of at most 1/8 their size: 0..7 one each, then eight to every power of two up to 2^32. */
enum { HISTOGRAM_BUCKETS = 240 };
struct histogram {
    uint64_t n, max_us, sum_us;
    uint64_t bucket[HISTOGRAM_BUCKETS];
};
void histogram_add(struct histogram *histogram, uint64_t us);
/* The smallest bucket's upper end that at least `permille` of the values lie under or at; 0 when there are none. */
uint64_t histogram_quantile(const struct histogram *histogram, unsigned permille);

/* How many of the values lie below 2^bits microseconds: exactly, as that is a bucket's end. */
uint64_t histogram_below(const struct histogram *histogram, unsigned bits);

struct method_metrics {
    const char *name; /* borrowed */
    uint64_t requests, errors;
    struct histogram latency; /* from the whole line read to the answer queued */
};

enum { METRICS_CODES_MAX = 32 };

struct metrics {
    uint64_t counter[METRIC_COUNT];
    size_t n_methods;
    struct method_metrics *methods; /* [n_methods] */
    size_t n_codes;
    struct {
        int code;
        uint64_t n;
    } errors[METRICS_CODES_MAX]; /* in the order they were first seen; codes beyond the room are not told apart */
};

int metrics_init(struct metrics *metrics,
                 size_t n_methods); /* 0, or -1: out of memory. Names are the caller's to set */
void metrics_fini(struct metrics *metrics);

#define metrics_add(metrics, name, by) ((metrics)->counter[METRIC_##name] += (uint64_t)(by))
#define metrics_sub(metrics, name, by) ((metrics)->counter[METRIC_##name] -= (uint64_t)(by))
void metrics_error(struct metrics *metrics, int code);
uint64_t metrics_errors(const struct metrics *metrics, int code); /* how many there were */
void metrics_answer(struct method_metrics *method, int code, uint64_t us);
/* Adds what another one of the same methods has counted. */
void metrics_sum(struct metrics *metrics, const struct metrics *other);

/* Writes the members "counters", "methods" and "errors" into an open object. */
void metrics_put(const struct metrics *metrics, const char *(*error_name)(int code), struct buf *out);

#endif
