/* `wellmatch solve`: an explicit problem from a file, solved or checked in this process. */
#ifndef API_CLIENT_SOLVE_H
#define API_CLIENT_SOLVE_H

#include "client.h"

enum exit_code run_solve(struct client *client);

#endif
