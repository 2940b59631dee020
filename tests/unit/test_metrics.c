/* metrics.c: histograms against the sorted values themselves, and what is written of the counters. */
#include "metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { VALUES = 2000 };

static int by_value(const void *a, const void *b)
{
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

/* The quantile of the values is within the bucket that is told: at most an eighth above it, never below. */
static void quantiles_are_near(void **state)
{
    (void)state;
    static uint64_t values[VALUES];
    static struct histogram histogram;
    uint64_t random = 42;
    for (int magnitude = 1; magnitude < 32; magnitude += 3) {
        memset(&histogram, 0, sizeof histogram);
        for (size_t i = 0; i < VALUES; i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            values[i] = (random >> 33) & ((UINT64_C(1) << magnitude) - 1);
            histogram_add(&histogram, values[i]);
        }
        qsort(values, VALUES, sizeof *values, by_value);
        assert_int_equal(histogram.max_us, values[VALUES - 1]);
        for (unsigned permille = 1; permille <= 1000; permille++) {
            size_t rank = ((size_t)permille * VALUES + 999) / 1000;
            uint64_t exact = values[rank - 1], told = histogram_quantile(&histogram, permille);
            assert_true(told >= exact);
            assert_true(told <= exact + exact / 8);
        }
    }
}

static void edges(void **state)
{
    (void)state;
    static struct histogram histogram;
    assert_int_equal(histogram_quantile(&histogram, 500), 0);
    histogram_add(&histogram, 0);
    assert_int_equal(histogram_quantile(&histogram, 500), 0);
    memset(&histogram, 0, sizeof histogram);
    histogram_add(&histogram, UINT64_MAX);
    assert_int_equal(histogram.max_us, UINT64_MAX);
    assert_int_equal(histogram.bucket[HISTOGRAM_BUCKETS - 1], 1);
    assert_true(histogram_quantile(&histogram, 500) >= UINT32_MAX);
    memset(&histogram, 0, sizeof histogram);
    for (uint64_t us = 0; us < 8; us++)
        histogram_add(&histogram, us);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(histogram.bucket[i], 1);
}

static const char *name_of(int code)
{
    return code == 1 ? "one" : "two";
}

static void writes_what_was_counted(void **state)
{
    (void)state;
    struct metrics metrics;
    struct buf out;
    assert_int_equal(metrics_init(&metrics, 2), 0);
    buf_init(&out, 1 << 20);
    metrics.methods[0].name = "a.used";
    metrics.methods[1].name = "b.unused";
    metrics_add(&metrics, bytes_in, 70);
    metrics_sub(&metrics, bytes_in, 7);
    metrics.methods[0].requests = 3;
    metrics_answer(&metrics.methods[0], 0, 5);
    metrics_answer(&metrics.methods[0], 2, 5);
    metrics_error(&metrics, 2);
    metrics_error(&metrics, 1);
    metrics_error(&metrics, 2);
    buf_text(&out, "{");
    metrics_put(&metrics, name_of, &out);
    buf_text(&out, "}");
    buf_put(&out, "", 1);
    assert_false(out.failed);
    assert_non_null(strstr(out.at, "\"bytes_in\":63,"));
    assert_non_null(strstr(out.at, "\"methods\":{\"a.used\":{\"requests\":3,\"errors\":1,"
                                   "\"latency_us\":{\"n\":2,\"p50\":5,\"p90\":5,\"p99\":5,\"max\":5}}}"));
    assert_non_null(strstr(out.at, "\"errors\":{\"two\":2,\"one\":1}}"));
    buf_fini(&out);
    metrics_fini(&metrics);
}

static void more_codes_than_room(void **state)
{
    (void)state;
    struct metrics metrics;
    assert_int_equal(metrics_init(&metrics, 0), 0);
    for (int code = 0; code < 2 * METRICS_CODES_MAX; code++)
        metrics_error(&metrics, code);
    metrics_error(&metrics, 0);
    assert_int_equal(metrics.n_codes, METRICS_CODES_MAX);
    assert_int_equal(metrics.errors[0].n, 2);
    metrics_fini(&metrics);
}

/* Counted on two loops and added up, or counted on one: the same. */
static void sums_are_as_if_counted_together(void **state)
{
    (void)state;
    struct metrics whole, part[2], sum;
    assert_int_equal(metrics_init(&whole, 2) | metrics_init(&sum, 2), 0);
    assert_int_equal(metrics_init(&part[0], 2) | metrics_init(&part[1], 2), 0);
    for (uint64_t i = 0; i < 1000; i++) {
        struct metrics *both[] = {&whole, &part[i * i % 3 == 0]};
        int code = (int)(i * 7 % 5) - (int)(i % 2); /* some are seen by one of the two only, none in the same order */
        for (size_t k = 0; k < 2; k++) {
            metrics_add(both[k], bytes_in, i);
            metrics_add(both[k], messages, 1);
            both[k]->methods[i % 2].requests++;
            metrics_answer(&both[k]->methods[i % 2], code, i * i);
            metrics_error(both[k], code);
        }
    }
    metrics_sum(&sum, &part[0]);
    metrics_sum(&sum, &part[1]);
    assert_memory_equal(sum.counter, whole.counter, sizeof sum.counter);
    assert_memory_equal(sum.methods, whole.methods, 2 * sizeof sum.methods[0]);
    assert_int_equal(sum.n_codes, whole.n_codes);
    for (size_t i = 0; i < whole.n_codes; i++) {
        size_t k = 0;
        while (sum.errors[k].code != whole.errors[i].code)
            assert_true(++k < sum.n_codes);
        assert_int_equal(sum.errors[k].n, whole.errors[i].n);
    }
    metrics_fini(&whole);
    metrics_fini(&sum);
    metrics_fini(&part[0]);
    metrics_fini(&part[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_are_near),
        cmocka_unit_test(edges),
        cmocka_unit_test(writes_what_was_counted),
        cmocka_unit_test(more_codes_than_room),
        cmocka_unit_test(sums_are_as_if_counted_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
