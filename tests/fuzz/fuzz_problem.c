/* Any bytes as a problem. What is refused says where; what is accepted is solved, for a while, and the plan judged. */
#include "problem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

enum { QUESTIONS_MOST = 2000 };

static void demand(bool holds)
{
    if (!holds)
        abort();
}

static bool stop_after(void *arg)
{
    return ++*(size_t *)arg > QUESTIONS_MOST;
}

static void check_problem(const struct wm_problem *p)
{
    for (size_t o = 0; o < p->n_options; o++) {
        size_t group, option;
        const char *name = wm_problem_group_name(p, p->group_of[o]);
        demand(wm_problem_find_option(p, name, wm_problem_option_name(p, o), &group, &option) == WM_OK);
        demand(option == o && group == p->group_of[o]);
        for (size_t u = p->first_use[o]; u < p->first_use[o + 1]; u++)
            demand(p->use_resource[u] < p->n_resources && p->use_micro[u] > 0);
    }
    for (size_t r = 0; r < p->n_resources; r++)
        demand(p->limit_micro[r] >= 0);
}

static void check_plan(const struct wm_problem *p)
{
    size_t asked = 0;
    struct wm_solve_options options = {.stop = stop_after, .arg = &asked};
    struct wm_solution *plan;
    int status = wm_solve(p, &options, &plan);
    demand(status == WM_OK);
    demand((plan->status == WM_PLAN_INFEASIBLE) == (plan->n_conflicts > 0));
    if (plan->found) {
        struct wm_solution_verdict verdict;
        demand(wm_solution_verify(p, plan->choices, plan->prices, &verdict) == WM_OK);
        demand(verdict.feasible && verdict.value == plan->value && verdict.bound == plan->price_bound);
        demand(p->minimise ? plan->bound <= plan->value : plan->bound >= plan->value);
        demand(isfinite(plan->bound) && plan->gap >= 0);
    }
    wm_solution_free(plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct wm_faults *faults;
    struct wm_problem *problem = NULL;
    demand(wm_faults_new(20, &faults) == WM_OK);
    int status = wm_problem_parse("problem", (const char *)bytes, len, faults, &problem);
    demand(status == WM_OK || status == WM_EDATA);
    demand((status == WM_OK) == (wm_faults_count(faults) == 0));
    if (status == WM_OK) {
        check_problem(problem);
        check_plan(problem);
    }
    for (size_t i = 0; i < wm_faults_kept(faults); i++) {
        const struct wm_fault *fault = wm_faults_at(faults, i);
        demand(fault->line >= 0 && fault->column >= 0 && *fault->what && *fault->expected);
    }
    wm_problem_free(problem);
    wm_faults_free(faults);
    return 0;
}
