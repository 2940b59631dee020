/* `wellmatch allocate`: a plan of everything, the reasons of one post or leader in it, or the difference a change makes. */
#ifndef API_CLIENT_ALLOCATE_H
#define API_CLIENT_ALLOCATE_H

#include "client.h"

enum exit_code run_allocate(struct client *client);

#endif
