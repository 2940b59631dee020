/* What the files of the plan's page share. */
#ifndef API_PAGE_PLAN_H
#define API_PAGE_PLAN_H

#include "page_places.h"

/* Money and mentors as used and limit, and what one more of each would be worth (page_limits.c). */
void plan_put_limits(struct page *page, const char *plan);

/* Posts that stay open and leaders without a place (page_left_out.c); and of one such row, why, and what would help:
   "Worth more elsewhere: L000034 came nearest, and goes to ...". */
void plan_put_unfilled(struct page *page, const char *plan, const json_t *summary);
void plan_put_unplaced(struct page *page, const char *plan);
const char *plan_reason(const char *reason);
/* Whether the plan was asked to fill the post of such a row. */
bool plan_asked(const json_t *row);
const char *plan_why(struct page *page, const json_t *row);
void plan_put_fix(struct page *page, const json_t *row);

/* Links that download a table of the plan; where the operator has not let tables of persons go out, that is said. */
void plan_put_download(struct page *page, const char *plan, const char *table, const char *what, bool of_persons);

#endif
