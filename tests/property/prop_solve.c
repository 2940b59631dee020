/*
 * The solver against every plan there is, on small random problems with every kind of limit, lock, must and tie; and laws
 * that hold at any size.
 */
#include "fault.h"
#include "gen.h"
#include "problem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { GROUPS_MAX = 7, OPTIONS_MAX = 6, RESOURCES_MAX = 5, LOCKS_MAX = 4, TEXT_CAP = 1 << 16 };

/* A small problem in integers, from which texts are made in any order and any number of members dropped. */
struct small {
    bool minimise;
    int n_groups, n_resources, n_locks, n_forbids;
    bool must[GROUPS_MAX];
    int n_options[GROUPS_MAX];
    int64_t value[GROUPS_MAX][OPTIONS_MAX]; /* in 1e-9 times `unit` */
    int64_t unit;
    int use[GROUPS_MAX][OPTIONS_MAX][RESOURCES_MAX];
    int limit[RESOURCES_MAX];
    bool exact[RESOURCES_MAX]; /* a must: all of it */
    struct {
        int group, option;
        bool on;
    } lock[LOCKS_MAX], forbid[LOCKS_MAX];
};

static void draw(uint64_t seed, struct small *p)
{
    uint64_t state = seed;
    *p = (struct small){.minimise = gen_below(&state, 4) == 0};
    p->n_groups = 1 + (int)gen_below(&state, GROUPS_MAX);
    p->n_resources = (int)gen_below(&state, RESOURCES_MAX + 1);
    int ties = (int)gen_below(&state, 3), kind = (int)gen_below(&state, 4), musts = (int)gen_below(&state, 4);
    static const int64_t units[] = {1, 1000, 1000000000, 123456789};
    p->unit = units[gen_below(&state, 4)];
    for (int r = 0; r < p->n_resources; r++)
        p->limit[r] = (int)gen_below(&state, kind == 0 ? 3 : 20);
    for (int g = 0; g < p->n_groups; g++) {
        p->must[g] = musts && gen_below(&state, 4) < (uint64_t)musts;
        p->n_options[g] = (int)gen_below(&state, OPTIONS_MAX + 1);
        for (int o = 0; o < p->n_options[g]; o++) {
            p->value[g][o] = ties == 0 ? 7 : (int64_t)gen_below(&state, ties == 1 ? 4 : 100) - (ties == 1 ? 0 : 10);
            for (int r = 0; r < p->n_resources; r++)
                if (gen_below(&state, 3) == 0)
                    p->use[g][o][r] = kind == 0 ? 1 : (int)gen_below(&state, 12);
        }
    }
    for (int r = 0, some = gen_below(&state, 3) == 0; r < p->n_resources; r++)
        p->exact[r] = some && gen_below(&state, 2);
    int demands = (int)gen_below(&state, 3);
    for (int i = 0; i < LOCKS_MAX && demands == 0; i++) {
        int g = (int)gen_below(&state, (uint64_t)p->n_groups), h = (int)gen_below(&state, (uint64_t)p->n_groups);
        if (p->n_options[g] > 0 && gen_below(&state, 2)) {
            p->lock[p->n_locks].group = g;
            p->lock[p->n_locks].on = true;
            p->lock[p->n_locks++].option = (int)gen_below(&state, (uint64_t)p->n_options[g]);
            for (int j = 0; j + 1 < p->n_locks; j++) /* said twice is said once */
                if (p->lock[j].group == g && p->lock[j].option == p->lock[p->n_locks - 1].option) {
                    p->n_locks--;
                    break;
                }
        }
        if (p->n_options[h] > 0 && gen_below(&state, 2)) {
            p->forbid[p->n_forbids].group = h;
            p->forbid[p->n_forbids].on = true;
            p->forbid[p->n_forbids++].option = (int)gen_below(&state, (uint64_t)p->n_options[h]);
        }
    }
}

/* The text, with groups and resources in the order of the file or, `turned`, backwards. */
static size_t write_text(const struct small *p, bool turned, char *out)
{
    char *at = out, *end = out + TEXT_CAP;
#define PUT(...) at += snprintf(at, (size_t)(end - at), __VA_ARGS__)
    PUT("wellmatch-problem 1\nsense %s\n", p->minimise ? "min" : "max");
    for (int i = 0; i < p->n_locks; i++)
        if (p->lock[i].on)
            PUT("lock g%d o%d\n", p->lock[i].group, p->lock[i].option);
    for (int i = 0; i < p->n_groups; i++) {
        int g = turned ? p->n_groups - 1 - i : i;
        PUT("group g%d%s\n", g, p->must[g] ? " must" : "");
        for (int j = 0; j < p->n_options[g]; j++) {
            int o = turned ? p->n_options[g] - 1 - j : j;
            int64_t value = p->value[g][o] * p->unit;
            PUT("option %s%lld.%09lld o%d", value < 0 ? "-" : "", llabs(value) / 1000000000, llabs(value) % 1000000000,
                o);
            for (int r = 0; r < p->n_resources; r++)
                if (p->use[g][o][r])
                    PUT(" r%d=%d", r, p->use[g][o][r]);
            PUT("\n");
        }
    }
    for (int i = 0; i < p->n_resources; i++) {
        int r = turned ? p->n_resources - 1 - i : i;
        PUT("resource r%d %d%s\n", r, p->limit[r], p->exact[r] ? " must" : "");
    }
    for (int i = 0; i < p->n_forbids; i++)
        PUT("forbid g%d o%d\n", p->forbid[i].group, p->forbid[i].option);
#undef PUT
    return (size_t)(at - out);
}

static struct wm_problem *parse(const struct small *p, bool turned)
{
    static char text[TEXT_CAP];
    struct wm_problem *problem = NULL;
    assert_int_equal(wm_problem_parse("small", text, write_text(p, turned, text), NULL, &problem), WM_OK);
    return problem;
}

static struct wm_solution *solve(const struct small *p)
{
    struct wm_problem *problem = parse(p, false);
    struct wm_solution *plan = NULL;
    assert_int_equal(wm_solve(problem, NULL, &plan), WM_OK);
    wm_problem_free(problem);
    return plan;
}

/* ---- every plan there is ---- */

struct brute {
    const struct small *p;
    int left[RESOURCES_MAX];
    bool found;
    int64_t best;
};

static bool allowed(const struct small *p, int g, int o)
{
    for (int i = 0; i < p->n_forbids; i++)
        if (p->forbid[i].group == g && p->forbid[i].option == o)
            return false;
    for (int i = 0; i < p->n_locks; i++)
        if (p->lock[i].on && p->lock[i].group == g && p->lock[i].option != o)
            return false;
    return o >= 0 || !p->must[g];
}

static void try_group(struct brute *b, int g, int64_t value)
{
    const struct small *p = b->p;
    if (g == p->n_groups) {
        for (int r = 0; r < p->n_resources; r++)
            if (p->exact[r] && b->left[r] > 0)
                return;
        if (!b->found || (p->minimise ? value < b->best : value > b->best))
            b->best = value;
        b->found = true;
        return;
    }
    for (int o = -1; o < p->n_options[g]; o++) {
        if (!allowed(p, g, o))
            continue;
        bool fits = true;
        for (int r = 0; r < p->n_resources && o >= 0; r++)
            fits &= (b->left[r] -= p->use[g][o][r]) >= 0;
        if (fits)
            try_group(b, g + 1, value + (o >= 0 ? p->value[g][o] : 0));
        for (int r = 0; r < p->n_resources && o >= 0; r++)
            b->left[r] += p->use[g][o][r];
    }
}

static bool brute(const struct small *p, int64_t *best)
{
    struct brute b = {.p = p};
    memcpy(b.left, p->limit, sizeof b.left);
    try_group(&b, 0, 0);
    *best = b.best;
    return b.found;
}

static void check_conflict(const struct small *p, const struct wm_problem *problem, const struct wm_solution *plan)
{
    struct small only = *p;
    int64_t best;
    assert_int_equal(plan->status, WM_PLAN_INFEASIBLE);
    assert_true(plan->conflicts_least && plan->n_conflicts > 0 && !plan->found);
    for (int i = 0; i < p->n_locks; i++)
        only.lock[i].on = false;
    memset(only.must, 0, sizeof only.must);
    memset(only.exact, 0, sizeof only.exact);
    for (size_t without = plan->n_conflicts + 1; without-- > 0;) { /* all of them first, then all but one */
        struct small some = only;
        for (size_t i = 0; i < plan->n_conflicts; i++) {
            const struct wm_conflict *c = &plan->conflicts[i];
            if (i == without)
                continue;
            if (c->resource >= 0) {
                some.exact[atoi(wm_problem_resource_name(problem, (size_t)c->resource) + 1)] = true;
                continue;
            }
            int g = atoi(wm_problem_group_name(problem, (size_t)c->group) + 1);
            if (c->option == WM_NO_OPTION)
                some.must[g] = true;
            for (int l = 0; l < p->n_locks && c->option != WM_NO_OPTION; l++)
                if (p->lock[l].group == g &&
                    atoi(wm_problem_option_name(problem, (size_t)c->option) + 1) == p->lock[l].option)
                    some.lock[l].on = true;
        }
        assert_int_equal(brute(&some, &best), without < plan->n_conflicts);
    }
}

static void test_brute(void **state)
{
    (void)state;
    size_t solved = 0, infeasible = 0;
    for (uint64_t seed = 1; seed <= 6000; seed++) {
        struct small p;
        int64_t best;
        draw(seed, &p);
        bool feasible = brute(&p, &best);
        for (int turned = 0; turned < 2; turned++) {
            struct wm_problem *problem = parse(&p, turned);
            struct wm_solution *plan;
            struct wm_solution_verdict verdict;
            assert_int_equal(wm_solve(problem, NULL, &plan), WM_OK);
            if (!feasible) {
                check_conflict(&p, problem, plan);
                infeasible++;
            } else {
                double expected = (double)(best * p.unit) / 1e9;
                if (plan->status != WM_PLAN_OPTIMAL || fabs(plan->value - expected) > 1e-9 * fabs(expected))
                    fail_msg("seed %llu: %s %.17g bound %.17g price_bound %.17g, not %.17g", (unsigned long long)seed,
                             wm_plan_status_name(plan->status), plan->value, plan->bound, plan->price_bound, expected);
                assert_int_equal(wm_solution_verify(problem, plan->choices, plan->prices, &verdict), WM_OK);
                assert_true(verdict.feasible && verdict.bounded);
                assert_true(verdict.value == plan->value && verdict.bound == plan->price_bound);
                double sign = p.minimise ? -1 : 1;
                assert_true(sign * plan->bound >= sign * plan->value);
                assert_true(sign * plan->price_bound >= sign * plan->value);
                assert_true(sign * plan->bound <= sign * plan->price_bound);
                solved++;
            }
            wm_solution_free(plan);
            wm_problem_free(problem);
        }
    }
    assert_true(solved > 3000 && infeasible > 300);
}

/* ---- laws ---- */

/* More of a resource never lowers the value; scaling values scales value and prices. */
static void test_laws(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 400; seed++) {
        struct small p;
        draw(seed, &p);
        p.unit = 1000;
        struct wm_solution *plan = solve(&p), *other;
        if (plan->status == WM_PLAN_INFEASIBLE) {
            wm_solution_free(plan);
            continue;
        }
        for (int r = 0; r < p.n_resources; r++) {
            struct small more = p;
            if (p.exact[r])
                continue; /* more to be used up: another question */
            more.limit[r] += 1 + (int)(seed % 3);
            other = solve(&more);
            assert_true(p.minimise ? other->value <= plan->value : other->value >= plan->value);
            wm_solution_free(other);
        }
        struct small scaled = p;
        scaled.unit *= 1024; /* a power of two, so that nothing rounds differently */
        other = solve(&scaled);
        assert_true(fabs(other->value - 1024 * plan->value) <= 1e-9 * fabs(other->value));
        assert_true(fabs(other->price_bound - 1024 * plan->price_bound) <= 1e-6 * fabs(other->price_bound) + 1e-12);
        wm_solution_free(other);
        wm_solution_free(plan);
    }
}

/* A problem of some size with posts, budgets and packages: `leaders` groups. */
static struct wm_problem *draw_round(uint64_t seed, int posts, int leaders, int packages)
{
    size_t cap = (size_t)leaders * posts * packages * 80 + 100000, len = 0;
    char *text = malloc(cap);
    uint64_t s = seed;
    struct wm_problem *problem = NULL;
    assert_non_null(text);
#define PUT(...) len += (size_t)snprintf(text + len, cap - len, __VA_ARGS__)
    PUT("wellmatch-problem 1\nresource nation %d\n", posts * 9);
    for (int p = 0; p < posts; p++)
        PUT("resource post%d 1\nresource local%d %d\n", p, p, 10 + (int)gen_below(&s, 20));
    for (int k = 1; k < packages; k++)
        PUT("resource stock%d %d\n", k, 1 + posts / 4);
    for (int l = 0; l < leaders; l++) {
        PUT("group l%d\n", l);
        for (int p = 0; p < posts; p++) {
            if (gen_below(&s, 3))
                continue;
            uint64_t worth = 100000 + gen_below(&s, 500000);
            for (int k = 0; k < packages; k++)
                PUT(k ? "option 0.%06d p%dk%d post%d=1 local%d=%d nation=%d stock%d=1\n"
                      : "option 0.%06d p%dk%d post%d=1\n",
                    (int)(worth + (uint64_t)k * (20000 + gen_below(&s, 60000))), p, k, p, p, 4 * k, 3 + 5 * k, k);
        }
    }
#undef PUT
    assert_int_equal(wm_problem_parse("round", text, len, NULL, &problem), WM_OK);
    free(text);
    return problem;
}

/* A problem of some size is proven, its prices are near, and a second run gives the same bits. */
static void test_round(void **state)
{
    (void)state;
    struct wm_problem *problem = draw_round(1, 12, 40, 4);
    struct wm_solution *plan, *again;
    assert_int_equal(wm_solve(problem, NULL, &plan), WM_OK);
    assert_int_equal(plan->status, WM_PLAN_OPTIMAL);
    assert_true(plan->price_bound < 1.05 * plan->value);
    assert_int_equal(wm_solve(problem, NULL, &again), WM_OK);
    assert_memory_equal(plan->choices, again->choices, plan->n_groups * sizeof *plan->choices);
    assert_memory_equal(plan->prices, again->prices, plan->n_resources * sizeof *plan->prices);
    assert_true(plan->value == again->value && plan->bound == again->bound && plan->nodes == again->nodes);
    wm_solution_free(again);
    wm_solution_free(plan);
    wm_problem_free(problem);
}

struct patience {
    size_t asked, most;
};

static bool stop_after(void *arg)
{
    struct patience *patience = arg;
    return ++patience->asked > patience->most;
}

/* ---- sizes where not every plan can be tried ---- */

/*
 * Two budgets, counted in small steps, by dynamic programming: large enough for cuts and a search of some depth. One in three
 * must be used up in full.
 */
enum { DP_GROUPS = 20, DP_OPTIONS = 4, DP_LIMIT = 50 };

struct budgets {
    int64_t value[DP_GROUPS][DP_OPTIONS];
    int use[DP_GROUPS][DP_OPTIONS][2], limit[2];
    bool must[DP_GROUPS], exact[2];
};

/* The best value, or INT64_MIN: no plan holds. */
static int64_t best_by_steps(const struct budgets *b)
{
    static int64_t best[2][DP_LIMIT + 1][DP_LIMIT + 1];
    memset(best, 0, sizeof best);
    for (int i = 0; i <= DP_LIMIT; i++)
        for (int j = 0; j <= DP_LIMIT; j++)
            best[0][i][j] = i || j ? INT64_MIN : 0;
    for (int g = 0; g < DP_GROUPS; g++)
        for (int i = 0; i <= b->limit[0]; i++)
            for (int j = 0; j <= b->limit[1]; j++) {
                int64_t most = b->must[g] ? INT64_MIN : best[g & 1][i][j];
                for (int o = 0; o < DP_OPTIONS; o++) {
                    int x = i - b->use[g][o][0], y = j - b->use[g][o][1];
                    if (x >= 0 && y >= 0 && best[g & 1][x][y] > INT64_MIN && best[g & 1][x][y] + b->value[g][o] > most)
                        most = best[g & 1][x][y] + b->value[g][o];
                }
                best[(g + 1) & 1][i][j] = most;
            }
    int64_t most = INT64_MIN;
    for (int i = b->exact[0] ? b->limit[0] : 0; i <= b->limit[0]; i++)
        for (int j = b->exact[1] ? b->limit[1] : 0; j <= b->limit[1]; j++)
            most = best[DP_GROUPS & 1][i][j] > most ? best[DP_GROUPS & 1][i][j] : most;
    return most;
}

static struct wm_problem *draw_budgets(uint64_t seed, struct budgets *b)
{
    uint64_t s = seed;
    const struct problem_room room = {DP_GROUPS, DP_GROUPS * DP_OPTIONS, 2, 0, 2 * DP_GROUPS * DP_OPTIONS};
    struct wm_problem *p;
    assert_int_equal(problem_new(&room, false, &p), WM_OK);
    for (int r = 0; r < 2; r++) {
        b->limit[r] = 20 + (int)gen_below(&s, DP_LIMIT - 19);
        b->exact[r] = gen_below(&s, 3) == 0;
        assert_int_equal(problem_add_resource(p, NULL, b->limit[r] * 1000000, b->exact[r]), WM_OK);
    }
    for (int g = 0; g < DP_GROUPS; g++) {
        b->must[g] = gen_below(&s, 4) == 0;
        assert_int_equal(problem_add_group(p, NULL, b->must[g]), WM_OK);
        for (int o = 0; o < DP_OPTIONS; o++) {
            b->value[g][o] = 10;
            for (int r = 0; r < 2; r++) {
                b->use[g][o][r] = (int)gen_below(&s, 12);
                b->value[g][o] += b->use[g][o][r] * 10 + (int64_t)gen_below(&s, 9);
            }
            assert_int_equal(problem_add_option(p, NULL, b->value[g][o]), WM_OK);
            for (size_t r = 0; r < 2; r++)
                assert_int_equal(problem_add_use(p, r, b->use[g][o][r] * 1000000), WM_OK);
        }
    }
    return p;
}

static void test_budgets(void **state)
{
    (void)state;
    size_t nodes = 0;
    for (uint64_t seed = 1; seed <= 150; seed++) {
        struct budgets b;
        struct wm_problem *problem = draw_budgets(seed, &b);
        struct wm_solution *plan;
        int64_t best = best_by_steps(&b);
        assert_int_equal(wm_solve(problem, NULL, &plan), WM_OK);
        nodes += plan->nodes;
        if (best == INT64_MIN)
            assert_int_equal(plan->status, WM_PLAN_INFEASIBLE);
        else if (plan->status != WM_PLAN_OPTIMAL || plan->value != (double)best / 1e9)
            fail_msg("seed %llu: %s %.17g, not %lld", (unsigned long long)seed, wm_plan_status_name(plan->status),
                     plan->value * 1e9, (long long)best);
        wm_solution_free(plan);
        wm_problem_free(problem);
    }
    assert_true(nodes > 1000);
}

/*
 * A plan and prices drawn first, then a problem of which they are the optimum: limits are what the plan uses, and an
 * option is worth what it costs and what its group gets, less a loss if it is not chosen. *best in 1e-9.
 */
static struct wm_problem *draw_planted(uint64_t seed, size_t groups, size_t resources, int64_t *best)
{
    enum { OPTIONS = 5, USES = 3 };
    uint64_t s = seed;
    const struct problem_room room = {groups, groups * OPTIONS, resources, 0, groups * OPTIONS * USES};
    struct wm_problem *p;
    int64_t *price = calloc(resources, sizeof *price), *limit = calloc(resources, sizeof *limit);
    struct {
        size_t r[USES];
        int64_t use[USES], value;
    } *options = calloc(groups * OPTIONS, sizeof *options);
    assert_true(price && limit && options);
    for (size_t r = 0; r < resources; r++)
        price[r] = (int64_t)gen_below(&s, 4) * 250;
    *best = 0;
    for (size_t g = 0; g < groups; g++) {
        size_t chosen = gen_below(&s, OPTIONS);
        int64_t gets = (int64_t)gen_below(&s, 100000);
        for (size_t i = 0; i < OPTIONS; i++) {
            size_t first = gen_below(&s, resources), o = g * OPTIONS + i;
            options[o].value = gets - (i == chosen ? 0 : (int64_t)gen_below(&s, 3) * 1000);
            for (size_t u = 0; u < USES; u++) {
                options[o].r[u] = (first + u * 7) % resources;
                options[o].use[u] = 1 + (int64_t)gen_below(&s, 9);
                options[o].value += options[o].use[u] * price[options[o].r[u]];
                limit[options[o].r[u]] += i == chosen ? options[o].use[u] : 0;
            }
            *best += i == chosen ? options[o].value : 0;
        }
    }
    assert_int_equal(problem_new(&room, false, &p), WM_OK);
    for (size_t r = 0; r < resources; r++)
        assert_int_equal(problem_add_resource(p, NULL, limit[r] * 1000000, gen_below(&s, 8) == 0), WM_OK);
    for (size_t g = 0; g < groups; g++) {
        assert_int_equal(problem_add_group(p, NULL, gen_below(&s, 2)), WM_OK);
        for (size_t o = g * OPTIONS; o < (g + 1) * OPTIONS; o++) {
            assert_int_equal(problem_add_option(p, NULL, options[o].value), WM_OK);
            for (size_t u = 0; u < USES; u++)
                assert_int_equal(problem_add_use(p, options[o].r[u], options[o].use[u] * 1000000), WM_OK);
        }
    }
    free(options);
    free(limit);
    free(price);
    return p;
}

static void test_planted(void **state)
{
    (void)state;
    static const size_t sizes[][2] = {{5, 20}, {30, 25}, {100, 40}, {300, 30}};
    for (uint64_t seed = 1; seed <= 12; seed++) {
        int64_t best;
        struct wm_problem *problem = draw_planted(seed, sizes[seed % 4][0], sizes[seed % 4][1], &best);
        struct patience patience = {0, 20000};
        struct wm_solve_options options = {.stop = stop_after, .arg = &patience};
        struct wm_solution *plan;
        assert_int_equal(wm_solve(problem, &options, &plan), WM_OK);
        double expected = (double)best / 1e9;
        assert_true(plan->bounded && plan->bound >= expected * (1 - 1e-12));
        assert_true(plan->bound <=
                    expected * (1 + 1e-6)); /* the relaxation, or the assignment, is as good as the plan */
        assert_true(!plan->found || plan->value <= expected * (1 + 1e-12));
        wm_solution_free(plan);
        wm_problem_free(problem);
    }
}

/* A plan to start from: the best is kept, one that breaks a limit is not, and the answer is the same. */
static void test_start(void **state)
{
    (void)state;
    struct wm_problem *problem = draw_round(3, 8, 20, 3);
    struct wm_solution *plan, *again;
    assert_int_equal(wm_solve(problem, NULL, &plan), WM_OK);
    struct solve_start start = {plan->choices, plan->prices};
    assert_int_equal(solve_from(problem, &start, NULL, &again), WM_OK);
    assert_true(again->value == plan->value && again->status == WM_PLAN_OPTIMAL);
    assert_memory_equal(plan->choices, again->choices, plan->n_groups * sizeof *plan->choices);
    wm_solution_free(again);
    int64_t *all = malloc(plan->n_groups * sizeof *all);
    double *nonsense = malloc(plan->n_resources * sizeof *nonsense);
    assert_true(all && nonsense);
    for (size_t g = 0; g < plan->n_groups; g++)
        all[g] =
            problem->first_option[g] < problem->first_option[g + 1] ? (int64_t)problem->first_option[g] : WM_NO_OPTION;
    for (size_t r = 0; r < plan->n_resources; r++)
        nonsense[r] = r % 3 == 0 ? (double)NAN : r % 3 == 1 ? -1e300 : 1e300;
    start = (struct solve_start){all, nonsense};
    assert_int_equal(solve_from(problem, &start, NULL, &again), WM_OK);
    assert_true(again->value == plan->value && again->status == WM_PLAN_OPTIMAL);
    free(nonsense);
    free(all);
    wm_solution_free(again);
    wm_solution_free(plan);
    wm_problem_free(problem);
}

/* Problems that are hardly any. */
static void test_degenerate(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum wm_plan_status status;
        double value;
    } cases[] = {
        {"", WM_PLAN_OPTIMAL, 0},
        {"resource r 0\n", WM_PLAN_OPTIMAL, 0},
        {"resource r 0 must\n", WM_PLAN_OPTIMAL, 0},
        {"resource r 1 must\n", WM_PLAN_INFEASIBLE, 0},
        {"group a\n", WM_PLAN_OPTIMAL, 0},
        {"group a must\n", WM_PLAN_INFEASIBLE, 0},
        {"group a must\noption -3 x\n", WM_PLAN_OPTIMAL, -3},
        {"group a must\noption 3 x\nforbid a x\n", WM_PLAN_INFEASIBLE, 0},
        {"group a\noption 3 x\nforbid a x\n", WM_PLAN_OPTIMAL, 0},
        {"group a\noption 3 x\noption 4 y\nlock a x\nlock a y\n", WM_PLAN_INFEASIBLE, 0},
        {"resource r 0.999999\ngroup a\noption 3 x r=1\n", WM_PLAN_OPTIMAL, 0}, /* a millionth too little */
        {"resource r 0.999999\ngroup a must\noption 3 x r=1\n", WM_PLAN_INFEASIBLE, 0},
        {"resource r 1 must\ngroup a\noption -3 x r=1\n", WM_PLAN_OPTIMAL, -3},
        {"resource r 3 must\ngroup a\noption 1 x r=2\ngroup b\noption 1 x r=2\n", WM_PLAN_INFEASIBLE, 0},
        {"resource r 1000000000000\ngroup a\noption 1000000000 x r=1000000000000\n"
         "group b\noption 0.000000001 x r=0.000001\ngroup c\noption 0.000000001 x\n",
         WM_PLAN_OPTIMAL, 1000000000.000000001},
        {"resource r 1000000000000\ngroup a\noption 0.000000001 x r=1000000000000\n"
         "group b\noption 0.000000002 x r=0.000001\n",
         WM_PLAN_OPTIMAL, 2e-9},
        /* what must be taken uses limits up exactly: the first prices have no way to go, and are still to be prices */
        {"resource r0 9\nresource r1 12\nresource r2 2\ngroup a must\noption 27 x r0=9 r1=9 r2=2\n"
         "group b\noption 17 x r0=3 r1=9 r2=1\n",
         WM_PLAN_OPTIMAL, 27},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[1000];
        struct wm_problem *problem = NULL;
        struct wm_solution *plan;
        int len = snprintf(text, sizeof text, "wellmatch-problem 1\n%s", cases[i].text);
        assert_int_equal(wm_problem_parse("p", text, (size_t)len, NULL, &problem), WM_OK);
        assert_int_equal(wm_solve(problem, NULL, &plan), WM_OK);
        if (plan->status != cases[i].status || (plan->found && plan->value != cases[i].value))
            fail_msg("%s: %s %.17g", cases[i].text, wm_plan_status_name(plan->status), plan->value);
        assert_int_equal(plan->found, plan->status != WM_PLAN_INFEASIBLE);
        assert_int_equal(plan->n_conflicts > 0, plan->status == WM_PLAN_INFEASIBLE);
        for (size_t r = 0; plan->found && r < problem->n_resources; r++)
            assert_true(isfinite(plan->prices[r]));
        wm_solution_free(plan);
        wm_problem_free(problem);
    }
}

static void told(void *arg, const struct wm_progress *progress)
{
    (void)arg;
    assert_non_null(progress->phase);
    assert_true(!progress->found || progress->bound >= progress->value - 1e-12);
}

/* Stopped anywhere: a plan that holds or none, a bound that holds, and no more questions than needed. */
static void test_stop(void **state)
{
    (void)state;
    struct wm_problem *problem = draw_round(2, 6, 15, 3);
    struct wm_solution *best, *plan;
    struct patience patience = {0, SIZE_MAX};
    struct wm_solve_options options = {.stop = stop_after, .progress = told, .arg = &patience};
    assert_int_equal(wm_solve(problem, &options, &best), WM_OK);
    assert_int_equal(best->status, WM_PLAN_OPTIMAL);
    size_t questions = patience.asked;
    for (size_t n = 0; n < questions; n += 1 + (n > 300) * (questions / 300)) {
        patience = (struct patience){0, n};
        assert_int_equal(wm_solve(problem, &options, &plan), WM_OK);
        assert_true(plan->bounded && plan->bound >= best->value);
        assert_true(!plan->found || plan->value <= best->value);
        assert_true(plan->status == WM_PLAN_OPTIMAL || plan->status == WM_PLAN_DEADLINE);
        wm_solution_free(plan);
    }
    options = (struct wm_solve_options){.gap = 0.1};
    assert_int_equal(wm_solve(problem, &options, &plan), WM_OK);
    assert_true(plan->gap <= 0.1 && plan->bound >= best->value);
    wm_solution_free(plan);
    options.gap = -1;
    assert_int_equal(wm_solve(problem, &options, &plan), WM_EARGUMENT);
    wm_solution_free(best);
    wm_problem_free(problem);
}

static void test_memory(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct small p;
        draw(seed, &p);
        struct wm_problem *problem = parse(&p, false);
        struct wm_solution *usual = solve(&p), *plan;
        for (size_t n = 1;; n++) {
            fault_after(n);
            int status = wm_solve(problem, NULL, &plan);
            size_t asked = fault_count();
            fault_off();
            if (status == WM_OK) {
                assert_int_equal(plan->status, usual->status);
                assert_true(plan->value == usual->value && plan->bound == usual->bound);
                wm_solution_free(plan);
            } else {
                assert_int_equal(status, WM_EMEMORY);
            }
            if (asked < n)
                break;
        }
        wm_solution_free(usual);
        wm_problem_free(problem);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_brute),   cmocka_unit_test(test_laws),   cmocka_unit_test(test_round),
        cmocka_unit_test(test_stop),    cmocka_unit_test(test_memory), cmocka_unit_test(test_planted),
        cmocka_unit_test(test_budgets), cmocka_unit_test(test_start),  cmocka_unit_test(test_degenerate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
