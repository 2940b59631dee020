/*
 * Two-sided assignment with capacities, kept warm: rows (leaders, groups) take at most one edge each, columns (posts,
 * resources) at most `room` of them, for the greatest sum of weights. Weights and prices are integers of any fixed unit, so
 * that optimum and duals are exact.
 */
#ifndef WM_ASSIGN_H
#define WM_ASSIGN_H

#include "arena.h"

#include <stdbool.h>
#include <stdint.h>

#define ASSIGN_NONE UINT32_MAX
#define ASSIGN_FORBIDDEN INT64_MIN                 /* a weight: the edge does not exist this time */
#define ASSIGN_WEIGHT_MOST (INT64_C(1) << 60)      /* of any other weight, either sign */
#define ASSIGN_PRICE_MOST (ASSIGN_WEIGHT_MOST * 2) /* without musts no price is above the greatest weight */

struct assign {
    size_t n_rows, n_columns, n_edges;
    const uint32_t *first;   /* [n_columns + 1] edges of column j stand from [j] to [j + 1] */
    const uint32_t *row;     /* [n_edges] a row at most once a column; NULL: every column has every row, in order */
    const uint32_t *room;    /* [n_columns] */
    const bool *row_must;    /* [n_rows] takes exactly one edge; NULL: none must */
    const bool *column_must; /* [n_columns] takes exactly `room`; NULL: none must */

    /* The answer of the last solve. */
    uint32_t *edge_of_row; /* [n_rows] or ASSIGN_NONE */
    int64_t *row_price;    /* [n_rows] 0 or more, unless the row must */
    int64_t *column_price; /* [n_columns] of one opening; 0 or more, unless the column must */
    bool feasible;         /* false: the musts cannot all hold; `blocked_...` names one that could not be met */
    uint32_t blocked_row, blocked_column; /* the other is ASSIGN_NONE */
    bool out_of_range;                    /* false was returned because a weight or a price was too great */

    struct assign_state *state;
};

/*
 * Sets everything up in the arena; the arrays of the caller stay the caller's and must live as long.
 * WM_ELIMIT: UINT32_MAX edges or more. WM_EMEMORY.
 */
int assign_init(struct assign *a, struct arena *arena, size_t n_rows, size_t n_columns, const uint32_t *first,
                const uint32_t *row, const uint32_t *room, const bool *row_must, const bool *column_must);

/*
 * The optimum at weight[n_edges], from the prices and choices of the last solve where there was one, else from scratch.
 * Afterwards, for every edge e of row i and column j: weight[e] <= row_price[i] + column_price[j], equal where chosen; a
 * row without an edge has price 0; a column with room left has price 0, if it need not be full. The duals prove the
 * optimum: it is sum row_price + sum column_price * room. Equal input and history give an equal answer.
 *
 * False: the answer is unusable (and the next solve starts from scratch), because `stop` (may be NULL) said true or because
 * of the range. A weight is ASSIGN_FORBIDDEN or within ASSIGN_WEIGHT_MOST. Musts can drive prices further than any weight,
 * up to the number of rows or columns times as far; past ASSIGN_PRICE_MOST this is noticed and the answer is refused.
 */
bool assign_solve(struct assign *a, const int64_t *weight, bool (*stop)(void *arg), void *arg);

/*
 * As assign_solve, but where there are no musts (row_must and column_must do not count) and only nearly the optimum: choices
 * are worth less than the duals prove possible by about a step for each that is made, or less. The duals hold all the same;
 * but a row or a column with a price may be free. step is 1 or more. Quick where rooms are small.
 */
bool assign_near(struct assign *a, const int64_t *weight, int64_t step, bool (*stop)(void *arg), void *arg);

/* The column of the edge that a row took in the last solve. ASSIGN_NONE: it took none. */
uint32_t assign_column(const struct assign *a, uint32_t row);

/*
 * The next solve starts from these column prices (within ASSIGN_WEIGHT_MOST) and choices[n_rows] (an edge or ASSIGN_NONE,
 * never more than a column has room; NULL: work them out from the prices): before the first solve, or after the edges
 * changed. Any start gives an optimum; a good one gives it sooner.
 */
void assign_start(struct assign *a, const int64_t *column_price, const uint32_t *edge_of_row);

#endif
