/*
 * Rows that every plan keeps and that the relaxation's answer breaks: what tells it that shares are not plans.
 *
 * From one limit, sum a x <= b, integers throughout. First t_q times another row in which only one can be taken - a group,
 * or a limit with room for one - is taken off it: what then counts is not what a post's package costs, but what it costs
 * above t_q (Marchand and Wolsey 2001, complementing by bounds, with such rows for bounds: generalised upper bounds again).
 * Then mixed-integer rounding (Nemhauser and Wolsey 1990) in steps of d: with r the rest of the right side by d,
 *
 *     F(a) = floor(a / d) (d - r) + max(0, a mod d - r)     gives     sum F(a) x <= F(b)
 *
 * because x and the slacks of the rows taken off are whole. With the slacks put back, every coefficient is 0 or more. Cover
 * and clique inequalities are among these. All is exact: a cut is as sure as the limit it comes from.
 *
 * Which: for each tight limit, t by what is taken most of each such row, d among the differences that occur; then t
 * changed one by one as long as the answer breaks the cut by more of its length.
 */
#include "model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SHARE_LEAST 1e-7
#define BROKEN_LEAST 1e-3 /* efficacy: by how much of its length the answer breaks a cut */
#define PARALLEL_MOST 0.9

enum {
    STEPS_TRIED = 8, /* d */
    CUTS_MOST = 60,  /* a round */
    FOUND_MOST = 400,
    LIST_MOST = 4000
};

struct item { /* an option that is taken in part, and matters to the limit at hand */
    uint32_t option;
    int64_t use;
    double share;
};

struct found {
    uint32_t row;
    int64_t step;
    double efficacy;
    size_t first, n; /* of taken[]: what t is */
};

struct taken { /* t of a group, or of a row (OF_ROW |) */
    uint32_t from;
    int64_t t;
};

#define OF_ROW (UINT32_C(1) << 31)

struct cutter {
    const struct model *m;
    const double *share;
    struct run *run;
    struct arena *arena;
    int64_t *t; /* [n_groups + n_rows] */
    uint32_t
        *clique;    /* [n_options] of those with a share: the group or packing row t may be taken off, for this limit */
    uint8_t *packs; /* [n_rows] */
    uint32_t *support; /* [n_support] options with a share */
    size_t n_support;
    struct item *items; /* [n_support] */
    size_t n_items;
    uint32_t *cliques; /* [n_cliques] those of the items */
    size_t n_cliques;
    struct found *found; /* [FOUND_MOST] */
    size_t n_found;
    struct taken *taken;
    size_t n_taken, taken_room;
    uint8_t *seen;  /* [n_groups + n_rows] */
    size_t *weight; /* [n_rows] scratch */
    int64_t *coefs; /* [n_shapes] scratch */
};

static size_t clique_at(const struct cutter *c, uint32_t clique)
{
    return clique & OF_ROW ? c->m->n_groups + (clique & ~OF_ROW) : clique;
}

/* ---- rounding ---- */

static int64_t floor_div(int64_t a, int64_t d)
{
    int64_t q = a / d;
    return q - (a % d < 0);
}

/* F; rest = b mod d. */
static int64_t rounded(int64_t a, int64_t d, int64_t rest)
{
    int64_t q = floor_div(a, d), over = a - q * d - rest;
    return q * (d - rest) + (over > 0 ? over : 0);
}

/* What is taken off an option in all, and what putting the slacks back adds. */
static void off(const struct cutter *c, uint32_t o, int64_t d, int64_t rest, int64_t *t, int64_t *back)
{
    const struct model *m = c->m;
    int64_t own = c->t[m->group_of[o]];
    *t = own;
    *back = own ? -rounded(-own, d, rest) : 0;
    uint32_t k = m->shape_of[o];
    for (size_t u = m->first_use[k]; u < m->first_use[k + 1]; u++) {
        int64_t by = c->t[m->n_groups + m->use_row[u]];
        if (by) {
            *t += by;
            *back -= rounded(-by, d, rest);
        }
    }
}

struct side { /* the right side */
    int64_t left, rest, limit;
};

/* False: no cut at this d. */
static bool right_side(const struct cutter *c, int64_t limit, int64_t d, struct side *out)
{
    for (size_t i = 0; i < c->n_cliques; i++)
        limit -= c->t[clique_at(c, c->cliques[i])];
    out->left = limit;
    out->rest = limit - floor_div(limit, d) * d;
    out->limit = rounded(limit, d, out->rest);
    for (size_t i = 0; i < c->n_cliques; i++) {
        int64_t t = c->t[clique_at(c, c->cliques[i])];
        if (t)
            out->limit -= rounded(-t, d, out->rest);
    }
    return out->rest > 0;
}

/* By how much of its length the answer breaks the cut. */
static double efficacy(const struct cutter *c, int64_t limit, int64_t d)
{
    struct side side;
    if (!right_side(c, limit, d, &side))
        return -1;
    double sum = -(double)side.limit, length = 0;
    for (size_t i = 0; i < c->n_items; i++) {
        int64_t t, back;
        off(c, c->items[i].option, d, side.rest, &t, &back);
        double a = (double)(rounded(c->items[i].use - t, d, side.rest) + back);
        sum += a * c->items[i].share;
        length += a * a;
    }
    return length > 0 ? sum / sqrt(length) : -1;
}

/* ---- one limit ---- */

static int64_t use_of(const struct model *m, uint32_t o, uint32_t row)
{
    uint32_t k = m->shape_of[o];
    for (size_t u = m->first_use[k]; u < m->first_use[k + 1]; u++)
        if (m->use_row[u] == row)
            return m->use[u];
    return 0;
}

/*
 * Items of the limit: options that use it, and those that share a packing row or a group with one that does. Each that uses
 * it gets the packing row that most of the others are in, too, or its group.
 */
static void list_items(struct cutter *c, uint32_t row)
{
    const struct model *m = c->m;
    c->n_items = c->n_cliques = 0;
    memset(c->weight, 0, m->n_rows * sizeof *c->weight);
    for (size_t i = 0; i < c->n_support; i++) {
        uint32_t o = c->support[i], k = m->shape_of[o];
        int64_t use = use_of(m, o, row);
        for (size_t u = m->first_use[k]; use && u < m->first_use[k + 1]; u++)
            c->weight[m->use_row[u]] += c->packs[m->use_row[u]] && m->use_row[u] != row;
    }
    for (size_t i = 0; i < c->n_support; i++) {
        uint32_t o = c->support[i], k = m->shape_of[o], best = m->group_of[o];
        size_t most = 1;
        if (use_of(m, o, row) == 0)
            continue;
        for (size_t u = m->first_use[k]; u < m->first_use[k + 1]; u++)
            if (c->weight[m->use_row[u]] > most) {
                most = c->weight[m->use_row[u]];
                best = OF_ROW | m->use_row[u];
            }
        c->clique[o] = best;
        if (!c->seen[clique_at(c, best)]) {
            c->seen[clique_at(c, best)] = 1;
            c->cliques[c->n_cliques++] = best;
        }
    }
    for (size_t i = 0; i < c->n_support; i++) {
        uint32_t o = c->support[i], k = m->shape_of[o];
        int64_t use = use_of(m, o, row);
        bool in = use > 0 || c->seen[m->group_of[o]];
        for (size_t u = m->first_use[k]; u < m->first_use[k + 1] && !in; u++)
            in = c->seen[m->n_groups + m->use_row[u]];
        if (in)
            c->items[c->n_items++] = (struct item){o, use, c->share[o]};
    }
    for (size_t i = 0; i < c->n_cliques; i++)
        c->seen[clique_at(c, c->cliques[i])] = 0;
}

static int by_amount(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* Uses of the limit by items of a clique (or of all: NO_ROW), each once, rising; returns how many, `most` at most. */
static size_t list_uses(const struct cutter *c, uint32_t clique, int64_t *out, size_t most)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n_items; i++) {
        int64_t use = c->items[i].use;
        bool known = use == 0 || (clique != NO_ROW && c->clique[c->items[i].option] != clique);
        for (size_t j = 0; j < n && !known; j++)
            known = out[j] == use;
        if (!known && n < most)
            out[n++] = use;
    }
    qsort(out, n, sizeof *out, by_amount);
    return n;
}

/* t of each clique: the use that more than half of it is taken with, or 0. */
static void guess_t(struct cutter *c)
{
    for (size_t i = 0; i < c->n_cliques; i++) {
        double all = 0, most = 0;
        int64_t t = 0;
        for (size_t j = 0; j < c->n_items; j++)
            if (c->items[j].use > 0 && c->clique[c->items[j].option] == c->cliques[i]) {
                all += c->items[j].share;
                if (c->items[j].share > most) {
                    most = c->items[j].share;
                    t = c->items[j].use;
                }
            }
        c->t[clique_at(c, c->cliques[i])] = all > 0.5 ? t : 0;
    }
}

static void clear_t(struct cutter *c)
{
    for (size_t i = 0; i < c->n_cliques; i++)
        c->t[clique_at(c, c->cliques[i])] = 0;
}

/* The d that breaks most; 0: none does. */
static int64_t best_step(const struct cutter *c, int64_t limit, const int64_t *steps, size_t n, double *best)
{
    int64_t step = 0;
    for (size_t i = 0; i < n; i++) {
        double now = efficacy(c, limit, steps[i]);
        if (now > *best) {
            *best = now;
            step = steps[i];
        }
    }
    return step;
}

static void keep_found(struct cutter *c, uint32_t row, int64_t step, double how)
{
    if (c->n_found == FOUND_MOST || c->n_taken + c->n_cliques > c->taken_room)
        return;
    struct found *f = &c->found[c->n_found++];
    *f = (struct found){row, step, how, c->n_taken, 0};
    for (size_t i = 0; i < c->n_cliques; i++) {
        int64_t t = c->t[clique_at(c, c->cliques[i])];
        if (t)
            c->taken[c->n_taken++] = (struct taken){c->cliques[i], t};
    }
    f->n = c->n_taken - f->first;
}

/* Changes t one clique at a time while that breaks the cut more. */
static double improve_t(struct cutter *c, int64_t limit, int64_t step, double best)
{
    int64_t uses[16];
    for (size_t i = 0; i < c->n_cliques && !run_stops(c->run); i++) {
        int64_t *t = &c->t[clique_at(c, c->cliques[i])], was = *t;
        size_t n = list_uses(c, c->cliques[i], uses, 15);
        uses[n++] = 0;
        for (size_t j = 0; j < n; j++) {
            if (uses[j] == was)
                continue;
            int64_t kept = *t;
            *t = uses[j];
            double now = efficacy(c, limit, step);
            if (now > best + 1e-9)
                best = now;
            else
                *t = kept;
        }
    }
    return best;
}

static void cut_row(struct cutter *c, uint32_t row)
{
    int64_t steps[32], limit = c->m->limit[row];
    list_items(c, row);
    size_t n = list_uses(c, NO_ROW, steps, 16);
    if (n == 0 || c->n_items > LIST_MOST)
        return;
    for (size_t i = 0, all = n; i < all && n < 32; i++) /* between the limit and so much of it: covers */
        if (limit - steps[i] > 0 && limit > steps[i])
            steps[n++] = limit / (limit / steps[i] + 1) + 1;
    for (int start = 0; start < 2; start++) {
        clear_t(c);
        if (start)
            guess_t(c);
        double best = -0.02;
        int64_t step = best_step(c, limit, steps, n, &best);
        if (step == 0)
            continue;
        best = improve_t(c, limit, step, best);
        for (int64_t by = 2; by <= 8; by *= 2)
            if (step / by > 1) {
                double now = efficacy(c, limit, step / by);
                if (now > best) {
                    best = now;
                    step /= by;
                    break;
                }
            }
        if (best > BROKEN_LEAST)
            keep_found(c, row, step, best);
    }
    clear_t(c);
}

/* ---- the cuts that are kept ---- */

static int by_efficacy(const void *left, const void *right)
{
    const struct found *a = left, *b = right;
    if (a->efficacy != b->efficacy)
        return a->efficacy > b->efficacy ? -1 : 1;
    return a->first < b->first ? -1 : 1;
}

/* What the cut asks of every shape, but for what was taken off groups, into coefs[n_shapes]. */
static void fill_coefs(struct cutter *c, const struct found *f, const struct side *side)
{
    const struct model *m = c->m;
    for (size_t k = 0; k < m->n_shapes; k++) {
        int64_t t = 0, back = 0, use = 0;
        for (size_t u = m->first_use[k]; u < m->first_use[k + 1]; u++) {
            int64_t by = c->t[m->n_groups + m->use_row[u]];
            use = m->use_row[u] == f->row ? m->use[u] : use;
            if (by) {
                t += by;
                back -= rounded(-by, f->step, side->rest);
            }
        }
        c->coefs[k] = rounded(use - t, f->step, side->rest) + back;
    }
}

static int64_t coef_of(const struct cutter *c, const struct found *f, const struct side *side, uint32_t o)
{
    int64_t t, back;
    if (c->t[c->m->group_of[o]] == 0)
        return c->coefs[c->m->shape_of[o]];
    off(c, o, f->step, side->rest, &t, &back);
    return rounded(use_of(c->m, o, f->row) - t, f->step, side->rest) + back;
}

static bool room_for(struct cutter *c, struct rows *rows, size_t at, size_t more, size_t *room)
{
    if (at + more <= *room)
        return true;
    size_t wanted = 2 * (at + more);
    uint32_t *option = arena_alloc(c->arena, wanted, sizeof *option);
    int64_t *use = arena_alloc(c->arena, wanted, sizeof *use);
    if (!option || !use)
        return false;
    if (at > 0) {
        memcpy(option, rows->option, at * sizeof *option);
        memcpy(use, rows->use, at * sizeof *use);
    }
    rows->option = option;
    rows->use = use;
    *room = wanted;
    return true;
}

/* Writes cut `f` out in full behind those of *rows. */
static bool write_cut(struct cutter *c, const struct found *f, struct rows *rows, size_t *room)
{
    const struct model *m = c->m;
    size_t at = rows->first[rows->n];
    c->n_cliques = 0;
    for (size_t i = f->first; i < f->first + f->n; i++) {
        c->t[clique_at(c, c->taken[i].from)] = c->taken[i].t;
        c->cliques[c->n_cliques++] = c->taken[i].from;
    }
    struct side side;
    right_side(c, m->limit[f->row], f->step, &side);
    fill_coefs(c, f, &side);
    bool fits = room_for(c, rows, at, m->n_options, room);
    for (uint32_t o = 0; o < m->n_options && fits; o++) {
        int64_t a = coef_of(c, f, &side, o);
        if (a == 0)
            continue;
        rows->option[at] = o;
        rows->use[at++] = a;
    }
    rows->limit[rows->n] = side.limit;
    rows->first[rows->n + 1] = at;
    clear_t(c);
    return fits;
}

/* The last cut against those before it: too much alike? */
static bool is_alike(const struct rows *rows, const double *share, double *dense)
{
    size_t from = rows->first[rows->n], to = rows->first[rows->n + 1];
    double own = 0;
    bool alike = false;
    for (size_t i = from; i < to; i++) {
        dense[rows->option[i]] = (double)rows->use[i];
        own += share[rows->option[i]] > 0 ? (double)rows->use[i] * (double)rows->use[i] : 0;
    }
    for (size_t r = 0; r < rows->n && !alike; r++) {
        double both = 0, other = 0;
        for (size_t i = rows->first[r]; i < rows->first[r + 1]; i++)
            if (share[rows->option[i]] > 0) {
                both += (double)rows->use[i] * dense[rows->option[i]];
                other += (double)rows->use[i] * (double)rows->use[i];
            }
        alike = both > PARALLEL_MOST * sqrt(own) * sqrt(other);
    }
    for (size_t i = from; i < to; i++)
        dense[rows->option[i]] = 0;
    return alike;
}

static bool init(struct cutter *c)
{
    const struct model *m = c->m;
    struct arena *arena = c->arena;
    c->t = arena_alloc(arena, m->n_groups + m->n_rows + 1, sizeof *c->t);
    c->seen = arena_alloc(arena, m->n_groups + m->n_rows + 1, sizeof *c->seen);
    c->clique = arena_alloc(arena, m->n_options + 1, sizeof *c->clique);
    c->packs = arena_alloc(arena, m->n_rows + 1, sizeof *c->packs);
    c->coefs = arena_alloc(arena, m->n_shapes + 1, sizeof *c->coefs);
    c->weight = arena_alloc(arena, m->n_rows + 1, sizeof *c->weight);
    c->support = arena_alloc(arena, m->n_options + 1, sizeof *c->support);
    c->found = arena_alloc(arena, FOUND_MOST, sizeof *c->found);
    if (!c->t || !c->seen || !c->clique || !c->packs || !c->weight || !c->coefs || !c->support || !c->found)
        return false;
    for (uint32_t o = 0; o < m->n_options; o++) {
        c->clique[o] = NO_ROW;
        if (c->share[o] > SHARE_LEAST)
            c->support[c->n_support++] = o;
    }
    c->items = arena_alloc(arena, c->n_support + 1, sizeof *c->items);
    c->cliques = arena_alloc(arena, m->n_groups + m->n_rows + 1, sizeof *c->cliques);
    c->taken_room = 40 * (c->n_support + 100);
    c->taken = arena_alloc(arena, c->taken_room, sizeof *c->taken);
    for (size_t r = 0; r < m->n_rows; r++)
        c->packs[r] = r < m->n_resources;
    for (size_t u = 0; u < m->first_use[m->n_shapes]; u++) { /* one unit of it is all there is */
        uint32_t r = m->use_row[u];
        c->packs[r] &= m->use[u] == m->limit[r];
    }
    return c->items && c->cliques && c->taken;
}

int cuts_find(const struct model *m, const double *share, struct run *run, struct arena *arena, struct rows *rows)
{
    struct cutter c = {.m = m, .share = share, .run = run, .arena = arena};
    double *dense = arena_alloc(arena, m->n_options + 1, sizeof *dense);
    size_t room = 0;
    *rows = (struct rows){.n = 0};
    rows->first = arena_alloc(arena, CUTS_MOST + 2, sizeof *rows->first);
    rows->limit = arena_alloc(arena, CUTS_MOST + 2, sizeof *rows->limit);
    double *used = arena_alloc(arena, m->n_rows + 1, sizeof *used);
    if (!dense || !rows->first || !rows->limit || !used || !init(&c))
        return WM_EMEMORY;
    for (size_t i = 0; i < c.n_support; i++) {
        uint32_t k = m->shape_of[c.support[i]];
        for (size_t u = m->first_use[k]; u < m->first_use[k + 1]; u++)
            used[m->use_row[u]] += m->coef[u] * share[c.support[i]];
    }
    for (uint32_t r = 0; r < m->n_resources && !run_stops(run); r++)
        if (!c.packs[r] && used[r] > m->high[r] - 0.5)
            cut_row(&c, r);
    qsort(c.found, c.n_found, sizeof *c.found, by_efficacy);
    for (size_t i = 0; i < c.n_found && rows->n < CUTS_MOST && !run_stops(run); i++) {
        if (!write_cut(&c, &c.found[i], rows, &room))
            return WM_EMEMORY;
        if (!is_alike(rows, share, dense))
            rows->n++;
    }
    return WM_OK;
}
