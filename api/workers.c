/*
 * One batch at a time. Whoever has room takes the next number from a counter, so that parts of unequal length still end
 * together. A batch is closed before its caller waits for those who joined it: a thread that wakes late finds it closed
 * and never touches what the caller may already have freed.
 */
#include "workers.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>

struct workers {
    pthread_mutex_t mutex; /* of all but `next` */
    pthread_cond_t begun, ended;
    void (*part)(void *context, size_t i);
    void *context;
    size_t n;
    atomic_size_t next;
    uint64_t batch;  /* counts up with each */
    bool busy;       /* a caller has the threads */
    bool open;       /* the batch may be joined */
    size_t n_joined; /* threads at work on it */
    bool ending;
    int niceness;
    size_t n_threads;
    pthread_t threads[];
};

static void *on_start(void *arg);
static void take_parts(struct workers *workers);

static int start_threads(struct workers *workers, size_t n)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* a new thread has its maker's mask */
    int failed = 0;
    while (!failed && workers->n_threads < n) {
        failed = pthread_create(&workers->threads[workers->n_threads], NULL, on_start, workers);
        workers->n_threads += !failed;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed ? -1 : 0;
}

int workers_new(size_t n, int niceness, struct workers **out)
{
    size_t n_threads = n > 1 ? n - 1 : 0;
    struct workers *workers = calloc(1, sizeof *workers + n_threads * sizeof *workers->threads);
    if (!workers)
        return -1;
    pthread_mutex_init(&workers->mutex, NULL);
    pthread_cond_init(&workers->begun, NULL);
    pthread_cond_init(&workers->ended, NULL);
    workers->niceness = niceness;
    if (start_threads(workers, n_threads)) {
        workers_free(workers);
        return -1;
    }
    *out = workers;
    return 0;
}

void workers_free(struct workers *workers)
{
    if (!workers)
        return;
    pthread_mutex_lock(&workers->mutex);
    workers->ending = true;
    pthread_cond_broadcast(&workers->begun);
    pthread_mutex_unlock(&workers->mutex);
    for (size_t i = 0; i < workers->n_threads; i++)
        pthread_join(workers->threads[i], NULL);
    pthread_cond_destroy(&workers->ended);
    pthread_cond_destroy(&workers->begun);
    pthread_mutex_destroy(&workers->mutex);
    free(workers);
}

static bool begin(struct workers *workers, size_t n, void (*part)(void *context, size_t i), void *context)
{
    pthread_mutex_lock(&workers->mutex);
    bool ours = !workers->busy;
    if (ours) {
        workers->part = part;
        workers->context = context;
        workers->n = n;
        atomic_store(&workers->next, 0);
        workers->batch++;
        workers->busy = workers->open = true;
        pthread_cond_broadcast(&workers->begun);
    }
    pthread_mutex_unlock(&workers->mutex);
    return ours;
}

static void end(struct workers *workers)
{
    pthread_mutex_lock(&workers->mutex);
    workers->open = false;
    while (workers->n_joined > 0)
        pthread_cond_wait(&workers->ended, &workers->mutex);
    workers->busy = false;
    pthread_mutex_unlock(&workers->mutex);
}

void workers_run(struct workers *workers, size_t n, void (*part)(void *context, size_t i), void *context)
{
    if (n < 2 || !workers || workers->n_threads == 0 || !begin(workers, n, part, context)) {
        for (size_t i = 0; i < n; i++)
            part(context, i);
        return;
    }
    take_parts(workers);
    end(workers);
}

static void take_parts(struct workers *workers)
{
    for (size_t i; (i = atomic_fetch_add(&workers->next, 1)) < workers->n;)
        workers->part(workers->context, i);
}

static void *on_start(void *arg)
{
    struct workers *workers = arg;
    uint64_t seen = 0;
    if (workers->niceness)
        setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + workers->niceness); /* 0: this thread, on Linux */
    pthread_mutex_lock(&workers->mutex);
    for (;;) {
        while (!workers->ending && workers->batch == seen)
            pthread_cond_wait(&workers->begun, &workers->mutex);
        if (workers->ending)
            break;
        seen = workers->batch;
        if (!workers->open)
            continue;
        workers->n_joined++;
        pthread_mutex_unlock(&workers->mutex);
        take_parts(workers);
        pthread_mutex_lock(&workers->mutex);
        if (--workers->n_joined == 0)
            pthread_cond_signal(&workers->ended);
    }
    pthread_mutex_unlock(&workers->mutex);
    return NULL;
}

size_t workers_processors(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return n > 0 ? (size_t)n : 1;
}
