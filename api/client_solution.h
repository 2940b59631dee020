/* Plans of explicit problems as text and as JSON, read back from JSON, and judged. */
#ifndef API_CLIENT_SOLUTION_H
#define API_CLIENT_SOLUTION_H

#include "buf.h"
#include "json.h"
#include "wellmatch_plan.h"

enum { SOLUTION_ERROR_CAP = 600 };

void solution_put_json(struct buf *out, const struct wm_problem *problem, const struct wm_solution *plan, int64_t ns);
void solution_put_text(struct buf *out, const struct wm_problem *problem, const struct wm_solution *plan, int64_t ns);

/*
 * A plan as solution_put_json writes it (checked JSON): choices[groups], WM_NO_OPTION where it has none, and
 * prices[resources], 0 where it has none. False: `error` says what is wrong with it.
 */
bool solution_read(const struct wm_problem *problem, struct slice plan, int64_t *choices, double *prices,
                   char error[SOLUTION_ERROR_CAP]);

/* The verdict beside what `plan` claims. True: feasible, and the claims are so. */
bool solution_put_verdict(struct buf *out, bool json, const struct wm_problem *problem, struct slice plan,
                          const struct wm_solution_verdict *verdict);

#endif
