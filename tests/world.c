/* A country small enough to write down every option of. */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int64_t cell(const struct world *w, enum wm_table table, size_t row, const char *column)
{
    return wm_cell_number(w->dataset, table, row, (size_t)wm_column_find(w->dataset, table, column));
}

static bool pot_row(const struct world *w, const char *scope, const char *code, size_t *row)
{
    char id[200];
    snprintf(id, sizeof id, "%s:%s", scope, code);
    return wm_row_find(w->dataset, WM_BUDGETS, id, row) == WM_OK;
}

/* The row of a post's organisation, and its region's index: its own, or the organisation's. */
static size_t post_place(const struct world *w, size_t post, int64_t *region)
{
    char code[100];
    size_t organisation;
    wm_cell_text(w->dataset, WM_POSTS, post, (size_t)wm_column_find(w->dataset, WM_POSTS, "ods_code"), code,
                 sizeof code);
    assert_int_equal(wm_row_find(w->dataset, WM_ORGANISATIONS, code, &organisation), WM_OK);
    *region = cell(w, WM_POSTS, post, "region");
    if (*region == WM_MISSING)
        *region = cell(w, WM_ORGANISATIONS, organisation, "region");
    return organisation;
}

void world_use(struct option *o, size_t resource, int64_t amount)
{
    if (amount > 0) {
        o->resource[o->n_uses] = resource;
        o->use[o->n_uses++] = amount;
    }
}

static void use_pots(const struct world *w, struct option *o, size_t post, const struct wm_offer *offer)
{
    int64_t region;
    char icb[100] = "";
    size_t row, organisation = post_place(w, post, &region);
    wm_cell_text(w->dataset, WM_ORGANISATIONS, organisation,
                 (size_t)wm_column_find(w->dataset, WM_ORGANISATIONS, "icb_code"), icb, sizeof icb);
    if (pot_row(w, "organisation", wm_row_id(w->dataset, WM_ORGANISATIONS, organisation), &row))
        world_use(o, w->n_posts + row, offer->local_cost_gbp);
    if (pot_row(w, "national", "ENGLAND", &row))
        world_use(o, w->n_posts + row, offer->central_cost_gbp);
    if (region != WM_MISSING && pot_row(w, "region", wm_vocabulary_word(w->dataset, "region", (size_t)region), &row))
        world_use(o, w->n_posts + row, offer->central_cost_gbp);
    if (pot_row(w, "icb", icb, &row))
        world_use(o, w->n_posts + row, offer->central_cost_gbp);
}

static void add_option(struct world *w, size_t leader, size_t post, const struct wm_offer *offer, int32_t mentor)
{
    if (w->n_options == w->cap) {
        w->cap = w->cap * 2 + 100;
        w->options = realloc(w->options, w->cap * sizeof *w->options);
    }
    struct option *o = &w->options[w->n_options++];
    *o = (struct option){.placement = {(uint32_t)leader, (uint32_t)post, offer->package, mentor}};
    struct wm_match match;
    assert_int_equal(wm_placement_match(w->dataset, &o->placement, &match), WM_OK);
    o->value_nano = match.score.expected_nano;
    world_use(o, post, 1);
    use_pots(w, o, post, offer);
    world_use(o, w->n_posts + w->n_budgets + offer->package, 1);
    if (mentor != WM_NO_ROW)
        world_use(o, w->n_posts + w->n_budgets + w->n_packages + (size_t)mentor,
                  cell(w, WM_PACKAGES, offer->package, "mentor_hours"));
}

static void add_pair(struct world *w, size_t leader, size_t post)
{
    struct wm_explanation *e;
    int64_t region;
    post_place(w, post, &region);
    assert_int_equal(wm_explain_pair(w->dataset, leader, post, &e), WM_OK);
    bool eligible = true;
    for (int rule = 0; rule < WM_RULE_COUNT; rule++)
        eligible &= rule == WM_RULE_package || e->rules[rule].verdict == WM_PASSED;
    for (size_t k = 0; k < e->n_packages && eligible; k++) {
        const struct wm_offer *offer = &e->packages[k].offer;
        if (offer->bar == WM_OFFER_BAR_segment || offer->bar == WM_OFFER_BAR_premium_cap ||
            offer->bar == WM_OFFER_BAR_relocation_cap)
            continue;
        if (cell(w, WM_PACKAGES, k, "mentor_hours") == 0)
            add_option(w, leader, post, offer, WM_NO_ROW);
        for (size_t m = 0; m < w->n_mentors && cell(w, WM_PACKAGES, k, "mentor_hours") > 0; m++)
            if ((cell(w, WM_MENTORS, m, "roles") >> cell(w, WM_POSTS, post, "role") & 1) &&
                (cell(w, WM_MENTORS, m, "region") == region || cell(w, WM_MENTORS, m, "remote") == 1))
                add_option(w, leader, post, offer, (int32_t)m);
    }
    wm_explanation_free(e);
}

void world_init(struct world *w, const struct gen_options *options)
{
    *w = (struct world){0};
    gen_make(options, &w->set);
    w->dataset = gen_build(&w->set);
    w->n_posts = wm_table_rows(w->dataset, WM_POSTS);
    w->n_leaders = wm_table_rows(w->dataset, WM_LEADERS);
    w->n_packages = wm_table_rows(w->dataset, WM_PACKAGES);
    w->n_mentors = wm_table_rows(w->dataset, WM_MENTORS);
    w->n_budgets = wm_table_rows(w->dataset, WM_BUDGETS);
    w->n_resources = w->n_posts + w->n_budgets + w->n_packages + w->n_mentors + 1;
    for (size_t i = 0; i < w->n_leaders; i++)
        for (size_t j = 0; j < w->n_posts; j++)
            add_pair(w, i, j);
}

void world_drop(struct world *w)
{
    free(w->options);
    wm_dataset_unref(w->dataset);
    gen_free(&w->set);
}

static int32_t perhaps(uint64_t *state, uint32_t row)
{
    return gen_below(state, 2) ? (int32_t)row : WM_NO_ROW;
}

static size_t some_rows(uint64_t *state, uint32_t *out, size_t n_rows)
{
    size_t n = n_rows == 0 ? 0 : gen_below(state, 3);
    for (size_t i = 0; i < n; i++)
        out[i] = (uint32_t)gen_below(state, n_rows);
    return n;
}

static const struct wm_placement *some_option(const struct world *w, uint64_t *state)
{
    return &w->options[gen_below(state, w->n_options)].placement;
}

void world_ask(const struct world *w, uint64_t *state, struct asked *a)
{
    *a = (struct asked){.request = WM_PLAN_REQUEST_INIT};
    struct wm_plan_request *r = &a->request;
    for (size_t i = gen_below(state, 2) ? gen_below(state, 3) : 0; i > 0; i--) {
        const struct wm_placement *p = some_option(w, state);
        a->locks[r->n_locks++] = (struct wm_plan_rule){(int32_t)p->leader, (int32_t)p->post, perhaps(state, p->package),
                                                       gen_below(state, 2) ? p->mentor : WM_NO_ROW};
    }
    for (size_t i = gen_below(state, RULES); i > 0; i--) {
        const struct wm_placement *p = some_option(w, state);
        struct wm_plan_rule f = {perhaps(state, p->leader), perhaps(state, p->post), perhaps(state, p->package),
                                 gen_below(state, 2) ? p->mentor : WM_NO_ROW};
        if (f.leader != WM_NO_ROW || f.post != WM_NO_ROW || f.package != WM_NO_ROW || f.mentor != WM_NO_ROW)
            a->forbids[r->n_forbids++] = f;
    }
    for (size_t i = gen_below(state, RULES); i > 0; i--) {
        size_t row, resource = gen_below(state, w->n_resources);
        enum wm_resource_kind kind = wm_resource_at(w->dataset, resource, &row);
        bool relative = gen_below(state, 2);
        int64_t amount = (int64_t)gen_below(state, kind == WM_RESOURCE_BUDGET ? 50000 : 4);
        a->limits[r->n_limits++] =
            (struct wm_limit_change){kind, (uint32_t)row, relative, relative && gen_below(state, 2) ? -amount : amount};
    }
    r->n_without_posts = some_rows(state, a->without_posts, w->n_posts);
    r->n_without_leaders = some_rows(state, a->without_leaders, w->n_leaders);
    r->n_without_mentors = some_rows(state, a->without_mentors, w->n_mentors);
    r->n_must_fill = gen_below(state, 2) ? some_rows(state, a->must_fill, w->n_posts) : 0;
    for (size_t i = gen_below(state, LISTED); i > 0; i--)
        a->base[r->n_base++] = *some_option(w, state);
    r->move_penalty_nano = gen_below(state, 2) ? (int64_t)gen_below(state, 50000000) : 0;
    r->moves_max = gen_below(state, 3) ? WM_MISSING : (int64_t)gen_below(state, 6);
    if (gen_below(state, 2)) { /* those of unknown severity too */
        for (size_t j = 0; j < w->n_posts; j++)
            a->posts[r->n_posts++] = (uint32_t)j;
        r->posts = a->posts;
    }
    r->locks = a->locks;
    r->forbids = a->forbids;
    r->limits = a->limits;
    r->without_posts = a->without_posts;
    r->without_leaders = a->without_leaders;
    r->without_mentors = a->without_mentors;
    r->must_fill = a->must_fill;
    r->base = a->base;
}

bool world_matches(const struct wm_plan_rule *rule, const struct wm_placement *p)
{
    return (rule->leader == WM_NO_ROW || (uint32_t)rule->leader == p->leader) &&
           (rule->post == WM_NO_ROW || (uint32_t)rule->post == p->post) &&
           (rule->package == WM_NO_ROW || (uint32_t)rule->package == p->package) &&
           (rule->mentor == WM_NO_ROW || rule->mentor == p->mentor);
}

bool world_listed(const uint32_t *rows, size_t n, uint32_t row)
{
    for (size_t i = 0; i < n; i++)
        if (rows[i] == row)
            return true;
    return false;
}

bool world_may_be(const struct world *w, const struct wm_plan_request *r, const struct wm_placement *p)
{
    struct wm_severity severity;
    assert_int_equal(wm_severity_of(w->dataset, p->post, &severity), WM_OK);
    bool may = r->posts == NULL ? severity.known : world_listed(r->posts, r->n_posts, p->post);
    may = may && !world_listed(r->without_posts, r->n_without_posts, p->post) &&
          !world_listed(r->without_leaders, r->n_without_leaders, p->leader) &&
          !(p->mentor != WM_NO_ROW && world_listed(r->without_mentors, r->n_without_mentors, (uint32_t)p->mentor));
    for (size_t i = 0; i < r->n_forbids; i++)
        may = may && !world_matches(&r->forbids[i], p);
    for (size_t i = 0; i < r->n_locks; i++)
        may = may && ((uint32_t)r->locks[i].leader != p->leader || world_matches(&r->locks[i], p));
    return may;
}

bool world_is_move(const struct wm_plan_request *r, const struct wm_placement *p, bool capped)
{
    uint32_t at = UINT32_MAX; /* the last of a leader counts */
    for (size_t i = 0; i < r->n_base; i++)
        if (r->base[i].leader == p->leader)
            at = r->base[i].post;
    return (capped || r->move_penalty_nano > 0) && at != p->post;
}

void world_limits(const struct world *w, const struct wm_plan_request *r, int64_t *limit)
{
    size_t at = 0;
    for (size_t j = 0; j < w->n_posts; j++)
        limit[at++] = cell(w, WM_POSTS, j, "openings");
    for (size_t b = 0; b < w->n_budgets; b++)
        limit[at++] = cell(w, WM_BUDGETS, b, "amount_gbp");
    for (size_t k = 0; k < w->n_packages; k++)
        limit[at++] = cell(w, WM_PACKAGES, k, "stock");
    for (size_t m = 0; m < w->n_mentors; m++)
        limit[at++] = cell(w, WM_MENTORS, m, "hours");
    limit[at] = r->moves_max;
    for (size_t i = 0; i < r->n_limits; i++) {
        int64_t *l = &limit[wm_resource_index(w->dataset, r->limits[i].kind, r->limits[i].row)];
        *l = !r->limits[i].relative ? r->limits[i].amount : *l == WM_MISSING ? *l : *l + r->limits[i].amount;
        *l = *l != WM_MISSING && *l < 0 ? 0 : *l;
    }
}

bool world_is_locked(const struct wm_plan_request *r, size_t leader)
{
    for (size_t i = 0; i < r->n_locks; i++)
        if ((size_t)r->locks[i].leader == leader)
            return true;
    return false;
}

bool world_stands(const struct option *option, const int64_t *limit)
{
    for (size_t u = 0; u < option->n_uses; u++)
        if (limit[option->resource[u]] != WM_MISSING && option->use[u] > limit[option->resource[u]])
            return false;
    return true;
}

/* Adds options where they fit, in a random order, locks and musts first; whatever becomes of those. */
size_t world_plan(const struct world *w, uint64_t *state, const struct wm_plan_request *r, const int64_t *limit,
                  struct wm_placement *plan, wide_sum *value)
{
    int64_t *used = calloc(w->n_resources, sizeof *used);
    bool *placed = calloc(w->n_leaders, sizeof *placed), capped = limit[w->n_resources - 1] != WM_MISSING;
    size_t n = 0;
    *value = 0;
    for (size_t step = 0; step < 6 * w->n_leaders && w->n_options > 0; step++) {
        struct option o = w->options[gen_below(state, w->n_options)];
        bool locks_first = step < 2 * w->n_leaders, move = world_is_move(r, &o.placement, capped);
        for (size_t i = 0; i < w->n_options && locks_first && !world_is_locked(r, o.placement.leader); i++)
            o = w->options[gen_below(state, w->n_options)];
        bool fits = !placed[o.placement.leader] && world_may_be(w, r, &o.placement);
        move = world_is_move(r, &o.placement, capped);
        if (move)
            world_use(&o, w->n_resources - 1, 1);
        for (size_t u = 0; u < o.n_uses; u++)
            fits =
                fits && (limit[o.resource[u]] == WM_MISSING || used[o.resource[u]] + o.use[u] <= limit[o.resource[u]]);
        if (!fits)
            continue;
        for (size_t u = 0; u < o.n_uses; u++)
            used[o.resource[u]] += o.use[u];
        placed[o.placement.leader] = true;
        plan[n++] = o.placement;
        *value += o.value_nano - (move ? r->move_penalty_nano : 0);
    }
    free(placed);
    free(used);
    return n;
}

bool world_keeps(const struct wm_plan_request *r, const int64_t *limit, const struct wm_placement *plan, size_t n)
{
    bool keeps = true;
    for (size_t i = 0; i < r->n_locks; i++) {
        bool kept = false;
        for (size_t p = 0; p < n; p++)
            kept |= world_matches(&r->locks[i], &plan[p]);
        keeps = keeps && kept;
    }
    for (size_t i = 0; i < r->n_must_fill; i++) {
        int64_t filled = 0;
        for (size_t p = 0; p < n; p++)
            filled += plan[p].post == r->must_fill[i];
        keeps = keeps && filled == limit[r->must_fill[i]];
    }
    return keeps;
}
