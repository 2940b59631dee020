/* One job: how it begins and ends, what may follow what, and what it tells of itself. */
#include "plans_state.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <utlist.h>

int64_t plans_now_ms(void)
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

void plan_job_move(struct plan_job *job, enum plan_state to)
{
    static const bool allowed[PLAN_STATE_COUNT][PLAN_STATE_COUNT] = {
        [PLAN_queued] = {[PLAN_running] = true, [PLAN_cancelled] = true},
        [PLAN_running] = {[PLAN_done] = true, [PLAN_cancelled] = true, [PLAN_failed] = true},
    };
    assert(allowed[job->news.state][to]);
    job->news.state = to;
    job->news.serial++;
}

bool plan_state_is_final(enum plan_state state)
{
    return state != PLAN_queued && state != PLAN_running;
}

struct plan_job *plans_use(struct plans *plans, struct plan_job *job)
{
    job->used_at = plans_now_ms();
    job->used = ++plans->n_uses;
    return job;
}

size_t plan_job_count_keys(const struct plan_job *job)
{
    size_t n;
    const struct key *key;
    LL_COUNT(job->keys, key, n);
    return n;
}

bool plan_job_add_key(struct plan_job *job, const char *text)
{
    struct key *key = malloc(sizeof *key + strlen(text) + 1);
    if (key == NULL)
        return false;
    memcpy(key->text, text, strlen(text) + 1);
    LL_PREPEND(job->keys, key);
    return true;
}

struct plan_job *plan_job_new(struct plans *plans, struct plan_question *question, const char *key,
                              const struct wm_dataset *origin)
{
    struct plan_job *job = calloc(1, sizeof *job);
    if (job == NULL || (key && !plan_job_add_key(job, key))) {
        free(job);
        return NULL;
    }
    job->plans = plans;
    job->references = 1;
    job->question = question;
    job->dataset = question->dataset;
    job->number = ++plans->n_asked;
    job->asked_at = plans_now_ms();
    snprintf(job->id, sizeof job->id, "J%06llx-%llu",
             (unsigned long long)(plans->options.nonce & ((1u << NONCE_BITS) - 1)), (unsigned long long)job->number);
    snprintf(job->origin[0], sizeof job->origin[0], "%s", wm_dataset_digest(origin));
    snprintf(job->origin[1], sizeof job->origin[1], "%s", wm_policy_digest(origin));
    return job;
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
    LL_FOREACH_SAFE (job->keys, key, next)
        free(key);
    free(job);
}

/* ---- What it tells ----------------------------------------------------------------------------------------------- */

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
        out->elapsed_ms = plans_now_ms() - job->started_at;
    pthread_mutex_unlock(&job->plans->mutex);
}

bool plan_job_is_final(struct plan_job *job)
{
    struct plan_news news;
    plan_job_news(job, &news);
    return plan_state_is_final(news.state);
}

int64_t plan_job_age_ms(const struct plan_job *job)
{
    return plans_now_ms() - job->asked_at;
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
