/*
 * The linear relaxation by the dual simplex method, with generalised upper bounds.
 *
 * Every group's row says that its shares add up to 1. Dantzig and Van Slyke (1967): keep one basic option of each group
 * as its key, and the key stands for the row; what is left to factor is a square over the limits alone, whose columns are
 * other basic options less their group's key, and slacks. A country's worth of groups costs nothing there, only what is
 * scarce does. Options of one shape have the same column but for their key, so a pivot looks at each shape once, and at
 * each option only to compare.
 *
 * The dual method suits us twice over. Taking each group's best option at prices 0 is a start that is optimal but for
 * broken limits; and after the search has banned an option or narrowed a row, the old answer is one that is optimal but for
 * what was banned. Either way it goes on from there: the worst offender leaves (by its size over its row's length: dual
 * steepest edge, Forrest and Goldfarb 1992), and the option whose net worth falls least comes in (Harris 1973 among near
 * equals).
 *
 * Where it stops being exact: doubles, tolerances, and a ceiling on pivots. None of it is trusted: the bound of its
 * prices is worked out by descend.c, and a claim that no plan exists is accepted only if prices prove it. A poor answer
 * costs time in the search, never a wrong one.
 *
 * The basis itself, its factors and what follows from them are in basis.c.
 */
#include "simplex.h"

#include <math.h>
#include <string.h>

#define PIVOT_LEAST 1e-7 /* smaller pivots are not taken */
#define NOTHING 1e-13    /* smaller numbers in a row are taken for 0 */
#define HARRIS 1e-11     /* by how much a net worth may pass 0 for the sake of a larger pivot */
#define WEIGHT_LEAST 1e-4

enum { FAR_STEPS = 6 };

/* ---- keys ---- */

/* The option at position p becomes its group's key, and the key takes position p. */
static bool swap_key(struct simplex *s, size_t p)
{
    const struct model *m = s->model;
    uint32_t g = m->group_of[s->basic[p]];
    size_t n = 0;
    for (size_t i = 0; i < m->n_rows; i++)
        if (i != p && !(s->basic[i] & SLACK) && m->group_of[s->basic[i]] == g)
            s->touched[n++] = (uint32_t)i;
    if (!factor_rekey(&s->factor, (uint32_t)p, s->touched, n))
        return false;
    uint32_t key = s->key[g];
    s->key[g] = s->basic[p];
    s->basic[p] = key;
    double x = s->x[p];
    s->x[p] = s->key_x[g];
    s->key_x[g] = x;
    s->most[p] = basis_most(s, p);
    return true;
}

static size_t other_basic(const struct simplex *s, uint32_t g)
{
    size_t best = s->model->n_rows;
    for (size_t p = 0; p < s->model->n_rows; p++)
        if (!(s->basic[p] & SLACK) && s->model->group_of[s->basic[p]] == g &&
            (best == s->model->n_rows || s->x[p] > s->x[best]))
            best = p;
    return best;
}

enum keys { KEYS_GOOD, KEYS_NONE, KEYS_STARVED };

/* A key that is alone, and banned or no longer the best of its group, gives way to the best. */
static enum keys replace_banned_keys(struct simplex *s)
{
    const struct model *m = s->model;
    for (size_t g = 0; g < m->n_groups; g++)
        s->key_x[g] = 1;
    for (size_t p = 0; p < m->n_rows; p++)
        if (!(s->basic[p] & SLACK))
            s->key_x[m->group_of[s->basic[p]]] = 0;
    for (uint32_t g = 0; g < m->n_groups; g++) {
        if (s->key_x[g] == 0)
            continue;
        uint32_t best = s->banned[s->key[g]] ? NO_OPTION : s->key[g];
        double most = best == NO_OPTION ? -HUGE_VAL : m->worth[best] - s->cost[m->shape_of[best]] + NOTHING;
        for (uint32_t o = m->first[g]; o < m->first[g + 1]; o++) {
            double net = m->worth[o] - s->cost[m->shape_of[o]];
            if (!s->banned[o] && net > most) {
                best = o;
                most = net;
            }
        }
        if (best == NO_OPTION)
            return KEYS_NONE;
        s->is_basic[s->key[g]] = 0;
        s->is_basic[best] = 1;
        s->key[g] = best; /* no column has it for its key */
    }
    basis_shares(s);
    return KEYS_GOOD;
}

/* ---- one iteration ---- */

struct leaving {
    size_t at;   /* position; n_rows: none */
    bool is_key; /* the key of `group` instead */
    uint32_t group;
    double over; /* how far it is below what it may be (negative), or above */
};

static double offence(double x, double most)
{
    return x < -TOLERANCE ? x : x > most + TOLERANCE ? x - most : 0;
}

static void choose_leaving(struct simplex *s, struct leaving *out)
{
    const struct model *m = s->model;
    double worst = 0;
    *out = (struct leaving){.at = m->n_rows};
    for (size_t p = 0; p < m->n_rows; p++) {
        double over = offence(s->x[p], s->most[p]);
        if (over != 0 && over * over > worst * s->weight[p]) {
            worst = over * over / s->weight[p];
            *out = (struct leaving){.at = p, .over = over};
        }
        if (s->basic[p] & SLACK)
            continue;
        uint32_t g = m->group_of[s->basic[p]];
        over = offence(s->key_x[g], s->banned[s->key[g]] ? 0 : HUGE_VAL);
        if (over != 0 && over * over > worst) { /* a key's row is about as long as 1 */
            worst = over * over;
            *out = (struct leaving){.at = 0, .is_key = true, .group = g, .over = over};
        }
    }
}

static void list_by_shape(struct simplex *s);

/* Lists what is not banned, and what is basic: all that a pivot has to look at. */
static void list_open(struct simplex *s)
{
    const struct model *m = s->model;
    uint32_t n = 0;
    s->n_open_shapes = s->n_open_uses = 0;
    s->seen++;
    for (size_t g = 0; g < m->n_groups; g++) {
        s->open_first[g] = n;
        for (uint32_t o = m->first[g]; o < m->first[g + 1]; o++) {
            uint32_t k = m->shape_of[o];
            if (s->banned[o] && !s->is_basic[o])
                continue;
            s->open[n++] = o;
            if (s->shape_seen[k] == s->seen)
                continue;
            s->shape_seen[k] = s->seen;
            s->open_shapes[s->n_open_shapes++] = k;
            s->n_open_uses += m->first_use[k + 1] - m->first_use[k];
        }
    }
    s->open_first[m->n_groups] = n;
    list_by_shape(s);
}

/* The options that list_open found, by shape. */
static void list_by_shape(struct simplex *s)
{
    const struct model *m = s->model;
    uint32_t n = s->open_first[m->n_groups], *at = s->by_shape_first;
    memset(at, 0, (m->n_shapes + 2) * sizeof *at);
    for (uint32_t i = 0; i < n; i++)
        at[m->shape_of[s->open[i]] + 2]++;
    for (size_t k = 2; k < m->n_shapes + 2; k++)
        at[k] += at[k - 1];
    for (uint32_t i = 0; i < n; i++)
        s->by_shape[at[m->shape_of[s->open[i]] + 1]++] = s->open[i];
}

static void fill_alpha_by_rows(struct simplex *s)
{
    const struct model *m = s->model;
    if (!s->few)
        memset(s->alpha, 0, m->n_shapes * sizeof *s->alpha);
    s->seen++;
    for (size_t r = 0; r < m->n_rows; r++) {
        double a = s->row[r];
        if (a == 0)
            continue;
        for (size_t i = s->row_first[r]; i < s->row_first[r + 1]; i++) {
            uint32_t k = s->row_shape[i];
            if (s->few && s->shape_seen[k] != s->seen) {
                s->shape_seen[k] = s->seen;
                s->asked[s->n_asked++] = k;
                s->alpha[k] = 0;
            }
            s->alpha[k] += a * s->row_coef[i];
        }
    }
}

/*
 * What the row asks of every shape: row by row, for most of it is 0, or shape by shape when few are open. When it asks
 * something of `few` of them only, these are listed, and alpha of the others is not to be looked at.
 */
static void fill_alpha(struct simplex *s)
{
    const struct model *m = s->model;
    size_t by_rows = 0;
    for (size_t r = 0; r < m->n_rows; r++) {
        s->row[r] = fabs(s->row[r]) < NOTHING ? 0 : s->row[r];
        by_rows += s->row[r] != 0 ? s->row_first[r + 1] - s->row_first[r] : 0;
    }
    s->few = by_rows < m->n_shapes / 4;
    s->n_asked = 0;
    if (s->few || 2 * s->n_open_uses >= by_rows + m->n_shapes) {
        fill_alpha_by_rows(s);
        return;
    }
    for (size_t i = 0; i < s->n_open_shapes; i++) {
        uint32_t k = s->open_shapes[i];
        double sum = 0;
        for (size_t u = m->first_use[k]; u < m->first_use[k + 1]; u++)
            sum += s->row[m->use_row[u]] * m->coef[u];
        s->alpha[k] = sum;
    }
}

/* An option that may come in, with pivot a; its group's key gets `gets`. */
static size_t list_option(struct simplex *s, uint32_t o, double a, double gets, size_t n, double *least)
{
    const struct model *m = s->model;
    double net = gets - m->worth[o] + s->cost[m->shape_of[o]];
    net = net > 0 ? net : 0;
    s->candidates[n] = (struct candidate){o, a, net};
    if (net + HARRIS < *least * a)
        *least = (net + HARRIS) / a;
    return n + 1;
}

static size_t list_group(struct simplex *s, size_t g, double key, double sign, size_t n, double *least)
{
    const struct model *m = s->model;
    double zero = sign * key + PIVOT_LEAST, gets = m->worth[s->key[g]] - s->cost[m->shape_of[s->key[g]]];
    for (uint32_t i = s->open_first[g]; i < s->open_first[g + 1]; i++) {
        uint32_t o = s->open[i], k = m->shape_of[o];
        double a = sign * (s->few && s->shape_seen[k] != s->seen ? 0 : s->alpha[k]);
        if (a > zero && !s->is_basic[o] && !s->banned[o])
            n = list_option(s, o, a - sign * key, gets, n, least);
    }
    return n;
}

/* All that may come in, of the shapes that are asked for anything and of the groups whose key is. */
static size_t list_few(struct simplex *s, double sign, double *least)
{
    const struct model *m = s->model;
    size_t n = 0;
    for (size_t i = 0; i < s->n_asked; i++) {
        uint32_t k = s->asked[i];
        for (uint32_t j = s->by_shape_first[k]; j < s->by_shape_first[k + 1]; j++) {
            uint32_t o = s->by_shape[j], g = m->group_of[o], key = m->shape_of[s->key[g]];
            double a = sign * s->alpha[k];
            if (s->key[g] == o)
                n = list_group(s, g, s->alpha[k], sign, n, least);
            else if (s->shape_seen[key] != s->seen && a > PIVOT_LEAST && !s->is_basic[o] && !s->banned[o])
                n = list_option(s, o, a, m->worth[s->key[g]] - s->cost[key], n, least);
        }
    }
    return n;
}

static size_t list_options(struct simplex *s, double sign, double *least)
{
    const struct model *m = s->model;
    size_t n = 0;
    if (s->few)
        return list_few(s, sign, least);
    for (size_t g = 0; g < m->n_groups; g++) {
        uint32_t k = m->shape_of[s->key[g]];
        n = list_group(s, g, s->few && s->shape_seen[k] != s->seen ? 0 : s->alpha[k], sign, n, least);
    }
    return n;
}

static size_t list_slacks(struct simplex *s, double sign, size_t n, double *least)
{
    for (uint32_t r = 0; r < s->model->n_rows; r++) {
        double a = sign * s->row[r], net = s->prices[r];
        if (s->slack[r] == SLACK_BASIC || s->high[r] == s->low[r])
            continue;
        if (s->slack[r] == SLACK_ALL) {
            a = -a;
            net = -net;
        }
        if (a <= PIVOT_LEAST)
            continue;
        net = net > 0 ? net : 0;
        s->candidates[n++] = (struct candidate){SLACK | r, a, net};
        if (net + HARRIS < *least * a)
            *least = (net + HARRIS) / a;
    }
    return n;
}

/* The one whose net worth reaches 0 first; among near equals the largest pivot. NULL: none. */
static const struct candidate *choose_entering(struct simplex *s, double sign)
{
    double least = HUGE_VAL;
    size_t n = list_options(s, sign, &least);
    n = list_slacks(s, sign, n, &least);
    const struct candidate *best = NULL;
    for (const struct candidate *c = s->candidates; c < s->candidates + n; c++)
        if (c->net <= least * c->a && (!best || c->a > best->a))
            best = c;
    return best;
}

/* Position p is given to `entering`, which comes in by `step` from where it was; prices move by theta along the row. */
static bool exchange(struct simplex *s, size_t p, uint32_t entering, double over, double theta)
{
    const struct model *m = s->model;
    size_t n = m->n_rows;
    double step = over / s->column[p], pivot = s->column[p], length = 0, was = 0;
    for (size_t r = 0; r < n; r++)
        length += s->row[r] * s->row[r];
    memcpy(s->tau, s->row, n * sizeof *s->tau);
    factor_solve(&s->factor, s->tau, s->scratch);
    for (size_t i = 0; i < n; i++) {
        double a = s->column[i];
        if (a == 0 || i == p)
            continue;
        s->x[i] -= step * a;
        if (!(s->basic[i] & SLACK))
            s->key_x[m->group_of[s->basic[i]]] += step * a;
        double by = a / pivot, weight = s->weight[i] - 2 * by * s->tau[i] + by * by * length;
        s->weight[i] = weight > WEIGHT_LEAST ? weight : WEIGHT_LEAST;
    }
    length /= pivot * pivot;
    s->weight[p] = length > WEIGHT_LEAST ? length : WEIGHT_LEAST;
    for (size_t r = 0; r < n; r++)
        s->prices[r] += theta * s->row[r];
    const uint32_t *shapes = s->few ? s->asked : s->open_shapes;
    for (size_t i = 0, n_shapes = s->few ? s->n_asked : s->n_open_shapes; i < n_shapes; i++)
        s->cost[shapes[i]] += theta * s->alpha[shapes[i]];
    if (!factor_exchange(&s->factor, (uint32_t)p, s->column))
        return false;
    uint32_t leaving = s->basic[p];
    if (leaving & SLACK)
        s->slack[leaving & ~SLACK] = over > 0 ? SLACK_ALL : SLACK_NONE;
    else {
        s->is_basic[leaving] = 0;
        s->key_x[m->group_of[leaving]] += s->x[p];
    }
    if (entering & SLACK) {
        uint32_t r = entering & ~SLACK;
        was = s->slack[r] == SLACK_ALL ? s->high[r] - s->low[r] : 0;
        s->slack[r] = SLACK_BASIC;
        s->prices[r] = 0;
    } else {
        s->is_basic[entering] = 1;
        s->key_x[m->group_of[entering]] -= step;
    }
    s->x[p] = was + step;
    s->basic[p] = entering;
    s->most[p] = basis_most(s, p);
    return true;
}

/*
 * Nothing can come in for the share of `row`: the further the prices move along it, the lower the bound. Proven when far
 * along it the bound is below what any plan is worth, and below `cutoff` in any case.
 */
static bool proves_none(struct simplex *s, double sign, double cutoff)
{
    const struct model *m = s->model;
    const struct part part = {s->banned, s->low, s->high};
    double least = 0, *moved = s->column;
    for (size_t g = 0; g < m->n_groups; g++) {
        double worst = HUGE_VAL;
        for (uint32_t o = m->first[g]; o < m->first[g + 1]; o++)
            worst = m->worth[o] < worst ? m->worth[o] : worst;
        least += worst;
    }
    least -= 1e-6 * (double)(m->n_groups + 1);
    double far = 100;
    for (int step = 0; step < FAR_STEPS; step++, far *= 100) {
        for (size_t r = 0; r < m->n_rows; r++)
            moved[r] = s->prices[r] - sign * far * s->row[r];
        if (price_bound(m, &part, moved, s->alpha) < (cutoff > least ? cutoff : least))
            return true;
    }
    return false;
}

static double sum_bound(const struct simplex *s)
{
    const struct model *m = s->model;
    double sum = 0;
    for (size_t r = 0; r < m->n_rows; r++)
        sum += s->prices[r] * (s->slack[r] == SLACK_ALL ? s->low[r] : s->high[r]);
    for (size_t g = 0; g < m->n_groups; g++)
        sum += m->worth[s->key[g]] - s->cost[m->shape_of[s->key[g]]];
    return sum;
}

static double bound_now(struct simplex *s)
{
    const struct part part = {s->banned, s->low, s->high};
    return price_bound(s->model, &part, s->prices, s->alpha);
}

static enum lp_status finish(struct simplex *s, enum lp_status status)
{
    s->bound = bound_now(s);
    return status;
}

/* The column of what comes in, into `column`, and by how much prices move along the row. */
static double prepare(struct simplex *s, const struct candidate *in, double sign, double *a)
{
    memset(s->column, 0, s->model->n_rows * sizeof *s->column);
    *a = sign * in->a;
    double net = -in->net;
    if (in->what & SLACK) {
        uint32_t r = in->what & ~SLACK;
        s->column[r] = 1;
        if (s->slack[r] == SLACK_ALL) {
            *a = -*a;
            net = -net;
        }
    } else {
        basis_add_column(s, in->what, s->column);
    }
    factor_solve(&s->factor, s->column, s->scratch);
    return net / *a;
}

static bool has_empty_row(const struct simplex *s)
{
    for (size_t r = 0; r < s->model->n_rows; r++)
        if (s->low[r] > s->high[r])
            return true;
    return false;
}

enum lp_status simplex_solve(struct simplex *s, double cutoff, size_t pivots_most, struct run *run)
{
    const struct model *m = s->model;
    size_t n = m->n_rows, patience = 200 + 20 * (n + m->n_groups), doubts = 0;
    bool restarted = false;
    patience = pivots_most && pivots_most < patience ? pivots_most : patience;
    if (has_empty_row(s) || replace_banned_keys(s) == KEYS_NONE) {
        s->bound = -HUGE_VAL;
        return LP_INFEASIBLE;
    }
    list_open(s);
    double estimate = sum_bound(s);
    for (; patience > 0; patience--) {
        struct leaving leaving;
        if (run_stops(run))
            return finish(s, LP_STOPPED);
        if (s->since_fresh >= FRESH_EVERY) {
            if (pivots_most) /* a trial cannot be undone past that */
                return finish(s, LP_STALLED);
            if (!basis_refresh(s))
                return LP_STARVED;
            if (replace_banned_keys(s) == KEYS_NONE)
                return finish(s, LP_STALLED);
            list_open(s);
            estimate = sum_bound(s);
        }
        choose_leaving(s, &leaving);
        if (leaving.at == n) {
            finish(s, LP_OPTIMAL);
            if (s->bound - sum_bound(s) <= 1e-7 * (1 + fabs(s->bound)) || restarted || pivots_most)
                return LP_OPTIMAL;
            restarted = true; /* the basis it began with was none of the dual method's: from scratch, then */
            if (!simplex_begin(s))
                return LP_STARVED;
            list_open(s);
            estimate = sum_bound(s);
            continue;
        }
        if (estimate < cutoff && bound_now(s) < cutoff)
            return finish(s, LP_CUT);
        if (leaving.is_key) {
            leaving.at = other_basic(s, leaving.group);
            if (!swap_key(s, leaving.at))
                return LP_STARVED;
        }
        memset(s->row, 0, n * sizeof *s->row);
        s->row[leaving.at] = 1;
        factor_solve_transposed(&s->factor, s->row, s->scratch);
        fill_alpha(s);
        double sign = leaving.over < 0 ? -1 : 1, a;
        const struct candidate *in = choose_entering(s, sign);
        if (!in) {
            if (s->since_fresh > 0 && doubts++ < 2) {
                s->since_fresh = FRESH_EVERY;
                continue;
            }
            bool none = proves_none(s, sign, cutoff);
            s->bound = none ? -HUGE_VAL : bound_now(s);
            return none ? LP_INFEASIBLE : LP_STALLED;
        }
        double theta = prepare(s, in, sign, &a);
        if (fabs(s->column[leaving.at] - a) > 1e-7 * (1 + fabs(a)) && s->since_fresh > 0) {
            s->since_fresh = FRESH_EVERY; /* the two ways to the pivot disagree: build anew and look again */
            continue;
        }
        estimate += theta * leaving.over;
        if (!exchange(s, leaving.at, in->what, leaving.over, theta))
            return LP_STARVED;
        s->pivots++;
        s->since_fresh++;
    }
    return finish(s, LP_STALLED);
}
