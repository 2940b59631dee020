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
 */
#include "model.h"

#include <math.h>
#include <string.h>

#define TOLERANCE 1e-9   /* of shares and of slacks */
#define PIVOT_LEAST 1e-7 /* smaller pivots are not taken */
#define NOTHING 1e-13    /* smaller numbers in a row are taken for 0 */
#define HARRIS 1e-11     /* by how much a net worth may pass 0 for the sake of a larger pivot */
#define WEIGHT_LEAST 1e-4

enum { FRESH_EVERY = 100, FAR_STEPS = 6 };

struct candidate {
    uint32_t what; /* an option, or SLACK | row */
    double a, net; /* pivot, more than 0; how far its net worth is from 0, 0 or more */
};

static bool refresh(struct simplex *s);

/* The uses by row. */
static bool transpose(struct simplex *s, struct arena *arena)
{
    const struct model *m = s->model;
    size_t n_uses = m->first_use[m->n_shapes];
    size_t *at = arena_alloc(arena, m->n_rows + 2, sizeof *at);
    s->row_shape = arena_alloc(arena, n_uses + 1, sizeof *s->row_shape);
    s->row_coef = arena_alloc(arena, n_uses + 1, sizeof *s->row_coef);
    if (!at || !s->row_shape || !s->row_coef)
        return false;
    for (size_t u = 0; u < n_uses; u++)
        at[m->use_row[u] + 2]++;
    for (size_t r = 2; r < m->n_rows + 2; r++)
        at[r] += at[r - 1];
    for (uint32_t k = 0; k < m->n_shapes; k++)
        for (size_t u = m->first_use[k]; u < m->first_use[k + 1]; u++) {
            size_t i = at[m->use_row[u] + 1]++;
            s->row_shape[i] = k;
            s->row_coef[i] = m->coef[u];
        }
    s->row_first = at;
    return true;
}

bool simplex_init(struct simplex *s, struct arena *arena, const struct model *m)
{
    size_t n = m->n_rows;
    *s = (struct simplex){.model = m};
    s->banned = arena_alloc(arena, m->n_options + 1, sizeof *s->banned);
    s->low = arena_alloc(arena, n + 1, sizeof *s->low);
    s->high = arena_alloc(arena, n + 1, sizeof *s->high);
    s->key = arena_alloc(arena, m->n_groups + 1, sizeof *s->key);
    s->key_x = arena_alloc(arena, m->n_groups + 1, sizeof *s->key_x);
    s->basic = arena_alloc(arena, n + 1, sizeof *s->basic);
    s->is_basic = arena_alloc(arena, m->n_options + 1, sizeof *s->is_basic);
    s->slack = arena_alloc(arena, n + 1, sizeof *s->slack);
    s->x = arena_alloc(arena, n + 1, sizeof *s->x);
    s->weight = arena_alloc(arena, n + 1, sizeof *s->weight);
    s->most = arena_alloc(arena, n + 1, sizeof *s->most);
    s->prices = arena_alloc(arena, n + 1, sizeof *s->prices);
    s->cost = arena_alloc(arena, m->n_shapes + 1, sizeof *s->cost);
    s->alpha = arena_alloc(arena, m->n_shapes + 1, sizeof *s->alpha);
    s->row = arena_alloc(arena, n + 1, sizeof *s->row);
    s->column = arena_alloc(arena, n + 1, sizeof *s->column);
    s->scratch = arena_alloc(arena, n + 1, sizeof *s->scratch);
    s->tau = arena_alloc(arena, n + 1, sizeof *s->tau);
    s->touched = arena_alloc(arena, n + 1, sizeof *s->touched);
    s->replaced = arena_alloc(arena, n + 1, sizeof *s->replaced);
    s->open_first = arena_alloc(arena, m->n_groups + 2, sizeof *s->open_first);
    s->open = arena_alloc(arena, m->n_options + 1, sizeof *s->open);
    s->open_shapes = arena_alloc(arena, m->n_shapes + 1, sizeof *s->open_shapes);
    s->by_shape_first = arena_alloc(arena, m->n_shapes + 2, sizeof *s->by_shape_first);
    s->by_shape = arena_alloc(arena, m->n_options + 1, sizeof *s->by_shape);
    s->asked = arena_alloc(arena, m->n_shapes + 1, sizeof *s->asked);
    s->shape_seen = arena_alloc(arena, m->n_shapes + 1, sizeof *s->shape_seen);
    s->candidates = arena_alloc(arena, m->n_options + n + 1, sizeof *s->candidates);
    s->column_first = arena_alloc(arena, n + 2, sizeof *s->column_first);
    if (!s->banned || !s->low || !s->high || !s->key || !s->key_x || !s->basic || !s->is_basic || !s->slack || !s->x ||
        !s->weight || !s->most || !s->prices || !s->cost || !s->alpha || !s->row || !s->column || !s->scratch ||
        !s->tau || !s->touched || !s->replaced || !s->candidates || !s->column_first || !s->open_first || !s->open ||
        !s->open_shapes || !s->shape_seen || !s->by_shape_first || !s->by_shape || !s->asked)
        return false;
    memcpy(s->low, m->low, n * sizeof *s->low);
    memcpy(s->high, m->high, n * sizeof *s->high);
    return factor_init(&s->factor, arena, n) && transpose(s, arena);
}

/* ---- basis ---- */

bool simplex_begin(struct simplex *s)
{
    const struct model *m = s->model;
    memset(s->is_basic, 0, m->n_options);
    for (size_t g = 0; g < m->n_groups; g++) {
        s->key[g] = m->first[g];
        for (uint32_t o = m->first[g]; o < m->first[g + 1]; o++)
            if (s->banned[o] < s->banned[s->key[g]] ||
                (s->banned[o] == s->banned[s->key[g]] && m->worth[o] > m->worth[s->key[g]]))
                s->key[g] = o;
        s->is_basic[s->key[g]] = 1;
    }
    for (size_t r = 0; r < m->n_rows; r++) {
        s->basic[r] = SLACK | (uint32_t)r;
        s->slack[r] = SLACK_BASIC;
        s->weight[r] = 1;
    }
    return refresh(s);
}

/* The uses of an option less those of its group's key, added `sign` times to x by row. */
static void add_column(const struct simplex *s, uint32_t option, double *x)
{
    const struct model *m = s->model;
    uint32_t k = m->shape_of[option], key = m->shape_of[s->key[m->group_of[option]]];
    for (size_t u = m->first_use[k]; u < m->first_use[k + 1]; u++)
        x[m->use_row[u]] += m->coef[u];
    for (size_t u = m->first_use[key]; u < m->first_use[key + 1]; u++)
        x[m->use_row[u]] -= m->coef[u];
}

/* Appends position p's column. `row` is scratch, zero before and after. */
static bool list_column(struct simplex *s, size_t p)
{
    const struct model *m = s->model;
    size_t at = s->column_first[p];
    if (s->basic[p] & SLACK) {
        s->column_row[at] = s->basic[p] & ~SLACK;
        s->column_value[at] = 1;
        s->column_first[p + 1] = at + 1;
        return true;
    }
    uint32_t shape[2] = {m->shape_of[s->basic[p]], m->shape_of[s->key[m->group_of[s->basic[p]]]]};
    add_column(s, s->basic[p], s->row);
    for (int side = 0; side < 2; side++)
        for (size_t u = m->first_use[shape[side]]; u < m->first_use[shape[side] + 1]; u++) {
            uint32_t r = m->use_row[u];
            if (s->row[r] == 0)
                continue;
            s->column_row[at] = r;
            s->column_value[at++] = s->row[r];
            s->row[r] = 0;
        }
    s->column_first[p + 1] = at;
    return true;
}

static bool make_column_room(struct simplex *s)
{
    const struct model *m = s->model;
    size_t most = 0;
    for (size_t p = 0; p < m->n_rows; p++) {
        most++;
        if (s->basic[p] & SLACK)
            continue;
        uint32_t shape[2] = {m->shape_of[s->basic[p]], m->shape_of[s->key[m->group_of[s->basic[p]]]]};
        for (int side = 0; side < 2; side++)
            most += m->first_use[shape[side] + 1] - m->first_use[shape[side]];
    }
    if (most <= s->column_room)
        return true;
    s->column_room = 2 * most;
    s->column_row = arena_alloc(s->factor.arena, s->column_room, sizeof *s->column_row);
    s->column_value = arena_alloc(s->factor.arena, s->column_room, sizeof *s->column_value);
    return s->column_row && s->column_value;
}

/* Factors the basis anew; columns that depend on others give way to slacks. */
static bool refactor(struct simplex *s)
{
    const struct model *m = s->model;
    if (!make_column_room(s))
        return false;
    memset(s->row, 0, m->n_rows * sizeof *s->row);
    for (size_t p = 0; p < m->n_rows; p++)
        list_column(s, p);
    const struct columns columns = {s->column_first, s->column_row, s->column_value};
    if (!factor_make(&s->factor, &columns, s->replaced))
        return false;
    for (size_t p = 0; p < m->n_rows; p++) {
        if (s->replaced[p] == NO_ROW)
            continue;
        if (s->basic[p] & SLACK)
            s->slack[s->basic[p] & ~SLACK] = SLACK_NONE;
        else
            s->is_basic[s->basic[p]] = 0;
        s->basic[p] = SLACK | s->replaced[p];
        s->weight[p] = 1;
    }
    for (size_t p = 0; p < m->n_rows; p++)
        if (s->basic[p] & SLACK)
            s->slack[s->basic[p] & ~SLACK] = SLACK_BASIC;
    s->since_fresh = 0;
    return true;
}

bool basis_init(struct basis *basis, struct arena *arena, const struct model *m)
{
    basis->key = arena_alloc(arena, m->n_groups + 1, sizeof *basis->key);
    basis->basic = arena_alloc(arena, m->n_rows + 1, sizeof *basis->basic);
    basis->slack = arena_alloc(arena, m->n_rows + 1, sizeof *basis->slack);
    basis->weight = arena_alloc(arena, m->n_rows + 1, sizeof *basis->weight);
    return basis->key && basis->basic && basis->slack && basis->weight;
}

void simplex_save(const struct simplex *s, struct basis *basis)
{
    memcpy(basis->key, s->key, s->model->n_groups * sizeof *basis->key);
    memcpy(basis->basic, s->basic, s->model->n_rows * sizeof *basis->basic);
    memcpy(basis->slack, s->slack, s->model->n_rows);
    for (size_t p = 0; p < s->model->n_rows; p++)
        basis->weight[p] = (float)s->weight[p];
}

static void mark_basics(struct simplex *s, uint8_t to)
{
    for (size_t g = 0; g < s->model->n_groups; g++)
        s->is_basic[s->key[g]] = to;
    for (size_t p = 0; p < s->model->n_rows; p++)
        if (!(s->basic[p] & SLACK))
            s->is_basic[s->basic[p]] = to;
}

bool simplex_load(struct simplex *s, const struct basis *basis)
{
    memset(s->is_basic, 0, s->model->n_options);
    memcpy(s->key, basis->key, s->model->n_groups * sizeof *basis->key);
    memcpy(s->basic, basis->basic, s->model->n_rows * sizeof *basis->basic);
    memcpy(s->slack, basis->slack, s->model->n_rows);
    for (size_t p = 0; p < s->model->n_rows; p++)
        s->weight[p] = (double)basis->weight[p];
    mark_basics(s, 1);
    return refresh(s);
}

/* Whether the dual method can go on from here: no option is worth more than a key that is split with others. */
static bool is_dual(const struct simplex *s)
{
    const struct model *m = s->model;
    for (size_t p = 0; p < m->n_rows; p++) {
        if (s->basic[p] & SLACK)
            continue;
        uint32_t g = m->group_of[s->basic[p]];
        double gets = m->worth[s->key[g]] - s->cost[m->shape_of[s->key[g]]];
        for (uint32_t o = m->first[g]; o < m->first[g + 1]; o++)
            if (m->worth[o] - s->cost[m->shape_of[o]] > gets + TOLERANCE)
                return false;
    }
    for (size_t r = 0; r < m->n_rows; r++)
        if (s->slack[r] == SLACK_NONE && s->prices[r] < -TOLERANCE && s->low[r] < s->high[r])
            return false;
    return true;
}

bool simplex_adopt(struct simplex *s, const struct simplex *from, const struct renumbering *to)
{
    const struct model *m = s->model;
    size_t n = 0;
    memset(s->is_basic, 0, m->n_options);
    for (size_t r = 0; r < m->n_rows; r++)
        s->slack[r] = SLACK_BASIC; /* a row that is new */
    for (size_t r = 0; r < from->model->n_rows; r++)
        if (to->row[r] != NO_ROW)
            s->slack[to->row[r]] = from->slack[r];
    for (size_t g = 0; g < m->n_groups; g++)
        s->key[g] = to->option[from->key[g]];
    for (size_t p = 0; p < from->model->n_rows && n < m->n_rows; p++) {
        uint32_t was = from->basic[p], is = was & SLACK ? to->row[was & ~SLACK] : to->option[was];
        if (is == (was & SLACK ? NO_ROW : NO_OPTION))
            continue;
        s->weight[n] = from->weight[p];
        s->basic[n++] = is | (was & SLACK);
    }
    for (uint32_t r = (uint32_t)from->model->n_rows; r-- > 0;)
        if (to->row[r] != NO_ROW && from->slack[r] == SLACK_BASIC)
            s->slack[to->row[r]] = SLACK_BASIC;
    for (uint32_t r = 0; r < m->n_rows; r++)
        s->touched[r] = 0;
    for (size_t p = 0; p < n; p++)
        if (s->basic[p] & SLACK)
            s->touched[s->basic[p] & ~SLACK] = 1;
    for (uint32_t r = 0; r < m->n_rows && n < m->n_rows; r++) { /* rows without a place so far: new ones first come */
        if (s->touched[r] || s->slack[r] != SLACK_BASIC)
            continue;
        s->weight[n] = 1;
        s->basic[n++] = SLACK | r;
        s->touched[r] = 1;
    }
    for (uint32_t r = 0; r < m->n_rows && n < m->n_rows; r++) {
        if (s->touched[r])
            continue;
        s->weight[n] = 1;
        s->basic[n++] = SLACK | r;
    }
    mark_basics(s, 1);
    return refresh(s) && (is_dual(s) || simplex_begin(s));
}

bool trial_init(struct trial *t, struct arena *arena, const struct model *m)
{
    t->key = arena_alloc(arena, m->n_groups + 1, sizeof *t->key);
    t->basic = arena_alloc(arena, m->n_rows + 1, sizeof *t->basic);
    t->slack = arena_alloc(arena, m->n_rows + 1, sizeof *t->slack);
    t->x = arena_alloc(arena, m->n_rows + 1, sizeof *t->x);
    t->weight = arena_alloc(arena, m->n_rows + 1, sizeof *t->weight);
    t->prices = arena_alloc(arena, m->n_rows + 1, sizeof *t->prices);
    t->cost = arena_alloc(arena, m->n_shapes + 1, sizeof *t->cost);
    return t->key && t->basic && t->slack && t->x && t->weight && t->prices && t->cost;
}

bool simplex_try(struct simplex *s, struct trial *t)
{
    const struct model *m = s->model;
    if (s->since_fresh + TRIAL_MOST + 2 >= FRESH_EVERY && !refresh(s))
        return false;
    memcpy(t->key, s->key, m->n_groups * sizeof *t->key);
    memcpy(t->basic, s->basic, m->n_rows * sizeof *t->basic);
    memcpy(t->slack, s->slack, m->n_rows);
    memcpy(t->x, s->x, m->n_rows * sizeof *t->x);
    memcpy(t->weight, s->weight, m->n_rows * sizeof *t->weight);
    memcpy(t->prices, s->prices, m->n_rows * sizeof *t->prices);
    memcpy(t->cost, s->cost, m->n_shapes * sizeof *t->cost);
    t->mark = factor_mark(&s->factor);
    t->bound = s->bound;
    t->since_fresh = s->since_fresh;
    return true;
}

void simplex_back(struct simplex *s, const struct trial *t)
{
    const struct model *m = s->model;
    mark_basics(s, 0);
    memcpy(s->key, t->key, m->n_groups * sizeof *t->key);
    memcpy(s->basic, t->basic, m->n_rows * sizeof *t->basic);
    memcpy(s->slack, t->slack, m->n_rows);
    memcpy(s->x, t->x, m->n_rows * sizeof *t->x);
    memcpy(s->weight, t->weight, m->n_rows * sizeof *t->weight);
    memcpy(s->prices, t->prices, m->n_rows * sizeof *t->prices);
    memcpy(s->cost, t->cost, m->n_shapes * sizeof *t->cost);
    mark_basics(s, 1);
    factor_undo(&s->factor, t->mark);
    s->bound = t->bound;
    s->since_fresh = t->since_fresh;
}

/* ---- numbers of a basis ---- */

/* How much there may be of what is basic at p. */
static double most_of(const struct simplex *s, size_t p)
{
    uint32_t basic = s->basic[p];
    if (basic & SLACK) {
        uint32_t r = basic & ~SLACK;
        return s->low[r] > 0 ? s->high[r] - s->low[r] : HUGE_VAL;
    }
    return s->banned[basic] ? 0 : HUGE_VAL;
}

static void refresh_shares(struct simplex *s)
{
    const struct model *m = s->model;
    for (size_t r = 0; r < m->n_rows; r++)
        s->x[r] = s->slack[r] == SLACK_ALL ? s->low[r] : s->high[r];
    for (size_t g = 0; g < m->n_groups; g++) {
        uint32_t k = m->shape_of[s->key[g]];
        for (size_t u = m->first_use[k]; u < m->first_use[k + 1]; u++)
            s->x[m->use_row[u]] -= m->coef[u];
    }
    factor_solve(&s->factor, s->x, s->scratch);
    for (size_t g = 0; g < m->n_groups; g++)
        s->key_x[g] = 1;
    for (size_t p = 0; p < m->n_rows; p++) {
        s->most[p] = most_of(s, p);
        if (!(s->basic[p] & SLACK))
            s->key_x[m->group_of[s->basic[p]]] -= s->x[p];
    }
}

static void refresh_prices(struct simplex *s)
{
    const struct model *m = s->model;
    for (size_t p = 0; p < m->n_rows; p++) {
        uint32_t o = s->basic[p];
        s->prices[p] = o & SLACK ? 0 : m->worth[o] - m->worth[s->key[m->group_of[o]]];
    }
    factor_solve_transposed(&s->factor, s->prices, s->scratch);
    shape_costs(m, s->prices, s->cost);
    for (size_t r = 0; r < m->n_rows;
         r++) /* what a price's sign cannot be was a rounding, or came with a narrower row */
        if (s->slack[r] == SLACK_ALL && s->low[r] <= 0)
            s->slack[r] = SLACK_NONE;
}

static bool refresh(struct simplex *s)
{
    if (!refactor(s))
        return false;
    refresh_prices(s);
    refresh_shares(s);
    return true;
}

void simplex_shares(const struct simplex *s, double *share)
{
    const struct model *m = s->model;
    memset(share, 0, m->n_options * sizeof *share);
    for (size_t g = 0; g < m->n_groups; g++)
        share[s->key[g]] = 1;
    for (size_t p = 0; p < m->n_rows; p++) {
        if (s->basic[p] & SLACK)
            continue;
        share[s->basic[p]] += s->x[p];
        share[s->key[m->group_of[s->basic[p]]]] -= s->x[p];
    }
}

void simplex_shortfalls(const struct simplex *s, double *shortfall)
{
    const struct model *m = s->model;
    for (size_t g = 0; g < m->n_groups; g++) {
        double gets = m->worth[s->key[g]] - s->cost[m->shape_of[s->key[g]]];
        for (uint32_t o = m->first[g]; o < m->first[g + 1]; o++) {
            double below = s->is_basic[o] ? 0 : gets - (m->worth[o] - s->cost[m->shape_of[o]]);
            shortfall[o] = below > 0 ? below : 0;
        }
    }
}

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
    s->most[p] = most_of(s, p);
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
    refresh_shares(s);
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
    s->most[p] = most_of(s, p);
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
        add_column(s, in->what, s->column);
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
            if (!refresh(s))
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
