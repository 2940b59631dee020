/*
 * GET /events: a connection that is written to as things happen (HTML standard, server-sent events). Every loop looks at
 * its own streams a few times a second; whichever looks first in a while also looks at the plans, and has the counters
 * gathered, for all of them. Reloads are told by those who carry them out.
 *
 * A stream begins with the jobs that are not at their end; one that names the last event it saw goes on from there, or is
 * told that some are missed. Ways it ends: its peer goes, or reads too slowly (closed: it comes back and goes on), the
 * service drains.
 */
#include "conn_state.h"

#include "events.h"
#include "jsonrpc.h"
#include "methods.h"
#include "plans.h"
#include "reply.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <utlist.h>

enum {
    TICK_MS = 250,
    STATS_MS = 2000,
    HEARTBEAT_S = 15,       /* so that those between know that it lives */
    BEHIND_BYTES = 1 << 18, /* so much unread: it will not catch up */
    JOBS_MAX = 128,         /* more than the plans keep */
    EVENT_BYTES = 4096
};

struct known_job { /* what was told of it last */
    char id[PLAN_ID_CAP];
    uint64_t serial;
};

struct watch { /* of all loops */
    struct events *events;
    pthread_mutex_t mutex; /* of all below */
    uint64_t plans_at, stats_at;
    bool gathering;
    size_t n_known;
    struct known_job known[JOBS_MAX];
};

struct stream { /* one connection */
    struct stream *prev, *next;
    struct conn *conn;
    unsigned types;
    uint64_t serial; /* of the last event it was given */
    uint64_t told_at;
};

static unsigned read_types(const char *text);
static void put_beginning(struct conn *conn, struct stream *stream, struct slice last);
static void put_missed(struct buf *out, uint64_t serial);
static void put_jobs(struct service *service, struct buf *out);
static void on_tick(uv_timer_t *timer);
static void watch_plans(struct watch *watch, struct service *service);
static void watch_job(struct watch *watch, struct plan_job *job, struct known_job *now);
static void watch_stats(struct watch *watch, struct service *service);
static void on_stats(void *arg, int code, struct slice body);
static void deliver(struct stream *stream, uint64_t now);
static void on_notice(struct service *service, struct slice body);

/* ---- All of them ------------------------------------------------------------------------------------------------- */

/* The first loop's is everybody's. */
int conns_events_init(struct conns *conns)
{
    struct service *service = conns->service;
    if (service->index == 0) {
        conns->watch = calloc(1, sizeof *conns->watch);
        /* Numbers of a later process are higher, whatever this one counts to. */
        if (!conns->watch || events_new((uint64_t)time(NULL) << 20, &conns->watch->events)) {
            free(conns->watch);
            return -1;
        }
        pthread_mutex_init(&conns->watch->mutex, NULL);
    } else {
        conns->watch = service->loops->at[0].service->conns->watch;
    }
    service->notice = on_notice;
    uv_timer_init(service->loop, &conns->tick);
    conns->tick.data = conns;
    return 0;
}

void conns_events_close(struct conns *conns)
{
    uv_close((uv_handle_t *)&conns->tick, NULL);
}

void conns_events_fini(struct conns *conns)
{
    if (conns->service->index > 0)
        return;
    events_free(conns->watch->events);
    pthread_mutex_destroy(&conns->watch->mutex);
    free(conns->watch);
}

/* Whoever listens is to find another, or this one again when it is back. */
void conns_events_drain(struct conns *conns)
{
    struct stream *stream;
    DL_FOREACH (conns->streams, stream) {
        stream->conn->deaf = true;
        conn_touch(stream->conn);
    }
}

static void on_notice(struct service *service, struct slice body)
{
    events_add(service->conns->watch->events, EVENT_reload, body);
}

/* ---- One --------------------------------------------------------------------------------------------------------- */

int conn_events_begin(struct conn *conn, const struct http_target *target, struct slice last)
{
    struct conns *conns = conn->service->conns;
    const char *types = http_query(target, "types");
    struct stream *stream = calloc(1, sizeof *stream);
    if (!stream)
        return -1;
    stream->conn = conn;
    stream->types = types ? read_types(types) : EVENT_ALL;
    stream->told_at = uv_now(conn->service->loop);
    conn->stream = stream;
    DL_APPEND(conns->streams, stream);
    metrics_add(&conn->service->metrics, http_streams_now, 1);
    put_beginning(conn, stream, last);
    if (!uv_is_active((uv_handle_t *)&conns->tick))
        uv_timer_start(&conns->tick, on_tick, TICK_MS, TICK_MS);
    return 0;
}

void conn_events_fini(struct conn *conn)
{
    struct conns *conns = conn->service->conns;
    if (!conn->stream)
        return;
    DL_DELETE(conns->streams, conn->stream);
    free(conn->stream);
    metrics_sub(&conn->service->metrics, http_streams_now, 1);
    if (!conns->streams)
        uv_timer_stop(&conns->tick);
}

/* Names with commas between; those that are none ask for nothing. */
static unsigned read_types(const char *text)
{
    unsigned types = 0;
    const struct slice list = {text, strlen(text)};
    for (unsigned type = 0; type < EVENT_TYPE_COUNT; type++)
        types |= (unsigned)http_list_has(list, event_name(type)) << type;
    return types;
}

static void put_beginning(struct conn *conn, struct stream *stream, struct slice last)
{
    struct events *events = conn->service->conns->watch->events;
    struct buf *out = conn_out(conn);
    uint64_t serial = 0;
    bool numeric = last.len > 0 && last.len < 20;
    for (size_t i = 0; i < last.len && numeric; i++) {
        numeric = last.at[i] >= '0' && last.at[i] <= '9';
        serial = serial * 10 + (uint64_t)(last.at[i] - '0');
    }
    buf_text(out, "retry: 2000\n\n");
    if (numeric && events_reach(events, serial)) {
        stream->serial = serial;
        events_since(events, &stream->serial, stream->types, out);
        return;
    }
    stream->serial = events_newest(events);
    if (last.at)
        put_missed(out, stream->serial);
    if (stream->types >> EVENT_plan & 1)
        put_jobs(conn->service, out);
}

/* Between the last it saw and this one there were others, which nobody has any more. */
static void put_missed(struct buf *out, uint64_t serial)
{
    buf_format(out, "id: %llu\nevent: missed\ndata: {}\n\n", (unsigned long long)serial);
}

static void put_jobs(struct service *service, struct buf *out)
{
    struct plan_job *jobs[JOBS_MAX];
    size_t n = service->host.plans ? plans_list(service->host.plans, jobs, JOBS_MAX) : 0;
    for (size_t i = 0; i < n; i++) {
        struct buf data;
        buf_init(&data, EVENT_BYTES);
        plan_put_event(jobs[i], &data);
        if (!data.failed && !plan_job_is_final(jobs[i]))
            events_put(out, EVENT_plan, (struct slice){data.at, data.len});
        buf_fini(&data);
        plan_job_release(jobs[i]);
    }
}

/* ---- A tick ------------------------------------------------------------------------------------------------------ */

static void on_tick(uv_timer_t *timer)
{
    struct conns *conns = timer->data;
    struct watch *watch = conns->watch;
    uint64_t now = uv_hrtime() / 1000000;
    bool plans = false, stats = false;
    pthread_mutex_lock(&watch->mutex);
    if (now - watch->plans_at >= TICK_MS) {
        watch->plans_at = now;
        plans = true;
        watch_plans(watch, conns->service);
    }
    if (plans && !watch->gathering && now - watch->stats_at >= STATS_MS) {
        watch->stats_at = now;
        watch->gathering = stats = true;
    }
    pthread_mutex_unlock(&watch->mutex);
    if (stats)
        watch_stats(watch, conns->service);
    struct stream *stream, *next;
    DL_FOREACH_SAFE (conns->streams, stream, next)
        if (!stream->conn->closing && !stream->conn->deaf)
            deliver(stream, uv_now(conns->service->loop));
}

static void watch_plans(struct watch *watch, struct service *service)
{
    static _Thread_local struct known_job now[JOBS_MAX];
    struct plan_job *jobs[JOBS_MAX];
    size_t n = service->host.plans && !service->stopping ? plans_list(service->host.plans, jobs, JOBS_MAX) : 0;
    for (size_t i = n; i-- > 0;) { /* the oldest first */
        watch_job(watch, jobs[i], &now[i]);
        plan_job_release(jobs[i]);
    }
    memcpy(watch->known, now, n * sizeof now[0]);
    watch->n_known = n;
}

static void watch_job(struct watch *watch, struct plan_job *job, struct known_job *now)
{
    struct plan_news news;
    size_t i = 0;
    plan_job_news(job, &news);
    snprintf(now->id, sizeof now->id, "%s", plan_job_id(job));
    now->serial = news.serial;
    while (i < watch->n_known && strcmp(watch->known[i].id, now->id) != 0)
        i++;
    if (i < watch->n_known && watch->known[i].serial == news.serial)
        return;
    struct buf data;
    buf_init(&data, EVENT_BYTES);
    plan_put_event(job, &data);
    if (!data.failed)
        events_add(watch->events, EVENT_plan, (struct slice){data.at, data.len});
    buf_fini(&data);
}

static void watch_stats(struct watch *watch, struct service *service)
{
    static const char name[] = "system.stats";
    service_gather_then(service, method_find((struct slice){name, sizeof name - 1}), on_stats, watch);
}

static void on_stats(void *arg, int code, struct slice body)
{
    struct watch *watch = arg;
    if (code == 0)
        events_add(watch->events, EVENT_stats, body);
    pthread_mutex_lock(&watch->mutex);
    watch->gathering = false;
    pthread_mutex_unlock(&watch->mutex);
}

static void deliver(struct stream *stream, uint64_t now)
{
    struct conn *conn = stream->conn;
    struct service *service = conn->service;
    struct buf *text = &service->conns->head;
    uint64_t quiet_ms = (uint64_t)service->config->stall_s * 500; /* soon enough for the ceiling on silence, too */
    if (quiet_ms > HEARTBEAT_S * 1000)
        quiet_ms = HEARTBEAT_S * 1000;
    buf_clear(text);
    if (!events_since(service->conns->watch->events, &stream->serial, stream->types, text))
        put_missed(text, stream->serial);
    if (text->len == 0 && now - stream->told_at >= quiet_ms)
        buf_text(text, ":\n\n");
    if (text->len == 0)
        return;
    stream->told_at = now;
    if (text->failed || conn_queued(conn) + text->len > BEHIND_BYTES) {
        metrics_add(&service->metrics, http_streams_dropped, 1);
        conn_close(conn);
        return;
    }
    buf_put(conn_out(conn), text->at, text->len);
    conn_touch(conn);
}
