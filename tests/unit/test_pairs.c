/*
 * Which pairs there are: exactly those whose every hard rule passes in an explanation, by every kernel and in any
 * order.
 */
#include "fault.h"
#include "gen.h"
#include "pairs.h"
#include "request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const kernels[] = {"baseline", "avx2", "avx512"};

struct found_pairs {
    struct arena arena;
    struct scenario s;
    struct pairs pairs;
};

static void find(struct found_pairs *out, const struct wm_dataset *dataset, const struct wm_plan_request *request,
                 const struct wm_solve_options *options)
{
    arena_init(&out->arena, SIZE_MAX);
    assert_int_equal(scenario_init(&out->s, &out->arena, dataset, request), WM_OK);
    assert_int_equal(pairs_find(&out->pairs, &out->arena, &out->s, options), WM_OK);
}

static bool passes(const struct wm_explanation *e)
{
    for (int rule = 0; rule < WM_RULE_COUNT; rule++)
        if (rule != WM_RULE_package && e->rules[rule].verdict != WM_PASSED)
            return false;
    return true;
}

static int64_t best_value(const struct scenario *s, size_t lane, size_t post)
{
    int64_t best = 0;
    for (size_t e = 0; e < s->menus[post].n; e++) {
        int64_t value = scenario_value(s, lane, post, &s->menus[post].entries[e]);
        value += scenario_is_move(s, lane, post) ? s->move_penalty_nano : 0;
        best = value > best ? value : best;
    }
    return best;
}

/* Every pair of the dataset, one explanation each. */
static size_t check_all(const struct wm_dataset *dataset, const struct wm_plan_request *request)
{
    struct found_pairs f;
    find(&f, dataset, request, NULL);
    size_t n = 0;
    for (size_t post = 0; post < f.s.n_posts; post++)
        for (size_t lane = 0; lane < f.s.n_lanes; lane++) {
            struct wm_explanation *e;
            assert_int_equal(wm_explain_pair(dataset, dataset->leaders.row_of_lane[lane], post, &e), WM_OK);
            if (passes(e) && f.s.post_in[post] && f.s.lane_in[lane]) {
                assert_in_range(n, f.pairs.first[post], f.pairs.first[post + 1] - 1);
                assert_int_equal(f.pairs.lane[n], lane);
                assert_int_equal(f.pairs.benefit_micro[n], e->match.score.benefit_micro);
                assert_int_equal(f.pairs.common_micro[n], e->match.score.logit_term_micro[WM_ACCEPT_distance] +
                                                              e->match.score.logit_term_micro[WM_ACCEPT_preference]);
                assert_int_equal(f.pairs.most_nano[n], best_value(&f.s, lane, post));
                n++;
            }
            wm_explanation_free(e);
        }
    assert_int_equal(n, f.pairs.n);
    assert_int_equal(n, f.pairs.first[f.s.n_posts]);
    arena_fini(&f.arena);
    return n;
}

static void sample_has_the_pairs_of_explanations(void **state)
{
    (void)state;
    struct wm_dataset *dataset;
    const struct wm_plan_request all = WM_PLAN_REQUEST_INIT;
    assert_int_equal(wm_dataset_load("data/sample", NULL, &dataset), WM_OK);
    assert_in_range(check_all(dataset, &all), 400, 24000);
    wm_dataset_unref(dataset);
}

static void make(uint64_t seed, struct gen_set *set)
{
    gen_make(&(struct gen_options){.seed = seed,
                                   .leaders = 1 + seed * 13 % 90,
                                   .posts = 5,
                                   .packages = 4,
                                   .mentors = 3,
                                   .missing_pct = (unsigned)(seed % 4 * 10),
                                   .zero_needs = seed % 7 == 6,
                                   .narrow = seed % 3 == 2},
             set);
}

static void random_datasets_have_the_pairs_of_explanations(void **state)
{
    (void)state;
    size_t n = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct gen_set set;
        make(seed, &set);
        struct wm_dataset *dataset = gen_build(&set);
        const struct wm_plan_request all = WM_PLAN_REQUEST_INIT;
        n += check_all(dataset, &all);
        for (uint64_t draw = 0; draw < 3; draw++) {
            struct drawn_request drawn;
            request_draw(&drawn, dataset, seed * 10 + draw);
            n += check_all(dataset, &drawn.request);
        }
        wm_dataset_unref(dataset);
        gen_free(&set);
    }
    assert_true(n > 1000);
}

static void assert_same_pairs(const struct pairs *a, const struct pairs *b)
{
    assert_int_equal(a->n, b->n);
    assert_int_equal(a->n_posts, b->n_posts);
    assert_memory_equal(a->first, b->first, (a->n_posts + 1) * sizeof *a->first);
    if (a->n == 0)
        return;
    assert_memory_equal(a->lane, b->lane, a->n * sizeof *a->lane);
    assert_memory_equal(a->benefit_micro, b->benefit_micro, a->n * sizeof *a->benefit_micro);
    assert_memory_equal(a->common_micro, b->common_micro, a->n * sizeof *a->common_micro);
    assert_memory_equal(a->most_nano, b->most_nano, a->n * sizeof *a->most_nano);
}

static void kernels_and_threads_find_the_same(void **state)
{
    (void)state;
    struct wm_dataset *dataset;
    const struct wm_plan_request all = WM_PLAN_REQUEST_INIT;
    struct wm_solve_options options[3] = {WM_SOLVE_INIT, {.parallel = parts_backwards}, {.parallel = parts_on_threads}};
    struct found_pairs first, other;
    assert_int_equal(wm_dataset_load("data/sample", NULL, &dataset), WM_OK);
    find(&first, dataset, &all, NULL);
    for (size_t k = 0; k < sizeof kernels / sizeof *kernels; k++) {
        if (wm_dataset_use_kernel(dataset, kernels[k]) != WM_OK)
            continue;
        for (size_t o = 0; o < 3; o++) {
            find(&other, dataset, &all, &options[o]);
            assert_same_pairs(&first.pairs, &other.pairs);
            arena_fini(&other.arena);
        }
    }
    arena_fini(&first.arena);
    wm_dataset_unref(dataset);
}

/* Nobody at all, posts that take no part, and a request that leaves out everything. */
static void nothing_is_found_where_nothing_is(void **state)
{
    (void)state;
    struct gen_set set;
    gen_make(&(struct gen_options){.seed = 1, .leaders = 0, .posts = 3, .packages = 2, .mentors = 1}, &set);
    struct wm_dataset *dataset = gen_build(&set);
    const struct wm_plan_request all = WM_PLAN_REQUEST_INIT;
    struct found_pairs f;
    find(&f, dataset, &all, NULL);
    assert_int_equal(f.pairs.n, 0);
    arena_fini(&f.arena);
    wm_dataset_unref(dataset);
    gen_free(&set);

    make(4, &set);
    dataset = gen_build(&set);
    struct wm_plan_request none = WM_PLAN_REQUEST_INIT;
    const uint32_t no_rows = 0;
    none.posts = &no_rows;
    find(&f, dataset, &none, NULL);
    assert_int_equal(f.pairs.n, 0);
    arena_fini(&f.arena);
    wm_dataset_unref(dataset);
    gen_free(&set);
}

static void seek_finds_the_first_not_below(void **state)
{
    (void)state;
    uint32_t lanes[50];
    for (size_t n = 0; n <= 50; n++) {
        for (size_t i = 0; i < n; i++)
            lanes[i] = (uint32_t)(3 * i + 1);
        for (size_t at = 0; at <= n; at++)
            for (uint32_t lane = 0; lane < 160; lane++) {
                size_t plain = at;
                while (plain < n && lanes[plain] < lane)
                    plain++;
                assert_int_equal(lanes_seek(lanes, n, at, lane), plain);
            }
    }
}

static bool give_up(void *arg)
{
    size_t *left = arg;
    return (*left)-- == 0;
}

/* Stopped, there are none, and it is said; asked no more, there are all. */
static void who_stops_gets_none(void **state)
{
    (void)state;
    struct gen_set set;
    make(8, &set);
    struct wm_dataset *dataset = gen_build(&set);
    const struct wm_plan_request all = WM_PLAN_REQUEST_INIT;
    struct found_pairs whole;
    find(&whole, dataset, &all, NULL);
    assert_true(whole.pairs.n > 0 && !whole.pairs.stopped);
    bool stopped = true;
    for (size_t after = 0; stopped; after++) {
        struct found_pairs f;
        size_t left = after;
        struct wm_solve_options options = WM_SOLVE_INIT;
        options.stop = give_up;
        options.arg = &left;
        find(&f, dataset, &all, &options);
        stopped = f.pairs.stopped;
        assert_int_equal(f.pairs.n, stopped ? 0 : whole.pairs.n);
        assert_int_equal(f.pairs.first[f.pairs.n_posts], f.pairs.n);
        assert_true(after < 100);
        arena_fini(&f.arena);
    }
    arena_fini(&whole.arena);
    wm_dataset_unref(dataset);
    gen_free(&set);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct gen_set set;
    make(8, &set);
    struct wm_dataset *dataset = gen_build(&set);
    const struct wm_plan_request all = WM_PLAN_REQUEST_INIT;
    struct arena arena;
    struct scenario s;
    struct pairs pairs;
    int code = WM_EMEMORY;
    for (size_t n = 1; code != WM_OK; n++) {
        arena_init(&arena, SIZE_MAX);
        assert_int_equal(scenario_init(&s, &arena, dataset, &all), WM_OK);
        fault_after(n);
        code = pairs_find(&pairs, &arena, &s, NULL);
        fault_off();
        arena_fini(&arena);
        assert_true(code == WM_OK || code == WM_EMEMORY);
        assert_true(n < 1000);
    }
    wm_dataset_unref(dataset);
    gen_free(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sample_has_the_pairs_of_explanations),
        cmocka_unit_test(random_datasets_have_the_pairs_of_explanations),
        cmocka_unit_test(kernels_and_threads_find_the_same),
        cmocka_unit_test(nothing_is_found_where_nothing_is),
        cmocka_unit_test(seek_finds_the_first_not_below),
        cmocka_unit_test(who_stops_gets_none),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
