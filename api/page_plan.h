/* What the files of the plan's page share. */
#ifndef API_PAGE_PLAN_H
#define API_PAGE_PLAN_H

#include "page_places.h"

/* Money and mentors as used and limit, and what one more of each would be worth (page_limits.c). */
void plan_put_limits(struct page *page, const char *plan);

#endif
