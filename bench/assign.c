/*
 * Pure assignment: makes instances, and solves them with engine/assign.h for comparison with bench/peers.
 *
 *   assign write KIND N EDGES SEED FILE    KIND: dense_uniform, dense_alike, sparse_uniform, sparse_alike
 *   assign solve FILE
 *
 * N rows, N columns, EDGES a column where sparse; each row takes exactly one column and each column one row, for the
 * greatest sum. `uniform` weights are drawn from 1 to 10^6; `alike` ones are what placements look like: how badly off
 * the column is, times how able the row, with a little noise, to 10^9. Sparse instances hold a hidden perfect matching,
 * so that there is an answer.
 *
 * FILE: three int64 (rows, columns, edges), then by column and row: int32 rows, int32 columns, int64 weights.
 */
#include "assign.h"
#include "stopwatch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { N_MAX = 20000 };

struct edges {
    int64_t n_rows, n_columns, n;
    int32_t *row, *column;
    int64_t *weight;
};

static void die(const char *what)
{
    fprintf(stderr, "assign: %s\n", what);
    exit(1);
}

static void edges_make(struct edges *e)
{
    e->row = malloc((size_t)e->n * sizeof *e->row);
    e->column = malloc((size_t)e->n * sizeof *e->column);
    e->weight = malloc((size_t)e->n * sizeof *e->weight);
    if (!e->row || !e->column || !e->weight)
        die("no memory");
}

/* ---- Instances ---- */

static uint64_t draw(uint64_t *state) /* splitmix64 */
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static int64_t below(uint64_t *state, int64_t n)
{
    return (int64_t)(draw(state) % (uint64_t)n);
}

static int compare_rows(const void *a, const void *b)
{
    int32_t p = *(const int32_t *)a, q = *(const int32_t *)b;
    return (p > q) - (p < q);
}

/* Rows of column j into rows[], rising, `hidden` among them; returns how many. */
static int64_t rows_of(int32_t *rows, int64_t n, int64_t each, int32_t hidden, uint64_t *state)
{
    if (each >= n) {
        for (int32_t i = 0; i < n; i++)
            rows[i] = i;
        return n;
    }
    rows[0] = hidden;
    for (int64_t k = 1; k < each; k++)
        rows[k] = (int32_t)below(state, n);
    qsort(rows, (size_t)each, sizeof *rows, compare_rows);
    int64_t kept = 1;
    for (int64_t k = 1; k < each; k++)
        if (rows[k] != rows[kept - 1])
            rows[kept++] = rows[k];
    return kept;
}

static void write_instance(const char *kind, int64_t n, int64_t each, uint64_t seed, const char *path)
{
    bool dense = strncmp(kind, "dense_", 6) == 0, alike = strstr(kind, "_alike") != NULL;
    uint64_t state = seed;
    struct edges e = {n, n, n * (dense ? n : each), NULL, NULL, NULL};
    edges_make(&e);
    int32_t *hidden = malloc((size_t)n * sizeof *hidden), *rows = malloc((size_t)n * sizeof *rows);
    int64_t *able = malloc((size_t)n * sizeof *able);
    FILE *file = fopen(path, "wb");
    if (!hidden || !rows || !able || !file)
        die(path);
    for (int32_t i = 0; i < n; i++) {
        int64_t at = below(&state, i + 1);
        hidden[i] = i;
        hidden[i] = hidden[at];
        hidden[at] = i;
        able[i] = 200 + below(&state, 800);
    }
    e.n = 0;
    for (int32_t j = 0; j < n; j++) {
        int64_t need = 200 + below(&state, 800), kept = rows_of(rows, n, dense ? n : each, hidden[j], &state);
        for (int64_t k = 0; k < kept; k++, e.n++) {
            e.row[e.n] = rows[k];
            e.column[e.n] = j;
            e.weight[e.n] = alike ? need * able[rows[k]] * (900 + below(&state, 100)) : 1 + below(&state, 1000000);
        }
    }
    if (fwrite(&e, sizeof(int64_t), 3, file) != 3 || fwrite(e.row, sizeof *e.row, (size_t)e.n, file) != (size_t)e.n ||
        fwrite(e.column, sizeof *e.column, (size_t)e.n, file) != (size_t)e.n ||
        fwrite(e.weight, sizeof *e.weight, (size_t)e.n, file) != (size_t)e.n || fclose(file) != 0)
        die(path);
}

/* ---- Our answer ---- */

static void read_instance(struct edges *e, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file || fread(e, sizeof(int64_t), 3, file) != 3 || e->n_rows < 1 || e->n_rows > N_MAX || e->n < 1 ||
        e->n > e->n_rows * e->n_columns)
        die(path);
    edges_make(e);
    if (fread(e->row, sizeof *e->row, (size_t)e->n, file) != (size_t)e->n ||
        fread(e->column, sizeof *e->column, (size_t)e->n, file) != (size_t)e->n ||
        fread(e->weight, sizeof *e->weight, (size_t)e->n, file) != (size_t)e->n)
        die(path);
    fclose(file);
}

static void solve_instance(const char *path)
{
    struct edges e;
    struct assign a;
    struct arena arena;
    read_instance(&e, path);
    uint32_t *first = calloc((size_t)e.n_columns + 1, sizeof *first), *room = calloc((size_t)e.n_columns, sizeof *room);
    bool *must = malloc((size_t)(e.n_rows > e.n_columns ? e.n_rows : e.n_columns));
    uint32_t *row = malloc((size_t)e.n * sizeof *row);
    if (!first || !room || !must || !row)
        die("no memory");
    memset(must, true, (size_t)(e.n_rows > e.n_columns ? e.n_rows : e.n_columns));
    for (int64_t k = 0; k < e.n; k++) {
        first[e.column[k] + 1]++;
        row[k] = (uint32_t)e.row[k];
    }
    for (int64_t j = 0; j < e.n_columns; j++) {
        first[j + 1] += first[j];
        room[j] = 1;
    }
    free(e.row);
    free(e.column);
    arena_init(&arena, (size_t)4 << 30);
    struct stopwatch start = stopwatch_now();
    if (assign_init(&a, &arena, (size_t)e.n_rows, (size_t)e.n_columns, first, row, room, must, must) != 0 ||
        !assign_solve(&a, e.weight, NULL, NULL) || !a.feasible)
        die("not solved");
    struct stopwatch taken = stopwatch_since(start);
    int64_t value = 0, dual = 0;
    for (int64_t i = 0; i < e.n_rows; i++) {
        value += e.weight[a.edge_of_row[i]];
        dual += a.row_price[i] + a.column_price[i];
    }
    for (int64_t j = 0; j < e.n_columns; j++)
        for (uint32_t k = first[j]; k < first[j + 1]; k++)
            if (e.weight[k] > a.row_price[row[k]] + a.column_price[j])
                die("the prices do not prove the optimum");
    if (value != dual)
        die("the prices do not prove the optimum");
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    printf("{\"solver\": \"wellmatch\", \"value\": %" PRId64 ", \"cpu\": %.4f, \"wall\": %.4f, \"arena_mib\": %.1f, "
           "\"peak_mib\": %.1f}\n",
           value, taken.cpu, taken.wall, (double)arena.used / (1 << 20), (double)used.ru_maxrss / 1024);
    arena_fini(&arena);
}

int main(int argc, char *argv[])
{
    int64_t n = argc == 7 ? strtol(argv[3], NULL, 10) : 0, each = argc == 7 ? strtol(argv[4], NULL, 10) : 0;
    if (argc == 7 && strcmp(argv[1], "write") == 0 && n >= 1 && n <= N_MAX && each >= 1 && each <= n)
        write_instance(argv[2], n, each, strtoull(argv[5], NULL, 10), argv[6]);
    else if (argc == 3 && strcmp(argv[1], "solve") == 0)
        solve_instance(argv[2]);
    else
        die("usage: assign write KIND N EDGES SEED FILE | assign solve FILE");
    return 0;
}
