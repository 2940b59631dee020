/*
 * The bundle on functions whose least value is known, and on duals of random linear programs, where the mixture of slopes
 * it ends with is itself the proof: no limit overused, none unused that has a price.
 */
#include "bundle.h"
#include "gen.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { N = 12, GROUPS = 60, OPTIONS = 6, CUTS = 60, LOOKS = 400 };

struct function {
    size_t n;
    double (*value)(const void *arg, const double *x, double *slope);
    const void *arg;
};

static double descend(struct bundle *bundle, const struct function *f, double tolerance, int *looks)
{
    double x[N], slope[N];
    bool fresh = bundle_value(bundle) == 0; /* never told anything */
    for (*looks = 0; *looks < LOOKS; ++*looks) {
        bundle_next(bundle, x);
        if (!(fresh && *looks == 0) && bundle_promise(bundle) <= tolerance)
            break;
        for (size_t r = 0; r < f->n; r++)
            assert_true(x[r] >= 0 && isfinite(x[r]));
        double value = f->value(f->arg, x, slope), before = fresh && *looks == 0 ? HUGE_VAL : bundle_value(bundle);
        bool serious = bundle_tell(bundle, x, value, 0, slope);
        assert_true(serious ? value < before : bundle_value(bundle) == before);
    }
    return bundle_value(bundle);
}

/* ---- distances: |x - aim|, whose least over x >= 0 is known ---- */

struct aim {
    double at[N], weight[N], plus;
};

static double distance(const void *arg, const double *x, double *slope)
{
    const struct aim *aim = arg;
    double sum = aim->plus;
    for (size_t r = 0; r < N; r++) {
        double way = x[r] - aim->at[r];
        sum += aim->weight[r] * fabs(way);
        slope[r] = way > 0 ? aim->weight[r] : -aim->weight[r];
    }
    return sum;
}

static void test_distances(void **state)
{
    (void)state;
    uint64_t draws = 5;
    for (int i = 0; i < 40; i++) {
        struct arena arena;
        struct aim aim = {.plus = 0};
        double scale[N], start[N], least = 0;
        arena_init(&arena, 1 << 22);
        for (size_t r = 0; r < N; r++) {
            aim.at[r] = (double)gen_below(&draws, 2000) - 500;
            aim.weight[r] = 1 + (double)gen_below(&draws, 100);
            scale[r] = 1 / aim.weight[r];
            start[r] = (double)gen_below(&draws, 1000);
            least += aim.at[r] < 0 ? -aim.at[r] * aim.weight[r] : 0;
        }
        struct bundle *bundle = bundle_new(&arena, N, CUTS, scale, NULL, start, 0.2);
        assert_non_null(bundle);
        int looks;
        double value = descend(bundle, &(struct function){N, distance, &aim}, 1e-6 * (1 + least), &looks);
        assert_true(looks < LOOKS);
        assert_true(value >= least - 1e-6 * (1 + least) && value <= least + 1e-4 * (1 + least));
        arena_fini(&arena);
    }
}

/* ---- duals: sum x * limit + sum over groups of the best option after paying for it ---- */

struct program {
    double limit[N], value[GROUPS][OPTIONS], use[GROUPS][OPTIONS][N];
};

static double dual(const void *arg, const double *x, double *slope)
{
    const struct program *p = arg;
    double sum = 0;
    for (size_t r = 0; r < N; r++) {
        sum += x[r] * p->limit[r];
        slope[r] = p->limit[r];
    }
    for (size_t g = 0; g < GROUPS; g++) {
        double best = 0;
        int at = -1;
        for (int o = 0; o < OPTIONS; o++) {
            double worth = p->value[g][o];
            for (size_t r = 0; r < N; r++)
                worth -= x[r] * p->use[g][o][r];
            if (worth > best) {
                best = worth;
                at = o;
            }
        }
        sum += best;
        for (size_t r = 0; at >= 0 && r < N; r++)
            slope[r] -= p->use[g][at][r];
    }
    return sum;
}

static void draw_program(struct program *p, uint64_t *draws)
{
    memset(p, 0, sizeof *p);
    for (size_t r = 0; r < N; r++)
        p->limit[r] = 20 + (double)gen_below(draws, 100);
    for (size_t g = 0; g < GROUPS; g++)
        for (int o = 0; o < OPTIONS; o++) {
            p->value[g][o] = (double)gen_below(draws, 1000);
            for (int k = 0; k < 3; k++)
                p->use[g][o][gen_below(draws, N)] = 1 + (double)gen_below(draws, 10);
        }
}

/* Weights of cuts and the slopes kept beside them: at the least, no price could still gain. */
static void check_mixture(const struct bundle *bundle, double (*seen)[N], double value)
{
    const double *weight, *centre = bundle_centre(bundle);
    size_t slots = bundle_weights(bundle, &weight);
    double sum = 0, slack = 0;
    for (size_t k = 0; k < slots; k++) {
        assert_true(weight[k] >= 0);
        sum += weight[k];
    }
    assert_true(fabs(sum - 1) < 1e-9);
    for (size_t r = 0; r < N; r++) {
        double mean = 0;
        for (size_t k = 0; k < slots; k++)
            mean += weight[k] > 0 ? weight[k] * seen[k][r] : 0;
        assert_true(mean > -0.05);
        slack += fabs(mean * centre[r]);
    }
    assert_true(slack < 1e-4 * value);
}

static void test_duals(void **state)
{
    (void)state;
    static struct program program;
    static double seen[CUTS][N];
    uint64_t draws = 9;
    for (int i = 0; i < 15; i++) {
        struct arena arena;
        double scale[N], start[N] = {0}, most[N], x[N], slope[N];
        arena_init(&arena, 1 << 22);
        draw_program(&program, &draws);
        for (size_t r = 0; r < N; r++) {
            scale[r] = 1;
            most[r] = 2000;
        }
        struct bundle *bundle = bundle_new(&arena, N, CUTS, scale, most, start, 0.2);
        int looks = 0;
        for (; looks < LOOKS; looks++) {
            bundle_next(bundle, x);
            if (looks > 0 && bundle_promise(bundle) < 1e-7 * bundle_value(bundle))
                break;
            double value = dual(&program, x, slope);
            bundle_tell(bundle, x, value, 0, slope);
            memcpy(seen[bundle_slot(bundle)], slope, sizeof slope);
        }
        assert_true(looks < LOOKS);
        check_mixture(bundle, seen, bundle_value(bundle));
        arena_fini(&arena);
    }
}

/* A ceiling on prices is kept, and the least is at the ceiling where the function falls towards it. */
static void test_ceilings(void **state)
{
    (void)state;
    struct arena arena;
    struct aim aim = {.plus = 0};
    double scale[N], start[N] = {0}, most[N], least = 0;
    arena_init(&arena, 1 << 22);
    for (size_t r = 0; r < N; r++) {
        aim.at[r] = 100;
        aim.weight[r] = 1;
        scale[r] = 1;
        most[r] = r % 2 ? 30 : 1000;
        least += r % 2 ? 70 : 0;
    }
    struct bundle *bundle = bundle_new(&arena, N, CUTS, scale, most, start, 0.2);
    int looks;
    double value = descend(bundle, &(struct function){N, distance, &aim}, 1e-6, &looks);
    assert_true(fabs(value - least) < 1e-2);
    for (size_t r = 0; r < N; r++)
        assert_true(bundle_centre(bundle)[r] <= most[r]);
    arena_fini(&arena);
}

/* The function grew: what is told afresh counts, and what was promised by old cuts no more. */
static void test_refresh(void **state)
{
    (void)state;
    struct arena arena;
    struct aim aim = {.plus = 0};
    double scale[N], start[N] = {0}, slope[N];
    arena_init(&arena, 1 << 22);
    for (size_t r = 0; r < N; r++) {
        aim.at[r] = 10 * (double)r;
        aim.weight[r] = 1;
        scale[r] = 1;
    }
    struct bundle *bundle = bundle_new(&arena, N, CUTS, scale, NULL, start, 0.2);
    int looks;
    descend(bundle, &(struct function){N, distance, &aim}, 1e-6, &looks);
    for (size_t r = 0; r < N; r++)
        aim.weight[r] = 2; /* nowhere less than before */
    aim.plus = 5;
    double value = distance(&aim, bundle_centre(bundle), slope);
    bundle_refresh(bundle, value, 0, slope);
    assert_true(bundle_value(bundle) == value);
    value = descend(bundle, &(struct function){N, distance, &aim}, 1e-6, &looks);
    assert_true(fabs(value - 5) < 0.01);
    arena_fini(&arena);
}

static void test_nothing_scarce(void **state)
{
    (void)state;
    struct arena arena;
    double x = 7;
    arena_init(&arena, 1 << 20);
    struct bundle *bundle = bundle_new(&arena, 0, 3, &x, NULL, &x, 0.2);
    bundle_next(bundle, &x);
    assert_true(bundle_tell(bundle, &x, 3, 0, &x));
    bundle_next(bundle, &x);
    assert_true(bundle_promise(bundle) == 0);
    assert_true(bundle_value(bundle) == 3);
    arena_fini(&arena);
    arena_init(&arena, 100);
    assert_null(bundle_new(&arena, 5, 10, &x, NULL, &x, 0.2));
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_distances), cmocka_unit_test(test_duals),
                                       cmocka_unit_test(test_ceilings), cmocka_unit_test(test_refresh),
                                       cmocka_unit_test(test_nothing_scarce)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
