/* The histogram of latencies against the sorted values themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <math.h>

#include "generate_random.h"
#include "latency.h"

enum { VALUES = 20000 };

static int by_size(const void *a, const void *b)
{
    uint64_t p = *(const uint64_t *)a, q = *(const uint64_t *)b;
    return (p > q) - (p < q);
}

/* Values of every size up to 2^bits, many equal. */
static void draw(struct random *random, int bits, size_t n, uint64_t *values)
{
    for (size_t i = 0; i < n; i++)
        values[i] = random_next(random) >> (64 - 1 - below(random, bits));
}

static void test_quantiles(void **state)
{
    (void)state;
    static const double shares[] = {0, 0.001, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 0.9999, 0.99999, 1};
    static uint64_t values[VALUES];
    static struct latencies latencies;
    struct random random = {7};
    for (int bits = 1; bits <= 42; bits++) {
        size_t n = (size_t)between(&random, 1, VALUES);
        draw(&random, bits, n, values);
        latencies_clear(&latencies);
        for (size_t i = 0; i < n; i++)
            latencies_add(&latencies, values[i]);
        qsort(values, n, sizeof *values, by_size);
        assert_int_equal(latencies.min_ns, values[0]);
        assert_int_equal(latencies.max_ns, values[n - 1]);
        for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
            size_t rank = (size_t)ceil(shares[i] * (double)n * (1 - 1e-12));
            uint64_t exact = values[rank ? rank - 1 : 0], got = latencies_quantile(&latencies, shares[i]);
            assert_true(got >= exact);
            assert_true(got <= exact + exact / LATENCY_SUBS);
        }
    }
}

static void test_buckets_join(void **state)
{
    (void)state;
    static struct latencies one;
    uint64_t start = 0;
    for (size_t i = 0; i < LATENCY_BUCKETS; i++) {
        uint64_t end = latency_bucket_end(i);
        assert_true(end >= start);
        assert_true((end - start) * LATENCY_SUBS <= start || i < LATENCY_SUBS);
        latencies_clear(&one);
        latencies_add(&one, start);
        latencies_add(&one, end);
        assert_int_equal(one.bucket[i], 2);
        start = end + 1;
    }
    assert_true(start == UINT64_C(1) << LATENCY_BITS);
}

static void test_merged(void **state)
{
    (void)state;
    static uint64_t values[VALUES];
    static struct latencies whole, parts[2], sum;
    struct random random = {11};
    draw(&random, 30, VALUES, values);
    for (size_t i = 0; i < VALUES; i++) {
        latencies_add(&whole, values[i]);
        latencies_add(&parts[i % 3 == 0], values[i]);
    }
    latencies_merge(&sum, &parts[0]);
    latencies_merge(&sum, &parts[1]);
    assert_int_equal(sum.n, VALUES);
    assert_memory_equal(sum.bucket, whole.bucket, sizeof sum.bucket);
    assert_int_equal(sum.min_ns, whole.min_ns);
    assert_int_equal(sum.max_ns, whole.max_ns);
}

static void test_edges(void **state)
{
    (void)state;
    static struct latencies none, one, vast;
    assert_int_equal(latencies_quantile(&none, 0.5), 0);
    assert_true(latencies_mean(&none) == 0);
    latencies_add(&one, 1234567);
    assert_int_equal(latencies_quantile(&one, 0.5), 1234567);
    assert_int_equal(latencies_quantile(&one, 0), 1234567);
    assert_true(latencies_deviation(&one) == 0);
    assert_int_equal(latencies_within(&one, 1000000), 0);
    assert_int_equal(latencies_within(&one, 1234567), 1);
    latencies_add(&vast, UINT64_MAX);
    assert_true(latencies_quantile(&vast, 0.5) == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quantiles),
        cmocka_unit_test(test_buckets_join),
        cmocka_unit_test(test_merged),
        cmocka_unit_test(test_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
