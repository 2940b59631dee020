/*
 * Assignments near the optimum, sooner than the optimum itself. Where many columns want many rows nearly alike, shortest
 * paths lead through half of the problem for the last thousandth; an auction is content with it.
 *
 * Columns bid for the rows that are worth most to them, and pay a step more than they would have to; then rows that were
 * dear and that nobody took offer themselves to columns, a step cheaper than they would have to (forward and reverse auction,
 * Bertsekas and Castanon 1992). Each step paid is at most what an opening's choice is from the best one. Phases with steps
 * that become smaller find the height of prices first. Where there was an answer, it begins from its prices, and choices that
 * are still within a step of the best are kept: weights that hardly changed cost little more than looking at each once.
 *
 * All prices are sound whenever it ends: at last each column's price is raised to what its edges ask for.
 */
#include "assign_state.h"

#include <string.h>

enum {
    STEP_FALL = 5,
    FALLS_COLD = 6,  /* the first step is that many falls above the last: from scratch */
    FALLS_WARM = 2,  /* and from an answer */
    BIDS_MOST = 100, /* of all columns together in one phase, a column; and of rows' offers */
};

struct best {
    int64_t first, second;
    uint32_t edge;
};

static bool stops(struct assign_state *s)
{
    return s->stopped || assign_stops(s);
}

/* ---- columns bid ---- */

/* The most that a row which column j does not have is worth to it, 0 at least. */
static int64_t best_elsewhere(const struct assign *a, uint32_t j)
{
    const struct assign_state *s = a->state;
    int64_t best = 0;
    for (uint32_t e = a->first[j]; e < a->first[j + 1]; e++) {
        uint32_t i = row_of(a, j, e);
        if (s->weight[e] != ASSIGN_FORBIDDEN && s->weight[e] - a->row_price[i] > best && s->column_of[i] != j)
            best = s->weight[e] - a->row_price[i];
    }
    return best;
}

/* Rows of column j that fall short of others by more than a step are given up; the rest leave it all the same. */
static void refit(struct assign *a, uint32_t j, int64_t step)
{
    struct assign_state *s = a->state;
    const uint32_t *slot = s->slots + s->first_slot[j];
    int64_t asked = s->taken[j] ? best_elsewhere(a, j) - step : 0, level = INT64_MAX;
    for (uint32_t t = s->taken[j]; t--;) {
        int64_t weight = s->weight[a->edge_of_row[slot[t]]];
        if (weight < 0 || weight - a->row_price[slot[t]] < asked) /* ASSIGN_FORBIDDEN is below 0 */
            assign_leave(a, slot[t]);
        else
            level = weight - a->row_price[slot[t]] < level ? weight - a->row_price[slot[t]] : level;
    }
    if (level < 0 || !s->taken[j] || (has_room(a, j) && s->taken[j] == slots_of(a, j)))
        level = 0; /* room is left, and nobody to bid for */
    a->column_price[j] = level;
    for (uint32_t t = 0; t < s->taken[j]; t++)
        a->row_price[slot[t]] = s->weight[a->edge_of_row[slot[t]]] - level;
    s->spent += a->first[j + 1] - a->first[j];
}

static void columns_bid(struct assign *a, int64_t step)
{
    struct assign_state *s = a->state;
    memset(s->queued, 0, a->n_columns * sizeof *s->queued);
    s->queue_head = s->n_queue = 0;
    for (uint32_t j = 0; j < a->n_columns; j++) {
        refit(a, j, step);
        if (s->taken[j] < slots_of(a, j))
            assign_enqueue(a, j);
    }
    for (size_t bids = 0; s->n_queue && bids < BIDS_MOST * a->n_columns && !stops(s); bids++)
        assign_bid(a, assign_dequeue(a), step);
}

/* ---- rows offer themselves ---- */

/* The two columns that leave row i most, `but` apart. */
static struct best best_columns(struct assign *a, uint32_t i, uint32_t but)
{
    struct assign_state *s = a->state;
    struct best best = {0, 0, ASSIGN_NONE};
    uint32_t n = row_degree(a, i);
    for (uint32_t t = 0; t < n; t++) {
        uint32_t e = row_edge(a, i, t), j = column_of_edge(a, e);
        int64_t value = s->weight[e] == ASSIGN_FORBIDDEN ? 0 : s->weight[e] - a->column_price[j];
        if (value > best.first && j != but && a->room[j])
            best = (struct best){value, best.first, e};
        else if (value > best.second && j != but && a->room[j])
            best.second = value;
    }
    s->spent += n;
    return best;
}

/* Which of the rows of column j loses least by leaving it. */
static uint32_t least_attached(struct assign *a, uint32_t j)
{
    struct assign_state *s = a->state;
    const uint32_t *slot = s->slots + s->first_slot[j];
    uint32_t least = slot[0];
    int64_t loss = INT64_MAX;
    for (uint32_t t = 0; t < s->taken[j] && s->taken[j] > 1; t++) {
        int64_t here = a->row_price[slot[t]] - best_columns(a, slot[t], j).first;
        if (here < loss || (here == loss && slot[t] < least)) {
            loss = here;
            least = slot[t];
        }
    }
    return least;
}

/* Row i, which nobody has, goes to the column that leaves it most; returns who lost its place by it, or ASSIGN_NONE. */
static uint32_t offer(struct assign *a, uint32_t i, int64_t step)
{
    struct assign_state *s = a->state;
    struct best best = best_columns(a, i, ASSIGN_NONE);
    a->row_price[i] = 0;
    if (best.first <= step)
        return ASSIGN_NONE;
    uint32_t j = column_of_edge(a, best.edge), loser = ASSIGN_NONE;
    a->row_price[i] = best.first;
    if (!has_room(a, j)) {
        int64_t rise = slots_of(a, j) > 1 ? step : best.first - best.second + step;
        rise = rise < best.first ? rise : best.first;
        loser = least_attached(a, j);
        assign_leave(a, loser);
        a->column_price[j] += rise;
        a->row_price[i] -= rise;
        for (uint32_t t = 0; t < s->taken[j]; t++) {
            int64_t *price = &a->row_price[s->slots[s->first_slot[j] + t]];
            *price = *price > rise ? *price - rise : 0; /* whom that leaves nothing goes next */
        }
    }
    assign_take(a, i, j, best.edge);
    return loser;
}

static void rows_offer(struct assign *a, int64_t step)
{
    struct assign_state *s = a->state;
    size_t n = 0;
    for (uint32_t i = (uint32_t)a->n_rows; i--;)
        if (s->column_of[i] == ASSIGN_NONE && a->row_price[i] > 0)
            s->stack[n++] = i;
    for (size_t offers = 0; n && offers < BIDS_MOST * a->n_columns && !stops(s); offers++) {
        uint32_t loser = offer(a, s->stack[--n], step);
        if (loser != ASSIGN_NONE)
            s->stack[n++] = loser;
    }
}

/* ---- all of it ---- */

/* Columns ask for what their edges are worth at most; the only prices that a step could have left too low. */
static void make_sound(struct assign *a)
{
    const struct assign_state *s = a->state;
    for (uint32_t j = 0; j < a->n_columns; j++) {
        a->column_price[j] = 0;
        for (uint32_t e = a->first[j]; e < a->first[j + 1]; e++) {
            int64_t left = s->weight[e] - a->row_price[row_of(a, j, e)];
            if (s->weight[e] != ASSIGN_FORBIDDEN && left > a->column_price[j])
                a->column_price[j] = left;
        }
    }
}

bool assign_near(struct assign *a, const int64_t *weight, int64_t step, bool (*stop)(void *arg), void *arg)
{
    struct assign_state *s = a->state;
    enum start start = s->start;
    int64_t now = step;
    if (!assign_prepare(a, weight, stop, arg))
        return false;
    if (start == FROM_SCRATCH || start == FROM_PRICES) {
        assign_free_all(a);
        memset(a->row_price, 0, a->n_rows * sizeof *a->row_price);
    }
    for (int fall = start == FROM_ANSWER ? FALLS_WARM : FALLS_COLD; fall > 0 && now < ASSIGN_WEIGHT_MOST / STEP_FALL;
         fall--)
        now *= STEP_FALL;
    for (;; now = now / STEP_FALL > step ? now / STEP_FALL : step) {
        columns_bid(a, now);
        rows_offer(a, now);
        if (now == step || s->stopped)
            break;
    }
    if (s->stopped)
        return false;
    make_sound(a);
    s->start = FROM_ANSWER;
    return true;
}
