/*
 * Solving: threads of the lowest priority take jobs from the queue, or whoever asked does where there are none. What has
 * been solved before, by this process or another, is recalled; what ends is named, told and kept.
 */
#include "plans_state.h"

#include "plan_pack.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <utlist.h>

enum { PROGRESS_MS = 50, NICEST = 19 };

/* What one thread solves with. */
struct solving {
    struct plans *plans;
    struct plan_job *job;
    struct workers *workers;
    int64_t deadline;
    int64_t told_at; /* when it last said how far it is */
};

static void finish(struct plans *plans, struct plan_job *job, int failure);

/*
 * SCHED_IDLE runs when nobody else wants the processor, and gives it up at once. Where that is refused, nice 19 comes
 * near. The threads that share the work are made by this one and take after it.
 */
static void lower_priority(int niceness)
{
    const struct sched_param none = {0};
    int nicer = getpriority(PRIO_PROCESS, 0) + niceness; /* 0: this thread, on Linux */
    setpriority(PRIO_PROCESS, 0, nicer < NICEST ? nicer : NICEST);
    if (niceness >= PLANS_IDLE)
        pthread_setschedparam(pthread_self(), SCHED_IDLE, &none);
}

void *plans_thread(void *arg)
{
    struct plans *plans = arg;
    struct workers *workers = NULL;
    if (plans->options.niceness > 0)
        lower_priority(plans->options.niceness);
    if (plans->options.parallel > 1 && workers_new(plans->options.parallel, 0, &workers))
        workers = NULL; /* alone, then: slower, the same plans */
    pthread_mutex_lock(&plans->mutex);
    while (!atomic_load(&plans->stopping)) {
        struct plan_job *job = plans_begin(plans);
        if (job == NULL) {
            pthread_cond_wait(&plans->begun, &plans->mutex);
            continue;
        }
        pthread_mutex_unlock(&plans->mutex);
        plans_solve(plans, job, workers);
        pthread_mutex_lock(&plans->mutex);
    }
    pthread_mutex_unlock(&plans->mutex);
    workers_free(workers);
    return NULL;
}

static bool on_stop(void *arg)
{
    const struct solving *solving = arg;
    const struct plans_options *options = &solving->plans->options;
    return atomic_load(&solving->plans->stopping) || atomic_load(&solving->job->cancelled) ||
           (options->stop && options->stop(options->arg)) || plans_now_ms() >= solving->deadline;
}

static void on_progress(void *arg, const struct wm_progress *progress)
{
    struct solving *solving = arg;
    struct plans *plans = solving->plans;
    struct plan_news *news = &solving->job->news, told;
    int64_t now = plans_now_ms();
    /* A thread of low priority may be stopped anywhere, and who waits for its mutex with it: it takes it rarely. */
    if (plans->n_threads > 0 && now - solving->told_at < PROGRESS_MS && strcmp(news->phase, progress->phase) == 0)
        return;
    solving->told_at = now;
    pthread_mutex_lock(&plans->mutex);
    snprintf(news->phase, sizeof news->phase, "%s", progress->phase);
    news->found = progress->found;
    news->bounded = progress->found || progress->bound > 0; /* 0: nothing is known yet */
    news->value = progress->value;
    news->bound = progress->bound;
    news->gap = progress->gap;
    news->elapsed_ms = now - solving->job->started_at;
    news->serial++;
    told = *news;
    pthread_mutex_unlock(&plans->mutex);
    if (plans->options.progress)
        plans->options.progress(plans->options.arg, &told);
}

static void on_parallel(void *arg, size_t n, void (*part)(void *context, size_t i), void *context)
{
    const struct solving *solving = arg;
    workers_run(solving->workers, n, part, context);
}

/* Has somebody solved this before? */
static bool recall(struct plans *plans, struct plan_job *job, const struct wm_solve_options *options)
{
    struct buf key, bytes;
    if (!plans->options.recall)
        return false;
    buf_init(&key, SIZE_MAX);
    buf_init(&bytes, SIZE_MAX);
    plan_pack_key(job->question, &key);
    bool found = !key.failed && plans->options.recall(plans->options.arg, (struct slice){key.at, key.len}, &bytes) &&
                 plan_unpack(job->question, (struct slice){bytes.at, bytes.len}, options, &job->answer);
    buf_fini(&bytes);
    buf_fini(&key);
    return found;
}

static void keep(struct plans *plans, const struct plan_job *job)
{
    struct buf key, bytes;
    if (!plans->options.keep || !plan_pack_shares(job->question, &job->answer))
        return;
    buf_init(&key, SIZE_MAX);
    buf_init(&bytes, SIZE_MAX);
    plan_pack_key(job->question, &key);
    plan_pack(&job->answer, &bytes);
    if (!key.failed && !bytes.failed)
        plans->options.keep(plans->options.arg, (struct slice){key.at, key.len}, (struct slice){bytes.at, bytes.len});
    buf_fini(&bytes);
    buf_fini(&key);
}

void plans_solve(struct plans *plans, struct plan_job *job, struct workers *workers)
{
    struct solving solving = {plans, job, workers, job->started_at + job->question->deadline_ms, 0};
    struct workers *own = NULL;
    if (plans->n_threads == 0 && plans->options.parallel > 1 && workers_new(plans->options.parallel, 0, &own) == 0)
        solving.workers = own;
    const struct wm_solve_options options = {0, on_stop, on_progress, solving.workers ? on_parallel : NULL, &solving};
    bool recalled = recall(plans, job, &options);
    int failure = WM_OK;
    if (!recalled)
        failure = plan_answer_make(job->question, plans->options.solver, &options, &job->answer);
    if (!recalled && failure == WM_OK)
        keep(plans, job);
    workers_free(own);
    pthread_mutex_lock(&plans->mutex);
    plans->stats.recalled += recalled;
    finish(plans, job, failure);
    void (*finished)(void *arg) = plans->options.finished;
    if (finished)
        finished(plans->options.arg); /* under the mutex: after plans_stop nobody is called */
    pthread_mutex_unlock(&plans->mutex);
    plan_job_release(job);
}

/* "P" and the digest; that of a plan that was cut has the job's number behind it, as no other run need give it again. */
static void name_plan(const struct plans *plans, struct plan_job *job)
{
    struct plan_job *other = NULL;
    snprintf(job->plan, sizeof job->plan, "P%s", job->question->digest);
    DL_FOREACH (plans->jobs, other)
        if (other != job && strcmp(other->plan, job->plan) == 0)
            break;
    if (job->answer.cut || other)
        snprintf(job->plan, sizeof job->plan, "P%s-%s", job->question->digest, job->id);
}

static void finish(struct plans *plans, struct plan_job *job, int failure)
{
    const struct wm_plan *plan = job->answer.plan;
    bool stopped = atomic_load(&plans->stopping) || atomic_load(&job->cancelled) ||
                   (plans->options.stop && plans->options.stop(plans->options.arg));
    job->failure = failure;
    job->finished_at = (int64_t)time(NULL);
    job->finished = ++plans->n_finished;
    plans_use(plans, job);
    job->news.elapsed_ms = job->used_at - job->started_at;
    if (plan && (plan->found || plan->status == WM_PLAN_INFEASIBLE))
        name_plan(plans, job);
    if (plan) {
        job->news.found = plan->found;
        job->news.bounded = plan->status != WM_PLAN_INFEASIBLE;
        job->news.value = (double)plan->value_nano / 1e9;
        job->news.bound = (double)plan->bound_nano / 1e9;
        job->news.gap = plan->gap;
    }
    plan_job_move(job, failure != WM_OK ? PLAN_failed : stopped && job->answer.cut ? PLAN_cancelled : PLAN_done);
    plans->stats.running--;
    plans->stats.kept++;
}
