/*
 * The check of plans: every kind of fault one by one on a dataset made by hand, what a question does to it, and the
 * bound of the prices against a plain maximum over all options written from the public tables alone.
 */
#include "fault.h"
#include "small.h"
#include "verify.h"
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- by hand: three leaders, two posts, two packages, two mentors ---- */

enum { L1, L2, L3 };
enum { P1, P2 };
enum { K1, K2 };
enum { M1, M2 };

struct hand {
    struct small small;
    struct wm_dataset *dataset;
    struct wm_plan_request request;
    struct wm_faults *faults;
    struct wm_plan_verdict verdict;
};

static void build_hand(struct hand *h)
{
    char text[2000];
    if (small_build(&h->small, &h->dataset, text, sizeof text) != WM_OK)
        fail_msg("%s", text);
}

static void hand_init(struct hand *h)
{
    *h = (struct hand){.request = WM_PLAN_REQUEST_INIT};
    small_init(&h->small);
    /* L1 becomes a chief executive for London; M2 mentors chairs in the North West only. */
    small_replace(
        &h->small, "leaders.csv", "L1,,,,,,,,,,,,,,,,,,,,,",
        "L1,RA2,chief_executive,vsm,1000,2,2,1,2026-01-31,,,2028-01-01,2026-01-01,51.5,-0.1,50,London,,0.5,0.5,,");
    small_replace(&h->small, "mentors.csv", "80,1\n", "80,1\nM2,RA2,North West,chair,culture,30,0\n");
}

static void hand_fini(struct hand *h)
{
    wm_faults_free(h->faults);
    wm_dataset_unref(h->dataset);
    small_fini(&h->small);
}

static void judge(struct hand *h, const struct wm_placement *placements, size_t n)
{
    if (h->dataset == NULL)
        build_hand(h);
    wm_faults_free(h->faults);
    assert_int_equal(wm_faults_new(100, &h->faults), WM_OK);
    assert_int_equal(wm_plan_verify(h->dataset, &h->request, placements, n, NULL, NULL, h->faults, &h->verdict), WM_OK);
    assert_int_equal(h->verdict.n_faults, wm_faults_count(h->faults));
    assert_int_equal(h->verdict.feasible, h->verdict.n_faults == 0);
    assert_false(h->verdict.bounded);
}

/* One fault, of this line, with these words in what is wrong and what was expected. */
static void assert_fault(const struct hand *h, long line, const char *what, const char *expected)
{
    if (h->verdict.n_faults != 1)
        fail_msg("%zu faults; the first: %s", h->verdict.n_faults,
                 h->verdict.n_faults ? wm_faults_at(h->faults, 0)->what : "none");
    const struct wm_fault *fault = wm_faults_at(h->faults, 0);
    assert_string_equal(fault->file, "plan");
    assert_int_equal(fault->line, line);
    if (strstr(fault->what, what) == NULL || strstr(fault->expected, expected) == NULL)
        fail_msg("told: %s; %s", fault->what, fault->expected);
}

#define JUDGE(h, ...)                                    \
    judge(h, (const struct wm_placement[]){__VA_ARGS__}, \
          sizeof((const struct wm_placement[]){__VA_ARGS__}) / sizeof(struct wm_placement))

#define GOOD                  \
    {                         \
        L3, P1, K1, WM_NO_ROW \
    }
static const struct wm_placement good = GOOD;

static void a_good_plan_passes(void **state)
{
    (void)state;
    struct hand h;
    hand_init(&h);
    judge(&h, NULL, 0);
    assert_true(h.verdict.feasible);
    assert_int_equal(h.verdict.value_nano, 0);

    struct wm_match match;
    JUDGE(&h, {L3, P1, K2, M1});
    assert_true(h.verdict.feasible);
    assert_int_equal(wm_placement_match(h.dataset, &(struct wm_placement){L3, P1, K2, M1}, &match), WM_OK);
    assert_int_equal(h.verdict.value_nano, match.score.expected_nano);
    assert_int_equal(match.offer.mentor, M1);
    assert_int_equal(match.offer.bar, WM_OFFER_BAR_none);
    hand_fini(&h);
}

static void a_match_is_that_of_an_explanation(void **state)
{
    (void)state;
    struct hand h;
    hand_init(&h);
    build_hand(&h);
    struct wm_explanation *explanation;
    assert_int_equal(wm_explain_pair(h.dataset, L3, P1, &explanation), WM_OK);
    for (uint32_t k = K1; k <= K2; k++) {
        struct wm_match match;
        const struct wm_package_row *row = &explanation->packages[k];
        struct wm_placement placement = {L3, P1, k, row->offer.mentor};
        assert_int_equal(wm_placement_match(h.dataset, &placement, &match), WM_OK);
        assert_memory_equal(&match.score, &row->score, sizeof match.score);
        assert_int_equal(match.offer.local_cost_gbp, row->offer.local_cost_gbp);
        assert_int_equal(match.offer.mentor_quality_micro, row->offer.mentor_quality_micro);
    }
    wm_explanation_free(explanation);
    struct wm_match match;
    static const struct wm_placement unknown[] = {
        {9, P1, K1, WM_NO_ROW}, {L3, 9, K1, WM_NO_ROW}, {L3, P1, 9, WM_NO_ROW}, {L3, P1, K2, 2}, {L3, P1, K1, -2}};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        assert_int_equal(wm_placement_match(h.dataset, &unknown[i], &match), WM_EUNKNOWN);
    hand_fini(&h);
}

static void each_rule_and_term_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *file, *from, *to; /* what is changed of the data, if anything */
        struct wm_placement placement;
        const char *what, *expected;
    } cases[] = {
        {"leaders.csv",
         ",RA2,P2;P1",
         ",,P2;P1",
         {L3, P2, K1, WM_NO_ROW},
         "post P2 takes no part",
         "severity is unknown"},
        {"leaders.csv", "chief_executive;chair", "chair", GOOD, "roles held", "the rule role passes"},
        {"leaders.csv", "chief_executive;chair,vsm", "chief_executive;chair,", GOOD, "grade", "the rule grade passes"},
        {"leaders.csv", "2027-01-01,2028-01-01", "2027-01-01,2026-09-30", GOOD, "board role", "fit_and_proper"},
        {"leaders.csv", "2026-08-01", "2026-10-02", GOOD, "ready from 2026-10-02", "the rule ready passes"},
        {"leaders.csv", "60,London;North West", "0,North West", GOOD, "not willing", "the rule place passes"},
        {"leaders.csv", ",RA2,P2;P1", ",RX1,P2;P1", GOOD, "has excluded RX1", "the rule excluded passes"},
        {"packages.csv", "4;5", "2", {L3, P1, K2, M1}, "package K2 on post P1", "policy allows"},
        {"packages.csv", "12.5", "15.1", {L3, P1, K2, M1}, "premium above the cap", "policy allows"},
        {"packages.csv", "8000", "8001", {L3, P1, K2, M1}, "relocation above", "policy allows"},
        {NULL, NULL, NULL, {L3, P1, K2, WM_NO_ROW}, "package K2 has no mentor", "a mentor"},
        {NULL, NULL, NULL, {L3, P1, K1, M1}, "package K1 has mentor M1", "no mentor"},
        {"mentors.csv", "chief_executive", "chair", {L3, P1, K2, M1}, "mentor M1 for post P1", "post's role"},
        {"mentors.csv",
         "RX1,London,chief_executive,culture;quality,80,1",
         "RX1,North West,chief_executive,culture;quality,80,0",
         {L3, P1, K2, M1},
         "mentor M1 for post P1",
         "region"},
        {"mentors.csv", "80,1", "39,1", {L3, P1, K2, M1}, "mentor M1: 40 hours used of 39", "1 fewer"},
        {"packages.csv", "5,4;5", "0,4;5", {L3, P1, K2, M1}, "package K2: 1 pieces used of 0", "at most 0"},
        {"budgets.csv", "50000", "31499", {L3, P1, K2, M1}, "organisation:RX1: 31500 GBP used of 31499", "1 fewer"},
        {"budgets.csv", "200000", "3000", {L3, P1, K2, M1}, "icb:QA1: 4000 GBP used of 3000", "1000 fewer"},
        {"budgets.csv", "1000000", "3999", {L3, P1, K2, M1}, "national:ENGLAND: 4000 GBP used of 3999", "1 fewer"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hand h;
        hand_init(&h);
        if (cases[i].file != NULL)
            small_replace(&h.small, cases[i].file, cases[i].from, cases[i].to);
        judge(&h, &cases[i].placement, 1);
        bool as_a_whole = strstr(cases[i].what, " used of ") != NULL;
        assert_fault(&h, as_a_whole ? 0 : 1, cases[i].what, cases[i].expected);
        hand_fini(&h);
    }
}

static void what_the_question_leaves_out_is_told(void **state)
{
    (void)state;
    static const uint32_t zero[] = {0}, one[] = {1}, two[] = {2};
    const struct {
        struct wm_plan_request request;
        const char *what;
    } cases[] = {
        {{.posts = one, .n_posts = 1, .moves_max = WM_MISSING}, "post P1 takes no part"},
        {{.leaders = one, .n_leaders = 1, .moves_max = WM_MISSING}, "leader L3 takes no part"},
        {{.packages = zero, .n_packages = 1, .moves_max = WM_MISSING}, "package K2 takes no part"},
        {{.without_posts = zero, .n_without_posts = 1, .moves_max = WM_MISSING}, "post P1 takes no part"},
        {{.without_leaders = two, .n_without_leaders = 1, .moves_max = WM_MISSING}, "leader L3 takes no part"},
        {{.without_mentors = zero, .n_without_mentors = 1, .moves_max = WM_MISSING}, "mentor M1 takes no part"},
        {{.posts = zero, .n_posts = 0, .moves_max = WM_MISSING}, "post P1 takes no part"}, /* a list of none */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hand h;
        hand_init(&h);
        h.request = cases[i].request;
        JUDGE(&h, {L3, P1, K2, M1});
        assert_fault(&h, 1, cases[i].what, "only what the question asks for");
        hand_fini(&h);
    }
    struct hand h; /* named by the question, a post of unknown severity takes part */
    hand_init(&h);
    small_replace(&h.small, "leaders.csv", ",RA2,P2;P1", ",,P2;P1");
    h.request.posts = one;
    h.request.n_posts = 1;
    JUDGE(&h, {L3, P2, K1, WM_NO_ROW});
    assert_true(h.verdict.feasible);
    hand_fini(&h);
}

static void locks_forbids_and_musts_are_told(void **state)
{
    (void)state;
    struct hand h;
    hand_init(&h);
    const struct wm_plan_rule lock = {L3, P1, K2, M1};
    h.request.locks = &lock;
    h.request.n_locks = 1;
    judge(&h, &good, 1);
    assert_fault(&h, 0, "lock 1 is not kept: leader L3, post P1, package K2, mentor M1", "as the lock says");
    judge(&h, NULL, 0);
    assert_fault(&h, 0, "lock 1 is not kept", "");
    JUDGE(&h, {L3, P1, K2, M1});
    assert_true(h.verdict.feasible);

    h.request = (struct wm_plan_request)WM_PLAN_REQUEST_INIT;
    const struct wm_plan_rule forbids[] = {{WM_NO_ROW, WM_NO_ROW, WM_NO_ROW, M1}, {L3, WM_NO_ROW, K1, WM_NO_ROW}};
    h.request.forbids = forbids;
    h.request.n_forbids = 2;
    judge(&h, &good, 1);
    assert_fault(&h, 1, "forbid 2 is broken: leader L3, package K1", "");
    JUDGE(&h, {L3, P1, K2, M1});
    assert_fault(&h, 1, "forbid 1 is broken: mentor M1", "");

    h.request = (struct wm_plan_request)WM_PLAN_REQUEST_INIT;
    const uint32_t must = P1;
    h.request.must_fill = &must;
    h.request.n_must_fill = 1;
    judge(&h, NULL, 0);
    assert_fault(&h, 0, "post P1 must be filled: 0 of 1 openings are", "every opening filled");
    judge(&h, &good, 1);
    assert_true(h.verdict.feasible);
    hand_fini(&h);
}

static void twice_and_too_many_are_told(void **state)
{
    (void)state;
    struct hand h;
    hand_init(&h);
    JUDGE(&h, good, {L1, P1, K1, WM_NO_ROW});
    assert_fault(&h, 0, "post P1: 2 openings used of 1", "at most 1; 1 fewer");
    const struct wm_limit_change two = {WM_RESOURCE_POST, P1, false, 2};
    h.request.limits = &two;
    h.request.n_limits = 1;
    JUDGE(&h, good, {L1, P1, K1, WM_NO_ROW});
    assert_true(h.verdict.feasible);
    JUDGE(&h, good, good);
    assert_fault(&h, 2, "leader L3 is placed twice, first as placement 1", "one placement a leader");
    hand_fini(&h);
}

static void limits_change_in_order(void **state)
{
    (void)state;
    static const struct {
        struct wm_limit_change changes[3];
        size_t n;
        const char *told; /* NULL: feasible */
    } cases[] = {
        {{{WM_RESOURCE_MENTOR, M1, true, -41}}, 1, "40 hours used of 39"},
        {{{WM_RESOURCE_MENTOR, M1, true, -40}}, 1, NULL},
        {{{WM_RESOURCE_MENTOR, M1, true, INT64_MIN + 1}}, 1, "40 hours used of 0"},
        {{{WM_RESOURCE_MENTOR, M1, true, INT64_MAX}, {WM_RESOURCE_MENTOR, M1, true, 5}}, 2, NULL},
        {{{WM_RESOURCE_MENTOR, M1, false, 10}, {WM_RESOURCE_MENTOR, M1, true, 29}}, 2, "40 hours used of 39"},
        {{{WM_RESOURCE_MENTOR, M1, true, 29}, {WM_RESOURCE_MENTOR, M1, false, 40}}, 2, NULL},
        {{{WM_RESOURCE_PACKAGE, K2, false, 0}}, 1, "1 pieces used of 0"},
        {{{WM_RESOURCE_PACKAGE, K1, true, -5}}, 1, NULL}, /* no limit stays no limit */
        {{{WM_RESOURCE_BUDGET, 0, false, 3999}}, 1, "GBP used of 3999"},
        {{{WM_RESOURCE_MOVES, 0, false, 0}}, 1, "moves: 1 moves used of 0"},
        {{{WM_RESOURCE_MOVES, 0, false, 1}}, 1, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hand h;
        hand_init(&h);
        h.request.limits = cases[i].changes;
        h.request.n_limits = cases[i].n;
        JUDGE(&h, {L3, P1, K2, M1});
        if (cases[i].told != NULL)
            assert_fault(&h, 0, cases[i].told, "");
        else
            assert_true(h.verdict.feasible);
        hand_fini(&h);
    }
}

static void moves_are_counted_and_penalised(void **state)
{
    (void)state;
    struct hand h;
    hand_init(&h);
    judge(&h, &good, 1);
    int64_t value = h.verdict.value_nano;
    h.request.moves_max = 0;
    judge(&h, &good, 1);
    assert_fault(&h, 0, "moves: 1 moves used of 0", "1 fewer");
    const struct wm_placement elsewhere = {L3, P2, K1, WM_NO_ROW}, there = {L3, P1, K2, M1};
    h.request.base = &elsewhere;
    h.request.n_base = 1;
    judge(&h, &good, 1);
    assert_fault(&h, 0, "moves", "");
    h.request.base = &there; /* other terms at the same post are no move */
    judge(&h, &good, 1);
    assert_true(h.verdict.feasible);
    h.request.moves_max = WM_MISSING;
    h.request.move_penalty_nano = 1000;
    judge(&h, &good, 1);
    assert_int_equal(h.verdict.value_nano, value);
    h.request.base = &elsewhere;
    judge(&h, &good, 1);
    assert_int_equal(h.verdict.value_nano, value - 1000);
    hand_fini(&h);
}

static void bad_requests_are_refused(void **state)
{
    (void)state;
    struct hand h;
    hand_init(&h);
    build_hand(&h);
    static const uint32_t nine[] = {9};
    static const struct wm_plan_rule half = {L3, WM_NO_ROW, WM_NO_ROW, WM_NO_ROW}, far = {L3, 9, WM_NO_ROW, WM_NO_ROW},
                                     nothing = {WM_NO_ROW, WM_NO_ROW, WM_NO_ROW, WM_NO_ROW}, wild = {L3, -2, -1, -1};
    static const struct wm_limit_change negative = {WM_RESOURCE_POST, P1, false, -1},
                                        beyond = {WM_RESOURCE_BUDGET, 4, false, 1},
                                        odd = {WM_RESOURCE_KINDS, 0, false, 1};
    static const struct wm_placement off = {9, P1, K1, WM_NO_ROW};
    const struct {
        struct wm_plan_request request;
        int code;
    } cases[] = {
        {{.posts = nine, .n_posts = 1, .moves_max = WM_MISSING}, WM_EUNKNOWN},
        {{.leaders = nine, .n_leaders = 1, .moves_max = WM_MISSING}, WM_EUNKNOWN},
        {{.packages = nine, .n_packages = 1, .moves_max = WM_MISSING}, WM_EUNKNOWN},
        {{.without_posts = nine, .n_without_posts = 1, .moves_max = WM_MISSING}, WM_EUNKNOWN},
        {{.without_leaders = nine, .n_without_leaders = 1, .moves_max = WM_MISSING}, WM_EUNKNOWN},
        {{.without_mentors = nine, .n_without_mentors = 1, .moves_max = WM_MISSING}, WM_EUNKNOWN},
        {{.must_fill = nine, .n_must_fill = 1, .moves_max = WM_MISSING}, WM_EUNKNOWN},
        {{.locks = &far, .n_locks = 1, .moves_max = WM_MISSING}, WM_EUNKNOWN},
        {{.forbids = &wild, .n_forbids = 1, .moves_max = WM_MISSING}, WM_EUNKNOWN},
        {{.limits = &beyond, .n_limits = 1, .moves_max = WM_MISSING}, WM_EUNKNOWN},
        {{.limits = &odd, .n_limits = 1, .moves_max = WM_MISSING}, WM_EUNKNOWN},
        {{.base = &off, .n_base = 1, .moves_max = WM_MISSING}, WM_EUNKNOWN},
        {{.locks = &half, .n_locks = 1, .moves_max = WM_MISSING}, WM_EARGUMENT},
        {{.forbids = &nothing, .n_forbids = 1, .moves_max = WM_MISSING}, WM_EARGUMENT},
        {{.limits = &negative, .n_limits = 1, .moves_max = WM_MISSING}, WM_EARGUMENT},
        {{.move_penalty_nano = -1, .moves_max = WM_MISSING}, WM_EARGUMENT},
        {{.moves_max = -1}, WM_EARGUMENT},
    };
    struct wm_plan_verdict verdict = {.n_faults = 77};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(wm_plan_verify(h.dataset, &cases[i].request, &good, 1, NULL, NULL, NULL, &verdict),
                         cases[i].code);
    assert_int_equal(wm_plan_verify(h.dataset, &h.request, &off, 1, NULL, NULL, NULL, &verdict), WM_EUNKNOWN);
    assert_int_equal(verdict.n_faults, 77);
    hand_fini(&h);
}

/* ---- the bound, against all options written down from the public tables ---- */

static int64_t divisor_of(int64_t a, int64_t b)
{
    return b == 0 ? a : divisor_of(b, a % b);
}

/* What sums of the uses that options have of a resource come nearest to its limit; of many units only by their divisor. */
static int64_t usable(const struct world *w, const struct wm_plan_request *r, const int64_t *limit, size_t resource)
{
    enum { UNITS = 4096 };
    static bool reached[UNITS + 1];
    int64_t divisor = 0, best = 0;
    for (int pass = 0; pass < 2; pass++) {
        int64_t n = divisor == 0 ? 0 : limit[resource] / divisor;
        if (pass == 1 && (divisor == 0 || resource < w->n_resources - 1 - w->n_mentors || n > UNITS))
            return divisor == 0 ? 0 : n * divisor;
        memset(reached, 0, sizeof reached);
        reached[0] = true;
        for (int64_t units = 0; units <= n; units++)
            for (size_t o = 0; o < w->n_options; o++)
                for (size_t u = 0; u < w->options[o].n_uses; u++) {
                    if (w->options[o].resource[u] != resource || !world_may_be(w, r, &w->options[o].placement) ||
                        !world_stands(&w->options[o], limit))
                        continue;
                    int64_t use = w->options[o].use[u];
                    if (pass == 0)
                        divisor = divisor_of(use, divisor);
                    else if (use / divisor <= units && reached[units - use / divisor])
                        reached[units] = true;
                    if (reached[units] && units > best)
                        best = units;
                }
    }
    return best * divisor;
}

/* By how much less the bound may be, as limits cannot be used up: money and stock by divisors, hours by whole packages. */
static wide_sum unusable(const struct world *w, const struct wm_plan_request *r, const int64_t *limit,
                         const int64_t *prices)
{
    wide_sum sum = 0;
    for (size_t i = w->n_posts; i < w->n_resources - 1; i++)
        if (limit[i] != WM_MISSING && prices[i] > 0)
            sum += (wide_sum)prices[i] * (limit[i] - usable(w, r, limit, i));
    return sum;
}

/* The definition, option by option, all of each limit counted; false when a lock leaves none. */
static bool plain_bound(const struct world *w, const struct wm_plan_request *r, const int64_t *limit,
                        const int64_t *prices, wide_sum *out)
{
    int64_t *price = calloc(w->n_resources, sizeof *price);
    wide_sum *most = calloc(w->n_leaders, sizeof *most);
    bool *any = calloc(w->n_leaders, sizeof *any), bounded = true;
    *out = 0;
    for (size_t i = 0; i < w->n_resources; i++) {
        bool must = i < w->n_posts && world_listed(r->must_fill, r->n_must_fill, (uint32_t)i);
        price[i] = limit[i] == WM_MISSING || (prices[i] < 0 && !must) ? 0 : prices[i];
        if (limit[i] != WM_MISSING)
            *out += (wide_sum)price[i] * limit[i];
    }
    for (size_t o = 0; o < w->n_options; o++) {
        const struct option *option = &w->options[o];
        size_t leader = option->placement.leader;
        if (!world_may_be(w, r, &option->placement) || !world_stands(option, limit))
            continue;
        wide_sum worth = (wide_sum)option->value_nano * 1000000;
        for (size_t u = 0; u < option->n_uses; u++)
            worth -= (wide_sum)price[option->resource[u]] * option->use[u];
        if (world_is_move(r, &option->placement, limit[w->n_resources - 1] != WM_MISSING))
            worth -= (wide_sum)r->move_penalty_nano * 1000000 + price[w->n_resources - 1];
        most[leader] = any[leader] && most[leader] > worth ? most[leader] : worth;
        any[leader] = true;
    }
    for (size_t i = 0; i < w->n_leaders; i++) {
        bool locked = world_is_locked(r, i);
        bounded = bounded && (!locked || any[i]);
        if (any[i] && (locked || most[i] > 0))
            *out += most[i];
    }
    free(any);
    free(most);
    free(price);
    return bounded;
}

static void some_prices(const struct world *w, uint64_t *state, int64_t *prices)
{
    static const int64_t scale[] = {[WM_RESOURCE_POST] = INT64_C(50000000000000),
                                    [WM_RESOURCE_BUDGET] = 5000000000,
                                    [WM_RESOURCE_PACKAGE] = 10000000000000,
                                    [WM_RESOURCE_MENTOR] = 500000000000,
                                    [WM_RESOURCE_MOVES] = 10000000000000};
    for (size_t r = 0; r < w->n_resources; r++) {
        size_t row;
        int64_t most = scale[wm_resource_at(w->dataset, r, &row)];
        switch (gen_below(state, 8)) {
        case 0:
            prices[r] = (int64_t)gen_below(state, (uint64_t)most) * 100;
            break;
        case 1:
            prices[r] = -(int64_t)gen_below(state, (uint64_t)most);
            break;
        case 2:
        case 3:
            prices[r] = 0;
            break;
        default:
            prices[r] = (int64_t)gen_below(state, (uint64_t)most);
        }
    }
}

/* Parts in an order that no loop would take. */
static void backwards(void *arg, size_t n, void (*part)(void *context, size_t i), void *context)
{
    (void)arg;
    for (size_t i = n; i-- > 0;)
        part(context, i);
}

static int64_t up(wide_sum femto)
{
    wide_sum down = femto / 1000000;
    return (int64_t)(femto > 0 && down * 1000000 < femto ? down + 1 : down);
}

struct tally {
    size_t bounds, plans, musts, tighter;
};

static int64_t plainly(const struct world *w, const struct wm_plan_request *request, const int64_t *prices)
{
    struct arena arena;
    struct question q;
    sum128 bound = 0;
    bool bounded = false;
    arena_init(&arena, SIZE_MAX);
    assert_int_equal(question_read(&q, &arena, w->dataset, request), WM_OK);
    assert_int_equal(question_bound(&q, &arena, &(struct wm_prices){prices, 0, NULL}, true, NULL, &bound, &bounded),
                     WM_OK);
    arena_fini(&arena);
    assert_true(bounded);
    return up(bound);
}

/* What the check proves with some price for each of the packages of some mentors, whatever they are. */
static int64_t by_packages(const struct world *w, uint64_t *state, const struct wm_plan_request *request,
                           const int64_t *prices, const struct wm_placement *plan, size_t n)
{
    enum { MOST = 64 };
    struct wm_package_price packages[MOST];
    struct wm_plan_verdict verdict;
    size_t n_packages = 0;
    int hours = wm_column_find(w->dataset, WM_PACKAGES, "mentor_hours");
    for (size_t m = 0; m < w->n_mentors; m++)
        for (size_t k = 0; k < w->n_packages && n_packages < MOST; k++) {
            int64_t size = wm_cell_number(w->dataset, WM_PACKAGES, k, (size_t)hours);
            if (size > 0 && gen_below(state, 3) > 0)
                packages[n_packages++] =
                    (struct wm_package_price){(uint32_t)m, size, (int64_t)gen_below(state, UINT64_C(20000000000000))};
        }
    assert_int_equal(wm_plan_verify(w->dataset, request, plan, n, &(struct wm_prices){prices, n_packages, packages},
                                    NULL, NULL, &verdict),
                     WM_OK);
    assert_true(verdict.bounded);
    return verdict.bound_nano;
}

static void try_question(const struct world *w, uint64_t *state, struct tally *tally)
{
    struct asked a;
    world_ask(w, state, &a);
    int64_t *limit = calloc(w->n_resources, sizeof *limit), *prices = calloc(w->n_resources, sizeof *prices);
    struct wm_placement *plan = calloc(w->n_leaders, sizeof *plan);
    struct wm_plan_verdict one, many;
    const struct wm_solve_options parallel = {.parallel = backwards};
    wide_sum bound, value;
    world_limits(w, &a.request, limit);
    some_prices(w, state, prices);
    size_t n = world_plan(w, state, &a.request, limit, plan, &value);
    bool keeps = world_keeps(&a.request, limit, plan, n);
    bool bounded = plain_bound(w, &a.request, limit, prices, &bound);
    assert_int_equal(
        wm_plan_verify(w->dataset, &a.request, plan, n, &(struct wm_prices){prices, 0, NULL}, NULL, NULL, &one), WM_OK);
    assert_int_equal(
        wm_plan_verify(w->dataset, &a.request, plan, n, &(struct wm_prices){prices, 0, NULL}, &parallel, NULL, &many),
        WM_OK);
    assert_memory_equal(&one, &many, sizeof one);
    assert_int_equal(one.bounded, bounded);
    assert_int_equal(one.feasible, keeps);
    assert_int_equal(one.value_nano, value);
    if (bounded) {
        assert_int_equal(plainly(w, &a.request, prices), up(bound));
        assert_true(one.bound_nano <= up(bound));
        assert_true(one.bound_nano >= up(bound - unusable(w, &a.request, limit, prices)));
        tally->tighter += one.bound_nano < up(bound);
    }
    if (bounded && keeps) {
        assert_true(one.bound_nano >= one.value_nano);
        assert_true(by_packages(w, state, &a.request, prices, plan, n) >= one.value_nano);
        tally->musts += a.request.n_must_fill > 0;
    }
    tally->bounds += bounded;
    tally->plans += keeps && n > 0;
    free(plan);
    free(prices);
    free(limit);
}

static void the_bound_is_that_of_plain_loops(void **state)
{
    (void)state;
    struct tally tally = {0};
    for (uint64_t seed = 1; seed <= 24; seed++) {
        struct world w;
        uint64_t draws = seed * 77;
        world_init(&w, &(struct gen_options){.seed = seed,
                                             .leaders = 5 + seed * 2,
                                             .posts = 3 + seed % 7,
                                             .packages = 2 + seed % 5,
                                             .mentors = seed % 6,
                                             .missing_pct = seed % 3 ? 10 : 0,
                                             .twins = seed % 8 == 0,
                                             .narrow = seed % 4 != 0});
        for (int i = 0; i < 80 && w.n_options > 0; i++)
            try_question(&w, &draws, &tally);
        world_drop(&w);
    }
    assert_true(tally.bounds > 500);
    assert_true(tally.plans > 200);
    assert_true(tally.musts > 10);
    assert_true(tally.tighter > 50);
}

/* A plan that holds, then with one thing changed in it: found, unless the change keeps every rule. */
static void tampered_plans_are_found(void **state)
{
    (void)state;
    struct world w;
    uint64_t draws = 5;
    size_t found = 0;
    world_init(
        &w, &(struct gen_options){.seed = 3, .leaders = 40, .posts = 8, .packages = 6, .mentors = 5, .narrow = true});
    const struct wm_plan_request request = WM_PLAN_REQUEST_INIT;
    int64_t *limit = calloc(w.n_resources, sizeof *limit);
    struct wm_placement *plan = calloc(w.n_leaders, sizeof *plan);
    wide_sum value;
    world_limits(&w, &request, limit);
    for (int round = 0; round < 300; round++) {
        size_t n = world_plan(&w, &draws, &request, limit, plan, &value), at = gen_below(&draws, n);
        struct wm_plan_verdict before, after;
        assert_int_equal(wm_plan_verify(w.dataset, &request, plan, n, NULL, NULL, NULL, &before), WM_OK);
        assert_true(before.feasible);
        const struct wm_placement kept = plan[at];
        switch (gen_below(&draws, 4)) {
        case 0:
            plan[at].leader = plan[(at + 1) % n].leader;
            break;
        case 1:
            plan[at].post = (uint32_t)gen_below(&draws, w.n_posts);
            break;
        case 2:
            plan[at].package = (uint32_t)gen_below(&draws, w.n_packages);
            break;
        default:
            plan[at].mentor = (int32_t)gen_below(&draws, w.n_mentors + 1) - 1;
        }
        /* What is left of the limits, and whether the changed placement is an option at all. */
        int64_t *used = calloc(w.n_resources, sizeof *used);
        bool holds = true;
        for (size_t p = 0; p < n; p++) {
            const struct option *option = NULL;
            for (size_t o = 0; o < w.n_options && option == NULL; o++)
                if (memcmp(&w.options[o].placement, &plan[p], sizeof *plan) == 0)
                    option = &w.options[o];
            holds = holds && option != NULL && world_may_be(&w, &request, &plan[p]);
            for (size_t u = 0; option != NULL && u < option->n_uses; u++)
                used[option->resource[u]] += option->use[u];
            for (size_t other = 0; other < p; other++)
                holds = holds && plan[other].leader != plan[p].leader;
        }
        for (size_t r = 0; r < w.n_resources; r++)
            holds = holds && (limit[r] == WM_MISSING || used[r] <= limit[r]);
        free(used);
        assert_int_equal(wm_plan_verify(w.dataset, &request, plan, n, NULL, NULL, NULL, &after), WM_OK);
        assert_int_equal(after.feasible, holds);
        found += !holds;
        plan[at] = kept;
    }
    assert_true(found > 100);
    free(plan);
    free(limit);
    world_drop(&w);
}

/* ---- edges ---- */

static void prices_at_the_edges_prove_or_say_not(void **state)
{
    (void)state;
    struct hand h;
    hand_init(&h);
    build_hand(&h);
    static const int64_t edges[] = {INT64_MAX, INT64_MIN, 0, 1, -1, INT64_C(1) << 60};
    size_t n = wm_resource_count(h.dataset);
    int64_t *prices = calloc(n, sizeof *prices);
    const uint32_t must = P1;
    const struct wm_limit_change huge = {WM_RESOURCE_BUDGET, 0, false, INT64_MAX};
    for (int with = 0; with < 4; with++)
        for (size_t e = 0; e < sizeof edges / sizeof *edges; e++) {
            h.request.must_fill = &must;
            h.request.n_must_fill = with & 1;
            h.request.limits = &huge;
            h.request.n_limits = with >> 1;
            h.request.move_penalty_nano = with == 3 ? INT64_MAX : 0;
            for (size_t r = 0; r < n; r++)
                prices[r] = edges[e];
            struct wm_plan_verdict verdict;
            assert_int_equal(wm_plan_verify(h.dataset, &h.request, &good, 1, &(struct wm_prices){prices, 0, NULL}, NULL,
                                            NULL, &verdict),
                             WM_OK);
            assert_true(verdict.feasible);
            assert_true(verdict.bounded);
            assert_true(verdict.bound_nano >= verdict.value_nano);
            assert_true(verdict.gap >= 0);
        }
    free(prices);
    hand_fini(&h);
}

static bool at_once(void *arg)
{
    (void)arg;
    return true;
}

static void a_stop_leaves_the_faults_told(void **state)
{
    (void)state;
    struct hand h;
    hand_init(&h);
    build_hand(&h);
    int64_t *prices = calloc(wm_resource_count(h.dataset), sizeof *prices);
    const struct wm_solve_options options = {.stop = at_once};
    const struct wm_placement twice[] = {good, good};
    struct wm_plan_verdict verdict;
    assert_int_equal(
        wm_plan_verify(h.dataset, &h.request, twice, 2, &(struct wm_prices){prices, 0, NULL}, &options, NULL, &verdict),
        WM_OK);
    assert_false(verdict.bounded);
    assert_int_equal(verdict.n_faults, 2); /* twice placed, and the opening taken twice */
    assert_true(verdict.value_nano > 0);
    free(prices);
    hand_fini(&h);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct hand h;
    hand_init(&h);
    build_hand(&h);
    const struct wm_plan_rule lock = {L3, P1, WM_NO_ROW, WM_NO_ROW};
    h.request.locks = &lock;
    h.request.n_locks = 1;
    int64_t *prices = calloc(wm_resource_count(h.dataset), sizeof *prices);
    struct wm_plan_verdict verdict;
    int code = WM_EMEMORY;
    size_t n = 0;
    while (code == WM_EMEMORY) {
        fault_after(++n);
        code =
            wm_plan_verify(h.dataset, &h.request, &good, 1, &(struct wm_prices){prices, 0, NULL}, NULL, NULL, &verdict);
        fault_off();
    }
    assert_int_equal(code, WM_OK);
    assert_true(n > 2);
    assert_true(verdict.feasible && verdict.bounded);
    free(prices);
    hand_fini(&h);
}

int main(void)
{
    fault_install();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_plan_passes),
        cmocka_unit_test(a_match_is_that_of_an_explanation),
        cmocka_unit_test(each_rule_and_term_is_told),
        cmocka_unit_test(what_the_question_leaves_out_is_told),
        cmocka_unit_test(locks_forbids_and_musts_are_told),
        cmocka_unit_test(twice_and_too_many_are_told),
        cmocka_unit_test(limits_change_in_order),
        cmocka_unit_test(moves_are_counted_and_penalised),
        cmocka_unit_test(bad_requests_are_refused),
        cmocka_unit_test(the_bound_is_that_of_plain_loops),
        cmocka_unit_test(tampered_plans_are_found),
        cmocka_unit_test(prices_at_the_edges_prove_or_say_not),
        cmocka_unit_test(a_stop_leaves_the_faults_told),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
