/*
 * Problems that are an assignment, recognised and solved as one: every option uses at most one thing that can run short, or
 * several that nest (a project and its supervisor), and of each thing all options use the same, so that its limit is a number
 * of openings. Any other is left alone.
 */
#ifndef WM_MATCHING_H
#define WM_MATCHING_H

#include "problem.h"

struct matching {
    bool is_one;      /* false: another solver's, the rest counts for nothing */
    bool stopped;     /* `stop` said so: the rest counts for nothing */
    bool feasible;    /* false: locks and musts cannot all hold, for certain */
    uint32_t *choice; /* [n_groups] the best plan: options, UINT32_MAX for none */
    double *price;    /* [n_resources] as in struct wm_solution; where all of it must be used it may be below 0 */
    wide value_nano;  /* of the plan, as the problem counts (not turned round when it minimises) */
};

/*
 * The optimum, exact, with prices that prove it as far as doubles can: for wm_solve to ask first.
 *
 *     struct matching m;
 *     status = matching_solve(problem, &scratch, options.stop, options.arg, &m);
 *     if (status != WM_OK || (m.is_one && m.feasible))
 *         ... done: m.choice is the best plan, m.value_nano its bound too, m.price what to verify ...
 *
 * Costs a pass over options and uses where it is none. WM_EMEMORY.
 */
int matching_solve(const struct wm_problem *p, struct arena *arena, bool (*stop)(void *arg), void *arg,
                   struct matching *out);

#endif
