/* What the files of the assignment share: its state between and within solves, and the few steps from one file to another. */
#ifndef WM_ASSIGN_STATE_H
#define WM_ASSIGN_STATE_H

#include "assign.h"

#include <stddef.h>

#define FAR ASSIGN_PRICE_MOST

enum start { FROM_SCRATCH, FROM_ANSWER, FROM_CHOICES, FROM_PRICES };

struct bid {
    int64_t value;
    uint32_t edge;
    bool held; /* somebody has the row */
};

struct assign_state {
    const int64_t *weight;
    enum start start;

    size_t spent, budget, ask_at; /* edges looked at; how many are allowed; when stop is asked next */
    bool hard, stopped;           /* why a search was left: the budget, or stop */
    bool (*stop)(void *arg);
    void *arg;

    uint32_t *column_of;  /* [n_rows] who has the row, ASSIGN_NONE: nobody */
    uint32_t *slot_of;    /* [n_rows] where among that column's rows */
    uint32_t *first_slot; /* [n_columns + 1] */
    uint32_t *slots;      /* rows of column j from [first_slot[j]], taken[j] of them */
    uint32_t *taken;      /* [n_columns] */

    uint32_t *first_of_row; /* [n_rows + 1] edges by row, unless every column has every row */
    uint32_t *edge_by_row;  /* [n_edges] */
    uint32_t *edge_column;  /* [n_edges] */

    int64_t *distance;        /* [n_columns] INT64_MAX: not reached */
    uint32_t *via;            /* [n_columns] edge by which it was reached */
    uint32_t *reached, *done; /* [n_columns] those reached, those whose distance is final */
    size_t n_reached, n_done;
    uint32_t *heap, *heap_at; /* [n_columns] reached and not done, the nearest first; places */
    size_t n_heap;

    uint32_t *queue; /* [n_columns] ring */
    size_t queue_head, n_queue;
    bool *queued;     /* [n_columns] */
    uint8_t *raises;  /* [n_columns] in this repair */
    int64_t *need;    /* [n_columns] the price that slacks ask for */
    struct bid *bids; /* [most room + 1] a heap, the least wanted first */

    bool single;       /* no column has room for more than one */
    uint32_t *stack;   /* [the greater of n_rows and n_columns] */
    uint32_t *two;     /* [2 * n_columns] */
    struct core *core; /* NULL: not dense */
};

static inline uint32_t row_of(const struct assign *a, uint32_t column, uint32_t edge)
{
    return a->row ? a->row[edge] : edge - a->first[column];
}

static inline uint32_t column_of_edge(const struct assign *a, uint32_t edge)
{
    return a->row ? a->state->edge_column[edge] : (uint32_t)(edge / a->n_rows);
}

/* The edges of a row, by number. */
static inline uint32_t row_degree(const struct assign *a, uint32_t row)
{
    const uint32_t *first = a->state->first_of_row;
    return a->row ? first[row + 1] - first[row] : (uint32_t)a->n_columns;
}

static inline uint32_t row_edge(const struct assign *a, uint32_t row, uint32_t nth)
{
    return a->row ? a->state->edge_by_row[a->state->first_of_row[row] + nth] : a->first[nth] + row;
}

static inline bool must_row(const struct assign *a, uint32_t row)
{
    return a->row_must && a->row_must[row];
}

static inline bool must_column(const struct assign *a, uint32_t column)
{
    return a->column_must && a->column_must[column];
}

static inline bool has_room(const struct assign *a, uint32_t column)
{
    return a->state->taken[column] < a->room[column];
}

static inline bool in_range(int64_t price)
{
    return price >= -FAR && price <= FAR;
}

/* How many rows column j can have at most. */
static inline uint32_t slots_of(const struct assign *a, uint32_t column)
{
    uint32_t degree = a->first[column + 1] - a->first[column];
    return a->room[column] < degree ? a->room[column] : degree;
}

/* ---- assign.c ---- */

int assign_init_plain(struct assign *a, struct arena *arena, size_t n_rows, size_t n_columns, const uint32_t *first,
                      const uint32_t *row, const uint32_t *room, const bool *row_must, const bool *column_must);
/* Edges changed, and are no more than there were at first. */
void assign_index_rows(struct assign *a);
/* Does stop say so? Asked once in so much work. */
bool assign_stops(struct assign_state *s);
void assign_take(struct assign *a, uint32_t row, uint32_t column, uint32_t edge);
void assign_leave(struct assign *a, uint32_t row);
/* Every row is free. */
void assign_free_all(struct assign *a);

/* What every solve begins with; the next one starts from scratch unless this one says otherwise. False: out of range. */
bool assign_prepare(struct assign *a, const int64_t *weight, bool (*stop)(void *arg), void *arg);

/* ---- assign_begin.c: bids, in the order of a queue ---- */

void assign_enqueue(struct assign *a, uint32_t column); /* once */
uint32_t assign_dequeue(struct assign *a);
/* A step above 0 is of a problem without musts. */
void assign_bid(struct assign *a, uint32_t column, int64_t step);

/* ---- assign_begin.c: starts. Afterwards prices and choices are as settling wants them ---- */

void begin_by_bids(struct assign *a);
void begin_at_prices(struct assign *a);
/* With the column prices there are, or (keep_prices false) with such as leave rows what they had. False: out of range. */
bool begin_by_repair(struct assign *a, bool keep_prices);
/* False: stopped, or out of range. The last step of the auction times columns times this is the range of the weights. */
bool begin_by_auction(struct assign *a, int64_t steps_a_column);
/* Row prices and choices alone. */
bool take_by_auction(struct assign *a, int64_t steps_a_column);

/* ---- assign_core.c: dense problems by way of sparse ones ---- */

enum core_end {
    CORE_SOLVED,  /* nothing is left to do */
    CORE_NEAR,    /* prices and choices are a start */
    CORE_NO_HELP, /* begin from scratch */
    CORE_STOPPED
};

/* `core` stays NULL where it would not pay. WM_EMEMORY. */
int core_init(struct core **out, struct arena *arena, const struct assign *a);
enum core_end core_solve(struct assign *a, enum start start);

#endif
