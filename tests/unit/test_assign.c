/*
 * Assignment: brute force on tiny instances of every kind, cold and warm; what duality says on large ones; prices and choices
 * from elsewhere; the edges of the range; the stop; every allocation failing.
 */
#include "assign.h"
#include "fault.h"
#include "gen.h"
#include "wellmatch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

__extension__ typedef __int128 sum;

enum { TINY_ROWS = 6, TINY_COLUMNS = 5, TINY_EDGES = TINY_ROWS * TINY_COLUMNS };

enum { STEPS_NEAR = 3 }; /* an opening, that an answer near the best may fall short by */

struct instance {
    size_t n_rows, n_columns;
    uint32_t *first, *row, *room;
    int64_t *weight;
    bool *row_must, *column_must;
};

/* ---- what must hold of any answer ---- */

static uint32_t column_of(const struct instance *x, uint32_t edge)
{
    uint32_t j = 0;
    while (x->first[j + 1] <= edge)
        j++;
    return j;
}

/* Checks choices, signs, slacks and complementary slackness; gives the value. */
static sum proven_value(const struct assign *a, const struct instance *x)
{
    sum value = 0, dual = 0;
    uint32_t *taken = calloc(x->n_columns + 1, sizeof *taken);
    assert_non_null(taken);
    for (uint32_t j = 0; j < x->n_columns; j++)
        for (uint32_t e = x->first[j]; e < x->first[j + 1]; e++) {
            uint32_t i = x->row ? x->row[e] : e - x->first[j];
            sum slack = (sum)a->row_price[i] + a->column_price[j] - x->weight[e];
            bool chosen = a->edge_of_row[i] == e;
            if (x->weight[e] == ASSIGN_FORBIDDEN)
                assert_false(chosen);
            else
                assert_true(chosen ? slack == 0 : slack >= 0);
            if (chosen) {
                value += x->weight[e];
                taken[j]++;
            }
        }
    size_t n_chosen = 0, n_taken = 0;
    for (size_t i = 0; i < x->n_rows; i++) {
        bool must = x->row_must && x->row_must[i], chosen = a->edge_of_row[i] != ASSIGN_NONE;
        assert_true(must ? chosen : a->row_price[i] >= 0 && (chosen || a->row_price[i] == 0));
        n_chosen += chosen;
        dual += a->row_price[i];
    }
    for (size_t j = 0; j < x->n_columns; j++) {
        bool must = x->column_must && x->column_must[j], full = taken[j] == x->room[j];
        assert_true(taken[j] <= x->room[j]);
        assert_true(must ? full : a->column_price[j] >= 0 && (full || a->column_price[j] == 0));
        n_taken += taken[j];
        dual += (sum)a->column_price[j] * x->room[j];
    }
    assert_int_equal(n_chosen, n_taken); /* every choice was an edge */
    assert_true(value == dual);
    free(taken);
    return value;
}

/* Checks choices, signs and slacks of an answer that is near the best; gives its value, and by how much the duals promise more. */
static sum sound_value(const struct assign *a, const struct instance *x, sum *short_by)
{
    sum value = 0, dual = 0;
    uint32_t *taken = calloc(x->n_columns + 1, sizeof *taken);
    assert_non_null(taken);
    for (uint32_t j = 0; j < x->n_columns; j++)
        for (uint32_t e = x->first[j]; e < x->first[j + 1]; e++) {
            uint32_t i = x->row ? x->row[e] : e - x->first[j];
            bool chosen = a->edge_of_row[i] == e;
            assert_true(x->weight[e] == ASSIGN_FORBIDDEN ? !chosen
                                                         : a->row_price[i] + a->column_price[j] >= x->weight[e]);
            value += chosen ? x->weight[e] : 0;
            taken[j] += chosen;
        }
    for (size_t i = 0; i < x->n_rows; i++) {
        assert_true(a->row_price[i] >= 0);
        dual += a->row_price[i];
    }
    for (size_t j = 0; j < x->n_columns; j++) {
        assert_true(taken[j] <= x->room[j] && a->column_price[j] >= 0);
        dual += (sum)a->column_price[j] * x->room[j];
    }
    free(taken);
    *short_by = dual - value;
    return value;
}

/* ---- brute force ---- */

struct brute {
    const struct instance *x;
    uint32_t left[TINY_COLUMNS];
    bool found;
    sum best;
};

static void try_row(struct brute *b, size_t i, sum value)
{
    const struct instance *x = b->x;
    if (i == x->n_rows) {
        for (size_t j = 0; j < x->n_columns; j++)
            if (x->column_must && x->column_must[j] && b->left[j])
                return;
        if (!b->found || value > b->best)
            b->best = value;
        b->found = true;
        return;
    }
    if (!x->row_must || !x->row_must[i])
        try_row(b, i + 1, value);
    for (size_t j = 0; j < x->n_columns; j++)
        for (uint32_t e = x->first[j]; e < x->first[j + 1]; e++)
            if (x->row[e] == i && x->weight[e] != ASSIGN_FORBIDDEN && b->left[j]) {
                b->left[j]--;
                try_row(b, i + 1, value + x->weight[e]);
                b->left[j]++;
            }
}

static struct brute brute_force(const struct instance *x)
{
    struct brute b = {.x = x};
    memcpy(b.left, x->room, x->n_columns * sizeof *b.left);
    try_row(&b, 0, 0);
    return b;
}

/* ---- tiny instances ---- */

struct tiny {
    struct instance x;
    uint32_t first[TINY_COLUMNS + 1], row[TINY_EDGES], room[TINY_COLUMNS];
    int64_t weight[TINY_EDGES];
    bool row_must[TINY_ROWS], column_must[TINY_COLUMNS];
};

static void draw_weights(struct tiny *t, uint64_t *seed)
{
    int64_t sizes[] = {2, 5, 100, 1000000007, ASSIGN_WEIGHT_MOST / 32};
    int64_t size = sizes[gen_below(seed, 5)],
            low = gen_below(seed, 3) ? -size / (int64_t)(1 + gen_below(seed, 4)) : -size;
    uint64_t forbidden = gen_below(seed, 3) ? 0 : gen_below(seed, 50);
    for (size_t e = 0; e < t->first[t->x.n_columns]; e++)
        t->weight[e] = gen_below(seed, 100) < forbidden ? ASSIGN_FORBIDDEN
                                                        : low + (int64_t)gen_below(seed, (uint64_t)(size - low) + 1);
}

static void draw(struct tiny *t, uint64_t *seed)
{
    *t = (struct tiny){.x = {gen_below(seed, TINY_ROWS + 1), gen_below(seed, TINY_COLUMNS + 1), t->first, t->row,
                             t->room, t->weight, t->row_must, t->column_must}};
    uint64_t density = 1 + gen_below(seed, 100), rooms = 1 + gen_below(seed, 4);
    uint64_t row_musts = gen_below(seed, 2) ? gen_below(seed, 101) : 0;
    uint64_t column_musts = gen_below(seed, 2) ? gen_below(seed, 101) : 0;
    if (!gen_below(seed, 4))
        density = 100;
    for (size_t j = 0; j < t->x.n_columns; j++) {
        t->first[j + 1] = t->first[j];
        for (uint32_t i = 0; i < t->x.n_rows; i++)
            if (gen_below(seed, 100) < density)
                t->row[t->first[j + 1]++] = i;
        t->room[j] = (uint32_t)(rooms == 1 ? 1 : gen_below(seed, rooms + 1));
        t->column_must[j] = gen_below(seed, 100) < column_musts;
    }
    for (size_t i = 0; i < t->x.n_rows; i++)
        t->row_must[i] = gen_below(seed, 100) < row_musts;
    draw_weights(t, seed);
}

static void agrees(const struct assign *a, const struct tiny *t)
{
    struct brute b = brute_force(&t->x);
    assert_int_equal(a->feasible, b.found);
    if (b.found) {
        assert_true(proven_value(a, &t->x) == b.best);
        assert_true(a->blocked_row == ASSIGN_NONE && a->blocked_column == ASSIGN_NONE);
    } else {
        assert_true((a->blocked_row == ASSIGN_NONE) != (a->blocked_column == ASSIGN_NONE));
        assert_true(a->blocked_row == ASSIGN_NONE ? t->column_must[a->blocked_column] : t->row_must[a->blocked_row]);
    }
}

static int init(struct assign *a, struct arena *arena, const struct instance *x)
{
    return assign_init(a, arena, x->n_rows, x->n_columns, x->first, x->row, x->room, x->row_must, x->column_must);
}

static void finds_what_brute_force_finds(void **state)
{
    uint64_t seed = 1;
    size_t n_feasible = 0;
    (void)state;
    for (size_t round = 0; round < 20000; round++) {
        struct tiny t;
        struct arena arena;
        struct assign a;
        draw(&t, &seed);
        arena_init(&arena, 1 << 20);
        assert_int_equal(init(&a, &arena, &t.x), WM_OK);
        assert_true(assign_solve(&a, t.weight, NULL, NULL));
        agrees(&a, &t);
        n_feasible += a.feasible;
        for (size_t again = 0; again < 4; again++) { /* warm, the weights a little or altogether different */
            if (gen_below(&seed, 2))
                draw_weights(&t, &seed);
            else
                for (size_t e = 0; e < t.first[t.x.n_columns]; e++)
                    if (t.weight[e] != ASSIGN_FORBIDDEN)
                        t.weight[e] += (int64_t)gen_below(&seed, 5) - 2;
            assert_true(assign_solve(&a, t.weight, NULL, NULL));
            agrees(&a, &t);
        }
        arena_fini(&arena);
    }
    assert_true(n_feasible > 5000 && n_feasible < 19000);
}

static void starts_from_any_prices_and_choices(void **state)
{
    uint64_t seed = 2;
    (void)state;
    for (size_t round = 0; round < 10000; round++) {
        struct tiny t;
        struct arena arena;
        struct assign a;
        draw(&t, &seed);
        arena_init(&arena, 1 << 20);
        assert_int_equal(init(&a, &arena, &t.x), WM_OK);
        int64_t prices[TINY_COLUMNS], most = gen_below(&seed, 2) ? 10 : ASSIGN_WEIGHT_MOST;
        uint32_t choices[TINY_ROWS], left[TINY_COLUMNS];
        memcpy(left, t.room, sizeof left);
        for (size_t j = 0; j < t.x.n_columns; j++)
            prices[j] = (int64_t)gen_below(&seed, (uint64_t)most + 1) * (gen_below(&seed, 3) ? 1 : -1);
        memset(choices, 0xff, sizeof choices);
        for (uint32_t e = 0; e < t.first[t.x.n_columns]; e++)
            if (choices[t.row[e]] == ASSIGN_NONE && gen_below(&seed, 2) && left[column_of(&t.x, e)]) {
                choices[t.row[e]] = e;
                left[column_of(&t.x, e)]--;
            }
        assign_start(&a, prices, gen_below(&seed, 2) ? choices : NULL);
        assert_true(assign_solve(&a, t.weight, NULL, NULL));
        agrees(&a, &t);
        arena_fini(&arena);
    }
}

static size_t openings(const struct instance *x)
{
    size_t n = 0;
    for (size_t j = 0; j < x->n_columns; j++)
        n += x->room[j];
    return n;
}

/* Cold, and again as weights change; never more than a few steps an opening from the best, and what it leaves is a start. */
static void comes_near_what_brute_force_finds(void **state)
{
    uint64_t seed = 9;
    sum short_by;
    (void)state;
    for (size_t round = 0; round < 10000; round++) {
        struct tiny t;
        struct arena arena;
        struct assign a;
        draw(&t, &seed);
        t.x.row_must = t.x.column_must = NULL;
        int64_t size = 1;
        for (size_t e = 0; e < t.first[t.x.n_columns]; e++)
            size = t.weight[e] > size ? t.weight[e] : size;
        arena_init(&arena, 1 << 20);
        assert_int_equal(init(&a, &arena, &t.x), WM_OK);
        for (size_t again = 0; again < 4; again++) {
            int64_t step = 1 + size / (int64_t)(1 + gen_below(&seed, 1000));
            assert_true(assign_near(&a, t.weight, step, NULL, NULL));
            sum value = sound_value(&a, &t.x, &short_by), allowed = (sum)STEPS_NEAR * step * (sum)openings(&t.x);
            assert_true(short_by >= 0 && short_by <= allowed && value >= brute_force(&t.x).best - allowed);
            if (gen_below(&seed, 3) == 0) {
                assert_true(assign_solve(&a, t.weight, NULL, NULL));
                agrees(&a, &t);
            }
            for (size_t e = 0; e < t.first[t.x.n_columns]; e++)
                if (t.weight[e] != ASSIGN_FORBIDDEN)
                    t.weight[e] += (int64_t)gen_below(&seed, 2 * (uint64_t)step + 1) - step;
        }
        arena_fini(&arena);
    }
}

static bool count_down(void *arg)
{
    return --*(size_t *)arg == 0;
}

/* ---- large ones: duality is the judge ---- */

/* Each column has `degree` rows, spread over all; or every row, when there are no more. */
static void make_large(struct instance *x, struct arena *arena, size_t rows, size_t columns, size_t degree,
                       uint32_t rooms, uint64_t *seed)
{
    *x = (struct instance){.n_rows = rows, .n_columns = columns};
    x->first = arena_alloc(arena, columns + 1, sizeof *x->first);
    x->row = arena_alloc(arena, columns * degree, sizeof *x->row);
    x->room = arena_alloc(arena, columns, sizeof *x->room);
    x->weight = arena_alloc(arena, columns * degree, sizeof *x->weight);
    for (size_t j = 0; j < columns; j++) {
        x->first[j + 1] = (uint32_t)((j + 1) * degree);
        x->room[j] = 1 + (uint32_t)gen_below(seed, rooms);
        uint32_t at = (uint32_t)gen_below(seed, rows);
        for (size_t d = 0; d < degree; d++) {
            x->row[j * degree + d] = degree == rows ? (uint32_t)d : at;
            at = (at + 1 + (uint32_t)gen_below(seed, rows / degree)) % (uint32_t)rows;
        }
    }
}

enum weights { EVEN, COSTS, PRODUCTS }; /* from 0 to size; below 0; of two factors, the hard kind, below 0 */

struct kind {
    const char *what;
    size_t rows, columns, degree;
    uint32_t rooms;
    enum weights weights;
    int64_t size;
    bool rows_must, columns_must;
    uint64_t forbidden_pct;
};

static void draw_large_weights(const struct kind *kind, struct instance *x, uint64_t *seed)
{
    for (size_t j = 0; j < kind->columns; j++)
        for (uint32_t e = x->first[j]; e < x->first[j + 1]; e++) {
            int64_t draw = (int64_t)gen_below(seed, (uint64_t)kind->size);
            x->weight[e] = kind->weights == EVEN    ? draw
                           : kind->weights == COSTS ? -draw
                                                    : -(int64_t)((j + 1) * (x->row[e] + 1)) * kind->size;
            if (gen_below(seed, 100) < kind->forbidden_pct)
                x->weight[e] = ASSIGN_FORBIDDEN;
        }
}

static bool *all(struct arena *arena, bool must, size_t n)
{
    bool *musts = must ? arena_alloc(arena, n, 1) : NULL;
    return musts ? memset(musts, 1, n) : NULL;
}

static void make_kind(const struct kind *kind, struct instance *x, struct arena *arena, uint64_t *seed)
{
    make_large(x, arena, kind->rows, kind->columns, kind->degree, kind->rooms, seed);
    draw_large_weights(kind, x, seed);
    x->row_must = all(arena, kind->rows_must, kind->rows);
    x->column_must = all(arena, kind->columns_must, kind->columns);
}

static void change_large_weights(struct instance *x, int64_t change, uint64_t *seed)
{
    for (size_t e = 0; e < x->first[x->n_columns]; e++)
        if (x->weight[e] != ASSIGN_FORBIDDEN)
            x->weight[e] += (int64_t)gen_below(seed, (uint64_t)change) - change / 2;
}

/* Cold, and warm after small and greater changes, and from prices alone: all proven, all the same. */
static void prove_kind(const struct kind *kind, uint64_t *seed)
{
    struct arena arena;
    struct instance x;
    struct assign warm;
    arena_init(&arena, SIZE_MAX);
    make_kind(kind, &x, &arena, seed);
    assert_int_equal(init(&warm, &arena, &x), WM_OK);
    for (size_t round = 0; round < 6; round++) {
        struct assign cold, priced;
        assert_int_equal(init(&cold, &arena, &x), WM_OK);
        assert_int_equal(init(&priced, &arena, &x), WM_OK);
        assert_true(assign_solve(&cold, x.weight, NULL, NULL) && assign_solve(&warm, x.weight, NULL, NULL));
        assert_true(cold.feasible && warm.feasible);
        sum value = proven_value(&cold, &x);
        assert_true(proven_value(&warm, &x) == value);
        assign_start(&priced, warm.column_price, NULL);
        assert_true(assign_solve(&priced, x.weight, NULL, NULL) && priced.feasible);
        assert_true(proven_value(&priced, &x) == value);
        change_large_weights(&x, kind->size / (round < 3 ? 1000 : 20) + 1, seed);
    }
    arena_fini(&arena);
}

static void comes_near_on_large_ones(void **state)
{
    const struct kind kinds[] = {{"few of many", 3000, 300, 40, 3, EVEN, 1000000000000000, false, false, 0},
                                 {"sparse", 500, 400, 20, 1, EVEN, 100000, false, false, 10},
                                 {"sparse, fewer rows", 200, 400, 30, 1, EVEN, 100000000, false, false, 0},
                                 {"complete", 270, 300, 270, 1, EVEN, 1000000, false, false, 0}};
    uint64_t seed = 10;
    (void)state;
    for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
        struct arena arena;
        struct instance x;
        struct assign a;
        sum short_by;
        print_message("%s\n", kinds[kind].what);
        arena_init(&arena, SIZE_MAX);
        make_kind(&kinds[kind], &x, &arena, &seed);
        assert_int_equal(init(&a, &arena, &x), WM_OK);
        for (size_t round = 0; round < 6; round++) {
            int64_t step = kinds[kind].size / 10000;
            assert_true(assign_near(&a, x.weight, step, NULL, NULL));
            sound_value(&a, &x, &short_by);
            assert_true(short_by >= 0 && short_by <= (sum)STEPS_NEAR * step * (sum)openings(&x));
            change_large_weights(&x, kinds[kind].size / 100, &seed);
        }
        assert_true(assign_solve(&a, x.weight, NULL, NULL));
        proven_value(&a, &x);
        for (size_t after = 1, left = 0; left == 0; after *= 2) {
            assign_start(&a, a.column_price, NULL);
            left = after;
            bool usable = assign_near(&a, x.weight, 1, count_down, &left);
            assert_int_equal(usable, left > 0);
        }
        arena_fini(&arena);
    }
}

static void is_proven_on_large_ones_cold_and_warm(void **state)
{
    const struct kind kinds[] = {
        {"few of many", 3000, 300, 40, 3, EVEN, 1000000000000000, false, false, 0},
        {"square", 300, 300, 300, 1, COSTS, 1000000, true, true, 0},
        {"square, ties", 300, 300, 300, 1, COSTS, 10, true, true, 0},
        {"square, nothing must", 300, 300, 300, 1, EVEN, 1000000, false, false, 0},
        {"more rows", 350, 300, 350, 1, COSTS, 1000000, false, true, 0},
        {"fewer rows", 280, 300, 280, 1, COSTS, 1000000, true, false, 0},
        {"fewer rows, nothing must", 270, 300, 270, 1, EVEN, 1000000, false, false, 0},
        {"hard", 300, 300, 300, 1, PRODUCTS, 1, true, true, 0},
        {"hard, great", 300, 300, 300, 1, PRODUCTS, 1000000000, true, true, 0},
        {"hard, more rows", 350, 300, 350, 1, PRODUCTS, 1000, false, true, 0},
        {"hard, sparse", 450, 400, 30, 1, PRODUCTS, 1000, false, true, 0},
        {"sparse", 500, 400, 20, 1, EVEN, 1000, false, false, 0},
        {"sparse, fewer rows", 200, 400, 30, 1, EVEN, 100000000, false, false, 0},
        {"rooms", 1000, 50, 300, 30, EVEN, 100000000, false, false, 0},
        {"rooms in a dense one", 900, 400, 900, 4, COSTS, 1000000, true, false, 0},
        {"dense with gaps", 900, 300, 300, 2, EVEN, 1000000, false, false, 10},
        {"gaps everywhere", 300, 300, 300, 1, COSTS, 1000000, true, true, 50},
    };
    uint64_t seed = 3;
    (void)state;
    for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
        print_message("%s\n", kinds[kind].what);
        prove_kind(&kinds[kind], &seed);
    }
}

static void knows_a_complete_one_without_its_rows(void **state)
{
    struct arena arena;
    struct instance x;
    struct assign listed, implied;
    uint64_t seed = 4;
    (void)state;
    arena_init(&arena, SIZE_MAX);
    make_large(&x, &arena, 60, 70, 60, 2, &seed);
    for (size_t e = 0; e < 60 * 70; e++)
        x.weight[e] = (int64_t)gen_below(&seed, 50) - 10;
    assert_int_equal(init(&listed, &arena, &x), WM_OK);
    x.row = NULL;
    assert_int_equal(init(&implied, &arena, &x), WM_OK);
    assert_true(assign_solve(&listed, x.weight, NULL, NULL) && assign_solve(&implied, x.weight, NULL, NULL));
    assert_true(proven_value(&listed, &x) == proven_value(&implied, &x));
    assert_memory_equal(listed.edge_of_row, implied.edge_of_row, 60 * sizeof *listed.edge_of_row);
    arena_fini(&arena);
}

/* ---- the edges ---- */

static void holds_at_the_edge_of_the_range_and_refuses_beyond(void **state)
{
    uint32_t first[] = {0, 2, 4}, row[] = {0, 1, 0, 1}, room[] = {1, 1};
    bool musts[] = {true, true};
    int64_t most = ASSIGN_WEIGHT_MOST, weight[] = {most, -most, most, most};
    struct arena arena;
    struct assign a;
    (void)state;
    arena_init(&arena, 1 << 20);
    struct instance x = {2, 2, first, row, room, weight, NULL, NULL};
    assert_int_equal(init(&a, &arena, &x), WM_OK);
    assert_true(assign_solve(&a, weight, NULL, NULL));
    assert_true(proven_value(&a, &x) == 2 * (sum)most);
    weight[3] = most + 1;
    assert_false(assign_solve(&a, weight, NULL, NULL));
    assert_true(a.out_of_range);
    weight[3] = -most - 1;
    assert_false(assign_solve(&a, weight, NULL, NULL));
    weight[3] = -most;
    assert_true(assign_solve(&a, weight, NULL, NULL));
    assert_false(a.out_of_range);
    assert_true(proven_value(&a, &x) == most);
    x.row_must = x.column_must = musts;
    assert_int_equal(init(&a, &arena, &x), WM_OK);
    assert_true(assign_solve(&a, weight, NULL, NULL));
    assert_true(proven_value(&a, &x) == 0);
    arena_fini(&arena);
}

/* Musts in a chain: each column's price must be below the one before by two times the greatest weight. */
static void refuses_prices_that_musts_drive_too_far(void **state)
{
    enum { N = 12 };
    uint32_t first[N + 1], row[2 * N], room[N];
    int64_t weight[2 * N];
    bool musts[N];
    (void)state;
    for (int most = 50; most <= 60; most += 10) {
        struct arena arena;
        struct assign a;
        struct instance x = {N, N, first, row, room, weight, musts, musts};
        uint32_t n = 0;
        for (uint32_t j = 0; j < N; j++) {
            first[j] = n;
            room[j] = 1;
            musts[j] = true;
            weight[n] = -(INT64_C(1) << most);
            row[n++] = j;
            if (j + 1 < N) {
                weight[n] = INT64_C(1) << most;
                row[n++] = j + 1;
            }
        }
        first[N] = n;
        arena_init(&arena, 1 << 20);
        assert_int_equal(init(&a, &arena, &x), WM_OK);
        bool usable = assign_solve(&a, weight, NULL, NULL);
        assert_int_equal(usable, most == 50);
        assert_int_equal(a.out_of_range, most == 60);
        if (usable)
            assert_true(proven_value(&a, &x) == -N * ((sum)1 << 50));
        arena_fini(&arena);
    }
}

/* Told at the first question, the second, the fourth: in every part of the way to the answer. */
static void ends_when_told_and_begins_anew(void **state)
{
    const struct kind kinds[] = {{"dense", 900, 900, 900, 1, PRODUCTS, 1000, true, true, 0},
                                 {"rooms", 20000, 60, 20000, 300, COSTS, 1000000, false, true, 0},
                                 {"sparse", 3200, 3000, 50, 1, PRODUCTS, 1000, false, true, 0}};
    uint64_t seed = 5;
    (void)state;
    for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
        struct arena arena;
        struct instance x;
        struct assign a;
        size_t n_stopped = 0;
        arena_init(&arena, SIZE_MAX);
        make_kind(&kinds[kind], &x, &arena, &seed);
        assert_int_equal(init(&a, &arena, &x), WM_OK);
        for (size_t after = 1, left = 0; left == 0; after *= 2, n_stopped++) {
            left = after;
            bool usable = assign_solve(&a, x.weight, count_down, &left);
            assert_int_equal(usable, left > 0);
            assert_false(a.out_of_range);
        }
        proven_value(&a, &x);
        assert_true(n_stopped > 1);
        arena_fini(&arena);
    }
}

/* A column that must be filled and whom nobody can fill, in a dense one: the core cannot be solved, nor can the whole. */
static void says_that_a_dense_one_is_infeasible(void **state)
{
    const struct kind kind = {"dense", 300, 300, 300, 1, COSTS, 1000, true, true, 0};
    struct arena arena;
    struct instance x;
    struct assign a;
    uint64_t seed = 7;
    (void)state;
    arena_init(&arena, SIZE_MAX);
    make_kind(&kind, &x, &arena, &seed);
    for (uint32_t e = x.first[17]; e < x.first[18]; e++)
        x.weight[e] = ASSIGN_FORBIDDEN;
    assert_int_equal(init(&a, &arena, &x), WM_OK);
    assert_true(assign_solve(&a, x.weight, NULL, NULL));
    assert_false(a.feasible);
    x.weight[x.first[17] + 5] = 3;
    assert_true(assign_solve(&a, x.weight, NULL, NULL));
    assert_true(a.feasible);
    proven_value(&a, &x);
    assert_int_equal(a.edge_of_row[5], x.first[17] + 5);
    assert_int_equal(assign_column(&a, 5), 17);
    arena_fini(&arena);
}

/* In small requests, which chunks hide from the allocator, by the ceiling; in great ones by the allocator as well. */
static void try_without_memory(const struct instance *x, size_t step)
{
    int status = WM_EMEMORY;
    for (size_t bytes = 0, n = 1; status != WM_OK; bytes += step, n++) {
        struct arena arena;
        struct assign a;
        arena_init(&arena, bytes);
        status = init(&a, &arena, x);
        assert_true(status == WM_OK || status == WM_EMEMORY);
        arena_fini(&arena);
        arena_init(&arena, SIZE_MAX);
        fault_after(n);
        int faulty = init(&a, &arena, x);
        fault_off();
        assert_int_equal(faulty, fault_count() >= n ? WM_EMEMORY : WM_OK);
        arena_fini(&arena);
        assert_true(n < 10000);
    }
}

static void survives_every_allocation_failing(void **state)
{
    struct arena arena;
    struct instance x;
    uint64_t seed = 6;
    struct tiny t;
    (void)state;
    draw(&t, &seed);
    try_without_memory(&t.x, 64);
    arena_init(&arena, SIZE_MAX);
    make_large(&x, &arena, 300, 300, 300, 1, &seed);
    try_without_memory(&x, 8192); /* an array a step, about */
    arena_fini(&arena);
}

/* Edges beyond what numbers can name: refused before anything is looked at. */
static void refuses_too_many_edges(void **state)
{
    uint32_t first[] = {0, ASSIGN_NONE}, room[] = {1};
    struct arena arena;
    struct assign a;
    (void)state;
    arena_init(&arena, 1 << 20);
    assert_int_equal(assign_init(&a, &arena, ASSIGN_NONE - 1, 1, first, NULL, room, NULL, NULL), WM_ELIMIT);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_brute_force_finds),
        cmocka_unit_test(starts_from_any_prices_and_choices),
        cmocka_unit_test(comes_near_what_brute_force_finds),
        cmocka_unit_test(comes_near_on_large_ones),
        cmocka_unit_test(is_proven_on_large_ones_cold_and_warm),
        cmocka_unit_test(knows_a_complete_one_without_its_rows),
        cmocka_unit_test(holds_at_the_edge_of_the_range_and_refuses_beyond),
        cmocka_unit_test(refuses_prices_that_musts_drive_too_far),
        cmocka_unit_test(ends_when_told_and_begins_anew),
        cmocka_unit_test(says_that_a_dense_one_is_infeasible),
        cmocka_unit_test(survives_every_allocation_failing),
        cmocka_unit_test(refuses_too_many_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
