/* The difference between two plans, every kind of it, whatever the order of the placements. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "client_moves.h"
#include "fault.h"

static struct slice plan(const char *json)
{
    size_t offset;
    const char *reason;
    assert_int_equal(json_check(json, strlen(json), &offset, &reason), JSON_OK);
    return (struct slice){json, strlen(json)};
}

static const char before[] = "{\"placements\":["
                             "{\"leader\":\"L4\",\"post\":\"V4\",\"package\":\"P1\",\"mentor\":\"M1\"},"
                             "{\"leader\":\"L1\",\"post\":\"V1\",\"package\":\"P1\",\"mentor\":null},"
                             "{\"leader\":\"L2\",\"post\":\"V2\",\"package\":\"P1\",\"mentor\":null},"
                             "{\"leader\":\"L3\",\"post\":\"V3\",\"package\":\"P1\",\"mentor\":null},"
                             "{\"leader\":\"L5\",\"post\":\"V5\",\"package\":\"P1\"}]}";
static const char after[] = "{\"placements\":["
                            "{\"leader\":\"L2\",\"post\":\"V9\",\"package\":\"P1\",\"mentor\":null},"
                            "{\"leader\":\"L1\",\"post\":\"V1\",\"package\":\"P1\",\"mentor\":null},"
                            "{\"leader\":\"L0\",\"post\":\"V3\",\"package\":\"P1\",\"mentor\":null},"
                            "{\"leader\":\"L5\",\"post\":\"V5\",\"package\":\"P1\",\"mentor\":null},"
                            "{\"leader\":\"L4\",\"post\":\"V4\",\"package\":\"P1\",\"mentor\":\"M2\"}]}";

static void test_kinds(void **state)
{
    (void)state;
    static const struct {
        enum move_kind kind;
        const char *leader, *before, *after; /* posts */
    } expected[] = {{MOVE_PLACED, "L0", NULL, "V3"},
                    {MOVE_POST, "L2", "V2", "V9"},
                    {MOVE_UNPLACED, "L3", "V3", NULL},
                    {MOVE_TERMS, "L4", "V4", "V4"}};
    struct moves moves;
    assert_true(moves_between(plan(before), plan(after), &moves));
    assert_int_equal(moves.n, 4);
    for (size_t i = 0; i < 4; i++) {
        const struct move *move = &moves.at[i];
        assert_int_equal(move->kind, expected[i].kind);
        assert_true(value_is(move->leader, expected[i].leader));
        assert_int_equal(move->before.at != NULL, expected[i].before != NULL);
        assert_int_equal(move->after.at != NULL, expected[i].after != NULL);
        if (expected[i].before)
            assert_true(value_is(value_at(move->before, "post"), expected[i].before));
        if (expected[i].after)
            assert_true(value_is(value_at(move->after, "post"), expected[i].after));
        assert_int_equal(moves.counts[expected[i].kind], 1);
    }
    moves_free(&moves);
    assert_true(moves_between(plan(before), plan(before), &moves));
    assert_int_equal(moves.n, 0);
    moves_free(&moves);
}

static void test_nothing(void **state)
{
    (void)state;
    static const char *const empty[] = {"{}", "{\"placements\":[]}", "{\"placements\":7}", "[]",
                                        "{\"placements\":[1,{},{\"leader\":3}]}"};
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
        struct moves moves;
        assert_true(moves_between(plan(empty[i]), plan(empty[0]), &moves));
        assert_int_equal(moves.n, 0);
        moves_free(&moves);
        assert_true(moves_between(plan(empty[i]), plan(before), &moves));
        assert_int_equal(moves.counts[MOVE_PLACED], 5);
        moves_free(&moves);
    }
}

static void test_memory(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 3; n++) {
        struct moves moves;
        fault_after(n);
        assert_false(moves_between(plan(before), plan(after), &moves));
        fault_off();
        moves_free(&moves);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
