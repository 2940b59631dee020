/*
 * The answer from what the passes found: prices no higher than they need to be, then plan and bound once more from those
 * alone, by code that knows nothing of the solver.
 *
 * Where plans are degenerate many prices prove the same bound, and the highest of them promise what one more unit does not
 * bring. So each price, in the order of resources, falls to the lowest that is best while the others stay: the bound is
 * convex in it, and its slope there is the limit less what the groups that take their best options use. The bound is no
 * worse for it. Of prices that could only fall together none does.
 *
 * Where that would take long, a price falls until the first option that uses the resource is as good as its group's best,
 * which leaves what groups get as it is.
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
    double *best;         /* [n_groups] of what the group may take */
    uint32_t *taken;      /* [n_groups] the option of that, NO_USER: none */
    uint8_t *may_take;    /* [n_options] */
    uint32_t *seen;       /* [n_options] 1 + the last resource that was looked at and that it uses */
    struct offer *offers; /* of the resource at hand, groups one after another */
    size_t n_offers;
};

struct offer {        /* an option that uses the resource at hand */
    double net, use;  /* what it is worth when that costs nothing */
    double otherwise; /* the most that its group has without the resource */
    uint32_t option, group;
};

/* The part of the bound that a price moves, and how it goes on to the right. */
struct slope {
    double price, bound, rise;
};

enum { CLOSE_MOST = 200000 /* uses: so many are gone through again and again */, STEPS_MOST = 50, ROUNDS_MOST = 5 };

#define NO_USER UINT32_MAX

static bool clip_init(struct clip *c, const struct wm_problem *p, struct arena *arena)
{
    size_t n_uses = p->first_use[p->n_options];
    c->p = p;
    c->prices = arena_alloc(arena, p->n_resources + 1, sizeof *c->prices);
    c->head = arena_alloc(arena, p->n_resources + 1, sizeof *c->head);
    c->users = arena_alloc(arena, n_uses + 1, sizeof *c->users);
    c->best = arena_alloc(arena, p->n_groups + 1, sizeof *c->best);
    c->taken = arena_alloc(arena, p->n_groups + 1, sizeof *c->taken);
    c->may_take = arena_alloc(arena, p->n_options + 1, 1);
    if (n_uses <= CLOSE_MOST) {
        c->seen = arena_alloc(arena, p->n_options + 1, sizeof *c->seen);
        c->offers = arena_alloc(arena, n_uses + 1, sizeof *c->offers);
        if (!c->seen || !c->offers)
            return false;
    }
    return c->prices && c->head && c->users && c->best && c->taken && c->may_take;
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
        c->taken[g] = NO_USER;
        for (uint32_t o = p->first_option[g]; o < p->first_option[g + 1]; o++) {
            double net = c->may_take[o] ? net_without(c, o, p->n_resources) : -HUGE_VAL;
            if (net > c->best[g]) {
                c->best[g] = net;
                c->taken[g] = o;
            }
        }
    }
}

/* The most that group g has when it keeps off the options that were seen to use r; -HUGE_VAL: nothing else. */
static double best_without(const struct clip *c, uint32_t g, size_t r)
{
    const struct wm_problem *p = c->p;
    if (c->taken[g] == NO_USER || c->seen[c->taken[g]] != r + 1)
        return c->best[g];
    double best = p->must[g] ? -HUGE_VAL : 0;
    for (uint32_t o = p->first_option[g]; o < p->first_option[g + 1]; o++) {
        double net = c->may_take[o] && c->seen[o] != r + 1 ? net_without(c, o, p->n_resources) : -HUGE_VAL;
        best = net > best ? net : best;
    }
    return best;
}

/* A resource's users are in the order of options, so a group's stand together. */
static void list_offers(struct clip *c, size_t r)
{
    c->n_offers = 0;
    for (uint32_t i = c->head[r]; i != NO_USER; i = c->users[i].next)
        c->seen[c->users[i].option] = (uint32_t)r + 1;
    for (uint32_t i = c->head[r]; i != NO_USER; i = c->users[i].next) {
        uint32_t o = c->users[i].option, g = c->p->group_of[o];
        bool same = c->n_offers > 0 && c->offers[c->n_offers - 1].group == g;
        double otherwise = same ? c->offers[c->n_offers - 1].otherwise : best_without(c, g, r);
        c->offers[c->n_offers++] =
            (struct offer){net_without(c, o, r), (double)c->users[i].use / MICRO, otherwise, o, g};
    }
}

/* Of what is as good a group takes what uses least: so the slope is that to the right. */
static struct slope slope_at(const struct clip *c, double limit, double price)
{
    struct slope out = {price, price * limit, limit};
    for (size_t i = 0, next; i < c->n_offers; i = next) {
        double best = c->offers[i].otherwise, use = 0;
        for (next = i; next < c->n_offers && c->offers[next].group == c->offers[i].group; next++) {
            double net = c->offers[next].net - price * c->offers[next].use, near = 1e-12 * fabs(c->offers[next].net);
            if (net > best + near || (net >= best - near && c->offers[next].use < use)) {
                best = net > best ? net : best;
                use = c->offers[next].use;
            }
        }
        out.bound += best == -HUGE_VAL ? 0 : best;
        out.rise -= use;
    }
    return out;
}

/*
 * The lowest price that is best, from 0 to that of now: between one where the bound falls and one where it does not, the
 * next to look at is where the two lines meet. When nothing lies below that point, it is the lowest.
 */
static double lowest_price(struct clip *c, size_t r)
{
    double limit = (double)c->p->limit_micro[r] / MICRO;
    list_offers(c, r);
    struct slope high = slope_at(c, limit, c->prices[r]), low = slope_at(c, limit, 0);
    if (high.rise < 0 || low.rise >= 0)
        return high.rise < 0 ? c->prices[r] : 0;
    for (int step = 0; step < STEPS_MOST; step++) {
        double meet =
            low.price + (low.bound - high.bound + high.rise * (high.price - low.price)) / (high.rise - low.rise);
        if (!(meet > low.price && meet < high.price))
            break;
        struct slope at = slope_at(c, limit, meet);
        if (at.rise < 0) {
            low = at;
        } else {
            bool vertex = at.bound <= low.bound + low.rise * (meet - low.price) + 1e-12 * fabs(at.bound);
            high = at;
            if (vertex)
                break;
        }
    }
    return high.price;
}

/* The price has fallen, and what uses the resource may be what its group takes now. */
static void take_anew(struct clip *c, double price)
{
    for (size_t i = 0, next; i < c->n_offers; i = next) {
        uint32_t g = c->offers[i].group;
        for (next = i; next < c->n_offers && c->offers[next].group == g; next++) {
            double net = c->offers[next].net - price * c->offers[next].use;
            if (net > c->best[g]) {
                c->best[g] = net;
                c->taken[g] = c->offers[next].option;
            }
        }
    }
}

/* Whether any price fell. */
static bool lower_prices(struct clip *c, bool closely)
{
    bool fell = false;
    for (size_t r = 0; r < c->p->n_resources; r++) {
        if (!(c->prices[r] > 0) || c->p->resource_must[r])
            continue;
        double least = closely ? lowest_price(c, r) : least_price(c, r);
        if (least < (1 - 1e-9) * c->prices[r]) {
            c->prices[r] = least;
            fell = true;
            if (closely)
                take_anew(c, least);
        }
    }
    return fell;
}

/* Lower prices where they prove as much: by the verdict, not by the reasoning above. */
static int try_lower(struct clip *c, const int64_t *choices, double *prices, bool closely,
                     struct wm_solution_verdict *verdict)
{
    const struct wm_problem *p = c->p;
    struct wm_solution_verdict lower;
    double sign = p->minimise ? -1 : 1;
    memcpy(c->prices, prices, p->n_resources * sizeof *prices);
    find_best(c);
    for (int round = 0; lower_prices(c, closely) && closely && round < ROUNDS_MOST; round++)
        ; /* one that fell may let an earlier one fall */
    int status = wm_solution_verify(p, choices, c->prices, &lower);
    if (status == WM_OK && verdict->bounded &&
        sign * lower.bound <= sign * verdict->bound + 1e-13 * fabs(verdict->bound)) {
        memcpy(prices, c->prices, p->n_resources * sizeof *prices);
        *verdict = lower;
    }
    return status;
}

static int clip_prices(const struct wm_problem *p, const int64_t *choices, double *prices,
                       struct wm_solution_verdict *verdict)
{
    struct arena scratch;
    struct clip c = {.seen = NULL};
    arena_init(&scratch, ARENA_BYTES_MAX);
    int status = clip_init(&c, p, &scratch) ? WM_OK : WM_EMEMORY;
    if (status == WM_OK) {
        mark_takable(&c);
        list_users(&c);
        status = try_lower(&c, choices, prices, false, verdict);
    }
    if (status == WM_OK && c.seen)
        status = try_lower(&c, choices, prices, true, verdict);
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
