/*
 * The proximal bundle method (Lemarechal 1975; Kiwiel, Mathematical Programming 46, 1990). The function is known from
 * below by cuts: value and slope at places looked at. The next place is the least of
 *
 *     max over cuts  +  |y - centre|^2 / (2 step)       over prices y from 0 to their ceilings,
 *
 * it becomes the centre if it keeps a tenth of what the model promised (a serious step), else its cut makes the model
 * better (a null step). The step is stretched while the model is right and shortened while it is badly wrong.
 *
 * The small quadratic problem is solved in its dual: weights of the cuts, which add up to 1. With the prices that lie at
 * a limit held there, that is the nearest point to the origin in a simplex, found by an active set with a Cholesky factor
 * kept up to date (Gill, Golub, Murray and Saunders 1974); then the prices at limits are looked at anew. A few rounds
 * agree. Rounding errors make a poorer step, never a wrong answer: the caller's bound rests on the prices alone.
 *
 * Everything is in scaled prices y = x / scale. Sums run in index order, so equal input gives equal steps.
 */
#include "bundle.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define SERIOUS 0.1      /* of the promise must come true */
#define STRETCH 0.5      /* of the promise came true: longer steps are worth trying */
#define RIDGE 1e-11      /* of the largest square: keeps the factor regular when slopes depend on each other */
#define AGREED 1e-7      /* of the promise: cuts above the model by less are level with it */
#define STEP_RANGE 1e-10 /* how small a step may become against the first one */

enum { ROUNDS = 12, NULLS_PATIENT = 6 };

struct bundle {
    size_t n, cuts_max;
    double *scale, *most;  /* [n] most in scaled prices, HUGE_VAL: none */
    double *centre, *next; /* [n] scaled */
    double *out;           /* [n] the centre as the caller sees it */
    double value, promise; /* at the centre */
    double first_promise;  /* of the value: what the first step would gain if the first slope were all */
    double step, step_first;
    size_t nulls, good; /* in a row */
    bool started;

    /* Cuts by slot. */
    size_t last;    /* the slot told last */
    bool *used;     /* [cuts_max] */
    double *error;  /* [cuts_max] by how much the cut lies below the function at the centre */
    double *weight; /* [cuts_max] */
    size_t *idle;   /* [cuts_max] answers in a row without weight */
    double *slope;  /* [cuts_max][n] scaled */
    double *square; /* [cuts_max][cuts_max] products of slopes over the free prices */
    bool *free;     /* [n] the price is at no limit; `square` counts these */

    /* The active set. */
    size_t n_active;
    size_t *active;         /* [cuts_max] slots */
    bool *is_active;        /* [cuts_max] */
    double *factor;         /* [cuts_max][cuts_max] lower triangle by rows: factor * transposed = square of active */
    double *height, *level; /* [cuts_max] of cuts at the prices held at limits; at the answer */
    double *wanted, *ones;  /* [cuts_max] scratch */
    double *goal, *before;  /* [cuts_max] weights, scratch */
    double *direction;      /* [n] mean slope */
};

struct bundle *bundle_new(struct arena *arena, size_t n, size_t cuts_max, const double *scale, const double *most,
                          const double *start, double first_promise)
{
    struct bundle *b = arena_alloc(arena, 1, sizeof *b);
    if (!b)
        return NULL;
    *b = (struct bundle){.n = n, .cuts_max = cuts_max, .first_promise = first_promise};
    double **by_price[] = {&b->scale, &b->most, &b->centre, &b->next, &b->out, &b->direction};
    double **by_cut[] = {&b->error, &b->weight, &b->height, &b->level, &b->wanted, &b->ones, &b->goal, &b->before};
    bool ok = true;
    for (size_t i = 0; i < sizeof by_price / sizeof *by_price; i++)
        ok &= (*by_price[i] = arena_alloc(arena, n + 1, sizeof(double))) != NULL;
    for (size_t i = 0; i < sizeof by_cut / sizeof *by_cut; i++)
        ok &= (*by_cut[i] = arena_alloc(arena, cuts_max, sizeof(double))) != NULL;
    b->used = arena_alloc(arena, cuts_max, sizeof *b->used);
    b->idle = arena_alloc(arena, cuts_max, sizeof *b->idle);
    b->active = arena_alloc(arena, cuts_max, sizeof *b->active);
    b->is_active = arena_alloc(arena, cuts_max, sizeof *b->is_active);
    b->free = arena_alloc(arena, n + 1, sizeof *b->free);
    b->slope = arena_alloc(arena, cuts_max * (n + 1), sizeof *b->slope);
    b->square = arena_alloc(arena, cuts_max * cuts_max, sizeof *b->square);
    b->factor = arena_alloc(arena, cuts_max * cuts_max, sizeof *b->factor);
    if (!ok || !b->used || !b->idle || !b->active || !b->is_active || !b->free || !b->slope || !b->square || !b->factor)
        return NULL;
    for (size_t r = 0; r < n; r++) {
        b->scale[r] = scale[r];
        b->most[r] = most ? most[r] / scale[r] : HUGE_VAL;
        b->centre[r] = start[r] / scale[r];
        b->free[r] = true;
    }
    return b;
}

const double *bundle_centre(const struct bundle *b)
{
    for (size_t r = 0; r < b->n; r++)
        b->out[r] = b->centre[r] * b->scale[r];
    return b->out;
}

double bundle_value(const struct bundle *b)
{
    return b->value;
}

double bundle_promise(const struct bundle *b)
{
    return b->promise;
}

size_t bundle_weights(const struct bundle *b, const double **weight)
{
    *weight = b->weight;
    return b->cuts_max;
}

size_t bundle_slot(const struct bundle *b)
{
    return b->last;
}

static double dot(const double *a, const double *b, size_t n)
{
    double sum[4] = {0, 0, 0, 0}; /* four sums at a time: a fixed order that is quick */
    size_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (size_t lane = 0; lane < 4; lane++)
            sum[lane] += a[i + lane] * b[i + lane];
    for (; i < n; i++)
        sum[0] += a[i] * b[i];
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* ---- the active set: which cuts carry weight, and the factor of their products ---- */

/* The slot comes last among the active ones. */
static void activate(struct bundle *b, size_t slot)
{
    size_t n = b->n_active, m = b->cuts_max;
    double *row = b->factor + n * m, largest = b->square[slot * m + slot];
    for (size_t i = 0; i < n; i++) {
        double have = b->square[b->active[i] * m + b->active[i]];
        largest = have > largest ? have : largest;
    }
    for (size_t i = 0; i < n; i++) {
        const double *of = b->factor + i * m;
        row[i] = (b->square[slot * m + b->active[i]] - dot(row, of, i)) / of[i];
    }
    double rest = b->square[slot * m + slot] - dot(row, row, n), least = RIDGE * largest + 1e-300;
    row[n] = sqrt(rest > least ? rest : least);
    b->is_active[slot] = true;
    b->active[b->n_active++] = slot;
}

/* The i-th of the active ones leaves; rotations make the factor a triangle again. */
static void deactivate(struct bundle *b, size_t i)
{
    size_t m = b->cuts_max;
    b->is_active[b->active[i]] = false;
    b->n_active--;
    for (size_t j = i; j < b->n_active; j++) {
        b->active[j] = b->active[j + 1];
        memcpy(b->factor + j * m, b->factor + (j + 1) * m, (j + 2) * sizeof(double));
    }
    for (size_t j = i; j < b->n_active; j++) {
        double p = b->factor[j * m + j], q = b->factor[j * m + j + 1], size = sqrt(p * p + q * q);
        double c = p / size, s = q / size;
        for (size_t k = j; k < b->n_active; k++) {
            double *at = b->factor + k * m + j, x = at[0], y = at[1];
            at[0] = c * x + s * y;
            at[1] = c * y - s * x;
        }
    }
}

static void reactivate(struct bundle *b)
{
    b->n_active = 0;
    memset(b->is_active, 0, b->cuts_max * sizeof *b->is_active);
    for (size_t k = 0; k < b->cuts_max; k++)
        if (b->used[k] && b->weight[k] > 0)
            activate(b, k);
}

/* x = (factor * transposed)^-1 x */
static void solve_factor(const struct bundle *b, double *x)
{
    size_t m = b->cuts_max;
    for (size_t i = 0; i < b->n_active; i++)
        x[i] = (x[i] - dot(b->factor + i * m, x, i)) / b->factor[i * m + i];
    for (size_t i = b->n_active; i-- > 0;) {
        x[i] /= b->factor[i * m + i];
        for (size_t j = 0; j < i; j++)
            x[j] -= b->factor[i * m + j] * x[i];
    }
}

/* The best weights of the active cuts, each of either sign, that add up to 1, into goal[slot]; the level they share. */
static double balance(struct bundle *b)
{
    double sum = 0, of_ones = 0;
    for (size_t i = 0; i < b->n_active; i++) {
        b->wanted[i] = b->height[b->active[i]] / b->step;
        b->ones[i] = 1;
    }
    solve_factor(b, b->wanted);
    solve_factor(b, b->ones);
    for (size_t i = 0; i < b->n_active; i++) {
        sum += b->wanted[i];
        of_ones += b->ones[i];
    }
    double shift = (sum - 1) / of_ones;
    for (size_t i = 0; i < b->n_active; i++)
        b->goal[b->active[i]] = b->wanted[i] - shift * b->ones[i];
    return shift * b->step;
}

/* Weights add up to 1 again: slopes that nearly depend on each other make great goals, and these leave rounding errors. */
static void make_whole(struct bundle *b)
{
    double sum = 0;
    for (size_t i = 0; i < b->n_active; i++)
        sum += b->weight[b->active[i]];
    for (size_t i = 0; i < b->n_active && sum > 0; i++)
        b->weight[b->active[i]] /= sum;
}

/* Towards the goal, until the first weight reaches 0 and leaves. True when none did. */
static bool approach(struct bundle *b)
{
    double share = 1;
    size_t blocker = SIZE_MAX;
    for (size_t i = 0; i < b->n_active; i++) {
        size_t k = b->active[i];
        if (b->goal[k] < 0 && b->weight[k] < share * (b->weight[k] - b->goal[k])) {
            share = b->weight[k] / (b->weight[k] - b->goal[k]);
            blocker = i;
        }
    }
    for (size_t i = 0; i < b->n_active; i++) {
        size_t k = b->active[i];
        double moved = b->weight[k] + share * (b->goal[k] - b->weight[k]);
        b->weight[k] = moved > 0 ? moved : 0;
    }
    if (blocker != SIZE_MAX) {
        b->weight[b->active[blocker]] = 0;
        deactivate(b, blocker);
    }
    make_whole(b);
    return blocker == SIZE_MAX;
}

/* The weights that are best with the prices at limits held there. */
static void weigh(struct bundle *b, double tolerance)
{
    size_t m = b->cuts_max;
    reactivate(b);
    for (size_t turn = 0; turn < 4 * m; turn++) {
        double shared = balance(b);
        if (!approach(b))
            continue;
        size_t best = SIZE_MAX;
        double most = shared + tolerance;
        for (size_t k = 0; k < m; k++) {
            if (!b->used[k])
                continue;
            double sum = 0;
            for (size_t i = 0; i < b->n_active; i++)
                sum += b->square[k * m + b->active[i]] * b->weight[b->active[i]];
            b->level[k] = b->height[k] - b->step * sum;
            if (b->level[k] > most && !b->is_active[k]) {
                most = b->level[k];
                best = k;
            }
        }
        if (best == SIZE_MAX)
            return;
        activate(b, best);
    }
}

/* ---- the model: from weights to prices ---- */

/* Where the weights lead; returns the value of the dual there, to be greatest. */
static double follow(struct bundle *b)
{
    double dual = 0;
    memset(b->direction, 0, b->n * sizeof *b->direction);
    for (size_t k = 0; k < b->cuts_max; k++)
        if (b->used[k] && b->weight[k] > 0) {
            const double *slope = b->slope + k * b->n;
            for (size_t r = 0; r < b->n; r++)
                b->direction[r] += b->weight[k] * slope[r];
            dual -= b->weight[k] * b->error[k];
        }
    for (size_t r = 0; r < b->n; r++) {
        double y = b->centre[r] - b->step * b->direction[r];
        y = y < 0 ? 0 : y > b->most[r] ? b->most[r] : y;
        b->next[r] = y;
        double way = y - b->centre[r];
        dual += b->direction[r] * way + way * way / (2 * b->step);
    }
    return dual;
}

/* Takes the prices that now are at limits out of the squares, and those that no more are in. */
static void note_limits(struct bundle *b)
{
    size_t m = b->cuts_max;
    for (size_t r = 0; r < b->n; r++) {
        bool now = b->next[r] > 0 && b->next[r] < b->most[r];
        if (now == b->free[r])
            continue;
        b->free[r] = now;
        double sign = now ? 1 : -1;
        for (size_t k = 0; k < m; k++) {
            double mine = b->used[k] ? sign * b->slope[k * b->n + r] : 0;
            if (mine == 0)
                continue;
            for (size_t l = 0; l < m; l++)
                b->square[k * m + l] += b->used[l] ? mine * b->slope[l * b->n + r] : 0;
        }
    }
}

/* Heights of the cuts where free prices are at the centre and the others at their limits. */
static void measure(struct bundle *b)
{
    for (size_t k = 0; k < b->cuts_max; k++) {
        if (!b->used[k])
            continue;
        const double *slope = b->slope + k * b->n;
        double sum = -b->error[k];
        for (size_t r = 0; r < b->n; r++)
            sum += b->free[r] ? 0 : slope[r] * (b->next[r] - b->centre[r]);
        b->height[k] = sum;
    }
}

/* The highest cut at the next prices, against the centre's value. */
static double highest(const struct bundle *b)
{
    double most = -HUGE_VAL;
    for (size_t k = 0; k < b->cuts_max; k++) {
        if (!b->used[k])
            continue;
        const double *slope = b->slope + k * b->n;
        double sum = -b->error[k];
        for (size_t r = 0; r < b->n; r++)
            sum += slope[r] * (b->next[r] - b->centre[r]);
        most = sum > most ? sum : most;
    }
    return most;
}

/* Back towards the weights before, until the dual is no less than it was. */
static double retreat(struct bundle *b, double was, double dual)
{
    for (int i = 0; i < 20 && dual < was; i++) {
        for (size_t k = 0; k < b->cuts_max; k++)
            b->weight[k] = (b->weight[k] + b->before[k]) / 2;
        dual = follow(b);
    }
    return dual;
}

void bundle_next(struct bundle *b, double *out)
{
    if (!b->started) {
        memcpy(b->next, b->centre, b->n * sizeof *b->next);
    } else {
        double dual = follow(b);
        for (int round = 0; round < ROUNDS; round++) {
            note_limits(b);
            measure(b);
            memcpy(b->before, b->weight, b->cuts_max * sizeof *b->before);
            double size = fabs(dual) > 1e-12 * fabs(b->value) ? fabs(dual) : 1e-12 * fabs(b->value);
            weigh(b, AGREED * size);
            double now = follow(b);
            now = retreat(b, dual, now);
            bool settled = now - dual <= 1e-3 * AGREED * fabs(now);
            dual = now;
            if (settled && round > 0)
                break;
        }
        double promise = -highest(b);
        b->promise = promise > 0 ? promise : 0;
    }
    for (size_t r = 0; r < b->n; r++)
        out[r] = b->next[r] * b->scale[r];
}

/* ---- what was seen ---- */

/* A slot for a new cut: a free one, else of those without weight the one idle longest, else the least weighty. */
static size_t find_slot(struct bundle *b)
{
    size_t worst = 0;
    for (size_t k = 0; k < b->cuts_max; k++) {
        if (!b->used[k])
            return k;
        if (b->weight[k] < b->weight[worst] || (b->weight[k] == b->weight[worst] && b->idle[k] > b->idle[worst]))
            worst = k;
    }
    double rest = 1 - b->weight[worst];
    b->weight[worst] = 0;
    for (size_t k = 0; k < b->cuts_max; k++)
        b->weight[k] = rest > 0 ? b->weight[k] / rest : 0;
    return worst;
}

static void add_cut(struct bundle *b, double error, const double *slope)
{
    size_t m = b->cuts_max, k = find_slot(b);
    double *mine = b->slope + k * b->n, *scratch = b->direction;
    b->last = k;
    b->used[k] = true;
    b->idle[k] = 0;
    b->weight[k] = 0;
    b->error[k] = error > 0 ? error : 0;
    for (size_t r = 0; r < b->n; r++) {
        mine[r] = slope[r] * b->scale[r];
        scratch[r] = b->free[r] ? mine[r] : 0;
    }
    for (size_t l = 0; l < m; l++)
        if (b->used[l])
            b->square[k * m + l] = b->square[l * m + k] = dot(scratch, b->slope + l * b->n, b->n);
}

static void first_look(struct bundle *b, double value, double below, const double *slope)
{
    b->started = true;
    b->value = value;
    add_cut(b, below, slope);
    b->weight[b->last] = 1;
    double square = 0; /* of the part of the slope that leads anywhere */
    for (size_t r = 0; r < b->n; r++) {
        double s = slope[r] * b->scale[r];
        square += b->centre[r] > 0 || s < 0 ? s * s : 0;
    }
    b->step = b->step_first = square > 0 ? b->first_promise * (fabs(value) + 1e-300) / square : 1;
}

/* The centre moves to y: cuts are measured from there. */
static void move_centre(struct bundle *b, const double *y, double value)
{
    for (size_t k = 0; k < b->cuts_max; k++) {
        if (!b->used[k])
            continue;
        const double *slope = b->slope + k * b->n;
        double rise = 0;
        for (size_t r = 0; r < b->n; r++)
            rise += slope[r] * (y[r] - b->centre[r]);
        double error = b->error[k] + value - b->value - rise;
        b->error[k] = error > 0 ? error : 0;
    }
    memcpy(b->centre, y, b->n * sizeof *y);
    b->value = value;
}

static void stretch(struct bundle *b, double factor)
{
    double step = b->step * factor, least = b->step_first * STEP_RANGE, most = b->step_first / STEP_RANGE;
    b->step = step < least ? least : step > most ? most : step;
}

bool bundle_tell(struct bundle *b, const double *x, double value, double below, const double *slope)
{
    if (!b->started) {
        first_look(b, value, below, slope);
        return true;
    }
    for (size_t k = 0; k < b->cuts_max; k++)
        b->idle[k] = b->weight[k] > 0 ? 0 : b->idle[k] + 1;
    double rise = 0;
    for (size_t r = 0; r < b->n; r++) {
        b->next[r] = x[r] / b->scale[r];
        rise += slope[r] * b->scale[r] * (b->next[r] - b->centre[r]);
    }
    double gain = b->value - value, error = b->value - (value - below - rise);
    bool serious = gain >= SERIOUS * b->promise && gain > 0;
    add_cut(b, error, slope);
    if (serious) {
        move_centre(b, b->next, value);
        b->nulls = 0;
        b->good = gain >= STRETCH * b->promise ? b->good + 1 : 0;
        if (b->good > 0)
            stretch(b, b->good > 1 ? 2.5 : 1.5);
    } else {
        b->good = 0;
        b->nulls++;
        if (b->nulls > NULLS_PATIENT && error > 2 * b->promise && b->nulls % 3 == 0)
            stretch(b, 0.6);
    }
    return serious;
}

void bundle_refresh(struct bundle *b, double value, double below, const double *slope)
{
    for (size_t k = 0; k < b->cuts_max; k++)
        b->error[k] += value - b->value;
    b->value = value;
    add_cut(b, below, slope);
}

void bundle_lean(struct bundle *b, double below, const double *slope)
{
    double room = below / (b->first_promise * (fabs(b->value) + 1e-300));
    add_cut(b, below, slope);
    if (room > STEP_RANGE && room < 1)
        b->step = b->step_first = b->step * room;
}
