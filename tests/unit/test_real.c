/* Own exp, sin and cos against the C library's, and shares that add up. */
#include "real.h"
#include "score.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static double off(double value, double reference)
{
    return fabs(value - reference) / (reference != 0 ? fabs(reference) : 1);
}

static void exp_is_within_a_few_units_in_the_last_place(void **state)
{
    (void)state;
    double worst = 0;
    for (double x = -700; x <= 700; x += 0.0137)
        worst = fmax(worst, off(real_exp(x), exp(x)));
    for (double x = -1; x <= 1; x += 1e-5)
        worst = fmax(worst, off(real_exp(x), exp(x)));
    assert_true(worst < 4e-16);
    assert_true(real_exp(0) == 1);
}

static void decay_halves_at_the_half_life(void **state)
{
    (void)state;
    assert_true(real_decay(0, 365) == 1);
    assert_true(real_decay(-10, 365) == 1);
    assert_true(off(real_decay(365, 365), 0.5) < 1e-15);
    assert_true(off(real_decay(730, 365), 0.25) < 1e-15);
    assert_true(real_decay(1e9, 1) == 0);
}

static void sin_and_cos_are_right_on_the_map(void **state)
{
    (void)state;
    for (double x = -1.58; x <= 1.58; x += 1e-4) {
        assert_true(fabs(real_sin(x) - sin(x)) < 1e-15);
        assert_true(fabs(real_cos(x) - cos(x)) < 1e-15);
    }
}

static void shares_add_up_to_the_total(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (int round = 0; round < 20000; round++) {
        int64_t raw[12], share[12], sum = 0, given = 0;
        size_t n = 1 + (size_t)round % 12;
        for (size_t i = 0; i < n; i++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
            raw[i] = seed >> 61 == 0 ? 0 : (int64_t)(seed >> 34);
            sum += raw[i];
        }
        int64_t total = (int64_t)(seed >> 35);
        apportion(total, raw, n, share);
        for (size_t i = 0; i < n; i++) {
            assert_true(share[i] >= 0 && (raw[i] > 0 || share[i] == 0));
            if (sum > 0) /* floor or floor + 1 */
                assert_in_range(share[i] - total * raw[i] / sum, 0, 1);
            given += share[i];
        }
        assert_int_equal(given, sum > 0 ? total : 0);
    }
    int64_t thirds[3];
    apportion(100, (int64_t[]){1, 1, 1}, 3, thirds);
    assert_int_equal(thirds[0], 34); /* the remainder goes to the first of equals */
    assert_int_equal(thirds[2], 33);
    int64_t uneven[3];
    apportion(5, (int64_t[]){3, 1, 3}, 3, uneven); /* exact 2.14, 0.71, 2.14 */
    assert_int_equal(uneven[1], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exp_is_within_a_few_units_in_the_last_place),
        cmocka_unit_test(decay_halves_at_the_half_life),
        cmocka_unit_test(sin_and_cos_are_right_on_the_map),
        cmocka_unit_test(shares_add_up_to_the_total),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
