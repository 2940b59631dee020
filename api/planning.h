/*
 * Plans as the event loop meets them: methods that read or add to them on worker threads, those who wait for a job, those
 * who follow one. The plans themselves, and the threads that solve, are in plans.c. Loop thread only.
 */
#ifndef API_PLANNING_H
#define API_PLANNING_H

#include "service.h"

/*
 * Makes service->planning, and host.plans with it: the plans are those of the first loop, which comes first. 0, or -1:
 * memory, threads or descriptors cannot be had.
 */
int planning_init(struct service *service);

/*
 * Runs a method of METHOD_PLANS on a worker; one of METHOD_LONG after those asked before. `waiter` (NULL: nobody) is taken
 * and answered once. False, and the waiter left alone, when the queue is full or memory is short.
 */
bool planning_ask(struct service *service, const struct method *method, struct slice params, struct waiter *waiter);

/* Takes what a method wished that said METHOD_LATER: the waiter is answered when the job ends, or in time. */
void planning_wait(struct service *service, const struct method_wish *wish, struct waiter *waiter);

/* A connection has closed: its waiters are answered, which drops them. */
void planning_forget(struct service *service, uint32_t slot, uint32_t generation);

/* The service drains: stops solving and gives all who wait for a job this answer. */
void planning_drain(struct service *service, int code, struct slice body);
/* Gives this answer also to those whose method still runs. */
void planning_answer_all(struct service *service, int code, struct slice body);
/* Closes handles; nothing new is begun. NULL service->planning is allowed, in all three. */
void planning_close(struct service *service);
/* After the loop has ended: waits so long for the solving threads, which have been told to stop. False: one still runs,
   and nothing that it uses may be freed. */
bool planning_end(struct service *service, int64_t patience_ms);
void planning_fini(struct service *service);

/* Adds how many notifications this loop sent, and how many it could not. */
void planning_sum(const struct service *service, uint64_t *told, uint64_t *missed);
/* The member "plans" of system.stats, with these sums. */
void planning_put_stats(const struct service *service, uint64_t told, uint64_t missed, struct buf *out);

#endif
