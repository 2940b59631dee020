/*
 * Problems where finding any plan is the trouble, and prices of limits that let nothing through: every group must have one
 * of its options, each uses some of everything, and limits leave little to spare.
 */
#include "gen.h"
#include "wellmatch_plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { GROUPS = 120, OPTIONS = 8, ROWS = 10, TEXT_MAX = 1 << 20, ASKED_MOST = 3000 };

struct musts {
    int value[GROUPS * OPTIONS], use[GROUPS * OPTIONS][ROWS], limit;
};

static struct wm_problem *draw(uint64_t seed, struct musts *m)
{
    uint64_t s = seed;
    char *text = malloc(TEXT_MAX);
    size_t len = 0;
    assert_non_null(text);
#define PUT(...) len += (size_t)snprintf(text + len, TEXT_MAX - len, __VA_ARGS__)
    m->limit = GROUPS * 41 / 10;
    PUT("wellmatch-problem 1\n");
    for (int r = 0; r < ROWS; r++)
        PUT("resource r%d %d\n", r, m->limit);
    for (int o = 0; o < GROUPS * OPTIONS; o++) {
        int all = 0;
        if (o % OPTIONS == 0)
            PUT("group g%d must\n", o / OPTIONS);
        for (int r = 0; r < ROWS; r++)
            all += m->use[o][r] = 1 + (int)gen_below(&s, 8);
        m->value[o] = all + (int)gen_below(&s, 20);
        PUT("option %d o%d", m->value[o], o % OPTIONS);
        for (int r = 0; r < ROWS; r++)
            PUT(" r%d=%d", r, m->use[o][r]);
        PUT("\n");
    }
#undef PUT
    struct wm_problem *problem;
    assert_int_equal(wm_problem_parse("musts", text, len, NULL, &problem), WM_OK);
    free(text);
    return problem;
}

static bool stop_after(void *arg)
{
    int *left = arg;
    return --*left <= 0;
}

static struct wm_solution *solve(const struct wm_problem *problem, int asked)
{
    struct wm_solve_options options = WM_SOLVE_INIT;
    struct wm_solution *plan;
    options.stop = stop_after;
    options.arg = &asked;
    assert_int_equal(wm_solve(problem, &options, &plan), WM_OK);
    return plan;
}

/* A plan is found long before the proof, is within 4% of the best, and is the same in a second run that ends as soon. */
static void test_found(void **state)
{
    (void)state;
    static struct musts m;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct wm_problem *problem = draw(seed, &m);
        struct wm_solution *plan = solve(problem, ASKED_MOST), *again = solve(problem, ASKED_MOST);
        struct wm_solution_verdict verdict;
        if (!plan->found || plan->gap >= 0.04)
            fail_msg("seed %d: found %d, gap %g", (int)seed, plan->found, plan->gap);
        assert_int_equal(wm_solution_verify(problem, plan->choices, plan->prices, &verdict), WM_OK);
        assert_true(verdict.feasible && verdict.value == plan->value && verdict.bound == plan->price_bound);
        assert_true(plan->bound == floor(plan->bound)); /* as values are whole */
        assert_memory_equal(plan->choices, again->choices, plan->n_groups * sizeof *plan->choices);
        assert_memory_equal(plan->prices, again->prices, plan->n_resources * sizeof *plan->prices);
        assert_true(plan->bound == again->bound && plan->nodes == again->nodes);
        wm_solution_free(again);
        wm_solution_free(plan);
        wm_problem_free(problem);
    }
}

/* No price is higher than it need be: some option that uses the resource is as good as its group's best. */
static void test_prices_are_needed(void **state)
{
    (void)state;
    static struct musts m;
    struct wm_problem *problem = draw(9, &m);
    struct wm_solution *plan = solve(problem, ASKED_MOST);
    double best[GROUPS], net[GROUPS * OPTIONS];
    for (int o = 0; o < GROUPS * OPTIONS; o++) {
        net[o] = m.value[o];
        for (int r = 0; r < ROWS; r++)
            net[o] -= plan->prices[r] * m.use[o][r];
        best[o / OPTIONS] = o % OPTIONS == 0 || net[o] > best[o / OPTIONS] ? net[o] : best[o / OPTIONS];
    }
    for (int r = 0; r < ROWS; r++) {
        bool needed = plan->prices[r] == 0;
        for (int o = 0; o < GROUPS * OPTIONS && !needed; o++)
            needed = m.use[o][r] > 0 && net[o] >= best[o / OPTIONS] - 1e-6;
        assert_true(needed);
    }
    wm_solution_free(plan);
    wm_problem_free(problem);
}

/* A limit of nothing: the price that keeps everyone out, and no more. */
static void test_price_of_nothing(void **state)
{
    (void)state;
    static const char plain[] =
        "wellmatch-problem 1\nresource none 0\nresource some 3\ngroup h\noption 1 a none=5\n"
        "option 90 x none=1\nforbid h x\ngroup k\noption 2 b none=5 some=1\noption 1 c some=3\n";
    struct wm_problem *problem = NULL;
    struct wm_solution *plan;
    assert_int_equal(wm_problem_parse("none", plain, strlen(plain), NULL, &problem), WM_OK);
    assert_int_equal(wm_solve(problem, NULL, &plan), WM_OK);
    assert_true(plan->status == WM_PLAN_OPTIMAL && plan->value == 1);
    assert_true(fabs(plan->prices[0] - 0.2) < 1e-12); /* a would pay 1 for 5, b 1 more than c does; x is forbidden */
    assert_true(plan->prices[1] == 0);
    wm_solution_free(plan);
    wm_problem_free(problem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),
        cmocka_unit_test(test_prices_are_needed),
        cmocka_unit_test(test_price_of_nothing),
    };
    return cmocka_run_group_tests_name("musts", tests, NULL, NULL);
}
