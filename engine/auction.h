/* A start for hard assignments: prices and choices near the best, by an auction whose steps become smaller and smaller. */
#ifndef WM_AUCTION_H
#define WM_AUCTION_H

#include "assign.h"

struct auction {
    const struct assign *a; /* its edges, rooms and musts; no column has room for more than one */
    /* The edges by row, [n_rows + 1] and [n_edges], and their columns, [n_edges]; not needed where every column has every row. */
    const uint32_t *first_of_row, *edge_by_row, *edge_column;
    const int64_t *weight;
    int64_t *row_price, *column_price; /* the answer: [n_rows], [n_columns] */
    uint32_t *edge_of_row;             /* [n_rows] and the choices */
    uint32_t *row_of_column;           /* [n_columns] scratch, as is the next */
    uint32_t *stack;                   /* [the greater of n_rows and n_columns] */
    uint32_t *two;                     /* [2 * n_columns] */
    bool (*stop)(void *arg);
    void *arg;
};

/*
 * Fills the answer. Nothing is promised of how near the best it is, though it misses by about the last step a column where all
 * musts can hold: the range of weights over columns times steps_a_column. False: stop said so.
 */
bool auction_run(struct auction *x, int64_t steps_a_column);

#endif
