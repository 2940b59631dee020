/* `wellmatch problem`: the question of allocate as an explicit problem, for other solvers. */
#ifndef API_CLIENT_PROBLEM_H
#define API_CLIENT_PROBLEM_H

#include "client.h"

enum exit_code run_problem(struct client *client);

#endif
