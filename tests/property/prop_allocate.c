/*
 * Plans against the truth: on thousands of tiny questions every plan there is gets counted, and wm_plan_make must find the
 * best, prove it, and name conflicts that are conflicts and contain nothing needless. On larger ones its bound and value
 * must agree with the exact solver's on the problem written out, and the laws of allocation must hold.
 */
#include "gen.h"
#include "fault.h"
#include "problem.h"
#include "wellmatch_plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DATASETS = 120, QUESTIONS = 25, RULES_MAX = 4, STEPS_MOST = 3000000 };

/* ---- every plan of an explicit problem ---- */

struct search {
    const struct wm_problem *p;
    wide used[64];
    wide value, best;
    bool found;
    size_t steps;
};

static bool locked_elsewhere(const struct wm_problem *p, size_t group, uint32_t option)
{
    for (size_t l = 0; l < p->n_locks; l++)
        if (p->locks[l].group == group && p->locks[l].option != option)
            return true;
    return false;
}

static void count_plans(struct search *s, size_t group)
{
    const struct wm_problem *p = s->p;
    if (++s->steps > STEPS_MOST)
        return;
    if (group == p->n_groups) {
        for (size_t r = 0; r < p->n_resources; r++)
            if (p->resource_must[r] && s->used[r] != p->limit_micro[r])
                return;
        if (!s->found || s->value > s->best)
            s->best = s->value;
        s->found = true;
        return;
    }
    if (!p->must[group] && !locked_elsewhere(p, group, UINT32_MAX))
        count_plans(s, group + 1);
    for (uint32_t o = p->first_option[group]; o < p->first_option[group + 1]; o++) {
        bool fits = !p->forbidden[o] && !locked_elsewhere(p, group, o);
        for (size_t u = p->first_use[o]; u < p->first_use[o + 1] && fits; u++)
            fits = s->used[p->use_resource[u]] + p->use_micro[u] <= p->limit_micro[p->use_resource[u]];
        if (!fits)
            continue;
        for (size_t u = p->first_use[o]; u < p->first_use[o + 1]; u++)
            s->used[p->use_resource[u]] += p->use_micro[u];
        s->value += p->value_nano[o];
        count_plans(s, group + 1);
        s->value -= p->value_nano[o];
        for (size_t u = p->first_use[o]; u < p->first_use[o + 1]; u++)
            s->used[p->use_resource[u]] -= p->use_micro[u];
    }
}

/* False: too many plans to count. */
static bool best_of_all(const struct wm_dataset *dataset, const struct wm_plan_request *request, bool *found,
                        int64_t *best)
{
    struct wm_problem *problem = NULL;
    assert_int_equal(wm_plan_problem(dataset, request, &problem), WM_OK);
    struct search s = {.p = problem};
    bool small = problem->n_resources <= 64;
    if (small)
        count_plans(&s, 0);
    *found = s.found;
    *best = (int64_t)s.best;
    wm_problem_free(problem);
    return small && s.steps <= STEPS_MOST;
}

/* ---- questions ---- */

struct question {
    struct wm_plan_request request;
    struct wm_plan_rule locks[RULES_MAX], forbids[RULES_MAX];
    uint32_t must_fill[RULES_MAX];
    struct wm_limit_change limits[RULES_MAX];
    struct wm_placement base[RULES_MAX];
};

static uint32_t draw(uint64_t *state, size_t n)
{
    return (uint32_t)gen_below(state, n);
}

static void draw_rules(struct question *q, const struct wm_dataset *d, uint64_t *state)
{
    size_t leaders = wm_table_rows(d, WM_LEADERS), posts = wm_table_rows(d, WM_POSTS);
    size_t packages = wm_table_rows(d, WM_PACKAGES), mentors = wm_table_rows(d, WM_MENTORS);
    q->request.n_locks = draw(state, 3) == 0 ? draw(state, 3) : 0;
    for (size_t i = 0; i < q->request.n_locks; i++) {
        q->locks[i] = (struct wm_plan_rule){(int32_t)draw(state, leaders), (int32_t)draw(state, posts), WM_NO_ROW, WM_NO_ROW};
        if (draw(state, 3) == 0)
            q->locks[i].package = (int32_t)draw(state, packages);
        if (draw(state, 6) == 0 && mentors > 0)
            q->locks[i].mentor = (int32_t)draw(state, mentors);
    }
    q->request.n_forbids = draw(state, 3) == 0 ? draw(state, RULES_MAX) : 0;
    for (size_t i = 0; i < q->request.n_forbids; i++) {
        q->forbids[i] = (struct wm_plan_rule){WM_NO_ROW, WM_NO_ROW, WM_NO_ROW, WM_NO_ROW};
        switch (draw(state, 4)) {
        case 0: q->forbids[i].leader = (int32_t)draw(state, leaders); break;
        case 1: q->forbids[i].post = (int32_t)draw(state, posts); break;
        case 2: q->forbids[i].leader = (int32_t)draw(state, leaders); /* fall through */
        default: q->forbids[i].package = (int32_t)draw(state, packages); break;
        }
    }
    q->request.n_must_fill = draw(state, 4) == 0 ? 1 + draw(state, 2) : 0;
    for (size_t i = 0; i < q->request.n_must_fill; i++)
        q->must_fill[i] = draw(state, posts);
}

static void draw_limits(struct question *q, const struct wm_dataset *d, uint64_t *state)
{
    static const enum wm_table tables[] = {WM_POSTS, WM_BUDGETS, WM_PACKAGES, WM_MENTORS};
    static const int64_t most[] = {3, 60000, 4, 100};
    q->request.n_limits = draw(state, 2) ? draw(state, RULES_MAX + 1) : 0;
    for (size_t i = 0; i < q->request.n_limits; i++) {
        uint32_t kind = draw(state, 4);
        if (wm_table_rows(d, tables[kind]) == 0)
            kind = 0;
        q->limits[i] = (struct wm_limit_change){(enum wm_resource_kind)kind, draw(state, wm_table_rows(d, tables[kind])),
                                                draw(state, 3) == 0, (int64_t)gen_below(state, (uint64_t)most[kind])};
    }
    if (draw(state, 4) != 0)
        return;
    q->request.n_base = draw(state, RULES_MAX);
    for (size_t i = 0; i < q->request.n_base; i++)
        q->base[i] = (struct wm_placement){(uint32_t)i, draw(state, wm_table_rows(d, WM_POSTS)), 0, WM_NO_ROW};
    if (q->request.n_base > wm_table_rows(d, WM_LEADERS))
        q->request.n_base = wm_table_rows(d, WM_LEADERS);
    q->request.moves_max = draw(state, 2) ? (int64_t)draw(state, 3) : WM_MISSING;
    q->request.move_penalty_nano = draw(state, 2) ? (int64_t)gen_below(state, 30000000) : 0;
}

static void draw_question(struct question *q, const struct wm_dataset *d, uint64_t *state)
{
    static const struct wm_plan_request everything = WM_PLAN_REQUEST_INIT;
    static uint32_t rows[16];
    memset(q, 0, sizeof *q);
    q->request = everything;
    draw_rules(q, d, state);
    draw_limits(q, d, state);
    q->request.locks = q->locks;
    q->request.forbids = q->forbids;
    q->request.must_fill = q->must_fill;
    q->request.limits = q->limits;
    q->request.base = q->base;
    for (uint32_t i = 0; i < 16; i++)
        rows[i] = i;
    if (draw(state, 3) == 0) { /* posts whose severity is unknown take part as well */
        q->request.posts = rows;
        q->request.n_posts = wm_table_rows(d, WM_POSTS);
    }
}

/* Without the conflict's other members, does the question hold again? `keep` of n_conflict: SIZE_MAX keeps all. */
static bool holds_without(const struct wm_dataset *d, const struct question *q, const struct wm_plan *plan, size_t left_out)
{
    struct question part = *q;
    part.request.locks = part.locks;
    part.request.must_fill = part.must_fill;
    part.request.n_locks = part.request.n_must_fill = 0;
    for (size_t i = 0; i < plan->n_conflict; i++) {
        if (i == left_out)
            continue;
        if (plan->conflict[i].kind == WM_DEMAND_LOCK)
            part.locks[part.request.n_locks++] = q->locks[plan->conflict[i].index];
        else
            part.must_fill[part.request.n_must_fill++] = q->must_fill[plan->conflict[i].index];
    }
    bool found;
    int64_t best;
    assert_true(best_of_all(d, &part.request, &found, &best));
    return found;
}

static void check_conflict(const struct wm_dataset *d, const struct question *q, const struct wm_plan *plan)
{
    assert_true(plan->n_conflict > 0);
    assert_true(plan->conflict_least);
    assert_false(holds_without(d, q, plan, SIZE_MAX));
    for (size_t i = 0; i < plan->n_conflict; i++)
        assert_true(holds_without(d, q, plan, i));
}

static void check_question(const struct wm_dataset *d, const struct question *q, size_t *counted, size_t *infeasible)
{
    bool found;
    int64_t best;
    struct wm_plan *plan = NULL;
    if (!best_of_all(d, &q->request, &found, &best))
        return;
    int code = wm_plan_make(d, &q->request, NULL, &plan);
    assert_int_equal(code, WM_OK);
    ++*counted;
    if (!found) {
        ++*infeasible;
        assert_int_equal(plan->status, WM_PLAN_INFEASIBLE);
        check_conflict(d, q, plan);
    } else {
        assert_int_equal(plan->status, WM_PLAN_OPTIMAL);
        assert_true(plan->found);
        assert_int_equal(plan->value_nano, best);
        assert_true(plan->bound_nano >= best);
        assert_true(plan->priced_nano >= best);
        assert_true(plan->gap <= 1e-9);
    }
    wm_plan_free(plan);
}

static void test_all_plans(void **state)
{
    (void)state;
    size_t counted = 0, infeasible = 0;
    for (uint64_t seed = 1; seed <= DATASETS; seed++) {
        struct gen_options options = {.seed = seed,
                                      .leaders = 1 + seed % 5,
                                      .posts = 1 + seed % 3,
                                      .packages = 1 + seed % 4,
                                      .mentors = seed % 4,
                                      .missing_pct = seed % 7 == 0 ? 20 : 0,
                                      .twins = seed % 5 == 0,
                                      .narrow = seed % 6 != 0};
        struct gen_set set;
        uint64_t draws = seed * 7919;
        gen_make(&options, &set);
        struct wm_dataset *dataset = gen_build(&set);
        for (int i = 0; i < QUESTIONS; i++) {
            struct question q;
            draw_question(&q, dataset, &draws);
            check_question(dataset, &q, &counted, &infeasible);
        }
        wm_dataset_unref(dataset);
        gen_free(&set);
    }
    print_message("%zu questions, %zu of them infeasible\n", counted, infeasible);
    assert_true(counted > DATASETS * QUESTIONS / 2);
    assert_true(infeasible > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_plans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
