/*
 * Assignments inside explicit problems: which are recognised, and brute force on tiny ones with locks, forbids, musts of both
 * kinds, options without a use, and both senses; the verifier as the judge of prices.
 */
#include "matching.h"
#include "fault.h"
#include "gen.h"
#include "internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { GROUPS = 6, RESOURCES = 5, OPTIONS = 40 };

static struct wm_problem *begin(bool minimise)
{
    struct wm_problem *p = NULL;
    struct problem_room room = {64, 4096, 64, 64, 8192};
    assert_int_equal(problem_new(&room, minimise, &p), WM_OK);
    return p;
}

/* One option of the last group, on a resource (RESOURCES: none). */
static void option(struct wm_problem *p, int64_t value, size_t resource, int64_t use)
{
    assert_int_equal(problem_add_option(p, NULL, value), WM_OK);
    if (resource < RESOURCES)
        assert_int_equal(problem_add_use(p, resource, use), WM_OK);
}

/* ---- brute force ---- */

struct brute {
    const struct wm_problem *p;
    wide used[RESOURCES + 1];
    bool found;
    wide best;
};

static bool holds(const struct brute *b)
{
    for (size_t r = 0; r < b->p->n_resources; r++)
        if (b->used[r] > b->p->limit_micro[r] || (b->p->resource_must[r] && b->used[r] < b->p->limit_micro[r]))
            return false;
    return true;
}

static bool locks_allow(const struct wm_problem *p, size_t g, int64_t o)
{
    for (size_t l = 0; l < p->n_locks; l++)
        if (p->locks[l].group == g && p->locks[l].option != o)
            return false;
    return true;
}

static void try_group(struct brute *b, size_t g, wide value)
{
    const struct wm_problem *p = b->p;
    if (g == p->n_groups) {
        if (holds(b) && (!b->found || (p->minimise ? value < b->best : value > b->best))) {
            b->best = value;
            b->found = true;
        }
        return;
    }
    if (!p->must[g] && locks_allow(p, g, -1))
        try_group(b, g + 1, value);
    for (size_t o = p->first_option[g]; o < p->first_option[g + 1]; o++) {
        if (p->forbidden[o] || !locks_allow(p, g, (int64_t)o))
            continue;
        for (size_t u = p->first_use[o]; u < p->first_use[o + 1]; u++)
            b->used[p->use_resource[u]] += p->use_micro[u];
        try_group(b, g + 1, value + p->value_nano[o]);
        for (size_t u = p->first_use[o]; u < p->first_use[o + 1]; u++)
            b->used[p->use_resource[u]] -= p->use_micro[u];
    }
}

/* ---- tiny problems ---- */

static struct wm_problem *draw(uint64_t *seed)
{
    struct wm_problem *p = begin(gen_below(seed, 2));
    size_t groups = gen_below(seed, GROUPS + 1), resources = gen_below(seed, RESOURCES + 1);
    int64_t use[RESOURCES], sizes[] = {3, 1000, INT64_C(1000000000) * NANO}, size = sizes[gen_below(seed, 3)];
    uint64_t musts = gen_below(seed, 2) ? gen_below(seed, 101) : 0, full = gen_below(seed, 2) ? gen_below(seed, 60) : 0;
    bool single = gen_below(seed, 2), parts = gen_below(seed, 4) == 0;
    for (size_t r = 0; r < resources; r++) {
        use[r] = 1 + (int64_t)gen_below(seed, 3) * 500000;
        int64_t rooms = single ? 1 : (int64_t)gen_below(seed, 4);
        int64_t limit = rooms * use[r] + (parts ? (int64_t)gen_below(seed, (uint64_t)use[r]) : 0);
        assert_int_equal(problem_add_resource(p, NULL, limit, gen_below(seed, 100) < full), WM_OK);
    }
    bool pool = gen_below(seed, 4) == 0; /* something else that every option uses, and that hardly runs short */
    if (pool)
        assert_int_equal(problem_add_resource(p, NULL, (int64_t)(2 * groups + 1), gen_below(seed, 4) == 0), WM_OK);
    for (size_t g = 0; g < groups; g++) {
        assert_int_equal(problem_add_group(p, NULL, gen_below(seed, 100) < musts), WM_OK);
        for (size_t o = 0, n = gen_below(seed, 6); o < n; o++) {
            size_t r = gen_below(seed, resources + 1) % (resources + 1);
            int64_t value = (int64_t)gen_below(seed, (uint64_t)size + 1) * (gen_below(seed, 3) ? 1 : -1);
            option(p, value, r < resources ? r : RESOURCES, r < resources ? use[r] : 0);
            if (pool)
                assert_int_equal(problem_add_use(p, resources, 1 + (int64_t)gen_below(seed, 2)), WM_OK);
            if (!gen_below(seed, 10))
                problem_forbid(p, p->n_options - 1);
            if (!gen_below(seed, 25))
                assert_int_equal(problem_lock(p, p->n_options - 1), WM_OK);
        }
    }
    return p;
}

/*
 * The same with up to three limits to an option, which nest: 0 and 1 are outside, 2 to 4 each within one of these or by
 * itself, 5 (at times) around all.
 */
static struct wm_problem *draw_nest(uint64_t *seed)
{
    struct wm_problem *p = begin(gen_below(seed, 2));
    size_t groups = gen_below(seed, GROUPS + 1), around[RESOURCES];
    int64_t use[RESOURCES + 1], sizes[] = {3, 1000, INT64_C(10000000) * NANO}, size = sizes[gen_below(seed, 3)];
    uint64_t musts = gen_below(seed, 2) ? gen_below(seed, 101) : 0, forbids = gen_below(seed, 2) ? 10 : 0;
    bool top = gen_below(seed, 2), parts = gen_below(seed, 4) == 0, none = gen_below(seed, 2);
    for (size_t r = 0; r <= RESOURCES; r++) {
        use[r] = 1 + (int64_t)gen_below(seed, 3) * 500000;
        int64_t rooms = (none ? 0 : 1) + (int64_t)gen_below(seed, r < 2 ? 3 : r < 5 ? 2 : 6);
        int64_t limit = rooms * use[r] + (parts ? (int64_t)gen_below(seed, (uint64_t)use[r]) : 0);
        assert_int_equal(problem_add_resource(p, NULL, limit, false), WM_OK);
        if (r < RESOURCES)
            around[r] = r < 2 ? RESOURCES : gen_below(seed, 3);
    }
    for (size_t g = 0; g < groups; g++) {
        assert_int_equal(problem_add_group(p, NULL, gen_below(seed, 100) < musts), WM_OK);
        for (size_t o = 0, n = gen_below(seed, 6); o < n; o++) {
            size_t r = gen_below(seed, RESOURCES + 1);
            option(p, (int64_t)gen_below(seed, (uint64_t)size + 1) * (gen_below(seed, 3) ? 1 : -1), r,
                   r < RESOURCES ? use[r] : 0);
            if (r < RESOURCES && around[r] < 2)
                assert_int_equal(problem_add_use(p, around[r], use[around[r]]), WM_OK);
            if (r < RESOURCES && top)
                assert_int_equal(problem_add_use(p, RESOURCES, use[RESOURCES]), WM_OK);
            if (gen_below(seed, 100) < forbids)
                problem_forbid(p, p->n_options - 1);
            if (forbids && !gen_below(seed, 40))
                assert_int_equal(problem_lock(p, p->n_options - 1), WM_OK);
        }
    }
    return p;
}

/* What the verifier says of the answer: it holds, it is worth that, and its prices prove it. */
static void verify(const struct wm_problem *p, const struct matching *m, const struct brute *b, bool proven)
{
    int64_t choices[GROUPS];
    struct wm_solution_verdict verdict;
    for (size_t g = 0; g < p->n_groups; g++)
        choices[g] = m->choice[g] == UINT32_MAX ? WM_NO_OPTION : (int64_t)m->choice[g];
    assert_int_equal(wm_solution_verify(p, choices, m->price, &verdict), WM_OK);
    assert_true(verdict.feasible);
    assert_true(m->value_nano == b->best);
    assert_true(verdict.value == (double)b->best / NANO);
    double gap = p->minimise ? verdict.value - verdict.bound : verdict.bound - verdict.value, size = 0;
    for (size_t o = 0; o < p->n_options; o++)
        size += (double)(p->value_nano[o] < 0 ? -p->value_nano[o] : p->value_nano[o]) / NANO;
    assert_true(gap >= 0);
    if (proven)
        assert_true(gap <= 1e-12 * size + 1e-18);
}

/* Limits that are no whole number of openings, or cannot hold even one, are worth less than prices can say. */
static bool is_whole(const struct wm_problem *p)
{
    for (size_t o = 0; o < p->n_options; o++)
        for (size_t u = p->first_use[o]; u < p->first_use[o + 1]; u++)
            if (p->limit_micro[p->use_resource[u]] % p->use_micro[u] || !p->limit_micro[p->use_resource[u]])
                return false;
    return p->n_locks == 0;
}

static void finds_what_brute_force_finds(void **state)
{
    uint64_t seed = 1;
    size_t n_feasible = 0, n_proven = 0;
    (void)state;
    for (size_t round = 0; round < 20000; round++) {
        struct wm_problem *p = draw(&seed);
        struct brute b = {.p = p};
        struct matching m;
        struct arena arena;
        arena_init(&arena, 1 << 20);
        try_group(&b, 0, 0);
        assert_int_equal(matching_solve(p, &arena, NULL, NULL, &m), WM_OK);
        if (m.is_one) {
            assert_int_equal(m.feasible, b.found);
            if (b.found)
                verify(p, &m, &b, is_whole(p));
            n_feasible += b.found;
            n_proven += b.found && is_whole(p);
        }
        arena_fini(&arena);
        wm_problem_free(p);
    }
    assert_true(n_feasible > 10000 && n_feasible < 19000 && n_proven > 1000);
}

static void finds_it_where_limits_nest(void **state)
{
    uint64_t seed = 3;
    size_t n_feasible = 0, n_proven = 0;
    (void)state;
    for (size_t round = 0; round < 20000; round++) {
        struct wm_problem *p = draw_nest(&seed);
        struct brute b = {.p = p};
        struct matching m;
        struct arena arena;
        arena_init(&arena, 1 << 20);
        try_group(&b, 0, 0);
        assert_int_equal(matching_solve(p, &arena, NULL, NULL, &m), WM_OK);
        assert_true(m.is_one);
        assert_int_equal(m.feasible, b.found);
        if (b.found)
            verify(p, &m, &b, is_whole(p));
        n_feasible += b.found;
        n_proven += b.found && is_whole(p);
        arena_fini(&arena);
        wm_problem_free(p);
    }
    assert_true(n_feasible > 10000 && n_feasible < 19000 && n_proven > 1000);
}

/* ---- which are one ---- */

/* Only the flags of the answer live on. */
static struct matching judge(const struct wm_problem *p)
{
    struct matching m;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    assert_int_equal(matching_solve(p, &arena, NULL, NULL, &m), WM_OK);
    arena_fini(&arena);
    return m;
}

/* Two groups who want resource 0, and the second also one more or another use of it. */
static struct wm_problem *two_groups(int64_t limit, int64_t other_limit, int64_t first_use, int64_t second_use)
{
    struct wm_problem *p = begin(false);
    assert_int_equal(problem_add_resource(p, NULL, limit, false), WM_OK);
    assert_int_equal(problem_add_resource(p, NULL, other_limit, false), WM_OK);
    for (int g = 0; g < 2; g++) {
        assert_int_equal(problem_add_group(p, NULL, false), WM_OK);
        option(p, 5, 0, g ? second_use : first_use);
        assert_int_equal(problem_add_use(p, 1, 1), WM_OK);
    }
    return p;
}

static void knows_one_when_it_sees_one(void **state)
{
    struct {
        int64_t limit, other_limit, first_use, second_use;
        bool is_one;
    } cases[] = {
        {1, 2, 1, 1, true},  /* the other resource serves everybody */
        {1, 1, 1, 1, true},  /* two scarce ones, and whoever uses the one uses the other */
        {2, 1, 1, 1, true},  /* now the first serves everybody */
        {2, 2, 1, 2, false}, /* unlike uses */
        {3, 2, 1, 2, true},  /* which are no matter while there is enough */
        {1, 2, 1, 2, true},  /* nor when one of them can never be had */
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wm_problem *p =
            two_groups(cases[i].limit, cases[i].other_limit, cases[i].first_use, cases[i].second_use);
        assert_int_equal(judge(p).is_one, cases[i].is_one);
        wm_problem_free(p);
    }
}

/* Three groups, three limits, each group two of them: no two nest. */
static void leaves_alone_what_does_not_nest(void **state)
{
    struct wm_problem *p = begin(false);
    (void)state;
    for (size_t r = 0; r < 3; r++)
        assert_int_equal(problem_add_resource(p, NULL, 1, false), WM_OK);
    for (size_t g = 0; g < 3; g++) {
        assert_int_equal(problem_add_group(p, NULL, false), WM_OK);
        option(p, 5, g, 1);
        assert_int_equal(problem_add_use(p, (g + 1) % 3, 1), WM_OK);
    }
    assert_false(judge(p).is_one);
    wm_problem_free(p);
}

static void serves_locks_first_whatever_they_use(void **state)
{
    struct wm_problem *p = two_groups(2, 2, 2, 1);
    struct matching m;
    struct arena arena;
    (void)state;
    arena_init(&arena, 1 << 20);
    assert_int_equal(problem_lock(p, 1), WM_OK);
    assert_int_equal(matching_solve(p, &arena, NULL, NULL, &m), WM_OK);
    assert_true(m.is_one && m.feasible && m.value_nano == 5);
    assert_true(m.choice[0] == UINT32_MAX && m.choice[1] == 1);
    assert_int_equal(problem_lock(p, 0), WM_OK); /* three of two */
    assert_int_equal(matching_solve(p, &arena, NULL, NULL, &m), WM_OK);
    assert_true(m.is_one && !m.feasible);
    arena_fini(&arena);
    wm_problem_free(p);
}

static void solves_nothing_at_all(void **state)
{
    struct wm_problem *p = begin(true);
    struct matching m;
    struct arena arena;
    (void)state;
    arena_init(&arena, 1 << 20);
    assert_int_equal(matching_solve(p, &arena, NULL, NULL, &m), WM_OK);
    assert_true(m.is_one && m.feasible && m.value_nano == 0);
    arena_fini(&arena);
    wm_problem_free(p);
}

/* A group who must and openings enough for all, or as many as there are, or fewer: all three shapes of the same costs. */
static void serves_a_crowd_at_the_least_cost(void **state)
{
    uint64_t seed = 2;
    (void)state;
    for (size_t resources = 39; resources <= 42; resources++) {
        struct wm_problem *p = begin(true);
        struct arena arena;
        struct matching m;
        int64_t choices[40];
        struct wm_solution_verdict verdict;
        arena_init(&arena, 64 << 20);
        for (size_t r = 0; r < resources; r++)
            assert_int_equal(problem_add_resource(p, NULL, MICRO, false), WM_OK);
        for (size_t g = 0; g < 40; g++) {
            assert_int_equal(problem_add_group(p, NULL, true), WM_OK);
            for (size_t r = 0; r < resources; r++) {
                assert_int_equal(problem_add_option(p, NULL, (int64_t)(1 + gen_below(&seed, 100)) * NANO), WM_OK);
                assert_int_equal(problem_add_use(p, r, MICRO), WM_OK);
            }
        }
        assert_int_equal(matching_solve(p, &arena, NULL, NULL, &m), WM_OK);
        assert_true(m.is_one);
        assert_int_equal(m.feasible, resources >= 40);
        for (size_t g = 0; g < 40 && m.feasible; g++)
            choices[g] = (int64_t)m.choice[g];
        if (m.feasible) {
            assert_int_equal(wm_solution_verify(p, choices, m.price, &verdict), WM_OK);
            assert_true(verdict.feasible && verdict.bound <= verdict.value);
            assert_true(verdict.value - verdict.bound <= 1e-9 * verdict.value);
        }
        arena_fini(&arena);
        wm_problem_free(p);
    }
}

static bool stop_at_once(void *arg)
{
    (void)arg;
    return true;
}

static void ends_when_told(void **state)
{
    struct wm_problem *p = begin(false);
    struct arena arena;
    struct matching m;
    (void)state;
    arena_init(&arena, 1 << 20);
    for (size_t g = 0; g < 2; g++) {
        assert_int_equal(problem_add_resource(p, NULL, 1, false), WM_OK);
        assert_int_equal(problem_add_group(p, NULL, true), WM_OK);
        option(p, 5, 0, 1);
    }
    assert_int_equal(matching_solve(p, &arena, stop_at_once, NULL, &m), WM_OK);
    assert_true(m.is_one && m.stopped);
    wm_problem_free(p);
    p = two_groups(1, 1, 1, 1); /* nests */
    assert_int_equal(matching_solve(p, &arena, stop_at_once, NULL, &m), WM_OK);
    assert_true(m.is_one && m.stopped);
    arena_fini(&arena);
    wm_problem_free(p);
}

static void fail_each_allocation(struct wm_problem *(*draw_one)(uint64_t *seed))
{
    uint64_t seed = 3;
    size_t n = 0;
    struct wm_problem *p = draw_one(&seed);
    while (p->n_options < 10 || !judge(p).is_one || !judge(p).feasible) {
        wm_problem_free(p);
        p = draw_one(&seed);
    }
    for (int status = WM_EMEMORY; status != WM_OK; n++) {
        struct arena arena;
        struct matching m;
        arena_init(&arena, n * 64);
        status = matching_solve(p, &arena, NULL, NULL, &m);
        assert_true(status == WM_OK || status == WM_EMEMORY);
        arena_fini(&arena);
        arena_init(&arena, 1 << 20);
        fault_after(n + 1);
        int faulty = matching_solve(p, &arena, NULL, NULL, &m);
        fault_off();
        assert_true(faulty == WM_OK || faulty == WM_EMEMORY);
        arena_fini(&arena);
    }
    assert_true(n > 40);
    wm_problem_free(p);
}

static void survives_every_allocation_failing(void **state)
{
    (void)state;
    fail_each_allocation(draw);
    fail_each_allocation(draw_nest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_brute_force_finds),         cmocka_unit_test(finds_it_where_limits_nest),
        cmocka_unit_test(leaves_alone_what_does_not_nest),      cmocka_unit_test(knows_one_when_it_sees_one),
        cmocka_unit_test(serves_locks_first_whatever_they_use), cmocka_unit_test(solves_nothing_at_all),
        cmocka_unit_test(serves_a_crowd_at_the_least_cost),     cmocka_unit_test(ends_when_told),
        cmocka_unit_test(survives_every_allocation_failing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
