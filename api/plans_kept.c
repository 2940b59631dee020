/*
 * What is kept of the jobs, how long, and how it is found again: by the job's id, by the plan's, or as the plan that
 * stands. Of what was let go of the names stay for a while, so that who asks is told.
 */
#include "plans_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <utlist.h>

/* ---- Keeping ----------------------------------------------------------------------------------------------------- */

/* What the kept hold: each answer, and each dataset that is kept for their sake alone, once. */
static size_t kept_bytes(const struct plans *plans)
{
    size_t bytes = 0;
    const struct plan_job *job, *other;
    DL_FOREACH (plans->jobs, job) {
        if (!plan_state_is_final(job->news.state)) /* its answer is still being written */
            continue;
        bytes += job->answer.bytes;
        DL_FOREACH (plans->jobs, other)
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
    DL_FOREACH (plans->jobs, job) {
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
    DL_FOREACH (plans->jobs, job)
        if (plan_state_is_final(job->news.state) && job != standing && (least == NULL || job->used < least->used))
            least = job;
    return least;
}

struct plan_job *plans_expired(struct plans *plans)
{
    int64_t now = plans_now_ms();
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

void plans_release_all(struct plan_job *jobs)
{
    struct plan_job *job, *next;
    LL_FOREACH_SAFE (jobs, job, next)
        plan_job_release(job);
}

void plans_expire(struct plans *plans)
{
    pthread_mutex_lock(&plans->mutex);
    struct plan_job *gone = plans_expired(plans);
    pthread_mutex_unlock(&plans->mutex);
    plans_release_all(gone);
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
    struct plan_job *gone = plans_expired(plans);
    DL_FOREACH (plans->jobs, job)
        if (strcmp(job->id, id) == 0)
            break;
    uint64_t number = number_of(plans, id);
    const struct expired *expired = job == NULL && number > 0 ? find_expired(plans, number, NULL) : NULL;
    if (job)
        *out = plan_job_hold(plans_use(plans, job));
    *expired_at = expired ? expired->at : 0;
    pthread_mutex_unlock(&plans->mutex);
    plans_release_all(gone);
    return job ? PLANS_HELD : number > 0 ? PLANS_GONE : PLANS_UNKNOWN;
}

enum plans_found plans_find_plan(struct plans *plans, const char *id, struct plan_job **out, int64_t *expired_at)
{
    struct plan_job *job = NULL;
    pthread_mutex_lock(&plans->mutex);
    struct plan_job *gone = plans_expired(plans);
    if (*id != '\0')
        DL_FOREACH (plans->jobs, job)
            if (plan_state_is_final(job->news.state) && strcmp(job->plan, id) == 0)
                break;
    const struct expired *expired = job == NULL && *id != '\0' ? find_expired(plans, 0, id) : NULL;
    if (job)
        *out = plan_job_hold(plans_use(plans, job));
    *expired_at = expired ? expired->at : 0;
    pthread_mutex_unlock(&plans->mutex);
    plans_release_all(gone);
    return job ? PLANS_HELD : expired ? PLANS_GONE : PLANS_UNKNOWN;
}

size_t plans_nearest(struct plans *plans, bool is_plan, const char *id, char out[][PLAN_ID_CAP], size_t n_max)
{
    size_t n = 0;
    struct plan_job *job;
    pthread_mutex_lock(&plans->mutex);
    for (unsigned distance = 0; distance <= strlen(id) / 2 && distance < PLAN_ID_CAP; distance++)
        DL_FOREACH (plans->jobs, job) {
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
    struct plan_job *gone = plans_expired(plans);
    for (struct plan_job *job = plans->jobs ? plans->jobs->prev : NULL; job && n < n_max; job = job->prev) {
        out[n++] = plan_job_hold(job);
        if (job == plans->jobs) /* the first's prev is the last */
            break;
    }
    pthread_mutex_unlock(&plans->mutex);
    plans_release_all(gone);
    return n;
}

struct plan_job *plans_standing(struct plans *plans, const struct wm_dataset *dataset)
{
    const char *const digests[] = {wm_dataset_digest(dataset), wm_policy_digest(dataset)};
    pthread_mutex_lock(&plans->mutex);
    struct plan_job *job = find_standing(plans, digests);
    if (job)
        plan_job_hold(plans_use(plans, job));
    pthread_mutex_unlock(&plans->mutex);
    return job;
}

void plans_stats(struct plans *plans, struct plans_stats *out)
{
    pthread_mutex_lock(&plans->mutex);
    *out = plans->stats;
    pthread_mutex_unlock(&plans->mutex);
}
