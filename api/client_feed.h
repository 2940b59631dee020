/* `wellmatch check-feed`: any feed, from a URL or a file, against the rules of feeds. */
#ifndef API_CLIENT_FEED_H
#define API_CLIENT_FEED_H

#include "client.h"

enum exit_code run_check_feed(struct client *client);

#endif
