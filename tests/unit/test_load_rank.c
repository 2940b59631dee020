/* Mann and Whitney's test against published critical values and against scipy 1.10.1, scipy.stats.mannwhitneyu. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "rank.h"

enum { SIDE_MAX = 64 };

static void same(double got, double expected)
{
    if (fabs(got - expected) > 1e-9)
        fail_msg("%.12f in place of %.12f", got, expected);
}

/* Two sides of n without ties whose U is `u`. */
static double p_of(size_t n, size_t u)
{
    double a[SIDE_MAX], b[SIDE_MAX], got;
    for (size_t i = 0; i < n; i++) {
        size_t rest = u > n * i ? u - n * i : 0; /* the last values of a go above as many of b's as are left */
        a[n - 1 - i] = (double)(rest < n ? rest : n) + (double)(n - i) / 100;
        b[i] = (double)i + 0.99;
    }
    double p = rank_test(a, n, b, n, &got);
    same(got, (double)u);
    return p;
}

/* The usual table of critical values, two-sided 5%: Milton, "An extended table of critical values for the Mann-Whitney
   (Wilcoxon) two-sample statistic", JASA 59 (1964). */
static void test_published(void **state)
{
    (void)state;
    static const struct {
        size_t n, critical;
    } table[] = {{4, 0}, {5, 2}, {6, 5}, {7, 8}, {8, 13}, {9, 17}, {10, 23}, {12, 37}, {15, 64}, {20, 127}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        assert_true(p_of(table[i].n, table[i].critical) <= 0.05);
        assert_true(p_of(table[i].n, table[i].critical + 1) > 0.05);
    }
}

static void test_exact(void **state)
{
    (void)state;
    static const struct {
        double a[5], b[5];
        size_t n_a, n_b;
        double u, p;
    } cases[] = {
        {{19, 22, 16, 29, 24}, {20, 11, 17, 12}, 5, 4, 17, 0.1111111111111},
        {{1, 2, 3, 4}, {5, 6, 7, 8}, 4, 4, 0, 0.0285714285714},
        {{1, 2, 3, 5}, {4, 6, 7, 8}, 4, 4, 1, 0.0571428571429},
        {{1, 2, 3}, {4, 5, 6}, 3, 3, 0, 0.1},
        {{1}, {2}, 1, 1, 0, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double u;
        same(rank_test(cases[i].a, cases[i].n_a, cases[i].b, cases[i].n_b, &u), cases[i].p);
        same(u, cases[i].u);
    }
}

/* scipy has no exact test with ties: this is the share of all 462 choices, counted one by one. */
static void test_exact_with_ties(void **state)
{
    (void)state;
    static const double a[] = {1, 2, 2, 3, 5}, b[] = {2, 4, 5, 6, 6, 7};
    double u;
    same(rank_test(a, 5, b, 6, &u), 31.0 / 462);
    same(u, 4.5);
}

static void test_normal(void **state)
{
    (void)state;
    double a[SIDE_MAX], b[SIDE_MAX], u;
    for (int i = 0; i < 30; i++) {
        a[i] = (i * 37) % 101 + 0.5 * (i % 2);
        b[i] = (i * 53) % 97 + 8;
    }
    double p = rank_test(a, 25, b, 30, &u);
    assert_true(fabs(p - 0.6239935767) < 1e-9 && u == 345.5);
    for (int i = 0; i < 30; i++) {
        a[i] = (i * 7) % 10;
        b[i] = (i * 3) % 10 + (i % 4 == 0);
    }
    p = rank_test(a, 30, b, 30, &u);
    assert_true(fabs(p - 0.7266779623) < 1e-9 && u == 426);
    for (int i = 0; i < 30; i++)
        a[i] = b[i] = 3;
    same(rank_test(a, 30, b, 30, &u), 1);
}

static void test_symmetric(void **state)
{
    (void)state;
    static const double a[] = {3, 1, 4, 1, 5}, b[] = {9, 2, 6, 5, 3, 5};
    double u, v;
    same(rank_test(a, 5, b, 6, &u), rank_test(b, 6, a, 5, &v));
    same(u + v, 30);
}

static void test_median(void **state)
{
    (void)state;
    double odd[] = {5, 1, 3}, even[] = {4, 1, 3, 2}, one[] = {7};
    same(rank_median(odd, 3), 3);
    same(rank_median(even, 4), 2.5);
    same(rank_median(one, 1), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published), cmocka_unit_test(test_exact),     cmocka_unit_test(test_exact_with_ties),
        cmocka_unit_test(test_normal),    cmocka_unit_test(test_symmetric), cmocka_unit_test(test_median),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
