/* The state of one event loop, and what system.info and system.stats tell of all of them together. */
#include "service.h"
#include "jsonrpc.h"
#include "planning.h"
#include "reload.h"
#include "telling.h"
#include "workers.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* A question about the service, in the order it runs: service_gather -> visit (each loop) -> home. */
struct gathering {
    struct errand errand;
    const struct method *method;
    struct waiter *waiter; /* NULL: `then` is told */
    service_gathered *then;
    void *arg;
    const struct service *service;
    struct metrics metrics; /* sums from here on */
    struct cache_stats cache;
    uint64_t plans_told, plans_missed;
};

static int init_metrics(struct metrics *metrics);
static struct gathering *gathering_new(struct service *service, const struct method *method);
static void visit(struct errand *errand, struct service *service);
static void home(struct errand *errand, struct service *service);
static void put_info(void *self, struct buf *out);
static void put_stats(void *self, struct buf *out);
static void put_metrics(void *self, bool open, struct buf *out);
static void put_ceilings(void *self, struct buf *out);
static void put_checks(void *self, struct buf *text);
static void put_redis(const struct cache_stats *stats, struct buf *out);
static void put_cache(const struct cache_stats *stats, struct buf *out);
static void put_process(struct buf *out);

int service_init(struct service *service, struct loops *loops, size_t index, const struct config *config,
                 struct wm_dataset *dataset)
{
    memset(service, 0, sizeof *service);
    service->loops = loops;
    service->index = index;
    service->loop = &loops->at[index].uv;
    service->config = config;
    service->connections_max = (size_t)config->connections_max;
    service->n_scorers = config->threads > 0 ? (size_t)config->threads : workers_processors();
    service->started_at = uv_hrtime();
    snapshot_init(&service->snapshot, dataset);
    if (init_metrics(&service->metrics) || reload_init(service)) {
        metrics_fini(&service->metrics);
        snapshot_fini(&service->snapshot);
        return -1;
    }
    service->host = (struct method_host){.self = service,
                                         .put_ceilings = put_ceilings,
                                         .put_checks = put_checks,
                                         .feeds_restricted = strcmp(config->feeds, "restricted") == 0};
    buf_init(&service->key, LINE_MAX_BYTES + 512); /* params of the longest line, prefix and method before them */
    loops->at[index].service = service;
    return 0;
}

static int init_metrics(struct metrics *metrics)
{
    size_t n;
    const struct method *methods = method_table(&n);
    if (metrics_init(metrics, n))
        return -1;
    for (size_t i = 0; i < n; i++)
        metrics->methods[i].name = methods[i].name;
    return 0;
}

void service_fini(struct service *service)
{
    assert(!service->jobs);
    reload_fini(service);
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
    struct waiters all = *waiters;
    *waiters = (struct waiters){NULL, NULL};
    while (all.first)
        waiters_answer_first(&all, service, code, body);
}

void waiters_answer_first(struct waiters *waiters, struct service *service, int code, struct slice body)
{
    struct waiter *waiter = waiters->first;
    waiters->first = waiter->next;
    if (!waiter->next)
        waiters->last = NULL;
    service->answer(service, waiter, code, body);
}

/* ---- system.info, system.stats, rpc.discover --------------------------------------------------------------------- */

void service_gather(struct service *service, const struct method *method, struct waiter *waiter)
{
    struct gathering *gathering = gathering_new(service, method);
    if (!gathering) {
        service->answer(service, waiter, RPC_INTERNAL, (struct slice){NULL, 0});
        return;
    }
    gathering->waiter = waiter;
    loops_send(service->loops, service->index, &gathering->errand);
}

void service_gather_then(struct service *service, const struct method *method, service_gathered *then, void *arg)
{
    struct gathering *gathering = gathering_new(service, method);
    if (!gathering) {
        then(arg, RPC_INTERNAL, (struct slice){NULL, 0});
        return;
    }
    gathering->then = then;
    gathering->arg = arg;
    loops_send(service->loops, service->index, &gathering->errand);
}

static struct gathering *gathering_new(struct service *service, const struct method *method)
{
    struct gathering *gathering = calloc(1, sizeof *gathering);
    if (!gathering || init_metrics(&gathering->metrics)) {
        free(gathering);
        return NULL;
    }
    gathering->errand = (struct errand){.visit = visit, .home = home};
    gathering->method = method;
    gathering->service = service;
    return gathering;
}

static void visit(struct errand *errand, struct service *service)
{
    struct gathering *gathering = (struct gathering *)(void *)errand;
    metrics_sum(&gathering->metrics, &service->metrics);
    planning_sum(service, &gathering->plans_told, &gathering->plans_missed);
    struct cache_stats cache;
    if (!service->cache) /* closed: the service stops, and nobody will read this */
        return;
    cache_stats(service->cache, &cache);
    cache_stats_sum(&gathering->cache, &cache);
}

static void home(struct errand *errand, struct service *service)
{
    struct gathering *gathering = (struct gathering *)(void *)errand;
    const struct method_host host = {
        .self = gathering, .put_info = put_info, .put_stats = put_stats, .put_metrics = put_metrics};
    const struct method_call call = {.dataset = service->snapshot.dataset, .host = &host};
    struct buf body;
    metrics_sub(&gathering->metrics, in_flight_now,
                gathering->waiter != NULL); /* the question is no part of its answer */
    buf_init(&body, ANSWER_MAX_BYTES);
    int code = method_run(gathering->method, &call, &body);
    if (gathering->waiter)
        service->answer(service, gathering->waiter, code, (struct slice){body.at, body.len});
    else
        gathering->then(gathering->arg, code, (struct slice){body.at, body.len});
    buf_fini(&body);
    metrics_fini(&gathering->metrics);
    free(gathering);
}

static void put_info(void *self, struct buf *out)
{
    const struct gathering *gathering = self;
    const struct service *service = gathering->service;
    json_put_integer(out, "uptime_s", (int64_t)((uv_hrtime() - service->started_at) / 1000000000));
    json_put_integer(out, "loops", (int64_t)service->loops->n);
    json_put_key(out, "listen");
    json_open(out, '[');
    for (const struct bound *at = service->listeners; at; at = at->next) {
        json_item(out);
        buf_json_string(out, at->address, strlen(at->address));
    }
    json_close(out, ']');
    json_put_bool(out, "draining", service->draining);
    put_redis(&gathering->cache, out);
    json_put_key(out, "ceilings");
    json_open(out, '{');
    put_ceilings(service->host.self, out);
    json_close(out, '}');
}

static void put_metrics(void *self, bool open, struct buf *out)
{
    const struct gathering *gathering = self;
    const struct service *service = gathering->service;
    const struct telling telling = {.open = open,
                                    .metrics = &gathering->metrics,
                                    .cache = &gathering->cache,
                                    .plans = service->host.plans,
                                    .dataset = service->snapshot.dataset,
                                    .loops = service->loops->n,
                                    .uptime_s = (int64_t)((uv_hrtime() - service->started_at) / 1000000000),
                                    .draining = service->draining};
    telling_put(&telling, out);
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
    const struct gathering *gathering = self;
    json_put_integer(out, "uptime_s", (int64_t)((uv_hrtime() - gathering->service->started_at) / 1000000000));
    json_put_integer(out, "loops", (int64_t)gathering->service->loops->n);
    metrics_put(&gathering->metrics, rpc_error_name, out);
    planning_put_stats(gathering->service, gathering->plans_told, gathering->plans_missed, out);
    put_cache(&gathering->cache, out);
    put_redis(&gathering->cache, out);
    put_process(out);
}

static void put_checks(void *self, struct buf *text)
{
    const struct service *service = self;
    struct cache_stats stats = {.redis_configured = false};
    if (service->cache)
        cache_stats(service->cache, &stats);
    buf_format(text, "[+] dataset %s\n", wm_dataset_digest(service->snapshot.dataset));
    if (!stats.redis_configured)
        buf_text(text, "[+] redis not asked for\n");
    else if (stats.breaker == BREAKER_CLOSED)
        buf_text(text, "[+] redis ok\n");
    else
        buf_text(text, "[~] redis away: degraded, answers are kept in this process only\n");
}

static void put_cache(const struct cache_stats *stats, struct buf *out)
{
    json_put_key(out, "cache");
    json_open(out, '{');
#define X(name) json_put_integer(out, #name, (int64_t)stats->name);
    CACHE_COUNTERS(X)
#undef X
    json_close(out, '}');
}

static void put_redis(const struct cache_stats *stats, struct buf *out)
{
    static const char *const breakers[] = {"closed", "open", "half_open"};
    json_put_key(out, "redis");
    json_open(out, '{');
    json_put_bool(out, "configured", stats->redis_configured);
    json_put_text(out, "breaker", stats->redis_configured ? breakers[stats->breaker] : NULL);
    json_put_text(out, "last_error", stats->last_error[0] ? stats->last_error : NULL);
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
