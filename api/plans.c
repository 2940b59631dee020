/*
 * A job in the order it runs: plans_ask -> (queue) -> solve -> finish -> kept until it is let go of. One mutex guards
 * the lists and what changes of a job; what is solved is written before the job is final and never again, so that whoever
 * holds a final job reads it without the mutex.
 *
 * Ways a job ends: solved (done); cancelled, or stopped as the process ends (cancelled, with the best so far); out of
 * memory (failed). Past its deadline it is done, and `cut`: such a plan is kept under an id of its own, and an equal
 * question solves anew.
 */
#include "plans_state.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <utlist.h>

/* ---- Beginning and ending ---------------------------------------------------------------------------------------- */

/* They take no signals: those are for who runs the loop. */
static int start_threads(struct plans *plans)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = 0;
    while (!failed && plans->n_threads < plans->options.solving) {
        failed = pthread_create(&plans->threads[plans->n_threads], NULL, plans_thread, plans);
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
    DL_FOREACH_SAFE (plans->jobs, job, next) {
        plan_job_release(job);
    }
    pthread_cond_destroy(&plans->begun);
    pthread_mutex_destroy(&plans->mutex);
    free(plans);
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
    DL_FOREACH (plans->jobs, job) {
        bool on_its_way =
            !plan_state_is_final(job->news.state) && !atomic_load(&job->cancelled) && same_order(job, question);
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
    DL_FOREACH (plans->jobs, job)
        LL_FOREACH (job->keys, key)
            if (strcmp(key->text, text) == 0)
                return job;
    return NULL;
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
        if (key && !by_key && plan_job_count_keys(job) == PLANS_KEYS_MAX)
            return PLANS_KEYS_FULL;
        if (key && !by_key && !plan_job_add_key(job, key))
            return PLANS_NO_MEMORY;
        plans->stats.shared++;
        *out = plan_job_hold(plans_use(plans, job));
        return PLANS_FOUND;
    }
    if (plans->stats.queued >= plans->options.waiting_max && plans->n_threads > 0) {
        plans->stats.refused++;
        return PLANS_FULL;
    }
    job = plan_job_new(plans, question, key, origin);
    if (job == NULL)
        return PLANS_NO_MEMORY;
    DL_APPEND(plans->jobs, job);
    plans->stats.asked++;
    plans->stats.queued++;
    *out = plan_job_hold(job);
    return PLANS_NEW;
}

struct plan_job *plans_begin(struct plans *plans)
{
    struct plan_job *job;
    DL_SEARCH_SCALAR(plans->jobs, job, news.state, PLAN_queued);
    if (job == NULL)
        return NULL;
    plan_job_move(job, PLAN_running);
    job->started_at = plans_now_ms();
    plans->stats.queued--;
    plans->stats.running++;
    return plan_job_hold(job);
}

enum plans_asked plans_ask(struct plans *plans, struct plan_question *question, const char *key,
                           const struct wm_dataset *origin, struct plan_job **out)
{
    pthread_mutex_lock(&plans->mutex);
    plans->current = origin;
    struct plan_job *gone = plans_expired(plans);
    enum plans_asked asked = admit(plans, question, key, origin, out);
    struct plan_job *job = asked == PLANS_NEW && plans->n_threads == 0 ? plans_begin(plans) : NULL;
    pthread_cond_signal(&plans->begun);
    pthread_mutex_unlock(&plans->mutex);
    plans_release_all(gone);
    if (asked != PLANS_NEW)
        plan_question_free(question);
    if (job)
        plans_solve(plans, job, NULL);
    return asked;
}

void plan_job_cancel(struct plan_job *job)
{
    struct plans *plans = job->plans;
    pthread_mutex_lock(&plans->mutex);
    atomic_store(&job->cancelled, true);
    if (job->news.state == PLAN_queued) {
        plan_job_move(job, PLAN_cancelled);
        plans_use(plans, job);
        plans->stats.queued--;
        plans->stats.kept++;
        if (plans->options.finished)
            plans->options.finished(plans->options.arg);
    }
    pthread_mutex_unlock(&plans->mutex);
}
