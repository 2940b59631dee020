/* Runs the parts of a job on a few threads, as wm_solve_options.parallel asks. */
#ifndef WM_THREADS_H
#define WM_THREADS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

enum { THREADS_MAX = 64 };

struct job_of_parts {
    size_t n;
    atomic_size_t next;
    void (*part)(void *context, size_t i);
    void *context;
};

static inline void *take_parts(void *arg)
{
    struct job_of_parts *job = arg;
    for (size_t i; (i = atomic_fetch_add(&job->next, 1)) < job->n;)
        job->part(job->context, i);
    return NULL;
}

/* `arg` begins with the number of threads, as a size_t. */
static inline void run_parts(void *arg, size_t n, void (*part)(void *context, size_t i), void *context)
{
    size_t threads = *(size_t *)arg, started = 0;
    struct job_of_parts job = {.n = n, .part = part, .context = context};
    pthread_t helpers[THREADS_MAX];
    while (started + 1 < threads && started < THREADS_MAX && started + 1 < n &&
           pthread_create(&helpers[started], NULL, take_parts, &job) == 0)
        started++;
    take_parts(&job);
    for (size_t i = 0; i < started; i++)
        pthread_join(helpers[i], NULL);
}

#endif
