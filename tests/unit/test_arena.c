/* The arena: alignment, zeroes, ceiling, overflow, and every allocation failing in turn. */
#include "arena.h"
#include "fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void gives_zeroed_aligned_memory_that_does_not_overlap(void **state)
{
    struct arena arena;
    unsigned char *all[200];
    (void)state;
    arena_init(&arena, 64 << 20);
    for (size_t i = 0; i < 200; i++) {
        size_t len = i * i * 7 % 5000;
        all[i] = arena_alloc(&arena, len, 1);
        assert_non_null(all[i]);
        assert_int_equal((uintptr_t)all[i] % 64, 0);
        for (size_t j = 0; j < len; j++)
            assert_int_equal(all[i][j], 0);
        memset(all[i], (int)i, len);
    }
    for (size_t i = 0; i < 200; i++)
        for (size_t j = 0; j < i * i * 7 % 5000; j++)
            assert_int_equal(all[i][j], (unsigned char)i);
    arena_fini(&arena);
}

static void keeps_small_chunks_in_use_beside_large_ones(void **state)
{
    struct arena arena;
    (void)state;
    arena_init(&arena, SIZE_MAX);
    assert_non_null(arena_alloc(&arena, 10, 1));
    size_t used = arena.used;
    assert_non_null(arena_alloc(&arena, 3 << 20, 1));
    size_t with_large = arena.used;
    assert_true(with_large >= used + (3 << 20));
    assert_non_null(arena_alloc(&arena, 100, 1));
    assert_int_equal(arena.used, with_large); /* the first chunk still had room */
    arena_fini(&arena);
    assert_int_equal(arena.used, 0);
}

static void refuses_past_the_ceiling_and_on_overflow(void **state)
{
    struct arena arena;
    (void)state;
    arena_init(&arena, 10000);
    assert_null(arena_alloc(&arena, 10000, 1));
    assert_int_equal(arena.used, 0);
    assert_non_null(arena_alloc(&arena, 5000, 1));
    assert_null(arena_alloc(&arena, 6000, 1));
    assert_non_null(arena_alloc(&arena, 100, 1)); /* a refusal leaves it usable */
    assert_null(arena_alloc(&arena, SIZE_MAX / 2, 3));
    assert_null(arena_alloc(&arena, SIZE_MAX, 1));
    assert_null(arena_alloc(&arena, 1, SIZE_MAX - 64));
    assert_null(arena_text(&arena, "", SIZE_MAX));
    size_t n = 0;
    while (arena_alloc(&arena, 64, 1))
        n++;
    assert_true(n > 10 && n < 200);
    assert_true(arena.used <= 10000);
    arena_fini(&arena);

    arena_init(&arena, 0);
    assert_null(arena_alloc(&arena, 1, 1));
    arena_fini(&arena);
}

static void copies_text(void **state)
{
    struct arena arena;
    (void)state;
    arena_init(&arena, 1 << 20);
    assert_string_equal(arena_text(&arena, "abcdef", 3), "abc");
    assert_string_equal(arena_text(&arena, NULL, 0), "");
    const char *a = arena_text(&arena, "a", 1), *b = arena_text(&arena, "b", 1);
    assert_true(b == a + 2); /* texts are packed */
    arena_fini(&arena);
}

static void survives_failing_allocations(void **state)
{
    (void)state;
    for (size_t n = 1; n < 6; n++) {
        struct arena arena;
        arena_init(&arena, 1 << 20);
        fault_after(n);
        size_t failed = 0;
        for (size_t i = 0; i < 100; i++)
            failed += arena_alloc(&arena, 1000, 1) == NULL;
        fault_off();
        assert_int_equal(failed, fault_count() >= n ? 1 : 0);
        assert_true(n > 2 || failed == 1);
        arena_fini(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_zeroed_aligned_memory_that_does_not_overlap),
        cmocka_unit_test(keeps_small_chunks_in_use_beside_large_ones),
        cmocka_unit_test(refuses_past_the_ceiling_and_on_overflow),
        cmocka_unit_test(copies_text),
        cmocka_unit_test(survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
