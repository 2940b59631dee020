/* The difference between two plans: each kind of move, the order, and random plans against a plain search. */
#include "gen.h"
#include "wellmatch_plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void each_kind_is_told_by_leader(void **state)
{
    (void)state;
    static const struct wm_placement
        a[] = {{7, 0, 1, 3}, {2, 1, 0, WM_NO_ROW}, {5, 2, 2, 1}, {9, 3, 0, WM_NO_ROW}, {1, 4, 1, 2}},
        b[] = {{1, 4, 1, 4}, {9, 3, 0, WM_NO_ROW}, {4, 5, 0, WM_NO_ROW}, {5, 6, 2, 1}, {7, 0, 2, 3}};
    struct wm_move moves[10];
    assert_int_equal(wm_plan_compare(a, 5, b, 5, moves), 5);
    static const struct {
        enum wm_move_kind kind;
        uint32_t leader;
    } expected[] = {
        {WM_MOVE_TERMS, 1}, {WM_MOVE_UNPLACED, 2}, {WM_MOVE_PLACED, 4}, {WM_MOVE_POST, 5}, {WM_MOVE_TERMS, 7}};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(moves[i].kind, expected[i].kind);
        assert_int_equal(moves[i].leader, expected[i].leader);
    }
    assert_memory_equal(&moves[3].before, &a[2], sizeof *a);
    assert_memory_equal(&moves[3].after, &b[3], sizeof *b);
    assert_memory_equal(&moves[1].before, &a[1], sizeof *a);
    assert_memory_equal(&moves[2].after, &b[2], sizeof *b);
}

static void nothing_and_the_same_are_no_moves(void **state)
{
    (void)state;
    static const struct wm_placement a[] = {{3, 0, 1, 3}, {2, 1, 0, WM_NO_ROW}};
    struct wm_move moves[4];
    assert_int_equal(wm_plan_compare(NULL, 0, NULL, 0, moves), 0);
    assert_int_equal(wm_plan_compare(a, 2, a, 2, moves), 0);
    assert_int_equal(wm_plan_compare(a, 2, NULL, 0, moves), 2);
    assert_int_equal(moves[0].leader, 2);
    assert_int_equal(moves[0].kind, WM_MOVE_UNPLACED);
    assert_int_equal(wm_plan_compare(NULL, 0, a, 2, moves), 2);
    assert_int_equal(moves[1].kind, WM_MOVE_PLACED);
}

enum { LEADERS = 40 };

static size_t some_plan(uint64_t *draws, struct wm_placement *plan)
{
    size_t n = 0;
    for (uint32_t leader = 0; leader < LEADERS; leader++)
        if (gen_below(draws, 2))
            plan[n++] = (struct wm_placement){leader, (uint32_t)gen_below(draws, 3), (uint32_t)gen_below(draws, 2),
                                              (int32_t)gen_below(draws, 2) - 1};
    for (size_t i = n; i > 1; i--) {
        size_t j = gen_below(draws, i);
        struct wm_placement kept = plan[i - 1];
        plan[i - 1] = plan[j];
        plan[j] = kept;
    }
    return n;
}

static const struct wm_placement *of(const struct wm_placement *plan, size_t n, uint32_t leader)
{
    for (size_t i = 0; i < n; i++)
        if (plan[i].leader == leader)
            return &plan[i];
    return NULL;
}

/* The moves lead from a to b: applied to a they give b, and back they give the opposite. */
static void random_plans_are_told_apart(void **state)
{
    (void)state;
    uint64_t draws = 11;
    for (int round = 0; round < 500; round++) {
        struct wm_placement a[LEADERS], b[LEADERS];
        struct wm_move moves[2 * LEADERS], back[2 * LEADERS];
        size_t n_a = some_plan(&draws, a), n_b = some_plan(&draws, b), at = 0;
        size_t n = wm_plan_compare(a, n_a, b, n_b, moves);
        for (uint32_t leader = 0; leader < LEADERS; leader++) {
            const struct wm_placement *p = of(a, n_a, leader), *q = of(b, n_b, leader);
            if ((p == NULL && q == NULL) || (p != NULL && q != NULL && memcmp(p, q, sizeof *p) == 0))
                continue;
            assert_true(at < n);
            assert_int_equal(moves[at].leader, leader);
            assert_int_equal(moves[at].kind, p == NULL            ? WM_MOVE_PLACED
                                             : q == NULL          ? WM_MOVE_UNPLACED
                                             : p->post != q->post ? WM_MOVE_POST
                                                                  : WM_MOVE_TERMS);
            assert_true(p == NULL || memcmp(p, &moves[at].before, sizeof *p) == 0);
            assert_true(q == NULL || memcmp(q, &moves[at].after, sizeof *q) == 0);
            at++;
        }
        assert_int_equal(at, n);
        assert_int_equal(wm_plan_compare(b, n_b, a, n_a, back), n);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(back[i].leader, moves[i].leader);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_is_told_by_leader),
        cmocka_unit_test(nothing_and_the_same_are_no_moves),
        cmocka_unit_test(random_plans_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
