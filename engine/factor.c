/*
 * Triangular factors of a sparse matrix, and the product form of its changes.
 *
 * Factors: columns and rows with a single entry are taken first, over and over (in what allocation problems give, that is
 * nearly all of them: a forest of swaps has no other); what is left is eliminated column by column, from the shortest, by
 * Gilbert and Peierls (1988), each pivot the sparsest row among entries of at least a tenth of the largest. Changes: a column
 * exchanged is one more elementary factor (Dantzig and Orchard-Hays 1954); so is a change of key (Dantzig and Van Slyke
 * 1967). They are added at the end and can be cut off again, which is how a trial is undone.
 *
 * Deterministic: fixed orders, ties by number.
 */
#include "factor.h"

#include <math.h>
#include <string.h>

#define SINGULAR 1e-9
#define THRESHOLD 0.1
#define TINY 1e-14

struct change {
    size_t first, n; /* in at[] and by[] */
    uint32_t p;
    bool rekey;
    double pivot;
};

static void *grow(struct factor *f, void *old, size_t n, size_t *room, size_t more, size_t size)
{
    if (n + more <= *room)
        return old;
    size_t wanted = 2 * (n + more);
    void *new = arena_alloc(f->arena, wanted, size);
    if (new &&n > 0)
        memcpy(new, old, n * size);
    if (new)
        *room = wanted;
    return new;
}

/* Two arrays that share their room. */
static bool grow_both(struct factor *f, uint32_t **at, double **by, size_t n, size_t *room, size_t more)
{
    size_t first = *room, second = *room;
    uint32_t *new_at = grow(f, *at, n, &first, more, sizeof **at);
    double *new_by = grow(f, *by, n, &second, more, sizeof **by);
    if (!new_at || !new_by)
        return false;
    *at = new_at;
    *by = new_by;
    *room = first;
    return true;
}

bool factor_init(struct factor *f, struct arena *arena, size_t n)
{
    *f = (struct factor){.n = n, .arena = arena};
    f->row_of = arena_alloc(arena, n + 1, sizeof *f->row_of);
    f->pos_of = arena_alloc(arena, n + 1, sizeof *f->pos_of);
    f->l_first = arena_alloc(arena, n + 2, sizeof *f->l_first);
    f->u_first = arena_alloc(arena, n + 2, sizeof *f->u_first);
    f->diagonal = arena_alloc(arena, n + 1, sizeof *f->diagonal);
    f->busy = arena_alloc(arena, n + 1, sizeof *f->busy);
    f->dense = arena_alloc(arena, n + 1, sizeof *f->dense);
    f->pattern = arena_alloc(arena, n + 1, sizeof *f->pattern);
    f->marked = arena_alloc(arena, n + 1, sizeof *f->marked);
    f->count = arena_alloc(arena, n + 1, sizeof *f->count);
    f->queue = arena_alloc(arena, n + 1, sizeof *f->queue);
    f->step_of = arena_alloc(arena, n + 1, sizeof *f->step_of);
    f->col_of = arena_alloc(arena, n + 1, sizeof *f->col_of);
    f->row_first = arena_alloc(arena, n + 2, sizeof *f->row_first);
    return f->row_of && f->pos_of && f->l_first && f->u_first && f->diagonal && f->busy && f->dense && f->pattern &&
           f->marked && f->count && f->queue && f->step_of && f->col_of && f->row_first &&
           grow_both(f, &f->l_row, &f->l, 0, &f->l_room, 4 * n + 16) &&
           grow_both(f, &f->u_row, &f->u, 0, &f->u_room, 4 * n + 16);
}

/* ---- factoring ---- */

struct making {
    struct factor *f;
    const struct columns *c;
    uint32_t *replaced;
    size_t k; /* steps done */
};

/*
 * The next step pivots on `row` in column `col`, whose numbers, after what L does to them, stand in dense[] at the `n` rows
 * of pattern[]. Rows done before go to U, the others, over the pivot, to L. Clears the scratch.
 */
static bool pivot_on(struct making *m, uint32_t row, uint32_t col, size_t n)
{
    struct factor *f = m->f;
    size_t l = f->l_first[m->k], u = f->u_first[m->k];
    double pivot = f->dense[row];
    if (!grow_both(f, &f->l_row, &f->l, l, &f->l_room, n) || !grow_both(f, &f->u_row, &f->u, u, &f->u_room, n))
        return false;
    for (size_t i = 0; i < n; i++) {
        uint32_t r = f->pattern[i];
        double v = f->dense[r];
        f->dense[r] = 0;
        f->marked[r] = 0;
        if (r == row || fabs(v) < TINY)
            continue;
        if (f->step_of[r] != NO_ROW) {
            f->u_row[u] = r;
            f->u[u++] = v;
        } else {
            f->l_row[l] = r;
            f->l[l++] = v / pivot;
        }
    }
    if (l > f->l_first[m->k])
        f->busy[f->n_busy++] = (uint32_t)m->k;
    f->diagonal[m->k] = pivot;
    f->row_of[m->k] = row;
    f->pos_of[m->k] = col;
    f->step_of[row] = f->col_of[col] = (uint32_t)m->k;
    f->l_first[++m->k] = l;
    f->u_first[m->k] = u;
    return true;
}

/* The column into the scratch, as it stands: returns how many rows. */
static size_t scatter(struct making *m, uint32_t col)
{
    struct factor *f = m->f;
    size_t n = 0;
    for (size_t i = m->c->first[col]; i < m->c->first[col + 1]; i++) {
        uint32_t r = m->c->row[i];
        f->dense[r] = m->c->value[i];
        f->marked[r] = 1;
        f->pattern[n++] = r;
    }
    return n;
}

/* The columns by row. */
static bool list_rows(struct making *m)
{
    struct factor *f = m->f;
    size_t n = f->n, total = m->c->first[n];
    f->row_col = grow(f, f->row_col, 0, &f->row_room, total + 1, sizeof *f->row_col);
    if (!f->row_col)
        return false;
    memset(f->row_first, 0, (n + 2) * sizeof *f->row_first);
    for (size_t i = 0; i < total; i++)
        f->row_first[m->c->row[i] + 2]++;
    for (size_t r = 2; r < n + 2; r++)
        f->row_first[r] += f->row_first[r - 1];
    for (uint32_t col = 0; col < n; col++)
        for (size_t i = m->c->first[col]; i < m->c->first[col + 1]; i++)
            f->row_col[f->row_first[m->c->row[i] + 1]++] = col;
    return true;
}

/* Columns with one row left, until there are none: nothing is eliminated by them. */
static bool take_single_columns(struct making *m)
{
    struct factor *f = m->f;
    size_t n_queue = 0;
    for (uint32_t col = 0; col < f->n; col++) {
        f->count[col] = (uint32_t)(m->c->first[col + 1] - m->c->first[col]);
        if (f->count[col] == 1)
            f->queue[n_queue++] = col;
    }
    for (size_t at = 0; at < n_queue; at++) {
        uint32_t col = f->queue[at], row = NO_ROW;
        if (f->count[col] != 1)
            continue; /* its row went to another */
        for (size_t i = m->c->first[col]; i < m->c->first[col + 1]; i++)
            if (f->step_of[m->c->row[i]] == NO_ROW)
                row = m->c->row[i];
        size_t n = scatter(m, col);
        if (fabs(f->dense[row]) < SINGULAR) {
            for (size_t i = 0; i < n; i++)
                f->dense[f->pattern[i]] = f->marked[f->pattern[i]] = 0;
            continue;
        }
        if (!pivot_on(m, row, col, n))
            return false;
        for (size_t i = f->row_first[row]; i < f->row_first[row + 1]; i++) {
            uint32_t other = f->row_col[i];
            if (--f->count[other] == 1 && f->col_of[other] == NO_ROW)
                f->queue[n_queue++] = other;
        }
    }
    return true;
}

/* Rows with one column left: no later column meets what L gets from them. */
static bool take_single_rows(struct making *m)
{
    struct factor *f = m->f;
    size_t n_queue = 0;
    for (uint32_t row = 0; row < f->n; row++) {
        f->count[row] = 0;
        if (f->step_of[row] != NO_ROW)
            continue;
        for (size_t i = f->row_first[row]; i < f->row_first[row + 1]; i++)
            f->count[row] += f->col_of[f->row_col[i]] == NO_ROW;
        if (f->count[row] == 1)
            f->queue[n_queue++] = row;
    }
    for (size_t at = 0; at < n_queue; at++) {
        uint32_t row = f->queue[at], col = NO_ROW;
        if (f->count[row] != 1 || f->step_of[row] != NO_ROW)
            continue;
        for (size_t i = f->row_first[row]; i < f->row_first[row + 1]; i++)
            if (f->col_of[f->row_col[i]] == NO_ROW)
                col = f->row_col[i];
        size_t n = scatter(m, col);
        double largest = 0;
        for (size_t i = 0; i < n; i++)
            if (f->step_of[f->pattern[i]] == NO_ROW && fabs(f->dense[f->pattern[i]]) > largest)
                largest = fabs(f->dense[f->pattern[i]]);
        if (fabs(f->dense[row]) < 0.01 * largest || fabs(f->dense[row]) < SINGULAR) { /* too small to divide by */
            for (size_t i = 0; i < n; i++)
                f->dense[f->pattern[i]] = f->marked[f->pattern[i]] = 0;
            continue;
        }
        if (!pivot_on(m, row, col, n))
            return false;
        for (size_t i = m->c->first[col]; i < m->c->first[col + 1]; i++) {
            uint32_t other = m->c->row[i];
            if (f->step_of[other] == NO_ROW && --f->count[other] == 1)
                f->queue[n_queue++] = other;
        }
    }
    return true;
}

/* What the steps so far make of the column in the scratch; returns how many rows now. */
static size_t eliminate(struct making *m, size_t n)
{
    struct factor *f = m->f;
    for (size_t b = 0; b < f->n_busy; b++) {
        uint32_t k = f->busy[b];
        double v = f->dense[f->row_of[k]];
        if (v == 0)
            continue;
        for (size_t i = f->l_first[k]; i < f->l_first[k + 1]; i++) {
            uint32_t r = f->l_row[i];
            if (!f->marked[r]) {
                f->marked[r] = 1;
                f->pattern[n++] = r;
            }
            f->dense[r] -= f->l[i] * v;
        }
    }
    return n;
}

static uint32_t choose_row(const struct factor *f, size_t n)
{
    double largest = 0;
    uint32_t best = NO_ROW;
    for (size_t i = 0; i < n; i++)
        if (f->step_of[f->pattern[i]] == NO_ROW && fabs(f->dense[f->pattern[i]]) > largest)
            largest = fabs(f->dense[f->pattern[i]]);
    for (size_t i = 0; i < n; i++) {
        uint32_t r = f->pattern[i];
        if (f->step_of[r] == NO_ROW && fabs(f->dense[r]) >= THRESHOLD * largest && largest > SINGULAR &&
            (best == NO_ROW || f->count[r] < f->count[best] || (f->count[r] == f->count[best] && r < best)))
            best = r;
    }
    return best;
}

static bool take_rest(struct making *m)
{
    struct factor *f = m->f;
    size_t n_left = 0, longest = 0;
    for (uint32_t col = 0; col < f->n; col++)
        if (f->col_of[col] == NO_ROW) {
            size_t len = 0;
            for (size_t i = m->c->first[col]; i < m->c->first[col + 1]; i++)
                len += f->step_of[m->c->row[i]] == NO_ROW;
            longest = len > longest ? len : longest;
            n_left++;
        }
    for (size_t len = 0, done = 0; len <= longest && done < n_left; len++) /* from the shortest; lengths are few */
        for (uint32_t col = 0; col < f->n; col++) {
            if (f->col_of[col] != NO_ROW || m->replaced[col] != NO_ROW)
                continue;
            size_t now = 0;
            if (len < longest)
                for (size_t i = m->c->first[col]; i < m->c->first[col + 1]; i++)
                    now += f->step_of[m->c->row[i]] == NO_ROW;
            if (now > len)
                continue;
            size_t n = eliminate(m, scatter(m, col));
            uint32_t row = choose_row(f, n);
            done++;
            if (row == NO_ROW) { /* depends on others: see fill_up */
                for (size_t i = 0; i < n; i++)
                    f->dense[f->pattern[i]] = f->marked[f->pattern[i]] = 0;
                m->replaced[col] = 0;
                continue;
            }
            if (!pivot_on(m, row, col, n))
                return false;
        }
    return true;
}

/* Rows left over get the positions left over, as unit columns. */
static bool fill_up(struct making *m)
{
    struct factor *f = m->f;
    uint32_t row = 0;
    for (uint32_t col = 0; col < f->n; col++) {
        m->replaced[col] = NO_ROW;
        if (f->col_of[col] != NO_ROW)
            continue;
        while (f->step_of[row] != NO_ROW)
            row++;
        f->dense[row] = 1;
        f->pattern[0] = row;
        if (!pivot_on(m, row, col, 1))
            return false;
        m->replaced[col] = row;
    }
    return true;
}

bool factor_make(struct factor *f, const struct columns *columns, uint32_t *replaced)
{
    struct making m = {.f = f, .c = columns, .replaced = replaced};
    f->n_changes = f->n_by = f->n_busy = 0;
    f->l_first[0] = f->u_first[0] = 0;
    for (size_t i = 0; i < f->n; i++)
        f->step_of[i] = f->col_of[i] = replaced[i] = NO_ROW;
    return list_rows(&m) && take_single_columns(&m) && take_single_rows(&m) && take_rest(&m) && fill_up(&m);
}

/* ---- solving ---- */

static void apply_change(const struct factor *f, const struct change *c, double *x)
{
    const uint32_t *at = f->at + c->first;
    const double *by = f->by + c->first;
    double v = x[c->p];
    if (c->rekey) {
        for (size_t i = 0; i < c->n; i++)
            v += x[at[i]];
        x[c->p] = -v;
        return;
    }
    if (v == 0)
        return;
    v /= c->pivot;
    for (size_t i = 0; i < c->n; i++)
        x[at[i]] -= by[i] * v;
    x[c->p] = v;
}

static void apply_change_transposed(const struct factor *f, const struct change *c, double *y)
{
    const uint32_t *at = f->at + c->first;
    const double *by = f->by + c->first;
    double v = y[c->p];
    if (c->rekey) {
        for (size_t i = 0; i < c->n; i++)
            y[at[i]] -= v;
        y[c->p] = -v;
        return;
    }
    for (size_t i = 0; i < c->n; i++)
        v -= by[i] * y[at[i]];
    y[c->p] = v / c->pivot;
}

void factor_solve(const struct factor *f, double *x, double *scratch)
{
    for (size_t b = 0; b < f->n_busy; b++) {
        uint32_t k = f->busy[b];
        double v = x[f->row_of[k]];
        if (v == 0)
            continue;
        for (size_t i = f->l_first[k]; i < f->l_first[k + 1]; i++)
            x[f->l_row[i]] -= f->l[i] * v;
    }
    for (size_t k = f->n; k-- > 0;) {
        double v = x[f->row_of[k]];
        scratch[f->pos_of[k]] = 0;
        if (v == 0)
            continue;
        v /= f->diagonal[k];
        for (size_t i = f->u_first[k]; i < f->u_first[k + 1]; i++)
            x[f->u_row[i]] -= f->u[i] * v;
        scratch[f->pos_of[k]] = v;
    }
    for (size_t c = 0; c < f->n_changes; c++)
        apply_change(f, &f->changes[c], scratch);
    memcpy(x, scratch, f->n * sizeof *x);
}

void factor_solve_transposed(const struct factor *f, double *y, double *scratch)
{
    for (size_t c = f->n_changes; c-- > 0;)
        apply_change_transposed(f, &f->changes[c], y);
    for (size_t k = 0; k < f->n; k++) {
        double v = y[f->pos_of[k]];
        for (size_t i = f->u_first[k]; i < f->u_first[k + 1]; i++)
            v -= f->u[i] * scratch[f->u_row[i]];
        scratch[f->row_of[k]] = v / f->diagonal[k];
    }
    for (size_t b = f->n_busy; b-- > 0;) {
        uint32_t k = f->busy[b];
        double v = scratch[f->row_of[k]];
        for (size_t i = f->l_first[k]; i < f->l_first[k + 1]; i++)
            v -= f->l[i] * scratch[f->l_row[i]];
        scratch[f->row_of[k]] = v;
    }
    memcpy(y, scratch, f->n * sizeof *y);
}

/* ---- changes ---- */

static struct change *add_change(struct factor *f, size_t more)
{
    struct change *changes = grow(f, f->changes, f->n_changes, &f->changes_room, 1, sizeof *changes);
    if (!changes || !grow_both(f, &f->at, &f->by, f->n_by, &f->by_room, more + 1))
        return NULL;
    f->changes = changes;
    f->changes[f->n_changes] = (struct change){.first = f->n_by};
    return &f->changes[f->n_changes++];
}

bool factor_exchange(struct factor *f, uint32_t p, const double *solution)
{
    struct change *change = add_change(f, f->n);
    if (!change)
        return false;
    for (uint32_t i = 0; i < f->n; i++)
        if (i != p && fabs(solution[i]) > TINY) {
            f->at[f->n_by] = i;
            f->by[f->n_by++] = solution[i];
        }
    change->p = p;
    change->pivot = solution[p];
    change->n = f->n_by - change->first;
    return true;
}

bool factor_rekey(struct factor *f, uint32_t p, const uint32_t *positions, size_t n)
{
    struct change *change = add_change(f, n);
    if (!change)
        return false;
    for (size_t i = 0; i < n; i++) {
        f->at[f->n_by] = positions[i];
        f->by[f->n_by++] = 1;
    }
    change->p = p;
    change->rekey = true;
    change->n = n;
    return true;
}

struct factor_mark factor_mark(const struct factor *f)
{
    return (struct factor_mark){f->n_changes, f->n_by};
}

void factor_undo(struct factor *f, struct factor_mark mark)
{
    f->n_changes = mark.n_changes;
    f->n_by = mark.n_by;
}
