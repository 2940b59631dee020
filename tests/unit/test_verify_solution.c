/* The judge of plans: each rule broken in turn, values to the last digit, and bounds worked out by hand. */
#include "fault.h"
#include "wellmatch_plan.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct wm_problem *parse(const char *text)
{
    struct wm_problem *problem = NULL;
    assert_int_equal(wm_problem_parse("p", text, strlen(text), NULL, &problem), WM_OK);
    return problem;
}

/* Options 0 a, 1 b of group x (must); 2 c, 3 d of y (locked to d); 4 e, 5 f of z (f forbidden). Resources r, s. */
static const char small[] = "wellmatch-problem 1\nresource r 2.5\nresource s 1\n"
                            "group x must\noption 3 a r=2\noption 1 b\n"
                            "group y\noption 2 c r=1\noption 0.5 d s=1\n"
                            "group z\noption 4 e r=0.5 s=1\noption 0.000000001 f\n"
                            "lock y d\nforbid z f\n";

static void test_rules(void **state)
{
    (void)state;
    struct wm_problem *p = parse(small);
    static const struct {
        int64_t choices[3];
        bool feasible;
        double value;
        size_t n_faults, resource, group;
    } cases[] = {
        {{0, 3, -1}, true, 3.5, 0, 2, 3},         {{1, 3, -1}, true, 1.5, 0, 2, 3}, {{-1, 3, -1}, false, 0.5, 1, 2, 0},
        {{0, -1, -1}, false, 3, 1, 2, 1},         {{0, 2, -1}, false, 5, 2, 0, 1},  {{0, 3, 4}, false, 7.5, 1, 1, 3},
        {{0, 3, 5}, false, 3.500000001, 1, 2, 2},
    };
    const double prices[2] = {0, 0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wm_solution_verdict v;
        assert_int_equal(wm_solution_verify(p, cases[i].choices, prices, &v), WM_OK);
        assert_int_equal(v.feasible, cases[i].feasible);
        assert_true(v.value == cases[i].value);
        assert_int_equal(v.n_faults, cases[i].n_faults);
        assert_int_equal(v.resource, cases[i].resource);
        assert_int_equal(v.group, cases[i].group);
    }
    static const int64_t strange[][3] = {{2, 3, -1}, {6, 3, -1}, {-2, 3, -1}, {0, 3, 3}};
    for (size_t i = 0; i < 4; i++) {
        struct wm_solution_verdict v;
        assert_int_equal(wm_solution_verify(p, strange[i], prices, &v), WM_EUNKNOWN);
    }
    wm_problem_free(p);
}

static void test_bounds(void **state)
{
    (void)state;
    struct wm_problem *p = parse(small);
    static const int64_t choices[3] = {0, 3, -1};
    static const struct {
        double prices[2], bound;
        size_t none; /* the first that is no price */
    } cases[] = {
        {{0, 0}, 3 + 0.5 + 4, 2},
        {{1, 0}, 2.5 + 1 + 0.5 + 3.5, 2},
        {{0, 4}, 4 + 3 + (0.5 - 4) + 0, 2},
        {{0.5, 3}, 1.25 + 3 + 2 + (0.5 - 3) + 0.75, 2},
        {{-5, -1}, 7.5, 0},
        {{0, -1}, 7.5, 1},
        {{-0.0, 0}, 7.5, 2},
        {{(double)NAN, (double)INFINITY}, 7.5, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wm_solution_verdict v;
        assert_int_equal(wm_solution_verify(p, choices, cases[i].prices, &v), WM_OK);
        assert_true(v.bounded && v.bound >= cases[i].bound && v.bound <= cases[i].bound * (1 + 1e-13));
        assert_int_equal(v.price, cases[i].none);
    }
    wm_problem_free(p);
    p = parse("wellmatch-problem 1\nsense min\nresource r 1\ngroup x must\noption 2 a\noption 1 b r=2\n");
    struct wm_solution_verdict v;
    assert_int_equal(wm_solution_verify(p, (const int64_t[]){0}, (const double[]){0.25}, &v), WM_OK);
    assert_true(v.feasible && v.value == 2 && v.bound <= 1.25 && v.bound >= 1.25 - 1e-13);
    wm_problem_free(p);
    p = parse("wellmatch-problem 1\ngroup x must\noption 2 a\nforbid x a\n");
    assert_int_equal(wm_solution_verify(p, (const int64_t[]){0}, (const double[]){0}, &v), WM_OK);
    assert_true(!v.feasible && !v.bounded);
    wm_problem_free(p);
}

/* A resource that must be used in full: less is a fault, and its price may be negative. */
static void test_must(void **state)
{
    (void)state;
    struct wm_problem *p = parse("wellmatch-problem 1\nresource r 3 must\nresource s 3\n"
                                 "group x\noption -1 a r=3 s=1\noption 4 b r=1\ngroup y\noption 2 c r=1 s=2\n");
    struct wm_solution_verdict v;
    assert_int_equal(wm_solution_verify(p, (const int64_t[]){0, -1}, (const double[]){-1, -1}, &v), WM_OK);
    assert_true(v.feasible && v.value == -1);
    assert_true(v.bound >= -3 + 5 + 3 && v.bound <= 5 * (1 + 1e-13)); /* s's price counts as 0 */
    assert_int_equal(v.price, 1);
    assert_int_equal(wm_solution_verify(p, (const int64_t[]){1, 2}, (const double[]){(double)-INFINITY, 0}, &v), WM_OK);
    assert_true(!v.feasible && v.n_faults == 1 && v.resource == 0 && v.bound >= 6 && v.bound <= 6 * (1 + 1e-13));
    assert_int_equal(wm_solution_verify(p, (const int64_t[]){0, 2}, (const double[]){0, 0}, &v), WM_OK);
    assert_true(!v.feasible && v.resource == 0);
    wm_problem_free(p);
}

/* A billion and a billionth in one plan, and uses whose sum passes 2^63. */
static void test_edges(void **state)
{
    (void)state;
    struct wm_problem *p = parse("wellmatch-problem 1\nresource r 1000000000000\n"
                                 "group a\noption 1000000000 x r=1000000000000\n"
                                 "group b\noption 0.000000001 x\noption 1000000000 y r=1000000000000\n"
                                 "group c\noption -1000000000 x r=1000000000000\n");
    struct wm_solution_verdict v;
    const double prices[1] = {0};
    assert_int_equal(wm_solution_verify(p, (const int64_t[]){0, 1, 3}, prices, &v), WM_OK);
    assert_true(!v.feasible && v.value == 1e-9); /* nothing of it lost beside the two billions */
    assert_int_equal(wm_solution_verify(p, (const int64_t[]){0, 2, -1}, prices, &v), WM_OK);
    assert_true(!v.feasible && v.value == 2e9);
    assert_int_equal(wm_solution_verify(p, (const int64_t[]){-1, 1, 3}, prices, &v), WM_OK);
    assert_true(v.feasible && v.value == -999999999.999999999);
    wm_problem_free(p);
}

static void test_memory(void **state)
{
    (void)state;
    struct wm_problem *p = parse(small);
    struct wm_solution_verdict v;
    for (size_t n = 1; n <= 4; n++) {
        fault_after(n);
        int status = wm_solution_verify(p, (const int64_t[]){0, 3, -1}, (const double[]){0, 0}, &v);
        fault_off();
        assert_int_equal(status, n <= 3 ? WM_EMEMORY : WM_OK);
    }
    wm_problem_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules), cmocka_unit_test(test_bounds), cmocka_unit_test(test_must),
        cmocka_unit_test(test_edges), cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
