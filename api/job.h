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

/* Gives answers that were found, as many as this turn of the loop has time for; the rest stays in service->late. */
void job_go_on(struct service *service);
/* The same once all that came in this turn has been looked at. */
void job_end_turn(struct service *service);

/* Gives everyone who waits for a job this answer in place of its own, unless that is found. */
void job_answer_all(struct service *service, int code, struct slice body);

/* Cancels what has not begun to be computed. The service is stopping. */
void job_cancel_all(struct service *service);

#endif
