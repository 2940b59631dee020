/*
 * A question in the order it runs: planning_ask -> on_work (worker: the method, which adds a job) -> on_worked -> answer,
 * and the asker follows the job if it wished so. A job that ends wakes on_news, from where planning_wait's waiters have
 * their answers and the followers their last notification; until then on_tick tells them how far it is.
 *
 * A follower whose connection is behind is told later: what it misses is counted, nothing is kept for it. Ways a wait
 * ends: the job, its time (on_timeout), its connection (planning_forget), the service (planning_drain).
 */
#include "planning.h"

#include "jsonrpc.h"
#include "methods.h"
#include "planning_cache.h"
#include "plans.h"
#include "workers.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

enum {
    TICK_MS = 250,      /* at most so often a follower is told */
    EXPIRE_MS = 30000,  /* plans past their time are let go of */
    PARALLEL_MAX = 8,   /* threads that share one job, when nobody said how many */
    NOTICE_BYTES = 4096 /* room for one notification */
};

struct task { /* a method that runs */
    struct task *prev, *next;
    struct service *service;
    const struct method *method;
    struct wm_dataset *dataset;
    struct waiter *waiter; /* NULL: nobody, or answered already */
    struct method_wish wish;
    bool begun;
    int code;
    struct buf body;
    uv_work_t work;
    size_t params_len;
    char params[];
};

struct wait { /* a waiter whose answer is a job's end */
    struct wait *prev, *next;
    struct plan_job *job;
    struct waiter *waiter;
    bool cancelled;
    uint64_t until; /* of uv_now; UINT64_MAX: for ever */
};

struct follow { /* a connection that is told of a job */
    struct follow *prev, *next;
    struct plan_job *job;
    uint32_t slot, generation;
    uint64_t serial; /* of the news it was last told, or has missed */
    uint64_t missed;
};

struct common { /* of all loops */
    struct plans *plans;
    struct planning_cache *cache; /* the first loop's */
    atomic_bool long_runs;        /* a task of METHOD_LONG has the worker that such have */
    pthread_mutex_t mutex;        /* of all below */
    bool closed;                  /* a loop has closed its handles: nobody is woken any more */
    size_t n;
    struct planning *loops[LOOPS_MAX];
};

struct planning { /* of one loop */
    struct service *service;
    struct common *common;
    struct plans *plans;
    struct task *tasks;
    struct wait *waits;
    struct follow *follows;
    uint64_t told, missed;
    bool closing;
    uv_async_t news;
    uv_timer_t tick, timeout, expire;
};

static struct common *common_new(struct service *service);
static void common_free(struct common *common);
static void wake_all(void *arg);
static bool on_recall(void *arg, struct slice key, struct buf *bytes);
static void on_keep(void *arg, struct slice key, struct slice bytes);
static void on_news(uv_async_t *news);
static void on_tick(uv_timer_t *timer);
static void on_timeout(uv_timer_t *timer);
static void on_expire(uv_timer_t *timer);
static void begin_task(struct task *task);
static void begin_next_long(struct planning *planning);
static void on_work(uv_work_t *work);
static void on_worked(uv_work_t *work, int status);
static void follow(struct planning *planning, struct plan_job *job, uint32_t slot, uint32_t generation);
static bool tell(struct planning *planning, struct follow *follower);
static void end_follow(struct planning *planning, struct follow *follower);
static void end_wait(struct planning *planning, struct wait *wait, int code, struct slice body);
static void answer_wait(struct planning *planning, struct wait *wait);
static void arm_timeout(struct planning *planning);

int planning_init(struct service *service)
{
    const struct service *first = service->loops->at[0].service;
    struct planning *planning = calloc(1, sizeof *planning);
    if (!planning)
        return -1;
    planning->service = service;
    planning->common = first == service ? common_new(service) : first->planning->common;
    if (!planning->common || uv_async_init(service->loop, &planning->news, on_news)) {
        if (first == service && planning->common)
            planning_cache_close(planning->common->cache); /* and likewise the rest of it */
        free(planning);
        return -1;
    }
    planning->plans = planning->common->plans;
    uv_timer_init(service->loop, &planning->tick);
    uv_timer_init(service->loop, &planning->timeout);
    uv_timer_init(service->loop, &planning->expire);
    planning->news.data = planning->tick.data = planning->timeout.data = planning->expire.data = planning;
    if (first == service)
        uv_timer_start(&planning->expire, on_expire, EXPIRE_MS, EXPIRE_MS);
    planning->common->loops[planning->common->n++] = planning;
    service->planning = planning;
    service->host.plans = planning->plans;
    return 0;
}

static struct common *common_new(struct service *service)
{
    const struct config *config = service->config;
    struct common *common = calloc(1, sizeof *common);
    if (!common)
        return NULL;
    size_t threads = config->plan_threads > 0 ? (size_t)config->plan_threads : workers_processors();
    struct plans_options options = PLANS_OPTIONS_INIT;
    options.solving = 1;
    options.parallel = config->plan_threads > 0 || threads < PARALLEL_MAX ? threads : PARALLEL_MAX;
    options.niceness = (int)config->plan_nice;
    options.nonce = uv_hrtime() ^ (uint64_t)getpid() << 12;
    options.keeps_standing = true;
    options.finished = wake_all;
    options.recall = on_recall;
    options.keep = on_keep;
    options.arg = common;
    pthread_mutex_init(&common->mutex, NULL);
    common->cache = planning_cache_new(service);
    if (common->cache && plans_new(&options, &common->plans) == 0)
        return common;
    if (common->cache)
        planning_cache_close(common->cache);
    return NULL; /* what little there is goes with the process, which does not start */
}

static void common_free(struct common *common)
{
    plans_free(common->plans);
    planning_cache_free(common->cache);
    pthread_mutex_destroy(&common->mutex);
    free(common);
}

void planning_close(struct service *service)
{
    struct planning *planning = service->planning;
    if (!planning || planning->closing)
        return;
    planning->closing = true;
    plans_stop(planning->plans);
    pthread_mutex_lock(&planning->common->mutex);
    planning->common->closed = true;
    pthread_mutex_unlock(&planning->common->mutex);
    while (planning->waits)
        end_wait(planning, planning->waits, RPC_INTERNAL, (struct slice){NULL, 0});
    while (planning->follows)
        end_follow(planning, planning->follows);
    struct task *task, *next;
    DL_FOREACH_SAFE (planning->tasks, task, next)
        if (task->begun)
            uv_cancel((uv_req_t *)&task->work);
        else
            begin_task(task); /* finds that the service stops */
    if (service->index == 0)
        planning_cache_close(planning->common->cache);
    uv_close((uv_handle_t *)&planning->news, NULL);
    uv_close((uv_handle_t *)&planning->tick, NULL);
    uv_close((uv_handle_t *)&planning->timeout, NULL);
    uv_close((uv_handle_t *)&planning->expire, NULL);
}

bool planning_end(struct service *service, int64_t patience_ms)
{
    return !service->planning || plans_end(service->planning->plans, patience_ms);
}

void planning_fini(struct service *service)
{
    if (!service->planning)
        return;
    if (--service->planning->common->n == 0)
        common_free(service->planning->common);
    free(service->planning);
    service->planning = NULL;
    service->host.plans = NULL;
}

void planning_sum(const struct service *service, uint64_t *told, uint64_t *missed)
{
    *told += service->planning ? service->planning->told : 0;
    *missed += service->planning ? service->planning->missed : 0;
}

void planning_put_stats(const struct service *service, uint64_t told, uint64_t missed, struct buf *out)
{
    struct plans_stats stats;
    if (!service->planning)
        return;
    plans_stats(service->planning->plans, &stats);
    json_put_key(out, "plans");
    json_open(out, '{');
    json_put_integer(out, "running", (int64_t)stats.running);
    json_put_integer(out, "queued", (int64_t)stats.queued);
    json_put_integer(out, "kept", (int64_t)stats.kept);
    json_put_integer(out, "kept_bytes", (int64_t)stats.kept_bytes);
    json_put_integer(out, "asked", (int64_t)stats.asked);
    json_put_integer(out, "shared", (int64_t)stats.shared);
    json_put_integer(out, "recalled", (int64_t)stats.recalled);
    json_put_integer(out, "refused", (int64_t)stats.refused);
    json_put_integer(out, "expired", (int64_t)stats.expired);
    json_put_integer(out, "told", (int64_t)told);
    json_put_integer(out, "missed", (int64_t)missed);
    json_close(out, '}');
}

/* ---- Methods ----------------------------------------------------------------------------------------------------- */

bool planning_ask(struct service *service, const struct method *method, struct slice params, struct waiter *waiter)
{
    struct planning *planning = service->planning;
    if (!quota_take(&service->loops->jobs, (size_t)service->config->queue_max))
        return false;
    struct task *task = calloc(1, sizeof *task + params.len);
    if (!task) {
        quota_give(&service->loops->jobs);
        return false;
    }
    task->service = service;
    task->method = method;
    task->dataset = wm_dataset_ref(service->snapshot.dataset);
    task->waiter = waiter;
    task->work.data = task;
    task->params_len = params.len;
    if (params.len > 0)
        memcpy(task->params, params.at, params.len);
    buf_init(&task->body, ANSWER_MAX_BYTES);
    DL_APPEND(planning->tasks, task);
    metrics_add(&service->metrics, jobs_now, 1);
    if (!(method->flags & METHOD_LONG))
        begin_task(task);
    else
        begin_next_long(planning);
    return true;
}

static void begin_task(struct task *task)
{
    task->begun = true;
    metrics_add(&task->service->metrics, workers_now, 1);
    atomic_fetch_add(&task->service->loops->workers, 1);
    /* uv_queue_work fails only without a callback. */
    uv_queue_work(task->service->loop, &task->work, on_work, on_worked);
    if (task->service->planning->closing)
        uv_cancel((uv_req_t *)&task->work);
}

/* On a worker: touches what is the task's own, and the plans, which lock for themselves. */
static void on_work(uv_work_t *work)
{
    struct task *task = work->data;
    const struct method_host host = {.plans = task->service->host.plans};
    const struct method_call call = {.dataset = task->dataset,
                                     .host = &host,
                                     .params = {task->params_len > 0 ? task->params : NULL, task->params_len},
                                     .wish = &task->wish};
    task->code = method_run(task->method, &call, &task->body);
}

/* One at a time of all loops; who finds it taken is woken when it is free. */
static void begin_next_long(struct planning *planning)
{
    struct task *task;
    DL_SEARCH_SCALAR(planning->tasks, task, begun, false);
    if (task && !atomic_exchange(&planning->common->long_runs, true))
        begin_task(task);
}

static void on_worked(uv_work_t *work, int status)
{
    struct task *task = work->data;
    struct service *service = task->service;
    struct planning *planning = service->planning;
    metrics_sub(&service->metrics, workers_now, 1);
    atomic_fetch_sub(&service->loops->workers, 1);
    metrics_sub(&service->metrics, jobs_now, 1);
    quota_give(&service->loops->jobs);
    metrics_add(&service->metrics, computed_on_worker, status == 0);
    DL_DELETE(planning->tasks, task);
    if (task->method->flags & METHOD_LONG) {
        atomic_store(&planning->common->long_runs, false);
        wake_all(planning->common); /* this loop too, as one of those whose turn it may be */
    }
    uint32_t slot = 0, generation = 0;
    bool asked = task->waiter != NULL;
    if (asked) {
        slot = task->waiter->slot;
        generation = task->waiter->generation;
        service->answer(service, task->waiter, status == 0 ? task->code : RPC_INTERNAL,
                        (struct slice){task->body.at, status == 0 ? task->body.len : 0});
    }
    if (task->wish.job && task->wish.follow && asked && !planning->closing)
        follow(planning, task->wish.job, slot, generation);
    plan_job_release(task->wish.job);
    wm_dataset_unref(task->dataset);
    buf_fini(&task->body);
    free(task);
}

void planning_answer_all(struct service *service, int code, struct slice body)
{
    struct task *task;
    if (!service->planning)
        return;
    DL_FOREACH (service->planning->tasks, task)
        if (task->waiter) {
            service->answer(service, task->waiter, code, body);
            task->waiter = NULL;
        }
}

/* ---- Waiting ----------------------------------------------------------------------------------------------------- */

void planning_wait(struct service *service, const struct method_wish *wish, struct waiter *waiter)
{
    struct planning *planning = service->planning;
    struct wait *wait = calloc(1, sizeof *wait);
    if (!wait) {
        service->answer(service, waiter, RPC_INTERNAL, (struct slice){NULL, 0});
        plan_job_release(wish->job);
        return;
    }
    wait->job = wish->job;
    wait->waiter = waiter;
    wait->cancelled = wish->cancelled;
    wait->until = wish->timeout_ms < 0 ? UINT64_MAX : uv_now(service->loop) + (uint64_t)wish->timeout_ms;
    DL_APPEND(planning->waits, wait);
    if (plan_job_is_final(wait->job)) /* it ended since the method looked */
        answer_wait(planning, wait);
    else
        arm_timeout(planning);
}

static void end_wait(struct planning *planning, struct wait *wait, int code, struct slice body)
{
    DL_DELETE(planning->waits, wait);
    planning->service->answer(planning->service, wait->waiter, code, body);
    plan_job_release(wait->job);
    free(wait);
}

/* With what there is to say of the job by now. */
static void answer_wait(struct planning *planning, struct wait *wait)
{
    struct buf body;
    int code = 0;
    buf_init(&body, ANSWER_MAX_BYTES - ENVELOPE_MAX_BYTES);
    if (wait->cancelled)
        plan_put_cancelled(wait->job, &body);
    else
        code = plan_put_outcome(wait->job, &body);
    end_wait(planning, wait, code, (struct slice){body.at, body.failed ? 0 : body.len});
    buf_fini(&body);
}

static void arm_timeout(struct planning *planning)
{
    const struct wait *wait;
    uint64_t first = UINT64_MAX, now = uv_now(planning->service->loop);
    DL_FOREACH (planning->waits, wait)
        if (wait->until < first)
            first = wait->until;
    if (first == UINT64_MAX)
        uv_timer_stop(&planning->timeout);
    else
        uv_timer_start(&planning->timeout, on_timeout, first > now ? first - now : 0, 0);
}

static void on_timeout(uv_timer_t *timer)
{
    struct planning *planning = timer->data;
    struct wait *wait, *next;
    uint64_t now = uv_now(planning->service->loop);
    DL_FOREACH_SAFE (planning->waits, wait, next)
        if (wait->until <= now)
            answer_wait(planning, wait);
    arm_timeout(planning);
}

void planning_forget(struct service *service, uint32_t slot, uint32_t generation)
{
    struct planning *planning = service->planning;
    struct wait *wait, *next;
    struct follow *follower, *after;
    if (!planning || planning->closing)
        return;
    DL_FOREACH_SAFE (planning->waits, wait, next)
        if (wait->waiter->slot == slot && wait->waiter->generation == generation)
            end_wait(planning, wait, RPC_INTERNAL, (struct slice){NULL, 0});
    DL_FOREACH_SAFE (planning->follows, follower, after)
        if (follower->slot == slot && follower->generation == generation)
            end_follow(planning, follower);
}

void planning_drain(struct service *service, int code, struct slice body)
{
    struct planning *planning = service->planning;
    if (!planning)
        return;
    plans_stop(planning->plans);
    while (planning->waits)
        end_wait(planning, planning->waits, code, body);
    while (planning->follows)
        end_follow(planning, planning->follows);
}

/* ---- News -------------------------------------------------------------------------------------------------------- */

/* A job has ended, or there is room for a long task. From any thread. */
static void wake_all(void *arg)
{
    struct common *common = arg;
    pthread_mutex_lock(&common->mutex);
    for (size_t i = 0; i < common->n && !common->closed; i++)
        uv_async_send(&common->loops[i]->news);
    pthread_mutex_unlock(&common->mutex);
}

static bool on_recall(void *arg, struct slice key, struct buf *bytes)
{
    const struct common *common = arg;
    return planning_cache_get(common->cache, key, bytes);
}

static void on_keep(void *arg, struct slice key, struct slice bytes)
{
    const struct common *common = arg;
    planning_cache_put(common->cache, key, bytes);
}

static void on_news(uv_async_t *news)
{
    struct planning *planning = news->data;
    struct wait *wait, *next;
    struct follow *follower, *after;
    DL_FOREACH_SAFE (planning->waits, wait, next)
        if (plan_job_is_final(wait->job))
            answer_wait(planning, wait);
    arm_timeout(planning);
    DL_FOREACH_SAFE (planning->follows, follower, after)
        if (plan_job_is_final(follower->job) && tell(planning, follower))
            end_follow(planning, follower);
    begin_next_long(planning);
    plans_expire(planning->plans);
}

static void on_tick(uv_timer_t *timer)
{
    struct planning *planning = timer->data;
    struct follow *follower, *after;
    DL_FOREACH_SAFE (planning->follows, follower, after)
        if (tell(planning, follower))
            end_follow(planning, follower);
}

static void on_expire(uv_timer_t *timer)
{
    struct planning *planning = timer->data;
    plans_expire(planning->plans);
}

static void follow(struct planning *planning, struct plan_job *job, uint32_t slot, uint32_t generation)
{
    struct follow *follower;
    DL_FOREACH (planning->follows, follower)
        if (follower->job == job && follower->slot == slot && follower->generation == generation)
            return;
    follower = calloc(1, sizeof *follower);
    if (!follower)
        return; /* told nothing: the job goes on, and plan.wait answers */
    *follower =
        (struct follow){.job = plan_job_hold(job), .slot = slot, .generation = generation, .serial = UINT64_MAX};
    DL_APPEND(planning->follows, follower);
    if (!uv_is_active((uv_handle_t *)&planning->tick))
        uv_timer_start(&planning->tick, on_tick, TICK_MS, TICK_MS);
    if (plan_job_is_final(job) && tell(planning, follower))
        end_follow(planning, follower);
}

static void end_follow(struct planning *planning, struct follow *follower)
{
    DL_DELETE(planning->follows, follower);
    plan_job_release(follower->job);
    free(follower);
    if (!planning->follows)
        uv_timer_stop(&planning->tick);
}

/* Tells what is new; true when there will be nothing more: the job has ended and it knows, or nobody is there. */
static bool tell(struct planning *planning, struct follow *follower)
{
    struct service *service = planning->service;
    struct plan_news news;
    struct buf line;
    plan_job_news(follower->job, &news);
    bool final = news.state != PLAN_queued && news.state != PLAN_running, is_new = follower->serial != news.serial;
    if (!is_new && !final)
        return false;
    buf_init(&line, NOTICE_BYTES);
    plan_put_progress(follower->job, follower->missed, &line);
    enum service_told told =
        line.failed ? SERVICE_BEHIND
                    : service->tell(service, follower->slot, follower->generation, (struct slice){line.at, line.len});
    buf_fini(&line);
    follower->serial = news.serial;
    follower->missed = told == SERVICE_TOLD ? 0 : follower->missed + is_new;
    planning->told += told == SERVICE_TOLD;
    planning->missed += told == SERVICE_BEHIND && is_new;
    return told == SERVICE_GONE || (told == SERVICE_TOLD && final);
}
