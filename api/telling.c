/*
 * Counters as Prometheus reads them. Names end in their unit, which is a base unit, and in _total where they only grow;
 * nothing here is labelled with an id of a person, post, plan or connection, so that the number of series is fixed.
 * Source: Prometheus, "Exposition formats"; OpenMetrics 1.0.
 */
#include "telling.h"

#include "jsonrpc.h"

#include <dirent.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <uv.h>

enum { FIRST_BITS = 4, LAST_BITS = 24, STEP_BITS = 2 };

static void put_counters(const struct telling *telling, struct buf *out);
static void put_methods(const struct telling *telling, struct buf *out);
static void put_errors(const struct telling *telling, struct buf *out);
static void put_cache(const struct telling *telling, struct buf *out);
static void put_plans(const struct telling *telling, struct buf *out);
static void put_service(const struct telling *telling, struct buf *out);
static void put_process(const struct telling *telling, struct buf *out);

void telling_put(const struct telling *telling, struct buf *out)
{
    put_service(telling, out);
    put_counters(telling, out);
    put_methods(telling, out);
    put_errors(telling, out);
    put_cache(telling, out);
    put_plans(telling, out);
    put_process(telling, out);
    if (telling->open)
        buf_text(out, "# EOF\n");
}

/* ---- Families ---------------------------------------------------------------------------------------------------- */

/* OpenMetrics names the family of a counter without its _total. */
static void put_family(const struct telling *telling, const char *name, const char *type, const char *about,
                       struct buf *out)
{
    static const char total[] = "_total";
    size_t len = strlen(name), tail = sizeof total - 1;
    if (telling->open && len > tail && strcmp(name + len - tail, total) == 0)
        len -= tail;
    buf_format(out, "# HELP %.*s %s.\n# TYPE %.*s %s\n", (int)len, name, about, (int)len, name, type);
}

static const char *type_of(const char *name)
{
    const char *total = strstr(name, "_total");
    return total && !total[6] ? "counter" : "gauge";
}

static void put_one(const struct telling *telling, const char *name, const char *about, int64_t value, struct buf *out)
{
    put_family(telling, name, type_of(name), about, out);
    buf_format(out, "%s %lld\n", name, (long long)value);
}

/* Microseconds, told in seconds. */
static void put_seconds(struct buf *out, int64_t us)
{
    buf_fixed(out, us, 6);
    buf_char(out, '\n');
}

/* ---- What they are of -------------------------------------------------------------------------------------------- */

static void put_service(const struct telling *telling, struct buf *out)
{
    put_family(telling, "wellmatch_build_info", "gauge", "The version that runs, as a label of 1", out);
    buf_text(out, "wellmatch_build_info{version=\"" WM_VERSION "\"} 1\n");
    put_one(telling, "wellmatch_loops", "Event loops", (int64_t)telling->loops, out);
    put_one(telling, "wellmatch_draining", "1 while it answers what is in flight and takes no more", telling->draining,
            out);
    put_one(telling, "wellmatch_dataset_bytes", "Memory of the dataset that answers",
            (int64_t)wm_dataset_bytes(telling->dataset), out);
    put_family(telling, "wellmatch_dataset_rows", "gauge", "Rows of the dataset that answers", out);
    for (enum wm_table table = 0; table < WM_TABLES; table++)
        buf_format(out, "wellmatch_dataset_rows{kind=\"%s\"} %zu\n", wm_table_kind(table),
                   wm_table_rows(telling->dataset, table));
}

static void put_counters(const struct telling *telling, struct buf *out)
{
#define X(name, exported, about) \
    put_one(telling, "wellmatch_" exported, about, (int64_t)telling->metrics->counter[METRIC_##name], out);
    METRICS(X)
#undef X
}

static void put_latency(const struct method_metrics *method, struct buf *out)
{
    static const char name[] = "wellmatch_request_duration_seconds";
    const struct histogram *latency = &method->latency;
    for (unsigned bits = FIRST_BITS; bits <= LAST_BITS; bits += STEP_BITS) {
        buf_format(out, "%s_bucket{method=\"%s\",le=\"", name, method->name);
        buf_fixed(out, (int64_t)1 << bits, 6);
        buf_format(out, "\"} %llu\n", (unsigned long long)histogram_below(latency, bits));
    }
    buf_format(out, "%s_bucket{method=\"%s\",le=\"+Inf\"} %llu\n", name, method->name, (unsigned long long)latency->n);
    buf_format(out, "%s_sum{method=\"%s\"} ", name, method->name);
    put_seconds(out, (int64_t)latency->sum_us);
    buf_format(out, "%s_count{method=\"%s\"} %llu\n", name, method->name, (unsigned long long)latency->n);
}

static void put_methods(const struct telling *telling, struct buf *out)
{
    const struct metrics *metrics = telling->metrics;
    put_family(telling, "wellmatch_requests_total", "counter", "Requests for a method, notifications too", out);
    for (size_t i = 0; i < metrics->n_methods; i++)
        buf_format(out, "wellmatch_requests_total{method=\"%s\"} %llu\n", metrics->methods[i].name,
                   (unsigned long long)metrics->methods[i].requests);
    put_family(telling, "wellmatch_request_errors_total", "counter", "Of these, answered with an error", out);
    for (size_t i = 0; i < metrics->n_methods; i++)
        buf_format(out, "wellmatch_request_errors_total{method=\"%s\"} %llu\n", metrics->methods[i].name,
                   (unsigned long long)metrics->methods[i].errors);
    put_family(telling, "wellmatch_request_duration_seconds", "histogram",
               "From the whole request read to its answer queued", out);
    for (size_t i = 0; i < metrics->n_methods; i++)
        put_latency(&metrics->methods[i], out);
}

/* Every name there is, also before its first: of a series that begins with 1, Prometheus sees no increase. */
static void put_errors(const struct telling *telling, struct buf *out)
{
    static const int codes[] = {
#define X(code, value, name, retry, text, data) code,
        RPC_ERRORS(X)
#undef X
    };
    put_family(telling, "wellmatch_errors_total", "counter", "Answers that are errors, by name", out);
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        buf_format(out, "wellmatch_errors_total{error=\"%s\"} %llu\n", rpc_error_name(codes[i]),
                   (unsigned long long)metrics_errors(telling->metrics, codes[i]));
}

static void put_cache(const struct telling *telling, struct buf *out)
{
    const struct cache_stats *cache = telling->cache;
    const struct {
        const char *name, *about;
        uint64_t value;
    } all[] = {
        {"wellmatch_cache_hits_total", "Answers found in this process", cache->local_hits},
        {"wellmatch_cache_misses_total", "Answers not found in this process", cache->local_misses},
        {"wellmatch_cache_evictions_total", "Answers that gave way to others", cache->local_evictions},
        {"wellmatch_cache_entries", "Answers kept in this process", cache->local_entries},
        {"wellmatch_cache_bytes", "Memory of the answers kept in this process", cache->local_bytes},
        {"wellmatch_redis_hits_total", "Answers found in Redis", cache->redis_hits},
        {"wellmatch_redis_misses_total", "Answers not found in Redis", cache->redis_misses},
        {"wellmatch_redis_errors_total", "Commands that Redis failed", cache->redis_errors},
        {"wellmatch_redis_timeouts_total", "Commands that Redis was too slow for", cache->redis_timeouts},
        {"wellmatch_redis_corrupt_total", "Answers of Redis that were not what was stored", cache->redis_corrupt},
        {"wellmatch_redis_skipped_total", "Questions that Redis was not asked", cache->redis_skipped},
        {"wellmatch_redis_stored_total", "Answers given to Redis", cache->redis_stored},
        {"wellmatch_redis_connects_total", "Connections made to Redis", cache->redis_connects},
        {"wellmatch_redis_in_flight", "Commands that wait for Redis", cache->redis_in_flight},
        {"wellmatch_redis_up", "1 where Redis is asked for and in use",
         cache->redis_configured && cache->breaker == BREAKER_CLOSED},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        put_one(telling, all[i].name, all[i].about, (int64_t)all[i].value, out);
}

static void put_plans(const struct telling *telling, struct buf *out)
{
    struct plans_stats stats;
    if (!telling->plans)
        return;
    plans_stats(telling->plans, &stats);
    const struct {
        const char *name, *about;
        uint64_t value;
    } all[] = {
        {"wellmatch_plans_running", "Plans being solved", stats.running},
        {"wellmatch_plans_queued", "Plans that wait to be solved", stats.queued},
        {"wellmatch_plans_kept", "Finished jobs that are kept", stats.kept},
        {"wellmatch_plans_kept_bytes", "Memory of the finished jobs", stats.kept_bytes},
        {"wellmatch_plans_asked_total", "Plans asked for", stats.asked},
        {"wellmatch_plans_shared_total", "Of these, found among those there were", stats.shared},
        {"wellmatch_plans_recalled_total", "Of these, found in Redis", stats.recalled},
        {"wellmatch_plans_refused_total", "Of these, refused because the queue was full", stats.refused},
        {"wellmatch_plans_expired_total", "Jobs let go of", stats.expired},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        put_one(telling, all[i].name, all[i].about, (int64_t)all[i].value, out);
}

static int64_t count_descriptors(void)
{
    int64_t n = -3; /* ., .., and the one that reads them */
    DIR *folder = opendir("/proc/self/fd");
    while (folder && readdir(folder))
        n++;
    if (folder)
        closedir(folder);
    return folder ? n : 0;
}

/* Under the names that every process has at Prometheus. */
static void put_process(const struct telling *telling, struct buf *out)
{
    uv_rusage_t usage;
    struct rlimit limit = {0};
    size_t rss = 0;
    memset(&usage, 0, sizeof usage);
    uv_getrusage(&usage);
    uv_resident_set_memory(&rss);
    getrlimit(RLIMIT_NOFILE, &limit);
    put_family(telling, "process_cpu_seconds_total", "counter", "Time on processors, user and system", out);
    buf_text(out, "process_cpu_seconds_total ");
    put_seconds(out, (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 + usage.ru_utime.tv_usec +
                         usage.ru_stime.tv_usec);
    put_one(telling, "process_resident_memory_bytes", "Memory in use", (int64_t)rss, out);
    put_one(telling, "process_open_fds", "Descriptors open", count_descriptors(), out);
    put_one(telling, "process_max_fds", "Descriptors that may be open", (int64_t)limit.rlim_cur, out);
    put_one(telling, "process_start_time_seconds", "When it started, since 1970",
            (int64_t)time(NULL) - telling->uptime_s, out);
}
