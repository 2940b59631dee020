/*
 * Dense problems by way of sparse ones: few edges can matter. The core is a part of each column's edges; it is solved, all
 * other edges are priced at the answer, those that would be better join the core, and it is solved again from where it was.
 * When no edge would be better, the core's prices leave no slack of the whole problem negative, so its answer is the whole
 * problem's (column generation; Balas, Miller, Pekny and Toth 1991 and Volgenant 1996 for assignment).
 *
 * The first core has each column's best edges at the prices of the start and each row's best at what columns then ask; and,
 * where there are musts, enough others that they can be met. Ties begin at another row for each column, or all would want the
 * same ones. If the first answer misses far more edges than the core can take, prices are not near: an auction over the whole
 * problem finds better ones, and the core is chosen anew.
 *
 * One pass over all weights takes about as long as reading them. Eight are tested at a time, by signs: x < 0 for any of eight
 * is the sign of their bitwise or, which compilers turn into vectors. Differences are taken modulo 2^64, so that a forbidden
 * weight does no harm; it may look promising, and is then looked at closely.
 */
#include "assign_state.h"
#include "wellmatch.h"

#include <string.h>

enum {
    DENSE_FROM = 256, /* edges a column, on average */
    BEST = 16,
    BEST_A_ROOM = 2, /* edges a column in the first core, and as many more for each row it has room for */
    MOST = 48,
    MOST_A_ROOM = 4, /* and in any core */
    JOIN_MOST = 16,  /* edges of a column that join at a time */
    ROUNDS = 40,
    FAR_OFF = 64,       /* more missed edges than one in so many: prices are not near */
    STEPS_A_COLUMN = 1, /* of the auction then */
    LANE = 8
};

struct core {
    struct assign sub;
    uint32_t *list_first; /* [n_columns + 1] the edges of column j stand from here, count[j] of them */
    uint32_t *list, *count;
    uint32_t *first, *row; /* the same as the sub-problem sees them, packed */
    int64_t *weight;
    uint32_t *choice; /* [n_rows] edges of the sub-problem */
    int64_t *best;    /* [n_rows] */
    uint32_t *best_edge;
    struct bid *bids; /* [JOIN_MOST or the most of a first list] a heap */
};

/* ---- setting up ---- */

static size_t capacity(const struct assign *a, uint32_t j)
{
    size_t most = MOST + (size_t)MOST_A_ROOM * a->room[j], degree = a->first[j + 1] - a->first[j];
    return most < degree ? most : degree;
}

static size_t first_best(const struct assign *a, uint32_t j)
{
    size_t best = BEST + (size_t)BEST_A_ROOM * a->room[j], most = capacity(a, j);
    return best < most ? best : most;
}

int core_init(struct core **out, struct arena *arena, const struct assign *a)
{
    size_t columns = a->n_columns, edges = 0, best = JOIN_MOST;
    *out = NULL;
    for (uint32_t j = 0; j < columns; j++) {
        edges += capacity(a, j);
        best = first_best(a, j) > best ? first_best(a, j) : best;
    }
    if (!columns || a->n_edges / columns < DENSE_FROM || edges > a->n_edges / 3)
        return WM_OK;
    struct core *c = arena_alloc(arena, 1, sizeof *c);
    if (!c)
        return WM_EMEMORY;
    c->list_first = arena_alloc(arena, columns + 1, sizeof *c->list_first);
    c->list = arena_alloc(arena, edges, sizeof *c->list);
    c->count = arena_alloc(arena, columns, sizeof *c->count);
    c->first = arena_alloc(arena, columns + 1, sizeof *c->first);
    c->row = arena_alloc(arena, edges, sizeof *c->row);
    c->weight = arena_alloc(arena, edges, sizeof *c->weight);
    c->choice = arena_alloc(arena, a->n_rows, sizeof *c->choice);
    c->best = arena_alloc(arena, a->n_rows, sizeof *c->best);
    c->best_edge = arena_alloc(arena, a->n_rows, sizeof *c->best_edge);
    c->bids = arena_alloc(arena, best, sizeof *c->bids);
    if (!c->list_first || !c->list || !c->count || !c->first || !c->row || !c->weight || !c->choice || !c->best ||
        !c->best_edge || !c->bids)
        return WM_EMEMORY;
    for (uint32_t j = 0; j < columns; j++)
        c->list_first[j + 1] = c->list_first[j] + (uint32_t)capacity(a, j);
    *out = c;
    return assign_init_plain(&c->sub, arena, a->n_rows, columns, c->list_first, c->row, a->room, a->row_must,
                             a->column_must);
}

/* ---- looking through whole columns ---- */

static inline int64_t difference(int64_t x, int64_t y)
{
    return (int64_t)((uint64_t)x - (uint64_t)y);
}

/* May any of the LANE edges from e on (rows i on) be worth more than `bound`? */
static inline bool any_above(const int64_t *weight, const int64_t *row_price, int64_t bound)
{
    int64_t below = 0;
    for (int lane = 0; lane < LANE; lane++)
        below |= difference(bound, difference(weight[lane], row_price[lane]));
    return below < 0;
}

static void sift(struct bid *heap, size_t n, struct bid bid)
{
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && heap[child + 1].value < heap[child].value)
            child++;
        if (heap[child].value >= bid.value)
            break;
        heap[at] = heap[child];
    }
    heap[at] = bid;
}

static void rise(struct bid *heap, size_t at, struct bid bid)
{
    for (size_t parent; at && heap[parent = (at - 1) / 2].value > bid.value; at = parent)
        heap[at] = heap[parent];
    heap[at] = bid;
}

struct top { /* the best edges so far, the least of them first */
    struct bid *bids;
    size_t n, most;
    int64_t bound; /* only what is above counts */
    size_t seen;   /* how many were above the first bound, at least: counting ends when the bound rises */
};

static void offer(struct top *top, int64_t value, uint32_t edge)
{
    struct bid bid = {value, edge, false};
    if (top->n < top->most)
        rise(top->bids, top->n++, bid);
    else
        sift(top->bids, top->n, bid);
    if (top->n == top->most)
        top->bound = top->bids[0].value;
    top->seen++;
}

/* Offers the edges `from` to `to` of column j, at what they are worth beyond row prices. */
static void look_through(const struct assign *a, uint32_t j, uint32_t from, uint32_t to, struct top *top)
{
    const int64_t *weight = a->state->weight;
    for (uint32_t e = from; e < to;) {
        uint32_t end = e + LANE < to ? e + LANE : to;
        if (!a->row && end == e + LANE && !any_above(weight + e, a->row_price + (e - a->first[j]), top->bound))
            e = end;
        for (; e < end; e++) {
            int64_t value = difference(weight[e], a->row_price[row_of(a, j, e)]);
            if (weight[e] != ASSIGN_FORBIDDEN && value > top->bound)
                offer(top, value, e);
        }
    }
}

/* ---- which edges ---- */

static bool has(const struct core *c, uint32_t j, uint32_t edge)
{
    for (uint32_t l = c->list_first[j], end = l + c->count[j]; l < end; l++)
        if (c->list[l] == edge)
            return true;
    return false;
}

static int64_t slack(const struct assign *a, uint32_t j, uint32_t edge)
{
    return a->row_price[row_of(a, j, edge)] + a->column_price[j] - a->state->weight[edge];
}

/* Puts an edge on column j's list; when that is full, in the place of the one with the greatest slack, if there is any. */
static void join(struct core *c, const struct assign *a, uint32_t j, uint32_t edge)
{
    uint32_t *list = c->list + c->list_first[j], most = c->list_first[j + 1] - c->list_first[j], worst = 0;
    if (c->count[j] < most) {
        list[c->count[j]++] = edge;
        return;
    }
    for (uint32_t l = 1; l < most; l++)
        if (slack(a, j, list[l]) > slack(a, j, list[worst]))
            worst = l;
    if (slack(a, j, list[worst]) > 0)
        list[worst] = edge;
}

/* Each column's best edges at row prices; its price becomes what the last row it has room for is worth to it. */
static void choose_by_columns(struct core *c, struct assign *a)
{
    for (uint32_t j = 0; j < a->n_columns; j++) {
        uint32_t degree = a->first[j + 1] - a->first[j], turn = a->first[j];
        if (degree)
            turn += (uint32_t)(j * (uint64_t)0x9e3779b97f4a7c15 >> 32) % degree;
        struct top top = {c->bids, 0, first_best(a, j), -2 * FAR, 0};
        look_through(a, j, turn, a->first[j + 1], &top);
        look_through(a, j, a->first[j], turn, &top);
        c->count[j] = 0;
        int64_t price = must_column(a, j) && top.n ? top.bids[0].value : 0;
        for (size_t b = 0; b < top.n; b++) {
            join(c, a, j, top.bids[b].edge);
            price = top.bids[b].value > price ? top.bids[b].value : price;
        }
        a->column_price[j] = price;
    }
}

/* Each row's best edge at column prices, into c->best and c->best_edge. */
static void look_by_rows(struct core *c, const struct assign *a)
{
    const int64_t *weight = a->state->weight;
    for (size_t i = 0; i < a->n_rows; i++) {
        c->best[i] = -2 * FAR;
        c->best_edge[i] = ASSIGN_NONE;
    }
    for (uint32_t j = 0; j < a->n_columns; j++) {
        int64_t price = a->column_price[j];
        for (uint32_t e = a->first[j]; e < a->first[j + 1];) {
            uint32_t end = e + LANE < a->first[j + 1] ? e + LANE : a->first[j + 1];
            if (!a->row && end == e + LANE) {
                int64_t below = 0;
                for (int lane = 0; lane < LANE; lane++)
                    below |= difference(c->best[e - a->first[j] + lane], difference(weight[e + lane], price));
                e = below < 0 ? e : end;
            }
            for (; e < end; e++) {
                uint32_t i = row_of(a, j, e);
                if (weight[e] != ASSIGN_FORBIDDEN && weight[e] - price > c->best[i]) {
                    c->best[i] = weight[e] - price;
                    c->best_edge[i] = e;
                }
            }
        }
    }
}

static void choose_by_rows(struct core *c, const struct assign *a)
{
    look_by_rows(c, a);
    for (size_t i = 0; i < a->n_rows; i++)
        if (c->best_edge[i] != ASSIGN_NONE) {
            uint32_t j = column_of_edge(a, c->best_edge[i]);
            if (c->count[j] < c->list_first[j + 1] - c->list_first[j] && !has(c, j, c->best_edge[i]))
                join(c, a, j, c->best_edge[i]);
        }
}

/* Where every column has every row, openings and rows are paired off in order, so that musts can be met. */
static void choose_for_musts(struct core *c, const struct assign *a)
{
    uint64_t opening = 0;
    if (a->row || (!a->row_must && !a->column_must))
        return;
    for (uint32_t j = 0; j < a->n_columns; j++)
        for (uint32_t t = 0; t < a->room[j] && t < a->n_rows; t++) {
            uint32_t edge = a->first[j] + (uint32_t)(opening++ % a->n_rows);
            if (!has(c, j, edge))
                join(c, a, j, edge);
        }
}

static void choose_chosen(struct core *c, const struct assign *a)
{
    for (size_t i = 0; i < a->n_rows; i++) {
        uint32_t edge = a->edge_of_row[i], j = a->state->column_of[i];
        if (edge != ASSIGN_NONE && !has(c, j, edge))
            join(c, a, j, edge);
    }
}

/* ---- solving ---- */

/* Hands the lists to the sub-problem, with the choices so far among them. */
static void pack(struct core *c, const struct assign *a)
{
    uint32_t n = 0;
    memset(c->choice, 0xff, a->n_rows * sizeof *c->choice);
    for (uint32_t j = 0; j < a->n_columns; j++) {
        c->first[j] = n;
        for (uint32_t l = 0; l < c->count[j]; l++, n++) {
            uint32_t edge = c->list[c->list_first[j] + l], i = row_of(a, j, edge);
            c->row[n] = i;
            c->weight[n] = a->state->weight[edge];
            if (a->edge_of_row[i] == edge)
                c->choice[i] = n;
        }
    }
    c->first[a->n_columns] = n;
    c->sub.first = c->first;
    c->sub.n_edges = n;
    assign_index_rows(&c->sub);
}

/* Makes the sub-problem's answer that of the whole. */
static void unpack(const struct core *c, struct assign *a)
{
    assign_free_all(a);
    memcpy(a->row_price, c->sub.row_price, a->n_rows * sizeof *a->row_price);
    memcpy(a->column_price, c->sub.column_price, a->n_columns * sizeof *a->column_price);
    for (uint32_t i = 0; i < a->n_rows; i++) {
        uint32_t edge = c->sub.edge_of_row[i];
        if (edge == ASSIGN_NONE)
            continue;
        uint32_t j = c->sub.state->column_of[i];
        assign_take(a, i, j, c->list[c->list_first[j] + edge - c->first[j]]);
    }
}

/* The edges that would be better than the answer join the core; how many there were, roughly, or more than `enough`. */
static size_t price_all(struct core *c, const struct assign *a, size_t enough)
{
    size_t missed = 0;
    for (uint32_t j = 0; j < a->n_columns && missed <= enough; j++) {
        struct top top = {c->bids, 0, JOIN_MOST, a->column_price[j], 0};
        look_through(a, j, a->first[j], a->first[j + 1], &top);
        for (size_t b = 0; b < top.n; b++)
            join(c, a, j, top.bids[b].edge);
        missed += top.seen;
    }
    return missed;
}

static void choose_first(struct core *c, struct assign *a, enum start start)
{
    if (start == FROM_SCRATCH)
        memset(a->row_price, 0, a->n_rows * sizeof *a->row_price);
    if (start == FROM_PRICES || start == FROM_CHOICES) {
        look_by_rows(c, a);
        for (uint32_t i = 0; i < a->n_rows; i++)
            a->row_price[i] = c->best[i] > 0 || (must_row(a, i) && c->best_edge[i] != ASSIGN_NONE) ? c->best[i] : 0;
    }
    choose_by_columns(c, a);
    if (start == FROM_SCRATCH || start == FROM_PRICES)
        choose_by_rows(c, a);
    else
        choose_chosen(c, a);
    choose_for_musts(c, a);
}

enum core_end core_solve(struct assign *a, enum start start)
{
    struct core *c = a->state->core;
    struct assign_state *s = a->state;
    size_t most = a->n_edges / FAR_OFF, missed_before = SIZE_MAX;
    bool try_auction = s->single;
    if (start == FROM_SCRATCH || start == FROM_PRICES)
        assign_free_all(a);
    choose_first(c, a, start);
    for (int round = 0; round < ROUNDS; round++) {
        s->spent += a->n_edges;
        if (s->stop && s->stop(s->arg))
            return CORE_STOPPED;
        pack(c, a);
        c->sub.state->start = FROM_SCRATCH;
        if (round || start != FROM_SCRATCH)
            assign_start(&c->sub, a->column_price, start == FROM_PRICES && !round ? NULL : c->choice);
        if (!assign_solve(&c->sub, c->weight, s->stop, s->arg) || !c->sub.feasible)
            return c->sub.state->stopped ? CORE_STOPPED : CORE_NO_HELP;
        unpack(c, a);
        size_t enough = missed_before / 2 < most ? missed_before / 2 : most;
        enough = !try_auction ? SIZE_MAX : enough > a->n_columns ? enough : a->n_columns;
        size_t missed = price_all(c, a, enough);
        if (!missed)
            return CORE_SOLVED;
        if (missed > enough) {
            try_auction = false;
            if (!take_by_auction(a, STEPS_A_COLUMN))
                return CORE_STOPPED;
            choose_first(c, a, FROM_ANSWER);
        }
        missed_before = missed;
    }
    return CORE_NEAR;
}
