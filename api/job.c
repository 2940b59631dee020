/*
 * A job in the order it runs: job_start -> (Redis) on_found -> compute_elsewhere -> on_work -> on_worked -> finish -> give;
 * what is cheap is computed on the loop (compute_here), and given at once where Redis was not asked. It keeps the dataset
 * it began with, whatever is loaded meanwhile, and finishes exactly once, on the loop. Ways it fails: Redis has nothing
 * (it is computed), the method answers an error (given to the waiters, kept nowhere), the service stops (the waiters'
 * connections are gone; nothing is computed).
 *
 * Hundreds of answers may be found in one turn of the loop, and each may be waited for by thousands. A turn gives as many
 * as it has time for; then the jobs wait in service->late, first come first served, for job_go_on in the next turns, and
 * who asks something else has an answer in between.
 */
#include "job.h"
#include "jsonrpc.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* Out of memory while the table grows: the job runs all the same, only nobody can join it. */
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(job)
#include <uthash.h>

/*
 * Handing work to another thread and back costs two wake-ups, about 50 us under load; a shortlist costs 40 us to write and
 * 1.5 ns a leader to find (bench/kernel.py), twice that on older processors. Less than the hand-over is done on the spot.
 */
enum { SWITCH_NS = 50000, PAIR_NS = 3 };

/*
 * Scoring gives way to the loop, which has others to answer meanwhile, and to nobody much else; the mean of run times
 * forgets half in about eleven answers.
 */
enum { SCORER_NICENESS = 5, MEAN_OF = 16 };

enum { GIVE_NS = 2000000 }; /* of the loop for answers that were not found while their question was read */

struct job {
    struct service *service;
    struct wm_dataset *dataset; /* a reference of its own */
    const struct method *method;
    struct slice params; /* inside the key; at == NULL: none */
    struct waiters waiters;
    bool findable; /* in the service's table */
    bool found;    /* `code` and `body` are what is given; else it is still to be computed, on the loop */
    int code;
    struct buf body;  /* result, or error object */
    struct job *next; /* in service->late */
    uint64_t run_ns;  /* on a worker */
    uv_work_t work;
    UT_hash_handle hh;
    size_t key_len;
    char key[];
};

static struct job *job_new(struct service *service, const struct method *method, struct slice key, size_t params_len);
static void on_found(void *arg, struct slice value);
static bool compute_elsewhere(struct job *job);
static void compute_here(struct job *job);
static void run(struct job *job);
static void on_work(uv_work_t *work);
static void on_worked(uv_work_t *work, int status);
static void finish(struct job *job, struct slice body);
static void settle(struct job *job, struct slice body);
static bool give(struct job *job, struct slice body);
static bool is_late(struct service *service);
static void put_off(struct job *job);
static void job_free(struct job *job);
static struct slice body_of(const struct job *job);

struct slice job_key(struct service *service, const struct method *method, struct slice params)
{
    struct buf *key = &service->key;
    buf_clear(key);
    buf_put(key, service->snapshot.key_prefix, service->snapshot.key_prefix_len);
    buf_put(key, method->name, method->name_len);
    buf_char(key, ' ');
    buf_put(key, params.at, params.len);
    return key->failed ? (struct slice){NULL, 0} : (struct slice){key->at, key->len};
}

uint64_t job_wait_ms(const struct service *service)
{
    return atomic_load(&service->loops->workers) * service->run_ns / service->n_scorers / 1000000;
}

bool job_start(struct service *service, const struct method *method, struct slice key, size_t params_len,
               struct waiter *waiter)
{
    struct job *job;
    HASH_FIND(hh, service->jobs, key.at, key.len, job);
    if (job) {
        metrics_add(&service->metrics, coalesced, 1);
        waiters_add(&job->waiters, waiter);
        return true;
    }
    if (job_wait_ms(service) > (uint64_t)service->config->queue_ms ||
        !quota_take(&service->loops->jobs, (size_t)service->config->queue_max))
        return false;
    job = job_new(service, method, key, params_len);
    if (!job) {
        quota_give(&service->loops->jobs);
        return false;
    }
    waiters_add(&job->waiters, waiter);
    if (cache_shared_ready(service->cache)) {
        cache_get_shared(service->cache, job->key, job->key_len, on_found, job);
    } else if (!compute_elsewhere(job)) {
        compute_here(job);
        waiters_answer(&job->waiters, service, job->code, body_of(job));
        job_free(job);
    }
    return true;
}

static struct job *job_new(struct service *service, const struct method *method, struct slice key, size_t params_len)
{
    struct job *job = calloc(1, sizeof *job + key.len);
    if (!job)
        return NULL;
    job->service = service;
    job->dataset = wm_dataset_ref(service->snapshot.dataset);
    job->method = method;
    job->key_len = key.len;
    memcpy(job->key, key.at, key.len);
    if (params_len > 0)
        job->params = (struct slice){job->key + key.len - params_len, params_len};
    buf_init(&job->body, ANSWER_MAX_BYTES);
    job->work.data = job;
    HASH_ADD_KEYPTR(hh, service->jobs, job->key, job->key_len, job);
    job->findable = job->hh.tbl != NULL;
    metrics_add(&service->metrics, jobs_now, 1);
    return job;
}

static void on_found(void *arg, struct slice value)
{
    struct job *job = arg;
    if (value.at) {
        finish(job, value);
    } else if (!compute_elsewhere(job)) {
        put_off(job);
        job_go_on(job->service);
    }
}

/* By a worker. False: what it costs is less than the way there, or there is no way. */
static bool compute_elsewhere(struct job *job)
{
    struct service *service = job->service;
    bool cheap = method_pairs(job->method, job->dataset) < SWITCH_NS / PAIR_NS;
    if (cheap || service->stopping || uv_queue_work(service->loop, &job->work, on_work, on_worked))
        return false;
    metrics_add(&service->metrics, workers_now, 1);
    atomic_fetch_add(&service->loops->workers, 1);
    return true;
}

static void compute_here(struct job *job)
{
    if (job->service->stopping) {
        job->code = RPC_INTERNAL; /* told to nobody: every connection is closed */
    } else {
        metrics_add(&job->service->metrics, computed_on_loop, 1);
        run(job);
    }
    settle(job, body_of(job));
}

/* On the loop or on a worker: touches the job's own dataset, params and body only. */
static void run(struct job *job)
{
    struct method_call call = {.dataset = job->dataset, .host = NULL, .params = job->params};
    job->code = method_run(job->method, &call, &job->body);
}

static void on_work(uv_work_t *work)
{
    static _Thread_local bool is_nice;
    struct job *job = work->data;
    uint64_t begun = uv_hrtime();
    if (!is_nice)
        is_nice =
            setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + SCORER_NICENESS) == 0; /* of this thread */
    run(job);
    job->run_ns = uv_hrtime() - begun;
}

static void on_worked(uv_work_t *work, int status)
{
    struct job *job = work->data;
    struct service *service = job->service;
    metrics_sub(&service->metrics, workers_now, 1);
    atomic_fetch_sub(&service->loops->workers, 1);
    if (status == 0) {
        metrics_add(&service->metrics, computed_on_worker, 1);
        service->run_ns = service->run_ns + job->run_ns / MEAN_OF - service->run_ns / MEAN_OF;
    } else {
        job->code = RPC_INTERNAL; /* cancelled: the service stops */
    }
    finish(job, body_of(job));
}

/* ---- Giving ------------------------------------------------------------------------------------------------------ */

/* Found while the loop looked at what came in. */
static void finish(struct job *job, struct slice body)
{
    settle(job, body);
    if (!job->service->late.first && give(job, body)) {
        job_free(job);
        return;
    }
    if (job->body.len == 0)
        buf_put(&job->body, body.at, body.len); /* it is Redis's, and gone after this call */
    put_off(job);
}

/* From now on an equal request finds the cache. */
static void settle(struct job *job, struct slice body)
{
    struct service *service = job->service;
    bool computed = job->body.len > 0;
    if (job->findable)
        HASH_DEL(service->jobs, job);
    job->findable = false;
    job->found = true;
    if (computed && job->code == 0 && !service->stopping)
        cache_put(service->cache, job->key, job->key_len, body.at, body.len);
}

/* To one after another of those who wait. False: some are left for another turn. */
static bool give(struct job *job, struct slice body)
{
    while (job->waiters.first && !is_late(job->service))
        waiters_answer_first(&job->waiters, job->service, job->code, body);
    return !job->waiters.first;
}

/* Whether this turn has no more time; it has some for one answer at least. At the end there is no other turn. */
static bool is_late(struct service *service)
{
    uint64_t now = uv_hrtime();
    if (service->given_at == 0)
        service->given_at = now;
    return now - service->given_at > GIVE_NS && !service->stopping;
}

static void put_off(struct job *job)
{
    struct service *service = job->service;
    if (service->late.last)
        service->late.last->next = job;
    else
        service->late.first = job;
    service->late.last = job;
}

void job_go_on(struct service *service)
{
    struct job *job;
    while ((job = service->late.first) && !is_late(service)) {
        if (!job->found)
            compute_here(job);
        if (!give(job, body_of(job)))
            return;
        service->late.first = job->next;
        if (!job->next)
            service->late.last = NULL;
        job_free(job);
    }
}

void job_end_turn(struct service *service)
{
    job_go_on(service);
    service->given_at = 0;
}

static void job_free(struct job *job)
{
    metrics_sub(&job->service->metrics, jobs_now, 1);
    quota_give(&job->service->loops->jobs);
    wm_dataset_unref(job->dataset);
    buf_fini(&job->body);
    free(job);
}

static struct slice body_of(const struct job *job)
{
    return (struct slice){job->body.at, job->body.failed ? 0 : job->body.len};
}

/* ---- The end ----------------------------------------------------------------------------------------------------- */

void job_answer_all(struct service *service, int code, struct slice body)
{
    struct job *job, *next;
    for (job = service->late.first; job; job = job->next)
        if (job->found)
            waiters_answer(&job->waiters, service, job->code, body_of(job));
    HASH_ITER (hh, service->jobs, job, next)
        waiters_answer(&job->waiters, service, code, body);
}

void job_cancel_all(struct service *service)
{
    struct job *job, *next;
    HASH_ITER (hh, service->jobs, job, next)
        uv_cancel((uv_req_t *)&job->work); /* says no to what runs already or waits for Redis, which is as well */
    job_go_on(service);
}
