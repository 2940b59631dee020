/*
 * Reasons and fixes: for random plans at random prices in countries small enough to write every option down, each
 * reason against the options, each fix carried out and judged by wm_plan_verify; and single reasons by hand.
 */
#include "fault.h"
#include "small.h"
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- a plan made by hand ---- */

struct made {
    struct wm_plan plan;
    const struct world *w;
    const struct wm_plan_request *request;
    bool *placed; /* [n_leaders] */
};

static const struct option *option_of(const struct world *w, const struct wm_placement *p)
{
    for (size_t o = 0; o < w->n_options; o++)
        if (memcmp(&w->options[o].placement, p, sizeof *p) == 0)
            return &w->options[o];
    return NULL;
}

static int by_post(const void *left, const void *right)
{
    const struct wm_placement *a = left, *b = right;
    return a->post != b->post ? (a->post < b->post ? -1 : 1) : (a->leader > b->leader) - (a->leader < b->leader);
}

static bool moves(const struct made *m, const struct wm_placement *p)
{
    return world_is_move(m->request, p, m->plan.limits[m->w->n_resources - 1] != WM_MISSING);
}

static void made_init(struct made *m, const struct world *w, const struct wm_plan_request *request, uint64_t *draws,
                      const int64_t *prices)
{
    wide_sum value;
    *m = (struct made){.w = w, .request = request, .placed = calloc(w->n_leaders + 1, sizeof *m->placed)};
    struct wm_plan *p = &m->plan;
    *p = (struct wm_plan){.status = WM_PLAN_DEADLINE,
                          .found = true,
                          .n_resources = w->n_resources,
                          .limits = calloc(w->n_resources, sizeof *p->limits),
                          .used = calloc(w->n_resources, sizeof *p->used),
                          .prices_femto = calloc(w->n_resources, sizeof *p->prices_femto),
                          .placements = calloc(w->n_leaders + 1, sizeof *p->placements)};
    world_limits(w, request, p->limits);
    p->n_placements = world_plan(w, draws, request, p->limits, p->placements, &value);
    qsort(p->placements, p->n_placements, sizeof *p->placements, by_post);
    for (size_t i = 0; i < p->n_placements; i++) {
        const struct option *o = option_of(w, &p->placements[i]);
        for (size_t u = 0; u < o->n_uses; u++)
            p->used[o->resource[u]] += o->use[u];
        p->used[w->n_resources - 1] += moves(m, &o->placement);
        m->placed[o->placement.leader] = true;
    }
    for (size_t r = 0; r < w->n_resources; r++)
        p->prices_femto[r] = p->limits[r] == WM_MISSING ? 0 : prices[r];
    p->value_nano = (int64_t)value;
    p->bound_nano = p->priced_nano = p->value_nano + 1000000000;
}

static void made_fini(struct made *m)
{
    free(m->plan.limits);
    free(m->plan.used);
    free(m->plan.prices_femto);
    free(m->plan.placements);
    free(m->placed);
}

/* ---- the definitions, option by option ---- */

static int64_t value_of(const struct made *m, const struct option *o)
{
    return o->value_nano - (moves(m, &o->placement) ? m->request->move_penalty_nano : 0);
}

static wide_sum gain_of(const struct made *m, const struct option *o)
{
    wide_sum gain = (wide_sum)value_of(m, o) * 1000000;
    for (size_t u = 0; u < o->n_uses; u++)
        gain -= (wide_sum)m->plan.prices_femto[o->resource[u]] * o->use[u];
    return gain - (moves(m, &o->placement) ? m->plan.prices_femto[m->w->n_resources - 1] : 0);
}

struct lack {
    size_t n, resource; /* the dearest */
    int64_t amount;
    double share; /* of the only one */
};

static void lack_of(const struct made *m, struct lack *lack, wide_sum *dearest, size_t r, int64_t use)
{
    int64_t limit = m->plan.limits[r];
    if (limit == WM_MISSING || use <= limit - m->plan.used[r])
        return;
    int64_t left = limit - m->plan.used[r];
    wide_sum cost = (wide_sum)m->plan.prices_femto[r] * use;
    lack->share = (double)(use - left) / (double)(limit > 1 ? limit : 1);
    if (lack->n++ == 0 || cost > *dearest) {
        *dearest = cost;
        lack->resource = r;
        lack->amount = use - left;
    }
}

static struct lack shortage(const struct made *m, const struct option *o)
{
    struct lack lack = {0};
    wide_sum dearest = 0;
    for (size_t r = 0; r < m->w->n_resources - 1; r++) /* by number, as ties go */
        for (size_t u = 0; u < o->n_uses; u++)
            if (o->resource[u] == r)
                lack_of(m, &lack, &dearest, r, o->use[u]);
    if (moves(m, &o->placement))
        lack_of(m, &lack, &dearest, m->w->n_resources - 1, 1);
    return lack;
}

/* The greatest gain of a leader's options, or 0. */
static wide_sum own_gain(const struct made *m, uint32_t leader)
{
    wide_sum best = 0;
    for (size_t o = 0; o < m->w->n_options; o++)
        if (m->w->options[o].placement.leader == leader &&
            world_may_be(m->w, m->request, &m->w->options[o].placement)) {
            wide_sum gain = gain_of(m, &m->w->options[o]);
            best = gain > best ? gain : best;
        }
    return best;
}

struct truth {
    bool any, found, valuable;
    wide_sum gain; /* of the nearest */
    bool fixed, settled;
    double share; /* of the best fix */
    int64_t fix_gain;
};

/* Takes part, forbids and locks apart. */
static bool asked(const struct made *m, const struct wm_placement *p)
{
    struct wm_plan_request bare = *m->request;
    bare.n_forbids = bare.n_locks = 0;
    return world_may_be(m->w, &bare, p);
}

static int64_t best_value_of_pair(const struct made *m, const struct option *of);

/* Of a post (leader < 0) or a leader (post < 0). */
static struct truth find_truth(const struct made *m, int64_t post, int64_t leader)
{
    struct truth t = {.settled = true, .share = 1e300};
    for (size_t i = 0; i < m->w->n_options; i++) {
        const struct option *o = &m->w->options[i];
        const struct wm_placement *p = &o->placement;
        if ((post >= 0 && p->post != post) || (leader >= 0 && p->leader != leader) || !asked(m, p))
            continue;
        bool there = false;
        for (size_t q = 0; q < m->plan.n_placements; q++)
            there =
                there || (post >= 0 && m->plan.placements[q].leader == p->leader && m->plan.placements[q].post == post);
        t.any = t.any || !there;
        if (!world_may_be(m->w, m->request, p))
            continue;
        bool valuable = best_value_of_pair(m, o) > 0;
        wide_sum gain = gain_of(m, o) - (post >= 0 ? own_gain(m, p->leader) : 0);
        if (!there && (!t.found || valuable > t.valuable || (valuable == t.valuable && gain > t.gain))) {
            t.gain = gain;
            t.valuable = valuable;
        }
        t.found = t.found || !there;
        struct lack lack = shortage(m, o);
        if (m->placed[p->leader] || lack.n > 1 || value_of(m, o) <= 0)
            continue;
        t.settled = t.settled && lack.n == 1;
        if (!t.fixed || lack.share < t.share || (lack.share == t.share && value_of(m, o) > t.fix_gain)) {
            t.share = lack.share;
            t.fix_gain = value_of(m, o);
        }
        t.fixed = true;
    }
    return t;
}

/* The value that decides whether a pair counts as worth something: of its option of the greatest gain. */
static int64_t best_value_of_pair(const struct made *m, const struct option *of)
{
    const struct option *best = NULL;
    for (size_t i = 0; i < m->w->n_options; i++) {
        const struct option *o = &m->w->options[i];
        if (o->placement.leader == of->placement.leader && o->placement.post == of->placement.post &&
            world_may_be(m->w, m->request, &o->placement) && (best == NULL || gain_of(m, o) > gain_of(m, best)))
            best = o;
    }
    return value_of(m, best);
}

/* ---- checks ---- */

static const char *name_of(const struct made *m, size_t resource)
{
    size_t row;
    return wm_resource_kind_name(wm_resource_at(m->w->dataset, resource, &row));
}

static void check_nearest(const struct made *m, const struct wm_left_out *x, const struct truth *t, bool is_post)
{
    const struct option *o = option_of(m->w, &x->nearest);
    assert_non_null(o);
    assert_true(world_may_be(m->w, m->request, &x->nearest));
    assert_int_equal(is_post ? x->nearest.post : x->nearest.leader, x->row);
    assert_int_equal(x->nearest_nano, value_of(m, o));
    if (x->reason == WM_REASON_not_settled)
        return;
    wide_sum gain = gain_of(m, o) - (is_post ? own_gain(m, x->nearest.leader) : 0);
    assert_true(gain == t->gain);
    assert_int_equal(x->margin_nano, gain >= 0 ? 0 : (-gain + 999999) / 1000000);
    struct lack lack = shortage(m, o);
    bool full = m->plan.used[x->nearest.post] >= m->plan.limits[x->nearest.post];
    switch (x->reason) {
    case WM_REASON_outbid:
        if (is_post) {
            assert_true(m->placed[x->nearest.leader] && x->rival != (int32_t)x->row);
            bool there = false;
            for (size_t p = 0; p < m->plan.n_placements; p++)
                there |= m->plan.placements[p].leader == x->nearest.leader &&
                         (int32_t)m->plan.placements[p].post == x->rival;
            assert_true(there);
        } else {
            assert_true(full);
            bool holds = m->plan.used[x->nearest.post] == 0 && x->rival == WM_NO_ROW;
            for (size_t p = 0; p < m->plan.n_placements; p++)
                holds |=
                    m->plan.placements[p].post == x->nearest.post && (int32_t)m->plan.placements[p].leader == x->rival;
            assert_true(holds);
        }
        break;
    case WM_REASON_money:
        assert_string_equal(name_of(m, x->resource), "budget");
        break;
    case WM_REASON_mentor:
        assert_string_equal(name_of(m, x->resource), "mentor");
        break;
    case WM_REASON_stock:
        assert_string_equal(name_of(m, x->resource), "package");
        break;
    case WM_REASON_moves:
        if (x->nearest_nano <= 0)
            assert_true(x->nearest_nano + m->request->move_penalty_nano > 0);
        else
            assert_string_equal(name_of(m, x->resource), "moves");
        break;
    case WM_REASON_no_value:
        assert_true(x->nearest_nano <= 0);
        break;
    default:
        fail_msg("reason %s with a nearest", wm_reason_name(x->reason));
    }
    if (x->short_by > 0) {
        assert_false(full && !is_post);
        assert_int_equal(x->resource, lack.resource);
        assert_int_equal(x->short_by, lack.amount);
    }
}

/* Carries the fix out: with that much more and the placement added, the plan holds and is worth so much more. */
static void carry_out(const struct made *m, const struct wm_fix *fix)
{
    struct wm_plan_request request = *m->request;
    struct wm_limit_change *limits = calloc(request.n_limits + 1, sizeof *limits);
    struct wm_placement *placements = calloc(m->plan.n_placements + 1, sizeof *placements);
    struct wm_plan_verdict before, after;
    request.n_must_fill = request.n_locks = 0; /* those may be broken, which is not the fix's business */
    for (size_t i = 0; i < request.n_limits; i++)
        limits[i] = request.limits[i];
    size_t row;
    enum wm_resource_kind kind = wm_resource_at(m->w->dataset, fix->resource, &row);
    limits[request.n_limits] = (struct wm_limit_change){kind, (uint32_t)row, true, fix->amount - 1};
    memcpy(placements, m->plan.placements, m->plan.n_placements * sizeof *placements);
    placements[m->plan.n_placements] = fix->placement;
    assert_int_equal(
        wm_plan_verify(m->w->dataset, &request, m->plan.placements, m->plan.n_placements, NULL, NULL, NULL, &before),
        WM_OK);
    request.limits = limits;
    request.n_limits++;
    assert_int_equal(
        wm_plan_verify(m->w->dataset, &request, placements, m->plan.n_placements + 1, NULL, NULL, NULL, &after), WM_OK);
    assert_int_equal(after.n_faults, 1); /* one unit less would not do */
    limits[request.n_limits - 1].amount++;
    assert_int_equal(
        wm_plan_verify(m->w->dataset, &request, placements, m->plan.n_placements + 1, NULL, NULL, NULL, &after), WM_OK);
    assert_true(before.feasible && after.feasible);
    assert_int_equal(after.value_nano, before.value_nano + fix->gain_nano);
    free(placements);
    free(limits);
}

/* One rule stands between them, and the fix speaks of it. */
static void check_rule_fix(const struct made *m, const struct wm_fix *fix)
{
    struct wm_explanation *e;
    assert_int_equal(wm_explain_pair(m->w->dataset, fix->placement.leader, fix->placement.post, &e), WM_OK);
    for (int rule = 0; rule < WM_RULE_COUNT; rule++)
        if (rule != WM_RULE_package)
            assert_int_equal(e->rules[rule].verdict != WM_PASSED, rule == (int)fix->rule.rule);
    assert_memory_equal(fix->rule.note, e->rules[fix->rule.rule].note, strlen(fix->rule.note) + 1);
    assert_int_equal(fix->rule.n_changes, e->rules[fix->rule.rule].n_changes);
    assert_true(fix->rule.n_changes > 0);
    assert_false(m->placed[fix->placement.leader]);
    wm_explanation_free(e);
}

static bool takes_part(const struct made *m, bool is_post, uint32_t row)
{
    const struct wm_plan_request *r = m->request;
    if (!is_post)
        return !world_listed(r->without_leaders, r->n_without_leaders, row);
    struct wm_severity severity;
    assert_int_equal(wm_severity_of(m->w->dataset, row, &severity), WM_OK);
    return !world_listed(r->without_posts, r->n_without_posts, row) && (r->posts != NULL || severity.known);
}

static void check_row(const struct made *m, const struct wm_left_out *x, bool is_post, size_t tally[])
{
    struct truth t = find_truth(m, is_post ? (int64_t)x->row : -1, is_post ? -1 : (int64_t)x->row);
    tally[x->reason]++;
    if (!takes_part(m, is_post, x->row)) {
        assert_true(x->reason == WM_REASON_not_asked || (is_post && x->reason == WM_REASON_severity_unknown));
        assert_int_equal(x->fix.kind, WM_FIX_NONE);
        return;
    }
    assert_int_equal(x->reason == WM_REASON_not_eligible, !t.any);
    assert_int_equal(x->reason == WM_REASON_forbidden, t.any && !t.found);
    assert_int_equal(x->reason == WM_REASON_not_settled, !t.settled);
    assert_int_equal(x->has_nearest, t.found);
    if (x->has_nearest)
        check_nearest(m, x, &t, is_post);
    assert_int_equal(x->fix.kind == WM_FIX_LIMIT, t.fixed && t.settled);
    if (x->fix.kind == WM_FIX_LIMIT) {
        const struct option *o = option_of(m->w, &x->fix.placement);
        assert_int_equal(is_post ? x->fix.placement.post : x->fix.placement.leader, x->row);
        assert_int_equal(x->fix.gain_nano, t.fix_gain);
        assert_true(shortage(m, o).share == t.share);
        assert_int_equal(shortage(m, o).resource, x->fix.resource);
        carry_out(m, &x->fix);
    }
    if (x->fix.kind == WM_FIX_RULE)
        check_rule_fix(m, &x->fix);
}

static void check_report(const struct made *m, const struct wm_plan_report *report, size_t of_posts[],
                         size_t of_leaders[])
{
    size_t at = 0;
    for (uint32_t j = 0; j < m->w->n_posts; j++)
        if (m->plan.limits[j] > m->plan.used[j]) {
            assert_true(at < report->n_unfilled);
            assert_int_equal(report->unfilled[at].row, j);
            assert_int_equal(report->unfilled[at].openings, m->plan.limits[j] - m->plan.used[j]);
            check_row(m, &report->unfilled[at++], true, of_posts);
        }
    assert_int_equal(at, report->n_unfilled);
    at = 0;
    for (uint32_t i = 0; i < m->w->n_leaders; i++)
        if (!m->placed[i]) {
            assert_true(at < report->n_unplaced);
            assert_int_equal(report->unplaced[at].row, i);
            check_row(m, &report->unplaced[at++], false, of_leaders);
        }
    assert_int_equal(at, report->n_unplaced);
}

static void some_prices(const struct world *w, uint64_t *draws, int64_t *prices)
{
    static const uint64_t scale[] = {[WM_RESOURCE_POST] = UINT64_C(60000000000000),
                                     [WM_RESOURCE_BUDGET] = 3000000000,
                                     [WM_RESOURCE_PACKAGE] = 10000000000000,
                                     [WM_RESOURCE_MENTOR] = 500000000000,
                                     [WM_RESOURCE_MOVES] = 10000000000000};
    for (size_t r = 0; r < w->n_resources; r++) {
        size_t row;
        enum wm_resource_kind kind = wm_resource_at(w->dataset, r, &row);
        prices[r] = gen_below(draws, 2) ? 0 : (int64_t)gen_below(draws, scale[kind]);
    }
}

static void every_reason_and_fix_is_true(void **state)
{
    (void)state;
    size_t of_posts[WM_REASON_COUNT] = {0}, of_leaders[WM_REASON_COUNT] = {0};
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct world w;
        uint64_t draws = seed * 31;
        world_init(&w, &(struct gen_options){.seed = seed,
                                             .leaders = 6 + seed,
                                             .posts = 3 + seed % 5,
                                             .packages = 2 + seed % 4,
                                             .mentors = seed % 4,
                                             .missing_pct = seed % 3 ? 10 : 0,
                                             .zero_needs = seed % 6 == 1,
                                             .narrow = seed % 3 != 0});
        int64_t *prices = calloc(w.n_resources, sizeof *prices);
        for (int i = 0; i < 12 && w.n_options > 0; i++) {
            struct asked a;
            struct made m;
            struct wm_plan_report *report;
            world_ask(&w, &draws, &a);
            a.request.n_locks = i % 3 == 0 ? a.request.n_locks : 0;
            some_prices(&w, &draws, prices);
            made_init(&m, &w, &a.request, &draws, prices);
            assert_int_equal(wm_plan_explain(w.dataset, &a.request, &m.plan, 0, NULL, &report), WM_OK);
            check_report(&m, report, of_posts, of_leaders);
            wm_plan_report_free(report);
            made_fini(&m);
        }
        free(prices);
        world_drop(&w);
    }
    for (int reason = 0; reason < WM_REASON_COUNT; reason++)
        if (reason != WM_REASON_severity_unknown && of_posts[reason] + of_leaders[reason] < 3)
            fail_msg("hardly any %s was seen", wm_reason_name((enum wm_reason)reason));
}

/* ---- a rule fix, carried out ---- */

static void a_changed_date_makes_the_pair_eligible(void **state)
{
    (void)state;
    size_t tried = 0;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct world w;
        uint64_t draws = seed;
        world_init(&w, &(struct gen_options){.seed = seed, .leaders = 40, .posts = 6, .packages = 3, .mentors = 2});
        const struct wm_plan_request request = WM_PLAN_REQUEST_INIT;
        struct made m;
        struct wm_plan_report *report;
        int64_t *prices = calloc(w.n_resources, sizeof *prices);
        made_init(&m, &w, &request, &draws, prices);
        assert_int_equal(wm_plan_explain(w.dataset, &request, &m.plan, 0, NULL, &report), WM_OK);
        for (size_t i = 0; i < report->n_unplaced; i++) {
            const struct wm_fix *fix = &report->unplaced[i].fix;
            const struct wm_change *change = &fix->rule.changes[0];
            if (fix->kind != WM_FIX_RULE || change->type != WM_DATE || (fix->rule.together && fix->rule.n_changes > 1))
                continue;
            char day[11], leader[40], post[40];
            size_t leader_row, post_row;
            wm_date_format((int32_t)change->to, day);
            snprintf(leader, sizeof leader, "%s", wm_row_id(w.dataset, WM_LEADERS, fix->placement.leader));
            snprintf(post, sizeof post, "%s", wm_row_id(w.dataset, WM_POSTS, fix->placement.post));
            struct gen_set set;
            gen_make(&(struct gen_options){.seed = seed, .leaders = 40, .posts = 6, .packages = 3, .mentors = 2}, &set);
            gen_set_cell(&set, wm_table_name(change->table), change->row, change->column, day);
            struct wm_dataset *changed = gen_build(&set);
            struct wm_explanation *e;
            assert_int_equal(wm_row_find(changed, WM_LEADERS, leader, &leader_row), WM_OK);
            assert_int_equal(wm_row_find(changed, WM_POSTS, post, &post_row), WM_OK);
            assert_int_equal(wm_explain_pair(changed, leader_row, post_row, &e), WM_OK);
            for (int rule = 0; rule < WM_RULE_COUNT; rule++)
                assert_true(rule == WM_RULE_package || e->rules[rule].verdict == WM_PASSED);
            wm_explanation_free(e);
            wm_dataset_unref(changed);
            gen_free(&set);
            tried++;
        }
        wm_plan_report_free(report);
        made_fini(&m);
        free(prices);
        world_drop(&w);
    }
    assert_true(tried > 5);
}

/* ---- by hand ---- */

/* The organisation of P2 has no signal; named by the question, the post takes part, and nobody may go there. */
static void an_unknown_severity_is_told_apart(void **state)
{
    (void)state;
    struct small small;
    struct wm_dataset *dataset;
    char text[2000];
    static const uint32_t both[] = {0, 1};
    small_init(&small);
    assert_int_equal(small_build(&small, &dataset, text, sizeof text), WM_OK);
    size_t n = wm_resource_count(dataset);
    int64_t *limits = calloc(n, sizeof *limits), *zeros = calloc(n, sizeof *zeros);
    for (size_t r = 0; r < n; r++)
        limits[r] = r < 2 ? 1 : 0; /* openings, and nothing to offer but what is free */
    const struct wm_plan plan = {
        .found = true, .n_resources = n, .limits = limits, .used = zeros, .prices_femto = zeros};
    for (int named = 0; named < 2; named++) {
        struct wm_plan_request request = WM_PLAN_REQUEST_INIT;
        struct wm_plan_report *report;
        request.posts = named ? both : NULL;
        request.n_posts = named ? 2 : 0;
        assert_int_equal(wm_plan_explain(dataset, &request, &plan, 0, NULL, &report), WM_OK);
        assert_int_equal(report->n_unfilled, 2);
        assert_int_equal(report->unfilled[1].reason, named ? WM_REASON_not_eligible : WM_REASON_severity_unknown);
        assert_int_equal(report->unfilled[1].openings, 1);
        assert_int_equal(report->unplaced[0].reason, WM_REASON_not_eligible); /* L1, of whom nothing is known */
        assert_int_equal(report->unplaced[0].fix.kind, WM_FIX_NONE);
        wm_plan_report_free(report);
    }
    free(limits);
    free(zeros);
    wm_dataset_unref(dataset);
    small_fini(&small);
}

/* ---- the rest ---- */

static void no_plan_leaves_nobody_out(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, &(struct gen_options){.seed = 1, .leaders = 5, .posts = 2, .packages = 2, .mentors = 1});
    const struct wm_plan_request request = WM_PLAN_REQUEST_INIT;
    const struct wm_plan none = {.status = WM_PLAN_INFEASIBLE};
    struct wm_plan_report *report;
    assert_int_equal(wm_plan_explain(w.dataset, &request, &none, 3, NULL, &report), WM_OK);
    assert_int_equal(report->n_unfilled + report->n_unplaced + report->n_worth, 0);
    wm_plan_report_free(report);
    wm_plan_report_free(NULL);
    world_drop(&w);
}

static void reasons_have_names_and_texts(void **state)
{
    (void)state;
    for (int i = 0; i < WM_REASON_COUNT; i++) {
        assert_true(strlen(wm_reason_name((enum wm_reason)i)) > 0);
        assert_true(strlen(wm_reason_text((enum wm_reason)i)) > 5);
    }
    assert_string_equal(wm_reason_name(WM_REASON_outbid), "outbid");
    assert_string_equal(wm_reason_name(WM_REASON_COUNT), "unknown");
    assert_string_equal(wm_reason_text((enum wm_reason) - 1), "unknown");
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct world w;
    uint64_t draws = 4;
    world_init(&w, &(struct gen_options){.seed = 2, .leaders = 20, .posts = 5, .packages = 4, .mentors = 2});
    const struct wm_plan_request request = WM_PLAN_REQUEST_INIT;
    struct made m;
    int64_t *prices = calloc(w.n_resources, sizeof *prices);
    made_init(&m, &w, &request, &draws, prices);
    struct wm_plan_report *report = NULL;
    size_t n = 0;
    int code = WM_EMEMORY;
    while (code == WM_EMEMORY) {
        fault_after(++n);
        code = wm_plan_explain(w.dataset, &request, &m.plan, 0, NULL, &report);
        fault_off();
    }
    assert_int_equal(code, WM_OK);
    assert_true(n > 5);
    assert_true(report->n_unplaced > 0);
    wm_plan_report_free(report);
    made_fini(&m);
    free(prices);
    world_drop(&w);
}

int main(void)
{
    fault_install();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reason_and_fix_is_true),      cmocka_unit_test(a_changed_date_makes_the_pair_eligible),
        cmocka_unit_test(an_unknown_severity_is_told_apart), cmocka_unit_test(no_plan_leaves_nobody_out),
        cmocka_unit_test(reasons_have_names_and_texts),      cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
