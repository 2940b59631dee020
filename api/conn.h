/* Connections: bytes in, requests to methods and jobs, replies out. Loop thread only. */
#ifndef API_CONN_H
#define API_CONN_H

#include "service.h"

/* Makes service->conns, which holds every connection there will be. 0, or -1 when out of memory. */
int conns_init(struct service *service);

/* Takes an accepted descriptor, of a unix socket (`local`) or TCP; beyond the ceiling the peer is told so and closed. */
void conn_open(struct service *service, int fd, bool local, bool http);

/*
 * Finishes what is in flight, writes it, then closes every connection; requests that still come are refused with
 * shutting_down. `done` is called on the loop, once, when nothing is left to write.
 */
void conns_drain(struct service *service, void (*done)(void *arg), void *arg);

/*
 * The time to drain is over: whoever waits for a job is told shutting_down, and what the sockets take at once is written.
 * Returns how many bytes are left unsent.
 */
size_t conns_cut(struct service *service);

/* Closes every connection now, and the handles of service->conns; from here on the service computes nothing. */
void conns_close(struct service *service);

/* After the loop has ended. */
void conns_fini(struct service *service);

#endif
