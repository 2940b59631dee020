/*
 * The event loops of one process, a thread each, and the one way from loop to loop: an errand, which visits every loop in
 * turn and comes home. Whatever a loop has is touched by its own thread only, so that nothing of it needs a lock; what
 * concerns all of them is read, changed and told by errands. With one loop an errand is a call.
 */
#ifndef API_LOOPS_H
#define API_LOOPS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct errand;
struct loops;
struct service;

typedef void errand_step(struct errand *errand, struct service *service);

struct errand {
    errand_step *visit; /* once on each loop, the sender's first, the others one after another in a fixed order */
    errand_step *home;  /* then on the sender's; may free the errand, or send it again */
    struct errand *next;
    size_t from, n_visits;
};

struct loop {
    uv_loop_t uv;
    struct loops *loops;
    struct service *service; /* who is visited; set before loops_start */
    uv_async_t inbox;
    struct errand *first, *last; /* that have arrived */
    pthread_t thread;
};

struct loops {
    size_t n;
    pthread_mutex_t mutex; /* of the lists of arrivals and all below it */
    size_t n_held;         /* errands under way, and those who will send one */
    bool closing, closed;
    bool started, abandoned;
    /* Ceilings are the process's: what they are of is counted here. Nothing of it is touched for an answer that is kept. */
    atomic_size_t connections, jobs; /* by quota_take */
    atomic_size_t workers;           /* jobs given to the worker threads */
    atomic_size_t unsent;            /* bytes that peers do not take */
    struct loop at[];
};

/* Makes the loops, without threads. 0, or -1: memory or descriptors cannot be had; then nothing is left behind. */
int loops_new(size_t n, struct loops **out);
/* Starts the threads of all but the first; -1: one cannot be had, and none runs. They take no signals. */
int loops_start(struct loops *loops);
/*
 * Runs the first loop on this thread until every loop has ended by itself. Those that were not started run here too, one
 * after another: to let what was opened close.
 */
void loops_run(struct loops *loops);
/* Lets each loop end once its handles are closed and no errand is under way. On the first loop, or before loops_start. */
void loops_close(struct loops *loops);
void loops_free(struct loops *loops); /* after loops_run; NULL is allowed */

/* On the loop `from`, whose visit is within this call. The errand is the caller's, and stays until it is home. */
void loops_send(struct loops *loops, size_t from, struct errand *errand);

/* Between these the loops do not end, so that an errand may still be sent. */
void loops_hold(struct loops *loops);
void loops_let_go(struct loops *loops);

/* One more, unless there are `max`; and one less. Any thread. */
bool quota_take(atomic_size_t *n, size_t max);
void quota_give(atomic_size_t *n);

#endif
