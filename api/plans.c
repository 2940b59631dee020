/*
 * A job in the order it runs: plans_ask -> (queue) -> solve -> finish -> kept until it is let go of. One mutex guards
 * the lists and what changes of a job; what is solved is written before the job is final and never again, so that whoever
 * holds a final job reads it without the mutex.
 *
 * Ways a job ends: solved (done); cancelled, or stopped as the process ends (cancelled, with the best so far); out of
 * memory (failed). Past its deadline it is done, and `cut`: such a plan is kept under an id of its own, and an equal
 * question solves anew.
 */
#include "plans.h"

#include "plan_pack.h"
#include "workers.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <utlist.h>

enum { EXPIRED_MAX = 1024, PROGRESS_MS = 50, NICEST = 19, NONCE_BITS = 24 };

struct key {
    struct key *next;
    char text[];
};

struct plan_job {
    struct plan_job *prev, *next; /* of `jobs`, oldest first */
    struct plans *plans;
    atomic_uint references; /* the list's, the solving thread's, and those who found it */
    struct plan_question *question;
    struct key *keys;                 /* idempotency_keys that it was asked under */
    char origin[2][33];               /* digests of the dataset and policy it was asked of */
    const struct wm_dataset *dataset; /* for telling datasets apart only */
    uint64_t number;
    char id[40], plan[PLAN_ID_CAP];
    int64_t asked_at, started_at; /* ms */
    int64_t used_at;              /* ms: when it ended, or was last asked for or found since; under the mutex, as: */
    uint64_t used;                /* number of that use, for telling which was first */
    struct plan_news news;        /* under the mutex; the state is the job's */
    atomic_bool cancelled;
    struct plan_answer answer;
    int failure;
    int64_t finished_at; /* seconds since 1970, for people and caches */
    uint64_t finished;   /* number of that end */
};

struct expired { /* what a job was called that is kept no more */
    uint64_t number;
    char plan[PLAN_ID_CAP];
    int64_t at; /* seconds since 1970 */
};

struct plans {
    struct plans_options options;
    pthread_mutex_t mutex;
    pthread_cond_t begun;
    struct plan_job *jobs; /* queued, running and kept */
    uint64_t n_asked, n_uses, n_finished;
    struct plans_stats stats;
    const struct wm_dataset *current;    /* never looked into: may be gone */
    struct expired expired[EXPIRED_MAX]; /* a ring */
    size_t n_expired;
    atomic_bool stopping;
    size_t n_threads;
    pthread_t threads[];
};

/* What one thread solves with. */
struct solving {
    struct plans *plans;
    struct plan_job *job;
    struct workers *workers;
    int64_t deadline;
    int64_t told_at; /* when it last said how far it is */
};

static void *on_thread(void *arg);
static void solve(struct plans *plans, struct plan_job *job, struct workers *workers);
static void finish(struct plans *plans, struct plan_job *job, int failure);
static struct plan_job *expire(struct plans *plans);
static void release_all(struct plan_job *jobs);

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

const char *plan_state_name(enum plan_state state)
{
    static const char *const names[] = {
#define X(name) #name,
        PLAN_STATES(X)
#undef X
    };
    return names[state];
}

/* What may follow what; under the mutex. */
static void state_move(struct plan_job *job, enum plan_state to)
{
    static const bool allowed[PLAN_STATE_COUNT][PLAN_STATE_COUNT] = {
        [PLAN_queued] = {[PLAN_running] = true, [PLAN_cancelled] = true},
        [PLAN_running] = {[PLAN_done] = true, [PLAN_cancelled] = true, [PLAN_failed] = true},
    };
    assert(allowed[job->news.state][to]);
    job->news.state = to;
    job->news.serial++;
}

/* Somebody asks for it or reads it: others are let go of before it. Under the mutex. */
static struct plan_job *use(struct plans *plans, struct plan_job *job)
{
    job->used_at = now_ms();
    job->used = ++plans->n_uses;
    return job;
}

static bool is_final(enum plan_state state)
{
    return state != PLAN_queued && state != PLAN_running;
}

/* ---- Beginning and ending ---------------------------------------------------------------------------------------- */

/* They take no signals: those are for who runs the loop. */
static int start_threads(struct plans *plans)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = 0;
    while (!failed && plans->n_threads < plans->options.solving) {
        failed = pthread_create(&plans->threads[plans->n_threads], NULL, on_thread, plans);
        plans->n_threads += !failed;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed ? -1 : 0;
}

int plans_new(const struct plans_options *options, struct plans **out)
{
    struct plans *plans = calloc(1, sizeof *plans + options->solving * sizeof plans->threads[0]);
    if (plans == NULL)
        return -1;
    plans->options = *options;
    pthread_mutex_init(&plans->mutex, NULL);
    pthread_cond_init(&plans->begun, NULL);
    if (start_threads(plans)) {
        plans_stop(plans);
        plans_free(plans);
        return -1;
    }
    *out = plans;
    return 0;
}

void plans_stop(struct plans *plans)
{
    pthread_mutex_lock(&plans->mutex);
    atomic_store(&plans->stopping, true);
    plans->options.finished = NULL;
    pthread_cond_broadcast(&plans->begun);
    pthread_mutex_unlock(&plans->mutex);
}

bool plans_end(struct plans *plans, int64_t patience_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until); /* the clock of pthread_timedjoin_np */
    until.tv_sec += patience_ms / 1000;
    until.tv_nsec += patience_ms % 1000 * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    plans_stop(plans);
    while (plans->n_threads > 0 && pthread_timedjoin_np(plans->threads[plans->n_threads - 1], NULL, &until) == 0)
        plans->n_threads--;
    return plans->n_threads == 0;
}

void plans_free(struct plans *plans)
{
    if (plans == NULL)
        return;
    plans_stop(plans);
    for (size_t i = 0; i < plans->n_threads; i++)
        pthread_join(plans->threads[i], NULL);
    struct plan_job *job, *next;
    DL_FOREACH_SAFE(plans->jobs, job, next)
    {
        plan_job_release(job);
    }
    pthread_cond_destroy(&plans->begun);
    pthread_mutex_destroy(&plans->mutex);
    free(plans);
}

struct plan_job *plan_job_hold(struct plan_job *job)
{
    atomic_fetch_add(&job->references, 1);
    return job;
}

void plan_job_release(struct plan_job *job)
{
    if (job == NULL || atomic_fetch_sub(&job->references, 1) > 1)
        return;
    plan_answer_fini(&job->answer);
    plan_question_free(job->question);
    struct key *key, *next;
    LL_FOREACH_SAFE(job->keys, key, next)
    free(key);
    free(job);
}

/* ---- Asking ------------------------------------------------------------------------------------------------------ */

static bool same_order(const struct plan_job *job, const struct plan_question *question)
{
    return plan_question_same(job->question, question) && job->question->deadline_ms == question->deadline_ms;
}

/*
 * An equal question whose plan is there and complete, or on its way with the same deadline. Under the mutex, as all
 * until solve.
 */
static struct plan_job *find_equal(const struct plans *plans, const struct plan_question *question)
{
    struct plan_job *job;
    DL_FOREACH(plans->jobs, job)
    {
        bool on_its_way = !is_final(job->news.state) && !atomic_load(&job->cancelled) && same_order(job, question);
        bool there = job->news.state == PLAN_done && !job->answer.cut && plan_question_same(job->question, question);
        if (on_its_way || there)
            return job;
    }
    return NULL;
}

static struct plan_job *find_key(const struct plans *plans, const char *text)
{
    struct plan_job *job;
    const struct key *key;
    DL_FOREACH(plans->jobs, job)
    LL_FOREACH(job->keys, key)
    if (strcmp(key->text, text) == 0)
        return job;
    return NULL;
}

static size_t count_keys(const struct plan_job *job)
{
    size_t n;
    const struct key *key;
    LL_COUNT(job->keys, key, n);
    return n;
}

/* False when there is no memory. */
static bool add_key(struct plan_job *job, const char *text)
{
    struct key *key = malloc(sizeof *key + strlen(text) + 1);
    if (key == NULL)
        return false;
    memcpy(key->text, text, strlen(text) + 1);
    LL_PREPEND(job->keys, key);
    return true;
}

static struct plan_job *job_new(struct plans *plans, struct plan_question *question, const char *key,
                                const struct wm_dataset *origin)
{
    struct plan_job *job = calloc(1, sizeof *job);
    if (job == NULL || (key && !add_key(job, key))) {
        free(job);
        return NULL;
    }
    job->plans = plans;
    job->references = 1;
    job->question = question;
    job->dataset = question->dataset;
    job->number = ++plans->n_asked;
    job->asked_at = now_ms();
    snprintf(job->id, sizeof job->id, "J%06llx-%llu",
             (unsigned long long)(plans->options.nonce & ((1u << NONCE_BITS) - 1)), (unsigned long long)job->number);
    snprintf(job->origin[0], sizeof job->origin[0], "%s", wm_dataset_digest(origin));
    snprintf(job->origin[1], sizeof job->origin[1], "%s", wm_policy_digest(origin));
    return job;
}

/* Finds an equal job or adds a new one. */
static enum plans_asked admit(struct plans *plans, struct plan_question *question, const char *key,
                              const struct wm_dataset *origin, struct plan_job **out)
{
    struct plan_job *job = key ? find_key(plans, key) : NULL;
    bool by_key = job != NULL;
    /* The same words are the same order also when the data has changed since: that is what the key is for. */
    if (job && (job->question->deadline_ms != question->deadline_ms || job->question->text.len != question->text.len ||
                memcmp(job->question->text.at, question->text.at, question->text.len) != 0))
        return PLANS_KEY_TAKEN;
    if (job == NULL)
        job = find_equal(plans, question);
    if (job) {
        if (key && !by_key && count_keys(job) == PLANS_KEYS_MAX)
            return PLANS_KEYS_FULL;
        if (key && !by_key && !add_key(job, key))
            return PLANS_NO_MEMORY;
        plans->stats.shared++;
        *out = plan_job_hold(use(plans, job));
        return PLANS_FOUND;
    }
    if (plans->stats.queued >= plans->options.waiting_max && plans->n_threads > 0) {
        plans->stats.refused++;
        return PLANS_FULL;
    }
    job = job_new(plans, question, key, origin);
    if (job == NULL)
        return PLANS_NO_MEMORY;
    DL_APPEND(plans->jobs, job);
    plans->stats.asked++;
    plans->stats.queued++;
    *out = plan_job_hold(job);
    return PLANS_NEW;
}

/* The next of the queue, running from now on; NULL: none. */
static struct plan_job *begin(struct plans *plans)
{
    struct plan_job *job;
    DL_SEARCH_SCALAR(plans->jobs, job, news.state, PLAN_queued);
    if (job == NULL)
        return NULL;
    state_move(job, PLAN_running);
    job->started_at = now_ms();
    plans->stats.queued--;
    plans->stats.running++;
    return plan_job_hold(job);
}

enum plans_asked plans_ask(struct plans *plans, struct plan_question *question, const char *key,
                           const struct wm_dataset *origin, struct plan_job **out)
{
    pthread_mutex_lock(&plans->mutex);
    plans->current = origin;
    struct plan_job *gone = expire(plans);
    enum plans_asked asked = admit(plans, question, key, origin, out);
    struct plan_job *job = asked == PLANS_NEW && plans->n_threads == 0 ? begin(plans) : NULL;
    pthread_cond_signal(&plans->begun);
    pthread_mutex_unlock(&plans->mutex);
    release_all(gone);
    if (asked != PLANS_NEW)
        plan_question_free(question);
    if (job)
        solve(plans, job, NULL);
    return asked;
}

/* ---- Solving ----------------------------------------------------------------------------------------------------- */

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

static void *on_thread(void *arg)
{
    struct plans *plans = arg;
    struct workers *workers = NULL;
    if (plans->options.niceness > 0)
        lower_priority(plans->options.niceness);
    if (plans->options.parallel > 1 && workers_new(plans->options.parallel, 0, &workers))
        workers = NULL; /* alone, then: slower, the same plans */
    pthread_mutex_lock(&plans->mutex);
    while (!atomic_load(&plans->stopping)) {
        struct plan_job *job = begin(plans);
        if (job == NULL) {
            pthread_cond_wait(&plans->begun, &plans->mutex);
            continue;
        }
        pthread_mutex_unlock(&plans->mutex);
        solve(plans, job, workers);
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
           (options->stop && options->stop(options->arg)) || now_ms() >= solving->deadline;
}

static void on_progress(void *arg, const struct wm_progress *progress)
{
    struct solving *solving = arg;
    struct plans *plans = solving->plans;
    struct plan_news *news = &solving->job->news, told;
    int64_t now = now_ms();
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

/* Takes the reference that begin() gave. */
static void solve(struct plans *plans, struct plan_job *job, struct workers *workers)
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
    DL_FOREACH(plans->jobs, other)
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
    use(plans, job);
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
    state_move(job, failure != WM_OK ? PLAN_failed : stopped && job->answer.cut ? PLAN_cancelled : PLAN_done);
    plans->stats.running--;
    plans->stats.kept++;
}

void plan_job_cancel(struct plan_job *job)
{
    struct plans *plans = job->plans;
    pthread_mutex_lock(&plans->mutex);
    atomic_store(&job->cancelled, true);
    if (job->news.state == PLAN_queued) {
        state_move(job, PLAN_cancelled);
        use(plans, job);
        plans->stats.queued--;
        plans->stats.kept++;
        if (plans->options.finished)
            plans->options.finished(plans->options.arg);
    }
    pthread_mutex_unlock(&plans->mutex);
}

/* ---- Keeping ----------------------------------------------------------------------------------------------------- */

/* What the kept hold: each answer, and each dataset that is kept for their sake alone, once. */
static size_t kept_bytes(const struct plans *plans)
{
    size_t bytes = 0;
    const struct plan_job *job, *other;
    DL_FOREACH(plans->jobs, job)
    {
        if (!is_final(job->news.state)) /* its answer is still being written */
            continue;
        bytes += job->answer.bytes;
        DL_FOREACH(plans->jobs, other)
        if (other == job || other->dataset == job->dataset)
            break;
        if (other == job && job->dataset != plans->current)
            bytes += wm_dataset_bytes(job->dataset);
    }
    return bytes;
}

static void let_go(struct plans *plans, struct plan_job *job)
{
    struct expired *expired = &plans->expired[plans->n_expired++ % EXPIRED_MAX];
    *expired = (struct expired){.number = job->number, .at = (int64_t)time(NULL)};
    memcpy(expired->plan, job->plan, sizeof expired->plan);
    DL_DELETE(plans->jobs, job);
    plans->stats.kept--;
    plans->stats.expired++;
}

/* May it be what dashboards show: a plan of its own, of what was loaded, that ran to its end? */
static bool can_stand(const struct plan_job *job)
{
    return job->news.state == PLAN_done && job->answer.plan && job->answer.plan->found &&
           job->question->base[0] == '\0' && strcmp(wm_policy_digest(job->question->dataset), job->origin[1]) == 0;
}

/* `digests` of dataset and policy; NULL: of any. */
static struct plan_job *find_standing(const struct plans *plans, const char *const digests[2])
{
    struct plan_job *job, *found = NULL;
    DL_FOREACH(plans->jobs, job)
    {
        bool same =
            digests == NULL || (strcmp(job->origin[0], digests[0]) == 0 && strcmp(job->origin[1], digests[1]) == 0);
        if (same && can_stand(job) && (found == NULL || job->finished > found->finished))
            found = job;
    }
    return found;
}

static struct plan_job *least_used(const struct plans *plans)
{
    struct plan_job *job, *least = NULL;
    const struct plan_job *standing = plans->options.keeps_standing ? find_standing(plans, NULL) : NULL;
    DL_FOREACH(plans->jobs, job)
    if (is_final(job->news.state) && job != standing && (least == NULL || job->used < least->used))
        least = job;
    return least;
}

/*
 * The least recently used go first; the last one used stays, however large it is, so that who asked can have it. Returns
 * what is no longer in the list, for release_all once the mutex is free again: giving back a large plan takes its time.
 */
static struct plan_job *expire(struct plans *plans)
{
    int64_t now = now_ms();
    struct plan_job *job, *gone = NULL;
    plans->stats.kept_bytes = kept_bytes(plans);
    while ((job = least_used(plans)) != NULL) {
        bool crowded = plans->stats.kept > 1 && (plans->stats.kept > plans->options.kept_max ||
                                                 plans->stats.kept_bytes > plans->options.kept_bytes_max);
        if (!crowded && now - job->used_at < plans->options.kept_ms)
            break;
        let_go(plans, job);
        LL_PREPEND(gone, job);
        plans->stats.kept_bytes = kept_bytes(plans);
    }
    return gone;
}

static void release_all(struct plan_job *jobs)
{
    struct plan_job *job, *next;
    LL_FOREACH_SAFE(jobs, job, next)
    plan_job_release(job);
}

void plans_expire(struct plans *plans)
{
    pthread_mutex_lock(&plans->mutex);
    struct plan_job *gone = expire(plans);
    pthread_mutex_unlock(&plans->mutex);
    release_all(gone);
}

/* ---- Finding ----------------------------------------------------------------------------------------------------- */

static const struct expired *find_expired(const struct plans *plans, uint64_t number, const char *plan)
{
    size_t n = plans->n_expired < EXPIRED_MAX ? plans->n_expired : EXPIRED_MAX;
    for (size_t i = 0; i < n; i++) /* the latest first: a plan may have been solved and let go of twice */
    {
        const struct expired *at = &plans->expired[(plans->n_expired - 1 - i) % EXPIRED_MAX];
        if (plan ? strcmp(at->plan, plan) == 0 : at->number == number)
            return at;
    }
    return NULL;
}

/* The number in the id of a job of this process that was asked for once; 0: it never was. */
static uint64_t number_of(const struct plans *plans, const char *id)
{
    char spelled[PLAN_ID_CAP];
    const char *dash = strchr(id, '-');
    uint64_t number = dash ? strtoull(dash + 1, NULL, 10) : 0;
    snprintf(spelled, sizeof spelled, "J%06llx-%llu",
             (unsigned long long)(plans->options.nonce & ((1u << NONCE_BITS) - 1)), (unsigned long long)number);
    return strcmp(spelled, id) == 0 && number <= plans->n_asked ? number : 0;
}

enum plans_found plans_find_job(struct plans *plans, const char *id, struct plan_job **out, int64_t *expired_at)
{
    struct plan_job *job;
    pthread_mutex_lock(&plans->mutex);
    struct plan_job *gone = expire(plans);
    DL_FOREACH(plans->jobs, job)
    if (strcmp(job->id, id) == 0)
        break;
    uint64_t number = number_of(plans, id);
    const struct expired *expired = job == NULL && number > 0 ? find_expired(plans, number, NULL) : NULL;
    if (job)
        *out = plan_job_hold(use(plans, job));
    *expired_at = expired ? expired->at : 0;
    pthread_mutex_unlock(&plans->mutex);
    release_all(gone);
    return job ? PLANS_HELD : number > 0 ? PLANS_GONE : PLANS_UNKNOWN;
}

enum plans_found plans_find_plan(struct plans *plans, const char *id, struct plan_job **out, int64_t *expired_at)
{
    struct plan_job *job = NULL;
    pthread_mutex_lock(&plans->mutex);
    struct plan_job *gone = expire(plans);
    if (*id != '\0')
        DL_FOREACH(plans->jobs, job)
    if (is_final(job->news.state) && strcmp(job->plan, id) == 0)
        break;
    const struct expired *expired = job == NULL && *id != '\0' ? find_expired(plans, 0, id) : NULL;
    if (job)
        *out = plan_job_hold(use(plans, job));
    *expired_at = expired ? expired->at : 0;
    pthread_mutex_unlock(&plans->mutex);
    release_all(gone);
    return job ? PLANS_HELD : expired ? PLANS_GONE : PLANS_UNKNOWN;
}

size_t plans_nearest(struct plans *plans, bool is_plan, const char *id, char out[][PLAN_ID_CAP], size_t n_max)
{
    size_t n = 0;
    struct plan_job *job;
    pthread_mutex_lock(&plans->mutex);
    for (unsigned distance = 0; distance <= strlen(id) / 2 && distance < PLAN_ID_CAP; distance++)
        DL_FOREACH(plans->jobs, job)
        {
            const char *name = is_plan ? job->plan : job->id;
            if (n < n_max && *name != '\0' && wm_text_distance(name, id) == distance)
                snprintf(out[n++], PLAN_ID_CAP, "%s", name);
        }
    pthread_mutex_unlock(&plans->mutex);
    return n;
}

size_t plans_list(struct plans *plans, struct plan_job **out, size_t n_max)
{
    size_t n = 0;
    pthread_mutex_lock(&plans->mutex);
    struct plan_job *gone = expire(plans);
    for (struct plan_job *job = plans->jobs ? plans->jobs->prev : NULL; job && n < n_max; job = job->prev) {
        out[n++] = plan_job_hold(job);
        if (job == plans->jobs) /* the first's prev is the last */
            break;
    }
    pthread_mutex_unlock(&plans->mutex);
    release_all(gone);
    return n;
}

struct plan_job *plans_standing(struct plans *plans, const struct wm_dataset *dataset)
{
    const char *const digests[] = {wm_dataset_digest(dataset), wm_policy_digest(dataset)};
    pthread_mutex_lock(&plans->mutex);
    struct plan_job *job = find_standing(plans, digests);
    if (job)
        plan_job_hold(use(plans, job));
    pthread_mutex_unlock(&plans->mutex);
    return job;
}

void plans_stats(struct plans *plans, struct plans_stats *out)
{
    pthread_mutex_lock(&plans->mutex);
    *out = plans->stats;
    pthread_mutex_unlock(&plans->mutex);
}

/* ---- One job ----------------------------------------------------------------------------------------------------- */

const char *plan_job_id(const struct plan_job *job)
{
    return job->id;
}

const struct plan_question *plan_job_question(const struct plan_job *job)
{
    return job->question;
}

const char *plan_job_dataset(const struct plan_job *job)
{
    return job->origin[0];
}

const char *plan_job_policy(const struct plan_job *job)
{
    return job->origin[1];
}

void plan_job_news(struct plan_job *job, struct plan_news *out)
{
    pthread_mutex_lock(&job->plans->mutex);
    *out = job->news;
    if (job->news.state == PLAN_running)
        out->elapsed_ms = now_ms() - job->started_at;
    pthread_mutex_unlock(&job->plans->mutex);
}

bool plan_job_is_final(struct plan_job *job)
{
    struct plan_news news;
    plan_job_news(job, &news);
    return is_final(news.state);
}

int64_t plan_job_age_ms(const struct plan_job *job)
{
    return now_ms() - job->asked_at;
}

const char *plan_job_plan(const struct plan_job *job)
{
    return job->plan[0] == '\0' ? NULL : job->plan;
}

const struct plan_answer *plan_job_answer(const struct plan_job *job)
{
    return job->answer.plan ? &job->answer : NULL;
}

int plan_job_failure(const struct plan_job *job)
{
    return job->failure;
}

int64_t plan_job_finished_at(const struct plan_job *job)
{
    return job->finished_at;
}
