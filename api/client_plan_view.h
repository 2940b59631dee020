/* Plans for people: what is filled and by whom, what it is worth at most, why the rest is not, and what would change it. */
#ifndef API_CLIENT_PLAN_VIEW_H
#define API_CLIENT_PLAN_VIEW_H

#include "client_page.h"

/* `plan` is a plan as client_plan.h holds it. Each ends as page->out->failed when there is no memory. */

/* The headline, then by region, placements, unfilled posts, what is scarce, means used, leaders without a place. Of each
   list at most `rows_max` rows. */
void plan_show(struct page *page, struct slice plan, size_t rows_max);
/* The sentences at the top of it: how many openings, worth how much of how much at most, at what cost. `marked`: what
   needs approval is marked further down. */
void plan_show_headline(struct page *page, struct slice plan, bool marked);

/*
 * Why a post is filled as it is, or a leader placed, or not; false when the plan knows no such id. `ranked` (may be
 * absent) is the shortlist of the post, or the opportunities of the leader.
 */
bool plan_show_reason(struct page *page, struct slice plan, const char *id, struct slice ranked);
/* Which of the two an id is to the plan; PLAN_KNOWS_NOT: neither. */
enum plan_knows { PLAN_KNOWS_NOT, PLAN_KNOWS_POST, PLAN_KNOWS_LEADER };
enum plan_knows plan_knows(struct slice plan, const char *id);
/* The same as one JSON object: the placements with that id, and the row that says why there are no more. */
void plan_put_reason(struct buf *out, struct slice plan, const char *id);

#endif
