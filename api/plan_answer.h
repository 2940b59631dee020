/* A question solved: the plan, its reasons, and the sums that every view of it needs. Any thread; no clock. */
#ifndef API_PLAN_ANSWER_H
#define API_PLAN_ANSWER_H

#include "plan_question.h"

/* What solving is done with: the engine, or what a test puts in its place. */
struct plan_solver {
    int (*make)(const struct wm_dataset *dataset, const struct wm_plan_request *request,
                const struct wm_solve_options *options, struct wm_plan **out);
    int (*explain)(const struct wm_dataset *dataset, const struct wm_plan_request *request, const struct wm_plan *plan,
                   size_t resolve_max, const struct wm_solve_options *options, struct wm_plan_report **out);
    void (*free_plan)(struct wm_plan *plan);
    void (*free_report)(struct wm_plan_report *report);
};
extern const struct plan_solver plan_solver_engine;

struct plan_terms {     /* of one placement */
    int64_t value_nano; /* expected benefit, less the penalty of a move */
    int64_t local_cost_gbp, central_cost_gbp;
};

struct plan_answer {
    const struct plan_solver *solver;
    struct wm_plan *plan;
    struct wm_plan_report *report; /* NULL when no plan was found */
    struct plan_terms *terms;      /* [plan->n_placements] */
    int64_t local_cost_gbp, central_cost_gbp;
    size_t openings, must_fill_unfilled; /* of posts that take part; posts with openings left that must be filled */
    size_t moves[4];                     /* by enum wm_move_kind, from the base plan */
    bool cut;                            /* `stop` ended it: other runs may give other plans */
    size_t bytes;                        /* memory, about */
};

/*
 * wm_plan_make, then wm_plan_explain where a plan was found. `options` as they take them (gap is the question's). WM_OK,
 * then plan_answer_fini when done; or what the engine failed with.
 */
int plan_answer_make(const struct plan_question *question, const struct plan_solver *solver,
                     const struct wm_solve_options *options, struct plan_answer *out);
/* The sums of a plan and report that are there already. WM_OK, WM_EMEMORY, or WM_EUNKNOWN: a row out of range. */
int plan_answer_add_up(const struct plan_question *question, struct plan_answer *answer);
void plan_answer_fini(struct plan_answer *answer); /* also of {0} */

/* Does this post take part in the question? */
bool plan_takes_post(const struct plan_question *question, size_t post);

#endif
