/*
 * Shortlists, explanations and opportunities against the plain oracle on random datasets, by every kernel this machine
 * runs; and the laws that hold at any size.
 */
#include "gen.h"
#include "oracle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct wm_source *source(const struct gen_set *set, const char *name)
{
    for (size_t i = 0; i < set->n; i++)
        if (strcmp(set->sources[i].name, name) == 0)
            return &set->sources[i];
    fail_msg("no source %s", name);
    return NULL;
}

struct expected {
    struct oracle_pair pair;
    size_t leader;
};

static int compare_expected(const void *a, const void *b)
{
    const struct expected *p = a, *q = b;
    if (p->pair.expected_nano != q->pair.expected_nano)
        return p->pair.expected_nano > q->pair.expected_nano ? -1 : 1;
    return p->leader < q->leader ? -1 : 1;
}

static void check_score(const struct wm_dataset *dataset, const struct wm_match *match)
{
    const struct wm_score *s = &match->score;
    int64_t expected = 0, fit = 0, logit = 0, weights = 0;
    for (size_t d = 0; d < wm_domain_count(dataset); d++) {
        assert_true(s->expected_part_nano[d] >= 0 && s->fit_part_micro[d] >= 0);
        expected += s->expected_part_nano[d];
        fit += s->fit_part_micro[d];
        weights += match->weight_micro[d];
    }
    for (int t = 0; t < WM_ACCEPT_TERM_COUNT; t++)
        logit += s->logit_term_micro[t];
    for (size_t t = 0; t < wm_component_count(dataset); t++)
        logit += s->logit_want_micro[t];
    assert_int_equal(expected, s->expected_nano);
    assert_int_equal(fit, s->fit_micro);
    assert_int_equal(logit, s->logit_micro);
    assert_true(weights == 1000000 || weights == 0);
    assert_int_equal(s->benefit_micro, (s->severity_micro * s->fit_micro + 500000) / 1000000);
    assert_int_equal(s->expected_nano, (s->benefit_micro * s->accept_micro + 500) / 1000);
    assert_in_range(s->fit_micro, 0, 1000006);
    assert_in_range(s->accept_micro, 0, 1000000);
}

static void check_post(const struct oracle *oracle, const struct wm_dataset *dataset, size_t post)
{
    size_t n = wm_table_rows(dataset, WM_LEADERS), n_eligible = 0;
    struct wm_query query = WM_QUERY_INIT;
    struct wm_shortlist *list;
    query.subject = post;
    query.limit = WM_LIMIT_MAX;
    assert_int_equal(wm_shortlist_make(dataset, &query, &list), WM_OK);
    assert_int_equal(list->considered, n);

    struct wm_explanation *any = NULL;
    int64_t none[WM_DOMAINS_MAX] = {0};
    if (n > 0)
        assert_int_equal(wm_explain_pair(dataset, 0, post, &any), WM_OK);
    struct expected *expected = calloc(n + 1, sizeof *expected);
    struct wm_refusals refusals = {{0}, {0}, {0}};
    for (size_t leader = 0; leader < n; leader++) {
        struct expected e = {.leader = leader};
        oracle_score(oracle, leader, post, &list->severity, any ? any->match.weight_micro : none, list->offers,
                     list->n_offers, &e.pair);
        if (e.pair.refused == 0) {
            expected[n_eligible++] = e;
            continue;
        }
        int first = __builtin_ctz(e.pair.refused);
        refusals.refused[first]++;
        refusals.only[first] += (e.pair.refused & (e.pair.refused - 1)) == 0;
        refusals.unknown[first] += e.pair.unknown >> first & 1;
    }
    qsort(expected, n_eligible, sizeof *expected, compare_expected);
    assert_int_equal(list->eligible, n_eligible);
    assert_memory_equal(&list->refusals, &refusals, sizeof refusals);
    assert_int_equal(list->n_rows, n_eligible < query.limit ? n_eligible : query.limit);
    for (size_t i = 0; i < list->n_rows; i++) {
        const struct wm_match *row = &list->rows[i];
        assert_int_equal(row->leader, expected[i].leader);
        assert_int_equal(row->score.fit_micro, expected[i].pair.fit_micro);
        assert_int_equal(row->score.logit_micro, expected[i].pair.logit_micro);
        assert_int_equal(row->score.accept_micro, expected[i].pair.accept_micro);
        assert_int_equal(row->score.expected_nano, expected[i].pair.expected_nano);
        assert_int_equal(row->offer.package, expected[i].pair.package);
        assert_int_equal(row->distance_m, expected[i].pair.distance_m);
        assert_int_equal(row->margin_nano, i + 1 < n_eligible
                                               ? expected[i].pair.expected_nano - expected[i + 1].pair.expected_nano
                                               : WM_MISSING);
        check_score(dataset, row);
    }
    free(expected);
    wm_explanation_free(any);
    wm_shortlist_free(list);
}

/* A pair explained says what the shortlist of its post says, and its changes are enough. */
static void check_explanation(const struct oracle *oracle, const struct wm_dataset *dataset, size_t leader, size_t post)
{
    struct wm_explanation *e;
    struct wm_query query = WM_QUERY_INIT;
    struct wm_shortlist *list;
    query.subject = post;
    query.limit = WM_LIMIT_MAX;
    assert_int_equal(wm_shortlist_make(dataset, &query, &list), WM_OK);
    assert_int_equal(wm_explain_pair(dataset, leader, post, &e), WM_OK);
    struct oracle_pair pair;
    oracle_score(oracle, leader, post, &e->severity, e->match.weight_micro, list->offers, list->n_offers, &pair);
    for (int rule = 0; rule < WM_RULE_COUNT; rule++) {
        enum wm_verdict verdict = pair.unknown >> rule & 1   ? WM_UNJUDGED
                                  : pair.refused >> rule & 1 ? WM_REFUSED
                                                             : WM_PASSED;
        assert_int_equal(e->rules[rule].verdict, verdict);
        assert_true(strlen(e->rules[rule].note) > 0);
        assert_true(verdict != WM_PASSED || e->rules[rule].n_changes == 0);
        assert_true(verdict == WM_PASSED || rule == WM_RULE_package || e->rules[rule].n_changes > 0);
    }
    check_score(dataset, &e->match);
    assert_int_equal(e->eligible, pair.refused == 0);
    assert_int_equal(e->eligible_count, list->eligible);
    size_t rank = 0;
    for (size_t i = 0; i < list->n_rows; i++)
        if (list->rows[i].leader == leader) {
            rank = i + 1;
            assert_memory_equal(&list->rows[i], &e->match, sizeof e->match);
        }
    assert_int_equal(e->rank, rank);
    int best = 0;
    for (size_t k = 0; k < e->n_packages; k++) {
        best += e->packages[k].best;
        if (e->packages[k].best)
            assert_memory_equal(&e->packages[k].score, &e->match.score, sizeof e->match.score);
        if (e->packages[k].offer.bar == WM_OFFER_BAR_none)
            assert_true(e->packages[k].score.logit_micro <= e->match.score.logit_micro);
    }
    assert_int_equal(best, pair.package >= 0);
    wm_explanation_free(e);
    wm_shortlist_free(list);
}

/* Opportunities are the shortlists read by column. */
static void check_opportunities(const struct wm_dataset *dataset, size_t leader)
{
    struct wm_query query = WM_QUERY_INIT;
    struct wm_opportunities *o;
    query.subject = leader;
    query.limit = WM_LIMIT_MAX;
    assert_int_equal(wm_opportunities_make(dataset, &query, &o), WM_OK);
    size_t n = wm_table_rows(dataset, WM_POSTS), eligible = 0, severity_unknown = 0, refused = 0;
    for (size_t post = 0; post < n; post++) {
        struct wm_explanation *e;
        assert_int_equal(wm_explain_pair(dataset, leader, post, &e), WM_OK);
        severity_unknown += !e->severity.known;
        eligible += e->severity.known && e->eligible;
        for (size_t i = 0; i < o->n_rows; i++)
            if (o->rows[i].match.post == post) {
                assert_true(e->eligible && e->severity.known);
                assert_int_equal(o->rows[i].match.score.expected_nano, e->match.score.expected_nano);
                assert_int_equal(o->rows[i].match.offer.package, e->match.offer.package);
            }
        wm_explanation_free(e);
    }
    for (int rule = 0; rule < WM_RULE_COUNT; rule++)
        refused += o->refusals.refused[rule];
    assert_int_equal(o->considered, n);
    assert_int_equal(o->severity_unknown, severity_unknown);
    assert_int_equal(o->eligible, eligible);
    assert_int_equal(o->n_rows, eligible);
    assert_int_equal(refused + eligible + severity_unknown, n);
    for (size_t i = 0; i + 1 < o->n_rows; i++) {
        const struct wm_match *a = &o->rows[i].match, *b = &o->rows[i + 1].match;
        assert_true(a->score.expected_nano > b->score.expected_nano ||
                    (a->score.expected_nano == b->score.expected_nano && a->post < b->post));
    }
    for (size_t i = 0; i < o->n_near; i++)
        assert_true(o->near_misses[i].rule.verdict != WM_PASSED && o->near_misses[i].rule.n_changes > 0);
    wm_opportunities_free(o);
}

static const char *const kernel_names[] = {"baseline", "avx2", "avx512"};

static void check_set(const struct gen_options *options)
{
    struct gen_set set;
    gen_make(options, &set);
    struct wm_dataset *dataset = gen_build(&set);
    struct oracle *oracle = oracle_new(dataset, source(&set, "policy.json")->bytes, source(&set, "policy.json")->len);
    size_t leaders = wm_table_rows(dataset, WM_LEADERS), posts = wm_table_rows(dataset, WM_POSTS);
    for (size_t k = 0; k < sizeof kernel_names / sizeof *kernel_names; k++) {
        if (wm_dataset_use_kernel(dataset, kernel_names[k]) != WM_OK)
            continue; /* this machine lacks it */
        for (size_t post = 0; post < posts; post++)
            check_post(oracle, dataset, post);
    }
    uint64_t state = options->seed;
    for (size_t i = 0; i < 20 && leaders > 0; i++)
        check_explanation(oracle, dataset, gen_below(&state, leaders), gen_below(&state, posts));
    for (size_t i = 0; i < 3 && leaders > 0; i++)
        check_opportunities(dataset, gen_below(&state, leaders));
    oracle_free(oracle);
    wm_dataset_unref(dataset);
    gen_free(&set);
}

static void equals_the_oracle_on_random_data(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 25; seed++)
        check_set(&(struct gen_options){.seed = seed,
                                        .leaders = 1 + seed * 7 % 90,
                                        .posts = 6,
                                        .packages = 1 + seed % 9,
                                        .mentors = seed % 12,
                                        .missing_pct = (unsigned)(seed % 4) * 10,
                                        .narrow = seed % 2});
}

static void equals_the_oracle_in_the_corners(void **state)
{
    (void)state;
    check_set(
        &(struct gen_options){.seed = 100, .leaders = 40, .posts = 4, .packages = 5, .mentors = 5, .missing_pct = 100});
    check_set(&(struct gen_options){
        .seed = 101, .leaders = 40, .posts = 4, .packages = 5, .mentors = 5, .zero_needs = true, .narrow = true});
    check_set(&(struct gen_options){
        .seed = 102, .leaders = 50, .posts = 4, .packages = 5, .mentors = 5, .twins = true, .narrow = true});
    check_set(
        &(struct gen_options){.seed = 103, .leaders = 1, .posts = 4, .packages = 5, .mentors = 5, .narrow = true});
    check_set(&(struct gen_options){.seed = 104, .leaders = 0, .posts = 4, .packages = 5, .mentors = 5});
    check_set(
        &(struct gen_options){.seed = 105, .leaders = 33, .posts = 1, .packages = 1, .mentors = 0, .narrow = true});
    check_set(
        &(struct gen_options){.seed = 106, .leaders = 16, .posts = 2, .packages = 60, .mentors = 30, .narrow = true});
}

/* Rules are judged in tiles of 512 leaders and counted 31 tiles at a time: sizes on both sides of these, and ends. */
static void equals_the_oracle_across_tiles(void **state)
{
    (void)state;
    static const size_t sizes[] = {511, 512, 513, 1000, 31 * 512 + 7};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        check_set(&(struct gen_options){.seed = 110 + i,
                                        .leaders = sizes[i],
                                        .posts = 1,
                                        .packages = 6,
                                        .mentors = 4,
                                        .missing_pct = 5,
                                        .narrow = true});
}

/* More than are passed over together, with and without filters; one that is wrong leaves none. */
static void shortlists_together_are_those_alone(void **state)
{
    (void)state;
    enum { QUERIES = WM_SHORTLISTS_TOGETHER + 9 };
    struct gen_set set;
    gen_make(&(struct gen_options){.seed = 12,
                                   .leaders = 31 * 512 + 300,
                                   .posts = 8,
                                   .packages = 6,
                                   .mentors = 5,
                                   .missing_pct = 5,
                                   .narrow = true},
             &set);
    struct wm_dataset *dataset = gen_build(&set);
    struct wm_query queries[QUERIES];
    struct wm_shortlist *together[QUERIES], *alone;
    static const uint32_t some[] = {0, 3, 31 * 512 + 299};
    for (size_t i = 0; i < QUERIES; i++) {
        queries[i] = (struct wm_query)WM_QUERY_INIT;
        queries[i].subject = i % 8;
        queries[i].limit = 1 + i * 7;
        queries[i].offset = i / 8;
        queries[i].within_m = i % 3 == 1 ? 80000 : WM_MISSING;
        queries[i].without = i % 3 == 2 ? some : NULL;
        queries[i].n_without = 3;
    }
    assert_int_equal(wm_shortlists_make(dataset, queries, 0, together), WM_OK);
    assert_int_equal(wm_shortlists_make(dataset, queries, QUERIES, together), WM_OK);
    for (size_t i = 0; i < QUERIES; i++) {
        assert_int_equal(wm_shortlist_make(dataset, &queries[i], &alone), WM_OK);
        assert_int_equal(together[i]->considered, alone->considered);
        assert_int_equal(together[i]->eligible, alone->eligible);
        assert_memory_equal(&together[i]->refusals, &alone->refusals, sizeof alone->refusals);
        assert_memory_equal(together[i]->offers, alone->offers, alone->n_offers * sizeof *alone->offers);
        assert_int_equal(together[i]->n_rows, alone->n_rows);
        assert_memory_equal(together[i]->rows, alone->rows, alone->n_rows * sizeof *alone->rows);
        wm_shortlist_free(alone);
        wm_shortlist_free(together[i]);
    }
    queries[QUERIES - 1].limit = 0;
    together[0] = NULL;
    assert_int_equal(wm_shortlists_make(dataset, queries, QUERIES, together), WM_EARGUMENT);
    assert_null(together[0]);
    wm_dataset_unref(dataset);
    gen_free(&set);
}

static void order_of_rows_does_not_matter(void **state)
{
    (void)state;
    struct gen_set set;
    gen_make(
        &(struct gen_options){.seed = 7, .leaders = 60, .posts = 8, .packages = 6, .mentors = 8, .missing_pct = 10},
        &set);
    struct wm_dataset *before = gen_build(&set);
    static const char *const names[] = {"organisations.csv", "posts.csv",   "leaders.csv",
                                        "packages.csv",      "mentors.csv", "budgets.csv"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        gen_shuffle(&set, names[i], 5 + i);
    struct wm_dataset *after = gen_build(&set);
    assert_string_equal(wm_dataset_digest(before), wm_dataset_digest(after));
    for (size_t post = 0; post < 8; post++) {
        struct wm_query query = WM_QUERY_INIT;
        struct wm_shortlist *a, *b;
        query.subject = post;
        query.limit = 60;
        assert_int_equal(wm_shortlist_make(before, &query, &a), WM_OK);
        assert_int_equal(wm_shortlist_make(after, &query, &b), WM_OK);
        assert_int_equal(a->n_rows, b->n_rows);
        assert_memory_equal(a->rows, b->rows, a->n_rows * sizeof *a->rows);
        wm_shortlist_free(a);
        wm_shortlist_free(b);
    }
    wm_dataset_unref(before);
    wm_dataset_unref(after);
    gen_free(&set);
}

/* One more package that offers at least as much of everything, mentor apart, never lowers anybody's acceptance. */
static void more_of_a_wanted_component_never_lowers_acceptance(void **state)
{
    (void)state;
    static const char heading[] = "package_id,name,pay_premium_pct,relocation_gbp,development_days,flexible_days,"
                                  "return_right_months,peer_network,"
                                  "mentor_hours,local_cost_gbp,central_cost_gbp,stock,segments\n";
    for (int component = 0; component < 6; component++) {
        struct gen_set set;
        char packages[600];
        gen_make(&(struct gen_options){.seed = 70 + (uint64_t)component,
                                       .leaders = 50,
                                       .posts = 3,
                                       .packages = 1,
                                       .mentors = 0,
                                       .narrow = true},
                 &set);
        int amounts[2][6] = {{3, 2000, 5, 10, 6, 0}, {3, 2000, 5, 10, 6, 0}};
        amounts[1][component] += component == 5 ? 1 : component == 1 ? 1500 : 3;
        int len = snprintf(packages, sizeof packages, "%s", heading);
        for (int k = 0; k < 2; k++)
            len += snprintf(packages + len, sizeof packages - (size_t)len, "K%d,x,%d,%d,%d,%d,%d,%d,0,0,0,,\n", k,
                            amounts[k][0], amounts[k][1], amounts[k][2], amounts[k][3], amounts[k][4], amounts[k][5]);
        gen_replace(&set, "packages.csv", packages, (size_t)len);
        struct wm_dataset *dataset = gen_build(&set);
        int64_t raised = 0;
        for (size_t leader = 0; leader < 50; leader++) {
            struct wm_explanation *e;
            assert_int_equal(wm_explain_pair(dataset, leader, 0, &e), WM_OK);
            assert_true(e->packages[1].score.logit_micro >= e->packages[0].score.logit_micro);
            assert_true(e->packages[1].score.accept_micro >= e->packages[0].score.accept_micro);
            raised += e->packages[1].score.logit_micro - e->packages[0].score.logit_micro;
            wm_explanation_free(e);
        }
        assert_true(raised > 0);
        wm_dataset_unref(dataset);
        gen_free(&set);
    }
}

static void pages_join_to_the_whole(void **state)
{
    (void)state;
    struct gen_set set;
    gen_make(&(struct gen_options){.seed = 9, .leaders = 200, .posts = 2, .packages = 5, .mentors = 5, .narrow = true},
             &set);
    struct wm_dataset *dataset = gen_build(&set);
    struct wm_query query = WM_QUERY_INIT;
    struct wm_shortlist *whole, *page;
    query.limit = WM_LIMIT_MAX;
    assert_int_equal(wm_shortlist_make(dataset, &query, &whole), WM_OK);
    assert_true(whole->eligible > 100);
    query.limit = 7;
    for (query.offset = 0; query.offset < whole->eligible + 20; query.offset += 7) {
        assert_int_equal(wm_shortlist_make(dataset, &query, &page), WM_OK);
        size_t left = query.offset < whole->eligible ? whole->eligible - query.offset : 0;
        assert_int_equal(page->n_rows, left < 7 ? left : 7);
        assert_memory_equal(page->rows, whole->rows + (left ? query.offset : 0), page->n_rows * sizeof *page->rows);
        wm_shortlist_free(page);
    }
    query = (struct wm_query)WM_QUERY_INIT;
    query.limit = 0;
    assert_int_equal(wm_shortlist_make(dataset, &query, &page), WM_EARGUMENT);
    query.limit = WM_LIMIT_MAX + 1;
    assert_int_equal(wm_shortlist_make(dataset, &query, &page), WM_EARGUMENT);
    query = (struct wm_query)WM_QUERY_INIT;
    query.subject = 2;
    assert_int_equal(wm_shortlist_make(dataset, &query, &page), WM_EUNKNOWN);
    const uint32_t beyond[] = {0, 200};
    struct wm_query wrong[4] = {WM_QUERY_INIT, WM_QUERY_INIT, WM_QUERY_INIT, WM_QUERY_INIT};
    wrong[0].among = wrong[1].without = wrong[2].packages = wrong[3].among = beyond;
    wrong[0].n_among = wrong[1].n_without = wrong[2].n_packages = 2;
    wrong[3].n_among = WM_FILTER_IDS_MAX + 1;
    for (int i = 0; i < 4; i++)
        assert_int_equal(wm_shortlist_make(dataset, &wrong[i], &page), i < 3 ? WM_EUNKNOWN : WM_EARGUMENT);
    wm_shortlist_free(whole);
    wm_dataset_unref(dataset);
    gen_free(&set);
}

/* What a cell leaves open is told as open: never as 0, and never as agreement. */
static void unknown_is_a_third_state(void **state)
{
    (void)state;
    struct gen_set set;
    gen_make(&(struct gen_options){.seed = 12, .leaders = 20, .posts = 1, .packages = 1, .mentors = 1, .narrow = true},
             &set);
    gen_set_cell(&set, "posts.csv", "P0000", "need_culture", "");
    gen_set_cell(&set, "posts.csv", "P0000", "need_partners_communities", "0.0");
    gen_set_cell(&set, "posts.csv", "P0000", "ods_code", "RAJ");
    gen_set_cell(&set, "leaders.csv", "L00003", "latitude", "50.10000");
    gen_set_cell(&set, "leaders.csv", "L00003", "longitude", "-3.10000");
    gen_set_cell(&set, "leaders.csv", "L00003", "travel_km", "");
    gen_set_cell(&set, "leaders.csv", "L00003", "regions_willing", "South West");
    struct wm_dataset *dataset = gen_build(&set);
    struct wm_explanation *e;
    assert_int_equal(wm_explain_pair(dataset, 3, 0, &e), WM_OK);
    assert_true(e->match.need_micro[4] == WM_MISSING && e->match.weight_micro[4] == 0);
    assert_int_equal(e->match.need_micro[5], 0);
    assert_true(e->match.missing & 1u << WM_MISSING_BIT_needs && e->match.missing & 1u << WM_MISSING_BIT_travel);
    assert_int_equal(e->rules[WM_RULE_place].verdict, WM_UNJUDGED);
    assert_int_equal(e->rules[WM_RULE_place].n_changes, 2);
    const struct wm_change *travel = &e->rules[WM_RULE_place].changes[1];
    assert_string_equal(travel->column, "travel_km");
    assert_true(travel->from == WM_MISSING && travel->by == WM_MISSING && travel->to * 1000 >= e->match.distance_m);
    wm_explanation_free(e);
    wm_dataset_unref(dataset);
    gen_free(&set);
}

/* A filter takes rows away and changes none that stay; what it takes is counted. */
static void filters_narrow(void **state)
{
    (void)state;
    struct gen_set set;
    gen_make(
        &(struct gen_options){
            .seed = 11, .leaders = 120, .posts = 2, .packages = 5, .mentors = 5, .missing_pct = 5, .narrow = true},
        &set);
    struct wm_dataset *dataset = gen_build(&set);
    struct wm_query query = WM_QUERY_INIT;
    struct wm_shortlist *whole, *part;
    query.limit = WM_LIMIT_MAX;
    assert_int_equal(wm_shortlist_make(dataset, &query, &whole), WM_OK);
    assert_true(whole->n_rows > 10);
    uint32_t some[] = {whole->rows[0].leader, whole->rows[3].leader, whole->rows[5].leader};
    struct wm_query filtered[4] = {query, query, query, query};
    filtered[0].within_m = 60000;
    filtered[1].among = some;
    filtered[1].n_among = 3;
    filtered[2].without = some;
    filtered[2].n_without = 3;
    filtered[3].sectors = 2;
    size_t wanted[4] = {0, 3, whole->n_rows - 3, 0};
    for (size_t i = 0; i < whole->n_rows; i++) {
        int64_t sectors = wm_cell_number(dataset, WM_LEADERS, whole->rows[i].leader,
                                         (size_t)wm_column_find(dataset, WM_LEADERS, "sectors"));
        wanted[0] += whole->rows[i].distance_m != WM_MISSING && whole->rows[i].distance_m <= 60000;
        wanted[3] += sectors != WM_MISSING && (sectors & 2);
    }
    for (int f = 0; f < 4; f++) {
        assert_int_equal(wm_shortlist_make(dataset, &filtered[f], &part), WM_OK);
        assert_int_equal(part->n_rows, wanted[f]);
        assert_int_equal(part->refusals.only[WM_RULE_filter], whole->n_rows - wanted[f]);
        for (size_t i = 0, j = 0; i < part->n_rows; i++, j++) {
            while (whole->rows[j].leader != part->rows[i].leader)
                assert_true(++j < whole->n_rows);
            assert_memory_equal(&part->rows[i].score, &whole->rows[j].score, sizeof part->rows[i].score);
        }
        wm_shortlist_free(part);
    }
    wm_shortlist_free(whole);
    wm_dataset_unref(dataset);
    gen_free(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_the_oracle_on_random_data),
        cmocka_unit_test(equals_the_oracle_in_the_corners),
        cmocka_unit_test(equals_the_oracle_across_tiles),
        cmocka_unit_test(shortlists_together_are_those_alone),
        cmocka_unit_test(order_of_rows_does_not_matter),
        cmocka_unit_test(more_of_a_wanted_component_never_lowers_acceptance),
        cmocka_unit_test(pages_join_to_the_whole),
        cmocka_unit_test(unknown_is_a_third_state),
        cmocka_unit_test(filters_narrow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
