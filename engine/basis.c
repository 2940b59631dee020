/*
 * The basis of the simplex method: where it begins, how it is factored, kept and renumbered, tried and taken back, and what
 * follows from it, prices and shares. See simplex.c for what a basis is here: of each group a key, of each limit another
 * option or a slack.
 *
 * A basis from elsewhere need not fit: columns that depend on others give way to slacks, and where the dual method could not
 * go on from what is left, it begins from scratch.
 */
#include "simplex.h"

#include <math.h>
#include <string.h>

/* ---- setting out ---- */

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
    return basis_refresh(s);
}

void basis_add_column(const struct simplex *s, uint32_t option, double *x)
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
    basis_add_column(s, s->basic[p], s->row);
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
    return basis_refresh(s);
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
    return basis_refresh(s) && (is_dual(s) || simplex_begin(s));
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
    if (s->since_fresh + TRIAL_MOST + 2 >= FRESH_EVERY && !basis_refresh(s))
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

double basis_most(const struct simplex *s, size_t p)
{
    uint32_t basic = s->basic[p];
    if (basic & SLACK) {
        uint32_t r = basic & ~SLACK;
        return s->low[r] > 0 ? s->high[r] - s->low[r] : HUGE_VAL;
    }
    return s->banned[basic] ? 0 : HUGE_VAL;
}

void basis_shares(struct simplex *s)
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
        s->most[p] = basis_most(s, p);
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

bool basis_refresh(struct simplex *s)
{
    if (!refactor(s))
        return false;
    refresh_prices(s);
    basis_shares(s);
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
