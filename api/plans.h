/*
 * The plans of one process: what was asked, what is being solved, what is kept. Solving runs on threads of its own at
 * the lowest priority there is, or, with none, inside plans_ask. Every function from any thread; what is found is held
 * by a reference. No loop, no socket.
 */
#ifndef API_PLANS_H
#define API_PLANS_H

#include "encode_plan.h"

/* As the wire spells them. plan_job.c has the table of what may follow what. */
#define PLAN_STATES(X) X(queued) X(running) X(done) X(cancelled) X(failed)
enum plan_state {
#define X(name) PLAN_##name,
    PLAN_STATES(X)
#undef X
        PLAN_STATE_COUNT
};
const char *plan_state_name(enum plan_state state);

enum { PLAN_KEY_MAX = 128 /* bytes of an idempotency_key */, PLANS_KEYS_MAX = 1000 /* of one job */ };

enum { PLANS_IDLE = 20 };

struct plans;
struct plan_job;

struct plan_news { /* how far a job is */
    enum plan_state state;
    char phase[16]; /* "": not begun */
    bool found, bounded;
    double value, bound, gap;
    int64_t elapsed_ms; /* of solving */
    uint64_t serial;    /* counts up with each change */
};

struct plans_options {
    size_t solving;     /* threads that solve, a job each; 0: plans_ask solves, and returns when done */
    size_t parallel;    /* threads that share one job's work, the solving one among them; at least 1 */
    size_t waiting_max; /* jobs that wait */
    size_t kept_max;    /* finished jobs */
    size_t kept_bytes_max;
    int64_t kept_ms;
    bool keeps_standing; /* the plan that plans_standing gives stays, however old: dashboards read it days later */
    int niceness;        /* of all these threads above the process's; PLANS_IDLE: they run when nothing else wants to */
    uint64_t nonce;      /* tells the ids of this process from another's; ids show its lowest 24 bits */
    const struct plan_solver *solver;
    void (*finished)(void *arg); /* a job has come to its end: from the thread that solved it; NULL: nobody */
    /* Asked and told while solving, on the solving thread; each may be NULL. True: stop with the best so far. */
    bool (*stop)(void *arg);
    void (*progress)(void *arg, const struct plan_news *news);
    /* Where plans are kept for others and for later: the bytes of plan_pack under the key of plan_pack_key. Both on the
       solving thread, which `recall` may keep waiting; false: not there. Either may be NULL. */
    bool (*recall)(void *arg, struct slice key, struct buf *bytes);
    void (*keep)(void *arg, struct slice key, struct slice bytes);
    void *arg;
};
#define PLANS_OPTIONS_INIT                                                                                         \
    {                                                                                                              \
        .parallel = 1, .waiting_max = 16, .kept_max = 64, .kept_bytes_max = (size_t)256 << 20, .kept_ms = 3600000, \
        .solver = &plan_solver_engine                                                                              \
    }

/* 0, or -1 when memory or threads cannot be had. */
int plans_new(const struct plans_options *options, struct plans **out);
/* Stops what is being solved, calls nobody any more, and begins nothing new; returns at once. */
void plans_stop(struct plans *plans);
/* Stops, and waits so long for the threads; false: one still solves, and plans must not be freed before it ends. */
bool plans_end(struct plans *plans, int64_t patience_ms);
/* Waits for the threads, however long they take to stop. Nobody may hold a job any more. NULL is allowed. */
void plans_free(struct plans *plans);

enum plans_asked {
    PLANS_NEW,
    PLANS_FOUND /* an equal one */,
    PLANS_FULL,
    PLANS_KEY_TAKEN,
    PLANS_KEYS_FULL,
    PLANS_NO_MEMORY
};
/*
 * The job of a question, which is taken in any case. `key` (NULL: none) names what was asked before. `origin` is the
 * dataset that answers now, before any policy of the question. On PLANS_NEW and PLANS_FOUND *out is held.
 */
enum plans_asked plans_ask(struct plans *plans, struct plan_question *question, const char *key,
                           const struct wm_dataset *origin, struct plan_job **out);

enum plans_found { PLANS_HELD, PLANS_UNKNOWN, PLANS_GONE };
/* By the id of a job, of a plan. On PLANS_HELD *out is held; on PLANS_GONE *expired_at is when (seconds since 1970; 0:
   too long ago to tell). */
enum plans_found plans_find_job(struct plans *plans, const char *id, struct plan_job **out, int64_t *expired_at);
enum plans_found plans_find_plan(struct plans *plans, const char *id, struct plan_job **out, int64_t *expired_at);
/* Ids near to one that is unknown; `is_plan`: of plans. Copies into out[n_max]; returns how many. */
size_t plans_nearest(struct plans *plans, bool is_plan, const char *id, char out[][PLAN_ID_CAP], size_t n_max);
/* All that are kept, newest first, up to n_max, each held; returns how many. */
size_t plans_list(struct plans *plans, struct plan_job **out, size_t n_max);

/*
 * The plan that stands: of those that are done, whole questions rather than changes of other plans (what_if), and of this
 * dataset under its own policy, the one that was finished last. Held; NULL: there is none.
 */
struct plan_job *plans_standing(struct plans *plans, const struct wm_dataset *dataset);

void plan_job_release(struct plan_job *job); /* NULL is allowed */
struct plan_job *plan_job_hold(struct plan_job *job);
/* Queued: over at once; running: soon, with the best so far; final: nothing happens. */
void plan_job_cancel(struct plan_job *job);

/* Never change. */
const char *plan_job_id(const struct plan_job *job);
const struct plan_question *plan_job_question(const struct plan_job *job);
/* Of the dataset it was asked of, before any policy of the question. */
const char *plan_job_dataset(const struct plan_job *job);
const char *plan_job_policy(const struct plan_job *job);

void plan_job_news(struct plan_job *job, struct plan_news *out);
bool plan_job_is_final(struct plan_job *job);
int64_t plan_job_age_ms(const struct plan_job *job); /* since it was asked */

/* Of a final job, never change again. NULL: there is none (cancelled before it began, failed). */
const char *plan_job_plan(const struct plan_job *job); /* id; NULL when no plan was found and no conflict either */
const struct plan_answer *plan_job_answer(const struct plan_job *job);
int plan_job_failure(const struct plan_job *job);         /* WM_E... of a failed one */
int64_t plan_job_finished_at(const struct plan_job *job); /* seconds since 1970 */

struct plans_stats {
    size_t running, queued, kept;
    size_t kept_bytes;
    uint64_t asked, shared, recalled, refused, expired;
};
void plans_stats(struct plans *plans, struct plans_stats *out);
/* Lets go of what is past its time or too much; whoever asks or looks for something does so too. */
void plans_expire(struct plans *plans);

#endif
