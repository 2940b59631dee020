/*
 * Lagrange's relaxation: at prices p each group takes its best option of worth less cost, and sum p limit + sum of what
 * they get is a bound (Geoffrion 1974). Every bound the solver relies on comes from here; the simplex method only
 * proposes prices.
 *
 * Quick prices come from a subgradient method with Polyak's step towards the best plan known, and a direction smoothed as
 * in Camerini, Fratta and Maffioli (1975). It is rough (1e-2 to 1e-3) but costs only a scan of the options a step; it
 * gives large problems a first bound and a first plan.
 */
#include "model.h"

#include <math.h>
#include <string.h>

#define ROUNDING 0x1p-52

enum { STEPS_MOST = 300, PATIENCE = 10 };

/* A direction with so short a square is the rest of older ones: what is taken meets the limits, and a step along it, the
   longer the shorter it is, would take prices out of all range. */
#define NO_DIRECTION 1e-16

/* What counts as the price of a row: negative only where the row has a least, which is what is then paid back. */
static double fair(const double *low, const double *prices, size_t r)
{
    return prices[r] > 0 || low[r] > 0 ? prices[r] : 0;
}

/* Costs of shapes, each rounded down by more than its sum can be off. */
static void costs_below(const struct model *m, const double *low, const double *prices, double *cost)
{
    for (size_t k = 0; k < m->n_shapes; k++) {
        double sum = 0, size = 0;
        for (size_t u = m->first_use[k]; u < m->first_use[k + 1]; u++) {
            double term = fair(low, prices, m->use_row[u]) * m->coef[u];
            sum += term;
            size += fabs(term);
        }
        cost[k] = sum - size * ROUNDING * (double)(m->first_use[k + 1] - m->first_use[k] + 2);
    }
}

/* With `taken`, also notes what each group takes: the first of equals. */
static double evaluate(const struct model *m, const struct part *part, const double *prices, double *cost,
                       uint32_t *taken)
{
    const uint8_t *banned = part ? part->banned : NULL;
    const double *low = part ? part->low : m->low, *high = part ? part->high : m->high;
    double total = 0, size = 0;
    for (size_t r = 0; r < m->n_rows; r++) {
        double price = fair(low, prices, r), term = price * (price > 0 ? high[r] : low[r]);
        total += term;
        size += fabs(term);
    }
    costs_below(m, low, prices, cost);
    for (size_t g = 0; g < m->n_groups; g++) {
        double best = -HUGE_VAL;
        for (uint32_t o = m->first[g]; o < m->first[g + 1]; o++) {
            double net = m->worth[o] - cost[m->shape_of[o]];
            if (net > best && !(banned && banned[o])) {
                best = net;
                if (taken)
                    taken[g] = o;
            }
        }
        if (best == -HUGE_VAL) /* nothing is left to take, unless prices are out of all range and prove nothing */
            return isfinite(total) ? -HUGE_VAL : HUGE_VAL;
        total += best;
        size += fabs(best);
    }
    /* a worth, at most 1, was rounded when it was made; the rest is the rounding of the sum and of its terms */
    return total + (size * (double)(m->n_groups + m->n_rows + 8) + (double)m->n_groups) * ROUNDING;
}

double price_bound(const struct model *model, const struct part *part, const double *prices, double *cost)
{
    return evaluate(model, part, prices, cost, NULL);
}

void shape_costs(const struct model *m, const double *prices, double *cost)
{
    for (size_t k = 0; k < m->n_shapes; k++) {
        double sum = 0;
        for (size_t u = m->first_use[k]; u < m->first_use[k + 1]; u++)
            sum += prices[m->use_row[u]] * m->coef[u];
        cost[k] = sum;
    }
}

/* What is left of each row, negative where too much is taken: the slope of the bound in its price. */
static void slope_of(const struct model *m, const double *prices, const uint32_t *taken, double *slope)
{
    for (size_t r = 0; r < m->n_rows; r++)
        slope[r] = prices[r] >= 0 ? m->high[r] : m->low[r];
    for (size_t g = 0; g < m->n_groups; g++) {
        uint32_t k = m->shape_of[taken[g]];
        for (size_t u = m->first_use[k]; u < m->first_use[k + 1]; u++)
            slope[m->use_row[u]] -= m->coef[u];
    }
}

double price_descend(const struct model *m, struct arena *arena, struct run *run, double *prices, int *status)
{
    double *at = arena_alloc(arena, m->n_rows + 1, sizeof *at);
    double *slope = arena_alloc(arena, m->n_rows + 1, sizeof *slope);
    double *direction = arena_alloc(arena, m->n_rows + 1, sizeof *direction);
    double *cost = arena_alloc(arena, m->n_shapes + 1, sizeof *cost);
    uint32_t *taken = arena_alloc(arena, m->n_groups + 1, sizeof *taken);
    *status = at && slope && direction && cost && taken ? WM_OK : WM_EMEMORY;
    if (*status != WM_OK)
        return HUGE_VAL;
    double best = evaluate(m, NULL, at, cost, taken), reach = 1.5;
    int idle = 0;
    for (int step = 0; step < STEPS_MOST && m->n_rows > 0 && reach > 1e-3 && !run_stops(run); step++) {
        double now = step ? evaluate(m, NULL, at, cost, taken) : best, length = 0;
        idle = now < best - 1e-6 * fabs(best) || step == 0 ? 0 : idle + 1;
        if (now <= best) {
            best = now;
            memcpy(prices, at, m->n_rows * sizeof *prices);
        }
        if (idle == PATIENCE) {
            idle = 0;
            reach /= 2;
        }
        slope_of(m, at, taken, slope);
        for (size_t r = 0; r < m->n_rows; r++) {
            double d = slope[r] + 0.6 * direction[r];
            direction[r] = at[r] <= 0 && d > 0 && m->low[r] <= 0 ? 0 : d;
            length += direction[r] * direction[r];
        }
        if (length <= NO_DIRECTION)
            break;
        double aim = run->found ? (double)run->best_value / m->value_scale : best - 0.05 * fabs(best);
        double gap = now - (aim < best ? aim : best);
        double stride = reach * (gap > 1e-9 * fabs(best) ? gap : 1e-9 * fabs(best)) / length;
        for (size_t r = 0; r < m->n_rows; r++) {
            at[r] -= stride * direction[r];
            at[r] = at[r] > 0 || m->low[r] > 0 ? at[r] : 0;
        }
    }
    return best;
}
