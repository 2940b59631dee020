/*
 * Assignment by shortest augmenting paths, from good starts.
 *
 * Every row i has a price u, every column j a price p; the slack of an edge of weight w is u + p - w. Three things hold at
 * all times: no slack is negative; a chosen edge has slack 0; no price is negative but for those that must be taken. What
 * may be amiss is only this: a row without an edge whose price is above 0 (or that must have one), or a column with room
 * left whose price is above 0 (or that must be full). When nothing is amiss the choice is the best, by duality: its value is
 * sum u + sum p * room, and no choice is worth more.
 *
 *   begin    (assign_begin.c) from scratch, columns bid for their best rows; from the last answer, prices are brought into
 *            line with the new weights along the chosen edges. Little is amiss afterwards
 *   settle   (here) for each thing amiss the shortest path (by slack) that puts it right is found, prices along the way are
 *            changed so that the path has slack 0, and the choices along it are exchanged
 *   auction  (auction.c) where settling turns out to be hard, the beginning was a bad one: an auction with falling steps finds
 *            a good one, from which little is left to settle
 *   core     (assign_core.c) where a column has hundreds of edges, all this is done with a few of them, and the others are only
 *            looked through
 *
 * The paths are over columns alone: a row that is taken leads to the column that has it, so work follows the openings,
 * however many rows there are. A search ends at the best of all ends seen so far, and looks at nothing that is farther.
 *
 * Sources: Kuhn 1955; Tomizawa 1971 and Edmonds and Karp 1972 (shortest paths on reduced costs); Jonker and Volgenant 1987
 * (good starts). Mendelsohn and Dulmage 1958 is why musts of rows and of columns can be met one by one.
 *
 * Why nothing overflows: weights are at most 2^60 and prices at most 2^61, so a slack is within 5 * 2^60, a distance that is
 * kept is below 2^61, and their sum is within 7 * 2^60. A search that must go on past 2^61 is refused as out of range. Without
 * musts giving up is always an end at a distance of the own price, so that prices stay within the greatest weight.
 *
 * Everything happens in the order of numbers, so the same calls give the same answer, ties and all.
 */
#include "assign_state.h"
#include "wellmatch.h"

#include <assert.h>
#include <string.h>

enum {
    EASY = 24,           /* looks at each edge, on average: past that an auction is sooner done */
    STEPS_A_COLUMN = 10, /* its last step times the columns is this part of the range of weights */
};

#define BETWEEN_STOPS ((size_t)1 << 18) /* edges */

/* Where a search ends so far. */
struct goal {
    int64_t distance;
    uint32_t edge; /* to a row that is free, or to a column with room; ASSIGN_NONE: somebody gives up */
    uint32_t who;  /* the column or the row that gives up */
    bool far;      /* there was something past FAR */
};

static bool settle(struct assign *a, enum start start);
static bool settle_rows(struct assign *a);
static bool settle_columns(struct assign *a);

/* ---- setting up ---- */

static bool allocate_index(struct assign *a, struct arena *arena)
{
    struct assign_state *s = a->state;
    s->first_of_row = arena_alloc(arena, a->n_rows + 2, sizeof *s->first_of_row);
    s->edge_by_row = arena_alloc(arena, a->n_edges, sizeof *s->edge_by_row);
    s->edge_column = arena_alloc(arena, a->n_edges, sizeof *s->edge_column);
    return s->first_of_row && s->edge_by_row && s->edge_column;
}

void assign_index_rows(struct assign *a)
{
    struct assign_state *s = a->state;
    uint32_t *at = s->first_of_row + 1; /* one ahead while filling, so that it ends in place */
    memset(s->first_of_row, 0, (a->n_rows + 2) * sizeof *s->first_of_row);
    for (size_t e = 0; e < a->n_edges; e++)
        at[a->row[e] + 1]++;
    for (size_t i = 0; i < a->n_rows; i++)
        at[i + 1] += at[i];
    for (size_t j = 0; j < a->n_columns; j++)
        for (uint32_t e = a->first[j]; e < a->first[j + 1]; e++) {
            s->edge_column[e] = (uint32_t)j;
            s->edge_by_row[at[a->row[e]]++] = e;
        }
}

/* Is every column all rows in order, so that places say what edges are? */
static bool is_complete(const struct assign *a)
{
    if (!a->row)
        return true;
    if (a->n_edges != a->n_rows * a->n_columns)
        return false;
    for (size_t j = 0; j < a->n_columns; j++)
        for (size_t i = 0; i < a->n_rows; i++)
            if (a->first[j] != j * a->n_rows || a->row[j * a->n_rows + i] != i)
                return false;
    return true;
}

static bool allocate(struct assign *a, struct arena *arena)
{
    struct assign_state *s = a->state;
    size_t rows = a->n_rows, columns = a->n_columns, slots = 0, most = 0;
    s->single = true;
    for (uint32_t j = 0; j < columns; j++) {
        slots += slots_of(a, j);
        most = slots_of(a, j) > most ? slots_of(a, j) : most;
        s->single &= a->room[j] <= 1;
    }
    a->edge_of_row = arena_alloc(arena, rows, sizeof *a->edge_of_row);
    a->row_price = arena_alloc(arena, rows, sizeof *a->row_price);
    a->column_price = arena_alloc(arena, columns, sizeof *a->column_price);
    s->column_of = arena_alloc(arena, rows, sizeof *s->column_of);
    s->slot_of = arena_alloc(arena, rows, sizeof *s->slot_of);
    s->first_slot = arena_alloc(arena, columns + 1, sizeof *s->first_slot);
    s->slots = arena_alloc(arena, slots, sizeof *s->slots);
    s->taken = arena_alloc(arena, columns, sizeof *s->taken);
    s->distance = arena_alloc(arena, columns, sizeof *s->distance);
    s->via = arena_alloc(arena, columns, sizeof *s->via);
    s->reached = arena_alloc(arena, columns, sizeof *s->reached);
    s->done = arena_alloc(arena, columns, sizeof *s->done);
    s->heap = arena_alloc(arena, columns, sizeof *s->heap);
    s->heap_at = arena_alloc(arena, columns, sizeof *s->heap_at);
    s->queue = arena_alloc(arena, columns, sizeof *s->queue);
    s->queued = arena_alloc(arena, columns, sizeof *s->queued);
    s->raises = arena_alloc(arena, columns, sizeof *s->raises);
    s->need = arena_alloc(arena, columns, sizeof *s->need);
    s->bids = arena_alloc(arena, most + 1, sizeof *s->bids);
    s->stack = arena_alloc(arena, rows > columns ? rows : columns, sizeof *s->stack);
    s->two = arena_alloc(arena, 2 * columns, sizeof *s->two);
    return a->edge_of_row && a->row_price && a->column_price && s->column_of && s->slot_of && s->first_slot &&
           s->slots && s->taken && s->distance && s->via && s->reached && s->done && s->heap && s->heap_at &&
           s->queue && s->queued && s->raises && s->need && s->bids && s->stack && s->two;
}

int assign_init_plain(struct assign *a, struct arena *arena, size_t n_rows, size_t n_columns, const uint32_t *first,
                      const uint32_t *row, const uint32_t *room, const bool *row_must, const bool *column_must)
{
    *a = (struct assign){.n_rows = n_rows,
                         .n_columns = n_columns,
                         .first = first,
                         .row = row,
                         .room = room,
                         .row_must = row_must,
                         .column_must = column_must};
    if (n_rows >= ASSIGN_NONE || n_columns >= ASSIGN_NONE || first[n_columns] == ASSIGN_NONE)
        return WM_ELIMIT;
    a->n_edges = first[n_columns];
    if (is_complete(a))
        a->row = NULL;
    a->state = arena_alloc(arena, 1, sizeof *a->state);
    if (!a->state || !allocate(a, arena) || (a->row && !allocate_index(a, arena)))
        return WM_EMEMORY;
    struct assign_state *s = a->state;
    for (uint32_t j = 0; j < n_columns; j++) {
        s->first_slot[j + 1] = s->first_slot[j] + slots_of(a, j);
        s->distance[j] = INT64_MAX;
    }
    if (a->row)
        assign_index_rows(a);
    assign_free_all(a);
    return WM_OK;
}

int assign_init(struct assign *a, struct arena *arena, size_t n_rows, size_t n_columns, const uint32_t *first,
                const uint32_t *row, const uint32_t *room, const bool *row_must, const bool *column_must)
{
    int status = assign_init_plain(a, arena, n_rows, n_columns, first, row, room, row_must, column_must);
    return status ? status : core_init(&a->state->core, arena, a);
}

/* ---- who has which row ---- */

void assign_free_all(struct assign *a)
{
    memset(a->edge_of_row, 0xff, a->n_rows * sizeof *a->edge_of_row);
    memset(a->state->column_of, 0xff, a->n_rows * sizeof *a->state->column_of);
    memset(a->state->taken, 0, a->n_columns * sizeof *a->state->taken);
}

void assign_take(struct assign *a, uint32_t row, uint32_t column, uint32_t edge)
{
    struct assign_state *s = a->state;
    assert(s->column_of[row] == ASSIGN_NONE && s->first_slot[column] + s->taken[column] < s->first_slot[column + 1]);
    s->column_of[row] = column;
    s->slot_of[row] = s->first_slot[column] + s->taken[column]++;
    s->slots[s->slot_of[row]] = row;
    a->edge_of_row[row] = edge;
}

void assign_leave(struct assign *a, uint32_t row)
{
    struct assign_state *s = a->state;
    uint32_t column = s->column_of[row], at = s->slot_of[row];
    uint32_t end = s->first_slot[column] + --s->taken[column], last = s->slots[end];
    s->slots[s->slot_of[last] = at] = last;
    s->slots[s->slot_of[row] = end] = row; /* swapped, so that those who leave stand behind the others */
    s->column_of[row] = a->edge_of_row[row] = ASSIGN_NONE;
}

/* ---- solving ---- */

static bool check_weights(const struct assign *a, const int64_t *weight)
{
    uint64_t bad = 0, most = ASSIGN_WEIGHT_MOST;
    for (size_t e = 0; e < a->n_edges; e++)
        bad |= ((uint64_t)weight[e] + most > 2 * most) & (weight[e] != ASSIGN_FORBIDDEN);
    return !bad;
}

/* Prices and choices to settle from; what `start` became. False: stopped. */
static bool begin(struct assign *a, enum start *start)
{
    if (a->state->core && (*start == FROM_SCRATCH || !a->row)) { /* repair is quicker, with an index of rows */
        enum core_end end = core_solve(a, *start);
        if (end == CORE_STOPPED)
            return false;
        *start = end == CORE_SOLVED ? FROM_ANSWER : end == CORE_NEAR ? FROM_CHOICES : FROM_SCRATCH;
        if (end == CORE_SOLVED)
            return true;
    }
    if (*start == FROM_PRICES)
        begin_at_prices(a);
    else if (*start == FROM_SCRATCH || !begin_by_repair(a, *start == FROM_CHOICES)) {
        *start = FROM_SCRATCH;
        begin_by_bids(a);
    }
    return !a->state->stopped;
}

bool assign_prepare(struct assign *a, const int64_t *weight, bool (*stop)(void *arg), void *arg)
{
    struct assign_state *s = a->state;
    s->start = FROM_SCRATCH;
    s->weight = weight;
    s->stop = stop;
    s->arg = arg;
    s->spent = s->ask_at = 0;
    s->hard = s->stopped = false;
    a->feasible = true;
    a->blocked_row = a->blocked_column = ASSIGN_NONE;
    a->out_of_range = !check_weights(a, weight);
    return !a->out_of_range;
}

bool assign_solve(struct assign *a, const int64_t *weight, bool (*stop)(void *arg), void *arg)
{
    struct assign_state *s = a->state;
    enum start start = s->start;
    if (!assign_prepare(a, weight, stop, arg) || !begin(a, &start))
        return false;
    s->budget = s->single ? s->spent + EASY * a->n_edges : SIZE_MAX;
    bool usable = settle(a, start);
    if (s->hard) {
        s->budget = SIZE_MAX;
        if (!begin_by_auction(a, STEPS_A_COLUMN) && !s->stopped)
            begin_by_bids(a); /* prices went out of range */
        usable = !s->stopped && settle(a, FROM_CHOICES);
    }
    if (usable && a->feasible)
        s->start = FROM_ANSWER;
    return usable;
}

uint32_t assign_column(const struct assign *a, uint32_t row)
{
    return a->state->column_of[row];
}

void assign_start(struct assign *a, const int64_t *column_price, const uint32_t *edge_of_row)
{
    struct assign_state *s = a->state;
    memcpy(a->column_price, column_price, a->n_columns * sizeof *column_price);
    memset(a->row_price, 0, a->n_rows * sizeof *a->row_price);
    assign_free_all(a);
    for (uint32_t i = 0; edge_of_row && i < a->n_rows; i++)
        if (edge_of_row[i] != ASSIGN_NONE)
            assign_take(a, i, column_of_edge(a, edge_of_row[i]), edge_of_row[i]);
    s->start = edge_of_row ? FROM_CHOICES : FROM_PRICES;
}

/* ---- settle: shortest paths ---- */

bool assign_stops(struct assign_state *s)
{
    if (s->spent < s->ask_at)
        return false;
    s->ask_at = s->spent + BETWEEN_STOPS;
    return s->stopped = s->stop && s->stop(s->arg);
}

static bool interrupted(struct assign_state *s)
{
    s->hard = s->spent > s->budget;
    return s->hard || assign_stops(s);
}

static void heap_rise(struct assign_state *s, uint32_t column, size_t at)
{
    int64_t distance = s->distance[column];
    while (at) {
        size_t parent = (at - 1) / 2;
        if (s->distance[s->heap[parent]] <= distance)
            break;
        s->heap_at[s->heap[at] = s->heap[parent]] = (uint32_t)at;
        at = parent;
    }
    s->heap_at[s->heap[at] = column] = (uint32_t)at;
}

static uint32_t heap_pop(struct assign_state *s)
{
    uint32_t top = s->heap[0], last = s->heap[--s->n_heap];
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < s->n_heap; at = child) {
        if (child + 1 < s->n_heap && s->distance[s->heap[child + 1]] < s->distance[s->heap[child]])
            child++;
        if (s->distance[s->heap[child]] >= s->distance[last])
            break;
        s->heap_at[s->heap[at] = s->heap[child]] = (uint32_t)at;
    }
    s->heap_at[s->heap[at] = last] = (uint32_t)at;
    return top;
}

static void reach(struct assign_state *s, uint32_t column, int64_t distance, uint32_t edge)
{
    bool first = s->distance[column] == INT64_MAX;
    s->distance[column] = distance;
    s->via[column] = edge;
    if (first)
        s->reached[s->n_reached++] = column;
    heap_rise(s, column, first ? s->n_heap++ : s->heap_at[column]);
}

static void forget(struct assign_state *s)
{
    for (size_t r = 0; r < s->n_reached; r++)
        s->distance[s->reached[r]] = INT64_MAX;
    s->n_reached = s->n_done = s->n_heap = 0;
}

/* The nearest column that is not done, if it is nearer than the goal. */
static bool next_column(struct assign_state *s, const struct goal *goal, uint32_t *column)
{
    if (!s->n_heap || s->distance[s->heap[0]] >= goal->distance)
        return false;
    *column = s->done[s->n_done++] = heap_pop(s);
    return true;
}

/* From column j, which would give up one row: the rows that it could take, and who has them. */
static void look_from_column(struct assign *a, uint32_t j, struct goal *goal)
{
    struct assign_state *s = a->state;
    int64_t base = s->distance[j] + a->column_price[j];
    if (!must_column(a, j) && base < goal->distance)
        *goal = (struct goal){base, ASSIGN_NONE, j, false};
    for (uint32_t e = a->first[j]; e < a->first[j + 1]; e++) {
        if (s->weight[e] == ASSIGN_FORBIDDEN)
            continue;
        uint32_t i = row_of(a, j, e), holder = s->column_of[i];
        int64_t distance = base - s->weight[e] + a->row_price[i];
        if (distance >= goal->distance)
            goal->far |= distance >= FAR;
        else if (holder == ASSIGN_NONE)
            *goal = (struct goal){distance, e, 0, false};
        else if (distance < s->distance[holder])
            reach(s, holder, distance, e);
    }
    s->spent += a->first[j + 1] - a->first[j];
}

/* Prices change along the paths that are shorter than the goal, so that the one to the goal has slack 0. */
static bool change_prices(struct assign *a, const struct goal *goal, int sign)
{
    struct assign_state *s = a->state;
    bool in = true;
    for (size_t d = 0; d < s->n_done; d++) {
        uint32_t j = s->done[d];
        int64_t change = sign * (goal->distance - s->distance[j]);
        if (goal->distance <= s->distance[j])
            continue;
        a->column_price[j] += change;
        in &= in_range(a->column_price[j]);
        for (uint32_t t = s->first_slot[j], end = t + s->taken[j]; t < end; t++) {
            int64_t *price = &a->row_price[s->slots[t]];
            *price -= change;
            in &= in_range(*price);
        }
    }
    return in;
}

/* Column `source` gets one more row, and each on the path gets another for the one that it loses. */
static void exchange_to_column(struct assign *a, uint32_t source, const struct goal *goal)
{
    struct assign_state *s = a->state;
    uint32_t edge = goal->edge;
    if (edge == ASSIGN_NONE) {
        if (goal->who == source)
            return; /* its price is 0 now: room may be left */
        edge = s->via[goal->who];
        assign_leave(a, row_of(a, column_of_edge(a, edge), edge));
    }
    for (;;) {
        uint32_t to = column_of_edge(a, edge), row = row_of(a, to, edge), next = s->via[to];
        if (to != source)
            assign_leave(a, row_of(a, column_of_edge(a, next), next));
        assign_take(a, row, to, edge);
        if (to == source)
            return;
        edge = next;
    }
}

/* Fills one opening of column j, or finds that it need not be. False: unusable. */
static bool settle_column(struct assign *a, uint32_t source)
{
    struct assign_state *s = a->state;
    struct goal goal = {FAR, ASSIGN_NONE, ASSIGN_NONE, false};
    s->distance[source] = 0;
    s->reached[s->n_reached++] = s->done[s->n_done++] = source;
    uint32_t j = source;
    bool left = false;
    do
        look_from_column(a, j, &goal);
    while (!(left = interrupted(s)) && next_column(s, &goal, &j));
    if (goal.distance == FAR && !left) {
        a->out_of_range = goal.far;
        a->feasible = false;
        a->blocked_column = source;
    } else if (!left) {
        a->out_of_range = !change_prices(a, &goal, -1);
        exchange_to_column(a, source, &goal);
    }
    forget(s);
    return !left && !a->out_of_range;
}

static bool settle_columns(struct assign *a)
{
    for (uint32_t j = 0; j < a->n_columns; j++)
        while (a->feasible && has_room(a, j) && (must_column(a, j) || a->column_price[j] > 0))
            if (!settle_column(a, j))
                return false;
    return true;
}

/* From row i, which would give up its column: the columns that it could go to. */
static void look_from_row(struct assign *a, uint32_t i, int64_t at, struct goal *goal)
{
    struct assign_state *s = a->state;
    int64_t base = at + a->row_price[i];
    if (!must_row(a, i) && base < goal->distance)
        *goal = (struct goal){base, ASSIGN_NONE, i, false};
    for (uint32_t t = 0, n = row_degree(a, i); t < n; t++) {
        uint32_t e = row_edge(a, i, t), j = column_of_edge(a, e);
        if (s->weight[e] == ASSIGN_FORBIDDEN)
            continue;
        int64_t distance = base - s->weight[e] + a->column_price[j];
        if (distance >= goal->distance)
            goal->far |= distance >= FAR;
        else if (has_room(a, j))
            *goal = (struct goal){distance, e, 0, false};
        else if (distance < s->distance[j])
            reach(s, j, distance, e);
    }
    s->spent += row_degree(a, i);
}

/* Row `source` gets a column, and each on the path another for the one that it loses. */
static void exchange_to_row(struct assign *a, uint32_t source, const struct goal *goal)
{
    struct assign_state *s = a->state;
    uint32_t edge = goal->edge;
    if (edge == ASSIGN_NONE) {
        if (goal->who == source)
            return;
        edge = s->via[s->column_of[goal->who]];
        assign_leave(a, goal->who);
    }
    for (;;) {
        uint32_t to = column_of_edge(a, edge), row = row_of(a, to, edge), from = s->column_of[row];
        if (row != source)
            assign_leave(a, row);
        assign_take(a, row, to, edge);
        if (row == source)
            return;
        edge = s->via[from];
    }
}

/* Finds a column for row i, or that it needs none. False: unusable. */
static bool settle_row(struct assign *a, uint32_t source)
{
    struct assign_state *s = a->state;
    struct goal goal = {FAR, ASSIGN_NONE, ASSIGN_NONE, false};
    look_from_row(a, source, 0, &goal);
    bool left = false;
    for (uint32_t j; !(left = interrupted(s)) && next_column(s, &goal, &j);)
        for (uint32_t t = s->first_slot[j], end = t + s->taken[j]; t < end; t++)
            look_from_row(a, s->slots[t], s->distance[j], &goal);
    if (goal.distance == FAR && !left) {
        a->out_of_range = goal.far;
        a->feasible = false;
        a->blocked_row = source;
    } else if (!left) {
        a->row_price[source] -= goal.distance;
        a->out_of_range = !change_prices(a, &goal, 1) || a->row_price[source] < -FAR;
        exchange_to_row(a, source, &goal);
    }
    forget(s);
    return !left && !a->out_of_range;
}

static bool settle_rows(struct assign *a)
{
    for (uint32_t i = 0; i < a->n_rows && a->feasible; i++)
        if (a->state->column_of[i] == ASSIGN_NONE && (must_row(a, i) || a->row_price[i] > 0) && !settle_row(a, i))
            return false;
    return true;
}

/* False: the answer is unusable, or too hard to get this way. */
static bool settle(struct assign *a, enum start start)
{
    if (start == FROM_SCRATCH)
        return settle_columns(a) && settle_rows(a);
    return settle_rows(a) && settle_columns(a); /* paths from rows have few edges to look at: they mend the most */
}
