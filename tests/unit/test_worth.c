/*
 * What one step more is worth: the ranges against solving again to the end, on countries small enough for it, and the
 * laws that hold whatever the solver did.
 */
#include "fault.h"
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int64_t best_with(const struct world *w, const struct wm_plan_request *request, size_t resource, int64_t step)
{
    struct wm_plan_request more = *request;
    struct wm_limit_change *limits = calloc(request->n_limits + 1, sizeof *limits);
    struct wm_plan *plan;
    size_t row;
    for (size_t i = 0; i < request->n_limits; i++)
        limits[i] = request->limits[i];
    enum wm_resource_kind kind = wm_resource_at(w->dataset, resource, &row);
    limits[more.n_limits++] = (struct wm_limit_change){kind, (uint32_t)row, true, step};
    more.limits = limits;
    assert_int_equal(wm_plan_make(w->dataset, &more, NULL, &plan), WM_OK);
    assert_int_equal(plan->status, WM_PLAN_OPTIMAL);
    int64_t value = plan->value_nano;
    wm_plan_free(plan);
    free(limits);
    return value;
}

static size_t musts_below_zero; /* seen in all tests */

static wide_sum told(const struct wm_worth *x)
{
    return x->resolved ? (wide_sum)x->resolved_nano * 1000000 : (wide_sum)x->price_femto * x->step;
}

static void check_order(const struct wm_plan_report *report)
{
    for (size_t i = 1; i < report->n_worth; i++) {
        const struct wm_worth *a = &report->worth[i - 1], *b = &report->worth[i];
        assert_true(a->resolved || !b->resolved);
        assert_true(a->resolved != b->resolved || told(a) > told(b) ||
                    (told(a) == told(b) && a->resource < b->resource));
    }
}

/* The rows hold every price that the proof needs, those of posts that must be filled among them. */
static void check_proof(const struct world *w, const struct wm_plan_request *request, const struct wm_plan *plan,
                        const struct wm_plan_report *report)
{
    int64_t *femto = calloc(w->n_resources, sizeof *femto);
    const struct wm_prices prices = {femto, plan->n_package_prices, plan->package_prices};
    struct wm_plan_verdict verdict;
    for (size_t i = 0; i < report->n_worth; i++)
        femto[report->worth[i].resource] = report->worth[i].price_femto;
    assert_int_equal(
        wm_plan_verify(w->dataset, request, plan->placements, plan->n_placements, &prices, NULL, NULL, &verdict),
        WM_OK);
    assert_true(verdict.bounded);
    assert_int_equal(verdict.bound_nano, plan->priced_nano);
    free(femto);
}

/* Each row's range holds what solving again to the end finds; returns how many were worth something. */
static size_t check_worth(const struct world *w, const struct wm_plan_request *request, const struct wm_plan *plan,
                          const struct wm_plan_report *report, size_t resolve_max)
{
    size_t worth_something = 0, resolved = 0, musts = 0, priced = 0;
    check_order(report);
    check_proof(w, request, plan, report);
    for (size_t i = 0; i < report->n_worth; i++) {
        const struct wm_worth *x = &report->worth[i];
        size_t row;
        bool budget = wm_resource_at(w->dataset, x->resource, &row) == WM_RESOURCE_BUDGET;
        assert_int_equal(x->step, budget ? 100000 : 1);
        assert_int_equal(x->price_femto, plan->prices_femto[x->resource]);
        assert_int_equal(x->must, x->resource < w->n_posts &&
                                      world_listed(request->must_fill, request->n_must_fill, (uint32_t)x->resource));
        musts += x->must;
        resolved += x->resolved;
        assert_false(x->must && x->resolved);
        if (x->must)
            continue;
        assert_true(x->price_femto > 0);
        int64_t rise = best_with(w, request, x->resource, x->step) - plan->value_nano;
        assert_in_range(rise, x->least_nano, x->most_nano);
        if (x->resolved) /* the plan is proven to the end, and so is this */
            assert_int_equal(x->resolved_nano, rise);
        worth_something += rise > 0;
    }
    size_t ranged = report->n_worth - musts;
    assert_int_equal(resolved, ranged < resolve_max ? ranged : resolve_max);
    for (size_t r = 0; r < w->n_resources; r++) {
        bool must = r < w->n_posts && world_listed(request->must_fill, request->n_must_fill, (uint32_t)r);
        priced += must ? plan->prices_femto[r] != 0 : plan->prices_femto[r] > 0;
        musts_below_zero += must && plan->prices_femto[r] < 0;
    }
    assert_int_equal(report->n_worth, priced);
    return worth_something;
}

static void ranges_hold_what_solving_again_finds(void **state)
{
    (void)state;
    size_t worth_something = 0, rows = 0;
    for (uint64_t seed = 1; seed <= 80; seed++) {
        struct world w;
        uint64_t draws = seed * 13;
        world_init(&w, &(struct gen_options){.seed = seed,
                                             .leaders = 8 + seed % 11,
                                             .posts = 3 + seed % 3,
                                             .packages = 3,
                                             .mentors = seed % 3,
                                             .narrow = true});
        for (size_t i = 0; i < 4 && w.n_options > 0; i++) {
            struct asked a;
            struct wm_plan *plan;
            struct wm_plan_report *report;
            world_ask(&w, &draws, &a);
            a.request.n_locks = 0;
            a.request.n_must_fill = i >= 2 ? a.request.n_must_fill : 0;
            assert_int_equal(wm_plan_make(w.dataset, &a.request, NULL, &plan), WM_OK);
            if (plan->found) {
                assert_int_equal(plan->status, WM_PLAN_OPTIMAL);
                assert_int_equal(wm_plan_explain(w.dataset, &a.request, plan, i * 2, NULL, &report), WM_OK);
                worth_something += check_worth(&w, &a.request, plan, report, i * 2);
                rows += report->n_worth;
                for (size_t p = 0; p < report->n_unfilled; p++) /* a plan that is the best leaves nothing undone */
                    assert_int_not_equal(report->unfilled[p].reason, WM_REASON_not_settled);
                for (size_t l = 0; l < report->n_unplaced; l++)
                    assert_int_not_equal(report->unplaced[l].reason, WM_REASON_not_settled);
                wm_plan_report_free(report);
            }
            wm_plan_free(plan);
        }
        world_drop(&w);
    }
    assert_true(rows > 60);
    assert_true(worth_something > 20);
    assert_true(musts_below_zero > 0);
}

static bool at_once(void *arg)
{
    (void)arg;
    return true;
}

static void a_stop_ends_solving_again(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, &(struct gen_options){.seed = 2, .leaders = 12, .posts = 3, .packages = 3, .narrow = true});
    const struct wm_plan_request request = WM_PLAN_REQUEST_INIT;
    const struct wm_solve_options stop = {.stop = at_once};
    struct wm_plan *plan;
    struct wm_plan_report *report;
    assert_int_equal(wm_plan_make(w.dataset, &request, NULL, &plan), WM_OK);
    assert_int_equal(wm_plan_explain(w.dataset, &request, plan, 100, &stop, &report), WM_OK);
    assert_true(report->n_worth > 0);
    for (size_t i = 0; i < report->n_worth; i++)
        assert_false(report->worth[i].resolved);
    int64_t most = report->worth[0].most_nano;
    wm_plan_report_free(report);

    /* A plan cut short that does not say what its prices prove: the range is worked out all the same. */
    plan->priced_nano = plan->bound_nano - 1;
    plan->stopped = true;
    plan->eligible_pairs = 0;
    assert_int_equal(wm_plan_explain(w.dataset, &request, plan, 0, NULL, &report), WM_OK);
    assert_int_equal(report->worth[0].most_nano, most);
    wm_plan_report_free(report);
    wm_plan_free(plan);
    world_drop(&w);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, &(struct gen_options){.seed = 2, .leaders = 6, .posts = 2, .packages = 2, .narrow = true});
    const struct wm_plan_request request = WM_PLAN_REQUEST_INIT;
    struct wm_plan *plan;
    struct wm_plan_report *report = NULL;
    assert_int_equal(wm_plan_make(w.dataset, &request, NULL, &plan), WM_OK);
    int code = WM_EMEMORY;
    size_t n = 0;
    while (code == WM_EMEMORY) {
        fault_after(++n);
        code = wm_plan_explain(w.dataset, &request, plan, 1, NULL, &report);
        fault_off();
    }
    assert_int_equal(code, WM_OK);
    assert_true(n > 10);
    wm_plan_report_free(report);
    wm_plan_free(plan);
    world_drop(&w);
}

int main(void)
{
    fault_install();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_hold_what_solving_again_finds),
        cmocka_unit_test(a_stop_ends_solving_again),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
