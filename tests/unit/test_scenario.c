/* A request laid over a dataset, against the same read plainly from tables, shortlists and explanations. */
#include "fault.h"
#include "gen.h"
#include "request.h"
#include "scenario.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct world {
    struct gen_set set;
    struct wm_dataset *dataset;
};

static struct world world_new(uint64_t seed)
{
    struct world w;
    gen_make(&(struct gen_options){.seed = seed,
                                   .leaders = 30 + seed % 40,
                                   .posts = 8,
                                   .packages = 7,
                                   .mentors = 9,
                                   .missing_pct = (unsigned)(seed % 3 * 5),
                                   .narrow = seed % 4 == 3},
             &w.set);
    w.dataset = gen_build(&w.set);
    return w;
}

static void world_free(struct world *w)
{
    wm_dataset_unref(w->dataset);
    gen_free(&w->set);
}

static int64_t number(const struct wm_dataset *dataset, enum wm_table table, size_t row, const char *column)
{
    return wm_cell_number(dataset, table, row, (size_t)wm_column_find(dataset, table, column));
}

/* ---- numbers of resources ---- */

static void resources_are_numbered(void **state)
{
    (void)state;
    struct world w = world_new(1);
    size_t n = wm_resource_count(w.dataset), row, at = 0;
    static const enum wm_table tables[] = {WM_POSTS, WM_BUDGETS, WM_PACKAGES, WM_MENTORS};
    for (int kind = 0; kind < 4; kind++)
        for (size_t i = 0; i < wm_table_rows(w.dataset, tables[kind]); i++, at++) {
            assert_int_equal(wm_resource_index(w.dataset, (enum wm_resource_kind)kind, i), at);
            assert_int_equal(wm_resource_at(w.dataset, at, &row), kind);
            assert_int_equal(row, i);
        }
    assert_int_equal(wm_resource_index(w.dataset, WM_RESOURCE_MOVES, 0), at);
    assert_int_equal(wm_resource_at(w.dataset, at, &row), WM_RESOURCE_MOVES);
    assert_int_equal(at + 1, n);
    assert_int_equal(wm_resource_at(w.dataset, n, &row), WM_RESOURCE_KINDS);
    assert_string_equal(wm_resource_kind_name(WM_RESOURCE_MENTOR), "mentor");
    assert_string_equal(wm_resource_kind_name(WM_RESOURCE_KINDS), "unknown");
    world_free(&w);
}

/* ---- what is wrong with a request ---- */

static int try(const struct wm_dataset *dataset, const struct wm_plan_request *request)
{
    struct arena arena;
    struct scenario s;
    arena_init(&arena, SIZE_MAX);
    int code = scenario_init(&s, &arena, dataset, request);
    arena_fini(&arena);
    return code;
}

static void rows_out_of_range_are_unknown(void **state)
{
    (void)state;
    struct world w = world_new(2);
    const uint32_t beyond = 1000000;
    for (int i = 0; i < 7; i++) {
        struct wm_plan_request r = WM_PLAN_REQUEST_INIT;
        const uint32_t **rows[] = {&r.posts,           &r.leaders,         &r.packages, &r.without_posts,
                                   &r.without_leaders, &r.without_mentors, &r.must_fill};
        size_t *n[] = {&r.n_posts,           &r.n_leaders,         &r.n_packages, &r.n_without_posts,
                       &r.n_without_leaders, &r.n_without_mentors, &r.n_must_fill};
        *rows[i] = &beyond;
        *n[i] = 1;
        assert_int_equal(try(w.dataset, &r), WM_EUNKNOWN);
    }
    for (int i = 0; i < 8; i++) {
        struct wm_plan_rule rule = {0, 0, 0, 0};
        int32_t *members[] = {&rule.leader, &rule.post, &rule.package, &rule.mentor};
        *members[i % 4] = i < 4 ? 1000000 : -2;
        struct wm_plan_request lock = WM_PLAN_REQUEST_INIT, forbid = WM_PLAN_REQUEST_INIT;
        lock.locks = forbid.forbids = &rule;
        lock.n_locks = forbid.n_forbids = 1;
        assert_int_equal(try(w.dataset, &lock), WM_EUNKNOWN);
        assert_int_equal(try(w.dataset, &forbid), WM_EUNKNOWN);
    }
    for (int i = 0; i < 4; i++) {
        struct wm_placement base = {i == 0 ? beyond : 0, i == 1 ? beyond : 0, i == 2 ? beyond : 0, i == 3 ? -2 : 0};
        struct wm_plan_request r = WM_PLAN_REQUEST_INIT;
        r.base = &base;
        r.n_base = 1;
        assert_int_equal(try(w.dataset, &r), WM_EUNKNOWN);
    }
    for (int kind = 0; kind <= WM_RESOURCE_KINDS; kind++) {
        struct wm_limit_change change = {(enum wm_resource_kind)kind, beyond, true, 1};
        struct wm_plan_request r = WM_PLAN_REQUEST_INIT;
        r.limits = &change;
        r.n_limits = 1;
        assert_int_equal(try(w.dataset, &r), WM_EUNKNOWN);
    }
    world_free(&w);
}

static void arguments_are_checked(void **state)
{
    (void)state;
    struct world w = world_new(3);
    const struct wm_plan_rule no_leader = {WM_NO_ROW, 0, 0, 0}, no_post = {0, WM_NO_ROW, 0, 0},
                              nothing = {WM_NO_ROW, WM_NO_ROW, WM_NO_ROW, WM_NO_ROW};
    const struct wm_limit_change below = {WM_RESOURCE_POST, 0, false, -1};
    struct wm_plan_request r[6];
    for (int i = 0; i < 6; i++)
        r[i] = (struct wm_plan_request)WM_PLAN_REQUEST_INIT;
    r[0].locks = &no_leader;
    r[1].locks = &no_post;
    r[0].n_locks = r[1].n_locks = 1;
    r[2].forbids = &nothing;
    r[2].n_forbids = 1;
    r[3].limits = &below;
    r[3].n_limits = 1;
    r[4].move_penalty_nano = -1;
    r[5].moves_max = -1;
    for (int i = 0; i < 6; i++)
        assert_int_equal(try(w.dataset, &r[i]), WM_EARGUMENT);
    world_free(&w);
}

/* ---- limits ---- */

static void limits_are_changed_in_order(void **state)
{
    (void)state;
    struct world w = world_new(4);
    const struct wm_limit_change changes[] = {{WM_RESOURCE_MENTOR, 0, false, 10},
                                              {WM_RESOURCE_MENTOR, 0, true, 5},
                                              {WM_RESOURCE_MENTOR, 1, true, -1000},
                                              {WM_RESOURCE_BUDGET, 0, true, INT64_MAX},
                                              {WM_RESOURCE_BUDGET, 1, false, INT64_MAX},
                                              {WM_RESOURCE_MOVES, 0, true, 2},
                                              {WM_RESOURCE_POST, 2, false, 7}};
    struct wm_plan_request r = WM_PLAN_REQUEST_INIT;
    struct arena arena;
    struct scenario s;
    r.limits = changes;
    r.n_limits = sizeof changes / sizeof *changes;
    arena_init(&arena, SIZE_MAX);
    assert_int_equal(scenario_init(&s, &arena, w.dataset, &r), WM_OK);
    assert_int_equal(s.limit[s.first_mentor], 15);
    assert_int_equal(s.limit[s.first_mentor + 1], 0);
    assert_int_equal(s.limit[s.first_budget], LIMIT_NONE - 1);
    assert_int_equal(s.limit[s.first_budget + 1], LIMIT_NONE - 1);
    assert_int_equal(s.limit[s.moves], LIMIT_NONE); /* more of no limit */
    assert_false(s.has_moves);
    assert_int_equal(s.limit[2], 7);
    assert_int_equal(s.limit[3], number(w.dataset, WM_POSTS, 3, "openings"));
    for (size_t k = 0; k < wm_table_rows(w.dataset, WM_PACKAGES); k++) {
        int64_t stock = number(w.dataset, WM_PACKAGES, k, "stock");
        assert_int_equal(s.limit[s.first_package + k], stock == WM_MISSING ? LIMIT_NONE : stock);
    }
    arena_fini(&arena);

    const struct wm_limit_change cap = {WM_RESOURCE_MOVES, 0, false, 3};
    r = (struct wm_plan_request)WM_PLAN_REQUEST_INIT;
    r.limits = &cap;
    r.n_limits = 1;
    arena_init(&arena, SIZE_MAX);
    assert_int_equal(scenario_init(&s, &arena, w.dataset, &r), WM_OK);
    assert_true(s.has_moves);
    assert_int_equal(s.limit[s.moves], 3);
    arena_fini(&arena);
    world_free(&w);
}

/* ---- who takes part, and menus ---- */

static bool listed(const uint32_t *rows, size_t n, size_t row)
{
    for (size_t i = 0; i < n; i++)
        if (rows[i] == row)
            return true;
    return false;
}

static bool matches(const struct wm_plan_rule *rule, int32_t leader, size_t post, size_t package, int32_t mentor)
{
    return (rule->leader == WM_NO_ROW || rule->leader == leader) &&
           (rule->post == WM_NO_ROW || rule->post == (int32_t)post) &&
           (rule->package == WM_NO_ROW || rule->package == (int32_t)package) &&
           (rule->mentor == WM_NO_ROW || rule->mentor == mentor);
}

/* Locks are of leaders; a forbid without a leader is of all. */
static bool allowed(const struct wm_plan_request *r, int32_t leader, size_t post, size_t package, int32_t mentor)
{
    for (size_t i = 0; i < r->n_locks; i++)
        if (r->locks[i].leader == leader && !matches(&r->locks[i], leader, post, package, mentor))
            return false;
    for (size_t i = 0; i < r->n_forbids; i++)
        if (matches(&r->forbids[i], leader, post, package, mentor))
            return false;
    return true;
}

struct post_seen { /* of a post, as answers show it */
    struct wm_shortlist *list;
    int64_t role, region;
    int64_t weight_micro[WM_DOMAINS_MAX];
};

static struct post_seen see(const struct wm_dataset *dataset, size_t post)
{
    struct post_seen seen;
    struct wm_query query = WM_QUERY_INIT;
    struct wm_explanation *any;
    query.subject = post;
    assert_int_equal(wm_shortlist_make(dataset, &query, &seen.list), WM_OK);
    assert_int_equal(wm_explain_pair(dataset, 0, post, &any), WM_OK);
    memcpy(seen.weight_micro, any->match.weight_micro, sizeof seen.weight_micro);
    wm_explanation_free(any);
    seen.role = number(dataset, WM_POSTS, post, "role");
    seen.region = dataset->posts[post].region;
    return seen;
}

static int64_t quality(const struct wm_dataset *dataset, const struct post_seen *seen, size_t mentor)
{
    int64_t overlap = 0, expertise = number(dataset, WM_MENTORS, mentor, "expertise");
    for (size_t d = 0; d < wm_domain_count(dataset); d++)
        if (expertise >> d & 1)
            overlap += seen->weight_micro[d];
    const struct policy *p = &dataset->policy;
    double place = number(dataset, WM_MENTORS, mentor, "region") == seen->region ? 1 : p->mentor.remote;
    return (int64_t)floor(p->mentor.expertise * (double)overlap + (p->mentor.place * place + p->mentor.free) * 1e6 +
                          0.5);
}

static bool takes_part(const struct wm_dataset *dataset, const struct wm_plan_request *r, size_t post)
{
    struct wm_severity severity;
    assert_int_equal(wm_severity_of(dataset, post, &severity), WM_OK);
    bool in = r->posts == NULL ? severity.known : listed(r->posts, r->n_posts, post);
    return in && !listed(r->without_posts, r->n_without_posts, post);
}

static int64_t use_of(const struct menu_entry *entry, size_t resource)
{
    for (size_t u = 0; u < entry->n_uses; u++)
        if (entry->resource[u] == resource)
            return entry->use[u];
    return 0;
}

/* What an offer takes of each resource, read from the tables; false: more than there is of something. */
static bool plain_uses(const struct scenario *s, size_t post, const struct wm_offer *offer, int32_t mentor,
                       int64_t *use)
{
    const struct wm_dataset *dataset = s->dataset;
    memset(use, 0, s->n_resources * sizeof *use);
    use[post] = 1;
    for (int pot = 0; pot < POT_COUNT; pot++)
        if (dataset->posts[post].pots[pot] != WM_NO_ROW)
            use[s->first_budget + (size_t)dataset->posts[post].pots[pot]] =
                pot == POT_ORGANISATION ? offer->local_cost_gbp : offer->central_cost_gbp;
    if (s->limit[s->first_package + offer->package] != LIMIT_NONE)
        use[s->first_package + offer->package] = 1;
    if (mentor != WM_NO_ROW)
        use[s->first_mentor + (size_t)mentor] = number(dataset, WM_PACKAGES, offer->package, "mentor_hours");
    for (size_t r = 0; r < s->n_resources; r++)
        if (use[r] > s->limit[r])
            return false;
    return true;
}

/* Each entry that should be there is, with its uses; returns how many. */
static size_t check_package(const struct scenario *s, size_t post, const struct post_seen *seen, size_t package)
{
    const struct wm_dataset *dataset = s->dataset;
    const struct wm_plan_request *r = s->request;
    const struct wm_offer *offer = &seen->list->offers[package];
    const struct menu *menu = &s->menus[post];
    int64_t hours = number(dataset, WM_PACKAGES, package, "mentor_hours");
    int64_t *use = calloc(s->n_resources, sizeof *use);
    size_t n = 0;
    if (offer->bar == WM_OFFER_BAR_segment || offer->bar == WM_OFFER_BAR_premium_cap ||
        offer->bar == WM_OFFER_BAR_relocation_cap || (r->packages && !listed(r->packages, r->n_packages, package))) {
        free(use);
        return 0;
    }
    for (int32_t m = hours > 0 ? 0 : WM_NO_ROW; m < (hours > 0 ? (int32_t)wm_table_rows(dataset, WM_MENTORS) : 0);
         m++) {
        size_t row = (size_t)m;
        if (m != WM_NO_ROW && (!(number(dataset, WM_MENTORS, row, "roles") >> seen->role & 1) ||
                               (number(dataset, WM_MENTORS, row, "region") != seen->region &&
                                !number(dataset, WM_MENTORS, row, "remote")) ||
                               listed(r->without_mentors, r->n_without_mentors, row)))
            continue;
        bool forbidden = false;
        for (size_t i = 0; i < r->n_forbids; i++)
            forbidden |= r->forbids[i].leader == WM_NO_ROW && matches(&r->forbids[i], 0, post, package, m);
        if (forbidden || !plain_uses(s, post, offer, m, use))
            continue;
        const struct menu_entry *found = NULL;
        for (size_t e = 0; e < menu->n; e++)
            if (menu->entries[e].package == package && menu->entries[e].mentor == m)
                found = &menu->entries[e];
        assert_non_null(found);
        assert_int_equal(found->mentor_quality_micro, m == WM_NO_ROW ? 0 : quality(dataset, seen, row));
        assert_int_equal(found->resource[0], post);
        for (size_t resource = 0; resource < s->n_resources; resource++)
            assert_int_equal(use_of(found, resource), use[resource]);
        n++;
    }
    free(use);
    return n;
}

static void check_order(const struct menu *menu)
{
    for (size_t e = 1; e < menu->n; e++) {
        const struct menu_entry *a = &menu->entries[e - 1], *b = &menu->entries[e];
        assert_true(a->package < b->package ||
                    (a->package == b->package &&
                     (a->mentor_quality_micro > b->mentor_quality_micro ||
                      (a->mentor_quality_micro == b->mentor_quality_micro && a->mentor < b->mentor))));
        assert_true(a->package != b->package || a->constant_micro >= b->constant_micro);
    }
}

static void check_rules(const struct scenario *s)
{
    for (size_t lane = 0; lane < s->n_lanes; lane++)
        for (size_t post = 0; post < s->n_posts; post++)
            for (size_t e = 0; e < s->menus[post].n; e++) {
                const struct menu_entry *entry = &s->menus[post].entries[e];
                int32_t leader = (int32_t)s->dataset->leaders.row_of_lane[lane];
                assert_int_equal(scenario_allows(s, lane, post, entry),
                                 allowed(s->request, leader, post, entry->package, entry->mentor));
            }
}

static void check_scenario(const struct wm_dataset *dataset, const struct wm_plan_request *r)
{
    struct arena arena;
    struct scenario s;
    arena_init(&arena, SIZE_MAX);
    assert_int_equal(scenario_init(&s, &arena, dataset, r), WM_OK);
    for (size_t post = 0; post < s.n_posts; post++) {
        struct post_seen seen = see(dataset, post);
        size_t n = 0;
        assert_int_equal(s.post_in[post], takes_part(dataset, r, post));
        assert_int_equal(s.must_fill[post], listed(r->must_fill, r->n_must_fill, post));
        for (size_t k = 0; s.post_in[post] && k < seen.list->n_offers; k++)
            n += check_package(&s, post, &seen, k);
        assert_int_equal(s.menus[post].n, n);
        check_order(&s.menus[post]);
        wm_shortlist_free(seen.list);
    }
    for (size_t row = 0; row < s.n_lanes; row++) {
        size_t lane = dataset->leaders.lane_of_row[row];
        assert_int_equal(s.lane_in[lane], (r->leaders == NULL || listed(r->leaders, r->n_leaders, row)) &&
                                              !listed(r->without_leaders, r->n_without_leaders, row));
        uint32_t base = UINT32_MAX;
        for (size_t i = 0; i < r->n_base; i++)
            base = r->base[i].leader == row ? r->base[i].post : base;
        assert_int_equal(s.base_post[lane], base);
        for (size_t post = 0; post < s.n_posts; post++)
            assert_int_equal(scenario_is_move(&s, lane, post),
                             (r->moves_max != WM_MISSING || r->move_penalty_nano > 0) && base != post);
    }
    check_rules(&s);
    arena_fini(&arena);
}

static void menus_are_what_plain_loops_find(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 12; seed++) {
        struct world w = world_new(seed);
        const struct wm_plan_request all = WM_PLAN_REQUEST_INIT;
        check_scenario(w.dataset, &all);
        for (uint64_t draw = 0; draw < 12; draw++) {
            struct drawn_request drawn;
            request_draw(&drawn, w.dataset, seed * 100 + draw);
            check_scenario(w.dataset, &drawn.request);
        }
        world_free(&w);
    }
}

/* A post without any public signal takes part when the question names it, and only then. */
static void unknown_severity_must_be_named(void **state)
{
    (void)state;
    struct world w = world_new(5);
    static const uint32_t post = 0;
    for (size_t c = 0; c < wm_table_rows(w.dataset, WM_POSTS); c++) {
        gen_set_cell(&w.set, "posts.csv", wm_row_id(w.dataset, WM_POSTS, c), "days_vacant", "");
    }
    for (int i = 0; i < 2; i++) {
        static const char *const columns[] = {"oversight_segment", "league_score", "recovery_programme", "cqc_overall",
                                              "cqc_well_led",      "engagement",   "segment_as_of"};
        struct wm_plan_request named = WM_PLAN_REQUEST_INIT;
        const struct wm_plan_request all = WM_PLAN_REQUEST_INIT;
        named.posts = &post;
        named.n_posts = 1;
        if (i == 0) { /* its organisation says nothing at all */
            char id[64];
            const char *organisation = wm_row_id(w.dataset, WM_ORGANISATIONS, w.dataset->posts[0].organisation);
            snprintf(id, sizeof id, "%s", organisation);
            for (size_t c = 0; c < sizeof columns / sizeof *columns; c++)
                gen_set_cell(&w.set, "organisations.csv", id, columns[c], "");
            wm_dataset_unref(w.dataset);
            w.dataset = gen_build(&w.set);
            assert_false(takes_part(w.dataset, &all, 0));
        }
        assert_true(takes_part(w.dataset, &named, 0));
        check_scenario(w.dataset, &named);
        check_scenario(w.dataset, &all);
    }
    world_free(&w);
}

/* ---- values ---- */

static const struct menu_entry *entry_of(const struct menu *menu, size_t package, int32_t mentor)
{
    for (size_t e = 0; e < menu->n; e++)
        if (menu->entries[e].package == package && menu->entries[e].mentor == mentor)
            return &menu->entries[e];
    return NULL;
}

/* The mentor that an explanation shows has its value; any other's differs by the mentor's term alone. */
static size_t check_pair(const struct scenario *s, size_t leader, size_t post)
{
    const struct wm_dataset *dataset = s->dataset;
    struct wm_explanation *e;
    size_t lane = dataset->leaders.lane_of_row[leader], n = 0;
    int32_t benefit, common;
    assert_int_equal(wm_explain_pair(dataset, leader, post, &e), WM_OK);
    scenario_pair(s, lane, post, &benefit, &common);
    assert_int_equal(benefit, e->match.score.benefit_micro);
    assert_int_equal(common, e->match.score.logit_term_micro[WM_ACCEPT_distance] +
                                 e->match.score.logit_term_micro[WM_ACCEPT_preference]);
    for (size_t i = 0; i < s->menus[post].n; i++) {
        const struct menu_entry *entry = &s->menus[post].entries[i];
        const struct wm_package_row *row = &e->packages[entry->package];
        int64_t term = (int64_t)floor(dataset->policy.accept.mentor * entry->mentor_quality_micro + 0.5);
        int64_t logit = row->score.logit_micro - row->score.logit_term_micro[WM_ACCEPT_mentor] + term;
        int64_t accept = (int64_t)(1.0 / (1.0 + exp((double)-logit * 1e-6)) * 1e6 + 0.5);
        int64_t value = (benefit * accept + 500) / 1000;
        assert_int_equal(logit, common + entry->constant_micro + scenario_wants_micro(s, lane, entry->package));
        value -= scenario_is_move(s, lane, post) ? s->request->move_penalty_nano : 0;
        assert_int_equal(scenario_value(s, lane, post, entry), value);
        if (!scenario_is_move(s, lane, post))
            assert_int_equal(scenario_value_nano(benefit, (int32_t)logit), value);
    }
    for (size_t k = 0; k < e->n_packages; k++) {
        const struct menu_entry *entry = entry_of(&s->menus[post], k, e->packages[k].offer.mentor);
        if (entry == NULL || scenario_is_move(s, lane, post))
            continue;
        assert_int_equal(scenario_value(s, lane, post, entry), e->packages[k].score.expected_nano);
        n++;
    }
    wm_explanation_free(e);
    return n;
}

static void values_are_those_of_explanations(void **state)
{
    (void)state;
    size_t n = 0;
    for (uint64_t seed = 0; seed < 4; seed++) {
        struct world w = world_new(seed);
        for (uint64_t draw = 0; draw < 3; draw++) {
            struct drawn_request drawn;
            struct arena arena;
            struct scenario s;
            request_draw(&drawn, w.dataset, draw);
            if (draw == 0)
                drawn.request = (struct wm_plan_request)WM_PLAN_REQUEST_INIT;
            arena_init(&arena, SIZE_MAX);
            assert_int_equal(scenario_init(&s, &arena, w.dataset, &drawn.request), WM_OK);
            for (size_t leader = 0; leader < s.n_lanes; leader++)
                for (size_t post = 0; post < s.n_posts; post++)
                    n += check_pair(&s, leader, post);
            arena_fini(&arena);
        }
        world_free(&w);
    }
    assert_true(n > 1000);
}

/* ---- memory ---- */

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct world w = world_new(6);
    struct drawn_request drawn;
    request_draw(&drawn, w.dataset, 3);
    int code = WM_EMEMORY;
    for (size_t n = 1; code != WM_OK; n++) {
        struct arena arena;
        struct scenario s;
        arena_init(&arena, SIZE_MAX);
        fault_after(n);
        code = scenario_init(&s, &arena, w.dataset, &drawn.request);
        fault_off();
        arena_fini(&arena);
        assert_true(code == WM_OK || code == WM_EMEMORY);
        assert_true(n < 1000);
    }
    world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resources_are_numbered),
        cmocka_unit_test(rows_out_of_range_are_unknown),
        cmocka_unit_test(arguments_are_checked),
        cmocka_unit_test(limits_are_changed_in_order),
        cmocka_unit_test(menus_are_what_plain_loops_find),
        cmocka_unit_test(unknown_severity_must_be_named),
        cmocka_unit_test(values_are_those_of_explanations),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
