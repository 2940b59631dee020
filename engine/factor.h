/*
 * A sparse square matrix of columns that change one at a time, kept as something that solves: triangular factors of it as
 * it once was, and a list of what changed since. Knows nothing of options and prices.
 */
#ifndef WM_FACTOR_H
#define WM_FACTOR_H

#include "arena.h"

#include <stdbool.h>
#include <stdint.h>

struct factor {
    size_t n;
    /* L * U of the matrix: step k pivots on row_of[k] and position pos_of[k]. Both by columns. */
    uint32_t *row_of, *pos_of; /* [n] */
    size_t *l_first, *u_first; /* [n + 1] */
    uint32_t *l_row, *u_row;
    double *l, *u, *diagonal; /* diagonal[n] */
    size_t l_room, u_room;
    uint32_t *busy; /* [n_busy] steps whose column of L holds anything */
    size_t n_busy;
    /* What changed since, oldest first. */
    struct change *changes;
    size_t n_changes, changes_room;
    uint32_t *at; /* positions and values of all changes */
    double *by;
    size_t n_by, by_room;
    /* Scratch. */
    double *dense;                              /* [n] zero between calls */
    uint32_t *pattern;                          /* [n] */
    uint8_t *marked;                            /* [n] zero between calls */
    uint32_t *count, *queue, *step_of, *col_of; /* [n] */
    size_t *row_first;                          /* [n + 1] */
    uint32_t *row_col;
    size_t row_room;
    struct arena *arena;
};

/* Columns are handed over as first[n + 1], row[], value[]. */
struct columns {
    const size_t *first;
    const uint32_t *row;
    const double *value;
};

bool factor_init(struct factor *f, struct arena *arena, size_t n);

/*
 * Factors the columns, by position. A position whose column depends on others is taken out: it stands for the unit column
 * of a row instead, told as replaced[position] = row (NO_ROW elsewhere). False: no memory.
 */
#define NO_ROW UINT32_MAX
bool factor_make(struct factor *f, const struct columns *columns, uint32_t *replaced);

/* x[n] by row -> the solution by position, in place of x. */
void factor_solve(const struct factor *f, double *x, double *scratch);
/* y[n] by position -> the solution of the transpose, by row. */
void factor_solve_transposed(const struct factor *f, double *y, double *scratch);

/* The column of position p is now the one whose solution (factor_solve's) is given. False: no memory. */
bool factor_exchange(struct factor *f, uint32_t p, const double *solution);
/*
 * Column p changes its sign, and is taken off each of the columns at the n positions: how a group changes its key. False: no
 * memory.
 */
bool factor_rekey(struct factor *f, uint32_t p, const uint32_t *positions, size_t n);

/* Changes made since a mark are undone. */
struct factor_mark {
    size_t n_changes, n_by;
};
struct factor_mark factor_mark(const struct factor *f);
void factor_undo(struct factor *f, struct factor_mark mark);

#endif
