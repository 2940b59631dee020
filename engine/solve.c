/*
 * Who gets what: the passes from a problem to a proven plan, in order. Read solve_from, then solve.
 *
 *   0 matching    a problem that is an assignment, or whose limits nest, is solved as one, and that is that   matching.c nest.c
 *   1 model       what can be chosen at all, scaled; "nothing" becomes an option; options by shape          model.c
 *   2 prices      quick ones by subgradients, for a first bound; a first plan by net worth                  descend.c greedy.c
 *   3 relaxation  the best prices there are, by the dual simplex method, sifting: these are published  simplex.c basis.c factor.c
 *   4 field       options whose net worth falls short by more than the gap cannot be in a better plan (Dantzig, Fulkerson
 *                 and Johnson 1954) and go, here and after each pass below; limits go down to sums that uses can reach
 *   5 cuts        rows that plans keep and the relaxation's answer breaks, in rounds, until they tell little   cuts.c
 *   6 near        a short search among the few options that the prices think most of; again among more, for longer: good
 *                 plans, which narrow the field (core problems, Balas and Zemel 1980)                       branch.c
 *   7 search      branch and bound over what is left of the field, every bound from prices                  branch.c
 *                 in 6 and 7, in turns with the search: what some groups could do better, and chains     around.c chains.c
 *   8 verify      prices at their least; feasibility, value and bound again, by code that knows nothing of all this
 *                                                                                        conclude.c verify_solution.c
 *
 * Why it is right: a plan is only taken when integers say that it holds; a bound is only taken from price_bound, which
 * rounds to the safe side and holds for any prices; rows are added only if they follow from limits in integers. So doubles,
 * tolerances and patience decide how long it takes and how small the gap becomes, not whether what is said is true. Why it
 * is the same every time: one thread, fixed order of every sum, ties by number, and no clock: only the caller's stop can cut
 * it short.
 *
 * Where it stops: passes 5 and 6 end by counts, pass 7 at the proof or the stop. Options by the hundred thousand are no
 * trouble as long as few are near the best; limits by the ten thousand are, for each pivot looks at all of them, and then
 * what is reported is the bound of pass 2 and the gap that is left.
 *
 * Passes 4 to 7 are in field.c; what cannot hold together is named by conflict.c.
 */
#include "passes.h"
#include "internal.h"
#include "matching.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Options looked at for a first plan, for each there is: at rough prices, at the best. */
enum { STEPS_FIRST = 60, STEPS_MORE = 200 };

struct answer { /* what wm_solution_free frees: the plan and all that it points at */
    struct wm_solution plan;
    struct arena arena;
};

/* ---- the run ---- */

const char *wm_plan_status_name(enum wm_plan_status status)
{
    static const char *const names[] = {"optimal", "within_gap", "deadline", "infeasible"};
    return status <= WM_PLAN_INFEASIBLE ? names[status] : "unknown";
}

double plan_gap(double bound, double value)
{
    double size = fabs(bound) > fabs(value) ? fabs(bound) : fabs(value);
    return bound == value ? 0 : isinf(bound) ? 1 : fabs(bound - value) / size;
}

bool run_stops(struct run *run)
{
    if (!run->stopped && run->options.stop && run->options.stop(run->options.arg))
        run->stopped = true;
    return run->stopped;
}

void run_tell(struct run *run)
{
    if (!run->options.progress)
        return;
    double sign = run->problem->minimise ? -1 : 1, value = (double)run->best_value;
    run->options.progress(run->options.arg, &(struct wm_progress){.phase = run->phase,
                                                                  .found = run->found,
                                                                  .value = run->found ? sign * value / NANO : 0,
                                                                  .bound = sign * run->bound / NANO,
                                                                  .gap = run->found ? plan_gap(run->bound, value) : 1,
                                                                  .nodes = run->nodes,
                                                                  .open = run->open});
}

double run_cutoff(const struct run *run, const struct model *m)
{
    if (!run->found)
        return -HUGE_VAL;
    if (run->any)
        return HUGE_VAL;
    double value = (double)run->best_value, wanted = run->options.gap > GAP_PROVEN ? run->options.gap : GAP_PROVEN;
    double next = (double)(run->best_value + m->quantum), near = value + 0.999 * wanted * fabs(value);
    next -= fabs(next) * 0x1p-50; /* rounded so that the next possible value is never below it */
    return (next > near ? next : near) / m->value_scale;
}

bool run_offer(struct run *run, const struct model *m, const uint32_t *choice)
{
    wide value = 0;
    for (size_t g = 0; g < m->n_groups; g++)
        value += m->value[choice[g]];
    if (run->found && value <= run->best_value)
        return false;
    const struct wm_problem *p = run->problem;
    wide *used = run->used;
    memset(used, 0, m->n_resources * sizeof *used);
    for (size_t g = 0; g < m->n_groups; g++) {
        uint32_t k = m->shape_of[choice[g]];
        for (size_t u = m->first_use[k]; u < m->first_use[k + 1]; u++)
            if (m->use_row[u] < m->n_resources)
                used[m->use_row[u]] += m->use[u];
    }
    for (size_t r = 0; r < m->n_resources; r++)
        if (used[r] > m->limit[r] || used[r] < m->least[r])
            return false;
    run->found = true;
    run->best_value = value;
    for (size_t g = 0; g < p->n_groups; g++)
        run->best[g] = m->option_was[choice[g]];
    run_tell(run);
    return true;
}

/* ---- the passes ---- */

int wm_solve(const struct wm_problem *problem, const struct wm_solve_options *options, struct wm_solution **out)
{
    return solve_from(problem, NULL, options, out);
}

/* Whether these prices prove the best plan at hand. */
static int prices_prove(const struct run *run, const double *prices, bool *proven)
{
    const struct wm_problem *p = run->problem;
    struct wm_solution_verdict verdict;
    struct arena scratch;
    arena_init(&scratch, ARENA_BYTES_MAX);
    int64_t *none = arena_alloc(&scratch, p->n_groups + 1, sizeof *none);
    for (size_t g = 0; none && g < p->n_groups; g++)
        none[g] = WM_NO_OPTION;
    int status = none ? wm_solution_verify(p, none, prices, &verdict) : WM_EMEMORY;
    if (status == WM_OK) {
        double value = (double)run->best_value / NANO;
        *proven = plan_gap(verdict.bound, p->minimise ? -value : value) <= GAP_PROVEN;
    }
    arena_fini(&scratch);
    return status;
}

/*
 * An assignment is solved as one. *done: it was, one way or the other; without, a plan may be proven all the same, by prices
 * of what locks and limits leave of the problem, and prices of the whole are still to be found.
 */
static int solve_matching(struct run *run, struct arena *arena, double *prices, bool *possible, bool *done)
{
    const struct wm_problem *p = run->problem;
    struct matching m;
    run->phase = "prices";
    int status = matching_solve(p, arena, run->options.stop, run->options.arg, &m);
    if (status != WM_OK || !m.is_one)
        return status;
    run->stopped |= m.stopped;
    if (m.stopped)
        return WM_OK;
    *done = !m.feasible;
    *possible = m.feasible;
    if (!m.feasible)
        return WM_OK;
    for (size_t g = 0; g < p->n_groups; g++)
        run->best[g] = m.choice[g];
    memcpy(prices, m.price, p->n_resources * sizeof *prices);
    run->found = true;
    run->best_value = p->minimise ? -m.value_nano : m.value_nano;
    run->bound = (double)run->best_value;
    run->settled = true;
    run_tell(run);
    return prices_prove(run, prices, done);
}

/* The caller's plan is the first, if it holds. */
static int take_plan(struct run *run, const int64_t *choices)
{
    const struct wm_problem *p = run->problem;
    double *none = NULL;
    struct wm_solution_verdict verdict;
    struct arena scratch;
    arena_init(&scratch, ARENA_BYTES_MAX);
    none = arena_alloc(&scratch, p->n_resources + 1, sizeof *none);
    int status = none ? wm_solution_verify(p, choices, none, &verdict) : WM_EMEMORY;
    arena_fini(&scratch);
    if (status != WM_OK || !verdict.feasible)
        return status;
    run->found = true;
    for (size_t g = 0; g < p->n_groups; g++) {
        int64_t o = choices[g];
        run->best[g] = o == WM_NO_OPTION ? NO_OPTION : (uint32_t)o;
        run->best_value += o == WM_NO_OPTION ? 0 : p->minimise ? -p->value_nano[o] : p->value_nano[o];
    }
    return WM_OK;
}

int solve_from(const struct wm_problem *problem, const struct solve_start *start,
               const struct wm_solve_options *options, struct wm_solution **out)
{
    static const struct wm_solve_options usual = WM_SOLVE_INIT;
    struct run run = {.problem = problem, .options = options ? *options : usual, .bound = HUGE_VAL};
    if (!(run.options.gap >= 0))
        return WM_EARGUMENT;
    struct answer *answer = calloc(1, sizeof *answer);
    if (!answer)
        return WM_EMEMORY;
    struct arena scratch;
    arena_init(&scratch, ARENA_BYTES_MAX);
    arena_init(&answer->arena, ARENA_BYTES_MAX);

    int status = WM_EMEMORY;
    bool possible = true;
    struct demands demands = {arena_alloc(&scratch, problem->n_locks + 1, sizeof *demands.lock),
                              arena_alloc(&scratch, problem->n_groups + 1, sizeof *demands.must),
                              arena_alloc(&scratch, problem->n_resources + 1, sizeof *demands.exact)};
    double *prices = arena_alloc(&answer->arena, problem->n_resources + 1, sizeof *prices);
    run.best = arena_alloc(&scratch, problem->n_groups + 1, sizeof *run.best);
    run.used = arena_alloc(&scratch, problem->n_resources + 1, sizeof *run.used);
    if (!demands.lock || !demands.must || !demands.exact || !prices || !run.best || !run.used)
        goto done;
    memset(demands.lock, true, problem->n_locks);
    memcpy(demands.must, problem->must, problem->n_groups * sizeof *demands.must);
    memcpy(demands.exact, problem->resource_must, problem->n_resources * sizeof *demands.exact);
    status = start && start->choices ? take_plan(&run, start->choices) : WM_OK;
    bool done = false;
    if (status == WM_OK)
        status = solve_matching(&run, &scratch, prices, &possible, &done);
    if (status == WM_OK && !done)
        status = passes_run(&run, &demands, &scratch, start ? start->prices : NULL, prices, &possible);
    if (status == WM_OK && !possible)
        status = conflict_find(&run, &demands, &answer->arena, &answer->plan);
    if (status == WM_OK && possible)
        status = answer_conclude(&run, prices, &answer->arena, &answer->plan);
    answer->plan.nodes = run.nodes;
done:
    arena_fini(&scratch);
    if (status == WM_OK)
        *out = &answer->plan;
    else
        wm_solution_free(&answer->plan);
    return status;
}

void wm_solution_free(struct wm_solution *plan)
{
    if (!plan)
        return;
    struct answer *answer = (struct answer *)(void *)plan; /* its first member */
    arena_fini(&answer->arena);
    free(answer);
}

/* A better bound on the model, in worth, becomes the run's. */
void passes_note(struct run *run, const struct model *m, double bound)
{
    bound *= m->value_scale;
    run->bound = bound < run->bound ? bound : run->bound;
    run_tell(run);
}

/* A plan by net worth at these prices. */
static int plan_at(const struct model *m, struct arena *arena, struct run *run, const double *prices)
{
    struct plan plan;
    double *cost = arena_alloc(arena, m->n_shapes + 1, sizeof *cost);
    if (!cost || !plan_init(&plan, arena, m))
        return WM_EMEMORY;
    shape_costs(m, prices, cost);
    for (size_t o = 0; o < m->n_options; o++)
        plan.score[o] = m->worth[o] - cost[m->shape_of[o]];
    run->phase = "plan";
    if (plan_make(&plan, NULL, run))
        run_offer(run, m, plan.choice);
    return WM_OK;
}

static void publish(const struct model *m, const double *prices, double *out)
{
    for (size_t r = 0; r < m->n_resources; r++) {
        double price = prices[r] * (m->value_scale / m->row_scale[r]) * ((double)MICRO / NANO);
        out[m->row_was[r]] = prices[r] > 1e-12 || (m->least[r] > 0 && prices[r] < -1e-12) ? price : 0;
    }
}

static void take_prices(struct passes *p, const double *start);
static int first_prices(struct passes *p, bool started);
static int relax(struct passes *p, bool *possible);

/* The greatest multiple of the quantum that is no more: values are multiples of it. */
static double last_value(double bound, int64_t quantum)
{
    if (fabs(bound) >= 0x1p52)
        return bound; /* as it is where doubles are no longer dense enough to tell */
    int64_t whole = (int64_t)floor(bound), rest = whole % quantum;
    return (double)(whole - rest - (rest < 0 ? quantum : 0));
}

/* *possible false: proven that locks and musts cannot all hold. Prices are of the problem's resources. */
int passes_run(struct run *run, const struct demands *demands, struct arena *arena, const double *start, double *prices,
               bool *possible)
{
    struct passes p = {.run = run, .arena = arena, .bound = HUGE_VAL, .out = -HUGE_VAL};
    int status = model_build(run->problem, demands, !run->any, arena, &p.whole, possible);
    if (status != WM_OK || !*possible)
        return status;
    p.prices = arena_alloc(arena, p.whole.n_rows + 1, sizeof *p.prices);
    p.keep = arena_alloc(arena, p.whole.n_options + 1, 1);
    if (!p.prices || !p.keep)
        return WM_EMEMORY;
    if (start)
        take_prices(&p, start);
    status = first_prices(&p, start != NULL);
    if (status == WM_OK && !run_stops(run) && p.bound >= run_cutoff(run, &p.whole))
        status = relax(&p, possible);
    if (status == WM_OK && *possible && !run->settled && !run_stops(run) && p.bound >= run_cutoff(run, &p.whole))
        status = field_search(&p, possible);
    if (prices)
        publish(&p.whole, p.prices, prices);
    if (status == WM_OK && *possible) {
        /* no plan is worth less than the one at hand, and values are multiples of a quantum */
        double value = (double)run->best_value, bound = (p.bound > p.out ? p.bound : p.out) * p.whole.value_scale;
        if (run->found && bound < (double)(run->best_value + p.whole.quantum))
            bound = value;
        bound = last_value(bound, p.whole.quantum);
        run->bound = bound < run->bound ? bound : run->bound;
        run->bound = run->found && run->bound < value ? value : run->bound;
        run_tell(run);
    }
    return status;
}

/* Prices of the problem's resources as prices of the model's rows. */
static void take_prices(struct passes *p, const double *start)
{
    const struct model *m = &p->whole;
    for (size_t r = 0; r < m->n_rows; r++) {
        double price = start[m->row_was[r]] * (m->row_scale[r] / m->value_scale) * ((double)NANO / MICRO);
        p->prices[r] = isfinite(price) && (price > 0 || m->least[r] > 0) ? price : 0;
    }
}

/* No plan yet: one by chains from these prices, which know the way into what holds, in so many steps for each option. */
static int find_plan(struct passes *p, size_t each)
{
    struct arena scratch;
    struct chains chains;
    double *below;
    if (p->run->found || run_stops(p->run))
        return WM_OK;
    arena_init(&scratch, ARENA_BYTES_MAX);
    int status = passes_shortfalls(&p->whole, &scratch, p->prices, &below);
    if (status == WM_OK && !chains_init(&chains, &scratch, &p->whole))
        status = WM_EMEMORY;
    if (status == WM_OK)
        chains_run(&chains, p->prices, below, p->bound, each * p->whole.n_options, p->run);
    arena_fini(&scratch);
    return status;
}

/* Prices to begin with: the caller's, or rough ones from steps. */
static int first_prices(struct passes *p, bool started)
{
    struct run *run = p->run;
    run->phase = "prices";
    int status = plan_at(&p->whole, p->arena, run, p->prices);
    if (status != WM_OK || (run->any && run->found))
        return status;
    double *cost = arena_alloc(p->arena, p->whole.n_shapes + 1, sizeof *cost);
    if (!cost)
        return WM_EMEMORY;
    p->bound = started ? price_bound(&p->whole, NULL, p->prices, cost)
                       : price_descend(&p->whole, p->arena, run, p->prices, &status);
    if (status != WM_OK)
        return status;
    passes_note(run, &p->whole, p->bound);
    status = run->stopped ? WM_OK : plan_at(&p->whole, p->arena, run, p->prices);
    return status == WM_OK ? find_plan(p, STEPS_FIRST) : status;
}

int passes_by_size(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* How much each option's net worth falls short of its group's best, at these prices. */
int passes_shortfalls(const struct model *m, struct arena *arena, const double *prices, double **out)
{
    double *cost = arena_alloc(arena, m->n_shapes + 1, sizeof *cost);
    double *below = *out = arena_alloc(arena, m->n_options + 1, sizeof *below);
    if (!cost || !below)
        return WM_EMEMORY;
    shape_costs(m, prices, cost);
    for (size_t g = 0; g < m->n_groups; g++) {
        double best = -HUGE_VAL;
        for (size_t o = m->first[g]; o < m->first[g + 1]; o++) {
            below[o] = m->worth[o] - cost[m->shape_of[o]];
            best = below[o] > best ? below[o] : best;
        }
        for (size_t o = m->first[g]; o < m->first[g + 1]; o++)
            below[o] = best - below[o];
    }
    return WM_OK;
}

/*
 * The options to begin with: those whose net worth at rough prices falls least short of their group's best, some for every
 * group and row. Every group's best is among them.
 */
int passes_options(const struct model *m, struct arena *arena, const double *prices, size_t each, uint8_t *keep)
{
    double *below, *sorted = arena_alloc(arena, m->n_options + 1, sizeof *sorted);
    int status = passes_shortfalls(m, arena, prices, &below);
    if (status != WM_OK || !sorted)
        return WM_EMEMORY;
    size_t wanted = each * (m->n_groups + m->n_rows);
    wanted = wanted < m->n_options ? wanted : m->n_options;
    memcpy(sorted, below, m->n_options * sizeof *sorted);
    qsort(sorted, m->n_options, sizeof *sorted, passes_by_size);
    for (size_t o = 0; o < m->n_options; o++)
        keep[o] = below[o] <= sorted[wanted - 1];
    return WM_OK;
}

/* Keeps also the options worth more, at these prices, than every kept one of their group; how many there were. */
static size_t keep_violated(const struct model *m, const double *cost, uint8_t *keep)
{
    size_t n = 0;
    for (size_t g = 0; g < m->n_groups; g++) {
        double best = -HUGE_VAL;
        for (size_t o = m->first[g]; o < m->first[g + 1]; o++) {
            double net = keep[o] ? m->worth[o] - cost[m->shape_of[o]] : -HUGE_VAL;
            best = net > best ? net : best;
        }
        for (size_t o = m->first[g]; o < m->first[g + 1]; o++)
            if (!keep[o] && m->worth[o] - cost[m->shape_of[o]] > best + 1e-9) {
                keep[o] = true;
                n++;
            }
    }
    return n;
}

/* Prices of the narrower model's rows as prices of the model's; rows of both are in one order. */
static void widen_prices(const struct model *m, const struct model *some, const double *from, double *to)
{
    memset(to, 0, m->n_rows * sizeof *to);
    for (size_t r = 0, at = 0; r < some->n_resources; r++) {
        while (m->row_was[at] != some->row_was[r])
            at++;
        double unit = some->value_scale / m->value_scale * (m->row_scale[at] / some->row_scale[r]);
        to[at] = from[r] > 0 || some->least[r] > 0 ? from[r] * unit : 0;
    }
}

/*
 * The relaxation's prices, by sifting (Bixby and others 1992): solve with few options, look at all of them at the prices
 * that come out, add those that would do better, until none would. *possible false: locks and musts cannot all hold.
 */
static int sift(struct passes *p, double *prices, bool *possible)
{
    const struct model *m = &p->whole;
    int status = passes_options(m, p->arena, p->prices, OPTIONS_FIRST, p->keep);
    double *cost = arena_alloc(p->arena, m->n_shapes + 1, sizeof *cost);
    *possible = true;
    if (!cost)
        return WM_EMEMORY;
    for (int round = 0; status == WM_OK && round < SIFT_ROUNDS; round++) {
        struct arena scratch;
        struct model some;
        struct simplex lp;
        arena_init(&scratch, ARENA_BYTES_MAX);
        if (round == SIFT_ROUNDS - 1)
            memset(p->keep, true, m->n_options);
        enum lp_status solved = LP_STARVED;
        if (model_narrow(m, p->keep, NULL, false, &scratch, &some, NULL) == WM_OK &&
            simplex_init(&lp, &scratch, &some) && simplex_begin(&lp)) {
            solved = simplex_solve(&lp, -HUGE_VAL, 0, p->run);
            widen_prices(m, &some, lp.prices, prices);
        }
        arena_fini(&scratch);
        status = solved == LP_STARVED ? WM_EMEMORY : WM_OK;
        if (status != WM_OK || solved == LP_STOPPED)
            break;
        bool whole = memchr(p->keep, false, m->n_options) == NULL;
        if (solved == LP_INFEASIBLE && whole) {
            *possible = false;
            break;
        }
        shape_costs(m, prices, cost);
        if (solved == LP_INFEASIBLE)
            memset(p->keep, true, m->n_options);
        else if (keep_violated(m, cost, p->keep) == 0)
            break;
    }
    return status;
}

/* The relaxation's prices if they prove more than those at hand, and a plan at them. */
static int relax(struct passes *p, bool *possible)
{
    const struct model *m = &p->whole;
    p->run->phase = "prices";
    double *relaxed = arena_alloc(p->arena, m->n_rows + 1, sizeof *relaxed);
    double *cost = arena_alloc(p->arena, m->n_shapes + 1, sizeof *cost);
    if (!relaxed || !cost)
        return WM_EMEMORY;
    int status = sift(p, relaxed, possible);
    if (status != WM_OK || !*possible)
        return status;
    double bound = price_bound(m, NULL, relaxed, cost);
    if (bound >= p->bound)
        return WM_OK;
    p->bound = bound;
    memcpy(p->prices, relaxed, m->n_rows * sizeof *p->prices);
    passes_note(p->run, m, bound);
    status = p->run->stopped ? WM_OK : plan_at(m, p->arena, p->run, p->prices);
    return status == WM_OK ? find_plan(p, STEPS_MORE) : status;
}
