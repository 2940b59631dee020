/*
 * The auction (Bertsekas 1979, 1988): every column without a row bids for the one that is worth most to it at present prices,
 * and raises its price until the second best is as good, and by a step more. Whoever held the row is without one and bids
 * again. Steps make sure that prices move on where several want the same few rows; a choice that ends with all served is
 * within a step a column of the best. So there are phases: large steps find the height of prices in few bids, and each phase
 * begins from the row prices of the one before, with a step STEP_FALL times smaller.
 *
 * A row that nobody has should cost nothing. Those that do, though they are free, offer themselves to columns, the other way
 * round: each lowers its price to what its second best column would pay, less a step, and takes the best one's place, until it
 * is taken or costs nothing (Bertsekas and Castanon 1992).
 */
#include "auction.h"

#include <string.h>

enum {
    STEP_FALL = 6,
    STEPS_FIRST = 5,   /* the first step is this part of the range of weights */
    BIDS_MOST = 400,   /* a column, in one phase: musts that cannot all hold would bid for ever */
    LOOK_BETWEEN = 64, /* bids between stops */
    LANE = 8
};

#define NONE (-2 * ASSIGN_PRICE_MOST)

struct best {
    int64_t first, second; /* NONE: below any */
    uint32_t edge, second_edge;
};

static inline void weigh(struct best *b, int64_t value, uint32_t edge)
{
    if (value > b->first)
        *b = (struct best){value, b->first, edge, b->edge};
    else if (value > b->second) {
        b->second = value;
        b->second_edge = edge;
    }
}

static inline uint32_t row_of(const struct assign *a, uint32_t column, uint32_t edge)
{
    return a->row ? a->row[edge] : edge - a->first[column];
}

static inline uint32_t column_of(const struct auction *x, uint32_t edge)
{
    return x->a->row ? x->edge_column[edge] : (uint32_t)(edge / x->a->n_rows);
}

/* Is none of LANE edges of following rows worth more than `bound`? By the sign of all differences; modulo 2^64 as in assign_core.c. */
static inline bool none_above(const int64_t *weight, const int64_t *row_price, int64_t bound)
{
    uint64_t below = 0;
    for (int lane = 0; lane < LANE; lane++)
        below |= (uint64_t)bound - ((uint64_t)weight[lane] - (uint64_t)row_price[lane]);
    return (int64_t)below >= 0;
}

static inline void weigh_row(const struct auction *x, uint32_t j, uint32_t edge, struct best *b)
{
    if (x->weight[edge] != ASSIGN_FORBIDDEN)
        weigh(b, x->weight[edge] - x->row_price[row_of(x->a, j, edge)], edge);
}

/* The two that were best last time come first: they often still are, and then little else has to be looked at closely. */
static struct best best_row(const struct auction *x, uint32_t j)
{
    const struct assign *a = x->a;
    struct best b = {NONE, NONE, ASSIGN_NONE, ASSIGN_NONE};
    uint32_t *two = x->two + 2 * (size_t)j, one = two[0], other = two[1];
    if (one != ASSIGN_NONE)
        weigh_row(x, j, one, &b);
    if (other != ASSIGN_NONE)
        weigh_row(x, j, other, &b);
    for (uint32_t e = a->first[j], end = a->first[j + 1]; e < end;) {
        uint32_t stop = e + LANE < end ? e + LANE : end;
        if (!a->row && stop == e + LANE && none_above(x->weight + e, x->row_price + (e - a->first[j]), b.second))
            e = stop;
        for (; e < stop; e++)
            if (e != one && e != other)
                weigh_row(x, j, e, &b);
    }
    two[0] = b.edge;
    two[1] = b.second_edge;
    return b;
}

static struct best best_column(const struct auction *x, uint32_t i)
{
    const struct assign *a = x->a;
    struct best b = {NONE, NONE, ASSIGN_NONE, ASSIGN_NONE};
    uint32_t n = a->row ? x->first_of_row[i + 1] - x->first_of_row[i] : (uint32_t)a->n_columns;
    for (uint32_t t = 0; t < n; t++) {
        uint32_t e = a->row ? x->edge_by_row[x->first_of_row[i] + t] : a->first[t] + i;
        uint32_t j = a->row ? x->edge_column[e] : t;
        if (x->weight[e] != ASSIGN_FORBIDDEN && a->room[j])
            weigh(&b, x->weight[e] - x->column_price[j], e);
    }
    return b;
}

/* What the second best is worth, if it is worth choosing; `floor` is what can be had without choosing. */
static int64_t second_best(const struct best *b, int64_t floor)
{
    return b->second > floor ? b->second : floor;
}

static bool ends(const struct auction *x, size_t bids, bool *stopped)
{
    *stopped = bids % LOOK_BETWEEN == 0 && x->stop && x->stop(x->arg);
    return *stopped || bids > BIDS_MOST * x->a->n_columns;
}

/* False: stopped. */
static bool columns_bid(struct auction *x, int64_t step, int64_t range)
{
    const struct assign *a = x->a;
    size_t n = 0;
    bool stopped = false;
    for (uint32_t j = (uint32_t)a->n_columns; j--;)
        if (a->room[j])
            x->stack[n++] = j;
    for (size_t bids = 1; n && !ends(x, bids, &stopped); bids++) {
        uint32_t j = x->stack[--n];
        bool must = a->column_must && a->column_must[j];
        struct best b = best_row(x, j);
        x->column_price[j] = 0;
        if (b.edge == ASSIGN_NONE || (b.first <= 0 && !must))
            continue;
        uint32_t i = row_of(a, j, b.edge);
        if (x->row_price[i] > ASSIGN_WEIGHT_MOST / 2)
            continue;
        x->column_price[j] = second_best(&b, must ? b.first - range : 0) - step;
        x->row_price[i] += b.first - x->column_price[j];
        if (x->edge_of_row[i] != ASSIGN_NONE) {
            uint32_t holder = column_of(x, x->edge_of_row[i]);
            x->row_of_column[holder] = ASSIGN_NONE;
            x->stack[n++] = holder;
        }
        x->edge_of_row[i] = b.edge;
        x->row_of_column[j] = i;
    }
    return !stopped;
}

/* False: stopped. */
static bool rows_offer(struct auction *x, int64_t step, int64_t range)
{
    const struct assign *a = x->a;
    size_t n = 0;
    bool stopped = false;
    for (uint32_t i = (uint32_t)a->n_rows; i--;)
        if (x->edge_of_row[i] == ASSIGN_NONE && (x->row_price[i] > 0 || (a->row_must && a->row_must[i])))
            x->stack[n++] = i;
    for (size_t bids = 1; n && !ends(x, bids, &stopped); bids++) {
        uint32_t i = x->stack[--n];
        bool must = a->row_must && a->row_must[i];
        struct best b = best_column(x, i);
        x->row_price[i] = 0;
        if (b.edge == ASSIGN_NONE || (b.first <= step && !must))
            continue;
        uint32_t j = column_of(x, b.edge);
        if (x->column_price[j] > ASSIGN_WEIGHT_MOST / 2)
            continue;
        int64_t price = second_best(&b, must ? b.first - range : 0) - step;
        x->row_price[i] = price > 0 || must ? price : 0;
        x->column_price[j] += b.first - x->row_price[i];
        if (x->row_of_column[j] != ASSIGN_NONE) {
            x->edge_of_row[x->row_of_column[j]] = ASSIGN_NONE;
            x->stack[n++] = x->row_of_column[j];
        }
        x->edge_of_row[i] = b.edge;
        x->row_of_column[j] = i;
    }
    return !stopped;
}

/* The difference of the greatest and the least weight, -1 when there is none at all. */
static int64_t range_of(const struct auction *x)
{
    int64_t least = INT64_MAX, most = INT64_MIN;
    for (size_t e = 0; e < x->a->n_edges; e++)
        if (x->weight[e] != ASSIGN_FORBIDDEN) {
            least = x->weight[e] < least ? x->weight[e] : least;
            most = x->weight[e] > most ? x->weight[e] : most;
        }
    return least > most ? -1 : most - least;
}

bool auction_run(struct auction *x, int64_t steps_a_column)
{
    const struct assign *a = x->a;
    int64_t range = range_of(x), step = range / (steps_a_column * (int64_t)a->n_columns);
    if (step < 1)
        step = 1;
    memset(x->row_price, 0, a->n_rows * sizeof *x->row_price);
    memset(x->two, 0xff, 2 * a->n_columns * sizeof *x->two);
    memset(x->edge_of_row, 0xff, a->n_rows * sizeof *x->edge_of_row);
    for (int64_t now = range / STEPS_FIRST; range >= 0; now /= STEP_FALL) {
        if (now < step)
            now = step;
        memset(x->edge_of_row, 0xff, a->n_rows * sizeof *x->edge_of_row);
        memset(x->row_of_column, 0xff, a->n_columns * sizeof *x->row_of_column);
        if (!columns_bid(x, now, range) || !rows_offer(x, now, range))
            return false;
        if (now == step)
            break;
    }
    return true;
}
