/* Loading the data again while it is served: one load for all loops, and all have it before anybody is told so. */
#ifndef API_RELOAD_H
#define API_RELOAD_H

#include "service.h"

/* Makes service->reload. 0, or -1 when out of memory. */
int reload_init(struct service *service);
void reload_fini(struct service *service);

/*
 * Asks for a load: in a worker, swapped in when the data has no fault. One load at a time; whoever asks on any loop while
 * one is under way gets the next, which they share. `waiter` (may be NULL: a signal) is taken.
 */
void reload_ask(struct service *service, struct waiter *waiter);

/* The service stops, its connections are closed: a load that has not begun is cancelled, nobody waits any more. */
void reload_cancel(struct service *service);

#endif
