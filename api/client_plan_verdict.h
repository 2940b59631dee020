/* What is said about plans, for people and as JSON: the difference between two, a verdict, a list, a conflict. */
#ifndef API_CLIENT_PLAN_VERDICT_H
#define API_CLIENT_PLAN_VERDICT_H

#include "client_page.h"

/* From one plan to another, as moves of leaders; `names` are what the two are called. */
void plan_show_difference(struct page *page, struct slice a, struct slice b, const char *const names[2],
                          size_t rows_max);
/* {value_a, value_b, difference, counts, moves:[{kind, leader, before, after}]} */
void plan_put_difference(struct buf *out, struct slice a, struct slice b);

/* The verdict of plan.check on a plan that claims things; what it claims and what is so. */
void plan_show_verdict(struct page *page, struct slice plan, struct slice verdict);
/* The verdict as served, with what it means for the claims: value_agrees, bound_agrees, holds. */
void plan_put_verdict(struct buf *out, struct slice plan, struct slice verdict);
/* No fault, and value and bound are what the plan claims. */
bool plan_holds(struct slice plan, struct slice verdict);

void plan_show_list(struct page *page, struct slice result); /* plan.list */
/* The smallest set of wishes that cannot all hold: the data of error 1003, each line after "wellmatch: " or two blanks. */
void plan_put_conflict(struct buf *out, struct slice error);

#endif
