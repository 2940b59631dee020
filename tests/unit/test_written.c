/*
 * A question written out as an explicit problem: every option that loops find, with its value and uses, and no other.
 */
#include "fault.h"
#include "gen.h"
#include "pairs.h"
#include "problem.h"
#include "request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void make(uint64_t seed, struct gen_set *set)
{
    gen_make(&(struct gen_options){.seed = seed,
                                   .leaders = 10 + seed * 7 % 50,
                                   .posts = 5,
                                   .packages = 5,
                                   .mentors = 6,
                                   .missing_pct = (unsigned)(seed % 2 * 5),
                                   .narrow = seed % 2 == 0},
             set);
}

static size_t resource_of(const struct wm_problem *p, const struct scenario *s, size_t resource)
{
    static const char *const kinds[] = {"openings", "budget", "stock", "mentor"};
    static const enum wm_table tables[] = {WM_POSTS, WM_BUDGETS, WM_PACKAGES, WM_MENTORS};
    char name[300] = "moves";
    size_t row, found;
    enum wm_resource_kind kind = wm_resource_at(s->dataset, resource, &row);
    if (kind != WM_RESOURCE_MOVES)
        snprintf(name, sizeof name, "%s:%s", kinds[kind], wm_row_id(s->dataset, tables[kind], row));
    for (char *at = name; *at != '\0'; at++)
        *at = *at == ' ' ? '_' : *at;
    return wm_problem_find_resource(p, name, &found) == WM_OK ? found : SIZE_MAX;
}

static void check_resources(const struct wm_problem *p, const struct scenario *s)
{
    size_t n = 0;
    for (size_t r = 0; r < s->n_resources; r++) {
        size_t found = resource_of(p, s, r);
        assert_int_equal(found != SIZE_MAX, s->limit[r] != LIMIT_NONE);
        if (found == SIZE_MAX)
            continue;
        assert_int_equal(p->limit_micro[found], s->limit[r] * MICRO);
        assert_int_equal(p->resource_must[found], r < s->n_posts && s->must_fill[r]);
        n++;
    }
    assert_int_equal(wm_problem_resources(p), n);
}

static int64_t use_of(const struct wm_problem *p, size_t option, size_t resource)
{
    int64_t use = 0;
    for (uint32_t u = p->first_use[option]; u < p->first_use[option + 1]; u++)
        use += p->use_resource[u] == resource ? p->use_micro[u] : 0;
    return use;
}

static void check_option(const struct wm_problem *p, const struct scenario *s, size_t lane, size_t post,
                         const struct menu_entry *entry)
{
    char name[120];
    size_t group, option, n_uses = entry->n_uses;
    snprintf(name, sizeof name, "%s/%s%s%s", wm_row_id(s->dataset, WM_POSTS, post),
             wm_row_id(s->dataset, WM_PACKAGES, entry->package), entry->mentor == WM_NO_ROW ? "" : "/",
             entry->mentor == WM_NO_ROW ? "" : wm_row_id(s->dataset, WM_MENTORS, (size_t)entry->mentor));
    const char *leader = wm_row_id(s->dataset, WM_LEADERS, s->dataset->leaders.row_of_lane[lane]);
    assert_int_equal(wm_problem_find_option(p, leader, name, &group, &option), WM_OK);
    assert_int_equal(p->value_nano[option], scenario_value(s, lane, post, entry));
    assert_int_equal(p->must[group], s->lock_of_lane[lane] >= 0);
    for (size_t u = 0; u < entry->n_uses; u++)
        assert_int_equal(use_of(p, option, resource_of(p, s, entry->resource[u])), entry->use[u] * MICRO);
    if (s->limit[s->moves] != LIMIT_NONE && scenario_is_move(s, lane, post)) {
        assert_int_equal(use_of(p, option, resource_of(p, s, s->moves)), MICRO);
        n_uses++;
    }
    assert_int_equal(p->first_use[option + 1] - p->first_use[option], n_uses);
}

static size_t check_problem(const struct wm_dataset *dataset, const struct wm_plan_request *request)
{
    struct arena arena;
    struct scenario s;
    struct pairs pairs;
    struct wm_problem *p;
    size_t n = 0;
    arena_init(&arena, SIZE_MAX);
    assert_int_equal(scenario_init(&s, &arena, dataset, request), WM_OK);
    assert_int_equal(pairs_find(&pairs, &arena, &s, NULL), WM_OK);
    assert_int_equal(wm_plan_problem(dataset, request, &p), WM_OK);
    assert_false(wm_problem_minimises(p));
    check_resources(p, &s);
    for (size_t post = 0; post < s.n_posts; post++)
        for (size_t i = pairs.first[post]; i < pairs.first[post + 1]; i++)
            for (size_t e = 0; e < s.menus[post].n; e++)
                if (scenario_allows(&s, pairs.lane[i], post, &s.menus[post].entries[e])) {
                    check_option(p, &s, pairs.lane[i], post, &s.menus[post].entries[e]);
                    n++;
                }
    assert_int_equal(wm_problem_options(p), n);
    for (size_t lane = 0; lane < s.n_lanes; lane++) /* who is locked has a group, with options or without */
        if (s.lock_of_lane[lane] >= 0) {
            const char *leader = wm_row_id(dataset, WM_LEADERS, dataset->leaders.row_of_lane[lane]);
            bool found = false;
            for (size_t g = 0; g < wm_problem_groups(p); g++)
                found |= p->must[g] && strcmp(wm_problem_group_name(p, g), leader) == 0;
            assert_true(found);
        }
    wm_problem_free(p);
    arena_fini(&arena);
    return n;
}

static void every_option_is_written(void **state)
{
    (void)state;
    size_t n = 0;
    for (uint64_t seed = 0; seed < 10; seed++) {
        struct gen_set set;
        make(seed, &set);
        struct wm_dataset *dataset = gen_build(&set);
        const struct wm_plan_request all = WM_PLAN_REQUEST_INIT;
        n += check_problem(dataset, &all);
        for (uint64_t draw = 0; draw < 6; draw++) {
            struct drawn_request drawn;
            request_draw(&drawn, dataset, seed * 31 + draw);
            n += check_problem(dataset, &drawn.request);
        }
        wm_dataset_unref(dataset);
        gen_free(&set);
    }
    assert_true(n > 1000);
}

struct text {
    char *bytes;
    size_t len;
};

static bool put(void *arg, const char *bytes, size_t len)
{
    struct text *text = arg;
    text->bytes = realloc(text->bytes, text->len + len + 1);
    memcpy(text->bytes + text->len, bytes, len);
    text->len += len;
    return true;
}

/* The names can be written: what is read back is the same problem. */
static void the_text_reads_back(void **state)
{
    (void)state;
    struct wm_dataset *dataset;
    struct wm_problem *p, *again;
    struct text text = {NULL, 0}, twice = {NULL, 0};
    struct wm_plan_request request = WM_PLAN_REQUEST_INIT;
    const uint32_t must = 3;
    assert_int_equal(wm_dataset_load("data/sample", NULL, &dataset), WM_OK);
    request.must_fill = &must;
    request.n_must_fill = 1;
    request.moves_max = 5;
    assert_int_equal(wm_plan_problem(dataset, &request, &p), WM_OK);
    wm_problem_write(p, put, &text);
    assert_int_equal(wm_problem_parse("text", text.bytes, text.len, NULL, &again), WM_OK);
    wm_problem_write(again, put, &twice);
    assert_int_equal(text.len, twice.len);
    assert_memory_equal(text.bytes, twice.bytes, text.len);
    free(text.bytes);
    free(twice.bytes);
    wm_problem_free(again);
    wm_problem_free(p);
    wm_dataset_unref(dataset);
}

static void what_is_wrong_with_the_request_is_told(void **state)
{
    (void)state;
    struct gen_set set;
    struct wm_problem *p;
    const uint32_t beyond = 1000000;
    make(1, &set);
    struct wm_dataset *dataset = gen_build(&set);
    struct wm_plan_request unknown = WM_PLAN_REQUEST_INIT, bad = WM_PLAN_REQUEST_INIT, huge = WM_PLAN_REQUEST_INIT;
    unknown.posts = &beyond;
    unknown.n_posts = 1;
    bad.move_penalty_nano = -1;
    huge.move_penalty_nano = INT64_MAX; /* no value of a problem */
    assert_int_equal(wm_plan_problem(dataset, &unknown, &p), WM_EUNKNOWN);
    assert_int_equal(wm_plan_problem(dataset, &bad, &p), WM_EARGUMENT);
    assert_int_equal(wm_plan_problem(dataset, &huge, &p), WM_ELIMIT);
    const struct wm_limit_change much = {WM_RESOURCE_BUDGET, 0, false, INT64_MAX};
    struct wm_plan_request rich = WM_PLAN_REQUEST_INIT;
    rich.limits = &much;
    rich.n_limits = 1;
    assert_int_equal(wm_plan_problem(dataset, &rich, &p), WM_OK); /* as much as a problem can say is enough for all */
    size_t r;
    char name[100];
    snprintf(name, sizeof name, "budget:%s", wm_row_id(dataset, WM_BUDGETS, 0));
    assert_int_equal(wm_problem_find_resource(p, name, &r), WM_OK);
    assert_int_equal(p->limit_micro[r], INT64_C(1000000000000) * MICRO);
    wm_problem_free(p);
    wm_dataset_unref(dataset);
    gen_free(&set);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct gen_set set;
    make(2, &set);
    struct wm_dataset *dataset = gen_build(&set);
    struct drawn_request drawn;
    struct wm_problem *p;
    int code = WM_EMEMORY;
    request_draw(&drawn, dataset, 5);
    for (size_t n = 1; code != WM_OK; n++) {
        fault_after(n);
        code = wm_plan_problem(dataset, &drawn.request, &p);
        fault_off();
        assert_true(code == WM_OK || code == WM_EMEMORY);
        assert_true(n < 10000);
    }
    wm_problem_free(p);
    wm_dataset_unref(dataset);
    gen_free(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_option_is_written),
        cmocka_unit_test(the_text_reads_back),
        cmocka_unit_test(what_is_wrong_with_the_request_is_told),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
