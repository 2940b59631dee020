/* The sets of routes that routes.c puts into one table; a file each. */
#ifndef API_ROUTES_H
#define API_ROUTES_H

#include "route.h"

extern const struct route_set system_routes; /* route_system.c */
extern const struct route_set feed_routes;   /* route_feeds.c */
extern const struct route_set page_routes;   /* route_page.c */

/* reply_fault for a person: a page in place of JSON, where there is memory for one. */
void page_put_refusal(int status, const char *reason, struct reply *reply); /* route_page.c */

void openapi_put(struct buf *out); /* openapi.c: the document that describes them all */

#endif
