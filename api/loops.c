/*
 * Event loops and errands. An arrival is put into a list under the mutex and announced with uv_async_send; announcements
 * may fall together, so that the reader takes the whole list. Two errands sent one after the other from one loop stay in
 * that order everywhere.
 *
 * The way out: nobody may announce anything to a loop whose inbox is closed. So inboxes close all together, when it was
 * asked for and the last errand is home: until then each keeps its loop running.
 */
#include "loops.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>

static void *on_thread(void *arg);
static void step(struct loops *loops, struct errand *errand, size_t i);
static void post(struct loops *loops, struct errand *errand, size_t i);
static void on_inbox(uv_async_t *inbox);
static void announce_end(struct loops *loops);

static int open_one(struct loops *loops, size_t i)
{
    struct loop *loop = &loops->at[i];
    loop->loops = loops;
    if (uv_loop_init(&loop->uv))
        return -1;
    if (uv_async_init(&loop->uv, &loop->inbox, on_inbox)) {
        uv_loop_close(&loop->uv);
        return -1;
    }
    loop->inbox.data = loop;
    return 0;
}

int loops_new(size_t n, struct loops **out)
{
    assert(n >= 1);
    struct loops *loops = calloc(1, sizeof *loops + n * sizeof loops->at[0]);
    if (!loops)
        return -1;
    pthread_mutex_init(&loops->mutex, NULL);
    while (loops->n < n && open_one(loops, loops->n) == 0)
        loops->n++;
    if (loops->n < n) {
        loops_close(loops);
        loops_run(loops);
        loops_free(loops);
        return -1;
    }
    *out = loops;
    return 0;
}

/* The threads wait for the mutex until it is known that all of them could be had. */
int loops_start(struct loops *loops)
{
    sigset_t all, before;
    size_t n = 1;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* a new thread has its maker's mask */
    pthread_mutex_lock(&loops->mutex);
    while (n < loops->n && pthread_create(&loops->at[n].thread, NULL, on_thread, &loops->at[n]) == 0)
        n++;
    loops->started = n == loops->n;
    loops->abandoned = !loops->started;
    pthread_mutex_unlock(&loops->mutex);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    while (loops->abandoned && n > 1)
        pthread_join(loops->at[--n].thread, NULL);
    return loops->abandoned ? -1 : 0;
}

static void *on_thread(void *arg)
{
    struct loop *loop = arg;
    pthread_mutex_lock(&loop->loops->mutex);
    bool abandoned = loop->loops->abandoned;
    pthread_mutex_unlock(&loop->loops->mutex);
    if (!abandoned)
        uv_run(&loop->uv, UV_RUN_DEFAULT);
    return NULL;
}

void loops_run(struct loops *loops)
{
    for (size_t i = 0; i < loops->n; i++)
        if (i > 0 && loops->started)
            pthread_join(loops->at[i].thread, NULL);
        else
            uv_run(&loops->at[i].uv, UV_RUN_DEFAULT);
}

void loops_free(struct loops *loops)
{
    if (!loops)
        return;
    for (size_t i = 0; i < loops->n; i++) {
        int busy = uv_loop_close(&loops->at[i].uv);
        assert(!busy);
    }
    pthread_mutex_destroy(&loops->mutex);
    free(loops);
}

/* ---- Errands ----------------------------------------------------------------------------------------------------- */

void loops_send(struct loops *loops, size_t from, struct errand *errand)
{
    loops_hold(loops);
    errand->from = from;
    errand->n_visits = 0;
    step(loops, errand, from);
}

static void step(struct loops *loops, struct errand *errand, size_t i)
{
    bool visiting = errand->n_visits < loops->n;
    if (visiting) {
        errand->n_visits++;
        errand->visit(errand, loops->at[i].service);
    }
    if (visiting && loops->n > 1) {
        post(loops, errand, (i + 1) % loops->n);
        return;
    }
    assert(i == errand->from);
    errand->home(errand, loops->at[i].service);
    loops_let_go(loops); /* after it: what `home` sent has its own hold by now */
}

static void post(struct loops *loops, struct errand *errand, size_t i)
{
    struct loop *to = &loops->at[i];
    errand->next = NULL;
    pthread_mutex_lock(&loops->mutex);
    if (to->last)
        to->last->next = errand;
    else
        to->first = errand;
    to->last = errand;
    uv_async_send(&to->inbox);
    pthread_mutex_unlock(&loops->mutex);
}

static void on_inbox(uv_async_t *inbox)
{
    struct loop *loop = inbox->data;
    struct loops *loops = loop->loops;
    pthread_mutex_lock(&loops->mutex);
    struct errand *errand = loop->first;
    loop->first = loop->last = NULL;
    bool closed = loops->closed;
    pthread_mutex_unlock(&loops->mutex);
    assert(!closed || !errand);
    if (closed && !uv_is_closing((uv_handle_t *)inbox))
        uv_close((uv_handle_t *)inbox, NULL);
    while (errand) {
        struct errand *next = errand->next; /* first: the errand goes on */
        step(loops, errand, (size_t)(loop - loops->at));
        errand = next;
    }
}

/* ---- The way out ------------------------------------------------------------------------------------------------- */

void loops_close(struct loops *loops)
{
    pthread_mutex_lock(&loops->mutex);
    loops->closing = true;
    announce_end(loops);
    pthread_mutex_unlock(&loops->mutex);
}

void loops_hold(struct loops *loops)
{
    pthread_mutex_lock(&loops->mutex);
    assert(!loops->closed);
    loops->n_held++;
    pthread_mutex_unlock(&loops->mutex);
}

void loops_let_go(struct loops *loops)
{
    pthread_mutex_lock(&loops->mutex);
    assert(loops->n_held > 0);
    loops->n_held--;
    announce_end(loops);
    pthread_mutex_unlock(&loops->mutex);
}

/* Under the mutex, so that no inbox closes between two of them. */
static void announce_end(struct loops *loops)
{
    if (!loops->closing || loops->closed || loops->n_held > 0)
        return;
    loops->closed = true;
    for (size_t i = 0; i < loops->n; i++)
        uv_async_send(&loops->at[i].inbox);
}

/* ---- What is counted together ------------------------------------------------------------------------------------ */

bool quota_take(atomic_size_t *n, size_t max)
{
    if (atomic_fetch_add_explicit(n, 1, memory_order_relaxed) < max)
        return true;
    quota_give(n);
    return false;
}

void quota_give(atomic_size_t *n)
{
    atomic_fetch_sub_explicit(n, 1, memory_order_relaxed);
}
