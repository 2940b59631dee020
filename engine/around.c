/*
 * Better plans near the best one: large neighbourhood search (Shaw 1998). Most groups keep what they have, some are set
 * free, and what these can do better is searched by branch and bound, for a few nodes. The relaxation of so small a problem
 * is close to its plans, so that it ends soon, and finds exchanges among many groups that no list of moves would hold.
 *
 * Who is set free, in turns:
 *   - those whose choice the relaxation does not share (relaxation induced neighbourhoods, Danna, Rothberg and Le Pape 2005);
 *   - those that use one limit, then another that one of them could use, and so on: exchanges between a few limits;
 *   - any, by chance, those with a close second choice first.
 * How many follows from what came of it: more when the search ended with nothing better, fewer when it did not end.
 *
 * Work is counted in nodes, chance is a fixed sequence: the same problem gives the same plans.
 */
#include "model.h"

#include <math.h>
#include <string.h>

/*
 * Luck: nodes spent here for each of the search. A success raises it, a failure lowers it. Where limits are few groups' each,
 * exchanges between some of them are what is missing; where all use all, the search is seldom beaten.
 */
#define LUCK_MOST 4.0
#define LUCK_SPARSE 0.5 /* at least */
#define LUCK_DENSE 0.05
#define SPARSE 0.25 /* share of the limits that an option uses */

#define ARENA_BYTES_MAX ((size_t)8 << 30)

enum {
    NODES_EACH = 120,
    CHAIN_STEPS = 500000,
    FREE_LEAST = 12,
    NEAR_MOST = 4,
    OPTIONS_A_NODE = 400, /* that making the small problem costs as much as a node */
    WIDE_TRIES = 60
};

bool around_init(struct around *a, struct arena *arena, const struct model *m)
{
    *a = (struct around){.model = m, .chance = 1, .luck = 1, .luck_least = LUCK_DENSE};
    for (int i = 0; i < AROUND_KINDS; i++)
        a->wanted_of[i] = (double)(m->n_groups < 30 ? m->n_groups : 30);
    if ((double)m->first_use[m->n_shapes] < SPARSE * (double)m->n_shapes * (double)m->n_resources) {
        a->luck = LUCK_MOST;
        a->luck_least = LUCK_SPARSE;
    }
    a->keep = arena_alloc(arena, m->n_options + 1, 1);
    a->free = arena_alloc(arena, m->n_groups + 1, 1);
    a->open = arena_alloc(arena, m->n_rows + 1, 1);
    a->idle = arena_alloc(arena, m->n_rows + 1, 1);
    memset(a->idle, 1, m->n_rows);
    a->choice = arena_alloc(arena, m->n_groups + 1, sizeof *a->choice);
    a->list = arena_alloc(arena, m->n_groups + 1, sizeof *a->list);
    a->second = arena_alloc(arena, m->n_groups + 1, sizeof *a->second);
    a->n_users = arena_alloc(arena, m->n_rows + 1, sizeof *a->n_users);
    return chains_init(&a->chains, arena, m) && a->keep && a->free && a->open && a->choice && a->list && a->second &&
           a->n_users;
}

/* splitmix64 (Steele, Lea and Flood 2014). */
static uint32_t chance(struct around *a, size_t below)
{
    uint64_t z = a->chance += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(((z ^ (z >> 31)) >> 32) * below >> 32);
}

/* The best plan in the model's options; false: it has one that the model left out. */
static bool find_choices(struct around *a, const struct run *run)
{
    const struct model *m = a->model;
    memset(a->n_users, 0, m->n_rows * sizeof *a->n_users);
    for (uint32_t g = 0; g < m->n_groups; g++) {
        uint32_t at = NO_OPTION;
        for (uint32_t o = m->first[g]; o < m->first[g + 1] && at == NO_OPTION; o++)
            at = m->option_was[o] == run->best[g] ? o : NO_OPTION;
        if (at == NO_OPTION)
            return false;
        a->choice[g] = at;
        for (size_t u = m->first_use[m->shape_of[at]]; u < m->first_use[m->shape_of[at] + 1]; u++)
            a->n_users[m->use_row[u]]++;
    }
    return true;
}

/* By how much another option than that of the plan falls short, at least. */
static void find_seconds(struct around *a, const double *below)
{
    const struct model *m = a->model;
    for (uint32_t g = 0; g < m->n_groups; g++) {
        a->second[g] = HUGE_VAL;
        for (uint32_t o = m->first[g]; o < m->first[g + 1]; o++)
            if (o != a->choice[g] && below[o] < a->second[g])
                a->second[g] = below[o];
    }
}

/* ---- who is set free ---- */

static void set_free(struct around *a, uint32_t g)
{
    if (a->free[g] || a->second[g] > a->most)
        return;
    a->free[g] = 1;
    a->list[a->n_free++] = g;
}

static void free_unshared(struct around *a, const double *share)
{
    for (uint32_t g = 0; g < a->model->n_groups; g++)
        if (share[a->choice[g]] < 0.9)
            set_free(a, g);
}

static bool uses(const struct model *m, uint32_t o, uint32_t row)
{
    uint32_t k = m->shape_of[o];
    for (size_t u = m->first_use[k]; u < m->first_use[k + 1]; u++)
        if (m->use_row[u] == row)
            return true;
    return false;
}

static void free_users(struct around *a, uint32_t row)
{
    a->open[row] = 1;
    for (uint32_t g = 0; g < a->model->n_groups; g++)
        if (uses(a->model, a->choice[g], row))
            set_free(a, g);
}

/* A row that option o uses, by chance, if few do. */
static uint32_t some_row(struct around *a, uint32_t o)
{
    const struct model *m = a->model;
    uint32_t k = m->shape_of[o];
    size_t n = m->first_use[k + 1] - m->first_use[k];
    uint32_t r = n ? m->use_row[m->first_use[k] + chance(a, n)] : NO_ROW;
    return r != NO_ROW && r < m->n_resources && 2 * a->n_users[r] < m->n_groups ? r : NO_ROW;
}

static void free_rows(struct around *a, size_t wanted)
{
    const struct model *m = a->model;
    memset(a->open, 0, m->n_rows);
    for (int tries = 0; tries < WIDE_TRIES && a->n_free < wanted; tries++) {
        uint32_t g = a->n_free ? a->list[chance(a, a->n_free)] : chance(a, m->n_groups);
        uint32_t o = a->n_free ? m->first[g] + chance(a, m->first[g + 1] - m->first[g]) : a->choice[g];
        uint32_t row = some_row(a, o);
        if (row != NO_ROW && !a->open[row] && (a->n_free == 0 || a->n_free + a->n_users[row] <= 2 * wanted))
            free_users(a, row);
    }
}

static void free_any(struct around *a, size_t wanted)
{
    size_t n = a->model->n_groups;
    for (size_t tries = 0; tries < 4 * wanted && a->n_free < wanted; tries++) {
        uint32_t g = chance(a, n), h = chance(a, n);
        set_free(a, a->second[g] <= a->second[h] ? g : h);
    }
}

/* ---- the small problem ---- */

/* Whether all limits that option o uses, of those that few use, are open. */
static bool stays_inside(const struct around *a, uint32_t o)
{
    const struct model *m = a->model;
    uint32_t k = m->shape_of[o];
    for (size_t u = m->first_use[k]; u < m->first_use[k + 1]; u++) {
        uint32_t r = m->use_row[u];
        if (r < m->n_resources && !a->open[r] && 2 * a->n_users[r] < m->n_groups)
            return false;
    }
    return true;
}

/* Into near[] the options of group g to look at: so few, those that fall least short. */
static size_t list_near(const struct around *a, uint32_t g, const double *below, uint32_t near[NEAR_MOST])
{
    const struct model *m = a->model;
    size_t n = 0;
    for (uint32_t o = m->first[g]; o < m->first[g + 1]; o++) {
        size_t at = n < NEAR_MOST ? n++ : NEAR_MOST;
        if (at == NEAR_MOST && below[near[--at]] <= below[o])
            continue;
        for (; at > 0 && below[near[at - 1]] > below[o]; at--)
            near[at] = near[at - 1];
        near[at] = o;
    }
    return n;
}

static int search_free(struct around *a, enum around_kind kind, const double *below, struct run *run, bool *ended)
{
    const struct model *m = a->model;
    for (uint32_t g = 0; g < m->n_groups; g++) {
        for (uint32_t o = m->first[g]; o < m->first[g + 1]; o++)
            a->keep[o] =
                o == a->choice[g] || (a->free[g] && below[o] <= a->most && (kind == AROUND_ROWS && stays_inside(a, o)));
        uint32_t near[NEAR_MOST];
        for (size_t i = 0, n = a->free[g] && kind != AROUND_ROWS ? list_near(a, g, below, near) : 0; i < n; i++)
            a->keep[near[i]] |= below[near[i]] <= a->most;
    }
    size_t none = 0;
    struct rows rows = {.first = &none, .idle = a->idle}; /* what was cut off the whole says little of the part */
    struct arena scratch;
    struct model some;
    double bound = HUGE_VAL;
    size_t limit = run->nodes_most;
    arena_init(&scratch, ARENA_BYTES_MAX);
    run->nodes_most = run->nodes + NODES_EACH;
    int status = model_narrow(m, a->keep, &rows, true, &scratch, &some, NULL);
    if (status == WM_OK)
        status = branch_search(&some, NULL, &scratch, run, &bound, NULL);
    *ended = run->nodes < run->nodes_most;
    run->nodes_most = limit;
    arena_fini(&scratch);
    return status;
}

int around_run(struct around *a, const double *prices, const double *below, const double *share, double bound,
               size_t nodes, struct run *run)
{
    const struct model *m = a->model;
    wide first = run->best_value;
    nodes = (size_t)((double)nodes * a->luck);
    size_t from = run->nodes, calls = 0, cost = m->n_options / OPTIONS_A_NODE + 1;
    int status = WM_OK;
    if (m->n_groups < FREE_LEAST)
        return WM_OK;
    while (status == WM_OK && run->nodes - from + calls * cost < nodes && !run_stops(run)) {
        wide before = run->best_value;
        a->most = bound - (run_cutoff(run, m) > -HUGE_VAL ? run_cutoff(run, m) : 0);
        if (!run->found || a->most < 0 || !find_choices(a, run))
            break;
        find_seconds(a, below);
        memset(a->free, 0, m->n_groups);
        a->n_free = 0;
        enum around_kind kind = a->told_value != before ? AROUND_SHARES : (enum around_kind)(1 + a->turn++ % 3);
        size_t wanted = (size_t)a->wanted_of[kind];
        a->told_value = before;
        if (kind == AROUND_CHAINS) {
            chains_run(&a->chains, prices, below, bound, CHAIN_STEPS, run);
            calls += NODES_EACH / cost + 1;
            continue;
        }
        if (kind == AROUND_SHARES)
            free_unshared(a, share);
        if (kind == AROUND_ROWS)
            free_rows(a, wanted);
        if (kind == AROUND_ROWS && a->n_free == 0)
            continue;
        if (kind != AROUND_ROWS)
            free_any(a, wanted);
        bool ended;
        status = search_free(a, kind, below, run, &ended);
        calls++;
        a->wanted_of[kind] *= ended ? run->best_value == before ? 1.1 : 1 : 0.95;
        double least = FREE_LEAST, most = (double)m->n_groups;
        a->wanted_of[kind] = a->wanted_of[kind] < least ? least : a->wanted_of[kind] > most ? most : a->wanted_of[kind];
    }
    a->luck *= run->best_value > first ? 2 : a->luck_least < LUCK_SPARSE ? 0.5 : 0.8;
    a->luck = a->luck > LUCK_MOST ? LUCK_MOST : a->luck < a->luck_least ? a->luck_least : a->luck;
    return status;
}
