/* One answer that is being found, and everyone who waits for it. Loop thread only. */
#ifndef API_JOB_H
#define API_JOB_H

#include "service.h"

/* The key of a pure method's answer, in the service's scratch; at == NULL when out of memory. */
struct slice job_key(struct service *service, const struct method *method, struct slice params);

/* How long new work would wait for a worker, by what waits already and what each took lately. */
uint64_t job_wait_ms(const struct service *service);

/*
 * Finds the answer of a pure method whose key (from job_key) is not in the in-process cache: joins an equal job in
 * flight or starts one. The waiter is taken and answered once; where the answer is cheap, within this call. Returns
 * false, and leaves the waiter alone, when the queue is full or too long to wait in, or memory is short.
 */
bool job_start(struct service *service, const struct method *method, struct slice key, size_t params_len,
               struct waiter *waiter);

/* Gives everyone who waits for a job this answer in place of its own. */
void job_answer_all(struct service *service, int code, struct slice body);

/* Cancels what has not begun to be computed. */
void job_cancel_all(struct service *service);

#endif
