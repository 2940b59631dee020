/*
 * Who gets what: the passes from a problem to a proven plan, in order. Read solve_from, then solve.
 *
 *   0 matching    a problem that is an assignment is solved as one, and that is that                          matching.c
 *   1 model       what can be chosen at all, scaled; "nothing" becomes an option; options by shape          model.c
 *   2 prices      quick ones by subgradients, for a first bound; a first plan by net worth                  descend.c greedy.c
 *   3 relaxation  the best prices there are, by the dual simplex method, sifting: these are published       simplex.c factor.c
 *   4 field       options whose net worth falls short by more than the gap cannot be in a better plan (Dantzig, Fulkerson
 *                 and Johnson 1954) and go, here and after each pass below; limits go down to sums that uses can reach
 *   5 cuts        rows that plans keep and the relaxation's answer breaks, in rounds, until they tell little   cuts.c
 *   6 near        a short search among the few options that the prices think most of; again among more, for longer: good
 *                 plans, which narrow the field (core problems, Balas and Zemel 1980)                       branch.c
 *   7 search      branch and bound over what is left of the field, every bound from prices                  branch.c
 *   8 verify      feasibility, value and bound again, by code that knows nothing of all this                verify_solution.c
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
 * Only locks and musts can make a problem infeasible, since taking nothing is always within limits. The conflict that is
 * named is irreducible: each of its members was seen to be needed, by solving without it (deletion filter, Chinneck and
 * Dravnieks 1991, halving as in QuickXplain, Junker 2004).
 */
#include "model.h"
#include "internal.h"
#include "matching.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES_MAX ((size_t)8 << 30)
#define GAP_PROVEN 1e-9

enum {
    SIFT_FIRST = 6, /* options to begin with, for each group and resource */
    SIFT_ROUNDS = 30,
    WIDENED = 4, /* options that join the core, of one group at once */
    CUT_ROUNDS = 40,
    CUT_IDLE = 3,
    NEAR_ROW = 4,          /* options in the first short search, for each row; one more for each group */
    NEAR_NODES = 100,      /* of it */
    NEAR_NODES_MOST = 3200 /* and of the last */
};

struct answer { /* what wm_solution_free frees: the plan and all that it points at */
    struct wm_solution plan;
    struct arena arena;
};

static int solve(struct run *run, const struct demands *demands, struct arena *arena, const double *start,
                 double *prices, bool *possible);
static int find_conflict(struct run *run, struct demands *demands, struct arena *arena, struct wm_solution *plan);
static int conclude(const struct run *run, const double *prices, struct arena *arena, struct wm_solution *plan);

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
        status = solve(&run, &demands, &scratch, start ? start->prices : NULL, prices, &possible);
    if (status == WM_OK && !possible)
        status = find_conflict(&run, &demands, &answer->arena, &answer->plan);
    if (status == WM_OK && possible)
        status = conclude(&run, prices, &answer->arena, &answer->plan);
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
static void note_bound(struct run *run, const struct model *m, double bound)
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

/* The parts of a solve that follow each other, each on the model that the last one left. */
struct passes {
    struct run *run;
    struct arena *arena;
    struct model whole;
    double *prices; /* [whole.n_rows] the best so far */
    double bound;   /* in worth of `whole`: what they prove */
    double out;     /* and of plans with options that were left out as no better */
    uint8_t *keep;  /* [whole.n_options] */
};

static void take_prices(struct passes *p, const double *start);
static int first_prices(struct passes *p, bool started);
static int relax(struct passes *p, bool *possible);
static int search(struct passes *p, bool *possible);

/* *possible false: proven that locks and musts cannot all hold. Prices are of the problem's resources. */
static int solve(struct run *run, const struct demands *demands, struct arena *arena, const double *start,
                 double *prices, bool *possible)
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
        status = search(&p, possible);
    if (prices)
        publish(&p.whole, p.prices, prices);
    if (status == WM_OK && *possible) {
        /* no plan is worth less than the one at hand, and values are multiples of a quantum */
        double value = (double)run->best_value, bound = (p.bound > p.out ? p.bound : p.out) * p.whole.value_scale;
        if (run->found && bound < (double)(run->best_value + p.whole.quantum))
            bound = value;
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
    note_bound(run, &p->whole, p->bound);
    return run->stopped ? WM_OK : plan_at(&p->whole, p->arena, run, p->prices);
}

static int by_size(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* How much each option's net worth falls short of its group's best, at these prices. */
static int list_shortfalls(const struct model *m, struct arena *arena, const double *prices, double **out)
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
static int first_options(const struct model *m, struct arena *arena, const double *prices, size_t each, uint8_t *keep)
{
    double *below, *sorted = arena_alloc(arena, m->n_options + 1, sizeof *sorted);
    int status = list_shortfalls(m, arena, prices, &below);
    if (status != WM_OK || !sorted)
        return WM_EMEMORY;
    size_t wanted = each * (m->n_groups + m->n_rows);
    wanted = wanted < m->n_options ? wanted : m->n_options;
    memcpy(sorted, below, m->n_options * sizeof *sorted);
    qsort(sorted, m->n_options, sizeof *sorted, by_size);
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
    int status = first_options(m, p->arena, p->prices, SIFT_FIRST, p->keep);
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
    note_bound(p->run, m, bound);
    return p->run->stopped ? WM_OK : plan_at(m, p->arena, p->run, p->prices);
}

static bool fits_alone(const struct model *m, uint32_t k)
{
    for (size_t u = m->first_use[k]; u < m->first_use[k + 1]; u++)
        if (m->use[u] > m->limit[m->use_row[u]])
            return false;
    return true;
}

/* In keep[] the options that a better plan may still have, by these prices; `out` bounds the plans with another. */
static int choose_left(struct passes *p)
{
    const struct model *m = &p->whole;
    double *below, cutoff = run_cutoff(p->run, m), slack = 1e-9 * (1 + fabs(p->bound));
    if (list_shortfalls(m, p->arena, p->prices, &below) != WM_OK)
        return WM_EMEMORY;
    for (size_t o = 0; o < m->n_options; o++) {
        double most = p->bound - below[o] + slack;
        p->keep[o] = below[o] == 0 || most >= cutoff;
        if (!p->keep[o])
            p->out = most > p->out ? most : p->out;
        p->keep[o] = p->keep[o] && fits_alone(m, m->shape_of[o]);
    }
    for (size_t g = 0; g < m->n_groups; g++)
        if (!memchr(p->keep + m->first[g], true, m->first[g + 1] - m->first[g]))
            p->keep[m->first[g]] = true; /* a group keeps something, if it breaks a limit */
    return WM_OK;
}

/*
 * What may still be in a better plan (the field), and the few options of it that the relaxation is solved with (the core).
 * Both are made anew when cuts come or options go.
 */
struct stage {
    struct arena arena; /* of all below */
    struct model field, core;
    uint8_t *in;              /* [field options] is in the core */
    struct renumbering cored; /* from field to core */
    struct simplex lp;        /* of the core */
    double *prices, *cost;    /* [field rows], [field shapes] */
    double *share;            /* [field options] */
    double *core_share;       /* [core options] */
    double *below;            /* [field options] how much each falls short of its group's best */
    uint8_t *keep, *wider;    /* [field options] of the next stage: its field, its core */
    double bound;             /* of the field, by these prices */
};

static void stage_free(struct stage *stage)
{
    if (stage)
        arena_fini(&stage->arena);
    free(stage);
}

/* The relaxation of what the old field's options and rows became goes on from where that of the old core was. */
static bool adopt_core(struct simplex *lp, const struct stage *old, const struct renumbering *to, struct arena *arena)
{
    struct renumbering all = {arena_alloc(arena, old->core.n_options + 1, sizeof *all.option),
                              arena_alloc(arena, old->core.n_rows + 1, sizeof *all.row)};
    if (!all.option || !all.row)
        return false;
    for (size_t o = 0; o < old->field.n_options; o++)
        if (old->in[o])
            all.option[old->cored.option[o]] = to->option[o];
    for (size_t r = 0; r < old->field.n_rows; r++)
        if (old->cored.row[r] != NO_ROW)
            all.row[old->cored.row[r]] = to->row[r];
    return simplex_adopt(lp, &old->lp, &all);
}

/* The core of a stage whose field and `in` are made, and its relaxation; from `old`'s, renumbered, or from scratch. */
static int make_core(struct stage *s, const struct stage *old, struct renumbering *to)
{
    const struct model *m = &s->field;
    int status = model_narrow(m, s->in, NULL, false, &s->arena, &s->core, &s->cored);
    s->prices = arena_alloc(&s->arena, m->n_rows + 1, sizeof *s->prices);
    s->cost = arena_alloc(&s->arena, m->n_shapes + 1, sizeof *s->cost);
    s->share = arena_alloc(&s->arena, m->n_options + 1, sizeof *s->share);
    s->core_share = arena_alloc(&s->arena, m->n_options + 1, sizeof *s->core_share);
    s->below = arena_alloc(&s->arena, m->n_options + 1, sizeof *s->below);
    s->keep = arena_alloc(&s->arena, m->n_options + 1, sizeof *s->keep);
    s->wider = arena_alloc(&s->arena, m->n_options + 1, sizeof *s->wider);
    if (status != WM_OK || !s->prices || !s->cost || !s->share || !s->core_share || !s->below || !s->keep ||
        !s->wider || !simplex_init(&s->lp, &s->arena, &s->core))
        return WM_EMEMORY;
    if (!old)
        return simplex_begin(&s->lp) ? WM_OK : WM_EMEMORY;
    for (size_t o = 0; o < old->field.n_options; o++) /* past the field to the core */
        to->option[o] = to->option[o] == NO_OPTION ? NO_OPTION : s->cored.option[to->option[o]];
    for (size_t r = 0; r < old->field.n_rows; r++)
        to->row[r] = to->row[r] == NO_ROW ? NO_ROW : s->cored.row[to->row[r]];
    return adopt_core(&s->lp, old, to, &s->arena) ? WM_OK : WM_EMEMORY;
}

/* The next stage: of the field's options in keep[], with more rows; those `in` are the core. */
static int next_stage(struct stage **stage, const uint8_t *in, const struct rows *rows)
{
    struct stage *old = *stage, *new = calloc(1, sizeof *new); /* what holds an arena is not in it */
    struct renumbering to;
    if (!new)
        return WM_EMEMORY;
    arena_init(&new->arena, ARENA_BYTES_MAX);
    int status = model_narrow(&old->field, old->keep, rows, true, &new->arena, &new->field, &to);
    new->in = status == WM_OK ? arena_alloc(&new->arena, new->field.n_options + 1, 1) : NULL;
    status = new->in ? WM_OK : WM_EMEMORY;
    for (size_t o = 0; o < old->field.n_options && status == WM_OK; o++)
        if (to.option[o] != NO_OPTION)
            new->in[to.option[o]] = in[o];
    if (status == WM_OK)
        status = make_core(new, old, &to);
    stage_free(old);
    *stage = new;
    return status;
}

/* What is left after the passes before, as the first stage. */
static int first_stage(struct passes *p, struct stage **out)
{
    struct stage *s = *out = calloc(1, sizeof *s);
    if (!s)
        return WM_EMEMORY;
    arena_init(&s->arena, ARENA_BYTES_MAX);
    struct renumbering to;
    int status = choose_left(p);
    if (status == WM_OK)
        status = model_narrow(&p->whole, p->keep, NULL, true, &s->arena, &s->field, &to);
    if (status != WM_OK)
        return status;
    double *prices = arena_alloc(&s->arena, s->field.n_rows + 1, sizeof *prices);
    s->in = arena_alloc(&s->arena, s->field.n_options + 1, 1);
    if (!prices || !s->in)
        return WM_EMEMORY;
    for (size_t r = 0; r < p->whole.n_rows; r++)
        if (to.row[r] != NO_ROW)
            prices[to.row[r]] = p->prices[r] * (p->whole.value_scale / s->field.value_scale) *
                                (s->field.row_scale[to.row[r]] / p->whole.row_scale[r]);
    status = first_options(&s->field, &s->arena, prices, SIFT_FIRST, s->in);
    return status == WM_OK ? make_core(s, NULL, NULL) : status;
}

/* A bound on what is left, in worth of the model, becomes the passes'. */
static void lower_bound(struct passes *p, const struct model *m, double bound)
{
    bound *= m->value_scale / p->whole.value_scale;
    p->bound = bound < p->bound ? bound : p->bound;
    note_bound(p->run, &p->whole, p->bound > p->out ? p->bound : p->out);
}

/* Prices, costs, shares and shortfalls of the whole field from the core's relaxation; the field's bound by them. */
static void look_around(struct stage *s)
{
    const struct model *m = &s->field, *core = &s->core;
    double unit = core->value_scale / m->value_scale;
    memset(s->prices, 0, m->n_rows * sizeof *s->prices);
    for (size_t r = 0; r < m->n_rows; r++) {
        uint32_t at = s->cored.row[r];
        double price = at == NO_ROW ? 0 : s->lp.prices[at];
        if (price > 0 || m->least[r] > 0)
            s->prices[r] = price * unit * (m->row_scale[r] / core->row_scale[at]);
    }
    s->bound = price_bound(m, NULL, s->prices, s->cost);
    shape_costs(m, s->prices, s->cost);
    for (size_t g = 0; g < m->n_groups; g++) {
        double best = -HUGE_VAL;
        for (size_t o = m->first[g]; o < m->first[g + 1]; o++) {
            s->below[o] = m->worth[o] - s->cost[m->shape_of[o]];
            best = s->below[o] > best ? s->below[o] : best;
        }
        for (size_t o = m->first[g]; o < m->first[g + 1]; o++)
            s->below[o] = best - s->below[o];
    }
}

/* Into keep[]: the options of the field that a better plan may have, and how many; `out` bounds the plans with another. */
static size_t keep_better(struct passes *p, struct stage *s)
{
    const struct model *m = &s->field;
    uint8_t *keep = s->keep;
    double cutoff = run_cutoff(p->run, m), slack = 1e-9 * (1 + fabs(s->bound)),
           scale = m->value_scale / p->whole.value_scale;
    size_t n = 0;
    for (size_t o = 0; o < m->n_options; o++) {
        double most = s->bound - s->below[o] + slack;
        keep[o] = most >= cutoff || s->below[o] <= 0 || (s->in[o] && s->lp.is_basic[s->cored.option[o]]);
        n += keep[o];
        if (!keep[o])
            p->out = most * scale > p->out ? most * scale : p->out;
    }
    return n;
}

/* Into wider[]: the core, and of each group the first few of the options that would do better; returns how many of these. */
static size_t widen_core(struct stage *s)
{
    const struct model *m = &s->field;
    uint8_t *in = s->wider;
    size_t n = 0;
    memcpy(in, s->in, m->n_options);
    for (size_t g = 0; g < m->n_groups; g++) {
        double best = HUGE_VAL;
        for (size_t o = m->first[g]; o < m->first[g + 1]; o++)
            best = s->in[o] && s->below[o] < best ? s->below[o] : best;
        for (int taken = 0; taken < WIDENED; taken++) {
            size_t next = SIZE_MAX;
            for (size_t o = m->first[g]; o < m->first[g + 1]; o++)
                if (!in[o] && s->below[o] < best - 1e-9 && (next == SIZE_MAX || s->below[o] < s->below[next]))
                    next = o;
            if (next == SIZE_MAX)
                break;
            in[next] = true;
            n++;
        }
    }
    return n;
}

enum relaxed { RELAXED, RELAXED_NOTHING_LEFT, RELAXED_NOT, RELAXED_STARVED };

/*
 * The field's relaxation, by the core's: options of the field that would do better join the core, until none would. (Those
 * that nearly would join with them.)
 */
static enum relaxed relax_stage(struct passes *p, struct stage **stage)
{
    for (int round = 0; round < SIFT_ROUNDS; round++) {
        struct stage *s = *stage;
        enum lp_status solved = simplex_solve(&s->lp, -HUGE_VAL, 0, p->run);
        if (solved == LP_STARVED)
            return RELAXED_STARVED;
        if (solved == LP_STOPPED)
            return RELAXED_NOT;
        bool all = s->core.n_options == s->field.n_options;
        if (solved == LP_INFEASIBLE && all)
            return RELAXED_NOTHING_LEFT;
        look_around(s);
        lower_bound(p, &s->field, s->bound);
        size_t violated = solved == LP_INFEASIBLE ? 1 : widen_core(s);
        if (solved == LP_INFEASIBLE)
            memset(s->wider, true, s->field.n_options);
        if (violated == 0)
            return solved == LP_OPTIMAL ? RELAXED : RELAXED_NOT;
        keep_better(p, s);
        if (next_stage(stage, s->wider, NULL) != WM_OK)
            return RELAXED_STARVED;
    }
    return RELAXED_NOT;
}

/* Shares of the field's options. */
static void spread_shares(struct stage *s)
{
    simplex_shares(&s->lp, s->core_share);
    for (size_t o = 0; o < s->field.n_options; o++)
        s->share[o] = s->in[o] ? s->core_share[s->cored.option[o]] : 0;
}

/* What cannot be in a better plan, by the relaxation's prices, and rows that do not bind, go; cuts come. */
static int cut_once(struct passes *p, struct stage **stage, bool *more)
{
    struct stage *s = *stage;
    struct arena scratch;
    struct rows rows;
    arena_init(&scratch, ARENA_BYTES_MAX);
    uint8_t *idle = arena_alloc(&scratch, s->field.n_rows + 1, 1);
    spread_shares(s);
    int status = idle ? cuts_find(&s->field, s->share, p->run, &scratch, &rows) : WM_EMEMORY;
    if (status == WM_OK && (*more = rows.n > 0)) {
        keep_better(p, s);
        for (size_t r = s->field.n_resources; r < s->field.n_rows; r++)
            idle[r] = s->cored.row[r] == NO_ROW || s->lp.slack[s->cored.row[r]] == SLACK_BASIC;
        rows.idle = idle;
        status = next_stage(stage, s->in, &rows);
    }
    arena_fini(&scratch);
    return status;
}

/* Cuts in rounds, as long as they lower the bound. *open is false when nothing better is left, proven. */
static int strengthen(struct passes *p, struct stage **stage, bool *open)
{
    struct run *run = p->run;
    double before = HUGE_VAL;
    int idle = 0;
    for (int round = 0; round < CUT_ROUNDS; round++) {
        bool more = false;
        enum relaxed relaxed = relax_stage(p, stage);
        if (relaxed == RELAXED_STARVED)
            return WM_EMEMORY;
        if (relaxed == RELAXED_NOTHING_LEFT)
            p->bound = -HUGE_VAL;
        *open = p->bound >= run_cutoff(run, &p->whole);
        if (!*open || run->stopped || relaxed != RELAXED)
            break;
        double gap = p->bound - (run->found ? (double)run->best_value / p->whole.value_scale : 0);
        idle = before - p->bound < 0.01 * gap ? idle + 1 : 0;
        before = p->bound;
        if (idle > CUT_IDLE)
            break;
        int status = cut_once(p, stage, &more);
        if (status != WM_OK)
            return status;
        if (!more)
            break;
    }
    return WM_OK;
}

/* Into keep[]: so many of the field's options, those that fall least short; ties and what is basic come on top. */
static int keep_nearest(struct stage *s, size_t wanted, struct arena *arena)
{
    size_t n = s->field.n_options;
    double *sorted = arena_alloc(arena, n + 1, sizeof *sorted);
    if (!sorted)
        return WM_EMEMORY;
    memcpy(sorted, s->below, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_size);
    double most = sorted[wanted < n ? wanted : n - 1];
    for (size_t o = 0; o < n; o++)
        s->keep[o] = s->below[o] <= most || (s->in[o] && s->lp.is_basic[s->cored.option[o]]);
    return WM_OK;
}

/* Good plans soon: a short search among few options. *ended: all of them were looked at. */
static int search_nearest(struct passes *p, struct stage *s, size_t wanted, size_t nodes, bool *ended)
{
    struct arena scratch;
    struct model some;
    struct simplex lp;
    struct renumbering to;
    double bound = HUGE_VAL;
    arena_init(&scratch, ARENA_BYTES_MAX);
    p->run->phase = "plan";
    p->run->nodes_most = p->run->nodes + nodes;
    int status = keep_nearest(s, wanted, &scratch);
    if (status == WM_OK)
        status = model_narrow(&s->field, s->keep, NULL, true, &scratch, &some, &to);
    if (status == WM_OK && (!simplex_init(&lp, &scratch, &some) || !adopt_core(&lp, s, &to, &scratch)))
        status = WM_EMEMORY;
    if (status == WM_OK)
        status = branch_search(&some, &lp, &scratch, p->run, &bound);
    *ended = p->run->nodes < p->run->nodes_most;
    p->run->nodes_most = 0;
    p->run->phase = "search";
    arena_fini(&scratch);
    return status;
}

/* The field, as narrow as it is now, to the end. */
static int search_field(struct passes *p, struct stage **stage)
{
    keep_better(p, *stage);
    int status = next_stage(stage, (*stage)->keep, NULL);
    if (status != WM_OK)
        return status;
    struct stage *s = *stage;
    double bound = p->bound * (p->whole.value_scale / s->field.value_scale);
    status = branch_search(&s->core, &s->lp, &s->arena, p->run, &bound);
    p->bound = bound * (s->field.value_scale / p->whole.value_scale);
    return status;
}

/*
 * Better plans narrow the field, and a narrow field is searched soon: so first a few options are searched, those that the
 * prices think most of, then more of them, and for longer, until the field is not much larger.
 */
static int search_near(struct passes *p, struct stage *s)
{
    struct run *run = p->run;
    size_t wanted = s->field.n_groups + NEAR_ROW * s->field.n_rows, nodes = NEAR_NODES;
    int status = WM_OK;
    while (status == WM_OK && nodes <= NEAR_NODES_MOST && !run_stops(run) && p->bound >= run_cutoff(run, &p->whole)) {
        bool ended = false;
        if (keep_better(p, s) <= wanted + wanted / 2)
            break;
        wide before = run->best_value;
        status = search_nearest(p, s, wanted, nodes, &ended);
        wanted = ended ? 2 * wanted : wanted + wanted / 4;
        if (!ended && run->best_value == before)
            nodes *= 2;
    }
    return status;
}

static int search(struct passes *p, bool *possible)
{
    struct run *run = p->run;
    struct stage *stage = NULL;
    bool open = true;
    run->phase = "search";
    int status = first_stage(p, &stage);
    if (status == WM_OK)
        status = strengthen(p, &stage, &open);
    if (status == WM_OK && open)
        status = search_near(p, stage);
    if (status == WM_OK && open && !run->stopped && p->bound >= run_cutoff(run, &p->whole))
        status = search_field(p, &stage);
    *possible = run->found || run->stopped;
    stage_free(stage);
    return status;
}

static int conclude(const struct run *run, const double *prices, struct arena *arena, struct wm_solution *plan)
{
    const struct wm_problem *p = run->problem;
    int64_t *choices = arena_alloc(arena, p->n_groups + 1, sizeof *choices);
    if (!choices)
        return WM_EMEMORY;
    for (size_t g = 0; g < p->n_groups; g++)
        choices[g] = run->found && run->best[g] != NO_OPTION ? (int64_t)run->best[g] : WM_NO_OPTION;
    struct wm_solution_verdict verdict;
    int status = wm_solution_verify(p, choices, prices, &verdict);
    if (status != WM_OK)
        return status;
    assert(verdict.feasible || !run->found);
    double bound = (p->minimise ? -run->bound : run->bound) / NANO,
           proven = p->minimise ? -verdict.bound : verdict.bound;
    bound = verdict.bounded && proven < run->bound / NANO ? verdict.bound : bound;
    if (run->found && (p->minimise ? bound > verdict.value : bound < verdict.value))
        bound = verdict.value; /* the last digit of a rounding to the safe side */
    *plan = (struct wm_solution){
        .found = run->found,
        .value = run->found ? verdict.value : 0,
        .bounded = verdict.bounded,
        .bound = bound,
        .price_bound = verdict.bound,
        .gap = run->found ? plan_gap(bound, verdict.value) : 1,
        .n_groups = p->n_groups,
        .choices = choices,
        .n_resources = p->n_resources,
        .prices = prices,
    };
    plan->status = plan->gap <= GAP_PROVEN         ? WM_PLAN_OPTIMAL
                   : plan->gap <= run->options.gap ? WM_PLAN_WITHIN_GAP
                                                   : WM_PLAN_DEADLINE;
    return WM_OK;
}

/* ---- the conflict ---- */

/* Whether these demands can all hold; not stopped only. */
static int holds_together(struct run *run, const struct demands *demands, bool *possible)
{
    struct run trial = {.problem = run->problem,
                        .options = {.stop = run->options.stop, .arg = run->options.arg},
                        .stopped = run->stopped,
                        .phase = "conflict",
                        .any = true,
                        .bound = HUGE_VAL};
    struct arena arena;
    arena_init(&arena, ARENA_BYTES_MAX);
    trial.best = arena_alloc(&arena, run->problem->n_groups + 1, sizeof *trial.best);
    trial.used = arena_alloc(&arena, run->problem->n_resources + 1, sizeof *trial.used);
    int status = trial.best && trial.used ? solve(&trial, demands, &arena, NULL, NULL, possible) : WM_EMEMORY;
    arena_fini(&arena);
    run->nodes += trial.nodes;
    if (status == WM_OK && trial.stopped && *possible && !trial.found)
        run->stopped = true;
    run->phase = "conflict";
    run_tell(run);
    return status;
}

static bool *demand(const struct wm_problem *p, struct demands *demands, size_t i)
{
    if (i < p->n_locks)
        return &demands->lock[i];
    i -= p->n_locks;
    return i < p->n_groups ? &demands->must[i] : &demands->exact[i - p->n_groups];
}

static struct wm_conflict conflict_of(const struct wm_problem *p, size_t i)
{
    if (i < p->n_locks)
        return (struct wm_conflict){p->locks[i].group, p->locks[i].option, -1};
    i -= p->n_locks;
    return i < p->n_groups ? (struct wm_conflict){(int64_t)i, WM_NO_OPTION, -1}
                           : (struct wm_conflict){-1, WM_NO_OPTION, (int64_t)(i - p->n_groups)};
}

/*
 * Leaves out stretches of demands, as long as the rest still conflicts; a stretch that is needed is tried again in
 * halves, and one demand that is needed stays.
 */
static int find_conflict(struct run *run, struct demands *demands, struct arena *arena, struct wm_solution *plan)
{
    const struct wm_problem *p = run->problem;
    size_t n = p->n_locks + p->n_groups + p->n_resources, n_left = 0, stretch = 1;
    uint32_t *left = arena_alloc(arena, n + 1, sizeof *left);
    struct wm_conflict *conflicts = arena_alloc(arena, n + 1, sizeof *conflicts);
    if (!left || !conflicts)
        return WM_EMEMORY;
    for (size_t i = 0; i < n; i++)
        if (*demand(p, demands, i))
            left[n_left++] = (uint32_t)i;
    while (2 * stretch < n_left)
        stretch *= 2;
    for (; stretch > 0 && !run->stopped; stretch /= 2)
        for (size_t at = 0; at < n_left && !run->stopped;) {
            size_t end = at + stretch < n_left ? at + stretch : n_left;
            bool possible = true;
            for (size_t i = at; i < end; i++)
                *demand(p, demands, left[i]) = false;
            int status = holds_together(run, demands, &possible);
            if (status != WM_OK)
                return status;
            if (possible) { /* or not known: stopped */
                for (size_t i = at; i < end; i++)
                    *demand(p, demands, left[i]) = true;
                at = end;
            } else {
                memmove(left + at, left + end, (n_left - end) * sizeof *left);
                n_left -= end - at;
            }
        }
    for (size_t i = 0; i < n_left; i++)
        conflicts[i] = conflict_of(p, left[i]);
    *plan = (struct wm_solution){.status = WM_PLAN_INFEASIBLE,
                                 .gap = 1,
                                 .n_conflicts = n_left,
                                 .conflicts = conflicts,
                                 .conflicts_least = !run->stopped};
    return WM_OK;
}
