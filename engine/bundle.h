/*
 * A proximal bundle method: the least of a convex function of prices, of which each look gives a value and a slope.
 * Knows nothing of leaders and posts.
 */
#ifndef WM_BUNDLE_H
#define WM_BUNDLE_H

#include "arena.h"

#include <stdbool.h>
#include <stddef.h>

struct bundle;

/*
 * n prices, kept from 0 to most[n] (NULL: no ceiling); scale[n] > 0 is what a fair step of each is, so that steps are
 * alike. At most cuts_max slopes are kept, 3 or more; all are copied. The first step is as long as would gain
 * first_promise of the value if the first slope were all. NULL: no memory.
 */
struct bundle *bundle_new(struct arena *arena, size_t n, size_t cuts_max, const double *scale, const double *most,
                          const double *start, double first_promise);
/* The prices to look at next, into out[n]: at first the start itself. */
void bundle_next(struct bundle *bundle, double *out);
/*
 * What was seen at prices x[n] (as bundle_next gave them, rounded or not): value and slope[n]. Where the value is only known
 * to be no greater, and the function as the slope has it to be `below` less, 0 or more. True when they became the new centre.
 */
bool bundle_tell(struct bundle *bundle, const double *x, double value, double below, const double *slope);
/* The function became greater, nowhere less: this is its value and slope at the centre now. Old slopes stay below it. */
void bundle_refresh(struct bundle *bundle, double value, double below, const double *slope);
/*
 * After the first look: a slope known from elsewhere, which lies `below` under the function at the centre. Steps begin no
 * longer than what it leaves room for.
 */
void bundle_lean(struct bundle *bundle, double below, const double *slope);
/* By how much the model says the next look may be below the centre's value. */
double bundle_promise(const struct bundle *bundle);
const double *bundle_centre(const struct bundle *bundle);
double bundle_value(const struct bundle *bundle);
/*
 * The model's last answer as a mixture of what was seen: weight[slots] adds up to 1. What was told last stands in
 * bundle_slot until another takes its place: the caller keeps beside each slot what else it wants to remember.
 */
size_t bundle_weights(const struct bundle *bundle, const double **weight);
size_t bundle_slot(const struct bundle *bundle);

#endif
