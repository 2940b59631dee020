/* Counters from one X-macro list, and log-linear histograms: a fixed size, no lock, a few nanoseconds a value. */
#include "metrics.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { SUB_BITS = 3, SUBS = 1 << SUB_BITS }; /* buckets to a power of two */

static const char *const counter_names[] = {
#define X(name, exported, about) #name,
    METRICS(X)
#undef X
};

static void add_errors(struct metrics *metrics, int code, uint64_t n);
static void histogram_sum(struct histogram *histogram, const struct histogram *other);
static void put_method(const struct method_metrics *method, struct buf *out);
static size_t bucket_of(uint64_t us);
static uint64_t bucket_end(size_t bucket);

int metrics_init(struct metrics *metrics, size_t n_methods)
{
    memset(metrics, 0, sizeof *metrics);
    metrics->methods = calloc(n_methods ? n_methods : 1, sizeof *metrics->methods);
    metrics->n_methods = n_methods;
    return metrics->methods ? 0 : -1;
}

void metrics_fini(struct metrics *metrics)
{
    free(metrics->methods);
    metrics->methods = NULL;
}

void metrics_error(struct metrics *metrics, int code)
{
    add_errors(metrics, code, 1);
}

static void add_errors(struct metrics *metrics, int code, uint64_t n)
{
    size_t i = 0;
    while (i < metrics->n_codes && metrics->errors[i].code != code)
        i++;
    if (i == METRICS_CODES_MAX)
        return;
    if (i == metrics->n_codes) {
        metrics->errors[i].code = code;
        metrics->n_codes++;
    }
    metrics->errors[i].n += n;
}

uint64_t metrics_errors(const struct metrics *metrics, int code)
{
    for (size_t i = 0; i < metrics->n_codes; i++)
        if (metrics->errors[i].code == code)
            return metrics->errors[i].n;
    return 0;
}

void metrics_answer(struct method_metrics *method, int code, uint64_t us)
{
    method->errors += code != 0;
    histogram_add(&method->latency, us);
}

void metrics_sum(struct metrics *metrics, const struct metrics *other)
{
    assert(metrics->n_methods == other->n_methods);
    for (size_t i = 0; i < METRIC_COUNT; i++)
        metrics->counter[i] += other->counter[i];
    for (size_t i = 0; i < other->n_methods; i++) {
        metrics->methods[i].requests += other->methods[i].requests;
        metrics->methods[i].errors += other->methods[i].errors;
        histogram_sum(&metrics->methods[i].latency, &other->methods[i].latency);
    }
    for (size_t i = 0; i < other->n_codes; i++)
        add_errors(metrics, other->errors[i].code, other->errors[i].n);
}

void metrics_put(const struct metrics *metrics, const char *(*error_name)(int code), struct buf *out)
{
    json_put_key(out, "counters");
    json_open(out, '{');
    for (size_t i = 0; i < METRIC_COUNT; i++)
        json_put_integer(out, counter_names[i], (int64_t)metrics->counter[i]);
    json_close(out, '}');

    json_put_key(out, "methods");
    json_open(out, '{');
    for (size_t i = 0; i < metrics->n_methods; i++)
        if (metrics->methods[i].requests > 0)
            put_method(&metrics->methods[i], out);
    json_close(out, '}');

    json_put_key(out, "errors");
    json_open(out, '{');
    for (size_t i = 0; i < metrics->n_codes; i++)
        json_put_integer(out, error_name(metrics->errors[i].code), (int64_t)metrics->errors[i].n);
    json_close(out, '}');
}

static void put_method(const struct method_metrics *method, struct buf *out)
{
    const struct histogram *latency = &method->latency;
    json_put_key(out, method->name);
    json_open(out, '{');
    json_put_integer(out, "requests", (int64_t)method->requests);
    json_put_integer(out, "errors", (int64_t)method->errors);
    json_put_key(out, "latency_us");
    json_open(out, '{');
    json_put_integer(out, "n", (int64_t)latency->n);
    json_put_integer(out, "p50", (int64_t)histogram_quantile(latency, 500));
    json_put_integer(out, "p90", (int64_t)histogram_quantile(latency, 900));
    json_put_integer(out, "p99", (int64_t)histogram_quantile(latency, 990));
    json_put_integer(out, "max", (int64_t)latency->max_us);
    json_close(out, '}');
    json_close(out, '}');
}

void histogram_add(struct histogram *histogram, uint64_t us)
{
    histogram->n++;
    histogram->sum_us += us;
    if (us > histogram->max_us)
        histogram->max_us = us;
    histogram->bucket[bucket_of(us)]++;
}

static void histogram_sum(struct histogram *histogram, const struct histogram *other)
{
    histogram->n += other->n;
    histogram->sum_us += other->sum_us;
    if (other->max_us > histogram->max_us)
        histogram->max_us = other->max_us;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS && other->n > 0; i++)
        histogram->bucket[i] += other->bucket[i];
}

uint64_t histogram_quantile(const struct histogram *histogram, unsigned permille)
{
    uint64_t below = 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS && histogram->n > 0; i++) {
        below += histogram->bucket[i];
        if (below * 1000 >= histogram->n * permille && below > 0) {
            uint64_t end = bucket_end(i);
            return end < histogram->max_us ? end : histogram->max_us;
        }
    }
    return 0;
}

uint64_t histogram_below(const struct histogram *histogram, unsigned bits)
{
    uint64_t below = 0;
    size_t end = bucket_of((uint64_t)1 << bits);
    for (size_t i = 0; i < end; i++)
        below += histogram->bucket[i];
    return below;
}

static size_t bucket_of(uint64_t us)
{
    if (us < SUBS)
        return (size_t)us;
    if (us > UINT32_MAX)
        us = UINT32_MAX;
    unsigned shift = 63u - (unsigned)__builtin_clzll(us) - SUB_BITS;
    return (size_t)(shift + 1) * SUBS + (size_t)((us >> shift) & (SUBS - 1));
}

/* The largest value of a bucket. */
static uint64_t bucket_end(size_t bucket)
{
    if (bucket < SUBS)
        return bucket;
    unsigned shift = (unsigned)(bucket / SUBS) - 1;
    return ((uint64_t)(SUBS + bucket % SUBS + 1) << shift) - 1;
}
