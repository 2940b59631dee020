/* Shared work: every part once and only once, whoever runs it, and alone where there is nobody to share with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "workers.h"

enum { PARTS = 1000, ROUNDS = 300 };

struct counted {
    struct workers *workers; /* to share again from inside a part; NULL: not */
    atomic_uint times[PARTS];
    atomic_uint inner;
};

static void count_inner(void *context, size_t i)
{
    struct counted *counted = context;
    (void)i;
    atomic_fetch_add(&counted->inner, 1);
}

static void count(void *context, size_t i)
{
    struct counted *counted = context;
    atomic_fetch_add(&counted->times[i], 1);
    if (counted->workers)
        workers_run(counted->workers, 3, count_inner, counted);
}

static void expect_each_once(struct workers *workers, size_t n, bool nested)
{
    static struct counted counted;
    memset(&counted, 0, sizeof counted);
    counted.workers = nested ? workers : NULL;
    workers_run(workers, n, count, &counted);
    for (size_t i = 0; i < PARTS; i++)
        assert_int_equal(counted.times[i], i < n);
    assert_int_equal(counted.inner, nested ? 3 * n : 0);
}

static void test_each_once(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 2, 3, 7, PARTS};
    for (size_t threads = 0; threads < 5; threads++) {
        struct workers *workers;
        assert_int_equal(workers_new(threads, 1, &workers), 0);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            expect_each_once(workers, sizes[i], false);
            expect_each_once(workers, sizes[i], true);
        }
        workers_free(workers);
    }
    expect_each_once(NULL, PARTS, false);
    assert_true(workers_processors() >= 1);
}

/* Many small batches whose context is gone as soon as they return: a late thread would write into another's. */
static void test_nobody_comes_late(void **state)
{
    (void)state;
    struct workers *workers;
    assert_int_equal(workers_new(4, 0, &workers), 0);
    for (size_t round = 0; round < ROUNDS; round++) {
        struct counted *counted = test_calloc(1, sizeof *counted);
        workers_run(workers, 5, count, counted);
        for (size_t i = 0; i < 5; i++)
            assert_int_equal(counted->times[i], 1);
        test_free(counted);
    }
    workers_free(workers);
}

static void *run_often(void *arg)
{
    static _Thread_local struct counted counted;
    for (size_t round = 0; round < ROUNDS; round++)
        workers_run(arg, 10, count, &counted);
    uintptr_t right = 1;
    for (size_t i = 0; i < 10; i++)
        right &= counted.times[i] == ROUNDS;
    return (void *)right;
}

static void test_two_callers(void **state)
{
    (void)state;
    struct workers *workers;
    pthread_t other;
    void *right;
    assert_int_equal(workers_new(3, 0, &workers), 0);
    assert_int_equal(pthread_create(&other, NULL, run_often, workers), 0);
    assert_ptr_equal(run_often(workers), (void *)1);
    pthread_join(other, &right);
    assert_ptr_equal(right, (void *)1);
    workers_free(workers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_once),
        cmocka_unit_test(test_nobody_comes_late),
        cmocka_unit_test(test_two_callers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
