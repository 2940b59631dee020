/*
 * Where the search for the best assignment begins: prices without a negative slack, choices with slack 0, and as little amiss
 * as can be had quickly.
 *
 *   by bids     from scratch: each column takes the rows it wants most, at the price that leaves it as well off as with the
 *               first row that it does not get, and outbids others; a few rounds (Jonker and Volgenant 1987)
 *   at prices   of columns that come from elsewhere: rows ask for what the best column leaves them, and take it if it has room
 *   by repair   from choices: prices are brought into line with the new weights along the chosen edges, and columns are raised
 *               only as far as somebody else would pay; this is Bellman-Ford along what changed. What cannot be kept is given
 *               up, and the search will mend it
 *   by auction  for hard ones: auction.c, then repair
 */
#include "assign_state.h"
#include "auction.h"

#include <string.h>

enum {
    BIDS_EACH = 4,  /* of all columns together, a column */
    RAISES_EACH = 3 /* of one column in a repair, before its rows are given up */
};

/* ---- by bids ---- */

static inline bool wants_less(const struct bid *x, const struct bid *y)
{
    if (x->value != y->value)
        return x->value < y->value;
    if (x->held != y->held)
        return x->held;
    return x->edge > y->edge;
}

static void bid_sink(struct bid *heap, size_t n, struct bid bid)
{
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && wants_less(&heap[child + 1], &heap[child]))
            child++;
        if (!wants_less(&heap[child], &bid))
            break;
        heap[at] = heap[child];
    }
    heap[at] = bid;
}

static void bid_rise(struct bid *heap, size_t at, struct bid bid)
{
    for (size_t parent; at && wants_less(&bid, &heap[parent = (at - 1) / 2]); at = parent)
        heap[at] = heap[parent];
    heap[at] = bid;
}

/* The rows that column j wants most and does not have, one more than it has room for; how many. */
static size_t best_rows(struct assign *a, uint32_t j)
{
    struct assign_state *s = a->state;
    size_t most = slots_of(a, j) - s->taken[j] + 1, n = 0;
    int64_t least = must_column(a, j) ? INT64_MIN : 0; /* only what is above counts */
    for (uint32_t e = a->first[j]; e < a->first[j + 1]; e++) {
        if (s->weight[e] == ASSIGN_FORBIDDEN)
            continue;
        uint32_t i = row_of(a, j, e);
        int64_t value = s->weight[e] - a->row_price[i];
        if (value < least || (n < most && value == least))
            continue;
        struct bid bid = {value, e, s->column_of[i] != ASSIGN_NONE};
        if (s->column_of[i] == j || (n == most && !wants_less(&s->bids[0], &bid)))
            continue;
        if (n < most)
            bid_rise(s->bids, n++, bid);
        else
            bid_sink(s->bids, n, bid);
        if (n == most)
            least = s->bids[0].value;
    }
    return n;
}

void assign_enqueue(struct assign *a, uint32_t column)
{
    struct assign_state *s = a->state;
    if (s->queued[column])
        return;
    s->queued[column] = true;
    s->queue[(s->queue_head + s->n_queue++) % a->n_columns] = column;
}

uint32_t assign_dequeue(struct assign *a)
{
    struct assign_state *s = a->state;
    uint32_t column = s->queue[s->queue_head];
    s->queue_head = (s->queue_head + 1) % a->n_columns;
    s->n_queue--;
    s->queued[column] = false;
    return column;
}

/*
 * Column j takes the best rows it has room for, at the price that leaves it no better off than with the next best, and a
 * step more.
 */
void assign_bid(struct assign *a, uint32_t j, int64_t step)
{
    struct assign_state *s = a->state;
    size_t n = best_rows(a, j), room = slots_of(a, j) - s->taken[j];
    int64_t level = must_column(a, j) ? n ? s->bids[0].value : s->taken[j] ? a->column_price[j] : 0 : 0;
    bool next = n > room; /* the first of the heap is the next best */
    if (next)
        level = s->bids[0].value - step;
    if (step > 0)
        level = level < 0 ? 0 : s->taken[j] && level > a->column_price[j] ? a->column_price[j] : level;
    if (level < -ASSIGN_WEIGHT_MOST)
        level = -ASSIGN_WEIGHT_MOST; /* musts could bid without end */
    for (uint32_t t = 0; t < s->taken[j]; t++)
        a->row_price[s->slots[s->first_slot[j] + t]] += a->column_price[j] - level;
    a->column_price[j] = level;
    for (size_t b = next; b < n; b++) {
        uint32_t edge = s->bids[b].edge, i = row_of(a, j, edge), holder = s->column_of[i];
        if (s->bids[b].value < level || (s->bids[b].value == level && holder != ASSIGN_NONE))
            continue; /* nobody would gain */
        if (holder != ASSIGN_NONE) {
            assign_leave(a, i);
            assign_enqueue(a, holder);
        }
        assign_take(a, i, j, edge);
        a->row_price[i] = s->weight[edge] - level;
    }
    s->spent += a->first[j + 1] - a->first[j];
}

/* A row that must be taken and is not asks for what its best column would give. */
static void ask_for_free(struct assign *a)
{
    struct assign_state *s = a->state;
    for (uint32_t i = 0; a->row_must && i < a->n_rows; i++) {
        if (!a->row_must[i] || s->column_of[i] != ASSIGN_NONE)
            continue;
        int64_t best = INT64_MIN;
        for (uint32_t t = 0, n = row_degree(a, i); t < n; t++) {
            uint32_t e = row_edge(a, i, t);
            int64_t price = a->column_price[column_of_edge(a, e)];
            if (s->weight[e] != ASSIGN_FORBIDDEN && s->weight[e] - price > best)
                best = s->weight[e] - price;
        }
        a->row_price[i] = best == INT64_MIN ? 0 : best;
    }
}

void begin_by_bids(struct assign *a)
{
    struct assign_state *s = a->state;
    assign_free_all(a);
    memset(a->row_price, 0, a->n_rows * sizeof *a->row_price);
    memset(s->queued, 0, a->n_columns * sizeof *s->queued);
    s->queue_head = s->n_queue = 0;
    for (uint32_t j = 0; j < a->n_columns; j++)
        assign_enqueue(a, j);
    for (size_t bids = 0; s->n_queue && bids < BIDS_EACH * a->n_columns && !assign_stops(s); bids++)
        assign_bid(a, assign_dequeue(a), 0);
    ask_for_free(a);
}

/* ---- at prices ---- */

/* Row prices as column prices ask for; every row then takes a column that pays it, while there is room. */
void begin_at_prices(struct assign *a)
{
    struct assign_state *s = a->state;
    for (uint32_t j = 0; j < a->n_columns; j++)
        if (a->column_price[j] < 0 && !must_column(a, j))
            a->column_price[j] = 0;
    for (uint32_t i = 0; i < a->n_rows; i++) {
        int64_t best = must_row(a, i) ? INT64_MIN : 0;
        uint32_t edge = ASSIGN_NONE;
        for (uint32_t t = 0, n = row_degree(a, i); t < n; t++) {
            uint32_t e = row_edge(a, i, t), j = column_of_edge(a, e);
            if (s->weight[e] == ASSIGN_FORBIDDEN || s->weight[e] - a->column_price[j] < best)
                continue;
            if (s->weight[e] - a->column_price[j] > best)
                edge = ASSIGN_NONE;
            best = s->weight[e] - a->column_price[j];
            if (edge == ASSIGN_NONE && has_room(a, j))
                edge = e;
        }
        a->row_price[i] = best == INT64_MIN ? 0 : best;
        if (edge != ASSIGN_NONE)
            assign_take(a, i, column_of_edge(a, edge), edge);
    }
    s->spent += a->n_edges;
}

/* ---- by repair ---- */

/*
 * The rows of column j get what it leaves them at its new price; those that would get less than nothing become free. False:
 * a price is out of range.
 */
static bool share_out(struct assign *a, uint32_t j, int64_t price)
{
    struct assign_state *s = a->state;
    const uint32_t *slot = s->slots + s->first_slot[j];
    bool in = in_range(price);
    a->column_price[j] = price;
    for (uint32_t t = s->taken[j]; in && t--;) {
        uint32_t i = slot[t];
        a->row_price[i] = s->weight[a->edge_of_row[i]] - price;
        in = in_range(a->row_price[i]);
        if (a->row_price[i] < 0 && !must_row(a, i)) {
            a->row_price[i] = 0;
            assign_leave(a, i);
        }
    }
    return in;
}

/* Column j follows the new weights of its rows: its price is what leaves all of them at least what they had. */
static bool follow(struct assign *a, uint32_t j, bool keep_price)
{
    struct assign_state *s = a->state;
    const uint32_t *slot = s->slots + s->first_slot[j];
    for (uint32_t t = s->taken[j]; t--;)
        if (s->weight[a->edge_of_row[slot[t]]] == ASSIGN_FORBIDDEN) {
            a->row_price[slot[t]] = 0;
            assign_leave(a, slot[t]);
        }
    int64_t price = INT64_MAX;
    for (uint32_t t = 0; t < s->taken[j]; t++) {
        int64_t left = s->weight[a->edge_of_row[slot[t]]] - a->row_price[slot[t]];
        price = left < price ? left : price;
    }
    if (keep_price || !s->taken[j])
        price = a->column_price[j];
    if (!must_column(a, j) && (price < 0 || has_room(a, j)))
        price = 0;
    return share_out(a, j, price);
}

/* Row i has become cheaper: its other columns may have to pay more. */
static void ask_columns(struct assign *a, uint32_t i)
{
    struct assign_state *s = a->state;
    for (uint32_t t = 0, n = row_degree(a, i); t < n; t++) {
        uint32_t e = row_edge(a, i, t), j = column_of_edge(a, e);
        if (s->weight[e] == ASSIGN_FORBIDDEN)
            continue;
        int64_t price = s->weight[e] - a->row_price[i];
        if (price > a->column_price[j] && price > s->need[j]) {
            s->need[j] = price;
            assign_enqueue(a, j);
        }
    }
    s->spent += row_degree(a, i);
}

/*
 * Column j's price rises to `price`, so its rows get less. Prices that chase each other in a ring mean that the choice is no
 * longer the best: after a while the rows are given up as they are. False: a price is out of range.
 */
static bool raise(struct assign *a, uint32_t j, int64_t price)
{
    struct assign_state *s = a->state;
    uint32_t *slot = s->slots + s->first_slot[j], n = s->taken[j];
    if (s->raises[j] == RAISES_EACH)
        while (s->taken[j])
            assign_leave(a, slot[s->taken[j] - 1]);
    else
        s->raises[j]++;
    n = s->taken[j];
    bool in = share_out(a, j, price);
    for (uint32_t t = 0; in && t < n; t++) /* those who became free stand behind the others */
        ask_columns(a, slot[t]);
    return in;
}

/* Every column's price is at least what its slacks ask for. */
static bool meet_needs(struct assign *a)
{
    struct assign_state *s = a->state;
    for (uint32_t j = 0; j < a->n_columns; j++) {
        int64_t need = a->column_price[j];
        for (uint32_t e = a->first[j]; e < a->first[j + 1]; e++) {
            int64_t u = a->row_price[row_of(a, j, e)];
            if (s->weight[e] != ASSIGN_FORBIDDEN && s->weight[e] - u > need)
                need = s->weight[e] - u;
        }
        s->need[j] = need;
        if (need > a->column_price[j])
            assign_enqueue(a, j);
    }
    s->spent += a->n_edges;
    bool in = true;
    while (in && s->n_queue) {
        uint32_t j = assign_dequeue(a);
        in = s->need[j] <= a->column_price[j] || raise(a, j, s->need[j]);
    }
    return in;
}

/* False: prices went out of range, begin anew. */
bool begin_by_repair(struct assign *a, bool keep_prices)
{
    struct assign_state *s = a->state;
    memset(s->queued, 0, a->n_columns * sizeof *s->queued);
    memset(s->raises, 0, a->n_columns * sizeof *s->raises);
    s->queue_head = s->n_queue = 0;
    for (uint32_t j = 0; j < a->n_columns; j++)
        if (!follow(a, j, keep_prices))
            return false;
    ask_for_free(a);
    return meet_needs(a);
}

/* ---- by auction ---- */

/* The least price of column j that leaves no slack negative. */
static int64_t price_asked(const struct assign *a, uint32_t j)
{
    int64_t price = must_column(a, j) ? INT64_MIN : 0;
    for (uint32_t e = a->first[j]; e < a->first[j + 1]; e++)
        if (a->state->weight[e] != ASSIGN_FORBIDDEN && a->state->weight[e] - a->row_price[row_of(a, j, e)] > price)
            price = a->state->weight[e] - a->row_price[row_of(a, j, e)];
    return price == INT64_MIN ? 0 : price;
}

bool take_by_auction(struct assign *a, int64_t steps_a_column)
{
    struct assign_state *s = a->state;
    assign_free_all(a);
    struct auction auction = {.a = a,
                              .first_of_row = s->first_of_row,
                              .edge_by_row = s->edge_by_row,
                              .edge_column = s->edge_column,
                              .weight = s->weight,
                              .row_price = a->row_price,
                              .column_price = a->column_price,
                              .edge_of_row = a->edge_of_row,
                              .row_of_column = s->queue,
                              .stack = s->stack,
                              .two = s->two,
                              .stop = s->stop,
                              .arg = s->arg};
    s->stopped = !auction_run(&auction, steps_a_column);
    for (uint32_t j = 0; j < a->n_columns; j++)
        if (!s->stopped && s->queue[j] != ASSIGN_NONE)
            assign_take(a, s->queue[j], j, a->edge_of_row[s->queue[j]]);
    return !s->stopped;
}

bool begin_by_auction(struct assign *a, int64_t steps_a_column)
{
    if (!take_by_auction(a, steps_a_column))
        return false;
    for (uint32_t j = 0; j < a->n_columns; j++)
        a->column_price[j] = price_asked(a, j);
    a->state->spent += a->n_edges;
    return begin_by_repair(a, true);
}
