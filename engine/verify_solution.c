/*
 * Judges a plan without the solver: nothing here is shared with solve.c, simplex.c, branch.c or their header.
 *
 * Feasibility and value are sums of integers. The bound is Lagrange's (Geoffrion 1974): for prices p >= 0,
 *
 *     sum_r p_r limit_r  +  sum_g max over the options g may take of (value - sum_r p_r use_r)
 *
 * is at least the value of every plan, because a plan pays for no more than the limits. A resource that must be used in
 * full is paid for exactly, so its price may be negative. It is worked out in doubles, and
 * each rounding is paid for: a sum of n terms is off by less than (n + 1) * 2^-52 times the sum of their sizes (Higham,
 * Accuracy and Stability of Numerical Algorithms, 2002, section 4.2, with 2^-53 doubled to cover second order terms), and
 * that much is added. Units are 1e-9 for values and 1e-6 for uses until the end.
 */
#include "problem.h"
#include "internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDING 0x1p-52

struct sum {
    double total, size; /* of the terms, and of their absolute values */
    double n;
};

static void add(struct sum *sum, double term)
{
    sum->total += term;
    sum->size += term < 0 ? -term : term;
    sum->n++;
}

/* At least the true sum, when each term was itself rounded at most twice. */
static double above(const struct sum *sum)
{
    return sum->total + (sum->n + 4) * ROUNDING * sum->size;
}

/* What is no price counts as none; any price is as good for a bound. */
static double fair_price(const struct wm_problem *p, const double *prices, size_t r)
{
    double price = prices[r];
    return (price > 0 && price <= 1e300) || (price < 0 && price >= -1e300 && p->resource_must[r]) ? price : 0;
}

/* held[g]: the option a lock asks of group g, or WM_NO_OPTION; torn[g]: two locks ask for different ones. */
static bool may_take(const struct wm_problem *p, const int64_t *held, size_t g, size_t o)
{
    return !p->forbidden[o] && (held[g] == WM_NO_OPTION || held[g] == (int64_t)o);
}

/* The most any option of group g is worth at these prices, in 1e-9; false when it has none it may take. */
static bool group_most(const struct wm_problem *p, const int64_t *held, const bool *torn, const double *prices,
                       size_t g, double *out)
{
    bool any = !p->must[g] && held[g] == WM_NO_OPTION;
    double most = 0;
    for (size_t o = p->first_option[g]; o < p->first_option[g + 1] && !torn[g]; o++) {
        if (!may_take(p, held, g, o))
            continue;
        struct sum worth = {0};
        add(&worth, (double)(p->minimise ? -p->value_nano[o] : p->value_nano[o]));
        for (size_t u = p->first_use[o]; u < p->first_use[o + 1]; u++)
            add(&worth, -fair_price(p, prices, p->use_resource[u]) * ((double)p->use_micro[u] * 1e3));
        double w = above(&worth);
        most = any && most > w ? most : w;
        any = true;
    }
    *out = most;
    return any;
}

static void bound_of_prices(const struct wm_problem *p, const int64_t *held, const bool *torn, const double *prices,
                            struct wm_solution_verdict *out)
{
    struct sum bound = {0};
    out->bounded = true;
    for (size_t r = p->n_resources; r-- > 0;)
        if (fair_price(p, prices, r) != prices[r])
            out->price = r;
    for (size_t r = 0; r < p->n_resources; r++)
        add(&bound, fair_price(p, prices, r) * ((double)p->limit_micro[r] * 1e3));
    for (size_t g = 0; g < p->n_groups; g++) {
        double most;
        out->bounded &= group_most(p, held, torn, prices, g, &most);
        add(&bound, most);
    }
    double nano = above(&bound);
    double value = nano / 1e9;
    value += (value < 0 ? -value : value) * ROUNDING; /* the division rounded too */
    out->bound = p->minimise ? -value : value;
}

static void check_groups(const struct wm_problem *p, const int64_t *held, const bool *torn, const int64_t *choices,
                         struct wm_solution_verdict *out)
{
    for (size_t g = p->n_groups; g-- > 0;) {
        int64_t o = choices[g];
        bool kept = !torn[g] && (held[g] == WM_NO_OPTION || held[g] == o);
        kept = kept && (o == WM_NO_OPTION ? !p->must[g] : !p->forbidden[o]);
        if (kept)
            continue;
        out->n_faults++;
        out->group = g;
    }
}

static void check_limits(const struct wm_problem *p, const wide *used, struct wm_solution_verdict *out)
{
    for (size_t r = p->n_resources; r-- > 0;)
        if (used[r] > p->limit_micro[r] || (p->resource_must[r] && used[r] < p->limit_micro[r])) {
            out->n_faults++;
            out->resource = r;
        }
}

static bool choices_known(const struct wm_problem *p, const int64_t *choices)
{
    for (size_t g = 0; g < p->n_groups; g++)
        if (choices[g] != WM_NO_OPTION &&
            (choices[g] < (int64_t)p->first_option[g] || choices[g] >= (int64_t)p->first_option[g + 1]))
            return false;
    return true;
}

int wm_solution_verify(const struct wm_problem *p, const int64_t *choices, const double *prices,
                       struct wm_solution_verdict *out)
{
    if (!choices_known(p, choices))
        return WM_EUNKNOWN;
    int status = WM_EMEMORY;
    wide value = 0, *used = calloc(p->n_resources + 1, sizeof *used);
    int64_t *held = calloc(p->n_groups + 1, sizeof *held);
    bool *torn = calloc(p->n_groups + 1, sizeof *torn);
    if (!used || !held || !torn)
        goto done;
    for (size_t g = 0; g < p->n_groups; g++)
        held[g] = WM_NO_OPTION;
    for (size_t i = 0; i < p->n_locks; i++) {
        int64_t *lock = &held[p->locks[i].group];
        torn[p->locks[i].group] |= *lock != WM_NO_OPTION && *lock != p->locks[i].option;
        *lock = p->locks[i].option;
    }
    for (size_t g = 0; g < p->n_groups; g++) {
        if (choices[g] == WM_NO_OPTION)
            continue;
        size_t o = (size_t)choices[g];
        value += p->value_nano[o];
        for (size_t u = p->first_use[o]; u < p->first_use[o + 1]; u++)
            used[p->use_resource[u]] += p->use_micro[u];
    }
    *out = (struct wm_solution_verdict){.resource = p->n_resources, .group = p->n_groups, .price = p->n_resources};
    check_groups(p, held, torn, choices, out);
    check_limits(p, used, out);
    out->feasible = out->n_faults == 0;
    out->value = (double)value / 1e9;
    bound_of_prices(p, held, torn, prices, out);
    status = WM_OK;
done:
    free(torn);
    free(held);
    free(used);
    return status;
}
