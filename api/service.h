/*
 * What one event loop has: the dataset that answers, the cache, the jobs in flight, the counters. Its thread only; what
 * concerns all loops of the process goes by errands (loops.h).
 */
#ifndef API_SERVICE_H
#define API_SERVICE_H

#include "address.h"
#include "cache.h"
#include "config.h"
#include "log.h"
#include "loops.h"
#include "method.h"
#include "metrics.h"
#include "snapshot.h"

#include <uv.h>

struct conns;
struct job;
struct planning;
struct reload;
struct service;

struct bound { /* a socket that accepts; listener.c has the rest of it */
    struct bound *next;
    bool http;                      /* or JSON-RPC */
    char address[ADDRESS_TEXT_MAX]; /* as bound: with the port that was given for 0 */
};

/*
 * A request that waits for its answer. It names its connection by slot and generation: one that has closed meanwhile is
 * found by nobody, and the answer is dropped.
 */
struct waiter {
    struct waiter *next;
    uint32_t slot, generation;
    struct batch *batch; /* valid as long as the connection is; NULL: a single request */
    size_t member;       /* place in the batch */
    struct method_metrics *metrics;
    uint64_t asked_at; /* uv_hrtime of the line that asked */
    size_t id_len;
    char id[];
};

struct waiters { /* in the order they came */
    struct waiter *first, *last;
};

struct job_queue {
    struct job *first, *last;
};

/* Gives a waiter its answer (code 0: a result; else an error object) and frees it. */
typedef void service_answer(struct service *service, struct waiter *waiter, int code, struct slice body);

enum service_told { SERVICE_TOLD, SERVICE_BEHIND /* it has not read what it was sent */, SERVICE_GONE };
/* Sends a connection a notification, a line without its LF. */
typedef enum service_told service_tell(struct service *service, uint32_t slot, uint32_t generation, struct slice line);

/* A reload has come to its end: its answer, or its error object. On the first loop. */
typedef void service_notice(struct service *service, struct slice body);

enum { APART_BYTES = 128 }; /* two lines of a processor's cache, which it may fetch together */

struct service {
    /* Apart from the next loop's in memory: two threads that write to one line of the cache wait for each other. */
    _Alignas(APART_BYTES) uv_loop_t *loop;
    struct loops *loops;
    size_t index; /* of this loop among them; the first has the signals and loads */
    const struct config *config;
    size_t connections_max; /* config's, or what the limit on descriptors leaves */
    struct snapshot snapshot;
    struct cache *cache;
    struct metrics metrics;
    struct method_host host;
    uint64_t started_at; /* uv_hrtime */
    bool draining;       /* SIGTERM came: what is in flight is finished, nothing is begun */
    bool stopping;       /* connections are closed: nothing more is computed */
    struct bound *listeners;
    struct conns *conns;
    service_answer *answer;    /* set by conn.c: news goes up as a call, not as an include */
    service_tell *tell;        /* likewise */
    service_notice *notice;    /* likewise; NULL: nobody listens */
    struct planning *planning; /* jobs of plans; NULL before and after */
    struct job *jobs;          /* hash by key */
    struct job_queue late;     /* job.c's: found, and still to be given */
    uint64_t given_at;         /* job.c's: when this turn of the loop began to give answers; 0: it has not */
    struct buf key;            /* scratch: the key that is being looked up */
    size_t n_scorers;          /* worker threads that score, for all loops */
    uint64_t run_ns;           /* what one answer took a worker, lately: an exponential mean */
    struct reload *reload;     /* who waits for the data to be loaded again */
};

/*
 * The state of the index-th of the loops, which is told. Takes the dataset's reference. 0, or -1 when out of memory; then
 * nothing else is left behind.
 */
int service_init(struct service *service, struct loops *loops, size_t index, const struct config *config,
                 struct wm_dataset *dataset);
/* After the loop has ended: no job, load, listener or connection is left. The cache is closed by main. */
void service_fini(struct service *service);

void waiters_add(struct waiters *waiters, struct waiter *waiter);
/* Answers all, in the order they came; the list is empty then. */
void waiters_answer(struct waiters *waiters, struct service *service, int code, struct slice body);
/* Answers the first of them, who is there. */
void waiters_answer_first(struct waiters *waiters, struct service *service, int code, struct slice body);

/*
 * Runs a method of METHOD_GATHERS with what all loops count, added up: each is read on its own thread. `waiter` is taken
 * and answered; with one loop, within this call.
 */
void service_gather(struct service *service, const struct method *method, struct waiter *waiter);
/* The same for somebody who is no request; `then` is called once, on this loop. */
typedef void service_gathered(void *arg, int code, struct slice body);
void service_gather_then(struct service *service, const struct method *method, service_gathered *then, void *arg);

#endif
