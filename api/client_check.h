/* The commands that look at plans that are there: check and compare. */
#ifndef API_CLIENT_CHECK_H
#define API_CLIENT_CHECK_H

#include "client.h"

enum exit_code run_check(struct client *client);
enum exit_code run_compare(struct client *client); /* two plans, or the packages of a leader and a post */

#endif
