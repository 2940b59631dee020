/*
 * What plans.c, plans_solve.c, plans_kept.c and plan_job.c share of the plans and their jobs; nobody else includes it.
 * All functions under the mutex, but for plans_solve and plans_release_all.
 */
#ifndef API_PLANS_STATE_H
#define API_PLANS_STATE_H

#include "plans.h"
#include "workers.h"

#include <pthread.h>
#include <stdatomic.h>

enum { EXPIRED_MAX = 1024, NONCE_BITS = 24 };

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

int64_t plans_now_ms(void);

/* plan_job.c */

bool plan_state_is_final(enum plan_state state);

/* NULL when there is no memory; else it has one reference, the list's. */
struct plan_job *plan_job_new(struct plans *plans, struct plan_question *question, const char *key,
                              const struct wm_dataset *origin);

void plan_job_move(struct plan_job *job, enum plan_state to);
size_t plan_job_count_keys(const struct plan_job *job);

/* False when there is no memory. */
bool plan_job_add_key(struct plan_job *job, const char *text);

/* Somebody asks for it or reads it: others are let go of before it. */
struct plan_job *plans_use(struct plans *plans, struct plan_job *job);

/* plans.c: the next of the queue, running from now on; NULL: none. The caller has a reference. */
struct plan_job *plans_begin(struct plans *plans);

/* plans_solve.c */

/* What each of the threads runs, until plans_stop; `plans` is a struct plans. */
void *plans_thread(void *plans);

/* Takes the reference that plans_begin gave. `workers`: NULL makes some for this job, where it has to. */
void plans_solve(struct plans *plans, struct plan_job *job, struct workers *workers);

/* plans_kept.c */

/*
 * The least recently used go first; the last one used stays, however large it is, so that who asked can have it. Returns
 * what is no longer in the list, for plans_release_all once the mutex is free again: giving back a large plan takes its
 * time.
 */
struct plan_job *plans_expired(struct plans *plans);
void plans_release_all(struct plan_job *jobs);

#endif
