/* The state one event loop shares, what system.info and system.stats tell of it, and loading the data again. */
#include "service.h"
#include "encode.h"
#include "jsonrpc.h"
#include "log.h"
#include "planning.h"
#include "workers.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { FAULTS_TOLD = 100 };

/* One load: service_reload -> on_load (worker) -> on_loaded -> the waiters' answers, perhaps the next load. */
struct reload {
    struct service *service;
    struct wm_dataset *dataset;
    struct wm_faults *faults;
    int code;
    uint64_t started_at;
    struct waiters waiters;
    uv_work_t work;
};

static void put_info(void *self, struct buf *out);
static void put_stats(void *self, struct buf *out);
static void put_ceilings(void *self, struct buf *out);
static void put_redis(const struct service *service, struct buf *out);
static void put_cache(const struct service *service, struct buf *out);
static void put_process(struct buf *out);
static void start_load(struct service *service);
static void on_load(uv_work_t *work);
static void on_loaded(uv_work_t *work, int status);
static void swap(struct reload *reload, struct buf *out);
static const char *took_ms(const struct reload *reload);
static void refuse(const struct reload *reload, struct buf *error);
static void put_faults(const struct reload *reload, struct buf *out);
static void log_faults(const struct wm_faults *faults);
static bool names_people(const char *file);

int service_init(struct service *service, uv_loop_t *loop, const struct config *config, struct wm_dataset *dataset)
{
    memset(service, 0, sizeof *service);
    size_t n;
    const struct method *methods = method_table(&n);
    if (metrics_init(&service->metrics, n))
        return -1;
    for (size_t i = 0; i < n; i++)
        service->metrics.methods[i].name = methods[i].name;
    service->loop = loop;
    service->config = config;
    service->connections_max = (size_t)config->connections_max;
    service->n_scorers = config->threads > 0 ? (size_t)config->threads : workers_processors();
    service->host = (struct method_host){service, put_info, put_stats, put_ceilings, NULL};
    service->started_at = uv_hrtime();
    buf_init(&service->key, LINE_MAX_BYTES + 512); /* params of the longest line, prefix and method before them */
    snapshot_init(&service->snapshot, dataset);
    return 0;
}

void service_fini(struct service *service)
{
    assert(!service->jobs && !service->reload);
    snapshot_fini(&service->snapshot);
    buf_fini(&service->key);
    metrics_fini(&service->metrics);
}

void waiters_add(struct waiters *waiters, struct waiter *waiter)
{
    waiter->next = NULL;
    if (waiters->last)
        waiters->last->next = waiter;
    else
        waiters->first = waiter;
    waiters->last = waiter;
}

void waiters_answer(struct waiters *waiters, struct service *service, int code, struct slice body)
{
    struct waiter *waiter = waiters->first;
    *waiters = (struct waiters){NULL, NULL};
    while (waiter) {
        struct waiter *next = waiter->next;
        service->answer(service, waiter, code, body);
        waiter = next;
    }
}

/* ---- Loading again ----------------------------------------------------------------------------------------------- */

void service_reload(struct service *service, struct waiter *waiter)
{
    if (waiter)
        waiters_add(&service->reload_waiters, waiter);
    if (service->reload)
        service->reload_again = true;
    else
        start_load(service);
}

static void start_load(struct service *service)
{
    struct reload *reload = calloc(1, sizeof *reload);
    struct waiters waiters = service->reload_waiters;
    service->reload_waiters = (struct waiters){NULL, NULL};
    service->reload_again = false;
    if (!reload || wm_faults_new(FAULTS_TOLD, &reload->faults)) {
        free(reload);
        log_event(LOG_ERROR, "reload_failed", "reason", "out of memory", NULL);
        waiters_answer(&waiters, service, RPC_INTERNAL, (struct slice){NULL, 0});
        return;
    }
    reload->service = service;
    reload->started_at = uv_hrtime();
    reload->waiters = waiters;
    reload->work.data = reload;
    service->reload = reload;
    /* uv_queue_work fails only without a callback. */
    uv_queue_work(service->loop, &reload->work, on_load, on_loaded);
}

void service_cancel_reload(struct service *service)
{
    if (service->reload)
        uv_cancel((uv_req_t *)&service->reload->work);
}

static void on_load(uv_work_t *work)
{
    struct reload *reload = work->data;
    reload->code = wm_dataset_load(reload->service->config->data, reload->faults, &reload->dataset);
}

static void on_loaded(uv_work_t *work, int status)
{
    struct reload *reload = work->data;
    struct service *service = reload->service;
    struct buf body;
    buf_init(&body, ANSWER_MAX_BYTES - ENVELOPE_MAX_BYTES);
    int code = 0;
    if (status < 0) { /* cancelled: the service stops */
        code = RPC_INTERNAL;
    } else if (reload->code == WM_OK) {
        swap(reload, &body);
    } else if (reload->code == WM_EMEMORY) {
        code = RPC_INTERNAL;
        log_event(LOG_ERROR, "reload_failed", "reason", wm_error_text(reload->code), NULL);
    } else {
        code = RPC_INVALID_DATA;
        refuse(reload, &body);
    }
    service->reload = NULL;
    waiters_answer(&reload->waiters, service, code, (struct slice){body.at, body.failed ? 0 : body.len});
    buf_fini(&body);
    wm_faults_free(reload->faults);
    free(reload);
    if (service->stopping)
        waiters_answer(&service->reload_waiters, service, RPC_INTERNAL, (struct slice){NULL, 0});
    else if (service->reload_again)
        start_load(service);
}

/* Swaps before it writes: from here on every new request is answered from what was loaded. */
static void swap(struct reload *reload, struct buf *out)
{
    struct service *service = reload->service;
    struct wm_dataset *old = wm_dataset_ref(service->snapshot.dataset), *now = reload->dataset;
    bool changed = strcmp(wm_dataset_digest(old), wm_dataset_digest(now)) != 0 ||
                   strcmp(wm_policy_digest(old), wm_policy_digest(now)) != 0;
    if (changed) {
        snapshot_swap(&service->snapshot, now);
    } else {
        wm_dataset_unref(now);
        now = old;
    }
    metrics_add(&service->metrics, reloads, 1);
    if (log_due(&service->log_reloaded))
        log_event(LOG_INFO, "reloaded", "changed", changed ? "yes" : "no", "dataset", wm_dataset_digest(now), "policy",
                  wm_policy_digest(now), "took_ms", took_ms(reload), "suppressed",
                  log_number(log_suppressed(&service->log_reloaded)), NULL);

    json_open(out, '{');
    encode_revisions(out, now);
    json_put_bool(out, "changed", changed);
    json_put_key(out, "previous");
    json_open(out, '{');
    json_put_text(out, "dataset", wm_dataset_digest(old));
    json_put_text(out, "policy", wm_policy_digest(old));
    json_close(out, '}');
    json_put_key(out, "rows");
    json_open(out, '{');
    for (enum wm_table table = 0; table < WM_TABLES; table++)
        json_put_integer(out, wm_table_kind(table), (int64_t)wm_table_rows(now, table));
    json_close(out, '}');
    json_close(out, '}');
    wm_dataset_unref(old);
}

static const char *took_ms(const struct reload *reload)
{
    return log_number((long long)((uv_hrtime() - reload->started_at) / 1000000));
}

/* Anybody may ask for a reload of bad data as often as they like; the log tells of the first few in a minute. */
static void refuse(const struct reload *reload, struct buf *error)
{
    struct service *service = reload->service;
    metrics_add(&service->metrics, reloads_refused, 1);
    if (log_due(&service->log_refused)) {
        log_faults(reload->faults);
        log_event(LOG_ERROR, "reload_refused", "faults", log_number((long long)wm_faults_count(reload->faults)),
                  "dataset", wm_dataset_digest(service->snapshot.dataset), "took_ms", took_ms(reload), "suppressed",
                  log_number(log_suppressed(&service->log_refused)), NULL);
    }
    put_faults(reload, error);
}

static void put_faults(const struct reload *reload, struct buf *out)
{
    rpc_error_open(out, RPC_INVALID_DATA);
    encode_faults(out, reload->faults);
    json_put_integer(out, "count", (int64_t)wm_faults_count(reload->faults));
    rpc_error_close(out);
}

/* The place and what belongs there; what stands there only where it cannot be somebody's. */
static void log_faults(const struct wm_faults *faults)
{
    for (size_t i = 0; i < wm_faults_kept(faults); i++) {
        const struct wm_fault *fault = wm_faults_at(faults, i);
        log_event(LOG_ERROR, "fault", "file", fault->file, "line", log_number(fault->line), "column",
                  log_number(fault->column), "what", names_people(fault->file) ? "withheld" : fault->what, "expected",
                  fault->expected, NULL);
    }
}

static bool names_people(const char *file)
{
    return strcmp(file, wm_table_name(WM_LEADERS)) == 0 || strcmp(file, wm_table_name(WM_MONITORING)) == 0 ||
           strcmp(file, wm_table_name(WM_HISTORY)) == 0;
}

/* ---- system.info, system.stats, rpc.discover --------------------------------------------------------------------- */

static void put_info(void *self, struct buf *out)
{
    const struct service *service = self;
    json_put_integer(out, "uptime_s", (int64_t)((uv_hrtime() - service->started_at) / 1000000000));
    json_put_key(out, "listen");
    json_open(out, '[');
    for (const struct bound *at = service->listeners; at; at = at->next) {
        json_item(out);
        buf_json_string(out, at->address, strlen(at->address));
    }
    json_close(out, ']');
    json_put_bool(out, "draining", service->draining);
    put_redis(service, out);
    json_put_key(out, "ceilings");
    json_open(out, '{');
    put_ceilings(self, out);
    json_close(out, '}');
}

static void put_ceilings(void *self, struct buf *out)
{
    const struct service *service = self;
    const struct config *config = service->config;
    json_put_integer(out, "connections_max", (int64_t)service->connections_max);
    json_put_integer(out, "in_flight_max", config->in_flight_max);
    json_put_integer(out, "queue_max", config->queue_max);
    json_put_integer(out, "queue_ms", config->queue_ms);
    json_put_integer(out, "output_max_bytes", config->output_mib << 20);
    json_put_integer(out, "output_total_bytes", config->output_total_mib << 20);
    json_put_integer(out, "stall_s", config->stall_s);
    json_put_integer(out, "drain_s", config->drain_s);
}

static void put_stats(void *self, struct buf *out)
{
    const struct service *service = self;
    json_put_integer(out, "uptime_s", (int64_t)((uv_hrtime() - service->started_at) / 1000000000));
    metrics_put(&service->metrics, rpc_error_name, out);
    planning_put_stats(service, out);
    put_cache(service, out);
    put_redis(service, out);
    put_process(out);
}

static void put_cache(const struct service *service, struct buf *out)
{
    struct cache_stats stats;
    cache_stats(service->cache, &stats);
    json_put_key(out, "cache");
    json_open(out, '{');
#define X(name) json_put_integer(out, #name, (int64_t)stats.name);
    CACHE_COUNTERS(X)
#undef X
    json_close(out, '}');
}

static void put_redis(const struct service *service, struct buf *out)
{
    static const char *const breakers[] = {"closed", "open", "half_open"};
    struct cache_stats stats;
    cache_stats(service->cache, &stats);
    json_put_key(out, "redis");
    json_open(out, '{');
    json_put_bool(out, "configured", stats.redis_configured);
    json_put_text(out, "breaker", stats.redis_configured ? breakers[stats.breaker] : NULL);
    json_put_text(out, "last_error", stats.last_error[0] ? stats.last_error : NULL);
    json_close(out, '}');
}

static void put_process(struct buf *out)
{
    uv_rusage_t usage;
    size_t rss = 0;
    memset(&usage, 0, sizeof usage);
    uv_getrusage(&usage);
    uv_resident_set_memory(&rss);
    json_put_key(out, "process");
    json_open(out, '{');
    json_put_fixed(out, "cpu_user_s", (int64_t)usage.ru_utime.tv_sec * 1000000 + usage.ru_utime.tv_usec, 6);
    json_put_fixed(out, "cpu_system_s", (int64_t)usage.ru_stime.tv_sec * 1000000 + usage.ru_stime.tv_usec, 6);
    json_put_integer(out, "rss_bytes", (int64_t)rss);
    json_close(out, '}');
}
