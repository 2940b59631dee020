/* Sockets that accept: TCP and unix. Out of descriptors, accepting pauses and goes on by itself; it never spins. */
#ifndef API_LISTENER_H
#define API_LISTENER_H

#include "service.h"

enum { LISTENER_ERROR_CAP = 1024 };

/*
 * Listens on an address (tcp://HOST:PORT on each address the host has, unix:PATH) and adds to service->listeners. 0, or
 * -1 with a sentence that says what is the matter and what to do about it; nothing is left behind then. `http`: who
 * connects speaks HTTP, and the address is spelt as --http spells it.
 */
int listener_open(struct service *service, const char *address, bool http, char error[LISTENER_ERROR_CAP]);

/*
 * Listens on all that another loop listens on: on TCP with a socket of its own, among which the kernel spreads those who
 * connect; on the same unix socket. 0, or -1 likewise; what was opened stays in the list.
 */
int listener_join(struct service *service, const struct service *first, char error[LISTENER_ERROR_CAP]);

/* Logs what it listens on. */
void listener_tell(const struct service *service);

/* Stops accepting; removes the files of unix sockets that are still ours. The list is empty at once. */
void listener_close_all(struct service *service);

#endif
