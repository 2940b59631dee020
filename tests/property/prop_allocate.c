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
        q->locks[i] =
            (struct wm_plan_rule){(int32_t)draw(state, leaders), (int32_t)draw(state, posts), WM_NO_ROW, WM_NO_ROW};
        if (draw(state, 3) == 0)
            q->locks[i].package = (int32_t)draw(state, packages);
        if (draw(state, 6) == 0 && mentors > 0)
            q->locks[i].mentor = (int32_t)draw(state, mentors);
    }
    q->request.n_forbids = draw(state, 3) == 0 ? draw(state, RULES_MAX) : 0;
    for (size_t i = 0; i < q->request.n_forbids; i++) {
        q->forbids[i] = (struct wm_plan_rule){WM_NO_ROW, WM_NO_ROW, WM_NO_ROW, WM_NO_ROW};
        switch (draw(state, 4)) {
        case 0:
            q->forbids[i].leader = (int32_t)draw(state, leaders);
            break;
        case 1:
            q->forbids[i].post = (int32_t)draw(state, posts);
            break;
        case 2:
            q->forbids[i].leader = (int32_t)draw(state, leaders); /* fall through */
        default:
            q->forbids[i].package = (int32_t)draw(state, packages);
            break;
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
        q->limits[i] =
            (struct wm_limit_change){(enum wm_resource_kind)kind, draw(state, wm_table_rows(d, tables[kind])),
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
static bool holds_without(const struct wm_dataset *d, const struct question *q, const struct wm_plan *plan,
                          size_t left_out)
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

/* ---- larger ones: laws, other solvers, interruptions ---- */

static struct wm_dataset *small_country(uint64_t seed, struct gen_set *set)
{
    const struct gen_options options = {
        .seed = seed, .leaders = 30, .posts = 8, .packages = 5, .mentors = 6, .narrow = true};
    gen_make(&options, set);
    return gen_build(set);
}

static struct wm_plan *make(const struct wm_dataset *dataset, const struct wm_plan_request *request)
{
    struct wm_plan *plan = NULL;
    assert_int_equal(wm_plan_make(dataset, request, NULL, &plan), WM_OK);
    return plan;
}

/* The exact solver, given the question written out, finds the same value. */
static void check_against_solver(const struct wm_dataset *dataset)
{
    struct wm_plan *plan = make(dataset, NULL);
    static const struct wm_plan_request everything = WM_PLAN_REQUEST_INIT;
    struct wm_problem *problem = NULL;
    struct wm_solution *solution = NULL;
    assert_int_equal(wm_plan_problem(dataset, &everything, &problem), WM_OK);
    assert_int_equal(wm_solve(problem, NULL, &solution), WM_OK);
    assert_int_equal(plan->status, WM_PLAN_OPTIMAL);
    assert_int_equal(solution->status, WM_PLAN_OPTIMAL);
    assert_int_equal((int64_t)(solution->value * 1e9 + 0.5), plan->value_nano);
    wm_solution_free(solution);
    wm_problem_free(problem);
    wm_plan_free(plan);
}

static void test_against_solver(void **state)
{
    (void)state;
    struct wm_dataset *sample = NULL;
    assert_int_equal(wm_dataset_load("data/sample", NULL, &sample), WM_OK);
    check_against_solver(sample);
    wm_dataset_unref(sample);
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct gen_set set;
        struct wm_dataset *dataset = small_country(seed, &set);
        check_against_solver(dataset);
        wm_dataset_unref(dataset);
        gen_free(&set);
    }
}

static bool same_plan(const struct wm_plan *a, const struct wm_plan *b)
{
    return a->status == b->status && a->value_nano == b->value_nano && a->bound_nano == b->bound_nano &&
           a->priced_nano == b->priced_nano && a->nodes == b->nodes && a->n_placements == b->n_placements &&
           memcmp(a->placements, b->placements, a->n_placements * sizeof *a->placements) == 0 &&
           memcmp(a->prices_femto, b->prices_femto, a->n_resources * sizeof *a->prices_femto) == 0;
}

/* All parts, the last one first. */
static void backwards(void *arg, size_t n, void (*part)(void *context, size_t i), void *context)
{
    ++*(size_t *)arg;
    while (n-- > 0)
        part(context, n);
}

/* Whoever does the parts and whichever kernel prices them, the plan is the same; so it is when rows are shuffled. */
static void test_same_plan(void **state)
{
    (void)state;
    static const char *const kernels[] = {"baseline", "avx2", "avx512"};
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct gen_set set;
        struct wm_dataset *dataset = small_country(seed, &set);
        struct wm_plan *plan = make(dataset, NULL), *other = NULL;
        size_t calls = 0;
        struct wm_solve_options options = WM_SOLVE_INIT;
        options.parallel = backwards;
        options.arg = &calls;
        assert_int_equal(wm_plan_make(dataset, NULL, &options, &other), WM_OK);
        assert_true(calls > 0);
        assert_true(same_plan(plan, other));
        wm_plan_free(other);
        for (size_t k = 0; k < sizeof kernels / sizeof *kernels; k++) {
            if (wm_dataset_use_kernel(dataset, kernels[k]) != WM_OK)
                continue;
            other = make(dataset, NULL);
            assert_true(same_plan(plan, other));
            wm_plan_free(other);
        }
        static const char *const files[] = {"leaders.csv", "posts.csv", "mentors.csv", "packages.csv", "budgets.csv"};
        for (size_t f = 0; f < sizeof files / sizeof *files; f++)
            gen_shuffle(&set, files[f], seed * 31 + f);
        struct wm_dataset *shuffled = gen_build(&set);
        other = make(shuffled, NULL);
        assert_true(same_plan(plan, other));
        wm_plan_free(other);
        wm_plan_free(plan);
        wm_dataset_unref(shuffled);
        wm_dataset_unref(dataset);
        gen_free(&set);
    }
}

/*
 * More of a resource never lowers the value, and raises it by no more than its price says and the gap leaves open; prices
 * of what is left over cost no more than that gap.
 */
static void check_resource(const struct wm_dataset *dataset, const struct wm_plan *plan, size_t resource, int64_t more)
{
    size_t row;
    enum wm_resource_kind kind = wm_resource_at(dataset, resource, &row);
    const struct wm_limit_change change = {kind, (uint32_t)row, true, more};
    struct wm_plan_request request = WM_PLAN_REQUEST_INIT;
    request.limits = &change;
    request.n_limits = 1;
    struct wm_plan *other = make(dataset, &request);
    assert_int_equal(other->status, WM_PLAN_OPTIMAL);
    assert_true(other->value_nano >= plan->value_nano);
    wm_plan_free(other);
}

static void test_more_is_no_worse(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct gen_set set;
        struct wm_dataset *dataset = small_country(seed, &set);
        struct wm_plan *plan = make(dataset, NULL);
        wide slack = 0;
        for (size_t r = 0; r < plan->n_resources; r++) {
            assert_true(plan->prices_femto[r] >= 0);
            if (plan->limits[r] == WM_MISSING) {
                assert_int_equal(plan->prices_femto[r], 0);
                continue;
            }
            assert_true(plan->used[r] <= plan->limits[r]);
            if (wm_resource_at(dataset, r, &(size_t){0}) != WM_RESOURCE_MENTOR) /* hours come in packages */
                slack += (wide)plan->prices_femto[r] * (plan->limits[r] - plan->used[r]);
            if (plan->prices_femto[r] > 0 || r % 5 == 0)
                check_resource(dataset, plan, r,
                               wm_resource_at(dataset, r, &(size_t){0}) == WM_RESOURCE_BUDGET ? 5000 : 1);
        }
        /* budgets too may be left over by less than anything costs, and are priced all the same */
        assert_true(plan->priced_nano >= plan->value_nano);
        assert_true(slack <= ((wide)plan->priced_nano + 1) * 1000000);
        wm_plan_free(plan);
        wm_dataset_unref(dataset);
        gen_free(&set);
    }
}

/* A leader who passes no rule changes nothing but the numbering of rows. */
static void test_unwanted_leader(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct gen_set set;
        struct wm_dataset *dataset = small_country(seed, &set);
        struct wm_plan *plan = make(dataset, NULL);
        gen_set_cell(&set, "leaders.csv", "L00029", "roles", "chair"); /* the posts ask for another role */
        struct wm_dataset *without = gen_build(&set);
        struct wm_plan_request request = WM_PLAN_REQUEST_INIT;
        const uint32_t last = 29;
        request.without_leaders = &last;
        request.n_without_leaders = 1;
        struct wm_plan *named = make(dataset, &request), *unable = make(without, NULL);
        assert_true(same_plan(named, unable));
        assert_true(named->value_nano <= plan->value_nano);
        wm_plan_free(named);
        wm_plan_free(unable);
        wm_plan_free(plan);
        wm_dataset_unref(without);
        wm_dataset_unref(dataset);
        gen_free(&set);
    }
}

struct patience {
    size_t left, asked;
};

static bool lose_patience(void *arg)
{
    struct patience *patience = arg;
    patience->asked++;
    return patience->left == 0 || --patience->left == 0;
}

struct watch {
    size_t asked, first; /* when the first plan was told of; 0: not yet */
    bool while_pricing;
};

static bool count_questions(void *arg)
{
    ((struct watch *)arg)->asked++;
    return false;
}

static void note_first_plan(void *arg, const struct wm_progress *progress)
{
    struct watch *watch = arg;
    if (watch->first > 0 || !progress->found)
        return;
    watch->first = watch->asked + 1;
    watch->while_pricing = strcmp(progress->phase, "prices") == 0;
}

/* A plan is there before prices are; and whoever stops, however soon, gets one, and never a better one than there is. */
static void test_early_plan(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct gen_set set;
        struct wm_dataset *dataset = small_country(seed, &set);
        struct watch watch = {0};
        struct wm_solve_options options = WM_SOLVE_INIT;
        options.stop = count_questions;
        options.progress = note_first_plan;
        options.arg = &watch;
        struct wm_plan *plan = NULL;
        assert_int_equal(wm_plan_make(dataset, NULL, &options, &plan), WM_OK);
        assert_true(watch.while_pricing || plan->value_nano == 0);
        for (size_t left = 1; left <= watch.asked; left += 1 + left / 8) {
            struct patience patience = {left, 0};
            struct wm_plan *stopped = NULL;
            struct wm_plan_report *report = NULL;
            static const struct wm_plan_request everything = WM_PLAN_REQUEST_INIT;
            options.stop = lose_patience;
            options.progress = NULL;
            options.arg = &patience;
            assert_int_equal(wm_plan_make(dataset, NULL, &options, &stopped), WM_OK);
            assert_true(stopped->found && stopped->stopped);
            assert_true(stopped->value_nano <= plan->value_nano);
            assert_true(stopped->value_nano > 0 || plan->value_nano == 0);
            assert_true(stopped->bound_nano >= plan->value_nano);
            assert_int_equal(wm_plan_explain(dataset, &everything, stopped, 20, &options, &report), WM_OK);
            for (size_t i = 0; i < report->n_worth; i++)
                assert_true(!report->worth[i].resolved);
            wm_plan_report_free(report);
            wm_plan_free(stopped);
        }
        wm_plan_free(plan);
        wm_dataset_unref(dataset);
        gen_free(&set);
    }
}

/* Stopped wherever it asks, there is an answer: what it says was checked, and it says when it is not the best. */
static void test_stop_anywhere(void **state)
{
    (void)state;
    struct gen_set set;
    struct wm_dataset *dataset = small_country(3, &set);
    struct wm_plan_request request = WM_PLAN_REQUEST_INIT;
    uint32_t must_fill = 0;
    request.must_fill = &must_fill;
    request.n_must_fill = 1;
    struct wm_plan *best = make(dataset, &request);
    while (best->status == WM_PLAN_INFEASIBLE && must_fill < 7) {
        must_fill++;
        wm_plan_free(best);
        best = make(dataset, &request);
    }
    assert_int_equal(best->status, WM_PLAN_OPTIMAL);
    size_t stops = 0;
    for (size_t left = 1; left < 100000; left += 1 + left / 40) {
        struct patience patience = {left, 0};
        struct wm_solve_options options = WM_SOLVE_INIT;
        options.stop = lose_patience;
        options.arg = &patience;
        struct wm_plan *plan = NULL;
        assert_int_equal(wm_plan_make(dataset, &request, &options, &plan), WM_OK);
        assert_true(plan->value_nano <= best->value_nano && plan->bound_nano >= best->value_nano);
        assert_true(plan->status == WM_PLAN_DEADLINE || plan->status == WM_PLAN_OPTIMAL);
        bool whole = patience.asked < left;
        if (whole)
            assert_true(same_plan(plan, best));
        wm_plan_free(plan);
        stops++;
        if (whole)
            break;
    }
    assert_true(stops > 3);
    wm_plan_free(best);
    wm_dataset_unref(dataset);
    gen_free(&set);
}

/* Every allocation fails in turn: an error, no plan and, as sanitizers see, nothing left behind. */
static void test_out_of_memory(void **state)
{
    (void)state;
    struct gen_set set;
    const struct gen_options tiny = {.seed = 4, .leaders = 6, .posts = 3, .packages = 3, .mentors = 3, .narrow = true};
    gen_make(&tiny, &set);
    struct wm_dataset *dataset = gen_build(&set);
    const struct wm_plan_rule locks[] = {{0, 0, WM_NO_ROW, WM_NO_ROW}, {0, 1, WM_NO_ROW, WM_NO_ROW}};
    const struct wm_placement base[] = {{1, 0, 0, WM_NO_ROW}};
    for (int question = 0; question < 2; question++) {
        struct wm_plan_request request = WM_PLAN_REQUEST_INIT;
        request.locks = locks;
        request.n_locks = question == 0 ? 0 : 2; /* the second cannot hold */
        request.base = base;
        request.n_base = 1;
        int code = WM_EMEMORY;
        size_t n = 1;
        for (; code == WM_EMEMORY && n < 5000; n++) {
            struct wm_plan *plan = NULL;
            fault_after(n);
            code = wm_plan_make(dataset, &request, NULL, &plan);
            fault_off();
            assert_true(code == WM_OK ? plan != NULL : plan == NULL);
            wm_plan_free(plan);
        }
        assert_int_equal(code, WM_OK);
        assert_true(n > 10);
    }
    wm_dataset_unref(dataset);
    gen_free(&set);
}

/*
 * Each thing with a price, one step more of it: solved from nothing, from the plan, and as the report tells it. All three
 * agree, and the price's range holds it.
 */
static void check_step(const struct wm_dataset *dataset, const struct wm_plan *plan, const struct wm_worth *worth)
{
    size_t row;
    enum wm_resource_kind kind = wm_resource_at(dataset, worth->resource, &row);
    struct wm_limit_change change = {kind, (uint32_t)row, true, worth->step};
    struct wm_plan_request request = WM_PLAN_REQUEST_INIT;
    request.limits = &change;
    request.n_limits = 1;
    struct wm_plan *cold = make(dataset, &request);
    request.base = plan->placements;
    request.n_base = plan->n_placements;
    request.start_femto = plan->prices_femto;
    request.start_packages = plan->package_prices;
    request.n_start_packages = plan->n_package_prices;
    struct wm_plan *warm = make(dataset, &request);
    assert_int_equal(cold->status, WM_PLAN_OPTIMAL);
    assert_int_equal(warm->status, WM_PLAN_OPTIMAL);
    assert_int_equal(warm->value_nano, cold->value_nano);
    assert_int_equal(warm->bound_nano, cold->bound_nano);
    int64_t rise = cold->value_nano - plan->value_nano;
    assert_true(worth->least_nano <= rise && rise <= worth->most_nano);
    assert_true(worth->resolved);
    assert_int_equal(worth->resolved_nano, rise);
    wm_plan_free(warm);
    wm_plan_free(cold);
}

static void test_prices_solved_again(void **state)
{
    (void)state;
    size_t steps = 0;
    for (uint64_t seed = 71; seed <= 80; seed++) {
        struct gen_set set;
        struct wm_dataset *dataset = small_country(seed, &set);
        static const struct wm_plan_request everything = WM_PLAN_REQUEST_INIT;
        struct wm_plan *plan = make(dataset, NULL);
        struct wm_plan_report *report = NULL;
        assert_int_equal(wm_plan_explain(dataset, &everything, plan, SIZE_MAX, NULL, &report), WM_OK);
        for (size_t i = 0; i < report->n_worth; i++)
            check_step(dataset, plan, &report->worth[i]);
        steps += report->n_worth;
        wm_plan_report_free(report);
        wm_plan_free(plan);
        wm_dataset_unref(dataset);
        gen_free(&set);
    }
    print_message("%zu steps\n", steps);
    assert_true(steps > 20);
}

/* From its own plan and prices it finds nothing to move; after a change it finds a plan as good as a cold one. */
static void test_again(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct gen_set set;
        struct wm_dataset *dataset = small_country(seed, &set);
        struct wm_plan *plan = make(dataset, NULL);
        const struct wm_limit_change change = {WM_RESOURCE_BUDGET, 0, true, -9000};
        struct wm_plan_request request = WM_PLAN_REQUEST_INIT;
        request.base = plan->placements;
        request.n_base = plan->n_placements;
        request.start_femto = plan->prices_femto;
        struct wm_plan *again = make(dataset, &request);
        assert_int_equal(again->value_nano, plan->value_nano);
        assert_int_equal(again->n_placements, plan->n_placements);
        assert_memory_equal(again->placements, plan->placements, plan->n_placements * sizeof *plan->placements);
        wm_plan_free(again);
        request.limits = &change;
        request.n_limits = 1;
        struct wm_plan *warm = make(dataset, &request);
        request.base = NULL;
        request.n_base = 0;
        request.start_femto = NULL;
        struct wm_plan *cold = make(dataset, &request);
        assert_int_equal(warm->value_nano, cold->value_nano);
        wm_plan_free(warm);
        wm_plan_free(cold);
        wm_plan_free(plan);
        wm_dataset_unref(dataset);
        gen_free(&set);
    }
}

/* Nothing to choose from, and questions that make no sense. */
static void test_edges(void **state)
{
    (void)state;
    struct gen_set set;
    struct wm_dataset *dataset = small_country(1, &set);
    const uint32_t none = 0, beyond = 1000000;
    struct wm_plan_request request = WM_PLAN_REQUEST_INIT;
    request.leaders = &none;
    struct wm_plan *plan = make(dataset, &request), *bad = NULL;
    assert_int_equal(plan->status, WM_PLAN_OPTIMAL);
    assert_int_equal(plan->n_placements, 0);
    assert_int_equal(plan->bound_nano, 0);
    assert_true(plan->gap == 0);
    wm_plan_free(plan);
    request.leaders = &beyond;
    request.n_leaders = 1;
    assert_int_equal(wm_plan_make(dataset, &request, NULL, &bad), WM_EUNKNOWN);
    const struct wm_plan_rule nothing = {WM_NO_ROW, WM_NO_ROW, WM_NO_ROW, WM_NO_ROW};
    struct wm_plan_request wrong = WM_PLAN_REQUEST_INIT;
    wrong.forbids = &nothing;
    wrong.n_forbids = 1;
    assert_int_equal(wm_plan_make(dataset, &wrong, NULL, &bad), WM_EARGUMENT);
    struct wm_solve_options options = WM_SOLVE_INIT;
    options.gap = -1;
    assert_int_equal(wm_plan_make(dataset, NULL, &options, &bad), WM_EARGUMENT);
    assert_null(bad);
    wm_plan_free(NULL);
    wm_dataset_unref(dataset);
    gen_free(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_plans),       cmocka_unit_test(test_against_solver),
        cmocka_unit_test(test_same_plan),       cmocka_unit_test(test_more_is_no_worse),
        cmocka_unit_test(test_unwanted_leader), cmocka_unit_test(test_stop_anywhere),
        cmocka_unit_test(test_early_plan),      cmocka_unit_test(test_prices_solved_again),
        cmocka_unit_test(test_out_of_memory),   cmocka_unit_test(test_again),
        cmocka_unit_test(test_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
