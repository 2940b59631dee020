/*
 * The answer from what the passes found: prices no higher than they need to be, then plan and bound once more from those
 * alone, by code that knows nothing of the solver.
 *
 * A price that is lowered until the first option that uses the resource is as good as its group's best leaves what groups
 * get as it is, and makes the limits cheaper: the bound is no worse. That is what tells a price that matters from one
 * that is just high enough: of a limit of 0 any price proves as much that keeps everyone out.
 */
#include "passes.h"
#include "internal.h"

#include <assert.h>
#include <math.h>
#include <string.h>

struct user { /* an option that may be taken and uses the resource, in a list by resource */
    uint32_t option, next;
    int64_t use;
};

struct clip {
    const struct wm_problem *p;
    double *prices;
    uint32_t *head; /* [n_resources] into users[], NO_USER at the end */
    struct user *users;
    double *best;      /* [n_groups] of what the group may take */
    uint8_t *may_take; /* [n_options] */
};

#define NO_USER UINT32_MAX

static bool clip_init(struct clip *c, const struct wm_problem *p, struct arena *arena)
{
    size_t n_uses = p->first_use[p->n_options];
    c->p = p;
    c->prices = arena_alloc(arena, p->n_resources + 1, sizeof *c->prices);
    c->head = arena_alloc(arena, p->n_resources + 1, sizeof *c->head);
    c->users = arena_alloc(arena, n_uses + 1, sizeof *c->users);
    c->best = arena_alloc(arena, p->n_groups + 1, sizeof *c->best);
    c->may_take = arena_alloc(arena, p->n_options + 1, 1);
    return c->prices && c->head && c->users && c->best && c->may_take;
}

/* What locks and forbids leave. */
static void mark_takable(struct clip *c)
{
    const struct wm_problem *p = c->p;
    for (size_t o = 0; o < p->n_options; o++)
        c->may_take[o] = !p->forbidden[o];
    for (size_t i = 0; i < p->n_locks; i++)
        for (uint32_t o = p->first_option[p->locks[i].group]; o < p->first_option[p->locks[i].group + 1]; o++)
            c->may_take[o] &= o == p->locks[i].option;
}

static void list_users(struct clip *c)
{
    const struct wm_problem *p = c->p;
    uint32_t n = 0;
    memset(c->head, 0xff, p->n_resources * sizeof *c->head);
    for (uint32_t o = 0; o < p->n_options; o++)
        for (size_t u = p->first_use[o]; c->may_take[o] && u < p->first_use[o + 1]; u++) {
            uint32_t r = p->use_resource[u];
            c->users[n] = (struct user){o, c->head[r], p->use_micro[u]};
            c->head[r] = n++;
        }
}

/* What an option is worth when resource r costs nothing. Not by adding to what it is worth now: prices can be huge. */
static double net_without(const struct clip *c, uint32_t o, size_t r)
{
    const struct wm_problem *p = c->p;
    double net = (double)(p->minimise ? -p->value_nano[o] : p->value_nano[o]) / NANO;
    for (size_t u = p->first_use[o]; u < p->first_use[o + 1]; u++)
        if (p->use_resource[u] != r)
            net -= c->prices[p->use_resource[u]] * ((double)p->use_micro[u] / MICRO);
    return net;
}

/* The least price at which no option that uses r is better than the best of its group now. */
static double least_price(const struct clip *c, size_t r)
{
    double least = 0;
    for (uint32_t i = c->head[r]; i != NO_USER && least < c->prices[r]; i = c->users[i].next) {
        uint32_t o = c->users[i].option;
        double price = (net_without(c, o, r) - c->best[c->p->group_of[o]]) / ((double)c->users[i].use / MICRO);
        least = price > least ? price : least;
    }
    return least;
}

/* What each group gets. That stays as it is while prices fall no further than least_price. */
static void find_best(struct clip *c)
{
    const struct wm_problem *p = c->p;
    for (size_t g = 0; g < p->n_groups; g++) {
        c->best[g] = p->must[g] ? -HUGE_VAL : 0;
        for (uint32_t o = p->first_option[g]; o < p->first_option[g + 1]; o++) {
            double net = c->may_take[o] ? net_without(c, o, p->n_resources) : -HUGE_VAL;
            c->best[g] = net > c->best[g] ? net : c->best[g];
        }
    }
}

static void lower_prices(struct clip *c)
{
    for (size_t r = 0; r < c->p->n_resources; r++) {
        double least = c->prices[r] > 0 && !c->p->resource_must[r] ? least_price(c, r) : c->prices[r];
        if (least < (1 - 1e-9) * c->prices[r])
            c->prices[r] = least;
    }
}

/* Lower prices where they prove as much: by the verdict, not by the reasoning above. */
static int clip_prices(const struct wm_problem *p, const int64_t *choices, double *prices,
                       struct wm_solution_verdict *verdict)
{
    struct arena scratch;
    struct clip c;
    struct wm_solution_verdict lower;
    arena_init(&scratch, ARENA_BYTES_MAX);
    int status = clip_init(&c, p, &scratch) ? WM_OK : WM_EMEMORY;
    if (status == WM_OK) {
        memcpy(c.prices, prices, p->n_resources * sizeof *prices);
        mark_takable(&c);
        list_users(&c);
        find_best(&c);
        lower_prices(&c);
        status = wm_solution_verify(p, choices, c.prices, &lower);
    }
    double sign = p->minimise ? -1 : 1;
    if (status == WM_OK && verdict->bounded &&
        sign * lower.bound <= sign * verdict->bound + 1e-13 * fabs(verdict->bound)) {
        memcpy(prices, c.prices, p->n_resources * sizeof *prices);
        *verdict = lower;
    }
    arena_fini(&scratch);
    return status;
}

int answer_conclude(const struct run *run, double *prices, struct arena *arena, struct wm_solution *plan)
{
    const struct wm_problem *p = run->problem;
    int64_t *choices = arena_alloc(arena, p->n_groups + 1, sizeof *choices);
    if (!choices)
        return WM_EMEMORY;
    for (size_t g = 0; g < p->n_groups; g++)
        choices[g] = run->found && run->best[g] != NO_OPTION ? (int64_t)run->best[g] : WM_NO_OPTION;
    struct wm_solution_verdict verdict;
    int status = wm_solution_verify(p, choices, prices, &verdict);
    if (status == WM_OK)
        status = clip_prices(p, choices, prices, &verdict);
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
